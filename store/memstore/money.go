package memstore

import (
	"cmp"
	"context"
	"slices"
	"time"

	"github.com/kaden-project/kaden/call"
	"github.com/kaden-project/kaden/sid"
	"github.com/kaden-project/kaden/tariff"
)

// messageLeg is the leg of a charge that is a short message's; its call is the message.
const messageLeg = -1

// putCharges writes what legs have cost, and beside the attempt what its call has cost so far.
func (t *tx) putCharges(c call.Change) {
	for _, ch := range c.Charges {
		k := chargeKey{ch.Call, ch.Leg}
		if _, ok := t.s.charges[k]; !ok {
			ch.At, ch.Talked = milli(ch.At), ch.Talked.Truncate(time.Millisecond)
			putRow(t, t.s.charges, k, ch)
		}
	}
	if a, ok := t.s.attempts[c.Record.Attempt]; ok && len(c.Charges) > 0 {
		a.keep.Price = c.Record.Price
		putRow(t, t.s.attempts, a.keep.ID, a.keep)
	}
}

func (t *tx) Spent(currency string, from, to time.Time) (sum tariff.Amount, unknown int64, err error) {
	if t.over {
		return 0, 0, errOver
	}
	for _, r := range t.s.charges {
		switch c := r.keep; {
		case c.At.Before(milli(from)) || !c.At.Before(milli(to)):
		case !c.Cost.Known():
			unknown++
		case c.Cost.Currency == currency:
			sum += c.Cost.Amount
		}
	}
	return sum, unknown, nil
}

func (t *tx) BudgetSaid(budget, month string, percent int) (first bool, err error) {
	if t.over {
		return false, errOver
	}
	k := budgetSaid{budget, month, percent}
	if t.s.budgetSaid[k] {
		return false, nil
	}
	put(t, t.s.budgetSaid, k, true)
	return true, nil
}

// Usage is what was spent; see dispatch.Store.
func (s *Store) Usage(ctx context.Context, account sid.Account, from, to time.Time) ([]tariff.Spent, error) {
	if err := s.enter(ctx); err != nil {
		return nil, err
	}
	defer s.mu.Unlock()
	sums := map[tariff.Spent]tariff.Spent{}
	for _, r := range s.charges {
		c := r.keep
		if c.At.Before(milli(from)) || !c.At.Before(milli(to)) || account != "" && c.Account != account {
			continue
		}
		a := s.attempts[c.Attempt].keep
		k := tariff.Spent{At: c.At.Truncate(tariff.Quarter), Plan: s.callouts[a.Callout].keep.Plan, Person: a.Person, Trunk: c.Trunk, Currency: c.Cost.Currency}
		legs, messages := int64(1), int64(0)
		if c.Leg == messageLeg {
			legs, messages = 0, 1
		}
		k.Messages = messages // they are sums of their own
		sum, ok := sums[k]
		if !ok {
			sum = k
			sum.Messages = 0
		}
		sum.Legs, sum.Messages, sum.Talked, sum.Amount = sum.Legs+legs, sum.Messages+messages, sum.Talked+c.Talked, sum.Amount+c.Cost.Amount
		sums[k] = sum
	}
	var all []tariff.Spent
	for _, sum := range sums {
		all = append(all, sum)
	}
	slices.SortFunc(all, func(a, b tariff.Spent) int {
		return cmp.Or(a.At.Compare(b.At), cmp.Compare(a.Plan, b.Plan), cmp.Compare(a.Person, b.Person), cmp.Compare(a.Trunk, b.Trunk), cmp.Compare(a.Currency, b.Currency), cmp.Compare(a.Messages, b.Messages))
	})
	return all, nil
}
