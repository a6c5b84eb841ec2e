package dispatch_test

import (
	"context"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/kaden-project/kaden/callout"
	"github.com/kaden-project/kaden/dispatch"
	"github.com/kaden-project/kaden/oncall"
	"github.com/kaden-project/kaden/timeline"
)

// ill is a machine that panics when it is told of something, as long as the call-out follows the plan.
func ill(when callout.EventKind) func(callout.State, callout.Event) (callout.State, []callout.Command) {
	return func(s callout.State, e callout.Event) (callout.State, []callout.Command) {
		if e.Kind == when && s.Plan.Name == "default" {
			panic("the machine is ill")
		}
		return callout.Decide(s, e)
	}
}

// sick is a story whose machine panics.
func sick(t *testing.T, when callout.EventKind, f func(h *house)) {
	t.Helper()
	story(t, "", func(h *house) {
		h.stop()
		h.machine = ill(when)
		h.start()
		f(h)
	})
}

func TestAMachineThatPanicsFromTheStart(t *testing.T) {
	sick(t, callout.Begin, func(h *house) {
		got := h.alert("k", "disk full")
		sato, suzuki := h.rings("sato").ring(), h.rings("suzuki").ring()
		h.rings("tanaka").ring()
		h.happened(timeline.NoticeRaised, "the machine is ill")
		sato.noAnswer()
		suzuki.answer().hears("disk full").press("1").hears("Recorded")
		h.is(got.Alerts[0], dispatch.Acknowledged, "suzuki")
		h.after(10 * time.Minute)
		h.quiet()
	})
}

func TestAMachineThatPanicsInTheMiddleOfTheNight(t *testing.T) {
	sick(t, callout.AnsweredBy, func(h *house) {
		got := h.alert("k", "disk full")
		sato := h.rings("sato").ring().answer()
		h.after(time.Second) // three tries
		suzuki := h.rings("suzuki").ring()
		h.rings("tanaka").ring().noAnswer()
		h.quiet() // sato is on the telephone already
		sato.listens().hears("disk full").press("1").hears("Recorded")
		h.is(got.Alerts[0], dispatch.Acknowledged, "sato")
		suzuki.stopped("canceled")
		h.happened(timeline.AttemptFault, "put aside")
		h.after(10 * time.Minute)
		h.quiet()
	})
}

// Rounds go on for ever: nobody else knows of the alert.
func TestNobodyAnswersInQuarantine(t *testing.T) {
	sick(t, callout.Begin, func(h *house) {
		got := h.alert("k", "disk full")
		for range 3 {
			for _, who := range []string{"sato", "suzuki", "tanaka"} {
				h.rings(who).ring().noAnswer()
			}
			h.after(61 * time.Second)
		}
		h.rings("tanaka").ring().answer().press("1")
		h.is(got.Alerts[0], dispatch.Acknowledged, "tanaka")
	})
}

func TestTheGroupOfDefaultContactsIsCalled(t *testing.T) {
	sick(t, callout.Begin, func(h *house) {
		h.set.Groups = map[string]oncall.Group{"default-contacts": {ID: "default-contacts", Members: []string{"tanaka"}}}
		h.alert("k", "disk full")
		h.rings("tanaka").ring()
		h.quiet()
	})
}

func TestWithoutAnybodyToReachAmongTheDefaultContactsEverybodyIsCalled(t *testing.T) {
	sick(t, callout.Begin, func(h *house) {
		h.set.Groups = map[string]oncall.Group{"default-contacts": {ID: "default-contacts"}}
		delete(h.set.Plans, "default")
		h.machine = nil
		h.stop()
		h.start()
		got := h.alert("k", "disk full")
		h.garble(got.Alerts[0], `{"plan": `)
		h.rings("sato").ring()
		h.rings("suzuki").ring()
		h.rings("tanaka").ring().answer().press("1")
		h.is(got.Alerts[0], dispatch.Acknowledged, "tanaka")
	})
}

