package clientsdk

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/kaden-project/kaden/leg"
	"github.com/kaden-project/kaden/media"
	"github.com/kaden-project/kaden/sid"
)

const (
	ours   = sid.Account("ACaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa")
	key    = sid.Key("SKbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb")
	app    = sid.Application("APcccccccccccccccccccccccccccccccc")
	secret = "a secret of thirty-two letters.."
)

func keys(_ context.Context, issuer string) (sid.Account, []byte, error) {
	switch issuer {
	case string(key), string(ours):
		return ours, []byte(secret), nil
	case "SKdddddddddddddddddddddddddddddddd":
		return "", nil, errors.New("the database is away")
	}
	return "", nil, ErrUnknownIssuer
}

// house is a server in a bubble of virtual time, with a sound engine that only pretends.
type house struct {
	*testing.T
	s        *Server
	engine   *engine
	visits   []Visit
	messages []Message
	refusal  error // of Receive
	keys     error // why no key is found any more; nil: they are
}

func story(t *testing.T, tell func(h *house)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		h := &house{T: t, engine: &engine{}}
		h.s = New(slog.New(slog.DiscardHandler), Config{
			Engine: h.engine, Account: ours,
			Keys: func(ctx context.Context, issuer string) (sid.Account, []byte, error) {
				if h.keys != nil {
					return "", nil, h.keys
				}
				return keys(ctx, issuer)
			},
			Receive: func(_ context.Context, v Visit) error {
				if h.refusal == nil {
					h.visits = append(h.visits, v)
				}
				return h.refusal
			},
			Message: func(m Message) error { h.messages = append(h.messages, m); return nil },
		})
		time.Sleep(grace + time.Second) // the server has been up for a while
		tell(h)
		h.engine.endAll()
		h.s.Close()
		synctest.Wait()
		if n := h.s.Sockets(); n != 0 || len(h.s.tokens) != 0 || len(h.s.duty) != 0 || len(h.s.ringing) != 0 {
			t.Errorf("left after the story: %d sockets, %d tokens, %d on duty, %d ringing", n, len(h.s.tokens), len(h.s.duty), len(h.s.ringing))
		}
	})
}

// token is one that an app would give its page.
func (h *house) token(identity string, change ...func(*Claims)) string {
	h.Helper()
	c := Claims{Account: ours, Identity: identity, Incoming: true, Application: app}
	for _, f := range change {
		f(&c)
	}
	t, err := Mint(key, []byte(secret), c, time.Now())
	if err != nil {
		h.Fatal(err)
	}
	return t
}

// page is a browser's page as far as the signalling goes: it echoes heartbeats, and does what it is told.
type page struct {
	h    *house
	in   chan []byte // to the server
	over chan struct{}
	once sync.Once

	mu    sync.Mutex
	got   []map[string]any
	stuck bool // its buffers are full
	deaf  bool // nothing is read and nothing echoed: the lid is closed
	code  int  // the server's close code
	ended bool
}

// connect is a page with its socket open.
func (h *house) connect() *page {
	p := &page{h: h, in: make(chan []byte, 1000), over: make(chan struct{})}
	go h.s.serve(p, "192.0.2.1", "Chromium")
	synctest.Wait()
	return p
}

// onDuty is a page that has registered.
func (h *house) onDuty(identity string) *page {
	h.Helper()
	p := h.connect()
	p.listen(h.token(identity))
	p.says("register", m{"media": m{"audio": true}})
	p.hears("connected")
	p.hears("ready")
	return p
}

type m = map[string]any

var errCut = errors.New("the socket was cut")

func (p *page) Read() ([]byte, error) {
	select {
	case text := <-p.in:
		return text, nil
	default:
	}
	select {
	case text := <-p.in:
		return text, nil
	case <-p.over:
		return nil, errCut
	}
}

