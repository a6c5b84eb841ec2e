package store

import (
	"context"
	"errors"
	"strings"

	"github.com/kaden-project/kaden/call"
	"github.com/kaden-project/kaden/sid"
)

// usualLimit is the length of a list whose limit is 0.
const usualLimit = 50

// A callback that is there already was stored by a change whose answer was lost, and which is now made again.
var putPost = posts.insert + " ON CONFLICT (id) DO NOTHING"

// Change writes a call's record, its events and its callbacks.
func (s *Store) Change(ctx context.Context, c call.Change) error {
	change := s.change
	if c.Soon {
		change = s.changeSoon
	}
	return change(ctx, func(t *tx) error {
		if err := t.PutCall(c.Record); err != nil {
			return err
		}
		for _, p := range c.Posts {
			if _, err := t.exec(putPost, posts.fields(&post{Post: p})...); err != nil {
				return err
			}
		}
		if err := t.putCharges(c); err != nil {
			return err
		}
		return t.Append(c.Events...)
	})
}

// Posted marks a callback as delivered or given up. One that is not known is none of our worries.
func (s *Store) Posted(ctx context.Context, id string) error {
	return s.changeSoon(ctx, func(t *tx) error {
		_, err := t.exec("DELETE FROM post WHERE id = ?", id)
		return err
	})
}

var callByID = "SELECT " + calls.all + " FROM call WHERE sid = ? AND account = ? AND NOT deleted"

// Call finds a call of an account.
func (s *Store) Call(ctx context.Context, account sid.Account, id sid.Call) (call.Record, error) {
	var r callRow
	err := one(ctx, s.db.reader(), callByID, []any{id, account}, calls.fields(&r)...)
	if errors.Is(err, errNoRow) {
		err = call.ErrNotFound
	}
	return r.Record, err
}

// Calls lists newest first; more tells that the limit cut the list. It can be continued after a call
// that has been deleted since.
func (s *Store) Calls(ctx context.Context, f call.Filter) (found []call.Record, more bool, err error) {
	where, args := filter(f)
	if f.After != "" {
		var nr int64
		if err := one(ctx, s.db.reader(), "SELECT nr FROM call WHERE sid = ?", []any{f.After}, &nr); errors.Is(err, errNoRow) {
			return nil, false, call.ErrNotFound
		} else if err != nil {
			return nil, false, err
		}
		where, args = append(where, "nr < ?"), append(args, nr)
	}
	if f.Limit <= 0 {
		f.Limit = usualLimit
	}
	rows, err := list(ctx, s.db.reader(), calls, "SELECT "+calls.all+" FROM call WHERE "+strings.Join(where, " AND ")+
		" ORDER BY nr DESC LIMIT ?", append(args, f.Limit+1)...)
	if len(rows) > f.Limit {
		rows, more = rows[:f.Limit], true
	}
	for _, r := range rows {
		found = append(found, r.Record)
	}
	return found, more, err
}

// filter is the conditions of a list of calls.
func filter(f call.Filter) (where []string, args []any) {
	where = []string{"NOT deleted"}
	is := func(condition string, arg any) { where, args = append(where, condition), append(args, arg) }
	if f.Account != "" {
		is("account = ?", f.Account)
	}
	if f.To != "" {
		is("to_address = ?", f.To)
	}
	if f.From != "" {
		is("from_address = ?", f.From)
	}
	if f.Status != "" {
		is("status = ?", f.Status)
	}
	if f.Parent != "" {
		is("parent = ?", f.Parent)
	}
	if !f.StartedFrom.IsZero() {
		is("started >= ?", millis(f.StartedFrom))
	}
	if !f.StartedTo.IsZero() {
		is("started < ? AND started <> 0", millis(f.StartedTo))
	}
	if !f.EndedFrom.IsZero() {
		is("ended >= ?", millis(f.EndedFrom))
	}
	if !f.EndedTo.IsZero() {
		is("ended < ? AND ended <> 0", millis(f.EndedTo))
	}
	return where, args
}

// DeleteCall removes what is known of a call; its place in lists remains, so that they can be continued.
func (s *Store) DeleteCall(ctx context.Context, account sid.Account, id sid.Call) error {
	return s.change(ctx, func(t *tx) error {
		var r callRow
		err := t.one(callByID, []any{id, account}, calls.fields(&r)...)
		if errors.Is(err, errNoRow) {
			return call.ErrNotFound
		}
		if err != nil {
			return err
		}
		_, err = t.exec(putCall, calls.fields(&callRow{Record: call.Record{SID: id, Account: account}, deleted: true})...)
		return err
	})
}
