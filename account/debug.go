package account

import (
	"context"
	"net/url"
	"time"

	"github.com/kaden-project/kaden/sid"
)

// Exchange is one request to an owner's server and what came of it.
type Exchange struct {
	Account     sid.Account
	Call        sid.Call // "" for none
	At          time.Time
	Method, URL string
	Params      url.Values
	Status      int // of HTTP; 0 is no answer
	Took        time.Duration
	Header      map[string][]string // of the answer
	Body        string              // the beginning of it
	Code        int                 // Twilio's, when it failed; 0 is none
}

// Notification is an entry of an owner's debug log: what a document or a server got wrong, with the whole request
// and its answer as far as there are any.
type Notification struct {
	SID      sid.Notification
	Account  sid.Account
	Call     sid.Call
	Warning  bool // else an error
	Code     int  // Twilio's; 0 is one of our own without a number
	Text     string
	Exchange Exchange // the zero Exchange is none
	At       time.Time
}

// NotificationFilter selects; zero fields do not filter.
type NotificationFilter struct {
	Account sid.Account
	Call    sid.Call
	Level   string // "0" errors, "1" warnings
	At      Span
	Page
}

// Debug keeps what owners look at when something went wrong. What it does not have is [ErrNotFound].
type Debug interface {
	// KeepDebug adds all of them at once. They are for people to look at: a crash may lose the last.
	KeepDebug(ctx context.Context, exchanges []Exchange, notifications []Notification) error
	Notification(ctx context.Context, account sid.Account, id sid.Notification) (Notification, error)
	Notifications(ctx context.Context, f NotificationFilter) (list []Notification, next int64, err error)
	// Exchanges lists those of a call, newest first.
	Exchanges(ctx context.Context, account sid.Account, call sid.Call, p Page) (list []Exchange, next int64, err error)
	// ForgetDebug deletes at most so many of each that are older, and says how many those were.
	ForgetDebug(ctx context.Context, before time.Time, most int) (n int, err error)
}
