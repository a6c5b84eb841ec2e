package dispatch_test

import (
	"context"
	"errors"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/kaden-project/kaden/call"
	"github.com/kaden-project/kaden/dispatch"
	"github.com/kaden-project/kaden/manifest"
	"github.com/kaden-project/kaden/sid"
	"github.com/kaden-project/kaden/timeline"
)

// Two nodes on one database. One of them dies in the middle of a call; the other takes over what it has left, while it
// goes on with its own work.

// company is a second node in a story: it lives from the beginning, and takes over when the first one is dead.
type company struct {
	d         *dispatch.Dispatcher
	stop      func()
	mu        sync.Mutex
	inherited int // how often it looked for what else there is
}

func (h *house) company() *company {
	h.t.Helper()
	c := &company{}
	c.d = dispatch.New(slog.New(slog.DiscardHandler), dispatch.Config{
		Store: h.store, Caller: &h.phones, House: func() *manifest.Set { return h.set }, Node: "b",
		Secret: []byte("a secret of the tests"), Account: sid.Account("AC" + strings.Repeat("a", 32)),
		EndGhost: h.endGhost, Rejoin: h.rejoin, PublicURL: "https://kaden.example",
		Inherit: func(context.Context) {
			c.mu.Lock()
			defer c.mu.Unlock()
			c.inherited++
		},
	})
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- c.d.Run(ctx) }()
	c.stop = sync.OnceFunc(func() {
		cancel()
		if err := <-done; err != nil {
			h.t.Errorf("Run of the second node: %v", err)
		}
	})
	h.t.Cleanup(func() { c.stop() })
	synctest.Wait()
	return c
}

// dies ends the first node within its calls: they go on where another platform carries them, and are ghosts else. From
// then on the story is about the second one.
func (h *house) dies(c *company) {
	h.t.Helper()
	h.mu.Lock()
	calls := h.calls
	for _, k := range calls {
		k.order.Heard = func(call.Event) {}
	}
	h.mu.Unlock()
	h.stop()
	h.mu.Lock()
	if h.calls, h.rests = nil, nil; h.away {
		h.rests = calls
	}
	h.mu.Unlock()
	h.d, h.asker, h.stop = c.d, c.d, c.stop
}

// The phone rings on over the upstream while the node dies that has placed the call: another node takes it up, nobody is
// called a second time, and the key counts.
func TestACallElsewhereIsTakenUpByAnotherNode(t *testing.T) {
	elsewhere(t, "", func(h *house) {
		other := h.company()
		got := h.alert("k", "disk full")
		sato := h.rings("sato").ring()
		h.after(2 * time.Second)
		h.dies(other)
		h.after(2 * time.Second)
		if h.rings("sato") != sato {
			t.Error("sato was called a second time")
		}
		h.quiet()
		h.happened(timeline.CalloutResumed, "goes on")
		sato.answer().hears("disk full").press("1").hears("Recorded")
		h.is(got.Alerts[0], dispatch.Acknowledged, "sato")
		h.mustNotHave(timeline.AttemptLost)
		if strings.Contains(strings.Join(h.spoken, " "), "ghost") {
			t.Errorf("a ghost was ended: %v", h.spoken)
		}
		other.mu.Lock()
		defer other.mu.Unlock()
		if other.inherited < 3 {
			t.Errorf("it looked %d times for calls that belong to no alert", other.inherited)
		}
	})
}

// A call over a line of ours died with its node, and may still ring at the carrier: the other node ends it there before it
// calls again.
func TestAGhostOfAnotherNodeIsEndedBeforeTheRedial(t *testing.T) {
	story(t, "", func(h *house) {
		other := h.company()
		got := h.alert("k", "disk full")
		sato := h.rings("sato").ring()
		h.dies(other)
		h.after(2 * time.Second)
		h.mu.Lock()
		spoken := strings.Join(h.spoken, "; ")
		h.mu.Unlock()
		if !strings.Contains(spoken, "ghost of sato ended") {
			t.Errorf("the ghost was not ended: %s", spoken)
		}
		again := h.rings("sato")
		if again == sato {
			t.Fatal("a call that died goes on")
		}
		again.ring().answer().press("1").hears("Recorded")
		h.is(got.Alerts[0], dispatch.Acknowledged, "sato")
		h.happened(timeline.AttemptLost, "")
		h.after(time.Minute)
		h.quiet()
	})
}

// A platform asks the other node for a script before that has taken the call over: the answer waits until it has.
func TestAScriptIsAskedForBeforeTheCallIsTakenOver(t *testing.T) {
	elsewhere(t, "", func(h *house) {
		other := h.company()
		h.alert("k", "disk full")
		sato := h.rings("sato").ring()
		attempt := sato.order.Attempt
		if err := h.d.Here(h.t.Context(), attempt); err != nil {
			t.Errorf("at the node that has placed it: %v", err)
		}
		asked := make(chan error, 1)
		go func() { asked <- other.d.Here(context.Background(), attempt) }()
		short, stop := context.WithTimeout(h.t.Context(), 5*time.Second)
		defer stop()
		if err := other.d.Here(short, attempt); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("while the other one lives: %v", err)
		}
		h.dies(other)
		began := time.Now()
		if err := <-asked; err != nil || time.Since(began) > 2*time.Second {
			t.Errorf("after %v: %v", time.Since(began), err)
		}
		h.rings("sato").answer().hears("disk full").press("1")
		for _, nobodys := range []string{"co-nobody-1", "x", attempt} {
			if err := other.d.Here(h.t.Context(), nobodys); err != nil {
				t.Errorf("%s: %v", nobodys, err)
			}
		}
	})
}
