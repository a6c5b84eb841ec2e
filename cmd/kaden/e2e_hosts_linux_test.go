package main_test

import (
	"context"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"

	"golang.org/x/sys/unix"
)

// host is a machine of its own as far as the network is concerned: a namespace with a loopback, cards, addresses and
// routes that are nobody else's. It has no name in the system, which therefore takes it away with the last one who uses
// it, however the test ends.
type host struct {
	t     testing.TB
	name  string
	space *os.File
	cards int
}

// newHost makes one without a card.
func newHost(t testing.TB, name string) *host {
	t.Helper()
	needs(t, "ip", "iproute2")
	space, err := newSpace()
	if err != nil {
		t.Skipf("skipped: this system gives us no network namespace (are we root, with CAP_SYS_ADMIN?): %v", err)
	}
	h := &host{t: t, name: name, space: space}
	t.Cleanup(func() {
		h.isEmpty()
		space.Close()
	})
	h.ip("link", "set", "lo", "up")
	return h
}

// newSpace makes a namespace. The thread that does it goes back to where it came from: programs that it has started before
// would end with it.
func newSpace() (space *os.File, err error) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	home, err := os.Open("/proc/thread-self/ns/net")
	if err != nil {
		return nil, err
	}
	defer home.Close()
	if err := unix.Unshare(unix.CLONE_NEWNET); err != nil {
		return nil, err
	}
	defer goesBack(home)
	return os.Open("/proc/thread-self/ns/net")
}

func goesBack(home *os.File) {
	if err := unix.Setns(int(home.Fd()), unix.CLONE_NEWNET); err != nil {
		panic("this thread does not find back to its network: " + err.Error())
	}
}

// as calls f as the host would: sockets that f opens and programs that it starts are the host's. f starts no goroutines.
func (h *host) as(f func()) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	home, err := os.Open("/proc/thread-self/ns/net")
	if err == nil {
		defer home.Close()
		err = unix.Setns(int(h.space.Fd()), unix.CLONE_NEWNET)
	}
	if err != nil {
		h.t.Errorf("%s cannot be entered: %v", h.name, err)
		return
	}
	defer goesBack(home)
	f()
}

// spot is the host at one of its addresses.
func (h *host) spot(ip string) spot { return spot{ip, h.as} }

// ip changes the host's network.
func (h *host) ip(args ...string) {
	h.t.Helper()
	if out, err := h.iproute(nil, args...); err != nil {
		h.t.Fatalf("%s: ip %s: %v %s", h.name, strings.Join(args, " "), err, out)
	}
}

// iproute runs ip(8) as the host; the program has a file as its descriptor 3.
func (h *host) iproute(file *os.File, args ...string) (out []byte, err error) {
	cmd := exec.Command("ip", args...)
	if file != nil {
		cmd.ExtraFiles = []*os.File{file}
	}
	h.as(func() { out, err = cmd.CombinedOutput() })
	return out, err
}

// card is the name of the host's next one.
func (h *host) card() string {
	h.cards++
	return fmt.Sprintf("eth%d", h.cards-1)
}

// join lays a cable between two hosts, each of which has an address on it (10.0.0.1/24), and gives the names of the cards.
func join(a *host, addressA string, b *host, addressB string) (cardA, cardB string) {
	a.t.Helper()
	cardA, cardB = a.card(), b.card()
	out, err := a.iproute(b.space, "link", "add", "name", cardA, "type", "veth", "peer", "name", cardB, "netns", "/proc/self/fd/3")
	if err != nil {
		a.t.Skipf("skipped: this system has no virtual cables (veth): %v %s", err, out)
	}
	for _, end := range []struct {
		h             *host
		card, address string
	}{{a, cardA, addressA}, {b, cardB, addressB}} {
		end.h.ip("address", "add", end.address, "dev", end.card)
		end.h.ip("link", "set", end.card, "up")
	}
	return cardA, cardB
}

