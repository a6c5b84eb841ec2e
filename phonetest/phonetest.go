// Package phonetest is people with phones, for tests that read like what happened.
//
//	house := phonetest.New(t)
//	sato := house.Phone("sato")
//	house.Call("sato", twiml.New(...))
//	sato.Rings().Answers().Hears("disk full").Presses("1").IsHungUp()
//
// A [House] is a real desk, a real TwiML runner and simulated phones; its speech is silence with captions,
// its internet is a [Web] in memory. Inside a synctest bubble hours take no time; outside it runs in real
// time. A call that nobody in the story expected fails the test, as does a phone that is left ringing.
package phonetest

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/kaden-project/kaden/account"
	"github.com/kaden-project/kaden/call"
	"github.com/kaden-project/kaden/leg"
	"github.com/kaden-project/kaden/leg/loopleg"
	"github.com/kaden-project/kaden/leg/simleg"
	"github.com/kaden-project/kaden/number"
	"github.com/kaden-project/kaden/sid"
	"github.com/kaden-project/kaden/trunk"
	"github.com/kaden-project/kaden/twiml"
	"github.com/kaden-project/kaden/voice"
)

// Account owns everything in a House.
const Account = sid.Account("ACaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa")

// Setup is what a House is made of. The zero value is complete.
type Setup struct {
	Store      call.Store       // nil: a Notebook. It keeps queues and conferences too if it can
	Asker      call.Asker       // nil: House.Web
	Speaker    voice.Speaker    // nil: silence with captions, 50 ms a letter
	Recordings voice.Recordings // nil: House.Shelf
	Texter     voice.Texter     // nil: nothing sends short messages
	Trunks     []trunk.Trunk
	Numbers    []account.Number // what answers when somebody calls in
	Sockets    call.Sockets     // nil: streams go nowhere
	// Applications are what an <Application> dials; nil: there are none.
	Applications voice.Applications
	// Domain is a SIP domain of the House: sip:user@Domain is a phone of its own, registered there; "" is none. Transfers is
	// what goes on when such a phone gives a call away, as of call.Config.
	Domain    string
	Transfers func(phone, target string) (account.Number, bool)
	// Robots is called with the far end of each call to a phone that plays its part by itself; nil: nobody looks.
	Robots    func(far *simleg.Phone)
	NoClients bool          // nothing dials client: addresses
	Log       io.Writer     // nil: nowhere
	Drain     time.Duration // how long calls may take to end after the story; 0 is 1 s
}

// House is an installation without a network.
type House struct {
	Desk    *call.Desk
	Voice   *voice.Runner
	Web     *Web
	Shelf   *Shelf    // nil with Recordings of the test's own
	Book    *Notebook // nil with a Store of the test's own
	Notices func() []voice.Notice
	Numbers []account.Number // what answers when somebody calls in; not to be changed once a call is made

	t      testing.TB
	mu     sync.Mutex
	phones map[string]*Phone
	robots map[string]simleg.Behaviour
	signs  map[string]string
	domain string
	look   func(far *simleg.Phone)
}

