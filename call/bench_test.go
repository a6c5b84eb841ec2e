package call_test

import (
	"context"
	"io"
	"log/slog"
	"runtime"
	"testing"
	"time"

	"github.com/kaden-project/kaden/call"
	"github.com/kaden-project/kaden/leg"
	"github.com/kaden-project/kaden/media"
	"github.com/kaden-project/kaden/number"
)

// nothing is a leg without an inside, so that what is measured is the call.
type nothing struct {
	events chan leg.Event
	dialed chan<- time.Time
}

func (n nothing) Dial(ctx context.Context, _ leg.Target, _ leg.Options) (leg.Leg, error) {
	if n.dialed != nil {
		n.dialed <- time.Now()
	}
	l := nothing{events: make(chan leg.Event, 4)}
	l.events <- leg.Event{At: time.Now(), Kind: leg.Ringing}
	l.events <- leg.Event{At: time.Now(), Kind: leg.Answered}
	context.AfterFunc(ctx, func() {
		l.events <- leg.Event{At: time.Now(), Kind: leg.Ended, Cause: leg.Completed}
		close(l.events)
	})
	return l, nil
}
func (nothing) Info() leg.Info                           { return leg.Info{} }
func (n nothing) Events() <-chan leg.Event               { return n.events }
func (nothing) Ring(context.Context, bool) error         { return nil }
func (nothing) Answer(context.Context) error             { return nil }
func (nothing) Hangup(context.Context, leg.Cause) error  { return nil }
func (nothing) Play(media.Source)                        {}
func (nothing) Listen(media.Sink)                        {}
func (nothing) SendDigits(context.Context, string) error { return nil }

// forgetful is a store that costs nothing.
type forgetful struct{ memory }

func (*forgetful) Change(context.Context, call.Change) error { return nil }

func bare(d leg.Dialer, s call.Script) *call.Desk {
	return call.New(slog.New(slog.NewTextHandler(io.Discard, &slog.HandlerOptions{Level: slog.LevelError})), call.Config{
		Store: &forgetful{}, Dialers: map[number.Scheme]leg.Dialer{number.Sim: d}, Script: s,
	})
}

var sim = number.Address{Scheme: number.Sim, Text: "sato"}

// BenchmarkOrderToDial is the time from a stored order to the INVITE, and all that a short call costs.
func BenchmarkOrderToDial(b *testing.B) {
	dialed := make(chan time.Time, 1)
	d := bare(nothing{dialed: dialed}, func(context.Context, *call.Call) error { return nil })
	var sum time.Duration
	for b.Loop() {
		began := time.Now()
		c, err := d.Place(b.Context(), call.Order{To: sim, Stored: true})
		if err != nil {
			b.Fatal(err)
		}
		sum += (<-dialed).Sub(began)
		<-c.Done()
	}
	b.ReportMetric(float64(sum.Microseconds())/float64(b.N), "µs-to-dial")
	b.ReportAllocs()
}

// BenchmarkMemoryOfACall is what a call holds while somebody listens: its share of heap and stacks.
func BenchmarkMemoryOfACall(b *testing.B) {
	const calls = 2000
	for b.Loop() {
		d := bare(nothing{}, func(ctx context.Context, c *call.Call) error { return c.Play(ctx, media.Silence(time.Hour)) })
		heap0, stack0 := inUse()
		for range calls {
			if _, err := d.Place(b.Context(), call.Order{To: sim, Stored: true}); err != nil {
				b.Fatal(err)
			}
		}
		time.Sleep(200 * time.Millisecond) // until the scripts play
		heap, stack := inUse()
		b.ReportMetric(float64(heap-heap0)/calls/1024, "heap-kB/call")
		b.ReportMetric(float64(stack-stack0)/calls/1024, "stack-kB/call")
		ctx, stop := context.WithCancel(b.Context())
		stop()
		_ = d.Shutdown(ctx)
	}
}

func inUse() (heap, stack uint64) {
	runtime.GC()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapInuse, m.StackInuse
}
