package voice

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"mime"
	"net/url"
	"strconv"
	"strings"

	"github.com/kaden-project/kaden/call"
	"github.com/kaden-project/kaden/problem"
	"github.com/kaden-project/kaden/twiml"
)

// maxDocument is how long TwiML may be (contract 0.8).
const maxDocument = 64 << 10

// wrong is what went wrong with a document as a whole, with Twilio's code.
type wrong struct {
	code int
	text string
	told bool // the debug log has it already, with its place
}

func (e *wrong) Error() string { return e.text }

// fetch brings the document that q asks for. If it cannot be had, or is no TwiML, the fallback URL is
// asked; failing that the caller hears that something is wrong, and there is no page. An error is the end
// of the call.
func (t *run) fetch(ctx context.Context, q request) (*page, error) {
	p, err := t.ask(ctx, q)
	var w *wrong
	if !errors.As(err, &w) {
		return p, err
	}
	t.tell(w, cmp.Or(q.url, "TwiML given with the call"))
	if t.program.FallbackURL != "" && q.url != t.program.FallbackURL {
		p, err = t.ask(ctx, request{
			method: t.program.FallbackMethod, url: t.program.FallbackURL,
			extra: url.Values{"ErrorCode": {strconv.Itoa(w.code)}, "ErrorUrl": {q.url}},
		})
		if !errors.As(err, &w) {
			return p, err
		}
		t.tell(w, "fallback "+t.program.FallbackURL)
	}
	if t.mute {
		return nil, nil
	}
	return nil, t.apologise(ctx)
}

// tell puts what went wrong with the document from there into the debug log, once.
func (t *run) tell(w *wrong, from string) {
	if !w.told {
		t.notify(problem.Problem{Level: problem.Error, Code: w.code, Text: w.text + " (" + from + ")"})
	}
}

// apologise says Twilio's sentence for a document that cannot be run.
func (t *run) apologise(ctx context.Context) error {
	return t.say(ctx, twiml.NewSay("en-US", "An application error has occurred. Goodbye."))
}

// ask fetches and reads one document. A *wrong is an answer that is of no use.
func (t *run) ask(ctx context.Context, q request) (*page, error) {
	if q.bad != nil {
		return nil, q.bad
	}
	if q.url == "" {
		doc, err := t.parse([]byte(t.program.TwiML))
		if err != nil {
			return nil, err
		}
		return &page{doc: doc}, nil
	}
	params := t.call.Params()
	if t.params != nil {
		maps.Copy(params, t.params())
	}
	maps.Copy(params, q.extra)
	rec := t.call.Record()
	reply, err := t.cfg.Asker.Ask(ctx, call.Ask{Account: rec.Account, Call: rec.SID, Method: post(q.method), URL: q.url, Params: params})
	if ctx.Err() != nil {
		return nil, context.Cause(ctx)
	}
	if err != nil {
		var p *call.Problem
		if errors.As(err, &p) {
			return nil, &wrong{code: p.Code, text: p.Text}
		}
		return nil, &wrong{code: 11200, text: err.Error()}
	}
	return t.read(ctx, reply, cmp.Or(reply.URL, q.url))
}

func post(method string) string {
	if strings.EqualFold(method, "GET") {
		return "GET"
	}
	return "POST"
}

// read makes a page of a reply by its content type (contract 0.8).
func (t *run) read(ctx context.Context, r call.Reply, from string) (*page, error) {
	if r.Status < 200 || r.Status > 299 {
		return nil, &wrong{code: 11200, text: fmt.Sprintf("the server answered with HTTP %d", r.Status)}
	}
	kind, _, _ := mime.ParseMediaType(r.ContentType)
	sound := strings.HasPrefix(kind, "audio/")
	if len(r.Body) > maxDocument && !sound {
		return nil, &wrong{code: 11750, text: fmt.Sprintf("the answer is longer than %d KiB", maxDocument>>10)}
	}
	before := t.page.url
	t.page.url = from // notices are about this one
	defer func() { t.page.url = before }()
	switch {
	case len(bytes.TrimSpace(r.Body)) == 0:
		t.notify(problem.Problem{Level: problem.Warning, Code: 11770, Text: "the answer is empty: the call ends", Hint: "<Response/> says so in words"})
		return &page{url: from, doc: &twiml.Response{}}, nil
	case sound:
		p := &page{url: from, doc: twiml.New(twiml.NewPlay(from))}
		if len(r.Body) <= maxDocument { // what was cut off is fetched again, whole
			p.sound, _ = t.decode(r, from) // what is no sound is told of when it is played
		}
		return p, nil
	case kind == "text/xml", kind == "application/xml", kind == "text/html", kind == "application/xhtml+xml",
		kind == "" && bytes.HasPrefix(bytes.TrimSpace(r.Body), []byte("<")):
		doc, err := t.parse(r.Body)
		if err != nil {
			return nil, err
		}
		return &page{url: from, doc: doc}, nil
	case kind == "text/plain":
		if doc, list := twiml.Parse(r.Body); !list.Refused() {
			t.notifyAll(list)
			return &page{url: from, doc: doc}, nil
		}
		return &page{url: from, doc: twiml.New(twiml.NewSay("", string(r.Body)))}, nil
	}
	return nil, &wrong{code: 12300, text: fmt.Sprintf("content type %q is neither TwiML nor sound nor text", r.ContentType)}
}

// parse reads TwiML and passes on what is wrong in it.
func (t *run) parse(text []byte) (*twiml.Response, error) {
	doc, list := twiml.Parse(text)
	t.notifyAll(list)
	for _, p := range list {
		if p.Level == problem.Error {
			return nil, &wrong{code: p.Code, text: p.Text, told: true}
		}
	}
	return doc, nil
}

func (t *run) notifyAll(list problem.List) {
	for _, p := range list {
		t.notify(p)
	}
}

// resolve makes a URL of the page absolute (RFC 3986 5.2, against the document after its redirects). ""
// is the page itself. It fails for TwiML given with the call, which has no place of its own.
func (t *run) resolve(ref string) (string, error) {
	ref = strings.TrimSpace(ref)
	u, err := url.Parse(ref)
	if err != nil {
		return "", &wrong{code: 11100, text: fmt.Sprintf("%q is not a URL", ref)}
	}
	if u.IsAbs() {
		return ref, nil // byte for byte, or its signature breaks
	}
	switch {
	case t.page.url == "" && ref == "":
		return "", &wrong{code: 11100, text: "TwiML given with the call has no URL that could be asked again"}
	case t.page.url == "":
		return "", &wrong{code: 11100, text: fmt.Sprintf("%q is relative, and TwiML given with the call has no URL to start from", ref)}
	}
	base, err := url.Parse(t.page.url)
	if err != nil {
		return "", &wrong{code: 11100, text: fmt.Sprintf("%q is not a URL", t.page.url)}
	}
	return base.ResolveReference(u).String(), nil
}
