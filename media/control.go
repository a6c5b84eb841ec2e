package media

import (
	"encoding/binary"
	"time"
)

// Control is one RTCP compound packet between two parties (RFC 3550 section 6): how the one who says it hears the other,
// and what it has sent.
type Control struct {
	From   uint32 // SSRC of who says it
	Sender bool   // it has sent sound of late; the next four are known
	NTP    uint64 // its clock, 32 bits of seconds since 1900 and 32 of their fraction …
	RTP    uint32 // … and its timestamp at that moment
	Packets,
	Bytes uint32 // payload, of its whole stream
	Told  bool // it has heard sound, and Block is known
	Block ReportBlock
	Bye   bool // it leaves
}

// ReportBlock is how a stream is heard.
type ReportBlock struct {
	About    uint32 // SSRC of the stream
	Fraction uint8  // lost since the last report, in 256ths
	Lost     int32  // since the beginning; less than nothing where packets came twice
	Highest  uint32 // sequence number, rounds above 16 bits
	Jitter   uint32 // in timestamp units
	LastSR   uint32 // middle of the NTP time of the last sender report heard; 0: none was
	Delay    uint32 // since then, in 65536ths of a second
}

// Kinds of RTCP packets (RFC 3550 section 12.1).
const (
	senderReport      = 200
	receiverReport    = 201
	sourceDescription = 202
	goodbye           = 203
)

// IsControl tells RTCP from RTP on the same port (RFC 5761 section 4).
func IsControl(b []byte) bool { return len(b) >= 8 && b[0]>>6 == 2 && b[1] >= 192 && b[1] <= 223 }

// ReadControl reads a compound packet: its reports, and of them the block about the stream that is ours. What else is in it
// is passed over. ok is false for what does not begin with a report, or whose lengths do not add up (appendix A.2).
func ReadControl(b []byte, ours uint32) (c Control, ok bool) {
	for first := true; len(b) > 0; first = false {
		if len(b) < 4 || b[0]>>6 != 2 {
			return c, false
		}
		end := 4 * (int(binary.BigEndian.Uint16(b[2:])) + 1)
		if end > len(b) {
			return c, false
		}
		kind := b[1]
		if first && kind != senderReport && kind != receiverReport {
			return c, false
		}
		if !c.read(kind, b[:end], ours, first) {
			return c, false
		}
		b, ok = b[end:], true
	}
	return c, ok
}

// read takes one packet of a compound.
func (c *Control) read(kind byte, b []byte, ours uint32, first bool) bool {
	blocks, count := 8, int(b[0]&0x1F)
	switch kind {
	case goodbye:
		c.Bye = true
		return true
	case senderReport:
		blocks = 28
	case receiverReport:
	default:
		return true
	}
	if len(b) < blocks+24*count {
		return false
	}
	from := binary.BigEndian.Uint32(b[4:])
	if first {
		c.From = from
	}
	if kind == senderReport && from == c.From {
		c.Sender = true
		c.NTP, c.RTP = binary.BigEndian.Uint64(b[8:]), binary.BigEndian.Uint32(b[16:])
		c.Packets, c.Bytes = binary.BigEndian.Uint32(b[20:]), binary.BigEndian.Uint32(b[24:])
	}
	for b = b[blocks:]; count > 0; b, count = b[24:], count-1 {
		if binary.BigEndian.Uint32(b) == ours {
			c.Told, c.Block = true, readBlock(b)
		}
	}
	return true
}

func readBlock(b []byte) ReportBlock {
	lost := binary.BigEndian.Uint32(b[4:])
	return ReportBlock{
		About: binary.BigEndian.Uint32(b), Fraction: uint8(lost >> 24), Lost: int32(lost<<8) >> 8,
		Highest: binary.BigEndian.Uint32(b[8:]), Jitter: binary.BigEndian.Uint32(b[12:]),
		LastSR: binary.BigEndian.Uint32(b[16:]), Delay: binary.BigEndian.Uint32(b[20:]),
	}
}

// Append adds the compound packet to b: the report, who we are by a name (CNAME, 255 bytes at most, which every compound
// has to have) and, with Bye, the farewell.
func (c Control) Append(b []byte, name string) []byte {
	blocks := 0
	if c.Told {
		blocks = 1
	}
	if c.Sender {
		b = appendHead(b, senderReport, blocks, 6+6*blocks, c.From)
		b = binary.BigEndian.AppendUint64(b, c.NTP)
		for _, v := range [...]uint32{c.RTP, c.Packets, c.Bytes} {
			b = binary.BigEndian.AppendUint32(b, v)
		}
	} else {
		b = appendHead(b, receiverReport, blocks, 1+6*blocks, c.From)
	}
	if k := c.Block; c.Told {
		lost := uint32(k.Fraction)<<24 | uint32(k.Lost)&0xFFFFFF
		for _, v := range [...]uint32{k.About, lost, k.Highest, k.Jitter, k.LastSR, k.Delay} {
			b = binary.BigEndian.AppendUint32(b, v)
		}
	}
	name = name[:min(255, len(name))]
	words := (2 + len(name) + 1 + 3) / 4 // with the 0 that ends the list
	b = appendHead(b, sourceDescription, 1, 1+words, c.From)
	b = append(append(b, 1, byte(len(name))), name...)
	b = append(b, make([]byte, 4*words-2-len(name))...)
	if c.Bye {
		b = appendHead(b, goodbye, 1, 1, c.From)
	}
	return b
}

// appendHead writes the first eight bytes of a packet with so many 32-bit words after the first.
func appendHead(b []byte, kind byte, count, words int, from uint32) []byte {
	b = append(b, 2<<6|byte(count), kind, byte(words>>8), byte(words))
	return binary.BigEndian.AppendUint32(b, from)
}

// since1900 is how long before 1970 NTP's time begins.
const since1900 = 2_208_988_800

// NTP is a time as RTCP writes it.
func NTP(t time.Time) uint64 {
	return uint64(t.Unix()+since1900)<<32 | uint64(t.Nanosecond())<<32/uint64(time.Second)
}

// RoundTrip is how long it takes to the far end and back, by what it says of our last report (RFC 3550 section 6.4.1); now
// is when it said so. ok is false where it has heard no report of ours, and for what cannot be.
func (b ReportBlock) RoundTrip(now time.Time) (d time.Duration, ok bool) {
	if b.LastSR == 0 {
		return 0, false
	}
	took := int32(uint32(NTP(now)>>16) - b.LastSR - b.Delay)
	d = time.Duration(took) * time.Second >> 16
	return max(0, d), d > -time.Second && d < time.Minute
}
