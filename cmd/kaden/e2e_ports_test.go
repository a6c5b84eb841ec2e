package main_test

import (
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"os/exec"
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

// vacant says that nobody listens on these ports at the moment.
func vacant(port, n int) bool {
	for p := port; p < port+n; p++ {
		l, err := net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", p))
		if err != nil {
			return false
		}
		l.Close()
		c, err := net.ListenPacket("udp", fmt.Sprintf("127.0.0.1:%d", p))
		if err != nil {
			return false
		}
		c.Close()
	}
	return true
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
