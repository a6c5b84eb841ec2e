package sipleg

import (
	"fmt"
	"net/netip"
	"runtime"
	"sync/atomic"
	"testing"

	"github.com/kaden-project/kaden/leg"
)

// forged is the nth request of somebody who names our domain and is nowhere: each comes from another address and port.
func forged(s *Server, n int) (flow, []byte) {
	from := netip.AddrPortFrom(netip.AddrFrom4([4]byte{127, byte(1 + n>>16), byte(n >> 8), byte(n)}), uint16(1024+n%60000))
	method := [...]string{"INVITE", "REGISTER", "MESSAGE", "OPTIONS", "BYE"}[n%5]
	body := ""
	if method == "INVITE" {
		body = sdpAt(9)
	}
	raw := newRequest(from, method, "sip:suzuki@office.example.jp", fmt.Sprintf("<sip:sato@office.example.jp>;tag=%d", n),
		"<sip:sato@office.example.jp>", fmt.Sprintf("%d@nowhere", n), 1, "", body)
	return flow{udp: true, peer: from}, []byte(raw)
}

// taken counts the requests of others that are kept.
func (l *layer) taken() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return len(l.server)
}

// Whoever forges senders makes us keep nothing, and our phones are served meanwhile.
func TestAFloodOfForgedRequestsLeavesNothing(t *testing.T) {
	s, x, p := office(t, nil)
	x.knows(p.addr().Addr())
	var over atomic.Bool
	done := make(chan struct{})
	go func() {
		defer close(done)
		for n := range 20_000 {
			if from, raw := forged(s, n); s.gate.admit(from.peer.Addr()) {
				s.receive(from, raw)
			}
		}
		over.Store(true)
	}()
	served := 0
	for n := 1; n == 1 || !over.Load(); n++ {
		p.registers(s, n, "Authorization: sesame")
		p.hearsAnswer("200", n)
		served++
	}
	<-done
	if kept := s.layer.taken(); kept > served {
		t.Errorf("%d requests are kept, of which %d are our phone's", kept, served)
	}
	t.Logf("a phone was served %d times meanwhile", served)
}

// BenchmarkFlood is requests with forged senders: what each costs, and what is kept of it, if all were read.
func BenchmarkFlood(b *testing.B) {
	x := &exchange{}
	s := start(b, func(c *Config) { c.AllowFrom, c.Phones = nil, x })
	heap := func() int64 {
		var m runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&m)
		return int64(m.HeapAlloc + m.StackInuse)
	}
	before := heap()
	n := 0
	for b.Loop() {
		s.receive(forged(s, n))
		n++
	}
	b.ReportMetric(float64(heap()-before)/float64(n), "B-kept/request")
	b.ReportMetric(float64(s.layer.taken())/float64(n), "kept/request")
}

// What is answered from the request alone is answered alike when the request comes again: for whoever has asked it is one answer.
func TestARequestThatComesAgainGetsTheSameAnswer(t *testing.T) {
	s, _, p := office(t, nil)
	for n, method := range []string{"REGISTER", "INVITE", "REFER", "INFO"} {
		raw := newRequest(p.addr(), method, "sip:office.example.jp", "<sip:sato@office.example.jp>;tag=1", "<sip:sato@office.example.jp>", "call@phone", n+1, "", "")
		p.send(s.Addr(), raw)
		first := p.hearsAnswer("4", n+1)
		p.send(s.Addr(), raw)
		if again := p.hearsAnswer("4", n+1); again.first != first.first || again.tag("To") != first.tag("To") || first.tag("To") == "" {
			t.Errorf("%s: %s to tag %q, and then %s to tag %q", method, first.first, first.tag("To"), again.first, again.tag("To"))
		}
	}
	if kept := s.layer.taken(); kept > 0 {
		t.Errorf("%d requests are kept", kept)
	}
}

// Calls whose caller may be forged have only so much room: those that we make find ports, and so does whoever shows that he hears us.
func TestCallersThatMayBeForgedHaveSoMuchRoom(t *testing.T) {
	got := make(chan *Leg, 8)
	s := start(t, func(c *Config) { quick(c); c.mostUnsure = 2; c.Incoming = func(l *Leg) { got <- l } })
	p := newPeer(t)
	calls := func(n int) { // each its own call
		p.send(s.Addr(), newRequest(p.addr(), "INVITE", "sip:kaden@"+s.Addr().String(), "<sip:peer@127.0.0.1>;tag=a", "<sip:kaden@127.0.0.1>", fmt.Sprintf("%d@carrier", n), n, "", sdpAt(40000)))
	}
	calls(1)
	p.hearsAnswer("100", 1)
	calls(2)
	p.hearsAnswer("100", 2)
	calls(3)
	if m := p.hearsAnswer("503", 3); m.get("Retry-After") == "" {
		t.Errorf("%s", m.raw)
	}
	first, second := <-got, <-got
	first.Answer(t.Context())
	ok := p.hears("SIP/2.0 200")
	p.acks(ok, "")
	next(t, first, leg.Answered)
	until(t, "the ACK to be taken", func() bool { return s.unsure.Load() == 1 })
	calls(4)
	p.hearsAnswer("100", 4)
	third := <-got
	for _, l := range []*Leg{second, third} {
		l.Hangup(t.Context(), leg.Busy)
		ended(t, l, leg.Busy)
	}
	p.in(ok, "BYE", 2, "")
	ended(t, first, leg.HungUp)
	if n := s.unsure.Load(); n != 0 {
		t.Errorf("%d are unsure in the end", n)
	}
}

// A carrier that has not called for a while is read in a flood as well: its address is a line's, or one that is known.
func TestACarrierIsReadInAFlood(t *testing.T) {
	p, q := newPeer(t), newPeer(t)
	s := start(t, func(c *Config) {
		quickLines(c)
		c.AllowFrom = nil
		c.Known = func(from netip.AddrPort, _ Request) bool { return from.Addr() == netip.MustParseAddr("192.0.2.7") }
	})
	line := ntt(p)
	line.Register = false
	s.SetLines([]Line{line})
	until(t, "the line to be found", func() bool { return s.isCarrier(p.addr().Addr(), "") })
	for n := range 2 * crowdBurst {
		s.gate.admit(netip.AddrFrom4([4]byte{10, byte(n >> 16), byte(n >> 8), byte(n)}))
	}
	for from, want := range map[string]bool{q.addr().Addr().String(): true, "192.0.2.7": true, "192.0.2.8": false} {
		read := 0
		for range 100 {
			if s.gate.admit(netip.MustParseAddr(from)) {
				read++
			}
		}
		if want && read != 100 || !want && read == 100 {
			t.Errorf("of %s %d of 100 messages are read", from, read)
		}
	}
}
