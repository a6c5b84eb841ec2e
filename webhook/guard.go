package webhook

import (
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"syscall"
)

// ErrForbidden is wrapped by the problem of a server whose address is inside our own network.
var ErrForbidden = errors.New("address is not public")

// forbidden is an address that was refused.
type forbidden struct {
	addr netip.Addr
	kind kind
}

func (f *forbidden) Error() string { return fmt.Sprintf("%s: %v", f.addr, ErrForbidden) }
func (f *forbidden) Unwrap() error { return ErrForbidden }

func (f *forbidden) hint() string {
	switch f.kind {
	case loopback:
		return "this machine itself; allow loopback if the server is meant to run here"
	case private:
		return "a private network; allow private addresses if the server is yours"
	}
	return "which is never a public server; allow its network by name if it is meant"
}

// kind says what an address is to a server that must not be used to look into its own network.
type kind uint8

const (
	public kind = iota
	loopback
	private
	special // link-local with the cloud's metadata, multicast, unspecified, reserved
)

var (
	privateNets = prefixes("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10", "fc00::/7")
	// What the IANA special-purpose registries call not globally reachable, and deprecated ranges that lead inside.
	specialNets = prefixes("0.0.0.0/8", "169.254.0.0/16", "192.0.0.0/24", "192.0.2.0/24", "192.88.99.0/24", "198.18.0.0/15",
		"198.51.100.0/24", "203.0.113.0/24", "224.0.0.0/4", "240.0.0.0/4",
		"::/96", "64:ff9b:1::/48", "100::/64", "2001::/23", "2001:db8::/32", "3fff::/20", "5f00::/16", "fe80::/10", "fec0::/10", "ff00::/8")
	nat64  = netip.MustParsePrefix("64:ff9b::/96")
	sixTo4 = netip.MustParsePrefix("2002::/16")
)

func prefixes(list ...string) []netip.Prefix {
	out := make([]netip.Prefix, len(list))
	for i, s := range list {
		out[i] = netip.MustParsePrefix(s)
	}
	return out
}

func in(nets []netip.Prefix, a netip.Addr) bool {
	return slices.ContainsFunc(nets, func(p netip.Prefix) bool { return p.Contains(a) })
}

// classify looks through the ways of writing an IPv4 address as an IPv6 one.
func classify(a netip.Addr) kind {
	a = a.Unmap().WithZone("")
	switch b := a.As16(); {
	case a.IsLoopback():
		return loopback
	case in(privateNets, a):
		return private
	case in(specialNets, a):
		return special
	case nat64.Contains(a):
		return classify(netip.AddrFrom4([4]byte(b[12:])))
	case sixTo4.Contains(a):
		return classify(netip.AddrFrom4([4]byte(b[2:6])))
	}
	return public
}

// guard says which addresses may be dialled.
type guard struct {
	loopback, private bool
	allow             []netip.Prefix
}

func (g guard) check(a netip.Addr) error {
	k := classify(a)
	if k == public || k == loopback && g.loopback || k == private && g.private || in(g.allow, a.Unmap().WithZone("")) {
		return nil
	}
	return &forbidden{a.Unmap(), k}
}

// control stands in net.Dialer: it sees each address after the name was looked up, so that a name that
// changes its mind between a check and the dialling gains nothing.
func (g guard) control(_, address string, _ syscall.RawConn) error {
	ap, err := netip.ParseAddrPort(address)
	if err != nil {
		return fmt.Errorf("address %q: %w", address, err)
	}
	return g.check(ap.Addr())
}
