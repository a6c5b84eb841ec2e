package sipleg

import (
	"fmt"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/icholy/digest"

	"github.com/kaden-project/kaden/leg"
)

// quickLines makes what a line has to wait for short as well.
func quickLines(c *Config) {
	quick(c)
	c.timers.Ask, c.timers.Again, c.timers.Watch, c.timers.Leave = 400*time.Millisecond, 20*time.Millisecond, 10*time.Second, time.Second
	c.timers.Next = 100 * time.Millisecond
}

// ntt is a line with one channel that has to be signed on to, at p.
func ntt(p *peer) Line {
	return Line{Name: "ntt", Server: p.addr().String(), User: "0501234", Password: "himitsu", Number: "+815012345678", Register: true}
}

// stands waits until the line ntt stands as f wants it.
func stands(t *testing.T, s *Server, what string, f func(Standing) bool) Standing {
	t.Helper()
	for limit := time.Now().Add(testPatience); ; time.Sleep(2 * time.Millisecond) {
		at, _ := s.Standing("ntt")
		if f(at) {
			return at
		}
		if time.Now().After(limit) {
			t.Fatalf("the line is not %s: %+v", what, at)
		}
	}
}

func condition(c Condition) func(Standing) bool {
	return func(s Standing) bool { return s.Condition == c }
}

func contactOf(m said) string { return strings.SplitN(m.get("Contact"), ";expires", 2)[0] }

// signsOn answers the REGISTERs of a line until it is signed on, and gives the last of them.
func signsOn(p *peer, expires int, extra ...string) said {
	p.t.Helper()
	m := p.hears("REGISTER")
	p.replies(m, "200 OK", "r", "", append([]string{fmt.Sprintf("Contact: %s;expires=%d", contactOf(m), expires)}, extra...)...)
	return m
}

func TestALineIsSignedOnWithItsPasswordAndOffAtTheEnd(t *testing.T) {
	for _, algorithm := range []string{"MD5", "SHA-256"} {
		t.Run(algorithm, func(t *testing.T) {
			s, p := start(t, quickLines), newPeer(t)
			s.SetLines([]Line{ntt(p)})
			first := p.hears("REGISTER")
			if !strings.HasPrefix(first.first, "REGISTER sip:127.0.0.1 ") || first.get("To") != "<sip:0501234@127.0.0.1>" || first.get("Expires") != "3600" {
				t.Errorf("the first REGISTER is\n%s", first.raw)
			}
			ask := `WWW-Authenticate: Digest realm="ntt", nonce="%s", algorithm=` + algorithm + `, qop="auth"%s`
			p.replies(first, "401 Unauthorized", "r", "", fmt.Sprintf(ask, "n1", ""))
			second := p.hears("REGISTER")
			p.replies(second, "401 Unauthorized", "r", "", fmt.Sprintf(ask, "n2", ", stale=true"))
			third := p.hears("REGISTER")
			if !passwordFits(t, third, "himitsu", algorithm) || !strings.Contains(third.get("Authorization"), `nonce="n2"`) {
				t.Errorf("the password is wrong: %s", third.get("Authorization"))
			}
			if third.get("Call-ID") != first.get("Call-ID") || !strings.HasPrefix(third.get("CSeq"), "3 ") {
				t.Errorf("the tries are no series: %s %s, %s %s", first.get("Call-ID"), first.get("CSeq"), third.get("Call-ID"), third.get("CSeq"))
			}
			p.replies(third, "200 OK", "r", "", "Contact: "+contactOf(third)+";expires=90")
			at := stands(t, s, "registered", condition(Registered))
			if left := time.Until(at.Until); left > 90*time.Second || left < 80*time.Second {
				t.Errorf("90 s were granted, and %v are written down", left)
			}
			if next := time.Until(at.Next); next > 45*time.Second || next < 35*time.Second {
				t.Errorf("the next REGISTER is due in %v, want about 45 s", next)
			}
			go s.Close()
			off := p.hears("REGISTER")
			if off.get("Expires") != "0" || !strings.HasSuffix(off.get("Contact"), ";expires=0") {
				t.Errorf("the last REGISTER does not sign off:\n%s", off.raw)
			}
			p.replies(off, "200 OK", "r", "")
			s.Close()
		})
	}
}

