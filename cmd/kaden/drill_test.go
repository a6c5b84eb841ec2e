package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

// desk is a running server for commands: it answers as it is told and remembers what it was asked.
type desk struct {
	*httptest.Server
	asked   []string
	answers map[string]string // METHOD path → JSON; one that begins with ! is a refusal
	events  []string          // sent on the stream once a drill begins
	begun   chan struct{}
}

func newDesk(t *testing.T, answers map[string]string, events ...string) *desk {
	d := &desk{answers: answers, events: events, begun: make(chan struct{})}
	d.Server = httptest.NewServer(d)
	t.Cleanup(d.Close)
	return d
}

func (d *desk) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.Header.Get("Authorization") != "Bearer secret" {
		w.WriteHeader(http.StatusUnauthorized)
		return
	}
	if r.URL.Path == "/api/events" {
		fmt.Fprint(w, "retry: 2000\nevent: hello\ndata: {\"version\":\"1\"}\n\n")
		w.(http.Flusher).Flush()
		select {
		case <-d.begun:
		case <-r.Context().Done():
			return
		}
		for _, e := range d.events {
			fmt.Fprintf(w, "event: beat\ndata: {}\n\nid: 1\ndata: %s\n\n", e)
		}
		return
	}
	body, _ := io.ReadAll(r.Body)
	var flat any
	json.Unmarshal(body, &flat)
	text, _ := json.Marshal(flat)
	if flat == nil {
		text = nil
	}
	d.asked = append(d.asked, strings.TrimSpace(r.Method+" "+r.URL.RequestURI()+" "+string(text)))
	answer, ok := d.answers[r.Method+" "+r.URL.Path]
	if refusal, no := strings.CutPrefix(answer, "!"); no || !ok {
		w.Header().Set("Content-Type", "application/problem+json")
		w.WriteHeader(http.StatusConflict)
		fmt.Fprint(w, refusal)
		return
	}
	fmt.Fprint(w, answer)
	if r.URL.Path == "/api/drills" {
		close(d.begun)
	}
}

// say runs a command against the desk.
func (d *desk) say(args ...string) (code int, stdout, stderr string) {
	var out, err bytes.Buffer
	code = run(append(args, "--server", d.URL, "--token", "secret"), strings.NewReader(""), &out, &err)
	return code, out.String(), err.String()
}

