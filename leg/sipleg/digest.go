package sipleg

import (
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/emiago/sipgo/sip"
	"github.com/icholy/digest"
)

// maxChallenges bounds what a far end may ask: a proxy and a server, each with one stale nonce.
const maxChallenges = 4

var (
	errPassword   = errors.New("wrong user or password")
	errNoPassword = errors.New("the far end asks for a user and password, and none is set")
)

// keyring answers the challenges of one leg (RFC 3261 section 22).
type keyring struct {
	user, password string
	asked          int
	realms         map[string]bool // kind and realm of those that were answered
}

// answer makes the header for a 401 or 407. It says in words when that would be no use.
func (k *keyring) answer(r *response, method sip.RequestMethod, uri, body string) (header, error) {
	ask, name := "WWW-Authenticate", "Authorization"
	if r.StatusCode == 407 {
		ask, name = "Proxy-Authenticate", "Proxy-Authorization"
	}
	chal, err := challenge(values(r, ask))
	if err != nil {
		return header{}, err
	}
	if k.user == "" {
		return header{}, fmt.Errorf("%w (realm %q)", errNoPassword, chal.Realm)
	}
	key := name + " " + chal.Realm
	if k.asked++; k.realms[key] && !chal.Stale || k.asked > maxChallenges {
		return header{}, fmt.Errorf("%w: %q was refused by realm %q", errPassword, k.user, chal.Realm)
	}
	cred, err := digest.Digest(chal, digest.Options{
		Method: string(method), URI: uri, Username: k.user, Password: k.password,
		GetBody: func() (io.ReadCloser, error) { return io.NopCloser(strings.NewReader(body)), nil },
	})
	if err != nil {
		return header{}, err
	}
	if k.realms == nil {
		k.realms = map[string]bool{}
	}
	k.realms[key] = true
	return header{name, cred.String()}, nil
}

// challenge takes the first that we can answer.
func challenge(lines []string) (*digest.Challenge, error) {
	for _, line := range lines {
		c, err := digest.ParseChallenge(line)
		if err != nil {
			continue
		}
		for i := range c.QOP {
			c.QOP[i] = strings.TrimSpace(c.QOP[i])
		}
		if digest.CanDigest(c) {
			return c, nil
		}
	}
	return nil, errors.New("the far end asks for a kind of password that is not known here (MD5, SHA-256 and SHA-512-256 digest are)")
}
