package upstream_test

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/kaden-project/kaden/call"
	"github.com/kaden-project/kaden/leg"
	"github.com/kaden-project/kaden/tariff"
	"github.com/kaden-project/kaden/trunk"
	"github.com/kaden-project/kaden/upstream"
)

// story runs with the usual limits on a clock that takes no time: there is no network between the two.
func story(t *testing.T, tell func(h *house)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		p := &platform{t: t, obeys: true, signs: token, pages: map[string]string{}}
		h := &house{T: t, platform: p, log: &lines{}}
		h.up = trunk.Upstream{Trunk: trunk.Trunk{Name: "twilio", From: "+815087654321"}, URL: "https://platform.example", Account: acct, Token: token}
		h.cfg = upstream.Config{
			Upstreams: func() []trunk.Upstream { return []trunk.Upstream{h.up} }, Store: h, Scripts: h, Origin: origin,
			PublicURL: "https://kaden.example", Secret: []byte("secret"), Node: "a", Transport: wire{p},
		}
		h.Client = upstream.New(slog.New(slog.NewTextHandler(h.log, nil)), h.cfg)
		p.deliver = func(q *http.Request) int {
			w := httptest.NewRecorder()
			q.RequestURI = q.URL.RequestURI()
			h.ServeHTTP(w, q)
			return w.Code
		}
		tell(h)
		ctx, stop := context.WithTimeout(t.Context(), 5*time.Second)
		defer stop()
		if err := h.Shutdown(ctx); err != nil {
			t.Errorf("shutdown: %v", err)
		}
		if t.Failed() {
			t.Logf("heard: %v\nlog:\n%s", h.heard(), h.log)
		}
	})
}

// wire is a network on which nothing is lost, unless the platform is away.
type wire struct{ p *platform }

func (w wire) RoundTrip(q *http.Request) (*http.Response, error) {
	w.p.mu.Lock()
	away := w.p.away
	w.p.mu.Unlock()
	if away {
		return nil, &net.OpError{Op: "dial", Err: errors.New("connection refused")}
	}
	r := httptest.NewRecorder()
	w.p.serve(r, q)
	return r.Result(), nil
}

// A platform that takes the call and never dials: another line has to be tried, and nobody's turn is burnt.
func TestAPlatformThatTakesTheCallAndDoesNothing(t *testing.T) {
	story(t, func(h *house) {
		began := time.Now()
		k := h.place()
		over(h, k, time.Hour)
		h.hears("failed/fault")
		if after := time.Since(began).Round(time.Second); after != 30*time.Second {
			h.Errorf("given up after %v", after)
		}
		h.want("there", h.platform.the(1).now(), call.Canceled)
	})
}

// One that says how long its queue is is waited for.
func TestAPlatformWithAQueue(t *testing.T) {
	story(t, func(h *house) {
		h.platform.queue = "60000"
		k := h.place()
		c := h.platform.the(1)
		time.Sleep(80 * time.Second)
		h.hears()
		c.goes(call.Ringing)
		h.hears("initiated", "ringing")
		c.goes(call.Completed)
		over(h, k, time.Hour)
	})
}

func TestItRingsAndRings(t *testing.T) {
	story(t, func(h *house) {
		k := h.place()
		c := h.platform.the(1)
		c.goes(call.Ringing)
		began := time.Now()
		over(h, k, time.Hour)
		h.hears("initiated", "ringing", "no-answer/no-answer by us")
		if after := time.Since(began).Round(time.Second); after != 30*time.Second { // 20 s, and 10 in which the platform ends it itself
			h.Errorf("given up after %v", after)
		}
	})
}

func TestSomebodyTalksForLongerThanTheyMay(t *testing.T) {
	story(t, func(h *house) {
		k := h.place(func(o *call.Order) { o.TimeLimit = time.Minute })
		h.platform.the(1).goes(call.InProgress)
		over(h, k, time.Hour)
		h.hears("initiated", "in-progress", "completed/completed by us")
	})
}

