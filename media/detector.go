package media

import (
	"cmp"
	"math"
	"time"
)

// AnsweredBy is who or what answered, in Twilio's words. "" is not known yet.
type AnsweredBy string

// What a [Detector] can find.
const (
	Human             AnsweredBy = "human"
	MachineStart      AnsweredBy = "machine_start"       // a machine; its greeting may still be going on
	MachineEndBeep    AnsweredBy = "machine_end_beep"    // its greeting is over: it has beeped
	MachineEndSilence AnsweredBy = "machine_end_silence" // its greeting is over: it is quiet
	MachineEndOther   AnsweredBy = "machine_end_other"   // its greeting did not end in time
	Fax               AnsweredBy = "fax"
	Unknown           AnsweredBy = "unknown" // nothing was said, or not enough to tell
)

// Detection is how a [Detector] listens. Zero durations are Twilio's: 30 s, 2.4 s, 1.2 s, 5 s.
type Detection struct {
	Message         bool          // go on after MachineStart to the end of the greeting, when a message can be left
	Timeout         time.Duration // the longest it may take in all
	SpeechThreshold time.Duration // who talks for longer than this is a machine
	SpeechEnd       time.Duration // who is quiet for so long has finished
	Silence         time.Duration // nobody says anything for so long from the start: unknown
}

// Complete fills in what is left open, as the page "Answering Machine Detection" has it.
func (c Detection) Complete() Detection {
	c.Timeout = cmp.Or(c.Timeout, 30*time.Second)
	c.SpeechThreshold = cmp.Or(c.SpeechThreshold, 2400*time.Millisecond)
	c.SpeechEnd = cmp.Or(c.SpeechEnd, 1200*time.Millisecond)
	c.Silence = cmp.Or(c.Silence, 5*time.Second)
	return c
}

// Detector guesses whether a person or a machine has answered, by how long it talks and whether it beeps. It
// knows no language. It is a [Sink] that starts with the first frame after the answer. What it finds is a
// hint and no proof: docs/machine-detection.md says how often it errs. Nothing is allocated after the start.
type Detector struct {
	found            func(AnsweredBy, time.Duration)
	message          bool
	timeout, silence int // frames, as all times here
	most, end        int
	over             bool
	machine          bool // Message: MachineStart has been told
	now              int
	floor            float64 // level of the noise
	own              float64 // level of what we say ourselves, dying away
	pitch            pitch
	talk             talk
	burst            burst
	tone             toneRun
	even             evenRun
	beeped           bool
}

// talk is what has been said so far. Sound counts at once and is taken back when it turns out to be a click, a
// tone or a hum.
type talk struct {
	frames int // of speech, with the short gaps within it
	to     int // the last one; 0 is none
}

// burst is sound without a gap that is worth the name.
type burst struct {
	frames int
	before talk
}

// toneRun is one sinusoid that lasts.
type toneRun struct {
	hz, last  float64 // last is the level of its last frame
	low, high float64 // of the levels of all but the first and the last frame
	frames    int     // pure ones; 0 is no tone
	from, to  int
	before    talk
}

// evenRun is sound that keeps its level, as no speech does.
type evenRun struct {
	level  float64
	frames int
	before talk
}

// When sound is speech. The figures were tried on the corpus of TestGreetingsOfPeopleAndMachines.
const (
	levelLeast = 150.0 // RMS, -47 dBFS: nothing quieter is speech on any line
	overFloor  = 2.2   // speech is 7 dB above the noise at least
	overOwn    = 0.25  // an echo of what we say comes back at least 12 dB lower
	ownDecay   = 0.93  // a frame, and within some 400 ms
	floorFirst = 300.0 // the noise is taken to be no louder before it has been heard by itself

	speechGap  = 15 // frames: a gap within speech, counted as speech
	burstGap   = 5  // a gap between two bursts
	burstLeast = 3  // a shorter burst is a click
	evenLeast  = 50 // what keeps its level for so long is a hum, or several tones at once
	evenBand   = 1.2
)

// When sound is a tone.
const (
	toneGap   = 3   // frames that a tone may miss: lost packets, the phase reversals of a fax
	toneLeast = 5   // from here on it is a tone and no vowel
	beepLeast = 13  // the whole frames that are certainly within 300 ms
	beepMost  = 200 // a longer one is a dial tone
	beepSwing = 2.5 // between its loudest and its quietest frame; ringback swings more

	// ITU-T T.30 and V.25: a fax that is called answers with 2100 Hz for 2.6 s at least; one that calls sends
	// half a second of 1100 Hz every 3.5 s.
	faxAnswer, faxAnswerFrames = 2100.0, 50
	faxCalling                 = 1100.0

	// Tones of the network lie here: busy, ringback, dialling. Before anybody has spoken they are no beep.
	networkLow, networkHigh = 380.0, 490.0
)

// NewDetector makes a Detector. found is told what was found and how long that took, once, on the goroutine
// that writes; with Message, MachineStart comes first and how the greeting ended second.
func NewDetector(c Detection, found func(answeredBy AnsweredBy, after time.Duration)) *Detector {
	c = c.Complete()
	frames := func(d time.Duration) int { return int((d + Period - 1) / Period) }
	return &Detector{
		found: found, message: c.Message,
		timeout: frames(c.Timeout), most: frames(c.SpeechThreshold), end: frames(c.SpeechEnd), silence: frames(c.Silence),
	}
}

// Own tells of a frame that we say at this moment, so that its echo is not taken for an answer.
func (d *Detector) Own(f *Frame) {
	if !d.over {
		d.own = max(d.own, rms(frameEnergy(f)))
	}
}

