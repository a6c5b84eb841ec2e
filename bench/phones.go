package main

import (
	"fmt"
	"maps"
	"net/netip"
	"strconv"
	"strings"
	"sync"
	"time"
)

// phones are people with telephones behind one SIP port; the user part of the address says who. They speak
// just enough SIP to be rung, and share no code with what they measure.
type phones struct {
	sip   *stamped
	habit func(user string) habit

	mu    sync.Mutex
	calls map[string]*ring // by Call-ID
	rings []*ring          // in order of arrival
	come  chan *ring       // each, at its INVITE
	live  int              // rung or talking
	most  int              // live at once
	wg    sync.WaitGroup
}

// habit is what somebody does when rung. The zero habit lets it ring.
type habit struct {
	refuse string        // "486 Busy Here"
	after  time.Duration // of the refusal or the answer, from the INVITE
	answer bool
	press  time.Duration // key 1 so long after the answer; 0 is never
}

// ring is one call to somebody, with the moments that matter. Those of others' packets are the kernel's.
// They are guarded by the phones' lock.
type ring struct {
	user     string
	invited  time.Time
	refused  time.Time // when the refusal was sent
	answered time.Time // when the 200 was sent
	canceled time.Time
	left     time.Time // their BYE
	firstRTP time.Time
	loud     time.Time // the first frame that is not silence
	pressed  time.Time // when the first packet that ends the key was sent

	id     string
	invite message
	from   netip.AddrPort
	tag    string
	over   bool
	done   chan struct{} // closed when it is over
	sound  *stamped
}

func newPhones(port int, habit func(user string) habit) (*phones, error) {
	c, err := listenStamped(port)
	if err != nil {
		return nil, err
	}
	_ = c.SetReadBuffer(8 << 20) // as much as the system allows
	p := &phones{sip: c, habit: habit, calls: map[string]*ring{}, come: make(chan *ring, 1<<16)}
	p.wg.Go(p.listen)
	return p, nil
}

func (p *phones) close() {
	p.sip.Close()
	p.mu.Lock()
	for _, r := range p.rings {
		p.hangUp(r)
	}
	p.mu.Unlock()
	p.wg.Wait()
}

func (p *phones) addr() string { return p.sip.LocalAddr().String() }

// uri is the address of somebody.
func (p *phones) uri(user string) string { return "sip:" + user + "@" + p.addr() }

// forget lets a new measurement begin.
func (p *phones) forget() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.rings, p.most = nil, p.live
	maps.DeleteFunc(p.calls, func(_ string, r *ring) bool { return r.over })
	for len(p.come) > 0 {
		<-p.come
	}
}

// seen is every call since forget.
func (p *phones) seen() []ring {
	p.mu.Lock()
	defer p.mu.Unlock()
	var out []ring
	for _, r := range p.rings {
		out = append(out, *r)
	}
	return out
}

// busy tells whether somebody is rung or talks.
func (p *phones) busy(user string) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, r := range p.calls {
		if r.user == user && !r.over {
			return true
		}
	}
	return false
}

func (p *phones) listen() {
	buf := make([]byte, 65535)
	for {
		n, from, at, err := p.sip.receive(buf)
		if err != nil {
			return
		}
		m := readMessage(string(buf[:n]))
		p.mu.Lock()
		p.take(m, from, at)
		p.mu.Unlock()
	}
}

func (p *phones) take(m message, from netip.AddrPort, at time.Time) {
	r := p.calls[m.get("Call-ID")]
	switch m.method() {
	case "INVITE":
		if r == nil {
			p.begin(m, from, at)
		}
	case "ACK", "":
	case "CANCEL":
		p.reply(m, from, "200 OK", "", "")
		if r != nil && r.answered.IsZero() && !r.over {
			r.canceled = at
			p.reply(r.invite, r.from, "487 Request Terminated", r.tag, "")
			p.hangUp(r)
		}
	case "BYE":
		p.reply(m, from, "200 OK", "", "")
		if r != nil {
			r.left = at
			p.hangUp(r)
		}
	default:
		p.reply(m, from, "200 OK", "", "")
	}
}

