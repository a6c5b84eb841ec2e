package media

import (
	"fmt"
	"math"
	"runtime"
	"strings"
	"testing"
	"time"
)

// party is some people in a Mixer, each with something to say, and what each has heard.
type party struct {
	mixer Mixer
	ports []*Port
	says  []Source // nil: its leg sends nothing at all
	heard [][]int16
}

func gathering(says ...Source) *party {
	p := &party{says: says, heard: make([][]int16, len(says))}
	for range says {
		p.ports = append(p.ports, join(&p.mixer))
	}
	return p
}

// join takes somebody in who has read the round that was open then.
func join(m *Mixer) *Port {
	var f Frame
	p := m.Join()
	p.Read(&f)
	return p
}

// say lets one speak for 20 ms, hear lets it listen for as long.
func (p *party) say(i int) {
	if p.says[i] == nil {
		return
	}
	var f Frame
	p.says[i].Read(&f)
	p.ports[i].Write(&f)
}

func (p *party) hear(i int) {
	var f Frame
	p.ports[i].Read(&f)
	p.heard[i] = append(p.heard[i], f[:]...)
}

func (p *party) talk(d time.Duration) {
	for range d / Period {
		for i := range p.ports {
			p.say(i)
			p.hear(i)
		}
	}
}

func TestEachHearsAllButItself(t *testing.T) {
	hz := []float64{400, 700, 1100}
	p := gathering(Tone(0, -15, hz[0]), Tone(0, -15, hz[1]), Tone(0, -15, hz[2]), nil)
	p.talk(2 * time.Second)
	for i, heard := range p.heard {
		for k, f := range hz {
			got := power(heard[Rate/2:], f)
			switch {
			case i == k && got > -60:
				t.Errorf("member %d hears itself, %.1f dBFS", i, got)
			case i != k && math.Abs(got+15) > 0.5:
				t.Errorf("member %d hears member %d at %.1f dBFS, want -15", i, k, got)
			}
		}
	}
}

func TestOneVoiceAlonePassesAsItIs(t *testing.T) {
	said := voice(Rate)
	p := gathering(NewClip(said, "").Source(), nil, nil)
	p.talk(time.Second)
	for _, i := range []int{1, 2} {
		// The first to come opens the round: this voice is a round late for nobody here.
		for at, v := range p.heard[i] {
			if v != said[at] {
				t.Fatalf("member %d: sample %d is %d, want %d", i, at, v, said[at])
			}
		}
	}
}

func TestTenShoutAtOnceAndNothingIsClipped(t *testing.T) {
	var says []Source
	for i := range 10 {
		says = append(says, Tone(0, 0, 310+float64(i)*190)) // full scale, each
	}
	p := gathering(append(says, nil)...)
	p.talk(3 * time.Second)
	for i, heard := range p.heard {
		top := int16(0)
		for _, v := range heard[2*Samples+mixAttack:] { // all are there from the second frame on
			top = max(top, v, -v)
		}
		if float64(top) > mixCeiling*mixRelease {
			t.Errorf("member %d: peak %d once the gain has fallen, want at most %d", i, top, mixCeiling)
		}
		// What a saturating sum would put where nobody speaks.
		s := heard[2*Rate:]
		loud, between := power(s, 310+190*float64((i+1)%10)), power(s, 405)
		if loud-between < 40 {
			t.Errorf("member %d: a voice at %.1f dBFS, and %.1f dBFS where nobody speaks", i, loud, between)
		}
	}
}

func TestLoudnessComesBackAfterTheShouting(t *testing.T) {
	p := gathering(Tone(0, -20, 400), Sequence(Tone(time.Second, 0, 700), Silence(time.Hour)), Sequence(Tone(time.Second, 0, 900), Silence(time.Hour)), nil)
	p.talk(5 * time.Second)
	if got := power(p.heard[3][:Rate], 400); got > -22 {
		t.Errorf("%.1f dBFS while others shout, want less than -22", got)
	}
	if got := power(p.heard[3][4*Rate:], 400); math.Abs(got+20) > 0.2 {
		t.Errorf("%.1f dBFS afterwards, want -20", got)
	}
}