// passwordFits checks the answer to a challenge of a registrar.
func passwordFits(t *testing.T, m said, password, algorithm string) bool {
	t.Helper()
	c, err := digest.ParseCredentials(m.get("Authorization"))
	if err != nil {
		t.Fatalf("Authorization %q: %v", m.get("Authorization"), err)
	}
	want, err := digest.Digest(&digest.Challenge{Realm: c.Realm, Nonce: c.Nonce, Algorithm: algorithm, QOP: []string{"auth"}}, digest.Options{
		Method: m.method(), URI: strings.Fields(m.first)[1], Username: c.Username, Password: password, Cnonce: c.Cnonce, Count: c.Nc,
	})
	if err != nil {
		t.Fatal(err)
	}
	return c.Username == "0501234" && want.Response == c.Response
}

func TestARegistrationIsRefreshedBeforeItEnds(t *testing.T) {
	s, p := start(t, quickLines), newPeer(t)
	s.SetLines([]Line{ntt(p)})
	first := signsOn(p, 1)
	begun := time.Now()
	second := p.hears("REGISTER")
	if took := time.Since(begun); took > 900*time.Millisecond {
		t.Errorf("a registration of 1 s was refreshed after %v", took)
	}
	p.replies(second, "200 OK", "r", "", "Contact: "+contactOf(second)+";expires=3600")
	if contactOf(first) != contactOf(second) || first.get("Call-ID") != second.get("Call-ID") {
		t.Errorf("the refresh is another registration:\n%s\n%s", first.raw, second.raw)
	}
	stands(t, s, "registered for an hour", func(at Standing) bool { return time.Until(at.Until) > 59*time.Minute })
}

func TestARegistrarWantsALongerRegistration(t *testing.T) {
	s, p := start(t, quickLines), newPeer(t)
	l := ntt(p)
	l.Expires = time.Minute
	s.SetLines([]Line{l})
	m := p.hears("REGISTER")
	p.replies(m, "423 Interval Too Brief", "r", "", "Min-Expires: 1800")
	again := p.hears("REGISTER")
	if again.get("Expires") != "1800" {
		t.Errorf("after Min-Expires: 1800 we ask for %s", again.get("Expires"))
	}
	p.replies(again, "200 OK", "r", "", "Expires: 1800", "Contact: "+contactOf(again))
	at := stands(t, s, "registered", condition(Registered))
	if left := time.Until(at.Until); left < 29*time.Minute || left > 30*time.Minute {
		t.Errorf("1,800 s were granted, and %v are written down", left)
	}
}

func TestContactsOfAnEarlierLifeAreTakenAway(t *testing.T) {
	s, p := start(t, quickLines), newPeer(t)
	s.SetLines([]Line{ntt(p)})
	m := p.hears("REGISTER")
	ours := contactOf(m)
	old := strings.Replace(ours, s.Addr().String(), "203.0.113.9:5060", 1)
	if old == ours {
		t.Fatalf("no address in %s", ours)
	}
	p.replies(m, "200 OK", "r", "", "Contact: "+old+";expires=500, \"a desk, phone\" <sip:0501234@203.0.113.77>;expires=300,"+ours+";expires=3600")
	off := p.hears("REGISTER")
	if off.get("Contact") != old+";expires=0" {
		t.Errorf("taken away is %s, want the old contact alone", off.get("Contact"))
	}
	p.replies(off, "200 OK", "r", "", "Contact: "+ours+";expires=3600")
	stands(t, s, "rid of one contact", func(at Standing) bool { return at.Removed == 1 })
}

func TestACallOverARegisteredLineTakesItsServiceRoute(t *testing.T) {
	s, p, proxy := start(t, quickLines), newPeer(t), newPeer(t)
	s.SetLines([]Line{ntt(p)})
	route := "<sip:" + proxy.addr().String() + ";lr>"
	m := signsOn(p, 3600, "Service-Route: "+route)
	stands(t, s, "registered", condition(Registered))
	l, err := s.Dial(t.Context(), leg.Target{URI: "sip:09012345678@" + p.addr().String(), From: "+815012345678", Line: "ntt"}, leg.Options{})
	if err != nil {
		t.Fatal(err)
	}
	invite := proxy.hears("INVITE")
	if invite.get("Route") != route || invite.get("Contact") != contactOf(m) {
		t.Errorf("the call does not take the registration's way:\n%s", invite.raw)
	}
	proxy.replies(invite, "486 Busy Here", "b", "")
	ended(t, l, leg.Busy)
}

