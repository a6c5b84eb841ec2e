package store

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/kaden-project/kaden/account"
	"github.com/kaden-project/kaden/dispatch"
	"github.com/kaden-project/kaden/manifest"
	"github.com/kaden-project/kaden/sid"
)

// accountRow is an account with its token sealed.
type accountRow struct {
	account.Account
	token []byte
}

var accounts = newTable("account", "sid name token created updated owner status",
	func(a *accountRow) []any {
		return []any{&a.SID, &a.Name, &a.token, moment{&a.Created}, moment{&a.Updated}, &a.Owner, &a.Status}
	})

var accountByID = "SELECT " + accounts.all + " FROM account WHERE sid = ?"

// Account finds an account.
func (s *Store) Account(ctx context.Context, id sid.Account) (account.Account, error) {
	var r accountRow
	err := one(ctx, s.db.reader(), accountByID, []any{id}, accounts.fields(&r)...)
	if errors.Is(err, errNoRow) {
		return account.Account{}, fmt.Errorf("account %s: %w", id, account.ErrNotFound)
	}
	if err != nil {
		return account.Account{}, err
	}
	return s.opened(r)
}

func (s *Store) opened(r accountRow) (account.Account, error) {
	token, err := s.seal.Open(r.token)
	if err != nil {
		return account.Account{}, fmt.Errorf("token of account %s: %w (is this the key that belongs to this database?)", r.SID, err)
	}
	r.AuthToken = string(token)
	return r.Account, nil
}

// Accounts lists all accounts, oldest first.
func (s *Store) Accounts(ctx context.Context) (all []account.Account, err error) {
	rows, err := list(ctx, s.db.reader(), accounts, "SELECT "+accounts.all+" FROM account ORDER BY nr")
	for _, r := range rows {
		a, err := s.opened(r)
		if err != nil {
			return nil, err
		}
		all = append(all, a)
	}
	return all, err
}

// ListAccounts lists an account and its sub-accounts, or all, newest first.
func (s *Store) ListAccounts(ctx context.Context, f account.Filter) (found []account.Account, next int64, err error) {
	var c conditions
	c.is(f.Of != "", "? IN (sid, owner)", f.Of)
	c.is(f.Name != "", "name = ?", f.Name)
	c.is(f.Status == account.Active, "status IN ('', ?)", f.Status)
	c.is(f.Status != "" && f.Status != account.Active, "status = ?", f.Status)
	rows, next, err := pageOf(ctx, s.db.reader(), accounts, c, f.Page)
	for _, r := range rows {
		a, err := s.opened(r)
		if err != nil {
			return nil, 0, err
		}
		found = append(found, a)
	}
	return found, next, err
}

// PutAccount inserts or replaces an account; its token is sealed.
func (s *Store) PutAccount(ctx context.Context, a account.Account) error {
	token := s.seal.Seal([]byte(a.AuthToken))
	return s.change(ctx, func(t *tx) error {
		_, err := t.exec(accounts.upsert, accounts.fields(&accountRow{a, token})...)
		return err
	})
}

// documentRow is a document with its text sealed.
type documentRow struct {
	kind, name string
	text       []byte
}

var documents = newTable("document", "kind name text", func(d *documentRow) []any { return []any{&d.kind, &d.name, &d.text} })

// Documents lists the documents in the order they were first applied.
func (s *Store) Documents(ctx context.Context) (all []manifest.Document, err error) {
	rows, err := list(ctx, s.db.reader(), documents, "SELECT "+documents.all+" FROM document ORDER BY nr")
	for _, r := range rows {
		text, err := s.seal.Open(r.text)
		if err != nil {
			return nil, fmt.Errorf("%s %q: %w (is this the key that belongs to this database?)", r.kind, r.name, err)
		}
		all = append(all, manifest.Document{Kind: r.kind, Name: r.name, Text: string(text)})
	}
	return all, err
}

// Apply inserts or replaces each document by kind and name, all or nothing.
func (s *Store) Apply(ctx context.Context, docs []manifest.Document) error {
	rows := make([]documentRow, len(docs))
	for i, d := range docs {
		rows[i] = documentRow{d.Kind, d.Name, s.seal.Seal([]byte(d.Text))}
	}
	return s.change(ctx, func(t *tx) error {
		for i := range rows {
			if _, err := t.exec(documents.insert+" ON CONFLICT (kind, name) DO UPDATE SET text = excluded.text", documents.fields(&rows[i])...); err != nil {
				return err
			}
			if err := s.keepVersion(t, docs[i]); err != nil {
				return err
			}
		}
		return nil
	})
}

// Remove deletes documents, all or none; dispatch.ErrNotFound if one is not there.
func (s *Store) Remove(ctx context.Context, refs ...manifest.Ref) error {
	return s.change(ctx, func(t *tx) error {
		for _, r := range refs {
			n, err := t.exec("DELETE FROM document WHERE kind = ? AND name = ?", r.Kind, r.Name)
			if err == nil && n == 0 {
				err = fmt.Errorf("%s %q: %w", r.Kind, r.Name, dispatch.ErrNotFound)
			}
			if err != nil {
				return err
			}
		}
		return nil
	})
}

// PutTicket keeps something that is valid until expires and found by the hash of a secret: a session of
// the console, a one-time login. kind keeps the uses apart. Tickets that have expired are cleared away.
func (s *Store) PutTicket(ctx context.Context, kind, hash, data string, expires time.Time) error {
	return s.change(ctx, func(t *tx) error {
		if _, err := t.exec("DELETE FROM ticket WHERE expires <= ?", millis(t.Now())); err != nil {
			return err
		}
		_, err := t.exec(`INSERT INTO ticket (kind, hash, data, expires) VALUES (?, ?, ?, ?)
			ON CONFLICT (kind, hash) DO UPDATE SET data = excluded.data, expires = excluded.expires`, kind, hash, data, millis(expires))
		return err
	})
}

// Ticket finds a ticket that has not expired; ok is false if there is none.
func (s *Store) Ticket(ctx context.Context, kind, hash string) (data string, ok bool, err error) {
	now, err := s.db.now(ctx, s.db.reader())
	if err != nil {
		return "", false, err
	}
	err = one(ctx, s.db.reader(), "SELECT data FROM ticket WHERE kind = ? AND hash = ? AND expires > ?", []any{kind, hash, millis(now)}, &data)
	if errors.Is(err, errNoRow) {
		return "", false, nil
	}
	return data, err == nil, err
}

// TakeTicket finds a ticket and removes it: of many who try at once, one gets it.
func (s *Store) TakeTicket(ctx context.Context, kind, hash string) (data string, ok bool, err error) {
	err = s.change(ctx, func(t *tx) error {
		err := t.one("DELETE FROM ticket WHERE kind = ? AND hash = ? AND expires > ? RETURNING data", []any{kind, hash, millis(t.Now())}, &data)
		if ok = err == nil; errors.Is(err, errNoRow) {
			data = ""
			return nil
		}
		return err
	})
	return data, ok && err == nil, err
}

// DropTicket removes a ticket, if it is there.
func (s *Store) DropTicket(ctx context.Context, kind, hash string) error {
	return s.change(ctx, func(t *tx) error {
		_, err := t.exec("DELETE FROM ticket WHERE kind = ? AND hash = ?", kind, hash)
		return err
	})
}
