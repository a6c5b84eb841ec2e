package registrar

import (
	"context"
	"encoding/json"
	"errors"
	"sync"
	"time"

	"github.com/kaden-project/kaden/leg"
	"github.com/kaden-project/kaden/media"
)

// ring is a call to all phones of one user: several legs that look like one. Until somebody answers it is told
// that it rings; from then on it is the one that was answered.
type ring struct {
	info   leg.Info
	events chan leg.Event
	save   func(context.Context, leg.Remains) error

	mu    sync.Mutex
	arms  []*arm
	alive int
	won   *arm
	last  leg.Event // the best word of those that are over
	src   media.Source
	sink  media.Sink

	keeping sync.Mutex
	left    remains
}

// arm is the leg to one phone.
type arm struct {
	ring   *ring
	id     string
	target leg.Target
	leg    leg.Leg
	failed error // why there is no leg
	stop   context.CancelCauseFunc
	over   bool
}

var (
	_ leg.Leg      = (*ring)(nil)
	_ leg.Tracer   = (*ring)(nil)
	_ leg.Hearer   = (*ring)(nil)
	_ leg.Measured = (*ring)(nil)

	_ leg.Transferer = (*ring)(nil)
)

var (
	errOutbound  = errors.New("only somebody who calls in can be answered")
	errNotUp     = errors.New("nobody has answered")
	errElsewhere = errors.New("call completed elsewhere") // phones that read it list no missed call
)

func newRing(i leg.Info, save func(context.Context, leg.Remains) error, arms int) *ring {
	return &ring{info: i, events: make(chan leg.Event, 64), save: save, left: remains{Arms: make(map[string]armRemains, arms)}}
}

// start listens to the arms.
func (r *ring) start(arms []*arm) {
	if len(arms) == 0 {
		r.finish(r.last)
		return
	}
	r.arms, r.alive = arms, len(arms)
	r.info.CallID, r.info.Source = arms[0].leg.Info().CallID, arms[0].leg.Info().Source
	for _, a := range arms {
		go r.follow(a)
	}
}

// finish tells the end and closes. Nobody may tell anything after that.
func (r *ring) finish(e leg.Event) {
	if e.At.IsZero() {
		e.At = time.Now()
	}
	r.events <- e
	close(r.events)
}

// follow passes on what an arm says.
func (r *ring) follow(a *arm) {
	for e := range a.leg.Events() {
		if e, tell := r.hear(a, e); tell {
			r.events <- e
		}
	}
	a.stop(nil)
	r.mu.Lock()
	r.alive--
	e, end := r.last, r.alive == 0
	r.mu.Unlock()
	if end {
		r.finish(e)
	}
}

// hear decides what of an arm's event is told.
func (r *ring) hear(a *arm, e leg.Event) (leg.Event, bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	switch {
	case e.Kind == leg.Ended:
		a.over = true
		r.lost1(a, e)
		return e, false
	case e.Kind == leg.Answered && r.won == nil:
		r.win(a)
		return e, true
	case r.won == a:
		return e, true
	case r.won != nil: // an answer that came too late among others
		return e, false
	case e.Kind == leg.EarlyMedia && len(r.arms) > 1: // whose sound would be heard?
		e.Kind = leg.Ringing
	}
	return e, true
}

// win makes a the call; r.mu is held.
func (r *ring) win(a *arm) {
	r.won = a
	for _, other := range r.arms {
		if other != a {
			other.stop(errElsewhere)
		}
	}
	if len(r.arms) > 1 {
		if r.src != nil {
			a.leg.Play(r.src)
		}
		if r.sink != nil {
			a.leg.Listen(r.sink)
		}
	}
	r.src, r.sink = nil, nil
}

// lost1 takes an arm's end; r.mu is held. Somebody who has refused the call on one phone has refused it.
func (r *ring) lost1(a *arm, e leg.Event) {
	switch {
	case r.won == a:
		r.last = e
	case r.won != nil:
	default:
		r.lost(e)
		if e.Cause == leg.Rejected {
			for _, other := range r.arms {
				other.stop(errors.New("refused on another phone"))
			}
		}
	}
}

