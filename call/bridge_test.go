package call_test

import (
	"context"
	"errors"
	"slices"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/kaden-project/kaden/account"
	"github.com/kaden-project/kaden/call"
	"github.com/kaden-project/kaden/leg"
	"github.com/kaden-project/kaden/leg/loopleg"
	"github.com/kaden-project/kaden/leg/simleg"
	"github.com/kaden-project/kaden/media"
	"github.com/kaden-project/kaden/number"
	"github.com/kaden-project/kaden/sid"
	"github.com/kaden-project/kaden/trunk"
)

func words(text string) media.Source {
	return media.NewClip(make([]int16, media.Rate), text).Source()
}

// joining is a script that calls sato, joins the two, and gives the bridge and each side's reason to leave.
func joining(star bool, left chan<- string) call.Script {
	return func(ctx context.Context, c *call.Call) error {
		if err := c.Answer(ctx); err != nil {
			return err
		}
		b, caller, called := call.NewBridge()
		if b.Why() != nil {
			return errors.New("somebody has left an empty bridge")
		}
		picked := make(chan struct{})
		child, err := c.Child(ctx, call.Order{To: number.Address{Scheme: number.Sim, Text: "sato"}, From: "+815012345678", Script: func(ctx context.Context, c *call.Call) error {
			close(picked)
			err := c.Talk(ctx, called, false)
			left <- "sato: " + err.Error()
			return nil
		}})
		if err != nil {
			return err
		}
		<-picked
		err = c.Talk(ctx, caller, star)
		left <- "caller: " + err.Error()
		if !errors.Is(err, call.ErrOtherLeft) && !errors.Is(b.Why(), err) {
			left <- "the bridge says " + b.Why().Error()
		}
		child.Part(call.Ending{Cause: leg.Completed, Reason: "over"})
		return c.Sleep(ctx, time.Second)
	}
}

func TestTwoCallsHearEachOther(t *testing.T) {
	left := make(chan string, 4)
	story(t, func(h *house) {
		p := calls(h, "sip:support@kaden.example", simleg.Incoming{})
		sato := h.phone()
		sato.Ring()
		sato.Answer()
		time.Sleep(time.Second)
		p.Say(words("hello"))
		sato.Say(words("sato here"))
		time.Sleep(2 * time.Second)
		h.want("the caller hears", p.Heard()[0].Caption, "sato here")
		h.want("sato hears", sato.Heard()[0].Caption, "hello")
		p.Press("12")
		sato.Press("*")
		time.Sleep(time.Second)
		h.want("keys at sato's", sato.Digits(), "12")
		h.want("keys at the caller's", p.Digits(), "*")
		sato.HangUp()
		<-p.Over()
		synctest.Wait()
		h.want("the caller saw", p.State().Cause, leg.HungUp)
		h.want("who left", []string{<-left, <-left}, []string{"sato: the call is over", "caller: the other side has left"})
	}, support, script(joining(false, left)))
}

// A phone of ours is told that who it talks to holds; whoever is somewhere else is told nothing.
func TestHoldIsPassedOnToOurOwnPhones(t *testing.T) {
	left := make(chan string, 4)
	story(t, func(h *house) {
		p := calls(h, "sip:support@kaden.example", simleg.Incoming{Phone: "kimura@office.example.jp"})
		sato := h.phone()
		sato.Answer()
		time.Sleep(time.Second)
		for _, on := range []bool{true, false, true} {
			sato.Hold(on)
			p.Hold(on)
			time.Sleep(time.Second)
			h.want("our phone is on hold", p.State().OnHold, on)
			h.want("somebody elsewhere is told", sato.State().OnHold, false)
		}
		sato.HangUp()
		<-p.Over()
	}, support, script(joining(false, left)))
}

func TestStarLeavesTheBridge(t *testing.T) {
	left := make(chan string, 4)
	story(t, func(h *house) {
		p := calls(h, "sip:support@kaden.example", simleg.Incoming{})
		sato := h.phone()
		sato.Answer()
		time.Sleep(time.Second)
		p.Press("*")
		<-sato.Over()
		h.want("sato saw", sato.State().Cause, leg.HungUp)
		<-p.Over()
		synctest.Wait()
		first, second := <-left, <-left
		if strings.HasPrefix(first, "sato") {
			first, second = second, first
		}
		h.want("who left", first+"; "+second, "caller: * was pressed; sato: the other side has left")
	}, support, script(joining(true, left)))
}

