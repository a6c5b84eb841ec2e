package sipleg

import (
	"strings"
	"testing"

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
