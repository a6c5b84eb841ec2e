package media

// SpeechGate tells somebody who speaks from the noise of a line, frame by frame. It follows the noise: what has
// been equally loud for some seconds is noise, so that a fan or a street does not count as speech for ever. The zero
// value is ready; it is used by one goroutine.
type SpeechGate struct {
	floor float32 // mean amplitude of the noise
}

const (
	gateOver = 3    // times the noise: 9.5 dB
	gateRise = 1.01 // a frame: a noise that comes up is known after some seconds
	gateMost = 400  // the loudest noise; what is 9.5 dB above it (-29 dBFS) is speech, however long it lasts
)

// Speech tells whether f is part of something said.
func (g *SpeechGate) Speech(f *Frame) bool {
	mean := float32(amplitude(f))
	if g.floor == 0 {
		g.floor = audible / gateOver
	}
	loud := mean >= max(audible, gateOver*g.floor)
	g.floor = min(max(mean, 1), g.floor*gateRise, gateMost)
	return loud
}

// amplitude is the mean of f's absolute values.
func amplitude(f *Frame) int {
	sum := 0
	for _, v := range f {
		wide := int(v)
		sum += max(wide, -wide)
	}
	return sum / Samples
}
