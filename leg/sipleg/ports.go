package sipleg

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"net/netip"
	"sync"
	"time"
)

// Range is the UDP ports that may be used for sound, both ends included. The zero Range lets the system choose.
type Range struct{ First, Last uint16 }

// rest is how long a port stays unused after a leg, so that the last packets of one call are not heard in the next.
const rest = 2 * time.Second

var errNoPorts = errors.New("no RTP port is free; widen the range of RTP ports")

// ports gives out even ports of a range in turn, each with the next one for RTCP (RFC 3550 section 11).
type ports struct {
	span Range

	mu      sync.Mutex
	next    uint16
	used    map[uint16]bool
	resting map[uint16]time.Time
	open    int // sockets, whatever their port
}

func newPorts(r Range) (*ports, error) {
	if r != (Range{}) && (r.First < 1024 || r.Last <= r.First) {
		return nil, fmt.Errorf("RTP ports %d-%d: the first must be at least 1024 and below the last", r.First, r.Last)
	}
	first := r.First + r.First%2
	// From anywhere in the range: on the first ports the far ends of a process that was killed may speak still.
	next := first
	if n := (int(r.Last) - int(first)) / 2; n > 0 {
		next += uint16(2 * rand.IntN(n))
	}
	return &ports{span: Range{first, r.Last}, next: next, used: map[uint16]bool{}, resting: map[uint16]time.Time{}}, nil
}

// take opens a socket on a port that nobody uses, and one for RTCP if there is one beside it.
func (p *ports) take(ip netip.Addr) (*socket, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.span.Last == 0 {
		s, err := openSocket(netip.AddrPortFrom(ip, 0))
		if err == nil {
			s.openControl(ip, 65535)
			p.open++
		}
		return s, err
	}
	now := time.Now()
	var lastErr error
	for range (int(p.span.Last)-int(p.span.First))/2 + 1 {
		port := p.next
		if p.next += 2; p.next < port || p.next > p.span.Last {
			p.next = p.span.First
		}
		if p.used[port] || now.Before(p.resting[port]) {
			continue
		}
		s, err := openSocket(netip.AddrPortFrom(ip, port))
		if err != nil {
			lastErr = err // some other program's
			continue
		}
		s.openControl(ip, p.span.Last)
		delete(p.resting, port)
		p.used[port] = true
		p.open++
		return s, nil
	}
	if lastErr != nil {
		return nil, fmt.Errorf("%w: %w", errNoPorts, lastErr)
	}
	return nil, errNoPorts
}

// openControl opens the port after a socket's, unless that is beyond the last that may be used, or another program's: a leg
// can do without RTCP.
func (s *socket) openControl(ip netip.Addr, last uint16) {
	if s.port >= last {
		return
	}
	if c, err := openSocket(netip.AddrPortFrom(ip, s.port+1)); err == nil {
		s.control = c
	}
}

// give closes a socket; its port rests.
func (p *ports) give(s *socket) {
	s.close()
	if s.control != nil {
		s.control.close()
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.open--
	if p.used[s.port] {
		delete(p.used, s.port)
		p.resting[s.port] = time.Now().Add(rest)
	}
}

func (p *ports) count() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.open
}
