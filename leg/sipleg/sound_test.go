package sipleg

import (
	"encoding/binary"
	"net/netip"
	"testing"
	"time"

	"github.com/kaden-project/kaden/media"
)

func TestLatch(t *testing.T) {
	said, nat, evil := netip.MustParseAddrPort("10.0.0.5:4000"), netip.MustParseAddrPort("203.0.113.9:61000"), netip.MustParseAddrPort("198.51.100.6:7")
	type packet struct {
		from   netip.AddrPort
		ssrc   uint32
		silent int
		want   latched
	}
	for name, story := range map[string][]packet{
		"it comes from where SDP says":           {{said, 1, 0, renewed}, {said, 1, 0, same}},
		"it comes through a NAT":                 {{nat, 1, 0, stranger}, {nat, 1, 0, moved}, {nat, 1, 0, same}},
		"somebody else speaks in between":        {{said, 1, 0, renewed}, {evil, 2, 0, stranger}, {evil, 2, 0, stranger}, {said, 1, 0, same}},
		"somebody else with the right SSRC":      {{said, 1, 0, renewed}, {evil, 1, 500, stranger}, {evil, 1, 500, stranger}},
		"a dead call's far end is first":         {{evil, 9, 0, stranger}, {evil, 9, 0, moved}, {evil, 9, 0, same}, {said, 1, 0, moved}, {evil, 9, 0, stranger}, {said, 1, 0, same}},
		"a stray packet first":                   {{evil, 9, 0, stranger}, {said, 1, 0, renewed}, {evil, 9, 0, stranger}},
		"a new stream from the same place":       {{said, 1, 0, renewed}, {said, 2, 0, renewed}, {said, 2, 0, same}},
		"it falls silent and comes from another": {{said, 1, 0, renewed}, {nat, 2, 150, stranger}, {nat, 2, 150, moved}, {nat, 2, 0, same}, {said, 1, 0, stranger}},
	} {
		t.Run(name, func(t *testing.T) {
			var l latch
			l.expect(said)
			for i, p := range story {
				if got := l.admit(p.from, p.ssrc, p.silent); got != p.want {
					t.Fatalf("packet %d: got %d, want %d", i, got, p.want)
				}
			}
		})
	}
}

func TestWhoAnnouncedDoesNotStandInForWhoAnswered(t *testing.T) {
	early, answered := netip.MustParseAddrPort("192.0.2.1:4000"), netip.MustParseAddrPort("192.0.2.2:4000")
	var l latch
	l.expect(early)
	if l.admit(early, 1, 0) != renewed {
		t.Fatal("the announcement is not heard")
	}
	l.expect(answered)
	for range 10 { // it goes on for a moment
		if got := l.admit(early, 1, 0); got != stranger {
			t.Fatalf("after the answer the announcement is %d", got)
		}
	}
	if got := l.admit(answered, 2, 0); got != renewed || l.from != answered {
		t.Errorf("who answered is %d", got)
	}
	// A far end behind a NAT that only says otherwise, and goes on from where it was, is believed after a second.
	l.expect(early)
	n := 1
	for l.admit(answered, 2, 0) != moved {
		n++
	}
	if n != doubts || l.from != answered {
		t.Errorf("believed after %d packets", n)
	}
}

// line is a transport in memory.
type memoryLine struct {
	sent [][]byte
	to   []target
	in   []rtpIn
	n    int
	buf  [200]byte
}

type rtpIn struct {
	b    []byte
	from netip.AddrPort
}

func (m *memoryLine) watch(*media.Seat, func()) {}

func (m *memoryLine) receive([]byte) ([]byte, netip.AddrPort) {
	if len(m.in) == 0 {
		return nil, netip.AddrPort{}
	}
	p := m.in[0]
	m.in = m.in[1:]
	return p.b, p.from
}

func (m *memoryLine) send(b []byte, to target) {
	m.n++
	if m.sent != nil {
		m.sent = append(m.sent, append([]byte{}, b...))
		m.to = append(m.to, to)
		return
	}
	copy(m.buf[:], b)
}

// Who is on hold says nothing for minutes, and hears the far end's music all the same, though a router stands in between.
func TestWhoIsOnHoldKeepsTheWayOfTheSoundOpen(t *testing.T) {
	m := &memoryLine{sent: [][]byte{}}
	s := newSound(m)
	s.digit, s.quiet = func(byte) {}, func() {}
	held := terms{remote: netip.MustParseAddrPort("192.0.2.1:4000"), codec: media.PCMU, live: true}
	passes := func(d time.Duration) {
		for range d / (20 * time.Millisecond) {
			s.Tick(0)
			s.Speak()
		}
	}
	s.terms, s.to = held, newTarget(held.remote)
	passes(59 * time.Second)
	if len(m.sent) != 2 || m.to[0] != s.to {
		t.Fatalf("%d packets in 59 s on hold, to %v", len(m.sent), m.to)
	}
	if _, is := parseRTP(m.sent[0]); is || media.IsControl(m.sent[0]) {
		t.Errorf("what keeps the way open is taken for sound: % x", m.sent[0])
	}
	s.terms.send = true
	passes(20 * time.Millisecond)
	s.terms.send = false
	passes(19 * time.Second)
	if len(m.sent) != 3 {
		t.Errorf("%d packets, of which the third is sound", len(m.sent))
	}
	s.terms.remote = netip.MustParseAddrPort("0.0.0.0:4000") // the old way to hold
	passes(time.Minute)
	s.terms.remote = netip.AddrPort{}
	passes(time.Minute)
	if len(m.sent) != 3 {
		t.Errorf("%d packets to nowhere", len(m.sent)-3)
	}
}

