package store

import (
	"context"
	"math"
	"time"

	"github.com/kaden-project/kaden/sid"
	"github.com/kaden-project/kaden/tariff"
)

// usedRow is a row of a sum over one of three tables.
type usedRow struct {
	tariff.Used
	step, took int64
	inbound    bool
}

var uses = newTable("used", "step inbound currency count units took amount", func(u *usedRow) []any {
	return []any{&u.step, &u.inbound, &u.Currency, &u.Count, &u.Units, &u.took, (*int64)(&u.Amount)}
})

// Each counts what happened from one moment to before another, by steps of so many milliseconds.
const (
	usedCalls = `SELECT at / ?, inbound, currency, COUNT(*), CAST(0 AS BIGINT), CAST(SUM(talked) AS BIGINT), CAST(SUM(amount) AS BIGINT)
		FROM charge WHERE at >= ? AND at < ? AND account = ? AND leg >= 0 GROUP BY 1, 2, 3` // the others are messages
	usedTexts = `SELECT created / ?, direction = 'inbound', price_unit, COUNT(*), CAST(SUM(segments) AS BIGINT), CAST(0 AS BIGINT), CAST(SUM(price) AS BIGINT)
		FROM message WHERE created >= ? AND created < ? AND account = ? AND status NOT IN ('failed', 'canceled') GROUP BY 1, 2, 3`
	usedRecordings = `SELECT created / ?, FALSE, '', COUNT(*), CAST(0 AS BIGINT), CAST(SUM(duration) AS BIGINT), CAST(0 AS BIGINT)
		FROM recording WHERE created >= ? AND created < ? AND account = ? AND status = 'completed' GROUP BY 1`
)

// Used is what an account used from from to before to, day by day (UTC) or in one sum. Messages that did not leave
// count as little as recordings that are gone. The order is that of nothing.
func (s *Store) Used(ctx context.Context, account sid.Account, from, to time.Time, daily bool) (all []tariff.Used, err error) {
	step := int64(math.MaxInt64)
	if daily {
		step = tariff.Day.Milliseconds()
	}
	for _, u := range []struct {
		query   string
		in, out tariff.Kind
	}{{usedCalls, tariff.CallsIn, tariff.CallsOut}, {usedTexts, tariff.TextsIn, tariff.TextsOut}, {usedRecordings, "", tariff.Recordings}} {
		rows, err := list(ctx, s.db.reader(), uses, u.query, step, millis(from), millis(to), account)
		if err != nil {
			return nil, err
		}
		for _, r := range rows {
			r.Kind, r.Took, r.From = u.out, time.Duration(r.took)*time.Millisecond, from
			if r.inbound {
				r.Kind = u.in
			}
			if daily {
				r.From = time.UnixMilli(r.step * step).UTC()
			}
			all = append(all, r.Used)
		}
	}
	return all, nil
}
