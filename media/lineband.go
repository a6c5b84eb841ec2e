package media

import "math"

// networkBand measures how much of the sound lies where the tones of the network do, from 350 to 650 Hz, over the last
// two frames. It looks at it at a quarter of the rate, behind a low-pass filter. The zero value is ready.
type networkBand struct {
	tail   [bandTaps - pitchStep]float64 // of what came before
	past   [2 * bandNew]float64
	energy float64 // of the frame before
}

const (
	bandTaps  = 32
	bandNew   = Samples / pitchStep
	bandFirst = 14 // times 25 Hz, because the window is 40 ms long
	bandLines = 13
	bandDeaf  = 40.0 // RMS of two frames that hold nothing worth a look
)

// The filter, and the window with each line's cosine and sine, for the half of it that the other half mirrors.
var (
	bandFilter             = lowPass()
	bandCosines, bandSines = bandWaves()
)

// lowPass is the first half of a symmetric filter up to 1 kHz (windowed sinc).
func lowPass() (h [bandTaps / 2]float64) {
	sum := 0.0
	for i := range h {
		t := float64(i) - (bandTaps-1)/2.0
		h[i] = math.Sin(2*math.Pi*1000/Rate*t) / (math.Pi * t) * (0.54 - 0.46*math.Cos(2*math.Pi*float64(i)/(bandTaps-1)))
		sum += 2 * h[i]
	}
	for i := range h {
		h[i] /= sum
	}
	return h
}

func bandWaves() (cosines, sines [bandLines][bandNew]float64) {
	for k := range cosines {
		for i := range bandNew {
			t := float64(i) + 0.5 // from the middle of the window
			window := 0.5 + 0.5*math.Cos(2*math.Pi*t/(2*bandNew))
			sin, cos := math.Sincos(2 * math.Pi * float64(bandFirst+k) * t / (2 * bandNew))
			cosines[k][i], sines[k][i] = window*cos, window*sin
		}
	}
	return cosines, sines
}

// add takes the next frame, whose energy is known, and gives the part of the last two frames' energy that is in the
// band, the band's middle, and the mean square in it.
func (b *networkBand) add(f *Frame, energy float64) (share, hz, power float64) {
	if energy+b.energy < bandDeaf*bandDeaf*Samples {
		*b = networkBand{energy: energy}
		return 0, 0, 0
	}
	var x [len(b.tail) + Samples]float64
	copy(x[:], b.tail[:])
	for i, v := range f {
		x[len(b.tail)+i] = float64(v)
	}
	copy(b.tail[:], x[Samples:])
	copy(b.past[:], b.past[bandNew:])
	for m := range bandNew {
		s := x[m*pitchStep:][:bandTaps]
		var v float64
		for j, h := range bandFilter {
			v += h * (s[j] + s[bandTaps-1-j])
		}
		b.past[bandNew+m] = v
	}
	total := energy + b.energy
	b.energy = energy
	if total < lineLeast*lineLeast*Samples/2 {
		return 0, 0, 0
	}
	var even, odd [bandNew]float64
	for i := range bandNew {
		later, earlier := b.past[bandNew+i], b.past[bandNew-1-i]
		even[i], odd[i] = later+earlier, later-earlier
	}
	var sum, middle float64
	for k := range bandLines {
		var re, im float64
		cosines, sines := &bandCosines[k], &bandSines[k]
		for i := range bandNew {
			re += cosines[i] * even[i]
			im += sines[i] * odd[i]
		}
		p := re*re + im*im
		sum += p
		middle += p * float64(bandFirst+k)
	}
	if sum == 0 {
		return 0, 0, 0
	}
	// Parseval: the lines of one side hold half of 80 times the windowed energy, the window 3/8 of that of the signal,
	// and that a quarter of the samples.
	inBand := sum * 4 / 15
	return inBand / total, middle / sum * Rate / (pitchStep * 2 * bandNew), inBand / (2 * Samples)
}
