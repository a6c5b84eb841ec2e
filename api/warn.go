package api

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/kaden-project/kaden/manifest"
	"github.com/kaden-project/kaden/number"
)

// Engine is a program that speaks.
type Engine struct {
	Name      string   `json:"name"`
	Languages []string `json:"languages" nullable:"false" doc:"BCP-47: ja-JP."`
	OK        bool     `json:"ok"`
	Hint      string   `json:"hint,omitempty" doc:"What to do if it is missing."`
}

// Warning is something that will go wrong in the night if nobody mends it by day.
type Warning struct {
	Code  string `json:"code" enum:"no-engine,no-language,no-people,nobody-reachable,person-unreachable,no-plan,no-source,not-ready,held,budget,line-down,smsc-down,plan-deserted" doc:"Which warning it is, for programs."`
	Loud  bool   `json:"loud" doc:"An alert, or one that is a warning, would not be heard by anybody."`
	About string `json:"about,omitempty" doc:"The language, person, plan, trunk or SMSC it is about."`
	Text  string `json:"text" doc:"What is wrong."`
	Hint  string `json:"hint,omitempty" doc:"What to do."`
}

// look finds what would go wrong with the next alert. engines is nil if nothing is known about speech.
func look(set *manifest.Set, engines []Engine, schemes []number.Scheme, plan string) []Warning {
	w := append([]Warning{}, lookAtSpeech(set, engines)...)
	w = append(w, lookAtPeople(set, schemes)...)
	if _, ok := set.Plans[plan]; !ok {
		w = append(w, Warning{Code: "no-plan", About: plan, Text: fmt.Sprintf("there is no plan %q; alerts without a plan ring everybody", plan),
			Hint: "write one (plan: " + plan + ") and give it to kaden apply"})
	}
	if len(set.Sources) == 0 {
		w = append(w, Warning{Code: "no-source", Text: "there is no source: no alert can come in", Hint: "write one (source: json) and give it to kaden apply"})
	}
	return w
}

func lookAtSpeech(set *manifest.Set, engines []Engine) (w []Warning) {
	if engines == nil {
		return nil
	}
	spoken := map[string]bool{}
	var hints []string
	for _, e := range engines {
		for _, l := range e.Languages {
			spoken[base(l)] = spoken[base(l)] || e.OK
		}
		if !e.OK && e.Hint != "" {
			hints = append(hints, e.Hint)
		}
	}
	if !slices.ContainsFunc(engines, func(e Engine) bool { return e.OK }) {
		return []Warning{{Code: "no-engine", Loud: true, Text: "nothing here can speak: nobody is called for an alert", Hint: strings.Join(hints, "; ")}}
	}
	for _, l := range languages(set) {
		if spoken[l] {
			continue
		}
		hint := "install an engine that speaks it; kaden doctor says how"
		for _, e := range engines {
			if !e.OK && e.Hint != "" && slices.ContainsFunc(e.Languages, func(s string) bool { return base(s) == l }) {
				hint = e.Hint
			}
		}
		w = append(w, Warning{Code: "no-language", Loud: true, About: l, Text: fmt.Sprintf("nothing here speaks %q, which is wanted by people or plans", l), Hint: hint})
	}
	return w
}

// languages are those that people and plans ask for.
func languages(set *manifest.Set) []string {
	want := map[string]bool{}
	for _, p := range set.People {
		if p.Language != "" {
			want[base(p.Language)] = true
		}
	}
	for _, p := range set.Plans {
		for _, l := range p.Languages {
			want[base(l)] = true
		}
	}
	return slices.Sorted(maps.Keys(want))
}

// base is a language without its region: ja of ja-JP.
func base(tag string) string {
	l, _, _ := strings.Cut(strings.ToLower(tag), "-")
	return l
}

func lookAtPeople(set *manifest.Set, schemes []number.Scheme) (w []Warning) {
	if len(set.People) == 0 {
		return []Warning{{Code: "no-people", Loud: true, Text: "there is nobody to call", Hint: "write a person (person: sato) and give it to kaden apply"}}
	}
	for _, id := range slices.Sorted(maps.Keys(set.People)) {
		p := set.People[id]
		why := "has no contact"
		for _, c := range p.Contacts {
			if why = unreachable(c, set.Lines(), schemes); why == "" {
				break
			}
		}
		if why != "" {
			w = append(w, Warning{Code: "person-unreachable", About: id, Text: fmt.Sprintf("%s cannot be called: %s", id, why), Hint: "give " + id + " another contact, or add a trunk that reaches it"})
		}
	}
	if len(w) == len(set.People) {
		w = append([]Warning{{Code: "nobody-reachable", Loud: true, Text: "nobody can be reached by telephone", Hint: w[0].Text}}, w...)
	}
	return w
}
