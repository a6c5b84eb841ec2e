package account

import (
	"context"
	"errors"
	"time"

	"github.com/kaden-project/kaden/number"
	"github.com/kaden-project/kaden/sid"
)

// VerifyService says how an app verifies the telephones of its users (Twilio: Verify, Service).
type VerifyService struct {
	SID     sid.Service
	Account sid.Account
	Name    string // heard by whoever is told a code
	VerifySettings
	Created time.Time
	Updated time.Time
}

// VerifySettings are what can be said about a service beside its name.
type VerifySettings struct {
	CodeLength    int    `json:"codeLength"`              // 4 to 10
	KeyFirst      bool   `json:"keyFirst,omitempty"`      // a key has to be pressed before a code is told: no voicemail does that
	OwnCodes      bool   `json:"ownCodes,omitempty"`      // the app may bring its own codes
	Warning       bool   `json:"warning,omitempty"`       // a short message says that the code is nobody else's business
	SkipLandlines bool   `json:"skipLandlines,omitempty"` // kept alone: fixed lines get no short messages in any case
	Lookup        bool   `json:"lookup,omitempty"`        // kept alone
	TTSName       string `json:"ttsName,omitempty"`       // kept alone
}

// Code is a code that is told to somebody on the telephone, who gives it back to the app (Twilio: Verify, Verification).
type Code struct {
	SID      sid.Verification
	Service  sid.Service
	Account  sid.Account
	To       number.Number
	Code     string // what is told; sealed at rest
	Status   CodeStatus
	Checks   int // how often it was compared with what somebody gave back
	Tellings []Telling
	Version  int // counts the changes; see [Verify.PutCode]
	Created  time.Time
	Updated  time.Time
}

// CodeStatus is Twilio's word for how a verification stands.
type CodeStatus string

// The states. A code that is in one of the first two is open: there is one of a service and number at most.
const (
	CodePending  CodeStatus = "pending"
	CodeUsedUp   CodeStatus = "max_attempts_reached" // nobody may try it any more
	CodeApproved CodeStatus = "approved"
	CodeCanceled CodeStatus = "canceled"
	CodeExpired  CodeStatus = "expired"
)

// Open tells whether no other code may be made for the same service and number.
func (c Code) Open() bool { return c.Status == CodePending || c.Status == CodeUsedUp }

// Telling is one time that a code was told.
type Telling struct {
	SID     sid.Attempt `json:"sid"`
	Channel string      `json:"channel"` // call or sms
	At      time.Time   `json:"at"`
	Call    sid.Call    `json:"call,omitempty"` // by which; "" for a short message
}

// ErrChanged is answered when somebody else has changed the same thing meanwhile: it is read again, and decided anew.
var ErrChanged = errors.New("it was changed meanwhile")

// Verify keeps services and codes. What it does not have is [ErrNotFound].
type Verify interface {
	VerifyService(ctx context.Context, account sid.Account, id sid.Service) (VerifyService, error)
	VerifyServices(ctx context.Context, account sid.Account, p Page) (list []VerifyService, next int64, err error)
	PutVerifyService(ctx context.Context, s VerifyService) error
	// DeleteVerifyService forgets a service. What its codes say of the numbers that were told stays until ForgetCodes: whoever
	// deletes a service has not called fewer people.
	DeleteVerifyService(ctx context.Context, account sid.Account, id sid.Service) error

	Code(ctx context.Context, service sid.Service, id sid.Verification) (Code, error)
	// OpenCode is the one of a service and number that is open, expired or not.
	OpenCode(ctx context.Context, service sid.Service, to number.Number) (Code, error)
	// CodesTo lists the codes of an account for a number that were changed since, newest first.
	CodesTo(ctx context.Context, account sid.Account, to number.Number, since time.Time) ([]Code, error)
	// PutCode inserts a code of version 0, or replaces the version that c has; the kept one's is one more. ErrChanged
	// says that another change, or another open code of the same service and number, came first.
	PutCode(ctx context.Context, c Code) error
	// ForgetCodes deletes at most so many that were last changed before, and says how many those were.
	ForgetCodes(ctx context.Context, before time.Time, most int) (n int, err error)
}
