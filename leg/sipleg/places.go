package sipleg

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"time"
)

// Resolver is what is asked of the DNS; *net.Resolver is one. One that has a method LookupNAPTR(ctx, name) ([]NAPTR,
// error) is asked for those records, too.
type Resolver interface {
	LookupSRV(ctx context.Context, service, proto, name string) (cname string, all []*net.SRV, err error)
	LookupNetIP(ctx context.Context, network, host string) ([]netip.Addr, error)
}

// place is one server that a hop's name stands for.
type place struct {
	proto string // udp, tcp, tls
	addr  netip.AddrPort
	name  string // whose certificate it has to show (tls)
}

func (p place) String() string { return p.proto + " " + p.addr.String() }

// What is kept of the DNS, and how many servers of one name are tried.
const (
	freshAnswer = 30 * time.Second // an answer is used for so long without asking again
	staleAfter  = time.Second      // … and an old one, when a new one takes longer than this
	askAgain    = 10 * time.Second // … for so long, before it is tried again
	maxPlaces   = 6
	maxAnswers  = 1024
	firstRest   = 30 * time.Second // a server that has failed is passed over for so long, doubling …
	longestRest = 8 * time.Minute  // … up to this
)

// atlas finds the servers behind a name (RFC 3263) and remembers which have failed. When the DNS is down its
// last good answers are used, however old: a name that led somewhere an hour ago is better than no call. It
// is safe for concurrent use.
type atlas struct {
	dns Resolver

	mu      sync.Mutex
	deaf    time.Time // until then the DNS is not asked for NAPTR: it does not answer
	answers map[hop]answered
	failed  map[place]failure
}

type answered struct {
	places []place
	at     time.Time
}

type failure struct {
	until time.Time
	rest  time.Duration
}

// find gives the servers of a hop, the best first: those that have failed of late come last, and are not left
// out, because a server that may be back is better than none. stale says why old answers had to do.
func (a *atlas) find(ctx context.Context, h hop) (all []place, stale, err error) {
	now := time.Now()
	key := h
	key.route = ""
	a.mu.Lock()
	known, ok := a.answers[key]
	a.mu.Unlock()
	if !ok || now.Sub(known.at) >= freshAnswer {
		if ok { // a phone waits to ring: who has an old answer does not wait long for a new one
			var stop context.CancelFunc
			ctx, stop = context.WithTimeout(ctx, staleAfter)
			defer stop()
		}
		found, err := a.ask(ctx, h)
		switch {
		case err == nil:
			known = answered{found, now}
			a.mu.Lock()
			if a.answers == nil || len(a.answers) >= maxAnswers {
				a.answers = map[hop]answered{}
			}
			a.answers[key] = known
			a.mu.Unlock()
		case !ok || nowhere(err):
			return nil, nil, err
		default:
			stale = err
			a.mu.Lock()
			a.answers[key] = answered{known.places, now.Add(askAgain - freshAnswer)}
			a.mu.Unlock()
		}
	}
	return a.sorted(known.places, now), stale, nil
}

// nowhere tells a name that does not exist from a DNS that does not answer.
func nowhere(err error) bool {
	var d *net.DNSError
	return !errors.As(err, &d) || d.IsNotFound
}

// sorted puts those that rest behind the others, the one whose rest is over first before them.
func (a *atlas) sorted(places []place, now time.Time) []place {
	all := slices.Clone(places)
	a.mu.Lock()
	defer a.mu.Unlock()
	slices.SortStableFunc(all, func(x, y place) int {
		fx, fy := a.failed[x].until, a.failed[y].until
		switch rx, ry := fx.After(now), fy.After(now); {
		case rx && ry:
			return fx.Compare(fy)
		case rx:
			return 1
		case ry:
			return -1
		}
		return 0
	})
	return all
}

// suffered notes that a server has not answered, or has said that it cannot (503); asked is its Retry-After.
func (a *atlas) suffered(p place, asked time.Duration) {
	now := time.Now()
	a.mu.Lock()
	defer a.mu.Unlock()
	f := a.failed[p]
	if now.Before(f.until) {
		return // known already
	}
	f.rest = min(max(2*f.rest, firstRest), longestRest)
	f.until = now.Add(max(f.rest, min(asked, longestRest)))
	if a.failed == nil || len(a.failed) >= maxAnswers {
		a.failed = map[place]failure{}
	}
	a.failed[p] = f
}

// rests tells whether a server has failed of late.
func (a *atlas) rests(p place) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	return time.Now().Before(a.failed[p].until)
}

// served notes that a server has answered.
func (a *atlas) served(p place) {
	a.mu.Lock()
	defer a.mu.Unlock()
	delete(a.failed, p)
}

// ask looks a hop up (RFC 3263 section 4): a number is itself; a name with a port has addresses; a name with neither
// port nor transport may have NAPTR records, which name its SRV records; a name without a port may have SRV records.
func (a *atlas) ask(ctx context.Context, h hop) ([]place, error) {
	host := strings.Trim(h.host, "[]")
	switch {
	case h.port < 0 || h.port > 65535:
		return nil, fmt.Errorf("port %d does not exist", h.port)
	case host == "":
		return nil, errors.New("there is no host to call")
	}
	proto := h.proto
	if ip, err := netip.ParseAddr(host); err == nil {
		if proto == "" {
			proto = "udp"
		}
		return []place{{proto, netip.AddrPortFrom(ip.Unmap(), portOr(h.port, proto)), host}}, nil
	}
	if h.port == 0 && proto == "" {
		if found, err := a.chosen(ctx, host); err != nil || len(found) > 0 {
			return found, err
		}
	}
	if h.port == 0 {
		for _, p := range protos(proto) {
			found, err := a.services(ctx, p, host)
			if err != nil || len(found) > 0 {
				return found, err
			}
		}
	}
	if proto == "" {
		proto = "udp"
	}
	ips, err := a.addresses(ctx, host)
	if err != nil {
		return nil, err
	}
	var all []place
	for _, ip := range ips {
		all = append(all, place{proto, netip.AddrPortFrom(ip, portOr(h.port, proto)), host})
	}
	return all[:min(len(all), maxPlaces)], nil
}

