package webhook

import (
	"crypto/rand"
	"crypto/sha256"
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"github.com/kaden-project/kaden/call"
)

// question is one request that is to be sent, with all that has been decided about it.
type question struct {
	method string
	doc    string     // the URL of the document as its owner would write it again: without our parameters
	url    *url.URL   // what is requested, and signed: byte for byte the same
	user   string     // name and password in it, as they are written
	form   url.Values // the body of a POST, nil for none
	conn   connection
	limit  int    // of the reply in bytes
	token  string // I-Twilio-Idempotency-Token, the same in every try
	tells  bool   // it brings news, and is no use unless it arrives
}

// read makes a question of an Ask. It decides the exact bytes of the URL; nothing is sent.
func read(a call.Ask) (question, error) {
	q := question{method: strings.ToUpper(a.Method), doc: a.URL, token: idempotency(a), tells: tells(a)}
	if q.method == "" {
		q.method = http.MethodPost
	}
	if q.method != http.MethodGet && q.method != http.MethodPost {
		return question{}, &call.Problem{Code: badURL, Text: fmt.Sprintf("method %q is neither GET nor POST", a.Method)}
	}
	u, err := Parse(a.URL)
	if err != nil {
		return question{}, err
	}
	q.conn = overrides(u.EscapedFragment())
	q.url, q.user = bare(u), userinfo(a.URL)
	if q.method == http.MethodPost {
		q.form = a.Params
		if q.form == nil {
			q.form = url.Values{}
		}
		return q, nil
	}
	// The owner's own parameters come first and keep their bytes and their order: a program may have
	// signed them, and CallSid may stand there twice.
	if p := a.Params.Encode(); p != "" {
		if q.url.RawQuery != "" && !strings.HasSuffix(q.url.RawQuery, "&") {
			q.url.RawQuery += "&"
		}
		q.url.RawQuery += p
	}
	return q, nil
}

// redirected is the question after a redirect. Twilio's Gather page warns that a redirected POST loses its
// parameters, Digits among them: 301, 302 and 303 become a GET. 307 and 308 keep method and body (RFC 9110 15.4.8).
func (q question) redirected(status int, location string) (question, error) {
	ref, err := url.Parse(location)
	if err != nil {
		return question{}, &call.Problem{Code: badURL, Text: fmt.Sprintf("%s redirected to %q, which is not a URL", q.url.Host, location), Err: err}
	}
	u, err := Parse(q.url.ResolveReference(ref).String())
	if err != nil {
		return question{}, err
	}
	q.url = bare(u)
	q.doc = q.url.String()
	if ref.Host != "" { // what is below the same host is asked for with the same name and password
		q.user = userinfo(location)
	}
	if status != http.StatusTemporaryRedirect && status != http.StatusPermanentRedirect {
		q.method, q.form = http.MethodGet, nil
	}
	return q, nil
}

// Parse checks that text is a URL that can be asked: absolute, http or https, with a host without "_".
// The error is a *call.Problem with code 11100 that says what is wrong.
func Parse(text string) (*url.URL, error) {
	bad := func(why string, err error) error {
		return &call.Problem{Code: badURL, Text: fmt.Sprintf("%q cannot be asked: %s", clip(text), why), Err: err}
	}
	if len(text) > maxURL {
		return nil, bad(fmt.Sprintf("it is longer than %d bytes", maxURL), nil)
	}
	u, err := url.Parse(text)
	switch {
	case err != nil:
		return nil, bad("it is not a URL", err)
	case u.Scheme != "http" && u.Scheme != "https":
		return nil, bad("it does not begin with http:// or https://", nil)
	case u.Opaque != "" || u.Hostname() == "":
		return nil, bad("it names no host", nil)
	case strings.Contains(u.Hostname(), "_"):
		return nil, bad(`a host name has no "_"`, nil)
	}
	return u, nil
}

// signed is what the signature is over: the URL as it is requested, with the name and the password as their owner has
// written them. Those are not part of the request line, and net/url has its own spelling for them.
func (q question) signed() string {
	text := q.url.String()
	if q.url.User == nil {
		return text
	}
	return strings.Replace(text, q.url.User.String()+"@", q.user+"@", 1)
}

// userinfo is what stands before the @ of a URL's host; "" is nothing.
func userinfo(text string) string {
	_, rest, _ := strings.Cut(text, "//")
	if end := strings.IndexAny(rest, "/?#"); end >= 0 {
		rest = rest[:end]
	}
	at := strings.LastIndexByte(rest, '@')
	return rest[:max(at, 0)]
}

// bare is u as it goes on the wire: no fragment, and a path, because servers see "/" where there is
// none and could not confirm a signature over anything else.
func bare(u *url.URL) *url.URL {
	v := *u
	v.Fragment, v.RawFragment = "", ""
	if v.Path == "" {
		v.Path = "/"
	}
	v.RawQuery = strings.ReplaceAll(v.RawQuery, " ", "%20") // would end the request line
	return &v
}

// clip shortens a URL for a message and takes its query away, where secrets use to stand.
func clip(text string) string {
	text, _, _ = strings.Cut(text, "?")
	if r := []rune(text); len(r) > 80 {
		return string(r[:80]) + "…"
	}
	return text
}

// idempotency is the same for every delivery of one status callback, even by the net after a crash, and
// different for every other question: a Gather that asks again with the same key is a new question.
func idempotency(a call.Ask) string {
	var b [16]byte
	if names := naming(a); len(names) > 0 {
		h := sha256.New()
		for _, s := range append([]string{string(a.Account), string(a.Call), a.URL}, names...) {
			fmt.Fprintf(h, "%d:%s", len(s), s)
		}
		copy(b[:], h.Sum(nil))
	} else {
		rand.Read(b[:]) // never fails (crypto/rand, Go 1.24)
	}
	b[6], b[8] = b[6]&0x0f|0x40, b[8]&0x3f|0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", b[:4], b[4:6], b[6:8], b[8:10], b[10:])
}

// naming is what tells a callback that may be delivered again from all others to the same URL; nil is a question that is
// asked once. The events of each conference are counted from 0.
func naming(a call.Ask) []string {
	p := a.Params
	switch {
	case p.Has("SequenceNumber") && p.Has("ConferenceSid"):
		return []string{p.Get("SequenceNumber"), p.Get("StatusCallbackEvent"), p.Get("ConferenceSid")}
	case p.Has("SequenceNumber"):
		return []string{p.Get("SequenceNumber"), p.Get("CallStatus")}
	case p.Has("MessageStatus") && tells(a):
		return []string{p.Get("MessageStatus"), p.Get("MessageSid")}
	}
	return nil
}
