package sipleg

import (
	"fmt"
	"net/netip"
	"strconv"
	"strings"
	"time"

	"github.com/emiago/sipgo/sip"

	"github.com/kaden-project/kaden/leg"
)

// request is a request as it came in.
type request struct {
	*sip.Request
	from flow
	at   time.Time
	raw  string

	phone   string         // which of our phones has sent it, once that is proved
	encrypt leg.Encryption // what its calls are to be
}

// response is a response as it came in.
type response struct {
	*sip.Response
	from flow
	at   time.Time
	raw  string
}

// message is what requests and responses have in common.
type message interface {
	sip.Message
	Headers() []sip.Header
	Contact() *sip.ContactHeader
}

// header is one line of what we send.
type header struct{ name, value string }

// compose writes a message. Content-Length is added, and Content-Type when there is a body, which is SDP.
func compose(first string, headers []header, body string) []byte {
	return composeAs(first, headers, "application/sdp", body)
}

// composeAs is compose for a body of another kind.
func composeAs(first string, headers []header, kind, body string) []byte {
	n := len(first) + len(body) + 80
	for _, h := range headers {
		n += len(h.name) + len(h.value) + 4
	}
	b := make([]byte, 0, n)
	b = append(append(b, first...), "\r\n"...)
	for _, h := range headers {
		b = append(append(b, h.name...), ": "...)
		b = append(append(b, h.value...), "\r\n"...)
	}
	if body != "" {
		b = append(append(append(b, "Content-Type: "...), kind...), "\r\n"...)
	}
	b = append(b, "Content-Length: "...)
	b = strconv.AppendInt(b, int64(len(body)), 10)
	b = append(b, "\r\n\r\n"...)
	return append(b, body...)
}

// values of all headers of that name, in order. Names are full or compact.
func values(m message, names ...string) []string {
	var all []string
	for _, h := range m.Headers() {
		for _, n := range names {
			if strings.EqualFold(h.Name(), n) {
				all = append(all, h.Value())
			}
		}
	}
	return all
}

// tokens are the comma-separated words of a header.
func tokens(m message, names ...string) []string {
	var all []string
	for _, v := range values(m, names...) {
		for t := range strings.SplitSeq(v, ",") {
			if t = strings.TrimSpace(t); t != "" {
				all = append(all, t)
			}
		}
	}
	return all
}

func contains(list []string, word string) bool {
	for _, w := range list {
		if strings.EqualFold(w, word) {
			return true
		}
	}
	return false
}

func fromTag(m message) string {
	if h := m.From(); h != nil {
		return h.Params.GetOr("tag", "")
	}
	return ""
}

func toTag(m message) string {
	if h := m.To(); h != nil {
		return h.Params.GetOr("tag", "")
	}
	return ""
}

func callID(m message) string {
	if h := m.CallID(); h != nil {
		return h.Value()
	}
	return ""
}

// seq is the number of the CSeq, 0 if there is none.
func seq(m message) uint32 {
	if h := m.CSeq(); h != nil {
		return h.SeqNo
	}
	return 0
}

func branch(m message) string {
	if h := m.Via(); h != nil {
		return h.Params.GetOr("branch", "")
	}
	return ""
}

// reply begins a response to r as RFC 3261 section 8.2.6 asks. tag is our To tag, added where the request had none.
func reply(r *request, code int, reason, tag string, extra []header, body string) []byte {
	headers := make([]header, 0, 8+len(extra))
	for i, v := range values(r, "Via", "v") {
		if i == 0 {
			v = received(r, v)
		}
		headers = append(headers, header{"Via", v})
	}
	if r.From() != nil {
		headers = append(headers, header{"From", r.From().Value()})
	}
	if to := r.To(); to != nil {
		v := to.Value()
		if tag != "" && code > 100 && !to.Params.Has("tag") {
			v += ";tag=" + tag
		}
		headers = append(headers, header{"To", v})
	}
	if id := callID(r); id != "" {
		headers = append(headers, header{"Call-ID", id})
	}
	if c := r.CSeq(); c != nil {
		headers = append(headers, header{"CSeq", c.Value()})
	}
	if r.Method == sip.INVITE && code > 100 && code < 300 {
		for _, v := range values(r, "Record-Route") {
			headers = append(headers, header{"Record-Route", v})
		}
	}
	if code == 100 {
		for _, v := range values(r, "Timestamp") {
			headers = append(headers, header{"Timestamp", v})
		}
	}
	return compose("SIP/2.0 "+strconv.Itoa(code)+" "+reason, append(headers, extra...), body)
}

