package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/alecthomas/kong"

	"github.com/kaden-project/kaden/timeline"
)

// planRun runs kaden plan … as a shell would.
func planRun(t *testing.T, stdin string, args ...string) (stdout, stderr string, code int) {
	t.Helper()
	var c struct {
		Plan planCmd `cmd:""`
	}
	parser, err := kong.New(&c, kong.Name("kaden"))
	if err != nil {
		t.Fatal(err)
	}
	ctx, err := parser.Parse(append([]string{"plan"}, args...))
	if err != nil {
		t.Fatal(err)
	}
	var o, e strings.Builder
	err = ctx.Run(&output{Stdin: strings.NewReader(stdin), Stdout: &o, Stderr: &e})
	var quiet exitCode
	switch {
	case errors.As(err, &quiet):
		code = int(quiet)
	case err != nil:
		e.WriteString("kaden: " + err.Error() + "\n")
		code = 1
	}
	return o.String(), e.String(), code
}

const planFile = `# two plans and somebody
person: sato
name: 佐藤
contacts: [sim:sato-mobile, sim:sato-desk]
---
group: team
members: [sato, hana]
---
plan: one
steps:
  - call: ["@team", boss]
    order: in-turn
---
plan: two
steps:
  - call: [sato]
    rounds: forever
    gap: 0s
deadline: 6h
`

func TestExplainUsesThePeopleOfTheFile(t *testing.T) {
	got, stderr, code := planRun(t, planFile, "explain", "-", "--plan", "one", "--people", "sato=busy,key:1@2s,hanna=busy")
	want := `plan one, for "an alert" (critical)
  says (en): critical alert from test. an alert
  says (ja): test からの、criticalの通報です。an alert
  is taken by pressing 1
  keys: 2 passes it on, 9 says it again
  whoever took it is asked every 15m whether they are still on it
  note: there is no person "hana" (through @team): shown as one person
  note: boss is not in this file: shown as one person
  note: hanna is in --people, but not in this plan

    +0:00        · step 1, round 1: 3 people, one after another
    +0:00  sato  rings for up to 20s, method 1 of 2: step 1 begins
    +0:00  sato  is busy
    +0:00  sato  rings for up to 20s, method 2 of 2: sato is busy or declined
    +0:03  sato  answers
    +0:05  sato  presses 1: accept
    +0:05  sato  has confirmed
    +0:05  sato  takes it: acknowledged
`
	if got != want || stderr != "" || code != 0 {
		t.Errorf("exit %d, %s\n got\n%s\nwant\n%s", code, stderr, got, want)
	}
}

func TestExplainShortensALongNight(t *testing.T) {
	got, _, code := planRun(t, planFile, "explain", "-", "--plan", "two")
	lines := strings.Split(strings.TrimRight(got, "\n"), "\n")
	if code != 0 || len(lines) > 160 || !strings.Contains(got, "lines left out; --json shows all") {
		t.Errorf("exit %d, %d lines", code, len(lines))
	}
	if last := lines[len(lines)-1]; !strings.HasSuffix(last, "…  and so on, until somebody takes it, it is resolved, or a person stops it") {
		t.Errorf("the last line is %q", last)
	}
	got, _, _ = planRun(t, planFile, "explain", "-", "--plan", "two", "--for", "1m")
	if !strings.HasSuffix(got, "and so on: not over after 1m0s\n") {
		t.Errorf("cut off:\n%s", got)
	}
}

// Everybody of a town of 10,000 is required. What is printed is not kept: with a core of its own this takes less
// than a second and 70 MB; the limits here leave room for what else the machine does.
func TestExplainShowsATown(t *testing.T) {
	var plan strings.Builder
	plan.WriteString("plan: town\nsteps:\n- call: [p0")
	for i := 1; i < 10000; i++ {
		fmt.Fprintf(&plan, ", p%d", i)
	}
	plan.WriteString("]\n  need: everyone\n  rounds: forever\ndeadline: 2h\n")
	began := time.Now()
	got, _, code := planRun(t, plan.String(), "explain", "-", "--json", "--people", "*=no-answer,key:1@5s")
	took := time.Since(began)
	last := got[strings.LastIndexByte(strings.TrimRight(got, "\n"), '\n')+1:]
	if code != 0 || strings.Count(got, `"attempt.confirmed"`) != 10000 || !strings.Contains(last, `"alert.acknowledged"`) || took > 30*time.Second {
		t.Errorf("exit %d after %s: %s", code, took, last)
	}
	t.Logf("%d events in %s", strings.Count(got, "\n"), took)
}

