package twiml

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/kaden-project/kaden/problem"
)

// xmlReader reads the pieces of an XML 1.0 document one after another. It knows less than
// encoding/xml on purpose: no DTD and so no entities but the five of XML, nothing that reaches outside
// the text. In exchange each piece, each attribute and each mistake has its exact place.
type xmlReader struct {
	src  string // with \n alone as line end, as XML 1.0 §2.11 wants it
	off  int
	mark int // the place in src that pos tells
	pos  Pos
}

type pieceKind int

const (
	endOfText pieceKind = iota
	startTag
	emptyTag // <a/>
	endTag
	charData // references resolved, CDATA too
)

type piece struct {
	kind  pieceKind
	pos   Pos
	name  string
	attrs []attribute
	text  string
}

type attribute struct {
	Pos
	name, value string
}

// space is what XML calls white space; the ideographic space is a character like others.
const space = " \t\n\r"

func trim(s string) string { return strings.Trim(s, space) }

// collapse makes each run of white space one space and takes it off both ends.
func collapse(s string) string { return strings.Join(strings.FieldsFunc(s, isSpace), " ") }

func isSpace(r rune) bool { return strings.ContainsRune(space, r) }

// newXMLReader makes a reader of doc, which must be UTF-8 in characters that XML has.
func newXMLReader(doc []byte) (*xmlReader, error) {
	r := &xmlReader{pos: Pos{1, 1}}
	if len(doc) >= 2 && (doc[0] == 0xFE && doc[1] == 0xFF || doc[0] == 0xFF && doc[1] == 0xFE) {
		return nil, r.wrong(0, codeParse, "the document is in UTF-16", "save it as UTF-8")
	}
	src := strings.TrimPrefix(string(doc), "\uFEFF")
	src = strings.ReplaceAll(src, "\r\n", "\n")
	r.src = strings.ReplaceAll(src, "\r", "\n")
	for i, c := range r.src {
		if c == utf8.RuneError {
			if _, n := utf8.DecodeRuneInString(r.src[i:]); n == 1 {
				return nil, r.wrong(i, codeParse, fmt.Sprintf("byte 0x%02X is not UTF-8", r.src[i]), "save the document as UTF-8")
			}
		}
		if !isChar(c) {
			return nil, r.wrong(i, codeParse, fmt.Sprintf("character U+%04X is not allowed in XML", c), "take it out")
		}
	}
	return r, r.declaration()
}

// at is the place of an offset. Offsets come in order nearly always, so that a document is counted once.
func (r *xmlReader) at(off int) Pos {
	if off < r.mark {
		r.mark, r.pos = 0, Pos{1, 1}
	}
	for _, c := range r.src[r.mark:off] {
		if c == '\n' {
			r.pos = Pos{r.pos.Line + 1, 1}
		} else {
			r.pos.Column++
		}
	}
	r.mark = off
	return r.pos
}

func (r *xmlReader) wrong(off, code int, text, hint string) error {
	p := r.at(off)
	return problem.Problem{Line: p.Line, Column: p.Column, Level: problem.Error, Code: code, Text: text, Hint: hint}
}

func (r *xmlReader) rest() string { return r.src[r.off:] }

var xmlDeclaration = regexp.MustCompile(`^<\?xml[ \t\n]+version[ \t\n]*=[ \t\n]*("[^"<]*"|'[^'<]*')` +
	`(?:[ \t\n]+encoding[ \t\n]*=[ \t\n]*("[^"<]*"|'[^'<]*'))?(?:[ \t\n]+standalone[ \t\n]*=[ \t\n]*(?:"(?:yes|no)"|'(?:yes|no)'))?[ \t\n]*\?>`)

