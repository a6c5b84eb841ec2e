package sipleg

import (
	"fmt"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/kaden-project/kaden/leg"
)

// calledBy starts a server and lets a peer call it.
func calledBy(t *testing.T, change func(*Config), body string, extra ...string) (*Server, *Leg, *peer, said) {
	t.Helper()
	got := make(chan *Leg, 1)
	s := start(t, func(c *Config) {
		quick(c)
		c.Incoming = func(l *Leg) { got <- l }
		if change != nil {
			change(c)
		}
	})
	p := newPeer(t)
	raw := newRequest(p.addr(), "INVITE", "sip:kaden@"+s.Addr().String(), `"Sato" <sip:+819012345678@example.com>;tag=them`,
		"<sip:+815012345678@example.com>", fresh(8), 1, "", body, extra...)
	p.send(s.Addr(), raw)
	p.hears("SIP/2.0 100")
	select {
	case l := <-got:
		m := readSaid(raw)
		m.from = s.Addr()
		return s, l, p, m
	case <-time.After(testPatience):
		t.Fatal("the call never came in")
		panic("not reached")
	}
}

// acks acknowledges a 200 to our INVITE.
func (p *peer) acks(ok said, body string) {
	n := 0
	fmt.Sscan(ok.get("CSeq"), &n)
	p.in(ok, "ACK", n, body)
}

// in sends a request of the dialog that a 200 to our INVITE made.
func (p *peer) in(ok said, method string, n int, body string, extra ...string) {
	target := strings.Trim(strings.SplitN(ok.get("Contact"), ">", 2)[0], "<")
	p.send(ok.from, newRequest(p.addr(), method, target, ok.get("From"), ok.get("To"), ok.get("Call-ID"), n, "", body, extra...))
}

// answeredBy is a call that we have answered.
func answeredBy(t *testing.T, body string) (*Leg, *peer, said) {
	t.Helper()
	_, l, p, _ := calledBy(t, nil, body)
	if err := l.Answer(t.Context()); err != nil {
		t.Fatal(err)
	}
	ok := p.hears("SIP/2.0 200")
	p.acks(ok, "")
	next(t, l, leg.Answered)
	return l, p, ok
}

