package mediatest

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/kaden-project/kaden/media"
)

// babble is n samples that sound a little like speech: syllables of changing pitch and timbre.
func babble(seed uint64, n int) []int16 {
	rnd := rand.New(rand.NewPCG(seed, 1))
	out := make([]int16, 0, n)
	phase := 0.0
	for len(out) < n {
		length, pitch, tilt := 800+rnd.IntN(1600), 90+rnd.Float64()*80, 0.5+rnd.Float64()
		formant := 1 + rnd.Float64()*12
		for i := range length {
			phase += 2 * math.Pi * pitch * (1 + 0.1*float64(i)/float64(length)) / media.Rate
			v := 0.0
			for h := 1.0; h < 20; h++ {
				v += math.Sin(phase*h) / math.Pow(h, tilt) / (1 + math.Abs(h-formant)/3)
			}
			out = append(out, int16(4000*v*math.Sin(math.Pi*float64(i)/float64(length))))
		}
		out = append(out, make([]int16, rnd.IntN(800))...)
	}
	return out[:n]
}

// phone is what a recording makes of s: µ-law, noise, and offset samples of silence before.
func phone(s []int16, offset int) []int16 {
	rnd := rand.New(rand.NewPCG(9, 9))
	padded := append(make([]int16, offset), s...)
	padded = append(padded, make([]int16, 5000)...)
	var out []int16
	var f media.Frame
	var b [media.Samples]byte
	for at := 0; at+media.Samples <= len(padded); at += media.Samples {
		copy(f[:], padded[at:])
		for i := range f {
			f[i] += int16(rnd.NormFloat64() * 20)
		}
		media.PCMU.Encode(b[:], &f)
		media.PCMU.Decode(&f, b[:])
		out = append(out, f[:]...)
	}
	return out
}

func TestTheMessageIsFoundInARecordingOfIt(t *testing.T) {
	message := babble(1, 40_000)
	got := Find(phone(message, 12_345), message)
	if got.Score < 0.97 || got.Offset != 12_345 {
		t.Errorf("%+v, want offset 12345 and a score near 1", got)
	}
}

func TestOneSampleOfJitterAndALostPacketDoNotHide(t *testing.T) {
	message := babble(1, 40_000)
	rec := phone(message, 2000)
	clear(rec[10_000:10_160])                          // a lost packet
	rec = append(rec[:20_000:20_000], rec[20_160:]...) // a frame left out by a jitter buffer
	if got := Find(rec, message); got.Score < 0.85 || got.Offset != 2000 {
		t.Errorf("%+v", got)
	}
	if _, whole := Correlate(rec, message); whole > 0.85 {
		t.Errorf("in one piece it scores %.2f: the test tests nothing", whole)
	}
}

func TestAnythingElseIsNotFound(t *testing.T) {
	message := babble(1, 40_000)
	rnd := rand.New(rand.NewPCG(5, 5))
	noise := make([]int16, 60_000)
	for i := range noise {
		noise[i] = int16(rnd.NormFloat64() * 3000)
	}
	for name, rec := range map[string][]int16{
		"other words":      phone(babble(2, 40_000), 500),
		"noise":            noise,
		"silence":          make([]int16, 60_000),
		"a very faint hum": babbleQuiet(message),
		"nothing":          nil,
		"half the message": phone(message[:16_000], 0),
	} {
		if got := Find(rec, message); got.Score > 0.6 {
			t.Errorf("%s: %+v", name, got)
		}
	}
	if got := Find(noise, nil); got.Score != 0 {
		t.Errorf("an empty message scores %+v", got)
	}
}

// babbleQuiet has other words at a hundredth of the level.
func babbleQuiet(like []int16) []int16 {
	s := babble(3, len(like))
	for i := range s {
		s[i] /= 100
	}
	return s
}
