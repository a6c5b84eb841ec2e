package main

import (
	"context"
	"errors"
	"time"

	"github.com/kaden-project/kaden/dispatch"
	"github.com/kaden-project/kaden/job"
	"github.com/kaden-project/kaden/store"
)

const (
	// knock is how often a database that is away is tried at the start.
	knock = time.Second
	// sayWaiting and sayStillWaiting are how often it is said what is waited for, at first and after a minute.
	sayWaiting      = 5 * time.Second
	sayStillWaiting = time.Minute
)

// openStore opens the database. A server that is not there is waited for until it is, or until ctx ends: after a power cut both come
// up together, and a service that gives up is one that somebody has to start by hand.
func (r *rooms) openStore(ctx context.Context, workers *job.Workers) (*store.Store, error) {
	begun, said := time.Now(), time.Time{}
	for {
		s, err := store.Open(ctx, r.log, store.Config{DataDir: r.settings.Data, URL: r.settings.Database, Seal: r.seal, Jobs: workers})
		switch {
		case err == nil && !said.IsZero():
			r.log.Info("the database is there; starting", "waited", time.Since(begun).Round(time.Second/10))
			return s, nil
		case err == nil:
			return s, nil
		case ctx.Err() != nil:
			return nil, context.Cause(ctx)
		case !errors.Is(err, dispatch.ErrAway):
			return nil, err
		}
		every := sayWaiting
		if time.Since(begun) > time.Minute {
			every = sayStillWaiting
		}
		if time.Since(said) >= every {
			r.log.Warn("waiting for the database; nothing is served until it is there", "waited", time.Since(begun).Round(time.Second/10), "err", err)
			said = time.Now()
		}
		pauses(ctx, knock)
	}
}
