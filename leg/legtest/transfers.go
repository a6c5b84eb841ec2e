package legtest

import (
	"errors"
	"slices"
	"testing"

	"github.com/kaden-project/kaden/leg"
)

// colleague is somebody to be called instead.
const colleague = "sip:tanaka@office.example.jp"

// transferring is an answered call to a phone that knows transfers.
func transferring(t *testing.T, h House) (leg.Transferer, Transferring) {
	t.Helper()
	l, p := answered(t.Context(), t, h)
	over, ok := l.(leg.Transferer)
	far, also := p.(Transferring)
	if !ok || !also {
		hangup(t, l, leg.Completed)
		ends(t, l, leg.Completed)
		t.Skip("skipped: this kind of leg knows no transfers")
	}
	return over, far
}

func transfers() []Case {
	return []Case{
		{"asks for somebody else in its place, and is told how it goes", func(t *testing.T, h House) {
			l, p := transferring(t, h)
			if err := l.Progress(t.Context(), 180); err == nil {
				t.Errorf("a phone that has asked for nothing was told of a transfer")
			}
			p.Refer(colleague, map[string]string{"X-Case": "4711"})
			e := expect(t, l, leg.Referred)
			if e.Target != colleague || e.Headers["X-Case"] != "4711" || e.Replaces != "" {
				t.Errorf("asked for %q with %v in the place of %q", e.Target, e.Headers, e.Replaces)
			}
			want := []int{100, 180, 200}
			for _, status := range want {
				if err := l.Progress(t.Context(), status); err != nil {
					t.Errorf("told of %d: %v", status, err)
				}
			}
			until(t, "the phone to be told", func() bool { return slices.Equal(p.Told(), want) })
			if err := l.Progress(t.Context(), 200); err == nil {
				t.Errorf("told again after the last word")
			}
			p.HangUp()
			ends(t, l, leg.HungUp)
			over(t, p, leg.Completed)
		}},
		{"asks for somebody else twice, and is refused and let", func(t *testing.T, h House) {
			l, p := transferring(t, h)
			for _, c := range []struct {
				say, want []int
			}{{[]int{603}, []int{603}}, {[]int{100, 486}, []int{100, 486}}} {
				p.Refer(colleague, nil)
				expect(t, l, leg.Referred)
				for _, status := range c.say {
					if err := l.Progress(t.Context(), status); err != nil {
						t.Errorf("told of %d: %v", status, err)
					}
				}
				until(t, "the phone to be told", func() bool { return slices.Equal(p.Told(), c.want) })
			}
			hangup(t, l, leg.Completed)
			ends(t, l, leg.Completed)
		}},
		{"is asked to call somebody else, and tells how it goes", func(t *testing.T, h House) {
			l, p := transferring(t, h)
			asked := make(chan error, 1)
			go func() { asked <- l.Transfer(t.Context(), colleague, nil) }()
			until(t, "the phone to be asked", func() bool { return p.Asked() == colleague })
			p.Tell(100)
			if err := within(t, asked, "the phone to accept"); err != nil {
				t.Errorf("transfer: %v", err)
			}
			p.Tell(200)
			for _, want := range []int{100, 200} {
				if e := expect(t, l, leg.ReferProgress); e.Status != want {
					t.Errorf("progress %d, want %d", e.Status, want)
				}
			}
			hangup(t, l, leg.Completed)
			ends(t, l, leg.Completed)
			if err := l.Transfer(t.Context(), colleague, nil); err == nil {
				t.Errorf("a phone that is gone was asked")
			}
		}},
		{"is asked to call somebody else, and declines", func(t *testing.T, h House) {
			l, p := transferring(t, h)
			asked := make(chan error, 1)
			go func() { asked <- l.Transfer(t.Context(), colleague, nil) }()
			until(t, "the phone to be asked", func() bool { return p.Asked() == colleague })
			p.Tell(603)
			var refused leg.TransferRefused
			if err := within(t, asked, "the phone to decline"); !errors.As(err, &refused) || refused.Status != 603 {
				t.Errorf("transfer: %v, want a refusal with 603", err)
			}
			p.HangUp()
			ends(t, l, leg.HungUp)
		}},
	}
}
