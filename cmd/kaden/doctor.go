package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/kaden-project/kaden/account"
	"github.com/kaden-project/kaden/speech"
	"github.com/kaden-project/kaden/store"
)

// configCmd is about the server's settings.
type configCmd struct {
	Check configCheckCmd `cmd:"" help:"Check a file with settings."`
}

type configCheckCmd struct {
	File string `arg:"" help:"The file." type:"path"`
}

// Help is shown below the flags.
func (*configCheckCmd) Help() string {
	return `Exit status: 0 when "kaden serve --config" could start with it, 1 otherwise. docs/kaden.yaml has every setting.

Example: kaden config check kaden.yaml`
}

// Run reads the file as serve would, and the files that it names.
func (c *configCheckCmd) Run(out *output) error {
	s, err := readSettings(c.File, os.Getenv)
	if err != nil {
		return err
	}
	if err := s.checkFiles(); err != nil {
		return fmt.Errorf("%s: %w", c.File, err)
	}
	fmt.Fprintf(out.Stdout, "%s: ok\n", c.File)
	return nil
}

// checkFiles reads the files that the settings name.
func (s settings) checkFiles() error {
	if _, err := readings(s.Speech.Dictionary); err != nil {
		return err
	}
	if s.HTTPS != "" && !s.TLSLocal {
		if _, err := s.httpsTLS(); err != nil {
			return err
		}
	}
	_, _, err := s.sipTLS()
	return err
}

// doctorCmd looks for what is missing or wrong.
type doctorCmd struct {
	languageFlag
	Config string `help:"File with the server's settings." type:"path" placeholder:"FILE"`
	Data   string `help:"Data directory." placeholder:"DIR"`
}

// finding is one thing that was looked at: it is good, or bad, and then what to do, or there is something to note.
type finding struct{ what, good, bad, note string }

// Run looks at everything, says it line by line, and exits with 1 if something is wrong.
func (c *doctorCmd) Run(out *output) error {
	out = out.in(c.Language)
	s, err := (&serveCmd{Config: c.Config, Data: c.Data}).settings()
	if err != nil {
		return err
	}
	ctx, stop := context.WithTimeout(context.Background(), time.Minute)
	defer stop()
	running := answers(ctx, s.HTTP)
	findings := []finding{{what: "settings", good: "can be read"}}
	findings = append(findings, lookAtData(s, running)...)
	findings = append(findings, lookAtDatabase(ctx, s)...)
	findings = append(findings, lookAtSpeech(ctx, s)...)
	findings = append(findings, lookAtPorts(s, running)...)
	findings = append(findings, lookAtClock()...)
	findings = append(findings, lookAtCertificate("https", s.TLSCert, s.TLSKey, time.Now())...)
	if s.SIP.TLSCert != "" {
		findings = append(findings, lookAtCertificate("sip tls", s.SIP.TLSCert, s.SIP.TLSKey, time.Now())...)
	}
	if running {
		findings = append(findings, lookAtLines(ctx, s, out)...)
	}
	wrong := 0
	for _, f := range findings {
		if f.note != "" {
			fmt.Fprintf(out.Stdout, "?     %s %s\n", out.label(f.what), out.say("%s", f.note))
			continue
		}
		if f.bad == "" {
			fmt.Fprintf(out.Stdout, "ok    %s %s\n", out.label(f.what), out.say("%s", f.good))
			continue
		}
		wrong++
		fmt.Fprintf(out.Stdout, "WRONG %s %s\n", out.label(f.what), out.say("%s", f.bad))
	}
	if wrong > 0 {
		return exitCode(1)
	}
	return nil
}

// answers tells whether a kaden serves at the address now.
func answers(ctx context.Context, addr string) bool {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+addr+"/healthz", nil)
	if err != nil {
		return false
	}
	resp, err := (&http.Client{Timeout: 2 * time.Second}).Do(req)
	if err != nil {
		return false
	}
	resp.Body.Close()
	return resp.StatusCode == http.StatusOK
}

