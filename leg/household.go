package leg

import "net/netip"

// Household is who stands behind an address, for counting strangers: whoever has an address of IPv6 has all of its /64.
func Household(a netip.Addr) netip.Addr {
	if p, err := a.WithZone("").Prefix(64); a.Is6() && !a.Is4In6() && err == nil {
		return p.Addr()
	}
	return a
}
