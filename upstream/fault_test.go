package upstream_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/kaden-project/kaden/call"
	"github.com/kaden-project/kaden/leg"
	"github.com/kaden-project/kaden/sid"
	"github.com/kaden-project/kaden/tariff"
	"github.com/kaden-project/kaden/trunk"
	"github.com/kaden-project/kaden/upstream"
)

// hangs answers nothing, for longer than anybody waits.
func hangs() { time.Sleep(2 * quick.Request) }

// The order's answer is lost, and the call exists: it is found there, and not ordered again.
func TestTheAnswerIsLostAndTheCallExists(t *testing.T) {
	for _, tt := range []struct {
		name string
		lose func(p *platform, w http.ResponseWriter, c *remote)
	}{
		{"the platform hangs", func(*platform, http.ResponseWriter, *remote) { hangs() }},
		{"the connection breaks", func(_ *platform, w http.ResponseWriter, _ *remote) {
			conn, _, _ := w.(http.Hijacker).Hijack()
			conn.Close()
		}},
		{"an error after all", func(_ *platform, w http.ResponseWriter, _ *remote) { refuse(w, 500, 20500, "An internal error") }},
		{"no answer that can be read", func(_ *platform, w http.ResponseWriter, _ *remote) { w.Write([]byte("<html>")) }},
		{"an answer without a call", func(_ *platform, w http.ResponseWriter, _ *remote) { w.Write([]byte("{}")) }},
	} {
		for _, reached := range []bool{true, false} {
			name := tt.name + ", callbacks come"
			if !reached {
				name = tt.name + ", no callbacks"
			}
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				h := build(t)
				h.platform.silent = !reached
				h.platform.onCreate = func(_ int, w http.ResponseWriter, c *remote) bool {
					h.platform.take(c)
					c.goes(call.Initiated)
					tt.lose(h.platform, w, c)
					return true
				}
				k := h.place()
				c := h.platform.the(1)
				c.goes(call.Ringing)
				h.hears("initiated", "ringing")
				c.goes(call.Completed)
				over(h, k)
				creates, calls := h.platform.count()
				h.want("orders, calls", []int{creates, calls}, []int{1, 1})
			})
		}
	}
}

// The order's answer is lost, and there is no call: it is ordered again.
func TestTheAnswerIsLostAndThereIsNoCall(t *testing.T) {
	h := build(t)
	h.platform.onCreate = func(n int, w http.ResponseWriter, _ *remote) bool {
		if n > 1 {
			return false
		}
		refuse(w, 503, 20503, "Service unavailable")
		return true
	}
	k := h.place()
	h.platform.the(1).goes(call.Completed)
	over(h, k)
	creates, calls := h.platform.count()
	h.want("orders, calls", []int{creates, calls}, []int{2, 1})
}

// A call that an order brings long after its answer was lost is nobody's: it is ended, with and without callbacks.
func TestACallThatComesLate(t *testing.T) {
	for _, reached := range []bool{true, false} {
		h := build(t)
		h.platform.silent = !reached
		first := make(chan *remote, 1)
		h.platform.onCreate = func(n int, w http.ResponseWriter, c *remote) bool {
			if n > 1 {
				return false
			}
			c.made = time.Now()
			first <- c
			refuse(w, 504, 0, "")
			return true
		}
		k := h.place()
		c := h.platform.the(1) // the second order's
		c.goes(call.Ringing)
		h.hears("initiated", "ringing")
		late := <-first
		h.platform.take(late)
		late.goes(call.Ringing)
		eventually(t, "the late one is ended", func() bool { return late.now().Over() })
		h.want("the other rings on", c.now(), call.Ringing)
		c.goes(call.Completed)
		k.End(leg.Completed)
		over(h, k)
	}
}

// An upstream that answers nothing burns nobody's turn, and what it may have made of the order is ended.
func TestAPlatformThatSaysNothingAtAll(t *testing.T) {
	h := build(t)
	var made *remote
	h.platform.onCreate = func(_ int, _ http.ResponseWriter, c *remote) bool {
		made = c
		hangs()
		return true
	}
	h.platform.broken = func(_ http.ResponseWriter, r *http.Request) bool {
		if r.Method == http.MethodGet {
			hangs()
			return true
		}
		return false
	}
	k := h.place()
	over(h, k)
	h.hears("failed/congested")
	h.want("another line may be tried", k.Refused(), true)
	h.platform.set(func() {
		h.platform.broken = nil
		h.platform.calls = append(h.platform.calls, made)
		made.status = call.Ringing
	})
	eventually(t, "the ghost is ended", func() bool { return made.now().Over() })
}

