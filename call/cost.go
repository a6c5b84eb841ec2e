package call

import (
	"time"

	"github.com/kaden-project/kaden/leg"
	"github.com/kaden-project/kaden/sid"
	"github.com/kaden-project/kaden/tariff"
	"github.com/kaden-project/kaden/timeline"
	"github.com/kaden-project/kaden/trunk"
)

// Charge is what a carrier asks for one leg that has ended. A call that was tried on several trunks has one for
// each.
type Charge struct {
	Call    sid.Call
	Leg     int // counted from 0, in the order in which they ended
	Account sid.Account
	Attempt string // as in Record
	Trunk   string
	At      time.Time     // the end
	Talked  time.Duration // from the answer to the end, whole milliseconds; 0 without an answer
	Cost    tariff.Money  // zero: not known
}

// settle charges for a leg that is over. A carrier that never said anything has done nothing, and asks for nothing.
func (c *Call) settle(t *try, e leg.Event) {
	if e.Status != 0 || t.spoke {
		c.charge(t.line, t == c.now && !c.rec.Answered.IsZero(), e.At)
	}
}

// charge notes what the leg on line t has cost, now that it has ended. Legs that left no trunk cost nothing. The
// call's Price is their sum, in the currency of the last one; what another carrier asked in another currency is in
// its Charge. With a leg that nobody can price, the sum is not known either.
func (c *Call) charge(t trunk.Trunk, answered bool, at time.Time) {
	if t.Name == "" {
		return
	}
	l := tariff.Leg{To: c.order.To.Number}
	if answered { // as it is kept, so that it can be worked out again from there
		l.Answered, l.Talked = true, at.Truncate(time.Millisecond).Sub(c.rec.Answered.Truncate(time.Millisecond))
	}
	cost, words := t.Prices.Cost(l)
	c.charged(Charge{Trunk: t.Name, At: at, Talked: l.Talked, Cost: cost}, t.Prices.Currency == "", words)
}

// charged takes a charge into the call's record, and onto its timeline unless it is quiet.
func (c *Call) charged(ch Charge, quiet bool, words string) {
	ch.Call, ch.Leg, ch.Account, ch.Attempt = c.id, c.legs, c.rec.Account, c.order.Attempt
	c.legs++
	c.charges = append(c.charges, ch)
	switch p := &c.rec.Price; {
	case !ch.Cost.Known() || c.unpriced:
		*p, c.unpriced = tariff.Money{}, true
	case ch.Cost.Currency == p.Currency:
		p.Amount += ch.Cost.Amount
	case p.Known() && ch.Talked == 0 && !c.rec.Answered.IsZero(): // of a trunk that did not carry it, let go at the end
	default:
		*p = ch.Cost
	}
	if quiet {
		return
	}
	ev := c.event(timeline.CallCharged, ch.Cost.String()+" over "+ch.Trunk+": "+words)
	ev.At = ch.At.UTC()
	c.untold = append(c.untold, ev)
}

// lostLeg is the number of the leg that was up when this process died: those before it are not known any more.
const lostLeg = 100

// chargeLost is charge for a call whose end nobody saw: what it cost is not known.
func (c *Call) chargeLost() {
	if c.rec.Trunk == "" {
		return
	}
	c.legs = lostLeg
	c.charged(Charge{Trunk: c.rec.Trunk, At: c.rec.Ended}, false, "when it ended is not known")
}
