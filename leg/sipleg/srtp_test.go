package sipleg

import (
	"bytes"
	"context"
	"encoding/binary"
	"net"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/kaden-project/kaden/leg"
	"github.com/kaden-project/kaden/media"
	"github.com/kaden-project/kaden/media/mediatest"
)

// ear keeps what it hears.
type ear struct{ samples chan media.Frame }

func newEar() ear { return ear{make(chan media.Frame, 4096)} }

func (e ear) Write(f *media.Frame) {
	select {
	case e.samples <- *f:
	default:
	}
}

// heard is all of the next d.
func (e ear) heard(d time.Duration) (all []int16) {
	for range int(d / media.Period) {
		f := <-e.samples
		all = append(all, f[:]...)
	}
	return all
}

func secretLine(at netip.AddrPort, m Manner) []Line {
	return []Line{{Name: "ntt", Server: at.String(), Manner: m}}
}

func TestEncryptedSoundBothWays(t *testing.T) {
	got := make(chan *Leg, 1)
	far := start(t, func(c *Config) { c.Incoming = func(l *Leg) { got <- l } })
	s := start(t, nil)
	s.SetLines(secretLine(far.Addr(), Manner{Secret: true}))
	l, err := s.Dial(t.Context(), leg.Target{URI: "sip:1@" + far.Addr().String(), Line: "ntt"}, leg.Options{})
	if err != nil {
		t.Fatal(err)
	}
	in := <-got
	here, there := newEar(), newEar()
	message := warble()
	l.Listen(here)
	in.Listen(there)
	in.Answer(t.Context())
	next(t, l, leg.Answered)
	next(t, in, leg.Answered)
	l.Play(message.Source())
	in.Play(message.Source())
	for name, e := range map[string]ear{"who called": here, "who was called": there} {
		if m := mediatest.Find(e.heard(3*time.Second), message.Samples()); m.Score < 0.8 {
			t.Errorf("%s has heard something else: score %.2f", name, m.Score)
		}
	}
	if err := in.SendDigits(t.Context(), "7"); err != nil {
		t.Fatal(err)
	}
	if e := next(t, l, leg.Digit); e.Digit != "7" {
		t.Errorf("key %s", e.Digit)
	}
	for _, side := range []leg.Tracer{l.(leg.Tracer), in} {
		for _, m := range side.Trace() {
			if strings.Contains(m.Text, "a=crypto:") && !strings.Contains(m.Text, "inline:(removed)\r\n") {
				t.Errorf("the trace keeps a key:\n%s", m.Text)
			}
			if strings.Contains(m.Text, "m=audio") && !strings.Contains(m.Text, " RTP/SAVP ") {
				t.Errorf("the sound is not encrypted:\n%s", m.Text)
			}
		}
	}
	l.Hangup(t.Context(), leg.Completed)
	ended(t, l, leg.Completed)
	ended(t, in, leg.HungUp)
}

func TestEncryptedSoundCannotBeReadOnTheWire(t *testing.T) {
	s, p := start(t, nil), newPeer(t)
	c, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	s.SetLines(secretLine(p.addr(), Manner{Secret: true}))
	l, invite := dialLine(t, s, p)
	offered := ""
	for line := range strings.SplitSeq(invite.body, "\r\n") {
		if v, is := strings.CutPrefix(line, "a=crypto:"); is {
			offered = v
		}
	}
	theirs, ok := readLock(offered)
	if !ok || theirs.suite != offeredSuite {
		t.Fatalf("the offer is\n%s", invite.body)
	}
	ours := newLock(theirs.tag, theirs.suite)
	secret := strings.Replace(sdpAt(c.LocalAddr().(*net.UDPAddr).Port, "a=crypto:"+ours.String()), "RTP/AVP", "RTP/SAVP", 1)
	p.replies(invite, "200 OK", "b", secret)
	p.hears("ACK")
	next(t, l, leg.Answered)
	b := make([]byte, 2000)
	c.SetReadDeadline(time.Now().Add(testPatience))
	n, _, err := c.ReadFromUDPAddrPort(b)
	if err != nil {
		t.Fatal(err)
	}
	silence := bytes.Repeat([]byte{media.PCMU.Silence()}, media.Samples)
	if bytes.Contains(b[:n], silence[:20]) || n != 12+media.Samples+10 {
		t.Errorf("%d bytes go in the clear", n)
	}
	g := guard{in: theirs.context()}
	if open := g.open(b[:n]); len(open) != 12+media.Samples || !bytes.Equal(open[12:], silence) {
		t.Errorf("the key does not fit: %d bytes", len(open))
	}
	b[n-1] ^= 1
	if g.open(b[:n]) != nil {
		t.Error("a packet that was changed on the way is heard")
	}
	l.Hangup(t.Context(), leg.Completed)
	p.replies(p.hears("BYE"), "200 OK", "", "")
	ended(t, l, leg.Completed)
}

