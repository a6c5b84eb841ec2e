package main_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/kaden-project/kaden/timeline"
)

// A trial is over, and an operator tidies up: what is still needed stays and the place is named, what belongs together goes
// together, and what was left of the house before is as it was.
func TestDocumentsAreDeletedOnTheCommandLine(t *testing.T) {
	t.Parallel()
	s := serve(t)
	before := s.command("", "export").out
	trial := "person: suzuki\ncontacts: [sim:suzuki]\n---\ngroup: trial\nmembers: [suzuki]\n---\nplan: trial\nsteps:\n  - call: [\"@trial\"]\n---\nsource: trial\nkind: json\nkey: h5Hg0Jc2k7Qm2Zr9Vx4Lw8Np\nplan: trial\n"
	s.apply(strings.TrimSpace(trial))
	for _, c := range []struct {
		args  string
		code  int
		words []string // on standard error
	}{
		{"delete plan trial", 1, []string{`plan trial is still needed: source trial, line 4: without it, there is no plan "trial"`, "in one command"}},
		{"delete person suzuki", 1, []string{`person suzuki is still needed: group trial, line 2: without it, there is no person "suzuki"`}},
		{"delete plan default", 1, []string{"plan default is still needed: source json, line 5", "source mackerel, line 5"}},
		{"delete plan trail", 1, []string{"there is no plan trail", "did you mean trial?"}},
		{"delete paln trial", 1, []string{`"paln" is no kind of document (did you mean plan?)`}},
		{"delete plan", 1, []string{"which plan?", "kaden export"}},
		{"delete", 1, []string{"which document?", "kaden export"}},
		{"delete source/json trial", 1, []string{`"trial" names no document`}},
		{"delete -f nowhere.yaml", 1, []string{"nowhere.yaml: no such file"}},
	} {
		got := s.command("", strings.Fields(c.args)...)
		for _, w := range c.words {
			if got.code != c.code || !strings.Contains(got.err, w) || got.out != "" {
				t.Errorf("kaden %s: exit %d, want %d and %q\n%s%s", c.args, got.code, c.code, w, got.out, got.err)
			}
		}
	}
	if got := s.command("", "export").out; got != before+"---\n"+trial {
		t.Errorf("what was refused has changed something:\n%s", got)
	}
	if got := s.command("", "delete", "source/trial", "plans/trial"); got.code != 0 || got.out != "source trial deleted\nplan trial deleted\n" {
		t.Errorf("exit %d\n%s%s", got.code, got.out, got.err)
	}
	s.apply(strings.TrimSpace(trial))
	file := filepath.Join(t.TempDir(), "trial.yaml")
	if err := os.WriteFile(file, []byte(trial), 0o600); err != nil {
		t.Fatal(err)
	}
	if got := s.command("", "delete", "-f", file); got.code != 0 || strings.Count(got.out, " deleted\n") != 4 {
		t.Errorf("exit %d\n%s%s", got.code, got.out, got.err)
	}
	if got := s.command("", "export").out; got != before {
		t.Errorf("what is left:\n%s\nwant\n%s", got, before)
	}
	if _, status, err := s.post(s.url("/in/trial/h5Hg0Jc2k7Qm2Zr9Vx4Lw8Np"), `{"title":"disk full"}`); err != nil || status == 202 {
		t.Errorf("the source that was deleted still takes alerts: %d, %v", status, err)
	}
}

// The only trunk is deleted while somebody listens on it. The call goes on, the key counts, and that nobody can be called any more was
// said; the next alert finds no line.
func TestATrunkIsDeletedWhileACallIsOnIt(t *testing.T) {
	t.Parallel()
	needsVoice(t, "en")
	x := newExchange(t, func(string, int) habit {
		return habit{answer: 50 * time.Millisecond, press: "1", after: 4 * time.Second}
	})
	s := serve(t)
	s.apply("trunk: ntt\nserver: "+x.addr()+"\nfrom: \"+815012345678\"", "person: me\nlanguage: en-US\ncontacts: [090-1234-5678]")
	id := s.alarm("disk full on db01")
	s.until(id, timeline.AttemptAnswered, "me")
	if got := s.command("", "delete", "trunk", "ntt"); got.code != 0 || got.out != "trunk ntt deleted\n" || !strings.Contains(got.err, "nothing reaches me: there is no trunk") {
		t.Errorf("exit %d\n%s%s", got.code, got.out, got.err)
	}
	s.until(id, timeline.AlertAcknowledged, "me")
	eventually(t, patience, "the call is over", func() bool { return len(x.open()) == 0 })
	next := s.alarm("disk full on db02")
	s.until(next, timeline.NoticeRaised, "")
	if calls := len(x.book()); calls != 1 {
		t.Errorf("%d calls went over the trunk that was deleted, want the one that was up:\n%s", calls, s.night(next))
	}
}
