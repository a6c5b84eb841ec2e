// Package yamldoc reads a YAML document that a person wrote, key by key, and notes what is wrong with it
// where it stands.
//
// [Parse] gives a [Map]; its values are taken by name and read as what they should be. Reading never
// stops at the first mistake: each is noted with line and column, and [Map.Done] adds the keys nobody
// asked for, with the name that was probably meant. Scalars are taken as written, so that 0120 stays 0120
// and +8190… is not arithmetic. Aliases and merge keys are refused. A Map belongs to one goroutine.
package yamldoc

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"
	"github.com/goccy/go-yaml/token"

	"github.com/kaden-project/kaden/problem"
)

// Longest is the size of a document in bytes that is still looked at; deepest is how far its brackets
// may nest. Both are far beyond what a person writes, and keep strangers from costing more than that.
const (
	Longest = 256 << 10
	deepest = 64
)

// Map is a mapping of a document. Its problems are those of the whole document.
type Map struct {
	notes   *notes
	at      place
	entries []entry
	known   []string // every key that was asked for, there or not
	broken  bool     // the text was no mapping: that is said once, and missing keys are not added to it
}

type entry struct {
	key   string
	at    place
	value ast.Node
	asked bool
}

type place struct{ line, column int }

type notes struct{ list problem.List }

func (n *notes) note(level problem.Level, at place, key, text, hint string) {
	n.list = append(n.list, problem.Problem{Line: at.line, Column: at.column, Level: level, Verb: key, Text: text, Hint: hint})
}

// Parse reads one document that is a mapping. It always gives a Map; when the text is no mapping the Map
// is empty and its problems say why.
func Parse(text []byte) *Map {
	m := &Map{notes: &notes{}, at: place{1, 1}}
	refuse := func(at place, text, hint string) *Map {
		m.broken = true
		m.notes.note(problem.Error, at, "", text, hint)
		return m
	}
	if len(text) > Longest {
		return refuse(m.at, fmt.Sprintf("a document of %d bytes is too long", len(text)), fmt.Sprintf("at most %d", Longest))
	}
	if at, deep := tooDeep(text); deep {
		return refuse(at, "this is nested too deeply", "")
	}
	body, at, err := parse(text)
	switch {
	case err != nil:
		return refuse(at, "not YAML: "+err.Error(), hintFor(err.Error()))
	case body == nil:
		return refuse(m.at, "the document is empty", "")
	}
	m.fill(body)
	return m
}

// parse keeps the library's panics and its positions in one place.
func parse(text []byte) (body ast.Node, at place, err error) {
	defer func() {
		if p := recover(); p != nil {
			body, at, err = nil, place{1, 1}, errors.New("its structure cannot be made out")
		}
	}()
	file, err := parser.ParseBytes(text, 0)
	if err != nil {
		var syntax *yaml.SyntaxError
		if errors.As(err, &syntax) {
			return nil, placeOf(syntax.Token), errors.New(syntax.Message)
		}
		return nil, place{1, 1}, errors.New(strings.SplitN(err.Error(), "\n", 2)[0])
	}
	for _, doc := range file.Docs {
		if doc.Body == nil || doc.Body.Type() == ast.CommentType {
			continue
		}
		if body != nil {
			return nil, Value{node: doc.Body}.place(), errors.New("a second document begins here")
		}
		body = doc.Body
	}
	return body, place{}, nil
}

// tooDeep counts what nests: open brackets, and indicators on one line (- - - -). It may refuse what only
// looks nested, at a depth no person writes. The parser recurses once for each level.
func tooDeep(text []byte) (place, bool) {
	open, run, at := 0, 0, place{1, 0}
	for _, r := range string(text) {
		at.column++
		switch r {
		case '[', '{':
			open++
		case ']', '}':
			open = max(0, open-1)
		case '-', '?', ':', '!', '&':
			run++
		case ' ':
		case '\n':
			run, at = 0, place{at.line + 1, 0}
		default:
			run = 0
		}
		if open > deepest || run > 2*deepest {
			return at, true
		}
	}
	return at, false
}

// hintFor explains the mistakes people make most.
func hintFor(message string) string {
	switch {
	case strings.Contains(message, "tab"), strings.Contains(message, "'\t'"):
		return "indent with spaces"
	case strings.Contains(message, "'@'"):
		return `put names that begin with @ in quotes: "@db-team"`
	case strings.Contains(message, "already defined"):
		return "each key stands once"
	}
	return ""
}

func placeOf(t *token.Token) place {
	if t == nil || t.Position == nil {
		return place{1, 1}
	}
	return place{max(1, t.Position.Line), max(1, t.Position.Column)}
}

// fill takes over the entries of a mapping node.
func (m *Map) fill(n ast.Node) {
	var values []*ast.MappingValueNode
	switch n := n.(type) {
	case *ast.MappingNode:
		values = n.Values
	case *ast.MappingValueNode:
		values = []*ast.MappingValueNode{n}
	default:
		m.broken = true
		m.notes.note(problem.Error, placeOf(n.GetToken()), "", "these are not keys and values", "write key: value, one on a line")
		return
	}
	for _, v := range values {
		at := placeOf(v.Key.GetToken())
		key, ok := scalar(v.Key)
		switch {
		case v.Key.Type() == ast.MergeKeyType:
			m.notes.note(problem.Error, at, "", "merge keys (<<) are not read here", "write the keys themselves")
		case !ok:
			m.notes.note(problem.Error, at, "", "a key is a word", "")
		default:
			m.entries = append(m.entries, entry{key: key, at: at, value: v.Value})
		}
	}
}

// Keys lists the keys in the order they were written.
func (m *Map) Keys() []string {
	keys := make([]string, len(m.entries))
	for i, e := range m.entries {
		keys[i] = e.key
	}
	return keys
}

// Problems gives what was noted so far, without looking for keys nobody took.
func (m *Map) Problems() problem.List { return m.notes.list }

// Take gives the value of a key, which is from then on a key that means something. A key that is not
// there gives a Value that is not Given and reads as zero.
func (m *Map) Take(key string) Value {
	if !slices.Contains(m.known, key) {
		m.known = append(m.known, key)
	}
	for i := range m.entries {
		if e := &m.entries[i]; e.key == key {
			e.asked = true
			return Value{notes: m.notes, key: key, at: e.at, node: e.value}
		}
	}
	return Value{notes: m.notes, key: key, at: m.at}
}

// Need is Take for a key that must be there and hold something; example is what could stand there.
func (m *Map) Need(key, example string) Value {
	v := m.Take(key)
	if !v.Given() && !m.broken {
		v.Error("is missing", "write "+key+": "+example)
	}
	return v
}

// Done notes the keys nobody took and gives all problems of the document in reading order.
func (m *Map) Done() problem.List {
	for _, e := range m.entries {
		if e.asked {
			continue
		}
		hint := "known are " + strings.Join(m.known, ", ")
		if near := Nearest(e.key, m.known); near != "" {
			hint = "did you mean " + near + "?"
		}
		m.notes.note(problem.Error, e.at, e.key, "is not a key that means anything here", hint)
	}
	m.notes.list.Sort()
	return m.notes.list
}
