package callout

import (
	"fmt"
	"io"
	"regexp"
	"slices"
	"strings"
	"text/template"
	"text/template/parse"
	"unicode/utf8"

	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/token"

	"github.com/kaden-project/kaden/problem"
)

// Facts are what the text of a plan can speak of: {{.Title}}.
type Facts struct {
	Source   string // where the alert came from
	Title    string
	Severity string
	Subject  string // host or service, as the sender names it
	Body     string
	Host     string
	Count    int // alerts in this call
}

var (
	factWords = []string{"Source", "Title", "Severity", "Subject", "Body", "Host", "Count"}
	// functions are those that can neither run long nor make much of little.
	functions = []string{"and", "or", "not", "eq", "ne", "lt", "le", "gt", "ge", "len"}
)

const maxSay = 2000 // characters of a template; the whole message has to be heard within 20 s

// Speak fills a template of a plan.
func Speak(text string, f Facts) (string, error) {
	t, err := template.New("say").Option("missingkey=zero").Parse(text)
	if err != nil {
		return "", fmt.Errorf("say: %w", err)
	}
	var b strings.Builder
	if err := t.Execute(&b, f); err != nil {
		return "", fmt.Errorf("say: %w", err)
	}
	return b.String(), nil
}

// DefaultSay is what a plan says that does not say what: how bad, from where, what (rule 23).
func DefaultSay() (say map[string]string, languages []string) {
	return map[string]string{
		"en": "{{.Severity}} alert from {{.Source}}. {{.Title}}",
		"ja": "{{.Source}} からの、{{.Severity}}の通報です。{{.Title}}",
	}, []string{"en", "ja"}
}

// template checks what a plan says in one language.
func (r *reader) template(e entry, text string) {
	if utf8.RuneCountInString(text) > maxSay {
		r.err(e.value, "say", fmt.Sprintf("is longer than %d characters", maxSay), "a message is heard out when it lasts 20 s at most")
		return
	}
	t, err := template.New("say").Parse(text)
	if err != nil {
		r.err(e.value, "say", "is not a template: "+plainError(err), "{{.Title}}")
		return
	}
	c := &sayChecker{r: r, e: e, text: text}
	if len(t.Templates()) > 1 {
		r.err(e.value, "say", "templates within templates are not run", "")
		return
	}
	if t.Tree == nil || t.Root == nil {
		return
	}
	c.nodes(t.Root)
	if c.bad {
		return
	}
	if err := t.Execute(io.Discard, Facts{Source: "json", Title: "disk full", Severity: "critical", Subject: "db01", Body: "/var", Host: "db01", Count: 1}); err != nil {
		r.err(e.value, "say", "cannot be filled: "+plainError(err), "")
	}
}

var sayPlace = regexp.MustCompile(`^template: (say:\d+(:\d+)?: )?(executing "say" at )?`)

func plainError(err error) string { return sayPlace.ReplaceAllString(err.Error(), "") }

// sayChecker walks through a template and allows what is short, bounded and of the alert.
type sayChecker struct {
	r    *reader
	e    entry
	text string
	bad  bool
}

func (c *sayChecker) refuse(pos parse.Pos, text, hint string) {
	c.bad = true
	line, column := c.locate(int(pos))
	c.r.add(problem.Error, line, column, "say", text, hint)
}

// locate is the place of an offset within the text: exact where the text stands in the document as it
// is, the beginning of the value where YAML folded or escaped it.
func (c *sayChecker) locate(offset int) (line, column int) {
	line, column = place(c.e.value)
	s, ok := c.e.value.(*ast.StringNode)
	if !ok || strings.ContainsAny(c.text, "\n\"'\\") || offset > len(c.text) {
		return line, column
	}
	switch s.Token.Type {
	case token.DoubleQuoteType, token.SingleQuoteType:
		column++
	}
	return line, column + utf8.RuneCountInString(c.text[:offset])
}

func (c *sayChecker) nodes(n parse.Node) {
	switch v := n.(type) {
	case *parse.ListNode:
		if v == nil {
			return
		}
		for _, k := range v.Nodes {
			c.nodes(k)
		}
	case *parse.ActionNode:
		c.pipe(v.Pipe)
	case *parse.IfNode:
		c.branch(&v.BranchNode)
	case *parse.WithNode:
		c.branch(&v.BranchNode)
	case *parse.TextNode, *parse.CommentNode:
	default:
		c.refuse(n.Position(), fmt.Sprintf("%s is not run", n), "fields, if and with are")
	}
}

func (c *sayChecker) branch(b *parse.BranchNode) {
	c.pipe(b.Pipe)
	c.nodes(b.List)
	if b.ElseList != nil {
		c.nodes(b.ElseList)
	}
}

func (c *sayChecker) pipe(p *parse.PipeNode) {
	if p == nil {
		return
	}
	if len(p.Decl) > 0 {
		c.refuse(p.Position(), "variables are not run", "")
		return
	}
	for _, cmd := range p.Cmds {
		for _, arg := range cmd.Args {
			c.arg(arg)
		}
	}
}

func (c *sayChecker) arg(n parse.Node) {
	switch v := n.(type) {
	case *parse.FieldNode:
		if len(v.Ident) != 1 || !slices.Contains(factWords, v.Ident[0]) {
			c.refuse(v.Position(), fmt.Sprintf("an alert has no %s", v), capitalised(suggestion(v.Ident[0], lower(factWords))))
		}
	case *parse.IdentifierNode:
		if !slices.Contains(functions, v.Ident) {
			c.refuse(v.Position(), v.Ident+" is not run", strings.Join(functions, ", ")+" are")
		}
	case *parse.PipeNode:
		c.pipe(v)
	case *parse.DotNode, *parse.StringNode, *parse.NumberNode, *parse.BoolNode, *parse.NilNode:
	default:
		c.refuse(n.Position(), fmt.Sprintf("%s is not run", n), "fields like {{.Title}} are")
	}
}

func lower(words []string) []string {
	out := make([]string, len(words))
	for i, w := range words {
		out[i] = strings.ToLower(w)
	}
	return out
}

// capitalised writes the fields of a suggestion as they have to be written.
func capitalised(s string) string {
	for _, w := range factWords {
		s = regexp.MustCompile(`\b`+strings.ToLower(w)+`\b`).ReplaceAllString(s, "."+w)
	}
	return s
}
