package voice_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/kaden-project/kaden/call"
	"github.com/kaden-project/kaden/media"
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
		want(t, "notices", codes, "[16020 16025]")
	})
}

func TestWhatAConferenceGetsWrongIsSaid(t *testing.T) {
	switchboard(t, `<Response><Dial action=" /relative" record="true"><Conference waitUrl="/music" coach="CA1" statusCallback="/relative" statusCallbackEvent="join">room</Conference></Dial></Response>`, func(h *phonetest.House) {
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
		for _, words := range []string{"13233", "no CallSid", "not recorded", "11100"} {
			if !strings.Contains(said, words) {
				t.Errorf("nothing is said of %q: %s", words, said)
			}
		}
	})
}

const music = "https://owner.example/music"

// room is a document of a conference.
func room(attrs string) string {
	return `<Response><Dial action="` + over + `"><Conference beep="false" ` + attrs + `>room</Conference></Dial></Response>`
}

func TestADocumentIsHeardByWhoWaits(t *testing.T) {
	for _, c := range []struct{ name, page, hears string }{
		{"in a loop", `<Response><Say>Soon.</Say><Pause length="4"/><Redirect/></Response>`, "Soon. Soon. Soon."},
		{"once, and then silence", `<Response><Say>Soon.</Say><Gather><Say>Press 1</Say></Gather></Response>`, "Soon."},
	} {
		t.Run(c.name, func(t *testing.T) {
			switchboard(t, room(`waitUrl="`+music+`"`), func(h *phonetest.House) {
				h.Web.Serve(music, c.page)
				sato, suzuki := h.Phone("sato"), h.Phone("suzuki")
				sato.Calls(ours).IsAnswered().Hears("Soon").Waits(9500 * time.Millisecond)
				suzuki.Calls(ours).IsAnswered().Waits(time.Second)
				suzuki.Says("hello")
				sato.Hears("hello").HangsUp()
				suzuki.Waits(time.Second).HangsUp().Waits(time.Second)
				var heard []string
				for _, one := range sato.Far().Heard() {
					heard = append(heard, one.Caption)
				}
				want(t, "heard", strings.Join(heard, " "), c.hears+" hello")
				if a := h.Web.Asked()[0]; a.Params.Get("FriendlyName") != "room" || !strings.HasPrefix(a.Params.Get("ConferenceSid"), "CF") {
					t.Errorf("asked with %v", a.Params)
				}
			})
		})
	}
}

func TestWithoutItsWaitingDocumentThereIsNoConference(t *testing.T) {
	switchboard(t, room(`waitUrl="`+music+`"`), func(h *phonetest.House) {
		h.Phone("sato").Calls(ours).HearsAll("It is over").IsHungUp()
		want(t, "action", told(h, over, "DialCallStatus", "DialBridged"), "failed false")
	})
}

func TestACoachInADocument(t *testing.T) {
	house(t, func(t *testing.T, h *phonetest.House) {
		h.Web.Serve("https://owner.example/room", room(""))
		sato := answers(h, "sato", "https://owner.example/room")
		suzuki := answers(h, "suzuki", "https://owner.example/room")
		h.Web.Serve("https://owner.example/coach", room(`coach="`+sidOf(t, h, "suzuki")+`"`))
		coach := answers(h, "coach", "https://owner.example/coach").Waits(time.Second)
		coach.Says("ask him")
		suzuki.Hears("ask him").Waits(2 * time.Second).HangsUp()
		coach.HangsUp()
		sato.Waits(time.Second).HangsUp().Waits(time.Second)
		if heard := fmt.Sprint(sato.Far().Heard()); strings.Contains(heard, "ask him") {
			t.Errorf("the coach is heard by all: %s", heard)
		}
	})
}

func TestARecordedConference(t *testing.T) {
	switchboard(t, room(`record="record-from-start" recordingStatusCallback="`+recorded+`"`), func(h *phonetest.House) {
		sato, suzuki := h.Phone("sato"), h.Phone("suzuki")
		sato.Calls(ours).IsAnswered().Far().Say(media.Tone(time.Minute, -20, 700))
		sato.Waits(5 * time.Second)
		suzuki.Calls(ours).IsAnswered().Far().Say(media.Tone(time.Minute, -20, 1100))
		suzuki.Waits(3 * time.Second).HangsUp()
		sato.HangsUp().Waits(time.Second)
		want(t, "the recording", has(h.Shelf.Kept()[0].WAV), "cd")
		want(t, "callbacks", told(h, recorded, "RecordingStatus", "RecordingSource", "RecordingDuration"), "completed Conference 3")
	})
}

func TestADocumentForEverybodyIsOneSound(t *testing.T) {
	house(t, func(t *testing.T, h *phonetest.House) {
		h.Web.Serve("https://owner.example/room", room(""))
		h.Web.Serve(music, `<Response><Say>Attention.</Say><Hangup/><Redirect>more</Redirect></Response>`)
		h.Web.Serve("https://owner.example/more", `<Response><Pause length="1"/><Say loop="2">Five minutes.</Say></Response>`)
		sato, suzuki := h.Phone("sato"), h.Phone("suzuki")
		c := h.CallURL("sato", "https://owner.example/room")
		sato.Rings().Answers()
		h.CallURL("suzuki", "https://owner.example/room")
		suzuki.Rings().Answers().Waits(time.Second)
		src, err := h.Voice.Sound(t.Context(), c, call.Program{URL: music}, nil)
		if err != nil {
			t.Fatal(err)
		}
		h.Web.Serve(music, `<Response><Play digits="1"/><Say>Attention.</Say></Response>`)
		asked, notices := len(h.Web.Asked()), len(h.Notices())
		if _, err := h.Voice.Sound(t.Context(), c, call.Program{URL: music}, nil); err != nil || len(h.Web.Asked()) != asked+1 || len(h.Notices()) != notices {
			t.Errorf("keys in an announcement: %v, %d requests, notices %v", err, len(h.Web.Asked())-asked, h.Notices()[notices:])
		}
		h.Desk.Conference(phonetest.Account, "room").AnnounceToAll(music, src)
		sato.Hears("Attention").Hears("Five minutes").Waits(5 * time.Second).HangsUp()
		suzuki.Hears("Attention").Hears("Five minutes").Waits(5 * time.Second).HangsUp().Waits(time.Second)
		for name, page := range map[string]string{"in circles": `<Response><Redirect/></Response>`, "nothing": `<Response/>`, "no document": `nonsense`} {
			h.Web.Serve(music, page)
			if _, err := h.Voice.Sound(t.Context(), c, call.Program{URL: music}, nil); err == nil {
				t.Errorf("%s: it is a sound", name)
			}
		}
	})
}
