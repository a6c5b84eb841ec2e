package webleg

import (
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"runtime"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/pion/webrtc/v4"

	"github.com/kaden-project/kaden/leg"
	"github.com/kaden-project/kaden/media"
)

// beep is a tone that is easily told from silence.
func beep(hz float64) media.Source { return media.Tone(time.Hour, -10, hz) }

// ear counts loud frames, and how often the wave crosses zero in the last one.
type ear struct {
	loud  atomic.Int64
	holes atomic.Int64 // frames of silence after the first loud one
	hz    atomic.Int64 // of the last loud frame, roughly
}

func (e *ear) Write(f *media.Frame) {
	sum, crossings := 0, 0
	for i, s := range f {
		sum += max(int(s), -int(s))
		if i > 0 && (s < 0) != (f[i-1] < 0) {
			crossings++
		}
	}
	if sum/len(f) < 500 {
		if e.loud.Load() > 0 {
			e.holes.Add(1)
		}
		return
	}
	e.loud.Add(1)
	e.hz.Store(int64(crossings) * 25)
}

func until(t *testing.T, what string, done func() bool) {
	t.Helper()
	for deadline := time.Now().Add(testPatience); !done(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("waited %v for %s", testPatience, what)
		}
	}
}

// next is the next event, which has to be of the kind.
func next(t *testing.T, l *Leg, kind leg.EventKind) leg.Event {
	t.Helper()
	select {
	case e, ok := <-l.Events():
		if !ok || e.Kind != kind {
			t.Fatalf("got event %d (%s %s), want %d", e.Kind, e.Cause, e.Reason, kind)
		}
		return e
	case <-time.After(testPatience):
		t.Fatalf("waited %v for event %d", testPatience, kind)
		panic("not reached")
	}
}

// rung is a page that has been called and has accepted; called is one that called and was answered.
func rung(t *testing.T, h *house) (*Leg, *phone) {
	t.Helper()
	p := h.page()
	l, err := h.Dialer().Dial(t.Context(), p.Target(), leg.Options{})
	if err != nil {
		t.Fatal(err)
	}
	p.Answer()
	next(t, l.(*Leg), leg.Answered)
	return l.(*Leg), p
}

func called(t *testing.T, h *house) (*Leg, *phone) {
	t.Helper()
	p := h.page()
	l := h.Call(p).(*Leg)
	if err := l.Answer(t.Context()); err != nil {
		t.Fatal(err)
	}
	next(t, l, leg.Answered)
	return l, p
}

var directions = []struct {
	name string
	talk func(*testing.T, *house) (*Leg, *phone)
}{{"a page that was called", rung}, {"a page that called", called}}

// hearEachOther checks sound in both directions, from now on.
func hearEachOther(t *testing.T, l *Leg, p *phone) {
	t.Helper()
	var here, there ear
	l.Listen(&here)
	p.Listen(&there)
	l.Play(beep(440))
	p.Play(beep(880))
	until(t, "sound in both directions", func() bool { return here.loud.Load() > 10 && there.loud.Load() > 10 })
	if hz := there.hz.Load(); hz < 380 || hz > 500 {
		t.Errorf("the page hears about %d Hz, want 440", hz)
	}
	if hz := here.hz.Load(); hz < 800 || hz > 950 {
		t.Errorf("the leg hears about %d Hz, want 880", hz)
	}
}

func goodbye(t *testing.T, h *house, l *Leg, p *phone) {
	t.Helper()
	p.HangUp()
	if e := next(t, l, leg.Ended); e.Cause != leg.HungUp {
		t.Errorf("ended as %s (%s)", e.Cause, e.Reason)
	}
	<-p.Over()
	h.isAlone(t)
}

// isAlone waits until nothing is left of the calls, not even a goroutine of the pages.
func (h *house) isAlone(t *testing.T) {
	t.Helper()
	until(t, "everything to be given back", func() bool { return h.e.Open() == 0 && runtime.NumGoroutine() <= h.alone })
}

