package storetest

import (
	"encoding/json"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/kaden-project/kaden/call"
	"github.com/kaden-project/kaden/dispatch"
	"github.com/kaden-project/kaden/leg"
	"github.com/kaden-project/kaden/sid"
	"github.com/kaden-project/kaden/timeline"
)

func calloutConflicts(t *testing.T, s Store, _ func() Store) {
	c := Callout("co-1", "a", 7)
	write(t, s, func(tx dispatch.Tx) error { return tx.AddCallout(c) })
	if err := s.Write(t.Context(), func(tx dispatch.Tx) error { return tx.AddCallout(c) }); err == nil {
		t.Error("a call-out was added twice")
	}
	got, err := s.CalloutByID(t.Context(), "co-1")
	ok(t, err)
	same(t, "the call-out as it was stored", got, c)

	put := func(change func(c *dispatch.Callout)) error {
		return s.Write(t.Context(), func(tx dispatch.Tx) error {
			next := c
			next.Version = 2
			change(&next)
			return tx.PutCallout(next)
		})
	}
	is(t, put(func(c *dispatch.Callout) { c.Owner = "b" }), dispatch.ErrNotMine)
	is(t, put(func(c *dispatch.Callout) { c.Fence = 8 }), dispatch.ErrNotMine)
	is(t, put(func(c *dispatch.Callout) { c.Version = 3 }), dispatch.ErrNotMine)
	is(t, put(func(c *dispatch.Callout) { c.Version = 1 }), dispatch.ErrNotMine)
	is(t, put(func(c *dispatch.Callout) { c.ID = "co-2" }), dispatch.ErrNotMine)
	ok(t, put(func(c *dispatch.Callout) {
		c.State, c.Active, c.Due = json.RawMessage(`{"b":2, "a":1}`), false, time.Time{}
	}))
	is(t, put(func(*dispatch.Callout) {}), dispatch.ErrNotMine)
	got, err = s.CalloutByID(t.Context(), "co-1")
	ok(t, err)
	if got.Version != 2 || got.Active || !got.Due.IsZero() || string(got.State) != `{"b":2, "a":1}` {
		t.Errorf("after the change: %+v", got)
	}
	_, err = s.CalloutByID(t.Context(), "nobody")
	is(t, err, dispatch.ErrNotFound)

	// Of many who have read the same version, one wins.
	errs := atOnce(20, func(int) error {
		return s.Write(t.Context(), func(tx dispatch.Tx) error {
			next := got
			next.Version++
			return tx.PutCallout(next)
		})
	})
	won := 0
	for _, err := range errs {
		if err == nil {
			won++
		} else {
			is(t, err, dispatch.ErrNotMine)
		}
	}
	if won != 1 {
		t.Errorf("%d of 20 won, want 1", won)
	}
}

func attemptRemains(t *testing.T, s Store, _ func() Store) {
	a := Attempt("at-1", "co-1", "a", 1)
	a.Target = json.RawMessage(`{"URI":"sip:sato@192.0.2.7"}`)
	write(t, s, func(tx dispatch.Tx) error {
		return tx.PutAttempts(a, Attempt("at-2", "co-1", "a", 1), Attempt("at-3", "co-2", "a", 1))
	})
	ok(t, s.KeepRemains(t.Context(), "at-1", nil, leg.Remains(`{"branch":"z9"}`)))
	a.Remains = leg.Remains(`{"branch":"z9"}`)
	list, err := s.AttemptsOf(t.Context(), "co-1")
	ok(t, err)
	same(t, "attempts of the call-out", names(list, attemptName), "[at-1 at-2]")
	same(t, "the first", list[0], a)

	rang := a
	rang.Status, rang.Rang, rang.Remains, rang.Target = "ringing", Base.Add(3*time.Second), nil, nil
	write(t, s, func(tx dispatch.Tx) error { return tx.PutAttempts(rang) })
	rang.Remains, rang.Target = a.Remains, a.Target
	write(t, s, func(tx dispatch.Tx) error {
		got, err := tx.Attempt("at-1")
		same(t, "rung, with what ends it", got, rang)
		return err
	})
	ok(t, s.KeepRemains(t.Context(), "at-1", json.RawMessage(`{}`), leg.Remains(`2`)))
	write(t, s, func(tx dispatch.Tx) error {
		got, err := tx.Attempt("at-1")
		if string(got.Remains) != "2" || string(got.Target) != "{}" || got.Status != "ringing" {
			t.Errorf("what was kept last: %+v", got)
		}
		return err
	})
	is(t, s.KeepRemains(t.Context(), "nobody", nil, leg.Remains(`1`)), dispatch.ErrNotFound)
}

// calledSince has calls of more than one page on both sides of the moment.
func calledSince(t *testing.T, s Store, reopen func() Store) {
	const old, young = 600, 1200
	since := Base.Add(old * time.Second)
	var all []dispatch.Attempt
	want := map[string][]time.Time{}
	for i := range old + young {
		a := Attempt(fmt.Sprint("at-", i), "co-1", "a", 1)
		a.Person, a.Line, a.Dialed = fmt.Sprint("p", i%5), a.ID, Base.Add(time.Duration(i)*time.Second)
		counts := true
		switch i % 10 {
		case 3:
			a.Line, counts = "at-1", false // told in the call of another alert
		case 5:
			a.Line, counts = "in-CA1", false // they called us
		case 6:
			a.Status, counts = "fault", false // no line took it
		case 7:
			a.Status, a.Rang = "fault", a.Dialed.Add(time.Second)
		}
		all = append(all, a)
		if counts && i >= old {
			want[a.Person] = append(want[a.Person], a.Dialed)
		}
	}
	write(t, s, func(tx dispatch.Tx) error { return tx.PutAttempts(all...) })
	late := all[old] // its row is written again, and keeps its place
	late.Ended = Base.Add(time.Hour)
	write(t, s, func(tx dispatch.Tx) error { return tx.PutAttempts(late) })
	s = reopen()
	got, err := s.Called(t.Context(), since)
	ok(t, err)
	same(t, "who was called", got, want)
	got, err = s.Called(t.Context(), Base.Add(time.Hour))
	ok(t, err)
	same(t, "nobody was called after that", len(got), 0)
}

