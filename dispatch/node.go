package dispatch

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/kaden-project/kaden/callout"
	"github.com/kaden-project/kaden/twiml"
)

const (
	beat       = time.Second
	sweepEvery = time.Second
	overdue    = 2 * time.Second         // a call-out that has slept through its moment
	ghostWait  = 1200 * time.Millisecond // for carriers to confirm that old calls are ended, before new ones leave
	handful    = 200                     // call-outs adopted in one go
)

// Run makes this process a node: it ends the ghosts of its last life, takes up the call-outs that have
// nobody to drive them, and sweeps once a second for more. It returns when ctx ends and everything under
// way has stopped; what was not finished stays in the store for the next life.
func (d *Dispatcher) Run(ctx context.Context) error {
	defer d.finish()
	fence, err := d.store.Join(ctx, d.cfg.Node, d.cfg.Address)
	if err != nil {
		return fmt.Errorf("node %q: %w", d.cfg.Node, err)
	}
	d.fence = fence
	if err := d.store.Beat(ctx, d.cfg.Node, fence, d.cfg.Lease); err != nil {
		return fmt.Errorf("node %q: %w", d.cfg.Node, err)
	}
	d.readHold(ctx)
	back := d.ghosts(ctx)
	d.adopt(ctx)
	d.endDeserted(back)
	d.count(ctx)
	close(d.booted)
	d.spawn(func() { d.countMoney(d.life) })
	d.spawn(func() { d.warm(d.life) })

	tick := time.NewTicker(min(beat, sweepEvery))
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return d.leave(ctx)
		case <-tick.C:
			if err := d.store.Beat(ctx, d.cfg.Node, fence, d.cfg.Lease); err != nil && ctx.Err() == nil {
				d.log.Error("sign of life not recorded; another node may take over", "err", err)
			}
			d.readHold(ctx)
			d.adopt(ctx)
			d.sweep(ctx)
		}
	}
}

// Booted is closed when the ghosts are ended and the old call-outs run again.
func (d *Dispatcher) Booted() <-chan struct{} { return d.booted }

// Busy is the number of call-outs that are driven here now.
func (d *Dispatcher) Busy() int {
	d.mu.Lock()
	defer d.mu.Unlock()
	return len(d.runs)
}

func (d *Dispatcher) leave(ctx context.Context) error {
	d.finish()
	ctx, stop := context.WithTimeout(context.WithoutCancel(ctx), 2*time.Second)
	defer stop()
	if err := d.store.Leave(ctx, d.cfg.Node, d.fence); err != nil {
		return fmt.Errorf("node %q: %w", d.cfg.Node, err)
	}
	return nil
}

// ghosts takes up or ends what an earlier life left at carriers and platforms. That comes first, because a line
// with one channel would be blocked by our own ghost (rule 28); but nobody waits long for a silent carrier.
func (d *Dispatcher) ghosts(ctx context.Context) (back []*line) {
	if d.cfg.EndGhost == nil {
		return nil
	}
	ghosts, err := d.store.Ghosts(ctx, d.cfg.Node, d.fence)
	if err != nil {
		d.log.Error("calls of the last run not known; they may still be up at the carrier", "err", err)
		return nil
	}
	back, left := d.rejoin(d.life, onItsOwn(ghosts))
	var all sync.WaitGroup
	for _, g := range left {
		all.Go(func() {
			if err := d.cfg.EndGhost(d.life, g); err != nil {
				d.log.Warn("call of the last run may still be up at the carrier", "alert", g.Alert, "callout", g.Callout, "call", g.Call, "err", err)
			}
		})
	}
	done := make(chan struct{})
	go func() { all.Wait(); close(done) }()
	select {
	case <-done:
	case <-time.After(ghostWait):
	case <-ctx.Done():
	}
	return back
}

