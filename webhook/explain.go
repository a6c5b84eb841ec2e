package webhook

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/url"
	"strings"
	"time"

	"github.com/kaden-project/kaden/call"
)

// Twilio's codes for a server that could not be asked.
const (
	badURL           = 11100
	retrieval        = 11200
	connecting       = 11205
	protocol         = 11206
	unknownHost      = 11210
	tooManyRedirects = 11215
	handshake        = 11220
	wrongName        = 11235
	expired          = 11236
	unknownAuthority = 11237
)

// late is a time limit that passed.
type late struct {
	host  string
	what  string // what did not happen: "answer"
	after time.Duration
}

func (l late) Error() string { return fmt.Sprintf("%s did not %s within %s", l.host, l.what, l.after) }

// Is makes a passed limit a deadline to those who ask.
func (l late) Is(target error) bool { return target == context.DeadlineExceeded }

// dropped is a question that whoever asked it did not wait for: the call is over.
func dropped(ctx context.Context, host string) *call.Problem {
	err := ctx.Err()
	if cause := context.Cause(ctx); cause != err {
		err = fmt.Errorf("%w: %w", err, cause)
	}
	return &call.Problem{Code: retrieval, Text: fmt.Sprintf("the question to %s was dropped: %v", host, err), Err: err}
}

// explain puts an error in Twilio's code and in words for whoever owns the server. URLs stay out of the
// text, because secrets stand in them.
func explain(host string, err error) *call.Problem {
	if p, ok := errors.AsType[*call.Problem](err); ok {
		return p
	}
	if u, ok := errors.AsType[*url.Error](err); ok {
		err = u.Err
	}
	p := func(code int, format string, args ...any) *call.Problem {
		return &call.Problem{Code: code, Text: fmt.Sprintf(format, args...), Err: err}
	}
	if l, ok := errors.AsType[late](err); ok {
		if l.what == "answer" {
			return p(retrieval, "%v", l)
		}
		return p(connecting, "%v", l)
	}
	if f, ok := errors.AsType[*forbidden](err); ok {
		return p(retrieval, "%s is at %s, %s", host, f.addr, f.hint())
	}
	if dns, ok := errors.AsType[*net.DNSError](err); ok {
		if dns.IsNotFound {
			return p(unknownHost, "the host name %s is not known", dns.Name)
		}
		return p(unknownHost, "the host name %s could not be looked up: %s", dns.Name, dns.Err)
	}
	if c := certificate(err); c != 0 {
		return p(c, "the certificate of %s is not accepted: %v (a private authority can be trusted with SSL_CERT_FILE)", host, err)
	}
	if op, ok := errors.AsType[*net.OpError](err); ok && op.Op == "dial" {
		return p(connecting, "no connection to %s: %v", host, op.Err)
	}
	// net/http and crypto/tls keep these to themselves.
	switch text := err.Error(); {
	case strings.Contains(text, "failed to parse Location header"):
		return p(badURL, "%s redirected to something that is not a URL", host)
	case strings.Contains(text, "malformed HTTP"), strings.Contains(text, "malformed MIME header"):
		return p(protocol, "%s does not speak HTTP: %v", host, err)
	case strings.Contains(text, "tls: "), strings.Contains(text, "TLS handshake"):
		return p(handshake, "no TLS with %s: %v", host, err)
	case strings.Contains(text, "server gave HTTP response to HTTPS client"):
		return p(handshake, "%s speaks http, not https, at that port", host)
	}
	return p(retrieval, "%s broke off before its answer was complete: %v", host, err)
}

// certificate is the code for a certificate that was refused, or 0.
func certificate(err error) int {
	if _, ok := errors.AsType[x509.HostnameError](err); ok {
		return wrongName
	}
	if inv, ok := errors.AsType[x509.CertificateInvalidError](err); ok && inv.Reason == x509.Expired {
		return expired
	}
	if _, ok := errors.AsType[x509.UnknownAuthorityError](err); ok {
		return unknownAuthority
	}
	if _, ok := errors.AsType[*tls.CertificateVerificationError](err); ok {
		return handshake
	}
	return 0
}
