package storetest

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/kaden-project/kaden/alert"
	"github.com/kaden-project/kaden/dispatch"
	"github.com/kaden-project/kaden/timeline"
)

func incidentLife(t *testing.T, s Store, _ func() Store) {
	first := Incident("al-1", "disk")
	write(t, s, func(tx dispatch.Tx) error { return tx.PutIncident(first) })
	got, err := s.IncidentByID(t.Context(), "al-1")
	ok(t, err)
	same(t, "the incident as it was stored", got, first)

	write(t, s, func(tx dispatch.Tx) error {
		i, found, err := tx.OpenIncident("mackerel", "disk")
		if err != nil || !found {
			return fmt.Errorf("open incident: found %v, %w", found, err)
		}
		if _, found, err := tx.OpenIncident("json", "disk"); found || err != nil {
			t.Errorf("another source's incident: found %v, %v", found, err)
		}
		i.Status, i.By, i.Repeats, i.Updated = dispatch.Acknowledged, "sato", 2, Base.Add(time.Minute)
		return tx.PutIncident(i)
	})
	write(t, s, func(tx dispatch.Tx) error {
		i, found, err := tx.OpenIncident("mackerel", "disk")
		if err != nil || !found || i.By != "sato" || i.Repeats != 2 {
			t.Errorf("an acknowledged incident is still open: found %v, %+v, %v", found, i, err)
		}
		i.Status, i.Resolved = dispatch.Resolved, Base.Add(2*time.Minute)
		return tx.PutIncident(i)
	})
	write(t, s, func(tx dispatch.Tx) error {
		if _, found, err := tx.OpenIncident("mackerel", "disk"); found || err != nil {
			t.Errorf("a resolved incident is not open: found %v, %v", found, err)
		}
		if i, found, err := tx.LastIncident("mackerel", "disk"); !found || i.ID != "al-1" || err != nil {
			t.Errorf("the last incident is the resolved one: %v %+v %v", found, i, err)
		}
		return tx.PutIncident(Incident("al-2", "disk"))
	})
	write(t, s, func(tx dispatch.Tx) error {
		if i, _, err := tx.LastIncident("mackerel", "disk"); i.ID != "al-2" || err != nil {
			t.Errorf("the last incident is the new one, not %q %v", i.ID, err)
		}
		if _, err := tx.Incident("al-1"); err != nil {
			t.Errorf("the old one is still there: %v", err)
		}
		return nil
	})
	err = s.Write(t.Context(), func(tx dispatch.Tx) error { return tx.PutIncident(Incident("al-3", "disk")) })
	if err == nil {
		t.Error("two open incidents of one key were stored")
	}
	_, err = s.IncidentByID(t.Context(), "al-3")
	is(t, err, dispatch.ErrNotFound)
	is(t, s.Write(t.Context(), func(tx dispatch.Tx) error { _, err := tx.Incident("nobody"); return err }), dispatch.ErrNotFound)
}

func understoodOnce(t *testing.T, s Store, _ func() Store) {
	knows := func(source string, before time.Time) (known bool) {
		t.Helper()
		write(t, s, func(tx dispatch.Tx) (err error) {
			known, err = tx.Understood(source, before)
			return err
		})
		return known
	}
	put := func(id, source, key, body string, opened time.Time) {
		t.Helper()
		i := Incident(id, key)
		i.Alert.Source, i.Alert.Body, i.Opened = source, body, opened
		i.Status, i.Resolved = dispatch.Ignored, opened
		write(t, s, func(tx dispatch.Tx) error { return tx.PutIncident(i) })
	}
	put("al-1", "json_a", alert.Unreadable, `{"key":"disk"}`, Base)
	put("al-2", "json_a", "kaden:storm:json_a", "", Base)
	put("al-3", "json-a", "disk", `{"source":"json_a","key":"kaden:x"}`, Base)
	put("al-4", "prod", "disk", `,"key":"kaden:x"`, Base.Add(time.Hour))
	for _, tt := range []struct {
		source string
		before time.Time
		want   bool
	}{
		{"json_a", Base.Add(time.Hour), false}, // kaden's own words about it, and another's
		{"json-a", Base, true},
		{"json-a", Base.Add(-time.Millisecond), false},
		{"prod", Base, false},
		{"prod", Base.Add(time.Hour), true},
		{"nobody", Base.Add(time.Hour), false},
		{"", Base.Add(time.Hour), false},
	} {
		if got := knows(tt.source, tt.before); got != tt.want {
			t.Errorf("%q before %v: understood %v, want %v", tt.source, tt.before, got, tt.want)
		}
	}
}

