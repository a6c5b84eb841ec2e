package storetest

import (
	"bytes"
	"io"
	"net"
	"net/url"
	"sync"
	"sync/atomic"
	"testing"
)

// Proxy stands between a store and PostgreSQL, and can lose the answer to a commit.
type Proxy struct {
	URL string // of the database, through the proxy

	listener net.Listener
	target   string
	lose     atomic.Int64 // the n-th commit from now on; 0 is none
	before   atomic.Bool  // … is lost on its way to the server
	every    atomic.Int64 // lose every n-th from then on
	lost     atomic.Int64
	all      sync.WaitGroup
	mu       sync.Mutex
	open     map[net.Conn]bool
}

// NewProxy makes a proxy in front of a database; it ends with the test.
func NewProxy(t testing.TB, database string) *Proxy {
	t.Helper()
	u, err := url.Parse(database)
	ok(t, err)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	ok(t, err)
	p := &Proxy{listener: l, target: u.Host, open: map[net.Conn]bool{}}
	u.Host = l.Addr().String()
	p.URL = u.String()
	p.all.Go(p.serve)
	t.Cleanup(func() {
		l.Close()
		p.mu.Lock()
		for c := range p.open {
			c.Close()
		}
		p.mu.Unlock()
		p.all.Wait()
	})
	return p
}

// LoseAnswer lets the server have the n-th commit from now on, and cuts the connection before its answer is back.
func (p *Proxy) LoseAnswer(n int) { p.before.Store(false); p.lose.Store(int64(n)) }

// LoseCommit cuts the connection when the n-th commit from now on is sent, before the server has it.
func (p *Proxy) LoseCommit(n int) { p.before.Store(true); p.lose.Store(int64(n)) }

// LoseEvery loses the answer to every n-th commit; 0 ends that.
func (p *Proxy) LoseEvery(n int) { p.every.Store(int64(n)); p.LoseAnswer(n) }

// Lost is how many were lost.
func (p *Proxy) Lost() int { return int(p.lost.Load()) }

func (p *Proxy) serve() {
	for {
		c, err := p.listener.Accept()
		if err != nil {
			return
		}
		s, err := net.Dial("tcp", p.target)
		if err != nil {
			c.Close()
			continue
		}
		p.mu.Lock()
		p.open[c], p.open[s] = true, true
		p.mu.Unlock()
		var mute atomic.Bool // what the server says now is not passed on
		answered := make(chan struct{}, 1)
		p.all.Go(func() { defer p.shut(c, s); p.toServer(c, s, &mute, answered) })
		p.all.Go(func() { defer p.shut(c, s); p.toClient(s, c, &mute, answered) })
	}
}

func (p *Proxy) shut(conns ...net.Conn) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, c := range conns {
		c.Close()
		delete(p.open, c)
	}
}

// A commit is a simple query: Q, its length, its text and a zero.
var commit = []byte("Q\x00\x00\x00\x0bcommit\x00")

func (p *Proxy) toServer(from, to net.Conn, mute *atomic.Bool, answered <-chan struct{}) {
	buf := make([]byte, 64<<10)
	for {
		n, err := from.Read(buf)
		if err != nil {
			return
		}
		lost := bytes.Contains(buf[:n], commit) && p.lose.Load() > 0 && p.lose.Add(-1) == 0
		if lost {
			p.lost.Add(1)
			p.lose.Store(p.every.Load())
			if p.before.Load() {
				return
			}
			mute.Store(true)
		}
		if _, err := to.Write(buf[:n]); err != nil {
			return
		}
		if lost {
			<-answered // it is committed
			return
		}
	}
}

func (p *Proxy) toClient(from, to net.Conn, mute *atomic.Bool, answered chan<- struct{}) {
	defer close(answered)
	buf := make([]byte, 64<<10)
	for {
		n, err := from.Read(buf)
		if err != nil || mute.Load() {
			return
		}
		if _, err := io.Copy(to, bytes.NewReader(buf[:n])); err != nil {
			return
		}
	}
}
