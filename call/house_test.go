package call_test

import (
	"cmp"
	"context"
	"fmt"
	"log/slog"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/kaden-project/kaden/call"
	"github.com/kaden-project/kaden/leg"
	"github.com/kaden-project/kaden/leg/simleg"
	"github.com/kaden-project/kaden/number"
	"github.com/kaden-project/kaden/sid"
	"github.com/kaden-project/kaden/trunk"
)

// house is a desk with simulated phones, a store in memory and an owner's server that takes notes.
type house struct {
	*testing.T
	desk   *call.Desk
	store  *memory
	owner  *owner
	phones map[string]simleg.Behaviour // by what was dialled
	met    chan *simleg.Phone          // those without a behaviour, to be moved by hand
	log    *strings.Builder
	writer *lockedWriter // to log
	began  time.Time
	cfg    call.Config
}

const acct = sid.Account("ACaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa")

// story runs a story in a synctest bubble: its minutes take no time, and a goroutine left behind fails it.
func story(t *testing.T, tell func(h *house), with ...func(*call.Config)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		h := &house{T: t, store: &memory{}, owner: &owner{}, phones: map[string]simleg.Behaviour{}, met: make(chan *simleg.Phone, 100), log: &strings.Builder{}, began: time.Now()}
		sim := &simleg.Dialer{
			Take: func(p *simleg.Phone) bool {
				if _, ok := h.phones[p.Info().To]; ok {
					return false
				}
				h.met <- p
				return true
			},
			Phones: func(uri string) simleg.Behaviour { return h.phones[uri] },
		}
		h.cfg = call.Config{
			Store: h.store, Asker: h.owner, Node: "a",
			Dialers: map[number.Scheme]leg.Dialer{number.Sim: sim, number.SIP: sim},
		}
		for _, f := range with {
			f(&h.cfg)
		}
		h.writer = &lockedWriter{b: h.log}
		h.desk = call.New(slog.New(slog.NewJSONHandler(h.writer, nil)), h.cfg)
		tell(h)
		ctx, stop := context.WithTimeout(t.Context(), time.Hour)
		defer stop()
		if err := h.desk.Shutdown(ctx); err != nil {
			t.Errorf("shutdown: %v", err)
		}
		if n := h.desk.Calls(); n != 0 {
			t.Errorf("%d calls are left", n)
		}
	})
}

func (h *house) place(o call.Order) (*call.Call, *heard) {
	h.Helper()
	var e heard
	o.Account, o.Heard = acct, e.add
	if o.To == (number.Address{}) {
		o.To = number.Address{Scheme: number.Sim, Text: "sato"}
	}
	o.From = cmp.Or(o.From, "+815012345678")
	if o.Callback.URL == "" {
		o.Callback = call.Callback{URL: "https://owner.example/status", Events: []string{"initiated", "ringing", "answered", "completed"}}
	}
	c, err := h.desk.Place(h.Context(), o)
	if err != nil {
		h.Fatalf("place: %v", err)
	}
	return c, &e
}

// phone waits for the next phone that is to be moved by hand.
func (h *house) phone() *simleg.Phone {
	h.Helper()
	select {
	case p := <-h.met:
		return p
	case <-time.After(time.Hour):
		h.Fatal("no phone was called for an hour")
		panic("not reached")
	}
}

// after is how much of the story's time has gone.
func (h *house) after() time.Duration { return time.Since(h.began) }

func (h *house) want(what string, got, want any) {
	h.Helper()
	if fmt.Sprint(got) != fmt.Sprint(want) {
		h.Errorf("%s:\n got %v\nwant %v", what, got, want)
	}
}

// heard collects what whoever ordered a call is told.
type heard struct {
	mu   sync.Mutex
	list []string
}

func (e *heard) add(v call.Event) {
	e.mu.Lock()
	defer e.mu.Unlock()
	s := string(v.Status)
	if v.Digit != "" {
		s += " key " + v.Digit
	}
	if v.AnsweredBy != "" {
		s += " by " + v.AnsweredBy
	}
	if v.Status.Over() {
		s += " " + string(v.Cause)
		if v.SIP != 0 {
			s += fmt.Sprintf(" %d", v.SIP)
		}
		if v.ByUs {
			s += " by us"
		}
	}
	if v.Trunk != "" {
		s += " over " + v.Trunk
	}
	e.list = append(e.list, s)
}