func incidentPages(t *testing.T, s Store, _ func() Store) {
	for i := range 5 {
		in := Incident(fmt.Sprint("al-", i), fmt.Sprint("key-", i))
		if i%2 == 1 {
			in.Status = dispatch.Resolved
		}
		write(t, s, func(tx dispatch.Tx) error { return tx.PutIncident(in) })
	}
	// An update does not move an incident up.
	write(t, s, func(tx dispatch.Tx) error { return tx.PutIncident(Incident("al-0", "key-0")) })
	for _, tt := range []struct {
		name string
		q    dispatch.Query
		want string
	}{
		{"all", dispatch.Query{}, "[al-4 al-3 al-2 al-1 al-0]"},
		{"first page", dispatch.Query{Limit: 2}, "[al-4 al-3]"},
		{"second page", dispatch.Query{Limit: 2, Before: "al-3"}, "[al-2 al-1]"},
		{"last page", dispatch.Query{Limit: 2, Before: "al-1"}, "[al-0]"},
		{"after the last", dispatch.Query{Before: "al-0"}, "[]"},
		{"by state", dispatch.Query{Status: []dispatch.Status{dispatch.Stored, dispatch.Ignored}}, "[al-4 al-2 al-0]"},
		{"by state, second page", dispatch.Query{Status: []dispatch.Status{dispatch.Resolved}, Before: "al-3"}, "[al-1]"},
	} {
		list, err := s.Incidents(t.Context(), tt.q)
		ok(t, err)
		same(t, tt.name, names(list, incidentName), tt.want)
	}
	_, err := s.Incidents(t.Context(), dispatch.Query{Before: "nobody"})
	is(t, err, dispatch.ErrNotFound)
}

func deliverySeen(t *testing.T, s Store, _ func() Store) {
	d := alert.Delivery{ID: "m-1", Source: "mackerel", Kind: "mackerel", Raw: []byte(`{"a":"\u0000"}`),
		Header: map[string]string{"User-Agent": "x"}, Remote: "192.0.2.1", ReceivedAt: Base}
	for i, want := range []bool{false, true, true} {
		write(t, s, func(tx dispatch.Tx) error {
			seen, err := tx.SeenDelivery(d)
			if seen != want {
				t.Errorf("time %d: seen %v, want %v", i+1, seen, want)
			}
			return err
		})
	}
	d.Source = "json"
	write(t, s, func(tx dispatch.Tx) error {
		seen, err := tx.SeenDelivery(d)
		if seen {
			t.Error("the same id of another source is another delivery")
		}
		return err
	})
}

// atOnce calls f n times in parallel and gives back the errors, in order of n.
func atOnce(n int, f func(i int) error) []error {
	errs := make([]error, n)
	var all sync.WaitGroup
	for i := range n {
		all.Go(func() { errs[i] = f(i) })
	}
	all.Wait()
	return errs
}

func deliveryStorm(t *testing.T, s Store, _ func() Store) {
	opened := make([]bool, 100)
	errs := atOnce(len(opened), func(i int) error {
		return s.Write(t.Context(), func(tx dispatch.Tx) error {
			opened[i] = false
			if seen, err := tx.SeenDelivery(alert.Delivery{ID: "m-1", Source: "mackerel"}); seen || err != nil {
				return err
			}
			opened[i] = true
			return tx.PutIncident(Incident(fmt.Sprint("al-", i), "disk"))
		})
	})
	ok(t, errors.Join(errs...))
	n := 0
	for _, o := range opened {
		if o {
			n++
		}
	}
	list, err := s.Incidents(t.Context(), dispatch.Query{})
	ok(t, err)
	if n != 1 || len(list) != 1 {
		t.Errorf("%d of 100 believe to have opened the incident, %d are stored; want 1 and 1", n, len(list))
	}
}

type chore struct{ N int }

func (chore) Kind() string { return "storetest-chore" }

