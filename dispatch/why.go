package dispatch

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/kaden-project/kaden/callout"
	"github.com/kaden-project/kaden/timeline"
)

// Explanation says why nobody was called for an alert, or what became of those who were.
type Explanation struct {
	Called  bool   // somebody's phone was tried
	Cause   string // the reason that matters most: BecauseNoOne, CalledTaken …
	Summary string // one or two sentences
	People  []PersonStory
	Notices []string // loud words of kaden's on the way, in order
}

// PersonStory is what happened to one person.
type PersonStory struct {
	Person   string
	Attempts int
	Outcome  string // of the last attempt; unreachable for somebody who could not be called at all
	Why      string // in words
	Sound    string // how the last call that had sound fared on its way, in words; "" is not known
	Advice   string // a ring time for the person's document, where a voicemail answered; "" is none
}

// Why explains, from what was written down, why nobody was called, or what happened to each person.
func (d *Dispatcher) Why(ctx context.Context, incident string) (Explanation, error) {
	inc, err := d.store.IncidentByID(ctx, incident)
	if err != nil {
		return Explanation{}, fmt.Errorf("alert %s: %w", incident, err)
	}
	n := &nightStory{incident: inc, people: map[string]*PersonStory{}, rung: map[string]bool{}}
	if inc.Callout != "" {
		rows, err := d.store.AttemptsOf(ctx, inc.Callout)
		if err != nil {
			return Explanation{}, fmt.Errorf("attempts of %s: %w", inc.Callout, err)
		}
		n.attempts(rows)
	}
	for after := int64(0); ; {
		events, err := d.store.Events(ctx, incident, after, 1000)
		if err != nil {
			return Explanation{}, fmt.Errorf("timeline of %s: %w", incident, err)
		}
		for _, e := range events {
			n.event(e)
		}
		if len(events) < 1000 {
			return n.explain(d.live(inc.Callout)), nil
		}
		after = events[len(events)-1].Seq
	}
}

// nightStory is what was found out so far.
type nightStory struct {
	incident Incident
	called   bool
	people   map[string]*PersonStory
	rung     map[string]bool // a call was placed to them
	order    []string
	notices  []string

	budget, ignored, grace, halted, gaveWay, stopped, resolved, fault, noOne string
	capped, bundled                                                          int
}

func (n *nightStory) of(person string) *PersonStory {
	p := n.people[person]
	if p == nil {
		p = &PersonStory{Person: person}
		n.people[person] = p
		n.order = append(n.order, person)
	}
	return p
}

func (n *nightStory) attempts(rows []Attempt) {
	for _, a := range rows {
		p := n.of(a.Person)
		p.Attempts++
		if p.Outcome != "" && a.besides() {
			continue
		}
		p.Outcome = a.Status
		if how := a.Sound.String(); how != "" {
			p.Sound = how
		}
		if said := advice(a); said != "" {
			p.Advice = said
		}
		switch callout.Outcome(a.Status) {
		case callout.Fault:
			p.Why = "was not called: our own fault"
			continue
		case callout.Confirmed:
			p.Why = "took it"
		case callout.Passed:
			p.Why = "passed it on"
		default:
			p.Why = strings.ReplaceAll(a.Status, "-", " ")
		}
		if a.Call != "" {
			n.called, n.rung[a.Person] = true, true
		}
	}
}

// besides tells that the attempt was called off for another phone of the person, which has the story to tell.
func (a Attempt) besides() bool {
	return a.Cause == callout.WhyElsewhere || a.Status == string(callout.Canceled) && a.Call == ""
}

func (n *nightStory) event(e timeline.Event) {
	switch e.Kind {
	case timeline.NoticeRaised:
		n.notices = append(n.notices, e.Text)
		switch e.Cause {
		case causeBudget:
			n.budget = e.Text
		case causeNoOne:
			n.noOne = e.Text
		case callout.WhyStopped:
			n.stopped = e.Person
			if e.Person == byRealAlert {
				n.gaveWay = "the drill gave way to a real alert"
			}
		}
	case timeline.AlertIgnored:
		n.ignored = e.Text
	case timeline.CalloutWaiting:
		if strings.HasPrefix(e.Text, "grace") {
			n.grace = e.Text
		}
	case timeline.CalloutHalted:
		n.halted = e.Text
	case timeline.AlertResolved:
		n.resolved = e.At.Local().Format("15:04:05")
	case timeline.AttemptBundled:
		n.bundled++
		n.of(e.Person).Why = "told in a call that was under way"
		n.called = true
	case timeline.AttemptUnreachable:
		if strings.Contains(e.Text, "within the hour") {
			n.capped++
		}
		n.tell(e, "cannot be reached")
	case timeline.CalloutUnreached:
		p := n.of(e.Person)
		p.Outcome, p.Why = string(callout.Unreachable), e.Text
	case timeline.CalloutStalled, timeline.AttemptFault:
		n.fault = e.Text
		n.tell(e, "was not called: our own fault")
	case timeline.AttemptBusy, timeline.AttemptNoAnswer, timeline.AttemptRejected, timeline.AttemptInvalid, timeline.AttemptMachine, timeline.AttemptNotConfirmed:
		n.tell(e, strings.TrimPrefix(string(e.Kind), "attempt."))
	}
}

