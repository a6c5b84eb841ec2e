package media

import (
	"math/bits"
	"sync/atomic"
	"time"
)

// Lateness is how punctual a [Clock] was. Quantiles are upper bounds, exact to a quarter of an octave.
type Lateness struct {
	P50, P99, Max time.Duration // over the last five to ten seconds; 0 without ticks
	Ticks         uint64        // since the start
	Late          uint64        // of them more than 5 ms late
	Skipped       uint64        // given up, because they were more than three frames late
}

// lateTick is what a listener begins to hear with a small jitter buffer.
const lateTick = 5 * time.Millisecond

const (
	latenessBuckets = 80 // four to an octave, from 1 µs to above a second
	latenessWindow  = 5 * time.Second
)

// latenessRing is written by one shard and read by anybody: the window that is being filled and the one before.
type latenessRing struct {
	windows [2]struct {
		buckets [latenessBuckets]atomic.Uint32
		max     atomic.Int64
	}
	window               atomic.Int64 // number of the window being filled
	ticks, late, skipped atomic.Uint64
}

type latenessSum struct {
	buckets              [latenessBuckets]uint64
	max                  int64
	ticks, late, skipped uint64
}

func latenessBucket(d time.Duration) int {
	us := uint64(max(d, 0) / time.Microsecond)
	if us < 4 {
		return int(us)
	}
	octave := bits.Len64(us) - 1 // 2 and more
	return min(latenessBuckets-1, (octave-1)*4+int(us>>(octave-2)&3))
}

// latenessBound is the upper end of a bucket.
func latenessBound(bucket int) time.Duration {
	if bucket < 4 {
		return time.Duration(bucket+1) * time.Microsecond
	}
	octave := bucket/4 + 1
	return time.Duration((uint64(bucket%4)+5)<<(octave-2)) * time.Microsecond
}

// turn begins a new window when its time has come.
func (r *latenessRing) turn(now time.Duration) int64 {
	n := int64(now / latenessWindow)
	old := r.window.Load()
	if n == old {
		return n
	}
	for i := range r.windows {
		if n-old >= 2 || int64(i) == n%2 {
			for b := range r.windows[i].buckets {
				r.windows[i].buckets[b].Store(0)
			}
			r.windows[i].max.Store(0)
		}
	}
	r.window.Store(n)
	return n
}

func (r *latenessRing) add(now, late time.Duration, members int) {
	w := &r.windows[r.turn(now)%2]
	w.buckets[latenessBucket(late)].Add(uint32(members))
	if int64(late) > w.max.Load() {
		w.max.Store(int64(late))
	}
	r.ticks.Add(uint64(members))
	if late > lateTick {
		r.late.Add(uint64(members))
	}
}

// skip counts ticks that were given up; they are late beyond the histogram's end.
func (r *latenessRing) skip(now time.Duration, ticks uint64) {
	r.windows[r.turn(now)%2].buckets[latenessBuckets-1].Add(uint32(ticks))
	r.skipped.Add(ticks)
}

func (r *latenessRing) addTo(s *latenessSum) {
	for i := range r.windows {
		for b := range r.windows[i].buckets {
			s.buckets[b] += uint64(r.windows[i].buckets[b].Load())
		}
		s.max = max(s.max, r.windows[i].max.Load())
	}
	s.ticks += r.ticks.Load()
	s.late += r.late.Load()
	s.skipped += r.skipped.Load()
}

func (s *latenessSum) lateness() Lateness {
	return Lateness{
		P50: s.quantile(0.50), P99: s.quantile(0.99), Max: time.Duration(s.max),
		Ticks: s.ticks, Late: s.late, Skipped: s.skipped,
	}
}

func (s *latenessSum) quantile(q float64) time.Duration {
	var all uint64
	for _, n := range s.buckets {
		all += n
	}
	if all == 0 {
		return 0
	}
	rank, seen := uint64(q*float64(all-1)), uint64(0)
	for b, n := range s.buckets {
		if seen += n; seen > rank {
			return latenessBound(b)
		}
	}
	return latenessBound(latenessBuckets - 1)
}
