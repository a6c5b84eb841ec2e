package media

// G.722 (ITU-T G.722, mode 1, 64 kbit/s) splits 16 kHz sound into two bands and codes each as the difference from
// what it expects. The lower band is sound of 8 kHz, which is what kaden has inside: so it is coded as it is, and the
// recommendation's own band filter is the filter between the two rates. The upper band of what we say is silence;
// that of what we hear is left out, with the two bits in which it comes. Nothing is resampled, and nobody who is on
// the telephone network misses what is above 4 kHz.
//
// A byte of payload is one sample at 8 kHz, as with G.711, and RTP counts it so too (RFC 3551 section 4.5.2: the
// clock is 8000 for historical reasons). Unlike there a byte means nothing without those before it: a subband
// remembers them. What is encoded for one far end cannot be sent to another.

// subband is the lower band of one direction. Whoever encodes and whoever decodes remember the same, in units that
// are one bit smaller than a sample. Names are the recommendation's: section 3.5 and 3.6 for the steps, table 11 for
// values. A new one is made by newSubband.
type subband struct {
	s, sz int32    // the expected sample, and its part out of the zeros
	nb    int32    // logarithm of the step
	det   int32    // the step
	d     [7]int32 // quantized differences, the newest first
	b     [7]int32 // the zeros; b[0] is not used
	r, p  [3]int32 // reconstructed, and partly so
	a     [3]int32 // the poles; a[0] is not used
}

func newSubband() *subband { return &subband{det: firstStep} }

const (
	firstStep = 32     // of a lower band that has heard nothing (table 6)
	upperZero = 3 << 6 // the upper band's bits for silence: the smallest step up, which is 0 at the smallest scale
	mostLog   = 18432
)

// encode writes the bytes of samples to dst.
func (w *subband) encode(dst []byte, samples []int16) {
	for i, v := range samples {
		code := w.quantize(int32(v)>>1 - w.s)
		w.adapt(code >> 2)
		dst[i] = upperZero | code
	}
}

// decode reads as many samples as there are bytes.
func (w *subband) decode(samples []int16, src []byte) {
	for i, b := range src {
		code := b & 0x3F
		v := w.s + w.det*int32(sixBits[code])>>15
		w.adapt(code >> 2)
		samples[i] = int16(clampTo(v, -16384, 16383) << 1)
	}
}

// follow remembers samples as if they had been decoded: what a hole was filled with.
func (w *subband) follow(samples []int16) {
	for _, v := range samples {
		w.adapt(w.quantize(int32(v)>>1-w.s) >> 2)
	}
}

// quantize is QUANTL: the code of six bits for a difference.
func (w *subband) quantize(e int32) byte {
	e = clamp16(e)
	size, codes := e, &positive
	if e < 0 {
		size, codes = -(e + 1), &negative
	}
	// The levels rise, so the first that is above size ends the search: by halves.
	low, high := 1, len(levels)
	for low < high {
		if m := (low + high) / 2; size < int32(levels[m])*w.det>>12 {
			high = m
		} else {
			low = m + 1
		}
	}
	return codes[low]
}

// adapt remembers a code, of which four bits count: INVQAL, LOGSCL, SCALEL and the predictor (block 4).
func (w *subband) adapt(code byte) {
	d := w.det * int32(fourBits[code]) >> 15
	w.nb = clampTo(w.nb*127>>7+int32(steps[code]), 0, mostLog)
	mantissa, shift := int32(powers[w.nb>>6&31]), 8-w.nb>>11
	if shift < 0 {
		w.det = mantissa << -shift << 2
	} else {
		w.det = mantissa >> shift << 2
	}
	w.predict(d)
}

