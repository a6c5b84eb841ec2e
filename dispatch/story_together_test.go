package dispatch_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/kaden-project/kaden/dispatch"
	"github.com/kaden-project/kaden/leg"
	"github.com/kaden-project/kaden/leg/simleg"
	"github.com/kaden-project/kaden/media"
	"github.com/kaden-project/kaden/media/mediatest"
	"github.com/kaden-project/kaden/number"
	"github.com/kaden-project/kaden/oncall"
	"github.com/kaden-project/kaden/phonetest"
	"github.com/kaden-project/kaden/timeline"
	"github.com/kaden-project/kaden/trunk"
)

// Several phones of one person that ring at the same time (rule 15).

// twoPhones gives somebody a mobile phone and one at the desk that ring at the same time, and one at home for later.
func twoPhones(p *oncall.Person) {
	p.Contacts = nil
	for i, name := range []string{p.ID, "desk", "home"} {
		p.Contacts = append(p.Contacts, oncall.Method{Address: number.Address{Scheme: number.Sim, Text: name}, Together: min(1, 2-i)})
	}
}

// everybody are all who have a phone in these stories.
var everybody = []string{"sato", "desk", "home", "suzuki", "tanaka"}

const firstSato = "plan: default\nstill-on-it: off\nsteps:\n  - call: [sato, suzuki]\n    order: in-turn\n"

// twoRing tells a story in which sato has two phones that ring together.
func twoRing(t *testing.T, plan string, f func(n *night, mobile, desk *phonetest.Phone)) {
	t.Helper()
	tell(t, plan, func(n *night) {
		n.person("sato", twoPhones)
		f(n, n.Phone("sato"), n.Phone("desk"))
	})
}

func TestR15BothRingAndConfirmingOnOneStopsTheOther(t *testing.T) {
	twoRing(t, firstSato, func(n *night, mobile, desk *phonetest.Phone) {
		id := n.alert("db01/disk", "disk full on db01")
		if mobile.Rings(); !desk.Rings().RangAt().Equal(mobile.RangAt()) {
			t.Errorf("the desk phone rang %v after the mobile", desk.RangAt().Sub(mobile.RangAt()))
		}
		desk.Answers().Hears("Press 1").Presses("1").Hears("Recorded").IsHungUp()
		mobile.StopsRinging()
		n.is(id, dispatch.Acknowledged, "sato")
		n.quiet(time.Hour, everybody...)
		if c := n.count(timeline.AttemptConfirmed, "sato"); c != 1 {
			t.Errorf("sato confirmed %d times", c)
		}
		x := n.why(id, true, "1 person was called; sato took it")
		if len(x.People) != 1 || x.People[0].Why != "took it" || x.People[0].Attempts != 2 {
			t.Errorf("people: %+v", x.People)
		}
		n.must(n.d.Resolve(n.t.Context(), id, "sato"))
	})
}

func TestR15WhoAsksToHearItAgainIsThere(t *testing.T) {
	twoRing(t, firstSato, func(n *night, mobile, desk *phonetest.Phone) {
		id := n.alert("db01/disk", "disk full on db01")
		mobile.Rings()
		desk.Rings().Answers().Hears("disk full").Presses("9")
		mobile.StopsRinging()
		desk.Hears("disk full").Hears("Press 1").Presses("1").Hears("Recorded").IsHungUp()
		n.is(id, dispatch.Acknowledged, "sato")
		n.happened(timeline.AttemptCanceled, "elsewhere is on another phone")
		n.must(n.d.Resolve(n.t.Context(), id, "sato"))
	})
}

// The voicemail of the one answers; the other rings on and is answered by sato, who takes it.
func TestR15AVoicemailSilencesNobody(t *testing.T) {
	twoRing(t, firstSato, func(n *night, mobile, desk *phonetest.Phone) {
		greeting := media.NewClip(mediatest.Announcement(12*media.Rate, 7), "please leave a message").Source()
		n.Behaves("desk", simleg.Voicemail(5*time.Second, greeting, time.Minute))
		id := n.alert("db01/disk", "disk full on db01")
		mobile.Rings().Waits(12 * time.Second).Answers().Hears("Press 1").Presses("1").Hears("Recorded").IsHungUp()
		n.is(id, dispatch.Acknowledged, "sato")
		n.happened(timeline.AttemptDetected, "machine_start")
		n.quiet(time.Minute, "home", "suzuki")
		n.must(n.d.Resolve(n.t.Context(), id, "sato"))
	})
}