func TestExplainJSON(t *testing.T) {
	got, _, code := planRun(t, planFile, "explain", "-", "--plan", "one", "--people", "sato=key:1@8s", "--json")
	var kinds []timeline.Kind
	lines := bufio.NewScanner(strings.NewReader(got))
	for lines.Scan() {
		var e timeline.Event
		if err := json.Unmarshal(lines.Bytes(), &e); err != nil {
			t.Fatalf("%s: %v", lines.Text(), err)
		}
		kinds = append(kinds, e.Kind)
	}
	want := []timeline.Kind{timeline.AlertStored, timeline.CalloutStarted, timeline.CalloutStep, timeline.AttemptDialing, timeline.AttemptRinging,
		timeline.AttemptAnswered, timeline.AttemptDigit, timeline.AttemptConfirmed, timeline.AlertAcknowledged}
	if code != 0 || !slices.Equal(kinds, want) {
		t.Errorf("exit %d: %v", code, kinds)
	}
}

func TestExplainTakesTheAlert(t *testing.T) {
	file := filepath.Join(t.TempDir(), "alert.json")
	if err := os.WriteFile(file, []byte(`{"title": "disk 96%", "severity": "warning", "subject": "db01", "key": "db01/disk"}`), 0o600); err != nil {
		t.Fatal(err)
	}
	got, _, code := planRun(t, planFile, "explain", "-", "--plan", "one", "--alert", file)
	for _, want := range []string{`plan one, for "disk 96%" (warning)`, "says (en): warning alert from json. disk 96%", "grace of 1m before the first ring", "    +1:00  sato  rings"} {
		if !strings.Contains(got, want) {
			t.Errorf("%q is missing, exit %d:\n%s", want, code, got)
		}
	}
}

func TestExplainSaysWhatTheWordsMean(t *testing.T) {
	for _, c := range []struct{ name, words, severity, want string }{
		{"the usual", "", "critical", `  is taken by pressing 1
  keys: 2 passes it on, 9 says it again
  whoever took it is asked every 15m whether they are still on it
`},
		{"a warning that is hung up on", "confirm: hangup\nstill-on-it: 1h\n", "warning", `  is taken by hanging up after the message
  keys: 2 passes it on, 9 says it again
`},
		{"something worse", "confirm: hangup\nstill-on-it: 1h\n", "critical", `  is taken by pressing 1; hanging up is enough for warnings only
  keys: 2 passes it on, 9 says it again
  whoever took it is asked every 1h whether they are still on it
`},
		{"proof, machines, call everyone", "confirm: proof\nmachine: message\nkeys: {\"1\": accept, \"3\": call-everyone}\nstill-on-it: off\n", "critical", `  is taken by pressing the digit that is spoken
  keys: 3 pressed twice calls everybody
  if a machine answers, it is left the message after the beep, and the next phone rings
`},
		{"no proof at all", "confirm: none\n", "warning", `  is taken by whatever answers, a voicemail too
`},
	} {
		t.Run(c.name, func(t *testing.T) {
			file := filepath.Join(t.TempDir(), "alert.json")
			if err := os.WriteFile(file, []byte(`{"title": "disk", "severity": "`+c.severity+`", "key": "k"}`), 0o600); err != nil {
				t.Fatal(err)
			}
			got, _, code := planRun(t, "plan: x\n"+c.words+"steps:\n- call: [a]\n", "explain", "-", "--alert", file)
			_, got, _ = strings.Cut(got, "disk\n  says (ja): json からの、"+c.severity+"の通報です。disk\n")
			got, _, _ = strings.Cut(got, "  note: ")
			if code != 0 || got != c.want {
				t.Errorf("exit %d:\n%s", code, got)
			}
		})
	}
}

func TestExplainKnowsEverybodyElse(t *testing.T) {
	got, stderr, code := planRun(t, "plan: x\nsteps:\n- call: [a, b, c]\n  order: in-turn\n  need: everyone\n", "explain", "-", "--people", "*=key:1@5s,b=busy", "--json")
	var who []string
	for line := range strings.Lines(got) {
		var e timeline.Event
		if err := json.Unmarshal([]byte(line), &e); err != nil {
			t.Fatal(err)
		}
		if e.Kind == timeline.AttemptConfirmed {
			who = append(who, e.Person)
		}
	}
	if code != 0 || strings.Contains(stderr, "--people") || !slices.Equal(who, []string{"a", "c"}) {
		t.Errorf("exit %d, %v confirmed: %s", code, who, stderr)
	}
}