func TestCalled(t *testing.T) {
	_, l, p, m := calledBy(t, nil, sdpAt(40000), "X-Account: 7", "Record-Route: <sip:127.0.0.1:9;lr>")
	info := l.Info()
	if !info.Inbound || info.From != "sip:+819012345678@example.com" || !strings.HasPrefix(info.To, "sip:kaden@") ||
		info.CallID != m.get("Call-ID") || info.Source != p.addr().String() || info.Headers["X-Account"] != "7" {
		t.Errorf("info %+v", info)
	}
	if err := l.Ring(t.Context(), false); err != nil {
		t.Fatal(err)
	}
	ringing := p.hears("SIP/2.0 180")
	if ringing.tag("To") == "" || ringing.get("Contact") == "" || ringing.get("Record-Route") == "" || ringing.body != "" {
		t.Errorf("180 makes no early dialog:\n%s", ringing.raw)
	}
	if err := l.Ring(t.Context(), true); err != nil {
		t.Fatal(err)
	}
	if early := p.hears("SIP/2.0 183"); !strings.Contains(early.body, "m=audio") || early.tag("To") != ringing.tag("To") {
		t.Errorf("183 opens no sound:\n%s", early.raw)
	}
	if err := l.Answer(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := l.Answer(t.Context()); err == nil {
		t.Errorf("answered twice")
	}
	ok := p.hears("SIP/2.0 200")
	again := p.hears("SIP/2.0 200") // until it is acknowledged
	if ok.raw != again.raw || ok.tag("To") != ringing.tag("To") {
		t.Errorf("the repeated 200 differs:\n%s\n%s", ok.raw, again.raw)
	}
	p.acks(ok, "")
	next(t, l, leg.Answered)
	for len(p.got) > 0 {
		<-p.got
	}
	p.hearsNothing(120 * time.Millisecond)
	p.in(ok, "BYE", 2, "", `Reason: Q.850;cause=16;text="normal"`)
	p.hears("SIP/2.0 200")
	ended(t, l, leg.HungUp)
}

// A proxy on the way gives up a call of which it has heard nothing for three minutes.
func TestLongRingingIsSaidAgain(t *testing.T) {
	for name, extra := range map[string]string{"as it is": "X-None: 1", "reliably": "Require: 100rel"} {
		t.Run(name, func(t *testing.T) {
			_, l, p, _ := calledBy(t, func(c *Config) { c.timers.Remind = 300 * time.Millisecond }, sdpAt(40000), extra)
			if err := l.Ring(t.Context(), false); err != nil {
				t.Fatal(err)
			}
			known := map[string]bool{}
			for n := 2; n < 5; {
				ringing := p.hears("SIP/2.0 180")
				if rseq := ringing.get("RSeq"); rseq != "" {
					if known[rseq] {
						continue // it is repeated until the PRACK has come
					}
					known[rseq] = true
					p.in(ringing, "PRACK", n, "", "RAck: "+rseq+" 1 INVITE")
					p.hearsAnswer("200", n)
				}
				n++
			}
			if err := l.Answer(t.Context()); err != nil {
				t.Fatal(err)
			}
			ok := p.hearsAnswer("200", 1)
			p.acks(ok, "")
			next(t, l, leg.Answered)
			p.in(ok, "BYE", 9, "")
			ended(t, l, leg.HungUp)
		})
	}
}

func TestAnswerThatIsNeverAcknowledged(t *testing.T) {
	_, l, p, _ := calledBy(t, func(c *Config) { c.timers.T1, c.timers.T2 = 2*time.Millisecond, 8*time.Millisecond }, sdpAt(40000))
	l.Answer(t.Context())
	next(t, l, leg.Answered)
	p.replies(p.hears("BYE"), "200 OK", "", "")
	ended(t, l, leg.Failed)
}

func TestOfferInTheAnswer(t *testing.T) {
	_, l, p, _ := calledBy(t, nil, "")
	l.Answer(t.Context())
	ok := p.hears("SIP/2.0 200")
	if !strings.Contains(ok.body, "RTP/AVP 0 8 9 101") {
		t.Errorf("the 200 to an INVITE without SDP offers\n%s", ok.body)
	}
	next(t, l, leg.Answered)
	p.acks(ok, sdpAt(40000))
	until(t, "the sound", func() bool { l.mu.Lock(); defer l.mu.Unlock(); return l.running })
	p.in(ok, "BYE", 2, "")
	ended(t, l, leg.HungUp)
}

func until(t *testing.T, what string, done func() bool) {
	t.Helper()
	for deadline := time.Now().Add(testPatience); !done(); time.Sleep(2 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("waited for %s", what)
		}
	}
}

