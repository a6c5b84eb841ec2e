package main

import (
	"encoding/xml"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"strings"

	"github.com/kaden-project/kaden/call"
)

// twimlet is one of the small programs at twimlets.com that programs have in their URLs. The simplest are answered in
// this house, so that they need no internet and go on when Twilio takes them away; they keep nothing and decide by
// their parameters alone.
type twimlet func(p url.Values) string

var twimlets = map[string]twimlet{"/echo": echo, "/message": spoken, "/forward": forward}

// twimletAt is the twimlet at an address, if it is answered here.
func twimletAt(address string) (twimlet, bool) {
	scheme, rest, ok := strings.Cut(address, "://")
	if !ok || scheme != "http" && scheme != "https" {
		return nil, false
	}
	rest = strings.TrimPrefix(rest, "www.")
	path, ok := strings.CutPrefix(rest, "twimlets.com")
	if i := strings.IndexAny(path, "?#"); i >= 0 {
		path = path[:i]
	}
	t, here := twimlets[path]
	return t, ok && here
}

// answer is what the twimlet says to a question.
func (t twimlet) answer(q call.Ask) call.Reply {
	p := url.Values{}
	if u, err := url.Parse(q.URL); err == nil {
		p = u.Query()
	}
	own := maps.Clone(p)
	maps.Copy(p, q.Params)
	maps.Copy(p, own) // what stands in the address was meant for it
	return call.Reply{URL: q.URL, Status: http.StatusOK, ContentType: "text/xml", Body: []byte(t(p))}
}

// echo is the TwiML that it was given.
func echo(p url.Values) string {
	if s := p.Get("Twiml"); s != "" {
		return s
	}
	return "<Response/>"
}

// spoken says or plays each Message[0], Message[1] …
func spoken(p url.Values) string {
	var b strings.Builder
	b.WriteString("<Response>")
	for _, m := range numbered(p, "Message") {
		verb := "Say"
		if strings.HasPrefix(m, "http://") || strings.HasPrefix(m, "https://") {
			verb = "Play"
		}
		fmt.Fprintf(&b, "<%s>%s</%s>", verb, escaped(m), verb)
	}
	b.WriteString("</Response>")
	return b.String()
}

// forward calls PhoneNumber for at most Timeout seconds, showing CallerId, and goes on to FailUrl when nobody answers.
// With AllowedCallers[0] … others are told that they may not.
func forward(p url.Values) string {
	if p.Has("Dial") { // the call is over
		answered := p.Get("DialCallStatus") == "completed" || p.Get("DialCallStatus") == "answered"
		if fail := p.Get("FailUrl"); fail != "" && !answered {
			return "<Response><Redirect>" + escaped(fail) + "</Redirect></Response>"
		}
		return "<Response><Hangup/></Response>"
	}
	if allowed := numbered(p, "AllowedCallers"); len(allowed) > 0 && !listed(allowed, p.Get("From")) {
		return "<Response><Say>Sorry, you are calling from a restricted number. Good bye.</Say></Response>"
	}
	then := url.Values{"Dial": {"true"}}
	if fail := p.Get("FailUrl"); fail != "" {
		then.Set("FailUrl", fail)
	}
	var b strings.Builder
	b.WriteString(`<Response><Dial action="` + escaped("?"+then.Encode()) + `"`)
	for _, a := range [][2]string{{"callerId", p.Get("CallerId")}, {"timeout", p.Get("Timeout")}} {
		if a[1] != "" {
			fmt.Fprintf(&b, ` %s="%s"`, a[0], escaped(a[1]))
		}
	}
	b.WriteString(">" + escaped(p.Get("PhoneNumber")) + "</Dial></Response>")
	return b.String()
}

// numbered are the values of name[0], name[1] … in order, or those of name[] or name.
func numbered(p url.Values, name string) (out []string) {
	for i := 0; p.Has(fmt.Sprintf("%s[%d]", name, i)); i++ {
		if v := strings.TrimSpace(p.Get(fmt.Sprintf("%s[%d]", name, i))); v != "" {
			out = append(out, v)
		}
	}
	for _, v := range append(p[name+"[]"], p[name]...) {
		if v != "" {
			out = append(out, v)
		}
	}
	return out
}

// listed tells whether a caller is one of those: written with or without the country, 0 or punctuation.
func listed(allowed []string, from string) bool {
	digits := func(s string) string {
		return strings.TrimLeft(strings.Map(func(r rune) rune {
			if '0' <= r && r <= '9' {
				return r
			}
			return -1
		}, s), "0")
	}
	caller := digits(from)
	for _, a := range allowed {
		if d := digits(a); len(d) >= 8 && strings.HasSuffix(caller, d) {
			return true
		}
	}
	return false
}

func escaped(s string) string {
	var b strings.Builder
	xml.EscapeText(&b, []byte(s)) // a Builder never fails
	return b.String()
}