func TestExplainDraws(t *testing.T) {
	file := filepath.Join(t.TempDir(), "night one.svg")
	got, stderr, code := planRun(t, planFile, "explain", "-", "--plan", "one", "--people", "sato=key:1", "--svg", file, "--markdown")
	svg, err := os.ReadFile(file)
	if err != nil || code != 0 || !strings.HasPrefix(string(svg), "<svg ") || !strings.Contains(string(svg), "sato takes it at 0:08") {
		t.Fatalf("exit %d, %v: %s%s", code, err, stderr, svg)
	}
	if !strings.HasPrefix(got, "![one](") || !strings.Contains(got, "night%20one.svg)\n\n| time | who | what |\n|---:|---|---|\n") || !strings.Contains(got, "| +0:08 | sato | has confirmed") {
		t.Error(got)
	}
	if _, stderr, code = planRun(t, planFile, "explain", "-", "--svg", file); code != 1 || !strings.Contains(stderr, "say which with --plan") {
		t.Errorf("exit %d: %s", code, stderr)
	}
	got, _, _ = planRun(t, "plan: a_b\nsteps:\n- call: [sato_x]\n", "explain", "-", "--markdown")
	if !strings.Contains(got, `| sato\_x | rings`) {
		t.Error(got)
	}
}

func TestExplainShowsALineWithOneChannel(t *testing.T) {
	got, _, code := planRun(t, "plan: x\nsteps:\n- call: [a, b]\n", "explain", "-", "--channels", "1", "--people", "b=key:1@5s")
	want := `    +0:00  a  rings for up to 20s: step 1 begins
    +0:00  b  rings for up to 20s: step 1 begins
    +0:00  b  waits for a free channel, place 1 in the queue
    +0:20  a  does not answer
    +0:20  b  rings now: a channel is free
    +0:23  b  answers
`
	if code != 0 || !strings.Contains(got, want) {
		t.Errorf("exit %d:\n%s", code, got)
	}
}

// Phones that ring together are told apart; over a line with one channel they ring one after the other.
func TestExplainShowsPhonesThatRingTogether(t *testing.T) {
	const doc = "person: sato\ncontacts:\n  - [tel:+819011112222, tel:+81312345678]\n  - sim:home\n---\ntrunk: ntt\nserver: ntt.example\nfrom: \"+815012345678\"\n---\n" +
		"plan: x\nsteps:\n- call: [sato]\n"
	for _, tt := range []struct {
		name string
		args []string
		want string
	}{
		{"both ring, and the second is answered", nil, `    +0:00  sato  rings for up to 20s, method 1 of 3 together: step 1 begins
    +0:00  sato  rings for up to 20s, method 2 of 3 together: step 1 begins
    +0:03  sato  answers (method 2)
    +0:06  sato  sounds like human (method 2)
    +0:06  sato  is on another phone (method 1)
    +0:08  sato  presses 1: accept (method 2)
`},
		{"one channel", []string{"--channels", "1"}, `    +0:00  sato  rings for up to 20s, method 1 of 3 together: step 1 begins
    +0:00  sato  rings for up to 20s, method 2 of 3 together: step 1 begins
    +0:00  sato  waits for a line on ntt, place 1 in the queue (method 2)
    +0:20  sato  does not answer (method 1)
    +0:20  sato  rings now: it is its turn on ntt (method 2)
    +0:23  sato  answers (method 2)
`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got, _, code := planRun(t, doc, append([]string{"explain", "-", "--people", "sato=no-answer,key:1@5s"}, tt.args...)...)
			if code != 0 || !strings.Contains(got, tt.want) {
				t.Errorf("exit %d:\n%s\nwant\n%s", code, got, tt.want)
			}
		})
	}
}

