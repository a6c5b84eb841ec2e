package memstore

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/kaden-project/kaden/account"
	"github.com/kaden-project/kaden/call"
	"github.com/kaden-project/kaden/message"
	"github.com/kaden-project/kaden/sid"
)

// ChangeMessage writes a message and its callbacks.
func (s *Store) ChangeMessage(ctx context.Context, c message.Change) error {
	return s.change(ctx, func(t *tx) error {
		r := c.Record
		if c.From != "" && s.messages[r.SID].keep.Status != c.From {
			return message.ErrMoved
		}
		for id, other := range s.messages {
			if o := other.keep; id != r.SID && r.There != "" && o.There == r.There && o.Carrier == r.Carrier {
				return fmt.Errorf("message %s is %s already", r.There, id)
			}
		}
		r.Created, r.Updated, r.Sent = milli(r.Created), milli(r.Updated), milli(r.Sent)
		putRow(t, s.messages, r.SID, r)
		if !r.Sent.IsZero() && r.Direction != message.Inbound {
			putRow(t, s.charges, chargeKey{sid.Call(r.SID), messageLeg}, call.Charge{
				Call: sid.Call(r.SID), Leg: messageLeg, Account: r.Account, Trunk: r.Carrier, At: r.Sent, Cost: r.Price,
			})
		}
		for _, p := range c.Posts {
			if _, there := s.posts[p.ID]; !there {
				putRow(t, s.posts, p.ID, call.Post{ID: p.ID, Account: p.Account, Method: p.Method, URL: p.URL, Params: p.Params, Due: milli(p.Due)})
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
	r, err := find(ctx, s, s.messages, id, func(r message.Record) bool { return r.Account == owner })
	return r, noMessage(err)
}

// MessageThere finds a message by its carrier's name for it.
func (s *Store) MessageThere(ctx context.Context, carrier, there string) (message.Record, error) {
	if err := s.enter(ctx); err != nil {
		return message.Record{}, err
	}
	defer s.mu.Unlock()
	for _, r := range s.messages {
		if there != "" && r.keep.There == there && r.keep.Carrier == carrier {
			return r.keep, nil
		}
	}
	return message.Record{}, message.ErrNotFound
}

// Messages lists newest first.
func (s *Store) Messages(ctx context.Context, f message.Filter) ([]message.Record, int64, error) {
	return pageOf(ctx, s, s.messages, account.Page{After: f.After, Limit: f.Limit}, func(r message.Record) bool {
		return (f.Account == "" || r.Account == f.Account) && (f.To == "" || r.To == f.To) && (f.From == "" || r.From == f.From) &&
			(f.SentFrom.IsZero() || !r.Sent.Before(milli(f.SentFrom))) &&
			(f.SentTo.IsZero() || !r.Sent.IsZero() && r.Sent.Before(milli(f.SentTo)))
	})
}

// OpenMessages lists those of which more is to be heard.
func (s *Store) OpenMessages(ctx context.Context, since time.Time) ([]message.Record, error) {
	if err := s.enter(ctx); err != nil {
		return nil, err
	}
	defer s.mu.Unlock()
	return sorted(s.messages, func(r message.Record) bool { return !r.Status.Final() && !r.Created.Before(milli(since)) }), nil
}

// DeleteMessage forgets a message of an account.
func (s *Store) DeleteMessage(ctx context.Context, owner sid.Account, id sid.Message) error {
	return noMessage(forget(ctx, s, s.messages, id, func(r message.Record) bool { return r.Account == owner }))
}
