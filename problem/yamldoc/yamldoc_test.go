package yamldoc

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/kaden-project/kaden/problem"
)

// lines writes problems as the terminal shows them.
func lines(l problem.List) string {
	var b strings.Builder
	for _, p := range l {
		b.WriteString(p.String() + "\n")
	}
	return b.String()
}

func TestADocumentIsReadAsItIsMeant(t *testing.T) {
	m := Parse([]byte(`# who
person: sato   # 夜勤
name: '佐藤'
number: 0120
plus: +819012345678
truth: yes
empty:
contacts: [tel:+819012345678, {address: sip:sato@192.0.2.7, ring: 25s}]
one: alone
text: |
  二行
  ある
times: 3
`))
	if got := m.Keys(); len(got) != 10 || got[0] != "person" || got[9] != "times" {
		t.Errorf("keys %q", got)
	}
	for key, want := range map[string]string{
		"person": "sato", "name": "佐藤", "number": "0120", "plus": "+819012345678", "truth": "yes", "empty": "", "gone": "", "text": "二行\nある\n",
	} {
		if got := m.Take(key).Text(); got != want {
			t.Errorf("%s is %q, want %q", key, got, want)
		}
	}
	if m.Take("empty").Given() || m.Take("gone").Given() || !m.Take("name").Given() {
		t.Error("what is given and what is not is mixed up")
	}
	if n := m.Take("times").Count(1, 9); n != 3 {
		t.Errorf("times is %d", n)
	}
	if one := m.Take("one").List(); len(one) != 1 || one[0].Text() != "alone" {
		t.Errorf("a single value is the list %v", one)
	}
	contacts := m.Take("contacts").List()
	if len(contacts) != 2 || contacts[0].IsMap() || !contacts[1].IsMap() {
		t.Fatalf("contacts are %v", contacts)
	}
	if line, column := contacts[0].Place(); line != 8 || column != 12 {
		t.Errorf("the first contact stands at %d:%d", line, column)
	}
	second := contacts[1].Map()
	if got := second.Need("address", "tel:+81…").Text(); got != "sip:sato@192.0.2.7" {
		t.Errorf("address %q", got)
	}
	if got := second.Take("ring").Duration(0, time.Minute); got != 25*time.Second {
		t.Errorf("ring %s", got)
	}
	second.Done()
	if l := m.Done(); l != nil {
		t.Errorf("problems:\n%s", lines(l))
	}
}

func TestEveryMistakeIsNotedWhereItStands(t *testing.T) {
	m := Parse([]byte(`person: 佐藤
nmae: x
ring: 25
gap: 90h
times: many
more: 70
order: together-ish
ordr: in-trun
list:
  - a
  -
word: [a, b]
map: word
nested: {adress: x}
alias: *other
`))
	m.Take("person").Warn("is in kanji", "fine by me")
	m.Take("name")
	m.Take("ring").Duration(0, time.Minute)
	m.Take("gap").Duration(time.Second, time.Hour)
	m.Take("times").Count(1, 9)
	m.Take("more").Count(1, 9)
	m.Take("order").OneOf("together", "in-turn")
	m.Take("ordr").OneOf("together", "in-turn")
	m.Take("list").List()
	m.Take("word").Text()
	m.Take("map").Map().Done()
	nested := m.Take("nested").Map()
	nested.Take("address")
	nested.Done()
	m.Take("alias").Text()
	m.Need("contacts", "[tel:+819012345678]")
	m.Take("person").Err(nil)
	m.Take("person").Err(errors.New("is nobody"))
	want := `1:1: error: <contacts>: is missing (write contacts: [tel:+819012345678])
1:9: warning: <person>: is in kanji (fine by me)
1:9: error: <person>: is nobody
2:1: error: <nmae>: is not a key that means anything here (did you mean name?)
3:7: error: <ring>: "25" is no length of time (write 25s for seconds)
4:6: error: <gap>: 90h is out of range (from 1s to 1h0m0s)
5:8: error: <times>: "many" is no whole number
6:7: error: <more>: 70 is out of range (from 1 to 9)
7:8: error: <order>: "together-ish" is not known (one of together, in-turn)
8:7: error: <ordr>: "in-trun" is not known (did you mean in-turn?)
11:4: error: <list>: an entry of the list is empty
12:7: error: <word>: is a list where a word or a number is wanted
13:6: error: these are not keys and values (write key: value, one on a line)
14:10: error: <adress>: is not a key that means anything here (did you mean address?)
15:8: error: <alias>: is an anchor or alias (& or *), which is not read here, where a word or a number is wanted
`
	if got := lines(m.Done()); got != want {
		t.Errorf("got\n%swant\n%s", got, want)
	}
}

