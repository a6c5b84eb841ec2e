package dispatch_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/kaden-project/kaden/account"
	"github.com/kaden-project/kaden/dispatch"
	"github.com/kaden-project/kaden/oncall"
	"github.com/kaden-project/kaden/phonetest"
	"github.com/kaden-project/kaden/timeline"
)

// Somebody calls a number of ours at night, and wants a person.

// hotline says how its number is described.
func (n *night) hotline(h account.Hotline) { n.set.Numbers[1].Hotline = &h }

// phonesTheHotline calls, and has heard what the line is.
func (n *night) phonesTheHotline(from string) *phonetest.Phone {
	n.t.Helper()
	return n.Phone(from).Calls("sim:hotline").IsAnswered().Hears("This is an on-call line").Hears("press 1")
}

// wantsSomebody also presses the key and is told that people are called.
func (n *night) wantsSomebody(from string) *phonetest.Phone {
	n.t.Helper()
	return n.phonesTheHotline(from).Presses("1").Hears("People are being called now")
}

// latest is the alert that came in last.
func (n *night) latest() dispatch.Incident {
	n.t.Helper()
	synctest.Wait()
	list, err := n.store.Incidents(context.Background(), dispatch.Query{Limit: 1})
	n.must(err)
	if len(list) == 0 {
		n.t.Fatal("no alert has come in")
	}
	return list[0]
}

// answersTheHotline picks up, takes it, and is joined with the caller.
func answersTheHotline(p *phonetest.Phone, title string) *phonetest.Phone {
	return p.Answers().Hears("alert from the hotline. " + title).Hears("Press 1").Presses("1").Hears("Recorded").HearsAll("connected with the caller")
}

func TestACallerIsJoinedWithWhoeverTakesIt(t *testing.T) {
	tell(t, "", func(n *night) {
		guest := n.wantsSomebody("guest").Hears("your number is passed on")
		n.Phone("sato").Rings().StopsRinging()
		guest.Hears("still trying to reach somebody")
		suzuki := answersTheHotline(n.Phone("suzuki").Rings(), "Call from guest")
		guest.Hears("Somebody has answered").HearsAll("Somebody is on the line now")
		suzuki.Waits(time.Second).Says("this is Suzuki")
		guest.Hears("this is Suzuki").Says("the cellar is under water")
		suzuki.Hears("the cellar is under water")
		n.quiet(20 * time.Minute) // who talks is not asked whether they are still on it

		id := n.latest().ID
		n.is(id, dispatch.Acknowledged, "suzuki")
		guest.HangsUp()
		suzuki.Hears("The caller has hung up").Hears("number to call back: guest").IsHungUp()
		n.is(id, dispatch.Resolved, "suzuki")
		n.happened(timeline.CallerWaiting, "")
		n.happened(timeline.CallerJoined, "")
		n.happened(timeline.CallerLeft, "hung up after a talk with suzuki")
		n.quiet(time.Hour)
	})
}

func TestWithoutAKeyNobodyIsWoken(t *testing.T) {
	tell(t, "", func(n *night) {
		robot := n.Phone("robot").Calls("sim:hotline").IsAnswered()
		for range 3 {
			robot.Hears("This is an on-call line").Hears("press 1")
		}
		robot.Hears("Nobody is called. Goodbye.").IsHungUp()
		n.phonesTheHotline("pocket").Presses("7").Hears("This is an on-call line").HangsUp()
		n.quiet(time.Hour)
		if list, err := n.store.Incidents(n.t.Context(), dispatch.Query{Limit: 1}); err != nil || len(list) > 0 {
			t.Errorf("alerts: %v, %v", list, err)
		}
	})
}

