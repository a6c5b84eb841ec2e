package memstore

import (
	"bytes"
	"cmp"
	"context"
	"slices"
	"time"

	"github.com/kaden-project/kaden/account"
	"github.com/kaden-project/kaden/dispatch"
	"github.com/kaden-project/kaden/sid"
)

// usualPage is the length of a page whose limit is 0.
const usualPage = 50

// pageOf is a piece of the rows that match, newest first.
func pageOf[K comparable, T any](ctx context.Context, s *Store, m map[K]row[T], p account.Page, match func(T) bool) (found []T, next int64, err error) {
	if err := s.enter(ctx); err != nil {
		return nil, 0, err
	}
	defer s.mu.Unlock()
	var rows []row[T]
	for _, r := range m {
		if (p.After == 0 || r.nr < p.After) && match(r.keep) {
			rows = append(rows, r)
		}
	}
	slices.SortFunc(rows, func(a, b row[T]) int { return cmp.Compare(b.nr, a.nr) })
	if p.Limit <= 0 {
		p.Limit = usualPage
	}
	if len(rows) > p.Limit {
		rows = rows[:p.Limit]
		next = rows[p.Limit-1].nr
	}
	for _, r := range rows {
		found = append(found, r.keep)
	}
	return found, next, nil
}

// find is the row of a key if it is the one that is meant.
func find[K comparable, T any](ctx context.Context, s *Store, m map[K]row[T], k K, meant func(T) bool) (T, error) {
	var none T
	if err := s.enter(ctx); err != nil {
		return none, err
	}
	defer s.mu.Unlock()
	r, ok := m[k]
	if !ok || !meant(r.keep) {
		return none, account.ErrNotFound
	}
	return r.keep, nil
}

// forget deletes the row of a key if it is the one that is meant.
func forget[K comparable, T any](ctx context.Context, s *Store, m map[K]row[T], k K, meant func(T) bool) error {
	return s.change(ctx, func(t *tx) error {
		r, ok := m[k]
		if !ok || !meant(r.keep) {
			return account.ErrNotFound
		}
		remove(t, m, k)
		return nil
	})
}

// Key finds a key of any account.
func (s *Store) Key(ctx context.Context, id sid.Key) (account.Key, error) {
	return find(ctx, s, s.keys, id, func(account.Key) bool { return true })
}

// Keys lists those of an account, newest first.
func (s *Store) Keys(ctx context.Context, owner sid.Account, p account.Page) ([]account.Key, int64, error) {
	return pageOf(ctx, s, s.keys, p, func(k account.Key) bool { return k.Account == owner })
}

// PutKey inserts or replaces a key.
func (s *Store) PutKey(ctx context.Context, k account.Key) error {
	return s.change(ctx, func(t *tx) error {
		k.Created, k.Updated = milli(k.Created), milli(k.Updated)
		putRow(t, s.keys, k.SID, k)
		return nil
	})
}

// RenameKey gives a key of an account another name.
func (s *Store) RenameKey(ctx context.Context, owner sid.Account, id sid.Key, name string, at time.Time) error {
	return s.change(ctx, func(t *tx) error {
		r, ok := s.keys[id]
		if !ok || r.keep.Account != owner {
			return account.ErrNotFound
		}
		k := r.keep
		k.Name, k.Updated = name, milli(at)
		putRow(t, s.keys, id, k)
		return nil
	})
}

// DeleteKey forgets a key of an account.
func (s *Store) DeleteKey(ctx context.Context, owner sid.Account, id sid.Key) error {
	return forget(ctx, s, s.keys, id, func(k account.Key) bool { return k.Account == owner })
}

// Application finds an application of an account.
func (s *Store) Application(ctx context.Context, owner sid.Account, id sid.Application) (account.Application, error) {
	return find(ctx, s, s.applications, id, func(a account.Application) bool { return a.Account == owner })
}

// Applications lists those of an account and a name, or all (""), newest first.
func (s *Store) Applications(ctx context.Context, owner sid.Account, name string, p account.Page) ([]account.Application, int64, error) {
	return pageOf(ctx, s, s.applications, p, func(a account.Application) bool {
		return a.Account == owner && (name == "" || a.Name == name)
	})
}

// PutApplication inserts or replaces an application.
func (s *Store) PutApplication(ctx context.Context, a account.Application) error {
	return s.change(ctx, func(t *tx) error {
		a.Created, a.Updated = milli(a.Created), milli(a.Updated)
		putRow(t, s.applications, a.SID, a)
		return nil
	})
}

