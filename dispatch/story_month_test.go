package dispatch_test

import (
	"context"
	"fmt"
	"math/big"
	"math/rand/v2"
	"testing"
	"testing/synctest"
	"time"

	"github.com/kaden-project/kaden/alert"
	"github.com/kaden-project/kaden/call"
	"github.com/kaden-project/kaden/dispatch"
	"github.com/kaden-project/kaden/leg"
	"github.com/kaden-project/kaden/leg/simleg"
	"github.com/kaden-project/kaden/number"
	"github.com/kaden-project/kaden/phonetest"
	"github.com/kaden-project/kaden/problem/yamldoc"
	"github.com/kaden-project/kaden/store/memstore"
	"github.com/kaden-project/kaden/tariff"
	"github.com/kaden-project/kaden/trunk"
)

// carrier is the other side of a trunk: it writes its own invoice, in fractions, from what its telephones did.
type carrier struct {
	name, currency string
	prices         string                                                        // as the trunk's document has them
	bill           func(to string, answered bool, talked time.Duration) *big.Rat // nil: this number is not on the price list

	sum     *big.Rat
	legs    int
	unknown int
}

// rat is a fraction, as a price list writes it.
func rat(s string) *big.Rat {
	r, ok := new(big.Rat).SetString(s)
	if !ok {
		panic(s)
	}
	return r
}

// begun is how many units of time have begun, and one at least.
func begun(talked, unit time.Duration) *big.Rat {
	n := int64(1)
	for end := unit; end < talked; end += unit {
		n++
	}
	return new(big.Rat).SetInt64(n)
}

func carriers() []*carrier {
	zero := new(big.Rat)
	return []*carrier{
		{name: "hikari", currency: "JPY", prices: "currency: JPY\n  calls:\n    - { to: fixed, price: 8.8, unit: 3m }\n    - { to: mobile, price: 17.6, unit: 60s }\n    - { to: '0503', per-call: 11.55 }\n",
			bill: func(to string, answered bool, talked time.Duration) *big.Rat {
				switch {
				case to[:6] == "+81504":
					return nil
				case !answered:
					return zero
				case to[:5] == "+8190":
					return new(big.Rat).Mul(rat("17.6"), begun(talked, time.Minute))
				case to[:6] == "+81503":
					return rat("11.55")
				}
				return new(big.Rat).Mul(rat("8.8"), begun(talked, 3*time.Minute))
			}},
		{name: "seconds", currency: "USD", prices: "currency: USD\n  calls:\n    - { to: others, per-call: 0.0025, price: 0.00025, unit: 1s, free: 6s, attempt: 0.000001 }\n",
			bill: func(_ string, answered bool, talked time.Duration) *big.Rat {
				if !answered {
					return rat("1/1000000")
				}
				sum := rat("0.0025")
				if rest := talked - 6*time.Second; rest > 0 {
					sum.Add(sum, new(big.Rat).Mul(rat("0.00025"), begun(rest, time.Second)))
				}
				return sum
			}},
		{name: "minutes", currency: "EUR", prices: "currency: EUR\n  calls:\n    - { to: [mobile, fixed, ip], price: 0.0139, unit: 1m }\n",
			bill: func(_ string, answered bool, talked time.Duration) *big.Rat {
				if !answered {
					return zero
				}
				return new(big.Rat).Mul(rat("0.0139"), begun(talked, time.Minute))
			}},
		{name: "nobody-knows", bill: func(string, bool, time.Duration) *big.Rat { return nil }},
	}
}

// record writes one leg on the invoice.
func (c *carrier) record(to string, answered bool, talked time.Duration) {
	c.legs++
	b := c.bill(to, answered, talked)
	if b == nil {
		c.unknown++
		return
	}
	c.sum.Add(c.sum, b)
}

func landline(digit string) string { return "+8131234567" + digit }

