package main

import (
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

// contactsOf says which contacts of a file's people no trunk of it takes, as apply would.
func contactsOf(docs []yamlDocument) (list problem.List) {
	trunks := trunksOf(docs)
	for _, d := range docs {
		if d.kind != "person" {
			continue
		}
		var own problem.List
		for _, item := range yamldoc.Parse(d.text).Take("contacts").List() {
			text := item
			if item.IsMap() {
				text = item.Map().Take("address")
			}
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

// reachable is a person as the plan's machine knows them: with the contacts that some trunk of the file takes.
func reachable(p oncall.Person, trunks []trunk.Trunk) callout.Person {
	out := callout.Person{ID: p.ID}
	var why []string
	for _, m := range p.Contacts {
		if refused, _ := reach(trunks, m.Address); refused != "" {
			why = append(why, refused)
			continue
		}
		out.Methods = append(out.Methods, callout.Method{Address: m.Address.String(), Ring: time.Duration(m.Ring) * time.Second})
	}
	if len(out.Methods) == 0 && len(why) > 0 {
		out.Refused = strings.Join(why, "; ")
	}
	return out
}
