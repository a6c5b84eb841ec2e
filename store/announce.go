package store

import (
	"slices"
	"sync"

	"github.com/kaden-project/kaden/timeline"
)

// announcer tells listeners of events in the order of their numbers, on a goroutine of its own: a slow
// listener keeps other listeners waiting and never a commit.
type announcer struct {
	mu        sync.Mutex
	waiting   []timeline.Event
	listeners []*listener
	more      chan struct{} // room for one
}

type listener struct{ f func([]timeline.Event) }

func newAnnouncer() announcer { return announcer{more: make(chan struct{}, 1)} }

func (a *announcer) add(events []timeline.Event) {
	if len(events) == 0 {
		return
	}
	a.mu.Lock()
	if len(a.listeners) > 0 {
		a.waiting = append(a.waiting, events...)
	}
	a.mu.Unlock()
	select {
	case a.more <- struct{}{}:
	default:
	}
}

// run tells until quit is closed; what was committed before that is told first.
func (a *announcer) run(quit <-chan struct{}) {
	for {
		select {
		case <-a.more:
			a.tell()
		case <-quit:
			a.tell()
			return
		}
	}
}

func (a *announcer) tell() {
	a.mu.Lock()
	events, listeners := a.waiting, slices.Clone(a.listeners)
	a.waiting = nil
	a.mu.Unlock()
	if len(events) == 0 {
		return
	}
	for _, l := range listeners {
		l.f(slices.Clone(events))
	}
}

// Announce calls f with the events of each commit of this node, after it, in order of Seq; several
// commits may come at once. stop ends it.
func (s *Store) Announce(f func([]timeline.Event)) (stop func()) {
	l := &listener{f}
	a := &s.tell
	a.mu.Lock()
	defer a.mu.Unlock()
	a.listeners = append(a.listeners, l)
	return func() {
		a.mu.Lock()
		defer a.mu.Unlock()
		a.listeners = slices.DeleteFunc(slices.Clone(a.listeners), func(o *listener) bool { return o == l })
	}
}
