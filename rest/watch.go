package rest

import (
	"cmp"
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"slices"
	"time"

	"github.com/kaden-project/kaden/account"
	"github.com/kaden-project/kaden/sid"
	"github.com/kaden-project/kaden/tariff"
)

// readings are what accounts have used; each is looked up once.
type readings struct {
	money Money
	known map[reading][]tariff.Used
	// settled is what was used before cut, which does not change any more and outlives the readings; the zero cut is none.
	settled map[reading][]tariff.Used
	cut     time.Time
}

// reading is an account's usage from a moment on, before another.
type reading struct {
	account  sid.Account
	from, to time.Time
}

func newReadings(m Money) readings { return readings{money: m, known: map[reading][]tariff.Used{}} }

// used is what was used from one moment to another.
func (r readings) used(ctx context.Context, k reading) (list []tariff.Used, err error) {
	if !r.cut.After(k.from) || !k.to.After(r.cut) {
		return r.money.Used(ctx, k.account, k.from, k.to, false)
	}
	old := reading{k.account, k.from, r.cut}
	before, ok := r.settled[old]
	if !ok {
		if before, err = r.money.Used(ctx, k.account, old.from, old.to, false); err != nil {
			return nil, err
		}
		r.settled[old] = before
	}
	list, err = r.money.Used(ctx, k.account, r.cut, k.to, false)
	return slices.Concat(before, list), err
}

// of is what a trigger looks at, in the period that at lies in.
func (r readings) of(ctx context.Context, t account.Trigger, at time.Time) (tariff.Amount, error) {
	k := reading{t.Account, account.PeriodStart(t.Recurring, at), nextPeriod(t.Recurring, at)}
	if k.from.IsZero() {
		k.from = time.Unix(0, 0).UTC()
	}
	used, ok := r.known[k]
	if !ok {
		var err error
		if used, err = r.used(ctx, k); err != nil {
			return 0, err
		}
		r.known[k] = used
	}
	m, _ := meterOf(t.Category) // a category that is known no more shows nothing
	return m.value(used, t.By), nil
}

// nextPeriod is the first moment after the period that at lies in; for a trigger that does not recur, after the year.
func nextPeriod(recurring string, at time.Time) time.Time {
	switch recurring {
	case "daily":
		return account.PeriodStart(recurring, at).AddDate(0, 0, 1)
	case "monthly":
		return account.PeriodStart(recurring, at).AddDate(0, 1, 0)
	}
	return account.PeriodStart("yearly", at).AddDate(1, 0, 0)
}

// Watch fires usage triggers. What owners are told is kept together with the firing and delivered by the net under
// callbacks, so that each is told once, whatever crashes, unless its own answer is lost.
type Watch struct {
	log      *slog.Logger
	triggers account.Triggers
	money    Money
	looked   time.Time // when it last looked at all of them

	settled map[reading][]tariff.Used // what was used before cut
	cut     time.Time                 // the beginning of yesterday
}

// NewWatch makes a Watch. It starts nothing.
func NewWatch(log *slog.Logger, triggers account.Triggers, money Money) *Watch {
	return &Watch{log: log, triggers: triggers, money: money}
}

// watchEvery is how often usage is looked at; "about once a minute", says the UsageTrigger page.
const watchEvery = time.Minute

// Run looks every minute, until ctx ends.
func (w *Watch) Run(ctx context.Context) error {
	tick := time.NewTicker(watchEvery)
	defer tick.Stop()
	for {
		if err := w.look(ctx, time.Now()); err != nil && ctx.Err() == nil {
			w.log.Error("usage triggers are not looked at; trying again in a minute", "err", err)
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return nil
		}
	}
}

// look fires what is to be fired. A period that has ended since it last looked, or while nothing ran, is looked at once
// more: what was used in its last minute counts.
func (w *Watch) look(ctx context.Context, now time.Time) error {
	if cut := now.UTC().Truncate(tariff.Day).Add(-tariff.Day); !cut.Equal(w.cut) {
		w.settled, w.cut = map[reading][]tariff.Used{}, cut
	}
	readings := newReadings(w.money)
	readings.settled, readings.cut = w.settled, w.cut
	before := w.looked
	if before.IsZero() {
		before = now.Add(-tariff.Day)
	}
	for _, at := range []time.Time{before, now} {
		list, err := w.triggers.WaitingTriggers(ctx, at)
		if err != nil {
			return err
		}
		for _, t := range list {
			over := account.Period(t.Recurring, at) != account.Period(t.Recurring, now)
			if at.Equal(before) && !over || over && !t.Created.Before(nextPeriod(t.Recurring, at)) {
				continue // its period is not over, or it was made after that
			}
			if err := w.weigh(ctx, readings, t, at, now); err != nil {
				return err
			}
		}
	}
	w.looked = now
	return nil
}

// weigh fires a trigger if so much was used in the period that at lies in.
func (w *Watch) weigh(ctx context.Context, r readings, t account.Trigger, at, now time.Time) error {
	want, err := tariff.ParseAmount(t.Value)
	if err != nil {
		w.log.Error("a usage trigger has no value", "trigger", t.SID, "err", err)
		return nil
	}
	value, err := r.of(ctx, t, at)
	if err != nil || value < want {
		return err
	}
	period := account.Period(t.Recurring, at)
	token := fmt.Sprintf("%s-FIRES-%s-%s", t.Account, t.SID, period)
	first, err := w.triggers.FireTrigger(ctx, t.SID, period, now, account.Post{
		ID: token, Account: t.Account, Method: cmp.Or(t.Method, http.MethodPost), URL: t.URL, Due: now, Params: url.Values{
			"AccountSid": {string(t.Account)}, "ApiVersion": {apiVersion}, "UsageTriggerSid": {string(t.SID)}, "UsageCategory": {t.Category},
			"TriggerBy": {t.By}, "TriggerValue": {t.Value}, "CurrentValue": {value.String()}, "Recurring": {cmp.Or(t.Recurring, allTimes)},
			"UsageRecordUri": {usageRecordURI(t)}, "DateFired": {*date(now)}, "IdempotencyToken": {token},
		},
	})
	if first {
		w.log.Info("usage trigger fired", "trigger", t.SID, "category", t.Category, "by", t.By, "value", value.String())
	}
	return err
}
