package store

import (
	"context"
	"slices"
	"sync"
	"time"

	"github.com/kaden-project/kaden/timeline"
)

// announcer tells listeners of events in the order of their numbers, on a goroutine of its own: a slow
// listener keeps other listeners waiting and never a commit. Where other processes write as well, theirs are read, so that
// whoever listens here misses none.
type announcer struct {
	// read lists events after one number up to another; nil where nobody else writes. Numbers have no gaps, and grow in the
	// order of commits.
	read func(after, upTo int64) ([]timeline.Event, error)
	more chan struct{} // room for one

	mu        sync.Mutex
	waiting   []timeline.Event // of this process
	there     int64            // the highest number that is known to be there
	told      int64            // … up to which there is nothing more to tell; run's, while there are listeners
	listeners []*listener
}

type listener struct{ f func([]timeline.Event) }

func newAnnouncer() announcer { return announcer{more: make(chan struct{}, 1)} }

// add tells of events that this process has committed.
func (a *announcer) add(events []timeline.Event) {
	if len(events) > 0 {
		a.reach(events[len(events)-1].Seq, events)
	}
}

// elsewhere tells that events up to seq are there, whoever has committed them.
func (a *announcer) elsewhere(seq int64) { a.reach(seq, nil) }

func (a *announcer) reach(seq int64, own []timeline.Event) {
	a.mu.Lock()
	a.there = max(a.there, seq)
	if len(a.listeners) > 0 {
		a.waiting = append(a.waiting, own...)
	} else {
		a.waiting, a.told = nil, a.there
	}
	a.mu.Unlock()
	select {
	case a.more <- struct{}{}:
	default:
	}
}

// readAgain is how soon other processes' events are asked for again that could not be read.
const readAgain = time.Second

// run tells until quit is closed; what was committed before that is told first.
func (a *announcer) run(quit <-chan struct{}) {
	var again <-chan time.Time
	for {
		select {
		case <-a.more:
		case <-again:
		case <-quit:
			a.tell()
			return
		}
		again = nil
		if !a.tell() {
			again = time.After(readAgain)
		}
	}
}

// tell tells listeners what is there; false: not all of it could be read.
func (a *announcer) tell() bool {
	a.mu.Lock()
	own, listeners, told, there := a.waiting, slices.Clone(a.listeners), a.told, a.there
	a.waiting = nil
	a.mu.Unlock()
	if len(listeners) == 0 {
		return true
	}
	events, told, err := a.between(own, told, there)
	a.mu.Lock()
	if a.told = max(a.told, told); err != nil {
		a.waiting = append(own, a.waiting...)
	}
	a.mu.Unlock()
	if len(events) > 0 {
		for _, l := range listeners {
			l.f(slices.Clone(events))
		}
	}
	return err == nil
}

// between puts this process's events and those of others into their order, as far as they can be had.
func (a *announcer) between(own []timeline.Event, told, there int64) (events []timeline.Event, upTo int64, err error) {
	if a.read == nil {
		return own, there, nil
	}
	fill := func(upTo int64) error {
		if told >= upTo {
			return nil
		}
		others, err := a.read(told, upTo)
		if len(others) > 0 {
			events, told = append(events, others...), others[len(others)-1].Seq
		}
		return err
	}
	for _, e := range own {
		if err := fill(e.Seq - 1); err != nil {
			return events, told, err
		}
		if e.Seq > told { // else it was read with those of others
			events, told = append(events, e), e.Seq
		}
	}
	err = fill(there)
	return events, told, err
}

// readTime is how long one piece of other processes' events may take.
const readTime = 5 * time.Second

// others reads events after one number up to another.
func (s *Store) others(after, upTo int64) (all []timeline.Event, err error) {
	ctx, stop := context.WithTimeout(context.Background(), readTime)
	defer stop()
	for after < upTo {
		some, err := s.Events(ctx, "", after, 0)
		if err != nil || len(some) == 0 {
			return all, err
		}
		all, after = append(all, some...), some[len(some)-1].Seq
	}
	return all, nil
}

// listensTo begins to tell of what other processes commit as well.
func (s *Store) listensTo(ctx context.Context) error {
	if !s.db.shared() {
		return nil
	}
	seq, err := lastEvent(ctx, s.db.reader())
	s.tell.there, s.tell.told, s.tell.read = seq, seq, s.others
	return err
}

// lastEvent is the number of the newest event.
func lastEvent(ctx context.Context, q querier) (seq int64, err error) {
	err = one(ctx, q, "SELECT value FROM counter WHERE name = 'event'", nil, &seq)
	return seq, err
}

// Announce calls f with the events of each commit, after it, in order of Seq; several commits may come at once. On
// PostgreSQL those of other processes are among them, a moment later. stop ends it.
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
