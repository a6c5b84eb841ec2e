package call

import (
	"context"
	"errors"
	"time"

	"github.com/kaden-project/kaden/leg"
	"github.com/kaden-project/kaden/number"
	"github.com/kaden-project/kaden/timeline"
)

// run is the call's goroutine. begin starts it off; everything after that is an answer to what happens.
func (c *Call) run(begin func()) {
	defer c.desk.working.Done()
	c.due = time.NewTimer(time.Hour)
	c.due.Stop()
	c.silent = time.NewTimer(time.Hour)
	c.silent.Stop()
	cancelled := c.ctx.Done()
	begin()
	for !c.rec.Status.Over() {
		var booked <-chan granted
		if c.booking != nil {
			booked = c.booking.got
		}
		select {
		case <-cancelled:
			cancelled = nil
			c.letGo()
		case <-c.wake:
			for _, f := range c.posted() {
				f()
			}
		case g := <-booked:
			c.granted(g)
		case e, ok := <-c.now.heard():
			c.follow(c.now, e, ok)
		case e, ok := <-c.other.heard():
			c.follow(c.other, e, ok)
		case <-c.silent.C:
			c.silence()
		case <-c.due.C:
			c.overdue()
		case err := <-c.running:
			c.scriptEnded(err)
		}
	}
	c.due.Stop()
	c.silent.Stop()
	c.stop(&Ending{c.rec.Cause, "the call is over"})
	c.awaitScript()
	c.tapes.stop()
	c.streams.stop()
	c.summary()
	c.desk.leave(c)
	close(c.done)
}

// follow takes one event of a try, or the end of its events.
func (c *Call) follow(t *try, e leg.Event, ok bool) {
	switch {
	case ok:
		c.happened(t, e)
	case t == c.now:
		c.lost("the leg's events stopped without an end")
	default:
		c.yield(t)
		c.other = nil
	}
}

func (c *Call) ringing(e leg.Event) {
	if c.rang || c.ending != nil || c.rec.Direction == Inbound {
		return
	}
	c.rang, c.rangAt = true, e.At
	c.due.Reset(c.ringLimit(e.At))
	c.rec.Status = Ringing
	c.mark(timeline.CallRinging, Event{At: e.At, Status: Ringing, SIP: e.Status})
}

// ringLimit is how long it may ring from the first 18x on. Where Setup is as long as Ring, both count
// from the dialling: that is Twilio's Timeout.
func (c *Call) ringLimit(rang time.Time) time.Duration {
	if c.order.Setup >= c.order.Ring && !c.rec.Started.IsZero() {
		return c.rec.Started.Add(c.order.Ring).Sub(rang)
	}
	return c.order.Ring
}

func (c *Call) answered(e leg.Event) {
	if !c.rec.Answered.IsZero() {
		return
	}
	c.rec.Answered = e.At
	if c.ending != nil {
		return // it crossed our CANCEL; the leg hangs up
	}
	c.due.Reset(time.Until(e.At.Add(c.order.TimeLimit)))
	c.rec.Status = InProgress
	news := Event{At: e.At, Status: InProgress, SIP: e.Status}
	if c.now != nil && c.rec.Direction != Inbound {
		news.Unsure = c.now.line.Unreliable
		c.tones.Store(c.now.line.InBandDTMF)
	}
	news.InBand = c.tones.Load()
	c.mark(timeline.CallAnswered, news)
	c.pickedAt = e.At
	close(c.picked)
	if o := c.order.Tape; o != nil {
		if _, err := c.Tape(*o); err != nil {
			c.log.Error("the call is not recorded", "err", err)
		}
	}
	c.detect()
	c.listenOn(c.now)
	if c.rec.Direction != Inbound && !c.ear.blocks() {
		c.startScript()
	}
}

// deaf is the time after the answer in which keys are not taken: the answer itself may be one, and
// lines click (rule 19).
const deaf = 700 * time.Millisecond

