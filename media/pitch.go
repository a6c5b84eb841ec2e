package media

import "math"

// pitch tells voices from noise: a voice repeats itself 70 to 330 times a second. It looks at the sound at a
// quarter of the rate, which is enough for the fundamental and costs a sixteenth. The zero value is ready.
type pitch struct {
	past [pitchWindow + pitchLongest]float64
}

const (
	pitchStep     = 4                   // samples become one, so one is 0.5 ms
	pitchNew      = Samples / pitchStep // of a frame
	pitchWindow   = 60                  // 30 ms are compared
	pitchShortest = 6                   // 3 ms, 333 Hz
	pitchLongest  = 28                  // 14 ms, 71 Hz
	pitchAlike    = 0.5                 // 1 is the same again; noise comes to about 0.4
)

// add takes the next frame.
func (p *pitch) add(f *Frame) {
	const kept = len(p.past) - pitchNew
	copy(p.past[:kept], p.past[pitchNew:])
	for i := range pitchNew {
		s := f[i*pitchStep:]
		p.past[kept+i] = float64(int(s[0]) + int(s[1]) + int(s[2]) + int(s[3]))
	}
}

// voiced tells whether the end of what was added repeats itself.
func (p *pitch) voiced() bool { return p.period() > 0 }

// period is the time, in steps of 0.5 ms and parts of them, in which the end of what was added repeats itself; 0 is not at all.
func (p *pitch) period() float64 {
	now := p.past[pitchLongest:]
	var own float64
	for _, v := range now {
		own += v * v
	}
	// The first period that is a peak: nearer ones are alike only because the sound is low.
	before, last, rising := 1.0, 1.0, false
	for lag := pitchShortest - 1; lag <= pitchLongest; lag++ {
		then := p.past[pitchLongest-lag:][:pitchWindow]
		var both, other float64
		for i, v := range now {
			both += v * then[i]
			other += then[i] * then[i]
		}
		if own == 0 || other == 0 {
			return 0
		}
		alike := both / math.Sqrt(own*other)
		if rising && alike < last && last > pitchAlike {
			// The top of the parabola through the three.
			return float64(lag-1) + 0.5*(before-alike)/(before-2*last+alike)
		}
		rising, before, last = alike > last, last, alike
	}
	if rising && last > pitchAlike {
		return pitchLongest
	}
	return 0
}
