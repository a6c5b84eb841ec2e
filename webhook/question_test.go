package webhook

import (
	"errors"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/kaden-project/kaden/call"
)

// Whatever an owner writes as a URL, and whatever a call has to tell: what is asked has a host and no fragment, keeps the
// owner's own query byte for byte, holds each parameter once, and its signature is confirmed by whoever gets it.
func FuzzQuestion(f *testing.F) {
	f.Add("https://owner.example/menu?x=1&y#rc=2", "GET", "SpeechResult", "対応します & more")
	f.Add("https://owner.example?CallSid=CA1&", "POST", "Digits", "#*")
	f.Add("http://user:p@[::1]:8080/a b?q=a b", "get", "", "")
	f.Add("https://_host/%zz", "PUT", "a", "\x00")
	f.Fuzz(func(t *testing.T, text, method, name, value string) {
		params := url.Values{"CallSid": {"CA0123456789abcdef0123456789abcdef"}, name: {value}}
		q, err := read(call.Ask{Method: method, URL: text, Params: params})
		if err != nil {
			if p, ok := errors.AsType[*call.Problem](err); !ok || p.Code != badURL || p.Text == "" {
				t.Fatalf("%q: %v", text, err)
			}
			return
		}
		asked := q.url.String()
		if q.url.Hostname() == "" || q.url.Path == "" || strings.Contains(asked, "#") || strings.ContainsAny(q.url.RawQuery, " ") {
			t.Fatalf("%q is asked as %q", text, asked)
		}
		before, _, _ := strings.Cut(text, "#")
		_, own, _ := strings.Cut(before, "?")
		own = strings.ReplaceAll(own, " ", "%20")
		if !strings.HasPrefix(q.url.RawQuery, own) {
			t.Fatalf("%q is asked as %q: its own query is another", text, asked)
		}
		sent := q.form
		if q.method == "GET" {
			if sent, err = url.ParseQuery(strings.TrimPrefix(strings.TrimPrefix(q.url.RawQuery, own), "&")); err != nil {
				t.Fatalf("%q is asked as %q: %v", text, asked, err)
			}
		}
		for k, v := range params {
			if !slices.Equal(sent[k], v) {
				t.Fatalf("%q: %q arrives as %q", text, v, sent[k])
			}
		}
		if err := Validate("token", formRequest("/", q.form, Sign("token", asked, q.form)), asked); q.method == "POST" && err != nil {
			t.Fatalf("%q: its signature is refused: %v", text, err)
		}
	})
}

// Wherever a server redirects to, what is asked next is a whole URL without a fragment; a POST loses its parameters.
func FuzzRedirected(f *testing.F) {
	f.Add("https://owner.example/a?b=c", 302, "../d?e#f")
	f.Add("https://owner.example/a", 307, "//other.example")
	f.Add("https://owner.example/a", 301, "javascript:alert(1)")
	f.Fuzz(func(t *testing.T, text string, status int, location string) {
		q, err := read(call.Ask{URL: text, Params: url.Values{"Digits": {"1"}}})
		if err != nil {
			return
		}
		next, err := q.redirected(status, location)
		if err != nil {
			return
		}
		if u := next.url; u.Host == "" || u.Scheme != "http" && u.Scheme != "https" || strings.Contains(u.String(), "#") {
			t.Fatalf("%q redirects by %q to %q", text, location, u)
		}
		if kept := next.method == "POST"; kept != (status == 307 || status == 308) || !kept && next.form != nil {
			t.Fatalf("%d: %s with %v", status, next.method, next.form)
		}
	})
}
