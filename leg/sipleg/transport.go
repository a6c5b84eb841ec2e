package sipleg

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/netip"
	"sync"
	"syscall"
	"time"

	"github.com/emiago/sipgo/sip"
)

// Limits on what strangers may send.
const (
	maxDatagram = 65535
	maxMessage  = 64 << 10        // one message on a stream
	maxStreams  = 1024            // TCP connections at a time
	maxFromOne  = 32              // … of one address
	idleStream  = 3 * time.Minute // without a byte, then it is closed
	writeQueue  = 64              // messages waiting for a slow TCP peer
)

// flow is the way to a peer: where a message came from or goes to.
type flow struct {
	udp    bool
	peer   netip.AddrPort
	stream *stream // TCP only
}

func (f flow) proto() string {
	if f.udp {
		return "UDP"
	}
	return "TCP"
}

// wire is the sockets. Each message that can be read is handed to receive on the goroutine of its socket,
// one after the other; data is only valid until receive returns.
type wire struct {
	log     *slog.Logger
	receive func(from flow, data []byte)
	admit   func(from netip.Addr) bool // asked before a byte is looked at

	udp *net.UDPConn
	tcp *net.TCPListener

	mu      sync.Mutex
	streams map[netip.AddrPort]*stream
	closed  bool
	running sync.WaitGroup
}

// listen opens UDP and TCP on the same port; with port 0 it looks for one that is free for both.
func listen(addr string) (*net.UDPConn, *net.TCPListener, error) {
	var lastErr error
	for range 20 {
		l, err := net.Listen("tcp", addr)
		if err != nil {
			return nil, nil, inUse(addr, "TCP", err)
		}
		tcp := l.(*net.TCPListener)
		host, _, _ := net.SplitHostPort(addr)
		at := net.JoinHostPort(host, fmt.Sprint(tcp.Addr().(*net.TCPAddr).Port))
		c, err := net.ListenPacket("udp", at)
		if err == nil {
			udp := c.(*net.UDPConn)
			udp.SetReadBuffer(2 << 20) // a burst of answers while one of them is read; smaller if the kernel says so
			return udp, tcp, nil
		}
		tcp.Close()
		lastErr = inUse(at, "UDP", err)
		if at == addr || !errors.Is(err, syscall.EADDRINUSE) {
			break
		}
	}
	return nil, nil, lastErr
}

// inUse says what to do, because this is the first error that a new user meets.
func inUse(addr, proto string, err error) error {
	switch {
	case errors.Is(err, syscall.EADDRINUSE):
		return fmt.Errorf("SIP port %s/%s is in use by another program; stop it (ss -lnp shows which) or choose another with --sip: %w", addr, proto, err)
	case errors.Is(err, syscall.EACCES):
		return fmt.Errorf("SIP port %s/%s may not be opened; choose one above 1023 with --sip: %w", addr, proto, err)
	case errors.Is(err, syscall.EADDRNOTAVAIL):
		return fmt.Errorf("SIP address %s is not one of this machine's; choose another with --sip: %w", addr, err)
	}
	return fmt.Errorf("SIP port %s/%s: %w", addr, proto, err)
}

func (w *wire) start() {
	w.running.Go(w.readUDP)
	w.running.Go(w.accept)
}

// close ends every goroutine of the wire and waits for them.
func (w *wire) close() {
	w.mu.Lock()
	w.closed = true
	w.udp.Close()
	w.tcp.Close()
	for _, s := range w.streams {
		s.close()
	}
	w.mu.Unlock()
	w.running.Wait()
}

func (w *wire) readUDP() {
	buf := make([]byte, maxDatagram)
	for {
		n, from, err := w.udp.ReadFromUDPAddrPort(buf)
		if err != nil {
			if errors.Is(err, net.ErrClosed) {
				return
			}
			// An ICMP error of an earlier packet, or no buffer: the socket goes on.
			w.log.Debug("SIP socket", "err", err)
			time.Sleep(time.Millisecond)
			continue
		}
		from = netip.AddrPortFrom(from.Addr().Unmap(), from.Port())
		if n < 16 || !w.admit(from.Addr()) {
			continue // keep-alives (RFC 5626 section 3.5.1) and those who have asked too often
		}
		w.receive(flow{udp: true, peer: from}, buf[:n])
	}
}

