package call

import (
	"errors"
	"net/url"
	"time"

	"github.com/kaden-project/kaden/leg"
	"github.com/kaden-project/kaden/sid"
)

// Visit is a call whose caller has proven who they are, a browser's: what answers it is known, and not looked up by
// the number that was called.
type Visit struct {
	SID      sid.Call // its name; "" makes one
	Account  sid.Account
	From, To string // as Twilio writes them; To is whatever the caller wrote there, or nothing
	Program  Program
	Callback Callback
	// Told is what the caller brought. It goes with the first request of the program; what the call says of itself
	// stays as it is.
	Told url.Values
}

var errFull = errors.New("no further calls are taken")

// Receive takes a leg that called us, for v. It does not wait. After an error there is no call, and the leg is its
// owner's again.
func (d *Desk) Receive(l leg.Leg, v Visit) error { return d.receive(l, v, nil) }

// receive is Receive; host is the call that has dialled it, of an application, else nil.
func (d *Desk) receive(l leg.Leg, v Visit, host *Call) error {
	now := time.Now()
	if v.SID == "" {
		v.SID = sid.New[sid.Call]()
	}
	r := Record{
		SID: v.SID, Account: v.Account, Direction: Inbound, From: v.From, To: v.To, Status: Ringing,
		Program: v.Program, Callback: v.Callback,
		Created: now, Updated: now, Started: now, Node: d.cfg.Node,
	}
	c := d.newCall(r, Order{SID: v.SID, Account: v.Account, Direction: Inbound}.complete())
	c.told, c.host, c.nested = v.Told, host, depth(l.Info())
	if !d.admit(c) {
		c.stop(nil)
		return errFull
	}
	c.leg = l
	c.ears.at(l)
	go c.run(c.arrive)
	return nil
}

// Told is what the caller brought for the first request of the program (see [Visit]).
func (c *Call) Told() url.Values {
	if len(c.told) == 0 {
		return nil
	}
	own, out := c.Params(), url.Values{}
	for name, values := range c.told {
		if _, taken := own[name]; !taken {
			out[name] = values
		}
	}
	return out
}

// Rings lets an inbound caller hear sound before the answer, where the caller's own side makes none: a browser is silent
// while it waits. It tells whether something may be played. For scripts.
func (c *Call) Rings() bool {
	i := c.leg.Info()
	if !i.Inbound || !isClient(i.From) {
		return false
	}
	if err := c.leg.Ring(c.ctx, true); err != nil {
		c.log.Warn("the ring tone is not heard by the caller", "err", err)
		return false
	}
	return true
}

func isClient(address string) bool {
	_, ok := cutScheme(address, "client")
	return ok
}
