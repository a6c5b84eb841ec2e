package webleg

import (
	"math/rand/v2"
	"net"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/pion/webrtc/v4"

	"github.com/kaden-project/kaden/leg"
)

// bad is a network between a page and the engine that, once it is spoilt, loses 5 of 100 packets and lets 5
// others be overtaken by the next one, in each direction.
type bad struct {
	near, far *net.UDPConn // towards the page, towards the engine
	spoilt    atomic.Bool
	dark      atomic.Bool // nothing comes through
	lost      atomic.Int64
	late      atomic.Int64

	mu   sync.Mutex
	page net.Addr
}

func newBad(t *testing.T, engine *net.UDPAddr) *bad {
	t.Helper()
	near, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		t.Fatal(err)
	}
	far, err := net.DialUDP("udp4", nil, engine)
	if err != nil {
		t.Fatal(err)
	}
	n := &bad{near: near, far: far}
	var both sync.WaitGroup
	both.Go(func() {
		n.carry(near, rand.New(rand.NewPCG(1, 2)), func(b []byte, from net.Addr) {
			n.mu.Lock()
			n.page = from
			n.mu.Unlock()
			far.Write(b)
		})
	})
	both.Go(func() {
		n.carry(far, rand.New(rand.NewPCG(3, 4)), func(b []byte, _ net.Addr) {
			n.mu.Lock()
			to := n.page
			n.mu.Unlock()
			near.WriteTo(b, to)
		})
	})
	t.Cleanup(func() { near.Close(); far.Close(); both.Wait() })
	return n
}

func (n *bad) carry(in *net.UDPConn, chance *rand.Rand, out func([]byte, net.Addr)) {
	buf := make([]byte, 2000)
	var kept []byte
	for {
		size, from, err := in.ReadFrom(buf)
		if err != nil {
			return
		}
		switch roll := chance.IntN(100); {
		case n.dark.Load():
			continue
		case !n.spoilt.Load():
		case roll < 5:
			n.lost.Add(1)
			continue
		case roll < 10 && kept == nil:
			n.late.Add(1)
			kept = append([]byte(nil), buf[:size]...)
			continue
		}
		out(buf[:size], from)
		if kept != nil {
			out(kept, from)
			kept = nil
		}
	}
}

var udpPort = regexp.MustCompile(`(?im)^(a=candidate:\S+ \d+ udp \d+ 127\.0\.0\.1 )\d+`)

func TestOverABadNetworkNoKeyIsLostAndSoundIsSound(t *testing.T) {
	h := open(t)
	l, p, n := rungOver(t, h)
	hearEachOther(t, l, p)

	n.spoilt.Store(true)
	const keys = "0123456789*#"
	p.Press(keys)
	var got strings.Builder
	for range keys {
		got.WriteString(next(t, l, leg.Digit).Digit)
	}
	if got.String() != keys {
		t.Errorf("the leg got the keys %q, want %q", got.String(), keys)
	}
	if err := l.SendDigits(t.Context(), keys); err != nil {
		t.Fatal(err)
	}
	until(t, "the keys at the page", func() bool { return p.Digits() == keys })

	var here, there ear
	l.Listen(&here)
	p.Listen(&there)
	until(t, "two seconds of sound", func() bool { return here.loud.Load() > 100 && there.loud.Load() > 100 })
	for name, e := range map[string]*ear{"leg": &here, "page": &there} {
		if holes := e.holes.Load(); holes > 3 {
			t.Errorf("the %s heard %d holes in %d frames of sound", name, holes, e.loud.Load())
		}
	}
	if n.lost.Load() < 10 || n.late.Load() < 10 {
		t.Errorf("the network lost %d packets and let %d be overtaken: it was too good", n.lost.Load(), n.late.Load())
	}
	t.Logf("%d packets lost, %d overtaken; holes: leg %d, page %d", n.lost.Load(), n.late.Load(), here.holes.Load(), there.holes.Load())
	goodbye(t, h, l, p)
	if s := l.Sound(); s.Lost == 0 || s.Concealed == 0 {
		t.Errorf("the call's record knows of no loss: %+v", s)
	}
}

// rungOver is rung, with a bad network between.
func rungOver(t *testing.T, h *house) (*Leg, *phone, *bad) {
	t.Helper()
	n := newBad(t, net.UDPAddrFromAddrPort(h.e.Addr()))
	h.alone += 2 // the network
	p := h.page()
	l, sdp, err := h.e.Offer(t.Context(), leg.Info{To: p.uri}, nil, signalling{p})
	if err != nil {
		t.Fatal(err)
	}
	p.leg = l
	port := strconv.Itoa(n.near.LocalAddr().(*net.UDPAddr).Port)
	p.answers(udpPort.ReplaceAllString(withoutTCP(sdp), "${1}"+port))
	next(t, l, leg.Answered)
	return l, p, n
}

func TestADisconnectionIsNotTheEnd(t *testing.T) {
	h := open(t, func(c *Config) {
		c.timers = timers{Quiet: 200 * time.Millisecond, Lost: time.Minute, KeepAlive: 50 * time.Millisecond}
	})
	l, p, n := rungOver(t, h)
	hearEachOther(t, l, p)
	n.dark.Store(true)
	until(t, "the disconnection", func() bool { return l.conn.pc.ICEConnectionState() == webrtc.ICEConnectionStateDisconnected })
	n.dark.Store(false)
	hearEachOther(t, l, p)
	goodbye(t, h, l, p)
}

func withoutTCP(sdp string) string {
	var out strings.Builder
	for line := range strings.Lines(sdp) {
		if !strings.HasPrefix(line, "a=candidate:") || !strings.Contains(strings.ToLower(line), " tcp ") {
			out.WriteString(line)
		}
	}
	return out.String()
}
