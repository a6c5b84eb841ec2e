package sipleg

import (
	"encoding/binary"
	"math/rand/v2"
	"net/netip"
	"sync"
	"sync/atomic"
	"time"

	"github.com/kaden-project/kaden/leg"
	"github.com/kaden-project/kaden/media"
)

// transport carries the RTP of one leg. Today it is a socket of its own; one that is shared by the legs of
// a trunk can take its place.
type transport interface {
	watch(seat *media.Seat, ready func())
	receive(buf []byte) (packet []byte, from netip.AddrPort)
	send(packet []byte, to target)
}

var _ transport = (*socket)(nil)

// packet is what one that comes is read into. It is done with before the next is read, whosever that is, so legs have none
// of their own.
type packet [1500]byte

var packets = sync.Pool{New: func() any { return new(packet) }}

// terms are what offer and answer have agreed on.
type terms struct {
	remote netip.AddrPort
	codec  media.Codec
	wide   bool  // it may speak G.722
	length int   // of the packets that we send, in ms; 0 is 20
	dtmf   uint8 // payload type of telephone-event when we send, 0 for none
	send   bool
	live   bool   // the call is answered: keys count
	locks  *locks // nil: the sound goes in the clear

	control netip.AddrPort // where it wants RTCP
	mux     bool           // … which is where it wants RTP (RFC 5761)
}

// sound is the ear and the mouth of one leg. What stands below seat belongs to the clock's shard.
type sound struct {
	t       transport
	control transport // for RTCP; nil where there is none

	lost  int // ticks without a packet, after which quiet is called; 0 is never
	digit func(key byte)
	quiet func()

	mouth media.Mouth
	ear   media.Ear
	use   atomic.Bool // the far end may be lost: the call is answered and not on hold

	first atomic.Int64              // when sound came for the first time after the answer, in nanoseconds since 1970; 0 is never
	whole atomic.Pointer[leg.Sound] // how it was, once it is over

	seat *media.Seat

	terms   terms
	packet  [12 + media.Samples]byte
	bundle  *bundle // nil: each 20 ms is a packet
	reports reports
	ssrc    uint32
	seq     uint16
	ts      uint32
	to      target
	latch   latch
	guard   *guard // nil: the sound goes in the clear
	dtmfIn  uint8
	unheard int
	unsaid  int // ticks in which nothing was sent, since something was
}

func newSound(t transport) *sound {
	// The first number is in the lower half: a far end that misses the first packets of encrypted sound must not miss the
	// number's turn from 65535 to 0, or it decrypts nothing (RFC 3711 section 3.3.1).
	s := &sound{t: t, ssrc: rand.Uint32(), seq: uint16(rand.N(1 << 15)), ts: rand.Uint32(), dtmfIn: offeredDTMF}
	s.packet[0] = 2 << 6
	binary.BigEndian.PutUint32(s.packet[8:], s.ssrc)
	s.reports.due = nextReport(int(reportEvery) / 2)
	return s
}

// begin joins the clock. apply may be called from then on.
func (s *sound) begin(c *media.Clock, beside *media.Seat) {
	s.seat = c.JoinBeside(s, beside)
	s.t.watch(s.seat, s.ready)
	if s.control != nil {
		s.control.watch(s.seat, s.takeControl)
	}
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
		if t.control != s.terms.control {
			s.reports.from = netip.AddrPort{}
		}
		s.guard = s.guard.use(t.locks)
		s.rebundle(t)
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
	s.seat.Do(func() {
		s.drain()
		if s.control != nil {
			s.takeControl() // the far end's farewell, which says how it heard us
		}
		s.report(true)
	})
	s.seat.Leave()
	s.mouth.Play(nil)
	s.ear.Listen(nil)
	all := s.measured()
	s.whole.Store(&all)
}

// Tick is 20 ms of what is heard.
func (s *sound) Tick(time.Duration) {
	if s.unheard++; s.lost > 0 && s.unheard%s.lost == 0 && s.use.Load() {
		s.quiet()
	}
	if key, ok := s.ear.Tick(); ok {
		s.pressed(key)
	}
	if s.reports.due--; s.reports.due < 0 {
		s.report(false)
	}
}

// Speak is 20 ms of what we say.
func (s *sound) Speak() {
	s.say()
	s.ts += media.Samples
}

// ready is called by the clock when a packet waits. It is called again for as long as one does, so one
// system call takes one packet.
func (s *sound) ready() { s.take() }

// take handles one packet.
func (s *sound) take() bool {
	buf := packets.Get().(*packet)
	defer packets.Put(buf)
	b, from := s.t.receive(buf[:])
	switch {
	case b == nil:
		return false
	case media.IsControl(b):
		s.hearControl(b, from, true)
		return true
	}
	if b = s.guard.open(b); b == nil {
		return true
	}
	p, ok := parseRTP(b)
	if !ok || !s.knows(p.kind) {
		return true // STUN and noise
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
		s.reports.count(p, false)
		for _, key := range s.ear.Event(p.ts, p.payload) {
			s.pressed(key)
		}
	case p.kind == comfortNoise:
		s.reports.count(p, false)
		s.ear.Hush(p.payload)
	default:
		s.reports.count(p, true)
		s.ear.Sound(p.ts, p.payload, media.Codec(p.kind))
	}
	return true
}

// knows tells whether a payload type is one that the far end may send.
func (s *sound) knows(kind uint8) bool {
	switch kind {
	case uint8(media.PCMU), uint8(media.PCMA), comfortNoise:
		return true
	case uint8(media.G722):
		return s.terms.wide
	}
	return s.isDTMF(kind)
}

func (s *sound) isDTMF(kind uint8) bool {
	return kind == s.dtmfIn || kind == s.terms.dtmf && kind != 0
}

// A router on our side that translates addresses forgets in 30 s whom the far end's sound is for, if nothing leaves (RFC 4787
// section 4.3). What leaves then is no sound, and means nothing to anybody: a Binding indication of STUN (RFC 6263 section 4.3).
const doorEvery = 20 * time.Second / (20 * time.Millisecond) // ticks

var door = []byte{0, 0x11, 0, 0, 0x21, 0x12, 0xa4, 0x42, 'k', 'a', 'd', 'e', 'n', ' ', 'i', 's', 'h', 'e', 'r', 'e'}

// say is 20 ms of what we say: one packet, unless others are wanted.
func (s *sound) say() {
	if !s.terms.send {
		if s.unsaid++; s.unsaid%int(doorEvery) == 0 && s.terms.remote.IsValid() && !s.terms.remote.Addr().IsUnspecified() {
			s.t.send(door, s.to)
		}
		return
	}
	s.unsaid = 0
	said := s.mouth.Next(s.ts, s.terms.codec, s.terms.dtmf != 0, s.packet[12:])
	kind := uint8(s.terms.codec)
	switch {
	case said.Event:
		kind = s.terms.dtmf
		if s.bundle != nil {
			s.bundle.drop()
		}
	case s.bundle != nil:
		s.gather(said)
		return
	}
	s.send(s.packet[:12+said.Len], kind, said.Marker, said.Timestamp)
}

// send sends a packet whose payload is there.
func (s *sound) send(packet []byte, kind uint8, marker bool, ts uint32) {
	if marker {
		kind |= 0x80
	}
	packet[1] = kind
	binary.BigEndian.PutUint16(packet[2:], s.seq)
	binary.BigEndian.PutUint32(packet[4:], ts)
	s.seq++
	s.reports.sent++
	s.reports.bytes += uint32(len(packet) - 12)
	if b := s.guard.seal(packet); b != nil {
		s.t.send(b, s.to)
	}
}