// declaration reads <?xml …?> where there is one. Other charsets than UTF-8 are refused: a document
// in Shift_JIS would be spoken as noise.
func (r *xmlReader) declaration() error {
	if !strings.HasPrefix(r.src, "<?xml") || len(r.src) > 5 && isNameByte(r.src[5]) {
		return nil
	}
	m := xmlDeclaration.FindStringSubmatchIndex(r.src)
	if m == nil {
		return r.wrong(0, codeParse, "the XML declaration is malformed", `<?xml version="1.0" encoding="UTF-8"?>, or none at all`)
	}
	if version := r.src[m[2]+1 : m[3]-1]; version != "1.0" {
		return r.wrong(m[2], codeVersion, fmt.Sprintf("XML version %q", short(version)), `write version="1.0"`)
	}
	if m[4] >= 0 {
		charset := r.src[m[4]+1 : m[5]-1]
		switch strings.ToUpper(charset) {
		case "UTF-8", "UTF8", "US-ASCII":
		default:
			return r.wrong(m[4], codeParse, fmt.Sprintf("charset %q is not read", short(charset)), `save the document as UTF-8 and write encoding="UTF-8"`)
		}
	}
	r.off = m[1]
	return nil
}

// next is the next piece that means something; comments and processing instructions do not.
func (r *xmlReader) next() (piece, error) {
	for r.off < len(r.src) {
		rest := r.rest()
		switch {
		case rest[0] != '<':
			return r.text()
		case strings.HasPrefix(rest, "<!--"):
			if err := r.comment(); err != nil {
				return piece{}, err
			}
		case strings.HasPrefix(rest, "<![CDATA["):
			end := strings.Index(rest, "]]>")
			if end < 0 {
				return piece{}, r.wrong(r.off, codeParse, "<![CDATA[ is never closed", "]]> closes it")
			}
			p := piece{kind: charData, pos: r.at(r.off), text: rest[len("<![CDATA["):end]}
			r.off += end + len("]]>")
			return p, nil
		case strings.HasPrefix(rest, "<!DOCTYPE"), strings.HasPrefix(rest, "<!ENTITY"):
			return piece{}, r.wrong(r.off, codeParse, "a document type is not read", "delete <!DOCTYPE …> and write the text of entities out; TwiML has neither")
		case strings.HasPrefix(rest, "<!"):
			return piece{}, r.wrong(r.off, codeParse, "a <! that begins nothing", "write &lt; for a < in text; a comment is <!-- … -->")
		case strings.HasPrefix(rest, "<?"):
			if err := r.instruction(); err != nil {
				return piece{}, err
			}
		case strings.HasPrefix(rest, "</"):
			return r.end()
		default:
			return r.start()
		}
	}
	return piece{kind: endOfText, pos: r.at(r.off)}, nil
}

func (r *xmlReader) text() (piece, error) {
	start := r.off
	end := strings.IndexByte(r.rest(), '<')
	if end < 0 {
		end = len(r.rest())
	}
	if i := strings.Index(r.rest()[:end], "]]>"); i >= 0 {
		return piece{}, r.wrong(start+i, codeParse, "]]> in text", "write ]]&gt;")
	}
	// The place is that of the first word: blank lines before it are nobody's mistake.
	first := start + len(r.rest()[:end]) - len(strings.TrimLeft(r.rest()[:end], space))
	p := piece{kind: charData, pos: r.at(first)}
	var err error
	p.text, err = r.resolve(start, start+end, false)
	r.off = start + end
	return p, err
}

func (r *xmlReader) comment() error {
	body := r.rest()[len("<!--"):]
	end := strings.Index(body, "--")
	switch {
	case end < 0:
		return r.wrong(r.off, codeParse, "a comment is never closed", "--> closes it")
	case !strings.HasPrefix(body[end:], "-->"):
		return r.wrong(r.off+len("<!--")+end, codeParse, "-- inside a comment", "--> closes a comment; write a single - inside")
	}
	r.off += len("<!--") + end + len("-->")
	return nil
}

