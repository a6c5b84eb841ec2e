package main

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"fmt"
	"io/fs"
	"math/big"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"
)

// twilioNames are the hosts that programs have in their URLs. The voice SDK for browsers has one more level.
var twilioNames = []string{"*.twilio.com", "twilio.com", "*.roaming.twilio.com", "twimlets.com", "www.twimlets.com"}

const (
	authorityLasts   = 10 * 365 * 24 * time.Hour
	certificateLasts = 90 * 24 * time.Hour // short: a new one is made by itself
	renewBefore      = 30 * 24 * time.Hour
)

// authority is a certificate authority of this installation's own, for programs whose URLs are fixed: they trust it,
// and their hosts file leads Twilio's names here. It can vouch for those names, this machine's and private addresses
// alone (RFC 5280 4.2.1.10), so that whoever trusts it need not fear for the rest of the internet. Its key lies in the
// data directory; the certificates that it issues live in memory.
type authority struct {
	cert  *x509.Certificate
	key   *ecdsa.PrivateKey
	names []string // that certificates are for
	addrs []net.IP

	mu     sync.Mutex
	issued *tls.Certificate
}

// authorityFiles are where it is kept.
func (s settings) authorityFiles() (cert, key string) {
	return s.dataFile("tls", "ca.pem"), s.dataFile("tls", "ca.key")
}

var errNoAuthority = errors.New("there is no local certificate authority here yet")

// openAuthority reads the authority of a data directory; errNoAuthority if there is none.
func openAuthority(s settings) (*authority, error) {
	certFile, keyFile := s.authorityFiles()
	if _, err := os.Stat(keyFile); errors.Is(err, fs.ErrNotExist) {
		return nil, errNoAuthority
	}
	pair, err := tls.LoadX509KeyPair(certFile, keyFile)
	if err != nil {
		return nil, fmt.Errorf("the local certificate authority: %w; remove %s and run kaden tls again", err, filepath.Dir(certFile))
	}
	key, ok := pair.PrivateKey.(*ecdsa.PrivateKey)
	if !ok || !pair.Leaf.IsCA {
		return nil, fmt.Errorf("%s is not an authority that kaden tls has made", certFile)
	}
	if time.Now().After(pair.Leaf.NotAfter) {
		return nil, fmt.Errorf("the local certificate authority ended on %s; remove %s and run kaden tls again", pair.Leaf.NotAfter.Format(time.DateOnly), filepath.Dir(certFile))
	}
	names, addrs := s.ownNames()
	a := &authority{cert: pair.Leaf, key: key, names: append(slices.Clone(twilioNames), names...), addrs: addrs}
	// What it was not made for it cannot vouch for, and one such name would spoil the whole certificate.
	a.names = slices.DeleteFunc(a.names, func(n string) bool { return !a.permits(strings.TrimPrefix(n, "*.")) })
	a.addrs = slices.DeleteFunc(a.addrs, func(ip net.IP) bool {
		return !slices.ContainsFunc(a.cert.PermittedIPRanges, func(n *net.IPNet) bool { return n.Contains(ip) })
	})
	return a, nil
}

// makeAuthority makes one, for good.
func makeAuthority(s settings) error {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return err
	}
	names, addrs := s.ownNames()
	ranges := nets("127.0.0.0/8", "::1/128", "10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10", "fc00::/7", "fe80::/10")
	for _, ip := range addrs {
		ranges = append(ranges, &net.IPNet{IP: ip, Mask: net.CIDRMask(8*len(ip), 8*len(ip))})
	}
	now := time.Now()
	host, _ := os.Hostname()
	template := &x509.Certificate{
		SerialNumber: serial(), Subject: pkix.Name{CommonName: "kaden on " + host + ", local", Organization: []string{"kaden"}},
		NotBefore: now.Add(-time.Hour), NotAfter: now.Add(authorityLasts), IsCA: true, BasicConstraintsValid: true, MaxPathLenZero: true,
		KeyUsage: x509.KeyUsageCertSign | x509.KeyUsageCRLSign, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
		PermittedDNSDomainsCritical: true, PermittedDNSDomains: append([]string{"twilio.com", "twimlets.com"}, names...), PermittedIPRanges: ranges,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		return err
	}
	secret, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return err
	}
	certFile, keyFile := s.authorityFiles()
	if err := os.MkdirAll(filepath.Dir(certFile), 0o700); err != nil {
		return fmt.Errorf("data directory: %w; --data names another", err)
	}
	if err := writeNew(certFile, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})); err != nil {
		return err
	}
	return writeNew(keyFile, pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: secret})) // last: with it the authority is there
}

