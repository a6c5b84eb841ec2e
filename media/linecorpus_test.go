package media_test

import (
	"bufio"
	"context"
	"math"
	"math/rand/v2"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/kaden-project/kaden/media"
)

// part is a piece of a cadence: so long, and which frequencies; none is a pause.
type part struct {
	d  time.Duration
	hz []float64
}

const ms = time.Millisecond

func on(d time.Duration, hz ...float64) part { return part{d, hz} }
func off(d time.Duration) part               { return part{d: d} }

// lineKind is one sound of the corpus, before the line.
type lineKind struct {
	name string
	want media.LineSound
	// sound makes seconds of it, off by stretch in its frequencies and beginning somewhere within it; its loud parts have
	// an RMS of 1.
	sound func(r *rand.Rand, stretch float64) []float64
}

// lineTime is how long each is heard: rule 29 decides within 8 s.
const lineTime = 8 * time.Second

func cadence(parts ...part) func(*rand.Rand, float64) []float64 {
	return modulated(0, 0, parts...)
}

// modulated is a cadence whose amplitude swings by depth at hz, as Japan's ringback does.
func modulated(hz, depth float64, parts ...part) func(*rand.Rand, float64) []float64 {
	return func(r *rand.Rand, stretch float64) []float64 {
		var whole time.Duration
		for _, p := range parts {
			whole += p.d
		}
		skip := int(r.Float64() * whole.Seconds() * media.Rate)
		want := skip + int(lineTime.Seconds()*media.Rate)
		var out []float64
		for len(out) < want {
			for _, p := range parts {
				n := int(p.d.Seconds() * media.Rate)
				for i := range n {
					v, t := 0.0, float64(len(out))/media.Rate
					for k, f := range p.hz {
						v += math.Sin(2*math.Pi*f*stretch*t + float64(k))
					}
					if v *= math.Sqrt2 / math.Sqrt(float64(max(len(p.hz), 1))); depth > 0 {
						v *= (1 + depth*math.Sin(2*math.Pi*hz*t)) / math.Sqrt(1+depth*depth/2)
					}
					v *= min(1, float64(min(i, n-1-i))/24)
					out = append(out, v)
				}
			}
		}
		return out[skip:][:int(lineTime.Seconds()*media.Rate)]
	}
}

// once is a cadence from its beginning, followed by what comes after it.
func once(then func(*rand.Rand, float64) []float64, parts ...part) func(*rand.Rand, float64) []float64 {
	return func(r *rand.Rand, stretch float64) []float64 {
		var lead []float64
		for _, p := range parts {
			n := int(p.d.Seconds() * media.Rate)
			for i := range n {
				v := 0.0
				for _, f := range p.hz {
					v += math.Sin(2 * math.Pi * f * stretch * float64(len(lead)) / media.Rate)
				}
				lead = append(lead, v*math.Sqrt2/math.Sqrt(float64(max(len(p.hz), 1)))*min(1, float64(min(i, n-1-i))/24))
			}
		}
		return append(lead, then(r, stretch)...)[:int(lineTime.Seconds()*media.Rate)]
	}
}

func nothing(*rand.Rand, float64) []float64 {
	return make([]float64, int(lineTime.Seconds()*media.Rate))
}

// hum is noise at a level of its own, in dBm0.
func hum(level float64) func(*rand.Rand, float64) []float64 {
	return func(r *rand.Rand, _ float64) []float64 {
		out := nothing(r, 1)
		for i := range out {
			out[i] = r.NormFloat64() * math.Pow(10, level/20)
		}
		return out
	}
}

// tune is a melody that an instrument plays: notes of 120 to 600 ms, each with partials that die away as decay says.
func tune(partials []float64, decay, vibrato float64, voices int) func(*rand.Rand, float64) []float64 {
	scale := []float64{261.6, 293.7, 329.6, 392, 440, 523.3, 587.3, 659.3, 784, 880, 1046.5}
	return func(r *rand.Rand, stretch float64) []float64 {
		out := nothing(r, 1)
		for range voices {
			for at := 0; at < len(out); {
				hz := scale[r.IntN(len(scale))] * stretch
				n := media.Rate * []int{120, 200, 300, 400, 600}[r.IntN(5)] / 1000
				phase := 0.0
				for i := 0; i < n && at+i < len(out); i++ {
					t := float64(i) / media.Rate
					phase += 2 * math.Pi * hz * (1 + vibrato*math.Sin(2*math.Pi*5.5*t)) / media.Rate
					v := 0.0
					for k, a := range partials {
						if f := float64(k+1) * hz; f < 3400 {
							v += a * math.Sin(float64(k+1)*phase)
						}
					}
					out[at+i] += v * math.Exp(-decay*t) * min(1, float64(min(i, n-1-i))/40)
				}
				at += n
			}
		}
		return even(out)
	}
}

