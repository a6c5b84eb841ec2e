package storetest

import (
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/kaden-project/kaden/call"
	"github.com/kaden-project/kaden/trunk"
)

// gatesShared: however many ask at once, and after a restart, no two places are less than the interval apart.
func gatesShared(t *testing.T, s Store, reopen func() Store) {
	const interval = time.Second
	begun := time.Now()
	first, place, err := s.Pass(t.Context(), "trunk ntt", interval, 0, time.Time{})
	ok(t, err)
	if wait := first.Sub(begun); wait < -time.Second || wait > time.Second {
		t.Errorf("the first call waits for %v", wait)
	}
	var mu sync.Mutex
	var all sync.WaitGroup
	places := []time.Time{place}
	for range 20 {
		all.Go(func() {
			_, p, err := s.Pass(t.Context(), "trunk ntt", interval, 0, time.Time{})
			mu.Lock()
			defer mu.Unlock()
			if places = append(places, p); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	slices.SortFunc(places, time.Time.Compare)
	for i, p := range places {
		if want := place.Add(time.Duration(i) * interval); !p.Equal(want) {
			t.Fatalf("place %d comes %v after the first, want %v", i, p.Sub(place), want.Sub(place))
		}
	}
	_, other, err := s.Pass(t.Context(), "number ntt +815012345678", interval, 0, time.Time{})
	ok(t, err)
	if wait := other.Sub(place); wait > 10*time.Second {
		t.Errorf("another gate opens %v later", wait)
	}

	s = reopen()
	opens, next, err := s.Pass(t.Context(), "trunk ntt", interval, 0, time.Time{})
	ok(t, err)
	same(t, "the place after a restart", next, place.Add(21*interval))
	if ours, theirs := time.Until(opens), time.Until(next); (ours - theirs).Abs() > 2*time.Second { // the database is on this machine
		t.Errorf("it opens in %v by our clock, and in %v by the database's", ours, theirs)
	}

	// Nobody has come after it: who let it pass gets another at once, and not before its moment.
	_, again, err := s.Pass(t.Context(), "trunk ntt", interval, 0, next)
	ok(t, err)
	same(t, "a place that was let pass", again, next)
	_, _, err = s.Pass(t.Context(), "trunk ntt", interval, 0, time.Time{})
	ok(t, err)
	_, again, err = s.Pass(t.Context(), "trunk ntt", interval, 0, again)
	ok(t, err)
	same(t, "a place that was let pass, and somebody came after", again, next.Add(2*interval))

	_, p1, err := s.Pass(t.Context(), "account a", interval, 700*time.Millisecond, time.Time{})
	ok(t, err)
	_, p2, err := s.Pass(t.Context(), "account a", interval, 0, time.Time{})
	ok(t, err)
	same(t, "the place after one that was asked for ahead", p2, p1.Add(interval))
}

func failedTrunksKept(t *testing.T, s Store, reopen func() Store) {
	b := call.TrunkFate{Name: "kddi", Door: "sip.kddi.example\n0501\nhush", Health: trunk.Health{}.Fail(Base, "503 Service Unavailable", 0)}
	a := call.TrunkFate{Name: "ntt", Door: "sip.ntt.example\n\n", Health: trunk.Health{}.Fail(Base, "not a word within 3s", time.Minute)}
	ok(t, s.KeepTrunk(t.Context(), a))
	ok(t, s.KeepTrunk(t.Context(), b))
	b.Health = b.Health.Fail(Base.Add(time.Second), "403 Forbidden", 0)
	ok(t, s.KeepTrunk(t.Context(), b))
	s = reopen()
	list, err := s.FailedTrunks(t.Context())
	ok(t, err)
	same(t, "trunks that fail", list, []call.TrunkFate{b, a})
	b.Health = b.Health.Work()
	ok(t, s.KeepTrunk(t.Context(), b))
	ok(t, s.KeepTrunk(t.Context(), call.TrunkFate{Name: "never heard of"}))
	list, err = s.FailedTrunks(t.Context())
	ok(t, err)
	same(t, "and one works again", list, []call.TrunkFate{a})
}