func TestACallerChoosesTheLanguageAndAPersonHearsTheirOwn(t *testing.T) {
	tell(t, "", func(n *night) {
		n.hotline(account.Hotline{Plan: "default", Severity: "error", Say: []account.Greeting{
			{Language: "en", Text: "Night line of Kaden Electric."}, {Language: "ja", Text: "カデン電機の夜間窓口です。"},
		}})
		n.person("sato", func(p *oncall.Person) { p.Language = "ja-JP" })
		guest := n.Phone("+819033334444").Calls("sim:hotline").IsAnswered().Hears("Night line of Kaden Electric.").Hears("press 1").
			Hears("カデン電機の夜間窓口です").Hears("2を押してください").Presses("2").Hears("受け付けました").Hears("お電話番号を担当者に伝えます")
		sato := n.Phone("sato").Rings().Answers().Hears("呼び出し窓口 からの、エラーの通報です").Waits(time.Second).Presses("2")
		sato.IsHungUp()
		answersTheHotline(n.Phone("suzuki").Rings(), "Call from zero nine zero three three three three four four four four").HangsUp()
		guest.Hears("担当者が電話に出ました")
		if title := n.latest().Alert.Title; title != "090-3333-4444からの電話" {
			t.Errorf("the title is %q", title)
		}
		guest.HangsUp()
		n.must(n.d.Resolve(n.t.Context(), n.latest().ID, "suzuki"))
	})
}

func TestACallerWhoHangsUpIsNotForgotten(t *testing.T) {
	tell(t, "", func(n *night) {
		guest := n.wantsSomebody("guest")
		n.Phone("sato").Rings()
		guest.HangsUp()
		n.Phone("sato").StopsRinging()
		n.Phone("suzuki").Rings().Answers().Hears("Call from guest").Hears("The caller has hung up.").Hears("Press 1").Presses("1").
			Hears("Recorded").Hears("The caller has hung up.").Hears("number to call back: guest").Hears("number to call back: guest").IsHungUp()
		id := n.latest().ID
		n.is(id, dispatch.Acknowledged, "suzuki")
		n.happened(timeline.CallerLeft, "hung up, after")
		n.happened(timeline.CallerLeft, "to be called back: guest")
		n.Phone("suzuki").Rings().Answers().Hears("You have taken this alert: Call from guest. Are you still on it?").Presses("6").Hears("it is over").IsHungUp()
		n.quiet(time.Hour)
	})
}

func TestACallerWhoHangsUpWhileTheyAreBeingJoined(t *testing.T) {
	tell(t, "", func(n *night) {
		guest := n.wantsSomebody("guest")
		sato := n.Phone("sato").Rings().Answers().Hears("Press 1").Presses("1").Hears("Recorded").Hears("connected with the caller")
		guest.HangsUp()
		sato.Hears("The caller has hung up").Hears("number to call back: guest").IsHungUp()
		n.is(n.latest().ID, dispatch.Acknowledged, "sato") // nobody has talked
		n.must(n.d.Resolve(n.t.Context(), n.latest().ID, "sato"))
	})
}

func TestALineThatBreaksIsNoTalk(t *testing.T) {
	tell(t, "", func(n *night) {
		guest := n.wantsSomebody("guest")
		sato := answersTheHotline(n.Phone("sato").Rings(), "Call from guest")
		guest.HearsAll("Somebody is on the line now").Waits(3 * time.Second).HangsUp()
		sato.Hears("The caller has hung up").Hears("number to call back: guest").IsHungUp()
		n.is(n.latest().ID, dispatch.Acknowledged, "sato") // who is asked about it, as about any alert
		n.happened(timeline.CallerLeft, "to be called back: guest")
		n.must(n.d.Resolve(n.t.Context(), n.latest().ID, "sato"))
	})
}

func TestACallerWhoShowsNoNumber(t *testing.T) {
	tell(t, "", func(n *night) {
		guest := n.phonesTheHotline("sip:anonymous@anonymous.invalid").Presses("1").Hears("People are being called now")
		sato := n.Phone("sato").Rings().Answers().Hears("Call from a number that is not shown").Hears("Press 1")
		guest.HangsUp()
		sato.Presses("1").Hears("The caller has hung up").Hears("showed no number").IsHungUp()
		n.happened(timeline.CallerLeft, "showed no number")
		n.must(n.d.Resolve(n.t.Context(), n.latest().ID, "sato"))
	})
}

