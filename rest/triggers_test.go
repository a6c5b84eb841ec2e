package rest_test

import (
	"context"
	"errors"
	"log/slog"
	"net/url"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/kaden-project/kaden/account"
	"github.com/kaden-project/kaden/rest"
	"github.com/kaden-project/kaden/store/memstore"
	"github.com/kaden-project/kaden/tariff"
)

// counting is a house that counts, with a book for triggers.
func counting(t testing.TB, p *purse) (*house, *memstore.Store) {
	t.Helper()
	books := memstore.New()
	return open(t, func(c *rest.Config) { c.Money, c.Triggers = p, books }), books
}

func trigger(changes ...string) url.Values {
	v := url.Values{"CallbackUrl": {"https://example.com/t"}, "TriggerValue": {"3"}, "UsageCategory": {"calls"}, "TriggerBy": {"count"}}
	for i := 0; i < len(changes); i += 2 {
		v.Set(changes[i], changes[i+1])
	}
	return v
}

func calledOut(at time.Time, n int64) tariff.Used {
	return tariff.Used{From: at, Kind: tariff.CallsOut, Currency: "JPY", Count: n, Took: time.Duration(n) * time.Minute, Amount: tariff.Amount(n) * 8_800_000}
}

func TestTriggersMatchTwiliosOpenAPIDocument(t *testing.T) {
	c := readContract(t)
	synctest.Test(t, func(t *testing.T) {
		h, _ := counting(t, &purse{used: []tariff.Used{calledOut(time.Now(), 2)}})
		path := base + "/Usage/Triggers.json"
		one := c.exchange(t, h, request("POST", path, trigger("Recurring", "daily", "FriendlyName", "多すぎ", "CallbackMethod", "GET"))).is(201)
		if one.text("current_value") != "2" || one.text("recurring") != "daily" || one.body["date_fired"] != nil || one.text("callback_method") != "GET" ||
			!strings.HasSuffix(one.text("usage_record_uri"), "/Usage/Records/Today.json?Category=calls") {
			t.Errorf("made %s", one.raw)
		}
		more := c.exchange(t, h, request("POST", path, trigger("TriggerValue", "+30", "TriggerBy", "usage"))).is(201)
		if more.text("trigger_value") != "32" || more.text("recurring") != "alltime" {
			t.Errorf("so much more than now: %s", more.raw)
		}
		price := c.exchange(t, h, request("POST", path, trigger("TriggerValue", "17.65", "UsageCategory", "totalprice", "Recurring", "alltime"))).is(201)
		if price.text("trigger_by") != "price" || price.text("current_value") != "17.6" {
			t.Errorf("by price: %s", price.raw)
		}
		c.exchange(t, h, request("GET", one.text("uri"), nil)).is(200)
		if got := c.exchange(t, h, request("POST", one.text("uri"), form("FriendlyName", "calls", "CallbackUrl", "https://example.com/u"))).is(200); got.text("callback_url") != "https://example.com/u" || got.text("callback_method") != "GET" {
			t.Errorf("changed %s", got.raw)
		}
		for query, want := range map[string]int{"": 3, "Recurring=daily": 1, "Recurring=alltime": 2, "TriggerBy=count&UsageCategory=calls": 1, "UsageCategory=totalprice": 1, "UsageCategory=sms": 0} {
			if got := c.exchange(t, h, request("GET", path+"?"+query, nil)).is(200).names("usage_triggers", "sid"); len(got) != want {
				t.Errorf("%s: %v", query, got)
			}
		}
		c.exchange(t, h, request("DELETE", one.text("uri"), nil)).is(204)
		h.get(one.text("uri")).refuses(404, 20404)
	})
}

