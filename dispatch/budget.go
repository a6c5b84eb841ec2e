package dispatch

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/kaden-project/kaden/alert"
	"github.com/kaden-project/kaden/callout"
	"github.com/kaden-project/kaden/number"
	"github.com/kaden-project/kaden/tariff"
	"github.com/kaden-project/kaden/timeline"
)

// Budgets (予算) are counted in the month where the house stands. Crossing a percentage is said once, on all nodes
// together. A budget that is used up and stops keeps warnings from ringing telephones, and nothing else: an alert
// that is critical, or whose severity nobody knows, is never asked what it costs.

// causeBudget is the cause of the notices about it, and of what it stops.
const causeBudget = "budget"

const (
	countEvery = time.Minute            // other nodes spend, too, and a month ends
	countRest  = 500 * time.Millisecond // between two counts, however many calls end
)

// BudgetState is how a budget stands, as it was last counted.
type BudgetState struct {
	tariff.Budget
	Month   string // 2026-11
	Spent   tariff.Amount
	Unknown int64 // legs and messages of the month that cost nobody knows what
}

// Budgets are all of the house, as they were last counted, in order of name.
func (d *Dispatcher) Budgets() []BudgetState {
	d.mu.Lock()
	defer d.mu.Unlock()
	return append([]BudgetState(nil), d.budgets...)
}

// UsedUp says which budget is used up and stops warnings, or calls over the REST API; "" is none.
func (d *Dispatcher) UsedUp(rest bool) string {
	month := tariff.MonthName(now().Local())
	for _, b := range d.Budgets() {
		stops := b.Stop
		if rest {
			stops = b.StopREST
		}
		if stops && b.Month == month && b.Used(b.Spent) {
			return usedUp(b.Budget, b.Spent)
		}
	}
	return ""
}

// countMoney counts again whenever a call has cost something, until ctx ends.
func (d *Dispatcher) countMoney(ctx context.Context) {
	poke := make(chan struct{}, 1)
	stop := d.store.Announce(func(events []timeline.Event) {
		for _, e := range events {
			if e.Kind == timeline.CallCharged {
				select {
				case poke <- struct{}{}:
				default:
				}
				return
			}
		}
	})
	defer stop()
	tick := time.NewTicker(countEvery)
	defer tick.Stop()
	for {
		d.count(ctx)
		select {
		case <-ctx.Done():
			return
		case <-time.After(countRest):
		}
		select {
		case <-ctx.Done():
			return
		case <-poke:
		case <-tick.C:
		}
	}
}

