package storetest

import (
	"testing"
	"time"

	"github.com/kaden-project/kaden/call"
	"github.com/kaden-project/kaden/dispatch"
	"github.com/kaden-project/kaden/message"
	"github.com/kaden-project/kaden/sid"
	"github.com/kaden-project/kaden/tariff"
)

func chargesKept(t *testing.T, s Store, reopen func() Store) {
	yen := func(n tariff.Amount) tariff.Money { return tariff.Money{Amount: n * 1_000_000, Currency: "JPY"} }
	a := Attempt("at-1", "co-1", "a", 1)
	a.Price = tariff.Money{}
	write(t, s, func(tx dispatch.Tx) error {
		if err := tx.AddCallout(dispatch.Callout{ID: "co-1", Alert: "al-1", Plan: "night", State: []byte(`{}`), Created: Base, Updated: Base}); err != nil {
			return err
		}
		return tx.PutAttempts(a)
	})
	pay := func(n int, at time.Duration, attempt string, account sid.Account, legs ...tariff.Money) {
		t.Helper()
		r := Record(n)
		r.Attempt, r.Account, r.Price = attempt, account, tariff.Money{}
		c := call.Change{}
		for i, m := range legs {
			c.Charges = append(c.Charges, call.Charge{Call: r.SID, Leg: i, Account: account, Attempt: attempt, Trunk: "ntt", At: Base.Add(at), Talked: 1500 * time.Millisecond, Cost: m})
			r.Price = m
		}
		c.Record = r
		ok(t, s.Change(t.Context(), c))
		ok(t, s.Change(t.Context(), c)) // once more, because its answer was lost
	}
	pay(1, 0, "at-1", owner, yen(1), yen(16))
	pay(2, time.Minute, "at-1", owner, yen(8))
	pay(3, 16*time.Minute, "", owner, tariff.Money{Amount: 8500, Currency: "USD"})
	pay(4, 17*time.Minute, "", stranger, tariff.Money{})
	pay(5, time.Hour, "", owner, yen(100))

	got, err := s.Call(t.Context(), owner, Record(1).SID)
	ok(t, err)
	same(t, "the price of a call", got.Price, yen(16))
	ok(t, s.DeleteCall(t.Context(), owner, Record(1).SID)) // who deletes a call has paid for it all the same
	// So has a trunk that asks for it only after that: its charge is kept, and the call stays deleted.
	late := call.Change{Record: Record(1), Charges: []call.Charge{{Call: Record(1).SID, Leg: 7, Account: owner, Trunk: "kddi", At: Base.Add(30 * time.Hour), Cost: yen(2)}}}
	late.Record.Attempt = ""
	ok(t, s.Change(t.Context(), late))
	s = reopen()
	_, err = s.Call(t.Context(), owner, Record(1).SID)
	is(t, err, call.ErrNotFound)
	after, err := s.Usage(t.Context(), owner, Base.Add(30*time.Hour), Base.Add(31*time.Hour))
	ok(t, err)
	same(t, "what was asked for late", after, []tariff.Spent{{At: Base.Add(30 * time.Hour), Trunk: "kddi", Currency: "JPY", Legs: 1, Amount: 2_000_000}})
	write(t, s, func(tx dispatch.Tx) error { return tx.PutAttempts(a) }) // the rest of an attempt is written without what its call was
	list, err := s.AttemptsOf(t.Context(), "co-1")
	ok(t, err)
	same(t, "the price beside the attempt", list[0].Price, yen(8))
	same(t, "how it sounded, beside the attempt", list[0].Sound, Record(2).Sound)

	usage, err := s.Usage(t.Context(), "", Base, Base.Add(time.Hour))
	ok(t, err)
	want := []tariff.Spent{
		{At: Base, Plan: "night", Person: a.Person, Trunk: "ntt", Currency: "JPY", Legs: 3, Talked: 4500 * time.Millisecond, Amount: 25_000_000},
		{At: Base.Add(15 * time.Minute), Trunk: "ntt", Legs: 1, Talked: 1500 * time.Millisecond},
		{At: Base.Add(15 * time.Minute), Trunk: "ntt", Currency: "USD", Legs: 1, Talked: 1500 * time.Millisecond, Amount: 8500},
	}
	same(t, "usage", usage, want)
	usage, err = s.Usage(t.Context(), stranger, Base, Base.Add(time.Hour))
	ok(t, err)
	same(t, "usage of a stranger", usage, want[1:2])

	messagesCost(t, s)
	write(t, s, func(tx dispatch.Tx) error {
		sum, unknown, err := tx.Spent("JPY", Base, Base.Add(time.Hour))
		same(t, "yen of the hour, and what is not known", []int64{int64(sum), unknown}, []int64{25_000_000, 1})
		if err != nil {
			return err
		}
		sum, unknown, err = tx.Spent("EUR", Base.Add(time.Hour), Base.Add(2*time.Hour))
		same(t, "euros of the next", []int64{int64(sum), unknown}, []int64{0, 0})
		return err
	})
	for i, want := range []bool{true, false} {
		write(t, s, func(tx dispatch.Tx) error {
			first, err := tx.BudgetSaid("calls", "2026-03", 80)
			if err == nil && first != want {
				t.Errorf("said for the %d. time: first %v", i+1, first)
			}
			return err
		})
	}
	write(t, s, func(tx dispatch.Tx) error {
		for _, other := range []struct {
			budget, month string
			percent       int
		}{{"calls", "2026-03", 100}, {"calls", "2026-04", 80}, {"other", "2026-03", 80}} {
			if first, err := tx.BudgetSaid(other.budget, other.month, other.percent); err != nil || !first {
				t.Errorf("%+v: first %v, %v", other, first, err)
			}
		}
		return nil
	})
}

// messagesCost: what was sent costs something from then on, though its price may be told later, and though it is
// forgotten. These are of another hour than the calls.
func messagesCost(t *testing.T, s Store) {
	t.Helper()
	from, to := Base.Add(24*time.Hour), Base.Add(25*time.Hour)
	spent := func(want ...int64) {
		t.Helper()
		write(t, s, func(tx dispatch.Tx) error {
			sum, unknown, err := tx.Spent("JPY", from, to)
			same(t, "yen, and what is not known", []int64{int64(sum), unknown}, want)
			return err
		})
	}
	put := func(r message.Record) {
		t.Helper()
		ok(t, s.ChangeMessage(t.Context(), message.Change{Record: r}))
	}
	r := message.Record{
		SID: "SM0000000000000000000000000000c057", Account: owner, Direction: message.OutboundAPI, From: "+815012345678", To: "+819011112222", Body: "disk full",
		Segments: 2, Status: message.Sending, Carrier: "twilio", There: "SM0000000000000000000000000000c058", Created: from, Updated: from,
	}
	put(r)
	spent(0, 0)
	r.Status, r.Sent = message.Sent, from.Add(time.Minute)
	put(r)
	spent(0, 1)
	r.Status, r.Price = message.Delivered, tariff.Money{Amount: 18_000_000, Currency: "JPY"}
	put(r)
	put(r)
	spent(18_000_000, 0)
	in := r
	in.SID, in.There, in.Direction = "SM0000000000000000000000000000c059", "SM0000000000000000000000000000c060", message.Inbound
	put(in)
	ok(t, s.DeleteMessage(t.Context(), owner, r.SID))
	spent(18_000_000, 0)
	usage, err := s.Usage(t.Context(), owner, from, to)
	ok(t, err)
	same(t, "usage of messages", usage, []tariff.Spent{{At: from, Trunk: "twilio", Currency: "JPY", Messages: 1, Amount: 18_000_000}})
}
