package call

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/kaden-project/kaden/account"
	"github.com/kaden-project/kaden/leg"
	"github.com/kaden-project/kaden/media"
	"github.com/kaden-project/kaden/number"
	"github.com/kaden-project/kaden/sid"
	"github.com/kaden-project/kaden/timeline"
	"github.com/kaden-project/kaden/trunk"
)

// Accept takes a leg that called us. What runs on it is looked up by the number it called; nobody's
// number is refused (404). It returns at once.
func (d *Desk) Accept(l leg.Leg) {
	i := l.Info()
	if host, ok := d.visited(i); ok {
		d.enter(l, host)
		return
	}
	called := userOf(i.To)
	if to := party(i.To); strings.HasPrefix(to, "+") {
		called = to // however it was spelled
	}
	refuse := func(c leg.Cause) {
		d.log.Info("inbound call refused", "leg", i.CallID, "cause", c)
		_ = l.Hangup(d.ctx, c)
		go func() { // the contract of a leg: somebody reads its events
			for range l.Events() {
			}
		}()
	}
	n, from, to, ok := d.answers(i, called)
	if !ok {
		refuse(leg.Invalid)
		return
	}
	now := time.Now()
	r := Record{
		SID: sid.New[sid.Call](), Account: n.Account, Direction: Inbound,
		From: from, To: to, Status: Ringing,
		Program:  Program{URL: n.URL, Method: n.Method, TwiML: n.TwiML, FallbackURL: n.FallbackURL, FallbackMethod: n.FallbackMethod},
		Callback: Callback{URL: n.StatusCallback, Method: n.StatusCallbackMethod},
		Created:  now, Updated: now, Started: now, Node: d.cfg.Node,
	}
	o := Order{SID: r.SID, Account: r.Account, Direction: Inbound, Domain: n.Domain}.complete()
	door, why := n.DoorFor(r.From)
	if (door == account.Screen || door == account.Named) && d.cfg.Screen != nil {
		o.Script = screened
	}
	over := d.bringer(n, r, i)
	r.Trunk = over.Name
	c := d.newCall(r, o)
	c.nested, c.over, c.door = depth(i), over, door
	c.tones.Store(d.byTones(i))
	if !d.admit(c) {
		c.stop(nil)
		refuse(leg.Congested)
		return
	}
	c.leg = l
	c.ears.at(l)
	if door == account.Reject || door == account.Busy {
		go c.run(func() { c.turnAway(door, why) })
		return
	}
	go c.run(c.arrive)
}

// answers finds what answers a leg, and who is who in Twilio's form. Calls of our own phones keep their SIP addresses,
// as at Twilio.
func (d *Desk) answers(i leg.Info, called string) (n account.Number, from, to string, ok bool) {
	if i.Phone != "" && d.cfg.Phones != nil {
		n, ok = d.cfg.Phones(i)
		from = "sip:" + i.Phone
		if strings.HasPrefix(i.Phone, "@") { // let in for its address
			from = bare(i.From)
		}
		return n, from, bare(i.To), ok
	}
	if d.cfg.Numbers != nil {
		n, ok = d.cfg.Numbers(called)
	}
	return n, party(i.From), party(i.To), ok
}

// bringer is the trunk that asks for a call to a number of ours, none where nothing is asked: calls within the house,
// and from telephones of our own.
func (d *Desk) bringer(n account.Number, r Record, i leg.Info) trunk.Trunk {
	outside := strings.HasPrefix(r.From, "+") || number.Withheld(r.From)
	if n.Trunk == "" || !outside || i.Phone != "" || depth(i) > 0 || d.cfg.Trunks == nil {
		return trunk.Trunk{}
	}
	for _, t := range d.cfg.Trunks() {
		if t.Name == n.Trunk && len(t.Prices.Inbound) > 0 {
			return t
		}
	}
	return trunk.Trunk{}
}

// byTones tells whether a leg came over a trunk whose keys are tones in the sound.
func (d *Desk) byTones(i leg.Info) bool {
	return i.Line != "" && d.cfg.Trunks != nil &&
		slices.ContainsFunc(d.cfg.Trunks(), func(t trunk.Trunk) bool { return t.Name == i.Line && t.InBandDTMF })
}

// InBand tells whether the call's keys are heard as tones in the sound, where a voice can make one, too (rule 19): the last
// one was, or the trunk says so. It may be called from any goroutine.
func (c *Call) InBand() bool { return c.tones.Load() }

// came is the one try of a call that came in: nobody else carries it.
func came(l leg.Leg) *try { return &try{leg: l, events: l.Events(), stop: func(error) {}} }

// turnAway refuses a call that nobody is to hear of.
func (c *Call) turnAway(door account.Door, why string) {
	c.now = came(c.leg)
	cause := leg.Rejected
	if door == account.Busy {
		cause = leg.Busy
	}
	c.stop(&Ending{cause, why})
}

// Door is what became of a caller before anything else happened; "" for calls that we place.
func (c *Call) Door() account.Door { return c.door }

// Introduce keeps the name that the caller has said, for those who are called next.
func (c *Call) Introduce(name *media.Clip) { c.name.Store(name) }

// Introduction is the name that the caller has said; nil: none was asked for.
func (c *Call) Introduction() *media.Clip { return c.name.Load() }

// screened is the script of a caller who has to press a key before the program runs.
func screened(ctx context.Context, c *Call) error {
	if err := c.Answer(ctx); err != nil {
		return err
	}
	passed, err := c.desk.cfg.Screen(ctx, c)
	if err != nil || !passed {
		c.log.Info("caller not put through", "from", masked(c.Record().From), "err", err)
		return err
	}
	c.ForgetKeys()
	if c.desk.cfg.Script == nil {
		return nil
	}
	return c.desk.cfg.Script(ctx, c)
}

// arrive starts an inbound call: it rings, and its program decides whether it is answered.
func (c *Call) arrive() {
	c.now = came(c.leg)
	if err := c.leg.Ring(c.ctx, false); err != nil {
		c.log.Warn("ringing was not shown to the caller", "err", err)
	}
	c.mark(timeline.CallRinging, Event{Status: Ringing})
	c.startScript()
}

// Answer picks an inbound call up and returns when that is written. It does nothing for a call that is
// answered. For scripts.
func (c *Call) Answer(ctx context.Context) error {
	select {
	case <-c.picked:
		return nil
	default:
	}
	if err := c.leg.Answer(ctx); err != nil {
		return err
	}
	select {
	case <-c.picked:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// Reject refuses an inbound call that is not answered, as busy or with a no; one that is, it hangs up.
// For scripts; their ctx ends.
func (c *Call) Reject(busy bool) {
	cause := leg.Rejected
	if busy {
		cause = leg.Busy
	}
	c.stop(&Ending{cause, "rejected by the program"})
}
