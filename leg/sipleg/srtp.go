package sipleg

import (
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/pion/rtp"
	"github.com/pion/srtp/v3"
)

// Encrypted sound with its key in the SDP (RFC 4568, SDES): as safe as the signalling that carries the key, which is
// why carriers ask for TLS with it. The suites are those that every far end has.
var suites = map[string]srtp.ProtectionProfile{
	"AES_CM_128_HMAC_SHA1_80": srtp.ProtectionProfileAes128CmHmacSha1_80,
	"AES_CM_128_HMAC_SHA1_32": srtp.ProtectionProfileAes128CmHmacSha1_32,
}

const (
	offeredSuite = "AES_CM_128_HMAC_SHA1_80"
	keyBytes     = 16
	saltBytes    = 14
)

// lock is one side's key for its sound, as a=crypto writes it. The zero lock is none.
type lock struct {
	tag   int
	suite string
	key   [keyBytes + saltBytes]byte
}

var errNoKey = errors.New("encrypted sound without a key that is known here (AES_CM_128_HMAC_SHA1_80 or _32)")

// newLock makes up a key.
func newLock(tag int, suite string) lock {
	l := lock{tag: tag, suite: suite}
	rand.Read(l.key[:])
	return l
}

// readLock reads the value of a=crypto: tag suite inline:key|lifetime. A master key identifier and session parameters are
// not taken: whoever sends them offers the same without, in another line.
func readLock(value string) (l lock, ok bool) {
	words := strings.Fields(value)
	if len(words) != 3 {
		return lock{}, false
	}
	tag, err := strconv.ParseUint(words[0], 10, 31)
	encoded, inline := strings.CutPrefix(words[2], "inline:")
	if _, known := suites[words[1]]; err != nil || !inline || !known {
		return lock{}, false
	}
	encoded, rest, more := strings.Cut(encoded, "|")
	if more && strings.Contains(rest, ":") {
		return lock{}, false
	}
	key, err := base64.StdEncoding.DecodeString(encoded)
	if err != nil || len(key) != len(l.key) {
		return lock{}, false
	}
	l.tag, l.suite = int(tag), words[1]
	copy(l.key[:], key)
	return l, true
}

func (l lock) String() string {
	return fmt.Sprintf("%d %s inline:%s", l.tag, l.suite, base64.StdEncoding.EncodeToString(l.key[:]))
}

func (l lock) context(options ...srtp.ContextOption) *srtp.Context {
	c, err := srtp.CreateContext(l.key[:keyBytes], l.key[keyBytes:], suites[l.suite], options...)
	if err != nil {
		panic("sipleg: " + err.Error()) // the lengths are right
	}
	return c
}

// locks are the keys that a call has agreed on: ours for what we send, theirs for what we hear.
type locks struct{ ours, theirs lock }

// guard encrypts and decrypts the sound of one leg, on the clock's shard. A new key of one side does not touch the other.
type guard struct {
	locks    locks
	out, in  *srtp.Context
	head     rtp.Header // read anew for each packet; kept so that none is made
	sealed   []byte
	unsealed []byte
}

// use takes new keys; nil is sound in the clear, and so is a nil guard.
func (g *guard) use(l *locks) *guard {
	switch {
	case l == nil:
		return nil
	case g == nil:
		g = new(guard)
	}
	if g.out == nil || l.ours != g.locks.ours {
		g.out = l.ours.context()
	}
	if g.in == nil || l.theirs != g.locks.theirs {
		g.in = l.theirs.context(srtp.SRTPReplayProtection(64))
	}
	g.locks = *l
	return g
}

// seal encrypts a packet, which is valid until the next one. nil is a packet that cannot be sent.
func (g *guard) seal(packet []byte) []byte {
	if g == nil {
		return packet
	}
	b, err := g.out.EncryptRTP(g.sealed[:0], packet, &g.head)
	if err != nil {
		return nil
	}
	g.sealed = b
	return b
}

// open decrypts a packet; nil is one of a stranger, or one that was heard before.
func (g *guard) open(packet []byte) []byte {
	if g == nil {
		return packet
	}
	b, err := g.in.DecryptRTP(g.unsealed[:0], packet, &g.head)
	if err != nil {
		return nil
	}
	g.unsealed = b
	return b
}
