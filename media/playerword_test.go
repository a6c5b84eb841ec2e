package media_test

import (
	"slices"
	"testing"
	"time"

	"github.com/kaden-project/kaden/media"
)

func TestAWordIsHeardOutAndNoMore(t *testing.T) {
	loud := func(frames int) []int16 {
		s := make([]int16, frames*media.Samples)
		for i := range s {
			s[i] = int16(4000 * (i%8 - 4))
		}
		return s
	}
	quiet := func(frames int) []int16 { return make([]int16, frames*media.Samples) }
	speech := slices.Concat(loud(10), quiet(2), loud(10), quiet(10), loud(50)) // a closure of 40 ms, then a gap of 200 ms
	endless := loud(500)
	for _, c := range []struct {
		name  string
		sound []int16
		read  int // frames before the interruption
		more  int // frames that are still heard after it
	}{
		{"to the gap between two words, past the closure of a consonant", speech, 5, 5 + 2 + 10 + 3},
		{"within the gap at once", speech, 23, 3},
		{"no later than the limit", endless, 5, 60},
	} {
		for _, encoded := range []bool{false, true} {
			p := media.NewPlayer(media.NewClip(c.sound, "words").Source())
			var f media.Frame
			next := func() bool {
				if encoded {
					_, more, _ := p.ReadEncoded(media.PCMU)
					return more
				}
				return p.Read(&f)
			}
			for range c.read {
				next()
			}
			p.StopAtWord(1200 * time.Millisecond)
			n := 1
			for next() {
				n++
			}
			if n != c.more {
				t.Errorf("%s (encoded: %v): %d frames more, want %d", c.name, encoded, n, c.more)
			}
			select {
			case <-p.Done():
			default:
				t.Errorf("%s: the player is not over", c.name)
			}
		}
	}
}