func TestACallOverARegistrationIsForTheLinesNumber(t *testing.T) {
	got := make(chan *Leg, 1)
	p, elsewhere := newPeer(t), newPeer(t)
	s := start(t, func(c *Config) {
		quickLines(c)
		c.AllowFrom = nil // only who is known is heard
		c.Incoming = func(l *Leg) { got <- l }
	})
	s.SetLines([]Line{ntt(p)})
	contact := strings.Trim(contactOf(signsOn(p, 3600)), "<>")
	stands(t, s, "registered", condition(Registered))
	for _, c := range []struct {
		name, uri, to, extra, want string
		from                       *peer
	}{
		{"the account alone", contact, "<sip:0501234@127.0.0.1>", "", "sip:+815012345678@127.0.0.1", p},
		{"the number in To", contact, "<sip:05098765432@carrier.example>", "", "sip:05098765432@127.0.0.1", p},
		{"the number in P-Called-Party-ID", contact, "<sip:05098765432@carrier.example>", "P-Called-Party-ID: <tel:+815011112222>", "sip:+815011112222@127.0.0.1", p},
		{"an extension in To", contact, "<sip:3@carrier.example>", "", "sip:+815012345678@127.0.0.1", p},
		{"from another of the carrier's servers", contact, "<sip:0501234@127.0.0.1>", "", "sip:+815012345678@127.0.0.1", elsewhere},
		{"a number of its own", "sip:+815099990000@" + s.Addr().String(), "<sip:+815099990000@127.0.0.1>", "", "sip:+815099990000@" + s.Addr().String(), p},
	} {
		t.Run(c.name, func(t *testing.T) {
			var extra []string
			if c.extra != "" {
				extra = append(extra, c.extra)
			}
			c.from.send(s.Addr(), newRequest(c.from.addr(), "INVITE", c.uri, "<sip:09012345678@carrier.example>;tag="+fresh(4), c.to, fresh(8), 1, "", sdpAt(40000), extra...))
			select {
			case l := <-got:
				if i := l.Info(); i.Line != "ntt" || i.To != c.want {
					t.Errorf("the call is for %s over line %q, want %s over ntt", i.To, i.Line, c.want)
				}
				l.Hangup(t.Context(), leg.Busy)
				ended(t, l, leg.Busy)
			case <-time.After(testPatience):
				t.Fatal("the call never came in")
			}
		})
	}
}

func TestARefusedRegistrationIsALineThatIsDownWithItsRemedy(t *testing.T) {
	ask := `WWW-Authenticate: Digest realm="ntt", nonce="n", algorithm=MD5`
	for _, c := range []struct {
		name        string
		answers     []string
		condition   Condition
		why, remedy string
	}{
		{"wrong password", []string{"401 Unauthorized", "401 Unauthorized"}, Refused, "wrong user or password", "login:"},
		{"wrong password, said by 403", []string{"401 Unauthorized", "403 Forbidden"}, Refused, "does not let it in", "password:"},
		{"unknown name", []string{"404 Not Found"}, Refused, "does not know", "user:"},
		{"full", []string{"503 Service Unavailable"}, Refused, "in trouble", "second trunk"},
		{"nothing", nil, Silent, "does not answer SIP", "ALG"},
	} {
		t.Run(c.name, func(t *testing.T) {
			told := make(chan Standing, 16)
			p := newPeer(t)
			s := start(t, func(cfg *Config) { quickLines(cfg); cfg.LineChanged = func(st Standing) { told <- st } })
			s.SetLines([]Line{ntt(p)})
			for _, a := range c.answers {
				p.replies(p.hears("REGISTER"), a, "r", "", ask)
			}
			at := stands(t, s, "down", Standing.Down)
			if at.Condition != c.condition || !strings.Contains(at.Why, c.why) || !strings.Contains(at.Remedy, c.remedy) {
				t.Errorf("the line is %+v; want %s, %q, %q", at, c.condition, c.why, c.remedy)
			}
			if news := <-told; news.Why != at.Why {
				t.Errorf("told was %+v", news)
			}
			// Mended at the carrier, it comes back by itself.
			for m := p.hears("REGISTER"); ; m = p.hears("REGISTER") {
				p.replies(m, "200 OK", "r", "", "Contact: "+contactOf(m)+";expires=3600")
				if at, _ := s.Standing("ntt"); at.Condition == Registered {
					break
				}
				if len(p.got) == 0 {
					break
				}
			}
			stands(t, s, "registered", condition(Registered))
		})
	}
}