func (e *heard) String() string {
	e.mu.Lock()
	defer e.mu.Unlock()
	return strings.Join(e.list, ", ")
}

// owner is a server that takes status callbacks.
type owner struct {
	mu    sync.Mutex
	asks  []url.Values
	slow  time.Duration
	deaf  bool
	where []string
}

func (o *owner) Ask(ctx context.Context, a call.Ask) (call.Reply, error) {
	if o.slow > 0 {
		select {
		case <-time.After(o.slow):
		case <-ctx.Done():
			return call.Reply{}, &call.Problem{Code: 11205, Text: "gave up", Err: ctx.Err()}
		}
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	o.asks = append(o.asks, a.Params)
	o.where = append(o.where, a.Method+" "+a.URL)
	if o.deaf {
		return call.Reply{}, &call.Problem{Code: 11205, Text: "connection refused"}
	}
	return call.Reply{Status: 204}, nil
}

// statuses are CallStatus and SequenceNumber of the callbacks in the order in which they came.
func (o *owner) statuses() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	var s []string
	for _, v := range o.asks {
		s = append(s, v.Get("SequenceNumber")+" "+v.Get("CallStatus"))
	}
	return strings.Join(s, ", ")
}

func (o *owner) last() url.Values {
	o.mu.Lock()
	defer o.mu.Unlock()
	if len(o.asks) == 0 {
		return nil
	}
	return o.asks[len(o.asks)-1]
}

// memory is a call.Store that keeps every change.
type memory struct {
	mu      sync.Mutex
	changes []call.Change
	posted  []string
	broken  error
	delay   time.Duration
}

func (m *memory) Change(ctx context.Context, c call.Change) error {
	time.Sleep(m.delay)
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.broken != nil {
		return m.broken
	}
	m.changes = append(m.changes, c)
	return ctx.Err()
}

// all is what was kept until now.
func (m *memory) all() []call.Change {
	m.mu.Lock()
	defer m.mu.Unlock()
	return slices.Clone(m.changes)
}

func (m *memory) Posted(_ context.Context, id string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.posted = append(m.posted, id)
	return nil
}

func (m *memory) fail(err error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.broken = err
}

// kinds are the timeline events in the order in which they were written.
func (m *memory) kinds() string {
	m.mu.Lock()
	defer m.mu.Unlock()
	var s []string
	for _, c := range m.changes {
		for _, e := range c.Events {
			s = append(s, strings.TrimPrefix(string(e.Kind), "call."))
		}
	}
	return strings.Join(s, " ")
}

func (m *memory) last() call.Record {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.changes[len(m.changes)-1].Record
}

func (m *memory) Call(context.Context, sid.Account, sid.Call) (call.Record, error) {
	return call.Record{}, call.ErrNotFound
}
func (m *memory) Calls(_ context.Context, f call.Filter) (list []call.Record, more bool, err error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, c := range m.changes {
		if c.Record.Status == f.Status {
			list = append(list, c.Record)
		}
	}
	return list, false, nil
}

// TakeLeft finds the latest records of a node alone: in these stories nobody else dies.
func (m *memory) TakeLeft(_ context.Context, node string, born time.Time, _ int) (list []call.Record, err error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for i, c := range m.changes {
		last := !slices.ContainsFunc(m.changes[i+1:], func(o call.Change) bool { return o.Record.SID == c.Record.SID })
		if r := c.Record; last && r.Node == node && r.Created.Before(born) && !r.Status.Over() {
			list = append(list, r)
		}
	}
	return list, nil
}

func (m *memory) DeleteCall(context.Context, sid.Account, sid.Call) error { return call.ErrNotFound }

type lockedWriter struct {
	mu sync.Mutex
	b  *strings.Builder
}

func (w *lockedWriter) Write(p []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.b.Write(p)
}

func trunks(t ...trunk.Trunk) func(*call.Config) {
	return func(c *call.Config) { c.Trunks = func() []trunk.Trunk { return t } }
}

func script(s call.Script) func(*call.Config) { return func(c *call.Config) { c.Script = s } }

func tel(n string) number.Address {
	return number.Address{Scheme: number.Tel, Number: number.Number(n)}
}
