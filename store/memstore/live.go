package memstore

import (
	"context"
	"errors"
	"time"

	"github.com/kaden-project/kaden/account"
	"github.com/kaden-project/kaden/call"
	"github.com/kaden-project/kaden/sid"
)

var (
	_ call.Queues      = (*Store)(nil)
	_ call.Conferences = (*Store)(nil)
)

// PutQueue inserts or replaces a queue; call.ErrQueueExists if another of the account has its name.
func (s *Store) PutQueue(ctx context.Context, q call.QueueRecord) error {
	return s.change(ctx, func(t *tx) error {
		for id, r := range s.queues {
			if id != q.SID && r.keep.Account == q.Account && r.keep.Name == q.Name {
				return call.ErrQueueExists
			}
		}
		q.Created, q.Updated = milli(q.Created), milli(q.Updated)
		putRow(t, s.queues, q.SID, q)
		return nil
	})
}

// Queue finds a queue of an account; call.ErrNoQueue if there is none.
func (s *Store) Queue(ctx context.Context, owner sid.Account, id sid.Queue) (call.QueueRecord, error) {
	q, err := find(ctx, s, s.queues, id, func(q call.QueueRecord) bool { return q.Account == owner })
	return q, noQueue(err)
}

// QueueNamed finds a queue by its name.
func (s *Store) QueueNamed(ctx context.Context, owner sid.Account, name string) (call.QueueRecord, error) {
	if err := s.enter(ctx); err != nil {
		return call.QueueRecord{}, err
	}
	defer s.mu.Unlock()
	for _, r := range s.queues {
		if r.keep.Account == owner && r.keep.Name == name {
			return r.keep, nil
		}
	}
	return call.QueueRecord{}, call.ErrNoQueue
}

func noQueue(err error) error {
	if errors.Is(err, account.ErrNotFound) {
		return call.ErrNoQueue
	}
	return err
}

// Queues lists those of an account, newest first; next is the place to go on after, 0 at the end.
func (s *Store) Queues(ctx context.Context, owner sid.Account, p account.Page) ([]call.QueueRecord, int64, error) {
	return pageOf(ctx, s, s.queues, p, func(q call.QueueRecord) bool { return q.Account == owner })
}

// DeleteQueue forgets a queue.
func (s *Store) DeleteQueue(ctx context.Context, owner sid.Account, id sid.Queue) error {
	return noQueue(forget(ctx, s, s.queues, id, func(q call.QueueRecord) bool { return q.Account == owner }))
}

// PutConference inserts or replaces what is known of a conference.
func (s *Store) PutConference(ctx context.Context, c call.ConferenceRecord) error {
	return s.change(ctx, func(t *tx) error {
		c.Created, c.Updated = milli(c.Created), milli(c.Updated)
		putRow(t, s.conferences, c.SID, c)
		return nil
	})
}

// Conference finds a conference of an account; account.ErrNotFound if there is none.
func (s *Store) Conference(ctx context.Context, owner sid.Account, id sid.Conference) (call.ConferenceRecord, error) {
	return find(ctx, s, s.conferences, id, func(c call.ConferenceRecord) bool { return c.Account == owner })
}

// Conferences lists newest first; next is the place to go on after, 0 at the end.
func (s *Store) Conferences(ctx context.Context, f call.ConferenceFilter) ([]call.ConferenceRecord, int64, error) {
	return pageOf(ctx, s, s.conferences, f.Page, func(c call.ConferenceRecord) bool {
		return (f.Account == "" || c.Account == f.Account) && (f.Name == "" || c.Name == f.Name) && (f.Status == "" || c.Status == f.Status) &&
			f.Created.Holds(c.Created) && f.Updated.Holds(c.Updated)
	})
}

// CloseLive ends the conferences and recordings that a node left open which was born again at born, and says how many
// conferences. Of the recordings nothing is left: they were in its memory.
func (s *Store) CloseLive(ctx context.Context, node string, born time.Time) (n int, err error) {
	err = s.change(ctx, func(t *tx) error {
		n = 0
		for id, r := range s.recordings {
			r := r.keep
			under := r.Status == "in-progress" || r.Status == "paused" || r.Status == "processing"
			ours := s.calls[r.Call].keep.Node == node || s.conferences[r.Conference].keep.Node == node
			if under && ours && r.Created.Before(milli(born)) {
				r.Status, r.Updated = "absent", milli(born)
				putRow(t, s.recordings, id, r)
			}
		}
		for id, r := range s.conferences {
			if c := r.keep; c.Node == node && c.Status != "completed" && c.Created.Before(milli(born)) {
				c.Status, c.Reason, c.Updated = "completed", "last-participant-left", milli(born)
				putRow(t, s.conferences, id, c)
				n++
			}
		}
		return nil
	})
	return n, err
}
