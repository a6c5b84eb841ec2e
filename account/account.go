// Package account holds who owns what: accounts, their keys and secrets, and what answers when one of their numbers is called.
package account

import (
	"context"
	"fmt"
	"time"

	"github.com/kaden-project/kaden/number"
	"github.com/kaden-project/kaden/sid"
)

// Account is one owner. One installation has one main account, which may have sub-accounts beside it; what is below
// one of them no other sees.
type Account struct {
	SID       sid.Account
	Owner     sid.Account // the main account of a sub-account; "" for the main one
	Name      string
	Status    Status
	AuthToken string // 32 lower-case hexadecimal digits; twilio-go takes nothing but letters and digits
	Created   time.Time
	Updated   time.Time
}

// Status tells what an account may do.
type Status string

// The states; "" is Active. A suspended account may do nothing until it is active again, a closed one never more.
const (
	Active    Status = "active"
	Suspended Status = "suspended"
	Closed    Status = "closed"
)

// Active tells whether the account may do anything.
func (a Account) Active() bool { return a.Status == "" || a.Status == Active }

// Filter selects accounts; zero fields do not filter.
type Filter struct {
	Of     sid.Account // this one and its sub-accounts
	Name   string
	Status Status
	Page
}

// Store keeps accounts. It seals secrets before they reach the disk.
type Store interface {
	Account(ctx context.Context, id sid.Account) (Account, error) // ErrNotFound
	PutAccount(ctx context.Context, a Account) error
	// ListAccounts lists newest first; next is the place to go on after, 0 at the end.
	ListAccounts(ctx context.Context, f Filter) (list []Account, next int64, err error)
}

// Books is all that is kept for accounts.
type Books interface {
	Store
	Keys
	Applications
	Recordings
	CallerIDs
	Claims
	Debug
	Verify
	Triggers
}

// Number is a telephone number or SIP user of our own, and the program that runs when it is called.
type Number struct {
	SID                  sid.Number
	Number               string // +8150… or a SIP user name
	Account              sid.Account
	Name                 string // FriendlyName; "" is the number itself
	URL                  string // TwiML is asked for here …
	Method               string
	FallbackURL          string
	FallbackMethod       string
	TwiML                string // … or is this
	Bin                  string // … or stands in the bin of this name
	Application          string // … or the application of this name, or SID, knows it
	StatusCallback       string
	StatusCallbackMethod string
	Texts                Texts    // who is asked about short messages to it
	Trunk                string   // calls to it come in over this trunk, whose inbound prices they cost; "" is not said
	CallBack             bool     // people call here about alerts: kaden's own script answers
	Hotline              *Hotline // people call here to have somebody called, likewise; nil: they do not
	Unknown              Door     // for callers who hide their number
	Foreign              Door     // for callers whose number is abroad
	Document             string   // [Hash] of the document that describes it
	Said                 int      // version of what was said about it over the API ([Claim]); 0 is nothing
	Created              time.Time
	Updated              time.Time
	Domain               sid.Domain // whose phone calls, where it is a phone's call
}

// Door is what becomes of a caller before anything else happens.
type Door string

// The doors. "" is Accept.
const (
	Accept Door = "accept"
	Screen Door = "screen" // the caller has to press a key first
	Named  Door = "name"   // … and to say a name, which whoever is called by a <Dial> hears first
	Reject Door = "reject" // refused without an answer, as by a person: 603
	Busy   Door = "busy"   // refused without an answer, as a line that is in use: 486
)

// asks tells whether the caller has to press a key.
func (d Door) asks() bool { return d == Screen || d == Named }

// DoorFor is the door for a caller, as [number.Withheld] and the classes of numbers tell them apart. Names of SIP
// users are neither hidden nor abroad. A hotline asks each of its callers for a key: nobody is asked for one before that.
func (n Number) DoorFor(from string) (d Door, why string) {
	switch {
	case number.Withheld(from):
		d, why = n.Unknown, "callers who hide their number are not answered here (unknown: %s)"
	case number.Number(from).Class() == number.Abroad:
		d, why = n.Foreign, "callers from abroad are not answered here (foreign: %s)"
	}
	if d == "" || d == Accept || n.Hotline != nil && d.asks() {
		return Accept, ""
	}
	return d, fmt.Sprintf(why, d)
}
