package oncall

import (
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/kaden-project/kaden/number"
	"github.com/kaden-project/kaden/problem"
)

func lines(l problem.List) string {
	var b strings.Builder
	for _, p := range l {
		b.WriteString(p.String() + "\n")
	}
	return b.String()
}

func TestReadPerson(t *testing.T) {
	got, problems := ReadPerson([]byte(`person: sato
name: 佐藤
reading: さとう
language: ja-jp
contacts: [090-1234-5678, {address: sip:sato@192.0.2.7, ring: 25s}, client:sato]
`))
	want := Person{ID: "sato", Name: "佐藤", Reading: "さとう", Language: "ja-JP", Contacts: []Method{
		{Address: number.Address{Scheme: number.Tel, Number: "+819012345678"}},
		{Address: number.Address{Scheme: number.SIP, Text: "sato@192.0.2.7"}, Ring: 25},
		{Address: number.Address{Scheme: number.Client, Text: "sato"}},
	}}
	if problems != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v\nwant %+v\n%s", got, want, lines(problems))
	}
}

// Contacts in a list of their own ring at the same time; what stands outside rings alone.
func TestReadContactsThatRingTogether(t *testing.T) {
	p, problems := ReadPerson([]byte(`person: sato
contacts:
  - [client:sato, {address: "+819011112222", ring: 15s}]
  - tel:+81312345678
  - [sim:a, sim:b]
`))
	var got []string
	for _, m := range p.Contacts {
		got = append(got, fmt.Sprintf("%s %d %d", m.Address, m.Ring, m.Together))
	}
	want := []string{"client:sato 0 1", "tel:+819011112222 15 1", "tel:+81312345678 0 0", "sim:a 0 3", "sim:b 0 3"}
	if problems != nil || !slices.Equal(got, want) {
		t.Errorf("got  %q\nwant %q\n%s", got, want, lines(problems))
	}
}

func TestReadPersonRefuses(t *testing.T) {
	for _, tt := range []struct{ name, text, want string }{
		{"no contacts", "person: sato\n", "1:1: error: <contacts>: is missing (write contacts: [tel:+819012345678])"},
		{"an empty list", "person: sato\ncontacts: []\n", "2:11: error: <contacts>: a person needs a way to be reached"},
		{"the police", "person: sato\ncontacts: [tel:110]\n", "2:12: error: <contacts>: tel:110 cannot be a contact: emergency numbers"},
		{"a service", "person: sato\ncontacts: [tel:177]\n", "special numbers"},
		{"somebody hidden", "person: sato\ncontacts: [anonymous]\n", "hides the number"},
		{"a broken number", "person: sato\ncontacts:\n  - tel:+8190123\n", "3:5: error: <contacts>: 090123 is too short"},
		{"a number that hides ours", "person: sato\ncontacts: [tel:184-090-1234-5678]\n", "2:12: warning: <contacts>: 184 is not dialled for a contact"},
		{"the same twice", "person: sato\ncontacts: [tel:+819012345678, 090-1234-5678]\n", "2:31: warning: <contacts>: tel:+819012345678 is listed twice"},
		{"no address", "person: sato\ncontacts: [{ring: 20s}]\n", "error: <address>: is missing"},
		{"a typo in a contact", "person: sato\ncontacts: [{adress: tel:+819012345678}]\n", "(did you mean address?)"},
		{"ringing for an hour", "person: sato\ncontacts: [{address: sim:a, ring: 1h}]\n", "1h is out of range (from 5s to 5m0s)"},
		{"no language", "person: sato\nlanguage: japanisch!\ncontacts: [sim:a]\n", "2:11: error: <language>: \"japanisch!\" is no language (write ja-JP or en-US)"},
		{"an empty list within", "person: sato\ncontacts: [sim:a, []]\n", "2:19: error: <contacts>: a list of contacts that ring at the same time is empty (- [client:sato, tel:+819012345678])"},
		{"one that is to ring together with nobody", "person: sato\ncontacts: [[sim:a]]\n", "2:12: warning: <contacts>: one contact rings alone, in a list of its own or not"},
		{"a third list", "person: sato\ncontacts: [[sim:a, [sim:b, sim:c]]]\n", "2:20: error: <contacts>: these ring at the same time already"},
		{"the same twice in a list", "person: sato\ncontacts: [[sim:a, sim:a]]\n", "2:20: warning: <contacts>: sim:a is listed twice (the first place counts)"},
		{"the same in a list and after it", "person: sato\ncontacts:\n  - [sim:a, sim:b]\n  - sim:b\n", "4:5: warning: <contacts>: sim:b is listed twice"},
		{"the police in a list", "person: sato\ncontacts: [[sim:a, tel:110]]\n", "2:20: error: <contacts>: tel:110 cannot be a contact: emergency numbers"},
		{"a list where an address stands", "person: sato\ncontacts: [{address: [sim:a]}]\n", "is a list where a word"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			_, problems := ReadPerson([]byte(tt.text))
			if got := lines(problems); !strings.Contains(got, tt.want) {
				t.Errorf("got\n%swant %s", got, tt.want)
			}
		})
	}
}

