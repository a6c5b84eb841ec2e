package call

import (
	"context"
	"net/url"

	"github.com/kaden-project/kaden/leg"
	"github.com/kaden-project/kaden/sid"
)

// A call to an application of the house ([Order].Visit) is two: the one that dials, and the one that the application
// answers, as with a number of our own. Neither leaves the house.

// visitHeader tells the inbound end which call dials it.
const visitHeader = "X-Kaden-Visit"

// visited is the call that dials l, if that is to be received by an application. Nobody outside can be meant: legs from
// there have a Source.
func (d *Desk) visited(i leg.Info) (*Call, bool) {
	name := i.Headers[visitHeader]
	if name == "" || i.Source != "" {
		return nil, false
	}
	c, ok := d.Live(sid.Call(name))
	return c, ok && c.order.Visit != nil
}

// enter receives the inbound end of a call that c has dialled.
func (d *Desk) enter(l leg.Leg, c *Call) {
	if err := d.receive(l, *c.order.Visit, c); err != nil {
		_ = l.Hangup(context.WithoutCancel(d.ctx), leg.Congested)
		go func() { // the contract of a leg: somebody reads its events
			for range l.Events() {
			}
		}()
	}
}

// Return tells whoever has dialled this application something, once it is over. It does nothing on any other call.
func (c *Call) Return(told url.Values) {
	if c.host != nil {
		c.host.returned.Store(&told)
	}
}

// Returned is what the application has returned that this call has dialled; nil is nothing.
func (c *Call) Returned() url.Values {
	if told := c.returned.Load(); told != nil {
		return *told
	}
	return nil
}
