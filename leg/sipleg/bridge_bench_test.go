package sipleg

import (
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/kaden-project/kaden/leg"
	"github.com/kaden-project/kaden/media"
)

// timedPipe notes how long frames wait in a pipe. Frames are told apart by their order.
type timedPipe struct {
	media.Pipe
	mu    sync.Mutex
	in    []time.Time
	waits []time.Duration
}

func (p *timedPipe) Write(f *media.Frame) {
	p.mu.Lock()
	p.in = append(p.in, time.Now())
	p.mu.Unlock()
	p.Pipe.Write(f)
}

func (p *timedPipe) Read(f *media.Frame) bool {
	p.mu.Lock()
	before, _ := p.Lost()
	more := p.Pipe.Read(f)
	dropped, _ := p.Lost()
	p.in = p.in[min(len(p.in), dropped-before):]
	if len(p.in) > 0 {
		p.waits = append(p.waits, time.Since(p.in[0]))
		p.in = p.in[1:]
	}
	p.mu.Unlock()
	return more
}

// BenchmarkBridge is two SIP calls that are joined, against two that each hear a prompt: processor time per
// leg-second of all four ends of the two calls together, and how long a frame waits in the pipe between.
func BenchmarkBridge(b *testing.B) {
	const bridges = 50
	clip := warble()
	clip.Encoded(media.PCMU)
	loop := func() media.Source { return media.Repeat(0, func() media.Source { return clip.Source() }) }
	for _, joined := range []bool{false, true} {
		b.Run(map[bool]string{false: "apart", true: "joined"}[joined], func(b *testing.B) {
			arrived := make(chan *Leg, 2*bridges)
			s := start(b, func(c *Config) {
				c.Incoming = func(l *Leg) { l.Answer(b.Context()); arrived <- l; drainEvents(l) }
			})
			var legs []leg.Leg
			var pipes []*timedPipe
			for range bridges {
				var pair [2]*Leg
				for i := range pair {
					l, err := s.Dial(b.Context(), leg.Target{URI: "sip:x@" + s.Addr().String()}, leg.Options{})
					if err != nil {
						b.Fatal(err)
					}
					for e := range l.Events() {
						if e.Kind == leg.Answered {
							break
						}
					}
					l.Play(loop())
					l.Listen(new(counting))
					legs = append(legs, l)
					pair[i] = <-arrived
				}
				for i, l := range pair {
					if !joined {
						l.Play(loop())
						l.Listen(new(counting))
						continue
					}
					p := new(timedPipe)
					pipes = append(pipes, p)
					pair[1-i].Listen(p)
					l.Play(p)
				}
			}
			time.Sleep(300 * time.Millisecond)
			before, begun := processorTime(), time.Now()
			for b.Loop() {
				time.Sleep(time.Second)
			}
			legSeconds := time.Since(begun).Seconds() * bridges * 4
			b.ReportMetric(float64((processorTime()-before).Microseconds())/legSeconds, "µs-cpu/leg-second")
			var waits []time.Duration
			dropped, silent := 0, 0
			for _, p := range pipes {
				p.mu.Lock()
				waits = append(waits, p.waits...)
				p.mu.Unlock()
				d, n := p.Lost()
				dropped, silent = dropped+d, silent+n
			}
			if slices.Sort(waits); len(waits) > 0 {
				b.ReportMetric(float64(waits[len(waits)/2].Microseconds())/1000, "ms-wait-p50")
				b.ReportMetric(float64(waits[len(waits)*99/100].Microseconds())/1000, "ms-wait-p99")
				b.ReportMetric(float64(dropped+silent)/float64(len(waits))*1e6, "lost-ppm")
			}
			for _, l := range legs {
				l.Hangup(b.Context(), leg.Completed)
			}
			for _, l := range legs {
				drainEvents(l)
			}
		})
	}
}
