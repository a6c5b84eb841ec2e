package store

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/kaden-project/kaden/call"
)

var _ call.Estate = (*Store)(nil)

// leftCall is a call with the order in which it came to be.
type leftCall struct {
	callRow
	nr int64
}

var leftCalls = newTable("call", "nr "+strings.Join(calls.columns, " "), func(c *leftCall) []any {
	return append([]any{&c.nr}, calls.fields(&c.callRow)...)
})

// takeLeft finds open calls of the dead by the index of those that are not over.
const takeLeft = `UPDATE call SET node = ? WHERE sid IN (SELECT sid FROM call WHERE ended = 0 AND NOT deleted
	AND (node = ? AND created < ? OR node <> ? AND NOT EXISTS (SELECT 1 FROM node WHERE node.name = call.node AND node.lease_until > ?))
	AND NOT EXISTS (SELECT 1 FROM attempt WHERE attempt.id = call.attempt AND attempt.node <> ?)
	ORDER BY nr LIMIT ?`

// TakeLeft makes calls this node's that nobody follows any more; see call.Estate.
func (s *Store) TakeLeft(ctx context.Context, node string, born time.Time, limit int) (found []call.Record, err error) {
	query := takeLeft + s.db.skipLocked() + ") RETURNING " + leftCalls.all
	err = s.change(ctx, func(t *tx) error {
		found = nil
		list, err := txList(t, leftCalls, query, node, node, millis(born), node, millis(t.Now()), node, limit)
		if err != nil {
			return err
		}
		slices.SortFunc(list, func(a, b leftCall) int { return int(a.nr - b.nr) })
		m := s.member(node)
		for _, c := range list {
			if m != nil {
				if err := t.inheritChannels(node, m.number(), c.SID); err != nil {
					return err
				}
			}
			found = append(found, c.Record)
		}
		return nil
	})
	return found, err
}
