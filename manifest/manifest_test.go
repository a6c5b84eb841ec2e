package manifest

import (
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/kaden-project/kaden/problem"
)

// secrets are those of the example house.
func secrets(ref string) (string, error) {
	s, ok := map[string]string{
		"env:NTT_PASSWORD": "geheim", "env:MAIL_PASSWORD": "geheim", "env:MACKEREL_KEY": "k7Qm2Zr9Vx4Lw8Np1Td6Ys3B", "env:JSON_KEY": "h5Hg0Jc2k7Qm2Zr9Vx4Lw8Np",
	}[ref]
	if !ok {
		return "", errors.New(strings.TrimPrefix(ref, "env:") + " is not set")
	}
	return s, nil
}

func lines(l problem.List) string {
	var b strings.Builder
	for _, p := range l {
		b.WriteString(p.String() + "\n")
	}
	return b.String()
}

// house is the example file, which must never be stale.
func house(t testing.TB) []byte {
	t.Helper()
	text, err := os.ReadFile("../docs/examples/house.yaml")
	if err != nil {
		t.Fatal(err)
	}
	return text
}

func compile(t *testing.T, text string) (*Set, string) {
	t.Helper()
	docs, problems := Split("house.yaml", []byte(text))
	set, more := Compile(docs, secrets)
	return set, lines(append(problems, more...))
}

func TestTheExampleHouse(t *testing.T) {
	set, problems := compile(t, string(house(t)))
	if problems != "" {
		t.Fatalf("problems:\n%s", problems)
	}
	if len(set.People) != 3 || len(set.Groups) != 1 || len(set.Plans) != 1 || len(set.Trunks) != 1 || len(set.Sources) != 2 || len(set.Numbers) != 1 {
		t.Errorf("the set is %+v", set)
	}
	if p := set.Trunks[0].Password; p != "geheim" {
		t.Errorf("the trunk's password is %q", p)
	}
	if s := set.Sources["json"]; s.Kind != "json" || s.Plan != "night-shift" || s.Key != "h5Hg0Jc2k7Qm2Zr9Vx4Lw8Np" {
		t.Errorf("the source is %+v", s)
	}
	if n := set.Numbers[0]; n.Number != "+815012345678" || !strings.Contains(n.TwiML, "監視センター") {
		t.Errorf("the number is %+v", n)
	}
	people, unresolved := set.Directory().Resolve(set.Plans["night-shift"].Steps[0].Call, time.Now())
	if len(people) != 3 || people[0].ID != "sato" || people[2].Name != "Tanaka Emi" || unresolved != nil {
		t.Errorf("the plan's first step calls %v, %v", people, unresolved)
	}
}

func TestExportThenApplyChangesNothing(t *testing.T) {
	docs, problems := Split("house.yaml", house(t))
	if problems != nil {
		t.Fatal(problems)
	}
	exported := Format(docs)
	again, _ := Split("", exported)
	merged := Merge(docs, again)
	if len(merged) != len(docs) {
		t.Fatalf("%d documents became %d", len(docs), len(merged))
	}
	for i := range docs {
		if merged[i].Text != docs[i].Text || merged[i].Name != docs[i].Name {
			t.Errorf("%s %s changed:\n%q\n%q", docs[i].Kind, docs[i].Name, docs[i].Text, merged[i].Text)
		}
	}
	if twice := Format(merged); string(twice) != string(exported) {
		t.Errorf("exported twice:\n%s\n%s", exported, twice)
	}
	for _, comment := range []string{"小さな例", "# how the name is spoken 読み上げかた", "# one new call a second 毎秒一呼"} {
		if !strings.Contains(string(exported), comment) {
			t.Errorf("the comment %q is lost", comment)
		}
	}
}

func TestSplit(t *testing.T) {
	for _, tt := range []struct {
		name, text string
		want       []Document
	}{
		{"one without a marker", "person: sato\ncontacts: [sim:a]\n", []Document{{"person", "sato", "person: sato\ncontacts: [sim:a]\n", "f", 1}}},
		{"no newline at the end", "person: sato", []Document{{"person", "sato", "person: sato\n", "f", 1}}},
		{"two", "person: sato\n---\ngroup: g\n", []Document{{"person", "sato", "person: sato\n", "f", 1}, {"group", "g", "group: g\n", "f", 3}}},
		{"empty ones between", "---\n\n---\nperson: sato\n---\n---\n", []Document{{"person", "sato", "person: sato\n", "f", 4}}},
		{"comments above the first marker", "# house\n---\nperson: sato\n", []Document{{"person", "sato", "# house\n\nperson: sato\n", "f", 1}}},
		{"a comment on the marker", "--- # the boss\nperson: sato\n", []Document{{"person", "sato", "# the boss\nperson: sato\n", "f", 1}}},
		{"comments after the last", "person: sato\n---\n# the end", []Document{{"person", "sato", "person: sato\n\n# the end\n", "f", 1}}},
		{"three dots end one as well", "person: sato\n...\n---\nperson: suzuki\n", []Document{{"person", "sato", "person: sato\n", "f", 1}, {"person", "suzuki", "person: suzuki\n", "f", 4}}},
		{"lines of Windows", "\xef\xbb\xbfperson: sato\r\n---\r\nperson: suzuki\r\n", []Document{{"person", "sato", "person: sato\r\n", "f", 1}, {"person", "suzuki", "person: suzuki\r\n", "f", 3}}},
		{"dashes that are no marker", "person: sato\nname: |\n  ---\n", []Document{{"person", "sato", "person: sato\nname: |\n  ---\n", "f", 1}}},
		{"a number is one number", "number: 050-1234-5678\n", []Document{{"number", "+815012345678", "number: 050-1234-5678\n", "f", 1}}},
		{"a name in kanji", "person: 佐藤\n", []Document{{"person", "佐藤", "person: 佐藤\n", "f", 1}}},
		{"nothing but comments", "# nobody lives here\n", nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got, problems := Split("f", []byte(tt.text))
			if !slices.Equal(got, tt.want) || problems != nil {
				t.Errorf("got  %+v\nwant %+v\n%s", got, tt.want, lines(problems))
			}
		})
	}
}