// received notes on the top Via where the request really came from (RFC 3261 section 18.2.1, RFC 3581).
func received(r *request, via string) string {
	top := r.Via()
	_, rport := top.Params.Get("rport")
	if addr, err := netip.ParseAddr(strings.Trim(top.Host, "[]")); err == nil && addr.Unmap() == r.from.peer.Addr() && !rport {
		return via
	}
	var b strings.Builder
	for i, part := range strings.Split(via, ";") {
		name := strings.ToLower(strings.TrimSpace(part))
		if name == "rport" || strings.HasPrefix(name, "rport=") || strings.HasPrefix(name, "received=") {
			continue
		}
		if i > 0 {
			b.WriteByte(';')
		}
		b.WriteString(part)
	}
	if rport {
		fmt.Fprintf(&b, ";rport=%d", r.from.peer.Port())
	}
	fmt.Fprintf(&b, ";received=%s", r.from.peer.Addr())
	return b.String()
}

// back is the way of a response (RFC 3261 section 18.2.2, RFC 3581 section 4). A maddr is not followed: it
// would let a stranger send our packets to anybody.
func back(r *request) flow {
	if !r.from.udp {
		return r.from
	}
	via := r.Via()
	if _, rport := via.Params.Get("rport"); rport {
		return r.from
	}
	port := uint16(5060)
	if via.Port > 0 && via.Port < 65536 {
		port = uint16(via.Port)
	}
	return flow{udp: true, peer: netip.AddrPortFrom(r.from.peer.Addr(), port), local: r.from.local}
}

// bracketed writes a host so that a port can follow.
func bracketed(host string) string {
	if strings.Contains(host, ":") && !strings.HasPrefix(host, "[") {
		return "[" + host + "]"
	}
	return host
}

// clean tells whether s can stand in a header line: a line break in it would be another header.
func clean(s string) bool {
	for _, r := range s {
		if r < ' ' || r == 0x7F {
			return false
		}
	}
	return true
}

// quoted writes a display name.
func quoted(s string) string {
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(s) + `"`
}

// reasons are the phrases of the answers that we give.
var reasons = map[int]string{
	100: "Trying", 180: "Ringing", 183: "Session Progress", 200: "OK", 202: "Accepted",
	400: "Bad Request", 403: "Forbidden", 404: "Not Found", 405: "Method Not Allowed", 406: "Not Acceptable",
	401: "Unauthorized", 413: "Request Entity Too Large", 415: "Unsupported Media Type", 416: "Unsupported URI Scheme", 420: "Bad Extension",
	422: "Session Interval Too Small", 423: "Interval Too Brief",
	480: "Temporarily Unavailable", 481: "Call/Transaction Does Not Exist", 482: "Loop Detected", 483: "Too Many Hops",
	181: "Call Is Being Forwarded", 182: "Queued", 408: "Request Timeout", 410: "Gone", 484: "Address Incomplete", 485: "Ambiguous", 489: "Bad Event",
	502: "Bad Gateway", 504: "Server Time-out", 600: "Busy Everywhere", 604: "Does Not Exist Anywhere", 606: "Not Acceptable",
	486: "Busy Here", 487: "Request Terminated", 488: "Not Acceptable Here", 491: "Request Pending",
	500: "Server Internal Error", 501: "Not Implemented", 503: "Service Unavailable", 505: "Version Not Supported",
	603: "Decline",
}