func TestTheNoiseOfLinesIsNotAddedUp(t *testing.T) {
	var says []Source
	for range 50 {
		says = append(says, Tone(0, -60, 50)) // hum
	}
	says[0] = Sequence(Tone(time.Second, -20, 400), Tone(0, -60, 50))
	p := gathering(says...)
	p.talk(3 * time.Second)
	if got := power(p.heard[9][:Rate], 50); got > -55 {
		t.Errorf("hum at %.1f dBFS under a voice", got)
	}
	if got := level(p.heard[9][2*Rate:]); got != 0 {
		t.Errorf("level %.1f where nobody speaks, want silence", got)
	}
}

func TestTheEndOfAWordIsNotCutOff(t *testing.T) {
	word := make([]int16, Rate)
	for i := range word { // dies away over a second
		word[i] = int16(8000 * math.Exp(-6*float64(i)/Rate) * math.Sin(2*math.Pi*300*float64(i)/Rate))
	}
	p := gathering(NewClip(word, "").Source(), nil)
	p.talk(time.Second)
	for i, v := range p.heard[1] {
		if v != word[i] {
			t.Fatalf("sample %d is %d, want %d", i, v, word[i])
		}
	}
}

func TestAMemberWhoComesLateOrNotAtAllHoldsNobodyUp(t *testing.T) {
	p := gathering(Tone(0, -15, 400), Tone(0, -15, 700), Tone(0, -15, 1100))
	for round := range 200 {
		p.say(0)
		p.hear(0)
		if round < 50 || round >= 100 { // a second without a frame from this one, and it hears nothing either
			p.say(1)
			p.hear(1)
		}
		if round%4 == 3 { // a shard that catches up
			for range 4 {
				p.say(2)
				p.hear(2)
			}
		}
	}
	if n := len(p.heard[0]); n != 200*Samples {
		t.Fatalf("%d samples heard", n)
	}
	if got := power(p.heard[0][60*Samples:100*Samples], 700); got > -50 {
		t.Errorf("the absent one is heard at %.1f dBFS", got)
	}
	if got := power(p.heard[0][110*Samples:], 700); math.Abs(got+15) > 1 {
		t.Errorf("the one who is back is heard at %.1f dBFS, want -15", got)
	}
	// The one in bursts loses what does not wait, and hears everything.
	if got := power(p.heard[2][:50*Samples], 700); math.Abs(got+15) > 1.5 {
		t.Errorf("the late one hears %.1f dBFS, want -15", got)
	}
}

func TestDelayShrinksAgain(t *testing.T) {
	p := gathering(nil, nil)
	p.hear(0)
	word := ramp(Samples)
	p.says[1] = NewClip(make([]int16, 0), "").Source()
	for range maxQueue {
		p.say(1) // a burst: three frames wait
	}
	for range 2 * calmTicks {
		p.say(1)
		p.hear(0)
	}
	var f Frame
	copy(f[:], word)
	f[0] = 20000
	p.ports[1].Write(&f)
	from := len(p.heard[0])
	for range maxQueue {
		p.hear(0)
		p.say(1)
	}
	for i, v := range p.heard[0][from:] {
		if v == 20000 {
			if i/Samples > 1 {
				t.Errorf("it waited %d rounds, want at most 1", i/Samples)
			}
			return
		}
	}
	t.Error("never heard")
}

