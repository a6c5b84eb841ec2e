package main

import (
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"time"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"
	"github.com/goccy/go-yaml/token"

	"github.com/kaden-project/kaden/manifest"
	"github.com/kaden-project/kaden/problem/yamldoc"
)

// decode reads text over what is there. What has no value, because its keys are all commented out, changes nothing; so does a
// file of nothing but comments. Errors name the place, on one line.
func (s *settings) decode(text []byte) error {
	file, err := parser.ParseBytes(text, 0)
	if err != nil {
		return yamlError(err)
	}
	for _, doc := range file.Docs {
		if !hasValue(doc.Body) {
			continue
		}
		if err := prune(doc.Body, reflect.TypeFor[settings]()); err != nil {
			return err
		}
		if err := yaml.NodeToValue(doc.Body, s, yaml.Strict()); err != nil {
			return yamlError(err)
		}
	}
	return nil
}

func hasValue(n ast.Node) bool {
	return n != nil && n.Type() != ast.NullType && n.Type() != ast.CommentType
}

// prune takes the keys without a value out of a section, and refuses those that are not known in it: the library would
// empty the one, and say nothing helpful about the other.
func prune(n ast.Node, t reflect.Type) error {
	m, ok := n.(*ast.MappingNode)
	if !ok {
		return nil // a list, or a word: the library says what belongs here
	}
	var known []string
	fields := map[string]reflect.Type{}
	for f := range t.Fields() {
		name := f.Tag.Get("yaml")
		known = append(known, name)
		fields[name] = f.Type
	}
	for _, v := range m.Values {
		key := v.Key.GetToken()
		field, ok := fields[key.Value]
		if !ok {
			return at(key, fmt.Sprintf("%s is not a setting (%s)", key.Value, meantSetting(key.Value, known)))
		}
		switch _, text := v.Value.(*ast.StringNode); {
		case field.Kind() == reflect.Struct:
			if err := prune(v.Value, field); err != nil {
				return err
			}
		case text && field == reflect.TypeFor[time.Duration]():
			if value := v.Value.GetToken(); value != nil {
				if _, err := time.ParseDuration(value.Value); err != nil {
					return at(value, value.Value+" is not "+wanted(field))
				}
			}
		}
	}
	m.Values = slices.DeleteFunc(m.Values, func(v *ast.MappingValueNode) bool { return !hasValue(v.Value) })
	return nil
}

func meantSetting(key string, known []string) string {
	if slices.Contains(manifest.Kinds(), key) {
		return "it is a document: kaden apply -f gives it to the running server"
	}
	if near := yamldoc.Nearest(key, known); near != "" {
		return "did you mean " + near + "?"
	}
	return "known here are " + strings.Join(known, ", ")
}

// at puts the place before what is said.
func at(t *token.Token, text string) error {
	if t == nil || t.Position == nil {
		return errors.New(text)
	}
	return fmt.Errorf("line %d, column %d: %s", t.Position.Line, t.Position.Column, text)
}

// yamlError puts the library's error, which draws the place over several lines and speaks of Go's types, on one line in words.
func yamlError(err error) error {
	var kind *yaml.TypeError
	if errors.As(err, &kind) && kind.Token != nil {
		return at(kind.Token, fmt.Sprintf("%s is not %s", kind.Token.Value, wanted(kind.DstType)))
	}
	var node *yaml.UnexpectedNodeTypeError
	if errors.As(err, &node) && node.Expected == ast.MappingType {
		return at(node.Token, "keys and values belong here, as in docs/kaden.yaml")
	}
	if errors.As(err, &node) && node.Expected == ast.SequenceType {
		return at(node.Token, "a list belongs here, such as [one, two]")
	}
	var y yaml.Error
	if !errors.As(err, &y) {
		return err
	}
	text := y.GetMessage()
	if strings.Contains(text, "'\t'") {
		text = "a tab: indent with spaces"
	}
	return at(y.GetToken(), text)
}

func wanted(t reflect.Type) string {
	switch {
	case t == reflect.TypeFor[time.Duration]():
		return "a length of time, such as 30s"
	case t.Kind() == reflect.Bool:
		return "true or false"
	case t.Kind() == reflect.Slice:
		return "a list, such as [one, two]"
	case t.Kind() == reflect.Struct:
		return "a section with keys of its own"
	}
	return "a text"
}
