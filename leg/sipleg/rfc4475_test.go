package sipleg

import (
	"net/netip"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/kaden-project/kaden/leg"
)

// silence is the outcome of messages that nobody answers.
const silence = 0

// torture is what RFC 4475 says of each of its messages, for an endpoint that knows no registrations. Where
// the RFC allows two outcomes the one chosen stands here and the remark says why.
var torture = []struct {
	file    string
	section string
	want    int
	remark  string
}{
	{"wsinv", "3.1.1.1", 200, "odd but valid: the call is taken"},
	{"intmeth", "3.1.1.2", 501, "an odd but valid method that nobody knows"},
	{"esc01", "3.1.1.3", 200, "escaped characters in the URI"},
	{"escnull", "3.1.1.4", 405, "escaped nulls in a REGISTER; no registrar here"},
	{"esc02", "3.1.1.5", 501, "RE%47IST%45R is not REGISTER"},
	{"lwsdisp", "3.1.1.6", 200, "no space between display name and <"},
	{"longreq", "3.1.1.7", 200, "long values"},
	{"dblreq", "3.1.1.8", 405, "a REGISTER with another message behind it, which is ignored"},
	{"semiuri", "3.1.1.9", 200, "semicolons in the user part"},
	{"transports", "3.1.1.10", 200, "many transports in Via"},
	{"mpart01", "3.1.1.11", 405, "a MESSAGE with a multipart body"},
	{"unreason", "3.1.1.12", silence, "a response with an unusual phrase, to nothing of ours"},
	{"noreason", "3.1.1.13", silence, "a response without a phrase, to nothing of ours"},
	{"badinv01", "3.1.2.1", 400, "separators without values"},
	{"clerr", "3.1.2.2", 400, "Content-Length beyond the datagram"},
	{"ncl", "3.1.2.3", 400, "negative Content-Length"},
	{"scalar02", "3.1.2.4", 400, "numbers out of range"},
	{"scalarlg", "3.1.2.5", silence, "a response with numbers out of range"},
	{"quotbal", "3.1.2.6", 400, "a quote without its other"},
	{"ltgtruri", "3.1.2.7", 400, "the request URI in <>"},
	{"lwsruri", "3.1.2.8", 400, "space in the request URI"},
	{"lwsstart", "3.1.2.9", 400, "too many spaces in the request line"},
	{"trws", "3.1.2.10", 400, "spaces behind the request line"},
	{"escruri", "3.1.2.11", 400, "headers in the request URI"},
	{"baddate", "3.1.2.12", 200, "a bad Date may be ignored; a call is worth more than its date"},
	{"regbadct", "3.1.2.13", 400, "headers in a Contact without <>"},
	{"badaspec", "3.1.2.14", 400, "spaces within <>"},
	{"baddn", "3.1.2.15", 200, "an unquoted comma in a display name: the fault may be inferred"},
	{"badvers", "3.1.2.16", 505, "SIP/7.0"},
	{"mismatch01", "3.1.2.17", 400, "CSeq names another method"},
	{"mismatch02", "3.1.2.18", 501, "… and the method is unknown (400 or 501)"},
	{"bigcode", "3.1.2.19", silence, "a response with a status beyond 699"},
	{"badbranch", "3.2.1", 200, "a branch of the cookie alone: matched as in RFC 2543"},
	{"insuf", "3.3.1", 400, "no Call-ID, From or To"},
	{"unkscm", "3.3.2", 416, "an unknown scheme in the request URI"},
	{"novelsc", "3.3.3", 416, "a known scheme that is not SIP's"},
	{"unksm2", "3.3.4", 405, "unknown schemes in To and From, in a REGISTER"},
	{"bext01", "3.3.5", 420, "unknown extensions are required"},
	{"invut", "3.3.6", 415, "an unknown kind of body"},
	{"regaut01", "3.3.7", 405, "an unknown kind of authorization, in a REGISTER"},
	{"multi01", "3.3.8", 400, "headers twice that may be there once"},
	{"mcl01", "3.3.9", 400, "two Content-Lengths"},
	{"bcast", "3.3.10", silence, "a 200 to a broadcast address, to nothing of ours"},
	{"zeromf", "3.3.11", 200, "Max-Forwards 0 concerns proxies only"},
	{"cparam01", "3.3.12", 405, "an unknown Contact parameter, in a REGISTER"},
	{"cparam02", "3.3.13", 405, "an unknown URI parameter, in a REGISTER"},
	{"regescrt", "3.3.14", 405, "headers in a Contact's URI, in a REGISTER"},
	{"sdp01", "3.3.15", 406, "the answer would be SDP, which is not accepted"},
	{"inv2543", "3.4.1", 200, "an INVITE of RFC 2543"},
}

