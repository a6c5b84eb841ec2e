package dispatch_test

import (
	"errors"
	"testing"
	"time"

	"github.com/kaden-project/kaden/alert"
	"github.com/kaden-project/kaden/dispatch"
	"github.com/kaden-project/kaden/oncall"
	"github.com/kaden-project/kaden/phonetest"
	"github.com/kaden-project/kaden/timeline"
)

// Pressing 1 and falling asleep is the commonest failure of all (rule 2); who took it can give it to others (rule 5).

// takes is somebody who takes the alert that rings them.
func takes(p *phonetest.Phone) *phonetest.Phone {
	return p.Rings().Answers().Hears("Press 1").Presses("1").Hears("Recorded").IsHungUp()
}

func TestR2WhoIsAskedAndIsStillOnIt(t *testing.T) {
	tell(t, "", func(n *night) {
		id := n.alert("db01/disk", "disk full on db01")
		sato := takes(n.Phone("sato"))
		sato.DoesNotRing(14 * time.Minute)
		sato.Rings().Answers().Hears("disk full on db zero one. Are you still on it?").
			Hears("Press 1 if you are. 2 to give it back. 4 for half an hour of peace. 5 to leave a message for the others. 6 if it is over.").
			Presses("1").Hears("Recorded: you are on it").IsHungUp()
		n.is(id, dispatch.Acknowledged, "sato")
		n.happened(timeline.CalloutChecking, "sato")
		n.quiet(14 * time.Minute)
		sato.Rings().Answers().Hears("still on it").Presses("6").Hears("Recorded: it is over").IsHungUp()
		n.is(id, dispatch.Resolved, "sato")
		n.quiet(2 * time.Hour)
	})
}

func TestR2WhoFellAsleepIsNoLongerOnIt(t *testing.T) {
	tell(t, "", func(n *night) {
		id := n.alert("db01/disk", "disk full on db01")
		sato, suzuki := takes(n.Phone("sato")), n.Phone("suzuki")
		sato.Rings().StopsRinging()
		suzuki.DoesNotRing(0)
		n.is(id, dispatch.Acknowledged, "sato")
		sato.Rings().StopsRinging()
		suzuki.Rings()
		n.is(id, dispatch.Stored, "")
		n.happened(timeline.CalloutLapsed, "sato")
		suzuki.Answers().Hears("disk full").Presses("1").Hears("Recorded").IsHungUp()
		n.is(id, dispatch.Acknowledged, "suzuki")
		suzuki.Rings().Answers().Hears("still on it").Presses("4").Hears("asked again in 30 minutes").IsHungUp()
		n.happened(timeline.CalloutSnoozed, "suzuki")
		n.quiet(29 * time.Minute)
		suzuki.Rings().Answers().Hears("still on it").Presses("2").Hears("next person is called").IsHungUp()
		n.is(id, dispatch.Stored, "")
		n.Phone("tanaka").Rings().Answers().Hears("disk full").Presses("1").Hears("Recorded").IsHungUp()
		n.is(id, dispatch.Acknowledged, "tanaka")
		n.must(n.d.Resolve(n.t.Context(), id, "tanaka"))
		n.quiet(time.Hour)
	})
}

func TestR2ASignOfLifeAtTheConsoleSavesTheCall(t *testing.T) {
	tell(t, "", func(n *night) {
		id := n.alert("db01/disk", "disk full on db01")
		sato := takes(n.Phone("sato"))
		sato.DoesNotRing(14 * time.Minute)
		n.must(n.d.Alive(n.t.Context(), id, "sato"))
		sato.DoesNotRing(14 * time.Minute)
		sato.Rings()
		n.must(n.d.Alive(n.t.Context(), id, "sato"))
		sato.StopsRinging()
		n.must(n.d.Snooze(n.t.Context(), id, "sato", 2*time.Hour))
		sato.DoesNotRing(time.Hour)
		n.must(n.d.Resolve(n.t.Context(), id, "sato"))
		n.quiet(2 * time.Hour)
	})
}

