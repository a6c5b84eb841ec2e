package manifest

import (
	"fmt"
	"slices"
	"strings"

	"github.com/kaden-project/kaden/problem"
	"github.com/kaden-project/kaden/problem/yamldoc"
)

// Ref names a document: plan night-shift.
type Ref struct{ Kind, Name string }

// String is the name as it is printed when the document is applied.
func (r Ref) String() string { return r.Kind + " " + r.Name }

// ParseRef reads plan/night-shift. The kind may stand in the plural.
func ParseRef(text string) (Ref, error) {
	kind, name, ok := strings.Cut(text, "/")
	if !ok || kind == "" || name == "" {
		return Ref{}, fmt.Errorf("%q names no document; write its kind and its name, such as plan/night-shift", text)
	}
	if one := strings.TrimSuffix(kind, "s"); slices.Contains(Kinds(), one) {
		kind = one
	}
	if slices.Contains(Kinds(), kind) {
		return Ref{kind, name}, nil
	}
	hint := "one of " + strings.Join(Kinds(), ", ")
	if near := yamldoc.Nearest(kind, Kinds()); near != "" {
		hint = "did you mean " + near + "?"
	}
	return Ref{}, fmt.Errorf("%q is no kind of document (%s)", kind, hint)
}

// NotThere says that there is no such document, and which may have been meant.
type NotThere struct {
	Ref
	Hint string
}

func (e *NotThere) Error() string { return "there is no " + e.Ref.String() }

// Without is the documents less those that are named; a *NotThere if one is not among them.
func Without(docs []Document, refs ...Ref) ([]Document, error) {
	left := slices.Clone(docs)
	for _, r := range refs {
		i := slices.IndexFunc(left, func(d Document) bool { return d.Kind == r.Kind && d.Name == r.Name })
		switch {
		case i >= 0:
			left = slices.Delete(left, i, i+1)
		case !slices.ContainsFunc(docs, func(d Document) bool { return d.Kind == r.Kind && d.Name == r.Name }): // else it is named twice
			var names []string
			for _, d := range docs {
				if d.Kind == r.Kind {
					names = append(names, d.Name)
				}
			}
			return nil, &NotThere{r, meant(r.Name, names)}
		}
	}
	return left, nil
}

// Needed says what is wrong with the documents that are left and was not with all of them: whatever still points at one
// that is taken away, at its place, and whatever no longer works. Errors forbid to take them away. Here a name that leads nowhere is one even
// where applying the document would only warn of it.
func Needed(all, left []Document, secrets Secrets) problem.List {
	_, before := compiled(all, secrets, true)
	_, after := compiled(left, secrets, true)
	return News(after, before)
}

// News is what of found was not known before. A hint makes no difference: it may list what else there is.
func News(found, before problem.List) problem.List {
	bare := func(p problem.Problem) problem.Problem { p.Hint = ""; return p }
	return slices.DeleteFunc(slices.Clone(found), func(p problem.Problem) bool {
		return slices.ContainsFunc(before, func(o problem.Problem) bool { return bare(o) == bare(p) })
	})
}

// usualPlan is the plan of sources that name none.
const usualPlan = "default"

// dangling is how bad a name is that leads nowhere, where a document may be applied all the same.
func (c *compiling) dangling() problem.Level {
	if c.strict {
		return problem.Error
	}
	return problem.Warning
}
