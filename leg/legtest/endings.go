package legtest

import (
	"context"
	"errors"
	"strings"
	"sync"
	"testing"

	"github.com/kaden-project/kaden/leg"
)

func endings() []Case {
	errTaken := errors.New("taken by suzuki")
	return []Case{
		{"is cancelled before it rings", func(t *testing.T, h House) {
			l, p := dial(t.Context(), t, h)
			hangup(t, l, leg.Canceled)
			ends(t, l, leg.Canceled)
			over(t, p, leg.Canceled)
		}},
		{"is cancelled while it rings", func(t *testing.T, h House) {
			l, p := dial(t.Context(), t, h)
			p.Ring()
			expect(t, l, leg.Ringing)
			hangup(t, l, leg.Canceled)
			ends(t, l, leg.Canceled)
			over(t, p, leg.Canceled)
		}},
		{"is cancelled at once, before Dial's INVITE can have been answered", func(t *testing.T, h House) {
			p := h.Phone()
			l, err := h.Dialer().Dial(t.Context(), p.Target(), leg.Options{})
			if err != nil {
				t.Fatal(err)
			}
			hangup(t, l, leg.Canceled)
			ends(t, l, leg.Canceled)
		}},
		{"ends within the patience of a teardown though the far end says nothing at all", func(t *testing.T, h House) {
			p := h.Phone()
			p.Deaf()
			l, err := h.Dialer().Dial(t.Context(), p.Target(), leg.Options{})
			if err != nil {
				t.Fatal(err)
			}
			hangup(t, l, leg.Canceled)
			ends(t, l, leg.Canceled)
		}},
		{"is cancelled by its context, which says why", func(t *testing.T, h House) {
			ctx, stop := context.WithCancelCause(t.Context())
			defer stop(nil)
			l, p := dial(ctx, t, h)
			p.Ring()
			expect(t, l, leg.Ringing)
			stop(errTaken)
			if e := ends(t, l, leg.Canceled); !strings.Contains(e.Reason, errTaken.Error()) {
				t.Errorf("reason %q does not say %q", e.Reason, errTaken)
			}
			over(t, p, leg.Canceled)
		}},
		{"is hung up by its context, which says why", func(t *testing.T, h House) {
			ctx, stop := context.WithCancelCause(t.Context())
			defer stop(nil)
			l, p := answered(ctx, t, h)
			stop(errTaken)
			if e := ends(t, l, leg.Completed); !strings.Contains(e.Reason, errTaken.Error()) {
				t.Errorf("reason %q does not say %q", e.Reason, errTaken)
			}
			over(t, p, leg.HungUp)
		}},
		{"takes Hangup many times from many sides", func(t *testing.T, h House) {
			l, p := answered(t.Context(), t, h)
			var all sync.WaitGroup
			for range 8 {
				all.Go(func() { hangup(t, l, leg.Completed) })
			}
			all.Wait()
			ends(t, l, leg.Completed)
			over(t, p, leg.HungUp)
			hangup(t, l, leg.Completed)
		}},
		{"lets everything be called after its end", func(t *testing.T, h House) {
			l, p := answered(t.Context(), t, h)
			p.HangUp()
			ends(t, l, leg.HungUp)
			l.Play(&blare{})
			l.Listen(&ear{})
			hangup(t, l, leg.Completed)
			if err := l.SendDigits(t.Context(), "1"); err == nil {
				t.Errorf("keys were sent after the end")
			}
			closed(t, l)
		}},
		{"is answered and cancelled in the same moment", func(t *testing.T, h House) {
			for range 5 {
				l, p := dial(t.Context(), t, h)
				p.Ring()
				var both sync.WaitGroup
				both.Go(p.Answer)
				both.Go(func() { hangup(t, l, leg.Canceled) })
				both.Wait()
				var wasAnswered bool
				for e := range l.Events() {
					switch e.Kind {
					case leg.Answered:
						wasAnswered = true
					case leg.Ended:
						if want := map[bool]leg.Cause{true: leg.Completed, false: leg.Canceled}[wasAnswered]; e.Cause != want {
							t.Errorf("cause %q, answered %v, want %q", e.Cause, wasAnswered, want)
						}
					}
				}
				// RFC 3261 15.1.2, 13.2.2.4: a 200 that crosses our CANCEL is acknowledged and sent BYE,
				// or a person would be left listening to nothing.
				if got := within(t, p.Over(), "the phone to be let go"); got != leg.Canceled && got != leg.HungUp {
					t.Errorf("the phone saw %q, want canceled or hung-up", got)
				}
			}
		}},
		{"both ends hang up in the same moment", func(t *testing.T, h House) {
			l, p := answered(t.Context(), t, h)
			var both sync.WaitGroup
			both.Go(p.HangUp)
			both.Go(func() { hangup(t, l, leg.Completed) })
			both.Wait()
			if e := expect(t, l, leg.Ended); e.Cause != leg.Completed && e.Cause != leg.HungUp {
				t.Errorf("cause %q, want completed or hung-up", e.Cause)
			}
			closed(t, l)
			within(t, p.Over(), "the phone's end")
		}},
		{"keeps every key for a reader who is late", func(t *testing.T, h House) {
			l, p := answered(t.Context(), t, h)
			p.Press("0123456789")
			p.HangUp()
			within(t, p.Over(), "the phone's end")
			for _, want := range "0123456789" {
				if got := expect(t, l, leg.Digit).Digit; got != string(want) {
					t.Fatalf("key %q, want %q", got, want)
				}
			}
			ends(t, l, leg.HungUp)
		}},
	}
}
