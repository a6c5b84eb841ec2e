package store

import (
	"context"
	"errors"
	"strings"
	"time"

	"github.com/kaden-project/kaden/account"
)

// conditions are those of a list that are wished for.
type conditions struct {
	where []string
	args  []any
}

// is adds a condition when it is wished for.
func (c *conditions) is(wished bool, condition string, arg any) {
	if wished {
		c.where, c.args = append(c.where, condition), append(c.args, arg)
	}
}

// within adds the two ends of a span.
func (c *conditions) within(column string, s account.Span) {
	c.is(!s.From.IsZero(), column+" >= ?", millis(s.From))
	c.is(!s.Before.IsZero(), column+" < ?", millis(s.Before))
}

// pageOf is a piece of a table's rows that meet the conditions, newest first. next is the place of the last one when
// there are more.
func pageOf[T any](ctx context.Context, q querier, t table[T], c conditions, p account.Page) (found []T, next int64, err error) {
	if p.Limit <= 0 {
		p.Limit = usualLimit
	}
	c.is(p.After > 0, "nr < ?", p.After)
	r, err := q.query(ctx, "SELECT nr, "+t.all+" FROM "+t.name+" WHERE "+strings.Join(append(c.where, "TRUE"), " AND ")+" ORDER BY nr DESC LIMIT ?",
		append(c.args, p.Limit+1)...)
	if err != nil {
		return nil, 0, err
	}
	defer r.Close()
	var last int64
	for r.Next() {
		if len(found) == p.Limit {
			next = last
			break
		}
		var v T
		if err := r.Scan(append([]any{&last}, t.fields(&v)...)...); err != nil {
			return nil, 0, err
		}
		found = append(found, v)
	}
	return found, next, r.Err()
}

// owned finds a row by its identifier and its account; account.ErrNotFound if there is none.
func owned[T any](ctx context.Context, q querier, t table[T], id, owner any) (v T, err error) {
	err = one(ctx, q, "SELECT "+t.all+" FROM "+t.name+" WHERE "+t.columns[0]+" = ? AND account = ?", []any{id, owner}, t.fields(&v)...)
	return v, missing(err)
}

// missing turns errNoRow into what the rooms know.
func missing(err error) error {
	if errors.Is(err, errNoRow) {
		return account.ErrNotFound
	}
	return err
}

// keep inserts or replaces a row by its identifier.
func keep[T any](ctx context.Context, s *Store, t table[T], v T) error {
	return s.change(ctx, func(x *tx) error {
		_, err := x.exec(t.upsert, t.fields(&v)...)
		return err
	})
}

// rename gives a row another name, by its identifier and its account; account.ErrNotFound if it is gone.
func rename[T any](ctx context.Context, s *Store, t table[T], id, owner any, name string, at time.Time) error {
	return s.change(ctx, func(x *tx) error {
		n, err := x.exec("UPDATE "+t.name+" SET name = ?, updated = ? WHERE "+t.columns[0]+" = ? AND account = ?", name, millis(at), id, owner)
		if err == nil && n == 0 {
			err = account.ErrNotFound
		}
		return err
	})
}

// forget deletes a row by its identifier and its account; account.ErrNotFound if there is none.
func forget[T any](ctx context.Context, s *Store, t table[T], id, owner any) error {
	return s.change(ctx, func(x *tx) error {
		n, err := x.exec("DELETE FROM "+t.name+" WHERE "+t.columns[0]+" = ? AND account = ?", id, owner)
		if err == nil && n == 0 {
			err = account.ErrNotFound
		}
		return err
	})
}
