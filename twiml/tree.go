package twiml

import (
	"errors"
	"fmt"
	"strings"

	"github.com/kaden-project/kaden/problem"
)

const (
	// MaxSize is how long a document may be, in bytes; Twilio refuses longer ones with 11750.
	MaxSize  = 64 << 10
	maxDepth = 32 // elements inside elements; real documents need eight
)

// node is an element with its place and its content in order.
type node struct {
	Pos
	name     string
	attrs    []attribute
	kids     []kid
	inGather bool
}

// kid is a piece of content: text, or an element.
type kid struct {
	Pos
	text string
	node *node
}

// text is the element's own text without the white space around it.
func (n *node) text() string {
	var b strings.Builder
	for _, k := range n.kids {
		b.WriteString(k.text)
	}
	return trim(b.String())
}

// has tells whether an attribute is written and says something.
func (n *node) has(attr string) bool {
	for _, a := range n.attrs {
		if a.name == attr {
			return trim(a.value) != ""
		}
	}
	return false
}

// errEmpty says that there is nothing but white space.
var errEmpty = errors.New("empty document")

// readTree reads the one element that a document is.
func readTree(doc []byte) (*node, error) {
	if len(doc) > MaxSize {
		return nil, problem.Problem{
			Level: problem.Error, Code: codeTooLarge,
			Text: fmt.Sprintf("the document is longer than %d bytes", MaxSize), Hint: "divide it, and go from one part to the next with <Redirect>",
		}
	}
	r, err := newXMLReader(doc)
	if err != nil {
		return nil, err
	}
	if trim(r.src) == "" {
		return nil, errEmpty
	}
	var root *node
	var open []*node
	for {
		p, err := r.next()
		if err != nil {
			return nil, err
		}
		fail := func(text, hint string) error {
			return problem.Problem{Line: p.pos.Line, Column: p.pos.Column, Level: problem.Error, Code: codeParse, Text: text, Hint: hint}
		}
		switch p.kind {
		case charData:
			if len(open) > 0 {
				in := open[len(open)-1]
				in.kids = append(in.kids, kid{Pos: p.pos, text: p.text})
			} else if trim(p.text) != "" {
				return nil, fail(outside(p.text, root))
			}
		case startTag, emptyTag:
			n := &node{Pos: p.pos, name: p.name, attrs: p.attrs}
			switch {
			case len(open) > 0:
				in := open[len(open)-1]
				n.inGather = in.name == "Gather"
				in.kids = append(in.kids, kid{Pos: p.pos, node: n})
			case root != nil:
				return nil, fail("<"+short(p.name)+"> after the end of the document", "one <Response> holds all verbs")
			default:
				root = n
			}
			if p.kind == startTag {
				open = append(open, n)
			}
			if len(open) > maxDepth {
				return nil, fail(fmt.Sprintf("more than %d elements inside one another", maxDepth), "TwiML is flat: is a closing tag missing?")
			}
		case endTag:
			if len(open) == 0 {
				return nil, fail("</"+short(p.name)+"> closes nothing", "delete it")
			}
			last := open[len(open)-1]
			if last.name != p.name {
				return nil, fail(fmt.Sprintf("</%s> where <%s> of line %d is open", short(p.name), short(last.name), last.Line), "</"+short(last.name)+"> comes first; capitals matter")
			}
			open = open[:len(open)-1]
		case endOfText:
			if len(open) > 0 {
				last := open[len(open)-1]
				return nil, fail(fmt.Sprintf("<%s> of line %d is never closed", short(last.name), last.Line), "</"+short(last.name)+"> is missing, or the document was cut off")
			}
			if root == nil {
				return nil, fail("no element at all", "a document is <Response>…</Response>")
			}
			return root, nil
		}
	}
}

// outside says what text beside the root means, and guesses where it came from.
func outside(text string, root *node) (wrong, hint string) {
	switch {
	case root != nil:
		return "text after the end of the document", "nothing may follow </Response>"
	case strings.HasPrefix(trim(text), "{"), strings.HasPrefix(trim(text), "["):
		return "text where <Response> should begin", "this looks like JSON; TwiML is XML"
	}
	return "text where <Response> should begin", "a document is <Response>…</Response>"
}
