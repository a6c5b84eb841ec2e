package sipleg

import (
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