func TestPausesOfALine(t *testing.T) {
	for _, c := range []struct {
		failed  int
		refused bool
		least   time.Duration
	}{
		{1, false, 5 * time.Second}, {2, false, 10 * time.Second}, {6, false, 2 * time.Minute}, {100, false, 2 * time.Minute},
		{1, true, time.Minute}, {2, true, 5 * time.Minute}, {50, true, 15 * time.Minute},
	} {
		if got := pause(c.failed, c.refused, 5*time.Second); got < c.least || got > c.least+c.least/10 {
			t.Errorf("after %d failures (refused %v): %v, want %v and up to a tenth more", c.failed, c.refused, got, c.least)
		}
	}
}

func TestRetryAfterIsHeeded(t *testing.T) {
	s, p := start(t, quickLines), newPeer(t)
	s.SetLines([]Line{ntt(p)})
	p.replies(p.hears("REGISTER"), "503 Service Unavailable", "r", "", "Retry-After: 120")
	at := stands(t, s, "down", Standing.Down)
	if next := time.Until(at.Next); next < 110*time.Second || next > 120*time.Second {
		t.Errorf("the next try is in %v, want the 120 s that were asked for", next)
	}
}

func TestOurAddressChangesAndTheCarrierIsTold(t *testing.T) {
	p := newPeer(t)
	s := start(t, func(c *Config) { quickLines(c); c.Listen = "0.0.0.0:0"; c.timers.Watch = 20 * time.Millisecond })
	s.SetLines([]Line{ntt(p)})
	first := signsOn(p, 3600)
	stands(t, s, "registered", condition(Registered))
	s.ownMu.Lock()
	s.own[netip.MustParseAddr("127.0.0.1")] = ownEntry{netip.MustParseAddr("127.0.0.2"), time.Now().Add(time.Hour)}
	s.ownMu.Unlock()
	second := p.hears("REGISTER")
	lines := []string{}
	for _, h := range second.headers {
		if h[0] == "Contact" {
			lines = append(lines, h[1])
		}
	}
	if len(lines) != 2 || !strings.Contains(lines[0], "@127.0.0.2:") || lines[1] != contactOf(first)+";expires=0" {
		t.Errorf("after the change the contacts are %q", lines)
	}
	p.replies(second, "200 OK", "r", "", "Contact: "+contactOf(second)+";expires=3600")
}

func TestBehindANATTheCarrierGetsTheAddressItSees(t *testing.T) {
	s, p := start(t, quickLines), newPeer(t)
	s.SetLines([]Line{ntt(p)})
	first := p.hears("REGISTER")
	seen := func(m said) said {
		for i, h := range m.headers {
			if h[0] == "Via" {
				m.headers[i][1] = strings.Replace(h[1], ";rport", ";received=203.0.113.5;rport=33333", 1)
			}
		}
		return m
	}
	contact := contactOf(first)
	p.replies(seen(first), "200 OK", "r", "", "Contact: "+contact+";expires=3600")
	second := p.hears("REGISTER")
	if !strings.Contains(contactOf(second), "@203.0.113.5:33333;") {
		t.Errorf("the second contact is %s, want the address that the carrier sees", second.get("Contact"))
	}
	p.replies(seen(second), "200 OK", "r", "", "Contact: "+contactOf(second)+";expires=3600")
	at := stands(t, s, "registered with it", func(at Standing) bool { return time.Until(at.Next) > 50*time.Minute })
	if at.Seen != netip.MustParseAddrPort("203.0.113.5:33333") {
		t.Errorf("seen from outside we are %s", at.Seen)
	}
	l, err := s.Dial(t.Context(), leg.Target{URI: "sip:1@" + p.addr().String(), Line: "ntt"}, leg.Options{})
	if err != nil {
		t.Fatal(err)
	}
	invite := p.hears("INVITE")
	if !strings.Contains(invite.body, "c=IN IP4 203.0.113.5") || invite.get("Contact") != contactOf(second) {
		t.Errorf("the call names another address:\n%s", invite.raw)
	}
	p.replies(invite, "486 Busy Here", "b", "")
	ended(t, l, leg.Busy)
}

