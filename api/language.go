package api

import (
	"net/http"
	"slices"

	"github.com/danielgtaylor/huma/v2"
	tags "golang.org/x/text/language"

	"github.com/kaden-project/kaden/alert"
	"github.com/kaden-project/kaden/problem"
)

// wantsJapanese reads an Accept-Language. Nothing is English.
func wantsJapanese(accepted string) bool {
	_, at := tags.MatchStrings(linkLanguages, accepted)
	return at == 1
}

// translate says what is for people in the language that the request asks for, just before it leaves. Codes, names and
// what people wrote themselves stay as they are. Answers are not changed in place: some are shared.
func (a *API) translate(ctx huma.Context, _ string, v any) (any, error) {
	if !wantsJapanese(ctx.Header("Accept-Language")) {
		return v, nil
	}
	return inJapanese(a.cfg.Japanese, v), nil
}

// refused writes a refusal that comes before any operation.
func (a *API) refused(w http.ResponseWriter, r *http.Request, p *Refusal) {
	if wantsJapanese(r.Header.Get("Accept-Language")) {
		p = inJapanese(a.cfg.Japanese, p).(*Refusal)
	}
	p.write(w)
}

func inJapanese(r *problem.Reader, v any) any {
	switch v := v.(type) {
	case *Refusal:
		said := *v
		said.Detail, said.Hint = r.Say(v.Detail), r.Say(v.Hint)
		return &said
	case Applied:
		v.Problems = r.List(v.Problems)
		return v
	case BinWritten:
		v.Problems = r.List(v.Problems)
		return v
	case BinTried:
		v.Problems = r.List(v.Problems)
		return v
	case Status:
		v.Warnings = each(v.Warnings, func(w *Warning) { w.Text, w.Hint = r.Say(w.Text), r.Say(w.Hint) })
		v.Speech = each(v.Speech, func(e *Engine) { e.Hint = r.Say(e.Hint) })
		v.Trunks = each(v.Trunks, func(t *Trunk) { sayTrunk(r, t) })
		return v
	case []Finding:
		return each(v, func(f *Finding) { f.Text, f.Remedy = r.Say(f.Text), r.Say(f.Remedy) })
	case Setup:
		v.People = sayPeople(r, v.People)
		return v
	case []Person:
		return sayPeople(r, v)
	case Duty:
		v.Absent = each(v.Absent, func(p *Absent) { p.Why = each(p.Why, func(w *Reason) { w.Text = r.Say(w.Text) }) })
		return v
	case Callee:
		v.Warning = r.Say(v.Warning)
		return v
	case Why:
		v.Summary = r.Say(v.Summary)
		v.People = each(v.People, func(p *Story) { p.Why, p.Advice = r.Say(p.Why), r.Say(p.Advice) })
		v.Notices = each(v.Notices, func(n *string) { *n = r.Say(*n) })
		return v
	case Alerts:
		v.Alerts = each(v.Alerts, func(a *Alert) { sayTitle(r, a) })
		return v
	case Detail:
		sayTitle(r, &v.Alert)
		v.Problem = r.Say(v.Problem)
		return v
	}
	return v
}

func sayTrunk(r *problem.Reader, t *Trunk) {
	t.Why = r.Say(t.Why)
	t.Rules = each(t.Rules, func(rule *Rule) { rule.Reason = r.Say(rule.Reason) })
	if t.Standing != nil {
		s := *t.Standing
		s.Why, s.Remedy = r.Say(s.Why), r.Say(s.Remedy)
		t.Standing = &s
	}
}

func sayPeople(r *problem.Reader, people []Person) []Person {
	return each(people, func(p *Person) { p.Contacts = each(p.Contacts, func(c *Contact) { c.Why = r.Say(c.Why) }) })
}

// sayTitle: the title of an alert is its sender's, but for what nobody could read.
func sayTitle(r *problem.Reader, a *Alert) {
	if a.Key == alert.Unreadable {
		a.Title = r.Say(a.Title)
	}
}

// each changes a copy of a list.
func each[T any](list []T, change func(*T)) []T {
	out := slices.Clone(list)
	for i := range out {
		change(&out[i])
	}
	return out
}
