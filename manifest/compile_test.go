package manifest

import (
	"strings"
	"testing"
)

// sound is a house without a fault, as short as can be.
const sound = `person: sato
contacts: [sim:sato]
---
plan: night
steps: [{call: [sato]}]
---
source: json
key: k7Qm2Zr9Vx4Lw8Np1Td6Ys3B
plan: night
`

func TestCompileChecksDocumentsAgainstOneAnother(t *testing.T) {
	if _, problems := compile(t, sound); problems != "" {
		t.Fatalf("a sound house: %s", problems)
	}
	for _, tt := range []struct {
		name, text string // added to the sound house, which has nine lines
		want       string
	}{
		{"a plan calls somebody who is not there", "plan: p\nsteps:\n  - call: [sata]\n",
			"house.yaml:13:12: error: <sata>: there is no person \"sata\" (did you mean sato?)\n"},
		{"a plan calls a group that is not there", "plan: p\nsteps:\n  - call: [sato, \"@db\"]\n",
			"house.yaml:13:18: error: <@db>: there is no group @db (there is none yet)\n"},
		{"a person called as a group", "plan: p\nsteps:\n  - call: [\"@sato\"]\n",
			"house.yaml:13:12: error: <@sato>: there is no group @sato (sato is a person: write it without @)\n"},
		{"a group called as a person", "plan: p\nsteps:\n  - call: [db]\n---\ngroup: db\nmembers: [sato]\n",
			"house.yaml:13:12: error: <db>: there is no person \"db\" (db is a group: write \"@db\")\n"},
		{"who is on duty", "plan: p\nsteps:\n  - call: [\"on-call:primary\"]\n",
			"house.yaml:13:12: error: <on-call:primary>: rotations do not exist here yet (name people or a group)\n"},
		{"a plan shows a number on a trunk that is not there", "plan: p\nfrom: {nnt: \"+815012345678\"}\nsteps:\n  - call: [sato]\n---\ntrunk: ntt\nserver: a\n",
			"house.yaml:12:13: error: <from>: there is no trunk \"nnt\", so this number is never shown (did you mean ntt?)\n"},
		{"a plan tells somebody of whom nobody knows how", "plan: p\nsteps:\n  - call: [sato]\notherwise: [notify:ops-mai]\n---\nnotice: ops-mail\nmail: [a@b.example]\nfrom: a@b.example\nserver: s:25\n",
			"house.yaml:14:13: warning: <otherwise>: there is no notice \"ops-mai\": it is said on the console and in the log only (did you mean ops-mail?)\n"},
		{"two persons with one PIN", "person: tanaka\npin: \"4711\"\ncontacts: [sim:t]\n---\nperson: ueda\npin: \"4711\"\ncontacts: [sim:u]\n",
			"house.yaml:16:6: warning: <pin>: tanaka has the same PIN: from a number that is not theirs, it lets in neither (give each person their own)\n"},
		{"a member who is not there", "group: g\nmembers:\n  - sato\n  - tanka\n---\nperson: tanaka\ncontacts: [sim:t]\n",
			"house.yaml:14:5: error: <tanka>: there is no person \"tanka\" (did you mean tanaka?)\n"},
		{"a group within itself", "group: g\nmembers: [sato, \"@g\"]\n",
			"house.yaml:12:17: error: <@g>: a group cannot contain itself: @g → @g (remove one of them)\n"},
		{"a circle of groups", "group: a\nmembers: [\"@b\"]\n---\ngroup: b\nmembers: [\"@c\"]\n---\ngroup: c\nmembers: [\"@a\"]\n",
			"house.yaml:18:11: error: <@a>: a group cannot contain itself: @a → @b → @c → @a (remove one of them)\n"},
		{"two groups share a third, which is no circle", "group: a\nmembers: [\"@c\"]\n---\ngroup: b\nmembers: [\"@c\", \"@a\"]\n---\ngroup: c\nmembers: [sato]\n", ""},
		{"a source with a plan that is not there", "source: mackerel\nkey: k7Qm2Zr9Vx4Lw8Np1Td6Ys3B\nplan: nigth\n",
			"house.yaml:13:7: error: <plan>: there is no plan \"nigth\" (did you mean night?)\n"},
		{"a person nobody can reach without a trunk", "person: tanaka\ncontacts: [tel:+819012345678]\n",
			"house.yaml:12:11: warning: <tanaka>: nothing reaches tanaka: there is no trunk to the telephone network (add a trunk, or a contact with sip: or client:)\n"},
		{"a contact no trunk reaches", "person: tanaka\ncontacts: [sim:t, {address: 0120-444-444}]\n---\ntrunk: ntt\nserver: a\nfrom: 050-1234-5678\n",
			"house.yaml:12:29: error: <contacts>: tel:+81120444444 cannot be called: 0120 and 0800 numbers cannot be reached from 050 lines (trunk \"ntt\") (remove it, or add a trunk that reaches it)\n"},
		{"one of those that ring together", "person: tanaka\ncontacts:\n  - [sim:t, {address: 0120-444-444}]\n---\ntrunk: ntt\nserver: a\nfrom: 050-1234-5678\n",
			"house.yaml:13:23: error: <contacts>: tel:+81120444444 cannot be called: 0120 and 0800 numbers cannot be reached from 050 lines (trunk \"ntt\") (remove it, or add a trunk that reaches it)\n"},
		{"a person whom no trunk reaches", "person: tanaka\ncontacts: [tel:+14158675309]\n---\ntrunk: ntt\nserver: a\nrefuse: [abroad]\n",
			"house.yaml:12:11: warning: <tanaka>: nothing reaches tanaka: no trunk takes their numbers (add a trunk, or a contact with sip: or client:)\n"},
		{"numbers abroad, until they are allowed", "person: tanaka\ncontacts: [sim:t, tel:+14158675309]\n---\ntrunk: ntt\nserver: a\n",
			"house.yaml:12:19: error: <contacts>: tel:+14158675309 cannot be called: numbers abroad are not called until a trunk allows them (trunk \"ntt\" has no allow: abroad) (remove it, or add a trunk that reaches it)\n"},
		{"a trunk reaches everybody", "person: tanaka\ncontacts: [tel:+14158675309]\n---\ntrunk: ntt\nserver: a\nallow: [abroad]\n", ""},
		{"a contact that costs", "person: tanaka\ncontacts: [tel:+81570012345]\n---\ntrunk: ntt\nserver: a\nwarn: { shared: 20 yen a minute }\n",
			"house.yaml:12:12: warning: <contacts>: tel:+81570012345 can be called, but 20 yen a minute (a trunk that says allow: is not warned of)\n"},
		{"described twice", "person: sato\ncontacts: [sim:x]\n",
			"house.yaml:11:1: error: <person>: person sato is described twice, first in house.yaml:1 (remove one of them)\n"},
		{"a number described twice, in two spellings", "number: 050-1234-5678\ntwiml: <Response/>\n---\nnumber: \"+815012345678\"\ntwiml: <Response/>\n",
			"house.yaml:14:1: error: <number>: number +815012345678 is described twice, first in house.yaml:11 (remove one of them)\n"},
		{"a broken document is no unknown name", "person: tanaka\ncontacts: [110]\n---\ngroup: g\nmembers: [tanaka]\n",
			"house.yaml:12:12: error: <contacts>: 110 cannot be a contact: emergency numbers (110, 118, 119 …) are never dialled\n"},
		{"a secret that is not set", "trunk: ntt\nserver: a\nuser: b\npassword: env:NOWHERE\n",
			"house.yaml:14:11: error: <password>: NOWHERE is not set (set the variable for the kaden server and start it again)\n"},
		{"a typo in a key, below an empty line", "\nperson: tanaka\nlangauge: ja\ncontacts: [sim:t]\n",
			"house.yaml:13:1: error: <langauge>: is not a key that means anything here (did you mean language?)\n"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			_, got := compile(t, sound+"---\n"+tt.text)
			if tt.want == "" && got != "" || !strings.Contains(got, tt.want) {
				t.Errorf("got\n%swant\n%s", got, tt.want)
			}
		})
	}
}

