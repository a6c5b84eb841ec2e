package call

import (
	"log/slog"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/kaden-project/kaden/sid"
	"github.com/kaden-project/kaden/trunk"
)

// lines counts what each trunk carries and lets new calls onto them: as many at once as it has channels, one
// per interval, the urgent first and then first come, first served. It knows how each trunk has fared, and
// keeps calls off those that fail. One gate for REST, Dial and call-outs. What is to outlive the process, or is shared
// with others, is in gates.go. The zero value is ready, and keeps everything to itself.
type lines struct {
	log     *slog.Logger
	keep    Gates          // nil: gates and health are this process's own
	share   sharing        // of the channels, with other processes
	working sync.WaitGroup // who asks the store, or writes to it

	mu     sync.Mutex
	use    map[string]*usage
	gates  map[string]*gate // by trunk.GateKey
	queue  []*booking       // who goes first stands first
	alarm  *time.Timer
	closed bool
}

// usage is one trunk at a moment, in package trunk's arithmetic.
type usage struct {
	door     trunk.Trunk // where it leads; another server, user or password is another trunk to its health
	channels trunk.Lines // those of this process
	health   trunk.Health
	told     bool // people know that it is down
	proven   bool // it has carried a call in this run
	shared

	recalled string // the door of the last run, until this one knows its own
	unkept   bool   // its health is to be kept
	keeping  bool   // that is being done
}

// booking is a place in the queue.
type booking struct {
	wants   []trunk.Trunk            // any of them, the earlier the better
	from    func(trunk.Trunk) string // the caller ID there
	call    sid.Call
	urgent  bool
	came    time.Time
	got     chan granted // two places: that it waits, and what became of it
	waits   bool         // it was told that it waits
	asks    *gate        // where the store was asked for its place
	wish    *usage       // where the store is being asked for a channel
	crowded bool         // other processes had the channels of a trunk that it wants
	lines   *lines
}

// granted is a line, or why there is none.
type granted struct {
	line    trunk.Trunk
	channel string // which one, as the store knows it; "" where that does not count
	down    string // every trunk that was wanted is down, and how; "" is none of that
	wait    bool   // none of that yet: it has to wait, and is told once
}

// soon tells whether the booking goes as soon as the store has answered, so that there is no talk of waiting.
func (b *booking) soon() bool { return b.asks != nil && b.asks.asker == b || b.wish != nil && !b.waits }

