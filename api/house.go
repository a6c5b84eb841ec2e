package api

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"

	"github.com/kaden-project/kaden/alert"
	"github.com/kaden-project/kaden/callout"
	"github.com/kaden-project/kaden/manifest"
	"github.com/kaden-project/kaden/number"
	"github.com/kaden-project/kaden/oncall"
	"github.com/kaden-project/kaden/problem"
	"github.com/kaden-project/kaden/trunk"
)

// Source is one way in for alerts, ready to be copied.
type Source struct {
	Name string `json:"name"`
	Kind string `json:"kind" doc:"Whose bytes it reads: json, mackerel."`
	Plan string `json:"plan" doc:"The plan its alerts start."`
	URL  string `json:"url" doc:"Where its alerts are posted. The key in it is a secret."`
	Curl string `json:"curl" doc:"A complete command that rings."`
}

// Setup is what the installation is made of, in short.
type Setup struct {
	People []Person `json:"people" nullable:"false"`
	Groups []Group  `json:"groups" nullable:"false"`
	Plans  []Plan   `json:"plans" nullable:"false"`
}

// Person is somebody who can be called.
type Person struct {
	ID       string    `json:"id"`
	Name     string    `json:"name,omitempty"`
	Language string    `json:"language,omitempty"`
	Contacts []Contact `json:"contacts" nullable:"false" doc:"In order of preference."`
}

// Contact is one way to reach a person.
type Contact struct {
	Address string `json:"address"`
	Why     string `json:"why,omitempty" doc:"Why it cannot be called; absent if it can."`

	Together int `json:"together,omitempty" doc:"The same number for contacts side by side that ring at the same time; absent: it rings alone."`

	Verified *Verified `json:"verified,omitempty" doc:"Of /api/people alone: absent if nobody has proven it."`
}

// Group is people under one name.
type Group struct {
	ID      string   `json:"id"`
	Members []string `json:"members" nullable:"false"`
}

// Plan is who is rung, in short.
type Plan struct {
	Name    string   `json:"name"`
	Default bool     `json:"default"`
	Sources []string `json:"sources" nullable:"false" doc:"That start it."`
	Steps   []Step   `json:"steps" nullable:"false"`
}

// Step is a wait or people to be rung.
type Step struct {
	Wait   int      `json:"wait,omitempty" doc:"Seconds."`
	Call   []string `json:"call,omitempty"`
	Order  string   `json:"order,omitempty" enum:"together,in-turn,round-robin"`
	Need   string   `json:"need,omitempty" enum:"first,everyone"`
	Rounds int      `json:"rounds,omitempty" doc:"-1 is without end."`
	Ring   int      `json:"ring,omitempty" doc:"Seconds."`
}

// Applied is what became of documents.
type Applied struct {
	Applied  []string     `json:"applied" nullable:"false" doc:"Kind and name of each document that was taken; empty if one was refused."`
	Problems problem.List `json:"problems" nullable:"false" doc:"Errors, because of which nothing was changed, and warnings."`
	Costs    []string     `json:"costs,omitempty" doc:"For each plan that was taken: what an alert that nobody takes costs in an hour, where prices are known."`
}

const yamlType = "application/yaml"

func (a *API) houseRoutes() {
	huma.Register(a.huma, huma.Operation{
		OperationID: "sources", Method: http.MethodGet, Path: "/api/sources",
		Summary: "The ways in for alerts, with their secret addresses", Middlewares: huma.Middlewares{withRequest},
	}, func(ctx context.Context, _ *struct{}) (*body[[]Source], error) {
		return answer(sources(a.cfg.House(), a.base(requestOf(ctx)), a.cfg.DefaultPlan)), nil
	})
	huma.Register(a.huma, huma.Operation{
		OperationID: "setup", Method: http.MethodGet, Path: "/api/setup",
		Summary: "People, groups and plans in short",
	}, func(context.Context, *struct{}) (*body[Setup], error) {
		return answer(a.setup(a.cfg.House())), nil
	})
	huma.Register(a.huma, huma.Operation{
		OperationID: "export", Method: http.MethodGet, Path: "/api/manifest",
		Summary:   "Every document of the installation, as it was applied",
		Responses: text("The documents.", yamlType),
	}, func(ctx context.Context, _ *struct{}) (*file, error) {
		b, err := a.cfg.Manifest.Export(ctx)
		if err != nil {
			return nil, a.trouble(ctx, "the documents", err)
		}
		return &file{ContentType: yamlType, Body: b}, nil
	})
	huma.Register(a.huma, huma.Operation{
		OperationID: "apply", Method: http.MethodPost, Path: "/api/manifest",
		Summary:      "Takes documents, all or none",
		Description:  "The documents are checked against all there are. An answer 200 with errors among its problems means that nothing was changed.",
		MaxBodyBytes: 4 << 20,
	}, func(ctx context.Context, in *struct {
		RawBody []byte `contentType:"application/yaml"`
	}) (*body[Applied], error) {
		applied, problems, err := a.cfg.Manifest.Apply(ctx, in.RawBody)
		if err != nil {
			return nil, a.trouble(ctx, "the documents", err)
		}
		if problems.Refused() || applied == nil {
			applied = []string{}
		}
		if problems == nil {
			problems = problem.List{}
		}
		return answer(Applied{applied, problems, a.costs(applied)}), nil
	})
}

