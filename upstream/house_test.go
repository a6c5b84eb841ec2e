package upstream_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/kaden-project/kaden/call"
	"github.com/kaden-project/kaden/leg"
	"github.com/kaden-project/kaden/number"
	"github.com/kaden-project/kaden/sid"
	"github.com/kaden-project/kaden/timeline"
	"github.com/kaden-project/kaden/trunk"
	"github.com/kaden-project/kaden/upstream"
)

// quick are limits that a test has the patience for.
var quick = upstream.Limits{
	Request: 300 * time.Millisecond, Ordering: 1500 * time.Millisecond, Patience: 60 * time.Millisecond, Look: 40 * time.Millisecond,
	Ending: 400 * time.Millisecond, Reaping: 5 * time.Second,
}

const origin = "http://kaden.internal"

// house is a client, its platform, and what the two have said.
type house struct {
	*testing.T
	*upstream.Client
	platform *platform
	door     *httptest.Server // where callbacks come in
	cfg      upstream.Config
	up       trunk.Upstream
	cord     *cord // of this life, to the platform
	log      *lines

	mu      sync.Mutex
	events  []string
	records []call.Record
	charges []call.Charge
	told    []timeline.Event
	kept    []string
	asked   []string // scripts
	script  string   // what Scripts answers
	full    bool     // the store fails
}

// option changes what a house is built with.
type option func(*house)

// deaf is a house that no platform can reach.
func deaf(h *house) { h.cfg.PublicURL = "" }

func build(t *testing.T, options ...option) *house {
	t.Helper()
	h := &house{T: t, platform: newPlatform(t), log: &lines{}}
	mux := http.NewServeMux()
	h.door = httptest.NewServer(mux)
	h.up = trunk.Upstream{Trunk: trunk.Trunk{Name: "twilio", From: "+815087654321"}, URL: h.platform.srv.URL, Account: acct, Token: token}
	h.cfg = upstream.Config{
		Upstreams: func() []trunk.Upstream { return []trunk.Upstream{h.up} },
		Store:     h, Scripts: h, Origin: origin, PublicURL: h.door.URL + "/", Secret: []byte("secret"), Node: "a", Limits: quick,
	}
	for _, o := range options {
		o(h)
	}
	h.lives()
	mux.HandleFunc(upstream.Path, func(w http.ResponseWriter, r *http.Request) { h.Client.ServeHTTP(w, r) })
	t.Cleanup(func() {
		ctx, stop := context.WithTimeout(context.Background(), 5*time.Second)
		defer stop()
		if err := h.Shutdown(ctx); err != nil {
			t.Errorf("shutdown: %v", err)
		}
		h.door.Close()
		if t.Failed() {
			t.Logf("heard: %v\nlog:\n%s", h.heard(), h.log)
		}
	})
	return h
}

// Change is the store.
func (h *house) Change(_ context.Context, c call.Change) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.full {
		return errors.New("the disk is full")
	}
	h.records, h.charges = append(h.records, c.Record), append(h.charges, c.Charges...)
	h.told = append(h.told, c.Events...)
	return nil
}

// Call is what the store has of a call.
func (h *house) Call(_ context.Context, _ sid.Account, id sid.Call) (call.Record, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, r := range slices.Backward(h.records) {
		if r.SID == id {
			return r, nil
		}
	}
	return call.Record{}, call.ErrNotFound
}

// cord is what connects one life of the client to its platform.
type cord struct {
	http.Transport
	cut atomic.Bool
}

// RoundTrip fails once the cord is cut. What the dying life still has to say never leaves it: refused by the platform
// instead, it may come in after the next life has begun.
func (c *cord) RoundTrip(r *http.Request) (*http.Response, error) {
	if c.cut.Load() {
		return nil, errors.New("cut off")
	}
	return c.Transport.RoundTrip(r)
}

// dies ends this life of the client as a power failure would: nothing reaches the platform any more.
func (h *house) dies() {
	h.Helper()
	h.cord.cut.Store(true)
	ctx, stop := context.WithCancel(context.Background())
	stop()
	h.Shutdown(ctx)
	h.mu.Lock()
	h.events = nil
	h.mu.Unlock()
}

