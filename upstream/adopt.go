package upstream

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/kaden-project/kaden/call"
	"github.com/kaden-project/kaden/leg"
	"github.com/kaden-project/kaden/trunk"
)

// ErrNothingLeft says that there is no call which could go on: it is over, or the platform does not know it.
var ErrNothingLeft = errors.New("no call of it is under way there")

// Adopt takes up the call that an earlier life of this process, or another one that has died, left at an upstream, where it
// rings on or somebody listens: o is its order, r what was kept of it last. The call is asked for by its SID, or looked for by
// its numbers and its time where the answer to its order never came. It goes on as if this life had placed it:
// o.Heard hears how far it was, then what comes. Nothing is ordered. An error says that nothing was taken up, and
// EndGhost ends what may be left.
func (c *Client) Adopt(ctx context.Context, r leg.Remains, o call.Order) (*Call, error) {
	var rem remains
	if err := json.Unmarshal(r, &rem); err != nil {
		return nil, fmt.Errorf("what was kept of the call: %w", err)
	}
	if rem.Call != "" { // no search takes it for another attempt's
		c.account(rem.Call)
	}
	u, err := c.find(rem.Upstream)
	if err != nil {
		return nil, err
	}
	rec, err := c.cfg.Store.Call(ctx, o.Account, o.SID)
	if err == nil && rec.Status.Over() {
		err = ErrNothingLeft
	}
	if err != nil {
		return nil, fmt.Errorf("call %s: %w", o.SID, err)
	}
	found, err := c.underWay(ctx, u, rem)
	if err != nil {
		return nil, err
	}
	moved := rem.Public != "" && rem.Public != c.cfg.PublicURL
	if moved && found.Status != call.InProgress { // the platform cannot be told before somebody answers, and then it asks there
		return nil, fmt.Errorf("%w that can go on: its script is asked for at %s, and this kaden is not there", ErrNothingLeft, rem.Public)
	}
	o.Ring, o.TimeLimit = cmp.Or(o.Ring, usualRing), cmp.Or(o.TimeLimit, usualLimit)
	k := c.newCall(u, o)
	k.recall(rec, rem)
	k.found, k.moved = &found, moved
	if err := c.enter(k); err != nil {
		k.stop()
		return nil, err
	}
	return k, nil
}

// underWay finds the call of what was kept, as long as it is not over there. It asks until the platform answers or
// ctx ends.
func (c *Client) underWay(ctx context.Context, u trunk.Upstream, rem remains) (resource, error) {
	var no *refusal
	for nothing := 0; ; {
		r, err := c.lookFor(ctx, u, rem)
		switch {
		case err == nil && r.Status.Over():
			return r, fmt.Errorf("%w: it is %s", ErrNothingLeft, r.Status)
		case err == nil && rank(r.Status) == 0:
			return r, fmt.Errorf("%w: it is %q, which nobody here knows", ErrNothingLeft, clip(string(r.Status)))
		case err == nil:
			return r, nil
		case errors.Is(err, ErrNothingLeft):
			// A platform's list may lag behind what it does: twice, a moment apart.
			if nothing++; rem.Call != "" || nothing == 2 {
				return r, err
			}
		case errors.As(err, &no) && no.status != 0 && !no.busy():
			return r, err
		}
		if !sleep(ctx, c.limits.Look/4) {
			return r, fmt.Errorf("whether the call is under way there is not known: %s", words(err))
		}
	}
}

func (c *Client) lookFor(ctx context.Context, u trunk.Upstream, rem remains) (resource, error) {
	if rem.Call != "" {
		r, err := c.fetch(ctx, u, rem.Call)
		var no *refusal
		switch {
		case errors.As(err, &no) && no.code == 20404:
			return r, fmt.Errorf("%w: %s is unknown", ErrNothingLeft, rem.Call)
		case err == nil && r.SID != rem.Call:
			return r, fmt.Errorf("%w: asked for %s, it shows another", ErrNothingLeft, rem.Call)
		}
		return r, err
	}
	all, err := c.search(ctx, u, rem)
	var up []resource
	for _, r := range all {
		if !r.Status.Over() {
			up = append(up, r)
		}
	}
	switch {
	case err != nil:
		return resource{}, err
	case len(up) == 0:
		return resource{}, ErrNothingLeft
	case len(up) > 1: // one order made them, and which one it was, nobody knows: none is kept
		return resource{}, fmt.Errorf("%w that could be told from others: there are %d", ErrNothingLeft, len(up))
	}
	return up[0], nil
}

// recall is how far the call was when the earlier life wrote it down last.
func (k *Call) recall(rec call.Record, rem remains) {
	rec.Node, rec.Trunk = k.client.cfg.Node, k.up.Name
	k.rec, k.to, k.since, k.machine = rec, rec.To, rem.Since, rec.AnsweredBy
	k.script.next, k.script.lasts = rem.Next, time.Duration(rem.Lasts)*time.Millisecond
	if !rec.Started.IsZero() {
		k.level = rank(call.Initiated)
	}
	switch rec.Status {
	case call.Ringing:
		k.level, k.rang = rank(call.Ringing), true
	case call.InProgress:
		k.level, k.rang, k.answered = rank(call.InProgress), true, true
	}
}

// goOn is begin for a call that was taken up.
func (k *Call) goOn(r resource) {
	k.log.Info("call at the upstream taken up", "there", r.SID, "status", r.Status)
	k.adopt(r.SID)
	if gate := k.client.cfg.Gate; gate != nil {
		k.seat = gate.Resume(k.up.Line(), k.order.SID)
	}
	switch {
	case k.answered:
		k.limit.Reset(max(k.order.TimeLimit-time.Since(k.rec.Answered), 0) + late)
		k.announce(call.Event{Status: call.InProgress})
		if k.script.lasts > 0 {
			k.heard = time.NewTimer(max(k.script.lasts-time.Since(k.rec.Answered), 0))
		}
	case k.rang:
		k.limit.Reset(k.order.Ring + late)
		k.announce(call.Event{Status: call.Ringing})
	default:
		k.limit.Reset(queued + setup + k.order.Ring)
		if k.level > 0 {
			k.announce(call.Event{Status: call.Initiated})
		}
	}
	k.observe(r.told(byAnswer))
	if k.moved { // whoever listens hears it from here, from its beginning
		k.redirect(k.order.Program)
	}
}
