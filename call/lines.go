package call

import (
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/kaden-project/kaden/trunk"
)

// lines counts what each trunk carries and lets new calls onto them: as many at once as it has channels, one
// per interval, the urgent first and then first come, first served. It knows how each trunk has fared, and
// keeps calls off those that fail. One gate for REST, Dial and call-outs. The zero value is ready.
type lines struct {
	mu    sync.Mutex
	use   map[string]*usage
	gates map[string]trunk.Gate // by trunk.GateKey
	queue []*booking            // who goes first stands first
	alarm *time.Timer
}

// usage is one trunk at a moment, in package trunk's arithmetic.
type usage struct {
	door     trunk.Trunk // where it leads; another server, user or password is another trunk to its health
	channels trunk.Lines
	health   trunk.Health
	told     bool // people know that it is down
}

// booking is a place in the queue.
type booking struct {
	wants  []trunk.Trunk            // any of them, the earlier the better
	from   func(trunk.Trunk) string // the caller ID there
	urgent bool
	got    chan granted // one place: what became of it
	lines  *lines
}

// granted is a line, or why there is none.
type granted struct {
	line trunk.Trunk
	down string // every trunk that was wanted is down, and how; "" is none of that
}

// book asks for one of the trunks. If one is free, or none will be, that is in got when book returns.
func (l *lines) book(b *booking) *booking {
	b.got, b.lines = make(chan granted, 1), l
	l.mu.Lock()
	defer l.mu.Unlock()
	at := len(l.queue)
	if b.urgent {
		at = slices.IndexFunc(l.queue, func(o *booking) bool { return !o.urgent })
		if at < 0 {
			at = len(l.queue)
		}
	}
	l.queue = slices.Insert(l.queue, at, b)
	l.serve(time.Now())
	return b
}

// place is the booking's place in the queue, counted from 1; 0 if it is not in it.
func (b *booking) place() int {
	b.lines.mu.Lock()
	defer b.lines.mu.Unlock()
	return slices.Index(b.lines.queue, b) + 1
}

// cancel gives the place in the queue back, and the line if it was given in the meantime.
func (b *booking) cancel() {
	b.lines.mu.Lock()
	i := slices.Index(b.lines.queue, b)
	if i >= 0 {
		b.lines.queue = slices.Delete(b.lines.queue, i, i+1)
	}
	b.lines.mu.Unlock()
	if i < 0 {
		select {
		case g := <-b.got:
			if g.down == "" {
				b.lines.undecided(g.line.Name)
				b.lines.release(g.line.Name)
			}
		default:
		}
	}
}

// release frees a channel.
func (l *lines) release(name string) {
	l.change(name, func(u *usage) { u.channels = u.channels.Give(1) })
}

// worked notes that a trunk has carried a call; back tells that people had been told it was down.
func (l *lines) worked(name string) (back bool) {
	l.change(name, func(u *usage) {
		back = u.told
		u.health, u.told = u.health.Work(), false
	})
	return back
}

// failed notes that a trunk has failed a call; down says what people are to be told, once.
func (l *lines) failed(name, why string, asked time.Duration) (down string) {
	l.change(name, func(u *usage) {
		now := time.Now()
		u.health = u.health.Fail(now, why, asked)
		if u.health.Down() && !u.told {
			u.told, down = true, u.health.Words(now)
		}
	})
	return down
}

// undecided notes that a call was given up before it could tell how its trunk is.
func (l *lines) undecided(name string) { l.change(name, func(u *usage) { u.health = u.health.Drop() }) }

func (l *lines) change(name string, f func(u *usage)) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if u := l.use[name]; u != nil {
		f(u)
		l.serve(time.Now())
	}
}

// serve lets through whoever can go, the first first, tells those who have nothing to wait for, and wakes again
// when the next may go.
func (l *lines) serve(now time.Time) {
	var wake time.Time
	waiting := l.queue[:0]
	for _, b := range l.queue {
		g, at, decided := l.choose(b, now)
		if decided {
			b.got <- g
			continue
		}
		waiting = append(waiting, b)
		if !at.IsZero() && (wake.IsZero() || at.Before(wake)) {
			wake = at
		}
	}
	clear(l.queue[len(waiting):])
	l.queue = waiting
	if wake.IsZero() {
		return
	}
	if l.alarm != nil {
		l.alarm.Stop()
	}
	l.alarm = time.AfterFunc(wake.Sub(now), func() {
		l.mu.Lock()
		defer l.mu.Unlock()
		l.serve(time.Now())
	})
}

