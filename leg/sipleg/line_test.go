package sipleg

import (
	"net"
	"strings"
	"testing"
	"time"

	"github.com/kaden-project/kaden/leg"
	"github.com/kaden-project/kaden/media"
)

func TestWhereACarrierWantsOurNumber(t *testing.T) {
	for _, c := range []struct {
		name   string
		line   Line
		from   string
		others map[string]string
	}{
		{"in From", Line{User: "0501234"}, "<sip:+815012345678@ntt.example>", map[string]string{"P-Asserted-Identity": "", "Privacy": ""}},
		{"in From, as a telephone", Line{Manner: Manner{Tel: true}}, "<tel:+815012345678>", nil},
		{"asserted", Line{User: "0501234", Manner: Manner{CallerID: InAsserted}}, "<sip:0501234@ntt.example>",
			map[string]string{"P-Asserted-Identity": "<sip:+815012345678@ntt.example>"}},
		{"preferred, as a telephone", Line{User: "0501234", Manner: Manner{CallerID: InPreferred, Tel: true}}, "<sip:0501234@ntt.example>",
			map[string]string{"P-Preferred-Identity": "<tel:+815012345678>", "P-Asserted-Identity": ""}},
		{"asserted without an account", Line{Manner: Manner{CallerID: InAsserted, Tel: true}}, "<sip:+815012345678@ntt.example>",
			map[string]string{"P-Asserted-Identity": "<tel:+815012345678>"}},
		{"hidden", Line{User: "0501234", Manner: Manner{CallerID: InPreferred, Private: true}}, `"Anonymous" <sip:anonymous@anonymous.invalid>`,
			map[string]string{"P-Preferred-Identity": "<sip:+815012345678@ntt.example>", "Privacy": "id"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			s, p := start(t, quick), newPeer(t)
			c.line.Name, c.line.Server = "ntt", p.addr().String()
			s.SetLines([]Line{c.line})
			l, err := s.Dial(t.Context(), leg.Target{URI: p.uri(), From: "+815012345678", FromHost: "ntt.example", Line: "ntt"}, leg.Options{})
			if err != nil {
				t.Fatal(err)
			}
			invite := p.hears("INVITE")
			if from, _, _ := strings.Cut(invite.get("From"), ";tag="); from != c.from {
				t.Errorf("From is %s, want %s", from, c.from)
			}
			for name, want := range c.others {
				if got := invite.get(name); got != want {
					t.Errorf("%s is %q, want %q", name, got, want)
				}
			}
			p.replies(invite, "486 Busy Here", "b", "")
			p.hears("ACK")
			ended(t, l, leg.Busy)
		})
	}
}

func TestACarrierThatIsAskedWhetherItIsThere(t *testing.T) {
	s, p := start(t, func(c *Config) { quickLines(c); c.timers.Again = 10 * time.Millisecond }), newPeer(t)
	s.SetLines([]Line{{Name: "ntt", Server: p.addr().String(), Ping: 50 * time.Millisecond}})
	p.replies(p.hears("OPTIONS"), "404 Not Found", "o", "") // it is there
	stands(t, s, "answering", condition(Answering))
	p.replies(p.hears("OPTIONS"), "503 Service Unavailable", "o", "")
	if at := stands(t, s, "in trouble", condition(Refused)); at.Status != 503 {
		t.Errorf("%+v", at)
	}
	stands(t, s, "silent", condition(Silent))
	for m := p.hears("OPTIONS"); ; m = p.hears("OPTIONS") {
		p.replies(m, "200 OK", "o", "")
		if len(p.got) == 0 {
			break
		}
	}
	stands(t, s, "answering again", condition(Answering))
}

func TestALineSaysWhatItsCallsNeedOfTheProxy(t *testing.T) {
	s, p := start(t, quickLines), newPeer(t)
	proxy := "sip:" + p.addr().String() + ";lr"
	s.SetLines([]Line{{Name: "ntt", Server: "ntt.invalid", Proxy: proxy, User: "a", Register: true}})
	m := p.hears("REGISTER")
	if m.get("Route") != "<"+proxy+">" || !strings.HasPrefix(m.first, "REGISTER sip:ntt.invalid ") {
		t.Errorf("the registration does not take the proxy:\n%s", m.raw)
	}
	p.replies(m, "200 OK", "r", "", "Contact: "+contactOf(m)+";expires=600")
	stands(t, s, "registered", condition(Registered))
	l, err := s.Dial(t.Context(), leg.Target{URI: "sip:09012345678@ntt.invalid", Line: "ntt"}, leg.Options{})
	if err != nil {
		t.Fatal(err)
	}
	invite := p.hears("INVITE")
	if invite.get("Route") != "<"+proxy+">" {
		t.Errorf("the call does not take the proxy:\n%s", invite.raw)
	}
	p.replies(invite, "486 Busy Here", "b", "")
	ended(t, l, leg.Busy)
}

// A carrier whose announcements come from one machine and whose calls from another: both are heard, and our sound goes
// to where the answer says.
func TestTheAnswerIsSomewhereElseThanTheAnnouncement(t *testing.T) {
	s, p := start(t, quick), newPeer(t)
	var place [2]*net.UDPConn
	for i := range place {
		c, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		place[i] = c
	}
	port := func(i int) int { return place[i].LocalAddr().(*net.UDPAddr).Port }
	l, invite := dialPeer(t, s, p, nil)
	e := newEar()
	l.Listen(e)
	speak := func(i int, ssrc byte) {
		for n := range 10 {
			b := make([]byte, 12+media.Samples)
			b[0], b[3], b[11] = 0x80, byte(n), ssrc
			b[6], b[7] = byte(n*media.Samples>>8), byte(n*media.Samples)
			media.PCMU.Encode(b[12:], &media.Frame{8000, -8000, 8000, -8000})
			place[i].WriteToUDPAddrPort(b, rtpOf(invite.body))
		}
	}
	loud := func() {
		t.Helper()
		for limit := time.After(testPatience); ; {
			select {
			case f := <-e.samples:
				if f[0] > 4000 {
					return
				}
			case <-limit:
				t.Fatal("nothing is heard")
			}
		}
	}
	p.replies(invite, "183 Session Progress", "b", sdpAt(port(0)))
	next(t, l, leg.Ringing)
	next(t, l, leg.EarlyMedia)
	time.Sleep(2 * media.Period) // until it listens
	speak(0, 1)
	loud()
	p.replies(invite, "200 OK", "b", sdpAt(port(1)))
	p.hears("ACK")
	next(t, l, leg.Answered)
	place[1].SetReadDeadline(time.Now().Add(testPatience))
	if _, err := place[1].Read(make([]byte, 200)); err != nil {
		t.Errorf("our sound does not go to where the answer says: %v", err)
	}
	for range len(e.samples) {
		<-e.samples
	}
	speak(1, 2)
	loud()
	l.Hangup(t.Context(), leg.Completed)
	p.replies(p.hears("BYE"), "200 OK", "", "")
	ended(t, l, leg.Completed)
}
