package sipleg

import (
	"context"
	"fmt"
	"net/netip"
	"strings"

	"github.com/emiago/sipgo/sip"

	"github.com/kaden-project/kaden/leg"
)

// invitation makes the names of an attempt's INVITE. The same target and id give the same invitation in
// every life of the process.
func (s *Server) invitation(ctx context.Context, to leg.Target, id string) (*invitation, error) {
	uri, u, err := requestURI(to)
	if err != nil {
		return nil, err
	}
	var line Line
	var routes []string
	if a := s.lines.find(to.Line); a != nil {
		line = a.line
		routes, _ = a.way()
	}
	via := to.Via
	switch {
	case via != "":
	case line.Proxy != "":
		via = line.Proxy
	case len(routes) > 0: // RFC 3608 section 6: they are our Routes, and the first of them is the next hop
		via, _, _ = nameAddr(routes[0])
	}
	h, err := hopOf(u, via)
	if err != nil {
		return nil, err
	}
	h, f, at, others, err := s.way(ctx, to, u, h)
	if err != nil {
		return nil, err
	}
	if id == "" {
		id = fresh(16)
	}
	own := s.ownHost(f)
	call := s.id.callID(id)
	i := &invitation{
		uri: uri, to: "<" + uri + ">", callID: call, n: 1, branch: s.id.branch(id, 1, at.addr),
		flow: f, at: at, others: others, fixed: h.proto != "", ownHost: own, user: credentials{to.Username, to.Password},
		back: to.Symmetric,
	}
	i.from, i.shown = line.caller(to, own[:strings.LastIndex(own, ":")])
	i.from += ";tag=" + s.id.tag(call)
	if h.route != "" && len(routes) == 0 {
		i.routes = []string{h.route}
	}
	if line.Proxy != "" && h.route != "" && len(routes) > 0 {
		i.routes = []string{h.route}
	}
	i.routes = append(i.routes, routes...)
	return i, nil
}

// requestURI checks a target and gives what is called.
func requestURI(to leg.Target) (string, *sip.Uri, error) {
	words := []string{to.URI, to.Via, to.From, to.FromHost, to.DisplayName}
	for name, value := range to.Headers {
		words = append(words, name, value)
		if name == "" || strings.ContainsAny(name, ": \t") {
			return "", nil, fmt.Errorf("%q is no header name", name)
		}
	}
	for _, w := range words {
		if !clean(w) {
			return "", nil, fmt.Errorf("%q has a control character in it", w)
		}
	}
	if strings.ContainsAny(to.From+to.FromHost, " <>\"@;") {
		return "", nil, fmt.Errorf("caller ID %q is neither a number nor a user name", to.From)
	}
	uri := to.URI
	if number, is := strings.CutPrefix(uri, "tel:"); is && to.Via != "" {
		host := strings.TrimPrefix(to.Via, "sip:")
		host, _, _ = strings.Cut(host, ";")
		uri = "sip:" + number + "@" + host + ";user=phone"
	}
	var u sip.Uri
	if err := sip.ParseUri(uri, &u); err != nil || u.Scheme != "sip" && u.Scheme != "sips" || u.Host == "" || strings.ContainsAny(uri, " <>\"") {
		return "", nil, fmt.Errorf("%q is no address that SIP can call (sip:user@host)", to.URI)
	}
	return uri, &u, nil
}

// contact is where we want requests of the dialog that uri begins: with a sips: address if that is one (RFC 3261 sections
// 8.1.1.8 and 12.1.1).
func (s *Server) contact(f flow, host, uri string) string {
	if secureURI(uri) {
		return "<sips:kaden@" + host + ">"
	}
	c := "<sip:kaden@" + host
	if !f.udp {
		c += ";transport=" + strings.ToLower(f.proto())
	}
	return c + ">"
}

func secureURI(uri string) bool { return len(uri) > 5 && strings.EqualFold(uri[:5], "sips:") }

// bindIP is where the sound's socket listens.
func (s *Server) bindIP(peer netip.Addr) netip.Addr {
	switch {
	case !s.bound.IsUnspecified():
		return s.bound
	case peer.Is4():
		return netip.IPv4Unspecified()
	}
	return netip.IPv6Unspecified()
}

// caller says who calls: From without a tag, and the headers in which else our number stands. own is our host.
func (l Line) caller(to leg.Target, own string) (from string, shown []header) {
	user, host := to.From, to.FromHost
	if user == "" {
		user = "kaden"
	}
	if host == "" {
		host = own
	}
	name := ""
	if to.DisplayName != "" {
		name = quoted(to.DisplayName) + " "
	}
	number := "<sip:" + user + "@" + host + ">"
	if l.Tel {
		number = "<tel:" + user + ">"
	}
	from = number
	if l.CallerID != InFrom {
		if l.User != "" {
			from = "<sip:" + l.User + "@" + host + ">"
		} else if l.Tel {
			from = "<sip:" + user + "@" + host + ">"
		}
		shown = append(shown, header{string(l.CallerID), name + number})
	}
	if l.Private {
		// RFC 3323 section 4.1.1.3, and Japan's 184 in SIP: From is nobody's, the carrier alone knows the number.
		from, name = `"Anonymous" <sip:anonymous@anonymous.invalid>`, ""
		shown = append(shown, header{"Privacy", "id"})
	}
	return name + from, shown
}
