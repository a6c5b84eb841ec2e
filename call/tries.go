package call

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/kaden-project/kaden/leg"
	"github.com/kaden-project/kaden/number"
	"github.com/kaden-project/kaden/timeline"
	"github.com/kaden-project/kaden/trunk"
)

// A call to a telephone number may be tried over several trunks (rule 27).
//
//   - A trunk that refuses before anything has rung is followed by another one at once.
//   - A trunk that says nothing at all, not even 100, is joined by another after 3 s. Then there are two tries.
//     The one that rings first, or is answered, is the call; the other is lost: it is cancelled as soon as its
//     trunk says anything, which is the earliest moment at which SIP allows it.
//   - Whatever happens after something has rung is not tried elsewhere.
//
// All of this is the call's goroutine's; nothing here is touched by another, but for the remains.

// hush is how long a trunk may say nothing before another one joins.
const hush = 3 * time.Second

// try is one leg over one trunk, or to a phone that needs none.
type try struct {
	n      int         // counted from 0; names the leg
	line   trunk.Trunk // Name "" for none
	slot   string      // its channel there, as the store knows it
	leg    leg.Leg
	events <-chan leg.Event // nil when it is over
	stop   context.CancelCauseFunc
	spoke  bool // its trunk has said something
	rang   bool
	picked time.Time // when it was answered; zero: never
	over   time.Time // its last event, of one that outlives its call
	to     string    // whom it calls, where a carrier has sent the call elsewhere; "" is whom the order says
	fate   fate
	lost   bool // another try is the call
}

// fate is what a try has shown of its trunk, as it was told to whoever counts that.
type fate uint8

const (
	open fate = iota
	good
	bad
)

// alive tells whether there is a try that is not over. A nil one is none.
func (t *try) alive() bool { return t != nil && t.events != nil }

// heard is where its events come from; a nil try has none.
func (t *try) heard() <-chan leg.Event {
	if t == nil {
		return nil
	}
	return t.events
}

// await dials if there is a line, ends if there is none to wait for, and else waits for what becomes of its booking.
func (c *Call) await(b *booking) {
	c.booking = b
	c.queued.Store(b)
	select {
	case g := <-b.got:
		c.granted(g)
	default:
	}
}

// waits says what the call waits for.
func (c *Call) waits(b *booking) {
	place := b.place()
	if place == 0 {
		return // no longer
	}
	names := make([]string, len(b.wants))
	for i, t := range b.wants {
		names[i] = t.Name
	}
	c.log.Info("waiting for a line", "trunk", strings.Join(names, " "), "place", place)
	if c.now.alive() {
		return // it is trying elsewhere meanwhile
	}
	text := fmt.Sprintf("waiting for a line on %s, place %d in the queue", strings.Join(names, ", "), place)
	if b.elsewhere() {
		text += "; its channels are taken by other processes on this database, or others wait there for longer"
	}
	c.untold = append(c.untold, c.event(timeline.CallQueued, text)) // worth no commit of its own: Place says it meanwhile
	c.tell(Event{At: time.Now(), Status: Queued, Full: b.full(), Text: text})
}

// Crowded names the trunks of which the call waits for a line now and whose channels are all taken, so that only the end of
// another call helps there. It may be called from any goroutine.
func (c *Call) Crowded() []string {
	if b := c.queued.Load(); b != nil {
		return b.full()
	}
	return nil
}

// unbook gives up waiting for a line.
func (c *Call) unbook() {
	if c.booking != nil {
		c.booking.cancel()
		c.booking = nil
		c.queued.Store(nil)
	}
}

// granted goes on with the line that was waited for.
func (c *Call) granted(g granted) {
	if g.wait {
		c.waits(c.booking)
		return
	}
	c.booking = nil
	c.queued.Store(nil)
	switch {
	case g.down == "":
		c.dial(g.line, g.channel)
	case c.now.alive():
		c.log.Debug("no other trunk can join", "err", g.down)
	case c.refused != nil: // it was refused before, and that is the better word
		c.finish(*c.refused)
	default:
		c.failed(&cannot{leg.Fault, "every trunk that reaches this number is down: " + g.down})
	}
}

