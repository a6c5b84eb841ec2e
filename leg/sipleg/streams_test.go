package sipleg

import (
	"net"
	"net/netip"
	"sync"
	"testing"

	"github.com/kaden-project/kaden/leg"
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

// closeAll closes the connections of a server as a firewall or a carrier does with those that say nothing for long.
func closeAll(t *testing.T, s *Server) {
	t.Helper()
	s.wire.mu.Lock()
	for c := range s.wire.all {
		c.close()
	}
	s.wire.mu.Unlock()
	until(t, "the connections to be closed", func() bool { return s.wire.open() == 0 })
}

// Calls last longer than connections over which nothing is said: both sides can still end the call, and neither hears
// silence until its session is over.
func TestACallOutlivesItsConnection(t *testing.T) {
	for name, end := range map[string]func(t *testing.T, out, in leg.Leg){
		"the caller hangs up": func(t *testing.T, out, in leg.Leg) {
			out.Hangup(t.Context(), leg.Completed)
			ended(t, in, leg.HungUp)
			ended(t, out, leg.Completed)
		},
		"the called hangs up": func(t *testing.T, out, in leg.Leg) {
			in.Hangup(t.Context(), leg.Completed)
			ended(t, out, leg.HungUp)
			ended(t, in, leg.Completed)
		},
		"the called holds": func(t *testing.T, out, in leg.Leg) {
			if err := in.(*Leg).Hold(true); err != nil {
				t.Fatal(err)
			}
			if e := next(t, out, leg.Held); !e.On {
				t.Error("held is off")
			}
			out.Hangup(t.Context(), leg.Completed)
			ended(t, in, leg.HungUp)
			ended(t, out, leg.Completed)
		},
	} {
		t.Run(name, func(t *testing.T) {
			got := make(chan *Leg, 1)
			callee := start(t, func(c *Config) { quick(c); c.Incoming = func(l *Leg) { got <- l } })
			caller := start(t, quick)
			out, err := caller.Dial(t.Context(), leg.Target{URI: "sip:a@" + callee.Addr().String() + ";transport=tcp"}, leg.Options{})
			if err != nil {
				t.Fatal(err)
			}
			in := leg.Leg(<-got)
			in.Answer(t.Context())
			next(t, out, leg.Answered)
			next(t, in, leg.Answered)
			until(t, "the answer to be acknowledged", func() bool {
				l := in.(*Leg)
				l.mu.Lock()
				defer l.mu.Unlock()
				return l.reinvite == nil
			})
			closeAll(t, caller)
			closeAll(t, callee)
			end(t, out, in)
		})
	}
}
