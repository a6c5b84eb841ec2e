package sipleg

import (
	"context"
	"crypto/ecdsa"
	"crypto/x509"
	"encoding/pem"
	"net"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/kaden-project/kaden/leg"
)

// proxy is Kamailio as a carrier; phone is somebody in the telephone network behind it.
type proxy struct {
	t    *testing.T
	cmd  *exec.Cmd
	over chan struct{}
	port int
	tls  int
}

// newProxy starts Kamailio with a certificate for a name.
func newProxy(t *testing.T, phone *peer, ca *authority, name string) *proxy {
	t.Helper()
	program, err := exec.LookPath("kamailio")
	modules, _ := filepath.Glob("/usr/lib/*/kamailio/modules")
	if err != nil || len(modules) == 0 {
		t.Skip("skipped: kamailio is missing (apt install kamailio kamailio-tls-modules; make test does it)")
	}
	for range 5 { // somebody else may take the ports that were free a moment ago
		first := freeRange(t, 2)
		p := &proxy{t: t, port: first, tls: first + 1}
		if p.starts(program, modules[0], phone, ca, name) {
			return p
		}
	}
	t.Fatal("kamailio finds no ports")
	panic("not reached")
}

// starts runs it with its ports; false when it ends by itself.
func (p *proxy) starts(program, modules string, phone *peer, ca *authority, name string) bool {
	t := p.t
	t.Helper()
	written, err := os.ReadFile(filepath.Join("testdata", "kamailio.cfg"))
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	secure := ""
	if ca != nil {
		secure = "enable_tls=yes\nlisten=tls:127.0.0.1:" + itoa(p.tls) + "\nloadmodule \"" + filepath.Join(modules, "tls.so") +
			"\"\nmodparam(\"tls\", \"tls_method\", \"TLSv1.2\")\nmodparam(\"tls\", \"certificate\", \"" + filepath.Join(dir, "cert.pem") +
			"\")\nmodparam(\"tls\", \"private_key\", \"" + filepath.Join(dir, "key.pem") + "\")\n"
		cert := ca.certificate(x509.Certificate{DNSNames: []string{name}})
		key, err := x509.MarshalECPrivateKey(cert.PrivateKey.(*ecdsa.PrivateKey))
		if err != nil {
			t.Fatal(err)
		}
		for file, block := range map[string]*pem.Block{"cert.pem": {Type: "CERTIFICATE", Bytes: cert.Certificate[0]}, "key.pem": {Type: "EC PRIVATE KEY", Bytes: key}} {
			if err := os.WriteFile(filepath.Join(dir, file), pem.EncodeToMemory(block), 0o600); err != nil {
				t.Fatal(err)
			}
		}
	}
	text := strings.NewReplacer("[port]", itoa(p.port), "[phone]", itoa(int(phone.addr().Port())), "[modules]", modules, "[tls]", secure).Replace(string(written))
	file := filepath.Join(dir, "kamailio.cfg")
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	log, err := os.Create(filepath.Join(dir, "log"))
	if err != nil {
		t.Fatal(err)
	}
	p.cmd = exec.Command(program, "-DD", "-E", "-f", file, "-Y", dir, "-P", filepath.Join(dir, "pid"), "-m", "16", "-M", "4")
	p.cmd.Dir, p.cmd.Stdout, p.cmd.Stderr = dir, log, log
	p.cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGTERM}
	if err := p.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	p.over = make(chan struct{})
	go func() {
		p.cmd.Wait()
		close(p.over)
	}()
	t.Cleanup(func() {
		p.dies()
		if t.Failed() {
			said, _ := os.ReadFile(log.Name())
			t.Logf("kamailio says:\n%s", said)
		}
		log.Close()
	})
	for limit := time.Now().Add(testPatience); time.Now().Before(limit); {
		c, err := net.DialTimeout("tcp", p.addr(), 100*time.Millisecond)
		if err == nil {
			c.Close()
		}
		select {
		case <-p.over:
			return false
		case <-time.After(20 * time.Millisecond):
			if err == nil {
				return true
			}
		}
	}
	t.Fatal("kamailio does not listen")
	return false
}

// dies ends it and waits. It has children, which take a minute over TLS when they are asked politely.
func (p *proxy) dies() {
	select {
	case <-p.over:
	default:
		syscall.Kill(-p.cmd.Process.Pid, syscall.SIGKILL)
		<-p.over
	}
}

func (p *proxy) addr() string { return "127.0.0.1:" + itoa(p.port) }

