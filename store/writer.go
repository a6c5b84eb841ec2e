package store

import (
	"context"
	"errors"
	"time"

	"github.com/kaden-project/kaden/job"
	"github.com/kaden-project/kaden/timeline"
)

// fold is how many changes share a commit at most.
const fold = 255

// linger is how long a change that nobody waits for looks for company. At 100 alerts a second somebody else's
// commit comes within that; alone it costs one of its own, this much later.
const linger = 4 * time.Millisecond

// errGone says that the database has thrown the whole transaction away, not only the change that failed.
var errGone = errors.New("the transaction is gone")

// change is somebody's work that waits to be committed.
type change struct {
	f     func(t *tx) error
	done  chan error // room for one
	tries int        // how often another node was in its way
}

// mostTries is how often a change is done again because another node was in its way.
const mostTries = 3

// change runs f in a transaction and returns when it is durable. Whoever waits at the same moment shares
// the commit; a failing or panicking neighbour takes nobody along.
//
// ctx ends the waiting for a turn, never the work: a statement that is cancelled rolls back the
// transaction of all.
func (s *Store) change(ctx context.Context, f func(t *tx) error) error {
	return s.queue(ctx, s.changes, f)
}

// changeSoon is change for what nobody but the caller waits for: it shares the next commit of another, or gets
// one when it has waited for linger. So those that ring telephones find the disk idle more often.
func (s *Store) changeSoon(ctx context.Context, f func(t *tx) error) error {
	return s.queue(ctx, s.riders, f)
}

func (s *Store) queue(ctx context.Context, where chan<- *change, f func(t *tx) error) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	c := &change{f: f, done: make(chan error, 1)}
	select {
	case where <- c:
		return <-c.done
	case <-ctx.Done():
		return ctx.Err()
	case <-s.quit:
		return ErrClosed
	}
}

// writer is the goroutine that owns the connection for writing while a commit is made.
func (s *Store) writer() {
	for {
		select {
		case c := <-s.changes:
			s.commit(c, true)
		case c := <-s.riders:
			s.ride(c)
		case <-s.quit:
			return
		}
	}
}

// ride commits a change that nobody waits for, with the next one that somebody does wait for if there is one soon.
func (s *Store) ride(c *change) {
	alone := time.NewTimer(linger)
	defer alone.Stop()
	select {
	case first := <-s.changes:
		s.commit(first, true, c)
	case <-alone.C:
		s.commit(c, true)
	case <-s.quit: // it has been taken: it is done
		s.commit(c, false)
	}
}

// commit makes one commit of first and, if more, of all that are waiting, those that ride with it last. Its error
// says that there is no database to begin with; it has been told to all of them.
func (s *Store) commit(first *change, more bool, riders ...*change) error {
	ctx := context.Background() // never a caller's
	if p := s.db.patience(); p > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, p)
		defer cancel()
	}
	q, err := s.db.begin(ctx) // waits for the job queue's turn to end, and meanwhile others gather
	if err != nil {
		err = unstored(err)
		for c, ok, n := first, true, 1; ok; n++ {
			c.done <- err
			c, ok = s.next(more && n < fold, &riders)
		}
		return err
	}
	b := &batch{s: s, ctx: ctx, q: q}
	for c, ok := first, true; ok; c, ok = s.next(more && b.size < fold, &riders) {
		b.size++
		if err := b.add(c); err != nil {
			b.again = append(b.again, riders...)
			b.abandon(c, err)
			return nil
		}
	}
	if err := b.finish(); err != nil {
		b.q.rollback(ctx)
		for _, c := range b.good {
			b.failed(c, unstored(err))
		}
	} else {
		s.commits.Add(1)
		s.stored.Add(int64(len(b.good)))
		s.tell.add(b.events)
		for _, c := range b.good {
			c.done <- nil
		}
	}
	b.redo()
	return nil
}

// next is somebody who waits at this moment: who has to wait for the commit, the riders that are with us already,
// and whoever else would ride along.
func (s *Store) next(more bool, riders *[]*change) (*change, bool) {
	if more {
		select {
		case c := <-s.changes:
			return c, true
		default:
		}
	}
	if r := *riders; len(r) > 0 {
		*riders = r[1:]
		return r[0], true
	}
	if more {
		select {
		case c := <-s.riders:
			return c, true
		default:
		}
	}
	return nil, false
}

