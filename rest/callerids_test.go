package rest_test

import (
	"context"
	"log/slog"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/kaden-project/kaden/account"
	"github.com/kaden-project/kaden/call"
	"github.com/kaden-project/kaden/rest"
	"github.com/kaden-project/kaden/store/memstore"
)

// placed are the orders so far.
func (s *spy) placed() []call.Order {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.orders)
}

const within = "http://kaden.internal"

// told is the owner's server, which remembers what it is told.
type told struct {
	mu   sync.Mutex
	asks []call.Ask
}

func (t *told) Ask(_ context.Context, a call.Ask) (call.Reply, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.asks = append(t.asks, a)
	return call.Reply{Status: 204}, nil
}

// verifying is a house that verifies numbers.
func verifying(t testing.TB) (*house, *memstore.Store, *rest.Validations, *told) {
	t.Helper()
	books, owners := memstore.New(), &told{}
	if err := books.PutAccount(t.Context(), account.Account{SID: owner, AuthToken: token, Created: time.Now(), Updated: time.Now()}); err != nil {
		t.Fatal(err)
	}
	var v *rest.Validations
	h := open(t, nil)
	v = rest.NewValidations(slog.New(slog.DiscardHandler), h.desk, books, owners, within)
	h.Handler = rest.New(slog.New(slog.DiscardHandler), rest.Config{
		Accounts: books, NotFound: account.ErrNotFound, Calls: h.store, Desk: h.desk, CallerIDs: books, Validations: v,
	})
	return h, books, v, owners
}

// hears asks the script as the call does.
func hears(t *testing.T, v *rest.Validations, url string, params url.Values) string {
	t.Helper()
	r, err := v.Ask(t.Context(), call.Ask{Method: "POST", URL: url, Params: params})
	if err != nil || r.Status != 200 {
		t.Fatalf("%s: %d %v", url, r.Status, err)
	}
	return string(r.Body)
}

func TestWhoeverTakesTheCallAndEntersTheCodeHoldsTheNumber(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h, _, v, owners := verifying(t)
		asked := h.post(base+"/OutgoingCallerIds.json", form("PhoneNumber", "090-1111-2222", "FriendlyName", "佐藤", "Extension", "ww12#",
			"StatusCallback", "https://example.com/s", "StatusCallbackMethod", "GET")).is(200)
		code := asked.text("validation_code")
		if len(code) != 6 || asked.text("phone_number") != sato || asked.text("friendly_name") != "佐藤" || asked.text("account_sid") != string(owner) || len(asked.body) != 5 {
			t.Errorf("asked %s", asked.raw)
		}
		o := h.desk.placed()[0]
		if string(o.SID) != asked.text("call_sid") || string(o.To.Number) != sato || o.SendDigits != "ww12#" || !v.Ours(o.Program.URL) || strings.Contains(asked.raw, o.Program.URL) {
			t.Errorf("ordered %+v", o)
		}
		greeting := hears(t, v, o.Program.URL, nil)
		digits := o.Program.URL + "/digits"
		if !strings.Contains(greeting, "6桁のコード") || !strings.Contains(greeting, `language="ja-JP"`) || !strings.Contains(greeting, digits) {
			t.Errorf("hears %s", greeting)
		}
		if got := hears(t, v, digits, form("Digits", "x")); !strings.Contains(got, "コードが違います") {
			t.Errorf("after a wrong code: %s", got)
		}
		if got := h.get(base+"/OutgoingCallerIds.json").names("outgoing_caller_ids", "sid"); len(got) != 0 {
			t.Errorf("verified too early: %v", got)
		}
		if got := hears(t, v, digits, form("Digits", code)); !strings.Contains(got, "確認しました") || !strings.Contains(got, "Hangup") {
			t.Errorf("after the code: %s", got)
		}
		hears(t, v, o.Callback.URL, form("CallStatus", "completed", "CallSid", string(o.SID)))
		list := h.get(base + "/OutgoingCallerIds.json")
		ids := list.names("outgoing_caller_ids", "sid")
		if len(ids) != 1 {
			t.Fatalf("listed %s", list.raw)
		}
		if len(owners.asks) != 1 {
			t.Fatalf("told %+v", owners.asks)
		}
		if a := owners.asks[0]; a.URL != "https://example.com/s" || a.Method != "GET" || a.Account != owner || a.Params.Get("VerificationStatus") != "success" ||
			a.Params.Get("OutgoingCallerIdSid") != ids[0] || a.Params.Get("CallStatus") != "completed" {
			t.Errorf("told %+v", a)
		}
		h.post(base+"/OutgoingCallerIds.json", form("PhoneNumber", sato)).refuses(400, 21450, "already")

		uri := base + "/OutgoingCallerIds/" + ids[0] + ".json"
		if got := h.post(uri, form("FriendlyName", "sato")).is(200).text("friendly_name"); got != "sato" {
			t.Errorf("renamed to %q", got)
		}
		for query, want := range map[string]int{"PhoneNumber=09011112222": 1, "PhoneNumber=%2B819011112222&FriendlyName=sato": 1, "FriendlyName=x": 0, "PhoneNumber=0": 0} {
			if got := h.get(base+"/OutgoingCallerIds.json?"+query).names("outgoing_caller_ids", "sid"); len(got) != want {
				t.Errorf("%s: %v", query, got)
			}
		}
		h.get(uri).is(200)
		h.send(request("DELETE", uri, nil)).is(204)
		h.get(uri).refuses(404, 20404)
	})
}

func TestAValidationThatComesToNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h, _, v, owners := verifying(t)
		h.post(base+"/OutgoingCallerIds.json", form("PhoneNumber", "+14158675309", "CallDelay", "10", "StatusCallback", "https://example.com/s")).is(200)
		synctest.Wait()
		if len(h.desk.placed()) != 0 {
			t.Fatal("called at once")
		}
		time.Sleep(11 * time.Second)
		synctest.Wait()
		o := h.desk.placed()[0]
		digits := o.Program.URL + "/digits"
		if got := hears(t, v, o.Program.URL, nil); !strings.Contains(got, "enter the six digits") {
			t.Errorf("abroad it is heard in English: %s", got)
		}
		said := []string{}
		for range 3 {
			said = append(said, hears(t, v, digits, form("Digits", "000")))
		}
		if !strings.Contains(said[1], "not the code") || !strings.Contains(said[2], "was not verified") || strings.Contains(said[2], "Gather") {
			t.Errorf("after three wrong codes: %v", said)
		}
		hears(t, v, o.Callback.URL, form("CallStatus", "completed"))
		if a := owners.asks[0]; a.Method != "POST" || a.Params.Get("VerificationStatus") != "failed" || a.Params.Has("OutgoingCallerIdSid") {
			t.Errorf("told %+v", a)
		}
		for _, gone := range []string{o.Program.URL, within + "/callerids/" + string(callID(1)) + "/x", within + "/callerids/", o.Program.URL[:len(o.Program.URL)-1] + "x"} {
			if r, err := v.Ask(t.Context(), call.Ask{URL: gone}); err != nil || r.Status != 404 {
				t.Errorf("%s: %d %v", gone, r.Status, err)
			}
		}
		for _, bad := range []struct {
			form url.Values
			code int
		}{
			{form(), 21201}, {form("PhoneNumber", "110"), 21401}, {form("PhoneNumber", "sip:sato@example.jp"), 21401}, {form("PhoneNumber", "x"), 21401},
			{form("PhoneNumber", suzuki, "Extension", "abc"), 21457}, {form("PhoneNumber", suzuki, "CallDelay", "61"), 21458},
			{form("PhoneNumber", suzuki, "FriendlyName", strings.Repeat("x", 65)), 20002}, {form("PhoneNumber", suzuki, "StatusCallback", "x"), 21609},
		} {
			h.post(base+"/OutgoingCallerIds.json", bad.form).refuses(400, bad.code)
		}
		if len(h.desk.placed()) != 1 {
			t.Errorf("what was refused has called: %d", len(h.desk.placed()))
		}
	})
}

func TestValidationsMatchTwiliosOpenAPIDocument(t *testing.T) {
	c := readContract(t)
	synctest.Test(t, func(t *testing.T) {
		h, _, v, _ := verifying(t)
		asked := c.exchange(t, h, request("POST", base+"/OutgoingCallerIds.json", form("PhoneNumber", sato, "CallDelay", "0"))).is(200)
		hears(t, v, h.desk.placed()[0].Program.URL+"/digits", form("Digits", asked.text("validation_code")))
		list := c.exchange(t, h, request("GET", base+"/OutgoingCallerIds.json", nil)).is(200)
		uri := base + "/OutgoingCallerIds/" + list.names("outgoing_caller_ids", "sid")[0] + ".json"
		c.exchange(t, h, request("GET", uri, nil)).is(200)
		c.exchange(t, h, request("POST", uri, form("FriendlyName", "sato"))).is(200)
		c.exchange(t, h, request("DELETE", uri, nil)).is(204)
	})
}