// carrierLine is a line that signs on at a server.
func carrierLine(server string) Line {
	return Line{Name: "ntt", Server: server, User: "0501234", Password: "himitsu", Number: "+815012345678", Register: true, Expires: time.Minute}
}

func TestKamailioIsTheCarrier(t *testing.T) {
	ca := newAuthority(t)
	for _, transport := range []string{"udp", "tcp", "tls"} {
		t.Run(transport, func(t *testing.T) {
			phone := newPeer(t)
			k := newProxy(t, phone, ca, "localhost")
			got := make(chan *Leg, 1)
			s := start(t, func(c *Config) {
				c.Incoming = func(l *Leg) { got <- l }
				c.RootCAs = ca.pool()
				c.Resolver = &dns{addr: map[string][]netip.Addr{"localhost": home()}}
			})
			at := "localhost:" + itoa(k.port)
			if transport == "tls" {
				at = "localhost:" + itoa(k.tls)
			}
			s.SetLines([]Line{carrierLine("sip:" + at + ";transport=" + transport)})
			standing := stands(t, s, "registered", condition(Registered))
			if !strings.HasPrefix(standing.Server, transport+" 127.0.0.1:") || time.Until(standing.Until) > time.Minute {
				t.Errorf("the line is %+v", standing)
			}

			// Out: 407, Record-Route, our BYE.
			to := leg.Target{URI: "sip:09012345678@" + at + ";transport=" + transport, From: "+815012345678", Username: "0501234", Password: "himitsu", Line: "ntt"}
			l, err := s.Dial(t.Context(), to, leg.Options{})
			if err != nil {
				t.Fatal(err)
			}
			invite := phone.hears("INVITE")
			phone.replies(invite, "180 Ringing", "a", "")
			next(t, l, leg.Ringing)
			phone.replies(invite, "200 OK", "a", sdpAt(40000))
			phone.hears("ACK")
			next(t, l, leg.Answered)
			l.Hangup(t.Context(), leg.Completed)
			bye := phone.hears("BYE")
			phone.replies(bye, "200 OK", "", "")
			ended(t, l, leg.Completed)

			// In: to the contact, whatever its transport is.
			phone.send(netip.MustParseAddrPort(k.addr()), newRequest(phone.addr(), "INVITE", "sip:0501234@localhost:"+itoa(k.port), "<sip:09012345678@carrier.example>;tag=b",
				"<sip:0501234@localhost>", fresh(8), 1, "", sdpAt(40002)))
			var in *Leg
			select {
			case in = <-got:
			case <-time.After(testPatience):
				t.Fatal("the call never came in")
			}
			if in.Info().Line != "ntt" || in.Info().To != "sip:+815012345678@127.0.0.1" {
				t.Errorf("the call that came in is %+v", in.Info())
			}
			in.Answer(t.Context())
			ok := phone.hearsAgain("SIP/2.0 200")
			route := ok.get("Record-Route")
			phone.send(netip.MustParseAddrPort(k.addr()), newRequest(phone.addr(), "ACK", strings.Trim(strings.SplitN(ok.get("Contact"), ">", 2)[0], "<"),
				ok.get("From"), ok.get("To"), ok.get("Call-ID"), 1, "", "", routesBack(ok)...))
			next(t, in, leg.Answered)
			in.Hangup(t.Context(), leg.Completed)
			bye = phone.hears("BYE")
			phone.replies(bye, "200 OK", "", "")
			ended(t, in, leg.Completed)
			if route == "" {
				t.Error("kamailio has not record-routed")
			}
			s.Close() // signs off, or its log says not
		})
	}
}

// routesBack are the Routes of a request of the one who called.
func routesBack(ok said) (all []string) {
	var routes []string
	for _, h := range ok.headers {
		if h[0] == "Record-Route" {
			routes = append(routes, splitList(h[1])...)
		}
	}
	for i := len(routes) - 1; i >= 0; i-- {
		all = append(all, "Route: "+routes[i])
	}
	return all
}

func TestKamailioDoesNotKnowOurPassword(t *testing.T) {
	k := newProxy(t, newPeer(t), nil, "")
	s := start(t, nil)
	l := carrierLine(k.addr())
	l.Password = "wrong"
	s.SetLines([]Line{l})
	at := stands(t, s, "refused", condition(Refused))
	if at.Status != 401 || !strings.Contains(at.Why, `"0501234" was refused by realm "carrier.example"`) || !strings.Contains(at.Remedy, "password:") {
		t.Errorf("the line is %+v", at)
	}
	found, _ := s.Check(t.Context(), "ntt")
	if got := report(found); !strings.Contains(got, "ok server: udp "+k.addr()) || !strings.Contains(got, "(OPTIONS: 200 Here)") || !strings.Contains(got, "WRONG registration: wrong user or password") {
		t.Errorf("the look at the line says\n%s", got)
	}
}

