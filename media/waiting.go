package media

import (
	"math"
	"time"
)

// waiting is eight seconds: four soft notes of a pentatonic scale, one after the other, and a rest. It was
// computed for kaden, so that it belongs to nobody.
var waiting = signal("waiting sound", notes(), Silence(3*time.Second))

// Waiting is what is heard by somebody who waits for the others: soft notes and pauses, for ever.
func Waiting() Source { return Repeat(0, waiting.Source) }

// left is lower than the beep of somebody who comes.
var left = signal("beep (left)", Tone(120*time.Millisecond, -15, 660), Silence(40*time.Millisecond), Tone(200*time.Millisecond, -15, 440))

// LeaveBeep says that somebody has left: two notes, the second one lower.
func LeaveBeep() Source { return left.Source() }

// notes are struck like a music box, each dying away under the next.
func notes() Source {
	const (
		apart = 1250 * time.Millisecond
		decay = 0.5  // s
		loud  = 0.05 // of full scale: -26 dBFS
	)
	scale := []float64{392, 494, 587, 494} // G B D B
	samples := make([]int16, 5*Rate)
	for n, hz := range scale {
		start := n * int(apart*Rate/time.Second)
		for i := start; i < len(samples); i++ {
			t := float64(i-start) / Rate
			rise := min(1, t/0.012)
			fall := math.Exp(-t / decay)
			if end := float64(len(samples)-i) / Rate; end < 0.05 {
				fall *= end / 0.05
			}
			v := math.Sin(2*math.Pi*hz*t) + 0.3*math.Sin(4*math.Pi*hz*t)*fall
			samples[i] += int16(math.MaxInt16 * loud * rise * fall * v)
		}
	}
	return NewClip(samples, "").Source()
}
