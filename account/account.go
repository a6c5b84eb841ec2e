// Package account holds who owns what: accounts, their keys and secrets, and what answers when one of their numbers is called.
package account

import (
	"context"
	"time"

	"github.com/kaden-project/kaden/sid"
)

// Account is one owner. One installation has one main account; sub-accounts come later.
type Account struct {
	SID       sid.Account
	Name      string
	AuthToken string // 32 lower-case hexadecimal digits; twilio-go takes nothing but letters and digits
	Created   time.Time
	Updated   time.Time
}

// Store keeps accounts. It seals secrets before they reach the disk.
type Store interface {
	Account(ctx context.Context, id sid.Account) (Account, error) // ErrNotFound
	PutAccount(ctx context.Context, a Account) error
}

// Number is a telephone number or SIP user of our own, and the program that runs when it is called.
type Number struct {
	SID            sid.Number
	Number         string // +8150… or a SIP user name
	Account        sid.Account
	URL            string // TwiML is asked for here …
	Method         string
	FallbackURL    string
	FallbackMethod string
	TwiML          string // … or is this
	Bin            string // … or stands in the bin of this name
	StatusCallback string
	CallBack       bool // people call here about alerts: kaden's own script answers
}