func TestKeysOfSomebodyWhoCannotTakeThem(t *testing.T) {
	left := make(chan string, 4)
	story(t, func(h *house) {
		p := calls(h, "sip:support@kaden.example", simleg.Incoming{})
		sato := h.phone()
		sato.Answer()
		time.Sleep(time.Second)
		p.Press(strings.Repeat("1", 60)) // at five a second, who is called gets the first half
		time.Sleep(30 * time.Second)
		if n := len(sato.Digits()); n < 30 || n > 60 {
			h.Errorf("%d keys arrived", n)
		}
		p.HangUp()
		<-sato.Over()
	}, support, script(joining(false, left)))
}

// own is a house whose number is reached from within.
func own(desk **call.Desk) func(*call.Config) {
	return func(c *call.Config) {
		support(c)
		c.Own = &loopleg.Dialer{Accept: func(l leg.Leg) { (*desk).Accept(l) }}
	}
}

func TestOurOwnNumberNeedsNoTrunk(t *testing.T) {
	var desk *call.Desk
	story(t, func(h *house) {
		desk = h.desk
		c, _ := h.place(call.Order{To: tel("+815012345678"), From: "+819011112222", Headers: map[string]string{"X-A": "1"}})
		r := c.Wait()
		synctest.Wait()
		h.want("status", r.Status, call.Completed)
		h.want("trunk", r.Trunk, "")
		both := strings.Fields(h.store.kinds()) // of two calls, each on its own goroutine
		slices.Sort(both)
		h.want("records", both, "[ended ended in-progress in-progress initiated queued ringing ringing]")
	}, own(&desk), script(func(ctx context.Context, c *call.Call) error {
		if err := c.Answer(ctx); err != nil {
			return err
		}
		if c.Record().Direction == call.Inbound && (!c.Owns("+815012345678") || c.Owns("+819011112222") || !c.Owns("+815099998888") || !c.Owns("+819077776666")) {
			t.Error("the house does not know its own numbers")
		}
		if !c.Reaches(number.Sim) || c.Reaches(number.Client) {
			t.Error("the house does not know whom it reaches")
		}
		return c.Play(ctx, words("welcome"))
	}), trunks(trunk.Trunk{Name: "ntt", Server: "sip.ntt.example", From: "+815099998888"}), func(c *call.Config) {
		c.Shows = func(_ sid.Account, number string) bool { return number == "+819077776666" } // verified
	})
}

// A number is shown by the calls of its account alone: neither by those of another one below the same roof, nor, while it is
// nobody's, by anybody's.
func TestWhoseNumberACallMayShow(t *testing.T) {
	owners := map[string]sid.Account{"+815012345678": acct, "+815012345679": "ACbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb", "+815012345680": ""}
	story(t, func(h *house) {
		c, _ := h.place(call.Order{})
		for number, whose := range owners {
			if got := c.Owns(number); got != (whose == acct) {
				t.Errorf("%s of %q: may be shown: %v", number, whose, got)
			}
		}
		h.phone().Refuse(leg.Busy)
		c.Wait()
	}, func(c *call.Config) {
		c.Numbers = func(called string) (account.Number, bool) {
			whose, ok := owners[called]
			return account.Number{Number: called, Account: whose}, ok
		}
	})
}

func TestACallToOurselvesLeavesNoGhost(t *testing.T) {
	var desk *call.Desk
	x := &exorcist{}
	story(t, func(h *house) {
		if err := h.desk.EndGhost(h.Context(), call.Order{SID: "CA1", To: tel("+815012345678")}, "", nil); err != nil {
			h.Error(err)
		}
		h.want("what was sent", x.story(), "")
	}, own(&desk), trunks(ntt), func(c *call.Config) { c.Dialers[number.SIP] = x })
}