func TestSources(t *testing.T) {
	for _, tt := range []struct{ name, text, want string }{
		{"no key", "source: json\n", "1:1: error: <key>: is missing (write key: 32 random letters and digits)\n"},
		{"a kind that is none", "source: nagios\nkind: nagois\nkey: k7Qm2Zr9Vx4Lw8Np1Td6Ys3B\n", "2:7: error: <kind>: \"nagois\" is not known (one of json, mackerel)\n"},
		{"a kind left out, and the name is none", "source: shop\nkey: k7Qm2Zr9Vx4Lw8Np1Td6Ys3B\n", "1:1: error: <kind>: is missing (write kind: json or mackerel)\n"},
		{"a key that is guessed at once", "source: json\nkey: abc\n", "2:6: error: <key>: a key of 3 characters is guessed in no time (openssl rand -hex 16 makes a good one)\n"},
		{"a key that can be guessed", "source: json\nkey: abcdefgh1234\n", "2:6: warning: <key>: a key of 12 characters can be guessed"},
		{"a key that breaks the address", "source: json\nkey: a/b?c#d-efghijklmnopqrs\n", "2:6: error: <key>: a key is part of a web address"},
		{"a name that breaks the address", "source: 監視\nkind: json\nkey: k7Qm2Zr9Vx4Lw8Np1Td6Ys3B\n", "1:9: error: <source>: \"監視\" is part of a web address"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			_, got := compile(t, tt.text)
			if !strings.Contains(got, tt.want) {
				t.Errorf("got\n%swant\n%s", got, tt.want)
			}
		})
	}
}

