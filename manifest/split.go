package manifest

import (
	"bytes"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/kaden-project/kaden/number"
	"github.com/kaden-project/kaden/problem"
	"github.com/kaden-project/kaden/problem/yamldoc"
)

// The kinds of documents.
const (
	kindPerson   = "person"
	kindGroup    = "group"
	kindPlan     = "plan"
	kindTrunk    = "trunk"
	kindUpstream = "upstream"
	kindSMSC     = "smsc"
	kindSource   = "source"
	kindBin      = "bin"
	kindApp      = "application"
	kindNumber   = "number"
	kindDomain   = "domain"
	kindPhone    = "phone"
	kindNotice   = "notice"
	kindBudget   = "budget"
)

// Kinds lists the kinds of documents, in the order they are best read.
func Kinds() []string {
	return []string{kindPerson, kindGroup, kindPlan, kindTrunk, kindUpstream, kindSMSC, kindSource, kindBin, kindApp, kindNumber, kindDomain, kindPhone, kindNotice, kindBudget}
}

// Split cuts text into its documents at the lines that begin with ---. file is the name problems bear. A
// document that names no kind, or is not YAML, is a problem and left out; the others are given.
//
// Comments above the first --- belong to the document that follows. Format of what Split gave, split
// again, gives the same texts.
func Split(file string, text []byte) ([]Document, problem.List) {
	var docs []Document
	var problems problem.List
	for _, c := range chunks(text, file, &problems) {
		doc, found := identify(c)
		for _, p := range found {
			p.File = file
			p.Line += c.line - 1
			problems = append(problems, p)
		}
		if doc.Kind == "" {
			continue
		}
		doc.File = file
		docs = append(docs, doc)
	}
	problems.Sort()
	return docs, problems
}

// chunk is the text between two markers.
type chunk struct {
	text string
	line int
}

// empty tells that nothing but comments and space is in it.
func (c chunk) empty() bool {
	for l := range strings.Lines(c.text) {
		if l = strings.TrimSpace(l); l != "" && l[0] != '#' {
			return false
		}
	}
	return true
}

// chunks cuts at --- and ..., which end a document wherever they begin a line (YAML 1.2.2 9.1.2), inside
// a block of text too.
func chunks(text []byte, file string, problems *problem.List) []chunk {
	text = bytes.TrimPrefix(text, []byte("\xef\xbb\xbf"))
	var all []chunk
	current := chunk{line: 1}
	line := 0
	for l := range strings.Lines(string(text)) {
		line++
		rest, marker := cutMarker(l)
		if !marker {
			current.text += l
			continue
		}
		all = append(all, current)
		current = chunk{line: line + 1}
		comment := strings.TrimSpace(rest)
		switch {
		case comment == "":
		case comment[0] == '#':
			current = chunk{text: strings.TrimLeft(rest, " \t"), line: line}
		default:
			*problems = append(*problems, problem.Problem{File: file, Line: line, Column: 5, Level: problem.Error,
				Text: "a document begins on the line after ---", Hint: "move this down"})
		}
	}
	return joinComments(append(all, current))
}

// cutMarker gives what follows a marker on its line.
func cutMarker(l string) (rest string, ok bool) {
	for _, marker := range []string{"---", "..."} {
		rest, ok = strings.CutPrefix(l, marker)
		if ok && (strings.TrimRight(rest, "\r\n") == "" || rest[0] == ' ' || rest[0] == '\t') {
			return rest, true
		}
	}
	return "", false
}

// joinComments gives comments that stand alone to the document after them, else to the one before. An
// empty line takes the place of the marker between them, so that lines keep their numbers.
func joinComments(all []chunk) []chunk {
	var docs []chunk
	var waiting *chunk
	for _, c := range all {
		if waiting != nil {
			gap := strings.Repeat("\n", max(0, c.line-waiting.line-strings.Count(waiting.text, "\n")))
			c = chunk{text: waiting.text + gap + c.text, line: waiting.line}
			waiting = nil
		}
		switch {
		case strings.TrimSpace(c.text) == "":
		case c.empty():
			waiting = &c
		default:
			docs = append(docs, chunk{text: ended(c.text), line: c.line})
		}
	}
	if waiting != nil && len(docs) > 0 {
		docs[len(docs)-1].text += "\n" + ended(waiting.text)
	}
	return docs
}

