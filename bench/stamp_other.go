//go:build !linux

package main

import (
	"errors"
	"net"
	"net/netip"
	"time"
)

// stamped is what it is on Linux; other systems' stamps are not read, and there is no /proc to measure by.
type stamped struct{ *net.UDPConn }

func listenStamped(int) (*stamped, error) { return nil, errors.New("kaden is measured on Linux") }

func (s *stamped) receive([]byte) (int, netip.AddrPort, time.Time, error) {
	return 0, netip.AddrPort{}, time.Time{}, errors.ErrUnsupported
}
