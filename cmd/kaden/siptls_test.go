package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func TestWhatSIPOverTLSNeeds(t *testing.T) {
	cert, key := certificate(t, "sip.example.jp", time.Hour)
	empty := filepath.Join(t.TempDir(), "empty")
	os.WriteFile(empty, nil, 0o600)
	var s settings
	if c, roots, err := s.sipTLS(); c != nil || roots != nil || err != nil {
		t.Errorf("nothing is asked for, and there is %v, %v, %v", c, roots, err)
	}
	s.SIP.TLS = ":5061"
	if _, _, err := s.sipTLS(); err == nil || !strings.Contains(err.Error(), "--tls-cert") {
		t.Errorf("without a certificate: %v", err)
	}
	s.TLSCert, s.TLSKey, s.SIP.CA = cert, key, cert
	if c, roots, err := s.sipTLS(); c == nil || roots == nil || err != nil {
		t.Errorf("with that of https and an authority: %v, %v, %v", c, roots, err)
	}
	s.SIP.TLSCert, s.SIP.TLSKey = cert, empty
	if _, _, err := s.sipTLS(); err == nil {
		t.Error("an empty key is taken")
	}
	s.SIP.TLSKey, s.SIP.CA = key, empty
	if _, _, err := s.sipTLS(); err == nil || !strings.Contains(err.Error(), "holds no certificate") {
		t.Errorf("an empty authority: %v", err)
	}
}
