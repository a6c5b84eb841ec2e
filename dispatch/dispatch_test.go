package dispatch_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/kaden-project/kaden/alert"
	"github.com/kaden-project/kaden/dispatch"
	"github.com/kaden-project/kaden/leg"
	"github.com/kaden-project/kaden/number"
	"github.com/kaden-project/kaden/timeline"
)

func story(t *testing.T, plan string, f func(h *house)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		h := newHouse(t, plan)
		f(h)
		h.stop()
	})
}

const together = `
plan: default
steps:
  - call: [sato, suzuki, tanaka]
    order: together
`

func TestTheFirstKeyTakesItAndTheOthersStopRinging(t *testing.T) {
	story(t, together, func(h *house) {
		got := h.alert("db01/disk", "disk full")
		sato, suzuki, tanaka := h.rings("sato").ring(), h.rings("suzuki").ring(), h.rings("tanaka").ring()
		suzuki.answer().hears("disk full")
		tanaka.answer() // her voicemail silences nobody
		sato.answer().hears("Press 1").press("1").hears("Recorded")
		h.is(got.Alerts[0], dispatch.Acknowledged, "sato")
		suzuki.hears("Sato has taken this alert")
		tanaka.hears("Sato has taken this alert")
		h.quiet()
	})
}

func TestARingingPhoneStopsWhenSomebodyElseTakesIt(t *testing.T) {
	story(t, together, func(h *house) {
		h.alert("k", "disk full")
		sato, suzuki := h.rings("sato").ring(), h.rings("suzuki").ring()
		h.rings("tanaka").ring()
		sato.answer().press("1")
		suzuki.stopped(leg.Canceled)
	})
}

func TestNobodyAnswersAndItIsSaidLoudly(t *testing.T) {
	story(t, plans+"otherwise: [notify:ops-mail]\n", func(h *house) {
		got := h.alert("k", "disk full")
		h.rings("sato").ring().noAnswer()
		h.rings("suzuki").busy()
		h.rings("tanaka").ring().answer().hangsUp()
		h.after(30 * time.Second)
		if c := h.maybe("suzuki"); c != nil { // busy: the same one again after 20 s
			c.ring().noAnswer()
		}
		h.after(time.Minute)
		h.is(got.Alerts[0], dispatch.Exhausted, "")
		h.happened(timeline.NoticeRaised, "ops-mail")
	})
}

func TestTwoAlertsAreOneCall(t *testing.T) {
	story(t, "", func(h *house) {
		one := h.alert("db01/disk", "disk full")
		sato := h.rings("sato").ring()
		two := h.alert("db02/disk", "disk almost full")
		h.quiet() // nobody is called twice at once
		sato.answer().hears("There are 2 alerts").press("1").hears("you have taken 2 alerts")
		h.is(one.Alerts[0], dispatch.Acknowledged, "sato")
		h.is(two.Alerts[0], dispatch.Acknowledged, "sato")
		h.happened(timeline.AttemptBundled, "under way")
	})
}

func TestAnAlertThatComesWhileAnotherIsToldIsToldNext(t *testing.T) {
	story(t, "", func(h *house) {
		one := h.alert("db01/disk", "disk full")
		sato := h.rings("sato").ring().answer().hears("disk full")
		two := h.alert("db02/cpu", "cpu hot")
		sato.press("1").hears("Recorded") // for what was told so far
		h.is(one.Alerts[0], dispatch.Acknowledged, "sato")
		h.is(two.Alerts[0], dispatch.Stored, "")
		sato.listens().hears("cpu hot").press("1").hears("Recorded")
		h.is(two.Alerts[0], dispatch.Acknowledged, "sato")
		h.quiet()
	})
}

func TestOneOfTwoBundledAlertsIsResolvedAndTheCallGoesOn(t *testing.T) {
	story(t, "", func(h *house) {
		h.alert("a", "disk full")
		sato := h.rings("sato").ring()
		two := h.alert("b", "cpu hot")
		h.alert("a", "disk full", resolve)
		sato.stopped("")
		sato.answer().hears("cpu hot").press("1")
		h.is(two.Alerts[0], dispatch.Acknowledged, "sato")
	})
}