func TestR2NobodyIsAskedAboutAWarningOrWhatTheConsoleTook(t *testing.T) {
	tell(t, "", func(n *night) {
		warning := n.alert("db01/disk", "disk 80%", severity(alert.Major))
		takes(n.Phone("sato"))
		n.quiet(3 * time.Hour)
		critical := n.alert("db02/disk", "disk full")
		sato := n.Phone("sato").Rings()
		n.must(n.d.Acknowledge(n.t.Context(), critical, "console"))
		sato.StopsRinging()
		n.quiet(3 * time.Hour)
		n.is(warning, dispatch.Acknowledged, "sato")
		n.is(critical, dispatch.Acknowledged, "console")
	})
}

func TestR2TheCheckOfOneRidesWithTheAlertOfAnother(t *testing.T) { // one person, one line
	tell(t, "", func(n *night) {
		first := n.alert("db01/disk", "disk full on db01")
		sato := takes(n.Phone("sato"))
		sato.DoesNotRing(14*time.Minute + 50*time.Second)
		second := n.alert("web03/cpu", "cpu hot on web03")
		sato.Rings().Waits(12 * time.Second).Answers().
			Hears("cpu hot").Presses("1").Hears("Recorded: you have taken it").
			Hears("disk full on db zero one. Are you still on it?").Presses("1").Hears("you are on it").IsHungUp()
		n.is(first, dispatch.Acknowledged, "sato")
		n.is(second, dispatch.Acknowledged, "sato")
		n.happened(timeline.AttemptBundled, "sato")
		n.must(n.d.Resolve(n.t.Context(), first, "sato"))
		n.must(n.d.Resolve(n.t.Context(), second, "sato"))
		n.quiet(time.Hour)
	})
}

func TestR2ACheckAfterARestart(t *testing.T) {
	tell(t, "", func(n *night) {
		id := n.alert("db01/disk", "disk full on db01")
		sato := takes(n.Phone("sato"))
		sato.DoesNotRing(10 * time.Minute)
		n.restart()
		sato.DoesNotRing(4 * time.Minute)
		sato.Rings().Answers().Hears("still on it")
		n.restart() // cut off in the middle of the check
		sato.IsHungUp()
		sato.Rings().Answers().Hears("still on it").Presses("1").Hears("you are on it").IsHungUp()
		n.is(id, dispatch.Acknowledged, "sato")
		n.must(n.d.Resolve(n.t.Context(), id, "sato"))
		n.quiet(time.Hour)
	})
}

func TestR5SomebodyHandsItOver(t *testing.T) {
	tell(t, "", func(n *night) {
		id := n.alert("db01/disk", "disk full on db01")
		takes(n.Phone("sato"))
		n.must(n.d.HandOver(n.t.Context(), id, "sato", "tanaka"))
		tanaka := n.Phone("tanaka").Rings()
		n.is(id, dispatch.Stored, "")
		tanaka.Answers().Hears("Sato hands you this alert").Hears("disk full").Presses("1").Hears("Recorded").IsHungUp()
		n.is(id, dispatch.Acknowledged, "tanaka")
		n.happened(timeline.CalloutHandOver, "sato")
		n.must(n.d.Resolve(n.t.Context(), id, "tanaka"))
		n.quiet(time.Hour)
	})
}

func TestR5WhatIsNotTakenOverGoesOnWithThePlan(t *testing.T) {
	tell(t, "", func(n *night) {
		id := n.alert("db01/disk", "disk full on db01")
		takes(n.Phone("sato"))
		n.must(n.d.HandOver(n.t.Context(), id, "sato", "tanaka"))
		n.Phone("tanaka").Rings().Answers().Hears("Sato hands you").Presses("2").Hears("next person").IsHungUp()
		n.Phone("suzuki").Rings().Answers().Hears("disk full").Presses("1").Hears("Recorded").IsHungUp()
		n.is(id, dispatch.Acknowledged, "suzuki")
		n.must(n.d.Resolve(n.t.Context(), id, "suzuki"))
		n.quiet(time.Hour)
	})
}

func TestR5NobodyCanHandItToSomebodyWhoCannotBeCalled(t *testing.T) {
	tell(t, "", func(n *night) {
		n.person("tanaka", unreachable)
		id := n.alert("db01/disk", "disk full on db01")
		takes(n.Phone("sato"))
		for _, who := range []string{"nobody", "tanaka"} {
			err := n.d.HandOver(n.t.Context(), id, "sato", who)
			var no *dispatch.NotSomebody
			if !asNotSomebody(err, &no) || no.Name != who {
				t.Errorf("%s: %v", who, err)
			}
		}
		n.is(id, dispatch.Acknowledged, "sato")
		n.must(n.d.Resolve(n.t.Context(), id, "sato"))
	})
}

