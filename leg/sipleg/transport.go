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
	"sync/atomic"
	"syscall"
	"time"

	"github.com/emiago/sipgo/sip"

	"github.com/kaden-project/kaden/leg"
)

// Limits on what strangers may send.
const (
	maxDatagram = 65535
	maxMessage  = 64 << 10         // one message on a stream
	maxStreams  = 1024             // TCP connections at a time of strangers
	maxFromOne  = 32               // … of one household
	idleUnknown = 30 * time.Second // a stranger's, without a message either way, then it is closed
	idleStream  = 3 * time.Minute  // one of ours
	idleKnown   = 70 * time.Minute // one that a phone or a carrier has opened: a phone that registers for an hour may say nothing between
	reopening   = 4 * time.Second  // may take so long
	writeQueue  = 64               // messages waiting for a slow TCP peer
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
	lost    func(*stream)              // told of a connection that is closed

	udp  *net.UDPConn
	told bool // of each datagram, at which of our addresses it came
	tcp  *net.TCPListener
	tls  *net.TCPListener // nil: nobody can connect with TLS; we can
	cert *tls.Config      // of tls
	dial *tls.Config      // for connections of ours

	mu      sync.Mutex
	streams map[streamKey]*stream // the last one of each
	all     map[*stream]netip.Addr
	closed  bool
	running sync.WaitGroup
	life    context.Context // ends when the wire is closed
	end     context.CancelFunc
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
	return fmt.Errorf("SIP port %s/%s: %w; name another address with --sip", addr, proto, err)
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
	w.end()
	w.udp.Close()
	w.tcp.Close()
	if w.tls != nil {
		w.tls.Close()
	}
	for s := range w.all {
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
		if !w.admit(peer.Addr()) || w.serve(conn, streamKey{peer: peer}, place{}) == nil {
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
	if s != nil && !s.open() {
		s = nil
	}
	if came := w.streams[streamKey{peer: p.addr}]; s == nil && key.name != "" && came != nil && came.tls && came.open() {
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
		if s = w.serve(c, key, p); s == nil {
			c.Close()
			return flow{}, errClosing
		}
		if s.conn != c { // another call has connected meanwhile
			c.Close()
		}
	}
	return flow{peer: p.addr, stream: s}, nil
}

// serve starts reading and writing a connection. Of those that strangers have opened (at is no place) there are only so many:
// nil is one too many. Of two that we have opened to the same place at once it gives the first, and the second is not used.
func (w *wire) serve(c net.Conn, key streamKey, at place) *stream {
	w.mu.Lock()
	defer w.mu.Unlock()
	came := at == place{}
	if w.closed || came && w.crowded(key.peer.Addr()) {
		return nil
	}
	if first := w.streams[key]; !came && first != nil && first.open() {
		return first
	}
	_, secure := c.(*tls.Conn)
	s := &stream{conn: c, tls: secure, at: at, out: make(chan []byte, writeQueue), over: make(chan struct{})}
	w.streams[key], w.all[s] = s, leg.Household(key.peer.Addr())
	w.running.Go(func() { s.write() })
	w.running.Go(func() {
		if s.shake() {
			w.read(s, key.peer)
		}
		s.close()
		w.mu.Lock()
		delete(w.all, s)
		if w.streams[key] == s {
			delete(w.streams, key)
		}
		w.mu.Unlock()
		w.lost(s)
	})
	return s
}

// crowded tells whether strangers have opened as many connections as we take, or as we take of one household. What we have
// opened ourselves does not count, nor do the connections of phones and carriers: nobody keeps us from calling, and an
// office may have a hundred telephones behind one address. w.mu is held.
func (w *wire) crowded(by netip.Addr) bool {
	came, ofThis := 0, 0
	for s, peer := range w.all {
		if s.at != (place{}) || s.known.Load() {
			continue
		}
		came++
		if peer == leg.Household(by) {
			ofThis++
		}
	}
	return came >= maxStreams || ofThis >= maxFromOne
}

func (w *wire) read(s *stream, peer netip.AddrPort) {
	var (
		split splitter
		buf   = make([]byte, 16<<10)
		from  = flow{peer: peer, stream: s}
	)
	for {
		s.conn.SetReadDeadline(time.Now().Add(s.idle()))
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
	for s := range w.all {
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

// deliver is send for one who does not care how: where a connection of ours is closed another is opened. Carriers close
// those that say nothing for two minutes, and calls last longer.
func (w *wire) deliver(f flow, data []byte) error {
	err := w.send(f, data)
	if !errors.Is(err, net.ErrClosed) || f.udp || f.stream.at == (place{}) {
		return err
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.closed {
		return err
	}
	w.running.Go(func() {
		ctx, stop := context.WithTimeout(w.life, reopening)
		defer stop()
		again, err := w.connect(ctx, f.stream.at)
		if err == nil {
			err = w.send(again, data)
		}
		if err != nil {
			w.log.Warn("a SIP connection that was closed cannot be opened again", "to", f.stream.at.String(), "err", err)
		}
	})
	return nil
}

// toOpen is the way to a place to which no connection is open: deliver opens one.
func toOpen(at place) flow {
	s := &stream{tls: at.proto == "tls", at: at, over: make(chan struct{})}
	close(s.over)
	return flow{peer: at.addr, stream: s}
}

// stream is one TCP connection, with TLS or without.
type stream struct {
	conn  net.Conn
	tls   bool
	at    place       // where we have opened it to; none: the peer has opened it
	known atomic.Bool // somebody we know has written over it
	out   chan []byte
	once  sync.Once
	over  chan struct{}
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

var errSlow = errors.New("the peer does not read its SIP connection")

func (s *stream) send(data []byte) error {
	if !s.open() {
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
			s.conn.SetReadDeadline(time.Now().Add(s.idle()))
		}
	}
}

// idle is how long it may be silent. Whether the far end is still there is for TCP to find out, which asks every 15 s.
func (s *stream) idle() time.Duration {
	switch {
	case s.known.Load():
		return idleKnown
	case s.at == place{}:
		return idleUnknown
	}
	return idleStream
}

// open tells whether it can be written to, as far as is known.
func (s *stream) open() bool {
	select {
	case <-s.over:
		return false
	default:
		return true
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
