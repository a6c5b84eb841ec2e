package media

import (
	"context"
	"errors"
	"sync/atomic"
)

// Mouth is what one leg says, 20 ms at a time: what Play has set, silence where there is nothing, and keys in
// their place while they are pressed. Play and Press may be called from any goroutine; Next is called by the
// one that paces the leg. The zero value says silence.
type Mouth struct {
	out    atomic.Pointer[saying]
	frame  Frame
	begun  bool // the talk spurt has its marker
	silent bool // the last frame was silence
	keys   *pressing
	wide   *subband // what was said in G.722; nil: nothing yet
}

type saying struct{ src Source }

// pressing is a Press under way.
type pressing struct {
	w     *DigitWriter
	tones Source // in the place of w for a far end that takes no telephone-event
	done  chan struct{}
}

// Said is one packet of a Mouth.
type Said struct {
	Event     bool   // a key is held down (RFC 4733), else sound
	Marker    bool   // a talk spurt, or a key, begins
	Timestamp uint32 // that of Next, or of the beginning of the key
	Len       int    // bytes of the payload
}

// ErrOver is what Press says when the leg ended before all keys were sent.
var ErrOver = errors.New("the leg has ended")

// Play makes src what is said from now on; nil is silence. A Source that finishes is followed by silence.
func (m *Mouth) Play(src Source) {
	if src == nil {
		m.out.Store(nil)
		return
	}
	m.out.Store(&saying{src})
}

// Press presses keys, as [CheckDigits] allows them, in the Next calls that follow on the shard of seat. It
// returns when they are sent, with ctx's cause when that ends first, or with [ErrOver] when over is closed.
func (m *Mouth) Press(ctx context.Context, seat *Seat, digits string, over <-chan struct{}) error {
	w, err := NewDigitWriter(digits)
	if err != nil {
		return err
	}
	tones, err := DigitTones(digits)
	if err != nil {
		return err
	}
	p := &pressing{w: w, tones: tones, done: make(chan struct{})}
	taken := make(chan error, 1)
	ok := seat.Do(func() {
		if m.keys != nil {
			taken <- errors.New("other keys are being pressed")
			return
		}
		m.keys = p
		taken <- nil
	})
	if !ok {
		return ErrOver
	}
	select {
	case err := <-taken:
		if err != nil {
			return err
		}
	case <-over:
		return ErrOver
	}
	select {
	case <-p.done:
		return nil
	case <-over:
		return ErrOver
	case <-ctx.Done():
		seat.Do(func() {
			if m.keys == p {
				m.keys = nil
			}
		})
		return context.Cause(ctx)
	}
}

// Begin makes the next packet the beginning of a talk spurt: the far end has just begun to hear us.
func (m *Mouth) Begin() { m.begun = false }

// Next puts the next 20 ms into payload, which has room for 160 bytes. events says that the far end takes
// telephone-event; without it keys become tones. What is encoded already is copied once.
func (m *Mouth) Next(ts uint32, c Codec, events bool, payload []byte) Said {
	if m.keys != nil && events {
		if said, ok := m.key(ts, payload); ok {
			return said
		}
	}
	p := m.out.Load()
	switch {
	case m.keys != nil && !events:
		if !m.read(m.keys.tones, payload, c) {
			m.pressed()
		}
	case p == nil:
		m.hush(payload, c)
		m.silent = true
	default:
		if m.silent {
			m.silent, m.begun = false, false
		}
		if !m.read(p.src, payload, c) {
			m.out.CompareAndSwap(p, nil)
		}
	}
	return m.said(Said{Timestamp: ts, Len: Samples})
}

func (m *Mouth) said(s Said) Said {
	s.Marker = !m.begun
	m.begun = true
	return s
}

func (m *Mouth) read(src Source, payload []byte, c Codec) (more bool) {
	if e, can := src.(Encoded); can {
		if ready, more, ok := e.ReadEncoded(c); ok {
			copy(payload, ready)
			return more
		}
	}
	more = src.Read(&m.frame)
	m.encode(payload, c)
	return more
}

// encode writes the frame.
func (m *Mouth) encode(payload []byte, c Codec) {
	if c != G722 {
		c.Encode(payload, &m.frame)
		return
	}
	if m.wide == nil {
		m.wide = newSubband()
	}
	m.wide.encode(payload, m.frame[:])
}

// hush writes silence.
func (m *Mouth) hush(payload []byte, c Codec) {
	if c == G722 {
		clear(m.frame[:])
		m.encode(payload, c)
		return
	}
	silence := c.Silence()
	for i := range payload[:Samples] {
		payload[i] = silence
	}
}

// key is a step of a key press; false when the step is ordinary sound.
func (m *Mouth) key(ts uint32, payload []byte) (Said, bool) {
	step, more := m.keys.w.Next(ts)
	if !more {
		m.pressed()
		return Said{}, false
	}
	if !step.Send {
		return Said{}, false
	}
	m.begun = !step.Marker
	step.Packet.Append(payload[:0])
	return m.said(Said{Event: true, Timestamp: step.Timestamp, Len: 4}), true
}

func (m *Mouth) pressed() {
	close(m.keys.done)
	m.keys = nil
}