func (p *phones) begin(m message, from netip.AddrPort, at time.Time) {
	r := &ring{user: m.user(), invited: at, invite: m, from: from, id: m.get("Call-ID"), tag: fmt.Sprintf("p%d", at.UnixNano()), done: make(chan struct{})}
	p.calls[r.id] = r
	p.rings = append(p.rings, r)
	p.live++
	p.most = max(p.most, p.live)
	h := p.habit(r.user)
	switch {
	case h.refuse != "" && h.after == 0:
		p.refuse(r, h)
	case h.answer && h.after == 0:
		p.answer(r, h)
	default:
		p.reply(m, from, "180 Ringing", r.tag, "")
		if h.refuse != "" || h.answer {
			time.AfterFunc(h.after, func() {
				p.mu.Lock()
				defer p.mu.Unlock()
				switch {
				case r.over:
				case h.answer:
					p.answer(r, h)
				default:
					p.refuse(r, h)
				}
			})
		}
	}
	p.come <- r
}

func (p *phones) refuse(r *ring, h habit) {
	p.hangUp(r)
	r.refused = time.Now()
	p.reply(r.invite, r.from, h.refuse, r.tag, "")
}

// hangUp closes the books on a call.
func (p *phones) hangUp(r *ring) {
	if r.over {
		return
	}
	r.over = true
	p.live--
	if r.sound != nil {
		r.sound.Close()
	}
	close(r.done)
}

func (p *phones) answer(r *ring, h habit) {
	theirs, event, ok := r.invite.sound()
	s, err := listenStamped(0)
	if !ok || err != nil {
		p.refuse(r, habit{refuse: "488 Not Acceptable Here"})
		return
	}
	r.sound = s
	p.wg.Go(func() { p.hear(r, s) })
	port := s.LocalAddr().(interface{ AddrPort() netip.AddrPort }).AddrPort().Port()
	r.answered = time.Now()
	p.reply(r.invite, r.from, "200 OK", r.tag, fmt.Sprintf("v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\n"+
		"m=audio %d RTP/AVP 0 %d\r\na=rtpmap:0 PCMU/8000\r\na=rtpmap:%d telephone-event/8000\r\na=fmtp:%d 0-15\r\na=ptime:20\r\n", port, event, event, event))
	if h.press > 0 {
		p.wg.Go(func() { p.press(r, s, theirs, event, h.press) })
	}
}

// hear waits for the first sound, and then for the first word.
func (p *phones) hear(r *ring, s *stamped) {
	buf := make([]byte, 2048)
	for {
		n, _, at, err := s.receive(buf)
		if err != nil {
			return
		}
		if n <= 12 || buf[1]&0x7f != 0 {
			continue
		}
		loud := isLoud(buf[12:n])
		p.mu.Lock()
		if r.firstRTP.IsZero() {
			r.firstRTP = at
		}
		if loud && r.loud.IsZero() {
			r.loud = at
		}
		p.mu.Unlock()
	}
}

// isLoud tells a µ-law frame in which somebody speaks from one of silence: a sample of a hundredth of full
// scale is no noise of coding.
func isLoud(frame []byte) bool {
	for _, b := range frame {
		// The complement of a µ-law byte holds segment and step; 0x18 is ±327 of 32,767.
		if ^b&0x7f > 0x18 {
			return true
		}
	}
	return false
}