// lives begins the next life.
func (h *house) lives() {
	h.cord = &cord{}
	h.cfg.Transport = h.cord
	h.Client = upstream.New(h.slog(), h.cfg)
}

// adopt takes up the call of which the n-th thing was kept.
func (h *house) adopt(kept int, change ...func(*call.Order)) (*upstream.Call, error) {
	h.Helper()
	ctx, stop := context.WithTimeout(h.Context(), time.Second)
	defer stop()
	h.mu.Lock()
	rest, id := h.kept[kept], h.records[len(h.records)-1].SID
	h.mu.Unlock()
	o := h.noted(append(change, func(o *call.Order) { o.SID = id })...)
	return h.Adopt(ctx, leg.Remains(rest), o)
}

// Ask is the house's own scripts.
func (h *house) Ask(_ context.Context, a call.Ask) (call.Reply, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.asked = append(h.asked, a.URL)
	if h.script == "" {
		return call.Reply{Status: 404}, nil
	}
	return call.Reply{URL: a.URL, Status: 200, ContentType: "text/xml", Body: []byte(h.script)}, nil
}

// order is a call to sato.
func order(change ...func(*call.Order)) call.Order {
	o := call.Order{
		Account: acct, To: number.Address{Scheme: number.Tel, Number: "+819012345678"}, Attempt: "co-1-1",
		Program: call.Program{URL: origin + "/callouts/co-1-1/t0/script", Method: "POST"}, Ring: 20 * time.Second,
	}
	for _, f := range change {
		f(&o)
	}
	return o
}

// place orders a call and takes notes of it.
func (h *house) place(change ...func(*call.Order)) *upstream.Call {
	h.Helper()
	k, err := h.try(change...)
	if err != nil {
		h.Fatalf("place: %v", err)
	}
	return k
}

func (h *house) try(change ...func(*call.Order)) (*upstream.Call, error) {
	return h.Place(h.Context(), "twilio", h.noted(change...))
}

// noted is an order of which the house takes notes.
func (h *house) noted(change ...func(*call.Order)) call.Order {
	o := order(change...)
	name := o.Attempt
	o.Heard = func(e call.Event) {
		text := string(e.Status)
		switch {
		case e.AnsweredBy != "":
			text = e.AnsweredBy
		case e.Status.Over():
			text += "/" + string(e.Cause)
		}
		if e.ByUs {
			text += " by us"
		}
		if name != "co-1-1" {
			text = name + ": " + text
		}
		h.mu.Lock()
		h.events = append(h.events, text)
		h.mu.Unlock()
	}
	o.Keep = func(_ context.Context, r leg.Remains) error {
		h.mu.Lock()
		h.kept = append(h.kept, string(r))
		h.mu.Unlock()
		return nil
	}
	return o
}

func (h *house) heard() []string {
	h.mu.Lock()
	defer h.mu.Unlock()
	return slices.Clone(h.events)
}

func (h *house) record() call.Record {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.records[len(h.records)-1]
}

// hears waits until these events, and no others, were heard.
func (h *house) hears(want ...string) {
	h.Helper()
	for until := time.Now().Add(10 * time.Second); !slices.Equal(h.heard(), want); time.Sleep(2 * time.Millisecond) {
		if time.Now().After(until) {
			h.Fatalf("heard %q\nwant  %q", h.heard(), want)
		}
	}
}

func (h *house) want(what string, got, want any) {
	h.Helper()
	if fmt.Sprint(got) != fmt.Sprint(want) {
		h.Errorf("%s:\n got %v\nwant %v", what, got, want)
	}
}

// logged waits for a line of the log.
func (h *house) logged(text string) {
	h.Helper()
	eventually(h, "the log says "+text, func() bool { return strings.Contains(h.log.String(), text) })
}

func over(h *house, k *upstream.Call, within ...time.Duration) {
	h.Helper()
	select {
	case <-k.Done():
	case <-time.After(append(within, 10*time.Second)[0]):
		h.Fatal("the call did not end")
	}
}

// lines is a log that many write.
type lines struct {
	mu sync.Mutex
	b  strings.Builder
}

func (l *lines) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(b)
}

func (l *lines) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

// slog is the house's log, for another client.
func (h *house) slog() *slog.Logger { return slog.New(slog.NewTextHandler(h.log, nil)) }
