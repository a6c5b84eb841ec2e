package callout

import (
	"encoding/json"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/kaden-project/kaden/problem"
)

func TestParsePlanReadsEveryWord(t *testing.T) {
	plan, refs, list := ParsePlan([]byte(`plan: night-shift
from: { ntt: "+815012345678", twilio: +815087654321 }   # in order of preference
say: { ja: "{{.Source}} からの通報です。{{.Title}}", en: "Alert from {{.Source}}. {{if .Host}}{{.Host}}: {{end}}{{.Title}}" }
confirm: key
keys: { "1": accept, "2": pass, "9": repeat }
after: 0s
steps:
  - call: [sato, suzuki, "@db-team", "on-call:primary"]
    order: in-turn
    need: everyone
    join: false
    ring: 25s
    listen: 50s
    rounds: forever
    gap: 0s
    for: 10m
    double-tap: false
  - wait: 2m
  - call: "@managers"
    order: round-robin
    rounds: 2
repeat: 3
deadline: 2h
otherwise: [notify:ops-mail]
`))
	if len(list) > 0 {
		t.Errorf("problems: %v", list)
	}
	want := Plan{
		Name: "night-shift",
		From: map[string]string{"ntt": "+815012345678", "twilio": "+815087654321"}, FromOrder: []string{"ntt", "twilio"},
		Say: map[string]string{"ja": "{{.Source}} からの通報です。{{.Title}}",
			"en": "Alert from {{.Source}}. {{if .Host}}{{.Host}}: {{end}}{{.Title}}"}, Languages: []string{"ja", "en"},
		Confirm: ByKey, Keys: map[string]Action{"1": Accept, "2": Pass, "9": Again},
		After: AtOnce, StillOnIt: 15 * time.Minute, Repeat: 3, Deadline: 2 * time.Hour, Otherwise: []string{"notify:ops-mail"},
		Steps: []Step{
			{Call: []string{"sato", "suzuki", "@db-team", "on-call:primary"}, Order: InTurn, Need: Everyone, Ring: 25 * time.Second,
				Listen: 50 * time.Second, Rounds: Forever, Gap: AtOnce, For: 10 * time.Minute},
			{Wait: 2 * time.Minute},
			{Call: []string{"@managers"}, Order: RoundRobin, Need: First, Ring: 20 * time.Second, Listen: 40 * time.Second, Rounds: 2, Gap: 30 * time.Second},
		},
	}
	if !reflect.DeepEqual(plan, want) {
		t.Errorf(" got %+v\nwant %+v", plan, want)
	}
	wantRefs := []Reference{{"sato", 8, 12}, {"suzuki", 8, 18}, {"@db-team", 8, 26}, {"on-call:primary", 8, 38}, {"@managers", 19, 11}}
	if !slices.Equal(refs, wantRefs) {
		t.Errorf("references %v, want %v", refs, wantRefs)
	}
}

// Every word that changes what happens at night runs, and is taken without a word.
func TestTheWordsOfTheWholeEngine(t *testing.T) {
	plan, _, list := ParsePlan([]byte(`plan: x
confirm: proof
keys: { "1": accept, "2": pass, "3": call-everyone, "9": repeat, "4": snooze, "5": speak, "6": resolve }
machine: message
still-on-it: 20m
steps:
  - call: [sato]
    join: true
    need: everyone
    double-tap: true
`))
	if len(list) > 0 {
		t.Errorf("problems: %v", list)
	}
	if plan.Confirm != ByProof || len(plan.Keys) != 7 || plan.Machine != MachineMessage || plan.StillOnIt != 20*time.Minute ||
		!plan.Steps[0].Join || !plan.Steps[0].DoubleTap {
		t.Errorf("got %+v", plan)
	}
	off, _, _ := ParsePlan([]byte("plan: x\nstill-on-it: off\nsteps:\n- call: [sato]\n"))
	if odd := (Plan{StillOnIt: -time.Hour}).WithDefaults(); odd.StillOnIt != 15*time.Minute {
		t.Errorf("less than nothing is %v", odd.StillOnIt)
	}
	if off.StillOnIt != Never {
		t.Errorf("off is %v", off.StillOnIt)
	}
}

