package rest_test

import (
	"context"
	"crypto/hmac"
	"crypto/sha1"
	"encoding/base64"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/kaden-project/kaden/account"
	"github.com/kaden-project/kaden/call"
	"github.com/kaden-project/kaden/rest"
	"github.com/kaden-project/kaden/sid"
	"github.com/kaden-project/kaden/store/memstore"
)

// shelf is the numbers of a house: what documents say of them, and what was said over the API since.
type shelf struct {
	list   []account.Number
	before func() // what comes before the next claim is kept; nil: nothing
}

func newShelf() *shelf {
	described := func(n, url string) account.Number {
		return account.Number{SID: account.NumberSID(n), Number: n, URL: url, Document: account.Hash(n + url)}.Owned(nil, owner)
	}
	return &shelf{list: []account.Number{
		described("+81312345678", ""), described("+81312345679", ""), described(us, "https://example.com/voice"),
		described("+815099990000", ""), {SID: account.NumberSID("+819012345678"), Number: "+819012345678", CallBack: true, Account: owner},
		{SID: account.NumberSID("+819012345679"), Number: "+819012345679", Hotline: &account.Hotline{Plan: "night"}, Account: owner},
		described("reception", "https://example.com/reception"),
	}}
}

func (s *shelf) Numbers() []account.Number { return s.list }

func (s *shelf) Claim(_ context.Context, c account.Claim) error {
	if f := s.before; f != nil {
		s.before = nil
		f()
	}
	for i, n := range s.list {
		if n.Number != c.Number {
			continue
		}
		if n.Said != c.Version {
			return account.ErrChanged
		}
		c.Version++
		s.list[i] = n.Owned(&c, owner)
	}
	return nil
}

// furnished is a house in which every resource exists.
func furnished(t testing.TB) (*house, *memstore.Store) {
	t.Helper()
	books := memstore.New()
	born := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	for _, a := range []account.Account{
		{SID: owner, Name: "night watch", AuthToken: token, Created: born, Updated: born},
		{SID: other, AuthToken: strings.Repeat("f", 32), Created: born, Updated: born},
	} {
		if err := books.PutAccount(t.Context(), a); err != nil {
			t.Fatal(err)
		}
	}
	h := open(t, func(c *rest.Config) {
		c.Accounts, c.NotFound = books, account.ErrNotFound
		c.Keys, c.Applications, c.Numbers, c.Recordings, c.Debug = books, books, newShelf(), books, books
	})
	return h, books
}

// as sends a request with other credentials.
func (h *house) as(user, password, method, path string, form url.Values) reply {
	h.t.Helper()
	r := request(method, path, form)
	r.SetBasicAuth(user, password)
	return h.send(r)
}

// form is name, value, name, value.
func form(pairs ...string) url.Values {
	v := url.Values{}
	for i := 0; i < len(pairs); i += 2 {
		v.Add(pairs[i], pairs[i+1])
	}
	return v
}

// names are a property of all items of a list.
func (r reply) names(key, property string) (out []string) {
	r.t.Helper()
	list, ok := r.is(200).body[key].([]any)
	if !ok {
		r.t.Fatalf("there is no list %s in %s", key, r.raw)
	}
	for _, item := range list {
		s, _ := item.(map[string]any)[property].(string)
		out = append(out, s)
	}
	return out
}

