package rest

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strconv"

	"github.com/kaden-project/kaden/account"
	"github.com/kaden-project/kaden/call"
)

// refusal is an error as whoever asked sees it.
type refusal struct {
	status  int
	code    int
	message string
}

func (r *refusal) Error() string { return r.message }

func refused(status, code int, format string, args ...any) error {
	return &refusal{status, code, fmt.Sprintf(format, args...)}
}

// invalid is the usual refusal: a parameter is not as it should be.
func invalid(code int, format string, args ...any) error {
	return refused(http.StatusBadRequest, code, format, args...)
}

func notFound(path string) error {
	return refused(http.StatusNotFound, 20404, "The requested resource %s was not found", clip(path))
}

func unauthorized(why string) error {
	return refused(http.StatusUnauthorized, 20003, "Authenticate: %s", why)
}

// errorBody is Twilio's error. There is no details: it would have to be an object, or twilio-go cannot read the rest.
type errorBody struct {
	Code     int    `json:"code"`
	Message  string `json:"message"`
	MoreInfo string `json:"more_info"`
	Status   int    `json:"status"`
}

// refuse makes the answer for an error. What is not a refusal is ours: it is logged in full and told in short.
func (s *server) refuse(w http.ResponseWriter, r *http.Request, id string, err error) answer {
	f, ok := errors.AsType[*refusal](err)
	switch {
	case ok:
	case errors.Is(err, call.ErrNotFound), errors.Is(err, account.ErrNotFound):
		f = notFound(r.URL.Path).(*refusal)
	case errors.Is(err, ErrNotLive), errors.Is(err, call.ErrNotInProgress):
		f = notLive.(*refusal)
	case errors.Is(err, account.ErrChanged):
		f = refused(http.StatusConflict, 20409, "Conflict: others are changing the same thing; ask again").(*refusal)
	case errors.Is(err, account.ErrDescribed):
		f = refused(http.StatusConflict, 20009, "It cannot be deleted: %v", err).(*refusal)
	case errors.Is(err, ErrNoWay):
		f = invalid(21214, "The To address cannot be reached: %v", err).(*refusal)
	case errors.Is(err, call.ErrShutdown):
		w.Header().Set("Retry-After", "5")
		f = refused(http.StatusServiceUnavailable, 20503, "Service unavailable: %v; the call was not placed, so it is safe to ask again", err).(*refusal)
	case errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded):
		s.log.Warn("request was not answered in time", "request", id, "err", err)
		w.Header().Set("Retry-After", "1")
		f = refused(http.StatusServiceUnavailable, 20503, "Service unavailable; nothing is known of what became of request %s", id).(*refusal)
	default:
		s.log.Error("request failed", "request", id, "method", r.Method, "path", r.URL.Path, "err", err)
		f = refused(http.StatusInternalServerError, 20500, "Internal server error; the log says more about request %s", id).(*refusal)
	}
	if f.status == http.StatusUnauthorized {
		w.Header().Set("WWW-Authenticate", `Basic realm="Twilio API"`)
	}
	return answer{status: f.status, body: errorBody{f.code, f.message, "https://www.twilio.com/docs/errors/" + strconv.Itoa(f.code), f.status}}
}

// clip shortens what a stranger wrote, for a message.
func clip(s string) string {
	const longest = 120
	if r := []rune(s); len(r) > longest {
		return string(r[:longest]) + "…"
	}
	return s
}
