package manifest

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/kaden-project/kaden/account"
	"github.com/kaden-project/kaden/alert"
	"github.com/kaden-project/kaden/callout"
	"github.com/kaden-project/kaden/notice"
	"github.com/kaden-project/kaden/oncall"
	"github.com/kaden-project/kaden/problem"
	"github.com/kaden-project/kaden/tariff"
	"github.com/kaden-project/kaden/trunk"
)

// Secrets finds what a reference to a secret stands for: env:NAME, file:PATH. Compile asks it for nothing
// else; a secret written out is taken as it is. nil leaves references as they are written.
type Secrets func(reference string) (string, error)

// Compile reads documents and checks them against one another. Problems come with the file and line of
// the document; one that came from the store is named by its kind and name instead.
//
// The Set is always usable: it holds every document that has no error of its own. So a house that was
// applied once goes on working when one of its secrets is missing, and a typo in a new file is refused
// before it is applied (List.Refused).
func Compile(docs []Document, secrets Secrets) (*Set, problem.List) {
	return compiled(docs, secrets, false)
}

func compiled(docs []Document, secrets Secrets, strict bool) (*Set, problem.List) {
	c := &compiling{
		strict: strict,
		set: &Set{
			People:  map[string]oncall.Person{},
			Groups:  map[string]oncall.Group{},
			Plans:   map[string]callout.Plan{},
			Sources: map[string]alert.Source{},
			Notices: map[string]notice.Notice{},
			Bins:    map[string]account.Bin{},
			Apps:    map[string]account.Application{},
		},
		secrets:  secrets,
		declared: map[string]Document{},
		numbers:  map[string]Document{},
	}
	for _, d := range docs {
		c.read(d)
	}
	for _, check := range c.checks {
		check()
	}
	c.joinDomains()
	c.checkCycles()
	c.checkPINs()
	slices.SortFunc(c.set.Trunks, func(a, b trunk.Trunk) int { return strings.Compare(a.Name, b.Name) })
	slices.SortFunc(c.set.Upstreams, func(a, b trunk.Upstream) int { return strings.Compare(a.Name, b.Name) })
	slices.SortFunc(c.set.Budgets, func(a, b tariff.Budget) int { return strings.Compare(a.Name, b.Name) })
	slices.SortFunc(c.set.Numbers, func(a, b account.Number) int { return strings.Compare(a.Number, b.Number) })
	c.problems.Sort()
	return c.set, c.problems
}

// DefaultNotice is the notice that is told everything loud, if there is one.
func (s *Set) DefaultNotice() (name string, ok bool) {
	_, ok = s.Notices[notice.Default]
	return notice.Default, ok
}

// Directory is the people and groups of the set, to be asked who is meant.
func (s *Set) Directory() oncall.Directory {
	return oncall.Directory{People: s.People, Groups: s.Groups}
}

type compiling struct {
	set      *Set
	secrets  Secrets
	strict   bool // a name that leads nowhere is an error everywhere
	problems problem.List
	declared map[string]Document // by "kind name", broken ones too: a name that exists is no typo
	numbers  map[string]Document
	members  []membership
	phones   []phoneDocument
	checks   []func() // against the others, once all are read
}

// membership is a group's document with its members' places.
type membership struct {
	doc     Document
	group   oncall.Group
	members []oncall.Reference
}

// where is a document as people find it again.
func (d Document) where() string {
	switch {
	case d.File != "" && d.Line > 0:
		return fmt.Sprintf("%s:%d", d.File, d.Line)
	case d.Line > 0:
		return fmt.Sprintf("line %d", d.Line)
	}
	return d.Kind + " " + d.Name
}

// note takes over problems of one document, with places in its file.
func (c *compiling) note(d Document, list ...problem.Problem) {
	for _, p := range list {
		p.File = d.File
		if d.Line > 0 {
			p.Line = max(1, p.Line) + d.Line - 1
		} else if d.File == "" {
			p.File = d.Kind + " " + d.Name
		}
		c.problems = append(c.problems, p)
	}
}

