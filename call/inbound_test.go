package call_test

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/kaden-project/kaden/account"
	"github.com/kaden-project/kaden/call"
	"github.com/kaden-project/kaden/leg"
	"github.com/kaden-project/kaden/leg/simleg"
	"github.com/kaden-project/kaden/trunk"
)

func support(c *call.Config) {
	c.Numbers = func(called string) (account.Number, bool) {
		if called != "+815012345678" && called != "support" {
			return account.Number{}, false
		}
		return account.Number{Account: acct, Number: called, URL: "https://owner.example/in", StatusCallback: "https://owner.example/status"}, true
	}
}

func calls(h *house, to string, in simleg.Incoming) *simleg.Phone {
	in.To = to
	if in.From == "" {
		in.From = "sip:09011112222@carrier.example"
	}
	l, p := simleg.Call(h.Context(), in)
	h.desk.Accept(l)
	return p
}

func TestSomebodyCallsIn(t *testing.T) {
	var first, second string
	story(t, func(h *house) {
		p := calls(h, "sip:05012345678@kaden.example", simleg.Incoming{Headers: map[string]string{"X-Queue": "night"}})
		<-p.Over()
		synctest.Wait()
		r := h.store.last()
		h.want("while it rang, and after", []string{first, second}, []string{"ringing", "in-progress"})
		h.want("from, to", r.From+" "+r.To, "+819011112222 +815012345678")
		h.want("direction", r.Direction, call.Inbound)
		h.want("status", r.Status, call.Completed)
		h.want("duration", r.Duration(), 5*time.Second)
		h.want("timeline", h.store.kinds(), "ringing in-progress heard ended")
		h.want("callbacks", h.owner.statuses(), "0 completed")
	}, support, script(func(ctx context.Context, c *call.Call) error {
		v := c.Params()
		first = v.Get("CallStatus")
		if v.Get("SipHeader_X-Queue") != "night" || v.Get("SipDomain") != "kaden.example" || v.Get("Direction") != "inbound" {
			t.Errorf("parameters %v", v)
		}
		for range 2 { // answering again does nothing
			if err := c.Answer(ctx); err != nil {
				return err
			}
		}
		second = c.Params().Get("CallStatus")
		return c.Sleep(ctx, 5*time.Second)
	}))
}

func TestNobodysNumberIsRefused(t *testing.T) {
	story(t, func(h *house) {
		p := calls(h, "sip:nobody@kaden.example", simleg.Incoming{})
		<-p.Over()
		h.want("cause", p.State().Cause, leg.Invalid)
		h.want("timeline", h.store.kinds(), "")
	}, support)
}

func TestReject(t *testing.T) {
	for cause, status := range map[leg.Cause]call.Status{leg.Busy: call.Busy, leg.Rejected: call.NoAnswer} {
		t.Run(string(cause), func(t *testing.T) {
			story(t, func(h *house) {
				p := calls(h, "sip:support@kaden.example", simleg.Incoming{From: "sip:tanaka@192.0.2.9;transport=tcp"})
				<-p.Over()
				synctest.Wait()
				h.want("the caller saw", p.State().Cause, cause)
				h.want("status", h.store.last().Status, status)
				h.want("from", h.store.last().From, "sip:tanaka@192.0.2.9")
				h.want("not charged", h.store.last().Answered.IsZero(), true)
			}, support, script(func(ctx context.Context, c *call.Call) error {
				c.Reject(cause == leg.Busy)
				<-ctx.Done()
				return nil
			}))
		})
	}
}

func TestTheCallerLeavesBeforeTheAnswer(t *testing.T) {
	story(t, func(h *house) {
		p := calls(h, "sip:support@kaden.example", simleg.Incoming{GivesUp: 3 * time.Second})
		<-p.Over()
		synctest.Wait()
		h.want("status", h.store.last().Status, call.NoAnswer)
		h.want("cause", h.store.last().Cause, leg.CallerLeft)
		h.want("callback", h.owner.last().Get("SipResponseCode"), "487")
	}, support, script(func(ctx context.Context, c *call.Call) error { return c.Sleep(ctx, time.Minute) }))
}

func TestAProgramThatEndsWithoutAnswering(t *testing.T) {
	story(t, func(h *house) {
		p := calls(h, "sip:support@kaden.example", simleg.Incoming{})
		<-p.Over()
		synctest.Wait()
		h.want("the caller saw", p.State().Cause, leg.Failed)
		h.want("status", h.store.last().Status, call.Failed)
	}, support, script(func(context.Context, *call.Call) error { return nil }))
}