func TestResolvedWhileItRings(t *testing.T) {
	story(t, together, func(h *house) {
		got := h.alert("k", "disk full")
		sato := h.rings("sato").ring()
		suzuki := h.rings("suzuki").ring().answer()
		h.rings("tanaka")
		h.alert("k", "disk full", resolve)
		sato.stopped(leg.Canceled)
		suzuki.hears("This alert was resolved at")
		h.is(got.Alerts[0], dispatch.Resolved, "")
		h.after(time.Hour)
		h.quiet()
	})
}

func TestTheSameKeyAgainWithinAQuarterOfAnHourResumesAtItsPlace(t *testing.T) {
	story(t, "", func(h *house) {
		first := h.alert("k", "disk full")
		h.rings("sato").ring().noAnswer()
		suzuki := h.rings("suzuki").ring()
		h.alert("k", "disk full", resolve)
		suzuki.stopped(leg.Canceled)
		h.after(5 * time.Minute)
		again := h.alert("k", "disk full")
		if again.Alerts[0] != first.Alerts[0] {
			t.Errorf("a second incident %s beside %s", again.Alerts[0], first.Alerts[0])
		}
		h.rings("suzuki").ring().answer().press("1")
		h.is(first.Alerts[0], dispatch.Acknowledged, "suzuki")
	})
}

func TestTheSameDeliveryTwiceIsOneAlert(t *testing.T) {
	story(t, "", func(h *house) {
		d := alert.Delivery{ID: "x", Source: "json", Raw: []byte("{}"), Alerts: []alert.Alert{{Key: "k", Action: alert.Trigger, Title: "disk full"}}}
		for i, want := range []bool{false, true} {
			r, err := h.d.Accept(context.Background(), d)
			if err != nil || r.Duplicate != want {
				t.Errorf("delivery %d: duplicate %v, %v; want %v", i+1, r.Duplicate, err, want)
			}
		}
		h.rings("sato")
		h.quiet()
	})
}

// A script that posts the same two bodies, one when the disk is full and one when it is not: how things stand tells a
// repetition from the same trouble come again.
func TestTheSameWordsOnceItWasOverAreNoRepetition(t *testing.T) {
	story(t, "", func(h *house) {
		says := func(action alert.Action, change ...func(*alert.Alert)) alert.Receipt {
			t.Helper()
			one := alert.Alert{Key: "k", Action: action, Severity: alert.Critical, Title: "disk full"}
			for _, f := range change {
				f(&one)
			}
			r, err := h.d.Accept(context.Background(), alert.Delivery{ID: fmt.Sprint(action, one.OccurredAt), Hashed: true, Source: "json", Raw: []byte(action), Alerts: []alert.Alert{one}})
			if err != nil {
				t.Fatal(err)
			}
			synctest.Wait()
			return r
		}
		first := says(alert.Trigger)
		sato := h.rings("sato").ring()
		if again := says(alert.Trigger); !again.Duplicate {
			t.Error("it fires, and the same again is no repetition")
		}
		for range 2 {
			says(alert.Resolve)
			sato.stopped(leg.Canceled)
			h.is(first.Alerts[0], dispatch.Resolved, "")
			if again := says(alert.Resolve); !again.Duplicate {
				t.Error("it is over, and the same again is no repetition")
			}
			h.after(time.Minute)
			if again := says(alert.Trigger); again.Duplicate || again.Alerts[0] != first.Alerts[0] {
				t.Errorf("the same trouble has come again: %+v, want %s", again, first.Alerts[0])
			}
			sato = h.rings("sato").ring()
		}
		says(alert.Resolve)
		sato.stopped(leg.Canceled)

		// Words with a time are about that moment, also where the network brings them late.
		at := func(a *alert.Alert) { a.Key, a.OccurredAt = "m", time.Now().Truncate(24*time.Hour) }
		one := says(alert.Trigger, at)
		h.rings("sato").ring()
		h.alert("m", "disk full", resolve)
		h.is(one.Alerts[0], dispatch.Resolved, "")
		if again := says(alert.Trigger, at); !again.Duplicate {
			t.Errorf("what has its time was taken for a new trouble: %+v", again)
		}
	})
}

