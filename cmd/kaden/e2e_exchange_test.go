package main_test

import (
	"cmp"
	"crypto/rand"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"maps"
	"net"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/kaden-project/kaden/media"
)

// exchange is a telephone exchange with a subscriber behind every name: it takes calls over UDP, each
// subscriber does what was agreed, and it keeps book of every dialog, so that a call of kaden's which
// nobody ended is found. It reads and writes SIP as text and shares no code with kaden but the bytes of
// a key.
type exchange struct {
	t      testing.TB
	conn   *net.UDPConn
	habit  func(user string, nth int) habit
	asks   bool                     // for a password, any: a call begins with 407
	named  func(user string) string // who has a number, for the book; nil: the name itself
	room   int                      // calls at a time; 0 is without limit
	pace   time.Duration            // least time between calls, but for what a busy machine makes of it (inTime)
	grants int                      // seconds of a registration; 0 is an hour
	knows  string                   // whoever registers is asked for a password, and let in under this name; "": everybody is

	mu     sync.Mutex
	calls  []*dialog
	byID   map[string]*dialog // Call-ID and number of the INVITE
	seen   map[string]int     // calls per user
	first  time.Time          // of a packet since the last look
	signed []sipText          // every REGISTER
	bound  []string           // contacts that are registered, <sip:…>, the latest last
	crowd  int                // most of them at a time
	wg     sync.WaitGroup
	shut   chan struct{}
}

// habit is what a subscriber does with one call. The zero habit is a phone that rings and rings.
type habit struct {
	silent bool          // nothing but 100
	mute   bool          // not even that
	ring   time.Duration // until 180
	refuse string        // the refusal, as "486 Busy Here", after ring
	answer time.Duration // after the ringing began; 0 is never
	press  string        // this key, or these one after another …
	after  time.Duration // … so long after the answer, or after one another
	word   bool          // then 5, to leave a word, and speaks for a while after the tone
	hangUp time.Duration // so long after the answer; 0 is never
	cross  bool          // answers a CANCEL with 200 to the INVITE
	twice  bool          // the answer comes from two phones

	early func() media.Source // 183 with this sound in the place of 180
	plays func() media.Source // this is heard after the answer
}

// dialog is one call to a subscriber, as the exchange sees it.
type dialog struct {
	user   string
	callID string
	invite sipText
	tag    string
	rtp    netip.AddrPort
	remote netip.AddrPort
	begun  time.Time
	state  dialogState
	mute   bool
	cross  bool
	second string // what became of a second answer
	how    string // it ended
	ended  time.Time
	acked  chan struct{}
	over   chan struct{}
}

type dialogState int

const (
	calling dialogState = iota
	talking             // 200 was sent
	ended
)

// sipText is a SIP message, cut at its lines.
type sipText struct {
	first string
	lines []string
	body  string
}

func readSIP(raw string) (m sipText) {
	head, body, _ := strings.Cut(raw, "\r\n\r\n")
	lines := strings.Split(head, "\r\n")
	return sipText{lines[0], lines[1:], body}
}

func (m sipText) get(name string) string {
	for _, l := range m.lines {
		if n, v, ok := strings.Cut(l, ":"); ok && strings.EqualFold(strings.TrimSpace(n), name) {
			return strings.TrimSpace(v)
		}
	}
	return ""
}

func (m sipText) method() string {
	w, _, _ := strings.Cut(m.first, " ")
	return w
}

func (m sipText) user() string {
	_, u, _ := strings.Cut(m.first, "sip:")
	u, _, _ = strings.Cut(u, "@")
	return u
}

// number is the one in CSeq, which CANCEL and ACK have in common with their INVITE.
func (m sipText) number() string {
	n, _, _ := strings.Cut(m.get("CSeq"), " ")
	return n
}

