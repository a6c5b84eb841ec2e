package simleg

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/kaden-project/kaden/leg"
	"github.com/kaden-project/kaden/media"
)

// line is one call between our end ([Leg]) and the far end ([Phone]). Its goroutine owns all of it but
// the inbox and the view.
type line struct {
	info   leg.Info
	keep   func(context.Context, leg.Remains) error
	inBand bool // keys are heard as tones
	bell   *leg.Bell
	wake   chan struct{} // one place: the inbox has something
	gone   chan struct{} // closed when the goroutine has ended
	born   time.Time

	state    state
	rang     bool
	calendar []entry // by time, then by order of entry
	script   []Action
	transfer []int             // what it says of a transfer that we ask for; nil: it is moved by hand
	asked    *referral         // the phone asks us; nil: it has not
	asks     *referral         // we ask the phone
	replies  map[string]string // X-… of its final answer
	toFar    stream            // what we play, what the far end hears
	fromFar  stream
	tick     time.Time // of the next frame
	ticking  bool      // false while there is silence: nothing is due then
	frame    media.Frame
	keysTill time.Time // our last key is sent by then

	mu    sync.Mutex
	inbox []func() // from other goroutines, in order
	view  view     // what others may know
}

type state uint8

const (
	fresh state = iota // nothing but the INVITE
	early              // sound before the answer
	talking
	ended
)

// entry is something that is due.
type entry struct {
	at time.Time
	do func()
}

// post hands f to the line's goroutine. It never blocks, so that a Sink or a Source may call it.
func (n *line) post(f func()) {
	n.mu.Lock()
	n.inbox = append(n.inbox, f)
	n.mu.Unlock()
	select {
	case n.wake <- struct{}{}:
	default:
	}
}

// after puts something on the calendar: d from now, behind what is already due then.
func (n *line) after(d time.Duration, do func()) {
	n.at(time.Now().Add(d), do)
}

func (n *line) at(t time.Time, do func()) {
	i, _ := slices.BinarySearchFunc(n.calendar, t, func(e entry, t time.Time) int {
		if e.at.After(t) {
			return 1
		}
		return -1 // those of the same moment stay in front
	})
	n.calendar = slices.Insert(n.calendar, i, entry{t, do})
}

// run is the line's goroutine.
func (n *line) run(ctx context.Context) {
	defer close(n.gone)
	timer := time.NewTimer(time.Hour)
	defer timer.Stop()
	cancelled := ctx.Done()
	for n.state != ended {
		timer.Reset(time.Until(n.due()))
		select {
		case <-cancelled:
			cancelled = nil
			n.hangUp(leg.Canceled, fmt.Sprint(context.Cause(ctx)))
		case <-n.wake:
			n.mu.Lock()
			todo := n.inbox
			n.inbox = nil
			n.mu.Unlock()
			for _, f := range todo {
				if n.state != ended {
					f()
				}
			}
		case <-timer.C:
			n.turn(time.Now())
		}
		n.pace(time.Now())
	}
}

// due is when the goroutine has to wake by itself.
func (n *line) due() time.Time {
	due := time.Now().Add(time.Hour)
	if n.ticking {
		due = n.tick
	}
	if len(n.calendar) > 0 && n.calendar[0].at.Before(due) {
		due = n.calendar[0].at
	}
	return due
}

// turn does what is due.
func (n *line) turn(now time.Time) {
	for n.state != ended && len(n.calendar) > 0 && !n.calendar[0].at.After(now) {
		e := n.calendar[0]
		n.calendar = n.calendar[1:]
		e.do()
	}
	for n.state != ended && n.ticking && !n.tick.After(now) {
		n.toFar.step(&n.frame, n.tick)
		n.fromFar.step(&n.frame, n.tick)
		n.tick = n.tick.Add(media.Period)
		// A machine that was asleep makes up for three frames, not for a minute.
		if now.Sub(n.tick) > 3*media.Period {
			n.tick = now
		}
	}
}

// pace starts the ticks when there is something to be heard and stops them when there is not. A pause
// shorter than a frame keeps the beat, so that one sound follows another without a step.
func (n *line) pace(now time.Time) {
	n.toFar.open = n.state == talking || n.state == early && n.info.Inbound
	n.fromFar.open = n.state == talking || n.state == early && !n.info.Inbound
	sounding := n.toFar.sounding() || n.fromFar.sounding()
	if sounding && !n.ticking && n.tick.Before(now) {
		n.tick = now
	}
	n.ticking = sounding
}

// end is the end of the call, once. far is how the other end sees it.
func (n *line) end(e leg.Event, far leg.Cause) {
	if n.state == ended {
		return
	}
	now := time.Now()
	n.toFar.play(nil, now)
	n.fromFar.play(nil, now)
	n.state = ended
	n.calendar = nil
	n.show(func(v *view) { v.state.Ended, v.state.Cause = now, far })
	e.Kind = leg.Ended
	n.bell.Ring(e)
}

func (n *line) answered() bool { return n.state == talking }
