package store

import (
	"context"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"
	"time"

	modernc "modernc.org/sqlite"

	"github.com/kaden-project/kaden/account"
	"github.com/kaden-project/kaden/alert"
	"github.com/kaden-project/kaden/call"
	"github.com/kaden-project/kaden/dispatch"
	"github.com/kaden-project/kaden/sid"
	"github.com/kaden-project/kaden/store/storetest"
	"github.com/kaden-project/kaden/timeline"
)

// onDisks runs a benchmark on SQLite as the disk is, with 5 ms more for every commit, and on PostgreSQL.
func onDisks(b *testing.B, f func(b *testing.B, s *Store)) {
	for _, disk := range []struct {
		name  string
		delay time.Duration
	}{{"sqlite", 0}, {"sqlite+5ms", 5 * time.Millisecond}} {
		b.Run(disk.name, func(b *testing.B) {
			s := benched(b, Config{DataDir: b.TempDir()})
			slow(b, s, disk.delay)
			f(b, s)
		})
	}
	b.Run("postgres", func(b *testing.B) { f(b, benched(b, Config{URL: storetest.Postgres(b)})) })
}

func benched(b *testing.B, c Config) *Store {
	b.Helper()
	seal, err := account.NewSeal(make([]byte, 32))
	if err != nil {
		b.Fatal(err)
	}
	c.Seal = seal
	s, err := Open(b.Context(), slog.New(slog.DiscardHandler), c)
	if err != nil {
		b.Fatal(err)
	}
	ctx, stop := context.WithCancel(b.Context())
	var running sync.WaitGroup
	running.Go(func() { s.Run(ctx) })
	b.Cleanup(func() {
		stop()
		running.Wait()
		s.Close()
	})
	return s
}

// slow makes every commit take so much longer, the job queue's too.
func slow(b *testing.B, s *Store, d time.Duration) {
	b.Helper()
	conn, err := s.db.(*sqlite).write.Conn(b.Context())
	if err != nil {
		b.Fatal(err)
	}
	defer conn.Close()
	err = conn.Raw(func(c any) error {
		c.(modernc.HookRegisterer).RegisterCommitHook(func() int32 { time.Sleep(d); return 0 })
		return nil
	})
	if err != nil {
		b.Fatal(err)
	}
}

// acceptOne is what dispatch stores for one alert.
func acceptOne(id string) func(tx dispatch.Tx) error {
	return func(tx dispatch.Tx) error {
		if _, err := tx.SeenDelivery(alert.Delivery{ID: id, Source: "mackerel", Raw: []byte(id)}); err != nil {
			return err
		}
		if _, _, err := tx.OpenIncident("mackerel", id); err != nil {
			return err
		}
		i := storetest.Incident(id, id)
		if err := tx.PutIncident(i); err != nil {
			return err
		}
		c := storetest.Callout(i.Callout, "a", 1)
		if err := tx.AddCallout(c); err != nil {
			return err
		}
		if err := tx.PutAttempts(storetest.Attempt("at-"+id, i.Callout, "a", 1)); err != nil {
			return err
		}
		if err := tx.PutCall(call.Record{SID: sid.New[sid.Call](), Created: storetest.Base}); err != nil {
			return err
		}
		return tx.Append(timeline.Event{Kind: timeline.AlertStored, Alert: id}, timeline.Event{Kind: timeline.AttemptDialing, Alert: id})
	}
}

// BenchmarkAcceptAtOnce accepts alerts from 64 goroutines as fast as it goes.
func BenchmarkAcceptAtOnce(b *testing.B) {
	onDisks(b, func(b *testing.B, s *Store) {
		b.SetParallelism(32)
		var mu sync.Mutex
		n := 0
		before := s.Stats()
		b.ResetTimer()
		b.RunParallel(func(p *testing.PB) {
			for p.Next() {
				mu.Lock()
				n++
				id := fmt.Sprint("al-", n)
				mu.Unlock()
				if err := s.Write(b.Context(), acceptOne(id)); err != nil {
					b.Error(err)
					return
				}
			}
		})
		b.StopTimer()
		after := s.Stats()
		b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "alerts/s")
		b.ReportMetric(float64(after.Commits-before.Commits)/b.Elapsed().Seconds(), "commits/s")
		b.ReportMetric(float64(after.Changes-before.Changes)/float64(after.Commits-before.Commits), "changes/commit")
	})
}

// BenchmarkAcceptAtHundredPerSecond accepts 100 alerts a second, at random moments, each followed by three
// changes of its call-out, and says how long accepting took.
func BenchmarkAcceptAtHundredPerSecond(b *testing.B) {
	onDisks(b, func(b *testing.B, s *Store) {
		var mu sync.Mutex
		var took []time.Duration
		var all sync.WaitGroup
		next := time.Now()
		b.ResetTimer()
		for n := range b.N {
			next = next.Add(time.Duration(rand.ExpFloat64() * float64(10*time.Millisecond)))
			time.Sleep(time.Until(next))
			all.Go(func() {
				id := fmt.Sprint("al-", n)
				start := time.Now()
				if err := s.Write(b.Context(), acceptOne(id)); err != nil {
					b.Error(err)
					return
				}
				d := time.Since(start)
				mu.Lock()
				took = append(took, d)
				mu.Unlock()
				for range 3 {
					if err := s.Write(b.Context(), changeOne("co-"+id, "at-"+id)); err != nil {
						b.Error(err)
						return
					}
				}
			})
		}
		all.Wait()
		b.StopTimer()
		slices.Sort(took)
		at := func(p int) float64 { return float64(took[len(took)*p/100].Microseconds()) / 1000 }
		b.ReportMetric(at(50), "p50-ms")
		b.ReportMetric(at(99), "p99-ms")
		b.ReportMetric(float64(s.Stats().Changes)/float64(s.Stats().Commits), "changes/commit")
	})
}

// changeOne is a step of a call-out: it rang, it answered, it was confirmed.
func changeOne(callout, attempt string) func(tx dispatch.Tx) error {
	return func(tx dispatch.Tx) error {
		c, err := tx.Callout(callout)
		if err != nil {
			return err
		}
		a, err := tx.Attempt(attempt)
		if err != nil {
			return err
		}
		c.Version++
		if err := tx.PutCallout(c); err != nil {
			return err
		}
		if err := tx.PutAttempts(a); err != nil {
			return err
		}
		return tx.Append(timeline.Event{Kind: timeline.AttemptRinging, Alert: c.Alert})
	}
}
