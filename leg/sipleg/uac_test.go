package sipleg

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/icholy/digest"

	"github.com/kaden-project/kaden/leg"
)

// quick makes what has to be waited for short.
func quick(c *Config) {
	c.timers = timers{
		T1: 20 * time.Millisecond, T2: 80 * time.Millisecond, T4: 50 * time.Millisecond, Keep: 60 * time.Millisecond,
		Silence: 300 * time.Millisecond, Cancel: 300 * time.Millisecond, Bye: 300 * time.Millisecond, End: 600 * time.Millisecond, Refer: 500 * time.Millisecond,
	}
}

func dialPeer(t *testing.T, s *Server, p *peer, change func(*leg.Target, *leg.Options)) (*Leg, said) {
	t.Helper()
	to, o := leg.Target{URI: p.uri(), From: "+815012345678"}, leg.Options{}
	if change != nil {
		change(&to, &o)
	}
	l, err := s.Dial(t.Context(), to, o)
	if err != nil {
		t.Fatal(err)
	}
	return l.(*Leg), p.hears("INVITE")
}

// next is the next event, which has to be of that kind; a 100 before it is passed over.
func next(t *testing.T, l leg.Leg, kind leg.EventKind) leg.Event {
	t.Helper()
	select {
	case e, ok := <-l.Events():
		if ok && e.Kind == leg.Trying && kind != leg.Trying {
			return next(t, l, kind)
		}
		if !ok || e.Kind != kind {
			t.Fatalf("got event %+v (open %v), want kind %d\n%s", e, ok, kind, Ladder(l.(leg.Tracer).Trace()))
		}
		return e
	case <-time.After(testPatience):
		t.Fatalf("waited for event %d\n%s", kind, Ladder(l.(leg.Tracer).Trace()))
		panic("not reached")
	}
}

func ended(t *testing.T, l leg.Leg, c leg.Cause) leg.Event {
	t.Helper()
	e := next(t, l, leg.Ended)
	if e.Cause != c {
		t.Errorf("ended with %q (%d %s), want %q", e.Cause, e.Status, e.Reason, c)
	}
	return e
}

// credentialsOf checks the answer to a challenge as a proxy would.
func credentialsOf(t *testing.T, m said, header, password string) bool {
	t.Helper()
	c, err := digest.ParseCredentials(m.get(header))
	if err != nil {
		t.Fatalf("%s %q: %v", header, m.get(header), err)
	}
	want, err := digest.Digest(&digest.Challenge{Realm: c.Realm, Nonce: c.Nonce, QOP: []string{"auth"}}, digest.Options{
		Method: m.method(), URI: strings.Fields(m.first)[1], Username: c.Username, Password: password, Cnonce: c.Cnonce, Count: c.Nc,
	})
	if err != nil {
		t.Fatal(err)
	}
	return want.Response == c.Response
}

