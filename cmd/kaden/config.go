package main

import (
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/kaden-project/kaden/leg/webleg"
	"github.com/kaden-project/kaden/sid"
)

// settings are those of the process. Everything that changes while it runs (people, plans, trunks,
// sources) is data, see kaden apply. Every key may be left out; docs/kaden.yaml explains each.
type settings struct {
	Data      string `yaml:"data"`
	HTTP      string `yaml:"http"`
	HTTPS     string `yaml:"https"`
	TLSCert   string `yaml:"tls-cert"`
	TLSKey    string `yaml:"tls-key"`
	TLSLocal  bool   `yaml:"tls-local"` // with a certificate of our own authority
	PublicURL string `yaml:"public-url"`
	Database  string `yaml:"database"`
	Node      string `yaml:"node"`
	Name      string `yaml:"name"`
	Region    string `yaml:"region"`

	Account struct {
		SID   string `yaml:"sid"`
		Token string `yaml:"token"`
	} `yaml:"account"`

	SIP struct {
		Listen    string   `yaml:"listen"`
		Advertise string   `yaml:"advertise"`
		RTPPorts  string   `yaml:"rtp-ports"`
		Allow     []string `yaml:"allow"`
		TLS       string   `yaml:"tls"`      // where others may connect with TLS
		TLSCert   string   `yaml:"tls-cert"` // "" is that of https
		TLSKey    string   `yaml:"tls-key"`
		CA        string   `yaml:"ca"` // authorities of carriers besides the system's
	} `yaml:"sip"`

	Browsers struct {
		Listen string   `yaml:"listen"`
		Public []string `yaml:"public"`
	} `yaml:"browsers"`

	Speech struct {
		Dictionary string `yaml:"dictionary"`
		OpenJTalk  struct {
			Dictionary string `yaml:"dictionary"`
			Voice      string `yaml:"voice"`
		} `yaml:"open-jtalk"`
		Flite struct {
			Voice string `yaml:"voice"`
		} `yaml:"flite"`
	} `yaml:"speech"`

	Webhooks struct {
		AllowPrivate bool `yaml:"allow-private"`
	} `yaml:"webhooks"`

	Recordings struct {
		Private bool          `yaml:"private"`
		Keep    time.Duration `yaml:"keep"`
	} `yaml:"recordings"`

	Relay struct {
		URLs   []string `yaml:"urls"`
		Secret string   `yaml:"secret"`
	} `yaml:"relay"`

	Debug struct {
		Keep time.Duration `yaml:"keep"`
	} `yaml:"debug"`

	Log struct {
		Level  string `yaml:"level"`
		Format string `yaml:"format"`
	} `yaml:"log"`

	Drain time.Duration `yaml:"drain"`

	TLSNames []string `yaml:"tls-names"` // of this machine, for that certificate
}

// defaults are what works without a file.
func defaults() settings {
	var s settings
	s.Data, s.HTTP, s.Node, s.Region = "./kaden-data", "127.0.0.1:8080", "kaden", "JP"
	s.Name = "kaden 架電"
	s.SIP.Listen, s.SIP.RTPPorts = "0.0.0.0:5060", "20000-29999"
	s.Browsers.Listen = webleg.DefaultListen
	s.Log.Level, s.Log.Format = "info", "text"
	s.Debug.Keep = 30 * 24 * time.Hour
	s.Drain = 30 * time.Second
	return s
}

// readSettings reads the file (none: the defaults) and lets the environment override it.
func readSettings(file string, getenv func(string) string) (settings, error) {
	s := defaults()
	if file != "" {
		text, err := os.ReadFile(file)
		if errors.Is(err, fs.ErrNotExist) {
			return s, fmt.Errorf("settings %s: no such file; docs/kaden.yaml has every setting, and kaden serve works without a file too", file)
		}
		if err != nil {
			return s, fmt.Errorf("settings %s", strings.ReplaceAll(unreadableFile(file, err), "*.xml", "*.yaml"))
		}
		if err := s.decode(text); err != nil {
			return s, fmt.Errorf("%s: %w", file, err)
		}
	}
	for name, field := range map[string]*string{
		"KADEN_ACCOUNT_SID": &s.Account.SID, "KADEN_AUTH_TOKEN": &s.Account.Token,
		"KADEN_DATABASE_URL": &s.Database, "KADEN_PUBLIC_URL": &s.PublicURL,
	} {
		if v := getenv(name); v != "" {
			*field = v
		}
	}
	for _, field := range []*string{&s.Account.Token, &s.Database, &s.Relay.Secret} {
		v, err := secret(*field, getenv)
		if err != nil {
			return s, err
		}
		*field = v
	}
	if err := s.check(); err != nil && file != "" {
		return s, fmt.Errorf("%s: %w", file, err)
	} else if err != nil {
		return s, err
	}
	return s, nil
}

