package rest_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
)

// FuzzResources sends anything to any place below the account: the answer is never our own fault, and always Twilio's
// JSON, or a recording's sound.
func FuzzResources(f *testing.F) {
	for _, seed := range []struct{ method, path, query, form string }{
		{"GET", "Recordings.json", "DateCreated>=2026-01-01&PageToken=PA1", ""},
		{"GET", "Recordings/RE11111111111111111111111111111111.wav", "RequestedChannels=2", ""},
		{"POST", "Applications.json", "", "VoiceUrl=https://example.com/&VoiceMethod=GET"},
		{"POST", "IncomingPhoneNumbers/Local.json", "", "PhoneNumber=0312345678&AccountSid=AC1"},
		{"GET", "AvailablePhoneNumbers/JP/Local.json", "Contains=**1&AreaCode=3", ""},
		{"GET", "Calls/CA00000000000000000000000000000001/Notifications.json", "Log=1&MessageDate<=x", ""},
		{"DELETE", "Keys/SK00000000000000000000000000000001", "", ""},
		{"POST", "Tokens", "", "Ttl=60"},
		{"POST", "../Accounts.json", "", "FriendlyName=%00"},
	} {
		f.Add(seed.method, seed.path, seed.query, seed.form)
	}
	h, _ := furnished(f)
	f.Fuzz(func(t *testing.T, method, path, query, form string) {
		if strings.HasPrefix(path, "Calls") && method == http.MethodPost {
			return // calls have their own tests, and goroutines
		}
		fuzzed(t, h, method, &url.URL{Path: base + "/" + path, RawQuery: query}, form)
	})
}

// fuzzed sends anything and looks at the answer.
func fuzzed(t *testing.T, h http.Handler, method string, at *url.URL, form string) {
	r := &http.Request{Method: method, URL: at, Header: http.Header{}, Host: "kaden.test"}
	if method == http.MethodPost {
		r = httptest.NewRequest(http.MethodPost, "/", strings.NewReader(form))
		r.URL = at
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	r.SetBasicAuth(string(owner), token)
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	if w.Code >= 500 || w.Code < 200 || w.Code >= 300 && w.Code < 400 {
		t.Fatalf("%s %s %q: %d %s", method, at, form, w.Code, w.Body)
	}
	if w.Body.Len() > 0 && w.Header().Get("Content-Type") != "audio/x-wav" && !json.Valid(w.Body.Bytes()) {
		t.Fatalf("%s %s: not JSON: %s", method, at, w.Body)
	}
}
