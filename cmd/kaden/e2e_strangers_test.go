package main_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
)

// Whatever a stranger's document, server or address gets wrong: the call comes to its end, and the debugger has Twilio's code,
// the place in the document, and what to do.
func TestWhatStrangersGetWrongIsInTheDebugger(t *testing.T) {
	t.Parallel()
	s := serve(t)
	const xml = "text/xml"
	var loops atomic.Int32
	pages := map[string]http.HandlerFunc{}
	page := func(path, kind, text string) {
		pages[path] = func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", kind)
			fmt.Fprint(w, text)
		}
	}
	release := make(chan struct{})
	pages["/hangs"] = func(_ http.ResponseWriter, r *http.Request) {
		select {
		case <-r.Context().Done():
		case <-release:
		}
	}
	pages["/circle"] = func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, "/circle", http.StatusFound) }
	pages["/loop"] = func(w http.ResponseWriter, _ *http.Request) {
		loops.Add(1)
		w.Header().Set("Content-Type", xml)
		fmt.Fprint(w, "<Response><Redirect/></Response>")
	}
	page("/eleven", xml, "<Response>\n<Dial>"+strings.Repeat("<Number>sim:me</Number>", 11)+"</Dial></Response>")
	page("/nested", xml, "<Response><Dial timeout=\"5\">\n  <Dial>sim:me</Dial></Dial></Response>")
	page("/gather", xml, "<Response><Gather timeout=\"1\">\n  <Record/></Gather></Response>")
	page("/wait", xml, "<Response><Dial>\n<Conference waitUrl=\"/gone\">room</Conference></Dial></Response>")
	page("/noise", xml, "<Response>\n<Play>/noise.wav</Play></Response>")
	page("/noise.wav", "audio/x-wav", "RIFF, said the cat.")
	page("/long", xml, "<Response>"+strings.Repeat(" ", 64<<10)+"</Response>")
	page("/crossed", xml, "<Response>\n<Say>Hello</Response>")
	page("/root", xml, "<Say>Hello</Say>")
	page("/json", "application/json", "{}")
	page("/empty", xml, "")
	page("/hangup", xml, "<Response><Hangup/></Response>")
	owner := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if f := pages[r.URL.Path]; f != nil {
			f(w, r)
			return
		}
		http.NotFound(w, r)
	}))
	t.Cleanup(owner.Close)
	t.Cleanup(func() { close(release) })

	const inside = "http://10.255.255.1/"
	strangers := []struct {
		name, url, callback string // url is after the owner's address, or whole
		code                string
		words               []string
	}{
		{"eleven nouns", "/eleven", "", "13250", []string{"2:1:", "11 nouns", "another <Dial>"}},
		{"a Dial in a Dial", "/nested", "", "13215", []string{"2:3:", "<Dial> cannot be nested", "Number"}},
		{"a Record in a Gather", "/gather", "", "13320", []string{"2:3:", "<Record> cannot be nested", "Say, Play and Pause"}},
		{"redirects without end", "/loop", "", "12400", []string{"50 documents", "loop of <Redirect>"}},
		{"a waitUrl that fails", "/wait", "", "13233", []string{"2:1:", "without the conference"}},
		{"sound that is none", "/noise", "", "13420", []string{"2:1:", "wav, mp3"}},
		{"a URL that hangs", "/hangs#tt=1500", "", "11200", []string{"within 1.5s"}},
		{"a server that redirects in a circle", "/circle", "", "11215", []string{"more than 10 times"}},
		{"an answer that is too long", "/long", "", "11750", []string{"64 KiB"}},
		{"tags that cross", "/crossed", "", "12100", []string{"2:11:", "<Say> of line 2", "</Say> comes first"}},
		{"no Response", "/root", "", "12102", []string{"1:1:", "Response"}},
		{"neither TwiML nor sound", "/json", "", "12300", []string{"application/json"}},
		{"nothing", "/empty", "", "11770", []string{"empty"}},
		{"nobody there", "/gone", "", "11200", []string{"404"}},
		{"an address inside", inside, "", "11200", []string{"private"}},
		{"a callback inside", "/hangup", inside, "15003", []string{"private"}},
	}
	calls := make([]string, len(strangers))
	for i, c := range strangers {
		where := c.url
		if strings.HasPrefix(where, "/") {
			where = owner.URL + where
		}
		form := url.Values{"To": {"sim:me"}, "From": {"+815012345678"}, "Url": {where}}
		if c.callback != "" {
			form.Set("StatusCallback", c.callback)
		}
		calls[i] = s.order(form)
	}
	for i, c := range strangers {
		eventually(t, patience, c.name+": the call is over", func() bool { return s.ordered(calls[i]) == "completed" })
		var found map[string]any
		s.becomes("/Calls/"+calls[i]+"/Notifications.json", func(v map[string]any) bool {
			for _, n := range v["notifications"].([]any) {
				if n := n.(map[string]any); n["error_code"] == c.code {
					found = n
				}
			}
			return found != nil
		})
		text, _ := found["message_text"].(string)
		for _, word := range c.words {
			if !strings.Contains(text, word) {
				t.Errorf("%s: the debugger says %q, without %q", c.name, text, word)
			}
		}
		if found["more_info"] != "https://www.twilio.com/docs/errors/"+c.code {
			t.Errorf("%s: more_info is %v", c.name, found["more_info"])
		}
	}
	if n := loops.Load(); n != 50 {
		t.Errorf("the loop was asked for %d times, want 50", n)
	}
}
