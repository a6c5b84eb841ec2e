package media

import (
	"math"
	"strings"
	"time"
)

// tone is one or more sinusoids for a time.
type tone struct {
	step      []float64 // radians a sample
	phase     []float64
	amplitude float64
	at, total int // samples; total < 0: no end
}

// toneEdge is how long a tone takes to come and go: a hard edge is heard as a click, and seen by a detector as other tones.
const toneEdge = 24 // 3 ms

// Tone is the sum of sinusoids of the frequencies hz, each at level dBFS (0 is a full-scale sinusoid),
// for d rounded up to whole frames; d ≤ 0 has no end. The last part of a frame that d does not fill is silent.
func Tone(d time.Duration, level float64, hz ...float64) Source {
	t := &tone{amplitude: math.MaxInt16 * math.Pow(10, level/20), total: -1, phase: make([]float64, len(hz))}
	if d > 0 {
		t.total = int(d * Rate / time.Second)
	}
	for _, f := range hz {
		t.step = append(t.step, 2*math.Pi*f/Rate)
	}
	return t
}

func (t *tone) Read(f *Frame) bool {
	for i := range f {
		f[i] = t.sample()
	}
	return t.total < 0 || t.at < t.total
}

func (t *tone) sample() int16 {
	if t.total >= 0 && t.at >= t.total {
		return 0
	}
	var v float64
	for k := range t.step {
		v += math.Sin(t.phase[k])
		if t.phase[k] += t.step[k]; t.phase[k] > 2*math.Pi {
			t.phase[k] -= 2 * math.Pi
		}
	}
	v *= t.amplitude
	edge := t.at
	if t.total >= 0 {
		edge = min(edge, t.total-1-t.at)
	}
	if edge < toneEdge {
		v *= float64(edge) / toneEdge
	}
	t.at++
	return int16(min(max(math.Round(v), math.MinInt16), math.MaxInt16))
}

// signal makes a clip of tones and silences, so that it is encoded once for everybody.
func signal(caption string, parts ...Source) *Clip {
	var all []int16
	src := Sequence(parts...)
	var f Frame
	for more := true; more; {
		more = src.Read(&f)
		all = append(all, f[:]...)
	}
	return NewClip(all, caption)
}

// The tones of the Japanese network, as NTT's interface descriptions give them: all of 400 Hz. Ringback is
// amplitude-modulated with 16 Hz, which three sinusoids make.
var (
	ringback = signal("ringback", japaneseRing(), Silence(2*time.Second))
	busy     = signal("busy", Tone(500*time.Millisecond, -18, 400), Silence(500*time.Millisecond))
	reorder  = signal("reorder", Tone(250*time.Millisecond, -18, 400), Silence(250*time.Millisecond))
	beep     = signal("beep", Tone(500*time.Millisecond, -12, 1000))
)

// japaneseRing is 1 s of 400 Hz, modulated with 16 Hz to 85 %: the carrier and half of that on each side.
func japaneseRing() Source {
	var s [Rate]int16
	for i := range s {
		t := float64(i) / Rate
		edge := min(1, float64(min(i, len(s)-1-i))/toneEdge)
		v := math.Sin(2*math.Pi*400*t) * (1 + 0.85*math.Sin(2*math.Pi*16*t)) / 1.85
		s[i] = int16(math.MaxInt16 * 0.2 * v * edge)
	}
	return NewClip(s[:], "").Source()
}

// Ringback is what a caller hears while it rings: 1 s of 400 Hz and 2 s of silence, for ever.
func Ringback() Source { return Repeat(0, ringback.Source) }

// What the called telephone's country lets callers hear (ITU-T E.180, supplement 2), where it is not Japan:
// most of the world has the European tone.
var (
	ringAmerica = signal("ringback", Tone(2*time.Second, -19, 440, 480), Silence(4*time.Second))
	ringBritain = signal("ringback", Tone(400*time.Millisecond, -19, 400, 450), Silence(200*time.Millisecond),
		Tone(400*time.Millisecond, -19, 400, 450), Silence(2*time.Second))
	ringEurope = signal("ringback", Tone(time.Second, -16, 425), Silence(4*time.Second))

	rings = map[string]*Clip{
		"": ringback, "jp": ringback, "us": ringAmerica, "us-old": ringAmerica, "mx": ringEurope,
		"uk": ringBritain, "au": ringBritain, "nz": ringBritain, "sg": ringBritain, "my": ringBritain, "in": ringBritain, "za": ringBritain,
	}
)

// RingTone is what a caller hears while it rings in country, as TwiML's ringTone names it, for ever; "" is
// Japan.
func RingTone(country string) Source {
	tone := rings[country]
	if tone == nil {
		tone = ringEurope
	}
	return Repeat(0, tone.Source)
}

// BusyTone is 400 Hz, half a second on and off, for ever.
func BusyTone() Source { return Repeat(0, busy.Source) }

// ReorderTone says that the network is full or the number wrong: 400 Hz, a quarter of a second on and off, for ever.
func ReorderTone() Source { return Repeat(0, reorder.Source) }

// Beep is half a second of 1000 Hz: speak now.
func Beep() Source { return beep.Source() }

// The frequencies of the keypad (ITU-T Q.23), rows and columns.
var (
	dtmfRows    = [4]float64{697, 770, 852, 941}
	dtmfColumns = [4]float64{1209, 1336, 1477, 1633}
)

const keypad = "123A456B789C*0#D"

// DigitTones presses keys in the band, for trunks that have no RFC 4733: digits as [CheckDigits] allows
// them, 100 ms of tone and 100 ms of silence each.
func DigitTones(digits string) (Source, error) {
	if err := CheckDigits(digits); err != nil {
		return nil, err
	}
	var parts []Source
	for _, d := range digits {
		switch d {
		case 'w':
			parts = append(parts, Silence(shortPause*Period))
		case 'W':
			parts = append(parts, Silence(longPause*Period))
		default:
			i := strings.IndexRune(keypad, d&^0x20)
			if d < 'A' {
				i = strings.IndexRune(keypad, d)
			}
			parts = append(parts, Tone(pressFrames*Period, -10, dtmfRows[i/4], dtmfColumns[i%4]), Silence(gapFrames*Period))
		}
	}
	return Sequence(parts...), nil
}
