package sipleg

import (
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/kaden-project/kaden/leg"
	"github.com/kaden-project/kaden/media"
)

// timedPipe is a bridge's way to a leg. It notes how long frames wait in it; they are told apart by their order.
type timedPipe struct {
	media.Pipe
	to     leg.Leg
	mu     sync.Mutex
	pushed int
	in     []time.Time
	waits  []time.Duration
}

func (p *timedPipe) Write(f *media.Frame) {
	p.mu.Lock()
	p.in = append(p.in, time.Now())
	p.mu.Unlock()
	p.Pipe.Write(f)
	if leg.SeatOf(p.to).Push() {
		p.mu.Lock()
		p.pushed++
		p.mu.Unlock()
	}
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

type sinkFunc func(*media.Frame)

func (f sinkFunc) Write(frame *media.Frame) { f(frame) }

// Of two calls that are joined, what comes from the one leaves for the other in the same moment, without gaps.
func TestABridgeWaitsForNoTick(t *testing.T) {
	arrived := make(chan *Leg, 2)
	s := start(t, func(c *Config) { c.Incoming = func(l *Leg) { l.Answer(t.Context()); arrived <- l; drainEvents(l) } })
	var far [2]leg.Leg
	var near [2]*Leg
	for i := range far {
		l, err := s.Dial(t.Context(), leg.Target{URI: "sip:x@" + s.Addr().String()}, leg.Options{})
		if err != nil {
			t.Fatal(err)
		}
		for e := range l.Events() {
			if e.Kind == leg.Answered {
				break
			}
		}
		far[i], near[i] = l, <-arrived
	}
	far[0].Play(media.Repeat(0, func() media.Source { return warble().Source() }))
	heard := make(chan struct{}, 1000)
	far[1].Listen(sinkFunc(func(f *media.Frame) {
		if slices.Max(f[:]) > 1000 {
			heard <- struct{}{}
		}
	}))
	p := &timedPipe{to: near[1]}
	near[1].Play(p)
	near[0].Listen(p)
	for range 100 { // 2 s
		<-heard
	}
	p.mu.Lock()
	pushed, all := p.pushed, len(p.waits)
	p.mu.Unlock()
	if pushed < all*9/10 {
		t.Errorf("%d of %d frames left in the moment they came", pushed, all)
	}
	if dropped, silent := p.Lost(); dropped > 1 || silent > 3 {
		t.Errorf("%d frames were dropped, and %d times there was none", dropped, silent)
	}
	for _, l := range far {
		l.Hangup(t.Context(), leg.Completed)
		drainEvents(l)
	}
}

// BenchmarkBridge is fifty times two SIP calls that are joined, against as many that each hear a prompt. Their phones are another
// server's, on another clock; counted is the thread of our own legs' clock alone, and how long a frame waits in the pipe between two.
func BenchmarkBridge(b *testing.B) {
	const bridges = 50
	clip := warble()
	clip.Encoded(media.PCMU)
	loop := func() media.Source { return media.Repeat(0, func() media.Source { return clip.Source() }) }
	for _, joined := range []bool{false, true} {
		b.Run(map[bool]string{false: "apart", true: "joined"}[joined], func(b *testing.B) {
			arrived := make(chan *Leg, 2*bridges)
			house := start(b, func(c *Config) {
				c.Incoming = func(l *Leg) { l.Answer(b.Context()); arrived <- l; drainEvents(l) }
			})
			phones := start(b, nil)
			var far []leg.Leg
			var near []*Leg
			var pipes []*timedPipe
			for range bridges {
				var pair [2]*Leg
				for i := range pair {
					l, err := phones.Dial(b.Context(), leg.Target{URI: "sip:x@" + house.Addr().String()}, leg.Options{})
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
					far = append(far, l)
					pair[i] = <-arrived
				}
				near = append(near, pair[:]...)
				for i, l := range pair {
					if !joined {
						l.Play(loop())
						l.Listen(new(counting))
						continue
					}
					p := &timedPipe{to: l}
					pipes = append(pipes, p)
					pair[1-i].Listen(p)
					l.Play(p)
				}
			}
			time.Sleep(time.Second)
			before, begun := spent(near[0]), time.Now()
			for b.Loop() {
				time.Sleep(time.Second)
			}
			legSeconds := time.Since(begun).Seconds() * float64(len(near))
			b.ReportMetric(float64((spent(near[0]).all-before.all).Microseconds())/legSeconds, "µs-cpu/leg-second")
			reportWaits(b, pipes)
			for _, l := range far {
				l.Hangup(b.Context(), leg.Completed)
			}
			for _, l := range far {
				drainEvents(l)
			}
		})
	}
}

// reportWaits says how long frames waited, and how many were lost or made up for.
func reportWaits(b *testing.B, pipes []*timedPipe) {
	var waits []time.Duration
	lost := 0
	for _, p := range pipes {
		p.mu.Lock()
		waits = append(waits, p.waits...)
		p.mu.Unlock()
		dropped, silent := p.Lost()
		lost += dropped + silent
	}
	if len(waits) == 0 {
		return
	}
	slices.Sort(waits)
	b.ReportMetric(float64(waits[len(waits)/2].Microseconds())/1000, "ms-wait-p50")
	b.ReportMetric(float64(waits[len(waits)*99/100].Microseconds())/1000, "ms-wait-p99")
	b.ReportMetric(float64(lost)/float64(len(waits))*1e6, "lost-ppm")
}