// book asks for one of the trunks. If one is free, or none will be, or it has to wait, that is in got when book
// returns, unless a gate has to be asked for in the store first.
func (l *lines) book(b *booking) *booking {
	b.got, b.lines, b.came = make(chan granted, 2), l, time.Now()
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

// place is the booking's place in the queue, counted from 1; 0 if it is not in it, or about to leave it.
func (b *booking) place() int {
	b.lines.mu.Lock()
	defer b.lines.mu.Unlock()
	place := 0
	for _, o := range b.lines.queue {
		if !o.soon() {
			place++
		}
		if o == b && !o.soon() {
			return place
		}
	}
	return 0
}

// elsewhere tells whether the channels that it waits for are other processes'.
func (b *booking) elsewhere() bool {
	b.lines.mu.Lock()
	defer b.lines.mu.Unlock()
	return b.crowded
}

// cancel gives the place in the queue back, and the line if it was given in the meantime.
func (b *booking) cancel() {
	b.lines.mu.Lock()
	i := slices.Index(b.lines.queue, b)
	if i >= 0 {
		b.lines.queue = slices.Delete(b.lines.queue, i, i+1)
		b.lines.settle()
	}
	b.lines.mu.Unlock()
	for i < 0 {
		select {
		case g := <-b.got:
			if g.down == "" && !g.wait {
				b.lines.undecided(g.line.Name)
				b.lines.release(g.line.Name, g.channel)
			}
		default:
			return
		}
	}
}

// release frees a channel; id is the store's name for it.
func (l *lines) release(name, id string) {
	l.change(name, func(u *usage) {
		u.channels = u.channels.Give(1)
		u.vacate(id)
	})
}

// worked notes that a trunk has carried a call; back tells that people had been told it was down.
func (l *lines) worked(name string) (back bool) {
	l.change(name, func(u *usage) {
		back = u.told
		failed := u.health.Failed > 0
		u.proven = true
		if u.health, u.told = u.health.Work(), false; failed || back {
			l.remember(u)
		}
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
		l.remember(u)
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
		if !b.waits && !b.soon() {
			b.waits = true
			b.got <- granted{wait: true}
		}
		if !at.IsZero() && (wake.IsZero() || at.Before(wake)) {
			wake = at
		}
	}
	clear(l.queue[len(waiting):])
	l.queue = waiting
	l.settle()
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
// end of a call can help, or the store's answer.
func (l *lines) choose(b *booking, now time.Time) (g granted, at time.Time, decided bool) {
	hope := false
	var ahead []trunk.Trunk
	soonest := func(open time.Time) {
		if !open.IsZero() && (at.IsZero() || open.Before(at)) {
			at = open
		}
	}
	for _, t := range b.wants {
		u := l.of(t)
		state := u.health.State(now)
		if state == trunk.Resting && !u.health.Trial {
			soonest(u.health.Until)
			continue
		}
		hope = true
		if state != trunk.Well && u.health.Trial {
			continue // another call is finding out
		}
		switch open, id, w := l.take(t, b, now); w {
		case taken:
			return granted{line: t, channel: id}, time.Time{}, true
		case asked:
			return granted{}, time.Time{}, false
		case full:
			soonest(open)
		case shut:
			ahead = append(ahead, t)
			soonest(open)
		}
	}
	if b.urgent && !hope {
		for _, t := range b.wants {
			if now.Sub(l.of(t).health.Last) < trunk.Breath {
				continue
			}
			switch open, id, w := l.take(t, b, now); w {
			case taken:
				return granted{line: t, channel: id}, time.Time{}, true
			case asked:
				return granted{}, time.Time{}, false
			case full:
				soonest(open)
			case shut:
				hope, ahead = true, append(ahead, t)
				soonest(open)
			}
		}
	}
	if hope {
		if len(ahead) > 0 {
			l.ahead(ahead[0], b, now)
		}
		return granted{}, at, false
	}
	var down []string
	for _, t := range b.wants {
		down = append(down, "trunk "+t.Name+": "+l.of(t).health.Words(now))
	}
	return granted{down: strings.Join(down, "; ")}, time.Time{}, true
}

// take occupies a channel of a trunk, if it has one and its gate is open. open is when that may be, as far as it is known.
func (l *lines) take(t trunk.Trunk, b *booking, now time.Time) (open time.Time, id string, w way) {
	u := l.of(t)
	alone, open, w := l.channel(t, u, b, now)
	if w != taken {
		return open, "", w
	}
	n, channels := u.channels.Take(1)
	if n == 0 {
		w = full
	} else {
		open, w = l.pass(t, b, now)
	}
	if w != taken {
		if alone != nil {
			alone()
		}
		return open, "", w
	}
	u.channels, u.health = channels, u.health.Try()
	return open, l.occupy(t, u, b.call, alone), taken
}

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
	other := u.door.Server != t.Server || u.door.User != t.User || u.door.Password != t.Password
	if u.recalled != "" {
		other = u.recalled != doorOf(t)
	}
	failed := u.health.Failed > 0
	u.door, u.recalled, u.channels.Limit = t, "", t.Channels
	u.proven = u.proven && !other
	if other && failed {
		u.health = trunk.Health{} // mended, perhaps
		l.remember(u)
	}
	return u
}

// TrunkState is how one trunk is.
type TrunkState struct {
	Name    string
	Busy    int // calls on it
	Limit   int // channels; 0 is without limit
	Waiting int // calls that wait for it, or for any of several
	Health  trunk.Health
	Proven  bool // it has carried a call since the start: its health is more than nothing bad known
}

// Trunks is how the trunks are now, in their order, and then the lines that others dial.
func (d *Desk) Trunks() []TrunkState {
	var all []trunk.Trunk
	for _, lines := range []func() []trunk.Trunk{d.cfg.Trunks, d.cfg.Others} {
		if lines != nil {
			all = append(all, lines()...)
		}
	}
	var list []TrunkState
	l := &d.lines
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, t := range all {
		u := l.of(t)
		s := TrunkState{Name: t.Name, Busy: u.channels.Busy, Limit: u.channels.Limit, Health: u.health, Proven: u.proven}
		for _, b := range l.queue {
			if slices.ContainsFunc(b.wants, func(w trunk.Trunk) bool { return w.Name == t.Name }) {
				s.Waiting++
			}
		}
		list = append(list, s)
	}
	return list
}

// close waits until what is to be kept is.
func (l *lines) close() {
	l.mu.Lock()
	l.closed = true
	if l.alarm != nil {
		l.alarm.Stop()
	}
	l.mu.Unlock()
	if l.share.keep != nil {
		l.share.stop()
		close(l.share.quit)
	}
	l.working.Wait()
}
