package manifest

import (
	"fmt"
	"slices"
	"strings"

	"github.com/kaden-project/kaden/problem"
	"github.com/kaden-project/kaden/tariff"
	"github.com/kaden-project/kaden/trunk"
)

// checkBudget takes a budget into the set, the first of its currency. Calls that nobody can price are said to be
// missing from it.
func (c *compiling) checkBudget(d Document, b tariff.Budget) {
	say := func(level problem.Level, text, hint string) {
		c.note(d, problem.Problem{Line: 1, Column: 1, Level: level, Verb: kindBudget, Text: text, Hint: hint})
	}
	same := func(other tariff.Budget) bool { return other.Limit.Currency == b.Limit.Currency }
	if i := slices.IndexFunc(c.set.Budgets, same); i >= 0 {
		say(problem.Error, fmt.Sprintf("budget %q counts %s already", c.set.Budgets[i].Name, b.Limit.Currency), "one budget for each currency")
		return
	}
	c.set.Budgets = append(c.set.Budgets, b)
	var without []string
	counted := false
	for _, t := range c.set.Lines() {
		counted = counted || t.Prices.Currency == b.Limit.Currency
		if t.Prices.Currency == "" {
			without = append(without, t.Name)
		}
	}
	switch {
	case len(without) > 0:
		say(problem.Warning, fmt.Sprintf("%s has no prices: what its calls cost is not known and not counted here", strings.Join(without, ", ")), "add prices: to the trunk")
	case !counted:
		say(problem.Warning, fmt.Sprintf("no trunk has prices in %s: nothing is ever spent from this budget", b.Limit.Currency), "add prices: to a trunk")
	}
}

// Price is what a leg to a telephone number over a trunk costs; see tariff.Table.Cost.
func (s *Set) Price(name string, l tariff.Leg) (tariff.Money, string) {
	lines := s.Lines()
	i := slices.IndexFunc(lines, func(t trunk.Trunk) bool { return t.Name == name })
	if i < 0 {
		return tariff.Money{}, fmt.Sprintf("there is no trunk %q", name)
	}
	return lines[i].Prices.Cost(l)
}
