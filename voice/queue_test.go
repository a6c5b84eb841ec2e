package voice_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/kaden-project/kaden/account"
	"github.com/kaden-project/kaden/call"
	"github.com/kaden-project/kaden/leg/simleg"
	"github.com/kaden-project/kaden/phonetest"
)

const (
	waits   = "https://owner.example/wait"
	queued  = "https://owner.example/queued" // the action of those who wait
	support = "https://owner.example/support"
	agent   = "https://owner.example/agent"
	greets  = "https://owner.example/greets"
)

// helpdesk is a house in which support puts callers into a queue, and agent takes them out.
func helpdesk(t *testing.T, enqueue, dial string, tell func(h *phonetest.House)) {
	t.Helper()
	house(t, func(t *testing.T, h *phonetest.House) {
		h.Web.Serve(support, `<Response><Enqueue action="`+queued+`" `+enqueue+`>support</Enqueue></Response>`)
		h.Web.Serve(agent, `<Response><Dial action="`+over+`" `+dial+`><Queue url="`+greets+`">support</Queue></Dial></Response>`)
		h.Web.Serve(waits, `<Response><Say>Please wait.</Say><Pause length="10"/></Response>`)
		h.Web.Serve(queued, `<Response><Say>Thank you.</Say></Response>`)
		h.Web.Serve(over, `<Response><Say>It is over.</Say></Response>`)
		h.Web.Serve(greets, `<Response><Say>You are put through.</Say></Response>`)
		tell(h)
	})
}

// answers lets somebody pick up a call that runs what is at url.
func answers(h *phonetest.House, who, url string) *phonetest.Phone {
	p := h.Phone(who)
	h.CallURL(who, url)
	return p.Rings().Answers()
}

func TestWhoWaitsIsTakenInTurn(t *testing.T) {
	helpdesk(t, `waitUrl="`+waits+`"`, "", func(h *phonetest.House) {
		sato := answers(h, "sato", support).HearsAll("Please wait").Waits(7 * time.Second)
		suzuki := answers(h, "suzuki", support).Hears("Please wait").Waits(20 * time.Second)
		clerk := answers(h, "clerk", agent)
		sato.HearsAll("You are put through")
		clerk.Waits(time.Second).Says("How can I help?")
		sato.Hears("How can I help?").Says("It burns")
		clerk.Hears("It burns").Waits(2 * time.Second).HangsUp()
		sato.HearsAll("Thank you").IsHungUp()
		next := answers(h, "colleague", agent)
		suzuki.HearsAll("You are put through").Waits(time.Second).HangsUp()
		next.HearsAll("It is over").IsHungUp()

		first := told(h, waits, "QueuePosition", "QueueTime", "AvgQueueTime", "CurrentQueueSize", "MaxQueueSize", "CallStatus")
		if !strings.HasPrefix(first, "1 0 0 1 1000 in-progress, 2 0 4 2 1000 in-progress, 1 11 7 2 1000 in-progress") {
			t.Errorf("the waiting documents are told %s", first)
		}
		want(t, "greetings", told(h, greets, "DequeingCallSid", "QueueTime"), func() string {
			var all []string
			for i, who := range []string{"clerk", "colleague"} {
				all = append(all, fmt.Sprintf("%s %d", sidOf(t, h, who), []int{29, 25}[i]))
			}
			return strings.Join(all, ", ")
		}())
		want(t, "actions of who waited", told(h, queued, "QueueResult", "QueueTime", "CallStatus"), "bridged 30 in-progress, bridged 26 completed")
		want(t, "actions of the clerks", told(h, over, "DialCallStatus", "DialBridged", "DequeueResult", "DequeuedCallSid", "DequeuedCallQueueTime", "CallStatus"),
			"completed true bridged "+sidOf(t, h, "sato")+" 30 completed, completed true bridged "+sidOf(t, h, "suzuki")+" 26 in-progress")
	})
}

// sidOf is the identifier of the call to somebody.
func sidOf(t *testing.T, h *phonetest.House, who string) string {
	t.Helper()
	list, _, err := h.Book.Calls(t.Context(), call.Filter{})
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range list {
		if r.To == "sim:"+who {
			return string(r.SID)
		}
	}
	t.Fatalf("nobody called %s", who)
	return ""
}

func TestAnAgentWaitsForTheFirstWhoComes(t *testing.T) {
	helpdesk(t, "", `timeout="60"`, func(h *phonetest.House) {
		early := answers(h, "early", support).Hears("waiting sound") // makes the queue
		early.HangsUp().Waits(time.Second)
		clerk := answers(h, "clerk", agent).Hears("ring").Waits(30 * time.Second)
		sato := answers(h, "sato", support).HearsAll("You are put through")
		clerk.Waits(time.Second).Says("Hello")
		sato.Hears("Hello").HangsUp()
		clerk.HearsAll("It is over").IsHungUp()
		want(t, "actions", told(h, queued, "QueueResult", "CallStatus"), "hangup completed, bridged completed")
	})
}

func TestNobodyWaits(t *testing.T) {
	helpdesk(t, "", `timeout="10"`, func(h *phonetest.House) {
		answers(h, "early", support).Hears("waiting sound").HangsUp().Waits(time.Second)
		answers(h, "clerk", agent).HearsAll("It is over").IsHungUp()
		want(t, "action", told(h, over, "DialCallStatus", "DialBridged", "DequeueResult"), "no-answer false queue-empty")
	})
}