func ended(s string) string {
	if strings.HasSuffix(s, "\n") {
		return s
	}
	return s + "\n"
}

var (
	name       = regexp.MustCompile(`^[\p{L}\p{N}][\p{L}\p{M}\p{N}._-]{0,63}$`)
	phoneName  = regexp.MustCompile(`^[A-Za-z0-9._+-]{1,64}@[A-Za-z0-9._-]{1,190}$`)
	domainName = regexp.MustCompile(`^[A-Za-z0-9._-]{1,190}$`)
	nameHint   = "letters, digits, - _ and . ; at most 64"
)

// identify finds out what a document is: its first key names its kind, and its value the thing itself.
func identify(c chunk) (Document, problem.List) {
	m := yamldoc.Parse([]byte(c.text))
	keys := m.Keys()
	if len(keys) == 0 {
		return Document{}, m.Problems()
	}
	first := m.Take(keys[0])
	if !slices.Contains(Kinds(), keys[0]) {
		first.Error("the first key of a document names its kind", kindHint(keys))
		return Document{}, m.Problems()
	}
	doc := Document{Kind: keys[0], Name: first.Text(), Text: c.text, Line: c.line}
	switch {
	case doc.Kind == kindNumber:
		// One number, however it is written, is one document.
		if n, err := number.Parse(doc.Name, number.Home); err == nil {
			doc.Name = string(n)
		}
		if doc.Name == "" {
			first.Error("a number document says which number it is about", `write number: "+815012345678"`)
			return Document{}, m.Problems()
		}
	case doc.Kind == kindPhone && phoneName.MatchString(doc.Name):
		user, host, _ := strings.Cut(doc.Name, "@")
		doc.Name = user + "@" + strings.ToLower(host)
	case doc.Kind == kindDomain && domainName.MatchString(doc.Name):
		doc.Name = strings.ToLower(doc.Name)
	case doc.Kind == kindPhone && doc.Name != "":
		first.Error(fmt.Sprintf("%q is not a user and a domain", doc.Name), "write phone: sato@office.example.jp")
		return Document{}, m.Problems()
	case doc.Name == "":
		first.Error(fmt.Sprintf("a %s needs a name", doc.Kind), "write "+doc.Kind+": and its name, as it is to be called elsewhere")
		return Document{}, m.Problems()
	case !name.MatchString(doc.Name):
		first.Error(fmt.Sprintf("%q cannot be the name of a %s", doc.Name, doc.Kind), nameHint)
		return Document{}, m.Problems()
	}
	return doc, nil
}

func kindHint(keys []string) string {
	for _, k := range keys[1:] {
		if slices.Contains(Kinds(), k) {
			return "move " + k + ": to the top"
		}
	}
	if near := yamldoc.Nearest(keys[0], Kinds()); near != "" {
		return "did you mean " + near + "?"
	}
	return "one of " + strings.Join(Kinds(), ", ")
}

// Format writes documents as one file, each as it was written.
func Format(docs []Document) []byte {
	var b bytes.Buffer
	for i, d := range docs {
		if i > 0 {
			b.WriteString("---\n")
		}
		b.WriteString(ended(d.Text))
	}
	return b.Bytes()
}

// Merge puts documents in the place of those of the same kind and name, and new ones after them. One that
// stands twice among those that are changed stays twice, so that Compile says so instead of losing the first.
// Neither list is changed.
func Merge(old, changed []Document) []Document {
	merged := slices.Clone(old)
	type identity struct{ kind, name string }
	place := make(map[identity]int, len(old))
	for i, d := range merged {
		place[identity{d.Kind, d.Name}] = i
	}
	for _, d := range changed {
		id := identity{d.Kind, d.Name}
		if i, there := place[id]; there {
			merged[i] = d
			delete(place, id)
			continue
		}
		merged = append(merged, d)
	}
	return merged
}
