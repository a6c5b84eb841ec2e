package webleg

import (
	"runtime"
	"slices"
	"syscall"
	"testing"
	"time"

	"github.com/pion/rtp"

	"github.com/kaden-project/kaden/leg"
	"github.com/kaden-project/kaden/media"
)

func processorTime() time.Duration {
	var u syscall.Rusage
	syscall.Getrusage(syscall.RUSAGE_SELF, &u)
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// timed notes when the first loud frame was heard.
type timed struct {
	at chan time.Time
}

func (w *timed) Write(f *media.Frame) {
	for _, s := range f {
		if s > 500 {
			select {
			case w.at <- time.Now():
			default:
			}
			return
		}
	}
}

// BenchmarkAcceptToSound is from the moment the page accepts to the first sound in its ear, ICE, DTLS and its
// jitter buffer of 40 ms included, and the processor time of a whole call at both ends.
func BenchmarkAcceptToSound(b *testing.B) {
	h := open(b)
	var waits []time.Duration
	before := processorTime()
	for b.Loop() {
		p := h.page()
		l, sdp, err := h.e.Offer(b.Context(), leg.Info{To: p.uri}, nil, signalling{p})
		if err != nil {
			b.Fatal(err)
		}
		p.leg = l
		ear := &timed{make(chan time.Time, 1)}
		p.Listen(ear)
		l.Play(beep(440))
		begun := time.Now()
		p.answers(sdp)
		waits = append(waits, (<-ear.at).Sub(begun))
		p.HangUp()
		for range l.Events() {
		}
		<-p.Over()
	}
	slices.Sort(waits)
	b.ReportMetric(float64(waits[len(waits)/2].Microseconds())/1000, "ms-p50")
	b.ReportMetric(float64(waits[len(waits)-1].Microseconds())/1000, "ms-max")
	b.ReportMetric(float64((processorTime()-before).Milliseconds())/float64(len(waits)), "ms-cpu/call")
}

// BenchmarkPlaying is one second of many calls in each loop. Both ends are in this process, and both play and
// listen; half of the processor time is the pages'.
func BenchmarkPlaying(b *testing.B) {
	const calls = 50
	h := open(b)
	clip := media.NewClip(samples(beep(440)), "")
	loop := func() media.Source { return media.Repeat(0, func() media.Source { return clip.Source() }) }
	var idle runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&idle)
	goroutines := runtime.NumGoroutine()
	var pages []*phone
	for range calls {
		p := h.page()
		l, sdp, err := h.e.Offer(b.Context(), leg.Info{To: p.uri}, nil, signalling{p})
		if err != nil {
			b.Fatal(err)
		}
		p.leg = l
		p.answers(sdp)
		l.Play(loop())
		l.Listen(&ear{})
		p.Play(loop())
		p.Listen(&ear{})
		pages = append(pages, p)
	}
	for _, p := range pages {
		for p.leg.FirstHeard().IsZero() {
			time.Sleep(time.Millisecond)
		}
	}
	var busy runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&busy)
	goroutines = runtime.NumGoroutine() - goroutines
	before, begun := processorTime(), time.Now()
	for b.Loop() {
		time.Sleep(time.Second)
	}
	b.ReportMetric(float64(goroutines)/calls/2, "goroutines/end")
	ends := time.Since(begun).Seconds() * calls * 2
	b.ReportMetric(float64((processorTime()-before).Microseconds())/ends, "µs-cpu/end-second")
	b.ReportMetric(float64(busy.HeapAlloc+busy.StackInuse-idle.HeapAlloc-idle.StackInuse)/1000/calls/2, "kB/end")
	b.ReportMetric(float64(h.clock.Lateness().P99.Microseconds()), "µs-late-p99")
	for _, p := range pages {
		p.HangUp()
	}
	for _, p := range pages {
		for range p.leg.Events() {
		}
		<-p.Over()
	}
}

func samples(src media.Source) []int16 {
	var all []int16
	var f media.Frame
	for range 50 {
		src.Read(&f)
		all = append(all, f[:]...)
	}
	return all
}

// BenchmarkTick is 20 ms of one leg without the network: a packet heard, a frame for a sink, a packet said.
func BenchmarkTick(b *testing.B) {
	s := newSound(func(byte) {})
	s.to = &track{codec: media.PCMU, dtmf: 101, to: nowhere{}}
	c := &conn{track: s.to}
	s.inbox.open(c)
	s.live = true
	clip := media.NewClip(samples(beep(440)), "")
	s.mouth.Play(media.Repeat(0, func() media.Source { return clip.Source() }))
	s.ear.Listen(&ear{})
	p := rtp.Packet{Payload: make([]byte, media.Samples)}
	b.ReportAllocs()
	for b.Loop() {
		p.SequenceNumber++
		p.Timestamp += media.Samples
		s.inbox.put(c, pcmu, &p)
		s.Tick(0)
		s.Speak()
	}
}

type nowhere struct{}

func (nowhere) WriteRTP(*rtp.Header, []byte) (int, error) { return 0, nil }
func (nowhere) Write([]byte) (int, error)                 { return 0, nil }