// DeleteApplication forgets an application of an account.
func (s *Store) DeleteApplication(ctx context.Context, owner sid.Account, id sid.Application) error {
	return forget(ctx, s, s.applications, id, func(a account.Application) bool { return a.Account == owner })
}

// Claims lists what was said about numbers, in the order in which it was first said.
func (s *Store) Claims(ctx context.Context) ([]account.Claim, error) {
	if err := s.enter(ctx); err != nil {
		return nil, err
	}
	defer s.mu.Unlock()
	return sorted(s.claims, func(account.Claim) bool { return true }), nil
}

// PutClaim inserts what is said about a number, or replaces the version that it has.
func (s *Store) PutClaim(ctx context.Context, c account.Claim) error {
	return s.change(ctx, func(t *tx) error {
		if s.claims[c.Number].keep.Version != c.Version {
			return account.ErrChanged
		}
		kept := c
		kept.Version++
		kept.Created, kept.Updated = milli(c.Created), milli(c.Updated)
		putRow(t, s.claims, c.Number, kept)
		return nil
	})
}

// callerOf is the key of a verified number, for its identifier; s.mu is held.
func (s *Store) callerOf(owner sid.Account, id sid.Number) callerKey {
	for k, r := range s.callerIDs {
		if r.keep.SID == id && k.account == owner {
			return k
		}
	}
	return callerKey{}
}

// CallerID finds a verified number of an account.
func (s *Store) CallerID(ctx context.Context, owner sid.Account, id sid.Number) (account.CallerID, error) {
	if err := s.enter(ctx); err != nil {
		return account.CallerID{}, err
	}
	defer s.mu.Unlock()
	r, ok := s.callerIDs[s.callerOf(owner, id)]
	if !ok {
		return account.CallerID{}, account.ErrNotFound
	}
	return r.keep, nil
}

// CallerIDs lists verified numbers, newest first.
func (s *Store) CallerIDs(ctx context.Context, f account.CallerIDFilter) ([]account.CallerID, int64, error) {
	return pageOf(ctx, s, s.callerIDs, f.Page, func(c account.CallerID) bool {
		return c.Account == f.Account && (f.Number == "" || c.Number == f.Number) && (f.Name == "" || c.Name == f.Name)
	})
}

// PutCallerID inserts or replaces the one of the same account and number.
func (s *Store) PutCallerID(ctx context.Context, c account.CallerID) error {
	return s.change(ctx, func(t *tx) error {
		k := callerKey{c.Account, c.Number}
		c.Created, c.Updated = milli(c.Created), milli(c.Updated)
		if old, had := s.callerIDs[k]; had {
			c.SID, c.Created = old.keep.SID, old.keep.Created
		}
		putRow(t, s.callerIDs, k, c)
		return nil
	})
}

// RenameCallerID gives a verified number of an account another name.
func (s *Store) RenameCallerID(ctx context.Context, owner sid.Account, id sid.Number, name string, at time.Time) error {
	return s.change(ctx, func(t *tx) error {
		k := s.callerOf(owner, id)
		r, ok := s.callerIDs[k]
		if !ok {
			return account.ErrNotFound
		}
		c := r.keep
		c.Name, c.Updated = name, milli(at)
		putRow(t, s.callerIDs, k, c)
		return nil
	})
}

// DeleteCallerID forgets a verified number of an account.
func (s *Store) DeleteCallerID(ctx context.Context, owner sid.Account, id sid.Number) error {
	return s.change(ctx, func(t *tx) error {
		k := s.callerOf(owner, id)
		if _, ok := s.callerIDs[k]; !ok {
			return account.ErrNotFound
		}
		remove(t, s.callerIDs, k)
		return nil
	})
}

// PutRecording inserts or replaces what is known of a recording, and its sound unless that is nil.
func (s *Store) PutRecording(ctx context.Context, r account.Recording, wav []byte) error {
	return s.change(ctx, func(t *tx) error {
		r.Started, r.Created, r.Updated = milli(r.Started), milli(r.Created), milli(r.Updated)
		r.Duration = r.Duration.Truncate(time.Millisecond)
		putRow(t, s.recordings, r.SID, r)
		if wav != nil {
			put(t, s.sounds, string(r.SID), sound{dispatch.SoundRecording, bytes.Clone(wav)})
		}
		return nil
	})
}

