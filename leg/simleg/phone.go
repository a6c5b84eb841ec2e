package simleg

import (
	"slices"
	"time"

	"github.com/kaden-project/kaden/leg"
	"github.com/kaden-project/kaden/media"
)

// Phone is the far end of a simulated call, moved by hand. What it does is done in order and does not
// wait; what cannot be done any more (answering a call that was cancelled) does nothing, as with a real
// phone. It may be used from any goroutine.
type Phone struct{ n *line }

// State is how a call stands as the far end sees it. Times are zero for what has not happened.
type State struct {
	Called, Rang, Answered, Ended time.Time
	// Cause is why it ended, from the far end: Canceled, HungUp (we hung up), Completed (it did),
	// or the refusal of either side.
	Cause leg.Cause
	// OnHold: it was told that it is not heard.
	OnHold bool
}

// view is what others than the line's goroutine may know; line.mu guards it.
type view struct {
	state   State
	heard   []Heard
	digits  string
	asked   Referral      // by us
	told    []int         // by us
	changed chan struct{} // closed at the next change
}

// show changes the view and tells whoever waits for a change.
func (n *line) show(f func(v *view)) {
	n.mu.Lock()
	defer n.mu.Unlock()
	f(&n.view)
	close(n.view.changed)
	n.view.changed = make(chan struct{})
}

// hears notes what the far end hears: a new one, or the end of the last one.
func (n *line) hears(h Heard) {
	n.show(func(v *view) {
		if last := len(v.heard) - 1; !h.To.IsZero() && last >= 0 {
			v.heard[last] = h
			return
		}
		v.heard = append(v.heard, h)
	})
}

// Info is the call as our end knows it: From is the caller ID that the phone shows.
func (p *Phone) Info() leg.Info { return p.n.info }

// Try says that the call has come to somebody who carries it: 100. Nothing rings yet.
func (p *Phone) Try() { p.n.post(func() { p.n.bell.Ring(leg.Event{Kind: leg.Trying, Status: 100}) }) }

// Ring rings: 180.
func (p *Phone) Ring() { p.n.post(p.n.ring) }

// Early opens the sound before the answer: 183.
func (p *Phone) Early() { p.n.post(p.n.early) }

// Answer picks up.
func (p *Phone) Answer() { p.n.post(p.n.farAnswer) }

// Refuse refuses the call: Busy, Rejected, NoAnswer, Invalid, Congested.
func (p *Phone) Refuse(c leg.Cause) { p.n.post(func() { p.n.refuse(c) }) }

// Moves refuses the call because whoever is called is elsewhere: 302.
func (p *Phone) Moves(target string) {
	p.n.post(func() {
		if !p.n.info.Inbound && p.n.state != talking {
			p.n.end(leg.Event{Cause: leg.Failed, Status: 302, Retry: !p.n.rang, Target: target, Reason: "302 Moved Temporarily"}, leg.Failed)
		}
	})
}

// Forwards says that the call has been forwarded, and that another telephone rings: 181.
func (p *Phone) Forwards(target string) {
	p.n.post(func() {
		if !p.n.info.Inbound && p.n.state != talking {
			p.n.rang = true
			p.n.bell.Ring(leg.Event{Kind: leg.Ringing, Status: 181, Target: target})
		}
	})
}

// Press presses keys, one after the other without a pause. Before the answer nobody hears them.
func (p *Phone) Press(keys string) {
	p.n.post(func() {
		for _, k := range keys {
			p.n.farKey(string(k))
		}
	})
}

// HangUp ends an answered call, gives up one of its own, and declines one that rings.
func (p *Phone) HangUp() { p.n.post(p.n.farHangUp) }

// Say makes src what the phone says; nil is silence.
func (p *Phone) Say(src media.Source) { p.n.post(func() { p.n.fromFar.play(src, time.Now()) }) }

// Listen hands every frame the phone hears to sink; nil stops it.
func (p *Phone) Listen(sink media.Sink) { p.n.post(func() { p.n.toFar.sink = sink }) }

// State is how the call stands.
func (p *Phone) State() State {
	p.n.mu.Lock()
	defer p.n.mu.Unlock()
	return p.n.view.state
}

// Heard is what the phone has heard so far, in words.
func (p *Phone) Heard() []Heard {
	p.n.mu.Lock()
	defer p.n.mu.Unlock()
	return slices.Clone(p.n.view.heard)
}

// Digits are the keys that we have sent.
func (p *Phone) Digits() string {
	p.n.mu.Lock()
	defer p.n.mu.Unlock()
	return p.n.view.digits
}

// Changed is closed at the next change of State, Heard, Digits, Asked or Told. Take it before looking at them.
func (p *Phone) Changed() <-chan struct{} {
	p.n.mu.Lock()
	defer p.n.mu.Unlock()
	return p.n.view.changed
}

// Over is closed when the call has ended and its goroutine is gone.
func (p *Phone) Over() <-chan struct{} { return p.n.gone }
