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

// LineDown says loudly that a line cannot be used, before a call or a message is lost on it: it was refused, or its carrier
// is silent. line is what it is and its name (trunk ntt, SMSC carrier), remedy what to do.
func (d *Dispatcher) LineDown(ctx context.Context, line, why, remedy string) error {
	return d.aboutLine(ctx, causeLineDown, fmt.Sprintf("%s cannot be used: %s; %s", line, why, remedy))
}

// LineBack says that a line of which LineDown was said can be used again.
func (d *Dispatcher) LineBack(ctx context.Context, line string) error {
	return d.aboutLine(ctx, causeLineBack, line+" can be used again")
}

func (d *Dispatcher) aboutLine(ctx context.Context, cause, text string) error {
	e := timeline.Event{Cause: cause, Text: text}
	return d.cfg.Store.Write(ctx, func(tx Tx) error {
		e.At = tx.Now()
		return d.raise(tx, e)
	})
}
