package sipleg

import (
	"math/rand/v2"
	"net/netip"
	"time"

	"github.com/kaden-project/kaden/leg"
	"github.com/kaden-project/kaden/media"
)

// reports are the RTCP of one leg (RFC 3550 section 6): we tell the far end how we hear it, and keep what it tells of us.
// All of it belongs to the clock's shard.
type reports struct {
	heard media.Reception
	told  leg.Sound // what the far end has told
	sent  uint64    // packets …
	bytes uint32    // … and their payload
	then  uint64    // sent at our last report
	name  string    // of ours (CNAME), made up with the first report
	due   int       // ticks until the next one

	sr   uint32    // of the far end's last sender report …
	srAt time.Time // … and when it came; zero is never
	from netip.AddrPort
	to   target // where from is
}

// Two parties report every five seconds, spread so that many calls that begin together do not report together; the first
// time sooner (section 6.2 and 6.3.1: with two members the least interval is the one that counts).
const (
	reportEvery = 5 * time.Second / media.Period
	meanSpread  = 1.21828 // e - 3/2
)

func nextReport(every int) int { return int(float64(every) * (0.5 + rand.Float64()) / meanSpread) }

// epoch is what arrivals are counted from: the jitter of a stream needs no more than a clock that does not jump.
var epoch = time.Now()

// count takes note of a packet of the far end.
func (r *reports) count(p rtpPacket, sound bool) {
	r.heard.Packet(p.ssrc, p.seq, p.ts, time.Since(epoch), sound)
}

// way is how reports reach the far end: beside the sound if both have agreed on that (RFC 5761), else from our second
// socket to where the far end's come from, or where its SDP says. A far end behind a NAT has to come first.
func (s *sound) way() (by transport, to target, ok bool) {
	r := &s.reports
	switch {
	case s.terms.mux:
		return s.t, s.to, true
	case s.control == nil:
		return nil, target{}, false
	case r.from.IsValid():
		return s.control, r.to, true
	case s.latch.locked && s.latch.from.Addr() != s.terms.control.Addr(), !s.terms.control.IsValid(), s.terms.control.Addr().IsUnspecified():
		return nil, target{}, false
	}
	return s.control, newTarget(s.terms.control), true
}

// report tells the far end what it is owed. bye says that it is the last time.
func (s *sound) report(bye bool) {
	r := &s.reports
	r.due = nextReport(int(reportEvery))
	by, to, ok := s.way()
	if !ok || r.sent == 0 && r.heard.Packets() == 0 {
		return
	}
	now := time.Now()
	c := media.Control{From: s.ssrc, Bye: bye}
	if r.sent != r.then {
		r.then = r.sent
		c.Sender, c.NTP, c.RTP, c.Packets, c.Bytes = true, media.NTP(now), s.ts, uint32(r.sent), r.bytes
	}
	if c.Block, c.Told = r.heard.Block(); c.Told && !r.srAt.IsZero() {
		c.Block.LastSR, c.Block.Delay = r.sr, uint32(now.Sub(r.srAt)<<16/time.Second)
	}
	if r.name == "" {
		r.name = fresh(8) // RFC 7022: a name that tells nothing
	}
	buf := packets.Get().(*packet)
	if b := s.guard.sealControl(c.Append(buf[:0], r.name)); b != nil {
		by.send(b, to)
	}
	packets.Put(buf)
}

// takeControl handles one packet of the second socket, if there is one.
func (s *sound) takeControl() {
	buf := packets.Get().(*packet)
	defer packets.Put(buf)
	if b, from := s.control.receive(buf[:]); b != nil {
		s.hearControl(b, from, false)
	}
}

// hearControl takes a report of the far end. Only the machine that the sound comes from, or that SDP names, is believed.
func (s *sound) hearControl(b []byte, from netip.AddrPort, beside bool) {
	if a := from.Addr(); a != s.terms.control.Addr() && (!s.latch.locked || a != s.latch.from.Addr()) {
		return
	}
	c, ok := media.ReadControl(s.guard.openControl(b), s.ssrc)
	if !ok || s.latch.locked && c.From != s.latch.ssrc {
		return
	}
	r, now := &s.reports, time.Now()
	if c.Sender {
		r.sr, r.srAt = uint32(c.NTP>>16), now
	}
	if c.Told {
		r.told.Report(c.Block, now)
	}
	if !beside && r.from != from {
		r.from, r.to = from, newTarget(from)
	}
}

// measured is how the sound has fared so far.
func (s *sound) measured() leg.Sound {
	if !s.terms.remote.IsValid() {
		return leg.Sound{}
	}
	all := s.reports.told
	all.Codec, all.Sent = s.terms.codec.String(), s.reports.sent
	all.Add(&s.reports.heard, s.ear.Stats())
	return all
}

// Sound is how the sound has fared so far, or, once the leg has ended, on the whole.
func (l *Leg) Sound() leg.Sound {
	l.mu.Lock()
	running := l.running
	l.mu.Unlock()
	if !running {
		return leg.Sound{}
	}
	now := make(chan leg.Sound, 1)
	if l.sound.whole.Load() == nil && l.sound.seat.Do(func() { now <- l.sound.measured() }) {
		select {
		case m := <-now:
			return m
		case <-time.After(time.Second): // the clock has ended meanwhile
		}
	}
	if m := l.sound.whole.Load(); m != nil {
		return *m
	}
	return leg.Sound{}
}

// sealControl encrypts a report; nil is one that cannot be sent. It is valid until the next packet.
func (g *guard) sealControl(b []byte) []byte {
	if g == nil {
		return b
	}
	sealed, err := g.out.EncryptRTCP(g.sealed[:0], b, nil)
	if err != nil {
		return nil
	}
	g.sealed = sealed
	return sealed
}

// openControl decrypts a report; nil is one of a stranger.
func (g *guard) openControl(b []byte) []byte {
	if g == nil {
		return b
	}
	opened, err := g.in.DecryptRTCP(g.unsealed[:0], b, nil)
	if err != nil {
		return nil
	}
	g.unsealed = opened
	return opened
}
