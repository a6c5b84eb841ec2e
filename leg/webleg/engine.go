package webleg

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

	"github.com/pion/ice/v4"
	"github.com/pion/interceptor"
	"github.com/pion/webrtc/v4"

	"github.com/kaden-project/kaden/leg"
	"github.com/kaden-project/kaden/media"
)

// Signaller is the browser's side of the signalling. It is told what to send there, in order. It must not
// block, and must not call the leg before it has returned.
type Signaller interface {
	// Ringing tells a browser that called that it rings here. sdp is our answer to its offer when it is to hear
	// something already, else "".
	Ringing(sdp string)
	// Answer tells a browser that called that we have picked up. sdp is our answer to its offer, also when
	// Ringing gave it before.
	Answer(sdp string)
	// End ends the call: before the answer it is a cancel of our call or a refusal of the browser's, as c says.
	// It is not called for a call that the browser ended (Left).
	End(answered bool, c leg.Cause)
}

// Engine is the sound of all browsers. It is safe for concurrent use.
type Engine struct {
	log  *slog.Logger
	cfg  Config
	api  *webrtc.API
	cert certificate
	at   netip.AddrPort
	udp  ice.UDPMux
	tcp  ice.TCPMux

	mu      sync.Mutex
	legs    map[*Leg]struct{}
	jobs    int // goroutines on behalf of legs
	closing bool
	left    chan struct{} // while closing: closed when the last leg and the last job have gone
}

var errClosing = errors.New("the browsers' sound is shutting down")

// New opens the ports. Close gives them back; the Clock has to run until then.
func New(log *slog.Logger, cfg Config) (*Engine, error) {
	if cfg.Clock == nil {
		return nil, errors.New("webleg: Config.Clock is missing")
	}
	if cfg.Listen == "" {
		cfg.Listen = DefaultListen
	}
	cfg.timers = cfg.timers.orDefault()
	udp, tcp, err := listen(cfg.Listen)
	if err != nil {
		return nil, err
	}
	e := &Engine{
		log: log, cfg: cfg, legs: map[*Leg]struct{}{},
		at: udp.LocalAddr().(*net.UDPAddr).AddrPort(),
	}
	e.udp = ice.NewUDPMuxDefault(ice.UDPMuxParams{Logger: logs{log}.NewLogger("udp"), UDPConn: udp})
	e.tcp = ice.NewTCPMuxDefault(ice.TCPMuxParams{
		Logger: logs{log}.NewLogger("tcp"), Listener: newDoorkeeper(tcp, mostOfOne, mostOfAll), ReadBufferSize: tcpPackets,
		// Without it a browser that does not read would hold up the clock and everybody on it.
		WriteBufferSize: tcpBuffer,
		// Who comes has our candidates, so the leg is known; strangers are not waited for.
		FirstStunBindTimeout: strangers, AliveDurationForConnFromStun: strangers,
	})
	if e.api, err = e.newAPI(); err != nil {
		e.udp.Close()
		e.tcp.Close()
		return nil, err
	}
	return e, nil
}

const (
	tcpPackets = 64       // that wait to be read, of one browser
	tcpBuffer  = 64 << 10 // bytes that wait to be sent: several seconds of sound
	udpBuffer  = 2 << 20  // of the kernel, for all browsers

	strangers = 5 * time.Second // a TCP connection that belongs to no leg
)

// notOurs says what is in the way of listening.
func notOurs(err error) error {
	switch {
	case errors.Is(err, syscall.EADDRINUSE):
		return fmt.Errorf("browsers' sound: %w (is another kaden or media server on this port?)", err)
	case errors.Is(err, syscall.EADDRNOTAVAIL):
		return fmt.Errorf("browsers' sound: %w (it is not one of this machine's)", err)
	}
	return fmt.Errorf("browsers' sound: %w", err)
}