// The keys of a check are the plan's, and what is missing where it is free.
func TestCheckKeys(t *testing.T) {
	for _, c := range []struct {
		name       string
		keys, want map[string]Action
	}{
		{"the usual keys", nil, map[string]Action{"1": Accept, "2": Pass, "9": Again, "4": Snooze, "5": LeaveWord, "6": Close}},
		{"a key that is taken", map[string]Action{"1": Accept, "4": CallEveryone}, map[string]Action{"1": Accept, "4": CallEveryone, "5": LeaveWord, "6": Close}},
		{"an action elsewhere", map[string]Action{"7": Accept, "8": Close}, map[string]Action{"7": Accept, "8": Close, "4": Snooze, "5": LeaveWord}},
	} {
		p := Plan{Keys: c.keys}.WithDefaults()
		if got := p.CheckKeys(); !reflect.DeepEqual(got, c.want) {
			t.Errorf("%s: got %v, want %v", c.name, got, c.want)
		}
		if keys := p.CheckKeys(); len(keys) > 0 {
			keys["1"] = "mine"
			if p.CheckKeys()["1"] == "mine" {
				t.Errorf("%s: the map is shared", c.name)
			}
		}
	}
}

func lines(list problem.List) []string {
	var out []string
	for _, p := range list {
		out = append(out, p.String())
	}
	return out
}

