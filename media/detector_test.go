package media_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/kaden-project/kaden/media"
	"github.com/kaden-project/kaden/media/mediatest"
)

// babble is d of what has the rhythm of speech and no words.
func babble(d time.Duration, pitch float64, seed uint64) []int16 {
	return mediatest.Speech(int(d*media.Rate/time.Second), pitch, seed)
}

// vowel is one that is held, as in a long "moshi moooshi", with what trembling a voice has.
func vowel(d time.Duration, pitch float64, formants ...float64) []int16 {
	out := make([]int16, int(d*media.Rate/time.Second))
	phase := 0.0
	for i := range out {
		at := float64(i) / media.Rate
		hz := pitch * (1 + 0.01*math.Sin(2*math.Pi*5*at))
		phase += 2 * math.Pi * hz / media.Rate
		v := 0.0
		for k := 1.0; k*hz < 3400; k++ {
			near := 0.02
			for _, f := range formants {
				near += 1 / (1 + math.Pow((k*hz-f)/80, 2))
			}
			v += near * math.Sin(k*phase)
		}
		edge := min(1, at*10, (d.Seconds()-at)*10)
		out[i] = int16(3000 * v * edge * (1 + 0.2*math.Sin(2*math.Pi*4*at)))
	}
	return out
}

func noise(d time.Duration, level float64, seed uint64) []int16 {
	r := rand.New(rand.NewPCG(seed, 2))
	out := make([]int16, int(d*media.Rate/time.Second))
	for i := range out {
		out[i] = int16(r.NormFloat64() * level)
	}
	return out
}

// source is d of src.
func source(d time.Duration, src media.Source) (out []int16) {
	var f media.Frame
	for range int(d / media.Period) {
		src.Read(&f)
		out = append(out, f[:]...)
	}
	return out
}

func join(parts ...[]int16) []int16 { return slices.Concat(parts...) }

// said is the words of a detector in one line: "machine_start 2.9s, machine_end_beep 5.1s".
func said(words []word) string {
	var s []string
	for _, w := range words {
		s = append(s, fmt.Sprintf("%s %.1fs", w.is, w.after.Seconds()))
	}
	return strings.Join(s, ", ")
}

