package webhook

import (
	"errors"
	"net/netip"
	"testing"
)

func TestOnlyPublicAddressesAreAsked(t *testing.T) {
	dev := guard{loopback: true}
	office := guard{private: true}
	named := guard{allow: []netip.Prefix{netip.MustParsePrefix("169.254.0.0/16"), netip.MustParsePrefix("10.1.0.0/16")}}
	tests := []struct {
		name    string
		guard   guard
		addr    string
		allowed bool
	}{
		{"a public server", guard{}, "8.8.8.8", true},
		{"a public server by IPv6", guard{}, "2606:4700::1111", true},
		{"this machine", guard{}, "127.0.0.1", false},
		{"this machine by another of its names", guard{}, "127.8.9.10", false},
		{"this machine by IPv6", guard{}, "::1", false},
		{"this machine as an IPv6 address of IPv4", guard{}, "::ffff:127.0.0.1", false},
		{"this machine, allowed for development", dev, "127.0.0.1", true},
		{"this machine by IPv6, allowed", dev, "::1", true},
		{"the house, not allowed by loopback", dev, "192.168.1.10", false},
		{"the house", guard{}, "10.0.0.8", false},
		{"the house between 16 and 31", guard{}, "172.20.0.1", false},
		{"just outside of it", guard{}, "172.32.0.1", true},
		{"carrier NAT", guard{}, "100.64.1.1", false},
		{"unique local", guard{}, "fd00::1", false},
		{"the house, allowed", office, "10.0.0.8", true},
		{"the house as IPv4 in IPv6, allowed", office, "::ffff:10.0.0.8", true},
		{"cloud metadata", guard{}, "169.254.169.254", false},
		{"cloud metadata is not a private network", office, "169.254.169.254", false},
		{"cloud metadata as IPv4 in IPv6", office, "::ffff:169.254.169.254", false},
		{"cloud metadata through NAT64", office, "64:ff9b::a9fe:a9fe", false},
		{"cloud metadata through 6to4", office, "2002:a9fe:a9fe::1", false},
		{"a public server through NAT64", guard{}, "64:ff9b::808:808", true},
		{"link-local with a zone", guard{}, "fe80::1%eth0", false},
		{"unspecified is this machine", guard{}, "0.0.0.0", false},
		{"unspecified by IPv6", guard{}, "::", false},
		{"multicast", guard{}, "224.0.0.1", false},
		{"broadcast", guard{}, "255.255.255.255", false},
		{"a network allowed by name", named, "169.254.169.254", true},
		{"a part of the house allowed by name", named, "10.1.2.3", true},
		{"another part of the house", named, "10.2.2.3", false},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			err := test.guard.check(netip.MustParseAddr(test.addr))
			if (err == nil) != test.allowed {
				t.Errorf("check(%s) = %v, want allowed %v", test.addr, err, test.allowed)
			}
			if err != nil && !errors.Is(err, ErrForbidden) {
				t.Errorf("check(%s) = %v, want ErrForbidden", test.addr, err)
			}
		})
	}
	if err := (guard{}).control("tcp", "localhost", nil); err == nil {
		t.Error("an address without a port is allowed")
	}
}
