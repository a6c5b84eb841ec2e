package webleg

import (
	"net"
	"net/netip"
	"sync"

	"github.com/kaden-project/kaden/leg"
)

// How many TCP connections are open at a time: an office behind one address or with one network, and all of them.
const (
	mostOfOne = 256
	mostOfAll = 4096
)

// doorkeeper is a listener for strangers: anybody may connect before it is known whose browser it is, so what
// is too much is closed at once. The other browsers do not wait for it.
type doorkeeper struct {
	net.Listener

	mu   sync.Mutex
	in   map[netip.Addr]int // by household
	all  int
	most struct{ one, all int }
}

func newDoorkeeper(l net.Listener, one, all int) *doorkeeper {
	d := &doorkeeper{Listener: l, in: map[netip.Addr]int{}}
	d.most.one, d.most.all = one, all
	return d
}

// Accept gives the next connection of somebody who has not got too many.
func (d *doorkeeper) Accept() (net.Conn, error) {
	for {
		c, err := d.Listener.Accept()
		if err != nil {
			return nil, err
		}
		var from netip.Addr
		if at, ok := c.RemoteAddr().(*net.TCPAddr); ok {
			from = at.AddrPort().Addr().Unmap()
		}
		if d.admit(from) {
			return &visitor{Conn: c, leave: sync.OnceFunc(func() { d.left(from) })}, nil
		}
		c.Close()
	}
}

func (d *doorkeeper) admit(from netip.Addr) bool {
	from = leg.Household(from)
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.all >= d.most.all || d.in[from] >= d.most.one {
		return false
	}
	d.all++
	d.in[from]++
	return true
}

func (d *doorkeeper) left(from netip.Addr) {
	from = leg.Household(from)
	d.mu.Lock()
	defer d.mu.Unlock()
	d.all--
	if d.in[from]--; d.in[from] == 0 {
		delete(d.in, from)
	}
}

// visitor is a connection that is counted until it is closed.
type visitor struct {
	net.Conn
	leave func()
}

func (v *visitor) Close() error {
	v.leave()
	return v.Conn.Close()
}
