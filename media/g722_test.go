package media

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"math"
	"testing"
)

// through encodes and decodes samples in frames of 20 ms.
func through(samples []int16) []int16 {
	there, back := newSubband(), newSubband()
	out := make([]int16, len(samples))
	code := make([]byte, Samples)
	for at := 0; at+Samples <= len(samples); at += Samples {
		there.encode(code, samples[at:at+Samples])
		back.decode(out[at:at+Samples], code)
	}
	return out
}

// ratio is how far the difference between two sounds lies below the first, in dB.
func ratio(a, b []int16) float64 {
	var signal, noise float64
	for i := range a {
		d := float64(a[i]) - float64(b[i])
		signal += float64(a[i]) * float64(a[i])
		noise += d * d
	}
	return 10 * math.Log10(signal/max(noise, 1))
}

func TestG722TonesComeBackAsTheyWent(t *testing.T) {
	for _, frequency := range []float64{200, 300, 700, 1000, 1900, 2600, 3400} {
		for _, peak := range []float64{30000, 8000, 1000} {
			tone := sine(Rate, frequency, peak, 1)
			got := through(tone)
			if snr := ratio(tone[800:], got[800:]); snr < 30 {
				t.Errorf("%.0f Hz at %.0f: %.1f dB", frequency, peak, snr)
			} else {
				t.Logf("%.0f Hz at %.0f: %.1f dB", frequency, peak, snr)
			}
		}
	}
	sound := voice(2 * Rate)
	g711 := make([]int16, len(sound))
	for i, v := range sound {
		g711[i] = mulawDecode[mulawEncode[uint16(v)]]
	}
	wide, narrow := ratio(sound, through(sound)), ratio(sound, g711)
	t.Logf("a voice: G.722 %.1f dB, µ-law %.1f dB", wide, narrow)
	if wide < 35 {
		t.Errorf("a voice comes back with %.1f dB; µ-law does it with %.1f", wide, narrow)
	}
}

func TestG722SilenceIsSilent(t *testing.T) {
	for i, v := range through(make([]int16, Rate)) {
		if v > 16 || v < -16 {
			t.Fatalf("sample %d of silence is %d", i, v)
		}
	}
}

// wave is a sine of sorts, the same on every machine: two parabolas. The whole circle is 1<<32.
func wave(phase uint32) int {
	half := int(phase >> 16 & 0x7FFF)
	v := min(half*(0x8000-half)>>13, 32767)
	if phase>>31 != 0 {
		return -v
	}
	return v
}

// hard is a sound with everything that a codec has to bear: a sweep, noise, silence, steps from end to end, full scale.
func hard() []int16 {
	const part = 50 * Samples
	s := make([]int16, 10*part)
	seed, phase := uint32(1), uint32(0)
	for i := range s {
		seed = seed*1664525 + 1013904223
		noise := int(int32(seed) >> 16)
		hz := [...]int{200 + i%part/4, 0, 0, 0, 0, 1000, 440, 150, 0, 3900}[i/part]
		phase += uint32(hz * (1 << 32) / Rate)
		w := wave(phase)
		v := [...]int{w * 3 >> 3, noise, noise >> 8, 0, 32767 - 65535*(i/40%2), w, w >> 10, noise>>2 + w>>2, -32768, w>>2 + noise>>6}[i/part]
		s[i] = int16(min(max(v, -32768), 32767))
	}
	return s
}

// TestG722IsWhatOthersSpeak compares codes and sound, bit by bit, with those of SpanDSP (g722_encode and g722_decode with
// G722_SAMPLE_RATE_8000, which is the lower band alone, as here), whose sums stand below. baresip and FreeSWITCH speak with it.
func TestG722IsWhatOthersSpeak(t *testing.T) {
	sound := hard()
	codes := make([]byte, len(sound))
	newSubband().encode(codes, sound)
	sum := func(b []byte) string { h := sha256.Sum256(b); return hex.EncodeToString(h[:8]) }
	back := make([]int16, len(codes))
	newSubband().decode(back, codes)
	var raw bytes.Buffer
	for _, v := range back {
		raw.Write([]byte{byte(v), byte(uint16(v) >> 8)})
	}
	if got := sum(codes); got != spandspCodes {
		t.Errorf("codes are %s, SpanDSP's %s", got, spandspCodes)
	}
	if got := sum(raw.Bytes()); got != spandspSound {
		t.Errorf("sound is %s, SpanDSP's %s", got, spandspSound)
	}
}

