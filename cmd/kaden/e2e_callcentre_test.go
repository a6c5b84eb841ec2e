package main_test

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/kaden-project/kaden/media"
)

// centre is a program of twilio-node (conformance/callcentre.mjs) and the requests that it gets.
type centre struct {
	t    testing.TB
	base string

	mu    sync.Mutex
	asked []centreRequest
}

type centreRequest struct {
	Path   string
	Signed bool
	Params map[string]string
	Error  string
}

// newCentre starts the program; its own calls go to these phones.
func newCentre(t testing.TB, s *server, agent, busy, supervisor string) *centre {
	t.Helper()
	conformance := filepath.Join("..", "..", "conformance")
	if _, err := os.Stat(filepath.Join(conformance, "node_modules", "twilio")); err != nil {
		t.Skip("skipped: the npm package twilio is not installed (cd conformance && npm ci)")
	}
	cmd := exec.Command(needs(t, "node", "nodejs"), "callcentre.mjs")
	leash(cmd)
	cmd.Dir, cmd.Stderr = conformance, os.Stderr
	cmd.Env = append(os.Environ(), "KADEN_TEST_URL="+s.url(""), "KADEN_TEST_SID="+s.account(), "KADEN_TEST_TOKEN="+s.token(),
		"CENTRE_FROM=+815012345678", "CENTRE_AGENT="+agent, "CENTRE_BUSY="+busy, "CENTRE_SUPERVISOR="+supervisor)
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	c := &centre{t: t}
	lines := bufio.NewScanner(out)
	if !lines.Scan() || !strings.HasPrefix(lines.Text(), "http://") {
		t.Fatalf("callcentre.mjs did not start: %s", lines.Text())
	}
	c.base = lines.Text()
	over := make(chan struct{})
	go func() {
		defer close(over)
		for lines.Scan() {
			var r centreRequest
			if err := json.Unmarshal(lines.Bytes(), &r); err != nil {
				r = centreRequest{Path: "failed", Error: lines.Text()}
			}
			c.mu.Lock()
			c.asked = append(c.asked, r)
			c.mu.Unlock()
		}
	}()
	t.Cleanup(func() {
		cmd.Process.Kill()
		<-over
		cmd.Wait()
		for _, r := range c.requests(nil) {
			if !r.Signed {
				t.Errorf("not signed by the account, or failed: %+v", r)
			}
			if t.Failed() {
				t.Logf("%s %v", r.Path, r.Params)
			}
		}
	})
	return c
}

// requests are those so far that are wanted.
func (c *centre) requests(wanted func(centreRequest) bool) (found []centreRequest) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, r := range c.asked {
		if wanted == nil || wanted(r) {
			found = append(found, r)
		}
	}
	return found
}

// path waits for the n-th request of a path.
func (c *centre) path(path string, n int) centreRequest {
	c.t.Helper()
	at := func(r centreRequest) bool { return r.Path == path }
	eventually(c.t, patience, fmt.Sprintf("%s is asked for %d times", path, n), func() bool { return len(c.requests(at)) >= n })
	return c.requests(at)[n-1]
}

// desk presses a button of the agent's screen, and reads what it shows.
func (c *centre) desk(button string) string {
	c.t.Helper()
	resp, err := http.Get(c.base + "/desk/" + button)
	if err != nil {
		c.t.Fatal(err)
	}
	defer resp.Body.Close()
	text, _ := io.ReadAll(resp.Body)
	if resp.StatusCode != http.StatusOK {
		c.t.Fatalf("%s: %s", button, text)
	}
	return string(text)
}

// tells compares what a call's requests said, in their order: each path and the values of some parameters. What is
// asked for again and again stands once. Callbacks are not among them: they keep an order of their own.
func (c *centre) tells(call string, want ...string) {
	c.t.Helper()
	told := func() (lines []string) {
		for _, r := range c.requests(func(r centreRequest) bool { return r.Params["CallSid"] == call && !slices.Contains(callbacks, r.Path) }) {
			line := r.Path
			for _, name := range []string{"Digits", "CallStatus", "QueueResult", "DialCallStatus", "DialBridged"} {
				if v, ok := r.Params[name]; ok {
					line += " " + v
				}
			}
			lines = append(lines, line)
		}
		return slices.Compact(lines)
	}
	if !happens(c.t, patience, func() bool { return slices.Equal(told(), want) }) {
		c.t.Errorf("call %s told\n%s\nwant\n%s", call, strings.Join(told(), "\n"), strings.Join(want, "\n"))
	}
}

