package call_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/kaden-project/kaden/call"
	"github.com/kaden-project/kaden/leg"
	"github.com/kaden-project/kaden/leg/simleg"
	"github.com/kaden-project/kaden/trunk"
)

var full = simleg.Behaviour{RingAfter: simleg.Never, AnswerAfter: 10 * time.Millisecond, Refuse: leg.Congested}

func numbered(i int) string { return fmt.Sprintf("+8190111100%02d", i) }

func TestATrunkThatFailedIsLeftAlone(t *testing.T) {
	story(t, func(h *house) {
		h.phones[overNTT] = full
		one, _ := h.place(call.Order{To: tel("+819011112222")})
		a := h.phone()
		h.want("the second trunk is asked after", h.after(), 10*time.Millisecond)

		// The next call does not even try: the trunk is known to be down.
		other, _ := h.place(call.Order{To: tel("+819011112222")})
		b := h.phone()
		h.want("over", b.Info().To, overKDDI)
		h.want("at once", h.after(), 10*time.Millisecond)

		// A second later one call finds out; another that comes meanwhile goes elsewhere.
		time.Sleep(time.Second)
		delete(h.phones, overNTT)
		probe, _ := h.place(call.Order{To: tel("+819011112222")})
		c := h.phone()
		h.want("the probe goes over", c.Info().To, overNTT)
		next, _ := h.place(call.Order{To: tel("+819011112222")})
		d := h.phone()
		h.want("and nobody else", d.Info().To, overKDDI)
		c.Ring()
		synctest.Wait()
		last, _ := h.place(call.Order{To: tel("+819011112222")})
		e := h.phone()
		h.want("it rang: all is well", e.Info().To, overNTT)
		for _, p := range []*simleg.Phone{a, b, c, d, e} {
			p.Ring()
			p.Refuse(leg.Busy)
		}
		for _, c := range []*call.Call{one, other, probe, next, last} {
			c.Wait()
		}
	}, trunks(ntt, kddi))
}

func TestRetryAfterIsHeeded(t *testing.T) {
	story(t, func(h *house) {
		h.phones[overNTT] = full
		h.place(call.Order{To: tel("+819011112222")})
		h.phone().Refuse(leg.Busy)
		time.Sleep(29 * time.Second)
		h.place(call.Order{To: tel("+819011112222")})
		p := h.phone()
		h.want("still elsewhere", p.Info().To, overKDDI)
		p.Refuse(leg.Busy)
		time.Sleep(time.Second)
		delete(h.phones, overNTT)
		h.place(call.Order{To: tel("+819011112222")})
		p = h.phone()
		h.want("now it is asked again", p.Info().To, overNTT)
		p.Refuse(leg.Busy)
	}, trunks(ntt, kddi), func(c *call.Config) {
		for s, d := range c.Dialers {
			c.Dialers[s] = comesBack{d}
		}
	})
}

// comesBack says Retry-After: 30 with each refusal for lack of room.
type comesBack struct{ leg.Dialer }

func (d comesBack) Dial(ctx context.Context, to leg.Target, o leg.Options) (leg.Leg, error) {
	l, err := d.Dialer.Dial(ctx, to, o)
	if err != nil {
		return nil, err
	}
	events := make(chan leg.Event, 64)
	go func() {
		defer close(events)
		for e := range l.Events() {
			if e.Cause == leg.Congested {
				e.RetryAfter = 30 * time.Second
			}
			events <- e
		}
	}()
	return relayed{l, events}, nil
}

