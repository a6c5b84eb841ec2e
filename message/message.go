// Package message carries short messages (SMS) out of the house and into it.
//
// A [Desk] takes an [Order], keeps it, and hands it to a [Carrier]: an upstream platform, a carrier's SMSC, or SIP. What
// becomes of a message is a state that only moves on: the carrier tells it by callbacks ([Desk.Heard], [Desk.Told]), and is
// asked where those stay away. A message is kept before it leaves, and never handed over a second time unless
// the carrier has said that it has none: what may have left the house is looked for first. Nothing here knows
// HTTP or a database.
package message

import (
	"context"
	"errors"
	"net/url"
	"time"

	"github.com/kaden-project/kaden/sid"
	"github.com/kaden-project/kaden/tariff"
)

// Status is a message's state in Twilio's words.
type Status string

// The states. Those of a message that comes in are Receiving and Received.
const (
	Queued      Status = "queued"  // kept; it has not left the house
	Sending     Status = "sending" // handed over, or about to be
	Sent        Status = "sent"    // a carrier's network has it
	Delivered   Status = "delivered"
	Undelivered Status = "undelivered" // the telephone did not get it
	Failed      Status = "failed"      // it did not leave
	Canceled    Status = "canceled"
	Received    Status = "received"
)

// Final tells whether nothing more will happen to the message.
func (s Status) Final() bool {
	switch s {
	case Delivered, Undelivered, Failed, Canceled, Received:
		return true
	}
	return false
}

// rank orders the states: a message only moves to a higher one. 0 is a word that is no state.
func (s Status) rank() int {
	switch s {
	case Queued, "accepted", "scheduled":
		return 1
	case Sending:
		return 2
	case Sent:
		return 3
	}
	if s.Final() {
		return 4
	}
	return 0
}

// Direction is Twilio's word for who wrote to whom, and how.
type Direction string

// The directions.
const (
	Inbound       Direction = "inbound"
	OutboundAPI   Direction = "outbound-api"
	OutboundCall  Direction = "outbound-call"  // by <Sms> in a call
	OutboundReply Direction = "outbound-reply" // the answer to one that came in
)

// Callback is where an owner wants to hear of a message's states.
type Callback struct {
	URL    string `json:"url,omitempty"`
	Method string `json:"method,omitempty"` // "" is POST
}

// Order is a message to be sent.
type Order struct {
	SID       sid.Message // "" for a new one; one that is there already is not sent again
	Account   sid.Account
	From, To  string    // +81…, or a sip: address; From may be a name where the carrier takes names
	Body      string    // at most MaxBody characters
	Direction Direction // "" is OutboundAPI
	Call      sid.Call  // whose program sends it; "" is none
	Callback  Callback
}

// MaxBody is how many characters a message may have (Twilio: Messages, Body).
const MaxBody = 1600

// Record is a message as it is kept and shown: Twilio's Message resource and a little more.
type Record struct {
	SID       sid.Message
	Account   sid.Account
	Direction Direction
	From, To  string
	Body      string
	Segments  int // as the carrier counts, else as Segments does
	Status    Status
	ErrorCode int    // Twilio's, when it failed or was not delivered; 0 is none
	ErrorText string // what is known about that
	Call      sid.Call
	Callback  Callback
	Carrier   string // the name of the upstream, trunk or SMSC; "sip:" for SIP addresses
	There     string // the carrier's own name for it; "" until that is known
	Created   time.Time
	Updated   time.Time
	Sent      time.Time    // zero: not yet
	Price     tariff.Money // what it costs by the carrier's price list, else what the carrier said; zero: not known
}

// Post is a callback that has to be delivered, at least once.
type Post struct {
	ID      string // unique: the message's SID and its state
	Account sid.Account
	Method  string
	URL     string
	Params  url.Values
	Due     time.Time // for the net: not before, so that the desk's own try comes first
}

// Change is what is written of a message at one moment, all or nothing.
type Change struct {
	Record Record
	Posts  []Post
	From   Status // the state it must be kept in, or nothing is written (ErrMoved); "": whatever that is
}

// Filter selects messages for a list; zero fields do not filter.
type Filter struct {
	Account          sid.Account
	To, From         string
	SentFrom, SentTo time.Time // on or after, before
	After            int64     // continue after this place, newest first
	Limit            int       // 0 is 50
}

// ErrNotFound is answered by a Store that has no such message.
var ErrNotFound = errors.New("no such message")

// ErrMoved is answered to a Change whose From does not hold: another process on the same database has the message.
var ErrMoved = errors.New("the message is not in the state it was in")

// Store keeps messages.
type Store interface {
	// ChangeMessage writes durably before it returns. A second message of one There is refused.
	ChangeMessage(ctx context.Context, c Change) error
	// Posted marks a callback as delivered or given up, so that the net leaves it alone.
	Posted(ctx context.Context, id string) error
	Message(ctx context.Context, account sid.Account, id sid.Message) (Record, error)
	// MessageThere finds a message by the carrier's own name for it.
	MessageThere(ctx context.Context, carrier, there string) (Record, error)
	// Messages lists newest first; next is the place to go on after, 0 at the end.
	Messages(ctx context.Context, f Filter) (list []Record, next int64, err error)
	// OpenMessages lists the messages that leave the house and are not Final, oldest first, made after since.
	OpenMessages(ctx context.Context, since time.Time) ([]Record, error)
	DeleteMessage(ctx context.Context, account sid.Account, id sid.Message) error
}

// Word is what a carrier says of a message.
type Word struct {
	There    string // its own name for it
	Status   Status // "" if it says nothing of it
	Code     int    // why not, Twilio's
	Text     string
	Segments int          // 0: it does not say
	Price    tariff.Money // zero: it does not say
}

// Carrier hands messages to the telephone network.
type Carrier interface {
	// Route chooses who carries a message from one number to another. The error says why nobody does; it is
	// ErrNoCarrier or a *Refusal.
	Route(from, to string) (name string, err error)
	// Send hands a message over, once. The error is a *Refusal if the carrier has not taken it, anything else leaves
	// that open.
	Send(ctx context.Context, r Record) (Word, error)
	// Find lists the messages there that a Send of r may have made, whose answer was lost. A *Refusal that is not Busy
	// says that nobody can ever tell.
	Find(ctx context.Context, r Record) ([]Word, error)
	// Look asks how a message is, by its There.
	Look(ctx context.Context, r Record) (Word, error)
}

// Pacer is a Carrier that takes messages one after the other. Turn waits until r may be handed over at once; done, which
// is called when what Send answered is kept, lets the next one in. Until then r has certainly not left. The error is a
// *Refusal, or that ctx is over.
type Pacer interface {
	Turn(ctx context.Context, r Record) (done func(), err error)
}

// ErrNoCarrier says that nothing in this house carries messages.
var ErrNoCarrier = errors.New("nothing here carries messages: apply an upstream: document (a Twilio account for instance), an smsc: document, or a trunk with messages: sip")

// Refusal is a carrier's clear no: the message has not left.
type Refusal struct {
	Code  int // Twilio's; 0 if it gave none
	Text  string
	Busy  bool          // it takes nothing now: the same may be asked again
	After time.Duration // … not before that
}

func (r *Refusal) Error() string { return r.Text }
