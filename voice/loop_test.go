package voice_test

import (
	"fmt"
	"runtime"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/kaden-project/kaden/call"
	"github.com/kaden-project/kaden/leg/simleg"
	"github.com/kaden-project/kaden/phonetest"
)

// loop is Twilio's way to ring until somebody answers without a server: nine people one after another, and
// as the tenth our own number, which begins again.
func loop(h *phonetest.House) string {
	var b strings.Builder
	b.WriteString(`<Response><Dial sequential="true" timeout="10">`)
	for i := range 9 {
		fmt.Fprintf(&b, "<Number>sim:p%d</Number>", i+1)
		h.Behaves(fmt.Sprintf("p%d", i+1), simleg.Behaviour{AnswerAfter: simleg.Never})
	}
	b.WriteString(`<Number>` + ours + `</Number></Dial></Response>`)
	return b.String()
}

const round = 9 * 10 * time.Second

// P6 by TwiML alone. A round holds its calls, their goroutines and what this house notes of the nine who
// were called: about 115 KB, and more where races are looked for.
func TestALoopRingsUntilSomebodyAnswers(t *testing.T) {
	switchboard(t, "", func(h *phonetest.House) {
		h.Numbers[0].TwiML = loop(h)
		caller := h.Phone("caller")
		caller.Calls(ours).Hears("ringback").Waits(20 * round)
		synctest.Wait()
		twenty := inUse()
		want(t, "calls after 20 rounds", h.Desk.Calls(), 1+2*20+1) // the last rings somebody
		caller.Waits(20 * round)
		synctest.Wait()
		each := (inUse() - twenty) / 20
		t.Logf("a round holds %d bytes", each)
		if each > aRound {
			t.Errorf("a round holds %d bytes, more than %d", each, aRound)
		}
		h.Behaves("p3", simleg.Behaviour{AnswerAfter: 5 * time.Second, Actions: []simleg.Action{
			{At: time.Second, Say: phonetest.Words("p3 here")}, {At: 2 * time.Second, Digits: "5"}, {At: 20 * time.Second, HangUp: true},
		}})
		caller.Waits(20*time.Second + 6500*time.Millisecond)
		synctest.Wait()
		heard := caller.Far().Heard()
		last := heard[len(heard)-1]
		if last.Caption != "p3 here" {
			t.Fatalf("the caller hears %q", last.Caption)
		}
		// Forty calls to ourselves stand between the two, and none of them has a clock.
		if late := last.From.Sub(p3Spoke(t, h)); late < 0 || late > 60*time.Millisecond {
			t.Errorf("words arrive after %v", late)
		}
		caller.Waits(2 * time.Second)
		want(t, "keys through forty calls", caller.Far().Digits(), "5")
		caller.IsHungUp()
		synctest.Wait()
		want(t, "calls left", h.Desk.Calls(), 0)
	})
}

// p3Spoke is when p3 said its word: a second after it answered.
func p3Spoke(t *testing.T, h *phonetest.House) time.Time {
	all, _, _ := h.Book.Calls(t.Context(), call.Filter{Status: call.InProgress})
	for _, r := range all {
		if r.To == "sim:p3" {
			return r.Answered.Add(time.Second)
		}
	}
	t.Fatal("p3 is not on the phone")
	return time.Time{}
}

// inUse is the memory of objects and stacks.
func inUse() int64 {
	runtime.GC()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc + m.StackInuse)
}

func TestALoopThatRingsNobodyEnds(t *testing.T) {
	switchboard(t, `<Response><Dial>`+ours+`</Dial></Response>`, func(h *phonetest.House) {
		h.Phone("caller").Calls(ours).IsHungUp()
		synctest.Wait()
		var last string
		for _, n := range h.Notices() {
			last = n.Problem.Text
		}
		if !strings.Contains(last, fmt.Sprintf("inside %d calls to our own numbers", call.MostNested)) {
			t.Errorf("the last notice is %q", last)
		}
		want(t, "calls left", h.Desk.Calls(), 0)
	})
}

func TestTheCallerLeavesALoop(t *testing.T) {
	switchboard(t, "", func(h *phonetest.House) {
		h.Numbers[0].TwiML = loop(h)
		caller := h.Phone("caller")
		caller.Calls(ours).Waits(20 * round)
		caller.HangsUp().Waits(time.Second)
		want(t, "calls left", h.Desk.Calls(), 0)
	})
}

func TestOurNumberIsReachedFromWithin(t *testing.T) {
	switchboard(t, `<Response><Gather numDigits="1" action="`+over+`"><Say>Welcome.</Say></Gather></Response>`, func(h *phonetest.House) {
		sato := h.Phone("sato")
		h.Web.Serve("https://owner.example/forward", `<Response><Dial>`+ours+`</Dial></Response>`)
		h.CallURL("sato", "https://owner.example/forward")
		sato.Rings().Answers().HearsAll("Welcome.").Waits(time.Second)
		sato.Presses("7").HearsAll("It is over.").IsHungUp()
		want(t, "what the number was told", told(h, over, "Digits", "From", "To", "Direction"), "7 "+ours+" "+ours+" inbound")
	})
}
