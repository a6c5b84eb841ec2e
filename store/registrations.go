package store

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/kaden-project/kaden/dispatch"
	"github.com/kaden-project/kaden/trunk"
)

var _ trunk.Registrations = (*Store)(nil)

var registrations = newTable("registration", "trunk node contact routes state why remedy since granted", func(r *trunk.Registration) []any {
	return []any{&r.Trunk, &r.Node, &r.Contact, object{&r.Routes}, &r.State, &r.Why, &r.Remedy, moment{&r.Since}, moment{&r.Until}}
})

// held is a registration whose node is alive.
const held = "EXISTS (SELECT 1 FROM node WHERE node.name = registration.node AND node.fence = registration.fence AND node.lease_until > ?)"

// takeRegistration: of two nodes the second sees what the first has done. How it stood with the last one is not how it stands.
const takeRegistration = `INSERT INTO registration (trunk, node, fence, since) VALUES (?, ?, ?, ?) ON CONFLICT (trunk) DO UPDATE SET
	node = excluded.node, fence = excluded.fence, since = excluded.since, state = '', why = '', remedy = '', granted = 0
	WHERE NOT ` + held

// keepRegistration leaves the trunk and its node as they are.
const keepRegistration = `UPDATE registration SET contact = ?, routes = ?, state = ?, why = ?, remedy = ?, since = ?, granted = ?
	WHERE trunk = ? AND node = ? AND fence = ?`

// TakeRegistrations takes those that are no living node's; see trunk.Registrations.
func (s *Store) TakeRegistrations(ctx context.Context, node string, trunks []string) (roll trunk.Roll, err error) {
	fence, err := s.fenceOf(node)
	if err != nil {
		return roll, err
	}
	err = s.change(ctx, func(t *tx) error {
		roll = trunk.Roll{}
		at := millis(t.Now())
		var lease time.Time
		var others int64
		err := t.one("SELECT lease_until, (SELECT count(*) FROM node WHERE name <> ? AND lease_until > ?) FROM node WHERE name = ? AND fence = ? AND lease_until > ?",
			[]any{node, at, node, fence, at}, moment{&lease}, &others)
		if err != nil {
			return t.notMine(err, node, fence)
		}
		living, err := txList(t, registrations, "SELECT "+registrations.all+" FROM registration WHERE "+held, at)
		if err != nil {
			return err
		}
		for _, name := range slices.Sorted(slices.Values(trunks)) { // in one order: nodes that wait for each other's rows would wait for ever
			if slices.ContainsFunc(living, func(r trunk.Registration) bool { return r.Trunk == name }) {
				continue
			}
			if _, err := t.exec(takeRegistration, name, node, fence, at, at); err != nil {
				return err
			}
		}
		roll.All, err = txList(t, registrations, "SELECT "+registrations.all+" FROM registration WHERE "+held+" ORDER BY trunk", at)
		roll.Sure, roll.Others = t.b.ours(lease), int(others)
		return err
	})
	return roll, err
}

// KeepRegistration writes down how one stands; see trunk.Registrations.
func (s *Store) KeepRegistration(ctx context.Context, r trunk.Registration) error {
	fence, err := s.fenceOf(r.Node)
	if err != nil {
		return err
	}
	return s.changeSoon(ctx, func(t *tx) error {
		n, err := t.exec(keepRegistration, r.Contact, object{&r.Routes}, r.State, r.Why, r.Remedy, moment{&r.Since}, moment{&r.Until}, r.Trunk, r.Node, fence)
		if err == nil && n == 0 {
			err = errNoRow
		}
		return t.notMine(err, r.Node, fence)
	})
}

// GiveRegistration gives back; see trunk.Registrations.
func (s *Store) GiveRegistration(ctx context.Context, r trunk.Registration) error {
	fence, err := s.fenceOf(r.Node)
	if err != nil {
		return err
	}
	return s.change(ctx, func(t *tx) error {
		query, args := "DELETE FROM registration WHERE trunk = ? AND node = ? AND fence = ?", []any{r.Trunk, r.Node, fence}
		if r.Contact != "" {
			query, args = "UPDATE registration SET node = '', fence = 0, contact = ? WHERE trunk = ? AND node = ? AND fence = ?", append([]any{r.Contact}, args...)
		}
		if n, err := t.exec(query, args...); err != nil || n == 0 {
			return err
		}
		return t.note(t.b.q.tellFreed(t.b.ctx, r.Trunk))
	})
}

// fenceOf is the number of this process's ownership as a node.
func (s *Store) fenceOf(node string) (int64, error) {
	if m := s.member(node); m != nil {
		return m.number(), nil
	}
	return 0, fmt.Errorf("node %q has not joined: %w", node, dispatch.ErrNotMine)
}