func TestTrunkAsksForAPassword(t *testing.T) {
	s, p := start(t, quick), newPeer(t)
	l, first := dialPeer(t, s, p, func(to *leg.Target, _ *leg.Options) { to.Username, to.Password = "kaden", "himitsu" })
	p.replies(first, "407 Proxy Authentication Required", "a", "", `Proxy-Authenticate: Digest realm="ntt", nonce="n1", qop="auth"`)
	p.hears("ACK")
	second := p.hears("INVITE")
	if !credentialsOf(t, second, "Proxy-Authorization", "himitsu") {
		t.Errorf("the password is wrong: %s", second.get("Proxy-Authorization"))
	}
	if first.get("Call-ID") != second.get("Call-ID") || first.tag("From") != second.tag("From") || !strings.HasPrefix(second.get("CSeq"), "2 ") || first.branch() == second.branch() {
		t.Errorf("the second INVITE is no continuation of the first:\n%s\n%s", first.raw, second.raw)
	}
	// RFC 3261 section 22.4: a stale nonce is no refusal.
	p.replies(second, "407 Proxy Authentication Required", "a", "", `Proxy-Authenticate: Digest realm="ntt", nonce="n2", stale=true, qop="auth"`)
	p.hears("ACK")
	third := p.hears("INVITE")
	if !strings.Contains(third.get("Proxy-Authorization"), `nonce="n2"`) {
		t.Errorf("the stale nonce is used again: %s", third.get("Proxy-Authorization"))
	}
	p.replies(third, "200 OK", "b", sdpAt(40000))
	p.hears("ACK")
	next(t, l, leg.Answered)
	for _, m := range l.Trace() {
		if strings.Contains(m.Text, "Authorization: ") && !strings.Contains(m.Text, `response="(removed)"`) {
			t.Errorf("the trace keeps what a password could be guessed from:\n%s", m.Text)
		}
	}
	l.Hangup(t.Context(), leg.Completed)
	bye := p.hears("BYE")
	p.replies(bye, "407 Proxy Authentication Required", "", "", `Proxy-Authenticate: Digest realm="ntt", nonce="n3", qop="auth"`)
	if again := p.hears("BYE"); !credentialsOf(t, again, "Proxy-Authorization", "himitsu") {
		t.Errorf("the BYE's password is wrong")
	} else {
		p.replies(again, "200 OK", "", "")
	}
	ended(t, l, leg.Completed)
}

func TestWrongPasswordIsSaidAndNotTriedAgain(t *testing.T) {
	for name, c := range map[string]struct{ user, words string }{
		"wrong password": {"kaden", "wrong user or password"},
		"no password":    {"", "none is set"},
	} {
		t.Run(name, func(t *testing.T) {
			s, p := start(t, quick), newPeer(t)
			l, m := dialPeer(t, s, p, func(to *leg.Target, _ *leg.Options) { to.Username = c.user })
			ask := `WWW-Authenticate: Digest realm="ntt", nonce="n", algorithm=MD5`
			p.replies(m, "401 Unauthorized", "a", "", ask)
			if c.user != "" {
				p.replies(p.hears("INVITE"), "401 Unauthorized", "a", "", ask)
			}
			p.hears("ACK")
			e := ended(t, l, leg.Fault)
			if !strings.Contains(e.Reason, c.words) || e.Status != 401 || !e.Retry {
				t.Errorf("event %+v does not say %q", e, c.words)
			}
			time.Sleep(30 * time.Millisecond)
			for len(p.got) > 0 {
				if m := <-p.got; m.method() == "INVITE" {
					t.Errorf("a third INVITE was sent")
				}
			}
		})
	}
}

func TestWrongPasswordIsSaidByA403(t *testing.T) {
	s, p := start(t, quick), newPeer(t)
	l, m := dialPeer(t, s, p, func(to *leg.Target, _ *leg.Options) { to.Username = "kaden" })
	p.replies(m, "407 Proxy Authentication Required", "a", "", `Proxy-Authenticate: Digest realm="ntt", nonce="n", algorithm=MD5`)
	p.replies(p.hears("INVITE"), "403 Forbidden", "a", "")
	e := ended(t, l, leg.Fault)
	if !strings.Contains(e.Reason, "wrong user or password") || e.Status != 403 || !e.Retry {
		t.Errorf("event %+v does not blame the password", e)
	}
}