// body is an answer in JSON.
type body[T any] struct{ Body T }

func answer[T any](v T) *body[T] { return &body[T]{v} }

// file is an answer in some other form.
type file struct {
	ContentType string `header:"Content-Type"`
	Disposition string `header:"Content-Disposition"`
	Body        []byte
}

func text(what, contentType string) map[string]*huma.Response {
	return map[string]*huma.Response{"200": {
		Description: what,
		Content:     map[string]*huma.MediaType{contentType: {Schema: &huma.Schema{Type: "string"}}},
	}}
}

type requestKey struct{}

// withRequest lets an operation see the address it was asked at.
func withRequest(ctx huma.Context, next func(huma.Context)) {
	r, _ := humago.Unwrap(ctx)
	next(huma.WithValue(ctx, requestKey{}, r))
}

func requestOf(ctx context.Context) *http.Request {
	r, _ := ctx.Value(requestKey{}).(*http.Request)
	return r
}

// base is how others reach this kaden, as far as it knows.
func (a *API) base(r *http.Request) string {
	if a.cfg.PublicURL != "" {
		return strings.TrimRight(a.cfg.PublicURL, "/")
	}
	scheme := "http"
	if r.TLS != nil || r.Header.Get("X-Forwarded-Proto") == "https" {
		scheme = "https"
	}
	return scheme + "://" + r.Host
}

func sources(set *manifest.Set, base, plan string) []Source {
	list := []Source{}
	for _, name := range slices.Sorted(maps.Keys(set.Sources)) {
		s := set.Sources[name]
		url := base + "/in/" + s.Name + "/" + s.Key
		list = append(list, Source{Name: s.Name, Kind: s.Kind, Plan: cmp.Or(s.Plan, plan), URL: url, Curl: curl(s, url)})
	}
	return list
}

// curl is a command that rings; it can be pasted into any shell.
func curl(s alert.Source, url string) string {
	sample := `{"title": "disk full on db01", "severity": "critical", "key": "db01/disk"}`
	if s.Kind == "mackerel" {
		sample = `{"orgName": "example", "event": "alert", "type": "host", "host": {"id": "5Ab1", "name": "db01"}, ` +
			`"alert": {"id": "5Xy9", "status": "critical", "isOpen": true, "trigger": "monitor", "monitorName": "disk", ` +
			`"metricLabel": "filesystem%", "metricValue": 96.2, "criticalThreshold": 95, "monitorOperator": ">"}}`
	}
	return fmt.Sprintf("curl -sS -H 'Content-Type: application/json' -d '%s' '%s'", sample, url)
}

func (a *API) setup(set *manifest.Set) Setup {
	out := Setup{People: a.people(set), Groups: []Group{}, Plans: []Plan{}}
	for _, id := range slices.Sorted(maps.Keys(set.Groups)) {
		out.Groups = append(out.Groups, Group{ID: id, Members: slices.Concat([]string{}, set.Groups[id].Members)})
	}
	for _, name := range slices.Sorted(maps.Keys(set.Plans)) {
		out.Plans = append(out.Plans, planView(set, name, a.cfg.DefaultPlan))
	}
	return out
}

func (a *API) people(set *manifest.Set) []Person {
	out := []Person{}
	for _, id := range slices.Sorted(maps.Keys(set.People)) {
		p := set.People[id]
		who := Person{ID: id, Name: p.Name, Language: p.Language, Contacts: []Contact{}}
		for _, c := range p.Contacts {
			who.Contacts = append(who.Contacts, Contact{Address: c.Address.String(), Why: unreachable(c, set.Lines(), a.cfg.Schemes), Together: c.Together})
		}
		out = append(out, who)
	}
	return out
}

func planView(set *manifest.Set, name, usual string) Plan {
	p := Plan{Name: name, Default: name == usual, Sources: []string{}, Steps: []Step{}}
	for _, s := range slices.Sorted(maps.Keys(set.Sources)) {
		if cmp.Or(set.Sources[s].Plan, usual) == name {
			p.Sources = append(p.Sources, s)
		}
	}
	for _, s := range set.Plans[name].WithDefaults().Steps {
		p.Steps = append(p.Steps, stepView(s))
	}
	return p
}

func stepView(s callout.Step) Step {
	if len(s.Call) == 0 {
		return Step{Wait: int(s.Wait.Seconds())}
	}
	return Step{Call: s.Call, Order: string(s.Order), Need: string(s.Need), Rounds: s.Rounds, Ring: int(s.Ring.Seconds())}
}

// unreachable says why a contact cannot be called from here; "" if it can.
func unreachable(m oncall.Method, trunks []trunk.Trunk, schemes []number.Scheme) string {
	if !slices.Contains(schemes, m.Address.Scheme) {
		return fmt.Sprintf("%s: addresses cannot be called from here", m.Address.Scheme)
	}
	if m.Address.Scheme != number.Tel {
		return ""
	}
	if ok, reason := m.Address.Number.Class().Dialable(); !ok {
		return reason
	}
	if len(trunks) == 0 {
		return "there is no trunk to the telephone network"
	}
	candidates, refused := trunk.Choose(trunks, m.Address.Number, nil)
	if len(candidates) > 0 {
		return ""
	}
	return refused[slices.Sorted(maps.Keys(refused))[0]]
}
