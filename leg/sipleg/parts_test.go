package sipleg

import (
	"bytes"
	"encoding/binary"
	"errors"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/kaden-project/kaden/leg"
)

func TestPortsRestBeforeTheyAreUsedAgain(t *testing.T) {
	base := uint16(freePort(t) &^ 1)
	p, err := newPorts(Range{base, base + 3})
	if err != nil {
		t.Fatal(err)
	}
	at := netip.MustParseAddr("127.0.0.1")
	a, err := p.take(at)
	if err != nil {
		t.Skip("skipped: the port was taken meanwhile: " + err.Error())
	}
	b, err := p.take(at)
	if err != nil {
		t.Skip("skipped: the port was taken meanwhile: " + err.Error())
	}
	if a.port == b.port || a.port%2 != 0 || b.port%2 != 0 {
		t.Errorf("ports %d and %d", a.port, b.port)
	}
	if _, err := p.take(at); !errors.Is(err, errNoPorts) {
		t.Errorf("a third port of two: %v", err)
	}
	p.give(a)
	if _, err := p.take(at); !errors.Is(err, errNoPorts) {
		t.Errorf("a port is used again at once: %v", err)
	}
	p.resting[a.port] = time.Now().Add(-time.Millisecond)
	again, err := p.take(at)
	if err != nil || again.port != a.port {
		t.Errorf("a rested port is not used again: %v", err)
	}
	p.give(again)
	p.give(b)
	if p.count() != 0 {
		t.Errorf("%d sockets are open", p.count())
	}
	for _, bad := range []Range{{80, 90}, {9000, 9000}, {9000, 8000}} {
		if _, err := newPorts(bad); err == nil {
			t.Errorf("range %v is taken", bad)
		}
	}
}

func TestStreamIsSplitIntoMessages(t *testing.T) {
	one := "OPTIONS sip:a@b SIP/2.0\r\nContent-Length: 3\r\n\r\nabc"
	two := "BYE sip:a@b SIP/2.0\r\nl: 0\r\n\r\n"
	whole := "\r\n" + one + two + "\r\n\r\n" + one
	for size := 1; size < len(whole); size++ {
		var s splitter
		var got []string
		pongs := 0
		for b := []byte(whole); len(b) > 0; b = b[min(size, len(b)):] {
			s.write(b[:min(size, len(b))])
			for {
				msg, pong, err := s.next()
				if err != nil {
					t.Fatal(err)
				}
				if pong {
					pongs++
					continue
				}
				if msg == nil {
					break
				}
				got = append(got, string(msg))
			}
		}
		if len(got) != 3 || got[0] != one || got[1] != two || got[2] != one || pongs != 1 {
			t.Fatalf("in pieces of %d: %q, and %d pongs", size, got, pongs)
		}
	}
	for _, bad := range []string{"X\r\n\r\n", "X\r\nContent-Length: -1\r\n\r\n", "X\r\nContent-Length: 99999999\r\n\r\n", strings.Repeat("x", maxMessage+1)} {
		var s splitter
		s.write([]byte(bad))
		if _, _, err := s.next(); err == nil {
			t.Errorf("%.30q… is no error", bad)
		}
	}
}

func TestCallOverTCP(t *testing.T) {
	got := make(chan *Leg, 1)
	callee := start(t, func(c *Config) { quick(c); c.Incoming = func(l *Leg) { got <- l } })
	caller := start(t, quick)
	out, err := caller.Dial(t.Context(), leg.Target{URI: "sip:a@" + callee.Addr().String() + ";transport=tcp"}, leg.Options{})
	if err != nil {
		t.Fatal(err)
	}
	in := <-got
	in.Ring(t.Context(), false)
	next(t, out, leg.Ringing)
	in.Answer(t.Context())
	next(t, out, leg.Answered)
	next(t, in, leg.Answered)
	if first := out.(*Leg).Trace()[0].Text; !strings.Contains(first, "Via: SIP/2.0/TCP") || !strings.Contains(first, "transport=tcp>") {
		t.Errorf("the INVITE does not say TCP:\n%s", first)
	}
	in.Hangup(t.Context(), leg.Completed)
	ended(t, out, leg.HungUp)
	ended(t, in, leg.Completed)
}

