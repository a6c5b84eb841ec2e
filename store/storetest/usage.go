package storetest

import (
	"cmp"
	"fmt"
	"net/url"
	"slices"
	"testing"
	"time"

	"github.com/kaden-project/kaden/account"
	"github.com/kaden-project/kaden/call"
	"github.com/kaden-project/kaden/message"
	"github.com/kaden-project/kaden/sid"
	"github.com/kaden-project/kaden/tariff"
)

func usageCounted(t *testing.T, s Store, reopen func() Store) {
	day := Base.Truncate(tariff.Day)
	yen := func(n tariff.Amount) tariff.Money { return tariff.Money{Amount: n, Currency: "JPY"} }
	called := func(n int, whose sid.Account, at time.Time, inbound bool, cost tariff.Money) {
		t.Helper()
		r := Record(n)
		r.Account = whose
		ok(t, s.Change(t.Context(), call.Change{Record: r, Charges: []call.Charge{
			{Call: r.SID, Account: whose, Trunk: "ntt", Inbound: inbound, At: at, Talked: 90 * time.Second, Cost: cost}}}))
	}
	called(1, owner, day, false, yen(16))
	called(2, owner, day.Add(23*time.Hour), false, yen(8))
	called(3, owner, day.Add(23*time.Hour), true, tariff.Money{})
	called(4, owner, day.Add(24*time.Hour), false, yen(4))
	called(5, stranger, day, false, yen(1))
	written := func(id sid.Message, d message.Direction, st message.Status, at time.Time) {
		t.Helper()
		r := Message(id, "")
		r.Account, r.Direction, r.Status, r.Created, r.Segments = owner, d, st, at, 2
		ok(t, s.ChangeMessage(t.Context(), message.Change{Record: r}))
	}
	written("SM01", message.OutboundAPI, message.Delivered, day.Add(time.Hour))
	written("SM02", message.OutboundReply, message.Sent, day.Add(time.Hour))
	written("SM03", message.Inbound, message.Received, day.Add(time.Hour))
	written("SM04", message.OutboundAPI, message.Failed, day.Add(time.Hour))
	for _, r := range []account.Recording{
		{SID: "RE01", Account: owner, Status: "completed", Duration: 1500 * time.Millisecond, Created: day.Add(time.Minute)},
		{SID: "RE02", Account: owner, Status: "absent", Duration: time.Hour, Created: day},
	} {
		ok(t, s.PutRecording(t.Context(), r, nil))
	}
	s = reopen()
	used := func(from, to time.Time, daily bool) string {
		t.Helper()
		list, err := s.Used(t.Context(), owner, from, to, daily)
		ok(t, err)
		slices.SortFunc(list, func(a, b tariff.Used) int {
			return cmp.Or(a.From.Compare(b.From), cmp.Compare(a.Kind, b.Kind), cmp.Compare(a.Currency, b.Currency))
		})
		out := ""
		for _, u := range list {
			out += fmt.Sprintf("%s %s%s: %d %d %s %d\n", u.From.Format("01-02T15"), u.Kind, u.Currency, u.Count, u.Units, u.Took, u.Amount)
		}
		return out
	}
	first, second := day.Format("01-02")+"T00", day.Add(tariff.Day).Format("01-02")+"T00"
	same(t, "usage by day", used(day, day.Add(48*time.Hour), true),
		first+" calls-inbound: 1 0 1m30s 0\n"+first+" calls-outboundJPY: 2 0 3m0s 24\n"+first+" recordings: 1 0 1.5s 0\n"+
			first+" sms-inboundUSD: 1 2 0s 7900\n"+first+" sms-outboundUSD: 2 4 0s 15800\n"+second+" calls-outboundJPY: 1 0 1m30s 4\n")
	noon := day.Add(12 * time.Hour)
	same(t, "usage from noon to noon", used(noon, noon.Add(24*time.Hour), false),
		noon.Format("01-02T15")+" calls-inbound: 1 0 1m30s 0\n"+noon.Format("01-02T15")+" calls-outboundJPY: 2 0 3m0s 12\n")
}

