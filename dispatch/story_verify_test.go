package dispatch_test

import (
	"context"
	"errors"
	"regexp"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/kaden-project/kaden/call"
	"github.com/kaden-project/kaden/dispatch"
	"github.com/kaden-project/kaden/leg"
	"github.com/kaden-project/kaden/phonetest"
)

var spokenCode = regexp.MustCompile(`code is (\d) (\d) (\d) (\d)`)

// code is what a phone was told.
func code(p *phonetest.Phone) string {
	for _, h := range p.Far().Heard() {
		if m := spokenCode.FindStringSubmatch(h.Caption); m != nil {
			return strings.Join(m[1:], "")
		}
	}
	return ""
}

func TestACodeIsSaidTwiceAndProvesTheAddress(t *testing.T) {
	tell(t, "", func(n *night) {
		id, err := n.d.Verify(n.t.Context(), "sato", "sim:sato", "console", false)
		n.must(err)
		sato := n.Phone("sato").Rings().Answers().HearsAll("Your code is").Hears("Your code is").IsHungUp()
		if _, err := n.d.VerifyCode(n.t.Context(), id, "12345"); !errors.Is(err, dispatch.ErrWrongCode) {
			t.Errorf("a wrong code: %v", err)
		}
		v, err := n.d.VerifyCode(n.t.Context(), id, code(sato))
		if err != nil || v.Person != "sato" || v.Tap != 1 || v.DND || v.At.IsZero() {
			t.Errorf("verification %+v, %v", v, err)
		}
		kept, err := n.store.Verifications(n.t.Context())
		if err != nil || len(kept) != 1 || kept[0].Address != "sim:sato" || kept[0].By != "console" {
			t.Errorf("kept: %+v, %v", kept, err)
		}
		if _, err := n.d.VerifyCode(n.t.Context(), id, code(sato)); !errors.Is(err, dispatch.ErrNotFound) {
			t.Errorf("the same code once more: %v", err)
		}
	})
}

func TestTheSecondTapComesThroughDoNotDisturb(t *testing.T) {
	tell(t, "", func(n *night) {
		id, err := n.d.Verify(n.t.Context(), "sato", "sim:sato", "console", true)
		n.must(err)
		sato := n.Phone("sato")
		first := sato.Rings().StopsRinging().RangAt()
		sato.Rings()
		if between := sato.RangAt().Sub(first); between < 35*time.Second || between > 36*time.Second {
			t.Errorf("the second call came %v after the first, want its ring time and 10 s", between)
		}
		sato.Answers().Hears("Your code is").Hears("Your code is").IsHungUp()
		v, err := n.d.VerifyCode(n.t.Context(), id, code(sato))
		if err != nil || v.Tap != 2 || !v.DND {
			t.Errorf("verification %+v, %v", v, err)
		}
		n.quiet(time.Minute)
	})
}

func TestACodeIsForgottenAfterTenMinutesAndFiveTries(t *testing.T) {
	tell(t, "", func(n *night) {
		verify := func() (string, string) {
			id, err := n.d.Verify(n.t.Context(), "sato", "sim:sato", "console", false)
			n.must(err)
			sato := n.Phone("sato").Rings().Answers().Hears("Your code is").Hears("Your code is").IsHungUp()
			time.Sleep(time.Second)
			return id, code(sato)
		}
		id, right := verify()
		for range 5 {
			if _, err := n.d.VerifyCode(n.t.Context(), id, "xxxx"); !errors.Is(err, dispatch.ErrWrongCode) {
				t.Fatalf("a wrong code: %v", err)
			}
		}
		if _, err := n.d.VerifyCode(n.t.Context(), id, right); !errors.Is(err, dispatch.ErrNotFound) {
			t.Errorf("the right code after five tries: %v", err)
		}
		id, right = verify()
		time.Sleep(11 * time.Minute)
		if _, err := n.d.VerifyCode(n.t.Context(), id, right); !errors.Is(err, dispatch.ErrNotFound) {
			t.Errorf("the right code after 11 minutes: %v", err)
		}
	})
}