func newExchange(t testing.TB, habit func(user string, nth int) habit) *exchange {
	t.Helper()
	c, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1), Port: freePort(t)})
	if err != nil {
		t.Fatal(err)
	}
	x := &exchange{t: t, conn: c, habit: habit, byID: map[string]*dialog{}, seen: map[string]int{}, shut: make(chan struct{})}
	x.wg.Go(x.listen)
	t.Cleanup(func() {
		close(x.shut)
		c.Close()
		x.wg.Wait()
	})
	return x
}

func (x *exchange) addr() string { return x.conn.LocalAddr().String() }

// address is that of a subscriber.
func (x *exchange) address(user string) string { return "sip:" + user + "@" + x.addr() }

func (x *exchange) listen() {
	buf := make([]byte, 65535)
	for {
		n, from, err := x.conn.ReadFromUDPAddrPort(buf)
		if err != nil {
			return
		}
		m := readSIP(string(buf[:n]))
		x.mu.Lock()
		if x.first.IsZero() {
			x.first = time.Now()
		}
		x.takes(m, netip.AddrPortFrom(from.Addr().Unmap(), from.Port()))
		x.mu.Unlock()
	}
}

// takes answers what an exchange answers.
func (x *exchange) takes(m sipText, from netip.AddrPort) {
	id := m.get("Call-ID")
	d := x.byID[id+" "+m.number()]
	switch m.method() {
	case "INVITE":
		switch {
		case d == nil && x.asks && m.get("Proxy-Authorization") == "":
			x.reply(m, from, "407 Proxy Authentication Required\r\nProxy-Authenticate: Digest realm=\"exchange\", nonce=\"5d\", qop=\"auth\"", "asks", "")
		case d == nil:
			x.begin(m, from)
		case d.state == calling && !d.mute:
			x.reply(d.invite, d.remote, "100 Trying", "", "")
		}
	case "ACK":
		if d != nil {
			d.acknowledge()
		}
	case "CANCEL":
		if d == nil {
			x.reply(m, from, "481 Call/Transaction Does Not Exist", "", "")
			return
		}
		x.reply(m, from, "200 OK", d.tag, "")
		if d.state == calling && d.cross {
			d.state = talking
			x.reply(d.invite, d.remote, "200 OK", d.tag, someSDP(d.rtp.Port()+2))
		}
		if d.state == calling {
			x.reply(d.invite, d.remote, "487 Request Terminated", d.tag, "")
			d.end("cancelled")
		}
	case "BYE":
		for _, d := range x.calls {
			if d.callID == id && d.second != "" && strings.Contains(m.get("To"), "tag="+d.tag+secondTag) {
				x.reply(m, from, "200 OK", "", "")
				d.second = "hung up"
				return
			}
			if d.callID == id && d.state == talking {
				x.reply(m, from, "200 OK", "", "")
				d.end("hung up")
				return
			}
		}
		x.reply(m, from, "481 Call/Transaction Does Not Exist", "", "")
	case "REGISTER":
		x.signed = append(x.signed, m)
		if x.knows != "" && !strings.Contains(m.get("Authorization"), `username="`+x.knows+`"`) {
			x.reply(m, from, "401 Unauthorized\r\nWWW-Authenticate: Digest realm=\"exchange\", nonce=\"5d\", qop=\"auth\"", "asks", "")
			return
		}
		x.reply(m, from, "200 OK"+x.registers(m), "signs", "")
	case "SIP/2.0": // the answer to our BYE
	default:
		x.reply(m, from, "200 OK", "", "")
	}
}

// registers keeps the contacts of a REGISTER, as many as there are (RFC 3261 section 10.3), and lists all that it has.
func (x *exchange) registers(m sipText) (lines string) {
	for _, l := range m.lines {
		value, is := strings.CutPrefix(l, "Contact: ")
		if !is {
			continue
		}
		for c := range strings.SplitSeq(value, ", ") {
			uri, params, _ := strings.Cut(c, ">")
			uri += ">"
			x.bound = slices.DeleteFunc(x.bound, func(b string) bool { return b == uri })
			if !strings.Contains(params, "expires=0") {
				x.bound = append(x.bound, uri)
			}
		}
	}
	x.crowd = max(x.crowd, len(x.bound))
	for _, c := range x.bound {
		lines += fmt.Sprintf("\r\nContact: %s;expires=%d", c, cmp.Or(x.grants, 3600))
	}
	return lines
}

