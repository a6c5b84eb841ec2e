package callout

import (
	"errors"
	"fmt"
	"regexp"
	"strings"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"

	"github.com/kaden-project/kaden/problem"
)

// Reference is a name a plan relies on, as it was written: a person (sato), a group (@db-team), a
// schedule (on-call:primary). Line and Column count from 1. Whether it exists is checked by who knows.
type Reference struct {
	Text         string
	Line, Column int
}

// maxPlan is the size of a plan's text: room for 50,000 names.
const maxPlan = 1 << 20

// ParsePlan reads one plan in YAML and checks it. The plan has its defaults filled in; with problems
// of level Error it must not be used. References come in the order written, once for each place.
// Problems have the line and column of the word they are about, and come in reading order.
func ParsePlan(text []byte) (p Plan, refs []Reference, list problem.List) {
	r := &reader{}
	defer func() {
		if v := recover(); v != nil { // the YAML library gives up on some broken texts this way
			r.add(problem.Error, 1, 1, "", fmt.Sprintf("cannot be read as YAML: %v", v), "")
		}
		r.problems.Sort()
		p, refs, list = p.WithDefaults(), r.refs, r.problems
	}()
	p = r.document(text)
	return p, r.refs, r.problems
}

// reader collects what is found in one document.
type reader struct {
	problems problem.List
	refs     []Reference
}

func (r *reader) document(text []byte) (p Plan) {
	if len(text) > maxPlan {
		r.add(problem.Error, 1, 1, "plan", "is longer than 1 MiB", "use groups instead of long lists")
		return p
	}
	file, err := parser.ParseBytes(text, 0)
	if err != nil {
		r.syntax(err)
		return p
	}
	var body ast.Node
	for _, doc := range file.Docs {
		if doc.Body == nil {
			continue
		}
		if body != nil {
			r.err(doc.Body, "", "a second document begins here", "one plan is one document")
			return p
		}
		body = doc.Body
	}
	if body == nil {
		r.add(problem.Error, 1, 1, "plan", "there is nothing here", "begin with plan: and a name")
		return p
	}
	entries, ok := r.entries(body, "plan")
	if !ok {
		return p
	}
	if len(entries) == 0 || entries[0].key != "plan" {
		r.err(body, "plan", "the first key has to be plan", "plan: night-shift")
	}
	return r.plan(entries, body)
}

func (r *reader) syntax(err error) {
	line, column, text := 1, 1, err.Error()
	var y yaml.Error
	if errors.As(err, &y) {
		text = y.GetMessage()
		if tk := y.GetToken(); tk != nil && tk.Position != nil {
			line, column = tk.Position.Line, tk.Position.Column
		}
	}
	r.add(problem.Error, line, column, "", "cannot be read as YAML: "+text, "")
}

func (r *reader) add(l problem.Level, line, column int, key, text, hint string) {
	r.problems = append(r.problems, problem.Problem{Line: line, Column: column, Level: l, Verb: key, Text: text, Hint: hint})
}

func (r *reader) err(n ast.Node, key, text, hint string) {
	line, column := place(n)
	r.add(problem.Error, line, column, key, text, hint)
}

func (r *reader) warn(n ast.Node, key, text, hint string) {
	line, column := place(n)
	r.add(problem.Warning, line, column, key, text, hint)
}

// place is where a node begins. The library's own token of a mapping is its first colon.
func place(n ast.Node) (line, column int) {
	switch v := n.(type) {
	case *ast.MappingNode:
		if !v.IsFlowStyle && len(v.Values) > 0 {
			return place(v.Values[0])
		}
	case *ast.MappingValueNode:
		return place(v.Key)
	}
	if n == nil || n.GetToken() == nil || n.GetToken().Position == nil {
		return 1, 1
	}
	at := n.GetToken().Position
	return max(at.Line, 1), max(at.Column, 1)
}

