package mediatest

import (
	"math"
	"math/rand/v2"
)

// Speech is n samples at 8 kHz of what has the rhythm of speech and no words: syllables of 120 to 220 ms with a voice of
// three formants whose pitch glides around pitch Hz, and a breath between them.
func Speech(n int, pitch float64, seed uint64) []int16 {
	const rate = 8000
	r := rand.New(rand.NewPCG(seed, 1))
	out := make([]int16, 0, n)
	phase := 0.0
	for len(out) < n {
		syllable := rate * (120 + r.IntN(100)) / 1000
		from, to := pitch*(0.85+0.3*r.Float64()), pitch*(0.85+0.3*r.Float64())
		formants := [3]float64{300 + 500*r.Float64(), 900 + 1200*r.Float64(), 2500}
		for i := 0; i < syllable && len(out) < n; i++ {
			part := float64(i) / float64(syllable)
			hz := from + (to-from)*part
			phase += 2 * math.Pi * hz / rate
			v := 0.0
			for k := 1.0; k*hz < 3400; k++ {
				near := 0.0
				for m, f := range formants {
					near += math.Exp(-math.Pow((k*hz-f)/160, 2)) / float64(m+1)
				}
				v += near * math.Sin(k*phase)
			}
			out = append(out, int16(4000*v*math.Sin(math.Pi*part)))
		}
		for range rate * (10 + r.IntN(60)) / 1000 {
			if len(out) < n {
				out = append(out, int16(r.NormFloat64()*60))
			}
		}
	}
	return out
}

// Announcement is n samples of [Speech] as somebody reads out what is wrong: with a pause of 0.3 s after every 1.2 s.
func Announcement(n int, seed uint64) []int16 {
	out := Speech(n, 140, seed)
	for i := range out {
		if i%12000 >= 9600 {
			out[i] = 0
		}
	}
	return out
}