func TestACallerWhomTheHouseKnows(t *testing.T) {
	tell(t, "", func(n *night) {
		guest := n.wantsSomebody("tanaka")
		answersTheHotline(n.Phone("sato").Rings(), "Call from Tanaka").HangsUp()
		if title := n.latest().Alert.Title; title != "Call from Tanaka (tanaka)" {
			t.Errorf("the title is %q", title)
		}
		guest.HangsUp()
		n.must(n.d.Resolve(n.t.Context(), n.latest().ID, "sato"))
	})
}

func TestACallerHearsThatNobodyCouldBeReached(t *testing.T) {
	for severity, more := range map[string]string{"error": "your number is passed on", "critical": "We go on trying"} {
		tell(t, "plan: default\nsteps:\n  - call: [sato]\n", func(n *night) {
			n.hotline(account.Hotline{Plan: "default", Severity: severity})
			guest := n.wantsSomebody("guest")
			n.Phone("sato").Rings().Declines()
			guest.Hears("Nobody could be reached").Hears(more).Hears("Goodbye").IsHungUp()
			n.is(n.latest().ID, dispatch.Exhausted, "")
			n.happened(timeline.CallerLeft, "was told that nobody could be reached")

			// Whoever calls again is the same alert, and people are called again for it.
			first := n.latest().ID
			guest = n.wantsSomebody("guest")
			sato := answersTheHotline(n.Phone("sato").Rings(), "Call from guest")
			guest.HearsAll("Somebody is on the line now").Waits(15 * time.Second).HangsUp()
			sato.Hears("The caller has hung up").IsHungUp()
			if last := n.latest().ID; last != first {
				t.Errorf("the second call is the alert %s, the first %s", last, first)
			}
			n.is(first, dispatch.Resolved, "sato")
			n.quiet(time.Hour)
		})
	}
}

func TestACallerWhoWasCutOffComesBack(t *testing.T) {
	tell(t, "", func(n *night) {
		n.wantsSomebody("guest").HangsUp()
		sato := n.Phone("sato").Rings()
		guest := n.wantsSomebody("guest")
		answersTheHotline(sato, "Call from guest")
		guest.HearsAll("Somebody is on the line now").Waits(15 * time.Second)
		if stored := n.count(timeline.AlertStored, ""); stored != 1 {
			t.Errorf("the two calls are %d alerts:\n%s", stored, n.timeline())
		}
		n.happened(timeline.CallerWaiting, "has called again")
		guest.HangsUp()
		sato.IsHungUp()

		// Who has talked and calls again has something new to say.
		guest = n.wantsSomebody("guest")
		n.Phone("sato").Rings().Answers().Hears("Call from guest").HangsUp()
		n.Phone("suzuki").Rings()
		if stored := n.count(timeline.AlertStored, ""); stored != 2 {
			t.Errorf("the three calls are %d alerts", stored)
		}
		guest.HangsUp()
		n.must(n.d.Stop(n.t.Context(), n.latest().ID, "console"))
		n.Phone("suzuki").StopsRinging()
	})
}

func TestACallIsRecordedBeforeTheCallerHearsIt(t *testing.T) {
	tell(t, "", func(n *night) {
		n.store.Break(errors.New("the database is away"))
		guest := n.phonesTheHotline("guest").Presses("1").Hears("not recorded yet, and nobody is being called yet").Hears("not recorded yet")
		n.quiet(0)
		n.store.Break(nil)
		guest.Hears("Recorded. People are being called now")
		sato := answersTheHotline(n.Phone("sato").Rings(), "Call from guest")
		guest.HearsAll("Somebody is on the line now").Waits(15 * time.Second).HangsUp()
		sato.IsHungUp()
		if stored := n.count(timeline.AlertStored, ""); stored != 1 {
			t.Errorf("the call is %d alerts:\n%s", stored, n.timeline())
		}
	})
}

