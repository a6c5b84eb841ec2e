package api_test

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/kaden-project/kaden/alert"
	"github.com/kaden-project/kaden/api"
	"github.com/kaden-project/kaden/call"
	"github.com/kaden-project/kaden/callout"
	"github.com/kaden-project/kaden/dispatch"
	"github.com/kaden-project/kaden/leg"
	"github.com/kaden-project/kaden/leg/simleg"
	"github.com/kaden-project/kaden/manifest"
	"github.com/kaden-project/kaden/number"
	"github.com/kaden-project/kaden/oncall"
	"github.com/kaden-project/kaden/problem"
	"github.com/kaden-project/kaden/sid"
	"github.com/kaden-project/kaden/store/memstore"
	"github.com/kaden-project/kaden/twiml"
)

const (
	acct  = sid.Account("ACaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa")
	token = "0123456789abcdef0123456789abcdef"
)

// house is an API with a real dispatcher and desk behind it, a store in memory and telephones without a network.
type house struct {
	*testing.T
	api    *api.API
	cfg    api.Config
	store  *memstore.Store
	set    *manifest.Set
	d      *dispatch.Dispatcher
	told   *callouts // the same, and what is decided
	desk   *call.Desk
	phones *phones
	papers papers
	traces traces
	auth   string // Authorization of the next requests
	cookie *http.Cookie
}

// story tells one in a synctest bubble, where hours take no time and a goroutine left behind fails the test.
func story(t *testing.T, tell func(h *house), with ...func(h *house)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		h := &house{T: t, store: memstore.New(), phones: &phones{}, auth: "Bearer " + token, set: &manifest.Set{
			Plans:   map[string]callout.Plan{"default": {Name: "default", Steps: []callout.Step{{Call: []string{"sato"}, Order: callout.InTurn, Rounds: 2}}}},
			People:  map[string]oncall.Person{"sato": {ID: "sato", Name: "佐藤", Language: "ja-JP", Contacts: []oncall.Method{{Address: number.Address{Scheme: number.Sim, Text: "sato"}}}}},
			Groups:  map[string]oncall.Group{"db": {ID: "db", Members: []string{"sato"}}},
			Sources: map[string]alert.Source{"json": {Name: "json", Kind: "json", Key: "k3y"}, "mackerel": {Name: "mackerel", Kind: "mackerel", Key: "m4ck", Plan: "night"}},
		}}
		log := slog.New(slog.DiscardHandler)
		h.d = dispatch.New(log, dispatch.Config{
			Store: h.store, Caller: h.phones, House: func() *manifest.Set { return h.set }, Secret: []byte("s"), Node: "a", Account: acct,
		})
		h.told = &callouts{Dispatcher: h.d, why: dispatch.Explanation{Called: true}}
		h.desk = call.New(log, call.Config{
			Store: h.store, Node: "a",
			Dialers: map[number.Scheme]leg.Dialer{number.Sim: &simleg.Dialer{Phones: func(uri string) simleg.Behaviour {
				return simleg.Behaviour{RingAfter: time.Second, AnswerAfter: 5 * time.Second}
			}}},
			Script: func(ctx context.Context, c *call.Call) error {
				select {
				case <-time.After(3 * time.Second): // it speaks
				case <-ctx.Done():
				}
				return nil
			},
		})
		h.cfg = api.Config{
			Version: "1.2.3", Node: "a", Account: acct, Token: token,
			Records: h.store, Callouts: h.told, Calls: h.desk, CallRecords: h.store, Tickets: h.store,
			Accept: func(ctx context.Context, in alert.Delivery) ([]string, error) {
				got, err := h.d.Accept(ctx, in)
				return got.Alerts, err
			},
			House: func() *manifest.Set { return h.set }, Manifest: &h.papers, Trace: &h.traces,
			Engines: func(context.Context) []api.Engine {
				return []api.Engine{{Name: "open_jtalk", Languages: []string{"ja-JP"}, OK: true}, {Name: "flite", Languages: []string{"en-US"}, OK: true}}
			},
		}
		for _, f := range with {
			f(h)
		}
		h.api = api.New(log, h.cfg)
		ctx, stop := context.WithCancel(t.Context())
		done := make(chan error, 1)
		go func() { done <- h.d.Run(ctx) }()
		<-h.d.Booted()
		defer func() { // when a story fails, too
			h.api.Close()
			stop()
			if err := <-done; err != nil {
				t.Errorf("the dispatcher ends with %v", err)
			}
			end, cancel := context.WithTimeout(context.Background(), time.Minute)
			defer cancel()
			if err := h.desk.Shutdown(end); err != nil {
				t.Errorf("the desk ends with %v", err)
			}
		}()
		tell(h)
	})
}

// phones is dispatch.Caller: calls wait for the test to say what happens.
type phones struct {
	mu     sync.Mutex
	orders []call.Order
}

func (p *phones) Prepare(context.Context, *twiml.Response) error { return nil }

func (p *phones) Call(_ context.Context, o call.Order) (dispatch.Line, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.orders = append(p.orders, o)
	return line{o}, nil
}

type line struct{ order call.Order }

func (line) Redirect(call.Program) error { return nil }

func (l line) End(c leg.Cause) {
	go l.order.Heard(call.Event{At: time.Now(), Status: call.Canceled, Cause: c, ByUs: true})
}

