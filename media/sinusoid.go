package media

import "math"

// What is looked for: answering machines beep between 350 and 2200 Hz, and fax machines too.
const (
	lowestTone  = 340.0 // Hz
	highestTone = 2240.0
	purityLeast = 0.90 // of the energy of a frame in one sinusoid: G.711 leaves 0.999, noise 20 dB below 0.99
)

// pureTone is the frequency of the one sinusoid that f is, 0 if it is anything else. energy is the sum of the
// squares of f. Pisarenko's estimate from two autocorrelations, which white noise does not bend, is a guess;
// the phase between the two halves of the frame corrects it; Goertzel says how much of the energy is there.
func pureTone(f *Frame, energy float64) (hz float64) {
	var r1, r2 float64
	a, b := float64(f[0]), float64(f[1])
	for _, v := range f[2:] {
		c := float64(v)
		r1 += b * c
		r2 += a * c
		a, b = b, c
	}
	root := math.Sqrt(r2*r2 + 8*r1*r1)
	cos := 2 * r1 / (root - r2)
	if r2 > 0 { // the same, where the one above would take alike from alike
		cos = (root + r2) / (4 * r1)
	}
	cos2 := 2*cos*cos - 1
	if !(math.Abs(cos) < 1) || r1*r1+r2*r2 < toneRough*energy*energy*(cos*cos+cos2*cos2) {
		return 0
	}
	w := math.Acos(cos)
	re1, im1 := spectrum(f[:Samples/2], w)
	re2, im2 := spectrum(f[Samples/2:], w)
	// The second half is the first one turned by 80 samples of the true frequency.
	turn := math.Atan2(im2*re1-re2*im1, re2*re1+im2*im1)
	const half = Samples / 2
	w = (turn + 2*math.Pi*math.Round((w*half-turn)/(2*math.Pi))) / half
	hz = w * Rate / (2 * math.Pi)
	if hz < lowestTone || hz > highestTone {
		return 0
	}
	if goertzel(f, 2*math.Cos(w)) < purityLeast*energy*Samples/2 {
		return 0
	}
	return hz
}

// toneRough is what the autocorrelations of a sinusoid have to come to, squared: most frames of speech fail
// here, and the rest is left to Goertzel.
const toneRough = 0.6

// spectrum is the complex amplitude of s at w radians a sample, with the phase at its end.
func spectrum(s []int16, w float64) (re, im float64) {
	sin, cos := math.Sincos(w)
	var s1, s2 float64
	for _, v := range s {
		s1, s2 = float64(v)+2*cos*s1-s2, s1
	}
	return s1 - cos*s2, sin * s2
}
