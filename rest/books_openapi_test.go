package rest_test

import (
	"net/url"
	"testing"
	"time"

	"github.com/kaden-project/kaden/account"
	"github.com/kaden-project/kaden/rest"
	"github.com/kaden-project/kaden/sid"
)

func TestStoredResourcesMatchTwiliosOpenAPIDocument(t *testing.T) {
	c := readContract(t)
	h, books := furnished(t)
	get := func(path string) reply { t.Helper(); return c.exchange(t, h, request("GET", path, nil)).is(200) }
	post := func(path string, status int, pairs ...string) reply {
		t.Helper()
		return c.exchange(t, h, request("POST", path, form(pairs...))).is(status)
	}
	gone := func(path string) { t.Helper(); c.exchange(t, h, request("DELETE", path, nil)).is(204) }

	sub := post("/2010-04-01/Accounts.json", 201, "FriendlyName", "shop").text("uri")
	post(sub, 200, "FriendlyName", "bakery", "Status", "suspended")
	get("/2010-04-01/Accounts.json?FriendlyName=bakery&Status=suspended&PageSize=1")
	get(sub)

	for _, kind := range []string{"/Keys", "/SigningKeys"} {
		key := base + kind + "/" + post(base+kind+".json", 201, "FriendlyName", "ci").text("sid") + ".json"
		post(key, 200, "FriendlyName", "build")
		get(key)
		get(base + kind + ".json")
		gone(key)
	}

	app := post(base+"/Applications.json", 201).text("uri")
	full := []string{"FriendlyName", "desk", "ApiVersion", "2010-04-01", "VoiceUrl", "https://example.com/v", "VoiceMethod", "POST", "VoiceFallbackUrl", "https://example.com/f",
		"VoiceFallbackMethod", "GET", "StatusCallback", "https://example.com/s", "StatusCallbackMethod", "POST", "VoiceCallerIdLookup", "true", "SmsUrl", "https://example.com/t",
		"SmsMethod", "POST", "SmsFallbackUrl", "https://example.com/u", "SmsFallbackMethod", "POST", "MessageStatusCallback", "https://example.com/m", "PublicApplicationConnectEnabled", "true"}
	post(app, 200, full...)
	get(app)
	get(base + "/Applications.json?FriendlyName=desk")

	for _, path := range []string{"", "/JP", "/JP/Local", "/JP/Mobile", "/JP/National", "/JP/Voip", "/JP/TollFree", "/JP/SharedCost", "/JP/MachineToMachine"} {
		get(base + "/AvailablePhoneNumbers" + path + ".json")
	}
	for _, kind := range []string{"", "/Local", "/Mobile", "/TollFree"} {
		get(base + "/IncomingPhoneNumbers" + kind + ".json?Beta=false")
	}
	own := post(base+"/IncomingPhoneNumbers.json", 201, "PhoneNumber", "+81312345678", "VoiceUrl", "https://example.com/v").text("uri")
	post(base+"/IncomingPhoneNumbers/Local.json", 201, "PhoneNumber", "+81312345679")
	post(own, 200, "VoiceApplicationSid", get(app).text("sid"), "StatusCallback", "https://example.com/s", "FriendlyName", "hotline")
	get(own)
	gone(own)
	gone(app)

	at := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	ofCall := account.Recording{SID: sid.New[sid.Recording](), Account: owner, Call: callID(1), Source: "DialVerb", Track: "both", Channels: 2, Status: "completed",
		Started: at, Duration: 3 * time.Second, Created: at, Updated: at}
	ofRoom := account.Recording{SID: sid.New[sid.Recording](), Account: owner, Conference: sid.New[sid.Conference](), Source: "StartConferenceRecordingAPI", Channels: 1,
		Status: "absent", ErrorCode: 13617, Started: at, Created: at, Updated: at}
	for _, r := range []account.Recording{ofCall, ofRoom} {
		if err := books.PutRecording(t.Context(), r, []byte("RIFF")); err != nil {
			t.Fatal(err)
		}
	}
	get(base + "/Recordings.json?DateCreated%3E=2026-01-01T00%3A00%3A00Z")
	for _, path := range []string{"/Recordings", "/Calls/" + string(ofCall.Call) + "/Recordings"} {
		get(base + path + ".json")
		get(base + path + "/" + string(ofCall.SID) + ".json")
	}
	get(base + "/Recordings/" + string(ofRoom.SID) + ".json")
	get(base + "/Conferences/" + string(ofRoom.Conference) + "/Recordings.json")
	get(base + "/Conferences/" + string(ofRoom.Conference) + "/Recordings/" + string(ofRoom.SID) + ".json")
	gone(base + "/Calls/" + string(ofCall.Call) + "/Recordings/" + string(ofCall.SID) + ".json")
	gone(base + "/Recordings/" + string(ofRoom.SID) + ".json")

	asked := account.Exchange{Account: owner, Call: callID(1), At: at, Method: "POST", URL: "https://example.com/v", Params: url.Values{"Digits": {"1"}}, Status: 500,
		Header: map[string][]string{"Content-Type": {"text/html"}}, Body: "<h1>", Code: 11200}
	broken := account.Notification{SID: sid.New[sid.Notification](), Account: owner, Call: callID(1), Code: 11200, Text: "the server answered with HTTP 500", Exchange: asked, At: at}
	odd := account.Notification{SID: sid.New[sid.Notification](), Account: owner, Call: callID(1), Warning: true, Text: "no transcription comes", At: at}
	if err := books.KeepDebug(t.Context(), []account.Exchange{asked}, []account.Notification{broken, odd}); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{"/Notifications", "/Calls/" + string(callID(1)) + "/Notifications"} {
		get(base + path + ".json?Log=0&MessageDate%3C=2026-02-01")
		get(base + path + "/" + string(broken.SID) + ".json")
		get(base + path + "/" + string(odd.SID) + ".json")
	}
	get(base + "/Calls/" + string(callID(1)) + "/Events.json")
	post(base+"/Tokens.json", 201, "Ttl", "600")
}

// Numbers of two kinds that the house above has none of are claimed by the address of their kind.
func TestNumbersOfEachKindMatchTwiliosOpenAPIDocument(t *testing.T) {
	c := readContract(t)
	free := func(n string) account.Number {
		return account.Number{SID: account.NumberSID(n), Number: n, Document: account.Hash(n)}.Owned(nil, owner)
	}
	h := open(t, func(cfg *rest.Config) {
		cfg.Numbers = &shelf{list: []account.Number{free("+819055550001"), free("+81120555500")}}
	})
	for kind, n := range map[string]string{"Mobile": "+819055550001", "TollFree": "+81120555500"} {
		at := base + "/IncomingPhoneNumbers/" + kind + ".json"
		own := c.exchange(t, h, request("POST", at, form("PhoneNumber", n, "VoiceUrl", "https://example.com/v"))).is(201)
		if list := c.exchange(t, h, request("GET", at, nil)).is(200); own.text("phone_number") != n || len(list.body["incoming_phone_numbers"].([]any)) != 1 {
			t.Errorf("%s: %s in %s", kind, own.raw, list.raw)
		}
	}
}
