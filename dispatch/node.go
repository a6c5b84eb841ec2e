package dispatch

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"time"

	"github.com/kaden-project/kaden/call"
	"github.com/kaden-project/kaden/callout"
	"github.com/kaden-project/kaden/leg"
	"github.com/kaden-project/kaden/twiml"
)

const (
	beat       = time.Second
	sweepEvery = time.Second
	overdue    = 2 * time.Second         // a call-out that has slept through its moment
	ghostWait  = 1200 * time.Millisecond // for carriers to confirm that old calls are ended, before new ones leave
	handful    = 200                     // call-outs adopted in one go, and calls read
)

// Run makes this process a node: it takes over what its last life and dead nodes have left (takeover.go), and looks
// once a second for more. It returns when ctx ends and everything under way has stopped; what was not finished stays in
// the store for the next life, or for another node.
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
	d.remember(ctx)
	for d.takeOver(ctx, d.left(ctx)) {
		if err := d.store.Beat(ctx, d.cfg.Node, fence, d.cfg.Lease); err != nil {
			return fmt.Errorf("node %q: %w", d.cfg.Node, err)
		}
	}
	d.count(ctx)
	close(d.booted)
	d.spawn(func() { d.countMoney(d.life) })
	d.spawn(func() { d.warm(d.life); close(d.warmed) })

	tick := time.NewTicker(min(beat, sweepEvery))
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return d.leave(ctx)
		case <-tick.C:
			if err := d.store.Beat(ctx, d.cfg.Node, fence, d.cfg.Lease); err != nil && ctx.Err() == nil {
				unkept(d.log, "sign of life not recorded; another node may take over", err)
			}
			d.readHold(ctx)
			d.inherit(ctx)
			d.sweep(ctx)
		}
	}
}

// remembering is how long a start may look for whom its last life has called: nobody's phone waits for it.
const remembering = 300 * time.Millisecond

// remember counts who was called within the last hour, so that a restart forgets nobody's twelve calls (rule 6).
func (d *Dispatcher) remember(ctx context.Context) {
	ctx, stop := context.WithTimeout(ctx, remembering)
	defer stop()
	since := now().Add(-time.Hour)
	calls, err := d.store.Called(ctx, since)
	if err == nil {
		err = d.toldCodes(ctx, since, calls)
	}
	if err != nil {
		d.log.Warn("who was called within the last hour is not known in full; the rest of their calls is counted from now on", "err", err)
	}
	if calls != nil {
		d.lines.remember(calls)
	}
}

// toldCodes counts the calls that have told people a code since a moment: they are no attempts (verify.go).
func (d *Dispatcher) toldCodes(ctx context.Context, since time.Time, calls map[string][]time.Time) error {
	f := call.Filter{Account: d.cfg.Account, StartedFrom: since, Limit: handful}
	for more := true; more; {
		var list []call.Record
		var err error
		if list, more, err = d.store.Calls(ctx, f); err != nil {
			return err
		}
		for _, r := range list {
			f.After = r.SID
			noLine := r.Cause == leg.Fault && r.Answered.IsZero()
			if who := d.whoCalls(r.To); who != "" && !noLine && strings.HasPrefix(r.Program.URL, Origin+codesPath) {
				calls[who] = append(calls[who], r.Created)
				slices.SortFunc(calls[who], time.Time.Compare)
			}
		}
	}
	return nil
}

// Booted is closed when the ghosts are ended and the old call-outs run again.
func (d *Dispatcher) Booted() <-chan struct{} { return d.booted }

// Warmed is closed when the fixed phrases of every language that can be spoken here are in the cache. Nothing waits for it: calls are
// made from Booted on.
func (d *Dispatcher) Warmed() <-chan struct{} { return d.warmed }

// Busy is the number of call-outs that are driven here now.
func (d *Dispatcher) Busy() int {
	d.mu.Lock()
	defer d.mu.Unlock()
	return len(d.runs)
}

func (d *Dispatcher) leave(ctx context.Context) error {
	d.finish()
	if d.cfg.HungUp != nil {
		select {
		case <-d.cfg.HungUp:
		case <-time.After(d.cfg.Lease):
		}
	}
	ctx, stop := context.WithTimeout(context.WithoutCancel(ctx), 2*time.Second)
	defer stop()
	if err := d.store.Leave(ctx, d.cfg.Node, d.fence); err != nil {
		return fmt.Errorf("node %q: %w", d.cfg.Node, err)
	}
	return nil
}

// sweep pokes call-outs of this node that have slept through their moment: the second net below their
// own timers.
func (d *Dispatcher) sweep(ctx context.Context) {
	if d.burying.Load() { // some are ours now, and their calls are still being ended
		return
	}
	late := overdue
	if d.astray { // some may be ours that nobody told us of, and their moment may be far off
		late = -aLifetime
	}
	rows, err := d.store.Overdue(ctx, d.cfg.Node, late)
	d.astray = d.astray && err != nil
	if err != nil {
		if ctx.Err() == nil {
			unkept(d.log, "overdue call-outs not looked for", err)
		}
		return
	}
	for _, row := range rows {
		if d.live(row.ID) != nil {
			continue // it is trying; the database was away
		}
		d.log.Warn("call-out slept through its moment", "callout", row.ID)
		if err := d.resume(ctx, row); err != nil {
			unkept(d.log, "call-out not resumed; trying again", err, "callout", row.ID)
		}
	}
}

// tell hands an event to a call-out that may be at rest, and does not give up before it is there.
func (d *Dispatcher) tell(id string, e callout.Event) { d.hand(id, item{event: e}) }

// hand is tell for whatever is to be written with a call-out.
func (d *Dispatcher) hand(id string, it item) {
	if r := d.live(id); r != nil && r.ask(it) {
		return
	}
	d.spawn(func() {
		pause := 20 * time.Millisecond
		for {
			r, err := d.wake(d.life, id)
			if err == nil && r.ask(it) {
				return
			}
			if errors.Is(err, ErrNotFound) || d.life.Err() != nil {
				return
			}
			if err == nil {
				continue // it has gone back to rest before it was asked
			}
			unkept(d.log, "call-out not told; trying again", err, "callout", id)
			select {
			case <-time.After(pause):
			case <-d.life.Done():
				return
			}
			pause = min(2*pause, time.Second)
		}
	})
}

// warm has the house's fixed phrases spoken into the cache, so that they are there when an engine is not. One at a time: the
// words of an alert that comes meanwhile wait for one of them, not for all.
func (d *Dispatcher) warm(ctx context.Context) {
	for _, lang := range Languages() {
		p := phrasesOf(lang)
		for _, text := range p.fixed() {
			doc := &twiml.Response{Verbs: []twiml.Verb{&twiml.Say{Language: p.tag, Loop: 1, Spans: []twiml.Span{{Text: text}}}}}
			if err := d.cfg.Caller.Prepare(ctx, doc); err != nil {
				// Whoever keeps the engines has said so at the start, and each alert whose words are missing says so again.
				d.log.Debug("phrases are not ready", "language", p.tag, "err", err)
				break
			}
		}
	}
}

// unkept logs what the store could not do. That the database is away is no news: the store says it, once for everybody.
func unkept(log *slog.Logger, what string, err error, args ...any) {
	level := slog.LevelError
	if errors.Is(err, ErrAway) {
		level = slog.LevelDebug
	}
	log.Log(context.Background(), level, what, append(args, "err", err)...)
}