func TestCallsThatAreNotTaken(t *testing.T) {
	for name, c := range map[string]struct {
		body, extra string
		want        string
	}{
		"only G.729":            {strings.NewReplacer("RTP/AVP 0 101", "RTP/AVP 18", "a=rtpmap:0 PCMU/8000\r\n", "").Replace(sdpAt(40000)), "", "488"},
		"only video":            {strings.Replace(sdpAt(40000), "m=audio", "m=video", 1), "", "488"},
		"only SRTP":             {strings.Replace(sdpAt(40000), "RTP/AVP", "RTP/SAVP", 1), "", "488"},
		"IPv6 sound by IPv4":    {strings.ReplaceAll(sdpAt(40000), "IP4 127.0.0.1", "IP6 ::1"), "", "488"},
		"multicast":             {strings.Replace(sdpAt(40000), "c=IN IP4 127.0.0.1", "c=IN IP4 224.0.0.1", 1), "", "488"},
		"SDP that is none":      {"v=0\r\nm\r\n", "", "488"},
		"an unknown extension":  {sdpAt(40000), "Require: 100rel, resource-priority", "420"},
		"compressed":            {sdpAt(40000), "Content-Encoding: gzip", "415"},
		"another kind of body":  {"<x/>", "Content-Type: application/xml", "415"},
		"answer not acceptable": {sdpAt(40000), "Accept: text/plain", "406"},
	} {
		t.Run(name, func(t *testing.T) {
			s := start(t, func(c *Config) { quick(c); c.Incoming = func(*Leg) { t.Error("the call was taken") } })
			p := newPeer(t)
			var extra []string
			if c.extra != "" {
				extra = append(extra, c.extra)
			}
			p.send(s.Addr(), newRequest(p.addr(), "INVITE", "sip:k@127.0.0.1", "<sip:a@b>;tag=x", "<sip:c@d>", fresh(8), 1, "", c.body, extra...))
			if got := p.hears("SIP/2.0 4"); !strings.HasPrefix(got.first, "SIP/2.0 "+c.want) {
				t.Errorf("answered %q, want %s", got.first, c.want)
			}
		})
	}
}

func TestCallWithSDPBesideISUP(t *testing.T) {
	body := "--b\r\nContent-Type: application/isup\r\n\r\n\x01\x02\r\n--b\r\nContent-Type: application/sdp\r\n\r\n" + sdpAt(40000) + "\r\n--b--\r\n"
	_, l, p, _ := calledBy(t, nil, body, "Content-Type: multipart/mixed;boundary=b")
	l.Hangup(t.Context(), leg.Busy)
	p.hears("SIP/2.0 486")
	ended(t, l, leg.Busy)
}

func TestHoldAndResume(t *testing.T) {
	zero := strings.Replace(sdpAt(40000), "c=IN IP4 127.0.0.1", "c=IN IP4 0.0.0.0", 1)
	for name, c := range map[string]struct{ hold, answer string }{
		"sendonly":   {sdpAt(40000, "a=sendonly"), "a=recvonly"},
		"inactive":   {sdpAt(40000, "a=inactive"), "a=inactive"},
		"old style":  {zero, "a=recvonly"},
		"by session": {strings.Replace(sdpAt(40000), "t=0 0\r\n", "t=0 0\r\na=sendonly\r\n", 1), "a=recvonly"},
	} {
		t.Run(name, func(t *testing.T) {
			l, p, ok := answeredBy(t, sdpAt(40000))
			p.in(ok, "INVITE", 2, c.hold)
			held := p.hearsAnswer("200", 2)
			if !strings.Contains(held.body, c.answer) {
				t.Errorf("hold is answered with\n%s", held.body)
			}
			p.acks(held, "")
			if e := next(t, l, leg.Held); !e.On {
				t.Errorf("held is off")
			}
			p.in(ok, "INVITE", 3, sdpAt(40000))
			p.hearsAnswer("200", 3)
			resumed := p.hearsAnswer("200", 3) // it is repeated until it is acknowledged
			p.acks(resumed, "")
			if e := next(t, l, leg.Held); e.On || !strings.Contains(resumed.body, "a=sendrecv") {
				t.Errorf("resume: %+v\n%s", e, resumed.body)
			}
			l.Hangup(t.Context(), leg.Completed)
			p.replies(p.hears("BYE"), "200 OK", "", "")
			ended(t, l, leg.Completed)
		})
	}
}

