package media

import "math"

// toneBurst is a tone of the network from its beginning to its end.
type toneBurst struct {
	from, to  int
	frames    int     // with the tone in them; 0 is no burst
	hz, power float64 // means
	share     float64 // mean part of the sound that is in the band
	other     int     // frames of other sound in the pause before it
}

// on is how long it was. The window of the band is two frames long, so that a burst seems one longer than it is, and a
// pause one shorter.
func (b toneBurst) on() int { return b.to - b.from }

// pauseBefore is the time from an earlier burst to b.
func (b toneBurst) pauseBefore(earlier toneBurst) int { return b.from - earlier.to }

// beat is the rhythm of the network's tones. Which tone is ringback and which is busy is a matter of their rhythm alone:
// countries have different pitches.
type beat struct {
	now   toneBurst // the one under way, frames 0 for none
	past  [8]toneBurst
	n     int // of past; the last one is past[n-1]
	other int // frames of other sound since then
}

// How the rhythms of the world are told apart, in frames of 20 ms.
const (
	burstShort  = 7   // a shorter burst is a click or a syllable
	busyOnMost  = 40  // 0.8 s; busy tones are 0.2 to 0.75 s long, ringback 0.4 to 2 s
	busyOffMost = 42  // … and their pauses as long; those of ringback are 2 s and more, but for the one within a double ring
	busyLeast   = 108 // 2.2 s have to be heard of them
	beatSlack   = 3   // how much two beats of one rhythm may differ
	shortBeat   = 32  // 0.64 s from beat to beat, and shorter: congestion
	ringOnLeast = 42  // 0.84 s
	ringOnMost  = 170 // 3.4 s: what lasts longer is a dial tone
	ringTail    = 9   // as much of a ring is enough when a long pause follows: we came in at its end
	otherMost   = 2   // frames: a click
	bandApart   = 14.0
	levelApart  = 2.2  // of powers, 3.4 dB
	pureLeast   = 0.75 // of a burst's energy is in the band: 5 dB above the noise
)

// add takes the next frame: whether it is a tone, how much of it, where and how strong; or whether it is other sound, and
// how loud. It tells whether a burst has just ended for certain.
func (b *beat) add(now int, tone bool, share, hz, power, level float64, loud bool) (ended bool) {
	r := &b.now
	if r.frames > 0 {
		same := tone && math.Abs(hz-r.hz) < bandApart && power < 8*r.power
		switch {
		case same && power > 0.3*r.power:
			r.frames++
			r.hz += (hz - r.hz) / float64(r.frames)
			r.power += (power - r.power) / float64(r.frames)
			r.share += (share - r.share) / float64(r.frames)
			r.to = now
			return false
		case tone && !same:
			ended = b.close()
		case now-r.to <= burstBridge:
			return false
		default:
			ended = b.close()
			return ended
		}
	}
	switch {
	case tone:
		*r = toneBurst{from: now, to: now, frames: 1, hz: hz, power: power, share: share}
	case b.n == 0 && loud, b.n > 0 && level*level > 0.25*b.past[b.n-1].power:
		b.other++
	}
	return ended
}

// close ends the burst under way.
func (b *beat) close() (ended bool) {
	r := b.now
	b.now = toneBurst{}
	if r.frames < burstShort {
		b.other += r.frames
		return false
	}
	r.other = b.other
	b.other = 0
	if b.n == len(b.past) {
		copy(b.past[:], b.past[1:])
		b.n--
	}
	b.past[b.n] = r
	b.n++
	return true
}

// last is the last frame of any burst.
func (b *beat) last() int {
	switch {
	case b.now.frames > 0:
		return b.now.to
	case b.n > 0:
		return b.past[b.n-1].to
	}
	return 0
}

