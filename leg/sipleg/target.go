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
	h, err := hopOf(u, to.Via)
	if err != nil {
		return nil, err
	}
	f, err := s.resolve(ctx, h)
	if err != nil {
		return nil, err
	}
	if id == "" {
		id = fresh(16)
	}
	own := s.ownHost(f.peer.Addr())
	user, host := to.From, to.FromHost
	if user == "" {
		user = "kaden"
	}
	if host == "" {
		host = own[:strings.LastIndex(own, ":")]
	}
	call := s.id.callID(id)
	from := "<sip:" + user + "@" + host + ">;tag=" + s.id.tag(call)
	if to.DisplayName != "" {
		from = quoted(to.DisplayName) + " " + from
	}
	i := &invitation{
		uri: uri, from: from, to: "<" + uri + ">", callID: call, n: 1, branch: s.id.branch(id, 1),
		flow: f, ownHost: own, user: credentials{to.Username, to.Password}, back: to.Symmetric,
	}
	if h.route != "" {
		i.routes = []string{h.route}
	}
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
	if err := sip.ParseUri(uri, &u); err != nil || u.Scheme != "sip" || u.Host == "" || strings.ContainsAny(uri, " <>\"") {
		return "", nil, fmt.Errorf("%q is no address that SIP can call (sip:user@host)", to.URI)
	}
	return uri, &u, nil
}

// contact is where we want requests of the dialog.
func (s *Server) contact(f flow, host string) string {
	c := "<sip:kaden@" + host
	if !f.udp {
		c += ";transport=tcp"
	}
	return c + ">"
}

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
