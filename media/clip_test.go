package media

import (
	"bytes"
	"slices"
	"testing"
	"time"
)

// ramp is n samples that are all different and survive no mix-up.
func ramp(n int) []int16 {
	s := make([]int16, n)
	for i := range s {
		s[i] = int16(i*37%20000 - 10000)
	}
	return s
}

// drain reads src to its end and gives all its frames in a row.
func drain(t *testing.T, src Source) []int16 {
	t.Helper()
	var all []int16
	var f Frame
	for range 100_000 {
		more := src.Read(&f)
		all = append(all, f[:]...)
		if !more {
			return all
		}
	}
	t.Fatal("a Source that does not end")
	return nil
}

func TestClipPlaysAllOfItselfAndFillsTheLastFrameWithSilence(t *testing.T) {
	for _, n := range []int{0, 1, 159, 160, 161, 1000} {
		c := NewClip(ramp(n), "words")
		got := drain(t, c.Source())
		frames := max(1, (n+159)/160)
		if len(got) != frames*160 || !slices.Equal(got[:n], c.Samples()) || slices.ContainsFunc(got[n:], func(v int16) bool { return v != 0 }) {
			t.Errorf("%d samples came back as %d", n, len(got))
		}
		if c.Duration() != time.Duration(n)*125*time.Microsecond {
			t.Errorf("%d samples last %v", n, c.Duration())
		}
		for _, codec := range []Codec{PCMU, PCMA} {
			src := c.Source().(Encoded)
			var enc []byte
			for more := true; more; {
				p, m, ok := src.ReadEncoded(codec)
				if !ok || len(p) != 160 {
					t.Fatalf("%v: %d bytes, %v", codec, len(p), ok)
				}
				enc, more = append(enc, p...), m
			}
			if !bytes.Equal(enc, c.Encoded(codec)) || len(enc) != frames*160 {
				t.Errorf("%v of %d samples: %d bytes", codec, n, len(enc))
			}
			if p, more, ok := src.ReadEncoded(codec); !ok || more || p[0] != codec.Silence() {
				t.Error("after the end there is something")
			}
		}
		if _, _, ok := c.Source().(Encoded).ReadEncoded(9); ok {
			t.Error("serves G.722")
		}
	}
}

func TestAClipIsEncodedOnceForAllItsSources(t *testing.T) {
	c := NewClip(ramp(1000), "")
	a, _, _ := c.Source().(Encoded).ReadEncoded(PCMU)
	b, _, _ := c.Source().(Encoded).ReadEncoded(PCMU)
	if &a[0] != &b[0] {
		t.Error("two sources have memory of their own")
	}
	src := Repeat(0, func() Source { return c.Source() }).(Encoded)
	if n := testing.AllocsPerRun(100, func() { src.ReadEncoded(PCMU) }); n > 0.5 {
		t.Errorf("%v allocations a frame", n)
	}
}

func TestPlayerKnowsWhenItIsOver(t *testing.T) {
	t.Run("played to the end", func(t *testing.T) {
		p := NewPlayer(NewClip(ramp(400), "three frames").Source())
		var f Frame
		for i := range 3 {
			if p.Finished() {
				t.Errorf("finished before frame %d", i)
			}
			if p.Read(&f) != (i < 2) {
				t.Errorf("frame %d: wrong about there being more", i)
			}
		}
		<-p.Done()
		p.Stop()
		if !p.Finished() || p.Played() != 60*time.Millisecond || p.Caption() != "three frames" {
			t.Errorf("finished %v, played %v, caption %q", p.Finished(), p.Played(), p.Caption())
		}
		if f[0] = 5; p.Read(&f) || f[0] != 0 {
			t.Error("more after the end")
		}
	})
	t.Run("stopped", func(t *testing.T) {
		p := NewPlayer(NewClip(ramp(4000), "").Source())
		if _, more, ok := p.ReadEncoded(PCMA); !more || !ok {
			t.Error("not encoded")
		}
		p.Stop()
		p.Stop()
		<-p.Done()
		if payload, more, ok := p.ReadEncoded(PCMA); more || !ok || payload[0] != 0xD5 {
			t.Error("goes on after Stop")
		}
		if p.Finished() || p.Played() != Period {
			t.Errorf("finished %v, played %v", p.Finished(), p.Played())
		}
	})
	t.Run("of something that is not encoded", func(t *testing.T) {
		p := NewPlayer(Tone(100*time.Millisecond, -10, 400))
		if _, _, ok := p.ReadEncoded(PCMU); ok || p.Played() != 0 || p.Caption() != "" {
			t.Error("claims to be encoded")
		}
		if len(drain(t, p)) != 800 || !p.Finished() {
			t.Error("did not play")
		}
	})
	t.Run("of nothing", func(t *testing.T) {
		p := NewPlayer(nil)
		if len(drain(t, p)) != 160 || !p.Finished() {
			t.Error("nothing takes one frame")
		}
	})
}

func TestSequencePlaysItsPartsInOrderWithTheirCaptions(t *testing.T) {
	a, b := NewClip(ramp(200), "a"), NewClip(ramp(160), "b")
	s := Sequence(a.Source(), nil, Silence(40*time.Millisecond), b.Source())
	var captions []string
	var f Frame
	if got := s.(Captioned).Caption(); got != "a" {
		t.Errorf("before the first frame: %q", got)
	}
	for more := true; more; {
		more = s.Read(&f)
		captions = append(captions, s.(Captioned).Caption())
	}
	if want := []string{"a", "a", "", "", "b"}; !slices.Equal(captions, want) {
		t.Errorf("heard %q, want %q", captions, want)
	}
	if s.Read(&f) || f != (Frame{}) {
		t.Error("not silent after the end")
	}
}

func TestSequenceIsEncodedWhereItsPartsAre(t *testing.T) {
	s := Sequence(NewClip(ramp(160), "").Source(), Tone(20*time.Millisecond, -10, 400), Silence(20*time.Millisecond)).(Encoded)
	if _, more, ok := s.ReadEncoded(PCMU); !ok || !more {
		t.Error("the clip is encoded")
	}
	if _, _, ok := s.ReadEncoded(PCMU); ok {
		t.Error("the tone is not")
	}
	var f Frame
	if !s.Read(&f) || f[1] == 0 {
		t.Error("the tone was lost")
	}
	if p, more, ok := s.ReadEncoded(PCMU); !ok || more || p[0] != 0xFF {
		t.Error("the silence is encoded and last")
	}
	if got := drain(t, Sequence()); len(got) != 160 {
		t.Errorf("an empty sequence is %d samples", len(got))
	}
}

func TestRepeatPlaysNTimes(t *testing.T) {
	made := 0
	next := func() Source { made++; return NewClip(ramp(160), "x").Source() }
	if got := drain(t, Repeat(3, next)); len(got) != 480 || made != 3 {
		t.Errorf("%d samples of %d rounds", len(got), made)
	}
	endless := Repeat(0, next)
	var f Frame
	for range 1000 {
		if !endless.Read(&f) {
			t.Fatal("for ever ended")
		}
	}
	if got := endless.(Captioned).Caption(); got != "x" {
		t.Errorf("caption %q", got)
	}
	if got := drain(t, Repeat(2, func() Source { return nil })); len(got) != 320 {
		t.Errorf("nothing twice is %d samples", len(got))
	}
}