func TestParsePlanSaysWhatIsWrongAndWhere(t *testing.T) {
	const good = "plan: x\nsteps:\n- call: [sato]\n"
	for _, c := range []struct{ name, text, want string }{
		{"nothing", "", "1:1: error: <plan>: there is nothing here (begin with plan: and a name)"},
		{"only a comment", "# nothing\n", "1:1: error: <plan>: there is nothing here (begin with plan: and a name)"},
		{"no YAML", "plan: [", "1:7: error: cannot be read as YAML: sequence end token ']' not found"},
		{"a tab", "plan: x\nsteps:\n\t- call: a\n", "3:1: error: cannot be read as YAML: found character '\t' that cannot start any token"},
		{"a list", "- 1", "1:1: error: <plan>: needs keys and values"},
		{"another kind first", "name: x\nplan: x\nsteps:\n- call: sato\n", "1:1: error: <plan>: the first key has to be plan (plan: night-shift)\n" +
			"1:1: error: <name>: is no word of a plan (plan, from, say, confirm, keys, machine, after, still-on-it, steps, repeat, deadline or otherwise)"},
		{"two documents", good + "---\nplan: y\n", "5:1: error: a second document begins here (one plan is one document)"},
		{"a word twice", "plan: x\nplan: y\n", "2:1: error: cannot be read as YAML: mapping key \"plan\" already defined at [1:1]"},
		{"a typo", good + "  rings: 20s\n", "4:3: error: <rings>: is no word of a step (did you mean ring?)"},
		{"a typo above", good + "otherwize: [notify:x]\n", "4:1: error: <otherwize>: is no word of a plan (did you mean otherwise?)"},
		{"no name", "plan:\nsteps:\n- call: sato\n", "1:1: error: <plan>: has no value"},
		{"a name with a space", "plan: night shift\nsteps:\n- call: sato\n", "1:7: error: <plan>: \"night shift\" is not a name (letters, digits, dot, dash and underscore: night-shift)"},
		{"no steps", "plan: x\n", "1:1: error: <steps>: nobody would be rung (steps: [{ call: [sato] }])"},
		{"empty steps", "plan: x\nsteps: []\n", "2:8: error: <steps>: nobody would be rung (- call: [sato])"},
		{"steps that are none", "plan: x\nsteps: 3\n", "2:8: error: <steps>: needs a list of steps (- call: [sato])"},
		{"only waits", "plan: x\nsteps:\n- wait: 1m\n", "2:1: error: <steps>: nobody would be rung (- call: [sato])\n3:3: warning: <wait>: nothing follows this wait"},
		{"a step of nothing", "plan: x\nsteps:\n- order: in-turn\n", "3:3: error: <steps>: this step calls nobody (call: [sato], or wait: 2m)"},
		{"wait and call", good + "  wait: 2m\n", "4:3: error: <wait>: a step either waits or calls (make the wait a step of its own, before this one)"},
		{"wait and ring", "plan: x\nsteps:\n- wait: 2m\n  ring: 20s\n- call: sato\n", "4:3: error: <ring>: has no meaning beside wait"},
		{"nobody called", "plan: x\nsteps:\n- call: []\n", "3:9: error: <call>: is an empty list"},
		{"a number called", "plan: x\nsteps:\n- call: [\"+819012345678\"]\n", "3:10: error: <call>: \"+819012345678\" is not a name (a number belongs to a person: person: sato, contacts: [+819012345678], then call sato)"},
		{"a name of nothing", "plan: x\nsteps:\n- call: [\"@\"]\n", "3:10: error: <call>: \"@\" is not a name (a person (sato), a group (\"@db-team\") or a schedule (\"on-call:primary\"))"},
		{"somebody twice", "plan: x\nsteps:\n- call: [sato, sato]\n", "3:16: warning: <call>: sato is named twice and rung once, at the first place"},
		{"a list in a list", "plan: x\nsteps:\n- call: [[sato]]\n", "3:10: error: <call>: needs a single value"},
		{"zero ring time", good + "  ring: 0s\n", "4:9: error: <ring>: is no time at all (at least 1s)"},
		{"a short ring time", good + "  ring: 3s\n", "4:9: warning: <ring>: 3s is hardly enough to pick up a phone (20s)"},
		{"a ring time without a unit", good + "  ring: 20\n", "4:9: error: <ring>: \"20\" has no unit (write 20s for seconds, 20m for minutes)"},
		{"no ring time", good + "  ring: soon\n", "4:9: error: <ring>: \"soon\" is not a time (20s, 10m, 1h30m)"},
		{"a negative time", good + "  listen: -5s\n", "4:11: error: <listen>: is less than nothing"},
		{"too short", good + "  listen: 2s\n", "4:11: error: <listen>: 2s is too short (at least 5s)"},
		{"rather short", good + "  listen: 10s\n", "4:11: warning: <listen>: a message can last 20s (40s)"},
		{"too long", good + "  ring: 24h\n", "4:9: error: <ring>: 24h is too long (at most 10m)"},
		{"an unknown order", good + "  order: inturn\n", "4:10: error: <order>: \"inturn\" is not a word for it (did you mean in-turn?)"},
		{"an unknown need", good + "  need: all\n", "4:9: error: <need>: \"all\" is not a word for it (first or everyone)"},
		{"no rounds", good + "  rounds: 0\n", "4:11: error: <rounds>: \"0\" does not fit (a number from 1 to 1000)"},
		{"neither true nor false", good + "  join: maybe\n", "4:9: error: <join>: \"maybe\" is neither true nor false"},
		{"a loop without an end", good + "  rounds: forever\n", "4:11: error: <rounds>: this plan has no end (deadline: 2h)"},
		{"a loop before a step", good + "  rounds: forever\n- call: boss\ndeadline: 2h\n", "4:11: error: <rounds>: the steps after this one would never begin (for: 10m beside rounds: forever)"},
		{"a loop before a repeat", good + "  rounds: forever\nrepeat: 2\ndeadline: 2h\n", "4:11: error: <rounds>: the plan would never be repeated (for: 10m beside rounds: forever, or no repeat)"},
		{"a loop with a limit", good + "  rounds: forever\n  for: 10m\n", ""},
		{"a rest between no rounds", good + "  gap: 10s\n", "4:3: warning: <gap>: there is only one round, so no rest between rounds (rounds: 3)"},
		{"a limit below the ring time", good + "  for: 10s\n", "4:8: warning: <for>: is over before the first phone has rung out (ring is 20s)"},
		{"join the first", good + "  join: true\n", "4:3: warning: <join>: the first one who confirms silences the others and waits in the conference alone, until somebody is called in (need: everyone)"},
		{"a voicemail in the conference", good + "  need: everyone\n  join: true\nconfirm: none\n", "5:9: error: <join>: a voicemail that answers would be in the conference (confirm: key)\n" +
			"6:10: warning: <confirm>: whatever answers has taken the alert, a voicemail too (confirm: key)"},
		{"gone from the conference", good + "  need: everyone\n  join: true\nconfirm: hangup\n", "5:9: error: <join>: who takes it by hanging up cannot be in the conference (confirm: key)\n" +
			"6:10: warning: <confirm>: hanging up counts for warnings only; any other alert has to be confirmed by a key"},
		{"a second ring too late", good + "  double-tap: true\n  ring: 3m\n", "4:3: warning: <double-tap>: phones ring for 3m, so the second call comes later than 3m after the first and is never made (ring: 20s)"},
		{"a message for nobody", good + "confirm: none\nmachine: message\n", "4:10: warning: <confirm>: whatever answers has taken the alert, a voicemail too (confirm: key)\n" +
			"5:10: error: <machine>: a machine that answers has taken the alert before it is detected: there is nobody to leave a message for (confirm: key)"},
		{"a machine that took it", good + "machine: hang-up\nconfirm: none\n", "4:10: warning: <machine>: a machine that answers has taken the alert before it is detected (confirm: key)\n" +
			"5:10: warning: <confirm>: whatever answers has taken the alert, a voicemail too (confirm: key)"},
		{"an unknown machine", good + "machine: hangup\n", "4:10: error: <machine>: \"hangup\" is not a word for it (did you mean hang-up?)"},
		{"keys after the answer", good + "keys: { \"1\": accept }\nconfirm: none\n", "4:1: warning: <keys>: the answer has taken the alert before a key can be pressed (confirm: key)\n" +
			"5:10: warning: <confirm>: whatever answers has taken the alert, a voicemail too (confirm: key)"},
		{"an unknown action", good + "keys: { 1: accept, 3: everyone }\n", "4:23: error: <keys>: \"everyone\" is not a word for it (accept, pass, call-everyone, repeat, snooze, speak or resolve)"},
		{"nobody is asked", good + "still-on-it: off\n", "4:14: warning: <still-on-it>: whoever presses 1 and falls asleep has taken the alert for good (15m)"},
		{"asked all the time", good + "still-on-it: 2m\n", "4:14: warning: <still-on-it>: a call every 2m keeps from work (15m; a sign of life on the console puts it off)"},
		{"asked at no time", good + "still-on-it: never\n", "4:14: error: <still-on-it>: \"never\" is not a time (20s, 10m, 1h30m)"},
		{"confirm by hanging up", good + "confirm: hangup\n", "4:10: warning: <confirm>: hanging up counts for warnings only; any other alert has to be confirmed by a key"},
		{"confirm by answering", good + "confirm: none\n", "4:10: warning: <confirm>: whatever answers has taken the alert, a voicemail too (confirm: key)"},
		{"no key accepts", good + "keys: { \"2\": pass }\n", "4:1: error: <keys>: no key accepts: nobody could take the alert (\"1\": accept)"},
		{"no key of a telephone", good + "keys: { 1: accept, 10: pass }\n", "4:20: error: <keys>: \"10\" is not a key of a telephone (0 to 9, \"*\" or \"#\")"},
		{"keys that are none", good + "keys: 1\n", "4:7: error: <keys>: needs keys and values"},
		{"a deadline in the grace", good + "after: 5m\ndeadline: 1m\n", "5:11: error: <deadline>: is over before the first ring (after is 5m)"},
		{"an unknown remedy", good + "otherwise: [mail:ops]\n", "4:13: error: <otherwise>: \"mail:ops\" cannot be done (notify: and the name of a notice, notify:ops-mail)"},
		{"a caller ID that is none", good + "from: { ntt: 050-1234-5678 }\n", "4:14: error: <from>: \"050-1234-5678\" is not a number (with country code: \"+815012345678\")"},
		{"a trunk that is none", good + "from: { \"a b\": \"+815012345678\" }\n", "4:9: error: <from>: \"a b\" is not the name of a trunk"},
		{"a caller ID alone", good + "from: +815012345678\n", "4:7: error: <from>: the trunk is missing, or its number (from: { ntt: \"+815012345678\" })"},
		{"a text without its language", good + "say: hello\n", "4:6: error: <say>: the language is missing (say: { en: \"…\", ja: \"…\" })"},
		{"no language", good + "say: { English: hello }\n", "4:8: error: <say>: \"English\" is not a language (en, ja, ja-JP)"},
		{"nothing to say", good + "say: { en: \"  \" }\n", "4:12: error: <say>: there is nothing to say"},
		{"no such field", good + "say: { ja: \"通報 {{.Titel}}\" }\n", "4:18: error: <say>: an alert has no .Titel (did you mean .Title?)"},
		{"no such field at all", good + "say: { en: \"{{.Link}}\" }\n", "4:15: error: <say>: an alert has no .Link (.Source, .Title, .Severity, .Subject, .Body, .Host or .Count)"},
		{"a field of a field", good + "say: { en: '{{.Title.Text}}' }\n", "4:21: error: <say>: an alert has no .Title.Text (did you mean .Title?)"},
		{"a broken template", good + "say: { en: \"{{.Title\" }\n", "4:12: error: <say>: is not a template: unclosed action ({{.Title}})"},
		{"a loop in a template", good + "say:\n  en: |\n    {{range .Title}}a{{end}}\n", "5:7: error: <say>: {{range .Title}}a{{end}} is not run (fields, if and with are)"},
		{"a bomb in a template", good + "say: { en: '{{printf \"%999999999d\" 1}}' }\n", "4:12: error: <say>: printf is not run (and, or, not, eq, ne, lt, le, gt, ge, len are)"},
		{"a variable", good + "say: { en: \"{{$x := .Title}}\" }\n", "4:15: error: <say>: variables are not run"},
		{"a variable used", good + "say: { en: \"{{$.Title}}\" }\n", "4:16: error: <say>: $.Title is not run (fields like {{.Title}} are)"},
		{"a template within", good + "say: { en: '{{define \"a\"}}b{{end}}' }\n", "4:12: error: <say>: templates within templates are not run"},
		{"a text that cannot be filled", good + "say: { en: \"{{lt .Title 3}}\" }\n", "4:12: error: <say>: cannot be filled: <lt .Title 3>: error calling lt: incompatible types for comparison: string and int"},
		{"a sermon", good + "say: { en: \"" + strings.Repeat("a", 2001) + "\" }\n", "4:12: error: <say>: is longer than 2000 characters (a message is heard out when it lasts 20 s at most)"},
		{"an anchor", good + "confirm: &c key\n", "4:10: error: <confirm>: anchors, aliases and tags are not read here (write the value itself)"},
		{"a merge", good + "<<: { confirm: key }\n", "4:1: error: anchors, aliases and merges are not read here (write the keys themselves)"},
		{"a book", good + strings.Repeat("# a long story\n", 80000), "1:1: error: <plan>: is longer than 1 MiB (use groups instead of long lists)"},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, _, list := ParsePlan([]byte(c.text))
			if got := strings.Join(lines(list), "\n"); got != c.want {
				t.Errorf("\n got %s\nwant %s", got, c.want)
			}
		})
	}
}

