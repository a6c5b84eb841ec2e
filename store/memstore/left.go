package memstore

import (
	"context"
	"slices"
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
		if len(list) > 0 {
			t.closeLost(node, list)
		}
		return nil
	})
	return list, err
}

// closeLost ends what the processes of calls that were left had in memory: what was being recorded, and who met in a
// conference.
func (t *tx) closeLost(node string, left []call.Record) {
	lost := func(c call.ConferenceRecord) bool {
		return c.SID != "" && c.Status != "completed" && c.Node != node && !t.alive(c.Node)
	}
	for id, r := range t.s.recordings {
		r := r.keep
		under := r.Status == "in-progress" || r.Status == "paused" || r.Status == "processing"
		ofCall := slices.ContainsFunc(left, func(c call.Record) bool { return c.SID == r.Call })
		if under && (ofCall || lost(t.s.conferences[r.Conference].keep)) {
			r.Status, r.Updated = "absent", t.now
			putRow(t, t.s.recordings, id, r)
		}
	}
	for id, r := range t.s.conferences {
		if c := r.keep; lost(c) {
			c.Status, c.Reason, c.Updated = "completed", "last-participant-left", t.now
			putRow(t, t.s.conferences, id, c)
		}
	}
}
