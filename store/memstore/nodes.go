package memstore

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/kaden-project/kaden/dispatch"
	"github.com/kaden-project/kaden/leg"
	"github.com/kaden-project/kaden/sid"
)

// firstLease is how long a node is alive after Join, before its first Beat.
const firstLease = 6 * time.Second

func errTwoOpen(i dispatch.Incident, other string) error {
	return fmt.Errorf("source %q has an open incident %s for key %q already", i.Alert.Source, other, i.Alert.Key)
}

func errExists(what, id string) error { return fmt.Errorf("%s %s exists already", what, id) }

// alive tells whether a node's lease has not passed; one that joined in an earlier life of this store is dead.
func (t *tx) alive(name string) bool {
	n, ok := t.s.nodes[name]
	return ok && n.life == t.s.life && n.lease.After(t.now)
}

// mine checks that this process is still the node it believes to be.
func (t *tx) mine(name string, fence int64) error {
	if t.s.nodes[name].fence != fence {
		return fmt.Errorf("node %q, fence %d: %w", name, fence, dispatch.ErrNotMine)
	}
	return nil
}

// Join makes this process a node and returns its fence, which grows with every Join of any node.
func (s *Store) Join(ctx context.Context, name, address string) (fence int64, err error) {
	err = s.change(ctx, func(t *tx) error {
		if name == "" {
			return errors.New("a node needs a name")
		}
		if t.alive(name) {
			return fmt.Errorf("a node named %q is alive at %s: give this one another name", name, t.s.nodes[name].address)
		}
		t.s.fence++
		fence = t.s.fence
		put(t, t.s.nodes, name, node{address, fence, t.now.Add(firstLease), s.life})
		return nil
	})
	return fence, err
}

// Beat prolongs the lease; ErrNotMine if another process has the name now.
func (s *Store) Beat(ctx context.Context, name string, fence int64, ttl time.Duration) error {
	return s.change(ctx, func(t *tx) error { return t.lease(name, fence, t.now.Add(ttl)) })
}

// Leave ends the lease at once.
func (s *Store) Leave(ctx context.Context, name string, fence int64) error {
	return s.change(ctx, func(t *tx) error { return t.lease(name, fence, time.Time{}) })
}

func (t *tx) lease(name string, fence int64, until time.Time) error {
	if err := t.mine(name, fence); err != nil {
		return err
	}
	n := t.s.nodes[name]
	n.lease = until
	put(t, t.s.nodes, name, n)
	return nil
}

// Adopt takes over active call-outs of dead nodes and of earlier lives of name, oldest first.
func (s *Store) Adopt(ctx context.Context, name string, fence int64, limit int) (list []dispatch.Callout, err error) {
	err = s.change(ctx, func(t *tx) error {
		if list = nil; !t.alive(name) {
			return fmt.Errorf("node %q has no living lease: %w", name, dispatch.ErrNotMine)
		}
		if err := t.mine(name, fence); err != nil {
			return err
		}
		orphans := sorted(s.callouts, func(c dispatch.Callout) bool {
			return c.Active && (c.Owner == name && c.Fence != fence || c.Owner != name && !t.alive(c.Owner))
		})
		for _, c := range orphans[:min(limit, len(orphans))] {
			c.Owner, c.Fence, c.Updated = name, fence, t.now
			c.Version++
			putRow(t, s.callouts, c.ID, c)
			list = append(list, cloneCallout(c))
		}
		t.sweepChannels(name, fence)
		return nil
	})
	return list, err
}

// Claim takes over one call-out that is not active.
func (s *Store) Claim(ctx context.Context, callout, name string, fence int64) (c dispatch.Callout, err error) {
	err = s.change(ctx, func(t *tx) error {
		if c, err = t.Callout(callout); err != nil || c.Active || c.Owner == name && c.Fence == fence || !t.alive(name) || t.mine(name, fence) != nil {
			return err
		}
		c.Owner, c.Fence, c.Updated = name, fence, t.now
		c.Version++
		putRow(t, s.callouts, c.ID, cloneCallout(c))
		return nil
	})
	return c, err
}

// Overdue lists the node's own active call-outs whose Due has passed by more than late.
func (s *Store) Overdue(ctx context.Context, name string, late time.Duration) ([]dispatch.Callout, error) {
	if err := s.enter(ctx); err != nil {
		return nil, err
	}
	defer s.mu.Unlock()
	before := s.clock().Add(-late)
	list := sorted(s.callouts, func(c dispatch.Callout) bool {
		return c.Active && c.Owner == name && !c.Due.IsZero() && c.Due.Before(before)
	})
	for i := range list {
		list[i] = cloneCallout(list[i])
	}
	return list, nil
}

// Ghosts takes over attempts of an earlier fence of this node or of a dead node whose call may still be up, oldest first.
func (s *Store) Ghosts(ctx context.Context, name string, fence int64) (list []dispatch.Attempt, err error) {
	err = s.change(ctx, func(t *tx) error {
		list = nil
		for _, a := range sorted(s.attempts, func(a dispatch.Attempt) bool {
			c, driven := s.callouts[a.Callout]
			theirs := driven && c.keep.Active && (c.keep.Owner != name || c.keep.Fence != fence)
			return (a.Ended.IsZero() || s.callOpen(a.Call)) && t.orphaned(a.Node, a.Fence, name, fence) && !theirs
		}) {
			a.Node, a.Fence = name, fence
			putRow(t, s.attempts, a.ID, a)
			for id, c := range s.channels {
				if c.Call == a.Call {
					c.node, c.fence = name, fence
					put(t, s.channels, id, c)
				}
			}
			list = append(list, cloneAttempt(a))
		}
		return nil
	})
	return list, err
}

// orphaned tells whether what a life of a node owns is an earlier life's of name, or a dead node's.
func (t *tx) orphaned(owner string, of int64, name string, fence int64) bool {
	return owner == name && of != fence || owner != name && !t.alive(owner)
}

// callOpen tells whether a call is known and not over.
func (s *Store) callOpen(id sid.Call) bool {
	c, known := s.calls[id]
	return known && c.keep.Record.Ended.IsZero()
}

// KeepRemains stores what ends an attempt's leg.
func (s *Store) KeepRemains(ctx context.Context, attempt string, target json.RawMessage, r leg.Remains) error {
	return s.change(ctx, func(t *tx) error {
		a, err := t.Attempt(attempt)
		if err != nil {
			return err
		}
		a.Remains = r
		if len(target) > 0 {
			a.Target = target
		}
		return t.PutAttempts(a)
	})
}
