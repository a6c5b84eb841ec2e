package webleg

import (
	"context"
	"io"
	"log/slog"
	"net"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/pion/ice/v4"
	"github.com/pion/webrtc/v4"

	"github.com/kaden-project/kaden/leg"
	"github.com/kaden-project/kaden/leg/legtest"
	"github.com/kaden-project/kaden/media"
)

const testPatience = 8 * time.Second

// silent takes what pion says; a failing test is easier to read without it.
func silent() *slog.Logger { return slog.New(slog.NewTextHandler(io.Discard, nil)) }

// house is an engine on loopback with a running clock.
type house struct {
	t     testing.TB
	e     *Engine
	clock *media.Clock
	api   *webrtc.API // what pages are made with: pion as a browser sets itself up
	mu    sync.Mutex
	phone map[string]*phone
	alone int // goroutines before anybody telephoned
}

func open(t testing.TB, change ...func(*Config)) *house {
	t.Helper()
	legtest.LeavesNothing(t)
	cfg := Config{Listen: "127.0.0.1:0", Clock: media.NewClock(1)}
	for _, f := range change {
		f(&cfg)
	}
	clock := cfg.Clock
	ctx, stop := context.WithCancel(context.Background())
	var running sync.WaitGroup
	running.Go(func() { clock.Run(ctx) })
	awake(clock)
	e, err := New(silent(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	h := &house{t: t, e: e, clock: clock, api: browserAPI(t, nil), phone: map[string]*phone{}}
	h.alone = runtime.NumGoroutine()
	t.Cleanup(func() {
		if err := e.Close(); err != nil {
			t.Errorf("close: %v", err)
		}
		stop()
		running.Wait()
	})
	return h
}

// browserAPI takes the codecs that Chrome offers, and speaks from sockets of its own.
func browserAPI(t testing.TB, change func(*webrtc.SettingEngine)) *webrtc.API {
	t.Helper()
	var m webrtc.MediaEngine
	for _, c := range []webrtc.RTPCodecParameters{
		{PayloadType: 0, RTPCodecCapability: webrtc.RTPCodecCapability{MimeType: webrtc.MimeTypePCMU, ClockRate: 8000}},
		{PayloadType: 111, RTPCodecCapability: webrtc.RTPCodecCapability{MimeType: webrtc.MimeTypeOpus, ClockRate: 48000, Channels: 2}},
		{PayloadType: 8, RTPCodecCapability: webrtc.RTPCodecCapability{MimeType: webrtc.MimeTypePCMA, ClockRate: 8000}},
		{PayloadType: 126, RTPCodecCapability: webrtc.RTPCodecCapability{MimeType: telephoneEvent, ClockRate: 8000}},
	} {
		if err := m.RegisterCodec(c, webrtc.RTPCodecTypeAudio); err != nil {
			t.Fatal(err)
		}
	}
	var s webrtc.SettingEngine
	s.LoggerFactory = logs{silent()}
	s.SetIncludeLoopbackCandidate(true)
	s.SetIPFilter(loopbackOnly)
	s.SetICEMulticastDNSMode(ice.MulticastDNSModeDisabled)
	s.SetNetworkTypes([]webrtc.NetworkType{webrtc.NetworkTypeUDP4, webrtc.NetworkTypeTCP4})
	if change != nil {
		change(&s)
	}
	return webrtc.NewAPI(webrtc.WithMediaEngine(&m), webrtc.WithSettingEngine(s))
}

func (h *house) Open() int { return h.e.Open() }

// NoEarlySound is for legtest.
func (h *house) NoEarlySound() string { return "a page opens its microphone when the call is accepted" }

func (h *house) Dialer() leg.Dialer { return dialer{h} }

func (h *house) Phone() legtest.Phone { return h.page() }

func (h *house) page() *phone {
	h.mu.Lock()
	defer h.mu.Unlock()
	p := &phone{h: h, uri: "client:sato" + string(rune('a'+len(h.phone))), called: make(chan struct{}), over: make(chan leg.Cause, 1)}
	p.with = &Engine{log: silent(), api: h.api, cfg: Config{timers: timers{}.orDefault()}} // and a certificate of its own
	p.begin()
	h.phone[p.uri] = p
	return p
}

func (h *house) Call(to legtest.Phone) leg.Leg {
	p := to.(*phone)
	p.own = true
	l, err := h.e.Answer(h.t.Context(), leg.Info{From: p.uri, To: "app", CallID: p.uri}, p.offers(), signalling{p})
	if err != nil {
		h.t.Fatalf("the call of %s: %v", p.uri, err)
	}
	p.leg = l
	return l
}

type dialer struct{ h *house }

func (d dialer) Dial(ctx context.Context, to leg.Target, o leg.Options) (leg.Leg, error) {
	p := d.h.phone[to.URI]
	l, sdp, err := d.h.e.Offer(ctx, leg.Info{From: to.From, To: to.URI, CallID: to.URI}, o.Beside, signalling{p})
	if err != nil {
		return nil, err
	}
	p.leg, p.offer = l, sdp
	close(p.called)
	return l, nil
}

// phone is a page with a person in front of it. It is also the signalling of its call.
type phone struct {
	h      *house
	uri    string
	called chan struct{}
	over   chan leg.Cause
	leg    *Leg
	offer  string // of the house
	own    bool   // it calls
	with   *Engine

	sound *sound

	taking sync.WaitGroup // our answer

	mu     sync.Mutex
	conn   *conn
	said   string // Ringing or Answer
	ended  bool
	digits strings.Builder
}

// signalling is what the house tells a page.
type signalling struct{ *phone }

var _ Signaller = signalling{}

func (p *phone) begin() {
	p.sound = newSound(func(key byte) {
		p.mu.Lock()
		defer p.mu.Unlock()
		p.digits.WriteByte(key)
	})
}

// opens makes a connection of the page.
func (p *phone) opens() *conn {
	c, err := p.with.newConn(p.sound.inbox.put, func(c *conn) {
		p.mu.Lock()
		defer p.mu.Unlock()
		if c.pc.ConnectionState() == webrtc.PeerConnectionStateConnected && c == p.conn && !p.ended {
			p.sound.connect(c.track)
		}
	})
	if err != nil {
		p.h.t.Errorf("%s: %v", p.uri, err)
		return nil
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.ended {
		p.mu.Unlock()
		c.close()
		p.mu.Lock()
		return nil
	}
	p.conn = c
	if p.sound.seat == nil {
		p.sound.begin(p.h.clock, nil)
		p.sound.answer(func() {})
	}
	p.sound.inbox.open(c)
	return c
}

func (p *phone) offers() string {
	c := p.opens()
	sdp, err := c.offer()
	if err != nil {
		p.h.t.Fatalf("%s: %v", p.uri, err)
	}
	return bare(sdp)
}

// bare is SDP as a browser sends it at once, before it knows any candidate.
func bare(sdp string) string { return withoutCandidates(sdp) }

func (p signalling) Ringing(sdp string) {
	if sdp != "" {
		p.hears(sdp)
	}
}

func (p signalling) Answer(sdp string) { p.hears(sdp) }

// hears takes our answer to the page's offer, the first time it comes.
func (p *phone) hears(sdp string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.said != "" || p.ended {
		return
	}
	p.said = sdp
	c := p.conn
	p.taking.Go(func() {
		if err := c.accept(description{}, sdp); err != nil && !p.isOver() {
			p.h.t.Errorf("%s takes the answer: %v", p.uri, err)
		}
	})
}

func (p *phone) isOver() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.ended
}

func (p signalling) End(answered bool, c leg.Cause) {
	switch {
	case answered:
		c = leg.HungUp
	case !p.own:
		c = leg.Canceled
	}
	p.ends(c)
}

func (p *phone) ends(c leg.Cause) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.ended {
		return
	}
	p.ended = true
	conn := p.conn
	go func() {
		p.sound.finish()
		if conn != nil {
			conn.close()
		}
		p.over <- c
		close(p.over)
	}()
}

func (p *phone) Target() leg.Target      { return leg.Target{URI: p.uri, From: "kaden"} }
func (p *phone) Called() <-chan struct{} { return p.called }
func (p *phone) Deaf()                   {}
func (p *phone) Ring()                   { p.leg.Rang() }
func (p *phone) Early()                  { p.leg.Rang() }
func (p *phone) Answer()                 { p.answers(p.offer) }
func (p *phone) Over() <-chan leg.Cause  { return p.over }
func (p *phone) Play(src media.Source)   { p.sound.mouth.Play(src) }
func (p *phone) Listen(sink media.Sink)  { p.sound.ear.Listen(sink) }

func (p *phone) Digits() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.digits.String()
}