// New builds a House. It is torn down with the test: every call must be over by then.
func New(t testing.TB, with ...func(*Setup)) *House {
	t.Helper()
	var s Setup
	for _, f := range with {
		f(&s)
	}
	h := &House{t: t, Web: &Web{}, Numbers: s.Numbers, phones: map[string]*Phone{}, robots: map[string]simleg.Behaviour{}, signs: map[string]string{}, domain: s.Domain, look: s.Robots}
	if s.Store == nil {
		h.Book = &Notebook{}
		s.Store = h.Book
	}
	if s.Asker == nil {
		s.Asker = h.Web
	}
	if s.Speaker == nil {
		s.Speaker = Mumble{}
	}
	if s.Recordings == nil {
		h.Shelf = &Shelf{web: h.Web}
		s.Recordings = h.Shelf
	}
	if s.Log == nil {
		s.Log = io.Discard
	}
	if s.Drain == 0 {
		s.Drain = time.Second
	}
	log := slog.New(slog.NewTextHandler(s.Log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	var notices []voice.Notice
	h.Notices = func() []voice.Notice {
		h.mu.Lock()
		defer h.mu.Unlock()
		return append([]voice.Notice(nil), notices...)
	}
	h.Voice = voice.New(log, voice.Config{Speaker: s.Speaker, Asker: s.Asker, Recordings: s.Recordings, Texter: s.Texter, Applications: s.Applications, Notify: func(n voice.Notice) {
		h.mu.Lock()
		defer h.mu.Unlock()
		notices = append(notices, n)
	}})
	dialer := h.Dialer()
	dialers := map[number.Scheme]leg.Dialer{number.Sim: dialer, number.SIP: registered{dialer, h}, number.Client: dialer}
	if s.NoClients {
		delete(dialers, number.Client)
	}
	queues, _ := s.Store.(call.Queues)
	conferences, _ := s.Store.(call.Conferences)
	gates, _ := s.Store.(call.Gates) // a Notebook keeps none
	h.Desk = call.New(log, call.Config{
		Gates: gates,
		Store: s.Store, Asker: s.Asker, Script: h.Voice.Script, Screen: h.Voice.Screen, Node: "test",
		Dialers: dialers, Recordings: s.Recordings, Documents: h.Voice, Sockets: s.Sockets,
		Queues: queues, Conferences: conferences,
		Transfers: s.Transfers,
		Own:       &loopleg.Dialer{Accept: func(l leg.Leg) { h.Desk.Accept(l) }},
		Trunks:    func() []trunk.Trunk { return s.Trunks },
		Numbers: func(called string) (account.Number, bool) {
			for _, n := range h.Numbers {
				if n.Number == called {
					return n, true
				}
			}
			return account.Number{}, false
		},
	})
	t.Cleanup(func() { h.close(s.Drain) })
	return h
}

// Dialer reaches the phones of the House, for desks that a test builds itself.
func (h *House) Dialer() *simleg.Dialer {
	return &simleg.Dialer{
		Take: func(far *simleg.Phone) bool {
			h.mu.Lock()
			defer h.mu.Unlock()
			if _, ok := h.robots[far.Info().To]; ok {
				if h.look != nil {
					h.look(far)
				}
				return false
			}
			h.phone(far.Info().To).called(far)
			return true
		},
		Phones: func(uri string) simleg.Behaviour {
			h.mu.Lock()
			defer h.mu.Unlock()
			return h.robots[uri]
		},
	}
}

// Phone is somebody's phone, by what is dialled to reach it; a name alone is sim:name.
func (h *House) Phone(name string) *Phone {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.phone(address(name))
}

func (h *House) phone(uri string) *Phone {
	p := h.phones[uri]
	if p == nil {
		p = &Phone{house: h, uri: uri, name: strings.TrimPrefix(uri, "sim:"), waiting: make(chan struct{}, 1)}
		h.phones[uri] = p
	}
	return p
}

// Behaves lets a phone play its part by itself: a colleague who never answers, a mailbox.
func (h *House) Behaves(name string, b simleg.Behaviour) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.robots[address(name)] = b
}

// Call calls somebody and runs doc on the call.
func (h *House) Call(name string, doc *twiml.Response) *call.Call {
	h.t.Helper()
	return h.Place(call.Order{To: h.to(name), Program: call.Program{TwiML: doc.String()}})
}

// CallURL calls somebody and runs what the Web has at url.
func (h *House) CallURL(name, url string) *call.Call {
	h.t.Helper()
	return h.Place(call.Order{To: h.to(name), Program: call.Program{URL: url}})
}

// Place places an order of the House's account. Its first word comes 0.8 s after the answer, as on every
// call to a person, so that whoever hears it may press a key at once.
func (h *House) Place(o call.Order) *call.Call {
	h.t.Helper()
	o.Account = Account
	o.From = cmp.Or(o.From, "+815012345678")
	o.FirstWord = cmp.Or(o.FirstWord, 800*time.Millisecond)
	c, err := h.Desk.Place(context.Background(), o)
	if err != nil {
		h.t.Fatalf("place a call to %s: %v", o.To, err)
	}
	return c
}

func (h *House) to(name string) number.Address {
	h.t.Helper()
	a, err := number.ParseAddress(address(name))
	if err != nil {
		h.t.Fatal(err)
	}
	return a
}

func address(name string) string {
	if strings.Contains(name, ":") || strings.HasPrefix(name, "+") {
		return name
	}
	return "sim:" + name
}

func (h *House) close(drain time.Duration) {
	ctx, stop := context.WithTimeoutCause(context.Background(), drain, fmt.Errorf("%d calls were not over at the end of the test", h.Desk.Calls()))
	defer stop()
	if err := h.Desk.Shutdown(ctx); err != nil {
		h.t.Error(err)
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, p := range h.phones {
		p.leftovers()
	}
}
