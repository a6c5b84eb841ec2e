package media

import (
	"math"
	"math/rand/v2"
	"testing"
	"time"
)

// noise is white, with a mean amplitude.
func noise(d time.Duration, amplitude float64) []int16 {
	random := rand.New(rand.NewPCG(1, 2))
	s := make([]int16, int(d.Seconds()*Rate))
	for i := range s {
		s[i] = int16(math.Round((random.Float64()*4 - 2) * amplitude)) // uniform: the mean of the absolute is half the peak
	}
	return s
}

// spoken is the part of s that counts as speech.
func spoken(g *SpeechGate, s []int16) float64 {
	n, all := 0, 0
	var f Frame
	for ; len(s) >= Samples; s = s[Samples:] {
		copy(f[:], s)
		all++
		if g.Speech(&f) {
			n++
		}
	}
	return float64(n) / float64(all)
}

func TestSpeechIsToldFromTheNoiseOfALine(t *testing.T) {
	for _, tt := range []struct {
		name     string
		s        []int16
		from, to float64
	}{
		{"nothing", make([]int16, Rate), 0, 0},
		{"comfort noise", noise(10*time.Second, 25), 0, 0},
		{"a voice", voice(Rate), 1, 1},
		{"a street, after a while", noise(20*time.Second, 200), 0.01, 0.2},
		{"an alarm bell", noise(time.Minute, 3000), 1, 1},
	} {
		var g SpeechGate
		if got := spoken(&g, tt.s); got < tt.from || got > tt.to {
			t.Errorf("%s: %.2f of it is speech, want %.2f to %.2f", tt.name, got, tt.from, tt.to)
		}
	}
	var g SpeechGate
	spoken(&g, noise(20*time.Second, 200))
	if got := spoken(&g, voice(Rate)); got < 0.9 {
		t.Errorf("a voice on a street: %.2f of it is speech", got)
	}
}
