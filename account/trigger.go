package account

import (
	"context"
	"net/url"
	"time"

	"github.com/kaden-project/kaden/sid"
)

// Trigger tells an owner's server, once in each period, that the account has used so much (Twilio: UsageTrigger).
type Trigger struct {
	SID       sid.Trigger
	Account   sid.Account
	Name      string
	Category  string // of usage: calls, sms, totalprice …
	By        string // count, usage or price
	Value     string // a decimal number
	Recurring string // daily, monthly, yearly; "" fires once
	URL       string
	Method    string
	Fired     time.Time // when it fired last; zero: never
	Period    string    // in which that was; see [Period]
	Created   time.Time
	Updated   time.Time
}

// Once is the only period of a trigger that does not recur.
const Once = "once"

// Period is the name of the period that a moment lies in: 2026-11-30, 2026-11, 2026, or [Once]. Days are UTC's. Of
// the periods of one kind, a later one is greater, and all are greater than "".
func Period(recurring string, at time.Time) string {
	switch at = at.UTC(); recurring {
	case "daily":
		return at.Format(time.DateOnly)
	case "monthly":
		return at.Format("2006-01")
	case "yearly":
		return at.Format("2006")
	}
	return Once
}

// PeriodStart is the first moment of the period that a moment lies in; zero for a trigger that does not recur.
func PeriodStart(recurring string, at time.Time) time.Time {
	y, m, d := at.UTC().Date()
	switch recurring {
	case "daily":
	case "monthly":
		d = 1
	case "yearly":
		m, d = time.January, 1
	default:
		return time.Time{}
	}
	return time.Date(y, m, d, 0, 0, 0, 0, time.UTC)
}

// TriggerFilter selects; zero fields do not filter.
type TriggerFilter struct {
	Account   sid.Account
	Category  string
	By        string
	Recurring string // daily …, or [Once]
	Page
}

// Post is what an owner's server has to be told, at least once.
type Post struct {
	ID      string // unique
	Account sid.Account
	Method  string
	URL     string
	Params  url.Values
	Due     time.Time // not before
}

// Triggers keeps triggers. What it does not have is [ErrNotFound].
type Triggers interface {
	Trigger(ctx context.Context, account sid.Account, id sid.Trigger) (Trigger, error)
	Triggers(ctx context.Context, f TriggerFilter) (list []Trigger, next int64, err error)
	// PutTrigger inserts or replaces; whether it has fired stays as it was.
	PutTrigger(ctx context.Context, t Trigger) error
	DeleteTrigger(ctx context.Context, account sid.Account, id sid.Trigger) error

	// WaitingTriggers lists those of all accounts that have not fired in the period that at lies in, or in a later one.
	WaitingTriggers(ctx context.Context, at time.Time) ([]Trigger, error)
	// FireTrigger notes that a trigger fires in a period, and keeps what its owner is to be told, all or nothing. first is
	// false if it has fired in that period or in a later one, or is gone: then nothing is kept.
	FireTrigger(ctx context.Context, id sid.Trigger, period string, at time.Time, p Post) (first bool, err error)
}
