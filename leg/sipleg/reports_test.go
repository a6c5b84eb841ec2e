package sipleg

import (
	"net"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/kaden-project/kaden/leg"
	"github.com/kaden-project/kaden/media"
)

// reportNow has a leg report without waiting for its time.
func reportNow(l leg.Leg) { l.(*Leg).sound.seat.Do(func() { l.(*Leg).sound.report(false) }) }

func TestBothEndsKnowHowTheSoundFares(t *testing.T) {
	for name, m := range map[string]Manner{"in the clear": {}, "encrypted": {Secret: true}} {
		t.Run(name, func(t *testing.T) {
			got := make(chan *Leg, 1)
			s := start(t, func(c *Config) { quick(c); c.Incoming = func(l *Leg) { got <- l } })
			s.SetLines([]Line{{Name: "self", Server: s.Addr().String(), Manner: m}})
			out, err := s.Dial(t.Context(), leg.Target{URI: "sip:a@" + s.Addr().String(), Line: "self"}, leg.Options{})
			if err != nil {
				t.Fatal(err)
			}
			in := <-got
			in.Answer(t.Context())
			next(t, out, leg.Answered)
			next(t, in, leg.Answered)
			out.Listen(&counting{})
			in.Listen(&counting{})
			out.Play(warble().Source())
			for _, l := range []*Leg{out.(*Leg), in} {
				until(t, "half a second of sound", func() bool { return l.Sound().Heard > 25 })
			}
			// What one says is heard by the other, who says in its own report how long that took.
			for range 2 {
				reportNow(out)
				until(t, "the caller's report", func() bool { return in.Sound().Told })
				reportNow(in)
				until(t, "the answer to it", func() bool { return out.(*Leg).Sound().RoundTrip > 0 || out.(*Leg).Sound().Told })
			}
			until(t, "the way there and back", func() bool {
				reportNow(out)
				reportNow(in)
				return out.(*Leg).Sound().RoundTrip > 0 && in.Sound().RoundTrip > 0
			})
			out.Hangup(t.Context(), leg.Completed)
			ended(t, out, leg.Completed)
			ended(t, in, leg.HungUp)
			for name, l := range map[string]leg.Measured{"out": out.(*Leg), "in": in} {
				how := l.Sound()
				if how.Codec != "PCMU" || how.Sent < 25 || how.Heard < 25 || how.Lost > 2 || !how.Told || how.LostThere > 2 || how.RoundTrip > time.Second || how.Jitter > time.Second {
					t.Errorf("%s: %+v", name, how)
				}
			}
			if n := s.Open(); n != 0 {
				t.Errorf("%d things are left open", n)
			}
		})
	}
}

// onePort is a far end that wants RTCP beside the RTP, and reports by hand.
func TestReportsBesideTheSound(t *testing.T) {
	got := make(chan *Leg, 1)
	s := start(t, func(c *Config) { quick(c); c.Incoming = func(l *Leg) { got <- l } })
	p, far := newPeer(t), newFarSound(t, "127.0.0.1")
	port := far.conn.LocalAddr().(*net.UDPAddr).Port
	uri := "sip:kaden@" + s.Addr().String()
	p.send(s.Addr(), newRequest(p.addr(), "INVITE", uri, "<sip:p@127.0.0.1>;tag=x", "<"+uri+">", fresh(8), 1, "", sdpAt(port, "a=rtcp-mux")))
	l := <-got
	l.Answer(t.Context())
	if ok := p.hears("SIP/2.0 200"); !strings.Contains(ok.body, "a=rtcp-mux\r\n") {
		t.Fatalf("the answer is\n%s", ok.body)
	}
	next(t, l, leg.Answered)
	first := far.hears(2)[0]
	ours := uint32(first[8])<<24 | uint32(first[9])<<16 | uint32(first[10])<<8 | uint32(first[11])
	report := func(from *farSound, ssrc uint32, lost int32) {
		b := media.Control{From: ssrc, Told: true, Block: media.ReportBlock{About: ours, Lost: lost, Jitter: 80}}.Append(nil, "far")
		from.mu.Lock()
		defer from.mu.Unlock()
		from.conn.WriteToUDPAddrPort(b, netip.AddrPortFrom(netip.MustParseAddr("127.0.0.1"), l.sock.port))
	}
	far.says(0, media.Samples, tone(media.PCMU, media.Samples))
	until(t, "the far end's sound", func() bool { return l.Sound().Heard == 1 })
	stranger := newFarSound(t, "127.0.0.2")
	report(stranger, 77, 99) // of another machine
	report(far, 78, 98)      // about another call
	report(far, 77, 3)
	until(t, "the report", func() bool { return l.Sound().Told })
	if how := l.Sound(); how.LostThere != 3 || how.FarJitter != 10*time.Millisecond {
		t.Errorf("got %+v", how)
	}
	reportNow(l)
	until(t, "ours, on the same port", func() bool {
		for _, b := range far.hears(1) {
			if c, ok := media.ReadControl(b, 77); media.IsControl(b) && ok && c.From == ours && c.Sender && c.Told && c.Block.About == 77 {
				return true
			}
		}
		return false
	})
	l.Hangup(t.Context(), leg.Completed)
	p.replies(p.hears("BYE"), "200 OK", "", "")
	ended(t, l, leg.Completed)
	until(t, "our farewell", func() bool {
		all := far.hears(1)
		c, ok := media.ReadControl(all[len(all)-1], 77)
		return ok && c.Bye
	})
}

