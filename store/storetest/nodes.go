package storetest

import (
	"fmt"
	"testing"
	"time"

	"github.com/kaden-project/kaden/call"
	"github.com/kaden-project/kaden/dispatch"
)

const lease = 6 * time.Second

func join(t *testing.T, s Store, name string) int64 {
	t.Helper()
	fence, err := s.Join(t.Context(), name, "192.0.2.1:8080")
	ok(t, err)
	return fence
}

func nodeNames(t *testing.T, s Store, _ func() Store) {
	a := join(t, s, "a")
	if _, err := s.Join(t.Context(), "a", "192.0.2.2:8080"); err == nil {
		t.Error("a second node took a living one's name")
	}
	if b := join(t, s, "b"); b <= a {
		t.Errorf("fence %d came after %d", b, a)
	}
	ok(t, s.Beat(t.Context(), "a", a, lease))
	is(t, s.Beat(t.Context(), "a", a+100, lease), dispatch.ErrNotMine)
	is(t, s.Beat(t.Context(), "nobody", a, lease), dispatch.ErrNotMine)
	is(t, s.Leave(t.Context(), "a", a+100), dispatch.ErrNotMine)
	ok(t, s.Leave(t.Context(), "a", a))
	if again := join(t, s, "a"); again <= a {
		t.Errorf("fence %d came after %d", again, a)
	}
	is(t, s.Beat(t.Context(), "a", a, lease), dispatch.ErrNotMine)
	if _, err := s.Join(t.Context(), "", ""); err == nil {
		t.Error("a node without a name joined")
	}
}

func adoption(t *testing.T, s Store, _ func() Store) {
	a, b := join(t, s, "a"), join(t, s, "b")
	write(t, s, func(tx dispatch.Tx) error {
		for i := range 5 {
			if err := tx.AddCallout(Callout(fmt.Sprint("dead-", i), "a", a)); err != nil {
				return err
			}
		}
		done := Callout("done", "a", a)
		done.Active = false
		if err := tx.AddCallout(done); err != nil {
			return err
		}
		if err := tx.AddCallout(Callout("nobody's", "", 0)); err != nil {
			return err
		}
		return tx.AddCallout(Callout("b's own", "b", b))
	})
	list, err := s.Adopt(t.Context(), "b", b, 100)
	ok(t, err)
	same(t, "while a is alive", names(list, calloutName), "[nobody's]")
	ok(t, s.Leave(t.Context(), "a", a))
	list, err = s.Adopt(t.Context(), "b", b, 3)
	ok(t, err)
	same(t, "the first three", names(list, calloutName), "[dead-0 dead-1 dead-2]")
	if c := list[0]; c.Owner != "b" || c.Fence != b || c.Version != 2 {
		t.Errorf("as adopted: %+v", c)
	}
	stored, err := s.CalloutByID(t.Context(), "dead-0")
	ok(t, err)
	same(t, "as adopted and as stored", list[0], stored)
	list, err = s.Adopt(t.Context(), "b", b, 3)
	ok(t, err)
	same(t, "the rest", names(list, calloutName), "[dead-3 dead-4]")
	list, err = s.Adopt(t.Context(), "b", b, 3)
	ok(t, err)
	same(t, "nothing is left", names(list, calloutName), "[]")

	// a comes back and takes up what an earlier life of its own has left, not what b has.
	write(t, s, func(tx dispatch.Tx) error { return tx.AddCallout(Callout("a's old", "a", a)) })
	a2 := join(t, s, "a")
	list, err = s.Adopt(t.Context(), "a", a2, 100)
	ok(t, err)
	same(t, "what the earlier life left", names(list, calloutName), "[a's old]")
	// Without a lease nobody adopts.
	ok(t, s.Beat(t.Context(), "a", a2, -time.Second))
	_, err = s.Adopt(t.Context(), "a", a2, 100)
	is(t, err, dispatch.ErrNotMine)
	_, err = s.Adopt(t.Context(), "b", b+100, 100)
	is(t, err, dispatch.ErrNotMine)
}

func claiming(t *testing.T, s Store, _ func() Store) {
	a, b := join(t, s, "a"), join(t, s, "b")
	write(t, s, func(tx dispatch.Tx) error {
		asleep := Callout("asleep", "a", a)
		asleep.Active, asleep.Due = false, time.Time{}
		if err := tx.AddCallout(asleep); err != nil {
			return err
		}
		return tx.AddCallout(Callout("at work", "a", a))
	})
	claim := func(id, name string, fence int64) dispatch.Callout {
		t.Helper()
		c, err := s.Claim(t.Context(), id, name, fence)
		ok(t, err)
		stored, err := s.CalloutByID(t.Context(), id)
		ok(t, err)
		same(t, "as claimed and as stored", c, stored)
		return c
	}
	if c := claim("asleep", "b", b); c.Owner != "b" || c.Fence != b || c.Version != 2 {
		t.Errorf("claimed: %+v", c)
	}
	if c := claim("asleep", "b", b); c.Version != 2 {
		t.Errorf("claimed twice: %+v", c)
	}
	if c := claim("at work", "b", b); c.Owner != "a" || c.Version != 1 {
		t.Errorf("what somebody drives was claimed: %+v", c)
	}
	if c := claim("asleep", "a", a+100); c.Owner != "b" {
		t.Errorf("claimed by a life that never was: %+v", c)
	}
	ok(t, s.Beat(t.Context(), "a", a, -time.Second))
	if c := claim("asleep", "a", a); c.Owner != "b" {
		t.Errorf("claimed without a lease: %+v", c)
	}
	_, err := s.Claim(t.Context(), "nobody", "b", b)
	is(t, err, dispatch.ErrNotFound)
}

