package main

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/kaden-project/kaden/leg/sipleg"
	"github.com/kaden-project/kaden/store/memstore"
	"github.com/kaden-project/kaden/trunk"
)

// carrierRegistrar is a carrier that knows who is signed on, and for how long each of several nodes could believe to be the one.
type carrierRegistrar struct {
	mu       sync.Mutex
	contacts []string // of trunk ntt
	turns    map[string]sipleg.Turn
	twice    []string             // moments in which two were sure
	calls    []string             // what it was told
	deaf     map[string]bool      // nodes that it does not hear
	tried    map[string]time.Time // since when a node tries in vain
}

func (c *carrierRegistrar) has() (contacts []string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.Clone(c.contacts)
}

func (c *carrierRegistrar) told() []string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.Clone(c.calls)
}

func (c *carrierRegistrar) turn(node string) sipleg.Turn {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.turns[node]
}

// nodeLines are those of one node, as sipleg keeps them: signed on in its turn.
type nodeLines struct {
	node    string
	carrier *carrierRegistrar
}

func (l nodeLines) contact() string { return "<sip:050@" + l.node + ">" }

func (l nodeLines) SetTurn(_ string, t sipleg.Turn) {
	c := l.carrier
	c.mu.Lock()
	defer c.mu.Unlock()
	was := c.turns[l.node]
	c.turns[l.node] = t
	for other, o := range c.turns {
		if now := time.Now(); other != l.node && t.Ours && o.Ours && now.Before(t.Sure) && now.Before(o.Sure) {
			c.twice = append(c.twice, l.node+" and "+other+" at "+now.Format(time.TimeOnly))
		}
	}
	if !t.Ours || was.Ours {
		return
	}
	if c.tried[l.node] = time.Now(); c.deaf[l.node] {
		return
	}
	if t.Left != "" {
		c.calls = append(c.calls, "forget "+t.Left)
		c.contacts = slices.DeleteFunc(c.contacts, func(s string) bool { return s == t.Left })
	}
	c.calls = append(c.calls, "sign on "+l.contact())
	c.contacts = append(c.contacts, l.contact())
}

func (l nodeLines) Standing(string) (sipleg.Standing, bool) {
	c := l.carrier
	c.mu.Lock()
	defer c.mu.Unlock()
	switch t := c.turns[l.node]; {
	case t.Ours && c.deaf[l.node]:
		return sipleg.Standing{Condition: sipleg.Silent, Since: c.tried[l.node]}, true
	case t.Ours:
		return sipleg.Standing{Condition: sipleg.Registered}, true
	case t.There.Holder != "":
		return t.There, true
	}
	return sipleg.Standing{Condition: sipleg.Waiting}, true
}

func (l nodeLines) Signed(string) (string, []string) {
	if s, _ := l.Standing(""); s.Condition == sipleg.Registered && s.Holder == "" {
		return l.contact(), []string{"<sip:edge.example;lr>"}
	}
	return "", nil
}

func (l nodeLines) Resign(context.Context, string) bool {
	c := l.carrier
	c.mu.Lock()
	defer c.mu.Unlock()
	c.turns[l.node] = sipleg.Turn{}
	c.calls = append(c.calls, "sign off "+l.contact())
	c.contacts = slices.DeleteFunc(c.contacts, func(s string) bool { return s == l.contact() })
	return true
}

// cable is a node's way to the database.
type cable struct {
	trunk.Registrations
	mu  sync.Mutex
	cut bool
}

var errCut = errors.New("the database is away")

func (c *cable) is(cut bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.cut = cut
}

func (c *cable) broken() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.cut {
		return errCut
	}
	return nil
}

func (c *cable) TakeRegistrations(ctx context.Context, node string, trunks []string) (trunk.Roll, error) {
	if err := c.broken(); err != nil {
		return trunk.Roll{}, err
	}
	return c.Registrations.TakeRegistrations(ctx, node, trunks)
}

// process is a node that gives its signs of life and shares its registrations, until it is killed.
type process struct {
	*registrations
	cable *cable
	kill  func()
}

func startProcess(t *testing.T, s *memstore.Store, node string, c *carrierRegistrar) *process {
	t.Helper()
	fence, err := s.Join(t.Context(), node, "")
	if err != nil {
		t.Fatal(err)
	}
	ctx, kill := context.WithCancel(t.Context())
	p := &process{cable: &cable{Registrations: s}, kill: kill}
	p.registrations = newRegistrations(slog.New(slog.DiscardHandler), node, p.cable, nodeLines{node, c}, func() []string { return []string{"ntt"} })
	go p.run(ctx)
	go func() {
		beat := time.NewTicker(time.Second)
		defer beat.Stop()
		for {
			select {
			case <-ctx.Done():
				return
			case <-beat.C:
				if p.cable.broken() == nil {
					s.Beat(ctx, node, fence, 6*time.Second)
				}
			}
		}
	}()
	synctest.Wait()
	return p
}

