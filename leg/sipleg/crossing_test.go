package sipleg

import (
	"fmt"
	"testing"
	"time"

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
