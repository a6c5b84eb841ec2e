package dispatch

import (
	"fmt"
	"slices"
	"strings"

	"github.com/kaden-project/kaden/callout"
	"github.com/kaden-project/kaden/manifest"
	"github.com/kaden-project/kaden/number"
	"github.com/kaden-project/kaden/oncall"
	"github.com/kaden-project/kaden/trunk"
)

// muster resolves the names of a step into people who can be rung now. Whoever cannot be reached is in
// the list too, with the reason: nobody is skipped silently.
func (d *Dispatcher) muster(set *manifest.Set, refs []string) []callout.Person {
	var out []callout.Person
	for _, ref := range refs {
		people, refused := expand(set, ref, nil)
		if refused != "" {
			out = append(out, callout.Person{ID: ref, Refused: refused})
			continue
		}
		for _, p := range people {
			out = append(out, d.reach(set, p))
		}
	}
	return out
}

// expand follows groups. A group within itself is read once.
func expand(set *manifest.Set, ref string, seen []string) (people []oncall.Person, refused string) {
	if rota, ok := strings.CutPrefix(ref, "on-call:"); ok {
		return nil, fmt.Sprintf("there is no schedule %q: on-call schedules are not built yet", rota)
	}
	if name, ok := strings.CutPrefix(ref, "@"); ok {
		g, known := set.Groups[name]
		if !known {
			return nil, fmt.Sprintf("there is no group %q", name)
		}
		if slices.Contains(seen, name) {
			return nil, ""
		}
		for _, m := range g.Members {
			more, why := expand(set, m, append(seen, name))
			if why != "" {
				return nil, why
			}
			people = append(people, more...)
		}
		return people, ""
	}
	p, known := set.People[ref]
	if !known {
		return nil, fmt.Sprintf("there is no person %q", ref)
	}
	return []oncall.Person{p}, ""
}

// reach keeps the contact methods that can be dialled from here, in their order.
func (d *Dispatcher) reach(set *manifest.Set, p oncall.Person) callout.Person {
	out := callout.Person{ID: p.ID}
	var why []string
	for _, m := range p.Contacts {
		if reason := d.unreachable(set, m.Address); reason != "" {
			why = append(why, reason)
			continue
		}
		out.Methods = append(out.Methods, callout.Method{Address: m.Address.String(), Ring: m.Ring})
	}
	if len(out.Methods) == 0 {
		out.Refused = "no contact method"
		if len(why) > 0 {
			out.Refused = strings.Join(why, "; ")
		}
	}
	return out
}

// unreachable says why an address cannot be dialled from here, "" if it can.
func (d *Dispatcher) unreachable(set *manifest.Set, a number.Address) string {
	if !slices.Contains(d.cfg.Schemes, a.Scheme) {
		return fmt.Sprintf("%s: addresses cannot be called from here yet", a.Scheme)
	}
	if a.Scheme != number.Tel {
		return ""
	}
	if len(set.Trunks) == 0 {
		return "no trunk to the telephone network is set up"
	}
	candidates, refused := trunk.Choose(set.Trunks, a.Number, nil)
	if len(candidates) > 0 {
		return ""
	}
	var why []string
	for name, reason := range refused {
		why = append(why, name+": "+reason)
	}
	slices.Sort(why)
	return strings.Join(why, ", ")
}
