package memstore

import (
	"context"
	"fmt"
	"time"

	"github.com/kaden-project/kaden/account"
	"github.com/kaden-project/kaden/dispatch"
	"github.com/kaden-project/kaden/manifest"
	"github.com/kaden-project/kaden/sid"
)

// Account finds an account.
func (s *Store) Account(ctx context.Context, id sid.Account) (account.Account, error) {
	if err := s.enter(ctx); err != nil {
		return account.Account{}, err
	}
	defer s.mu.Unlock()
	r, ok := s.accounts[id]
	if !ok {
		return account.Account{}, fmt.Errorf("account %s: %w", id, account.ErrNotFound)
	}
	return r.keep, nil
}

// Accounts lists all accounts, oldest first.
func (s *Store) Accounts(ctx context.Context) ([]account.Account, error) {
	if err := s.enter(ctx); err != nil {
		return nil, err
	}
	defer s.mu.Unlock()
	return sorted(s.accounts, func(account.Account) bool { return true }), nil
}

// ListAccounts lists an account and its sub-accounts, or all, newest first.
func (s *Store) ListAccounts(ctx context.Context, f account.Filter) ([]account.Account, int64, error) {
	return pageOf(ctx, s, s.accounts, f.Page, func(a account.Account) bool {
		return (f.Of == "" || a.SID == f.Of || a.Owner == f.Of) && (f.Name == "" || a.Name == f.Name) &&
			(f.Status == "" || a.Status == f.Status || f.Status == account.Active && a.Active())
	})
}

// PutAccount inserts or replaces an account.
func (s *Store) PutAccount(ctx context.Context, a account.Account) error {
	return s.change(ctx, func(t *tx) error {
		a.Created, a.Updated = milli(a.Created), milli(a.Updated)
		putRow(t, s.accounts, a.SID, a)
		return nil
	})
}

// Documents lists the documents in the order they were first applied.
func (s *Store) Documents(ctx context.Context) ([]manifest.Document, error) {
	if err := s.enter(ctx); err != nil {
		return nil, err
	}
	defer s.mu.Unlock()
	return sorted(s.documents, func(manifest.Document) bool { return true }), nil
}

// Apply inserts or replaces each document by kind and name, all or nothing.
func (s *Store) Apply(ctx context.Context, docs []manifest.Document) error {
	return s.change(ctx, func(t *tx) error {
		for _, d := range docs {
			d.File, d.Line = "", 0
			putRow(t, s.documents, documentKey{d.Kind, d.Name}, d)
			s.keepVersion(t, d)
		}
		return nil
	})
}

// Remove deletes documents, all or none; dispatch.ErrNotFound if one is not there.
func (s *Store) Remove(ctx context.Context, refs ...manifest.Ref) error {
	return s.change(ctx, func(t *tx) error {
		for _, r := range refs {
			k := documentKey{r.Kind, r.Name}
			if _, ok := s.documents[k]; !ok {
				return fmt.Errorf("%s %q: %w", r.Kind, r.Name, dispatch.ErrNotFound)
			}
			remove(t, s.documents, k)
		}
		return nil
	})
}

// PutTicket keeps something that is valid until expires and found by the hash of a secret: a session of
// the console, a one-time login. kind keeps the uses apart.
func (s *Store) PutTicket(ctx context.Context, kind, hash, data string, expires time.Time) error {
	return s.change(ctx, func(t *tx) error {
		put(t, s.tickets, ticketKey{kind, hash}, ticket{data, milli(expires)})
		return nil
	})
}

// Ticket finds a ticket that has not expired; ok is false if there is none.
func (s *Store) Ticket(ctx context.Context, kind, hash string) (data string, ok bool, err error) {
	if err := s.enter(ctx); err != nil {
		return "", false, err
	}
	defer s.mu.Unlock()
	k := s.tickets[ticketKey{kind, hash}]
	if !k.expires.After(s.clock()) {
		return "", false, nil
	}
	return k.data, true, nil
}

// TakeTicket finds a ticket and removes it: of many who try at once, one gets it.
func (s *Store) TakeTicket(ctx context.Context, kind, hash string) (data string, ok bool, err error) {
	err = s.change(ctx, func(t *tx) error {
		k := s.tickets[ticketKey{kind, hash}]
		if data, ok = "", k.expires.After(t.now); ok {
			data = k.data
		}
		remove(t, s.tickets, ticketKey{kind, hash})
		return nil
	})
	return data, ok && err == nil, err
}

// DropTicket removes a ticket, if it is there.
func (s *Store) DropTicket(ctx context.Context, kind, hash string) error {
	_, _, err := s.TakeTicket(ctx, kind, hash)
	return err
}
