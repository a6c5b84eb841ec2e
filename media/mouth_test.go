package media

import (
	"bytes"
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"
)

// spell presses keys without a clock.
func (m *Mouth) spell(t *testing.T, keys string) <-chan struct{} {
	t.Helper()
	w, err := NewDigitWriter(keys)
	if err != nil {
		t.Fatal(err)
	}
	tones, err := DigitTones(keys)
	if err != nil {
		t.Fatal(err)
	}
	m.keys = &pressing{w: w, tones: tones, done: make(chan struct{})}
	return m.keys.done
}

func TestAMouthSpeaksIsSilentAndPressesKeys(t *testing.T) {
	var m Mouth
	var said []Said
	payload := make([]byte, Samples)
	silence := bytes.Repeat([]byte{PCMU.Silence()}, Samples)
	ts := uint32(1000)
	next := func(n int, wantSilence bool) {
		t.Helper()
		for range n {
			s := m.Next(ts, PCMU, true, payload)
			if !s.Event && bytes.Equal(payload[:s.Len], silence) != wantSilence {
				t.Errorf("packet %d: silence is %v", len(said), !wantSilence)
			}
			said = append(said, s)
			ts += Samples
		}
	}
	next(3, true)
	m.Play(Tone(60*time.Millisecond, -10, 440))
	next(3, false)
	next(2, true) // what is finished is followed by silence
	done := m.spell(t, "5")
	next(11, true)
	<-done
	m.Begin() // the far end was away
	next(1, true)

	var marks, keys []int
	for i, s := range said {
		if s.Marker {
			marks = append(marks, i)
		}
		if s.Event {
			keys = append(keys, i)
			if s.Len != 4 || s.Timestamp != 1000+8*Samples {
				t.Errorf("packet %d of the key: %d bytes at %d", i, s.Len, s.Timestamp)
			}
		} else if s.Len != Samples || s.Timestamp != 1000+uint32(i)*Samples {
			t.Errorf("packet %d of sound: %d bytes at %d", i, s.Len, s.Timestamp)
		}
	}
	if want := []int{0, 3, 8, 19}; !equalInts(marks, want) {
		t.Errorf("marked are %v, want %v: the first, the tone, the key, who came back", marks, want)
	}
	if want := []int{8, 9, 10, 11, 12, 13, 14}; !equalInts(keys, want) {
		t.Errorf("the key is in %v, want %v: 100 ms, and its end twice more", keys, want)
	}
}

func equalInts(a, b []int) bool {
	if len(a) != len(b) {
		return false
	}
	for i := range a {
		if a[i] != b[i] {
			return false
		}
	}
	return true
}

func TestWhoTakesNoEventsHearsTones(t *testing.T) {
	var m Mouth
	var heard []byte
	detector := NewDTMF(func(key byte) { heard = append(heard, key) })
	payload := make([]byte, Samples)
	var f Frame
	done := m.spell(t, "1#")
	for i := range 60 {
		if s := m.Next(uint32(i)*Samples, PCMA, false, payload); s.Event {
			t.Fatal("an event for somebody who takes none")
		}
		PCMA.Decode(&f, payload)
		detector.Write(&f)
	}
	<-done
	if string(heard) != "1#" {
		t.Errorf("heard the keys %q, want 1#", heard)
	}
}

// speaking is a Mouth with a seat.
type speaking struct {
	Mouth
	ts      uint32
	payload [Samples]byte
}

func (s *speaking) Tick(time.Duration) {
	s.Next(s.ts, PCMU, true, s.payload[:])
	s.ts += Samples
}

func TestPressingTakesItsTimeAndGivesUpWhenToldTo(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, stop := context.WithCancel(t.Context())
		defer stop()
		clock := NewTimerClock(1)
		go clock.Run(ctx)
		s := &speaking{}
		seat := clock.Join(s)
		begun := time.Now()
		if err := s.Press(ctx, seat, "1w2", nil); err != nil {
			t.Fatal(err)
		}
		if took := time.Since(begun).Round(50 * time.Millisecond); took != 900*time.Millisecond {
			t.Errorf("1, half a second, 2 took %v, want 900ms", took)
		}

		over := make(chan struct{})
		time.AfterFunc(time.Second, func() { close(over) })
		waiting := make(chan error, 1)
		go func() { waiting <- s.Press(ctx, seat, "WWWW1", over) }()
		synctest.Wait()
		if err := s.Press(ctx, seat, "2", nil); err == nil {
			t.Errorf("two pressed keys at the same time")
		}
		if err := <-waiting; !errors.Is(err, ErrOver) {
			t.Errorf("keys to somebody who has left: %v", err)
		}
	})
}

func TestAnEarHoldsNothingUntilSomebodyListens(t *testing.T) {
	var e Ear
	voice := make([]byte, Samples)
	for i := range 5 {
		e.Sound(uint32(i)*Samples, voice, PCMU)
		e.Tick()
	}
	if e.jitter != nil {
		t.Error("a jitter buffer for nobody")
	}
	var got counted
	e.Listen(&got)
	e.Tick()
	for i := 5; i < 20; i++ {
		e.Sound(uint32(i)*Samples, voice, PCMU)
		e.Tick()
	}
	if got.frames != 16 || got.loud < 10 {
		t.Errorf("heard %d frames, %d of them loud; want 16, most of them loud", got.frames, got.loud)
	}
	e.Listen(nil)
	e.Tick()
	if got.frames != 16 {
		t.Error("somebody who does not listen any more still hears")
	}
}

// counted counts frames; the lowest byte of µ-law is the loudest sample there is.
type counted struct{ frames, loud int }

func (c *counted) Write(f *Frame) {
	c.frames++
	if f[0] < -10000 {
		c.loud++
	}
}
