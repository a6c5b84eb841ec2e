package media

import "time"

// Reception counts the packets of a stream that is heard, as RFC 3550 appendix A says: how many should have come, how many
// came, how unevenly. Sound, keys and comfort noise of one far end are one stream and are counted together. Another SSRC,
// or a sequence that jumps, begins a new count within the same sums. It is used by one goroutine; the zero value is ready.
type Reception struct {
	begun     bool
	ssrc      uint32
	base      uint32 // the first sequence number, with 16 bits of its own rounds above
	high      uint32 // the highest
	odd       uint16 // where a sequence goes on that may have jumped …
	jumped    bool   // … if it did
	count     uint32 // of this stream
	transit   int32
	timed     bool   // transit is known
	uneven    uint32 // jitter, sixteen times, in timestamp units
	reported  uint32 // expected, when it was last reported …
	countThen uint32 // … and count then

	packets uint64 // of the streams before
	lost    int64
	most    uint32 // the highest uneven
}

// A sequence that jumps forward by more than a minute, or back by two seconds, is another one (appendix A.1).
const (
	farAhead  = 3000
	farBehind = 100
)

// Packet counts one packet. at is its arrival on any clock that does not jump. Only sound that is timed by its timestamp
// is looked at for jitter: all packets of a key that is held down have that of its beginning.
func (r *Reception) Packet(ssrc uint32, seq uint16, ts uint32, at time.Duration, sound bool) {
	if !r.begun || ssrc != r.ssrc {
		r.begin(ssrc, seq)
	}
	ahead := int16(seq - uint16(r.high))
	switch {
	case r.count == 0 || ahead >= 0 && ahead < farAhead:
		r.high += uint32(ahead)
	case ahead < 0 && ahead > -farBehind: // late, or twice
	case r.jumped && seq == r.odd:
		r.begin(ssrc, seq)
	default:
		r.odd, r.jumped = seq+1, true
		return
	}
	r.jumped = false
	r.count++
	if sound {
		r.arrive(ts, at)
	}
}

// begin starts a stream.
func (r *Reception) begin(ssrc uint32, seq uint16) {
	r.close()
	r.begun, r.ssrc = true, ssrc
	r.base = 1<<16 | uint32(seq)
	r.high = r.base
}

// close adds the stream to the sums.
func (r *Reception) close() {
	*r = Reception{packets: r.packets + uint64(r.count), lost: r.lost + r.missing(), most: r.most}
}

// arrive is appendix A.8. A step of more than a second is a pause, or a clock that was set, and no unevenness.
func (r *Reception) arrive(ts uint32, at time.Duration) {
	transit := int32(uint32(at/(time.Second/Rate)) - ts)
	d := transit - r.transit
	known := r.timed
	r.transit, r.timed = transit, true
	if d < 0 {
		d = -d
	}
	if !known || d > Rate || d < 0 {
		return
	}
	r.uneven += uint32(d) - (r.uneven+8)>>4
	r.most = max(r.most, r.uneven)
}

func (r *Reception) expected() uint32 {
	if r.count == 0 {
		return 0
	}
	return r.high - r.base + 1
}

func (r *Reception) missing() int64 { return int64(r.expected()) - int64(r.count) }

// Packets is how many have come.
func (r *Reception) Packets() uint64 { return r.packets + uint64(r.count) }

// Lost is how many have not. What came twice makes it smaller, as RFC 3550 has it, but not below nothing.
func (r *Reception) Lost() uint64 { return uint64(max(0, r.lost+r.missing())) }

// Jitter is how unevenly they come, and most how unevenly they came at the worst (RFC 3550 section 6.4.1).
func (r *Reception) Jitter() (now, most time.Duration) {
	length := func(sixteenths uint32) time.Duration { return time.Duration(sixteenths) * (time.Second / Rate) / 16 }
	return length(r.uneven), length(r.most)
}

// Block is what the far end is to be told of its stream, now; false before anything was heard. What was lost since the last
// one is told as a fraction (appendix A.3).
func (r *Reception) Block() (b ReportBlock, ok bool) {
	if r.count == 0 {
		return b, false
	}
	expected := r.expected()
	interval, came := expected-r.reported, r.count-r.countThen
	r.reported, r.countThen = expected, r.count
	b = ReportBlock{About: r.ssrc, Lost: int32(min(max(r.missing(), -1<<23), 1<<23-1)), Highest: r.high - 1<<16, Jitter: r.uneven >> 4}
	if lost := int64(interval) - int64(came); interval > 0 && lost > 0 {
		b.Fraction = uint8(min(255, lost<<8/int64(interval)))
	}
	return b, true
}
