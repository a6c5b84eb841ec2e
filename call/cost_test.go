package call_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/kaden-project/kaden/account"
	"github.com/kaden-project/kaden/call"
	"github.com/kaden-project/kaden/leg"
	"github.com/kaden-project/kaden/leg/simleg"
	"github.com/kaden-project/kaden/media"
	"github.com/kaden-project/kaden/number"
	"github.com/kaden-project/kaden/tariff"
	"github.com/kaden-project/kaden/timeline"
	"github.com/kaden-project/kaden/trunk"
)

// priced is a trunk with one row of prices, in millionths.
func priced(t trunk.Trunk, currency string, r tariff.Row) trunk.Trunk {
	r.To = []string{"mobile"}
	t.Prices = tariff.Table{Currency: currency, Rows: []tariff.Row{r}}
	return t
}

// charges are what was written, leg by leg.
func (m *memory) charges() string {
	m.mu.Lock()
	defer m.mu.Unlock()
	var s []string
	for _, c := range m.changes {
		for _, ch := range c.Charges {
			in := ""
			if ch.Inbound {
				in = "in "
			}
			s = append(s, fmt.Sprintf("%d %s%s %v %s", ch.Leg, in, ch.Trunk, ch.Talked, ch.Cost))
		}
	}
	return strings.Join(s, ", ")
}

func (m *memory) charged() string {
	m.mu.Lock()
	defer m.mu.Unlock()
	var s []string
	for _, c := range m.changes {
		for _, e := range c.Events {
			if e.Kind == timeline.CallCharged {
				s = append(s, e.Text)
			}
		}
	}
	return strings.Join(s, ", ")
}

var (
	yen3m   = tariff.Row{Price: 8_000_000, Unit: 3 * time.Minute, Attempt: 500_000}
	dollars = tariff.Row{Price: 8_500, Unit: time.Minute}
)

func TestWhatACallCosts(t *testing.T) {
	answered := func(d time.Duration) simleg.Behaviour {
		return simleg.Behaviour{Actions: []simleg.Action{{At: d, HangUp: true}}}
	}
	refused := simleg.Behaviour{RingAfter: simleg.Never, AnswerAfter: time.Second, Refuse: leg.Congested}
	for _, tc := range []struct {
		name       string
		first      trunk.Trunk
		onNTT      simleg.Behaviour
		onKDDI     simleg.Behaviour
		charges    string
		price, say string
	}{
		{"three minutes and a little", priced(ntt, "JPY", yen3m), answered(181 * time.Second), simleg.Behaviour{},
			"0 ntt 3m1s 16 JPY", "16 JPY", "16 JPY over ntt: 3m1s talked, 2 × 3m"},
		{"nobody answers, and the carrier asks for that", priced(ntt, "JPY", yen3m), simleg.Behaviour{AnswerAfter: simleg.Never}, simleg.Behaviour{},
			"0 ntt 0s 0.5 JPY", "0.5 JPY", "0.5 JPY over ntt: nobody answered"},
		{"two trunks in one currency", priced(ntt, "USD", tariff.Row{Price: 1, Unit: time.Hour, Attempt: 1_500}), refused, answered(61 * time.Second),
			"0 ntt 0s 0.0015 USD, 1 kddi 1m1s 0.017 USD", "0.0185 USD", "0.0015 USD over ntt: nobody answered, 0.017 USD over kddi: 1m1s talked, 2 × 1m"},
		{"two trunks in two currencies", priced(ntt, "JPY", yen3m), refused, answered(time.Second),
			"0 ntt 0s 0.5 JPY, 1 kddi 1s 0.0085 USD", "0.0085 USD", "0.5 JPY over ntt: nobody answered, 0.0085 USD over kddi: 1s talked, 1 × 1m"},
		{"the first trunk has a gap", trunk.Trunk{Name: "ntt", Server: ntt.Server, Prices: tariff.Table{Currency: "JPY"}}, refused, answered(time.Second),
			"0 ntt 0s unknown, 1 kddi 1s 0.0085 USD", "unknown", "unknown over ntt: no row of the trunk's prices has mobile numbers (060, 070, 080, 090), 0.0085 USD over kddi: 1s talked, 1 × 1m"},
		{"a trunk without prices is no news", ntt, answered(time.Second), simleg.Behaviour{}, "0 ntt 1s unknown", "unknown", ""},
	} {
		t.Run(tc.name, func(t *testing.T) {
			story(t, func(h *house) {
				h.phones[overNTT], h.phones[overKDDI] = tc.onNTT, tc.onKDDI
				c, _ := h.place(call.Order{To: tel("+819011112222"), Attempt: "c1-1"})
				r := c.Wait()
				synctest.Wait()
				h.want("charges", h.store.charges(), tc.charges)
				h.want("price", r.Price, tc.price)
				h.want("timeline", h.store.charged(), tc.say)
			}, trunks(tc.first, priced(kddi, "USD", dollars)))
		})
	}
}