func triggersKept(t *testing.T, s Store, reopen func() Store) {
	daily := account.Trigger{SID: "UT01", Account: owner, Name: "毎日", Category: "calls", By: "count", Value: "50", Recurring: "daily",
		URL: "https://example.jp/t", Method: "GET", Created: Base, Updated: Base}
	once := account.Trigger{SID: "UT02", Account: owner, Category: "totalprice", By: "price", Value: "1000.5", URL: "https://example.jp/t", Created: Base, Updated: Base}
	theirs := account.Trigger{SID: "UT03", Account: stranger, Category: "calls", By: "usage", Recurring: "yearly", Created: Base, Updated: Base}
	for _, tr := range []account.Trigger{daily, once, theirs} {
		ok(t, s.PutTrigger(t.Context(), tr))
	}
	s = reopen()
	got, err := s.Trigger(t.Context(), owner, "UT01")
	ok(t, err)
	same(t, "the trigger", got, daily)
	_, err = s.Trigger(t.Context(), stranger, "UT01")
	is(t, err, account.ErrNotFound)
	for _, tt := range []struct {
		f    account.TriggerFilter
		want string
	}{
		{account.TriggerFilter{}, "[[UT02 UT01]]"}, {account.TriggerFilter{Category: "calls"}, "[[UT01]]"}, {account.TriggerFilter{By: "price"}, "[[UT02]]"},
		{account.TriggerFilter{Recurring: "daily"}, "[[UT01]]"}, {account.TriggerFilter{Recurring: account.Once}, "[[UT02]]"}, {account.TriggerFilter{By: "usage"}, "[[]]"},
	} {
		tt.f.Account = owner
		if l := fmt.Sprint(pages(t, func(tr account.Trigger) string { return string(tr.SID) }, func(p account.Page) ([]account.Trigger, int64, error) {
			tt.f.Page = p
			return s.Triggers(t.Context(), tt.f)
		})); l != tt.want {
			t.Errorf("%+v: %s, want %s", tt.f, l, tt.want)
		}
	}

	waiting := func(at time.Time) string {
		t.Helper()
		list, err := s.WaitingTriggers(t.Context(), at)
		ok(t, err)
		return names(list, func(tr account.Trigger) string { return string(tr.SID) })
	}
	fire := func(id sid.Trigger, recurring string, at time.Time) bool {
		t.Helper()
		p := account.Post{ID: string(id) + account.Period(recurring, at), Account: owner, Method: "POST", URL: "https://example.jp/t",
			Params: url.Values{"UsageTriggerSid": {string(id)}}, Due: Base}
		first, err := s.FireTrigger(t.Context(), id, account.Period(recurring, at), at, p)
		ok(t, err)
		return first
	}
	same(t, "at first all wait", waiting(Base), "[UT01 UT02 UT03]")
	same(t, "each fires once", []bool{fire("UT01", "daily", Base), fire("UT01", "daily", Base.Add(time.Hour)), fire("UT02", "", Base), fire("UT02", "", Base.Add(48*time.Hour)), fire("UT09", "", Base)},
		[]bool{true, false, true, false, false})
	s = reopen()
	same(t, "who has fired waits no more", waiting(Base.Add(time.Hour)), "[UT03]")
	same(t, "but on the next day", waiting(Base.Add(24*time.Hour)), "[UT01 UT03]")
	same(t, "the day before is over", fire("UT01", "daily", Base.Add(-24*time.Hour)), false)
	daily.Name = "every day"
	ok(t, s.PutTrigger(t.Context(), daily)) // a change does not make it fire again
	same(t, "after a change", fire("UT01", "daily", Base.Add(2*time.Hour)), false)
	got, err = s.Trigger(t.Context(), owner, "UT01")
	ok(t, err)
	daily.Fired, daily.Period = Base, account.Period("daily", Base)
	same(t, "the trigger that has fired", got, daily)
	same(t, "on the next day it fires", fire("UT01", "daily", Base.Add(24*time.Hour)), true)

	is(t, s.DeleteTrigger(t.Context(), stranger, "UT01"), account.ErrNotFound)
	ok(t, s.DeleteTrigger(t.Context(), owner, "UT01"))
	_, err = s.Trigger(t.Context(), owner, "UT01")
	is(t, err, account.ErrNotFound)
}
