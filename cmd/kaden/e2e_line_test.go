package main_test

import (
	"fmt"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/kaden-project/kaden/timeline"
)

// signedOn is the last REGISTER that an exchange got, and how many there were.
func (x *exchange) signedOn() (last sipText, n int) {
	x.mu.Lock()
	defer x.mu.Unlock()
	if n = len(x.signed); n > 0 {
		last = x.signed[n-1]
	}
	return last, n
}

// registering is a trunk document with one channel, as Japanese 050 services are.
func registering(x *exchange, user string) string {
	return "trunk: ntt\nserver: " + x.addr() + "\nuser: " + user + "\npassword: himitsu\nregister: true\nfrom: \"+815012345678\"\nspelling: national\nchannels: 1"
}

// standing is how the only trunk of a server stands.
func (s *server) standing() (state, why string) {
	var status struct {
		Trunks []struct {
			Standing struct{ State, Why string }
		}
		Warnings []struct{ Code, Text string }
	}
	if err := s.get("/api/status", &status); err != nil || len(status.Trunks) == 0 {
		return "", ""
	}
	for _, w := range status.Warnings {
		if w.Code == "line-down" {
			why = w.Text
		}
	}
	return status.Trunks[0].Standing.State, why
}

// callContact calls a contact as its registrar does, naming the account alone, and gives the final answer.
func callContact(t *testing.T, s *server, contact string) (status string) {
	t.Helper()
	c, err := net.Dial("udp4", local(s.sip))
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	say := func(method, to string) {
		fmt.Fprintf(c, "%s %s SIP/2.0\r\nVia: SIP/2.0/UDP %s;branch=z9hG4bKone;rport\r\nMax-Forwards: 70\r\nFrom: <sip:09011112222@exchange>;tag=a\r\n"+
			"To: %s\r\nCall-ID: one\r\nCSeq: 1 %s\r\nContact: <sip:%s>\r\nContent-Length: 0\r\n\r\n", method, contact, c.LocalAddr(), to, method, c.LocalAddr())
	}
	say("INVITE", "<sip:0501234@exchange>")
	b := make([]byte, 65535)
	c.SetReadDeadline(time.Now().Add(patience))
	for {
		n, err := c.Read(b)
		if err != nil {
			t.Fatalf("no final answer to a call to %s: %v", contact, err)
		}
		m := readSIP(string(b[:n]))
		if !strings.HasPrefix(m.first, "SIP/2.0 1") {
			say("ACK", m.get("To"))
			return m.first
		}
	}
}

// A one-channel 050 line: kaden signs on, is called under its account, calls with its password, and signs off.
func TestARegisteringLineFromTheFirstDayToTheLast(t *testing.T) {
	t.Parallel()
	needsVoice(t, "en")
	x := newExchange(t, takesIt)
	x.is(func() { x.knows = "0501234" })
	s := serve(t)
	s.apply(registering(x, "0501234"), sato, satoOnly, "number: \"+815012345678\"\ntwiml: <Response><Reject reason=\"busy\"/></Response>")
	eventually(t, patience, "the line is signed on", func() bool { state, _ := s.standing(); return state == "registered" })
	last, n := x.signedOn()
	if n != 2 || !strings.Contains(last.get("Contact"), "sip:0501234@") {
		t.Errorf("after %d REGISTERs the contact is %s", n, last.get("Contact"))
	}

	contact, _, _ := strings.Cut(strings.TrimPrefix(last.get("Contact"), "<"), ">")
	if status := callContact(t, s, contact); status != "SIP/2.0 486 Busy Here" {
		t.Errorf("a call to the account is answered %q; its number's program says busy", status)
	}

	got := s.command("", "trunk", "check", "ntt", "--call", "090-1111-1111")
	for _, want := range []string{"ok    server", "ok    way", "ok    registration   signed on as 0501234", "ok    call           it was answered"} {
		if !strings.Contains(got.out, want) || got.code != 0 {
			t.Errorf("kaden trunk check: exit %d, without %q\n%s%s", got.code, want, got.out, got.err)
		}
	}
	doctor := s.command("", "doctor", "--config", s.file)
	for _, want := range []string{"trunk ntt      way: seen as we are", "public address carriers see us at 127.0.0.1"} {
		if !strings.Contains(doctor.out, want) {
			t.Errorf("kaden doctor: exit %d, without %q\n%s%s", doctor.code, want, doctor.out, doctor.err)
		}
	}
	eventually(t, patience, "the test call is over", func() bool {
		x.mu.Lock()
		defer x.mu.Unlock()
		return len(x.calls) == 1 && x.calls[0].state == ended
	})

	id := s.alarm("disk full on db01")
	s.until(id, timeline.AlertAcknowledged, "sato")
	if err := s.stop(); err != nil {
		t.Errorf("the end: %v", err)
	}
	if last, _ = x.signedOn(); last.get("Expires") != "0" {
		t.Errorf("kaden went without signing off:\n%s", strings.Join(last.lines, "\n"))
	}
}

// A carrier that does not let us in: the status, the check and the warning say what to do, and the other trunk is
// taken at once.
func TestARefusedLineIsSaidAndPassedOver(t *testing.T) {
	t.Parallel()
	needsVoice(t, "en")
	x, other := newExchange(t, takesIt), newExchange(t, takesIt)
	x.is(func() { x.knows = "somebody-else" })
	s := serve(t)
	s.apply(registering(x, "0501234"), "trunk: other\nserver: "+other.addr()+"\nfrom: \"+815087654321\"", sato, satoOnly)
	eventually(t, patience, "the line is refused", func() bool {
		state, why := s.standing()
		return state == "refused" && strings.Contains(why, "wrong user or password")
	})
	got := s.command("", "trunk", "check", "ntt")
	if got.code != 1 || !strings.Contains(got.out, "WRONG registration") || !strings.Contains(got.out, "compare user: and password:") {
		t.Errorf("kaden trunk check: exit %d\n%s%s", got.code, got.out, got.err)
	}
	begun := time.Now()
	id := s.alarm("disk full on db01")
	s.until(id, timeline.AlertAcknowledged, "sato")
	x.mu.Lock()
	defer x.mu.Unlock()
	if len(x.calls) != 0 {
		t.Errorf("%d calls went over the line that is down, of a night of %v", len(x.calls), time.Since(begun))
	}
}