func TestRefusalsBecomeCauses(t *testing.T) {
	s := start(t, quick)
	for _, c := range []struct {
		status string
		rang   bool
		extra  string
		want   leg.Cause
		retry  bool
	}{
		{"486 Busy Here", false, "", leg.Busy, false},
		{"600 Busy Everywhere", true, "", leg.Busy, false},
		{"603 Decline", true, "", leg.Rejected, false},
		{"607 Unwanted", true, "", leg.Rejected, false},
		{"480 Temporarily Unavailable", false, "", leg.Unreachable, false},
		{"480 Temporarily Unavailable", true, "", leg.NoAnswer, false},
		{"480 Temporarily Unavailable", true, "Reason: Q.850;cause=21;text=\"call rejected\"", leg.Rejected, false},
		{"480 Temporarily Unavailable", true, "Reason: SIP;cause=480, Q.850;cause=20", leg.Unreachable, false},
		{"408 Request Timeout", true, "", leg.NoAnswer, false},
		{"487 Request Terminated", true, "", leg.NoAnswer, false},
		{"404 Not Found", false, "", leg.Invalid, false},
		{"484 Address Incomplete", false, "", leg.Invalid, false},
		{"604 Does Not Exist Anywhere", false, "", leg.Invalid, false},
		{"503 Service Unavailable", false, "", leg.Congested, true},
		{"503 Service Unavailable", true, "", leg.Congested, false},
		{"500 Server Internal Error", false, "Reason: Q.850;cause=34", leg.Congested, true},
		{"500 Server Internal Error", false, "Reason: Q.850;cause=17", leg.Busy, false},
		// A gateway that has no circuit says so in the cause, whatever SIP status it found for that.
		{"503 Service Unavailable", false, "Reason: Q.850;cause=34;text=\"no circuit\"", leg.Congested, true},
		{"480 Temporarily Unavailable", false, "Reason: Q.850;cause=38", leg.Congested, true},
		{"486 Busy Here", false, "Reason: Q.850;cause=41", leg.Congested, true},
		{"486 Busy Here", false, "Reason: SIP;cause=486, Q.850;cause=42", leg.Congested, true},
		{"480 Temporarily Unavailable", true, "Reason: Q.850;cause=42", leg.Congested, false},
		{"403 Forbidden", false, "", leg.Failed, true}, // nobody asked us for a password
		{"488 Not Acceptable Here", false, "", leg.Failed, true},
		{"422 Session Interval Too Small", false, "Min-SE: 90", leg.Failed, true},
		{"491 Request Pending", false, "", leg.Failed, true},
		{"302 Moved Temporarily", false, "", leg.Failed, true},
	} {
		t.Run(fmt.Sprintf("%s rang=%v %s", c.status, c.rang, c.extra), func(t *testing.T) {
			p := newPeer(t)
			l, m := dialPeer(t, s, p, nil)
			p.replies(m, "100 Trying", "", "")
			if c.rang {
				p.replies(m, "180 Ringing", "a", "")
				next(t, l, leg.Ringing)
			}
			var extra []string
			if c.extra != "" {
				extra = append(extra, c.extra)
			}
			p.replies(m, c.status, "a", "", extra...)
			if ack := p.hears("ACK"); ack.branch() != m.branch() || ack.tag("To") != "a" {
				t.Errorf("the ACK is not the transaction's:\n%s", ack.raw)
			}
			e := ended(t, l, c.want)
			if e.Retry != c.retry || e.Status == 0 || e.Reason == "" {
				t.Errorf("event %+v, want Retry %v, the status and words", e, c.retry)
			}
		})
	}
}

func TestManyProvisionalAnswers(t *testing.T) {
	s, p := start(t, quick), newPeer(t)
	l, m := dialPeer(t, s, p, nil)
	for range 100 {
		p.replies(m, "180 Ringing", "a", "")
	}
	p.replies(m, "200 OK", "a", sdpAt(40000))
	p.hears("ACK")
	next(t, l, leg.Ringing)
	next(t, l, leg.Answered) // a hundred times 180 is ringing once
	p.asks(m, "BYE", 1, "a", "")
	p.hears("SIP/2.0 200")
	ended(t, l, leg.HungUp)
}

