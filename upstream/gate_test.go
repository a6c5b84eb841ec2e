package upstream_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/kaden-project/kaden/call"
	"github.com/kaden-project/kaden/leg"
	"github.com/kaden-project/kaden/timeline"
	"github.com/kaden-project/kaden/trunk"
	"github.com/kaden-project/kaden/upstream"
)

// gated is a house whose upstream has a gate: the desk that keeps book of all lines.
func gated(t *testing.T, change func(u *trunk.Upstream)) (h *house, desk *call.Desk) {
	t.Helper()
	h = build(t, func(h *house) {
		change(&h.up)
		desk = call.New(h.slog(), call.Config{Others: func() []trunk.Trunk { return []trunk.Trunk{h.up.Line()} }})
		h.cfg.Gate = desk
	})
	return h, desk
}

// one is an order of its own attempt.
func one(n int) func(*call.Order) {
	return func(o *call.Order) { o.Attempt = fmt.Sprintf("co-1-%d", n) }
}

// New calls leave at the pace of the document.
func TestAnUpstreamHasAPace(t *testing.T) {
	const pace = 150 * time.Millisecond
	h, _ := gated(t, func(u *trunk.Upstream) { u.Interval = pace })
	calls := []*upstream.Call{h.place(one(1)), h.place(one(2)), h.place(one(3))}
	for n := 2; n <= 3; n++ {
		if gap := h.platform.the(n).made.Sub(h.platform.the(n - 1).made); gap < pace-20*time.Millisecond {
			t.Errorf("call %d was ordered %v after the one before, want %v", n, gap, pace)
		}
	}
	for i, k := range calls {
		h.platform.the(i + 1).goes(call.Completed)
		over(h, k)
	}
}

// As many calls as there are channels; the next one goes when one is over, and one that is given up before is not ordered.
func TestAnUpstreamHasChannels(t *testing.T) {
	h, desk := gated(t, func(u *trunk.Upstream) { u.Channels = 1 })
	first, second, third := h.place(one(1)), h.place(one(2)), h.place(one(3))
	h.platform.the(1).goes(call.Ringing)
	eventually(t, "two calls wait", func() bool { s := desk.Trunks()[0]; return s.Busy == 1 && s.Waiting == 2 })
	waiting := []*upstream.Call{second, third}
	waiting[0].End(leg.Canceled)
	over(h, waiting[0])
	creates, _ := h.platform.count()
	h.want("orders", creates, 1)
	h.platform.the(1).goes(call.Completed)
	over(h, first)
	h.platform.the(2).goes(call.Completed)
	over(h, third)
	eventually(t, "the line is free", func() bool { return desk.Trunks()[0].Busy == 0 })
}

// An upstream that fails is left alone, and people are told once; what is urgent tries it all the same, and one call
// that rings puts all right.
func TestAnUpstreamThatFailsIsLeftAlone(t *testing.T) {
	h, desk := gated(t, func(*trunk.Upstream) {})
	h.platform.onCreate = func(n int, w http.ResponseWriter, _ *remote) bool {
		if n > 3 {
			return false
		}
		refuse(w, 401, 20003, "Authenticate")
		return true
	}
	urgent := func(o *call.Order) { o.Urgent = true }
	for n := 1; n <= 3; n++ {
		over(h, h.place(one(n), urgent))
		time.Sleep(trunk.Breath) // what even the urgent wait for
	}
	state := desk.Trunks()[0]
	if state.Health.Failed != 3 || !strings.Contains(state.Health.Why, "auth token") {
		t.Errorf("its health: %+v", state.Health)
	}
	h.want("said loudly", h.notices("trunk-down"), 1)
	k := h.place(one(4))
	over(h, k)
	h.want("another line may be tried", k.Refused(), true)
	creates, _ := h.platform.count()
	h.want("orders", creates, 3)
	k = h.place(one(5), urgent)
	h.platform.the(1).goes(call.Ringing)
	eventually(t, "it works again", func() bool { return h.notices("trunk-back") == 1 })
	h.want("its health", desk.Trunks()[0].Health.Failed, 0)
	h.platform.the(1).goes(call.Completed)
	over(h, k)
	h.want("said once", h.notices("trunk-down"), 1)
}

// What a person's telephone says is no fault of the upstream's, nor is a country that is not allowed.
func TestWhatIsNoFaultOfTheUpstreams(t *testing.T) {
	h, desk := gated(t, func(*trunk.Upstream) {})
	k := h.place(one(1))
	h.platform.the(1).goes(call.Busy, "SipResponseCode", "486")
	over(h, k)
	h.platform.onCreate = func(_ int, w http.ResponseWriter, _ *remote) bool {
		refuse(w, 400, 21215, "not allowed")
		return true
	}
	over(h, h.place(one(2)))
	h.want("its health", desk.Trunks()[0].Health.Failed, 0)
}

// A call that is taken up after a crash occupies its channel.
func TestACallThatIsTakenUpHasItsChannel(t *testing.T) {
	h, _ := gated(t, func(u *trunk.Upstream) { u.Channels = 1 })
	h.place()
	c := h.platform.the(1)
	c.goes(call.Ringing)
	h.hears("initiated", "ringing")
	eventually(t, "kept", func() bool { h.mu.Lock(); defer h.mu.Unlock(); return len(h.kept) == 2 })
	h.dies()
	desk := call.New(h.slog(), call.Config{Others: func() []trunk.Trunk { return []trunk.Trunk{h.up.Line()} }})
	h.cfg.Gate = desk
	h.lives()
	k, err := h.adopt(1)
	if err != nil {
		t.Fatal(err)
	}
	eventually(t, "it is counted", func() bool { return desk.Trunks()[0].Busy == 1 })
	c.goes(call.Completed)
	over(h, k)
	eventually(t, "the line is free", func() bool { return desk.Trunks()[0].Busy == 0 })
}

// notices counts the loud words of a cause.
func (h *house) notices(cause string) (n int) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, e := range h.told {
		if e.Kind == timeline.NoticeRaised && e.Cause == cause {
			n++
		}
	}
	return n
}
