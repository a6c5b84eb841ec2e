package sipleg

import (
	"context"
	"errors"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/kaden-project/kaden/leg"
)

// kill ends a server as kill -9 does: nobody is told.
func kill(s *Server) {
	s.layer.close()
	s.wire.close()
}

// reborn starts another life of the process: same secret, same address.
func reborn(t *testing.T, dead *Server) *Server {
	return start(t, func(c *Config) { quick(c); c.Listen = dead.Addr().String() })
}

func TestEndCancelsWhatAnEarlierLifeDialled(t *testing.T) {
	first, p := start(t, quick), newPeer(t)
	to, o := leg.Target{URI: p.uri(), From: "+815012345678"}, leg.Options{ID: "attempt-7"}
	if _, err := first.Dial(t.Context(), to, o); err != nil {
		t.Fatal(err)
	}
	m := p.hears("INVITE")
	p.replies(m, "180 Ringing", "a", "")
	kill(first)
	second := reborn(t, first)
	result := make(chan error, 1)
	go func() { result <- second.End(t.Context(), to, o, nil) }() // nothing was stored but the ID
	var cancels int
	for acked := false; !acked; {
		c := p.hears("CANCEL", "ACK")
		if c.method() == "ACK" {
			if acked = true; c.branch() != m.branch() {
				t.Errorf("the 487 of the earlier life got no ACK that matches:\n%s", c.raw)
			}
		} else if c.branch() == m.branch() {
			cancels++
			if c.get("Call-ID") != m.get("Call-ID") || c.tag("From") != m.tag("From") || c.get("Via") != m.get("Via") || !strings.HasPrefix(c.get("CSeq"), "1 ") {
				t.Errorf("CANCEL does not match the INVITE:\n%s\n%s", m.raw, c.raw)
			}
			p.replies(c, "200 OK", "a", "")
			p.replies(m, "487 Request Terminated", "a", "")
		} else {
			p.replies(c, "481 Call/Transaction Does Not Exist", "a", "")
		}
	}
	if err := <-result; err != nil || cancels != 1 {
		t.Errorf("end: %v, %d matching CANCELs", err, cancels)
	}
}

func TestEndByesWhatWasAnsweredMeanwhile(t *testing.T) {
	first, p := start(t, quick), newPeer(t)
	to, o := leg.Target{URI: p.uri()}, leg.Options{ID: "attempt-8"}
	first.Dial(t.Context(), to, o)
	m := p.hears("INVITE")
	kill(first)
	second := reborn(t, first)
	result := make(chan error, 1)
	go func() { result <- second.End(t.Context(), to, o, nil) }()
	p.hears("CANCEL")
	p.replies(m, "200 OK", "a", sdpAt(40000)) // somebody had picked up while we were dead
	if ack := p.hears("ACK"); ack.tag("To") != "a" {
		t.Errorf("ACK to %q", ack.tag("To"))
	}
	p.replies(p.hears("BYE"), "200 OK", "", "")
	if err := <-result; err != nil {
		t.Error(err)
	}
}

func TestEndByesAnAnsweredCall(t *testing.T) {
	first, p := start(t, quick), newPeer(t)
	to := leg.Target{URI: p.uri(), Username: "kaden", Password: "himitsu"}
	kept := make(chan leg.Remains, 8)
	o := leg.Options{ID: "attempt-9", Keep: func(_ context.Context, r leg.Remains) error { kept <- r; return nil }}
	first.Dial(t.Context(), to, o)
	m := p.hears("INVITE")
	p.replies(m, "200 OK", "a", sdpAt(40000), "Record-Route: <sip:"+p.addr().String()+";lr>")
	ack := p.hears("ACK")
	kill(first)
	second := reborn(t, first)
	result := make(chan error, 1)
	go func() { result <- second.End(t.Context(), to, o, <-kept) }()
	bye := p.hears("BYE")
	if bye.get("Call-ID") != ack.get("Call-ID") || bye.get("From") != ack.get("From") || bye.get("To") != ack.get("To") ||
		bye.get("Route") != ack.get("Route") || !strings.HasPrefix(bye.get("CSeq"), "2 ") {
		t.Errorf("BYE is not of the dialog:\n%s\n%s", ack.raw, bye.raw)
	}
	p.replies(bye, "401 Unauthorized", "", "", `WWW-Authenticate: Digest realm="ntt", nonce="n", qop="auth"`)
	again := p.hears("BYE")
	if !credentialsOf(t, again, "Authorization", "himitsu") {
		t.Errorf("the password is wrong")
	}
	p.replies(again, "200 OK", "", "")
	if err := <-result; err != nil {
		t.Error(err)
	}
}

