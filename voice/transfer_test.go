package voice_test

import (
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/kaden-project/kaden/account"
	"github.com/kaden-project/kaden/leg/simleg"
	"github.com/kaden-project/kaden/phonetest"
)

const (
	alice = "sip:alice@office.example"
	refer = "https://owner.example/refer"
)

// office is a house with a domain of its own: a number that calls alice, and a desk over which she calls tanaka.
func office(t *testing.T, tell func(h *phonetest.House)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		h := phonetest.New(t, func(s *phonetest.Setup) {
			s.Domain = "office.example"
			s.Numbers = []account.Number{
				{Number: ours, Account: phonetest.Account, TwiML: `<Response><Dial action="` + over + `"><Sip>` + alice + `</Sip></Dial></Response>`},
				{Number: "desk", Account: phonetest.Account, TwiML: `<Response><Dial><Number>sim:tanaka</Number></Dial></Response>`},
			}
		})
		tell(h)
	})
}

// An attended transfer: alice talks to sato, calls tanaka, and joins the two.
func TestAPhoneJoinsItsTwoCalls(t *testing.T) {
	office(t, func(h *phonetest.House) {
		sato, tanaka, phone := h.Phone("sato"), h.Phone("tanaka"), h.Phone(alice)
		sato.Calls(ours).IsAnswered()
		first := phone.Rings().Answers().Waits(time.Second).Far()
		phone.Calls("sim:desk")
		tanaka.Rings().Answers()
		second := phone.IsAnswered().Waits(time.Second).Far()
		first.Refer(simleg.Referral{Target: "sip:tanaka@office.example", Replaces: second.Info().CallID})
		<-first.Over()
		<-second.Over()
		sato.Waits(time.Second).Says("hello")
		tanaka.Hears("hello").Says("good evening")
		sato.Hears("good evening").Waits(time.Second)
		tanaka.HangsUp()
		sato.IsHungUp()
		want(t, "alice is told", first.Told(), "[100 200]")
		want(t, "the action", told(h, over, "DialCallStatus"), "")
	})
}

// Nobody joins a call of somebody else's phone, nor one on which nobody talks.
func TestAPhoneJoinsOnlyItsOwnCalls(t *testing.T) {
	for name, second := range map[string]func(h *phonetest.House) (callID string, done func()){
		"a call that is not there": func(*phonetest.House) (string, func()) { return "nobody", func() {} },
		"another's call": func(h *phonetest.House) (string, func()) {
			bob := h.Phone("sip:bob@office.example").Calls("sim:desk")
			tanaka := h.Phone("tanaka").Rings().Answers()
			return bob.IsAnswered().Far().Info().CallID, func() { tanaka.HangsUp() }
		},
		"a call that still rings": func(h *phonetest.House) (string, func()) {
			phone := h.Phone(alice).Calls("sim:desk")
			tanaka := h.Phone("tanaka").Rings()
			return phone.Far().Info().CallID, func() { tanaka.IsBusy() }
		},
	} {
		t.Run(name, func(t *testing.T) {
			office(t, func(h *phonetest.House) {
				sato, phone := h.Phone("sato"), h.Phone(alice)
				sato.Calls(ours).IsAnswered()
				first := phone.Rings().Answers().Waits(time.Second).Far()
				id, done := second(h)
				first.Refer(simleg.Referral{Target: "sip:tanaka@office.example", Replaces: id})
				sato.Waits(time.Second).Says("still here?")
				want(t, "alice is told", first.Told(), "[603]")
				if s := first.State(); !s.Ended.IsZero() {
					t.Errorf("the first call is over: %s", s.Cause)
				}
				done()
				first.HangUp()
				sato.IsHungUp().Waits(time.Second)
				said := ""
				for _, n := range h.Notices() {
					said += n.Problem.String()
				}
				if !strings.Contains(said, "join two calls") {
					t.Errorf("nothing is said: %s", said)
				}
			})
		})
	}
}

