package main_test

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/kaden-project/kaden/media"
	"github.com/kaden-project/kaden/webhook"
)

// program is somebody's program: a client of the REST API, and the web server that calls ask.
type program struct {
	t              *testing.T
	s              *server
	account, token string
	*httptest.Server

	mu    sync.Mutex
	pages map[string]func(form url.Values) string
	asked map[string][]url.Values
	wrong []string
}

func newProgram(t *testing.T, s *server) *program {
	p := &program{t: t, s: s, account: s.account(), token: s.token(), pages: map[string]func(url.Values) string{}, asked: map[string][]url.Values{}}
	p.Server = httptest.NewServer(http.HandlerFunc(p.serve))
	t.Cleanup(p.Close)
	return p
}

// serve answers a call. A page that gives "" does not exist; all requests have to be signed by their account.
func (p *program) serve(w http.ResponseWriter, r *http.Request) {
	err := webhook.Validate(p.token, r, "http://"+r.Host+r.RequestURI)
	r.ParseForm()
	p.mu.Lock()
	defer p.mu.Unlock()
	p.asked[r.URL.Path] = append(p.asked[r.URL.Path], r.Form)
	if err != nil && r.URL.Path != "/sound" {
		p.wrong = append(p.wrong, fmt.Sprintf("%s: %v", r.RequestURI, err))
	}
	page, ok := p.pages[r.URL.Path]
	switch {
	case !ok:
		w.WriteHeader(http.StatusNoContent)
	case r.URL.Path == "/sound":
		w.Header().Set("Content-Type", "audio/wav")
		io.WriteString(w, page(r.Form))
	default:
		text := page(r.Form)
		if text == "" {
			http.Error(w, "<h1>Traceback", http.StatusInternalServerError)
			return
		}
		w.Header().Set("Content-Type", "text/xml")
		io.WriteString(w, text)
	}
}

func (p *program) page(path, text string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.pages[path] = func(url.Values) string { return text }
}

func (p *program) heard(path string) []url.Values {
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.Clone(p.asked[path])
}

// api sends a request below the account; pairs are the form, name and value in turn.
func (p *program) api(method, path string, want int, pairs ...string) map[string]any {
	p.t.Helper()
	form := url.Values{}
	for i := 0; i < len(pairs); i += 2 {
		form.Add(pairs[i], pairs[i+1])
	}
	if !strings.HasPrefix(path, "/2010") && !strings.HasPrefix(path, "/v2/") {
		path = "/2010-04-01/Accounts/" + p.account + path
	}
	q, err := http.NewRequestWithContext(p.t.Context(), method, p.s.url(path), strings.NewReader(form.Encode()))
	if err != nil {
		p.t.Fatal(err)
	}
	q.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	q.SetBasicAuth(p.account, p.token)
	r, err := http.DefaultClient.Do(q)
	if err != nil {
		p.t.Fatal(err)
	}
	defer r.Body.Close()
	raw, _ := io.ReadAll(r.Body)
	if r.StatusCode != want {
		p.t.Fatalf("%s %s: %d, want %d: %s", method, path, r.StatusCode, want, raw)
	}
	var body map[string]any
	if len(raw) > 0 {
		if err := json.Unmarshal(raw, &body); err != nil {
			p.t.Fatalf("%s %s: %v in %s", method, path, err, raw)
		}
	}
	return body
}

func (p *program) list(path, key string) []map[string]any {
	p.t.Helper()
	var out []map[string]any
	for _, item := range p.api("GET", path, 200)[key].([]any) {
		out = append(out, item.(map[string]any))
	}
	return out
}

// calls a number of ours, which never leaves the house, and waits for the end of the call.
func (p *program) calls(to string, pairs ...string) (call map[string]any) {
	p.t.Helper()
	if len(pairs) == 0 {
		pairs = []string{"Twiml", `<Response><Pause length="2"/></Response>`}
	}
	made := p.api("POST", "/Calls.json", 201, append([]string{"To", to, "From", "+815011112222"}, pairs...)...)
	eventually(p.t, patience, "the call to "+to+" is over", func() bool {
		call = p.api("GET", "/Calls/"+made["sid"].(string)+".json", 200)
		s := call["status"].(string)
		return s != "queued" && s != "ringing" && s != "in-progress"
	})
	return call
}

