// Package sid makes and checks identifiers in Twilio's shape: two letters and 32 hexadecimal digits.
//
// Each kind is a Go type of its own, so that a call cannot be handed over where an account is meant.
// Twilio's own programs check for lower case (^(CA|SM)[0-9a-f]{32}$), so lower case is what New gives;
// Parse takes either case and answers in lower case digits.
package sid

import (
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"strings"
)

type (
	// Account is AC…, the owner of everything else.
	Account string
	// Call is CA…, one leg as Twilio counts it.
	Call string
	// Key is SK…, an API key.
	Key string
	// Bin is EH…, a piece of static TwiML with a URL.
	Bin string
	// Number is PN…, a telephone number the account owns.
	Number string
	// Application is AP…, a TwiML app.
	Application string
	// Notification is NO…, an entry of the debug log.
	Notification string
	// Conference is CF…, calls that meet, from the first who enters to the last who leaves.
	Conference string
	// Recording is RE…, what somebody said.
	Recording string
	// Message is SM…, a short message.
	Message string
	// Queue is QU…, calls that wait for somebody.
	Queue string
	// Stream is MZ…, the sound of a call on its way over a WebSocket.
	Stream string
	// Domain is SD…, a SIP domain that phones register with.
	Domain string
	// CredentialList is CL…, users with passwords.
	CredentialList string
	// Credential is CR…, one user with a password.
	Credential string
	// AccessList is AL…, networks that need no password.
	AccessList string
	// AccessAddress is IP…, one network of such a list.
	AccessAddress string
	// UserMessage is KX…, what a page and its app's server say to one another on a call.
	UserMessage string
	// Subscription is ZY…, who is told what a page says.
	Subscription string
	// Trigger is UT…, who is told when so much was used.
	Trigger string
	// Service is VA…, how an app verifies its users' telephones.
	Service string
	// Verification is VE…, a code on its way to somebody.
	Verification string
	// Attempt is VL…, one time that such a code was told.
	Attempt string
)

// Prefixes of the kinds that exist here.
const (
	accountPrefix      = "AC"
	callPrefix         = "CA"
	keyPrefix          = "SK"
	binPrefix          = "EH"
	numberPrefix       = "PN"
	applicationPrefix  = "AP"
	notificationPrefix = "NO"
	conferencePrefix   = "CF"
	recordingPrefix    = "RE"
	messagePrefix      = "SM"
	queuePrefix        = "QU"
	streamPrefix       = "MZ"
	domainPrefix       = "SD"
	credListPrefix     = "CL"
	credentialPrefix   = "CR"
	accessListPrefix   = "AL"
	accessPrefix       = "IP"
	userMessagePrefix  = "KX"
	subscriptionPrefix = "ZY"
	triggerPrefix      = "UT"
	servicePrefix      = "VA"
	verificationPrefix = "VE"
	attemptPrefix      = "VL"
)

// Kind is any identifier type of this package.
type Kind interface {
	Account | Call | Key | Bin | Number | Application | Notification | Conference | Recording | Message | Queue | Stream |
		Domain | CredentialList | Credential | AccessList | AccessAddress | UserMessage | Subscription |
		Trigger | Service | Verification | Attempt
}

func prefix[K Kind]() string {
	var k K
	switch any(k).(type) {
	case Account:
		return accountPrefix
	case Call:
		return callPrefix
	case Key:
		return keyPrefix
	case Bin:
		return binPrefix
	case Number:
		return numberPrefix
	case Application:
		return applicationPrefix
	case Conference:
		return conferencePrefix
	case Recording:
		return recordingPrefix
	case Message:
		return messagePrefix
	case Queue:
		return queuePrefix
	case Stream:
		return streamPrefix
	case Domain:
		return domainPrefix
	case CredentialList:
		return credListPrefix
	case Credential:
		return credentialPrefix
	case UserMessage:
		return userMessagePrefix
	case Subscription:
		return subscriptionPrefix
	case Trigger:
		return triggerPrefix
	case Service:
		return servicePrefix
	case Verification:
		return verificationPrefix
	case Attempt:
		return attemptPrefix
	case AccessList:
		return accessListPrefix
	case AccessAddress:
		return accessPrefix
	}
	return notificationPrefix
}

// New makes an identifier that no other has: New[sid.Call]().
func New[K Kind]() K {
	var b [16]byte
	rand.Read(b[:]) // never fails (crypto/rand, Go 1.24)
	return K(prefix[K]() + hex.EncodeToString(b[:]))
}

// Parse checks that s is an identifier of kind K.
func Parse[K Kind](s string) (K, error) {
	p := prefix[K]()
	digits, ok := strings.CutPrefix(s, p)
	if _, err := hex.DecodeString(digits); !ok || len(digits) != 32 || err != nil {
		return "", fmt.Errorf("%q is not an identifier of the form %s and 32 hexadecimal digits", s, p)
	}
	return K(p + strings.ToLower(digits)), nil
}
