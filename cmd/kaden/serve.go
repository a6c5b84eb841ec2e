package main

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"os/signal"
	"runtime/debug"
	"syscall"
	"time"

	"golang.org/x/sync/errgroup"
)

// serveCmd runs the server.
type serveCmd struct {
	Config   string `help:"File with the server's settings." type:"path" placeholder:"FILE"`
	Data     string `help:"Data directory; ./kaden-data unless the settings say otherwise." placeholder:"DIR"`
	HTTP     string `name:"http" help:"Address for console, API and intake; 127.0.0.1:8080." placeholder:"ADDR"`
	HTTPS    string `name:"https" help:"The same with TLS." placeholder:"ADDR"`
	TLSCert  string `name:"tls-cert" help:"Certificate for --https." placeholder:"FILE"`
	TLSKey   string `name:"tls-key" help:"Its key." placeholder:"FILE"`
	TLSLocal bool   `name:"tls-local" help:"Certificate for --https from the authority that \"kaden tls\" has made."`
	SIP      string `name:"sip" help:"Address for SIP, UDP and TCP; 0.0.0.0:5060." placeholder:"ADDR"`
	SIPS     string `name:"sips" help:"Address for SIP over TLS, with the certificate of --tls-cert unless the settings name another." placeholder:"ADDR"`
	Phone    string `help:"Who \"me\" is: sip:me@192.0.2.10, tel:+819012345678, client:me for a browser; a simulated phone unless given." placeholder:"ADDRESS"`
	Browsers string `help:"Address for the sound of browser phones, UDP and TCP; 0.0.0.0:10000, off for none." placeholder:"ADDR"`
}

// settings are the file's, with what the command line says on top.
func (c *serveCmd) settings() (settings, error) {
	s, err := readSettings(c.Config, os.Getenv)
	if err != nil {
		return s, err
	}
	for flag, field := range map[*string]*string{
		&c.Data: &s.Data, &c.HTTP: &s.HTTP, &c.HTTPS: &s.HTTPS, &c.TLSCert: &s.TLSCert, &c.TLSKey: &s.TLSKey, &c.SIP: &s.SIP.Listen, &c.SIPS: &s.SIP.TLS, &c.Browsers: &s.Browsers.Listen,
	} {
		if *flag != "" {
			*field = *flag
		}
	}
	s.TLSLocal = s.TLSLocal || c.TLSLocal
	return s, s.check()
}

// Run serves until it is told to stop: the first signal lets calls in progress end, the second does not.
func (c *serveCmd) Run(out *output) error {
	s, err := c.settings()
	if err != nil {
		return err
	}
	log := logger(out.Stderr, s)
	defer outlive(log)()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	r, err := openRooms(ctx, log, s)
	if ctx.Err() != nil && errors.Is(err, context.Canceled) {
		return nil // told to stop while it waited
	}
	if err != nil {
		return err
	}
	err = c.serve(ctx, r, out)
	return joinErrors(err, r.close())
}

// outlive lets the server go on after SIGHUP, until the returned function is called. A terminal that is closed, or a reload that
// it has no use for, would end it at once, and phones would ring on for nobody.
func outlive(log *slog.Logger) (over func()) {
	hup, done := make(chan os.Signal, 1), make(chan struct{})
	signal.Notify(hup, syscall.SIGHUP)
	go func() {
		for {
			select {
			case <-hup:
				log.Warn("SIGHUP: going on (SIGTERM ends kaden); kaden apply changes documents, settings are read at the start")
			case <-done:
				return
			}
		}
	}()
	return func() { signal.Stop(hup); close(done) }
}

func (c *serveCmd) serve(ctx context.Context, r *rooms, out *output) error {
	if err := r.setPhone(ctx, c.Phone); err != nil {
		return err
	}
	d, err := r.openDoors()
	if err != nil {
		return err
	}
	var g errgroup.Group
	over, stop := context.WithCancel(ctx)
	defer stop()
	// The doors stay open for as long as calls may end: what comes meanwhile is stored, and programs and browsers
	// still have a word to say about their calls.
	open, closeDoors := context.WithCancel(context.WithoutCancel(ctx))
	defer closeDoors()
	g.Go(func() error {
		defer stop() // a house without one of its parts is closed
		defer closeDoors()
		return r.run(over, func() <-chan struct{} { return r.hurry(ctx) })
	})
	g.Go(func() error {
		defer stop()
		return d.serve(open)
	})
	g.Go(func() error {
		select {
		case <-r.dispatch.Booted():
			return r.greet(over, out.Stdout, d)
		case <-over.Done():
			return nil
		}
	})
	g.Go(func() error {
		giveBack(over, r.dispatch.Warmed(), r.desk.Calls, debug.FreeOSMemory)
		return nil
	})
	err = g.Wait()
	if ctx.Err() != nil && errors.Is(err, context.Canceled) {
		return nil
	}
	return err
}

