package voice_test

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/kaden-project/kaden/account"
	"github.com/kaden-project/kaden/phonetest"
)

// A number that asks callers who hide theirs for a key before anything else happens.
func screened(t *testing.T, door account.Door, tell func(h *phonetest.House, caller *phonetest.Phone)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		h := phonetest.New(t, func(s *phonetest.Setup) {
			s.Numbers = []account.Number{{
				Number: ours, Account: phonetest.Account, TwiML: `<Response><Say>Welcome.</Say><Dial>sim:sato</Dial></Response>`, Unknown: door,
			}}
		})
		caller := h.Phone("sip:anonymous@anonymous.invalid")
		caller.Calls("sip:" + ours + "@kaden.example")
		tell(h, caller)
	})
}

func TestACallerWithoutANumberPressesAKey(t *testing.T) {
	screened(t, account.Screen, func(h *phonetest.House, caller *phonetest.Phone) {
		caller.IsAnswered().Hears("おつなぎするには、1を押してください。").Hears("To be put through, press 1.").Presses("1").Hears("Welcome.").HangsUp()
	})
}

func TestAMachineThatCallsIsNotPutThrough(t *testing.T) {
	screened(t, account.Screen, func(h *phonetest.House, caller *phonetest.Phone) {
		caller.IsAnswered().Hears("press 1.").Waits(2 * time.Second).Presses("7").Hears("press 1.").IsHungUp()
		for _, heard := range caller.Far().Heard() {
			if heard.Caption == "Welcome." {
				t.Error("the machine was put through")
			}
		}
	})
}

func TestACallerWithoutANumberSaysANameAndTheCalledHearsIt(t *testing.T) {
	screened(t, account.Named, func(h *phonetest.House, caller *phonetest.Phone) {
		caller.IsAnswered().Hears("press 1.").Presses("1").HearsAll("please say your name.").Waits(time.Second).Says("I am Tanaka.").Hears("Welcome.")
		sato := h.Phone("sato").Rings().Answers().Hears("I am Tanaka.").Waits(3 * time.Second)
		caller.Says("Good evening.")
		sato.Hears("Good evening.").HangsUp()
	})
}

func TestACallerWhoSaysNoNameIsNotPutThrough(t *testing.T) {
	screened(t, account.Named, func(h *phonetest.House, caller *phonetest.Phone) {
		caller.IsAnswered().Hears("press 1.").Presses("1").Hears("say your name.").Waits(3 * time.Second).Hears("say your name.").IsHungUp()
		for _, heard := range caller.Far().Heard() {
			if heard.Caption == "Welcome." {
				t.Error("somebody without a name was put through")
			}
		}
	})
}