func TestWhoDecodesRemembersWhatTheEncoderDoes(t *testing.T) {
	sound := voice(50 * Samples)
	there, back, made := newSubband(), newSubband(), newSubband()
	code, out := make([]byte, Samples), make([]int16, Samples)
	for at := 0; at < len(sound); at += Samples {
		there.encode(code, sound[at:at+Samples])
		back.decode(out, code)
		made.follow(sound[at : at+Samples])
		if *there != *back || *there != *made {
			t.Fatalf("after %d samples they remember something else", at+Samples)
		}
	}
}

func TestAMouthSpeaksG722(t *testing.T) {
	var m Mouth
	var j Jitter
	clip := NewClip(voice(100*Samples), "voice")
	m.Play(clip.Source())
	var got []int16
	payload := make([]byte, Samples)
	var f Frame
	for i := range 120 {
		if said := m.Next(uint32(i*Samples), G722, true, payload); said.Len != Samples || said.Event {
			t.Fatalf("frame %d: %+v", i, said)
		}
		j.Put(uint32(i*Samples), payload, G722)
		if j.Get(&f) {
			got = append(got, f[:]...)
		}
	}
	n := 100 * Samples
	if snr := ratio(clip.Samples()[:n], got[:n]); snr < 30 {
		t.Errorf("%.1f dB", snr)
	}
	if l := level(got[len(got)-5*Samples:]); l > 20 {
		t.Errorf("after the end there is a level of %.0f", l)
	}
	if j.Stats().Concealed != 0 {
		t.Errorf("%+v", j.Stats())
	}
}

// FuzzG722: whatever comes, the memory stays within its bounds, and a good sound that follows is understood.
func FuzzG722(f *testing.F) {
	f.Add([]byte{0, 255, 4, 63, 32, 31}, true)
	f.Add(bytes.Repeat([]byte{4}, 500), false)
	f.Fuzz(func(t *testing.T, b []byte, wide bool) {
		w := newSubband()
		out := make([]int16, len(b))
		if wide {
			w.decode(out, b)
		} else {
			for i := range out {
				out[i] = int16(b[i]) << 8
			}
			w.encode(make([]byte, len(b)), out)
		}
		if w.nb < 0 || w.nb > mostLog || w.det < firstStep || w.det > 16384 {
			t.Fatalf("step %d, logarithm %d", w.det, w.nb)
		}
		for _, v := range append(append(w.d[:], w.b[:]...), w.s, w.sz, w.a[1], w.a[2]) {
			if v < -32768 || v > 32767 {
				t.Fatalf("%d is out of range: %+v", v, *w)
			}
		}
		// Both begin in whatever state that was.
		there, back := *w, *w
		sound, code := voice(Rate), make([]byte, Rate)
		there.encode(code, sound)
		heard := make([]int16, len(code))
		back.decode(heard, code)
		if snr := ratio(sound[3*Rate/4:], heard[3*Rate/4:]); snr < 25 {
			t.Errorf("a voice after it comes back with %.1f dB", snr)
		}
	})
}

func BenchmarkG722Encode(b *testing.B) {
	w, sound, code := newSubband(), voice(Samples), make([]byte, Samples)
	b.ReportAllocs()
	for b.Loop() {
		w.encode(code, sound)
	}
}

func BenchmarkG722Decode(b *testing.B) {
	w, sound, code := newSubband(), voice(Samples), make([]byte, Samples)
	newSubband().encode(code, sound)
	b.ReportAllocs()
	for b.Loop() {
		w.decode(sound, code)
	}
}

// What SpanDSP 0.0.6 makes of hard().
const (
	spandspCodes = "75571964f2bb5109"
	spandspSound = "afd0e8ce966e50cd"
)
