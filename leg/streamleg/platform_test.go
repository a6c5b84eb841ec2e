package streamleg

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"sync"
	"testing"
	"time"

	"github.com/kaden-project/kaden/leg"
	"github.com/kaden-project/kaden/leg/legtest"
	"github.com/kaden-project/kaden/media"
)

func TestACallAtAPlatformIsALeg(t *testing.T) {
	legtest.Run(t, open)
}

// house is a platform in memory, with telephones that the stories move.
type house struct {
	t     testing.TB
	clock *media.Clock

	mu     sync.Mutex
	phones map[string]*phone
}

func open(t *testing.T) legtest.House { return newHouse(t) }

func newHouse(t testing.TB) *house { return newHouseWith(t, media.NewClock(1)) }

func newHouseWith(t testing.TB, clock *media.Clock) *house {
	ctx, stop := context.WithCancel(context.Background())
	h := &house{t: t, clock: clock, phones: map[string]*phone{}}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		h.clock.Run(ctx)
	}()
	t.Cleanup(func() {
		stop()
		<-ended
	})
	runs := make(chan struct{}) // its goroutines are the house's
	seat := h.clock.Join(nobody{})
	seat.Do(func() { close(runs) })
	<-runs
	seat.Leave()
	return h
}

type nobody struct{}

func (nobody) Tick(time.Duration) {}

func (h *house) Dialer() leg.Dialer   { return dialer{h} }
func (h *house) Open() int            { return h.clock.Members() }
func (h *house) NoEarlySound() string { return "Media Streams begin with the answer" }

func (h *house) Phone() legtest.Phone {
	h.mu.Lock()
	defer h.mu.Unlock()
	p := &phone{t: h.t, uri: fmt.Sprintf("tel:+81900000%04d", len(h.phones)), called: make(chan struct{}), over: make(chan leg.Cause, 1), gone: make(chan struct{})}
	p.ear = media.NewDTMF(func(key byte) { p.digits += string(rune(key)) }) // written under mu
	h.phones[p.uri] = p
	return p
}

// dialer orders calls at the platform.
type dialer struct{ h *house }

func (d dialer) Dial(ctx context.Context, to leg.Target, o leg.Options) (leg.Leg, error) {
	d.h.mu.Lock()
	p := d.h.phones[to.URI]
	d.h.mu.Unlock()
	l := New(Config{
		Log: slog.New(slog.DiscardHandler), Clock: d.h.clock, Beside: o.Beside, Info: leg.Info{To: to.URI, CallID: o.ID},
		End: p.ended, Started: func(string) error { return nil }, Limits: Limits{Teardown: 2 * time.Second},
	})
	p.leg = l
	if !p.deaf {
		l.Tries()
	}
	close(p.called)
	l.Bind(ctx)
	return l, nil
}

// phone is a telephone and the platform's part of its call.
type phone struct {
	t      testing.TB
	uri    string
	leg    *Leg
	deaf   bool
	called chan struct{}
	over   chan leg.Cause
	gone   chan struct{} // closed at the end

	mu       sync.Mutex
	rang     bool
	answered bool
	let      bool // it is over
	wire     *wire
	src      media.Source
	sink     media.Sink
	ear      *media.DTMF
	digits   string
	waiting  []byte // sound that was sent and not heard yet
	marks    []string
}

func (p *phone) Target() leg.Target      { return leg.Target{URI: p.uri} }
func (p *phone) Called() <-chan struct{} { return p.called }
func (p *phone) Deaf()                   { p.deaf = true }
func (p *phone) Early()                  { p.Ring() }
func (p *phone) Over() <-chan leg.Cause  { return p.over }

func (p *phone) Ring() {
	p.mu.Lock()
	p.rang = true
	p.mu.Unlock()
	p.leg.Rings()
}

// Answer opens the stream, after a word that somebody has picked up.
func (p *phone) Answer() {
	p.mu.Lock()
	if p.let {
		p.mu.Unlock()
		return
	}
	ours, theirs := newWire()
	p.answered, p.wire = true, theirs
	p.mu.Unlock()
	p.leg.Answers()
	go p.leg.Carry(ours)
	theirs.says(map[string]any{"event": "connected", "protocol": "Call", "version": "1.0.0"})
	theirs.says(map[string]any{"event": "start", "streamSid": "MZ1", "start": map[string]any{"streamSid": "MZ1", "callSid": "CA1",
		"mediaFormat": map[string]any{"encoding": "audio/x-mulaw", "sampleRate": 8000, "channels": 1}}})
	go p.reads(theirs)
	go p.lives(theirs)
}

// ends is the end as the telephone sees it, once.
func (p *phone) ends(c leg.Cause) (first bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.let {
		return false
	}
	p.let = true
	close(p.gone)
	p.over <- c
	close(p.over)
	return true
}

