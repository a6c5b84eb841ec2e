package media

import (
	"sync/atomic"
	"time"
)

// Player is a [Source] that knows when it is over. It wraps another Source for one playing: the leg
// reads it, and whoever started it waits on [Player.Done]. Stop and the questions may be asked from
// any goroutine. It serves encoded sound and a caption if the wrapped Source does.
type Player struct {
	src     Source
	encoded Encoded // src again, or nil
	over    Sink    // of Overhear
	frames  atomic.Int64
	state   atomic.Int32
	last    atomic.Int64 // frames that may still be read after StopAtWord; 0: it was not called
	done    chan struct{}

	// Of the goroutine that reads.
	hush  int   // quiet frames in a row since StopAtWord
	frame Frame // decoded, for whoever needs to know how loud it is
}

// When the word is over: so many quiet frames in a row. The closure of a k or a t is shorter.
const (
	wordGap   = 3
	wordQuiet = 330 // peak of a quiet frame, -40 dBFS
)

const (
	playing int32 = iota
	finished
	stopped
)

var (
	_ Encoded   = (*Player)(nil)
	_ Captioned = (*Player)(nil)
)

// NewPlayer makes a Player of src; nil is a Source that is over after one silent frame.
func NewPlayer(src Source) *Player {
	if src == nil {
		src = Silence(0)
	}
	p := &Player{src: src, done: make(chan struct{})}
	p.encoded, _ = src.(Encoded)
	return p
}

// Overhear hands every frame that is read to sink as well, on the goroutine that reads. It is called before
// anybody reads.
func (p *Player) Overhear(sink Sink) { p.over = sink }

// Read gives the next frame; silence and false once the Player is over.
func (p *Player) Read(f *Frame) bool {
	if p.state.Load() != playing {
		clear(f[:])
		return false
	}
	more := p.src.Read(f)
	if p.last.Load() > 0 {
		more = p.windDown(f, more)
	}
	if p.over != nil {
		p.over.Write(f)
	}
	return p.count(more)
}

// ReadEncoded gives the next frame in codec c, if the wrapped Source can.
func (p *Player) ReadEncoded(c Codec) (payload []byte, more, ok bool) {
	if !c.Companded() || p.encoded == nil {
		return nil, false, false
	}
	if p.state.Load() != playing {
		return silence(c), false, true
	}
	payload, more, ok = p.encoded.ReadEncoded(c)
	if !ok {
		return nil, false, false
	}
	if p.over != nil || p.last.Load() > 0 {
		c.Decode(&p.frame, payload)
	}
	if p.last.Load() > 0 {
		more = p.windDown(&p.frame, more)
	}
	if p.over != nil {
		p.over.Write(&p.frame)
	}
	return payload, p.count(more), true
}

// windDown looks for the end of the word that is being said.
func (p *Player) windDown(f *Frame, more bool) bool {
	p.hush++
	for _, s := range f {
		if s > wordQuiet || s < -wordQuiet {
			p.hush = 0
			break
		}
	}
	if p.hush >= wordGap || p.last.Add(-1) <= 0 {
		p.last.Store(1) // it stays the last one
		p.end(stopped)
		return false
	}
	return more
}

func (p *Player) count(more bool) bool {
	p.frames.Add(1)
	if !more {
		p.end(finished)
	}
	return more
}

func (p *Player) end(s int32) {
	if p.state.CompareAndSwap(playing, s) {
		close(p.done)
	}
}

// Stop ends the playing after the frame that is under way. It may be called again.
func (p *Player) Stop() { p.end(stopped) }

// StopAtWord ends the playing at the next short silence, but no later than limit from now, so that
// somebody who is interrupted hears the word out. It returns at once; Done says when.
func (p *Player) StopAtWord(limit time.Duration) {
	p.last.CompareAndSwap(0, max(1, int64(limit/Period)))
}

// Done is closed when the last frame was read or Stop was called.
func (p *Player) Done() <-chan struct{} { return p.done }

// Finished tells whether the last frame was read: false while it plays, and for ever when Stop came first.
func (p *Player) Finished() bool { return p.state.Load() == finished }

// Played is how much was read so far, in whole frames.
func (p *Player) Played() time.Duration { return time.Duration(p.frames.Load()) * Period }

// Caption is that of the wrapped Source; "" if it has none. Only the goroutine that reads may ask.
func (p *Player) Caption() string {
	if c, ok := p.src.(Captioned); ok {
		return c.Caption()
	}
	return ""
}
