package main_test

import (
	"fmt"
	"math/rand/v2"
	"net"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
)

const ourNumber = "+815012345678"

// pythonWrites sends a message with Twilio's own Python client, and waits until it has come to a state.
func pythonWrites(t *testing.T, s *server, o *owner, to, words, status string) (name string) {
	t.Helper()
	for _, python := range []string{"python3", "/usr/bin/python3"} {
		if exec.Command(python, "-c", "import twilio").Run() != nil {
			continue
		}
		cmd := exec.CommandContext(t.Context(), python, "message.py", ourNumber, to, words, status)
		cmd.Dir = filepath.Join("..", "..", "conformance")
		cmd.Env = append(os.Environ(), "KADEN_TEST_URL="+s.url(""), "KADEN_TEST_SID="+s.account(), "KADEN_TEST_TOKEN="+s.token(), "KADEN_TEST_CALLBACK="+o.srv.URL+"/status")
		out, err := cmd.CombinedOutput()
		if err != nil {
			t.Fatalf("message.py: %v\n%s", err, out)
		}
		return strings.TrimSpace(string(out))
	}
	t.Skip("skipped: python3-twilio is not installed (apt-get install python3-twilio)")
	return ""
}

// plays lets SIPp, as the carrier, play a scenario to a number.
func plays(t *testing.T, s *server, scenario, number string) {
	t.Helper()
	scenario, err := filepath.Abs(filepath.Join("testdata", "e2e", scenario+".xml"))
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(needs(t, "sipp", "sip-tester"), "-sf", scenario, "-s", number, "-i", "127.0.0.1", "-p", fmt.Sprint(freePort(t)), "-mp", fmt.Sprint(freePorts(t, 4, firstRTP, lastRTP)),
		"-m", "1", "-nostdin", "-timeout", "20s", "-timeout_error", local(s.sip))
	cmd.Dir = t.TempDir()
	if said, err := cmd.CombinedOutput(); err != nil {
		t.Errorf("sipp, at %s: %v\n%s", number, err, said)
	}
}

// Twilio's own client writes over a trunk of SIPp's that wants a password; what the trunk brings is asked about, and the
// answer goes back.
func TestMessagesOverATrunk(t *testing.T) {
	t.Parallel()
	c, o := newCarrier(t, "texts", 0), newOwner(t)
	s := serve(t, withEnv("CARRIER_PASSWORD=open sesame"))
	o.token = s.token()
	s.apply(c.trunk("user: kaden", "password: env:CARRIER_PASSWORD", "caller-id: asserted", "messages: sip",
		"prices: { currency: JPY, calls: [{ to: others, price: 16, unit: 60s }], messages: [{ to: mobile, price: 8 }] }"),
		"number: \""+ourNumber+"\"\ntwiml: <Response/>\nsms-url: "+o.srv.URL+"/sms", "number: \"+815012345679\"\ntwiml: <Response><Sms>we call you back</Sms><Gather timeout=\"60\"/></Response>")
	name := pythonWrites(t, s, o, satoNumber, "db01 のディスクが一杯です", "sent")
	if got := c.got("MESSAGE"); len(got) != 2 || !strings.HasPrefix(got[0].first, "MESSAGE sip:"+satoNumber+"@"+local(c.port)) {
		t.Errorf("the carrier got %+v", got)
	}
	book := tail(c.file, 1<<20)
	for _, want := range []string{"From: <sip:kaden@127.0.0.1>", "P-Asserted-Identity: <sip:" + ourNumber + "@127.0.0.1>", "Content-Type: text/plain;charset=UTF-8", "\n\ndb01 のディスクが一杯です"} {
		if !strings.Contains(strings.ReplaceAll(book, "\r", ""), want) {
			t.Errorf("the carrier's book has no %q", want)
		}
	}
	if _, body := s.message("GET", "/Messages/"+name+".json", nil); body["price"] != "-8.00000" || body["num_segments"] != "1" {
		t.Errorf("it is shown as %v", body)
	}
	eventually(t, patience, "the owner is told", func() bool { return o.has("sent") })

	plays(t, s, "brings-a-text", ourNumber)
	eventually(t, patience, "the number's program is asked", func() bool { return o.has("in: " + satoNumber + " 今向かっています") })
	eventually(t, patience, "its answer goes back", func() bool { return strings.Contains(tail(c.file, 1<<20), "understood") })
	_, list := s.message("GET", "/Messages.json?PageSize=2", nil)
	if all := list["messages"].([]any); len(all) != 2 || all[0].(map[string]any)["direction"] != "outbound-reply" || all[1].(map[string]any)["direction"] != "inbound" {
		t.Errorf("listed: %v", list)
	}
	plays(t, s, "calls-a-number", "+815012345679") // and is written to
	eventually(t, patience, "<Sms> writes to the caller", func() bool { return strings.Contains(tail(c.file, 1<<20), "we call you back") })
	if o.has("unsigned") {
		t.Errorf("the owner heard %v", o.heard)
	}
	if log := tail(s.log.Name(), 1<<22); strings.Contains(log, "9011111111") || strings.Contains(log, "open sesame") {
		t.Error("the log says a number, or the password")
	}
}