func TestReliableProvisionalAnswerIsAcknowledged(t *testing.T) {
	s, p := start(t, quick), newPeer(t)
	l, m := dialPeer(t, s, p, nil)
	if !strings.Contains(m.get("Supported"), "100rel") {
		t.Errorf("100rel is not offered")
	}
	reliable := func(n int) {
		p.replies(m, "183 Session Progress", "a", sdpAt(40000), "Require: 100rel", fmt.Sprintf("RSeq: %d", n))
	}
	reliable(7)
	first := p.hears("PRACK")
	if first.get("RAck") != "7 1 INVITE" || first.get("CSeq") != "2 PRACK" || first.tag("To") != "a" {
		t.Errorf("PRACK is wrong:\n%s", first.raw)
	}
	p.replies(first, "200 OK", "", "")
	reliable(7) // repeated: the PRACK's own transaction takes care of losses
	reliable(9) // out of order
	reliable(8)
	second := p.hears("PRACK")
	if second.get("RAck") != "8 1 INVITE" || second.get("CSeq") != "3 PRACK" {
		t.Errorf("PRACK is wrong:\n%s", second.raw)
	}
	p.replies(second, "200 OK", "", "")
	next(t, l, leg.Ringing)
	next(t, l, leg.EarlyMedia)
	p.replies(m, "200 OK", "a", "") // the answer was in the 183
	p.hears("ACK")
	next(t, l, leg.Answered)
	l.Hangup(t.Context(), leg.Completed)
	bye := p.hears("BYE")
	if bye.get("CSeq") != "4 BYE" {
		t.Errorf("BYE has CSeq %q after two PRACKs", bye.get("CSeq"))
	}
	p.replies(bye, "200 OK", "", "")
	ended(t, l, leg.Completed)
}

func TestForkAnswersTwice(t *testing.T) {
	s, p := start(t, quick), newPeer(t)
	l, m := dialPeer(t, s, p, nil)
	p.replies(m, "200 OK", "one", sdpAt(40000))
	if ack := p.hears("ACK"); ack.tag("To") != "one" {
		t.Errorf("ACK to %q", ack.tag("To"))
	}
	p.replies(m, "200 OK", "two", sdpAt(40002))
	if ack := p.hears("ACK"); ack.tag("To") != "two" {
		t.Errorf("ACK to %q", ack.tag("To"))
	}
	bye := p.hears("BYE")
	if bye.tag("To") != "two" {
		t.Errorf("BYE to %q, want the second", bye.tag("To"))
	}
	p.replies(bye, "200 OK", "", "")
	p.replies(m, "200 OK", "one", sdpAt(40000)) // repeated: its ACK was lost
	if ack := p.hearsAgain("ACK"); ack.tag("To") != "one" {
		t.Errorf("the repeated 200 got the ACK of %q", ack.tag("To"))
	}
	next(t, l, leg.Answered)
	p.asks(m, "BYE", 1, "one", "")
	ended(t, l, leg.HungUp)
	p.hears("SIP/2.0 200")
	p.replies(m, "200 OK", "three", sdpAt(40004)) // and one that nobody remembers but the transaction
	p.hears("ACK")
	if bye := p.hears("BYE"); bye.tag("To") != "three" {
		t.Errorf("BYE to %q, want the third", bye.tag("To"))
	}
}

func TestCancelWaitsForTheFarEndToSpeak(t *testing.T) {
	s, p := start(t, quick), newPeer(t)
	l, m := dialPeer(t, s, p, nil)
	l.Hangup(t.Context(), leg.Canceled)
	time.Sleep(60 * time.Millisecond)
	for len(p.got) > 0 {
		if got := <-p.got; got.method() == "CANCEL" {
			t.Fatalf("CANCEL before a provisional answer (RFC 3261 section 9.1)")
		}
	}
	p.replies(m, "100 Trying", "", "")
	c := p.hears("CANCEL")
	if c.branch() != m.branch() || c.get("CSeq") != "1 CANCEL" || c.tag("From") != m.tag("From") || c.get("To") != m.get("To") {
		t.Errorf("CANCEL does not match its INVITE:\n%s", c.raw)
	}
	p.replies(c, "200 OK", "a", "")
	p.replies(m, "487 Request Terminated", "a", "")
	p.hears("ACK")
	ended(t, l, leg.Canceled)
}

