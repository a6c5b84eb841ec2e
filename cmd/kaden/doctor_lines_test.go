package main

import (
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func TestTheDoctorComparesPublicAddresses(t *testing.T) {
	for _, c := range []struct{ said, seen, want string }{
		{"", "", ""},
		{"", "203.0.113.5", "ok carriers see us at 203.0.113.5"},
		{"203.0.113.5", "203.0.113.5", "ok carriers see us at 203.0.113.5"},
		{"203.0.113.6", "203.0.113.5", "WRONG sip.advertise is 203.0.113.6, and carriers see 203.0.113.5"},
		{"sip.example.jp", "203.0.113.5", "ok carriers see us"},
		{"203.0.113.6", "192.168.1.7", "ok carriers see us at 192.168.1.7"}, // a gateway in the house
	} {
		var s settings
		s.SIP.Advertise = c.said
		seen, _ := netip.ParseAddr(c.seen)
		got := ""
		for _, f := range lookAtAddress(s, seen) {
			got = "ok " + f.good
			if f.bad != "" {
				got = "WRONG " + f.bad
			}
		}
		if (c.want == "") != (got == "") || !strings.HasPrefix(got, c.want) {
			t.Errorf("advertised %q, seen %q: %q, want %q", c.said, c.seen, got, c.want)
		}
	}
}

// Each address that serve would listen on is tried, and one that somebody else has is named with what to do.
func TestTheDoctorTriesEachPort(t *testing.T) {
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	at := taken.Addr().String()
	for flag, set := range map[string]func(s *settings){
		"--http":     func(s *settings) { s.HTTP = at },
		"--https":    func(s *settings) { s.HTTPS = at },
		"--sip":      func(s *settings) { s.SIP.Listen = at },
		"--sips":     func(s *settings) { s.SIP.TLS = at },
		"--browsers": func(s *settings) { s.Browsers.Listen = at },
	} {
		s := settings{HTTP: "127.0.0.1:0"}
		s.SIP.Listen, s.Browsers.Listen = "127.0.0.1:0", off
		set(&s)
		for _, running := range []bool{false, true} {
			bad := ""
			for _, f := range lookAtPorts(s, running) {
				bad += f.bad
			}
			if want := at + " is in use by another program; stop it, or name another address with " + flag; !running && bad != want || running && bad != "" {
				t.Errorf("%s, a server of ours runs: %v: %q", flag, running, bad)
			}
		}
	}
}

func TestTheDoctorReadsTheCertificate(t *testing.T) {
	cert, key := certificate(t, "sip.example.jp", 30*24*time.Hour)
	for days, want := range map[int]string{0: "lasts until", 20: "renew it", 40: "has been out of date since"} {
		f := lookAtCertificate("tls", cert, key, time.Now().Add(time.Duration(days)*24*time.Hour))
		if len(f) != 1 || !strings.Contains(f[0].good+f[0].bad, want) {
			t.Errorf("in %d days the doctor says %+v, want %q", days, f, want)
		}
	}
	other := filepath.Join(t.TempDir(), "key")
	os.WriteFile(other, []byte("nothing"), 0o600)
	if f := lookAtCertificate("tls", cert, other, time.Now()); len(f) != 1 || f[0].bad == "" {
		t.Errorf("a key that is none: %+v", f)
	}
	if f := lookAtCertificate("tls", "", "", time.Now()); f != nil {
		t.Errorf("without a certificate: %+v", f)
	}
}
