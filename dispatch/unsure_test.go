package dispatch_test

import (
	"errors"
	"testing"
	"time"

	"github.com/kaden-project/kaden/dispatch"
	"github.com/kaden-project/kaden/leg"
	"github.com/kaden-project/kaden/timeline"
)

func TestAnAlertWhoseCommitIsInDoubt(t *testing.T) {
	t.Run("it is there", func(t *testing.T) {
		story(t, "", func(h *house) {
			h.store.Doubt(1, true)
			got := h.alert("k", "disk full")
			h.rings("sato").ring().answer().press("1")
			h.is(got.Alerts[0], dispatch.Acknowledged, "sato")
			h.after(10 * time.Minute) // then sato is asked whether he is still on it
			h.quiet()
		})
	})
	t.Run("it is not there", func(t *testing.T) {
		story(t, "", func(h *house) {
			h.store.Doubt(1, false)
			if _, err := h.send("k", "disk full"); !errors.Is(err, dispatch.ErrUnsure) {
				t.Errorf("answered %v", err)
			}
			h.after(time.Minute)
			h.quiet()
			h.keyed-- // the sender tries again
			got := h.alert("k", "disk full")
			h.rings("sato").ring().answer().press("1")
			h.is(got.Alerts[0], dispatch.Acknowledged, "sato")
		})
	})
	t.Run("it is there, and the database stays away", func(t *testing.T) {
		story(t, "", func(h *house) {
			h.store.Doubt(1, true)
			stop := h.store.Announce(func([]timeline.Event) { h.store.Break(errors.New("the database is away")) })
			if _, err := h.send("k", "disk full"); !errors.Is(err, dispatch.ErrUnsure) {
				t.Errorf("answered %v", err)
			}
			stop()
			h.after(20 * time.Second)
			h.quiet()
			h.store.Break(nil)
			h.after(10 * time.Second)
			h.keyed--
			if got := h.alert("k", "disk full"); !got.Duplicate {
				t.Errorf("the sender's second try: %+v", got)
			}
			h.rings("sato").ring().answer().press("1").hears("Recorded")
			h.quiet()
		})
	})
	t.Run("a resolve", func(t *testing.T) {
		story(t, "", func(h *house) {
			got := h.alert("k", "disk full")
			sato := h.rings("sato").ring()
			h.store.Doubt(1, true)
			h.alert("k", "disk full", resolve)
			sato.stopped(leg.Canceled)
			h.is(got.Alerts[0], dispatch.Resolved, "")
		})
	})
}

// The others' phones fall silent and the person hears that it is recorded, as if the answer had come.
func TestAKeyWhoseCommitIsInDoubt(t *testing.T) {
	for name, stored := range map[string]bool{"it is there": true, "it is not there": false} {
		t.Run(name, func(t *testing.T) {
			story(t, together, func(h *house) {
				got := h.alert("k", "disk full")
				sato, suzuki := h.rings("sato").ring(), h.rings("suzuki").ring()
				h.rings("tanaka").busy()
				sato.answer()
				h.store.Doubt(1, stored)
				sato.press("1").hears("Recorded")
				suzuki.stopped(leg.Canceled)
				h.is(got.Alerts[0], dispatch.Acknowledged, "sato")
				h.after(10 * time.Minute) // then sato is asked whether he is still on it
				h.quiet()
			})
		})
	}
}

// Ours by an adoption of which nobody told us: they are taken up with the next sweep.
func TestAnAdoptionInDoubt(t *testing.T) {
	for name, stored := range map[string]bool{"it is there": true, "it is not there": false} {
		t.Run(name, func(t *testing.T) {
			story(t, "", func(h *house) {
				got := h.alert("k", "disk full")
				h.rings("sato").ring().answer()
				h.crash()
				h.store.Doubt(3, stored) // after the new life has joined and given its first sign
				h.start()
				h.after(3 * time.Second)
				h.rings("sato").ring().answer().press("1")
				h.is(got.Alerts[0], dispatch.Acknowledged, "sato")
				h.quiet()
			})
		})
	}
}
