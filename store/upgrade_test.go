package store_test

import (
	"log/slog"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/kaden-project/kaden/call"
	"github.com/kaden-project/kaden/dispatch"
	"github.com/kaden-project/kaden/store"
	"github.com/kaden-project/kaden/store/storetest"
	"github.com/kaden-project/kaden/tariff"
)

// eachRelease tells a story about what each release in testdata left, on both databases.
func eachRelease(t *testing.T, story func(t *testing.T, c store.Config, db storetest.Database, release string)) {
	for _, release := range storetest.Releases(t) {
		t.Run(filepath.Base(release), func(t *testing.T) {
			onBoth(t, func(t *testing.T, c store.Config) {
				story(t, c, storetest.Raw(t, c.URL, c.DataDir), release)
			})
		})
	}
}

// of counts the rows of a table.
func of(rows []storetest.Row, table string, match func(v map[string]any) bool) (n int) {
	for _, r := range rows {
		if r.Table == table && (match == nil || match(r.Values)) {
			n++
		}
	}
	return n
}

func TestWhatAnEarlierReleaseLeftUnderWayIsFoundByThisOne(t *testing.T) {
	t.Parallel()
	eachRelease(t, func(t *testing.T, c store.Config, db storetest.Database, release string) {
		db.Leave(t, release)
		rows := storetest.Rows(t, release)
		shut(t, open(t, c))
		s := open(t, c) // twice: nothing is migrated a second time
		fence, err := s.Join(t.Context(), "kaden", "")
		if err != nil || fence != 2 {
			t.Fatalf("fence %d, %v", fence, err)
		}
		list, err := s.Adopt(t.Context(), "kaden", fence, 100)
		if err != nil {
			t.Fatal(err)
		}
		want := of(rows, "callout", func(v map[string]any) bool { return v["active"] == true })
		if len(list) != want || want < 5 {
			t.Errorf("%d call-outs are adopted, want %d", len(list), want)
		}
		for _, found := range list {
			if of(rows, "callout", func(v map[string]any) bool { return v["id"] == found.ID && v["state"] == string(found.State) }) != 1 {
				t.Errorf("the state of %s is not as it was left:\n%s", found.ID, found.State)
			}
		}
		ghosts, err := s.Ghosts(t.Context(), "kaden", fence)
		if err != nil {
			t.Fatal(err)
		}
		if up := of(rows, "attempt", func(v map[string]any) bool { return v["ended"] == int64(0) }); len(ghosts) < up || up < 5 {
			t.Errorf("%d calls are ghosts, want the %d under way", len(ghosts), up)
		}
		incidents, err := s.Incidents(t.Context(), dispatch.Query{Limit: 100})
		if err != nil || len(incidents) != of(rows, "incident", nil) {
			t.Errorf("%d alerts, %v", len(incidents), err)
		}
		events, err := s.Events(t.Context(), "", 0, 0)
		if err != nil || len(events) != of(rows, "event", nil) {
			t.Errorf("%d events, %v", len(events), err)
		}
		if err := s.Write(t.Context(), acceptAlert("after")); err != nil {
			t.Error(err)
		}
	})
}

// Put back, a release works on the tables of the one after: it inserts and changes what it knows.
func TestAnEarlierReleaseWritesIntoTheTablesOfThisOne(t *testing.T) {
	t.Parallel()
	eachRelease(t, func(t *testing.T, c store.Config, db storetest.Database, release string) {
		rows := storetest.Rows(t, release)
		s := open(t, c)
		word := storetest.Incident("al-1", "disk")
		word.Opened, word.Updated = storetest.Base, storetest.Base
		err := s.Write(t.Context(), func(tx dispatch.Tx) error { return tx.PutIncident(word) })
		if err != nil {
			t.Fatal(err)
		}
		paid := storetest.Record(1)
		paid.Price = tariff.Money{Amount: 16_000_000, Currency: "JPY"}
		if err := s.Change(t.Context(), call.Change{Record: paid}); err != nil {
			t.Fatal(err)
		}
		shut(t, s)
		db.Put(t, rows...)
		// It takes an alert that this release has opened, and changes a call that this one has ended.
		knows := map[string]bool{}
		for _, r := range rows {
			if knows[r.Table] {
				continue
			}
			switch knows[r.Table] = true; r.Table {
			case "incident":
				_, knows["word"] = r.Values["word"]
				r.Values["id"], r.Values["hash"], r.Values["status"], r.Values["taken_by"] = "al-1", "another", "acknowledged", "suzuki"
				db.Put(t, r)
			case "call":
				r.Values["sid"], r.Values["account"], r.Values["from_address"] = string(paid.SID), string(paid.Account), "sip:changed@example.jp"
				db.Put(t, r)
			}
		}
		s = open(t, c)
		got, err := s.IncidentByID(t.Context(), "al-1")
		if err != nil || got.By != "suzuki" || got.Status != dispatch.Acknowledged {
			t.Errorf("what the earlier release wrote: %+v, %v", got, err)
		}
		if !knows["word"] && (got.Word != word.Word || got.WordBy != word.WordBy || !got.Drill) {
			t.Errorf("what it does not know was not left alone: %+v", got)
		}
		if r, err := s.Call(t.Context(), paid.Account, paid.SID); err != nil || r.From != "sip:changed@example.jp" || r.Price != paid.Price {
			t.Errorf("the price of a call, which it does not know, was not left alone: %+v, %v", r, err)
		}
		list, err := s.Incidents(t.Context(), dispatch.Query{Limit: 100})
		if err != nil || len(list) != of(rows, "incident", nil)+1 {
			t.Errorf("%d alerts, %v", len(list), err)
		}
	})
}

func TestADatabaseOfANewerKaden(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, c store.Config) {
		shut(t, open(t, c))
		db := storetest.Raw(t, c.URL, c.DataDir)
		db.Run(t, "INSERT INTO goose_db_version (version_id, is_applied) VALUES (900, TRUE)")
		db.Run(t, "ALTER TABLE incident ADD COLUMN mood TEXT NOT NULL DEFAULT 'calm'")

		var log strings.Builder
		c.Seal = seal(t)
		s, err := store.Open(t.Context(), slog.New(slog.NewTextHandler(&log, nil)), c)
		if err != nil {
			t.Fatalf("its tables have more, nothing less, and still: %v", err)
		}
		if err := s.Write(t.Context(), acceptAlert("al-1")); err != nil {
			t.Error(err)
		}
		shut(t, s)
		if !strings.Contains(log.String(), "newer kaden") || !strings.Contains(log.String(), "900") {
			t.Errorf("the log says nothing of it: %s", &log)
		}

		db.Run(t, "UPDATE counter SET value = 900 WHERE name = 'tables'")
		begun := time.Now()
		s, err = store.Open(t.Context(), discard, c)
		if err == nil {
			s.Close()
			t.Fatal("it opened tables that it cannot work with")
		}
		for _, w := range []string{"newer kaden", "900", "backup"} {
			if !strings.Contains(err.Error(), w) {
				t.Errorf("%q does not say %q", err, w)
			}
		}
		if strings.Contains(err.Error(), "\n") || time.Since(begun) > 10*time.Second {
			t.Errorf("after %v: %q", time.Since(begun), err)
		}
	})
}
