package dispatch_test

import (
	"strings"
	"testing"
	"time"

	"github.com/kaden-project/kaden/dispatch"
	"github.com/kaden-project/kaden/oncall"
	"github.com/kaden-project/kaden/phonetest"
	"github.com/kaden-project/kaden/timeline"
)

// pin gives somebody one.
func pin(digits string) func(*oncall.Person) { return func(p *oncall.Person) { p.PIN = digits } }

// phonetest's callers show the address of their phone; another is somebody else's, or nobody's.
func (n *night) callsUs(from string) *phonetest.Phone {
	return n.Phone(from).Calls(ownNumber).IsAnswered()
}

func TestR22WhoMissedTheCallCallsBackAndTakesIt(t *testing.T) {
	tell(t, "", func(n *night) {
		id := n.alert("db01/disk", "disk full on db01")
		n.Phone("sato").Rings().StopsRinging()
		suzuki := n.Phone("suzuki").Rings()
		sato := n.callsUs("sato").Hears("disk full").Hears("Press 1").Presses("1").Hears("Recorded: you have taken it")
		suzuki.StopsRinging()
		sato.IsHungUp()
		n.is(id, dispatch.Acknowledged, "sato")
		n.happened(timeline.AttemptCallBack, "sato")
		n.quiet(14 * time.Minute)
		sato.Rings().Answers().Hears("still on it").Presses("6").Hears("it is over").IsHungUp()
		n.quiet(time.Hour)
	})
}

func TestR22CallingBackEndsTheCallThatRings(t *testing.T) {
	tell(t, "", func(n *night) {
		one := n.alert("db01/disk", "disk full on db01")
		two := n.alert("web03/cpu", "cpu hot on web03")
		out := n.Phone("sato").Rings()
		ringing := out.Far()
		in := n.callsUs("sato").Hears("There are 2 alerts")
		if s := ringing.State(); s.Ended.IsZero() {
			t.Error("the phone rings on while its person calls us")
		}
		in.Hears("Press 1").Presses("2").Hears("next person").IsHungUp()
		n.Phone("suzuki").Rings().Answers().Hears("There are 2 alerts").Presses("1").Hears("you have taken 2").IsHungUp()
		n.is(one, dispatch.Acknowledged, "suzuki")
		n.is(two, dispatch.Acknowledged, "suzuki")
		n.must(n.d.Resolve(n.t.Context(), one, "suzuki"))
		n.must(n.d.Resolve(n.t.Context(), two, "suzuki"))
	})
}

func TestR22WhoListensOnOnePhoneAndCallsWithAnother(t *testing.T) {
	tell(t, "", func(n *night) {
		id := n.alert("db01/disk", "disk full on db01")
		out := n.Phone("sato").Rings().Answers().Hears("disk full").Far()
		in := n.callsUs("sato").Hears("disk full").Hears("Press 1")
		heard := out.Heard()
		if last := heard[len(heard)-1].Caption; !strings.Contains(last, "You are calling us on another line") || out.State().Ended.IsZero() {
			t.Errorf("the first phone heard %q and is %+v", last, out.State())
		}
		in.HangsUp() // without a key
		n.Phone("suzuki").Rings().Answers().Hears("disk full").Presses("1").Hears("Recorded").IsHungUp()
		n.is(id, dispatch.Acknowledged, "suzuki")
		n.happened(timeline.AttemptNotConfirmed, "sato")
		n.must(n.d.Resolve(n.t.Context(), id, "suzuki"))
	})
}

func TestR22TheTakerCallsAndIsAsked(t *testing.T) {
	tell(t, "", func(n *night) {
		id := n.alert("db01/disk", "disk full on db01")
		takes(n.Phone("sato"))
		n.callsUs("sato").Hears("disk full on db zero one. Are you still on it?").Presses("6").Hears("it is over").IsHungUp()
		n.is(id, dispatch.Resolved, "sato")
		n.callsUs("sato").Hears("Your number alone is not enough").HangsUp() // and nothing is open
		n.quiet(time.Hour)
	})
}

func TestR22ANumberAloneIsNotEnough(t *testing.T) {
	tell(t, "", func(n *night) {
		n.person("tanaka", pin("4711"))
		id := n.alert("db01/disk", "disk full on db01")
		sato := n.Phone("sato").Rings()
		tanaka := n.callsUs("tanaka").Hears("Your number alone is not enough to act.").Hears("enter your PIN")
		tanaka.Presses("4712#").Hears("This PIN is not right").Hears("enter your PIN").Presses("4711#").
			Hears("disk full").Hears("To stop all calls for 30 minutes, press 0").Presses("1").Hears("Recorded").IsHungUp()
		sato.StopsRinging()
		n.is(id, dispatch.Acknowledged, "tanaka")
		n.must(n.d.Resolve(n.t.Context(), id, "tanaka"))
	})
}

