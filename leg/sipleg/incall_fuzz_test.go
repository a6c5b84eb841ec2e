package sipleg

import (
	"maps"
	"os"
	"os/signal"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/kaden-project/kaden/leg"
)

// FuzzInCall: whatever a far end says within a call of ours, in whichever state that is, the server lives, and the leg ends
// once it is hung up.
func FuzzInCall(f *testing.F) {
	for n, method := range []string{"INVITE", "UPDATE", "PRACK", "INFO", "REFER", "NOTIFY", "BYE", "ACK", "OPTIONS", "CANCEL", "MESSAGE"} {
		f.Add(uint8(n), method, "Refer-To: <sip:a@b?Replaces=c>\r\nRAck: 1 1 INVITE\r\nSession-Expires: 90;refresher=uac\r\nSupported: timer, 100rel", sdpAt(4000, "a=sendonly"))
	}
	for n, status := range []string{"180 Ringing", "183 Session Progress", "200 OK", "302 Moved", "401 Unauthorized", "422 Small", "487 Over", "491 Pending", "503 Full"} {
		f.Add(uint8(n), "SIP/2.0 "+status, "Require: 100rel\r\nRSeq: 7\r\nContact: <sip:x@192.0.2.1;transport=tcp>\r\nMin-SE: 1800\r\nWWW-Authenticate: Digest realm=\"a\", nonce=\"b\"\r\nRecord-Route: <sip:a;lr>, <sip:b>", sdpAt(4000))
	}
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, os.Interrupt) // the fuzzer will, whose goroutine is none that we have left behind
	signal.Stop(signals)
	got := make(chan *Leg, 1)
	s := start(f, func(c *Config) {
		quick(c)
		c.timers.Bye, c.timers.Cancel, c.timers.Silence = 5*time.Millisecond, 5*time.Millisecond, 5*time.Millisecond
		c.Incoming = func(l *Leg) { got <- l }
	})
	deaf := newPeer(f)
	from := flow{udp: true, peer: deaf.addr()}
	f.Fuzz(func(t *testing.T, state uint8, first, headers, body string) {
		for len(deaf.got) > 0 {
			<-deaf.got
		}
		extra := strings.Split(headers, "\r\n")
		l, callID, local, remote := inState(t, s, deaf, got, state)
		switch {
		case !strings.HasPrefix(first, "SIP/2.0 "):
			s.receive(from, []byte(newRequest(deaf.addr(), first, "sip:kaden@127.0.0.1", remote, local, callID, 7, "", body, extra...)))
		default:
			if tx := anyRequest(s, callID); tx != nil {
				m := readSaid(string(tx))
				s.receive(from, []byte(answerTo(m, first[len("SIP/2.0 "):], "b", body, deaf.addr(), extra...)))
			}
		}
		l.Hangup(t.Context(), leg.Completed)
		for limit := time.After(testPatience); ; {
			select {
			case _, more := <-l.Events():
				if !more {
					return
				}
			case <-limit:
				t.Fatalf("the leg does not end:\n%s", Ladder(l.Trace()))
			}
		}
	})
}

// inState is a call: one of ours that rings or is up, or one that comes in and rings, is answered or acknowledged. local and
// remote are the addresses of its dialog as the far end's requests have them.
func inState(t *testing.T, s *Server, p *peer, got chan *Leg, state uint8) (l *Leg, callID, local, remote string) {
	t.Helper()
	from := flow{udp: true, peer: p.addr()}
	if state%2 == 0 {
		out, err := s.Dial(t.Context(), leg.Target{URI: p.uri()}, leg.Options{})
		if err != nil {
			t.Fatal(err)
		}
		l = out.(*Leg)
		callID = l.Info().CallID
		invite := readSaid(string(anyRequest(s, callID)))
		s.receive(from, []byte(answerTo(invite, "180 Ringing", "b", "", p.addr())))
		if state%4 == 2 {
			s.receive(from, []byte(answerTo(invite, "200 OK", "b", sdpAt(40000), p.addr(), "Allow: UPDATE")))
		}
		return l, callID, invite.get("From"), invite.get("To") + ";tag=b"
	}
	callID = fresh(8)
	s.receive(from, []byte(newRequest(p.addr(), "INVITE", "sip:kaden@127.0.0.1", "<sip:peer@127.0.0.1>;tag=b", "<sip:kaden@127.0.0.1>", callID, 1, "", sdpAt(40000), "Supported: 100rel, timer")))
	l = <-got
	l.Ring(t.Context(), state%8 == 3)
	if state%8 > 4 {
		l.Answer(t.Context())
	}
	local = "<sip:kaden@127.0.0.1>;tag=" + l.localTag
	if state%8 == 7 {
		s.receive(from, []byte(newRequest(p.addr(), "ACK", "sip:kaden@127.0.0.1", "<sip:peer@127.0.0.1>;tag=b", local, callID, 1, "", "")))
	}
	return l, callID, local, "<sip:peer@127.0.0.1>;tag=b"
}

// anyRequest is one of ours that waits for its answer.
func anyRequest(s *Server, callID string) []byte {
	s.layer.mu.Lock()
	all := slices.Collect(maps.Values(s.layer.client))
	s.layer.mu.Unlock() // a transaction that ends takes its own lock first
	for _, tx := range all {
		tx.mu.Lock()
		raw := tx.raw
		tx.mu.Unlock()
		if strings.Contains(string(raw), "Call-ID: "+callID+"\r\n") {
			return raw
		}
	}
	return nil
}