func lookAtData(s settings, running bool) (out []finding) {
	dir := dataPath(s.Data)
	info, err := os.Stat(s.Data)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return []finding{{what: "data directory", good: dir + " is made at the first start"}}
	case err != nil:
		return []finding{{what: "data directory", bad: err.Error()}}
	case !info.IsDir():
		return []finding{{what: "data directory", bad: dir + " is a file; --data names another place"}}
	}
	probe := filepath.Join(s.Data, ".doctor")
	if err := os.WriteFile(probe, nil, 0o600); errors.Is(err, syscall.EROFS) {
		out = append(out, finding{what: "data directory", bad: fmt.Sprintf("%v; mount it for writing, or name another place with --data", err)})
	} else if err != nil {
		out = append(out, finding{what: "data directory", bad: fmt.Sprintf("%v; the user that runs kaden must own it", err)})
	} else {
		os.Remove(probe)
		out = append(out, finding{what: "data directory", good: dir})
	}
	if _, err := os.Stat(s.dataFile("key")); err == nil {
		if _, err := account.LoadSeal(s.dataFile("key")); err != nil {
			out = append(out, finding{what: "key", bad: err.Error()})
		} else {
			out = append(out, finding{what: "key", good: "readable by its owner alone"})
		}
	}
	var disk syscall.Statfs_t
	if err := syscall.Statfs(s.Data, &disk); err == nil {
		free := disk.Bavail * uint64(disk.Bsize) >> 20
		f := finding{what: "disk", good: fmt.Sprintf("%d MB free", free)}
		if free < 200 {
			f.bad = fmt.Sprintf("only %d MB free; alerts cannot be stored on a full disk", free)
		}
		out = append(out, f)
	}
	if running {
		out = append(out, finding{what: "server", good: "runs at " + s.HTTP})
	}
	return out
}

// lookAtDatabase asks PostgreSQL, where the settings name one; SQLite is the server's alone.
func lookAtDatabase(ctx context.Context, s settings) []finding {
	if s.Database == "" {
		return nil
	}
	where, err := store.Reach(ctx, s.Database)
	if err != nil {
		return []finding{{what: "database", bad: err.Error()}}
	}
	return []finding{{what: "database", good: where + " answers"}}
}

func lookAtSpeech(ctx context.Context, s settings) (out []finding) {
	words, err := readings(s.Speech.Dictionary)
	if err != nil {
		return []finding{{what: "dictionary", bad: err.Error()}}
	}
	dir, err := os.MkdirTemp("", "kaden-doctor")
	if err != nil {
		return []finding{{what: "speech", bad: err.Error()}}
	}
	defer os.RemoveAll(dir)
	speaker := speech.New(slog.New(slog.DiscardHandler), speech.Config{Dir: dir, Providers: engines(s), Dictionary: words})
	for _, e := range speaker.Check(ctx) {
		f := finding{what: "speech " + e.Language, good: e.String()}
		if e.Err != nil {
			f.bad = e.Err.Error()
		}
		out = append(out, f)
	}
	return out
}

func lookAtPorts(s settings, running bool) (out []finding) {
	for _, p := range []struct{ what, network, addr, mend string }{
		{"http", "tcp", s.HTTP, "--http"}, {"https", "tcp", s.HTTPS, "--https"},
		{"sip", "udp", s.SIP.Listen, "--sip"}, {"sip", "tcp", s.SIP.Listen, "--sip"}, {"sip", "tls", s.SIP.TLS, "--sips"},
		{"browsers", "udp", s.Browsers.Listen, "--browsers"}, {"browsers", "tcp", s.Browsers.Listen, "--browsers"},
	} {
		if p.addr == "" || p.addr == off {
			continue
		}
		f := finding{what: p.what + " " + p.network, good: p.addr + " is free"}
		err := listens(p.network, p.addr)
		switch {
		case errors.Is(err, syscall.EADDRINUSE) && running:
			f.good = p.addr + " is in use, by the server that runs"
		case errors.Is(err, syscall.EADDRINUSE):
			f.bad = fmt.Sprintf("%s is in use by another program; stop it, or name another address with %s", p.addr, p.mend)
		case err != nil:
			f.bad = fmt.Sprintf("%v; name another address with %s", err, p.mend)
		}
		out = append(out, f)
	}
	return out
}

// listens tries to take an address for a moment.
func listens(network, addr string) error {
	if strings.HasPrefix(network, "udp") {
		c, err := net.ListenPacket(network, addr)
		if err == nil {
			c.Close()
		}
		return err
	}
	l, err := net.Listen("tcp", addr) // TLS, too
	if err == nil {
		l.Close()
	}
	return err
}
