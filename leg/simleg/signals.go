package simleg

import (
	"context"
	"encoding/json"
	"time"

	"github.com/kaden-project/kaden/leg"
)

// What both ends do to each other, on the line's goroutine. The numbers are those of SIP, so that
// whatever reads them sees the same as from a real phone.

func (n *line) ring() {
	if n.info.Inbound || n.state == talking {
		return
	}
	n.rang = true
	n.show(func(v *view) {
		if v.state.Rang.IsZero() {
			v.state.Rang = time.Now()
		}
	})
	n.bell.Ring(leg.Event{Kind: leg.Ringing, Status: 180})
}

func (n *line) early() {
	if n.info.Inbound || n.state != fresh {
		return
	}
	n.rang = true
	n.state = early
	n.bell.Ring(leg.Event{Kind: leg.EarlyMedia, Status: 183})
}

// farAnswer is the far end picking up. As with SIP, what ends the leg is kept before the answer counts.
func (n *line) farAnswer() {
	if n.info.Inbound || n.state == talking {
		return
	}
	if n.keep != nil {
		ctx, stop := context.WithTimeout(context.Background(), keepTime)
		what, _ := json.Marshal(map[string]string{"sim": n.info.To})
		_ = n.keep(ctx, leg.Remains(what)) // an error does not end the call
		stop()
	}
	n.talk()
}

// keepTime is how long storing the remains may take.
const keepTime = 500 * time.Millisecond

func (n *line) talk() {
	n.state = talking
	n.show(func(v *view) { v.state.Answered = time.Now() })
	n.bell.Ring(n.reply(leg.Event{Kind: leg.Answered, Status: 200}))
	n.act()
}

var statuses = map[leg.Cause]int{
	leg.Busy: 486, leg.Rejected: 603, leg.NoAnswer: 480, leg.Unreachable: 480, leg.Invalid: 404, leg.Congested: 503, leg.Failed: 500, leg.Fault: 403,
}

func (n *line) refuse(c leg.Cause) {
	if n.info.Inbound || n.state == talking {
		return
	}
	seen := c
	if c == leg.NoAnswer && !n.rang { // 480 from a phone that never rang: it is switched off
		seen = leg.Unreachable
	}
	n.end(n.reply(leg.Event{Cause: seen, Status: statuses[c], Retry: !n.rang, Reason: "refused by the simulated phone"}), c)
}

func (n *line) farKey(key string) {
	if n.state == talking {
		n.bell.Ring(leg.Event{Kind: leg.Digit, Digit: key, InBand: n.inBand})
	}
}

func (n *line) farHangUp() {
	switch {
	case n.state == talking:
		n.end(leg.Event{Cause: leg.HungUp}, leg.Completed)
	case n.info.Inbound:
		n.end(leg.Event{Cause: leg.CallerLeft, Status: 487}, leg.Completed)
	default:
		n.refuse(leg.Rejected)
	}
}

// hangUp is our own side letting go.
func (n *line) hangUp(c leg.Cause, reason string) {
	switch {
	case n.state == talking:
		n.end(leg.Event{Cause: leg.Completed, Reason: reason}, leg.HungUp)
	case !n.info.Inbound:
		n.end(leg.Event{Cause: leg.Canceled, Status: 487, Reason: reason}, leg.Canceled)
	default:
		if c == leg.Completed || c == "" {
			c = leg.Rejected
		}
		n.end(leg.Event{Cause: c, Status: statuses[c], Reason: reason}, c)
	}
}