// writeNew writes a file that nobody else may read, whole or not at all.
func writeNew(file string, text []byte) error {
	f, err := os.CreateTemp(filepath.Dir(file), filepath.Base(file)+".*") // 0600
	if err != nil {
		return err
	}
	defer os.Remove(f.Name()) // where it was not renamed
	if _, err := f.Write(text); err != nil {
		f.Close()
		return err
	}
	if err := errors.Join(f.Sync(), f.Close()); err != nil {
		return err
	}
	return os.Rename(f.Name(), file)
}

// permits tells whether the authority may vouch for a name.
func (a *authority) permits(name string) bool {
	return slices.ContainsFunc(a.cert.PermittedDNSDomains, func(d string) bool { return name == d || strings.HasSuffix(name, "."+d) })
}

// certificate is what servers show, issued anew some time before it ends. It fits tls.Config.GetCertificate.
func (a *authority) certificate(*tls.ClientHelloInfo) (*tls.Certificate, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	now := time.Now()
	if a.issued != nil && now.Add(renewBefore).Before(a.issued.Leaf.NotAfter) {
		return a.issued, nil
	}
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	ends := now.Add(certificateLasts)
	if ends.After(a.cert.NotAfter) {
		ends = a.cert.NotAfter
	}
	der, err := x509.CreateCertificate(rand.Reader, &x509.Certificate{
		SerialNumber: serial(), Subject: pkix.Name{CommonName: "api.twilio.com", Organization: []string{"kaden"}},
		NotBefore: now.Add(-time.Hour), NotAfter: ends, DNSNames: a.names, IPAddresses: a.addrs,
		KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}, a.cert, &key.PublicKey, a.key)
	if err != nil {
		return nil, fmt.Errorf("issue a certificate: %w", err)
	}
	leaf, err := x509.ParseCertificate(der)
	if err != nil {
		return nil, err
	}
	a.issued = &tls.Certificate{Certificate: [][]byte{der, a.cert.Raw}, PrivateKey: key, Leaf: leaf}
	return a.issued, nil
}

// ownNames are the names and addresses under which this machine is reached.
func (s settings) ownNames() (names []string, addrs []net.IP) {
	names = []string{"localhost"}
	host, _ := os.Hostname()
	public, _ := url.Parse(s.PublicURL)
	for _, n := range append([]string{host, public.Hostname()}, s.TLSNames...) {
		n = strings.ToLower(n)
		if ip := net.ParseIP(n); ip == nil && dnsName(n) && !slices.Contains(names, n) {
			names = append(names, n)
		}
	}
	known, _ := net.InterfaceAddrs() // none known is none vouched for
	for _, a := range known {
		if n, ok := a.(*net.IPNet); ok {
			ip := n.IP
			if four := ip.To4(); four != nil {
				ip = four
			}
			addrs = append(addrs, ip)
		}
	}
	return names, addrs
}

// dnsName tells whether a name can stand in a certificate. Hosts may be called what they like.
func dnsName(n string) bool {
	return n != "" && len(n) < 254 && !strings.HasPrefix(n, ".") && !strings.HasSuffix(n, ".") && !strings.Contains(n, "..") &&
		!strings.ContainsFunc(n, func(r rune) bool { return !('a' <= r && r <= 'z' || '0' <= r && r <= '9' || r == '-' || r == '.') })
}

func serial() *big.Int {
	b := make([]byte, 16)
	rand.Read(b) // never fails (crypto/rand, Go 1.24)
	b[0] &= 0x7f // positive
	return new(big.Int).SetBytes(b)
}

func nets(list ...string) (out []*net.IPNet) {
	for _, s := range list {
		_, n, err := net.ParseCIDR(s)
		if err != nil {
			panic(err) // written above
		}
		out = append(out, n)
	}
	return out
}
