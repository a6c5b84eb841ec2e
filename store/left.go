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

// What was being recorded of a call was in the memory of its process, and so was who met in a conference.
const (
	lostRecordings   = "UPDATE recording SET status = 'absent', updated = ? WHERE call = ? AND call <> '' AND status IN ('in-progress', 'paused', 'processing')"
	lostConferences  = "status <> 'completed' AND node <> ? AND NOT EXISTS (SELECT 1 FROM node WHERE node.name = conference.node AND node.lease_until > ?)"
	lostInConference = "UPDATE recording SET status = 'absent', updated = ? WHERE status IN ('in-progress', 'paused', 'processing') AND conference <> '' AND conference IN (SELECT sid FROM conference WHERE " + lostConferences + ")"
	closeConferences = "UPDATE conference SET status = 'completed', reason = 'last-participant-left', updated = ? WHERE " + lostConferences
)

// closeLost ends what the processes of calls that were left had in memory.
func (t *tx) closeLost(node string, left []leftCall) error {
	if len(left) == 0 {
		return nil
	}
	now := millis(t.Now())
	for _, c := range left {
		if _, err := t.exec(lostRecordings, now, c.SID); err != nil {
			return err
		}
	}
	if _, err := t.exec(lostInConference, now, node, now); err != nil {
		return err
	}
	_, err := t.exec(closeConferences, now, node, now)
	return err
}

// TakeLeft makes calls this node's that nobody follows any more; see call.Estate.
func (s *Store) TakeLeft(ctx context.Context, node string, born time.Time, limit int) (found []call.Record, err error) {
	query := takeLeft + s.db.skipLocked() + ") RETURNING " + leftCalls.all
	err = s.change(ctx, func(t *tx) error {
		found = nil
		list, err := txList(t, leftCalls, query, node, node, millis(born), node, millis(t.Now()), node, limit)
		if err != nil {
			return err
		}
		if err := t.closeLost(node, list); err != nil {
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
