package sipleg

import (
	"net/netip"
	"slices"
	"strings"
	"testing"

	"github.com/kaden-project/kaden/media"
)

var here = netip.MustParseAddr("192.0.2.50")

const sessionHead = "v=0\r\no=- 1 1 IN IP4 192.0.2.7\r\ns=-\r\nc=IN IP4 192.0.2.7\r\nt=0 0\r\n"

func TestOffersOfOthers(t *testing.T) {
	for _, c := range []struct {
		name, sdp string
		addr      string
		codecs    []media.Codec
		dtmf      uint8
		dir       direction
	}{
		{"a gateway", sessionHead + "m=audio 4000 RTP/AVP 8 0 18 96\r\na=rtpmap:8 PCMA/8000\r\na=rtpmap:0 PCMU/8000\r\na=rtpmap:18 G729/8000\r\na=rtpmap:96 telephone-event/8000\r\na=fmtp:96 0-15\r\na=ptime:20\r\n",
			"192.0.2.7:4000", []media.Codec{media.PCMA, media.PCMU}, 96, sendrecv},
		{"without rtpmap", sessionHead + "m=audio 4000 RTP/AVP 0\r\n", "192.0.2.7:4000", []media.Codec{media.PCMU}, 0, sendrecv},
		{"address on the media line", sessionHead + "m=audio 4000 RTP/AVP 0\r\nc=IN IP4 192.0.2.8\r\na=recvonly\r\n", "192.0.2.8:4000", []media.Codec{media.PCMU}, 0, recvonly},
		{"direction of the session", strings.Replace(sessionHead, "t=0 0\r\n", "t=0 0\r\na=sendonly\r\n", 1) + "m=audio 4000 RTP/AVP 0\r\n", "192.0.2.7:4000", []media.Codec{media.PCMU}, 0, sendonly},
		{"old-style hold", strings.Replace(sessionHead, "c=IN IP4 192.0.2.7", "c=IN IP4 0.0.0.0", 1) + "m=audio 4000 RTP/AVP 0\r\n", "0.0.0.0:4000", []media.Codec{media.PCMU}, 0, sendonly},
		{"a host name", strings.Replace(sessionHead, "c=IN IP4 192.0.2.7", "c=IN IP4 media.example.com", 1) + "m=audio 4000 RTP/AVP 0\r\n", "192.0.2.50:4000", []media.Codec{media.PCMU}, 0, sendrecv},
		{"video first", sessionHead + "m=video 5000 RTP/AVP 31\r\nm=audio 4000 RTP/AVP 0\r\n", "192.0.2.7:4000", []media.Codec{media.PCMU}, 0, sendrecv},
		{"SRTP and RTP", sessionHead + "m=audio 4002 RTP/SAVP 0\r\nm=audio 4000 RTP/AVP 0\r\n", "192.0.2.7:4000", []media.Codec{media.PCMU}, 0, sendrecv},
		{"G.722 and A-law", sessionHead + "m=audio 4000 RTP/AVP 9 8 101\r\na=rtpmap:9 G722/8000\r\na=rtpmap:101 TELEPHONE-EVENT/8000\r\n", "192.0.2.7:4000", []media.Codec{media.G722, media.PCMA}, 101, sendrecv},
		{"telephone-event at 16 kHz", sessionHead + "m=audio 4000 RTP/AVP 0 100\r\na=rtpmap:100 telephone-event/16000\r\n", "192.0.2.7:4000", []media.Codec{media.PCMU}, 0, sendrecv},
	} {
		t.Run(c.name, func(t *testing.T) {
			d, err := readSDP([]byte(c.sdp), here)
			if err != nil {
				t.Fatal(err)
			}
			if d.addr.String() != c.addr || !slices.Equal(d.codecs, c.codecs) || d.dtmf != c.dtmf || d.dir != c.dir {
				t.Errorf("got %v %v %d %v", d.addr, d.codecs, d.dtmf, d.dir)
			}
		})
	}
}

