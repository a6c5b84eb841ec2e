package main_test

import (
	"bufio"
	"cmp"
	"crypto/md5"
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/kaden-project/kaden/timeline"
)

// handset registers by hand, over UDP, with whatever Contact it likes. It shares no code with kaden.
type handset struct {
	t    testing.TB
	conn net.Conn
	user string

	domain string // office.example.jp unless set
	body   string
	call   string
	cseq   int

	mu  sync.Mutex
	got []string
}

func newHandset(t testing.TB, s *server, user string) *handset {
	t.Helper()
	return newHandsetAt(t, here, local(s.sip), user)
}

// newHandsetAt is one that is somewhere else, at whoever listens to.
func newHandsetAt(t testing.TB, at spot, to, user string) *handset {
	t.Helper()
	c, err := at.dial("udp", to)
	if err != nil {
		t.Fatal(err)
	}
	h := &handset{t: t, conn: c, user: user, call: fmt.Sprintf("%x@handset", rand.Uint64())}
	done := make(chan struct{})
	go func() {
		defer close(done)
		b := make([]byte, 65535)
		for {
			n, err := c.Read(b)
			if err != nil {
				return
			}
			h.mu.Lock()
			h.got = append(h.got, string(b[:n]))
			h.mu.Unlock()
		}
	}()
	t.Cleanup(func() { c.Close(); <-done })
	return h
}

// becomes makes it another one, which has heard nothing: an answer that comes late was for the one before.
func (h *handset) becomes(user, call string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.user, h.call, h.cseq, h.got = user, call, 0, nil
}

// asks sends a request and returns the answer with its CSeq; "" if none comes within the limit.
func (h *handset) asks(limit time.Duration, method, uri string, headers ...string) string {
	h.cseq++
	domain := cmp.Or(h.domain, "office.example.jp")
	cseq := fmt.Sprintf("CSeq: %d %s\r\n", h.cseq, method)
	fmt.Fprintf(h.conn, "%s %s SIP/2.0\r\nVia: SIP/2.0/UDP 10.1.2.3:9;branch=z9hG4bK%x;rport\r\nMax-Forwards: 70\r\nFrom: <sip:%s@%s>;tag=1\r\nTo: <sip:%s@%s>\r\nCall-ID: %s\r\n%s%sContent-Length: %d\r\n\r\n%s",
		method, uri, rand.Uint64(), h.user, domain, h.user, domain, h.call, cseq, strings.Join(append(headers, ""), "\r\n"), len(h.body), h.body)
	answer := ""
	happens(h.t, limit, func() bool {
		h.mu.Lock()
		defer h.mu.Unlock()
		for _, m := range h.got {
			if strings.HasPrefix(m, "SIP/2.0 ") && strings.Contains(m, cseq) && strings.Contains(m, h.call) {
				answer = m
			}
		}
		return answer != ""
	})
	return answer
}

var nonceIn = regexp.MustCompile(`realm="([^"]+)", nonce="([^"]+)"`)

// proof answers a challenge (RFC 2617, MD5, qop=auth).
func proof(challenge, method, uri, user, password string) string {
	m := nonceIn.FindStringSubmatch(challenge)
	if m == nil {
		return "Authorization: Digest none"
	}
	hash := func(s string) string { return fmt.Sprintf("%x", md5.Sum([]byte(s))) }
	response := hash(hash(user+":"+m[1]+":"+password) + ":" + m[2] + ":00000001:abc:auth:" + hash(method+":"+uri))
	return fmt.Sprintf(`Authorization: Digest username="%s", realm="%s", nonce="%s", uri="%s", qop=auth, nc=00000001, cnonce="abc", algorithm=MD5, response="%s"`,
		user, m[1], m[2], uri, response)
}

const officeURI = "sip:office.example.jp"

// registers asks, answers the challenge, and returns the second answer.
func (h *handset) registers(password string, headers ...string) string {
	h.t.Helper()
	challenge := h.asks(patience, "REGISTER", officeURI, headers...)
	if !strings.HasPrefix(challenge, "SIP/2.0 401") {
		h.t.Fatalf("no challenge: %q", challenge)
	}
	return h.asks(patience, "REGISTER", officeURI, append(headers, proof(challenge, "REGISTER", officeURI, h.user, password))...)
}