func TestExplainSaysWhatItCannotDo(t *testing.T) {
	for _, c := range []struct {
		name, file string
		args       []string
		want       string
		code       int
	}{
		{"a plan that is refused", "plan: x\nsteps:\n- cal: [a]\n", nil, "stdin:3:3: error: <cal>: is no word of a step (did you mean call?)", 1},
		{"no plan", "person: sato\ncontacts: [sim:sato]\n", nil, "kaden: stdin: no plan in it; a plan begins with plan: and its name", 1},
		{"no such plan", planFile, []string{"--plan", "three"}, `kaden: stdin: no plan "three" in it`, 1},
		{"a plan that is well, and a person who is not", planFile + "---\nperson: eve\ncontacts: [sim:]\n", []string{"--plan", "one"}, "error: ", 1},
		{"nonsense people", planFile, []string{"--people", "sato=nap"}, `kaden: --people: sato: "nap" is nothing a person can do`, 1},
		{"no alert", planFile, []string{"--alert", "missing.json"}, "kaden: --alert: missing.json: no such file", 1},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, stderr, code := planRun(t, c.file, append([]string{"explain", "-"}, c.args...)...)
			if code != c.code || !strings.Contains(stderr, c.want) {
				t.Errorf("exit %d: %s", code, stderr)
			}
		})
	}
	if _, stderr, code := planRun(t, "", "explain", "no-such-file.yaml"); code != 2 || !strings.Contains(stderr, "no such file") {
		t.Errorf("exit %d: %s", code, stderr)
	}
}

func TestPlanCheck(t *testing.T) {
	for _, c := range []struct {
		name, text     string
		args           []string
		stdout, stderr string
		code           int
	}{
		{"good plans among other things", planFile, nil, "", "2 plans, 0 errors, 0 warnings\n", 0},
		{"warnings alone", "plan: x\nsteps:\n- call: [a]\n  gap: 5s\n", nil,
			"stdin:4:3: warning: <gap>: there is only one round, so no rest between rounds (rounds: 3)\n", "1 plan, 0 errors, 1 warning\n", 0},
		{"a group with nobody in it", "group: g\nmembers: []\n---\nplan: x\nsteps:\n- call: [\"@g\"]\n", nil,
			"stdin:2:10: warning: <members>: nobody is in this group (members: [sato])\n", "1 plan, 0 errors, 1 warning\n", 0},
		{"an error further down", "\xef\xbb\xbfperson: a\ncontacts: [sim:a]\n---\n# a comment\n--- # the plan\nplan: x\nsteps:\n- call: [a]\n  ring: 0s\n", nil,
			"stdin:9:9: error: <ring>: is no time at all (at least 1s)\n", "1 plan, 1 error, 0 warnings\n", 1},
		{"an error as JSON", "plan: x\nsteps: 1\n", []string{"--json"},
			`{"file":"stdin","line":2,"column":8,"level":"error","code":0,"verb":"steps","text":"needs a list of steps","hint":"- call: [sato]"}` + "\n", "", 1},
		{"a plan that forgot to say so", "--- {steps: [{call: a}]}\n", nil,
			"stdin:1:5: error: <plan>: the first key has to be plan (plan: night-shift)\n", "1 plan, 1 error, 0 warnings\n", 1},
		{"a key that no upstream brings", "upstream: twilio\naccount: AC0123456789abcdef0123456789abcdef\ntoken: t\nfrom: \"+815087654321\"\n---\nplan: x\nfrom: { twilio: \"+815087654321\" }\nsteps:\n- call: [a]\n", nil,
			"stdin:7:7: error: <from>: without a public URL twilio brings no keys, and this plan is confirmed by one: nobody could ever confirm (set public-url (KADEN_PUBLIC_URL) to where the upstream reaches this kaden, or write confirm: hangup or confirm: none)\n",
			"1 plan, 1 error, 0 warnings\n", 1},
		{"no plan", "person: a\n", nil, "", "kaden: stdin: no plan in it; a plan begins with plan: and its name\n0 plans, 1 error, 0 warnings\n", 1},
	} {
		t.Run(c.name, func(t *testing.T) {
			stdout, stderr, code := planRun(t, c.text, append([]string{"check", "-"}, c.args...)...)
			if stdout != c.stdout || stderr != c.stderr || code != c.code {
				t.Errorf("exit %d, want %d\nstdout %s\n  want %s\nstderr %s\n  want %s", code, c.code, stdout, c.stdout, stderr, c.stderr)
			}
		})
	}
	if _, stderr, code := planRun(t, "", "check", "no-such-file.yaml", "-"); code != 2 || !strings.Contains(stderr, "no-such-file.yaml: no such file") {
		t.Errorf("exit %d: %s", code, stderr)
	}
}
