package store

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/kaden-project/kaden/dispatch"
	"github.com/kaden-project/kaden/leg"
)

const (
	// firstLease is how long a node is alive after Join, before its first Beat.
	firstLease = 6 * time.Second
	// burial is how long Join waits for the database to notice that this node's earlier life is dead.
	burial = 2 * time.Second
)

// Join makes this process a node and returns its fence, which grows with every Join of any node.
//
// It is refused while a node of that name has a lease, unless its process is known to be dead: on SQLite
// by the lock on the data directory, on PostgreSQL by the end of its session there.
func (s *Store) Join(ctx context.Context, name, address string) (fence int64, err error) {
	if name == "" {
		return 0, errors.New("a node needs a name")
	}
	dead, err := s.db.claim(ctx, name, burial)
	if err != nil {
		return 0, unstored(err)
	}
	err = s.change(ctx, func(t *tx) error {
		now := t.Now()
		var where string
		var lease time.Time
		err := t.one("SELECT address, lease_until FROM node WHERE name = ?", []any{name}, &where, moment{&lease})
		if err != nil && !errors.Is(err, errNoRow) {
			return err
		}
		if lease.After(now) && !dead {
			return fmt.Errorf("a node named %q is alive at %s: give this one another name", name, where)
		}
		if err := t.one(nextFence, nil, &fence); err != nil {
			return err
		}
		_, err = t.exec(`INSERT INTO node (name, address, fence, joined, lease_until, epoch, knows) VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT (name)
			DO UPDATE SET address = excluded.address, fence = excluded.fence, joined = excluded.joined, lease_until = excluded.lease_until,
			epoch = excluded.epoch, knows = excluded.knows`,
			name, address, fence, millis(now), millis(now.Add(firstLease)), fence, fence)
		return err
	})
	if err != nil {
		if dead {
			s.db.unclaim(ctx, name)
		}
		return fence, err
	}
	s.members.Store(name, &member{fence: fence, epoch: fence, since: time.Now()})
	return fence, nil
}

const nextFence = "UPDATE counter SET value = value + 1 WHERE name = 'fence' RETURNING value"

// Beat prolongs the lease; dispatch.ErrNotMine if another process has the name now.
func (s *Store) Beat(ctx context.Context, name string, fence int64, ttl time.Duration) error {
	var err error
	if m := s.member(name); m != nil && s.db.shared() {
		err = s.beatAmongOthers(ctx, m, name, fence, ttl)
	} else {
		err = s.change(ctx, func(t *tx) error { return t.lease(name, fence, t.Now().Add(ttl)) })
	}
	if err == nil {
		if _, e := s.db.claim(ctx, name, 0); e != nil { // it may have gone with a connection
			s.log.Debug("name of the node not claimed", "err", e)
		}
	}
	return err
}

// Leave ends the lease at once.
func (s *Store) Leave(ctx context.Context, name string, fence int64) error {
	err := s.change(ctx, func(t *tx) error { return t.lease(name, fence, time.Time{}) })
	if err == nil {
		s.db.unclaim(ctx, name)
	}
	return err
}

func (t *tx) lease(name string, fence int64, until time.Time) error {
	n, err := t.exec("UPDATE node SET lease_until = ? WHERE name = ? AND fence = ?", millis(until), name, fence)
	if err == nil && n == 0 {
		err = errNoRow
	}
	return t.notMine(err, name, fence)
}

// notMine says that no row is a dead node's word.
func (t *tx) notMine(err error, name string, fence int64) error {
	if errors.Is(err, errNoRow) {
		return fmt.Errorf("node %q, fence %d: %w", name, fence, dispatch.ErrNotMine)
	}
	return err
}

// orphaned is the condition for a row whose owner is an earlier life of this node (name, fence) or a node
// without a living lease (name, now).
func orphaned(table, owner string) string {
	column := table + "." + owner
	return fmt.Sprintf(`(%[1]s = ? AND %[2]s.fence <> ? OR
		%[1]s <> ? AND NOT EXISTS (SELECT 1 FROM node WHERE node.name = %[1]s AND node.lease_until > ?))`, column, table)
}

// adopted is a call-out with the order in which it came to be.
type adopted struct {
	dispatch.Callout
	nr int64
}

var adoptions = newTable("callout", "nr "+strings.Join(callouts.columns, " "), func(a *adopted) []any {
	return append([]any{&a.nr}, callouts.fields(&a.Callout)...)
})

