package store

import (
	"context"
	"time"

	"github.com/kaden-project/kaden/call"
	"github.com/kaden-project/kaden/message"
	"github.com/kaden-project/kaden/sid"
	"github.com/kaden-project/kaden/tariff"
)

var charges = newTable("charge", "call leg account attempt trunk inbound at talked amount currency", func(c *chargeRow) []any {
	return []any{&c.Call, &c.Leg, &c.Account, &c.Attempt, &c.Trunk, &c.Inbound, moment{&c.At}, &c.talked, (*int64)(&c.Cost.Amount), &c.Cost.Currency}
})

// chargeRow is a charge with its time in milliseconds.
type chargeRow struct {
	call.Charge
	talked int64
}

// A charge that is there already was stored by a change whose answer was lost, and which is now made again.
var putCharge = charges.insert + " ON CONFLICT (call, leg) DO NOTHING"

const priceAttempt = "UPDATE attempt SET price = ?, price_unit = ? WHERE id = ?"

// putCharges writes what legs have cost, and beside the attempt what its call has cost so far.
func (t *tx) putCharges(c call.Change) error {
	for _, ch := range c.Charges {
		if _, err := t.exec(putCharge, charges.fields(&chargeRow{ch, ch.Talked.Milliseconds()})...); err != nil {
			return err
		}
	}
	if len(c.Charges) == 0 || c.Record.Attempt == "" {
		return nil
	}
	_, err := t.exec(priceAttempt, int64(c.Record.Price.Amount), c.Record.Price.Currency, c.Record.Attempt)
	return err
}

const spent = `SELECT CAST(COALESCE(SUM(CASE WHEN currency = ? THEN amount ELSE 0 END), 0) AS BIGINT),
	CAST(COALESCE(SUM(CASE WHEN currency = '' THEN 1 ELSE 0 END), 0) AS BIGINT) FROM charge WHERE at >= ? AND at < ?`

func (t *tx) Spent(currency string, from, to time.Time) (sum tariff.Amount, unknown int64, err error) {
	err = t.one(spent, []any{currency, millis(from), millis(to)}, (*int64)(&sum), &unknown)
	return sum, unknown, err
}

func (t *tx) BudgetSaid(budget, month string, percent int) (first bool, err error) {
	n, err := t.exec("INSERT INTO budget_said (budget, month, percent) VALUES (?, ?, ?) ON CONFLICT (budget, month, percent) DO NOTHING", budget, month, percent)
	return n > 0, err
}

// messageLeg is the leg of a charge that is a short message's; its call is the message.
const messageLeg = -1

// putMessageCharge writes what a message costs that was sent. It may become known later; a message that is forgotten has
// cost something all the same.
func (t *tx) putMessageCharge(r message.Record) error {
	if r.Sent.IsZero() || r.Direction == message.Inbound {
		return nil
	}
	row := chargeRow{Charge: call.Charge{
		Call: sid.Call(r.SID), Leg: messageLeg, Account: r.Account, Trunk: r.Carrier, At: r.Sent, Cost: r.Price,
	}}
	_, err := t.exec(charges.insert+" ON CONFLICT (call, leg) DO UPDATE SET amount = excluded.amount, currency = excluded.currency", charges.fields(&row)...)
	return err
}

// spending is a row of a sum.
type spending struct {
	tariff.Spent
	quarter, talked int64
}

var spendings = newTable("charge", "quarter plan person trunk currency legs messages talked amount", func(s *spending) []any {
	return []any{&s.quarter, &s.Plan, &s.Person, &s.Trunk, &s.Currency, &s.Legs, &s.Messages, &s.talked, (*int64)(&s.Amount)}
})

// Plan and person are those of the attempt that a call was placed for; an alert that rode on it paid nothing.
const usage = `SELECT c.at / ?, COALESCE(o.plan, ''), COALESCE(a.person, ''), c.trunk, c.currency,
	CAST(SUM(CASE WHEN c.leg < 0 THEN 0 ELSE 1 END) AS BIGINT), CAST(SUM(CASE WHEN c.leg < 0 THEN 1 ELSE 0 END) AS BIGINT),
	CAST(SUM(c.talked) AS BIGINT), CAST(SUM(c.amount) AS BIGINT)
	FROM charge c LEFT JOIN attempt a ON a.id = c.attempt LEFT JOIN callout o ON o.id = a.callout
	WHERE c.at >= ? AND c.at < ? AND (c.account = ? OR ? = '')
	GROUP BY 1, 2, 3, 4, 5, CASE WHEN c.leg < 0 THEN 1 ELSE 0 END ORDER BY 1, 2, 3, 4, 5, 7`

// Usage is what was spent; see dispatch.Store.
func (s *Store) Usage(ctx context.Context, account sid.Account, from, to time.Time) (all []tariff.Spent, err error) {
	quarter := tariff.Quarter.Milliseconds()
	rows, err := list(ctx, s.db.reader(), spendings, usage, quarter, millis(from), millis(to), account, account)
	for _, r := range rows {
		r.At, r.Talked = time.UnixMilli(r.quarter*quarter).UTC(), time.Duration(r.talked)*time.Millisecond
		all = append(all, r.Spent)
	}
	return all, err
}
