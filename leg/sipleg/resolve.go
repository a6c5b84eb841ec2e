package sipleg

import (
	"fmt"
	"net"
	"strings"

	"github.com/emiago/sipgo/sip"
)

// hop is the next hop of a call: its name, and the proxy's URI if it wants to be named in a Route.
type hop struct {
	host  string
	port  int
	proto string // udp, tcp, tls; "" leaves it to the DNS
	route string
}

// hopOf reads where a call goes: via, if it is given (host, host:port or a sip: URI), else the URI itself.
func hopOf(u *sip.Uri, via string) (hop, error) {
	if via == "" {
		return hop{host: u.Host, port: u.Port, proto: protoOf(u)}, nil
	}
	if !strings.HasPrefix(via, "sip:") && !strings.HasPrefix(via, "sips:") {
		host, port, err := net.SplitHostPort(via)
		if err != nil {
			return hop{host: strings.Trim(via, "[]"), proto: protoOf(u)}, nil
		}
		n, err := net.LookupPort("udp", port)
		if err != nil {
			return hop{}, fmt.Errorf("next hop %q has no valid port", via)
		}
		return hop{host: host, port: n, proto: protoOf(u)}, nil
	}
	var p sip.Uri
	if err := sip.ParseUri(via, &p); err != nil || p.Host == "" {
		return hop{}, fmt.Errorf("next hop %q is no sip: URI", via)
	}
	h := hop{host: p.Host, port: p.Port, proto: protoOf(&p)}
	if p.UriParams.Has("lr") {
		h.route = "<" + via + ">"
	}
	return h, nil
}

// protoOf is what a URI says of the transport, "" for nothing.
func protoOf(u *sip.Uri) string {
	t, _ := u.UriParams.Get("transport")
	switch t = strings.ToLower(t); {
	case u.Scheme == "sips", t == "tls":
		return "tls"
	case t == "udp", t == "tcp":
		return t
	}
	return ""
}
