package dispatch_test

import (
	"strings"
	"testing"
	"time"

	"github.com/kaden-project/kaden/alert"
	"github.com/kaden-project/kaden/call"
	"github.com/kaden-project/kaden/callout"
	"github.com/kaden-project/kaden/dispatch"
	"github.com/kaden-project/kaden/leg"
	"github.com/kaden-project/kaden/number"
	"github.com/kaden-project/kaden/oncall"
	"github.com/kaden-project/kaden/timeline"
	"github.com/kaden-project/kaden/trunk"
)

// why checks the first reason that is given, and whether anybody was called.
func (n *night) why(id string, called bool, words string) dispatch.Explanation {
	n.t.Helper()
	n.events() // all has settled
	x, err := n.d.Why(n.t.Context(), id)
	n.must(err)
	if x.Called != called || !strings.Contains(x.Summary, words) {
		n.t.Fatalf("called %v: %q; want %v and %q\n%s", x.Called, x.Summary, called, words, n.timeline())
	}
	return x
}

// unreachable takes away all that a person can be called at.
func unreachable(p *oncall.Person) {
	p.Contacts = []oncall.Method{{Address: number.Address{Scheme: number.Tel, Number: "+819011112222"}}}
}

func TestWhyBecauseItIsInformation(t *testing.T) {
	tell(t, "", func(n *night) {
		id := n.alert("k", "web03 registered", func(a *alert.Alert) { a.Action = alert.Info })
		n.why(id, false, "information; nobody is rung for it")
	})
}

func TestWhyBecauseNobodyCanBeReachedAndItIsSaidAtOnce(t *testing.T) {
	tell(t, "", func(n *night) {
		for who := range n.set.People {
			n.person(who, unreachable)
		}
		id := n.alert("k", "disk full")
		n.happened(timeline.NoticeRaised, "no-one")
		x := n.why(id, false, "nobody of plan \"default\" can be called")
		if len(x.People) != 3 || !strings.Contains(x.People[0].Why, "no trunk") || x.People[0].Outcome != string(callout.Unreachable) {
			t.Errorf("people: %+v", x.People)
		}
		if len(x.Notices) == 0 {
			t.Error("no loud word")
		}
	})
}

func TestWhyBecauseThereIsNobodyAtAll(t *testing.T) {
	tell(t, "", func(n *night) {
		clear(n.set.Plans)
		clear(n.set.People)
		id := n.alert("k", "disk full")
		n.happened(timeline.NoticeRaised, "there is nobody")
		n.why(id, false, "can be called")
	})
}

func TestWhyBecauseItWasOverInTime(t *testing.T) {
	tell(t, "", func(n *night) {
		id := n.alert("k", "disk 80%", severity(alert.Warning))
		n.why(id, false, "grace of 1m")
		n.quiet(30 * time.Second)
		n.alert("k", "disk 80%", resolve)
		n.why(id, false, "within the grace of 1m")
		n.quiet(10 * time.Minute)
	})
}

func TestWhyAndWhatBecameOfEach(t *testing.T) {
	tell(t, "", func(n *night) {
		id := n.alert("k", "disk full")
		n.Phone("sato").Rings().Declines()
		n.Phone("suzuki").Rings().Answers().Hears("disk").Presses("2").Hears("next").IsHungUp()
		n.Phone("tanaka").Rings().Answers().Hears("disk").Presses("1").Hears("Recorded").IsHungUp()
		x := n.why(id, true, "3 people were called; tanaka took it")
		got := map[string]string{}
		for _, p := range x.People {
			got[p.Person] = p.Outcome
		}
		if got["sato"] != "rejected" || got["suzuki"] != "passed" || got["tanaka"] != "confirmed" {
			t.Errorf("people: %+v", x.People)
		}

		// Where a leg can tell how it sounded, that is told too.
		inc, err := n.store.IncidentByID(t.Context(), id)
		n.must(err)
		calls, err := n.store.AttemptsOf(t.Context(), inc.Callout)
		n.must(err)
		last := calls[len(calls)-1]
		n.must(n.store.Change(t.Context(), call.Change{Record: call.Record{SID: last.Call, Attempt: last.ID, Status: call.Completed, Sound: leg.Sound{Codec: "PCMU", Heard: 19, Lost: 1}}}))
		for _, p := range n.why(id, true, "tanaka took it").People {
			if p.Person == last.Person != strings.Contains(p.Sound, "5 % lost") {
				t.Errorf("how it sounded to %s: %q", p.Person, p.Sound)
			}
		}
	})
}

func TestWhyBecauseTheyWereCalledTooOften(t *testing.T) {
	tell(t, "plan: default\nsteps:\n  - call: [sato]\n", func(n *night) {
		for i := range 12 {
			n.alert(strings.Repeat("x", i+1), "flap")
			n.Phone("sato").Rings().Answers().Hears("flap").Presses("1").Hears("Recorded").IsHungUp()
			time.Sleep(time.Second)
		}
		id := n.alert("thirteenth", "flap")
		n.quiet(time.Second)
		n.why(id, false, "too often within the hour")
	})
}

func TestWhyBecauseSomebodyStoppedItOrItIsOurFault(t *testing.T) {
	tell(t, "", func(n *night) {
		n.set.Trunks = []trunk.Trunk{{Name: "ntt", Server: "ntt.example"}}
		n.person("sato", mobile("+819011112222"))
		n.plan("plan: default\nsteps:\n  - call: [sato]\n")
		id := n.alert("k", "disk full")
		if x := n.why(id, false, "our own fault"); x.Cause != dispatch.BecauseFault {
			t.Errorf("cause %s", x.Cause)
		}
		n.must(n.d.Stop(n.t.Context(), id, "tanaka"))
		if x := n.why(id, false, "tanaka stopped the call-out"); x.Cause != dispatch.BecauseStopped {
			t.Errorf("cause %s", x.Cause)
		}
		n.quiet(time.Hour)
	})
}

func TestWhyBecauseSomebodyTookItFirst(t *testing.T) {
	tell(t, "", func(n *night) {
		id := n.alert("k", "disk 80%", severity(alert.Warning))
		n.must(n.d.Acknowledge(n.t.Context(), id, "sato"))
		n.why(id, false, "sato took it before anybody was rung")
		n.quiet(10 * time.Minute)
	})
}

func TestWhyOfWhatDoesNotExist(t *testing.T) {
	tell(t, "", func(n *night) {
		if _, err := n.d.Why(n.t.Context(), "al-0"); err == nil {
			t.Error("an explanation of nothing")
		}
	})
}
