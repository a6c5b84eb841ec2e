package sipleg

import (
	"net/netip"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/kaden-project/kaden/leg"
)

// onTheMove is a server that believes to be at 127.0.0.2, and a call of its own that rings at p.
func onTheMove(t *testing.T, change func(*leg.Target, *leg.Options)) (s *Server, l *Leg, p *peer, invite said) {
	t.Helper()
	s, p = start(t, func(c *Config) { quick(c); c.Listen = "0.0.0.0:0" }), newPeer(t)
	livesAt(s, "127.0.0.1", "127.0.0.2")
	l, invite = dialPeer(t, s, p, change)
	p.replies(invite, "180 Ringing", "a", "")
	next(t, l, leg.Ringing)
	return s, l, p, invite
}

// moves lets it believe that it is at another address.
func moves(s *Server, to string) {
	livesAt(s, "127.0.0.1", to)
	s.followAll("", []netip.Addr{netip.MustParseAddr(to)})
}

// While a telephone rings, our address changes. Its answer would go to the old one: the call is cancelled and rings again from
// the new one, in the same attempt, and nobody is told anything but that it rings.
func TestACallThatRingsFollowsToOurNewAddress(t *testing.T) {
	s, l, p, invite := onTheMove(t, nil)
	moves(s, "127.0.0.3")
	cancel := p.hears("CANCEL")
	if cancel.branch() != invite.branch() || cancel.get("Via") != invite.get("Via") {
		t.Errorf("it is not the INVITE's:\n%s", cancel.raw)
	}
	arrived := time.Now()
	p.replies(cancel, "200 OK", "a", "")
	again := p.hears("INVITE")
	if again.at.Before(arrived) {
		t.Error("it rings a second time before the first is over: a line may have one channel")
	}
	if again.get("Call-ID") != invite.get("Call-ID") || again.branch() == invite.branch() || !strings.HasPrefix(again.get("CSeq"), "2 ") ||
		!strings.Contains(again.get("Via"), "127.0.0.3:") || !strings.Contains(again.get("Contact"), "@127.0.0.3:") || !strings.Contains(again.body, "c=IN IP4 127.0.0.3\r\n") {
		t.Errorf("it rings again with\n%s", again.raw)
	}
	p.replies(invite, "487 Request Terminated", "a", "") // the end of the first says nothing about the call
	p.hears("ACK")
	p.replies(again, "180 Ringing", "b", "")
	p.replies(again, "200 OK", "b", sdpAt(40000))
	p.hears("ACK")
	next(t, l, leg.Answered)
	l.Hangup(t.Context(), leg.Completed)
	bye := p.hears("BYE")
	if !strings.Contains(bye.get("Via"), "127.0.0.3:") || bye.tag("To") != "b" {
		t.Errorf("it is ended with\n%s", bye.raw)
	}
	p.replies(bye, "200 OK", "", "")
	ended(t, l, leg.Completed)
}

func TestWhatElseComesOfACallThatRingsWhileOurAddressChanges(t *testing.T) {
	t.Run("the answer arrives all the same", func(t *testing.T) {
		s, l, p, invite := onTheMove(t, nil)
		moves(s, "127.0.0.3")
		p.replies(p.hears("CANCEL"), "200 OK", "a", "")
		p.hears("INVITE") // which crosses it
		p.replies(invite, "200 OK", "a", sdpAt(40000))
		p.hears("ACK")
		p.replies(p.hears("BYE"), "200 OK", "", "") // nobody is left in a call that nobody here has
		l.Hangup(t.Context(), leg.Canceled)
		next(t, l, leg.Ended)
	})
	t.Run("the answer comes before the CANCEL is heard of", func(t *testing.T) {
		s, l, p, invite := onTheMove(t, nil)
		moves(s, "127.0.0.3")
		cancel := p.hears("CANCEL")
		p.replies(invite, "200 OK", "a", sdpAt(40000))
		p.hears("ACK")
		next(t, l, leg.Answered)
		p.replies(cancel, "200 OK", "a", "")
		l.Hangup(t.Context(), leg.Completed)
		p.replies(p.hears("BYE"), "200 OK", "", "")
		ended(t, l, leg.Completed)
	})
	t.Run("the person is busy by then", func(t *testing.T) {
		s, l, p, invite := onTheMove(t, nil)
		moves(s, "127.0.0.3")
		p.hears("CANCEL")
		p.replies(invite, "486 Busy Here", "a", "")
		ended(t, l, leg.Busy)
	})
	t.Run("nobody takes the CANCEL", func(t *testing.T) {
		s, l, p, _ := onTheMove(t, nil)
		moves(s, "127.0.0.3")
		p.hears("CANCEL")
		if e := ended(t, l, leg.Fault); e.Retry || !strings.Contains(e.Reason, "address has changed") {
			t.Errorf("%+v", e)
		}
	})
	t.Run("it is given up meanwhile", func(t *testing.T) {
		s, l, p, _ := onTheMove(t, nil)
		moves(s, "127.0.0.3")
		cancel := p.hears("CANCEL")
		l.Hangup(t.Context(), leg.Canceled)
		p.replies(cancel, "200 OK", "a", "")
		ended(t, l, leg.Canceled)
		for len(p.got) > 0 {
			if m := <-p.got; m.method() == "INVITE" {
				t.Error("it rings again")
			}
		}
	})
	t.Run("the old address stays", func(t *testing.T) {
		s, l, p, invite := onTheMove(t, nil)
		livesAt(s, "127.0.0.1", "127.0.0.3")
		s.followAll("", []netip.Addr{netip.MustParseAddr("127.0.0.2"), netip.MustParseAddr("127.0.0.3")})
		p.hearsNothing(30 * time.Millisecond)
		p.replies(invite, "200 OK", "a", sdpAt(40000))
		p.hears("ACK")
		next(t, l, leg.Answered)
		l.Hangup(t.Context(), leg.Completed)
		for m := p.hears("INVITE", "BYE"); ; m = p.hears("BYE") { // it may have been told of the new address before
			p.replies(m, "200 OK", "", "")
			if m.method() == "BYE" {
				break
			}
		}
		ended(t, l, leg.Completed)
	})
}

