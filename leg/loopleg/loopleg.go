// Package loopleg joins two calls of this process: dialling one of our own numbers makes an outbound leg,
// and at its other end an inbound one, as if it had come from a trunk. No sockets, nothing to pay.
//
// Both ends keep the contract of package leg with SIP's statuses. One goroutine serves the pair; it ticks
// only while there is something to be heard that does not come through a Feed.
package loopleg

import (
	"context"
	"fmt"
	"sync/atomic"

	"github.com/kaden-project/kaden/leg"
)

// Dialer starts pairs of legs.
type Dialer struct {
	// Accept takes the inbound end of each call, on the goroutine that dials. It must not wait.
	Accept func(l leg.Leg)
}

var _ leg.Dialer = (*Dialer)(nil)

// pairs numbers the calls that came without an ID.
var pairs atomic.Int64

// Dial calls to.URI in this house. Both ends see to.From, to.URI and to.Headers. Cancelling ctx hangs up.
// Nothing of the call outlives the process, so Options.Keep is not called.
func (d *Dialer) Dial(ctx context.Context, to leg.Target, o leg.Options) (leg.Leg, error) {
	if err := context.Cause(ctx); err != nil {
		return nil, err
	}
	id := o.ID
	if id == "" {
		id = fmt.Sprintf("loop-%d", pairs.Add(1))
	}
	out := leg.Info{From: to.From, To: to.URI, CallID: id, Headers: to.Headers}
	in := out
	in.Inbound = true
	p := newPair(out, in)
	d.Accept(p.in)
	go p.run(ctx)
	return p.out, nil
}
