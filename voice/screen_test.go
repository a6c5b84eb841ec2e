package voice_test

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/kaden-project/kaden/account"
	"github.com/kaden-project/kaden/phonetest"
)

// A number that asks callers who hide theirs for a key before anything else happens.
func screened(t *testing.T, tell func(h *phonetest.House, caller *phonetest.Phone)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		h := phonetest.New(t, func(s *phonetest.Setup) {
			s.Numbers = []account.Number{{
				Number: ours, Account: phonetest.Account, TwiML: `<Response><Say>Welcome.</Say></Response>`, Unknown: account.Screen,
			}}
		})
		caller := h.Phone("sip:anonymous@anonymous.invalid")
		caller.Calls("sip:" + ours + "@kaden.example")
		tell(h, caller)
	})
}

func TestACallerWithoutANumberPressesAKey(t *testing.T) {
	screened(t, func(h *phonetest.House, caller *phonetest.Phone) {
		caller.IsAnswered().Hears("おつなぎするには、1を押してください。").Hears("To be put through, press 1.").Presses("1").Hears("Welcome.").IsHungUp()
	})
}

func TestAMachineThatCallsIsNotPutThrough(t *testing.T) {
	screened(t, func(h *phonetest.House, caller *phonetest.Phone) {
		caller.IsAnswered().Hears("press 1.").Waits(2 * time.Second).Presses("7").Hears("press 1.").IsHungUp()
		for _, heard := range caller.Far().Heard() {
			if heard.Caption == "Welcome." {
				t.Error("the machine was put through")
			}
		}
	})
}
