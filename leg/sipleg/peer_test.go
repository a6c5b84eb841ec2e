package sipleg

import (
	"fmt"
	"net"
	"net/netip"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/kaden-project/kaden/leg/legtest"
)

// peer is a far end that is moved by hand: it says and hears SIP as text, and shares no code with what is tested.
type peer struct {
	t    testing.TB
	conn *net.UDPConn
	got  chan said

	heard map[string]bool // requests, by their text
}

// said is a message as it came.
type said struct {
	first   string
	headers [][2]string
	body    string
	from    netip.AddrPort
	raw     string
	at      time.Time
}

func newPeer(t testing.TB) *peer {
	t.Helper()
	legtest.LeavesNothing(t)
	c, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		t.Fatal(err)
	}
	p := &peer{t: t, conn: c, got: make(chan said, 256), heard: map[string]bool{}}
	var reading sync.WaitGroup
	reading.Go(func() {
		buf := make([]byte, 65535)
		for {
			n, from, err := c.ReadFromUDPAddrPort(buf)
			if err != nil {
				return
			}
			m := readSaid(string(buf[:n]))
			m.from, m.at = from, time.Now()
			p.got <- m
		}
	})
	t.Cleanup(func() { c.Close(); reading.Wait() })
	return p
}

func readSaid(raw string) said {
	head, body, _ := strings.Cut(raw, "\r\n\r\n")
	lines := strings.Split(head, "\r\n")
	m := said{first: lines[0], body: body, raw: raw}
	for _, l := range lines[1:] {
		name, value, _ := strings.Cut(l, ":")
		m.headers = append(m.headers, [2]string{name, strings.TrimSpace(value)})
	}
	return m
}

func (m said) get(name string) string {
	for _, h := range m.headers {
		if strings.EqualFold(h[0], name) {
			return h[1]
		}
	}
	return ""
}

func (m said) method() string {
	if strings.HasPrefix(m.first, "SIP/") {
		return ""
	}
	w, _, _ := strings.Cut(m.first, " ")
	return w
}

// status is 0 for requests.
func (m said) status() int {
	var n int
	fmt.Sscanf(m.first, "SIP/2.0 %d", &n)
	return n
}

func (m said) tag(header string) string {
	_, tag, _ := strings.Cut(m.get(header), ";tag=")
	tag, _, _ = strings.Cut(tag, ";")
	return tag
}

func (m said) branch() string {
	_, b, _ := strings.Cut(m.get("Via"), "branch=")
	b, _, _ = strings.Cut(b, ";")
	return b
}

func (p *peer) addr() netip.AddrPort { return p.conn.LocalAddr().(*net.UDPAddr).AddrPort() }

func (p *peer) uri() string { return "sip:peer@" + p.addr().String() }

const testPatience = 8 * time.Second

// hears waits for the next message whose first line begins with one of the words, and passes over others.
// A request that was heard before is a repetition and is passed over too: on a busy machine there are some.
func (p *peer) hears(words ...string) said {
	p.t.Helper()
	for {
		m := p.hearsAgain(words...)
		if m.method() == "" {
			return m
		}
		if !p.heard[m.raw] {
			p.heard[m.raw] = true
			return m
		}
	}
}

// hearsAgain takes repetitions as well.
func (p *peer) hearsAgain(words ...string) said {
	p.t.Helper()
	limit := time.After(testPatience)
	var passed []string
	for {
		select {
		case m := <-p.got:
			for _, w := range words {
				if strings.HasPrefix(m.first, w) {
					return m
				}
			}
			passed = append(passed, m.first)
		case <-limit:
			p.t.Fatalf("waited for %q; heard only %q", words, passed)
		}
	}
}

// hearsAnswer waits for the answer to our request with that CSeq.
func (p *peer) hearsAnswer(status string, cseq int) said {
	p.t.Helper()
	for {
		m := p.hearsAgain("SIP/2.0 " + status)
		if strings.HasPrefix(m.get("CSeq"), fmt.Sprintf("%d ", cseq)) {
			return m
		}
	}
}

