package manifest

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/kaden-project/kaden/alert"
	"github.com/kaden-project/kaden/callout"
	"github.com/kaden-project/kaden/number"
	"github.com/kaden-project/kaden/oncall"
	"github.com/kaden-project/kaden/problem"
	"github.com/kaden-project/kaden/problem/yamldoc"
	"github.com/kaden-project/kaden/trunk"
)

// checkPlan: everybody a plan calls exists, and so does each trunk it shows a number on.
func (c *compiling) checkPlan(d Document, p callout.Plan, refs []callout.Reference) {
	for _, r := range refs {
		c.checkName(d, r.Text, r.Line, r.Column)
	}
	c.checkNotices(d, p)
	if len(p.From) == 0 {
		return
	}
	from := yamldoc.Parse([]byte(d.Text)).Take("from")
	if !from.IsMap() {
		return
	}
	shown := from.Map()
	for _, t := range shown.Keys() {
		if c.exists(kindTrunk, t) || c.exists(kindUpstream, t) {
			continue
		}
		line, column := shown.Take(t).Place()
		c.note(d, problem.Problem{Line: line, Column: column, Level: problem.Error, Verb: "from",
			Text: fmt.Sprintf("there is no trunk %q, so this number is never shown", t), Hint: meant(t, append(c.names(kindTrunk), c.names(kindUpstream)...))})
	}
}

// checkNotices: whom a plan tells when nobody took the alert. A notice that is not there is no reason to
// refuse a plan, because the timeline and the log say it all the same.
func (c *compiling) checkNotices(d Document, p callout.Plan) {
	if len(p.Otherwise) == 0 {
		return
	}
	for _, v := range yamldoc.Parse([]byte(d.Text)).Take("otherwise").List() {
		name, ok := strings.CutPrefix(v.Text(), "notify:")
		if !ok || c.exists(kindNotice, name) {
			continue
		}
		line, column := v.Place()
		c.note(d, problem.Problem{Line: line, Column: column, Level: c.dangling(), Verb: "otherwise",
			Text: fmt.Sprintf("there is no notice %q: it is said on the console and in the log only", name), Hint: meant(name, c.names(kindNotice))})
	}
}

func (c *compiling) checkMembers(d Document, members []oncall.Reference) {
	for _, m := range members {
		c.checkName(d, m.Text, m.Line, m.Column)
	}
}

// checkName notes a name of a person or @group that nobody has.
func (c *compiling) checkName(d Document, name string, line, column int) {
	p := problem.Problem{Line: line, Column: column, Level: problem.Error, Verb: name}
	group, isGroup := strings.CutPrefix(name, "@")
	switch {
	case strings.HasPrefix(name, "on-call:"):
		p.Text, p.Hint = "rotations do not exist here yet", "name people or a group"
	case isGroup && !c.exists(kindGroup, group):
		p.Text, p.Hint = fmt.Sprintf("there is no group %s", name), meant("@"+group, prefixed("@", c.names(kindGroup)))
		if c.exists(kindPerson, group) {
			p.Hint = group + " is a person: write it without @"
		}
	case !isGroup && !c.exists(kindPerson, name):
		p.Text, p.Hint = fmt.Sprintf("there is no person %q", name), meant(name, c.names(kindPerson))
		if c.exists(kindGroup, name) {
			p.Hint = fmt.Sprintf(`%s is a group: write "@%s"`, name, name)
		}
	default:
		return
	}
	c.note(d, p)
}

func prefixed(prefix string, names []string) []string {
	out := make([]string, len(names))
	for i, n := range names {
		out[i] = prefix + n
	}
	return out
}

func meant(name string, names []string) string {
	if near := yamldoc.Nearest(name, names); near != "" {
		return "did you mean " + near + "?"
	}
	if len(names) == 0 {
		return "there is none yet"
	}
	return "there are " + strings.Join(names[:min(len(names), 8)], ", ")
}

// checkPINs: two persons with one PIN cannot be told apart by it.
func (c *compiling) checkPINs() {
	first := map[string]string{}
	for _, name := range slices.Sorted(maps.Keys(c.set.People)) {
		pin := c.set.People[name].PIN
		other, twice := first[pin]
		switch d := c.declared[kindPerson+" "+name]; {
		case pin == "":
		case twice:
			line, column := yamldoc.Parse([]byte(d.Text)).Take("pin").Place()
			c.note(d, problem.Problem{Line: line, Column: column, Level: problem.Warning, Verb: "pin",
				Text: fmt.Sprintf("%s has the same PIN: from a number that is not theirs, it lets in neither", other), Hint: "give each person their own"})
		default:
			first[pin] = name
		}
	}
}