// The platform goes away while the phone rings: that is nobody's fault who was called. When it is back, the call
// there is ended.
func TestThePlatformGoesAwayWhileItRings(t *testing.T) {
	story(t, func(h *house) {
		k := h.place(func(o *call.Order) { o.Ring = 2 * time.Minute })
		c := h.platform.the(1)
		c.goes(call.Ringing)
		h.platform.set(func() { h.platform.away = true })
		began := time.Now()
		for len(h.heard()) < 3 {
			time.Sleep(time.Second)
		}
		if after := time.Since(began); after > 15*time.Second {
			h.Errorf("given up after %v", after)
		}
		h.hears("initiated", "ringing", "failed/fault")
		h.want("its record is open", h.record().Ended.IsZero(), true)
		h.platform.set(func() { h.platform.away = false })
		over(h, k, time.Hour)
		h.want("there", c.now(), call.Canceled)
	})
}

// One that never comes back is pursued for ten minutes.
func TestThePlatformGoesAwayForGood(t *testing.T) {
	story(t, func(h *house) {
		k := h.place()
		h.platform.the(1).goes(call.Ringing)
		h.platform.set(func() { h.platform.away = true })
		began := time.Now()
		over(h, k, time.Hour)
		if after := time.Since(began); after < 10*time.Minute || after > 12*time.Minute {
			h.Errorf("pursued for %v", after)
		}
		h.hears("initiated", "ringing", "failed/fault")
		if !strings.Contains(h.log.String(), "may still be up") {
			h.Error("nobody was told")
		}
	})
}

// How often the platform is asked: hardly, where callbacks come; else every two seconds, then less and less.
func TestHowOftenThePlatformIsAsked(t *testing.T) {
	looks := func(h *house) (n int) {
		h.platform.mu.Lock()
		defer h.platform.mu.Unlock()
		for _, a := range h.platform.asked {
			if strings.HasPrefix(a, "GET /Calls/") {
				n++
			}
		}
		return n
	}
	for _, tt := range []struct {
		name                 string
		public               string
		ringing, talkingLess int
	}{{"callbacks come", "https://kaden.example", 5, 6}, {"none can", "", 6, 12}} {
		story(t, func(h *house) {
			h.script = byAnswer
			h.cfg.PublicURL = tt.public
			h.Client = upstream.New(slog.New(slog.NewTextHandler(h.log, nil)), h.cfg)
			h.platform.silent = tt.public == ""
			k := h.place(func(o *call.Order) { o.Ring = time.Minute })
			c := h.platform.the(1)
			c.goes(call.Ringing)
			time.Sleep(30 * time.Second)
			if n := looks(h); n > tt.ringing || n < 3 {
				h.Errorf("%s: asked %d times in 30 s of ringing", tt.name, n)
			}
			before := looks(h)
			c.goes(call.InProgress)
			time.Sleep(2 * time.Minute)
			if n := looks(h) - before; n > tt.talkingLess || n < 3 {
				h.Errorf("%s: asked %d times in two minutes of talk", tt.name, n)
			}
			k.End(leg.Completed)
			over(h, k, time.Hour)
		})
	}
}

// What a call costs is reckoned when it ends, as on a trunk; one that the platform did not take costs nothing.
func TestWhatACallCosts(t *testing.T) {
	story(t, func(h *house) {
		h.up.Prices = tariff.Table{Currency: "JPY", Rows: []tariff.Row{{To: []string{"mobile"}, Price: 16_000_000, Unit: time.Minute}}}
		k := h.place()
		c := h.platform.the(1)
		c.goes(call.InProgress)
		time.Sleep(61 * time.Second)
		c.goes(call.Completed)
		over(h, k, time.Hour)
		want, _ := h.up.Prices.Cost(tariff.Leg{To: "+819012345678", Answered: true, Talked: 61 * time.Second})
		if len(h.charges) != 1 || h.charges[0].Cost != want || h.charges[0].Trunk != "twilio" || h.record().Price != want || !want.Known() {
			h.Errorf("charged %+v, want %v", h.charges, want)
		}
		h.platform.onCreate = func(_ int, w http.ResponseWriter, _ *remote) bool { refuse(w, 400, 21211, "no"); return true }
		over(h, h.place(), time.Hour)
		h.want("charges", len(h.charges), 1)
	})
}