func TestReinvites(t *testing.T) {
	l, p, ok := answeredBy(t, sdpAt(40000))
	alaw := strings.NewReplacer("RTP/AVP 0 101", "RTP/AVP 8 96", "rtpmap:0 PCMU", "rtpmap:8 PCMA", "rtpmap:101", "rtpmap:96").Replace(sdpAt(40002))
	p.in(ok, "INVITE", 2, alaw)
	changed := p.hearsAnswer("200", 2)
	if !strings.Contains(changed.body, "RTP/AVP 8 96\r\n") || !strings.Contains(changed.body, " 2 IN IP4") {
		t.Errorf("another codec is answered with\n%s", changed.body)
	}
	p.in(ok, "INVITE", 3, sdpAt(40000)) // while the other is not acknowledged
	p.hears("SIP/2.0 491")
	p.acks(changed, "")
	p.in(ok, "INVITE", 4, "")
	offer := p.hearsAnswer("200", 4)
	if !strings.Contains(offer.body, "m=audio") {
		t.Errorf("a re-INVITE without SDP is answered without an offer")
	}
	p.acks(offer, sdpAt(40004))
	until(t, "the new place", func() bool {
		l.mu.Lock()
		defer l.mu.Unlock()
		return l.theirs.addr.Port() == 40004
	})
	p.in(ok, "INVITE", 5, strings.NewReplacer("RTP/AVP 0 101", "RTP/AVP 18", "a=rtpmap:0 PCMU/8000\r\n", "").Replace(sdpAt(40000)))
	p.hears("SIP/2.0 488") // and the call goes on
	p.in(ok, "UPDATE", 6, "")
	p.hearsAnswer("200", 6)
	p.in(ok, "OPTIONS", 7, "")
	p.hearsAnswer("200", 7)
	p.in(ok, "OPTIONS", 7, "") // a new transaction with an old number
	p.hearsAnswer("500", 7)
	p.in(ok, "REFER", 8, "")
	p.hearsAnswer("400", 8)
	p.in(ok, "BYE", 9, "")
	p.hearsAnswer("200", 9)
	ended(t, l, leg.HungUp)
	p.in(ok, "INFO", 10, "")
	p.hears("SIP/2.0 481")
}

func TestTargetRefresh(t *testing.T) {
	l, p, ok := answeredBy(t, sdpAt(40000))
	moved := newPeer(t)
	target := strings.Trim(strings.SplitN(ok.get("Contact"), ">", 2)[0], "<")
	raw := newRequest(p.addr(), "INVITE", target, ok.get("From"), ok.get("To"), ok.get("Call-ID"), 2, "", sdpAt(40000))
	raw = strings.Replace(raw, "Contact: <sip:peer@"+p.addr().String(), "Contact: <sip:peer@"+moved.addr().String(), 1)
	p.send(ok.from, raw)
	p.acks(p.hearsAnswer("200", 2), "")
	l.Hangup(t.Context(), leg.Completed)
	bye := moved.hears("BYE")
	moved.replies(bye, "200 OK", "", "")
	ended(t, l, leg.Completed)
}

func TestKeysByINFO(t *testing.T) {
	l, p, ok := answeredBy(t, sdpAt(40000))
	n := 1
	press := func(kind, body string) said {
		n++
		p.in(ok, "INFO", n, body, "Content-Type: "+kind)
		return p.hearsAnswer("", n)
	}
	for _, c := range []struct{ kind, body, want string }{
		{"application/dtmf-relay", "Signal=5\r\nDuration=160\r\n", "5"},
		{"application/dtmf-relay", "Signal= *\r\n", "*"},
		{"application/dtmf-relay", "Signal=11\r\n", "#"},
		{"application/dtmf", "d", "D"},
	} {
		if got := press(c.kind, c.body); got.status() != 200 {
			t.Errorf("%q: %s", c.body, got.first)
		}
		if e := next(t, l, leg.Digit); e.Digit != c.want {
			t.Errorf("%q is key %q, want %q", c.body, e.Digit, c.want)
		}
	}
	if got := press("application/dtmf-relay", "Signal=55\r\n"); got.status() != 415 {
		t.Errorf("no key: %s", got.first)
	}
	l.rtpDigit('5') // the same far end sends the key by RTP as well
	p.in(ok, "BYE", n+1, "")
	ended(t, l, leg.HungUp)
}

