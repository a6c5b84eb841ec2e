package loopleg

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/kaden-project/kaden/leg"
	"github.com/kaden-project/kaden/media"
)

// pair is one call between two ends of this house. Its goroutine owns all of it but the inbox.
type pair struct {
	out, in *Leg
	wake    chan struct{} // one place: the inbox has something
	gone    chan struct{} // closed when the goroutine has ended

	state   state
	rang    bool
	tick    time.Time // of the next frame
	ticking bool
	frame   media.Frame

	mu    sync.Mutex
	inbox []func() // from other goroutines, in order
}

type state uint8

const (
	fresh state = iota // nothing but the call
	early              // the called end is heard before the answer
	talking
	ended
)

func newPair(out, in leg.Info) *pair {
	p := &pair{wake: make(chan struct{}, 1), gone: make(chan struct{})}
	p.out, p.in = newLeg(p, out), newLeg(p, in)
	p.out.other, p.in.other = p.in, p.out
	return p
}

// post hands f to the pair's goroutine. It never blocks.
func (p *pair) post(f func()) {
	p.mu.Lock()
	p.inbox = append(p.inbox, f)
	p.mu.Unlock()
	select {
	case p.wake <- struct{}{}:
	default:
	}
}

// run is the pair's goroutine.
func (p *pair) run(ctx context.Context) {
	defer close(p.gone)
	timer := time.NewTimer(time.Hour)
	defer timer.Stop()
	cancelled := ctx.Done()
	for p.state != ended {
		var due <-chan time.Time
		if p.ticking {
			timer.Reset(time.Until(p.tick))
			due = timer.C
		}
		select {
		case <-cancelled:
			cancelled = nil
			p.hangUp(p.out, leg.Canceled, fmt.Sprint(context.Cause(ctx)))
		case <-p.wake:
			p.mu.Lock()
			todo := p.inbox
			p.inbox = nil
			p.mu.Unlock()
			for _, f := range todo {
				if p.state != ended {
					f()
				}
			}
		case <-due:
			p.turn(time.Now())
		}
		p.pace(time.Now())
	}
}

// turn is one frame in each direction.
func (p *pair) turn(now time.Time) {
	for !p.tick.After(now) {
		p.out.say(&p.frame)
		p.in.say(&p.frame)
		p.tick = p.tick.Add(media.Period)
		// A machine that was asleep makes up for three frames, not for a minute.
		if now.Sub(p.tick) > 3*media.Period {
			p.tick = now
		}
	}
}

// pace starts the ticks when there is something to be heard and stops them when there is not.
func (p *pair) pace(now time.Time) {
	p.out.open.Store(p.state == talking)
	p.in.open.Store(p.state == talking || p.state == early)
	sounding := p.out.sounding() || p.in.sounding()
	if sounding && !p.ticking && p.tick.Before(now) {
		p.tick = now
	}
	p.ticking = sounding
}

// ring tells the caller that it rings, or opens the sound before the answer.
func (p *pair) ring(sound bool) {
	if p.state == talking {
		return
	}
	p.rang = true
	if sound && p.state == fresh {
		p.state = early
		p.out.bell.Ring(leg.Event{Kind: leg.EarlyMedia, Status: 183})
		return
	}
	p.out.bell.Ring(leg.Event{Kind: leg.Ringing, Status: 180})
}

func (p *pair) answer() {
	if p.state == talking {
		return
	}
	p.state = talking
	p.in.bell.Ring(leg.Event{Kind: leg.Answered, Status: 200})
	p.out.bell.Ring(leg.Event{Kind: leg.Answered, Status: 200})
}

var statuses = map[leg.Cause]int{
	leg.Busy: 486, leg.Rejected: 603, leg.NoAnswer: 480, leg.Unreachable: 480, leg.Invalid: 404, leg.Congested: 503, leg.Failed: 500, leg.Fault: 403,
}

// hangUp is one end letting go, in whatever way the state asks for.
func (p *pair) hangUp(by *Leg, c leg.Cause, reason string) {
	other := by.other
	switch {
	case p.state == talking:
		p.end(by, leg.Event{Cause: leg.Completed, Reason: reason}, other, leg.Event{Cause: leg.HungUp})
	case !by.info.Inbound:
		p.end(by, leg.Event{Cause: leg.Canceled, Status: 487, Reason: reason}, other, leg.Event{Cause: leg.CallerLeft, Status: 487})
	default:
		if statuses[c] == 0 {
			c = leg.Rejected
		}
		seen := c
		if c == leg.NoAnswer && !p.rang { // 480 before it rang: nobody is there
			seen = leg.Unreachable
		}
		p.end(by, leg.Event{Cause: c, Status: statuses[c], Reason: reason},
			other, leg.Event{Cause: seen, Status: statuses[c], Retry: !p.rang, Reason: "refused by our own number"})
	}
}

// end is the end of both legs, once.
func (p *pair) end(by *Leg, e leg.Event, other *Leg, f leg.Event) {
	if p.state == ended {
		return
	}
	p.state = ended
	for _, l := range []*Leg{by, other} {
		l.open.Store(false)
		l.src = nil
		l.ear.Store(nil)
	}
	e.Kind, f.Kind = leg.Ended, leg.Ended
	by.bell.Ring(e)
	other.bell.Ring(f)
}

// unread is the end of a call of which nobody reads what l tells.
func (p *pair) unread(l *Leg) {
	p.end(l, leg.Event{Cause: leg.Fault, Reason: "nobody reads the events of this leg"}, l.other, leg.Event{Cause: leg.HungUp})
}
