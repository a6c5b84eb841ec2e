package webleg

import (
	"net/netip"
	"slices"
	"strings"
	"testing"

	"github.com/kaden-project/kaden/leg"
)

// chrome is an offer as Chromium 156 writes it for the SDK, shortened by nothing but its extensions.
const chrome = "v=0\r\no=- 8403615332048243445 2 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\na=group:BUNDLE 0\r\na=msid-semantic: WMS s\r\n" +
	"m=audio 9 UDP/TLS/RTP/SAVPF 0 111 63 9 8 13 110 126\r\nc=IN IP4 0.0.0.0\r\na=rtcp:9 IN IP4 0.0.0.0\r\n" +
	"a=ice-ufrag:Tj3s\r\na=ice-pwd:3xZ7RqvbvcnY2C7pQvXzT0fK\r\na=ice-options:trickle\r\n" +
	"a=fingerprint:sha-256 49:66:12:17:0D:1C:91:AE:57:4C:C6:36:DD:D5:97:D2:7D:62:C9:9A:7F:B9:A3:F4:70:03:E7:43:91:73:23:5E\r\n" +
	"a=setup:actpass\r\na=mid:0\r\na=sendrecv\r\na=msid:s t\r\na=rtcp-mux\r\na=rtpmap:111 opus/48000/2\r\na=fmtp:111 minptime=10;useinbandfec=1\r\n" +
	"a=rtpmap:63 red/48000/2\r\na=rtpmap:9 G722/8000\r\na=rtpmap:0 PCMU/8000\r\na=rtpmap:8 PCMA/8000\r\na=rtpmap:13 CN/8000\r\n" +
	"a=rtpmap:110 telephone-event/48000\r\na=rtpmap:126 telephone-event/8000\r\na=ssrc:2231627014 cname:x\r\na=ssrc:2231627014 msid:s t\r\n"

func TestReadingWhatABrowserSays(t *testing.T) {
	d, usable, err := read(chrome)
	if err != nil {
		t.Fatal(err)
	}
	if d.ufrag != "Tj3s" || !strings.HasPrefix(d.fingerprint, "sha-256 49:66:12:17:0d") {
		t.Errorf("read %+v", d)
	}
	if usable != chrome {
		t.Errorf("an offer without candidates was changed:\n%s", usable)
	}

	knocking := chrome + "a=candidate:1 1 udp 2122260223 10.0.0.1 22 typ host\r\na=candidate:2 1 udp 1 x.local 5 typ host\r\na=end-of-candidates\r\n"
	if _, usable, err = read(knocking); err != nil || usable != chrome {
		t.Errorf("candidates of the browser's choice are left (%v):\n%s", err, usable)
	}

	for _, c := range []struct{ name, sdp, want string }{
		{"nothing", "", "SDP"},
		{"noise", "hello", "SDP"},
		{"too much", chrome + strings.Repeat("a=x\r\n", 20000), "at most"},
		{"no sound", strings.Replace(chrome, "m=audio", "m=video", 1), "m=audio"},
		{"sound refused", strings.Replace(chrome, "m=audio 9", "m=audio 0", 1), "m=audio"},
		{"Opus alone", strings.Replace(chrome, "SAVPF 0 111 63 9 8 13", "SAVPF 111 63 9 13", 1), "PCMU or PCMA"},
		{"not encrypted", strings.Replace(chrome, "a=fingerprint", "a=fingertip", 1), "fingerprint"},
		{"no ICE", strings.Replace(chrome, "a=ice-pwd", "a=ice-pw", 1), "ice-pwd"},
	} {
		if _, _, err := read(c.sdp); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want something about %s", c.name, err, c.want)
		}
	}
}