// Every trunk of a number is down: it is our own fault, an ordinary call does not even leave the house, a critical
// one tries, one at a time, and people are told once of each trunk, and once that it is back.
func TestEveryTrunkIsDown(t *testing.T) {
	story(t, func(h *house) {
		h.phones[overNTT], h.phones[overKDDI] = full, full
		try := func(urgent bool) (call.Record, string) {
			var text string
			c, err := h.desk.Place(h.Context(), call.Order{Account: acct, To: tel("+819011112222"), From: "+815012345678", Urgent: urgent,
				Heard: func(e call.Event) { text = e.Text }})
			if err != nil {
				t.Fatal(err)
			}
			return c.Wait(), text
		}
		first, _ := try(false)
		h.want("our own fault", call.Ours(first.Cause), true)
		second, why := try(false)
		h.want("our own fault", second.Cause, leg.Fault)
		h.want("it did not leave the house", second.Started.IsZero(), true)
		if !strings.Contains(why, "every trunk that reaches this number is down: trunk ntt: the last call failed") || !strings.Contains(why, "trunk kddi") {
			t.Errorf("it says %q", why)
		}
		for range 8 { // twenty seconds of a critical alert
			r, _ := try(true)
			h.want("our own fault", call.Ours(r.Cause), true)
			time.Sleep(2500 * time.Millisecond)
		}
		said := h.store.said("notice.raised")
		if strings.Count(said, "trunk-down trunk ntt is down") != 1 || strings.Count(said, "trunk-down trunk kddi is down") != 1 || strings.Contains(said, "back") {
			t.Errorf("people are told:\n%s", said)
		}
		states := h.desk.Trunks()
		if s := states[0]; s.Name != "ntt" || s.Health.Score() > 10 || !s.Health.Down() || s.Busy != 0 || s.Waiting != 0 {
			t.Errorf("ntt: %+v", s)
		}

		delete(h.phones, overNTT)
		c, _ := h.place(call.Order{To: tel("+819011112222"), Urgent: true})
		p := h.phone()
		p.Ring()
		p.Refuse(leg.Busy)
		c.Wait()
		said = h.store.said("notice.raised")
		if strings.Count(said, "trunk-back trunk ntt works again") != 1 || strings.Count(said, "kddi") != 1 {
			t.Errorf("people are told:\n%s", said)
		}
		if strings.Contains(h.log.String(), "9011112222") {
			t.Error("the log has a whole number")
		}
	}, trunks(ntt, kddi))
}

// Twenty people at once over a trunk that is down: one call tries, nobody hammers it.
func TestOneCallFindsOutForAll(t *testing.T) {
	story(t, func(h *house) {
		h.phones["sip:+819011110000@one.example"] = full
		a, _ := h.place(call.Order{To: tel(numbered(0))})
		a.Wait()
		time.Sleep(time.Second) // its rest is over
		var calls []*call.Call
		for i := range 20 {
			c, _ := h.place(call.Order{To: tel(numbered(i + 1)), Urgent: true})
			calls = append(calls, c)
		}
		probe := h.phone()
		synctest.Wait()
		h.want("others dialled", len(h.met), 0)
		h.want("they wait for what comes of it", h.desk.Trunks()[0].Waiting, 19)
		probe.Refuse(leg.Congested)
		for _, c := range calls {
			h.want("our own fault", call.Ours(c.Wait().Cause), true)
		}
		h.want("others dialled", len(h.met), 0)

		// Again, and this time it works: all go.
		time.Sleep(2 * time.Second)
		calls = nil
		for i := range 20 {
			c, _ := h.place(call.Order{To: tel(numbered(i + 1))})
			calls = append(calls, c)
		}
		h.phone().Ring()
		synctest.Wait()
		h.want("all others dialled", len(h.met), 19)
		for _, c := range calls {
			c.Cancel()
			c.Wait()
		}
	}, trunks(trunk.Trunk{Name: "one", Server: "one.example"}))
}

// A probe that is given up before it can tell must not keep the others waiting for ever.
func TestAProbeThatIsGivenUp(t *testing.T) {
	story(t, func(h *house) {
		h.phones[overNTT] = full
		a, _ := h.place(call.Order{To: tel("+819011112222")})
		a.Wait()
		delete(h.phones, overNTT)
		time.Sleep(time.Second)
		probe, _ := h.place(call.Order{To: tel("+819011112222")})
		h.phone()
		next, _ := h.place(call.Order{To: tel("+819011112222")})
		synctest.Wait()
		probe.Cancel()
		probe.Wait()
		p := h.phone()
		p.Ring()
		p.Refuse(leg.Busy)
		h.want("the next one was dialled", next.Wait().Cause, leg.Busy)
	}, trunks(ntt))
}

// A trunk whose password was mended is not left alone for what the old one did.
func TestAMendedTrunkStartsAfresh(t *testing.T) {
	mended := ntt
	story(t, func(h *house) {
		h.phones[overNTT] = full
		a, _ := h.place(call.Order{To: tel("+819011112222")})
		a.Wait()
		delete(h.phones, overNTT)
		mended.Password = "another"
		b, _ := h.place(call.Order{To: tel("+819011112222")})
		p := h.phone()
		p.Refuse(leg.Busy)
		h.want("it rang through", b.Wait().Cause, leg.Busy)
	}, func(c *call.Config) { c.Trunks = func() []trunk.Trunk { return []trunk.Trunk{mended} } })
}

