package rest_test

import (
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
)

func TestWhoAsks(t *testing.T) {
	h := open(t, nil)
	path := base + "/Calls.json"
	tests := []struct {
		name, user, password, path string
		ok                         bool
		words                      string
	}{
		{"the account", string(owner), token, path, true, ""},
		{"with its SID in capitals", "AC" + strings.Repeat("A", 32), token, path, true, ""},
		{"nobody", "", "", path, false, "no credentials"},
		{"a wrong token", string(owner), token + "0", path, false, "not its own"},
		{"no token", string(owner), "", path, false, "not its own"},
		{"an account that has no token, without one", "ACcccccccccccccccccccccccccccccccc", "", path, false, "not its own"},
		{"an account that does not exist", "ACdddddddddddddddddddddddddddddddd", token, path, false, "not known"},
		{"a name", "sato", token, path, false, "neither an AccountSid"},
		{"an API key", "SK" + strings.Repeat("a", 32), token, path, false, "API key"},
		{"another account", string(other), "ffffffffffffffffffffffffffffffff", path, false, "not those of account"},
		{"nobody, where nothing is", "", "", base + "/Nothing.json", false, "no credentials"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			h.t = t
			r := httptest.NewRequest("GET", test.path, nil)
			if test.user != "" {
				r.SetBasicAuth(test.user, test.password)
			}
			got := h.send(r)
			if test.ok {
				got.is(200)
				return
			}
			got.refuses(401, 20003, "Authenticate", test.words)
			if got := got.header.Get("WWW-Authenticate"); got != `Basic realm="Twilio API"` {
				t.Errorf("WWW-Authenticate: %q", got)
			}
		})
	}
	h.t = t
	h.store.Break(errors.New("database is away"))
	h.get(path).refuses(500, 20500)
	h.store.Break(nil)
}

func TestPaths(t *testing.T) {
	h := open(t, nil)
	lastWeek(h, 1)
	one := base + "/Calls/" + string(callID(1))
	for _, path := range []string{
		"/2010-04-01/Accounts.json", "/2010-04-01/Accounts", base + ".json", base, base + "/Calls.json", base + "/Calls", one + ".json", one,
		base + "/Calls/CA" + strings.ToUpper(string(callID(1))[2:]),
	} {
		h.get(path).is(200)
	}
	for _, path := range []string{
		"/2010-04-01", "/2010-04-01/", "/2010-04-01/Accounts/", "/2010-04-01/accounts.json", "/2010-04-01/AccountsX", "/2008-08-01/Accounts.json",
		base + "/", base + "/calls.json", base + "/Calls.xml", base + "/Calls.csv", base + "/Calls/", base + "//Calls.json", base + "/./Calls.json",
		base + "/Messages.json", base + "/Calls/CA1.json", one + "/Recordings.json", one + "/", base + "/Calls/" + string(callID(9)) + ".json",
		base + "/Calls.json/x", base + "%2FCalls.json", "/2010-04-01/Accounts/AC1/Calls.json",
	} {
		r := h.get(path)
		r.refuses(404, 20404, "The requested resource", "was not found")
	}
}

