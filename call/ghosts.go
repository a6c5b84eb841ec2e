package call

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/kaden-project/kaden/leg"
	"github.com/kaden-project/kaden/number"
	"github.com/kaden-project/kaden/timeline"
	"github.com/kaden-project/kaden/trunk"
)

// EndGhost ends what may be left at a carrier of a call that an earlier life of this process had under
// way: o is its order, trunk the one in use ("" if that is not known), r what was kept last. It returns
// when the far end has confirmed or has had its time.
func (d *Desk) EndGhost(ctx context.Context, o Order, trunkName string, r leg.Remains) error {
	o = o.complete()
	if d.within(o.To) {
		return nil // it died with the process
	}
	if o.To.Scheme != number.Tel {
		return d.endLeg(ctx, o, trunk.Trunk{}, 0, r)
	}
	if legs, ok := legsOf(r); ok {
		return d.endLegs(ctx, o, legs)
	}
	if trunkName != "" {
		o.Trunk = trunkName
	}
	wants, err := d.candidates(o, nil)
	if err != nil {
		return err
	}
	// Which trunks it was tried on, and in which order, died with the process: each may hold it.
	ended := make(chan error)
	n := 0
	for _, t := range wants {
		for i := range len(wants) {
			n++
			go func() { ended <- d.endLeg(ctx, o, t, i, r) }()
		}
	}
	var errs []error
	for range n {
		errs = append(errs, <-ended)
	}
	return errors.Join(errs...)
}

// endLeg ends one try over t.
func (d *Desk) endLeg(ctx context.Context, o Order, t trunk.Trunk, try int, r leg.Remains) error {
	dl, err := d.dialer(o.To.Scheme, t)
	if err != nil {
		return err
	}
	ender, ok := dl.(leg.Ender)
	if !ok {
		return nil // legs that die with the process
	}
	return ender.End(ctx, o.target(t), leg.Options{ID: o.legID(try)}, r)
}

// endLegs ends what was tried over several trunks, or over an upstream: each leg on its own.
func (d *Desk) endLegs(ctx context.Context, o Order, legs []remain) error {
	var all []trunk.Trunk
	if d.cfg.Trunks != nil {
		all = d.cfg.Trunks()
	}
	errs := make([]error, len(legs))
	var g errgroup.Group
	for i, l := range legs {
		k := slices.IndexFunc(all, func(t trunk.Trunk) bool { return t.Name == l.Trunk })
		if k < 0 {
			errs[i] = fmt.Errorf("trunk %q, over which it was tried, is gone", l.Trunk)
			continue
		}
		g.Go(func() error {
			o := o
			if to, err := number.ParseAddress(l.To); l.To != "" && err == nil {
				o.To = to
			}
			errs[i] = d.endLeg(ctx, o, all[k], l.Try, l.Rest)
			return nil
		})
	}
	_ = g.Wait()
	return errors.Join(errs...)
}

// CloseBooks ends the records that an earlier life of this node left open: a call cannot outlive its
// process, and whoever asks for it would wait for ever. What was still up at a carrier is ended there,
// except for calls of a call-out (Attempt), whose ghosts their call-out ends. It returns how many there were. It is called once, after New and before anything is placed.
func (d *Desk) CloseBooks(ctx context.Context) (closed int, err error) {
	for _, s := range []Status{Queued, Ringing, InProgress} {
		open, err := d.leftOpen(ctx, s)
		if err != nil {
			return closed, fmt.Errorf("calls of the last run: %w", err)
		}
		var g errgroup.Group
		g.SetLimit(ghostsAtOnce)
		for _, r := range open {
			if r.Attempt == "" && r.Direction != Inbound {
				g.Go(func() error {
					if err := d.endLeft(ctx, r); err != nil {
						d.log.Warn("a call of the last run may still be up", "call", r.SID, "to", masked(r.To), "err", err)
					}
					return nil
				})
			}
			if err := d.close(ctx, r); err != nil {
				_ = g.Wait()
				return closed, fmt.Errorf("call %s of the last run: %w", r.SID, err)
			}
			closed++
		}
		_ = g.Wait()
	}
	if d.cfg.Conferences != nil {
		if _, err := d.cfg.Conferences.CloseLive(ctx, d.cfg.Node, d.born); err != nil {
			return closed, fmt.Errorf("conferences of the last run: %w", err)
		}
	}
	return closed, nil
}

// ghostsAtOnce is how many calls of the last run are ended at a time.
const ghostsAtOnce = 16

func (d *Desk) leftOpen(ctx context.Context, s Status) (list []Record, err error) {
	f := Filter{Status: s, Limit: 1000}
	for {
		page, more, err := d.cfg.Store.Calls(ctx, f)
		if err != nil {
			return nil, err
		}
		for _, r := range page {
			f.After = r.SID
			if d.cfg.Elsewhere != nil && d.cfg.Elsewhere(r.SID) {
				continue // it outlived the process, and is followed
			}
			if _, live := d.Live(r.SID); !live && r.Node == d.cfg.Node && r.Created.Before(d.born) {
				list = append(list, r)
			}
		}
		if !more || len(page) == 0 {
			return list, nil
		}
	}
}

// endLeft ends at the carrier what is left of a call: a ringing one follows from its name alone.
func (d *Desk) endLeft(ctx context.Context, r Record) error {
	to, err := number.ParseAddress(r.To)
	if err != nil {
		return err
	}
	return d.EndGhost(ctx, Order{SID: r.SID, Account: r.Account, To: to, From: r.From}, r.Trunk, r.Remains)
}

// close writes the end that the call's own process could not. When it ended is not known; its last sign of
// life is.
func (d *Desk) close(ctx context.Context, r Record) error {
	c := d.newCall(r, Order{SID: r.SID, Attempt: r.Attempt})
	defer c.stop(nil)
	c.rec.Remains = nil
	c.rec.Ended, c.rec.Updated, c.rec.Cause = r.Updated, time.Now(), leg.Fault
	c.rec.Status = StatusOf(r.Direction, leg.Fault, !r.Answered.IsZero())
	ev := c.event(timeline.CallEnded, "this kaden stopped during the call")
	ev.Cause = string(leg.Fault)
	c.callback(Event{At: time.Now(), Status: c.rec.Status})
	c.chargeLost()
	return d.cfg.Store.Change(ctx, Change{Record: c.rec, Events: append(c.untold, ev), Posts: c.posts, Charges: c.charges})
}