func TestWhoAnswered(t *testing.T) {
	ringUS := tone(2*time.Second, 440, 480)
	keys := func(s string) []int16 {
		src, err := media.DigitTones(s)
		if err != nil {
			t.Fatal(err)
		}
		return source(4*time.Second, src)
	}
	ced := func() (out []int16) { // an answering fax turns its phase every 450 ms
		for i := range 7 {
			part := tone(450*time.Millisecond, 2100)
			for k := range part {
				part[k] *= int16(1 - 2*(i%2))
			}
			out = append(out, part...)
		}
		return out
	}
	greet := babble(5*time.Second, 130, 1)
	message := media.Detection{Message: true}
	tests := []struct {
		name  string
		how   media.Detection
		sound []int16
		want  string
	}{
		{"nobody says anything", media.Detection{}, nil, "unknown 5.0s"},
		{"the line hums", media.Detection{}, noise(20*time.Second, 700, 3), "unknown 5.0s"},
		{"a short word", media.Detection{}, join(silent(time.Second), babble(700*time.Millisecond, 120, 5)), "human 2.9s"},
		{"a short word in noise", media.Detection{}, join(noise(time.Second, 120, 1), babble(700*time.Millisecond, 220, 6), noise(9*time.Second, 120, 2)), "human 2.9s"},
		{"clicks", media.Detection{}, join(silent(time.Second), babble(40*time.Millisecond, 120, 5), silent(time.Second), babble(30*time.Millisecond, 120, 5)), "unknown 5.0s"},
		{"twice, with a pause", media.Detection{}, join(babble(700*time.Millisecond, 120, 5), silent(time.Second), babble(700*time.Millisecond, 120, 5)), "human 3.6s"},
		{"it goes on and on", media.Detection{}, babble(9*time.Second, 120, 5), "machine_start 2.4s"},
		{"a higher threshold", media.Detection{SpeechThreshold: 6 * time.Second}, babble(5*time.Second, 120, 5), "human 6.2s"},
		{"less patience with silence", media.Detection{Silence: 2 * time.Second, SpeechEnd: 500 * time.Millisecond}, nil, "unknown 2.0s"},
		{"a sooner end", media.Detection{SpeechEnd: 500 * time.Millisecond}, babble(time.Second, 120, 5), "human 1.5s"},
		{"time runs out while somebody talks", media.Detection{Timeout: 3 * time.Second, SpeechThreshold: 6 * time.Second}, babble(9*time.Second, 120, 5), "unknown 3.0s"},

		{"short, and a beep", media.Detection{}, join(babble(time.Second, 120, 5), silent(700*time.Millisecond), tone(500*time.Millisecond, 1000)), "machine_start 2.3s"},
		{"nothing but a beep", media.Detection{}, join(silent(time.Second), tone(400*time.Millisecond, 850)), "machine_start 1.5s"},
		{"the greeting and its beep", message, join(greet, silent(700*time.Millisecond), tone(500*time.Millisecond, 1000)), "machine_start 2.4s, machine_end_beep 6.3s"},
		{"a short greeting and its beep", message, join(babble(time.Second, 120, 5), silent(700*time.Millisecond), tone(500*time.Millisecond, 1000)), "machine_start 2.3s, machine_end_beep 2.3s"},
		{"the beep begins within the patience", message, join(greet, silent(1150*time.Millisecond), tone(time.Second, 1000)), "machine_start 2.4s, machine_end_beep 7.2s"},
		{"a greeting without a beep", message, greet, "machine_start 2.4s, machine_end_silence 6.2s"},
		{"a greeting without an end", message, babble(40*time.Second, 120, 9), "machine_start 2.4s, machine_end_other 30.0s"},
		{"a person, asked for the end of a greeting", message, babble(time.Second, 120, 5), "human 2.2s"},

		{"a fax", media.Detection{}, join(silent(time.Second), ced()), "fax 2.0s"},
		{"a fax after a word", message, join(greet, ced()), "machine_start 2.4s, fax 6.0s"},
		{"a fax that calls", media.Detection{}, join(silent(time.Second), tone(500*time.Millisecond, 1100), silent(3*time.Second)), "fax 1.6s"},
		{"a beep of 1100 Hz", media.Detection{}, join(babble(time.Second, 120, 5), tone(500*time.Millisecond, 1100)), "machine_start 1.6s"},

		{"ringback after the answer", media.Detection{}, source(30*time.Second, media.Ringback()), "unknown 5.0s"},
		{"ringback, then a person", media.Detection{}, join(source(3*time.Second, media.Ringback()), babble(700*time.Millisecond, 120, 5)), "human 4.9s"},
		{"American ringback", media.Detection{}, join(ringUS, silent(2*time.Second), ringUS), "unknown 5.0s"},
		{"busy", media.Detection{}, source(20*time.Second, media.BusyTone()), "unknown 5.0s"},
		{"reorder", media.Detection{}, source(20*time.Second, media.ReorderTone()), "unknown 5.0s"},
		{"a dial tone", media.Detection{}, tone(20*time.Second, 400), "unknown 5.0s"},
		{"keys", media.Detection{}, join(silent(time.Second), keys("1234567890")), "human 4.1s"},
		{"a vowel that is held", media.Detection{}, join(silent(time.Second), vowel(1200*time.Millisecond, 210, 310, 800)), "human 3.4s"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			for _, codec := range []media.Codec{media.PCMU, media.PCMA} {
				frames := line{codec: codec}.carry(join(test.sound, silent(12*time.Second)), 4)
				if got := said(detect(test.how, frames)); got != test.want {
					t.Errorf("%v: %s, want %s", codec, got, test.want)
				}
			}
		})
	}
}

