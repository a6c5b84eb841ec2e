package sipleg

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"math/big"
	"net"
	"net/netip"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/kaden-project/kaden/leg"
)

// dns is a name server of a test's own.
type dns struct {
	srv  map[string][]*net.SRV // by "_sip._udp.name"
	addr map[string][]netip.Addr
	down bool
}

func (d *dns) LookupSRV(_ context.Context, service, proto, name string) (string, []*net.SRV, error) {
	key := "_" + service + "._" + proto + "." + name
	if service == "" {
		key = name
	}
	switch all := d.srv[key]; {
	case d.down:
		return "", nil, &net.DNSError{Err: "no answer", Name: name, IsTimeout: true}
	case len(all) == 0:
		return "", nil, &net.DNSError{Err: "no such host", Name: name, IsNotFound: true}
	default:
		return key, all, nil
	}
}

func (d *dns) LookupNetIP(_ context.Context, _, host string) ([]netip.Addr, error) {
	switch all := d.addr[host]; {
	case d.down:
		return nil, &net.DNSError{Err: "no answer", Name: host, IsTimeout: true}
	case len(all) == 0:
		return nil, &net.DNSError{Err: "no such host", Name: host, IsNotFound: true}
	default:
		return append([]netip.Addr{}, all...), nil
	}
}

func home() []netip.Addr { return []netip.Addr{netip.MustParseAddr("127.0.0.1")} }

// authority signs certificates.
type authority struct {
	t    *testing.T
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
}

func newAuthority(t *testing.T) *authority {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	a := &authority{t: t, key: key}
	a.cert = a.sign(&x509.Certificate{Subject: pkix.Name{CommonName: "authority"}, IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign}, key, nil)
	return a
}

func (a *authority) sign(c *x509.Certificate, key *ecdsa.PrivateKey, parent *x509.Certificate) *x509.Certificate {
	a.t.Helper()
	if c.NotAfter.IsZero() {
		c.NotAfter = time.Now().Add(time.Hour)
	}
	c.SerialNumber, c.NotBefore = big.NewInt(time.Now().UnixNano()), time.Now().Add(-2*time.Hour)
	if parent == nil {
		parent = c
	}
	der, err := x509.CreateCertificate(rand.Reader, c, parent, &key.PublicKey, a.key)
	if err != nil {
		a.t.Fatal(err)
	}
	signed, err := x509.ParseCertificate(der)
	if err != nil {
		a.t.Fatal(err)
	}
	return signed
}

// certificate makes one as c wants it.
func (a *authority) certificate(c x509.Certificate) *tls.Certificate {
	a.t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		a.t.Fatal(err)
	}
	signed := a.sign(&c, key, a.cert)
	return &tls.Certificate{Certificate: [][]byte{signed.Raw}, PrivateKey: key}
}

func (a *authority) pool() *x509.CertPool {
	p := x509.NewCertPool()
	p.AddCert(a.cert)
	return p
}

// carrierOverTLS is another server that shows a certificate and declines every call.
func carrierOverTLS(t *testing.T, cert *tls.Certificate) *Server {
	t.Helper()
	return start(t, func(c *Config) {
		c.ListenTLS, c.Certificate = "127.0.0.1:0", cert
		c.Incoming = func(l *Leg) {
			l.Hangup(context.Background(), leg.Rejected)
			for range l.Events() {
			}
		}
	})
}

