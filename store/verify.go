package store

import (
	"context"
	"fmt"
	"time"

	"github.com/kaden-project/kaden/account"
	"github.com/kaden-project/kaden/number"
	"github.com/kaden-project/kaden/sid"
)

var verifyServices = newTable("verify_service", "sid account name settings created updated", func(s *account.VerifyService) []any {
	return []any{&s.SID, &s.Account, &s.Name, object{&s.VerifySettings}, moment{&s.Created}, moment{&s.Updated}}
})

// VerifyService finds a service of an account.
func (s *Store) VerifyService(ctx context.Context, owner sid.Account, id sid.Service) (account.VerifyService, error) {
	return owned(ctx, s.db.reader(), verifyServices, id, owner)
}

// VerifyServices lists those of an account, newest first.
func (s *Store) VerifyServices(ctx context.Context, owner sid.Account, p account.Page) ([]account.VerifyService, int64, error) {
	var c conditions
	c.is(true, "account = ?", owner)
	return pageOf(ctx, s.db.reader(), verifyServices, c, p)
}

// PutVerifyService inserts or replaces a service.
func (s *Store) PutVerifyService(ctx context.Context, v account.VerifyService) error {
	return keep(ctx, s, verifyServices, v)
}

// DeleteVerifyService forgets a service of an account. Its codes are left to ForgetCodes.
func (s *Store) DeleteVerifyService(ctx context.Context, owner sid.Account, id sid.Service) error {
	return forget(ctx, s, verifyServices, id, owner)
}

// codeRow is a code, sealed.
type codeRow struct {
	account.Code
	sealed []byte
}

var codes = newTable("verify_code", "sid service account number code status checks tellings version created updated", func(c *codeRow) []any {
	return []any{&c.SID, &c.Service, &c.Account, &c.To, &c.sealed, &c.Status, &c.Checks, object{&c.Tellings}, &c.Version,
		moment{&c.Created}, moment{&c.Updated}}
})

func (s *Store) unsealed(r codeRow) (account.Code, error) {
	code, err := s.seal.Open(r.sealed)
	if err != nil {
		return account.Code{}, fmt.Errorf("verification %s: %w (is this the key file that belongs to this database?)", r.SID, err)
	}
	r.Code.Code = string(code)
	return r.Code, nil
}

func (s *Store) code(ctx context.Context, where string, args ...any) (account.Code, error) {
	var r codeRow
	if err := one(ctx, s.db.reader(), "SELECT "+codes.all+" FROM verify_code WHERE "+where, args, codes.fields(&r)...); err != nil {
		return account.Code{}, missing(err)
	}
	return s.unsealed(r)
}

// Code finds a code of a service.
func (s *Store) Code(ctx context.Context, service sid.Service, id sid.Verification) (account.Code, error) {
	return s.code(ctx, "sid = ? AND service = ?", id, service)
}

// isOpen is what [account.Code.Open] says, and the condition of the index.
const isOpen = "status IN ('pending', 'max_attempts_reached')"

// OpenCode finds the open code of a service and number.
func (s *Store) OpenCode(ctx context.Context, service sid.Service, to number.Number) (account.Code, error) {
	return s.code(ctx, "service = ? AND number = ? AND "+isOpen, service, to)
}

// CodesTo lists the codes for a number that were changed since, newest first.
func (s *Store) CodesTo(ctx context.Context, owner sid.Account, to number.Number, since time.Time) (found []account.Code, err error) {
	rows, err := list(ctx, s.db.reader(), codes, "SELECT "+codes.all+" FROM verify_code WHERE account = ? AND number = ? AND updated >= ? ORDER BY nr DESC",
		owner, to, millis(since))
	for _, r := range rows {
		c, err := s.unsealed(r)
		if err != nil {
			return nil, err
		}
		found = append(found, c)
	}
	return found, err
}

const changeCode = `UPDATE verify_code SET code = ?, status = ?, checks = ?, tellings = ?, version = ?, updated = ? WHERE sid = ? AND version = ?`

// PutCode inserts a code, or replaces the version that it has; account.ErrChanged if that is not there any more.
func (s *Store) PutCode(ctx context.Context, c account.Code) error {
	row := codeRow{c, s.seal.Seal([]byte(c.Code))}
	row.Version++
	return s.change(ctx, func(t *tx) error {
		var n int64
		var err error
		if c.Version == 0 {
			n, err = t.exec(codes.insert+" ON CONFLICT DO NOTHING", codes.fields(&row)...)
		} else {
			n, err = t.exec(changeCode, row.sealed, row.Status, row.Checks, object{&row.Tellings}, row.Version, millis(row.Updated), row.SID, c.Version)
		}
		if err == nil && n == 0 {
			err = account.ErrChanged
		}
		return err
	})
}

// ForgetCodes deletes the oldest that were last changed before.
func (s *Store) ForgetCodes(ctx context.Context, before time.Time, most int) (n int, err error) {
	err = s.change(ctx, func(t *tx) error {
		gone, err := t.exec("DELETE FROM verify_code WHERE nr IN (SELECT nr FROM verify_code WHERE updated < ? ORDER BY updated LIMIT ?)", millis(before), most)
		n = int(gone)
		return err
	})
	return n, err
}