// A plan is never refused for what the defaults would mend anyway, and what the parser takes the
// machine runs.
func FuzzParsePlan(f *testing.F) {
	f.Add("plan: x\nsteps:\n- call: [sato]\n")
	f.Add("plan: x\nsay: { en: \"{{.Title}}\" }\nsteps: [{call: [a, \"@b\"], order: in-turn, rounds: forever}]\ndeadline: 2h")
	f.Add("{plan: x, steps: [{call: sato, need: everyone, rounds: 2, gap: 0s}, {wait: 1m}], keys: {1: accept}}")
	for _, file := range samples(f) {
		f.Add(file)
	}
	f.Fuzz(func(t *testing.T, text string) {
		plan, refs, list := ParsePlan([]byte(text))
		for _, p := range list {
			if p.Line < 1 || p.Column < 1 || p.Line > strings.Count(text, "\n")+2 || p.Text == "" {
				t.Errorf("a problem nowhere: %+v", p)
			}
		}
		for _, r := range refs {
			if r.Line < 1 || r.Column < 1 || !strings.Contains(text, strings.TrimPrefix(r.Text, "@")) && !strings.ContainsAny(text, `\&|>`) {
				t.Errorf("a reference nowhere: %+v", r)
			}
		}
		kept, err := json.Marshal(plan)
		if err != nil {
			t.Fatal(err)
		}
		var again Plan
		if err := json.Unmarshal(kept, &again); err != nil {
			t.Fatal(err)
		}
		if got := again.WithDefaults(); !reflect.DeepEqual(got.Steps, plan.Steps) || got.Confirm != plan.Confirm {
			t.Errorf("kept as JSON:\n%+v\n%+v", got, plan)
		}
		if list.Refused() {
			return
		}
		if len(refs) == 0 {
			t.Error("calls nobody and is not refused")
		}
		if !quick(plan) {
			return
		}
		events := Simulate(plan, nil, nil, Night{})
		if last := events[len(events)-1]; !slices.ContainsFunc(events, isEnd) {
			t.Errorf("does not end: %v", last)
		}
	})
}

