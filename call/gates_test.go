package call_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
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

// gatebook is a call.Gates in memory, which a story may make slow or break. It is shared by all desks that have it.
type gatebook struct {
	mu     sync.Mutex
	last   map[string]trunk.Last
	fates  map[string]call.TrunkFate
	slow   time.Duration
	broken error
	skew   time.Duration // of its clock
	asked  int
}

func (b *gatebook) Pass(ctx context.Context, gate string, interval, after time.Duration, unused time.Time) (opens, place time.Time, err error) {
	now := time.Now()
	next, err := b.next(gate, interval, after, unused)
	select {
	case <-time.After(b.slow):
	case <-ctx.Done():
		return opens, place, ctx.Err()
	}
	return now.Add(next.At.Sub(next.Asked)), next.At, err
}

func (b *gatebook) next(gate string, interval, after time.Duration, unused time.Time) (trunk.Last, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.asked++
	if b.last == nil {
		b.last = map[string]trunk.Last{}
	}
	b.last[gate] = b.last[gate].Next(time.Now().Add(b.skew), interval, after, unused)
	return b.last[gate], b.broken
}

func (b *gatebook) KeepTrunk(_ context.Context, f call.TrunkFate) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.fates == nil {
		b.fates = map[string]call.TrunkFate{}
	}
	if b.fates[f.Name] = f; f.Health.Failed == 0 {
		delete(b.fates, f.Name)
	}
	return b.broken
}

func (b *gatebook) FailedTrunks(context.Context) (all []call.TrunkFate, err error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, f := range b.fates {
		all = append(all, f)
	}
	return all, b.broken
}

func gates(b *gatebook) func(*call.Config) { return func(c *call.Config) { c.Gates = b } }

// another is a second process with the same phones, trunks and gates.
func (h *house) another() *call.Desk {
	cfg := h.cfg
	cfg.Node = "b"
	return call.New(slog.New(slog.NewJSONHandler(h.writer, nil)), cfg)
}

func end(h *house, d *call.Desk) {
	h.Helper()
	if err := d.Shutdown(h.Context()); err != nil {
		h.Errorf("shutdown: %v", err)
	}
}

func by(h *house, d *call.Desk, n int, urgent bool) *call.Call {
	h.Helper()
	c, err := d.Place(h.Context(), call.Order{Account: acct, To: tel(numbered(n)), From: "+815012345678", Urgent: urgent})
	if err != nil {
		h.Fatal(err)
	}
	return c
}

var slow = trunk.Trunk{Name: "slow", Server: "slow.example", Interval: time.Second}

// Two processes with one database: together they send one call a second, each its urgent ones first.
func TestTwoProcessesKeepThePaceOfATrunk(t *testing.T) {
	b := &gatebook{slow: 2 * time.Millisecond}
	story(t, func(h *house) {
		other := h.another()
		for i := range 4 {
			by(h, h.desk, i, false)
			by(h, other, 10+i, false)
		}
		var urgent []time.Duration
		last := time.Duration(-1)
		for i := range 10 {
			if i == 2 {
				time.Sleep(300 * time.Millisecond)
				by(h, h.desk, 5, true)
				by(h, other, 15, true)
			}
			p := h.phone()
			at := h.after()
			if gap := at - last; last >= 0 && (gap < 998*time.Millisecond || gap > 1002*time.Millisecond) {
				h.Errorf("%s was dialled %v after the one before", p.Info().To, gap)
			}
			last = at
			if to := p.Info().To; strings.Contains(to, "05@") || strings.Contains(to, "15@") {
				urgent = append(urgent, at)
			}
			p.Refuse(leg.Busy)
		}
		if len(urgent) != 2 || urgent[1] > 4*time.Second {
			h.Errorf("the urgent calls were dialled after %v", urgent)
		}
		end(h, other)
	}, trunks(slow), gates(b))
}

// Somebody dies a moment after the INVITE has left, and starts again: the carrier still gets one call a second.
func TestARestartKeepsThePace(t *testing.T) {
	b := &gatebook{}
	story(t, func(h *house) {
		by(h, h.desk, 0, true)
		h.phone().Refuse(leg.Busy)
		h.want("the first call leaves at once", h.after(), time.Duration(0))
		time.Sleep(300 * time.Millisecond)
		next := h.another()
		by(h, next, 1, true)
		h.phone().Refuse(leg.Busy)
		h.want("the first call of the next life", h.after(), time.Second)
		end(h, next)
	}, trunks(slow), gates(b))
}

