package manifest

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/kaden-project/kaden/callout"
	"github.com/kaden-project/kaden/number"
	"github.com/kaden-project/kaden/oncall"
	"github.com/kaden-project/kaden/tariff"
	"github.com/kaden-project/kaden/timeline"
	"github.com/kaden-project/kaden/trunk"
)

// Estimate is the dearest hour of one alert: nobody takes it, and whoever is called, a voicemail answers at once
// and is talked to until the listening time is over.
type Estimate struct {
	Plan    string
	Calls   int
	Cost    []tariff.Money // by currency
	Unknown int            // of the calls, those whose cost nobody knows
}

// String is: at most 38 calls, at most 608 JPY, for one alert that nobody takes in one hour.
func (e Estimate) String() string {
	s := fmt.Sprintf("at most %d calls", e.Calls)
	for _, m := range e.Cost {
		s += ", at most " + m.String()
	}
	if e.Unknown > 0 {
		s += fmt.Sprintf(", and what %d of them cost is not known", e.Unknown)
	}
	return s + ", for one alert that nobody takes in one hour"
}

const (
	estimated = time.Hour
	pickUp    = time.Second     // of a telephone that is switched off
	lastWords = 5 * time.Second // a line may stay up so long after its listening time
)

// Estimate plays a plan for an hour, with the trunks that calls take while they work and at most perHour calls to
// one person. Whoever has several addresses is reckoned at the dearest. false: there is no such plan, or no trunk
// has prices, so that nothing can be said.
func (s *Set) Estimate(plan string, perHour int) (Estimate, bool) {
	p, ok := s.Plans[plan]
	if !ok || !slices.ContainsFunc(s.Lines(), func(t trunk.Trunk) bool { return t.Prices.Currency != "" }) {
		return Estimate{}, false
	}
	roster := s.roster(p)
	behave := map[string]callout.Behaviour{}
	for _, people := range roster {
		for _, one := range people {
			behave[one.ID] = callout.Behaviour{Calls: []callout.Reaction{{Answers: true, Machine: true, Rings: pickUp}}}
		}
	}
	p.Machine = "" // which nobody detects: of phones that ring together, too, each is answered and listened to
	start := time.Unix(0, 0).UTC()
	talked := map[string]time.Duration{} // by attempt
	answered := map[string]time.Time{}
	who := map[string]string{}
	var order []string
	for _, e := range callout.Simulate(p, roster, behave, callout.Night{Start: start, Severity: "critical", Limit: estimated, Whole: true}) {
		switch e.Kind {
		case timeline.AttemptDialing:
			who[e.Attempt] = e.Person
			order = append(order, e.Attempt)
		case timeline.AttemptAnswered:
			answered[e.Attempt] = e.At
			talked[e.Attempt] = start.Add(estimated).Sub(e.At) // unless it ends before
		case timeline.AttemptNotConfirmed, timeline.AttemptMachine, timeline.AttemptCanceled:
			if at, ok := answered[e.Attempt]; ok {
				talked[e.Attempt] = e.At.Sub(at) + lastWords
			}
		}
	}
	e := Estimate{Plan: plan}
	calls, sums := map[string]int{}, map[string]tariff.Amount{}
	for _, attempt := range order {
		if calls[who[attempt]]++; calls[who[attempt]] > perHour {
			continue
		}
		e.Calls++
		d, up := talked[attempt]
		dearest, known := s.dearest(p, who[attempt], tariff.Leg{Answered: up, Talked: d})
		if !known {
			e.Unknown++
		}
		if dearest.Known() {
			sums[dearest.Currency] += dearest.Amount
		}
	}
	for _, currency := range slices.Sorted(maps.Keys(sums)) {
		e.Cost = append(e.Cost, tariff.Money{Amount: sums[currency], Currency: currency})
	}
	return e, true
}

// dearest is what a call to somebody costs at most; false if one of their numbers has no price.
func (s *Set) dearest(p callout.Plan, person string, l tariff.Leg) (most tariff.Money, known bool) {
	known = true
	for _, m := range s.People[person].Contacts {
		wants, _ := trunk.Choose(s.Lines(), m.Address.Number, p.FromOrder)
		if m.Address.Scheme != number.Tel || len(wants) == 0 {
			continue
		}
		l.To = m.Address.Number
		switch cost, _ := wants[0].Prices.Cost(l); {
		case !cost.Known():
			known = false
		case !most.Known() || cost.Amount > most.Amount:
			most = cost
		}
	}
	return most, known
}

// roster says who is behind the names of a plan, and behind the default contacts; who has no address that can be
// called is not rung.
func (s *Set) roster(p callout.Plan) callout.Roster {
	roster := callout.Roster{}
	means := func(name string, refs []string) {
		people, _ := s.Directory().Resolve(refs, time.Time{})
		roster[name] = []callout.Person{}
		for _, one := range people {
			roster[name] = append(roster[name], s.callable(one))
		}
	}
	for _, step := range p.Steps {
		for _, ref := range step.Call {
			means(ref, []string{ref})
		}
	}
	switch _, group := s.Groups[callout.DefaultContacts]; {
	case group:
		means(callout.DefaultContacts, []string{"@" + callout.DefaultContacts})
	default:
		means(callout.DefaultContacts, slices.Sorted(maps.Keys(s.People)))
	}
	return roster
}

func (s *Set) callable(p oncall.Person) callout.Person {
	out := callout.Person{ID: p.ID}
	var why []string
	for _, m := range p.Contacts {
		if m.Address.Scheme == number.Tel {
			if wants, _ := trunk.Choose(s.Lines(), m.Address.Number, nil); len(wants) == 0 {
				why = append(why, "no trunk reaches "+number.Mask(m.Address.String()))
				continue
			}
		}
		out.Methods = append(out.Methods, callout.Method{Address: m.Address.String(), Ring: time.Duration(m.Ring) * time.Second, Together: m.Together})
	}
	if len(out.Methods) == 0 {
		out.Refused = strings.Join(append(why, "no contact method"), "; ")
	}
	return out
}