func TestACallerDuringTheShutdown(t *testing.T) {
	story(t, func(h *house) {
		if err := h.desk.Shutdown(h.Context()); err != nil {
			h.Fatal(err)
		}
		p := calls(h, "sip:support@kaden.example", simleg.Incoming{})
		<-p.Over()
		h.want("the caller saw", p.State().Cause, leg.Congested)
	}, support)
}

func doors(unknown, foreign account.Door) func(*call.Config) {
	return func(c *call.Config) {
		c.Numbers = func(called string) (account.Number, bool) {
			return account.Number{Account: acct, Number: called, Unknown: unknown, Foreign: foreign, StatusCallback: "https://owner.example/status"}, true
		}
	}
}

func TestCallersWhoAreTurnedAway(t *testing.T) {
	for _, tc := range []struct {
		name, from string
		sees       leg.Cause
		cause      leg.Cause
		status     call.Status
	}{
		{"without a number", "sip:anonymous@anonymous.invalid", leg.Rejected, leg.Rejected, call.NoAnswer},
		{"from abroad", "sip:+14158675309@carrier.example", leg.Busy, leg.Busy, call.Busy},
	} {
		t.Run(tc.name, func(t *testing.T) {
			story(t, func(h *house) {
				p := calls(h, "sip:05012345678@kaden.example", simleg.Incoming{From: tc.from})
				<-p.Over()
				synctest.Wait()
				s := p.State()
				h.want("refused", s.Cause, tc.sees)
				h.want("it never rang, nor was it answered", s.Rang.IsZero() && s.Answered.IsZero(), true)
				r := h.store.last()
				h.want("record", []any{r.Status, r.Cause}, []any{tc.status, tc.cause})
				h.want("timeline", h.store.kinds(), "ended")
				h.want("callbacks", h.owner.statuses(), "0 "+string(tc.status))
			}, doors(account.Reject, account.Busy), script(func(context.Context, *call.Call) error {
				t.Error("the program ran")
				return nil
			}))
		})
	}
}

func TestCallersWhoAreScreened(t *testing.T) {
	for _, passed := range []bool{true, false} {
		ran := false
		story(t, func(h *house) {
			p := calls(h, "sip:05012345678@kaden.example", simleg.Incoming{From: "sip:anonymous@anonymous.invalid"})
			time.Sleep(3 * time.Second)
			if passed {
				p.Press("1")
			}
			<-p.Over()
			h.want("the program ran", ran, passed)
			ran = false
			q := calls(h, "sip:05012345678@kaden.example", simleg.Incoming{}) // with a number: as ever
			<-q.Over()
			h.want("the program ran for somebody with a number", ran, true)
		}, doors(account.Screen, ""), script(func(ctx context.Context, c *call.Call) error {
			ran = true
			return c.Answer(ctx)
		}), func(c *call.Config) {
			c.Screen = func(ctx context.Context, c *call.Call) (bool, error) {
				key, err := c.Key(ctx, 10*time.Second)
				return key == "1", err
			}
		})
	}
}

// Over a trunk whose keys are tones in the sound, those of a caller are as well; a key that comes otherwise says better.
func TestTheKeysOfACallerMayBeTones(t *testing.T) {
	for _, tt := range []struct {
		line          string
		inBand        bool
		before, after bool
	}{{"old", true, true, true}, {"old", false, true, false}, {"ntt", false, false, false}, {"", false, false, false}, {"", true, false, true}} {
		var before, after bool
		story(t, func(h *house) {
			p := calls(h, "sip:support@kaden.example", simleg.Incoming{Line: tt.line, InBand: tt.inBand, Actions: []simleg.Action{{At: 2 * time.Second, Digits: "1"}}})
			<-p.Over()
			if before != tt.before || after != tt.after {
				t.Errorf("over %q, its keys tones: %v: taken for that before a key: %v, after it: %v", tt.line, tt.inBand, before, after)
			}
		}, support, trunks(ntt, trunk.Trunk{Name: "old", Server: "old.example", InBandDTMF: true}), script(func(ctx context.Context, c *call.Call) error {
			if err := c.Answer(ctx); err != nil {
				return err
			}
			before = c.InBand()
			_, err := c.Key(ctx, time.Minute)
			after = c.InBand()
			return err
		}))
	}
}
