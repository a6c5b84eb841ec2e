package main_test

import (
	"database/sql"
	"encoding/json"
	"io"
	"net/http"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/kaden-project/kaden/timeline"
)

// A source that worked for days sends broken JSON: its sender is refused as ever, and somebody's phone rings about it.
// While it is being set up, the same is a warning that is over as soon as it is mended.
func TestWhatCannotBeReadIsRefusedAndCallsSomebody(t *testing.T) {
	t.Parallel()
	needsVoice(t, "en")
	x := newExchange(t, func(string, int) habit {
		return habit{ring: 10 * time.Millisecond, answer: 50 * time.Millisecond, press: "1", after: time.Second}
	})
	s := serve(t)
	s.apply(suzukiAt(x), "plan: default\nsteps:\n  - call: [suzuki]\n")
	door := s.door()

	slip := s.refused(door, `{"titel":"db01`)
	var now struct{ Severity, Status, Body, Problem string }
	look := func(id string) {
		t.Helper()
		if err := s.get("/api/alerts/"+id, &now); err != nil {
			t.Fatal(err)
		}
	}
	if look(slip); now.Severity != "warning" || now.Status != "stored" || now.Body != `{"titel":"db01` || !strings.Contains(now.Problem, "at byte 14") {
		t.Errorf("the slip is kept as %+v", now)
	}
	if again := s.refused(door, `{"titel":"db02`); again != slip {
		t.Errorf("the next slip is %s, not %s", again, slip)
	}
	if _, status, err := s.post(door+"x", `{"title":"disk`); err != nil || status != http.StatusNotFound { // a wrong key makes nothing
		t.Fatalf("answered %d, %v", status, err)
	}
	works, status, err := s.post(door, `{"title":"it works","status":"info"}`)
	if err != nil || status != http.StatusAccepted {
		t.Fatalf("answered %d, %v", status, err)
	}
	s.until(slip, timeline.AlertResolved, "")
	if n := len(s.alerts()); n != 2 {
		t.Errorf("%d alerts:\n%s", n, s.allNights())
	}

	// Two days later.
	s.stop()
	db, err := sql.Open("sqlite", filepath.Join(s.data, "kaden.db"))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := db.Exec("UPDATE incident SET opened = opened - ? WHERE id = ?", (48 * time.Hour).Milliseconds(), works); err != nil {
		t.Fatal(err)
	}
	db.Close()
	s.start()
	s.ready()

	broken := s.refused(door, `{"title":"disk full on db01",}`)
	x.rung("suzuki", 1)
	s.until(broken, timeline.AlertAcknowledged, "suzuki")
	if look(broken); now.Severity != "unknown" || broken == slip {
		t.Errorf("%s is kept as %+v", broken, now)
	}
	if night := s.night(broken); !strings.Contains(night.Title, "disk full on db01") {
		t.Errorf("it is about %q", night.Title)
	}
}

// refused posts what cannot be read, and returns the alert that came of it.
func (s *server) refused(door, body string) string {
	s.t.Helper()
	resp, err := http.Post(door, "application/json", strings.NewReader(body))
	if err != nil {
		s.t.Fatal(err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		s.t.Fatal(err)
	}
	var answer struct {
		Status, Error, Hint string
		Alerts              []string
	}
	if err := json.Unmarshal(text, &answer); err != nil || resp.StatusCode != http.StatusBadRequest || answer.Status != "refused" || answer.Error == "" || answer.Hint == "" || len(answer.Alerts) != 1 {
		s.t.Fatalf("answered %s %s (%v)", resp.Status, text, err)
	}
	return answer.Alerts[0]
}