// rings waits for the newest call and lets its phone ring.
func (h *house) rings() call.Order {
	h.Helper()
	synctest.Wait()
	h.phones.mu.Lock()
	defer h.phones.mu.Unlock()
	if len(h.phones.orders) == 0 {
		h.Fatal("nobody was called")
	}
	o := h.phones.orders[len(h.phones.orders)-1]
	o.Heard(call.Event{At: time.Now(), Status: call.Ringing})
	return o
}

// papers is api.Manifest.
type papers struct {
	text     string
	applied  []string
	problems problem.List
	removed  []manifest.Ref
	err      error
}

func (p *papers) Remove(_ context.Context, refs ...manifest.Ref) (problem.List, error) {
	p.removed = refs
	return p.problems, p.err
}

func (p *papers) Export(context.Context) ([]byte, error) { return []byte(p.text), p.err }
func (p *papers) Apply(_ context.Context, text []byte) ([]string, problem.List, error) {
	p.text = string(text)
	return p.applied, p.problems, p.err
}

type traces map[sid.Call]string

func (t *traces) Trace(id sid.Call) (string, []byte, bool) {
	s, ok := (*t)[id]
	return s, []byte("pcap of " + s), ok
}

// ask sends a request and reads the answer.
func (h *house) ask(method, path, in string, more ...func(r *http.Request)) *httptest.ResponseRecorder {
	h.Helper()
	r := httptest.NewRequest(method, path, strings.NewReader(in)).WithContext(h.Context())
	if in != "" {
		r.Header.Set("Content-Type", "application/json")
	}
	if h.auth != "" {
		r.Header.Set("Authorization", h.auth)
	}
	if h.cookie != nil {
		r.AddCookie(h.cookie)
	}
	for _, f := range more {
		f(r)
	}
	w := httptest.NewRecorder()
	h.api.Handler().ServeHTTP(w, r)
	for _, c := range w.Result().Cookies() {
		if c.Name == "kaden_session" {
			h.cookie = c
		}
	}
	return w
}

// get asks and expects an answer in JSON.
func get[T any](h *house, path string) T {
	h.Helper()
	return read[T](h, http.StatusOK, h.ask("GET", path, ""))
}

func post[T any](h *house, status int, path, in string) T {
	h.Helper()
	return read[T](h, status, h.ask("POST", path, in))
}

func read[T any](h *house, status int, w *httptest.ResponseRecorder) (out T) {
	h.Helper()
	if w.Code != status {
		h.Fatalf("answered %d, want %d: %s", w.Code, status, w.Body)
	}
	if err := json.Unmarshal(w.Body.Bytes(), &out); err != nil {
		h.Fatalf("%v in %s", err, w.Body)
	}
	return out
}

// refused expects a problem whose detail and hint hold the words.
func (h *house) refused(w *httptest.ResponseRecorder, status int, words ...string) {
	h.Helper()
	if got := w.Header().Get("Content-Type"); got != "application/problem+json" {
		h.Errorf("a refusal of type %q: %s", got, w.Body)
	}
	p := read[api.Refusal](h, status, w)
	for _, word := range words {
		if !strings.Contains(w.Body.String(), word) {
			h.Errorf("%q is not in %s", word, w.Body)
		}
	}
	if p.Status != status || p.Title == "" || p.Detail == "" {
		h.Errorf("incomplete: %s", w.Body)
	}
}

var (
	errDown = errors.New("disk gone")
	discard = slog.New(slog.DiscardHandler)
)

// reader is a browser at the stream of events.
type reader struct {
	h    *house
	in   *io.PipeReader
	stop context.CancelFunc
	mu   sync.Mutex
	text strings.Builder
	done chan struct{}
}

// pipeWriter is a ResponseWriter that goes to a reader as it is written.
type pipeWriter struct {
	header http.Header
	out    *io.PipeWriter
}

func (w *pipeWriter) Header() http.Header         { return w.header }
func (w *pipeWriter) WriteHeader(int)             {}
func (w *pipeWriter) Write(b []byte) (int, error) { return w.out.Write(b) }
func (w *pipeWriter) Flush()                      {}

func (h *house) listen(path, last string) *reader {
	h.Helper()
	ctx, stop := context.WithCancel(h.Context())
	in, out := io.Pipe()
	r := httptest.NewRequest("GET", path, nil).WithContext(ctx)
	r.Header.Set("Authorization", "Bearer "+token)
	if last != "" {
		r.Header.Set("Last-Event-ID", last)
	}
	s := &reader{h: h, in: in, stop: stop, done: make(chan struct{})}
	go func() {
		h.api.Handler().ServeHTTP(&pipeWriter{http.Header{}, out}, r)
		out.Close()
	}()
	go func() {
		defer close(s.done)
		buf := make([]byte, 64<<10)
		for {
			n, err := in.Read(buf)
			s.mu.Lock()
			s.text.Write(buf[:n])
			s.mu.Unlock()
			if err != nil {
				return
			}
		}
	}()
	return s
}

// seen is all that has come so far.
func (s *reader) seen() string {
	synctest.Wait()
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.text.String()
}

func (s *reader) leave() {
	s.stop()
	<-s.done
}