func (r *xmlReader) instruction() error {
	body := r.rest()[len("<?"):]
	target := name(body)
	switch {
	case strings.EqualFold(target, "xml"):
		return r.wrong(r.off, codeParse, "the XML declaration is not at the very beginning", "delete what stands before <?xml: blank lines too")
	case target == "":
		return r.wrong(r.off, codeParse, "<? without a name", "TwiML needs no processing instructions: delete it")
	}
	end := strings.Index(body, "?>")
	if end < 0 || end > len(target) && !isSpace(rune(body[len(target)])) {
		return r.wrong(r.off, codeParse, "a processing instruction is malformed", "TwiML needs none: delete it")
	}
	r.off += len("<?") + end + len("?>")
	return nil
}

func (r *xmlReader) end() (piece, error) {
	p := piece{kind: endTag, pos: r.at(r.off), name: name(r.rest()[len("</"):])}
	rest := strings.TrimLeft(r.rest()[len("</")+len(p.name):], space)
	if p.name == "" || !strings.HasPrefix(rest, ">") {
		return p, r.wrong(r.off, codeParse, "a closing tag is malformed", "</Name>")
	}
	r.off = len(r.src) - len(rest) + 1
	return p, nil
}

func (r *xmlReader) start() (piece, error) {
	p := piece{kind: startTag, pos: r.at(r.off), name: name(r.rest()[1:])}
	if p.name == "" {
		return p, r.wrong(r.off, codeParse, "a < that begins no tag", "write &lt; for a < in text")
	}
	open := r.off
	r.off += 1 + len(p.name)
	var seen map[string]bool
	for {
		gap := r.skip()
		switch rest := r.rest(); {
		case rest == "":
			return p, r.wrong(open, codeParse, "<"+short(p.name)+" is never closed", "a tag ends with >")
		case rest[0] == '>':
			r.off++
			return p, nil
		case strings.HasPrefix(rest, "/>"):
			r.off += 2
			p.kind = emptyTag
			return p, nil
		case !gap:
			return p, r.wrong(r.off, codeParse, "no space before an attribute in <"+short(p.name)+">", `<Name one="…" two="…">`)
		}
		a, err := r.attribute(p.name)
		if err != nil {
			return p, err
		}
		if seen == nil {
			seen = map[string]bool{}
		}
		if seen[a.name] {
			return p, problem.Problem{Line: a.Line, Column: a.Column, Level: problem.Error, Code: codeParse, Verb: p.name, Text: short(a.name) + " stands twice", Hint: "delete one of them"}
		}
		seen[a.name] = true
		p.attrs = append(p.attrs, a)
	}
}

// skip goes over white space and tells whether there was any.
func (r *xmlReader) skip() bool {
	before := r.off
	r.off = len(r.src) - len(strings.TrimLeft(r.rest(), space))
	return r.off > before
}

func (r *xmlReader) attribute(tag string) (attribute, error) {
	a := attribute{Pos: r.at(r.off), name: name(r.rest())}
	if a.name == "" {
		return a, r.wrong(r.off, codeParse, "<"+short(tag)+"> is malformed here", `a tag is <Name attribute="value">; is a " or > missing?`)
	}
	start := r.off
	r.off += len(a.name)
	r.skip()
	if !strings.HasPrefix(r.rest(), "=") {
		return a, r.wrong(start, codeParse, "attribute "+short(a.name)+" has no value", short(a.name)+`="…"`)
	}
	r.off++
	r.skip()
	quote := r.rest()
	if quote == "" || quote[0] != '"' && quote[0] != '\'' {
		return a, r.wrong(start, codeParse, "the value of "+short(a.name)+" has no quotes", short(a.name)+`="…"`)
	}
	r.off++
	length := strings.IndexByte(r.rest(), quote[0])
	if length < 0 {
		return a, r.wrong(start, codeParse, "the value of "+short(a.name)+" is never closed", "it ends with "+quote[:1])
	}
	if i := strings.IndexByte(r.rest()[:length], '<'); i >= 0 {
		return a, r.wrong(r.off+i, codeParse, "a < in the value of "+short(a.name), "write &lt;, or close the quotes")
	}
	var err error
	a.value, err = r.resolve(r.off, r.off+length, true)
	r.off += length + 1
	return a, err
}

var oneLine = strings.NewReplacer("\n", " ", "\t", " ")