func TestWhatCommandsTellTheServer(t *testing.T) {
	stands := `{"id": "al-1", "status": "acknowledged", "by": "sato", "title": "disk full"}`
	for _, tt := range []struct {
		name, asked, answer, stdout string
		args                        []string
	}{
		{"hold", `POST /api/hold {"by":"","for":"10m0s","why":"storm"}`, `{"until": "2026-11-25T03:00:00Z"}`, "nobody is rung until", []string{"hold", "--for", "10m", "--why", "storm"}},
		{"hold for its usual time", `POST /api/hold {"by":"sato","for":"30m0s","why":""}`, `{"until": "2026-11-25T03:00:00Z"}`, `"kaden hold off"`, []string{"hold", "--by", "sato"}},
		{"hold off", `DELETE /api/hold?by=sato`, ``, "calling goes on", []string{"hold", "off", "--by", "sato"}},
		{"ack", `POST /api/alerts/al-1/acknowledge {"by":"sato"}`, stands, "al-1 acknowledged by sato: disk full", []string{"alert", "ack", "al-1", "--by", "sato"}},
		{"resolve", `POST /api/alerts/al-1/resolve {"by":""}`, `{"id": "al-1", "status": "resolved", "by": "sato", "title": "disk full"}`, "al-1 resolved: disk full", []string{"alert", "resolve", "al-1"}},
		{"release", `POST /api/alerts/al-1/release {"by":""}`, stands, "al-1", []string{"alert", "release", "al-1"}},
		{"summon", `POST /api/alerts/al-1/summon {"by":""}`, stands, "al-1", []string{"alert", "summon", "al-1"}},
		{"stop", `POST /api/alerts/al-1/stop {"by":""}`, `{"id": "al-1", "status": "stored", "stopped": true, "title": "disk full"}`, "al-1 stopped: disk full", []string{"alert", "stop", "al-1"}},
		{"snooze", `POST /api/alerts/al-1/snooze {"by":"","for":"1h0m0s"}`, stands, "al-1", []string{"alert", "snooze", "al-1", "--for", "1h"}},
		{"hand over", `POST /api/alerts/al-1/hand-over {"by":"sato","to":"suzuki"}`, stands, "al-1", []string{"alert", "hand-over", "al-1", "suzuki", "--by", "sato"}},
		{"why, and how it sounded", `GET /api/alerts/al-1/why`, `{"summary": "sato took it", "people": [{"person": "sato", "attempts": 1, "outcome": "confirmed", "why": "took it", "sound": "PCMU, heard 5 packets"}], "notices": []}`, "sato took it\n  sato  1×  confirmed  took it\n  sound of sato: PCMU, heard 5 packets\n", []string{"why", "al-1"}},
		{"why, without knowing the name of the alert", `GET /api/alerts?limit=10`, `{"alerts": [{"id": "al-2", "title": "disk full", "status": "acknowledged", "by": "sato"}, {"id": "al-1", "title": "` + strings.Repeat("🔥", 5000) + `", "status": "exhausted"}]}`, "exhausted             " + strings.Repeat("🔥", 59) + "…\n", []string{"why"}},
		{"why, before there was any", `GET /api/alerts?limit=10`, `{"alerts": []}`, "no alert has come in yet", []string{"why"}},
		{"hold for longer than it can", `POST /api/hold {"by":"","for":"2h0m0s","why":""}`, `{"until": "2026-11-25T03:00:00Z"}`, "the longest that it holds", []string{"hold", "--for", "2h"}},
		{"why", `GET /api/alerts/al-1/why`, `{"summary": "nobody can be reached", "people": [{"person": "sato", "attempts": 0, "why": "no trunk"}], "notices": ["no voice"]}`, "nobody can be reached\n  sato  0×    no trunk\n  !! no voice\n", []string{"why", "al-1"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			method, rest, _ := strings.Cut(tt.asked, " ")
			path, _, _ := strings.Cut(rest, " ")
			path, _, _ = strings.Cut(path, "?")
			d := newDesk(t, map[string]string{method + " " + path: tt.answer})
			code, stdout, stderr := d.say(tt.args...)
			if code != 0 || !strings.Contains(stdout, tt.stdout) {
				t.Errorf("exit %d, says %q and %q", code, stdout, stderr)
			}
			if len(d.asked) != 1 || d.asked[0] != tt.asked {
				t.Errorf("asked %q, want %q", d.asked, tt.asked)
			}
		})
	}
}

// A mistyped command line is answered with the help that is about it.
func TestACommandThatIsNotUnderstoodNamesItsOwnHelp(t *testing.T) {
	for help, args := range map[string][]string{"kaden --help": {"srve"}, "kaden hold on --help": {"hold", "on", "--fro=1m"}, "kaden serve --help": {"serve", "--port", "80"}} {
		var out, said bytes.Buffer
		if code := run(args, strings.NewReader(""), &out, &said); code != 2 || out.Len() > 0 || !strings.HasSuffix(said.String(), "; \""+help+"\" shows what can be said\n") {
			t.Errorf("%q: exit %d, %q", args, code, said.String())
		}
	}
}

