package api

import (
	"context"
	"errors"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"github.com/kaden-project/kaden/callout"
)

// Chosen is the plan that answers lead to, or the question that comes next.
type Chosen struct {
	Plan  string          `json:"plan,omitempty" doc:"The plan as YAML, to be edited and applied. Absent until everything is answered."`
	Next  *callout.Choice `json:"next,omitempty" doc:"The question that has no answer yet, or one that does not fit."`
	At    int             `json:"at" doc:"Its place among the answers, from 0."`
	Wrong *callout.Words  `json:"wrong,omitempty" doc:"Why the answer there does not fit."`
}

// choiceRoutes are the questions that lead to a plan. They change nothing.
func (a *API) choiceRoutes() {
	huma.Register(a.huma, huma.Operation{
		OperationID: "questions", Method: http.MethodGet, Path: "/api/plans/questions",
		Summary: "The questions that lead to a plan, as a graph that begins with the first",
	}, func(context.Context, *struct{}) (*body[[]callout.Choice], error) {
		return answer(callout.Flow()), nil
	})
	huma.Register(a.huma, huma.Operation{
		OperationID: "choose", Method: http.MethodPost, Path: "/api/plans/choose",
		Summary:     "The plan that answers lead to, or the next question",
		Description: "Nothing is kept: the plan is given to /api/manifest when it is as it should be.",
	}, func(_ context.Context, in *struct {
		Body struct {
			Language string   `json:"language,omitempty" maxLength:"35" doc:"Of the comments: ja, else English."`
			Answers  []string `json:"answers" nullable:"false" maxItems:"16" doc:"In the order of the questions; an empty one is the usual one."`
		}
	}) (*body[Chosen], error) {
		plan, err := callout.Choose(in.Body.Language, in.Body.Answers...)
		var open *callout.Open
		switch {
		case errors.As(err, &open):
			c := Chosen{Next: &open.Choice, At: open.At}
			if open.Answer != "" {
				c.Wrong = &open.Why
			}
			return answer(c), nil
		case err != nil:
			return nil, huma.Error422UnprocessableEntity(err.Error())
		}
		return answer(Chosen{Plan: plan, At: len(in.Body.Answers)}), nil
	})
}