// even is busy or congestion where the last bursts are the beats of one, else "".
func (b *beat) even() LineSound {
	if b.n < 3 {
		return ""
	}
	last := b.past[b.n-1]
	on, off := last.on(), last.pauseBefore(b.past[b.n-2])
	if last.share < pureLeast || on > busyOnMost || off > busyOffMost || 2*min(on, off) < max(on, off) {
		return ""
	}
	beats, first := 1, last
	for i := b.n - 2; i >= 0; i-- {
		one, next := b.past[i], b.past[i+1]
		alike := math.Abs(one.hz-last.hz) < bandApart && one.power < levelApart*last.power && last.power < levelApart*one.power
		short := i == 0 && one.on() < on // we may have come in within it
		if !alike || one.share < pureLeast || next.other > otherMost || apart(next.pauseBefore(one), off) || !short && apart(one.on(), on) {
			break
		}
		beats, first = beats+1, one
	}
	switch {
	case beats < 3 || last.to-first.from < busyLeast:
		return ""
	case on+off <= shortBeat:
		return LineCongestion
	}
	return LineBusy
}

func apart(a, b int) bool { return a-b > beatSlack || b-a > beatSlack }

// rings tells, at the moment when that becomes certain, that the last burst was one of ringback: long, or with a long
// pause after it.
func (b *beat) rings(now int) bool {
	if b.now.frames > burstBridge || b.n == 0 || b.other > otherMost {
		return false
	}
	last := b.past[b.n-1]
	if last.share < pureLeast || last.on() > ringOnMost {
		return false
	}
	switch now - last.to {
	case ringEnds:
		return last.on() >= ringOnLeast
	case ringPauses: // and not the last syllable of somebody who has spoken
		return last.on() >= ringTail && last.other <= otherMost && !b.steady()
	}
	return false
}

// steady tells whether the last two pauses are alike and short: the last burst was one of busy tones, which have ended.
func (b *beat) steady() bool {
	if b.n < 3 {
		return false
	}
	x, y := b.past[b.n-1].pauseBefore(b.past[b.n-2]), b.past[b.n-2].pauseBefore(b.past[b.n-3])
	return x <= busyOffMost && !apart(x, y)
}

// toneSteps follows single tones: the three steps of the information tones, and a fax.
type toneSteps struct {
	now  toneStep
	past [2]toneStep
	over toneStep // that has just ended, frames 0 for none
}

type toneStep struct {
	hz               float64
	from, to, frames int
}

// is tells whether the step is one of hz, give or take apart, and of so many frames.
func (s toneStep) is(hz, apart float64, least, most int) bool {
	return math.Abs(s.hz-hz) < apart && s.frames >= least && s.to-s.from < most
}

const (
	stepLeast = 8  // 160 ms; they are 274 or 380 ms long
	stepMost  = 24 // 480 ms
)

// add takes the frequency of the next frame, 0 for no single tone.
func (s *toneSteps) add(now int, hz float64) {
	r := &s.now
	s.over = toneStep{}
	same := hz > 0 && math.Abs(hz-r.hz) < 0.02*r.hz
	switch {
	case r.frames > 0 && same:
		r.frames++
		r.hz += (hz - r.hz) / float64(r.frames)
		r.to = now
		return
	case r.frames > 0 && (hz > 0 || now-r.to > toneGap):
		if r.frames >= burstLeast {
			s.over = *r
			s.past[0], s.past[1] = s.past[1], *r
		}
		*r = toneStep{}
	}
	if hz > 0 && r.frames == 0 {
		*r = toneStep{hz: hz, from: now, to: now, frames: 1}
	}
}

// sound is what the steps so far make.
func (s *toneSteps) sound() LineSound {
	low, middle, high := s.past[0], s.past[1], s.now
	switch {
	// ITU-T E.180: 950, 1400, 1800 Hz; in North America each of the first two may be higher or lower.
	case high.is(1790, 60, stepLeast, stepMost) && middle.is(1400, 70, stepLeast, stepMost) && low.is(950, 70, stepLeast, stepMost) &&
		high.from-middle.to <= burstGap && middle.from-low.to <= burstGap:
		return LineInformation
	case s.over.is(faxCalling, 45, 20, 32), s.now.is(faxAnswer, 60, faxAnswerFrames, math.MaxInt):
		return LineFax
	}
	return ""
}
