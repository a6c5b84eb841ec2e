package sipleg

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/kaden-project/kaden/leg"
)

// shortSessions takes session timers of a second.
func shortSessions(c *Config) {
	quickLines(c)
	c.timers.Session = time.Second
}

// timedLine is a line at p with a session timer.
func timedLine(p *peer, every time.Duration) Line {
	return Line{Name: "ntt", Server: p.addr().String(), Manner: Manner{Session: every}}
}

func dialLine(t *testing.T, s *Server, p *peer) (leg.Leg, said) {
	t.Helper()
	l, err := s.Dial(t.Context(), leg.Target{URI: p.uri(), From: "+815012345678", Line: "ntt"}, leg.Options{})
	if err != nil {
		t.Fatal(err)
	}
	return l, p.hears("INVITE")
}

func TestASessionIsRefreshedManyTimes(t *testing.T) {
	for _, c := range []struct{ name, allow, method string }{
		{"with UPDATE", "Allow: INVITE, ACK, BYE, UPDATE", "UPDATE"},
		{"with re-INVITE", "Allow: INVITE, ACK, BYE", "INVITE"},
	} {
		t.Run(c.name, func(t *testing.T) {
			s, p := start(t, shortSessions), newPeer(t)
			s.SetLines([]Line{timedLine(p, 2*time.Second)})
			l, invite := dialLine(t, s, p)
			if invite.get("Session-Expires") != "2" || !strings.Contains(invite.get("Supported"), "timer") {
				t.Errorf("no timer is asked for:\n%s", invite.raw)
			}
			p.replies(invite, "200 OK", "b", sdpAt(40000), "Session-Expires: 1;refresher=uac", "Require: timer", c.allow)
			p.hears("ACK")
			next(t, l, leg.Answered)
			last := time.Now()
			for i := range 5 {
				m := p.hears(c.method)
				if took := time.Since(last); took < 300*time.Millisecond || took > 950*time.Millisecond {
					t.Errorf("refresh %d came after %v, want half a second", i+1, took)
				}
				last = time.Now()
				if m.get("Session-Expires") != "1;refresher=uac" || m.tag("To") != "b" || m.get("CSeq") != fmt.Sprintf("%d %s", i+2, c.method) {
					t.Errorf("refresh %d is\n%s", i+1, m.raw)
				}
				body := ""
				if c.method == "INVITE" {
					if m.body != invite.body { // the same version: nothing has changed
						t.Errorf("the description has changed:\n%s\n%s", invite.body, m.body)
					}
					body = sdpAt(40000)
				}
				p.replies(m, "200 OK", "", body, "Session-Expires: 1;refresher=uac", "Require: timer", c.allow)
				if c.method == "INVITE" {
					if ack := p.hears("ACK"); !strings.HasPrefix(ack.get("CSeq"), fmt.Sprintf("%d ", i+2)) {
						t.Errorf("the ACK is of another INVITE:\n%s", ack.raw)
					}
				}
			}
			l.Hangup(t.Context(), leg.Completed)
			bye := p.hears("BYE")
			if bye.get("CSeq") != "7 BYE" {
				t.Errorf("BYE has the number %s", bye.get("CSeq"))
			}
			p.replies(bye, "200 OK", "", "")
			ended(t, l, leg.Completed)
		})
	}
}

func TestACarrierWantsALongerSession(t *testing.T) {
	s, p := start(t, shortSessions), newPeer(t)
	s.SetLines([]Line{timedLine(p, 2*time.Second)})
	l, invite := dialLine(t, s, p)
	p.replies(invite, "422 Session Interval Too Small", "b", "", "Min-SE: 120")
	p.hears("ACK")
	again := p.hears("INVITE")
	if again.get("Session-Expires") != "120" || again.get("Min-SE") != "120" || !strings.HasPrefix(again.get("CSeq"), "2 ") {
		t.Errorf("after 422 we ask for\n%s", again.raw)
	}
	p.replies(again, "486 Busy Here", "b", "")
	ended(t, l, leg.Busy)
}

func TestASessionWithoutASignOfLifeEnds(t *testing.T) {
	for _, c := range []struct {
		name, agreed string
		then         func(p *peer)
	}{
		{"of the far end", "1;refresher=uas", func(*peer) {}},
		{"that is answered 481", "1;refresher=uac", func(p *peer) { p.replies(p.hears("UPDATE"), "481 Call/Transaction Does Not Exist", "", "") }},
		{"that is not answered", "1;refresher=uac", func(p *peer) { p.hears("UPDATE") }},
	} {
		t.Run(c.name, func(t *testing.T) {
			s, p := start(t, shortSessions), newPeer(t)
			s.SetLines([]Line{timedLine(p, 0)})
			l, invite := dialLine(t, s, p)
			if invite.get("Session-Expires") != "1800" {
				t.Errorf("where nothing is said the timer is %s", invite.get("Session-Expires"))
			}
			p.replies(invite, "200 OK", "b", sdpAt(40000), "Session-Expires: "+c.agreed, "Allow: UPDATE, BYE")
			p.hears("ACK")
			next(t, l, leg.Answered)
			c.then(p)
			p.replies(p.hears("BYE"), "200 OK", "", "")
			ended(t, l, leg.MediaLost)
		})
	}
}

