package call_test

import (
	"context"
	"log/slog"
	"net/netip"
	"syscall"
	"testing"
	"time"

	"github.com/kaden-project/kaden/call"
	"github.com/kaden-project/kaden/leg"
	"github.com/kaden-project/kaden/leg/sipleg"
	"github.com/kaden-project/kaden/media"
	"github.com/kaden-project/kaden/number"
)

// idle is nobody, on a clock.
type idle struct{}

func (idle) Tick(time.Duration) {}

// exchange starts a SIP server on a clock of its own.
func exchange(b *testing.B, in func(*sipleg.Leg)) (*sipleg.Server, *media.Seat) {
	b.Helper()
	clock := media.NewClock(1)
	s, err := sipleg.Listen(slog.New(slog.DiscardHandler), sipleg.Config{
		Listen: "127.0.0.1:0", Clock: clock, Secret: []byte("a secret of the tests"), Incoming: in,
		AllowFrom: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")},
	})
	if err != nil {
		b.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	go clock.Run(ctx)
	go s.Run(ctx)
	b.Cleanup(func() { s.Close(); stop() })
	begun := make(chan struct{})
	seat := clock.Join(idle{})
	seat.Do(func() { close(begun) })
	<-begun
	return s, seat
}

// BenchmarkRecording plays a prompt on fifty SIP calls, whose phones speak all the time, for one second each loop:
// as they are, listened to, and recorded in two channels. Counted is the thread of our clock alone, per call-second.
func BenchmarkRecording(b *testing.B) {
	const calls = 50
	prompt := media.NewClip(make([]int16, 2*media.Rate), "")
	prompt.Encoded(media.PCMU)
	loop := func() media.Source { return media.Repeat(0, prompt.Source) }
	for _, bc := range []struct {
		name             string
		listened, taping bool
	}{{"playing", false, false}, {"playing and heard", true, false}, {"playing, heard and recorded", true, true}} {
		b.Run(bc.name, func(b *testing.B) {
			phones, _ := exchange(b, func(l *sipleg.Leg) {
				l.Answer(b.Context())
				l.Play(loop())
				for range l.Events() {
				}
			})
			house, seat := exchange(b, nil)
			d := call.New(slog.New(slog.DiscardHandler), call.Config{
				Store: &forgetful{}, Dialers: map[number.Scheme]leg.Dialer{number.SIP: house}, Recordings: &shelf{},
				Script: func(ctx context.Context, c *call.Call) error { return c.Play(ctx, loop()) },
			})
			to, err := number.ParseAddress("sip:x@" + phones.Addr().String())
			if err != nil {
				b.Fatal(err)
			}
			for range calls {
				c, err := d.Place(b.Context(), call.Order{To: to, Stored: true})
				if err != nil {
					b.Fatal(err)
				}
				for c.Record().Answered.IsZero() {
					time.Sleep(time.Millisecond)
				}
				if bc.listened && !bc.taping {
					c.Listen(&counted{})
				}
				if bc.taping {
					if _, err := c.Tape(call.TapeOrder{Channels: 2}); err != nil {
						b.Fatal(err)
					}
				}
			}
			spent := func() time.Duration {
				answer := make(chan time.Duration, 1)
				seat.Do(func() {
					var u syscall.Rusage
					syscall.Getrusage(1, &u) // RUSAGE_THREAD
					answer <- time.Duration(u.Utime.Nano() + u.Stime.Nano())
				})
				return <-answer
			}
			time.Sleep(time.Second)
			before, begun := spent(), time.Now()
			for b.Loop() {
				time.Sleep(time.Second)
			}
			b.ReportMetric(float64((spent()-before).Microseconds())/time.Since(begun).Seconds()/calls, "µs-cpu/call-second")
			ctx, stop := context.WithCancel(b.Context())
			stop()
			_ = d.Shutdown(ctx)
		})
	}
}

// counted counts what it hears.
type counted struct{ frames int }

func (c *counted) Write(*media.Frame) { c.frames++ }
