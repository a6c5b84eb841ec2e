package sipleg

import (
	"context"
	"encoding/binary"
	"fmt"
	"log/slog"
	"net"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/kaden-project/kaden/leg"
	"github.com/kaden-project/kaden/leg/legtest"
	"github.com/kaden-project/kaden/media"
)

// phone is a SIP phone for legtest: a peer that does by itself what every phone does.
type phone struct {
	*peer
	rtp    *net.UDPConn
	called chan struct{}
	over   chan leg.Cause
	deaf   bool

	mu      sync.Mutex
	invite  said // of the call to us, or the 200 of our own
	tag     string
	own     bool // it calls
	seq     int
	done    bool
	refused leg.Cause
	remote  netip.AddrPort // of the RTP
	src     media.Source
	sink    media.Sink
	jitter  media.Jitter
	digits  strings.Builder
	reader  media.DigitReader
	rtpSeq  uint16
	ts      uint32
	request string // our own INVITE
	final   chan struct{}
	acked   chan struct{}
	sawOver bool
	refer   said // that we have got
	agreed  bool // … and accepted
	told    []int
}

func newPhone(t testing.TB) *phone {
	legtest.LeavesNothing(t)
	c, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		t.Fatal(err)
	}
	p := &phone{
		peer: newPeer(t), rtp: c, called: make(chan struct{}), over: make(chan leg.Cause, 1), tag: fresh(4), seq: 1,
		ts: 1000, final: make(chan struct{}), acked: make(chan struct{}),
	}
	ctx, stop := context.WithCancel(context.Background())
	var all sync.WaitGroup
	all.Go(func() { p.listens(ctx) })
	all.Go(p.hearsRTP)
	all.Go(func() { p.speaks(ctx) })
	t.Cleanup(func() { stop(); c.Close(); all.Wait() })
	return p
}

func (p *phone) port() int { return p.rtp.LocalAddr().(*net.UDPAddr).Port }

// listens answers what a phone answers by itself.
func (p *phone) listens(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			return
		case m := <-p.got:
			p.mu.Lock()
			if !p.deaf || m.method() == "INVITE" {
				p.takes(m)
			}
			p.mu.Unlock()
		}
	}
}

func (p *phone) takes(m said) {
	switch m.method() {
	case "INVITE":
		if p.invite.first != "" {
			return
		}
		p.invite = m
		p.remote = rtpOf(m.body)
		if !p.deaf {
			p.replies(m, "100 Trying", "", "")
		}
		close(p.called)
	case "CANCEL":
		p.replies(m, "200 OK", p.tag, "")
		if !p.done {
			p.replies(p.invite, "487 Request Terminated", p.tag, "")
			p.ends(leg.Canceled)
		}
	case "BYE":
		p.replies(m, "200 OK", "", "")
		p.ends(leg.HungUp)
	case "ACK":
		select {
		case <-p.acked:
		default:
			close(p.acked)
		}
		if p.refused != "" {
			p.ends(p.refused)
		}
	case "REFER":
		if p.refer.raw == "" {
			p.refer = m
		}
	case "NOTIFY":
		p.replies(m, "200 OK", "", "")
		if status, _, ok := readFragment([]byte(m.body)); ok {
			p.told = append(p.told, status)
		}
	case "":
		if strings.HasSuffix(m.get("CSeq"), "REFER") && m.status() >= 300 {
			p.told = append(p.told, m.status())
		}
		p.answered(m)
	default:
		p.replies(m, "200 OK", "", "")
	}
}

// answered takes a response to a call of our own.
func (p *phone) answered(m said) {
	if !strings.HasSuffix(m.get("CSeq"), "INVITE") || m.status() < 200 {
		return
	}
	ackBranch := ""
	if m.status() >= 300 {
		ackBranch = readSaid(p.request).branch()
	}
	p.send(m.from, newRequest(p.addr(), "ACK", readSaid(p.request).first[len("INVITE "):len(readSaid(p.request).first)-len(" SIP/2.0")],
		m.get("From"), m.get("To"), m.get("Call-ID"), 1, ackBranch, ""))
	select {
	case <-p.final:
		return
	default:
	}
	switch m.status() {
	case 486:
		p.ends(leg.Busy)
	case 603:
		p.ends(leg.Rejected)
	case 487:
		p.ends(leg.Completed)
	case 200:
		p.invite = m
		p.remote = rtpOf(m.body)
	}
	close(p.final)
}

func (p *phone) ends(c leg.Cause) {
	if p.sawOver {
		return
	}
	p.sawOver, p.done = true, true
	p.src = nil
	p.over <- c
	close(p.over)
}

