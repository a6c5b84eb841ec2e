package store

import (
	"context"
	"time"

	"github.com/kaden-project/kaden/account"
	"github.com/kaden-project/kaden/call"
	"github.com/kaden-project/kaden/sid"
)

var triggers = newTable("usage_trigger", "sid account name category by_field value recurring url method fired period created updated",
	func(t *account.Trigger) []any {
		return []any{&t.SID, &t.Account, &t.Name, &t.Category, &t.By, &t.Value, &t.Recurring, &t.URL, &t.Method, moment{&t.Fired}, &t.Period,
			moment{&t.Created}, moment{&t.Updated}}
	}, "fired", "period")

// Trigger finds a trigger of an account.
func (s *Store) Trigger(ctx context.Context, owner sid.Account, id sid.Trigger) (account.Trigger, error) {
	return owned(ctx, s.db.reader(), triggers, id, owner)
}

// Triggers lists newest first.
func (s *Store) Triggers(ctx context.Context, f account.TriggerFilter) ([]account.Trigger, int64, error) {
	var c conditions
	c.is(true, "account = ?", f.Account)
	c.is(f.Category != "", "category = ?", f.Category)
	c.is(f.By != "", "by_field = ?", f.By)
	c.is(f.Recurring == account.Once, "recurring = ?", "")
	c.is(f.Recurring != "" && f.Recurring != account.Once, "recurring = ?", f.Recurring)
	return pageOf(ctx, s.db.reader(), triggers, c, f.Page)
}

// PutTrigger inserts or replaces a trigger; whether it has fired stays as it was.
func (s *Store) PutTrigger(ctx context.Context, t account.Trigger) error {
	return keep(ctx, s, triggers, t)
}

// DeleteTrigger forgets a trigger of an account.
func (s *Store) DeleteTrigger(ctx context.Context, owner sid.Account, id sid.Trigger) error {
	return forget(ctx, s, triggers, id, owner)
}

var waitingTriggers = "SELECT " + triggers.all + " FROM usage_trigger" +
	" WHERE period < CASE recurring WHEN 'daily' THEN ? WHEN 'monthly' THEN ? WHEN 'yearly' THEN ? ELSE ? END ORDER BY nr"

// WaitingTriggers lists those that have not fired in their period, oldest first.
func (s *Store) WaitingTriggers(ctx context.Context, at time.Time) ([]account.Trigger, error) {
	return list(ctx, s.db.reader(), triggers, waitingTriggers,
		account.Period("daily", at), account.Period("monthly", at), account.Period("yearly", at), account.Once)
}

// FireTrigger notes that a trigger fires in a period, and keeps what is to be told, if nobody was quicker.
func (s *Store) FireTrigger(ctx context.Context, id sid.Trigger, period string, at time.Time, p account.Post) (first bool, err error) {
	err = s.change(ctx, func(t *tx) error {
		n, err := t.exec("UPDATE usage_trigger SET fired = ?, period = ?, updated = ? WHERE sid = ? AND period < ?", millis(at), period, millis(at), id, period)
		if first = n > 0; err != nil || !first {
			return err
		}
		row := &post{Post: call.Post{ID: p.ID, Account: p.Account, Method: p.Method, URL: p.URL, Params: p.Params, Due: p.Due}}
		_, err = t.exec(putPost, posts.fields(row)...)
		return err
	})
	return first && err == nil, err
}