// entry is a key and its value.
type entry struct {
	key   string
	at    ast.Node // of the key
	value ast.Node
}

// entries reads a mapping; ok is false, and said, if it is none.
func (r *reader) entries(n ast.Node, key string) (list []entry, ok bool) {
	var values []*ast.MappingValueNode
	switch v := n.(type) {
	case *ast.MappingNode:
		values = v.Values
	case *ast.MappingValueNode:
		values = []*ast.MappingValueNode{v}
	default:
		r.err(n, key, "needs keys and values", "")
		return nil, false
	}
	for _, v := range values {
		name, ok := scalar(v.Key)
		if !ok {
			r.err(v.Key, "", "anchors, aliases and merges are not read here", "write the keys themselves")
			continue
		}
		list = append(list, entry{key: name, at: v.Key, value: v.Value})
	}
	return list, true
}

// scalar is the text of a single value as it was written.
func scalar(n ast.Node) (string, bool) {
	switch v := n.(type) {
	case *ast.StringNode:
		return v.Value, true
	case *ast.LiteralNode:
		return v.Value.Value, true
	case *ast.IntegerNode, *ast.FloatNode, *ast.BoolNode, *ast.InfinityNode, *ast.NanNode:
		return n.GetToken().Value, true
	}
	return "", false
}

// text reads a single value; ok is false, and said, if there is none.
func (r *reader) text(e entry) (string, bool) {
	s, ok := scalar(e.value)
	switch e.value.(type) {
	case *ast.NullNode, nil:
		r.err(e.at, e.key, "has no value", "")
		return "", false
	case *ast.AnchorNode, *ast.AliasNode, *ast.TagNode:
		r.err(e.value, e.key, "anchors, aliases and tags are not read here", "write the value itself")
		return "", false
	}
	if !ok {
		r.err(e.value, e.key, "needs a single value", "")
	}
	return s, ok
}

// list reads a sequence of single values; one value alone is a list of one.
func (r *reader) list(e entry) []item {
	seq, ok := e.value.(*ast.SequenceNode)
	if !ok {
		s, ok := r.text(e)
		if !ok {
			return nil
		}
		return []item{{s, e.value}}
	}
	var items []item
	for _, n := range seq.Values {
		if s, ok := r.text(entry{key: e.key, at: e.at, value: n}); ok {
			items = append(items, item{s, n})
		}
	}
	if len(seq.Values) == 0 {
		r.err(e.value, e.key, "is an empty list", "")
	}
	return items
}

// item is one value of a list.
type item struct {
	text string
	at   ast.Node
}

// choose reads one word of several; "" after a problem.
func choose[T ~string](r *reader, e entry, words ...T) T {
	s, ok := r.text(e)
	if !ok {
		return ""
	}
	names := make([]string, len(words))
	for i, w := range words {
		if T(s) == w {
			return w
		}
		names[i] = string(w)
	}
	r.err(e.value, e.key, fmt.Sprintf("%q is not a word for it", s), suggestion(s, names))
	return ""
}

var nameWord = regexp.MustCompile(`^[\p{L}\p{N}][\p{L}\p{M}\p{N}._-]*$`)

func (r *reader) name(it item, key string) {
	name := it.text
	for _, prefix := range []string{"@", "on-call:"} {
		if rest, ok := strings.CutPrefix(name, prefix); ok {
			name = rest
			break
		}
	}
	if !nameWord.MatchString(name) || len(name) > 128 {
		hint := "a person (sato), a group (\"@db-team\") or a schedule (\"on-call:primary\")"
		if strings.HasPrefix(it.text, "+") || strings.Contains(it.text, ":") {
			hint = "a number belongs to a person: person: sato, contacts: [" + it.text + "], then call sato"
		}
		r.err(it.at, key, fmt.Sprintf("%q is not a name", it.text), hint)
		return
	}
	line, column := place(it.at)
	r.refs = append(r.refs, Reference{Text: it.text, Line: line, Column: column})
}
