package dispatch

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/kaden-project/kaden/alert"
	"github.com/kaden-project/kaden/call"
	"github.com/kaden-project/kaden/callout"
	"github.com/kaden-project/kaden/leg"
	"github.com/kaden-project/kaden/number"
)

const (
	setup     = 12 * time.Second       // until the first 18x (rule 12)
	firstWord = 800 * time.Millisecond // the ear and the mobile path are not there earlier (rule 23)
	longest   = 10 * time.Minute       // of any call to a person; the listening time ends it long before
	rendering = 3 * time.Second        // for the speech of one script
	stale     = 2 * time.Second        // a commit older than this is looked at again before a call leaves
)

// order is the call for an attempt, as it is committed with it.
func (d *Dispatcher) order(t *turn, l *line, c callout.Command) (call.Order, error) {
	to, err := number.ParseAddress(c.Address)
	if err != nil {
		return call.Order{}, fmt.Errorf("attempt %s: %w", c.Attempt, err)
	}
	plan := t.state.Plan
	o := call.Order{
		SID: l.sid, Account: d.cfg.Account, To: to, Direction: call.OutboundAPI,
		Program: call.Program{URL: d.address(c.Attempt, partScript), Method: "POST"},
		Ring:    c.Ring, Setup: setup, TimeLimit: longest, FirstWord: firstWord,
		Attempt: c.Attempt, Alert: t.incident.ID, Callout: t.row.ID, Stored: true,
		// The urgent overtake others on their way to a line, and try one that rests if there is no other.
		Urgent: !t.state.Drill && rank(alert.Severity(t.state.Severity)) >= rank(alert.Critical),
		// A hint beside the script, which does not wait for it (rule 18).
		Detection: &call.Detection{Message: plan.Machine == callout.MachineMessage},
	}
	if len(plan.From) > 0 {
		o.FromByTrunk, o.Prefer = plan.From, plan.FromOrder
	}
	if same := t.known[c.After]; same.Trunk != "" { // the second tap shows the same number
		o.Prefer = append([]string{same.Trunk}, slices.Clone(o.Prefer)...)
	}
	if plan.Joins(c.Step) {
		o.TimeLimit, o.Here = longestTalk, true
	}
	return o, nil
}

// place makes ready what will be said and sends the call on its way.
func (d *Dispatcher) place(ctx context.Context, r *run, dl dial, s *speech, turn inTurn) {
	next := sync.OnceFunc(turn.done)
	defer next()
	l := dl.line
	for _, last := range l.after { // the same person's last calls are still being ended
		select {
		case <-last.over:
		case <-ctx.Done():
			return
		}
	}
	if err := s.prepare(ctx, r, l); err != nil {
		r.log.Error("nothing can be said; not calling", "person", l.person, "err", err)
		l.finish(now(), callout.Fault, "speech: "+err.Error())
		return
	}
	if len(l.aboard()) == 0 {
		l.finish(now(), callout.Canceled, "")
		return
	}
	if time.Since(r.view().Committed) > stale {
		switch err := s.mine(ctx, r); {
		case errors.Is(err, ErrNotMine):
			l.finish(now(), callout.Canceled, "this call-out was taken over")
			return
		case err != nil: // nobody loses a turn because the database is away (rule 7)
			l.finish(now(), callout.Fault, "it cannot be found out whether the call-out is still ours: "+err.Error())
			return
		}
	}
	o, target := dl.order, dl.target
	o.Heard = l.heard
	o.Keep = func(ctx context.Context, rest leg.Remains) error {
		return d.store.KeepRemains(ctx, l.lead, target, rest)
	}
	turn.wait(ctx)
	h, err := d.cfg.Caller.Call(ctx, o)
	next()
	if err != nil {
		r.log.Error("call not placed", "person", l.person, "to", number.Mask(l.address), "err", err)
		l.finish(now(), callout.Fault, err.Error())
		return
	}
	if !l.take(h) {
		h.End(leg.Canceled)
	}
}

// stillMine asks the store whether the call-out is still this node's, ErrNotMine if not: between the commit
// and the call the process may have been frozen, and another node may have taken over.
func (d *Dispatcher) stillMine(ctx context.Context, r *run) error {
	return d.store.Write(ctx, func(tx Tx) error {
		c, err := tx.Callout(r.id())
		if err == nil && (c.Owner != d.cfg.Node || c.Fence != d.fence) {
			err = ErrNotMine
		}
		return err
	})
}

// Order is what an attempt's call was ordered with, for ending what may be left of it at a carrier.
func (a Attempt) Order() (o call.Order, err error) {
	if len(a.Target) == 0 {
		return o, fmt.Errorf("attempt %s has no call of its own", a.ID)
	}
	return o, json.Unmarshal(a.Target, &o)
}
