package main_test

import (
	"fmt"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/kaden-project/kaden/store/storetest"
	"github.com/kaden-project/kaden/timeline"
)

// contacts are the ports at which a carrier's registrar would call us.
func (x *exchange) contacts() (all []string, ports []int) {
	x.mu.Lock()
	defer x.mu.Unlock()
	for _, c := range x.bound {
		_, at, _ := strings.Cut(c, "@127.0.0.1:")
		port := 0
		fmt.Sscanf(at, "%d", &port)
		all, ports = append(all, strings.Trim(c, "<>")), append(ports, port)
	}
	return all, ports
}

// signedOnAt waits until the registrar has a server's contact and no other.
func (x *exchange) signedOnAt(s *server) {
	x.t.Helper()
	if !happens(x.t, patience, func() bool {
		_, ports := x.contacts()
		return slices.Equal(ports, []int{s.sip})
	}) {
		all, _ := x.contacts()
		x.t.Fatalf("the carrier has the contacts %q, want that at port %d alone", all, s.sip)
	}
}

// crowded is an error if there ever was more than one contact.
func (x *exchange) crowded() {
	x.t.Helper()
	x.mu.Lock()
	defer x.mu.Unlock()
	if x.crowd > 1 {
		x.t.Errorf("the carrier had %d contacts at a time", x.crowd)
	}
}

// asked is how often the registrar was asked who is there, and told nothing.
func (x *exchange) asked() (n int) {
	x.mu.Lock()
	defer x.mu.Unlock()
	for _, m := range x.signed {
		if m.get("Contact") == "" {
			n++
		}
	}
	return n
}

// callsUs lets the carrier call its customer: at each contact that it has. It counts the answers.
func (x *exchange) callsUs(t *testing.T, servers ...*server) (answered int) {
	t.Helper()
	all, ports := x.contacts()
	for i, contact := range all {
		for _, s := range servers {
			if s.sip != ports[i] || !s.alive() {
				continue
			}
			if status := callContact(t, s, contact); status == "SIP/2.0 200 OK" {
				answered++
			} else {
				t.Errorf("the call to %s: %s", contact, status)
			}
		}
	}
	return answered
}

// signer is who is signed on, as a server's status tells it: "" is itself.
func (s *server) signer() (state, node string) {
	var status struct {
		Trunks []struct{ Standing struct{ State, Node string } }
	}
	if err := s.get("/api/status", &status); err != nil || len(status.Trunks) == 0 {
		return "", ""
	}
	return status.Trunks[0].Standing.State, status.Trunks[0].Standing.Node
}

// Two processes on one PostgreSQL and a line that has to be signed on to: one of them is, for both. It is killed, and the other
// signs on and takes the dead one's contact away; that one stops in order, and the first has it back at once. At each moment a
// call comes in at one of them, and both can call out.
func TestTwoProcessesSignOnOnce(t *testing.T) {
	t.Parallel()
	needsVoice(t, "en")
	x := newExchange(t, takesIt)
	x.is(func() { x.knows = "0501234" })
	a, b := company(t, []string{
		strings.Replace(registering(x, "0501234"), "channels: 1", "channels: 2", 1), sato, planOf("a", []string{"sato"}, ""), planOf("b", []string{"sato"}, ""),
		"number: \"+815012345678\"\ntwiml: <Response><Pause length=\"1\"/></Response>",
	})
	x.signedOnAt(a)
	eventually(t, patience, "b knows who is signed on", func() bool {
		state, node := b.signer()
		return state == "registered" && node == "kaden"
	})
	if state, node := a.signer(); state != "registered" || node != "" {
		t.Errorf("to a the line is %q by %q", state, node)
	}
	if n := x.callsUs(t, a, b); n != 1 {
		t.Errorf("the call was answered %d times", n)
	}
	for _, what := range [][]string{{"trunk", "check", "ntt"}, {"doctor", "--config", b.file}} {
		if got := b.command("", what...); !strings.Contains(got.out, "registered by node kaden, as 0501234") {
			t.Errorf("kaden %s: exit %d\n%s%s", what[0], got.code, got.out, got.err)
		}
	}
	id := b.alarmed("b", 2, "disk full on db01", "critical")
	b.until(id, timeline.AlertAcknowledged, "sato") // over a line that another process is signed on to
	x.signedOnAt(a)

	a.kill()
	died := time.Now()
	x.signedOnAt(b)
	took := time.Since(died)
	if took > 9*time.Second {
		t.Errorf("b has signed on %v after a's death", took)
	}
	if n := x.callsUs(t, a, b); n != 1 {
		t.Errorf("after a's death the call was answered %d times", n)
	}
	a.start()
	a.ready()
	eventually(t, patience, "a knows who is signed on", func() bool { _, node := a.signer(); return node == "b" })
	x.signedOnAt(b)

	stopped := time.Now()
	b.cmd.Process.Signal(syscall.SIGTERM)
	x.signedOnAt(a)
	back := time.Since(stopped)
	<-b.over
	if back > 1500*time.Millisecond {
		t.Errorf("a has signed on %v after b was told to stop", back)
	}
	if n := x.callsUs(t, a, b); n != 1 {
		t.Errorf("after b's end the call was answered %d times", n)
	}
	id = a.alarmed("a", 1, "disk full on db02", "critical")
	a.until(id, timeline.AlertAcknowledged, "sato")
	if err := a.stop(); err != nil {
		t.Errorf("the end of a: %v", err)
	}
	if all, _ := x.contacts(); len(all) > 0 {
		t.Errorf("at the end the carrier has %q", all)
	}
	x.crowded()
	t.Logf("signed on %v after the death of the one that was, and %v after it was told to stop", took.Round(time.Millisecond), back.Round(time.Millisecond))
}

