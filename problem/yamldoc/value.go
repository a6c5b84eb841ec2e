package yamldoc

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/goccy/go-yaml/ast"

	"github.com/kaden-project/kaden/problem"
)

// Value is what stands behind a key or in a list. Reading it as something it is not notes a problem and
// gives the zero value.
type Value struct {
	notes *notes
	key   string
	at    place // of the key, until there is a node
	node  ast.Node
}

// Given tells whether there is a value: key: with nothing behind it gives none.
func (v Value) Given() bool {
	return v.node != nil && v.node.Type() != ast.NullType
}

// Place is where the value stands, counted from 1; for a missing one, the key or the document's start.
func (v Value) Place() (line, column int) {
	at := v.place()
	return at.line, at.column
}

func (v Value) place() place {
	if v.node == nil || v.node.GetToken() == nil {
		return v.at
	}
	n := v.node
	for {
		switch inner := n.(type) {
		case *ast.MappingNode:
			if len(inner.Values) == 0 || inner.IsFlowStyle {
				return placeOf(n.GetToken())
			}
			n = inner.Values[0]
		case *ast.MappingValueNode:
			return placeOf(inner.Key.GetToken()) // its own token is the colon
		default:
			return placeOf(n.GetToken())
		}
	}
}

// Error notes that the value is wrong, and what would be right.
func (v Value) Error(text, hint string) { v.notes.note(problem.Error, v.place(), v.key, text, hint) }

// Warn notes that the value works, but perhaps not as it was meant.
func (v Value) Warn(text, hint string) { v.notes.note(problem.Warning, v.place(), v.key, text, hint) }

// Err notes an error as the problem of this value; nil is none.
func (v Value) Err(err error) {
	if err != nil {
		v.Error(err.Error(), "")
	}
}

// Text is a scalar as it was written, without its quotes: 0120 stays 0120, yes stays yes.
func (v Value) Text() string {
	if !v.Given() {
		return ""
	}
	s, ok := scalar(v.node)
	if !ok {
		v.Error("is "+describe(v.node)+" where a word or a number is wanted", "")
	}
	return s
}

// OneOf is Text that must be one of words; the first of them is not a default.
func (v Value) OneOf(words ...string) string {
	s := v.Text()
	if !v.Given() || s == "" || slices.Contains(words, s) {
		return s
	}
	hint := "one of " + strings.Join(words, ", ")
	if near := Nearest(s, words); near != "" {
		hint = "did you mean " + near + "?"
	}
	v.Error(fmt.Sprintf("%q is not known", s), hint)
	return ""
}

// Duration reads 20s, 1m30s, 2h; a number alone has no unit and is refused, but for 0.
func (v Value) Duration(least, most time.Duration) time.Duration {
	s := v.Text()
	if s == "" {
		return 0
	}
	d, err := time.ParseDuration(s)
	switch {
	case err != nil:
		hint := "write 20s, 1m30s or 2h"
		if _, bare := strconv.Atoi(s); bare == nil {
			hint = "write " + s + "s for seconds"
		}
		v.Error(fmt.Sprintf("%q is no length of time", s), hint)
		return 0
	case d < least || d > most:
		v.Error(fmt.Sprintf("%s is out of range", s), fmt.Sprintf("from %s to %s", least, most))
		return 0
	}
	return d
}

// Count reads a whole number from least to most.
func (v Value) Count(least, most int) int {
	s := v.Text()
	if s == "" {
		return 0
	}
	n, err := strconv.Atoi(s)
	if err != nil {
		v.Error(fmt.Sprintf("%q is no whole number", s), "")
		return 0
	}
	if n < least || n > most {
		v.Error(fmt.Sprintf("%d is out of range", n), fmt.Sprintf("from %d to %d", least, most))
		return 0
	}
	return n
}

// Secret reads a secret that stands here, or in the place that env:NAME or file:PATH names; resolve looks
// there. Without resolve such a reference is left as it is written.
func (v Value) Secret(resolve func(reference string) (string, error)) string {
	s := v.Text()
	env, file := strings.HasPrefix(s, "env:"), strings.HasPrefix(s, "file:")
	if !env && !file || resolve == nil {
		return s
	}
	secret, err := resolve(s)
	if err == nil && secret == "" {
		err = fmt.Errorf("%s is empty", s)
	}
	if err != nil {
		hint := "set the variable for the kaden server and start it again"
		if file {
			hint = "the file must be readable by the kaden server"
		}
		v.Error(err.Error(), hint)
		return ""
	}
	return secret
}

// List reads a list; one value that is no list counts as a list of one.
func (v Value) List() []Value {
	if !v.Given() {
		return nil
	}
	seq, ok := v.node.(*ast.SequenceNode)
	if !ok {
		return []Value{v}
	}
	list := make([]Value, 0, len(seq.Values))
	for _, n := range seq.Values {
		item := Value{notes: v.notes, key: v.key, at: v.at, node: n}
		if !item.Given() {
			item.Error("an entry of the list is empty", "")
			continue
		}
		list = append(list, item)
	}
	return list
}

// IsMap tells whether the value is a mapping, where either that or a word may stand.
func (v Value) IsMap() bool {
	return v.Given() && (v.node.Type() == ast.MappingType || v.node.Type() == ast.MappingValueType)
}

// IsList tells whether the value is a list, where either that or something else may stand.
func (v Value) IsList() bool { return v.Given() && v.node.Type() == ast.SequenceType }

// Map reads a mapping. Its Done must be called as well.
func (v Value) Map() *Map {
	m := &Map{notes: v.notes, at: v.place()}
	if v.Given() {
		m.fill(v.node)
	}
	return m
}

// scalar is a node's text as it was written. Numbers, true and null give their letters, not their value.
func scalar(n ast.Node) (string, bool) {
	switch n := n.(type) {
	case *ast.StringNode:
		return n.Value, true
	case *ast.LiteralNode:
		return n.Value.Value, true
	case *ast.MappingKeyNode:
		return scalar(n.Value)
	case *ast.IntegerNode, *ast.FloatNode, *ast.BoolNode, *ast.InfinityNode, *ast.NanNode, *ast.NullNode:
		return n.GetToken().Value, true
	}
	return "", false
}

func describe(n ast.Node) string {
	switch n.Type() {
	case ast.MappingType, ast.MappingValueType:
		return "keys and values"
	case ast.SequenceType:
		return "a list"
	case ast.AliasType, ast.AnchorType:
		return "an anchor or alias (& or *), which is not read here,"
	case ast.TagType:
		return "a tag (!), which is not read here,"
	}
	return "something else"
}
