package api

import (
	"encoding/json"
	"slices"
	"time"

	"github.com/kaden-project/kaden/alert"
	"github.com/kaden-project/kaden/callout"
	"github.com/kaden-project/kaden/dispatch"
	"github.com/kaden-project/kaden/sid"
	"github.com/kaden-project/kaden/timeline"
)

// Alert is an alert as it stands, for a list.
type Alert struct {
	ID       string    `json:"id"`
	Source   string    `json:"source"`
	Key      string    `json:"key" doc:"Which problem it is, at its source."`
	Title    string    `json:"title"`
	Subject  string    `json:"subject,omitempty" doc:"Host or service."`
	Severity string    `json:"severity" enum:"critical,error,warning,info,unknown"`
	Status   string    `json:"status" enum:"stored,acknowledged,exhausted,resolved,ignored"`
	Stopped  bool      `json:"stopped,omitempty" doc:"A person stopped the call-out: nobody is rung any more."`
	Test     bool      `json:"test,omitempty" doc:"A test; nothing is wrong."`
	Drill    bool      `json:"drill,omitempty" doc:"A rehearsal; nothing is wrong."`
	By       string    `json:"by,omitempty" doc:"Who acknowledged it: a person, console, api, link."`
	Repeats  int       `json:"repeats" doc:"How often it came again."`
	Opened   time.Time `json:"opened"`
	Updated  time.Time `json:"updated"`
	Resolved time.Time `json:"resolved,omitzero"`
	Callout  string    `json:"callout,omitempty"`
	Now      []Ringing `json:"now" nullable:"false" doc:"Who is on a line for it at this moment."`
}

// Ringing is somebody on a line.
type Ringing struct {
	Person string    `json:"person"`
	Status string    `json:"status" enum:"dialing,ringing,answered"`
	Since  time.Time `json:"since"`
}

// Alerts is a page of a list, newest first.
type Alerts struct {
	Alerts []Alert `json:"alerts" nullable:"false"`
	More   bool    `json:"more" doc:"There are older ones: ask again with before set to the last one's id."`
}

// Detail is everything about one alert.
type Detail struct {
	Alert
	Body       string            `json:"body,omitempty"`
	Account    string            `json:"account,omitempty" doc:"Organisation at the source."`
	Labels     map[string]string `json:"labels,omitempty"`
	Links      []alert.Link      `json:"links,omitempty"`
	OccurredAt time.Time         `json:"occurredAt,omitzero" doc:"By the source's clock."`
	Problem    string            `json:"problem,omitempty" doc:"What could not be read of what the source sent."`
	Plan       *CalloutView      `json:"plan,omitempty" doc:"The plan at work; absent if nobody is rung for this alert."`
	Word       string            `json:"word,omitempty" doc:"Where the word can be heard that somebody left for those who come after."`
	WordBy     string            `json:"wordBy,omitempty" doc:"Who left it."`
	Responded  []string          `json:"responded,omitempty" doc:"Who confirmed, for plans that want everyone or a conference."`
	Missing    []string          `json:"missing,omitempty" doc:"Who has not answered yet, for the same plans."`
	Link       string            `json:"link,omitempty" doc:"Path of the page for whoever is given its address: they need not sign in, and may take the alert or say that it is over, until it is resolved."`
	Why        *Why              `json:"why,omitempty" doc:"Why nobody was called; absent if somebody was."`
	Attempts   []AttemptView     `json:"attempts" nullable:"false" doc:"Oldest first."`
	Events     []timeline.Event  `json:"events" nullable:"false" doc:"Oldest first; the newest 1,000."`
}

// CalloutView is a plan at work.
type CalloutView struct {
	ID     string    `json:"id"`
	Name   string    `json:"name" doc:"Of the plan it was frozen from."`
	Status string    `json:"status" enum:"waiting,running,acknowledged,exhausted,resolved,stopped"`
	Active bool      `json:"active" doc:"It waits for something, or somebody is on a line."`
	Due    time.Time `json:"due,omitzero" doc:"When it goes on by itself."`
	By     string    `json:"by,omitempty"`
	Check  time.Time `json:"check,omitzero" doc:"It is taken: when the one who took it is asked whether they are still on it."`
	Snooze bool      `json:"snooze,omitempty" doc:"They want to be left alone with it until then."`

	answered, missing []string
}