// callbacks are the requests whose answer nobody waits for: /left is one where the call has gone on elsewhere.
var callbacks = []string{"/conference", "/status", "/leg", "/left"}

// states are the states that the callbacks of a path told of a call, in the order of their numbers.
func (c *centre) states(path, call string) string {
	c.t.Helper()
	of := func(r centreRequest) bool { return r.Path == path && r.Params["CallSid"] == call }
	eventually(c.t, patience, path+" tells how the call ended", func() bool {
		return slices.ContainsFunc(c.requests(of), func(r centreRequest) bool { return r.Params["CallDuration"] != "" })
	})
	told := c.requests(of)
	slices.SortFunc(told, func(a, b centreRequest) int {
		return strings.Compare(a.Params["SequenceNumber"], b.Params["SequenceNumber"])
	})
	var states []string
	for i, r := range told {
		if r.Params["SequenceNumber"] != strconv.Itoa(i) {
			c.t.Errorf("callback %d of %s is numbered %s", i, call, r.Params["SequenceNumber"])
		}
		states = append(states, r.Params["CallStatus"])
	}
	return strings.Join(states, " ")
}

// hearsTone waits until the last second of what a phone hears is a tone; quiet are tones that are not in it.
func (p *phone) hearsTone(hz float64, quiet ...float64) {
	p.t.Helper()
	eventually(p.t, patience, fmt.Sprintf("%.0f Hz are heard and %v are not", hz, quiet), func() bool {
		if p.recording() == "" {
			return false
		}
		r := p.recorded()
		if len(r) < media.Rate || loudness(r, hz) < 3000 {
			return false
		}
		return !slices.ContainsFunc(quiet, func(hz float64) bool { return loudness(r, hz) > 300 })
	})
}

// What the people of these stories hum, and what the program plays.
const (
	callerHums, agentHums, supervisorHums = 700, 1300, 1900
	musicHums                             = 440
)

// A menu, a key that means nothing, a clerk who is busy, and one who hears who calls and accepts with a key.
func TestASampleMenu(t *testing.T) {
	t.Parallel()
	caller, clerk := newPhone(t, hum(callerHums)...), newPhone(t, hum(agentHums)...)
	x := newExchange(t, func(string, int) habit { return habit{refuse: "486 Busy Here"} })
	s := serve(t)
	c := newCentre(t, s, clerk.address(), x.address("busy"), "")
	s.apply("number: desk\nurl: " + c.base + "/voice")
	caller.does("dial", "sip:desk@"+local(s.sip))
	caller.sees("CALL_ESTABLISHED")
	caller.hears(time.Second)
	caller.presses("9")
	c.path("/voice", 2)
	caller.presses("2")
	clerk.rings()
	clerk.picksUp()
	c.path("/whisper", 1)
	clerk.hears(time.Second)
	if loudness(clerk.recorded(), callerHums) > 300 {
		t.Error("the clerk hears the caller before the key")
	}
	clerk.presses("1")
	caller.hearsTone(agentHums)
	clerk.hearsTone(callerHums)
	clerk.does("hangup", "")
	caller.sees("CALL_CLOSED")

	call := c.path("/voice", 1).Params["CallSid"]
	c.tells(call, "/voice ringing", "/menu 9 in-progress", "/voice in-progress", "/menu 2 in-progress", "/dialled in-progress completed true")
	clerks := c.path("/dialled", 1).Params["DialCallSid"]
	if got := c.states("/leg", clerks); got != "initiated ringing in-progress completed" {
		t.Errorf("the clerk's leg told %s", got)
	}
	other := ""
	for _, r := range c.requests(func(r centreRequest) bool { return r.Path == "/leg" }) {
		if r.Params["ParentCallSid"] != call {
			t.Errorf("a leg of another call: %v", r.Params)
		}
		if sid := r.Params["CallSid"]; sid != clerks {
			other = sid
		}
	}
	if got := c.states("/leg", other); got != "initiated busy" {
		t.Errorf("the busy clerk's leg told %s", got)
	}
}

