package voice_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/kaden-project/kaden/phonetest"
)

const confEvents = "https://owner.example/conference"

func TestThreeMeetInAConference(t *testing.T) {
	switchboard(t, `<Response><Dial action="`+over+`"><Conference statusCallback="`+confEvents+`" statusCallbackEvent="start end join leave mute">war room</Conference></Dial></Response>`, func(h *phonetest.House) {
		sato, suzuki, tanaka := h.Phone("sato"), h.Phone("suzuki"), h.Phone("tanaka")
		sato.Calls(ours).IsAnswered().Hears("waiting sound").Waits(20 * time.Second)
		suzuki.Calls(ours).IsAnswered().Hears("beep")
		sato.Hears("beep").Waits(time.Second)
		sato.Says("who is on it?")
		suzuki.Hears("who is on it?").Waits(2 * time.Second)
		tanaka.Calls(ours).IsAnswered().Hears("beep").Waits(time.Second)
		tanaka.Says("I am")
		sato.Hears("I am")
		suzuki.Hears("I am").Waits(2 * time.Second)
		tanaka.HangsUp()
		sato.Hears("beep (left)")
		suzuki.HangsUp()
		sato.Hears("beep (left)").HangsUp().Waits(time.Second)
		want(t, "events", told(h, confEvents, "StatusCallbackEvent", "FriendlyName"), "participant-join war room, participant-join war room, conference-start war room, "+
			"participant-join war room, participant-leave war room, participant-leave war room, participant-leave war room, conference-end war room")
		want(t, "actions", told(h, over, "DialCallStatus", "CallStatus", "DialCallSid"), "answered completed , answered completed , answered completed ")
	})
}

func TestTheActionIsHeardAfterAConference(t *testing.T) {
	switchboard(t, `<Response><Dial action="`+over+`" hangupOnStar="true" timeLimit="60"><Conference beep="false" waitUrl="">room</Conference></Dial></Response>`, func(h *phonetest.House) {
		sato, suzuki := h.Phone("sato"), h.Phone("suzuki")
		sato.Calls(ours).IsAnswered().Waits(5 * time.Second)
		suzuki.Calls(ours).IsAnswered().Waits(time.Second)
		sato.Presses("*").HearsAll("It is over").IsHungUp()
		suzuki.HearsAll("It is over").IsHungUp() // after a minute
		want(t, "actions", told(h, over, "DialCallStatus", "DialBridged", "CallStatus"), "answered true in-progress, answered true in-progress")
		if heard := suzuki.Far().Heard(); len(heard) != 1 {
			t.Errorf("suzuki heard %v, want silence and the end", heard)
		}
	})
}

func TestAModeratorEndsTheConferenceAndTheOthersGoOn(t *testing.T) {
	house(t, func(t *testing.T, h *phonetest.House) {
		h.Web.Serve("https://owner.example/boss", `<Response><Dial><Conference endConferenceOnExit="true" beep="onExit">room</Conference></Dial></Response>`)
		h.Web.Serve("https://owner.example/rest", `<Response><Dial><Conference startConferenceOnEnter="false" muted="true">room</Conference></Dial><Say>The boss has left.</Say></Response>`)
		sato, suzuki, tanaka := h.Phone("sato"), h.Phone("suzuki"), h.Phone("tanaka")
		h.CallURL("sato", "https://owner.example/rest")
		sato.Rings().Answers().Hears("waiting sound")
		h.CallURL("suzuki", "https://owner.example/rest")
		suzuki.Rings().Answers().Hears("waiting sound").Waits(10 * time.Second)
		h.CallURL("tanaka", "https://owner.example/boss")
		tanaka.Rings().Answers().Waits(time.Second)
		sato.Says("I am muted")
		tanaka.Says("listen")
		sato.Hears("listen")
		suzuki.Hears("listen").Waits(2 * time.Second)
		if heard := fmt.Sprint(tanaka.Far().Heard(), suzuki.Far().Heard()); strings.Contains(heard, "muted") {
			t.Errorf("the muted one is heard: %s", heard)
		}
		tanaka.HangsUp()
		sato.HearsAll("The boss has left").IsHungUp()
		suzuki.HearsAll("The boss has left").IsHungUp()
	})
}

func TestWhoDoesNotGetIntoAConferenceGoesOn(t *testing.T) {
	house(t, func(t *testing.T, h *phonetest.House) {
		h.Web.Serve(over, `<Response><Say>It is over.</Say></Response>`)
		h.Web.Serve("https://owner.example/two", `<Response><Dial><Conference maxParticipants="1" participantLabel="one">room</Conference></Dial><Say>No room.</Say></Response>`)
		h.Web.Serve("https://owner.example/same", `<Response><Dial action="`+over+`"><Conference participantLabel="one">room</Conference></Dial></Response>`)
		sato, suzuki, tanaka := h.Phone("sato"), h.Phone("suzuki"), h.Phone("tanaka")
		h.CallURL("sato", "https://owner.example/two")
		sato.Rings().Answers().Hears("waiting sound")
		h.CallURL("suzuki", "https://owner.example/two")
		suzuki.Rings().Answers().HearsAll("No room").IsHungUp()
		h.CallURL("tanaka", "https://owner.example/same")
		tanaka.Rings().Answers().HearsAll("It is over").IsHungUp()
		want(t, "action", told(h, over, "DialCallStatus", "DialBridged"), "failed false")
		sato.HangsUp()
		var codes []int
		for _, n := range h.Notices() {
			codes = append(codes, n.Problem.Code)
		}
		want(t, "notices", codes, "[0 16025]")
	})
}

func TestWhatAConferenceDoesNotDoIsSaid(t *testing.T) {
	switchboard(t, `<Response><Dial action=" /relative"><Conference waitUrl="https://owner.example/music" coach="CA1" record="record-from-start" statusCallback="/relative" statusCallbackEvent="join">room</Conference></Dial></Response>`, func(h *phonetest.House) {
		sato, suzuki := h.Phone("sato"), h.Phone("suzuki")
		sato.Calls(ours).IsAnswered().Hears("waiting sound").Waits(time.Second)
		suzuki.Calls(ours).IsAnswered().Waits(time.Second)
		suzuki.Says("a whisper")
		suzuki.Waits(2 * time.Second).HangsUp()
		sato.Waits(time.Second).HangsUp().Waits(time.Second)
		if heard := fmt.Sprint(sato.Far().Heard()); strings.Contains(heard, "whisper") {
			t.Errorf("the coach is heard: %s", heard)
		}
		said := fmt.Sprint(h.Notices())
		for _, words := range []string{"waitUrl yet", "coach yet", "record a conference yet", "11100"} {
			if !strings.Contains(said, words) {
				t.Errorf("nothing is said of %q: %s", words, said)
			}
		}
	})
}
