package main

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"errors"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

func localAuthority(t *testing.T) (settings, *authority) {
	t.Helper()
	s := defaults()
	s.Data, s.PublicURL, s.TLSNames = t.TempDir(), "https://Kaden.example:8443/", []string{"twilio.internal"}
	if _, err := openAuthority(s); !errors.Is(err, errNoAuthority) {
		t.Fatalf("before it is made: %v", err)
	}
	if err := makeAuthority(s); err != nil {
		t.Fatal(err)
	}
	a, err := openAuthority(s)
	if err != nil {
		t.Fatal(err)
	}
	return s, a
}

func TestTheLocalAuthorityVouchesForTwiliosNames(t *testing.T) {
	s, a := localAuthority(t)
	cert, err := a.certificate(nil)
	if err != nil {
		t.Fatal(err)
	}
	roots := x509.NewCertPool()
	roots.AddCert(a.cert)
	for name, good := range map[string]bool{
		"api.twilio.com": true, "handler.twilio.com": true, "voice-js.roaming.twilio.com": true, "twimlets.com": true,
		"kaden.example": true, "twilio.internal": true, "localhost": true, "127.0.0.1": true,
		"a.b.twilio.com": false, "example.com": false, "twilio.com.example": false, "192.0.2.1": false,
	} {
		if _, err := cert.Leaf.Verify(x509.VerifyOptions{DNSName: name, Roots: roots}); (err == nil) != good {
			t.Errorf("%s: %v", name, err)
		}
	}
	again, _ := a.certificate(nil)
	if again != cert {
		t.Error("another certificate for each connection")
	}
	for _, file := range []string{"ca.pem", "ca.key"} {
		if info, err := os.Stat(filepath.Join(s.Data, "tls", file)); err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("%s: %v, %v", file, info, err)
		}
	}
}

func TestTheLocalAuthorityCannotVouchForTheRestOfTheInternet(t *testing.T) {
	_, a := localAuthority(t)
	a.names, a.addrs = []string{"www.example.com"}, []net.IP{{192, 0, 2, 1}}
	roots := x509.NewCertPool()
	roots.AddCert(a.cert)
	cert, err := a.certificate(nil)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := cert.Leaf.Verify(x509.VerifyOptions{DNSName: "www.example.com", Roots: roots}); err == nil || !strings.Contains(err.Error(), "not permitted") {
		t.Errorf("a certificate for another's name: %v", err)
	}
}

func TestACertificateIsIssuedAnewBeforeItEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
		if err != nil {
			t.Fatal(err)
		}
		a := &authority{cert: &x509.Certificate{NotAfter: time.Now().Add(authorityLasts)}, key: key, names: []string{"api.twilio.com"}}
		first, err := a.certificate(nil)
		if err != nil {
			t.Fatal(err)
		}
		time.Sleep(certificateLasts - renewBefore - time.Hour)
		if c, _ := a.certificate(nil); c != first {
			t.Error("issued anew too early")
		}
		time.Sleep(2 * time.Hour)
		if c, err := a.certificate(nil); err != nil || c == first || !c.Leaf.NotAfter.After(first.Leaf.NotAfter) {
			t.Errorf("not issued anew: %v", err)
		}
	})
}

func TestKadenTLSSaysWhatToDo(t *testing.T) {
	dir := t.TempDir()
	var out, errs bytes.Buffer
	say := func(args ...string) int {
		out.Reset()
		errs.Reset()
		return run(append([]string{"tls", "--data", dir}, args...), strings.NewReader(""), &out, &errs)
	}
	if code := say("--address", "192.0.2.10", "--name", "kaden.corp.example"); code != 0 {
		t.Fatalf("%d: %s", code, &errs)
	}
	for _, want := range []string{"has been made", "192.0.2.10 api.twilio.com", "NODE_EXTRA_CA_CERTS=", "REQUESTS_CA_BUNDLE=", "SSL_CERT_FILE=", "kaden.corp.example", filepath.Join(dir, "tls", "ca.pem")} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("does not say %s:\n%s", want, &out)
		}
	}
	first, err := os.ReadFile(filepath.Join(dir, "tls", "ca.pem"))
	if err != nil {
		t.Fatal(err)
	}
	copied := filepath.Join(t.TempDir(), "ca.pem")
	if code := say("--out", copied); code != 0 || !strings.Contains(out.String(), "authority is in") || !strings.Contains(out.String(), "REQUESTS_CA_BUNDLE="+copied) {
		t.Errorf("the second time: %d %s %s", code, &out, &errs)
	}
	if text, err := os.ReadFile(copied); err != nil || !slices.Equal(text, first) {
		t.Errorf("another authority the second time, or no copy: %v", err)
	}
	for _, c := range []struct {
		says string
		args []string
	}{
		{"is not an IP address", []string{"--address", "kaden.example"}},
		{"cannot vouch for it", []string{"--name", "other.example"}},
		{"not the name of a host", []string{"--name", "a b"}},
	} {
		if code := say(c.args...); code != 1 || !strings.Contains(errs.String(), c.says) {
			t.Errorf("%v: %d %s", c.args, code, &errs)
		}
	}
}

func TestServingWithoutAnAuthoritySaysHowToMakeOne(t *testing.T) {
	s := defaults()
	s.Data, s.HTTPS, s.TLSLocal = t.TempDir(), "127.0.0.1:0", true
	if _, err := s.httpsTLS(); err == nil || !strings.Contains(err.Error(), "kaden tls --data "+s.Data) {
		t.Errorf("%v", err)
	}
	for says, change := range map[string]func(*settings){
		"tls-cert": func(s *settings) { s.TLSLocal = false },
		"not both": func(s *settings) { s.TLSCert, s.TLSKey = "a", "b" },
		"--https":  func(s *settings) { s.HTTPS = "" },
		"a host":   func(s *settings) { s.TLSNames = []string{"A B"} },
	} {
		bad := s
		change(&bad)
		if err := bad.check(); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%s: %v", says, err)
		}
	}
}
