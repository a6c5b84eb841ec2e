package twiml

import (
	"errors"
	"fmt"
	"strings"

	"github.com/kaden-project/kaden/problem"
)

// Parse reads a document: UTF-8, with or without an XML declaration, of at most [MaxSize] bytes.
//
// The list is in reading order. It holds an error where Twilio gives up the document (not XML, no
// <Response>, too long); the Response is nil then. For everything else Twilio warns and goes on, and
// so does Parse: what the schema does not know is skipped, a bad value is replaced as the warning
// says. An empty document is an empty Response with warning 11770. Parse resolves nothing outside of
// doc, refuses document types, and takes time in proportion to the length of doc.
func Parse(doc []byte) (*Response, problem.List) {
	root, err := readTree(doc)
	if errors.Is(err, errEmpty) {
		return &Response{}, problem.List{{
			Level: problem.Warning, Code: codeEmpty, Text: "the document is empty", Hint: "the call ends here; <Response/> says so on purpose",
		}}
	}
	if p := (problem.Problem{}); errors.As(err, &p) {
		return nil, problem.List{p}
	}
	if root.name != "Response" {
		return nil, problem.List{{
			Line: root.Line, Column: root.Column, Level: problem.Error, Code: codeRoot, Verb: short(root.name),
			Text: "the document is not a <Response>", Hint: rootHint(root.name),
		}}
	}
	c := &checker{}
	r := c.read(root)
	c.order(root)
	return r, c.problems()
}

// Check is what is wrong in the TwiML of a bin, before a request fills it in: as Parse, but that nobody knows yet what an
// attribute with a {{field}} will say, and, where conditional is true, which verbs will be there together.
func Check(doc []byte, conditional bool) problem.List {
	root, err := readTree(doc)
	if err != nil || root.name != "Response" {
		_, list := Parse(doc)
		return list
	}
	c := &checker{open: true}
	c.read(root)
	if !conditional {
		c.order(root)
	}
	return c.problems()
}

// hasField tells whether a text is one that a request fills in.
func hasField(s string) bool { return strings.Contains(s, "{{") }

func (c *checker) read(root *node) *Response {
	c.attributes(root)
	c.stray(root)
	return &Response{Verbs: c.verbs(root)}
}

func rootHint(name string) string {
	switch {
	case nearest(name, []string{"Response"}) != "":
		return "<Response>; capitals matter"
	case nearest(name, []string{"html"}) != "":
		return "this is a web page: is the URL right, and does it need no login?"
	case schema["Response"].has(name):
		return "put <" + name + "> inside <Response> and </Response>"
	}
	return "a document is <Response>…</Response>"
}

// verbs reads the children of n that are verbs.
func (c *checker) verbs(n *node) []Verb {
	var vs []Verb
	for _, k := range n.kids {
		if k.node == nil || !c.fits(n, k.node) {
			continue
		}
		if v := c.verb(k.node); v != nil {
			vs = append(vs, v)
		}
	}
	return vs
}

// verb reads one verb. Nil is one that cannot do anything.
func (c *checker) verb(n *node) Verb {
	v := c.attributes(n)
	known := schema[n.name]
	if known.run != runs {
		return c.other(n)
	}
	switch n.name {
	case "Say", "Gather", "Dial", "Refer", "Start", "Connect", "Stop", "Hangup", "Reject": // they look at what is in them themselves
	default:
		if !known.text {
			c.stray(n)
		}
		for _, k := range n.kids {
			if k.node != nil {
				c.fits(n, k.node)
			}
		}
	}
	switch n.name {
	case "Say":
		return c.say(n, v)
	case "Play":
		return c.play(n, v)
	case "Pause":
		return c.pause(n, v)
	case "Gather":
		return c.gather(n, v)
	case "Dial":
		return c.dial(n, v)
	case "Refer":
		return c.refer(n, v)
	case "Echo":
		return c.echo(n, v)
	case "Record":
		return c.record(n, v)
	case "Redirect":
		return c.redirect(n, v)
	case "Enqueue":
		return c.enqueue(n, v)
	case "Leave":
		return c.leave(n, v)
	case "Start":
		return c.start(n, v)
	case "Connect":
		return c.connect(n, v)
	case "Stop":
		return c.stop(n, v)
	case "Hangup":
		return c.hangup(n, v)
	case "Sms", "Message":
		return c.sms(n, v)
	default:
		return c.reject(n, v)
	}
}

// order warns of verbs that the call never comes to, and of a Reject that comes too late.
func (c *checker) order(root *node) {
	var answered, last *node
	for _, k := range root.kids {
		n := k.node
		if n == nil || !schema["Response"].has(n.name) {
			continue
		}
		if last != nil {
			c.warn(n.Pos, 0, n.name, fmt.Sprintf("never reached: <%s> in line %d %s", last.name, last.Line, ends[last.name]), "move it before <"+last.name+">, or delete it")
			return
		}
		switch {
		case ends[n.name] != "" && (n.name != "Dial" && n.name != "Enqueue" && n.name != "Refer" || n.has("action")):
			last = n
			if n.name == "Reject" && answered != nil {
				c.warn(n.Pos, 0, n.name, fmt.Sprintf("too late: <%s> in line %d answers the call, which is then hung up", answered.name, answered.Line), "make <Reject> the first verb")
			}
		case n.name != "Pause" && answered == nil: // a Pause at the beginning only delays the answer
			answered = n
		}
	}
}

// ends are the verbs after which nothing runs, with why.
var ends = map[string]string{
	"Dial":     "goes on with its action",
	"Enqueue":  "goes on with its action",
	"Refer":    "goes on with its action",
	"Echo":     "goes on until the caller hangs up",
	"Redirect": "goes on with another document",
	"Hangup":   "ends the call",
	"Reject":   "refuses the call",
}
