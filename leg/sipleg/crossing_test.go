package sipleg

import (
	"errors"
	"fmt"
	"strings"
	"sync"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/emiago/sipgo/sip"

	"github.com/kaden-project/kaden/leg"
)

func TestAnInvitationThatIsNeverFinishedIsForgotten(t *testing.T) {
	s, p := start(t, func(c *Config) { quick(c); c.timers.Ringing = time.Second }), newPeer(t)
	l, m := dialPeer(t, s, p, nil)
	p.replies(m, "100 Trying", "", "")
	next(t, l, leg.Trying)
	l.Hangup(t.Context(), leg.Canceled)
	p.replies(p.hears("CANCEL"), "200 OK", "a", "")
	ended(t, l, leg.Canceled) // without the 487
	until(t, "the INVITE to be forgotten", func() bool {
		s.layer.mu.Lock()
		defer s.layer.mu.Unlock()
		return len(s.layer.client) == 0
	})
}

// prackedBy lets the far end ring once with RSeq n, and answers our PRACK.
func (p *peer) prackedBy(m said, tag string, n int) said {
	p.t.Helper()
	p.replies(m, "183 Session Progress", tag, "", "Require: 100rel", fmt.Sprintf("RSeq: %d", n))
	prack := p.hears("PRACK")
	p.replies(prack, "200 OK", "", "")
	return prack
}

func TestAnAnswerThatNobodyWantsIsEndedInTheOrderOfItsDialog(t *testing.T) {
	t.Run("it crosses our CANCEL", func(t *testing.T) {
		s, p := start(t, quick), newPeer(t)
		l, m := dialPeer(t, s, p, nil)
		p.prackedBy(m, "a", 1)
		p.prackedBy(m, "a", 2)
		next(t, l, leg.Ringing)
		l.Hangup(t.Context(), leg.Canceled)
		c := p.hears("CANCEL")
		p.replies(m, "200 OK", "a", sdpAt(40000))
		p.replies(c, "200 OK", "a", "")
		bye := p.hears("BYE")
		if bye.get("CSeq") != "4 BYE" { // 2 and 3 were the PRACKs: a lower one is answered 500, and somebody hears silence
			t.Errorf("BYE has CSeq %q after two PRACKs", bye.get("CSeq"))
		}
		p.replies(bye, "200 OK", "", "")
		ended(t, l, leg.Canceled)
	})
	t.Run("it is of another branch", func(t *testing.T) {
		s, p := start(t, quick), newPeer(t)
		l, m := dialPeer(t, s, p, nil)
		p.prackedBy(m, "two", 1)
		next(t, l, leg.Ringing)
		p.replies(m, "200 OK", "one", sdpAt(40000))
		next(t, l, leg.Answered)
		p.replies(m, "200 OK", "two", sdpAt(40002))
		bye := p.hears("BYE")
		if bye.get("CSeq") != "3 BYE" || bye.tag("To") != "two" {
			t.Errorf("the second branch gets %s to %s after a PRACK", bye.get("CSeq"), bye.tag("To"))
		}
		p.replies(bye, "200 OK", "", "")
		p.asks(m, "BYE", 1, "one", "")
		ended(t, l, leg.HungUp)
	})
}

func TestAPRACKIsAskedForAPassword(t *testing.T) {
	s, p := start(t, quick), newPeer(t)
	l, m := dialPeer(t, s, p, func(to *leg.Target, _ *leg.Options) { to.Username, to.Password = "kaden", "himitsu" })
	p.replies(m, "183 Session Progress", "a", "", "Require: 100rel", "RSeq: 1")
	p.replies(p.hears("PRACK"), "407 Proxy Authentication Required", "", "", `Proxy-Authenticate: Digest realm="ntt", nonce="n", qop="auth"`)
	again := p.hears("PRACK")
	if !credentialsOf(t, again, "Proxy-Authorization", "himitsu") || again.get("CSeq") != "3 PRACK" {
		t.Errorf("the PRACK with the password is\n%s", again.raw)
	}
	p.replies(again, "200 OK", "", "")
	if second := p.prackedBy(m, "a", 2); second.get("CSeq") != "4 PRACK" {
		t.Errorf("the next PRACK has the number %s", second.get("CSeq"))
	}
	p.replies(m, "200 OK", "a", sdpAt(40000))
	p.hears("ACK")
	l.Hangup(t.Context(), leg.Completed)
	bye := p.hears("BYE")
	if bye.get("CSeq") != "5 BYE" {
		t.Errorf("BYE has the number %s", bye.get("CSeq"))
	}
	p.replies(bye, "200 OK", "", "")
}