// batch is a commit in the making.
type batch struct {
	s      *Store
	ctx    context.Context
	q      transaction
	size   int
	good   []*change // done, waiting for the commit
	again  []*change // to be done once more, each alone
	events []timeline.Event
	jobs   []job.Item
	freed  []string  // trunks that have a channel more
	now    time.Time // of the database …
	asked  time.Time // … at this moment of ours
}

// add runs one change. An error means that the transaction cannot go on.
func (b *batch) add(c *change) error {
	// The first needs no savepoint: if it fails there is nothing else to be kept.
	guarded := len(b.good) > 0
	if guarded {
		if _, err := b.q.exec(b.ctx, b.s.db.guard()); err != nil {
			return errors.Join(errGone, err)
		}
	}
	t := &tx{b: b}
	err := t.run(c.f)
	if err != nil && (!guarded || b.s.db.inTheWay(err)) {
		return err
	}
	if err != nil {
		if _, e := b.q.exec(b.ctx, "ROLLBACK TO SAVEPOINT change"); e != nil {
			return errors.Join(errGone, err, e)
		}
	}
	if guarded {
		if _, e := b.q.exec(b.ctx, "RELEASE SAVEPOINT change"); e != nil {
			return errors.Join(errGone, err, e)
		}
	}
	if err != nil {
		b.failed(c, err)
		return nil
	}
	b.good = append(b.good, c)
	b.events = append(b.events, t.events...)
	b.jobs = append(b.jobs, t.jobs...)
	return nil
}

// failed answers a change, or puts it aside for another try if that may help.
func (b *batch) failed(c *change, err error) {
	if c.tries++; c.tries < mostTries && b.s.db.again(err) {
		b.again = append(b.again, c)
		return
	}
	c.done <- err
}

// abandon ends a batch whose transaction is of no use any more, because c failed with err. The innocent
// are done again.
func (b *batch) abandon(c *change, err error) {
	b.q.rollback(b.ctx)
	b.failed(c, err)
	b.again = append(b.good, b.again...)
	b.redo()
}

// redo makes a commit for each that is to be done again, or tells all of them that there is no database.
func (b *batch) redo() {
	for i, c := range b.again {
		if err := b.s.commit(c, false); err != nil {
			for _, c := range b.again[i+1:] {
				c.done <- err
			}
			return
		}
	}
}

// clock is the database's time, asked for once in a batch and carried on from there.
func (b *batch) clock() (time.Time, error) {
	if b.asked.IsZero() {
		t, err := b.s.db.now(b.ctx, b.q)
		if err != nil {
			return time.Now(), err
		}
		b.now, b.asked = t, time.Now()
	}
	return milli(b.now.Add(time.Since(b.asked))), nil
}

// finish writes what the changes have in common and commits. Events are numbered here: the counter's row
// is locked from now to the commit, so that numbers grow in the order of commits on all nodes.
func (b *batch) finish() error {
	if q := b.s.db.unguard(); q != "" && b.size > 1 {
		if _, err := b.q.exec(b.ctx, q); err != nil {
			return err
		}
	}
	if len(b.jobs) > 0 {
		if err := b.q.addJobs(b.ctx, b.jobs); err != nil {
			return err
		}
	}
	if err := b.tellFreed(); err != nil {
		return err
	}
	if len(b.events) > 0 {
		if err := b.number(); err != nil {
			return err
		}
	}
	return b.q.commit(b.ctx)
}

func (b *batch) number() error {
	var last int64
	err := one(b.ctx, b.q, "UPDATE counter SET value = value + ? WHERE name = 'event' RETURNING value", []any{len(b.events)}, &last)
	if err != nil {
		return err
	}
	for i := range b.events {
		b.events[i].Seq = last - int64(len(b.events)-1-i)
	}
	for rest := b.events; len(rest) > 0; {
		n := 1
		if len(rest) >= manyEvents {
			n = manyEvents
		}
		var args []any
		for i := range rest[:n] {
			args = append(args, events.fields(&rest[i])...)
		}
		if _, err := b.q.exec(b.ctx, insertEvents[n], args...); err != nil {
			return err
		}
		rest = rest[n:]
	}
	return b.q.tellNodes(b.ctx, last)
}

// Events are inserted one at a time or so many at once; only two statements, so that both stay prepared.
const manyEvents = 16

var insertEvents = map[int]string{1: events.insert, manyEvents: events.insertMany(manyEvents)}
