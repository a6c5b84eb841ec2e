package dispatch

import (
	"slices"

	"github.com/kaden-project/kaden/callout"
)

// relieve asks calls that a machine has answered to make room soon, where people's calls wait for a line of the same trunk: one
// for each that waits (rule 32). Over a line with one channel the next person's phone would else ring only when the
// machine has listened to the end of its time.
func (ls *lines) relieve() {
	var asked []rider
	ls.mu.Lock()
	free := map[*line]bool{} // what makes room already
	for _, l := range ls.byLead {
		if l.wanted && !l.keyed {
			free[l] = true
		}
	}
	for _, w := range ls.byLead {
		full := w.waitsFor()
		if len(full) == 0 {
			continue
		}
		if l := ls.room(full, func(l *line) bool { return free[l] }); l != nil {
			delete(free, l)
			continue
		}
		if l := ls.room(full, (*line).mayGo); l != nil {
			l.wanted = true
			asked = append(asked, l.riders...)
		}
	}
	ls.mu.Unlock()
	for _, rd := range asked {
		rd.run.send(callout.Event{At: now(), Kind: callout.Wanted, Attempt: rd.attempt})
	}
}

// waitsFor are the trunks of which the line waits for a channel while all are taken. ls.mu is held.
func (l *line) waitsFor() []string {
	if l.phase != placing || len(l.riders) == 0 {
		return nil
	}
	if c, ok := l.hold.(interface{ Crowded() []string }); ok {
		return c.Crowded()
	}
	return l.crowded
}

// room is the line on one of the trunks that was answered first of those that fit, nil if there is none. ls.mu is held.
func (ls *lines) room(trunks []string, fits func(l *line) bool) (first *line) {
	for _, l := range ls.byLead {
		if slices.Contains(trunks, l.trunk) && fits(l) && (first == nil || l.answered.Before(first.answered)) {
			first = l
		}
	}
	return first
}

// mayGo tells that the line is most probably a machine's, and nobody on it has pressed a key.
func (l *line) mayGo() bool {
	return l.phase == answered && !l.wanted && !l.keyed && !l.talks && l.robotic()
}
