package dispatch

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/kaden-project/kaden/alert"
	"github.com/kaden-project/kaden/callout"
	"github.com/kaden-project/kaden/manifest"
	"github.com/kaden-project/kaden/timeline"
)

// run drives one call-out. Its goroutine (drive) owns the state; everybody else sends it events and
// reads the view of the last commit.
type run struct {
	d    *Dispatcher
	log  *slog.Logger
	name string        // of the call-out
	of   int64         // number of the ownership it began with
	had  *manifest.Set // the house when this began: whom it named, though the document be deleted since

	// Owned by drive, once it runs.
	row      Callout
	state    callout.State
	incident Incident
	barren   bool // it was said that there is nobody to call
	thrifty  bool // it was said that the budget stops it
	health   health
	poke     chan struct{} // room for one: there is something in the queue

	mu       sync.Mutex
	queue    []item
	retired  bool // takes no more events
	seen     view
	attempts map[string]Attempt // written by drive with mu held, so it reads them without
}

// item is an event and who wants to know when it is committed.
type item struct {
	event  callout.Event // no Kind: nothing for the machine
	change func(*turn)   // what is to be written besides, before the event; it may run twice
	done   chan<- struct{}
}

// view is what was last committed, for those who speak about it.
type view struct {
	Incident  Incident
	State     callout.State
	Committed time.Time // by the process's own clock
}

// newRun reads a row back into a call-out at rest.
func (d *Dispatcher) newRun(row Callout, inc Incident) (*run, error) {
	r := d.bareRun(row, inc)
	r.read()
	list, err := d.store.AttemptsOf(d.life, row.ID)
	if err != nil {
		return nil, fmt.Errorf("attempts of %s: %w", row.ID, err)
	}
	for _, a := range list {
		r.attempts[a.ID] = a
	}
	r.seen.State = r.state
	return r, nil
}

func (d *Dispatcher) bareRun(row Callout, inc Incident) *run {
	return &run{
		d: d, log: d.log.With("alert", inc.ID, "callout", row.ID), name: row.ID, of: row.Fence, had: d.cfg.House(),
		row: row, incident: inc, attempts: map[string]Attempt{},
		seen: view{Incident: inc, Committed: time.Now()},
		poke: make(chan struct{}, 1),
	}
}

func (r *run) id() string { return r.name }

// send queues an event. It never blocks: callers are calls and other call-outs.
func (r *run) send(e callout.Event) {
	if !r.ask(item{event: e}) {
		r.d.tell(r.id(), e)
	}
}

// ask queues an item; done is told once it is committed. False: this run has retired, and another takes
// events for the call-out.
func (r *run) ask(it item) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.retired {
		return false
	}
	r.queue = append(r.queue, it)
	select {
	case r.poke <- struct{}{}:
	default:
	}
	return true
}

// settle hands over an event and waits until what it did is durable.
func (r *run) settle(ctx context.Context, e callout.Event) error {
	return r.commission(ctx, item{event: e})
}

// change has something written with the call-out, in the order of its events. f may run twice.
func (r *run) change(ctx context.Context, f func(*turn)) error {
	return r.commission(ctx, item{change: f})
}