// song is somebody who sings, with what trembling that has, over an accompaniment.
func song(r *rand.Rand, stretch float64) []float64 {
	voice, under := tune(bowed, 0.3, 0.02, 1)(r, stretch), tune(piano, 3, 0, 2)(r, stretch)
	for i := range voice {
		voice[i] += 0.6 * under[i]
	}
	return even(voice)
}

// even brings the loud parts to an RMS of 1.
func even(s []float64) []float64 {
	sum, n := 0.0, 0
	for at := 0; at+media.Samples <= len(s); at += media.Samples {
		e := 0.0
		for _, v := range s[at:][:media.Samples] {
			e += v * v
		}
		if e > 0 {
			sum += e
			n += media.Samples
		}
	}
	if n == 0 {
		return s
	}
	by := math.Sqrt(float64(n) / sum)
	for i := range s {
		s[i] *= by
	}
	return s
}

var (
	bowed  = []float64{1, 0.6, 0.5, 0.3, 0.3, 0.2, 0.15}
	piano  = []float64{1, 0.5, 0.25, 0.12, 0.06}
	square = []float64{1, 0, 0.33, 0, 0.2, 0, 0.14}
	box    = []float64{1, 0, 0, 0.3}
)

// lineKinds are the sounds that need no voice.
var lineKinds = []lineKind{
	{"ringback, Japan 16 Hz", media.LineRingback, modulated(16, 0.85, on(time.Second, 400), off(2*time.Second))},
	{"ringback, Japan 20 Hz", media.LineRingback, modulated(20, 1, on(time.Second, 400), off(2*time.Second))},
	{"ringback, North America", media.LineRingback, cadence(on(2*time.Second, 440, 480), off(4*time.Second))},
	{"ringback, Britain", media.LineRingback, cadence(on(400*ms, 400, 450), off(200*ms), on(400*ms, 400, 450), off(2*time.Second))},
	{"ringback, Europe", media.LineRingback, cadence(on(time.Second, 425), off(4*time.Second))},
	{"ringback, France", media.LineRingback, cadence(on(1500*ms, 440), off(3500*ms))},
	{"ringback, Korea", media.LineRingback, cadence(on(time.Second, 440, 480), off(2*time.Second))},
	{"ringback, Russia", media.LineRingback, cadence(on(800*ms, 425), off(3200*ms))},
	{"ringback, Australia", media.LineRingback, cadence(on(400*ms, 400, 425, 450), off(200*ms), on(400*ms, 400, 425, 450), off(2*time.Second))},
	{"ringback, Hong Kong", media.LineRingback, cadence(on(400*ms, 440, 480), off(200*ms), on(400*ms, 440, 480), off(3*time.Second))},
	{"busy, Japan", media.LineBusy, cadence(on(500*ms, 400), off(500*ms))},
	{"busy, North America", media.LineBusy, cadence(on(500*ms, 480, 620), off(500*ms))},
	{"busy, Europe", media.LineBusy, cadence(on(500*ms, 425), off(500*ms))},
	{"busy, Britain", media.LineBusy, cadence(on(375*ms, 400), off(375*ms))},
	{"busy, China", media.LineBusy, cadence(on(350*ms, 450), off(350*ms))},
	{"busy, Russia", media.LineBusy, cadence(on(400*ms, 425), off(400*ms))},
	{"busy, India", media.LineBusy, cadence(on(750*ms, 400), off(750*ms))},
	{"congestion, Japan", media.LineCongestion, cadence(on(250*ms, 400), off(250*ms))},
	{"congestion, North America", media.LineCongestion, cadence(on(250*ms, 480, 620), off(250*ms))},
	{"congestion, Europe", media.LineCongestion, cadence(on(200*ms, 425), off(200*ms))},
	{"congestion, Korea", media.LineCongestion, cadence(on(300*ms, 480, 620), off(200*ms))},
	{"information tones, vacant code", media.LineInformation, once(nothing, off(300*ms), on(380*ms, 985.2), on(274*ms, 1370.6), on(380*ms, 1776.7))},
	{"information tones, intercept", media.LineInformation, once(nothing, off(300*ms), on(274*ms, 913.8), on(274*ms, 1370.6), on(380*ms, 1776.7))},
	{"information tones, no circuit", media.LineInformation, once(nothing, off(300*ms), on(380*ms, 985.2), on(380*ms, 1428.5), on(380*ms, 1776.7))},
	{"information tones, Europe", media.LineInformation, once(nothing, off(300*ms), on(330*ms, 950), off(30*ms), on(330*ms, 1400), off(30*ms), on(330*ms, 1800))},
	{"fax that calls (CNG)", media.LineFax, cadence(on(500*ms, 1100), off(3*time.Second))},
	{"fax that answers (CED)", media.LineFax, once(nothing, off(time.Second), on(2600*ms, 2100))},
	{"music box", media.LineMusic, tune(box, 4, 0, 1)},
	{"old telephone's melody", media.LineMusic, tune(square, 0, 0, 1)},
	{"piano, two voices", media.LineMusic, tune(piano, 3, 0, 2)},
	{"strings, three voices", media.LineMusic, tune(bowed, 0.5, 0.004, 3)},
	{"song over a piano", media.LineMusic, song},
}