// listen opens both sockets on the same port.
func listen(at string) (*net.UDPConn, net.Listener, error) {
	addr, err := net.ResolveUDPAddr(network("udp", at), at)
	if err != nil {
		return nil, nil, fmt.Errorf("browsers' sound: %w", err)
	}
	for try := 0; ; try++ {
		udp, err := net.ListenUDP(network("udp", at), addr)
		if err != nil {
			return nil, nil, notOurs(err)
		}
		tcp, err := net.Listen(network("tcp", at), udp.LocalAddr().String())
		if err == nil {
			udp.SetReadBuffer(udpBuffer)
			udp.SetWriteBuffer(udpBuffer)
			return udp, tcp, nil
		}
		udp.Close()
		if addr.Port != 0 || try == 9 { // with port 0 the kernel chose one whose TCP side is taken
			return nil, nil, notOurs(err)
		}
	}
}

// network keeps 0.0.0.0 to IPv4; Go would take it for all addresses.
func network(kind, at string) string {
	host, _, err := net.SplitHostPort(at)
	if ip, bad := netip.ParseAddr(host); err == nil && bad == nil && ip.Is4() {
		return kind + "4"
	}
	return kind
}

// newAPI is pion, set up for telephony with browsers.
func (e *Engine) newAPI() (*webrtc.API, error) {
	var m webrtc.MediaEngine
	for _, c := range []webrtc.RTPCodecParameters{ // in the order in which they are preferred
		{PayloadType: 0, RTPCodecCapability: webrtc.RTPCodecCapability{MimeType: webrtc.MimeTypePCMU, ClockRate: media.Rate}},
		{PayloadType: 8, RTPCodecCapability: webrtc.RTPCodecCapability{MimeType: webrtc.MimeTypePCMA, ClockRate: media.Rate}},
		{PayloadType: 101, RTPCodecCapability: webrtc.RTPCodecCapability{MimeType: telephoneEvent, ClockRate: media.Rate, SDPFmtpLine: "0-15"}},
	} {
		if err := m.RegisterCodec(c, webrtc.RTPCodecTypeAudio); err != nil {
			return nil, err
		}
	}
	var reports interceptor.Registry
	if err := webrtc.ConfigureRTCPReports(&reports); err != nil {
		return nil, err
	}
	var s webrtc.SettingEngine
	s.LoggerFactory = logs{e.log}
	s.SetICEUDPMux(e.udp)
	s.SetICETCPMux(e.tcp)
	s.DisableActiveTCP(true)
	s.SetNetworkTypes([]webrtc.NetworkType{
		webrtc.NetworkTypeUDP4, webrtc.NetworkTypeUDP6, webrtc.NetworkTypeTCP4, webrtc.NetworkTypeTCP6,
	})
	s.SetICEMulticastDNSMode(ice.MulticastDNSModeDisabled)
	s.SetIncludeLoopbackCandidate(e.at.Addr().IsLoopback() || onlyLoopback())
	// A browser says nothing about where it is, so all of its candidates are peer reflexive. As the offering
	// side pion would wait a second for a better one.
	s.SetPrflxAcceptanceMinWait(0)
	// Who answered our offer is the DTLS client. It must be so too when we answer its ICE restart: Chrome
	// refuses an answer that turns the roles round, without a word.
	if err := s.SetAnsweringDTLSRole(webrtc.DTLSRoleServer); err != nil {
		return nil, err
	}
	s.SetICETimeouts(e.cfg.timers.Quiet, e.cfg.timers.Lost, e.cfg.timers.KeepAlive)
	s.DisableCloseByDTLS(true) // the end is the signalling's to say, and another page may take over
	s.SetFireOnTrackBeforeFirstRTP(true)
	if len(e.cfg.Public) > 0 {
		rule := webrtc.ICEAddressRewriteRule{Mode: webrtc.ICEAddressRewriteAppend, AsCandidateType: webrtc.ICECandidateTypeHost}
		for _, ip := range e.cfg.Public {
			rule.External = append(rule.External, ip.String())
		}
		if err := s.SetICEAddressRewriteRules(rule); err != nil {
			return nil, fmt.Errorf("public addresses for browsers: %w", err)
		}
	}
	return webrtc.NewAPI(webrtc.WithMediaEngine(&m), webrtc.WithInterceptorRegistry(&reports), webrtc.WithSettingEngine(s)), nil
}