func TestKadenCallsKaden(t *testing.T) {
	got := make(chan *Leg, 1)
	s := start(t, func(c *Config) { quick(c); c.Incoming = func(l *Leg) { got <- l } })
	out, err := s.Dial(t.Context(), leg.Target{URI: "sip:a@" + s.Addr().String()}, leg.Options{})
	if err != nil {
		t.Fatal(err)
	}
	in := <-got
	in.Answer(t.Context())
	next(t, out, leg.Answered)
	next(t, in, leg.Answered)
	if err := out.SendDigits(t.Context(), "7"); err != nil {
		t.Fatal(err)
	}
	if e := next(t, in, leg.Digit); e.Digit != "7" {
		t.Errorf("key %q", e.Digit)
	}
	out.Hangup(t.Context(), leg.Completed)
	ended(t, in, leg.HungUp)
	ended(t, out, leg.Completed)
}

func TestSlowStreamIsClosed(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	c, err := net.Dial("tcp", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	s := &stream{conn: c.(*net.TCPConn), out: make(chan []byte, 1), over: make(chan struct{})}
	if err := s.send(nil); err != nil {
		t.Error(err)
	}
	if err := s.send(nil); !errors.Is(err, errSlow) {
		t.Errorf("got %v", err)
	}
	if err := s.send(nil); !errors.Is(err, net.ErrClosed) {
		t.Errorf("got %v", err)
	}
}

func messages() []leg.Message {
	at := time.Date(2026, 1, 2, 3, 4, 5, 6000, time.UTC)
	return []leg.Message{
		{At: at, Sent: true, Peer: "192.0.2.7:5060", Text: "INVITE sip:a@b SIP/2.0\r\nCSeq: 1 INVITE\r\n\r\nv=0\r\n"},
		{At: at.Add(12 * time.Millisecond), Peer: "192.0.2.7:5060", Text: "SIP/2.0 180 Ringing\x1b[2J\r\nCSeq: 1 INVITE\r\n\r\n"},
		{At: at.Add(20 * time.Millisecond), Peer: "[2001:db8::9]:5062", Text: "SIP/2.0 200 OK\r\nCSeq: 1 INVITE\r\n\r\n"},
	}
}

func TestLadder(t *testing.T) {
	got := Ladder(messages())
	lines := strings.Split(strings.TrimSuffix(got, "\n"), "\n")
	if len(lines) != 4 {
		t.Fatalf("%d lines:\n%s", len(lines), got)
	}
	for _, l := range lines[2:] {
		if len(l) != len(lines[1]) {
			t.Errorf("the lanes are not straight:\n%s", got)
		}
	}
	for i, parts := range [][]string{
		{"kaden", "192.0.2.7:5060", "[2001:db8::9]:5062"},
		{"0.000", "|---- INVITE (SDP) ---", "-->|"},
		{"0.012", "|<---", "180 Ringing.[2J [1 INVITE] ----|"},
		{"0.020", "|<---", "200 OK [1 INVITE] ----|"},
	} {
		for _, part := range parts {
			if !strings.Contains(lines[i], part) {
				t.Errorf("line %d lacks %q:\n%s", i, part, got)
			}
		}
	}
	if strings.Contains(got, "\x1b") {
		t.Errorf("the ladder moves the cursor")
	}
	if Ladder(nil) != "" {
		t.Errorf("nothing makes a ladder")
	}
}

func TestPcap(t *testing.T) {
	var b bytes.Buffer
	if err := WritePcap(&b, messages()); err != nil {
		t.Fatal(err)
	}
	data := b.Bytes()
	if binary.LittleEndian.Uint32(data) != pcapMagic || binary.LittleEndian.Uint32(data[20:]) != linkIP {
		t.Fatalf("header % x", data[:24])
	}
	data = data[24:]
	for i, m := range messages() {
		n := binary.LittleEndian.Uint32(data[8:])
		packet := data[16 : 16+n]
		if got := time.Unix(int64(binary.LittleEndian.Uint32(data)), int64(binary.LittleEndian.Uint32(data[4:]))); !got.Equal(m.At) {
			t.Errorf("packet %d at %v", i, got)
		}
		header := 20
		if packet[0]>>4 == 6 {
			header = 40
		} else if sum(0, packet[:20]) != 0xFFFF {
			t.Errorf("packet %d has a bad IP checksum", i)
		}
		from := netip.MustParseAddrPort(m.Peer)
		port := binary.BigEndian.Uint16(packet[header:])
		if m.Sent {
			port = binary.BigEndian.Uint16(packet[header+2:])
		}
		if port != from.Port() || string(packet[header+8:]) != m.Text || int(binary.BigEndian.Uint16(packet[header+4:])) != 8+len(m.Text) {
			t.Errorf("packet %d is not the message", i)
		}
		data = data[16+n:]
	}
	if len(data) != 0 {
		t.Errorf("%d bytes too many", len(data))
	}
}

func TestTraceIsBoundedAndKeepsNoSecrets(t *testing.T) {
	tr := &trace{}
	peer := netip.MustParseAddrPort("192.0.2.1:5060")
	tr.sent(peer, []byte("INVITE first\r\nAuthorization: Digest username=\"a\", response=\"0123456789abcdef\", uri=\"x\"\r\nproxy-authorization:Digest response=feed , nc=1\r\n\r\n"))
	for range 1000 {
		tr.received(time.Now(), peer, strings.Repeat("x", 3000))
	}
	tr.received(time.Now(), peer, "last")
	all := tr.messages()
	total := 0
	for _, m := range all {
		total += len(m.Text)
	}
	if len(all) > traceMessages || total > traceBytes {
		t.Errorf("%d messages, %d bytes", len(all), total)
	}
	if all[len(all)-1].Text != "last" || !strings.HasPrefix(all[0].Text, "INVITE first") {
		t.Errorf("the beginning or the end is lost")
	}
	if strings.Contains(all[0].Text, "0123456789abcdef") || strings.Contains(all[0].Text, "feed") || !strings.Contains(all[0].Text, `username="a"`) || !strings.Contains(all[0].Text, "nc=1") {
		t.Errorf("redacted to\n%s", all[0].Text)
	}
}

func TestNamesAreDerivedFromTheAttempt(t *testing.T) {
	a, again, b := identity{[]byte("one")}, identity{[]byte("one")}, identity{[]byte("two")}
	if a.callID("x") != again.callID("x") || a.callID("x") == a.callID("y") || a.callID("x") == b.callID("x") {
		t.Errorf("Call-IDs are not derived from secret and attempt alone")
	}
	if !a.ours(a.callID("x"), a.tag(a.callID("x"))) || a.ours(a.callID("x"), b.tag(a.callID("x"))) || a.ours("other", a.tag(a.callID("x"))) {
		t.Errorf("the mark is not the secret's")
	}
	if a.branch("x", 1, netip.AddrPort{}) == a.branch("x", 2, netip.AddrPort{}) || a.branch("x", 1, netip.AddrPort{}) != again.branch("x", 1, netip.AddrPort{}) {
		t.Errorf("branches are not derived from attempt and CSeq")
	}
}

func TestGateForgetsStrangers(t *testing.T) {
	g := newGate(nil)
	for i := range 3 * maxStrangers {
		g.admit(netip.AddrFrom4([4]byte{10, byte(i >> 16), byte(i >> 8), byte(i)}))
	}
	if len(g.strangers) > maxStrangers {
		t.Errorf("%d strangers are remembered", len(g.strangers))
	}
	for i := range 2 * maxStrangers {
		g.befriend(netip.AddrFrom4([4]byte{11, byte(i >> 16), byte(i >> 8), byte(i)}))
	}
	if len(g.friends) > maxStrangers {
		t.Errorf("%d friends are remembered", len(g.friends))
	}
	friend := netip.MustParseAddr("192.0.2.1")
	g.befriend(friend)
	for range 1000 {
		if !g.admit(friend) {
			t.Fatal("a trunk that we call is taken for a scanner")
		}
	}
}

// Senders that are forged, each another one, are not read without end either; whoever is known is read meanwhile.
func TestOfAllStrangersTogetherOnlySoMuchIsRead(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := newGate(nil)
		phone, carrier, friend := netip.MustParseAddr("192.0.2.1"), netip.MustParseAddr("192.0.2.2"), netip.MustParseAddr("192.0.2.3")
		g.familiar = func(a netip.Addr) bool { return a == phone }
		g.carrier = func(a netip.Addr) bool { return a == carrier }
		g.befriend(friend)
		known := func() bool { return g.admit(phone) && g.admit(carrier) && g.admit(friend) }
		read := 0
		flood := func() {
			for i := range 100_000 {
				if g.admit(netip.AddrFrom4([4]byte{10, byte(i >> 16), byte(i >> 8), byte(i)})) {
					read++
				}
			}
		}
		flood()
		if read != crowdBurst || !known() {
			t.Errorf("%d of 100,000 are read", read)
		}
		time.Sleep(time.Second)
		flood()
		if read != crowdBurst+crowdRate || !known() {
			t.Errorf("a second later %d of 200,000 are read", read)
		}
	})
}