func TestR15RejectingOneSkipsTheRest(t *testing.T) {
	twoRing(t, firstSato, func(n *night, mobile, desk *phonetest.Phone) {
		id := n.alert("db01/disk", "disk full on db01")
		mobile.Rings()
		desk.Rings().Declines()
		mobile.StopsRinging()
		n.Phone("suzuki").Rings().Answers().Hears("Press 1").Presses("1").Hears("Recorded").IsHungUp()
		n.is(id, dispatch.Acknowledged, "suzuki")
		n.quiet(time.Minute, everybody...)
		n.must(n.d.Resolve(n.t.Context(), id, "suzuki"))
	})
}

// The one is busy: the other rings on, and the next way comes when that is over. The busy one is not called beside it.
func TestR15BusyOnOne(t *testing.T) {
	twoRing(t, firstSato, func(n *night, mobile, desk *phonetest.Phone) {
		n.person("sato", func(p *oncall.Person) { p.Contacts[1].Ring = 15 })
		id := n.alert("db01/disk", "disk full on db01")
		began := time.Now()
		mobile.Rings().IsBusy()
		desk.Rings().StopsRinging()
		n.Phone("home").Rings()
		if after := time.Since(began).Round(time.Second); after != 15*time.Second {
			t.Errorf("the phone at home rang after %v", after)
		}
		mobile.DoesNotRing(10 * time.Second)
		n.Phone("home").Answers().Hears("Press 1").Presses("1").Hears("Recorded").IsHungUp()
		n.is(id, dispatch.Acknowledged, "sato")
		n.must(n.d.Resolve(n.t.Context(), id, "sato"))
	})
}

func TestR15TakenOnTheConsoleWhileBothRing(t *testing.T) {
	twoRing(t, firstSato, func(n *night, mobile, desk *phonetest.Phone) {
		id := n.alert("db01/disk", "disk full on db01")
		mobile.Rings()
		desk.Rings()
		n.must(n.d.Acknowledge(n.t.Context(), id, "tanaka"))
		mobile.StopsRinging()
		desk.StopsRinging()
		n.is(id, dispatch.Acknowledged, "tanaka")
		n.quiet(time.Minute, everybody...)
		n.must(n.d.Resolve(n.t.Context(), id, "tanaka"))
	})
}

func TestR15CallingBackSilencesBoth(t *testing.T) {
	twoRing(t, firstSato, func(n *night, mobile, desk *phonetest.Phone) {
		id := n.alert("db01/disk", "disk full on db01")
		m, d := mobile.Rings().Far(), desk.Rings().Far()
		n.callsUs("sato").Hears("disk full").Hears("Press 1").Presses("1").Hears("Recorded").IsHungUp()
		for name, far := range map[string]*simleg.Phone{"mobile": m, "desk": d} {
			if far.State().Ended.IsZero() {
				t.Errorf("the %s phone rings on while its person calls us", name)
			}
		}
		n.is(id, dispatch.Acknowledged, "sato")
		n.must(n.d.Resolve(n.t.Context(), id, "sato"))
	})
}

// kaden stops and starts while both ring: both are called once more, and one key is enough.
func TestR15ARestartWhileBothRing(t *testing.T) {
	twoRing(t, firstSato, func(n *night, mobile, desk *phonetest.Phone) {
		id := n.alert("db01/disk", "disk full on db01")
		mobile.Rings()
		desk.Rings()
		n.restart()
		mobile.Rings().Answers().Hears("Press 1").Presses("1").Hears("Recorded").IsHungUp()
		desk.Rings().StopsRinging()
		n.is(id, dispatch.Acknowledged, "sato")
		n.quiet(time.Minute, everybody...)
		n.must(n.d.Resolve(n.t.Context(), id, "sato"))
	})
}

