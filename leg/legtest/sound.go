package legtest

import (
	"testing"
	"time"

	"github.com/kaden-project/kaden/leg"
)

func sound() []Case {
	return []Case{
		{"plays until the source is finished, then silence", func(t *testing.T, h House) {
			l, p := answered(t.Context(), t, h)
			var heard ear
			p.Listen(&heard)
			src := &blare{frames: 25}
			l.Play(src)
			until(t, "half a second of sound", func() bool { return heard.loud.Load() >= 23 }) // the first may be lost to latching
			until(t, "silence after it", func() bool { return src.read.Load() == 25 && heard.last.Load() == 0 })
			hangup(t, l, leg.Completed)
			ends(t, l, leg.Completed)
			if n := src.read.Load(); n != 25 {
				t.Errorf("a source of 25 frames was read %d times", n)
			}
			if n := heard.loud.Load(); n > 27 {
				t.Errorf("25 frames were heard as %d", n) // concealment may stretch one
			}
		}},
		{"plays one thing in place of the other, and nothing for nil", func(t *testing.T, h House) {
			l, p := answered(t.Context(), t, h)
			var heard ear
			p.Listen(&heard)
			first, second := &blare{}, &blare{}
			l.Play(first)
			until(t, "the first", func() bool { return heard.loud.Load() > 5 })
			l.Play(second)
			until(t, "the second", func() bool { return second.read.Load() > 5 })
			n := first.read.Load()
			until(t, "more of the second", func() bool { return second.read.Load() > 10 })
			if first.read.Load() != n {
				t.Errorf("the first goes on beneath the second")
			}
			l.Play(nil)
			until(t, "silence", func() bool { return heard.last.Load() == 0 })
			hangup(t, l, leg.Completed)
			ends(t, l, leg.Completed)
		}},
		{"knows when it heard the far end first, and that only after the answer", func(t *testing.T, h House) {
			before := time.Now()
			l, p := answered(t.Context(), t, h)
			hearer, ok := l.(leg.Hearer)
			if !ok {
				t.Skip("this kind of leg does not tell")
			}
			p.Play(&blare{})
			until(t, "the first sound to be noticed", func() bool { return !hearer.FirstHeard().IsZero() })
			first := hearer.FirstHeard()
			if first.Before(before) || first.After(time.Now()) {
				t.Errorf("first heard at %v, which is not within the call", first)
			}
			hangup(t, l, leg.Completed)
			ends(t, l, leg.Completed)
			if hearer.FirstHeard() != first {
				t.Errorf("what was first has changed")
			}
		}},
		{"knows how its sound fares, and how it was", func(t *testing.T, h House) {
			l, p := answered(t.Context(), t, h)
			measured, ok := l.(leg.Measured)
			if !ok {
				t.Skip("this kind of leg does not tell")
			}
			var heard ear
			l.Listen(&heard)
			l.Play(&blare{})
			p.Play(&blare{})
			until(t, "sound both ways", func() bool { s := measured.Sound(); return s.Heard > 10 && s.Sent > 10 })
			hangup(t, l, leg.Completed)
			ends(t, l, leg.Completed)
			s := measured.Sound()
			if s.Heard <= 10 || s.Sent <= 10 || s.Lost > s.Heard || s.Codec == "" {
				t.Errorf("on the whole it was %+v", s)
			}
			if s != measured.Sound() {
				t.Errorf("what has ended changes: %+v, then %+v", s, measured.Sound())
			}
		}},
		{"hears the far end, until nobody listens any more", func(t *testing.T, h House) {
			l, p := answered(t.Context(), t, h)
			var heard ear
			l.Listen(&heard)
			p.Play(&blare{})
			until(t, "the far end", func() bool { return heard.loud.Load() > 10 })
			l.Listen(nil)
			var other ear
			l.Listen(&other)
			until(t, "the far end again", func() bool { return other.loud.Load() > 3 })
			n := heard.loud.Load()
			until(t, "more of it", func() bool { return other.loud.Load() > 8 })
			if heard.loud.Load() != n {
				t.Errorf("somebody who does not listen any more still hears")
			}
			p.HangUp()
			ends(t, l, leg.HungUp)
		}},
		{"stops reading when the call ends", func(t *testing.T, h House) {
			l, p := answered(t.Context(), t, h)
			src := &blare{}
			l.Play(src)
			until(t, "sound", func() bool { return src.read.Load() > 3 })
			p.HangUp()
			ends(t, l, leg.HungUp)
			n := src.read.Load()
			again, q := answered(t.Context(), t, h)
			other := &blare{frames: 10}
			again.Play(other)
			until(t, "another call's sound", func() bool { return other.read.Load() == 10 })
			q.HangUp()
			ends(t, again, leg.HungUp)
			if src.read.Load() > n {
				t.Errorf("the source of an ended leg was read %d times more", src.read.Load()-n)
			}
		}},
	}
}