// checkPerson: a contact that no trunk can reach is refused when it is saved, with the reason, and a
// person whom nothing reaches is named.
func (c *compiling) checkPerson(d Document, p oncall.Person) {
	var places yamldoc.Value // read again only where there is something to say
	var unreached []string
	for _, m := range p.Contacts {
		why := c.unreached(m)
		if why == "" {
			c.warnOf(d, m)
			continue
		}
		if len(unreached) == 0 {
			places = yamldoc.Parse([]byte(d.Text)).Take("contacts")
		}
		unreached = append(unreached, m.Address.String())
		if len(c.set.Lines()) == 0 {
			continue // said once for the person
		}
		line, column := contactPlace(places, m)
		c.note(d, problem.Problem{Line: line, Column: column, Level: problem.Error, Verb: "contacts",
			Text: fmt.Sprintf("%s cannot be called: %s", m.Address, why), Hint: "remove it, or add a trunk that reaches it"})
	}
	if len(unreached) < len(p.Contacts) {
		return
	}
	why := "no trunk takes their numbers"
	if len(c.set.Lines()) == 0 {
		why = "there is no trunk to the telephone network"
	}
	line, column := places.Place()
	c.note(d, problem.Problem{Line: line, Column: column, Level: problem.Warning, Verb: d.Name,
		Text: fmt.Sprintf("nothing reaches %s: %s", d.Name, why), Hint: "add a trunk, or a contact with sip: or client:"})
}

// unreached says why no trunk takes a contact; addresses without the telephone network are reached.
func (c *compiling) unreached(m oncall.Method) string {
	if m.Address.Scheme != number.Tel {
		return ""
	}
	candidates, refused := trunk.Choose(c.set.Lines(), m.Address.Number, nil)
	if len(candidates) > 0 {
		return ""
	}
	var why []string
	for _, reason := range refused {
		if !slices.Contains(why, reason) {
			why = append(why, reason)
		}
	}
	slices.Sort(why)
	if len(why) == 0 {
		return "there is no trunk"
	}
	return strings.Join(why, "; ")
}

// warnOf notes what speaks against a contact that trunks take.
func (c *compiling) warnOf(d Document, m oncall.Method) {
	if m.Address.Scheme != number.Tel {
		return
	}
	why := trunk.Warning(c.set.Lines(), m.Address.Number)
	if why == "" {
		return
	}
	line, column := contactPlace(yamldoc.Parse([]byte(d.Text)).Take("contacts"), m)
	c.note(d, problem.Problem{Line: line, Column: column, Level: problem.Warning, Verb: "contacts",
		Text: fmt.Sprintf("%s can be called, but %s", m.Address, why), Hint: "a trunk that says allow: is not warned of"})
}

// contactPlace finds a contact in its document again.
func contactPlace(contacts yamldoc.Value, m oncall.Method) (line, column int) {
	for _, address := range oncall.Addresses(contacts) {
		if a, err := number.ParseAddress(address.Text()); err == nil && a == m.Address {
			return address.Place()
		}
	}
	return contacts.Place()
}

// checkSource: the plan of a source exists.
func (c *compiling) checkSource(d Document, s alert.Source, plan yamldoc.Value) {
	if s.Plan == "" && c.strict && !c.exists(kindPlan, usualPlan) {
		c.note(d, problem.Problem{Line: 1, Column: 1, Level: problem.Error, Verb: kindSource,
			Text: fmt.Sprintf("there is no plan %q, which is that of a source without plan:", usualPlan), Hint: "give it a plan:"})
	}
	if s.Plan == "" || c.exists(kindPlan, s.Plan) {
		return
	}
	line, column := plan.Place()
	c.note(d, problem.Problem{Line: line, Column: column, Level: problem.Error, Verb: "plan",
		Text: fmt.Sprintf("there is no plan %q", s.Plan), Hint: meant(s.Plan, c.names(kindPlan))})
}

// checkCycles notes each group that contains itself, at the member that closes the circle.
func (c *compiling) checkCycles() {
	groups := map[string]membership{}
	for _, m := range c.members {
		groups[m.doc.Name] = m
	}
	done := map[string]bool{}
	var visit func(name string, path []string)
	visit = func(name string, path []string) {
		g, ok := groups[name]
		if !ok || done[name] {
			return
		}
		path = append(slices.Clone(path), name)
		for _, m := range g.members {
			inner, isGroup := strings.CutPrefix(m.Text, "@")
			if !isGroup {
				continue
			}
			if at := slices.Index(path, inner); at >= 0 {
				circle := append(prefixed("@", path[at:]), m.Text)
				c.note(g.doc, problem.Problem{Line: m.Line, Column: m.Column, Level: problem.Error, Verb: m.Text,
					Text: "a group cannot contain itself: " + strings.Join(circle, " → "), Hint: "remove one of them"})
				continue
			}
			visit(inner, path)
		}
		done[name] = true
	}
	for _, m := range c.members {
		visit(m.doc.Name, nil)
	}
}
