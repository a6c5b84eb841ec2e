package dispatch_test

import (
	"strings"
	"testing"
	"time"

	"github.com/kaden-project/kaden/dispatch"
	"github.com/kaden-project/kaden/timeline"
)

// elsewhere is a story in which another platform carries all calls.
func elsewhere(t *testing.T, plan string, f func(h *house)) {
	t.Helper()
	story(t, plan, func(h *house) {
		h.phones.away = true
		f(h)
	})
}

// The phone rings on while kaden dies and comes back: nobody is called again, and the key counts.
func TestACallElsewhereThatRingsGoesOnAfterACrash(t *testing.T) {
	elsewhere(t, "", func(h *house) {
		got := h.alert("k", "disk full")
		sato := h.rings("sato").ring()
		h.crash()
		h.start()
		if h.rings("sato") != sato {
			t.Error("sato was called a second time")
		}
		h.quiet()
		h.happened(timeline.CalloutResumed, "goes on")
		sato.answer().hears("disk full").press("1").hears("Recorded")
		h.is(got.Alerts[0], dispatch.Acknowledged, "sato")
		h.quiet()
		h.mustNotHave(timeline.AttemptLost)
		if strings.Contains(strings.Join(h.spoken, " "), "ghost") {
			t.Errorf("a ghost was ended: %v", h.spoken)
		}
	})
}

// Whoever listens while kaden dies presses the key after it is back; the next person is not rung.
func TestACallElsewhereThatIsListenedToGoesOnAfterACrash(t *testing.T) {
	elsewhere(t, "", func(h *house) {
		got := h.alert("k", "disk full")
		sato := h.rings("sato").ring().answer()
		h.crash()
		h.start()
		h.rings("sato")
		h.after(5 * time.Second)
		sato.press("1").hears("Recorded")
		h.is(got.Alerts[0], dispatch.Acknowledged, "sato")
		h.after(time.Minute)
		h.quiet()
	})
}

// Two alerts that one call tells are both back on it, and one key takes both.
func TestTwoAlertsOnACallElsewhereGoOnAfterACrash(t *testing.T) {
	elsewhere(t, "", func(h *house) {
		first := h.alert("a", "disk full")
		sato := h.rings("sato").ring()
		second := h.alert("b", "memory full")
		h.crash()
		h.start()
		h.rings("sato")
		sato.answer().press("1")
		h.is(first.Alerts[0], dispatch.Acknowledged, "sato")
		h.is(second.Alerts[0], dispatch.Acknowledged, "sato")
		h.quiet()
	})
}

// What happened in the call afterwards means what it always means: nobody comes, and the next person is rung.
func TestNobodyAnswersACallElsewhereAfterACrash(t *testing.T) {
	elsewhere(t, "", func(h *house) {
		h.alert("k", "disk full")
		sato := h.rings("sato").ring()
		h.crash()
		h.start()
		h.rings("sato")
		sato.noAnswer()
		h.rings("suzuki").ring().answer().press("1")
		h.quiet()
	})
}

// The call was over before kaden came back: sato is called once more, as after every crash.
func TestACallElsewhereThatIsOverIsMadeAgain(t *testing.T) {
	elsewhere(t, "", func(h *house) {
		h.alert("k", "disk full")
		sato := h.rings("sato").ring()
		sato.over = true
		h.crash()
		h.start()
		again := h.rings("sato")
		if again == sato {
			t.Fatal("a call that is over goes on")
		}
		h.happened(timeline.AttemptLost, "")
		again.ring().answer().press("1")
	})
}

// sato has taken it, and kaden dies before the others' phones stop: those calls do not go on, and sato hears to the
// end that it is recorded.
func TestAfterACrashOnlyTheCallOfWhoTookItGoesOn(t *testing.T) {
	elsewhere(t, together, func(h *house) {
		got := h.alert("k", "disk full")
		sato := h.rings("sato").ring()
		suzuki, tanaka := h.rings("suzuki").ring(), h.rings("tanaka").ring()
		sato.lingers = true
		sato.answer().press("1")
		suzuki.over, tanaka.over = false, false // the word did not reach the platform
		h.crash()
		h.start()
		if h.rings("sato") != sato {
			t.Error("sato was called a second time")
		}
		for _, who := range []string{"suzuki", "tanaka"} {
			if h.maybe(who) != nil {
				t.Errorf("%s's call goes on", who)
			}
		}
		sato.hangsUp()
		h.after(time.Minute)
		h.quiet()
		h.is(got.Alerts[0], dispatch.Acknowledged, "sato")
	})
}
