package dispatch_test

import (
	"fmt"
	"regexp"
	"testing"
	"time"

	"github.com/kaden-project/kaden/dispatch"
	"github.com/kaden-project/kaden/oncall"
	"github.com/kaden-project/kaden/phonetest"
	"github.com/kaden-project/kaden/timeline"
)

// What keys do (rules 17, 20 and 21).

const proof = `
plan: default
confirm: proof
steps:
  - call: [sato, suzuki, tanaka]
    order: in-turn
`

var spokenDigit = regexp.MustCompile(`you are awake, press (\d)|確認のため、(\d)を`)

// digit is the one that was spoken last.
func digit(p *phonetest.Phone) (found string) {
	for _, h := range p.Far().Heard() {
		if m := spokenDigit.FindStringSubmatch(h.Caption); m != nil {
			found = m[1] + m[2]
		}
	}
	return found
}

func TestR17OnlyTheSpokenDigitTakesIt(t *testing.T) {
	tell(t, "plan: default\nconfirm: proof\nsteps:\n  - call: [sato]\n", func(n *night) {
		id := n.alert("db01/disk", "disk full on db01")
		sato := n.Phone("sato").Rings().Answers().Hears("disk full").HearsAll("To prove that you are awake, press")
		first := digit(sato)
		sato.Presses("1").Hears("To prove that you are awake") // a reflex takes nothing
		n.is(id, dispatch.Stored, "")
		sato.Hears("To prove that you are awake").HearsAll("2 if you cannot")
		if again := digit(sato); first == "" || again != first || first == "1" || first == "2" || first == "9" {
			t.Errorf("digits %q and %q: want the same, and none with a meaning", first, again)
		}
		sato.Presses(first).Hears("Recorded: you have taken it").IsHungUp()
		n.is(id, dispatch.Acknowledged, "sato")
		n.happened(timeline.AttemptConfirmed, "proof")
	})
}

func TestR17TheDigitIsAnotherInEachCallAndPassingNeedsNone(t *testing.T) {
	tell(t, proof, func(n *night) {
		n.person("suzuki", func(p *oncall.Person) { p.Language = "ja-JP" })
		digits := map[string]bool{}
		for i := range 6 {
			n.alert(fmt.Sprint(i), "disk full")
			sato := n.Phone("sato").Rings().Answers().HearsAll("awake, press")
			digits[digit(sato)] = true
			sato.Presses("2").Hears("next person").IsHungUp()
			suzuki := n.Phone("suzuki").Rings().Answers().HearsAll("確認のため")
			digits[digit(suzuki)] = true
			suzuki.Presses(digit(suzuki)).Hears("記録しました").IsHungUp()
		}
		if len(digits) < 3 || digits[""] {
			t.Errorf("digits of twelve calls: %v", digits)
		}
	})
}

func TestR20TwoKeysInOneSecondAndOneIsFirst(t *testing.T) {
	tell(t, together, func(n *night) {
		id := n.alert("db01/disk", "disk full on db01")
		sato, suzuki, tanaka := n.Phone("sato").Rings().Answers(), n.Phone("suzuki").Rings().Answers(), n.Phone("tanaka").Rings()
		sato.Hears("Press 1")
		suzuki.Hears("Press 1")
		sato.Presses("1")
		suzuki.Waits(10 * time.Millisecond).Presses("1")
		sato.Hears("Recorded: you have taken it").IsHungUp()
		suzuki.Hears("Sato has taken this alert").IsHungUp()
		tanaka.StopsRinging()
		n.is(id, dispatch.Acknowledged, "sato")
	})
}

const everyone = `
plan: default
keys: { "1": accept, "2": pass, "3": call-everyone, "9": repeat }
steps:
  - call: [sato, suzuki]
    order: in-turn
  - call: ["@crew"]
    order: together
`

func TestR21CallingEverybodyIsAKeyPressedTwice(t *testing.T) {
	tell(t, everyone, func(n *night) {
		crew := n.crew(11)
		id := n.alert("river", "the river is over the mark")
		sato := n.Phone("sato").Rings().Answers().Hears("3 to call everyone").Presses("3").
			Hears("This rings 12 people. Press 3 once more to do it.")
		n.quiet(2*time.Second, append(crew, "suzuki")...) // a sleepy thumb presses once
		sato.Hears("the river").Presses("3").Hears("This rings 12 people").Presses("3").Hears("12 people are being called now")
		suzuki := n.Phone("suzuki").Rings()
		for _, who := range crew {
			n.Phone(who).Rings()
		}
		n.is(id, dispatch.Stored, "") // it takes nothing
		sato.Hears("Press 1").Presses("1").Hears("Recorded").IsHungUp()
		n.is(id, dispatch.Acknowledged, "sato")
		suzuki.StopsRinging()
		for _, who := range crew {
			n.Phone(who).StopsRinging()
		}
		n.happened(timeline.CalloutSummoned, "sato")
		n.must(n.d.Resolve(n.t.Context(), id, "sato"))
	})
}

