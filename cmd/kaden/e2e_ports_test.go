package main_test

import (
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"sync"
	"testing"
)

// Ports are taken from below the range out of which the system gives them for outgoing connections, so
// that one stays free while a server that had it is started again.
const (
	firstPort = 10000
	lastPort  = 19999
	firstRTP  = 20000
	lastRTP   = 29999
)

var ports struct {
	mu    sync.Mutex
	given map[int]bool
}

// freePorts gives n ports in a row that nobody has, neither over TCP nor over UDP.
func freePorts(t testing.TB, n, first, last int) int {
	t.Helper()
	ports.mu.Lock()
	defer ports.mu.Unlock()
	if ports.given == nil {
		ports.given = map[int]bool{}
	}
	for range 1000 {
		p := first + rand.IntN((last-first-n)/2)*2
		if !given(p, n) && vacant(p, n) {
			for i := range n {
				ports.given[p+i] = true
			}
			t.Cleanup(func() {
				ports.mu.Lock()
				defer ports.mu.Unlock()
				for i := range n {
					delete(ports.given, p+i)
				}
			})
			return p
		}
	}
	t.Fatal("no free ports")
	return 0
}

// given says that another test has one of these ports; ports.mu is held.
func given(port, n int) bool {
	for p := port; p < port+n; p++ {
		if ports.given[p] {
			return true
		}
	}
	return false
}

// vacant says that nobody has these ports at the moment. Where the system keeps a list, it is read: a port that is tried
// stays taken for a moment after it is closed if a program was started meanwhile, which has our sockets until it runs.
func vacant(port, n int) bool {
	taken, listed := takenPorts()
	for p := port; p < port+n; p++ {
		if taken[p] {
			return false
		}
		if listed {
			continue
		}
		l, err := net.Listen("tcp", local(p))
		if err != nil {
			return false
		}
		l.Close()
		c, err := net.ListenPacket("udp", local(p))
		if err != nil {
			return false
		}
		c.Close()
	}
	return true
}

// takenPorts are those that a socket of this machine has, and whether the system tells.
func takenPorts() (taken map[int]bool, listed bool) {
	taken = map[int]bool{}
	for _, kind := range []string{"udp", "tcp", "udp6", "tcp6"} {
		list, err := os.ReadFile("/proc/self/net/" + kind)
		if err != nil && strings.HasSuffix(kind, "6") {
			continue // a machine without IPv6
		}
		if err != nil {
			return nil, false
		}
		for line := range strings.Lines(string(list)) {
			if f := strings.Fields(line); len(f) > 1 {
				if _, hex, ok := strings.Cut(f[1], ":"); ok {
					if p, err := strconv.ParseUint(hex, 16, 16); err == nil {
						taken[int(p)] = true
					}
				}
			}
		}
	}
	return taken, true
}

// spot is where a program runs: an address, and the machine that has it.
type spot struct {
	ip string
	as func(f func()) // calls f as that machine would; its sockets and programs are that machine's
}

// here is this machine.
var here = spot{"127.0.0.1", func(f func()) { f() }}

func (s spot) at(port int) string { return net.JoinHostPort(s.ip, fmt.Sprint(port)) }

func (s spot) start(cmd *exec.Cmd) (err error) {
	s.as(func() { err = cmd.Start() })
	return err
}

func (s spot) dial(network, to string) (c net.Conn, err error) {
	s.as(func() { c, err = net.Dial(network, to) })
	return c, err
}

// listens says that somebody has this UDP port. To try it would take it away from who is about to open it; where the
// system keeps no list, nobody is waited for.
func (s spot) listens(port int) (yes bool) {
	s.as(func() {
		list, err := os.ReadFile("/proc/thread-self/net/udp")
		yes = err != nil || strings.Contains(string(list), fmt.Sprintf(":%04X ", port))
	})
	return yes
}

// freePort gives one.
func freePort(t testing.TB) int { return freePorts(t, 1, firstPort, lastPort) }

// local is an address on this machine.
func local(port int) string { return fmt.Sprintf("127.0.0.1:%d", port) }
