package media

// DigitReader makes digits of RFC 4733 packets: each press once, when it is released. The same event is
// told by its RTP timestamp, so repeated end packets count once. A press whose end packets are all lost
// is reported when the next one begins, or after 120 ms without a packet. The zero value is ready; it is
// used by one goroutine.
type DigitReader struct {
	out      [2]byte
	begun    bool   // an event was seen since the last Reset
	reported bool   // … and told
	event    byte   // its code
	first    uint32 // its RTP timestamp
	duration uint16 // the longest seen of it
	idle     int    // ticks since its last packet
}

// lostAfter is how many ticks without a packet mean that the end of a press was lost. Senders repeat
// every 20 to 50 ms while a key is down.
const lostAfter = 6

// Packet takes one packet of the telephone-event payload type and gives the digits that are now known:
// none, one, or two when this packet ends a press and the end of the one before was lost. The slice is
// valid until the next call. Malformed packets and events that are no keys give nothing.
func (r *DigitReader) Packet(timestamp uint32, payload []byte) []byte {
	out := r.out[:0]
	var p DigitPacket
	if p.Parse(payload) != nil {
		return out
	}
	if _, ok := p.Digit(); !ok {
		return out
	}
	since := int32(timestamp - r.first)
	switch {
	case !r.begun:
	case since < 0 && since > -5*Rate:
		return out // a late packet of a press before
	case p.Event == r.event && r.same(since, p):
		r.idle = 0
		if int(since)+int(p.Duration) > 0xFFFF {
			r.first, r.duration = timestamp, p.Duration // the next segment of a long press
		}
		r.duration = max(r.duration, p.Duration)
		if p.End && !r.reported {
			r.reported = true
			out = append(out, Digits[r.event])
		}
		return out
	case !r.reported:
		out = append(out, Digits[r.event])
	}
	r.begun, r.reported, r.event, r.first, r.duration, r.idle = true, p.End, p.Event, timestamp, p.Duration, 0
	if p.End {
		out = append(out, Digits[p.Event])
	}
	return out
}

// same tells whether p belongs to the press under way: it has its timestamp; or it is the next segment of a
// long press (RFC 4733 section 2.5.1.3), which begins where the one before ended; or it comes from a gateway
// that wrongly moves the timestamp on with each packet. No finger presses again before it let go.
func (r *DigitReader) same(since int32, p DigitPacket) bool {
	slack := int32(0)
	if r.reported && p.End && p.Duration == r.duration {
		slack = endPackets * Samples // such a gateway's repeated ends
	}
	return since >= 0 && since <= int32(r.duration)+slack
}

// Tick is called every 20 ms and gives the digit whose end was lost, if there is one.
func (r *DigitReader) Tick() (digit byte, ok bool) {
	if !r.begun || r.reported {
		return 0, false
	}
	if r.idle++; r.idle < lostAfter {
		return 0, false
	}
	r.reported = true
	return Digits[r.event], true
}

// Reset forgets everything; it is for a new RTP stream (another SSRC).
func (r *DigitReader) Reset() { *r = DigitReader{} }