// restartICE is what a page does whose network has changed.
func (p *phone) restartICE(t *testing.T) string {
	t.Helper()
	p.taking.Wait() // sound may flow before the page is done with it
	offer, err := p.conn.pc.CreateOffer(&webrtc.OfferOptions{ICERestart: true})
	if err != nil {
		t.Fatal(err)
	}
	sdp, err := p.conn.say(offer)
	if err != nil {
		t.Fatal(err)
	}
	return bare(sdp)
}

func TestAPageRestartsICE(t *testing.T) {
	for _, d := range directions {
		t.Run(d.name, func(t *testing.T) {
			h := open(t)
			l, p := d.talk(t, h)
			hearEachOther(t, l, p)
			offer := p.restartICE(t)
			answer, err := l.Restart(offer)
			if err != nil {
				t.Fatal(err)
			}
			// The page stays the DTLS client, whoever offers (RFC 8842 section 5.5).
			if !strings.Contains(answer, "a=setup:passive") {
				t.Errorf("the answer turns the DTLS roles round:\n%s", answer)
			}
			if err := p.conn.accept(description{}, answer); err != nil {
				t.Fatal(err)
			}
			hearEachOther(t, l, p)
			again, err := l.Restart(offer)
			if err != nil || again != answer {
				t.Errorf("the same offer once more (its socket was cut): %v, and another answer: %v", err, again != answer)
			}
			hearEachOther(t, l, p)
			goodbye(t, h, l, p)
		})
	}
}

func TestAnotherPageTakesTheCallOver(t *testing.T) {
	for _, d := range directions {
		t.Run(d.name, func(t *testing.T) {
			h := open(t)
			l, p := d.talk(t, h)
			hearEachOther(t, l, p)
			q := h.page()
			answer, err := l.Restart(q.offers())
			if err != nil {
				t.Fatal(err)
			}
			if err := q.conn.accept(description{}, answer); err != nil {
				t.Fatal(err)
			}
			q.leg = l
			hearEachOther(t, l, q)
			p.ends(leg.Completed) // the first page is closed at last, and nobody is hurt
			<-p.Over()
			q.Press("7")
			if e := next(t, l, leg.Digit); e.Digit != "7" {
				t.Errorf("key %q, want 7", e.Digit)
			}
			goodbye(t, h, l, q)
		})
	}
}

func TestWithoutUDPThePageComesOverTCP(t *testing.T) {
	h := open(t)
	p := h.page()
	l, sdp, err := h.e.Offer(t.Context(), leg.Info{To: p.uri}, nil, signalling{p})
	if err != nil {
		t.Fatal(err)
	}
	p.leg = l
	p.answers(onlyTCP(t, sdp))
	next(t, l, leg.Answered)
	hearEachOther(t, l, p)
	if last := l.Trace()[len(l.Trace())-1].Text; !strings.Contains(last, "over tcp") {
		t.Errorf("it went %s", last)
	}
	l.SendDigits(t.Context(), "5")
	until(t, "the key at the page", func() bool { return p.Digits() == "5" })
	goodbye(t, h, l, p)
}

// onlyTCP is what is left of our candidates in an office that lets no UDP out.
func onlyTCP(t *testing.T, sdp string) string {
	var out strings.Builder
	tcp := 0
	for line := range strings.Lines(sdp) {
		if strings.HasPrefix(line, "a=candidate:") {
			if !strings.Contains(strings.ToLower(line), " tcp ") {
				continue
			}
			tcp++
		}
		out.WriteString(line)
	}
	if tcp == 0 {
		t.Fatalf("no candidate over TCP in\n%s", sdp)
	}
	return out.String()
}

// brief are limits that a test can wait for.
func brief(c *Config) {
	c.timers = timers{
		Connect: 300 * time.Millisecond, Quiet: 300 * time.Millisecond, Lost: 500 * time.Millisecond, KeepAlive: 100 * time.Millisecond,
	}
}