// lost keeps the better word of two ends (RFC 3261 section 16.7, step 6, in a person's order).
func (r *ring) lost(e leg.Event) {
	if e.Cause == leg.Fault && (e.Status == 408 || e.Status == 0) { // a phone that says nothing is not there
		e.Cause, e.Status = leg.Unreachable, 480
	}
	e.Retry = false // there is no other way to a phone of ours
	if r.last.Kind == 0 || weight(e.Cause) > weight(r.last.Cause) {
		r.last = e
	}
}

func weight(c leg.Cause) int {
	for i, one := range []leg.Cause{leg.Unreachable, leg.Fault, leg.Invalid, leg.Failed, leg.Congested, leg.Canceled, leg.NoAnswer, leg.Busy, leg.Rejected} {
		if c == one {
			return i
		}
	}
	return 0
}

// keep makes an arm's Keep: it stores what is left of all.
func (a *arm) keep() func(context.Context, leg.Remains) error {
	r := a.ring
	if r.save == nil {
		return nil
	}
	return func(ctx context.Context, left leg.Remains) error {
		r.keeping.Lock()
		defer r.keeping.Unlock()
		r.left.Arms[a.id] = armRemains{a.target, json.RawMessage(left)}
		b, err := json.Marshal(r.left)
		if err != nil {
			return err
		}
		return r.save(ctx, b)
	}
}

// Info is what is known from the start.
func (r *ring) Info() leg.Info { return r.info }

// Events tells what happens.
func (r *ring) Events() <-chan leg.Event { return r.events }

// Ring is for inbound legs.
func (r *ring) Ring(context.Context, bool) error { return errOutbound }

// Answer is for inbound legs.
func (r *ring) Answer(context.Context) error { return errOutbound }

// Hangup ends every arm.
func (r *ring) Hangup(ctx context.Context, c leg.Cause) error {
	r.mu.Lock()
	arms := r.arms
	r.mu.Unlock()
	var errs []error
	for _, a := range arms {
		errs = append(errs, a.leg.Hangup(ctx, c))
	}
	return errors.Join(errs...)
}

// speaker is the arm that sound belongs to, nil while there is none; r.mu is held.
func (r *ring) speaker() *arm {
	if r.won == nil && len(r.arms) == 1 {
		return r.arms[0]
	}
	return r.won
}

// Seat is that of the phone that sound belongs to, nil while there is none.
func (r *ring) Seat() *media.Seat {
	r.mu.Lock()
	defer r.mu.Unlock()
	if a := r.speaker(); a != nil {
		return leg.SeatOf(a.leg)
	}
	return nil
}

// Play makes src what is heard, of several phones by the one that answers.
func (r *ring) Play(src media.Source) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if a := r.speaker(); a != nil {
		a.leg.Play(src)
		return
	}
	r.src = src
}

// Listen hands on what is heard.
func (r *ring) Listen(sink media.Sink) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if a := r.speaker(); a != nil {
		a.leg.Listen(sink)
		return
	}
	r.sink = sink
}

// SendDigits presses keys.
func (r *ring) SendDigits(ctx context.Context, digits string) error {
	r.mu.Lock()
	a := r.won
	r.mu.Unlock()
	if a == nil {
		return errNotUp
	}
	return a.leg.SendDigits(ctx, digits)
}

// Trace is the signalling of all phones.
func (r *ring) Trace() (all []leg.Message) {
	r.mu.Lock()
	arms := r.arms
	r.mu.Unlock()
	for _, a := range arms {
		if t, ok := a.leg.(leg.Tracer); ok {
			all = append(all, t.Trace()...)
		}
	}
	return all
}

// FirstHeard is when the phone that answered was heard first.
func (r *ring) FirstHeard() time.Time {
	r.mu.Lock()
	a := r.won
	r.mu.Unlock()
	if a == nil {
		return time.Time{}
	}
	if h, ok := a.leg.(leg.Hearer); ok {
		return h.FirstHeard()
	}
	return time.Now() // it cannot tell, and nobody is to be taken for silent
}

// Sound is that of the phone that answered.
func (r *ring) Sound() leg.Sound {
	r.mu.Lock()
	a := r.won
	r.mu.Unlock()
	if a != nil {
		if m, ok := a.leg.(leg.Measured); ok {
			return m.Sound()
		}
	}
	return leg.Sound{}
}
