package api

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"net/http"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"

	"github.com/kaden-project/kaden/dispatch"
)

// decideIn is how long a decision may take to be recorded before the one who made it is told that it is not.
const decideIn = 10 * time.Second

// Who says who decides.
type Who struct {
	By string `json:"by,omitempty" maxLength:"100" doc:"Who decides: a person's ID; console or api unless given."`
}

type decision struct {
	ID   string `path:"id" maxLength:"64" example:"al-0123456789abcdef"`
	Body *Who
}

func (d *decision) who() string {
	if d.Body == nil {
		return ""
	}
	return d.Body.By
}

func (a *API) decisionRoutes() {
	for _, d := range []struct {
		id, path, summary string
		// The method is looked up when it is asked for: the description is also made without a dispatcher.
		what func(c Callouts) func(ctx context.Context, alert, by string) error
	}{
		{"acknowledge", "acknowledge", "Takes an alert: nobody else is rung for it", func(c Callouts) func(context.Context, string, string) error { return c.Acknowledge }},
		{"stop", "stop", "Ends the call-out of an alert for good, without anybody taking it", func(c Callouts) func(context.Context, string, string) error { return c.Stop }},
		{"resolve", "resolve", "Says that an alert is over, before its source does", func(c Callouts) func(context.Context, string, string) error { return c.Resolve }},
		{"release", "release", "Gives an alert back: the plan goes on with the next person", func(c Callouts) func(context.Context, string, string) error { return c.Release }},
		{"summon", "summon", "Rings everybody who has not answered, now and all at once", func(c Callouts) func(context.Context, string, string) error { return c.Summon }},
	} {
		huma.Register(a.huma, huma.Operation{
			OperationID: d.id, Method: http.MethodPost, Path: "/api/alerts/{id}/" + d.path, Summary: d.summary,
		}, func(ctx context.Context, in *decision) (*body[Detail], error) {
			return a.decide(ctx, in.ID, in.who(), d.what(a.cfg.Callouts))
		})
	}
	huma.Register(a.huma, huma.Operation{
		OperationID: "alive", Method: http.MethodPost, Path: "/api/alerts/{id}/alive",
		Summary:       "A sign of life of the one who took an alert, who is then not asked for a while",
		DefaultStatus: http.StatusNoContent,
	}, func(ctx context.Context, in *decision) (*struct{}, error) {
		return nil, a.carryOut(ctx, in.ID, in.who(), a.cfg.Callouts.Alive)
	})
	huma.Register(a.huma, huma.Operation{
		OperationID: "snooze", Method: http.MethodPost, Path: "/api/alerts/{id}/snooze",
		Summary: "Leaves the one who took an alert alone with it for a while",
	}, func(ctx context.Context, in *struct {
		ID   string `path:"id" maxLength:"64" example:"al-0123456789abcdef"`
		Body *struct {
			Who
			For string `json:"for,omitempty" maxLength:"20" doc:"How long; 30m unless given." example:"1h"`
		}
	}) (*body[Detail], error) {
		who, length := "", ""
		if in.Body != nil {
			who, length = in.Body.By, in.Body.For
		}
		d, err := duration(length)
		if err != nil {
			return nil, err
		}
		return a.decide(ctx, in.ID, who, func(ctx context.Context, alert, by string) error {
			return a.cfg.Callouts.Snooze(ctx, alert, by, d)
		})
	})
	huma.Register(a.huma, huma.Operation{
		OperationID: "handOver", Method: http.MethodPost, Path: "/api/alerts/{id}/hand-over",
		Summary: "Gives an alert to somebody, who is rung first; if they do not take it, the plan goes on",
	}, func(ctx context.Context, in *struct {
		ID   string `path:"id" maxLength:"64" example:"al-0123456789abcdef"`
		Body struct {
			Who
			To string `json:"to" minLength:"1" maxLength:"100" doc:"A person's ID."`
		}
	}) (*body[Detail], error) {
		return a.decide(ctx, in.ID, in.Body.By, func(ctx context.Context, alert, by string) error {
			return a.cfg.Callouts.HandOver(ctx, alert, by, in.Body.To)
		})
	})
	huma.Register(a.huma, huma.Operation{
		OperationID: "why", Method: http.MethodGet, Path: "/api/alerts/{id}/why",
		Summary: "Why nobody was called, or what happened to each person",
	}, func(ctx context.Context, in *alertID) (*body[Why], error) {
		e, err := a.cfg.Callouts.Why(ctx, in.ID)
		if err != nil {
			return nil, a.trouble(ctx, "alert "+in.ID, err)
		}
		return answer(*whyView(e)), nil
	})
	huma.Register(a.huma, huma.Operation{
		OperationID: "word", Method: http.MethodGet, Path: "/api/alerts/{id}/word",
		Summary:   "What the one who took an alert said for those who come after (WAV)",
		Responses: text("The sound.", "audio/wav"),
	}, func(ctx context.Context, in *alertID) (*huma.StreamResponse, error) {
		i, err := a.cfg.Records.IncidentByID(ctx, in.ID)
		if err != nil {
			return nil, a.trouble(ctx, "alert "+in.ID, err)
		}
		if i.Word == "" {
			return nil, refuse(http.StatusNotFound, "nobody left a word for alert "+in.ID, "whoever takes it on the phone may speak for ten seconds")
		}
		wav, err := a.cfg.Records.Sound(ctx, i.Word)
		if err != nil {
			return nil, a.trouble(ctx, "sound "+i.Word, err)
		}
		return &huma.StreamResponse{Body: func(ctx huma.Context) {
			r, w := humago.Unwrap(ctx)
			w.Header().Set("Content-Type", "audio/wav")
			http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(wav)) // Safari plays nothing that it cannot ask for in parts
		}}, nil
	})
}

