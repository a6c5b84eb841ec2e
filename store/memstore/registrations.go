package memstore

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	"github.com/kaden-project/kaden/dispatch"
	"github.com/kaden-project/kaden/trunk"
)

var _ trunk.Registrations = (*Store)(nil)

// registration is one with the number of its ownership.
type registration struct {
	trunk.Registration
	fence int64
}

// held tells whether a registration's node is alive.
func (t *tx) held(r registration) bool {
	return t.alive(r.Node) && t.s.nodes[r.Node].fence == r.fence
}

// TakeRegistrations takes those that are no living node's; see trunk.Registrations.
func (s *Store) TakeRegistrations(ctx context.Context, node string, trunks []string) (roll trunk.Roll, err error) {
	err = s.change(ctx, func(t *tx) error {
		roll = trunk.Roll{}
		me := s.nodes[node]
		if !t.alive(node) {
			return fmt.Errorf("node %q has no living lease: %w", node, dispatch.ErrNotMine)
		}
		for _, name := range trunks {
			r, there := s.registrations[name]
			if there && t.held(r) {
				continue
			}
			put(t, s.registrations, name, registration{trunk.Registration{
				Trunk: name, Node: node, Contact: r.Contact, Routes: r.Routes, Since: t.now,
			}, me.fence})
		}
		for _, r := range s.registrations {
			if t.held(r) {
				roll.All = append(roll.All, cloneRegistration(r.Registration))
			}
		}
		slices.SortFunc(roll.All, func(a, b trunk.Registration) int { return cmp.Compare(a.Trunk, b.Trunk) })
		for name := range s.nodes {
			if name != node && t.alive(name) {
				roll.Others++
			}
		}
		roll.Sure = me.lease.Add(-s.skew)
		return nil
	})
	return roll, err
}

// KeepRegistration writes down how one stands; see trunk.Registrations.
func (s *Store) KeepRegistration(ctx context.Context, r trunk.Registration) error {
	return s.change(ctx, func(t *tx) error {
		me, known := s.nodes[r.Node]
		old := s.registrations[r.Trunk]
		if !known || old.Node != r.Node || old.fence != me.fence {
			return fmt.Errorf("registration of %s, node %q: %w", r.Trunk, r.Node, dispatch.ErrNotMine)
		}
		put(t, s.registrations, r.Trunk, registration{cloneRegistration(r), me.fence})
		return nil
	})
}

// GiveRegistration gives back; see trunk.Registrations.
func (s *Store) GiveRegistration(ctx context.Context, r trunk.Registration) error {
	return s.change(ctx, func(t *tx) error {
		me, known := s.nodes[r.Node]
		if !known {
			return fmt.Errorf("node %q has not joined: %w", r.Node, dispatch.ErrNotMine)
		}
		old := s.registrations[r.Trunk]
		switch {
		case old.Node != r.Node || old.fence != me.fence:
		case r.Contact == "":
			remove(t, s.registrations, r.Trunk)
		default:
			old.Node, old.fence, old.Contact = "", 0, r.Contact
			put(t, s.registrations, r.Trunk, old)
		}
		return nil
	})
}

func cloneRegistration(r trunk.Registration) trunk.Registration {
	r.Routes = slices.Clone(r.Routes)
	r.Since, r.Until = milli(r.Since), milli(r.Until)
	return r
}
