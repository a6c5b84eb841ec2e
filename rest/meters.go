package rest

import (
	"cmp"
	"slices"
	"strconv"
	"time"

	"github.com/kaden-project/kaden/tariff"
)

// meter is a category of usage (Twilio: Usage Records, "Usage Categories").
type meter struct {
	category, description string
	countUnit, usageUnit  string // "" both: only the price is counted
	kinds                 []tariff.Kind
}

// meters are the categories of which anything is known here, in the order of their names.
var meters = []meter{
	{"calls", "Voice calls", "calls", "minutes", []tariff.Kind{tariff.CallsIn, tariff.CallsOut}},
	{"calls-inbound", "Inbound voice calls", "calls", "minutes", []tariff.Kind{tariff.CallsIn}},
	{"calls-outbound", "Outbound voice calls", "calls", "minutes", []tariff.Kind{tariff.CallsOut}},
	{"recordings", "Recordings", "recordings", "minutes", []tariff.Kind{tariff.Recordings}},
	{"sms", "SMS", "messages", "segments", []tariff.Kind{tariff.TextsIn, tariff.TextsOut}},
	{"sms-inbound", "Inbound SMS", "messages", "segments", []tariff.Kind{tariff.TextsIn}},
	{"sms-outbound", "Outbound SMS", "messages", "segments", []tariff.Kind{tariff.TextsOut}},
	{totalPrice, "Total price", "", "", []tariff.Kind{tariff.CallsIn, tariff.CallsOut, tariff.TextsIn, tariff.TextsOut}},
}

const totalPrice = "totalprice"

// meterOf is the meter of a category.
func meterOf(category string) (meter, bool) {
	i := slices.IndexFunc(meters, func(m meter) bool { return m.category == category })
	if i < 0 {
		return meter{}, false
	}
	return meters[i], true
}

// tally is what a meter shows for one period and currency; "" is the currency of costs that are not known.
type tally struct {
	period string
	tariff.Used
}

// read is what a meter shows, by period, the latest first.
func (m meter) read(list []tariff.Used, period func(time.Time) string) []tally {
	type place struct{ period, currency string }
	sums := map[place]tally{}
	for _, u := range list {
		if !slices.Contains(m.kinds, u.Kind) || m.category == totalPrice && u.Currency == "" {
			continue
		}
		k := place{period(u.From), u.Currency}
		sum := sums[k]
		sum.period, sum.Currency = k.period, k.currency
		sum.Count, sum.Units, sum.Took, sum.Amount = sum.Count+u.Count, sum.Units+u.Units, sum.Took+u.Took, sum.Amount+u.Amount
		sums[k] = sum
	}
	out := make([]tally, 0, len(sums))
	for _, sum := range sums {
		out = append(out, sum)
	}
	slices.SortFunc(out, func(a, b tally) int {
		return -cmp.Or(cmp.Compare(a.period, b.period), cmp.Compare(a.Currency, b.Currency))
	})
	return out
}

// usage is the tally in the meter's unit of usage: begun minutes, segments, or money.
func (m meter) usage(t tally) string {
	switch m.usageUnit {
	case "":
		return t.Amount.String()
	case "minutes":
		return strconv.FormatInt(minutes(t.Took), 10)
	}
	return strconv.FormatInt(t.Units, 10)
}

func minutes(d time.Duration) int64 { return int64((d + time.Minute - 1) / time.Minute) }

// value is what a trigger looks at: the count, the usage or the price of all that the meter shows. Prices of several
// currencies are not added up; the highest counts. by is count, usage or price.
func (m meter) value(list []tariff.Used, by string) tariff.Amount {
	var count, units, most tariff.Amount
	var took time.Duration
	for _, t := range m.read(list, func(time.Time) string { return "" }) {
		count, units, took, most = count+tariff.Amount(t.Count), units+tariff.Amount(t.Units), took+t.Took, max(most, t.Amount)
	}
	switch {
	case by == "price" || m.usageUnit == "":
		return most
	case by == "count":
		return count * tariff.Unit
	case m.usageUnit == "minutes":
		return tariff.Amount(minutes(took)) * tariff.Unit
	}
	return units * tariff.Unit
}
