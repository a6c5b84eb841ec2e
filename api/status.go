package api

import (
	"context"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"
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
	Name     string `json:"name"`
	From     string `json:"from,omitempty" doc:"The number it shows."`
	Channels int    `json:"channels,omitempty" doc:"Calls at once; absent is without limit."`
}

func (a *API) statusRoutes() {
	huma.Register(a.huma, huma.Operation{
		OperationID: "status", Method: http.MethodGet, Path: "/api/status",
		Summary: "How this kaden is, and what would go wrong with the next alert",
	}, func(ctx context.Context, _ *struct{}) (*body[Status], error) {
		set := a.cfg.House()
		s := Status{
			Version: a.cfg.Version, Node: a.cfg.Node,
			Speech: []Engine{}, Trunks: []Trunk{},
			Calls: a.cfg.Calls.Calls(), Callouts: a.cfg.Callouts.Busy(),
		}
		for _, t := range set.Lines() {
			s.Trunks = append(s.Trunks, Trunk{t.Name, t.From, t.Channels})
		}
		var engines []Engine
		if a.cfg.Engines != nil {
			engines = append([]Engine{}, a.cfg.Engines(ctx)...)
			s.Speech = append(s.Speech, engines...)
		}
		s.Warnings = look(set, engines, a.cfg.Schemes, a.cfg.DefaultPlan)
		if s.Hold = a.held(time.Now()); s.Hold != nil {
			s.Warnings = append([]Warning{s.Hold.warning()}, s.Warnings...)
		}
		if err := a.ready(ctx); err != nil {
			s.Warnings = append([]Warning{{Code: "not-ready", Loud: true, Text: err.Error(), Hint: "the server's log says more"}}, s.Warnings...)
		}
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
