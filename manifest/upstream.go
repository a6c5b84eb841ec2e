package manifest

import (
	"fmt"
	"slices"
	"strings"

	"github.com/kaden-project/kaden/callout"
	"github.com/kaden-project/kaden/problem"
	"github.com/kaden-project/kaden/problem/yamldoc"
)

// checkLineName: plans, prices and messages name trunks, upstreams and SMSCs alike, so that no two have the same name.
func (c *compiling) checkLineName(d Document, others ...string) {
	for _, kind := range others {
		if c.exists(kind, d.Name) {
			c.note(d, problem.Problem{Line: 1, Column: 1, Level: problem.Error, Verb: d.Kind,
				Text: fmt.Sprintf("%s %q exists already", kind, d.Name), Hint: "give one of them another name"})
		}
	}
}

// Away says what plans ask of upstreams that those cannot do without a public URL (public is false): bring keys, and
// the sound of calls that are to be joined here.
func Away(docs []Document, public bool) problem.List {
	c := &compiling{declared: map[string]Document{}}
	for _, d := range docs {
		c.declared[d.Kind+" "+d.Name] = d
	}
	upstreams, trunks := c.names(kindUpstream), c.names(kindTrunk)
	if len(upstreams) == 0 || public {
		return nil
	}
	for _, d := range docs {
		if d.Kind != kindPlan {
			continue
		}
		p, _, list := callout.ParsePlan([]byte(d.Text))
		if list.Refused() {
			continue
		}
		var named []string
		for _, name := range p.FromOrder {
			if slices.Contains(upstreams, name) {
				named = append(named, name)
			}
		}
		if len(named) > 0 && slices.ContainsFunc(p.Steps, func(s callout.Step) bool { return s.Join }) {
			c.joinsAway(d, named)
			continue
		}
		c.unanswered(d, p, named, upstreams, len(trunks))
	}
	c.problems.Sort()
	return c.problems
}

// joinsAway refuses a conference of calls that cannot be heard here.
func (c *compiling) joinsAway(d Document, named []string) {
	c.note(d, c.at(d, "from", problem.Error, fmt.Sprintf("without a public URL %s cannot bring us the sound of its calls, so they cannot be joined in the conference of join: true", strings.Join(named, ", ")),
		"set public-url (KADEN_PUBLIC_URL) to where the upstream reaches this kaden, take it out of from:, or write join: false"))
}

// unanswered tells of plans whose keys would never come back.
func (c *compiling) unanswered(d Document, p callout.Plan, named, upstreams []string, trunks int) {
	if p.Confirm == callout.ByHangup || p.Confirm == callout.ByAnswer {
		return
	}
	const hint = "set public-url (KADEN_PUBLIC_URL) to where the upstream reaches this kaden, or write confirm: hangup or confirm: none"
	say := func(upstreams []string, so string) string {
		return fmt.Sprintf("without a public URL %s brings no keys, and this plan is confirmed by one: %s", strings.Join(upstreams, ", "), so)
	}
	switch {
	case len(named) > 0 && trunks == 0:
		c.note(d, c.at(d, "from", problem.Error, say(named, "nobody could ever confirm"), hint))
	case len(named) > 0:
		c.note(d, c.at(d, "from", problem.Warning, say(named, "its calls never go that way"), hint))
	case trunks == 0:
		c.note(d, c.at(d, "plan", problem.Warning, say(upstreams, "telephone numbers are not called"), hint))
	}
}

// at is a problem at a key of a document.
func (c *compiling) at(d Document, key string, level problem.Level, text, hint string) problem.Problem {
	line, column := yamldoc.Parse([]byte(d.Text)).Take(key).Place()
	return problem.Problem{Line: line, Column: column, Level: level, Verb: key, Text: text, Hint: hint}
}