func (p *page) Write(ctx context.Context, text []byte) error {
	p.mu.Lock()
	if p.stuck {
		p.mu.Unlock()
		<-ctx.Done()
		return ctx.Err()
	}
	defer p.mu.Unlock()
	switch {
	case p.deaf:
	case p.ended:
		return errCut
	case isHeartbeat(text):
		p.in <- heartbeat
	default:
		var f m
		if err := json.Unmarshal(text, &f); err != nil {
			p.h.Errorf("a frame that is not JSON: %s", text)
		}
		p.got = append(p.got, f)
	}
	return nil
}

func (p *page) Close(code int, _ string) {
	p.mu.Lock()
	if !p.ended {
		p.code = code
	}
	p.ended = true
	p.mu.Unlock()
	p.once.Do(func() { close(p.over) })
}

// cut is the socket's loss.
func (p *page) cut() {
	p.mu.Lock()
	p.ended = true
	p.mu.Unlock()
	p.once.Do(func() { close(p.over) })
	synctest.Wait()
}

func (p *page) listen(token string) { p.says("listen", m{"token": token, "reconnectTimeout": 0}) }

func (p *page) says(kind string, payload m) {
	text, err := json.Marshal(m{"type": kind, "version": "1.6", "payload": payload})
	if err != nil {
		p.h.Fatal(err)
	}
	p.in <- text
	synctest.Wait()
}

// hears takes the next frame, which has to be of this kind.
func (p *page) hears(kind string) m {
	p.h.Helper()
	synctest.Wait()
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.got) == 0 {
		p.h.Fatalf("no frame, want %s", kind)
	}
	f := p.got[0]
	p.got = p.got[1:]
	if f["type"] != kind {
		p.h.Fatalf("frame %v, want %s", f, kind)
	}
	if f["version"] != "1.6" {
		p.h.Errorf("version %v", f["version"])
	}
	out, ok := f["payload"].(m)
	if !ok {
		p.h.Fatalf("frame without a payload: %v", f)
	}
	return out
}

// hearsError takes the next frame, which has to be an error or a hangup with this code.
func (p *page) hearsError(kind string, code int) m {
	p.h.Helper()
	f := p.hears(kind)
	e, _ := f["error"].(m)
	if e == nil || e["code"] != float64(code) || e["message"] == "" {
		p.h.Fatalf("%s with error %v, want %d", kind, f["error"], code)
	}
	return f
}

func (p *page) hearsNothing() {
	p.h.Helper()
	synctest.Wait()
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.got) > 0 {
		p.h.Fatalf("frames that should not have come: %v", p.got)
	}
}

func (p *page) gone() (code int, yes bool) {
	synctest.Wait()
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.code, p.ended
}

// sdp is what a page or the engine would say; n is its ICE, who its fingerprint.
func sdp(who string, n int) string {
	return fmt.Sprintf("v=0\r\na=ice-ufrag:%s%d\r\na=fingerprint:sha-256 %s\r\n", who, n, who)
}

// ring dials an identity, with a few of the things that a call brings.
func (h *house) ring(identity string) leg.Leg {
	h.Helper()
	l, err := h.s.Dial(h.Context(), leg.Target{
		URI: "client:" + identity, From: "+819012345678", Account: string(ours), Call: "CA00000000000000000000000000000001",
		Headers: map[string]string{"件名": "disk full & more"},
	}, leg.Options{ID: "attempt-1"})
	if err != nil {
		h.Fatal(err)
	}
	synctest.Wait()
	return l
}

// happens takes the next event of a leg, which has to be of this kind.
func (h *house) happens(l leg.Leg, kind leg.EventKind) leg.Event {
	h.Helper()
	synctest.Wait()
	select {
	case e, ok := <-l.Events():
		if !ok || e.Kind != kind {
			h.Fatalf("event %+v (open %v), want kind %d", e, ok, kind)
		}
		return e
	default:
		h.Fatalf("no event, want kind %d", kind)
		return leg.Event{}
	}
}

