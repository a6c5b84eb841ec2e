package call_test

import (
	"context"
	"encoding/json"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/kaden-project/kaden/call"
	"github.com/kaden-project/kaden/leg"
	"github.com/kaden-project/kaden/leg/simleg"
	"github.com/kaden-project/kaden/trunk"
)

var jcom = trunk.Trunk{Name: "jcom", Server: "jcom.example"}

const overJCOM = "sip:+819011112222@jcom.example"

// said are the words of the timeline's events of a kind.
func (m *memory) said(kind string) string {
	m.mu.Lock()
	defer m.mu.Unlock()
	var s []string
	for _, c := range m.changes {
		for _, e := range c.Events {
			if string(e.Kind) == kind {
				s = append(s, strings.TrimSpace(e.Cause+" "+e.Text))
			}
		}
	}
	return strings.Join(s, "\n")
}

func TestASilentTrunkIsJoinedAfterThreeSeconds(t *testing.T) {
	story(t, func(h *house) {
		c, heard := h.place(call.Order{To: tel("+819011112222"), Alert: "a1"})
		silent := h.phone()
		h.want("first over", silent.Info().To, overNTT)
		second := h.phone()
		h.want("then over", second.Info().To, overKDDI)
		h.want("after", h.after(), 3*time.Second)
		time.Sleep(time.Second)
		second.Ring()
		time.Sleep(time.Second)
		h.want("the silent one is left alone", silent.State().Ended.IsZero(), true)

		silent.Ring() // late
		synctest.Wait()
		h.want("now it is cancelled", silent.State().Cause, leg.Canceled)
		h.want("after", h.after(), 5*time.Second)
		if got := h.store.said("call.double-ring"); !strings.Contains(got, "over kddi, and late over ntt") {
			t.Errorf("the timeline says %q", got)
		}
		second.Answer()
		second.HangUp()
		r := c.Wait()
		h.want("trunk", r.Trunk, "kddi")
		h.want("heard", heard, "initiated over ntt, ringing over kddi, in-progress over kddi, completed hung-up over kddi")
	}, trunks(ntt, kddi, jcom))
}

func TestTheSilentTrunkRingsFirst(t *testing.T) {
	story(t, func(h *house) {
		c, heard := h.place(call.Order{To: tel("+819011112222")})
		silent, second := h.phone(), h.phone()
		second.Try()
		time.Sleep(time.Second)
		silent.Ring()
		synctest.Wait()
		h.want("the second is cancelled", second.State().Cause, leg.Canceled)
		silent.Answer()
		silent.HangUp()
		h.want("trunk", c.Wait().Trunk, "ntt")
		h.want("heard", heard, "initiated over ntt, ringing over ntt, in-progress over ntt, completed hung-up over ntt")
		h.want("no double ring", h.store.said("call.double-ring"), "")
	}, trunks(ntt, kddi))
}

// Whoever has picked up is there, even if the other trunk rang first.
func TestTheSilentTrunkIsAnsweredWhileTheOtherRings(t *testing.T) {
	heardKey := make(chan string, 1)
	story(t, func(h *house) {
		c, heard := h.place(call.Order{To: tel("+819011112222")})
		silent, second := h.phone(), h.phone()
		second.Ring()
		synctest.Wait()
		silent.Answer()
		synctest.Wait()
		h.want("the ringing one is cancelled", second.State().Cause, leg.Canceled)
		time.Sleep(time.Second)
		silent.Press("1")
		h.want("key", <-heardKey, "1")
		h.want("trunk", c.Wait().Trunk, "ntt")
		h.want("heard", heard, "initiated over ntt, ringing over kddi, in-progress over ntt, in-progress key 1, completed completed by us over ntt")
	}, trunks(ntt, kddi), script(func(ctx context.Context, c *call.Call) error {
		key, err := c.Key(ctx, time.Hour)
		heardKey <- key
		return err
	}))
}

