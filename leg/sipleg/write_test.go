package sipleg

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/kaden-project/kaden/leg"
)

// outcome is what Write came to.
type outcome struct {
	Reply
	err error
}

// writes sends a short message in the background.
func writes(t *testing.T, s *Server, to leg.Target, m Letter) <-chan outcome {
	got := make(chan outcome, 1)
	go func() {
		reply, err := s.Write(t.Context(), to, m)
		got <- outcome{reply, err}
	}()
	return got
}

const words = "ディスクが一杯です"

// toLine is where a trunk's document leads: a number at the line ntt.
func toLine(p *peer) leg.Target {
	return leg.Target{URI: "sip:+819012345678@" + p.addr().String(), From: "+815012345678", FromHost: "ntt.example", Username: "0501234", Password: "himitsu", Line: "ntt"}
}

// A message goes over a line as a call does: our number stands where the carrier looks for it, a challenge is answered, with
// the words as they are.
func TestAMessageGoesOverALine(t *testing.T) {
	s, p := start(t, quickLines), newPeer(t)
	s.SetLines([]Line{{Name: "ntt", Server: p.addr().String(), User: "0501234", Manner: Manner{CallerID: InAsserted}}})
	m := Letter{ID: "SM1", Kind: "text/plain;charset=UTF-8", Body: words}
	got := writes(t, s, toLine(p), m)
	first := p.hears("MESSAGE sip:+819012345678@")
	if !strings.HasPrefix(first.get("From"), "<sip:0501234@ntt.example>;tag=") || first.get("P-Asserted-Identity") != "<sip:+815012345678@ntt.example>" ||
		first.get("Content-Type") != m.Kind || first.body != words || first.get("Contact") != "" || first.get("Content-Length") != fmt.Sprint(len(words)) {
		t.Errorf("sent:\n%s", first.raw)
	}
	p.replies(first, "407 Proxy Authentication Required", "a", "", `Proxy-Authenticate: Digest realm="ntt", nonce="1", qop="auth"`)
	second := p.hears("MESSAGE")
	if second.body != words || second.get("CSeq") != "2 MESSAGE" || second.get("Call-ID") != first.get("Call-ID") || !strings.Contains(second.get("Proxy-Authorization"), `username="0501234"`) {
		t.Errorf("with the password:\n%s", second.raw)
	}
	p.replies(second, "202 Accepted", "a", "")
	if a := <-got; a.err != nil || a.Status != 202 {
		t.Errorf("%+v", a)
	}
	// The same message has the same name in every life.
	again := writes(t, s, toLine(p), m)
	third := p.hears("MESSAGE")
	if third.get("Call-ID") != first.get("Call-ID") || third.branch() == first.branch() {
		t.Errorf("again:\n%s", third.raw)
	}
	p.replies(third, "404 Not Found", "a", "")
	if a := <-again; a.Status != 404 || a.Reason != "Not Found" {
		t.Errorf("%+v", a)
	}
}

func TestAMessageWithoutAnAnswer(t *testing.T) {
	s, p := start(t, quickLines), newPeer(t)
	s.SetLines([]Line{{Name: "ntt", Server: p.addr().String()}})
	a := <-writes(t, s, toLine(p), Letter{Kind: "text/plain", Body: words})
	if a.err == nil || errors.As(a.err, new(*Unsent)) {
		t.Errorf("whether it has come is not known, and it says %+v", a)
	}
	first := p.hearsAgain("MESSAGE")
	if second := p.hearsAgain("MESSAGE"); second.raw != first.raw {
		t.Errorf("repeated as\n%s", second.raw)
	}
	for name, to := range map[string]leg.Target{"nobody": {URI: "sip:@"}, "a break": {URI: "sip:a@127.0.0.1\r\n"}} {
		var no *Unsent
		if _, err := s.Write(t.Context(), to, Letter{Kind: "text/plain", Body: words}); !errors.As(err, &no) || !no.Ever {
			t.Errorf("%s: %v", name, err)
		}
	}
	wrong := toLine(p)
	wrong.Password = ""
	wrong.Username = ""
	got := writes(t, s, wrong, Letter{Kind: "text/plain", Body: words})
	m := p.hears("MESSAGE")
	for m.get("Call-ID") == first.get("Call-ID") { // one of the first's repetitions
		m = p.hears("MESSAGE")
	}
	p.replies(m, "401 Unauthorized", "a", "", `WWW-Authenticate: Digest realm="ntt", nonce="1"`)
	if a := <-got; a.err != nil || a.Status != 401 || !strings.Contains(a.Reason, "none is set") {
		t.Errorf("%+v", a)
	}
}