func TestAnAPIKeyFromItsMakingToItsEnd(t *testing.T) {
	h, _ := furnished(t)
	made := h.post(base+"/Keys.json", form("FriendlyName", "ci")).is(201)
	id, secret := made.text("sid"), made.text("secret")
	if len(secret) != 32 || made.text("friendly_name") != "ci" || len(made.body) != 5 {
		t.Errorf("made %s", made.raw)
	}
	if shown := h.get(base + "/Keys/" + id + ".json").is(200); strings.Contains(shown.raw, secret) {
		t.Errorf("the secret is shown again: %s", shown.raw)
	}
	h.as(id, secret, "POST", base+"/Calls.json", usual()).is(201)
	mine := h.as(id, secret, "GET", base+".json", nil).is(200)
	if strings.Contains(mine.raw, token) {
		t.Errorf("a key sees the account's token: %s", mine.raw)
	}
	for _, path := range []string{"/Keys.json", "/Keys/" + id + ".json", "/SigningKeys.json"} {
		h.as(id, secret, "GET", base+path, nil).refuses(401, 20003, "not with a key")
	}
	h.as(id, secret, "POST", base+"/Keys.json", form()).refuses(401, 20003)
	h.as(id, secret, "POST", "/2010-04-01/Accounts.json", form()).refuses(401, 20003)
	h.as(id, secret+"x", "GET", base+".json", nil).refuses(401, 20003, "not its own")
	h.as(id, "", "GET", base+".json", nil).refuses(401, 20003)
	h.as(id, secret, "GET", "/2010-04-01/Accounts/"+string(other)+"/Calls.json", nil).refuses(401, 20003)

	if got := h.post(base+"/Keys/"+id+".json", form("FriendlyName", "build")).is(200).text("friendly_name"); got != "build" {
		t.Errorf("renamed to %q", got)
	}
	h.as(string(other), strings.Repeat("f", 32), "DELETE", "/2010-04-01/Accounts/"+string(other)+"/Keys/"+id+".json", nil).refuses(404, 20404)
	h.send(request("DELETE", base+"/Keys/"+id+".json", nil)).is(204)
	h.as(id, secret, "GET", base+".json", nil).refuses(401, 20003, "not known")
	h.post(base+"/Keys.json", form("FriendlyName", strings.Repeat("長", 65))).refuses(400, 20002)
}

func TestKeysAreListedByPages(t *testing.T) {
	h, _ := furnished(t)
	for _, name := range []string{"a", "b", "c", "d", "e"} {
		h.post(base+"/Keys.json", form("FriendlyName", name)).is(201)
	}
	first := h.get(base + "/Keys.json?PageSize=2")
	if got := first.names("keys", "friendly_name"); !slices.Equal(got, []string{"e", "d"}) {
		t.Errorf("first page %v", got)
	}
	for _, id := range first.names("keys", "sid") { // as programs do that clear a list away
		h.send(request("DELETE", base+"/Keys/"+id+".json", nil)).is(204)
	}
	second := h.get(first.text("next_page_uri"))
	if got := second.names("keys", "friendly_name"); !slices.Equal(got, []string{"c", "b"}) || second.body["start"] != 2.0 {
		t.Errorf("second page %v: %s", got, second.raw)
	}
	last := h.get(second.text("next_page_uri"))
	if got := last.names("keys", "friendly_name"); !slices.Equal(got, []string{"a"}) || last.body["next_page_uri"] != nil {
		t.Errorf("last page %s", last.raw)
	}
	if got := h.get(base+"/SigningKeys.json").names("signing_keys", "friendly_name"); !slices.Equal(got, []string{"c", "b", "a"}) {
		t.Errorf("under the older name %v", got)
	}
	for _, bad := range []string{"PageToken=PA", "PageToken=x", "PageToken=PAzz", "PageToken=PA-1", "Page=1"} {
		h.get(base+"/Keys.json?"+bad).refuses(400, 21481)
	}
}

