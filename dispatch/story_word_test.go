package dispatch_test

import (
	"strings"
	"testing"
	"time"

	"github.com/kaden-project/kaden/dispatch"
	"github.com/kaden-project/kaden/phonetest"
	"github.com/kaden-project/kaden/timeline"
)

// Who took it leaves a message, and whoever comes after hears it first (申し送り, rule 25).

// leaves is somebody who leaves a message once they are asked for it.
func leaves(p *phonetest.Phone) *phonetest.Phone {
	return p.HearsAll("Speak after the tone").HearsAll("beep").Waits(200 * time.Millisecond).Says("restart the archiver first").Waits(5 * time.Second)
}

func TestR25TheNextOneHearsItFirst(t *testing.T) {
	tell(t, "", func(n *night) {
		id := n.alert("db01/disk", "disk full on db01")
		sato := n.Phone("sato").Rings().Answers().Hears("Press 1").Presses("1").Hears("Recorded: you have taken it").
			HearsAll("To leave a message for whoever comes after, press 5.").Presses("5")
		leaves(sato).Hears("Your message is kept").IsHungUp()
		inc := n.incident(id)
		if inc.Word == "" || inc.WordBy != "sato" || inc.Status != dispatch.Acknowledged {
			t.Fatalf("incident %+v", inc)
		}
		n.happened(timeline.CalloutSpoke, "sato")
		n.must(n.d.Release(n.t.Context(), id, "sato"))
		suzuki := n.Phone("suzuki").Rings().Answers().Hears("Sato has left this message.")
		if wav, err := n.store.Sound(n.t.Context(), inc.Word); err != nil || len(wav) < 16_000 {
			t.Errorf("the sound: %d bytes, %v", len(wav), err)
		}
		suzuki.Hears("disk full") // after it
		for _, h := range suzuki.Far().Heard() {
			if strings.Contains(h.Caption, "error") {
				t.Errorf("suzuki hears %q", h.Caption)
			}
		}
		suzuki.Hears("Press 1").Presses("1").Hears("Recorded").IsHungUp()
		n.callsUs("suzuki").Hears("Sato has left this message.").Hears("Are you still on it?").Presses("6").Hears("it is over").IsHungUp()
		n.quiet(time.Hour)
	})
}

func TestR25WhoHangsUpWhileSpeakingHasSpoken(t *testing.T) {
	tell(t, "", func(n *night) {
		id := n.alert("db01/disk", "disk full on db01")
		n.Phone("sato").Rings().Answers().Hears("Press 1").Presses("1").HearsAll("press 5").Presses("5").
			HearsAll("Speak after").HearsAll("beep").Says("restart the archiver first").Waits(3 * time.Second).HangsUp()
		n.happened(timeline.CalloutSpoke, "sato")
		if n.incident(id).Word == "" {
			t.Error("the word is lost")
		}
		n.must(n.d.Resolve(n.t.Context(), id, "sato"))
	})
}

func TestR25WhoSaysNothingLeavesNothing(t *testing.T) {
	tell(t, "", func(n *night) {
		id := n.alert("db01/disk", "disk full on db01")
		n.Phone("sato").Rings().Answers().Hears("Press 1").Presses("1").HearsAll("press 5").Presses("5").
			Hears("Speak after").Hears("Nothing was heard").IsHungUp()
		if n.incident(id).Word != "" || n.count(timeline.CalloutSpoke, "") != 0 {
			t.Error("a word of nothing")
		}
		n.must(n.d.Resolve(n.t.Context(), id, "sato"))
	})
}

func TestR25SomebodySpeaksWithoutTakingItAndInACheck(t *testing.T) {
	tell(t, "plan: default\nkeys: { \"1\": accept, \"2\": pass, \"5\": speak }\nsteps:\n  - call: [sato, suzuki]\n    order: in-turn\n", func(n *night) {
		id := n.alert("db01/disk", "disk full on db01")
		sato := n.Phone("sato").Rings().Answers().Hears("5 to leave a message").Presses("5")
		leaves(sato).Hears("message is kept").Hears("disk full").Presses("2").Hears("next person").IsHungUp()
		suzuki := n.Phone("suzuki").Rings().Answers().Hears("Sato has left").Hears("disk full").Presses("1").Hears("Recorded").IsHungUp()
		suzuki.DoesNotRing(14 * time.Minute)
		suzuki.Rings().Answers().Hears("Sato has left").Hears("still on it").Presses("5")
		leaves(suzuki).Hears("message is kept").Hears("still on it").Presses("1").Hears("you are on it").IsHungUp()
		if inc := n.incident(id); inc.WordBy != "suzuki" {
			t.Errorf("incident %+v", inc)
		}
		n.must(n.d.Resolve(n.t.Context(), id, "sato"))
		n.quiet(time.Hour, "sato", "suzuki")
	})
}