func TestAnOpenAlertThatFiresAgainRingsNobody(t *testing.T) {
	story(t, "", func(h *house) {
		h.alert("k", "disk full", severity(alert.Major))
		sato := h.rings("sato").ring().answer()
		sato.press("1")
		h.alert("k", "disk full", severity(alert.Major))
		h.quiet()
		h.happened(timeline.AlertRepeated, "2. time")
	})
}

func TestAWarningThatWasTakenRingsAgainWhenItTurnsCritical(t *testing.T) {
	story(t, "", func(h *house) {
		got := h.alert("k", "disk 90%", severity(alert.Major))
		h.rings("sato").ring().answer().press("1")
		h.is(got.Alerts[0], dispatch.Acknowledged, "sato")
		h.alert("k", "disk 99%", severity(alert.Critical))
		h.happened(timeline.AlertRaised, "critical")
		h.is(got.Alerts[0], dispatch.Stored, "")
		h.rings("suzuki").ring().answer().hears("99 percent").press("1")
		h.is(got.Alerts[0], dispatch.Acknowledged, "suzuki")
	})
}

func TestTheTrunksOwnTroubleBurnsNobodysTurn(t *testing.T) {
	story(t, "", func(h *house) {
		h.alert("k", "disk full")
		h.rings("sato").fails() // 503
		h.quiet()               // not suzuki's turn
		h.after(2 * time.Second)
		h.rings("sato").ring().answer().press("1").hears("Recorded")
		h.happened(timeline.CalloutStalled, "")
	})
}

func TestWithoutAVoiceNobodyIsRungToHearSilence(t *testing.T) {
	story(t, "", func(h *house) {
		h.mu.Lock()
		h.mute = errors.New("no engine for ja")
		h.mu.Unlock()
		h.alert("k", "disk full")
		h.quiet()
		h.mu.Lock()
		h.mute = nil
		h.mu.Unlock()
		h.after(30 * time.Second)
		h.rings("sato").ring().answer().hears("disk full")
	})
}

func TestWordsThatTakeTooLongAreReplacedByPlainOnes(t *testing.T) {
	story(t, "", func(h *house) {
		h.speaksFor(4 * time.Second)
		h.alert("k", "a very long story")
		h.after(3500 * time.Millisecond)
		h.speaksFor(0)
		h.after(5 * time.Second)
		h.rings("sato")
	})
}

func TestTheDatabaseIsAwayForAWhile(t *testing.T) {
	story(t, "", func(h *house) {
		got := h.alert("k", "disk full")
		sato := h.rings("sato").ring().answer()
		h.store.Break(errors.New("no space left on device"))
		if _, err := h.send("other", "cpu hot"); err == nil {
			t.Error("an alert was accepted that could not be stored")
		}
		sato.press("1").hears("Not recorded yet. Please hold")
		sato.listens().hears("Not recorded yet")
		h.store.Break(nil)
		h.after(5 * time.Second)
		sato.listens().hears("Recorded: you have taken it")
		h.is(got.Alerts[0], dispatch.Acknowledged, "sato")
		h.quiet()
	})
}

func TestATransactionThatRunsTwiceRingsOnce(t *testing.T) {
	story(t, together, func(h *house) {
		h.store.Redo(true)
		got := h.alert("k", "disk full")
		sato := h.rings("sato").ring()
		h.rings("suzuki")
		h.rings("tanaka")
		h.quiet()
		sato.answer().press("1")
		h.is(got.Alerts[0], dispatch.Acknowledged, "sato")
	})
}

