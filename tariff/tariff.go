// Package tariff knows what telephone calls and short messages cost (料金): price tables, their arithmetic, budgets and sums.
//
// A [Table] is what one carrier asks: a row per class of numbers or prefix, with a price for each started
// unit of time. [Table.Cost] gives the [Money] for one leg, or says that no row prices it: a price that is
// not known is never nothing. Everything is in whole millionths of a currency, so that the sum of a month
// is the invoice to the last digit; there are no floating point numbers here, no clock and no store.
package tariff

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/kaden-project/kaden/number"
)

// Amount is a sum of money in millionths of its currency: 8 yen 80 is 8,800,000.
type Amount int64

// one is one unit of a currency.
const one Amount = 1_000_000

// places is how many decimals an Amount has.
const places = 6

// mostPrice is the highest price that can be written. With it, a call of a year by the second still fits.
const mostPrice = 100_000 * one

// ParseAmount reads a decimal number such as 8 or 0.0085. Nothing is rounded: a seventh decimal is an error.
func ParseAmount(s string) (Amount, error) {
	whole, part, point := strings.Cut(s, ".")
	digits := func(s string) bool { return s != "" && strings.Trim(s, "0123456789") == "" }
	switch {
	case !digits(whole) || point && !digits(part):
		return 0, fmt.Errorf("%q is no amount of money: digits, and a point before the decimals", s)
	case len(part) > places:
		return 0, fmt.Errorf("%q has more than %d decimals", s, places)
	}
	n, err := strconv.ParseInt(whole+part+strings.Repeat("0", places-len(part)), 10, 64)
	if err != nil {
		return 0, fmt.Errorf("%q is more than can be counted", s)
	}
	return Amount(n), nil
}

// String is the exact amount without needless decimals: 8.8, 0.0085, -12.
func (a Amount) String() string { return a.decimals(0) }

// Fixed is the amount as Twilio writes prices: five decimals, and the sixth where it is needed.
func (a Amount) Fixed() string { return a.decimals(5) }

// decimals writes at least so many decimals.
func (a Amount) decimals(least int) string {
	sign, u := "", uint64(a)
	if a < 0 {
		sign, u = "-", -u
	}
	s := fmt.Sprintf("%0*d", places+1, u)
	whole, part := s[:len(s)-places], strings.TrimRight(s[len(s)-places:], "0")
	if missing := least - len(part); missing > 0 {
		part += strings.Repeat("0", missing)
	}
	if part != "" {
		part = "." + part
	}
	return sign + whole + part
}

// Money is an amount in a currency. The zero Money is not nothing: it is not known.
type Money struct {
	Amount   Amount
	Currency string // ISO 4217: JPY, USD; "" where the amount is not known
}

// Known tells whether there is a price; it may be 0.
func (m Money) Known() bool { return m.Currency != "" }

// String is 8.8 JPY, or unknown.
func (m Money) String() string {
	if !m.Known() {
		return "unknown"
	}
	return m.Amount.String() + " " + m.Currency
}

// Row is the price of some numbers. Its zero values cost nothing.
type Row struct {
	To      []string      // what it prices: classes (mobile), prefixes (+8190), others
	PerCall Amount        // for each call that is answered
	Price   Amount        // for each started Unit after that
	Unit    time.Duration // 3 min, 60 s, 1 s; 0: time costs nothing
	Free    time.Duration // so much of each call is not counted
	Attempt Amount        // for a call that nobody answers
}

// Others is the word for every number that no other row prices.
const Others = "others"

// Table is what a carrier asks. The zero Table knows no price.
type Table struct {
	Currency string
	Rows     []Row
	Inbound  []Row // for calls that come in: To is the number of ours that was called
	Messages []Row // for short messages that are sent: Price is for each segment, and the rest is left empty
}

// Leg is one connection to a telephone number as a carrier counts it.
type Leg struct {
	To       number.Number
	Answered bool
	Talked   time.Duration // from the answer to the end
}

// In is the table for calls that come in: what the carrier asks for those to a number of ours.
func (t Table) In() Table { return Table{Currency: t.Currency, Rows: t.Inbound} }