func TestReadGroup(t *testing.T) {
	g, places, problems := ReadGroup([]byte("group: db-team\nmembers:\n  - suzuki\n  - \"@managers\"\n  - suzuki\n  - on-call:primary\n"))
	if g.ID != "db-team" || !slices.Equal(g.Members, []string{"suzuki", "@managers"}) {
		t.Errorf("group %+v", g)
	}
	if want := []Reference{{"suzuki", 3, 5}, {"@managers", 4, 5}}; !slices.Equal(places, want) {
		t.Errorf("members stand at %v, want %v", places, want)
	}
	want := "5:5: warning: <members>: suzuki is listed twice (the first place counts)\n" +
		"6:5: error: <members>: rotations do not exist here yet (name people or another group)\n"
	if got := lines(problems); got != want {
		t.Errorf("got\n%swant\n%s", got, want)
	}
	if _, _, problems := ReadGroup([]byte("group: nobody\nmembers: []\n")); problems.Refused() || len(problems) != 1 {
		t.Errorf("an empty group: %s", lines(problems))
	}
}

func TestResolve(t *testing.T) {
	house := Directory{People: map[string]Person{}, Groups: map[string]Group{
		"db":      {ID: "db", Members: []string{"suzuki", "tanaka"}},
		"all":     {ID: "all", Members: []string{"@db", "sato", "@db"}},
		"typo":    {ID: "typo", Members: []string{"sato", "sotu"}},
		"ring":    {ID: "ring", Members: []string{"suzuki", "@gnir"}},
		"gnir":    {ID: "gnir", Members: []string{"@ring", "tanaka"}},
		"nobody":  {ID: "nobody"},
		"dangles": {ID: "dangles", Members: []string{"@gone"}},
	}}
	for _, id := range []string{"sato", "suzuki", "tanaka"} {
		house.People[id] = Person{ID: id}
	}
	for _, tt := range []struct {
		name  string
		refs  []string
		want  string
		noted string
	}{
		{"people in their order", []string{"tanaka", "sato"}, "tanaka sato", ""},
		{"a group stands for who is in it", []string{"sato", "@db"}, "sato suzuki tanaka", ""},
		{"once, at the first place", []string{"tanaka", "@all", "sato"}, "tanaka suzuki sato", ""},
		{"groups within groups", []string{"@all"}, "suzuki tanaka sato", ""},
		{"a typo keeps nobody else from being called", []string{"@typo", "suzuki"}, "sato suzuki", "error: <sotu>: there is no person \"sotu\" (through @typo)\n"},
		{"a group that contains itself", []string{"@ring"}, "suzuki tanaka", "error: <@ring>: group @ring contains itself (through @ring → @gnir)\n"},
		{"a group that is none", []string{"@dangles"}, "", "error: <@gone>: there is no group @gone (through @dangles)\n"},
		{"an empty group", []string{"@nobody", "sato"}, "sato", "warning: <@nobody>: nobody is in group @nobody\n"},
		{"who is on duty", []string{"on-call:primary", "sato"}, "sato", "error: <on-call:primary>: who is on duty for \"primary\" is not known: rotations do not exist here yet (name people or a group)\n"},
		{"nobody asked for", nil, "", ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			people, problems := house.Resolve(tt.refs, time.Now())
			var got []string
			for _, p := range people {
				got = append(got, p.ID)
			}
			if strings.Join(got, " ") != tt.want {
				t.Errorf("resolved %q, want %q", got, tt.want)
			}
			if got := lines(problems); got != tt.noted {
				t.Errorf("noted %q, want %q", got, tt.noted)
			}
		})
	}
}

func TestAPINIsFourToTenDigits(t *testing.T) {
	for pin, want := range map[string]string{
		`"4711"`: "", `"0042"`: "", `"471"`: "four to ten digits", `"47 11"`: "four to ten digits", `"12345678901"`: "four to ten digits", `"1111"`: "again and again",
	} {
		p, problems := ReadPerson([]byte("person: sato\ncontacts: [sim:sato]\npin: " + pin + "\n"))
		said := ""
		for _, one := range problems {
			said += one.Text
		}
		if want == "" && (said != "" || `"`+p.PIN+`"` != pin) || !strings.Contains(said, want) {
			t.Errorf("pin %s: %q, said %q; want %q", pin, p.PIN, said, want)
		}
	}
}
