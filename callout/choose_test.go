package callout

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/kaden-project/kaden/problem"
)

// walk gives every way through the flow, with an answer of each kind for what is not chosen from a list.
func walk(t *testing.T, answers []string, leaf func([]string)) {
	t.Helper()
	_, err := Choose("en", answers...)
	if err == nil {
		leaf(answers)
		return
	}
	var open *Open
	if !errors.As(err, &open) || open.At != len(answers) || open.Answer != "" {
		t.Fatalf("%q: %v", answers, err)
	}
	next := []string{}
	switch open.Choice.Kind {
	case ChooseOption:
		for _, o := range open.Choice.Options {
			next = append(next, o.Word)
		}
	case ChoosePeople:
		next = []string{"sato suzuki", "a b c d e f g h i j k", `@db-team on-call:primary 佐藤 110 true`}
	case ChooseTime:
		next = []string{"90m"}
	case ChooseName:
		next = []string{"no", "夜勤"}
	}
	for _, n := range next {
		walk(t, append(slices.Clip(answers), n), leaf)
	}
}

// Every way through the questions ends with a plan that can be used, that means what was answered, and
// that can be run to its end.
func TestEveryWayThroughTheQuestionsLeadsToAPlan(t *testing.T) {
	patterns := map[string]int{}
	ways := 0
	walk(t, nil, func(answers []string) {
		ways++
		for _, language := range []string{"en", "ja_JP.UTF-8"} {
			text, err := Choose(language, answers...)
			if err != nil {
				t.Fatal(err)
			}
			p, refs, list := ParsePlan([]byte(text))
			if list.Refused() {
				t.Fatalf("%q:\n%s\n%v", answers, text, list)
			}
			for _, w := range list {
				if w.Level != problem.Warning || w.Verb != "confirm" {
					t.Errorf("%q: %v", answers, w)
				}
			}
			s := p.Steps[0]
			one, loop := answers[0] == "one", slices.Contains(answers, "loop") || slices.Contains(answers, "each")
			if (s.Need == First) != one || (s.Rounds == Forever) != loop || s.Join != slices.Contains(answers, "join") ||
				(s.Order == RoundRobin) != slices.Contains(answers, "rotating") || p.Deadline != 90*time.Minute || len(s.Call) != len(refs) {
				t.Errorf("%q became %+v", answers, p)
			}
			if strings.HasPrefix(language, "ja") != (p.Languages[0] == "ja") {
				t.Errorf("%s: speaks %v", language, p.Languages)
			}
			patterns[text[2:4]]++
		}
		events := Simulate(planOf(t, answers), nil, nil, Night{})
		if last := events[len(events)-1]; last.At.After(epoch.Add(24 * time.Hour)) {
			t.Errorf("%q ends with %v", answers, last)
		}
	})
	if want := []string{"P1", "P2", "P3", "P4", "P5", "P6"}; !slices.Equal(slices.Sorted(maps.Keys(patterns)), want) {
		t.Errorf("the questions lead to %v", patterns)
	}
	t.Logf("%d ways: %v", ways, patterns)
}

func planOf(t *testing.T, answers []string) Plan {
	t.Helper()
	text, err := Choose("en", answers...)
	if err != nil {
		t.Fatal(err)
	}
	p, _, _ := ParsePlan([]byte(text))
	return p
}

func TestAnswersAreTakenAsPeopleGiveThem(t *testing.T) {
	want, err := Choose("en", "one", "in-turn", "fixed", "loop", "sato suzuki", "critical", "key", "2h", "night")
	if err != nil {
		t.Fatal(err)
	}
	for _, answers := range [][]string{
		{"1", "2", "1", "2", "sato, suzuki", "1", "1", "120m", "night"},
		{" ONE ", "In-Turn", "fixed", "", "sato、suzuki sato", "", "", "", ""},
		{"one", "in-turn", "fixed", "loop", "sato suzuki", "critical", "key", "2時間", "night"},
	} {
		if got, err := Choose("en", answers...); err != nil || got != want {
			t.Errorf("%q: %v\n%s", answers, err, got)
		}
	}
}

