package smpp

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/kaden-project/kaden/sid"
	"github.com/kaden-project/kaden/trunk"
)

const (
	firstPause   = time.Second // before a connection that ended is made again; then twice as long
	longestPause = time.Minute
	steady       = time.Minute     // a connection that has lasted so long was none that breaks at once
	lastWord     = 5 * time.Second // for answers that are under way at the end
)

// link is the way to one SMSC.
type link struct {
	c    *Client
	doc  trunk.SMSC
	log  *slog.Logger
	told context.Context // over when it is to end
	stop context.CancelFunc
	over chan struct{} // closed when it has ended
	gate chan struct{} // one at a time waits for its turn, in the order they came
	in   chan delivery // what the SMSC has brought

	mu      sync.Mutex
	session *session               // nil: not bound
	window  chan struct{}          // of the session: one for each message under way
	up      chan struct{}          // closed when it is bound
	next    time.Time              // when the next message may leave
	names   map[string]sid.Message // messages whose name is not kept yet
	stand   Standing
}

func newLink(c *Client, doc trunk.SMSC) *link {
	l := &link{
		c: c, doc: doc, log: c.log.With("smsc", doc.Name), over: make(chan struct{}), gate: make(chan struct{}, 1), in: make(chan delivery, mostDeliveries),
		up: make(chan struct{}), names: map[string]sid.Message{},
		stand: Standing{Name: doc.Name, State: Waiting, Since: time.Now(), Server: doc.Server},
	}
	l.told, l.stop = context.WithCancel(context.Background())
	return l
}

// run keeps the link bound until ctx ends.
func (l *link) run(ctx context.Context) {
	taking, done := context.WithCancel(context.WithoutCancel(ctx))
	var takes sync.WaitGroup
	takes.Go(func() { l.take(taking) })
	defer takes.Wait()
	defer done()
	pause := firstPause
	for ctx.Err() == nil {
		began := time.Now()
		s, err := l.bind(ctx)
		if err == nil {
			l.log.Info("bound to the SMSC", "server", l.doc.Server)
			l.stands(Standing{State: Bound})
			err = l.hold(ctx, s)
			if time.Since(began) > steady {
				pause = firstPause
			}
		}
		if ctx.Err() != nil {
			return
		}
		at := explain(err)
		at.Next = time.Now().Add(pause)
		l.log.Warn("not bound to the SMSC", "server", l.doc.Server, "why", at.Why, "again", pause)
		l.stands(at)
		if !sleep(ctx, pause) {
			return
		}
		pause = min(2*pause, longestPause)
	}
}

// refused is a bind that the SMSC did not grant.
type refused status

func (r refused) Error() string { return "the SMSC answers the bind with " + status(r).String() }

// bind makes a connection on which messages can be sent.
func (l *link) bind(ctx context.Context) (*session, error) {
	ctx, stop := context.WithTimeoutCause(ctx, bindTime, fmt.Errorf("no answer within %v", bindTime))
	defer stop()
	conn, err := l.c.cfg.Dial(ctx, "tcp", l.doc.Server)
	if err == nil && l.doc.TLS {
		conn, err = l.c.tlsTo(ctx, conn, l.doc.Server)
	}
	if err != nil {
		return nil, err
	}
	s := newSession(l.log, conn, l.brought)
	go s.read()
	p, err := s.ask(ctx, bindTransceiver, bindBody(l.doc.User, l.doc.Password, l.doc.System), bindTime, nil)
	switch {
	case err != nil:
		s.end(err)
		return nil, err
	case p.Status != statusOK || p.Command != bindTransceiver|answers:
		s.end(refused(p.Status))
		return nil, refused(p.Status)
	}
	return s, nil
}

// hold lets messages over a session until it ends, or ctx does; it tries it whenever it is silent.
func (l *link) hold(ctx context.Context, s *session) error {
	l.mu.Lock()
	l.session, l.window = s, make(chan struct{}, l.doc.Window)
	window := l.window
	close(l.up)
	l.mu.Unlock()
	defer s.end(errLeft)
	shut := sync.OnceFunc(func() {
		l.mu.Lock()
		defer l.mu.Unlock()
		l.session, l.window, l.up = nil, nil, make(chan struct{})
	})
	defer shut()
	t := time.NewTimer(l.doc.Pulse)
	defer t.Stop()
	for {
		select {
		case <-t.C:
			if s.silence() >= l.doc.Pulse {
				if _, err := s.ask(ctx, enquireLink, nil, answerTime, nil); err != nil && ctx.Err() == nil {
					err = fmt.Errorf("enquire_link: %w", err)
					s.end(err)
					return err
				}
			}
			t.Reset(max(l.doc.Pulse-s.silence(), time.Millisecond))
		case <-s.done:
			return s.why()
		case <-ctx.Done():
			shut()
			l.leave(s, window)
			return nil
		}
	}
}

var errLeft = errors.New("we have ended the session")

// leave ends a session politely, when the messages under way are answered.
func (l *link) leave(s *session, window chan struct{}) {
	ctx, stop := context.WithTimeout(context.Background(), lastWord)
	defer stop()
	for range cap(window) {
		select {
		case window <- struct{}{}:
			continue
		case <-s.done:
			return
		case <-ctx.Done():
		}
		break
	}
	bye, stop := context.WithTimeout(context.Background(), lastWord)
	defer stop()
	if _, err := s.ask(bye, unbind, nil, lastWord, nil); err != nil {
		l.log.Debug("the SMSC did not answer the unbind", "err", err)
	}
	s.end(errLeft)
}

// stands notes how the link stands.
func (l *link) stands(s Standing) {
	l.mu.Lock()
	if s.Since = l.stand.Since; s.State != l.stand.State {
		s.Since = time.Now()
	}
	s.Name, s.Server = l.doc.Name, l.doc.Server
	l.stand = s
	l.mu.Unlock()
	if l.c.cfg.Changed != nil && l.told.Err() == nil {
		l.c.cfg.Changed(s)
	}
}

func (l *link) standing() Standing {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.stand
}

// explain says what it means that a link is not bound.
func explain(err error) Standing {
	var no refused
	switch {
	case errors.As(err, &no):
		return Standing{State: Refused, Why: no.Error(), Remedy: status(no).remedy()}
	case errors.As(err, new(*tls.CertificateVerificationError)) || errors.As(err, new(x509.UnknownAuthorityError)) || errors.As(err, new(x509.HostnameError)):
		return Standing{State: Silent, Why: err.Error(), Remedy: "name the authority of its certificate in sip.ca of the settings, or the host as the certificate does"}
	case errors.As(err, new(tls.RecordHeaderError)):
		return Standing{State: Silent, Why: err.Error(), Remedy: "the port speaks no TLS: take tls: true away, or name the port that does"}
	case err == nil:
		return Standing{State: Silent, Why: "the connection has ended", Remedy: "kaden connects again by itself"}
	}
	return Standing{State: Silent, Why: err.Error(), Remedy: "check server: and tls: of the document, and whether a firewall, here or at the carrier, lets this machine through"}
}