func TestSubAccounts(t *testing.T) {
	h, _ := furnished(t)
	made := h.post("/2010-04-01/Accounts.json", form("FriendlyName", "shop")).is(201)
	id, secret := made.text("sid"), made.text("auth_token")
	sub := "/2010-04-01/Accounts/" + id
	if made.text("owner_account_sid") != string(owner) || made.text("status") != "active" || made.text("type") != "Full" {
		t.Errorf("made %s", made.raw)
	}
	if got := h.get("/2010-04-01/Accounts.json").names("accounts", "sid"); !slices.Equal(got, []string{id, string(owner)}) {
		t.Errorf("the main account sees %v", got)
	}
	if got := h.as(id, secret, "GET", "/2010-04-01/Accounts.json", nil).names("accounts", "sid"); !slices.Equal(got, []string{id}) {
		t.Errorf("the sub-account sees %v", got)
	}
	if got := h.get("/2010-04-01/Accounts.json?FriendlyName=shop&Status=active").names("accounts", "sid"); !slices.Equal(got, []string{id}) {
		t.Errorf("of that name %v", got)
	}
	h.get("/2010-04-01/Accounts.json?Status=gone").refuses(400, 20001)

	// Each has its own calls; the main account may look at those below it, nobody else.
	theirs := h.as(id, secret, "POST", sub+"/Calls.json", usual()).is(201)
	if theirs.text("account_sid") != id {
		t.Errorf("a call of the sub-account: %s", theirs.raw)
	}
	h.get(sub + "/Calls/" + theirs.text("sid") + ".json").is(200)
	h.get(base+"/Calls/"+theirs.text("sid")+".json").refuses(404, 20404)
	h.as(id, secret, "GET", base+"/Calls.json", nil).refuses(401, 20003, "not those of account")
	h.as(string(other), strings.Repeat("f", 32), "GET", sub+"/Calls.json", nil).refuses(401, 20003)
	h.as(string(other), strings.Repeat("f", 32), "GET", sub+".json", nil).refuses(401, 20003)
	h.as(id, secret, "POST", "/2010-04-01/Accounts.json", form()).refuses(403, 20006)

	// Its status is the main account's to change, and closed is closed.
	h.as(id, secret, "POST", sub+".json", form("Status", "closed")).refuses(403, 20006)
	h.post(base+".json", form("Status", "suspended")).refuses(403, 20006)
	if got := h.as(id, secret, "POST", sub+".json", form("FriendlyName", "bakery")).is(200).text("friendly_name"); got != "bakery" {
		t.Errorf("renamed to %q", got)
	}
	if got := h.post(sub+".json", form("Status", "suspended")).is(200).text("status"); got != "suspended" {
		t.Errorf("status %q", got)
	}
	h.as(id, secret, "GET", sub+".json", nil).refuses(401, 20005, "suspended")
	h.post(sub+"/Calls.json", usual()).refuses(401, 20005)
	h.get(sub + "/Calls.json").is(200)
	h.post(sub+".json", form("Status", "active")).is(200)
	h.as(id, secret, "GET", sub+".json", nil).is(200)
	h.post(sub+".json", form("Status", "closed")).is(200)
	h.post(sub+".json", form("Status", "active")).refuses(400, 20001, "stays so")
}

func TestAnApplicationSaysWhatACallDoes(t *testing.T) {
	h, _ := furnished(t)
	made := h.post(base+"/Applications.json", form("FriendlyName", "受付", "VoiceUrl", "https://example.com/app", "VoiceMethod", "get",
		"VoiceFallbackUrl", "https://example.com/f", "StatusCallback", "https://example.com/s", "SmsUrl", "https://example.com/t",
		"MessageStatusCallback", "https://example.com/m", "VoiceCallerIdLookup", "TRUE")).is(201)
	for property, want := range map[string]any{
		"friendly_name": "受付", "voice_url": "https://example.com/app", "voice_method": "GET", "voice_fallback_url": "https://example.com/f",
		"voice_fallback_method": "POST", "status_callback": "https://example.com/s", "sms_url": "https://example.com/t", "sms_method": "POST",
		"message_status_callback": "https://example.com/m", "voice_caller_id_lookup": true, "public_application_connect_enabled": false,
		"account_sid": string(owner), "api_version": "2010-04-01",
	} {
		if got := made.body[property]; got != want {
			t.Errorf("%s is %v, want %v", property, got, want)
		}
	}
	id := made.text("sid")
	h.post(base+"/Calls.json", usual("Url", "", "ApplicationSid", id, "StatusCallback", "https://example.com/not")).is(201)
	o := h.desk.orders[0]
	if o.Program != (call.Program{URL: "https://example.com/app", Method: "GET", FallbackURL: "https://example.com/f"}) || o.Callback.URL != "https://example.com/s" {
		t.Errorf("ordered %+v", o)
	}
	uri := base + "/Applications/" + id + ".json"
	if got := h.post(uri, form("VoiceUrl", "", "FriendlyName", "desk")).is(200); got.body["voice_url"] != nil || got.text("friendly_name") != "desk" || got.text("status_callback") == "" {
		t.Errorf("changed to %s", got.raw)
	}
	h.post(base+"/Calls.json", usual("Url", "", "ApplicationSid", id)).refuses(400, 21218, "has no VoiceUrl")
	for _, bad := range []string{"AP1", "AP" + strings.Repeat("0", 32), "受付"} {
		h.post(base+"/Calls.json", usual("Url", "", "ApplicationSid", bad)).refuses(400, 21218)
	}
	h.post(base+"/Applications.json", form("VoiceUrl", "ftp://x")).refuses(400, 21402)
	h.post(base+"/Applications.json", form("VoiceMethod", "PUT")).refuses(400, 21403)
	h.post(base+"/Applications.json", form("VoiceCallerIdLookup", "maybe")).refuses(400, 20001)

	two := h.post(base+"/Applications.json", form("FriendlyName", "two")).is(201).text("sid")
	if got := h.get(base+"/Applications.json?PageSize=1").names("applications", "sid"); !slices.Equal(got, []string{two}) {
		t.Errorf("listed %v", got)
	}
	if got := h.get(base+"/Applications.json?FriendlyName=desk").names("applications", "sid"); !slices.Equal(got, []string{id}) {
		t.Errorf("named desk: %v", got)
	}
	theirs := "/2010-04-01/Accounts/" + string(other) + "/Applications"
	h.as(string(other), strings.Repeat("f", 32), "GET", theirs+"/"+id+".json", nil).refuses(404, 20404)
	if got := h.as(string(other), strings.Repeat("f", 32), "GET", theirs+".json", nil).names("applications", "sid"); len(got) != 0 {
		t.Errorf("another account sees %v", got)
	}
	h.send(request("DELETE", uri, nil)).is(204)
	h.get(uri).refuses(404, 20404)
}