func TestAnswersThatDoNotFitSayWhatWould(t *testing.T) {
	for _, c := range []struct {
		name    string
		answers string
		id, why string
	}{
		{"no such option", "two", "need", "one or all, or its number from 1 to 2"},
		{"no such number", "one,3", "order", "together or in-turn, or its number from 1 to 2"},
		{"a telephone number", "all,each,+819012345678", "people", `"+819012345678" is not a name; people by name`},
		{"nobody", "all,each, ,", "people", ""},
		{"hanging up would leave the conference", "all,join,sato,warning,hangup", "weak-proof", "key, or its number from 1 to 1"},
		{"for ever", "all,each,sato,critical,key,never", "deadline", "5m to 168h"},
		{"over before it began", "all,each,sato,critical,key,10s", "deadline", "5m to 168h"},
		{"no name", "all,each,sato,critical,key,2h,a b", "name", "letters, digits"},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := Choose("en", strings.Split(c.answers, ",")...)
			var open *Open
			if !errors.As(err, &open) || open.Choice.ID != c.id || !strings.Contains(open.Why.EN, c.why) || (open.Why.JA == "") != (c.why == "") {
				t.Errorf("%v", err)
			}
		})
	}
	if _, err := Choose("en", "all", "each", "sato", "", "", "", "", "more"); err == nil || !strings.Contains(err.Error(), `"more": nothing more is asked`) {
		t.Error(err)
	}
}

// The flow is a graph without dead ends and without questions that nobody reaches, in two languages.
func TestTheFlowIsWhole(t *testing.T) {
	flow := Flow()
	known := map[string]bool{"": true}
	for _, q := range flow {
		known[q.ID] = true
	}
	reached := map[string]bool{flow[0].ID: true}
	for _, q := range flow {
		words := []Words{q.Ask}
		nexts := []string{q.Next}
		for _, o := range q.Options {
			words = append(words, o.Text)
			nexts = append(nexts, o.Next)
		}
		if (q.Kind == ChooseOption) != (len(q.Options) > 1) || q.Usual != "" && q.Kind == ChooseOption && q.option(q.Usual) == nil {
			t.Errorf("%+v", q)
		}
		if q.Kind != ChooseOption {
			words = append(words, q.Hint)
		}
		for _, w := range words {
			if w.EN == "" || w.JA == "" || w.EN == w.JA {
				t.Errorf("%s: %+v", q.ID, w)
			}
		}
		for _, n := range nexts {
			if !known[n] {
				t.Errorf("%s leads to %q", q.ID, n)
			}
			reached[n] = true
		}
	}
	for _, q := range flow {
		if !reached[q.ID] {
			t.Errorf("nothing leads to %s", q.ID)
		}
	}
}

// Whatever is typed for names and times becomes a plan that calls just these, or a question again.
func FuzzChoose(f *testing.F) {
	for _, s := range []string{"sato suzuki", "@db-team on-call:primary", "null ~ - [a] {b} #c", "110, 0x1f 1e3 .inf", "\"'\\", "あ゛ é̂", "a: b", "\xff"} {
		f.Add(s, "night", "2h")
	}
	f.Add("sato", "no", "8760h")
	f.Fuzz(func(t *testing.T, people, name, deadline string) {
		text, err := Choose("en", "all", "each", people, "", "", deadline, name)
		if err != nil {
			return
		}
		p, refs, list := ParsePlan([]byte(text))
		if list.Refused() {
			t.Fatalf("%v\n%s", list, text)
		}
		said := map[string]bool{}
		for _, n := range nameBreaks.Split(strings.TrimSpace(people), -1) {
			if n != "" {
				said[n] = true
			}
		}
		if fmt.Sprint(p.Steps[0].Call) != fmt.Sprint(called(refs)) || len(said) != len(refs) && strings.TrimSpace(people) != "" {
			t.Fatalf("%q became %q", people, p.Steps[0].Call)
		}
		for _, r := range refs {
			if !said[r.Text] {
				t.Fatalf("%q was not said in %q", r.Text, people)
			}
		}
	})
}

func called(refs []Reference) (names []string) {
	for _, r := range refs {
		names = append(names, r.Text)
	}
	return names
}