func TestWhoStaysBehindSkips(t *testing.T) {
	p := gathering(Tone(0, -15, 400), nil)
	p.talk(time.Second)
	for range 3 { // the second misses three rounds, and goes on in step
		p.say(0)
		p.hear(0)
	}
	m, late := &p.mixer, p.ports[1]
	if m.newest-late.at != 3 {
		t.Fatalf("%d rounds behind", m.newest-late.at)
	}
	p.talk(2 * time.Second)
	if m.newest-late.at != 0 {
		t.Errorf("still %d rounds behind", m.newest-late.at)
	}
	for range 20 * keptRounds {
		p.hear(0)
	}
	p.hear(1)
	if m.newest != late.at {
		t.Errorf("%d rounds behind after a long absence", m.newest-late.at)
	}
}

func TestMutedIsNotHeardAndHears(t *testing.T) {
	p := gathering(Tone(0, -15, 400), Tone(0, -15, 700))
	p.ports[0].Mute(true)
	p.talk(time.Second)
	if got := level(p.heard[1]); got != 0 {
		t.Errorf("the muted one is heard, level %.0f", got)
	}
	if got := power(p.heard[0], 700); math.Abs(got+15) > 0.5 {
		t.Errorf("the muted one hears %.1f dBFS", got)
	}
	if p.ports[0].Speaking() || !p.ports[1].Speaking() {
		t.Error("who speaks is not known")
	}
	p.ports[0].Mute(false)
	p.talk(time.Second)
	if got := power(p.heard[1][Rate:], 400); math.Abs(got+15) > 0.5 {
		t.Errorf("heard at %.1f dBFS after that", got)
	}
}

func TestWhoWaitsHearsTheSoundAndNobodyElse(t *testing.T) {
	p := gathering(Tone(0, -15, 400), Tone(0, -15, 700))
	p.ports[1].Wait(Tone(time.Second, -15, 1100))
	p.talk(2 * time.Second)
	if got := power(p.heard[1][:Rate], 1100); math.Abs(got+15) > 0.5 {
		t.Errorf("the sound at %.1f dBFS", got)
	}
	if got := power(p.heard[1], 400); got > -50 {
		t.Errorf("the others at %.1f dBFS", got)
	}
	if got := level(p.heard[1][Rate:]) + level(p.heard[0]); got != 0 {
		t.Errorf("level %.0f after the sound and at the others", got)
	}
	p.ports[1].Wait(nil)
	p.hear(1)
	p.talk(time.Second)
	if got := power(p.heard[0][2*Rate:], 700); math.Abs(got+15) > 0.5 {
		t.Errorf("taken in, it is heard at %.1f dBFS", got)
	}
}

func TestSoundsForAllAreHeardByAll(t *testing.T) {
	p := gathering(Tone(0, -30, 400), nil)
	p.mixer.Play(nil)
	p.mixer.Play(Beep())
	p.mixer.Play(Tone(time.Second, -20, 700))
	p.talk(2 * time.Second)
	for i, heard := range p.heard {
		if got := power(heard[:Rate/2], 1000); math.Abs(got+12) > 0.5 {
			t.Errorf("member %d hears the beep at %.1f dBFS", i, got)
		}
		if got := power(heard[:Rate], 700); math.Abs(got+20) > 0.5 {
			t.Errorf("member %d hears the announcement at %.1f dBFS", i, got)
		}
		if got := power(heard[Rate:], 700); got > -60 {
			t.Errorf("member %d: it goes on", i)
		}
	}
	if len(p.mixer.sounds) != 0 {
		t.Error("sounds are kept after their end")
	}
}

func TestWordsGoThroughTheMix(t *testing.T) {
	var m Mixer
	a, b, c := join(&m), join(&m), join(&m)
	m.Play(Beep())
	var silent, f Frame
	for range 2 {
		a.WriteCaptioned(&silent, "disk full")
		b.WriteCaptioned(&silent, "yes")
		for port, want := range map[*Port]string{a: "yes + beep", b: "disk full + beep", c: "disk full + yes + beep"} {
			port.Read(&f)
			if got := port.Caption(); got != want {
				t.Errorf("heard %q, want %q", got, want)
			}
		}
	}
	b.Leave()
	if a.Read(&f); a.Caption() != "beep" {
		t.Errorf("after the end: %q", a.Caption())
	}
	if b.Read(&f) || b.Caption() != "" {
		t.Error("who has left still hears")
	}
	b.Leave()
	b.WriteCaptioned(&silent, "hello?")
	c.Wait(NewClip(nil, "music").Source())
	c.Read(&f)
	if c.Caption() != "music" {
		t.Errorf("waits with %q", c.Caption())
	}
}

