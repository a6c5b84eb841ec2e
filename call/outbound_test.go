package call_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/kaden-project/kaden/call"
	"github.com/kaden-project/kaden/leg"
	"github.com/kaden-project/kaden/leg/simleg"
	"github.com/kaden-project/kaden/number"
	"github.com/kaden-project/kaden/sid"
	"github.com/kaden-project/kaden/trunk"
)

const sato = "sim:sato"

func TestACallFromTheOrderToTheEnd(t *testing.T) {
	said := make(chan string, 1)
	story(t, func(h *house) {
		h.phones[sato] = simleg.Behaviour{RingAfter: 2 * time.Second, AnswerAfter: 3 * time.Second}
		c, heard := h.place(call.Order{Attempt: "c1-1"})
		r := c.Wait()
		synctest.Wait()
		h.want("what its orderer heard", heard, "initiated, ringing, in-progress, completed completed by us")
		h.want("callbacks", h.owner.statuses(), "0 initiated, 1 ringing, 2 in-progress, 3 completed")
		h.want("timeline", h.store.kinds(), "queued initiated ringing in-progress heard ended")
		h.want("status", r.Status, call.Completed)
		h.want("duration", r.Duration(), 10*time.Second)
		h.want("CallStatus while the script ran", <-said, "in-progress")
		if last := h.owner.last(); last.Get("CallDuration") != "10" || last.Get("Duration") != "1" || last.Get("SipResponseCode") != "200" {
			h.Errorf("last callback: %v", last)
		}
		if p := h.owner.last(); p.Get("CallbackSource") != "call-progress-events" || p.Get("Timestamp") != "Sat, 01 Jan 2000 00:00:15 +0000" ||
			p.Get("ApiVersion") != "2010-04-01" || p.Get("From") != "+815012345678" || p.Get("Caller") != "+815012345678" || p.Get("FromCountry") != "JP" ||
			p.Get("To") != sato || p.Get("Called") != sato || p.Get("Direction") != "outbound-api" || p.Get("CallSid") != string(c.SID()) {
			h.Errorf("parameters: %v", p)
		}
		h.want("callbacks ticked off", len(h.store.posted), 4)
		if _, live := h.desk.Live(c.SID()); live {
			h.Errorf("an ended call is live")
		}
	}, script(func(ctx context.Context, c *call.Call) error {
		said <- c.Params().Get("CallStatus")
		return c.Sleep(ctx, 10*time.Second)
	}))
}

func TestHowCallsEndThatNobodyAnswers(t *testing.T) {
	ring := time.Second
	for _, tc := range []struct {
		name   string
		phone  simleg.Behaviour
		heard  string
		status call.Status
		sip    string
		after  time.Duration
	}{
		{"busy", simleg.Behaviour{RingAfter: simleg.Never, AnswerAfter: ring, Refuse: leg.Busy},
			"initiated, busy busy 486", call.Busy, "486", ring},
		{"rejected by thumb", simleg.Behaviour{RingAfter: ring, AnswerAfter: ring, Refuse: leg.Rejected},
			"initiated, ringing, busy rejected 603", call.Busy, "603", 2 * ring},
		{"switched off", simleg.Behaviour{RingAfter: simleg.Never, AnswerAfter: ring, Refuse: leg.NoAnswer},
			"initiated, no-answer unreachable 480", call.NoAnswer, "480", ring},
		{"nobody comes, the carrier gives up", simleg.Behaviour{RingAfter: ring, AnswerAfter: 9 * time.Second, Refuse: leg.NoAnswer},
			"initiated, ringing, no-answer no-answer 480", call.NoAnswer, "480", 10 * time.Second},
		{"nobody comes, we give up", simleg.Behaviour{RingAfter: ring, AnswerAfter: simleg.Never},
			"initiated, ringing, no-answer no-answer 487 by us", call.NoAnswer, "487", 21 * time.Second},
		{"nothing rings", simleg.Behaviour{RingAfter: simleg.Never, AnswerAfter: simleg.Never},
			"initiated, no-answer unreachable 487 by us", call.NoAnswer, "487", 12 * time.Second},
		{"no such number", simleg.Behaviour{RingAfter: simleg.Never, Refuse: leg.Invalid},
			"initiated, failed invalid-number 404", call.Failed, "404", 0},
		{"the network is full", simleg.Behaviour{RingAfter: simleg.Never, Refuse: leg.Congested},
			"initiated, failed congested 503", call.Failed, "503", 0},
		{"we cannot dial", simleg.Behaviour{Error: errors.New("no socket")},
			"failed fault", call.Failed, "", 0},
	} {
		t.Run(tc.name, func(t *testing.T) {
			story(t, func(h *house) {
				h.phones[sato] = tc.phone
				c, heard := h.place(call.Order{Ring: 20 * time.Second})
				r := c.Wait()
				h.want("ended after", h.after(), tc.after)
				synctest.Wait()
				h.want("heard", heard, tc.heard)
				h.want("status", r.Status, tc.status)
				last := h.owner.last()
				h.want("callback", last.Get("CallStatus"), tc.status)
				h.want("SipResponseCode", last.Get("SipResponseCode"), tc.sip)
				h.want("CallDuration", last.Get("CallDuration")+" "+last.Get("Duration"), "0 0")
				h.want("our fault", call.Ours(r.Cause), r.Cause == leg.Fault || r.Cause == leg.Congested)
			})
		})
	}
}

