package webleg

import (
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"time"

	"github.com/pion/rtp"

	"github.com/kaden-project/kaden/leg"
	"github.com/kaden-project/kaden/media"
)

// sound is the ear and the mouth of one leg. What stands below seat belongs to the clock's shard.
type sound struct {
	mouth   media.Mouth
	ear     media.Ear
	pressed func(key byte)
	first   atomic.Int64 // when sound came first after the answer, in nanoseconds since 1970; 0 is never
	inbox   inbox
	whole   atomic.Pointer[leg.Sound] // how it was, once it is over

	seat *media.Seat

	to      *track // nil until the connection is up
	ssrc    uint32 // of the stream that is heard
	live    bool   // the call is answered: keys count
	heard   media.Reception
	codec   media.Codec // that is spoken
	sent    uint64      // packets
	payload [media.Samples]byte
	seq     uint16
	ts      uint32
}

func newSound(pressed func(key byte)) *sound {
	return &sound{pressed: pressed, seq: uint16(rand.Uint32()), ts: rand.Uint32()}
}

// begin joins the clock.
func (s *sound) begin(c *media.Clock, beside *media.Seat) { s.seat = c.JoinBeside(s, beside) }

// connect lets the sound out on t. Until then nothing is read from what is played, so that nobody misses the
// beginning of a greeting; nil keeps it in.
func (s *sound) connect(t *track) {
	s.seat.Do(func() {
		if t != nil && s.to != t {
			s.mouth.Begin()
			s.seat.Soon() // not up to 20 ms later
		}
		s.to = t
	})
}

// answer lets keys count from now on, and then calls then.
func (s *sound) answer(then func()) {
	ok := s.seat.Do(func() {
		s.drain() // what came before was pressed at nobody
		s.live = true
		then()
	})
	if !ok {
		then()
	}
}

// finish reads what has arrived and leaves the clock. Nothing runs when it returns.
func (s *sound) finish() {
	if s.seat == nil {
		return
	}
	s.seat.Do(s.drain)
	s.seat.Leave()
	s.mouth.Play(nil)
	s.ear.Listen(nil)
	all := s.measured()
	s.whole.Store(&all)
}

// measured is how the sound has fared so far, but for what the page says.
func (s *sound) measured() (all leg.Sound) {
	if s.sent == 0 && s.heard.Packets() == 0 {
		return leg.Sound{}
	}
	all.Codec, all.Sent = s.codec.String(), s.sent
	all.Add(&s.heard, s.ear.Stats())
	return all
}

// now is measured for any goroutine, of a sound that has begun.
func (s *sound) now() leg.Sound {
	got := make(chan leg.Sound, 1)
	if s.whole.Load() == nil && s.seat.Do(func() { got <- s.measured() }) {
		select {
		case m := <-got:
			return m
		case <-time.After(time.Second): // the clock has ended meanwhile
		}
	}
	if m := s.whole.Load(); m != nil {
		return *m
	}
	return leg.Sound{}
}

// Tick is 20 ms of what is heard: what has arrived, one frame.
func (s *sound) Tick(time.Duration) {
	s.drain()
	if key, ok := s.ear.Tick(); ok {
		s.key(key)
	}
}

// Speak is 20 ms of what we say: one packet.
func (s *sound) Speak() {
	if s.to != nil {
		said := s.mouth.Next(s.ts, s.to.codec, s.to.dtmf != 0, s.payload[:])
		s.to.send(said, s.seq, s.payload[:])
		s.seq++
		s.sent++
		s.codec = s.to.codec
	}
	s.ts += media.Samples
}

func (s *sound) drain() { s.inbox.take(s.hear) }

// hear takes one packet.
func (s *sound) hear(p *packet) {
	if p.ssrc != s.ssrc { // the first one, or another page has taken over
		s.ssrc = p.ssrc
		s.ear.Restart()
	}
	if s.live && s.first.Load() == 0 {
		s.first.Store(time.Now().UnixNano())
	}
	s.heard.Packet(p.ssrc, p.seq, p.ts, p.at, p.kind == pcmu || p.kind == pcma)
	switch p.kind {
	case event:
		for _, key := range s.ear.Event(p.ts, p.payload) {
			s.key(key)
		}
	case pcmu:
		s.ear.Sound(p.ts, p.payload, media.PCMU)
	case pcma:
		s.ear.Sound(p.ts, p.payload, media.PCMA)
	}
}

func (s *sound) key(key byte) {
	if s.live {
		s.pressed(key)
	}
}

// epoch is what arrivals are counted from.
var epoch = time.Now()

// packet is one RTP packet on its way from the goroutine that reads a connection to the shard.
type packet struct {
	at      time.Duration // when it came, since epoch
	kind    packetKind
	seq     uint16
	ts      uint32
	ssrc    uint32
	payload []byte
}

type packetKind uint8

const (
	other packetKind = iota // comfort noise: a sign of life, no sound
	pcmu
	pcma
	event
)

// inbox holds what has arrived since the last tick. A shard that is late by more than it holds loses the oldest.
type inbox struct {
	mu     sync.Mutex
	ring   [16]packet
	length int
	head   int
	from   *conn
}

// open lets the packets of c in, and nobody else's.
func (b *inbox) open(c *conn) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.from, b.length = c, 0
}

func (b *inbox) put(c *conn, kind packetKind, p *rtp.Packet) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if c != b.from {
		return
	}
	if b.length == len(b.ring) {
		b.head = (b.head + 1) % len(b.ring)
		b.length--
	}
	slot := &b.ring[(b.head+b.length)%len(b.ring)]
	slot.at = time.Since(epoch)
	slot.kind, slot.seq, slot.ts, slot.ssrc = kind, p.SequenceNumber, p.Timestamp, p.SSRC
	slot.payload = append(slot.payload[:0], p.Payload...)
	b.length++
}

func (b *inbox) take(hear func(*packet)) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for b.length > 0 {
		p := &b.ring[b.head]
		b.head = (b.head + 1) % len(b.ring)
		b.length--
		hear(p)
	}
}