// resolve replaces references. In attributes a written line end or tab is a space (XML 1.0 §3.3.3).
func (r *xmlReader) resolve(from, to int, inAttribute bool) (string, error) {
	var b strings.Builder
	for off := from; off < to; {
		s := r.src[off:to]
		if s[0] != '&' {
			n := strings.IndexByte(s, '&')
			if n < 0 {
				n = len(s)
			}
			plain := s[:n]
			if inAttribute {
				plain = oneLine.Replace(plain)
			}
			b.WriteString(plain)
			off += n
			continue
		}
		end := strings.IndexByte(s, ';')
		if end < 0 || end == 1 || strings.ContainsAny(s[:end], space+`"'=<`) || strings.Contains(s[1:end], "&") {
			return "", r.wrong(off, codeParse, "a & that begins no reference", "write &amp;, in URLs too")
		}
		c, ok := reference(s[1:end])
		if !ok {
			hint := "XML knows &amp; &lt; &gt; &quot; &apos; and &#number;"
			if s[1] != '#' {
				hint = "write the character itself; " + hint
			}
			return "", r.wrong(off, codeParse, "&"+short(s[1:end])+"; is not known", hint)
		}
		b.WriteRune(c)
		off += end + 1
	}
	return b.String(), nil
}

// reference is the character that a reference stands for.
func reference(s string) (rune, bool) {
	switch s {
	case "amp":
		return '&', true
	case "lt":
		return '<', true
	case "gt":
		return '>', true
	case "quot":
		return '"', true
	case "apos":
		return '\'', true
	}
	figures, base := s[1:], 10
	if s[0] != '#' {
		return 0, false
	}
	if strings.HasPrefix(figures, "x") {
		figures, base = figures[1:], 16
	}
	if figures == "" || strings.Trim(figures, "0123456789abcdefABCDEF") != "" {
		return 0, false
	}
	n, err := strconv.ParseInt(figures, base, 32)
	return rune(n), err == nil && isChar(rune(n))
}

// isChar is XML 1.0's production Char.
func isChar(c rune) bool {
	return c == '\t' || c == '\n' || c == '\r' || c >= ' ' && c <= 0xD7FF || c >= 0xE000 && c <= 0xFFFD || c >= 0x10000 && c <= 0x10FFFF
}

// name is the XML name at the beginning of s, or "". A colon stands once at most, between two
// names, as Namespaces in XML has it.
func name(s string) string {
	end, colon := len(s), -1
	for i, c := range s {
		if isNameStart(c) || i > 0 && i != colon+1 && isNamePart(c) {
			continue
		}
		if c == ':' && i > 0 && colon < 0 {
			colon = i
			continue
		}
		end = i
		break
	}
	if colon >= 0 && colon == end-1 {
		return ""
	}
	return s[:end]
}

func isNameByte(c byte) bool { return isNameStart(rune(c)) || isNamePart(rune(c)) || c == ':' }

func isNameStart(c rune) bool {
	switch {
	case c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z', c == '_':
		return true
	case c < 0xC0:
		return false
	}
	return c <= 0x2FF && c != 0xD7 && c != 0xF7 || c >= 0x370 && c <= 0x1FFF && c != 0x37E ||
		c == 0x200C || c == 0x200D || c >= 0x2070 && c <= 0x218F || c >= 0x2C00 && c <= 0x2FEF ||
		c >= 0x3001 && c <= 0xD7FF || c >= 0xF900 && c <= 0xFDCF || c >= 0xFDF0 && c <= 0xFFFC || c >= 0x10000 && c <= 0xEFFFF
}

// isNamePart is what a name may hold but not begin with.
func isNamePart(c rune) bool {
	return c == '-' || c == '.' || c >= '0' && c <= '9' || c == 0xB7 || c >= 0x300 && c <= 0x36F || c == 0x203F || c == 0x2040
}

// short is s for a message: a document of strangers may have names of any length.
func short(s string) string {
	const most = 40
	if utf8.RuneCountInString(s) <= most {
		return s
	}
	return string([]rune(s)[:most]) + "…"
}
