package sipleg

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"strings"
	"time"

	"github.com/emiago/sipgo/sip"
)

// hop is the next hop of a call: its address, and the proxy's URI if it wants to be named in a Route.
type hop struct {
	host  string
	port  int
	tcp   bool
	route string
}

// hopOf reads where a call goes: via, if it is given (host, host:port or a sip: URI), else the URI itself.
func hopOf(u *sip.Uri, via string) (hop, error) {
	if via == "" {
		return hop{host: u.Host, port: u.Port, tcp: isTCP(u)}, nil
	}
	if !strings.HasPrefix(via, "sip:") {
		host, port, err := net.SplitHostPort(via)
		if err != nil {
			return hop{host: strings.Trim(via, "[]"), tcp: isTCP(u)}, nil
		}
		n, err := net.LookupPort("udp", port)
		if err != nil {
			return hop{}, fmt.Errorf("next hop %q has no valid port", via)
		}
		return hop{host: host, port: n, tcp: isTCP(u)}, nil
	}
	var p sip.Uri
	if err := sip.ParseUri(via, &p); err != nil || p.Host == "" {
		return hop{}, fmt.Errorf("next hop %q is no sip: URI", via)
	}
	h := hop{host: p.Host, port: p.Port, tcp: isTCP(&p)}
	if p.UriParams.Has("lr") {
		h.route = "<" + via + ">"
	}
	return h, nil
}

func isTCP(u *sip.Uri) bool {
	t, _ := u.UriParams.Get("transport")
	return strings.EqualFold(t, "tcp")
}

// resolve finds the address of a hop (RFC 3263): a number is itself; a name with a port is looked up; a name
// without one may have SRV records.
func (s *Server) resolve(ctx context.Context, h hop) (flow, error) {
	ctx, stop := context.WithTimeout(ctx, s.t.Connect)
	defer stop()
	addr, err := lookup(ctx, h)
	if err != nil {
		return flow{}, err
	}
	s.gate.befriend(addr.Addr())
	if h.tcp {
		f, err := s.wire.connect(ctx, addr)
		if err != nil {
			return flow{}, fmt.Errorf("SIP over TCP to %s: %w", addr, err)
		}
		return f, nil
	}
	return flow{udp: true, peer: addr}, nil
}

func lookup(ctx context.Context, h hop) (netip.AddrPort, error) {
	host := strings.Trim(h.host, "[]")
	if h.port < 0 || h.port > 65535 {
		return netip.AddrPort{}, fmt.Errorf("port %d does not exist", h.port)
	}
	if ip, err := netip.ParseAddr(host); err == nil {
		return netip.AddrPortFrom(ip.Unmap(), portOr(h.port)), nil
	}
	if host == "" {
		return netip.AddrPort{}, errors.New("there is no host to call")
	}
	if h.port == 0 {
		proto := "udp"
		if h.tcp {
			proto = "tcp"
		}
		if _, all, err := net.DefaultResolver.LookupSRV(ctx, "sip", proto, host); err == nil && len(all) > 0 {
			host, h.port = strings.TrimSuffix(all[0].Target, "."), int(all[0].Port)
		}
	}
	ips, err := net.DefaultResolver.LookupNetIP(ctx, "ip", host)
	if err != nil {
		return netip.AddrPort{}, fmt.Errorf("%s has no address: %w", host, err)
	}
	best := ips[0].Unmap()
	for _, ip := range ips {
		if ip = ip.Unmap(); ip.Is4() {
			best = ip
			break
		}
	}
	return netip.AddrPortFrom(best, portOr(h.port)), nil
}

func portOr(port int) uint16 {
	if port == 0 {
		return 5060
	}
	return uint16(port)
}

// ownIP is our address as the peer sees it without a NAT: the one we listen on, else what the routing table says.
func (s *Server) ownIP(peer netip.Addr) netip.Addr {
	if !s.bound.IsUnspecified() {
		return s.bound
	}
	s.ownMu.Lock()
	defer s.ownMu.Unlock()
	if e, ok := s.own[peer]; ok && time.Since(e.at) < time.Minute {
		return e.ip
	}
	ip := peer
	if c, err := net.DialUDP("udp", nil, net.UDPAddrFromAddrPort(netip.AddrPortFrom(peer, 9))); err == nil {
		ip = c.LocalAddr().(*net.UDPAddr).AddrPort().Addr().Unmap()
		c.Close()
	}
	if len(s.own) > 1024 {
		clear(s.own)
	}
	s.own[peer] = ownEntry{ip, time.Now()}
	return ip
}

type ownEntry struct {
	ip netip.Addr
	at time.Time
}

// ownHost is host and port of our Via and Contact towards a peer.
func (s *Server) ownHost(peer netip.Addr) string {
	host := s.cfg.Advertise
	if host == "" {
		host = s.ownIP(peer).String()
	}
	return bracketed(host) + ":" + itoa(int(s.port))
}

// soundIP is our address in SDP.
func (s *Server) soundIP(peer netip.Addr) netip.Addr {
	if s.public.IsValid() && s.public.Is4() == peer.Is4() {
		return s.public
	}
	return s.ownIP(peer)
}
