package sipleg

import (
	"context"
	"encoding/binary"
	"errors"
	"math/rand/v2"
	"net/netip"
	"sync/atomic"
	"time"

	"github.com/kaden-project/kaden/media"
)

// transport carries the RTP of one leg. Today it is a socket of its own; one that is shared by the legs of
// a trunk can take its place.
type transport interface {
	watch(seat *media.Seat, ready func())
	receive() (packet []byte, from netip.AddrPort)
	send(packet []byte, to target)
}

var _ transport = (*socket)(nil)

// terms are what offer and answer have agreed on.
type terms struct {
	remote netip.AddrPort
	codec  media.Codec
	dtmf   uint8 // payload type of telephone-event when we send, 0 for none
	send   bool
	live   bool   // the call is answered: keys count
	locks  *locks // nil: the sound goes in the clear
}

// sound is the ear and the mouth of one leg. What stands below seat belongs to the clock's shard.
type sound struct {
	t     transport
	lost  int // ticks without a packet, after which quiet is called; 0 is never
	digit func(key byte)
	quiet func()

	out atomic.Pointer[playing]
	in  atomic.Pointer[listening]
	use atomic.Bool // the far end may be lost: the call is answered and not on hold

	first atomic.Int64 // when sound came for the first time after the answer, in nanoseconds since 1970; 0 is never

	seat *media.Seat

	terms   terms
	packet  [12 + media.Samples]byte
	frame   media.Frame
	seq     uint16
	ts      uint32
	spurt   bool // the next packet begins a talk spurt
	silent  bool // the last packet was silence
	keys    *pressing
	to      target
	latch   latch
	guard   *guard // nil: the sound goes in the clear
	jitter  *media.Jitter // nil until somebody listens: it is a quarter of a leg's memory
	reader  media.DigitReader
	dtmfIn  uint8
	unheard int
	hearing bool
	inBand  *media.DTMF // nil: keys are not looked for in the sound
}

type playing struct{ src media.Source }

type listening struct{ sink media.Sink }

// pressing is a SendDigits under way.
type pressing struct {
	w     *media.DigitWriter
	tones media.Source // in the place of w for a far end that takes no telephone-event
	done  chan struct{}
}

func newSound(t transport) *sound {
	s := &sound{t: t, seq: uint16(rand.Uint32()), ts: rand.Uint32(), spurt: true, dtmfIn: offeredDTMF}
	s.packet[0] = 2 << 6
	binary.BigEndian.PutUint32(s.packet[8:], rand.Uint32())
	return s
}

// begin joins the clock. apply may be called from then on.
func (s *sound) begin(c *media.Clock) {
	s.seat = c.Join(s)
	s.t.watch(s.seat, s.ready)
}

// apply takes new terms and then calls then, which may be nil. A new address of the far end is believed again.
func (s *sound) apply(t terms, then func()) {
	ok := s.seat.Do(func() {
		if then != nil {
			defer then()
		}
		if t.remote != s.terms.remote {
			s.latch.expect(t.remote)
			s.to = newTarget(t.remote)
		}
		s.guard = s.guard.use(t.locks)
		if t.send && !s.terms.send {
			s.spurt = true
			s.seat.Soon() // a greeting begins at the answer, not up to 20 ms later
		}
		if t.live && !s.terms.live {
			// What waits in the socket was sent before the answer: a key in it was pressed at nobody.
			live := t
			t.live = false
			s.terms = t
			s.drain()
			t = live
		}
		s.terms, s.unheard = t, 0
	})
	if !ok && then != nil {
		then()
	}
}

// drain takes what has arrived.
func (s *sound) drain() {
	for range 256 {
		if !s.take() {
			return
		}
	}
}

// pressed passes a key on, once the call is answered.
func (s *sound) pressed(key byte) {
	if s.terms.live {
		s.digit(key)
	}
}

// finish reads what has arrived, leaves the clock and gives up on keys. Nothing runs when it returns.
func (s *sound) finish() {
	if s.seat == nil {
		return
	}
	s.seat.Do(s.drain)
	s.seat.Leave()
	s.out.Store(nil)
	s.in.Store(nil)
}

func (s *sound) play(src media.Source) {
	if src == nil {
		s.out.Store(nil)
		return
	}
	s.out.Store(&playing{src})
}

func (s *sound) listen(sink media.Sink) {
	if sink == nil {
		s.in.Store(nil)
		return
	}
	s.in.Store(&listening{sink})
}

// press sends digits; over is closed when the leg ends.
func (s *sound) press(ctx context.Context, digits string, over <-chan struct{}) error {
	w, err := media.NewDigitWriter(digits)
	if err != nil {
		return err
	}
	tones, err := media.DigitTones(digits)
	if err != nil {
		return err
	}
	p := &pressing{w: w, tones: tones, done: make(chan struct{})}
	taken := make(chan error, 1)
	ok := s.seat.Do(func() {
		if s.keys != nil {
			taken <- errors.New("other keys are being pressed")
			return
		}
		s.keys = p
		taken <- nil
	})
	if !ok {
		return errEnded
	}
	select {
	case err := <-taken:
		if err != nil {
			return err
		}
	case <-over:
		return errEnded
	}
	select {
	case <-p.done:
		return nil
	case <-over:
		return errEnded
	case <-ctx.Done():
		s.seat.Do(func() {
			if s.keys == p {
				s.keys = nil
			}
		})
		return context.Cause(ctx)
	}
}

