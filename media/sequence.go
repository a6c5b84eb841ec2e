package media

import "time"

var silentPayload = func() (p [2][Samples]byte) {
	for i := range Samples {
		p[0][i], p[1][i] = PCMU.Silence(), PCMA.Silence()
	}
	return p
}()

// silence is one encoded frame of it, in shared memory.
func silence(c Codec) []byte {
	if c == PCMA {
		return silentPayload[1][:]
	}
	return silentPayload[0][:]
}

// Silence is a Source of nothing, d long, rounded up to whole frames and at least one.
func Silence(d time.Duration) Source {
	return &silent{left: max(1, (d+Period-1)/Period)}
}

type silent struct{ left time.Duration }

func (s *silent) Read(f *Frame) bool {
	clear(f[:])
	s.left--
	return s.left > 0
}

func (s *silent) ReadEncoded(c Codec) (payload []byte, more, ok bool) {
	if !c.Companded() {
		return nil, false, false
	}
	s.left--
	return silence(c), s.left > 0, true
}

// Sequence plays one Source after the other, each from a frame of its own. It serves encoded sound while
// the current part does, and its caption is that of the part whose frame was read last. A nil part is left out.
func Sequence(srcs ...Source) Source {
	q := &sequence{}
	for _, s := range srcs {
		if s != nil {
			q.parts = append(q.parts, s)
		}
	}
	if len(q.parts) == 0 {
		q.parts = []Source{Silence(0)}
	}
	return q
}

// Repeat plays what next makes, n times over; n ≤ 0 is for ever. next is called on the goroutine that
// reads, at the beginning of each round, so it must be quick: a clip's Source is.
func Repeat(n int, next func() Source) Source {
	if n <= 0 {
		n = -1
	}
	return &sequence{next: next, rounds: n}
}

// sequence moves on when it is read, not when a part says that it was the last frame: so the caption
// asked for after a Read is that of the frame that was read.
type sequence struct {
	parts  []Source // still to play, the first one now
	next   func() Source
	rounds int // of next, still to be begun; negative: no end
	over   bool
}

var (
	_ Encoded   = (*sequence)(nil)
	_ Captioned = (*sequence)(nil)
)

func (q *sequence) current() Source {
	if q.over && len(q.parts) > 1 {
		q.parts, q.over = q.parts[1:], false
	} else if (q.over || len(q.parts) == 0) && q.rounds != 0 {
		if q.rounds > 0 {
			q.rounds--
		}
		part := q.next()
		if part == nil {
			part = Silence(0)
		}
		q.parts, q.over = append(q.parts[:0], part), false
	}
	return q.parts[0]
}

func (q *sequence) read(more bool) bool {
	q.over = !more
	return more || len(q.parts) > 1 || q.rounds != 0
}

func (q *sequence) Read(f *Frame) bool { return q.read(q.current().Read(f)) }

func (q *sequence) ReadEncoded(c Codec) (payload []byte, more, ok bool) {
	e, can := q.current().(Encoded)
	if !can {
		return nil, false, false
	}
	if payload, more, ok = e.ReadEncoded(c); !ok {
		return nil, false, false
	}
	return payload, q.read(more), true
}

func (q *sequence) Caption() string {
	if len(q.parts) == 0 {
		q.current()
	}
	if c, ok := q.parts[0].(Captioned); ok {
		return c.Caption()
	}
	return ""
}
