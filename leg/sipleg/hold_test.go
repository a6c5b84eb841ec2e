package sipleg

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/kaden-project/kaden/leg"
)

func TestWeHoldAndResume(t *testing.T) {
	l, p, ok := answeredBy(t, sdpAt(40000))
	holds := func(on bool) said {
		t.Helper()
		if err := l.Hold(on); err != nil {
			t.Fatal(err)
		}
		m := p.hears("INVITE")
		if want := map[bool]string{true: "a=sendonly\r\n", false: "a=sendrecv\r\n"}[on]; !strings.Contains(m.body, want) {
			t.Errorf("hold %v is said with\n%s", on, m.body)
		}
		return m
	}
	p.replies(holds(true), "200 OK", "", sdpAt(40000, "a=recvonly"))
	p.hears("ACK")
	// What the far end says of its own sound meanwhile does not take it back.
	p.in(ok, "INVITE", 2, sdpAt(40002))
	answer := p.hearsAnswer("200", 2)
	if !strings.Contains(answer.body, "a=sendonly\r\n") {
		t.Errorf("a re-INVITE while it is held is answered with\n%s", answer.body)
	}
	p.acks(answer, "")
	p.replies(holds(false), "491 Request Pending", "", "") // both at once: again a little later
	p.hears("ACK")
	again := p.hears("INVITE")
	if !strings.Contains(again.body, "a=sendrecv\r\n") {
		t.Errorf("it is said again with\n%s", again.body)
	}
	p.in(ok, "INVITE", 3, sdpAt(40002))
	p.hearsAnswer("491", 3)
	p.replies(again, "200 OK", "", sdpAt(40000))
	p.hears("ACK")
	p.replies(holds(true), "488 Not Acceptable Here", "", "") // it cannot be held: the call goes on
	p.hears("ACK")
	until(t, "the refusal to be taken", func() bool {
		l.mu.Lock()
		defer l.mu.Unlock()
		return !l.hold.busy && !l.ours.hold
	})
	l.Hangup(t.Context(), leg.Completed)
	p.replies(p.hears("BYE"), "200 OK", "", "")
	ended(t, l, leg.Completed)
	if err := l.Hold(true); err == nil {
		t.Error("a call that is over was held")
	}
}

// Whoever says in the answer to a re-INVITE that he is elsewhere now is spoken to there; the password that the re-INVITE had is
// the ACK's as well, and what is sent meanwhile takes no number twice.
func TestAFarEndMovesInItsAnswer(t *testing.T) {
	s, p, q := start(t, quick), newPeer(t), newPeer(t)
	l, invite := dialPeer(t, s, p, func(to *leg.Target, _ *leg.Options) { to.Username, to.Password = "kaden", "himitsu" })
	p.replies(invite, "200 OK", "b", sdpAt(40000))
	p.hears("ACK")
	next(t, l, leg.Answered)
	if err := l.Hold(true); err != nil {
		t.Fatal(err)
	}
	p.replies(p.hears("INVITE"), "407 Proxy Authentication Required", "", "", `Proxy-Authenticate: Digest realm="ntt", nonce="n", qop="auth"`)
	again := p.hears("INVITE")
	raw := answerTo(again, "200 OK", "", sdpAt(40000, "a=recvonly"), q.addr())
	p.send(again.from, raw)
	ack := q.hears("ACK")
	if !strings.HasPrefix(ack.first, "ACK "+q.uri()+" ") || ack.get("Proxy-Authorization") != again.get("Proxy-Authorization") || ack.get("Proxy-Authorization") == "" {
		t.Errorf("it is acknowledged with\n%s", ack.raw)
	}
	l.Hangup(t.Context(), leg.Completed)
	bye := q.hears("BYE")
	if bye.get("CSeq") != "4 BYE" {
		t.Errorf("it is ended with\n%s", bye.raw)
	}
	q.replies(bye, "200 OK", "", "")
	ended(t, l, leg.Completed)
}

func TestWhoWasCalledIsHeld(t *testing.T) {
	s, p := start(t, quick), newPeer(t)
	l, invite := dialPeer(t, s, p, nil)
	p.replies(invite, "200 OK", "b", sdpAt(40000))
	p.hears("ACK")
	next(t, l, leg.Answered)
	if err := l.Hold(true); err != nil {
		t.Fatal(err)
	}
	m := p.hears("INVITE")
	if !strings.Contains(m.body, "a=sendonly\r\n") || !strings.HasPrefix(m.get("CSeq"), "2 ") {
		t.Errorf("hold is said with\n%s", m.raw)
	}
	p.replies(m, "200 OK", "", sdpAt(40000, "a=recvonly"))
	p.hears("ACK")
	l.Hangup(t.Context(), leg.Completed)
	p.replies(p.hears("BYE"), "200 OK", "", "")
	ended(t, l, leg.Completed)
}