// AttemptView is one call to one person.
type AttemptView struct {
	ID      string `json:"id"`
	Person  string `json:"person"`
	Address string `json:"address"`
	Status  string `json:"status" doc:"dialing, ringing, answered, or how it ended." enum:"dialing,ringing,answered,confirmed,passed,busy,no-answer,rejected,unreachable,invalid,machine,not-confirmed,canceled,lost,fault"`
	Over    bool   `json:"over"`
	Cause   string `json:"cause,omitempty"`
	Digit   string `json:"digit,omitempty"`
	Trunk   string `json:"trunk,omitempty"`
	Call    string `json:"call,omitempty"`
	With    string `json:"with,omitempty" doc:"The attempt whose call this one rode on."`
	Place   int    `json:"place,omitempty" doc:"In the queue for a line, counted from 1; absent if it waits for none."`
	Purpose string `json:"purpose,omitempty" enum:"check,hand-over" doc:"Why the person was called, if not to take the alert: to be asked whether they are still on it, or because somebody gives it to them."`
	Inbound bool   `json:"inbound,omitempty" doc:"The person called us."`

	AnsweredBy string `json:"answeredBy,omitempty" doc:"What machine detection takes the one who answered for, in Twilio's words; a hint only."`

	Price    string    `json:"price,omitempty" doc:"What its call has cost: 16 JPY. Absent while that is not known."`
	Traced   bool      `json:"traced,omitempty" doc:"The signalling of its call can still be shown."`
	Sound    *Sound    `json:"sound,omitempty" doc:"How the sound of its call fared, once that is over; absent where it is not known."`
	Dialed   time.Time `json:"dialed,omitzero"`
	Rang     time.Time `json:"rang,omitzero"`
	Answered time.Time `json:"answered,omitzero"`
	Ended    time.Time `json:"ended,omitzero"`
}

// testLabel marks alerts that somebody sent to see whether kaden calls.
const testLabel = "test"

func alertView(i dispatch.Incident) Alert {
	return Alert{
		ID: i.ID, Source: i.Alert.Source, Key: i.Alert.Key, Title: i.Alert.Title, Subject: i.Alert.Subject,
		Severity: string(i.Alert.Severity), Status: string(i.Status), By: i.By,
		Drill:   i.Drill,
		Test:    i.Alert.Action == alert.Test || i.Alert.Labels[testLabel] != "",
		Repeats: i.Repeats, Opened: i.Opened, Updated: i.Updated, Resolved: i.Resolved,
		Callout: i.Callout, Now: []Ringing{},
	}
}

// onTheLine are those whose phone rings, or who listen.
func onTheLine(list []dispatch.Attempt) []Ringing {
	now := []Ringing{}
	for _, a := range list {
		if !underWay(a) {
			continue
		}
		since := a.Dialed
		if !a.Rang.IsZero() {
			since = a.Rang
		}
		if !a.Answered.IsZero() {
			since = a.Answered
		}
		now = append(now, Ringing{Person: a.Person, Status: a.Status, Since: since})
	}
	return now
}

func underWay(a dispatch.Attempt) bool {
	return a.Ended.IsZero() && !callout.Outcome(a.Status).Final()
}

func calloutView(c dispatch.Callout) (*CalloutView, error) {
	v := &CalloutView{ID: c.ID, Name: c.Plan, Active: c.Active, Due: c.Due}
	var s callout.State
	if err := json.Unmarshal(c.State, &s); err != nil {
		return nil, err
	}
	v.Status, v.By = string(s.Status), s.By
	if s.Status == callout.Acknowledged {
		v.Check = s.Ask
	}
	if slices.ContainsFunc(s.Plan.Steps, func(p callout.Step) bool { return p.Need == callout.Everyone || p.Join }) {
		v.answered, v.missing = s.Responded(), s.Missing()
	}
	return v, nil
}

// snoozed tells whether the one who took it has asked to be left alone, and nothing has ended that.
func snoozed(events []timeline.Event) bool {
	for _, e := range slices.Backward(events) {
		switch e.Kind {
		case timeline.CalloutSnoozed:
			return true
		case timeline.AlertAcknowledged, timeline.CalloutAlive, timeline.CalloutChecking, timeline.CalloutLapsed, timeline.CalloutHandOver:
			return false
		}
	}
	return false
}

func (a *API) attemptViews(list []dispatch.Attempt) []AttemptView {
	out := []AttemptView{}
	for _, t := range list {
		v := AttemptView{
			ID: t.ID, Person: t.Person, Address: t.Address, Status: t.Status, Over: !underWay(t),
			Cause: t.Cause, Digit: t.Digit, Trunk: t.Trunk, Call: string(t.Call),
			Purpose: t.Purpose, Inbound: t.Inbound, AnsweredBy: t.AnsweredBy,
			Dialed: t.Dialed, Rang: t.Rang, Answered: t.Answered, Ended: t.Ended,
		}
		if t.Price.Known() {
			v.Price = t.Price.String()
		}
		v.Sound = soundView(t.Sound)
		if t.Line != "" && t.Line != t.ID {
			v.With = t.Line
		}
		v.Traced = a.traced(t.Call)
		if live, ok := a.cfg.Calls.Live(t.Call); ok && !v.Over {
			v.Place = live.Place()
		}
		out = append(out, v)
	}
	return out
}

func (a *API) traced(id sid.Call) bool {
	if a.cfg.Trace == nil || id == "" {
		return false
	}
	_, _, ok := a.cfg.Trace.Trace(id)
	return ok
}