// Somebody calls us, and our address changes before we answer: the answer says the new one.
func TestWhoCallsIsAnsweredFromOurNewAddress(t *testing.T) {
	for _, early := range []bool{false, true} {
		got := make(chan *Leg, 1)
		s, p := start(t, func(c *Config) { quick(c); c.Listen = "0.0.0.0:0"; c.Incoming = func(l *Leg) { got <- l } }), newPeer(t)
		at := netip.AddrPortFrom(netip.MustParseAddr("127.0.0.1"), s.Addr().Port())
		p.send(at, newRequest(p.addr(), "INVITE", "sip:kaden@"+at.String(), "<sip:peer@127.0.0.1>;tag=a", "<sip:kaden@127.0.0.1>", fresh(8), 1, "", sdpAt(40000)))
		l := <-got
		if err := l.Ring(t.Context(), early); err != nil {
			t.Fatal(err)
		}
		p.hears("SIP/2.0 18")
		moves(s, "127.0.0.3")
		until(t, "the call to follow", func() bool {
			l.mu.Lock()
			defer l.mu.Unlock()
			return strings.Contains(l.contact, "@127.0.0.3:")
		})
		l.Answer(t.Context())
		ok := p.hears("SIP/2.0 200")
		if !strings.Contains(ok.get("Contact"), "@127.0.0.3:") {
			t.Errorf("it is answered with\n%s", ok.raw)
		}
		p.send(at, newRequest(p.addr(), "ACK", "sip:kaden@127.0.0.3", ok.get("From"), ok.get("To"), ok.get("Call-ID"), 1, "", ""))
		next(t, l, leg.Answered)
		if early { // it has been told of another place for its sound before, and sticks to it
			again := p.hears("INVITE")
			if !strings.Contains(again.body, "c=IN IP4 127.0.0.3\r\n") {
				t.Errorf("it is told\n%s", again.raw)
			}
			p.replies(again, "200 OK", "", sdpAt(40000))
			p.hears("ACK")
		}
		l.Hangup(t.Context(), leg.Completed)
		p.replies(p.hears("BYE"), "200 OK", "", "")
		ended(t, l, leg.Completed)
	}
}

// Our address has changed, and the way to the far end is not open yet: it is told when it is.
func TestACallFollowsOnceTheWayIsOpen(t *testing.T) {
	s, p := start(t, func(c *Config) { quick(c); c.Listen = "0.0.0.0:0" }), newPeer(t)
	var down atomic.Bool
	send := s.layer.send
	s.layer.send = func(f flow, b []byte) error {
		if down.Load() {
			return syscall.ENETUNREACH
		}
		return send(f, b)
	}
	livesAt(s, "127.0.0.1", "127.0.0.2")
	l, invite := dialPeer(t, s, p, nil)
	p.replies(invite, "200 OK", "a", sdpAt(40000))
	p.hears("ACK")
	next(t, l, leg.Answered)
	down.Store(true)
	moves(s, "127.0.0.3")
	until(t, "it to be tried", func() bool {
		l.mu.Lock()
		defer l.mu.Unlock()
		return l.hold.alarm != nil
	})
	down.Store(false)
	again := p.hears("INVITE")
	if !strings.Contains(again.get("Contact"), "@127.0.0.3:") || !strings.Contains(again.body, "c=IN IP4 127.0.0.3\r\n") {
		t.Errorf("it is told\n%s", again.raw)
	}
	p.replies(again, "200 OK", "", sdpAt(40000))
	p.hears("ACK")
	l.Hangup(t.Context(), leg.Completed)
	p.replies(p.hears("BYE"), "200 OK", "", "")
	ended(t, l, leg.Completed)
}