// quick tells that a plan is over within a day and a few thousand calls.
func quick(p Plan) bool {
	var total time.Duration
	for _, s := range p.Steps {
		if s.Rounds > 20 || len(s.Call) > 20 || s.Wait > time.Hour || s.Gap > time.Hour || s.For > time.Hour {
			return false
		}
		total += s.Wait + (s.Gap*20+s.Ring*time.Duration(len(s.Call)))*time.Duration(max(s.Rounds, 1)) + s.For
	}
	return p.Repeat < 20 && total*time.Duration(p.Repeat) < 20*time.Hour && p.Deadline < 20*time.Hour && p.After < time.Hour
}

// samples are the plans of the manual.
func samples(t testing.TB) map[string]string {
	t.Helper()
	files, err := filepath.Glob("../docs/plans/*.yaml")
	if err != nil || len(files) == 0 {
		t.Fatal("no sample plans", err)
	}
	out := map[string]string{}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		plan, _, _ := strings.Cut(string(text), "\n---\n")
		out[filepath.Base(file)] = plan + "\n"
	}
	return out
}

func TestSamplePlansAreGood(t *testing.T) {
	for name, text := range samples(t) {
		if _, _, list := ParsePlan([]byte(text)); list.Refused() {
			t.Errorf("%s: %v", name, list.Err())
		}
	}
}

