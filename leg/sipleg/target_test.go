package sipleg

import (
	"context"
	"net"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/emiago/sipgo/sip"

	"github.com/kaden-project/kaden/leg"
	"github.com/kaden-project/kaden/media"
)

func TestNextHops(t *testing.T) {
	for _, c := range []struct {
		uri, via string
		want     hop
	}{
		{"sip:a@192.0.2.7", "", hop{host: "192.0.2.7"}},
		{"sip:a@pbx.example:5070;transport=tcp", "", hop{host: "pbx.example", port: 5070, proto: "tcp"}},
		{"sip:a@x.example", "192.0.2.9:5080", hop{host: "192.0.2.9", port: 5080}},
		{"sip:a@x.example", "trunk.example", hop{host: "trunk.example"}},
		{"sip:a@x.example", "[2001:db8::1]:5080", hop{host: "2001:db8::1", port: 5080}},
		{"sip:a@x.example", "sip:proxy.example:5080;transport=TCP", hop{host: "proxy.example", port: 5080, proto: "tcp"}},
		{"sip:a@x.example", "sip:proxy.example;lr", hop{host: "proxy.example", route: "<sip:proxy.example;lr>"}},
	} {
		var u sip.Uri
		if err := sip.ParseUri(c.uri, &u); err != nil {
			t.Fatal(err)
		}
		if got, err := hopOf(&u, c.via); err != nil || got != c.want {
			t.Errorf("%s via %q: %+v, %v", c.uri, c.via, got, err)
		}
	}
	for _, via := range []string{"sip:", "h:what"} {
		if h, err := hopOf(&sip.Uri{Host: "x"}, via); err == nil {
			t.Errorf("via %q is taken as %+v", via, h)
		}
	}
	a := atlas{dns: net.DefaultResolver}
	if all, _, err := a.find(t.Context(), hop{host: "localhost", port: 5066}); err != nil || !all[0].addr.Addr().IsLoopback() || all[0].addr.Port() != 5066 {
		t.Errorf("localhost: %v, %v", all, err)
	}
	if all, _, err := a.find(t.Context(), hop{host: "[::1]"}); err != nil || all[0].addr.String() != "[::1]:5060" {
		t.Errorf("[::1]: %v, %v", all, err)
	}
}

func TestNumbersThroughATrunk(t *testing.T) {
	s, p := start(t, quick), newPeer(t)
	l, err := s.Dial(t.Context(), leg.Target{
		URI: "tel:+819012345678", Via: "sip:" + p.addr().String() + ";lr", From: "+815012345678", FromHost: "kaden.example",
		DisplayName: `kaden "alert"`, Headers: map[string]string{"X-Alert": "db01"},
	}, leg.Options{})
	if err != nil {
		t.Fatal(err)
	}
	m := p.hears("INVITE")
	for header, want := range map[string]string{
		"Route": "<sip:" + p.addr().String() + ";lr>", "X-Alert": "db01",
		"From": `"kaden \"alert\"" <sip:+815012345678@kaden.example>;tag=` + m.tag("From"),
		"To":   "<sip:+819012345678@" + p.addr().String() + ";user=phone>",
	} {
		if got := m.get(header); got != want {
			t.Errorf("%s is %q, want %q", header, got, want)
		}
	}
	p.replies(m, "486 Busy Here", "a", "")
	if ack := p.hears("ACK"); ack.get("Route") != m.get("Route") {
		t.Errorf("the ACK has no Route")
	}
	ended(t, l, leg.Busy)
}

func TestAdvertisedAddress(t *testing.T) {
	s, p := start(t, func(c *Config) { quick(c); c.Advertise = "203.0.113.5" }), newPeer(t)
	_, m := dialPeer(t, s, p, nil)
	if !strings.Contains(m.get("Via"), " 203.0.113.5:") || !strings.Contains(m.get("Contact"), "@203.0.113.5:") || !strings.Contains(m.body, "c=IN IP4 203.0.113.5") {
		t.Errorf("the advertised address is not in\n%s", m.raw)
	}
	p.replies(m, "486 Busy Here", "a", "")
	if _, err := Listen(discard, Config{Listen: "127.0.0.1:0", Clock: media.NewClock(1), Advertise: "name.invalid"}); err == nil {
		t.Errorf("a name without an address is advertised")
	}
}