func TestMixIsTheSameInEveryCodec(t *testing.T) {
	for _, codec := range []Codec{PCMU, PCMA} {
		var m Mixer
		talker, other, plain, coded := join(&m), join(&m), join(&m), join(&m)
		said, also := Tone(0, -15, 400), Tone(0, -18, 900)
		var f Frame
		for range 50 {
			said.Read(&f)
			talker.Write(&f)
			also.Read(&f)
			other.Write(&f)
			for _, pair := range [][2]*Port{{plain, coded}} {
				pair[0].Read(&f)
				var want [Samples]byte
				codec.Encode(want[:], &f)
				got, more, ok := pair[1].ReadEncoded(codec)
				if !more || !ok || string(got) != string(want[:]) {
					t.Fatalf("%v: the encoded mix is another", codec)
				}
			}
			if got, _, _ := talker.ReadEncoded(codec); string(got) == string(m.rounds[talker.at%keptRounds].encoded[0][:]) {
				t.Fatalf("%v: a talker hears itself", codec)
			}
			other.Read(&f)
		}
		coded.Leave()
		if got, more, ok := coded.ReadEncoded(codec); more || !ok || got[0] != codec.Silence() {
			t.Errorf("%v: who has left hears something", codec)
		}
		plain.Wait(Tone(2*Period, -10, 400))
		loud, _, _ := plain.ReadEncoded(codec)
		if f = (Frame{}); string(loud) == string(silence(codec)) {
			t.Errorf("%v: no waiting sound", codec)
		}
		plain.Wait(Waiting())
		if _, more, ok := plain.ReadEncoded(codec); !more || !ok {
			t.Errorf("%v: an encoded waiting sound cannot be read", codec)
		}
	}
	var m Mixer
	if _, _, ok := m.Join().ReadEncoded(Codec(3)); ok {
		t.Error("GSM is served")
	}
}

func TestWaitingSoundIsSoftAndWithoutClicks(t *testing.T) {
	s := take(Waiting(), 16*time.Second)
	if got := ActiveLevel(s); got > -26 || got < -40 {
		t.Errorf("active level %.1f dBFS", got)
	}
	step := 0
	for i := 1; i < len(s); i++ {
		d := int(s[i]) - int(s[i-1])
		step = max(step, d, -d)
	}
	if step > 1500 {
		t.Errorf("a step of %d between two samples", step)
	}
	if got := power(take(LeaveBeep(), 360*time.Millisecond), 440); got < -25 {
		t.Errorf("the beep of who leaves has %.1f dBFS at 440 Hz", got)
	}
}

// conference is so many members of whom some speak. step is 20 ms of all of them.
func conference(members, talkers int) (step func(c Codec)) {
	var m Mixer
	said := NewClip(voice(10*Rate), "")
	frames := make([]Frame, members)
	sources := make([]Source, members)
	ports := make([]*Port, members)
	for i := range ports {
		ports[i] = m.Join()
		sources[i] = Silence(1 << 62)
		if i < talkers {
			sources[i] = Repeat(0, said.Source)
		}
	}
	return func(c Codec) {
		for i, p := range ports {
			sources[i].Read(&frames[i])
			p.Write(&frames[i])
			p.ReadEncoded(c)
		}
	}
}

func TestMixingAllocatesNothing(t *testing.T) {
	step := conference(20, 5)
	for range 10 {
		step(PCMU)
	}
	if n := testing.AllocsPerRun(100, func() { step(PCMU); step(PCMA) }); n != 0 {
		t.Errorf("%v allocations for 40 ms", n)
	}
}

