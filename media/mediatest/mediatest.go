// Package mediatest proves in tests that a sound is the one that was meant.
//
// [Find] looks for a message in a recording and says how sure it is: codecs, a start offset, other sound around it
// and a lost packet here and there do not disturb it; silence, noise and other words do.
package mediatest

import "math"

// Match is where a message was found in a recording.
type Match struct {
	Offset int     // sample of the recording at which the message begins
	Score  float64 // 1: the very message; below 0.3: something else
}

// Correlate slides message over recorded and gives the place where they agree best, by normalised
// cross-correlation over the whole of message. Use [Find] where packets may be missing.
func Correlate(recorded, message []int16) (offset int, score float64) {
	if len(message) == 0 || len(recorded) == 0 {
		return 0, 0
	}
	size := 1
	for size < len(recorded)+len(message) {
		size *= 2
	}
	a, b := make([]complex128, size), make([]complex128, size)
	for i, v := range recorded {
		a[i] = complex(float64(v), 0)
	}
	var energy float64
	for i, v := range message {
		b[i] = complex(float64(v), 0)
		energy += float64(v) * float64(v)
	}
	fft(a, false)
	fft(b, false)
	for i := range a {
		a[i] *= complex(real(b[i]), -imag(b[i]))
	}
	fft(a, true)

	// The energy of the recording under the message moves along with it. Where the message would hang over
	// the end it is compared with silence.
	var under float64
	for _, v := range recorded[:min(len(message), len(recorded))] {
		under += float64(v) * float64(v)
	}
	for at := range recorded {
		if under > 0 && energy > 0 {
			// A stretch far quieter than the message is not it, whatever its shape.
			if s := real(a[at]) / float64(size) / math.Sqrt(energy*max(under, energy/1e4)); s > score {
				offset, score = at, s
			}
		}
		under -= float64(recorded[at]) * float64(recorded[at])
		if next := at + len(message); next < len(recorded) {
			under += float64(recorded[next]) * float64(recorded[next])
		}
		under = max(under, 0)
	}
	return offset, score
}

// Find looks for message in recorded half a second at a time: each piece may lie up to 150 ms from where the whole says
// it should, since packets are lost and jitter buffers move. The score is the mean over the pieces, weighted with
// their energy, so pauses do not count.
func Find(recorded, message []int16) Match {
	whole, _ := Correlate(recorded, message)
	const piece, slack = 4000, 1200
	var sum, weight float64
	shift, placed := 0, false
	first := whole
	for at := 0; at < len(message); at += piece {
		part := message[at:min(at+piece, len(message))]
		energy := 0.0
		for _, v := range part {
			energy += float64(v) * float64(v)
		}
		if energy == 0 {
			continue
		}
		center := whole + at + shift
		from, to := max(0, center-slack), min(len(recorded), center+len(part)+slack)
		score, offset := 0.0, 0
		if from < to {
			offset, score = Correlate(recorded[from:to], part)
		}
		if score > 0.5 {
			shift = from + offset - whole - at
			if !placed {
				first, placed = from+offset-at, true
			}
		}
		sum += score * energy
		weight += energy
	}
	if weight == 0 {
		return Match{}
	}
	return Match{Offset: first, Score: sum / weight}
}

// fft is the discrete Fourier transform in place; len(x) is a power of two. The inverse is not divided by the length.
func fft(x []complex128, inverse bool) {
	n := len(x)
	for i, j := 1, 0; i < n; i++ {
		bit := n >> 1
		for ; j&bit != 0; bit >>= 1 {
			j ^= bit
		}
		j ^= bit
		if i < j {
			x[i], x[j] = x[j], x[i]
		}
	}
	for size := 2; size <= n; size *= 2 {
		angle := -2 * math.Pi / float64(size)
		if inverse {
			angle = -angle
		}
		half := size / 2
		roots := make([]complex128, half)
		for k := range roots {
			sin, cos := math.Sincos(angle * float64(k))
			roots[k] = complex(cos, sin)
		}
		for start := 0; start < n; start += size {
			for k, w := range roots {
				even, odd := x[start+k], x[start+k+half]*w
				x[start+k], x[start+k+half] = even+odd, even-odd
			}
		}
	}
}