func TestSDPThatIsNotTaken(t *testing.T) {
	for name, sdp := range map[string]string{
		"empty":          "",
		"no media":       sessionHead,
		"refused":        sessionHead + "m=audio 0 RTP/AVP 0\r\n",
		"no codec":       sessionHead + "m=audio 4000 RTP/AVP 18\r\n",
		"SRTP":           sessionHead + "m=audio 4000 RTP/SAVP 0\r\n",
		"multicast":      strings.Replace(sessionHead, "c=IN IP4 192.0.2.7", "c=IN IP4 239.1.1.1/127", 1) + "m=audio 4000 RTP/AVP 0\r\n",
		"no end of them": sessionHead + strings.Repeat("m=audio 4000 RTP/AVP 0\r\n", 1000),
		"another thing":  "<xml/>",
	} {
		t.Run(name, func(t *testing.T) {
			if d, err := readSDP([]byte(sdp), here); err == nil {
				t.Errorf("taken as %+v", d)
			}
		})
	}
}

func TestOurAnswerMirrorsTheOffer(t *testing.T) {
	d, err := readSDP([]byte(sessionHead+"m=video 5000 RTP/AVP 31\r\nm=audio 4000 RTP/AVP 8 0 97\r\na=rtpmap:97 telephone-event/8000\r\na=sendonly\r\nm=application 9 UDP/BFCP *\r\n"), here)
	if err != nil {
		t.Fatal(err)
	}
	o := ours{id: 5, version: 6, ip: here, port: 7000}
	want := "v=0\r\no=- 5 6 IN IP4 192.0.2.50\r\ns=-\r\nc=IN IP4 192.0.2.50\r\nt=0 0\r\n" +
		"m=video 0 RTP/AVP 31\r\n" +
		"m=audio 7000 RTP/AVP 8 97\r\na=rtpmap:8 PCMA/8000\r\na=rtpmap:97 telephone-event/8000\r\na=fmtp:97 0-15\r\na=ptime:20\r\na=recvonly\r\n" +
		"m=application 0 UDP/BFCP *\r\n"
	if got := o.answer(d); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

func TestOurOfferCanBeRead(t *testing.T) {
	for _, ip := range []string{"192.0.2.50", "2001:db8::7"} {
		o := ours{id: 1, version: 1, ip: netip.MustParseAddr(ip), port: 7000}
		d, err := readSDP([]byte(o.offer(sendrecv)), here)
		if err != nil {
			t.Fatal(err)
		}
		if d.addr != netip.AddrPortFrom(o.ip, 7000) || len(d.codecs) != 2 || d.dtmf != offeredDTMF || d.dir != sendrecv {
			t.Errorf("read back as %+v", d)
		}
	}
}

// FuzzSDP: whatever is read can be answered, and our answer to it can be read.
func FuzzSDP(f *testing.F) {
	f.Add([]byte(sdpAt(4000)))
	f.Add([]byte(sessionHead + "m=video 5000 RTP/AVP 31\r\nm=audio 4000 RTP/AVP 8 0 97\r\na=rtpmap:97 telephone-event/8000\r\na=sendonly\r\n"))
	f.Fuzz(func(t *testing.T, b []byte) {
		d, err := readSDP(b, here)
		if err != nil {
			return
		}
		o := ours{id: 1, version: 1, ip: here, port: 7000}
		answer := o.answer(d)
		back, err := readSDP([]byte(answer), here)
		if err != nil {
			t.Fatalf("our answer cannot be read: %v\n%q", err, answer)
		}
		if back.audio != d.audio || len(back.lines) != len(d.lines) || back.dir != d.dir.mirror() || back.codecs[0] != d.codecs[0] || back.dtmf != d.dtmf {
			t.Fatalf("answer %+v does not match offer %+v", back, d)
		}
	})
}