func TestALateAnswerOfTheLostTrunkIsHungUp(t *testing.T) {
	story(t, func(h *house) {
		c, _ := h.place(call.Order{To: tel("+819011112222")})
		silent, second := h.phone(), h.phone()
		second.Ring()
		second.Answer()
		time.Sleep(time.Second)
		silent.Answer()
		synctest.Wait()
		h.want("let go", silent.State().Cause, leg.HungUp)
		second.HangUp()
		h.want("trunk", c.Wait().Trunk, "kddi")
		if h.store.said("call.double-ring") == "" {
			t.Error("nothing says that the phone may have rung twice")
		}
	}, trunks(ntt, kddi), script(func(ctx context.Context, c *call.Call) error { return c.Sleep(ctx, time.Hour) }))
}

func TestATrunkThatSaysTryingIsNotSilent(t *testing.T) {
	story(t, func(h *house) {
		c, _ := h.place(call.Order{To: tel("+819011112222")})
		p := h.phone()
		p.Try()
		time.Sleep(11 * time.Second)
		h.want("others called", len(h.met), 0)
		p.Ring()
		p.Refuse(leg.Busy)
		h.want("trunk", c.Wait().Trunk, "ntt")
	}, trunks(ntt, kddi))
}

func TestBothTrunksAreSilent(t *testing.T) {
	story(t, func(h *house) {
		c, heard := h.place(call.Order{To: tel("+819011112222")})
		h.phone()
		h.phone()
		r := c.Wait()
		h.want("after", h.after(), 12*time.Second)
		h.want("nobody out there is to blame", r.Cause, leg.Fault)
		h.want("heard", heard, "initiated over ntt, failed fault 487 over kddi")
		h.want("others called", len(h.met), 0)
	}, trunks(ntt, kddi, jcom), silentLegs)
}

// silentLegs makes simulated legs end as SIP's do when nothing was ever heard: another trunk may be tried.
func silentLegs(c *call.Config) {
	for s, d := range c.Dialers {
		c.Dialers[s] = unheard{d}
	}
}

type unheard struct{ leg.Dialer }

func (u unheard) Dial(ctx context.Context, to leg.Target, o leg.Options) (leg.Leg, error) {
	l, err := u.Dialer.Dial(ctx, to, o)
	if err != nil {
		return nil, err
	}
	events := make(chan leg.Event, 64)
	go func() {
		defer close(events)
		spoke := false
		for e := range l.Events() {
			spoke = spoke || e.Kind != leg.Ended
			if e.Cause == leg.Canceled && !spoke {
				e.Retry = true
			}
			events <- e
		}
	}()
	return relayed{l, events}, nil
}

type relayed struct {
	leg.Leg
	events chan leg.Event
}

func (r relayed) Events() <-chan leg.Event { return r.events }

func TestOneOfTwoTriesEnds(t *testing.T) {
	for _, tc := range []struct {
		name    string
		refuse  string // which
		cause   leg.Cause
		third   bool
		carries string
	}{
		{"the second is full: a third trunk joins in its place", "second", leg.Congested, true, "ntt"},
		{"the second says busy, because the first is about to ring", "second", leg.Busy, false, "ntt"},
		{"the first says busy", "first", leg.Busy, false, "kddi"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			story(t, func(h *house) {
				c, _ := h.place(call.Order{To: tel("+819011112222")})
				first, second := h.phone(), h.phone()
				gone, left := second, first
				if tc.refuse == "first" {
					gone, left = first, second
				}
				left.Try()
				synctest.Wait()
				gone.Refuse(tc.cause)
				synctest.Wait()
				h.want("trunks that joined", len(h.met) == 1, tc.third)
				left.Ring()
				left.Answer()
				left.HangUp()
				h.want("trunk", c.Wait().Trunk, tc.carries)
				if tc.third {
					h.want("the third is let go", h.phone().Info().To, overJCOM)
				}
			}, trunks(ntt, kddi, jcom))
		})
	}
}

// A trunk that speaks says busy, and the other says nothing at all: that is a plain word, and the next person is
// not kept waiting.
func TestBusyOverOneAndSilenceOverTheOther(t *testing.T) {
	for _, which := range []int{0, 1} {
		story(t, func(h *house) {
			c, _ := h.place(call.Order{To: tel("+819011112222")})
			both := []*simleg.Phone{h.phone(), h.phone()}
			time.Sleep(time.Second)
			both[which].Refuse(leg.Busy)
			r := c.Wait()
			h.want("busy", []any{r.Status, r.Cause}, []any{call.Busy, leg.Busy})
			h.want("after", h.after(), 4*time.Second)
			<-both[1-which].Over()
		}, trunks(ntt, kddi))
	}
}

