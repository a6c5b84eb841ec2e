package main

import (
	"context"
	"time"
)

// How what is kept for a while only is cleared away: a little at a time, so that nobody waits for it.
const (
	tidyEvery  = time.Hour
	tidyAtOnce = 200

	keepCodes = 24 * time.Hour // those of the Verify API; they are valid for ten minutes
)

// tidy forgets recordings and the debugger's entries that are older than the settings say, until ctx ends.
func (r *rooms) tidy(ctx context.Context) {
	tick := time.NewTicker(tidyEvery)
	defer tick.Stop()
	for {
		r.forget(ctx, "recordings", r.settings.Recordings.Keep, r.store.ForgetRecordings)
		r.forget(ctx, "codes that were told", keepCodes, r.store.ForgetCodes)
		r.forget(ctx, "entries of the debugger", r.settings.Debug.Keep, r.store.ForgetDebug)
		select {
		case <-tick.C:
		case <-ctx.Done():
			return
		}
	}
}

// forget clears away what is older than keep; 0 keeps it for ever.
func (r *rooms) forget(ctx context.Context, what string, keep time.Duration, some func(context.Context, time.Time, int) (int, error)) {
	if keep == 0 {
		return
	}
	before, all := time.Now().Add(-keep), 0
	for ctx.Err() == nil {
		n, err := some(ctx, before, tidyAtOnce)
		if all += n; err != nil {
			r.log.Error("what is too old is not cleared away", "what", what, "err", err)
		}
		if err != nil || n == 0 {
			break
		}
	}
	if all > 0 {
		r.log.Info("cleared away what is older than the settings keep it", "what", what, "count", all, "kept for", keep)
	}
}