// A carrier that is asked for word of the delivery brings it.
func TestAMessageIsReportedDelivered(t *testing.T) {
	t.Parallel()
	c, o := newCarrier(t, "texts-reported", 0), newOwner(t)
	s := serve(t)
	o.token = s.token()
	s.apply(c.trunk("messages: cpim"))
	pythonWrites(t, s, o, satoNumber, "disk full on db01", "delivered")
	eventually(t, patience, "the owner is told", func() bool { return o.has("sent") && o.has("delivered") })
}

// gateway is a carrier by hand, on UDP: it takes, or leaves unanswered, the messages that come, and brings its own.
type gateway struct {
	t    *testing.T
	conn *net.UDPConn

	mu     sync.Mutex
	quiet  bool
	got    []string // MESSAGEs, each once
	said   []string // answers to its own
	before map[string]bool
}

func newGateway(t *testing.T) *gateway {
	t.Helper()
	c, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		t.Fatal(err)
	}
	g := &gateway{t: t, conn: c, before: map[string]bool{}}
	done := make(chan struct{})
	go func() {
		defer close(done)
		g.serve()
	}()
	t.Cleanup(func() { c.Close(); <-done })
	return g
}

func (g *gateway) serve() {
	b := make([]byte, 65535)
	for {
		n, from, err := g.conn.ReadFromUDP(b)
		if err != nil {
			return
		}
		text := string(b[:n])
		g.mu.Lock()
		switch {
		case strings.HasPrefix(text, "SIP/2.0"):
			g.said = append(g.said, text)
		case strings.HasPrefix(text, "MESSAGE "):
			if !g.before[text] {
				g.before[text] = true
				g.got = append(g.got, text)
			}
			if !g.quiet {
				head, _, _ := strings.Cut(text, "\r\n\r\n")
				answer := "SIP/2.0 202 Accepted\r\n"
				for _, line := range strings.Split(head, "\r\n")[1:] {
					switch name, _, _ := strings.Cut(line, ":"); name {
					case "Via", "From", "To", "Call-ID", "CSeq":
						answer += line + "\r\n"
					}
				}
				g.conn.WriteToUDP([]byte(answer+"Content-Length: 0\r\n\r\n"), from)
			}
		}
		g.mu.Unlock()
	}
}

func (g *gateway) set(f func()) { g.mu.Lock(); defer g.mu.Unlock(); f() }

// nth waits for the n-th message, counted from 1.
func (g *gateway) nth(n int) (text string) {
	g.t.Helper()
	eventually(g.t, patience, fmt.Sprintf("message %d at the gateway", n), func() bool {
		g.mu.Lock()
		defer g.mu.Unlock()
		if len(g.got) >= n {
			text = g.got[n-1]
		}
		return text != ""
	})
	return text
}

func (g *gateway) trunk(more ...string) string {
	return "trunk: gateway\nserver: " + g.conn.LocalAddr().String() + "\nfrom: \"" + ourNumber + "\"\nmessages: sip\n" + strings.Join(more, "\n")
}

// brings sends a message to a number and gives the status of the answer.
func (g *gateway) brings(s *server, number, call, kind, body string) (status string) {
	g.t.Helper()
	branch := fmt.Sprintf("z9hG4bK%x", rand.Uint64())
	to := net.UDPAddr{IP: net.IPv4(127, 0, 0, 1), Port: s.sip}
	fmt.Fprintf(&datagram{g.conn, &to}, "MESSAGE sip:%s@%s SIP/2.0\r\nVia: SIP/2.0/UDP %s;branch=%s;rport\r\nMax-Forwards: 70\r\nFrom: <sip:%s@gateway.example>;tag=1\r\nTo: <sip:%s@gateway.example>\r\nCall-ID: %s\r\nCSeq: 1 MESSAGE\r\nContent-Type: %s\r\nContent-Length: %d\r\n\r\n%s",
		number, local(s.sip), g.conn.LocalAddr(), branch, satoNumber, number, call, kind, len(body), body)
	eventually(g.t, patience, "an answer to what the gateway brings", func() bool {
		g.mu.Lock()
		defer g.mu.Unlock()
		for _, a := range g.said {
			if strings.Contains(a, branch) {
				status = strings.TrimPrefix(a, "SIP/2.0 ")[:3]
			}
		}
		return status != ""
	})
	return status
}

