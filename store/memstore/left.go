package memstore

import (
	"context"
	"time"

	"github.com/kaden-project/kaden/call"
)

// TakeLeft makes calls this node's that nobody follows any more; see call.Estate.
func (s *Store) TakeLeft(ctx context.Context, node string, born time.Time, limit int) (list []call.Record, err error) {
	err = s.change(ctx, func(t *tx) error {
		list = nil
		for _, c := range sorted(s.calls, func(c callRow) bool {
			a, known := s.attempts[c.Attempt]
			left := c.Node == node && c.Created.Before(milli(born)) || c.Node != node && !t.alive(c.Node)
			return c.Ended.IsZero() && !c.deleted && left && (!known || a.keep.Node == node)
		}) {
			if len(list) == limit {
				break
			}
			c.Node = node
			putRow(t, s.calls, c.SID, c)
			list = append(list, cloneCall(c.Record))
		}
		return nil
	})
	return list, err
}
