package trunk

import (
	"math"
	"time"
)

// Gate spaces new calls of one trunk: no two begin less than Interval apart. It is the generic cell rate
// algorithm without tolerance, as a value: Reserve gives moments and the Gate that has given them away.
// The zero Gate lets everything through at once. It may be kept as JSON and carried to another node.
type Gate struct {
	Interval time.Duration `json:"interval"`
	Free     time.Time     `json:"free,omitzero"` // when the next call may begin; in the past: now
}

// Gate is the trunk's gate with nothing reserved.
func (t Trunk) Gate() Gate { return Gate{Interval: t.Interval} }

// Reserve takes the next n places and says when each call may begin, in order and never before now.
func (g Gate) Reserve(now time.Time, n int) (at []time.Time, after Gate) {
	n = max(0, n)
	at = make([]time.Time, n)
	if g.Interval <= 0 {
		for i := range at {
			at[i] = now
		}
		return at, g
	}
	next := now
	if g.Free.After(now) {
		next = g.Free
	}
	for i := range at {
		at[i] = next
		next = next.Add(g.Interval)
	}
	if n > 0 {
		g.Free = next
	}
	return at, g
}

// Wait is how long a call that comes now would wait for its place; nothing is reserved.
func (g Gate) Wait(now time.Time) time.Duration {
	if g.Interval <= 0 {
		return 0
	}
	return max(0, g.Free.Sub(now))
}

// Return gives back the last n places that were reserved and not used, as when a call-out ends while its
// calls still wait for theirs. Places before those stay taken.
func (g Gate) Return(n int) Gate {
	if g.Interval > 0 && n > 0 && !g.Free.IsZero() {
		g.Free = g.Free.Add(-time.Duration(n) * g.Interval)
	}
	return g
}

// Lines counts the channels of one trunk. Limit 0 is without limit.
type Lines struct {
	Limit int `json:"limit"`
	Busy  int `json:"busy"`
}

// Lines is the trunk with no call on it.
func (t Trunk) Lines() Lines { return Lines{Limit: t.Channels} }

// Free is how many calls may be placed now. Where there are two channels or more one is kept for people
// who call back (rule 32).
func (l Lines) Free() int {
	switch {
	case l.Limit <= 0:
		return math.MaxInt
	case l.Limit == 1:
		return max(0, 1-l.Busy)
	}
	return max(0, l.Limit-1-l.Busy)
}

// Take occupies channels for up to n outgoing calls and says for how many there was room.
func (l Lines) Take(n int) (taken int, after Lines) {
	taken = max(0, min(n, l.Free()))
	l.Busy += taken
	return taken, l
}

// Come occupies a channel for a call from outside, the one that is kept free included; false means that
// the carrier sent a call for which there is no channel.
func (l Lines) Come() (bool, Lines) {
	if l.Limit > 0 && l.Busy >= l.Limit {
		return false, l
	}
	l.Busy++
	return true, l
}

// Give frees n channels.
func (l Lines) Give(n int) Lines {
	l.Busy = max(0, l.Busy-max(0, n))
	return l
}