// Adopt takes over active call-outs of dead nodes and of earlier lives of name, oldest first.
func (s *Store) Adopt(ctx context.Context, name string, fence int64, limit int) (found []dispatch.Callout, err error) {
	query := `UPDATE callout SET owner = ?, fence = ?, version = version + 1, updated = ? WHERE id IN (
		SELECT id FROM callout WHERE active AND ` + orphaned("callout", "owner") + ` ORDER BY nr LIMIT ?` + s.db.skipLocked() + `)
		RETURNING ` + adoptions.all
	err = s.change(ctx, func(t *tx) error {
		found = nil
		now := millis(t.Now())
		var mine int64
		if err := t.one("SELECT count(*) FROM node WHERE name = ? AND fence = ? AND lease_until > ?", []any{name, fence, now}, &mine); err != nil {
			return err
		}
		if mine == 0 {
			return fmt.Errorf("node %q, fence %d has no living lease: %w", name, fence, dispatch.ErrNotMine)
		}
		list, err := txList(t, adoptions, query, name, fence, now, name, fence, name, now, limit)
		slices.SortFunc(list, func(a, b adopted) int { return int(a.nr - b.nr) })
		for _, a := range list {
			found = append(found, a.Callout)
		}
		if err != nil {
			return err
		}
		if _, err := t.exec("DELETE FROM channel_wait WHERE "+orphaned("channel_wait", "node"), name, fence, name, now); err != nil {
			return err
		}
		return t.freed(sweepChannels+orphaned("channel", "node"), name, fence, name, now)
	})
	return found, err
}

// claim gives a call-out that waits for nothing to a node that lives.
const claim = `UPDATE callout SET owner = ?, fence = ?, version = version + 1, updated = ? WHERE id = ? AND NOT active AND (owner <> ? OR fence <> ?)
	AND EXISTS (SELECT 1 FROM node WHERE node.name = ? AND node.fence = ? AND node.lease_until > ?)`

// Claim takes over one call-out that is not active.
func (s *Store) Claim(ctx context.Context, callout, name string, fence int64) (c dispatch.Callout, err error) {
	err = s.change(ctx, func(t *tx) error {
		now := millis(t.Now())
		if _, err := t.exec(claim, name, fence, now, callout, name, fence, name, fence, now); err != nil {
			return err
		}
		c, err = t.Callout(callout)
		return err
	})
	return c, err
}

// Overdue lists the node's own active call-outs whose Due has passed by more than late.
func (s *Store) Overdue(ctx context.Context, name string, late time.Duration) ([]dispatch.Callout, error) {
	now, err := s.db.now(ctx, s.db.reader())
	if err != nil {
		return nil, err
	}
	return list(ctx, s.db.reader(), callouts, "SELECT "+callouts.all+" FROM callout WHERE active AND owner = ? AND due > 0 AND due < ? ORDER BY nr",
		name, millis(now.Add(-late)))
}

// takeGhosts makes attempts this node's whose call may still be up: those under way, and those that were decided while the
// last words were said or the CANCEL had not left. Those of call-outs that another node drives are that one's.
var takeGhosts = `UPDATE attempt SET node = ?, fence = ? WHERE id IN (SELECT attempt.id FROM attempt WHERE attempt.id IN (
		SELECT id FROM attempt WHERE ended = 0 UNION
		SELECT a.id FROM call c JOIN attempt a ON a.call = c.sid WHERE c.ended = 0)
	AND ` + orphaned("attempt", "node") + `
	AND (NOT EXISTS (SELECT 1 FROM callout WHERE callout.id = attempt.callout AND callout.active)
		OR EXISTS (SELECT 1 FROM callout WHERE callout.id = attempt.callout AND callout.owner = ? AND callout.fence = ?))%s)
	RETURNING ` + ghostRows.all

// ghost is an attempt with the order in which it came to be.
type ghost struct {
	dispatch.Attempt
	nr int64
}

var ghostRows = newTable("attempt", "nr "+strings.Join(attempts.columns, " "), func(g *ghost) []any {
	return append([]any{&g.nr}, attempts.fields(&g.Attempt)...)
})

// Ghosts takes over attempts of an earlier fence of this node or of a dead node whose call may still be up, oldest first.
func (s *Store) Ghosts(ctx context.Context, name string, fence int64) (found []dispatch.Attempt, err error) {
	query := fmt.Sprintf(takeGhosts, s.db.skipLocked())
	err = s.change(ctx, func(t *tx) error {
		found = nil
		list, err := txList(t, ghostRows, query, name, fence, name, fence, name, millis(t.Now()), name, fence)
		if err != nil {
			return err
		}
		slices.SortFunc(list, func(a, b ghost) int { return int(a.nr - b.nr) })
		for _, g := range list {
			if err := t.inheritChannels(name, fence, g.Call); err != nil {
				return err
			}
			found = append(found, g.Attempt)
		}
		return nil
	})
	return found, err
}

// KeepRemains stores what ends an attempt's leg.
func (s *Store) KeepRemains(ctx context.Context, attempt string, target json.RawMessage, r leg.Remains) error {
	return s.change(ctx, func(t *tx) error {
		n, err := t.exec("UPDATE attempt SET remains = ?, target = COALESCE(?, target) WHERE id = ?", []byte(r), []byte(target), attempt)
		if err == nil && n == 0 {
			err = dispatch.ErrNotFound
		}
		return err
	})
}
