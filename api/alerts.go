package api

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"maps"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/kaden-project/kaden/alert"
	"github.com/kaden-project/kaden/callout"
	"github.com/kaden-project/kaden/dispatch"
	"github.com/kaden-project/kaden/timeline"
)

const (
	usualPage  = 50
	mostEvents = 1000
)

type alertID struct {
	ID string `path:"id" maxLength:"64" example:"al-0123456789abcdef"`
}

func (a *API) alertRoutes() {
	huma.Register(a.huma, huma.Operation{
		OperationID: "alerts", Method: http.MethodGet, Path: "/api/alerts",
		Summary: "Alerts, newest first",
	}, a.list)
	huma.Register(a.huma, huma.Operation{
		OperationID: "alert", Method: http.MethodGet, Path: "/api/alerts/{id}",
		Summary: "One alert with its plan, attempts and timeline",
	}, func(ctx context.Context, in *alertID) (*body[Detail], error) { return a.detail(ctx, in.ID) })
	huma.Register(a.huma, huma.Operation{
		OperationID: "testAlert", Method: http.MethodPost, Path: "/api/alerts/test",
		Summary: "Sends a test alert, which rings like any other", DefaultStatus: http.StatusAccepted,
	}, a.test)
}

func (a *API) list(ctx context.Context, in *struct {
	Status []string `query:"status" enum:"stored,acknowledged,exhausted,resolved,ignored" doc:"Only these; all unless given."`
	Before string   `query:"before" maxLength:"64" doc:"Those older than this alert."`
	Limit  int      `query:"limit" minimum:"1" maximum:"200" default:"50"`
}) (*body[Alerts], error) {
	q := dispatch.Query{Before: in.Before, Limit: cmp.Or(in.Limit, usualPage) + 1}
	for _, s := range in.Status {
		q.Status = append(q.Status, dispatch.Status(s))
	}
	found, err := a.cfg.Records.Incidents(ctx, q)
	if err != nil {
		what := "alerts"
		if in.Before != "" {
			what = "alert " + in.Before
		}
		return nil, a.trouble(ctx, what, err)
	}
	out := Alerts{Alerts: []Alert{}, More: len(found) >= q.Limit}
	for _, i := range found[:min(len(found), q.Limit-1)] {
		v := alertView(i)
		if i.Status == dispatch.Stored && i.Callout != "" {
			attempts, err := a.cfg.Records.AttemptsOf(ctx, i.Callout)
			if err != nil {
				return nil, a.trouble(ctx, "attempts of "+i.ID, err)
			}
			v.Now = onTheLine(attempts)
		}
		if v.Stopped, err = a.stopped(ctx, i); err != nil {
			return nil, a.trouble(ctx, "call-out "+i.Callout, err)
		}
		out.Alerts = append(out.Alerts, v)
	}
	return answer(out), nil
}

// stopped tells whether somebody has ended the call-out of an alert for good. Such an alert is kept as that person's,
// and yet nobody has taken it.
func (a *API) stopped(ctx context.Context, i dispatch.Incident) (bool, error) {
	if i.Callout == "" || i.Status != dispatch.Stored && i.Status != dispatch.Acknowledged {
		return false, nil
	}
	row, err := a.cfg.Records.CalloutByID(ctx, i.Callout)
	if err != nil {
		return false, err
	}
	v, err := calloutView(row)
	return err == nil && v.Status == string(callout.StoppedNow), err
}