func TestAfterARestartTheCallOutGoesOnWithoutTheCaller(t *testing.T) {
	tell(t, "", func(n *night) {
		guest := n.wantsSomebody("guest")
		n.Phone("sato").Rings()
		guest.HangsUp() // so ends every call of the process
		n.restart()
		n.Phone("sato").Rings().Answers().Hears("The caller has hung up.").Hears("Press 1").Presses("1").Hears("number to call back: guest").IsHungUp()
		n.is(n.latest().ID, dispatch.Acknowledged, "sato")
		n.happened(timeline.CallerLeft, "kaden was restarted")
		n.must(n.d.Resolve(n.t.Context(), n.latest().ID, "sato"))
	})
}

func TestTheOneWhoTookItLeavesFirst(t *testing.T) {
	tell(t, "", func(n *night) {
		guest := n.wantsSomebody("guest")
		sato := answersTheHotline(n.Phone("sato").Rings(), "Call from guest")
		guest.HearsAll("Somebody is on the line now").Waits(15 * time.Second)
		sato.HangsUp()
		guest.Hears("The other side has left the call").Presses("1").Hears("People are being called now")
		suzuki := answersTheHotline(n.Phone("suzuki").Rings(), "Call from guest")
		guest.HearsAll("Somebody is on the line now").Waits(15 * time.Second)
		id := n.latest().ID
		n.is(id, dispatch.Acknowledged, "suzuki")
		suzuki.HangsUp()
		for range 3 {
			guest.Hears("The other side has left the call")
		}
		guest.Hears("Goodbye").IsHungUp()
		n.is(id, dispatch.Resolved, "suzuki")
		n.quiet(time.Hour)
	})
}

func TestTheOneWhoTookItCallsSomebodyIn(t *testing.T) {
	tell(t, "", func(n *night) {
		guest := n.wantsSomebody("guest")
		sato := answersTheHotline(n.Phone("sato").Rings(), "Call from guest")
		guest.HearsAll("Somebody is on the line now").Waits(15 * time.Second)
		sato.Presses("*").Hears("Press 3 to call those who are missing again, 2 people")
		guest.Hears("One moment, please.")
		sato.Presses("3").Hears("2 people are being called now").HearsAll("connected with the caller")
		guest.HearsAll("Somebody is on the line now")
		n.Phone("tanaka").Rings()
		suzuki := n.Phone("suzuki").Rings().Answers().Hears("Press 1").Presses("1").Hears("Recorded").Hears("In the conference: Sato.").HearsAll("Press star")
		n.Phone("tanaka").StopsRinging()
		suzuki.Waits(time.Second).Says("what have you seen")
		guest.Hears("what have you seen").HangsUp()
		sato.Hears("The caller has hung up")
		suzuki.Hears("The caller has hung up").Waits(time.Minute).HangsUp()
		sato.HangsUp()
		n.is(n.latest().ID, dispatch.Resolved, "sato")
		n.quiet(time.Hour)
	})
}

func TestTwoCallersAreNotGivenToOnePerson(t *testing.T) {
	tell(t, "", func(n *night) {
		one := n.wantsSomebody("one")
		sato := n.Phone("sato").Rings()
		two := n.wantsSomebody("two")
		sato.Answers().Hears("There are 2 alerts").Hears("Call from one").Hears("Press 1").Presses("1").Hears("Recorded: you have taken it.").HearsAll("connected with the caller")
		one.HearsAll("Somebody is on the line now")
		suzuki := answersTheHotline(n.Phone("suzuki").Rings(), "Call from two")
		two.HearsAll("Somebody is on the line now").Waits(15 * time.Second)
		sato.Says("to the first")
		one.Hears("to the first").HangsUp()
		suzuki.Says("to the second")
		two.Hears("to the second").HangsUp()
		sato.IsHungUp()
		suzuki.IsHungUp()
		n.quiet(time.Hour)
	})
}