// A trunk without an interval asks nobody, and one with an interval asks once a call.
func TestOnlyATrunkWithAnIntervalAsksTheStore(t *testing.T) {
	b := &gatebook{}
	story(t, func(h *house) {
		for i := range 5 {
			by(h, h.desk, i, false)
			h.phone().Refuse(leg.Busy)
		}
		synctest.Wait()
		h.want("the store was asked", b.asked, 0)
	}, trunks(trunk.Trunk{Name: "wide", Server: "wide.example"}), gates(b))
	story(t, func(h *house) {
		for i := range 5 {
			by(h, h.desk, i, false)
		}
		for range 5 {
			h.phone().Refuse(leg.Busy)
		}
		synctest.Wait()
		h.want("the store was asked", b.asked, 5)
		h.want("the last call left after", h.after(), 4*time.Second)
		synctest.Wait()
		h.want("the timeline says who waited", strings.Count(h.store.said("call.queued"), "waiting for a line on slow, place"), 4)
	}, trunks(slow), gates(b))
}

// While the store is asked nobody is told to wait, and the preferred trunk is not passed over for it.
func TestAnOpenGateIsNotWaitedForInWords(t *testing.T) {
	story(t, func(h *house) {
		var text []string
		order := call.Order{Account: acct, To: tel(numbered(0)), From: "+815012345678", Heard: func(e call.Event) { text = append(text, string(e.Status)+e.Text) }}
		if _, err := h.desk.Place(h.Context(), order); err != nil {
			h.Fatal(err)
		}
		p := h.phone()
		h.want("dialled", p.Info().To, "sip:"+numbered(0)+"@slow.example")
		h.want("when it was written down", h.after(), 8*time.Millisecond)
		by(h, h.desk, 1, false)
		q := h.phone()
		h.want("the next one goes over the other trunk", q.Info().To, "sip:"+numbered(1)+"@wide.example")
		h.want("at once", h.after(), 8*time.Millisecond)
		synctest.Wait()
		h.want("heard", text, "[initiated]")
		p.Refuse(leg.Busy)
		q.Refuse(leg.Busy)
	}, trunks(slow, trunk.Trunk{Name: "wide", Server: "wide.example"}), gates(&gatebook{slow: 8 * time.Millisecond}))
}

// The store is away, or does not answer: calls go all the same, at the pace this process knows.
func TestAStoreThatIsAwayHoldsNoCallUp(t *testing.T) {
	for name, c := range map[string]struct {
		book  *gatebook
		first time.Duration
	}{
		"away":       {&gatebook{broken: errors.New("connection refused")}, 0},
		"no answer":  {&gatebook{slow: time.Hour}, time.Second},
		"slow a bit": {&gatebook{slow: 100 * time.Millisecond}, 100 * time.Millisecond},
	} {
		t.Run(name, func(t *testing.T) {
			story(t, func(h *house) {
				for i := range 3 {
					by(h, h.desk, i, false)
				}
				for i := range 3 {
					h.phone().Refuse(leg.Busy)
					h.want("left after", h.after(), c.first+time.Duration(i)*time.Second)
				}
				synctest.Wait()
				if said := h.log.String(); strings.Contains(said, "is not shared") != (name != "slow a bit") || strings.Contains(said, "815012345678") {
					h.Errorf("the log says:\n%s", said)
				}
			}, trunks(slow), gates(c.book))
		})
	}
}

// The database's clock jumps: nobody waits for an hour, and no two calls leave together.
func TestTheDatabasesClockJumps(t *testing.T) {
	for _, jump := range []time.Duration{time.Hour, -time.Hour} {
		t.Run(jump.String(), func(t *testing.T) {
			b := &gatebook{}
			story(t, func(h *house) {
				for i := range 4 {
					by(h, h.desk, i, false)
				}
				for i := range 4 {
					h.phone().Refuse(leg.Busy)
					h.want("left after", h.after(), time.Duration(i)*time.Second)
					if i == 1 {
						b.mu.Lock()
						b.skew = jump
						b.mu.Unlock()
					}
				}
			}, trunks(slow), gates(b))
		})
	}
}

