package sipleg

import (
	"context"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/netip"
	"sync"
	"sync/atomic"
	"time"

	"github.com/kaden-project/kaden/leg"
	"github.com/kaden-project/kaden/media"
)

// Config says how to listen and whom to listen to. Clock and Listen are required.
type Config struct {
	Listen    string       // ":5060"; UDP and TCP on the same port. Port 0 takes any that is free
	Advertise string       // our host name or address as the far ends see it; "": the one towards each of them
	RTPPorts  Range        // for sound; even ports are used
	Clock     *media.Clock // paces the sound

	// Incoming takes a call, on a goroutine of its own. nil: every call is refused with 404.
	Incoming func(*Leg)
	// Known tells whether a request that belongs to no call is answered at all. Those for which it says no
	// get silence, so that a scanner does not learn that anybody is here. It is asked on the goroutine that
	// reads the socket and must not block. With the zero Request it is asked of the address alone, whether all is to be read
	// that comes from there. nil: only AllowFrom is known.
	Known func(source netip.AddrPort, r Request) bool
	// AllowFrom are networks that are always known.
	AllowFrom []netip.Prefix

	// Texts keeps a short message that a line has brought and gives the status of its answer. It may wait for a disk. nil:
	// lines bring none.
	Texts func(ctx context.Context, n Note) (status int)
	// Phones are asked about REGISTER, and about calls of phones that register here. nil: there are none.
	Phones Phones
	// LineChanged is told each time a line (SetLines) stands differently. It must not block. nil: nobody is.
	LineChanged func(Standing)
	// Shared says that other processes have the same lines. Then each that registers waits for its turn (SetTurn).
	Shared   bool
	Resolver Resolver // nil is the system's

	// ListenTLS is where others may connect with TLS (":5061"), and Certificate is what they are shown; "" is nowhere.
	ListenTLS   string
	Certificate *tls.Certificate
	RootCAs     *x509.CertPool // whose certificates of carriers are believed; nil: those that the system believes

	UserAgent string        // "" sends none
	Secret    []byte        // names of dialogs are derived from it; it must outlive the process. Empty: made up anew
	MediaLost time.Duration // silence after which an answered leg is hung up; 0 is 60 s, negative is never

	timers     timers
	mostUnsure int32 // 0 is the constant of that name
}

// defaultMediaLost is how long an answered call may be without a packet.
const defaultMediaLost = 60 * time.Second

// Server is a SIP user agent for many calls. It is safe for concurrent use.
type Server struct {
	cfg    Config
	log    *slog.Logger
	t      timers
	id     identity
	wire   *wire
	layer  *layer
	gate   *gate
	ports  *ports
	bound  netip.Addr // the address we listen on; may be unspecified
	port   uint16
	public netip.Addr // of Advertise
	atlas  atlas
	lines  lines

	tlsPort uint16 // 0: nobody can connect with TLS

	unsure atomic.Int32 // see mostUnsure
	full   atomic.Int64 // when the log has said last that there is no room, in seconds since 1970

	ownMu sync.Mutex
	own   map[netip.Addr]ownEntry

	mu      sync.Mutex
	legs    map[string]*Leg // by tableKey
	merging map[string]*Leg // inbound legs by the identity of their INVITE
	closing bool
	jobs    int           // goroutines on behalf of legs
	left    chan struct{} // while closing: closed when the last leg and the last job have gone

	stopOnce sync.Once
	stopped  chan struct{}
	ended    chan struct{}
	running  bool
}

var errClosing = errors.New("the SIP server is shutting down")

