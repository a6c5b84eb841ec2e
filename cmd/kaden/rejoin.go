package main

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"time"

	"github.com/kaden-project/kaden/call"
	"github.com/kaden-project/kaden/dispatch"
	"github.com/kaden-project/kaden/upstream"
)

// rejoin takes up what the last run, or a dead node, left of an attempt at an upstream, where its call goes on.
func (r *rooms) rejoin(ctx context.Context, a dispatch.Attempt, o call.Order) (dispatch.Line, error) {
	if !upstream.Mine(a.Remains) {
		return nil, fmt.Errorf("%w: it died with the process", upstream.ErrNothingLeft)
	}
	return r.caller().again(ctx, a, o)
}

func (r *rooms) caller() caller { return caller{r.log, r.voice, r.desk, r.upstreams, r.house.Load} }

// again is Call for a call that is under way at an upstream. The ways that come after that one are still open to it.
func (c caller) again(ctx context.Context, a dispatch.Attempt, o call.Order) (dispatch.Line, error) {
	// ctx ends when it is known whether there is a call. At the end of the process all calls at upstreams are ended.
	j := &journey{caller: c, ctx: context.WithoutCancel(ctx), order: o}
	j.mu.Lock()
	defer j.mu.Unlock()
	o.Heard = j.heard
	j.away.Store(true)
	k, err := c.upstreams.Adopt(ctx, a.Remains, o)
	if err != nil {
		return nil, err
	}
	ways := waysOf(c.house(), o)
	if i := slices.Index(ways, k.Upstream()); i >= 0 {
		j.ways = ways[i+1:]
	}
	j.line = k
	j.fixed.Store(k.Fixed())
	return j, nil
}

// startPatience is how long a platform's request waits for this kaden to have taken up what the last run left.
const startPatience = 10 * time.Second

// whenTakenUp lets requests about people's calls in when it is known again whose calls those are: a script that is
// asked for earlier would be nobody's, and a callback a stranger's.
func (r *rooms) whenTakenUp(h http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, q *http.Request) {
		late := time.NewTimer(startPatience)
		defer late.Stop()
		select {
		case <-r.dispatch.Booted():
			h.ServeHTTP(w, q)
		case <-q.Context().Done():
		case <-late.C:
			w.Header().Set("Retry-After", "1")
			http.Error(w, "still taking up the calls of the last run", http.StatusServiceUnavailable)
		}
	})
}
