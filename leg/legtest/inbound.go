package legtest

import (
	"testing"

	"github.com/kaden-project/kaden/leg"
)

func inbound() []Case {
	return []Case{
		{"is called, rings, answers, and the caller hangs up", func(t *testing.T, h House) {
			l, p := calls(t, h)
			if err := l.Ring(t.Context(), false); err != nil {
				t.Fatalf("ring: %v", err)
			}
			if err := l.Answer(t.Context()); err != nil {
				t.Fatalf("answer: %v", err)
			}
			expect(t, l, leg.Answered)
			p.Press("5")
			if got := expect(t, l, leg.Digit).Digit; got != "5" {
				t.Errorf("key %q, want 5", got)
			}
			p.HangUp()
			ends(t, l, leg.HungUp)
			over(t, p, leg.Completed)
		}},
		{"is called and answers at once, plays, and hangs up", func(t *testing.T, h House) {
			l, p := calls(t, h)
			if err := l.Answer(t.Context()); err != nil {
				t.Fatalf("answer: %v", err)
			}
			expect(t, l, leg.Answered)
			var heard ear
			p.Listen(&heard)
			l.Play(&blare{})
			until(t, "sound at the caller", func() bool { return heard.loud.Load() > 3 })
			hangup(t, l, leg.Completed)
			ends(t, l, leg.Completed)
			over(t, p, leg.HungUp)
		}},
		{"is called and refuses", func(t *testing.T, h House) {
			for _, c := range []leg.Cause{leg.Busy, leg.Rejected} {
				l, p := calls(t, h)
				hangup(t, l, c)
				ends(t, l, c)
				over(t, p, c)
			}
		}},
		{"is called, and the caller leaves before the answer", func(t *testing.T, h House) {
			l, p := calls(t, h)
			if err := l.Ring(t.Context(), false); err != nil {
				t.Fatalf("ring: %v", err)
			}
			p.HangUp()
			ends(t, l, leg.CallerLeft)
			if err := l.Answer(t.Context()); err == nil {
				t.Errorf("somebody who has left was answered")
			}
		}},
	}
}