// press sends key 1 as RFC 4733 has it: growing events every 20 ms, and the end three times.
func (p *phones) press(r *ring, s *stamped, to netip.AddrPort, event int, after time.Duration) {
	time.Sleep(after)
	pkt := []byte{0x80, byte(event), 0, 0, 0, 0, 1, 0, 0, 0, 0, 1, 1, 10, 0, 0}
	for i := range 8 {
		pkt[1] = byte(event)
		if i == 0 {
			pkt[1] |= 0x80
		}
		pkt[3] = byte(i)
		length := min(i+1, 6) * 160
		pkt[14], pkt[15] = byte(length>>8), byte(length)
		if i >= 5 {
			pkt[13] = 0x80 | 10
		}
		if i == 5 {
			p.mu.Lock()
			r.pressed = time.Now()
			p.mu.Unlock()
		}
		if _, err := s.WriteToUDPAddrPort(pkt, to); err != nil {
			return // they hung up
		}
		time.Sleep(20 * time.Millisecond)
	}
}

// reply sends a response; a lost one is sent again when the request comes again, which loopback never needs.
func (p *phones) reply(m message, to netip.AddrPort, status, tag, sdp string) {
	var b strings.Builder
	fmt.Fprintf(&b, "SIP/2.0 %s\r\n", status)
	for _, name := range []string{"Via", "Record-Route"} {
		for _, v := range m.all(name) {
			fmt.Fprintf(&b, "%s: %s\r\n", name, v)
		}
	}
	callee := m.get("To")
	if tag != "" && !strings.Contains(callee, ";tag=") {
		callee += ";tag=" + tag
	}
	fmt.Fprintf(&b, "From: %s\r\nTo: %s\r\nCall-ID: %s\r\nCSeq: %s\r\nContact: <sip:%s@%s>\r\n",
		m.get("From"), callee, m.get("Call-ID"), m.get("CSeq"), m.user(), p.addr())
	if sdp != "" {
		b.WriteString("Content-Type: application/sdp\r\n")
	}
	fmt.Fprintf(&b, "Content-Length: %d\r\n\r\n%s", len(sdp), sdp)
	_, _ = p.sip.WriteToUDPAddrPort([]byte(b.String()), to) // the socket is closed at the end of a measurement
}

// message is a SIP message, cut at its lines.
type message struct {
	first string
	lines []string
	body  string
}

func readMessage(text string) message {
	head, body, _ := strings.Cut(text, "\r\n\r\n")
	lines := strings.Split(head, "\r\n")
	return message{lines[0], lines[1:], body}
}

func (m message) all(name string) (values []string) {
	for _, l := range m.lines {
		if n, v, ok := strings.Cut(l, ":"); ok && strings.EqualFold(strings.TrimSpace(n), name) {
			values = append(values, strings.TrimSpace(v))
		}
	}
	return values
}

func (m message) get(name string) string {
	if all := m.all(name); len(all) > 0 {
		return all[0]
	}
	return ""
}

// method is that of a request; a response has none.
func (m message) method() string {
	word, _, _ := strings.Cut(m.first, " ")
	if strings.HasPrefix(word, "SIP/") {
		return ""
	}
	return word
}

func (m message) user() string {
	_, u, _ := strings.Cut(m.first, "sip:")
	u, _, _ = strings.Cut(u, "@")
	return u
}

// sound is where the caller wants it, and the payload type of keys.
func (m message) sound() (to netip.AddrPort, event int, ok bool) {
	event = 101
	var ip netip.Addr
	port := 0
	for line := range strings.Lines(m.body) {
		line = strings.TrimSpace(line)
		switch {
		case strings.HasPrefix(line, "c=IN IP4 "):
			ip, _ = netip.ParseAddr(strings.TrimPrefix(line, "c=IN IP4 "))
		case strings.HasPrefix(line, "m=audio "):
			if f := strings.Fields(line); len(f) > 1 {
				port, _ = strconv.Atoi(f[1])
			}
		case strings.HasSuffix(line, " telephone-event/8000"):
			t, _, _ := strings.Cut(strings.TrimPrefix(line, "a=rtpmap:"), " ")
			if n, err := strconv.Atoi(t); err == nil {
				event = n
			}
		}
	}
	return netip.AddrPortFrom(ip, uint16(port)), event, ip.IsValid() && port > 0
}
