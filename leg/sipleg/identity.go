package sipleg

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"net/netip"

	"github.com/emiago/sipgo/sip"
)

// identity makes the identifiers of a dialog from a secret and the name of the attempt, so that a later
// life of the process can name an INVITE of which it has stored nothing else (callout-rules.md 28).
type identity struct{ secret []byte }

func (i identity) mac(n int, words ...string) string {
	m := hmac.New(sha256.New, i.secret)
	for _, w := range words {
		m.Write([]byte{byte(len(w) >> 8), byte(len(w))})
		m.Write([]byte(w))
	}
	return hex.EncodeToString(m.Sum(nil)[:n])
}

// callID names the dialog of the attempt.
func (i identity) callID(attempt string) string { return i.mac(16, "call", attempt) }

// tag is our From tag. It is made from the Call-ID alone: a message with both shows that the call is ours,
// even if nobody here remembers it.
func (i identity) tag(callID string) string { return i.mac(8, "tag", callID) }

// ours tells whether a call was begun by this secret.
func (i identity) ours(callID, fromTag string) bool {
	return hmac.Equal([]byte(i.tag(callID)), []byte(fromTag))
}

// branch is that of the attempt's INVITE with CSeq n to a server, and of its CANCEL.
func (i identity) branch(attempt string, n uint32, server netip.AddrPort) string {
	return sip.RFC3261BranchMagicCookie + i.mac(12, "branch", attempt, itoa(int(n)), server.String())
}

// fresh makes up a word of n bytes in hexadecimal.
func fresh(n int) string {
	b := make([]byte, n)
	rand.Read(b)
	return hex.EncodeToString(b)
}

func freshBranch() string { return sip.RFC3261BranchMagicCookie + fresh(12) }