// ended is the platform being told to end the call.
func (p *phone) ended(leg.Cause) {
	if p.deaf {
		return
	}
	go func() {
		p.mu.Lock()
		answered, w := p.answered, p.wire
		p.mu.Unlock()
		seen, cause := leg.Canceled, leg.Canceled
		if answered {
			seen, cause = leg.HungUp, leg.Completed
		}
		p.ends(seen)
		if w != nil {
			w.Close("over")
		}
		p.leg.Ends(leg.Event{Cause: cause})
	}()
}

var statuses = map[leg.Cause]int{leg.Busy: 486, leg.Rejected: 603, leg.NoAnswer: 480, leg.Invalid: 404, leg.Congested: 503}

func (p *phone) Refuse(c leg.Cause) {
	p.ends(c)
	status := statuses[c]
	p.mu.Lock()
	if c == leg.NoAnswer && !p.rang {
		c = leg.Unreachable
	}
	p.mu.Unlock()
	p.leg.Ends(leg.Event{Cause: c, Status: status})
}

func (p *phone) Press(keys string) {
	p.mu.Lock()
	w := p.wire
	p.mu.Unlock()
	for _, key := range keys {
		if w != nil {
			w.says(map[string]any{"event": "dtmf", "streamSid": "MZ1", "dtmf": map[string]any{"track": "inbound_track", "digit": string(key)}})
		}
	}
}

// HangUp ends the stream, and is told by the platform a moment later.
func (p *phone) HangUp() {
	if !p.ends(leg.Completed) {
		return
	}
	p.mu.Lock()
	w := p.wire
	p.mu.Unlock()
	w.says(map[string]any{"event": "stop", "streamSid": "MZ1", "stop": map[string]any{"callSid": "CA1"}})
	p.leg.Ends(leg.Event{Cause: leg.HungUp})
}

func (p *phone) Play(src media.Source) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.src = src
}

func (p *phone) Listen(sink media.Sink) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.sink = sink
}

func (p *phone) Digits() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.digits
}

// reads takes what is said to the telephone.
func (p *phone) reads(w *wire) {
	for {
		text, err := w.Receive(context.Background())
		if err != nil {
			return
		}
		m, err := readMessage(text)
		if err != nil {
			p.t.Errorf("the leg says %s: %v", text, err)
			return
		}
		p.mu.Lock()
		switch m.Event {
		case "media":
			p.waiting = append(p.waiting, m.sound...)
		case "mark":
			p.marks = append(p.marks, m.Mark.Name)
		case "clear":
			p.waiting = nil
		}
		p.mu.Unlock()
	}
}

// lives is both directions, 20 ms at a time, as a platform paces them.
func (p *phone) lives(w *wire) {
	tick := time.NewTicker(media.Period)
	defer tick.Stop()
	for {
		select {
		case <-tick.C:
			p.step(w)
		case <-p.gone:
			return
		}
	}
}

func (p *phone) step(w *wire) {
	var payload [media.Samples]byte
	var f media.Frame
	p.mu.Lock()
	n := copy(payload[:], p.waiting)
	p.waiting = p.waiting[n:]
	copy(payload[n:], silence)
	media.PCMU.Decode(&f, payload[:])
	p.ear.Write(&f)
	if p.sink != nil {
		p.sink.Write(&f)
	}
	var heard []string
	if len(p.waiting) == 0 {
		heard, p.marks = p.marks, nil
	}
	f = media.Frame{}
	if p.src != nil && !p.src.Read(&f) {
		p.src = nil
	}
	p.mu.Unlock()
	for _, name := range heard {
		w.says(map[string]any{"event": "mark", "streamSid": "MZ1", "mark": map[string]any{"name": name}})
	}
	media.PCMU.Encode(payload[:], &f)
	w.says(map[string]any{"event": "media", "streamSid": "MZ1", "media": map[string]any{"track": "inbound", "payload": base64.StdEncoding.EncodeToString(payload[:])}})
}

// wire is one end of a WebSocket without a network: what was sent before it was closed still arrives.
type wire struct {
	in, out chan []byte
	closed  chan struct{}
	once    *sync.Once
}

func newWire() (one, other *wire) {
	a, b, closed, once := make(chan []byte, 1024), make(chan []byte, 1024), make(chan struct{}), new(sync.Once)
	return &wire{a, b, closed, once}, &wire{b, a, closed, once}
}

func (w *wire) says(v map[string]any) {
	text, err := json.Marshal(v)
	if err != nil {
		panic(err)
	}
	_ = w.Send(context.Background(), text)
}

func (w *wire) Send(ctx context.Context, text []byte) error {
	text = append([]byte(nil), text...)
	select {
	case <-w.closed:
		return errors.New("closed")
	default:
	}
	select {
	case w.out <- text:
		return nil
	case <-w.closed:
		return errors.New("closed")
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (w *wire) Receive(ctx context.Context) ([]byte, error) {
	select {
	case text := <-w.in:
		return text, nil
	default:
	}
	select {
	case text := <-w.in:
		return text, nil
	case <-w.closed:
		select {
		case text := <-w.in:
			return text, nil
		default:
			return nil, io.EOF
		}
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

func (w *wire) Close(string) { w.once.Do(func() { close(w.closed) }) }
