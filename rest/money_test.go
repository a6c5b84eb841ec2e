package rest_test

import (
	"context"
	"errors"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/kaden-project/kaden/call"
	"github.com/kaden-project/kaden/rest"
	"github.com/kaden-project/kaden/sid"
	"github.com/kaden-project/kaden/tariff"
)

// purse is what calls have cost, for tests.
type purse struct {
	spent    []tariff.Spent
	left     tariff.Money
	from, to time.Time // what was asked for last
	fails    error
}

func (p *purse) Usage(_ context.Context, account sid.Account, from, to time.Time) (list []tariff.Spent, err error) {
	p.from, p.to = from, to
	for _, s := range p.spent {
		if account == owner && !s.At.Before(from) && s.At.Before(to) {
			list = append(list, s)
		}
	}
	return list, p.fails
}

func (p *purse) Balance(context.Context, sid.Account) (tariff.Money, error) { return p.left, p.fails }

func november() *purse {
	at := time.Date(2026, 11, 1, 23, 45, 0, 0, time.UTC)
	return &purse{left: tariff.Money{Amount: 1_250_000, Currency: "JPY"}, spent: []tariff.Spent{
		{At: at.AddDate(0, -1, 0), Currency: "JPY", Legs: 1, Talked: time.Second, Amount: 8_000_000},
		{At: at, Currency: "JPY", Legs: 2, Talked: 61 * time.Second, Amount: 16_800_000},
		{At: at, Currency: "USD", Legs: 1, Talked: time.Second, Amount: 8_500},
		{At: at.Add(15 * time.Minute), Legs: 1},
	}}
}

func withMoney(p *purse) func(*rest.Config) { return func(c *rest.Config) { c.Money = p } }

func TestMoneyMatchesTwiliosOpenAPIDocument(t *testing.T) {
	c := readContract(t)
	synctest.Test(t, func(t *testing.T) {
		h := open(t, withMoney(november()))
		b := c.exchange(t, h, request("GET", base+"/Balance.json", nil)).is(200)
		if b.text("balance") != "1.25" || b.text("currency") != "JPY" {
			t.Errorf("%s", b.raw)
		}
		for _, span := range []string{"", "/AllTime", "/Daily", "/Monthly"} {
			c.exchange(t, h, request("GET", base+"/Usage/Records"+span+".json?StartDate=2026-10-01&EndDate=2026-12-01", nil)).is(200)
		}
		h.store.Put(call.Record{
			SID: callID(1), Account: owner, Direction: call.OutboundAPI, To: sato, Status: call.Completed, Created: time.Now(), Updated: time.Now(),
			Price: tariff.Money{Amount: 8_500, Currency: "JPY"},
		})
		one := c.exchange(t, h, request("GET", base+"/Calls/"+string(callID(1))+".json", nil)).is(200)
		if one.text("price") != "-0.00850" || one.text("price_unit") != "JPY" {
			t.Errorf("%s", one.raw)
		}
		h.store.Put(call.Record{SID: callID(2), Account: owner, Direction: call.OutboundAPI, To: sato, Status: call.Busy, Created: time.Now(), Updated: time.Now(), Price: tariff.Money{Currency: "JPY"}})
		two := c.exchange(t, h, request("GET", base+"/Calls/"+string(callID(2))+".json", nil)).is(200)
		if two.text("price") != "0.00000" || two.text("price_unit") != "JPY" {
			t.Errorf("%s", two.raw)
		}
	})
}

func TestUsageByDayAndMonth(t *testing.T) {
	p := november()
	h := open(t, withMoney(p))
	type line struct{ from, to, count, minutes, price, unit string }
	for _, tt := range []struct {
		path string
		want []line
	}{
		{"Daily.json?StartDate=2026-11-01&EndDate=2026-11-01", []line{{"2026-11-01", "2026-11-01", "1", "1", "0.0085", "usd"}, {"2026-11-01", "2026-11-01", "2", "2", "16.8", "jpy"}}},
		{"Daily?StartDate=2026-11-02&EndDate=2026-11-30", []line{{"2026-11-02", "2026-11-02", "1", "0", "", ""}}},
		{"Monthly.json?StartDate=2026-10-01&EndDate=2026-11-20", []line{
			{"2026-11-01", "2026-11-20", "1", "1", "0.0085", "usd"}, {"2026-11-01", "2026-11-20", "2", "2", "16.8", "jpy"},
			{"2026-11-01", "2026-11-20", "1", "0", "", ""}, {"2026-10-01", "2026-10-31", "1", "1", "8", "jpy"}}},
		{"AllTime.json?EndDate=2026-11-01&StartDate=2026-10-01", []line{{"2026-10-01", "2026-11-01", "1", "1", "0.0085", "usd"}, {"2026-10-01", "2026-11-01", "3", "2", "24.8", "jpy"}}},
		{"Daily.json?Category=sms", nil},
	} {
		list := h.get(base + "/Usage/Records/" + tt.path).is(200).body["usage_records"].([]any)
		var got []line
		for _, one := range list {
			r := one.(map[string]any)
			str := func(k string) string { s, _ := r[k].(string); return s }
			got = append(got, line{str("start_date"), str("end_date"), str("count"), str("usage"), str("price"), str("price_unit")})
		}
		if len(got) != len(tt.want) {
			t.Fatalf("%s: %v", tt.path, got)
		}
		for i := range got {
			if got[i] != tt.want[i] {
				t.Errorf("%s: got %v\nwant %v", tt.path, got[i], tt.want[i])
			}
		}
	}
	h.get(base + "/Usage/Records.json?StartDate=-30days").is(200)
	if d := p.to.Sub(p.from); d != 31*24*time.Hour {
		t.Errorf("thirty days and today are %v", d)
	}
	for _, q := range []string{"StartDate=yesterday", "EndDate=11/30/2026", "StartDate=-xdays", "StartDate=-999999999days"} {
		if got := h.get(base + "/Usage/Records.json?" + q).is(400); got.body["code"] != 20001.0 {
			t.Errorf("%s: %s", q, got.raw)
		}
	}
	p.fails = errors.New("no disk")
	h.get(base + "/Usage/Records.json").is(http.StatusInternalServerError)
	h.get(base + "/Balance.json").is(http.StatusInternalServerError)
}

func TestWithoutABudgetThereIsNoBalance(t *testing.T) {
	h := open(t, withMoney(&purse{}))
	h.get(base + "/Balance.json").is(404)
	h = open(t, nil)
	for _, path := range []string{"/Balance.json", "/Usage/Records.json", "/Usage.json", "/Usage/Records/Hourly.json", "/Usage/Triggers.json"} {
		h.get(base + path).is(404)
	}
}