func TestR15EveryoneIsOneVoteAPerson(t *testing.T) {
	twoRing(t, "plan: default\nstill-on-it: off\nsteps:\n  - call: [sato, suzuki]\n    need: everyone\n    rounds: 2\n", func(n *night, mobile, desk *phonetest.Phone) {
		id := n.alert("db01/disk", "disk full on db01")
		suzuki := n.Phone("suzuki").Rings()
		mobile.Rings()
		desk.Rings().Answers().Hears("Press 1").Presses("1").Hears("Recorded").IsHungUp()
		mobile.StopsRinging()
		suzuki.Answers().Hears("Press 1").Presses("1").Hears("Recorded").IsHungUp()
		n.is(id, dispatch.Acknowledged, "sato")
		n.happened(timeline.AlertAcknowledged, "2 of 2 confirmed")
		n.must(n.d.Resolve(n.t.Context(), id, "sato"))
	})
}

// Two alerts at the same time: each phone rings once, and whichever is answered tells both.
func TestR15TwoAlertsShareTheTwoPhones(t *testing.T) {
	twoRing(t, firstSato, func(n *night, mobile, desk *phonetest.Phone) {
		one := n.alert("db01/disk", "disk full on db01")
		two := n.alert("web03/cpu", "cpu hot on web03")
		mobile.Rings()
		desk.Rings().Answers().Hears("There are 2 alerts").Hears("Press 1").Presses("1").Hears("you have taken 2").IsHungUp()
		mobile.StopsRinging()
		n.is(one, dispatch.Acknowledged, "sato")
		n.is(two, dispatch.Acknowledged, "sato")
		n.quiet(time.Minute, everybody...)
		n.must(n.d.Resolve(n.t.Context(), one, "sato"))
		n.must(n.d.Resolve(n.t.Context(), two, "sato"))
	})
}

// Each call counts: after six alerts with two phones each, the twelve calls of the hour are used up.
func TestR15EachPhoneCountsInTheHour(t *testing.T) {
	twoRing(t, firstSato, func(n *night, mobile, desk *phonetest.Phone) {
		for i := range dispatch.UsualPerHour / 2 {
			id := n.alert(fmt.Sprint("k", i), "disk full")
			mobile.Rings()
			desk.Rings().Answers().Hears("Press 1").Presses("1").Hears("Recorded").IsHungUp()
			mobile.StopsRinging()
			n.must(n.d.Resolve(n.t.Context(), id, "sato"))
		}
		id := n.alert("last", "disk full")
		n.Phone("suzuki").Rings().Answers().Hears("Press 1").Presses("1").Hears("Recorded").IsHungUp()
		n.is(id, dispatch.Acknowledged, "suzuki")
		n.happened(timeline.AttemptUnreachable, "called 12 times within the hour")
		n.must(n.d.Resolve(n.t.Context(), id, "suzuki"))
	})
}

// Over a line with one channel, what rings together rings one after the other (rule 32).
func TestR15OneChannelMakesItASequence(t *testing.T) {
	narrow := []trunk.Trunk{{Name: "ntt", Server: "ntt.example", Channels: 1}}
	tellOver(t, firstSato, narrow, func(n *night) {
		n.mobilePhones()
		n.stop()
		n.set.Trunks = narrow
		n.person("sato", func(p *oncall.Person) {
			p.Contacts = []oncall.Method{
				{Address: number.Address{Scheme: number.Tel, Number: mobiles["sato"]}, Together: 1},
				{Address: number.Address{Scheme: number.Tel, Number: mobiles["tanaka"]}, Together: 1},
			}
		})
		n.wakeUp()
		id := n.alert("db01/disk", "disk full on db01")
		first, second := n.Phone(phoneOf("sato")).Rings(), n.Phone(phoneOf("tanaka"))
		second.DoesNotRing(15 * time.Second)
		first.StopsRinging()
		second.Rings().Answers().Hears("Press 1").Presses("1").Hears("Recorded").IsHungUp()
		n.is(id, dispatch.Acknowledged, "sato")
		n.must(n.d.Resolve(n.t.Context(), id, "sato"))
	})
}

