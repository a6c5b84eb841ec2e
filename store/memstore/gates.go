package memstore

import (
	"cmp"
	"context"
	"encoding/json"
	"maps"
	"slices"
	"time"

	"github.com/kaden-project/kaden/call"
)

// Pass gives the next place at a gate away; see call.Gates.
func (s *Store) Pass(ctx context.Context, gate string, interval, after time.Duration, unused time.Time) (opens, place time.Time, err error) {
	step := (interval + time.Millisecond - 1).Truncate(time.Millisecond)
	err = s.change(ctx, func(t *tx) error {
		after := (max(0, after) + time.Millisecond - 1).Truncate(time.Millisecond)
		next := t.s.gates[gate].Next(t.now, step, after, milli(unused))
		put(t, t.s.gates, gate, next)
		place = next.At
		opens = time.Now().Add(place.Sub(t.now))
		return nil
	})
	return opens, place, err
}

// KeepTrunk keeps how a trunk fares; see call.Gates.
func (s *Store) KeepTrunk(ctx context.Context, f call.TrunkFate) error {
	return s.change(ctx, func(t *tx) error {
		if f.Health.Failed == 0 {
			remove(t, t.s.failedTrunks, f.Name)
			return nil
		}
		text, err := json.Marshal(f.Health) // as it is kept: without a clock's monotonic part
		if err != nil {
			return err
		}
		kept := call.TrunkFate{Name: f.Name, Door: f.Door}
		if err := json.Unmarshal(text, &kept.Health); err != nil {
			return err
		}
		put(t, t.s.failedTrunks, f.Name, kept)
		return nil
	})
}

// FailedTrunks lists those that were kept, by name.
func (s *Store) FailedTrunks(ctx context.Context) ([]call.TrunkFate, error) {
	if err := s.enter(ctx); err != nil {
		return nil, err
	}
	defer s.mu.Unlock()
	all := slices.Collect(maps.Values(s.failedTrunks))
	slices.SortFunc(all, func(a, b call.TrunkFate) int { return cmp.Compare(a.Name, b.Name) })
	return all, nil
}