func TestCancelOfASilentTrunkFollowsItsLateRinging(t *testing.T) {
	s, p := start(t, quick), newPeer(t)
	l, m := dialPeer(t, s, p, nil)
	l.Hangup(t.Context(), leg.Canceled)
	if e := ended(t, l, leg.Canceled); !e.Retry || !strings.Contains(e.Reason, "does not answer SIP") {
		t.Errorf("event %+v does not say that nothing was heard", e)
	}
	p.replies(m, "180 Ringing", "a", "") // callout-rules.md 27
	c := p.hears("CANCEL")
	p.replies(c, "200 OK", "a", "")
	p.replies(m, "487 Request Terminated", "a", "")
	p.hears("ACK")
}

func TestAnswerCrossesCancel(t *testing.T) {
	s, p := start(t, quick), newPeer(t)
	l, m := dialPeer(t, s, p, nil)
	p.replies(m, "180 Ringing", "a", "")
	next(t, l, leg.Ringing)
	l.Hangup(t.Context(), leg.Canceled)
	c := p.hears("CANCEL")
	p.replies(m, "200 OK", "a", sdpAt(40000)) // it was sent before the CANCEL came
	p.replies(c, "200 OK", "a", "")
	p.hears("ACK")
	p.replies(p.hears("BYE"), "200 OK", "", "")
	ended(t, l, leg.Canceled)
}

func TestRouteSetIsFollowed(t *testing.T) {
	s, proxy, callee := start(t, quick), newPeer(t), newPeer(t)
	l, m := dialPeer(t, s, proxy, nil)
	near := fmt.Sprintf("<sip:%s;lr>", proxy.addr())
	answer := answerTo(m, "200 OK", "a", sdpAt(40000), callee.addr(), "Record-Route: <sip:192.0.2.9;lr>", "Record-Route: "+near)
	proxy.send(m.from, answer)
	next(t, l, leg.Answered)
	for _, want := range []string{"ACK", "BYE"} {
		if want == "BYE" {
			l.Hangup(t.Context(), leg.Completed)
		}
		got := proxy.hears(want)
		var routes []string
		for _, h := range got.headers {
			if h[0] == "Route" {
				routes = append(routes, h[1])
			}
		}
		if len(routes) != 2 || routes[0] != near || routes[1] != "<sip:192.0.2.9;lr>" {
			t.Errorf("%s has routes %q", want, routes)
		}
		if uri := strings.Fields(got.first)[1]; uri != "sip:peer@"+callee.addr().String() {
			t.Errorf("%s is for %s, want the contact", want, uri)
		}
		if want == "BYE" {
			proxy.replies(got, "200 OK", "", "")
		}
	}
	ended(t, l, leg.Completed)
}

func TestNobodyAnswersSIP(t *testing.T) {
	s, p := start(t, func(c *Config) { quick(c); c.timers.T1 = 3 * time.Millisecond }), newPeer(t)
	l, _ := dialPeer(t, s, p, nil)
	e := ended(t, l, leg.Fault)
	if e.Status != 408 || !e.Retry || !strings.Contains(e.Reason, p.addr().String()) {
		t.Errorf("event %+v does not say who is silent", e)
	}
	if n := len(p.got); n < 4 {
		t.Errorf("the INVITE was repeated %d times only", n)
	}
}

