package media

import "math"

// DTMF hears keys in the sound itself (ITU-T Q.23, Q.24). It is a [Sink] for trunks that do not send
// RFC 4733, and only for those: speech can always be mistaken for a key, though rarely. A key is told when
// it is released. Each frame costs about 2 µs; nothing is allocated.
type DTMF struct {
	found func(digit byte)
	now   byte // candidate, 0 for none
	hits  int  // frames in a row with it
	gap   int  // frames in a row without it
}

var _ Sink = (*DTMF)(nil)

// NewDTMF calls found for each key, on the goroutine that writes.
func NewDTMF(found func(digit byte)) *DTMF { return &DTMF{found: found} }

const (
	dtmfHits = 2 // frames: Q.24 takes 40 ms and more for a press
	dtmfGap  = 2 // and 40 ms for a pause

	dtmfLevel    = 0.0025 // each tone at least -52 dBFS, as an amplitude
	dtmfPurity   = 0.55   // of the energy of the frame in the two tones
	dtmfApart    = 6.0    // other tones of the group at least 8 dB lower
	dtmfTwist    = 6.4    // row and column at most 8 dB apart
	dtmfHarmonic = 0.15   // second harmonics at least 8 dB lower: voices have them, keys do not
)

// Write takes the next frame.
func (d *DTMF) Write(f *Frame) {
	key := hearKey(f)
	switch {
	case key != 0 && key == d.now:
		d.hits++
		d.gap = 0
		return
	case d.now != 0:
		// Another key at once counts as a gap as well: a press has to end before the next begins.
		if d.gap++; d.gap < dtmfGap && d.hits >= dtmfHits {
			return
		}
		if d.hits >= dtmfHits {
			d.found(d.now)
		}
	}
	d.now, d.hits, d.gap = key, 0, 0
	if key != 0 {
		d.hits = 1
	}
}

// hearKey is the key that f is a sound of, or 0.
func hearKey(f *Frame) byte {
	var energy float64
	for _, v := range f {
		energy += float64(v) * float64(v)
	}
	full := energy * Samples / 2 // what goertzel gives for a pure tone of this energy
	least := math.MaxInt16 * dtmfLevel * Samples / 2
	if energy == 0 {
		return 0
	}
	row, rowPower, ok := strongest(f, &rowFactors)
	if !ok || rowPower < least*least {
		return 0
	}
	column, columnPower, ok := strongest(f, &columnFactors)
	if !ok || columnPower < least*least {
		return 0
	}
	if rowPower+columnPower < dtmfPurity*full || rowPower > dtmfTwist*columnPower || columnPower > dtmfTwist*rowPower {
		return 0
	}
	if goertzel(f, rowHarmonics[row]) > dtmfHarmonic*rowPower || goertzel(f, columnHarmonics[column]) > dtmfHarmonic*columnPower {
		return 0
	}
	return keypad[row*4+column]
}

// strongest is the loudest of a group, if it stands out.
func strongest(f *Frame, factors *[4]float64) (index int, power float64, ok bool) {
	var p [4]float64
	for i, c := range factors {
		if p[i] = goertzel(f, c); p[i] > p[index] {
			index = i
		}
	}
	for i := range p {
		if i != index && p[i]*dtmfApart > p[index] {
			return 0, 0, false
		}
	}
	return index, p[index], true
}

// goertzel is the squared magnitude of f at the frequency of factor.
func goertzel(f *Frame, factor float64) float64 {
	var s1, s2 float64
	for _, v := range f {
		s1, s2 = float64(v)+factor*s1-s2, s1
	}
	return s1*s1 + s2*s2 - factor*s1*s2
}

var (
	rowFactors, rowHarmonics       = factors(dtmfRows)
	columnFactors, columnHarmonics = factors(dtmfColumns)
)

func factors(hz [4]float64) (tone, harmonic [4]float64) {
	for i, f := range hz {
		tone[i] = 2 * math.Cos(2*math.Pi*f/Rate)
		harmonic[i] = 2 * math.Cos(2*math.Pi*2*f/Rate)
	}
	return tone, harmonic
}