// hearsNothing is for a moment in which nothing may come.
func (p *peer) hearsNothing(d time.Duration) {
	p.t.Helper()
	select {
	case m := <-p.got:
		p.t.Errorf("heard %q where nothing should come", m.first)
	case <-time.After(d):
	}
}

func (p *peer) send(to netip.AddrPort, raw string) {
	p.t.Helper()
	if _, err := p.conn.WriteToUDPAddrPort([]byte(raw), to); err != nil {
		p.t.Errorf("peer: %v", err)
	}
}

// replies answers request m. Extra lines are headers; tag is appended to To where m has none.
func (p *peer) replies(m said, status string, tag, body string, extra ...string) {
	p.t.Helper()
	p.send(m.from, answerTo(m, status, tag, body, p.addr(), extra...))
}

func answerTo(m said, status, tag, body string, at netip.AddrPort, extra ...string) string {
	var b strings.Builder
	b.WriteString("SIP/2.0 " + status + "\r\n")
	for _, h := range m.headers {
		switch strings.ToLower(h[0]) {
		case "via", "from", "call-id", "cseq", "record-route":
			b.WriteString(h[0] + ": " + h[1] + "\r\n")
		case "to":
			v := h[1]
			if tag != "" && !strings.Contains(v, ";tag=") {
				v += ";tag=" + tag
			}
			b.WriteString("To: " + v + "\r\n")
		}
	}
	fmt.Fprintf(&b, "Contact: <sip:peer@%s>\r\n", at)
	for _, e := range extra {
		b.WriteString(e + "\r\n")
	}
	if body != "" {
		b.WriteString("Content-Type: application/sdp\r\n")
	}
	fmt.Fprintf(&b, "Content-Length: %d\r\n\r\n%s", len(body), body)
	return b.String()
}

// asks writes a request of the dialog that INVITE m (as we got it) and our tag make.
func (p *peer) asks(m said, method string, n int, tag, body string, extra ...string) {
	p.t.Helper()
	target := strings.Trim(strings.SplitN(m.get("Contact"), ">", 2)[0], "<")
	to := m.get("From")
	from := m.get("To")
	if !strings.Contains(from, ";tag=") {
		from += ";tag=" + tag
	}
	p.send(m.from, newRequest(p.addr(), method, target, from, to, m.get("Call-ID"), n, "", body, extra...))
}

func newRequest(at netip.AddrPort, method, uri, from, to, callID string, n int, branch, body string, extra ...string) string {
	if branch == "" {
		branch = freshBranch()
	}
	var b strings.Builder
	fmt.Fprintf(&b, "%s %s SIP/2.0\r\nVia: SIP/2.0/UDP %s;branch=%s;rport\r\nMax-Forwards: 70\r\nFrom: %s\r\nTo: %s\r\nCall-ID: %s\r\nCSeq: %d %s\r\nContact: <sip:peer@%s>\r\n",
		method, uri, at, branch, from, to, callID, n, method, at)
	hasType := false
	for _, e := range extra {
		b.WriteString(e + "\r\n")
		hasType = hasType || strings.HasPrefix(e, "Content-Type")
	}
	if body != "" && !hasType {
		b.WriteString("Content-Type: application/sdp\r\n")
	}
	fmt.Fprintf(&b, "Content-Length: %d\r\n\r\n%s", len(body), body)
	return b.String()
}

// sdpAt is an offer or answer that wants sound at a port of this machine.
func sdpAt(port int, lines ...string) string {
	s := "v=0\r\no=peer 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\n" +
		fmt.Sprintf("m=audio %d RTP/AVP 0 101\r\na=rtpmap:0 PCMU/8000\r\na=rtpmap:101 telephone-event/8000\r\n", port)
	for _, l := range lines {
		s += l + "\r\n"
	}
	return s
}