func (h *house) ends(l leg.Leg, c leg.Cause) {
	h.Helper()
	if e := h.happens(l, leg.Ended); e.Cause != c {
		h.Fatalf("ended for %s (%s), want %s", e.Cause, e.Reason, c)
	}
	if _, open := <-l.Events(); open {
		h.Error("an event after Ended")
	}
}

func (h *house) nothingHappens(l leg.Leg) {
	h.Helper()
	synctest.Wait()
	select {
	case e := <-l.Events():
		h.Fatalf("event %+v that should not have come", e)
	default:
	}
}

// engine pretends to be the sound.
type engine struct {
	mu    sync.Mutex
	lines []*line
	deaf  error // of Answer
}

func (e *engine) newLine(i leg.Info, s Signaller) *line {
	l := &line{info: i, s: s, events: make(chan leg.Event, 65)}
	e.mu.Lock()
	defer e.mu.Unlock()
	e.lines = append(e.lines, l)
	return l
}

func (e *engine) Offer(_ context.Context, i leg.Info, beside *media.Seat, s Signaller) (Line, string, error) {
	l := e.newLine(i, s)
	l.beside = beside
	return l, sdp("kaden", 1), nil
}

func (e *engine) Answer(_ context.Context, i leg.Info, offer string, s Signaller) (Line, error) {
	if e.deaf != nil {
		return nil, e.deaf
	}
	l := e.newLine(i, s)
	l.did("offer " + offer)
	return l, nil
}

func (e *engine) endAll() {
	e.mu.Lock()
	lines := e.lines
	e.mu.Unlock()
	for _, l := range lines {
		l.Hangup(context.Background(), leg.Completed)
	}
}

// line pretends to be one connection.
type line struct {
	info   leg.Info
	s      Signaller
	beside *media.Seat
	events chan leg.Event

	speaking sync.Mutex
	mu       sync.Mutex
	answered bool
	over     bool
	log      []string
	bad      error // of Accept and Restart
	playing  media.Source
	restarts int
}

func (l *line) did(what string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.log = append(l.log, what)
}

func (l *line) doings() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return strings.Join(l.log, "; ")
}

func (l *line) finish(c leg.Cause) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.over {
		return false
	}
	l.over = true
	l.events <- leg.Event{Kind: leg.Ended, Cause: c}
	close(l.events)
	return true
}

func (l *line) Info() leg.Info           { return l.info }
func (l *line) Events() <-chan leg.Event { return l.events }

func (l *line) Ring(_ context.Context, early bool) error {
	l.speaking.Lock()
	defer l.speaking.Unlock()
	if early {
		l.s.Ringing(sdp("kaden", 1))
	} else {
		l.s.Ringing("")
	}
	return nil
}

func (l *line) Answer(context.Context) error {
	l.mu.Lock()
	l.answered = true
	l.events <- leg.Event{Kind: leg.Answered, Status: 200}
	l.mu.Unlock()
	l.s.Answer(sdp("kaden", 1))
	return nil
}

func (l *line) Hangup(_ context.Context, c leg.Cause) error {
	l.speaking.Lock() // as webleg does: whoever is told must not come back
	l.mu.Lock()
	answered, over := l.answered, l.over
	l.mu.Unlock()
	if !over {
		l.s.End(answered, c)
	}
	l.speaking.Unlock()
	l.finish(c)
	return nil
}

func (l *line) Play(src media.Source) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.playing = src
}

func (l *line) Listen(media.Sink) {}

func (l *line) SendDigits(_ context.Context, d string) error { l.did("send " + d); return nil }

func (l *line) Accept(answer string) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.bad != nil {
		return l.bad
	}
	l.answered = true
	l.events <- leg.Event{Kind: leg.Answered, Status: 200}
	return nil
}

func (l *line) Restart(offer string) (string, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.restarts++
	return sdp("kaden", 1+l.restarts), l.bad
}

func (l *line) Press(digits string) { l.did("press " + digits) }

func (l *line) Left(c leg.Cause) {
	l.speaking.Lock()
	defer l.speaking.Unlock()
	l.did("left " + string(c))
	l.finish(c)
}
