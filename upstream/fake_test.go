package upstream_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/kaden-project/kaden/call"
	"github.com/kaden-project/kaden/sid"
	"github.com/kaden-project/kaden/webhook"
)

const (
	acct  = "ACaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
	token = "0123456789abcdef0123456789abcdef"
)

// platform is a fake Twilio whose calls do what a test tells them, and which can be faulty in every way.
type platform struct {
	t   testing.TB
	srv *httptest.Server
	// deliver, in a story without a network, hands over what is posted.
	deliver func(*http.Request) int

	mu       sync.Mutex
	calls    []*remote
	creates  int
	asked    []string                                                  // method and path of each request
	onCreate func(n int, w http.ResponseWriter, r *remote) (done bool) // n counts from 1; done: it has answered, or hangs
	broken   func(w http.ResponseWriter, r *http.Request) bool         // answers in the place of everything
	obeys    bool                                                      // ends calls when told to; else it says so and does not
	signs    string                                                    // with this token
	away     bool                                                      // cannot be reached
	queue    string                                                    // queue_time
	silent   bool                                                      // sends no callbacks
	pages    map[string]string                                         // other resources, by path below the account
}

// remote is a call there.
type remote struct {
	p       *platform
	id      string
	form    url.Values
	status  call.Status
	made    time.Time
	answers string // answered_by
	seq     int
	told    []url.Values // redirects
}

func newPlatform(t testing.TB) *platform {
	p := &platform{t: t, obeys: true, signs: token, pages: map[string]string{}}
	p.srv = httptest.NewServer(http.HandlerFunc(p.serve))
	t.Cleanup(p.srv.Close)
	return p
}

func (p *platform) serve(w http.ResponseWriter, r *http.Request) {
	path, ok := strings.CutPrefix(r.URL.Path, "/2010-04-01/Accounts/"+acct)
	p.mu.Lock()
	p.asked = append(p.asked, r.Method+" "+path)
	broken := p.broken
	p.mu.Unlock()
	if broken != nil && broken(w, r) {
		return
	}
	if user, pass, _ := r.BasicAuth(); !ok || user != acct || pass != token {
		refuse(w, 401, 20003, "Authenticate")
		return
	}
	r.ParseForm()
	id := strings.TrimSuffix(strings.TrimPrefix(path, "/Calls/"), ".json")
	switch {
	case path == "/Calls.json" && r.Method == http.MethodPost:
		p.create(w, r)
	case path == "/Calls.json":
		p.mu.Lock()
		list := []any{}
		for i := len(p.calls) - 1; i >= 0; i-- {
			if c := p.calls[i]; c.form.Get("To") == r.Form.Get("To") && c.form.Get("From") == r.Form.Get("From") {
				list = append(list, c.json())
			}
		}
		p.mu.Unlock()
		answer(w, 200, map[string]any{"calls": list})
	case strings.HasPrefix(path, "/Calls/"):
		p.mu.Lock()
		defer p.mu.Unlock()
		c := p.find(id)
		switch {
		case c == nil:
			refuse(w, 404, 20404, "The requested resource was not found")
		case r.Method == http.MethodPost && c.status.Over():
			refuse(w, 400, 21220, "Call is not in-progress")
		case r.Method == http.MethodPost:
			p.change(c, r.Form)
			answer(w, 200, c.json())
		default:
			answer(w, 200, c.json())
		}
	default:
		p.mu.Lock()
		page, ok := p.pages[path]
		p.mu.Unlock()
		if !ok {
			refuse(w, 404, 20404, "The requested resource was not found")
			return
		}
		w.Header().Set("Content-Type", "application/json")
		io.WriteString(w, page)
	}
}

func (p *platform) create(w http.ResponseWriter, r *http.Request) {
	p.mu.Lock()
	p.creates++
	n, hook := p.creates, p.onCreate
	c := &remote{p: p, id: string(sid.New[sid.Call]()), form: r.PostForm, status: call.Queued, made: time.Now()}
	p.mu.Unlock()
	if hook != nil && hook(n, w, c) {
		return
	}
	p.mu.Lock()
	p.calls = append(p.calls, c)
	made := c.json()
	p.mu.Unlock()
	answer(w, 201, made)
}

// take makes a call exist.
func (p *platform) take(c *remote) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.calls = append(p.calls, c)
}

