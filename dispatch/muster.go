package dispatch

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/kaden-project/kaden/callout"
	"github.com/kaden-project/kaden/manifest"
	"github.com/kaden-project/kaden/number"
	"github.com/kaden-project/kaden/oncall"
	"github.com/kaden-project/kaden/problem"
	"github.com/kaden-project/kaden/trunk"
)

// muster resolves the names of a step into people who can be rung now. Whoever cannot be reached, and
// every name that means nobody, is in the list too, with the reason: nobody is skipped silently.
//
// had is the house when the call-out began, nil for none. Who is named and was deleted since is called as they were then: a call-out
// goes on with what it had.
func (d *Dispatcher) muster(set, had *manifest.Set, refs []string, at time.Time) []callout.Person {
	everybody := set.Directory()
	var out []callout.Person
	for _, ref := range refs {
		if ref == callout.DefaultContacts {
			out = append(out, d.defaults(set, at)...)
			continue
		}
		people, problems := everybody.Resolve([]string{ref}, at)
		if had != nil && problems.Refused() {
			if before, wrong := had.Directory().Resolve([]string{ref}, at); !wrong.Refused() {
				people, problems = before, wrong
			}
		}
		for _, p := range people {
			out = append(out, d.reach(set, p))
		}
		for _, why := range problems {
			if why.Level == problem.Error {
				out = append(out, callout.Person{ID: ref, Refused: why.Text})
			}
		}
	}
	return out
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
		out.Methods = append(out.Methods, callout.Method{Address: m.Address.String(), Ring: time.Duration(m.Ring) * time.Second, Together: m.Together})
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
	if len(set.Lines()) == 0 {
		return "no trunk to the telephone network is set up"
	}
	candidates, refused := trunk.Choose(set.Lines(), a.Number, nil)
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

// causeNoOne is the cause of the notice that there is nobody to call.
const causeNoOne = "no-one"

// alarm says at once and loudly that there is nobody to call: in the whole plan, or among those who are
// called when everything else has failed.
func (t *turn) alarm(set *manifest.Set, at time.Time, c callout.Command, people []callout.Person) {
	if c.Round > 1 || t.run.barren || c.Step == callout.StepCheck || slices.ContainsFunc(people, reachable) {
		return
	}
	what := "nobody of the default contacts can be called"
	if c.Step >= 0 {
		var refs []string
		for _, step := range t.state.Plan.Steps {
			refs = append(refs, step.Call...)
		}
		people = t.d.muster(set, t.run.had, refs, at)
		if slices.ContainsFunc(people, reachable) {
			return
		}
		what = fmt.Sprintf("nobody of plan %q can be called", t.state.Plan.Name)
	}
	t.notice(at, causeNoOne, what+": "+reasons(people))
}

func reachable(p callout.Person) bool { return len(p.Methods) > 0 }

// reasons says of each person why they cannot be called.
func reasons(people []callout.Person) string {
	if len(people) == 0 {
		return "there is nobody"
	}
	const most = 8
	var out []string
	for _, p := range people[:min(most, len(people))] {
		out = append(out, p.ID+": "+p.Refused)
	}
	if rest := len(people) - most; rest > 0 {
		out = append(out, fmt.Sprintf("and %d more", rest))
	}
	return strings.Join(out, "; ")
}