func TestASetIsUsableWhateverIsWrong(t *testing.T) {
	set, problems := compile(t, sound+"---\nperson: tanaka\ncontacts: [nonsense]\n---\nplan: p\nsteps: [{call: [tanaka, nobody]}]\n---\ntrunk: t\nserver: a\nuser: u\npassword: env:NOWHERE\n")
	if problems == "" || len(set.People) != 1 || len(set.Trunks) != 0 {
		t.Errorf("people %v, trunks %v\n%s", set.People, set.Trunks, problems)
	}
	if p, ok := set.Plans["p"]; !ok || len(p.Steps) != 1 {
		t.Errorf("a plan that names somebody unknown is gone, and with it those it does reach: %v", set.Plans)
	}
	empty, none := Compile(nil, nil)
	if none != nil || empty.People == nil || empty.Sources == nil {
		t.Errorf("an empty house: %+v, %v", empty, none)
	}
}

func TestDocumentsFromTheStoreAreNamed(t *testing.T) {
	_, problems := Compile([]Document{
		{Kind: "plan", Name: "p", Text: "plan: p\nsteps:\n  - call: [nobody]\n"},
		{Kind: "schedule", Name: "s", Text: "schedule: s\n"},
		{Kind: "person", Name: "a", Text: "person: a\ncontacts: [sim:a]\n"},
		{Kind: "person", Name: "a", Text: "person: a\ncontacts: [sim:a]\n"},
		{Kind: "source", Name: "json", Text: "source: json\nkey: env:KEY\n"},
	}, nil)
	want := "person a:1:1: error: <person>: person a is described twice, first in person a (remove one of them)\n" +
		"plan p:3:12: error: <nobody>: there is no person \"nobody\" (there are a)\n" +
		"schedule s:1:1: error: \"schedule\" is not a kind of document (one of person, group, plan, trunk, upstream, smsc, source, bin, application, number, domain, phone, notice, budget)\n"
	if got := lines(problems); got != want {
		t.Errorf("got\n%swant\n%s", got, want)
	}
	_, problems = Compile([]Document{{Kind: "person", Name: "a", Text: "person: a\n", Line: 1}, {Kind: "person", Name: "a", Text: "person: a\n", Line: 3}}, nil)
	if got := lines(problems); !strings.Contains(got, "3:1: error: <person>: person a is described twice, first in line 1") {
		t.Errorf("from standard input: %s", got)
	}
}
