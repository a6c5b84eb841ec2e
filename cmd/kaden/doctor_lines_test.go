package main

import (
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