// A silent trunk that is let go at the end of the call asks for nothing, and the price is that of who carried it.
func TestASilentTrunkThatIsLetGoAsksForNothing(t *testing.T) {
	story(t, func(h *house) {
		c, _ := h.place(call.Order{To: tel("+819011112222")})
		silent, second := h.phone(), h.phone()
		second.Answer()
		time.Sleep(time.Second)
		second.HangUp()
		r := c.Wait()
		<-silent.Over()
		synctest.Wait()
		h.want("charges", h.store.charges(), "1 kddi 1s 0.0085 USD")
		h.want("price", r.Price, "0.0085 USD")
	}, trunks(priced(ntt, "JPY", yen3m), priced(kddi, "USD", dollars)), script(func(ctx context.Context, c *call.Call) error { return c.Sleep(ctx, time.Hour) }))
}

func TestACarrierThatSaysNothingAsksForNothing(t *testing.T) {
	story(t, func(h *house) {
		c, _ := h.place(call.Order{To: tel("+819011112222")})
		c.Wait()
		h.want("charges", h.store.charges(), "")
	}, trunks(priced(ntt, "JPY", yen3m)), func(c *call.Config) { c.Dialers[number.SIP] = deadTrunk{} })
}

func TestWhatNoCarrierCarriesCostsNothing(t *testing.T) {
	story(t, func(h *house) {
		h.phones[sato] = simleg.Behaviour{}
		c, _ := h.place(call.Order{})
		c.Wait()
		h.want("charges", h.store.charges(), "")
	})
}

func TestACallWhoseEndNobodySawCostsNobodyKnowsWhat(t *testing.T) {
	story(t, func(h *house) {
		began := time.Now().Add(-time.Minute)
		for _, r := range []call.Record{
			{SID: "CA1", To: "+819011112222", Trunk: "ntt", Status: call.InProgress, Answered: began, Updated: began.Add(7 * time.Second), Attempt: "c1-1"},
			{SID: "CA2", To: "+819011112222", Status: call.Queued, Attempt: "c1-2"},
		} {
			r.Account, r.Direction, r.Created, r.Node = acct, call.OutboundAPI, began, "a"
			if err := h.store.Change(h.Context(), call.Change{Record: r}); err != nil {
				h.Fatal(err)
			}
		}
		time.Sleep(time.Second)
		if _, err := h.desk.CloseBooks(h.Context()); err != nil {
			h.Fatal(err)
		}
		h.want("charges", h.store.charges(), "100 ntt 0s unknown")
		h.want("timeline", h.store.charged(), "unknown over ntt: when it ended is not known")
	}, trunks(priced(ntt, "JPY", yen3m)), func(c *call.Config) { c.Estate = c.Store.(call.Estate) })
}

func TestATrunkThatAnswersTooLateAsksForThatAsWell(t *testing.T) {
	story(t, func(h *house) {
		c, _ := h.place(call.Order{To: tel("+819011112222")})
		silent, second := h.phone(), h.phone()
		second.Ring()
		second.Answer()
		time.Sleep(time.Second)
		silent.Answer() // and is hung up on at once
		time.Sleep(60 * time.Second)
		second.HangUp()
		h.want("price", c.Wait().Price, "0.017 USD")
		h.want("charges", h.store.charges(), "0 ntt 0s 8 JPY, 1 kddi 1m1s 0.017 USD")
	}, trunks(priced(ntt, "JPY", yen3m), priced(kddi, "USD", dollars)), script(func(ctx context.Context, c *call.Call) error { return c.Sleep(ctx, time.Hour) }))
}

