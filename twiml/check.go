package twiml

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/kaden-project/kaden/problem"
)

// maxWarnings is how many are told of one document. A real one has a handful; 64 KiB of nonsense
// could fill a log.
const maxWarnings = 100

// checker collects warnings while the tree becomes verbs.
type checker struct {
	open bool // {{fields}} are still to be filled in
	list problem.List
	more int // warnings beyond maxWarnings
}

// full tells whether one more warning would not be shown, and counts it then. It spares the search
// for a good hint, which costs more than reading.
func (c *checker) full() bool {
	if len(c.list) < maxWarnings {
		return false
	}
	c.more++
	return true
}

func (c *checker) warn(at Pos, code int, verb, text, hint string) {
	if c.full() {
		return
	}
	c.list = append(c.list, problem.Problem{
		Line: at.Line, Column: at.Column, Level: problem.Warning, Code: code, Verb: short(verb), Text: text, Hint: hint,
	})
}

func (c *checker) problems() problem.List {
	c.list.Sort()
	if c.more > 0 {
		last := c.list[len(c.list)-1]
		c.list = append(c.list, problem.Problem{
			Line: last.Line, Column: last.Column, Level: problem.Warning, Code: codeSchema,
			Text: fmt.Sprintf("%d more warnings are not shown", c.more), Hint: "mend these first",
		})
	}
	return c.list
}

// attributes reads the attributes of n by its rules. What is unknown is left out.
func (c *checker) attributes(n *node) values {
	rules := schema[n.name].attrs
	v := values{}
	for _, a := range n.attrs {
		r, ok := rules[a.name]
		if !ok {
			if !namespaced(a.name) && !c.full() {
				c.warn(a.Pos, codeSchema, n.name, "unknown attribute "+short(a.name)+": ignored", attrHint(a.name, n.name))
			}
			continue
		}
		use, ok := r.read(a.value)
		if ok || use != "" {
			v[a.name] = use
		}
		if ok || c.open && hasField(a.value) {
			continue
		}
		code, then := r.number, r.then
		if n.inGather && r.nested != 0 {
			code = r.nested
		}
		if use != "" && use != trim(a.value) {
			then = use + " is used"
		}
		c.warn(a.Pos, code, n.name, fmt.Sprintf("%s=%q is not valid: %s", a.name, short(a.value), then), r.want)
	}
	return v
}

// namespaced are attributes that editors and XML tools put in; they mean nothing to TwiML.
func namespaced(name string) bool {
	prefix, _, _ := strings.Cut(name, ":")
	return prefix == "xmlns" || prefix == "xml" || prefix == "xsi"
}

// fits tells whether child may stand in n, and warns where it may not.
func (c *checker) fits(n, child *node) bool {
	in := schema[n.name]
	if in.has(child.name) {
		return true
	}
	if c.full() {
		return false
	}
	_, known := schema[child.name]
	top := n.name == "Response"
	then := "skipped"
	if spoken(n.name, child.name) {
		then = "its text is spoken"
	}
	switch {
	case !known:
		c.warn(child.Pos, codeSchema, child.name, "unknown element: "+then, elementHint(child.name, n.name))
	case top:
		c.warn(child.Pos, codeSchema, child.name, "not a verb: "+then, "it belongs into "+parents(child.name))
	default:
		code := in.nesting
		if code == 0 {
			code = codeSchema
		}
		hint := "nothing can"
		if in.children != "" {
			hint = sentence(strings.Fields(in.children)) + " can"
		} else if in.text {
			hint = "only text can"
		}
		c.warn(child.Pos, code, n.name, "<"+child.name+"> cannot be nested here: "+then, hint)
	}
	return false
}

// spoken tells whether the text of a child is said although it may not stand in parent: an alert must
// not lose words over a tag. The URL inside a <Play> is no word.
func spoken(parent, child string) bool {
	if parent != "Say" && !schema["Say"].has(parent) {
		return false
	}
	_, known := schema[child]
	return !known || child == "Say" || schema["Say"].has(child)
}

// stray warns of text where text means nothing.
func (c *checker) stray(n *node) {
	for _, k := range n.kids {
		if k.node == nil && trim(k.text) != "" && !(c.open && hasField(k.text)) {
			c.warn(k.Pos, codeSchema, n.name, "text here is ignored", "<Say> speaks it")
			return
		}
	}
}

// url warns of a URL in a verb's text that nobody could fetch.
func (c *checker) url(n *node, u string) {
	if u != "" && !fetchable(u) {
		at := n.Pos
		for _, k := range n.kids {
			if k.node == nil && trim(k.text) != "" {
				at = k.Pos
				break
			}
		}
		c.warn(at, codeURL, n.name, fmt.Sprintf("%q is not a URL that can be asked: the request will fail", short(u)), wantURL)
	}
}

func attrHint(name, in string) string {
	known := slices.Sorted(maps.Keys(schema[in].attrs))
	if near := nearest(name, known); near != "" {
		return "did you mean " + near + "?"
	}
	if len(known) == 0 {
		return "<" + in + "> has no attributes"
	}
	if len(known) <= 12 {
		return "it has " + sentence(known)
	}
	return ""
}

func elementHint(name, in string) string {
	if near := nearest(name, strings.Fields(schema[in].children)); near != "" {
		if strings.EqualFold(near, name) {
			return "did you mean <" + near + ">? capitals matter"
		}
		return "did you mean <" + near + ">?"
	}
	if near := nearest(name, slices.Sorted(maps.Keys(schema))); near != "" && near != "Response" {
		return "did you mean <" + near + ">? it belongs into " + parents(near)
	}
	return ""
}

// parents are the elements that name may stand in.
func parents(name string) string {
	var in []string
	for _, parent := range slices.Sorted(maps.Keys(schema)) {
		if schema[parent].has(name) {
			in = append(in, "<"+parent+">")
		}
	}
	if len(in) == 0 {
		return "no other element"
	}
	return sentence(in)
}

// sentence is a list for reading: Say, Play and Pause.
func sentence(words []string) string { return list(words, " and ") }

func list(words []string, joint string) string {
	if len(words) < 2 {
		return strings.Join(words, "")
	}
	last := len(words) - 1
	return strings.Join(words[:last], ", ") + joint + words[last]
}