// chosen are the servers of a domain that says how it wants to be reached, in its order; none, and no error, where it
// does not say, or names nothing that is there.
func (a *atlas) chosen(ctx context.Context, host string) (all []place, err error) {
	var trouble error
	for _, n := range a.transports(ctx, host) {
		found, err := a.servers(ctx, naptrTransports[strings.ToUpper(n.Service)], host, "", "", strings.TrimSuffix(n.Replacement, "."))
		if err != nil {
			trouble = err
			continue
		}
		for _, p := range found {
			if len(all) < maxPlaces && !slices.Contains(all, p) {
				all = append(all, p)
			}
		}
	}
	if len(all) == 0 {
		return nil, trouble
	}
	return all, nil
}

// protos are the transports whose SRV records are asked for.
func protos(said string) []string {
	if said != "" {
		return []string{said}
	}
	return []string{"udp", "tcp"}
}

// services are the servers of SRV records, in the order that their priorities and weights give (net sorts
// them); none, and no error, where there are no records.
func (a *atlas) services(ctx context.Context, proto, host string) (all []place, err error) {
	service, transport := "sip", proto
	if proto == "tls" {
		service, transport = "sips", "tcp"
	}
	return a.servers(ctx, proto, host, service, transport, host)
}

// servers are those of the SRV records of a service under name; with no service, name has them itself. host is what was
// asked for in the first place.
func (a *atlas) servers(ctx context.Context, proto, host, service, transport, name string) (all []place, err error) {
	_, records, err := a.dns.LookupSRV(ctx, service, transport, name)
	if err != nil {
		if nowhere(err) {
			return nil, nil
		}
		return nil, fmt.Errorf("%s: %w", host, err)
	}
	var trouble error
	for _, r := range records {
		if r.Target == "." || r.Target == "" {
			continue // the service is decidedly not there (RFC 2782)
		}
		ips, err := a.addresses(ctx, strings.TrimSuffix(r.Target, "."))
		if err != nil {
			trouble = err
			continue
		}
		for _, ip := range ips {
			// RFC 5922 section 4: the certificate is for the domain that was asked for, not for the target.
			if p := (place{proto, netip.AddrPortFrom(ip, r.Port), host}); len(all) < maxPlaces && !slices.Contains(all, p) {
				all = append(all, p)
			}
		}
	}
	if len(all) == 0 && trouble != nil {
		return nil, trouble
	}
	return all, nil
}

// addresses of a name, those of IPv4 first: carriers' IPv6 is the younger.
func (a *atlas) addresses(ctx context.Context, host string) ([]netip.Addr, error) {
	ips, err := a.dns.LookupNetIP(ctx, "ip", host)
	if err != nil {
		return nil, fmt.Errorf("%s has no address: %w", host, err)
	}
	for i := range ips {
		ips[i] = ips[i].Unmap()
	}
	slices.SortStableFunc(ips, func(x, y netip.Addr) int {
		switch {
		case x.Is4() == y.Is4():
			return 0
		case x.Is4():
			return -1
		}
		return 1
	})
	return ips, nil
}

func portOr(port int, proto string) uint16 {
	switch {
	case port != 0:
		return uint16(port)
	case proto == "tls":
		return 5061
	}
	return 5060
}

// places gives the servers of a hop.
func (s *Server) places(ctx context.Context, h hop) ([]place, error) {
	ctx, stop := context.WithTimeout(ctx, s.t.Connect)
	defer stop()
	all, stale, err := s.atlas.find(ctx, h)
	if stale != nil {
		s.log.Warn("the DNS does not answer; the last addresses of the server are used", "host", h.host, "err", stale)
	}
	return all, err
}

// reach opens the way to a server. Over UDP there is nothing to open.
func (s *Server) reach(ctx context.Context, p place) (flow, error) {
	s.gate.befriend(p.addr.Addr())
	if p.proto == "udp" {
		return flow{udp: true, peer: p.addr}, nil
	}
	ctx, stop := context.WithTimeout(ctx, s.t.Connect)
	defer stop()
	f, err := s.wire.connect(ctx, p)
	if err != nil {
		s.atlas.suffered(p, 0)
		return flow{}, fmt.Errorf("SIP over %s to %s: %w", strings.ToUpper(p.proto), p.addr, err)
	}
	return f, nil
}

// resolve finds the way to the first server of a hop that can be reached; others are those that are left, of the same
// family of addresses, because our description of the sound names an address of one family.
func (s *Server) resolve(ctx context.Context, h hop) (f flow, at place, others []place, err error) {
	all, err := s.places(ctx, h)
	if err != nil {
		return flow{}, place{}, nil, err
	}
	for i, p := range all {
		if f, err = s.reach(ctx, p); err == nil {
			for _, o := range all[i+1:] {
				if o.addr.Addr().Is4() == p.addr.Addr().Is4() {
					others = append(others, o)
				}
			}
			return f, p, others, nil
		}
		if ctx.Err() != nil {
			break
		}
	}
	return flow{}, place{}, nil, err
}
