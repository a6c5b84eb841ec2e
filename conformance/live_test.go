package conformance

import (
	"os"
	"testing"
	"time"

	openapi "github.com/twilio/twilio-go/rest/api/v2010"
)

// until asks again and again, for five seconds.
func until(t *testing.T, what string, is func() bool) {
	t.Helper()
	for end := time.Now().Add(5 * time.Second); !is(); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("%s: not within five seconds", what)
		}
	}
}

func must[T any](t *testing.T) func(v *T, err error) *T {
	return func(v *T, err error) *T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

// live skips where calls are not real: KADEN_TEST_LIVE says that sim:sato and sim:suzuki answer.
func live(t *testing.T) (*openapi.ApiService, server) {
	t.Helper()
	s := running(t)
	if os.Getenv("KADEN_TEST_LIVE") == "" {
		t.Skip("skipped: KADEN_TEST_LIVE is not set")
	}
	return s.api(t, s.token), s
}

func TestQueues(t *testing.T) {
	api, s := live(t)
	q := must[openapi.ApiV2010Queue](t)(api.CreateQueue(new(openapi.CreateQueueParams).SetFriendlyName("support").SetMaxSize(5)))
	if q.MaxSize != 5 || q.CurrentSize != 0 || *q.FriendlyName != "support" {
		t.Errorf("made %+v", q)
	}
	call := must[openapi.ApiV2010Call](t)(api.CreateCall(new(openapi.CreateCallParams).SetTo("sim:sato").SetFrom(s.from).SetTwiml("<Response><Enqueue>support</Enqueue></Response>")))
	until(t, "somebody waits", func() bool {
		list, err := api.ListMember(*q.Sid, nil)
		return err == nil && len(list) == 1
	})
	m := must[openapi.ApiV2010Member](t)(api.FetchMember(*q.Sid, "Front", nil))
	if *m.CallSid != *call.Sid || m.Position != 1 || m.DateEnqueued == nil {
		t.Errorf("waits %+v", m)
	}
	must[openapi.ApiV2010Member](t)(api.UpdateMember(*q.Sid, *call.Sid, new(openapi.UpdateMemberParams).SetUrl("https://owner.example/gone")))
	until(t, "nobody waits", func() bool { return must[openapi.ApiV2010Queue](t)(api.FetchQueue(*q.Sid, nil)).CurrentSize == 0 })
	must[openapi.ApiV2010Queue](t)(api.UpdateQueue(*q.Sid, new(openapi.UpdateQueueParams).SetMaxSize(7)))
	if list, err := api.ListQueue(nil); err != nil || len(list) != 1 || list[0].MaxSize != 7 {
		t.Errorf("queues %+v, %v", list, err)
	}
	if err := api.DeleteQueue(*q.Sid, nil); err != nil {
		t.Error(err)
	}
}

func TestPages(t *testing.T) {
	api, s := live(t)
	call := must[openapi.ApiV2010Call](t)(api.CreateCall(new(openapi.CreateCallParams).SetTo("sim:sato").SetFrom(s.from).SetTwiml("<Response><Pause length=\"60\"/></Response>")))
	until(t, "the call is answered", func() bool {
		c, err := api.FetchCall(*call.Sid, nil)
		return err == nil && *c.Status == "in-progress"
	})
	said := must[openapi.ApiV2010UserDefinedMessage](t)(api.CreateUserDefinedMessage(*call.Sid, new(openapi.CreateUserDefinedMessageParams).SetContent(`{"floor":3}`)))
	if *said.CallSid != *call.Sid || said.DateCreated == nil {
		t.Errorf("said %+v", said)
	}
	sub := must[openapi.ApiV2010UserDefinedMessageSubscription](t)(api.CreateUserDefinedMessageSubscription(*call.Sid, new(openapi.CreateUserDefinedMessageSubscriptionParams).SetCallback("https://owner.example/said")))
	if err := api.DeleteUserDefinedMessageSubscription(*call.Sid, *sub.Sid, nil); err != nil {
		t.Error(err)
	}
	must[openapi.ApiV2010Call](t)(api.UpdateCall(*call.Sid, new(openapi.UpdateCallParams).SetStatus("completed")))
}

func TestConferences(t *testing.T) {
	api, s := live(t)
	var calls []string
	var room string
	for _, to := range []string{"sim:sato", "sim:suzuki"} {
		p := must[openapi.ApiV2010Participant](t)(api.CreateParticipant("war room", new(openapi.CreateParticipantParams).SetFrom(s.from).SetTo(to).SetLabel(to).SetConferenceRecord("record-from-start")))
		calls, room = append(calls, *p.CallSid), *p.ConferenceSid
	}
	until(t, "both are in", func() bool {
		list, err := api.ListParticipant(room, nil)
		return err == nil && len(list) == 2
	})
	if c := must[openapi.ApiV2010Conference](t)(api.FetchConference(room, nil)); *c.Status != "in-progress" || *c.FriendlyName != "war room" {
		t.Errorf("the conference is %+v", c)
	}
	p := must[openapi.ApiV2010Participant](t)(api.UpdateParticipant(room, calls[0], new(openapi.UpdateParticipantParams).SetMuted(true).SetHold(true)))
	if !*p.Muted || !*p.Hold || *p.Label != "sim:sato" {
		t.Errorf("the participant is %+v", p)
	}
	r := must[openapi.ApiV2010CallRecording](t)(api.CreateCallRecording(calls[0], new(openapi.CreateCallRecordingParams).SetRecordingChannels("dual")))
	time.Sleep(200 * time.Millisecond) // for something to be recorded
	must[openapi.ApiV2010CallRecording](t)(api.UpdateCallRecording(calls[0], "Twilio.CURRENT", new(openapi.UpdateCallRecordingParams).SetStatus("paused")))
	must[openapi.ApiV2010CallRecording](t)(api.UpdateCallRecording(calls[0], *r.Sid, new(openapi.UpdateCallRecordingParams).SetStatus("stopped")))
	until(t, "it is kept", func() bool {
		got, err := api.FetchCallRecording(calls[0], *r.Sid, nil)
		return err == nil && *got.Status == "completed" && got.Channels == 2
	})
	stream := must[openapi.ApiV2010Stream](t)(api.CreateStream(calls[0], new(openapi.CreateStreamParams).SetUrl("wss://owner.example/").SetName("ear")))
	if got := must[openapi.ApiV2010Stream](t)(api.UpdateStream(calls[0], *stream.Sid, new(openapi.UpdateStreamParams).SetStatus("stopped"))); *got.Status != "stopped" {
		t.Errorf("the stream is %+v", got)
	}
	if err := api.DeleteParticipant(room, "sim:sato", nil); err != nil {
		t.Error(err)
	}
	must[openapi.ApiV2010Conference](t)(api.UpdateConference(room, new(openapi.UpdateConferenceParams).SetStatus("completed")))
	until(t, "it is over", func() bool {
		list, err := api.ListConference(new(openapi.ListConferenceParams).SetStatus("completed"))
		return err == nil && len(list) == 1 && *list[0].ReasonConferenceEnded == "conference-ended-via-api"
	})
	until(t, "it was recorded", func() bool {
		list, err := api.ListConferenceRecording(room, nil)
		return err == nil && len(list) == 1 && *list[0].Status == "completed"
	})
}
