package upstream_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/kaden-project/kaden/trunk"
	"github.com/kaden-project/kaden/upstream"
)

const (
	active    = `{"status":"active","type":"Full"}`
	ownNumber = `{"incoming_phone_numbers":[{"phone_number":"+815087654321","capabilities":{"voice":true}}]}`
	none      = `{"incoming_phone_numbers":[]}`
)

func TestCheck(t *testing.T) {
	for _, tt := range []struct {
		name    string
		account string
		balance string
		numbers string
		ids     string
		country string
		want    []string
	}{
		{"all is well", active, `{"balance":"12.50","currency":"USD"}`, ownNumber, "", `{"low_risk_numbers_enabled":true}`,
			[]string{"ok credentials: account " + acct, "ok account: active", "ok balance: 12.50 USD is left", "ok from: +815087654321 is the account's own", "ok countries: JP may be called", "ok callbacks: http://"}},
		{"a trial, with nothing left", `{"status":"active","type":"Trial"}`, `{"balance":"-0.10","currency":"JPY"}`, none, `{"outgoing_caller_ids":[{"phone_number":"+815087654321"}]}`, `{"low_risk_numbers_enabled":false}`,
			[]string{"ok credentials", "wrong account: a trial account", "wrong balance: -0.10 JPY is left (pay in", "ok from: +815087654321 is a verified caller ID", "wrong countries: JP may not be called (allow the country", "ok callbacks"}},
		{"closed, and a number of somebody else's", `{"status":"suspended","type":"Full"}`, `{"balance":"many"}`, none, `{"outgoing_caller_ids":[]}`, `{}`,
			[]string{"ok credentials", "wrong account: it is suspended", "? balance: many", "wrong from: +815087654321 is neither the account's own nor verified (buy", "? countries", "ok callbacks"}},
		{"a number without voice", active, `{}`, strings.Replace(ownNumber, "true", "false", 1), "", "",
			[]string{"ok credentials", "ok account", "? balance", "wrong from: +815087654321 is the account's, but has no voice", "? countries", "ok callbacks"}},
		{"a platform that says little", active, "", "", "", "",
			[]string{"ok credentials", "ok account", "? balance: the platform does not say", "? from", "? countries", "ok callbacks"}},
		{"and one that says half", active, "", none, "", "",
			[]string{"ok credentials", "ok account", "? balance", "? from: +815087654321 is not the account's own", "? countries", "ok callbacks"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			h := build(t)
			for path, page := range map[string]string{".json": tt.account, "/Balance.json": tt.balance, "/IncomingPhoneNumbers.json": tt.numbers, "/OutgoingCallerIds.json": tt.ids} {
				if page != "" {
					h.platform.pages[path] = page
				}
			}
			base := ""
			if tt.country != "" {
				base = h.platform.srv.URL
				h.platform.broken = func(w http.ResponseWriter, r *http.Request) bool {
					if r.URL.Path == "/v1/DialingPermissions/Countries/JP" {
						fmt.Fprint(w, tt.country)
					}
					return strings.HasPrefix(r.URL.Path, "/v1/")
				}
			}
			defer upstream.PermissionsAt(base)()
			h.finds(tt.want...)
		})
	}
}

// The platform has changed its currency: what kaden reckons with no longer holds, and that is said.
func TestCheckOfAnUpstreamThatChangedItsCurrency(t *testing.T) {
	h := build(t, func(h *house) { h.up.Prices.Currency = "JPY" })
	h.platform.pages[".json"], h.platform.pages["/Balance.json"] = active, `{"balance":"12.50","currency":"USD"}`
	h.finds("ok credentials", "ok account", "wrong balance: 12.50 USD is left, and prices: are in JPY (write prices: in the currency of the account", "? from", "? countries", "ok callbacks")
}

func TestCheckOfSomebodyElse(t *testing.T) {
	h := build(t)
	if _, err := h.Check(t.Context(), "other"); err == nil {
		t.Error("an upstream that is not there was looked at")
	}
	h.finds("wrong credentials: there is no account "+acct, "ok callbacks")
	h.up.Token = "ffffffffffffffffffffffffffffffff"
	h.finds("wrong credentials: "+h.platform.srv.URL+" does not know account "+acct+" with this token (check account and token", "ok callbacks")
	h.platform.srv.Close()
	h.finds("wrong credentials: "+h.platform.srv.URL+" gives no answer", "ok callbacks")

	h = build(t, deaf)
	h.platform.pages[".json"] = active
	h.finds("ok credentials", "ok account", "? balance", "? from", "? countries: which may be called, the platform says only when one is called", "wrong callbacks: the upstream cannot reach us")
}

func TestTwiliosPermissionsAreAskedOfTwilioAlone(t *testing.T) {
	for url, want := range map[string]string{
		trunk.Twilio: "https://voice.twilio.com", "https://api.dublin.ie1.twilio.com": "https://voice.dublin.ie1.twilio.com",
		"http://192.0.2.7:8080": "", "https://api.example.org": "",
	} {
		if got := upstream.PermissionsOf(trunk.Upstream{URL: url}); got != want {
			t.Errorf("%s: %q, want %q", url, got, want)
		}
	}
}

// finds checks the upstream and compares each finding's beginning.
func (h *house) finds(want ...string) {
	h.Helper()
	found, err := h.Check(h.Context(), "twilio")
	if err != nil {
		h.Fatal(err)
	}
	var got []string
	for _, f := range found {
		level := "ok"
		switch {
		case f.Wrong:
			level = "wrong"
		case f.Unsure:
			level = "?"
		}
		text := level + " " + f.What + ": " + f.Text
		if f.Remedy != "" {
			text += " (" + f.Remedy + ")"
		}
		if f.Wrong != (f.Remedy != "") {
			h.Errorf("%s: what is wrong has a remedy, and nothing else", text)
		}
		got = append(got, text)
	}
	ok := len(got) == len(want)
	for i := range min(len(got), len(want)) {
		ok = ok && strings.HasPrefix(got[i], want[i])
	}
	if !ok {
		h.Errorf("found\n %s\nwant\n %s", strings.Join(got, "\n "), strings.Join(want, "\n "))
	}
}

// Twilio opens WebSockets to https addresses alone; a kaden takes both.
func TestSoundThatTwilioDoesNotBring(t *testing.T) {
	h := build(t)
	if f := h.CheckCallbacks(h.up); f.Wrong {
		t.Errorf("another kaden: %+v", f)
	}
	h.up.URL = trunk.Twilio
	if f := h.CheckCallbacks(h.up); !f.Wrong || !strings.Contains(f.Remedy, "https") {
		t.Errorf("Twilio: %+v", f)
	}
}
