package rest_test

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/kaden-project/kaden/call"
	"github.com/kaden-project/kaden/rest"
	"github.com/kaden-project/kaden/sid"
	"github.com/kaden-project/kaden/tariff"
)

// purse is what an account has used, for tests.
type purse struct {
	mu       sync.Mutex
	used     []tariff.Used
	left     tariff.Money
	from, to time.Time // what was asked for last
	long     int       // how often it was asked for what is older than three days
	fails    error
}

func (p *purse) Used(_ context.Context, account sid.Account, from, to time.Time, daily bool) (list []tariff.Used, err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.from, p.to = from, to
	if p.from.Before(time.Now().Add(-3 * tariff.Day)) {
		p.long++
	}
	for _, u := range p.used {
		if account != owner || u.From.Before(from) || !u.From.Before(to) {
			continue
		}
		if !daily {
			u.From = from
		}
		list = append(list, u)
	}
	return list, p.fails
}

// use adds what is used from now on; fails is what the books answer with.
func (p *purse) use(fails error, more ...tariff.Used) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.used, p.fails = append(p.used, more...), fails
}

func (p *purse) Balance(context.Context, sid.Account) (tariff.Money, error) { return p.left, p.fails }

func november() *purse {
	at := time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC)
	return &purse{left: tariff.Money{Amount: 1_250_000, Currency: "JPY"}, used: []tariff.Used{
		{From: at.AddDate(0, -1, 0), Kind: tariff.CallsOut, Currency: "JPY", Count: 1, Took: time.Second, Amount: 8_000_000},
		{From: at, Kind: tariff.CallsOut, Currency: "JPY", Count: 2, Took: 61 * time.Second, Amount: 16_800_000},
		{From: at, Kind: tariff.CallsIn, Currency: "USD", Count: 1, Took: time.Second, Amount: 8_500},
		{From: at.AddDate(0, 0, 1), Kind: tariff.CallsOut, Count: 1},
		{From: at.AddDate(0, 0, 1), Kind: tariff.TextsOut, Currency: "USD", Count: 2, Units: 3, Amount: 15_800},
		{From: at.AddDate(0, 0, 1), Kind: tariff.TextsIn, Count: 1, Units: 1},
		{From: at.AddDate(0, 0, 1), Kind: tariff.Recordings, Count: 4, Took: 90 * time.Second},
	}}
}

func withMoney(p *purse) func(*rest.Config) { return func(c *rest.Config) { c.Money = p } }

func TestMoneyMatchesTwiliosOpenAPIDocument(t *testing.T) {
	c := readContract(t)
	synctest.Test(t, func(t *testing.T) {
		h := open(t, withMoney(november()))
		b := c.exchange(t, h, request("GET", base+"/Balance.json", nil)).is(200)
		if b.text("balance") != "1.25" || b.text("currency") != "JPY" {
			t.Errorf("%s", b.raw)
		}
		for _, span := range []string{"", "/AllTime", "/Daily", "/Monthly", "/Yearly", "/Today", "/Yesterday", "/ThisMonth", "/LastMonth"} {
			list := c.exchange(t, h, request("GET", base+"/Usage/Records"+span+".json?StartDate=2026-10-01&EndDate=2026-12-01", nil)).is(200)
			if len(list.body["usage_records"].([]any)) < 6 {
				t.Errorf("%s: %s", span, list.raw)
			}
		}
		h.store.Put(call.Record{
			SID: callID(1), Account: owner, Direction: call.OutboundAPI, To: sato, Status: call.Completed, Created: time.Now(), Updated: time.Now(),
			Price: tariff.Money{Amount: 8_500, Currency: "JPY"},
		})
		one := c.exchange(t, h, request("GET", base+"/Calls/"+string(callID(1))+".json", nil)).is(200)
		if one.text("price") != "-0.00850" || one.text("price_unit") != "JPY" {
			t.Errorf("%s", one.raw)
		}
		h.store.Put(call.Record{SID: callID(2), Account: owner, Direction: call.OutboundAPI, To: sato, Status: call.Busy, Created: time.Now(), Updated: time.Now(), Price: tariff.Money{Currency: "JPY"}})
		two := c.exchange(t, h, request("GET", base+"/Calls/"+string(callID(2))+".json", nil)).is(200)
		if two.text("price") != "0.00000" || two.text("price_unit") != "JPY" {
			t.Errorf("%s", two.raw)
		}
	})
}