// secret reads env:NAME and file:PATH; anything else is the secret itself.
func secret(v string, getenv func(string) string) (string, error) {
	if name, ok := strings.CutPrefix(v, "env:"); ok {
		got := getenv(name)
		if got == "" {
			return "", fmt.Errorf("the environment has no %s, which env:%s asks for", name, name)
		}
		return got, nil
	}
	if path, ok := strings.CutPrefix(v, "file:"); ok {
		b, err := os.ReadFile(path)
		if err != nil {
			return "", fmt.Errorf("file:%s cannot be read: %w", path, err)
		}
		return strings.TrimSpace(string(b)), nil
	}
	return v, nil
}

// check finds what would fail later, and says it now.
func (s settings) check() error {
	for name, addr := range map[string]string{"http": s.HTTP, "https": s.HTTPS, "sip.listen": s.SIP.Listen, "browsers.listen": s.Browsers.Listen} {
		if addr == "" || name == "browsers.listen" && addr == off {
			continue
		}
		if _, _, err := net.SplitHostPort(addr); err != nil {
			return fmt.Errorf("%s: %q is not an address with a port, such as 127.0.0.1:8080", name, addr)
		}
	}
	switch given := s.TLSCert != "" || s.TLSKey != ""; {
	case s.HTTPS != "" && !s.TLSLocal && (s.TLSCert == "" || s.TLSKey == ""):
		return errors.New("https needs tls-cert and tls-key, the files with the certificate and its key, or tls-local after kaden tls")
	case s.HTTPS != "" && s.TLSLocal && given:
		return errors.New("https takes either tls-cert with tls-key or tls-local, not both")
	case s.HTTPS == "" && s.TLSLocal:
		return errors.New("tls-local is for https: name its address, such as --https 0.0.0.0:443")
	}
	for _, n := range s.TLSNames {
		if !dnsName(n) {
			return fmt.Errorf("tls-names: %q is not the name of a host, in small letters", n)
		}
	}
	if s.PublicURL != "" {
		if u, err := url.Parse(s.PublicURL); err != nil || u.Host == "" || (u.Scheme != "https" && u.Scheme != "http") {
			return fmt.Errorf("public-url: %q is not a URL such as https://kaden.example", s.PublicURL)
		}
	}
	if s.Database != "" && !strings.HasPrefix(s.Database, "postgres://") && !strings.HasPrefix(s.Database, "postgresql://") {
		return fmt.Errorf("database: %q is not a PostgreSQL URL (postgres://user:password@host/name); leave it out for SQLite in the data directory", redactURL(s.Database))
	}
	if s.Account.SID != "" {
		if _, err := sid.Parse[sid.Account](s.Account.SID); err != nil {
			return fmt.Errorf("account.sid: %w", err)
		}
	}
	if strings.ContainsFunc(s.Account.Token, func(r rune) bool {
		return !('0' <= r && r <= '9' || 'a' <= r && r <= 'z' || 'A' <= r && r <= 'Z')
	}) {
		return errors.New("account.token: only letters and digits; Twilio's Go client refuses others")
	}
	if _, _, err := s.rtpPorts(); err != nil {
		return err
	}
	for _, text := range s.SIP.Allow {
		if _, err := prefix(text); err != nil {
			return fmt.Errorf("sip.allow: %w", err)
		}
	}
	if s.Drain < 0 {
		return fmt.Errorf("drain: %v is no length of time; 0s ends calls at once", s.Drain)
	}
	for name, keep := range map[string]time.Duration{"recordings.keep": s.Recordings.Keep, "debug.keep": s.Debug.Keep} {
		if keep < 0 || keep > 0 && keep < time.Minute {
			return fmt.Errorf("%s: %v is not a time such as 720h (30 days); 0s is for ever", name, keep)
		}
	}
	for _, u := range s.Relay.URLs {
		if kind, _, _ := strings.Cut(u, ":"); kind != "stun" && kind != "turn" && kind != "turns" {
			return fmt.Errorf("relay.urls: %q is not the address of a relay, such as turn:turn.example.jp:3478", u)
		}
	}
	switch s.Log.Level {
	case "debug", "info", "warn", "error":
	default:
		return fmt.Errorf("log.level: %q is none of debug, info, warn, error", s.Log.Level)
	}
	if s.Log.Format != "text" && s.Log.Format != "json" {
		return fmt.Errorf("log.format: %q is neither text nor json", s.Log.Format)
	}
	return nil
}

// rtpPorts is the range of UDP ports for sound.
func (s settings) rtpPorts() (low, high int, err error) {
	a, b, _ := strings.Cut(s.SIP.RTPPorts, "-")
	low, errLow := strconv.Atoi(a)
	high, errHigh := strconv.Atoi(b)
	if errLow != nil || errHigh != nil || low < 1024 || high > 65535 || high-low < 10 {
		return 0, 0, fmt.Errorf("sip.rtp-ports: %q is not a range such as 20000-29999 (two ports a call)", s.SIP.RTPPorts)
	}
	return low, high, nil
}

// dataFile is the path of a file in the data directory.
func (s settings) dataFile(name ...string) string {
	return filepath.Join(append([]string{s.Data}, name...)...)
}

// redactURL takes the password out of a URL that is shown.
func redactURL(s string) string {
	if u, err := url.Parse(s); err == nil {
		return u.Redacted()
	}
	return "…"
}
