// Package webhook asks owners' servers what a call should do, and tells them what became of it.
//
// A [Client] sends Twilio's requests: a signed form by POST, or the parameters in the query by GET.
// It follows redirects, keeps cookies for each call, keeps answers to GET as long as their servers allow, and
// obeys the connection overrides of a URL's fragment. Every request has a time limit and every reply a size limit, and an address inside our own
// network is refused when it is dialled, unless the operator allowed it. [Sign] and [Validate] are the
// two sides of X-Twilio-Signature. A Client may be used by any number of goroutines.
package webhook

import (
	"cmp"
	"context"
	"crypto/tls"
	"crypto/x509"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"time"

	"github.com/kaden-project/kaden/call"
	"github.com/kaden-project/kaden/sid"
)

// Limits of every question, from Twilio's pages on webhooks and on connection overrides.
const (
	MaxBody      = 64 << 10 // bytes of a reply that can be TwiML; one more is read, to tell that it is too long
	maxRedirects = 10
	maxURL       = 8 << 10 // callback URLs of several kB occur
)

// idle is how long a connection is kept that nobody uses: below the 5 s after which Node's servers close it, so that a
// question rarely meets one that is just going away.
const idle = 4 * time.Second

// Config is what a Client needs to know. The zero value asks public addresses only and signs nothing.
type Config struct {
	// AuthToken gives the secret that signs an account's requests; nil or "" leaves them unsigned.
	AuthToken func(sid.Account) string

	AllowLoopback bool           // 127.0.0.0/8 and ::1 may be asked: development, tests
	AllowPrivate  bool           // RFC 1918, RFC 4193 and RFC 6598 addresses may be asked
	Allow         []netip.Prefix // further networks that may be asked whatever they are, link-local ones too

	UserAgent string        // "" is TwilioProxy/1.1
	Connect   time.Duration // for one try to connect; 0 is 5 s, and there are two tries
	Total     time.Duration // for everything; 0 is 15 s

	// RootCAs are trusted for https. nil is the system's store, which SSL_CERT_FILE and SSL_CERT_DIR replace.
	RootCAs *x509.CertPool
}

// Client asks owners' servers. It is a [call.Asker].
type Client struct {
	log       *slog.Logger
	cfg       Config
	transport *http.Transport
	through   http.RoundTripper // transport, or what a test puts in its place
	plain     *http.Transport   // HTTP/1.1 alone, for WebSockets
	cookies   *cookies
	cache     *cache
}

var _ call.Asker = (*Client)(nil)

// New makes a Client. Close gives its idle connections back.
func New(log *slog.Logger, cfg Config) *Client {
	cfg.UserAgent = cmp.Or(cfg.UserAgent, "TwilioProxy/1.1")
	cfg.Connect = cmp.Or(cfg.Connect, defaults.connect)
	cfg.Total = cmp.Or(cfg.Total, defaults.total)
	g := guard{loopback: cfg.AllowLoopback, private: cfg.AllowPrivate, allow: cfg.Allow}
	d := &net.Dialer{Timeout: 2 * cfg.Connect, Control: g.control}
	c := &Client{
		log: log,
		cfg: cfg,
		plain: &http.Transport{
			DialContext:         d.DialContext,
			TLSClientConfig:     &tls.Config{RootCAs: cfg.RootCAs, MinVersion: tls.VersionTLS12, NextProtos: []string{"http/1.1"}},
			TLSHandshakeTimeout: 2 * cfg.Connect, MaxResponseHeaderBytes: 64 << 10,
			IdleConnTimeout: idle, // of servers that answered with a page
		},
		transport: &http.Transport{
			// No proxy: it would look names up for us, and the guard would see the proxy's address alone.
			Proxy:               nil,
			DialContext:         d.DialContext,
			TLSClientConfig:     &tls.Config{RootCAs: cfg.RootCAs, MinVersion: tls.VersionTLS12},
			TLSHandshakeTimeout: 2 * cfg.Connect,
			ForceAttemptHTTP2:   true,
			MaxIdleConnsPerHost: 16,
			IdleConnTimeout:     idle, MaxResponseHeaderBytes: 64 << 10,
		},
		cookies: newCookies(),
		cache:   newCache(),
	}
	c.through = c.transport
	return c
}

// Close gives idle connections back. Questions under way go on.
func (c *Client) Close() {
	c.transport.CloseIdleConnections()
	c.plain.CloseIdleConnections()
}

// Ask sends one question and answers with whatever reply arrived, whatever its status. Without a reply
// the error is a *call.Problem with Twilio's code; it wraps the cause, context.Canceled for instance.
func (c *Client) Ask(ctx context.Context, a call.Ask) (call.Reply, error) {
	return c.Load(ctx, a, MaxBody)
}

// Load is Ask for what is larger than a document, a sound file: the reply's body has at most limit bytes and one more.
func (c *Client) Load(ctx context.Context, a call.Ask, limit int) (call.Reply, error) {
	q, err := read(a)
	if err != nil {
		return call.Reply{}, err
	}
	q.limit = limit
	q.conn.connect = cmp.Or(q.conn.connect, c.cfg.Connect)
	q.conn.total = min(cmp.Or(q.conn.total, c.cfg.Total), c.cfg.Total)
	q.conn.read = min(cmp.Or(q.conn.read, defaults.read), q.conn.total)

	began := time.Now()
	limited, cancel := context.WithTimeoutCause(ctx, q.conn.total, late{q.url.Host, "answer", q.conn.total})
	defer cancel()
	reply, err := c.follow(limited, a, q)
	if err != nil && ctx.Err() != nil {
		err = dropped(ctx, q.url.Host)
	}
	log := c.log.With("call", a.Call, "to", q.url.Host, "took", time.Since(began).Round(time.Millisecond))
	if err != nil {
		log.Debug("server did not answer", "err", err)
		return call.Reply{}, err
	}
	log.Debug("server answered", "status", reply.Status)
	return reply, nil
}

// follow sends the question and goes after redirects.
func (c *Client) follow(ctx context.Context, a call.Ask, q question) (call.Reply, error) {
	token := ""
	if c.cfg.AuthToken != nil {
		token = c.cfg.AuthToken(a.Account)
	}
	for hops := 0; ; hops++ {
		reply, next, err := c.send(ctx, a, q, token)
		if err != nil {
			return call.Reply{}, explain(q.url.Host, err)
		}
		if next == "" {
			return reply, nil
		}
		if hops == maxRedirects {
			return call.Reply{}, &call.Problem{Code: tooManyRedirects, Text: q.url.Host + " redirected more than 10 times"}
		}
		if q, err = q.redirected(reply.Status, next); err != nil {
			return call.Reply{}, err
		}
	}
}
