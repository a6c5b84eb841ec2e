package twiml

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

// Write writes a document in one canonical form: indented, with an XML declaration, attributes that
// say what goes without saying left out, text escaped. Characters that XML cannot carry, such as
// control characters, are left out.
//
// What [Parse] accepted can be written, and is read the same again. Write refuses what could not be:
// a negative loop, verbs that may not be nested, names that are no names, more than [MaxSize] bytes.
func Write(r *Response) ([]byte, error) {
	if r == nil {
		return nil, errors.New("no document")
	}
	w := &writer{}
	w.b.WriteString(`<?xml version="1.0" encoding="UTF-8"?>` + "\n")
	w.open("Response")
	for _, v := range r.Verbs {
		if err := w.verb(v); err != nil {
			return nil, err
		}
	}
	w.close()
	w.b.WriteByte('\n')
	if w.b.Len() > MaxSize {
		return nil, fmt.Errorf("the document has %d bytes, more than %d; divide it and go on with <Redirect>", w.b.Len(), MaxSize)
	}
	return []byte(w.b.String()), nil
}

// writable is a verb of this package.
type writable interface {
	Verb
	write(*writer) error
}

var (
	_ writable = (*Say)(nil)
	_ writable = (*Play)(nil)
	_ writable = (*Pause)(nil)
	_ writable = (*Gather)(nil)
	_ writable = (*Dial)(nil)
	_ writable = (*Refer)(nil)
	_ writable = (*Echo)(nil)
	_ writable = (*Record)(nil)
	_ writable = (*Redirect)(nil)
	_ writable = (*Enqueue)(nil)
	_ writable = (*Leave)(nil)
	_ writable = (*Start)(nil)
	_ writable = (*Connect)(nil)
	_ writable = (*Stop)(nil)
	_ writable = (*Hangup)(nil)
	_ writable = (*Reject)(nil)
	_ writable = (*Sms)(nil)
	_ writable = (*Other)(nil)
)

// writer puts elements into lines.
type writer struct {
	b      strings.Builder
	tags   []string // open elements
	inline int      // > 0 inside an element with text, where white space would change it
	empty  bool     // the innermost tag is not yet closed with > or />
}

func (w *writer) verb(v Verb) error {
	known, ok := v.(writable)
	if !ok {
		return fmt.Errorf("%T is no verb of TwiML", v)
	}
	return known.write(w)
}

// attr is an attribute that is absent when its value is "".
func attr(name, value string) Attr { return unless(name, value, "") }

// unless is an attribute that goes without saying when it has the given value.
func unless[T comparable](name string, value, unsaid T) Attr {
	if value == unsaid {
		return Attr{}
	}
	return Attr{name, fmt.Sprint(value)}
}

// open begins an element. Attributes without a name are left out.
func (w *writer) open(tag string, as ...Attr) {
	w.finish()
	if w.inline > 0 {
		w.inline++
	} else if len(w.tags) > 0 {
		w.line()
	}
	w.b.WriteString("<" + tag)
	for _, a := range as {
		if a.Name != "" {
			w.b.WriteString(" " + a.Name + `="`)
			escape(&w.b, a.Value, true)
			w.b.WriteByte('"')
		}
	}
	w.tags = append(w.tags, tag)
	w.empty = true
}

// finish ends the tag that open began, because something follows inside.
func (w *writer) finish() {
	if w.empty {
		w.b.WriteByte('>')
		w.empty = false
	}
}

// text writes character data. From here to the end of the element nothing is indented.
func (w *writer) text(s string) {
	if s == "" {
		return
	}
	w.finish()
	if w.inline == 0 {
		w.inline = 1
	}
	escape(&w.b, s, false)
}

func (w *writer) close() {
	last := len(w.tags) - 1
	tag := w.tags[last]
	w.tags = w.tags[:last]
	inline := w.inline > 0
	if inline {
		w.inline--
	}
	if w.empty {
		w.b.WriteString("/>")
		w.empty = false
		return
	}
	if !inline {
		w.line()
	}
	w.b.WriteString("</" + tag + ">")
}

func (w *writer) line() {
	w.b.WriteByte('\n')
	for range w.tags {
		w.b.WriteString("  ")
	}
}

// leaf is an element with text alone.
func (w *writer) leaf(tag, text string, as ...Attr) {
	w.open(tag, as...)
	w.text(trim(text))
	w.close()
}

// span writes one span of a Say: first its pause, then its text with SSML around it.
func (w *writer) span(p Span) {
	w.finish()
	w.inline = max(w.inline, 1) // what is spoken is not indented
	for rest := p.Pause.Round(time.Millisecond); rest > 0; rest -= maxBreak {
		w.open("break", Attr{"time", breakText(min(rest, maxBreak))})
		w.close()
	}
	var open int
	wrap := func(tag string, as ...Attr) {
		for _, a := range as {
			if a.Name != "" {
				w.open(tag, as...)
				open++
				return
			}
		}
	}
	wrap("lang", attr("xml:lang", p.Language))
	wrap("prosody", attr("rate", p.Rate), attr("pitch", p.Pitch), attr("volume", p.Volume))
	wrap("emphasis", attr("level", p.Emphasis))
	if p.As != "" {
		wrap("say-as", attr("interpret-as", p.As), attr("format", p.Format))
	}
	wrap("sub", attr("alias", p.Alias))
	if p.Phoneme != "" {
		wrap("phoneme", attr("alphabet", p.Alphabet), attr("ph", p.Phoneme))
	}
	w.text(p.Text)
	for range open {
		w.close()
	}
}

func breakText(d time.Duration) string {
	if d%time.Second == 0 {
		return strconv.Itoa(int(d/time.Second)) + "s"
	}
	return strconv.Itoa(int(d/time.Millisecond)) + "ms"
}

// element writes what an Other kept.
func (w *writer) element(e Element) error {
	if e.Tag == "" || name(e.Tag) != e.Tag {
		return fmt.Errorf("%q cannot be the name of an element", e.Tag)
	}
	if len(w.tags) >= maxDepth {
		return fmt.Errorf("more than %d elements inside one another", maxDepth)
	}
	seen := map[string]bool{}
	for _, a := range e.Attrs {
		if a.Name == "" || name(a.Name) != a.Name || seen[a.Name] {
			return fmt.Errorf("<%s>: %q cannot be the name of an attribute, or stands twice", e.Tag, a.Name)
		}
		seen[a.Name] = true
	}
	w.open(e.Tag, e.Attrs...)
	w.text(trim(e.Text))
	for _, child := range e.Children {
		if err := w.element(child); err != nil {
			return err
		}
	}
	w.close()
	return nil
}

// escape writes s so that it is read back as it is, in text or between double quotes.
func escape(b *strings.Builder, s string, quoted bool) {
	for i, c := range s {
		if c == utf8.RuneError {
			if _, n := utf8.DecodeRuneInString(s[i:]); n == 1 {
				continue // not UTF-8
			}
		}
		switch {
		case c == '&':
			b.WriteString("&amp;")
		case c == '<':
			b.WriteString("&lt;")
		case c == '>':
			b.WriteString("&gt;")
		case quoted && c == '"':
			b.WriteString("&quot;")
		case c == '\r', quoted && (c == '\n' || c == '\t'):
			fmt.Fprintf(b, "&#%d;", c)
		case isChar(c):
			b.WriteRune(c)
		}
	}
}

// comment is s without what may not stand in a comment.
func comment(s string) string { return strings.ReplaceAll(s, "-", "‐") }
