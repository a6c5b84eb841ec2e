package call

import (
	"slices"
	"sync"
	"time"

	"github.com/kaden-project/kaden/trunk"
)

// lines counts what each trunk carries and lets new calls onto them: as many at once as it has channels,
// one per interval, first come first served. One gate for REST, Dial and call-outs. The zero value is ready.
type lines struct {
	mu    sync.Mutex
	use   map[string]*usage
	queue []*booking // in order of arrival
	alarm *time.Timer
}

// usage is one trunk at a moment, in package trunk's arithmetic.
type usage struct {
	channels trunk.Lines
	gate     trunk.Gate
}

// booking is a place in the queue.
type booking struct {
	wants []trunk.Trunk    // any of them, the earlier the better
	got   chan trunk.Trunk // one place: the trunk that was given
	lines *lines
}

// book asks for one of the trunks. If one is free, it is in got when book returns.
func (l *lines) book(wants []trunk.Trunk) *booking {
	b := &booking{wants: wants, got: make(chan trunk.Trunk, 1), lines: l}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.queue = append(l.queue, b)
	l.serve(time.Now())
	return b
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
		case t := <-b.got:
			b.lines.release(t.Name)
		default:
		}
	}
}

// release frees a channel.
func (l *lines) release(name string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.use[name].channels = l.use[name].channels.Give(1)
	l.serve(time.Now())
}

// serve lets through whoever can go, oldest first, and wakes again when the next may.
func (l *lines) serve(now time.Time) {
	var wake time.Time
	waiting := l.queue[:0]
	for _, b := range l.queue {
		t, at, ok := l.choose(b.wants, now)
		if ok {
			b.got <- t
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

// choose takes the first trunk that has room now; at is when the gate of another opens, zero if only the end
// of a call can help.
func (l *lines) choose(wants []trunk.Trunk, now time.Time) (t trunk.Trunk, at time.Time, ok bool) {
	for _, t := range wants {
		u := l.of(t)
		taken, channels := u.channels.Take(1)
		if taken == 0 {
			continue
		}
		if wait := u.gate.Wait(now); wait > 0 {
			if open := now.Add(wait); at.IsZero() || open.Before(at) {
				at = open
			}
			continue
		}
		u.channels = channels
		_, u.gate = u.gate.Reserve(now, 1)
		return t, time.Time{}, true
	}
	return trunk.Trunk{}, at, false
}

// of finds the usage of a trunk, whose limits may have changed since.
func (l *lines) of(t trunk.Trunk) *usage {
	u := l.use[t.Name]
	if u == nil {
		if l.use == nil {
			l.use = map[string]*usage{}
		}
		u = &usage{}
		l.use[t.Name] = u
	}
	u.channels.Limit, u.gate.Interval = t.Channels, t.Interval
	return u
}

func (l *lines) close() {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.alarm != nil {
		l.alarm.Stop()
	}
}