func TestAScannerWithAllAddressesOfItsNetworkIsOne(t *testing.T) {
	g := newGate(nil)
	read := 0
	for i := range 300 {
		a := netip.MustParseAddr("2001:db8:1:2::").As16()
		a[14], a[15] = byte(i>>8), byte(i)
		if g.admit(netip.AddrFrom16(a)) {
			read++
		}
	}
	if read > strangerBurst+5 {
		t.Errorf("%d of 300 messages of one network were read", read)
	}
	if !g.admit(netip.MustParseAddr("2001:db8:1:3::1")) {
		t.Error("its neighbours are not read either")
	}
}

// FuzzMessage: whatever comes in, the server lives, answers at most with well-formed responses, and never
// answers a response.
func FuzzMessage(f *testing.F) {
	for _, raw := range [][]byte{
		[]byte(newRequest(netip.MustParseAddrPort("192.0.2.1:5060"), "OPTIONS", "sip:a@b", "<sip:a@b>;tag=1", "<sip:c@d>", "x", 1, "", "")),
		[]byte(newRequest(netip.MustParseAddrPort("192.0.2.1:5060"), "INVITE", "sip:a@b", "<sip:a@b>;tag=1", "<sip:c@d>", "x", 1, "", sdpAt(4000))),
		[]byte("SIP/2.0 200 OK\r\nVia: SIP/2.0/UDP a;branch=z9hG4bKx\r\nFrom: <sip:a@b>;tag=1\r\nTo: <sip:c@d>;tag=2\r\nCall-ID: x\r\nCSeq: 1 INVITE\r\n\r\n"),
	} {
		f.Add(raw)
	}
	root := filepath.Join("..", "..", "..", "shared", "data", "rfc4475", "*", "*.dat")
	if files, _ := filepath.Glob(root); len(files) > 0 { // better seeds, where they are
		for _, name := range files {
			if raw, err := os.ReadFile(name); err == nil {
				f.Add(raw)
			}
		}
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		var answers [][]byte
		s := deafServer(func(_ flow, data []byte) error { answers = append(answers, data); return nil })
		from := flow{udp: false, peer: netip.MustParseAddrPort("192.0.2.1:5060"), stream: fuzzStream()}
		s.receive(from, b)
		s.layer.close()
		drain(from.stream, &answers)
		if len(answers) > 1 {
			t.Fatalf("%d answers to one message", len(answers))
		}
		for _, a := range answers {
			if bytes.HasPrefix(b, []byte("SIP/")) {
				t.Fatalf("a response was answered: %q", a)
			}
			if bytes.HasPrefix(b, []byte("ACK ")) {
				t.Fatalf("an ACK was answered: %q", a)
			}
			head, _, ok := bytes.Cut(a, []byte("\r\n\r\n"))
			m := readSaid(string(a))
			if !ok || m.status() < 200 || m.status() > 699 || m.get("Via") == "" {
				t.Fatalf("answer %q", a)
			}
			for line := range strings.SplitSeq(string(head), "\r\n") {
				if strings.ContainsAny(line, "\r\n") {
					t.Fatalf("a line break within a line of the answer: %q", a)
				}
			}
		}
	})
}

