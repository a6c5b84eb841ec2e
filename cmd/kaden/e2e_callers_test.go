package main_test

import (
	"bytes"
	"fmt"
	"os/exec"
	"path/filepath"
	"testing"
	"time"
)

// Ten callers of sipp press 1 in the menu at almost the same moment and wait, each with a place of its own. The agent
// takes the one who came first, the others move up, and all of them hang up in the end.
func TestTenCallersWaitInTheSampleCallCentre(t *testing.T) {
	t.Parallel()
	const callers = 10
	program := needs(t, "sipp", "sip-tester")
	agent := newPhone(t, hum(agentHums)...)
	s := serve(t)
	c := newCentre(t, s, agent.address(), "", "")
	s.apply("number: desk\nurl: " + c.base + "/voice")
	scenario, err := filepath.Abs(filepath.Join("testdata", "e2e", "caller-waits.xml"))
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(program, "-sf", scenario, "-s", "desk", "-i", "127.0.0.1", "-p", fmt.Sprint(freePort(t)), "-mp", fmt.Sprint(freePorts(t, 4, firstRTP, lastRTP)),
		"-m", fmt.Sprint(callers), "-l", fmt.Sprint(callers), "-r", "50", "-nostdin", "-timeout", "60s", "-timeout_error", local(s.sip))
	var said bytes.Buffer
	cmd.Stdout, cmd.Stderr, cmd.Dir = &said, &said, t.TempDir()
	leash(cmd)
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	eventually(t, patience, "all of them wait", func() bool { return c.desk("queue") == fmt.Sprintf(`["support %d"]`, callers) })
	places, first := map[string]bool{}, ""
	eventually(t, patience, "each of them was told a place of their own", func() bool {
		for _, r := range c.requests(func(r centreRequest) bool {
			return r.Path == "/waiting" && r.Params["QueuePosition"] == r.Params["CurrentQueueSize"]
		}) {
			places[r.Params["QueuePosition"]] = true // told on coming in: the last place
			if r.Params["QueuePosition"] == "1" {
				first = r.Params["CallSid"]
			}
		}
		return len(places) == callers
	})
	agent.rings()
	agent.picksUp()
	agent.hears(2 * time.Second)
	agent.presses("1")
	eventually(t, patience, "one is taken", func() bool { return c.desk("queue") == fmt.Sprintf(`["support %d"]`, callers-1) })
	if took := c.path("/connecting", 1).Params["CallSid"]; took != first {
		t.Errorf("%s was taken, and %s came first", took, first)
	}
	if err := cmd.Wait(); err != nil { // each had its 200s
		t.Errorf("sipp: %v\n%s", err, said.Bytes())
	}
	eventually(t, patience, "nobody waits", func() bool { return c.desk("queue") == `["support 0"]` })
	left := map[string]int{}
	eventually(t, patience, "all have left the queue", func() bool {
		clear(left)
		for _, r := range c.requests(func(r centreRequest) bool { return r.Path == "/left" }) {
			left[r.Params["QueueResult"]]++
		}
		return left["bridged"]+left["hangup"] == callers
	})
	if left["bridged"] != 1 {
		t.Errorf("they left the queue so: %v", left)
	}
}