// Who gives the call away may be gone at once, or while the other is being connected; the caller may be.
func TestHangingUpInTheMiddleOfATransfer(t *testing.T) {
	for name, c := range map[string]struct {
		attributes string
		leave      func(sato, suzuki, bob *phonetest.Phone)
		want       string // of the action
	}{
		"who gives it away, at once": {"", func(sato, suzuki, bob *phonetest.Phone) {
			suzuki.HangsUp()
			bob.Rings().Answers().Says("bob here")
			sato.Hears("bob here").HangsUp()
		}, ""},
		"who gives it away, while it rings": {`answerOnBridge="true"`, func(sato, suzuki, bob *phonetest.Phone) {
			bob.Rings()
			suzuki.Hears("waiting sound").HangsUp().Waits(time.Second)
			bob.Answers().Says("bob here")
			sato.Hears("bob here").HangsUp()
		}, ""},
		"who gives it away, and nobody comes": {`answerOnBridge="true"`, func(sato, suzuki, bob *phonetest.Phone) {
			bob.Rings()
			suzuki.Hears("waiting sound").HangsUp().Waits(time.Second)
			bob.IsBusy()
			sato.HearsAll("It is over.")
		}, "completed"},
		"the caller, while it rings": {`answerOnBridge="true"`, func(sato, suzuki, bob *phonetest.Phone) {
			bob.Rings()
			sato.HangsUp()
			bob.StopsRinging()
			suzuki.IsHungUp()
		}, "completed"},
	} {
		t.Run(name, func(t *testing.T) {
			switchboard(t, `<Response><Dial action="`+over+`" referUrl="`+refer+`" `+c.attributes+`><Sip>sip:suzuki@office.example</Sip></Dial></Response>`, func(h *phonetest.House) {
				h.Web.Serve(refer, `<Response><Dial><Sip>sip:bob@other.example</Sip></Dial></Response>`)
				sato, suzuki, bob := h.Phone("sato"), h.Phone("sip:suzuki@office.example"), h.Phone("sip:bob@other.example")
				sato.Calls(ours)
				suzuki.Rings().Answers().Says("one moment")
				sato.Hears("one moment")
				suzuki.Far().Refer(simleg.Referral{Target: "sip:bob@other.example"})
				c.leave(sato, suzuki, bob)
				bob.Waits(2 * time.Second)
				want(t, "the action", told(h, over, "DialCallStatus"), c.want)
				want(t, "whom", told(h, refer, "ReferTransferTarget"), "sip:bob@other.example")
				want(t, "calls left", h.Desk.Calls(), 0)
			})
		})
	}
}

// A phone that asks twice is answered twice, and a call that was given away can be given away again.
func TestACallIsGivenOnTwice(t *testing.T) {
	switchboard(t, `<Response><Dial answerOnBridge="true" referUrl="`+refer+`"><Sip>sip:suzuki@office.example</Sip></Dial></Response>`, func(h *phonetest.House) {
		h.Web.Serve(refer, `<Response><Dial answerOnBridge="true" referUrl="`+refer+`2"><Sip>sip:bob@other.example</Sip></Dial></Response>`)
		h.Web.Serve(refer+"2", `<Response><Dial>sim:tanaka</Dial></Response>`)
		sato, suzuki, bob, tanaka := h.Phone("sato"), h.Phone("sip:suzuki@office.example"), h.Phone("sip:bob@other.example"), h.Phone("tanaka")
		sato.Calls(ours)
		suzuki.Rings().Answers().Waits(time.Second).Far().Refer(simleg.Referral{Target: "sip:bob@other.example"})
		bob.Rings().IsBusy()
		suzuki.Waits(time.Second).Says("he is busy")
		sato.Hears("he is busy")
		want(t, "suzuki is told", suzuki.Far().Told(), "[100 480]")
		suzuki.Far().Refer(simleg.Referral{Target: "sip:bob@other.example"})
		bob.Rings().Answers().Says("bob here")
		suzuki.IsHungUp()
		want(t, "suzuki is told", suzuki.Far().Told(), "[100 200]")
		sato.Hears("bob here")
		bob.Far().Refer(simleg.Referral{Target: "sim:tanaka"})
		tanaka.Rings().Answers().Says("tanaka here")
		bob.IsHungUp()
		sato.Hears("tanaka here").HangsUp()
		tanaka.IsHungUp()
	})
}
