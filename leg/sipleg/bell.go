package sipleg

import (
	"sync"
	"time"

	"github.com/kaden-project/kaden/leg"
)

// room is how many events wait for a slow reader. Digits and the end are never lost: for the end one more
// place is kept, and a leg whose digits find no room is ended.
const room = 64

// bell tells the owner of a leg what happens, in order and without ever waiting.
type bell struct {
	ch       chan leg.Event
	overflow func()

	mu       sync.Mutex
	answered bool
	over     bool
}

func newBell(overflow func()) *bell {
	return &bell{ch: make(chan leg.Event, room+1), overflow: overflow}
}

func (b *bell) ring(e leg.Event) {
	if e.At.IsZero() {
		e.At = time.Now()
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	switch {
	case b.over, e.Kind == leg.Digit && !b.answered:
		return
	case e.Kind == leg.Ended:
		b.over = true
		b.ch <- e
		close(b.ch)
		return
	case e.Kind == leg.Answered:
		b.answered = true
	}
	if len(b.ch) < room {
		b.ch <- e
		return
	}
	if e.Kind != leg.Ringing && e.Kind != leg.EarlyMedia {
		go b.overflow()
	}
}
