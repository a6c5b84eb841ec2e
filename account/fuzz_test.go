package account

import (
	"errors"
	"net/url"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/kaden-project/kaden/problem"
)

// Whatever bytes somebody applies as a document: each reader answers with what is wrong at a place within it, or with
// something that can be used.
func FuzzDocuments(f *testing.F) {
	for _, s := range []string{
		"number: +815012345678\nurl: https://owner.example/menu\n", "application: shop\nvoice:\n  url: https://a.example\n",
		"domain: office.example.jp\ncall: [mobile, geographic]\nallow: [192.0.2.0/24]\n", "phone: sato@office.example.jp\npassword: env:SATO\n",
		"bin: night\ntwiml: |\n  <Response>{{#From}}<Say>{{From}}</Say>{{/From}}</Response>\nkey: mJ3x9QdTq2VbW7ZkHs4c\n", "bin: &a [*a]\n", "\xff: {",
	} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		lines := strings.Count(string(text), "\n") + strings.Count(string(text), "\r") + 1
		check := func(what string, list problem.List, useful bool) {
			for _, p := range list {
				if p.Text == "" || p.Line < 0 || p.Line > lines+1 {
					t.Fatalf("%s: %q is said of line %d of %d", what, p.String(), p.Line, lines)
				}
			}
			if !list.Refused() && !useful {
				t.Fatalf("%s: taken, and of no use", what)
			}
		}
		n, list := ReadNumber(text)
		check("number", list, n.Number != "")
		a, list := ReadApplication(text)
		check("application", list, a.Name != "" && strings.HasPrefix(string(a.SID), "AP"))
		d, list := ReadDomain(text)
		check("domain", list, d.Name != "" && d.Name == strings.ToLower(d.Name))
		p, domain, list := ReadPhone(text, func(string) (string, error) { return "", errors.New("no secrets here") })
		check("phone", list, p.User != "" && domain != "")
		b, _, list := ReadBin(text)
		check("bin", list, b.Name != "" && strings.HasPrefix(string(b.SID), "EH"))
		if list.Refused() {
			return
		}
		if utf8.ValidString(b.TwiML) && utf8.RuneCountInString(b.Bare()) != utf8.RuneCountInString(b.TwiML) {
			t.Fatalf("%q, bare, is %q", b.TwiML, b.Bare())
		}
		b.Render(url.Values{"From": {string(text)}})
	})
}