func TestRefusals(t *testing.T) {
	for _, tt := range []struct {
		name         string
		status, code int
		want, says   string
		orders       int
	}{
		{"a wrong token", 401, 20003, "failed/fault", "the token is the account's auth token", 1},
		{"a wrong token, without a code", 401, 0, "failed/fault", "the token is the account's auth token", 1},
		{"a country that is not allowed", 400, 21215, "no-answer/unreachable", "Geographic permissions", 1},
		{"a country, by another of its codes", 400, 21408, "no-answer/unreachable", "Geographic permissions", 1},
		{"a premium number", 400, 21202, "no-answer/unreachable", "not valid", 1},
		{"a number that cannot be reached", 400, 21214, "no-answer/unreachable", "not valid", 1},
		{"no number", 400, 21211, "failed/invalid-number", "not valid", 1},
		{"a number that is not ours", 400, 21210, "failed/fault", "verify it as a caller ID", 1},
		{"a trial account", 400, 21219, "no-answer/unreachable", "verified numbers only", 1},
		{"blocked", 403, 20403, "failed/fault", "not valid", 1},
		{"too many at once, for good", 429, 20429, "failed/congested", "takes no calls", 2},
		{"down, for good", 503, 20503, "failed/congested", "not valid", 2},
		{"a word that nobody knows", 400, 99999, "failed/fault", "not valid", 1},
		{"a redirect", 302, 0, "failed/fault", "HTTP 302", 1},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			h := build(t)
			h.platform.onCreate = func(_ int, w http.ResponseWriter, _ *remote) bool {
				refuse(w, tt.status, tt.code, "not valid")
				return true
			}
			k := h.place()
			over(h, k)
			h.hears(tt.want)
			h.logged(tt.says)
			creates, calls := h.platform.count()
			h.want("calls", calls, 0)
			h.want("another line may be tried", k.Refused(), true)
			if creates < tt.orders || tt.orders == 1 && creates > 1 {
				t.Errorf("%d orders, want %d", creates, tt.orders)
			}
			h.want("record", h.record().Ended.IsZero(), false)
		})
	}
}

func TestAPlatformThatIsBusyForAMoment(t *testing.T) {
	h := build(t)
	h.platform.onCreate = func(n int, w http.ResponseWriter, _ *remote) bool {
		if n > 2 {
			return false
		}
		refuse(w, 429, 20429, "Too many requests")
		return true
	}
	k := h.place()
	h.platform.the(1).goes(call.Completed)
	over(h, k)
	h.hears("initiated", "in-progress", "completed/hung-up")
}

func TestAPlatformThatIsNotThere(t *testing.T) {
	h := build(t)
	h.platform.srv.Close()
	k := h.place()
	over(h, k)
	h.hears("failed/congested")
	h.logged("cannot be reached")
}

// It is given up while the platform has no time for it: it is not ordered after that.
func TestGivenUpBeforeItWasOrdered(t *testing.T) {
	h := build(t)
	asked := make(chan struct{}, 10)
	h.platform.onCreate = func(_ int, w http.ResponseWriter, _ *remote) bool {
		w.Header().Set("Retry-After", "1")
		refuse(w, 429, 20429, "Too many requests")
		asked <- struct{}{}
		return true
	}
	k := h.place()
	<-asked
	k.End(leg.Canceled)
	over(h, k)
	h.hears("canceled/canceled by us")
	creates, _ := h.platform.count()
	h.want("orders", creates, 1)
}

// It is given up while the order is on its way: its answer says what there is to end.
func TestGivenUpWhileItIsOrdered(t *testing.T) {
	h := build(t)
	asked, go_ := make(chan struct{}), make(chan struct{})
	h.platform.onCreate = func(_ int, w http.ResponseWriter, _ *remote) bool { close(asked); <-go_; return false }
	k := h.place()
	<-asked
	k.End(leg.Canceled)
	close(go_)
	over(h, k)
	h.hears("canceled/canceled by us")
	h.want("there", h.platform.the(1).now(), call.Canceled)
}

func TestTwoCallsForOneAttempt(t *testing.T) {
	h := build(t)
	k := h.place()
	c := h.platform.the(1)
	c.goes(call.Ringing)
	twin := &remote{p: h.platform, id: string(sid.New[sid.Call]()), form: c.form, status: call.Ringing, made: time.Now()}
	h.platform.take(twin)
	h.want("taken note of", twin.says(call.Ringing), http.StatusNoContent)
	eventually(t, "the second one is ended", func() bool { return twin.now().Over() })
	h.want("the first one rings on", c.now(), call.Ringing)
	c.goes(call.Completed)
	over(h, k)
}

// A call that is gone there is over here too.
func TestTheCallIsGone(t *testing.T) {
	for _, end := range []bool{true, false} {
		h := build(t)
		k := h.place()
		h.platform.the(1).goes(call.Ringing)
		h.hears("initiated", "ringing")
		h.platform.set(func() { h.platform.calls = nil })
		want := "failed/fault"
		if end {
			k.End(leg.Canceled)
			want = "canceled/canceled by us"
		}
		over(h, k)
		h.hears("initiated", "ringing", want)
	}
}