// millionths is a sum of ours as a fraction.
func millionths(a tariff.Amount) *big.Rat { return big.NewRat(int64(a), 1_000_000) }

func TestAMonthOfCallsSumsUpToTheInvoiceToTheLastUnit(t *testing.T) {
	const calls = 1500
	synctest.Test(t, func(t *testing.T) {
		dice := rand.New(rand.NewPCG(2026, 11))
		all := carriers()
		var trunks []trunk.Trunk
		for _, c := range all {
			c.sum = new(big.Rat)
			one := trunk.Trunk{Name: c.name, Server: c.name + ".example"}
			if c.prices != "" {
				doc := yamldoc.Parse([]byte("prices:\n  " + c.prices))
				one.Prices = tariff.Read(doc.Take("prices"))
				if list := doc.Done(); list != nil {
					t.Fatalf("%s: %v", c.name, list)
				}
			}
			trunks = append(trunks, one)
		}
		store := memstore.New()
		h := phonetest.New(t, func(s *phonetest.Setup) { s.Store, s.Trunks = store, trunks })
		began := time.Now()
		var talked time.Duration
		for range calls {
			time.Sleep(time.Duration(dice.Int64N(int64(2*30*24*time.Hour/calls)/1e6)) * time.Millisecond)
			to := []string{"+819011112222", landline("8"), landline("9"), "+815031234567", "+815041234567"}[dice.IntN(5)]
			first := all[dice.IntN(len(all))]
			o := call.Order{To: number.Address{Scheme: number.Tel, Number: number.Number(to)}, Prefer: []string{first.name}, Program: call.Program{TwiML: "<Response><Pause length=\"3600\"/></Response>"}}
			uri := func(c *carrier) string { return "sip:" + to + "@" + c.name + ".example" }
			carries := first
			if dice.IntN(10) == 0 { // its network is full, and another one carries the call
				h.Behaves(uri(first), simleg.Behaviour{RingAfter: simleg.Never, AnswerAfter: time.Millisecond, Refuse: leg.Congested})
				first.record(to, false, 0)
				for _, c := range all {
					if c != first {
						carries = c
						break
					}
				}
			}
			d := time.Duration(dice.Int64N(400_000)) * time.Millisecond
			if dice.IntN(4) == 0 {
				d = d.Truncate(time.Minute) // just on the edge
			}
			switch d = max(d, time.Millisecond); dice.IntN(3) {
			case 0:
				h.Behaves(uri(carries), simleg.Behaviour{AnswerAfter: time.Second, Refuse: leg.Busy})
				carries.record(to, false, 0)
			default:
				h.Behaves(uri(carries), simleg.Behaviour{AnswerAfter: time.Second, Actions: []simleg.Action{{At: d, HangUp: true}}})
				carries.record(to, true, d)
				talked += d
			}
			h.Place(o).Wait()
		}
		synctest.Wait()
		list, err := store.Usage(t.Context(), "", began, time.Now().Add(time.Hour))
		if err != nil {
			t.Fatal(err)
		}
		byTrunk, _ := tariff.By("trunk", time.UTC)
		ours := map[string]tariff.Line{}
		var heard time.Duration
		for _, l := range tariff.Bill(list, byTrunk) {
			ours[l.Key+" "+l.Currency] = l
			heard += l.Talked
		}
		for _, c := range all {
			known, unknown := ours[c.name+" "+c.currency], ours[c.name+" "]
			if c.currency == "" {
				known = tariff.Line{}
			}
			if got := millionths(known.Amount); got.Cmp(c.sum) != 0 || known.Legs != int64(c.legs-c.unknown) || unknown.Legs != int64(c.unknown) {
				t.Errorf("%s: our books have %s %s for %d legs and %d of unknown cost; the invoice is %s for %d and %d",
					c.name, got.FloatString(6), c.currency, known.Legs, unknown.Legs, c.sum.FloatString(6), c.legs-c.unknown, c.unknown)
			}
			if c.legs < calls/10 {
				t.Errorf("%s carried %d legs; this month shows little", c.name, c.legs)
			}
		}
		if heard != talked {
			t.Errorf("our books have %v of talk, the carriers %v", heard, talked)
		}
		err = store.Write(t.Context(), func(tx dispatch.Tx) error {
			sum, _, err := tx.Spent("JPY", began, time.Now().Add(time.Hour))
			if millionths(sum).Cmp(all[0].sum) != 0 {
				t.Errorf("for the budget it is %s JPY, and the invoice is %s", sum, all[0].sum.FloatString(6))
			}
			return err
		})
		if err != nil {
			t.Error(err)
		}
		if time.Since(began) < 25*24*time.Hour {
			t.Errorf("a month of %v", time.Since(began))
		}
	})
}