func TestNoBeepIsMissed(t *testing.T) {
	n, word := 0, babble(time.Second, 120, 5)
	for hz := 350.0; hz <= 2200; hz += 37 {
		for _, length := range []time.Duration{300, 350, 500, 800, 1500} {
			for _, gain := range []float64{0, -14, -26} {
				n++
				length := length * time.Millisecond
				before := join(word, silent(600*time.Millisecond), silent(time.Duration(n%20)*time.Millisecond))
				sound := join(before, tone(length, hz), silent(400*time.Millisecond))
				l := line{codec: []media.Codec{media.PCMU, media.PCMA}[n%2], gain: gain}
				got := detect(media.Detection{Message: true}, l.carry(sound, uint64(n)))
				want := time.Duration(len(before))*time.Second/media.Rate + length
				if math.Abs(hz-2100) < 25 && length >= time.Second {
					if len(got) != 1 || got[0].is != media.Fax { // who knows
						t.Errorf("%.0f Hz for %v: %s, want a fax", hz, length, said(got))
					}
					continue
				}
				if len(got) != 2 || got[1].is != media.MachineEndBeep || (got[1].after-want).Abs() > 120*time.Millisecond {
					t.Errorf("%.0f Hz for %v at %.0f dB: %s, want a beep until %.1fs", hz, length, gain, said(got), want.Seconds())
				}
			}
		}
	}
	t.Logf("%d beeps", n)
}

// A vowel is the nearest that a person comes to a beep.
func TestNoVowelIsABeep(t *testing.T) {
	vowels := map[string][]float64{"a": {750, 1200, 2500}, "i": {300, 2300, 3000}, "u": {350, 1200, 2300}, "e": {480, 1900, 2500}, "o": {450, 800, 2400}}
	for name, formants := range vowels {
		for pitch := 90.0; pitch <= 420; pitch += 15 {
			sound := join(silent(time.Second), vowel(1500*time.Millisecond, pitch, formants...), silent(6*time.Second))
			got := detect(media.Detection{}, lines[0].carry(sound, 1))
			// A voice as high as a child's is too near to a tone to be heard as one: then nothing is known.
			if s := said(got); got[0].is != media.Human && (got[0].is != media.Unknown || pitch < 330) {
				t.Errorf("%s at %.0f Hz: %s", name, pitch, s)
			}
		}
	}
}

func TestOurOwnVoiceComingBackIsNobody(t *testing.T) {
	prompt := babble(10*time.Second, 120, 11)
	const delay = 200 * time.Millisecond
	for _, test := range []struct {
		name   string
		echo   float64 // dB
		person []int16
		tell   bool // the detector is told what we say
		want   string
	}{
		{"an echo", -16, nil, true, "unknown 5.0s"},
		{"an echo that nobody told of", -16, nil, false, "machine_start 2.7s"},
		{"a person beside the echo", -16, babble(time.Second, 220, 12), true, "human 3.2s"},
	} {
		t.Run(test.name, func(t *testing.T) {
			back := join(silent(delay), prompt)
			gain := math.Pow(10, test.echo/20)
			for i := range back {
				back[i] = int16(float64(back[i]) * gain)
				if at := i - media.Rate; at >= 0 && at < len(test.person) {
					back[i] += test.person[at]
				}
			}
			own, far := line{codec: media.PCMU}.carry(prompt, 1), line{codec: media.PCMU}.carry(back, 2)
			var words []word
			d := media.NewDetector(media.Detection{}, func(a media.AnsweredBy, after time.Duration) { words = append(words, word{a, after}) })
			for i := range own {
				if test.tell {
					d.Own(&own[i])
				}
				d.Write(&far[i])
			}
			if got := said(words); got != test.want {
				t.Errorf("%s, want %s", got, test.want)
			}
		})
	}
}

