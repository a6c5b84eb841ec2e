package main

import (
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
)

func noEnv(string) string { return "" }

func TestTheSampleIsReadAndHoldsTheDefaults(t *testing.T) {
	got, err := readSettings("../../docs/kaden.yaml", noEnv)
	if err != nil {
		t.Fatal(err)
	}
	want := defaults()
	want.Speech.Flite.Voice = "slt"
	want.SIP.Allow, want.Relay.URLs, want.Browsers.Public = []string{}, []string{}, []string{}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("docs/kaden.yaml does not hold the defaults:\n got %+v\nwant %+v", got, want)
	}
}

func TestSettingsThatWouldFailLaterAreRefusedNow(t *testing.T) {
	for _, c := range []struct{ name, yaml, says string }{
		{"not YAML", "http: [", "line 1"},
		{"an unknown key", "htpp: 127.0.0.1:1\n", "htpp"},
		{"an address without a port", "http: localhost\n", "with a port"},
		{"https without a certificate", "https: 0.0.0.0:8443\n", "tls-cert"},
		{"another database", "database: mysql://x/y\n", "PostgreSQL"},
		{"a token Twilio's client refuses", "account: {token: a-b}\n", "letters and digits"},
		{"a SID of another kind", "account: {sid: CA00000000000000000000000000000000}\n", "AC"},
		{"ports the wrong way round", "sip: {rtp-ports: 300-200}\n", "20000-29999"},
		{"a secret that is not there", "account: {token: env:NOWHERE}\n", "NOWHERE"},
		{"a level of its own", "log: {level: loud}\n", "debug, info"},
		{"recordings that are gone before they are made", "recordings: {keep: -1h}\n", "recordings.keep"},
		{"a relay that is a web page", "relay: {urls: [https://turn.example.jp]}\n", "turn:turn"},
		{"a public URL without a host", "public-url: kaden.example\n", "https://"},
	} {
		t.Run(c.name, func(t *testing.T) {
			file := filepath.Join(t.TempDir(), "kaden.yaml")
			if err := os.WriteFile(file, []byte(c.yaml), 0o600); err != nil {
				t.Fatal(err)
			}
			_, err := readSettings(file, noEnv)
			if err == nil || !strings.Contains(err.Error(), c.says) {
				t.Errorf("got %v, want an error that says %q", err, c.says)
			}
			if err != nil && strings.Contains(err.Error(), "\n") {
				t.Errorf("the error is more than one line: %q", err)
			}
		})
	}
}

func TestTheEnvironmentOverridesTheFile(t *testing.T) {
	got, err := readSettings("", func(name string) string {
		return map[string]string{"KADEN_PUBLIC_URL": "https://kaden.example", "KADEN_AUTH_TOKEN": "abc123"}[name]
	})
	if err != nil || got.PublicURL != "https://kaden.example" || got.Account.Token != "abc123" {
		t.Errorf("got %+v, %v", got, err)
	}
}
