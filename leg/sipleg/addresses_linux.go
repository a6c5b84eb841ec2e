package sipleg

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"os"

	"golang.org/x/sys/unix"
)

// awaitNews calls tell whenever an address or a way of this machine has changed (rtnetlink(7)), until ctx ends; where the
// system does not tell of that it returns at once.
func awaitNews(ctx context.Context, tell func()) {
	fd, err := unix.Socket(unix.AF_NETLINK, unix.SOCK_RAW|unix.SOCK_CLOEXEC|unix.SOCK_NONBLOCK, unix.NETLINK_ROUTE)
	if err != nil {
		return
	}
	f := os.NewFile(uintptr(fd), "rtnetlink")
	defer f.Close()
	const groups = unix.RTMGRP_IPV4_IFADDR | unix.RTMGRP_IPV6_IFADDR | unix.RTMGRP_IPV4_ROUTE | unix.RTMGRP_IPV6_ROUTE
	if unix.Bind(fd, &unix.SockaddrNetlink{Family: unix.AF_NETLINK, Groups: groups}) != nil {
		return
	}
	defer context.AfterFunc(ctx, func() { f.Close() })()
	buf := make([]byte, 8<<10)
	for {
		// What has changed is looked up: that is the same whether one message was read, half of it, or too late for it.
		if _, err := f.Read(buf); err != nil && !errors.Is(err, unix.ENOBUFS) {
			return
		}
		tell()
	}
}

// arrivals has the system say of each datagram at which of our addresses it came; false where it does not.
func arrivals(c *net.UDPConn) (told bool) {
	raw, err := c.SyscallConn()
	if err != nil {
		return false
	}
	raw.Control(func(fd uintptr) {
		family, err := unix.GetsockoptInt(int(fd), unix.SOL_SOCKET, unix.SO_DOMAIN)
		switch {
		case err != nil:
		case family == unix.AF_INET6: // IPv4 comes over it as well, and is told of in the same way
			told = unix.SetsockoptInt(int(fd), unix.IPPROTO_IPV6, unix.IPV6_RECVPKTINFO, 1) == nil
		default:
			told = unix.SetsockoptInt(int(fd), unix.IPPROTO_IP, unix.IP_PKTINFO, 1) == nil
		}
	})
	return told
}

// arrivalSize is room for what the system says with a datagram.
var arrivalSize = unix.CmsgSpace(unix.SizeofInet6Pktinfo)

// arrivedAt reads it. An address that is only good on one link says nothing without the link.
func arrivedAt(said []byte) netip.Addr {
	for len(said) > 0 {
		h, data, rest, err := unix.ParseOneSocketControlMessage(said)
		if err != nil {
			break
		}
		var ip netip.Addr
		switch {
		case h.Level == unix.IPPROTO_IP && h.Type == unix.IP_PKTINFO && len(data) >= unix.SizeofInet4Pktinfo:
			ip = netip.AddrFrom4([4]byte(data[4:8])) // spec_dst: ours, also where it was sent to all
		case h.Level == unix.IPPROTO_IPV6 && h.Type == unix.IPV6_PKTINFO && len(data) >= unix.SizeofInet6Pktinfo:
			ip = netip.AddrFrom16([16]byte(data[:16])).Unmap()
		}
		if ip.IsGlobalUnicast() || ip.IsLoopback() {
			return ip
		}
		said = rest
	}
	return netip.Addr{}
}

// leavesFrom says to the system from which of our addresses a datagram is to leave.
func leavesFrom(ip netip.Addr) []byte {
	if ip.Is4() {
		return unix.PktInfo4(&unix.Inet4Pktinfo{Spec_dst: ip.As4()})
	}
	return unix.PktInfo6(&unix.Inet6Pktinfo{Addr: ip.As16()})
}