// besides is a story of phones in the hand of the test, in which sato has two that ring together.
func besides(t *testing.T, f func(h *house)) {
	t.Helper()
	story(t, "", func(h *house) {
		p := h.set.People["sato"]
		twoPhones(&p)
		h.set.People["sato"] = p
		f(h)
	})
}

// Detection takes the one who answered for a person: the other phone falls silent. Nothing comes of it: it rings again.
func TestR15APersonByEarWhoPressesNothing(t *testing.T) {
	besides(t, func(h *house) {
		got := h.alert("k", "disk full")
		mobile, desk := h.rings("sato").ring(), h.rings("desk").ring()
		mobile.answer().takenFor("human")
		desk.stopped(leg.Canceled)
		h.quiet()
		mobile.hangsUp()
		h.rings("desk").ring().answer().press("1").hears("Recorded")
		h.is(got.Alerts[0], dispatch.Acknowledged, "sato")
		h.quiet()
	})
}

// sato has answered one phone and presses the red button on the other, which rings on: that silences it, and no more.
func TestR15SilencingTheOtherPhoneIsNoReject(t *testing.T) {
	besides(t, func(h *house) {
		got := h.alert("k", "disk full")
		mobile, desk := h.rings("sato").ring(), h.rings("desk").ring()
		mobile.answer()
		desk.ends("failed", leg.Rejected, 603)
		h.quiet()
		mobile.press("1").hears("Recorded")
		h.is(got.Alerts[0], dispatch.Acknowledged, "sato")
	})
}

// An alert comes in while sato is on one of the phones for another: it is told there, and the other does not ring.
func TestR15WhoIsOnOnePhoneIsNotRungOnTheOther(t *testing.T) {
	besides(t, func(h *house) {
		first := h.alert("a", "disk full")
		mobile, desk := h.rings("sato").ring(), h.rings("desk").ring()
		desk.answer().takenFor("human")
		mobile.stopped(leg.Canceled)
		second := h.alert("b", "memory full")
		h.quiet()
		desk.listens().hears("There are 2 alerts")
		desk.press("1").hears("you have taken 2")
		h.is(first.Alerts[0], dispatch.Acknowledged, "sato")
		h.is(second.Alerts[0], dispatch.Acknowledged, "sato")
		h.quiet()
	})
}

// The mobile phone was busy for the first alert; for the second one it rings beside the phone at the desk, which tells both.
func TestR15TheNextAlertRingsTheOtherPhoneAgain(t *testing.T) {
	besides(t, func(h *house) {
		first := h.alert("a", "disk full")
		h.rings("sato").busy()
		desk := h.rings("desk").ring()
		second := h.alert("b", "memory full")
		mobile := h.rings("sato").ring()
		h.quiet()
		desk.answer().hears("There are 2 alerts")
		desk.press("1").hears("you have taken 2")
		mobile.stopped(leg.Canceled)
		h.is(first.Alerts[0], dispatch.Acknowledged, "sato")
		h.is(second.Alerts[0], dispatch.Acknowledged, "sato")
		h.quiet()
	})
}

// Another platform carries both calls; kaden dies and comes back while they ring. Both go on, and nobody is called again.
func TestR15BothCallsElsewhereGoOnAfterACrash(t *testing.T) {
	elsewhere(t, "", func(h *house) {
		p := h.set.People["sato"]
		twoPhones(&p)
		h.set.People["sato"] = p
		got := h.alert("k", "disk full")
		mobile, desk := h.rings("sato").ring(), h.rings("desk").ring()
		h.crash()
		h.start()
		if h.rings("sato") != mobile || h.rings("desk") != desk {
			t.Error("sato was called a second time")
		}
		h.quiet()
		desk.answer().press("1").hears("Recorded")
		mobile.stopped(leg.Canceled)
		h.is(got.Alerts[0], dispatch.Acknowledged, "sato")
		h.quiet()
		h.mustNotHave(timeline.AttemptLost)
		if strings.Contains(strings.Join(h.spoken, " "), "ghost") {
			t.Errorf("a ghost was ended: %v", h.spoken)
		}
	})
}
