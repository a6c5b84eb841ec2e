package store

import (
	"cmp"
	"context"
	"errors"
	"strings"
	"time"

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
		if err := t.putSounded(c.Record); err != nil {
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
	lead, err := s.lead(ctx, f)
	if err != nil {
		return nil, false, err
	}
	where, args, order := filter(f, lead)
	if f.After != "" {
		after, marks, err := s.continued(ctx, f.After, order)
		if err != nil {
			return nil, false, err
		}
		where, args = append(where, after), append(args, marks...)
	}
	if f.Limit <= 0 {
		f.Limit = usualLimit
	}
	rows, err := list(ctx, s.db.reader(), calls, "SELECT "+calls.all+" FROM call WHERE "+strings.Join(where, " AND ")+
		" ORDER BY "+order+" LIMIT ?", append(args, f.Limit+1)...)
	if len(rows) > f.Limit {
		rows, more = rows[:f.Limit], true
	}
	for _, r := range rows {
		found = append(found, r.Record)
	}
	return found, more, err
}

// The orders of lists of calls. One that is bounded by a time goes by that time, so that an index has the calls of the
// page beside one another however many there are; a test fills a year with a million.
const (
	byNr      = "nr DESC"
	byStarted = "started DESC, nr DESC"
	byEnded   = "ended DESC, nr DESC"
)

// continued is the condition for what comes after a call.
func (s *Store) continued(ctx context.Context, after sid.Call, order string) (condition string, args []any, err error) {
	var nr, started, ended int64
	err = one(ctx, s.db.reader(), "SELECT nr, started, ended FROM call WHERE sid = ?", []any{after}, &nr, &started, &ended)
	switch {
	case errors.Is(err, errNoRow):
		return "", nil, call.ErrNotFound
	case order == byStarted:
		return "(started, nr) < (?, ?)", []any{started, nr}, err
	case order == byEnded:
		return "(ended, nr) < (?, ?)", []any{ended, nr}, err
	}
	return "nr < ?", []any{nr}, err
}

// many is how many calls of a number are too many to look through for a state.
const many = 5000

// lead is the column whose index finds a list: by a state that few calls are in, the parent, the number called, the
// number shown, or the account and the state. The database does not know how many calls a number has.
func (s *Store) lead(ctx context.Context, f call.Filter) (column string, err error) {
	number := ""
	switch ended, started := bounded(f); {
	case f.Status != "" && !f.Status.Over():
		return "status", nil
	case f.Parent != "":
		return "parent", nil
	case f.To != "":
		column, number = "to_address", f.To
	case f.From != "" && (started || !ended): // by its end an account's call is found best
		column, number = "from_address", f.From
	}
	if number == "" || f.Status == "" || f.Account == "" {
		return cmp.Or(column, "account"), nil
	}
	var there int64
	err = one(ctx, s.db.reader(), "SELECT 1 FROM call WHERE "+column+" = ? LIMIT 1 OFFSET ?", []any{number, many}, &there)
	switch {
	case errors.Is(err, errNoRow):
		return column, nil
	case err != nil:
		return "", err
	}
	return "account", nil
}

// bounded tells by which times a list is bounded.
func bounded(f call.Filter) (ended, started bool) {
	return !f.EndedFrom.IsZero() || !f.EndedTo.IsZero(), !f.StartedFrom.IsZero() || !f.StartedTo.IsZero()
}

// filter is the conditions of a list of calls, and its order. A condition that is not to choose an index is written as
// an expression.
func filter(f call.Filter, lead string) (where []string, args []any, order string) {
	ended, started := bounded(f)
	where, order = []string{"NOT deleted"}, byNr
	is := func(column, value string) {
		if value == "" {
			return
		}
		if column != lead && (column != "status" || lead != "account" || ended && !started) {
			column += " || ''"
		}
		where, args = append(where, column+" = ?"), append(args, value)
	}
	is("account", string(f.Account))
	is("status", string(f.Status))
	is("parent", string(f.Parent))
	is("to_address", f.To)
	is("from_address", f.From)
	// What the indexes say of themselves.
	switch {
	case f.Status.Over() || ended:
		where = append(where, "ended <> 0")
	case f.Status != "":
		where = append(where, "ended = 0")
	}
	if f.Parent != "" {
		where = append(where, "parent <> ''")
	}
	bound := func(condition string, at time.Time) {
		if !at.IsZero() {
			where, args = append(where, condition), append(args, millis(at))
		}
	}
	if ended {
		order = byEnded
	}
	bound("ended >= ?", f.EndedFrom)
	bound("ended < ?", f.EndedTo)
	if started {
		order = byStarted
		bound("started < ?", f.EndedTo) // what has ended had started
		if f.Status.Over() && lead == "account" {
			where = append(where, "started > 0") // which only the index with the state takes for what it says of itself
		} else {
			where = append(where, "started <> 0")
		}
	}
	bound("started >= ?", f.StartedFrom)
	bound("started < ?", f.StartedTo)
	return where, args, order
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
		_, err = t.exec(putCall, calls.fields(&callRow{Record: call.Record{SID: id, Account: account, Started: r.Started, Ended: r.Ended}, deleted: true})...)
		return err
	})
}
