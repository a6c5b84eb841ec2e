package dispatch

import (
	"context"
	"fmt"

	"github.com/kaden-project/kaden/timeline"
)

// Causes of notices about lines that no call has tried.
const (
	causeLineDown = "line-down"
	causeLineBack = "line-back"
)

// LineDown says loudly that a trunk cannot be used, before a call is lost on it: it was refused, or its carrier is
// silent. remedy is what to do.
func (d *Dispatcher) LineDown(ctx context.Context, trunk, why, remedy string) error {
	return d.aboutLine(ctx, causeLineDown, fmt.Sprintf("trunk %s cannot be used: %s; %s", trunk, why, remedy))
}

// LineBack says that a trunk of which LineDown was said can be used again.
func (d *Dispatcher) LineBack(ctx context.Context, trunk string) error {
	return d.aboutLine(ctx, causeLineBack, fmt.Sprintf("trunk %s can be used again", trunk))
}

func (d *Dispatcher) aboutLine(ctx context.Context, cause, text string) error {
	e := timeline.Event{Cause: cause, Text: text}
	return d.cfg.Store.Write(ctx, func(tx Tx) error {
		e.At = tx.Now()
		return d.raise(tx, e)
	})
}
