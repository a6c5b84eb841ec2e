package main_test

import (
	"strings"
	"testing"
	"time"

	"github.com/kaden-project/kaden/timeline"
)

// Two phones of one person ring at the same time. Who answers the one at the desk and asks to hear it again is there: the
// mobile phone gets its CANCEL, long before the key that takes the alert. Neither the next way nor the next person rings.
func TestTwoPhonesOfOnePersonRingTogether(t *testing.T) {
	t.Parallel()
	needsVoice(t, "en")
	x := newExchange(t, func(user string, nth int) habit {
		switch {
		case user == "desk" && nth == 0:
			return habit{ring: 10 * time.Millisecond, answer: time.Second, press: "91", after: 3 * time.Second}
		case user == "desk":
			return habit{ring: 10 * time.Millisecond, answer: time.Second, press: "1", after: 3 * time.Second}
		}
		return habit{}
	})
	s := serve(t)
	s.apply("person: sato\nlanguage: en-US\ncontacts:\n  - [\""+x.address("mobile")+"\", \""+x.address("desk")+"\"]\n  - \""+x.address("home")+"\"\n",
		suzukiAt(x), "plan: default\nsteps:\n  - call: [sato, suzuki]\n    order: in-turn\n    ring: 60s\n")
	id := s.alarm("disk full on db01")
	mobile, desk := x.rung("mobile", 1), x.rung("desk", 1)
	if apart := desk.Sub(mobile).Abs(); apart > time.Second {
		t.Errorf("the two phones were called %v apart", apart)
	}
	taken := s.until(id, timeline.AlertAcknowledged, "sato")
	for user, want := range map[string]string{"mobile": "cancelled", "desk": "hung up", "home": "", "suzuki": ""} {
		if got := x.ended(user); got != want {
			t.Errorf("the call to %s: %q, want %q", user, got, want)
		}
	}
	n := s.night(id)
	silent, _ := n.first(timeline.AttemptCanceled, "sato")
	if silent.Cause != "elsewhere" || taken.At.Sub(silent.At) < 2*time.Second || n.count(timeline.AttemptConfirmed, "sato") != 1 {
		t.Errorf("the mobile phone fell silent at %v, and the alert was taken at %v:\n%s", silent.At, taken.At, n)
	}
	if got := s.command("", "why", id); got.code != 0 || !strings.Contains(got.out, "sato") || strings.Contains(got.out, "canceled") {
		t.Errorf("kaden why: %+v", got)
	}

	// The next alert is taken with the first key: that stops all.
	id = s.alarm("memory full on db02")
	s.until(id, timeline.AlertAcknowledged, "sato")
	for user, want := range map[string]string{"mobile": "cancelled, cancelled", "desk": "hung up, hung up", "home": "", "suzuki": ""} {
		if got := x.ended(user); got != want {
			t.Errorf("the calls to %s: %q, want %q", user, got, want)
		}
	}
	if n := s.night(id); n.count(timeline.AttemptConfirmed, "sato") != 1 || n.count(timeline.AttemptCanceled, "sato") != 1 {
		t.Errorf("the second night was:\n%s", n)
	}
}

// A browser and a telephone ring at the same time. A browser is answered by hand, so the telephone gets its CANCEL at once.
func TestABrowserAndATelephoneRingTogether(t *testing.T) {
	t.Parallel()
	needsVoice(t, "en")
	c := newChromium(t)
	x := newExchange(t, func(string, int) habit { return habit{} })
	o := newOffice(t)
	o.apply("person: me\nlanguage: en\ncontacts:\n  - [client:me, \"" + x.address("mobile") + "\"]\n")
	p := o.onDuty(t, c, "me", "me", "2.18")
	alert := o.alarm("disk full on db01")
	x.rung("mobile", 1)
	p.saw("incoming")
	p.run("call.accept(); await saw('call accept')")
	if got := x.ended("mobile"); got != "cancelled" {
		t.Errorf("the telephone: %q", got)
	}
	p.run("await new Promise((r) => setTimeout(r, 1500)); call.sendDigits('1')")
	o.until(alert, timeline.AlertAcknowledged, "me")
}
