//go:build !linux

package sipleg

import (
	"net"
	"net/netip"
	"time"

	"github.com/kaden-project/kaden/media"
)

// socket is a UDP socket for sound. Here the media clock cannot wait for it, so it is looked at with each
// tick, for as long as a packet can be read without waiting.
type socket struct {
	conn *net.UDPConn
	port uint16

	control *socket // for RTCP, on the next port; nil where that is somebody else's
}

func openSocket(at netip.AddrPort) (*socket, error) {
	c, err := net.ListenUDP("udp", net.UDPAddrFromAddrPort(at))
	if err != nil {
		return nil, err
	}
	return &socket{conn: c, port: uint16(c.LocalAddr().(*net.UDPAddr).Port)}, nil
}

func (s *socket) close() { s.conn.Close() }

// watch names no descriptor: ready is called at each tick.
func (s *socket) watch(seat *media.Seat, ready func()) { seat.Watch(-int(s.port)-1, ready) }

func (s *socket) receive(buf []byte) (packet []byte, from netip.AddrPort) {
	s.conn.SetReadDeadline(time.Now().Add(50 * time.Microsecond))
	n, from, err := s.conn.ReadFromUDPAddrPort(buf)
	if err != nil {
		return nil, netip.AddrPort{}
	}
	return buf[:n], netip.AddrPortFrom(from.Addr().Unmap(), from.Port())
}

type target struct{ addr netip.AddrPort }

func newTarget(to netip.AddrPort) target { return target{to} }

func (s *socket) send(packet []byte, to target) { s.conn.WriteToUDPAddrPort(packet, to.addr) }
