package upstream

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/kaden-project/kaden/call"
	"github.com/kaden-project/kaden/leg"
	"github.com/kaden-project/kaden/trunk"
)

// Mine tells whether what was kept of an attempt's call is an upstream's.
func Mine(r leg.Remains) bool {
	var rem remains
	return json.Unmarshal(r, &rem) == nil && rem.Upstream != ""
}

// EndGhost ends what an earlier life of this process left at an upstream. The call is asked for, by its SID or,
// where the answer to its order never came, by its numbers; it returns when the platform has confirmed the end
// or has no such call. (Rule 28.)
func (c *Client) EndGhost(ctx context.Context, r leg.Remains) error {
	var rem remains
	if err := json.Unmarshal(r, &rem); err != nil {
		return fmt.Errorf("what was kept of the call: %w", err)
	}
	u, err := c.find(rem.Upstream)
	if err != nil {
		return fmt.Errorf("%w; a call may still be up there", err)
	}
	if rem.Call != "" {
		return c.finishOff(ctx, u, rem.Call, c.limits.Ordering)
	}
	// A platform's list may lag behind what it does: twice, a moment apart.
	ended, err := c.sweep(ctx, u, rem)
	if err == nil && ended == 0 && sleep(ctx, c.limits.Look/2) {
		_, err = c.sweep(ctx, u, rem)
	}
	return err
}

// sleep waits; false means that ctx is over.
func sleep(ctx context.Context, d time.Duration) bool {
	select {
	case <-time.After(d):
		return true
	case <-ctx.Done():
		return false
	}
}

// sweep ends the calls that an order may have made, once.
func (c *Client) sweep(ctx context.Context, u trunk.Upstream, rem remains) (ended int, err error) {
	var found []resource
	for {
		if found, err = c.search(ctx, u, rem); err != nil {
			return 0, fmt.Errorf("calls at %s not looked for: %w", u.Name, err)
		}
		// A new call to the number whose SID is not known yet could be among them.
		if len(found) == 0 || !c.nameless(rem.To) || !sleep(ctx, c.limits.Look/4) {
			break
		}
	}
	var errs []error
	for _, r := range found {
		c.account(r.SID)
		if r.Status.Over() {
			continue
		}
		c.log.Warn("ending a call at the upstream", "upstream", u.Name, "there", r.SID, "why", "the answer to its order was lost")
		errs = append(errs, c.finishOff(ctx, u, r.SID, c.limits.Ordering))
		ended++
	}
	return ended, errors.Join(errs...)
}

// reap looks for the call of an order whose fate is not known, and ends it, until the time is over.
func (c *Client) reap(ctx context.Context, u trunk.Upstream, rem remains, most time.Duration) {
	for pause, began := c.limits.Look, time.Now(); time.Since(began) < most; pause = min(2*pause, time.Minute) {
		if n, err := c.sweep(ctx, u, rem); err == nil && n > 0 {
			return
		}
		if !sleep(ctx, pause) {
			return
		}
	}
}

// nameless tells whether a call to the number is being ordered whose SID at the platform is not known yet.
func (c *Client) nameless(to string) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, k := range c.live {
		if k.to == to && k.there() == "" {
			return true
		}
	}
	return false
}

// finishOff ends a call there and does not let go before that is confirmed, or the time is over.
func (c *Client) finishOff(ctx context.Context, u trunk.Upstream, id string, most time.Duration) error {
	for pause, began := c.limits.Look/4, time.Now(); ; pause = min(2*pause, time.Minute) {
		r, err := c.hangUp(ctx, u, id, call.Completed)
		var no *refusal
		switch {
		case err == nil && r.Status.Over(), errors.As(err, &no) && no.code == 20404:
			c.isOverNow(id)
			return nil
		case err == nil: // under way there; the next answer says so
			err = fmt.Errorf("it is still %s", r.Status)
		}
		if time.Since(began)+pause > most {
			return fmt.Errorf("call %s at %s may still be up: %s", id, u.Name, words(err))
		}
		if !sleep(ctx, pause) {
			return fmt.Errorf("call %s at %s may still be up: %w", id, u.Name, context.Cause(ctx))
		}
	}
}
