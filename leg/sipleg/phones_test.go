package sipleg

import (
	"context"
	"fmt"
	"net/netip"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/kaden-project/kaden/leg"
)

// exchange is Phones for tests: sato of office.example.jp, whose password is the word sesame, written as it is.
type exchange struct {
	mu       sync.Mutex
	asked    []Registration
	notes    []Note
	familiar netip.Addr
	answer   Receipt
	encrypt  leg.Encryption
}

func (x *exchange) Concerns(a Appeal, _ bool) bool {
	return strings.Contains(a.From+a.To, "@office.example.jp")
}

func (x *exchange) Familiar(a netip.Addr) bool {
	x.mu.Lock()
	defer x.mu.Unlock()
	return a == x.familiar
}

// knows makes an address one that a phone of ours has registered from.
func (x *exchange) knows(a netip.Addr) {
	x.mu.Lock()
	defer x.mu.Unlock()
	x.familiar = a
}

func (x *exchange) Admit(a Appeal, known bool) Admission {
	x.mu.Lock()
	defer x.mu.Unlock()
	word := strings.Join(a.Authorization, " ")
	switch {
	case !x.Concerns(a, known):
		return Admission{Foreign: true}
	case word == "":
		return Admission{Status: 401, Challenges: []string{`Digest realm="a"`, `Digest realm="b"`}}
	case word == "sesame":
		return Admission{Status: 200, Phone: "sato@office.example.jp", Encrypt: x.encrypt}
	case word == "scanner":
		return Admission{}
	}
	return Admission{Status: 403}
}

func (x *exchange) Text(_ context.Context, n Note) int {
	x.mu.Lock()
	defer x.mu.Unlock()
	x.notes = append(x.notes, n)
	return 480
}

func (x *exchange) Register(_ context.Context, r Registration) Receipt {
	x.mu.Lock()
	defer x.mu.Unlock()
	x.asked = append(x.asked, r)
	return x.answer
}

// office is a server with such phones, and a peer that nobody knows.
func office(t *testing.T, change func(*Config)) (*Server, *exchange, *peer) {
	x := &exchange{answer: Receipt{Status: 200, Headers: [][2]string{{"Contact", "<sip:sato@10.1.2.3>;expires=60"}}}}
	s := start(t, func(c *Config) {
		quick(c)
		c.AllowFrom, c.Phones = nil, x
		if change != nil {
			change(c)
		}
	})
	return s, x, newPeer(t)
}

func (p *peer) registers(s *Server, n int, extra ...string) {
	p.send(s.Addr(), newRequest(p.addr(), "REGISTER", "sip:office.example.jp", "<sip:sato@office.example.jp>;tag=1", "<sip:sato@office.example.jp>", "call@phone", n, "", "", extra...))
}

func TestRegisterOnTheWire(t *testing.T) {
	s, x, p := office(t, nil)
	p.registers(s, 1, "Contact: <sip:sato@10.1.2.3>")
	if m := p.hearsAnswer("401", 1); strings.Count(m.raw, "WWW-Authenticate: Digest") != 2 {
		t.Errorf("%s", m.raw)
	}
	p.registers(s, 2, "Authorization: wrong")
	p.hearsAnswer("403", 2)
	p.registers(s, 3, "Authorization: scanner")
	p.hearsNothing(50 * time.Millisecond)
	p.registers(s, 4, "Authorization: sesame", "m: <sip:sato@10.1.2.3>;q=1,", " <sip:sato@10.1.2.4>", "Contact: \"a, b\" <sip:c@d>", "Expires: 60", "User-Agent: desk/1")
	if m := p.hearsAnswer("200", 4); m.get("Contact") != "<sip:sato@10.1.2.3>;expires=60" {
		t.Errorf("%s", m.raw)
	}
	x.mu.Lock()
	got := x.asked[0]
	x.answer = Receipt{Status: 423, Reason: `too "short"`, Headers: [][2]string{{"Min-Expires", "60"}}}
	x.mu.Unlock()
	want := Registration{
		Phone: "sato@office.example.jp", Contacts: []string{"<" + p.uri() + ">", "<sip:sato@10.1.2.3>;q=1, <sip:sato@10.1.2.4>", `"a, b" <sip:c@d>`}, Expires: "60",
		CallID: "call@phone", CSeq: 4, Source: p.addr(), Transport: "udp", Agent: "desk/1",
	}
	if fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("got\n%+v, want\n%+v", got, want)
	}
	p.registers(s, 5, "Authorization: sesame")
	if m := p.hearsAnswer("423", 5); m.get("Min-Expires") != "60" || !strings.HasPrefix(m.first, "SIP/2.0 423 Interval Too Brief") || !strings.Contains(m.raw, "too 'short'") {
		t.Errorf("%s", m.raw)
	}
	p.registers(s, 6, "Authorization: sesame", "Require: path")
	if m := p.hearsAnswer("420", 6); m.get("Unsupported") != "path" {
		t.Errorf("%s", m.raw)
	}
}

