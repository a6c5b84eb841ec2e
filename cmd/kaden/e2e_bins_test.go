package main_test

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
)

// Bins are written over the API, and a call goes through a twimlet and a bin by its address at Twilio, without a server
// of anybody's and without the internet.
func TestACallNeedsNeitherAServerNorTheInternet(t *testing.T) {
	t.Parallel()
	s := serve(t)
	const id, key = "EH0123456789abcdef0123456789abcdef", "mJ3x9QdTq2VbW7ZkHs4c"
	ask := func(method, path, in string) (int, string) {
		t.Helper()
		q, err := http.NewRequestWithContext(t.Context(), method, s.url(path), strings.NewReader(in))
		if err != nil {
			t.Fatal(err)
		}
		q.Header.Set("Authorization", "Bearer "+s.token())
		q.Header.Set("Content-Type", "application/json")
		resp, err := http.DefaultClient.Do(q)
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		text, err := io.ReadAll(resp.Body)
		if err != nil {
			t.Fatal(err)
		}
		return resp.StatusCode, string(text)
	}
	bin := func(twiml string) string {
		text, _ := json.Marshal(map[string]string{"twiml": twiml, "sid": id, "key": key})
		_, said := ask("PUT", "/api/bins/night", string(text))
		return said
	}
	if said := bin("<Response><Redirect>/bins/end?Who={{Who}}</Redirect></Response>"); !strings.Contains(said, `"written":true`) {
		t.Fatal(said)
	}
	if _, said := ask("PUT", "/api/bins/end", `{"twiml":"<Response><Hangup/></Response>"}`); !strings.Contains(said, `"written":true`) {
		t.Fatal(said)
	}
	if said := bin("<Response><Redirekt/>"); !strings.Contains(said, `"written":false`) || !strings.Contains(said, "12100") {
		t.Errorf("TwiML that cannot run: %s", said)
	}
	s.apply("number: \"+815012345678\"\nbin: night")
	if status, said := ask("DELETE", "/api/bins/night", ""); status != http.StatusConflict || !strings.Contains(said, "number +815012345678") {
		t.Errorf("a bin that a number needs is deleted: %d %s", status, said)
	}

	moved := "https://handler.twilio.com/twiml/" + id + "?Who=sato"
	echo := "http://twimlets.com/echo?Twiml=" + url.QueryEscape("<Response><Redirect>"+moved+"</Redirect></Response>")
	call := s.order(url.Values{"To": {"sim:me"}, "From": {"+815012345678"}, "Url": {echo}})
	s.becomes("/Calls/"+call+".json", func(v map[string]any) bool { return v["status"] == "completed" })
	s.becomes("/Calls/"+call+"/Events.json", func(v map[string]any) bool {
		text, _ := json.Marshal(v)
		return strings.Contains(string(text), "twimlets.com/echo") && strings.Contains(string(text), id) && strings.Contains(string(text), "https://handler.twilio.com/bins/end?Who=sato")
	})
	if notes := s.resource("GET", "/Calls/"+call+"/Notifications.json", nil); len(notes["notifications"].([]any)) != 0 {
		t.Errorf("something went wrong: %v", notes)
	}

	// Its own address, for whoever knows it; after a new start, too.
	s.stop()
	s.start()
	s.ready()
	for path, want := range map[string]int{"/bins/" + key + "?Who=suzuki": 200, "/bins/night": 403, "/twiml/" + id: 403} {
		resp, err := http.Get(s.url(path))
		if err != nil {
			t.Fatal(err)
		}
		text, _ := io.ReadAll(resp.Body)
		resp.Body.Close()
		if resp.StatusCode != want || want == 200 && string(text) != "<Response><Redirect>/bins/end?Who=suzuki</Redirect></Response>" {
			t.Errorf("%s: %d %s", path, resp.StatusCode, text)
		}
	}
	if _, said := ask("GET", "/api/bins/night/versions", ""); strings.Count(said, `"number"`) != 1 {
		t.Errorf("versions: %s", said)
	}
}

// A call goes from its owner's server to a bin at the address that the console shows, and on to that server, with what the
// one hands to the other; and bins that only lead to one another let nobody wait for ever.
func TestABinAndItsOwnersServerSendACallToEachOther(t *testing.T) {
	t.Parallel()
	s := serve(t)
	s.apply("bin: night\ntwiml: <Response><Redirect>{{Back}}?Who={{Who}}&amp;Heard={{#Digits}}{{Digits}}{{/Digits}}{{^Digits}}nothing{{/Digits}}</Redirect></Response>",
		"bin: here\ntwiml: <Response><Redirect>/bins/there</Redirect></Response>", "bin: there\ntwiml: <Response><Redirect>here</Redirect></Response>")
	var shown struct{ URL string }
	if err := s.get("/api/bins/night", &shown); err != nil || !strings.HasPrefix(shown.URL, s.url("")) {
		t.Fatalf("shown at %s: %v", shown.URL, err)
	}
	var asked atomic.Value
	asked.Store("")
	var owner *httptest.Server
	owner = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, q *http.Request) {
		w.Header().Set("Content-Type", "text/xml")
		if q.URL.Path == "/begin" {
			io.WriteString(w, "<Response><Redirect>"+shown.URL+"?Who=sato%26suzuki&amp;Back="+url.QueryEscape(owner.URL+"/end")+"</Redirect></Response>")
			return
		}
		asked.Store(q.RequestURI)
		io.WriteString(w, "<Response><Hangup/></Response>")
	}))
	defer owner.Close()
	call := s.order(url.Values{"To": {"sim:me"}, "From": {"+815012345678"}, "Url": {owner.URL + "/begin"}})
	s.becomes("/Calls/"+call+".json", func(v map[string]any) bool { return v["status"] == "completed" })
	if got := asked.Load(); got != "/end?Who=sato&suzuki&Heard=nothing" {
		t.Errorf("the owner was asked %s", got)
	}
	if notes := s.resource("GET", "/Calls/"+call+"/Notifications.json", nil); len(notes["notifications"].([]any)) != 0 {
		t.Errorf("something went wrong: %v", notes)
	}

	call = s.order(url.Values{"To": {"sim:me"}, "From": {"+815012345678"}, "Url": {s.url("/bins/here")}})
	s.becomes("/Calls/"+call+".json", func(v map[string]any) bool { return v["status"] == "completed" })
	s.becomes("/Calls/"+call+"/Notifications.json", func(v map[string]any) bool {
		text, _ := json.Marshal(v["notifications"])
		return strings.Contains(string(text), "12400")
	})
}