// lateTrunk is silent until long after it was given up, and answers then.
type lateTrunk struct{ leg.Dialer }

func (l lateTrunk) Dial(ctx context.Context, to leg.Target, o leg.Options) (leg.Leg, error) {
	if to.URI != overNTT {
		return l.Dialer.Dial(ctx, to, o)
	}
	d := deadLeg{events: make(chan leg.Event, 2)}
	context.AfterFunc(ctx, func() {
		time.Sleep(20 * time.Second)
		now := time.Now()
		d.events <- leg.Event{At: now, Kind: leg.Answered, Status: 200}
		d.events <- leg.Event{At: now.Add(time.Second), Kind: leg.Ended, Cause: leg.HungUp}
		close(d.events)
	})
	return d, nil
}

func (deadLeg) Listen(media.Sink) {}

func TestATrunkThatAnswersAfterTheCallIsOverIsPaidToo(t *testing.T) {
	story(t, func(h *house) {
		c, _ := h.place(call.Order{To: tel("+819011112222"), Attempt: "c1-1"})
		second := h.phone()
		second.Ring()
		second.Answer()
		time.Sleep(time.Second)
		second.HangUp()
		r := c.Wait()
		h.want("price at the end", r.Price, "0.0085 USD")
		time.Sleep(time.Minute)
		h.want("charges", h.store.charges(), "1 kddi 1s 0.0085 USD, 0 ntt 1s 0.008 USD")
		h.want("price", h.store.last().Price, "0.0165 USD")
		h.want("status", h.store.last().Status, call.Completed)
	}, trunks(priced(ntt, "USD", tariff.Row{Price: 8_000, Unit: time.Minute}), priced(kddi, "USD", dollars)),
		script(func(ctx context.Context, c *call.Call) error { return c.Sleep(ctx, time.Hour) }),
		func(c *call.Config) { c.Dialers[number.SIP] = lateTrunk{c.Dialers[number.SIP]} })
}

// A call that comes in costs what the trunk's prices say, where the number says over which trunk.
func TestWhatACallThatComesInCosts(t *testing.T) {
	free := trunk.Trunk{Name: "ntt", Prices: tariff.Table{Currency: "JPY", Inbound: []tariff.Row{{To: []string{"toll-free"}, Price: 33_000_000, Unit: 3 * time.Minute, Attempt: 1_000_000}}}}
	for _, tc := range []struct {
		name, called, from, over string
		answers                  bool
		charges, price           string
	}{
		{"four minutes", "0120444444", "09011112222", "ntt", true, "0 in ntt 4m0s 66 JPY", "66 JPY"},
		{"nobody answers", "0120444444", "09011112222", "ntt", false, "0 in ntt 0s 1 JPY", "1 JPY"},
		{"a hidden number", "0120444444", "anonymous", "ntt", true, "0 in ntt 4m0s 66 JPY", "66 JPY"},
		{"a number that no row has", "05012345678", "09011112222", "ntt", true, "0 in ntt 4m0s unknown", "unknown"},
		{"a telephone of our own", "0120444444", "tanaka", "ntt", true, "", "unknown"},
		{"the number does not say", "0120444444", "09011112222", "", true, "", "unknown"},
		{"a trunk that is gone", "0120444444", "09011112222", "kddi", true, "", "unknown"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			story(t, func(h *house) {
				p := calls(h, "sip:"+tc.called+"@kaden.example", simleg.Incoming{From: "sip:" + tc.from + "@carrier.example"})
				<-p.Over()
				synctest.Wait()
				h.want("charges", h.store.charges(), tc.charges)
				h.want("price", h.store.last().Price.String(), tc.price)
			}, func(c *call.Config) {
				c.Trunks = func() []trunk.Trunk { return []trunk.Trunk{free} }
				c.Numbers = func(string) (account.Number, bool) {
					return account.Number{Account: acct, Trunk: tc.over, TwiML: "<Response/>"}, true
				}
			}, script(func(ctx context.Context, c *call.Call) error {
				if !tc.answers {
					c.Reject(false)
					return nil
				}
				if err := c.Answer(ctx); err != nil {
					return err
				}
				return c.Sleep(ctx, 4*time.Minute)
			}))
		})
	}
}
