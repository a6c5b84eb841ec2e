package store

import (
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/kaden-project/kaden/account"
	"github.com/kaden-project/kaden/alert"
	"github.com/kaden-project/kaden/dispatch"
	"github.com/kaden-project/kaden/store/storetest"
	"github.com/kaden-project/kaden/timeline"
)

// unserved is a store on SQLite whose commits are made by the test.
func unserved(t testing.TB) *Store {
	t.Helper()
	seal, err := account.NewSeal(make([]byte, 32))
	if err != nil {
		t.Fatal(err)
	}
	s, err := connect(t.Context(), slog.New(slog.DiscardHandler), Config{DataDir: t.TempDir(), Seal: seal})
	if err != nil {
		t.Fatal(err)
	}
	s.changes = make(chan *change, fold)
	t.Cleanup(func() {
		if err := s.db.close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

// together commits changes that all wait at the same moment, in this order.
func together(s *Store, fs ...func(t *tx) error) (errs []error) {
	var list []*change
	for _, f := range fs {
		c := &change{f: f, done: make(chan error, 1)}
		list = append(list, c)
		s.changes <- c
	}
	for len(s.changes) > 0 {
		s.commit(<-s.changes, true)
	}
	for _, c := range list {
		errs = append(errs, <-c.done)
	}
	return errs
}

func put(id string) func(t *tx) error {
	return func(t *tx) error {
		return errors.Join(t.PutIncident(storetest.Incident(id, id)), t.Append(timeline.Event{Kind: timeline.AlertStored, Alert: id}))
	}
}

// stored is which of the incidents are there, and whose events.
func stored(t *testing.T, s *Store, ids ...string) string {
	t.Helper()
	var rows, events []string
	for _, id := range ids {
		if _, err := s.IncidentByID(t.Context(), id); err == nil {
			rows = append(rows, id)
		} else if !errors.Is(err, dispatch.ErrNotFound) {
			t.Fatal(err)
		}
	}
	list, err := s.Events(t.Context(), "", 0, 0)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range list {
		events = append(events, fmt.Sprint(e.Seq, e.Alert))
	}
	return strings.Join(rows, " ") + " | " + strings.Join(events, " ")
}

func TestWhoWaitsAtTheSameMomentSharesACommit(t *testing.T) {
	s := unserved(t)
	var fs []func(t *tx) error
	for i := range 100 {
		fs = append(fs, put(fmt.Sprint("al-", i)))
	}
	if err := errors.Join(together(s, fs...)...); err != nil {
		t.Fatal(err)
	}
	if got, want := s.Stats(), (Stats{Changes: 100, Commits: 1}); got != want {
		t.Errorf("stats %+v, want %+v", got, want)
	}
}

var errBoom = errors.New("boom")

// threwAway is what SQLite does on a full disk or an interrupted statement: the whole transaction is gone.
func threwAway(id string, err error) func(t *tx) error {
	return func(t *tx) error {
		if err := put(id)(t); err != nil {
			return err
		}
		if _, err := t.exec("ROLLBACK"); err != nil {
			return err
		}
		return err
	}
}

func TestNeighboursInOneCommit(t *testing.T) {
	fails := func(id string) func(t *tx) error {
		return func(t *tx) error { return errors.Join(put(id)(t), errBoom) }
	}
	panics := func(t *tx) error { put("p")(t); panic("ouch") }
	swallows := func(t *tx) error {
		put("w")(t)
		t.exec("INSERT INTO nowhere VALUES (1)")
		return nil
	}
	for _, tt := range []struct {
		name string
		fs   []func(t *tx) error
		bad  string // who is answered with an error
		want string
	}{
		{"all well", []func(t *tx) error{put("a"), put("b"), put("c")}, "", "a b c | 1a 2b 3c"},
		{"the first fails", []func(t *tx) error{fails("x"), put("b"), put("c")}, "0", "b c | 1b 2c"},
		{"one in the middle fails", []func(t *tx) error{put("a"), fails("x"), put("c")}, "1", "a c | 1a 2c"},
		{"one panics", []func(t *tx) error{put("a"), panics, put("c")}, "1", "a c | 1a 2c"},
		{"the first panics", []func(t *tx) error{panics, put("b")}, "0", "b | 1b"},
		{"one hides that a statement failed", []func(t *tx) error{put("a"), swallows, put("c")}, "1", "a c | 1a 2c"},
		{"one loses the transaction", []func(t *tx) error{put("a"), put("b"), threwAway("x", errBoom), put("c")}, "2", "a b c | 1a 2b 3c"},
		{"one loses the transaction and does not know", []func(t *tx) error{put("a"), threwAway("x", nil), put("c")}, "1", "a c | 1a 2c"},
		{"all fail", []func(t *tx) error{fails("x"), panics, fails("y")}, "0 1 2", " | "},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := unserved(t)
			var bad []string
			for i, err := range together(s, tt.fs...) {
				if err != nil {
					bad = append(bad, fmt.Sprint(i))
				}
			}
			if got := strings.Join(bad, " "); got != tt.bad {
				t.Errorf("answered with an error: %q, want %q", got, tt.bad)
			}
			if got := stored(t, s, "a", "b", "c", "x", "y", "p", "w"); got != tt.want {
				t.Errorf("stored %q, want %q", got, tt.want)
			}
			if errs := together(s, put("later")); errs[0] != nil {
				t.Errorf("a later change: %v", errs[0])
			}
		})
	}
}

func TestAFullDiskRefusesAndRecovers(t *testing.T) {
	s := unserved(t)
	db := s.db.(*sqlite).write
	if errs := together(s, put("before")); errs[0] != nil {
		t.Fatal(errs[0])
	}
	var pages int
	if err := db.QueryRow("PRAGMA page_count").Scan(&pages); err != nil {
		t.Fatal(err)
	}
	limit := func(n int) {
		if _, err := db.Exec(fmt.Sprintf("PRAGMA max_page_count = %d", n)); err != nil {
			t.Fatal(err)
		}
	}
	limit(pages)
	big := func(id string) func(t *tx) error {
		return func(t *tx) error {
			i := storetest.Incident(id, id)
			i.Alert.Body = strings.Repeat("x", 1<<20)
			return t.PutIncident(i)
		}
	}
	errs := together(s, put("a"), big("x"), put("b"))
	if errs[1] == nil || !strings.Contains(errs[1].Error(), "full") {
		t.Errorf("too big for the disk: answered %v", errs[1])
	}
	for i, id := range []string{"a", "x", "b"} {
		if _, err := s.IncidentByID(t.Context(), id); (err == nil) != (errs[i] == nil) {
			t.Errorf("%s was answered with %v, then found: %v", id, errs[i], err)
		}
	}
	if got := stored(t, s, "before"); !strings.HasPrefix(got, "before") {
		t.Errorf("what was there: %q", got)
	}
	limit(1 << 20)
	for i, err := range together(s, put("c"), big("d"), put("e")) {
		if err != nil {
			t.Errorf("with room again, %d: %v", i, err)
		}
	}
	if got := stored(t, s, "c", "d", "e"); !strings.HasPrefix(got, "c d e") {
		t.Errorf("with room again: %q", got)
	}
}

func TestTheSameDeliveryAfterTenMinutesIsAnother(t *testing.T) {
	s := unserved(t)
	seen := func() (seen bool) {
		errs := together(s, func(t *tx) (err error) {
			seen, err = t.SeenDelivery(alert.Delivery{ID: "m-1", Source: "json"})
			return err
		})
		if errs[0] != nil {
			t.Fatal(errs[0])
		}
		return seen
	}
	age := func(d time.Duration) {
		if _, err := s.db.(*sqlite).write.Exec("UPDATE delivery SET stored = stored - ?", d.Milliseconds()); err != nil {
			t.Fatal(err)
		}
	}
	first := seen()
	age(9 * time.Minute)
	second := seen()
	age(time.Minute)
	third, fourth := seen(), seen()
	if first || !second || third || !fourth {
		t.Errorf("seen at 0, 9, 10 and 10 minutes: %v %v %v %v, want false true false true", first, second, third, fourth)
	}
}

func TestWithoutADatabaseAllWhoWaitAreToldAtOnce(t *testing.T) {
	s := unserved(t)
	if err := s.db.(*sqlite).write.Close(); err != nil {
		t.Fatal(err)
	}
	for i := range 5 {
		s.changes <- &change{f: put(fmt.Sprint(i)), done: make(chan error, 1)}
	}
	first := <-s.changes
	if err := s.commit(first, true); err == nil || !strings.Contains(err.Error(), "not stored") {
		t.Errorf("got %v", err)
	}
	if len(s.changes) != 0 {
		t.Errorf("%d still wait", len(s.changes))
	}
}

// What nobody waits for shares the commit of what somebody does wait for, and is not behind it when that one fails.
func TestWhatNobodyWaitsForRidesAlong(t *testing.T) {
	s := unserved(t)
	s.riders = make(chan *change, fold)
	a, b, c := &change{f: put("a"), done: make(chan error, 1)}, &change{f: put("b"), done: make(chan error, 1)}, &change{f: put("c"), done: make(chan error, 1)}
	s.changes <- a
	s.riders <- c
	s.ride(b)
	if err := errors.Join(<-a.done, <-b.done, <-c.done); err != nil {
		t.Fatal(err)
	}
	if got, want := s.Stats(), (Stats{Changes: 3, Commits: 1}); got != want {
		t.Errorf("stats %+v, want %+v", got, want)
	}
	if got, want := stored(t, s, "a", "b", "c"), "a b c | 1a 2b 3c"; got != want {
		t.Errorf("stored %q, want %q", got, want)
	}

	lost := &change{f: threwAway("x", errBoom), done: make(chan error, 1)}
	d := &change{f: put("d"), done: make(chan error, 1)}
	s.changes <- lost
	s.ride(d)
	if err := <-lost.done; !errors.Is(err, errBoom) {
		t.Errorf("the one that failed was told %v", err)
	}
	if err := <-d.done; err != nil {
		t.Errorf("the one that rode with it was told %v", err)
	}
	if got, want := stored(t, s, "d", "x"), "d | 1a 2b 3c 4d"; got != want {
		t.Errorf("stored %q, want %q", got, want)
	}
}

// Where nobody comes that has to be written at once, it gets a commit of its own.
func TestWhatNobodyWaitsForIsWrittenAllTheSame(t *testing.T) {
	s := unserved(t)
	c := &change{f: put("a"), done: make(chan error, 1)}
	begun := time.Now()
	s.ride(c)
	if err := <-c.done; err != nil {
		t.Fatal(err)
	}
	if waited := time.Since(begun); waited < linger {
		t.Errorf("it was committed after %v, want %v at least", waited, linger)
	}
	if got, want := s.Stats(), (Stats{Changes: 1, Commits: 1}); got != want {
		t.Errorf("stats %+v, want %+v", got, want)
	}
}