func TestALineWithoutSessionTimer(t *testing.T) {
	s, p := start(t, shortSessions), newPeer(t)
	l := timedLine(p, -1)
	l.NoPRACK = true
	s.SetLines([]Line{l})
	c, invite := dialLine(t, s, p)
	if invite.get("Session-Expires") != "" || invite.get("Supported") != "" {
		t.Errorf("extensions are offered that are switched off:\n%s", invite.raw)
	}
	p.replies(invite, "486 Busy Here", "b", "")
	ended(t, c, leg.Busy)
}

// rungBy takes one call of p's.
func rungBy(t *testing.T, p *peer, extra ...string) (s *Server, l *Leg, invite string) {
	t.Helper()
	got := make(chan *Leg, 1)
	s = start(t, func(c *Config) { shortSessions(c); c.Incoming = func(l *Leg) { got <- l } })
	invite = newRequest(p.addr(), "INVITE", "sip:kaden@"+s.Addr().String(), "<sip:peer@127.0.0.1>;tag=a", "<sip:kaden@127.0.0.1>", fresh(8), 1, "", sdpAt(40000), extra...)
	p.send(s.Addr(), invite)
	select {
	case l = <-got:
	case <-time.After(testPatience):
		t.Fatal("the call never came in")
	}
	return s, l, invite
}

// inDialog is a request of the caller after answer m.
func (p *peer) inDialog(m said, method string, n int, body string, extra ...string) {
	target := strings.Trim(strings.SplitN(m.get("Contact"), ">", 2)[0], "<")
	p.send(m.from, newRequest(p.addr(), method, target, m.get("From"), m.get("To"), m.get("Call-ID"), n, "", body, extra...))
}

func TestACallersSessionTimer(t *testing.T) {
	t.Run("too short", func(t *testing.T) {
		p := newPeer(t)
		s := start(t, func(c *Config) { quick(c); c.Incoming = func(*Leg) { t.Error("the call came in") } })
		p.send(s.Addr(), newRequest(p.addr(), "INVITE", "sip:kaden@"+s.Addr().String(), "<sip:peer@127.0.0.1>;tag=a", "<sip:kaden@127.0.0.1>", fresh(8), 1, "", sdpAt(40000),
			"Session-Expires: 60", "Supported: timer"))
		if m := p.hearsAgain("SIP/2.0 422"); m.get("Min-SE") != "90" {
			t.Errorf("Min-SE is %s", m.get("Min-SE"))
		}
	})
	t.Run("the caller refreshes", func(t *testing.T) {
		p := newPeer(t)
		_, l, _ := rungBy(t, p, "Session-Expires: 1", "Supported: timer")
		l.Answer(t.Context())
		ok := p.hearsAgain("SIP/2.0 200")
		if ok.get("Session-Expires") != "1;refresher=uac" || ok.get("Require") != "timer" {
			t.Errorf("the answer is\n%s", ok.raw)
		}
		p.inDialog(ok, "ACK", 1, "")
		next(t, l, leg.Answered)
		for n := 2; n < 6; n++ {
			time.Sleep(400 * time.Millisecond) // its half-time
			p.inDialog(ok, "UPDATE", n, "", "Session-Expires: 1;refresher=uac", "Supported: timer")
			if again := p.hearsAnswer("200", n); again.get("Session-Expires") != "1;refresher=uac" {
				t.Errorf("the answer to refresh %d is\n%s", n, again.raw)
			}
		}
		p.replies(p.hears("BYE"), "200 OK", "", "") // it has stopped
		ended(t, l, leg.MediaLost)
	})
	t.Run("we refresh", func(t *testing.T) {
		p := newPeer(t)
		_, l, _ := rungBy(t, p, "Session-Expires: 1;refresher=uas", "Supported: timer", "Allow: UPDATE")
		l.Answer(t.Context())
		ok := p.hearsAgain("SIP/2.0 200")
		p.inDialog(ok, "ACK", 1, "")
		next(t, l, leg.Answered)
		for range 3 {
			p.replies(p.hears("UPDATE"), "200 OK", "", "", "Session-Expires: 1;refresher=uac")
		}
		l.Hangup(t.Context(), leg.Completed)
		p.replies(p.hears("BYE"), "200 OK", "", "")
		ended(t, l, leg.Completed)
	})
}

