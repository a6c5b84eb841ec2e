package api

import (
	"context"
	"net/http"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/kaden-project/kaden/dispatch"
	"github.com/kaden-project/kaden/tariff"
)

// Usage is what calls have cost in some days.
type Usage struct {
	From    string      `json:"from" doc:"The first day, where the house stands."`
	To      string      `json:"to" doc:"The last day."`
	By      string      `json:"by" enum:"day,plan,person,trunk"`
	Lines   []UsageLine `json:"lines" nullable:"false" doc:"In order of key and currency."`
	Total   []UsageLine `json:"total" nullable:"false" doc:"All of them, by currency."`
	Budgets []Budget    `json:"budgets" nullable:"false" doc:"How those of this month stand."`
}

// UsageLine is one line of a bill.
type UsageLine struct {
	Key      string `json:"key,omitempty" doc:"The day, plan, person or trunk; absent for calls that belong to none."`
	Currency string `json:"currency,omitempty" doc:"Absent: what these calls cost is not known."`
	Calls    int64  `json:"calls" doc:"One for each trunk that a call was tried on."`
	Messages int64  `json:"messages,omitempty" doc:"Short messages that were sent."`
	Seconds  int64  `json:"seconds" doc:"Talked."`
	Amount   string `json:"amount,omitempty" doc:"Exact, as a decimal number; absent where it is not known."`
}

// Budget is how much calls in one currency may cost in a month.
type Budget struct {
	Name     string `json:"name"`
	Month    string `json:"month"`
	Amount   string `json:"amount" doc:"A month."`
	Currency string `json:"currency"`
	Spent    string `json:"spent"`
	Left     string `json:"left" doc:"Negative if more was spent."`
	Unknown  int64  `json:"unknown,omitempty" doc:"Calls and messages of the month whose cost nobody knows."`
	Stop     bool   `json:"stop,omitempty" doc:"Once it is used up, warnings ring no telephone."`
	UsedUp   bool   `json:"usedUp,omitempty"`
}

func (a *API) usageRoutes() {
	huma.Register(a.huma, huma.Operation{
		OperationID: "usage", Method: http.MethodGet, Path: "/api/usage",
		Summary: "What calls have cost, by day, plan, person or trunk, and how the month's budgets stand",
	}, func(ctx context.Context, in *struct {
		From string `query:"from" format:"date" doc:"The first day; without it, the first of the month."`
		To   string `query:"to" format:"date" doc:"The last day; without it, today."`
		By   string `query:"by" enum:"day,plan,person,trunk" default:"day"`
	}) (*body[Usage], error) {
		now := time.Now()
		from, _ := tariff.Month(now)
		to := time.Date(now.Year(), now.Month(), now.Day(), 0, 0, 0, 0, now.Location())
		for _, day := range []struct {
			name, text string
			at         *time.Time
		}{{"from", in.From, &from}, {"to", in.To, &to}} {
			if day.text == "" {
				continue
			}
			at, err := time.ParseInLocation(time.DateOnly, day.text, time.Local)
			if err != nil {
				return nil, refuse(http.StatusUnprocessableEntity, day.name+" is not a day", "write 2026-11-30")
			}
			*day.at = at
		}
		u := Usage{From: from.Format(time.DateOnly), To: to.Format(time.DateOnly), By: in.By, Lines: []UsageLine{}, Total: []UsageLine{}, Budgets: []Budget{}}
		if a.cfg.Budgets != nil {
			for _, b := range a.cfg.Budgets() {
				u.Budgets = append(u.Budgets, budgetView(b))
			}
		}
		if a.cfg.Ledger == nil {
			return answer(u), nil
		}
		list, err := a.cfg.Ledger.Usage(ctx, "", from, to.AddDate(0, 0, 1))
		if err != nil {
			return nil, a.trouble(ctx, "what calls have cost", err)
		}
		u.Lines, u.Total = bill(list, in.By), bill(list, "all")
		return answer(u), nil
	})
}

func bill(list []tariff.Spent, by string) []UsageLine {
	key, _ := tariff.By(by, time.Local)
	out := []UsageLine{}
	for _, l := range tariff.Bill(list, key) {
		one := UsageLine{Key: l.Key, Currency: l.Currency, Calls: l.Legs, Messages: l.Messages, Seconds: int64(l.Talked / time.Second)}
		if l.Currency != "" {
			one.Amount = l.Amount.String()
		}
		out = append(out, one)
	}
	return out
}

func budgetView(b dispatch.BudgetState) Budget {
	return Budget{
		Name: b.Name, Month: b.Month, Amount: b.Limit.Amount.String(), Currency: b.Limit.Currency, Spent: b.Spent.String(),
		Left: b.Left(b.Spent).Amount.String(), Unknown: b.Unknown, Stop: b.Stop, UsedUp: b.Used(b.Spent),
	}
}

// spent warns of budgets that keep warnings from ringing.
func (a *API) spent() (w []Warning) {
	if a.cfg.Budgets == nil {
		return nil
	}
	for _, b := range a.cfg.Budgets() {
		if b.Stop && b.Used(b.Spent) && b.Month == tariff.MonthName(time.Now()) {
			w = append(w, Warning{Code: "budget", Loud: true, About: b.Name, Text: "the month's budget is used up, and warnings ring no telephone: " + b.Words(b.Spent),
				Hint: "give kaden apply the budget with a higher amount:, or without stop:"})
		}
	}
	return w
}

// costs are the dearest hours of the plans among what was applied.
func (a *API) costs(applied []string) (out []string) {
	for _, what := range applied {
		if plan, ok := strings.CutPrefix(what, "plan "); ok {
			if e, ok := a.cfg.House().Estimate(plan, dispatch.UsualPerHour); ok {
				out = append(out, what+": "+e.String())
			}
		}
	}
	return out
}