// lineOwn are those that have a level of their own.
var lineOwn = []lineKind{
	{"silence", media.LineSilence, nothing},
	{"comfort noise", media.LineNoise, hum(-52)},
	{"a noisy line", media.LineNoise, hum(-42)},
}

// lineWay is what the network makes of a sound on its way.
type lineWay struct {
	name    string
	codec   media.Codec
	level   float64 // dBm0
	noise   float64 // dB below that; 0 is none
	stretch float64 // of the frequencies
	loss    float64
}

var lineWays = []lineWay{
	{"clean", media.PCMU, -16, 0, 1, 0},
	{"loud, 2 % high", media.PCMU, -10, 0, 1.02, 0},
	{"faint, 1 % low", media.PCMA, -35, 0, 0.99, 0},
	{"noise 20 dB below, 2 % low", media.PCMU, -20, 20, 0.98, 0},
	{"noise 12 dB below, 1 % high", media.PCMA, -28, 12, 1.01, 0},
	{"5 % lost", media.PCMA, -20, 0, 1, 0.05},
	{"3 % lost, noise 18 dB below", media.PCMU, -25, 18, 1, 0.03},
}

// carry is a sound after the way, in frames. The network's loss is filled in as a leg does it: not at all.
func (w lineWay) carry(sound []float64, own bool, r *rand.Rand) []media.Frame {
	const zero = 16140 // RMS of 0 dBm0
	gain := zero * math.Pow(10, w.level/20)
	noise := 0.0
	if w.noise > 0 {
		noise = gain * math.Pow(10, -w.noise/20)
	}
	if own {
		gain, noise = zero, 0
	}
	var out []media.Frame
	var code [media.Samples]byte
	for at := 0; at+media.Samples <= len(sound); at += media.Samples {
		var f media.Frame
		for i := range f {
			v := sound[at+i] * gain
			if noise > 0 {
				v += r.NormFloat64() * noise
			}
			f[i] = int16(min(max(v, math.MinInt16), math.MaxInt16))
		}
		w.codec.Encode(code[:], &f)
		w.codec.Decode(&f, code[:])
		if r.Float64() < w.loss {
			f = media.Frame{}
		}
		out = append(out, f)
	}
	return out
}

// announcements are testdata/announcements.txt.
func announcements(t testing.TB) (all []greeting) {
	t.Helper()
	f, err := os.Open("testdata/announcements.txt")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	for s := bufio.NewScanner(f); s.Scan(); {
		p := strings.Fields(s.Text())
		if len(p) == 0 || p[0] == "#" {
			continue
		}
		all = append(all, greeting{language: p[0], name: p[1], text: strings.Join(p[2:], " ")})
	}
	return all
}

// spokenKinds are the announcements as each voice reads them, alone and after what often comes before them. It skips
// when an engine is missing.
func spokenKinds(t *testing.T) (kinds []lineKind) {
	t.Helper()
	type one struct {
		greeting
		manner
		sound []float64
		err   error
	}
	var all []*one
	for _, g := range announcements(t) {
		for _, m := range manners[g.language] {
			all = append(all, &one{greeting: g, manner: m})
		}
	}
	limit := make(chan struct{}, 2)
	var wg sync.WaitGroup
	for _, o := range all {
		limit <- struct{}{}
		wg.Go(func() {
			defer func() { <-limit }()
			var said []int16
			if said, o.err = speak(context.Background(), o.greeting, o.manner); o.err != nil {
				return
			}
			for range 2 {
				for _, v := range said {
					o.sound = append(o.sound, float64(v))
				}
				o.sound = append(o.sound, make([]float64, 3*media.Rate/2)...)
			}
			even(o.sound)
		})
	}
	wg.Wait()
	for _, o := range all {
		switch {
		case o.err == nil:
		case isMissing(o.err):
			t.Skipf("skipped: no speech engine: %v", o.err)
		default:
			t.Fatal(o.err)
		}
		said := func(r *rand.Rand, _ float64) []float64 {
			lead := 100 + r.IntN(900)
			out := append(make([]float64, lead*media.Rate/1000), o.sound...)
			return append(out, nothing(r, 1)...)
		}
		name := o.language + " " + o.greeting.name + ", " + o.manner.name
		kinds = append(kinds, lineKind{"announcement: " + name, media.LineAnnouncement, once(said)})
		if o.manner == manners[o.language][0] {
			kinds = append(kinds,
				lineKind{"ringback, then announcement: " + name, media.LineAnnouncement, once(said, on(time.Second, 400), off(time.Second))},
				lineKind{"information tones, then announcement: " + name, media.LineAnnouncement,
					once(said, on(330*ms, 950), on(330*ms, 1400), on(330*ms, 1800), off(400*ms))})
		}
	}
	return kinds
}
