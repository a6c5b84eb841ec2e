package leg

import (
	"sync"
	"time"
)

// bellRoom is how many events wait for a slow reader. Digits and the end are never lost: for the end one more
// place is kept, and a leg whose digits find no room is ended. Most readers are never more than a few events behind, and
// most of the room is made only for those who are: it would be a fifth of what a call holds.
const (
	bellRoom  = 64
	fewEvents = 8
)

// Bell is the channel of a leg's events, with the promises of [Leg] about them: in order, never waiting for
// the reader, no key before the answer, nothing after the end. It is safe for concurrent use.
type Bell struct {
	ch       chan Event
	overflow func()

	mu       sync.Mutex
	answered bool
	over     bool
	behind   []Event // what finds no room in ch, oldest first
	passing  bool    // a goroutine passes it on
}

// NewBell makes a Bell. overflow is called, on a goroutine of its own, when an event that must not be lost
// finds no room: nobody reads, and the leg should end.
func NewBell(overflow func()) *Bell {
	return &Bell{ch: make(chan Event, fewEvents), overflow: overflow}
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
	case e.Kind == Answered:
		b.answered = true
	}
	switch waiting := len(b.ch) + len(b.behind); {
	case !b.passing && len(b.ch) < cap(b.ch):
		b.ch <- e
		if b.over {
			close(b.ch)
		}
	case waiting < bellRoom || b.over:
		b.behind = append(b.behind, e)
		if !b.passing {
			b.passing = true
			go b.pass()
		}
	case e.Kind != Ringing && e.Kind != EarlyMedia:
		go b.overflow()
	}
}

// pass hands on what waits, one after the other, until the reader has caught up or has had the end.
func (b *Bell) pass() {
	b.mu.Lock()
	for len(b.behind) > 0 {
		e := b.behind[0]
		b.mu.Unlock()
		b.ch <- e
		b.mu.Lock()
		b.behind = b.behind[1:]
	}
	b.passing, b.behind = false, nil
	if b.over {
		close(b.ch)
	}
	b.mu.Unlock()
}
