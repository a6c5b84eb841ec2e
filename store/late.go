package store

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/kaden-project/kaden/call"
	"github.com/kaden-project/kaden/dispatch"
	"github.com/kaden-project/kaden/job"
)

const (
	sweepEvery  = 5 * time.Second
	sweepAtOnce = 100
	// A callback that could not be delivered in this time is of no use to anybody.
	tooLate = 24 * time.Hour
)

// lateness is the net under status callbacks. A call delivers its own, at once and in order; a callback
// that nobody has marked as Posted when it is Due becomes a job. So a crash loses none, and a callback
// that goes well costs a row and no job.
type lateness struct {
	mu      sync.Mutex
	deliver func(ctx context.Context, p call.Post) error
}

// DeliverLate says who delivers callbacks that were left behind. f answers with an error to be asked
// again later, with longer and longer pauses; job.GiveUp ends that.
func (s *Store) DeliverLate(f func(ctx context.Context, p call.Post) error) {
	s.late.mu.Lock()
	defer s.late.mu.Unlock()
	s.late.deliver = f
}

func (l *lateness) who() func(ctx context.Context, p call.Post) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.deliver
}

// lateCallback is the job: deliver the post of this ID if it is still there.
type lateCallback struct {
	ID string `json:"id"`
}

func (lateCallback) Kind() string     { return "late-callback" }
func (lateCallback) Terms() job.Terms { return job.Terms{Tries: 8, Timeout: 45 * time.Second} }

var postByID = "SELECT " + posts.all + " FROM post WHERE id = ?"

func (s *Store) deliverLate(ctx context.Context, j lateCallback) error {
	var p post
	err := one(ctx, s.db.reader(), postByID, []any{j.ID}, posts.fields(&p)...)
	if errors.Is(err, errNoRow) {
		return nil
	}
	if err != nil {
		return err
	}
	deliver := s.late.who()
	if deliver == nil {
		return job.Later(sweepEvery)
	}
	if err := deliver(ctx, p.Post); err != nil && !job.GivenUp(err) {
		return err
	}
	return s.Posted(ctx, j.ID)
}

func (s *Store) sweepPosts(ctx context.Context) {
	tick := time.NewTicker(sweepEvery)
	defer tick.Stop()
	for {
		if s.late.who() != nil {
			if err := s.takeUpPosts(ctx); err != nil && ctx.Err() == nil && !errors.Is(err, dispatch.ErrAway) {
				s.log.Warn("late callbacks not looked for", "err", err)
			}
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return
		}
	}
}

const anyDuePost = "SELECT count(*) FROM (SELECT 1 FROM post WHERE NOT job AND due <= ? LIMIT 1) p"

// takeUpPosts makes jobs of callbacks that are due. Most often there is none, and nothing is written.
func (s *Store) takeUpPosts(ctx context.Context) error {
	now, err := s.db.now(ctx, s.db.reader())
	if err != nil {
		return err
	}
	var due int64
	if err := one(ctx, s.db.reader(), anyDuePost, []any{millis(now)}, &due); err != nil || due == 0 {
		return err
	}
	return s.change(ctx, func(t *tx) error {
		list, err := txList(t, posts, "SELECT "+posts.all+" FROM post WHERE NOT job AND due <= ? ORDER BY due LIMIT ?"+s.db.skipLocked(),
			millis(t.Now()), sweepAtOnce)
		if err != nil {
			return err
		}
		for _, p := range list {
			if _, err := t.exec("UPDATE post SET job = ? WHERE id = ?", true, p.ID); err != nil {
				return err
			}
			if err := t.Enqueue(lateCallback{p.ID}, time.Time{}); err != nil {
				return err
			}
		}
		_, err = t.exec("DELETE FROM post WHERE job AND due < ?", millis(t.Now().Add(-tooLate)))
		return err
	})
}
