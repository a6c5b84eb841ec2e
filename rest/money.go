package rest

import (
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/kaden-project/kaden/sid"
	"github.com/kaden-project/kaden/tariff"
)

// moneyRoutes are what calls have cost.
var moneyRoutes = routes{
	"Balance":               {http.MethodGet: (*server).fetchBalance},
	"Usage/Records":         usageOver(allTime),
	"Usage/Records/AllTime": usageOver(allTime),
	"Usage/Records/Daily":   usageOver(daily),
	"Usage/Records/Monthly": usageOver(monthly),
}

// balanceBody is Twilio's Balance resource.
type balanceBody struct {
	AccountSID sid.Account `json:"account_sid"`
	Balance    string      `json:"balance"`
	Currency   string      `json:"currency"`
}

// fetchBalance shows what the month's budget has left: GET /Accounts/AC…/Balance.
func (s *server) fetchBalance(r *request) (answer, error) {
	if s.cfg.Money == nil {
		return answer{}, notFound(r.URL.Path)
	}
	m, err := s.cfg.Money.Balance(r.Context(), r.account.SID)
	if err != nil {
		return answer{}, err
	}
	if !m.Known() {
		return answer{}, refused(http.StatusNotFound, 20404, "There is no balance, because no budget is set up")
	}
	return answer{status: http.StatusOK, body: balanceBody{r.account.SID, m.Amount.String(), m.Currency}}, nil
}

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

// span is how usage is cut into records.
type span struct {
	name string
	by   string // as tariff.By knows it
}

var (
	allTime = span{"AllTime", "all"}
	daily   = span{"Daily", "day"}
	monthly = span{"Monthly", "month"}
)

// days are the first and the last day of a record within from and to.
func (s span) days(key string, from, to time.Time) (first, last time.Time) {
	first, last = from, to
	switch s {
	case daily:
		first, _ = time.Parse(time.DateOnly, key)
		last = first
	case monthly:
		first, _ = time.Parse("2006-01", key)
		last = first.AddDate(0, 1, -1)
		if first.Before(from) {
			first = from
		}
		if last.After(to) {
			last = to
		}
	}
	return first, last
}

func usageOver(s span) methods {
	return methods{http.MethodGet: func(srv *server, r *request) (answer, error) { return srv.listUsage(r, s) }}
}

var usageFilters = []string{"Category", "StartDate", "EndDate", "IncludeSubaccounts"}

// listUsage lists what calls have cost, newest first: GET /Accounts/AC…/Usage/Records/Daily. There is one category,
// calls, and one record for each currency; calls whose cost is not known have a record without a price. All records
// are on the first page. Days are UTC's.
func (s *server) listUsage(r *request, by span) (answer, error) {
	if s.cfg.Money == nil {
		return answer{}, notFound(r.URL.Path)
	}
	f := s.fields(r.query)
	now := time.Now().UTC()
	today := now.Truncate(24 * time.Hour)
	from := f.day("StartDate", r.account.Created.UTC().Truncate(24*time.Hour), today)
	to := f.day("EndDate", today, today)
	p, err := f.readPage()
	if err == nil && f.err != nil {
		err = f.err
	}
	if err != nil {
		return answer{}, err
	}
	var list []tariff.Spent
	if c := f.text("Category"); c == "" || c == "calls" {
		if list, err = s.cfg.Money.Usage(r.Context(), r.account.SID, from, to.AddDate(0, 0, 1)); err != nil {
			return answer{}, err
		}
		list = slices.DeleteFunc(list, func(s tariff.Spent) bool { return s.Messages > 0 }) // of another category
	}
	key, _ := tariff.By(by.by, time.UTC)
	base := accountPath(r.account.SID) + "/Usage/Records"
	items := []any{}
	for _, l := range slices.Backward(tariff.Bill(list, key)) {
		b := usageBody{
			AccountSID: r.account.SID, APIVersion: apiVersion, AsOf: now.Format("2006-01-02T15:04:05+00:00"),
			Category: "calls", Description: "Voice calls", Count: strconv.FormatInt(l.Legs, 10), CountUnit: "calls",
			Usage: strconv.FormatInt(int64((l.Talked+time.Minute-1)/time.Minute), 10), UsageUnit: "minutes",
		}
		if l.Currency != "" {
			b.Price, b.PriceUnit = new(l.Amount.String()), new(strings.ToLower(l.Currency))
		}
		first, last := by.days(l.Key, from, to)
		b.StartDate, b.EndDate = first.Format(time.DateOnly), last.Format(time.DateOnly)
		query := "?Category=calls&StartDate=" + b.StartDate + "&EndDate=" + b.EndDate
		b.URI = base + "/" + by.name + ".json" + query
		b.SubresourceURIs = map[string]string{}
		for _, other := range []span{allTime, daily, monthly} {
			b.SubresourceURIs[strings.ToLower(strings.Replace(other.name, "AllT", "All_t", 1))] = base + "/" + other.name + ".json" + query
		}
		items = append(items, b)
	}
	p.size, p.nr = max(p.size, len(items)), 0
	return answer{status: http.StatusOK, body: p.envelope(base+"/"+by.name+".json", "usage_records", r.query, usageFilters, items, "")}, nil
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