func rtpOf(body string) netip.AddrPort {
	var host string
	var port uint16
	for _, l := range strings.Split(body, "\r\n") {
		fmt.Sscanf(l, "c=IN IP4 %s", &host)
		fmt.Sscanf(l, "m=audio %d ", &port)
	}
	ip, _ := netip.ParseAddr(host)
	return netip.AddrPortFrom(ip, port)
}

func (p *phone) Target() leg.Target      { return leg.Target{URI: p.uri(), From: "kaden"} }
func (p *phone) Called() <-chan struct{} { return p.called }
func (p *phone) Deaf() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.deaf = true
}

func (p *phone) Ring()  { p.says("180 Ringing", "") }
func (p *phone) Early() { p.says("183 Session Progress", sdpAt(p.port())) }

func (p *phone) says(status, body string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if !p.done {
		p.replies(p.invite, status, p.tag, body)
	}
}

func (p *phone) Answer() {
	p.mu.Lock()
	if p.done {
		p.mu.Unlock()
		return
	}
	p.done = true // a CANCEL comes too late from now on
	p.replies(p.invite, "200 OK", p.tag, sdpAt(p.port()))
	p.mu.Unlock()
	select {
	case <-p.acked:
	case <-time.After(testPatience):
		p.t.Errorf("the answer was never acknowledged")
	}
}

func (p *phone) Refuse(c leg.Cause) {
	status := map[leg.Cause]string{
		leg.Busy: "486 Busy Here", leg.Rejected: "603 Decline", leg.NoAnswer: "480 Temporarily Unavailable",
		leg.Invalid: "404 Not Found", leg.Congested: "503 Service Unavailable",
	}[c]
	p.mu.Lock()
	defer p.mu.Unlock()
	p.refused, p.done = c, true
	p.replies(p.invite, status, p.tag, "")
}

func (p *phone) HangUp() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.sawOver {
		return
	}
	if p.own {
		select {
		case <-p.final:
		default:
			r := readSaid(p.request)
			uri := r.first[len("INVITE ") : len(r.first)-len(" SIP/2.0")]
			p.send(p.server(), newRequest(p.addr(), "CANCEL", uri, r.get("From"), r.get("To"), r.get("Call-ID"), 1, r.branch(), ""))
			return
		}
	}
	p.inCall("BYE", "")
	p.ends(leg.Completed)
}

// inCall sends a request of the call; p.mu is held.
func (p *phone) inCall(method, body string, extra ...string) {
	p.seq++
	if p.own {
		p.inDialog(p.invite, method, p.seq, body, extra...)
		return
	}
	p.asks(p.invite, method, p.seq, p.tag, body, extra...)
}

// Refer asks to call target instead.
func (p *phone) Refer(target string, headers map[string]string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.told = nil
	to, between := target, "?"
	for name, value := range headers {
		to, between = to+between+name+"="+value, "&"
	}
	p.inCall("REFER", "", "Refer-To: <"+to+">")
}

func (p *phone) Told() []int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.Clone(p.told)
}

func (p *phone) Asked() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return strings.Trim(p.refer.get("Refer-To"), "<>")
}

// Tell answers a REFER, and then says how it goes.
func (p *phone) Tell(status int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if !p.agreed && status >= 300 {
		p.replies(p.refer, phrase(status, reasons[status]), "", "")
		return
	}
	if !p.agreed {
		p.agreed = true
		p.replies(p.refer, "202 Accepted", "", "")
	}
	state := "active;expires=60"
	if status >= 200 {
		state = "terminated;reason=noresource"
	}
	p.inCall("NOTIFY", "SIP/2.0 "+phrase(status, reasons[status])+"\r\n", "Content-Type: message/sipfrag;version=2.0", "Event: refer", "Subscription-State: "+state)
}

func (p *phone) server() netip.AddrPort { return p.invite.from }

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
	return p.digits.String()
}

func (p *phone) Over() <-chan leg.Cause { return p.over }