// A program that was written for Twilio keeps applications, numbers, recordings and sub-accounts here; all calls are
// between numbers of the house, so that nothing but the binary is needed.
func TestProgramsKeepTheirThingsOverTheAPI(t *testing.T) {
	t.Parallel()
	s := serve(t)
	p := newProgram(t, s)
	tone := media.AppendWAV(nil, hum(700))
	p.pages["/sound"] = func(url.Values) string { return string(tone) }
	p.page("/record", `<Response><Record action="/recorded" timeout="1" maxLength="3" playBeep="false" recordingStatusCallback="/kept"/></Response>`)
	p.page("/recorded", `<Response><Hangup/></Response>`)
	p.page("/other", `<Response><Hangup/></Response>`)
	house := fmt.Sprintf("number: \"+815012345678\"\napplication: desk\n---\nnumber: \"+81312345678\"\n---\napplication: desk\nurl: %s/record\nstatus-callback: %s/status\n", p.URL, p.URL)
	s.apply(house)
	export := func() string { return s.command("", "export").out }
	before := export()
	if !strings.Contains(before, "application: desk") {
		t.Fatalf("the export has no application:\n%s", before)
	}

	// A call that an application answers is recorded; the recording is at the API's address, and can be heard there.
	speak := []string{"Twiml", fmt.Sprintf(`<Response><Play>%s/sound</Play><Pause length="3"/></Response>`, p.URL)}
	if c := p.calls("+815012345678", speak...); c["status"] != "completed" {
		t.Fatalf("the call ended as %v", c)
	}
	eventually(t, patience, "the recording is told", func() bool {
		return len(p.heard("/recorded")) == 1 && len(p.heard("/kept")) == 1 && len(p.heard("/status")) == 1
	})
	told := p.heard("/recorded")[0]
	where := told.Get("RecordingUrl")
	if !strings.HasPrefix(where, s.url("/2010-04-01/Accounts/"+p.account+"/Recordings/RE")) || p.heard("/kept")[0].Get("RecordingUrl") != where {
		t.Errorf("the recording is at %q and %q", where, p.heard("/kept")[0].Get("RecordingUrl"))
	}
	for _, ending := range []string{"", ".wav"} {
		r, err := http.Get(where + ending)
		if err != nil {
			t.Fatal(err)
		}
		wav, _ := io.ReadAll(r.Body)
		r.Body.Close()
		samples, err := media.ReadWAV(wav)
		if r.StatusCode != 200 || err != nil || loudness(samples[:min(len(samples), media.Rate)], 700) < 1000 {
			t.Errorf("%s: %d, %d bytes, %v", where+ending, r.StatusCode, len(wav), err)
		}
	}
	inbound := told.Get("CallSid")
	kept := p.list("/Calls/"+inbound+"/Recordings.json", "recordings")
	if len(kept) != 1 || kept[0]["source"] != "RecordVerb" || kept[0]["status"] != "completed" || kept[0]["sid"] != told.Get("RecordingSid") {
		t.Errorf("recordings of the call: %v", kept)
	}
	eventually(t, patience, "what was asked for the call can be looked at", func() bool {
		var urls []string
		for _, e := range p.list("/Calls/"+inbound+"/Events.json", "events") {
			urls = append(urls, strings.TrimPrefix(e["request"].(map[string]any)["url"].(string), p.URL))
		}
		for _, want := range []string{"/record", "/recorded", "/kept", "/status"} {
			if !slices.Contains(urls, want) {
				return false
			}
		}
		return true
	})
	p.api("DELETE", "/Recordings/"+told.Get("RecordingSid")+".json", 204)
	if r, err := http.Get(where); err != nil || r.StatusCode != 404 {
		t.Errorf("after it was deleted: %v %v", r, err)
	}

	// A document that cannot be had is in the debugger, with the server's answer.
	p.page("/broken", "")
	app := p.api("POST", "/Applications.json", 201, "VoiceUrl", p.URL+"/broken")["sid"].(string)
	free := p.list("/AvailablePhoneNumbers/JP/Local.json", "available_phone_numbers")
	if len(free) != 1 || free[0]["phone_number"] != "+81312345678" {
		t.Fatalf("numbers to be had: %v", free)
	}
	own := p.api("POST", "/IncomingPhoneNumbers.json", 201, "PhoneNumber", "+81312345678", "VoiceApplicationSid", app)["sid"].(string)
	p.calls("+81312345678")
	eventually(t, patience, "the debugger shows the failure", func() bool {
		for _, n := range p.list("/Notifications.json?Log=0", "notifications") {
			whole := p.api("GET", strings.TrimSuffix(n["uri"].(string), ".json"), 200)
			if n["error_code"] == "11200" && whole["request_url"] == p.URL+"/broken" && strings.Contains(whole["response_body"].(string), "Traceback") &&
				strings.Contains(whole["request_variables"].(string), "CallSid=CA") && strings.Contains(whole["response_headers"].(string), "Content-Type") {
				return true
			}
		}
		return false
	})

	// What was said over the API outlives the process.
	p.api("POST", "/IncomingPhoneNumbers/"+own+".json", 200, "VoiceApplicationSid", "", "VoiceUrl", p.URL+"/other", "FriendlyName", "hotline")
	s.kill()
	s.start()
	s.ready()
	p.calls("+81312345678")
	if len(p.heard("/other")) != 1 {
		t.Errorf("after a restart: %v", p.heard("/other"))
	}
	if after := export(); after != before {
		t.Errorf("export has changed from\n%s\nto\n%s", before, after)
	}

	// Given back, it refuses calls; a sub-account may take it, and signs for itself.
	p.api("DELETE", "/IncomingPhoneNumbers/"+own+".json", 204)
	if c := p.calls("+81312345678"); c["status"] == "completed" {
		t.Errorf("a number of nobody has taken a call: %v", c)
	}
	made := p.api("POST", "/2010-04-01/Accounts.json", 201, "FriendlyName", "shop")
	shop := newProgram(t, s)
	shop.account, shop.token = made["sid"].(string), made["auth_token"].(string)
	shop.page("/voice", `<Response><Hangup/></Response>`)
	shop.api("POST", "/IncomingPhoneNumbers.json", 201, "PhoneNumber", "+81312345678", "VoiceUrl", shop.URL+"/voice")
	p.calls("+81312345678")
	if got := shop.heard("/voice"); len(got) != 1 || got[0].Get("AccountSid") != shop.account {
		t.Errorf("the shop was asked %v", got)
	}
	if got := p.list("/IncomingPhoneNumbers.json", "incoming_phone_numbers"); len(got) != 1 {
		t.Errorf("the main account has %v", got)
	}
	if got := shop.list("/Calls.json", "calls"); len(got) != 1 || got[0]["direction"] != "inbound" {
		t.Errorf("the shop's calls: %v", got)
	}
	for _, x := range []*program{p, shop} {
		x.mu.Lock()
		for _, w := range x.wrong {
			t.Error(w)
		}
		x.mu.Unlock()
	}
}