func TestOwnAddressIsTheOneTowardsThePeer(t *testing.T) {
	s, err := Listen(discard, Config{Listen: ":0", Clock: media.NewClock(1)})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	loop := netip.MustParseAddr("127.0.0.1")
	for range 2 { // the second from memory
		if ip := s.ownIP(loop); ip != loop {
			t.Errorf("own address towards loopback is %v", ip)
		}
	}
	if ip := s.bindIP(loop); ip != netip.IPv4Unspecified() {
		t.Errorf("sound for IPv4 is bound to %v", ip)
	}
	if ip := s.bindIP(netip.IPv6Loopback()); ip != netip.IPv6Unspecified() {
		t.Errorf("sound for IPv6 is bound to %v", ip)
	}
}

func TestCallOverIPv6(t *testing.T) {
	clock := media.NewClock(1)
	got := make(chan *Leg, 1)
	s, err := Listen(discard, Config{
		Listen: "[::1]:0", Clock: clock, Incoming: func(l *Leg) { got <- l },
		AllowFrom: []netip.Prefix{netip.MustParsePrefix("::1/128")},
	})
	if err != nil {
		t.Skip("skipped: no IPv6 on loopback: " + err.Error())
	}
	ctx, stop := context.WithCancel(context.Background())
	go clock.Run(ctx)
	go s.Run(ctx)
	defer stop()
	defer s.Close()
	l, err := s.Dial(t.Context(), leg.Target{URI: "sip:x@" + s.Addr().String()}, leg.Options{})
	if err != nil {
		t.Fatal(err)
	}
	in := <-got
	in.Answer(t.Context())
	next(t, l, leg.Answered)
	next(t, in, leg.Answered)
	if err := l.SendDigits(t.Context(), "3"); err != nil {
		t.Fatal(err)
	}
	if e := next(t, in, leg.Digit); e.Digit != "3" {
		t.Errorf("key %q", e.Digit)
	}
	in.Hangup(t.Context(), leg.Completed)
	ended(t, l, leg.HungUp)
	ended(t, in, leg.Completed)
}

func TestKeysInTheSound(t *testing.T) {
	s, p := start(t, quick), newPhone(t)
	plain := strings.NewReplacer(" 101\r\n", "\r\n", "a=rtpmap:101 telephone-event/8000\r\n", "").Replace(sdpAt(p.port()))
	l, err := s.Dial(t.Context(), leg.Target{URI: p.uri(), InBandDTMF: true}, leg.Options{})
	if err != nil {
		t.Fatal(err)
	}
	<-p.called
	p.says("200 OK", plain)
	next(t, l, leg.Answered)
	tones, err := media.DigitTones("5")
	if err != nil {
		t.Fatal(err)
	}
	p.Play(tones)
	if e := next(t, l, leg.Digit); e.Digit != "5" || !e.InBand {
		t.Errorf("key %q, in the sound %v: want 5, heard there", e.Digit, e.InBand)
	}
	heard := make(chan byte, 4)
	p.Listen(media.NewDTMF(func(key byte) { heard <- key }))
	if err := l.SendDigits(t.Context(), "7"); err != nil {
		t.Fatal(err)
	}
	select {
	case key := <-heard:
		if key != '7' {
			t.Errorf("the far end hears key %q, want 7", key)
		}
	case <-time.After(testPatience):
		t.Errorf("the far end hears no key")
	}
	l.Hangup(t.Context(), leg.Completed)
	ended(t, l, leg.Completed)
}

func TestFarEndGivesUpItsEarlyDialog(t *testing.T) {
	s, p := start(t, quick), newPeer(t)
	l, m := dialPeer(t, s, p, nil)
	p.replies(m, "180 Ringing", "a", "")
	next(t, l, leg.Ringing)
	p.asks(m, "BYE", 1, "a", "", "Reason: Q.850;cause=19")
	ended(t, l, leg.NoAnswer)
	p.hears("CANCEL")
}

func TestCallerLeavesWithBYE(t *testing.T) {
	_, l, p, m := calledBy(t, nil, sdpAt(40000))
	l.Ring(t.Context(), false)
	ringing := p.hears("SIP/2.0 180")
	p.send(m.from, newRequest(p.addr(), "BYE", "sip:k@127.0.0.1", m.get("From"), ringing.get("To"), m.get("Call-ID"), 2, "", ""))
	ended(t, l, leg.CallerLeft)
	p.hears("SIP/2.0 487")
}

func TestNobodyReadsTheEvents(t *testing.T) {
	l, p, _ := answeredBy(t, sdpAt(40000))
	const room = 64 // leg.Leg's promise
	for range room + 1 {
		l.rtpDigit('1')
	}
	p.replies(p.hears("BYE"), "200 OK", "", "")
	n := 0
	for e := range l.Events() {
		if e.Kind == leg.Ended && e.Cause != leg.Fault {
			t.Errorf("ended with %q", e.Cause)
		}
		n++
	}
	if n != room+1 {
		t.Errorf("%d events", n)
	}
}
