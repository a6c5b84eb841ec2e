package upstream_test

import (
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/kaden-project/kaden/call"
	"github.com/kaden-project/kaden/leg"
	"github.com/kaden-project/kaden/sid"
	"github.com/kaden-project/kaden/upstream"
)

// We die while it rings; the next life takes the call up, hears of the answer and of the end, and has ordered nothing.
func TestACallThatRingsIsTakenUp(t *testing.T) {
	for _, tt := range []struct {
		name string
		kept int // which of the things that were kept
	}{{"its order was on the way", 0}, {"its SID was known", 1}} {
		t.Run(tt.name, func(t *testing.T) {
			h := build(t)
			h.place()
			c := h.platform.the(1)
			c.goes(call.Ringing)
			h.hears("initiated", "ringing")
			eventually(t, "kept", func() bool { h.mu.Lock(); defer h.mu.Unlock(); return len(h.kept) == 2 })
			h.dies()
			h.lives()
			k, err := h.adopt(tt.kept)
			if err != nil {
				t.Fatal(err)
			}
			h.hears("ringing")
			h.want("has it", h.Has(h.record().SID), true)
			c.goes(call.InProgress)
			h.hears("ringing", "in-progress")
			if err := k.Redirect(call.Program{URL: origin + "/callouts/co-1-1/t0/over", Method: "POST"}); err != nil {
				t.Error(err)
			}
			eventually(t, "they hear another document", func() bool { c.p.mu.Lock(); defer c.p.mu.Unlock(); return len(c.told) == 1 })
			c.goes(call.Completed)
			over(h, k)
			h.hears("ringing", "in-progress", "completed/hung-up")
			creates, calls := h.platform.count()
			h.want("orders, calls", []int{creates, calls}, []int{1, 1})
			r := h.record()
			h.want("record", []any{r.Status, r.Started.IsZero(), r.Answered.IsZero(), r.Ended.IsZero()}, []any{call.Completed, false, false, false})
			h.want("charges", len(h.charges), 1)
		})
	}
}

// We die while somebody listens: what happened meanwhile is heard, the answer is not told as if it were new, and a
// call that nobody has word of is looked at.
func TestACallThatIsAnsweredMeanwhileIsTakenUp(t *testing.T) {
	h := build(t)
	h.place()
	c := h.platform.the(1)
	c.goes(call.Ringing)
	h.hears("initiated", "ringing")
	eventually(t, "kept", func() bool { h.mu.Lock(); defer h.mu.Unlock(); return len(h.kept) == 2 })
	h.dies()
	h.platform.set(func() { c.status, c.answers, h.platform.silent = call.InProgress, "human", true })
	h.lives()
	if _, err := h.adopt(1); err != nil {
		t.Fatal(err)
	}
	h.hears("ringing", "in-progress", "human")
	answered := h.record().Answered

	h.dies()
	h.lives()
	k, err := h.adopt(1)
	if err != nil {
		t.Fatal(err)
	}
	h.hears("in-progress")
	h.want("answered at", h.record().Answered, answered)
	c.goes(call.Completed) // silently: it is looked at
	over(h, k)
	h.hears("in-progress", "completed/hung-up")
}

