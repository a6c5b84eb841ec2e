package main_test

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

// Somebody looks at three in the morning why no call gets out: kaden call says it, in words and with what to do.
func TestACallThatDoesNotGetOutSaysWhy(t *testing.T) {
	t.Parallel()
	needsVoice(t, "en")
	refusal := func(status string) string {
		x := newExchange(t, func(string, int) habit { return habit{refuse: status} })
		return x.addr()
	}
	trunk := func(name, server string) string {
		return fmt.Sprintf("trunk: %s\nserver: %s\nfrom: \"+815012345678\"", name, server)
	}
	for _, c := range []struct {
		name, trunk string
		words       []string
	}{
		{"the carrier does not let us in", trunk("strict", refusal("403 Forbidden")), []string{
			"090-1234-5678 was not reached over trunk strict: the call failed: ", "403 Forbidden: the carrier knows this address and does not let it in", "compare user:, password: and from:"}},
		{"the carrier is full", trunk("full", refusal("503 Service Unavailable")), []string{
			"over trunk full: the network is full, or restricts calls: 503 Service Unavailable: the carrier is in trouble, or full (wait"}},
		{"there is no such number", trunk("plain", refusal("404 Not Found")), []string{"there is no such number: 404 Not Found: the carrier does not know this name or number"}},
		{"nobody listens there", trunk("gone", local(freePort(t))), []string{"over trunk gone: the call did not get through: ", "does not answer SIP; check its address and the firewall\n"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			s := serve(t)
			s.apply(c.trunk)
			got := s.command("", "call", "090-1234-5678", "--say", "This is a test.")
			for _, w := range c.words {
				if got.code != 1 || !strings.Contains(got.err, w) {
					t.Errorf("exit %d, want 1 and %q\n%s%s", got.code, w, got.out, got.err)
				}
			}
		})
	}
	t.Run("the one line is taken", func(t *testing.T) {
		t.Parallel()
		x := newExchange(t, func(string, int) habit { return habit{answer: 50 * time.Millisecond} })
		s := serve(t)
		s.apply(trunk("single", x.addr()) + "\nchannels: 1")
		first := make(chan said, 1)
		go func() {
			first <- s.command("", "call", "090-1234-5678", "--say", strings.Repeat("This takes its time. ", 3))
		}()
		eventually(t, patience, "the first call is up", func() bool { return len(x.calledAt("+819012345678"))+len(x.calledAt("09012345678")) == 1 })
		got := s.command("", "call", "090-2345-6789", "--say", "And this waits.")
		if got.code != 0 || !strings.Contains(got.out, "waiting for a line, place 1 in the queue") {
			t.Errorf("exit %d\n%s%s", got.code, got.out, got.err)
		}
		if got := <-first; got.code != 0 {
			t.Errorf("the first: exit %d\n%s%s", got.code, got.out, got.err)
		}
	})
	t.Run("the phone is not registered", func(t *testing.T) {
		t.Parallel()
		s := serve(t)
		s.apply("domain: office.example.jp", "phone: sato@office.example.jp\npassword: geheim-und-lang-genug")
		got := s.command("", "call", "sip:sato@office.example.jp", "--say", "This is a test.")
		if got.code != 1 || !strings.Contains(got.err, "was not reached: the phone cannot be reached: no phone of that user is registered here") {
			t.Errorf("exit %d\n%s%s", got.code, got.out, got.err)
		}
	})
}