func (p *phone) Refuse(c leg.Cause) {
	p.leg.Left(c)
	p.ends(c)
}

func (p *phone) HangUp() {
	p.leg.Left(leg.HungUp)
	p.ends(leg.Completed)
}

func (p *phone) Press(keys string) {
	p.mu.Lock()
	talking := p.conn != nil
	p.mu.Unlock()
	if !talking {
		p.leg.Press(keys) // a page without a connection can only say so
		return
	}
	if err := p.sound.mouth.Press(p.h.t.Context(), p.sound.seat, keys, nil); err != nil {
		p.h.t.Errorf("%s presses %s: %v", p.uri, keys, err)
	}
}

// answers is a person who accepts.
func (p *phone) answers(offer string) {
	c := p.opens()
	if c == nil {
		return
	}
	sdp, err := c.answer(description{}, offer)
	if err != nil {
		if !p.isOver() {
			p.h.t.Errorf("%s answers: %v", p.uri, err)
		}
		return
	}
	p.leg.Accept(bare(sdp)) // too late, if it was cancelled in the same moment
}

func loopbackOnly(ip net.IP) bool { return ip.IsLoopback() }

// awake waits until the clock runs, so that its goroutines are not taken for a leg's.
func awake(c *media.Clock) {
	s := newSound(nil)
	s.begin(c, nil)
	runs := make(chan struct{})
	s.seat.Do(func() { close(runs) })
	<-runs
	s.seat.Leave()
}