// What comes in is anybody's sound. Whatever it is, there is one last word, in time, and before it at most
// the word that it is a machine.
func FuzzDetector(f *testing.F) {
	f.Add([]byte("\x00\x10\xff\x7f\x00\x80"), uint16(400), true, uint8(3))
	f.Add([]byte{}, uint16(2000), false, uint8(30))
	f.Add([]byte("\x00\x7f\x00\x7f\x00\x00\x00\x81\x00\x81\x00\x00"), uint16(1600), true, uint8(60))
	f.Fuzz(func(t *testing.T, raw []byte, frames uint16, message bool, timeout uint8) {
		how := media.Detection{Message: message, Timeout: time.Duration(timeout) * time.Second}
		var words []word
		d := media.NewDetector(how, func(a media.AnsweredBy, after time.Duration) { words = append(words, word{a, after}) })
		limit := how.Timeout
		if limit == 0 {
			limit = 30 * time.Second
		}
		var fr media.Frame
		n := 0
		for i := range int(frames) {
			for k := range fr {
				if len(raw) > 1 {
					fr[k] = int16(raw[n%len(raw)]) | int16(raw[(n+1)%len(raw)])<<8
				}
				n += 1 + i%3
			}
			if i%7 == 3 {
				d.Own(&fr)
			}
			d.Write(&fr)
			if d.Over() != (len(words) > 0 && (!message || words[len(words)-1].is != media.MachineStart)) {
				t.Fatalf("over %v after %v", d.Over(), words)
			}
		}
		if ran := time.Duration(frames) * media.Period; ran >= limit && !d.Over() {
			t.Fatalf("no last word after %v: %v", ran, words)
		}
		for i, w := range words {
			ok := false
			switch w.is {
			case media.Human, media.Unknown:
				ok = i == 0
			case media.Fax:
				ok = i == len(words)-1
			case media.MachineStart:
				ok = i == 0
			case media.MachineEndBeep, media.MachineEndSilence, media.MachineEndOther:
				ok = message && i == 1
			}
			if !ok || i > 1 || w.after > limit || w.after > time.Duration(frames)*media.Period {
				t.Fatalf("word %d of %v", i+1, words)
			}
		}
	})
}

func BenchmarkDetector(b *testing.B) {
	never := media.Detection{Timeout: 1000 * time.Hour, SpeechThreshold: 1000 * time.Hour, SpeechEnd: 1000 * time.Hour, Silence: 1000 * time.Hour}
	for _, test := range []struct {
		name  string
		sound []int16
	}{
		{"silence", silent(10 * time.Second)},
		{"speech", babble(10*time.Second, 120, 5)},
		{"tone", tone(10*time.Second, 1000)},
	} {
		frames := lines[0].carry(test.sound, 1)
		b.Run(test.name, func(b *testing.B) {
			d := media.NewDetector(never, func(media.AnsweredBy, time.Duration) {})
			b.ReportAllocs()
			for i := 0; b.Loop(); i++ {
				d.Write(&frames[i%len(frames)])
			}
		})
	}
}

func TestDetectionAllocatesNothing(t *testing.T) {
	frames := lines[0].carry(babble(4*time.Second, 120, 5), 1)
	d := media.NewDetector(media.Detection{Timeout: time.Hour, SpeechThreshold: time.Hour}, func(media.AnsweredBy, time.Duration) {})
	i := 0
	if n := testing.AllocsPerRun(300, func() { d.Own(&frames[i%len(frames)]); d.Write(&frames[i%len(frames)]); i++ }); n != 0 {
		t.Errorf("%v allocations a frame", n)
	}
}

// loudness is a Sink that remembers the loudest sample.
type loudness struct{ frames, peak int }

func (l *loudness) Write(f *media.Frame) {
	l.frames++
	for _, v := range f {
		l.peak = max(l.peak, int(v))
	}
}

func TestAPlayerCanBeOverheard(t *testing.T) {
	var f media.Frame
	var raw, encoded loudness
	p := media.NewPlayer(media.NewClip(tone(100*time.Millisecond, 1000), "").Source())
	p.Overhear(&raw)
	for p.Read(&f) {
	}
	q := media.NewPlayer(media.NewClip(tone(100*time.Millisecond, 1000), "").Source())
	q.Overhear(&encoded)
	for more := true; more; {
		_, more, _ = q.ReadEncoded(media.PCMA)
	}
	if raw.frames != 5 || encoded.frames != 5 || raw.peak < 9000 || (raw.peak-encoded.peak)*(raw.peak-encoded.peak) > raw.peak*raw.peak/400 {
		t.Errorf("overheard %+v of the sound and %+v of its bytes", raw, encoded)
	}
}
