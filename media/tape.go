package media

import (
	"sync"
	"time"
)

// Tape records a telephone call: what the far end says ([Tape.In]) and what it hears ([Tape.Out]), in one channel
// or in one each. What comes in paces it: with each frame of it goes the one that has been said meanwhile, or
// silence. Both may be written, and all else be asked, from any goroutine.
type Tape struct {
	channels int
	in, out  bool // what is taken down
	limit    int  // frames of 20 ms

	mu      sync.Mutex
	reel    reel // frames of both channels take turns
	frames  int  // of 20 ms
	first   int
	waiting int
	paused  bool
	skips   bool // a pause leaves no silence
	closed  bool
	spoken  bool            // something was heard that has words
	pending [tapeRoom]Frame // said, and not yet put beside what came in; first and so many
}

// tapeRoom is how far what is said may run ahead: the shard of a clock that was late makes up for three frames.
const tapeRoom = 4

// Track says which direction of a call is meant.
type Track uint8

// The tracks.
const (
	BothTracks Track = iota
	InTrack          // what the far end says
	OutTrack         // what the far end hears
)

// NewTape begins a recording of at most limit. Two channels are those of two tracks: one track has one.
func NewTape(t Track, channels int, limit time.Duration) *Tape {
	if t != BothTracks || channels < 1 {
		channels = 1
	}
	return &Tape{channels: min(channels, 2), in: t != OutTrack, out: t != InTrack, limit: int((limit + Period - 1) / Period)}
}

// In takes what the far end says.
func (t *Tape) In() Sink { return (*tapeIn)(t) }

// Out takes what the far end hears.
func (t *Tape) Out() Sink { return (*tapeOut)(t) }

type (
	tapeIn  Tape
	tapeOut Tape
)

var (
	_ CaptionSink = (*tapeIn)(nil)
	_ CaptionSink = (*tapeOut)(nil)
)

func (i *tapeIn) Write(f *Frame) { i.WriteCaptioned(f, "") }

func (i *tapeIn) WriteCaptioned(f *Frame, words string) {
	t := (*Tape)(i)
	t.mu.Lock()
	defer t.mu.Unlock()
	said := &noFrame
	if t.waiting > 0 {
		said = &t.pending[t.first]
		t.first, t.waiting = (t.first+1)%tapeRoom, t.waiting-1
	}
	if t.closed || t.frames >= t.limit || t.paused && t.skips {
		return
	}
	heard := f
	if t.paused || !t.in {
		heard = &noFrame
	}
	if t.paused || !t.out {
		said = &noFrame
	}
	t.spoken = t.spoken || words != "" && t.in && !t.paused
	if t.channels == 2 {
		*t.reel.next() = *heard
		*t.reel.next() = *said
	} else {
		mixTwo(t.reel.next(), heard, said)
	}
	t.frames++
}

func mixTwo(to, a, b *Frame) {
	switch {
	case b == &noFrame:
		*to = *a
	case a == &noFrame:
		*to = *b
	default:
		for i := range to {
			to[i] = int16(min(max(int32(a[i])+int32(b[i]), -32768), 32767))
		}
	}
}

func (o *tapeOut) Write(f *Frame) { o.WriteCaptioned(f, "") }

func (o *tapeOut) WriteCaptioned(f *Frame, words string) {
	t := (*Tape)(o)
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.closed || !t.out {
		return
	}
	if t.waiting == tapeRoom {
		t.first, t.waiting = (t.first+1)%tapeRoom, t.waiting-1
	}
	t.pending[(t.first+t.waiting)%tapeRoom] = *f
	t.waiting++
	t.spoken = t.spoken || words != "" && !t.paused
}

// Pause takes nothing down until Resume: silence in its place, or with skip nothing at all.
func (t *Tape) Pause(skip bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.paused, t.skips = true, skip
}

// Resume goes on after Pause.
func (t *Tape) Resume() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.paused = false
}

// Close ends it: what is written after that is not taken down.
func (t *Tape) Close() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.closed = true
}

// Duration is how much there is.
func (t *Tape) Duration() time.Duration {
	t.mu.Lock()
	defer t.mu.Unlock()
	return time.Duration(t.frames) * Period
}

// Full tells whether the limit is reached.
func (t *Tape) Full() bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.frames >= t.limit
}

// Spoken tells whether anything with words was taken down. Only sound of a test has words while it is silent.
func (t *Tape) Spoken() bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.spoken
}

// Channels is how many there are: 1 or 2.
func (t *Tape) Channels() int { return t.channels }

// Samples is a copy of what there is, channel by channel, all of one length.
func (t *Tape) Samples() [][]int16 {
	t.mu.Lock()
	defer t.mu.Unlock()
	all := make([][]int16, t.channels)
	for c := range all {
		all[c] = make([]int16, 0, t.frames*Samples)
		for n := c; n < t.frames*t.channels; n += t.channels {
			all[c] = append(all[c], t.reel.frame(n)[:]...)
		}
	}
	return all
}

// TrimChannels takes the silence off both ends of channels that belong together: as much as [Trim] would take off
// their sum. The result shares memory with them.
func TrimChannels(channels [][]int16) [][]int16 {
	if len(channels) == 0 {
		return nil
	}
	whole := channels[0]
	if len(channels) > 1 {
		whole = make([]int16, len(channels[0]))
		for i := range whole {
			sum := int32(0)
			for _, c := range channels {
				sum += int32(c[i])
			}
			whole[i] = int16(min(max(sum, -32768), 32767))
		}
	}
	from, to := trimmed(whole)
	out := make([][]int16, len(channels))
	for i, c := range channels {
		out[i] = c[from:to]
	}
	return out
}
