package dispatch_test

import (
	"testing"
	"time"

	"github.com/kaden-project/kaden/dispatch"
	"github.com/kaden-project/kaden/timeline"
)

// All of them, together on the telephone (P2): whoever answers is joined with the others.

const join = `
plan: default
steps:
  - call: [sato, suzuki, tanaka]
    order: together
    need: everyone
    join: true
`

func TestP2WhoeverAnswersIsJoinedAndOneComesLate(t *testing.T) {
	tell(t, join, func(n *night) {
		id := n.alert("db01/disk", "disk full on db01")
		sato, suzuki, tanaka := n.Phone("sato").Rings(), n.Phone("suzuki").Rings(), n.Phone("tanaka").Rings()
		sato.Answers().Hears("Press 1").Presses("1").Hears("Recorded").Hears("You are the first in the conference").
			Hears("It is about: disk full on db zero one").Hears("Still missing: Suzuki, Tanaka.").HearsAll("Press star to leave it.")
		suzuki.Answers().Hears("Press 1").Presses("1").Hears("Recorded").Hears("In the conference: Sato.").Hears("Still missing: Tanaka.").HearsAll("Press star")
		sato.Hears("Suzuki has joined.")
		tanaka.StopsRinging()
		n.is(id, dispatch.Acknowledged, "sato")
		n.happened(timeline.AttemptJoined, "sato")
		n.happened(timeline.AttemptJoined, "suzuki")

		suzuki.Waits(5 * time.Minute).Presses("*").Hears("Press 3 to call those who are missing again, 1 people. 1 to go back. Hang up to leave.").Presses("3").
			Hears("1 people are being called now").Hears("Back to the conference")
		tanaka.Rings().Answers().Hears("disk full").Hears("Press 1").Presses("1").Hears("Recorded").
			Hears("In the conference: Sato, Suzuki.").HearsAll("Press star")
		tanaka.Waits(time.Minute).Presses("*").Hears("Press 1 to go back. Hang up to leave.").Presses("1").Hears("Back to the conference")
		n.quiet(20*time.Minute, "sato", "suzuki", "tanaka") // who talks is not asked whether they are still on it
		n.must(n.d.Resolve(n.t.Context(), id, "sato"))
		suzuki.Hears("This alert was resolved")
		sato.HangsUp()
		suzuki.HangsUp()
		tanaka.HangsUp()
		if left := n.count(timeline.AttemptLeft, ""); left != 5 {
			t.Errorf("%d times somebody left, want 5:\n%s", left, n.timeline())
		}
		n.is(id, dispatch.Resolved, "sato")
		n.quiet(time.Hour)
	})
}

func TestP2WhoJoinsLateHearsTheWordFirst(t *testing.T) {
	tell(t, `
plan: default
keys: { "1": accept, "2": pass, "5": speak }
steps:
  - call: [sato, suzuki, tanaka]
    order: together
    need: everyone
    join: true
`, func(n *night) {
		id := n.alert("db01/disk", "disk full on db01")
		sato, suzuki, tanaka := n.Phone("sato").Rings(), n.Phone("suzuki").Rings(), n.Phone("tanaka").Rings()
		sato.Answers().Hears("Press 1").Presses("5")
		leaves(sato).Hears("message is kept").Hears("Press 1").Presses("1").Hears("You are the first").HearsAll("Press star")
		suzuki.StopsRinging()
		tanaka.StopsRinging()
		n.is(id, dispatch.Acknowledged, "sato")
		sato.Presses("*").Hears("missing again, 2 people").Presses("3").Hears("Back to the conference")
		tanaka.Rings()
		suzuki.Rings().Answers().Hears("Sato has left this message.").Hears("disk full").Hears("Press 1").Presses("1").
			Hears("In the conference: Sato.").Hears("Still missing: Tanaka.").HearsAll("Press star")
		tanaka.StopsRinging()
		sato.HangsUp()
		suzuki.HangsUp()
		n.must(n.d.Resolve(n.t.Context(), id, "sato"))
	})
}

func TestP2WhoMissedItCallsBackAndIsJoined(t *testing.T) {
	tell(t, join, func(n *night) {
		id := n.alert("db01/disk", "disk full on db01")
		sato, suzuki, tanaka := n.Phone("sato").Rings(), n.Phone("suzuki").Rings(), n.Phone("tanaka").Rings()
		sato.Answers().Hears("Press 1").Presses("1").HearsAll("Press star")
		suzuki.StopsRinging()
		tanaka.StopsRinging()
		n.is(id, dispatch.Acknowledged, "sato")
		suzuki = n.callsUs("suzuki").Hears("disk full").Hears("Press 1").Presses("1").Hears("Recorded").
			Hears("In the conference: Sato.").Hears("Still missing: Tanaka.").HearsAll("Press star")
		sato.Hears("Suzuki has joined.")
		n.is(id, dispatch.Acknowledged, "sato")
		sato.HangsUp()
		suzuki.HangsUp()
		time.Sleep(time.Second)
		n.callsUs("tanaka").Hears("There is nothing for you").IsHungUp() // the conference is over, and it is taken
		n.must(n.d.Resolve(n.t.Context(), id, "sato"))
		n.quiet(time.Hour)
	})
}

func TestWhoIsCutOffMayJoinAllTheSame(t *testing.T) {
	tell(t, "plan: default\nsteps:\n  - call: [sato, suzuki, tanaka]\n    order: together\n    join: true\n", func(n *night) {
		id := n.alert("db01/disk", "disk full on db01")
		sato, suzuki, tanaka := n.Phone("sato").Rings(), n.Phone("suzuki").Rings(), n.Phone("tanaka").Rings()
		suzuki.Answers().Hears("disk full")
		tanaka.Answers().Hears("disk full")
		sato.Answers().Hears("Press 1").Presses("1").Hears("Recorded")
		suzuki.Hears("Sato has taken this alert").Hears("Press 1 to join the conference.").Presses("1").Hears("It is about").HearsAll("Press star")
		tanaka.Hears("Sato has taken this alert").Hears("Press 1 to join").IsHungUp()
		suzuki.Hears("Sato has joined.")
		n.is(id, dispatch.Acknowledged, "sato")
		n.happened(timeline.AttemptJoined, "suzuki")
		sato.HangsUp()
		suzuki.HangsUp()
		n.must(n.d.Resolve(n.t.Context(), id, "sato"))
		n.quiet(time.Hour)
	})
}

func TestP2AfterARestartTheConferenceIsOverAndTheAlertIsStillTaken(t *testing.T) {
	tell(t, join, func(n *night) {
		id := n.alert("db01/disk", "disk full on db01")
		sato, suzuki, tanaka := n.Phone("sato").Rings(), n.Phone("suzuki").Rings(), n.Phone("tanaka").Rings()
		sato.Answers().Hears("Press 1").Presses("1").HearsAll("Press star")
		suzuki.Answers().Hears("Press 1").Presses("1").HearsAll("Press star")
		tanaka.StopsRinging()
		n.is(id, dispatch.Acknowledged, "sato")
		n.restart()
		sato.IsHungUp()
		suzuki.IsHungUp()
		n.quiet(14 * time.Minute)
		sato.Rings().Answers().Hears("still on it").Presses("1").Hears("you are on it").IsHungUp()
		n.must(n.d.Resolve(n.t.Context(), id, "sato"))
		n.quiet(time.Hour)
	})
}
