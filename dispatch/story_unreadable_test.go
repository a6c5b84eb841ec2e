package dispatch_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/kaden-project/kaden/alert"
	"github.com/kaden-project/kaden/dispatch"
	"github.com/kaden-project/kaden/leg"
	"github.com/kaden-project/kaden/timeline"
)

// unreadable is a delivery that nobody can read: what came and why not.
func (h *house) unreadable(raw, why string, change ...func(*alert.Alert)) alert.Receipt {
	h.t.Helper()
	one := alert.Fallback("json", "json", []byte(raw), errors.New(why))
	for _, f := range change {
		f(&one)
	}
	h.keyed++
	r, err := h.d.Accept(context.Background(), alert.Delivery{
		ID: fmt.Sprint("refused:", h.keyed), Source: "json", Kind: "json", Raw: []byte(raw), ReceivedAt: time.Now(), Alerts: []alert.Alert{one},
	})
	if err != nil {
		h.t.Fatal(err)
	}
	synctest.Wait()
	return r
}

// longKnown has the source understood for more than a day.
func (h *house) longKnown() {
	h.t.Helper()
	h.alert("sample", "it works", func(a *alert.Alert) { a.Action = alert.Test })
	h.after(25 * time.Hour)
}

func TestAKnownSourceThatCannotBeReadCallsAtOnce(t *testing.T) {
	story(t, together, func(h *house) {
		h.longKnown()
		got := h.unreadable(`{"title":"disk full",}`, "the body is not JSON")
		sato := h.rings("sato").ring()
		h.rings("suzuki").ring()
		h.rings("tanaka").ring()
		sato.answer().hears("Unrated alert from json. Something came that could not be read; the screen shows it. What could be made out: disk full").press("1")
		h.is(got.Alerts[0], dispatch.Acknowledged, "sato")
		h.alert("cpu", "cpu is well", func(a *alert.Alert) { a.Action = alert.Info }) // that it can be read again says nothing about what it wanted to say
		if h.incident(got.Alerts[0]).Status != dispatch.Acknowledged {
			t.Errorf("it is over without a word of sato's\n%s", h.night())
		}
		sato.hangsUp()
		h.after(16 * time.Minute)
		h.rings("sato").ring().answer().hears("Something came that could not be read").press("6")
		h.is(got.Alerts[0], dispatch.Resolved, "sato")
	})
}

func TestAStormOfWhatCannotBeReadIsOneIncident(t *testing.T) {
	story(t, "", func(h *house) {
		h.longKnown()
		first := h.unreadable("disk full on db01", "the body is not JSON")
		sato := h.rings("sato").ring()
		for i := range 60 {
			if got := h.unreadable(fmt.Sprint("disk full on db", i+2), "the body is not JSON"); got.Alerts[0] != first.Alerts[0] {
				t.Fatalf("another incident: %v", got)
			}
		}
		h.quiet()
		inc := h.incident(first.Alerts[0])
		if inc.Repeats != 60 || inc.Alert.Severity != alert.Unknown || !strings.HasPrefix(inc.Alert.Body, "disk full on db01\n\n[2, ") || !strings.Contains(inc.Alert.Body, "disk full on db61") {
			t.Errorf("kept %+v", inc)
		}
		h.happened(timeline.AlertRepeated, "the 2. that could not be read: the body is not JSON")
		if n := strings.Count(h.night(), string(timeline.AlertRepeated)); n != 22 {
			t.Errorf("%d repetitions are on the timeline", n)
		}
		sato.answer().hears("61 things came that could not be read; the screen shows them. What could be made out: disk full on").press("1")
	})
}

func TestWhatCameIsShownAsFarAsItFits(t *testing.T) {
	story(t, "", func(h *house) {
		h.longKnown()
		first := h.unreadable(strings.Repeat("first ", 600), "x")
		for range 6 {
			h.unreadable(strings.Repeat("more ", 800), "x")
		}
		inc := h.incident(first.Alerts[0])
		if n := len(inc.Alert.Body); n > alert.LongestBody || n < alert.LongestBody/2 || !strings.HasPrefix(inc.Alert.Body, "first") || inc.Repeats != 6 {
			t.Errorf("%d bytes, %d times", n, inc.Repeats)
		}
	})
}

