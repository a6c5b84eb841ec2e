package call

import (
	"time"

	"github.com/kaden-project/kaden/leg"
	"github.com/kaden-project/kaden/number"
	"github.com/kaden-project/kaden/sid"
	"github.com/kaden-project/kaden/tariff"
	"github.com/kaden-project/kaden/timeline"
)

// Charge is what a carrier asks for one leg that has ended. A call that was tried on several trunks has one for
// each.
type Charge struct {
	Call    sid.Call
	Leg     int // counted from 0, in the order in which they were dialled
	Account sid.Account
	Attempt string // as in Record
	Trunk   string
	Inbound bool          // it came in
	At      time.Time     // the end
	Talked  time.Duration // from the answer to the end, whole milliseconds; 0 without an answer
	Cost    tariff.Money  // zero: not known
}

// hears takes note of what a try shows of its costs. That our own CANCEL was heard is no sign that a telephone was
// looked for.
func (t *try) hears(e leg.Event) {
	t.spoke = t.spoke || e.Kind != leg.Ended || e.Status != 0 && e.Cause != leg.Canceled
	if e.Kind == leg.Answered && t.picked.IsZero() {
		t.picked = e.At
	}
}

// paid notes what a try has cost, now that it has ended. Without a trunk it cost nothing, nor where the carrier never
// said anything. The call's Price is the sum, in the currency of the one that carried it; what another carrier asked
// in another currency is in its Charge. With a leg that nobody can price, the sum is not known either.
func (c *Call) paid(t *try, at time.Time) {
	if c.over.Name != "" {
		c.paidIn(t, at)
		return
	}
	if t.line.Name == "" || !t.spoke {
		return
	}
	l := tariff.Leg{To: c.order.To.Number}
	if !t.picked.IsZero() { // as it is kept, so that it can be worked out again from there
		l.Answered, l.Talked = true, at.Truncate(time.Millisecond).Sub(t.picked.Truncate(time.Millisecond))
	}
	cost, words := t.line.Prices.Cost(l)
	c.charged(Charge{Leg: t.n, Trunk: t.line.Name, At: at, Talked: l.Talked, Cost: cost}, t.line.Prices.Currency == "", words)
}

// paidIn is paid for a call that came in: the carrier asks for it by the number of ours that was called.
func (c *Call) paidIn(t *try, at time.Time) {
	l := tariff.Leg{To: number.Number(c.rec.To)}
	if !t.picked.IsZero() {
		l.Answered, l.Talked = true, at.Truncate(time.Millisecond).Sub(t.picked.Truncate(time.Millisecond))
	}
	prices := c.over.Prices.In()
	cost, words := prices.Cost(l)
	c.charged(Charge{Trunk: c.over.Name, At: at, Talked: l.Talked, Cost: cost}, false, words)
}

// paidLate is paid for a try that was over after its call: another trunk carried that.
func (c *Call) paidLate(t *try) {
	<-c.done
	c.late.Lock()
	defer c.late.Unlock()
	if c.paid(t, t.over); len(c.charges) > 0 {
		_ = c.write() // it is logged
	}
}

// charged takes a charge into the call's record, and onto its timeline unless it is quiet.
func (c *Call) charged(ch Charge, quiet bool, words string) {
	ch.Call, ch.Account, ch.Attempt, ch.Inbound = c.id, c.rec.Account, c.order.Attempt, c.rec.Direction == Inbound
	c.charges = append(c.charges, ch)
	switch p := &c.rec.Price; {
	case !ch.Cost.Known() || c.unpriced:
		*p, c.unpriced = tariff.Money{}, true
	case ch.Cost.Currency == p.Currency:
		p.Amount += ch.Cost.Amount
	case p.Known() && c.rec.Status.Over(): // of a trunk that came late, in another currency than the one that carried it
	default:
		*p = ch.Cost
	}
	if quiet {
		return
	}
	ev := c.loud(timeline.CallCharged, ch.Cost.String()+" over "+ch.Trunk+": "+words)
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
	c.charged(Charge{Leg: lostLeg, Trunk: c.rec.Trunk, At: c.rec.Ended}, false, "when it ended is not known")
}