func (a *API) detail(ctx context.Context, id string) (*body[Detail], error) {
	i, err := a.cfg.Records.IncidentByID(ctx, id)
	if err != nil {
		return nil, a.trouble(ctx, "alert "+id, err)
	}
	d := Detail{
		Alert: alertView(i), Body: i.Alert.Body, Account: i.Alert.Account, Labels: i.Alert.Labels, Links: i.Alert.Links,
		OccurredAt: i.Alert.OccurredAt, Problem: i.Alert.Problem, WordBy: i.WordBy, Attempts: []AttemptView{},
	}
	if i.Callout != "" && i.Status != dispatch.Resolved {
		d.Link = linkPath + i.ID + "/" + a.cfg.Callouts.LinkToken(i.ID)
	}
	if i.Word != "" {
		d.Word = "/api/alerts/" + i.ID + "/word"
	}
	if i.Callout != "" {
		row, err := a.cfg.Records.CalloutByID(ctx, i.Callout)
		if err != nil {
			return nil, a.trouble(ctx, "call-out "+i.Callout, err)
		}
		if d.Plan, err = calloutView(row); err != nil {
			return nil, a.trouble(ctx, "call-out "+i.Callout, err)
		}
		d.Responded, d.Missing = d.Plan.answered, d.Plan.missing
		d.Stopped = d.Plan.Status == string(callout.StoppedNow)
		attempts, err := a.cfg.Records.AttemptsOf(ctx, i.Callout)
		if err != nil {
			return nil, a.trouble(ctx, "attempts of "+id, err)
		}
		d.Now, d.Attempts = onTheLine(attempts), a.attemptViews(attempts)
	}
	if d.Events, err = a.newest(ctx, id); err != nil {
		return nil, a.trouble(ctx, "timeline of "+id, err)
	}
	if d.Plan != nil && !d.Plan.Check.IsZero() {
		d.Plan.Snooze = snoozed(d.Events)
	}
	if len(d.Attempts) == 0 {
		e, err := a.cfg.Callouts.Why(ctx, id)
		if err != nil {
			return nil, a.trouble(ctx, "alert "+id, err)
		}
		if !e.Called {
			d.Why = whyView(e)
		}
	}
	return answer(d), nil
}

// newest are the last events of an alert: a night without an end has more than anybody reads.
func (a *API) newest(ctx context.Context, id string) ([]timeline.Event, error) {
	all := []timeline.Event{}
	for after := int64(0); ; {
		page, err := a.cfg.Records.Events(ctx, id, after, mostEvents)
		if err != nil {
			return nil, err
		}
		all = append(all, page...)
		if over := len(all) - mostEvents; over > 0 {
			all = slices.Delete(all, 0, over)
		}
		if len(page) < mostEvents {
			return all, nil
		}
		after = page[len(page)-1].Seq
	}
}

// TestAlert is the answer to a test: the alert that now rings.
type TestAlert struct {
	Alert string `json:"alert"`
}

var testTitles = map[string]string{
	"en": "Test alert from kaden. Nothing is wrong.",
	"ja": "kaden からのテストアラートです。障害ではありません。",
}

func (a *API) test(ctx context.Context, in *struct {
	Body *struct {
		Title    string `json:"title,omitempty" maxLength:"1024" doc:"What is said; a sentence that says that it is a test unless given."`
		Severity string `json:"severity,omitempty" enum:"critical,error,warning,info" doc:"critical unless given; warning and info wait a minute before the first ring."`
		Language string `json:"language,omitempty" enum:"en,ja" doc:"Of the title that is made up."`
		Source   string `json:"source,omitempty" maxLength:"256" doc:"Whose plan is used; json unless given."`
	}
}) (*body[TestAlert], error) {
	one := alert.Alert{Action: alert.Trigger, Severity: alert.Critical, Key: "test-" + newSecret()[:16], Labels: map[string]string{testLabel: string(callerOf(ctx))}}
	lang, source := "en", ""
	if b := in.Body; b != nil {
		one.Title, lang, source = strings.TrimSpace(b.Title), cmp.Or(b.Language, lang), b.Source
		one.Severity = cmp.Or(alert.Severity(b.Severity), one.Severity)
	}
	one.Title = cmp.Or(one.Title, testTitles[lang])
	known := a.cfg.House().Sources
	if _, ok := known[source]; source != "" && !ok {
		return nil, refuse(http.StatusUnprocessableEntity, "there is no source "+source, "sources here: "+strings.Join(slices.Sorted(maps.Keys(known)), ", "))
	}
	one.Source = cmp.Or(source, "json")
	one = alert.Clean(one)
	raw, err := json.Marshal(one)
	if err != nil {
		return nil, a.trouble(ctx, "test alert", err)
	}
	ids, err := a.cfg.Accept(ctx, alert.Delivery{
		ID: one.Key, Source: one.Source, Kind: "json", Raw: raw, Remote: string(callerOf(ctx)),
		ReceivedAt: time.Now().UTC(), Alerts: []alert.Alert{one}, Ours: true,
	})
	if err != nil {
		return nil, a.trouble(ctx, "test alert", err)
	}
	if len(ids) == 0 {
		return nil, a.trouble(ctx, "test alert", errors.New("it was taken in, but no alert came of it"))
	}
	return answer(TestAlert{ids[0]}), nil
}
