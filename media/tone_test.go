package media

import (
	"math"
	"math/rand/v2"
	"strings"
	"testing"
	"time"
)

// power is the level of one frequency in s, in dBFS.
func power(s []int16, hz float64) float64 {
	var re, im float64
	for i, v := range s {
		sin, cos := math.Sincos(2 * math.Pi * hz * float64(i) / Rate)
		re += float64(v) * cos
		im += float64(v) * sin
	}
	return 20 * math.Log10(2*math.Hypot(re, im)/float64(len(s))/math.MaxInt16+1e-9)
}

func take(src Source, d time.Duration) []int16 {
	var out []int16
	var f Frame
	for range d / Period {
		src.Read(&f)
		out = append(out, f[:]...)
	}
	return out
}

func TestToneHasItsFrequencyLevelAndLength(t *testing.T) {
	s := drain(t, Tone(time.Second, -10, 1000))
	if len(s) != 8000 {
		t.Fatalf("%d samples", len(s))
	}
	if got := power(s[100:7900], 1000); math.Abs(got+10) > 0.2 {
		t.Errorf("level %.1f dBFS, want -10", got)
	}
	if got := power(s, 500); got > -50 {
		t.Errorf("%.1f dBFS at 500 Hz", got)
	}
	if s[0] != 0 || s[7999] != 0 {
		t.Error("begins or ends with a click")
	}
	if got := drain(t, Tone(30*time.Millisecond, 0, 440, 480)); len(got) != 320 || level(got[240:]) != 0 {
		t.Error("30 ms take two frames, the last quarter silent")
	}
}

func TestNetworkTonesRepeatTheirCadence(t *testing.T) {
	for _, tt := range []struct {
		name    string
		src     Source
		on, off time.Duration
	}{
		{"ringback", Ringback(), time.Second, 2 * time.Second},
		{"busy", BusyTone(), 500 * time.Millisecond, 500 * time.Millisecond},
		// 250 ms is no whole number of frames, so each half lasts 260 ms.
		{"reorder", ReorderTone(), 260 * time.Millisecond, 260 * time.Millisecond},
	} {
		t.Run(tt.name, func(t *testing.T) {
			for range 3 {
				if on := take(tt.src, tt.on); level(on) < 500 || power(on, 400) < -30 {
					t.Errorf("no tone: level %.0f, %.0f dBFS at 400 Hz", level(on), power(on, 400))
				}
				if off := take(tt.src, tt.off); level(off) != 0 {
					t.Error("no silence")
				}
				if got := tt.src.(Captioned).Caption(); got != tt.name {
					t.Errorf("caption %q", got)
				}
			}
			if _, _, ok := tt.src.(Encoded).ReadEncoded(PCMU); !ok {
				t.Error("not encoded")
			}
		})
	}
	if got := drain(t, Beep()); power(got[800:3200], 1000) < -13 {
		t.Error("no beep")
	}
}

// hear gives the digits that a detector finds in s.
func hear(s []int16) string {
	var got strings.Builder
	d := NewDTMF(func(k byte) { got.WriteByte(k) })
	for ; len(s) >= Samples; s = s[Samples:] {
		d.Write((*Frame)(s[:Samples]))
	}
	for range dtmfGap {
		d.Write(&Frame{})
	}
	return got.String()
}

func TestKeysAreHeardInTheSound(t *testing.T) {
	all := "1234567890*#ABCD"
	src, err := DigitTones(all + "w00W1")
	if err != nil {
		t.Fatal(err)
	}
	clean := drain(t, src)
	noise := rand.New(rand.NewPCG(1, 2))
	for _, tt := range []struct {
		name string
		make func(i int, v int16) int16
	}{
		{"clean", func(_ int, v int16) int16 { return v }},
		{"through µ-law", func(_ int, v int16) int16 { return mulawDecode[mulawEncode[uint16(v)]] }},
		{"20 dB softer", func(_ int, v int16) int16 { return v / 10 }},
		{"with noise 18 dB below", func(_ int, v int16) int16 { return clip16(float64(v) + noise.NormFloat64()*1600) }},
		{"with hum", func(i int, v int16) int16 { return clip16(float64(v)*0.5 + 400*math.Sin(float64(i)*2*math.Pi*50/Rate)) }},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := make([]int16, len(clean))
			for i, v := range clean {
				s[i] = tt.make(i, v)
			}
			if got := hear(s); got != all+"001" {
				t.Errorf("heard %q, want %q", got, all+"001")
			}
			for _, shift := range []int{40, 80, 120} {
				if got := hear(append(make([]int16, shift), s...)); got != all+"001" {
					t.Errorf("shifted by %d: heard %q", shift, got)
				}
			}
		})
	}
	if _, err := DigitTones("1x"); err == nil {
		t.Error("x is a key")
	}
}

func TestWhatIsNoKeyIsNotHeardAsOne(t *testing.T) {
	rnd := rand.New(rand.NewPCG(3, 4))
	white := make([]int16, 5*Rate)
	for i := range white {
		white[i] = clip16(rnd.NormFloat64() * 4000)
	}
	// A gliding voice with many harmonics.
	glide := make([]int16, 20*Rate)
	phase := 0.0
	for i := range glide {
		phase += 2 * math.Pi * (110 + 90*math.Sin(float64(i)/9000)) / Rate
		var v float64
		for h := 1.0; h < 15; h++ {
			v += math.Sin(phase*h) / h
		}
		glide[i] = clip16(v * 6000)
	}
	for _, tt := range []struct {
		name  string
		sound []int16
	}{
		{"silence", make([]int16, Rate)},
		{"noise", white},
		{"a voice", glide},
		{"one tone of a key", drain(t, Tone(time.Second, -10, 697))},
		{"two rows", drain(t, Tone(time.Second, -10, 697, 852))},
		{"dial tone", drain(t, Tone(time.Second, -10, 350, 440))},
		{"12 dB of twist", mix(drain(t, Tone(time.Second, -6, 697)), drain(t, Tone(time.Second, -18, 1209)))},
		{"a press of 15 ms", append(drain(t, Tone(15*time.Millisecond, -10, 697, 1209)), make([]int16, 800)...)},
	} {
		if got := hear(tt.sound); got != "" {
			t.Errorf("%s is heard as %q", tt.name, got)
		}
	}
}

func mix(a, b []int16) []int16 {
	out := make([]int16, min(len(a), len(b)))
	for i := range out {
		out[i] = clip16(float64(a[i]) + float64(b[i]))
	}
	return out
}

func BenchmarkDTMF(b *testing.B) {
	s := (*Frame)(voice(Samples))
	d := NewDTMF(func(byte) {})
	b.ReportAllocs()
	for b.Loop() {
		d.Write(s)
	}
}

func TestRingTones(t *testing.T) {
	for country, on := range map[string]time.Duration{"": time.Second, "jp": time.Second, "us": 2 * time.Second, "uk": 400 * time.Millisecond, "de": time.Second, "nowhere": time.Second} {
		src := RingTone(country)
		var f Frame
		sounding := 0
		for {
			if more := src.Read(&f); !more {
				t.Fatalf("%q: the tone ends", country)
			}
			if quiet(&f) {
				break
			}
			sounding++
		}
		if got := time.Duration(sounding) * Period; got < on-Period || got > on {
			t.Errorf("%q: the tone lasts %v, want %v", country, got, on)
		}
	}
}
