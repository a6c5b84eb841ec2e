package sipleg

import (
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/kaden-project/kaden/leg"
)

// sharing makes a server that waits for its turn. Two of them are two nodes of one house: they have one secret.
func sharing(c *Config) {
	quickLines(c)
	c.Shared = true
}

func inTurn() Turn { return Turn{Ours: true, Sure: time.Now().Add(time.Minute)} }

// elsewhere is a turn of node b, which is signed on.
func elsewhere(routes ...string) Turn {
	return Turn{There: Standing{Holder: "b", Condition: Registered, Until: time.Now().Add(time.Hour)}, Routes: routes}
}

// signedOnHere is a line that this very node is signed on to.
func signedOnHere(s Standing) bool { return s.Condition == Registered && s.Holder == "" }

// atHost is a contact of ours as another node of the house has it.
func atHost(host, contact string) string {
	before, rest, _ := strings.Cut(contact, "@")
	return before + "@" + host + rest[strings.IndexByte(rest, ';'):]
}

func TestALineThatOthersHaveWaitsForItsTurn(t *testing.T) {
	s, p, proxy := start(t, sharing), newPeer(t), newPeer(t)
	s.SetLines([]Line{ntt(p)})
	p.hearsNothing(100 * time.Millisecond)
	stands(t, s, "waiting", condition(Waiting))
	s.SetTurn("ntt", inTurn())
	m := signsOn(p, 3600)
	stands(t, s, "registered", signedOnHere)
	if contact, _ := s.Signed("ntt"); contact != contactOf(m) {
		t.Errorf("signed on with %q, and the carrier has %q", contact, contactOf(m))
	}
	again := inTurn()
	again.Sure = again.Sure.Add(time.Second)
	s.SetTurn("ntt", again) // once a second
	p.hearsNothing(100 * time.Millisecond)

	// It is another's now, which signs us off if need be. Where the carrier is, and where it sees us, is still asked.
	route := "<sip:" + proxy.addr().String() + ";lr>"
	s.SetTurn("ntt", elsewhere(route))
	p.replies(p.hears("OPTIONS", "REGISTER"), "200 OK", "r", "")
	at := stands(t, s, "elsewhere", func(at Standing) bool { return at.Holder == "b" && at.Seen.IsValid() })
	if at.Condition != Registered || at.Down() || time.Until(at.Until) < 59*time.Minute {
		t.Errorf("the line is %+v", at)
	}
	if contact, _ := s.Signed("ntt"); contact != "" {
		t.Errorf("still signed on as %s", contact)
	}

	// Our calls take the way of the one that is signed on, with our own address as the one to answer to.
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

	looked := make(chan []Finding, 1)
	go func() {
		found, _ := s.Check(t.Context(), "ntt")
		looked <- found
	}()
	p.replies(p.hears("OPTIONS"), "200 OK", "r", "")
	p.replies(p.hears("OPTIONS"), "200 OK", "r", "")
	if got := report(<-looked); !strings.Contains(got, "ok registration: registered by node b, as 0501234") {
		t.Errorf("the look at the line says\n%s", got)
	}
	s.SetTurn("ntt", inTurn())
	signsOn(p, 3600)
	stands(t, s, "registered again", signedOnHere)
	gone := make(chan bool)
	go func() { gone <- s.Resign(t.Context(), "ntt") }()
	off := p.hears("REGISTER")
	if off.get("Expires") != "0" || off.get("Contact") != contactOf(m)+";expires=0" {
		t.Errorf("not signed off:\n%s", off.raw)
	}
	p.replies(off, "200 OK", "r", "")
	if !<-gone {
		t.Error("the carrier has confirmed, and it is not believed")
	}
	stands(t, s, "nobody's", condition(Waiting))
	s.Close()
	p.hearsNothing(50 * time.Millisecond)
}

func TestTheContactOfADeadNodeIsTakenAwayFirst(t *testing.T) {
	s, p := start(t, sharing), newPeer(t)
	s.SetLines([]Line{ntt(p)})
	left := "<sip:0501234@203.0.113.9:5060;line=" + s.lines.find("ntt").token + ">"
	turn := inTurn()
	turn.Left = left
	s.SetTurn("ntt", turn)
	off := p.hears("REGISTER")
	if off.get("Contact") != left+";expires=0" {
		t.Fatalf("first comes\n%s", off.raw)
	}
	p.replies(off, "200 OK", "r", "")
	m := signsOn(p, 1)
	if !strings.Contains(m.get("Contact"), s.Addr().String()) || strings.Contains(m.raw, "203.0.113.9") {
		t.Errorf("then we sign on:\n%s", m.raw)
	}
	stands(t, s, "registered", func(at Standing) bool { return at.Condition == Registered && at.Removed == 1 })
	s.SetTurn("ntt", turn) // it is not written down yet that ours is there
	if again := signsOn(p, 3600); contactOf(again) != contactOf(m) {
		t.Errorf("the refresh is\n%s", again.raw)
	}

	// Our own of an earlier life is no dead node's, and some carriers refuse to forget what they do not know.
	own := inTurn()
	own.Left = contactOf(m)
	s.SetTurn("ntt", elsewhere())
	p.replies(p.hears("OPTIONS"), "200 OK", "r", "")
	s.SetTurn("ntt", own)
	signsOn(p, 3600)
	stands(t, s, "registered", signedOnHere)
	s.SetTurn("ntt", elsewhere())
	p.replies(p.hears("OPTIONS"), "200 OK", "r", "")
	turn.Left = strings.Replace(left, "203.0.113.9", "203.0.113.10", 1)
	s.SetTurn("ntt", turn)
	p.replies(p.hears("REGISTER"), "404 Not Found", "r", "")
	signsOn(p, 3600)
	stands(t, s, "registered", signedOnHere)
}

