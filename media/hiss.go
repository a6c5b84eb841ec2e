package media

import "math"

// hiss is what is heard of a far end that sends nothing: noise of the level that it has told (RFC 3389 section 3), so
// that nobody takes its silence for a dead line. Its colour is not told apart. The zero value is silence.
type hiss struct {
	on    bool  // the far end is silent on purpose
	level int32 // greatest sample
	seed  uint32
}

// loudestNoise is the least that a level is taken for, in dB below the loudest: whoever is silent is not to be loud.
const loudestNoise = 40

// set takes the payload of a comfort noise packet.
func (h *hiss) set(payload []byte) {
	h.on, h.level = true, 0
	if len(payload) > 0 {
		below := max(loudestNoise, float64(payload[0]&0x7F))
		h.level = int32(math.Sqrt(3) * math.MaxInt16 * math.Pow(10, -below/20)) // equally spread, so √3 times the mean
	}
}

// fill makes a frame of it.
func (h *hiss) fill(f *Frame) {
	if !h.on || h.level == 0 {
		clear(f[:])
		return
	}
	for i := range f {
		h.seed = h.seed*1664525 + 1013904223
		f[i] = int16(int32(h.seed) >> 16 * h.level >> 15)
	}
}