func TestTriggersThatCannotBe(t *testing.T) {
	h, _ := counting(t, &purse{})
	for _, bad := range []struct {
		form url.Values
		code int
		word string
	}{
		{trigger("CallbackUrl", ""), 20001, "CallbackUrl"}, {trigger("CallbackUrl", "ftp://x"), 21205, "CallbackUrl"}, {trigger("CallbackMethod", "PUT"), 21209, "PUT"},
		{trigger("TriggerValue", "0"), 20001, "TriggerValue"}, {trigger("TriggerValue", "-3"), 20001, "TriggerValue"}, {trigger("TriggerValue", ""), 20001, "TriggerValue"},
		{trigger("TriggerValue", "1e9"), 20001, "TriggerValue"}, {trigger("UsageCategory", "phonenumbers"), 20001, "calls-inbound"}, {trigger("UsageCategory", ""), 20001, "UsageCategory"},
		{trigger("TriggerBy", "moon"), 20001, "TriggerBy"}, {trigger("Recurring", "weekly"), 20001, "Recurring"}, {trigger("FriendlyName", strings.Repeat("x", 65)), 20002, "FriendlyName"},
	} {
		h.post(base+"/Usage/Triggers.json", bad.form).refuses(400, bad.code, bad.word)
	}
	h.get(base+"/Usage/Triggers.json?Recurring=weekly").refuses(400, 20001)
	h.get(base+"/Usage/Triggers/UT"+strings.Repeat("0", 32)+".json").refuses(404, 20404)
	h.get(base+"/Usage/Triggers/x.json").refuses(404, 20404)
	if got := h.get(base+"/Usage/Triggers.json").names("usage_triggers", "sid"); len(got) != 0 {
		t.Errorf("what was refused is there: %v", got)
	}
}

// Each stop and start is another process.
func TestATriggerFiresOnceInEachPeriod(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		midnight := time.Now() // the first of January 2000
		p := &purse{}
		h, books := counting(t, p)
		made := func(changes ...string) string {
			return h.post(base+"/Usage/Triggers.json", trigger(changes...)).is(201).text("uri")
		}
		daily := made("Recurring", "daily", "CallbackMethod", "GET")
		made("UsageCategory", "totalprice", "TriggerValue", "50")
		run := func() (stop func()) {
			ctx, cancel := context.WithCancel(t.Context())
			done := make(chan struct{})
			go func() { rest.NewWatch(slog.New(slog.DiscardHandler), books, p).Run(ctx); close(done) }()
			synctest.Wait()
			return func() { cancel(); <-done }
		}
		told := func() (out []url.Values) {
			for _, post := range books.Posts() {
				if post.Account != owner || post.URL != "https://example.com/t" || post.Call != "" {
					t.Errorf("posted %+v", post)
				}
				out = append(out, post.Params)
			}
			return out
		}
		stop := run()
		time.Sleep(5*time.Minute + 30*time.Second)
		if got := told(); len(got) != 0 {
			t.Fatalf("told without usage: %v", got)
		}
		p.use(nil, calledOut(midnight, 3)) // 26.4 JPY
		time.Sleep(time.Minute)
		synctest.Wait()
		first := told()
		if len(first) != 1 || books.Posts()[0].Method != "GET" {
			t.Fatalf("told %v", first)
		}
		for name, want := range map[string]string{
			"AccountSid": string(owner), "UsageCategory": "calls", "TriggerBy": "count", "TriggerValue": "3", "CurrentValue": "3", "Recurring": "daily",
			"DateFired": "Sat, 01 Jan 2000 00:06:00 +0000", "UsageRecordUri": base + "/Usage/Records/Today.json?Category=calls", "ApiVersion": "2010-04-01",
		} {
			if first[0].Get(name) != want {
				t.Errorf("%s is %q, want %q", name, first[0].Get(name), want)
			}
		}
		id := first[0].Get("UsageTriggerSid")
		if !strings.Contains(daily, id) || first[0].Get("IdempotencyToken") != string(owner)+"-FIRES-"+id+"-2000-01-01" {
			t.Errorf("token %q of %s", first[0].Get("IdempotencyToken"), daily)
		}
		if got := h.get(daily).text("date_fired"); got != "Sat, 01 Jan 2000 00:06:00 +0000" {
			t.Errorf("fired %s", got)
		}
		stop()
		stop = run() // a restart tells nobody anew
		time.Sleep(10 * time.Minute)
		if got := told(); len(got) != 1 {
			t.Fatalf("after a restart: %v", got)
		}
		stop()
		// While nothing ran, the next day's calls were made, and the day has ended.
		p.use(nil, calledOut(midnight.Add(tariff.Day), 4)) // 61.6 JPY in all
		time.Sleep(time.Until(midnight.Add(2*tariff.Day + time.Second)))
		stop = run()
		got := told()
		if len(got) != 3 || got[1].Get("CurrentValue") != "4" || !strings.HasSuffix(got[1].Get("IdempotencyToken"), "-2000-01-02") ||
			got[2].Get("UsageCategory") != "totalprice" || got[2].Get("CurrentValue") != "61.6" || !strings.HasSuffix(got[2].Get("IdempotencyToken"), "-once") {
			t.Fatalf("after the second day: %v", got)
		}
		p.use(nil, calledOut(midnight.Add(2*tariff.Day), 9))
		time.Sleep(2 * time.Minute)
		if got := told(); len(got) != 4 || got[3].Get("Recurring") != "daily" {
			t.Fatalf("on the third day the daily one alone fires: %v", got)
		}
		// What is used in the last seconds of a day counts.
		at := midnight.Add(4*tariff.Day - 5*time.Second)
		time.Sleep(time.Until(at))
		p.use(nil, calledOut(midnight.Add(3*tariff.Day), 3))
		time.Sleep(2 * time.Minute)
		if got := told(); len(got) != 5 || !strings.HasSuffix(got[4].Get("IdempotencyToken"), "-2000-01-04") {
			t.Fatalf("of the fourth day: %v", got)
		}
		stop()
	})
}

