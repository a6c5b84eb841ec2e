package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"text/tabwriter"
	"time"

	"github.com/kaden-project/kaden/account"
	"github.com/kaden-project/kaden/dispatch"
	"github.com/kaden-project/kaden/manifest"
	"github.com/kaden-project/kaden/number"
	"github.com/kaden-project/kaden/sid"
	"github.com/kaden-project/kaden/tariff"
)

// usageCmd shows what calls have cost.
type usageCmd struct {
	serverFlags
	From string `placeholder:"DAY" help:"The first day, 2026-11-01; the first of the month unless given."`
	To   string `placeholder:"DAY" help:"The last day; today unless given."`
	By   string `default:"day" enum:"day,plan,person,trunk" help:"One line for each day, plan, person or trunk."`
	JSON bool   `name:"json" help:"The server's answer as it is."`
}

// Help is shown below the flags.
func (*usageCmd) Help() string {
	return `Amounts are exact. A line with the cost "unknown" counts calls that no row of a trunk's prices prices.

Example: kaden usage --from 2026-11-01 --by plan`
}

// Run asks the server and prints a table.
func (c *usageCmd) Run(out *output) error {
	api, err := c.client()
	if err != nil {
		return err
	}
	q := url.Values{"by": {c.By}}
	for name, day := range map[string]string{"from": c.From, "to": c.To} {
		if day != "" {
			q.Set(name, day)
		}
	}
	path := "/api/usage?" + q.Encode()
	if c.JSON {
		var text []byte
		if err := api.do(context.Background(), http.MethodGet, path, "", nil, &text); err != nil {
			return err
		}
		_, err = out.Stdout.Write(text)
		return err
	}
	type line struct {
		Key      string `json:"key"`
		Currency string `json:"currency"`
		Calls    int64  `json:"calls"`
		Messages int64  `json:"messages"`
		Seconds  int64  `json:"seconds"`
		Amount   string `json:"amount"`
	}
	var u struct {
		From    string `json:"from"`
		To      string `json:"to"`
		Lines   []line `json:"lines"`
		Total   []line `json:"total"`
		Budgets []struct {
			Name, Month, Amount, Currency, Spent string
			UsedUp                               bool
		} `json:"budgets"`
	}
	if err := api.do(context.Background(), http.MethodGet, path, "", nil, &u); err != nil {
		return err
	}
	fmt.Fprintf(out.Stdout, "%s to %s\n", u.From, u.To)
	w := tabwriter.NewWriter(out.Stdout, 0, 0, 2, ' ', 0)
	row := func(key string, l line) {
		cost := "unknown"
		if l.Currency != "" {
			cost = l.Amount + " " + l.Currency
		}
		what := counted(int(l.Calls), "call")
		switch {
		case l.Messages > 0 && l.Calls == 0:
			what = counted(int(l.Messages), "message")
		case l.Messages > 0:
			what += ", " + counted(int(l.Messages), "message")
		}
		fmt.Fprintf(w, "  %s\t%s\t%s\t%s\n", key, what, time.Duration(l.Seconds)*time.Second, cost)
	}
	for _, l := range u.Lines {
		if l.Key == "" {
			l.Key = "–"
		}
		row(l.Key, l)
	}
	for _, l := range u.Total {
		row("in all", l)
	}
	w.Flush()
	for _, b := range u.Budgets {
		used := ""
		if b.UsedUp {
			used = "; it is used up"
		}
		fmt.Fprintf(out.Stdout, "budget %s, %s: %s of %s %s%s\n", b.Name, b.Month, b.Spent, b.Amount, b.Currency, used)
	}
	return nil
}

// costsOf prints the dearest hour of each plan in a file that holds priced trunks too.
func costsOf(w io.Writer, text []byte) {
	docs, _ := manifest.Split("", text)
	set, _ := manifest.Compile(docs, nil)
	for _, plan := range slices.Sorted(maps.Keys(set.Plans)) {
		if e, ok := set.Estimate(plan, dispatch.UsualPerHour); ok {
			fmt.Fprintf(w, "plan %s: %s\n", plan, e)
		}
	}
}

// purse is what the REST API says about money.
type purse struct{ r *rooms }

func (p purse) Used(ctx context.Context, owner sid.Account, from, to time.Time, daily bool) ([]tariff.Used, error) {
	return p.r.store.Used(ctx, owner, from, to, daily)
}

// Balance is what the first budget has left.
func (p purse) Balance(context.Context, sid.Account) (tariff.Money, error) {
	all := p.r.dispatch.Budgets()
	if len(all) == 0 {
		return tariff.Money{}, nil
	}
	return all[0].Left(all[0].Spent), nil
}

// affordable refuses calls over the REST API while a budget that stops them is used up. What no carrier carries
// costs nothing.
func (r *rooms) affordable(_ context.Context, _ account.Account, to number.Address) error {
	if to.Scheme != number.Tel {
		return nil
	}
	if why := r.dispatch.UsedUp(true); why != "" {
		return errors.New(why)
	}
	return nil
}