func frameEnergy(f *Frame) (e float64) {
	for _, v := range f {
		e += float64(v) * float64(v)
	}
	return e
}

func rms(energy float64) float64 { return math.Sqrt(energy / Samples) }

// Write takes the next frame.
func (d *Detector) Write(f *Frame) {
	if d.over {
		return
	}
	d.now++
	e := frameEnergy(f)
	l := rms(e)
	d.own *= ownDecay
	loud := l > max(overFloor*d.floor, levelLeast, overOwn*d.own)
	d.follow(l, loud)
	hz := 0.0
	if loud {
		hz = pureTone(f, e)
	}
	before := d.talk
	d.pitch.add(f)
	d.hear(loud && d.pitch.voiced())
	d.steady(l, loud, before)
	d.ring(hz, l, before)
	d.decide()
}

// follow keeps the noise floor: quickly down, slowly up, and not at all for the frames that were lost.
func (d *Detector) follow(l float64, loud bool) {
	switch {
	case l == 0:
	case d.floor == 0:
		d.floor = min(l, floorFirst)
	case d.tone.frames > 0:
	case loud:
		d.floor *= 1.005 // 2 dB a second
	case l < d.floor:
		d.floor += (l - d.floor) * 0.3
	case l < overOwn*d.own: // an echo says nothing of the noise
	default:
		d.floor += (l - d.floor) * 0.03
	}
}

// hear counts speech.
func (d *Detector) hear(voice bool) {
	gap := d.now - d.talk.to - 1
	switch {
	case voice:
		if d.burst.frames == 0 {
			d.burst.before = d.talk
		}
		d.burst.frames++
		d.talk.frames++
		if d.talk.to > 0 && gap <= speechGap {
			d.talk.frames += gap
		}
		d.talk.to = d.now
	case gap+1 >= burstGap && d.burst.frames > 0:
		if d.burst.frames < burstLeast {
			d.takeBack(d.burst.before)
		}
		d.burst = burst{}
	}
}

// takeBack forgets what has been counted since before.
func (d *Detector) takeBack(before talk) {
	if before.frames < d.talk.frames {
		d.talk = before
	}
}

// steady looks for what is loud and keeps its level. It becomes the floor.
func (d *Detector) steady(l float64, loud bool, before talk) {
	r := &d.even
	if !loud || r.frames == 0 || l > r.level*evenBand || l < r.level/evenBand {
		*r = evenRun{before: before}
		if !loud {
			return
		}
	}
	r.frames++
	r.level += (l - r.level) / float64(r.frames)
	if r.frames >= evenLeast {
		d.takeBack(r.before)
		d.floor = r.level
		*r = evenRun{}
	}
}

// ring follows a tone: hz is that of this frame, 0 for none.
func (d *Detector) ring(hz, l float64, before talk) {
	r := &d.tone
	if hz > 0 && r.frames > 0 && math.Abs(hz-r.hz) < 0.02*r.hz {
		if r.frames > 1 {
			r.low, r.high = min(r.low, r.last), max(r.high, r.last)
		}
		r.frames++
		r.hz += (hz - r.hz) / float64(r.frames)
		r.last, r.to = l, d.now
	} else if r.frames > 0 && (hz > 0 || d.now-r.to > toneGap) {
		d.rang(*r)
		*r = toneRun{}
	}
	if hz > 0 && r.frames == 0 {
		*r = toneRun{hz: hz, last: l, low: math.Inf(1), frames: 1, from: d.now, to: d.now, before: before}
	}
	if r.frames >= toneLeast {
		d.takeBack(r.before)
		d.even, d.burst = evenRun{}, burst{}
	}
	if r.frames >= faxAnswerFrames && math.Abs(r.hz-faxAnswer) < 25 {
		d.tell(Fax)
	}
}

// rang is a tone that is over: a beep, if it was as long as one and kept its level.
func (d *Detector) rang(r toneRun) {
	length := r.to - r.from + 1
	first := d.talk.to == 0 && !d.machine // nobody has said anything
	switch {
	case length < beepLeast, length > beepMost, r.frames*10 < length*8, r.high > beepSwing*r.low:
	case first && r.hz > networkLow && r.hz < networkHigh:
	case first && math.Abs(r.hz-faxCalling) < 38 && length >= 20 && length <= 30:
		d.tell(Fax)
	default:
		d.beeped = true
	}
}

// decide says what is known by now.
func (d *Detector) decide() {
	quiet := d.now - d.talk.to
	ringing := d.tone.frames >= toneLeast && d.now-d.tone.from < beepMost
	spoken := d.talk.frames >= burstLeast
	switch {
	case d.over:
	case d.beeped && d.message:
		d.tell(MachineEndBeep)
	case d.beeped:
		d.tell(MachineStart)
	case d.now >= d.timeout && d.machine:
		d.tell(MachineEndOther)
	case d.now >= d.timeout:
		d.tell(Unknown)
	case ringing:
	case !d.machine && d.talk.frames >= d.most:
		d.tell(MachineStart)
	case !spoken && d.burst.frames == 0 && d.now >= d.silence:
		d.tell(Unknown)
	case spoken && quiet >= d.end && d.machine:
		d.tell(MachineEndSilence)
	case spoken && quiet >= d.end:
		d.tell(Human)
	}
}

// tell says what was found; it is the last word, or with Message the last but one.
func (d *Detector) tell(a AnsweredBy) {
	if d.message && a == MachineEndBeep && !d.machine {
		d.found(MachineStart, time.Duration(d.now)*Period)
	}
	d.machine = a == MachineStart
	d.over = !d.machine || !d.message
	d.found(a, time.Duration(d.now)*Period)
}

// Over tells whether the last word has been said.
func (d *Detector) Over() bool { return d.over }
