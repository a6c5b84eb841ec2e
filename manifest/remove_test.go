package manifest

import (
	"errors"
	"strings"
	"testing"
)

// stored is a file as it comes from the store: its documents do not know where they were read.
func stored(t *testing.T, text string) []Document {
	t.Helper()
	docs, problems := Split("", []byte(text))
	if problems != nil {
		t.Fatal(lines(problems))
	}
	for i := range docs {
		docs[i].Line = 0
	}
	return docs
}

const phones = `
domain: office.example.jp
---
phone: sato@office.example.jp
password: geheim-und-lang-genug
---
person: sato
contacts: ["sip:sato@office.example.jp"]
---
bin: greeting
twiml: <Response><Hangup/></Response>
---
application: support
bin: greeting
---
number: "+815012345678"
application: support
`

func TestWhatStillNeedsADocument(t *testing.T) {
	usual := "person: me\ncontacts: [sim:me]\n---\nplan: default\nsteps:\n  - call: [me]\n---\nsource: json\nkey: h5Hg0Jc2k7Qm2Zr9Vx4Lw8Np\n"
	for _, tt := range []struct{ name, house, remove, want string }{
		{"a plan that sources start", "", "plan/night-shift",
			"source json:3:7: error: <plan>: there is no plan \"night-shift\" (there is none yet)\nsource mackerel:4:7: error: <plan>: there is no plan \"night-shift\" (there is none yet)\n"},
		{"with the sources", "", "plan/night-shift source/json source/mackerel", ""},
		{"a person in a group and a plan", "", "person/suzuki",
			"group db-team:2:11: error: <suzuki>: there is no person \"suzuki\" (there are sato, tanaka)\nplan night-shift:13:18: error: <suzuki>: there is no person \"suzuki\" (there are sato, tanaka)\n"},
		{"a group of a plan", "", "group/db-team", "plan night-shift:8:18: error: <@db-team>: there is no group @db-team (there is none yet)\n"},
		{"a notice of a plan", "", "notice/ops-mail", "plan night-shift:17:13: error: <otherwise>: there is no notice \"ops-mail\": it is said on the console and in the log only (there is none yet)\n"},
		{"a number that nobody needs", "", "number/+815012345678", ""},
		{"a source", "", "source/json", ""},
		{"the plan of sources that name none", usual, "plan/default", "source json:1:1: error: <source>: there is no plan \"default\", which is that of a source without plan: (give it a plan:)\n"},
		{"a plan that is nobody's", strings.Replace(usual, "plan: default", "plan: other", 1), "plan/other", ""},
		{"a phone that is a person's", phones, "phone/sato@office.example.jp",
			"person sato:2:12: error: <contacts>: domain office.example.jp has no phone \"sato\", so nobody can register as it (there is none yet)\n"},
		{"a domain with phones", phones, "domain/office.example.jp", "phone sato@office.example.jp:1:8: error: <phone>: there is no domain \"office.example.jp\" (there is none yet)\n"},
		{"a bin that answers", phones, "bin/greeting", "application support:2:6: error: <bin>: there is no bin \"greeting\" (there is none yet)\n"},
		{"an application that answers", phones, "application/support", "number +815012345678:2:14: error: <application>: there is no application \"support\" (there is none yet)\n"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			docs := stored(t, string(house(t)))
			if tt.house != "" {
				docs = stored(t, tt.house)
			}
			var refs []Ref
			for one := range strings.FieldsSeq(tt.remove) {
				r, err := ParseRef(one)
				if err != nil {
					t.Fatal(err)
				}
				refs = append(refs, r)
			}
			left, err := Without(docs, refs...)
			if err != nil || len(left) != len(docs)-len(refs) {
				t.Fatalf("%d documents are left of %d, %v", len(left), len(docs), err)
			}
			if got := lines(Needed(docs, left, secrets)); got != tt.want {
				t.Errorf("got\n%swant\n%s", got, tt.want)
			}
		})
	}
}

// The last trunk may go although a plan shows a number on it no longer; that nobody can be called any more is said.
func TestWhoCannotBeCalledWithoutTheTrunk(t *testing.T) {
	docs := stored(t, "trunk: ntt\nserver: sip.example.jp\nfrom: \"+815012345678\"\n---\nperson: sato\ncontacts: [090-1234-5678]\n---\nplan: default\nsteps:\n  - call: [sato]\n")
	left, err := Without(docs, Ref{"trunk", "ntt"})
	if err != nil {
		t.Fatal(err)
	}
	found := Needed(docs, left, nil)
	if found.Refused() || !strings.Contains(lines(found), "nothing reaches sato: there is no trunk") {
		t.Errorf("got\n%s", lines(found))
	}
}

// Something was wrong before. That is no reason to keep a document, even where the words about it change.
func TestWhatWasWrongBeforeKeepsNothing(t *testing.T) {
	docs := stored(t, "person: me\ncontacts: [sim:me]\n---\nplan: night\nsteps:\n  - call: [me]\n---\nplan: day\nsteps:\n  - call: [me]\n---\nsource: json\nkey: h5Hg0Jc2k7Qm2Zr9Vx4Lw8Np\nplan: nigth-shift\n")
	left, err := Without(docs, Ref{"plan", "day"})
	if err != nil {
		t.Fatal(err)
	}
	if found := Needed(docs, left, nil); len(found) > 0 {
		t.Errorf("got\n%s", lines(found))
	}
}

func TestADocumentThatIsNotThere(t *testing.T) {
	docs := stored(t, string(house(t)))
	_, err := Without(docs, Ref{"person", "sato"}, Ref{"plan", "nightshift"})
	var not *NotThere
	if !errors.As(err, &not) || not.Error() != "there is no plan nightshift" || not.Hint != "did you mean night-shift?" {
		t.Errorf("got %v, %+v", err, not)
	}
	if left, err := Without(docs, Ref{"person", "sato"}, Ref{"person", "sato"}); err != nil || len(left) != len(docs)-1 {
		t.Errorf("named twice: %d left, %v", len(left), err)
	}
	for text, want := range map[string]string{
		"plan/night-shift": "plan night-shift", "plans/night-shift": "plan night-shift", "phone/sato@office.example.jp": "phone sato@office.example.jp",
	} {
		if r, err := ParseRef(text); err != nil || r.String() != want {
			t.Errorf("%s: %v, %v", text, r, err)
		}
	}
	for text, want := range map[string]string{
		"plan": `"plan" names no document; write its kind and its name, such as plan/night-shift`, "plan/": "names no document",
		"paln/x": `"paln" is no kind of document (did you mean plan?)`, "pod/x": `one of person, group`,
	} {
		if _, err := ParseRef(text); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %s", text, err, want)
		}
	}
}