func TestAMonthOfAlertsOnABudgetThatDoesNotLast(t *testing.T) {
	tellOver(t, plans, []trunk.Trunk{costly}, func(n *night) {
		n.telephones(budget(400*yen), mobiles)
		for name := range mobiles { // everybody is a voicemail
			n.Behaves(phoneOf(name), simleg.Behaviour{RingAfter: time.Second, AnswerAfter: 3 * time.Second})
		}
		grave := []alert.Severity{alert.Critical, alert.Unknown, alert.Major}
		usedUpAt := -1
		for day := range 26 {
			usedUp := n.d.UsedUp(false) != ""
			if usedUp && usedUpAt < 0 {
				usedUpAt = day
			}
			w := n.alert(fmt.Sprint("w", day), "disk 80%", severity(alert.Warning))
			c := n.alert(fmt.Sprint("c", day), "database down", severity(grave[day%len(grave)]))
			time.Sleep(9 * time.Minute)
			for id, may := range map[string]bool{w: !usedUp, c: true} {
				rung := 0
				rows, err := n.store.AttemptsOf(context.Background(), n.incident(id).Callout)
				n.must(err)
				for _, a := range rows {
					if a.Call != "" {
						rung++
					}
				}
				if (rung > 0) != may {
					t.Errorf("day %d, %s: %d calls, used up: %v", day, n.incident(id).Alert.Severity, rung, usedUp)
				}
			}
			n.alert(fmt.Sprint("w", day), "over", resolve)
			n.alert(fmt.Sprint("c", day), "over", resolve)
			time.Sleep(time.Minute)
			n.stop() // a night is what is told; kaden is started anew for each
			time.Sleep(24*time.Hour - 10*time.Minute)
			n.wakeUp()
		}
		if usedUpAt < 2 || usedUpAt > 20 {
			t.Errorf("used up on day %d: this month shows little", usedUpAt)
		}
		// With the month the budget begins anew.
		_, december := tariff.Month(time.Now().Local())
		n.stop()
		time.Sleep(time.Until(december))
		n.wakeUp()
		id := n.alert("new", "disk 80%", severity(alert.Warning))
		time.Sleep(3 * time.Minute)
		n.why(id, true, "people were called")
		n.alert("new", "over", resolve)
		time.Sleep(time.Hour)
		// The same money, told in several ways.
		list, err := n.store.Usage(context.Background(), "", time.Now().AddDate(0, -2, 0), time.Now())
		n.must(err)
		sum := map[string]tariff.Amount{}
		for _, by := range []string{"day", "plan", "person", "all"} {
			key, _ := tariff.By(by, time.Local)
			for _, l := range tariff.Bill(list, key) {
				sum[by] += l.Amount
			}
		}
		records, more, err := n.store.Calls(context.Background(), call.Filter{Limit: 10_000})
		n.must(err)
		for _, r := range records {
			sum["calls"] += r.Price.Amount
		}
		for by, s := range sum {
			if s != sum["all"] || more || s == 0 {
				t.Errorf("by %s it is %s, in all %s", by, s, sum["all"])
			}
		}
	})
}
