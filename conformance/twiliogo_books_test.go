package conformance

import (
	"strings"
	"testing"

	openapi "github.com/twilio/twilio-go/rest/api/v2010"
)

// TestTwilioGoKeepsThings goes through everything that is stored: each answer is decoded into Twilio's own structs.
func TestTwilioGoKeepsThings(t *testing.T) {
	s := running(t)
	api := s.api(t, s.token)

	// Keys: the secret is told once, and signs in.
	key := ok[*openapi.ApiV2010NewKey](t)(api.CreateNewKey((&openapi.CreateNewKeyParams{}).SetFriendlyName("go")))
	asKey := s
	asKey.user = *key.Sid
	if a := ok[*openapi.ApiV2010Account](t)(asKey.api(t, *key.Secret).FetchAccount(s.sid)); *a.Sid != s.sid {
		t.Errorf("with the key: account %s", *a.Sid)
	}
	_, err := asKey.api(t, *key.Secret).ListKey(&openapi.ListKeyParams{})
	refused(t, err, 401, 20003)
	if k := ok[*openapi.ApiV2010Key](t)(api.UpdateKey(*key.Sid, (&openapi.UpdateKeyParams{}).SetFriendlyName("go 2"))); *k.FriendlyName != "go 2" || k.DateCreated == nil {
		t.Errorf("renamed key: %+v", k)
	}
	if list := ok[[]openapi.ApiV2010Key](t)(api.ListKey(&openapi.ListKeyParams{})); len(list) == 0 || *list[0].Sid != *key.Sid {
		t.Errorf("keys %v", list)
	}
	if err := api.DeleteKey(*key.Sid, nil); err != nil {
		t.Error(err)
	}
	_, err = asKey.api(t, *key.Secret).FetchAccount(s.sid)
	refused(t, err, 401, 20003)

	// Applications.
	app := ok[*openapi.ApiV2010Application](t)(api.CreateApplication((&openapi.CreateApplicationParams{}).SetFriendlyName("go").SetVoiceUrl("https://example.com/v").SetVoiceMethod("GET")))
	if *app.VoiceMethod != "GET" || *app.FriendlyName != "go" || app.StatusCallback != nil {
		t.Errorf("application %+v", app)
	}
	ok[*openapi.ApiV2010Application](t)(api.UpdateApplication(*app.Sid, (&openapi.UpdateApplicationParams{}).SetStatusCallback("https://example.com/s")))
	if a := ok[*openapi.ApiV2010Application](t)(api.FetchApplication(*app.Sid, nil)); *a.StatusCallback != "https://example.com/s" || *a.VoiceUrl != "https://example.com/v" {
		t.Errorf("application %+v", a)
	}
	if list := ok[[]openapi.ApiV2010Application](t)(api.ListApplication((&openapi.ListApplicationParams{}).SetFriendlyName("go"))); len(list) != 1 {
		t.Errorf("applications %v", list)
	}

	// A number that nobody has is taken, set up and given back.
	ok[[]openapi.ApiV2010AvailablePhoneNumberCountry](t)(api.ListAvailablePhoneNumberCountry(&openapi.ListAvailablePhoneNumberCountryParams{}))
	ok[*openapi.ApiV2010AvailablePhoneNumberCountry](t)(api.FetchAvailablePhoneNumberCountry("JP", nil))
	free := ok[[]openapi.ApiV2010AvailablePhoneNumberLocal](t)(api.ListAvailablePhoneNumberLocal("JP", &openapi.ListAvailablePhoneNumberLocalParams{}))
	if len(free) == 0 {
		t.Fatal("no number can be had: a document describes one (number: \"+81312345678\")")
	}
	own := ok[*openapi.ApiV2010IncomingPhoneNumber](t)(api.CreateIncomingPhoneNumber(
		(&openapi.CreateIncomingPhoneNumberParams{}).SetPhoneNumber(*free[0].PhoneNumber).SetVoiceApplicationSid(*app.Sid).SetFriendlyName("go")))
	if *own.VoiceApplicationSid != *app.Sid || !own.Capabilities.Voice {
		t.Errorf("number %+v", own)
	}
	ok[*openapi.ApiV2010IncomingPhoneNumber](t)(api.UpdateIncomingPhoneNumber(*own.Sid, (&openapi.UpdateIncomingPhoneNumberParams{}).SetVoiceUrl("https://example.com/w")))
	if list := ok[[]openapi.ApiV2010IncomingPhoneNumber](t)(api.ListIncomingPhoneNumber((&openapi.ListIncomingPhoneNumberParams{}).SetFriendlyName("go"))); len(list) != 1 || *list[0].VoiceUrl != "https://example.com/w" {
		t.Errorf("numbers %v", list)
	}
	ok[*openapi.ApiV2010IncomingPhoneNumber](t)(api.FetchIncomingPhoneNumber(*own.Sid, nil))
	if err := api.DeleteIncomingPhoneNumber(*own.Sid, nil); err != nil {
		t.Error(err)
	}
	if err := api.DeleteApplication(*app.Sid, nil); err != nil {
		t.Error(err)
	}

	// A sub-account has its own token.
	sub := ok[*openapi.ApiV2010Account](t)(api.CreateAccount((&openapi.CreateAccountParams{}).SetFriendlyName("go shop")))
	below := s
	below.sid, below.user = *sub.Sid, ""
	if list := ok[[]openapi.ApiV2010Call](t)(below.api(t, *sub.AuthToken).ListCall(&openapi.ListCallParams{})); len(list) != 0 {
		t.Errorf("a new account has calls: %v", list)
	}
	if a := ok[*openapi.ApiV2010Account](t)(api.UpdateAccount(*sub.Sid, (&openapi.UpdateAccountParams{}).SetStatus("closed"))); *a.Status != "closed" {
		t.Errorf("sub-account %+v", a)
	}
	ok[[]openapi.ApiV2010Account](t)(api.ListAccount((&openapi.ListAccountParams{}).SetStatus("closed")))

	// Whatever is there of recordings, caller IDs and the debugger can be read.
	for _, r := range ok[[]openapi.ApiV2010Recording](t)(api.ListRecording((&openapi.ListRecordingParams{}).SetLimit(5))) {
		ok[*openapi.ApiV2010Recording](t)(api.FetchRecording(*r.Sid, nil))
		if r.CallSid != nil {
			ok[[]openapi.ApiV2010CallRecording](t)(api.ListCallRecording(*r.CallSid, &openapi.ListCallRecordingParams{}))
			ok[*openapi.ApiV2010CallRecording](t)(api.FetchCallRecording(*r.CallSid, *r.Sid, nil))
		}
		if !strings.HasPrefix(*r.MediaUrl, "http") {
			t.Errorf("recording at %s", *r.MediaUrl)
		}
	}
	for _, n := range ok[[]openapi.ApiV2010Notification](t)(api.ListNotification((&openapi.ListNotificationParams{}).SetLog(0).SetLimit(5))) {
		ok[*openapi.ApiV2010NotificationInstance](t)(api.FetchNotification(*n.Sid, nil))
		if n.CallSid != nil {
			ok[[]openapi.ApiV2010CallNotification](t)(api.ListCallNotification(*n.CallSid, &openapi.ListCallNotificationParams{}))
			ok[[]openapi.ApiV2010CallEvent](t)(api.ListCallEvent(*n.CallSid, &openapi.ListCallEventParams{}))
		}
	}
	ok[[]openapi.ApiV2010OutgoingCallerId](t)(api.ListOutgoingCallerId(&openapi.ListOutgoingCallerIdParams{}))
	if tok := ok[*openapi.ApiV2010Token](t)(api.CreateToken((&openapi.CreateTokenParams{}).SetTtl(600))); *tok.Ttl != "600" || tok.IceServers == nil {
		t.Errorf("token %+v", tok)
	}
	asked := ok[*openapi.ApiV2010ValidationRequest](t)(api.CreateValidationRequest((&openapi.CreateValidationRequestParams{}).SetPhoneNumber(s.rings).SetFriendlyName("go")))
	if len(*asked.ValidationCode) != 6 || asked.CallSid == nil {
		t.Errorf("validation %+v", asked)
	}
	stop := &openapi.UpdateCallParams{}
	ok[*openapi.ApiV2010Call](t)(api.UpdateCall(*asked.CallSid, stop.SetStatus("completed")))
}