// sharedTrunk is two nodes and a carrier, in virtual time; a was first. At no moment two of them may be sure that it is their turn.
func sharedTrunk(t *testing.T, tell func(t *testing.T, s *memstore.Store, c *carrierRegistrar, a, b *process)) {
	synctest.Test(t, func(t *testing.T) {
		s, c := memstore.New(), &carrierRegistrar{turns: map[string]sipleg.Turn{}, deaf: map[string]bool{}, tried: map[string]time.Time{}}
		a := startProcess(t, s, "a", c)
		time.Sleep(3 * time.Second)
		b := startProcess(t, s, "b", c)
		defer a.kill()
		defer b.kill()
		time.Sleep(10*time.Second + 500*time.Millisecond)
		if got := c.has(); !slices.Equal(got, []string{"<sip:050@a>"}) {
			t.Fatalf("the carrier has %q, want a alone", got)
		}
		if at, _ := (nodeLines{"b", c}).Standing("ntt"); at.Holder != "a" || at.Condition != sipleg.Registered {
			t.Errorf("to b the line stands as %+v", at)
		}
		tell(t, s, c, a, b)
		if len(c.twice) > 0 {
			t.Errorf("two were sure that it is their turn: %q", c.twice)
		}
	})
}

// until is how long it takes until the carrier has these contacts and no other.
func (c *carrierRegistrar) until(t *testing.T, limit time.Duration, want ...string) time.Duration {
	t.Helper()
	begun := time.Now()
	for !slices.Equal(c.has(), want) {
		if time.Since(begun) > limit {
			t.Fatalf("after %v the carrier has %q, want %q; it was told %q", limit, c.has(), want, c.told())
		}
		time.Sleep(10 * time.Millisecond)
	}
	return time.Since(begun)
}

func TestADeadNodesRegistrationIsTakenOver(t *testing.T) {
	sharedTrunk(t, func(t *testing.T, s *memstore.Store, c *carrierRegistrar, a, b *process) {
		a.kill()
		if took := c.until(t, 8*time.Second, "<sip:050@b>"); took < 5*time.Second || took > 7*time.Second {
			t.Errorf("b has taken over after %v; the lease is 6 s, and it is looked for each second", took)
		}
		again := startProcess(t, s, "a2", c)
		defer again.kill()
		time.Sleep(time.Minute)
		if got := c.has(); !slices.Equal(got, []string{"<sip:050@b>"}) {
			t.Errorf("when another comes to life the carrier has %q", got)
		}
		if want := []string{"sign on <sip:050@a>", "forget <sip:050@a>", "sign on <sip:050@b>"}; !slices.Equal(c.told(), want) {
			t.Errorf("the carrier was told %q, want %q", c.told(), want)
		}
	})
}

func TestANodeThatStopsHandsItsRegistrationOver(t *testing.T) {
	sharedTrunk(t, func(t *testing.T, _ *memstore.Store, c *carrierRegistrar, a, b *process) {
		a.leave(true)
		if took := c.until(t, 2*time.Second, "<sip:050@b>"); took > time.Second {
			t.Errorf("b has signed on %v later", took)
		}
		if want := []string{"sign on <sip:050@a>", "sign off <sip:050@a>", "sign on <sip:050@b>"}; !slices.Equal(c.told(), want) {
			t.Errorf("the carrier was told %q, want %q", c.told(), want)
		}
		time.Sleep(time.Minute) // a's calls may still end
		if at, _ := (nodeLines{"a", c}).Standing("ntt"); at.Holder != "b" {
			t.Errorf("to a the line stands as %+v", at)
		}
		a.kill()
		time.Sleep(time.Minute)
		b.leave(true) // it is alone: it can be called for as long as its calls may end
		if got := c.has(); !slices.Equal(got, []string{"<sip:050@b>"}) {
			t.Errorf("with nobody left the carrier has %q", got)
		}
		b.leave(false)
		if got := c.has(); len(got) != 0 {
			t.Errorf("at the end the carrier has %q", got)
		}
	})
}