// Message is what a short message of so many segments costs that was sent to a number; the zero Money where no row
// prices it. (Segments: what fits into one SMS; see package message.)
func (t Table) Message(to number.Number, segments int) Money {
	r, ok := Table{Rows: t.Messages}.Row(to)
	if !ok || t.Currency == "" {
		return Money{}
	}
	return Money{Amount(max(1, segments)) * r.Price, t.Currency}
}

// Row finds the row for a number: that of the longest prefix, else its class's, else the one for others.
func (t Table) Row(to number.Number) (Row, bool) {
	class, best, at := string(to.Class()), -1, -1
	for i, r := range t.Rows {
		for _, w := range r.To {
			weight := -1
			switch {
			case w == class:
				weight = 1
			case w == Others:
				weight = 0
			case isPrefix(w) && strings.HasPrefix(string(to), w):
				weight = len(w) // "+1" is 2
			}
			if weight > best {
				best, at = weight, i
			}
		}
	}
	if at < 0 {
		return Row{}, false
	}
	return t.Rows[at], true
}

func isPrefix(word string) bool { return strings.HasPrefix(word, "+") }

// Cost is what a leg costs, and how that comes about in a few words. It is the zero Money where no row prices the
// leg, and the words say which is missing.
func (t Table) Cost(l Leg) (Money, string) {
	if t.Currency == "" {
		return Money{}, "the trunk has no prices"
	}
	r, ok := t.Row(l.To)
	switch {
	case !ok:
		return Money{}, "no row of the trunk's prices has " + l.To.Class().Words()
	case !l.Answered:
		return Money{r.Attempt, t.Currency}, "nobody answered"
	}
	n := r.units(l.Talked)
	cost := Money{r.PerCall + Amount(n)*r.Price, t.Currency}
	words := fmt.Sprintf("%s talked", l.Talked.Round(time.Second))
	if r.Unit > 0 {
		words += fmt.Sprintf(", %d × %s", n, short(r.Unit))
	}
	return cost, words
}

// units is how many units have begun in the time that is counted. Whoever answers uses at least one, unless
// the free time covers it all.
func (r Row) units(talked time.Duration) int64 {
	if r.Unit <= 0 {
		return 0
	}
	counted := max(0, talked) - r.Free
	switch {
	case counted > 0:
		return int64((counted + r.Unit - 1) / r.Unit)
	case r.Free > 0:
		return 0
	}
	return 1
}

// short is a length of time without zeros at its end: 3m, 60s as 1m.
func short(d time.Duration) string {
	s := d.String()
	if strings.HasSuffix(s, "m0s") {
		s = strings.TrimSuffix(s, "0s")
	}
	if strings.HasSuffix(s, "h0m") {
		s = strings.TrimSuffix(s, "0m")
	}
	return s
}

// heads are the prefixes that make up a class; classes without are not made up of any.
var heads = map[number.Class][]string{
	number.Mobile:   {"+8160", "+8170", "+8180", "+8190"},
	number.IPPhone:  {"+8150"},
	number.TollFree: {"+81120", "+81800"},
	number.Shared:   {"+81570"},
	number.Premium:  {"+81990", "+81180"},
	number.Pager:    {"+8120"},
	number.Fixed:    {"+81"},
}

// Gaps names what no row prices among the classes that can be reached, in words; nil is a table without gaps.
func (t Table) Gaps(reaches func(number.Class) bool) (gaps []string) {
	has := func(word string) bool {
		return slices.ContainsFunc(t.Rows, func(r Row) bool { return slices.Contains(r.To, word) })
	}
	if has(Others) {
		return nil
	}
	for _, c := range number.Classes() {
		if !reaches(c) || has(string(c)) {
			continue
		}
		var open []string
		for _, h := range heads[c] {
			if !t.covers(h) {
				open = append(open, h)
			}
		}
		switch {
		case heads[c] != nil && len(open) == 0:
		case len(open) < len(heads[c]):
			gaps = append(gaps, strings.Join(open, ", "))
		default:
			gaps = append(gaps, c.Words())
		}
	}
	return gaps
}

// covers tells whether a row prices every number that begins with head.
func (t Table) covers(head string) bool {
	return slices.ContainsFunc(t.Rows, func(r Row) bool {
		return slices.ContainsFunc(r.To, func(w string) bool { return isPrefix(w) && strings.HasPrefix(head, w) })
	})
}
