package account

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/kaden-project/kaden/problem"
	"github.com/kaden-project/kaden/problem/yamldoc"
	"github.com/kaden-project/kaden/sid"
)

// Bin is a piece of TwiML that is kept here and has a URL, so that a call needs no server of its owner's.
type Bin struct {
	SID     sid.Bin
	Name    string
	Account sid.Account
	Key     string // the end of an address at which anybody is answered, signed or not; "" is no such address
	TwiML   string // with {{fields}} that the request fills in; see Render
	page    *template
}

// BinSID is the identifier of a bin that brings none: always the same for the same name. It is no secret.
func BinSID(name string) sid.Bin {
	sum := sha256.Sum256([]byte("kaden bin " + name))
	return sid.Bin("EH" + hex.EncodeToString(sum[:16]))
}

// ReadBin reads the document of a bin, without a look at its TwiML:
//
//	bin: night
//	twiml: |
//	  <Response>
//	    <Dial timeout="20"><Number>+819011112222</Number></Dial>
//	  </Response>
//	sid: EH0123456789abcdef0123456789abcdef # that which it had at Twilio, so that addresses with it still work
//	key: mJ3x9QdTq2VbW7ZkHs4c               # /bins/KEY answers without a signature, too
//
// Account is left empty, as for numbers. twiml is the value, for the places of what is wrong in it.
func ReadBin(text []byte) (b Bin, twiml yamldoc.Value, list problem.List) {
	doc := yamldoc.Parse(text)
	twiml = doc.Need("twiml", "<Response>…</Response>")
	b = Bin{Name: doc.Need("bin", "night").Text(), TwiML: strings.TrimSpace(twiml.Text())}
	b.SID = BinSID(b.Name)
	if v := doc.Take("sid"); v.Given() {
		id, err := sid.Parse[sid.Bin](v.Text())
		v.Err(err)
		b.SID = id
	}
	if v := doc.Take("key"); v.Given() {
		b.Key = v.Text()
		v.Err(checkBinKey(b.Key))
	}
	if b.TwiML != "" {
		var err error
		if b.page, err = parseTemplate(b.TwiML); err != nil {
			twiml.Err(err)
		}
	}
	return b, twiml, doc.Done()
}

// leastBinKey is what makes an address one that cannot be guessed: 119 bits, if its letters are random.
const leastBinKey = 20

func checkBinKey(key string) error {
	switch {
	case strings.ContainsFunc(key, func(r rune) bool {
		return !('0' <= r && r <= '9' || 'a' <= r && r <= 'z' || 'A' <= r && r <= 'Z' || r == '-' || r == '_')
	}):
		return errors.New("a key is part of a web address: only letters, digits, - and _")
	case len(key) < leastBinKey:
		return fmt.Errorf("a key of %d characters can be guessed: %d random ones cannot", len(key), leastBinKey)
	}
	return nil
}

// Longest is how long a document may be, in bytes; Twilio refuses longer ones with 11750.
const Longest = 64 << 10

// Render is the bin's TwiML for one request: {{Name}} is the parameter Name, escaped for XML, {{{Name}}} as
// it is, and nothing where there is no such parameter. {{#Name}}…{{/Name}} is there when the parameter is
// there and not empty, {{^Name}}…{{/Name}} when it is not, {{! … }} never. (Twilio's TwiML Bins, Mustache.)
//
// What would be longer than [Longest] ends one byte behind it, so that its reader can tell: a megabyte for a field that
// stands in the bin a thousand times is a gigabyte for nobody.
func (b Bin) Render(params url.Values) string {
	if b.page == nil {
		return b.TwiML
	}
	var out strings.Builder
	b.page.render(&out, params)
	return out.String()
}

// Bare is the bin's TwiML with spaces in the place of sections and comments, so that it can be checked as
// TwiML with every place where it was. Fields stay, without what XML would trip over ({{&Name}}).
func (b Bin) Bare() string {
	if b.page == nil {
		return b.TwiML
	}
	return b.page.bare
}

// Fields are the parameters that the bin asks its requests for, each once, in the order in which they first stand
// in it. A bin that was not read has none.
func (b Bin) Fields() []string {
	if b.page == nil {
		return nil
	}
	return b.page.fields(nil)
}

// Conditional tells whether the request decides which parts of the bin are there: of its verbs, which stand one after
// the other here, some may never meet.
func (b Bin) Conditional() bool {
	return b.page != nil && slices.ContainsFunc(b.page.parts, func(p part) bool { return p.in != nil })
}

// template is a parsed Mustache template of the kind above.
type template struct {
	parts []part
	bare  string
}

type part struct {
	text  string // as it is
	field string // in its place, or the condition of what is inside
	raw   bool
	not   bool // inside is there when the field is not
	in    *template
}

// fields adds those of t to the ones before.
func (t *template) fields(before []string) []string {
	for _, p := range t.parts {
		if p.field != "" && !slices.Contains(before, p.field) {
			before = append(before, p.field)
		}
		if p.in != nil {
			before = p.in.fields(before)
		}
	}
	return before
}

// mostSections is how deep sections may stand inside one another.
const mostSections = 16