func TestACallerWhileAllCallsAreStopped(t *testing.T) {
	tell(t, "", func(n *night) {
		_, err := n.d.Halt(n.t.Context(), "console", "the carrier calls at random", 10*time.Minute)
		n.must(err)
		guest := n.phonesTheHotline("guest").Presses("1").Hears("Recorded, but all calls are stopped at the moment").Hears("all calls are stopped")
		n.quiet(0)
		n.must(n.d.Unhalt(n.t.Context(), "console"))
		sato := answersTheHotline(n.Phone("sato").Rings(), "Call from guest")
		guest.HearsAll("Somebody is on the line now").Waits(15 * time.Second).HangsUp()
		sato.IsHungUp()
	})
}

func TestSomebodyTakesItWhoIsNotOnTheTelephone(t *testing.T) {
	tell(t, "", func(n *night) {
		guest := n.wantsSomebody("guest")
		n.Phone("sato").Rings()
		id := n.latest().ID
		n.must(n.d.Acknowledge(n.t.Context(), id, "console"))
		n.Phone("sato").StopsRinging()
		guest.Hears("Somebody knows of your call, but cannot talk to you").Hears("your number is passed on").IsHungUp()
		n.is(id, dispatch.Acknowledged, "console")
		n.happened(timeline.CallerLeft, "was told that somebody has it")
		n.must(n.d.Resolve(n.t.Context(), id, "console"))
	})
}

func TestAPlanThatJoinsEverybodyJoinsThemWithTheCaller(t *testing.T) {
	tell(t, join, func(n *night) {
		guest := n.wantsSomebody("guest")
		sato, suzuki, tanaka := n.Phone("sato").Rings(), n.Phone("suzuki").Rings(), n.Phone("tanaka").Rings()
		answersTheHotline(sato, "Call from guest")
		guest.HearsAll("Somebody is on the line now")
		suzuki.Answers().Hears("Press 1").Presses("1").Hears("In the conference: Sato.").HearsAll("Press star")
		tanaka.StopsRinging()
		suzuki.Waits(15 * time.Second).Says("all here")
		guest.Hears("all here").HangsUp()
		sato.Hears("The caller has hung up").HangsUp()
		suzuki.Waits(time.Second).HangsUp()
		n.is(n.latest().ID, dispatch.Resolved, "sato")
	})
}

// A plan whose calls anything that answers takes, and which waits a while first, does neither for somebody on the line.
func TestOnAHotlineAKeyTakesItAtOnce(t *testing.T) {
	tell(t, "plan: default\nafter: 5m\nconfirm: none\nsteps:\n  - call: [sato]\n", func(n *night) {
		guest := n.wantsSomebody("guest")
		began := time.Now()
		sato := n.Phone("sato").Rings()
		if waited := time.Since(began); waited > time.Second {
			t.Errorf("the telephone rings after %v", waited)
		}
		answersTheHotline(sato, "Call from guest")
		guest.HearsAll("Somebody is on the line now").Waits(15 * time.Second).HangsUp()
		sato.IsHungUp()
	})
}

// A hotline asks for a key itself: who hides their number is not asked for two.
func TestACallerOfAHotlineIsAskedForAKeyOnce(t *testing.T) {
	for _, door := range []account.Door{account.Screen, account.Named} {
		tell(t, "", func(n *night) {
			n.House.Numbers[1].Unknown = door
			guest := n.Phone("sip:anonymous@anonymous.invalid").Calls("sim:hotline").IsAnswered().Hears("This is an on-call line").Hears("press 1").
				Presses("1").Hears("People are being called now")
			n.Phone("sato").Rings().Answers().Hears("Call from a number that is not shown").Hears("Press 1").Presses("1").Hears("connected with the caller")
			guest.HearsAll("Somebody is on the line now").HangsUp()
			for _, heard := range guest.Far().Heard() {
				if strings.Contains(heard.Caption, "To be put through") {
					t.Errorf("unknown: %s asks before the hotline does: %q", door, heard.Caption)
				}
			}
			n.must(n.d.Resolve(n.t.Context(), n.latest().ID, "sato"))
		})
	}
}