func TestMethods(t *testing.T) {
	h := open(t, nil)
	lastWeek(h, 1)
	one := base + "/Calls/" + string(callID(1)) + ".json"
	for _, test := range []struct{ method, path, allow string }{
		{"PUT", base + "/Calls.json", "GET, HEAD, POST, OPTIONS"},
		{"DELETE", base + "/Calls.json", "GET, HEAD, POST, OPTIONS"},
		{"PATCH", one, "DELETE, GET, HEAD, POST, OPTIONS"},
		{"DELETE", base + ".json", "GET, HEAD, POST, OPTIONS"},
		{"BREW", "/2010-04-01/Accounts.json", "GET, HEAD, POST, OPTIONS"},
	} {
		r := h.send(request(test.method, test.path, nil))
		r.refuses(405, 20004, test.method)
		if got := r.header.Get("Allow"); got != test.allow {
			t.Errorf("%s %s: Allow %q, want %q", test.method, test.path, got, test.allow)
		}
	}
	if r := h.send(httptest.NewRequest("OPTIONS", one, nil)).is(204); r.header.Get("Allow") != "DELETE, GET, HEAD, POST, OPTIONS" {
		t.Errorf("OPTIONS: Allow %q", r.header.Get("Allow"))
	}
	get := h.get(one).is(200)
	if r := h.send(request("HEAD", one, nil)).is(200); r.raw != "" || r.header.Get("Content-Length") != get.header.Get("Content-Length") {
		t.Errorf("HEAD: %q, length %s, want none and %s", r.raw, r.header.Get("Content-Length"), get.header.Get("Content-Length"))
	}
}

// broken is a body whose sender is gone.
type broken struct{}

func (broken) Read([]byte) (int, error) { return 0, io.ErrUnexpectedEOF }

func TestBodies(t *testing.T) {
	h := open(t, nil)
	tests := []struct {
		name, contentType string
		body              io.Reader
		status, code      int
	}{
		{"a form", "application/x-www-form-urlencoded", strings.NewReader(usual().Encode()), 201, 0},
		{"a form that says its letters", "application/x-www-form-urlencoded; charset=UTF-8", strings.NewReader(usual().Encode()), 201, 0},
		{"a form that does not say what it is", "", strings.NewReader(usual().Encode()), 201, 0},
		{"JSON", "application/json", strings.NewReader(`{"To":"+819011112222"}`), 400, 20001},
		{"a form in parts", "multipart/form-data; boundary=x", strings.NewReader("--x--"), 400, 20001},
		{"a type that is none", ";;", strings.NewReader("To=1"), 400, 20001},
		{"nothing, said to be JSON", "application/json", nil, 400, 21201},
		{"not a form", "application/x-www-form-urlencoded", strings.NewReader("To=%zz"), 400, 20001},
		{"far too much", "application/x-www-form-urlencoded", strings.NewReader("To=" + strings.Repeat("1", 300<<10)), 413, 20001},
		{"half of it", "application/x-www-form-urlencoded", broken{}, 400, 20001},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			h.t = t
			r := httptest.NewRequest("POST", base+"/Calls.json", test.body)
			r.SetBasicAuth(string(owner), token)
			r.Header.Set("X-Twilio-Signature", "not looked at")
			if test.contentType != "" {
				r.Header.Set("Content-Type", test.contentType)
			}
			if got := h.send(r); test.code != 0 {
				got.refuses(test.status, test.code)
			} else {
				got.is(test.status)
			}
		})
	}
	h.t = t
}

func TestTheAccount(t *testing.T) {
	h := open(t, nil)
	got := h.get(base + ".json").is(200)
	for name, want := range map[string]any{
		"sid": string(owner), "owner_account_sid": string(owner), "friendly_name": "night watch", "auth_token": token, "status": "active", "type": "Full",
		"date_created": "Fri, 02 Jan 2026 03:04:05 +0000", "date_updated": "Fri, 02 Jan 2026 03:04:05 +0000", "uri": base + ".json",
	} {
		if got.body[name] != want {
			t.Errorf("%s = %v, want %v", name, got.body[name], want)
		}
	}
	if uris := got.body["subresource_uris"].(map[string]any); uris["calls"] != base+"/Calls.json" {
		t.Errorf("subresource_uris %v", uris)
	}
	if got.header.Get("Cache-Control") != "no-store" {
		t.Error("an answer with a token in it may be stored on the way")
	}
	for query, n := range map[string]int{"": 1, "?FriendlyName=night+watch": 1, "?FriendlyName=x": 0, "?Status=active": 1, "?Status=closed": 0} {
		if list := h.get("/2010-04-01/Accounts.json" + query).is(200); len(list.body["accounts"].([]any)) != n {
			t.Errorf("%q: %s, want %d", query, list.raw, n)
		}
	}
}