func TestAfterACrashGhostsAreEndedAndTheNightGoesOn(t *testing.T) {
	story(t, "", func(h *house) {
		got := h.alert("k", "disk full")
		h.rings("sato").ring().noAnswer()
		h.rings("suzuki").ring().answer()
		h.crash()
		h.start()
		h.mu.Lock()
		spoken := strings.Join(h.spoken, "\n")
		h.mu.Unlock()
		if !strings.Contains(spoken, "ghost of suzuki ended") || strings.Contains(spoken, "ghost of sato") {
			t.Errorf("ghosts: %s", spoken)
		}
		h.rings("suzuki").ring().answer().press("1") // her call was cut off; she is called again
		h.is(got.Alerts[0], dispatch.Acknowledged, "suzuki")
		h.quiet()
		h.happened(timeline.AttemptLost, "")
	})
}

func TestAfterACrashNobodyIsCalledWhoseConfirmationWasCommitted(t *testing.T) {
	story(t, together, func(h *house) {
		got := h.alert("k", "disk full")
		sato := h.rings("sato").ring()
		h.rings("suzuki").ring()
		h.rings("tanaka").ring()
		sato.answer().press("1")
		h.crash()
		h.start()
		h.after(time.Minute)
		h.quiet()
		h.is(got.Alerts[0], dispatch.Acknowledged, "sato")
	})
}

func TestAPersonIsNotCalledMoreThanTwelveTimesAnHour(t *testing.T) {
	story(t, "", func(h *house) {
		for i := range 12 {
			h.alert(strings.Repeat("x", i+1), "flap")
			h.rings("sato").ring().answer().press("1")
			h.after(time.Minute)
		}
		h.alert("thirteenth", "flap")
		h.rings("suzuki").ring().answer().press("1")
		h.happened(timeline.AttemptUnreachable, "12 times")
		h.quiet()
	})
}

func TestTheConsoleTakesAnAlert(t *testing.T) {
	story(t, "", func(h *house) {
		got := h.alert("k", "disk full")
		sato := h.rings("sato").ring()
		if err := h.d.Acknowledge(context.Background(), got.Alerts[0], "console"); err != nil {
			t.Fatal(err)
		}
		sato.stopped(leg.Canceled)
		h.is(got.Alerts[0], dispatch.Acknowledged, "console")
	})
}

func TestSomebodyElsesScriptIsNotGivenOut(t *testing.T) {
	story(t, "", func(h *house) {
		h.alert("k", "disk full")
		sato := h.rings("sato").ring()
		good := sato.order.Program.URL
		parts := strings.Split(strings.TrimPrefix(good, dispatch.Origin), "/")
		parts[3] = strings.Repeat("0", 32)
		for _, path := range []string{strings.Join(parts, "/"), "/callouts/", "/callouts/a/b/c", strings.Replace(good, "script", "nothing", 1)} {
			reply, err := h.d.Ask(context.Background(), callAsk(path))
			if err != nil || reply.Status != 404 {
				t.Errorf("%s: %d, %v; want 404", path, reply.Status, err)
			}
		}
	})
}

func TestAPlanThatDoesNotExistRingsEverybody(t *testing.T) {
	story(t, "", func(h *house) {
		delete(h.set.Plans, "default")
		h.alert("k", "disk full")
		h.rings("sato")
		h.rings("suzuki")
		h.rings("tanaka")
		h.happened(timeline.NoticeRaised, "everybody is rung")
	})
}

func TestTheSendersTestButtonWakesNobody(t *testing.T) {
	story(t, "", func(h *house) {
		got := h.alert("sample", "Sample Notification from Mackerel", func(a *alert.Alert) { a.Action = alert.Test })
		h.quiet()
		h.is(got.Alerts[0], dispatch.Ignored, "")
		h.happened(timeline.AlertIgnored, "test arrived")
	})
}

func TestWhatIsInformationOrNotOpenRingsNobodyAndIsKept(t *testing.T) {
	story(t, "", func(h *house) {
		h.is(h.alert("host", "web03 registered", func(a *alert.Alert) { a.Action = alert.Info }).Alerts[0], dispatch.Ignored, "")
		h.is(h.alert("unknown", "over", resolve).Alerts[0], dispatch.Ignored, "")
		h.quiet()
		h.happened(timeline.AlertIgnored, "not open")
	})
}

