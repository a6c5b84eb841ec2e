package sipleg

import (
	"math/rand/v2"
	"net/netip"
	"sync/atomic"
	"testing"
	"time"

	"github.com/kaden-project/kaden/leg"
	"github.com/kaden-project/kaden/media/mediatest"
)

// lossy is a way on which some packets do not arrive.
type lossy struct {
	transport
	share float64
	rng   *rand.Rand
	lost  *atomic.Int64
}

func (l lossy) receive(buf []byte) ([]byte, netip.AddrPort) {
	for {
		packet, from := l.transport.receive(buf)
		if packet == nil || l.rng.Float64() >= l.share {
			return packet, from
		}
		l.lost.Add(1)
	}
}

// loses makes a leg that is not up yet lose packets.
func loses(l *Leg, share float64, seed uint64) *atomic.Int64 {
	lost := new(atomic.Int64)
	l.mu.Lock()
	defer l.mu.Unlock()
	l.sound.t = lossy{l.sound.t, share, rand.New(rand.NewPCG(seed, 0)), lost}
	return lost
}

// One packet in twenty is lost, each way: what is said is recognised all the same, and no key is missing or comes twice.
func TestSoundAndKeysOverALossyWay(t *testing.T) {
	got := make(chan *Leg, 1)
	far := start(t, func(c *Config) { c.Incoming = func(l *Leg) { got <- l } })
	s := start(t, nil)
	l, err := s.Dial(t.Context(), leg.Target{URI: "sip:1@" + far.Addr().String()}, leg.Options{})
	if err != nil {
		t.Fatal(err)
	}
	in := <-got
	const share = 0.05
	lost := []*atomic.Int64{loses(l.(*Leg), share, 1), loses(in, share, 2)}
	here, there := newEar(), newEar()
	l.Listen(here)
	in.Listen(there)
	in.Answer(t.Context())
	next(t, l, leg.Answered)
	next(t, in, leg.Answered)
	message := warble()
	l.Play(message.Source())
	in.Play(message.Source())
	for name, e := range map[string]ear{"who called": here, "who was called": there} {
		m := mediatest.Find(e.heard(3*time.Second), message.Samples())
		t.Logf("%s recognises it with a score of %.2f", name, m.Score)
		if m.Score < 0.8 {
			t.Errorf("%s does not recognise what was said: score %.2f", name, m.Score)
		}
	}
	for _, way := range []struct{ from, to leg.Leg }{{l, in}, {in, l}} {
		const keys = "0123456789*#"
		pressed := make(chan error, 1)
		go func() { pressed <- way.from.SendDigits(t.Context(), keys) }()
		for _, key := range keys {
			if e := next(t, way.to, leg.Digit); e.Digit != string(key) {
				t.Fatalf("key %s, want %c", e.Digit, key)
			}
		}
		if err := <-pressed; err != nil {
			t.Error(err)
		}
	}
	for i, n := range lost {
		if n.Load() < 5 {
			t.Errorf("side %d has lost %d packets: too few to show anything", i, n.Load())
		}
	}
	l.Hangup(t.Context(), leg.Completed)
	ended(t, l, leg.Completed)
	ended(t, in, leg.HungUp)
}
