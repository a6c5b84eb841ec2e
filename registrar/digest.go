package registrar

import (
	"crypto/hmac"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"io"
	"strings"
	"time"

	"github.com/icholy/digest"

	"github.com/kaden-project/kaden/account"
)

// nonces are numbers to be used once that nobody has to remember: the time, and a proof that we gave it.
type nonces struct{ secret []byte }

// fresh is how long a nonce is good. After that the phone is given another and does not ask its owner (stale).
const fresh = 5 * time.Minute

func (n nonces) make(realm string, now time.Time) string {
	var b [8 + 16]byte
	binary.BigEndian.PutUint64(b[:8], uint64(now.UnixNano()))
	copy(b[8:], n.proof(realm, b[:8]))
	return base64.RawURLEncoding.EncodeToString(b[:])
}

func (n nonces) proof(realm string, at []byte) []byte {
	m := hmac.New(sha256.New, n.secret)
	m.Write(at)
	m.Write([]byte(realm))
	return m.Sum(nil)[:16]
}

// given is when we gave a nonce; false: never.
func (n nonces) given(nonce, realm string) (time.Time, bool) {
	b, err := base64.RawURLEncoding.DecodeString(nonce)
	if err != nil || len(b) != 8+16 || subtle.ConstantTimeCompare(b[8:], n.proof(realm, b[:8])) == 0 {
		return time.Time{}, false
	}
	return time.Unix(0, int64(binary.BigEndian.Uint64(b))), true
}

// proof is the last answer to a nonce of ours that was taken. The same one is not taken again: whoever has overheard
// it would else register in the phone's place.
type proof struct {
	given int64 // the nonce, by its time
	count int
}

// after tells whether p may come after last.
func (p proof) after(last proof) bool {
	return p.given > last.given || p.given == last.given && p.count > last.count
}

// Challenges are the WWW-Authenticate lines that ask for a password. stale: the last one was right, and only its
// nonce was too old.
func (n nonces) challenges(realm string, kind account.Digest, stale bool, now time.Time) (lines []string) {
	rest := `Digest realm="` + realm + `", nonce="` + n.make(realm, now) + `", qop="auth", algorithm=`
	end := ""
	if stale {
		end = ", stale=true"
	}
	if kind == account.SHA256 || kind == account.Both {
		lines = append(lines, rest+"SHA-256"+end)
	}
	if kind != account.SHA256 {
		lines = append(lines, rest+"MD5"+end)
	}
	return lines
}

// What a check of credentials comes to.
var (
	errNone  = errors.New("a password is asked for")
	errWrong = errors.New("wrong user or password")
	errStale = errors.New("the nonce is old")
)

// credentials finds those for a realm among Authorization lines.
func credentials(lines []string, realm string) *digest.Credentials {
	for _, l := range lines {
		if len(l) > longestHeader {
			continue
		}
		c, err := digest.ParseCredentials(l)
		if err == nil && c.Realm == realm {
			return c
		}
	}
	return nil
}

// check judges credentials; p is what they prove. A password is checked before the age of its nonce: a phone whose
// nonce is too old is told so only if it is one of ours.
func (n nonces) check(c *digest.Credentials, kind account.Digest, password, method, uri string, now time.Time) (p proof, err error) {
	given, ours := n.given(c.Nonce, c.Realm) // one that is not ours may be of an earlier life with another key
	algorithm := strings.ToUpper(c.Algorithm)
	if algorithm == "" {
		algorithm = "MD5"
	}
	asked := algorithm == "MD5" && kind != account.SHA256 || algorithm == "SHA-256" && (kind == account.SHA256 || kind == account.Both)
	if !asked || password == "" || c.QOP != "" && c.QOP != "auth" || c.Userhash || !aims(c.URI, uri) {
		return p, errWrong
	}
	chal := &digest.Challenge{Realm: c.Realm, Nonce: c.Nonce, Algorithm: algorithm}
	if c.QOP != "" {
		chal.QOP = []string{c.QOP}
	}
	want, err := digest.Digest(chal, digest.Options{
		Method: method, URI: c.URI, Username: c.Username, Password: password, Cnonce: c.Cnonce, Count: c.Nc,
		GetBody: func() (io.ReadCloser, error) { return io.NopCloser(strings.NewReader("")), nil },
	})
	if err != nil || subtle.ConstantTimeCompare([]byte(strings.ToLower(want.Response)), []byte(strings.ToLower(c.Response))) == 0 {
		return p, errWrong
	}
	if age := now.Sub(given); !ours || age > fresh || age < -time.Minute {
		return p, errStale
	}
	return proof{given: given.UnixNano(), count: c.Nc}, nil
}

// aims tells whether an answer was made for the address that is asked. Some phones leave parameters out.
func aims(answered, asked string) bool {
	return answered == asked || hostOf(answered) == hostOf(asked) && userOf(answered) == userOf(asked)
}
