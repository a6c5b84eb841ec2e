package sipleg

import (
	"context"
	"net"
	"net/netip"
	"slices"
	"sync"
	"time"
)

// ownEntry is our address towards a peer.
type ownEntry struct {
	ip netip.Addr
	at time.Time // when the routing table was asked; zero: it has to be asked again
}

// ownIP is our address as the peer sees it without a NAT: the one we listen on, else what the routing table says. Where
// no way leads to the peer at the moment it is the last that did: a new address is on its way, or the old one.
func (s *Server) ownIP(peer netip.Addr) netip.Addr {
	if !s.bound.IsUnspecified() {
		return s.bound
	}
	s.ownMu.Lock()
	defer s.ownMu.Unlock()
	known, ok := s.own[peer]
	if ok && time.Since(known.at) < time.Minute {
		return known.ip
	}
	ip, found := routed(peer)
	switch {
	case found:
	case ok:
		return known.ip
	case peer.Is4():
		return netip.IPv4Unspecified()
	default:
		return netip.IPv6Unspecified()
	}
	if len(s.own) > 1024 {
		clear(s.own)
	}
	s.own[peer] = ownEntry{ip, time.Now()}
	return ip
}

// routed is the address from which the system sends to a peer. Nothing is sent.
func routed(peer netip.Addr) (ip netip.Addr, found bool) {
	c, err := net.DialUDP("udp", nil, net.UDPAddrFromAddrPort(netip.AddrPortFrom(peer, 9)))
	if err != nil {
		return netip.Addr{}, false
	}
	defer c.Close()
	return addrOf(c.LocalAddr()), true
}

// addrOf is the address of one end of a socket.
func addrOf(a net.Addr) netip.Addr {
	switch a := a.(type) {
	case *net.UDPAddr:
		return a.AddrPort().Addr().Unmap().WithZone("")
	case *net.TCPAddr:
		return a.AddrPort().Addr().Unmap().WithZone("")
	}
	return netip.Addr{}
}

// here is our address on a flow: the one that its peer has used, else the one towards it.
func (s *Server) here(f flow) netip.Addr {
	switch {
	case f.local.IsValid():
		return f.local
	case f.stream != nil && f.stream.conn != nil && f.stream.open() && s.bound.IsUnspecified():
		return addrOf(f.stream.conn.LocalAddr())
	}
	return s.ownIP(f.peer.Addr())
}

// ownHost is host and port of our Via and Contact on a flow.
func (s *Server) ownHost(f flow) string {
	host := s.cfg.Advertise
	if host == "" {
		host = s.here(f).String()
	}
	port := s.port
	if f.proto() == "TLS" {
		if port = s.tlsPort; port == 0 {
			// Nobody can connect to us: the far end finds the connection that there is by its address.
			return f.stream.conn.LocalAddr().String()
		}
	}
	return bracketed(host) + ":" + itoa(int(port))
}

// soundIP is our address in SDP: the one that is configured, else as the carrier sees it, else our own.
func (s *Server) soundIP(peer netip.Addr) netip.Addr {
	if s.public.IsValid() && s.public.Is4() == peer.Is4() {
		return s.public
	}
	if seen := s.lines.seenBy(peer); seen.IsValid() {
		return seen
	}
	return s.ownIP(peer)
}

// settling is how long we wait for the rest of a change: a new lease takes the old address away and brings the new one and
// its routes, one by one.
const settling = 200 * time.Millisecond

// watchAddresses looks after our own addresses until ctx ends: what the system tells of at once, where it does, and else
// what is seen at a look now and then.
func (s *Server) watchAddresses(ctx context.Context) {
	news := make(chan struct{}, 1)
	var listening sync.WaitGroup
	defer listening.Wait()
	listening.Go(func() {
		awaitNews(ctx, func() {
			select {
			case news <- struct{}{}:
			default:
			}
		})
	})
	look := time.NewTicker(s.t.Watch)
	defer look.Stop()
	was := addresses()
	for {
		told := false
		select {
		case <-ctx.Done():
			return
		case <-look.C:
		case <-news:
			told = true
			select { // one change is several news
			case <-ctx.Done():
				return
			case <-time.After(settling):
			}
		}
		now := addresses()
		if told || !slices.Equal(was, now) {
			s.moved(now)
		}
		was = now
	}
}

// moved is called where an address or a way of this machine has changed, or may have: what was known of the ways to others
// is asked again, connections from an address that is gone are given up, the lines tell their carriers, and calls go on from
// where we are now.
func (s *Server) moved(now []netip.Addr) {
	s.ownMu.Lock()
	for peer, e := range s.own {
		e.at = time.Time{}
		s.own[peer] = e
	}
	s.ownMu.Unlock()
	if len(now) > 0 {
		s.wire.leave(func(ip netip.Addr) bool { return !slices.Contains(now, ip) })
	}
	for _, a := range s.attendants() {
		select {
		case a.moved <- struct{}{}:
		default:
		}
	}
	s.followAll("", now) // a line's calls follow when its carrier knows where to
}

// addresses are those of this machine, in order; none where the system does not say.
func addresses() (all []netip.Addr) {
	found, err := net.InterfaceAddrs()
	if err != nil {
		return nil
	}
	for _, a := range found {
		if n, is := a.(*net.IPNet); is {
			if ip, ok := netip.AddrFromSlice(n.IP); ok {
				all = append(all, ip.Unmap())
			}
		}
	}
	slices.SortFunc(all, netip.Addr.Compare)
	return all
}