func TestReportsAreSpreadOverTime(t *testing.T) {
	least, most, sum := 1<<30, 0, 0
	for range 10_000 {
		n := nextReport(int(reportEvery))
		least, most, sum = min(least, n), max(most, n), sum+n
	}
	if least < 100 || most > 310 || sum/10_000 < 195 || sum/10_000 > 215 { // in ticks: 2.05 s, 6.16 s, 4.1 s
		t.Errorf("from %d to %d ticks, %d on average", least, most, sum/10_000)
	}
}

// The pair of ports is the leg's; where the second one is taken, the leg does without reports.
func TestALegWhoseSecondPortIsTaken(t *testing.T) {
	base := uint16(freeRange(t, 4))
	other, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1), Port: int(base + 1)})
	if err != nil {
		t.Skip("skipped: the port was taken meanwhile: " + err.Error())
	}
	defer other.Close()
	pool, err := newPorts(Range{base, base + 2})
	if err != nil {
		t.Fatal(err)
	}
	ip := netip.MustParseAddr("127.0.0.1")
	first, err := pool.take(ip)
	if err != nil {
		t.Fatal(err)
	}
	second, err := pool.take(ip)
	if err != nil {
		t.Fatal(err)
	}
	if first.control != nil || second.control != nil { // the second's is beyond the range
		t.Errorf("ports %v and %v beside %d and %d", first.control, second.control, first.port, second.port)
	}
	pool.give(first)
	pool.give(second)
	if pool.count() != 0 {
		t.Errorf("%d sockets are open", pool.count())
	}
}

func TestADigitIsNoLoss(t *testing.T) {
	m := &memoryLine{}
	s := newSound(m)
	s.digit, s.quiet = func(byte) {}, func() {}
	at := netip.MustParseAddrPort("192.0.2.1:4000")
	s.terms = terms{remote: at, codec: media.PCMU, dtmf: 101, send: true, live: true}
	s.latch.expect(at)
	seq := uint16(65530)
	packet := func(kind byte, ts uint32, payload []byte) {
		b := append([]byte{0x80, kind, byte(seq >> 8), byte(seq), byte(ts >> 24), byte(ts >> 16), byte(ts >> 8), byte(ts), 0, 0, 0, 7}, payload...)
		seq++
		m.in = append(m.in, rtpIn{b, at})
		s.take()
		s.Tick(0)
		s.Speak()
	}
	for i := range uint32(20) {
		switch {
		case i == 5:
			seq++ // one is lost
		case i > 10 && i < 16:
			packet(101, 11*160, media.DigitPacket{Event: 1, Duration: uint16(160 * (i - 10)), End: i > 13}.Append(nil))
		case i == 18:
			packet(comfortNoise, i*160, []byte{60})
		default:
			packet(0, i*160, tone(media.PCMU, 160))
		}
	}
	if how := s.measured(); how.Heard != 19 || how.Lost != 1 || how.Sent != 19 || how.Codec != "PCMU" {
		t.Errorf("got %+v", how)
	}
}