// onlyLoopback tells whether this machine has no network: a browser on it still reaches us.
func onlyLoopback() bool {
	all, err := net.InterfaceAddrs()
	if err != nil {
		return true
	}
	for _, a := range all {
		if n, ok := a.(*net.IPNet); ok && !n.IP.IsLoopback() && !n.IP.IsLinkLocalUnicast() {
			return false
		}
	}
	return true
}

// Addr is where the engine listens, UDP and TCP.
func (e *Engine) Addr() netip.AddrPort { return e.at }

// Offer begins a leg to a browser: its sdp is to be sent there. Cancelling ctx hangs up. What the page says
// comes back by [Leg.Rang], [Leg.Accept] and [Leg.Left]. The leg is paced beside another, as with [leg.Options]; nil is anywhere.
func (e *Engine) Offer(ctx context.Context, i leg.Info, beside *media.Seat, s Signaller) (l *Leg, sdp string, err error) {
	i.Inbound = false
	l, err = e.newLeg(i, s)
	if err != nil {
		return nil, "", err
	}
	l.beside = beside
	if l.conn, err = l.connect(); err != nil {
		e.forget(l)
		return nil, "", err
	}
	if sdp, err = l.conn.offer(); err != nil {
		l.conn.close()
		e.forget(l)
		return nil, "", err
	}
	l.trace.sent(sdp)
	l.bind(ctx)
	return l, sdp, nil
}

// Answer begins a leg from a browser out of its offer, which is checked. Our answer is given to s by Ring with
// early sound, or by Answer: until then nothing is sent to the page. Cancelling ctx hangs up.
func (e *Engine) Answer(ctx context.Context, i leg.Info, offer string, s Signaller) (*Leg, error) {
	d, usable, err := read(offer)
	if err != nil {
		return nil, err
	}
	i.Inbound = true
	l, err := e.newLeg(i, s)
	if err != nil {
		return nil, err
	}
	l.trace.received(offer)
	l.offer, l.theirs = usable, d
	l.bind(ctx)
	return l, nil
}

// Close hangs up what is left, waits for it, and closes the ports.
func (e *Engine) Close() error {
	e.mu.Lock()
	if e.closing {
		e.mu.Unlock()
		return nil
	}
	e.closing = true
	left := make(chan struct{})
	e.left = left
	e.noteLeft()
	all := make([]*Leg, 0, len(e.legs))
	for l := range e.legs {
		all = append(all, l)
	}
	e.mu.Unlock()
	for _, l := range all {
		l.hangup(leg.Canceled, "shutting down")
	}
	limit := time.NewTimer(e.cfg.timers.Close + time.Second)
	defer limit.Stop()
	select {
	case <-left:
	case <-limit.C:
		e.log.Error("somebody still works on a browser's call that has ended")
	}
	return errors.Join(e.udp.Close(), e.tcp.Close())
}

// Open counts what is held for legs.
func (e *Engine) Open() int {
	e.mu.Lock()
	defer e.mu.Unlock()
	return len(e.legs) + e.jobs
}

func (e *Engine) remember(l *Leg) error {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.closing {
		return errClosing
	}
	e.legs[l] = struct{}{}
	return nil
}

func (e *Engine) forget(l *Leg) {
	e.mu.Lock()
	defer e.mu.Unlock()
	delete(e.legs, l)
	e.noteLeft()
}

// spawn starts a goroutine that Close waits for.
func (e *Engine) spawn(f func()) {
	e.mu.Lock()
	e.jobs++
	e.mu.Unlock()
	go func() {
		defer func() {
			e.mu.Lock()
			defer e.mu.Unlock()
			e.jobs--
			e.noteLeft()
		}()
		f()
	}()
}

// noteLeft tells Close when nothing is left; mu is held.
func (e *Engine) noteLeft() {
	if e.left != nil && len(e.legs) == 0 && e.jobs == 0 {
		close(e.left)
		e.left = nil
	}
}