// A caller waits in a queue and hears the program's music; an agent hears that somebody waits and takes the call with
// a key; both meet in a conference, a supervisor is called into it, the caller is put on hold and comes back,
// the agent leaves, and the supervisor ends it.
func TestASampleCallCentre(t *testing.T) {
	t.Parallel()
	caller, agent, supervisor := newPhone(t, hum(callerHums)...), newPhone(t, hum(agentHums)...), newPhone(t, hum(supervisorHums)...)
	s := serve(t)
	c := newCentre(t, s, agent.address(), "", supervisor.address())
	s.apply("number: desk\nurl: " + c.base + "/voice")
	caller.does("dial", "sip:desk@"+local(s.sip))
	caller.sees("CALL_ESTABLISHED")
	caller.hears(time.Second)
	caller.presses("1")
	waiting := c.path("/waiting", 1)
	if p := waiting.Params; p["QueuePosition"] != "1" || p["CurrentQueueSize"] != "1" || p["QueueSid"] == "" {
		t.Errorf("the waiting caller's document is told %v", p)
	}
	caller.hearsTone(musicHums, agentHums)
	if got := c.desk("queue"); got != `["support 1"]` {
		t.Errorf("the queues are %s", got)
	}
	agent.rings()
	c.path("/waiting", 2) // the music is asked for again when it is over
	agent.picksUp()
	c.path("/agent", 1)
	agent.hears(2 * time.Second)
	agent.presses("1")
	caller.hearsTone(agentHums, musicHums)
	agent.hearsTone(callerHums)
	if p := c.path("/connecting", 1).Params; p["DequeingCallSid"] == "" || p["QueueSid"] != waiting.Params["QueueSid"] {
		t.Errorf("whoever is taken out of the queue is told %v", p)
	}

	c.desk("transfer")
	c.path("/conference", 3)
	caller.hearsTone(agentHums, musicHums)
	c.desk("supervisor")
	supervisor.rings()
	supervisor.picksUp()
	supervisor.hearsTone(callerHums)
	supervisor.hearsTone(agentHums)
	caller.hearsTone(supervisorHums)

	c.desk("hold")
	caller.hearsTone(musicHums, agentHums, supervisorHums)
	agent.hearsTone(supervisorHums, callerHums)
	if got := c.desk("members"); !strings.Contains(got, `"caller on hold"`) || !strings.Contains(got, `"supervisor"`) || !strings.Contains(got, `"agent"`) {
		t.Errorf("in the conference are %s", got)
	}
	c.desk("resume")
	caller.hearsTone(supervisorHums, musicHums)
	agent.does("hangup", "")
	caller.hearsTone(supervisorHums, agentHums)
	supervisor.does("hangup", "")
	caller.sees("CALL_CLOSED")

	from, to := c.path("/voice", 1).Params["CallSid"], c.path("/agent", 1).Params["CallSid"]
	c.tells(from, "/voice ringing", "/menu 1 in-progress", "/waiting in-progress", "/connecting in-progress", "/room in-progress", "/hold in-progress", "/bye in-progress answered true")
	c.tells(to, "/agent in-progress", "/take 1 in-progress", "/wrapup in-progress completed true", "/bye completed answered true")
	if p := c.path("/left", 1).Params; p["CallSid"] != from || p["QueueResult"] != "redirected-from-bridged" {
		t.Errorf("the queue's action is told %v", p)
	}
	if got := c.states("/status", to); got != "initiated ringing in-progress completed" {
		t.Errorf("the agent's call told %s", got)
	}
	c.path("/conference", 10)
	told := c.requests(func(r centreRequest) bool { return r.Path == "/conference" })
	var events []string
	for i, r := range told {
		if r.Params["SequenceNumber"] != strconv.Itoa(i) {
			t.Errorf("event %d is numbered %s", i, r.Params["SequenceNumber"])
		}
		events = append(events, r.Params["StatusCallbackEvent"]+" "+r.Params["ParticipantLabel"])
	}
	slices.Sort(events[:2]) // both come at once
	if got, want := strings.Join(events, ", "), "participant-join agent, participant-join caller, "+events[2]+", participant-join supervisor, "+
		"participant-hold caller, participant-unhold caller, participant-leave agent, participant-leave supervisor, participant-leave caller, conference-end "; got != want || !strings.HasPrefix(events[2], "conference-start ") {
		t.Errorf("the conference told %s\nwant %s", got, want)
	}
}
