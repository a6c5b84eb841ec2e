package memstore

import (
	"context"
	"slices"
	"time"

	"github.com/kaden-project/kaden/account"
	"github.com/kaden-project/kaden/number"
	"github.com/kaden-project/kaden/sid"
)

// VerifyService finds a service of an account.
func (s *Store) VerifyService(ctx context.Context, owner sid.Account, id sid.Service) (account.VerifyService, error) {
	return find(ctx, s, s.verifyServices, id, func(v account.VerifyService) bool { return v.Account == owner })
}

// VerifyServices lists those of an account, newest first.
func (s *Store) VerifyServices(ctx context.Context, owner sid.Account, p account.Page) ([]account.VerifyService, int64, error) {
	return pageOf(ctx, s, s.verifyServices, p, func(v account.VerifyService) bool { return v.Account == owner })
}

// PutVerifyService inserts or replaces a service.
func (s *Store) PutVerifyService(ctx context.Context, v account.VerifyService) error {
	return s.change(ctx, func(t *tx) error {
		v.Created, v.Updated = milli(v.Created), milli(v.Updated)
		putRow(t, s.verifyServices, v.SID, v)
		return nil
	})
}

// DeleteVerifyService forgets a service of an account. Its codes are left to ForgetCodes.
func (s *Store) DeleteVerifyService(ctx context.Context, owner sid.Account, id sid.Service) error {
	return forget(ctx, s, s.verifyServices, id, func(v account.VerifyService) bool { return v.Account == owner })
}

func cloneCode(c account.Code) account.Code {
	c.Tellings = slices.Clone(c.Tellings)
	for i := range c.Tellings {
		c.Tellings[i].At = milli(c.Tellings[i].At)
	}
	c.Created, c.Updated = milli(c.Created), milli(c.Updated)
	return c
}

// Code finds a code of a service.
func (s *Store) Code(ctx context.Context, service sid.Service, id sid.Verification) (account.Code, error) {
	c, err := find(ctx, s, s.codes, id, func(c account.Code) bool { return c.Service == service })
	return cloneCode(c), err
}

// openCode is the open code of a service and number; s.mu is held.
func (s *Store) openCode(service sid.Service, to number.Number) (account.Code, bool) {
	for _, r := range s.codes {
		if c := r.keep; c.Service == service && c.To == to && c.Open() {
			return cloneCode(c), true
		}
	}
	return account.Code{}, false
}

// OpenCode finds the open code of a service and number.
func (s *Store) OpenCode(ctx context.Context, service sid.Service, to number.Number) (account.Code, error) {
	if err := s.enter(ctx); err != nil {
		return account.Code{}, err
	}
	defer s.mu.Unlock()
	c, ok := s.openCode(service, to)
	if !ok {
		return account.Code{}, account.ErrNotFound
	}
	return c, nil
}

// CodesTo lists the codes for a number that were changed since, newest first.
func (s *Store) CodesTo(ctx context.Context, owner sid.Account, to number.Number, since time.Time) (found []account.Code, err error) {
	if err := s.enter(ctx); err != nil {
		return nil, err
	}
	defer s.mu.Unlock()
	for _, c := range sorted(s.codes, func(c account.Code) bool { return c.Account == owner && c.To == to && !c.Updated.Before(milli(since)) }) {
		found = append(found, cloneCode(c))
	}
	slices.Reverse(found)
	return found, nil
}

// PutCode inserts a code, or replaces the version that it has.
func (s *Store) PutCode(ctx context.Context, c account.Code) error {
	return s.change(ctx, func(t *tx) error {
		old, had := s.codes[c.SID]
		open, other := s.openCode(c.Service, c.To)
		if had != (c.Version > 0) || had && old.keep.Version != c.Version || other && open.SID != c.SID && c.Open() {
			return account.ErrChanged
		}
		kept := cloneCode(c)
		kept.Version++
		putRow(t, s.codes, c.SID, kept)
		return nil
	})
}

// ForgetCodes deletes the oldest that were last changed before.
func (s *Store) ForgetCodes(ctx context.Context, before time.Time, most int) (n int, err error) {
	err = s.change(ctx, func(t *tx) error {
		old := sorted(s.codes, func(c account.Code) bool { return c.Updated.Before(milli(before)) })
		slices.SortStableFunc(old, func(a, b account.Code) int { return a.Updated.Compare(b.Updated) })
		n = min(len(old), most)
		for _, c := range old[:n] {
			remove(t, s.codes, c.SID)
		}
		return nil
	})
	return n, err
}