// is changes how the exchange behaves, which reads that at any time.
func (x *exchange) is(f func()) {
	x.mu.Lock()
	defer x.mu.Unlock()
	f()
}

func (d *dialog) acknowledge() {
	select {
	case <-d.acked:
	default:
		close(d.acked)
	}
}

func (d *dialog) end(how string) {
	if d.state != ended {
		d.state, d.how, d.ended = ended, how, time.Now()
		close(d.over)
	}
}

// begin is a new call to a subscriber, who now does what is their habit.
func (x *exchange) begin(m sipText, from netip.AddrPort) {
	var b [6]byte
	rand.Read(b[:])
	d := &dialog{
		user: m.user(), callID: m.get("Call-ID"), invite: m, tag: hex.EncodeToString(b[:]), remote: from, begun: time.Now(),
		acked: make(chan struct{}), over: make(chan struct{}), rtp: soundOf(m.body),
	}
	up, soon := 0, false
	for _, other := range x.calls {
		if other.state != ended {
			up++
		}
		soon = soon || other.how != tooSoon && d.begun.Sub(other.begun) < x.pace-inTime
	}
	x.calls = append(x.calls, d)
	x.byID[d.callID+" "+m.number()] = d
	h := x.habit(d.user, x.seen[d.user])
	x.seen[d.user]++
	if x.room > 0 && up >= x.room {
		x.reply(m, from, "503 Service Unavailable", d.tag, "")
		d.end(noRoom)
		return
	}
	if soon {
		x.reply(m, from, "503 Service Unavailable", d.tag, "")
		d.end(tooSoon)
		return
	}
	d.cross = h.cross
	if d.mute = h.mute; d.mute {
		return
	}
	x.reply(m, from, "100 Trying", "", "")
	x.wg.Go(func() { x.lives(d, h) })
}

func (x *exchange) lives(d *dialog, h habit) {
	if h.silent || !x.pass(d, h.ring) {
		return
	}
	if h.refuse != "" {
		x.says(d, h.refuse, "", func() { d.end(h.refuse) })
		return
	}
	if h.early != nil {
		x.playsEarly(d, h.early())
		return
	}
	x.says(d, "180 Ringing", "", nil)
	if h.answer == 0 || !x.pass(d, h.answer) {
		return
	}
	sound, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		x.t.Error(err)
		return
	}
	defer sound.Close()
	port := sound.LocalAddr().(*net.UDPAddr).Port
	sdp := someSDP(uint16(port))
	x.says(d, "200 OK", sdp, func() {
		d.state = talking
		if h.twice {
			d.second = "up"
			x.reply(d.invite, d.remote, "200 OK", d.tag+secondTag, sdp)
		}
	})
	if !x.confirmed(d, sdp) {
		return
	}
	if h.plays != nil {
		x.plays(d, sound, h.plays())
		return
	}
	for _, key := range h.press {
		if x.pass(d, h.after) {
			press(sound, d.rtp, string(key))
		}
	}
	if h.word && x.pass(d, 4*time.Second) {
		press(sound, d.rtp, "5")
		if x.pass(d, 4*time.Second) {
			speak(sound, d.rtp, 3*time.Second)
		}
	}
	if h.hangUp > 0 && x.pass(d, h.hangUp) {
		x.bye(d, "the subscriber hung up")
		return
	}
	select {
	case <-d.over:
	case <-x.shut:
	}
}

// secondTag follows the tag of a call's answer in its second one.
const secondTag = "-2"