func (p *platform) change(c *remote, form url.Values) {
	switch s := call.Status(form.Get("Status")); {
	case !p.obeys:
	case s == call.Canceled && c.status == call.InProgress: // not affected
	case s == call.Canceled, s == call.Completed && c.status != call.InProgress:
		c.status = call.Canceled
	case s == call.Completed:
		c.status = call.Completed
	default:
		c.told = append(c.told, form)
	}
}

func (p *platform) find(id string) *remote {
	for _, c := range p.calls {
		if c.id == id {
			return c
		}
	}
	return nil
}

func (c *remote) json() map[string]any {
	shown := c.status
	if shown == call.Initiated {
		shown = call.Queued
	}
	return map[string]any{"sid": c.id, "status": shown, "to": c.form.Get("To"), "from": c.form.Get("From"), "direction": "outbound-api",
		"date_created": c.made.UTC().Format(time.RFC1123Z), "answered_by": nilIfEmpty(c.answers), "queue_time": c.p.queue, "start_time": nil}
}

func nilIfEmpty(s string) any {
	if s == "" {
		return nil
	}
	return s
}

// the waits for the nth call there, counted from 1.
func (p *platform) the(n int) *remote {
	p.t.Helper()
	var c *remote
	eventually(p.t, fmt.Sprintf("call %d at the platform", n), func() bool {
		p.mu.Lock()
		defer p.mu.Unlock()
		if len(p.calls) >= n {
			c = p.calls[n-1]
		}
		return c != nil
	})
	return c
}

// now is how a call stands there.
func (c *remote) now() call.Status {
	c.p.mu.Lock()
	defer c.p.mu.Unlock()
	return c.status
}

// goes changes the state and sends the callback, unless the platform is silent.
func (c *remote) goes(s call.Status, more ...string) {
	c.p.t.Helper()
	c.p.mu.Lock()
	c.status = s
	silent := c.p.silent
	c.p.mu.Unlock()
	if !silent {
		c.says(s, more...)
	}
}

// says sends a callback and returns how it was answered.
func (c *remote) says(s call.Status, more ...string) int {
	c.p.t.Helper()
	v := url.Values{"CallSid": {c.id}, "AccountSid": {acct}, "CallStatus": {string(s)}, "To": {c.form.Get("To")}, "From": {c.form.Get("From")},
		"CallbackSource": {"call-progress-events"}, "SequenceNumber": {strconv.Itoa(c.seq)}, "Timestamp": {time.Now().UTC().Format(time.RFC1123Z)}}
	c.seq++
	for i := 0; i+1 < len(more); i += 2 {
		v.Set(more[i], more[i+1])
	}
	return c.p.post(c.form.Get("StatusCallback"), v)
}

// post sends a signed form.
func (p *platform) post(where string, v url.Values) int {
	p.t.Helper()
	ctx, stop := context.WithTimeout(context.Background(), 5*time.Second)
	defer stop()
	q, err := http.NewRequestWithContext(ctx, http.MethodPost, where, strings.NewReader(v.Encode()))
	if err != nil {
		p.t.Error(err)
		return 0
	}
	q.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	q.Header.Set("X-Twilio-Signature", webhook.Sign(p.signs, where, v))
	if p.deliver != nil {
		return p.deliver(q)
	}
	resp, err := http.DefaultClient.Do(q)
	if err != nil {
		p.t.Error(err)
		return 0
	}
	resp.Body.Close()
	return resp.StatusCode
}

func (p *platform) count() (creates, calls int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.creates, len(p.calls)
}

// up is how many calls there are not over.
func (p *platform) up() (n int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, c := range p.calls {
		if !c.status.Over() {
			n++
		}
	}
	return n
}

func (p *platform) set(f func()) {
	p.mu.Lock()
	defer p.mu.Unlock()
	f()
}

func answer(w http.ResponseWriter, status int, v any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	json.NewEncoder(w).Encode(v)
}

func refuse(w http.ResponseWriter, status, code int, text string) {
	answer(w, status, map[string]any{"code": code, "message": text, "status": status, "more_info": "https://www.twilio.com/docs/errors/" + strconv.Itoa(code)})
}

// eventually waits for something that happens by itself.
func eventually(t testing.TB, what string, ok func() bool) {
	t.Helper()
	for until := time.Now().Add(10 * time.Second); !ok(); {
		if time.Now().After(until) {
			t.Fatalf("10 s went by without: %s", what)
		}
		time.Sleep(2 * time.Millisecond)
	}
}