func TestUsageByDayAndMonth(t *testing.T) {
	p := november()
	h := open(t, withMoney(p))
	type line struct{ from, to, count, minutes, price, unit string }
	for _, tt := range []struct {
		path string
		want []line
	}{
		{"Daily.json?Category=calls&StartDate=2026-11-01&EndDate=2026-11-01", []line{{"2026-11-01", "2026-11-01", "1", "1", "0.0085", "usd"}, {"2026-11-01", "2026-11-01", "2", "2", "16.8", "jpy"}}},
		{"Daily?Category=calls&StartDate=2026-11-02&EndDate=2026-11-30", []line{{"2026-11-02", "2026-11-02", "1", "0", "", ""}}},
		{"Monthly.json?Category=calls&StartDate=2026-10-01&EndDate=2026-11-20", []line{
			{"2026-11-01", "2026-11-20", "1", "1", "0.0085", "usd"}, {"2026-11-01", "2026-11-20", "2", "2", "16.8", "jpy"},
			{"2026-11-01", "2026-11-20", "1", "0", "", ""}, {"2026-10-01", "2026-10-31", "1", "1", "8", "jpy"}}},
		{"Yearly.json?Category=calls-outbound&StartDate=2025-10-01&EndDate=2026-11-01", []line{{"2026-01-01", "2026-11-01", "3", "2", "24.8", "jpy"}}},
		{"AllTime.json?Category=calls&EndDate=2026-11-01&StartDate=2026-10-01", []line{{"2026-10-01", "2026-11-01", "1", "1", "0.0085", "usd"}, {"2026-10-01", "2026-11-01", "3", "2", "24.8", "jpy"}}},
		{"Daily.json?Category=sms&StartDate=2026-11-02&EndDate=2026-11-02", []line{{"2026-11-02", "2026-11-02", "2", "3", "0.0158", "usd"}, {"2026-11-02", "2026-11-02", "1", "1", "", ""}}},
		{"Daily.json?Category=sms-inbound&StartDate=2026-10-01&EndDate=2026-10-31", nil},
		{"AllTime.json?Category=sms-inbound&EndDate=2026-11-01&StartDate=2026-10-01", []line{{"2026-10-01", "2026-11-01", "0", "0", "0", "usd"}}},
		{"Monthly.json?Category=recordings&StartDate=2026-11-01&EndDate=2026-11-30", []line{{"2026-11-01", "2026-11-30", "4", "2", "", ""}}},
		{"Monthly.json?Category=totalprice&StartDate=2026-11-01&EndDate=2026-11-30", []line{{"2026-11-01", "2026-11-30", "", "0.0243", "0.0243", "usd"}, {"2026-11-01", "2026-11-30", "", "16.8", "16.8", "jpy"}}},
		{"Daily.json?Category=phonenumbers", nil},
	} {
		list := h.get(base + "/Usage/Records/" + tt.path).is(200).body["usage_records"].([]any)
		var got []line
		for _, one := range list {
			r := one.(map[string]any)
			str := func(k string) string { s, _ := r[k].(string); return s }
			got = append(got, line{str("start_date"), str("end_date"), str("count"), str("usage"), str("price"), str("price_unit")})
		}
		if len(got) != len(tt.want) {
			t.Fatalf("%s: %v", tt.path, got)
		}
		for i := range got {
			if got[i] != tt.want[i] {
				t.Errorf("%s: got %v\nwant %v", tt.path, got[i], tt.want[i])
			}
		}
	}
	all := h.get(base+"/Usage/Records/Monthly.json?StartDate=2026-10-01&EndDate=2026-11-30").names("usage_records", "category")
	var paged []string
	for next := base + "/Usage/Records/Monthly.json?StartDate=2026-10-01&EndDate=2026-11-30&PageSize=4"; next != ""; {
		page := h.get(next).is(200)
		paged = append(paged, page.names("usage_records", "category")...)
		next, _ = page.body["next_page_uri"].(string)
	}
	if len(all) != 16 || !slices.Equal(paged, all) {
		t.Errorf("%d records, by pages %v, at once %v", len(all), paged, all)
	}
	h.get(base + "/Usage/Records.json?StartDate=-30days").is(200)
	if d := p.to.Sub(p.from); d != 31*24*time.Hour {
		t.Errorf("thirty days and today are %v", d)
	}
	for _, q := range []string{"StartDate=yesterday", "EndDate=11/30/2026", "StartDate=-xdays", "StartDate=-999999999days"} {
		if got := h.get(base + "/Usage/Records.json?" + q).is(400); got.body["code"] != 20001.0 {
			t.Errorf("%s: %s", q, got.raw)
		}
	}
	p.fails = errors.New("no disk")
	h.get(base + "/Usage/Records.json").is(http.StatusInternalServerError)
	h.get(base + "/Balance.json").is(http.StatusInternalServerError)
}

func TestWithoutABudgetThereIsNoBalance(t *testing.T) {
	h := open(t, withMoney(&purse{}))
	h.get(base + "/Balance.json").is(404)
	h = open(t, nil)
	for _, path := range []string{"/Balance.json", "/Usage/Records.json", "/Usage.json", "/Usage/Records/Hourly.json", "/Usage/Triggers.json"} {
		h.get(base + path).is(404)
	}
}

func TestUsageOfADayOrAMonthByItsName(t *testing.T) {
	synctest.Test(t, func(t *testing.T) { // it is midnight, and the first of January 2000
		time.Sleep(31*24*time.Hour + 12*time.Hour) // noon of the first of February
		p := november()
		h := open(t, withMoney(p))
		for span, want := range map[string][2]string{
			"Today": {"2000-02-01", "2000-02-01"}, "Yesterday": {"2000-01-31", "2000-01-31"}, "ThisMonth": {"2000-02-01", "2000-02-01"}, "LastMonth": {"2000-01-01", "2000-01-31"},
		} {
			list := h.get(base + "/Usage/Records/" + span + ".json?Category=calls&StartDate=1999-01-01").is(200).body["usage_records"].([]any)
			if len(list) != 1 {
				t.Fatalf("%s: %v", span, list)
			}
			r := list[0].(map[string]any)
			if got := [2]string{r["start_date"].(string), r["end_date"].(string)}; got != want || r["count"] != "0" || r["price"] != "0" {
				t.Errorf("%s: %v, want %v", span, r, want)
			}
			if from, to := p.from.Format(time.DateOnly), p.to.AddDate(0, 0, -1).Format(time.DateOnly); from != want[0] || to != want[1] {
				t.Errorf("%s: asked for %s to %s", span, from, to)
			}
		}
	})
}