func TestSpeak(t *testing.T) {
	facts := Facts{Source: "mackerel", Title: "disk full", Host: "db01", Count: 3}
	got, err := Speak("{{.Source}}: {{.Title}}{{if gt .Count 1}}, {{.Count}} alerts{{end}}", facts)
	if want := "mackerel: disk full, 3 alerts"; err != nil || got != want {
		t.Errorf("got %q, %v, want %q", got, err, want)
	}
	for _, broken := range []string{"{{.Titel}}", "{{"} {
		if got, err := Speak(broken, facts); err == nil {
			t.Errorf("%s says %q", broken, got)
		}
	}
}

func TestWithDefaultsMendsWhatAProgramGotWrong(t *testing.T) {
	p := Plan{Confirm: "wink", After: -5, Deadline: -1, Say: map[string]string{"ja": "a", "en": "b"},
		Steps: []Step{{Call: []string{"sato"}, Wait: time.Second, Ring: -1, Rounds: -7, Gap: -9, For: -1, Order: "random", Need: "some"}, {Wait: -5}}}
	got := p.WithDefaults()
	want := Step{Call: []string{"sato"}, Order: Together, Need: First, Ring: 20 * time.Second, Listen: 40 * time.Second, Rounds: 1, Gap: 30 * time.Second}
	if !reflect.DeepEqual(got.Steps[0], want) || got.Steps[1].Wait != 0 {
		t.Errorf("steps %+v", got.Steps)
	}
	if got.Confirm != ByKey || got.After != 0 || got.Deadline != 0 || got.Repeat != 1 || !slices.Equal(got.Languages, []string{"en", "ja"}) {
		t.Errorf("plan %+v", got)
	}
	if p.Steps[0].Rounds != -7 {
		t.Error("the plan it was made from has changed")
	}
}
