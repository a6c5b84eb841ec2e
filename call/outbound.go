package call

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/kaden-project/kaden/leg"
	"github.com/kaden-project/kaden/number"
	"github.com/kaden-project/kaden/trunk"
)

// reserve takes the call's place in the queue for a trunk, on the goroutine that orders: who ordered first
// is served first.
func (c *Call) reserve() (b *booking, err error) {
	if c.own, err = c.within(); c.own || err != nil {
		return nil, err
	}
	if c.order.To.Scheme != number.Tel {
		return nil, nil
	}
	wants, err := c.desk.candidates(c.order, nil)
	if err != nil {
		return nil, err
	}
	return c.book(wants), nil
}

// book takes a place in the queue for one of the trunks.
func (c *Call) book(wants []trunk.Trunk) *booking {
	return c.desk.lines.book(&booking{wants: wants, from: c.order.shows, call: c.id, urgent: c.order.Urgent})
}

// begin starts an outbound call: straight to the phone, or over the trunk that was booked.
func (c *Call) begin(b *booking, err error) {
	switch {
	case err != nil:
		c.failed(err)
	case b == nil:
		c.dial(trunk.Trunk{}, "")
	default:
		c.await(b)
	}
}

// candidates are the trunks that may carry the call, the best first.
func (d *Desk) candidates(o Order, tried []string) ([]trunk.Trunk, error) {
	var all []trunk.Trunk
	if d.cfg.Trunks != nil {
		all = d.cfg.Trunks()
	}
	if o.OwnLines {
		all = slices.DeleteFunc(slices.Clone(all), func(t trunk.Trunk) bool { return t.Upstream })
	}
	switch {
	case len(all) > 0:
	case !o.OwnLines && d.cfg.Others != nil && len(d.cfg.Others()) > 0:
		return nil, &cannot{leg.Fault, "no trunk is configured, and without a public URL an upstream carries call-outs alone: set public-url (KADEN_PUBLIC_URL)"}
	default:
		return nil, &cannot{leg.Fault, "no trunk is configured, so telephone numbers cannot be called"}
	}
	if o.Trunk != "" {
		if all = slices.DeleteFunc(slices.Clone(all), func(t trunk.Trunk) bool { return t.Name != o.Trunk }); len(all) == 0 {
			return nil, &cannot{leg.Fault, fmt.Sprintf("trunk %q is not configured", o.Trunk)}
		}
	}
	wants, refused := trunk.Choose(all, o.To.Number, o.Prefer)
	if len(wants) == 0 {
		var why []string
		for _, name := range slices.Sorted(maps.Keys(refused)) {
			why = append(why, name+": "+refused[name])
		}
		return nil, &cannot{leg.Invalid, "no trunk reaches this number: " + strings.Join(why, "; ")}
	}
	return d.downLast(slices.DeleteFunc(wants, func(t trunk.Trunk) bool { return slices.Contains(tried, t.Name) })), nil
}

// Reach says why no trunk takes a telephone number, or what speaks against calling it, though one does; both ""
// where there is nothing to say. Other addresses and numbers of our own need no trunk. Without any trunk there is
// nothing to say either: that is no fault of the number's.
func (d *Desk) Reach(to number.Address) (refused, warning string) {
	if to.Scheme != number.Tel || d.within(to) {
		return "", ""
	}
	if ok, why := to.Number.Class().Dialable(); !ok {
		return why, ""
	}
	if d.cfg.Trunks == nil || len(d.cfg.Trunks()) == 0 {
		return "", ""
	}
	_, err := d.candidates(Order{To: to}, nil)
	if err != nil {
		return err.Error(), ""
	}
	return "", trunk.Warning(d.cfg.Trunks(), to.Number)
}

// Reach is the Desk's.
func (c *Call) Reach(to number.Address) (refused, warning string) { return c.desk.Reach(to) }

// cannot says why nothing was dialled.
type cannot struct {
	cause leg.Cause
	text  string
}

func (e *cannot) Error() string { return e.text }

// failed ends a call that could not be dialled at all.
func (c *Call) failed(err error) {
	cause := leg.Fault
	var no *cannot
	if errors.As(err, &no) {
		cause = no.cause
	}
	c.finish(leg.Event{At: time.Now(), Kind: leg.Ended, Cause: cause, Reason: err.Error()})
}

// dialer finds who dials addresses of scheme s, over t for telephone numbers.
func (d *Desk) dialer(s number.Scheme, t trunk.Trunk) (leg.Dialer, error) {
	if t.Upstream && d.cfg.Upstreams != nil {
		return d.cfg.Upstreams, nil
	}
	if l, ok := d.cfg.Dialers[s]; ok {
		return l, nil
	}
	if s == number.Tel || s == number.SIPS {
		if l, ok := d.cfg.Dialers[number.SIP]; ok {
			return l, nil
		}
	}
	return nil, &cannot{leg.Fault, fmt.Sprintf("nothing here dials %s: addresses", s)}
}

// legID names one attempt to dial. The first has the name that was stored with the order.
func (o Order) legID(tried int) string {
	id := o.Attempt
	if id == "" {
		id = string(o.SID)
	}
	if tried > 0 {
		id += fmt.Sprintf("-%d", tried+1)
	}
	return id
}

// shows is the caller ID over t; "" leaves it to whoever is dialled.
func (o Order) shows(t trunk.Trunk) string {
	from := o.From
	if f := o.FromByTrunk[t.Name]; f != "" && t.Name != "" {
		from = f
	}
	if from == "" && o.To.Scheme == number.Tel {
		from = t.From
	}
	return from
}

// target is whom to dial, over t for telephone numbers.
func (o Order) target(t trunk.Trunk) leg.Target {
	from := o.shows(t)
	if o.To.Scheme != number.Tel {
		return leg.Target{
			URI: o.To.String(), From: from, Username: o.SIPUser, Password: o.SIPPassword, Headers: o.Headers,
			Account: string(o.Account), Call: string(o.SID),
		}
	}
	if t.Upstream {
		return leg.Target{URI: o.To.String(), From: from, Line: t.Name}
	}
	uri, host := t.Address(t.Dial(o.To.Number))
	return leg.Target{
		URI:      uri,
		From:     t.Shows(from),
		FromHost: host,
		Username: t.Account(), Password: t.Password,
		InBandDTMF: t.InBandDTMF, Unreliable: t.Unreliable, Line: t.Name,
	}
}
