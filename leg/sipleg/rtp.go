package sipleg

import (
	"encoding/binary"
	"net/netip"
)

// comfortNoise is RFC 3389's payload type: a sign of life, and how the silence sounds.
const comfortNoise = 13

// rtpPacket is what is used of a packet. The payload is part of what was parsed.
type rtpPacket struct {
	kind    uint8
	seq     uint16
	ts      uint32
	ssrc    uint32
	payload []byte
}

// parseRTP reads a packet (RFC 3550 section 5.1) without copying; pion's type would make a slice for each.
// It answers false for RTCP on the same port (RFC 5761 section 4), for other protocols and for broken packets.
func parseRTP(b []byte) (p rtpPacket, ok bool) {
	if len(b) < 12 || b[0]>>6 != 2 {
		return p, false
	}
	if b[1] >= 192 && b[1] <= 223 {
		return p, false
	}
	n := 12 + 4*int(b[0]&0x0F)
	if b[0]&0x10 != 0 { // header extension
		if len(b) < n+4 {
			return p, false
		}
		n += 4 + 4*int(binary.BigEndian.Uint16(b[n+2:]))
	}
	end := len(b)
	if b[0]&0x20 != 0 { // padding
		end -= int(b[len(b)-1])
	}
	if n > end {
		return p, false
	}
	return rtpPacket{
		kind: b[1] & 0x7F, seq: binary.BigEndian.Uint16(b[2:]), ts: binary.BigEndian.Uint32(b[4:]),
		ssrc: binary.BigEndian.Uint32(b[8:]), payload: b[n:end],
	}, true
}

// latch decides whose packets are the far end's, and so where ours go. SDP says where the far end thinks it
// is; behind a NAT it comes from elsewhere (symmetric RTP, RFC 4961). It is believed once: whoever sends
// from a third place later is a stranger, unless the far end has fallen silent and a new stream begins, or unless it is
// the place that SDP names, which had not been heard yet: then who was believed was the stranger, for example the far end of
// a call that a killed process had on the same port.
type latch struct {
	said   netip.AddrPort // by SDP
	left   netip.AddrPort // where it was before SDP named another place
	from   netip.AddrPort // locked
	locked bool
	ssrc   uint32
	heard  int  // packets from there
	named  bool // the place that SDP names was heard

	candidate netip.AddrPort
	streak    int
	stream    uint32 // SSRC of the candidate
}

type latched uint8

const (
	stranger latched = iota
	same             // the far end goes on
	renewed          // … with a new stream
	moved            // from another place
)

const (
	proofs    = 2   // packets in a row from a place that SDP did not name
	doubts    = 50  // … if that is where it was before: who announced goes on for a moment after somebody else has answered
	moveAfter = 100 // ticks of silence, after which a new stream may come from elsewhere
	tooLate   = 250 // packets from another place, after which that is the far end's for good
)

// expect says where the far end should be, after an offer or answer. A place that SDP names is not yet one
// that packets come from.
func (l *latch) expect(at netip.AddrPort) {
	left := l.from
	if at.Addr().IsUnspecified() { // on hold, from wherever its music comes
		left = netip.AddrPort{}
	}
	*l = latch{said: at, left: left}
}

// admit judges one packet. silent is how many ticks nothing came from the far end.
func (l *latch) admit(from netip.AddrPort, ssrc uint32, silent int) latched {
	switch {
	case l.locked && from == l.from:
		l.streak = 0
		l.heard++
		if ssrc == l.ssrc {
			return same
		}
		l.ssrc = ssrc
		return renewed
	case l.locked && from == l.said && !l.named && l.heard < tooLate:
		l.lock(from, ssrc)
		return moved
	case l.locked && (ssrc == l.ssrc || silent < moveAfter):
		return stranger
	case !l.locked && from == l.said:
		l.lock(from, ssrc)
		return renewed
	}
	if from != l.candidate || ssrc != l.stream {
		l.candidate, l.stream, l.streak = from, ssrc, 0
	}
	needed := proofs
	if from == l.left {
		needed = doubts
	}
	if l.streak++; l.streak < needed {
		return stranger
	}
	l.lock(from, ssrc)
	return moved
}

func (l *latch) lock(from netip.AddrPort, ssrc uint32) {
	l.from, l.ssrc, l.locked, l.streak, l.heard = from, ssrc, true, 0, 1
	l.named = l.named || from == l.said
}
