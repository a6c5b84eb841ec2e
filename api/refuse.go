package api

import (
	"context"
	"encoding/json"
	"errors"
	"maps"
	"net/http"
	"slices"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"github.com/kaden-project/kaden/call"
	"github.com/kaden-project/kaden/dispatch"
)

// Refusal says what is wrong and what to do: RFC 9457's problem details and a hint.
type Refusal struct {
	Title  string              `json:"title" doc:"The status in words."`
	Status int                 `json:"status" doc:"The HTTP status."`
	Detail string              `json:"detail" doc:"What is wrong."`
	Hint   string              `json:"hint,omitempty" doc:"What to do about it."`
	Errors []*huma.ErrorDetail `json:"errors,omitempty" doc:"Each thing wrong in the request, with its place."`
}

func (p *Refusal) Error() string { return p.Detail }

// GetStatus is the HTTP status.
func (p *Refusal) GetStatus() int { return p.Status }

// ContentType makes JSON the JSON of RFC 9457.
func (p *Refusal) ContentType(string) string { return problemJSON }

const problemJSON = "application/problem+json"

func refuse(status int, detail, hint string) *Refusal {
	return &Refusal{Title: http.StatusText(status), Status: status, Detail: detail, Hint: hint}
}

func (p *Refusal) write(w http.ResponseWriter) {
	w.Header().Set("Content-Type", problemJSON)
	w.WriteHeader(p.Status)
	json.NewEncoder(w).Encode(p)
}

// huma has one maker of errors for a process; this is the only room that uses huma.
func init() {
	huma.NewError = func(status int, msg string, errs ...error) huma.StatusError {
		p := refuse(status, msg, "")
		for _, err := range errs {
			var d huma.ErrorDetailer
			switch {
			case err == nil:
			case errors.As(err, &d):
				p.Errors = append(p.Errors, d.ErrorDetail())
			default:
				p.Errors = append(p.Errors, &huma.ErrorDetail{Message: err.Error()})
			}
		}
		if status == http.StatusUnprocessableEntity || status == http.StatusBadRequest {
			p.Hint = "see /api/openapi.json for what this takes"
		}
		return p
	}
}

// trouble turns an error of another room into a refusal. what is what was asked for: alert al-1.
func (a *API) trouble(ctx context.Context, what string, err error) error {
	var p *Refusal
	var who *dispatch.NotSomebody
	switch {
	case err == nil:
		return nil
	case errors.As(err, &p):
		return p
	case errors.As(err, &who):
		return refuse(http.StatusUnprocessableEntity, who.Error(), "people here: "+strings.Join(slices.Sorted(maps.Keys(a.cfg.House().People)), ", "))
	case errors.Is(err, dispatch.ErrHeld):
		return refuse(http.StatusServiceUnavailable, "the kill switch holds: nobody is rung", "kaden hold off, or the console, lets go of it")
	case errors.Is(err, dispatch.ErrRealAlert):
		return refuse(http.StatusServiceUnavailable, "people are being rung for a real alert", "try again when somebody has taken it")
	case errors.Is(err, dispatch.ErrOnThePhone), errors.Is(err, dispatch.ErrTooOften):
		return refuse(http.StatusTooManyRequests, err.Error(), "")
	case errors.Is(err, dispatch.ErrNotFound), errors.Is(err, call.ErrNotFound):
		return refuse(http.StatusNotFound, "there is no "+what, "it may have been deleted; kaden why, the console and /api/alerts list the newest")
	case errors.Is(err, dispatch.ErrAway):
		return refuse(http.StatusServiceUnavailable, what+": "+strings.Join(strings.Fields(err.Error()), " "), "the database is away, or its disk is full: try again when that is mended; /readyz and the server's log tell")
	case errors.Is(err, context.DeadlineExceeded):
		return refuse(http.StatusServiceUnavailable, what+": this was not recorded in time", "the database does not answer; look at the server's log, and try again")
	case ctx.Err() != nil:
		return refuse(http.StatusServiceUnavailable, what+": the request was given up", "")
	case errors.Is(err, call.ErrShutdown):
		return refuse(http.StatusServiceUnavailable, "kaden is shutting down", "try again in a moment")
	}
	a.log.Error("request not served", "what", what, "err", err)
	return refuse(http.StatusInternalServerError, what+": "+strings.Join(strings.Fields(err.Error()), " "), "the server's log says more")
}
