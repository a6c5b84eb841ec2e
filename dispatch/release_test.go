package dispatch_test

import (
	"context"
	"errors"
	"flag"
	"log/slog"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/kaden-project/kaden/account"
	"github.com/kaden-project/kaden/alert"
	"github.com/kaden-project/kaden/call"
	"github.com/kaden-project/kaden/callout"
	"github.com/kaden-project/kaden/dispatch"
	"github.com/kaden-project/kaden/manifest"
	"github.com/kaden-project/kaden/number"
	"github.com/kaden-project/kaden/oncall"
	"github.com/kaden-project/kaden/store"
	"github.com/kaden-project/kaden/store/memstore"
	"github.com/kaden-project/kaden/store/storetest"
)

// A release leaves call-outs under way, and the next one carries them on. What a release writes is kept in
// store/testdata, one folder for each, made when it was the newest:
//
//	go test ./dispatch -run TestWriteRelease -release ../store/testdata/release-2
var writeRelease = flag.String("release", "", "a folder: the rows of a night of this release are written there")

// moments are call-outs at the moment at which the program is stopped. Each has a plan and people of its own,
// called by its name and a, b, c.
var moments = []struct {
	name, plan string
	night      func(h *house, people func(who string) string)
}{
	{"ringing", inTurnOf, func(h *house, p func(string) string) { h.rings(p("a")).ring() }},
	{"dialing", inTurnOf, func(h *house, p func(string) string) { h.rings(p("a")) }},
	{"listening", inTurnOf, func(h *house, p func(string) string) { h.rings(p("a")).ring().answer() }},
	{"second", inTurnOf, func(h *house, p func(string) string) {
		h.rings(p("a")).ring().busy()
		h.rings(p("b")).ring()
	}},
	{"together", "order: together", func(h *house, p func(string) string) {
		h.rings(p("a")).ring().answer()
		h.rings(p("b")).ring()
		h.rings(p("c")).ring().busy()
	}},
	{"everyone", "order: together\n    need: everyone\n    rounds: 20", func(h *house, p func(string) string) {
		h.rings(p("a")).ring().answer().press("1")
		h.rings(p("b")).ring().answer().hangsUp()
		h.rings(p("c")).ring()
	}},
	{"resting", "order: in-turn\n    rounds: 2\n    gap: 5m", func(h *house, p func(string) string) {
		for _, who := range []string{"a", "b", "c"} {
			h.rings(p(who)).ring().noAnswer()
		}
	}},
	{"robin", "order: round-robin", func(h *house, p func(string) string) { h.rings(p("a")).ring() }},
	{"waiting", inTurnOf, func(*house, func(string) string) {}}, // a warning, in its grace
	{"acknowledged", inTurnOf, func(h *house, p func(string) string) { h.rings(p("a")).ring().answer().press("1") }},
	{"exhausted", "order: in-turn\n    rounds: 1", func(h *house, p func(string) string) {
		for _, who := range []string{"a", "b", "c"} {
			h.rings(p(who)).ring().noAnswer()
		}
	}},
}

const inTurnOf = "order: in-turn\n    ring: 40s"

// momentsSet is the installation of the moments: a plan, a source and three people for each.
func momentsSet(t *testing.T) *manifest.Set {
	set := &manifest.Set{Plans: map[string]callout.Plan{}, People: map[string]oncall.Person{}, Sources: map[string]alert.Source{}}
	for _, m := range moments {
		var people []string
		for _, who := range []string{"a", "b", "c"} {
			id := m.name + "-" + who
			people = append(people, id)
			set.People[id] = oncall.Person{ID: id, Name: id, Language: "en-US",
				Contacts: []oncall.Method{{Address: number.Address{Scheme: number.Sim, Text: id}}}}
		}
		text := "plan: " + m.name + "\nsteps:\n  - call: [" + strings.Join(people, ", ") + "]\n    " + m.plan + "\n"
		p, _, problems := callout.ParsePlan([]byte(text))
		if problems.Refused() {
			t.Fatalf("plan of %s: %v\n%s", m.name, problems, text)
		}
		set.Plans[m.name] = p
		set.Sources[m.name] = alert.Source{Name: m.name, Kind: alert.KindJSON, Plan: m.name}
	}
	return set
}

// alerts sends the alert of each moment and lets the night come to it.
func (h *house) toTheirMoments() {
	for _, m := range moments {
		a := alert.Alert{Key: m.name, Action: alert.Trigger, Severity: alert.Critical, Title: "disk full: " + m.name}
		if m.name == "waiting" {
			a.Severity = alert.Warning
		}
		_, err := h.d.Accept(context.Background(), alert.Delivery{ID: m.name, Source: m.name, Kind: alert.KindJSON,
			Raw: []byte(m.name), ReceivedAt: time.Now(), Alerts: []alert.Alert{a}})
		if err != nil {
			h.t.Fatal(err)
		}
		m.night(h, func(who string) string { return m.name + "-" + who })
	}
	h.after(time.Second)
}

func TestWriteRelease(t *testing.T) {
	if *writeRelease == "" {
		t.Skip("skipped: it is run once for each release, with -release")
	}
	var kept *memstore.Store
	synctest.Test(t, func(t *testing.T) {
		h := newHouse(t, "")
		h.set = momentsSet(t)
		h.toTheirMoments()
		h.crash()
		kept = h.store
	})
	dir := t.TempDir()
	s := openStore(t, dir)
	copyNight(t, kept, s)
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	storetest.WriteRows(t, filepath.Join(dir, "kaden.db"), filepath.Join(*writeRelease, "rows.jsonl"))
}

func openStore(t *testing.T, dir string) *store.Store {
	t.Helper()
	seal, err := account.NewSeal(make([]byte, 32))
	if err != nil {
		t.Fatal(err)
	}
	s, err := store.Open(t.Context(), slog.New(slog.DiscardHandler), store.Config{DataDir: dir, Seal: seal})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// nights is what both stores can do.
type nights interface {
	dispatch.Store
	call.Store
}

// copyNight copies what dispatch keeps, row by row.
func copyNight(t *testing.T, from, to nights) {
	t.Helper()
	ctx := context.Background()
	fence, err := to.Join(ctx, "kaden", "")
	if err != nil || fence != 1 {
		t.Fatalf("fence %d, %v", fence, err)
	}
	list, err := from.Incidents(ctx, dispatch.Query{Limit: 100})
	events, err2 := from.Events(ctx, "", 0, 1000)
	calls, _, err3 := from.Calls(ctx, call.Filter{Limit: 100})
	if err := errors.Join(err, err2, err3); err != nil {
		t.Fatal(err)
	}
	err = to.Write(ctx, func(tx dispatch.Tx) error {
		var errs []error
		for i := len(list) - 1; i >= 0; i-- {
			row, err := from.CalloutByID(ctx, list[i].Callout)
			attempts, err2 := from.AttemptsOf(ctx, list[i].Callout)
			version := row.Version
			errs = append(errs, err, err2, tx.PutIncident(list[i]), tx.AddCallout(row), tx.PutAttempts(attempts...))
			for row.Version = 2; row.Version <= version; row.Version++ {
				errs = append(errs, tx.PutCallout(row))
			}
		}
		for i := len(calls) - 1; i >= 0; i-- {
			errs = append(errs, tx.PutCall(calls[i]))
		}
		return errors.Join(append(errs, tx.Append(events...), tx.SetPlace("robin", 0, 1))...)
	})
	if err != nil {
		t.Fatal(err)
	}
}