// Our answer is lost, and we hang up at once: the caller, for whom there is no call yet, would refuse our BYE, and then get the
// answer that is sent again. It waits until he has the answer, or until he has had time enough.
func TestACallerGetsNoBYEBeforeTheAnswer(t *testing.T) {
	for _, hears := range []bool{true, false} {
		_, l, p, _ := calledBy(t, func(c *Config) { c.timers.Bye = time.Second }, sdpAt(40000))
		l.Answer(t.Context())
		ok := p.hears("SIP/2.0 200")
		next(t, l, leg.Answered)
		l.Hangup(t.Context(), leg.Completed)
		for range 3 { // the answer again and again, and nothing else
			if m := p.hearsAgain("SIP/2.0", "BYE"); m.method() == "BYE" {
				t.Fatalf("the BYE is there before the ACK:\n%s", m.raw)
			}
		}
		if hears {
			p.acks(ok, "")
		}
		p.replies(p.hears("BYE"), "200 OK", "", "")
		ended(t, l, leg.Completed)
	}
}

// The caller hangs up before he has acknowledged the answer, and we at the same time: there is nothing left to end.
func TestBothHangUpBeforeTheACK(t *testing.T) {
	_, l, p, _ := calledBy(t, nil, sdpAt(40000))
	l.Answer(t.Context())
	ok := p.hears("SIP/2.0 200")
	next(t, l, leg.Answered)
	l.Hangup(t.Context(), leg.Completed)
	p.in(ok, "BYE", 2, "")
	p.hearsAnswer("200", 2)
	ended(t, l, leg.Completed)
	for len(p.got) > 0 {
		if m := <-p.got; m.method() == "BYE" {
			t.Errorf("it is ended twice:\n%s", m.raw)
		}
	}
}

// An offer that comes before the first one is answered is put off (RFC 3311 section 5.2): two answers would cross.
func TestAnOfferBeforeTheFirstIsAnswered(t *testing.T) {
	t.Run("of whom we call", func(t *testing.T) {
		s, p := start(t, quick), newPeer(t)
		l, invite := dialPeer(t, s, p, nil)
		p.replies(invite, "180 Ringing", "a", "")
		next(t, l, leg.Ringing)
		p.asks(invite, "UPDATE", 1, "a", sdpAt(40002))
		p.hearsAnswer("491", 1)
		p.replies(invite, "200 OK", "a", sdpAt(40000))
		p.hears("ACK")
		next(t, l, leg.Answered)
		p.asks(invite, "BYE", 2, "a", "")
		ended(t, l, leg.HungUp)
	})
	t.Run("of whoever calls", func(t *testing.T) {
		_, l, p, _ := calledBy(t, nil, sdpAt(40000))
		l.Ring(t.Context(), false)
		ringing := p.hears("SIP/2.0 180")
		p.in(ringing, "UPDATE", 2, sdpAt(40002))
		if m := p.hearsAnswer("500", 2); m.get("Retry-After") == "" {
			t.Errorf("%s", m.raw)
		}
		l.Answer(t.Context())
		ok := p.hears("SIP/2.0 200")
		p.acks(ok, "")
		next(t, l, leg.Answered)
		p.in(ok, "BYE", 3, "")
		ended(t, l, leg.HungUp)
	})
}

// What ends a call is sent until the network takes it again; of all else it is known at once that it has not left.
func TestWhatEndsACallIsSentUntilTheNetworkIsBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		down, sent := true, 0
		var mu sync.Mutex
		l := newLayer(func(flow, []byte) error {
			mu.Lock()
			defer mu.Unlock()
			if down {
				return syscall.ENETUNREACH
			}
			sent++
			return nil
		}, timers{}.orDefault())
		ask := func(method sip.RequestMethod) error {
			_, err := l.start(outgoing{method: method, branch: freshBranch(), to: flow{udp: true}, heard: func(*response) {}, failed: func(err error) { t.Errorf("%s: %v", method, err) }})
			return err
		}
		if err := ask(sip.INVITE); !errors.Is(err, syscall.ENETUNREACH) {
			t.Errorf("INVITE: %v", err)
		}
		for _, method := range []sip.RequestMethod{sip.BYE, sip.CANCEL} {
			if err := ask(method); err != nil {
				t.Errorf("%s: %v", method, err)
			}
		}
		time.Sleep(3 * time.Second)
		mu.Lock()
		down = false
		mu.Unlock()
		time.Sleep(4 * time.Second)
		mu.Lock()
		if sent < 2 {
			t.Errorf("%d messages have left since", sent)
		}
		mu.Unlock()
		l.close()
	})
}