func TestTwiliosTimeoutCountsInAll(t *testing.T) {
	story(t, func(h *house) {
		h.phones[sato] = simleg.Behaviour{RingAfter: 15 * time.Second, AnswerAfter: simleg.Never}
		c, _ := h.place(call.Order{Ring: 20 * time.Second, Setup: 20 * time.Second})
		r := c.Wait()
		h.want("ended after", h.after(), 20*time.Second)
		h.want("status", r.Status, call.NoAnswer)
	})
}

func TestSomebodyHangsUp(t *testing.T) {
	story(t, func(h *house) {
		h.phones[sato] = simleg.Behaviour{Actions: []simleg.Action{{At: 61 * time.Second, HangUp: true}}}
		c, heard := h.place(call.Order{})
		r := c.Wait()
		synctest.Wait()
		h.want("heard", heard, "initiated, ringing, in-progress, completed hung-up")
		h.want("duration", r.Duration(), 61*time.Second)
		h.want("minutes", h.owner.last().Get("Duration"), "2")
	})
}

func TestNobodyDialsThatScheme(t *testing.T) {
	story(t, func(h *house) {
		c, heard := h.place(call.Order{To: number.Address{Scheme: number.Client, Text: "sato"}})
		h.want("status", c.Wait().Status, call.Failed)
		h.want("heard", heard, "failed fault")
	})
}

func TestOnlyTheLastCallbackUnlessMoreAreAskedFor(t *testing.T) {
	story(t, func(h *house) {
		h.phones[sato] = simleg.Behaviour{RingAfter: simleg.Never, Refuse: leg.Busy}
		c, _ := h.place(call.Order{Callback: call.Callback{URL: "https://owner.example/s", Method: "GET"}})
		c.Wait()
		synctest.Wait()
		h.want("callbacks", h.owner.statuses(), "0 busy")
		h.want("asked", h.owner.where, []string{"GET https://owner.example/s"})
	})
}

func TestASlowOwnerHoldsNobodyUp(t *testing.T) {
	story(t, func(h *house) {
		h.owner.slow = 10 * time.Second
		h.phones[sato] = simleg.Behaviour{RingAfter: time.Second, AnswerAfter: time.Second, Actions: []simleg.Action{{At: time.Second, HangUp: true}}}
		c, _ := h.place(call.Order{})
		c.Wait()
		h.want("call over after", h.after(), 3*time.Second)
		time.Sleep(time.Minute)
		h.want("callbacks, all of them and in order", h.owner.statuses(), "0 initiated, 1 ringing, 2 in-progress, 3 completed")
	})
}

func TestAFailedCallbackIsNotRepeated(t *testing.T) {
	story(t, func(h *house) {
		h.owner.deaf = true
		h.phones[sato] = simleg.Behaviour{Refuse: leg.Busy}
		c, _ := h.place(call.Order{})
		c.Wait()
		synctest.Wait()
		h.want("callbacks", h.owner.statuses(), "0 initiated, 1 ringing, 2 busy")
		h.want("ticked off", len(h.store.posted), 3)
	})
}

