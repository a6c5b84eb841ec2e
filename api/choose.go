package api

import (
	"context"
	"errors"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"github.com/kaden-project/kaden/callout"
)

// Chosen is what answers have led to: a plan, or the question that comes next.
type Chosen struct {
	Plan string    `json:"plan,omitempty" doc:"The plan as YAML, with comments; absent until everything is answered."`
	Open *Question `json:"open,omitempty" doc:"What is asked next, or again."`
}

// Question is one that has no answer yet, or one that does not fit.
type Question struct {
	callout.Choice
	At     int            `json:"at" doc:"Its place among the answers, counted from 0: answers from there on were not used."`
	Answer string         `json:"answer,omitempty" doc:"The answer that does not fit."`
	Wrong  *callout.Words `json:"wrong,omitempty" doc:"What is wrong with it."`
}

func (a *API) chooseRoutes() {
	huma.Register(a.huma, huma.Operation{
		OperationID: "flow", Method: http.MethodGet, Path: "/api/choose",
		Summary: "The questions that lead to a plan; it begins with the first, and each names the next",
	}, func(context.Context, *struct{}) (*body[[]callout.Choice], error) { return answer(callout.Flow()), nil })
	huma.Register(a.huma, huma.Operation{
		OperationID: "choose", Method: http.MethodPost, Path: "/api/choose",
		Summary:     "Answers in order, and what they lead to: the next question, or a plan",
		Description: "Nothing is changed: the plan is for kaden apply.",
	}, func(_ context.Context, in *struct {
		Body struct {
			Answers  []string `json:"answers" nullable:"false" maxItems:"50" doc:"In the order of the questions; an empty one is the usual answer."`
			Language string   `json:"language,omitempty" enum:"en,ja" doc:"Of the comments; en unless given."`
		}
	}) (*body[Chosen], error) {
		plan, err := callout.Choose(in.Body.Language, in.Body.Answers...)
		var open *callout.Open
		switch {
		case errors.As(err, &open):
			q := &Question{Choice: open.Choice, At: open.At, Answer: open.Answer}
			if open.Why != (callout.Words{}) {
				q.Wrong = &open.Why
			}
			return answer(Chosen{Open: q}), nil
		case err != nil:
			return nil, refuse(http.StatusUnprocessableEntity, err.Error(), "GET /api/choose shows the questions")
		}
		return answer(Chosen{Plan: plan}), nil
	})
}