func TestSoundThatIsNotAsAgreedEndsTheCall(t *testing.T) {
	key := newLock(1, offeredSuite).String()
	secret := strings.Replace(sdpAt(40000, "a=crypto:"+key), "RTP/AVP", "RTP/SAVP", 1)
	for _, c := range []struct {
		name   string
		manner Manner
		answer string
		words  string
	}{
		{"in the clear on a secret line", Manner{Secret: true}, sdpAt(40000), "in the clear"},
		{"encrypted where that was not offered", Manner{}, secret, "was not offered"},
		{"encrypted without a key", Manner{Secret: true}, strings.Replace(sdpAt(40000), "RTP/AVP", "RTP/SAVP", 1), "without a key"},
		{"another codec", Manner{Codecs: []media.Codec{media.PCMA}}, sdpAt(40000), "none of the codecs"},
	} {
		t.Run(c.name, func(t *testing.T) {
			s, p := start(t, quick), newPeer(t)
			s.SetLines(secretLine(p.addr(), c.manner))
			l, invite := dialLine(t, s, p)
			p.replies(invite, "200 OK", "b", c.answer)
			p.hears("ACK")
			p.replies(p.hears("BYE"), "200 OK", "", "")
			if e := ended(t, l, leg.Failed); !strings.Contains(e.Reason, c.words) {
				t.Errorf("the reason is %q", e.Reason)
			}
		})
	}
}

func TestACallerWhoseSoundIsEncrypted(t *testing.T) {
	p := newPeer(t)
	got := make(chan *Leg, 1)
	s := start(t, func(c *Config) { quick(c); c.Incoming = func(l *Leg) { got <- l } })
	key := newLock(3, "AES_CM_128_HMAC_SHA1_32").String()
	body := strings.Replace(sdpAt(40000, "a=crypto:1 F8_128_HMAC_SHA1_80 inline:x", "a=crypto:2 AES_CM_128_HMAC_SHA1_80 inline:"+strings.Repeat("A", 40)+"|1:4", "a=crypto:"+key), "RTP/AVP", "RTP/SAVP", 1)
	p.send(s.Addr(), newRequest(p.addr(), "INVITE", "sip:kaden@"+s.Addr().String(), "<sip:peer@127.0.0.1>;tag=a", "<sip:kaden@127.0.0.1>", fresh(8), 1, "", body))
	l := <-got
	l.Answer(t.Context())
	ok := p.hearsAgain("SIP/2.0 200")
	if !strings.Contains(ok.body, "a=crypto:3 AES_CM_128_HMAC_SHA1_32 inline:") || !strings.Contains(ok.body, " RTP/SAVP 0 101\r\n") {
		t.Errorf("the answer is\n%s", ok.body)
	}
	p.inDialog(ok, "ACK", 1, "")
	next(t, l, leg.Answered)
	p.inDialog(ok, "INVITE", 2, body) // nothing new: our key stays
	again := p.hearsAnswer("200", 2)
	if keyIn(again.body) != keyIn(ok.body) || keyIn(ok.body) == "" {
		t.Errorf("our key has changed from %s to %s", keyIn(ok.body), keyIn(again.body))
	}
	p.inDialog(again, "ACK", 2, "")
	p.inDialog(ok, "BYE", 3, "")
	ended(t, l, leg.HungUp)
}

