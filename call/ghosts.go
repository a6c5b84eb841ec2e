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
	"github.com/kaden-project/kaden/sid"
	"github.com/kaden-project/kaden/timeline"
	"github.com/kaden-project/kaden/trunk"
)

// Estate finds the calls that were open when their process died. A store implements it.
type Estate interface {
	// TakeLeft makes up to limit calls node's that are not over and that nobody follows any more, and lists them as they
	// now are, oldest first: its own that were made before born, and those of nodes that are dead. The call of an attempt
	// that another node has, or has yet to take over, is that one's. What was being recorded of them is absent from then on,
	// and the conferences of the dead nodes are over: both were in memory.
	TakeLeft(ctx context.Context, node string, born time.Time, limit int) ([]Record, error)
}

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
	if len(wants) == 1 {
		defer d.Resume(wants[0], "").Leave() // in the store its channel is taken until GhostGone
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
			defer d.Resume(all[k], "").Leave()
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
// except for calls of a call-out (Attempt), whose ghosts their call-out ends (EndGhost, GhostGone). It returns how many there were. It is called once, after New and before anything is placed.
func (d *Desk) CloseBooks(ctx context.Context) (closed int, err error) {
	if closed, err = d.closeLeft(ctx, d.born); err != nil {
		return closed, err
	}
	if d.cfg.Conferences != nil {
		if _, err := d.cfg.Conferences.CloseLive(ctx, d.cfg.Node, d.born); err != nil {
			return closed, fmt.Errorf("conferences of the last run: %w", err)
		}
	}
	return closed, nil
}

// Inherit is CloseBooks for what other nodes on the same database have left that are dead. The ghosts of call-outs must
// have been taken over before. It is called again and again, one after the other.
func (d *Desk) Inherit(ctx context.Context) (closed int, err error) {
	return d.closeLeft(ctx, time.Time{})
}

// leftAtOnce is how many open calls are taken over in one go.
const leftAtOnce = 200

// closeLeft closes what was left, that of a time before this process's born included.
func (d *Desk) closeLeft(ctx context.Context, born time.Time) (closed int, err error) {
	if d.cfg.Estate == nil {
		return 0, nil
	}
	d.closing.Lock()
	defer d.closing.Unlock()
	for more := true; more; {
		open, err := d.cfg.Estate.TakeLeft(ctx, d.cfg.Node, born, leftAtOnce)
		if err != nil {
			return closed, fmt.Errorf("calls that were left open: %w", err)
		}
		more = len(open) == leftAtOnce
		open = append(d.unclosed, open...)
		d.unclosed = nil
		var g errgroup.Group
		g.SetLimit(ghostsAtOnce)
		n := 0
		for i, r := range open {
			if d.goesOn(r.SID) {
				continue
			}
			if r.Attempt == "" && r.Direction != Inbound {
				g.Go(func() error {
					defer d.GhostGone(r.SID)
					if err := d.endLeft(ctx, r); err != nil {
						d.log.Warn("a call that was left may still be up", "call", r.SID, "to", masked(r.To), "err", err)
					}
					return nil
				})
			}
			if err := d.close(ctx, r, "this kaden stopped during the call"); err != nil {
				d.unclosed = open[i:]
				_ = g.Wait()
				return closed, fmt.Errorf("call %s, which was left open: %w", r.SID, err)
			}
			n++
		}
		_ = g.Wait()
		if closed += n; n == 0 {
			break // all of them go on
		}
	}
	return closed, nil
}

// goesOn tells whether a call is followed here, though it was begun before: at an upstream.
func (d *Desk) goesOn(id sid.Call) bool {
	if d.cfg.Elsewhere != nil && d.cfg.Elsewhere(id) {
		return true
	}
	_, live := d.Live(id)
	return live
}

// ghostsAtOnce is how many calls of the last run are ended at a time.
const ghostsAtOnce = 16

// endLeft ends at the carrier what is left of a call: a ringing one follows from its name alone.
func (d *Desk) endLeft(ctx context.Context, r Record) error {
	to, err := number.ParseAddress(r.To)
	if err != nil {
		return err
	}
	return d.EndGhost(ctx, Order{SID: r.SID, Account: r.Account, To: to, From: r.From}, r.Trunk, r.Remains)
}

// unplaced closes the record of a call that was not made, because the answer of the store was lost, and not the order: it
// would stand as queued until the next start.
func (d *Desk) unplaced(r Record) {
	d.posting.Add(1)
	go func() {
		defer d.posting.Done()
		for pause := time.Second; ; pause = min(2*pause, endAgain) {
			select {
			case <-time.After(pause):
			case <-d.posts.Done():
				return // the next start closes its books
			}
			kept, err := d.cfg.Store.Call(d.posts, r.Account, r.SID)
			if err == nil && !kept.Status.Over() {
				kept.Callback = Callback{} // nobody knows of it
				err = d.close(d.posts, kept, "it was not placed: that its order was stored was not known")
			}
			if err == nil || errors.Is(err, ErrNotFound) {
				return
			}
		}
	}()
}

// close writes the end that nobody has written of a call. When it ended is not known; its last sign of life is.
func (d *Desk) close(ctx context.Context, r Record, why string) error {
	c := d.newCall(r, Order{SID: r.SID, Attempt: r.Attempt})
	defer c.stop(nil)
	c.rec.Remains = nil
	c.rec.Ended, c.rec.Updated, c.rec.Cause = r.Updated, time.Now(), leg.Fault
	c.rec.Status = StatusOf(r.Direction, leg.Fault, !r.Answered.IsZero())
	ev := c.event(timeline.CallEnded, why)
	ev.Cause = string(leg.Fault)
	c.callback(Event{At: time.Now(), Status: c.rec.Status})
	c.chargeLost()
	return d.cfg.Store.Change(ctx, Change{Record: c.rec, Events: append(c.untold, ev), Posts: c.posts, Charges: c.charges})
}
