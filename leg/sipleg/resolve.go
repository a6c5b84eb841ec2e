package sipleg

import (
	"fmt"
	"net"
	"net/netip"
	"strings"
	"time"

	"github.com/emiago/sipgo/sip"
)

// hop is the next hop of a call: its name, and the proxy's URI if it wants to be named in a Route.
type hop struct {
	host  string
	port  int
	proto string // udp, tcp, tls; "" leaves it to the DNS
	route string
}

// hopOf reads where a call goes: via, if it is given (host, host:port or a sip: URI), else the URI itself.
func hopOf(u *sip.Uri, via string) (hop, error) {
	if via == "" {
		return hop{host: u.Host, port: u.Port, proto: protoOf(u)}, nil
	}
	if !strings.HasPrefix(via, "sip:") && !strings.HasPrefix(via, "sips:") {
		host, port, err := net.SplitHostPort(via)
		if err != nil {
			return hop{host: strings.Trim(via, "[]"), proto: protoOf(u)}, nil
		}
		n, err := net.LookupPort("udp", port)
		if err != nil {
			return hop{}, fmt.Errorf("next hop %q has no valid port", via)
		}
		return hop{host: host, port: n, proto: protoOf(u)}, nil
	}
	var p sip.Uri
	if err := sip.ParseUri(via, &p); err != nil || p.Host == "" {
		return hop{}, fmt.Errorf("next hop %q is no sip: URI", via)
	}
	h := hop{host: p.Host, port: p.Port, proto: protoOf(&p)}
	if p.UriParams.Has("lr") {
		h.route = "<" + via + ">"
	}
	return h, nil
}

// protoOf is what a URI says of the transport, "" for nothing.
func protoOf(u *sip.Uri) string {
	t, _ := u.UriParams.Get("transport")
	switch t = strings.ToLower(t); {
	case u.Scheme == "sips", t == "tls":
		return "tls"
	case t == "udp", t == "tcp":
		return t
	}
	return ""
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

// ownHost is host and port of our Via and Contact on a flow.
func (s *Server) ownHost(f flow) string {
	host := s.cfg.Advertise
	if host == "" {
		host = s.ownIP(f.peer.Addr()).String()
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
