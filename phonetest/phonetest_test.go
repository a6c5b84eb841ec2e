package phonetest_test

import (
	"fmt"
	"runtime"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/kaden-project/kaden/account"
	"github.com/kaden-project/kaden/call"
	"github.com/kaden-project/kaden/leg"
	"github.com/kaden-project/kaden/leg/simleg"
	"github.com/kaden-project/kaden/number"
	"github.com/kaden-project/kaden/phonetest"
	"github.com/kaden-project/kaden/trunk"
	"github.com/kaden-project/kaden/twiml"
)

var diskFull = twiml.New(
	twiml.NewGather("https://owner.example/took", 1, twiml.NewSay("en-US", "The disk is full on db01. Press 1.")),
	&twiml.Redirect{},
)

func TestSomebodyIsWokenUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		house := phonetest.New(t)
		house.Web.Serve("https://owner.example/took", `<Response><Say>Accepted. Good night.</Say></Response>`)
		sato := house.Phone("sato")
		c := house.Call("sato", diskFull)
		sato.Rings().Waits(5 * time.Second).Answers().Hears("disk").Hears("disk").Presses("1").HearsAll("Accepted").IsHungUp()
		if r := c.Wait(); r.Status != call.Completed || r.Answered.Sub(sato.RangAt()) != 5*time.Second {
			t.Errorf("record %+v", r)
		}
	})
}

func TestTwoAreRungAndOneTakesIt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		house := phonetest.New(t)
		house.Web.Serve("https://owner.example/took", `<Response/>`)
		sato, suzuki := house.Phone("sato"), house.Phone("suzuki")
		first := house.Call("sato", diskFull)
		second := house.Call("suzuki", diskFull)
		sato.Rings()
		suzuki.Rings().Answers().Hears("Press 1").Presses("1").IsHungUp()
		first.End(leg.Canceled)
		sato.StopsRinging()
		second.Wait()
		sato.DoesNotRing(time.Hour)
	})
}

func TestEverythingThatCanHappenToARing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		house := phonetest.New(t)
		sato := house.Phone("sato")
		for cause, does := range map[leg.Cause]func(){
			leg.Busy:        func() { sato.IsCalled().IsBusy() },
			leg.Rejected:    func() { sato.Rings().Declines() },
			leg.Unreachable: func() { sato.IsCalled().Refuses(leg.NoAnswer) },
			leg.HungUp:      func() { sato.Rings().Answers().HangsUp() },
		} {
			c := house.Call("sato", diskFull)
			does()
			if r := c.Wait(); r.Cause != cause {
				t.Errorf("cause %q, want %q", r.Cause, cause)
			}
		}
	})
}

func TestSomebodyCallsIn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		house := phonetest.New(t, func(s *phonetest.Setup) {
			s.Numbers = []account.Number{{Account: phonetest.Account, Number: "support", TwiML: `<Response><Say>Welcome.</Say></Response>`}}
		})
		house.Phone("tanaka").Calls("sim:support").IsAnswered().HearsAll("Welcome").IsHungUp()
		house.Phone("tanaka").Calls("sim:nobody").IsRefused(leg.Invalid)
	})
}

func TestRobots(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		house := phonetest.New(t, func(s *phonetest.Setup) {
			s.Trunks = []trunk.Trunk{{Name: "ntt", Server: "ntt.example"}}
		})
		house.Behaves("sip:+819011112222@ntt.example", simleg.Behaviour{RingAfter: time.Second, AnswerAfter: 2 * time.Second, Actions: []simleg.Action{{At: 8 * time.Second, HangUp: true}}})
		r := house.Place(call.Order{To: number.Address{Scheme: number.Tel, Number: "+819011112222"}, Program: call.Program{TwiML: diskFull.String()}}).Wait()
		if r.Duration() != 8*time.Second || r.Trunk != "ntt" {
			t.Errorf("record %+v", r)
		}
		if kinds := len(house.Book.Events()); kinds != 6 {
			t.Errorf("%d events, want 6: %v", kinds, house.Book.Events())
		}
	})
}

// silentTB catches what a story reports, to see that wrong stories fail.
type silentTB struct {
	testing.TB
	said    []string
	cleanup []func()
}

func (s *silentTB) Helper()                   {}
func (s *silentTB) Cleanup(f func())          { s.cleanup = append(s.cleanup, f) }
func (s *silentTB) Error(a ...any)            { s.said = append(s.said, fmt.Sprint(a...)) }
func (s *silentTB) Errorf(f string, a ...any) { s.said = append(s.said, fmt.Sprintf(f, a...)) }
func (s *silentTB) Fatalf(f string, a ...any) { s.Errorf(f, a...); runtime.Goexit() }

func TestWrongStoriesFail(t *testing.T) {
	for _, tc := range []struct {
		name  string
		story func(h *phonetest.House)
		want  string
	}{
		{"a call nobody expects", func(h *phonetest.House) {
			c := h.Call("sato", diskFull)
			time.Sleep(time.Second)
			c.End(leg.Canceled)
		}, "sato's phone was called, and nothing in the story expects it"},
		{"a phone left ringing", func(h *phonetest.House) { h.Call("sato", diskFull); h.Phone("sato").Rings() }, "1 calls were not over"},
		{"other words", func(h *phonetest.House) {
			h.Call("sato", twiml.New(twiml.NewSay("", "All is well.")))
			h.Phone("sato").Rings().Answers().Hears("disk")
		}, "sato does not hear \"disk\"; heard:\n\tAll is well."},
		{"a phone that does not ring", func(h *phonetest.House) { h.Phone("sato").Rings() }, "sato's phone did not ring"},
		{"a call that was given up, not hung up", func(h *phonetest.House) {
			h.Call("sato", diskFull)
			h.Phone("sato").Rings().IsHungUp()
		}, `sato's call ended for "canceled", want hung-up`},
		{"a call that was answered, not given up", func(h *phonetest.House) {
			c := h.Call("sato", diskFull)
			p := h.Phone("sato").Rings().Answers()
			c.Complete()
			p.StopsRinging()
		}, `sato's phone stopped for "hung-up", want canceled`},
		{"a story without a call", func(h *phonetest.House) { h.Phone("sato").Answers() }, "sato has no call"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := &silentTB{TB: t}
				done := make(chan struct{})
				go func() {
					defer close(done)
					tc.story(phonetest.New(s))
				}()
				<-done
				for _, f := range s.cleanup {
					f()
				}
				if got := strings.Join(s.said, "\n"); !strings.Contains(got, tc.want) {
					t.Errorf("the story said %q, want %q", got, tc.want)
				}
			})
		})
	}
}

func TestTheSameInRealTime(t *testing.T) {
	house := phonetest.New(t)
	house.Web.Serve("https://owner.example/took", `<Response><Say>OK</Say></Response>`)
	sato := house.Phone("sato")
	c := house.Place(call.Order{To: number.Address{Scheme: number.Sim, Text: "sato"}, Program: call.Program{TwiML: diskFull.String()}})
	sato.Rings().Answers().Hears("disk").Presses("1").HearsAll("OK").IsHungUp()
	c.Wait()
}