func TestWhomNoCodeCanReach(t *testing.T) {
	tell(t, "", func(n *night) {
		var no *dispatch.NotSomebody
		for _, c := range [][2]string{{"nobody", "sim:nobody"}, {"sato", "sim:suzuki"}, {"sato", "not an address"}} {
			if _, err := n.d.Verify(n.t.Context(), c[0], c[1], "console", false); !errors.As(err, &no) {
				t.Errorf("%v: %v", c, err)
			}
		}
		n.alert("k", "disk full")
		sato := n.Phone("sato").Rings()
		if _, err := n.d.Verify(n.t.Context(), "sato", "sim:sato", "console", false); !errors.Is(err, dispatch.ErrOnThePhone) {
			t.Errorf("while their phone rings: %v", err)
		}
		sato.Answers().Hears("disk full").Presses("1").Hears("Recorded").IsHungUp()
		if _, err := n.d.VerifyCode(n.t.Context(), "vf-0", "1234"); !errors.Is(err, dispatch.ErrNotFound) {
			t.Errorf("a verification that does not exist: %v", err)
		}
	})
}

func TestAnAlertWaitsUntilTheCodeIsSaid(t *testing.T) { // one person, one line
	tell(t, "", func(n *night) {
		_, err := n.d.Verify(n.t.Context(), "sato", "sim:sato", "console", false)
		n.must(err)
		sato := n.Phone("sato").Rings().Answers().Hears("Your code is")
		id := n.alert("k", "disk full")
		sato.DoesNotRing(time.Second).IsHungUp()
		sato.Rings().Answers().Hears("disk full").Presses("1").Hears("Recorded").IsHungUp()
		n.is(id, dispatch.Acknowledged, "sato")
	})
}

func TestALinkIsProvedByItsToken(t *testing.T) {
	tell(t, "", func(n *night) {
		link, token := n.d.Link("al-1"), n.d.LinkToken("al-1")
		if link != "/a/al-1/"+token || len(token) < 32 || token == n.d.LinkToken("al-2") {
			t.Errorf("link %s, token %s", link, token)
		}
	})
}

func TestASoundIsGivenOutWithItsTokenOnly(t *testing.T) {
	tell(t, "", func(n *night) {
		for _, path := range []string{"/sounds/RE1/0123", "/sounds/RE1", "/codes/vf-1/0123", "/callouts/a/b"} {
			if reply, err := n.d.Ask(context.Background(), callAsk(path)); err != nil || reply.Status != 404 {
				t.Errorf("%s: %d, %v; want 404", path, reply.Status, err)
			}
		}
	})
}

// Whoever types the code while it is being said need not hear it again, even if the call then breaks down.
func TestACodeThatWasTypedIsNotSaidAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHouse(t, "")
		id, err := h.d.Verify(t.Context(), "sato", "sim:sato", "console", true)
		if err != nil {
			t.Fatal(err)
		}
		sato := h.rings("sato").ring()
		sato.lingers = true // it is still being said
		sato.answer().hears("Your code is")
		m := spokenCode.FindStringSubmatch(sato.heard[0])
		if _, err := h.d.VerifyCode(t.Context(), id, strings.Join(m[1:], "")); err != nil {
			t.Fatal(err)
		}
		sato.ends(call.Failed, leg.Failed, 200)
		h.after(time.Minute)
		h.quiet()
	})
}

// Rule 6 counts the calls that tell a code as well, and a restart forgets none of them.
func TestR6ARestartForgetsNoCallThatToldACode(t *testing.T) {
	tell(t, "", func(n *night) {
		for range dispatch.UsualPerHour {
			_, err := n.d.Verify(n.t.Context(), "sato", "sim:sato", "console", false)
			n.must(err)
			n.Phone("sato").Rings().Answers().HearsAll("Your code is").IsHungUp()
			time.Sleep(time.Second)
		}
		n.restart()
		if _, err := n.d.Verify(n.t.Context(), "sato", "sim:sato", "console", false); !errors.Is(err, dispatch.ErrTooOften) {
			t.Errorf("one more after a restart: %v", err)
		}
		time.Sleep(time.Hour)
		_, err := n.d.Verify(n.t.Context(), "sato", "sim:sato", "console", false)
		n.must(err)
		n.Phone("sato").Rings().Answers().HearsAll("Your code is").IsHungUp()
	})
}
