package sipleg

import (
	"context"
	"time"

	"github.com/emiago/sipgo/sip"

	"github.com/kaden-project/kaden/leg"
)

// How large an INVITE may be over UDP (RFC 3261 section 18.1.1): a larger one is cut up on the way, and many routers
// lose the pieces.
const (
	maxDatagramINVITE = 1300
	challengeRoom     = 300  // what the answer to a challenge adds to it …
	wholeDatagram     = 1472 // … and what it must not come to then: an Ethernet frame less its headers
)

// widening is how long the far end may take to open TCP, before UDP has to do: a firewall that says nothing must not
// hold up a call.
const widening = 500 * time.Millisecond

// widen takes TCP for an INVITE that is too large for UDP, where nobody asked for UDP. If the far end has no
// TCP, UDP has to do.
func (l *Leg) widen(ctx context.Context) {
	i := l.inv
	size := len(l.written(i))
	large := size > maxDatagramINVITE || l.user.name != "" && size+challengeRoom > wholeDatagram
	wide := place{proto: "tcp", addr: i.at.addr, name: i.at.name}
	if !i.flow.udp || i.fixed || !large || l.srv.atlas.rests(wide) {
		return
	}
	ctx, stop := context.WithTimeout(ctx, widening)
	defer stop()
	f, err := l.srv.reach(ctx, wide)
	if err != nil {
		l.log.Warn("an INVITE too large for UDP is sent over it all the same", "bytes", size, "err", err)
		return
	}
	i.flow, i.at, i.ownHost = f, wide, l.srv.ownHost(f)
	l.contact = l.srv.contactOf(l.to, i)
}

// passSilent goes on to the next server where one has said nothing at all. Should the first one speak after all, it
// gets its CANCEL.
func (l *Leg) passSilent(i *invitation) {
	if l.phase != setup || l.inv != i || l.spoken || l.reached != nil {
		return
	}
	l.srv.atlas.suffered(i.at, 0)
	if !l.elsewhere() { // there is no way to any: this one is waited for
		l.inv = i
		return
	}
	i.tx.hush()
	l.srv.abandon(i, "another server of yours has the call", nil)
}

// elsewhere sends the INVITE to the next server of the same carrier (RFC 3263 section 4.3); false where there is
// none, or where a phone has rung already. l.mu is held.
func (l *Leg) elsewhere() bool {
	i := l.inv
	if l.rang || l.phase != setup || len(i.others) == 0 {
		return false
	}
	next := l.again(i.others[0])
	next.others = i.others[1:]
	l.log.Warn("another server of the carrier is tried", "server", next.at.String())
	l.auth, l.keys = nil, l.user.keys()
	if next.at.proto == "udp" {
		return l.move(next) == nil || l.elsewhere()
	}
	tx, err := l.srv.layer.prepared(outgoing{method: sip.INVITE, branch: next.branch, to: i.flow, ackOf: next.refusalACK})
	if err != nil {
		return false
	}
	tx.expireIn(l.srv.t.Connect) // it stands in until there is a connection
	next.tx = tx
	l.inv, l.spoken = next, false
	l.srv.spawn(func() {
		_, err := l.srv.reach(context.Background(), next.at)
		l.mu.Lock()
		defer l.mu.Unlock()
		if l.phase != setup || l.inv != next {
			return
		}
		if err == nil {
			err = l.move(next)
		}
		if err != nil && !l.elsewhere() {
			l.finish(leg.Event{Kind: leg.Ended, Cause: leg.Fault, Retry: true, Reason: next.at.String() + ": " + err.Error()})
		}
	})
	return true
}

// move sends an INVITE to its own place, to which the way is open.
func (l *Leg) move(next *invitation) error {
	f, err := l.srv.reach(context.Background(), next.at)
	if err != nil {
		return err
	}
	next.flow, next.ownHost = f, l.srv.ownHost(f)
	return l.invite(next)
}