// deafServer has no sockets.
func deafServer(send func(flow, []byte) error) *Server {
	t := timers{}.orDefault()
	pool, _ := newPorts(Range{})
	s := &Server{
		log: discard, t: t, id: identity{[]byte("x")}, gate: newGate([]netip.Prefix{netip.MustParsePrefix("0.0.0.0/0")}), ports: pool,
		legs: map[string]*Leg{}, merging: map[string]*Leg{}, own: map[netip.Addr]ownEntry{}, bound: netip.MustParseAddr("127.0.0.1"),
	}
	s.wire = &wire{log: discard}
	s.layer = newLayer(send, t)
	return s
}

func fuzzStream() *stream {
	return &stream{out: make(chan []byte, 16), over: make(chan struct{})}
}

// drain collects what went to the stream directly.
func drain(s *stream, answers *[][]byte) {
	for len(s.out) > 0 {
		*answers = append(*answers, <-s.out)
	}
}

// TestNothingIsLeft makes calls that end in every way and counts what is left of them.
func TestNothingIsLeft(t *testing.T) {
	got := make(chan *Leg, 64)
	s := start(t, func(c *Config) { quick(c); c.Incoming = func(l *Leg) { got <- l } })
	uri := leg.Target{URI: "sip:x@" + s.Addr().String()}
	endings := []func(out, in leg.Leg){
		func(out, in leg.Leg) { out.Hangup(t.Context(), leg.Canceled) },
		func(out, in leg.Leg) { in.Hangup(t.Context(), leg.Busy) },
		func(out, in leg.Leg) { in.Ring(t.Context(), true); out.Hangup(t.Context(), leg.Canceled) },
		func(out, in leg.Leg) { in.Answer(t.Context()); out.Hangup(t.Context(), leg.Completed) },
		func(out, in leg.Leg) { in.Answer(t.Context()); in.Hangup(t.Context(), leg.Completed) },
		func(out, in leg.Leg) {
			in.Ring(t.Context(), true)
			in.Play(warble().Source())
			in.Answer(t.Context())
			out.Listen(&counting{})
			in.Hangup(t.Context(), leg.Completed)
			out.Hangup(t.Context(), leg.Completed)
		},
	}
	round := func() {
		for _, end := range endings {
			out, err := s.Dial(t.Context(), uri, leg.Options{})
			if err != nil {
				t.Fatal(err)
			}
			in := leg.Leg(<-got)
			end(out, in)
			drainEvents(out)
			drainEvents(in)
		}
	}
	round() // what is made once is made now
	goroutines, files := runtime.NumGoroutine(), openFiles(t)
	for range 10 {
		round()
	}
	until(t, "everything to be given back", func() bool {
		return s.Open() == 0 && runtime.NumGoroutine() <= goroutines && openFiles(t) <= files && s.cfg.Clock.Members() <= 1
	})
}

// openFiles counts descriptors, sockets among them; where the system does not tell it is 0.
func openFiles(t *testing.T) int {
	all, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		return 0
	}
	return len(all)
}
