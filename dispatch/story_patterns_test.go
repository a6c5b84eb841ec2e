package dispatch_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/kaden-project/kaden/dispatch"
	"github.com/kaden-project/kaden/leg/simleg"
	"github.com/kaden-project/kaden/oncall"
	"github.com/kaden-project/kaden/timeline"
)

// The patterns of calling out (P1–P6, P9), as nights.

func TestP1AllRingAtOnceAndTheFirstKeyTakesIt(t *testing.T) {
	tell(t, together, func(n *night) {
		id := n.alert("db01/disk", "disk full on db01")
		sato, suzuki, tanaka := n.Phone("sato").Rings(), n.Phone("suzuki").Rings(), n.Phone("tanaka").Rings()
		tanaka.Answers().Hears("disk full")
		sato.Waits(3 * time.Second).Answers().Hears("Press 1").Presses("1").Hears("Recorded: you have taken it")
		suzuki.StopsRinging()
		tanaka.Hears("Sato has taken this alert").IsHungUp()
		n.is(id, dispatch.Acknowledged, "sato")
		sato.Hears("To leave a message").IsHungUp()
		n.quiet(10 * time.Minute)
	})
}

func TestP1TheVoicemailThatAnswersFirstSilencesNobody(t *testing.T) { // T1
	tell(t, together, func(n *night) {
		n.Behaves("tanaka", simleg.Voicemail(5*time.Second, nil, 30*time.Second))
		id := n.alert("db01/disk", "disk full on db01")
		sato, suzuki := n.Phone("sato").Rings(), n.Phone("suzuki").Rings()
		sato.Waits(15 * time.Second).Answers().Hears("disk full").Presses("1").Hears("Recorded")
		suzuki.StopsRinging()
		n.is(id, dispatch.Acknowledged, "sato")
		sato.IsHungUp()
		n.quiet(5 * time.Minute)
	})
}

func TestP3EachIsCalledUntilTheyHaveAnswered(t *testing.T) {
	tell(t, `
plan: default
steps:
  - call: [sato, suzuki, tanaka]
    need: everyone
    rounds: forever
deadline: 2h
`, func(n *night) {
		id := n.alert("evacuate", "river over the mark")
		sato, suzuki, tanaka := n.Phone("sato").Rings(), n.Phone("suzuki").Rings(), n.Phone("tanaka").Rings()
		sato.Answers().Hears("river").Presses("1").Hears("Recorded")
		suzuki.Answers().Hears("river").Presses("2").Hears("next person")
		tanaka.StopsRinging()
		n.is(id, dispatch.Stored, "")
		sato.IsHungUp()
		suzuki.IsHungUp()
		tanaka.Rings().StopsRinging() // the second round, only for who has not answered
		tanaka.Rings().Answers().Hears("river").Presses("1").Hears("Recorded")
		n.is(id, dispatch.Acknowledged, "sato")
		n.happened(timeline.AlertAcknowledged, "2 of 3 confirmed; passed: suzuki")
		tanaka.IsHungUp()
		n.quiet(10 * time.Minute)
	})
}

func TestP4OneAfterAnother(t *testing.T) {
	tell(t, "", func(n *night) {
		id := n.alert("db01/disk", "disk full on db01")
		sato, suzuki, tanaka := n.Phone("sato"), n.Phone("suzuki"), n.Phone("tanaka")
		sato.Rings()
		suzuki.DoesNotRing(15 * time.Second)
		sato.StopsRinging() // nobody answers for 20 s
		suzuki.Rings().Declines()
		tanaka.Rings().Answers().Hears("disk full").Presses("1").Hears("Recorded").IsHungUp()
		n.is(id, dispatch.Acknowledged, "tanaka")
		n.happened(timeline.AttemptRejected, "suzuki")
		n.quiet(10 * time.Minute)
	})
}

func TestP5WhoComesFirstMovesOnFromAlertToAlert(t *testing.T) {
	tell(t, `
plan: default
steps:
  - call: [sato, suzuki, tanaka]
    order: round-robin
`, func(n *night) {
		for i, who := range []string{"sato", "suzuki", "tanaka", "sato"} {
			n.alert(fmt.Sprint("alert ", i), "disk full")
			n.Phone(who).Rings().Answers().Hears("disk full").Presses("1").Hears("Recorded").IsHungUp()
		}
		n.quiet(10 * time.Minute)
	})
}

func TestP6AgainAndAgainUntilSomebodyAnswers(t *testing.T) {
	tell(t, `
plan: default
steps:
  - call: [sato, suzuki]
    order: in-turn
    rounds: forever
    gap: 10s
deadline: 2h
`, func(n *night) {
		id := n.alert("db01/disk", "disk full on db01")
		sato, suzuki := n.Phone("sato"), n.Phone("suzuki")
		for range 5 {
			sato.Rings().StopsRinging()
			suzuki.Rings().StopsRinging()
		}
		sato.Rings().Answers().Hears("disk full").Presses("1").Hears("Recorded").IsHungUp()
		n.is(id, dispatch.Acknowledged, "sato")
		n.quiet(10 * time.Minute)
	})
}

// crew adds people who are alike, and gives their names.
func (n *night) crew(count int) (names []string) {
	for i := range count {
		names = append(names, fmt.Sprintf("p%03d", i))
	}
	n.people(names...)
	n.set.Groups["crew"] = oncall.Group{ID: "crew", Members: names}
	return names
}

const crew = "plan: default\nsteps:\n  - call: [\"@crew\"]\n    order: together\n"

func TestP9MorePeopleThanADialCanHold(t *testing.T) {
	for _, size := range []int{12, 300, 1000} {
		t.Run(fmt.Sprint(size), func(t *testing.T) {
			tell(t, crew, func(n *night) {
				names := n.crew(size)
				id := n.alert("db01/disk", "disk full on db01")
				at := n.Phone(names[0]).Rings().RangAt()
				for _, name := range names[1:] {
					if p := n.Phone(name).Rings(); p.RangAt().Sub(at) > time.Second {
						t.Fatalf("%s was called %v after the first", name, p.RangAt().Sub(at))
					}
				}
				last := n.Phone(names[size-1])
				last.Answers().Hears("disk full").Presses("1").Hears("Recorded")
				for _, name := range names[:size-1] {
					n.Phone(name).StopsRinging()
				}
				n.is(id, dispatch.Acknowledged, names[size-1])
				last.IsHungUp()
				n.quiet(10*time.Minute, names...)
			})
		})
	}
}

func TestT2WhateverTheLanguageAKeyIsThePersonsProof(t *testing.T) {
	tell(t, "", func(n *night) {
		n.person("sato", func(p *oncall.Person) { p.Language = "ja-JP" })
		id := n.alert("db01/disk", "ディスクが一杯です")
		n.Phone("sato").Rings().Answers().Hears("ディスクが一杯です").Hears("1を押してください").Presses("1").
			Hears("引き受けを記録しました").Hears("申し送りを残すときは").IsHungUp()
		n.is(id, dispatch.Acknowledged, "sato")
	})
}
