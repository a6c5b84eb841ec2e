package voice

import (
	"errors"
	"log/slog"
	"net/url"
	"strings"
	"testing"

	"github.com/kaden-project/kaden/call"
	"github.com/kaden-project/kaden/twiml"
)

// Whatever a server answers, it is a document, or there is a code that says why not.
func FuzzReply(f *testing.F) {
	f.Add(200, "text/xml", []byte("<Response><Say>hi</Say></Response>"))
	f.Add(200, "text/plain; charset=x", []byte("just words"))
	f.Add(200, "", []byte(" \n<Response/>"))
	f.Add(200, "audio/x-wav", []byte("RIFF"))
	f.Add(200, "application/json", []byte("{}"))
	f.Add(404, "text/html", []byte("<html>"))
	f.Add(204, "text/html", []byte{})
	runner := New(slog.New(slog.DiscardHandler), Config{})
	f.Fuzz(func(t *testing.T, status int, kind string, body []byte) {
		r := &run{Runner: runner, log: runner.log}
		p, err := r.read(t.Context(), call.Reply{Status: status, ContentType: kind, Body: body}, "https://owner.example/menu")
		if w, ok := errors.AsType[*wrong](err); err != nil && (!ok || w.code < 11000 || w.text == "") {
			t.Fatalf("%d %q %q: %v", status, kind, body, err)
		}
		if err == nil && (p == nil || p.doc == nil || p.url == "" || status < 200 || status > 299) {
			t.Fatalf("%d %q %q: %+v", status, kind, body, p)
		}
	})
}

// Whatever a document has in its place, a URL is absolute, or there is a code that says why not.
func FuzzResolve(f *testing.F) {
	f.Add("https://owner.example/a/b?c=d", "../e")
	f.Add("https://owner.example/a", ".?Dial=true")
	f.Add("", "/relative")
	f.Add("https://owner.example/a", "ht!tp://%zz")
	f.Fuzz(func(t *testing.T, from, ref string) {
		if u, err := url.Parse(from); from != "" && (err != nil || !u.IsAbs() || u.Host == "" || u.Opaque != "") {
			return // documents come from where the Asker could ask
		}
		r := &run{page: page{url: from}}
		got, err := r.resolve(ref)
		if err != nil {
			if w, ok := errors.AsType[*wrong](err); !ok || w.code != 11100 {
				t.Fatalf("%q from %q: %v", ref, from, err)
			}
			return
		}
		if u, err := url.Parse(got); err != nil || !u.IsAbs() {
			t.Fatalf("%q from %q is %q", ref, from, got)
		}
	})
}

// Whatever stands in a <Sip>: headers of ours never leave but by their names, and what is asked of a transfer is an address.
func FuzzSipAddress(f *testing.F) {
	f.Add("sip:bob@office.example;transport=tcp?X-Case=41&Via=evil", "X-Who", "sato")
	f.Add("bob@office.example?User-to-User=1%3Bencoding%3Dhex", "To", "x")
	f.Add("SIPS:?&=%zz", "", "\r\n")
	runner := New(slog.New(slog.DiscardHandler), Config{})
	r := &run{Runner: runner, log: runner.log}
	f.Fuzz(func(t *testing.T, uri, name, value string) {
		n := &twiml.Sip{URI: uri, Headers: []twiml.Parameter{{Name: name, Value: value}}}
		if _, told, err := sipAddress(n); err == nil {
			r.strip(n, told)
			for name := range told {
				if lower := strings.ToLower(name); !strings.HasPrefix(lower, "x-") && lower != "user-to-user" {
					t.Fatalf("%q: the header %q leaves", uri, name)
				}
			}
		}
		target, told, err := referTarget(n)
		if err != nil {
			return
		}
		if strings.Contains(target, "?") || !strings.Contains(target, ":") {
			t.Fatalf("%q: a transfer to %q", uri, target)
		}
		whole := transferTarget(call.Referral{Target: target, Headers: told})
		at, query, _ := strings.Cut(whole, "?")
		again, err := addressHeaders(query)
		if err != nil || at != target {
			t.Fatalf("%q: told as %q: %v", uri, whole, err)
		}
		for name, value := range told {
			if !strings.EqualFold(name, "Referred-By") && again[name] != value {
				t.Fatalf("%q: %q arrives as %q in %q", uri, value, again[name], whole)
			}
		}
	})
}
