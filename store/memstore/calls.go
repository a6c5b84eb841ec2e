package memstore

import (
	"cmp"
	"context"
	"slices"
	"time"

	"github.com/kaden-project/kaden/call"
	"github.com/kaden-project/kaden/sid"
)

// Change writes a call's record, its events and its callbacks.
func (s *Store) Change(ctx context.Context, c call.Change) error {
	return s.change(ctx, func(t *tx) error {
		if err := t.PutCall(c.Record); err != nil {
			return err
		}
		for _, p := range c.Posts {
			if _, ok := s.posts[p.ID]; !ok { // else its answer was lost, and the change is made again
				putRow(t, s.posts, p.ID, clonePost(p))
			}
		}
		t.putCharges(c)
		t.putSounded(c.Record)
		return t.Append(c.Events...)
	})
}

// Posted marks a callback as delivered or given up. One that is not known is none of our worries.
func (s *Store) Posted(ctx context.Context, id string) error {
	return s.change(ctx, func(t *tx) error {
		remove(t, s.posts, id)
		return nil
	})
}

// Posts lists the callbacks that are not marked as Posted, oldest first.
func (s *Store) Posts() []call.Post {
	s.mu.Lock()
	defer s.mu.Unlock()
	list := sorted(s.posts, func(call.Post) bool { return true })
	for i := range list {
		list[i] = clonePost(list[i])
	}
	return list
}

// Call finds a call of an account.
func (s *Store) Call(ctx context.Context, account sid.Account, id sid.Call) (call.Record, error) {
	if err := s.enter(ctx); err != nil {
		return call.Record{}, err
	}
	defer s.mu.Unlock()
	r, ok := s.calls[id]
	if !ok || r.keep.deleted || r.keep.Account != account {
		return call.Record{}, call.ErrNotFound
	}
	return cloneCall(r.keep.Record), nil
}

// Calls lists newest first; more tells that the limit cut the list. It can be continued after a call
// that has been deleted since.
func (s *Store) Calls(ctx context.Context, f call.Filter) (list []call.Record, more bool, err error) {
	if err := s.enter(ctx); err != nil {
		return nil, false, err
	}
	defer s.mu.Unlock()
	after, paged := s.calls[f.After]
	if f.After != "" && !paged {
		return nil, false, call.ErrNotFound
	}
	if f.Limit <= 0 {
		f.Limit = usualLimit
	}
	var rows []row[callRow]
	for _, r := range s.calls {
		if !r.keep.deleted && matches(f, r.keep.Record) && (!paged || later(f, after, r) < 0) {
			rows = append(rows, r)
		}
	}
	slices.SortFunc(rows, func(a, b row[callRow]) int { return later(f, a, b) })
	for i, r := range rows {
		if i == f.Limit {
			return list, true, nil
		}
		list = append(list, cloneCall(r.keep.Record))
	}
	return list, false, nil
}

// later is the order of a list: by the time that bounds it, else by age.
func later(f call.Filter, a, b row[callRow]) int {
	at := func(call.Record) time.Time { return time.Time{} }
	switch {
	case !f.StartedFrom.IsZero() || !f.StartedTo.IsZero():
		at = func(r call.Record) time.Time { return r.Started }
	case !f.EndedFrom.IsZero() || !f.EndedTo.IsZero():
		at = func(r call.Record) time.Time { return r.Ended }
	}
	return cmp.Or(at(b.keep.Record).Compare(at(a.keep.Record)), cmp.Compare(b.nr, a.nr))
}

func matches(f call.Filter, r call.Record) bool {
	switch {
	case f.Account != "" && r.Account != f.Account,
		f.To != "" && r.To != f.To,
		f.From != "" && r.From != f.From,
		f.Status != "" && r.Status != f.Status,
		f.Parent != "" && r.Parent != f.Parent,
		!f.StartedFrom.IsZero() && (r.Started.IsZero() || r.Started.Before(milli(f.StartedFrom))),
		!f.StartedTo.IsZero() && (r.Started.IsZero() || !r.Started.Before(milli(f.StartedTo))),
		!f.EndedFrom.IsZero() && (r.Ended.IsZero() || r.Ended.Before(milli(f.EndedFrom))),
		!f.EndedTo.IsZero() && (r.Ended.IsZero() || !r.Ended.Before(milli(f.EndedTo))):
		return false
	}
	return true
}

// DeleteCall removes what is known of a call; its place in lists remains, so that they can be continued.
func (s *Store) DeleteCall(ctx context.Context, account sid.Account, id sid.Call) error {
	return s.change(ctx, func(t *tx) error {
		r, ok := s.calls[id]
		if !ok || r.keep.deleted || r.keep.Account != account {
			return call.ErrNotFound
		}
		putRow(t, s.calls, id, callRow{Record: call.Record{SID: id, Account: account, Started: r.keep.Started, Ended: r.keep.Ended}, deleted: true})
		return nil
	})
}
