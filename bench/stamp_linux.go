package main

import (
	"encoding/binary"
	"net"
	"net/netip"
	"time"

	"golang.org/x/sys/unix"
)

// stamped is a UDP socket whose packets carry the time at which the kernel received them, so that a late
// wake-up of this program does not show in what it measures.
type stamped struct {
	*net.UDPConn
	oob [64]byte
}

// listenStamped opens one on a port of loopback; 0 is any.
func listenStamped(port int) (*stamped, error) {
	c, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1), Port: port})
	if err != nil {
		return nil, err
	}
	raw, err := c.SyscallConn()
	if err != nil {
		c.Close()
		return nil, err
	}
	var failed error
	err = raw.Control(func(fd uintptr) {
		failed = unix.SetsockoptInt(int(fd), unix.SOL_SOCKET, unix.SO_TIMESTAMPNS, 1)
	})
	if err == nil {
		err = failed
	}
	if err != nil {
		c.Close()
		return nil, err
	}
	return &stamped{UDPConn: c}, nil
}

// receive reads one packet and says when the kernel had it. One goroutine at a time.
func (s *stamped) receive(buf []byte) (n int, from netip.AddrPort, at time.Time, err error) {
	n, oobn, _, from, err := s.ReadMsgUDPAddrPort(buf, s.oob[:])
	if err != nil {
		return 0, from, at, err
	}
	at = time.Now()
	messages, err := unix.ParseSocketControlMessage(s.oob[:oobn])
	if err != nil {
		return n, from, at, nil
	}
	for _, m := range messages {
		if m.Header.Level == unix.SOL_SOCKET && m.Header.Type == unix.SCM_TIMESTAMPNS && len(m.Data) >= 16 {
			at = time.Unix(int64(binary.NativeEndian.Uint64(m.Data)), int64(binary.NativeEndian.Uint64(m.Data[8:])))
		}
	}
	return n, from, at, nil
}