// A sign of life that is refused as an UPDATE, for whatever reason, is given as a re-INVITE.
func TestARefusedUPDATEIsFollowedByAnINVITE(t *testing.T) {
	s, p := start(t, shortSessions), newPeer(t)
	s.SetLines([]Line{timedLine(p, 0)})
	l, invite := dialLine(t, s, p)
	p.replies(invite, "200 OK", "b", sdpAt(40000), "Session-Expires: 1;refresher=uac", "Allow: UPDATE")
	p.hears("ACK")
	next(t, l, leg.Answered)
	p.replies(p.hears("UPDATE"), "403 Forbidden", "", "")
	again := p.hears("INVITE", "BYE")
	if again.method() != "INVITE" {
		t.Fatalf("after the refusal comes\n%s", again.raw)
	}
	p.replies(again, "200 OK", "", sdpAt(40000), "Session-Expires: 600;refresher=uas")
	p.hears("ACK")
	p.asks(invite, "BYE", 1, "b", "")
	ended(t, l, leg.HungUp)
}

func TestAFarEndThatRefusesEachSignOfLifeIsNotAskedWithoutEnd(t *testing.T) {
	s, p := start(t, shortSessions), newPeer(t)
	s.SetLines([]Line{timedLine(p, 0)})
	l, invite := dialLine(t, s, p)
	p.replies(invite, "200 OK", "b", sdpAt(40000), "Session-Expires: 1;refresher=uac", "Allow: UPDATE")
	p.hears("ACK")
	next(t, l, leg.Answered)
	p.replies(p.hears("UPDATE"), "422 Session Interval Too Small", "", "", "Min-SE: 1") // which we have asked for
	m := p.hears("UPDATE", "BYE")
	if m.method() != "BYE" {
		t.Errorf("it is asked again for what it has refused:\n%s", m.raw)
	}
	p.replies(m, "200 OK", "", "")
	ended(t, l, leg.MediaLost)
}

// refreshing is a call in which our sign of life is under way as a re-INVITE.
func refreshing(t *testing.T) (l *Leg, p *peer, invite, refresh said) {
	t.Helper()
	s := start(t, shortSessions)
	p = newPeer(t)
	s.SetLines([]Line{timedLine(p, 0)})
	out, invite := dialLine(t, s, p)
	p.replies(invite, "200 OK", "b", sdpAt(40000), "Session-Expires: 8;refresher=uac")
	p.hears("ACK")
	next(t, out, leg.Answered)
	l = out.(*Leg)
	l.mu.Lock()
	l.refresh()
	l.mu.Unlock()
	return l, p, invite, p.hears("INVITE")
}

func TestBothWantToChangeTheCallAtOnce(t *testing.T) { // RFC 3261 section 14.2, RFC 3311 section 5.2
	over := func(t *testing.T, l *Leg, p *peer) {
		t.Helper()
		l.Hangup(t.Context(), leg.Completed)
		p.replies(p.hears("BYE"), "200 OK", "", "")
		ended(t, l, leg.Completed)
	}
	t.Run("a re-INVITE while our sign of life is one", func(t *testing.T) {
		l, p, invite, refresh := refreshing(t)
		p.asks(invite, "INVITE", 1, "b", sdpAt(40002))
		p.hearsAnswer("491", 1)
		p.replies(refresh, "200 OK", "", sdpAt(40000), "Session-Expires: 8;refresher=uac")
		p.hears("ACK")
		p.asks(invite, "INVITE", 2, "b", sdpAt(40002))
		p.hearsAnswer("200", 2)
		over(t, l, p)
	})
	t.Run("hold while our sign of life is a re-INVITE", func(t *testing.T) {
		l, p, invite, refresh := refreshing(t)
		if err := l.Hold(true); err != nil {
			t.Fatal(err)
		}
		p.asks(invite, "OPTIONS", 1, "b", "")
		if m := p.hears("INVITE", "SIP/2.0 200"); m.method() == "INVITE" {
			t.Fatalf("there are two INVITEs of ours at once:\n%s\n%s", refresh.raw, m.raw)
		}
		p.replies(refresh, "200 OK", "", sdpAt(40000), "Session-Expires: 8;refresher=uac")
		hold := p.hears("INVITE")
		if !strings.Contains(hold.body, "a=sendonly\r\n") {
			t.Errorf("hold is said with\n%s", hold.raw)
		}
		p.replies(hold, "200 OK", "", sdpAt(40000, "a=recvonly"), "Session-Expires: 8;refresher=uac")
		over(t, l, p)
	})
	t.Run("an offer by UPDATE while ours is not answered", func(t *testing.T) {
		l, p, ok := answeredBy(t, sdpAt(40000))
		if err := l.Hold(true); err != nil {
			t.Fatal(err)
		}
		hold := p.hears("INVITE")
		p.in(ok, "UPDATE", 2, sdpAt(40002))
		p.hearsAnswer("491", 2)
		p.in(ok, "UPDATE", 3, "") // a sign of life offers nothing
		p.hearsAnswer("200", 3)
		p.replies(hold, "200 OK", "", sdpAt(40000, "a=recvonly"))
		over(t, l, p)
	})
}