func TestNumbersAreClaimedSetUpAndGivenBack(t *testing.T) {
	h, _ := furnished(t)
	free := func(path string) []string {
		t.Helper()
		return h.get(base+"/AvailablePhoneNumbers/JP/"+path).names("available_phone_numbers", "phone_number")
	}
	if got := free("Local.json"); !slices.Equal(got, []string{"+81312345678", "+81312345679"}) {
		t.Errorf("fixed lines to be had: %v", got)
	}
	if got := free("National.json"); !slices.Equal(got, []string{"+815099990000"}) {
		t.Errorf("050 numbers to be had: %v", got)
	}
	for query, want := range map[string]int{"Contains=5679": 1, "Contains=1234567*": 2, "Contains=%2B8131": 2, "Contains=9*9": 0, "AreaCode=3": 2, "AreaCode=6": 0,
		"SmsEnabled=true": 0, "VoiceEnabled=true": 2, "PageSize=1": 1} {
		if got := free("Local.json?" + query); len(got) != want {
			t.Errorf("%s: %v", query, got)
		}
	}
	country := h.get(base + "/AvailablePhoneNumbers/JP.json").is(200)
	if uris := country.body["subresource_uris"].(map[string]any); len(uris) != 3 || uris["local"] != base+"/AvailablePhoneNumbers/JP/Local.json" {
		t.Errorf("in Japan: %s", country.raw)
	}
	h.get(base+"/AvailablePhoneNumbers/XX.json").refuses(404, 20404)
	if got := h.get(base+"/AvailablePhoneNumbers.json").names("countries", "country_code"); !slices.Equal(got, []string{"JP"}) {
		t.Errorf("countries %v", got)
	}

	h.post(base+"/IncomingPhoneNumbers.json", form()).refuses(400, 21451)
	h.post(base+"/IncomingPhoneNumbers.json", form("PhoneNumber", us)).refuses(400, 21422, "AvailablePhoneNumbers")
	h.post(base+"/IncomingPhoneNumbers.json", form("AreaCode", "6")).refuses(400, 21452)
	h.post(base+"/IncomingPhoneNumbers/Mobile.json", form("PhoneNumber", "+81312345678")).refuses(400, 21422)
	app := h.post(base+"/Applications.json", form("VoiceUrl", "https://example.com/app")).is(201).text("sid")
	made := h.post(base+"/IncomingPhoneNumbers.json", form("PhoneNumber", "03-1234-5678", "VoiceUrl", "https://example.com/v", "FriendlyName", "hotline",
		"StatusCallback", "https://example.com/s", "StatusCallbackMethod", "GET")).is(201)
	for property, want := range map[string]any{"phone_number": "+81312345678", "friendly_name": "hotline", "voice_url": "https://example.com/v", "voice_method": "POST",
		"status_callback_method": "GET", "origin": "hosted", "type": "local", "voice_application_sid": nil, "account_sid": string(owner)} {
		if got := made.body[property]; got != want {
			t.Errorf("%s is %v, want %v", property, got, want)
		}
	}
	uri := made.text("uri")
	if got := h.post(uri, form("VoiceApplicationSid", app)).is(200); got.text("voice_application_sid") != app || got.text("voice_url") == "" || got.text("date_created") != made.text("date_created") {
		t.Errorf("changed to %s", got.raw)
	}
	h.post(uri, form("VoiceApplicationSid", "AP"+strings.Repeat("0", 32))).refuses(400, 21218)
	h.post(uri, form("VoiceUrl", "x")).refuses(400, 21402)
	h.post(uri, form("AccountSid", string(other))).refuses(400, 20001)
	if got := h.get(uri).is(200).text("voice_application_sid"); got != app {
		t.Errorf("what was refused has changed it to %s", got)
	}
	for query, want := range map[string][]string{
		"":                                   {"+81312345678", us, "+819012345678", "+819012345679"},
		"?PhoneNumber=5678":                  {"+81312345678", us, "+819012345678"},
		"?PhoneNumber=%2B8150":               {us},
		"?FriendlyName=hotline":              {"+81312345678"},
		"?FriendlyName=%2B815012345678":      {us},
		"?Origin=twilio":                     nil,
		"/Local":                             {"+81312345678"},
		"/Mobile":                            {"+819012345678", "+819012345679"},
		"/TollFree":                          nil,
		"?PageSize=1&PageToken=PA1":          {us},
		"?PageSize=1&PageToken=PA7fffffffff": nil,
	} {
		if got := h.get(base+"/IncomingPhoneNumbers"+query).names("incoming_phone_numbers", "phone_number"); !slices.Equal(got, want) {
			t.Errorf("%q: %v, want %v", query, got, want)
		}
	}
	back := base + "/IncomingPhoneNumbers/" + string(account.NumberSID("+819012345678")) + ".json"
	h.post(back, form("VoiceUrl", "https://example.com/v")).refuses(403, 20006, "call-back")
	h.send(request("DELETE", back, nil)).refuses(403, 20006)
	hotline := base + "/IncomingPhoneNumbers/" + string(account.NumberSID("+819012345679")) + ".json"
	h.post(hotline, form("VoiceUrl", "https://example.com/v")).refuses(403, 20006, "plan: night")
	h.send(request("DELETE", hotline, nil)).refuses(403, 20006)

	// A sub-account may be given one, and has it to itself.
	sub := h.post("/2010-04-01/Accounts.json", form()).is(201)
	theirs := "/2010-04-01/Accounts/" + sub.text("sid") + "/IncomingPhoneNumbers"
	h.post(uri, form("AccountSid", sub.text("sid"), "VoiceApplicationSid", "")).is(200)
	h.get(uri).refuses(404, 20404)
	if got := h.as(sub.text("sid"), sub.text("auth_token"), "GET", theirs+".json", nil).names("incoming_phone_numbers", "friendly_name"); !slices.Equal(got, []string{"hotline"}) {
		t.Errorf("the sub-account has %v", got)
	}
	h.post("/2010-04-01/Accounts/"+sub.text("sid")+".json", form("Status", "closed")).is(200) // which gives back what it has
	if got := free("Local"); !slices.Equal(got, []string{"+81312345678", "+81312345679"}) {
		t.Errorf("given back: %v", got)
	}
	again := h.post(base+"/IncomingPhoneNumbers/Local.json", form("PhoneNumber", "+81312345678")).is(201)
	if again.body["voice_url"] != nil || again.text("friendly_name") != "+81312345678" {
		t.Errorf("what the last owner had set is still there: %s", again.raw)
	}
}