func TestACallOverTLSChecksTheCertificateAgainstTheDomain(t *testing.T) {
	ca := newAuthority(t)
	uri := func(s string) *url.URL { u, _ := url.Parse(s); return u }
	for _, c := range []struct {
		name  string
		cert  x509.Certificate
		wrong string
	}{
		{"for the domain", x509.Certificate{DNSNames: []string{"sip.example.jp"}}, ""},
		{"for the domain, as a SIP URI", x509.Certificate{URIs: []*url.URL{uri("sip:sip.example.jp")}, DNSNames: []string{"other.example.jp"}}, ""},
		{"for all names below", x509.Certificate{DNSNames: []string{"*.example.jp"}}, ""},
		{"for another domain", x509.Certificate{DNSNames: []string{"sip.example.com"}}, "is not for sip.example.jp"},
		// RFC 5922 section 7.1: where there are sip: URIs, nothing else counts.
		{"for another domain as a SIP URI", x509.Certificate{URIs: []*url.URL{uri("sip:sip.example.com")}, DNSNames: []string{"sip.example.jp"}}, "is not for sip.example.jp"},
		{"out of date", x509.Certificate{DNSNames: []string{"sip.example.jp"}, NotAfter: time.Now().Add(-time.Hour)}, "expired"},
	} {
		t.Run(c.name, func(t *testing.T) {
			carrier := carrierOverTLS(t, ca.certificate(c.cert))
			s := start(t, func(cfg *Config) {
				cfg.RootCAs = ca.pool()
				cfg.Resolver = &dns{
					srv:  map[string][]*net.SRV{"_sips._tcp.sip.example.jp": {{Target: "pop1.example.jp.", Port: carrier.AddrTLS().Port()}}},
					addr: map[string][]netip.Addr{"pop1.example.jp": home()},
				}
			})
			l, err := s.Dial(t.Context(), leg.Target{URI: "sip:1@sip.example.jp;transport=tls"}, leg.Options{})
			if c.wrong != "" {
				if err == nil || !strings.Contains(err.Error(), c.wrong) {
					t.Errorf("the call went out, or its error is another: %v", err)
				}
				if why, remedy := explainSilence("sip.example.jp", err); !strings.Contains(why, c.wrong) || remedy == "" {
					t.Errorf("in words: %q, %q", why, remedy)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			ended(t, l, leg.Rejected)
			invite := l.(leg.Tracer).Trace()[0].Text
			if !strings.Contains(invite, "Via: SIP/2.0/TLS ") || !strings.Contains(invite, ";transport=tls>") {
				t.Errorf("the INVITE does not say that it is over TLS:\n%s", invite)
			}
		})
	}
	t.Run("by nobody who is trusted", func(t *testing.T) {
		carrier := carrierOverTLS(t, ca.certificate(x509.Certificate{DNSNames: []string{"localhost"}}))
		s := start(t, func(cfg *Config) { cfg.Resolver = &dns{addr: map[string][]netip.Addr{"localhost": home()}} })
		_, err := s.Dial(t.Context(), leg.Target{URI: "sips:1@localhost:" + itoa(int(carrier.AddrTLS().Port()))}, leg.Options{})
		if _, remedy := explainSilence("localhost", err); err == nil || !strings.Contains(err.Error(), "is not trusted") || !strings.Contains(remedy, "sip.ca") {
			t.Errorf("%v, remedy %q", err, remedy)
		}
	})
}

func TestARegistrationOverTLSIsCalledOverItsConnection(t *testing.T) {
	ca := newAuthority(t)
	cert := ca.certificate(x509.Certificate{DNSNames: []string{"localhost"}})
	l, err := tls.Listen("tcp", "127.0.0.1:0", &tls.Config{Certificates: []tls.Certificate{*cert}})
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	got := make(chan *Leg, 1)
	s := start(t, func(cfg *Config) {
		quickLines(cfg)
		cfg.RootCAs = ca.pool()
		cfg.Resolver = &dns{addr: map[string][]netip.Addr{"localhost": home()}}
		cfg.Incoming = func(l *Leg) { got <- l }
	})
	_, port, _ := net.SplitHostPort(l.Addr().String())
	s.SetLines([]Line{{Name: "ntt", Server: "sip:localhost:" + port + ";transport=tls", User: "0501234", Number: "+815012345678", Register: true}})
	c, err := l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	register := readStream(t, c)
	at := netip.MustParseAddrPort(l.Addr().String())
	c.Write([]byte(answerTo(register, "200 OK", "r", "", at, "Contact: "+register.get("Contact"))))
	stands(t, s, "registered", condition(Registered))
	contact := strings.Trim(contactOf(register), "<>")
	invite := strings.Replace(newRequest(at, "INVITE", contact, "<sip:09012345678@localhost>;tag=a", "<sip:0501234@localhost>", fresh(8), 1, "", sdpAt(40000)), "/UDP", "/TLS", 1)
	c.Write([]byte(invite))
	in := <-got
	if in.Info().Line != "ntt" || in.Info().To != "sip:+815012345678@127.0.0.1" {
		t.Errorf("the call is %+v", in.Info())
	}
	in.Hangup(t.Context(), leg.Busy)
	for m := readStream(t, c); m.status() < 200; m = readStream(t, c) {
	}
	ended(t, in, leg.Busy)
	go s.Close()
	if off := readStream(t, c); off.get("Expires") == "0" {
		c.Write([]byte(answerTo(off, "200 OK", "r", "", at)))
	} else {
		t.Errorf("not signed off:\n%s", off.raw)
	}
	s.Close()
}

// readStream reads one message of a connection.
func readStream(t *testing.T, c net.Conn) said {
	t.Helper()
	c.SetReadDeadline(time.Now().Add(testPatience))
	var split splitter
	buf := make([]byte, 1)
	for {
		if _, err := c.Read(buf); err != nil {
			t.Fatal(err)
		}
		split.write(buf)
		if msg, _, err := split.next(); msg != nil || err != nil {
			return readSaid(string(msg))
		}
	}
}

func TestALargeINVITETakesTCP(t *testing.T) {
	large := map[string]string{"X-Alert": strings.Repeat("disk full on db01. ", 60)}
	t.Run("where the far end has it", func(t *testing.T) {
		carrier := start(t, func(c *Config) {
			c.Incoming = func(l *Leg) {
				l.Hangup(context.Background(), leg.Busy)
				for range l.Events() {
				}
			}
		})
		s := start(t, nil)
		for headers, want := range map[*map[string]string]string{{}: "UDP", &large: "TCP"} {
			l, err := s.Dial(t.Context(), leg.Target{
				URI: "sip:+819012345678@" + carrier.Addr().String(), From: "+815012345678", Username: "kaden", Password: "himitsu", Headers: *headers,
			}, leg.Options{})
			if err != nil {
				t.Fatal(err)
			}
			ended(t, l, leg.Busy)
			if invite := l.(leg.Tracer).Trace()[0].Text; !strings.Contains(invite, "Via: SIP/2.0/"+want) {
				t.Errorf("an INVITE of %d bytes went out over\n%.60q, want %s", len(invite), invite, want)
			}
		}
	})
	t.Run("where it has not", func(t *testing.T) {
		s, p := start(t, quick), newPeer(t)
		for range 2 {
			l, invite := dialPeer(t, s, p, func(to *leg.Target, _ *leg.Options) { to.Headers = large })
			p.replies(invite, "486 Busy Here", "b", "")
			ended(t, l, leg.Busy)
		}
	})
	t.Run("unless UDP was asked for", func(t *testing.T) {
		s, p := start(t, quick), newPeer(t)
		l, invite := dialPeer(t, s, p, func(to *leg.Target, _ *leg.Options) { to.URI += ";transport=udp"; to.Headers = large })
		p.replies(invite, "486 Busy Here", "b", "")
		ended(t, l, leg.Busy)
	})
}
