package sipleg

import (
	"context"
	"net/netip"
	"slices"
	"strings"
)

// follow lets a call go on from where we are now: the far end gets our new address for its requests and its sound, in a
// re-INVITE (RFC 3261 section 14). Nothing is said to whoever knows that address already. now are this machine's addresses.
func (l *Leg) follow(now []netip.Addr) {
	l.mu.Lock()
	f, answered := l.dialog.way(), l.phase == up && l.theirs != nil
	l.mu.Unlock()
	if !answered {
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
	if l.phase != up || host == l.dialog.ownHost && ip == l.ours.ip {
		return
	}
	l.contact = strings.Replace(l.contact, "@"+l.dialog.ownHost, "@"+host, 1)
	if a := l.srv.lines.find(l.line.Name); a != nil {
		if _, contact := a.way(); contact != "" {
			l.contact = contact
		}
	}
	l.dialog.ownHost, l.ours.ip = host, ip
	l.hold.moved = true
	l.sayHold()
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