// A call that leaves the queue gives its place to the next one; a place that nobody used is not missed by who comes later.
func TestAPlaceIsTheProcesssAndNoCalls(t *testing.T) {
	story(t, func(h *house) {
		by(h, h.desk, 0, false)
		h.phone().Refuse(leg.Busy)
		gone := by(h, h.desk, 1, false)
		next := by(h, h.desk, 2, false)
		synctest.Wait()
		gone.Cancel()
		gone.Wait()
		p := h.phone()
		h.want("dialled", p.Info().To, "sip:"+numbered(2)+"@slow.example")
		h.want("at the place that was the other's", h.after(), time.Second)
		p.Refuse(leg.Busy)
		next.Wait()

		gone = by(h, h.desk, 3, false)
		synctest.Wait()
		gone.Cancel()
		gone.Wait()
		time.Sleep(1500 * time.Millisecond) // its place has passed
		by(h, h.desk, 4, false)
		h.phone().Refuse(leg.Busy)
		h.want("the next one leaves at once", h.after(), 2500*time.Millisecond)
	}, trunks(slow), gates(&gatebook{}))
}

// What is known of a trunk that is down outlives the process: its rest, and that people were told. Through another
// door it starts afresh.
func TestATrunkThatIsDownIsKnownAfterARestart(t *testing.T) {
	b := &gatebook{}
	mended := ntt
	story(t, func(h *house) {
		h.phones[overNTT] = full
		for range 3 {
			c, _ := h.place(call.Order{To: tel("+819011112222"), Urgent: true})
			c.Wait()
			time.Sleep(time.Second)
		}
		h.want("people were told", strings.Count(h.store.said("notice.raised"), "trunk-down"), 1)
		synctest.Wait()

		next := h.another()
		if err := next.Recall(h.Context()); err != nil {
			h.Fatal(err)
		}
		s := next.Trunks()[0]
		h.want("after a restart", fmt.Sprintf("%s after %d: %s", s.Health.State(time.Now()), s.Health.Failed, s.Health.Why), "resting after 3: refused by the simulated phone (it is full, or restricts calls: a second trunk would carry them)")
		c := by(h, next, 1, false)
		h.want("an ordinary call does not leave the house", c.Wait().Cause, leg.Fault)
		h.phones["sip:"+numbered(2)+"@"+ntt.Server] = full
		c = by(h, next, 2, true)
		c.Wait()
		h.want("people are told again", strings.Count(h.store.said("notice.raised"), "trunk-down"), 1)

		time.Sleep(time.Minute)
		c = by(h, next, 3, false)
		h.phone().Refuse(leg.Busy)
		h.want("it works again", c.Wait().Cause, leg.Busy)
		h.want("people were told that it is back", strings.Count(h.store.said("notice.raised"), "trunk-back"), 1)
		synctest.Wait()
		h.want("and nothing bad is known of it any more", len(b.fates), 0)
		end(h, next)

		// Down again, and started with the right password.
		h.phones[overNTT] = full
		c, _ = h.place(call.Order{To: tel("+819011112222"), Urgent: true})
		c.Wait()
		synctest.Wait()
		h.want("it is known to fail", len(b.fates), 1)
		mended.Password = "another"
		last := h.another()
		if err := last.Recall(h.Context()); err != nil {
			h.Fatal(err)
		}
		c = by(h, last, 4, false)
		h.phone().Refuse(leg.Busy)
		h.want("it is tried at once", c.Wait().Cause, leg.Busy)
		end(h, last)
	}, func(c *call.Config) { c.Trunks = func() []trunk.Trunk { return []trunk.Trunk{mended} } }, gates(b))
}

// All trunks rest, the gate of the one that a critical call would try is shut: it waits for that second, and is not
// told that there is no way.
func TestACriticalCallWaitsForTheGateOfATrunkThatRests(t *testing.T) {
	story(t, func(h *house) {
		h.phones["sip:"+numbered(0)+"@slow.example"] = simleg.Behaviour{RingAfter: simleg.Never, AnswerAfter: 10 * time.Millisecond, Refuse: leg.Congested}
		c := by(h, h.desk, 0, true)
		c.Wait()
		time.Sleep(700 * time.Millisecond)
		c = by(h, h.desk, 1, true)
		p := h.phone()
		h.want("dialled after", h.after(), time.Second)
		p.Ring()
		p.Refuse(leg.Busy)
		h.want("it ended", c.Wait().Cause, leg.Busy)
	}, trunks(slow), gates(&gatebook{}))
}
