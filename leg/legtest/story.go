package legtest

import (
	"context"
	"sync/atomic"
	"testing"
	"time"

	"github.com/kaden-project/kaden/leg"
	"github.com/kaden-project/kaden/media"
)

// dial calls a fresh phone and waits until it has been called.
func dial(ctx context.Context, t *testing.T, h House) (leg.Leg, Phone) {
	t.Helper()
	p := h.Phone()
	l, err := h.Dialer().Dial(ctx, p.Target(), leg.Options{})
	if err != nil {
		t.Fatalf("dial %s: %v", p.Target().URI, err)
	}
	if l.Info().Inbound {
		t.Errorf("a leg that was dialled says it is inbound")
	}
	within(t, p.Called(), "the phone to be called")
	return l, p
}

// answered dials and lets the phone ring and answer.
func answered(ctx context.Context, t *testing.T, h House) (leg.Leg, Phone) {
	t.Helper()
	l, p := dial(ctx, t, h)
	p.Ring()
	p.Answer()
	expect(t, l, leg.Answered)
	return l, p
}

// calls makes a phone call in.
func calls(t *testing.T, h House) (leg.Leg, Phone) {
	t.Helper()
	in, ok := h.(Answerer)
	if !ok {
		t.Skip("skipped: these legs cannot be called")
	}
	p := h.Phone()
	l := in.Call(p)
	if !l.Info().Inbound {
		t.Errorf("a leg that called in says it is outbound")
	}
	return l, p
}

// expect reads events until one of the kind has come. Ringing and early media may come at any time
// before the answer, so they are passed over; anything else that comes first is an error.
func expect(t *testing.T, l leg.Leg, kind leg.EventKind) leg.Event {
	t.Helper()
	limit := time.NewTimer(patience)
	defer limit.Stop()
	for {
		select {
		case e, ok := <-l.Events():
			switch {
			case !ok:
				t.Fatalf("events closed while waiting for %s", name(kind))
			case e.Kind == kind:
				if e.At.IsZero() {
					t.Errorf("%s without a time", name(kind))
				}
				return e
			case e.Kind == leg.Ringing || e.Kind == leg.EarlyMedia || e.Kind == leg.Trying:
			default:
				t.Fatalf("got %s (cause %q, status %d, %s), want %s", name(e.Kind), e.Cause, e.Status, e.Reason, name(kind))
			}
		case <-limit.C:
			t.Fatalf("waited %v for %s", patience, name(kind))
		}
	}
}

// ends reads the rest of a leg: Ended with the cause, once, then the closed channel.
func ends(t *testing.T, l leg.Leg, want leg.Cause) leg.Event {
	t.Helper()
	e := expect(t, l, leg.Ended)
	if e.Cause != want {
		t.Errorf("ended with cause %q (status %d, %s), want %q", e.Cause, e.Status, e.Reason, want)
	}
	closed(t, l)
	return e
}

// closed tells that nothing follows Ended.
func closed(t *testing.T, l leg.Leg) {
	t.Helper()
	select {
	case e, ok := <-l.Events():
		if ok {
			t.Errorf("%s after the end", name(e.Kind))
		}
	case <-time.After(patience):
		t.Errorf("events were not closed after the end")
	}
}

// over waits until the phone knows that its call is over.
func over(t *testing.T, p Phone, want leg.Cause) {
	t.Helper()
	if got := within(t, p.Over(), "the phone's call to be over"); got != want {
		t.Errorf("the phone saw %q, want %q", got, want)
	}
}

// within waits for a channel; a closed one gives the zero value.
func within[T any](t *testing.T, ch <-chan T, what string) T {
	t.Helper()
	select {
	case v := <-ch:
		return v
	case <-time.After(patience):
		t.Fatalf("waited %v for %s", patience, what)
		panic("not reached")
	}
}

// until waits for something that has no channel.
func until(t *testing.T, what string, done func() bool) {
	t.Helper()
	for deadline := time.Now().Add(patience); !done(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("waited %v for %s", patience, what)
		}
	}
}

func name(k leg.EventKind) string {
	switch k {
	case leg.Trying:
		return "Trying"
	case leg.Ringing:
		return "Ringing"
	case leg.EarlyMedia:
		return "EarlyMedia"
	case leg.Answered:
		return "Answered"
	case leg.Digit:
		return "Digit"
	case leg.Held:
		return "Held"
	case leg.Ended:
		return "Ended"
	case leg.Referred:
		return "Referred"
	case leg.ReferProgress:
		return "ReferProgress"
	}
	return "an unknown event"
}

// ear counts what is heard. Loud is far above any comfort noise and any codec's error.
type ear struct{ loud, quiet, last atomic.Int64 }

func (e *ear) Write(f *media.Frame) {
	var sum int64
	for _, s := range f {
		sum += max(int64(s), -int64(s))
	}
	if sum/media.Samples > 1000 {
		e.loud.Add(1)
		e.last.Store(1)
		return
	}
	e.quiet.Add(1)
	e.last.Store(0)
}

// blare is a square wave of some frames, or without end when frames is 0. It counts how often it is
// read after its end, which a leg must not do.
type blare struct {
	frames int64
	read   atomic.Int64
}

func (b *blare) Read(f *media.Frame) bool {
	for i := range f {
		f[i] = 8000
		if i/8%2 == 1 {
			f[i] = -8000
		}
	}
	n := b.read.Add(1)
	return b.frames == 0 || n < b.frames
}
