package sipleg

import (
	"runtime"
	"testing"
	"time"

	"github.com/kaden-project/kaden/leg"
	"github.com/kaden-project/kaden/media"
)

// BenchmarkHeld is what a leg that plays and listens holds: live heap and stacks, without what Go keeps in reserve. Both
// ends of each call are legs here.
func BenchmarkHeld(b *testing.B) {
	const calls = 200
	clip := warble()
	clip.Encoded(media.PCMU)
	loop := func() media.Source { return media.Repeat(0, func() media.Source { return clip.Source() }) }
	speaks := func(l leg.Leg) {
		l.Play(loop())
		l.Listen(&counting{})
	}
	s := start(b, func(c *Config) {
		c.Incoming = func(l *Leg) {
			l.Answer(b.Context())
			speaks(l)
			drainEvents(l)
		}
	})
	held := func() (heap, stack uint64) {
		runtime.GC()
		runtime.GC()
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		return m.HeapAlloc, m.StackInuse
	}
	heap, stack := held()
	var legs []leg.Leg
	for range calls {
		l, err := s.Dial(b.Context(), leg.Target{URI: "sip:x@" + s.Addr().String()}, leg.Options{})
		if err != nil {
			b.Fatal(err)
		}
		for e := range l.Events() {
			if e.Kind == leg.Answered {
				break
			}
		}
		speaks(l)
		legs = append(legs, l)
	}
	for b.Loop() {
		time.Sleep(500 * time.Millisecond)
	}
	h, st := held()
	b.ReportMetric(float64(h-heap)/calls/2/1000, "kB-heap/leg")
	b.ReportMetric(float64(st-stack)/calls/2/1000, "kB-stack/leg")
	for _, l := range legs {
		l.Hangup(b.Context(), leg.Completed)
	}
	for _, l := range legs {
		drainEvents(l)
	}
}
