package main_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/kaden-project/kaden/timeline"
)

// ownCertificate makes one for this machine that signs itself.
func ownCertificate(t *testing.T) (cert, key string) {
	t.Helper()
	k, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "127.0.0.1"}, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
		DNSNames: []string{"office.example.jp"}, NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
	}
	der, err := x509.CreateCertificate(rand.Reader, &template, &template, &k.PublicKey, k)
	if err != nil {
		t.Fatal(err)
	}
	private, err := x509.MarshalECPrivateKey(k)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	cert, key = filepath.Join(dir, "cert.pem"), filepath.Join(dir, "key.pem")
	for file, block := range map[string]*pem.Block{cert: {Type: "CERTIFICATE", Bytes: der}, key: {Type: "EC PRIVATE KEY", Bytes: private}} {
		if err := os.WriteFile(file, pem.EncodeToMemory(block), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return cert, key
}

// A softphone that registers over TCP or TLS is rung over its own connection.
func TestAPhoneOverTCPAndTLSIsRung(t *testing.T) {
	t.Parallel()
	needsVoice(t, "en")
	cert, key := ownCertificate(t)
	port := freePort(t)
	for _, transport := range []string{"tcp", "tls"} {
		t.Run(transport, func(t *testing.T) {
			s := serve(t, with("--sips", local(port), "--tls-cert", cert, "--tls-key", key))
			s.apply(satosPhone...)
			at := local(s.sip)
			if transport == "tls" {
				at = local(port)
			}
			microphone := filepath.Join(t.TempDir(), "microphone.wav")
			if err := writeWAV(microphone, nil, time.Minute); err != nil {
				t.Fatal(err)
			}
			p := newPhoneWith(t, microphone, func(int) string {
				return fmt.Sprintf(`<sip:sato@office.example.jp;transport=%s>;auth_user=sato;auth_pass=%s;outbound="sip:%s;transport=%s";regint=600`, transport, secretSato, at, transport)
			})
			s.untilRegistered("sato", 1)
			id := s.alarm("disk full on db01")
			eventually(t, patience, "the phone rings", func() bool { return p.happened("CALL_INCOMING") > 0 })
			p.does("accept", "")
			s.until(id, timeline.AttemptAnswered, "sato")
			p.hears(time.Second)
			p.presses("1")
			s.until(id, timeline.AlertAcknowledged, "sato")
			if err := s.stop(); err != nil {
				t.Error(err)
			}
		})
	}
}
