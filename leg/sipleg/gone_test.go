package sipleg

import (
	"errors"
	"net"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/kaden-project/kaden/leg"
)

// holdsConnection is a phone that has registered over TCP. Its contact is at an address of its own.
func holdsConnection(t *testing.T, s *Server) net.Conn {
	t.Helper()
	c, err := net.Dial("tcp", s.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	at := netip.MustParseAddrPort(c.LocalAddr().String())
	raw := newRequest(at, "REGISTER", "sip:office.example.jp", "<sip:sato@office.example.jp>;tag=1", "<sip:sato@office.example.jp>", fresh(8), 1, "", "", "Authorization: sesame")
	c.Write([]byte(strings.Replace(raw, "/UDP", "/TCP", 1)))
	if m := readStream(t, c); m.status() != 200 {
		t.Fatalf("%s", m.raw)
	}
	return c
}

// held is how a phone is called that registered over a connection and gave a contact.
func held(c net.Conn, contact string) leg.Target {
	return leg.Target{URI: "sip:sato@" + contact + ";transport=tcp", Via: "sip:" + c.LocalAddr().String() + ";transport=tcp", Symmetric: true, Phone: "sato@office.example.jp"}
}

// closes closes a phone's connection and waits until the server knows.
func closes(t *testing.T, s *Server, c net.Conn) {
	t.Helper()
	c.Close()
	until(t, "the connection to be closed", func() bool { return s.wire.open() == 0 })
}

// A phone whose connection is closed is connected to where it says that it is, if it says so itself; one behind a router
// cannot be called, and that is known at once.
func TestAPhoneThatHasClosedItsConnection(t *testing.T) {
	t.Run("and takes another", func(t *testing.T) {
		s, _, _ := office(t, nil)
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		defer l.Close()
		c := holdsConnection(t, s)
		closes(t, s, c)
		call, err := s.Dial(t.Context(), held(c, l.Addr().String()), leg.Options{})
		if err != nil {
			t.Fatal(err)
		}
		again, err := l.Accept()
		if err != nil {
			t.Fatal(err)
		}
		defer again.Close()
		invite := readStream(t, again)
		again.Write([]byte(answerTo(invite, "486 Busy Here", "a", "", netip.MustParseAddrPort(l.Addr().String()))))
		ended(t, call, leg.Busy)
	})
	for name, contact := range map[string]string{"and stands behind a router": "192.0.2.7:5060", "and takes no other": "127.0.0.1:9", "and has no address": "phone.invalid"} {
		t.Run(name, func(t *testing.T) {
			s, _, _ := office(t, func(c *Config) { c.Resolver = &dns{} })
			c := holdsConnection(t, s)
			closes(t, s, c)
			begun := time.Now()
			if _, err := s.Dial(t.Context(), held(c, contact), leg.Options{}); !errors.Is(err, leg.ErrGone) {
				t.Errorf("%v", err)
			}
			if took := time.Since(begun); took > 3*time.Second {
				t.Errorf("that is known after %v", took)
			}
		})
	}
	t.Run("under a call to it", func(t *testing.T) {
		s, _, _ := office(t, func(c *Config) { c.timers.T1 = 2 * time.Second }) // nothing answers for two minutes
		c := holdsConnection(t, s)
		l, err := s.Dial(t.Context(), held(c, "192.0.2.7:5060"), leg.Options{})
		if err != nil {
			t.Fatal(err)
		}
		readStream(t, c)
		c.Close()
		if e := ended(t, l, leg.Fault); !strings.Contains(e.Reason, "connection was closed") {
			t.Errorf("%+v", e)
		}
	})
}

// A hundred telephones of an office stand behind one address; strangers there have only so many connections, and none for long.
func TestTheTelephonesOfAnOfficeAllHaveTheirConnection(t *testing.T) {
	s, x, _ := office(t, nil)
	x.knows(netip.MustParseAddr("127.0.0.1"))
	for range maxFromOne + 8 {
		defer holdsConnection(t, s).Close()
	}
	for s, want := range map[*stream]time.Duration{{}: idleUnknown, {at: place{proto: "tcp"}}: idleStream} {
		if got := s.idle(); got != want {
			t.Errorf("a connection that is %+v may be silent for %v, want %v", s.at, got, want)
		}
	}
	s.wire.mu.Lock()
	defer s.wire.mu.Unlock()
	for c := range s.wire.all {
		if c.idle() <= time.Hour { // it registers for an hour, and may say nothing between
			t.Errorf("a phone may be silent for %v", c.idle())
			break
		}
	}
}

// A telephone here rings for longer than the caller's side keeps a connection over which nothing is said. Whoever answers is
// heard all the same: the answer goes to where the caller takes connections.
func TestAnAnswerFindsACallerWhoseConnectionIsClosed(t *testing.T) {
	got := make(chan *Leg, 1)
	s := start(t, func(c *Config) { quick(c); c.Incoming = func(l *Leg) { got <- l } })
	carrier, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer carrier.Close()
	at := netip.MustParseAddrPort(carrier.Addr().String())
	c, err := net.Dial("tcp", s.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	invite := newRequest(at, "INVITE", "sip:kaden@"+s.Addr().String(), "<sip:peer@127.0.0.1>;tag=a", "<sip:kaden@127.0.0.1>", fresh(8), 1, "", sdpAt(40000))
	c.Write([]byte(strings.Replace(invite, "/UDP", "/TCP", 1)))
	l := <-got
	readStream(t, c)
	closes(t, s, c)
	l.Answer(t.Context())
	again, err := carrier.Accept()
	if err != nil {
		t.Fatal(err)
	}
	defer again.Close()
	ok := readStream(t, again)
	if ok.status() != 200 {
		t.Fatalf("%s", ok.raw)
	}
	say := func(method string, n int) {
		raw := newRequest(at, method, "sip:kaden@"+s.Addr().String(), ok.get("From"), ok.get("To"), ok.get("Call-ID"), n, "", "")
		again.Write([]byte(strings.Replace(raw, "/UDP", "/TCP", 1)))
	}
	say("ACK", 1)
	next(t, l, leg.Answered)
	say("BYE", 2)
	ended(t, l, leg.HungUp)
}

// A phone's connection is closed in the middle of a call, and it makes another one: what it says over that shows us the way.
func TestAPhoneConnectsAgainInACall(t *testing.T) {
	got := make(chan *Leg, 1)
	s, _, _ := office(t, func(c *Config) { c.Incoming = func(l *Leg) { got <- l } })
	c := holdsConnection(t, s)
	at := netip.MustParseAddrPort(c.LocalAddr().String())
	say := func(c net.Conn, raw string) { c.Write([]byte(strings.Replace(raw, "/UDP", "/TCP", 1))) }
	say(c, newRequest(at, "INVITE", "sip:suzuki@office.example.jp", "<sip:sato@office.example.jp>;tag=1", "<sip:suzuki@office.example.jp>", fresh(8), 1, "", sdpAt(40000), "Authorization: sesame"))
	l := <-got
	l.Answer(t.Context())
	ok := readStream(t, c)
	for ok.status() != 200 {
		ok = readStream(t, c)
	}
	within := func(method string, n int) string {
		return newRequest(at, method, "sip:kaden@"+s.Addr().String(), ok.get("From"), ok.get("To"), ok.get("Call-ID"), n, "", "")
	}
	say(c, within("ACK", 1))
	next(t, l, leg.Answered)
	closes(t, s, c)
	again, err := net.Dial("tcp", s.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer again.Close()
	say(again, within("INFO", 2))
	if m := readStream(t, again); m.status() != 200 {
		t.Fatalf("%s", m.raw)
	}
	l.Hangup(t.Context(), leg.Completed)
	bye := readStream(t, again)
	if bye.method() != "BYE" {
		t.Fatalf("%s", bye.raw)
	}
	again.Write([]byte(answerTo(bye, "200 OK", "", "", at)))
	ended(t, l, leg.Completed)
}
