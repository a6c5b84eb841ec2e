package trunk

import (
	"testing"
	"time"
)

func TestPlacesAtASharedGate(t *testing.T) {
	at := func(d time.Duration) time.Time { return two.Add(d) }
	last := Last{At: two, Asked: two}
	for _, tt := range []struct {
		name   string
		last   Last
		now    time.Duration
		after  time.Duration
		unused time.Time
		want   time.Duration
	}{
		{"nobody has passed", Last{}, 0, 0, time.Time{}, 0},
		{"nobody has passed, and this process's last call was just now", Last{}, 0, 400 * time.Millisecond, time.Time{}, 400 * time.Millisecond},
		{"a second after the last one", last, 300 * time.Millisecond, 0, time.Time{}, time.Second},
		{"the last one is still to come", Last{At: at(2 * time.Second), Asked: at(time.Second)}, time.Second, 0, time.Time{}, 3 * time.Second},
		{"nothing is saved up", last, time.Hour, 0, time.Time{}, time.Hour},
		{"and nothing before its own last call allows it", last, 300 * time.Millisecond, 900 * time.Millisecond, time.Time{}, 1200 * time.Millisecond},
		{"a place that nobody used is taken back", last, 200 * time.Millisecond, 0, two, 200 * time.Millisecond},
		{"unless somebody came after", Last{At: at(time.Second), Asked: two}, 200 * time.Millisecond, 0, two, 2 * time.Second},
		{"the clock was put back by an hour", Last{At: at(time.Hour), Asked: at(time.Hour)}, 0, 0, time.Time{}, time.Second},
		{"the clock was put back by little: its second is waited for", Last{At: at(time.Second), Asked: at(500 * time.Millisecond)}, 0, 0, time.Time{}, 2 * time.Second},
		{"the clock was put forward by an hour", last, time.Hour, 0, time.Time{}, time.Hour},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got := tt.last.Next(at(tt.now), time.Second, tt.after, tt.unused)
			if d := got.At.Sub(two); d != tt.want {
				t.Errorf("the call may begin after %v, want %v", d, tt.want)
			}
			if !got.Asked.Equal(at(tt.now)) {
				t.Errorf("asked at %v", got.Asked.Sub(two))
			}
		})
	}
}

// Whoever asks, and however long they let their places pass: as long as the clock goes on, no two used places are
// less than the interval apart.
func FuzzSharedGate(f *testing.F) {
	f.Add(int64(time.Second), []byte{3, 0, 1, 200, 2, 90, 7})
	f.Fuzz(func(t *testing.T, interval int64, steps []byte) {
		interval = max(1, interval%int64(time.Hour))
		var last Last
		var used time.Time
		var own [4]time.Time // of each process, not yet used
		now := two
		for _, s := range steps {
			who := s % 4
			now = now.Add(time.Duration(s>>2) * 20 * time.Millisecond)
			unused := own[who]
			if !unused.IsZero() && !now.Before(unused) && s&4 == 0 { // its moment, more or less
				if !used.IsZero() && unused.Sub(used).Abs() < time.Duration(interval) {
					t.Fatalf("a call begins at %v after one at %v", unused, used)
				}
				used = unused
				own[who] = time.Time{}
				continue
			}
			if !unused.IsZero() && now.Before(unused) {
				continue // it waits
			}
			last = last.Next(now, time.Duration(interval), 0, unused)
			if last.At.Before(now) {
				t.Fatalf("at %v a place at %v", now, last.At)
			}
			own[who] = last.At
		}
	})
}
