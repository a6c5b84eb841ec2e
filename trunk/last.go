package trunk

import "time"

// Last is the place at a gate that was given away last, where several processes share the gate and one clock: that
// of the database. It is kept there, and outlives them. The zero Last is a gate that nobody has passed.
type Last struct {
	At    time.Time // when that call may begin, perhaps still to come
	Asked time.Time // when the place was given away
}

// putBack is how far clocks of one database may differ. A place that was asked for later than that was asked for by a
// clock that has been put back since.
const putBack = time.Second

// Next is the place after l: an interval after it, and neither before now nor before after has passed. unused is a
// place that whoever asks was given before and has let pass; as long as nobody has come after, it is taken back.
// What stands there from a clock that has been put back since says nothing but that a call may have left just now.
func (l Last) Next(now time.Time, interval, after time.Duration, unused time.Time) Last {
	at := later(now.Add(max(0, after)), unused)
	switch {
	case l.At.IsZero():
	case l.At.Equal(unused):
	case l.Asked.After(now.Add(putBack)):
		at = later(at, now.Add(interval))
	default:
		at = later(at, l.At.Add(interval))
	}
	return Last{At: at, Asked: now}
}

func later(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
}