// known are the codes that a create may answer with.
var known = map[float64]bool{20001: true, 21201: true, 21205: true, 21206: true, 21208: true, 21209: true, 21211: true, 21212: true, 21213: true, 21218: true, 21609: true}

// Whatever is posted: a call as the contract says, or Twilio's error with a code that we know. Never a 500.
func FuzzCreate(f *testing.F) {
	f.Add(usual().Encode())
	f.Add("To=sip%3Asato%40192.0.2.7&From=desk&Twiml=%3CResponse%2F%3E&Timeout=20&SendDigits=1w2&StatusCallback=http://127.0.0.1/&StatusCallbackEvent=ringing+answered")
	f.Add("To=110&From=+1&Url=http://a_b/&Method=x&TimeLimit=-1")
	f.Add("To=client:佐藤?x=y&From=client:%F0%9F%93%9E&Url=https://%5B::1%5D/")
	f.Add("%zz&&=;")
	f.Fuzz(func(t *testing.T, form string) {
		h := open(t, nil) // each time anew: in one that fills up, each call is looked for among all those before it
		r := httptest.NewRequest(http.MethodPost, base+"/Calls.json", strings.NewReader(form))
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		r.SetBasicAuth(string(owner), token)
		got := h.send(r)
		switch got.status {
		case 201:
			v, err := url.ParseQuery(form)
			if err != nil || !strings.HasPrefix(got.text("sid"), "CA") || got.text("status") != "queued" || got.text("to") == "" || got.text("from") == "" {
				t.Fatalf("%q made %s (%v)", form, got.raw, err)
			}
			if v.Get("Url") == "" && v.Get("Twiml") == "" {
				t.Fatalf("%q has nothing to do and made a call", form)
			}
			if n := strings.TrimPrefix(got.text("to"), "+81"); n == "110" || n == "118" || n == "119" {
				t.Fatalf("%q calls %s", form, got.text("to"))
			}
			shown := h.get(got.text("uri")).is(200)
			if shown.text("to") != got.text("to") {
				t.Fatalf("%q made a call to %s, shown as to %s", form, got.text("to"), shown.text("to"))
			}
			h.post(got.text("uri"), url.Values{"Status": {"completed"}})
		case 400, 413:
			if !known[got.body["code"].(float64)] || len(got.body) != 4 {
				t.Fatalf("%q is refused with %s", form, got.raw)
			}
		default:
			t.Fatalf("%q: status %d, %s", form, got.status, got.raw)
		}
	})
}

// Any query lists calls or is refused, and every URI in a list can be asked for again.
func FuzzList(f *testing.F) {
	f.Add("To=%2B819011112222&PageSize=2&StartTime%3E=2026-01-02")
	f.Add("Page=1&PageToken=PA" + string(callID(3)))
	f.Add("StartTime%3C=0000-01-01&EndTime=9999-12-31T23:59:59Z")
	h := open(f, nil)
	lastWeek(h, 7)
	f.Fuzz(func(t *testing.T, query string) {
		fresh := *h
		fresh.t = t
		r := request(http.MethodGet, base+"/Calls.json", nil)
		r.URL.RawQuery = query
		got := fresh.send(r)
		if got.status == 400 {
			if code := got.body["code"].(float64); code != 20001 && code != 20007 && code != 21481 {
				t.Fatalf("%q is refused with %s", query, got.raw)
			}
			return
		}
		for _, name := range []string{"uri", "first_page_uri"} {
			if again := fresh.get(got.is(200).text(name)).is(200); again.raw == "" || name == "uri" && again.raw != got.raw {
				t.Fatalf("%q: its %s leads to\n%s\nfrom\n%s", query, name, again.raw, got.raw)
			}
		}
	})
}