// someSDP wants sound at a port of this machine.
func someSDP(port uint16) string {
	return fmt.Sprintf("v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\nm=audio %d RTP/AVP 0 101\r\n"+
		"a=rtpmap:0 PCMU/8000\r\na=rtpmap:101 telephone-event/8000\r\na=fmtp:101 0-15\r\n", port)
}

// pass lets time go by; false when the call was over before.
func (x *exchange) pass(d *dialog, wait time.Duration) bool {
	select {
	case <-time.After(wait):
		return true
	case <-d.over:
	case <-x.shut:
	}
	return false
}

// confirmed says the 200 again until it is acknowledged (RFC 3261 13.3.1.4). After 32 s the exchange
// ends the call itself, and how it ended tells that kaden did not.
func (x *exchange) confirmed(d *dialog, sdp string) bool {
	end := time.After(32 * time.Second)
	for wait := 500 * time.Millisecond; ; wait = min(2*wait, 4*time.Second) {
		select {
		case <-d.acked:
			return true
		case <-d.over:
			return false
		case <-x.shut:
			return false
		case <-time.After(wait):
			x.says(d, "200 OK", sdp, nil)
		case <-end:
			x.bye(d, givenUp)
			return false
		}
	}
}

// says answers the INVITE, if the call is not over; then is done in the same breath.
func (x *exchange) says(d *dialog, status, sdp string, then func()) {
	x.mu.Lock()
	defer x.mu.Unlock()
	if d.state == ended {
		return
	}
	x.reply(d.invite, d.remote, status, d.tag, sdp)
	if then != nil {
		then()
	}
}

// noRoom is how calls end for which there was no channel.
const noRoom = "no channel was free"

// tooSoon is how calls end that came faster than the exchange takes them, by more than inTime.
const (
	tooSoon = "it came too soon"
	inTime  = 20 * time.Millisecond
)

// givenUp is how calls end that were answered and never acknowledged.
const givenUp = "never acknowledged"

// bye hangs up.
func (x *exchange) bye(d *dialog, how string) {
	x.mu.Lock()
	defer x.mu.Unlock()
	if d.state == ended {
		return
	}
	target := strings.Trim(strings.SplitN(d.invite.get("Contact"), ">", 2)[0], "<")
	from := d.invite.get("To") + ";tag=" + d.tag
	text := "BYE " + target + " SIP/2.0\r\nVia: SIP/2.0/UDP " + x.addr() + ";branch=z9hG4bK" + d.tag + "bye\r\nMax-Forwards: 70\r\n" +
		"From: " + from + "\r\nTo: " + d.invite.get("From") + "\r\nCall-ID: " + d.callID + "\r\nCSeq: 1 BYE\r\nContent-Length: 0\r\n\r\n"
	x.conn.WriteToUDPAddrPort([]byte(text), d.remote)
	d.end(how)
}

func (x *exchange) reply(m sipText, to netip.AddrPort, status, tag, sdp string) {
	var b strings.Builder
	b.WriteString("SIP/2.0 " + status + "\r\n")
	for _, l := range m.lines {
		name, _, _ := strings.Cut(l, ":")
		switch strings.ToLower(strings.TrimSpace(name)) {
		case "via", "from", "call-id", "cseq", "record-route":
			b.WriteString(l + "\r\n")
		case "to":
			if tag != "" && !strings.Contains(l, ";tag=") {
				l += ";tag=" + tag
			}
			b.WriteString(l + "\r\n")
		}
	}
	b.WriteString("Contact: <sip:exchange@" + x.addr() + ">\r\n")
	if sdp != "" {
		b.WriteString("Content-Type: application/sdp\r\n")
	}
	fmt.Fprintf(&b, "Content-Length: %d\r\n\r\n%s", len(sdp), sdp)
	x.conn.WriteToUDPAddrPort([]byte(b.String()), to)
}