// choose takes the first trunk that has room now. Where all of them rest, an urgent call tries one all the same,
// one call at a time, and any other is told so at once. at is when the gate of another opens, zero if only the
// end of a call can help.
func (l *lines) choose(b *booking, now time.Time) (g granted, at time.Time, decided bool) {
	hope := false
	for _, t := range b.wants {
		u := l.of(t)
		state := u.health.State(now)
		if state == trunk.Resting && !u.health.Trial {
			if at.IsZero() || u.health.Until.Before(at) {
				at = u.health.Until
			}
			continue
		}
		hope = true
		if state != trunk.Well && u.health.Trial {
			continue // another call is finding out
		}
		if open, ok := l.take(t, b, now); ok {
			return granted{line: t}, time.Time{}, true
		} else if !open.IsZero() && (at.IsZero() || open.Before(at)) {
			at = open
		}
	}
	if hope {
		return granted{}, at, false
	}
	if b.urgent {
		for _, t := range b.wants {
			if now.Sub(l.of(t).health.Last) < trunk.Breath {
				continue
			}
			if _, ok := l.take(t, b, now); ok {
				return granted{line: t}, time.Time{}, true
			}
		}
	}
	var down []string
	for _, t := range b.wants {
		down = append(down, "trunk "+t.Name+": "+l.of(t).health.Words(now))
	}
	return granted{down: strings.Join(down, "; ")}, time.Time{}, true
}

// take occupies a channel of a trunk; open is when its gate opens, zero if it has no channel.
func (l *lines) take(t trunk.Trunk, b *booking, now time.Time) (open time.Time, ok bool) {
	u := l.of(t)
	taken, channels := u.channels.Take(1)
	if taken == 0 {
		return time.Time{}, false
	}
	key := t.GateKey(b.from(t))
	gate := l.gates[key]
	gate.Interval = t.Interval
	if wait := gate.Wait(now); wait > 0 {
		return now.Add(wait), false
	}
	_, gate = gate.Reserve(now, 1)
	if l.gates == nil {
		l.gates = map[string]trunk.Gate{}
	}
	if gate.Interval > 0 {
		l.gates[key] = gate
		if len(l.gates) > gatesKept { // one for each caller ID, and anybody can make those up
			maps.DeleteFunc(l.gates, func(_ string, g trunk.Gate) bool { return g.Wait(now) == 0 })
		}
	}
	u.channels, u.health = channels, u.health.Try()
	return time.Time{}, true
}

// gatesKept is how many gates there may be before those that are open are forgotten.
const gatesKept = 1000

// of finds the usage of a trunk, whose document may have changed since.
func (l *lines) of(t trunk.Trunk) *usage {
	u := l.use[t.Name]
	if u == nil {
		if l.use == nil {
			l.use = map[string]*usage{}
		}
		u = &usage{door: t}
		l.use[t.Name] = u
	}
	if u.door.Server != t.Server || u.door.User != t.User || u.door.Password != t.Password {
		u.health = trunk.Health{} // mended, perhaps
	}
	u.door, u.channels.Limit = t, t.Channels
	return u
}

// TrunkState is how one trunk is.
type TrunkState struct {
	Name    string
	Busy    int // calls on it
	Limit   int // channels; 0 is without limit
	Waiting int // calls that wait for it, or for any of several
	Health  trunk.Health
}

// Trunks is how the trunks are now, in their order.
func (d *Desk) Trunks() []TrunkState {
	if d.cfg.Trunks == nil {
		return nil
	}
	var list []TrunkState
	l := &d.lines
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, t := range d.cfg.Trunks() {
		u := l.of(t)
		s := TrunkState{Name: t.Name, Busy: u.channels.Busy, Limit: u.channels.Limit, Health: u.health}
		for _, b := range l.queue {
			if slices.ContainsFunc(b.wants, func(w trunk.Trunk) bool { return w.Name == t.Name }) {
				s.Waiting++
			}
		}
		list = append(list, s)
	}
	return list
}

func (l *lines) close() {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.alarm != nil {
		l.alarm.Stop()
	}
}