// While both wait after a 491, whoever is first may change the call: otherwise neither ever does.
func TestAReINVITEWhileOursWaitsAfterA491IsTaken(t *testing.T) {
	s, p := start(t, quick), newPeer(t)
	l, invite := dialPeer(t, s, p, nil)
	p.replies(invite, "200 OK", "b", sdpAt(40000))
	p.hears("ACK")
	next(t, l, leg.Answered)
	if err := l.Hold(true); err != nil {
		t.Fatal(err)
	}
	p.replies(p.hears("INVITE"), "491 Request Pending", "", "")
	until(t, "the 491 to be taken", func() bool {
		l.mu.Lock()
		defer l.mu.Unlock()
		return l.hold.tries == 1
	})
	p.asks(invite, "INVITE", 1, "b", sdpAt(40002))
	p.hearsAnswer("200", 1)
	p.asks(invite, "ACK", 1, "b", "")
	hold := p.hears("INVITE")
	if !strings.Contains(hold.body, "a=sendonly\r\n") {
		t.Errorf("hold is said again with\n%s", hold.raw)
	}
	p.replies(hold, "200 OK", "", sdpAt(40002, "a=recvonly"))
	p.hears("ACK")
	l.Hangup(t.Context(), leg.Completed)
	p.replies(p.hears("BYE"), "200 OK", "", "")
	ended(t, l, leg.Completed)
}

// The alarm of the ringing goes off while the answer is being taken, and waits for the lock.
func TestAnAlarmThatComesTooLateDoesNotEndAnAnsweredCall(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := &Leg{bell: leg.NewBell(func() {})}
		l.mu.Lock()
		l.after(time.Second, func() { t.Error("it is ended as a call that rang for too long") })
		time.Sleep(time.Second)
		l.answered(time.Now(), 200)
		l.mu.Unlock()
		synctest.Wait()
	})
}

// Most servers take a nonce of theirs once: another INVITE does not repeat what answered the last challenge.
func TestAnotherINVITEDoesNotRepeatAnOldPassword(t *testing.T) {
	s, p := start(t, shortSessions), newPeer(t)
	s.SetLines([]Line{timedLine(p, 2*time.Second)})
	l, err := s.Dial(t.Context(), leg.Target{URI: p.uri(), Line: "ntt", Username: "kaden", Password: "himitsu"}, leg.Options{})
	if err != nil {
		t.Fatal(err)
	}
	challenge := func(m said, nonce string) said {
		t.Helper()
		p.replies(m, "407 Proxy Authentication Required", "a", "", `Proxy-Authenticate: Digest realm="ntt", nonce="`+nonce+`", qop="auth"`)
		again := p.hears("INVITE")
		if !credentialsOf(t, again, "Proxy-Authorization", "himitsu") || !strings.Contains(again.get("Proxy-Authorization"), nonce) {
			t.Errorf("the challenge %s is answered with\n%s", nonce, again.raw)
		}
		return again
	}
	p.replies(challenge(p.hears("INVITE"), "one"), "422 Session Interval Too Small", "b", "", "Min-SE: 120")
	longer := p.hears("INVITE")
	if got := longer.get("Proxy-Authorization"); got != "" {
		t.Errorf("the old answer is sent again: %s", got)
	}
	p.replies(challenge(longer, "two"), "486 Busy Here", "b", "")
	ended(t, l, leg.Busy)
}
