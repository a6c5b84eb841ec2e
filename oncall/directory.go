package oncall

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/kaden-project/kaden/problem"
)

// Directory is everybody there is. It does not change; a new one takes its place.
type Directory struct {
	People map[string]Person
	Groups map[string]Group
}

// Resolve says whom refs mean at a moment: sato is a person, @db-team a group with all who are in it.
// Each person comes once, at the first place. What cannot be resolved is left out and noted with the
// reason, so that a typo in one name does not keep the others from being called; the list of people is
// usable whatever the problems.
func (d Directory) Resolve(refs []string, at time.Time) (people []Person, problems problem.List) {
	r := resolving{directory: d, seen: map[string]bool{}}
	for _, ref := range refs {
		r.add(ref, nil)
	}
	return r.people, r.problems
}

type resolving struct {
	directory Directory
	seen      map[string]bool // people and @groups that were taken
	people    []Person
	problems  problem.List
}

func (r *resolving) add(ref string, through []string) {
	ref = strings.TrimSpace(ref)
	if group, ok := strings.CutPrefix(ref, "@"); ok {
		r.addGroup(group, through)
		return
	}
	if rota, ok := strings.CutPrefix(ref, "on-call:"); ok {
		r.note(problem.Error, ref, through, fmt.Sprintf("who is on duty for %q is not known: rotations do not exist here yet", rota), "name people or a group")
		return
	}
	person, ok := r.directory.People[ref]
	if !ok {
		r.note(problem.Error, ref, through, fmt.Sprintf("there is no person %q", ref), "")
		return
	}
	if r.seen[ref] {
		return // once, at the first place
	}
	r.seen[ref] = true
	r.people = append(r.people, person)
}

func (r *resolving) addGroup(id string, through []string) {
	ref := "@" + id
	if slices.Contains(through, ref) {
		r.note(problem.Error, ref, through, fmt.Sprintf("group %s contains itself", ref), "")
		return
	}
	group, ok := r.directory.Groups[id]
	if !ok {
		r.note(problem.Error, ref, through, fmt.Sprintf("there is no group %s", ref), "")
		return
	}
	if r.seen[ref] {
		return // all who are in it were taken already
	}
	defer func() { r.seen[ref] = true }()
	if len(group.Members) == 0 {
		r.note(problem.Warning, ref, through, fmt.Sprintf("nobody is in group %s", ref), "")
	}
	for _, m := range group.Members {
		r.add(m, append(slices.Clone(through), ref))
	}
}

func (r *resolving) note(level problem.Level, ref string, through []string, text, hint string) {
	if len(through) > 0 {
		text += " (through " + strings.Join(through, " → ") + ")"
	}
	p := problem.Problem{Level: level, Verb: ref, Text: text, Hint: hint}
	if !slices.Contains(r.problems, p) {
		r.problems = append(r.problems, p)
	}
}
