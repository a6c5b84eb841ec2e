package call

import (
	"context"
	"errors"
	"maps"
	"strings"
	"time"

	"github.com/kaden-project/kaden/trunk"
)

// Gates keeps what must be known of trunks beyond this process: the places at their gates, which all processes
// share, and which of them fail. A store implements it. See ADR 54.
type Gates interface {
	// Pass gives the next place at a gate away, durably, as [trunk.Last.Next] says; after counts from now. The place is
	// given as the moment it comes by this process's own clock, and by that of all, which names it.
	Pass(ctx context.Context, gate string, interval, after time.Duration, unused time.Time) (opens, place time.Time, err error)
	// KeepTrunk keeps how a trunk that fails has fared; one of which nothing bad is known is forgotten.
	KeepTrunk(ctx context.Context, f TrunkFate) error
	// FailedTrunks are those that were kept.
	FailedTrunks(ctx context.Context) ([]TrunkFate, error)
}

// TrunkFate is how one trunk has fared.
type TrunkFate struct {
	Name   string
	Door   string // where it leads and as whom, with the password: through another door it may fare better
	Health trunk.Health
}

// doorOf is where a trunk leads.
func doorOf(t trunk.Trunk) string { return strings.Join([]string{t.Server, t.User, t.Password}, "\n") }

// gate is one gate as this process knows it. A process asks for one place at a time, when somebody could use it, and
// gives it to whoever is first when its moment comes: the place is the process's and no call's.
type gate struct {
	trunk.Gate           // of this process's own calls
	asking     bool      // the store is being asked for a place …
	asker      *booking  // … that this one may use at once; nil: it is asked ahead
	opens      time.Time // when the place that it gave us comes; zero: we have none
	place      time.Time // the same as the store names it
}

const (
	// gatePatience is how long a call waits for the store to give it a place. Then it goes by what this process knows: a
	// refusal by the carrier is the lesser evil.
	gatePatience = time.Second
	// keptPatience is how long the store may take to write down how a trunk fares.
	keptPatience = 5 * time.Second
	// gatesKept is how many gates there may be before those that are open are forgotten.
	gatesKept = 1000
)

// late is how much later than its moment a place may be used: other processes count from the moment.
func (g *gate) late() time.Duration { return g.Interval / 20 }

// gate finds one.
func (l *lines) gate(key string, interval time.Duration) *gate {
	g := l.gates[key]
	if g == nil {
		if l.gates == nil {
			l.gates = map[string]*gate{}
		}
		if len(l.gates) >= gatesKept { // one for each caller ID, and anybody can make those up
			now := time.Now()
			maps.DeleteFunc(l.gates, func(_ string, g *gate) bool { return !g.asking && g.Wait(now) == 0 && !g.opens.After(now) })
		}
		g = new(gate)
		l.gates[key] = g
	}
	if soonest := time.Now().Add(interval); interval < g.Interval && g.Free.After(soonest) {
		g.Free = soonest // the document has changed
	}
	g.Interval = interval
	return g
}

var errSilentStore = errors.New("the store does not answer")

// way is what became of trying a trunk.
type way uint8

const (
	taken way = iota
	full      // it has no channel, as far as is known until the time beside it
	shut      // its gate opens later
	asked     // the store is asked for a channel of it, or a place at its gate, for this very call
)

// pass lets a call through the gate of a trunk. Where it is shut, open says when it may come again, zero when the
// store has answered.
func (l *lines) pass(t trunk.Trunk, b *booking, now time.Time) (open time.Time, w way) {
	if t.Interval <= 0 {
		return time.Time{}, taken
	}
	key := t.GateKey(b.from(t))
	g := l.gate(key, t.Interval)
	open = now.Add(g.Wait(now))
	switch {
	case l.keep == nil:
	case g.asker == b:
		return time.Time{}, asked
	case g.asking:
		return time.Time{}, shut
	case g.placeless(now) && open.After(now): // asked for when it is known that the call goes over no other trunk
	case g.placeless(now):
		b.asks, g.asker = g, b
		l.ask(key, g, now)
		return time.Time{}, asked
	case g.opens.After(open):
		open = g.opens
	}
	if open.After(now) {
		return open, shut
	}
	_, g.Gate = g.Reserve(now, 1)
	g.opens, g.place = time.Time{}, time.Time{}
	return time.Time{}, taken
}

