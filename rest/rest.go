// Package rest is the part of kaden that speaks Twilio's API, version 2010-04-01, and of the Verify API, version 2, what a
// telephone call can do.
//
// [New] is an http.Handler for everything under /2010-04-01/ and /v2/: it knows who asks, reads the form, lets the
// desk place, redirect and end calls, and answers in Twilio's JSON with Twilio's error codes, which are
// made here and nowhere else. One file per resource. It never redirects, and an error it does not know
// becomes code 20500 with a request id; the details stay in the log.
package rest

import (
	"cmp"
	"context"
	"errors"
	"log/slog"
	"net/http"
	"sync"
	"time"

	"github.com/kaden-project/kaden/account"
	"github.com/kaden-project/kaden/call"
	"github.com/kaden-project/kaden/number"
	"github.com/kaden-project/kaden/sid"
	"github.com/kaden-project/kaden/tariff"
)

// Accounts finds who asks, and keeps sub-accounts.
type Accounts = account.Store

// Calls is the memory of calls; a call.Store is one.
type Calls interface {
	Call(ctx context.Context, account sid.Account, id sid.Call) (call.Record, error)
	Calls(ctx context.Context, f call.Filter) (list []call.Record, more bool, err error)
	DeleteCall(ctx context.Context, account sid.Account, id sid.Call) error
}

// Desk places calls and changes those that are live. It answers with the call as it is from then on; what
// it was told to do may take effect a moment later. A call it does not have live is [ErrNotLive].
type Desk interface {
	// Place returns when the call is durable and under way. An address that no line leads to is [ErrNoWay].
	Place(ctx context.Context, o call.Order) (call.Record, error)
	// Redirect lets an answered call go on with another program.
	Redirect(ctx context.Context, id sid.Call, p call.Program) (call.Record, error)
	// Cancel ends a call that is not answered yet, and leaves an answered one alone.
	Cancel(ctx context.Context, id sid.Call) (call.Record, error)
	// Complete ends a call in whatever state it is.
	Complete(ctx context.Context, id sid.Call) (call.Record, error)
}

// Money knows what accounts have used, and what it has cost.
type Money interface {
	// Used is what an account used from from to before to, by days (UTC) or in one sum, in no order.
	Used(ctx context.Context, account sid.Account, from, to time.Time, daily bool) ([]tariff.Used, error)
	// Balance is what the month's budget has left, negative if more was spent than that.
	Balance(ctx context.Context, account sid.Account) (tariff.Money, error)
}

// Numbers are those of this installation, and whose each is.
type Numbers interface {
	// Numbers lists all, in the order of the numbers. Nobody's have no account.
	Numbers() []account.Number
	// Claim keeps what is said about one; account.ErrChanged if something else was said meanwhile, which Numbers knows then.
	Claim(ctx context.Context, c account.Claim) error
}

// What a Desk answers when it is not its fault.
var (
	ErrNotLive = errors.New("the call is not live")
	ErrNoWay   = errors.New("no line leads there")
	ErrPremium = errors.New("it is a premium-rate number, which has to be allowed first")
)

// Config is what the API needs. Accounts, Calls and Desk must be set.
type Config struct {
	Accounts Accounts
	NotFound error // what Accounts answers for an account it does not have; every other error is an outage
	Calls    Calls
	Desk     Desk
	Region   string // where numbers without + are at home, ISO 3166; "" is number.Home

	// What is nil does not exist: its resources are 404.

	Money        Money            // Balance and Usage
	Triggers     account.Triggers // of Money's usage
	Keys         account.Keys
	Applications account.Applications
	Numbers      Numbers
	Texting      func() bool // numbers can take short messages; nil: they cannot
	CallerIDs    account.CallerIDs
	Validations  *Validations // new CallerIDs
	Recordings   account.Recordings
	Debug        account.Debug
	Relay        Relay // what browser phones are told of

	Verify account.Verify
	Teller *Teller // of Verify's codes

	// Sender is the number that codes are written from to another, "" where nobody can write there; nil: nobody can at all.
	Sender func(to number.Number) string

	// OpenRecordings lets whoever knows the address of a recording hear it, as Twilio does; else it takes credentials.
	OpenRecordings bool

	PublicURL string // this server as others know it, without a slash at the end; "" is how a request came

	// Live has the queues, conferences and recordings of this node's calls.
	Live        *call.Desk
	Queues      Queues
	Conferences Conferences
	SIP         SIP // /SIP
	Messages    Messages
	Pages       Pages // UserDefinedMessages

	// AllowTo says why an account may not call an address: its words are shown with code 21215, or 21202 when it is
	// ErrPremium, or 21214 when it is ErrNoWay. nil allows all but emergency and special numbers, which are refused before it is asked.
	AllowTo func(ctx context.Context, a account.Account, to number.Address) error
}

// New is the handler for /2010-04-01/ and /v2/.
func New(log *slog.Logger, cfg Config) http.Handler {
	cfg.Region = cmp.Or(cfg.Region, number.Home)
	return &server{log: log, cfg: cfg}
}

type server struct {
	log      *slog.Logger
	cfg      Config
	managing sync.Mutex // one change of an account at a time
	numbered turns      // one telling of a code to a number at a time
}