// hurry is closed when calls in progress have had their time, or somebody asks a second time.
func (r *rooms) hurry(ctx context.Context) <-chan struct{} {
	r.log.Info("stopping; calls in progress may end, a second signal (Ctrl-C) ends them now", "calls", r.desk.Calls(), "drain", r.settings.Drain)
	over := make(chan struct{})
	again := make(chan os.Signal, 1)
	signal.Notify(again, os.Interrupt, syscall.SIGTERM)
	go func() {
		defer close(over)
		defer signal.Stop(again)
		select {
		case <-again:
		case <-time.After(r.settings.Drain):
		}
	}()
	return over
}

// doors are the addresses at which the house can be reached over HTTP.
type doors struct {
	log     *slog.Logger
	servers []*http.Server
	socket  []net.Listener
}

// openDoors listens, so that a port in use is known before anything is started.
func (r *rooms) openDoors() (*doors, error) {
	handler, err := r.handler()
	if err != nil {
		return nil, err
	}
	d := &doors{log: r.log}
	for _, door := range []struct{ flag, addr string }{{"--http", r.settings.HTTP}, {"--https", r.settings.HTTPS}} {
		if door.addr == "" {
			continue
		}
		l, err := net.Listen("tcp", door.addr)
		if err != nil {
			d.close()
			if errors.Is(err, syscall.EADDRINUSE) {
				return nil, fmt.Errorf("%s %s is in use by another program; stop it, or name another address with %s", door.flag[2:], door.addr, door.flag)
			}
			return nil, fmt.Errorf("%s %s: %w; name another address with %s", door.flag[2:], door.addr, err, door.flag)
		}
		srv := &http.Server{
			Handler: handler, ReadHeaderTimeout: 10 * time.Second, IdleTimeout: 2 * time.Minute, MaxHeaderBytes: 64 << 10,
			ErrorLog: slog.NewLogLogger(r.log.Handler(), slog.LevelDebug),
		}
		srv.RegisterOnShutdown(r.api.Close) // live event streams do not end by themselves
		if door.flag == "--https" {
			cfg, err := r.settings.httpsTLS()
			if err != nil {
				l.Close()
				d.close()
				return nil, err
			}
			l = tls.NewListener(l, cfg)
		}
		d.servers, d.socket = append(d.servers, srv), append(d.socket, l)
	}
	r.at.Store(new(r.base(d)))
	return d, nil
}

// httpsTLS is how https is spoken: with the certificate of the settings, or one of our own authority.
func (s settings) httpsTLS() (*tls.Config, error) {
	cfg := &tls.Config{MinVersion: tls.VersionTLS12, NextProtos: []string{"h2", "http/1.1"}}
	if s.TLSLocal {
		a, err := openAuthority(s)
		if errors.Is(err, errNoAuthority) {
			return nil, fmt.Errorf("%w; kaden tls --data %s makes one", err, s.Data)
		}
		if err != nil {
			return nil, err
		}
		cfg.GetCertificate = a.certificate
		return cfg, nil
	}
	cert, err := tls.LoadX509KeyPair(s.TLSCert, s.TLSKey)
	if err != nil {
		return nil, fmt.Errorf("the certificate for https: %w", err)
	}
	cfg.Certificates = []tls.Certificate{cert}
	return cfg, nil
}

func (d *doors) close() {
	for _, l := range d.socket {
		l.Close()
	}
}

// serve answers until ctx ends.
func (d *doors) serve(ctx context.Context) error {
	var g errgroup.Group
	for i, s := range d.servers {
		g.Go(func() error {
			if err := s.Serve(d.socket[i]); !errors.Is(err, http.ErrServerClosed) {
				return err
			}
			return nil
		})
	}
	g.Go(func() error {
		<-ctx.Done()
		late, stop := context.WithTimeout(context.Background(), 2*time.Second)
		defer stop()
		for _, s := range d.servers {
			if s.Shutdown(late) != nil {
				s.Close()
			}
		}
		return nil
	})
	return g.Wait()
}

func logger(w io.Writer, s settings) *slog.Logger {
	var level slog.Level
	level.UnmarshalText([]byte(s.Log.Level)) // checked with the settings
	o := &slog.HandlerOptions{Level: level}
	if s.Log.Format == "json" {
		return slog.New(slog.NewJSONHandler(w, o))
	}
	return slog.New(slog.NewTextHandler(w, o))
}