func TestHangingUpWhileTwoTrunksAreTried(t *testing.T) {
	story(t, func(h *house) {
		c, _ := h.place(call.Order{To: tel("+819011112222")})
		first, second := h.phone(), h.phone()
		c.Cancel()
		h.want("status", c.Wait().Status, call.Canceled)
		<-first.Over()
		<-second.Over()
		synctest.Wait()
		h.want("both", []leg.Cause{first.State().Cause, second.State().Cause}, []leg.Cause{leg.Canceled, leg.Canceled})
		for _, s := range h.desk.Trunks() {
			h.want("calls on "+s.Name, s.Busy, 0)
		}
	}, trunks(ntt, kddi))
}

// A crash between the second INVITE and its ring: both legs are known by name before they are dialled.
func TestEachTryIsKeptForItsGhost(t *testing.T) {
	x := &exorcist{}
	var mu sync.Mutex
	var kept []leg.Remains
	story(t, func(h *house) {
		x.Dialer = h.cfg.Dialers["sim"]
		o := call.Order{To: tel("+819011112222"), SID: "CA1", Attempt: "c1-1", Keep: func(_ context.Context, r leg.Remains) error {
			mu.Lock()
			defer mu.Unlock()
			kept = append(kept, r)
			return nil
		}}
		c, _ := h.place(o)
		first, second := h.phone(), h.phone()
		synctest.Wait()
		mu.Lock()
		h.want("written before the second INVITE", len(kept), 1)
		if err := h.desk.EndGhost(h.Context(), o, "kddi", kept[0]); err != nil {
			t.Error(err)
		}
		mu.Unlock()
		h.want("each on its own trunk, under its own name", x.story(), overNTT+` as c1-1 with ""`+"\n"+overKDDI+` as c1-1-2 with ""`)

		second.Answer()
		synctest.Wait()
		x.ended = nil
		mu.Lock()
		if err := h.desk.EndGhost(h.Context(), o, "kddi", kept[len(kept)-1]); err != nil {
			t.Error(err)
		}
		var list []struct{ Trunk string }
		if err := json.Unmarshal(kept[len(kept)-1], &list); err != nil || len(list) != 2 {
			t.Errorf("%v: kept %s", err, kept[len(kept)-1])
		}
		mu.Unlock()
		h.want("with what the answered one has kept", x.story(), overNTT+` as c1-1 with ""`+"\n"+overKDDI+` as c1-1-2 with "{\"sim\":\"`+overKDDI+`\"}"`)

		if err := h.desk.EndGhost(h.Context(), o, "", leg.Remains(`[{"try":0,"trunk":"gone"}]`)); err == nil || !strings.Contains(err.Error(), `"gone"`) {
			t.Errorf("a trunk that is gone: %v", err)
		}
		second.HangUp()
		c.Wait()
		<-first.Over()
	}, trunks(ntt, kddi), func(c *call.Config) {
		c.Dialers["sip"] = struct {
			leg.Dialer
			leg.Ender
		}{c.Dialers["sim"], x}
	}, script(func(ctx context.Context, c *call.Call) error { return c.Sleep(ctx, time.Hour) }))
}

// A call of nobody's attempt keeps them with its record, and none is left when it is over.
func TestTriesAreKeptWithTheRecord(t *testing.T) {
	story(t, func(h *house) {
		c, _ := h.place(call.Order{To: tel("+819011112222")})
		first, second := h.phone(), h.phone()
		synctest.Wait()
		if r := string(c.Record().Remains); !strings.Contains(r, `"trunk":"ntt"`) || !strings.Contains(r, `"trunk":"kddi"`) {
			t.Errorf("kept %s", r)
		}
		second.Refuse(leg.Busy)
		first.Refuse(leg.Busy)
		if r := c.Wait(); r.Remains != nil {
			t.Errorf("an ended call keeps %s", r.Remains)
		}
	}, trunks(ntt, kddi))
}
