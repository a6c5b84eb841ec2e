package sipleg

import (
	"context"
	"net/netip"
	"slices"
	"strings"

	"github.com/kaden-project/kaden/leg"
)

// follow lets a call go on from where we are now. If it is up, the far end gets our new address for its requests and its sound,
// in a re-INVITE (RFC 3261 section 14); nothing is said to whoever knows that address already. Who calls us, and is not
// answered yet, gets it with the answer. Whom we call: see ringFromHere. now are this machine's addresses.
func (l *Leg) follow(now []netip.Addr) {
	l.mu.Lock()
	calls := l.phase == setup && !l.info.Inbound
	stays := l.phase == up && l.theirs != nil || l.phase == setup && l.info.Inbound
	var f flow
	if stays {
		f = l.dialog.way()
	}
	l.mu.Unlock()
	switch {
	case calls:
		l.ringFromHere(now)
		return
	case !stays:
		return
	}
	if !f.udp && !f.stream.open() {
		if f.stream.at == (place{}) {
			return // it has connected to us, and has to do so again
		}
		again, err := l.srv.reach(context.Background(), f.stream.at)
		if err != nil {
			l.log.Warn("the call cannot follow to our new address", "err", err)
			return
		}
		f = again
	}
	if f.local.IsValid() && len(now) > 0 && !slices.Contains(now, f.local) {
		f.local = netip.Addr{}
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	host, ip := l.srv.ownHost(f), l.srv.soundIP(f.peer.Addr())
	l.dialog.flow = f
	if l.phase > up || host == l.dialog.ownHost && ip == l.ours.ip {
		return
	}
	l.contact = strings.Replace(l.contact, "@"+l.dialog.ownHost, "@"+host, 1)
	if a := l.srv.lines.find(l.line.Name); a != nil {
		if _, contact := a.way(); contact != "" {
			l.contact = contact
		}
	}
	l.dialog.ownHost, l.ours.ip = host, ip
	l.hold.moved = l.phase == up || l.early // else the answer says it first
	l.sayHold()
}

// ringFromHere calls again from where we are now, in a call that is not answered yet, if its answer would go to an address that
// is not ours any more: it goes where the INVITE came from (RFC 3261 section 18.2.2), and an UPDATE (RFC 3311) changes
// where the far end's requests go, not that. Whoever picked up would hear nothing, and nobody here would know. So the INVITE is
// cancelled, and sent again as soon as the far end has heard of that, within the same attempt: the telephone
// stops for a moment and rings on.
func (l *Leg) ringFromHere(now []netip.Addr) {
	l.mu.Lock()
	i := l.inv
	lost := l.phase == setup && i != nil && i.tx != nil && l.reached == nil && l.isLost(i, now)
	l.mu.Unlock()
	if !lost {
		return
	}
	f, err := i.flow, error(nil)
	if f.udp {
		f.local = netip.Addr{}
	} else {
		f, err = l.srv.reach(context.Background(), i.at)
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.phase != setup || l.inv != i || l.reached != nil {
		return
	}
	cannot := func(err error) {
		l.finish(leg.Event{Kind: leg.Ended, Cause: leg.Fault, Retry: !l.rang, Reason: hasMoved + ": " + err.Error()})
	}
	if err != nil {
		cannot(err)
		return
	}
	l.log.Info("the call rings again from our new address")
	i.tx.hush()
	i.flow = f
	l.reached = func() {
		l.reached = nil
		l.srv.abandon(i, hasMoved, nil)
		next := l.again(i.at)
		next.flow, next.ownHost = f, l.srv.ownHost(f)
		l.ours.ip = l.srv.soundIP(f.peer.Addr())
		l.ours.version++
		l.offer, l.contact = l.ours.offer(sendrecv), l.srv.contactOf(l.to, next)
		l.auth, l.keys = nil, l.user.keys() // many take an answer to their challenge from one address
		if err := l.invite(next); err != nil {
			cannot(err)
		}
	}
	l.srv.cancel(i, hasMoved, func(_ int, err error) { // whatever the answer is, it has arrived
		l.mu.Lock()
		defer l.mu.Unlock()
		switch {
		case l.phase != setup || l.inv != i || l.reached == nil:
		case err != nil:
			cannot(err)
		default:
			l.reached()
		}
	})
}

const hasMoved = "our address has changed"

// isLost tells whether the answer to an INVITE of ours would not arrive any more, and there is a way to send another one.
// l.mu is held.
func (l *Leg) isLost(i *invitation, now []netip.Addr) bool {
	if !i.flow.udp {
		return !i.flow.stream.open()
	}
	peer := i.flow.peer.Addr()
	switch {
	case len(now) == 0:
		return false
	case !slices.Contains(now, l.srv.ownIP(peer)):
		return false // there is no way at the moment; the next change brings one
	case !slices.Contains(now, i.home):
		return true
	}
	return i.seen.IsValid() && l.srv.contactOf(l.to, i) != l.contact // the router in front of us has moved
}

// followAll lets the calls of one line go on; "" are those of phones, and of lines that sign on nowhere.
func (s *Server) followAll(line string, now []netip.Addr) {
	s.mu.Lock()
	var all []*Leg
	for _, l := range s.legs {
		if line == "" && !l.line.Register || line != "" && l.line.Name == line {
			all = append(all, l)
		}
	}
	s.mu.Unlock()
	for _, l := range all {
		s.spawn(func() { l.follow(now) })
	}
}
