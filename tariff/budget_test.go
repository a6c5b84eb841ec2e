package tariff

import (
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"
)

func TestReadBudget(t *testing.T) {
	b, list := ReadBudget([]byte("budget: calls\namount: 30000\ncurrency: JPY\nwarn: [80, 50, 50]\nstop: true\nstop-rest: true\n"))
	want := Budget{Name: "calls", Limit: Money{30000 * one, "JPY"}, Warn: []int{50, 80, 100}, Stop: true, StopREST: true}
	if list != nil || !reflect.DeepEqual(b, want) {
		t.Errorf("got %+v, %v", b, list)
	}
	if b, list = ReadBudget([]byte("budget: small\namount: 12.5\ncurrency: USD\n")); list != nil || !slices.Equal(b.Warn, []int{50, 80, 100}) || b.Stop {
		t.Errorf("got %+v, %v", b, list)
	}
	for _, tt := range []struct{ text, want string }{
		{"budget: calls\n", "<amount>: is missing"},
		{"budget: calls\namount: 0\ncurrency: JPY\n", "a budget of nothing"},
		{"budget: calls\namount: viel\ncurrency: JPY\n", `"viel" is no amount of money`},
		{"budget: calls\namount: 1\ncurrency: Y\n", "is no currency"},
		{"budget: calls\namount: 1\ncurrency: JPY\nwarn: 0\n", "0 is out of range"},
		{"budget: calls\namount: 1\ncurrency: JPY\nstop: ja\n", `"ja" is not known`},
	} {
		_, list := ReadBudget([]byte(tt.text))
		if len(list) == 0 || !strings.Contains(list[0].String(), tt.want) {
			t.Errorf("%q: %v", tt.text, list)
		}
	}
}

func TestReached(t *testing.T) {
	b := Budget{Name: "calls", Limit: Money{10 * one, "JPY"}, Warn: []int{50, 80, 100}}
	for _, tt := range []struct {
		spent Amount
		want  []int
		used  bool
	}{{0, nil, false}, {5*one - 1, nil, false}, {5 * one, []int{50}, false}, {9 * one, []int{50, 80}, false}, {10 * one, []int{50, 80, 100}, true}, {20 * one, []int{50, 80, 100}, true}} {
		if got := b.Reached(tt.spent); !slices.Equal(got, tt.want) || b.Used(tt.spent) != tt.used {
			t.Errorf("%s: %v, used %v", tt.spent, got, b.Used(tt.spent))
		}
	}
	if got := b.Left(12 * one); got.String() != "-2 JPY" {
		t.Errorf("left %s", got)
	}
	if got := b.Words(5 * one); got != `5 of 10 JPY of budget "calls"` {
		t.Errorf("in words: %s", got)
	}
	odd := Budget{Limit: Money{3, "JPY"}, Warn: []int{50}} // 1.5 millionths: the second reaches it
	if odd.Reached(1) != nil || odd.Reached(2) == nil {
		t.Error("half of three millionths is two")
	}
}

func TestMonth(t *testing.T) {
	tokyo := time.FixedZone("JST", 9*3600)
	at := time.Date(2026, 11, 30, 15, 0, 0, 0, time.UTC).In(tokyo) // the first of December there
	from, to := Month(at)
	if !from.Equal(time.Date(2026, 11, 30, 15, 0, 0, 0, time.UTC)) || !to.Equal(time.Date(2026, 12, 31, 15, 0, 0, 0, time.UTC)) || MonthName(at) != "2026-12" {
		t.Errorf("%s: from %s to %s", MonthName(at), from, to)
	}
}

func TestBill(t *testing.T) {
	at := time.Date(2026, 11, 1, 14, 45, 0, 0, time.UTC)
	list := []Spent{
		{At: at, Plan: "night", Person: "sato", Trunk: "ntt", Currency: "JPY", Legs: 2, Talked: time.Minute, Amount: 16 * one},
		{At: at.Add(Quarter), Plan: "night", Person: "sato", Trunk: "ntt", Currency: "JPY", Legs: 1, Talked: time.Second, Amount: 8 * one},
		{At: at, Plan: "day", Person: "suzuki", Trunk: "abroad", Currency: "USD", Legs: 1, Amount: one / 100},
		{At: at, Plan: "day", Person: "suzuki", Trunk: "abroad", Legs: 3},
	}
	tokyo := time.FixedZone("JST", 9*3600)
	for by, want := range map[string][]Line{
		"day":    {{"2026-11-01", "", 3, 0, 0, 0}, {"2026-11-01", "JPY", 2, 0, time.Minute, 16 * one}, {"2026-11-01", "USD", 1, 0, 0, one / 100}, {"2026-11-02", "JPY", 1, 0, time.Second, 8 * one}},
		"month":  {{"2026-11", "", 3, 0, 0, 0}, {"2026-11", "JPY", 3, 0, 61 * time.Second, 24 * one}, {"2026-11", "USD", 1, 0, 0, one / 100}},
		"plan":   {{"day", "", 3, 0, 0, 0}, {"day", "USD", 1, 0, 0, one / 100}, {"night", "JPY", 3, 0, 61 * time.Second, 24 * one}},
		"person": {{"sato", "JPY", 3, 0, 61 * time.Second, 24 * one}, {"suzuki", "", 3, 0, 0, 0}, {"suzuki", "USD", 1, 0, 0, one / 100}},
		"trunk":  {{"abroad", "", 3, 0, 0, 0}, {"abroad", "USD", 1, 0, 0, one / 100}, {"ntt", "JPY", 3, 0, 61 * time.Second, 24 * one}},
		"all":    {{"", "", 3, 0, 0, 0}, {"", "JPY", 3, 0, 61 * time.Second, 24 * one}, {"", "USD", 1, 0, 0, one / 100}},
	} {
		key, ok := By(by, tokyo)
		if got := Bill(list, key); !ok || !slices.Equal(got, want) {
			t.Errorf("by %s:\ngot  %v\nwant %v", by, got, want)
		}
	}
	if _, ok := By("moon", tokyo); ok {
		t.Error("by moon")
	}
}
