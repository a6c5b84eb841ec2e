package sipleg

import (
	"encoding/binary"
	"io"
	"net/netip"

	"github.com/kaden-project/kaden/leg"
)

// Values of the pcap format (https://www.ietf.org/archive/id/draft-ietf-opsawg-pcap-05.html).
const (
	pcapMagic = 0xA1B23C4D // nanoseconds
	linkIP    = 101        // LINKTYPE_RAW: IPv4 or IPv6, no link layer
)

// WritePcap writes messages as a capture that Wireshark and sngrep read. Only the SIP text is what went over
// the wire: the IP and UDP headers around it are made up, our own end is 192.0.2.1 or 2001:db8::1 with port
// 5060, and TCP is shown as UDP.
func WritePcap(w io.Writer, messages []leg.Message) error {
	head := make([]byte, 24)
	binary.LittleEndian.PutUint32(head[0:], pcapMagic)
	binary.LittleEndian.PutUint16(head[4:], 2)
	binary.LittleEndian.PutUint16(head[6:], 4)
	binary.LittleEndian.PutUint32(head[16:], 65535)
	binary.LittleEndian.PutUint32(head[20:], linkIP)
	if _, err := w.Write(head); err != nil {
		return err
	}
	for _, m := range messages {
		packet := datagram(m)
		record := make([]byte, 16, 16+len(packet))
		binary.LittleEndian.PutUint32(record[0:], uint32(m.At.Unix()))
		binary.LittleEndian.PutUint32(record[4:], uint32(m.At.Nanosecond()))
		binary.LittleEndian.PutUint32(record[8:], uint32(len(packet)))
		binary.LittleEndian.PutUint32(record[12:], uint32(len(packet)))
		if _, err := w.Write(append(record, packet...)); err != nil {
			return err
		}
	}
	return nil
}

func datagram(m leg.Message) []byte {
	peer, err := netip.ParseAddrPort(m.Peer)
	if err != nil {
		peer = netip.MustParseAddrPort("192.0.2.2:5060")
	}
	us := netip.MustParseAddrPort("192.0.2.1:5060")
	if peer.Addr().Is6() {
		us = netip.MustParseAddrPort("[2001:db8::1]:5060")
	}
	from, to := peer, us
	if m.Sent {
		from, to = us, peer
	}
	payload := m.Text
	if len(payload) > 65000 {
		payload = payload[:65000]
	}
	udp := make([]byte, 8, 8+len(payload))
	binary.BigEndian.PutUint16(udp[0:], from.Port())
	binary.BigEndian.PutUint16(udp[2:], to.Port())
	binary.BigEndian.PutUint16(udp[4:], uint16(8+len(payload)))
	udp = append(udp, payload...)
	binary.BigEndian.PutUint16(udp[6:], checksum(from.Addr(), to.Addr(), udp))
	if peer.Addr().Is6() {
		ip := make([]byte, 8, 40+len(udp))
		ip[0] = 0x60
		binary.BigEndian.PutUint16(ip[4:], uint16(len(udp)))
		ip[6], ip[7] = 17, 64
		ip = append(append(ip, from.Addr().AsSlice()...), to.Addr().AsSlice()...)
		return append(ip, udp...)
	}
	ip := make([]byte, 12, 20+len(udp))
	ip[0] = 0x45
	binary.BigEndian.PutUint16(ip[2:], uint16(20+len(udp)))
	ip[8], ip[9] = 64, 17
	ip = append(append(ip, from.Addr().AsSlice()...), to.Addr().AsSlice()...)
	binary.BigEndian.PutUint16(ip[10:], ^sum(0, ip))
	return append(ip, udp...)
}

// checksum is UDP's (RFC 768, RFC 8200 section 8.1).
func checksum(from, to netip.Addr, udp []byte) uint16 {
	pseudo := append(from.AsSlice(), to.AsSlice()...)
	pseudo = append(pseudo, 0, 17)
	pseudo = binary.BigEndian.AppendUint16(pseudo, uint16(len(udp)))
	c := ^sum(uint32(sum(0, pseudo)), udp)
	if c == 0 {
		return 0xFFFF
	}
	return c
}

// sum adds 16-bit words in ones' complement.
func sum(s uint32, b []byte) uint16 {
	for ; len(b) > 1; b = b[2:] {
		s += uint32(b[0])<<8 | uint32(b[1])
	}
	if len(b) == 1 {
		s += uint32(b[0]) << 8
	}
	for s > 0xFFFF {
		s = s&0xFFFF + s>>16
	}
	return uint16(s)
}
