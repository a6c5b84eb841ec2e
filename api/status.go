package api

import (
	"context"
	"net/http"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/kaden-project/kaden/call"
	"github.com/kaden-project/kaden/manifest"
)

// Status is how this kaden is.
type Status struct {
	Version  string    `json:"version"`
	Node     string    `json:"node"`
	Speech   []Engine  `json:"speech" nullable:"false"`
	Trunks   []Trunk   `json:"trunks" nullable:"false"`
	Calls    int       `json:"calls" doc:"Calls that are not over."`
	Callouts int       `json:"callouts" doc:"Call-outs that are driven here now."`
	Hold     *Hold     `json:"hold,omitempty" doc:"The kill switch, while it holds: nobody is rung."`
	Warnings []Warning `json:"warnings" nullable:"false" doc:"What would go wrong with the next alert."`
}

// Trunk is a line to the telephone network.
type Trunk struct {
	Name     string    `json:"name"`
	From     string    `json:"from,omitempty" doc:"The number it shows."`
	Channels int       `json:"channels,omitempty" doc:"Calls at once; absent is without limit."`
	Calls    int       `json:"calls" doc:"On it now."`
	Waiting  int       `json:"waiting" doc:"Calls that wait for a line of it, or of one of several trunks."`
	State    string    `json:"state" enum:"well,unknown,due,resting" doc:"unknown: it has carried no call since the start, and nothing asks it by itself, for it neither signs on nor is asked whether it is there (keep-alive); due: one call finds out whether it works again; resting: no call, while another trunk takes the number."`
	Score    int       `json:"score" doc:"How it has fared of late: 100 is well, 0 is dead."`
	Why      string    `json:"why,omitempty" doc:"What its last calls failed of."`
	Standing *Standing `json:"standing,omitempty" doc:"Where kaden signs on to the carrier, or asks it whether it is there."`
	Rules    []Rule    `json:"rules" nullable:"false" doc:"What it does with each class of numbers. Emergency and special numbers are never called."`
}

// stateUnknown is that of a trunk of which nothing is known, neither good nor bad.
const stateUnknown = "unknown"

// Rule is what a trunk does with one class of numbers.
type Rule struct {
	Class  string `json:"class"`
	Ruling string `json:"ruling" enum:"allow,warn,refuse"`
	Reason string `json:"reason,omitempty"`
}

// trunks are the trunks as they are now.
func (a *API) trunks(set *manifest.Set) []Trunk {
	list, at := []Trunk{}, time.Now()
	now := map[string]call.TrunkState{}
	for _, s := range a.cfg.Calls.Trunks() {
		now[s.Name] = s
	}
	stand := a.standings()
	for _, t := range set.Lines() {
		s := now[t.Name]
		view := Trunk{
			Name: t.Name, From: t.From, Channels: t.Channels, Calls: s.Busy, Waiting: s.Waiting,
			State: string(s.Health.State(at)), Score: s.Health.Score(), Why: s.Health.Words(at), Rules: []Rule{},
		}
		if at, ok := stand[t.Name]; ok {
			view.Standing = &at
		} else if s.Health.Failed == 0 && !s.Proven {
			view.State = stateUnknown
		}
		for _, r := range t.Rules() {
			view.Rules = append(view.Rules, Rule{string(r.Class), string(r.Ruling), r.Reason})
		}
		list = append(list, view)
	}
	return list
}

func (a *API) statusRoutes() {
	huma.Register(a.huma, huma.Operation{
		OperationID: "status", Method: http.MethodGet, Path: "/api/status",
		Summary: "How this kaden is, and what would go wrong with the next alert",
	}, func(ctx context.Context, _ *struct{}) (*body[Status], error) {
		set := a.cfg.House()
		s := Status{
			Version: a.cfg.Version, Node: a.cfg.Node,
			Speech: []Engine{},
			Calls:  a.cfg.Calls.Calls(), Callouts: a.cfg.Callouts.Busy(),
		}
		s.Trunks = a.trunks(set)
		var engines []Engine
		if a.cfg.Engines != nil {
			engines = a.cfg.Engines(ctx)
			s.Speech = append(s.Speech, engines...)
		}
		s.Warnings = look(set, engines, a.cfg.Schemes, a.cfg.DefaultPlan)
		s.Warnings = append(a.spent(), s.Warnings...)
		s.Warnings = append(a.linesDown(set), s.Warnings...)
		s.Warnings = append(a.deserted(set), s.Warnings...)
		if s.Hold = a.held(time.Now()); s.Hold != nil {
			s.Warnings = append([]Warning{s.Hold.warning()}, s.Warnings...)
		}
		if err := a.ready(ctx); err != nil {
			s.Warnings = append([]Warning{{Code: "not-ready", Loud: true, Text: strings.Join(strings.Fields(err.Error()), " "), Hint: "the server's log says more"}}, s.Warnings...)
		}
		s.Warnings = append([]Warning{}, s.Warnings...) // none is an empty list
		return answer(s), nil
	})
}

func (a *API) ready(ctx context.Context) error {
	if a.cfg.Ready == nil {
		return nil
	}
	ctx, stop := context.WithTimeout(ctx, 2*time.Second)
	defer stop()
	return a.cfg.Ready(ctx)
}