// garble breaks the state of a call-out while the program is down, and starts it again.
func (h *house) garble(incident, state string) {
	h.t.Helper()
	h.crash()
	i, err := h.store.IncidentByID(context.Background(), incident)
	if err != nil {
		h.t.Fatal(err)
	}
	err = h.store.Write(context.Background(), func(tx dispatch.Tx) error {
		row, err := tx.Callout(i.Callout)
		if err != nil {
			return err
		}
		row.State = json.RawMessage(state)
		row.Version++
		return tx.PutCallout(row)
	})
	if err != nil {
		h.t.Fatal(err)
	}
	h.start()
}

func TestAStateThatCannotBeRead(t *testing.T) {
	for name, state := range map[string]string{"garbage": "\x00garbage", "empty": "", "nothing": "null", "of another": `{"id":"co-1","status":"running"}`} {
		t.Run(name, func(t *testing.T) {
			story(t, "", func(h *house) {
				got := h.alert("k", "disk full")
				h.rings("sato").ring().noAnswer()
				h.rings("suzuki").ring()
				h.garble(got.Alerts[0], state)
				h.rings("sato").ring()
				h.rings("suzuki").ring()
				h.rings("tanaka").ring()
				h.happened(timeline.NoticeRaised, "cannot be read")
				i, _ := h.store.IncidentByID(context.Background(), got.Alerts[0])
				row, _ := h.store.CalloutByID(context.Background(), i.Callout)
				var aside struct{ Quarantine struct{ State, Why string } }
				if err := json.Unmarshal(row.State, &aside); err != nil || aside.Quarantine.State != strings.ToValidUTF8(state, "\uFFFD") {
					t.Errorf("what was there is not kept: %v %q", err, aside.Quarantine.State)
				}

				// The quarantine outlives a restart, and the attempts keep their names apart.
				h.crash()
				h.start()
				h.rings("sato").ring()
				h.rings("tanaka").ring()
				h.rings("suzuki").ring().answer().press("1")
				h.is(got.Alerts[0], dispatch.Acknowledged, "suzuki")
				list, err := h.store.AttemptsOf(context.Background(), i.Callout)
				if err != nil || len(list) != 8 {
					t.Errorf("%d attempts, want 8: %v", len(list), err)
				}
				for _, a := range list {
					if a.Ended.IsZero() {
						t.Errorf("%s of %s is %s for ever", a.ID, a.Person, a.Status)
					}
				}
			})
		})
	}
}

func TestNobodyIsCalledForWhatIsTakenOrOver(t *testing.T) {
	story(t, "", func(h *house) {
		taken := h.alert("a", "disk full")
		h.rings("sato").ring().answer().press("1")
		h.after(6 * time.Second) // sato has hung up
		over := h.alert("b", "cpu hot")
		h.rings("sato").ring()
		h.alert("b", "cpu hot", resolve)
		h.garble(taken.Alerts[0], "garbage")
		h.garble(over.Alerts[0], "garbage")
		if err := h.d.Stop(context.Background(), taken.Alerts[0], "suzuki"); err != nil { // wakes the call-out
			t.Error(err)
		}
		h.after(10 * time.Minute)
		h.quiet()
		h.is(taken.Alerts[0], dispatch.Acknowledged, "sato")
		h.is(over.Alerts[0], dispatch.Resolved, "")
	})
}

// The plain plan cannot be decided on either: then it begins again once a minute, and who takes the alert at
// the console is heard.
func TestAMachineThatPanicsInQuarantineToo(t *testing.T) {
	story(t, "", func(h *house) {
		h.stop()
		h.machine = func(s callout.State, e callout.Event) (callout.State, []callout.Command) {
			if e.Kind == callout.Rang {
				panic("the machine is ill")
			}
			return callout.Decide(s, e)
		}
		h.start()
		got := h.alert("k", "disk full")
		h.rings("sato").ring()
		h.after(2 * time.Second)
		h.rings("suzuki").ring()
		h.rings("tanaka").ring()
		h.after(5 * time.Minute)
		h.quiet() // they are on the telephone
		ctx, stop := context.WithTimeout(context.Background(), 2*time.Minute)
		defer stop()
		if err := h.d.Acknowledge(ctx, got.Alerts[0], "console"); err != nil {
			t.Fatalf("%v\n%s", err, h.night())
		}
		h.is(got.Alerts[0], dispatch.Acknowledged, "console")
	})
}
