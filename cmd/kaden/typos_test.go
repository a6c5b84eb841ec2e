package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// What is mistyped in the middle of the night: the answer names the place and what would be right, and nothing happens. "help" is
// near to "hold", which silences everything.
func TestMistypedAtNight(t *testing.T) {
	dir := t.TempDir()
	for name, text := range map[string]string{"first.yaml": "person: sato\ncontacts: [sim:sato]\n", "second.yaml": "---\nperson: suzuki\ncontacts: [sim:suzuki]\n", "empty.yaml": "\n"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	t.Chdir(dir)
	for _, tt := range []struct {
		args string
		code int
		says string
	}{
		{"hold --for 10", 2, `--for: expected duration but got "10": it needs a unit, as in 10m or 30s: "10"; "kaden hold --help"`},
		{"hold --for ten", 2, `a time is written 10m or 30s: "ten"`},
		{"call sato --say", 2, "--say: its value is missing; \"kaden call --help\""},
		{"apply", 1, "which file? kaden apply -f house.yaml"},
		{"apply nowhere.yaml", 1, "kaden: nowhere.yaml: no such file; - reads standard input\n"},
		{"apply -f empty.yaml", 1, "empty.yaml is empty; a document begins with its kind and name"},
		{"apply -f .", 1, ". is a directory; name the files in it: ./*.yaml"},
		{"config check nowhere.yaml", 1, "nowhere.yaml: no such file; docs/kaden.yaml has every setting"},
		{"config check .", 1, "is a directory; name the files in it"},
		{"doctor --config nowhere.yaml", 1, "nowhere.yaml: no such file"},
		{"serve --config nowhere.yaml", 1, "nowhere.yaml: no such file"},
		{"serve --sip 1.2.3.4.5:5060 --data data --http 127.0.0.1:0", 1, "name another address with --sip"},
		{"plan explain empty.yaml", 1, "empty.yaml: no plan in it"},
		{"delete plan", 1, "which plan? write its name after it, such as plan night-shift"},
	} {
		var out, said bytes.Buffer
		code := run(strings.Fields(tt.args), strings.NewReader(""), &out, &said)
		if code != tt.code || out.Len() > 0 || !strings.Contains(said.String(), tt.says) || strings.Count(said.String(), "\n") != 1 {
			t.Errorf("kaden %s: exit %d, says %q and %q", tt.args, code, out.String(), said.String())
		}
	}
	for _, args := range []string{"help", "help hold", "help plan check"} {
		var out, said bytes.Buffer
		if code := run(strings.Fields(args), strings.NewReader(""), &out, &said); code != 0 || !strings.HasPrefix(out.String(), "Usage: kaden "+strings.TrimPrefix(strings.TrimPrefix(args, "help"), " ")) {
			t.Errorf("kaden %s: exit %d, says %q and %q", args, code, out.String(), said.String())
		}
	}
}

// Two files are given at once, and the second is wrong: the place is that of the file that the operator has open.
func TestWhatIsWrongInOneOfSeveralFiles(t *testing.T) {
	dir := t.TempDir()
	one, two := filepath.Join(dir, "one.yaml"), filepath.Join(dir, "two.yaml")
	for name, text := range map[string]string{one: "person: sato\ncontacts: [sim:sato]", two: "person: suzuki\ncontacts: sim"} {
		if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	d := newDesk(t, map[string]string{"POST /api/manifest": `{"applied": [], "problems": [{"line": 2, "column": 1, "level": "warning", "text": "one"}, {"line": 5, "column": 11, "level": "error", "text": "two"},
		{"file": "plan night", "line": 3, "column": 1, "level": "warning", "text": "three"}]}`})
	code, stdout, stderr := d.say("apply", "-f", one, two)
	want := one + ":2:1: warning: one\n" + two + ":2:11: error: two\nplan night:3:1: warning: three\nkaden: nothing was changed\n"
	if code != 1 || stdout != "" || stderr != want {
		t.Errorf("exit %d, says %q and\n%s\nwant\n%s", code, stdout, stderr, want)
	}
}

// A value that the server does not understand is named as it was given.
func TestAValueThatTheServerDoesNotUnderstand(t *testing.T) {
	d := newDesk(t, map[string]string{"GET /api/usage": `!{"title": "Unprocessable Entity", "detail": "validation failed", "hint": "see /api/openapi.json for what this takes",
		"errors": [{"message": "expected string to be RFC 3339 date", "location": "query.from", "value": "yesterday"}]}`})
	if code, _, stderr := d.say("usage", "--from", "yesterday"); code != 1 || stderr != "kaden: from: expected string to be RFC 3339 date\n" {
		t.Errorf("exit %d, says %q", code, stderr)
	}
}