// dial sends the INVITE. Nothing is written before the first one: the order is durable, and the phone is to ring.
// Before any other it is written down which legs there are, so that a crash leaves no ghost.
func (c *Call) dial(line trunk.Trunk, channel string) {
	t := &try{n: c.dialled, line: line, slot: channel, to: c.elsewhere}
	c.dialled++
	if line.Name != "" {
		c.tried = append(c.tried, line.Name)
	}
	if !c.now.alive() {
		c.carriedBy(line)
	}
	d, err := c.dialer(line)
	if err == nil {
		if t.n > 0 {
			c.foresee(t)
		}
		var ctx context.Context
		ctx, t.stop = context.WithCancelCause(c.ctx)
		t.leg, err = d.Dial(ctx, c.target(line), leg.Options{ID: c.order.legID(t.n), Beside: c.order.beside, Keep: func(ctx context.Context, r leg.Remains) error {
			return c.remains.keep(ctx, t, r)
		}})
		if err != nil {
			t.stop(nil)
		}
	}
	if err != nil {
		c.undialled(t, err)
		return
	}
	t.events = t.leg.Events()
	if c.now.alive() {
		c.other = c.now
	}
	c.now = t
	c.adopt(t)
	c.carriedBy(line)
	if !c.other.alive() { // else the limit of the first one holds for both
		c.due.Reset(c.order.Setup)
		if line.Name != "" {
			c.silent.Reset(hush)
		}
	}
	if !c.rec.Started.IsZero() {
		return // over another trunk: nobody is told twice that it began
	}
	c.rec.Started = time.Now()
	c.mark(timeline.CallInitiated, Event{Status: Initiated, Trunk: line.Name})
}

// carriedBy notes which trunk carries the call, and what it shows as the caller: that may be left to it.
func (c *Call) carriedBy(line trunk.Trunk) {
	c.rec.Trunk = line.Name
	if shown := c.order.shows(line); shown != "" {
		c.rec.From = shown
	}
}

// undialled is a try that did not come about.
func (c *Call) undialled(t *try, err error) {
	hungUp := c.ctx.Err() != nil // before it began; run notices
	e := leg.Event{At: time.Now(), Kind: leg.Ended, Cause: leg.Fault, Reason: err.Error(), Retry: true}
	if !hungUp {
		c.judge(t, e)
	}
	c.yield(t)
	switch {
	case hungUp, t.line.Name != "" && c.another(t, e), c.now.alive():
	default:
		c.failed(err)
	}
}

// adopt makes a try's leg the one that is listened to and spoken on.
func (c *Call) adopt(t *try) {
	if c.leg == t.leg {
		return
	}
	if c.leg != nil {
		c.unlisten(false)
		c.leg.Listen(nil)
	}
	c.leg = t.leg
	c.ears.at(t.leg)
}

// another tries the next trunk, if there is one, after t was refused before anything rang.
func (c *Call) another(t *try, e leg.Event) bool {
	wants := c.others()
	if len(wants) == 0 {
		return false
	}
	c.log.Warn("trunk refused, trying another", "trunk", t.line.Name, "cause", e.Cause, "sip", e.Status, "err", e.Reason)
	c.refused = &e
	c.await(c.book(wants))
	return true
}

// others are the trunks that may still be tried, the best first.
func (c *Call) others() []trunk.Trunk {
	if c.order.To.Scheme != number.Tel || c.own {
		return nil
	}
	wants, err := c.desk.candidates(c.order, c.tried)
	if err != nil {
		return nil
	}
	return wants
}

// silence is when the trunk has said nothing for too long: another one joins.
func (c *Call) silence() {
	if c.ending != nil || c.booking != nil || c.rang || !c.now.alive() || c.now.spoke || c.other.alive() {
		return
	}
	c.broke(c.now, fmt.Sprintf("not a word within %v (check its address and the firewall)", hush), 0)
	wants := c.others()
	if len(wants) == 0 {
		return
	}
	c.log.Warn("trunk says nothing, another one joins", "trunk", c.now.line.Name)
	c.await(c.book(wants))
}

// happened follows one event of a try.
func (c *Call) happened(t *try, e leg.Event) {
	t.hears(e)
	switch e.Kind {
	case leg.Trying:
		if t.lost {
			t.stop(errOtherTrunk)
		}
	case leg.Ringing, leg.EarlyMedia:
		c.judge(t, e)
		again := t.rang
		if t.rang = true; t.lost {
			if !again {
				c.doubleRing(t)
			}
			return
		}
		c.choose(t)
		c.ringing(e)
		c.forwarded(e)
		if e.Kind == leg.EarlyMedia {
			c.listenTo(t)
		}
	case leg.Answered:
		c.judge(t, e)
		if t.lost && !c.rec.Answered.IsZero() {
			c.doubleRing(t)
			return
		}
		c.choose(t) // whoever has picked up is there, whichever rang first
		c.replied(t.leg, e)
		c.answered(e)
	case leg.Digit:
		if t == c.now {
			c.digit(e)
		}
	case leg.Referred:
		if t == c.now {
			c.referred(e)
		}
	case leg.ReferProgress:
		c.transferring(e)
	case leg.Held:
		if t == c.now {
			c.holds.say(e.On)
		}
	case leg.Ended:
		c.judge(t, e)
		if c.rec.Answered.IsZero() {
			c.replied(t.leg, e)
		}
		c.ended(t, e)
	}
}

var errOtherTrunk = errors.New("another trunk carries the call")