func TestATriggerIsNotMissedWhenTheBooksAreShut(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := &purse{used: []tariff.Used{calledOut(time.Now(), 5)}}
		h, books := counting(t, p)
		h.post(base+"/Usage/Triggers.json", trigger()).is(201)
		p.use(errors.New("disk full"))
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan struct{})
		go func() { rest.NewWatch(slog.New(slog.DiscardHandler), books, p).Run(ctx); close(done) }()
		time.Sleep(90 * time.Second)
		if n := len(books.Posts()); n != 0 {
			t.Errorf("told %d times what is not known", n)
		}
		p.use(nil)
		time.Sleep(time.Minute)
		if n := len(books.Posts()); n != 1 {
			t.Errorf("told %d times", n)
		}
		cancel()
		<-done
		list, err := books.WaitingTriggers(t.Context(), time.Now())
		if err != nil || len(list) != 0 {
			t.Errorf("still waiting: %v %v", list, err)
		}
	})
}

// A year of calls is summed up once a day, not once a minute.
func TestWhatIsOldIsCountedOnceADay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		began := time.Now()
		time.Sleep(40 * tariff.Day)
		p := &purse{used: []tariff.Used{calledOut(began, 40), calledOut(began.Add(38*tariff.Day), 1), calledOut(began.Add(39*tariff.Day), 1), calledOut(began.Add(40*tariff.Day), 1)}}
		h, books := counting(t, p)
		for _, recurring := range []string{"yearly", "alltime", "monthly"} {
			h.post(base+"/Usage/Triggers.json", trigger("TriggerValue", "44", "Recurring", recurring)).is(201)
		}
		p.use(nil)
		p.long = 0
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan struct{})
		go func() { rest.NewWatch(slog.New(slog.DiscardHandler), books, p).Run(ctx); close(done) }()
		time.Sleep(tariff.Day + 30*time.Second)
		p.use(nil, calledOut(began.Add(41*tariff.Day), 1))
		time.Sleep(time.Minute)
		synctest.Wait()
		if n := len(books.Posts()); n != 2 || books.Posts()[0].Params.Get("CurrentValue") != "44" {
			t.Errorf("told %d times: %v", n, books.Posts())
		}
		cancel()
		<-done
		if p.long != 6 { // of each period once a day
			t.Errorf("looked %d times at what is old", p.long)
		}
	})
}

func TestPeriodsHaveNamesThatGrow(t *testing.T) {
	at := time.Date(2026, 12, 31, 23, 59, 0, 0, time.UTC)
	for recurring, want := range map[string][2]string{"daily": {"2026-12-31", "2027-01-01"}, "monthly": {"2026-12", "2027-01"}, "yearly": {"2026", "2027"}, "": {account.Once, account.Once}} {
		now, then := account.Period(recurring, at), account.Period(recurring, at.Add(time.Minute))
		if now != want[0] || then != want[1] || now > then || now <= "" {
			t.Errorf("%q: %s, then %s", recurring, now, then)
		}
	}
}
