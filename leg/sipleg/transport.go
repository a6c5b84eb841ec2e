package sipleg

import (
	"context"
	"crypto/tls"
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
	local  netip.Addr // UDP: our address that the peer has used, if we have several; invalid: the system chooses
	stream *stream    // TCP and TLS
}

func (f flow) proto() string {
	switch {
	case f.udp:
		return "UDP"
	case f.stream != nil && f.stream.tls:
		return "TLS"
	}
	return "TCP"
}

// streamKey finds a connection again: a peer, and whose certificate it has shown ("" for TCP, and for those
// who have connected to us).
type streamKey struct {
	peer netip.AddrPort
	name string
}

// wire is the sockets. Each message that can be read is handed to receive on the goroutine of its socket,
// one after the other; data is only valid until receive returns.
type wire struct {
	log     *slog.Logger
	receive func(from flow, data []byte)
	admit   func(from netip.Addr) bool // asked before a byte is looked at

	udp  *net.UDPConn
	told bool // of each datagram, at which of our addresses it came
	tcp  *net.TCPListener
	tls  *net.TCPListener // nil: nobody can connect with TLS; we can
	cert *tls.Config      // of tls
	dial *tls.Config      // for connections of ours

	mu      sync.Mutex
	streams map[streamKey]*stream
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
	w.running.Go(func() { w.accept(w.tcp, nil) })
	if w.tls != nil {
		w.running.Go(func() { w.accept(w.tls, w.cert) })
	}
}

// close ends every goroutine of the wire and waits for them.
func (w *wire) close() {
	w.mu.Lock()
	w.closed = true
	w.udp.Close()
	w.tcp.Close()
	if w.tls != nil {
		w.tls.Close()
	}
	for _, s := range w.streams {
		s.close()
	}
	w.mu.Unlock()
	w.running.Wait()
}

func (w *wire) readUDP() {
	buf := make([]byte, maxDatagram)
	var said []byte
	if w.told {
		said = make([]byte, arrivalSize)
	}
	for {
		n, more, _, from, err := w.udp.ReadMsgUDPAddrPort(buf, said)
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
		w.receive(flow{udp: true, peer: from, local: arrivedAt(said[:more])}, buf[:n])
	}
}

// accept takes connections, with TLS where cert is given.
func (w *wire) accept(l *net.TCPListener, cert *tls.Config) {
	for {
		c, err := l.AcceptTCP()
		if err != nil {
			if errors.Is(err, net.ErrClosed) {
				return
			}
			w.log.Debug("SIP listener", "err", err)
			time.Sleep(10 * time.Millisecond)
			continue
		}
		peer := peerOf(c)
		var conn net.Conn = c
		if cert != nil {
			conn = tls.Server(c, cert)
		}
		if !w.admit(peer.Addr()) || w.serve(conn, streamKey{peer: peer}) == nil {
			c.Close()
		}
	}
}

func peerOf(c net.Conn) netip.AddrPort {
	a := c.RemoteAddr().(*net.TCPAddr).AddrPort()
	return netip.AddrPortFrom(a.Addr().Unmap(), a.Port())
}

// connect gives the connection to a server, an old one or a new one.
func (w *wire) connect(ctx context.Context, p place) (flow, error) {
	key := streamKey{peer: p.addr}
	if p.proto == "tls" {
		key.name = p.name
	}
	w.mu.Lock()
	s := w.streams[key]
	if s != nil && s.closed() {
		s = nil // its reader is about to take it away
	}
	if came := w.streams[streamKey{peer: p.addr}]; s == nil && key.name != "" && came != nil && came.tls && !came.closed() {
		s = came // a phone's: it cannot be connected to, and shows no certificate
	}
	w.mu.Unlock()
	if s == nil {
		var d net.Dialer
		c, err := d.DialContext(ctx, "tcp", p.addr.String())
		if err != nil {
			return flow{}, err
		}
		if p.proto == "tls" {
			if c, err = w.secure(ctx, c, p.name); err != nil {
				return flow{}, err
			}
		}
		if s = w.serve(c, key); s == nil {
			c.Close()
			return flow{}, errors.New("too many SIP connections are open")
		}
	}
	return flow{peer: p.addr, stream: s}, nil
}

// serve starts reading and writing a connection; nil when there are too many.
func (w *wire) serve(c net.Conn, key streamKey) *stream {
	w.mu.Lock()
	defer w.mu.Unlock()
	ofThis := 0
	for other := range w.streams {
		if other.peer.Addr() == key.peer.Addr() {
			ofThis++
		}
	}
	if w.closed || len(w.streams) >= maxStreams || ofThis >= maxFromOne {
		return nil
	}
	_, secure := c.(*tls.Conn)
	s := &stream{conn: c, tls: secure, out: make(chan []byte, writeQueue), over: make(chan struct{})}
	w.streams[key] = s
	w.running.Go(func() { s.write() })
	w.running.Go(func() {
		if s.shake() {
			w.read(s, key.peer)
		}
		s.close()
		w.mu.Lock()
		if w.streams[key] == s {
			delete(w.streams, key)
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

// leave closes the connections from an address that is gone: nothing comes over them any more, and TCP would notice that
// after a quarter of an hour.
func (w *wire) leave(gone func(netip.Addr) bool) {
	w.mu.Lock()
	var left []*stream
	for _, s := range w.streams {
		if gone(addrOf(s.conn.LocalAddr())) {
			left = append(left, s)
		}
	}
	w.mu.Unlock()
	for _, s := range left {
		s.forget()
	}
}

// send hands one message to the kernel (UDP) or to the connection's writer (TCP). It does not block.
func (w *wire) send(f flow, data []byte) error {
	if !f.udp {
		return f.stream.send(data)
	}
	if f.local.IsValid() {
		if _, _, err := w.udp.WriteMsgUDPAddrPort(data, leavesFrom(f.local), f.peer); err == nil {
			return nil
		}
		// That address is not ours any more: from another one it may still arrive.
	}
	_, err := w.udp.WriteToUDPAddrPort(data, f.peer)
	return err
}

// stream is one TCP connection, with TLS or without.
type stream struct {
	conn net.Conn
	tls  bool
	out  chan []byte
	once sync.Once
	over chan struct{}
}

// forget closes it without a word: there is no way on which one would arrive.
func (s *stream) forget() {
	conn := s.conn
	if safe, is := conn.(*tls.Conn); is {
		conn = safe.NetConn()
	}
	if c, is := conn.(*net.TCPConn); is {
		c.SetLinger(0)
	}
	s.close()
}

func (s *stream) closed() bool {
	select {
	case <-s.over:
		return true
	default:
		return false
	}
}

var errSlow = errors.New("the peer does not read its SIP connection")

func (s *stream) send(data []byte) error {
	if s.closed() {
		return net.ErrClosed
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