// adopt takes over call-outs that nobody drives.
func (d *Dispatcher) adopt(ctx context.Context) {
	for {
		rows, err := d.store.Adopt(ctx, d.cfg.Node, d.fence, handful)
		if err != nil {
			if ctx.Err() == nil {
				d.log.Error("call-outs without a node not looked for", "err", err)
			}
			if errors.Is(err, ErrUnsure) {
				d.astray = true
			}
			return
		}
		for _, row := range rows {
			if err := d.resume(ctx, row); err != nil {
				d.log.Error("call-out not resumed; trying again", "callout", row.ID, "err", err)
			}
		}
		if len(rows) < handful {
			return
		}
	}
}

// resume takes a call-out up where it was left: whoever was on the telephone is called again, unless the call
// itself goes on.
func (d *Dispatcher) resume(ctx context.Context, row Callout) error {
	inc, err := d.store.IncidentByID(ctx, row.Alert)
	if err != nil {
		return err
	}
	r, err := d.newRun(row, inc)
	if err != nil {
		return err
	}
	at := now()
	for _, a := range r.state.Attempts {
		switch {
		case !up(a):
		case r.goesOn(a, at):
			r.resumed(a)
		default:
			r.send(callout.Event{At: at, Kind: callout.Ended, Attempt: a.ID, Outcome: callout.Lost, Text: "kaden was restarted within the call"})
		}
	}
	switch {
	case inc.Status == Resolved && r.state.Status != callout.ResolvedNow && !inc.Drill:
		r.send(callout.Event{At: at, Kind: callout.Resolved})
	case inc.Status == Stored && r.state.Status == callout.ResolvedNow:
		r.send(callout.Event{At: at, Kind: callout.Refired})
	}
	if d.started(r) == r {
		d.halts(r)
		d.log.Info("call-out resumed", "alert", inc.ID, "callout", row.ID)
	}
	return nil
}

// sweep pokes call-outs of this node that have slept through their moment: the second net below their
// own timers.
func (d *Dispatcher) sweep(ctx context.Context) {
	late := overdue
	if d.astray { // some may be ours that nobody told us of, and their moment may be far off
		late = -aLifetime
	}
	rows, err := d.store.Overdue(ctx, d.cfg.Node, late)
	d.astray = d.astray && err != nil
	if err != nil {
		if ctx.Err() == nil {
			d.log.Error("overdue call-outs not looked for", "err", err)
		}
		return
	}
	for _, row := range rows {
		if d.live(row.ID) != nil {
			continue // it is trying; the database was away
		}
		d.log.Warn("call-out slept through its moment", "callout", row.ID)
		if err := d.resume(ctx, row); err != nil {
			d.log.Error("call-out not resumed; trying again", "callout", row.ID, "err", err)
		}
	}
}

// tell hands an event to a call-out that may be at rest, and does not give up before it is there.
func (d *Dispatcher) tell(id string, e callout.Event) {
	if r := d.live(id); r != nil {
		r.send(e)
		return
	}
	d.spawn(func() {
		pause := 20 * time.Millisecond
		for {
			r, err := d.wake(d.life, id)
			if err == nil {
				r.send(e)
				return
			}
			if errors.Is(err, ErrNotFound) || d.life.Err() != nil {
				return
			}
			d.log.Error("call-out not told; trying again", "callout", id, "err", err)
			select {
			case <-time.After(pause):
			case <-d.life.Done():
				return
			}
			pause = min(2*pause, time.Second)
		}
	})
}

// warm has the house's fixed phrases spoken into the cache, so that they are there when an engine is not.
func (d *Dispatcher) warm(ctx context.Context) {
	for _, lang := range Languages() {
		p := phrasesOf(lang)
		doc := &twiml.Response{}
		for _, text := range p.fixed() {
			doc.Verbs = append(doc.Verbs, &twiml.Say{Language: p.tag, Loop: 1, Spans: []twiml.Span{{Text: text}}})
		}
		if err := d.cfg.Caller.Prepare(ctx, doc); err != nil && ctx.Err() == nil {
			d.log.Warn("this language cannot be spoken here", "language", p.tag, "err", err)
		}
	}
}
