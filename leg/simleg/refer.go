package simleg

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/kaden-project/kaden/leg"
)

var _ leg.Transferer = (*Leg)(nil)

// Referral is what one end asks the other for: to call somebody in its place.
type Referral struct {
	Target   string
	Headers  map[string]string // for the new call
	Replaces string            // Info().CallID of another leg of ours: an attended transfer; only asked by a phone
}

// referral is a transfer that is asked for. The line's goroutine owns it.
type referral struct {
	accepted bool
	over     bool
	answer   chan error // what Transfer waits for; nil where the phone asks
}

// unheard is how long a phone waits for the first word of our owner.
const unheard = 10 * time.Second

var (
	errTransfer = errors.New("a transfer is under way")
	errNobody   = errors.New("the far end asks for no transfer, or has been told how it ended")
)

// Transfer asks the phone to call somebody else. What it says is [Behaviour.Transfer]'s, or [Phone.Tell]'s.
func (l *Leg) Transfer(ctx context.Context, target string, headers map[string]string) error {
	n := l.n
	asks := &referral{answer: make(chan error, 1)}
	err := l.do(ctx, func() error {
		switch {
		case n.state != talking:
			return errSilent
		case n.asks != nil && !n.asks.over:
			return errTransfer
		}
		n.asks = asks
		n.show(func(v *view) { v.asked = Referral{Target: target, Headers: maps.Clone(headers)} })
		for _, status := range n.transfer {
			n.tell(status)
		}
		return nil
	})
	if err != nil {
		return err
	}
	select {
	case err := <-asks.answer:
		return err
	case <-n.gone:
		return errOver
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// Progress tells the phone how the transfer goes that it has asked for.
func (l *Leg) Progress(ctx context.Context, status int) error {
	return l.do(ctx, func() error {
		r := l.n.asked
		switch {
		case status < 100 || status > 699:
			return fmt.Errorf("%d is no status of SIP", status)
		case r == nil || r.over:
			return errNobody
		}
		r.accepted, r.over = true, status >= 200
		l.n.show(func(v *view) { v.told = append(v.told, status) })
		return nil
	})
}

// Refer asks us to call somebody in the phone's place, once it is answered. See [Phone.Told].
func (p *Phone) Refer(r Referral) { p.n.post(func() { p.n.refer(r) }) }

// Told are the statuses that we have told the phone of the transfer that it asked for last: 603 alone is a refusal.
func (p *Phone) Told() []int {
	p.n.mu.Lock()
	defer p.n.mu.Unlock()
	return slices.Clone(p.n.view.told)
}

// Asked is the transfer that we have asked the phone for last; zero if there was none.
func (p *Phone) Asked() Referral {
	p.n.mu.Lock()
	defer p.n.mu.Unlock()
	return p.n.view.asked
}

// Tell answers a transfer that we have asked for: a first status of 300 or above refuses, any other accepts; those that
// follow tell how it goes, and one of 200 or above is the last.
func (p *Phone) Tell(status int) { p.n.post(func() { p.n.tell(status) }) }

// refer is the phone asking us.
func (n *line) refer(r Referral) {
	if n.state != talking || n.asked != nil && !n.asked.over {
		return
	}
	asked := &referral{}
	n.asked = asked
	n.show(func(v *view) { v.told = nil })
	n.after(unheard, func() {
		if !asked.accepted {
			asked.over = true
			n.show(func(v *view) { v.told = append(v.told, 603) })
		}
	})
	n.bell.Ring(leg.Event{Kind: leg.Referred, Target: r.Target, Headers: maps.Clone(r.Headers), Replaces: r.Replaces})
}

// tell is the phone's word on a transfer that we ask for.
func (n *line) tell(status int) {
	r := n.asks
	if n.state != talking || r == nil || r.over {
		return
	}
	switch {
	case !r.accepted && status >= 300:
		r.over = true
		r.answer <- leg.TransferRefused{Status: status, Reason: "refused by the simulated phone"}
		return
	case !r.accepted:
		r.accepted = true
		r.answer <- nil
	}
	r.over = status >= 200
	n.bell.Ring(leg.Event{Kind: leg.ReferProgress, Status: status})
}
