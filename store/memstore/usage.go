package memstore

import (
	"context"
	"time"

	"github.com/kaden-project/kaden/message"
	"github.com/kaden-project/kaden/sid"
	"github.com/kaden-project/kaden/tariff"
)

// Used is what an account used; see store.Store.
func (s *Store) Used(ctx context.Context, account sid.Account, from, to time.Time, daily bool) (all []tariff.Used, err error) {
	if err := s.enter(ctx); err != nil {
		return nil, err
	}
	defer s.mu.Unlock()
	sums := map[tariff.Used]tariff.Used{}
	add := func(whose sid.Account, at time.Time, u tariff.Used) {
		if whose != account || at.Before(milli(from)) || !at.Before(milli(to)) {
			return
		}
		k := tariff.Used{Kind: u.Kind, Currency: u.Currency, From: from}
		if daily {
			k.From = at.Truncate(tariff.Day)
		}
		sum, ok := sums[k]
		if !ok {
			sum = k
		}
		sum.Count, sum.Units, sum.Took, sum.Amount = sum.Count+1, sum.Units+u.Units, sum.Took+u.Took, sum.Amount+u.Amount
		sums[k] = sum
	}
	for k, r := range s.charges {
		if k.leg == messageLeg { // counted below
			continue
		}
		u := tariff.Used{Kind: tariff.CallsOut, Currency: r.keep.Cost.Currency, Took: r.keep.Talked, Amount: r.keep.Cost.Amount}
		if r.keep.Inbound {
			u.Kind = tariff.CallsIn
		}
		add(r.keep.Account, r.keep.At, u)
	}
	for _, r := range s.messages {
		u := tariff.Used{Kind: tariff.TextsOut, Currency: r.keep.Price.Currency, Units: int64(r.keep.Segments), Amount: r.keep.Price.Amount}
		if r.keep.Direction == message.Inbound {
			u.Kind = tariff.TextsIn
		}
		if r.keep.Status != message.Failed && r.keep.Status != message.Canceled {
			add(r.keep.Account, r.keep.Created, u)
		}
	}
	for _, r := range s.recordings {
		if r.keep.Status == "completed" {
			add(r.keep.Account, r.keep.Created, tariff.Used{Kind: tariff.Recordings, Took: r.keep.Duration})
		}
	}
	for _, u := range sums {
		all = append(all, u)
	}
	return all, nil
}
