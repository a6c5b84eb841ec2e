package media

import "math"

// heardFrame is what one frame says of whether somebody speaks.
type heardFrame struct {
	level  float64
	tone   bool    // of the network, which says nothing here
	pure   bool    // one sinusoid
	period float64 // of a voice or an instrument, as pitch has it; 0 is none
}

// voices tells speech from music by the last three seconds. In speech the pitch glides, and sounds without a pitch and
// pauses stand between; an instrument holds its notes, and music goes on.
type voices struct {
	past  [voiceWindow]heardFrame
	n     int // frames since the last forget, as far as there is room
	at    int // where the next one goes
	since int // frames since the last forget
}

// What speech is and what music. The figures were tried on the corpus of TestLineSounds: in it the pitch of speech glides
// in 0.7 to 1 of the frames, that of instruments in 0 to 0.5, that of a song in 0.5 to 0.8.
const (
	voiceWindow = 150 // frames: 3 s
	voiceLeast  = 24  // of them with a voice
	voiceBreaks = 18  // … and without one, between those
	voiceGlides = 0.66
	voiceSteady = 0.006 // so much of another pitch than 40 ms before is none
	voiceJump   = 0.12  // … and so much is another note
	musicLeast  = 90    // frames with sound in them …
	musicTonal  = 0.7   // … of which so many have a pitch …
	musicGlides = 0.55  // … that glides in fewer than so many; or else there are …
	musicBreaks = 12    // … fewer than so many without one
	pauseUnder  = 0.33  // of the mean level
)

// add takes the next frame.
func (v *voices) add(s heardFrame) {
	v.past[v.at] = s
	v.at = (v.at + 1) % voiceWindow
	v.n = min(v.n+1, voiceWindow)
	v.since++
}

// forget begins anew.
func (v *voices) forget() { v.n, v.since = 0, 0 }

// nth is the nth frame of those that are kept, the oldest first.
func (v *voices) nth(i int) *heardFrame {
	return &v.past[(v.at-v.n+i+voiceWindow)%voiceWindow]
}

// mean is the mean level.
func (v *voices) mean() float64 {
	sum := 0.0
	for i := range v.n {
		sum += v.nth(i).level
	}
	return sum / float64(max(v.n, 1))
}

// measured is what a window comes to, in frames.
type measured struct {
	loud, tonal, voiced int
	breaks              int // pauses, and sound without a pitch, between sounds with one
	steady, glides      int // of the voice's pitch
}

func (v *voices) measure() (m measured) {
	mean := 0.0
	for i := range v.n {
		if s := v.nth(i); s.level >= lineLeast && !s.tone {
			mean += s.level
			m.loud++
		}
	}
	mean /= float64(max(m.loud, 1))
	without, begun := 0, false
	for i := range v.n {
		s := v.nth(i)
		switch {
		case s.tone:
			continue
		case !s.pure && s.period == 0 || s.level < pauseUnder*mean && s.period == 0:
			without++
			continue
		case begun:
			m.breaks += without
		}
		without, begun = 0, true
		if s.level >= lineLeast {
			m.tonal++
		}
		if s.period == 0 {
			continue
		}
		m.voiced++
		if i < 2 || v.nth(i-1).period == 0 || v.nth(i-2).period == 0 {
			continue
		}
		switch d := math.Abs(s.period-v.nth(i-2).period) / s.period; {
		case d < voiceSteady:
			m.steady++
		case d < voiceJump:
			m.glides++
		}
	}
	return m
}

// sound is announcement or music, "" while neither is certain. After was, an announcement, music has to be that in every
// respect: somebody may speak evenly for a while.
func (v *voices) sound(was LineSound) LineSound {
	if v.since < voiceWindow/2 {
		return ""
	}
	m := v.measure()
	glides := float64(m.glides) / float64(max(m.glides+m.steady, 1))
	switch {
	case m.voiced >= voiceLeast && m.breaks >= voiceBreaks && m.glides >= voiceLeast/4 && glides >= voiceGlides:
		return LineAnnouncement
	case v.n < voiceWindow || m.loud < musicLeast || float64(m.tonal) < musicTonal*float64(m.loud):
	case glides < musicGlides && m.breaks < musicBreaks, was != LineAnnouncement && (glides < musicGlides || m.breaks < musicBreaks):
		return LineMusic
	}
	return ""
}
