package twiml

import (
	"strings"
	"time"
)

// How long a pause lasts. SSML leaves it open; Polly says that medium is a comma, strong the end of
// a sentence, x-strong of a paragraph, and that <s> and <p> pause as long.
var strengths = map[string]time.Duration{
	"none": 0, "x-weak": 0, "weak": 250 * time.Millisecond, "medium": 250 * time.Millisecond,
	"strong": 500 * time.Millisecond, "x-strong": time.Second,
	"s": 500 * time.Millisecond, "p": time.Second,
}

// ssml reads the content of a Say as spans.
func (c *checker) ssml(n *node) []Span {
	f := flattener{checker: c}
	f.inside(n, Span{})
	if f.pause > 0 {
		f.spans = append(f.spans, Span{Pause: f.pause})
	}
	return f.spans
}

// flattener makes one row of spans out of elements inside one another.
//
// White space belongs to the end of the span before it, so that a span never begins with it; only
// where that span is said as a whole (its Text is not what is heard) to the one after it.
type flattener struct {
	*checker
	spans []Span
	pause time.Duration // written breaks since the last text
	edge  time.Duration // the end of a paragraph or sentence since the last text
	gap   bool          // white space since the last text
}

// inside reads the content of n, which is spoken in the given manner.
func (f *flattener) inside(n *node, manner Span) {
	for _, k := range n.kids {
		switch {
		case k.node == nil:
			f.text(k.text, manner)
		case !f.fits(n, k.node):
			if spoken(n.name, k.node.name) {
				f.inside(k.node, manner)
			}
		default:
			f.element(k.node, manner)
		}
	}
}

// element reads one element of SSML. The nearest one counts where several speak of the same.
func (f *flattener) element(n *node, m Span) {
	v := f.attributes(n)
	switch n.name {
	case "break":
		f.rest(n)
		f.breathe(v)
		return
	case "p", "s":
		f.edge = max(f.edge, strengths[n.name])
		defer func() { f.edge = max(f.edge, strengths[n.name]) }()
	case "lang":
		m.Language = v.text("xml:lang", m.Language)
	case "emphasis":
		m.Emphasis = v.text("level", "moderate")
	case "prosody":
		m.Rate = v.text("rate", m.Rate)
		m.Pitch = v.text("pitch", m.Pitch)
		m.Volume = v.text("volume", m.Volume)
	case "say-as":
		if m.As = v["interpret-as"]; m.As != "" {
			m.Format = v["format"]
		}
		f.whole(n, m)
		return
	case "sub":
		m.Alias = collapse(v["alias"])
		f.whole(n, m)
		return
	case "phoneme":
		if m.Phoneme = v["ph"]; m.Phoneme != "" {
			m.Alphabet = v["alphabet"]
		}
		f.whole(n, m)
		return
	}
	f.inside(n, m)
}

func (f *flattener) breathe(v values) {
	if t, ok := v["time"]; ok {
		d, _ := time.ParseDuration(t) // the rule wrote it
		f.pause += d
		return
	}
	f.pause += strengths[v.text("strength", "medium")]
}

// rest warns of content where there can be none.
func (f *flattener) rest(n *node) {
	f.stray(n)
	for _, k := range n.kids {
		if k.node != nil {
			f.fits(n, k.node)
		}
	}
}

// whole reads an element whose text is said as one thing: a number, a substitute, a pronunciation.
func (f *flattener) whole(n *node, m Span) {
	var b strings.Builder
	var walk func(*node)
	walk = func(n *node) {
		for _, k := range n.kids {
			b.WriteString(k.text)
			if k.node != nil && (f.fits(n, k.node) || spoken(n.name, k.node.name)) {
				walk(k.node)
			}
		}
	}
	walk(n)
	text := b.String()
	if m.exclusive() == 0 {
		f.text(text, m)
		return
	}
	if words := collapse(text); words != "" || m.As == "" {
		f.add(words, m)
	}
}

func (f *flattener) text(s string, m Span) {
	if s == "" {
		return
	}
	words := collapse(s)
	f.gap = f.gap || isSpace(rune(s[0]))
	if words == "" {
		return
	}
	f.add(words, m)
	f.gap = isSpace(rune(s[len(s)-1]))
}

// add puts words behind what is there.
func (f *flattener) add(words string, m Span) {
	gap := f.gap
	m.Text, m.Pause = words, f.pause
	f.gap, f.pause = false, 0
	edge := f.edge
	f.edge = 0
	if len(f.spans) == 0 {
		f.spans = append(f.spans, m)
		return
	}
	m.Pause += edge
	if m.Pause > 0 {
		f.spans = append(f.spans, m)
		return
	}
	last := &f.spans[len(f.spans)-1]
	switch {
	case !gap:
	case last.exclusive() == 0:
		last.Text += " "
	case m.exclusive() == 0:
		m.Text = " " + m.Text
	default:
		f.spans = append(f.spans, Span{Text: " "})
		last = &f.spans[len(f.spans)-1]
	}
	if m.exclusive() == 0 && last.manner() == m.manner() {
		last.Text += m.Text
		return
	}
	f.spans = append(f.spans, m)
}

// exclusive counts the ways in which the span is said as a whole.
func (p Span) exclusive() int {
	n := 0
	for _, s := range [...]string{p.As, p.Alias, p.Phoneme} {
		if s != "" {
			n++
		}
	}
	return n
}

// manner is the span without what is said.
func (p Span) manner() Span {
	p.Text, p.Pause = "", 0
	return p
}