// A carrier has two servers: what the first one refuses for now goes to the second.
func TestTheNextServerTakesAMessage(t *testing.T) {
	one, two := newPeer(t), newPeer(t)
	s := start(t, func(c *Config) {
		quickLines(c)
		c.Resolver = &dns{srv: map[string][]*net.SRV{"_sip._udp.carrier.example": {
			{Target: "one.carrier.example.", Port: one.addr().Port()}, {Target: "two.carrier.example.", Port: two.addr().Port(), Priority: 1},
		}}, addr: map[string][]netip.Addr{"one.carrier.example": home(), "two.carrier.example": home()}}
	})
	s.SetLines([]Line{{Name: "ntt", Server: "carrier.example"}})
	to := leg.Target{URI: "sip:+819012345678@carrier.example", From: "+815012345678", Line: "ntt"}
	got := writes(t, s, to, Letter{Kind: "text/plain", Body: words})
	one.replies(one.hears("MESSAGE"), "503 Service Unavailable", "a", "", "Retry-After: 30")
	two.replies(two.hears("MESSAGE"), "200 OK", "b", "")
	if a := <-got; a.err != nil || a.Status != 200 {
		t.Errorf("%+v", a)
	}
	got = writes(t, s, to, Letter{Kind: "text/plain", Body: words}) // the first one rests
	two.replies(two.hears("MESSAGE"), "503 Service Unavailable", "b", "", "Retry-After: 7")
	one.replies(one.hears("MESSAGE"), "503 Service Unavailable", "a", "", "Retry-After: 9")
	if a := <-got; a.Status != 503 || a.RetryAfter != 9*time.Second {
		t.Errorf("%+v", a)
	}
}

// What does not fit a datagram goes over TCP, and nowhere where there is none.
func TestALongMessage(t *testing.T) {
	s, p := start(t, quickLines), newPeer(t)
	long := Letter{Kind: "text/plain;charset=UTF-8", Body: strings.Repeat("長", 500)}
	var no *Unsent
	if _, err := s.Write(t.Context(), leg.Target{URI: p.uri()}, long); !errors.As(err, &no) || !no.Ever || !errors.As(err, new(*TooLarge)) {
		t.Errorf("without TCP: %v", err)
	}
	if _, err := s.Write(t.Context(), leg.Target{URI: p.uri()}, long); !errors.As(err, new(*TooLarge)) || !strings.Contains(err.Error(), "of late") {
		t.Errorf("again: %v", err)
	}
	if _, err := s.Write(t.Context(), leg.Target{URI: p.uri() + ";transport=udp"}, long); !errors.As(err, new(*TooLarge)) || !strings.Contains(err.Error(), "UDP is asked for") {
		t.Errorf("over UDP alone: %v", err)
	}
	p.hearsNothing(50 * time.Millisecond)

	to, done := carrierOver(t, "t1", "message", "[called]", "sip:[^ ]*", "[words]", "長長長")
	if got, err := s.Write(t.Context(), to, long); err != nil || got.Status != 202 {
		t.Errorf("over TCP: %+v %v", got, err)
	}
	done()
}

