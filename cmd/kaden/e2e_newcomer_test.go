package main_test

import (
	"encoding/json"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"os/exec"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/kaden-project/kaden/timeline"
)

// A newcomer starts the server with nothing set up, pastes the first curl, and the simulated phone takes
// the alert; pastes the second, and it is over. The console's link logs in once.
func TestNewcomer(t *testing.T) {
	t.Parallel()
	needsVoice(t, "en")
	needs(t, "curl", "curl")
	s := serve(t, newVoice)
	paste := func(heading string) string {
		t.Helper()
		cmd := exec.CommandContext(t.Context(), "sh", "-c", s.curl(heading))
		cmd.Env = environment()
		out, err := cmd.Output()
		if err != nil {
			t.Fatalf("%s %v", heading, err)
		}
		return string(out)
	}
	answer := paste("This rings:")
	var receipt struct{ Alerts []string }
	if err := json.Unmarshal([]byte(answer), &receipt); err != nil || len(receipt.Alerts) != 1 {
		t.Fatalf("the curl answers %q (%v)", answer, err)
	}
	id := receipt.Alerts[0]
	s.until(id, timeline.AttemptRinging, "me")
	s.until(id, timeline.AlertAcknowledged, "me")
	paste("This is over again:")
	s.until(id, timeline.AlertResolved, "")
	if n := s.night(id); n.Status != "resolved" || n.By != "me" {
		t.Errorf("the alert is %s by %s:\n%s", n.Status, n.By, n)
	}
	// The first one again, word for word: it is open again, and stays with whoever took it a moment ago.
	if again := paste("This rings:"); !strings.Contains(again, `"stored"`) || !strings.Contains(again, id) {
		t.Errorf("the same trouble again is answered %q", again)
	}
	s.until(id, timeline.CalloutResumed, "me")
	if n := s.night(id); n.Status != "acknowledged" {
		t.Errorf("fired again, the alert is %s:\n%s", n.Status, n)
	}

	link := regexp.MustCompile(`http://[^ ]*/login\?token=[0-9a-f]+`).FindString(s.greeted.String())
	for _, c := range []struct {
		who  string
		want int
	}{{"the first who follows the link", http.StatusOK}, {"the second", http.StatusUnauthorized}} {
		jar, _ := cookiejar.New(nil)
		browser := &http.Client{Jar: jar, Timeout: 10 * time.Second}
		resp, err := browser.Get(link)
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		resp, err = browser.Get(s.url("/api/alerts"))
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		if resp.StatusCode != c.want {
			t.Errorf("%s is answered %s, want %d", c.who, resp.Status, c.want)
		}
	}
	if err := s.stop(); err != nil {
		t.Errorf("SIGTERM: %v", err)
	}
}

// What Mackerel sends to the address that is printed rings as well.
func TestMackerelRings(t *testing.T) {
	t.Parallel()
	needsVoice(t, "en")
	x := newExchange(t, takesIt)
	s := serve(t, with("--phone", x.address("me")))
	door := regexp.MustCompile(`http://[^ \n]*/in/mackerel/[0-9a-f]+`).FindString(s.greeted.String())
	id, status, err := s.post(door, `{"event":"alert","orgName":"shop","alert":{"id":"2bj","status":"critical","isOpen":true,"trigger":"monitor",
		"monitorName":"disk.used","openedAt":1795300000,"url":"https://mackerel.io/orgs/shop/alerts/2bj"},"host":{"id":"22D4","name":"db01","status":"working","roles":[]}}`)
	if err != nil || status != http.StatusAccepted {
		t.Fatalf("Mackerel is answered %d, %v", status, err)
	}
	s.until(id, timeline.AlertAcknowledged, "me")
	if n := s.night(id); !strings.Contains(n.Title, "disk.used") {
		t.Errorf("the alert is called %q", n.Title)
	}
}

// One test call from the command line, to each kind of end.
func TestCallFromTheCommandLine(t *testing.T) {
	t.Parallel()
	needsVoice(t, "en")
	x := newExchange(t, func(user string, _ int) habit {
		switch user {
		case "busy":
			return habit{refuse: "486 Busy Here"}
		case "curt":
			return habit{answer: 50 * time.Millisecond, hangUp: time.Second}
		}
		return habit{answer: 50 * time.Millisecond}
	})
	s := serve(t)
	for _, c := range []struct {
		to, says string
		code     int
		why      string // on standard error
	}{
		{x.address("patient"), "completed", 0, ""},
		{x.address("curt"), "completed", 0, ""},
		{x.address("busy"), "busy", 1, "was not reached: the line is busy: 486 Busy Here\n"},
	} {
		got := s.command("", "call", c.to, "--say", "This is a test.")
		if got.code != c.code || !strings.Contains(got.out, c.says) || !strings.HasSuffix(got.err, c.why) {
			t.Errorf("kaden call %s: exit %d\n%s%s", c.to, got.code, got.out, got.err)
		}
	}
	for _, to := range []string{"tel:+819012345678", "somebody", "tel:110"} {
		got := s.command("", "call", to, "--say", "This is a test.")
		if line := got.oneLine(t); got.code == 0 || line == "" {
			t.Errorf("kaden call %s: exit %d\n%s%s", to, got.code, got.out, got.err)
		}
	}
	if hows := x.hows(); strings.Contains(hows, "open") {
		t.Errorf("calls at the exchange: %s", hows)
	}
}

// order places a call over the Twilio-compatible API and returns its SID.
func (s *server) order(form url.Values) string {
	s.t.Helper()
	return s.orderAs(s, form)
}

// orderAs is order with the account of another server on the same database.
func (s *server) orderAs(as *server, form url.Values) string {
	s.t.Helper()
	q, err := http.NewRequestWithContext(s.t.Context(), http.MethodPost, s.url("/2010-04-01/Accounts/"+as.account()+"/Calls.json"), strings.NewReader(form.Encode()))
	if err != nil {
		s.t.Fatal(err)
	}
	q.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	q.SetBasicAuth(as.account(), as.token())
	resp, err := http.DefaultClient.Do(q)
	if err != nil {
		s.t.Fatal(err)
	}
	defer resp.Body.Close()
	var call struct{ Sid, Message string }
	if err := json.NewDecoder(resp.Body).Decode(&call); err != nil || resp.StatusCode != http.StatusCreated {
		s.t.Fatalf("ordering a call: %s %+v %v", resp.Status, call, err)
	}
	return call.Sid
}

// ordered is the status of such a call.
func (s *server) ordered(sid string) string {
	s.t.Helper()
	q, err := http.NewRequestWithContext(s.t.Context(), http.MethodGet, s.url("/2010-04-01/Accounts/"+s.account()+"/Calls/"+sid+".json"), nil)
	if err != nil {
		s.t.Fatal(err)
	}
	q.SetBasicAuth(s.account(), s.token())
	resp, err := http.DefaultClient.Do(q)
	if err != nil {
		s.t.Fatal(err)
	}
	defer resp.Body.Close()
	var call struct{ Status string }
	if err := json.NewDecoder(resp.Body).Decode(&call); err != nil {
		s.t.Fatal(err)
	}
	return call.Status
}