// datagram is one packet for each write.
type datagram struct {
	*net.UDPConn
	to *net.UDPAddr
}

func (d *datagram) Write(b []byte) (int, error) { return d.WriteToUDP(b, d.to) }

// kaden dies. What had not left is sent by the next life, once; what may have left is not sent again, and it says so; what a
// trunk has brought is taken once, however often it comes.
func TestACrashBetweenMessagesOverATrunk(t *testing.T) {
	t.Parallel()
	g, o := newGateway(t), newOwner(t)
	s := serve(t)
	o.token = s.token()
	s.apply(g.trunk("message-window: 1"), "number: \""+ourNumber+"\"\ntwiml: <Response/>\nsms-url: "+o.srv.URL+"/sms")
	writes := func(body string) string { return s.writes(o, ourNumber, body) }

	sent := writes("first")
	s.untilMessage(sent, "sent")
	g.set(func() { g.quiet = true })
	open := writes("second") // and its answer never comes
	g.nth(2)
	waiting := writes("third") // for its place in the window
	if _, body := s.message("GET", waiting, nil); body["status"] != "queued" {
		t.Errorf("what waits is %v", body["status"])
	}
	s.kill()
	g.set(func() { g.quiet = false })
	s.start()
	s.ready()
	if m := g.nth(3); !strings.HasSuffix(m, "\r\n\r\nthird") {
		t.Errorf("the next life sent %s", m)
	}
	s.untilMessage(waiting, "sent")
	if body := s.untilMessage(open, "failed"); body["error_code"] != 30008.0 || !strings.Contains(fmt.Sprint(body["error_message"]), "not known") {
		t.Errorf("what may have left is %v", body)
	}

	if status := g.brings(s, ourNumber, "one@gateway", "text/plain", "on my way"); status != "200" {
		t.Errorf("it was answered with %s", status)
	}
	eventually(t, patience, "the number's program is asked", func() bool { return o.has("in: " + satoNumber + " on my way") })
	if m := g.nth(4); !strings.HasSuffix(m, "\r\n\r\nunderstood") {
		t.Errorf("the answer was %s", m)
	}
	s.kill() // before the gateway has heard our answer, for all it knows
	s.start()
	s.ready()
	for range 2 {
		if status := g.brings(s, ourNumber, "one@gateway", "text/plain", "on my way"); status != "200" {
			t.Errorf("brought again, it was answered with %s", status)
		}
	}
	for _, tt := range []struct{ number, kind, body, want string }{
		{"+815099999999", "text/plain", "hello", "404"}, {ourNumber, "image/png", "x", "415"}, {ourNumber, "text/plain;charset=iso-2022-jp", "x", "415"},
		{ourNumber, "text/plain", strings.Repeat("x", 1601), "413"}, {ourNumber, "message/imdn+xml", "<imdn", "400"},
	} {
		if status := g.brings(s, tt.number, fmt.Sprintf("%x@gateway", rand.Uint64()), tt.kind, tt.body); status != tt.want {
			t.Errorf("%s to %s was answered with %s, want %s", tt.kind, tt.number, status, tt.want)
		}
	}
	o.mu.Lock()
	if n := strings.Count(strings.Join(o.heard, "\n"), "in: "); n != 1 || strings.Contains(strings.Join(o.heard, "\n"), "unsigned") {
		t.Errorf("the owner heard %q", o.heard)
	}
	o.mu.Unlock()
	if happens(t, time.Second, func() bool { g.mu.Lock(); defer g.mu.Unlock(); return len(g.got) != 4 }) {
		t.Errorf("the gateway has %q", g.got)
	}

	// Told to end, kaden hears the answer that is under way.
	g.set(func() { g.quiet = true })
	last := writes("last")
	g.nth(5)
	stopped := make(chan error, 1)
	go func() { stopped <- s.stop() }()
	eventually(t, patience, "it is told to end", func() bool { return !s.isReady() })
	g.set(func() { g.quiet = false })
	if err := <-stopped; err != nil {
		t.Error(err)
	}
	s.start()
	s.ready()
	s.untilMessage(last, "sent")
}

