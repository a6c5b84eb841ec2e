package account

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"net/netip"
	"slices"
	"time"

	"github.com/kaden-project/kaden/number"
	"github.com/kaden-project/kaden/sid"
)

// Domain is a SIP domain of ours: phones register with it and call out of it, and sip:sato@NAME rings them.
type Domain struct {
	SID     sid.Domain
	Account sid.Account
	Name    string   // the host of its addresses, in lower case: office.example.jp
	Title   string   // for people; may be ""
	Also    []string // other hosts that mean the same: an address of this machine

	// What runs when one of its phones calls, as for a number. Nothing of it: phones call one another, and outside
	// only the classes in Outside.
	URL            string
	Method         string
	FallbackURL    string
	FallbackMethod string
	TwiML          string
	Bin            string
	StatusCallback string
	StatusMethod   string

	Outside  []number.Class // telephone numbers that its phones may call over trunks; none unless listed
	From     string         // the number that is shown then; "" is the trunk's own
	Digest   Digest         // which passwords its phones can prove; "" is MD5
	SRTP     SRTP           // of its phones; "" leaves it to them
	Phones   []Phone        // who may use it
	Allow    []netip.Prefix // whoever calls from there needs no password
	Register bool           // phones may register

	Created, Updated time.Time // of one that was made over the API
}

// Phone is a user of a domain: one telephone, or all that one person has.
type Phone struct {
	User     string
	Password string
	Title    string // for people; may be ""
	SRTP     SRTP   // "" is as the domain says
	Calls    bool   // may call
	Register bool   // may register
}

// Digest says which hash a phone is asked for (RFC 7616, RFC 8760).
type Digest string

// Both asks for SHA-256 first and MD5 after it. Many phones give up at the first word they do not know, so it is not
// the default.
const (
	MD5    Digest = "md5"
	SHA256 Digest = "sha-256"
	Both   Digest = "both"
)

// SRTP says whether the sound of phones is encrypted. The key is in the signalling (SDES), so it is as safe as that: TLS.
// The zero value: a phone may encrypt the calls that it makes, and is called in the clear.
type SRTP string

// What a document may say. Offered: a phone that has registered over TLS is called with encrypted sound, and in the clear
// if it refuses that. Required: there is no call in the clear, from it or to it. Off: there is none that is encrypted.
const (
	SRTPOff      SRTP = "off"
	SRTPOffered  SRTP = "offered"
	SRTPRequired SRTP = "required"
)

// Sound is what holds for a phone of the domain.
func (d Domain) Sound(p Phone) SRTP { return cmp.Or(p.SRTP, d.SRTP) }

// Phone finds a user of the domain.
func (d Domain) Phone(user string) (Phone, bool) {
	i := slices.IndexFunc(d.Phones, func(p Phone) bool { return p.User == user })
	if i < 0 {
		return Phone{}, false
	}
	return d.Phones[i], true
}

// Programmed tells whether a program decides what becomes of calls of its phones.
func (d Domain) Programmed() bool { return d.URL != "" || d.TwiML != "" || d.Bin != "" }

// DomainSID is the identifier of a domain that a document describes: always the same for the same name.
func DomainSID(name string) sid.Domain {
	sum := sha256.Sum256([]byte("kaden domain " + name))
	return sid.Domain("SD" + hex.EncodeToString(sum[:16]))
}