func TestScannersAreNotAnswered(t *testing.T) {
	s, _, p := office(t, nil)
	for _, method := range []string{"REGISTER", "INVITE", "OPTIONS", "MESSAGE", "SUBSCRIBE"} {
		p.send(s.Addr(), newRequest(p.addr(), method, "sip:100@"+s.Addr().String(), "<sip:100@1.1.1.1>;tag=1", "<sip:100@1.1.1.1>", fresh(4), 1, "", ""))
	}
	p.hearsNothing(50 * time.Millisecond)
}

// Somebody who names a domain of ours is answered but stays a stranger: only so much of him is read.
func TestWhoeverNamesOurDomainStaysAStranger(t *testing.T) {
	s, x, p := office(t, nil)
	for n := range 3 * strangerBurst {
		p.registers(s, n+1)
	}
	answered := 0
	for deadline := time.After(500 * time.Millisecond); ; {
		select {
		case <-p.got:
			answered++
			continue
		case <-deadline:
		}
		break
	}
	if answered > strangerBurst+strangerRate || answered < strangerBurst/2 {
		t.Errorf("%d of %d were answered", answered, 3*strangerBurst)
	}
	x.knows(p.addr().Addr())
	p.registers(s, 100)
	p.hearsAnswer("401", 100)
}

func TestACallOfAPhoneSaysWhoseItIs(t *testing.T) {
	legs := make(chan *Leg, 1)
	s, _, p := office(t, func(c *Config) { c.Incoming = func(l *Leg) { legs <- l } })
	invite := func(n int, extra ...string) {
		p.send(s.Addr(), newRequest(p.addr(), "INVITE", "sip:suzuki@office.example.jp", "<sip:sato@office.example.jp>;tag=1", "<sip:suzuki@office.example.jp>", "c@phone", n, "", sdpAt(9), append(extra, "Contact: <sip:sato@10.1.2.3:9>")...))
	}
	invite(1)
	m := p.hearsAnswer("401", 1)
	p.asks(m, "ACK", 1, m.tag("To"), "")
	invite(2, "Authorization: sesame")
	p.hearsAnswer("100", 2)
	l := <-legs
	if i := l.Info(); i.Phone != "sato@office.example.jp" || i.To != "sip:suzuki@office.example.jp" {
		t.Errorf("%+v", i)
	}
	if err := l.Answer(t.Context()); err != nil {
		t.Fatal(err)
	}
	ok := p.hearsAnswer("200", 2)
	p.acks(ok, "")
	l.Hangup(t.Context(), "completed")
	p.replies(p.hears("BYE"), "200 OK", "", "") // to where it came from, though its Contact is an address of nowhere
}

func TestAnotherMethodOfAPhone(t *testing.T) {
	s, _, p := office(t, nil)
	for n, c := range []struct{ method, event, status, header string }{
		{"SUBSCRIBE", "message-summary", "489", "Allow-Events"}, // there is no voice mail box, and that is what it is told
		{"SUBSCRIBE", "presence", "489", "Allow-Events"},
		{"SUBSCRIBE", "dialog", "489", "Allow-Events"},
		{"PUBLISH", "presence", "489", "Allow-Events"},
		{"NOTIFY", "refer", "481", "Call-ID"}, // of a subscription that nobody has made
		{"REFER", "refer", "403", "Call-ID"},  // a phone that is in no call hands on none
		{"OPTIONS", "", "200", "Allow"},
		{"OPTIONS", "", "200", "Accept"},
	} {
		p.send(s.Addr(), newRequest(p.addr(), c.method, "sip:sato@office.example.jp", "<sip:sato@office.example.jp>;tag=1", "<sip:sato@office.example.jp>", fresh(4), n+1, "", "", "Event: "+c.event, "Refer-To: <sip:a@b>"))
		if m := p.hearsAnswer(c.status, n+1); m.get(c.header) == "" {
			t.Errorf("%s", m.raw)
		}
	}
	// GRUU (RFC 5627) is not spoken: who supports it is registered without one, who requires it is told.
	p.registers(s, 20, "Authorization: sesame", "Supported: path, gruu, outbound", `Contact: <sip:sato@10.1.2.3>;+sip.instance="<urn:uuid:1>"`)
	if m := p.hearsAnswer("200", 20); strings.Contains(m.raw, "gruu") {
		t.Errorf("%s", m.raw)
	}
	p.registers(s, 21, "Authorization: sesame", "Require: gruu")
	if m := p.hearsAnswer("420", 21); m.get("Unsupported") != "gruu" {
		t.Errorf("%s", m.raw)
	}
}

func TestKnock(t *testing.T) {
	s, _, p := office(t, nil)
	if err := s.Knock(p.addr(), "sip:sato@10.1.2.3:5062"); err != nil {
		t.Fatal(err)
	}
	m := p.hears("OPTIONS sip:sato@10.1.2.3:5062")
	p.replies(m, "200 OK", "x", "")
	p.hearsNothing(20 * time.Millisecond)
	if n := s.Open(); n != 0 {
		t.Errorf("%d things are kept", n)
	}
	for _, bad := range []string{"", "mailto:x", "sip:a@b\r\nX: y"} {
		if err := s.Knock(p.addr(), bad); err == nil {
			t.Errorf("%q was knocked at", bad)
		}
	}
}