func TestWhatIsNotThereIs404(t *testing.T) {
	h := open(t, nil)
	for _, path := range []string{"Keys", "SigningKeys", "Applications", "IncomingPhoneNumbers", "IncomingPhoneNumbers/Local", "AvailablePhoneNumbers",
		"AvailablePhoneNumbers/JP", "AvailablePhoneNumbers/JP/Local", "Balance", "Usage/Records"} {
		h.get(base+"/"+path+".json").refuses(404, 20404)
	}
}

func TestRecordingsAreListedHeardAndDeleted(t *testing.T) {
	h, books := furnished(t)
	day := time.Date(2026, 1, 2, 12, 0, 0, 0, time.UTC)
	wav := []byte("RIFF....WAVE and what somebody said")
	kept := []account.Recording{
		{SID: "RE" + sid.Recording(strings.Repeat("1", 32)), Call: callID(1), Source: "RecordVerb", Track: "inbound", Channels: 1, Status: "completed", Duration: 4_600 * time.Millisecond},
		{SID: "RE" + sid.Recording(strings.Repeat("2", 32)), Call: callID(2), Source: "DialVerb", Track: "both", Channels: 2, Status: "in-progress"},
		{SID: "RE" + sid.Recording(strings.Repeat("3", 32)), Conference: "CF" + sid.Conference(strings.Repeat("1", 32)), Source: "Conference", Channels: 1, Status: "absent", ErrorCode: 13617},
	}
	for i, r := range kept {
		r.Account, r.Started, r.Created, r.Updated = owner, day, day.AddDate(0, 0, i), day.AddDate(0, 0, i)
		sound := wav
		if r.Status != "completed" {
			sound = nil
		}
		if err := books.PutRecording(t.Context(), r, sound); err != nil {
			t.Fatal(err)
		}
	}
	id := func(i int) string { return string(kept[i].SID) }
	for query, want := range map[string][]string{
		"/Recordings.json": {id(2), id(1), id(0)},
		"/Recordings.json?CallSid=" + string(callID(2)):                   {id(1)},
		"/Recordings.json?ConferenceSid=" + string(kept[2].Conference):    {id(2)},
		"/Recordings.json?DateCreated%3E=2026-01-03":                      {id(2), id(1)},
		"/Recordings.json?DateCreated=2026-01-02":                         {id(0)},
		"/Recordings.json?DateCreated%3C=2026-01-03T12:00:00Z":            {id(0)},
		"/Calls/" + string(callID(1)) + "/Recordings.json":                {id(0)},
		"/Conferences/" + string(kept[2].Conference) + "/Recordings.json": {id(2)},
		"/Calls/" + string(callID(9)) + "/Recordings.json":                nil,
	} {
		if got := h.get(base+query).names("recordings", "sid"); !slices.Equal(got, want) {
			t.Errorf("%s: %v, want %v", query, got, want)
		}
	}
	h.get(base+"/Recordings.json?CallSid=x").refuses(400, 20001)
	h.get(base+"/Recordings.json?ConferenceSid=x").refuses(400, 20001)
	h.get(base+"/Recordings.json?DateCreated=soon").refuses(400, 20001)

	one := base + "/Recordings/" + id(0)
	shown := h.get(one + ".json").is(200)
	for property, want := range map[string]any{"duration": "5", "channels": 1.0, "source": "RecordVerb", "status": "completed", "call_sid": string(callID(1)),
		"conference_sid": nil, "error_code": nil, "price": nil, "media_url": "http://example.com" + one} {
		if got := shown.body[property]; got != want {
			t.Errorf("%s is %v, want %v", property, got, want)
		}
	}
	if got := h.get(base + "/Calls/" + string(callID(1)) + "/Recordings/" + id(0) + ".json").is(200); got.text("track") != "inbound" || got.body["media_url"] != nil {
		t.Errorf("below its call: %s", got.raw)
	}
	h.get(base+"/Calls/"+string(callID(2))+"/Recordings/"+id(0)+".json").refuses(404, 20404)
	if got := h.get(base + "/Recordings/" + id(2) + ".json").is(200); got.body["error_code"] != 13617.0 || got.body["duration"] != nil {
		t.Errorf("one that is absent: %s", got.raw)
	}

	for _, path := range []string{one, one + ".wav", base + "/Calls/" + string(callID(1)) + "/Recordings/" + id(0) + ".wav?RequestedChannels=1"} {
		w := h.sound(request("GET", path, nil))
		if w.Code != 200 || w.Body.String() != string(wav) || w.Header().Get("Content-Type") != "audio/x-wav" {
			t.Errorf("%s: %d %s %q", path, w.Code, w.Header(), w.Body)
		}
	}
	part := request("GET", one, nil)
	part.Header.Set("Range", "bytes=0-3")
	if w := h.sound(part); w.Code != 206 || w.Body.String() != "RIFF" {
		t.Errorf("a part of it: %d %q", w.Code, w.Body)
	}
	if w := h.sound(request("HEAD", one, nil)); w.Code != 200 || w.Body.Len() != 0 || w.Header().Get("Content-Length") != strconv.Itoa(len(wav)) {
		t.Errorf("its length: %d %s", w.Code, w.Header())
	}
	h.get(one+".mp3").refuses(404, 20404, ".wav is there")
	for _, path := range []string{one + ".ogg", one + ".wav.json", base + "/Recordings/" + id(1), base + "/Recordings/RE1.wav"} {
		h.get(path).refuses(404, 20404)
	}
	h.as(string(other), strings.Repeat("f", 32), "GET", "/2010-04-01/Accounts/"+string(other)+"/Recordings/"+id(0)+".wav", nil).refuses(404, 20404)
	h.send(request("DELETE", one+".wav", nil)).refuses(404, 20404)
	h.send(request("DELETE", one+".json", nil)).is(204)
	h.get(one+".wav").refuses(404, 20404)
	h.get(one+".json").refuses(404, 20404)
}