// The lease is over and nobody can say who has it: the registrar is asked who is there before it is told anything.
func TestWhoIsNotSureOfItsTurnAsksTheRegistrar(t *testing.T) {
	for _, c := range []struct {
		name   string
		listed func(own string) string // Contact of the answer
		goesOn bool
	}{
		{"ours is there", func(own string) string { return "Contact: " + own + ";expires=1" }, true},
		{"nobody says anything", func(string) string { return "Server: of few words" }, true},
		{"ours is there, and another's", func(own string) string {
			return "Contact: " + own + ", " + atHost("203.0.113.9:5060", own)
		}, true},
		{"a desk phone is there", func(string) string { return "Contact: <sip:0501234@203.0.113.77>" }, true},
		{"another's is there alone", func(own string) string { return "Contact: " + atHost("203.0.113.9:5060", own) }, false},
		{"that of the dead is there alone", func(own string) string { return "Contact: " + atHost("203.0.113.8:5060", own) }, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			s, p := start(t, sharing), newPeer(t)
			s.SetLines([]Line{ntt(p)})
			turn := Turn{Ours: true, Sure: time.Now().Add(300 * time.Millisecond)}
			s.SetTurn("ntt", turn)
			own := contactOf(signsOn(p, 1))
			stands(t, s, "registered", signedOnHere)
			turn.Left = atHost("203.0.113.8:5060", own)
			s.SetTurn("ntt", turn)
			asks := p.hears("REGISTER")
			if asks.get("Contact") != "" || asks.get("Expires") != "" {
				t.Fatalf("the registrar is told, and not asked:\n%s", asks.raw)
			}
			p.replies(asks, "200 OK", "r", "", c.listed(own))
			if !c.goesOn {
				at := stands(t, s, "off", condition(Waiting))
				if at.Why != errDisplaced.Error() || at.Down() {
					t.Errorf("the line is %+v", at)
				}
				p.replies(p.hears("REGISTER"), "200 OK", "r", "", c.listed(own)) // again and again
				s.SetTurn("ntt", elsewhere())
				stands(t, s, "elsewhere", func(at Standing) bool { return at.Holder == "b" })
				return
			}
			m := p.hears("REGISTER")
			if contactOf(m) != own {
				t.Fatalf("the refresh is\n%s", m.raw)
			}
			p.replies(m, "200 OK", "r", "", "Contact: "+own+";expires=3600, "+atHost("203.0.113.9:5060", own))
			stands(t, s, "registered for an hour", func(at Standing) bool { return time.Until(at.Until) > 59*time.Minute })
			p.hearsNothing(50 * time.Millisecond) // what may be another's rightly is not taken away
		})
	}
}

// An answer that comes when the turn is over changes nothing.
func TestATurnEndsWhileTheCarrierIsAsked(t *testing.T) {
	s, p := start(t, sharing), newPeer(t)
	s.SetLines([]Line{ntt(p)})
	s.SetTurn("ntt", inTurn())
	m := p.hears("REGISTER")
	s.SetTurn("ntt", elsewhere())
	stands(t, s, "elsewhere", func(at Standing) bool { return at.Holder == "b" })
	p.replies(m, "200 OK", "r", "", "Contact: "+contactOf(m)+";expires=3600")
	p.replies(p.hears("OPTIONS"), "200 OK", "r", "")
	stands(t, s, "still elsewhere", func(at Standing) bool { return at.Holder == "b" && at.Seen.IsValid() })
}

// Two nodes at one Kamailio: the second takes over from the first, which has died without a word. One contact is left, and a
// call rings at one.
func TestKamailioHasOneContactOfTwoNodes(t *testing.T) {
	phone := newPeer(t)
	k := newProxy(t, phone, nil, "")
	rang := make(chan *Server, 8)
	var nodes [2]*Server
	for i := range nodes {
		nodes[i] = start(t, func(c *Config) {
			c.Shared = true
			c.Incoming = func(l *Leg) {
				rang <- nodes[i]
				l.Hangup(t.Context(), leg.Busy)
				drainEvents(l)
			}
		})
		nodes[i].SetLines([]Line{carrierLine(k.addr())})
	}
	call := func(want *Server) {
		t.Helper()
		id := fresh(8)
		uri := "sip:0501234@127.0.0.1:" + itoa(k.port)
		phone.send(netip.MustParseAddrPort(k.addr()), newRequest(phone.addr(), "INVITE", uri, "<sip:09012345678@carrier.example>;tag=b", "<sip:0501234@127.0.0.1>", id, 1, "", sdpAt(40002)))
		no := phone.hears("SIP/2.0 486")
		phone.send(netip.MustParseAddrPort(k.addr()), newRequest(phone.addr(), "ACK", uri, no.get("From"), no.get("To"), id, 1, no.branch(), ""))
		if got := <-rang; got != want || len(rang) > 0 {
			t.Errorf("it rang at the wrong node, or at %d more", len(rang))
		}
	}
	nodes[0].SetTurn("ntt", inTurn())
	stands(t, nodes[0], "registered", signedOnHere)
	call(nodes[0])
	left, _ := nodes[0].Signed("ntt")
	nodes[0].SetTurn("ntt", elsewhere()) // dead to the carrier: it does not sign off
	turn := inTurn()
	turn.Left = left
	nodes[1].SetTurn("ntt", turn)
	stands(t, nodes[1], "registered", func(at Standing) bool { return at.Condition == Registered && at.Removed == 1 })
	call(nodes[1])
}
