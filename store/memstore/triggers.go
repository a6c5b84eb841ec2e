package memstore

import (
	"context"
	"time"

	"github.com/kaden-project/kaden/account"
	"github.com/kaden-project/kaden/call"
	"github.com/kaden-project/kaden/sid"
)

// Trigger finds a trigger of an account.
func (s *Store) Trigger(ctx context.Context, owner sid.Account, id sid.Trigger) (account.Trigger, error) {
	return find(ctx, s, s.triggers, id, func(t account.Trigger) bool { return t.Account == owner })
}

// Triggers lists newest first.
func (s *Store) Triggers(ctx context.Context, f account.TriggerFilter) ([]account.Trigger, int64, error) {
	return pageOf(ctx, s, s.triggers, f.Page, func(t account.Trigger) bool {
		recurring := t.Recurring
		if recurring == "" {
			recurring = account.Once
		}
		return t.Account == f.Account && (f.Category == "" || t.Category == f.Category) && (f.By == "" || t.By == f.By) &&
			(f.Recurring == "" || recurring == f.Recurring)
	})
}

// PutTrigger inserts or replaces a trigger; whether it has fired stays as it was.
func (s *Store) PutTrigger(ctx context.Context, v account.Trigger) error {
	return s.change(ctx, func(t *tx) error {
		v.Fired, v.Created, v.Updated = milli(v.Fired), milli(v.Created), milli(v.Updated)
		if old, had := s.triggers[v.SID]; had {
			v.Fired, v.Period = old.keep.Fired, old.keep.Period
		}
		putRow(t, s.triggers, v.SID, v)
		return nil
	})
}

// DeleteTrigger forgets a trigger of an account.
func (s *Store) DeleteTrigger(ctx context.Context, owner sid.Account, id sid.Trigger) error {
	return forget(ctx, s, s.triggers, id, func(t account.Trigger) bool { return t.Account == owner })
}

// WaitingTriggers lists those that have not fired in their period, oldest first.
func (s *Store) WaitingTriggers(ctx context.Context, at time.Time) ([]account.Trigger, error) {
	if err := s.enter(ctx); err != nil {
		return nil, err
	}
	defer s.mu.Unlock()
	list := sorted(s.triggers, func(t account.Trigger) bool { return t.Period < account.Period(t.Recurring, at) })
	if len(list) == 0 {
		list = nil
	}
	return list, nil
}

// FireTrigger notes that a trigger fires in a period, and keeps what is to be told, if nobody was quicker.
func (s *Store) FireTrigger(ctx context.Context, id sid.Trigger, period string, at time.Time, p account.Post) (first bool, err error) {
	err = s.change(ctx, func(t *tx) error {
		r, ok := s.triggers[id]
		if first = ok && r.keep.Period < period; !first {
			return nil
		}
		v := r.keep
		v.Fired, v.Period, v.Updated = milli(at), period, milli(at)
		putRow(t, s.triggers, id, v)
		if _, there := s.posts[p.ID]; !there {
			putRow(t, s.posts, p.ID, clonePost(call.Post{ID: p.ID, Account: p.Account, Method: p.Method, URL: p.URL, Params: p.Params, Due: p.Due}))
		}
		return nil
	})
	return first && err == nil, err
}
