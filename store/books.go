package store

import (
	"context"
	"fmt"
	"time"

	"github.com/kaden-project/kaden/account"
	"github.com/kaden-project/kaden/sid"
)

// keyRow is an API key with its secret sealed.
type keyRow struct {
	account.Key
	secret []byte
}

var keys = newTable("api_key", "sid account name secret created updated", func(k *keyRow) []any {
	return []any{&k.SID, &k.Account, &k.Name, &k.secret, moment{&k.Created}, moment{&k.Updated}}
})

// Key finds a key of any account.
func (s *Store) Key(ctx context.Context, id sid.Key) (account.Key, error) {
	var r keyRow
	if err := one(ctx, s.db.reader(), "SELECT "+keys.all+" FROM api_key WHERE sid = ?", []any{id}, keys.fields(&r)...); err != nil {
		return account.Key{}, missing(err)
	}
	return s.unlocked(r)
}

func (s *Store) unlocked(r keyRow) (account.Key, error) {
	secret, err := s.seal.Open(r.secret)
	if err != nil {
		return account.Key{}, fmt.Errorf("secret of key %s: %w (is this the key file that belongs to this database?)", r.SID, err)
	}
	r.Secret = string(secret)
	return r.Key, nil
}

// Keys lists those of an account, newest first.
func (s *Store) Keys(ctx context.Context, owner sid.Account, p account.Page) (found []account.Key, next int64, err error) {
	var c conditions
	c.is(true, "account = ?", owner)
	rows, next, err := pageOf(ctx, s.db.reader(), keys, c, p)
	for _, r := range rows {
		k, err := s.unlocked(r)
		if err != nil {
			return nil, 0, err
		}
		found = append(found, k)
	}
	return found, next, err
}

// PutKey inserts or replaces a key; its secret is sealed.
func (s *Store) PutKey(ctx context.Context, k account.Key) error {
	return keep(ctx, s, keys, keyRow{k, s.seal.Seal([]byte(k.Secret))})
}

// RenameKey gives a key of an account another name.
func (s *Store) RenameKey(ctx context.Context, owner sid.Account, id sid.Key, name string, at time.Time) error {
	return rename(ctx, s, keys, id, owner, name, at)
}

// DeleteKey forgets a key of an account.
func (s *Store) DeleteKey(ctx context.Context, owner sid.Account, id sid.Key) error {
	return forget(ctx, s, keys, id, owner)
}

var applications = newTable("application", "sid account name voice texts caller_lookup public document created updated",
	func(a *account.Application) []any {
		return []any{&a.SID, &a.Account, &a.Name, object{&a.Voice}, object{&a.Texts}, &a.CallerLookup, &a.Public, &a.Document,
			moment{&a.Created}, moment{&a.Updated}}
	})

// Application finds an application of an account.
func (s *Store) Application(ctx context.Context, owner sid.Account, id sid.Application) (account.Application, error) {
	return owned(ctx, s.db.reader(), applications, id, owner)
}

// Applications lists those of an account and a name, or all (""), newest first.
func (s *Store) Applications(ctx context.Context, owner sid.Account, name string, p account.Page) ([]account.Application, int64, error) {
	var c conditions
	c.is(true, "account = ?", owner)
	c.is(name != "", "name = ?", name)
	return pageOf(ctx, s.db.reader(), applications, c, p)
}

// PutApplication inserts or replaces an application.
func (s *Store) PutApplication(ctx context.Context, a account.Application) error {
	return keep(ctx, s, applications, a)
}

// DeleteApplication forgets an application of an account.
func (s *Store) DeleteApplication(ctx context.Context, owner sid.Account, id sid.Application) error {
	return forget(ctx, s, applications, id, owner)
}

var callerIDs = newTable("caller_id", "sid account number name created updated", func(c *account.CallerID) []any {
	return []any{&c.SID, &c.Account, &c.Number, &c.Name, moment{&c.Created}, moment{&c.Updated}}
})

// CallerID finds a verified number of an account.
func (s *Store) CallerID(ctx context.Context, owner sid.Account, id sid.Number) (account.CallerID, error) {
	return owned(ctx, s.db.reader(), callerIDs, id, owner)
}

// CallerIDs lists verified numbers, newest first.
func (s *Store) CallerIDs(ctx context.Context, f account.CallerIDFilter) ([]account.CallerID, int64, error) {
	var c conditions
	c.is(true, "account = ?", f.Account)
	c.is(f.Number != "", "number = ?", f.Number)
	c.is(f.Name != "", "name = ?", f.Name)
	return pageOf(ctx, s.db.reader(), callerIDs, c, f.Page)
}

var putCallerID = callerIDs.insert + " ON CONFLICT (account, number) DO UPDATE SET name = excluded.name, updated = excluded.updated"

// PutCallerID inserts or replaces the one of the same account and number.
func (s *Store) PutCallerID(ctx context.Context, c account.CallerID) error {
	return s.change(ctx, func(t *tx) error {
		_, err := t.exec(putCallerID, callerIDs.fields(&c)...)
		return err
	})
}

// RenameCallerID gives a verified number of an account another name.
func (s *Store) RenameCallerID(ctx context.Context, owner sid.Account, id sid.Number, name string, at time.Time) error {
	return rename(ctx, s, callerIDs, id, owner, name, at)
}

// DeleteCallerID forgets a verified number of an account.
func (s *Store) DeleteCallerID(ctx context.Context, owner sid.Account, id sid.Number) error {
	return forget(ctx, s, callerIDs, id, owner)
}

var claims = newTable("claim", "number account name voice texts application document version created updated", func(c *account.Claim) []any {
	return []any{&c.Number, &c.Account, &c.Name, object{&c.Voice}, object{&c.Texts}, &c.Application, &c.Document, &c.Version,
		moment{&c.Created}, moment{&c.Updated}}
})

// Claims lists what was said about numbers, in the order in which it was first said.
func (s *Store) Claims(ctx context.Context) ([]account.Claim, error) {
	return list(ctx, s.db.reader(), claims, "SELECT "+claims.all+" FROM claim ORDER BY nr")
}

var (
	firstClaim  = claims.insert + " ON CONFLICT (number) DO NOTHING"
	changeClaim = claims.upsert + " WHERE claim.version = ?"
)

// PutClaim inserts what is said about a number, or replaces the version that it has; account.ErrChanged if that is not
// there any more.
func (s *Store) PutClaim(ctx context.Context, c account.Claim) error {
	query, args, was := firstClaim, []any(nil), c.Version
	if c.Version++; was > 0 {
		query, args = changeClaim, []any{was}
	}
	return s.change(ctx, func(t *tx) error {
		n, err := t.exec(query, append(claims.fields(&c), args...)...)
		if err == nil && n == 0 {
			err = account.ErrChanged
		}
		return err
	})
}
