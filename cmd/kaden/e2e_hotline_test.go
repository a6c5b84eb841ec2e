package main_test

import (
	"os"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/kaden-project/kaden/media"
	"github.com/kaden-project/kaden/timeline"
)

// hotlineOf are the documents of a hotline that rings one telephone.
func hotlineOf(sato *phone) []string {
	return []string{
		"person: sato\nlanguage: en-US\ncontacts: [" + sato.address() + "]",
		"plan: night\nsay: { en: \"{{.Title}}\" }\nsteps:\n  - call: [sato]\n    ring: 60s\n",
		"number: \"+815012345678\"\nplan: night\nsay: { en: This is the night line. }",
	}
}

// phonesTheHotline calls, and hears what the line is.
func (p *phone) phonesTheHotline(s *server) {
	p.t.Helper()
	p.does("dial", "sip:+815012345678@"+local(s.sip))
	p.sees("CALL_ESTABLISHED")
	p.hears(3 * time.Second)
}

// Somebody phones the hotline and presses 1; a telephone rings, its person takes it with 1, and the two hear each other.
// Whoever took it is let go when the caller hangs up.
func TestTheHotline(t *testing.T) {
	t.Parallel()
	needsVoice(t, "en")
	caller, sato := newPhone(t, hum(700)...), newPhone(t, hum(1300)...)
	s := serve(t)
	s.apply(hotlineOf(sato)...)
	caller.phonesTheHotline(s)
	if n := len(s.alerts()); n > 0 {
		t.Errorf("there are %d alerts before a key was pressed", n)
	}
	caller.presses("1")
	sato.rings()
	id := s.alerts()[0].ID
	sato.takes()
	s.until(id, timeline.AlertAcknowledged, "sato")
	s.until(id, timeline.CallerJoined, "")
	for _, c := range []struct {
		name string
		p    *phone
		hz   float64
	}{{"the caller hears sato", caller, 1300}, {"sato hears the caller", sato, 700}} {
		eventually(t, patience, c.name, func() bool {
			return c.p.recording() != "" && len(c.p.recorded()) > media.Rate && loudness(c.p.recorded(), c.hz) > 3000
		})
	}
	caller.hears(duration(caller.recorded()) + 11*time.Second) // a shorter talk may be a line that broke
	caller.does("hangup", "")
	s.until(id, timeline.AlertResolved, "")
	sato.sees("CALL_CLOSED")
	if n := s.night(id); n.Status != "resolved" || n.By != "sato" || n.count(timeline.CallerLeft, "") != 1 {
		t.Errorf("the night was:\n%s", n)
	}
}

// The process dies while the caller waits: nobody can save their call, but the call-out goes on, and whoever takes it hears
// whom to call back.
func TestTheHotlineSurvivesTheDeathOfItsProcess(t *testing.T) {
	t.Parallel()
	needsVoice(t, "en")
	caller, sato := newPhone(t), newPhone(t)
	s := serve(t)
	s.apply(hotlineOf(sato)...)
	caller.phonesTheHotline(s)
	caller.presses("1")
	sato.rings()
	s.kill()
	caller.does("hangup", "") // who hears nothing any more hangs up
	s.start()
	s.ready()
	sato.ringsAgain(2)
	sato.takes()
	id := s.alerts()[0].ID
	s.until(id, timeline.AlertAcknowledged, "sato")
	s.until(id, timeline.CallerLeft, "")
	eventually(t, patience, "sato has heard whom to call back, and is let go", func() bool { return sato.happened("CALL_CLOSED") == 2 })
}

// Somebody phones while kaden is being stopped, which lets calls end: they reach somebody all the same.
func TestTheHotlineWhileCallsMayEnd(t *testing.T) {
	t.Parallel()
	needsVoice(t, "en")
	caller, sato := newPhone(t), newPhone(t)
	s := newServer(t)
	settings, err := os.ReadFile(s.file)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(s.file, []byte(strings.Replace(string(settings), "drain: 1s", "drain: 2m", 1)), 0o600); err != nil {
		t.Fatal(err)
	}
	s.start()
	s.ready()
	s.apply(hotlineOf(sato)...)
	caller.phonesTheHotline(s)
	s.cmd.Process.Signal(syscall.SIGTERM)
	eventually(t, patience, "it says that it is stopping", func() bool { return !s.isReady() })
	caller.presses("1")
	sato.rings()
	id := s.alerts()[0].ID
	sato.takes()
	s.until(id, timeline.CallerJoined, "")
	caller.does("hangup", "")
	select {
	case <-s.over:
	case <-time.After(patience):
		t.Fatalf("kaden did not end within %v after the last call", patience)
	}
}
