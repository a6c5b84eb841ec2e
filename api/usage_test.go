package api_test

import (
	"net/http"
	"slices"
	"testing"
	"time"

	"github.com/kaden-project/kaden/api"
	"github.com/kaden-project/kaden/call"
	"github.com/kaden-project/kaden/dispatch"
	"github.com/kaden-project/kaden/leg"
	"github.com/kaden-project/kaden/number"
	"github.com/kaden-project/kaden/tariff"
	"github.com/kaden-project/kaden/trunk"
)

const yen tariff.Amount = 1_000_000

func withMoney(h *house) {
	h.set.Budgets = []tariff.Budget{{Name: "calls", Limit: tariff.Money{Amount: 20 * yen, Currency: "JPY"}, Warn: []int{100}, Stop: true}}
	h.cfg.Ledger, h.cfg.Budgets = h.store, h.d.Budgets
}

// paid ends a call that has cost so much.
func (h *house) paid(o call.Order, m tariff.Money) {
	h.Helper()
	r := o.Record(time.Now(), "a")
	r.Status, r.Ended, r.Price = call.Completed, time.Now(), m
	r.Sound = leg.Sound{Codec: "PCMU", Sent: 200, Heard: 190, Lost: 10, Jitter: 4200 * time.Microsecond, Told: true, LostThere: 2, RoundTrip: 23 * time.Millisecond}
	c := call.Charge{Call: r.SID, Account: acct, Attempt: o.Attempt, Trunk: "ntt", At: time.Now(), Talked: 61 * time.Second, Cost: m}
	if err := h.store.Change(h.Context(), call.Change{Record: r, Charges: []call.Charge{c}}); err != nil {
		h.Fatal(err)
	}
}

func TestWhatCallsHaveCost(t *testing.T) {
	story(t, func(h *house) {
		id := h.rung()
		o := h.rings()
		h.paid(o, tariff.Money{Amount: 16_800_000, Currency: "JPY"})
		h.paid(call.Order{SID: "CA2", Account: acct, To: number.Address{Scheme: number.Sim, Text: "x"}}, tariff.Money{})
		time.Sleep(25 * time.Hour)
		h.paid(call.Order{SID: "CA3", Account: acct, To: number.Address{Scheme: number.Sim, Text: "x"}}, tariff.Money{Amount: 8 * yen, Currency: "JPY"})

		today, yesterday := time.Now().Local().Format(time.DateOnly), time.Now().Local().Add(-25*time.Hour).Format(time.DateOnly)
		u := get[api.Usage](h, "/api/usage?from="+yesterday)
		if want := []api.UsageLine{{yesterday, "", 1, 0, 61, ""}, {yesterday, "JPY", 1, 0, 61, "16.8"}, {today, "JPY", 1, 0, 61, "8"}}; !slices.Equal(u.Lines, want) {
			t.Errorf("by day: %+v", u)
		}
		if want := []api.UsageLine{{"", "", 1, 0, 61, ""}, {"", "JPY", 2, 0, 122, "24.8"}}; !slices.Equal(u.Total, want) {
			t.Errorf("in all: %+v", u.Total)
		}
		u = get[api.Usage](h, "/api/usage?by=plan&from="+yesterday+"&to="+yesterday)
		if want := []api.UsageLine{{"", "", 1, 0, 61, ""}, {"default", "JPY", 1, 0, 61, "16.8"}}; !slices.Equal(u.Lines, want) || u.To != yesterday {
			t.Errorf("by plan: %+v", u)
		}
		u = get[api.Usage](h, "/api/usage?by=person&to="+today)
		if len(u.Lines) != 3 || u.Lines[2].Key != "sato" {
			t.Errorf("by person: %+v", u.Lines)
		}
		if d := get[api.Detail](h, "/api/alerts/"+id); d.Attempts[0].Price != "16.8 JPY" {
			t.Errorf("beside the attempt: %+v", d.Attempts[0])
		} else if s := d.Attempts[0].Sound; s == nil || s.Codec != "PCMU" || s.Lost != 10 || s.Jitter != 4.2 || s.Far == nil || s.Far.Lost != 2 || s.Far.RoundTrip != 23 {
			t.Errorf("how it sounded, beside the attempt: %+v", s)
		}
		time.Sleep(2 * time.Minute) // counted
		u = get[api.Usage](h, "/api/usage")
		want := api.Budget{Name: "calls", Month: today[:7], Amount: "20", Currency: "JPY", Spent: "24.8", Left: "-4.8", Unknown: 1, Stop: true, UsedUp: true}
		if len(u.Budgets) != 1 || u.Budgets[0] != want {
			t.Errorf("budgets: %+v", u.Budgets)
		}
		if w := get[api.Status](h, "/api/status").Warnings; len(w) == 0 || w[0].Code != "budget" || !w[0].Loud {
			t.Errorf("warnings: %+v", w)
		}
		h.refused(h.ask("GET", "/api/usage?from=yesterday", ""), 422, "")
		h.refused(h.ask("GET", "/api/usage?to=2026-13-01", ""), 422, "")
		h.refused(h.ask("GET", "/api/usage?by=moon", ""), 422, "by")
	}, withMoney)
}

func TestWithoutALedgerNothingWasSpent(t *testing.T) {
	story(t, func(h *house) {
		if u := get[api.Usage](h, "/api/usage"); len(u.Lines)+len(u.Budgets)+len(u.Total) != 0 || u.By != "day" {
			t.Errorf("%+v", u)
		}
	})
}

func TestApplySaysWhatAPlansDearestHourCosts(t *testing.T) {
	story(t, func(h *house) {
		h.papers.applied = []string{"person sato", "plan default"}
		yaml := func(r *http.Request) { r.Header.Set("Content-Type", "application/yaml") }
		if a := read[api.Applied](h, http.StatusOK, h.ask("POST", "/api/manifest", "x: y", yaml)); a.Costs != nil {
			t.Errorf("without prices: %q", a.Costs)
		}
		h.set.Trunks = []trunk.Trunk{{Name: "ntt", Prices: tariff.Table{Currency: "JPY", Rows: []tariff.Row{{To: []string{tariff.Others}, Price: yen, Unit: time.Second}}}}}
		a := read[api.Applied](h, http.StatusOK, h.ask("POST", "/api/manifest", "x: y", yaml))
		if len(a.Costs) != 1 || a.Costs[0] != "plan default: at most 7 calls, for one alert that nobody takes in one hour" {
			t.Errorf("%q", a.Costs)
		}
	})
}

var _ api.Ledger = dispatch.Store(nil)