func TestASourceThatIsBeingSetUpHasTimeToMendIt(t *testing.T) {
	story(t, together, func(h *house) {
		slip := h.unreadable(`{"titel":"x"}`, "the title is missing")
		if inc := h.incident(slip.Alerts[0]); inc.Alert.Severity != alert.Warning {
			t.Errorf("it is kept as %+v", inc.Alert)
		}
		h.after(4 * time.Minute)
		h.quiet()
		got := h.alert("disk", "disk full", severity(alert.Notice))
		h.is(slip.Alerts[0], dispatch.Resolved, "")
		h.happened(timeline.AlertResolved, "json can be read again")
		if len(got.Alerts) != 2 {
			t.Errorf("touched %v", got.Alerts)
		}
		h.alert("disk", "disk full", resolve)
		for range 4 { // slip after slip rings nobody, as long as each is mended
			again := h.unreadable(`{"titel":"y"}`, "the title is missing")
			if again.Alerts[0] == slip.Alerts[0] {
				t.Error("a slip was taken for a flap")
			}
			h.after(time.Minute)
			h.alert("disk", "disk full", resolve)
			h.is(again.Alerts[0], dispatch.Resolved, "")
		}
		h.after(time.Hour)
		h.quiet()
	})
}

func TestASourceThatWasNeverUnderstoodCallsAfterFiveMinutes(t *testing.T) {
	story(t, together, func(h *house) {
		h.unreadable(`disk full`, "the body is not JSON")
		h.after(time.Minute)
		h.unreadable(`disk fuller`, "the body is not JSON")
		h.after(4*time.Minute - time.Second)
		h.quiet()
		h.after(2 * time.Second)
		h.rings("sato").ring().answer().hears("Warning alert from json. 2 things came that could not be read").press("1")
	})
}

// A connection that broke off says nothing about the source: it comes again, or it does not.
func TestWhatBrokeOffIsMildUntilSomethingWorseComes(t *testing.T) {
	story(t, "", func(h *house) {
		h.longKnown()
		cut := h.unreadable(`{"ti`, "the body broke off", severity(alert.Warning))
		h.after(2 * time.Minute)
		h.quiet()
		h.alert("disk", "disk full", severity(alert.Notice))
		h.is(cut.Alerts[0], dispatch.Resolved, "")
		h.alert("disk", "disk full", resolve)

		h.unreadable(`{"ti`, "the body broke off", severity(alert.Warning))
		h.after(time.Minute)
		h.quiet()
		h.unreadable(`disk full`, "the body is not JSON")
		h.happened(timeline.AlertRaised, "the 2. that could not be read")
		sato := h.rings("sato").ring()
		h.alert("disk", "disk full", func(a *alert.Alert) { a.Action = alert.Info }) // too late: it is grave now
		sato.answer().hears("could not be read").press("1")
		h.unreadable(`{"ti`, "the body broke off", severity(alert.Warning)) // as grave as the worst of them
		h.alert("disk", "disk full", func(a *alert.Alert) { a.Action = alert.Info })
		h.quiet()
		sato.stopped("")
	})
}

// A batch of which a part cannot be read: both are told, and the part that was read ends nothing.
func TestABatchInPart(t *testing.T) {
	story(t, "", func(h *house) {
		h.longKnown()
		one := alert.Alert{Key: "disk", Action: alert.Trigger, Severity: alert.Critical, Title: "disk full"}
		got, err := h.d.Accept(context.Background(), alert.Delivery{ID: "b", Source: "json", Kind: "json", ReceivedAt: time.Now(),
			Alerts: []alert.Alert{one, alert.Fallback("json", "json", []byte(`[]`), errors.New("alert 2 of 2: the title is missing"))}})
		if err != nil || len(got.Alerts) != 2 {
			t.Fatalf("%v, %v", got, err)
		}
		h.rings("sato").ring().answer().hears("There are 2 alerts").press("1").hears("you have taken 2 alerts")
		h.is(got.Alerts[1], dispatch.Acknowledged, "sato")
	})
}

// kaden's own word about a source, such as a storm or a test from the console, is no sign that it can be read.
func TestOurOwnWordDoesNotEndIt(t *testing.T) {
	story(t, "", func(h *house) {
		slip := h.unreadable(`disk full`, "the body is not JSON")
		_, err := h.d.Accept(context.Background(), alert.Delivery{ID: "storm", Source: "json", Kind: "json", ReceivedAt: time.Now(), Ours: true,
			Alerts: []alert.Alert{{Key: "kaden:storm:json", Action: alert.Info, Title: "a storm"}}})
		if err != nil {
			t.Fatal(err)
		}
		h.is(slip.Alerts[0], dispatch.Stored, "")
		h.after(6 * time.Minute)
		h.alert("x", "x", func(a *alert.Alert) { a.Action = alert.Info })
		h.is(slip.Alerts[0], dispatch.Resolved, "")
		h.rings("sato").stopped(leg.Canceled)
	})
}
