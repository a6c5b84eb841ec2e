package sipleg

import "time"

// damper holds up whoever changes again and again: the first change is let through at once, and each further one after twice
// the pause of the one before. After a while of calm it begins anew. The zero damper has seen nothing.
type damper struct {
	last time.Time     // when a change was let through last
	rest time.Duration // how long after that the next one has to wait
}

const (
	longestUnrest = 10 * time.Minute
	calm          = 10 * time.Minute // beyond the pause that is due
)

// wait lets a change through, which is 0, or says how long it has to wait. first is the shortest pause.
func (d *damper) wait(now time.Time, first time.Duration) time.Duration {
	since := now.Sub(d.last)
	switch {
	case d.last.IsZero() || since > d.rest+calm:
		d.rest = first
	case since < d.rest:
		return d.rest - since
	default:
		d.rest = min(2*d.rest, longestUnrest)
	}
	d.last = now
	return 0
}
