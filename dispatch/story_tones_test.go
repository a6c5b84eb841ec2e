package dispatch_test

import (
	"testing"
	"time"

	"github.com/kaden-project/kaden/dispatch"
	"github.com/kaden-project/kaden/oncall"
	"github.com/kaden-project/kaden/phonetest"
	"github.com/kaden-project/kaden/timeline"
	"github.com/kaden-project/kaden/trunk"
)

// Keys that are heard as tones in the sound (rule 19).

const onceHeard = "a tone in the sound: counts when it is heard twice"

// overTones tells a story of sato and suzuki, who are called in turn over a trunk whose keys are tones.
func overTones(t *testing.T, plan string, f func(n *night, sato, suzuki *phonetest.Phone)) {
	old := trunk.Trunk{Name: "ntt", Server: "ntt.example", InBandDTMF: true}
	tellOver(t, plan+"steps:\n  - call: [sato, suzuki]\n    order: in-turn\n", []trunk.Trunk{old}, func(n *night) {
		n.mobilePhones()
		f(n, n.Phone(phoneOf("sato")), n.Phone(phoneOf("suzuki")))
	})
}

func TestR19AKeyThatIsHeardInTheSoundIsWantedTwice(t *testing.T) {
	overTones(t, "plan: default\n", func(n *night, sato, suzuki *phonetest.Phone) {
		id := n.alert("db01/disk", "disk full on db01")
		sato.Rings().Answers().Hears("disk full").Hears("Please press each key twice").Hears("Press 1 to take it").Presses("1")
		sato.Hears("Please press 1 once more") // a voice can make such a tone: nothing is taken by one
		n.is(id, dispatch.Stored, "")
		n.happened(timeline.AttemptDigit, onceHeard)
		sato.Hears("disk full").Hears("Press 1 to take it").Presses("2").Hears("press 2 once more").Presses("2").Hears("next person").IsHungUp()
		suzuki.Rings().Answers().Hears("Press 1").Presses("11").Hears("Recorded: you have taken it").IsHungUp()
		n.is(id, dispatch.Acknowledged, "suzuki")
		n.must(n.d.Resolve(n.t.Context(), id, "suzuki"))
	})
}

func TestR19OneToneAloneIsNobody(t *testing.T) {
	overTones(t, "plan: default\n", func(n *night, sato, suzuki *phonetest.Phone) {
		n.person("sato", func(p *oncall.Person) { p.Language = "ja-JP" })
		id := n.alert("db01/disk", "disk full on db01")
		sato.Rings().Answers().Hears("二回続けて").Presses("1").Hears("もう一度1を押してください")
		suzuki.Rings().Answers() // the next phone rings as well: nobody has pressed a key so far
		sato.Waits(12 * time.Second).Presses("1").Hears("もう一度1を")
		n.is(id, dispatch.Stored, "")
		sato.IsHungUp()
		n.happened(timeline.AttemptNotConfirmed, "")
		suzuki.Hears("Press 1").Presses("1").Hears("once more").Presses("1").Hears("Recorded").IsHungUp()
		n.is(id, dispatch.Acknowledged, "suzuki")
		n.must(n.d.Resolve(n.t.Context(), id, "suzuki"))
	})
}

func TestR19ASpokenDigitAndAWordAreTakenTwiceAsWell(t *testing.T) {
	overTones(t, "plan: default\nconfirm: proof\nkeys: { \"1\": accept, \"2\": pass, \"5\": speak }\n", func(n *night, sato, _ *phonetest.Phone) {
		id := n.alert("db01/disk", "disk full on db01")
		sato.Rings().Answers().HearsAll("awake, press")
		awake := digit(sato)
		sato.Presses("1" + awake).Hears("press " + awake + " once more") // two keys are not one twice
		n.is(id, dispatch.Stored, "")
		sato.Presses(awake).Hears("Recorded: you have taken it").Hears("press 5").Presses("5").Hears("press 5 once more").Presses("5").
			Hears("Speak after the tone").HangsUp()
		n.is(id, dispatch.Acknowledged, "sato")
		n.must(n.d.Resolve(n.t.Context(), id, "sato"))
	})
}

// The keys of those who call us over such a trunk are tones as well.

var tones = trunk.Trunk{Name: "ntt", Server: "ntt.example", InBandDTMF: true}

func TestR19ACallerOfAHotlinePressesTwice(t *testing.T) {
	tellOver(t, "", []trunk.Trunk{tones}, func(n *night) {
		robot := n.Phone("robot").CallsOver(tones, "sim:hotline").IsAnswered().Hears("This is an on-call line").Hears("press each key twice").Hears("press 1")
		robot.Presses("1").Hears("Please press 1 once more") // a voice can make such a tone: nobody is woken by one
		robot.Waits(11 * time.Second).Presses("1").Hears("Please press 1 once more").HangsUp()
		n.quiet(time.Hour)

		guest := n.Phone("guest").CallsOver(tones, "sim:hotline").IsAnswered().Hears("press 1").Presses("1").Hears("once more").Presses("1").Hears("People are being called now")
		sato := answersTheHotline(n.Phone("sato").Rings(), "Call from guest") // who is called at home presses once
		guest.HearsAll("Somebody is on the line now").Waits(time.Second)
		sato.HangsUp()
		guest.Hears("press each key twice").Hears("press 1").Presses("1").Hears("Please press 1 once more").Presses("1").Hears("People are being called now")
		answersTheHotline(n.Phone("suzuki").Rings(), "Call from guest").Waits(time.Second)
		guest.HearsAll("Somebody is on the line now").HangsUp()
		n.must(n.d.Resolve(n.t.Context(), n.latest().ID, "suzuki"))
	})
}

func TestR19WhoCallsBackPressesTwice(t *testing.T) {
	tellOver(t, "", []trunk.Trunk{tones}, func(n *night) {
		n.person("suzuki", pin("2580"))
		id := n.alert("db01/disk", "disk full on db01")
		n.Phone("sato").Rings().StopsRinging()
		suzuki := n.Phone("suzuki").Rings()
		sato := n.Phone("sato").CallsOver(tones, ownNumber).IsAnswered().Hears("disk full").Hears("Please press each key twice").Hears("Press 1").Presses("1").Hears("Please press 1 once more")
		n.is(id, dispatch.Stored, "")
		n.happened(timeline.AttemptDigit, onceHeard)
		sato.HangsUp()
		suzuki.StopsRinging()
		tanaka := n.Phone("tanaka").Rings()
		// A PIN is no single key: it is entered once.
		n.Phone("somewhere").CallsOver(tones, ownNumber).IsAnswered().Hears("PIN").Presses("2580#").Hears("disk full").Hears("Press 1").Presses("11").Hears("Recorded: you have taken it").IsHungUp()
		tanaka.StopsRinging()
		n.is(id, dispatch.Acknowledged, "suzuki")
		n.must(n.d.Resolve(n.t.Context(), id, "suzuki"))
	})
}