// forwards makes the host a router.
func (h *host) forwards() {
	h.t.Helper()
	var err error
	h.as(func() { err = os.WriteFile("/proc/sys/net/ipv4/ip_forward", []byte("1"), 0) })
	if err != nil {
		h.t.Skipf("skipped: this system lets no namespace forward packets: %v", err)
	}
}

// isEmpty waits until no program and no socket of the host is left.
func (h *host) isEmpty() {
	h.t.Helper()
	var there string
	empty := happens(leaving{h.t}, patience, func() bool {
		there = h.programs() + h.sockets()
		return there == ""
	})
	if !empty {
		h.t.Errorf("left on the machine %s: %s", h.name, there)
	}
}

// programs are the processes on the host, as text.
func (h *host) programs() string {
	own, err := h.space.Stat()
	if err != nil {
		return err.Error()
	}
	var found strings.Builder
	all, _ := filepath.Glob("/proc/[0-9]*/ns/net")
	for _, file := range all {
		if theirs, err := os.Stat(file); err == nil && os.SameFile(own, theirs) {
			line, _ := os.ReadFile(filepath.Join(file, "..", "..", "cmdline"))
			fmt.Fprintf(&found, "program %q ", line)
		}
	}
	return found.String()
}

// sockets are those of the host that a program has, as text. A TCP connection that its program has closed, and that the
// system only sees to its end, is none.
func (h *host) sockets() (found string) {
	h.as(func() {
		for _, kind := range []string{"udp", "udp6", "tcp", "tcp6", "raw", "packet"} {
			list, err := os.ReadFile("/proc/thread-self/net/" + kind)
			if err != nil {
				continue // a kernel without IPv6
			}
			for _, line := range strings.Split(strings.TrimSpace(string(list)), "\n")[1:] {
				if f := strings.Fields(line); strings.HasPrefix(kind, "tcp") && len(f) > 9 && f[9] == "0" { // its inode
					continue
				}
				found += kind + " " + strings.Join(strings.Fields(line), " ") + " "
			}
		}
	})
	return found
}

// leaving is a test at its end, whose context is over.
type leaving struct{ testing.TB }

func (leaving) Context() context.Context { return context.Background() }

// window lets this machine see a TCP port of the host's loopback at its own.
func (h *host) window(port int) {
	h.t.Helper()
	l, err := net.Listen("tcp", local(port))
	if err != nil {
		h.t.Fatal(err)
	}
	var mu sync.Mutex
	var open []net.Conn
	closed := false
	keep := func(c net.Conn) bool {
		mu.Lock()
		defer mu.Unlock()
		open = append(open, c)
		return !closed
	}
	var all sync.WaitGroup
	all.Go(func() {
		for {
			near, err := l.Accept()
			if err != nil {
				return
			}
			far, err := h.spot("").dial("tcp", local(port))
			if err != nil {
				near.Close()
				continue
			}
			if !keep(near) || !keep(far) {
				near.Close()
				far.Close()
				return
			}
			pass := func(to, from net.Conn) {
				io.Copy(to, from)
				to.Close()
				from.Close()
			}
			all.Go(func() { pass(near, far) })
			all.Go(func() { pass(far, near) })
		}
	})
	h.t.Cleanup(func() {
		l.Close()
		mu.Lock()
		closed = true
		for _, c := range open {
			c.Close()
		}
		mu.Unlock()
		all.Wait()
	})
}

// on lets a server run on a host, where it listens on every address at SIP's own port. more are further settings of sip:.
func on(h *host, more ...string) option {
	return func(s *server) {
		h.window(s.http)
		text, err := os.ReadFile(s.file)
		if err != nil {
			s.t.Fatal(err)
		}
		listen := "listen: 0.0.0.0:5060"
		for _, m := range more {
			listen += "\n  " + m
		}
		changed := strings.Replace(string(text), "listen: "+local(s.sip), listen, 1)
		if err := os.WriteFile(s.file, []byte(changed), 0o600); err != nil {
			s.t.Fatal(err)
		}
		s.at, s.sip = h.spot("127.0.0.1"), 5060
	}
}
