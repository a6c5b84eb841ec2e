package main

import (
	"context"
	"errors"
	"net/http"

	"github.com/kaden-project/kaden/call"
	"github.com/kaden-project/kaden/dispatch"
)

// What processes on one database do for one another. With SQLite there is one.

// channels is who counts the channels of trunks: the store, where other processes call over them too.
func (r *rooms) channels() call.Channels {
	if !r.store.Shared() {
		return nil
	}
	return r.store
}

// inheritance closes the records of calls that dead nodes have left, and ends those that may be up.
func (r *rooms) inheritance() func(ctx context.Context) {
	if !r.store.Shared() {
		return nil
	}
	return func(ctx context.Context) {
		switch n, err := r.desk.Inherit(ctx); {
		case errors.Is(err, dispatch.ErrAway): // the store says so
		case err != nil && ctx.Err() == nil:
			r.log.Error("calls that another node has left still stand as open", "err", err)
		case n > 0:
			r.log.Info("calls that another node has left are closed", "calls", n)
		}
	}
}

// here waits until the call that a platform's request is about is this node's, where it was one's that has died. False:
// it has been answered that this takes too long, or that the call is another node's.
func (r *rooms) here(attempt string, w http.ResponseWriter, q *http.Request) bool {
	ctx, stop := context.WithTimeout(q.Context(), startPatience)
	defer stop()
	if err := r.dispatch.Here(ctx, attempt); err != nil {
		r.log.Warn("asked about a call that another node follows: its public-url must lead there", "attempt", attempt, "err", err)
		w.Header().Set("Retry-After", "1")
		http.Error(w, "this call is followed elsewhere", http.StatusServiceUnavailable)
		return false
	}
	return true
}
