package main

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/kaden-project/kaden/callout"
	"github.com/kaden-project/kaden/number"
	"github.com/kaden-project/kaden/oncall"
	"github.com/kaden-project/kaden/problem"
	"github.com/kaden-project/kaden/problem/yamldoc"
	"github.com/kaden-project/kaden/trunk"
)

// trunksOf reads the trunks of a file. Their secrets are not looked up, and what is wrong in them is for apply to say.
func trunksOf(docs []yamlDocument) (trunks []trunk.Trunk) {
	for _, d := range docs {
		if d.kind != "trunk" {
			continue
		}
		if t, problems := trunk.Read(d.text, nil); !problems.Refused() {
			trunks = append(trunks, t)
		}
	}
	return trunks
}

// reach says why no trunk of a file takes an address, or what speaks against calling it over those that do. A file
// without trunks says nothing about lines.
func reach(trunks []trunk.Trunk, a number.Address) (refused, warning string) {
	if a.Scheme != number.Tel || len(trunks) == 0 {
		return "", ""
	}
	taken, no := trunk.Choose(trunks, a.Number, nil)
	if len(taken) > 0 {
		return "", trunk.Warning(trunks, a.Number)
	}
	return strings.Join(slices.Compact(slices.Sorted(maps.Values(no))), "; "), ""
}

// simulatedLines are the trunks of a file as a plan's simulation meets them.
type simulatedLines struct {
	trunks    []trunk.Trunk
	plan      callout.Plan
	strangers map[string]bool // addresses of those whom the file does not define
	channels  int             // of each line, whatever its trunk says; 0 leaves it to the trunk
	interval  time.Duration   // likewise
}

// undefined are the addresses of those whom the file does not define.
func undefined(known oncall.Directory, roster callout.Roster) map[string]bool {
	strangers := map[string]bool{}
	for _, people := range roster {
		for _, p := range people {
			if _, ok := known.People[p.ID]; !ok {
				for _, m := range p.Methods {
					strangers[m.Address] = true
				}
			}
		}
	}
	return strangers
}

// taking finds the lines that take an address. Somebody whom the file does not define is called over any of its
// trunks; other addresses than telephone numbers need none.
func (l simulatedLines) taking() func(address string) []callout.Line {
	if len(l.trunks) == 0 {
		return nil
	}
	known, lists := map[string][]callout.Line{}, map[string][]callout.Line{} // by address; by what is in the list
	return func(address string) []callout.Line {
		lines, done := known[address]
		if !done {
			lines = l.of(address)
			key := fmt.Sprint(lines)
			if other, there := lists[key]; there {
				lines = other
			}
			lists[key], known[address] = lines, lines
		}
		return lines
	}
}

func (l simulatedLines) of(address string) (lines []callout.Line) {
	to := anyMobile
	if !l.strangers[address] {
		a, err := number.ParseAddress(address)
		if err != nil || a.Scheme != number.Tel {
			return nil
		}
		to = a.Number
	}
	taken, _ := trunk.Choose(l.trunks, to, l.plan.FromOrder)
	for _, t := range taken {
		lines = append(lines, l.line(t))
	}
	return lines
}

// anyMobile stands for whoever is not in the file.
const anyMobile = number.Number("+819000000000")

func (l simulatedLines) line(t trunk.Trunk) callout.Line {
	from := cmp.Or(l.plan.From[t.Name], t.From)
	line := callout.Line{Name: t.Name, Channels: l.channels, Interval: cmp.Or(l.interval, t.Interval), Gate: t.GateKey(from)}
	if line.Channels == 0 && t.Channels > 0 {
		line.Channels = t.Lines().Free()
	}
	return line
}

// words say what limits the calls, for those trunks that limit them.
func (l simulatedLines) words() (words []string) {
	for _, t := range l.trunks {
		var limits []string
		line := l.line(t)
		if n := line.Channels; n > 0 {
			text := "carries " + counted(n, "call") + " of ours at a time"
			if l.channels == 0 && n < t.Channels {
				text += fmt.Sprintf(" (of %d channels one is kept for people who call back)", t.Channels)
			}
			limits = append(limits, text)
		}
		if line.Interval > 0 {
			text := "takes a new one every " + shortTime(line.Interval)
			if t.Per != "" && t.Per != trunk.PerTrunk && l.interval == 0 {
				text += ", counted for each " + t.Per
			}
			limits = append(limits, text)
		}
		if len(limits) > 0 {
			words = append(words, "trunk "+t.Name+" "+strings.Join(limits, ", and "))
		}
	}
	return words
}

// contactsOf says which contacts of a file's people no trunk of it takes, as apply would.
func contactsOf(docs []yamlDocument) (list problem.List) {
	trunks := trunksOf(docs)
	for _, d := range docs {
		if d.kind != "person" {
			continue
		}
		var own problem.List
		for _, text := range oncall.Addresses(yamldoc.Parse(d.text).Take("contacts")) {
			a, err := number.ParseAddress(text.Text())
			if err != nil {
				continue // a person's own document is for apply
			}
			p := problem.Problem{Verb: "contacts"}
			p.Line, p.Column = text.Place()
			switch refused, warning := reach(trunks, a); {
			case refused != "":
				p.Level, p.Text, p.Hint = problem.Error, fmt.Sprintf("%s cannot be called: %s", a, refused), "remove it, or add a trunk that reaches it"
			case warning != "":
				p.Level, p.Text = problem.Warning, fmt.Sprintf("%s can be called, but %s", a, warning)
			default:
				continue
			}
			own = append(own, p)
		}
		list = append(list, d.placed(own)...)
	}
	return list
}

// emptyGroups says which groups of a file have nobody, because a plan that calls one calls nobody.
func emptyGroups(docs []yamlDocument) (list problem.List) {
	for _, d := range docs {
		if d.kind != "group" {
			continue
		}
		if _, members, own := oncall.ReadGroup(d.text); len(members) == 0 {
			list = append(list, d.placed(own)...)
		}
	}
	return list
}

// reachable is a person as the plan's machine knows them: with the contacts that some trunk of the file takes.
func reachable(p oncall.Person, trunks []trunk.Trunk) callout.Person {
	out := callout.Person{ID: p.ID}
	var why []string
	for _, m := range p.Contacts {
		if refused, _ := reach(trunks, m.Address); refused != "" {
			why = append(why, refused)
			continue
		}
		out.Methods = append(out.Methods, callout.Method{Address: m.Address.String(), Ring: time.Duration(m.Ring) * time.Second, Together: m.Together})
	}
	if len(out.Methods) == 0 && len(why) > 0 {
		out.Refused = strings.Join(why, "; ")
	}
	return out
}
