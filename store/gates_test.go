package store_test

import (
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/kaden-project/kaden/store"
)

// Two processes on one PostgreSQL ask for places at the same gate, as fast as they can: no two of the moments at which
// they may call, each by its own clock, are less than the interval apart, but for what reading a clock costs.
func TestTwoProcessesShareAGate(t *testing.T) {
	t.Parallel()
	a, b := twoNodes(t)
	const interval, each = 50 * time.Millisecond, 20
	var mu sync.Mutex
	var opens []time.Time
	begun := time.Now()
	ask := func(s *store.Store) error {
		for range each {
			at, _, err := s.Pass(t.Context(), "trunk ntt", interval, 0, time.Time{})
			if err != nil {
				return err
			}
			mu.Lock()
			opens = append(opens, at)
			mu.Unlock()
		}
		return nil
	}
	if err := atOnce(4, func(i int) error { return ask([]*store.Store{a, b}[i%2]) }); err != nil {
		t.Fatal(err)
	}
	slices.SortFunc(opens, time.Time.Compare)
	worst := time.Duration(0)
	for i := 1; i < len(opens); i++ {
		worst = max(worst, (opens[i].Sub(opens[i-1]) - interval).Abs())
	}
	if worst > 20*time.Millisecond {
		t.Errorf("two calls would leave %v too early or too late", worst)
	}
	if last := opens[len(opens)-1].Sub(begun); last < (4*each-1)*interval-20*time.Millisecond {
		t.Errorf("%d calls would leave within %v", 4*each, last)
	}
	t.Logf("%d places of two processes, %v apart but for %v", len(opens), interval, worst.Round(10*time.Microsecond))
}

// The caller ID of a gate can be made up by anybody, and of any length.
func TestAGateOfAnyName(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, c store.Config) {
		s := open(t, c)
		for _, name := range []string{"", strings.Repeat("9", 100_000), "number ntt \x00\xff"} {
			if _, _, err := s.Pass(t.Context(), name, time.Second, 0, time.Time{}); err != nil {
				t.Errorf("%.20q: %v", name, err)
			}
		}
	})
}