// whoever is who decides: the one who is named, or the door they came in by.
func whoever(ctx context.Context, by string) string {
	return cmp.Or(strings.TrimSpace(by), string(callerOf(ctx)))
}

// decide carries a decision out and answers with what the alert is like after it.
func (a *API) decide(ctx context.Context, id, by string, what func(ctx context.Context, alert, by string) error) (*body[Detail], error) {
	if err := a.carryOut(ctx, id, by, what); err != nil {
		return nil, err
	}
	return a.detail(ctx, id)
}

func (a *API) carryOut(ctx context.Context, id, by string, what func(ctx context.Context, alert, by string) error) error {
	i, err := a.cfg.Records.IncidentByID(ctx, id)
	if err != nil {
		return a.trouble(ctx, "alert "+id, err)
	}
	if i.Callout == "" {
		return refuse(http.StatusConflict, "nobody is rung for alert "+id, "it was stored, and there was nothing to ring for; its timeline says why")
	}
	return a.recorded(ctx, "alert "+id, func(ctx context.Context) error { return what(ctx, id, whoever(ctx, by)) })
}

// recorded does what has to be recorded before somebody may believe it, and says so if it is not in time.
func (a *API) recorded(ctx context.Context, what string, do func(ctx context.Context) error) error {
	bounded, stop := context.WithTimeout(ctx, decideIn)
	defer stop()
	err := do(bounded)
	if err != nil && bounded.Err() != nil {
		err = errors.Join(context.DeadlineExceeded, err)
	}
	return a.trouble(ctx, what, err)
}

// duration reads 30m; "" is 0.
func duration(s string) (time.Duration, error) {
	if s == "" {
		return 0, nil
	}
	d, err := time.ParseDuration(s)
	if err != nil || d <= 0 {
		return 0, refuse(http.StatusUnprocessableEntity, "for: "+s+" is not a length of time", "write 30m, 90s or 1h30m")
	}
	return d, nil
}

// Why says why nobody was called, or what happened to each person.
type Why struct {
	Called  bool     `json:"called" doc:"Whether anybody's phone was tried."`
	Summary string   `json:"summary" doc:"In one sentence."`
	People  []Story  `json:"people" nullable:"false" doc:"Each person of the plan."`
	Notices []string `json:"notices" nullable:"false" doc:"What was wrong with kaden itself."`
}

// Story is what happened to one person.
type Story struct {
	Person   string `json:"person"`
	Attempts int    `json:"attempts"`
	Outcome  string `json:"outcome,omitempty" doc:"Of the last attempt."`
	Why      string `json:"why,omitempty" doc:"Why there was none, or why it ended."`
	Sound    string `json:"sound,omitempty" doc:"How the last call that had sound fared on its way, in words."`
	Advice   string `json:"advice,omitempty" doc:"A ring time for the person's document, where a voicemail answered."`
}

func whyView(e dispatch.Explanation) *Why {
	w := &Why{Called: e.Called, Summary: e.Summary, People: []Story{}, Notices: append([]string{}, e.Notices...)}
	for _, p := range e.People {
		w.People = append(w.People, Story(p))
	}
	return w
}
