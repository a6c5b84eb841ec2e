package media

import "time"

// gather is how long a shard in a rush lets packets come together. A Period is a multiple of it.
const gather = 4 * time.Millisecond

// rush notices that packets come so densely that waking for each costs more than what it brings. They are
// then fetched together every 4 ms, on a grid, which nobody hears; a key pressed on a quiet server still counts
// the moment it arrives. Members wait for the grid as well: whose slot lies between is called up to 3 ms late, each
// time by as much, so that its packets are as evenly spaced as ever, and after what has arrived by then. Who is just
// answered does not wait for it. The zero value is calm.
// On 200 playing calls, fetching saved a quarter of the processor time; the grid saved a third of what fifty members of
// a conference take, most of whom have a millisecond, and so a waking, to themselves.
type rush struct {
	last   time.Duration // when a packet last woke the shard
	streak int           // of wakings that came soon, or brought several packets; those that did not count against it
}

const (
	rushFrom = 8                    // wakings in a row
	rushMost = 2 * rushFrom         // so that it ends soon after the packets do
	rushGap  = time.Millisecond / 2 // a waking this soon after the one before is dense
	rushFew  = 2                    // packets of a waking that are not: one a millisecond
)

// gathered is when what comes after t is fetched, and whoever is due by then called.
func gathered(t time.Duration) time.Duration { return (t/gather + 1) * gather }

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