// The process that is signed on is put to sleep for longer than its lease, and its registration has to be refreshed when it wakes:
// another one is signed on by then. It asks before it tells, and stays off.
func TestWhoSleepsThroughItsLeaseStaysOff(t *testing.T) {
	t.Parallel()
	x := newExchange(t, takesIt)
	x.is(func() { x.knows, x.grants = "0501234", 4 })
	a, b := company(t, []string{registering(x, "0501234"), planOf("a", []string{"sato"}, ""), planOf("b", []string{"sato"}, ""), sato})
	x.signedOnAt(a)
	eventually(t, patience, "b knows who is signed on", func() bool { state, node := b.signer(); return state == "registered" && node == "kaden" })
	a.cmd.Process.Signal(syscall.SIGSTOP)
	x.signedOnAt(b)
	a.cmd.Process.Signal(syscall.SIGCONT)
	eventually(t, patience, "a knows who is signed on", func() bool { _, node := a.signer(); return node == "b" })
	if happens(t, 6*time.Second, func() bool { _, ports := x.contacts(); return !slices.Equal(ports, []int{b.sip}) }) {
		all, _ := x.contacts()
		t.Errorf("then the carrier has %q, want b alone", all)
	}
	x.crowded()
}

// PostgreSQL is away for longer than a lease: nobody can have taken the line, and it stays signed on, with a question before each
// refresh. When it is back the two agree on one.
func TestALineStaysSignedOnWhileTheDatabaseIsAway(t *testing.T) {
	t.Parallel()
	x := newExchange(t, takesIt)
	x.is(func() { x.knows, x.grants = "0501234", 4 })
	db := storetest.NewServer(t)
	db.Start(t)
	there := withEnv("KADEN_DATABASE_URL=" + db.URL("postgres"))
	a := serve(t, there)
	a.apply(registering(x, "0501234"))
	b := newServer(t, there)
	b.named("b")
	b.borrowKey(a)
	b.start()
	b.ready()
	x.signedOnAt(a)
	if n := x.asked(); n > 0 {
		t.Errorf("a was sure of its turn, and asked %d times", n)
	}
	db.Stop(t)
	eventually(t, patience, "a has asked who is there, twice", func() bool { return x.asked() >= 4 }) // each time the password is asked for
	x.signedOnAt(a)
	db.Start(t)
	agree := func() bool {
		one, first := a.signer()
		two, second := b.signer()
		who := a
		if first != "" {
			who = b
		}
		_, ports := x.contacts()
		return one == "registered" && two == "registered" && (first == "") != (second == "") && slices.Equal(ports, []int{who.sip})
	}
	var since time.Time
	eventually(t, patience, "for five seconds all agree on who is signed on", func() bool { // just after the outage they may still change
		if !agree() {
			since = time.Time{}
			return false
		}
		if since.IsZero() {
			since = time.Now()
		}
		return time.Since(since) > 5*time.Second
	})
}
