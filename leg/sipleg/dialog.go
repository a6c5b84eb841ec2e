package sipleg

import (
	"net/netip"
	"strings"

	"github.com/emiago/sipgo/sip"
)

// dialog is one side of a conversation (RFC 3261 section 12): what its requests are made of.
type dialog struct {
	callID  string
	local   string   // our From in requests, with tag
	remote  string   // the far end's, with tag if it has one
	tag     string   // the far end's
	target  string   // where it wants requests
	routes  []string // proxies on the way, nearest first
	seq     uint32   // of our last request
	theirs  uint32   // of the last request of the far end
	flow    flow     // the next hop
	back    bool     // which is always where the far end's messages come from
	ownHost string   // host and port of our Via and Contact on this flow
	log     *trace
}

// next makes a request of the dialog; the number goes up except for ACK, which repeats that of its INVITE.
func (s *Server) inDialog(d *dialog, method sip.RequestMethod, n uint32, extra ...header) (raw []byte, branch string) {
	branch = freshBranch()
	return s.inDialogWith(d, method, n, branch, "", extra...), branch
}

// inDialogWith makes it with that branch and a description.
func (s *Server) inDialogWith(d *dialog, method sip.RequestMethod, n uint32, branch, body string, extra ...header) []byte {
	return s.inDialogAs(d, method, n, branch, "application/sdp", body, extra...)
}

// inDialogAs makes it with a body of another kind.
func (s *Server) inDialogAs(d *dialog, method sip.RequestMethod, n uint32, branch, kind, body string, extra ...header) []byte {
	uri, routes := d.target, d.routes
	if len(routes) > 0 && !loose(routes[0]) { // a strict router (section 12.2.1.1)
		uri = strings.Trim(strings.SplitN(routes[0], ">", 2)[0], "<> ")
		routes = append(append([]string{}, routes[1:]...), "<"+d.target+">")
	}
	headers := []header{
		{"Via", "SIP/2.0/" + d.flow.proto() + " " + d.ownHost + ";branch=" + branch + ";rport"},
		{"Max-Forwards", "70"},
	}
	for _, r := range routes {
		headers = append(headers, header{"Route", r})
	}
	headers = append(headers,
		header{"From", d.local}, header{"To", d.remote}, header{"Call-ID", d.callID},
		header{"CSeq", itoa(int(n)) + " " + string(method)})
	if s.cfg.UserAgent != "" {
		headers = append(headers, header{"User-Agent", s.cfg.UserAgent})
	}
	return composeAs(string(method)+" "+uri+" SIP/2.0", append(headers, extra...), kind, body)
}

func loose(route string) bool {
	uri, _, _ := strings.Cut(route, ">")
	for p := range strings.SplitSeq(uri, ";") {
		if p = strings.ToLower(p); p == "lr" || strings.HasPrefix(p, "lr=") {
			return true
		}
	}
	return false
}

// routeSet are the Record-Routes of a message as our Routes: in order for a request that we took, backwards
// for a response to ours (RFC 3261 section 12.1).
func routeSet(m message, backwards bool) []string {
	all := values(m, "Record-Route")
	if backwards {
		for i, j := 0, len(all)-1; i < j; i, j = i+1, j-1 {
			all[i], all[j] = all[j], all[i]
		}
	}
	return all
}

// contact is where the far end wants requests, "" if it does not say.
func contact(m message) string {
	if c := m.Contact(); c != nil && (c.Address.Scheme == "sip" || c.Address.Scheme == "sips") {
		return c.Address.String()
	}
	return ""
}

// aim chooses the next hop of the dialog. An address is followed; a name is not looked up again in the
// middle of a call, nor is a private address taken from a far end that is not private itself (it is behind a
// NAT): then the way that its message came is the way back. So is a connection, while it is open.
func (d *dialog) aim(came flow) {
	d.flow = came
	if !came.udp {
		return
	}
	if at := d.place(); at.proto == "udp" {
		if at.addr.Addr() != came.peer.Addr() {
			d.flow.local = netip.Addr{} // another way may lead there
		}
		d.flow.peer = at.addr
	}
}

