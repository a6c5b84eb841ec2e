// Package smpp sends short messages to a carrier's SMSC over SMPP 3.4, and takes those and the receipts that it brings.
//
// A [Client] keeps one connection (bind_transceiver) to each [trunk.SMSC], and makes a new one when that ends: after 1 s,
// then twice as long, 1 min at most. It is the paced carrier of package message: [Client.Turn] gives out the document's
// rate and window, so that a message that waits has certainly not left; [Client.Send] is one submit_sm, whose answer is
// the SMSC's name for it. SMPP cannot tell whether a message whose answer was lost has arrived ([Client.Find]): such a one
// is not sent again.
//
// A long text goes as one submit_sm with message_payload: one answer and one receipt for the whole. As many messages with
// user data headers it could leave in half, and nobody could finish it or take it back. What comes in is put together
// whatever way it was cut. Nothing here keeps records: what an SMSC brings is answered when the roof has kept it.
package smpp

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"log/slog"
	"net"
	"reflect"
	"sync"
	"time"

	"github.com/kaden-project/kaden/message"
	"github.com/kaden-project/kaden/trunk"
)

// Config is what a Client works with.
type Config struct {
	Region  string         // of numbers that an SMSC brings without their country: "JP"
	RootCAs *x509.CertPool // whose certificates are believed; nil: the system's
	// Receipt keeps what has become of a message, before it returns; after an error the SMSC brings it again.
	Receipt func(ctx context.Context, carrier string, r Receipt) error
	// Inbound keeps a message that has come in, likewise.
	Inbound func(ctx context.Context, in In) error
	// Changed hears how a link stands; it does not wait. nil: nobody does.
	Changed func(Standing)
	// Dial makes a connection; nil is net.Dialer's.
	Dial func(ctx context.Context, network, address string) (net.Conn, error)
}

// In is a message that an SMSC has brought.
type In struct {
	Carrier  string
	From, To string // numbers as +81… where they are such
	Body     string
	Segments int // in how many pieces it came
}

// State is how a link to an SMSC stands.
type State string

// The states; the words are those of lines over SIP.
const (
	Waiting State = "waiting"    // it has not been tried yet
	Bound   State = "registered" // the SMSC takes messages
	Refused State = "refused"    // it does not let us in
	Silent  State = "silent"     // there is no connection
)

// Standing is how a link stands, apart from messages.
type Standing struct {
	Name   string
	State  State
	Since  time.Time // of State
	Next   time.Time // when it is tried again
	Server string
	Why    string // what is wrong; "" is nothing
	Remedy string // what to do about it
}

// Client is the way to SMSCs. Its methods may be called from any goroutine.
type Client struct {
	log *slog.Logger
	cfg Config

	mu    sync.Mutex
	life  context.Context // of Run; nil before
	links map[string]*link
	alive sync.WaitGroup
}

var _ message.Pacer = (*Client)(nil)

// New makes a Client. It starts nothing.
func New(log *slog.Logger, cfg Config) *Client {
	if cfg.Dial == nil {
		cfg.Dial = (&net.Dialer{}).DialContext
	}
	return &Client{log: log, cfg: cfg, links: map[string]*link{}}
}

// Set says which SMSCs there are. Links whose document is as it was go on undisturbed.
func (c *Client) Set(list []trunk.SMSC) {
	c.mu.Lock()
	defer c.mu.Unlock()
	old := c.links
	c.links = map[string]*link{}
	for _, doc := range list {
		if l := old[doc.Name]; l != nil && reflect.DeepEqual(l.doc, doc) {
			c.links[doc.Name] = l
			delete(old, doc.Name)
			continue
		}
		l := newLink(c, doc)
		c.links[doc.Name] = l
		c.start(l)
	}
	for _, l := range old {
		l.stop()
	}
}

// start lets a link work, if the Client does. mu is held.
func (c *Client) start(l *link) {
	if c.life == nil || c.life.Err() != nil {
		return
	}
	ctx, stop := context.WithCancel(c.life)
	context.AfterFunc(l.told, stop)
	c.alive.Go(func() {
		defer stop()
		defer close(l.over)
		l.run(ctx)
	})
}

// Run keeps the links until ctx ends; then it waits for answers that are under way, and unbinds.
func (c *Client) Run(ctx context.Context) error {
	c.mu.Lock()
	c.life = ctx
	for _, l := range c.links {
		c.start(l)
	}
	c.mu.Unlock()
	<-ctx.Done()
	c.alive.Wait()
	return nil
}

func (c *Client) find(name string) *link {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.links[name]
}

// Standings are how the links stand, in no order.
func (c *Client) Standings() (list []Standing) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, l := range c.links {
		list = append(list, l.standing())
	}
	return list
}

// tlsTo makes a connection a TLS one.
func (c *Client) tlsTo(ctx context.Context, conn net.Conn, server string) (net.Conn, error) {
	host, _, _ := net.SplitHostPort(server)
	t := tls.Client(conn, &tls.Config{ServerName: host, RootCAs: c.cfg.RootCAs, MinVersion: tls.VersionTLS12})
	if err := t.HandshakeContext(ctx); err != nil {
		conn.Close()
		return nil, err
	}
	return t, nil
}

func sleep(ctx context.Context, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-ctx.Done():
		return false
	}
}
