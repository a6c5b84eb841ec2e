package main_test

import (
	"encoding/binary"
	"math/rand/v2"
	"net"
	"net/netip"
	"os"
	"sync"
	"testing"

	"golang.org/x/sys/unix"
)

// nat is a home router's translation of UDP, in user space: whoever is inside is seen outside at the router's address, each
// socket at a port of its own, and nobody gets in who was not written to (RFC 4787: endpoint-independent mapping, address
// and port-dependent filtering). It may lose some of what passes.
type nat struct {
	t       testing.TB
	outside spot
	inside  netip.Prefix
	packets *os.File // as they come from inside
	raw     int      // socket that writes packets with any sender

	reading sync.WaitGroup
	mu      sync.Mutex
	doors   map[netip.AddrPort]*door // by the socket inside
	keeps   bool                     // the port, where nobody else has it outside
	rng     *rand.Rand
	share   float64 // of what is lost
	passed  int
	lost    int
}

// door is how one socket inside is seen outside.
type door struct {
	conn   *net.UDPConn
	inside netip.AddrPort
	met    map[netip.AddrPort]bool // who was written to
}

// newNAT makes one on a router between a card inside and an address outside.
func newNAT(t testing.TB, router *host, card string, outside spot) *nat {
	t.Helper()
	n := &nat{t: t, outside: outside, doors: map[netip.AddrPort]*door{}, rng: rand.New(rand.NewPCG(5, 0))}
	var err error
	router.as(func() {
		var inside *net.Interface
		if inside, err = net.InterfaceByName(card); err != nil {
			return
		}
		addresses, _ := inside.Addrs()
		for _, a := range addresses {
			if p, err := netip.ParsePrefix(a.String()); err == nil && p.Addr().Is4() {
				n.inside = p.Masked()
			}
		}
		var fd int
		ip := binary.NativeEndian.Uint16(binary.BigEndian.AppendUint16(nil, unix.ETH_P_IP))
		if fd, err = unix.Socket(unix.AF_PACKET, unix.SOCK_DGRAM|unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC, int(ip)); err != nil {
			return
		}
		n.packets = os.NewFile(uintptr(fd), "packets")
		if err = unix.Bind(fd, &unix.SockaddrLinklayer{Protocol: ip, Ifindex: inside.Index}); err != nil {
			return
		}
		n.raw, err = unix.Socket(unix.AF_INET, unix.SOCK_RAW|unix.SOCK_CLOEXEC, unix.IPPROTO_RAW)
	})
	if err != nil {
		t.Skipf("skipped: this system lets no router be made in user space (AF_PACKET, SOCK_RAW): %v", err)
	}
	n.reading.Go(n.outward)
	t.Cleanup(func() {
		n.packets.Close()
		n.mu.Lock()
		for _, d := range n.doors {
			d.conn.Close()
		}
		n.mu.Unlock()
		n.reading.Wait()
		unix.Close(n.raw)
	})
	return n
}

// loses makes it lose a share of all packets from now on, each way.
func (n *nat) loses(share float64) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.share, n.passed, n.lost = share, 0, 0
}

// fate decides whether a packet passes; n.mu is held.
func (n *nat) fate() (passes bool) {
	if n.rng.Float64() < n.share {
		n.lost++
		return false
	}
	n.passed++
	return true
}

// outward takes what comes from inside and sends it on.
func (n *nat) outward() {
	buf := make([]byte, 65536)
	for {
		size, err := n.packets.Read(buf)
		if err != nil {
			return
		}
		from, to, payload, ok := readUDP(buf[:size])
		if !ok || !n.inside.Contains(from.Addr()) || n.inside.Contains(to.Addr()) {
			continue // what we have written ourselves, or what stays inside
		}
		n.mu.Lock()
		d := n.doors[from]
		if d == nil {
			if d = n.open(from); d == nil {
				n.mu.Unlock()
				return
			}
		}
		d.met[to] = true
		passes := n.fate()
		n.mu.Unlock()
		if passes {
			d.conn.WriteToUDPAddrPort(payload, to)
		}
	}
}

// open gives a socket inside its port outside; n.mu is held.
func (n *nat) open(inside netip.AddrPort) *door {
	d := &door{inside: inside, met: map[netip.AddrPort]bool{}}
	var err error
	n.outside.as(func() {
		at := &net.UDPAddr{IP: net.ParseIP(n.outside.ip)}
		if n.keeps {
			at.Port = int(inside.Port())
		}
		if d.conn, err = net.ListenUDP("udp4", at); err != nil {
			at.Port = 0
			d.conn, err = net.ListenUDP("udp4", at)
		}
	})
	if err != nil {
		n.t.Errorf("the router has no port: %v", err)
		return nil
	}
	n.doors[inside] = d
	n.reading.Go(func() { n.inward(d) })
	return d
}

// inward takes what comes to a port outside and hands it in, as its sender's.
func (n *nat) inward(d *door) {
	buf := make([]byte, 65536)
	for {
		size, from, err := d.conn.ReadFromUDPAddrPort(buf)
		if err != nil {
			return
		}
		n.mu.Lock()
		passes := d.met[from] && n.fate()
		n.mu.Unlock()
		if passes {
			unix.Sendto(n.raw, writeUDP(from, d.inside, buf[:size]), 0, &unix.SockaddrInet4{Addr: d.inside.Addr().As4()})
		}
	}
}

const ipHeader, udpHeader = 20, 8

// readUDP takes a packet apart; false if it is no whole datagram of UDP over IPv4.
func readUDP(b []byte) (from, to netip.AddrPort, payload []byte, ok bool) {
	if len(b) < ipHeader || b[0]>>4 != 4 || b[9] != unix.IPPROTO_UDP || binary.BigEndian.Uint16(b[6:])&0x3fff != 0 {
		return from, to, nil, false
	}
	udp := b[min(len(b), 4*int(b[0]&15)):]
	if len(udp) < udpHeader {
		return from, to, nil, false
	}
	end := int(binary.BigEndian.Uint16(udp[4:]))
	if end < udpHeader || end > len(udp) {
		return from, to, nil, false
	}
	from = netip.AddrPortFrom(netip.AddrFrom4([4]byte(b[12:16])), binary.BigEndian.Uint16(udp))
	to = netip.AddrPortFrom(netip.AddrFrom4([4]byte(b[16:20])), binary.BigEndian.Uint16(udp[2:]))
	return from, to, udp[udpHeader:end], true
}

// writeUDP makes a packet. The system puts in what is zero in its header; the datagram goes without a checksum.
func writeUDP(from, to netip.AddrPort, payload []byte) []byte {
	b := make([]byte, ipHeader+udpHeader, ipHeader+udpHeader+len(payload))
	b[0], b[8], b[9] = 0x45, 64, unix.IPPROTO_UDP
	binary.BigEndian.PutUint16(b[2:], uint16(cap(b)))
	copy(b[12:], from.Addr().AsSlice())
	copy(b[16:], to.Addr().AsSlice())
	binary.BigEndian.PutUint16(b[20:], from.Port())
	binary.BigEndian.PutUint16(b[22:], to.Port())
	binary.BigEndian.PutUint16(b[24:], uint16(udpHeader+len(payload)))
	return append(b, payload...)
}
