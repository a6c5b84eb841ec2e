package sipleg

import (
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/kaden-project/kaden/leg"
)

// A machine with several addresses answers from the one that was asked, and is to be found there for the rest of the call:
// a router in between would let nothing else through.
func TestAnswersLeaveFromTheAddressThatWasAsked(t *testing.T) {
	for _, listen := range []string{"0.0.0.0:0", ":0"} {
		t.Run(listen, func(t *testing.T) {
			got := make(chan *Leg, 1)
			s := start(t, func(c *Config) {
				quick(c)
				c.Listen = listen
				c.Incoming = func(l *Leg) { got <- l }
			})
			p := newPeer(t)
			asked := netip.AddrPortFrom(netip.MustParseAddr("127.0.0.5"), s.Addr().Port())
			for _, via := range []string{";rport", ""} { // who does not ask for rport is answered where the Via says
				options := newRequest(p.addr(), "OPTIONS", "sip:"+asked.String(), "<sip:peer@127.0.0.1>;tag=a", "<sip:"+asked.String()+">", fresh(8), 1, "", "")
				p.send(asked, strings.Replace(options, ";rport", via, 1))
				if m := p.hears("SIP/2.0 200"); m.from != asked {
					t.Errorf("asked at %s, it answers from %s", asked, m.from)
				}
			}
			p.send(asked, newRequest(p.addr(), "INVITE", "sip:1@"+asked.String(), "<sip:peer@127.0.0.1>;tag=a", "<sip:1@"+asked.String()+">", fresh(8), 1, "", sdpAt(40000)))
			l := <-got
			l.Answer(t.Context())
			ok := p.hearsAnswer("200", 1)
			if ok.from != asked || ok.get("Contact") != "<sip:kaden@"+asked.String()+">" || !strings.Contains(ok.body, "c=IN IP4 127.0.0.1\r\n") {
				t.Errorf("called at %s, it answers from %s:\n%s", asked, ok.from, ok.raw)
			}
			p.send(asked, newRequest(p.addr(), "ACK", "sip:kaden@"+asked.String(), ok.get("From"), ok.get("To"), ok.get("Call-ID"), 1, "", ""))
			next(t, l, leg.Answered)
			l.Hangup(t.Context(), leg.Completed)
			bye := p.hears("BYE")
			if bye.from != asked || !strings.Contains(bye.get("Via"), asked.String()) {
				t.Errorf("it hangs up from %s:\n%s", bye.from, bye.raw)
			}
			p.replies(bye, "200 OK", "", "")
			ended(t, l, leg.Completed)
		})
	}
}

// An answer whose address is gone meanwhile leaves from another one; it may still arrive.
func TestAnAnswerFromAnAddressThatIsGone(t *testing.T) {
	s, p := start(t, func(c *Config) { quick(c); c.Listen = "0.0.0.0:0" }), newPeer(t)
	if err := s.wire.send(flow{udp: true, peer: p.addr(), local: netip.MustParseAddr("203.0.113.7")}, []byte("SIP/2.0 200 OK\r\n\r\n")); err != nil {
		t.Fatal(err)
	}
	if m := p.hears("SIP/2.0 200"); m.from != netip.AddrPortFrom(netip.MustParseAddr("127.0.0.1"), s.Addr().Port()) {
		t.Errorf("it leaves from %s", m.from)
	}
}

// livesAt makes a server believe that its address towards a peer is another one.
func livesAt(s *Server, peer, ip string) {
	s.ownMu.Lock()
	defer s.ownMu.Unlock()
	s.own[netip.MustParseAddr(peer)] = ownEntry{netip.MustParseAddr(ip), time.Now().Add(time.Hour)}
}

// contactsOf are the contacts of a REGISTER.
func contactsOf(m said) (all []string) {
	for _, h := range m.headers {
		if h[0] == "Contact" {
			all = append(all, h[1])
		}
	}
	return all
}