func TestAPageThatVanishesIsLost(t *testing.T) {
	for _, d := range directions {
		t.Run(d.name, func(t *testing.T) {
			h := open(t, brief)
			l, p := d.talk(t, h)
			hearEachOther(t, l, p)
			p.vanishes()
			e := next(t, l, leg.Ended)
			if e.Cause != leg.MediaLost || !strings.Contains(e.Reason, "800ms") {
				t.Errorf("ended as %s (%s), want media-lost after 800ms", e.Cause, e.Reason)
			}
			if _, more := <-l.Events(); more {
				t.Errorf("an event after the end")
			}
			if c := <-p.Over(); c != leg.HungUp {
				t.Errorf("the signalling was told %q, want hung-up", c)
			}
			h.isAlone(t)
		})
	}
}

// vanishes is a lid that is closed: nothing is said to anybody.
func (p *phone) vanishes() {
	ice := p.conn.pc.SCTP().Transport().ICETransport()
	ice.Stop()
}

func TestAPageThatAcceptsButCannotReachUsIsLost(t *testing.T) {
	h := open(t, brief)
	p := h.page()
	l, sdp, err := h.e.Offer(t.Context(), leg.Info{To: p.uri}, nil, signalling{p})
	if err != nil {
		t.Fatal(err)
	}
	p.leg = l
	src := &counting{}
	l.Play(src)
	p.answers(bare(sdp)) // a firewall: none of our candidates is of use
	next(t, l, leg.Answered)
	e := next(t, l, leg.Ended)
	if e.Cause != leg.MediaLost || !strings.Contains(e.Reason, fmt.Sprintf("port %d ", h.e.Addr().Port())) {
		t.Errorf("ended as %s (%s), want media-lost with the port that has to be open", e.Cause, e.Reason)
	}
	if n := src.read.Load(); n != 0 {
		t.Errorf("%d frames of the greeting were spoken to nobody", n)
	}
	if !l.FirstHeard().IsZero() {
		t.Errorf("heard at %v", l.FirstHeard())
	}
	<-p.Over()
	h.isAlone(t)
}

type counting struct{ read atomic.Int64 }

func (c *counting) Read(f *media.Frame) bool {
	c.read.Add(1)
	clear(f[:])
	return true
}

func TestACallerHearsUsBeforeTheAnswer(t *testing.T) {
	h := open(t)
	p := h.page()
	l := h.Call(p).(*Leg)
	var there ear
	p.Listen(&there)
	l.Play(beep(440))
	if err := l.Ring(t.Context(), true); err != nil {
		t.Fatal(err)
	}
	until(t, "early sound", func() bool { return there.loud.Load() > 5 })
	p.Press("3") // at nobody
	p.leg.Press("3")
	if err := l.Answer(t.Context()); err != nil {
		t.Fatal(err)
	}
	next(t, l, leg.Answered)
	p.Press("4")
	if e := next(t, l, leg.Digit); e.Digit != "4" {
		t.Errorf("key %q, want the one after the answer", e.Digit)
	}
	hearEachOther(t, l, p)
	goodbye(t, h, l, p)
}

func TestACallerMayRingForLongerThanALostBrowserIsWaitedFor(t *testing.T) {
	h := open(t, brief)
	p := h.page()
	l := h.Call(p).(*Leg)
	if err := l.Ring(t.Context(), false); err != nil {
		t.Fatal(err)
	}
	// pion's checks would have begun with the offer, and failed by now.
	select {
	case e := <-l.Events():
		t.Fatalf("while it rang: event %d (%s, %s)", e.Kind, e.Cause, e.Reason)
	case <-time.After(1200 * time.Millisecond):
	}
	if err := l.Answer(t.Context()); err != nil {
		t.Fatal(err)
	}
	next(t, l, leg.Answered)
	hearEachOther(t, l, p)
	goodbye(t, h, l, p)
}

func TestKeysThatComeBothWaysCountOnce(t *testing.T) {
	h := open(t)
	l, p := rung(t, h)
	p.Press("12")
	p.leg.Press("12")
	p.Press("#")
	for _, want := range "12#" {
		if e := next(t, l, leg.Digit); e.Digit != string(want) {
			t.Errorf("key %q, want %c", e.Digit, want)
		}
	}
	goodbye(t, h, l, p)

	l, p = rung(t, h)
	p.leg.Press("4w2x#")
	for _, want := range "42#" {
		if e := next(t, l, leg.Digit); e.Digit != string(want) {
			t.Errorf("key %q of the signalling, want %c", e.Digit, want)
		}
	}
	goodbye(t, h, l, p)
}

