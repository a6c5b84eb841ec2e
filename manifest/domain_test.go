package manifest

import (
	"os"
	"strings"
	"testing"
)

func TestTheExamplePhones(t *testing.T) {
	text, err := os.ReadFile("../docs/examples/phones.yaml")
	if err != nil {
		t.Fatal(err)
	}
	docs, list := Split("", text)
	set, problems := Compile(docs, func(reference string) (string, error) { return "made-by-openssl-" + reference, nil })
	if len(list)+len(problems) > 0 {
		t.Fatalf("problems: %v %v", list, problems)
	}
	if len(set.Domains) != 1 || len(set.Domains[0].Phones) != 2 || set.Domains[0].From != "+815012345678" || len(set.Domains[0].Outside) != 3 {
		t.Errorf("%+v", set.Domains)
	}
	if p, ok := set.Domains[0].Phone("sato"); !ok || p.Password != "made-by-openssl-env:SATO_PHONE" || !p.Calls || !p.Register || p.Title != "佐藤" {
		t.Errorf("%+v", p)
	}
	again, _ := Split("", Format(docs))
	if len(again) != len(docs) || again[1].Name != "sato@office.example.jp" || again[1].Text != docs[1].Text {
		t.Errorf("export, then apply: %+v", again)
	}
}

func TestWhatIsWrongWithDomainsAndPhones(t *testing.T) {
	const (
		office = "domain: office.example.jp\n"
		sato   = "---\nphone: sato@office.example.jp\npassword: a-long-password\n"
	)
	for _, tt := range []struct{ name, text, want string }{
		{"a phone of no domain", "phone: sato@home.example.jp\npassword: a-long-password\n---\n" + office, `there is no domain "home.example.jp" (did you mean office.example.jp?)`},
		{"a phone without a domain", office + "---\nphone: sato\npassword: a-long-password\n", `"sato" is not a user and a domain`},
		{"a phone without a password", office + "---\nphone: sato@office.example.jp\n", "password"},
		{"a password that is guessed", office + "---\nphone: sato@office.example.jp\npassword: sesame\n", "warning: <password>: has fewer than 12 characters"},
		{"two domains on one host", office + "also: [192.0.2.1]\n---\ndomain: shop.example.jp\nalso: [192.0.2.1]\n", "192.0.2.1 is a host of domain office.example.jp as well"},
		{"the same phone twice", office + sato + sato, "described twice"},
		{"a host with a port", "domain: office.example.jp:5060\n", `cannot be the name of a domain`},
		{"a class that is none", office + "outside: [mobiles]\n", `"mobiles" is not a class of numbers`},
		{"emergency numbers", office + "outside: [emergency]\n", "never dialled"},
		{"a bin that is not there", office + "bin: out\n", `there is no bin "out"`},
		{"two programs", office + "url: https://example.jp/\ntwiml: <Response/>\n", "not by two of them"},
		{"classes beside a program", office + "url: https://example.jp/\noutside: [mobile]\n", "is not looked at"},
		{"everybody needs no password", office + "allow: [0.0.0.0/0]\n", "nearly everybody"},
		{"a number that is never shown", office + "from: 050-1234-5678\n", "is never shown"},
		{"a person at a phone that is not there", office + sato + "---\nperson: suzuki\ncontacts: [sip:suzuki@office.example.jp]\n", `7:12: warning: <contacts>: domain office.example.jp has no phone "suzuki"`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			_, problems := compile(t, tt.text)
			if !strings.Contains(problems, tt.want) {
				t.Errorf("got\n%swant %s", problems, tt.want)
			}
		})
	}
	set, problems := compile(t, office+sato+"---\nperson: sato\ncontacts: [\"sip:sato@office.example.jp\"]\n")
	if problems != "" || len(set.Domains[0].Phones) != 1 {
		t.Errorf("%s%+v", problems, set.Domains)
	}
}
