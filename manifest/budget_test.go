package manifest

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/kaden-project/kaden/tariff"
)

const pricedHouse = `trunk: ntt
server: sip.example.jp
from: "+815012345678"
refuse: [abroad, unknown, pager]
prices:
  currency: JPY
  calls:
    - { to: mobile, price: 16, unit: 60s }
    - { to: [fixed, ip], price: 8, unit: 3m }
---
person: sato
contacts: ["tel:09011112222", "sim:sato"]
---
person: suzuki
contacts: ["tel:0312345678"]
---
plan: night
steps:
  - call: [sato, suzuki]
    order: in-turn
    rounds: 2
---
budget: calls
amount: 30000
currency: JPY
stop: true
`

func TestABudget(t *testing.T) {
	set, problems := compile(t, pricedHouse)
	if problems != "" {
		t.Fatal(problems)
	}
	if b := set.Budgets; len(b) != 1 || b[0].Limit.String() != "30000 JPY" || !b[0].Stop {
		t.Errorf("%+v", b)
	}
	if got, _ := set.Price("ntt", tariff.Leg{To: "+819011112222", Answered: true, Talked: 61 * time.Second}); got.String() != "32 JPY" {
		t.Errorf("a call costs %s", got)
	}
	if got, why := set.Price("kddi", tariff.Leg{}); got.Known() || why != `there is no trunk "kddi"` {
		t.Errorf("%s: %s", got, why)
	}
	for _, tt := range []struct{ name, text, want string }{
		{"twice for a currency", pricedHouse + "---\nbudget: more\namount: 1\ncurrency: JPY\n", `error: <budget>: budget "calls" counts JPY already (one budget for each currency)`},
		{"for a currency nobody asks", pricedHouse + "---\nbudget: dollars\namount: 1\ncurrency: USD\n", "warning: <budget>: no trunk has prices in USD"},
		{"and a trunk without prices", pricedHouse + "---\ntrunk: free\nserver: a\n", "warning: <budget>: free has no prices: what its calls cost is not known and not counted here"},
		{"of nothing", strings.Replace(pricedHouse, "30000", "0", 1), "error: <amount>: a budget of nothing"},
		{"gaps of a trunk", strings.Replace(pricedHouse, "refuse: [abroad, unknown, pager]", "refuse: [unknown, pager]\nallow: [abroad]", 1), "warning: <prices>: no price for numbers abroad"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if _, problems := compile(t, tt.text); !strings.Contains(problems, tt.want) {
				t.Errorf("got\n%swant %s", problems, tt.want)
			}
		})
	}
}

func TestEstimate(t *testing.T) {
	set, _ := compile(t, pricedHouse)
	e, ok := set.Estimate("night", 12)
	// Two rounds and five of the last resort, one every ten minutes. sato is called on two ways in each, and twelve
	// times an hour at most; the listening time fits into one unit.
	if want := []tariff.Money{{Amount: 248_000_000, Currency: "JPY"}}; !ok || e.Calls != 19 || !slices.Equal(e.Cost, want) || e.Unknown != 0 {
		t.Errorf("%+v: %s", e, e)
	}
	if got := e.String(); got != "at most 19 calls, at most 248 JPY, for one alert that nobody takes in one hour" {
		t.Error(got)
	}
	if e, _ = set.Estimate("night", 3); e.Calls != 6 || e.Cost[0].String() != "72 JPY" {
		t.Errorf("called three times an hour at most: %s", e)
	}
	set, _ = compile(t, strings.Replace(pricedHouse, "to: mobile", `to: "+8170"`, 1))
	if e, _ = set.Estimate("night", 12); !strings.Contains(e.String(), "at most 56 JPY, and what 12 of them cost is not known") {
		t.Errorf("with a gap: %s", e)
	}
	if _, ok := set.Estimate("day", 12); ok {
		t.Error("of a plan that is not there")
	}
	set, _ = compile(t, sound)
	if e, ok := set.Estimate("night", 12); ok {
		t.Errorf("without prices: %s", e)
	}
}