// count adds up the month and says which percentages were crossed. While the store cannot be asked, what was
// counted last stands.
func (d *Dispatcher) count(ctx context.Context) {
	budgets := d.cfg.House().Budgets
	if len(budgets) == 0 {
		d.mu.Lock()
		d.budgets = nil
		d.mu.Unlock()
		return
	}
	local := now().Local()
	from, to := tariff.Month(local)
	var all []BudgetState
	var said []string
	err := d.store.Write(ctx, func(tx Tx) error {
		all, said = nil, nil
		for _, b := range budgets {
			s := BudgetState{Budget: b, Month: tariff.MonthName(local)}
			var err error
			if s.Spent, s.Unknown, err = tx.Spent(b.Limit.Currency, from, to); err != nil {
				return err
			}
			all = append(all, s)
			crossed := 0
			for _, percent := range b.Reached(s.Spent) {
				// Another limit is another budget: what was said of the old one is not meant.
				first, err := tx.BudgetSaid(b.Name+" "+b.Limit.String(), s.Month, percent)
				if err != nil {
					return err
				}
				if first {
					crossed = percent
				}
			}
			if crossed == 0 {
				continue
			}
			said = append(said, s.words(crossed))
			if err := d.raise(tx, timeline.Event{At: tx.Now(), Cause: causeBudget, Text: s.words(crossed)}); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		if ctx.Err() == nil {
			unkept(d.log, "what calls have cost this month is not counted", err)
		}
		return
	}
	for _, text := range said {
		d.log.Error("notice raised", "text", text)
	}
	d.mu.Lock()
	d.budgets = all
	d.mu.Unlock()
}

// words says that a percentage was crossed, and what follows from it.
func (s BudgetState) words(percent int) string {
	text := fmt.Sprintf("%d %% of the month's budget is reached: %s", percent, s.Words(s.Spent))
	if s.Unknown > 0 {
		text += fmt.Sprintf("; what %d more calls and messages have cost is not known", s.Unknown)
	}
	if s.Stop && s.Used(s.Spent) {
		text += "; from now on warnings ring no telephone; what is graver, or has no severity, still does"
	}
	if s.StopREST && s.Used(s.Spent) {
		text += "; calls over the REST API are refused"
	}
	return text
}

// thrift says why a call to address costs more than the alert is worth now; "" lets it ring. That is our own
// decision and nobody's fault. Addresses without the telephone network cost nothing. It is counted anew for each
// turn: the call whose end leads to this one has been paid for.
func (t *turn) thrift(tx Tx, address string) (string, error) {
	if alert.Severity(t.state.Severity) != alert.Warning || t.state.Drill || !strings.HasPrefix(address, string(number.Tel)+":") {
		return "", nil
	}
	if t.broke != nil {
		return *t.broke, nil
	}
	t.broke = new(string)
	from, to := tariff.Month(now().Local())
	for _, b := range t.d.cfg.House().Budgets {
		if !b.Stop {
			continue
		}
		spent, _, err := tx.Spent(b.Limit.Currency, from, to)
		if err != nil {
			return "", err
		}
		if b.Used(spent) {
			*t.broke = usedUp(b, spent)
			break
		}
	}
	return *t.broke, nil
}

func usedUp(b tariff.Budget, spent tariff.Amount) string {
	return "the month's budget is used up: " + b.Words(spent)
}

// spare takes the telephone numbers away from people who are to be called for a warning while the budget is used
// up, and says so once, loudly.
func (t *turn) spare(tx Tx, at time.Time, people []callout.Person) ([]callout.Person, error) {
	stopped := ""
	for i, p := range people {
		var left []callout.Method
		for _, m := range p.Methods {
			why, err := t.thrift(tx, m.Address)
			if err != nil {
				return nil, err
			}
			if why != "" {
				stopped = why
				continue
			}
			left = append(left, m)
		}
		if people[i].Methods = left; len(left) == 0 && len(p.Methods) > 0 {
			people[i].Refused = tooDear + stopped
		}
	}
	if stopped != "" {
		t.sayThrift(at, stopped)
	}
	return people, nil
}

// save does not place a call that costs more than the alert is worth: the budget was used up since people were
// looked up.
func (t *turn) save(tx Tx, at time.Time, c callout.Command) (saved bool, err error) {
	why, err := t.thrift(tx, c.Address)
	if err != nil || why == "" {
		return false, err
	}
	t.sayThrift(at, why)
	a := t.attempt(c.Attempt)
	a.Person, a.Address, a.Purpose, a.Dialed = c.Person, c.Address, string(c.Purpose), at
	t.follow = append(t.follow, callout.Event{At: at, Kind: callout.Ended, Attempt: c.Attempt, Outcome: callout.Unreachable, Text: tooDear + why})
	return true, nil
}

// tooDear begins what is said of somebody who is not called because of the money.
const tooDear = "not called for a warning: "

// spared tells whether a call-out at work may have left people out because of the money: if its alert gets worse,
// they are rung at once.
func (d *Dispatcher) spared(id string) bool {
	if d.UsedUp(false) == "" {
		return false
	}
	r := d.live(id)
	return r == nil || r.view().State.Status != callout.Waiting // in its grace nobody was left out yet
}

// sayThrift says it once for each call-out.
func (t *turn) sayThrift(at time.Time, why string) {
	said := func(e timeline.Event) bool { return e.Kind == timeline.NoticeRaised && e.Cause == causeBudget }
	if !t.run.thrifty && !slices.ContainsFunc(t.notes, said) {
		t.notice(at, causeBudget, "telephones are not rung for this warning: "+why+"; it would ring if it were critical")
	}
}