func TestTheSourceTakesItAtItsOwnSide(t *testing.T) {
	story(t, "", func(h *house) {
		got := h.alert("k", "disk full")
		sato := h.rings("sato").ring()
		h.alert("k", "disk full", func(a *alert.Alert) { a.Action = alert.Ack })
		sato.stopped(leg.Canceled)
		h.is(got.Alerts[0], dispatch.Acknowledged, "json")
	})
}

func TestAnAlertIsStoppedByAPerson(t *testing.T) {
	story(t, "", func(h *house) {
		got := h.alert("k", "disk full")
		sato := h.rings("sato").ring()
		if err := h.d.Stop(context.Background(), got.Alerts[0], "suzuki"); err != nil {
			t.Fatal(err)
		}
		sato.stopped(leg.Canceled)
		h.after(time.Hour)
		h.quiet()
		h.is(got.Alerts[0], dispatch.Acknowledged, "suzuki")
	})
}

func TestWithoutAProofTheFirstAnswerIsEnough(t *testing.T) {
	story(t, together+"confirm: none\n", func(h *house) {
		got := h.alert("k", "disk full")
		sato, suzuki := h.rings("sato").ring(), h.rings("suzuki").ring()
		h.rings("tanaka").ring()
		sato.answer().hears("disk full")
		h.is(got.Alerts[0], dispatch.Acknowledged, "sato")
		suzuki.stopped(leg.Canceled)
	})
}

func TestAWarningIsTakenByHangingUpAfterListening(t *testing.T) {
	story(t, "plan: default\nconfirm: hangup\nafter: 0s\nsteps:\n  - call: [sato, suzuki]\n    order: in-turn\n", func(h *house) {
		got := h.alert("k", "disk 80%", severity(alert.Warning))
		sato := h.rings("sato").ring().answer().hears("hang up now")
		h.after(6 * time.Second)
		sato.listens() // the whole message was heard once
		h.after(2 * time.Second)
		sato.hangsUp()
		h.is(got.Alerts[0], dispatch.Acknowledged, "sato")
		h.quiet()
	})
}

func TestPassingRingsTheNextPersonAtOnce(t *testing.T) {
	story(t, "", func(h *house) {
		got := h.alert("k", "disk full")
		h.rings("sato").ring().answer().press("2").hears("next person is called")
		h.rings("suzuki").ring().answer().press("9").listens().hears("disk full") // once more, please
		h.is(got.Alerts[0], dispatch.Stored, "")
	})
}

func TestSomebodyWhoCannotBeReachedIsNamed(t *testing.T) {
	story(t, "", func(h *house) {
		p := h.set.People["sato"]
		p.Contacts[0].Address = number.Address{Scheme: number.Tel, Number: "+819011112222"}
		h.set.People["sato"] = p
		h.alert("k", "disk full")
		h.rings("suzuki")
		h.happened(timeline.CalloutUnreached, "no trunk")
	})
}

// A call-out that waits for nothing is nobody's after a restart. When its alert fires again it is driven by the life that
// is there now, and its calls are not taken for ghosts of the one before.
func TestWhatFiresAgainAfterARestartIsCalledByTheLifeThatIsThere(t *testing.T) {
	story(t, "", func(h *house) {
		got := h.alert("k", "disk full")
		h.rings("sato").ring().noAnswer()
		h.rings("suzuki").ring()
		h.alert("k", "disk full", resolve)
		h.after(time.Minute)
		h.crash()
		h.start()
		h.after(time.Minute)
		h.alert("k", "disk full")
		suzuki := h.rings("suzuki").ring()
		h.after(5 * time.Second)
		h.mustNotHave(timeline.AttemptLost)
		suzuki.answer().hears("disk full").press("1").hears("Recorded")
		h.is(got.Alerts[0], dispatch.Acknowledged, "suzuki")
		suzuki.hangsUp()
		h.after(16 * time.Minute)
		h.rings("suzuki").ring().answer().hears("Are you still on it").press("1")
	})
}
