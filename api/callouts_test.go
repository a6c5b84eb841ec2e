package api_test

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/kaden-project/kaden/api"
	"github.com/kaden-project/kaden/dispatch"
)

// callouts is api.Callouts: taking and stopping are the dispatcher's, the rest is written down.
type callouts struct {
	*dispatch.Dispatcher

	mu    sync.Mutex
	told  []string // each decision, as a line
	err   error    // of the next decisions
	hold  dispatch.Hold
	why   dispatch.Explanation
	proof dispatch.Verification
}

var _ api.Callouts = (*callouts)(nil)

func (c *callouts) hear(format string, args ...any) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.err == nil {
		c.told = append(c.told, fmt.Sprintf(format, args...))
	}
	return c.err
}

// last is what was decided last.
func (c *callouts) last() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.told) == 0 {
		return ""
	}
	return c.told[len(c.told)-1]
}

func (c *callouts) Resolve(_ context.Context, _, by string) error { return c.hear("%s resolves", by) }
func (c *callouts) Release(_ context.Context, _, by string) error { return c.hear("%s releases", by) }
func (c *callouts) Alive(_ context.Context, _, by string) error   { return c.hear("%s is alive", by) }
func (c *callouts) Summon(_ context.Context, _, by string) error  { return c.hear("%s summons", by) }
func (c *callouts) Snooze(_ context.Context, _, by string, d time.Duration) error {
	return c.hear("%s snoozes for %s", by, d)
}
func (c *callouts) HandOver(_ context.Context, _, by, to string) error {
	return c.hear("%s hands over to %s", by, to)
}

func (c *callouts) Halt(_ context.Context, by, why string, d time.Duration) (dispatch.Hold, error) {
	err := c.hear("%s holds for %s: %s", by, d, why)
	if d == 0 {
		d = 30 * time.Minute
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.hold = dispatch.Hold{Since: time.Now(), Until: time.Now().Add(d), By: by, Why: why}
	return c.hold, err
}

func (c *callouts) Unhalt(_ context.Context, by string) error {
	c.mu.Lock()
	c.hold = dispatch.Hold{}
	c.mu.Unlock()
	return c.hear("%s lets go", by)
}

func (c *callouts) Held() dispatch.Hold {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.hold
}

func (c *callouts) Drill(_ context.Context, plan, by string, force bool) (string, error) {
	return "al-drill", c.hear("%s drills %s, forced %v", by, plan, force)
}

func (c *callouts) Why(context.Context, string) (dispatch.Explanation, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.why, c.err
}

func (c *callouts) Verify(_ context.Context, person, address, by string, dnd bool) (string, error) {
	return "ve-1", c.hear("%s calls %s at %s, do-not-disturb %v", by, person, address, dnd)
}

func (c *callouts) VerifyCode(_ context.Context, id, code string) (dispatch.Verification, error) {
	return c.proof, c.hear("%s is told %s", id, code)
}

func (c *callouts) LinkToken(alert string) string { return "token-of-" + alert }
