package main

import (
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"os"
)

// sipTLS reads what SIP over TLS needs: the certificate that we show, nil where nobody connects to us, and the
// authorities whose certificates are believed, nil for the system's.
func (s settings) sipTLS() (cert *tls.Certificate, roots *x509.CertPool, err error) {
	if s.SIP.TLS != "" {
		file, key := s.SIP.TLSCert, s.SIP.TLSKey
		if file == "" {
			file, key = s.TLSCert, s.TLSKey
		}
		if file == "" || key == "" {
			return nil, nil, fmt.Errorf("sip.tls (--sips) %s: a certificate is missing; name it with --tls-cert and --tls-key, or sip.tls-cert and sip.tls-key in the settings", s.SIP.TLS)
		}
		pair, err := tls.LoadX509KeyPair(file, key)
		if err != nil {
			return nil, nil, fmt.Errorf("the certificate for SIP over TLS: %w", err)
		}
		cert = &pair
	}
	if s.SIP.CA != "" {
		text, err := os.ReadFile(s.SIP.CA)
		if err != nil {
			return nil, nil, fmt.Errorf("sip.ca: %w", err)
		}
		if roots, err = x509.SystemCertPool(); err != nil {
			roots = x509.NewCertPool()
		}
		if !roots.AppendCertsFromPEM(text) {
			return nil, nil, fmt.Errorf("sip.ca: %s holds no certificate in PEM", s.SIP.CA)
		}
	}
	return cert, roots, nil
}