func TestCallsToOurselvesEnd(t *testing.T) {
	var desk *call.Desk
	story(t, func(h *house) {
		desk = h.desk
		l, p := simleg.Call(h.Context(), simleg.Incoming{From: "sim:a", To: "sim:support", Headers: map[string]string{"X-Kaden-Nested": strconv.Itoa(call.MostNested)}})
		h.desk.Accept(l)
		<-p.Over()
		synctest.Wait()
		h.want("the last record", h.store.last().Direction, call.Inbound)
	}, own(&desk), script(func(ctx context.Context, c *call.Call) error {
		child, err := c.Child(ctx, call.Order{To: tel("+815012345678")})
		if err != nil {
			return err
		}
		if r := child.Wait(); r.Status != call.Failed || r.Cause != leg.Fault {
			t.Errorf("%+v", r)
		}
		return nil
	}))
}

func TestAStrangersDepthIsNothing(t *testing.T) {
	var desk *call.Desk
	for _, v := range []string{"", "x", "-5"} {
		story(t, func(h *house) {
			desk = h.desk
			l, p := simleg.Call(h.Context(), simleg.Incoming{From: "sim:a", To: "sim:support", Headers: map[string]string{"X-Kaden-Nested": v}})
			h.desk.Accept(l)
			<-p.Over()
			synctest.Wait()
			h.want("the last status", h.store.last().Status, call.Completed)
		}, own(&desk), script(func(ctx context.Context, c *call.Call) error {
			if c.Record().From == "sim:a" {
				child, err := c.Child(ctx, call.Order{To: tel("+815012345678"), From: "+819011112222"})
				if err != nil {
					return err
				}
				child.Wait()
			}
			return c.Answer(ctx)
		}))
	}
}

func TestASIPUserIsFoundWhateverFollowsTheHost(t *testing.T) {
	story(t, func(h *house) {
		p := calls(h, "sip:support@kaden.example;transport=udp", simleg.Incoming{})
		<-p.Over()
		synctest.Wait()
		h.want("status", h.store.last().Status, call.Completed)
	}, support, script(func(ctx context.Context, c *call.Call) error { return c.Answer(ctx) }))
}

func TestAScriptPlaysAndListens(t *testing.T) {
	story(t, func(h *house) {
		c, _ := h.place(call.Order{FirstWord: 800 * time.Millisecond})
		sato := h.phone()
		sato.Answer()
		time.Sleep(2500 * time.Millisecond)
		sato.Press("7")
		r := c.Wait()
		h.want("heard", sato.Heard()[0].Caption+", "+sato.Heard()[1].Caption, "one, two")
		h.want("cut short by the key", sato.Heard()[1].Cut, true)
		h.want("pressed at sato's", sato.Digits(), "5")
		h.want("status", r.Status, call.Completed)
		<-c.Done()
	}, script(func(ctx context.Context, c *call.Call) error {
		if err := c.Play(ctx, words("one")); err != nil {
			return err
		}
		key, err := c.PlayOrKey(ctx, media.Repeat(0, func() media.Source { return words("two") }))
		if err != nil || key != "7" {
			return errors.New("no key")
		}
		if key, err := c.Key(ctx, time.Second); key != "" || err != nil {
			t.Errorf("key %q, %v", key, err)
		}
		return c.SendDigits(ctx, "5")
	}))
}

func TestWordsAreHeardOutWhenOtherTwiMLTakesOver(t *testing.T) {
	story(t, func(h *house) {
		c, _ := h.place(call.Order{Script: func(ctx context.Context, c *call.Call) error {
			loud := media.Repeat(0, func() media.Source { return media.Tone(time.Hour, -10, 400) })
			return c.Play(ctx, loud)
		}})
		sato := h.phone()
		sato.Answer()
		time.Sleep(time.Second)
		began := time.Now()
		if err := c.Redirect(call.Program{TwiML: "other"}); err != nil {
			h.Fatal(err)
		}
		c.Wait()
		if took := time.Since(began); took < time.Second || took > 2*time.Second {
			h.Errorf("the end came after %v", took)
		}
	}, script(func(ctx context.Context, c *call.Call) error {
		if got := c.Record().Program.TwiML; got != "other" {
			t.Errorf("the order's script was not followed by the desk's: %q", got)
		}
		return nil
	}))
}