// Listen opens the sockets. Nothing is read from them before Run.
func Listen(log *slog.Logger, cfg Config) (*Server, error) {
	if cfg.Clock == nil {
		return nil, errors.New("sipleg: Config.Clock is missing")
	}
	if cfg.MediaLost == 0 {
		cfg.MediaLost = defaultMediaLost
	}
	cfg.MediaLost = max(0, cfg.MediaLost)
	if cfg.mostUnsure == 0 {
		cfg.mostUnsure = mostUnsure
	}
	if len(cfg.Secret) == 0 {
		cfg.Secret = make([]byte, 32)
		rand.Read(cfg.Secret)
	}
	if !clean(cfg.UserAgent) || !clean(cfg.Advertise) {
		return nil, errors.New("user agent and advertised address must be free of control characters")
	}
	pool, err := newPorts(cfg.RTPPorts)
	if err != nil {
		return nil, err
	}
	public, err := publicIP(cfg.Advertise)
	if err != nil {
		return nil, err
	}
	udp, tcp, err := listen(cfg.Listen)
	if err != nil {
		return nil, err
	}
	safe, err := listenTLS(cfg)
	if err != nil {
		udp.Close()
		tcp.Close()
		return nil, err
	}
	if cfg.Resolver == nil {
		cfg.Resolver = systemDNS{Resolver: net.DefaultResolver}
	}
	at := udp.LocalAddr().(*net.UDPAddr).AddrPort()
	s := &Server{
		cfg: cfg, log: log, t: cfg.timers.orDefault(), id: identity{cfg.Secret}, gate: newGate(cfg.AllowFrom), ports: pool,
		bound: at.Addr().Unmap(), port: at.Port(), public: public, own: map[netip.Addr]ownEntry{},
		legs: map[string]*Leg{}, merging: map[string]*Leg{}, stopped: make(chan struct{}), ended: make(chan struct{}),
	}
	s.gate.carrier = func(a netip.Addr) bool {
		return s.isCarrier(a, "") || cfg.Known != nil && cfg.Known(netip.AddrPortFrom(a, 0), Request{})
	}
	if cfg.Phones != nil {
		s.gate.familiar = cfg.Phones.Familiar
	}
	s.wire = &wire{log: log, receive: s.receive, admit: s.gate.admit, udp: udp, tcp: tcp, tls: safe, streams: map[streamKey]*stream{}, all: map[*stream]netip.Addr{}}
	s.wire.life, s.wire.end = context.WithCancel(context.Background())
	s.wire.told = s.bound.IsUnspecified() && arrivals(udp)
	s.wire.dial = &tls.Config{MinVersion: tls.VersionTLS12, RootCAs: cfg.RootCAs}
	if safe != nil {
		s.tlsPort = uint16(safe.Addr().(*net.TCPAddr).Port)
		s.wire.cert = &tls.Config{MinVersion: tls.VersionTLS12, Certificates: []tls.Certificate{*cfg.Certificate}}
	}
	s.atlas.dns = cfg.Resolver
	s.layer = newLayer(s.wire.deliver, s.t)
	s.wire.lost = s.layer.lost
	return s, nil
}

// listenTLS opens the port for TLS, if there is to be one.
func listenTLS(cfg Config) (*net.TCPListener, error) {
	if cfg.ListenTLS == "" {
		return nil, nil
	}
	if cfg.Certificate == nil {
		return nil, errors.New("SIP over TLS needs a certificate")
	}
	l, err := net.Listen("tcp", cfg.ListenTLS)
	if err != nil {
		return nil, inUse(cfg.ListenTLS, "TLS", err)
	}
	return l.(*net.TCPListener), nil
}

// AddrTLS is where others may connect with TLS; invalid where nobody may.
func (s *Server) AddrTLS() netip.AddrPort {
	if s.tlsPort == 0 {
		return netip.AddrPort{}
	}
	return netip.AddrPortFrom(s.bound, s.tlsPort)
}

// publicIP is the address that stands in SDP for an advertised host.
func publicIP(advertise string) (netip.Addr, error) {
	if advertise == "" {
		return netip.Addr{}, nil
	}
	if ip, err := netip.ParseAddr(advertise); err == nil {
		return ip.Unmap(), nil
	}
	ctx, stop := context.WithTimeout(context.Background(), 4*time.Second)
	defer stop()
	ips, err := net.DefaultResolver.LookupNetIP(ctx, "ip", advertise)
	if err != nil || len(ips) == 0 {
		return netip.Addr{}, fmt.Errorf("advertised SIP host %q has no address; write the address itself: %w", advertise, err)
	}
	return ips[0].Unmap(), nil
}

