package webleg

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"time"

	"github.com/kaden-project/kaden/media"
)

// DefaultListen is where browsers' sound is expected unless the settings say otherwise. Firewalls that let
// browser telephony out mostly allow UDP from 10000 on, and it is clear of the SIP trunks' ports for sound.
const DefaultListen = "0.0.0.0:10000"

// Config says where browsers send their sound. Clock is required.
type Config struct {
	// Listen is the one address for the sound of all browsers, UDP and TCP on the same port. "" is
	// [DefaultListen], port 0 any that is free; an empty host (":10000") is IPv4 and IPv6. A machine with
	// several addresses in one network should name one of them, because answers leave from the first.
	Listen string
	// Public are further addresses under which browsers reach this port, as they see it: those of a router
	// that forwards it under the same number. None: the addresses of the network cards are all there is.
	Public []netip.Addr
	Clock  *media.Clock // paces the sound

	timers timers
}

// timers are what is waited for. Tests shorten them.
type timers struct {
	Connect   time.Duration // from the answer to the first connection
	Quiet     time.Duration // without consent, after which ICE speaks of a disconnection; nothing is done then
	Lost      time.Duration // … and after that, until the browser is lost
	KeepAlive time.Duration // between our consent checks
	Gather    time.Duration // for our own candidates
	Linger    time.Duration // after the browser hung up, for keys that are still on the way
	Close     time.Duration // for the connection's goroutines to go
}

func (t timers) orDefault() timers {
	set := func(d *time.Duration, v time.Duration) {
		if *d == 0 {
			*d = v
		}
	}
	set(&t.Connect, 15*time.Second)
	set(&t.Quiet, 5*time.Second)
	set(&t.Lost, 25*time.Second) // a page tries to restart ICE for 30 s
	set(&t.KeepAlive, 2*time.Second)
	set(&t.Gather, 3*time.Second)
	set(&t.Linger, 100*time.Millisecond)
	set(&t.Close, 5*time.Second)
	return t
}

// Addresses makes Config.Public of what people write: IP addresses, or host names, which are looked up once.
func Addresses(ctx context.Context, names ...string) ([]netip.Addr, error) {
	var all []netip.Addr
	for _, name := range names {
		if ip, err := netip.ParseAddr(name); err == nil {
			if ip.IsUnspecified() || ip.Zone() != "" {
				return nil, fmt.Errorf("%s is no address that a browser can reach; write the one of your router", name)
			}
			all = append(all, ip.Unmap())
			continue
		}
		ips, err := net.DefaultResolver.LookupNetIP(ctx, "ip", name)
		if err == nil && len(ips) == 0 {
			err = errors.New("the name has no address")
		}
		if err != nil {
			return nil, fmt.Errorf("public address %q: %w (write the IP address itself)", name, err)
		}
		for _, ip := range ips {
			all = append(all, ip.Unmap())
		}
	}
	return all, nil
}
