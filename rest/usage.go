package rest

import (
	"cmp"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/kaden-project/kaden/sid"
	"github.com/kaden-project/kaden/tariff"
)

// usageRoutes are what an account has used.
var usageRoutes = func() routes {
	all := routes{"Usage/Records": usageOver(spans[0])}
	for _, s := range spans {
		all["Usage/Records/"+s.name] = usageOver(s)
	}
	return all
}()

// usageBody is Twilio's Usage Record resource.
type usageBody struct {
	AccountSID      sid.Account       `json:"account_sid"`
	APIVersion      string            `json:"api_version"`
	AsOf            string            `json:"as_of"`
	Category        string            `json:"category"`
	Count           string            `json:"count"`
	CountUnit       string            `json:"count_unit"`
	Description     string            `json:"description"`
	EndDate         string            `json:"end_date"`
	Price           *string           `json:"price"`
	PriceUnit       *string           `json:"price_unit"`
	StartDate       string            `json:"start_date"`
	SubresourceURIs map[string]string `json:"subresource_uris"`
	URI             string            `json:"uri"`
	Usage           string            `json:"usage"`
	UsageUnit       string            `json:"usage_unit"`
}

// span is how usage is cut into records: one for each period of a layout, or one for all days.
type span struct {
	name, key string // in paths, in subresource_uris
	layout    string // of a period's name; "" is one period
	last      func(first time.Time) time.Time
	days      func(today time.Time) (from, to time.Time) // nil: those that are asked for
}

func monthEnd(first time.Time) time.Time { return first.AddDate(0, 1, -1) }

// spans are all of them; the first is usage as it is without a word.
var spans = []span{
	{name: "AllTime", key: "all_time"},
	{name: "Daily", key: "daily", layout: time.DateOnly, last: func(d time.Time) time.Time { return d }},
	{name: "Monthly", key: "monthly", layout: "2006-01", last: monthEnd},
	{name: "Yearly", key: "yearly", layout: "2006", last: func(d time.Time) time.Time { return d.AddDate(1, 0, -1) }},
	{name: "Today", key: "today", days: func(d time.Time) (time.Time, time.Time) { return d, d }},
	{name: "Yesterday", key: "yesterday", days: func(d time.Time) (time.Time, time.Time) {
		d = d.AddDate(0, 0, -1)
		return d, d
	}},
	{name: "ThisMonth", key: "this_month", days: func(d time.Time) (time.Time, time.Time) { return d.AddDate(0, 0, 1-d.Day()), d }},
	{name: "LastMonth", key: "last_month", days: func(d time.Time) (time.Time, time.Time) {
		first := d.AddDate(0, 0, 1-d.Day()).AddDate(0, -1, 0)
		return first, monthEnd(first)
	}},
}

// period is the name of the period that a day lies in.
func (s span) period(day time.Time) string {
	if s.layout == "" {
		return ""
	}
	return day.Format(s.layout)
}

// of are the first and the last day of a period within from and to.
func (s span) of(period string, from, to time.Time) (first, last time.Time) {
	if s.layout == "" {
		return from, to
	}
	first, _ = time.Parse(s.layout, period)
	last = s.last(first)
	if first.Before(from) {
		first = from
	}
	if last.After(to) {
		last = to
	}
	return first, last
}

func usageOver(s span) methods {
	return methods{http.MethodGet: func(srv *server, r *request) (answer, error) { return srv.listUsage(r, s) }}
}

var usageFilters = []string{"Category", "StartDate", "EndDate", "IncludeSubaccounts"}

// listUsage lists what was used, newest first, then by category: GET /Accounts/AC…/Usage/Records/Daily. There is one
// record for each currency; what calls have cost that nobody can price has a record without a price. Where there is but
// one period, a category of which nothing was used is there too. Days are UTC's.
func (s *server) listUsage(r *request, by span) (answer, error) {
	if s.cfg.Money == nil {
		return answer{}, notFound(r.URL.Path)
	}
	f := s.fields(r.query)
	now := time.Now().UTC()
	today := now.Truncate(tariff.Day)
	from := f.day("StartDate", r.account.Created.UTC().Truncate(tariff.Day), today)
	to := f.day("EndDate", today, today)
	if by.days != nil {
		from, to = by.days(today)
	}
	l, err := f.readList()
	if err != nil {
		return answer{}, err
	}
	used, err := s.cfg.Money.Used(r.Context(), r.account.SID, from, to.AddDate(0, 0, 1), by.layout != "")
	if err != nil {
		return answer{}, err
	}
	type line struct {
		meter
		tally
	}
	var lines []line
	for _, m := range meters {
		if c := f.text("Category"); c != "" && c != m.category {
			continue
		}
		shown := m.read(used, by.period)
		if len(shown) == 0 && by.layout == "" {
			shown = []tally{{Used: tariff.Used{Currency: "USD"}}}
		}
		for _, t := range shown {
			lines = append(lines, line{m, t})
		}
	}
	slices.SortStableFunc(lines, func(a, b line) int { return cmp.Compare(b.period, a.period) })
	lines = lines[min(int(l.after), len(lines)):]
	var next int64
	if len(lines) > l.size {
		lines, next = lines[:l.size], l.after+int64(l.size)
	}
	path := accountPath(r.account.SID) + "/Usage/Records/" + by.name + ".json"
	show := func(one line) usageBody {
		first, last := by.of(one.period, from, to)
		return usageJSON(r.account.SID, path, now, one.meter, one.tally, first, last)
	}
	return listed(l, r, path, "usage_records", usageFilters, next, lines, show), nil
}

func usageJSON(owner sid.Account, path string, now time.Time, m meter, t tally, first, last time.Time) usageBody {
	b := usageBody{
		AccountSID: owner, APIVersion: apiVersion, AsOf: now.Format("2006-01-02T15:04:05+00:00"), Category: m.category, Description: m.description,
		Count: strconv.FormatInt(t.Count, 10), CountUnit: m.countUnit, Usage: m.usage(t), UsageUnit: m.usageUnit,
		StartDate: first.Format(time.DateOnly), EndDate: last.Format(time.DateOnly), SubresourceURIs: map[string]string{},
	}
	if t.Currency != "" {
		b.Price, b.PriceUnit = new(t.Amount.String()), new(strings.ToLower(t.Currency))
	}
	if m.category == totalPrice {
		b.Count, b.UsageUnit = "", strings.ToLower(t.Currency)
	}
	query := "?Category=" + m.category
	b.URI = path + query + "&StartDate=" + b.StartDate + "&EndDate=" + b.EndDate
	for _, other := range spans {
		b.SubresourceURIs[other.key] = accountPath(owner) + "/Usage/Records/" + other.name + ".json" + query
	}
	return b
}

// day reads 2026-11-30, or an offset from today such as -30days; def if it is not given.
func (f *fields) day(name string, def, today time.Time) time.Time {
	s := f.text(name)
	if s == "" {
		return def
	}
	if d, err := time.Parse(time.DateOnly, s); err == nil {
		return d
	}
	if n, ok := strings.CutSuffix(strings.TrimSuffix(s, "s"), "day"); ok {
		if days, err := strconv.Atoi(n); err == nil && days > -100_000 && days < 100_000 {
			return today.AddDate(0, 0, days)
		}
	}
	f.refuse(20001, "%s is not valid: %q is neither a day such as 2026-11-30 nor an offset such as -30days", name, clip(s))
	return def
}