func TestR22AStrangersPhoneIsGoodForWhoeverKnowsTheirPIN(t *testing.T) {
	tell(t, "", func(n *night) {
		n.person("sato", pin("4711"))
		n.person("suzuki", pin("0815"))
		id := n.alert("db01/disk", "disk full on db01")
		n.Phone("sato").Rings().StopsRinging()
		n.Phone("suzuki").Rings().Declines()
		n.Phone("tanaka").Rings()
		n.callsUs("booth").Hears("enter your PIN").Presses("0815#").Hears("disk full").Presses("1").Hears("Recorded").IsHungUp()
		n.Phone("tanaka").StopsRinging()
		n.is(id, dispatch.Acknowledged, "suzuki")
		n.must(n.d.Resolve(n.t.Context(), id, "suzuki"))
	})
}

func TestR22ThreeWrongPINsAndThenNobodyIsListenedTo(t *testing.T) {
	tell(t, "", func(n *night) {
		n.person("sato", pin("4711"))
		for range 2 {
			booth := n.callsUs("booth")
			for range 2 {
				booth.Hears("enter your PIN").Presses("1111#").Hears("not right")
			}
			booth.Hears("enter your PIN").Presses("1111#").Hears("Not right. Goodbye.").IsHungUp()
		}
		n.callsUs("booth").Hears("enter your PIN").Presses("4711#").Hears("Not right. Goodbye.").IsHungUp() // too late
		time.Sleep(16 * time.Minute)
		n.callsUs("booth").Hears("enter your PIN").Presses("4711#").Hears("There is nothing for you.").Hears("press 0").IsHungUp()
		n.callsUs("booth").Hears("enter your PIN").Hears("Not right. Goodbye.").IsHungUp() // no key at all
	})
}

func TestR33TheKillSwitchByTelephone(t *testing.T) {
	tell(t, together, func(n *night) {
		n.person("sato", pin("4711"))
		n.callsUs("booth").Hears("enter your PIN").Presses("4711#").Hears("There is nothing for you").Hears("press 0").
			Presses("0").Hears("Press 0 once more").Presses("0").Hears("nobody is called for 30 minutes").IsHungUp()
		if h := n.d.Held(); h.By != "sato" {
			t.Errorf("held: %+v", h)
		}
		n.must(n.d.Unhalt(n.t.Context(), "console"))
		id := n.alert("db01/disk", "disk full on db01")
		sato, suzuki, tanaka := n.Phone("sato").Rings(), n.Phone("suzuki").Rings(), n.Phone("tanaka").Rings()
		ringing := sato.Far()
		booth := n.callsUs("booth").Hears("enter your PIN").Presses("4711#").Hears("disk full").Hears("press 0").
			Presses("0").Hears("Press 0 once more").Presses("0").Hears("nobody is called for 30 minutes")
		if s := ringing.State(); s.Ended.IsZero() {
			t.Error("sato's own phone rings on")
		}
		suzuki.StopsRinging()
		tanaka.StopsRinging()
		booth.Hears("disk full").Presses("1").Hears("Recorded").IsHungUp()
		n.is(id, dispatch.Acknowledged, "sato")
		n.must(n.d.Resolve(n.t.Context(), id, "sato"))
		n.quiet(time.Hour)
	})
}

func TestR33ItTakesThePINEvenFromAPhoneThatIsKnown(t *testing.T) {
	tell(t, "", func(n *night) {
		n.person("sato", pin("4711"))
		id := n.alert("db01/disk", "disk full on db01")
		n.Phone("sato").Rings().StopsRinging()
		suzuki := n.Phone("suzuki").Rings()
		n.callsUs("sato").Hears("disk full").Hears("Press 1").Presses("0").Hears("Your number alone is not enough").Hears("enter your PIN").Presses("4711#").
			Hears("disk full").Hears("press 0").Presses("0").Hears("Press 0 once more").Presses("0").Hears("nobody is called for 30 minutes").
			Hears("disk full").Presses("1").Hears("Recorded").IsHungUp()
		suzuki.StopsRinging()
		if h := n.d.Held(); h.By != "sato" {
			t.Errorf("held: %+v", h)
		}
		n.is(id, dispatch.Acknowledged, "sato")
		n.must(n.d.Resolve(n.t.Context(), id, "sato"))
	})
}

func TestR22WhatCallsMeanwhileIsToldInTheSameCall(t *testing.T) {
	tell(t, "", func(n *night) {
		one := n.alert("db01/disk", "disk full on db01")
		n.Phone("sato").Rings().StopsRinging()
		n.Phone("suzuki").Rings()
		sato := n.callsUs("sato").Hears("disk full")
		two := n.alert("web03/cpu", "cpu hot on web03")
		sato.DoesNotRing(0).Presses("1").Hears("Recorded: you have taken it").Hears("cpu hot").Hears("Press 1").Presses("1").Hears("Recorded").IsHungUp()
		n.Phone("suzuki").StopsRinging()
		n.is(one, dispatch.Acknowledged, "sato")
		n.is(two, dispatch.Acknowledged, "sato")
		n.must(n.d.Resolve(n.t.Context(), one, "sato"))
		n.must(n.d.Resolve(n.t.Context(), two, "sato"))
	})
}
