package streamleg

import (
	"testing"
	"time"

	"github.com/kaden-project/kaden/leg"
	"github.com/kaden-project/kaden/media"
)

// BenchmarkDelay is how long sound takes through a leg, without the network: to the one who answered, and from them.
func BenchmarkDelay(b *testing.B) {
	h := newHouse(b)
	var to, from time.Duration
	for b.Loop() {
		p := h.Phone().(*phone)
		l, err := h.Dialer().Dial(b.Context(), p.Target(), leg.Options{})
		if err != nil {
			b.Fatal(err)
		}
		p.Answer()
		for e := range l.Events() {
			if e.Kind == leg.Answered {
				break
			}
		}
		there, here := make(chan time.Time, 1), make(chan time.Time, 1)
		p.Listen(loud(there))
		l.Listen(loud(here))
		began := time.Now()
		l.Play(media.Tone(time.Second, -12, 440))
		to += (<-there).Sub(began)
		began = time.Now()
		p.Play(media.Tone(time.Second, -12, 440))
		from += (<-here).Sub(began)
		p.HangUp()
		for range l.Events() {
		}
	}
	b.ReportMetric(float64(to.Milliseconds())/float64(b.N), "ms-to-them")
	b.ReportMetric(float64(from.Milliseconds())/float64(b.N), "ms-from-them")
}

// loud is told when something is heard for the first time.
type loud chan time.Time

func (c loud) Write(f *media.Frame) {
	for _, s := range f {
		if s > 1000 {
			select {
			case c <- time.Now():
			default:
			}
			return
		}
	}
}

// BenchmarkFrame is what a frame costs: one that is said, as a message, and one that is heard, out of a message.
func BenchmarkFrame(b *testing.B) {
	s := newSound(time.Second)
	s.out.stream = quoted("MZ0123456789abcdef0123456789abcdef")
	payload := [media.Samples]byte{1: 7}
	var text []byte
	b.ReportAllocs()
	for b.Loop() {
		s.out.say(&payload)
		for said := s.out.next(text[:0], time.Time{}); said != nil; said = s.out.next(text[:0], time.Time{}) {
			text = said
		}
		m, err := readMessage(text)
		if err != nil {
			b.Fatal(err)
		}
		s.in.put(m.sound)
	}
}
