package legtest

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/kaden-project/kaden/leg"
)

func outbound() []Case {
	return []Case{
		{"rings, answers, and the far end hangs up", func(t *testing.T, h House) {
			l, p := dial(t.Context(), t, h)
			p.Ring()
			expect(t, l, leg.Ringing)
			p.Answer()
			expect(t, l, leg.Answered)
			p.HangUp()
			ends(t, l, leg.HungUp)
			over(t, p, leg.Completed)
		}},
		{"answers without ringing, and we hang up", func(t *testing.T, h House) {
			l, p := dial(t.Context(), t, h)
			p.Answer()
			expect(t, l, leg.Answered)
			hangup(t, l, leg.Completed)
			ends(t, l, leg.Completed)
			over(t, p, leg.HungUp)
		}},
		{"rings twenty times before it is answered", func(t *testing.T, h House) {
			l, p := dial(t.Context(), t, h)
			for range 20 {
				p.Ring()
			}
			p.Answer()
			expect(t, l, leg.Answered)
			hangup(t, l, leg.Completed)
			ends(t, l, leg.Completed)
			over(t, p, leg.HungUp)
		}},
		{"sounds before it is answered", func(t *testing.T, h House) {
			if q, ok := h.(Quiet); ok {
				t.Skip("skipped: " + q.NoEarlySound())
			}
			l, p := dial(t.Context(), t, h)
			var heard ear
			l.Listen(&heard)
			p.Early()
			expect(t, l, leg.EarlyMedia)
			p.Play(&blare{})
			until(t, "early sound", func() bool { return heard.loud.Load() > 5 })
			p.Answer()
			expect(t, l, leg.Answered)
			p.HangUp()
			ends(t, l, leg.HungUp)
		}},
		{"is refused before it rings", func(t *testing.T, h House) {
			for _, c := range []leg.Cause{leg.Busy, leg.Rejected, leg.Unreachable, leg.Invalid, leg.Congested} {
				l, p := dial(t.Context(), t, h)
				if c == leg.Unreachable {
					p.Refuse(leg.NoAnswer) // 480 from a phone that never rang
				} else {
					p.Refuse(c)
				}
				if e := ends(t, l, c); c == leg.Congested && !e.Retry {
					t.Errorf("a trunk that is full before it rang may be followed by another trunk: Retry is false")
				}
			}
		}},
		{"is refused while it rings", func(t *testing.T, h House) {
			for _, c := range []leg.Cause{leg.Busy, leg.Rejected, leg.NoAnswer, leg.Invalid, leg.Congested} {
				l, p := dial(t.Context(), t, h)
				p.Ring()
				expect(t, l, leg.Ringing)
				p.Refuse(c)
				if e := ends(t, l, c); e.Retry {
					t.Errorf("%s after ringing: Retry is true, but somebody's phone has rung", c)
				}
			}
		}},
		{"reports keys in order, once each, and none before the answer", func(t *testing.T, h House) {
			l, p := dial(t.Context(), t, h)
			p.Early()
			p.Press("9")
			p.Answer()
			expect(t, l, leg.Answered)
			p.Press("12#*07")
			var got strings.Builder
			for range 6 {
				got.WriteString(expect(t, l, leg.Digit).Digit)
			}
			if got.String() != "12#*07" {
				t.Errorf("keys %q, want %q", got.String(), "12#*07")
			}
			p.HangUp()
			ends(t, l, leg.HungUp)
		}},
		{"presses keys at the far end", func(t *testing.T, h House) {
			l, p := answered(t.Context(), t, h)
			if err := l.SendDigits(t.Context(), "1w2#"); err != nil {
				t.Fatalf("send digits: %v", err)
			}
			until(t, "the keys to arrive", func() bool { return p.Digits() == "12#" })
			hangup(t, l, leg.Completed)
			ends(t, l, leg.Completed)
		}},
		{"stops pressing keys when told to, or when the far end is gone", func(t *testing.T, h House) {
			l, p := answered(t.Context(), t, h)
			ctx, stop := context.WithCancel(t.Context())
			stop()
			if err := l.SendDigits(ctx, "WWWWWWWWWW1"); !errors.Is(err, context.Canceled) {
				t.Errorf("cancelled keys: %v, want %v", err, context.Canceled)
			}
			sent := make(chan error, 1)
			go func() { sent <- l.SendDigits(t.Context(), "WWWWWWWWWWWWWWWWWWWWWWWWWWWWWW1") }()
			p.HangUp()
			ends(t, l, leg.HungUp)
			if err := within(t, sent, "SendDigits to give up"); err == nil {
				t.Errorf("keys were sent to somebody who has hung up")
			}
		}},
		{"refuses keys that do not exist", func(t *testing.T, h House) {
			l, _ := answered(t.Context(), t, h)
			if err := l.SendDigits(t.Context(), "1x2"); err == nil {
				t.Errorf("x was pressed")
			}
			hangup(t, l, leg.Completed)
			ends(t, l, leg.Completed)
		}},
	}
}

func hangup(t *testing.T, l leg.Leg, c leg.Cause) {
	t.Helper()
	if err := l.Hangup(t.Context(), c); err != nil {
		t.Errorf("hang up: %v", err)
	}
}
