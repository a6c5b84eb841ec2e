package main

import (
	"cmp"
	"errors"
	"fmt"
	"net"
	"os"
	"strings"
	"time"
)

// tlsCmd makes programs with a fixed URL talk to this kaden.
type tlsCmd struct {
	Config  string   `help:"File with the server's settings." type:"path" placeholder:"FILE"`
	Data    string   `help:"Data directory." placeholder:"DIR"`
	Address string   `default:"127.0.0.1" help:"Where the programs find kaden; for their hosts file." placeholder:"IP"`
	Name    []string `help:"A further name of this machine, as its programs call it; only when the authority is made." placeholder:"HOST"`
	Out     string   `help:"Write the authority's certificate here, where programs can read it." type:"path" placeholder:"FILE"`
}

// Help is shown below the flags.
func (*tlsCmd) Help() string {
	return `For programs that have https://api.twilio.com built in and cannot be told another base URL. A certificate authority of
your own is made in the data directory, once; programs that trust it, and whose hosts file leads Twilio's names here,
talk to kaden unchanged. It can vouch for twilio.com, twimlets.com, this machine and private addresses alone.

Then: kaden serve --https 0.0.0.0:443 --tls-local`
}

// Run makes the authority if there is none, and says what to do with it.
func (c *tlsCmd) Run(out *output) error {
	if net.ParseIP(c.Address) == nil {
		return fmt.Errorf("--address %q is not an IP address, such as 192.0.2.10", c.Address)
	}
	s, err := (&serveCmd{Config: c.Config, Data: c.Data}).settings()
	if err != nil {
		return err
	}
	for _, n := range c.Name {
		if !dnsName(strings.ToLower(n)) {
			return fmt.Errorf("--name %q is not the name of a host", n)
		}
	}
	s.TLSNames = append(s.TLSNames, c.Name...)
	a, err := openAuthority(s)
	made := errors.Is(err, errNoAuthority)
	if made {
		if err = makeAuthority(s); err == nil {
			a, err = openAuthority(s)
		}
	}
	if err != nil {
		return err
	}
	certFile, _ := s.authorityFiles()
	for _, n := range c.Name {
		if !a.permits(strings.ToLower(n)) {
			return fmt.Errorf("the authority was made without %s and cannot vouch for it; remove %s, run this again, and let the programs trust the new one", n, certFile)
		}
	}
	cert, err := a.certificate(nil)
	if err != nil {
		return err
	}
	if c.Out != "" {
		text, err := os.ReadFile(certFile)
		if err != nil {
			return err
		}
		if err := os.WriteFile(c.Out, text, 0o644); err != nil {
			return err
		}
	}
	w, file := out.Stdout, cmp.Or(c.Out, certFile)
	verb := "is"
	if made {
		verb = "has been made"
	}
	fmt.Fprintf(w, "The local certificate authority %s in %s, until %s.\n", verb, certFile, a.cert.NotAfter.Format(time.DateOnly))
	fmt.Fprintf(w, "It vouches for %s.\n", strings.Join(cert.Leaf.DNSNames, ", "))
	fmt.Fprintf(w, "\n1. kaden with TLS:\n\n  kaden serve --https 0.0.0.0:443 --tls-local\n  (a port below 1024 needs the right: setcap cap_net_bind_service=+ep kaden)\n")
	fmt.Fprintf(w, "\n2. /etc/hosts of each machine with such programs; take the line out again to talk to Twilio:\n\n  %s api.twilio.com verify.twilio.com\n", c.Address)
	fmt.Fprintf(w, "\n3. Who is to trust it:\n\n")
	for _, l := range [][2]string{
		{"Node", "NODE_EXTRA_CA_CERTS=" + file},
		{"Python", "REQUESTS_CA_BUNDLE=" + file},
		{"", "cat " + file + " >> $(python3 -m certifi)   (versions of twilio that do not look at it, 7 among them)"},
		{"Go, Ruby", "SSL_CERT_FILE=" + file},
		{"PHP", "curl.cainfo=" + file + " and openssl.cafile=" + file + " (php.ini)"},
		{"Java", "keytool -importcert -cacerts -noprompt -alias kaden -file " + file},
		{"curl", "curl --cacert " + file + " https://api.twilio.com/"},
		{"Debian", "cp " + file + " /usr/local/share/ca-certificates/kaden.crt && update-ca-certificates (curl, .NET, PHP, Go, Ruby)"},
		{"Windows", "certutil -addstore Root " + file},
	} {
		fmt.Fprintf(w, "  %-9s%s\n", l[0], l[1])
	}
	fmt.Fprintf(w, "\nREQUESTS_CA_BUNDLE and SSL_CERT_FILE replace the program's other authorities: where it talks to others, too, append\nthe file to the system's bundle and name that. %s.key must not leave this machine.\n", strings.TrimSuffix(certFile, ".pem"))
	return nil
}