func (r *run) commission(ctx context.Context, it item) error {
	done := make(chan struct{}, 1)
	it.done = done
	for !r.ask(it) {
		next, err := r.d.wake(ctx, r.id())
		if err != nil {
			return err
		}
		r = next
	}
	select {
	case <-done:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// attempt is a row as it was last committed.
func (r *run) attempt(id string) Attempt {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.attempts[id]
}

func (r *run) view() view {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.seen
}

func (r *run) take() []item {
	r.mu.Lock()
	defer r.mu.Unlock()
	items := r.queue
	r.queue = nil
	return items
}

// drive applies events until the call-out has come to rest, or ctx ends.
func (r *run) drive(ctx context.Context) {
	timer := time.NewTimer(time.Hour)
	defer timer.Stop()
	var waited time.Time // what was due when the timer went off
	for {
		items := r.take()
		if due := r.state.Due; len(items) == 0 && !due.IsZero() && (!now().Before(due) || waited.Equal(due)) {
			at := now()
			if at.Before(due) { // the clock was put back meanwhile; the timer knows how long it was
				at = due
			}
			items = append(items, item{event: callout.Event{At: at, Kind: callout.Tick}})
		}
		if len(items) > 0 {
			if !r.apply(ctx, items) {
				return
			}
			continue
		}
		if !r.row.Active && r.retire() {
			return
		}
		wait := time.Hour
		if due := r.state.Due; !due.IsZero() {
			// Never longer than the machine asked for, whatever the clock says now.
			wait = max(min(due.Sub(now()), due.Sub(r.state.Clock)), time.Millisecond)
		}
		timer.Reset(wait)
		select {
		case <-ctx.Done():
			return
		case <-r.poke:
		case <-timer.C:
			waited = r.state.Due
		}
	}
}

// retire ends the run if nobody sent anything since the last look and none of its attempts is on a line.
// It leaves the dispatcher's list in the same breath, so that an event that comes later starts a new run.
func (r *run) retire() bool {
	for id := range r.attempts {
		if r.d.lines.of(id) != nil {
			return false // its end will be told to this run
		}
	}
	r.d.mu.Lock()
	defer r.d.mu.Unlock()
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.queue) > 0 {
		return false
	}
	r.retired = true
	if r.d.runs[r.row.ID] == r {
		delete(r.d.runs, r.row.ID)
	}
	return true
}

// apply decides on the events, commits what follows and acts on it. It tries until the commit is there:
// an accepted alert is carried on however long the database is away. False: the call-out is not ours any more.
func (r *run) apply(ctx context.Context, items []item) bool {
	var events []callout.Event
	outside := false // somebody else may have written the incident
	write := r.d.store.WriteSoon
	for _, it := range items {
		if it.done != nil || it.change != nil || !r.isNews(it.event) {
			write = r.d.store.Write
		}
		if it.event.Kind != "" {
			events = append(events, it.event)
		}
		outside = outside || it.event.Attempt == "" && it.event.Kind != callout.Tick
	}
	pause := 20 * time.Millisecond
	var claimed []string
	var unsure *turn // may have been committed
	for try := 1; ; try++ {
		var t *turn
		err := write(ctx, func(tx Tx) error {
			t = newTurn(r.d, r, r.row, r.state, r.incident, r.attempts)
			defer func() { claimed = append(claimed, t.claimed...) }()
			if outside {
				inc, err := tx.Incident(r.incident.ID)
				if err != nil {
					return err
				}
				t.incident = inc
				if now := inc.Alert.Severity; rank(now) > rank(alert.Severity(t.state.Severity)) {
					t.state.Severity = string(now) // it has got worse: from now on it is treated as that
				}
			}
			for _, it := range items {
				if it.change != nil {
					it.change(t)
				}
			}
			if err := t.work(tx, events); err != nil {
				return err
			}
			t.row.Version++
			return t.write(tx, Tx.PutCallout)
		})
		if errors.Is(err, ErrNotMine) && unsure != nil {
			t, err = unsure, r.isThere(ctx, unsure, err)
		} else if errors.Is(err, ErrUnsure) {
			unsure = t
		}
		switch {
		case err == nil:
			r.commit(t)
			for _, it := range items {
				if it.done != nil {
					it.done <- struct{}{}
				}
			}
			t.act(ctx)
			return true
		case errors.Is(err, ErrNotMine):
			r.log.Warn("call-out taken over by another node; stopping here", "err", err)
			r.d.lines.abandon(claimed)
			return false
		case ctx.Err() != nil:
			r.d.lines.abandon(claimed)
			return false
		}
		unkept(r.log, "call-out not recorded; trying again", err, "try", try)
		pause = r.health.sicken(err, pause)
		select {
		case <-ctx.Done():
			r.d.lines.abandon(claimed)
			return false
		case <-time.After(pause):
		}
		pause = min(2*pause, 2*time.Second)
	}
}

// isNews tells of an event that it only goes on the timeline and moves clocks: nobody is rung or told for it.
func (r *run) isNews(e callout.Event) bool {
	switch e.Kind {
	case callout.Placed, callout.Rang, callout.AnsweredBy:
		return true
	case callout.Ended:
		return r.state.Status == callout.Acknowledged
	}
	return false
}

// commit makes what was written the run's own.
func (r *run) commit(t *turn) {
	r.row, r.state, r.incident = t.row, t.state, t.incident
	for _, e := range t.notes {
		r.barren = r.barren || e.Kind == timeline.NoticeRaised && e.Cause == causeNoOne
		r.thrifty = r.thrifty || e.Kind == timeline.NoticeRaised && e.Cause == causeBudget
	}
	r.recovered(t)
	r.mu.Lock()
	for _, a := range t.changed {
		r.attempts[a.ID] = *a
	}
	r.seen = view{Incident: t.incident, State: t.state, Committed: time.Now()}
	r.mu.Unlock()
}