// Press sends each key as six packets, the last three of them the end, without waiting in between.
func (p *phone) Press(keys string) {
	if p.own {
		<-p.final
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, k := range keys {
		p.ts += 1600
		for i := range 6 {
			d := media.DigitPacket{Event: byte(strings.IndexRune(media.Digits, k)), End: i >= 3, Volume: 10, Duration: uint16(160 * min(i+1, 4))}
			p.rtpTo(101, p.ts, i == 0, d.Append(nil))
		}
	}
}

func (p *phone) rtpTo(kind byte, ts uint32, marker bool, payload []byte) {
	b := make([]byte, 12, 200)
	b[0], b[1] = 0x80, kind
	if marker {
		b[1] |= 0x80
	}
	p.rtpSeq++
	binary.BigEndian.PutUint16(b[2:], p.rtpSeq)
	binary.BigEndian.PutUint32(b[4:], ts)
	binary.BigEndian.PutUint32(b[8:], 4711)
	if p.remote.IsValid() {
		p.rtp.WriteToUDPAddrPort(append(b, payload...), p.remote)
	}
}

func (p *phone) speaks(ctx context.Context) {
	beat := time.NewTicker(media.Period)
	defer beat.Stop()
	var f media.Frame
	payload := make([]byte, media.Samples)
	for {
		select {
		case <-ctx.Done():
			return
		case <-beat.C:
		}
		p.mu.Lock()
		if p.src != nil {
			if !p.src.Read(&f) {
				p.src = nil
			}
			media.PCMU.Encode(payload, &f)
			p.ts += media.Samples
			p.rtpTo(0, p.ts, false, payload)
		}
		if p.sink != nil {
			p.jitter.Get(&f)
			p.sink.Write(&f)
		}
		p.mu.Unlock()
	}
}

func (p *phone) hearsRTP() {
	b := make([]byte, 2000)
	for {
		n, err := p.rtp.Read(b)
		if err != nil {
			return
		}
		if n < 12 {
			continue
		}
		p.mu.Lock()
		kind, ts := b[1]&0x7F, binary.BigEndian.Uint32(b[4:])
		switch {
		case kind == 101:
			p.digits.Write(p.reader.Packet(ts, b[12:n]))
		case p.sink != nil:
			p.jitter.Put(ts, b[12:n], media.Codec(kind))
		}
		p.mu.Unlock()
	}
}

// house is sipleg on loopback, with phones.
type house struct {
	t   *testing.T
	s   *Server
	got chan *Leg

	free []*phone
}

// start opens a server on a clock of its own. When the test is over nothing of either is left.
func start(t testing.TB, change func(*Config)) *Server {
	t.Helper()
	legtest.LeavesNothing(t)
	clock := media.NewClock(1)
	ctx, stop := context.WithCancel(context.Background())
	cfg := Config{
		Listen: "127.0.0.1:0", Clock: clock, Secret: []byte("a secret of the tests"), UserAgent: "kaden",
		AllowFrom: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")},
	}
	if change != nil {
		change(&cfg)
	}
	s, err := Listen(quietLog(t), cfg)
	if err != nil {
		t.Fatal(err)
	}
	var running sync.WaitGroup
	running.Go(func() { clock.Run(ctx) })
	running.Go(func() { s.Run(ctx) })
	t.Cleanup(func() {
		s.Close()
		if open, members := s.Open(), clock.Members(); open > 0 || members > 1 {
			t.Errorf("after the end %d dialogs and ports are held, and %d legs are on the clock", open, members-1)
		}
		stop()
		running.Wait()
	})
	begun := make(chan struct{})
	clock.Join(idle{}).Do(func() { close(begun) })
	<-begun
	for done := false; !done; time.Sleep(time.Millisecond) {
		s.mu.Lock()
		done = s.running
		s.mu.Unlock()
	}
	return s
}

// idle is nobody, on the clock.
type idle struct{}

func (idle) Tick(time.Duration) {}

type testWriter struct{ t testing.TB }

func (w testWriter) Write(b []byte) (int, error) { return len(b), nil }

func quietLog(t testing.TB) *slog.Logger { return slog.New(slog.NewTextHandler(testWriter{t}, nil)) }

func openHouse(t *testing.T) legtest.House {
	h := &house{t: t, got: make(chan *Leg, 8)}
	for range 6 {
		h.free = append(h.free, newPhone(t)) // before the story begins: their goroutines are the house's
	}
	h.s = start(t, func(c *Config) { c.Incoming = func(l *Leg) { h.got <- l } })
	return h
}

func (h *house) Dialer() leg.Dialer { return h.s }
func (h *house) Open() int          { return h.s.Open() }

// Phone hands out one of the phones that are there.
func (h *house) Phone() legtest.Phone {
	p := h.free[0]
	h.free = h.free[1:]
	return &phoneOf{p}
}

// phoneOf hides the peer's methods that legtest does not know.
type phoneOf struct{ *phone }

func (h *house) Call(p legtest.Phone) leg.Leg {
	q := p.(*phoneOf).phone
	uri := "sip:kaden@" + h.s.Addr().String()
	q.mu.Lock()
	q.own = true
	q.invite.from = h.s.Addr()
	q.request = newRequest(q.addr(), "INVITE", uri, "<sip:peer@127.0.0.1>;tag="+q.tag, "<"+uri+">", fresh(8), 1, "", sdpAt(q.port()))
	q.send(h.s.Addr(), q.request)
	q.mu.Unlock()
	select {
	case l := <-h.got:
		return l
	case <-time.After(testPatience):
		h.t.Fatal("the call never came in")
		return nil
	}
}

func TestLeg(t *testing.T) { legtest.Run(t, openHouse) }

var discard = slog.New(slog.DiscardHandler)
