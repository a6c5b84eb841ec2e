package sipleg

import (
	"net"
	"net/netip"
	"sync"
	"testing"

	"github.com/kaden-project/kaden/leg/legtest"
)

// tcpServer takes connections and says nothing.
func tcpServer(t *testing.T) netip.AddrPort {
	t.Helper()
	legtest.LeavesNothing(t)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var taking sync.WaitGroup
	taking.Go(func() {
		var all []net.Conn
		for {
			c, err := l.Accept()
			if err != nil {
				break
			}
			all = append(all, c)
		}
		for _, c := range all {
			c.Close()
		}
	})
	t.Cleanup(func() { l.Close(); taking.Wait() })
	return l.Addr().(*net.TCPAddr).AddrPort()
}

// open counts the connections of a server.
func (w *wire) open() int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return len(w.all)
}

func TestCallsToOneServerAtOnceShareAConnection(t *testing.T) {
	s := start(t, quick)
	at := place{proto: "tcp", addr: tcpServer(t)}
	var (
		calls sync.WaitGroup
		begin = make(chan struct{})
		mu    sync.Mutex
		all   = map[*stream]bool{}
	)
	for range 16 {
		calls.Go(func() {
			<-begin
			f, err := s.wire.connect(t.Context(), at)
			if err != nil {
				t.Error(err)
			}
			mu.Lock()
			defer mu.Unlock()
			all[f.stream] = true
		})
	}
	close(begin)
	calls.Wait()
	if n := s.wire.open(); len(all) != 1 || n != 1 {
		t.Errorf("16 calls at once have %d connections, and %d are open", len(all), n)
	}
}

// Whoever fills our table of connections from an address of the carrier's network, or from many, does not keep us from
// calling over it.
func TestStrangersConnectionsDoNotKeepUsFromConnecting(t *testing.T) {
	s := start(t, quick)
	for range maxFromOne {
		c, err := net.Dial("tcp", s.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
	}
	until(t, "the connections to be taken", func() bool { return s.wire.open() == maxFromOne })
	if _, err := s.wire.connect(t.Context(), place{proto: "tcp", addr: tcpServer(t)}); err != nil {
		t.Error(err)
	}
}