func TestWeOfferWhatTelephonesSpeakAndAllOurAddresses(t *testing.T) {
	h := open(t)
	l, sdp, err := h.e.Offer(t.Context(), leg.Info{}, nil, signalling{h.page()})
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"/SAVPF 0 8 101\r\n", "a=setup:actpass", "a=sendrecv", "a=rtpmap:101 telephone-event/8000", " udp ", " tcp ", "tcptype passive", "a=end-of-candidates"} {
		if !strings.Contains(sdp, want) {
			t.Errorf("no %q in our offer:\n%s", want, sdp)
		}
	}
	if strings.Count(sdp, "m=") != 1 {
		t.Errorf("more than sound is offered:\n%s", sdp)
	}
	l.Hangup(t.Context(), leg.Canceled)
	next(t, l, leg.Ended)
}

func TestPasswordsAreNotTraced(t *testing.T) {
	h := open(t)
	l, p := called(t, h)
	said := 0
	for _, m := range l.Trace() {
		for line := range strings.Lines(m.Text) {
			if strings.HasPrefix(line, "a=ice-pwd:") {
				said++
				if line != "a=ice-pwd:(removed)\r\n" {
					t.Errorf("traced %q", line)
				}
			}
		}
	}
	if said != 2 {
		t.Errorf("%d descriptions were traced, want the offer and the answer", said)
	}
	goodbye(t, h, l, p)
}

func TestWhatCannotBeUsedEndsTheCallAndSaysWhy(t *testing.T) {
	h := open(t)
	opus := strings.Replace(chrome, "SAVPF 0 111 63 9 8 13", "SAVPF 111 63 9 13", 1)
	if _, err := h.e.Answer(t.Context(), leg.Info{}, opus, nil); err == nil || !strings.Contains(err.Error(), "PCMU or PCMA") {
		t.Errorf("an offer of Opus alone: %v", err)
	}

	p := h.page()
	l, sdp, err := h.e.Offer(t.Context(), leg.Info{To: p.uri}, nil, signalling{p})
	if err != nil {
		t.Fatal(err)
	}
	p.leg, p.offer = l, sdp
	if err := l.Accept(opus); err == nil {
		t.Errorf("an answer of Opus alone was taken")
	}
	if e := next(t, l, leg.Ended); e.Cause != leg.Failed || !strings.Contains(e.Reason, "PCMU or PCMA") {
		t.Errorf("ended as %s (%s)", e.Cause, e.Reason)
	}
	<-p.Over()

	// A mistake during the call leaves the call as it is.
	l, p = rung(t, h)
	if _, err := l.Restart(opus); err == nil {
		t.Errorf("a restart without a codec was answered")
	}
	if _, err := l.Restart(strings.Replace(chrome, "a=mid:0\r\n", "", 1)); err == nil {
		t.Errorf("another page with broken SDP has taken the call")
	}
	hearEachOther(t, l, p)
	goodbye(t, h, l, p)
}

func TestPublicAddressesAreRead(t *testing.T) {
	got, err := Addresses(t.Context(), "203.0.113.7", "2001:db8::7")
	want := []netip.Addr{netip.MustParseAddr("203.0.113.7"), netip.MustParseAddr("2001:db8::7")}
	if err != nil || !slices.Equal(got, want) {
		t.Errorf("got %v, %v", got, err)
	}
	for _, bad := range []string{"0.0.0.0", "::", "fe80::1%eth0", "no-such-host.invalid"} {
		if _, err := Addresses(t.Context(), bad); err == nil {
			t.Errorf("%s was taken", bad)
		}
	}
}

// FuzzRead has the strangers' bytes, up to what pion is given.
func FuzzRead(f *testing.F) {
	f.Add(chrome)
	f.Add(chrome + "a=candidate:1 1 udp 1 1.2.3.4 5 typ host\n")
	f.Add("v=0\r\nm=audio 9 x 0\r\na=fingerprint:\r\n")
	f.Fuzz(func(t *testing.T, text string) {
		d, usable, err := read(text)
		if err != nil {
			return
		}
		if len(usable) > len(text) || strings.Contains("\n"+usable, "\na=candidate:") {
			t.Fatalf("candidates are left in %q", usable)
		}
		again, same, err := read(usable)
		if err != nil || again != d || same != usable {
			t.Fatalf("read %+v, and once more %+v, %v", d, again, err)
		}
	})
}
