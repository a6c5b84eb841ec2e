package media_test

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/kaden-project/kaden/media"
	"github.com/kaden-project/kaden/media/mediatest"
)

// vowels is n seconds of something like it: vowels of changing pitch with pauses between the words.
func vowels(n int) []int16 {
	s := make([]int16, n*media.Rate)
	chance := rand.New(rand.NewPCG(7, 9))
	phase, pitch := 0.0, 120.0
	var formants [2]float64
	for i := range s {
		if i%1200 == 0 { // a syllable
			pitch = 100 + 60*chance.Float64()
			formants = [2]float64{300 + 500*chance.Float64(), 1000 + 1500*chance.Float64()}
		}
		within := float64(i%1200) / 1200
		phase += pitch * (1 - 0.1*within) / media.Rate
		loud := math.Sin(math.Pi * within)
		if i/1200%7 == 6 {
			loud = 0
		}
		var v float64
		for h := 1.0; h*pitch < 3400; h++ {
			f := h * pitch
			gain := 1/(1+math.Pow((f-formants[0])/150, 2)) + 0.5/(1+math.Pow((f-formants[1])/200, 2))
			v += gain * math.Sin(2*math.Pi*h*phase)
		}
		s[i] = int16(max(-32000, min(32000, 9000*loud*v)))
	}
	return s
}

// TestSpeechSurvivesLoss prints what is left of speech when packets are lost, one by one and in bursts, in each codec. What
// is made up counts for what it replaces, and the rest must not suffer.
func TestSpeechSurvivesLoss(t *testing.T) {
	said := vowels(20)
	clip := media.NewClip(said, "speech")
	for _, codec := range []media.Codec{media.PCMU, media.G722} {
		for _, loss := range []struct {
			percent int
			burst   float64 // packets lost in a row, on average
			least   float64 // score
		}{{0, 1, 0.98}, {5, 1, 0.93}, {5, 3, 0.90}, {10, 1, 0.90}, {10, 3, 0.85}, {20, 1, 0.82}, {20, 3, 0.75}} {
			chance := rand.New(rand.NewPCG(1, uint64(loss.percent)))
			var mouth media.Mouth
			mouth.Play(clip.Source())
			var jitter media.Jitter
			var heard []int16
			var f media.Frame
			payload := make([]byte, media.Samples)
			away, lost := false, 0
			for i := range len(said) / media.Samples {
				mouth.Next(uint32(i*media.Samples), codec, true, payload)
				begin := float64(loss.percent) / 100 / (1 - float64(loss.percent)/100) / loss.burst
				if roll := chance.Float64(); away {
					away = roll >= 1/loss.burst
				} else {
					away = roll < begin
				}
				if away {
					lost++
				} else {
					jitter.Put(uint32(i*media.Samples), payload, codec)
				}
				jitter.Get(&f)
				heard = append(heard, f[:]...)
			}
			m := mediatest.Find(heard, said[:len(said)-media.Rate])
			t.Logf("%s, %4.1f %% lost, bursts of %.0f: score %.3f, %d frames made up", codec, 100*float64(lost)/float64(len(said)/media.Samples), loss.burst, m.Score, jitter.Stats().Concealed)
			if m.Score < loss.least {
				t.Errorf("%s with %d %% lost in bursts of %.0f: score %.3f, want %.2f", codec, loss.percent, loss.burst, m.Score, loss.least)
			}
		}
	}
}

// A far end that saves its silence says so by comfort noise: what is heard of it meanwhile is noise of that level, and
// neither the last sound again nor a dead line; nothing counts as lost sound.
func TestComfortNoiseIsHeardInThePauses(t *testing.T) {
	said := vowels(2)
	var j media.Jitter
	var f media.Frame
	level := func() float64 {
		var e float64
		for _, v := range f {
			e += float64(v) * float64(v)
		}
		return math.Sqrt(e / media.Samples)
	}
	payload := make([]byte, media.Samples)
	ts := uint32(1000)
	talk := func(frames int) {
		for i := range frames {
			copy(f[:], said[i*media.Samples:])
			media.PCMU.Encode(payload, &f)
			j.Put(ts, payload, media.PCMU)
			ts += media.Samples
			j.Get(&f)
		}
	}
	talk(20)
	concealed := j.Stats().Concealed
	for _, below := range []struct {
		payload []byte
		want    float64
	}{{[]byte{50}, 32767 * math.Pow(10, -50.0/20)}, {[]byte{70, 1, 2, 3}, 32767 * math.Pow(10, -70.0/20)}, {[]byte{5}, 32767 * math.Pow(10, -40.0/20)}, {nil, 0}} {
		j.Hush(below.payload)
		for i := range 100 {
			ts += media.Samples
			if heard := j.Get(&f); i > 5 && (heard || level() > 1.2*below.want+1 || level() < 0.8*below.want-1) {
				t.Fatalf("comfort noise %v, frame %d: level %.1f, want %.1f", below.payload, i, level(), below.want)
			}
		}
	}
	if now := j.Stats().Concealed; now != concealed {
		t.Errorf("%d frames of silence were made up", now-concealed)
	}
	talk(20)
	if level() < 500 {
		t.Errorf("who speaks again is not heard: level %.0f", level())
	}
	// Without a word of it: the sound fades, and comes back.
	for range 50 {
		ts += media.Samples
		j.Get(&f)
	}
	if level() != 0 {
		t.Errorf("silence without comfort noise has level %.1f", level())
	}
	talk(20)
	if level() < 500 {
		t.Errorf("who speaks again is not heard: level %.0f", level())
	}
}