// way is the next hop as it is now: where the far end had opened a connection, and that is closed, one is to be opened to
// where it wants requests.
func (d *dialog) way() flow {
	if d.flow.udp || d.flow.stream.open() || d.flow.stream.at != (place{}) {
		return d.flow
	}
	if at := d.place(); at.proto == "tcp" || at.proto == "tls" {
		return toOpen(at)
	}
	return d.flow
}

// place is where the far end wants requests, if that is an address that can be followed.
func (d *dialog) place() (at place) {
	if d.back {
		return place{}
	}
	uri := d.target
	if len(d.routes) > 0 {
		uri = strings.Trim(strings.SplitN(d.routes[0], ">", 2)[0], "<> ")
	}
	var u sip.Uri
	if sip.ParseUri(uri, &u) != nil {
		return place{}
	}
	at = place{proto: "udp"}
	if t, _ := u.UriParams.Get("transport"); t != "" {
		at.proto = strings.ToLower(t)
	}
	port := uint16(5060)
	if at.proto == "tls" || u.IsEncrypted() {
		at.proto, at.name, port = "tls", u.Host, 5061
	}
	ip, err := netip.ParseAddr(strings.Trim(u.Host, "[]"))
	if err != nil || ip.IsUnspecified() || ip.IsMulticast() {
		return place{}
	}
	ip = ip.Unmap()
	came := d.flow.peer.Addr()
	if len(d.routes) == 0 && ip != came && ip.IsPrivate() && !came.IsPrivate() {
		return place{}
	}
	if ip.Is4() != came.Is4() || ip.IsLoopback() && !came.IsLoopback() {
		return place{}
	}
	if u.Port > 0 && u.Port < 65536 {
		port = uint16(u.Port)
	}
	at.addr = netip.AddrPortFrom(ip, port)
	return at
}

// bye ends the dialog and tells when the far end has confirmed, or when it will not.
func (s *Server) bye(d *dialog, keys *keyring, reason string, done func(error)) {
	d.seq++
	s.ask(d, sip.BYE, d.seq, keys, done, reasonHeader(reason)...)
}

// ask sends a request of the dialog and answers a challenge to it. done is called once, never before ask returns.
func (s *Server) ask(d *dialog, method sip.RequestMethod, n uint32, keys *keyring, done func(error), extra ...header) {
	s.askFor(d, method, n, keys, func(_ *response, err error) { done(err) }, extra...)
}

// askFor is ask for one who wants the final answer.
func (s *Server) askFor(d *dialog, method sip.RequestMethod, n uint32, keys *keyring, done func(*response, error), extra ...header) {
	s.askWith(d, method, n, keys, "", "", done, extra...)
}

// askWith is askFor with a body.
func (s *Server) askWith(d *dialog, method sip.RequestMethod, n uint32, keys *keyring, kind, body string, done func(*response, error), extra ...header) {
	d.flow = d.way()
	branch := freshBranch()
	raw := s.inDialogAs(d, method, n, branch, kind, body, extra...)
	_, err := s.layer.start(outgoing{
		method: method, branch: branch, raw: raw, to: d.flow, log: d.log,
		heard: func(r *response) {
			switch {
			case r.StatusCode < 200:
			case (r.StatusCode == 401 || r.StatusCode == 407) && keys != nil:
				auth, err := keys.answer(r, method, d.target, body)
				if err != nil {
					done(r, err)
					return
				}
				again := *d
				again.seq = n + 1
				s.askWith(&again, method, n+1, keys, kind, body, done, append(extra[:len(extra):len(extra)], auth)...)
			default:
				done(r, nil)
			}
		},
		failed: func(err error) { done(nil, err) },
	})
	if err != nil {
		go done(nil, err) // the caller may hold the lock that done takes
	}
}

// reasonHeader says why we end a call (RFC 3326), where there is something to say.
func reasonHeader(text string) []header {
	if text == "" || !clean(text) {
		return nil
	}
	if len(text) > 80 {
		text = strings.ToValidUTF8(text[:80], "")
	}
	return []header{{"Reason", "SIP;cause=200;text=" + quoted(text)}}
}
