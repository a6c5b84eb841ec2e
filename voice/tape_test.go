package voice_test

import (
	"strings"
	"testing"
	"time"

	"github.com/kaden-project/kaden/media"
	"github.com/kaden-project/kaden/media/mediatest"
	"github.com/kaden-project/kaden/phonetest"
)

const recorded = "https://owner.example/recorded"

// has tells in which channel of a recording the caller (700 Hz), the called (1100 Hz) and the Japanese ring tone
// (400 Hz) are heard: c, d and r.
func has(r []byte) string {
	var all []string
	for _, s := range mediatest.Channels(r) {
		heard := ""
		for _, tone := range []struct {
			letter string
			hz     float64
		}{{"c", 700}, {"d", 1100}, {"r", 400}} {
			loudest := -200.0
			for at := 0; at+media.Rate/2 <= len(s); at += media.Rate / 2 {
				loudest = max(loudest, mediatest.Level(s[at:at+media.Rate/2], tone.hz))
			}
			if loudest > -45 {
				heard += tone.letter
			}
		}
		all = append(all, heard)
	}
	return strings.Join(all, "|")
}

func TestADialIsRecorded(t *testing.T) {
	for _, c := range []struct{ mode, has, seconds string }{
		{"record-from-answer", "cd", "4"},
		{"true", "cd", "4"},
		{"record-from-answer-dual", "c|d", "4"},
		{"record-from-ringing", "cdr", "9"},
		{"record-from-ringing-dual", "c|dr", "9"},
		{`record-from-answer" recordingTrack="inbound`, "c", "4"},
		{`record-from-answer-dual" trim="trim-silence`, "c|d", "3"},
	} {
		t.Run(c.mode, func(t *testing.T) {
			doc := `<Response><Dial action="` + over + `" record="` + c.mode + `" recordingStatusCallback="` + recorded + `" recordingStatusCallbackEvent="in-progress completed"><Number>sim:suzuki</Number></Dial></Response>`
			switchboard(t, doc, func(h *phonetest.House) {
				sato, suzuki := h.Phone("sato"), h.Phone("suzuki")
				sato.Calls(ours).IsAnswered()
				suzuki.Rings().Waits(5 * time.Second).Answers()
				suzuki.Far().Say(media.Tone(3*time.Second, -20, 1100))
				sato.Far().Say(media.Tone(3*time.Second, -20, 700))
				sato.Waits(4 * time.Second)
				suzuki.HangsUp()
				sato.HearsAll("It is over").IsHungUp()
				kept := h.Shelf.Kept()
				if len(kept) != 1 {
					t.Fatalf("%d recordings", len(kept))
				}
				want(t, "the recording", has(kept[0].WAV)+" "+kept[0].Seconds()+" "+kept[0].Source, c.has+" "+c.seconds+" DialVerb")
				want(t, "the action", told(h, over, "DialCallStatus", "RecordingUrl", "RecordingSid", "RecordingDuration"),
					"completed https://recordings.example/"+string(kept[0].SID)+" "+string(kept[0].SID)+" "+c.seconds)
				want(t, "callbacks", told(h, recorded, "RecordingStatus", "RecordingDuration"), "in-progress , completed "+c.seconds)
			})
		})
	}
}

func TestADialThatNobodyAnswersIsNotRecorded(t *testing.T) {
	doc := `<Response><Dial action="` + over + `" record="record-from-answer" timeout="5" recordingStatusCallback="` + recorded + `"><Number>sim:suzuki</Number></Dial></Response>`
	switchboard(t, doc, func(h *phonetest.House) {
		sato, suzuki := h.Phone("sato"), h.Phone("suzuki")
		sato.Calls(ours).IsAnswered()
		suzuki.Rings().StopsRinging()
		sato.HearsAll("It is over").IsHungUp()
		want(t, "the action", told(h, over, "DialCallStatus", "RecordingUrl"), "no-answer ")
		want(t, "recordings", len(h.Shelf.Kept()), 0)
		want(t, "callbacks", told(h, recorded, "RecordingStatus"), "")
	})
}

func TestARecordedCallerWhoHangsUpIsKeptAndTold(t *testing.T) {
	doc := `<Response><Dial action="` + over + `" record="record-from-answer-dual" answerOnBridge="true"><Number>sim:suzuki</Number></Dial></Response>`
	switchboard(t, doc, func(h *phonetest.House) {
		sato, suzuki := h.Phone("sato"), h.Phone("suzuki")
		sato.Calls(ours)
		suzuki.Rings().Answers()
		sato.IsAnswered().Far().Say(media.Tone(time.Minute, -20, 700))
		sato.Waits(3 * time.Second).HangsUp().Waits(time.Second)
		want(t, "the recording", has(h.Shelf.Kept()[0].WAV), "c|")
		want(t, "the action", told(h, over, "CallStatus", "RecordingDuration"), "completed 3")
	})
}

func TestStartRecordsToTheEndOfTheCall(t *testing.T) {
	doc := `<Response><Say>Hello.</Say><Start><Recording channels="mono" recordingStatusCallback="` + recorded + `"/></Start><Pause length="5"/><Say>Bye.</Say></Response>`
	switchboard(t, doc, func(h *phonetest.House) {
		sato := h.Phone("sato")
		sato.Calls(ours).IsAnswered().Hears("Hello")
		sato.Far().Say(media.Tone(time.Minute, -20, 700))
		sato.HearsAll("Bye").IsHungUp().Waits(time.Second)
		want(t, "the recording", has(h.Shelf.Kept()[0].WAV), "c")
		want(t, "callbacks", told(h, recorded, "RecordingStatus", "RecordingChannels"), "completed 1")
		if s := h.Shelf.Kept()[0].Duration; s < 5*time.Second {
			t.Errorf("%v long", s)
		}
	})
}