// What an earlier life has left is ended: by its SID, or looked for when that was never learnt. (Rule 28.)
func TestGhosts(t *testing.T) {
	for _, tt := range []struct {
		name string
		kept int // which of the things that were kept
		more bool
	}{{"its order was on the way", 0, false}, {"it was ringing", 1, false}, {"its order was on the way, and a new call rings", 0, true}} {
		t.Run(tt.name, func(t *testing.T) {
			h := build(t)
			h.place()
			c := h.platform.the(1)
			c.goes(call.Ringing)
			h.hears("initiated", "ringing")
			eventually(t, "kept", func() bool { h.mu.Lock(); defer h.mu.Unlock(); return len(h.kept) == 2 })
			if !upstream.Mine(leg.Remains(h.kept[tt.kept])) || upstream.Mine(leg.Remains(`{"callid":"x"}`)) || upstream.Mine(nil) {
				t.Error("what was kept is not known by its look")
			}
			next := upstream.New(h.slog(), h.cfg) // the next life
			defer next.Shutdown(context.Background())
			var redialled *upstream.Call
			if tt.more {
				redialled, _ = next.Place(t.Context(), "twilio", order())
				h.platform.the(2)
				eventually(t, "known", func() bool { creates, _ := h.platform.count(); return creates == 2 })
			}
			if err := next.EndGhost(t.Context(), leg.Remains(h.kept[tt.kept])); err != nil {
				t.Fatal(err)
			}
			h.want("there", c.now(), call.Canceled)
			if tt.more {
				h.want("the new one", h.platform.the(2).now(), call.Queued)
				redialled.End(leg.Canceled)
				over(h, redialled)
			}
		})
	}
}

func TestGhostsThatAreGoneOrOutOfReach(t *testing.T) {
	h := build(t)
	ghost := `{"upstream":"twilio","call":"` + string(sid.New[sid.Call]()) + `","to":"+819012345678","from":"+815087654321","since":"2026-01-02T03:04:05Z"}`
	if err := h.EndGhost(t.Context(), leg.Remains(ghost)); err != nil {
		t.Errorf("a call that is gone: %v", err)
	}
	if err := h.EndGhost(t.Context(), leg.Remains(strings.Replace(ghost, "twilio", "other", 1))); err == nil || !strings.Contains(err.Error(), "no upstream") {
		t.Errorf("an upstream that is gone: %v", err)
	}
	if err := h.EndGhost(t.Context(), leg.Remains("{")); err == nil {
		t.Error("nonsense was taken")
	}
	h.platform.set(func() {
		h.platform.broken = func(w http.ResponseWriter, _ *http.Request) bool { refuse(w, 500, 0, "broken"); return true }
	})
	if err := h.EndGhost(t.Context(), leg.Remains(ghost)); err == nil || !strings.Contains(err.Error(), "may still be up") {
		t.Errorf("a platform that is broken: %v", err)
	}
	if err := h.EndGhost(t.Context(), leg.Remains(strings.Replace(ghost, "call", "x", 1))); err == nil || !strings.Contains(err.Error(), "not looked for") {
		t.Errorf("a platform that is broken: %v", err)
	}
}

// A callback for a call that an earlier life has ordered, or that was given up: nobody waits for it, so it is ended.
func TestACallbackForNobody(t *testing.T) {
	h := build(t)
	h.place()
	c := h.platform.the(1)
	c.goes(call.Ringing)
	h.hears("initiated", "ringing")
	next := upstream.New(h.slog(), h.cfg)
	defer next.Shutdown(context.Background())
	h.door.Config.Handler = next
	c.goes(call.InProgress)
	eventually(t, "it is ended", func() bool { return c.now().Over() })

	// Another node's calls are not ours to judge.
	other := &remote{p: h.platform, id: string(sid.New[sid.Call]()), form: c.form, status: call.Ringing}
	h.platform.take(other)
	where := strings.Replace(c.form.Get("StatusCallback"), "node=a", "node=b", 1)
	h.want("taken note of", h.platform.post(where, map[string][]string{"CallSid": {other.id}, "CallStatus": {"ringing"}}), http.StatusNoContent)
	h.want("the other node's", other.now(), call.Ringing)
	h.platform.set(func() { other.status = call.Completed })
}

func TestAStoreThatFails(t *testing.T) {
	h := build(t)
	h.full = true
	if _, err := h.try(); err == nil || !strings.Contains(err.Error(), "disk is full") {
		t.Errorf("a call that is not stored was ordered: %v", err)
	}
	k := h.place(func(o *call.Order) { o.Stored = true })
	c := h.platform.the(1)
	c.goes(call.Ringing)
	h.hears("initiated", "ringing")
	h.mu.Lock()
	h.full = false
	h.mu.Unlock()
	c.goes(call.Completed)
	over(h, k)
	h.want("written in the end", h.record().Status, call.Completed)
}