func TestWhatIsToldWasWrittenBefore(t *testing.T) {
	story(t, func(h *house) {
		h.store.delay = 5 * time.Millisecond
		h.phones[sato] = simleg.Behaviour{Refuse: leg.Busy, AnswerAfter: time.Second}
		var status []call.Status
		c, err := h.desk.Place(h.Context(), call.Order{Account: acct, To: number.Address{Scheme: number.Sim, Text: "sato"}, Heard: func(e call.Event) {
			if written := h.store.last().Status; written != e.Status && e.Status != call.Initiated {
				h.Errorf("told of %s while %s is written", e.Status, written)
			}
			status = append(status, e.Status)
		}})
		if err != nil {
			h.Fatal(err)
		}
		c.Wait()
		h.want("told", status, []call.Status{call.Initiated, call.Ringing, call.Busy})
	})
}

func TestAStoredOrderRingsAtOnce(t *testing.T) {
	story(t, func(h *house) {
		h.store.delay = 5 * time.Millisecond
		c, _ := h.place(call.Order{Stored: true})
		p := h.phone()
		h.want("INVITE after", h.after(), time.Duration(0))
		p.Refuse(leg.Busy)
		c.Wait()
		h.want("timeline", h.store.kinds(), "initiated ended")
	})
}

func TestAnOrderThatCannotBeStoredCallsNobody(t *testing.T) {
	story(t, func(h *house) {
		h.store.broken = errors.New("disk full")
		if _, err := h.desk.Place(h.Context(), call.Order{Account: acct, To: number.Address{Scheme: number.Sim, Text: "sato"}}); err == nil {
			h.Error("placed")
		}
		synctest.Wait()
		h.want("phones called", len(h.met), 0)
		h.want("calls", h.desk.Calls(), 0)
	})
}

// unsure is a store that keeps an order and whose answer is lost.
type unsure struct {
	*memory
	lost int // answers that will be
}

func (u *unsure) Change(ctx context.Context, c call.Change) error {
	err := u.memory.Change(ctx, c)
	if u.lost--; err == nil && u.lost >= 0 {
		return errors.New("the connection broke off")
	}
	return err
}

func (u *unsure) Call(_ context.Context, _ sid.Account, id sid.Call) (call.Record, error) {
	u.mu.Lock()
	defer u.mu.Unlock()
	for _, c := range slices.Backward(u.changes) {
		if c.Record.SID == id {
			return c.Record, nil
		}
	}
	return call.Record{}, call.ErrNotFound
}

// Whether an order was stored is not known, so nobody is called; if it was, the call does not stand as queued for ever.
func TestAnOrderWhoseAnswerIsLostIsClosed(t *testing.T) {
	story(t, func(h *house) {
		if _, err := h.desk.Place(h.Context(), call.Order{Account: acct, To: number.Address{Scheme: number.Sim, Text: "sato"}}); err == nil {
			h.Error("placed")
		}
		h.want("at first", h.store.last().Status, call.Queued)
		time.Sleep(time.Minute)
		h.want("then", h.store.last().Status, call.Failed)
		h.want("timeline", h.store.kinds(), "queued ended")
		h.want("phones called", len(h.met), 0)
	}, func(c *call.Config) { c.Store = &unsure{c.Store.(*memory), 1} })
}

// However long the database is away, a call that ended meanwhile is closed when it is back, with what it cost, and its
// owner was told at once.
func TestTheDatabaseIsAwayWhenACallEnds(t *testing.T) {
	story(t, func(h *house) {
		c, _ := h.place(call.Order{To: tel("+819011112222")})
		p := h.phone()
		p.Answer()
		time.Sleep(time.Second)
		h.store.fail(errors.New("connection refused"))
		p.HangUp()
		c.Wait()
		time.Sleep(time.Minute)
		h.want("the owner was told", h.owner.last().Get("CallStatus"), "completed")
		h.want("written so far", h.store.last().Status, call.InProgress)
		h.store.fail(nil)
		time.Sleep(time.Minute)
		h.want("written", h.store.last().Status, call.Completed)
		h.want("timeline", strings.HasSuffix(h.store.kinds(), "charged heard ended"), true)
		h.want("charges", h.store.charges(), "0 ntt 1s 8 JPY")
		h.want("callbacks, none twice", strings.Count(h.owner.statuses(), "completed"), 1)
	}, trunks(priced(ntt, "JPY", yen3m)), script(func(ctx context.Context, c *call.Call) error { return c.Sleep(ctx, time.Hour) }))
}

