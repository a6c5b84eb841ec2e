package media

import (
	"fmt"
	"math"
	"testing"
	"time"
)

func TestACoachIsHeardByOneAlone(t *testing.T) {
	p := gathering(Tone(0, -20, 400), Tone(0, -20, 700), Tone(0, -20, 1100))
	coach, pupil := p.ports[0], p.ports[1]
	coach.Coach(pupil)
	p.talk(2 * time.Second)
	for i, want := range [][3]float64{{-99, -20, -20}, {-20, -99, -20}, {-99, -20, -99}} {
		for k, hz := range []float64{400, 700, 1100} {
			if got := power(p.heard[i][Rate:], hz); (got > -60) != (want[k] > -60) || want[k] > -60 && math.Abs(got-want[k]) > 0.7 {
				t.Errorf("member %d hears %.0f Hz at %.1f dBFS, want %.0f", i, hz, got, want[k])
			}
		}
	}
	pupil.Leave()
	from := len(p.heard[2])
	p.talk(time.Second)
	if got := power(p.heard[2][from:], 400); got > -60 {
		t.Errorf("whose pupil has left is heard by all at %.1f dBFS", got)
	}
	coach.Coach(nil)
	p.talk(time.Second)
	if got := power(p.heard[2][len(p.heard[2])-Rate/2:], 400); math.Abs(got+20) > 0.7 {
		t.Errorf("no coach any more, heard at %.1f dBFS", got)
	}
}

func TestWhatACoachSaysIsForOneAloneInEveryCodecAndInWords(t *testing.T) {
	var m Mixer
	coach, pupil, other := join(&m), join(&m), join(&m)
	coach.Coach(pupil)
	said := Tone(0, -20, 400)
	var f Frame
	for range 5 {
		said.Read(&f)
		coach.WriteCaptioned(&f, "psst")
		loud, _, _ := pupil.ReadEncoded(PCMU)
		if words := pupil.Caption(); words != "psst" {
			t.Fatalf("the pupil hears %q", words)
		}
		PCMU.Decode(&f, loud)
		if amplitude(&f) < audible {
			t.Fatal("the pupil hears nothing")
		}
		other.Read(&f)
		coach.Read(&f)
		if words := other.Caption() + coach.Caption(); words != "" || amplitude(&f) > 0 {
			t.Fatalf("the others hear %q", words)
		}
	}
}

func TestWhoSpeaksIsTold(t *testing.T) {
	p := gathering(Sequence(Silence(time.Second), Tone(time.Second, -20, 400), Silence(2*time.Second), Tone(time.Second, -20, 400)), nil)
	var told []string
	rounds := 0
	p.ports[0].Spoke(func(on bool) { told = append(told, fmt.Sprint(on, rounds/50)) })
	for range 5 * 50 {
		p.talk(Period)
		rounds++
	}
	p.ports[0].Mute(true)
	if got := fmt.Sprint(told); got != "[true 1 false 2 true 4 false 5]" {
		t.Errorf("told %s", got)
	}
}

func TestAConferenceIsRecordedAsEverybodyHearsIt(t *testing.T) {
	p := gathering(Tone(0, -20, 400), Tone(0, -20, 700), Tone(0, -20, 1100), Tone(0, -20, 1500))
	p.ports[2].Coach(p.ports[0])
	p.ports[3].Wait(Tone(0, -20, 1900))
	r := NewRecorder(time.Minute)
	p.mixer.Record(r)
	p.talk(2 * time.Second)
	p.mixer.Record(nil)
	p.talk(time.Second)
	s := r.Samples()
	if len(s) != 2*Rate {
		t.Errorf("%d samples of two seconds", len(s))
	}
	for _, want := range []struct {
		hz    float64
		heard bool
	}{{400, true}, {700, true}, {1100, false}, {1500, false}, {1900, false}} {
		if got := power(s[Rate:], want.hz); (got > -60) != want.heard {
			t.Errorf("%.0f Hz at %.1f dBFS", want.hz, got)
		}
	}
}