func TestTwoSignsOfLifeAtOnce(t *testing.T) {
	s, p := start(t, shortSessions), newPeer(t)
	s.SetLines([]Line{timedLine(p, 0)})
	l, invite := dialLine(t, s, p)
	p.replies(invite, "200 OK", "b", sdpAt(40000), "Session-Expires: 8;refresher=uac")
	p.hears("ACK")
	next(t, l, leg.Answered)
	begun := time.Now()
	p.replies(p.hears("INVITE"), "491 Request Pending", "", "")
	p.hears("ACK")
	again := p.hears("INVITE")
	if took := time.Since(begun); took < 2100*time.Millisecond {
		t.Errorf("after 491 it is tried again in %v, want 2.1 s at least", took)
	}
	p.replies(again, "200 OK", "", sdpAt(40000), "Session-Expires: 8;refresher=uac")
	p.hears("ACK")
	l.Hangup(t.Context(), leg.Completed)
	p.replies(p.hears("BYE"), "200 OK", "", "")
	ended(t, l, leg.Completed)
}

func TestARefreshIsAskedForAPassword(t *testing.T) {
	s, p := start(t, shortSessions), newPeer(t)
	s.SetLines([]Line{timedLine(p, 0)})
	l, err := s.Dial(t.Context(), leg.Target{URI: p.uri(), Line: "ntt", Username: "kaden", Password: "himitsu"}, leg.Options{})
	if err != nil {
		t.Fatal(err)
	}
	p.replies(p.hears("INVITE"), "200 OK", "b", sdpAt(40000), "Session-Expires: 1;refresher=uac")
	p.hears("ACK")
	next(t, l, leg.Answered)
	for n := 2; n < 6; n += 2 {
		p.replies(p.hears("INVITE"), "407 Proxy Authentication Required", "", "", `Proxy-Authenticate: Digest realm="ntt", nonce="n", qop="auth"`)
		p.hears("ACK")
		m := p.hears("INVITE")
		if !credentialsOf(t, m, "Proxy-Authorization", "himitsu") || m.get("CSeq") != fmt.Sprintf("%d INVITE", n+1) {
			t.Errorf("the refresh with the password is\n%s", m.raw)
		}
		p.replies(m, "200 OK", "", sdpAt(40000), "Session-Expires: 1;refresher=uac")
		p.hears("ACK")
	}
	l.Hangup(t.Context(), leg.Completed)
	p.replies(p.hears("BYE"), "200 OK", "", "")
	ended(t, l, leg.Completed)
}

func TestACallerWantsItsRingingToArrive(t *testing.T) {
	p := newPeer(t)
	_, l, _ := rungBy(t, p, "Require: 100rel")
	l.Ring(t.Context(), false)
	l.Ring(t.Context(), true)
	l.Answer(t.Context())
	ringing := p.hearsAgain("SIP/2.0 180")
	if ringing.get("RSeq") != "1" || ringing.get("Require") != "100rel" {
		t.Errorf("the ringing is\n%s", ringing.raw)
	}
	p.hearsAgain("SIP/2.0 180") // again, because no PRACK has come
	p.inDialog(ringing, "PRACK", 2, "", "RAck: 7 1 INVITE")
	p.hearsAnswer("481", 2)
	p.inDialog(ringing, "PRACK", 3, "", "RAck: 1 1 INVITE")
	p.hearsAnswer("200", 3)
	early := p.hearsAgain("SIP/2.0 183")
	if early.get("RSeq") != "2" || early.body == "" {
		t.Errorf("the early sound is\n%s", early.raw)
	}
	p.inDialog(ringing, "PRACK", 4, "", "RAck: 2 1 INVITE")
	ok := p.hearsAnswer("200", 1)
	p.inDialog(ok, "ACK", 1, "")
	next(t, l, leg.Answered)
	p.inDialog(ok, "BYE", 5, "")
	ended(t, l, leg.HungUp)
}

func TestACallerThatNeverConfirmsTheRingingIsLetGo(t *testing.T) {
	p := newPeer(t)
	_, l, _ := rungBy(t, p, "Require: 100rel")
	l.Ring(t.Context(), false)
	m := p.hearsAgain("SIP/2.0 500")
	p.send(m.from, newRequest(p.addr(), "ACK", "sip:kaden@127.0.0.1", m.get("From"), m.get("To"), m.get("Call-ID"), 1, m.branch(), ""))
	ended(t, l, leg.Fault)
}
