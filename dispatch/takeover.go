package dispatch

import (
	"context"
	"errors"
	"slices"
	"sync"
	"time"

	"github.com/kaden-project/kaden/callout"
	"github.com/kaden-project/kaden/timeline"
)

// What a dead node has left is taken over by whoever lives on the same database, and what an earlier life has left by
// the next one: call-outs, and with each of them the calls that may still be up. Who has the call-out has its calls, so
// that no two nodes follow the same one. The store gives each of them to one node alone (Adopt, Ghosts).

// estate is what was left, and is this node's from now on.
type estate struct {
	callouts []Callout
	ghosts   []Attempt
	more     bool // this was not all
}

func (e estate) empty() bool { return len(e.callouts)+len(e.ghosts) == 0 }

// left makes this node's what nobody drives.
func (d *Dispatcher) left(ctx context.Context) (e estate) {
	rows, err := d.store.Adopt(ctx, d.cfg.Node, d.fence, handful)
	if err != nil {
		switch {
		case ctx.Err() != nil:
		case errors.Is(err, ErrNotMine): // our own lease is over, as after an absence of the database: the next sign of life renews it, or says why not
			d.log.Debug("call-outs without a node not looked for", "err", err)
		default:
			unkept(d.log, "call-outs without a node not looked for", err)
		}
		if errors.Is(err, ErrUnsure) {
			d.astray = true
		}
		return e
	}
	e.callouts, e.more = rows, len(rows) == handful
	if d.cfg.EndGhost == nil {
		return e
	}
	if e.ghosts, err = d.store.Ghosts(ctx, d.cfg.Node, d.fence); err != nil && ctx.Err() == nil {
		unkept(d.log, "calls that were left are not known; they may still be up at the carrier", err)
	}
	return e
}

// inherit looks for what dead nodes have left. Taking it over takes a while, and signs of life do not wait for that.
func (d *Dispatcher) inherit(ctx context.Context) {
	if !d.taking.CompareAndSwap(false, true) {
		return
	}
	e := d.left(ctx)
	if e.empty() && d.cfg.Inherit == nil {
		d.taking.Store(false)
		return
	}
	d.burying.Store(!e.empty())
	d.spawn(func() {
		defer d.taking.Store(false)
		if !e.empty() {
			d.takeOver(d.life, e)
			d.burying.Store(false)
		}
		if d.cfg.Inherit != nil { // after the ghosts of call-outs, which are known from those calls
			d.cfg.Inherit(d.life)
		}
	})
}

// takeOver ends the calls of an estate, or takes them up, and then resumes its call-outs. True: there may be more.
func (d *Dispatcher) takeOver(ctx context.Context, e estate) (more bool) {
	back := d.ghosts(ctx, e.ghosts)
	for _, row := range e.callouts {
		if err := d.resume(ctx, row); err != nil {
			unkept(d.log, "call-out not resumed; trying again", err, "callout", row.ID)
		}
	}
	d.endDeserted(back)
	d.tookOver()
	return e.more && ctx.Err() == nil
}

// ghosts takes up or ends calls that were left at carriers and platforms. That comes first, because a line
// with one channel would be blocked by our own ghost (rule 28); but nobody waits long for a silent carrier.
func (d *Dispatcher) ghosts(ctx context.Context, ghosts []Attempt) (back []*line) {
	if len(ghosts) == 0 {
		return nil
	}
	back, left := d.rejoin(d.life, onItsOwn(ghosts))
	var all sync.WaitGroup
	for _, g := range left {
		all.Go(func() {
			if err := d.cfg.EndGhost(d.life, g); err != nil {
				d.log.Warn("a call that was left may still be up at the carrier", "alert", g.Alert, "callout", g.Callout, "call", g.Call, "err", err)
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
	if r.state.Plan.Hotline && (r.state.Status == callout.Running || slices.ContainsFunc(r.state.Attempts, up)) && len(d.guestsOf(row.ID)) == 0 {
		r.ask(item{change: func(t *turn) {
			t.note(at, timeline.Event{Kind: timeline.CallerLeft, Text: "kaden was restarted: a caller who was still on the line was cut off"})
		}})
	}
	for _, it := range d.supersede(row) {
		r.ask(it)
	}
	if d.started(r) == r {
		d.halts(r)
		d.log.Info("call-out resumed", "alert", inc.ID, "callout", row.ID)
	}
	return nil
}

// supersede ends a run that somebody here has begun for a call-out while it was another node's: it can write nothing any
// more. What was told to it and not decided yet is the next one's.
func (d *Dispatcher) supersede(row Callout) []item {
	r := d.live(row.ID)
	if r == nil || r.of == row.Fence {
		return nil
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	r.mu.Lock()
	defer r.mu.Unlock()
	r.retired = true
	if d.runs[row.ID] == r {
		delete(d.runs, row.ID)
	}
	items := r.queue
	r.queue = nil
	return items
}

// tookOver lets those look again who wait for something to be taken over.
func (d *Dispatcher) tookOver() {
	d.mu.Lock()
	defer d.mu.Unlock()
	close(d.news)
	d.news = make(chan struct{})
}

// Here waits until the call of an attempt is driven by this node, as long as ctx lasts, where it was another node's and
// that may be dead. It returns at once if it is ours, or over, or nobody's.
func (d *Dispatcher) Here(ctx context.Context, attempt string) error {
	for {
		d.mu.Lock()
		news := d.news
		d.mu.Unlock()
		if d.lines.led(attempt) != nil {
			return nil
		}
		list, err := d.store.AttemptsOf(ctx, calloutOf(attempt))
		if err != nil {
			return err
		}
		i := slices.IndexFunc(list, func(a Attempt) bool { return a.ID == attempt })
		if i < 0 || !list[i].Ended.IsZero() || list[i].Node == d.cfg.Node && list[i].Fence == d.fence {
			return nil
		}
		select {
		case <-news:
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}
