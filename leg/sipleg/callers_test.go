package sipleg

import (
	"strings"
	"testing"
	"time"

	"github.com/kaden-project/kaden/leg"
)

// called is a server that hears nobody but the carriers of its lines, and the calls that it gets.
func called(t *testing.T, change func(*Config)) (*Server, func() *Leg) {
	t.Helper()
	got := make(chan *Leg, 1)
	s := start(t, func(c *Config) {
		c.AllowFrom = nil
		c.Incoming = func(l *Leg) { got <- l }
		if change != nil {
			change(c)
		}
	})
	return s, func() *Leg {
		t.Helper()
		select {
		case l := <-got:
			return l
		case <-time.After(testPatience):
			t.Fatal("the call never came in")
			panic("not reached")
		}
	}
}

// found waits until it is known where the line's carrier calls from.
func found(t *testing.T, s *Server) {
	t.Helper()
	until(t, "the carrier's address", func() bool { return s.lines.find("ntt").isAt(home()[0]) })
}

func takes(t *testing.T, l *Leg) {
	t.Helper()
	if err := l.Ring(t.Context(), false); err != nil {
		t.Fatal(err)
	}
	if err := l.Answer(t.Context()); err != nil {
		t.Fatal(err)
	}
}

// A carrier calls our numbers: it is known by its address, or it calls the contact that we have registered.
func TestCarriersCallOurNumbers(t *testing.T) {
	t.Run("known by its address", func(t *testing.T) {
		s, call := called(t, nil)
		s.SetLines([]Line{{Name: "ntt", Server: "127.0.0.1"}})
		found(t, s)
		uri := "sip:+815012345678@" + s.Addr().String()
		done := callsUs(t, s, "number", "[called]", uri, "[to]", uri, "[more]", "X-Trunk: tokyo-1")
		l := call()
		i := l.Info()
		if i.Line != "ntt" || i.To != uri || !strings.Contains(i.From, "+819012345678") {
			t.Errorf("the call is from %s for %s over line %q", i.From, i.To, i.Line)
		}
		for name, want := range map[string]string{
			"P-Asserted-Identity": "<tel:+819012345678>", "Privacy": "id", "Diversion": "<sip:+815000000001@127.0.0.1>;reason=no-answer",
			"History-Info": "<sip:+815000000001@127.0.0.1>;index=1", "X-Trunk": "tokyo-1",
		} {
			if got := i.Headers[name]; got != want {
				t.Errorf("%s is told as %q, want %q", name, got, want)
			}
		}
		takes(t, l)
		next(t, l, leg.Answered)
		hangsUp(t, l, done)
	})
	for _, c := range []struct{ name, to, more, want string }{
		{"the contact, and the number in To", "sip:05098765432@ntt.example", "Subject: call", "05098765432"},
		{"the contact, and the number in P-Called-Party-ID", "sip:kaden@ntt.example", "P-Called-Party-ID: <tel:+815011112222>", "+815011112222"},
		{"the contact, and no number", "sip:kaden@ntt.example", "Subject: call", "+815012345678"},
	} {
		t.Run(c.name, func(t *testing.T) {
			s, call := called(t, nil)
			to, off := carrier(t, "registrar-nat")
			s.SetLines([]Line{{Name: "ntt", Server: serverOf(to), User: "kaden", Number: "+815012345678", Register: true}})
			stands(t, s, "registered", func(at Standing) bool { return time.Until(at.Next) > 8*time.Minute })
			_, contact := s.lines.find("ntt").way()
			done := callsUs(t, s, "number", "[called]", strings.Trim(contact, "<>"), "[to]", c.to, "[more]", c.more)
			l := call()
			if i := l.Info(); i.Line != "ntt" || userIn("<"+i.To+">") != c.want {
				t.Errorf("the call is for %s over line %q, want %s", i.To, i.Line, c.want)
			}
			takes(t, l)
			next(t, l, leg.Answered)
			hangsUp(t, l, done)
			s.Close()
			off()
		})
	}
}

func TestCarriersWantOurRingingToArrive(t *testing.T) {
	s, call := called(t, func(c *Config) { c.timers.T1 = 100 * time.Millisecond })
	s.SetLines([]Line{{Name: "ntt", Server: "127.0.0.1"}})
	found(t, s)
	uri := "sip:+815012345678@" + s.Addr().String()
	done := callsUs(t, s, "reliable", "[called]", uri, "[to]", uri)
	l := call()
	for _, early := range []bool{false, true} { // all at once: each waits until what was said before has arrived
		if err := l.Ring(t.Context(), early); err != nil {
			t.Fatal(err)
		}
	}
	if err := l.Answer(t.Context()); err != nil {
		t.Fatal(err)
	}
	next(t, l, leg.Answered)
	hangsUp(t, l, done)
	said := map[string]int{}
	for _, m := range l.Trace() {
		if line, _, _ := strings.Cut(m.Text, "\r\n"); m.Sent {
			said[line]++
		}
	}
	if said["SIP/2.0 180 Ringing"] < 2 {
		t.Errorf("the ringing was said only once, and nobody had confirmed it: %v", said)
	}
}

func TestCarriersWithASessionOfTheirOwn(t *testing.T) {
	s, call := called(t, nil)
	s.SetLines([]Line{{Name: "ntt", Server: "127.0.0.1"}})
	found(t, s)
	uri := "sip:+815012345678@" + s.Addr().String()
	done := callsUs(t, s, "session", "[called]", uri, "[to]", uri)
	l := call() // the second INVITE: the first wanted signs of life too often
	takes(t, l)
	next(t, l, leg.Answered)
	if e := next(t, l, leg.Held); !e.On {
		t.Error("held is off")
	}
	if e := next(t, l, leg.Held); e.On {
		t.Error("held is still on")
	}
	ended(t, l, leg.HungUp)
	done()
}

func TestCarriersAskWhetherWeAreThere(t *testing.T) {
	s, _ := called(t, nil)
	s.SetLines([]Line{{Name: "ntt", Server: "127.0.0.1"}})
	found(t, s)
	callsUs(t, s, "ping", "[called]", "sip:"+s.Addr().String(), "[to]", "sip:"+s.Addr().String())()
}
