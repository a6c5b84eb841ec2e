package call_test

import (
	"context"
	"testing"
	"time"

	"github.com/kaden-project/kaden/call"
	"github.com/kaden-project/kaden/leg"
	"github.com/kaden-project/kaden/number"
)

// deadTrunk is a carrier that says nothing at all, until we give up.
type deadTrunk struct{}

func (deadTrunk) Dial(ctx context.Context, _ leg.Target, _ leg.Options) (leg.Leg, error) {
	l := deadLeg{events: make(chan leg.Event, 1)}
	context.AfterFunc(ctx, func() {
		l.events <- leg.Event{At: time.Now(), Kind: leg.Ended, Cause: leg.Canceled, Retry: true, Reason: "192.0.2.1:5060 does not answer SIP"}
		close(l.events)
	})
	return l, nil
}

type deadLeg struct {
	leg.Leg
	events chan leg.Event
}

func (l deadLeg) Info() leg.Info           { return leg.Info{} }
func (l deadLeg) Events() <-chan leg.Event { return l.events }

func TestASilentTrunkIsNobodysFaultButOurs(t *testing.T) {
	for _, tc := range []struct {
		name string
		to   number.Address
		want string
		ours bool
	}{
		{"a telephone behind a trunk", tel("+819011112222"), "initiated over ntt, failed fault over ntt", true},
		{"somebody's own phone", number.Address{Scheme: number.SIP, Text: "sato@192.0.2.1"}, "initiated, no-answer unreachable by us", false},
	} {
		t.Run(tc.name, func(t *testing.T) {
			story(t, func(h *house) {
				c, heard := h.place(call.Order{To: tc.to, Ring: 20 * time.Second})
				r := c.Wait()
				h.want("heard", heard, tc.want)
				h.want("our fault", call.Ours(r.Cause), tc.ours)
				h.want("ended after", h.after(), 12*time.Second)
			}, trunks(ntt), func(c *call.Config) { c.Dialers[number.SIP] = deadTrunk{} })
		})
	}
}
