package media

import (
	"math"
	"testing"
	"time"
)

// sine is d seconds of a sinusoid at any rate.
func sine(rate int, hz, amplitude, seconds float64) []int16 {
	s := make([]int16, int(float64(rate)*seconds))
	for i := range s {
		s[i] = int16(amplitude * math.Sin(2*math.Pi*hz*float64(i)/float64(rate)))
	}
	return s
}

func TestResamplingKeepsWhatFitsAndDropsWhatDoesNot(t *testing.T) {
	for _, from := range []int{8000, 11025, 16000, 22050, 24000, 32000, 44100, 48000, 96000, 47999} {
		in := sine(from, 1000, 10000, 0.5)
		out := Resample(in, from, Rate)
		if len(out) != 4000 {
			t.Errorf("%d Hz: half a second became %d samples", from, len(out))
			continue
		}
		want := sine(Rate, 1000, 10000, 0.5)
		for i := 200; i < 3800; i++ { // the edges ring a little
			if d := math.Abs(float64(out[i]) - float64(want[i])); d > 120 {
				t.Errorf("%d Hz: sample %d is %d, want %d", from, i, out[i], want[i])
				break
			}
		}
		if from < 2*5500 {
			continue
		}
		high := Resample(sine(from, 5000, 10000, 0.5), from, Rate)
		if l := level(high[200:3800]); l > 15 {
			t.Errorf("%d Hz: 5 kHz folds back with level %.0f of 7071", from, l)
		}
		speech := Resample(sine(from, 3000, 10000, 0.5), from, Rate)
		if p := power(speech[200:3800], 3000); math.Abs(p-20*math.Log10(10000.0/32767)) > 0.5 {
			t.Errorf("%d Hz: 3 kHz has %.1f dBFS", from, p)
		}
	}
}

func TestResamplingUp(t *testing.T) {
	out := Resample(sine(Rate, 1000, 10000, 0.5), Rate, 24000)
	want := sine(24000, 1000, 10000, 0.5)
	if len(out) != len(want) {
		t.Fatalf("%d samples, want %d", len(out), len(want))
	}
	for i := 600; i < len(out)-600; i++ {
		if math.Abs(float64(out[i])-float64(want[i])) > 120 {
			t.Fatalf("sample %d is %d, want %d", i, out[i], want[i])
		}
	}
}

func TestResamplingInPiecesIsTheSame(t *testing.T) {
	in := sine(44100, 700, 9000, 0.3)
	want := Resample(in, 44100, Rate)
	r := newResampler(44100, Rate)
	var got []int16
	for at, n := 0, 1; at < len(in); at, n = at+n, n*2+1 {
		got = r.add(got, in[at:min(at+n, len(in))])
	}
	got = r.finish(got)
	if len(got) != len(want) {
		t.Fatalf("%d samples, want %d", len(got), len(want))
	}
	for i := range got {
		if got[i] != want[i] {
			t.Fatalf("sample %d is %d, want %d", i, got[i], want[i])
		}
	}
	if got := Resample(nil, 48000, Rate); len(got) != 0 {
		t.Errorf("nothing became %d samples", len(got))
	}
}

func TestResamplingDownFurtherThanTheFilterIsLong(t *testing.T) {
	if got := len(Resample(make([]int16, 192_000), MaxRate, MinRate)); got != 1000 {
		t.Errorf("%d samples", got)
	}
	defer func() {
		if recover() == nil {
			t.Error("a rate of 0 is taken")
		}
	}()
	Resample(nil, 0, Rate)
}

func TestLoudnessIsEvenedWhateverItWas(t *testing.T) {
	for _, gain := range []float64{0.08, 0.3, 1, 2.4} {
		s := voice(2 * Rate)
		for i := range s {
			s[i] = clip16(float64(s[i]) * gain)
			if i > Rate/2 && i < Rate {
				s[i] = 0 // a pause does not count
			}
		}
		out := Even(s)
		if got := ActiveLevel(out); math.Abs(got-Loudness) > 0.7 {
			t.Errorf("%.2f times: %.1f dBFS, want %.0f", gain, got, Loudness)
		}
	}
	if got := Even(make([]int16, 500)); level(got) != 0 || len(got) != 500 {
		t.Error("silence is no longer silent")
	}
	faint := make([]int16, Rate)
	for i := range faint {
		faint[i] = int16(i % 2)
	}
	if got := ActiveLevel(Even(faint)); got > -60 {
		t.Errorf("noise is brought up to %.0f dBFS", got)
	}
}

func TestPeaksAreLimitedNotCut(t *testing.T) {
	s := voice(Rate)
	for i := range s {
		s[i] /= 8
	}
	for i := 3000; i < 3040; i++ {
		s[i] = 30000 // a click of 5 ms
	}
	out := Even(s)
	for i, v := range out {
		if v > 29300 || v < -29300 {
			t.Fatalf("sample %d is %d", i, v)
		}
	}
}

func TestTrimTakesTheSilenceOffBothEnds(t *testing.T) {
	s := append(make([]int16, 4000), voice(4000)...)
	s = append(s, make([]int16, 8000)...)
	got := Trim(s)
	if len(got) < 4000 || len(got) > 4400 {
		t.Errorf("%d samples of 4000 are left", len(got))
	}
	if len(Trim(make([]int16, 1000))) != 0 {
		t.Error("silence is left")
	}
}

func TestRecorderKeepsUpToItsLimit(t *testing.T) {
	r := NewRecorder(6 * time.Second)
	src := NewClip(ramp(8*Rate), "").Source()
	var f Frame
	for more := true; more; {
		more = src.Read(&f)
		r.Write(&f)
	}
	if r.Duration() != 6*time.Second || !r.Full() {
		t.Errorf("%v kept", r.Duration())
	}
	got := r.Samples()
	if len(got) != 6*Rate || got[5*Rate+7] != ramp(8 * Rate)[5*Rate+7] {
		t.Errorf("%d samples", len(got))
	}
}

// BenchmarkResample is ten seconds of speech from an engine's rate to ours.
func BenchmarkResample(b *testing.B) {
	in := make([]int16, 10*48_000)
	for i := range in {
		in[i] = int16(8000 * math.Sin(float64(i)/20))
	}
	for b.Loop() {
		Resample(in, 48_000, Rate)
	}
}