// heard tells whether a request of a method has come.
func (h *handset) heard(method string) string {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, m := range h.got {
		if strings.HasPrefix(m, method+" ") {
			return m
		}
	}
	return ""
}

// A phone behind a router names an address that nobody outside can reach. It is called where its REGISTER came from,
// with the address that it gave; and is not called any more when its minute is over.
func TestAPhoneBehindANATIsCalledUntilItExpires(t *testing.T) {
	t.Parallel()
	s := serve(t)
	s.apply(
		officeDomain, phoneDocument("sato"),
		"person: sato\nlanguage: en-US\ncontacts: [sip:sato@office.example.jp]",
		"plan: default\nsteps:\n  - call: [sato]\n    ring: 5s\n",
	)
	h := newHandset(t, s, "sato")
	if a := h.registers(secretSato, "Contact: <sip:sato@10.1.2.3:5062>;expires=30"); !strings.HasPrefix(a, "SIP/2.0 423") || !strings.Contains(a, "Min-Expires: 60") {
		t.Fatalf("half a minute: %s", a)
	}
	a := h.registers(secretSato, "Contact: <sip:sato@10.1.2.3:5062>", "Expires: 60")
	begun := time.Now()
	if !strings.HasPrefix(a, "SIP/2.0 200") || !strings.Contains(a, "Contact: <sip:sato@10.1.2.3:5062>;expires=60") || !strings.Contains(a, "received=127.0.0.1") {
		t.Fatalf("%s", a)
	}
	s.untilRegistered("sato", 1)
	id := s.alarm("disk full on db01")
	eventually(t, patience, "the INVITE comes the way back", func() bool { return strings.HasPrefix(h.heard("INVITE"), "INVITE sip:sato@10.1.2.3:5062 SIP/2.0") })
	eventually(t, 2*time.Minute, "the phone has expired", func() bool { return s.registered()["sato@office.example.jp"] == 0 })
	if after := time.Since(begun); after < 59*time.Second {
		t.Errorf("it has expired after %v", after)
	}
	eventually(t, patience, "the first call-out is over", func() bool { return s.night(id).Status != "stored" })
	id = s.alarm("fan stopped on db02")
	eventually(t, patience, "the attempt is unreachable", func() bool {
		n := s.night(id)
		return len(n.Attempts) > 0 && n.Attempts[0].Status == "unreachable"
	})
	if n := s.night(id); n.count(timeline.AttemptRinging, "sato") != 0 {
		t.Errorf("nobody was there, and it rang:\n%s", n)
	}
}

// Thousands of wrong passwords come in from one address, with REGISTER and INVITE. Few are answered, and a phone with the right
// one registers and calls meanwhile, from that very address.
func TestAFloodOfWrongPasswords(t *testing.T) {
	t.Parallel()
	s := serve(t)
	s.apply(officeDomain, phoneDocument("sato"), phoneDocument("suzuki"))
	attacker := newHandset(t, s, "sato")
	challenge := attacker.asks(patience, "REGISTER", officeURI)
	stop := make(chan struct{})
	over := make(chan struct{})
	var sent atomic.Int64
	go func() {
		defer close(over)
		for {
			select {
			case <-stop:
				return
			default:
			}
			n := int(sent.Add(1))
			method := []string{"REGISTER", "INVITE"}[n%2]
			fmt.Fprintf(attacker.conn, "%[1]s %[2]s SIP/2.0\r\nVia: SIP/2.0/UDP 127.0.0.1:9;branch=z9hG4bK%[3]x;rport\r\nMax-Forwards: 70\r\nFrom: <sip:sato@office.example.jp>;tag=1\r\nTo: <sip:sato@office.example.jp>\r\nCall-ID: %[4]d@flood\r\nCSeq: 1 %[1]s\r\nContact: <sip:evil@198.51.100.66>\r\n%[5]s\r\nContent-Length: 0\r\n\r\n",
				method, officeURI, rand.Uint64(), n, proof(challenge, method, officeURI, "sato", strconv.Itoa(n)))
			if n%20 == 0 {
				time.Sleep(10 * time.Millisecond) // 2,000 a second: the rate of the attack, and no waiting for anything
			}
		}
	}()
	suzuki := newRegistering(t, s, "suzuki", secretSato, 60)
	s.untilRegistered("suzuki", 1)
	eventually(t, patience, "ten are answered", func() bool { return attacker.count("SIP/2.0 403") >= 10 && sent.Load() > 2000 })
	if register, invite := attacker.refusals(); register == 0 || invite == 0 {
		t.Errorf("of the guesses %d REGISTER and %d INVITE were refused, want some of each", register, invite)
	}
	suzuki.does("dial", "sip:suzuki@office.example.jp") // itself: kaden challenges, lets in, and rings it
	suzuki.rings()
	close(stop)
	<-over
	register, invite := attacker.refusals()
	answered := register + invite
	t.Logf("%d of %d guesses were answered", answered, sent.Load())
	if answered > 20 {
		t.Errorf("%d of %d guesses were answered", answered, sent.Load())
	}
	if got := s.registered()["sato@office.example.jp"]; got != 0 {
		t.Errorf("sato has %d contacts", got)
	}
}

