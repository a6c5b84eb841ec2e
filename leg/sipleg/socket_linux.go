package sipleg

import (
	"fmt"
	"net/netip"
	"unsafe"

	"golang.org/x/sys/unix"

	"github.com/kaden-project/kaden/media"
)

// socket is a UDP socket for sound that does not block. Go's runtime does not know it: the media clock
// waits for it, and nothing is woken twice. send and receive allocate nothing.
type socket struct {
	fd   int
	port uint16
	from unix.RawSockaddrAny
	size uint32 // of from

	control *socket // for RTCP, on the next port; nil where that is somebody else's
}

func openSocket(at netip.AddrPort) (*socket, error) {
	family, sa := unix.AF_INET, unix.Sockaddr(nil)
	if at.Addr().Is4() {
		sa = &unix.SockaddrInet4{Port: int(at.Port()), Addr: at.Addr().As4()}
	} else {
		family, sa = unix.AF_INET6, &unix.SockaddrInet6{Port: int(at.Port()), Addr: at.Addr().As16()}
	}
	fd, err := unix.Socket(family, unix.SOCK_DGRAM|unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return nil, fmt.Errorf("RTP socket: %w (raise the limit of open files)", err)
	}
	if err := unix.Bind(fd, sa); err != nil {
		unix.Close(fd)
		return nil, fmt.Errorf("RTP port %s: %w", at, err)
	}
	got, err := unix.Getsockname(fd)
	if err != nil {
		unix.Close(fd)
		return nil, err
	}
	s := &socket{fd: fd}
	switch a := got.(type) {
	case *unix.SockaddrInet4:
		s.port = uint16(a.Port)
	case *unix.SockaddrInet6:
		s.port = uint16(a.Port)
	}
	return s, nil
}

func (s *socket) close() { unix.Close(s.fd) }

// watch has ready called on the clock's goroutine when there is something to receive.
func (s *socket) watch(seat *media.Seat, ready func()) { seat.Watch(s.fd, ready) }

// receive reads the next packet into buf, nil if there is none.
func (s *socket) receive(buf []byte) (packet []byte, from netip.AddrPort) {
	s.size = unix.SizeofSockaddrAny
	n, _, errno := unix.RawSyscall6(unix.SYS_RECVFROM, uintptr(s.fd), uintptr(unsafe.Pointer(&buf[0])), uintptr(len(buf)),
		unix.MSG_DONTWAIT, uintptr(unsafe.Pointer(&s.from)), uintptr(unsafe.Pointer(&s.size)))
	if errno != 0 {
		return nil, netip.AddrPort{}
	}
	switch s.from.Addr.Family {
	case unix.AF_INET:
		a := (*unix.RawSockaddrInet4)(unsafe.Pointer(&s.from))
		from = netip.AddrPortFrom(netip.AddrFrom4(a.Addr), network(a.Port))
	case unix.AF_INET6:
		a := (*unix.RawSockaddrInet6)(unsafe.Pointer(&s.from))
		from = netip.AddrPortFrom(netip.AddrFrom16(a.Addr).Unmap(), network(a.Port))
	}
	return buf[:n], from
}

// network turns a port from the machine's order to that of the network, or back.
func network(port uint16) uint16 {
	b := (*[2]byte)(unsafe.Pointer(&port))
	return uint16(b[0])<<8 | uint16(b[1])
}

// target is a prepared destination, as the kernel reads it. The zero one is nowhere: what is sent there is dropped.
type target struct {
	sa   unix.RawSockaddrInet6 // or a RawSockaddrInet4 in its place
	size uint8
}

func newTarget(to netip.AddrPort) (t target) {
	if to.Addr().Is4() {
		*(*unix.RawSockaddrInet4)(unsafe.Pointer(&t.sa)) = unix.RawSockaddrInet4{
			Family: unix.AF_INET, Port: network(to.Port()), Addr: to.Addr().As4(),
		}
		t.size = unix.SizeofSockaddrInet4
		return t
	}
	t.sa = unix.RawSockaddrInet6{Family: unix.AF_INET6, Port: network(to.Port()), Addr: to.Addr().As16()}
	t.size = unix.SizeofSockaddrInet6
	return t
}

// send drops the packet where the kernel does not take it: sound that waits is worth nothing.
func (s *socket) send(packet []byte, to target) {
	unix.RawSyscall6(unix.SYS_SENDTO, uintptr(s.fd), uintptr(unsafe.Pointer(&packet[0])), uintptr(len(packet)),
		unix.MSG_DONTWAIT, uintptr(unsafe.Pointer(&to.sa)), uintptr(to.size))
}