func (c *compiling) read(d Document) {
	if first, twice := c.declared[d.Kind+" "+d.Name]; twice {
		c.note(d, problem.Problem{Line: 1, Column: 1, Level: problem.Error, Verb: d.Kind,
			Text: fmt.Sprintf("%s %s is described twice, first in %s", d.Kind, d.Name, first.where()), Hint: "remove one of them"})
		return
	}
	c.declared[d.Kind+" "+d.Name] = d
	text := []byte(d.Text)
	switch d.Kind {
	case kindPerson:
		p, list := oncall.ReadPerson(text)
		c.note(d, list...)
		if !list.Refused() {
			c.set.People[d.Name] = p
			c.checks = append(c.checks, func() { c.checkPerson(d, p); c.checkRegistered(d, p) })
		}
	case kindGroup:
		g, members, list := oncall.ReadGroup(text)
		c.note(d, list...)
		if !list.Refused() {
			c.set.Groups[d.Name] = g
			c.members = append(c.members, membership{d, g, members})
			c.checks = append(c.checks, func() { c.checkMembers(d, members) })
		}
	case kindPlan:
		p, refs, list := callout.ParsePlan(text)
		c.note(d, list...)
		if !list.Refused() {
			c.set.Plans[d.Name] = p
		}
		c.checks = append(c.checks, func() { c.checkPlan(d, p, refs) })
	case kindTrunk:
		t, list := trunk.Read(text, c.secrets)
		c.note(d, list...)
		if !list.Refused() {
			c.set.Trunks = append(c.set.Trunks, t)
		}
	case kindUpstream:
		u, list := trunk.ReadUpstream(text, c.secrets)
		c.note(d, list...)
		if !list.Refused() {
			c.set.Upstreams = append(c.set.Upstreams, u)
		}
		c.checks = append(c.checks, func() { c.checkUpstream(d) })
	case kindSource:
		s, plan, list := readSource(text, c.secrets)
		c.note(d, list...)
		if !list.Refused() {
			c.set.Sources[d.Name] = s
		}
		c.checks = append(c.checks, func() { c.checkSource(d, s, plan) })
	case kindBin:
		b, twiml, list := account.ReadBin(text)
		c.note(d, list...)
		if !list.Refused() && c.checkBin(d, b, twiml) {
			c.set.Bins[d.Name] = b
		}
		c.checks = append(c.checks, func() { c.checkBinAlone(d, b) })
	case kindApp:
		a, list := account.ReadApplication(text)
		c.note(d, list...)
		if !list.Refused() {
			c.set.Apps[d.Name] = a
		}
		c.checks = append(c.checks, func() { c.checkNamed(d, "bin", kindBin, a.Voice.Bin) })
	case kindNumber:
		c.readNumber(d, text)
	case kindDomain:
		c.readDomain(d)
	case kindPhone:
		c.readPhone(d)
	case kindNotice:
		n, list := notice.Read(text, c.secrets)
		c.note(d, list...)
		if !list.Refused() {
			c.set.Notices[d.Name] = n
		}
	case kindBudget:
		b, list := tariff.ReadBudget(text)
		c.note(d, list...)
		if !list.Refused() {
			c.checks = append(c.checks, func() { c.checkBudget(d, b) })
		}
	default:
		c.note(d, problem.Problem{Line: 1, Column: 1, Level: problem.Error, Text: fmt.Sprintf("%q is not a kind of document", d.Kind),
			Hint: "one of " + strings.Join(Kinds(), ", ")})
	}
}

func (c *compiling) readNumber(d Document, text []byte) {
	n, list := account.ReadNumber(text)
	c.note(d, list...)
	if list.Refused() {
		return
	}
	if first, twice := c.numbers[n.Number]; twice {
		c.note(d, problem.Problem{Line: 1, Column: 1, Level: problem.Error, Verb: kindNumber,
			Text: fmt.Sprintf("number %s is described twice, first in %s", n.Number, first.where()), Hint: "remove one of them"})
		return
	}
	c.numbers[n.Number] = d
	c.set.Numbers = append(c.set.Numbers, n)
	c.checks = append(c.checks, func() { c.checkNumber(d, n) })
}

// names lists the names of one kind, broken documents included.
func (c *compiling) names(kind string) (names []string) {
	for _, k := range slices.Sorted(maps.Keys(c.declared)) {
		if n, ok := strings.CutPrefix(k, kind+" "); ok {
			names = append(names, n)
		}
	}
	return names
}

func (c *compiling) exists(kind, name string) bool {
	_, ok := c.declared[kind+" "+name]
	return ok
}