func keyIn(body string) string {
	_, key, _ := strings.Cut(body, "inline:")
	key, _, _ = strings.Cut(key, "\r\n")
	return key
}

func TestSoftphoneWithEncryptedSound(t *testing.T) {
	p := newSoftphone(t, ";mediaenc=srtp-mand")
	s := start(t, nil)
	s.SetLines([]Line{{Name: "ntt", Server: "127.0.0.1", Manner: Manner{Secret: true}}})
	softphoneAnswers(t, s, p, leg.Target{URI: p.uri, From: "+815012345678", Line: "ntt"})
}

func TestALineOffersItsOwnSound(t *testing.T) {
	s, p := start(t, quick), newPeer(t)
	s.SetLines(secretLine(p.addr(), Manner{Codecs: []media.Codec{media.PCMA}, DTMF: 96}))
	l, invite := dialLine(t, s, p)
	if !strings.Contains(invite.body, " RTP/AVP 8 96\r\na=rtpmap:8 PCMA/8000\r\na=rtpmap:96 telephone-event/8000\r\n") {
		t.Errorf("the offer is\n%s", invite.body)
	}
	rtp, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		t.Fatal(err)
	}
	defer rtp.Close()
	// The far end's number for keys is another one than ours, which it may be (RFC 3264 section 5.1).
	answer := strings.NewReplacer("RTP/AVP 0 101", "RTP/AVP 8 110", "rtpmap:0 PCMU", "rtpmap:8 PCMA", "rtpmap:101", "rtpmap:110").Replace(sdpAt(rtp.LocalAddr().(*net.UDPAddr).Port))
	p.replies(invite, "200 OK", "b", answer)
	p.hears("ACK")
	next(t, l, leg.Answered)
	for i := range 6 {
		d := media.DigitPacket{Event: 5, End: i >= 3, Volume: 10, Duration: uint16(160 * (i + 1))}
		b := make([]byte, 12, 20)
		b[0], b[1], b[3] = 0x80, 96, byte(i)
		binary.BigEndian.PutUint32(b[4:], 1000)
		rtp.WriteToUDPAddrPort(d.Append(b), rtpOf(invite.body))
	}
	if e := next(t, l, leg.Digit); e.Digit != "5" {
		t.Errorf("key %s", e.Digit)
	}
	go l.SendDigits(context.Background(), "9")
	b := make([]byte, 200)
	rtp.SetReadDeadline(time.Now().Add(testPatience))
	for kind := byte(0); kind != 110; kind = b[1] & 0x7F {
		if _, err := rtp.Read(b); err != nil {
			t.Fatalf("no key with the payload type that the far end wants: %v", err)
		}
	}
	l.Hangup(t.Context(), leg.Completed)
	p.replies(p.hears("BYE"), "200 OK", "", "")
	ended(t, l, leg.Completed)
}

func FuzzReadLock(f *testing.F) {
	f.Add(newLock(1, offeredSuite).String())
	f.Add("1 AES_CM_128_HMAC_SHA1_80 inline:WVNfX19zZW1jdGwgKCkgewkyMjA7fQp9CnVubGVz|2^20|1:4 FEC_ORDER=FEC_SRTP")
	f.Fuzz(func(t *testing.T, s string) {
		if l, ok := readLock(s); ok {
			if again, ok := readLock(l.String()); !ok || again != l {
				t.Errorf("%q is read as %v and written as %v", s, l, again)
			}
		}
	})
}

// A far end that misses our first packets, as most do with early sound, still decrypts the others: their number has not
// come round meanwhile.
func TestOurSoundBeginsFarFromTheTurnOfItsNumber(t *testing.T) {
	for range 200 {
		if s := newSound(nil); s.seq >= 1<<15 {
			t.Fatalf("it begins with the number %d", s.seq)
		}
	}
}