// refusals are how many requests of a kind were answered with 403, however often that was said.
func (h *handset) refusals() (register, invite int) {
	h.mu.Lock()
	defer h.mu.Unlock()
	seen := map[string]bool{}
	for _, raw := range h.got {
		m := readSIP(raw)
		if id := m.get("Call-ID"); strings.HasPrefix(m.first, "SIP/2.0 403") && !seen[id] {
			seen[id] = true
			if strings.HasSuffix(m.get("CSeq"), "INVITE") {
				invite++
			} else {
				register++
			}
		}
	}
	return register, invite
}

func (h *handset) count(prefix string) (n int) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, m := range h.got {
		if strings.HasPrefix(m, prefix) {
			n++
		}
	}
	return n
}

// What 5,000 registered phones cost: the whole process, from outside.
func TestFiveThousandPhones(t *testing.T) {
	if testing.Short() {
		t.Skip("skipped: -short")
	}
	const phones, most = 5000, 20 << 10
	s := serve(t)
	docs := []string{officeDomain}
	for i := range phones {
		docs = append(docs, phoneDocument(fmt.Sprintf("phone%d", i)))
	}
	s.apply(docs...)
	before := memory(t, s)
	begun := time.Now()
	var all sync.WaitGroup
	turns := make(chan int)
	for range 20 {
		all.Go(func() {
			h := newHandset(t, s, "")
			for n := range turns {
				h.becomes(fmt.Sprintf("phone%d", n), fmt.Sprintf("%d@phones", n))
				if a := h.registers(secretSato, fmt.Sprintf("Contact: <sip:%s@10.1.%d.%d:5060>", h.user, n>>8, n&255), "User-Agent: A Desk Phone/1.2.3"); !strings.HasPrefix(a, "SIP/2.0 200") {
					t.Errorf("%s: %q", h.user, a)
				}
			}
		})
	}
	for n := range phones {
		turns <- n
	}
	close(turns)
	all.Wait()
	took := time.Since(begun)
	if n := len(s.registered()); n != phones {
		t.Errorf("%d are registered", n)
	}
	each := (memory(t, s) - before) / phones
	s.kill()
	s.start()
	s.ready()
	if n := len(s.registered()); n != phones {
		t.Errorf("%d are registered after a restart", n)
	}
	t.Logf("%d phones registered in %v (%.0f a second), %d bytes each", phones, took.Round(time.Millisecond), phones/took.Seconds(), each)
	if each > most {
		t.Errorf("a registered phone holds %d bytes, %d are allowed", each, most)
	}
}

// memory is what the server's process holds, by the kernel (PSS).
func memory(t testing.TB, s *server) int64 {
	t.Helper()
	f, err := os.Open(fmt.Sprintf("/proc/%d/smaps_rollup", s.cmd.Process.Pid))
	if err != nil {
		t.Skip("skipped: no /proc: " + err.Error())
	}
	defer f.Close()
	for lines := bufio.NewScanner(f); lines.Scan(); {
		if kb, ok := strings.CutPrefix(lines.Text(), "Pss:"); ok {
			n, _ := strconv.ParseInt(strings.Fields(kb)[0], 10, 64)
			return n << 10
		}
	}
	t.Fatal("no Pss")
	return 0
}