func TestSplitRefuses(t *testing.T) {
	for _, tt := range []struct{ name, text, want string }{
		{"no YAML in the second", "person: sato\n---\nname: [a\n---\nperson: suzuki\n", "f:3:7: error: not YAML: sequence end token ']' not found\n"},
		{"a kind that is none", "person: sato\n---\n\nperso: x\n", "f:4:8: error: <perso>: the first key of a document names its kind (did you mean person?)\n"},
		{"the kind is not first", "name: x\nperson: y\n", "f:1:7: error: <name>: the first key of a document names its kind (move person: to the top)\n"},
		{"something else", "apiVersion: v1\n", "f:1:13: error: <apiVersion>: the first key of a document names its kind (one of person, group, plan, trunk, upstream, smsc, source, bin, application, number, domain, phone, notice, budget)\n"},
		{"no name", "person:\n", "f:1:9: error: <person>: a person needs a name (write person: and its name, as it is to be called elsewhere)\n"},
		{"a name with a space", "person: Sato Taro\n", "f:1:9: error: <person>: \"Sato Taro\" cannot be the name of a person (letters, digits, - _ and . ; at most 64)\n"},
		{"a number without a number", "number:\n", "f:1:9: error: <number>: a number document says which number it is about (write number: \"+815012345678\")\n"},
		{"a list", "- a\n", "f:1:1: error: these are not keys and values (write key: value, one on a line)\n"},
		{"a document on the marker", "--- person: sato\n", "f:1:5: error: a document begins on the line after --- (move this down)\n"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			_, problems := Split("f", []byte(tt.text))
			if got := lines(problems); got != tt.want {
				t.Errorf("got  %swant %s", got, tt.want)
			}
		})
	}
	docs, _ := Split("f", []byte("person: sato\n---\nname: [a\n---\nperson: suzuki\n"))
	if len(docs) != 2 {
		t.Errorf("a broken document takes others with it: %v", docs)
	}
}

func TestMerge(t *testing.T) {
	old := []Document{{Kind: "person", Name: "a", Text: "1"}, {Kind: "plan", Name: "a", Text: "2"}}
	merged := Merge(old, []Document{{Kind: "plan", Name: "a", Text: "3"}, {Kind: "person", Name: "b", Text: "4"}, {Kind: "person", Name: "b", Text: "5"}})
	want := []Document{{Kind: "person", Name: "a", Text: "1"}, {Kind: "plan", Name: "a", Text: "3"}, {Kind: "person", Name: "b", Text: "4"}, {Kind: "person", Name: "b", Text: "5"}}
	if !slices.Equal(merged, want) || old[1].Text != "2" {
		t.Errorf("merged %v, old %v", merged, old)
	}
	if got := string(Format(merged)); got != "1\n---\n3\n---\n4\n---\n5\n" {
		t.Errorf("formatted %q", got)
	}
}

// A file that has a person twice, with two numbers: neither is taken for the other, whether the person is there already or not.
func TestAPersonWhoStandsTwiceInAFileIsNotLostInSilence(t *testing.T) {
	twice, _ := Split("", []byte("person: sato\ncontacts: [sim:one]\n---\nperson: sato\ncontacts: [sim:two]\n"))
	for who, old := range map[string][]Document{"new": nil, "known": {{Kind: "person", Name: "sato", Text: "person: sato\ncontacts: [sim:old]\n"}}} {
		_, problems := Compile(Merge(old, twice), nil)
		if !problems.Refused() || !strings.Contains(lines(problems), "person sato is described twice, first in line 1") {
			t.Errorf("%s: %s", who, lines(problems))
		}
	}
}

// Whatever the file: what is exported is read again as the same documents, and each problem has a place.
func FuzzSplit(f *testing.F) {
	f.Add(house(f))
	for _, s := range []string{"# a\n---\nperson: x\n...\n# b", "--- # c\nplan: y\r\n---\r\n", "person: a\n\n---\n\n\nnumber: 090-1234-5678\n---\n#", "--- x\n%YAML 1.2\n"} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		docs, problems := Split("f", text)
		for _, p := range problems {
			if p.Line < 1 || p.Column < 1 || p.Level != problem.Error {
				t.Fatalf("a problem without a place: %s", p)
			}
		}
		again, problems := Split("f", Format(docs))
		if problems != nil || len(again) != len(docs) {
			t.Fatalf("%d documents are read again as %d: %s", len(docs), len(again), lines(problems))
		}
		for i := range docs {
			if again[i].Text != docs[i].Text || again[i].Kind != docs[i].Kind || again[i].Name != docs[i].Name {
				t.Fatalf("document %d was %q and is %q", i, docs[i].Text, again[i].Text)
			}
		}
		if set, _ := Compile(docs, nil); set == nil {
			t.Fatal("no set")
		}
	})
}

func ExampleFormat() {
	docs, _ := Split("", []byte("person: sato # 佐藤\ncontacts: [sim:sato]\n---\ngroup: all\nmembers: [sato]\n"))
	fmt.Printf("%s", Format(docs))
	// Output:
	// person: sato # 佐藤
	// contacts: [sim:sato]
	// ---
	// group: all
	// members: [sato]
}
