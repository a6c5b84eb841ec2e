package call

import (
	"context"
	"fmt"
	"time"

	"github.com/kaden-project/kaden/leg"
	"github.com/kaden-project/kaden/timeline"
)

// event is a timeline event of this call.
func (c *Call) event(k timeline.Kind, text string) timeline.Event {
	return timeline.Event{At: time.Now().UTC(), Kind: k, Call: string(c.id), Attempt: c.order.Attempt, Text: text}
}

// mark is a change of state: written down with its timeline event and its callback, and then told.
// The record has its new state already.
func (c *Call) mark(k timeline.Kind, e Event) {
	if e.At.IsZero() {
		e.At = time.Now()
	}
	e.Trunk = c.rec.Trunk
	ev := c.event(k, e.Text)
	ev.At, ev.Cause = e.At.UTC(), string(e.Cause)
	c.untold = append(c.untold, ev)
	c.callback(e)
	if news[k] && c.rec.Direction != Inbound || !c.rec.Answered.IsZero() && k == timeline.CallEnded {
		c.writeSoon()
	} else {
		c.write()
	}
	c.tell(e)
}

// news are changes of state on which nobody acts. Of a call that comes in they stand before our own answer, which would
// wait for them.
var news = map[timeline.Kind]bool{timeline.CallInitiated: true, timeline.CallRinging: true}

// firstHeard notes when the far end was heard for the first time, for a call that was answered. It goes with
// the end: it is worth no commit of its own.
func (c *Call) firstHeard() {
	h, ok := c.leg.(leg.Hearer)
	if !ok || c.rec.Answered.IsZero() {
		return
	}
	at := h.FirstHeard()
	e := c.event(timeline.CallHeard, "nothing was ever heard")
	if !at.IsZero() {
		e.At, e.Text = at.UTC(), fmt.Sprintf("first sound %d ms after the answer", max(0, at.Sub(c.rec.Answered).Milliseconds()))
	}
	c.untold = append(c.untold, e)
}

// fared notes how the sound was on its way. It goes with the end, as well.
func (c *Call) fared() {
	if m, ok := c.leg.(leg.Measured); ok {
		c.rec.Sound = m.Sound()
	}
}

// markEnd is mark for the end: the write is tried for as long as a teardown may take, because there is no
// later one that would carry it, and after that beside all else.
func (c *Call) markEnd(e Event) {
	c.mark(timeline.CallEnded, e)
	for wait := 50 * time.Millisecond; len(c.untold) > 0 && wait < patience/2; wait *= 2 {
		time.Sleep(wait)
		c.write()
	}
	if len(c.untold) > 0 {
		c.log.Error("the end of the call was not written; trying on", "status", c.rec.Status, "cause", c.rec.Cause)
		c.poster.add(c, c.posts) // the owner is told all the same
		c.posts = nil
		c.desk.posting.Add(1)
		go c.endLater()
	}
}

// endLater writes the end of a call once the store takes it, however long that is: the call would be in progress else
// until the next start.
func (c *Call) endLater() {
	defer c.desk.posting.Done()
	<-c.done
	for pause := time.Second; ; pause = min(2*pause, endAgain) {
		select {
		case <-time.After(pause):
		case <-c.desk.posts.Done():
			return // the next start closes its books
		}
		if c.written() {
			return
		}
	}
}

// endAgain is how often that is tried in the end.
const endAgain = 30 * time.Second

// written tells whether all there is to be written of a call that is over is.
func (c *Call) written() bool {
	c.late.Lock()
	defer c.late.Unlock()
	return len(c.untold) == 0 || c.write() == nil
}

// write puts the record and what is pending in the store. A store that fails does not end a call that
// somebody is listening to: the change stays pending and goes with the next one.
func (c *Call) write() error { return c.put(false) }

// writeSoon is write for what nobody waits for.
func (c *Call) writeSoon() { _ = c.put(true) } // it is logged

func (c *Call) put(soon bool) error {
	c.rec.Updated = time.Now()
	if c.rec.Status.Over() {
		c.rec.Remains = nil
	}
	ctx, stop := context.WithTimeout(context.WithoutCancel(c.ctx), patience)
	defer stop()
	err := c.desk.cfg.Store.Change(ctx, Change{Record: c.rec, Events: c.untold, Posts: c.posts, Charges: c.charges, Soon: soon})
	if err != nil {
		c.log.Error("change of the call not written", "status", c.rec.Status, "err", err)
	} else {
		c.poster.add(c, c.posts)
		c.untold, c.posts, c.charges = nil, nil, nil
	}
	r := c.rec
	c.shown.Store(&r)
	return err
}

// keep writes down with the record what ends its legs after a crash.
func (c *Call) keep(ctx context.Context) error {
	written := make(chan error, 1)
	c.post(func() {
		c.rec.Remains = c.remains.list()
		written <- c.write()
	})
	select {
	case err := <-written:
		return err
	case <-c.done:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

func (c *Call) tell(e Event) {
	if c.order.Heard != nil {
		c.order.Heard(e)
	}
}

// summary is the one line that says all about a call.
func (c *Call) summary() {
	r := c.rec
	since := func(from, to time.Time) float64 {
		if from.IsZero() || to.IsZero() {
			return 0
		}
		return to.Sub(from).Round(10 * time.Millisecond).Seconds()
	}
	until := r.Answered
	if until.IsZero() {
		until = r.Ended
	}
	log := c.log
	if how := r.Sound.String(); how != "" {
		log = log.With("sound", how)
	}
	log.Info("call ended",
		"direction", r.Direction, "from", masked(r.From), "to", masked(r.To), "trunk", r.Trunk,
		"status", r.Status, "cause", r.Cause, "sip", r.SIPStatus,
		"waited", since(r.Created, r.Started), "rang", since(c.rangAt, until), "talked", since(r.Answered, r.Ended),
		"keys", c.keyCount, "trunks", max(1, len(c.tried)), "price", r.Price.String())
}