func TestWhatIsNoDocument(t *testing.T) {
	for _, tt := range []struct{ name, text, want string }{
		{"nothing", "", "1:1: error: the document is empty"},
		{"only a comment", "# nothing\n", "1:1: error: the document is empty"},
		{"a list", "- a\n- b\n", "1:1: error: these are not keys and values"},
		{"a word", "sato\n", "1:1: error: these are not keys and values"},
		{"a key twice", "a: b\na: c\n", "2:1: error: not YAML: mapping key \"a\" already defined"},
		{"a tab", "a:\n\tb: c\n", "(indent with spaces)"},
		{"an open bracket", "a: [b\n", "1:4: error: not YAML: sequence end token ']' not found"},
		{"a group without quotes", "call: [sato, @db-team]\n", `(put names that begin with @ in quotes: "@db-team")`},
		{"a second document", "a: b\n---\nc: d\n", "3:1: error: not YAML: a second document begins here"},
		{"a merge", "<<: 1\nb: c\n", "1:1: error: merge keys"},
		{"a list as a key", "? [a]\n: b\n", "error"},
		{"a depth no person writes", "a: " + strings.Repeat("[", 65), "1:68: error: this is nested too deeply"},
		{"a staircase of dashes", strings.Repeat("- ", 5000), "error: this is nested too deeply"},
		{"a book", strings.Repeat("# x\n", Longest/4) + "a: b\n", "is too long"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			m := Parse([]byte(tt.text))
			for _, k := range m.Keys() {
				m.Take(k)
			}
			m.Need("a", "b")
			if got := lines(m.Done()); !strings.Contains(got, tt.want) {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
}

func TestASecretIsFetched(t *testing.T) {
	places := map[string]string{"env:TRUNK": "geheim", "env:EMPTY": ""}
	resolve := func(ref string) (string, error) {
		s, ok := places[ref]
		if !ok {
			return "", fmt.Errorf("%s is not set", ref)
		}
		return s, nil
	}
	read := func(text string, r func(string) (string, error)) (string, string) {
		m := Parse([]byte("password: " + text))
		s := m.Take("password").Secret(r)
		return s, lines(m.Done())
	}
	for _, tt := range []struct{ name, text, want, problem string }{
		{"literal", "geheim", "geheim", ""},
		{"from the environment", "env:TRUNK", "geheim", ""},
		{"not set", "env:TRUNKS", "", "1:11: error: <password>: env:TRUNKS is not set (set the variable"},
		{"empty", "env:EMPTY", "", "env:EMPTY is empty"},
		{"no such file", "file:/x", "", "the file must be readable"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got, problems := read(tt.text, resolve)
			if got != tt.want || !strings.Contains(problems, tt.problem) || (problems == "") != (tt.problem == "") {
				t.Errorf("got %q, %q", got, problems)
			}
		})
	}
	if got, problems := read("env:TRUNK", nil); got != "env:TRUNK" || problems != "" {
		t.Errorf("without a resolver: %q, %q", got, problems)
	}
}

func TestNearest(t *testing.T) {
	words := []string{"together", "in-turn", "round-robin", "ring", "佐藤"}
	for s, want := range map[string]string{
		"togehter": "together", "in_turn": "in-turn", "roundrobin": "round-robin", "rnig": "ring", "rings": "ring",
		"佐籐": "佐藤", "x": "", "password": "", strings.Repeat("a", 100): "",
	} {
		if got := Nearest(s, words); got != want {
			t.Errorf("Nearest(%q) = %q, want %q", s, got, want)
		}
	}
}

// Whatever the bytes: reading ends, each problem has a place within the text, and a document without
// problems gives each of its scalars.
func FuzzParse(f *testing.F) {
	for _, s := range []string{"person: sato\ncontacts: [tel:+8190, {address: x, ring: 25s}]\n", "a: |\n  x\nb: 'c'\n", "# c\na: \"\\u3042\"\n", "a: [b\n", "? a\n: b\n", "a: *x\n"} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		m := Parse(text)
		for _, k := range m.Keys() {
			for _, v := range m.Take(k).List() {
				if v.IsMap() {
					v.Map().Done()
				} else {
					v.Text()
				}
			}
		}
		count := strings.Count(string(text), "\n") + strings.Count(string(text), "\r") + 1
		for _, p := range m.Done() {
			if p.Line < 1 || p.Column < 1 || p.Line > count || p.Text == "" {
				t.Fatalf("a problem beside the text of %d lines: %s", count, p)
			}
		}
		if keys := m.Keys(); !slices.Equal(keys, Parse(text).Keys()) {
			t.Fatalf("read twice, the keys differ: %q", keys)
		}
	})
}