// tortureData finds the messages, or skips.
func tortureData(t testing.TB) map[string][]byte {
	root := os.Getenv("KADEN_TEST_DATA")
	if root == "" {
		root = filepath.Join("..", "..", "..", "shared", "data")
	}
	all := map[string][]byte{}
	for _, kind := range []string{"valid", "invalid"} {
		files, _ := filepath.Glob(filepath.Join(root, "rfc4475", kind, "*.dat"))
		for _, f := range files {
			b, err := os.ReadFile(f)
			if err != nil {
				t.Fatal(err)
			}
			all[strings.TrimSuffix(filepath.Base(f), ".dat")] = b
		}
	}
	if len(all) == 0 {
		t.Skip("skipped: no data (rfc4475 is not below " + root + "; KADEN_TEST_DATA says where it is)")
	}
	return all
}

// viaHere makes answers come back: the messages name hosts of example.com in their top Via, so rport is added.
var topVia = regexp.MustCompile(`(?mi)^((?:v|via)[ \t]*:[ \t]*SIP[ \t\r\n]*/[ \t\r\n]*[27]\.0[ \t\r\n]*/[ \t\r\n]*[A-Za-z]+(?:[^;,\r\n]|\r\n[ \t])*)`)

func TestRFC4475(t *testing.T) {
	data := tortureData(t)
	told := map[string]bool{}
	for _, c := range torture {
		told[c.file] = true
	}
	for name := range data {
		if !told[name] {
			t.Errorf("%s has no expected outcome in the table", name)
		}
	}
	s := start(t, func(c *Config) {
		c.Incoming = func(l *Leg) { l.Answer(t.Context()) }
		c.timers = timers{T1: 20 * time.Millisecond, T2: 80 * time.Millisecond, Bye: 100 * time.Millisecond}
	})
	for _, c := range torture {
		t.Run(c.section+" "+c.file, func(t *testing.T) {
			raw, ok := data[c.file]
			if !ok {
				t.Fatalf("%s is missing", c.file)
			}
			p := newPeer(t)
			if at := topVia.FindIndex(raw); at != nil && c.want != silence {
				raw = append(append(append([]byte{}, raw[:at[1]]...), ";rport"...), raw[at[1]:]...)
			}
			if !strings.Contains(string(raw), "\r\n\r\n") {
				raw = append(raw, "\r\n"...) // one of the copies has lost its last line
			}
			p.send(s.Addr(), string(raw))
			if c.want == silence {
				p.hearsNothing(50 * time.Millisecond)
				return
			}
			got := p.hears("SIP/2.0 2", "SIP/2.0 3", "SIP/2.0 4", "SIP/2.0 5", "SIP/2.0 6")
			if got.status() != c.want {
				t.Errorf("answered %q, want %d (%s)\n%s", got.first, c.want, c.remark, got.raw)
			}
			switch c.want {
			case 405:
				if got.get("Allow") == "" {
					t.Errorf("405 without Allow")
				}
			case 420:
				if got.get("Unsupported") != "nothingSupportsThis, nothingSupportsThisEither" {
					t.Errorf("Unsupported is %q", got.get("Unsupported"))
				}
			case 415:
				if got.get("Accept") != "application/sdp" {
					t.Errorf("Accept is %q", got.get("Accept"))
				}
			}
		})
	}
	aliveAfter(t, s)
}

// aliveAfter makes an ordinary call through a server that has seen a lot.
func aliveAfter(t *testing.T, s *Server) {
	t.Helper()
	p := newPeer(t)
	l, err := s.Dial(t.Context(), leg.Target{URI: p.uri()}, leg.Options{})
	if err != nil {
		t.Fatal(err)
	}
	invite := p.hears("INVITE")
	p.replies(invite, "200 OK", "tag", sdpAt(40000))
	p.hears("ACK")
	for e := range l.Events() {
		if e.Kind == leg.Answered {
			l.Hangup(t.Context(), leg.Completed)
			p.replies(p.hears("BYE"), "200 OK", "", "")
		}
		if e.Kind == leg.Ended && e.Cause != leg.Completed {
			t.Errorf("the call after it all ended with %q: %s", e.Cause, e.Reason)
		}
	}
}

// TestTortureFromStrangers sends the same to a server that does not know the sender.
func TestTortureFromStrangers(t *testing.T) {
	data := tortureData(t)
	s := start(t, func(c *Config) {
		c.AllowFrom = nil
		c.Known = func(netip.AddrPort, Request) bool { return false }
		c.Incoming = func(*Leg) { t.Errorf("a stranger's call was taken") }
	})
	p := newPeer(t)
	for _, raw := range data {
		p.send(s.Addr(), string(raw))
	}
	p.hearsNothing(100 * time.Millisecond)
	aliveAfter(t, s)
}