func TestR5GivenBackAtTheConsoleTheNextPersonIsCalled(t *testing.T) {
	tell(t, "", func(n *night) {
		id := n.alert("db01/disk", "disk full on db01")
		takes(n.Phone("sato"))
		n.must(n.d.Release(n.t.Context(), id, "sato"))
		suzuki := n.Phone("suzuki").Rings()
		n.is(id, dispatch.Stored, "")
		n.must(n.d.Stop(n.t.Context(), id, "sato"))
		suzuki.StopsRinging()
		n.is(id, dispatch.Acknowledged, "sato")
		n.quiet(time.Hour)
	})
}

func TestWhoeverListensHearsThatItIsOver(t *testing.T) {
	tell(t, together, func(n *night) {
		id := n.alert("db01/disk", "disk full on db01")
		sato, suzuki, tanaka := n.Phone("sato").Rings().Answers().Hears("disk"), n.Phone("suzuki").Rings(), n.Phone("tanaka").Rings().Answers().Hears("disk")
		n.must(n.d.Resolve(n.t.Context(), id, "console"))
		sato.Hears("This alert was resolved at 0 00").IsHungUp()
		tanaka.Hears("This alert was resolved").IsHungUp()
		suzuki.StopsRinging()
		n.is(id, dispatch.Resolved, "")
		n.must(n.d.Resolve(n.t.Context(), id, "console")) // once more changes nothing
		n.quiet(time.Hour)
	})
}

func TestTheSourcesAckAndTheConsolesWordAreInOneOrder(t *testing.T) {
	tell(t, together, func(n *night) {
		id := n.alert("db01/disk", "disk full on db01")
		sato := n.Phone("sato").Rings().Answers().Hears("disk")
		suzuki, tanaka := n.Phone("suzuki").Rings(), n.Phone("tanaka").Rings()
		n.alert("db01/disk", "disk full on db01", func(a *alert.Alert) { a.Action = alert.Ack })
		sato.Hears("Somebody else has taken this alert").IsHungUp()
		suzuki.StopsRinging()
		tanaka.StopsRinging()
		n.is(id, dispatch.Acknowledged, "json")
		n.alert("db01/disk", "disk full on db01", resolve)
		n.is(id, dispatch.Resolved, "json")
		n.quiet(time.Hour)
	})
}

func asNotSomebody(err error, to **dispatch.NotSomebody) bool { return errors.As(err, to) }

func TestANightInJapanese(t *testing.T) {
	tell(t, "", func(n *night) {
		for who := range n.set.People {
			n.person(who, func(p *oncall.Person) { p.Language = "ja-JP" })
		}
		id := n.alert("db01/disk", "ディスクが一杯です")
		sato := n.Phone("sato").Rings().Answers().Hears("重大の通報です。ディスクが一杯です").Hears("引き受けるときは、1を押してください").Presses("1").
			Hears("引き受けを記録しました").HearsAll("申し送りを残すときは、5を押してください").Presses("5").Hears("発信音のあとに")
		leaves := sato.HearsAll("beep").Waits(200 * time.Millisecond).Says("アーカイバを再起動").Waits(5 * time.Second)
		leaves.Hears("申し送りを預かりました").IsHungUp()
		sato.Rings().Answers().Hears("ディスクが一杯です。いまも対応中ですか").Hears("対応中のときは、1を押してください。手放すときは、2。三十分待つときは、4").Presses("1").Hears("対応中と記録しました").IsHungUp()
		n.must(n.d.HandOver(n.t.Context(), id, "sato", "tanaka"))
		n.Phone("tanaka").Rings().Answers().Hears("さとうさんからの申し送りです").Hears("さとうさんから、この通報の引き継ぎです").Hears("ディスク").Presses("2").Hears("次の人に連絡します").IsHungUp()
		suzuki := n.Phone("suzuki").Rings().Answers().Hears("さとうさんからの申し送りです").Hears("ディスク")
		n.must(n.d.Resolve(n.t.Context(), id, "sato"))
		suzuki.Hears("復旧しました").IsHungUp()
		n.quiet(time.Hour)
	})
}