func rolledBack(t *testing.T, s Store, _ func() Store) {
	var heard atomic.Int64
	defer s.Announce(func(e []timeline.Event) { heard.Add(int64(len(e))) })()
	boom := errors.New("boom")
	everything := func(tx dispatch.Tx) error {
		if _, err := tx.SeenDelivery(alert.Delivery{ID: "m-1", Source: "json"}); err != nil {
			return err
		}
		return errors.Join(tx.PutIncident(Incident("al-1", "disk")), tx.AddCallout(Callout("co-1", "a", 1)),
			tx.PutAttempts(Attempt("at-1", "co-1", "a", 1)), tx.SetPlace("plan", 0, 3),
			tx.Append(timeline.Event{Kind: timeline.AlertStored, Alert: "al-1"}), tx.Enqueue(chore{1}, time.Time{}))
	}
	is(t, s.Write(t.Context(), func(tx dispatch.Tx) error { return errors.Join(everything(tx), boom) }), boom)
	if err := s.Write(t.Context(), func(tx dispatch.Tx) error { ok(t, everything(tx)); panic("ouch") }); err == nil {
		t.Error("a panic was no error")
	}
	write(t, s, func(tx dispatch.Tx) error {
		if seen, _ := tx.SeenDelivery(alert.Delivery{ID: "m-1", Source: "json"}); seen {
			t.Error("the delivery is there")
		}
		_, err := tx.Incident("al-1")
		is(t, err, dispatch.ErrNotFound)
		_, err = tx.Callout("co-1")
		is(t, err, dispatch.ErrNotFound)
		_, err = tx.Attempt("at-1")
		is(t, err, dispatch.ErrNotFound)
		if p, _ := tx.Place("plan", 0); p != 0 {
			t.Errorf("the place is %d", p)
		}
		return nil
	})
	events, err := s.Events(t.Context(), "", 0, 0)
	ok(t, err)
	if len(events) != 0 || heard.Load() != 0 {
		t.Errorf("%d events stored, %d announced; want none", len(events), heard.Load())
	}
	write(t, s, everything)
	if _, err := s.IncidentByID(t.Context(), "al-1"); err != nil {
		t.Errorf("done without the error it is there: %v", err)
	}
}

func neighbours(t *testing.T, s Store, _ func() Store) {
	boom := errors.New("boom")
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	const n = 120
	errs := atOnce(n, func(i int) error {
		ctx := t.Context()
		if i%4 == 3 {
			ctx = gone
		}
		return s.Write(ctx, func(tx dispatch.Tx) error {
			if err := tx.PutIncident(Incident(fmt.Sprint("al-", i), fmt.Sprint("key-", i))); err != nil {
				return err
			}
			switch i % 4 {
			case 1:
				return boom
			case 2:
				panic("ouch")
			}
			return tx.Append(timeline.Event{Kind: timeline.AlertStored, Alert: fmt.Sprint("al-", i)})
		})
	})
	for i, err := range errs {
		_, missing := s.IncidentByID(t.Context(), fmt.Sprint("al-", i))
		if good := i%4 == 0; good != (err == nil) || good != (missing == nil) {
			t.Errorf("writer %d of kind %d: answered %v, then found %v", i, i%4, err, missing)
		}
	}
	events, err := s.Events(t.Context(), "", 0, 0)
	ok(t, err)
	if len(events) != n/4 {
		t.Errorf("%d events, want %d", len(events), n/4)
	}
}

func stoppedWaiting(t *testing.T, s Store, _ func() Store) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	is(t, s.Write(ctx, func(tx dispatch.Tx) error { return tx.PutIncident(Incident("al-1", "disk")) }), context.Canceled)
	_, err := s.IncidentByID(t.Context(), "al-1")
	is(t, err, dispatch.ErrNotFound)

	// Who stops while the work is done finds it done.
	ctx, cancel = context.WithCancel(t.Context())
	err = s.Write(ctx, func(tx dispatch.Tx) error {
		cancel()
		return tx.PutIncident(Incident("al-2", "disk"))
	})
	_, missing := s.IncidentByID(t.Context(), "al-2")
	if (err == nil) != (missing == nil) {
		t.Errorf("answered %v, then found %v", err, missing)
	}
}

func overIsOver(t *testing.T, s Store, _ func() Store) {
	var kept dispatch.Tx
	write(t, s, func(tx dispatch.Tx) error { kept = tx; return tx.PutIncident(Incident("al-1", "disk")) })
	if err := kept.PutIncident(Incident("al-2", "other")); err == nil {
		t.Error("a Tx wrote after its transaction")
	}
	_, err := s.IncidentByID(t.Context(), "al-2")
	is(t, err, dispatch.ErrNotFound)
}