// choose makes t the call. The other one, if there is one, is lost.
func (c *Call) choose(t *try) {
	c.unbook() // no other trunk need join any more
	if t != c.now {
		c.now, c.other = t, c.now
	}
	t.lost = false
	c.carriedBy(t.line)
	c.adopt(t)
	if c.other.alive() && !c.other.lost {
		c.other.lost = true
		if c.other.spoke {
			c.other.stop(errOtherTrunk)
		}
	}
}

// doubleRing ends a lost try that has reached the phone all the same, and says so.
func (c *Call) doubleRing(t *try) {
	t.stop(errOtherTrunk)
	e := c.loud(timeline.CallDoubleRing, fmt.Sprintf("the phone may have rung twice: over %s, and late over %s", c.now.line.Name, t.line.Name))
	c.log.Warn("double ring", "trunk", c.now.line.Name, "late", t.line.Name)
	c.untold = append(c.untold, e)
	c.write()
}

// ended is a leg's last word: the end of the call, unless another try goes on or another trunk may carry it.
func (c *Call) ended(t *try, e leg.Event) {
	c.paid(t, e.At)
	c.yield(t)
	left := c.other // the other try
	if t == c.other {
		c.other, left = nil, c.now
	}
	elsewhere := e.Retry && causes[e.Cause].other
	switch {
	case !left.alive() && c.moved(t, e):
	case t.lost:
	case c.ending != nil || !c.rec.Answered.IsZero() || c.rang:
		c.finish(e)
	case left.alive() && (elsewhere || left.spoke):
		// It goes on there; and busy may mean no more than that the other is about to ring.
		c.now, c.other = left, nil
		c.carriedBy(left.line)
		c.adopt(left)
		if elsewhere {
			c.another(t, e)
		}
	case left.alive(): // a plain word, and the other trunk says nothing
		c.finish(e)
	case elsewhere && c.booking != nil: // another one is about to join
		c.refused = &e
	case elsewhere && c.another(t, e):
	default:
		c.finish(e)
	}
}

// yield gives a try's line back.
func (c *Call) yield(t *try) {
	t.events = nil
	c.remains.forget(t)
	if t.line.Name == "" {
		return
	}
	if t.fate == open {
		c.desk.lines.undecided(t.line.Name)
	}
	c.desk.lines.release(t.line.Name, t.slot)
}

// release lets go of what is left of the call's tries. One that still waits for its trunk to say something is
// watched until it is over, without holding anybody up.
func (c *Call) release() {
	c.unbook()
	for _, t := range []*try{c.now, c.other} {
		if !t.alive() {
			continue
		}
		t.stop(errOtherTrunk)
		events, line := t.events, t.line.Name
		t.events = nil
		late := *t
		if t.fate == open {
			c.desk.lines.undecided(line)
		}
		c.desk.working.Add(1)
		go func() {
			defer c.desk.working.Done()
			for e := range events {
				late.hears(e)
				late.over = e.At
			}
			c.desk.lines.release(line, late.slot)
			c.paidLate(&late)
		}()
	}
}

// judge tells how a trunk has fared with a try. One that was taken for dead may turn out to be slow.
func (c *Call) judge(t *try, e leg.Event) {
	switch {
	case t.line.Name == "" || t.fate == good || e.Kind == leg.Ended && t.fate == bad:
	case e.Kind != leg.Ended, e.Target != "": // it carries calls, or has sent this one elsewhere
		c.worked(t)
	case e.Retry && causes[e.Cause].other:
		c.broke(t, remedied(e), e.RetryAfter)
	case e.Cause == leg.Canceled: // we gave up before it could tell
		if e.Retry && c.ending != nil && c.ending.Cause == leg.Unreachable {
			c.broke(t, remedied(e), 0)
		}
	default: // somebody out there has said no
		c.worked(t)
	}
}

func (c *Call) worked(t *try) {
	t.fate = good
	if c.desk.lines.worked(t.line.Name) {
		c.notice("trunk-back", fmt.Sprintf("trunk %s works again", t.line.Name))
	}
}

func (c *Call) broke(t *try, why string, asked time.Duration) {
	t.fate = bad
	if down := c.desk.lines.failed(t.line.Name, why, asked); down != "" {
		c.notice("trunk-down", fmt.Sprintf("trunk %s is down: %s", t.line.Name, down))
	}
}

// notice says something loud about a trunk, once for all calls.
func (c *Call) notice(cause, text string) {
	c.log.Error("notice raised", "cause", cause, "text", text)
	e := c.loud(timeline.NoticeRaised, text)
	e.Cause = cause
	c.untold = append(c.untold, e)
}

// loud is an event for the alert's timeline as well.
func (c *Call) loud(k timeline.Kind, text string) timeline.Event {
	e := c.event(k, text)
	e.Alert, e.Callout = c.order.Alert, c.order.Callout
	return e
}

// Place is the call's place in the queue for a line, counted from 1; 0 if it does not wait.
func (c *Call) Place() int {
	if b := c.queued.Load(); b != nil {
		return b.place()
	}
	return 0
}