// From behind one router we move behind another one, and then to where there is none. Each time the carrier is told, and
// what it has seen of us before is used no more. A call that is up follows.
func TestFromOneRouterToTheNext(t *testing.T) {
	p := newPeer(t)
	s := start(t, func(c *Config) { quickLines(c); c.Listen = "0.0.0.0:0"; c.timers.Watch = 20 * time.Millisecond })
	port := itoa(int(s.Addr().Port()))
	seen := func(m said, ip string) {
		t.Helper()
		for i, h := range m.headers {
			if h[0] == "Via" {
				m.headers[i][1] = strings.Replace(h[1], ";rport", ";received="+ip+";rport="+port, 1)
			}
		}
		p.replies(m, "200 OK", "r", "", "Contact: "+contactOf(m)+";expires=3600")
	}
	expect := func(m said, at string, gone ...string) {
		t.Helper()
		all := contactsOf(m)
		if len(all) != 1+len(gone) || !strings.Contains(all[0], "@"+at+":"+port+";") {
			t.Fatalf("the contacts are %q, want %s and, to be taken away, %q", all, at, gone)
		}
		for i, g := range gone {
			if !strings.Contains(all[1+i], "@"+g+":"+port+";") || !strings.HasSuffix(all[1+i], ";expires=0") {
				t.Errorf("the contacts are %q, want %s and, to be taken away, %q", all, at, gone)
			}
		}
	}
	s.SetLines([]Line{ntt(p)})
	m := p.hears("REGISTER")
	seen(m, "203.0.113.5")
	m = p.hears("REGISTER")
	expect(m, "203.0.113.5", "127.0.0.1")
	seen(m, "203.0.113.5")
	stands(t, s, "registered", func(at Standing) bool { return time.Until(at.Next) > 50*time.Minute })

	l, err := s.Dial(t.Context(), leg.Target{URI: "sip:1@" + p.addr().String(), Line: "ntt"}, leg.Options{})
	if err != nil {
		t.Fatal(err)
	}
	invite := p.hears("INVITE")
	p.replies(invite, "200 OK", "b", sdpAt(40000))
	p.hears("ACK")
	next(t, l, leg.Answered)

	livesAt(s, "127.0.0.1", "127.0.0.2")
	m = p.hears("REGISTER")
	expect(m, "127.0.0.2", "203.0.113.5")
	seen(m, "198.51.100.7")
	m = p.hears("REGISTER")
	expect(m, "198.51.100.7", "127.0.0.2")
	seen(m, "198.51.100.7")
	again := p.hears("INVITE")
	if !strings.Contains(again.get("Contact"), "@198.51.100.7:"+port) || !strings.Contains(again.body, "c=IN IP4 198.51.100.7\r\n") || again.get("Call-ID") != invite.get("Call-ID") {
		t.Errorf("the call does not follow:\n%s", again.raw)
	}
	p.replies(again, "200 OK", "", sdpAt(40000))
	p.hears("ACK")

	livesAt(s, "127.0.0.1", "127.0.0.3")
	m = p.hears("REGISTER")
	expect(m, "127.0.0.3", "198.51.100.7")
	seen(m, "127.0.0.3")
	again = p.hears("INVITE")
	if !strings.Contains(again.get("Contact"), "@127.0.0.3:"+port) || !strings.Contains(again.body, "c=IN IP4 127.0.0.3\r\n") {
		t.Errorf("the call names the router that is not there any more:\n%s", again.raw)
	}
	p.replies(again, "200 OK", "", sdpAt(40000))
	p.hears("ACK")
	l.Hangup(t.Context(), leg.Completed)
	p.replies(p.hears("BYE"), "200 OK", "", "")
	ended(t, l, leg.Completed)
}

// The router in front of us gets another address, as many do each night: the carrier is asked how it sees us, and told.
func TestTheRouterGetsAnotherAddress(t *testing.T) {
	p := newPeer(t)
	s := start(t, func(c *Config) { quickLines(c); c.timers.Watch = 50 * time.Millisecond })
	seen := func(m said, ip string, extra ...string) {
		t.Helper()
		for i, h := range m.headers {
			if h[0] == "Via" {
				m.headers[i][1] = strings.Replace(h[1], ";rport", ";received="+ip+";rport=33333", 1)
			}
		}
		p.replies(m, "200 OK", "r", "", extra...)
	}
	signs := func(ip string) said {
		t.Helper()
		m := p.hears("REGISTER")
		seen(m, ip, "Contact: "+contactOf(m)+";expires=3600")
		return m
	}
	s.SetLines([]Line{ntt(p)})
	signs("203.0.113.5")
	last := signs("203.0.113.5")
	asked := p.hears("OPTIONS")
	if asked.get("Call-ID") == last.get("Call-ID") || contactOf(asked) != contactOf(last) {
		t.Errorf("the question is part of the registration, or names another contact:\n%s", asked.raw)
	}
	seen(asked, "203.0.113.5")
	seen(p.hears("OPTIONS"), "203.0.113.99")
	all := contactsOf(signs("203.0.113.99"))
	if len(all) != 2 || !strings.Contains(all[0], "@203.0.113.99:33333;") || !strings.Contains(all[1], "@203.0.113.5:33333;") || !strings.HasSuffix(all[1], ";expires=0") {
		t.Errorf("after the change the contacts are %q", all)
	}
}