// sound sends a request whose answer is no JSON.
func (h *house) sound(r *http.Request) *httptest.ResponseRecorder {
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}

func TestWhoHearsARecording(t *testing.T) {
	h, books := furnished(t)
	r := account.Recording{SID: sid.New[sid.Recording](), Account: owner, Status: "completed", Channels: 1, Created: time.Now(), Updated: time.Now()}
	if err := books.PutRecording(t.Context(), r, []byte("RIFF")); err != nil {
		t.Fatal(err)
	}
	one := base + "/Recordings/" + string(r.SID)
	nobody := func(method, path string) int {
		return h.sound(httptest.NewRequest(method, path, nil)).Code
	}
	if got := nobody("GET", one+".wav"); got != 401 {
		t.Errorf("without credentials: %d", got)
	}
	h.Handler = rest.New(slog.New(slog.DiscardHandler), rest.Config{Accounts: books, NotFound: account.ErrNotFound, Recordings: books, OpenRecordings: true})
	for path, want := range map[string]int{
		one: 200, one + ".wav": 200, one + ".mp3": 404, one + ".json": 401, base + "/Recordings": 401, base + "/Recordings.json": 401, base + "/Calls": 401,
		"/2010-04-01/Accounts/" + string(other) + "/Recordings/" + string(r.SID):             404,
		base + "/Calls/" + string(callID(1)) + "/Recordings/" + string(r.SID):                404,
		"/2010-04-01/Accounts/AC" + strings.Repeat("0", 32) + "/Recordings/" + string(r.SID): 404,
	} {
		if got := nobody("GET", path); got != want {
			t.Errorf("%s: %d, want %d", path, got, want)
		}
	}
	if got := nobody("DELETE", one); got != 401 {
		t.Errorf("deleted by nobody: %d", got)
	}
	wrong := request("GET", one, nil)
	wrong.SetBasicAuth(string(owner), "wrong")
	if got := h.sound(wrong).Code; got != 401 {
		t.Errorf("with wrong credentials: %d", got)
	}
}