// Keys that are being pressed when the far end puts us on hold are given up; else whoever presses them waits.
func TestNobodyPressesKeysAtAFarEndThatHolds(t *testing.T) {
	l, p, ok := answeredBy(t, sdpAt(40000))
	pressed := make(chan error, 1)
	go func() { pressed <- l.SendDigits(t.Context(), "1WWWWWWWWWW2") }()
	until(t, "somebody to press keys", func() bool {
		l.mu.Lock()
		defer l.mu.Unlock()
		return l.pressing != nil
	})
	p.in(ok, "INVITE", 2, sdpAt(40000, "a=sendonly"))
	p.acks(p.hearsAnswer("200", 2), "")
	next(t, l, leg.Held)
	if err := <-pressed; !errors.Is(err, errOnHold) {
		t.Errorf("%v", err)
	}
	if err := l.SendDigits(t.Context(), "3"); !errors.Is(err, errOnHold) {
		t.Errorf("%v", err)
	}
	p.in(ok, "INVITE", 3, sdpAt(40000))
	p.acks(p.hearsAnswer("200", 3), "")
	next(t, l, leg.Held)
	if err := l.SendDigits(t.Context(), "3"); err != nil {
		t.Error(err)
	}
	p.in(ok, "BYE", 4, "")
	ended(t, l, leg.HungUp)
}

// An offer within a call keeps the m= lines that the session has, in their order (RFC 3264 section 8), and has a version
// of its own.
func TestOffersWithinACallKeepItsLines(t *testing.T) {
	l, p, ok := answeredBy(t, strings.Replace(sdpAt(40000), "m=audio", "m=video 40002 RTP/AVP 31\r\nm=audio", 1))
	kept := func(m said) {
		t.Helper()
		if video, audio := strings.Index(m.body, "m=video 0 RTP/AVP 31\r\n"), strings.Index(m.body, "m=audio "); video < 0 || audio < video || strings.Count(m.body, "m=") != 2 {
			t.Errorf("the session had video, refused, and then audio; it is offered\n%s", m.body)
		}
	}
	version := func(m said) string { return strings.Fields(strings.SplitN(m.body, "\r\n", 3)[1])[2] }
	if err := l.Hold(true); err != nil {
		t.Fatal(err)
	}
	hold := p.hears("INVITE")
	kept(hold)
	p.replies(hold, "200 OK", "", videoToo(sdpAt(40000, "a=recvonly")))
	p.hears("ACK")
	p.in(ok, "INVITE", 2, "")
	offer := p.hearsAnswer("200", 2)
	kept(offer)
	if version(offer) == version(hold) {
		t.Errorf("two offers have the version %s", version(offer))
	}
	p.acks(offer, videoToo(sdpAt(40000, "a=recvonly")))
	p.in(ok, "BYE", 3, "")
	ended(t, l, leg.HungUp)
}

// videoToo puts refused video before the audio.
func videoToo(sdp string) string {
	return strings.Replace(sdp, "m=audio", "m=video 0 RTP/AVP 31\r\nm=audio", 1)
}

// Whoever holds us may send music, and may send nothing: that is no call that was lost.
func TestAFarEndThatHoldsUsInSilenceIsNotLost(t *testing.T) {
	_, l, p, _ := calledBy(t, func(c *Config) { c.MediaLost = 60 * time.Millisecond }, sdpAt(40000, "a=sendonly"))
	if err := l.Answer(t.Context()); err != nil {
		t.Fatal(err)
	}
	ok := p.hears("SIP/2.0 200")
	p.acks(ok, "")
	next(t, l, leg.Answered)
	next(t, l, leg.Held)
	until(t, "three times as long as a lost call lasts", func() bool {
		unheard := make(chan int, 1)
		return l.Seat().Do(func() { unheard <- l.sound.unheard }) && <-unheard > 9
	})
	p.in(ok, "BYE", 2, "")
	ended(t, l, leg.HungUp)
}

// Whoever does not know the call when it is to be held does not know it at all, or is not there.
func TestACallThatIsLostIsFoundOutByHoldingIt(t *testing.T) {
	for _, answer := range []string{"481 Call/Transaction Does Not Exist", "408 Request Timeout", ""} {
		t.Run(answer, func(t *testing.T) {
			_, l, p, _ := calledBy(t, func(c *Config) { c.timers.T1 = 10 * time.Millisecond }, sdpAt(40000))
			if err := l.Answer(t.Context()); err != nil {
				t.Fatal(err)
			}
			p.acks(p.hears("SIP/2.0 200"), "")
			next(t, l, leg.Answered)
			if err := l.Hold(true); err != nil {
				t.Fatal(err)
			}
			if hold := p.hears("INVITE"); answer != "" {
				p.replies(hold, answer, "", "")
			}
			p.replies(p.hears("BYE"), "200 OK", "", "")
			ended(t, l, leg.MediaLost)
		})
	}
}
