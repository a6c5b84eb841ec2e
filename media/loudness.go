package media

import "math"

// Loudness is where speech is brought to: the level of its loud parts, in dBFS. Telephone networks expect
// about this much; more is clipped by the codecs of mobile phones, less is lost in a noisy room.
const Loudness = -18.0

const (
	maxGain    = 24.0 // dB: more would only bring up noise
	peakLimit  = 0.89 // of full scale, -1 dBFS
	activeGate = 25.0 // dB under the loudest frame, from where on a frame counts as speech
	limitBlock = 40   // samples, 5 ms
)

// Even gives samples at 8 kHz brought to [Loudness]; peaks are held below full scale by a limiter, not cut.
// Silence stays silence. The input is not changed.
func Even(samples []int16) []int16 {
	out := make([]int16, len(samples))
	active := ActiveLevel(samples)
	if math.IsInf(active, -1) {
		return out
	}
	gain := math.Pow(10, min(Loudness-active, maxGain)/20)
	limits := limitGains(samples, gain)
	for i, v := range samples {
		// Between the middles of two blocks the limit moves in a straight line.
		block, part := i/limitBlock, float64(i%limitBlock)/limitBlock
		g := limits[block] + (limits[block+1]-limits[block])*part
		out[i] = clip16(float64(v) * gain * g)
	}
	return out
}

// limitGains is the factor at the beginning of each block that keeps it and its neighbours under the limit.
func limitGains(samples []int16, gain float64) []float64 {
	blocks := (len(samples) + limitBlock - 1) / limitBlock
	need := make([]float64, blocks)
	for b := range need {
		peak := 0.0
		for _, v := range samples[b*limitBlock : min((b+1)*limitBlock, len(samples))] {
			peak = max(peak, math.Abs(float64(v)))
		}
		need[b] = 1
		if p := peak * gain; p > peakLimit*math.MaxInt16 {
			need[b] = peakLimit * math.MaxInt16 / p
		}
	}
	at := make([]float64, blocks+1)
	for b := range at {
		at[b] = 1
		for k := max(0, b-2); k < min(blocks, b+2); k++ {
			at[b] = min(at[b], need[k])
		}
	}
	return at
}

// ActiveLevel is the level of the loud parts of samples in dBFS (RMS, 0 is a full-scale square wave); minus
// infinity for silence. Pauses do not count.
func ActiveLevel(samples []int16) float64 {
	var powers []float64
	loudest := 0.0
	for at := 0; at < len(samples); at += Samples {
		frame := samples[at:min(at+Samples, len(samples))]
		var e float64
		for _, v := range frame {
			e += float64(v) * float64(v)
		}
		powers = append(powers, e/float64(len(frame)))
		loudest = max(loudest, powers[len(powers)-1])
	}
	if loudest == 0 {
		return math.Inf(-1)
	}
	gate := loudest * math.Pow(10, -activeGate/10)
	var sum float64
	var n int
	for _, p := range powers {
		if p >= gate {
			sum += p
			n++
		}
	}
	return 10 * math.Log10(sum/float64(n)/(math.MaxInt16*math.MaxInt16))
}

// Trim takes the silence off both ends: what is more than 40 dB under the loudest 10 ms, but leaves 20 ms
// so that no consonant is cut. The result shares memory with samples.
func Trim(samples []int16) []int16 {
	from, to := trimmed(samples)
	return samples[from:to]
}

// trimmed is what Trim leaves: nothing of silence.
func trimmed(samples []int16) (start, end int) {
	const block, keep = 80, 160
	var powers []float64
	loudest := 0.0
	for at := 0; at+block <= len(samples); at += block {
		var e float64
		for _, v := range samples[at : at+block] {
			e += float64(v) * float64(v)
		}
		powers = append(powers, e)
		loudest = max(loudest, e)
	}
	if loudest == 0 {
		return 0, 0
	}
	gate := loudest / 10_000
	from, to := 0, len(powers)
	for from < to && powers[from] < gate {
		from++
	}
	for to > from && powers[to-1] < gate {
		to--
	}
	return max(0, from*block-keep), min(len(samples), to*block+keep)
}