func (w *wire) accept() {
	for {
		c, err := w.tcp.AcceptTCP()
		if err != nil {
			if errors.Is(err, net.ErrClosed) {
				return
			}
			w.log.Debug("SIP listener", "err", err)
			time.Sleep(10 * time.Millisecond)
			continue
		}
		peer := c.RemoteAddr().(*net.TCPAddr).AddrPort()
		peer = netip.AddrPortFrom(peer.Addr().Unmap(), peer.Port())
		if !w.admit(peer.Addr()) || w.serve(c, peer) == nil {
			c.Close()
		}
	}
}

// connect gives the connection to a peer, an old one or a new one.
func (w *wire) connect(ctx context.Context, peer netip.AddrPort) (flow, error) {
	w.mu.Lock()
	s := w.streams[peer]
	w.mu.Unlock()
	if s == nil {
		var d net.Dialer
		c, err := d.DialContext(ctx, "tcp", peer.String())
		if err != nil {
			return flow{}, err
		}
		if s = w.serve(c.(*net.TCPConn), peer); s == nil {
			c.Close()
			return flow{}, errors.New("too many SIP connections are open")
		}
	}
	return flow{peer: peer, stream: s}, nil
}

// serve starts reading and writing a connection; nil when there are too many.
func (w *wire) serve(c *net.TCPConn, peer netip.AddrPort) *stream {
	w.mu.Lock()
	defer w.mu.Unlock()
	ofThis := 0
	for other := range w.streams {
		if other.Addr() == peer.Addr() {
			ofThis++
		}
	}
	if w.closed || len(w.streams) >= maxStreams || ofThis >= maxFromOne {
		return nil
	}
	s := &stream{conn: c, out: make(chan []byte, writeQueue), over: make(chan struct{})}
	w.streams[peer] = s
	w.running.Go(func() { s.write() })
	w.running.Go(func() {
		w.read(s, peer)
		s.close()
		w.mu.Lock()
		if w.streams[peer] == s {
			delete(w.streams, peer)
		}
		w.mu.Unlock()
	})
	return s
}

func (w *wire) read(s *stream, peer netip.AddrPort) {
	var (
		split splitter
		buf   = make([]byte, 16<<10)
		from  = flow{peer: peer, stream: s}
	)
	for {
		s.conn.SetReadDeadline(time.Now().Add(idleStream))
		n, err := s.conn.Read(buf)
		if err != nil {
			return
		}
		split.write(buf[:n])
		for {
			msg, pong, err := split.next()
			if err != nil {
				return // there is no message border to go on from
			}
			if pong {
				s.send([]byte("\r\n"))
				continue
			}
			if msg == nil {
				break
			}
			if w.admit(peer.Addr()) {
				w.receive(from, msg)
			}
		}
	}
}

// send hands one message to the kernel (UDP) or to the connection's writer (TCP). It does not block.
func (w *wire) send(f flow, data []byte) error {
	if !f.udp {
		return f.stream.send(data)
	}
	_, err := w.udp.WriteToUDPAddrPort(data, f.peer)
	return err
}

// stream is one TCP connection.
type stream struct {
	conn *net.TCPConn
	out  chan []byte
	once sync.Once
	over chan struct{}
}

var errSlow = errors.New("the peer does not read its SIP connection")

func (s *stream) send(data []byte) error {
	select {
	case <-s.over:
		return net.ErrClosed
	default:
	}
	select {
	case s.out <- data:
		return nil
	default:
		s.close()
		return errSlow
	}
}

func (s *stream) write() {
	for {
		select {
		case <-s.over:
			return
		case data := <-s.out:
			s.conn.SetWriteDeadline(time.Now().Add(5 * time.Second))
			if _, err := s.conn.Write(data); err != nil {
				s.close()
				return
			}
		}
	}
}

func (s *stream) close() {
	s.once.Do(func() {
		close(s.over)
		s.conn.Close()
	})
}

// parser is sipgo's, without state; it copies what it keeps.
var parser = sip.NewParser()
