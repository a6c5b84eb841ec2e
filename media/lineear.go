package media

import "time"

// LineSound is what a line plays before an answer, or in the place of one. "" is not known yet.
type LineSound string

// What a [LineEar] can tell apart (ITU-T E.180 and its supplement 2). What it takes a sound for is its value, for timelines.
const (
	LineRingback     LineSound = "ringback"
	LineBusy         LineSound = "busy"
	LineCongestion   LineSound = "congestion"        // the short tones of a network that is full, or of a number that leads nowhere
	LineInformation  LineSound = "information-tones" // three rising ones, before somebody reads out what is wrong
	LineAnnouncement LineSound = "announcement"      // somebody speaks
	LineMusic        LineSound = "music"             // in the place of ringback
	LineSilence      LineSound = "silence"
	LineNoise        LineSound = "noise" // comfort noise, or that of a line
	LineFax          LineSound = "fax"   // CNG or CED (ITU-T T.30)
)

// Rings tells whether the sound means that somebody's telephone may be ringing.
func (s LineSound) Rings() bool { return s == LineRingback || s == LineMusic }

// LineEar tells the network's tones, announcements and music apart while nobody has answered. It is a [Sink], and
// knows no language. What it finds is a hint: docs/early-media.md says how often it errs. Busy is the word with the
// gravest consequence, so it is the one that needs most: at least three equal beats, of one pitch and one level, with
// nothing between them. Nothing is allocated after the start.
type LineEar struct {
	found func(LineSound, time.Duration)
	is    LineSound // the last word
	now   int       // frames, as all times here
	loud  int       // the last frame that was louder than the line's noise
	floor float64   // level of that
	band  networkBand
	beat  beat
	steps toneSteps
	pitch pitch
	voice voices
}

// The levels of sounds; the network's own are between -10 and -35 dBm0, 4930 and 290 here.
const (
	lineLeast   = 100.0 // RMS, -44 dBm0: nothing quieter is told apart
	lineHum     = 12.0  // … and this is noise and no silence
	lineShare   = 0.5   // of the energy lies in the band of the network's tones: a tone, 0 dB above the noise or better
	lineSilent  = 250   // frames: longer than any pause within ringback
	lineEvery   = 10    // frames: how often voices are looked at
	ringEnds    = 10    // frames after a burst that was as long as only ringback is
	ringPauses  = 50    // frames after any burst: as long as no pause of busy tones is
	burstBridge = 3     // frames: a burst may miss them; lost packets, and ringback that swings
)

// NewLineEar makes a LineEar. found is told, on the goroutine that writes, what the line plays whenever that becomes
// something else, and how long after the first frame.
func NewLineEar(found func(s LineSound, after time.Duration)) *LineEar { return &LineEar{found: found} }

// Sound is the last word, "" if there is none yet.
func (e *LineEar) Sound() LineSound { return e.is }

// Write takes the next frame.
func (e *LineEar) Write(f *Frame) {
	e.now++
	energy := frameEnergy(f)
	level := rms(energy)
	e.follow(level)
	share, hz, power := e.band.add(f, energy)
	tone := share >= lineShare && power >= lineLeast*lineLeast/2
	closed := e.beat.add(e.now, tone, share, hz, power, level, e.loud == e.now)
	pure := 0.0
	if level >= lineLeast && !tone {
		pure = pureTone(f, energy)
	}
	e.steps.add(e.now, pure)
	e.pitch.add(f)
	heard := heardFrame{level: level, tone: tone, pure: pure > 0}
	if level >= lineLeast && !tone && pure == 0 {
		heard.period = e.pitch.period()
	}
	e.voice.add(heard)
	e.decide(closed)
}

// follow notes when the line was louder than its noise, which is followed quickly down and slowly up, as by [Detector].
func (e *LineEar) follow(l float64) {
	if e.floor == 0 {
		e.floor = min(l, floorFirst)
	}
	if l > max(overFloor*e.floor, lineLeast) {
		e.loud = e.now
		e.floor *= 1.005
		return
	}
	switch {
	case l == 0: // lost, or a line without noise
	case l < e.floor:
		e.floor += (l - e.floor) * 0.3
	default:
		e.floor += (l - e.floor) * 0.03
	}
}

// decide says what is known by now; closed tells that a burst of tone has just ended.
func (e *LineEar) decide(closed bool) {
	if closed {
		if s := e.beat.even(); s != "" {
			e.tell(s)
			return
		}
	}
	switch s := e.steps.sound(); {
	case s != "":
		e.tell(s)
	case e.beat.rings(e.now):
		e.tell(LineRingback)
	case e.now%lineEvery != 0:
	case e.now-max(e.loud, e.beat.last()) >= lineSilent:
		if e.voice.mean() >= lineHum {
			e.tell(LineNoise)
		} else {
			e.tell(LineSilence)
		}
	default:
		if s := e.voice.sound(e.is); s != "" {
			e.tell(s)
		}
	}
}

func (e *LineEar) tell(s LineSound) {
	if s != LineAnnouncement && s != LineMusic {
		e.voice.forget() // what was said before the tone says nothing of what comes after it
	}
	if s == e.is {
		return
	}
	e.is = s
	e.found(s, time.Duration(e.now)*Period)
}