func TestPublicAddressesStandBesideOurOwn(t *testing.T) {
	h := open(t, func(c *Config) { c.Public = []netip.Addr{netip.MustParseAddr("203.0.113.7")} })
	p := h.page()
	l, sdp, err := h.e.Offer(t.Context(), leg.Info{To: p.uri}, nil, signalling{p})
	if err != nil {
		t.Fatal(err)
	}
	p.leg = l
	for _, want := range []string{" udp ", " tcp "} {
		for _, ip := range []string{"203.0.113.7", "127.0.0.1"} {
			found := false
			for line := range strings.Lines(sdp) {
				found = found || strings.HasPrefix(line, "a=candidate:") && strings.Contains(line, want) && strings.Contains(line, " "+ip+" ")
			}
			if !found {
				t.Errorf("no candidate%swith %s in\n%s", want, ip, sdp)
			}
		}
	}
	p.answers(sdp)
	next(t, l, leg.Answered)
	hearEachOther(t, l, p)
	goodbye(t, h, l, p)
}

func TestThePortIsOpenOnAllAddresses(t *testing.T) {
	for _, at := range []string{":0", "0.0.0.0:0"} {
		t.Run(at, func(t *testing.T) {
			h := open(t, func(c *Config) { c.Listen = at })
			h.api = browserAPI(t, func(s *webrtc.SettingEngine) { s.SetIPFilter(func(net.IP) bool { return true }) })
			l, p := rung(t, h)
			hearEachOther(t, l, p)
			goodbye(t, h, l, p)
		})
	}
}

func TestAStrangerWithManyAddressesIsOne(t *testing.T) {
	d := newDoorkeeper(nil, 2, 100)
	in := 0
	for _, a := range []string{"2001:db8:1:2::1", "2001:db8:1:2::2", "2001:db8:1:2::3", "2001:db8:1:3::1", "192.0.2.1"} {
		if d.admit(netip.MustParseAddr(a)) {
			in++
		}
	}
	if in != 4 {
		t.Errorf("%d of 5 are let in, of whom three have one network; want 4", in)
	}
	d.left(netip.MustParseAddr("2001:db8:1:2::1"))
	if !d.admit(netip.MustParseAddr("2001:db8:1:2::9")) {
		t.Error("whoever has left still counts")
	}
}

func TestStrangersAreNotWaitedFor(t *testing.T) {
	inner, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	d := newDoorkeeper(inner, 2, 100)
	defer d.Close()
	in := make(chan net.Conn, 10)
	go func() {
		for {
			c, err := d.Accept()
			if err != nil {
				return
			}
			in <- c
		}
	}()
	knock := func() net.Conn {
		t.Helper()
		c, err := net.Dial("tcp4", inner.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { c.Close() })
		return c
	}
	knock()
	knock()
	first := <-in
	defer (<-in).Close()
	third := knock()
	third.SetReadDeadline(time.Now().Add(testPatience))
	if _, err := third.Read(make([]byte, 1)); !errors.Is(err, io.EOF) && !errors.Is(err, syscall.ECONNRESET) {
		t.Errorf("a third connection of the same address: %v, want it closed", err)
	}
	first.Close()
	first.Close() // counted once
	knock()
	defer (<-in).Close()
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.all != 2 {
		t.Errorf("%d connections are counted, want 2", d.all)
	}
}

func TestTheEngineClosesUnderACall(t *testing.T) {
	h := open(t)
	l, p := rung(t, h)
	hearEachOther(t, l, p)
	if err := h.e.Close(); err != nil {
		t.Fatal(err)
	}
	if e := next(t, l, leg.Ended); e.Cause != leg.Completed || e.Reason != "shutting down" {
		t.Errorf("ended as %s (%s)", e.Cause, e.Reason)
	}
	if c := <-p.Over(); c != leg.HungUp {
		t.Errorf("the page was told %q", c)
	}
	if _, _, err := h.e.Offer(t.Context(), leg.Info{}, nil, signalling{p}); err == nil {
		t.Errorf("a call was begun after the end")
	}
}