func TestCriticalCallsOvertake(t *testing.T) {
	story(t, func(h *house) {
		a, _ := h.place(call.Order{To: tel(numbered(0))})
		first := h.phone()
		var text string
		warning := call.Order{Account: acct, To: tel(numbered(1)), From: "+815012345678", Heard: func(e call.Event) {
			if e.Status == call.Queued {
				text = e.Text
			}
		}}
		b, err := h.desk.Place(h.Context(), warning)
		if err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		c, _ := h.place(call.Order{To: tel(numbered(2)), Urgent: true})
		d, _ := h.place(call.Order{To: tel(numbered(3)), Urgent: true})
		synctest.Wait()
		h.want("places in the queue", []int{a.Place(), b.Place(), c.Place(), d.Place()}, []int{0, 3, 1, 2})
		h.want("the warning was told", text, "waiting for a line on one, place 1 in the queue")
		h.want("the queue is seen", h.desk.Trunks()[0].Waiting, 3)
		first.Refuse(leg.Busy)
		for _, want := range []struct {
			c *call.Call
			i int
		}{{c, 2}, {d, 3}, {b, 1}} {
			p := h.phone()
			h.want("dialled", p.Info().To, "sip:"+numbered(want.i)+"@one.example")
			p.Refuse(leg.Busy)
			want.c.Wait()
			h.want("its place", want.c.Place(), 0)
		}
		a.Wait()
	}, trunks(trunk.Trunk{Name: "one", Server: "one.example", Channels: 1}))
}

func TestOneCallASecondForEachNumberOrAccount(t *testing.T) {
	for per, want := range map[string]string{
		"":               "0s a, 1s b, 2s a", // of one trunk
		trunk.PerNumber:  "0s a, 0s b, 1s a",
		trunk.PerAccount: "0s a, 1s b, 2s a",
	} {
		t.Run("per "+per, func(t *testing.T) {
			story(t, func(h *house) {
				for _, from := range []string{"a", "b", "a"} {
					h.place(call.Order{To: tel("+819011112222"), From: from})
					synctest.Wait()
				}
				var got []string
				for range 3 {
					p := h.phone()
					got = append(got, fmt.Sprintf("%v %s", h.after(), p.Info().From))
					p.Refuse(leg.Busy)
				}
				h.want("went out", strings.Join(got, ", "), want)
			}, trunks(trunk.Trunk{Name: "slow", Server: "slow.example", Interval: time.Second, Per: per}))
		})
	}
	story(t, func(h *house) { // two trunks of one account
		for range 2 {
			h.place(call.Order{To: tel("+819011112222")})
		}
		for i := range 2 {
			p := h.phone()
			h.want("went out after", h.after(), time.Duration(i)*time.Second)
			p.Refuse(leg.Busy)
		}
	}, trunks(trunk.Trunk{Name: "a", Server: "x.example", Interval: time.Second, Per: trunk.PerAccount},
		trunk.Trunk{Name: "b", Server: "x.example", Interval: time.Second, Per: trunk.PerAccount}))
}

// Who waits for a line of a trunk that is full gets another one as soon as its rest is over.
func TestARestThatEndsLetsThoseWhoWaitGo(t *testing.T) {
	one := trunk.Trunk{Name: "one", Server: "one.example", Channels: 1}
	story(t, func(h *house) {
		h.phones[overNTT] = full
		first, _ := h.place(call.Order{To: tel("+819011112222")}) // refused by ntt, then on the one channel
		a := h.phone()
		delete(h.phones, overNTT)
		second, _ := h.place(call.Order{To: tel("+819011112222")})
		b := h.phone()
		h.want("over", b.Info().To, overNTT)
		h.want("when its second of rest was over", h.after(), 10*time.Millisecond+time.Second)
		a.Refuse(leg.Busy)
		b.Refuse(leg.Busy)
		first.Wait()
		second.Wait()
	}, trunks(ntt, one))
}

// Nothing bad is known of a trunk that nobody has called over. That is no proof that it works; a call that rings is, until the
// trunk leads somewhere else.
func TestATrunkIsProvenByACallThatItCarries(t *testing.T) {
	at := ntt
	story(t, func(h *house) {
		proven := func(what string, want bool) {
			t.Helper()
			h.want(what, h.desk.Trunks()[0].Proven, want)
		}
		proven("at the start", false)
		c, _ := h.place(call.Order{To: tel("+819011112222")})
		p := h.phone()
		proven("dialled", false)
		p.Ring()
		synctest.Wait()
		proven("it rings", true)
		p.Refuse(leg.Busy)
		c.Wait()
		proven("later", true)
		at.Server = "sip:elsewhere.example"
		proven("with another server", false)
	}, func(c *call.Config) { c.Trunks = func() []trunk.Trunk { return []trunk.Trunk{at} } })
}