func TestAnswerWithoutACodecOfOurs(t *testing.T) {
	for name, sdp := range map[string]string{
		"other codec": strings.NewReplacer("RTP/AVP 0 101", "RTP/AVP 18", "a=rtpmap:0 PCMU/8000\r\n", "").Replace(sdpAt(40000)),
		"refused":     sdpAt(0),
		"nothing":     "",
		"garbage":     "v=0\r\nwhat\r\n",
	} {
		t.Run(name, func(t *testing.T) {
			s, p := start(t, quick), newPeer(t)
			l, m := dialPeer(t, s, p, nil)
			p.replies(m, "200 OK", "a", sdp)
			p.hears("ACK")
			p.replies(p.hears("BYE"), "200 OK", "", "")
			ended(t, l, leg.Failed)
		})
	}
}

func TestFarEndHangsUpAtOnce(t *testing.T) {
	s, p := start(t, quick), newPeer(t)
	l, m := dialPeer(t, s, p, nil)
	p.replies(m, "200 OK", "a", sdpAt(40000))
	p.asks(m, "BYE", 1, "a", "") // before our ACK can have arrived
	next(t, l, leg.Answered)
	ended(t, l, leg.HungUp)
	p.hears("SIP/2.0 200")
}

func TestNothingIsHeardForTooLong(t *testing.T) {
	s, p := start(t, func(c *Config) { quick(c); c.MediaLost = 200 * time.Millisecond }), newPeer(t)
	l, m := dialPeer(t, s, p, nil)
	p.replies(m, "200 OK", "a", sdpAt(40000))
	p.hears("ACK")
	next(t, l, leg.Answered)
	bye := p.hears("BYE")
	if !strings.Contains(bye.get("Reason"), "nothing was heard") {
		t.Errorf("BYE has Reason %q", bye.get("Reason"))
	}
	p.replies(bye, "200 OK", "", "")
	ended(t, l, leg.MediaLost)
}

func TestTheAnswerIsKeptBeforeItIsAcknowledged(t *testing.T) {
	s, p := start(t, func(c *Config) { quick(c); c.timers.Keep = 5 * time.Second }), newPeer(t)
	kept := make(chan leg.Remains)
	go1 := make(chan struct{})
	l, m := dialPeer(t, s, p, func(_ *leg.Target, o *leg.Options) {
		o.ID = "attempt-1"
		o.Keep = func(_ context.Context, r leg.Remains) error { kept <- r; <-go1; return nil }
	})
	p.replies(m, "180 Ringing", "a", "")
	next(t, l, leg.Ringing) // not held up by Keep
	if r := <-kept; !strings.Contains(string(r), ";tag=a") {
		t.Errorf("remains of the ringing: %s", r)
	}
	p.replies(m, "200 OK", "a", sdpAt(40000))
	next(t, l, leg.Answered)
	go1 <- struct{}{}
	if r := <-kept; !strings.Contains(string(r), `"answered":true`) {
		t.Errorf("remains of the answer: %s", r)
	}
	p.replies(m, "200 OK", "a", sdpAt(40000))
	p.hearsNothing(30 * time.Millisecond) // no commit, no ACK
	close(go1)
	p.hears("ACK")
	l.Hangup(t.Context(), leg.Completed)
	p.replies(p.hears("BYE"), "200 OK", "", "")
	ended(t, l, leg.Completed)
}

func TestASlowKeepHoldsUpNobodyForEver(t *testing.T) {
	s, p := start(t, quick), newPeer(t)
	l, m := dialPeer(t, s, p, func(_ *leg.Target, o *leg.Options) {
		o.Keep = func(ctx context.Context, _ leg.Remains) error { <-ctx.Done(); return ctx.Err() }
	})
	begun := time.Now()
	p.replies(m, "200 OK", "a", sdpAt(40000))
	p.hears("ACK")
	if d := time.Since(begun); d < 50*time.Millisecond {
		t.Errorf("the ACK did not wait for Keep: %v", d)
	}
	next(t, l, leg.Answered)
	p.asks(m, "BYE", 1, "a", "")
	ended(t, l, leg.HungUp)
}

