package store

import (
	"context"
	"time"

	"github.com/kaden-project/kaden/account"
	"github.com/kaden-project/kaden/sid"
)

// exchangeRow is an exchange with its length in milliseconds.
type exchangeRow struct {
	account.Exchange
	took int64
}

var exchanges = newTable("exchange", "account call at method url params status took header body code", func(e *exchangeRow) []any {
	return []any{&e.Account, &e.Call, moment{&e.At}, &e.Method, &e.URL, object{&e.Params}, &e.Status, &e.took, object{&e.Header}, &e.Body, &e.Code}
})

var notifications = newTable("notification", "sid account call warning code text exchange at", func(n *account.Notification) []any {
	return []any{&n.SID, &n.Account, &n.Call, &n.Warning, &n.Code, &n.Text, object{&n.Exchange}, moment{&n.At}}
})

// One that is there already was stored by a change whose answer was lost.
var addNotification = notifications.insert + " ON CONFLICT (sid) DO NOTHING"

// KeepDebug adds exchanges and notifications.
func (s *Store) KeepDebug(ctx context.Context, list []account.Exchange, notes []account.Notification) error {
	return s.change(ctx, func(t *tx) error {
		for _, e := range list {
			if _, err := t.exec(exchanges.insert, exchanges.fields(&exchangeRow{e, e.Took.Milliseconds()})...); err != nil {
				return err
			}
		}
		for _, n := range notes {
			if _, err := t.exec(addNotification, notifications.fields(&n)...); err != nil {
				return err
			}
		}
		return nil
	})
}

// Notification finds an entry of an account's debug log.
func (s *Store) Notification(ctx context.Context, owner sid.Account, id sid.Notification) (account.Notification, error) {
	return owned(ctx, s.db.reader(), notifications, id, owner)
}

// Notifications lists newest first.
func (s *Store) Notifications(ctx context.Context, f account.NotificationFilter) ([]account.Notification, int64, error) {
	var c conditions
	c.is(true, "account = ?", f.Account)
	c.is(f.Call != "", "call = ?", f.Call)
	c.is(f.Level != "", "warning = ?", f.Level == "1")
	c.within("at", f.At)
	return pageOf(ctx, s.db.reader(), notifications, c, f.Page)
}

// Exchanges lists those of a call, newest first.
func (s *Store) Exchanges(ctx context.Context, owner sid.Account, id sid.Call, p account.Page) (found []account.Exchange, next int64, err error) {
	var c conditions
	c.is(true, "account = ?", owner)
	c.is(true, "call = ?", id)
	rows, next, err := pageOf(ctx, s.db.reader(), exchanges, c, p)
	for _, r := range rows {
		r.Took = time.Duration(r.took) * time.Millisecond
		found = append(found, r.Exchange)
	}
	return found, next, err
}

// ForgetDebug deletes the oldest of both.
func (s *Store) ForgetDebug(ctx context.Context, before time.Time, most int) (n int, err error) {
	err = s.change(ctx, func(t *tx) error {
		n = 0
		for _, table := range []string{"exchange", "notification"} {
			gone, err := t.exec("DELETE FROM "+table+" WHERE nr IN (SELECT nr FROM "+table+" WHERE at < ? ORDER BY at LIMIT ?)", millis(before), most)
			if err != nil {
				return err
			}
			n += int(gone)
		}
		return nil
	})
	return n, err
}