// predict is block 4: the coefficients follow the difference d, and the next sample is expected.
func (w *subband) predict(d int32) {
	w.d[0] = d
	w.r[0] = clamp16(w.s + d)
	w.p[0] = clamp16(w.sz + d)

	// UPPOL2
	first, second := w.p[0]^w.p[1] < 0, w.p[0]^w.p[2] < 0 // signs differ
	v := clamp16(w.a[1] << 2)
	if !first {
		v = -v
	}
	v = min(v, 32767) >> 7
	if second {
		v -= 128
	} else {
		v += 128
	}
	a2 := clampTo(v+w.a[2]*32512>>15, -12288, 12288)

	// UPPOL1
	v = w.a[1] * 32640 >> 15
	if first {
		v -= 192
	} else {
		v += 192
	}
	most := clamp16(15360 - a2)
	w.a[1], w.a[2] = clampTo(clamp16(v), -most, most), a2

	// UPZERO, and DELAYA on the way
	for i := 6; i > 0; i-- {
		v := w.b[i] * 32640 >> 15
		switch {
		case d == 0:
		case w.d[i]^d < 0:
			v -= 128
		default:
			v += 128
		}
		w.b[i] = clamp16(v)
	}
	copy(w.d[1:], w.d[:6])
	w.r[2], w.r[1] = w.r[1], w.r[0]
	w.p[2], w.p[1] = w.p[1], w.p[0]

	// FILTEP, FILTEZ, PREDIC
	poles := clamp16(w.a[1]*clamp16(2*w.r[1])>>15 + w.a[2]*clamp16(2*w.r[2])>>15)
	var zeros int32
	for i := 6; i > 0; i-- {
		zeros += w.b[i] * clamp16(2*w.d[i]) >> 15
	}
	w.sz = clamp16(zeros)
	w.s = clamp16(poles + w.sz)
}

func clamp16(v int32) int32 { return clampTo(v, -32768, 32767) }

func clampTo(v, least, most int32) int32 { return min(max(v, least), most) }

// The recommendation's tables.
var (
	// levels are Q6, the decision levels; a difference below levels[i] and not below the one before is the i-th step.
	levels = [30]int16{0, 35, 72, 110, 150, 190, 233, 276, 323, 370, 422, 473, 530, 587, 650, 714, 786, 858, 940, 1023, 1121,
		1219, 1339, 1458, 1612, 1765, 1980, 2195, 2557, 2919}
	negative = [31]byte{0, 63, 62, 31, 30, 29, 28, 27, 26, 25, 24, 23, 22, 21, 20, 19, 18, 17, 16, 15, 14, 13, 12, 11, 10, 9, 8, 7, 6, 5, 4}
	positive = [31]byte{0, 61, 60, 59, 58, 57, 56, 55, 54, 53, 52, 51, 50, 49, 48, 47, 46, 45, 44, 43, 42, 41, 40, 39, 38, 37, 36, 35, 34, 33, 32}
	// sixBits are QM6, what a code adds to the expected sample; fourBits are QM4, what it adds to the memory.
	sixBits = [64]int16{-136, -136, -136, -136, -24808, -21904, -19008, -16704, -14984, -13512, -12280, -11192, -10232, -9360, -8576, -7856,
		-7192, -6576, -6000, -5456, -4944, -4464, -4008, -3576, -3168, -2776, -2400, -2032, -1688, -1360, -1040, -728,
		24808, 21904, 19008, 16704, 14984, 13512, 12280, 11192, 10232, 9360, 8576, 7856, 7192, 6576, 6000, 5456,
		4944, 4464, 4008, 3576, 3168, 2776, 2400, 2032, 1688, 1360, 1040, 728, 432, 136, -432, -136}
	fourBits = [16]int16{0, -20456, -12896, -8968, -6288, -4240, -2584, -1200, 20456, 12896, 8968, 6288, 4240, 2584, 1200, 0}
	// steps are WL by the four bits: how a difference moves the logarithm of the step.
	steps = [16]int16{-60, 3042, 1198, 538, 334, 172, 58, -30, 3042, 1198, 538, 334, 172, 58, -30, -60}
	// powers are ILB: 2 to the thirty-seconds.
	powers = [32]int16{2048, 2093, 2139, 2186, 2233, 2282, 2332, 2383, 2435, 2489, 2543, 2599, 2656, 2714, 2774, 2834,
		2896, 2960, 3025, 3091, 3158, 3228, 3298, 3371, 3444, 3520, 3597, 3676, 3756, 3838, 3922, 4008}
)
