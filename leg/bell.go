package leg

import (
	"sync"
	"time"
)

// bellRoom is how many events wait for a slow reader. Digits and the end are never lost: for the end one more
// place is kept, and a leg whose digits find no room is ended.
const bellRoom = 64

// Bell is the channel of a leg's events, with the promises of [Leg] about them: in order, never waiting for
// the reader, no key before the answer, nothing after the end. It is safe for concurrent use.
type Bell struct {
	ch       chan Event
	overflow func()

	mu       sync.Mutex
	answered bool
	over     bool
}

// NewBell makes a Bell. overflow is called, on a goroutine of its own, when an event that must not be lost
// finds no room: nobody reads, and the leg should end.
func NewBell(overflow func()) *Bell {
	return &Bell{ch: make(chan Event, bellRoom+1), overflow: overflow}
}

// Events is the reader's end.
func (b *Bell) Events() <-chan Event { return b.ch }

// Ring tells e. Without a time it happened now. Ended closes the channel.
func (b *Bell) Ring(e Event) {
	if e.At.IsZero() {
		e.At = time.Now()
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	switch {
	case b.over, e.Kind == Digit && !b.answered:
		return
	case e.Kind == Ended:
		b.over = true
		b.ch <- e
		close(b.ch)
		return
	case e.Kind == Answered:
		b.answered = true
	}
	if len(b.ch) < bellRoom {
		b.ch <- e
		return
	}
	if e.Kind != Ringing && e.Kind != EarlyMedia {
		go b.overflow()
	}
}