// A network with two ways out, or a carrier with two doors: each answer sees us elsewhere. The carrier is told of it less and
// less often, and not as fast as it answers.
func TestACarrierThatSeesUsElsewhereEachTimeIsNotAskedWithoutEnd(t *testing.T) {
	s, p := start(t, quickLines), newPeer(t)
	s.SetLines([]Line{ntt(p)})
	asked := 0
	for limit := time.After(time.Second); limit != nil; {
		select {
		case m := <-p.got:
			asked++
			for i, h := range m.headers {
				if h[0] == "Via" {
					m.headers[i][1] = strings.Replace(h[1], ";rport", fmt.Sprintf(";received=203.0.113.%d;rport=33333", 5+asked%2), 1)
				}
			}
			p.replies(m, "200 OK", "r", "", "Contact: "+contactOf(m)+";expires=3600")
		case <-limit:
			limit = nil
		}
	}
	if asked < 3 || asked > 20 {
		t.Errorf("in a second the carrier was asked %d times", asked)
	}
	if at, _ := s.Standing("ntt"); at.Condition != Registered {
		t.Errorf("the line is %+v", at)
	}
}

func TestWhoeverGoesOnChangingIsHeldUpLongerEachTime(t *testing.T) {
	now := time.Date(2026, 11, 26, 3, 0, 0, 0, time.UTC)
	var d damper
	for _, c := range []struct{ after, wait time.Duration }{
		{0, 0}, {time.Second, 4 * time.Second}, {4 * time.Second, 0}, {0, 10 * time.Second}, {10 * time.Second, 0}, {20 * time.Second, 0},
		{time.Minute, 0}, {2 * time.Minute, 0}, {5 * time.Minute, 0}, {6 * time.Minute, 0}, {8 * time.Minute, 2 * time.Minute}, {5 * time.Minute, 0},
		{21 * time.Minute, 0}, {4 * time.Second, time.Second}, // it has been calm between
	} {
		now = now.Add(c.after)
		if got := d.wait(now, 5*time.Second); got != c.wait {
			t.Errorf("%v later it waits for %v, want %v; it is %+v", c.after, got, c.wait, d)
		}
	}
}

func TestLinesThatChangeAreSignedOffAndOn(t *testing.T) {
	s, p, q := start(t, quickLines), newPeer(t), newPeer(t)
	s.SetLines([]Line{ntt(p)})
	signsOn(p, 3600)
	stands(t, s, "registered", condition(Registered))
	s.SetLines([]Line{ntt(p)}) // nothing new
	other := ntt(q)
	s.SetLines([]Line{other})
	if off := p.hears("REGISTER"); off.get("Expires") != "0" {
		t.Errorf("the old line is not signed off:\n%s", off.raw)
	} else {
		p.replies(off, "200 OK", "r", "")
	}
	signsOn(q, 3600)
	stands(t, s, "registered elsewhere", condition(Registered))
	s.SetLines(nil)
	p.replies(q.hears("REGISTER"), "200 OK", "r", "")
	if _, ok := s.Standing("ntt"); ok {
		t.Error("a line that is gone still stands")
	}
}

func FuzzContacts(f *testing.F) {
	f.Add(`"a, b" <sip:x@y;line=1>;expires=3, <sip:z@w>`)
	f.Add(`<<>,"\`)
	f.Fuzz(func(t *testing.T, s string) {
		for _, c := range splitList(s) {
			if c != strings.TrimSpace(c) {
				t.Errorf("%q has space around it", c)
			}
			nameAddr(c)
			userIn(c)
		}
	})
}