// What cannot go on is not taken up, and EndGhost finds it as before.
func TestCallsThatAreNotTakenUp(t *testing.T) {
	for _, tt := range []struct {
		name  string
		kept  int
		then  func(h *house, c *remote)
		gone  bool // the platform says that there is nothing
		ghost bool // and something is left, which EndGhost ends
	}{
		{"it is over there", 1, func(_ *house, c *remote) { c.status = call.NoAnswer }, true, false},
		{"it is over there, and its SID was never learnt", 0, func(_ *house, c *remote) { c.status = call.Completed }, true, false},
		{"the platform does not know it any more", 1, func(h *house, _ *remote) { h.platform.calls = nil }, true, false},
		{"a state that nobody knows", 1, func(_ *house, c *remote) { c.status = "musing" }, true, true},
		{"an order that was made twice", 0, func(h *house, c *remote) {
			h.platform.calls = append(h.platform.calls, &remote{p: c.p, id: string(sid.New[sid.Call]()), form: c.form, status: call.Ringing, made: time.Now()})
		}, true, true},
		{"the platform is broken", 1, func(h *house, _ *remote) {
			h.platform.broken = func(w http.ResponseWriter, _ *http.Request) bool { refuse(w, 503, 0, "down"); return true }
		}, false, false},
		{"our token holds no more", 1, func(h *house, _ *remote) {
			h.platform.broken = func(w http.ResponseWriter, _ *http.Request) bool { refuse(w, 401, 20003, "Authenticate"); return true }
		}, false, false},
		{"its record is over", 1, func(h *house, _ *remote) {
			r := h.records[len(h.records)-1]
			r.Status = call.Failed
			h.records = append(h.records, r)
		}, true, true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			h := build(t)
			h.place()
			c := h.platform.the(1)
			c.goes(call.Ringing)
			h.hears("initiated", "ringing")
			eventually(t, "kept", func() bool { h.mu.Lock(); defer h.mu.Unlock(); return len(h.kept) == 2 })
			h.dies()
			h.lives()
			h.mu.Lock()
			h.platform.set(func() { tt.then(h, c) })
			h.mu.Unlock()
			_, err := h.adopt(tt.kept)
			if err == nil || errors.Is(err, upstream.ErrNothingLeft) != tt.gone {
				t.Fatalf("taken up: %v", err)
			}
			h.hears()
			h.want("calls", h.Calls(), 0)
			if !tt.ghost {
				return
			}
			if err := h.EndGhost(t.Context(), leg.Remains(h.kept[tt.kept])); err != nil {
				t.Error(err)
			}
			h.want("still up there", h.platform.up(), 0)
		})
	}
}

// A message that went with its order is heard to its end after a restart, too.
func TestTheMessageOfACallThatIsTakenUpIsHeardToItsEnd(t *testing.T) {
	h := build(t, deaf)
	h.platform.silent = true
	h.script = `<Response><Say>Disk full.</Say><Redirect method="POST">script?heard=co-1-1</Redirect></Response>`
	h.place()
	c := h.platform.the(1)
	c.goes(call.InProgress)
	h.hears("initiated", "in-progress")
	eventually(t, "kept", func() bool { h.mu.Lock(); defer h.mu.Unlock(); return len(h.kept) == 2 })
	h.dies()
	h.lives()
	k, err := h.adopt(1)
	if err != nil {
		t.Fatal(err)
	}
	h.want("fixed", k.Fixed(), true)
	eventually(t, "the house is told that the message was heard", func() bool {
		h.mu.Lock()
		defer h.mu.Unlock()
		return h.asked[len(h.asked)-1] == origin+"/callouts/co-1-1/t0/script?heard=co-1-1"
	})
	c.goes(call.Completed)
	over(h, k)
}

// A call that a kaden at another address has ordered goes on where somebody listens already: they hear the message from
// here, from its beginning. One that still rings would ask for its script where nobody is.
func TestACallOfAKadenWithAnotherAddress(t *testing.T) {
	for _, answered := range []bool{true, false} {
		h := build(t)
		h.place()
		c := h.platform.the(1)
		c.goes(call.Ringing)
		h.hears("initiated", "ringing")
		eventually(t, "kept", func() bool { h.mu.Lock(); defer h.mu.Unlock(); return len(h.kept) == 2 })
		h.dies()
		if answered {
			h.platform.set(func() { c.status = call.InProgress })
		}
		h.mu.Lock()
		h.kept[1] = strings.Replace(h.kept[1], `"public":"`, `"public":"https://other.example`, 1)
		h.mu.Unlock()
		h.lives()
		k, err := h.adopt(1)
		if !answered {
			if !errors.Is(err, upstream.ErrNothingLeft) {
				t.Errorf("while it rings: %v", err)
			}
			continue
		}
		if err != nil {
			t.Fatal(err)
		}
		eventually(t, "they hear the message from here", func() bool { c.p.mu.Lock(); defer c.p.mu.Unlock(); return len(c.told) == 1 })
		c.goes(call.Completed)
		over(h, k)
	}
}