func eventsInOrder(t *testing.T, s Store, _ func() Store) {
	var mu sync.Mutex
	var heard []timeline.Event
	all := make(chan struct{})
	const n, each = 60, 3
	stop := s.Announce(func(e []timeline.Event) {
		mu.Lock()
		defer mu.Unlock()
		if heard = append(heard, e...); len(heard) == n*each {
			close(all)
		}
	})
	errs := atOnce(n, func(i int) error {
		var e []timeline.Event
		for k := range each {
			e = append(e, timeline.Event{At: Base, Kind: timeline.CallDigit, Call: fmt.Sprint(i), Digit: fmt.Sprint(k)})
		}
		if i%2 == 0 {
			return s.Change(t.Context(), call.Change{Record: call.Record{SID: sid.New[sid.Call]()}, Events: e})
		}
		return s.Write(t.Context(), func(tx dispatch.Tx) error { return tx.Append(e...) })
	})
	ok(t, errors.Join(errs...))
	<-all
	stop()
	stored, err := s.Events(t.Context(), "", 0, 0)
	ok(t, err)
	same(t, "what was announced is what is stored", heard, stored)
	next := map[string]int{}
	last := int64(0)
	for _, e := range stored {
		if e.Seq <= last {
			t.Fatalf("number %d came after %d", e.Seq, last)
		}
		last = e.Seq
		if e.Digit != fmt.Sprint(next[e.Call]) {
			t.Fatalf("call %s: digit %s came, want %d", e.Call, e.Digit, next[e.Call])
		}
		next[e.Call]++
	}
	write(t, s, func(tx dispatch.Tx) error { return tx.Append(timeline.Event{Kind: timeline.NoticeRaised}) })
	if len(heard) != n*each {
		t.Error("an event was announced after stop")
	}
}

func eventsPaged(t *testing.T, s Store, _ func() Store) {
	full := timeline.Event{At: Base, Kind: timeline.AttemptDigit, Alert: "al-1", Callout: "co-1", Person: "sato", Attempt: "at-1",
		Call: "CA1", Cause: "busy", Digit: "1", Text: "三時"}
	write(t, s, func(tx dispatch.Tx) error {
		return tx.Append(full, timeline.Event{Kind: timeline.AlertStored, Alert: "al-2"}, timeline.Event{Kind: timeline.AlertResolved, Alert: "al-1", At: Base})
	})
	all, err := s.Events(t.Context(), "", 0, 0)
	ok(t, err)
	if len(all) != 3 || all[1].At.IsZero() {
		t.Fatalf("events: %+v", all)
	}
	full.Seq = all[0].Seq
	same(t, "the first event", all[0], full)
	rest, err := s.Events(t.Context(), "", full.Seq, 1)
	ok(t, err)
	same(t, "one after the first", rest, all[1:2])
	ofOne, err := s.Events(t.Context(), "al-1", 0, 0)
	ok(t, err)
	same(t, "of one alert", ofOne, []timeline.Event{all[0], all[2]})
	none, err := s.Events(t.Context(), "al-2", all[2].Seq, 0)
	ok(t, err)
	if len(none) != 0 {
		t.Errorf("after the last: %+v", none)
	}
}

func places(t *testing.T, s Store, _ func() Store) {
	write(t, s, func(tx dispatch.Tx) error {
		p, err := tx.Place("night", 1)
		if p != 0 {
			t.Errorf("first place %d, want 0", p)
		}
		return errors.Join(err, tx.SetPlace("night", 1, 2), tx.SetPlace("night", 2, 5), tx.SetPlace("night", 1, 3))
	})
	write(t, s, func(tx dispatch.Tx) error {
		a, err := tx.Place("night", 1)
		b, err2 := tx.Place("night", 2)
		if a != 3 || b != 5 {
			t.Errorf("places %d and %d, want 3 and 5", a, b)
		}
		return errors.Join(err, err2)
	})
}

func times(t *testing.T, s Store, _ func() Store) {
	tokyo := time.FixedZone("JST", 9*3600)
	i := Incident("al-1", "disk")
	i.Opened = time.Date(2026, 3, 1, 11, 0, 0, 123_456_789, tokyo)
	before := time.Now().Add(-time.Minute)
	write(t, s, func(tx dispatch.Tx) error {
		now := tx.Now()
		if now.Before(before) || now.After(time.Now().Add(time.Minute)) || now.Location() != time.UTC {
			t.Errorf("the database says it is %s", now)
		}
		if again := tx.Now(); again.Before(now) {
			t.Errorf("time went back from %s to %s", now, again)
		}
		return tx.PutIncident(i)
	})
	got, err := s.IncidentByID(t.Context(), "al-1")
	ok(t, err)
	same(t, "opened", got.Opened, time.Date(2026, 3, 1, 2, 0, 0, 123_000_000, time.UTC))
	if !got.Resolved.IsZero() {
		t.Errorf("no time became %s", got.Resolved)
	}
}