func TestStrangersGetSilence(t *testing.T) {
	asked := make(chan Request, 8)
	s := start(t, func(c *Config) {
		quick(c)
		c.AllowFrom = nil
		c.Incoming = func(*Leg) { t.Error("a stranger's call was taken") }
		c.Known = func(_ netip.AddrPort, r Request) bool { asked <- r; return r.UserAgent == "friend" }
	})
	p := newPeer(t)
	request := func(method string, extra ...string) {
		p.send(s.Addr(), newRequest(p.addr(), method, "sip:100@1.1.1.1", "<sip:a@b>;tag=x", "<sip:c@d>", fresh(8), 1, "", "", extra...))
	}
	for _, method := range []string{"OPTIONS", "REGISTER", "INVITE", "BYE", "NONSENSE"} {
		request(method, "User-Agent: friendly-scanner")
		p.hearsNothing(15 * time.Millisecond)
		if r := <-asked; r.Method != method || r.UserAgent != "friendly-scanner" || r.From != "sip:a@b" {
			t.Errorf("asked about %+v", r)
		}
	}
	request("OPTIONS", "User-Agent: friend")
	p.hears("SIP/2.0 200")
}

func TestScannersAreNotEvenRead(t *testing.T) {
	asked := make(chan struct{}, 1000)
	s := start(t, func(c *Config) {
		c.AllowFrom = nil
		c.Known = func(_ netip.AddrPort, r Request) bool {
			if r != (Request{}) { // else of the address alone
				asked <- struct{}{}
			}
			return false
		}
	})
	p := newPeer(t)
	for range 300 {
		p.send(s.Addr(), newRequest(p.addr(), "OPTIONS", "sip:100@1.1.1.1", "<sip:a@b>;tag=x", "<sip:c@d>", fresh(8), 1, "", ""))
	}
	time.Sleep(30 * time.Millisecond)
	if n := len(asked); n < strangerBurst/2 || n > strangerBurst+5 {
		t.Errorf("%d of 300 messages of a scanner were read", n)
	}
}

func TestRequestsOutsideOfCalls(t *testing.T) {
	s, l, p, m := calledBy(t, nil, sdpAt(40000))
	merged := strings.Replace(m.raw, m.branch(), freshBranch(), 1) // the same INVITE by another way
	p.send(s.Addr(), merged)
	p.hears("SIP/2.0 482")
	p.send(s.Addr(), m.raw)
	p.hears("SIP/2.0 100") // repeated: as before
	cancel := newRequest(p.addr(), "CANCEL", "sip:x@127.0.0.1", m.get("From"), m.get("To"), m.get("Call-ID"), 1, freshBranch(), "")
	p.send(s.Addr(), cancel)
	p.hears("SIP/2.0 481") // of no INVITE
	p.send(s.Addr(), strings.Replace(cancel, readSaid(cancel).branch(), m.branch(), 1))
	for range 2 {
		p.hears("SIP/2.0 200", "SIP/2.0 487")
	}
	ended(t, l, leg.CallerLeft)
}

func TestPortInUse(t *testing.T) {
	s := start(t, nil)
	_, err := Listen(quietLog(t), Config{Listen: s.Addr().String(), Clock: s.cfg.Clock})
	if err == nil || !strings.Contains(err.Error(), "in use") || !strings.Contains(err.Error(), "--sip") || strings.Contains(err.Error(), "\n") {
		t.Errorf("%v", err)
	}
}

func TestShutDownHangsUp(t *testing.T) {
	l, p, _ := answeredBy(t, sdpAt(40000))
	done := make(chan struct{})
	go func() { l.srv.Close(); close(done) }()
	bye := p.hears("BYE")
	p.replies(bye, "200 OK", "", "")
	ended(t, l, leg.Completed)
	<-done
	if n := l.srv.Open(); n != 0 {
		t.Errorf("%d things are left open", n)
	}
	if _, err := l.srv.Dial(t.Context(), leg.Target{URI: p.uri()}, leg.Options{}); err == nil {
		t.Errorf("dialled after the end")
	}
}