func TestCommandsSayInOneLineWhatIsWrong(t *testing.T) {
	refusal := `!{"detail": "there is no alert al-9", "hint": "/api/alerts lists them"}`
	for _, tt := range []struct {
		name, want string
		args       []string
	}{
		{"unknown alert", "kaden: there is no alert al-9 (/api/alerts lists them)\n", []string{"alert", "ack", "al-9"}},
		{"unknown alert, why", "kaden: there is no alert al-9 (/api/alerts lists them)\n", []string{"why", "al-9"}},
		{"hold", "kaden: there is no alert al-9 (/api/alerts lists them)\n", []string{"hold"}},
		{"hold off", "kaden: there is no alert al-9 (/api/alerts lists them)\n", []string{"hold", "off"}},
		{"hold for nothing", "kaden: --for -1m0s is no length of time; 10m is one\n", []string{"hold", "--for=-1m"}},
		{"snooze for nothing", "kaden: --for 0s is no length of time; 30m is one\n", []string{"alert", "snooze", "al-9", "--for", "0s"}},
		{"drill", "kaden: there is no alert al-9 (/api/alerts lists them)\n", []string{"drill", "night"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			d := newDesk(t, map[string]string{
				"POST /api/alerts/al-9/acknowledge": refusal, "GET /api/alerts/al-9/why": refusal,
				"POST /api/hold": refusal, "DELETE /api/hold": refusal, "POST /api/drills": refusal,
			})
			code, stdout, stderr := d.say(tt.args...)
			if code != 1 || stdout != "" || stderr != tt.want {
				t.Errorf("exit %d, says %q and %q", code, stdout, stderr)
			}
		})
	}
}

func TestADrillShowsWhatHappensUntilItIsDecided(t *testing.T) {
	answers := map[string]string{"POST /api/drills": `{"alert": "al-7"}`}
	rings := `{"seq": 2, "kind": "attempt.ringing", "alert": "al-7", "person": "sato"}`
	other := `{"seq": 3, "kind": "alert.acknowledged", "alert": "al-6", "person": "tanaka"}`
	for _, tt := range []struct {
		name, last string
		code       int
		says       string
	}{
		{"taken", `{"seq": 4, "kind": "alert.acknowledged", "alert": "al-7", "person": "sato"}`, 0, ""},
		{"nobody took it", `{"seq": 4, "kind": "alert.exhausted", "alert": "al-7"}`, 1, "kaden why al-7"},
		{"stopped by hand", `{"seq": 4, "kind": "notice.raised", "cause": "stopped", "alert": "al-7"}`, 1, "nobody took it"},
		{"the server is gone", `{"seq": 4, "kind": "attempt.answered", "alert": "al-7"}`, 1, "ended the stream of events; the drill goes on"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			d := newDesk(t, answers, rings, other, tt.last)
			code, stdout, stderr := d.say("drill", "night", "--force", "--by", "sato")
			if code != tt.code || !strings.Contains(stderr, tt.says) || (tt.says == "") != (stderr == "") {
				t.Errorf("exit %d, says %q", code, stderr)
			}
			if !strings.Contains(stdout, "drill of night: alert al-7") || !strings.Contains(stdout, "sato     ringing") || strings.Contains(stdout, "tanaka") {
				t.Errorf("shows %q", stdout)
			}
			if d.asked[0] != `POST /api/drills {"by":"sato","force":true,"plan":"night"}` {
				t.Errorf("asked %q", d.asked)
			}
		})
	}
	answers["GET /api/alerts/al-7/why"] = `{"summary": "", "people": [{"person": "sato", "advice": "the voicemail of tel:+8190****1111 answered after 17 s: ring: 14s"}, {"person": "tanaka"}], "notices": []}`
	d := newDesk(t, answers, `{"seq": 4, "kind": "alert.acknowledged", "alert": "al-7", "person": "sato"}`)
	if code, stdout, _ := d.say("drill", "night"); code != 0 || !strings.HasSuffix(stdout, "\nfor sato: the voicemail of tel:+8190****1111 answered after 17 s: ring: 14s\n") {
		t.Errorf("what was learnt: exit %d, %q", code, stdout)
	}
	d = newDesk(t, answers, `{"seq": 4, "kind": "alert.acknowledged", "alert": "al-7", "person": "sato"}`)
	if code, stdout, _ := d.say("drill", "night", "--json"); code != 0 || !strings.HasPrefix(stdout, `{"seq":4,`) || strings.Count(stdout, "\n") != 1 {
		t.Errorf("as JSON: exit %d, %q", code, stdout)
	}
}