func zombie(t *testing.T, s Store, _ func() Store) {
	a, b := join(t, s, "a"), join(t, s, "b")
	c := Callout("co-1", "a", a)
	write(t, s, func(tx dispatch.Tx) error { return tx.AddCallout(c) })
	ok(t, s.Beat(t.Context(), "a", a, -time.Second)) // it was asleep for longer than its lease
	list, err := s.Adopt(t.Context(), "b", b, 100)
	ok(t, err)
	if len(list) != 1 {
		t.Fatalf("adopted %+v", list)
	}
	ok(t, s.Beat(t.Context(), "a", a, lease)) // it wakes up; its name is still its own …
	for v := range int64(4) {
		c.Version = v + 1 // … but whatever it does to the call-out is refused
		is(t, s.Write(t.Context(), func(tx dispatch.Tx) error { return tx.PutCallout(c) }), dispatch.ErrNotMine)
	}
	next := list[0]
	next.Version++
	write(t, s, func(tx dispatch.Tx) error { return tx.PutCallout(next) })
}

func ghosts(t *testing.T, s Store, _ func() Store) {
	a, b := join(t, s, "a"), join(t, s, "b")
	ended := Attempt("ended", "co-1", "a", a)
	ended.Ended = Base.Add(time.Minute)
	up := Record(7) // decided, but the last words were still said when its process died
	up.Status, up.Ended = call.InProgress, time.Time{}
	told := Attempt("told", "co-1", "b", b-100)
	told.Ended, told.Call = Base.Add(time.Minute), up.SID
	write(t, s, func(tx dispatch.Tx) error {
		if err := tx.PutCall(up); err != nil {
			return err
		}
		return tx.PutAttempts(Attempt("old", "co-1", "b", b-100), ended, told, Attempt("a's", "co-1", "a", a), Attempt("b's", "co-2", "b", b))
	})
	list, err := s.Ghosts(t.Context(), "b", b)
	ok(t, err)
	same(t, "while a is alive", names(list, attemptName), "[old told]")
	ok(t, s.Leave(t.Context(), "a", a))
	list, err = s.Ghosts(t.Context(), "b", b)
	ok(t, err)
	same(t, "after a's death", names(list, attemptName), "[a's]") // the others are taken over
	if g := list[0]; g.Node != "b" || g.Fence != b {
		t.Errorf("as taken over: %+v", g)
	}

	// Who drives the call-out has its calls.
	c := join(t, s, "c")
	write(t, s, func(tx dispatch.Tx) error {
		if err := tx.AddCallout(Callout("co-9", "c", c)); err != nil {
			return err
		}
		return tx.PutAttempts(Attempt("c's", "co-9", "a", a))
	})
	list, err = s.Ghosts(t.Context(), "b", b)
	ok(t, err)
	same(t, "of a call-out that c drives, for b", names(list, attemptName), "[]")
	list, err = s.Ghosts(t.Context(), "c", c)
	ok(t, err)
	same(t, "and for c", names(list, attemptName), "[c's]")
}

func overdue(t *testing.T, s Store, _ func() Store) {
	a := join(t, s, "a")
	write(t, s, func(tx dispatch.Tx) error {
		for _, c := range []struct {
			id     string
			owner  string
			active bool
			due    time.Time
		}{
			{"long ago", "a", true, tx.Now().Add(-time.Hour)},
			{"just now", "a", true, tx.Now().Add(-time.Second)},
			{"to come", "a", true, tx.Now().Add(time.Hour)},
			{"waits for nothing", "a", true, time.Time{}},
			{"over", "a", false, tx.Now().Add(-time.Hour)},
			{"b's", "b", true, tx.Now().Add(-time.Hour)},
		} {
			row := Callout(c.id, c.owner, a)
			row.Active, row.Due = c.active, c.due
			if err := tx.AddCallout(row); err != nil {
				return err
			}
		}
		return nil
	})
	list, err := s.Overdue(t.Context(), "a", time.Minute)
	ok(t, err)
	same(t, "more than a minute late", names(list, calloutName), "[long ago]")
	list, err = s.Overdue(t.Context(), "a", 0)
	ok(t, err)
	same(t, "late", names(list, calloutName), "[long ago just now]")
}

func restart(t *testing.T, s Store, reopen func() Store) {
	a := join(t, s, "a")
	c := Callout("co-1", "a", a)
	write(t, s, func(tx dispatch.Tx) error {
		if err := tx.PutIncident(Incident("al-1", "disk")); err != nil {
			return err
		}
		if err := tx.PutAttempts(Attempt("at-1", "co-1", "a", a)); err != nil {
			return err
		}
		return tx.AddCallout(c)
	})
	old := s
	s = reopen()
	if err := old.Write(t.Context(), func(tx dispatch.Tx) error { return tx.PutIncident(Incident("al-2", "x")) }); err == nil {
		t.Error("the closed store has written")
	}
	a2 := join(t, s, "a") // its lease has not passed, but its process is dead
	if a2 <= a {
		t.Errorf("fence %d came after %d", a2, a)
	}
	in, err := s.IncidentByID(t.Context(), "al-1")
	ok(t, err)
	same(t, "the incident", in, Incident("al-1", "disk"))
	list, err := s.Adopt(t.Context(), "a", a2, 100)
	ok(t, err)
	same(t, "adopted", names(list, calloutName), "[co-1]")
	left, err := s.Ghosts(t.Context(), "a", a2)
	ok(t, err)
	same(t, "ghosts", names(left, attemptName), "[at-1]")
	c.Version = 2
	is(t, s.Write(t.Context(), func(tx dispatch.Tx) error { return tx.PutCallout(c) }), dispatch.ErrNotMine)
}
