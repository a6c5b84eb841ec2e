package twiml

import "fmt"

// Other is a verb, or a noun, that Twilio knows and kaden does not run. It keeps everything that was written.
type Other struct {
	Pos
	Element Element
}

// Element is a piece of XML as it was written, without comments and the white space around text.
type Element struct {
	Pos
	Tag      string
	Attrs    []Attr
	Text     string // its own character data, trimmed; twilio-node writes <Client>alice<Parameter/></Client>
	Children []Element
}

// Attr is one attribute.
type Attr struct {
	Name, Value string
}

// Name is the verb's name in a document.
func (o *Other) Name() string { return o.Element.Tag }

func (c *checker) other(n *node) Verb {
	c.warn(n.Pos, 0, n.name, "kaden does not run it: the call goes on with the next verb", "")
	return &Other{n.Pos, c.element(n)}
}

// element keeps n as it stands and warns of what Twilio's schema does not have. The attributes of n
// itself are checked already.
func (c *checker) element(n *node) Element {
	e := Element{Pos: n.Pos, Tag: n.name, Text: n.text()}
	for _, a := range n.attrs {
		e.Attrs = append(e.Attrs, Attr{a.name, a.value})
	}
	known, have := schema[n.name]
	if have && !known.text {
		c.stray(n)
	}
	for _, k := range n.kids {
		if k.node == nil {
			continue
		}
		if have && c.fits(n, k.node) {
			c.attributes(k.node)
		}
		e.Children = append(e.Children, c.element(k.node))
	}
	return e
}

func (o *Other) write(w *writer) error {
	if known, ok := schema[o.Element.Tag]; !ok || known.run == runs || !schema["Response"].has(o.Element.Tag) {
		return fmt.Errorf("<%s> is no verb of TwiML that kaden keeps as it stands", o.Element.Tag)
	}
	return w.element(o.Element)
}