func TestWhoLeavesAQueueGoesOn(t *testing.T) {
	helpdesk(t, `waitUrl="`+waits+`"`, "", func(h *phonetest.House) {
		h.Web.Serve(waits, `<Response><Gather numDigits="1" timeout="3" action="/left"><Say>Press 1 to leave.</Say></Gather><Dial>+81901111</Dial></Response>`)
		h.Web.Serve("https://owner.example/left", `<Response><Leave/></Response>`)
		sato := answers(h, "sato", support).HearsAll("Press 1").HearsAll("Press 1").Presses("1").HearsAll("Thank you").IsHungUp()
		want(t, "action", told(h, queued, "QueueResult"), "leave")
		want(t, "heard", sato.Far().Heard()[len(sato.Far().Heard())-1].Caption, "Thank you.")
		if n := fmt.Sprint(h.Notices()); !strings.Contains(n, "<Dial> cannot stand in a document") {
			t.Errorf("notices: %s", n)
		}
	})
}

func TestADocumentMayHangUpOnWhoWaits(t *testing.T) {
	helpdesk(t, `waitUrl="`+waits+`"`, "", func(h *phonetest.House) {
		h.Web.Serve(waits, `<Response><Say>We are closed.</Say><Hangup/></Response>`)
		answers(h, "sato", support).HearsAll("closed").IsHungUp()
		want(t, "action", told(h, queued, "QueueResult", "CallStatus"), "hangup completed")
	})
}

func TestAWaitingDocumentThatFailsCostsNobodyTheirPlace(t *testing.T) {
	for name, page := range map[string]string{"gone": "", "empty": `<Response/>`, "in circles": `<Response><Redirect/></Response>`} {
		t.Run(name, func(t *testing.T) {
			helpdesk(t, `waitUrl="https://owner.example/music"`, "", func(h *phonetest.House) {
				if page != "" {
					h.Web.Serve("https://owner.example/music", page)
				}
				sato := answers(h, "sato", support)
				if name == "in circles" { // fifty times, and then the call ends
					sato.IsHungUp()
					return
				}
				sato.Waits(9500 * time.Millisecond)
				clerk := answers(h, "clerk", agent)
				sato.HearsAll("You are put through").HangsUp()
				clerk.IsHungUp()
				if n := strings.Count(told(h, "https://owner.example/music", "QueueSid"), "QU"); n > 12 {
					t.Errorf("asked %d times in ten seconds", n)
				}
			})
		})
	}
}

func TestAnAgentWhoGivesUpLosesNobody(t *testing.T) {
	helpdesk(t, `waitUrl=""`, "", func(h *phonetest.House) {
		h.Web.Serve(greets, `<Response><Say>`+strings.Repeat("You are put through. ", 10)+`</Say></Response>`)
		sato := answers(h, "sato", support).Waits(5 * time.Second)
		clerk := answers(h, "clerk", agent)
		sato.Hears("put through")
		clerk.HangsUp().Waits(time.Second)
		another := answers(h, "another", agent)
		sato.Hears("put through").Waits(20 * time.Second).HangsUp()
		another.HearsAll("It is over").IsHungUp()
		want(t, "action", told(h, queued, "QueueResult"), "bridged")
		if heard := sato.Far().Heard(); len(heard) != 2 || !heard[0].Cut || heard[1].Cut {
			t.Errorf("heard %v", heard)
		}
	})
}

func TestAWaitingCallThatIsRedirectedTellsItsAction(t *testing.T) {
	helpdesk(t, `waitUrl="`+waits+`"`, "", func(h *phonetest.House) {
		h.Web.Serve("https://owner.example/elsewhere", `<Response><Say>Elsewhere.</Say></Response>`)
		sato := h.Phone("sato")
		c := h.CallURL("sato", support)
		sato.Rings().Answers().Hears("Please wait")
		if err := c.Redirect(call.Program{URL: "https://owner.example/elsewhere"}); err != nil {
			t.Error(err)
		}
		sato.HearsAll("Elsewhere").IsHungUp()
		synctest.Wait()
		want(t, "action", told(h, queued, "QueueResult", "CallStatus"), "redirected in-progress")
	})
}

func TestADialOfAQueueIsRecordedAndEndsByStar(t *testing.T) {
	helpdesk(t, "", `record="record-from-answer" hangupOnStar="true"`, func(h *phonetest.House) {
		sato := answers(h, "sato", support).Hears("waiting sound")
		clerk := answers(h, "clerk", agent)
		sato.HearsAll("You are put through")
		clerk.Waits(3 * time.Second).Presses("*").HearsAll("It is over").IsHungUp()
		sato.HearsAll("Thank you").IsHungUp()
		want(t, "action", told(h, over, "DialCallStatus", "RecordingDuration", "DequeuedCallDuration"), "completed 3 3")
	})
}

// unanswered is a leg of a caller who is gone in the moment in which we pick up.
type unanswered struct{ *simleg.Leg }

func (unanswered) Answer(context.Context) error { return errors.New("the call has ended") }

func TestWhoIsTakenOutOfAQueueBySomebodyWhoIsGoneIsNotLeftInSilence(t *testing.T) {
	helpdesk(t, "", `answerOnBridge="true"`, func(h *phonetest.House) {
		h.Numbers = []account.Number{{Number: "desk", Account: phonetest.Account, URL: agent}}
		sato := answers(h, "sato", support).Hears("waiting sound")
		l, _ := simleg.Call(context.Background(), simleg.Incoming{From: "sim:clerk", To: "sim:desk"})
		h.Desk.Accept(unanswered{l})
		sato.HearsAll("You are put through").HearsAll("Thank you").IsHungUp()
		want(t, "action of who waited", told(h, queued, "QueueResult"), "bridged")
		want(t, "action of the clerk", told(h, over, "DialCallStatus", "DialBridged", "DequeueResult"), "failed false error")
	})
}
