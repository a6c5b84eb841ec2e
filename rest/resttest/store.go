package resttest

import (
	"context"
	"maps"
	"slices"
	"sync"

	"github.com/kaden-project/kaden/account"
	"github.com/kaden-project/kaden/call"
	"github.com/kaden-project/kaden/rest"
	"github.com/kaden-project/kaden/sid"
)

// Store keeps accounts and calls in memory.
type Store struct {
	mu       sync.Mutex
	broken   error
	accounts map[sid.Account]account.Account
	calls    []call.Record // in the order of their creation; a deleted one keeps its place and its SID alone
}

var _ rest.Calls = (*Store)(nil)

// NewStore makes a store that knows the accounts.
func NewStore(list ...account.Account) *Store {
	s := &Store{accounts: map[sid.Account]account.Account{}}
	for _, a := range list {
		s.accounts[a.SID] = a
	}
	return s
}

// Break makes every operation fail with err; nil mends the store.
func (s *Store) Break(err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.broken = err
}

// Account finds an account, or answers [ErrNoAccount].
func (s *Store) Account(_ context.Context, id sid.Account) (account.Account, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.broken != nil {
		return account.Account{}, s.broken
	}
	a, ok := s.accounts[id]
	if !ok {
		return account.Account{}, ErrNoAccount
	}
	return a, nil
}

// PutAccount inserts or replaces an account.
func (s *Store) PutAccount(_ context.Context, a account.Account) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.broken == nil {
		s.accounts[a.SID] = a
	}
	return s.broken
}

// ListAccounts lists an account and its sub-accounts on one page, in the order of their identifiers.
func (s *Store) ListAccounts(_ context.Context, f account.Filter) (list []account.Account, next int64, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, id := range slices.Sorted(maps.Keys(s.accounts)) {
		a := s.accounts[id]
		if (f.Of == "" || a.SID == f.Of || a.Owner == f.Of) && (f.Name == "" || a.Name == f.Name) &&
			(f.Status == "" || a.Status == f.Status || f.Status == account.Active && a.Active()) {
			list = append(list, a)
		}
	}
	return list, 0, s.broken
}

// Put writes a call as it is now, a new one at the end.
func (s *Store) Put(r call.Record) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if i := s.index(r.SID); i >= 0 {
		s.calls[i] = r
		return
	}
	s.calls = append(s.calls, r)
}

// index is where a call stands, -1 if nowhere. s.mu is held.
func (s *Store) index(id sid.Call) int {
	return slices.IndexFunc(s.calls, func(r call.Record) bool { return r.SID == id })
}

// Call finds a call of an account.
func (s *Store) Call(_ context.Context, a sid.Account, id sid.Call) (call.Record, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.broken != nil {
		return call.Record{}, s.broken
	}
	i := s.index(id)
	if i < 0 || s.calls[i].Account != a {
		return call.Record{}, call.ErrNotFound
	}
	return s.calls[i], nil
}

// Calls lists newest first.
func (s *Store) Calls(_ context.Context, f call.Filter) (list []call.Record, more bool, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.broken != nil {
		return nil, false, s.broken
	}
	end := len(s.calls)
	if f.After != "" {
		if end = s.index(f.After); end < 0 {
			return nil, false, call.ErrNotFound
		}
	}
	for i := end - 1; i >= 0; i-- {
		switch r := s.calls[i]; {
		case !matches(f, r):
		case len(list) == f.Limit:
			return list, true, nil
		default:
			list = append(list, r)
		}
	}
	return list, false, nil
}

func matches(f call.Filter, r call.Record) bool {
	return r.Account == f.Account &&
		(f.To == "" || r.To == f.To) &&
		(f.From == "" || r.From == f.From) &&
		(f.Status == "" || r.Status == f.Status) &&
		(f.Parent == "" || r.Parent == f.Parent) &&
		(f.StartedFrom.IsZero() || !r.Started.IsZero() && !r.Started.Before(f.StartedFrom)) &&
		(f.StartedTo.IsZero() || !r.Started.IsZero() && r.Started.Before(f.StartedTo)) &&
		(f.EndedFrom.IsZero() || !r.Ended.IsZero() && !r.Ended.Before(f.EndedFrom)) &&
		(f.EndedTo.IsZero() || !r.Ended.IsZero() && r.Ended.Before(f.EndedTo))
}

// DeleteCall forgets a call.
func (s *Store) DeleteCall(_ context.Context, a sid.Account, id sid.Call) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.broken != nil {
		return s.broken
	}
	i := s.index(id)
	if i < 0 || s.calls[i].Account != a {
		return call.ErrNotFound
	}
	s.calls[i] = call.Record{SID: id}
	return nil
}
