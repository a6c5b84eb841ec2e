package store

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

var queues = newTable("queue", "sid account name most created updated", func(q *call.QueueRecord) []any {
	return []any{&q.SID, &q.Account, &q.Name, &q.Most, moment{&q.Created}, moment{&q.Updated}}
})

const queueByName = "SELECT sid FROM queue WHERE account = ? AND name = ?"

// PutQueue inserts or replaces a queue; call.ErrQueueExists if another of the account has its name.
func (s *Store) PutQueue(ctx context.Context, q call.QueueRecord) error {
	return s.change(ctx, func(t *tx) error {
		var other sid.Queue
		switch err := t.one(queueByName, []any{q.Account, q.Name}, &other); {
		case err == nil && other != q.SID:
			return call.ErrQueueExists
		case err != nil && !errors.Is(err, errNoRow):
			return err
		}
		_, err := t.exec(queues.upsert, queues.fields(&q)...)
		return err
	})
}

// Queue finds a queue of an account; call.ErrNoQueue if there is none.
func (s *Store) Queue(ctx context.Context, owner sid.Account, id sid.Queue) (call.QueueRecord, error) {
	q, err := owned(ctx, s.db.reader(), queues, id, owner)
	return q, noQueue(err)
}

// QueueNamed finds a queue by its name.
func (s *Store) QueueNamed(ctx context.Context, owner sid.Account, name string) (q call.QueueRecord, err error) {
	err = one(ctx, s.db.reader(), "SELECT "+queues.all+" FROM queue WHERE account = ? AND name = ?", []any{owner, name}, queues.fields(&q)...)
	return q, noQueue(missing(err))
}

func noQueue(err error) error {
	if errors.Is(err, account.ErrNotFound) {
		return call.ErrNoQueue
	}
	return err
}

// Queues lists those of an account, newest first; next is the place to go on after, 0 at the end.
func (s *Store) Queues(ctx context.Context, owner sid.Account, p account.Page) (found []call.QueueRecord, next int64, err error) {
	var c conditions
	c.is(true, "account = ?", owner)
	return pageOf(ctx, s.db.reader(), queues, c, p)
}

// DeleteQueue forgets a queue.
func (s *Store) DeleteQueue(ctx context.Context, owner sid.Account, id sid.Queue) error {
	return noQueue(forget(ctx, s, queues, id, owner))
}

var conferences = newTable("conference", "sid account name status created updated reason ended_by node", func(c *call.ConferenceRecord) []any {
	return []any{&c.SID, &c.Account, &c.Name, &c.Status, moment{&c.Created}, moment{&c.Updated}, &c.Reason, &c.EndedBy, &c.Node}
})

// PutConference inserts or replaces what is known of a conference.
func (s *Store) PutConference(ctx context.Context, c call.ConferenceRecord) error {
	return keep(ctx, s, conferences, c)
}

// Conference finds a conference of an account; account.ErrNotFound if there is none.
func (s *Store) Conference(ctx context.Context, owner sid.Account, id sid.Conference) (call.ConferenceRecord, error) {
	return owned(ctx, s.db.reader(), conferences, id, owner)
}

// Conferences lists newest first; next is the place to go on after, 0 at the end.
func (s *Store) Conferences(ctx context.Context, f call.ConferenceFilter) (found []call.ConferenceRecord, next int64, err error) {
	var c conditions
	c.is(f.Account != "", "account = ?", f.Account)
	c.is(f.Name != "", "name = ?", f.Name)
	c.is(f.Status != "", "status = ?", f.Status)
	c.within("created", f.Created)
	c.within("updated", f.Updated)
	return pageOf(ctx, s.db.reader(), conferences, c, f.Page)
}

// CloseLive ends the conferences and recordings that a node left open which was born again at born, and says how many
// conferences. Of the recordings nothing is left: they were in its memory.
func (s *Store) CloseLive(ctx context.Context, node string, born time.Time) (n int, err error) {
	at := millis(born)
	err = s.change(ctx, func(t *tx) error {
		if _, err := t.exec(`UPDATE recording SET status = 'absent', updated = ? WHERE status IN ('in-progress', 'paused', 'processing') AND created < ?
			AND (call IN (SELECT sid FROM call WHERE node = ?) OR conference IN (SELECT sid FROM conference WHERE node = ?))`, at, at, node, node); err != nil {
			return err
		}
		closed, err := t.exec("UPDATE conference SET status = 'completed', reason = 'last-participant-left', updated = ? WHERE node = ? AND created < ? AND status <> 'completed'", at, node, at)
		n = int(closed)
		return err
	})
	return n, err
}
