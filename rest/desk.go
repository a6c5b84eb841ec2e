package rest

import (
	"context"
	"time"

	"github.com/kaden-project/kaden/call"
	"github.com/kaden-project/kaden/sid"
)

// settling is how long an update waits for the call to be over, so that its answer shows the final state. A
// BYE is confirmed within milliseconds; a far end that is gone must not keep the one who asks.
const settling = 500 * time.Millisecond

// AtDesk is the Desk of this node's calls.
func AtDesk(d *call.Desk) Desk { return desk{d} }

type desk struct{ *call.Desk }

func (d desk) Place(ctx context.Context, o call.Order) (call.Record, error) {
	c, err := d.Desk.Place(ctx, o)
	if err != nil {
		return call.Record{}, err
	}
	return c.Record(), nil
}

func (d desk) Redirect(_ context.Context, id sid.Call, p call.Program) (call.Record, error) {
	c, ok := d.Live(id)
	if !ok {
		return call.Record{}, ErrNotLive
	}
	if err := c.Redirect(p); err != nil {
		return call.Record{}, err
	}
	return c.Record(), nil
}

func (d desk) Cancel(ctx context.Context, id sid.Call) (call.Record, error) {
	c, ok := d.Live(id)
	if !ok {
		return call.Record{}, ErrNotLive
	}
	c.Cancel()
	if c.Record().Answered.IsZero() {
		settle(ctx, c)
	}
	return c.Record(), nil
}

func (d desk) Complete(ctx context.Context, id sid.Call) (call.Record, error) {
	c, ok := d.Live(id)
	if !ok {
		return call.Record{}, ErrNotLive
	}
	c.Complete()
	settle(ctx, c)
	return c.Record(), nil
}

// settle waits for the end of a call that was told to end, for a moment.
func settle(ctx context.Context, c *call.Call) {
	t := time.NewTimer(settling)
	defer t.Stop()
	select {
	case <-c.Done():
	case <-t.C:
	case <-ctx.Done():
	}
}
