package main

import (
	"io"
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
		{"an unknown key", "htpp: 127.0.0.1:1\n", "line 1, column 1: htpp is not a setting (did you mean http?)"},
		{"an unknown key of a section", "speech:\n  flite: {vioce: slt}\n", "line 2, column 11: vioce is not a setting (did you mean voice?)"},
		{"a document among the settings", "person: sato\n", "kaden apply -f"},
		{"a tab", "sip:\n\tlisten: 0.0.0.0:5060\n", "line 2, column 1: a tab: indent with spaces"},
		{"a number of what", "drain: 30\n", "line 1, column 8: 30 is not a length of time, such as 30s"},
		{"a length of time with a space", "drain: 30 s\n", "line 1, column 8: 30 s is not a length of time"},
		{"a length of time that is none", "drain: -1s\n", "kaden.yaml: drain: -1s"},
		{"a port for a section", "sip: 5060\n", "line 1, column 6: keys and values belong here"},
		{"one address for a list", "sip: {allow: 192.0.2.1}\n", "line 1, column 14: a list belongs here"},
		{"a host for an address", "sip: {allow: [pbx]}\n", "kaden.yaml: sip.allow: \"pbx\" is neither"},
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

// Somebody comments out all keys of a section, or of the file: that leaves what holds without the file.
func TestSettingsWithoutAValueChangeNothing(t *testing.T) {
	for _, text := range []string{"", "# nothing yet\n", "sip:\n  # listen: 0.0.0.0:5060\nlog:\nspeech:\n  flite:\nhttp:\n", "---\n"} {
		file := filepath.Join(t.TempDir(), "kaden.yaml")
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if got, err := readSettings(file, noEnv); err != nil || !reflect.DeepEqual(got, defaults()) {
			t.Errorf("%q gives %+v, %v", text, got, err)
		}
	}
}

// The files that settings name are looked at before the night in which they are missed.
func TestConfigCheckReadsTheFilesThatAreNamed(t *testing.T) {
	for _, text := range []string{"speech: {dictionary: /nowhere/words}\n", "https: 127.0.0.1:8443\ntls-cert: /nowhere/cert\ntls-key: /nowhere/key\n", "sip: {ca: /nowhere/ca}\n"} {
		file := filepath.Join(t.TempDir(), "kaden.yaml")
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		err := (&configCheckCmd{File: file}).Run(&output{Stdout: io.Discard})
		if err == nil || !strings.Contains(err.Error(), "/nowhere/") || !strings.HasPrefix(err.Error(), file) {
			t.Errorf("%q: %v", text, err)
		}
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
