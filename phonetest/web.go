package phonetest

import (
	"context"
	"fmt"
	"path"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/kaden-project/kaden/call"
)

// Web is the internet of a House: owners' servers in memory. It notes every request. The zero Web answers
// everything with 404.
type Web struct {
	mu    sync.Mutex
	pages map[string]func(call.Ask) call.Reply
	asked []Asked
	slow  time.Duration
}

// Asked is a request that was made.
type Asked struct {
	call.Ask
	At time.Time
}

// Serve answers url with a document, its content type by the URL's ending: .xml, .txt, .wav; TwiML otherwise.
func (w *Web) Serve(url, body string) {
	kind := map[string]string{".txt": "text/plain", ".wav": "audio/x-wav", ".json": "application/json"}[path.Ext(strings.SplitN(url, "?", 2)[0])]
	if kind == "" {
		kind = "text/xml"
	}
	w.Handle(url, func(call.Ask) call.Reply {
		return call.Reply{URL: url, Status: 200, ContentType: kind, Body: []byte(body)}
	})
}

// Handle answers url, whatever its query, with f. A url that ends in / stands for all below it.
func (w *Web) Handle(url string, f func(call.Ask) call.Reply) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.pages == nil {
		w.pages = map[string]func(call.Ask) call.Reply{}
	}
	w.pages[url] = f
}

// Slow lets every answer take its time.
func (w *Web) Slow(d time.Duration) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.slow = d
}

// Ask answers as the owner's server would.
func (w *Web) Ask(ctx context.Context, a call.Ask) (call.Reply, error) {
	w.mu.Lock()
	slow := w.slow
	w.asked = append(w.asked, Asked{a, time.Now()})
	f := w.find(a.URL)
	w.mu.Unlock()
	if slow > 0 {
		t := time.NewTimer(slow)
		defer t.Stop()
		select {
		case <-t.C:
		case <-ctx.Done():
			return call.Reply{}, &call.Problem{Code: 11205, Text: "no answer in time", Err: context.Cause(ctx)}
		}
	}
	if f == nil {
		return call.Reply{URL: a.URL, Status: 404, ContentType: "text/html"}, nil
	}
	r := f(a)
	if r.URL == "" {
		r.URL = a.URL
	}
	if r.Status == 0 {
		return call.Reply{}, &call.Problem{Code: 11205, Text: fmt.Sprintf("nobody answers at %s", a.URL)}
	}
	return r, nil
}

func (w *Web) find(url string) func(call.Ask) call.Reply {
	plain, _, _ := strings.Cut(url, "?")
	for _, u := range []string{url, plain} {
		if f := w.pages[u]; f != nil {
			return f
		}
	}
	for dir := plain; strings.Contains(dir, "/"); {
		dir = dir[:strings.LastIndexByte(dir, '/')]
		if f := w.pages[dir+"/"]; f != nil {
			return f
		}
	}
	return nil
}

// Asked are the requests so far, oldest first.
func (w *Web) Asked() []Asked {
	w.mu.Lock()
	defer w.mu.Unlock()
	return slices.Clone(w.asked)
}