func (c *Call) digit(e leg.Event) {
	if c.rec.Status != InProgress || c.ending != nil {
		return
	}
	if e.At.Sub(c.rec.Answered) < deaf {
		c.log.Debug("key ignored: too soon after the answer", "after", e.At.Sub(c.rec.Answered))
		return
	}
	c.keyCount++
	c.tones.Store(e.InBand)
	// Whoever acts on a key writes that down himself. He hears of it before he can read it, so that he knows how it was heard.
	c.tell(Event{At: e.At, Status: InProgress, Digit: e.Digit, InBand: e.InBand})
	select {
	case c.keys <- e.Digit:
	default: // nobody reads them: the newest count
		select {
		case <-c.keys:
		default:
		}
		c.keys <- e.Digit
	}
	how := ""
	if e.InBand {
		how = "a tone in the sound"
	}
	ev := c.event(timeline.CallDigit, how)
	ev.At, ev.Digit = e.At, e.Digit
	c.untold = append(c.untold, ev)
	c.write() // not soon: what the script does about the key comes to this goroutine, and would wait
}

// overdue is when the state has waited long enough.
func (c *Call) overdue() {
	switch {
	case c.ending != nil && !c.pushed:
		// The leg was to end by itself. Once more, in so many words, and then the call is over anyway.
		c.pushed = true
		c.due.Reset(time.Second)
		_ = c.now.leg.Hangup(context.WithoutCancel(c.ctx), c.ending.Cause)
	case c.ending != nil:
		c.lost("the leg did not end within its time")
	case !c.rec.Answered.IsZero():
		c.stop(&Ending{leg.Completed, "time limit of the call"})
	case c.rang:
		c.stop(&Ending{leg.NoAnswer, "ring time is over"})
	default:
		c.stop(&Ending{leg.Unreachable, "nothing rang within the set-up limit"})
	}
}

// letGo ends the call from our side: the cause of ctx says why.
func (c *Call) letGo() {
	c.isEnding()
	c.unbook()
	if !c.now.alive() {
		c.finish(leg.Event{At: time.Now(), Kind: leg.Ended, Cause: leg.Canceled})
		return
	}
	// A leg that we dialled lives in ctx and is ending by now, its reason on the wire.
	if c.rec.Direction == Inbound {
		_ = c.leg.Hangup(context.WithoutCancel(c.ctx), c.ending.Cause)
	}
	c.due.Reset(patience)
}

// isEnding notes why we end the call.
func (c *Call) isEnding() {
	why := context.Cause(c.ctx)
	if !errors.As(why, &c.ending) {
		c.ending = &Ending{leg.Completed, why.Error()}
	}
}

// lost is a leg that does not keep its contract.
func (c *Call) lost(what string) {
	c.log.Error("leg lost", "err", what)
	c.paid(c.now, time.Now())
	c.yield(c.now)
	c.finish(leg.Event{At: time.Now(), Kind: leg.Ended, Cause: leg.Fault, Reason: what})
}

// finish is the end of the call, whatever it was.
func (c *Call) finish(e leg.Event) {
	if c.ending == nil && c.ctx.Err() != nil { // the leg has heard of it before this goroutine
		c.isEnding()
	}
	c.unlisten(false)
	c.release()
	answered := !c.rec.Answered.IsZero()
	cause := e.Cause
	if c.ending != nil && !answered && e.Cause == leg.Canceled {
		switch c.ending.Cause {
		case leg.NoAnswer, leg.Unreachable, leg.Fault, leg.Busy:
			cause = c.ending.Cause
		}
	}
	if c.lied != "" && e.Cause == leg.Completed {
		cause = c.lied // what answered has said so by ear
	}
	silent := cause == leg.Unreachable && e.Cause == leg.Canceled && e.Retry && c.order.To.Scheme == number.Tel
	if silent { // not even the trunk spoke: nobody who was called is to blame (rule 7)
		cause = leg.Fault
	}
	byUs := c.ending != nil && !silent && (e.Cause == leg.Completed || e.Cause == leg.Canceled)
	reason := e.Reason
	if byUs {
		reason = c.ending.Reason
	}
	c.rec.Status = StatusOf(c.rec.Direction, cause, answered)
	c.rec.Cause, c.rec.SIPStatus, c.rec.Ended = cause, e.Status, e.At
	c.undetected()
	c.firstHeard()
	c.fared()
	c.markEnd(Event{At: e.At, Status: c.rec.Status, Cause: cause, SIP: e.Status, ByUs: byUs, Text: reason})
}
