package dispatch_test

import (
	"context"
	"testing"
	"time"

	"github.com/kaden-project/kaden/account"
	"github.com/kaden-project/kaden/call"
	"github.com/kaden-project/kaden/dispatch"
	"github.com/kaden-project/kaden/leg"
	"github.com/kaden-project/kaden/timeline"
)

// What detection takes for a machine (rule 18). The detector itself is package media's; here somebody says what it found.

// takenFor is the detector's word.
func (c *phone) takenFor(what string) *phone {
	c.says(call.Event{Status: call.InProgress, AnsweredBy: what})
	return c
}

func TestAMachineYieldsAndAKeyStillWins(t *testing.T) {
	story(t, "", func(h *house) {
		got := h.alert("k", "disk full")
		sato := h.rings("sato").ring().answer().takenFor("machine_start")
		suzuki := h.rings("suzuki").ring() // at once, not after 12 s
		sato.press("1").hears("Recorded")  // detection errs
		suzuki.stopped(leg.Canceled)
		h.is(got.Alerts[0], dispatch.Acknowledged, "sato")
		inc, _ := h.store.IncidentByID(context.Background(), got.Alerts[0])
		rows, err := h.store.AttemptsOf(context.Background(), inc.Callout)
		if err != nil || rows[0].AnsweredBy != "machine_start" {
			t.Errorf("attempt %+v, %v", rows[0], err)
		}
	})
}

func TestAPersonIsNotedAsOne(t *testing.T) {
	story(t, "", func(h *house) {
		got := h.alert("k", "disk full")
		h.rings("sato").ring().answer().takenFor("human").press("1").hears("Recorded")
		h.happened(timeline.AttemptDetected, "")
		h.is(got.Alerts[0], dispatch.Acknowledged, "sato")
		h.quiet()
	})
}

func TestTheMessageIsLeftAfterTheBeep(t *testing.T) {
	story(t, plans+"machine: message\n", func(h *house) {
		h.set.Numbers = []account.Number{{Number: "+815012345678", CallBack: true}}
		h.alert("k", "disk full")
		sato := h.rings("sato").ring().answer()
		if !sato.order.Detection.Message {
			t.Error("detection does not wait for the beep")
		}
		sato.takenFor("machine_start")
		suzuki := h.rings("suzuki").ring()
		sato.takenFor("machine_end_beep").hears("disk full").hears("Nobody needs to press a key. Please call back: 0 5 0 1 2 3 4 5 6 7 8.")
		h.happened(timeline.AttemptMachine, "")
		suzuki.answer().press("1").hears("Recorded")
	})
}

func TestAPlanThatHangsUpOnMachines(t *testing.T) {
	story(t, plans+"machine: hang-up\n", func(h *house) {
		h.alert("k", "disk full")
		sato := h.rings("sato").ring().answer().takenFor("machine_start")
		sato.stopped(leg.Completed)
		h.rings("suzuki").ring().answer().press("1").hears("Recorded")
	})
}

func TestWhoTalksInAConferenceIsBusyForTheNextAlert(t *testing.T) {
	tell(t, join, func(n *night) {
		n.plan("plan: disk\nsteps:\n  - call: [sato, suzuki]\n    order: in-turn\n")
		s := n.set.Sources["json"]
		river := n.alert("river", "the river is over the mark")
		sato, suzuki, tanaka := n.Phone("sato").Rings(), n.Phone("suzuki").Rings(), n.Phone("tanaka").Rings()
		sato.Answers().Hears("Press 1").Presses("1").HearsAll("Press star")
		suzuki.Declines()
		tanaka.Declines()
		n.is(river, dispatch.Acknowledged, "sato")
		s.Plan = "disk"
		n.set.Sources["json"] = s
		disk := n.alert("db01/disk", "disk full on db01")
		suzuki.Rings().Answers().Hears("disk full").Presses("1").Hears("Recorded").IsHungUp()
		n.is(disk, dispatch.Acknowledged, "suzuki")
		n.happened(timeline.AttemptBusy, "talks in the conference")
		sato.HangsUp()
		n.must(n.d.Resolve(n.t.Context(), river, "sato"))
		n.must(n.d.Resolve(n.t.Context(), disk, "sato"))
		n.quiet(time.Hour)
	})
}

func TestChecksCountAmongTheCallsOfAnHour(t *testing.T) {
	tell(t, "plan: default\nstill-on-it: 5m\nsteps:\n  - call: [sato, suzuki]\n    order: in-turn\n", func(n *night) {
		id := n.alert("db01/disk", "disk full on db01")
		sato := takes(n.Phone("sato"))
		for range 10 {
			sato.Rings().Answers().Hears("still on it").Presses("1").Hears("you are on it").IsHungUp()
		}
		n.is(id, dispatch.Acknowledged, "sato")
		n.must(n.d.Resolve(n.t.Context(), id, "sato"))
		one := n.alert("a", "cpu hot")
		takes(sato)
		two := n.alert("b", "cpu hot") // the thirteenth call within the hour
		n.Phone("suzuki").Rings().Answers().Hears("cpu hot").Presses("1").Hears("Recorded").IsHungUp()
		n.is(two, dispatch.Acknowledged, "suzuki")
		n.happened(timeline.AttemptUnreachable, "called 12 times within the hour")
		n.must(n.d.Resolve(n.t.Context(), one, "sato"))
		n.must(n.d.Resolve(n.t.Context(), two, "sato"))
	})
}
