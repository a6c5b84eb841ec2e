package sipleg

import (
	"fmt"
	"net/netip"

	"github.com/emiago/sipgo/sip"
)

// Knock sends one OPTIONS to a phone over UDP, so that the router between it and us keeps the way open: the answer
// that it sends counts as its own traffic, which some routers insist on (RFC 4787, REQ-6). Nothing waits for the
// answer, and nothing is kept.
func (s *Server) Knock(peer netip.AddrPort, uri string) error {
	var u sip.Uri
	if err := sip.ParseUri(uri, &u); err != nil || u.Scheme != "sip" || !clean(uri) {
		return fmt.Errorf("%q is no address of a phone", uri)
	}
	f := flow{udp: true, peer: peer}
	own := s.ownHost(f)
	call := fresh(8)
	headers := []header{
		{"Via", "SIP/2.0/" + f.proto() + " " + own + ";branch=" + freshBranch() + ";rport"},
		{"Max-Forwards", "70"},
		{"From", "<sip:kaden@" + own + ">;tag=" + s.id.tag(call)},
		{"To", "<" + uri + ">"},
		{"Call-ID", call},
		{"CSeq", "1 OPTIONS"},
	}
	return s.wire.send(f, compose("OPTIONS "+uri+" SIP/2.0", headers, ""))
}
