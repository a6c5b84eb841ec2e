package sipleg

import (
	"encoding/binary"
	"math"
	"net"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/kaden-project/kaden/leg"
	"github.com/kaden-project/kaden/media"
)

// secretly is an offer or answer of encrypted sound.
func secretly(port int) string {
	return strings.Replace(sdpAt(port, "a=crypto:"+newLock(1, offeredSuite).String()), "RTP/AVP", "RTP/SAVP", 1)
}

func TestWhetherTheSoundOfAPhonesCallIsEncrypted(t *testing.T) {
	for _, c := range []struct {
		name    string
		encrypt leg.Encryption
		offer   string
		status  string
		sound   string
	}{
		{"nothing is said, in the clear", "", sdpAt(9), "200", "RTP/AVP 0"},
		{"nothing is said, encrypted", "", secretly(9), "200", "RTP/SAVP 0"},
		{"offered, in the clear", leg.Offered, sdpAt(9), "200", "RTP/AVP 0"},
		{"offered, encrypted", leg.Offered, secretly(9), "200", "RTP/SAVP 0"},
		{"required, in the clear", leg.Required, sdpAt(9), "488", ""},
		{"required, encrypted", leg.Required, secretly(9), "200", "RTP/SAVP 0"},
		{"off, encrypted", leg.Clear, secretly(9), "488", ""},
		{"off, in the clear", leg.Clear, sdpAt(9), "200", "RTP/AVP 0"},
	} {
		t.Run(c.name, func(t *testing.T) {
			s, x, p := office(t, func(cfg *Config) { cfg.Incoming = func(l *Leg) { l.Answer(t.Context()) } })
			x.mu.Lock()
			x.encrypt = c.encrypt
			x.mu.Unlock()
			p.send(s.Addr(), newRequest(p.addr(), "INVITE", "sip:suzuki@office.example.jp", "<sip:sato@office.example.jp>;tag=1", "<sip:suzuki@office.example.jp>", fresh(4), 1, "", c.offer, "Authorization: sesame"))
			m := p.hearsAnswer(c.status, 1)
			if !strings.Contains(m.body, c.sound) {
				t.Errorf("%s", m.raw)
			}
			if c.status == "488" && m.get("Warning") == "" {
				t.Errorf("it is not told why: %s", m.raw)
			}
		})
	}
}

func TestAPhoneThatRefusesEncryptedSoundIsCalledInTheClear(t *testing.T) {
	for _, c := range []struct {
		name    string
		encrypt leg.Encryption
		again   bool
	}{{"offered", leg.Offered, true}, {"required", leg.Required, false}} {
		t.Run(c.name, func(t *testing.T) {
			s, p := start(t, quick), newPeer(t)
			l, invite := dialPeer(t, s, p, func(to *leg.Target, _ *leg.Options) { to.Encrypt, to.Phone = c.encrypt, "sato@office.example.jp" })
			if !strings.Contains(invite.body, "RTP/SAVP") || l.Info().Phone != "sato@office.example.jp" {
				t.Errorf("it is called with\n%s", invite.raw)
			}
			p.replies(invite, "488 Not Acceptable Here", "b", "")
			p.hears("ACK")
			if !c.again {
				ended(t, l, leg.Failed)
				return
			}
			again := p.hears("INVITE")
			if strings.Contains(again.body, "SAVP") || strings.Contains(again.body, "crypto") || !strings.HasPrefix(again.get("CSeq"), "2 ") || again.get("Call-ID") != invite.get("Call-ID") {
				t.Errorf("it is called again with\n%s", again.raw)
			}
			p.replies(again, "200 OK", "c", sdpAt(40000))
			p.hears("ACK")
			next(t, l, leg.Answered)
			l.Hangup(t.Context(), leg.Completed)
			p.replies(p.hears("BYE"), "200 OK", "", "")
			ended(t, l, leg.Completed)
		})
	}
}