func TestOneOfTwoKamailiosIsKilled(t *testing.T) {
	phone := newPeer(t)
	one, two := newProxy(t, phone, nil, ""), newProxy(t, phone, nil, "")
	s := start(t, func(c *Config) {
		c.timers.Ask = 500 * time.Millisecond
		c.Resolver = &dns{
			srv: map[string][]*net.SRV{"_sip._udp.carrier.example": {
				{Target: "one.carrier.example.", Port: uint16(one.port)}, {Target: "two.carrier.example.", Port: uint16(two.port), Priority: 1},
			}},
			addr: map[string][]netip.Addr{"one.carrier.example": home(), "two.carrier.example": home()},
		}
	})
	line := carrierLine("carrier.example")
	line.Expires = 10 * time.Second // refreshed after 5 s
	s.SetLines([]Line{line})
	if at := stands(t, s, "registered", condition(Registered)); at.Server != "udp "+one.addr() {
		t.Errorf("signed on at %s, want the first", at.Server)
	}
	call := func() (rang time.Duration) {
		t.Helper()
		begun := time.Now()
		to := leg.Target{URI: "sip:09012345678@carrier.example", From: "+815012345678", Username: "0501234", Password: "himitsu", Line: "ntt"}
		l, err := s.Dial(t.Context(), to, leg.Options{})
		if err != nil {
			t.Fatal(err)
		}
		invite := phone.hears("INVITE")
		rang = time.Since(begun)
		phone.replies(invite, "486 Busy Here", "a", "")
		ended(t, l, leg.Busy)
		return rang
	}
	call()
	one.dies()
	if rang := call(); rang < time.Second || rang > 3*time.Second {
		t.Errorf("with the first one dead it rings after %v, want some 1.5 s", rang)
	} else {
		t.Logf("with the first one dead it rings after %v", rang.Round(time.Millisecond))
	}
	if rang := call(); rang > 500*time.Millisecond {
		t.Errorf("the next call rings after %v", rang)
	} else {
		t.Logf("the next call rings after %v", rang.Round(time.Millisecond))
	}
	stands(t, s, "registered at the second", func(at Standing) bool { return at.Condition == Registered && at.Server == "udp "+two.addr() })
}

// Short messages go through a proxy both ways: it asks for our password, and finds us where we have signed on.
func TestKamailioCarriesMessages(t *testing.T) {
	for _, transport := range []string{"udp", "tcp"} {
		t.Run(transport, func(t *testing.T) {
			phone := newPeer(t)
			k := newProxy(t, phone, nil, "")
			notes := make(chan Note, 1)
			s := start(t, func(c *Config) {
				c.Texts = func(_ context.Context, n Note) int { notes <- n; return 200 }
			})
			line := carrierLine("sip:" + k.addr() + ";transport=" + transport)
			line.Messages = true
			s.SetLines([]Line{line})
			stands(t, s, "registered", condition(Registered))
			to := leg.Target{URI: "sip:09012345678@" + k.addr() + ";transport=" + transport, From: "+815012345678", Username: "0501234", Password: "himitsu", Line: "ntt"}
			got := writes(t, s, to, Letter{ID: "SM1", Kind: "text/plain;charset=UTF-8", Body: words})
			m := phone.hears("MESSAGE sip:09012345678@")
			if m.body != words || m.get("Proxy-Authorization") != "" {
				t.Errorf("the phone reads\n%s", m.raw)
			}
			phone.replies(m, "200 OK", "a", "")
			if a := <-got; a.err != nil || a.Status != 200 {
				t.Errorf("%+v", a)
			}
			phone.send(netip.MustParseAddrPort(k.addr()), newRequest(phone.addr(), "MESSAGE", "sip:0501234@"+k.addr(), "<sip:+819012345678@carrier.example>;tag=b",
				"<sip:+815012345678@carrier.example>", fresh(8), 1, "", words, "Content-Type: text/plain"))
			if m := phone.hears("SIP/2.0 "); m.status() != 200 {
				t.Errorf("%s", m.raw)
			}
			if n := <-notes; n.Line != "ntt" || string(n.Body) != words || n.To != "sip:+815012345678@127.0.0.1" {
				t.Errorf("%+v", n)
			}
		})
	}
}
