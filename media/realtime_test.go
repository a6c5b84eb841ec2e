package media

import (
	"context"
	"fmt"
	"testing"
	"time"
)

// BenchmarkClockRealTime shows how punctual one shard is with members that read an encoded prompt, on this
// machine under its present load.
func BenchmarkClockRealTime(b *testing.B) {
	prompt := NewClip(voice(10*Rate), "")
	for _, members := range []int{200, 2000, 4000} {
		b.Run(fmt.Sprintf("%d members", members), func(b *testing.B) {
			c := NewClock(1)
			ctx, stop := context.WithCancel(b.Context())
			done := make(chan error, 1)
			go func() { done <- c.Run(ctx) }()
			for range members {
				src := Repeat(0, prompt.Source).(Encoded)
				c.Join(tickFunc(func(time.Duration) { src.ReadEncoded(PCMU) }))
			}
			b.ResetTimer()
			for range b.N {
				time.Sleep(time.Second)
			}
			b.StopTimer()
			l := c.Lateness()
			stop()
			<-done
			b.ReportMetric(float64(l.P50.Microseconds()), "p50-µs")
			b.ReportMetric(float64(l.P99.Microseconds()), "p99-µs")
			b.ReportMetric(float64(l.Skipped), "skipped")
		})
	}
}