// A phone of ours that knows no telephone-event sends keys as tones, and they are heard.
func TestAPhoneThatKnowsOnlyTones(t *testing.T) {
	legs := make(chan *Leg, 1)
	s, _, p := office(t, func(c *Config) { c.Incoming = func(l *Leg) { legs <- l } })
	rtp, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		t.Fatal(err)
	}
	defer rtp.Close()
	offer := strings.NewReplacer(" 0 101", " 0", "a=rtpmap:101 telephone-event/8000\r\n", "").Replace(sdpAt(rtp.LocalAddr().(*net.UDPAddr).Port))
	p.send(s.Addr(), newRequest(p.addr(), "INVITE", "sip:suzuki@office.example.jp", "<sip:sato@office.example.jp>;tag=1", "<sip:suzuki@office.example.jp>", fresh(4), 1, "", offer, "Authorization: sesame"))
	l := <-legs
	l.Answer(t.Context())
	ok := p.hearsAnswer("200", 1)
	p.acks(ok, "")
	next(t, l, leg.Answered)
	pressesInBand(t, rtp, rtpOf(ok.body))
	if e := next(t, l, leg.Digit); e.Digit != "5" {
		t.Errorf("key %q", e.Digit)
	}
	p.in(ok, "BYE", 2, "")
	ended(t, l, leg.HungUp)
}

// A caller over a carrier's line whose keys are tones is listened to for them, whatever the offer says.
func TestAnInboundCallOverALineWhoseKeysAreTones(t *testing.T) {
	s, call := called(t, nil)
	s.SetLines([]Line{{Name: "ntt", Server: "127.0.0.1", Manner: Manner{InBand: true}}})
	found(t, s)
	p := newPeer(t)
	rtp, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		t.Fatal(err)
	}
	defer rtp.Close()
	p.send(s.Addr(), newRequest(p.addr(), "INVITE", "sip:+815012345678@"+s.Addr().String(), "<sip:+819012345678@ntt.example>;tag=1", "<sip:+815012345678@ntt.example>", fresh(4), 1, "",
		sdpAt(rtp.LocalAddr().(*net.UDPAddr).Port)))
	l := call()
	l.Answer(t.Context())
	ok := p.hearsAnswer("200", 1)
	p.acks(ok, "")
	next(t, l, leg.Answered)
	pressesInBand(t, rtp, rtpOf(ok.body))
	if e := next(t, l, leg.Digit); e.Digit != "5" || !e.InBand {
		t.Errorf("key %+v", e)
	}
	p.in(ok, "BYE", 2, "")
	ended(t, l, leg.HungUp)
}

// pressesInBand is a phone that speaks: silence, 100 ms of key 5 (770 and 1336 Hz), silence.
func pressesInBand(t *testing.T, rtp *net.UDPConn, to netip.AddrPort) {
	t.Helper()
	tick := time.NewTicker(media.Period)
	defer tick.Stop()
	for n := range 30 {
		var f media.Frame
		for i := range f {
			if at := 2 * math.Pi * float64(n*media.Samples+i) / media.Rate; n >= 10 && n < 15 {
				f[i] = int16(6000*math.Sin(770*at) + 6000*math.Sin(1336*at))
			}
		}
		packet := make([]byte, 12+media.Samples)
		packet[0], packet[3] = 0x80, byte(n)
		binary.BigEndian.PutUint32(packet[4:], uint32(n*media.Samples))
		media.PCMU.Encode(packet[12:], &f)
		if _, err := rtp.WriteToUDPAddrPort(packet, to); err != nil {
			t.Fatal(err)
		}
		<-tick.C
	}
}

func TestOurContactIsAsSafeAsTheAddressThatWasCalled(t *testing.T) {
	s := start(t, nil)
	for uri, want := range map[string]string{"sips:sato@office.example.jp": "<sips:kaden@a:1>", "sip:sato@office.example.jp": "<sip:kaden@a:1>", "": "<sip:kaden@a:1>"} {
		if got := s.contact(flow{udp: true}, "a:1", uri); got != want {
			t.Errorf("called at %q we are at %s", uri, got)
		}
	}
}