// Messages that a line brings.
func TestALineBringsMessages(t *testing.T) {
	notes := make(chan Note, 8)
	var status atomic.Int64
	status.Store(200)
	s := start(t, func(c *Config) {
		quickLines(c)
		c.AllowFrom = nil
		c.Texts = func(_ context.Context, n Note) int {
			notes <- n
			return int(status.Load())
		}
	})
	p := newPeer(t)
	brings := func(n int, kind, body string, extra ...string) said {
		t.Helper()
		p.send(s.Addr(), newRequest(p.addr(), "MESSAGE", "sip:0501234@"+s.Addr().String(), "<sip:+819012345678@ntt.example;user=phone>;tag=1", "<sip:+815012345678@ntt.example>", "m@ntt", n, "",
			body, append(extra, "Content-Type: "+kind)...))
		return p.hearsAnswer("", n)
	}
	p.send(s.Addr(), newRequest(p.addr(), "MESSAGE", "sip:0501234@"+s.Addr().String(), "<sip:a@b>;tag=1", "<sip:c@d>", "m@ntt", 1, "", words, "Content-Type: text/plain"))
	p.hearsNothing(50 * time.Millisecond) // a stranger's

	line := Line{Name: "ntt", Server: p.addr().String(), User: "0501234", Number: "+815012345678"}
	s.SetLines([]Line{line})
	until(t, "the line is found", func() bool { return s.isCarrier(p.addr().Addr(), "sip:0501234@x") })
	if m := brings(2, "text/plain", words); m.status() != 405 || strings.Contains(m.get("Allow"), "MESSAGE") {
		t.Errorf("over a line for calls:\n%s", m.raw)
	}
	line.Messages = true
	s.SetLines([]Line{line})
	until(t, "the line is found", func() bool { return s.isCarrier(p.addr().Addr(), "sip:0501234@x") })
	if m := brings(3, "text/plain;charset=UTF-8", words); m.status() != 200 {
		t.Errorf("%s", m.raw)
	}
	n := <-notes
	if n.Line != "ntt" || n.Phone != "" || !strings.HasPrefix(n.From, "sip:+819012345678@ntt.example") || n.Kind != "text/plain;charset=UTF-8" || string(n.Body) != words || n.Name == "" {
		t.Errorf("%+v", n)
	}
	// What comes again over another way has the name it had; other words have another.
	brings(3, "text/plain;charset=UTF-8", words)
	if again := <-notes; again.Name != n.Name {
		t.Errorf("again: %s and %s", again.Name, n.Name)
	}
	brings(3, "text/plain;charset=UTF-8", "other words")
	if other := <-notes; other.Name == n.Name {
		t.Error("other words have the same name")
	}
	for _, tt := range []struct {
		status int
		header string
		want   string
	}{{415, "Accept", "text/plain, message/cpim, message/imdn+xml"}, {503, "Retry-After", "5"}, {404, "Accept", ""}, {413, "Accept", ""}} {
		status.Store(int64(tt.status))
		if m := brings(10+tt.status, "text/plain", words); m.status() != tt.status || m.get(tt.header) != tt.want {
			t.Errorf("%d:\n%s", tt.status, m.raw)
		}
		<-notes
	}
	if m := brings(20, "text/plain", words, "Require: pigeons"); m.status() != 420 || m.get("Unsupported") != "pigeons" {
		t.Errorf("%s", m.raw)
	}
	if m := brings(21, "text/plain", words, "Content-Encoding: gzip"); m.status() != 415 || m.get("Accept-Encoding") != "identity" {
		t.Errorf("%s", m.raw)
	}
	if m := brings(22, "text/plain", strings.Repeat("x", mostNote+1)); m.status() != 413 {
		t.Errorf("%s", m.raw)
	}
	p.send(s.Addr(), newRequest(p.addr(), "OPTIONS", "sip:0501234@"+s.Addr().String(), "<sip:ntt.example>;tag=1", "<sip:0501234@x>", "o@ntt", 1, "", ""))
	if m := p.hearsAnswer("200", 1); !strings.HasSuffix(m.get("Allow"), ", MESSAGE") {
		t.Errorf("%s", m.raw)
	}
	if len(notes) > 0 {
		t.Errorf("taken all the same: %+v", <-notes)
	}
}

// A carrier's own words and SIPp's, which are not ours.
func TestSippCarriesMessages(t *testing.T) {
	notes := make(chan Note, 1)
	s := start(t, func(c *Config) {
		c.Texts = func(_ context.Context, n Note) int { notes <- n; return 200 }
	})
	to, done := carrier(t, "message-digest", "[called]", "sip:[+]819012345678@127.0.0.1:[0-9]+", "[words]", words)
	_, server, _ := strings.Cut(to.URI, "@")
	s.SetLines([]Line{{Name: "ntt", Server: server, User: "kaden", Messages: true}})
	to.Line, to.FromHost = "ntt", "ntt.example"
	if got, err := s.Write(t.Context(), to, Letter{ID: "SM1", Kind: "text/plain;charset=UTF-8", Body: words}); err != nil || got.Status != 202 {
		t.Errorf("%+v %v", got, err)
	}
	done()
	over := callsUs(t, s, "message", "[called]", "sip:+815012345678@127.0.0.1", "[words]", words)
	n := <-notes
	if n.Line != "ntt" || string(n.Body) != words || n.To != "sip:+815012345678@127.0.0.1" {
		t.Errorf("%+v", n)
	}
	over()
}

func TestTheLookAtALineThatCarriesMessages(t *testing.T) {
	for allow, want := range map[string]string{
		"Allow: INVITE, MESSAGE": "ok messages: it says that it takes short messages", "Allow: INVITE": "? messages: MESSAGE is not among what it allows (INVITE)", "X: y": "? messages: it does not say",
	} {
		s, p := start(t, quickLines), newPeer(t)
		s.SetLines([]Line{{Name: "ntt", Server: p.addr().String(), Messages: true}})
		got := make(chan string, 1)
		go func() {
			found, _ := s.Check(t.Context(), "ntt")
			got <- report(found)
		}()
		p.replies(p.hears("OPTIONS"), "200 OK", "a", "", allow)
		if text := <-got; !strings.Contains(text, want) {
			t.Errorf("%s:\n%s", allow, text)
		}
	}
}