func TestOrdersThatCannotBe(t *testing.T) {
	h := build(t)
	if _, err := h.Place(t.Context(), "other", order()); err == nil {
		t.Error("an upstream that is not there took a call")
	}
	k := h.place()
	if _, err := h.try(); err == nil {
		t.Error("an attempt has two calls")
	}
	h.platform.the(1).goes(call.Completed)
	over(h, k)
	ctx, stop := context.WithTimeout(t.Context(), 5*time.Second)
	defer stop()
	if err := h.Shutdown(ctx); err != nil {
		t.Fatal(err)
	}
	if _, err := h.try(); !errors.Is(err, upstream.ErrShutdown) {
		t.Errorf("after the end: %v", err)
	}
}

// At the end calls are ended there; what is not confirmed in time stays open in the store for the next life.
func TestTheEndOfTheProcess(t *testing.T) {
	h := build(t)
	h.place()
	h.platform.the(1).goes(call.Ringing)
	h.place(func(o *call.Order) { o.Attempt = "co-1-2" })
	h.platform.the(2)
	ctx, stop := context.WithTimeout(t.Context(), 5*time.Second)
	defer stop()
	if err := h.Shutdown(ctx); err != nil {
		t.Fatal(err)
	}
	h.want("left there", h.platform.up(), 0)

	h = build(t)
	h.platform.obeys = false
	h.place()
	h.platform.the(1).goes(call.Ringing)
	h.hears("initiated", "ringing")
	ctx, stop = context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer stop()
	if err := h.Shutdown(ctx); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("it said %v", err)
	}
	h.want("its record is open", h.record().Ended.IsZero(), true)
}

// The first upstream does not end its call; the attempt goes on with another one meanwhile: each is known by
// its own address.
func TestOneAttemptAtTwoUpstreams(t *testing.T) {
	other := newPlatform(t)
	h := build(t, func(h *house) {
		second := trunk.Upstream{Trunk: trunk.Trunk{Name: "other", From: "+815011112222"}, URL: other.srv.URL, Account: acct, Token: token}
		h.cfg.Upstreams = func() []trunk.Upstream { return []trunk.Upstream{h.up, second} }
	})
	k := h.place()
	c := h.platform.the(1)
	c.goes(call.Ringing)
	h.hears("initiated", "ringing")
	h.platform.set(func() { h.platform.obeys = false })
	k.End(leg.Fault)
	o := order()
	o.Heard = func(call.Event) {}
	next, err := h.Place(t.Context(), "other", o)
	if err != nil {
		t.Fatal(err)
	}
	d := other.the(1)
	d.goes(call.InProgress)
	eventually(t, "answered", func() bool { return next.Status() == call.InProgress })
	h.platform.set(func() { h.platform.obeys = true })
	over(h, k)
	d.goes(call.Completed)
	over(h, next)
	h.want("the first one is ended", c.now(), call.Canceled)
}

// A platform that says other prices in another currency each time changes nothing in our books.
func TestAnUpstreamThatChangesItsCurrency(t *testing.T) {
	h := build(t, func(h *house) {
		h.up.Prices = tariff.Table{Currency: "JPY", Rows: []tariff.Row{{To: []string{"mobile"}, PerCall: 10_000_000}}}
	})
	units := []string{"USD", "EUR", "", "¥¥¥¥"}
	h.platform.onCreate = func(n int, w http.ResponseWriter, c *remote) bool {
		made := c.json()
		h.platform.take(c)
		made["price"], made["price_unit"] = "-0.0150", units[n-1]
		answer(w, 201, made)
		return true
	}
	for n, unit := range units {
		k := h.place(func(o *call.Order) { o.Attempt = fmt.Sprintf("co-1-%d", n+1) })
		c := h.platform.the(n + 1)
		c.goes(call.InProgress)
		c.goes(call.Completed, "Price", "-0.99", "PriceUnit", unit)
		over(h, k)
		h.want("price in "+unit, h.record().Price, "10 JPY")
	}
	h.want("charges", len(h.charges), 4)
}

// A token that leaves only for whom it is meant: a redirect is not followed.
func TestARedirectIsNotFollowed(t *testing.T) {
	h := build(t)
	followed := false
	thief := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { followed = true }))
	defer thief.Close()
	h.platform.broken = func(w http.ResponseWriter, r *http.Request) bool {
		http.Redirect(w, r, thief.URL, http.StatusTemporaryRedirect)
		return true
	}
	k := h.place()
	over(h, k)
	h.want("followed", followed, false)
}