// Recording finds a recording of an account.
func (s *Store) Recording(ctx context.Context, owner sid.Account, id sid.Recording) (account.Recording, error) {
	return find(ctx, s, s.recordings, id, func(r account.Recording) bool { return r.Account == owner })
}

// RecordingSound finds the WAV of a recording.
func (s *Store) RecordingSound(ctx context.Context, owner sid.Account, id sid.Recording) ([]byte, error) {
	if _, err := s.Recording(ctx, owner, id); err != nil {
		return nil, err
	}
	wav, err := s.Sound(ctx, string(id))
	if err == dispatch.ErrNotFound {
		err = account.ErrNotFound
	}
	return wav, err
}

// Recordings lists newest first.
func (s *Store) Recordings(ctx context.Context, f account.RecordingFilter) ([]account.Recording, int64, error) {
	return pageOf(ctx, s, s.recordings, f.Page, func(r account.Recording) bool {
		return (f.Account == "" || r.Account == f.Account) && (f.Call == "" || r.Call == f.Call) &&
			(f.Conference == "" || r.Conference == f.Conference) && f.Created.Holds(r.Created)
	})
}

// DeleteRecording forgets a recording and its sound.
func (s *Store) DeleteRecording(ctx context.Context, owner sid.Account, id sid.Recording) error {
	return s.change(ctx, func(t *tx) error {
		if r, ok := s.recordings[id]; !ok || r.keep.Account != owner {
			return account.ErrNotFound
		}
		remove(t, s.recordings, id)
		remove(t, s.sounds, string(id))
		return nil
	})
}

// ForgetRecordings deletes the oldest that were made before, with their sound.
func (s *Store) ForgetRecordings(ctx context.Context, before time.Time, most int) (n int, err error) {
	err = s.change(ctx, func(t *tx) error {
		old := sorted(s.recordings, func(r account.Recording) bool { return r.Created.Before(milli(before)) })
		slices.SortStableFunc(old, func(a, b account.Recording) int { return a.Created.Compare(b.Created) })
		n = min(len(old), most)
		for _, r := range old[:n] {
			remove(t, s.recordings, r.SID)
			remove(t, s.sounds, string(r.SID))
		}
		return nil
	})
	return n, err
}

// KeepDebug adds exchanges and notifications.
func (s *Store) KeepDebug(ctx context.Context, list []account.Exchange, notes []account.Notification) error {
	return s.change(ctx, func(t *tx) error {
		for _, e := range list {
			e.At, e.Took = milli(e.At), e.Took.Truncate(time.Millisecond)
			putRow(t, s.exchanges, s.nr, e)
		}
		for _, n := range notes {
			n.At = milli(n.At)
			putRow(t, s.notifications, n.SID, n)
		}
		return nil
	})
}

// Notification finds an entry of an account's debug log.
func (s *Store) Notification(ctx context.Context, owner sid.Account, id sid.Notification) (account.Notification, error) {
	return find(ctx, s, s.notifications, id, func(n account.Notification) bool { return n.Account == owner })
}

// Notifications lists newest first.
func (s *Store) Notifications(ctx context.Context, f account.NotificationFilter) ([]account.Notification, int64, error) {
	return pageOf(ctx, s, s.notifications, f.Page, func(n account.Notification) bool {
		return n.Account == f.Account && (f.Call == "" || n.Call == f.Call) && (f.Level == "" || n.Warning == (f.Level == "1")) && f.At.Holds(n.At)
	})
}

// Exchanges lists those of a call, newest first.
func (s *Store) Exchanges(ctx context.Context, owner sid.Account, id sid.Call, p account.Page) ([]account.Exchange, int64, error) {
	return pageOf(ctx, s, s.exchanges, p, func(e account.Exchange) bool { return e.Account == owner && e.Call == id })
}

// ForgetDebug deletes the oldest of both.
func (s *Store) ForgetDebug(ctx context.Context, before time.Time, most int) (n int, err error) {
	err = s.change(ctx, func(t *tx) error {
		n = 0
		left := most
		for nr, r := range s.exchanges {
			if left > 0 && r.keep.At.Before(milli(before)) {
				remove(t, s.exchanges, nr)
				n, left = n+1, left-1
			}
		}
		left = most
		for id, r := range s.notifications {
			if left > 0 && r.keep.At.Before(milli(before)) {
				remove(t, s.notifications, id)
				n, left = n+1, left-1
			}
		}
		return nil
	})
	return n, err
}