// BenchmarkConference is 20 ms of a conference, and what a member costs for a second of it.
func BenchmarkConference(b *testing.B) {
	for _, bc := range []struct{ members, talkers int }{{3, 1}, {10, 2}, {50, 1}, {50, 3}, {50, 50}, {250, 3}} {
		b.Run(fmt.Sprintf("%d members, %d speak", bc.members, bc.talkers), func(b *testing.B) {
			step := conference(bc.members, bc.talkers)
			step(PCMU)
			b.ReportAllocs()
			for b.Loop() {
				step(PCMU)
			}
			perFrame := float64(b.Elapsed().Nanoseconds()) / float64(b.N) / float64(bc.members)
			b.ReportMetric(perFrame*50/1e6, "ms/member-s")
		})
	}
}

// BenchmarkPortMemory is what a member's place takes.
func BenchmarkPortMemory(b *testing.B) {
	var before, after runtime.MemStats
	const members = 1000
	for b.Loop() {
		runtime.GC()
		runtime.ReadMemStats(&before)
		var m Mixer
		for range members {
			m.Join()
		}
		runtime.GC()
		runtime.ReadMemStats(&after)
		runtime.KeepAlive(&m)
	}
	b.ReportMetric(float64(after.HeapAlloc-before.HeapAlloc)/members, "B/member")
}

func TestWhoComesDoesNotHurryTheOthersOn(t *testing.T) {
	p := gathering(Tone(0, -15, 400), nil)
	p.talk(time.Second)
	for range 10 { // in the middle of a round
		p.says, p.heard = append(p.says, nil), append(p.heard, nil)
		p.ports = append(p.ports, p.mixer.Join())
		p.hear(len(p.ports) - 1)
	}
	for i, port := range p.ports[:2] {
		if behind := p.mixer.newest - port.at; behind != 0 {
			t.Errorf("member %d is %d rounds behind", i, behind)
		}
	}
}

// Whatever members do in whatever order, nobody hears itself or somebody who has left, and nobody is kept waiting.
func FuzzMixer(f *testing.F) {
	f.Add([]byte{0, 1, 2, 17, 18, 33, 34, 1, 2, 49, 65, 81, 2, 18})
	f.Add([]byte("late members come in bursts\x01\x01\x01\x01\x11\x11\x11\x11"))
	f.Fuzz(func(t *testing.T, does []byte) {
		var m Mixer
		var ports []*Port
		var gone []bool
		var frame Frame
		for i := range frame {
			frame[i] = int16(i * 90)
		}
		name := func(i int) string { return fmt.Sprintf("<%d>", i) }
		for _, b := range does {
			if len(ports) == 0 || b == 0 {
				ports, gone = append(ports, m.Join()), append(gone, false)
				continue
			}
			i := int(b&15) % len(ports)
			p := ports[i]
			switch b >> 4 % 9 {
			case 0, 1, 2:
				p.WriteCaptioned(&frame, name(i))
			case 3, 4:
				var heard Frame
				if p.Read(&heard) == gone[i] {
					t.Fatalf("member %d: read says more %v, left %v", i, gone[i], gone[i])
				}
				for k := range ports {
					if strings.Contains(p.Caption(), name(k)) && (k == i || gone[k]) {
						t.Fatalf("member %d hears %s", i, p.Caption())
					}
				}
			case 5:
				if _, more, ok := p.ReadEncoded(Codec(b & 8)); ok && more == gone[i] {
					t.Fatalf("member %d: encoded says more %v, left %v", i, more, gone[i])
				}
			case 6:
				p.Mute(b&8 == 0)
			case 7:
				if b&8 == 0 {
					p.Wait(nil)
				} else {
					p.Wait(Beep())
				}
			case 8:
				p.Leave()
				gone[i] = true
			}
		}
	})
}