func TestTheDebuggerShowsWhatWentWrong(t *testing.T) {
	h, books := furnished(t)
	at := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	asked := account.Exchange{Account: owner, Call: callID(1), At: at, Method: "POST", URL: "https://example.com/voice", Params: url.Values{"Digits": {"1"}},
		Status: 500, Took: 1_234 * time.Millisecond, Header: map[string][]string{"Content-Type": {"text/html"}, "Server": {"owner/1"}}, Body: "<h1>Traceback", Code: 11200}
	broken := account.Notification{SID: "NO" + sid.Notification(strings.Repeat("1", 32)), Account: owner, Call: callID(1), Code: 11200, Text: "the server answered with HTTP 500", Exchange: asked, At: at}
	odd := account.Notification{SID: "NO" + sid.Notification(strings.Repeat("2", 32)), Account: owner, Call: callID(2), Warning: true, Text: "kaden does not turn speech into text", At: at.AddDate(0, 0, 1)}
	gone := account.Exchange{Account: owner, Call: callID(1), At: at, URL: "https://gone.example/", Took: time.Second, Code: 11210}
	if err := books.KeepDebug(t.Context(), []account.Exchange{asked, gone}, []account.Notification{broken, odd}); err != nil {
		t.Fatal(err)
	}
	for query, want := range map[string][]string{
		"/Notifications.json":                                 {string(odd.SID), string(broken.SID)},
		"/Notifications.json?Log=0":                           {string(broken.SID)},
		"/Notifications.json?Log=1":                           {string(odd.SID)},
		"/Notifications.json?MessageDate%3E=2026-01-03":       {string(odd.SID)},
		"/Notifications.json?MessageDate=2026-01-02":          {string(broken.SID)},
		"/Calls/" + string(callID(1)) + "/Notifications.json": {string(broken.SID)},
		"/Calls/" + string(callID(3)) + "/Notifications.json": nil,
	} {
		if got := h.get(base+query).names("notifications", "sid"); !slices.Equal(got, want) {
			t.Errorf("%s: %v, want %v", query, got, want)
		}
	}
	h.get(base+"/Notifications.json?Log=2").refuses(400, 20001)
	one := h.get(base + "/Notifications/" + string(broken.SID) + ".json").is(200)
	for property, want := range map[string]any{"error_code": "11200", "log": "0", "message_text": "the server answered with HTTP 500", "request_method": "POST",
		"request_url": "https://example.com/voice", "request_variables": "Digits=1", "response_body": "<h1>Traceback", "response_headers": "Content-Type=text%2Fhtml&Server=owner%2F1",
		"more_info": "https://www.twilio.com/docs/errors/11200", "call_sid": string(callID(1))} {
		if got := one.body[property]; got != want {
			t.Errorf("%s is %v, want %v", property, got, want)
		}
	}
	if got := h.get(base + "/Calls/" + string(callID(2)) + "/Notifications/" + string(odd.SID) + ".json").is(200); got.body["error_code"] != nil || got.text("log") != "1" || got.body["request_url"] != nil {
		t.Errorf("a warning of our own: %s", got.raw)
	}
	for _, path := range []string{"/Calls/" + string(callID(1)) + "/Notifications/" + string(odd.SID), "/Notifications/NO1", "/Notifications/NO" + strings.Repeat("0", 32)} {
		h.get(base+path+".json").refuses(404, 20404)
	}
	theirs := "/2010-04-01/Accounts/" + string(other)
	h.as(string(other), strings.Repeat("f", 32), "GET", theirs+"/Notifications/"+string(broken.SID)+".json", nil).refuses(404, 20404)
	if got := h.as(string(other), strings.Repeat("f", 32), "GET", theirs+"/Calls/"+string(callID(1))+"/Events.json", nil).is(200).body["events"].([]any); len(got) != 0 {
		t.Errorf("another account sees %v", got)
	}

	events := h.get(base + "/Calls/" + string(callID(1)) + "/Events.json").is(200).body["events"].([]any)
	if len(events) != 2 {
		t.Fatalf("events %v", events)
	}
	newest, first := events[0].(map[string]any), events[1].(map[string]any)
	if q := newest["request"].(map[string]any); q["method"] != "POST" || newest["response"].(map[string]any)["response_code"] != nil {
		t.Errorf("one without an answer: %v", newest)
	}
	q, a := first["request"].(map[string]any), first["response"].(map[string]any)
	if q["url"] != "https://example.com/voice" || q["parameters"].(map[string]any)["Digits"] != "1" || a["response_code"] != 500.0 || a["request_duration"] != 1234.0 ||
		a["content_type"] != "text/html" || a["response_body"] != "<h1>Traceback" || a["date_created"] != "Fri, 02 Jan 2026 03:04:05 +0000" {
		t.Errorf("the first: %v", first)
	}
	h.get(base+"/Calls/CA1/Events.json").refuses(404, 20404)
}