// Nobody can have taken what is ours while the database is away for all; it stays signed on, but is not sure any more. When it
// is back one of them has it.
func TestTheDatabaseIsAwayForAll(t *testing.T) {
	sharedTrunk(t, func(t *testing.T, s *memstore.Store, c *carrierRegistrar, a, b *process) {
		s.Break(errCut)
		time.Sleep(time.Hour)
		if got := c.turn("a"); !got.Ours || time.Now().Before(got.Sure) {
			t.Errorf("to a it is %+v", got)
		}
		if got := c.has(); !slices.Equal(got, []string{"<sip:050@a>"}) {
			t.Errorf("the carrier has %q", got)
		}
		s.Break(nil)
		time.Sleep(5 * time.Second)
		if a, b := c.turn("a"), c.turn("b"); a.Ours == b.Ours || len(c.has()) != 1 {
			t.Errorf("to a it is %+v, to b %+v, and the carrier has %q", a, b, c.has())
		}
	})
}

// The holder alone has lost the database. It is not sure any more before another signs on, and learns of it when it is back.
func TestTheDatabaseIsAwayForWhoIsSignedOn(t *testing.T) {
	sharedTrunk(t, func(t *testing.T, _ *memstore.Store, c *carrierRegistrar, a, b *process) {
		a.cable.is(true)
		took := c.until(t, 8*time.Second, "<sip:050@b>")
		if sure := c.turn("a").Sure; time.Now().Before(sure) {
			t.Errorf("b has signed on after %v, and a is sure until %v later", took, time.Until(sure))
		}
		time.Sleep(time.Minute)
		a.cable.is(false)
		time.Sleep(2*time.Second + 500*time.Millisecond) // its sign of life and its look, which may come in the same moment: another look
		if got := c.turn("a"); got.Ours || got.There.Holder != "b" {
			t.Errorf("to a it is %+v", got)
		}
		if got := c.has(); !slices.Equal(got, []string{"<sip:050@b>"}) {
			t.Errorf("the carrier has %q", got)
		}
	})
}

// A node that cannot sign on leaves the trunk to another. Where none can, each tries for longer and longer.
func TestANodeThatCannotSignOnLeavesItToAnother(t *testing.T) {
	sharedTrunk(t, func(t *testing.T, _ *memstore.Store, c *carrierRegistrar, a, b *process) {
		hears := func(node string, deaf bool) {
			c.mu.Lock()
			defer c.mu.Unlock()
			c.deaf[node], c.tried[node] = deaf, time.Now()
			own := nodeLines{node, c}.contact()
			c.contacts = slices.DeleteFunc(c.contacts, func(s string) bool { return s == own })
			if !deaf && c.turns[node].Ours { // its next try
				c.contacts = append(c.contacts, own)
			}
		}
		hears("a", true)
		if took := c.until(t, time.Minute, "<sip:050@b>"); took < 29*time.Second || took > 33*time.Second {
			t.Errorf("b has signed on %v after a could not any more, want half a minute", took)
		}
		time.Sleep(time.Hour)
		if got := c.has(); !slices.Equal(got, []string{"<sip:050@b>"}) {
			t.Errorf("an hour later the carrier has %q", got)
		}
		hears("b", true)
		turns, was := 0, ""
		for range 3600 {
			time.Sleep(time.Second)
			for _, node := range []string{"a", "b"} {
				if c.turn(node).Ours && node != was {
					turns, was = turns+1, node
				}
			}
		}
		if turns < 5 || turns > 9 {
			t.Errorf("within an hour in which nobody could, the turn changed %d times", turns)
		}
		hears("a", false)
		hears("b", false)
		time.Sleep(16 * time.Minute)
		if got := c.has(); len(got) != 1 {
			t.Errorf("at the end the carrier has %q, want one of them", got)
		}
	})
}

// What is said of a line that nobody can sign on to is said once; when another node is signed on it is back.
func TestALineThatAnotherNodeHasTakenIsBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		said := &tellings{}
		w := &lineWatch{log: slog.New(slog.DiscardHandler), tell: said}
		tries := func(s sipleg.Standing) {
			s.Line = "ntt"
			w.changed(s)
			time.Sleep(40 * time.Second)
			synctest.Wait()
		}
		tries(sipleg.Standing{Condition: sipleg.Silent, Why: "no answer"})
		tries(sipleg.Standing{Condition: sipleg.Waiting})
		tries(sipleg.Standing{Condition: sipleg.Refused, Holder: "b"})
		if got := said.String(); got != "trunk ntt down: no answer" {
			t.Errorf("people are told: %s", got)
		}
		tries(sipleg.Standing{Condition: sipleg.Registered, Holder: "b"})
		if got := said.String(); got != "trunk ntt down: no answer, trunk ntt back" {
			t.Errorf("people are told: %s", got)
		}
		tries(sipleg.Standing{Condition: sipleg.Silent, Why: "no answer"})
		tries(sipleg.Standing{Condition: sipleg.Registered, Holder: "b"})
		if got := said.String(); strings.Count(got, "down") != 1 {
			t.Errorf("of less than a minute people are told: %s", got)
		}
	})
}