func TestTheDatabaseGoesAwayInTheMiddleOfACall(t *testing.T) {
	story(t, func(h *house) {
		c, heard := h.place(call.Order{})
		p := h.phone()
		p.Ring()
		synctest.Wait()
		h.store.fail(errors.New("connection reset"))
		p.Answer()
		time.Sleep(3 * time.Second) // the person goes on listening
		h.store.fail(nil)
		p.HangUp()
		r := c.Wait()
		synctest.Wait()
		h.want("heard", heard, "initiated, ringing, in-progress, completed hung-up")
		h.want("timeline, nothing lost", h.store.kinds(), "queued initiated ringing in-progress heard ended")
		h.want("callbacks, nothing lost", h.owner.statuses(), "0 initiated, 1 ringing, 2 in-progress, 3 completed")
		h.want("duration", r.Duration(), 3*time.Second)
	})
}

func TestKeysAreToldAndWritten(t *testing.T) {
	story(t, func(h *house) {
		h.phones[sato] = simleg.Behaviour{Actions: []simleg.Action{
			{At: 300 * time.Millisecond, Digits: "9"}, // the thumb that answered
			{At: 2 * time.Second, Digits: "1"}, {At: 3 * time.Second, HangUp: true}}}
		c, heard := h.place(call.Order{})
		c.Wait()
		h.want("heard", heard, "initiated, ringing, in-progress, in-progress key 1, completed hung-up")
		h.want("timeline", h.store.kinds(), "queued initiated ringing in-progress digit heard ended")
	})
}

func TestKeysArePressedAfterTheAnswerAndBeforeTheProgram(t *testing.T) {
	story(t, func(h *house) {
		c, _ := h.place(call.Order{SendDigits: "w12#"})
		p := h.phone()
		p.Answer()
		c.Wait()
		h.want("pressed", p.Digits(), "12#")
		h.want("over after", h.after(), 1100*time.Millisecond)
	}, script(func(context.Context, *call.Call) error { return nil }))
}

func TestTheTimeLimit(t *testing.T) {
	story(t, func(h *house) {
		h.phones[sato] = simleg.Behaviour{AnswerAfter: 5 * time.Second}
		c, heard := h.place(call.Order{TimeLimit: 30 * time.Second})
		r := c.Wait()
		h.want("duration", r.Duration(), 30*time.Second)
		h.want("heard", heard, "initiated, ringing, in-progress, completed completed by us")
	}, script(func(ctx context.Context, c *call.Call) error { return c.Sleep(ctx, time.Hour) }))
}

func TestAFaultInAScriptCostsOneCall(t *testing.T) {
	story(t, func(h *house) {
		h.phones[sato] = simleg.Behaviour{}
		c, _ := h.place(call.Order{})
		h.want("status", c.Wait().Status, call.Completed)
	}, script(func(context.Context, *call.Call) error { panic("nil map") }))
}

func TestWhoeverIsCalledSeesWhatTheRecordSays(t *testing.T) {
	for name, tc := range map[string]struct {
		from string
		by   map[string]string
		want string
	}{
		"the order's own":     {"+815012345678", nil, "+815012345678"},
		"left to the trunk":   {"", nil, "+815000000001"},
		"the plan's for it":   {"", map[string]string{"one": "+815000000002"}, "+815000000002"},
		"of another trunk's":  {"", map[string]string{"two": "+815000000002"}, "+815000000001"},
		"before the caller's": {"+815012345678", map[string]string{"one": "+815000000002"}, "+815000000002"},
	} {
		t.Run(name, func(t *testing.T) {
			story(t, func(h *house) {
				c, err := h.desk.Place(h.Context(), call.Order{
					Account: acct, To: tel("+819011112222"), From: tc.from, FromByTrunk: tc.by, Callback: call.Callback{URL: "https://owner.example/status"},
				})
				if err != nil {
					t.Fatal(err)
				}
				p := h.phone()
				p.Answer()
				time.Sleep(time.Second)
				p.HangUp()
				h.want("seen", p.Info().From, tc.want)
				h.want("kept", c.Wait().From, tc.want)
				time.Sleep(time.Second)
				h.want("told", h.owner.last().Get("From"), tc.want)
			}, trunks(trunk.Trunk{Name: "one", Server: "192.0.2.1", From: "+815000000001"}))
		})
	}
}