func TestPacketsGoOnAcrossSources(t *testing.T) {
	m := &memoryLine{sent: [][]byte{}}
	s := newSound(m)
	s.digit, s.quiet = func(byte) {}, func() {}
	s.terms = terms{remote: netip.MustParseAddrPort("192.0.2.1:4000"), codec: media.PCMU, dtmf: 101, send: true, live: true}
	tick := func(n int) {
		for range n {
			s.Tick(0)
			s.Speak()
		}
	}
	tick(3)
	s.mouth.Play(warble().Source())
	tick(3)
	s.mouth.Play(nil)
	tick(2)
	s.terms.send = false // hold
	tick(4)
	s.terms.send = true
	s.mouth.Begin()
	tick(1)
	var marks []int
	for i, b := range m.sent {
		if i > 0 && binary.BigEndian.Uint16(b[2:]) != binary.BigEndian.Uint16(m.sent[i-1][2:])+1 {
			t.Errorf("packet %d is out of sequence", i)
		}
		if string(b[8:12]) != string(m.sent[0][8:12]) {
			t.Errorf("packet %d is of another stream", i)
		}
		if b[1]&0x80 != 0 {
			marks = append(marks, i)
		}
	}
	if want := []int{0, 3, len(m.sent) - 1}; !equal(marks, want) {
		t.Errorf("marked are %v, want %v: the first, a source, after the hold", marks, want)
	}
	first, last := binary.BigEndian.Uint32(m.sent[0][4:]), binary.BigEndian.Uint32(m.sent[len(m.sent)-1][4:])
	if got := (last - first) / media.Samples; got != 3+3+2+4 {
		t.Errorf("the timestamp went on by %d frames, want 12", got)
	}
	for _, b := range m.sent {
		if len(b) != 172 {
			t.Errorf("packet of %d bytes", len(b))
		}
	}
}

func equal(a, b []int) bool {
	if len(a) != len(b) {
		return false
	}
	for i := range a {
		if a[i] != b[i] {
			return false
		}
	}
	return true
}

func TestNothingIsAllocatedForAPacket(t *testing.T) {
	m := &memoryLine{}
	s := newSound(m)
	s.digit, s.quiet = func(byte) {}, func() {}
	at := netip.MustParseAddrPort("192.0.2.1:4000")
	s.terms = terms{remote: at, codec: media.PCMU, dtmf: 101, send: true, live: true}
	s.latch.expect(at)
	clip := warble()
	clip.Encoded(media.PCMU)
	s.mouth.Play(media.Repeat(0, func() media.Source { return clip.Source() }))
	packet := make([]byte, 172)
	packet[0] = 0x80
	in := []rtpIn{{packet, at}}
	var heard counting
	s.ear.Listen(&heard)
	var seq uint16
	n := testing.AllocsPerRun(50, func() {
		seq++
		binary.BigEndian.PutUint16(packet[2:], seq)
		binary.BigEndian.PutUint32(packet[4:], uint32(seq)*160)
		m.in = in
		s.take()
		s.Tick(0)
		s.Speak()
	})
	if n != 0 {
		t.Errorf("%v allocations for each 20 ms", n)
	}
}

type counting struct{ n int }

func (c *counting) Write(*media.Frame) { c.n++ }

func TestPacketsThatAreNoRTP(t *testing.T) {
	ok := make([]byte, 172)
	ok[0] = 0x80
	for name, c := range map[string]struct {
		change func(b []byte) []byte
		want   bool
	}{
		"plain":            {func(b []byte) []byte { return b }, true},
		"short":            {func(b []byte) []byte { return b[:11] }, false},
		"STUN":             {func(b []byte) []byte { b[0] = 0; return b }, false},
		"RTCP":             {func(b []byte) []byte { b[1] = 200; return b }, false},
		"extension":        {func(b []byte) []byte { b[0] |= 0x10; b[15] = 1; return b }, true},
		"extension beyond": {func(b []byte) []byte { b[0] |= 0x10; b[14] = 255; return b }, false},
		"sources beyond":   {func(b []byte) []byte { b[0] |= 0x0F; return b[:20] }, false},
		"padding":          {func(b []byte) []byte { b[0] |= 0x20; b[171] = 4; return b }, true},
		"padding beyond":   {func(b []byte) []byte { b[0] |= 0x20; b[171] = 255; return b }, false},
	} {
		t.Run(name, func(t *testing.T) {
			b := c.change(append([]byte{}, ok...))
			if _, got := parseRTP(b); got != c.want {
				t.Errorf("taken: %v", got)
			}
		})
	}
}

// FuzzRTP: the payload lies within the packet.
func FuzzRTP(f *testing.F) {
	f.Add(make([]byte, 172))
	f.Add([]byte{0xB1, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 1, 1, 2, 3, 1})
	f.Fuzz(func(t *testing.T, b []byte) {
		p, ok := parseRTP(b)
		if ok && len(p.payload) > len(b)-12 {
			t.Fatalf("payload of %d in a packet of %d", len(p.payload), len(b))
		}
	})
}