func TestTheKeysThatAPlanGives(t *testing.T) {
	tell(t, `
plan: default
keys: { "1": accept, "4": snooze, "7": resolve, "8": speak, "9": repeat }
steps:
  - call: [sato, suzuki]
    order: in-turn
`, func(n *night) {
		id := n.alert("a", "disk full")
		n.Phone("sato").Rings().Answers().Hears("4 to take it and be left alone for half an hour. 7 if it is over. 8 to leave a message for the others. 9 to hear it again.").
			Presses("9").Hears("disk full").Presses("4").Hears("asked again in 30 minutes").IsHungUp()
		n.is(id, dispatch.Acknowledged, "sato")
		n.quiet(29 * time.Minute)
		n.Phone("sato").Rings().Answers().Hears("still on it").Presses("7").Hears("it is over").IsHungUp()
		n.is(id, dispatch.Resolved, "sato")
		id = n.alert("b", "disk full")
		n.Phone("sato").Rings().Answers().Hears("7 if it is over").Presses("7").Hears("Recorded: it is over").IsHungUp()
		n.is(id, dispatch.Resolved, "sato")
		n.quiet(time.Hour)
	})
}

func TestR13TheSecondTapIsTheSameCallOnceMore(t *testing.T) {
	tell(t, `
plan: default
steps:
  - call: [sato, suzuki]
    order: together
    double-tap: true
`, func(n *night) {
		id := n.alert("db01/disk", "disk full on db01")
		sato, suzuki := n.Phone("sato").Rings(), n.Phone("suzuki").Rings()
		first := sato.RangAt()
		suzuki.Declines() // a no is a no: never twice
		sato.StopsRinging().Rings()
		if between := sato.RangAt().Sub(first); between > 3*time.Minute || between < 30*time.Second {
			t.Errorf("the second tap came %v after the first", between)
		}
		sato.Answers().Hears("disk full").Presses("1").Hears("Recorded").IsHungUp()
		n.is(id, dispatch.Acknowledged, "sato")
		n.must(n.d.Resolve(n.t.Context(), id, "sato"))
		n.quiet(time.Hour)
	})
}

func TestR3ExhaustedIsNotTheEnd(t *testing.T) {
	tell(t, "plan: default\nsteps:\n  - call: [sato]\notherwise: [notify:ops-mail]\n", func(n *night) {
		n.set.Groups["default-contacts"] = oncall.Group{ID: "default-contacts", Members: []string{"suzuki", "tanaka"}}
		id := n.alert("db01/disk", "disk full on db01")
		n.Phone("sato").Rings().StopsRinging()
		n.is(id, dispatch.Exhausted, "")
		n.happened(timeline.NoticeRaised, "ops-mail")
		suzuki, tanaka := n.Phone("suzuki"), n.Phone("tanaka")
		for range 3 {
			suzuki.DoesNotRing(9 * time.Minute)
			suzuki.Rings()
			tanaka.Rings().StopsRinging()
			suzuki.StopsRinging()
		}
		suzuki.Rings().Answers().Hears("disk full").Presses("1").Hears("Recorded").IsHungUp()
		tanaka.Rings().StopsRinging()
		n.is(id, dispatch.Acknowledged, "suzuki")
		n.must(n.d.Resolve(n.t.Context(), id, "suzuki"))
		n.quiet(time.Hour)
	})
}

func TestAStormIsOneCall(t *testing.T) {
	tell(t, "", func(n *night) {
		ids := []string{n.alert("host/0", "host 0 is down")}
		sato := n.Phone("sato").Rings()
		for i := 1; i < 23; i++ {
			ids = append(ids, n.alert(fmt.Sprint("host/", i), fmt.Sprintf("host %d is down", i)))
		}
		sato.Answers().Hears("There are 23 alerts. The first one. Critical alert from json. host 0 is down").
			Hears("Press 1").Presses("1").Hears("you have taken 23 alerts").IsHungUp()
		for _, id := range ids {
			n.is(id, dispatch.Acknowledged, "sato")
		}
		n.quiet(time.Minute)
		sato.Rings().Answers().Hears("You have taken 23 alerts. The first one:").Hears("Press 1").Presses("6").Hears("it is over").IsHungUp()
		for _, id := range ids {
			n.is(id, dispatch.Resolved, "sato")
		}
		n.quiet(time.Hour)
	})
}