// soundOf is where an offer wants its RTP.
func soundOf(sdp string) netip.AddrPort {
	var host string
	var port uint16
	for l := range strings.SplitSeq(sdp, "\r\n") {
		fmt.Sscanf(l, "c=IN IP4 %s", &host)
		fmt.Sscanf(l, "m=audio %d ", &port)
	}
	ip, _ := netip.ParseAddr(host)
	return netip.AddrPortFrom(ip, port)
}

// press sends a key as a telephone does (RFC 4733): it grows for 100 ms, and its end is said three times.
func press(from *net.UDPConn, to netip.AddrPort, key string) {
	event := byte(strings.IndexByte(media.Digits, key[0]))
	for i := range 8 {
		d := media.DigitPacket{Event: event, Volume: 10, End: i >= 5, Duration: uint16(160 * min(i+1, 5))}
		b := make([]byte, 12)
		b[0], b[1] = 0x80, 101
		if i == 0 {
			b[1] |= 0x80
		}
		binary.BigEndian.PutUint16(b[2:], uint16(100+i))
		binary.BigEndian.PutUint32(b[4:], 160000)
		binary.BigEndian.PutUint32(b[8:], 0x6b616465)
		from.WriteToUDPAddrPort(d.Append(b), to)
		time.Sleep(media.Period) // the pace of the packets
	}
}

// speak sends something that is loud and no tone of a telephone, as PCMU.
func speak(from *net.UDPConn, to netip.AddrPort, lasts time.Duration) {
	var f media.Frame
	for i := range int(lasts / media.Period) {
		src := media.Tone(media.Period, -12, 300+float64(i%40)*13)
		src.Read(&f)
		b := make([]byte, 12+media.Samples)
		b[0] = 0x80
		binary.BigEndian.PutUint16(b[2:], uint16(1000+i))
		binary.BigEndian.PutUint32(b[4:], uint32(200000+160*i))
		binary.BigEndian.PutUint32(b[8:], 0x6b616465)
		media.PCMU.Encode(b[12:], &f)
		from.WriteToUDPAddrPort(b, to)
		time.Sleep(media.Period) // the pace of the packets
	}
}

// calledAt is when the calls to a user came in.
func (x *exchange) calledAt(user string) (at []time.Time) {
	x.mu.Lock()
	defer x.mu.Unlock()
	for _, d := range x.calls {
		if d.user == user {
			at = append(at, d.begun)
		}
	}
	return at
}

// rung waits for the n-th call to a user, and says when it came.
func (x *exchange) rung(user string, n int) time.Time {
	x.t.Helper()
	eventually(x.t, patience, fmt.Sprintf("%s is called %d times", user, n), func() bool { return len(x.calledAt(user)) >= n })
	return x.calledAt(user)[n-1]
}

// open lists the calls that nobody has ended.
func (x *exchange) open() (open []string) {
	x.mu.Lock()
	defer x.mu.Unlock()
	for _, d := range x.calls {
		if d.state != ended {
			open = append(open, fmt.Sprintf("%s %s since %s", d.user, d.callID, d.begun.Format("15:04:05.000")))
		}
	}
	return open
}

// hows counts the ways in which calls ended.
func (x *exchange) hows() string {
	x.mu.Lock()
	defer x.mu.Unlock()
	how := map[string]int{}
	for _, d := range x.calls {
		if d.state == ended {
			how[d.how]++
		} else {
			how["open"]++
		}
	}
	var text []string
	for _, k := range slices.Sorted(maps.Keys(how)) {
		text = append(text, fmt.Sprintf("%s: %d", k, how[k]))
	}
	return strings.Join(text, ", ")
}

// forget lets firstPacket be that of what comes from now on.
func (x *exchange) forget() {
	x.mu.Lock()
	defer x.mu.Unlock()
	x.first = time.Time{}
}

// firstPacket is when the first packet came since the last forget, zero if none did.
func (x *exchange) firstPacket() time.Time {
	x.mu.Lock()
	defer x.mu.Unlock()
	return x.first
}
