package sipleg

import (
	"net"
	"net/netip"
	"slices"
	"syscall"
	"testing"
	"time"

	"github.com/kaden-project/kaden/leg"
	"github.com/kaden-project/kaden/media"
)

// BenchmarkTick is 20 ms of one leg without the kernel: a packet heard, a frame for a sink, a packet said.
func BenchmarkTick(b *testing.B) {
	m := &memoryLine{}
	s := newSound(m)
	s.digit, s.quiet = func(byte) {}, func() {}
	at := netip.MustParseAddrPort("192.0.2.1:4000")
	s.terms = terms{remote: at, codec: media.PCMU, dtmf: 101, send: true, live: true}
	s.latch.expect(at)
	clip := warble()
	s.mouth.Play(media.Repeat(0, func() media.Source { return clip.Source() }))
	var heard counting
	s.ear.Listen(&heard)
	packet := make([]byte, 172)
	packet[0] = 0x80
	in := []rtpIn{{packet, at}}
	b.ReportAllocs()
	var seq uint16
	for b.Loop() {
		seq++
		packet[2], packet[3] = byte(seq>>8), byte(seq)
		ts := uint32(seq) * 160
		packet[4], packet[5], packet[6], packet[7] = byte(ts>>24), byte(ts>>16), byte(ts>>8), byte(ts)
		m.in = in
		s.take()
		s.Tick(0)
		s.Speak()
	}
}

// BenchmarkInviteTo200 is a whole short inbound call on loopback: INVITE, 200, ACK, BYE, 200. It reports how
// long the caller waits for the 200, and the processor time of both ends of the call together.
func BenchmarkInviteTo200(b *testing.B) {
	s := start(b, func(c *Config) { c.Incoming = func(l *Leg) { l.Answer(b.Context()); drainEvents(l) } })
	c, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		b.Fatal(err)
	}
	defer c.Close()
	at := c.LocalAddr().(*net.UDPAddr).AddrPort()
	buf := make([]byte, 4000)
	hear := func(status int) said {
		for {
			n, err := c.Read(buf)
			if err != nil {
				b.Fatal(err)
			}
			if m := readSaid(string(buf[:n])); m.status() == status {
				return m
			}
		}
	}
	var waits []time.Duration
	before := processorTime()
	for b.Loop() {
		invite := newRequest(at, "INVITE", "sip:k@127.0.0.1", "<sip:a@b>;tag=x", "<sip:c@d>", fresh(8), 1, "", sdpAt(40000))
		begun := time.Now()
		c.WriteToUDPAddrPort([]byte(invite), s.Addr())
		ok := hear(200)
		waits = append(waits, time.Since(begun))
		c.WriteToUDPAddrPort([]byte(newRequest(at, "ACK", "sip:k@127.0.0.1", ok.get("From"), ok.get("To"), ok.get("Call-ID"), 1, "", "")), s.Addr())
		c.WriteToUDPAddrPort([]byte(newRequest(at, "BYE", "sip:k@127.0.0.1", ok.get("From"), ok.get("To"), ok.get("Call-ID"), 2, "", "")), s.Addr())
		hear(200)
	}
	slices.Sort(waits)
	b.ReportMetric(float64(waits[len(waits)/2].Microseconds()), "µs-p50")
	b.ReportMetric(float64(waits[len(waits)*99/100].Microseconds()), "µs-p99")
	b.ReportMetric(float64((processorTime()-before).Microseconds())/float64(len(waits)), "µs-cpu/call")
}

func drainEvents(l leg.Leg) {
	for range l.Events() {
	}
}

func processorTime() time.Duration {
	var u syscall.Rusage
	syscall.Getrusage(syscall.RUSAGE_SELF, &u)
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// BenchmarkPlaying plays a prompt to many legs for one second each loop and reports processor time per
// playing call-second of both ends together: every leg calls another one of the same process, both play and
// both listen, so one call-second here is two legs' sending and receiving.
func BenchmarkPlaying(b *testing.B) {
	const calls = 100
	clip := warble()
	clip.Encoded(media.PCMU)
	loop := func() media.Source { return media.Repeat(0, func() media.Source { return clip.Source() }) }
	s := start(b, func(c *Config) {
		c.Incoming = func(l *Leg) {
			l.Answer(b.Context())
			l.Play(loop())
			drainEvents(l)
		}
	})
	var legs []leg.Leg
	for range calls {
		l, err := s.Dial(b.Context(), leg.Target{URI: "sip:x@" + s.Addr().String()}, leg.Options{})
		if err != nil {
			b.Fatal(err)
		}
		for e := range l.Events() {
			if e.Kind == leg.Answered {
				break
			}
		}
		l.Play(loop())
		legs = append(legs, l)
	}
	time.Sleep(100 * time.Millisecond)
	before, begun := processorTime(), time.Now()
	for b.Loop() {
		time.Sleep(time.Second)
	}
	legSeconds := time.Since(begun).Seconds() * calls * 2
	b.ReportMetric(float64((processorTime()-before).Microseconds())/legSeconds, "µs-cpu/leg-second")
	late := s.cfg.Clock.Lateness()
	b.ReportMetric(float64(late.P99.Microseconds()), "µs-late-p99")
	for _, l := range legs {
		l.Hangup(b.Context(), leg.Completed)
	}
	for _, l := range legs {
		drainEvents(l)
	}
}
