// Package memstore keeps kaden's records in memory, for tests and for kaden demo.
//
// It means the same as package store: storetest holds both to one list. It starts no goroutine, opens no
// file and reads the time only with time.Now, so that a night told inside testing/synctest takes no time.
// A restart after a crash is [Store.Reopen]; a database that is down is [Store.Break].
package memstore

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/kaden-project/kaden/account"
	"github.com/kaden-project/kaden/call"
	"github.com/kaden-project/kaden/dispatch"
	"github.com/kaden-project/kaden/manifest"
	"github.com/kaden-project/kaden/registrar"
	"github.com/kaden-project/kaden/timeline"
)

var (
	_ dispatch.Store = (*Store)(nil)
	_ call.Store     = (*Store)(nil)
	_ account.Books  = (*Store)(nil)
	_ call.Gates     = (*Store)(nil)
	_ manifest.Store = (*Store)(nil)

	_ registrar.Store  = (*Store)(nil)
	_ account.SIPStore = (*Store)(nil)
)

// ErrClosed is answered by a Store that was reopened or closed: its process is dead.
var ErrClosed = errors.New("this store is closed")

// Store is one process's view of the records. All methods are safe for concurrent use.
type Store struct {
	*disk
	life int // number of this opening; nodes that joined in another one are dead
}

// disk is what outlives a process.
type disk struct {
	mu     sync.Mutex // guards all that follows
	life   int        // the opening that is valid now
	broken error      // what every operation answers with, while it is set
	redo   bool       // run each closure twice
	doubt  doubt
	skew   time.Duration // of the database's clock
	tables

	tell announcer
}

// New makes an empty Store.
func New() *Store {
	d := &disk{life: 1, tables: newTables()}
	return &Store{disk: d, life: 1}
}

// Reopen is kill -9 and a new start: s answers ErrClosed from now on, as a dead process would; the Store
// that is returned has everything that was committed. Functions given to Announce are gone.
func (s *Store) Reopen() *Store {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.disk.life++
	s.tell.forget()
	return &Store{disk: s.disk, life: s.disk.life}
}

// Close ends the Store: all but Reopen answer ErrClosed.
func (s *Store) Close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.life == s.disk.life {
		s.disk.life++
		s.tell.forget()
	}
	return nil
}

// Break makes every operation fail with err, as a database does that is down; nil mends it.
func (s *Store) Break(err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.broken = err
}

// Redo makes Write run each function twice, the first time for nothing, as a group commit may. A test
// that turns it on finds functions that have effects outside their Tx.
func (s *Store) Redo(on bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.redo = on
}

// Skew puts the database's clock forward, or back: it is another machine's.
func (s *Store) Skew(d time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.skew = d
}

// doubt is a change whose answer is to be lost.
type doubt struct {
	in     int // so many changes from now; 0 is none
	stored bool
}

// Doubt loses the answer to the n-th change from now on: it is dispatch.ErrUnsure, whether or not it was stored.
func (s *Store) Doubt(n int, stored bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.doubt = doubt{n, stored}
}

// lost tells whether the answer to this change is to be lost.
func (s *Store) lost() bool {
	if s.doubt.in > 0 {
		s.doubt.in--
		return s.doubt.in == 0
	}
	return false
}

// enter takes the lock and checks that the store can be used; leave with s.mu.Unlock if err is nil.
func (s *Store) enter(ctx context.Context) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	s.mu.Lock()
	err := s.broken
	if s.life != s.disk.life {
		err = ErrClosed
	}
	if err != nil {
		s.mu.Unlock()
	}
	return err
}

// change runs f in a transaction: all or nothing, and announces its events afterwards.
func (s *Store) change(ctx context.Context, f func(tx *tx) error) error {
	if err := s.enter(ctx); err != nil {
		return err
	}
	err := s.run(f)
	s.mu.Unlock()
	s.tell.flush()
	return err
}

func (s *Store) run(f func(tx *tx) error) error {
	if s.redo {
		t := &tx{s: s, now: s.clock()}
		err := safely(f, t)
		t.rollback()
		if err != nil {
			return err
		}
	}
	t := &tx{s: s, now: s.clock()}
	err := safely(f, t)
	if err == nil && s.lost() {
		if err = dispatch.ErrUnsure; s.doubt.stored {
			s.tell.add(t.events)
			return err
		}
	}
	if err != nil {
		t.rollback()
		return err
	}
	s.tell.add(t.events)
	return nil
}

// safely turns a panic of f into an error, as the real store does: the neighbours in a commit must live.
func safely(f func(tx *tx) error, t *tx) (err error) {
	defer func() {
		t.over = true
		if p := recover(); p != nil {
			err = fmt.Errorf("panic in a transaction: %v", p)
		}
	}()
	return f(t)
}

// clock is that of this database: whole milliseconds, UTC, like all times that are kept.
func (s *disk) clock() time.Time { return milli(time.Now().Add(s.skew)) }

func milli(t time.Time) time.Time {
	if t.IsZero() {
		return time.Time{}
	}
	return time.UnixMilli(t.UnixMilli()).UTC()
}

// announcer hands events to listeners in order of Seq. Whoever commits while somebody else is
// announcing leaves its events to that one, so a listener may use the store.
type announcer struct {
	mu        sync.Mutex
	waiting   []timeline.Event
	busy      bool
	listeners map[int]func([]timeline.Event)
	last      int
}

func (a *announcer) add(e []timeline.Event) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if len(a.listeners) > 0 {
		a.waiting = append(a.waiting, e...)
	}
}

func (a *announcer) forget() {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.waiting, a.listeners = nil, nil
}

func (a *announcer) flush() {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.busy {
		return
	}
	a.busy = true
	for len(a.waiting) > 0 {
		events := a.waiting
		a.waiting = nil
		var fs []func([]timeline.Event)
		for i := range a.last {
			if f := a.listeners[i]; f != nil {
				fs = append(fs, f)
			}
		}
		a.mu.Unlock()
		for _, f := range fs {
			f(events)
		}
		a.mu.Lock()
	}
	a.busy = false
}

// Announce calls f with the events of each commit, after it, in order of Seq. stop ends it.
func (s *Store) Announce(f func([]timeline.Event)) (stop func()) {
	a := &s.tell
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.listeners == nil {
		a.listeners = map[int]func([]timeline.Event){}
	}
	me := a.last
	a.last++
	a.listeners[me] = f
	return func() {
		a.mu.Lock()
		defer a.mu.Unlock()
		delete(a.listeners, me)
	}
}
