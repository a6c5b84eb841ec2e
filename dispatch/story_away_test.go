package dispatch_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/kaden-project/kaden/dispatch"
)

// A call that another platform carries is not joined with others here, and what it records stays there: who
// confirms is thanked, and that is all.
func TestWhoConfirmsOnAnotherPlatform(t *testing.T) {
	story(t, strings.Replace(plans, "in-turn", "together\n    need: everyone\n    join: true", 1), func(h *house) {
		h.phones.away = true
		h.alert("k", "disk full")
		sato := h.rings("sato").ring()
		if !sato.order.Here {
			t.Error("a call that is to be joined may go over an upstream")
		}
		sato.answer().press("1").hears("Recorded")
		if said := strings.Join(sato.heard, " "); strings.Contains(said, "conference") || strings.Contains(said, "message for whoever") {
			t.Errorf("they hear %q", said)
		}
		h.rings("suzuki").noAnswer()
		h.rings("tanaka").noAnswer()
	})
	story(t, "", func(h *house) {
		h.phones.away = true
		got := h.alert("k", "disk full")
		sato := h.rings("sato").ring().answer()
		if sato.order.Here {
			t.Error("a call that is not to be joined may not go over an upstream")
		}
		sato.press("1").hears("Recorded")
		if said := sato.heard[len(sato.heard)-1]; strings.Contains(said, "leave a message") {
			t.Errorf("they hear %q", said)
		}
		h.is(got.Alerts[0], dispatch.Acknowledged, "sato")
		h.after(15*time.Minute + time.Second)
		check := h.rings("sato").ring().answer()
		if said := check.heard[0]; strings.Contains(said, "5") {
			t.Errorf("asked whether they are still on it, they hear %q", said)
		}
		check.press("6")
		h.is(got.Alerts[0], dispatch.Resolved, "sato")
	})
}

// Where what is said went with the order, a second alert is told in a call of its own, when the first is over.
func TestNobodyGetsOnACallThatSaysWhatItSays(t *testing.T) {
	story(t, "plan: default\nconfirm: none\nsteps:\n  - call: [sato]\n", func(h *house) {
		h.phones.away, h.phones.fixed = true, true
		h.alert("k", "disk full")
		sato := h.rings("sato").ring()
		second := h.alert("other", "memory full")
		h.quiet()
		sato.answer().hears("disk full")
		h.rings("sato").ring().answer().hears("memory full")
		h.is(second.Alerts[0], dispatch.Acknowledged, "sato")
	})
}

// Whoever asks from outside is sent on to addresses that lead here from outside.
func TestAddressesInAScriptForOthers(t *testing.T) {
	story(t, strings.Replace(plans, "in-turn", "together\n    need: everyone\n    join: true", 1), func(h *house) {
		h.alert("k", "disk full")
		path := strings.TrimPrefix(h.rings("sato").ring().answer().order.Program.URL, dispatch.Origin)
		h.rings("suzuki").noAnswer()
		h.rings("tanaka").noAnswer()
		attempt := strings.Split(path, "/")[2]
		w := httptest.NewRecorder()
		h.d.ServeHTTP(w, httptest.NewRequest(http.MethodPost, strings.Replace(path, "/script", "/join?about="+attempt, 1), nil))
		if text := w.Body.String(); w.Code != http.StatusOK || strings.Contains(text, dispatch.Origin) || !strings.Contains(text, "https://kaden.example/callouts/") {
			t.Errorf("%d %s", w.Code, text)
		}
	})
}