func TestTargetsThatCannotBeCalled(t *testing.T) {
	s := start(t, quick)
	for name, to := range map[string]leg.Target{
		"no scheme":       {URI: "sato"},
		"other scheme":    {URI: "mailto:sato@example.com"},
		"a second header": {URI: "sip:a@127.0.0.1\r\nX-Evil: 1"},
		"in a header":     {URI: "sip:a@127.0.0.1", Headers: map[string]string{"X-A": "1\r\nX-Evil: 1"}},
		"in a name":       {URI: "sip:a@127.0.0.1", DisplayName: "a\nb"},
		"no such host":    {URI: "sip:a@name.invalid"},
		"bad port":        {URI: "sip:a@127.0.0.1:99999"},
		"bad caller ID":   {URI: "sip:a@127.0.0.1", From: `evil" <sip:x@y>`},
		"closed TCP port": {URI: "sip:a@127.0.0.1:1;transport=tcp"},
	} {
		t.Run(name, func(t *testing.T) {
			if l, err := s.Dial(t.Context(), to, leg.Options{}); err == nil {
				t.Errorf("dialled: %+v", l.Info())
			}
		})
	}
	if n := s.Open(); n != 0 {
		t.Errorf("%d things are left open", n)
	}
}

func TestTheSameAttemptIsNotDialledTwice(t *testing.T) {
	s, p := start(t, quick), newPeer(t)
	l, m := dialPeer(t, s, p, func(_ *leg.Target, o *leg.Options) { o.ID = "x" })
	if _, err := s.Dial(t.Context(), leg.Target{URI: p.uri()}, leg.Options{ID: "x"}); err == nil {
		t.Errorf("dialled twice")
	}
	p.replies(m, "486 Busy Here", "a", "")
	ended(t, l, leg.Busy)
	ctx, stop := context.WithCancel(t.Context())
	stop()
	if _, err := s.Dial(ctx, leg.Target{URI: p.uri()}, leg.Options{}); !errors.Is(err, context.Canceled) {
		t.Errorf("dialled for somebody who has gone: %v", err)
	}
}

func TestTheCarrierSaysThatItHasTheCallAndWhenToComeBack(t *testing.T) {
	s, p := start(t, quick), newPeer(t)
	l, m := dialPeer(t, s, p, nil)
	p.replies(m, "100 Trying", "", "")
	if e := next(t, l, leg.Trying); e.Status != 100 {
		t.Errorf("event %+v", e)
	}
	p.replies(m, "100 Trying", "", "") // once is enough
	p.replies(m, "503 Service Unavailable", "a", "", "Retry-After: 18 (in a meeting);duration=3600")
	if e := next(t, l, leg.Ended); e.Cause != leg.Congested || e.RetryAfter != 18*time.Second {
		t.Errorf("ended as %+v, want congested for 18 s", e)
	}
}

// FuzzRetryAfter: whatever stands there, it is no time that is over, and none without an end.
func FuzzRetryAfter(f *testing.F) {
	for _, s := range []string{"120", "18000;duration=3600", "5 (comment)", "-1", "99999999999999999999", "soon", ""} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		if d := retryAfter([]string{s}); d < 0 || d > longestRetryAfter {
			t.Fatalf("%q is %v", s, d)
		}
	})
}

// A phone that rings although we have given the call up: whoever tried two trunks is told.
func TestALateRingIsCancelledAndTold(t *testing.T) {
	s, p := start(t, quick), newPeer(t)
	l, m := dialPeer(t, s, p, nil)
	p.replies(m, "100 Trying", "", "")
	next(t, l, leg.Trying)
	if err := l.Hangup(t.Context(), leg.Canceled); err != nil {
		t.Fatal(err)
	}
	c := p.hears("CANCEL")
	p.replies(m, "180 Ringing", "a", "")
	next(t, l, leg.Ringing)
	p.replies(c, "200 OK", "a", "")
	p.replies(m, "487 Request Terminated", "a", "")
	ended(t, l, leg.Canceled)
}
