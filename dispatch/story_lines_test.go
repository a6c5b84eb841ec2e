package dispatch_test

import (
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/kaden-project/kaden/callout"
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

// region is two trunks that fail together, as in an earthquake.
var region = []trunk.Trunk{{Name: "ntt", Server: "ntt.example"}, {Name: "kddi", Server: "kddi.example"}}

// restricted lets a call to anybody over any trunk be refused for lack of room.
var restricted = simleg.Behaviour{RingAfter: simleg.Never, AnswerAfter: 20 * time.Millisecond, Refuse: leg.Congested}

// mobilePhones gives people mobile numbers over the region's trunks.
func (n *night) mobilePhones() {
	n.stop()
	synctest.Wait()
	n.set.Trunks = region
	for name, num := range mobiles {
		n.person(name, func(p *oncall.Person) {
			p.Contacts = []oncall.Method{{Address: number.Address{Scheme: number.Tel, Number: num}}}
		})
	}
	n.wakeUp()
}

// everywhere gives somebody the same fate over all trunks.
func (n *night) everywhere(name string, b simleg.Behaviour) {
	for _, t := range region {
		n.Behaves("sip:"+string(mobiles[name])+"@"+t.Server, b)
	}
}

// burnt are the events that cost somebody their turn.
func (n *night) burnt() (all []string) {
	for _, e := range n.events() {
		switch e.Kind {
		case timeline.AttemptNoAnswer, timeline.AttemptUnreachable, timeline.AttemptBusy, timeline.AttemptInvalid, timeline.AttemptRejected, timeline.AttemptMachine,
			timeline.AttemptNotConfirmed, timeline.CalloutUnreached, timeline.AlertExhausted:
			all = append(all, fmt.Sprintf("%s %s %s", e.At.Format("15:04:05"), e.Kind, e.Person))
		}
	}
	return all
}

// rang are those whose phone rang, in that order.
func (n *night) rang() (who []string) {
	for _, e := range n.events() {
		if e.Kind == timeline.AttemptRinging {
			who = append(who, e.Person)
		}
	}
	return who
}

// A carrier that lets us in no more (403) refuses whomever we call. That is no word of those who are called: they keep their turns
// until somebody has mended it. Once a phone has rung, it is.
func TestACarrierThatLetsNobodyInBurnsNobodysTurn(t *testing.T) {
	const inTurn = "plan: default\nsteps:\n  - call: [sato, suzuki, tanaka]\n    order: in-turn\n    rounds: 1\n"
	tellOver(t, inTurn, region, func(n *night) {
		for name := range mobiles {
			n.everywhere(name, simleg.Behaviour{RingAfter: simleg.Never, AnswerAfter: 20 * time.Millisecond, Refuse: leg.Failed})
		}
		n.mobilePhones()
		id := n.alert("db", "database down")
		time.Sleep(90 * time.Second)
		n.is(id, dispatch.Stored, "")
		if burnt := n.burnt(); len(burnt) > 0 {
			t.Errorf("turns were burnt: %q\n%s", burnt, n.timeline())
		}
		if told := n.count(timeline.NoticeRaised, "is down: the last 3 calls failed"); told != len(region) {
			t.Errorf("people were told %d times that a trunk is down:\n%s", told, n.timeline())
		}
		n.why(id, false, "our own fault")
		n.everywhere("sato", simleg.Behaviour{RingAfter: time.Second, AnswerAfter: 3 * time.Second, Refuse: leg.Failed})
		n.everywhere("suzuki", simleg.Behaviour{RingAfter: time.Second, AnswerAfter: 3 * time.Second, Actions: []simleg.Action{{At: 5 * time.Second, Digits: "1"}}})
		time.Sleep(90 * time.Second)
		n.is(id, dispatch.Acknowledged, "suzuki")
		if n.count(timeline.AttemptUnreachable, "") == 0 {
			t.Errorf("sato's phone rang, and the refusal is still nobody's:\n%s", n.timeline())
		}
	})
}

// All trunks are down for two minutes and a half, whatever the plan's pattern: nobody's turn is burnt, people are told
// loudly, once of each trunk, and whoever was first is called first when lines work again, within the half minute of the longest rest.
func TestAllTrunksDownForTwoMinutesBurnsNobodysTurn(t *testing.T) {
	const down = 150 * time.Second
	for name, step := range map[string]string{
		"in turn":       "call: [sato, suzuki, tanaka]\n    order: in-turn\n    rounds: 1",
		"together":      "call: [sato, suzuki, tanaka]\n    order: together\n    rounds: 1",
		"everyone":      "call: [sato, suzuki, tanaka]\n    need: everyone\n    rounds: forever\ndeadline: 1h",
		"several steps": "call: [sato]\n    rounds: 1\n  - wait: 1m\n  - call: [suzuki, tanaka]",
	} {
		t.Run(name, func(t *testing.T) {
			tellOver(t, "plan: default\nstill-on-it: off\nsteps:\n  - "+step+"\n", region, func(n *night) {
				for name := range mobiles {
					n.everywhere(name, restricted)
				}
				n.mobilePhones()
				began := time.Now()
				id := n.alert("db", "database down")
				time.Sleep(down)
				n.is(id, dispatch.Stored, "")
				if burnt := n.burnt(); len(burnt) > 0 {
					t.Errorf("turns were burnt: %q\n%s", burnt, n.timeline())
				}
				for _, tr := range region {
					if told := n.count(timeline.NoticeRaised, "trunk "+tr.Name+" is down"); told != 1 {
						t.Errorf("people were told %d times that %s is down", told, tr.Name)
					}
				}
				if n.count(timeline.CalloutStalled, "for 2m") != 1 {
					t.Errorf("it was not said once that two minutes are a long time:\n%s", n.timeline())
				}
				tries := n.count(timeline.AttemptDialing, "")
				if tries > 40 {
					t.Errorf("people were tried %d times", tries)
				}

				// The carriers have room again.
				for name := range mobiles {
					n.everywhere(name, simleg.Behaviour{RingAfter: time.Second, AnswerAfter: time.Hour})
				}
				n.everywhere("sato", simleg.Behaviour{RingAfter: time.Second, AnswerAfter: 3 * time.Second, Actions: []simleg.Action{{At: 5 * time.Second, Digits: "1"}}})
				if strings.Contains(step, "everyone") {
					for name := range mobiles {
						n.everywhere(name, simleg.Behaviour{RingAfter: time.Second, AnswerAfter: 3 * time.Second, Actions: []simleg.Action{{At: 5 * time.Second, Digits: "1"}}})
					}
				}
				var first timeline.Event
				for range 90 {
					time.Sleep(time.Second)
					for _, e := range n.events() {
						if e.Kind == timeline.AttemptRinging && first.Person == "" {
							first = e
						}
					}
				}
				if n.incident(id).Status != dispatch.Acknowledged {
					t.Errorf("the alert is %s\n%s", n.incident(id).Status, n.timeline())
				}
				late := first.At.Sub(began.Add(down))
				if late > 45*time.Second {
					t.Errorf("a phone rang %v after the carriers had room", late)
				}
				if strings.Contains(step, "in-turn") { // whose turn it was to be tried then, and after them the first in line
					if line := n.rang(); len(line) < 2 || line[0] != "sato" && line[1] != "sato" {
						t.Errorf("called were %q:\n%s", line, n.timeline())
					}
				}
				if n.count(timeline.NoticeRaised, "works again") == 0 {
					t.Errorf("nobody was told that lines work again:\n%s", n.timeline())
				}
				t.Logf("%d tries in %v; the first phone rang %v after it was over: %s", tries, down, late.Round(time.Millisecond), first.Person)
				n.alert("db", "over", resolve)
				time.Sleep(time.Minute)
			})
		})
	}
}

// left is when each call left the house, in that order, and to whom. The simulated call-out is named explained: in it,
// who need not wait leaves when the attempt begins.
func left(events []timeline.Event) (who []string, at []time.Time) {
	people, waits := map[string]string{}, map[string]bool{}
	for _, e := range events {
		switch e.Kind {
		case timeline.AttemptDialing:
			people[e.Attempt] = e.Person
		case timeline.CallQueued:
			waits[e.Attempt] = true
		}
	}
	for _, e := range events {
		if e.Kind == timeline.CallInitiated || e.Kind == timeline.AttemptDialing && !waits[e.Attempt] && e.Callout == "explained" {
			who, at = append(who, people[e.Attempt]), append(at, e.At)
		}
	}
	return who, at
}

// Twenty people together over a trunk of two channels and one call a second: what the plan's simulation foretells
// happens, person by person and to some milliseconds.
func TestTheSimulationForetellsWhoIsCalledWhen(t *testing.T) {
	narrow := trunk.Trunk{Name: "ntt", Server: "ntt.example", Channels: 2, Interval: time.Second}
	kinds := []struct {
		does string
		simleg.Behaviour
	}{
		{"reject@300ms", simleg.Behaviour{RingAfter: simleg.Never, AnswerAfter: 300 * time.Millisecond, Refuse: leg.Rejected}},
		{"no-answer", simleg.Behaviour{AnswerAfter: simleg.Never}},
		{"busy", simleg.Behaviour{RingAfter: simleg.Never, Refuse: leg.Busy}},
		{"answer@400ms+hangup@1200ms", simleg.Behaviour{AnswerAfter: 400 * time.Millisecond, Actions: []simleg.Action{{At: 1200 * time.Millisecond, HangUp: true}}}},
		{"reject@2500ms", simleg.Behaviour{RingAfter: simleg.Never, AnswerAfter: 2500 * time.Millisecond, Refuse: leg.Rejected}},
	}
	var names, does []string
	for i := range 20 {
		names = append(names, fmt.Sprintf("p%02d", i))
		does = append(does, names[i]+"="+kinds[i%len(kinds)].does)
	}
	does[19] = "p19=answer@200ms+key:1@1500ms"
	text := "plan: default\nsteps:\n  - call: [" + strings.Join(names, ", ") + "]\n    order: together\n    ring: 3s\n    rounds: 1\n"
	plan, _, problems := callout.ParsePlan([]byte(text))
	behave, err := callout.ParsePeople(strings.Join(does, ","))
	if problems.Refused() || err != nil {
		t.Fatal(problems, err)
	}
	line := []callout.Line{{Name: "ntt", Channels: narrow.Lines().Free(), Interval: narrow.Interval}}
	start := time.Date(2026, 11, 22, 2, 0, 0, 0, time.UTC)
	foretold, at := left(callout.Simulate(plan, nil, behave, callout.Night{Start: start, ID: "explained", Lines: func(string) []callout.Line { return line }}))

	tellOver(t, text, []trunk.Trunk{narrow}, func(n *night) {
		n.people(names...)
		for i, name := range names {
			num := number.Number(fmt.Sprintf("+8190111100%02d", i))
			n.person(name, func(p *oncall.Person) {
				p.Contacts = []oncall.Method{{Address: number.Address{Scheme: number.Tel, Number: num}}}
			})
			b := kinds[i%len(kinds)].Behaviour
			if i == 19 {
				b = simleg.Behaviour{AnswerAfter: 200 * time.Millisecond, Actions: []simleg.Action{{At: 1500 * time.Millisecond, Digits: "1"}}}
			}
			n.Behaves("sip:"+string(num)+"@ntt.example", b)
		}
		n.stop()
		n.set.Trunks = []trunk.Trunk{narrow}
		n.wakeUp()
		id := n.alert("db", "database down")
		time.Sleep(2 * time.Minute)
		n.is(id, dispatch.Acknowledged, "p19")
		called, then := left(n.events())
		if len(called) != len(foretold) {
			t.Fatalf("called %q\nforetold %q", called, foretold)
		}
		worst := time.Duration(0)
		for i := range called {
			if called[i] != foretold[i] {
				t.Errorf("call %d went to %s, foretold was %s", i, called[i], foretold[i])
			}
			worst = max(worst, (then[i].Sub(then[0]) - at[i].Sub(at[0])).Abs())
		}
		if worst > 50*time.Millisecond {
			t.Errorf("a call left %v from its foretold moment", worst)
		}
		t.Logf("%d calls within %v, each within %v of what was foretold", len(called), then[len(then)-1].Sub(then[0]), worst)
		n.alert("db", "over", resolve)
		time.Sleep(time.Minute)
	})
}

// An outage that lasts longer than an hour's calls to one person do: calls that no line took are no calls to them, and
// they are called as soon as lines work again.
func TestALongOutageDoesNotUseUpAnybodysHour(t *testing.T) {
	tellOver(t, "plan: default\nstill-on-it: off\nsteps:\n  - call: [sato]\n    rounds: 1\n", region, func(n *night) {
		n.everywhere("sato", restricted)
		n.mobilePhones()
		id := n.alert("db", "database down")
		time.Sleep(15 * time.Minute)
		if tries := n.count(timeline.AttemptDialing, ""); tries <= dispatch.UsualPerHour {
			t.Fatalf("sato was tried %d times only, which says nothing here", tries)
		}
		if burnt := n.burnt(); len(burnt) > 0 {
			t.Errorf("turns were burnt: %q\n%s", burnt, n.timeline())
		}
		n.everywhere("sato", simleg.Behaviour{RingAfter: time.Second, AnswerAfter: 3 * time.Second, Actions: []simleg.Action{{At: 5 * time.Second, Digits: "1"}}})
		time.Sleep(90 * time.Second)
		n.is(id, dispatch.Acknowledged, "sato")
	})
}

// Rule 6: nobody is called more than twelve times within an hour, and a restart forgets none of them.
func TestR6ARestartForgetsNobodysCalls(t *testing.T) {
	tell(t, "plan: default\nstill-on-it: off\nsteps:\n  - call: [sato, suzuki]\n    order: in-turn\n", func(n *night) {
		sato, suzuki := n.Phone("sato"), n.Phone("suzuki")
		takes := func(p *phonetest.Phone, key string) {
			id := n.alert(key, "disk full")
			p.Rings().Answers().Hears("Press 1").Presses("1").Hears("Recorded").IsHungUp()
			n.must(n.d.Resolve(n.t.Context(), id, "sato"))
		}
		for i := range dispatch.UsualPerHour {
			takes(sato, fmt.Sprint("before/", i))
			if i == dispatch.UsualPerHour/2 {
				n.restart()
			}
		}
		n.restart()
		takes(suzuki, "after")
		n.happened(timeline.AttemptUnreachable, "called 12 times within the hour")
		time.Sleep(time.Hour)
		takes(sato, "an hour later")
	})
}

// Over a line with one channel, a voicemail keeps nobody else from being rung (rule 32).
func TestR32AMachineMakesRoomForWhoeverWaits(t *testing.T) {
	for name, order := range map[string]string{"in turn": "in-turn", "together": "together"} {
		t.Run(name, func(t *testing.T) {
			narrow := []trunk.Trunk{{Name: "ntt", Server: "ntt.example", Channels: 1}}
			tellOver(t, "plan: default\nstill-on-it: off\nsteps:\n  - call: [sato, suzuki]\n    order: "+order+"\n", narrow, func(n *night) {
				n.mobilePhones()
				n.stop()
				n.set.Trunks = narrow
				n.wakeUp()
				greeting := media.NewClip(mediatest.Announcement(12*media.Rate, 7), "please leave a message").Source()
				n.Behaves(phoneOf("sato"), simleg.Voicemail(15*time.Second, greeting, time.Minute))
				began := time.Now()
				id := n.alert("db", "database down")
				suzuki := n.Phone(phoneOf("suzuki")).Rings()
				if after := suzuki.RangAt().Sub(began); after > 30*time.Second {
					t.Errorf("suzuki's phone rang after %v: the voicemail kept the line", after)
				}
				suzuki.Answers().Hears("Press 1").Presses("1").Hears("Recorded").IsHungUp()
				n.is(id, dispatch.Acknowledged, "suzuki")
				n.happened(timeline.AttemptMachine, "somebody else waits for this line")
				n.must(n.d.Resolve(n.t.Context(), id, "suzuki"))
			})
		})
	}
}
