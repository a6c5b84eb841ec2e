package store

import (
	"context"
	"errors"
	"time"

	"github.com/kaden-project/kaden/account"
	"github.com/kaden-project/kaden/call"
	"github.com/kaden-project/kaden/message"
	"github.com/kaden-project/kaden/sid"
)

var messages = newTable("message", "sid account direction from_addr to_addr body segments status error_code error_text call callback carrier there "+
	"created updated sent price price_unit",
	func(r *message.Record) []any {
		return []any{&r.SID, &r.Account, &r.Direction, &r.From, &r.To, &r.Body, &r.Segments, &r.Status, &r.ErrorCode, &r.ErrorText, &r.Call,
			object{&r.Callback}, &r.Carrier, &r.There, moment{&r.Created}, moment{&r.Updated}, moment{&r.Sent},
			(*int64)(&r.Price.Amount), &r.Price.Currency}
	})

// ChangeMessage writes a message and its callbacks.
func (s *Store) ChangeMessage(ctx context.Context, c message.Change) error {
	return s.change(ctx, func(t *tx) error {
		if c.From != "" { // the row is ours from here on, also where others write at the same time
			n, err := t.exec("UPDATE message SET status = ? WHERE sid = ? AND status = ?", c.Record.Status, c.Record.SID, c.From)
			if err != nil {
				return err
			} else if n == 0 {
				return message.ErrMoved
			}
		}
		if _, err := t.exec(messages.upsert, messages.fields(&c.Record)...); err != nil {
			return err
		}
		if err := t.putMessageCharge(c.Record); err != nil {
			return err
		}
		for _, p := range c.Posts {
			row := &post{Post: call.Post{ID: p.ID, Account: p.Account, Method: p.Method, URL: p.URL, Params: p.Params, Due: p.Due}}
			if _, err := t.exec(putPost, posts.fields(row)...); err != nil {
				return err
			}
		}
		return nil
	})
}

// noMessage is a store's "not there" in the words of package message.
func noMessage(err error) error {
	if errors.Is(err, account.ErrNotFound) {
		return message.ErrNotFound
	}
	return err
}

// Message finds a message of an account.
func (s *Store) Message(ctx context.Context, owner sid.Account, id sid.Message) (message.Record, error) {
	r, err := owned(ctx, s.db.reader(), messages, id, owner)
	return r, noMessage(err)
}

// MessageThere finds a message by its carrier's name for it.
func (s *Store) MessageThere(ctx context.Context, carrier, there string) (r message.Record, err error) {
	err = one(ctx, s.db.reader(), "SELECT "+messages.all+" FROM message WHERE carrier = ? AND there = ? AND there <> ''", []any{carrier, there}, messages.fields(&r)...)
	return r, noMessage(missing(err))
}

// Messages lists newest first.
func (s *Store) Messages(ctx context.Context, f message.Filter) ([]message.Record, int64, error) {
	var c conditions
	c.is(f.Account != "", "account = ?", f.Account)
	c.is(f.To != "", "to_addr = ?", f.To)
	c.is(f.From != "", "from_addr = ?", f.From)
	c.is(!f.SentFrom.IsZero(), "sent >= ?", millis(f.SentFrom))
	c.is(!f.SentTo.IsZero(), "sent <> 0 AND sent < ?", millis(f.SentTo))
	return pageOf(ctx, s.db.reader(), messages, c, account.Page{After: f.After, Limit: f.Limit})
}

const openMessages = " FROM message WHERE status IN ('queued', 'sending', 'sent') AND created >= ? ORDER BY nr"

// OpenMessages lists those of which more is to be heard.
func (s *Store) OpenMessages(ctx context.Context, since time.Time) ([]message.Record, error) {
	return list(ctx, s.db.reader(), messages, "SELECT "+messages.all+openMessages, millis(since))
}

// DeleteMessage forgets a message of an account.
func (s *Store) DeleteMessage(ctx context.Context, owner sid.Account, id sid.Message) error {
	return noMessage(forget(ctx, s, messages, id, owner))
}