// Whoever answers at a number and enters the code there holds it, and it may be shown from then on.
func TestANumberOfOthersIsVerifiedByACall(t *testing.T) {
	t.Parallel()
	s := serve(t)
	p := newProgram(t, s)
	s.apply(fmt.Sprintf("number: \"+815012345678\"\nurl: %s/holder\n---\nnumber: \"+815012345679\"\nurl: %s/called\n", p.URL, p.URL))
	p.page("/called", `<Response><Hangup/></Response>`)
	var mu sync.Mutex
	code := "000000"
	p.pages["/holder"] = func(url.Values) string {
		mu.Lock()
		defer mu.Unlock()
		return `<Response><Play digits="wwww` + code + `"/><Pause length="4"/></Response>`
	}
	asked := p.api("POST", "/OutgoingCallerIds.json", 200, "PhoneNumber", "+815012345678", "FriendlyName", "holder", "CallDelay", "1", "StatusCallback", p.URL+"/verified")
	mu.Lock()
	code = asked["validation_code"].(string)
	mu.Unlock()
	eventually(t, patience, "what came of it is told", func() bool { return len(p.heard("/verified")) == 1 })
	told := p.heard("/verified")[0]
	list := p.list("/OutgoingCallerIds.json", "outgoing_caller_ids")
	if told.Get("VerificationStatus") != "success" || len(list) != 1 || list[0]["sid"] != told.Get("OutgoingCallerIdSid") || told.Get("CallSid") != asked["call_sid"] {
		t.Errorf("told %v, listed %v", told, list)
	}
	for _, w := range p.wrong {
		t.Error(w)
	}
}
