package main_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
)

// dying is kaden with a writer that kills the process at a commit (testdata/dies.go), built once.
var dying struct {
	once sync.Once
	file string
	err  error
}

// kadenThatDies builds it: the sources as they are, with two calls put into the writer.
func kadenThatDies(t testing.TB) string {
	t.Helper()
	kaden(t) // makes the folder
	dying.once.Do(func() {
		dying.file = filepath.Join(built.dir, "kaden-that-dies")
		dying.err = buildDying(dying.file)
	})
	if dying.err != nil {
		t.Fatal(dying.err)
	}
	return dying.file
}

func buildDying(file string) error {
	writer, err := filepath.Abs("../../store/writer.go")
	if err != nil {
		return err
	}
	text, err := os.ReadFile(writer)
	if err != nil {
		return err
	}
	for _, in := range []struct{ line, with string }{
		{"\treturn b.q.commit(b.ctx)\n", "\tdies(\"before\")\n\treturn b.q.commit(b.ctx)\n"},
		{"\t\ts.commits.Add(1)\n", "\t\tdies(\"after\")\n\t\ts.commits.Add(1)\n"},
	} {
		if strings.Count(string(text), in.line) != 1 {
			return fmt.Errorf("store/writer.go has no line %q, or several: where is a commit made?", strings.TrimSpace(in.line))
		}
		text = []byte(strings.Replace(string(text), in.line, in.with, 1))
	}
	if err := os.WriteFile(file+".go", text, 0o600); err != nil {
		return err
	}
	dies, err := filepath.Abs("testdata/dies.go")
	if err != nil {
		return err
	}
	overlay, err := json.Marshal(map[string]any{"Replace": map[string]string{
		writer: file + ".go", filepath.Join(filepath.Dir(writer), "dies.go"): dies,
	}})
	if err != nil {
		return err
	}
	if err := os.WriteFile(file+".json", overlay, 0o600); err != nil {
		return err
	}
	if out, err := exec.Command("go", "build", "-overlay", file+".json", "-o", file, ".").CombinedOutput(); err != nil {
		return fmt.Errorf("go build -overlay: %w\n%s", err, out)
	}
	return nil
}

// hasty are people who are done with a call in a second: c00-first takes it, c01's is busy and the second one
// takes it, in c03 both ring at once. c02 is a night in which nobody is there.
func hasty(user string, nth int) habit {
	circle, _ := strconv.Atoi(user[1:3])
	takes := habit{ring: 20 * time.Millisecond, answer: 60 * time.Millisecond, press: "1", after: 900 * time.Millisecond}
	switch {
	case circle%4 == 2:
		return habit{ring: 20 * time.Millisecond, refuse: "480 Temporarily Unavailable"}
	case strings.HasSuffix(user, "second"):
		return takes
	case circle%4 == 1:
		return habit{ring: 20 * time.Millisecond, refuse: "486 Busy Here"}
	case circle%4 == 3:
		return habit{ring: 20 * time.Millisecond}
	}
	return takes
}

// The process dies at its first commit, its second, its third and so on, just before it and just after it,
// through its start and a whole night; each life finds what the last one left.
func TestKilledAtEachCommit(t *testing.T) {
	t.Parallel()
	needsVoice(t, "en")
	step := 1
	if kills(t, 50) < 500 { // make soak has the time for all of them
		step = 3
	}
	for first, when := range []string{"before", "after"} {
		t.Run(when, func(t *testing.T) {
			t.Parallel()
			dieAtEachCommit(t, when, first+1, step)
		})
	}
}

func dieAtEachCommit(t *testing.T, when string, first, step int) {
	x := newExchange(t, hasty)
	s := newServer(t, func(s *server) { s.bin = kadenThatDies(t) })
	s.start()
	s.ready()
	s.apply(town(x.address)...)
	s.kill()
	env := s.env

	log := nightlog{pattern: circlePattern}
	over := func() bool { // asks a server that may die at any moment
		var page struct{ Alerts []night }
		return len(x.open()) == 0 && s.get("/api/alerts?limit=200", &page) == nil &&
			!slices.ContainsFunc(page.Alerts, func(n night) bool { return n.Status == "stored" })
	}
	again := map[string]bool{} // alerts whose 202 came to the second try, without a name
	sent, n := 0, first
	for survived := false; !survived; n += step {
		if n > 200 {
			t.Fatalf("%d commits, and still no life that outlived its alert", n)
		}
		s.env = append(slices.Clip(env), fmt.Sprintf("KADEN_TEST_DIES=%s %d", when, n))
		s.start()
		waiting := true
		if !happens(t, patience, func() bool {
			if waiting && s.isReady() {
				// A sender tries again with the same words until there is a 202.
				title := fmt.Sprintf("alert %d", sent)
				id, status, err := s.post(s.url(fmt.Sprintf("/in/s%02d/%s", sent%circles, circleKey(sent%circles))),
					fmt.Sprintf(`{"title":%q,"key":%q,"severity":"critical"}`, title, title))
				if err == nil && status == http.StatusAccepted {
					if waiting = false; id == "" {
						again[title] = true
					} else {
						log.accepted = append(log.accepted, id)
					}
					sent++
				}
			}
			survived = !waiting && s.alive() && over()
			return survived || !s.alive()
		}) {
			t.Fatalf("commit %d: it neither ends its alerts nor dies:\n%s", n, s.allNights("stored"))
		}
		if !survived {
			log.kills = append(log.kills, time.Now())
			if got := fmt.Sprint(s.exit); got != "signal: killed" {
				t.Fatalf("commit %d: it ended by itself: %s", n, got)
			}
		}
	}
	s.kill() // the last life counts its commits on, and would die while it is asked
	s.env = env
	s.start()
	s.ready()
	log.alerts, log.calls = s.nights(), x.book()
	log.holds(t)
	for _, a := range log.alerts {
		delete(again, a.Title)
	}
	for title := range again {
		t.Errorf("%s was taken with 202 and is gone", title)
	}
	t.Logf("%d lives, killed %s each commit to the %d.; %d alerts; calls at the exchange: %s", len(log.kills)+1, when, n-2*step, sent, x.hows())
}