// Tick is 20 ms: one frame heard, one packet sent.
func (s *sound) Tick(time.Duration) {
	s.hear()
	if key, ok := s.reader.Tick(); ok {
		s.pressed(key)
	}
	s.say()
	s.ts += media.Samples
}

// ready is called by the clock when a packet waits. It is called again for as long as one does, so one
// system call takes one packet.
func (s *sound) ready() { s.take() }

func (s *sound) hear() {
	if s.unheard++; s.lost > 0 && s.unheard%s.lost == 0 && s.use.Load() {
		s.quiet()
	}
	in := s.in.Load()
	listened := in != nil || s.inBand != nil
	if listened && !s.hearing {
		if s.jitter == nil {
			s.jitter = new(media.Jitter)
		}
		s.jitter.Reset() // nobody has emptied it meanwhile
	}
	if s.hearing = listened; !listened {
		return
	}
	s.jitter.Get(&s.frame)
	if s.inBand != nil {
		s.inBand.Write(&s.frame)
	}
	if in != nil {
		in.sink.Write(&s.frame)
	}
}

// take handles one packet.
func (s *sound) take() bool {
	b, from := s.t.receive()
	if b == nil {
		return false
	}
	if b = s.guard.open(b); b == nil {
		return true
	}
	p, ok := parseRTP(b)
	if !ok {
		return true // RTCP, STUN and noise
	}
	known := p.kind == uint8(media.PCMU) || p.kind == uint8(media.PCMA) || p.kind == comfortNoise || s.isDTMF(p.kind)
	if !known {
		return true
	}
	switch s.latch.admit(from, p.ssrc, s.unheard) {
	case stranger:
		return true
	case moved:
		s.to = newTarget(from)
		s.restart()
	case renewed:
		s.restart()
	}
	s.unheard = 0
	if s.terms.live && s.first.Load() == 0 {
		s.first.Store(time.Now().UnixNano())
	}
	switch {
	case s.isDTMF(p.kind):
		for _, key := range s.reader.Packet(p.ts, p.payload) {
			s.pressed(key)
		}
	case p.kind != comfortNoise && s.hearing:
		s.jitter.Put(p.seq, p.ts, p.payload, media.Codec(p.kind))
	}
	return true
}

// restart is for a new stream of the far end.
func (s *sound) restart() {
	if s.jitter != nil {
		s.jitter.Reset()
	}
	s.reader.Reset()
}

func (s *sound) isDTMF(kind uint8) bool {
	return kind == s.dtmfIn || kind == s.terms.dtmf && kind != 0
}

// say sends one packet. What is encoded already is copied once, behind the header.
func (s *sound) say() {
	if !s.terms.send {
		return
	}
	if s.keys != nil && s.terms.dtmf != 0 && s.key() {
		return
	}
	payload, c := s.packet[12:], s.terms.codec
	p := s.out.Load()
	if s.keys != nil && s.terms.dtmf == 0 {
		if !s.read(s.keys.tones, payload, c) {
			close(s.keys.done)
			s.keys = nil
		}
		s.transmit(uint8(c), s.ts, len(payload))
		return
	}
	if p == nil {
		fill(payload, c.Silence())
		s.silent = true
		s.transmit(uint8(c), s.ts, len(payload))
		return
	}
	if s.silent {
		s.silent, s.spurt = false, true
	}
	if !s.read(p.src, payload, c) {
		s.out.CompareAndSwap(p, nil)
	}
	s.transmit(uint8(c), s.ts, len(payload))
}

func (s *sound) read(src media.Source, payload []byte, c media.Codec) (more bool) {
	if e, can := src.(media.Encoded); can {
		if ready, more, ok := e.ReadEncoded(c); ok {
			copy(payload, ready)
			return more
		}
	}
	more = src.Read(&s.frame)
	c.Encode(payload, &s.frame)
	return more
}

// key sends a step of a key press in the place of sound; false when the step is ordinary sound.
func (s *sound) key() bool {
	step, more := s.keys.w.Next(s.ts)
	if !more {
		close(s.keys.done)
		s.keys = nil
		return false
	}
	if !step.Send {
		return false
	}
	s.spurt = step.Marker
	step.Packet.Append(s.packet[12:12])
	s.transmit(s.terms.dtmf, step.Timestamp, 4)
	return true
}

func (s *sound) transmit(kind uint8, ts uint32, payload int) {
	if s.spurt {
		kind |= 0x80
		s.spurt = false
	}
	s.packet[1] = kind
	binary.BigEndian.PutUint16(s.packet[2:], s.seq)
	binary.BigEndian.PutUint32(s.packet[4:], ts)
	s.seq++
	if b := s.guard.seal(s.packet[:12+payload]); b != nil {
		s.t.send(b, s.to)
	}
}

func fill(b []byte, v byte) {
	for i := range b {
		b[i] = v
	}
}