// Addr is where the server listens.
func (s *Server) Addr() netip.AddrPort { return netip.AddrPortFrom(s.bound, s.port) }

// Run reads the sockets until ctx ends or Close is called. Then it takes no more calls, hangs up those that
// are left, gives them five seconds to confirm, and closes everything. It may be called once.
func (s *Server) Run(ctx context.Context) error {
	s.mu.Lock()
	if s.running || s.closing {
		s.mu.Unlock()
		return errClosing
	}
	s.wire.start()
	s.running = true
	s.mu.Unlock()
	watch, unwatch := context.WithCancel(context.Background())
	var watching sync.WaitGroup
	watching.Go(func() { s.watchAddresses(watch) })
	select {
	case <-ctx.Done():
	case <-s.stopped:
	}
	unwatch()
	watching.Wait()
	s.shutDown()
	close(s.ended)
	return context.Cause(ctx)
}

// Close ends the server as the end of Run's context does, and waits for it.
func (s *Server) Close() error {
	s.stopOnce.Do(func() { close(s.stopped) })
	s.mu.Lock()
	running := s.running
	first := !s.closing
	s.closing = true
	s.mu.Unlock()
	switch {
	case running:
		<-s.ended
	case first:
		for _, a := range s.attendants() {
			a.stop(errClosing)
		}
		s.layer.close()
		s.wire.close()
	}
	return nil
}

// patience is how long legs may take to end when the server does.
const patience = 5 * time.Second

func (s *Server) shutDown() {
	s.mu.Lock()
	s.closing = true
	s.left = make(chan struct{})
	left := s.left
	s.noteLeft()
	all := make([]*Leg, 0, len(s.legs))
	for _, l := range s.legs {
		all = append(all, l)
	}
	s.mu.Unlock()
	for _, a := range s.attendants() {
		a.stop(errClosing)
	}
	for _, l := range all {
		l.hangup(leg.Canceled, "shutting down")
	}
	if !within(left, patience) {
		for _, l := range all {
			l.mu.Lock()
			l.finish(leg.Event{Kind: leg.Ended, Cause: leg.Fault, Reason: "shut down before the far end confirmed"})
			l.mu.Unlock()
		}
		if !within(left, patience) {
			s.log.Error("somebody still works on a call that has ended")
		}
	}
	s.layer.close()
	s.wire.close()
}

func within(done <-chan struct{}, d time.Duration) bool {
	select {
	case <-done:
		return true
	case <-time.After(d):
		return false
	}
}

// spawn starts a goroutine that the end of the server waits for.
func (s *Server) spawn(f func()) {
	s.mu.Lock()
	s.jobs++
	s.mu.Unlock()
	go func() {
		defer func() {
			s.mu.Lock()
			defer s.mu.Unlock()
			s.jobs--
			s.noteLeft()
		}()
		f()
	}()
}

// noteLeft tells the end of the server when nothing is left; mu is held.
func (s *Server) noteLeft() {
	if s.left != nil && len(s.legs) == 0 && s.jobs == 0 {
		close(s.left)
		s.left = nil
	}
}

// Open counts what is held for legs: dialogs and sockets. Ports that rest are not counted.
func (s *Server) Open() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.legs) + len(s.merging) + s.ports.count()
}

func tableKey(callID, localTag string) string { return callID + " " + localTag }

// remember puts a leg where its messages are looked for.
func (s *Server) remember(l *Leg) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closing {
		return errClosing
	}
	if s.legs[l.key] != nil {
		return fmt.Errorf("the attempt %q is being dialled already", l.attempt)
	}
	s.legs[l.key] = l
	if l.merge != "" {
		s.merging[l.merge] = l
	}
	return nil
}

func (s *Server) forget(l *Leg) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.legs[l.key] == l {
		delete(s.legs, l.key)
	}
	if l.merge != "" && s.merging[l.merge] == l {
		delete(s.merging, l.merge)
	}
	s.noteLeft()
}

func (s *Server) find(callID, localTag string) *Leg {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.legs[tableKey(callID, localTag)]
}