// placeless tells whether the process has no place that it could still use.
func (g *gate) placeless(now time.Time) bool {
	return g.opens.IsZero() || now.After(g.opens.Add(g.late()))
}

// ahead asks for the next place while the one before it is not yet over, so that nobody waits for the disk then.
func (l *lines) ahead(t trunk.Trunk, b *booking, now time.Time) {
	key := t.GateKey(b.from(t))
	if g := l.gate(key, t.Interval); l.keep != nil && !g.asking && g.placeless(now) {
		l.ask(key, g, now)
	}
}

// ask gets a place for this process.
func (l *lines) ask(key string, g *gate, now time.Time) {
	if l.closed {
		return
	}
	interval, after, unused := g.Interval, g.Wait(now), g.place
	g.asking = true
	l.working.Go(func() {
		opens, place, err := l.reserve(key, interval, after, unused)
		l.mu.Lock()
		defer l.mu.Unlock()
		now := time.Now()
		if err != nil {
			l.log.Warn("the pace of a trunk is not shared; calls go by what this process knows", "gate", strings.Fields(key)[0], "err", err)
			opens = now.Add(g.Wait(now))
		}
		g.asking, g.asker, g.opens, g.place = false, nil, opens, place
		if opens.Before(now) {
			g.opens = now // it took that long to write it down
		}
		if !l.closed {
			l.serve(now)
		}
	})
}

// reserve asks the store, but not for ever.
func (l *lines) reserve(key string, interval, after time.Duration, unused time.Time) (opens, place time.Time, err error) {
	ctx, stop := context.WithTimeout(context.Background(), gatePatience)
	defer stop()
	type answer struct {
		opens, place time.Time
		err          error
	}
	got := make(chan answer, 1)
	go func() {
		opens, place, err := l.keep.Pass(ctx, key, interval, after, unused)
		got <- answer{opens, place, err}
	}()
	select {
	case a := <-got:
		return a.opens, a.place, a.err
	case <-ctx.Done():
		return time.Time{}, time.Time{}, errSilentStore
	}
}

// remember has the store keep how a trunk fares: the newest state, one write at a time, and nobody waits for it.
func (l *lines) remember(u *usage) {
	if l.keep == nil || l.closed {
		return
	}
	if u.unkept = true; u.keeping {
		return
	}
	u.keeping = true
	l.working.Go(func() {
		for {
			l.mu.Lock()
			if !u.unkept {
				u.keeping = false
				l.mu.Unlock()
				return
			}
			u.unkept = false
			f := TrunkFate{u.door.Name, doorOf(u.door), u.health.Drop()}
			l.mu.Unlock()
			ctx, stop := context.WithTimeout(context.Background(), keptPatience)
			if err := l.keep.KeepTrunk(ctx, f); err != nil {
				l.log.Warn("how a trunk fares is not written down", "trunk", f.Name, "err", err)
			}
			stop()
		}
	})
}

// Recall takes up which trunks failed when the process before this one ended. It is called before the first order.
func (d *Desk) Recall(ctx context.Context) error {
	if d.cfg.Gates == nil {
		return nil
	}
	fates, err := d.cfg.Gates.FailedTrunks(ctx)
	if err != nil {
		return err
	}
	l := &d.lines
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.use == nil {
		l.use = map[string]*usage{}
	}
	for _, f := range fates {
		health := f.Health.Recalled(time.Now())
		l.use[f.Name] = &usage{recalled: f.Door, health: health, told: health.Down()}
	}
	return nil
}