// Another process on another machine cancels what rings: its CANCEL has the Via of the INVITE, without which nobody knows
// what is meant (RFC 3261 section 9.1).
func TestEndCancelsWhatAnotherProcessDialled(t *testing.T) {
	first, p := start(t, quick), newPeer(t)
	kept := make(chan leg.Remains, 4)
	to, o := leg.Target{URI: p.uri(), From: "+815012345678"}, leg.Options{ID: "attempt-7", Keep: func(_ context.Context, r leg.Remains) error {
		kept <- r
		return nil
	}}
	if _, err := first.Dial(t.Context(), to, o); err != nil {
		t.Fatal(err)
	}
	m := p.hears("INVITE")
	p.replies(m, "180 Ringing", "a", "")
	left := <-kept
	kill(first)
	second := start(t, quick) // the same secret, another port
	if second.Addr() == first.Addr() {
		t.Fatal("it has the same address")
	}
	result := make(chan error, 1)
	go func() { result <- second.End(t.Context(), to, o, left) }()
	c := p.hears("CANCEL")
	if c.get("Via") != m.get("Via") || c.get("Call-ID") != m.get("Call-ID") || c.tag("From") != m.tag("From") {
		t.Errorf("CANCEL does not match the INVITE:\n%s\n%s", m.raw, c.raw)
	}
	p.replies(c, "200 OK", "a", "")
	if err := <-result; err != nil { // the 487 goes where the INVITE came from
		t.Error(err)
	}
}

func TestEndOfNothing(t *testing.T) {
	for name, c := range map[string]struct {
		user string
		want string
	}{
		"no password": {"", "CANCEL 1 CANCEL"},
		"password":    {"kaden", "CANCEL 1 CANCEL, CANCEL 2 CANCEL"}, // a challenge may have been answered
	} {
		t.Run(name, func(t *testing.T) {
			s, p := start(t, quick), newPeer(t)
			result := make(chan error, 1)
			to := leg.Target{URI: p.uri(), Username: c.user}
			go func() { result <- s.End(t.Context(), to, leg.Options{ID: "never dialled"}, nil) }()
			asked := map[string]bool{}
			for over := false; !over; {
				select {
				case m := <-p.got:
					asked[m.method()+" "+m.get("CSeq")] = true
					p.replies(m, "481 Call/Transaction Does Not Exist", "a", "")
				case err := <-result:
					if got := strings.Join(slices.Sorted(maps.Keys(asked)), ", "); err != nil || got != c.want {
						t.Errorf("end: %v after %s, want %s", err, got, c.want)
					}
					over = true
				}
			}
		})
	}
}

func TestEndThatNobodyConfirms(t *testing.T) {
	s, p := start(t, quick), newPeer(t)
	begun := time.Now()
	err := s.End(t.Context(), leg.Target{URI: p.uri()}, leg.Options{ID: "x"}, nil)
	if !errors.Is(err, errUnconfirmed) || time.Since(begun) > 2*time.Second {
		t.Errorf("%v after %v", err, time.Since(begun))
	}
	if err := s.End(t.Context(), leg.Target{URI: p.uri()}, leg.Options{ID: "x"}, leg.Remains(`{"answered":`)); err == nil {
		t.Errorf("broken remains are taken")
	}
}

func TestAnswerToACallOfAnEarlierLife(t *testing.T) {
	first, p := start(t, quick), newPeer(t)
	first.Dial(t.Context(), leg.Target{URI: p.uri()}, leg.Options{ID: "lost"})
	m := p.hears("INVITE")
	kill(first)
	reborn(t, first)
	forged := strings.Replace(answerTo(m, "200 OK", "b", sdpAt(40000), p.addr()), m.tag("From"), "0123456789abcdef", 1)
	p.send(m.from, forged)
	p.hearsNothing(40 * time.Millisecond)
	for range 2 { // and once more, as it does until it is acknowledged
		p.replies(m, "200 OK", "a", sdpAt(40000))
		p.hearsAgain("ACK")
	}
	p.replies(p.hears("BYE"), "200 OK", "", "")
}

func TestEndOfACallOfThisLife(t *testing.T) {
	s, p := start(t, quick), newPeer(t)
	l, m := dialPeer(t, s, p, func(_ *leg.Target, o *leg.Options) { o.ID = "mine" })
	p.replies(m, "180 Ringing", "a", "")
	next(t, l, leg.Ringing)
	result := make(chan error, 1)
	go func() { result <- s.End(t.Context(), leg.Target{URI: p.uri()}, leg.Options{ID: "mine"}, nil) }()
	p.replies(p.hears("CANCEL"), "200 OK", "a", "")
	p.replies(m, "487 Request Terminated", "a", "")
	ended(t, l, leg.Canceled)
	if err := <-result; err != nil {
		t.Error(err)
	}
}
