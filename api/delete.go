package api

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"github.com/kaden-project/kaden/manifest"
	"github.com/kaden-project/kaden/problem"
)

// Deleted is what became of documents that were to go.
type Deleted struct {
	Deleted  []string     `json:"deleted" nullable:"false" doc:"Kind and name of each."`
	Problems problem.List `json:"problems" nullable:"false" doc:"What no longer works without them: warnings."`
}

func (a *API) deleteRoutes() {
	const description = "Refused with 409 as long as another document needs one of them; the errors name each place. What is under way goes on with what it had: a plan that calls, the people it calls, a call on a trunk."
	huma.Register(a.huma, huma.Operation{
		OperationID: "delete", Method: http.MethodDelete, Path: "/api/manifest/{kind}/{name}",
		Summary: "Deletes a document", Description: description,
	}, func(ctx context.Context, in *struct {
		Kind string `path:"kind" maxLength:"20" example:"plan"`
		Name string `path:"name" maxLength:"260" example:"night-shift"`
	}) (*body[Deleted], error) {
		return a.delete(ctx, in.Kind+"/"+in.Name)
	})
	huma.Register(a.huma, huma.Operation{
		OperationID: "delete-all", Method: http.MethodDelete, Path: "/api/manifest",
		Summary: "Deletes several documents, all or none, such as a plan and its source", Description: description,
	}, func(ctx context.Context, in *struct {
		Documents []string `query:"document,explode" required:"true" minItems:"1" maxItems:"1000" doc:"Kind and name of each." example:"plan/night-shift"`
	}) (*body[Deleted], error) {
		return a.delete(ctx, in.Documents...)
	})
}

func (a *API) delete(ctx context.Context, documents ...string) (*body[Deleted], error) {
	var refs []manifest.Ref
	out := Deleted{Deleted: []string{}}
	for _, one := range documents {
		r, err := manifest.ParseRef(one)
		if err != nil {
			return nil, refuse(http.StatusUnprocessableEntity, err.Error(), "")
		}
		refs = append(refs, r)
		out.Deleted = append(out.Deleted, r.String())
	}
	what := strings.Join(out.Deleted, ", ")
	problems, err := a.cfg.Manifest.Remove(ctx, refs...)
	var not *manifest.NotThere
	switch {
	case errors.As(err, &not):
		return nil, refuse(http.StatusNotFound, not.Error(), not.Hint)
	case err != nil:
		return nil, a.trouble(ctx, what, err)
	case problems.Refused():
		return nil, needed(what, problems)
	}
	out.Problems = orNone(problems)
	return answer(out), nil
}

// mostPlaces is how many places a sentence names; the errors beside it name all.
const mostPlaces = 5

// needed says where something still stands that would be missed.
func needed(what string, problems problem.List) *Refusal {
	var places []string
	no := refuse(http.StatusConflict, "", "change those first, or delete them together with it in one command")
	for _, p := range problems {
		if p.Level != problem.Error {
			continue
		}
		where := p.File
		if p.Line > 0 {
			where += fmt.Sprintf(", line %d", p.Line)
		}
		places = append(places, fmt.Sprintf("%s: without it, %s", where, p.Text))
		no.Errors = append(no.Errors, &huma.ErrorDetail{Message: p.Text, Location: where, Value: p.Verb})
	}
	no.Detail = what + " is still needed: " + strings.Join(places[:min(len(places), mostPlaces)], "; ")
	if more := len(places) - mostPlaces; more > 0 {
		no.Detail += fmt.Sprintf("; and in %d more places", more)
	}
	return no
}
