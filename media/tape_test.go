package media

import (
	"math"
	"testing"
	"time"
)

// phoneCall writes d of a call to a tape: said and heard, each frame in its turn, as a leg's clock does.
func phoneCall(t *Tape, d time.Duration, said, heard Source) {
	var f Frame
	for range d / Period {
		said.Read(&f)
		t.In().Write(&f)
		heard.Read(&f)
		t.Out().Write(&f)
	}
}

func TestATapeHasBothSidesOfACall(t *testing.T) {
	for _, c := range []struct {
		name     string
		track    Track
		channels int
		want     [][2]float64 // by channel: what the telephone says at 400 Hz, what it hears at 700 Hz
	}{
		{"mono", BothTracks, 1, [][2]float64{{-20, -15}}},
		{"dual", BothTracks, 2, [][2]float64{{-20, -99}, {-99, -15}}},
		{"what it says", InTrack, 2, [][2]float64{{-20, -99}}},
		{"what it hears", OutTrack, 1, [][2]float64{{-99, -15}}},
	} {
		t.Run(c.name, func(t *testing.T) {
			tape := NewTape(c.track, c.channels, time.Minute)
			phoneCall(tape, 8*time.Second, Tone(0, -20, 400), Tone(0, -15, 700))
			got := tape.Samples()
			if len(got) != len(c.want) || tape.Channels() != len(got) {
				t.Fatalf("%d channels, want %d", len(got), len(c.want))
			}
			for i, s := range got {
				if len(s) != 8*Rate {
					t.Errorf("channel %d has %d samples", i, len(s))
				}
				for k, hz := range []float64{400, 700} {
					if level := power(s[Rate:], hz); math.Abs(level-c.want[i][k]) > 0.5 && max(level, c.want[i][k]) > -60 {
						t.Errorf("channel %d: %.1f dBFS at %.0f Hz, want %.0f", i, level, hz, c.want[i][k])
					}
				}
			}
		})
	}
}

func TestAPauseIsSilenceOrNothing(t *testing.T) {
	for _, skip := range []bool{false, true} {
		tape := NewTape(BothTracks, 1, time.Minute)
		in, out := Tone(0, -20, 400), Tone(0, -15, 700)
		phoneCall(tape, time.Second, in, out)
		tape.Pause(skip)
		phoneCall(tape, time.Second, in, out)
		tape.Resume()
		phoneCall(tape, time.Second, in, out)
		tape.Close()
		phoneCall(tape, time.Second, in, out)
		s := tape.Samples()[0]
		if want := map[bool]int{false: 3, true: 2}[skip]; len(s) != want*Rate || tape.Duration() != time.Duration(want)*time.Second {
			t.Errorf("skip %v: %d samples", skip, len(s))
			continue
		}
		if quiet := level(s[Rate+Samples : Rate*3/2]); (quiet == 0) == skip {
			t.Errorf("skip %v: level %.0f after a second", skip, quiet)
		}
		if got := power(s[len(s)-Rate/2:], 400); math.Abs(got+20) > 0.5 {
			t.Errorf("skip %v: %.1f dBFS at the end", skip, got)
		}
	}
}

func TestATapeIsPacedByWhatComesIn(t *testing.T) {
	tape := NewTape(BothTracks, 2, 2*time.Second)
	var f Frame
	said := Tone(0, -20, 400)
	for range 50 { // a second in which nothing is said to the telephone
		said.Read(&f)
		tape.In().Write(&f)
	}
	for range 20 { // a burst, of which what is too old is lost
		tape.Out().Write(&f)
	}
	for range 100 {
		said.Read(&f)
		tape.In().Write(&f)
	}
	s := tape.Samples()
	if len(s[0]) != 2*Rate || !tape.Full() {
		t.Fatalf("%d samples at most two seconds", len(s[0]))
	}
	if level(s[1][:Rate]) != 0 || level(s[1][Rate:Rate+tapeRoom*Samples]) == 0 || level(s[1][Rate+tapeRoom*Samples:]) != 0 {
		t.Error("what is heard is not where it belongs")
	}
}

func TestChannelsAreTrimmedTogether(t *testing.T) {
	a, b := make([]int16, 3*Rate), make([]int16, 3*Rate)
	for i := Rate; i < 2*Rate; i++ {
		a[i] = int16(8000 * math.Sin(float64(i)))
	}
	for i := 2 * Rate; i < 5*Rate/2; i++ {
		b[i] = int16(8000 * math.Sin(float64(i)))
	}
	got := TrimChannels([][]int16{a, b})
	if len(got[0]) != len(got[1]) || math.Abs(float64(len(got[0])-3*Rate/2)) > 400 {
		t.Errorf("%d and %d samples are left", len(got[0]), len(got[1]))
	}
	if len(TrimChannels([][]int16{make([]int16, Rate)})[0]) != 0 || TrimChannels(nil) != nil {
		t.Error("silence is kept")
	}
}

func TestTwoChannelsInAFile(t *testing.T) {
	wav := AppendWAVChannels(nil, []int16{100, 300, 500}, []int16{200, 400, 600, 800})
	mixed, err := ReadWAV(wav)
	if err != nil || len(mixed) != 3 || mixed[0] != 150 || mixed[2] != 550 {
		t.Errorf("read back %v, %v", mixed, err)
	}
	if one := AppendWAVChannels(nil, []int16{1, 2}); string(one) != string(AppendWAV(nil, []int16{1, 2})) {
		t.Error("one channel is another file")
	}
}

// A tape that runs along allocates a chunk in 5 s and nothing else.
func BenchmarkTape(b *testing.B) {
	tape := NewTape(BothTracks, 2, time.Hour)
	in, out := tape.In(), tape.Out()
	var f Frame
	for b.Loop() {
		in.Write(&f)
		out.Write(&f)
	}
}