// tell says of a person what an event says of them.
func (n *nightStory) tell(e timeline.Event, short string) {
	if e.Person == "" {
		return
	}
	p := n.of(e.Person)
	p.Why = strings.ReplaceAll(short, "-", " ")
	if e.Text != "" {
		p.Why += ": " + e.Text
	}
}

func (n *nightStory) explain(live *run) Explanation {
	x := Explanation{Called: n.called, Notices: n.notices}
	for _, id := range n.order {
		x.People = append(x.People, *n.people[id])
	}
	slices.SortStableFunc(x.People, func(a, b PersonStory) int { return b.Attempts - a.Attempts })
	x.Cause, x.Summary = n.reason(live)
	return x
}

// The reasons, as words that a console can translate.
const (
	BecauseIgnored     = "ignored"       // information, a test, a resolve of something unknown
	BecauseGaveWay     = "gave-way"      // a drill, to a real alert
	BecauseNoOne       = "no-one"        // there is nobody who can be called
	BecauseBudget      = "budget"        // the month's budget is used up, and it is only a warning
	BecauseHalted      = "halted"        // the kill switch
	BecauseInTime      = "in-time"       // it was over within its grace
	BecauseOver        = "over"          // it was over
	BecauseTaken       = "taken"         // somebody took it before anybody was rung
	BecauseStopped     = "stopped"       // somebody stopped it
	BecauseFault       = "fault"         // our own fault
	BecauseCapped      = "capped"        // they were called too often within the hour
	BecauseGrace       = "grace"         // it waits before the first ring
	BecauseUnreachable = "unreachable"   // none of them can be reached
	NotYet             = "not-yet"       // nobody has been called, and nothing is in the way
	CalledTaken        = "called-taken"  // somebody was called, and somebody took it
	CalledNobody       = "called-nobody" // nobody took it
	CalledOver         = "called-over"   // it was over before anybody took it
	Calling            = "calling"       // people are being called
)

// reason is the one that matters most, as a word and as a sentence.
func (n *nightStory) reason(live *run) (cause, text string) {
	inc := n.incident
	asked := len(n.rung)
	were := fmt.Sprintf("%d people were", asked)
	if asked == 1 {
		were = "1 person was"
	}
	switch {
	case n.ignored != "":
		return BecauseIgnored, "Nobody was called: " + n.ignored + "."
	case inc.Callout == "":
		return BecauseIgnored, "Nobody was called: there is no call-out for this alert."
	case n.gaveWay != "":
		return BecauseGaveWay, "The drill was stopped: " + n.gaveWay + "."
	case n.called && inc.Status == Acknowledged:
		return CalledTaken, fmt.Sprintf("%s called; %s took it.", were, inc.By)
	case n.called && inc.Status == Exhausted:
		return CalledNobody, were + " called and nobody took it."
	case n.called && inc.Status == Resolved:
		return CalledOver, fmt.Sprintf("%s called; it was over at %s.", were, inc.Resolved.Local().Format("15:04:05"))
	case n.called && n.capped > 0:
		return Calling, fmt.Sprintf("%s called so far; %d calls were not made, because those people were called too often within the hour.", were, n.capped)
	case n.called:
		return Calling, were + " called so far."
	case n.budget != "":
		return BecauseBudget, "Nobody was called: " + n.budget + "."
	case n.noOne != "":
		return BecauseNoOne, "Nobody was called: " + n.noOne + "."
	case n.halted != "" && n.resolved == "":
		return BecauseHalted, "Nobody was called: the kill switch held. " + n.halted + "."
	case n.resolved != "" && n.grace != "":
		return BecauseInTime, "Nobody was called: it was over at " + n.resolved + ", within the " + n.grace + "."
	case n.resolved != "":
		return BecauseOver, "Nobody was called: it was over at " + n.resolved + "."
	case n.stopped != "":
		return BecauseStopped, "Nobody was called: " + n.stopped + " stopped the call-out."
	case inc.Status == Acknowledged:
		return BecauseTaken, "Nobody was called: " + inc.By + " took it before anybody was rung."
	case n.fault != "":
		return BecauseFault, "Nobody was called: our own fault. " + n.fault + "."
	case n.capped > 0:
		return BecauseCapped, "Nobody was called: everybody had been called too often within the hour."
	case n.grace != "" && live != nil:
		return BecauseGrace, "Nobody has been called yet: " + n.grace + "."
	case len(n.people) > 0:
		return BecauseUnreachable, "Nobody was called: none of them can be reached."
	}
	return NotYet, "Nobody has been called yet."
}
