package main_test

import (
	"net/http"
	"os"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/kaden-project/kaden/timeline"
)

// The terminal in which kaden was started is closed while a phone rings, or somebody thinks that SIGHUP reads something again:
// the phone rings on, and the key counts.
func TestATerminalIsClosedWhileAPhoneRings(t *testing.T) {
	t.Parallel()
	needsVoice(t, "en")
	x := newExchange(t, func(string, int) habit {
		return habit{answer: 1500 * time.Millisecond, press: "1", after: 1500 * time.Millisecond}
	})
	s := serve(t)
	s.apply(suzukiAt(x), "plan: default\nsteps:\n  - call: [suzuki]\n")
	id := s.alarm("disk full on db01")
	s.until(id, timeline.AttemptRinging, "suzuki")
	for range 3 {
		s.cmd.Process.Signal(syscall.SIGHUP)
	}
	s.until(id, timeline.AlertAcknowledged, "suzuki")
	if !strings.Contains(tail(s.log.Name(), 1<<20), "SIGHUP: going on") || !s.isReady() {
		t.Error("the log does not say what SIGHUP is good for, or kaden is not ready")
	}
	if err := s.stop(); err != nil {
		t.Errorf("SIGTERM: %v", err)
	}
}

// An upgrade at the wrong moment: kaden is told to end while a phone rings, and has time for that. An alert that comes
// meanwhile is taken, and the next life rings for it.
func TestAnAlertIsTakenWhileCallsMayEnd(t *testing.T) {
	t.Parallel()
	takes := false
	x := newExchange(t, func(string, int) habit {
		if takes {
			return takesIt("", 0)
		}
		return habit{ring: 10 * time.Millisecond}
	})
	s := newServer(t)
	settings, err := os.ReadFile(s.file)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(s.file, []byte(strings.Replace(string(settings), "drain: 1s", "drain: 1m", 1)), 0o600); err != nil {
		t.Fatal(err)
	}
	s.start()
	s.ready()
	s.apply(suzukiAt(x), "plan: default\nsteps:\n  - call: [suzuki]\n    ring: 2m\n")
	first := s.alarm("disk full on db01")
	s.until(first, timeline.AttemptRinging, "suzuki")

	s.cmd.Process.Signal(syscall.SIGTERM)
	eventually(t, patience, "it says that it is stopping", func() bool {
		resp, err := http.Get(s.url("/readyz"))
		if err != nil {
			return false
		}
		defer resp.Body.Close()
		return resp.StatusCode == http.StatusServiceUnavailable
	})
	second := s.alarm("disk full on db02")
	s.cmd.Process.Signal(syscall.SIGTERM) // somebody is in a hurry
	select {
	case <-s.over:
	case <-time.After(patience):
		t.Fatalf("kaden did not end within %v after the second SIGTERM", patience)
	}
	x.is(func() { takes = true })
	s.start()
	s.ready()
	s.until(first, timeline.AlertAcknowledged, "suzuki")
	s.until(second, timeline.AlertAcknowledged, "suzuki")
}