// A program writes to phones of the house, and they to numbers: to ours, whose program answers, and outside, as far as
// their domain may call there.
func TestPhonesAndTheMessagesAPI(t *testing.T) {
	t.Parallel()
	g, o := newGateway(t), newOwner(t)
	s := serve(t)
	o.token = s.token()
	s.apply("domain: office.example.jp\noutside: [mobile]\nfrom: \""+ourNumber+"\"", phoneDocument("sato"), phoneDocument("suzuki"),
		g.trunk(), "number: \""+ourNumber+"\"\ntwiml: <Response/>\nsms-url: "+o.srv.URL+"/sms")
	sato := newRegistering(t, s, "sato", secretSato, 600)
	s.untilRegistered("sato", 1)
	pythonWrites(t, s, o, "sip:sato@office.example.jp", "disk full on db01", "delivered")
	eventually(t, patience, "sato reads it", func() bool { return strings.Contains(sato.log(), "disk full on db01") })
	status, made := s.message("POST", "/Messages.json", url.Values{"To": {"sip:suzuki@office.example.jp"}, "From": {ourNumber}, "Body": {"and you?"}})
	if status != 201 {
		t.Fatalf("%d %v", status, made)
	}
	uri := strings.TrimPrefix(made["uri"].(string), "/2010-04-01/Accounts/"+s.account())
	if body := s.untilMessage(uri, "undelivered"); body["error_code"] != 30003.0 {
		t.Errorf("to a phone that is not registered: %v", body)
	}

	pager := newHandset(t, s, "sato")
	proved := ""
	asks := func(to, body string) string {
		t.Helper()
		pager.body = body
		proved = proof(pager.asks(patience, "MESSAGE", to, "Content-Type: text/plain"), "MESSAGE", to, "sato", secretSato)
		return pager.asks(patience, "MESSAGE", to, "Content-Type: text/plain", proved)
	}
	outside := "sip:09011111111@office.example.jp"
	if a := asks(outside, "on my way"); !strings.HasPrefix(a, "SIP/2.0 202") {
		t.Errorf("outside: %q", a)
	}
	s.kill() // before the phone has heard our answer, for all it knows: it asks again, with what it had
	s.start()
	s.ready()
	pager.becomes("sato", pager.call)
	pager.cseq = 1
	if a := pager.asks(patience, "MESSAGE", outside, "Content-Type: text/plain", proved); !strings.HasPrefix(a, "SIP/2.0 202") {
		t.Errorf("again: %q", a)
	}
	if m := g.nth(1); !strings.HasPrefix(m, "MESSAGE sip:"+satoNumber+"@") || !strings.Contains(m, "From: <sip:"+ourNumber+"@") || !strings.HasSuffix(m, "on my way") {
		t.Errorf("the gateway got %s", m)
	}
	if a := asks("sip:"+ourNumber+"@office.example.jp", "who is on duty?"); !strings.HasPrefix(a, "SIP/2.0 200") {
		t.Errorf("to a number of ours: %q", a)
	}
	eventually(t, patience, "the number's program is asked", func() bool { return o.has("in: sip:sato@office.example.jp who is on duty?") })
	eventually(t, patience, "its answer comes to the phone", func() bool { return strings.Contains(sato.log(), "understood") })
	for to, want := range map[string]string{"sip:0312345678@office.example.jp": "403", "sip:110@office.example.jp": "403", "sip:+14155550100@office.example.jp": "403", "sip:tanaka@office.example.jp": "404"} {
		if a := asks(to, "hello"); !strings.HasPrefix(a, "SIP/2.0 "+want) {
			t.Errorf("%s: %q, want %s", to, a, want)
		}
	}
	if happens(t, 300*time.Millisecond, func() bool { g.mu.Lock(); defer g.mu.Unlock(); return len(g.got) != 1 }) {
		t.Errorf("the gateway has %q", g.got)
	}
	if status, body := s.message("POST", "/Messages.json", url.Values{"To": {"sip:sato@office.example.jp"}, "From": {"sip:alice@example.com"}, "Body": {"hello"}}); status != 400 || body["code"] != 21606.0 {
		t.Errorf("from a domain of others: %d %v", status, body)
	}
}
