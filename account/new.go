package account

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"time"

	"github.com/kaden-project/kaden/sid"
)

// ErrNotFound is answered for an account, or something of an account, that is not there.
var ErrNotFound = errors.New("there is no such thing")

// ErrDescribed is answered by who is to delete what a document describes.
var ErrDescribed = errors.New("a document describes it: change or remove that one")

// New makes an account with an identifier and a token of its own.
func New(name string, now time.Time) Account {
	now = now.UTC().Truncate(time.Millisecond)
	return Account{SID: sid.New[sid.Account](), Name: name, AuthToken: NewToken(), Created: now, Updated: now}
}

// NewToken makes an auth token: 32 lower-case hexadecimal digits. Twilio's Go library refuses a token
// with anything but letters and digits (21224) before it sends a request.
func NewToken() string {
	var b [16]byte
	rand.Read(b[:]) // never fails (crypto/rand, Go 1.24)
	return hex.EncodeToString(b[:])
}

// NewSecret makes a secret of 32 letters and digits, 190 random bits: for API keys, and for the keys in
// the URLs of sources.
func NewSecret() string {
	const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
	secret := make([]byte, 0, 32)
	for len(secret) < cap(secret) {
		var b [48]byte
		rand.Read(b[:])
		for _, c := range b {
			// 62 does not divide 256: what lies above 4 × 62 would make some letters likelier.
			if c < 248 && len(secret) < cap(secret) {
				secret = append(secret, alphabet[c%62])
			}
		}
	}
	return string(secret)
}

// NumberSID is the identifier of a number: always the same for the same number, so that applying a
// document again does not make another of it.
func NumberSID(number string) sid.Number {
	sum := sha256.Sum256([]byte("kaden number " + number))
	return sid.Number("PN" + hex.EncodeToString(sum[:16]))
}
