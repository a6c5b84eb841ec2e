package sipleg

import (
	"fmt"
	"testing"

	"github.com/kaden-project/kaden/leg"
)

// What a phone says of itself in X-… headers of its final answer is told with it.
func TestHeadersOfAPhonesAnswer(t *testing.T) {
	s, p := start(t, quick), newPeer(t)
	l, m := dialPeer(t, s, p, nil)
	p.replies(m, "180 Ringing", "a", "", "X-Early: not this")
	p.replies(m, "200 OK", "a", sdpAt(40000), "X-Desk: 7", "x-mood: fine", "Server: other")
	p.hears("ACK")
	next(t, l, leg.Ringing)
	e := next(t, l, leg.Answered)
	if got := fmt.Sprint(e.Headers); got != "map[X-Desk:7 x-mood:fine]" {
		t.Errorf("of the answer: %s", got)
	}
	l.Hangup(t.Context(), leg.Completed)
	p.replies(p.hears("BYE"), "200 OK", "", "")
	ended(t, l, leg.Completed)

	l, m = dialPeer(t, s, p, nil)
	p.replies(m, "486 Busy Here", "a", "", "X-Desk: 8")
	p.hears("ACK")
	if got := fmt.Sprint(ended(t, l, leg.Busy).Headers); got != "map[X-Desk:8]" {
		t.Errorf("of the refusal: %s", got)
	}
}
