package sipleg

import (
	"encoding/binary"
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

	mouth media.Mouth
	ear   media.Ear
	use   atomic.Bool // the far end may be lost: the call is answered and not on hold

	first atomic.Int64 // when sound came for the first time after the answer, in nanoseconds since 1970; 0 is never

	seat *media.Seat

	terms   terms
	packet  [12 + media.Samples]byte
	seq     uint16
	ts      uint32
	to      target
	latch   latch
	guard   *guard // nil: the sound goes in the clear
	dtmfIn  uint8
	unheard int
}

func newSound(t transport) *sound {
	s := &sound{t: t, seq: uint16(rand.Uint32()), ts: rand.Uint32(), dtmfIn: offeredDTMF}
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
			s.mouth.Begin()
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
	s.mouth.Play(nil)
	s.ear.Listen(nil)
}

// Tick is 20 ms: one frame heard, one packet sent.
func (s *sound) Tick(time.Duration) {
	if s.unheard++; s.lost > 0 && s.unheard%s.lost == 0 && s.use.Load() {
		s.quiet()
	}
	if key, ok := s.ear.Tick(); ok {
		s.pressed(key)
	}
	s.say()
	s.ts += media.Samples
}

// ready is called by the clock when a packet waits. It is called again for as long as one does, so one
// system call takes one packet.
func (s *sound) ready() { s.take() }

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
		s.ear.Restart()
	case renewed:
		s.ear.Restart()
	}
	s.unheard = 0
	if s.terms.live && s.first.Load() == 0 {
		s.first.Store(time.Now().UnixNano())
	}
	switch {
	case s.isDTMF(p.kind):
		for _, key := range s.ear.Event(p.ts, p.payload) {
			s.pressed(key)
		}
	case p.kind != comfortNoise:
		s.ear.Sound(p.seq, p.ts, p.payload, media.Codec(p.kind))
	}
	return true
}

func (s *sound) isDTMF(kind uint8) bool {
	return kind == s.dtmfIn || kind == s.terms.dtmf && kind != 0
}

// say sends one packet.
func (s *sound) say() {
	if !s.terms.send {
		return
	}
	said := s.mouth.Next(s.ts, s.terms.codec, s.terms.dtmf != 0, s.packet[12:])
	kind := uint8(s.terms.codec)
	if said.Event {
		kind = s.terms.dtmf
	}
	if said.Marker {
		kind |= 0x80
	}
	s.packet[1] = kind
	binary.BigEndian.PutUint16(s.packet[2:], s.seq)
	binary.BigEndian.PutUint32(s.packet[4:], said.Timestamp)
	s.seq++
	if b := s.guard.seal(s.packet[:12+said.Len]); b != nil {
		s.t.send(b, s.to)
	}
}
