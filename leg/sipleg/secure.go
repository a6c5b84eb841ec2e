package sipleg

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"strings"
	"time"
)

// handshake is how long TLS may take to begin.
const handshake = 5 * time.Second

var errCertificate = errors.New("the server's certificate")

// secure begins TLS on a connection of ours; the server has to show a certificate of name.
func (w *wire) secure(ctx context.Context, c net.Conn, name string) (net.Conn, error) {
	cfg := w.dial.Clone()
	cfg.ServerName = name
	// The library would compare names as HTTPS does; SIP has rules of its own, so the chain is checked here.
	cfg.InsecureSkipVerify = true
	cfg.VerifyConnection = func(s tls.ConnectionState) error {
		return checkCertificate(s.PeerCertificates, name, cfg.RootCAs)
	}
	t := tls.Client(c, cfg)
	ctx, stop := context.WithTimeout(ctx, handshake)
	defer stop()
	if err := t.HandshakeContext(ctx); err != nil {
		c.Close()
		return nil, err
	}
	return t, nil
}

// checkCertificate is RFC 5922 section 7: a chain that is trusted, and a certificate for the domain that was
// asked for, as a sip: URI or, where it has none, as a DNS name. Wildcards, which section 7.2 forbids, are taken:
// large carriers have nothing else.
func checkCertificate(chain []*x509.Certificate, domain string, roots *x509.CertPool) error {
	if len(chain) == 0 {
		return fmt.Errorf("%w is missing", errCertificate)
	}
	between := x509.NewCertPool()
	for _, c := range chain[1:] {
		between.AddCert(c)
	}
	if _, err := chain[0].Verify(x509.VerifyOptions{Roots: roots, Intermediates: between}); err != nil {
		return fmt.Errorf("%w is not trusted: %w", errCertificate, err)
	}
	uris := false
	for _, u := range chain[0].URIs {
		if u.Scheme != "sip" {
			continue
		}
		uris = true
		// A user part would make it a certificate of that user alone (section 7.1).
		if strings.EqualFold(u.Opaque, domain) || strings.EqualFold(u.Host, domain) && u.User == nil {
			return nil
		}
	}
	if uris {
		return fmt.Errorf("%w is not for %s", errCertificate, domain)
	}
	if err := chain[0].VerifyHostname(domain); err != nil {
		return fmt.Errorf("%w is not for %s: %w", errCertificate, domain, err)
	}
	return nil
}

// shake finishes the handshake of somebody who has connected; false when there is none.
func (s *stream) shake() bool {
	t, is := s.conn.(*tls.Conn)
	if !is {
		return true
	}
	ctx, stop := context.WithTimeout(context.Background(), handshake)
	defer stop()
	return t.HandshakeContext(ctx) == nil
}
