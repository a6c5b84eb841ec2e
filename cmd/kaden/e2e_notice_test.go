package main_test

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/kaden-project/kaden/notice"
	"github.com/kaden-project/kaden/timeline"
)

// Nobody takes the alert, and the system that the plan names is told, with a signature.
func TestNobodyTookItAndASystemIsTold(t *testing.T) {
	t.Parallel()
	needsVoice(t, "en")
	type request struct {
		header http.Header
		body   []byte
	}
	came := make(chan request, 8)
	system := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		came <- request{r.Header, body}
	}))
	t.Cleanup(system.Close)
	x := newExchange(t, func(string, int) habit { return habit{refuse: "486 Busy Here"} })
	s := serve(t, withEnv("NOTICE_SECRET=geheim"))
	s.apply(suzukiAt(x), "plan: default\nsteps:\n  - call: [suzuki]\n    rounds: 1\notherwise: [notify:ops]\n",
		"notice: ops\nurl: "+system.URL+"\nsecret: env:NOTICE_SECRET\n")
	id := s.alarm("disk full on db01")
	s.until(id, timeline.AlertExhausted, "")
	var got request
	select {
	case got = <-came:
	case <-time.After(patience):
		t.Fatal("the system was not told")
	}
	var m notice.Message
	if err := json.Unmarshal(got.body, &m); err != nil || m.Alert != id || !strings.Contains(m.Title, "disk full on db01") {
		t.Errorf("the system was told %s (%v)", got.body, err)
	}
	if log := strings.Join(s.loud(0), "\n"); !strings.Contains(log, `msg="nobody took the alert"`) || !strings.Contains(log, id) {
		t.Errorf("the log does not say loudly that nobody took it:\n%s", log)
	}
	if !strings.HasPrefix(got.header.Get(notice.Signature), "t=") {
		t.Errorf("signature %q", got.header.Get(notice.Signature))
	}
}
