package problem

import (
	"cmp"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
)

// Book is what a room says to people in English, beside the same in Japanese. The English is as it stands in the
// room's code, with its holes: %d holds a whole number, %q what is in quotes, any other one whatever fits. The Japanese
// has a %s for each of them, in their order or by number (%[2]s).
//
// So a text has one home, the place that says it; a room keeps its Japanese beside that, and whoever shows the text to
// somebody asks for it at the end of its way, however it got there.
type Book = map[string]string

// Reader says in Japanese what rooms say in English. It may be used by many goroutines; nil leaves all in English.
type Reader struct{ entries []entry }

type entry struct {
	english string
	own     int                   // how much of it is no hole
	literal string                // the longest of its words: a text without it is not meant
	pattern func() *regexp.Regexp // made when it is first needed: a command has use for a few of them
	quoted  []bool                // the hole holds what is in quotes
	said    string
}

var hole = regexp.MustCompile(`%(?:\[\d+\])?[+#0-9.]*[a-zA-Z]`)

// NewReader opens books. Where two entries fit a text, the one with more words of its own is meant.
func NewReader(books ...Book) *Reader {
	r := &Reader{}
	for _, book := range books {
		for english, said := range book {
			r.entries = append(r.entries, read(english, said))
		}
	}
	slices.SortFunc(r.entries, func(a, b entry) int {
		return cmp.Or(b.own-a.own, strings.Compare(a.english, b.english))
	})
	return r
}

func read(english, said string) entry {
	e := entry{english: english, said: said}
	var b strings.Builder
	b.WriteString(`(?s)^`)
	at := 0
	own := func(text string) {
		text = strings.ReplaceAll(text, "%%", "%")
		if e.own += len(text); len(text) > len(e.literal) {
			e.literal = text
		}
		b.WriteString(regexp.QuoteMeta(text))
	}
	for _, h := range hole.FindAllStringIndex(strings.ReplaceAll(english, "%%", "\x00\x00"), -1) {
		own(english[at:h[0]])
		switch at = h[1]; english[at-1] {
		case 'd':
			b.WriteString(`(-?\d+)`)
		case 'q':
			b.WriteString(`("(?:[^"\\]|\\.)*")`)
		default:
			b.WriteString(`(.+?)`)
		}
		e.quoted = append(e.quoted, english[at-1] == 'q')
	}
	own(english[at:])
	b.WriteString(`$`)
	e.pattern = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(b.String()) })
	return e
}

// deepest is how often what stands in a hole is looked up in turn.
const deepest = 6

// Say gives text in Japanese, and text itself where no book has it.
func (r *Reader) Say(text string) string {
	if r == nil || text == "" {
		return text
	}
	return r.say(text, deepest)
}

func (r *Reader) say(text string, depth int) string {
	if depth == 0 {
		return text
	}
	for _, e := range r.entries {
		if !strings.Contains(text, e.literal) {
			continue
		}
		m := e.pattern().FindStringSubmatch(text)
		if m == nil {
			continue
		}
		holes := make([]any, len(m)-1)
		for i, s := range m[1:] {
			if e.quoted[i] {
				if inner, err := strconv.Unquote(s); err == nil {
					holes[i] = inner
					continue
				}
			}
			holes[i] = r.say(s, depth-1)
		}
		return fmt.Sprintf(e.said, holes...)
	}
	// Reasons of several lines, one after the other.
	if first, rest, several := strings.Cut(text, "; "); several {
		if a, b := r.say(first, depth-1), r.say(rest, depth-1); a != first || b != rest {
			return a + "。" + b
		}
	}
	return text
}

// List gives problems in Japanese.
func (r *Reader) List(l List) List {
	if r == nil {
		return l
	}
	out := slices.Clone(l)
	for i := range out {
		out[i].Text, out[i].Hint = r.say(l[i].Text, deepest), r.say(l[i].Hint, deepest)
	}
	return out
}
