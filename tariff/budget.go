package tariff

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/kaden-project/kaden/problem"
	"github.com/kaden-project/kaden/problem/yamldoc"
)

// Budget is how much all calls and short messages in one currency may cost in a month (予算).
type Budget struct {
	Name     string
	Limit    Money
	Warn     []int // percent of Limit at which it is said, rising
	Stop     bool  // from 100 % on, warnings ring no telephone; critical alerts and those without a severity always do
	StopREST bool  // and no calls are placed over the REST API
}

// ReadBudget reads a budget's document:
//
//	budget: calls
//	amount: 30000            # a month
//	currency: JPY
//	warn: [50, 80, 100]      # percent; this is the default
//	stop: true               # warnings ring no telephone from 100 % on; default false
//	stop-rest: true          # calls over the REST API are refused as well; default false
func ReadBudget(text []byte) (Budget, problem.List) {
	doc := yamldoc.Parse(text)
	b := Budget{Name: doc.Need("budget", "calls").Text()}
	amount := doc.Need("amount", "30000")
	b.Limit.Currency = readCurrency(doc.Need("currency", "JPY"))
	if s := amount.Text(); s != "" {
		a, err := ParseAmount(s)
		switch {
		case err != nil:
			amount.Error(err.Error(), "write 30000")
		case a == 0:
			amount.Error("a budget of nothing", "leave the document out where there is no limit")
		}
		b.Limit.Amount = a
	}
	warn := doc.Take("warn")
	for _, v := range warn.List() {
		if n := v.Count(1, 1000); n > 0 && !slices.Contains(b.Warn, n) {
			b.Warn = append(b.Warn, n)
		}
	}
	if !warn.Given() {
		b.Warn = []int{50, 80, 100}
	}
	b.Stop, b.StopREST = readYes(doc.Take("stop")), readYes(doc.Take("stop-rest"))
	if (b.Stop || b.StopREST) && !slices.Contains(b.Warn, 100) { // a stop is never silent
		b.Warn = append(b.Warn, 100)
	}
	slices.Sort(b.Warn)
	return b, doc.Done()
}

func readYes(v yamldoc.Value) bool { return v.OneOf("true", "false") == "true" }

// Used tells whether the budget is used up.
func (b Budget) Used(spent Amount) bool { return spent >= b.Limit.Amount }

// Left is what remains of the month; negative when more was spent.
func (b Budget) Left(spent Amount) Money {
	return Money{b.Limit.Amount - spent, b.Limit.Currency}
}

// Reached lists the percentages at which it is to be said that so much was spent.
func (b Budget) Reached(spent Amount) (percent []int) {
	for _, p := range b.Warn {
		if spent >= b.part(p) {
			percent = append(percent, p)
		}
	}
	return percent
}

// part is so many percent of the limit, rounded up, without leaving whole numbers.
func (b Budget) part(percent int) Amount {
	whole, rest := b.Limit.Amount/100, b.Limit.Amount%100
	p := Amount(percent)
	return whole*p + (rest*p+99)/100
}

// Words says how far the budget is used, for people.
func (b Budget) Words(spent Amount) string {
	return fmt.Sprintf("%s of %s of budget %q", spent, b.Limit, b.Name)
}

// Month is the calendar month of t where the house stands: from its first moment to that of the next.
func Month(t time.Time) (from, to time.Time) {
	y, m, _ := t.Date()
	return time.Date(y, m, 1, 0, 0, 0, 0, t.Location()), time.Date(y, m+1, 1, 0, 0, 0, 0, t.Location())
}

// MonthName is 2026-11.
func MonthName(t time.Time) string { return t.Format("2006-01") }

// Spent is what some calls, or some short messages, have cost: those of one quarter of an hour, trunk, plan, person and
// currency. The quarter is the largest step that every time zone's days are made of.
type Spent struct {
	At       time.Time // the quarter's beginning
	Plan     string    // "" for calls that no plan asked for
	Person   string    // likewise
	Trunk    string
	Currency string        // "" where the cost is not known
	Legs     int64         // 0 where it is about messages
	Messages int64         // 0 where it is about calls
	Talked   time.Duration // answered legs
	Amount   Amount
}

// Quarter is the step of Spent.At.
const Quarter = 15 * time.Minute

// Line is one line of a bill: a day, a plan or a person, in one currency.
type Line struct {
	Key      string
	Currency string
	Legs     int64
	Messages int64
	Talked   time.Duration
	Amount   Amount
}

// Bill adds up what was spent by key, in order of key and currency; unknown costs come as lines without currency.
func Bill(list []Spent, key func(Spent) string) []Line {
	type place struct{ key, currency string }
	at := map[place]int{}
	var lines []Line
	for _, s := range list {
		p := place{key(s), s.Currency}
		i, ok := at[p]
		if !ok {
			i = len(lines)
			at[p] = i
			lines = append(lines, Line{Key: p.key, Currency: p.currency})
		}
		l := &lines[i]
		l.Legs, l.Messages, l.Talked, l.Amount = l.Legs+s.Legs, l.Messages+s.Messages, l.Talked+s.Talked, l.Amount+s.Amount
	}
	slices.SortFunc(lines, func(a, b Line) int {
		if c := strings.Compare(a.Key, b.Key); c != 0 {
			return c
		}
		return strings.Compare(a.Currency, b.Currency)
	})
	return lines
}

// By is the key that a word asks for: day (where loc is), month, plan, person, trunk or all.
func By(word string, loc *time.Location) (key func(Spent) string, ok bool) {
	switch word {
	case "day":
		return func(s Spent) string { return s.At.In(loc).Format(time.DateOnly) }, true
	case "month":
		return func(s Spent) string { return MonthName(s.At.In(loc)) }, true
	case "plan":
		return func(s Spent) string { return s.Plan }, true
	case "person":
		return func(s Spent) string { return s.Person }, true
	case "trunk":
		return func(s Spent) string { return s.Trunk }, true
	case "all":
		return func(Spent) string { return "" }, true
	}
	return nil, false
}