func parseTemplate(text string) (*template, error) {
	p := templating{text: text, rest: text}
	t, err := p.read("", "", 0)
	if err != nil {
		return nil, err
	}
	t.bare = p.bare.String()
	return t, nil
}

// TemplateError is what is wrong in the fields of a bin, and where: both counted from 1, the column in characters.
type TemplateError struct {
	Line, Column int
	Text         string
}

func (e *TemplateError) Error() string { return e.Text }

// CheckTemplate is what is wrong in the {{fields}} of a bin's TwiML; nil if nothing is.
func CheckTemplate(twiml string) *TemplateError {
	_, err := parseTemplate(strings.TrimSpace(twiml))
	var e *TemplateError
	errors.As(err, &e)
	return e
}

type templating struct {
	text string // all of it
	rest string
	bare strings.Builder
}

// wrong is an error at the place where from begins, which is an end of the text.
func (p *templating) wrong(from, format string, args ...any) error {
	before := p.text[:len(p.text)-len(from)]
	line := before[strings.LastIndexByte(before, '\n')+1:]
	return &TemplateError{strings.Count(before, "\n") + 1, utf8.RuneCountInString(line) + 1, fmt.Sprintf(format, args...)}
}

// read reads up to the end of section name, whose tag stands where opened begins; "" is the whole.
func (p *templating) read(name, opened string, depth int) (*template, error) {
	t := &template{}
	for {
		before, after, found := strings.Cut(p.rest, "{{")
		if before != "" {
			t.parts = append(t.parts, part{text: before})
			p.bare.WriteString(before)
		}
		if !found {
			if name != "" {
				return nil, p.wrong(opened, "{{#%s}} is never closed: {{/%s}} closes it", clipped(name), clipped(name))
			}
			return t, nil
		}
		tag := p.rest[len(before):]
		closing := "}}"
		if strings.HasPrefix(after, "{") {
			closing = "}}}"
		}
		inner, rest, found := strings.Cut(after, closing)
		if !found {
			return nil, p.wrong(tag, "{{ is never closed: %s closes it", closing)
		}
		p.rest = rest
		whole := "{{" + inner + closing
		inner = strings.TrimSpace(inner)
		field := strings.TrimSpace(strings.TrimLeft(inner, "{#^/&!"))
		kind := byte(0)
		if inner != "" {
			kind = inner[0]
		}
		if kind == '!' {
			p.blank(whole)
			continue
		}
		switch {
		case field == "" || field == ".":
			return nil, p.wrong(tag, "%s names no parameter: {{From}} does", clipped(whole))
		case kind == '>':
			return nil, p.wrong(tag, "%s: a bin cannot be filled into another: <Redirect> goes on with it", clipped(whole))
		case kind == '=':
			return nil, p.wrong(tag, "%s: fields are written {{From}}, and in no other way", clipped(whole))
		}
		switch kind {
		case '#', '^':
			p.blank(whole)
			if depth == mostSections {
				return nil, p.wrong(tag, "more sections inside one another than anybody can read")
			}
			in, err := p.read(field, tag, depth+1)
			if err != nil {
				return nil, err
			}
			t.parts = append(t.parts, part{field: field, not: kind == '^', in: in})
		case '/':
			p.blank(whole)
			if field != name {
				return nil, p.wrong(tag, "%s closes nothing", clipped(whole))
			}
			return t, nil
		default:
			p.bare.WriteString(tripping.Replace(whole))
			t.parts = append(t.parts, part{field: field, raw: kind == '{' || kind == '&'})
		}
	}
}

// tripping are the characters of a field that would not be XML, each a space.
var tripping = strings.NewReplacer("&", " ", "<", " ", `"`, " ", "'", " ")

// blank keeps lines and columns.
func (p *templating) blank(tag string) {
	for _, r := range tag {
		if r == '\n' {
			p.bare.WriteByte('\n')
		} else {
			p.bare.WriteByte(' ')
		}
	}
}

func clipped(s string) string {
	if r := []rune(s); len(r) > 40 {
		return string(r[:40]) + "…"
	}
	return s
}

func (t *template) render(out *strings.Builder, params url.Values) {
	write := func(s string) { out.WriteString(s[:min(len(s), Longest+1-out.Len())]) }
	for _, p := range t.parts {
		switch value := params.Get(p.field); {
		case out.Len() > Longest:
			return
		case p.in != nil:
			if (value != "") != p.not {
				p.in.render(out, params)
			}
		case p.field == "":
			write(p.text)
		case p.raw:
			write(value)
		default:
			write(inXML(value[:min(len(value), Longest+1-out.Len())])) // escaping makes nothing shorter
		}
	}
}

var xmlText = strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;", `"`, "&quot;", "'", "&#39;")

// inXML is a value as it can stand between tags and in attributes. What XML cannot hold, control characters above all, is
// \uFFFD: a document does not break over what somebody sent.
func inXML(value string) string {
	return xmlText.Replace(strings.Map(func(r rune) rune {
		switch { // XML 1.0 §2.2
		case r == '\t', r == '\n', r == '\r', ' ' <= r && r <= 0xD7FF, 0xE000 <= r && r <= 0xFFFD, 0x10000 <= r:
			return r
		}
		return utf8.RuneError
	}, value))
}
