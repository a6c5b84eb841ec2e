package dispatch_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/kaden-project/kaden/call"
	"github.com/kaden-project/kaden/dispatch"
	"github.com/kaden-project/kaden/timeline"
)

// A call that another platform carries is not joined with others here: who confirms is thanked, and may leave a word.
func TestWhoConfirmsOnAnotherPlatform(t *testing.T) {
	story(t, strings.Replace(plans, "in-turn", "together\n    need: everyone\n    join: true", 1), func(h *house) {
		h.phones.away = true
		h.alert("k", "disk full")
		sato := h.rings("sato").ring()
		if !sato.order.Here {
			t.Error("a call that is to be joined may go over an upstream")
		}
		sato.answer().press("1").hears("Recorded")
		if said := strings.Join(sato.heard, " "); strings.Contains(said, "conference") {
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
		h.is(got.Alerts[0], dispatch.Acknowledged, "sato")
		h.after(15*time.Minute + time.Second)
		check := h.rings("sato").ring().answer()
		check.press("6")
		h.is(got.Alerts[0], dispatch.Resolved, "sato")
	})
}

// A word that is left on another platform is kept when it is here: at once, or late, where it is told once.
func TestAWordThatIsLeftOnAnotherPlatform(t *testing.T) {
	for _, late := range []bool{false, true} {
		story(t, "", func(h *house) {
			h.phones.away = true
			got := h.alert("k", "disk full")
			sato := h.rings("sato").ring().answer()
			sato.press("1").hears("leave a message").press("5").listens().hears("Speak after the tone")
			word, _, _ := strings.Cut(sato.next, "?") // where the platform goes on
			told := "?told=" + sato.order.Attempt
			ask := func(query string, form url.Values) string {
				t.Helper()
				reply, err := h.d.Ask(context.Background(), call.Ask{Method: "POST", URL: word + query, Params: form})
				if err != nil || reply.Status != 200 {
					t.Fatalf("%d %v", reply.Status, err)
				}
				synctest.Wait()
				return string(reply.Body)
			}
			here := url.Values{"RecordingSid": {"RE00000000000000000000000000000001"}, "RecordingDuration": {"3"}}
			if late {
				form := url.Values{"RecordingDuration": {"3"}}
				dispatch.PendingWord(form)
				if said := ask(told, form); !strings.Contains(said, "Your message is kept") {
					t.Errorf("they hear %s", said)
				}
				if inc := h.incident(got.Alerts[0]); inc.Word != "" {
					t.Errorf("a word is told of that is not here: %+v", inc)
				}
				ask(dispatch.LateWord(told), here)
				ask(dispatch.LateWord(told), here) // the platform's own callback says it again
			} else if said := ask(told, here); !strings.Contains(said, "Your message is kept") {
				t.Errorf("they hear %s", said)
			}
			if inc := h.incident(got.Alerts[0]); inc.Word != "RE00000000000000000000000000000001" || inc.WordBy != "sato" {
				t.Errorf("incident %+v", inc)
			}
			if n := strings.Count(h.night(), string(timeline.CalloutSpoke)); n != 1 {
				t.Errorf("it is told %d times that sato spoke", n)
			}
		})
	}
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