func TestTokensForRelays(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := open(t, nil)
		plain := h.post(base+"/Tokens.json", form()).is(201)
		if len(plain.body["ice_servers"].([]any)) != 0 || plain.text("ttl") != "86400" || plain.text("username") != "" {
			t.Errorf("without relays: %s", plain.raw)
		}
		h = open(t, func(c *rest.Config) {
			c.Relay = rest.Relay{URLs: []string{"stun:stun.example.jp", "turn:turn.example.jp"}, Secret: "north"}
		})
		got := h.post(base+"/Tokens.json", form("Ttl", "600")).is(201)
		user := strconv.FormatInt(time.Now().Add(10*time.Minute).Unix(), 10) + ":" + string(owner)
		mac := hmac.New(sha1.New, []byte("north"))
		mac.Write([]byte(user))
		password := base64.StdEncoding.EncodeToString(mac.Sum(nil))
		want := []any{
			map[string]any{"url": "stun:stun.example.jp", "urls": "stun:stun.example.jp"},
			map[string]any{"url": "turn:turn.example.jp", "urls": "turn:turn.example.jp", "username": user, "credential": password},
		}
		if !reflect.DeepEqual(got.body["ice_servers"], want) || got.text("username") != user || got.text("password") != password || got.text("ttl") != "600" {
			t.Errorf("with relays: %s", got.raw)
		}
		h.post(base+"/Tokens.json", form("Ttl", "0")).refuses(400, 20001)
	})
}
