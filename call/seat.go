package call

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/kaden-project/kaden/sid"
	"github.com/kaden-project/kaden/trunk"
)

// ErrDown says that a line rests, because it has failed.
var ErrDown = errors.New("it is down")

// Seat is a place on a line that somebody else dials, an upstream: it is waited for in the one queue (Book), at the
// same gate, and counts as a channel of the line. Its methods may be called from any goroutine.
type Seat struct {
	lines   *lines
	name    string
	channel string // as the store knows it

	mu      sync.Mutex
	decided bool // how the line is, has been told
	left    bool
}

// Ticket is a place in the queue for a Seat.
type Ticket struct {
	booking *booking
	name    string
}

// Book takes a place in the queue for a call on a line that shows from. It does not wait.
func (d *Desk) Book(t trunk.Trunk, call sid.Call, from string, urgent bool) *Ticket {
	return &Ticket{d.lines.book(&booking{wants: []trunk.Trunk{t}, from: func(trunk.Trunk) string { return from }, call: call, urgent: urgent}), t.Name}
}

// Wait returns when it is the call's turn. The error is ErrDown, with how, or ctx's; then the place is given back.
func (t *Ticket) Wait(ctx context.Context) (*Seat, error) {
	for {
		select {
		case g := <-t.booking.got:
			switch {
			case g.wait:
			case g.down != "":
				return nil, fmt.Errorf("%w: %s", ErrDown, g.down)
			default:
				return &Seat{lines: t.booking.lines, name: t.name, channel: g.channel}, nil
			}
		case <-ctx.Done():
			t.Cancel()
			return nil, context.Cause(ctx)
		}
	}
}

// Cancel gives the place back.
func (t *Ticket) Cancel() { t.booking.cancel() }

// Resume is a Seat for a call that is under way there already, from before this process began: it has waited for nothing.
func (d *Desk) Resume(t trunk.Trunk, call sid.Call) *Seat {
	return &Seat{lines: &d.lines, name: t.Name, channel: d.lines.resume(t, call), decided: true}
}

// Worked notes that the line has carried the call; back tells that people had been told it was down.
func (s *Seat) Worked() (back bool) {
	if !s.first() {
		return false
	}
	return s.lines.worked(s.name)
}

// Failed notes that the line itself has failed the call; asked is how long it wants to be left alone. down says what
// people are to be told, once.
func (s *Seat) Failed(why string, asked time.Duration) (down string) {
	if !s.first() {
		return ""
	}
	return s.lines.failed(s.name, why, asked)
}

// first tells whether nothing has been said yet of how the line is.
func (s *Seat) first() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	was := s.decided
	s.decided = true
	return !was
}

// Leave frees the place. It may be called more than once.
func (s *Seat) Leave() {
	s.mu.Lock()
	left := s.left
	s.left = true
	s.mu.Unlock()
	if left {
		return
	}
	if s.first() {
		s.lines.undecided(s.name)
	}
	s.lines.release(s.name, s.channel)
}
