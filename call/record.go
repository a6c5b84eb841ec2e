package call

import (
	"context"
	"errors"
	"net/url"
	"time"

	"github.com/kaden-project/kaden/leg"
	"github.com/kaden-project/kaden/media"
	"github.com/kaden-project/kaden/number"
	"github.com/kaden-project/kaden/sid"
	"github.com/kaden-project/kaden/tariff"
	"github.com/kaden-project/kaden/timeline"
)

// Status is a call's state in Twilio's words.
type Status string

// The states. Initiated exists only in callbacks; a fetch shows it as queued.
const (
	Queued     Status = "queued"
	Initiated  Status = "initiated"
	Ringing    Status = "ringing"
	InProgress Status = "in-progress"
	Completed  Status = "completed"
	Busy       Status = "busy"
	Failed     Status = "failed"
	NoAnswer   Status = "no-answer"
	Canceled   Status = "canceled"
)

// Over tells whether the call has ended.
func (s Status) Over() bool {
	switch s {
	case Completed, Busy, Failed, NoAnswer, Canceled:
		return true
	}
	return false
}

// Direction is Twilio's word for who called whom.
type Direction string

// The directions.
const (
	Inbound      Direction = "inbound"
	OutboundAPI  Direction = "outbound-api"
	OutboundDial Direction = "outbound-dial"
)

// Program is where a call's TwiML comes from. Exactly one of URL and TwiML is set, or neither.
type Program struct {
	URL            string
	Method         string // GET or POST; "" is POST
	TwiML          string
	FallbackURL    string
	FallbackMethod string
}

// Callback is how an owner wants to hear of a call's states.
type Callback struct {
	URL    string
	Method string   // "" is POST
	Events []string // initiated ringing answered completed; nil is completed
}

// Order is a call to be placed.
type Order struct {
	SID         sid.Call // chosen by who orders, so that it can be stored first; "" for a new one
	Account     sid.Account
	To          number.Address
	From        string            // caller ID; a number, a user, client:…
	FromByTrunk map[string]string // overrides From for the trunk that is chosen
	Trunk       string            // no other than this; "" lets the routes decide
	Prefer      []string          // trunks in order of preference; the others follow
	Urgent      bool              // before others in the queue for a line, and over a trunk that rests if there is no other
	Direction   Direction         // "" is outbound-api
	Parent      sid.Call
	beside      *media.Seat // of the parent's leg
	Domain      sid.Domain  // of the phone that calls, where it is one of ours
	Program     Program
	Callback    Callback
	SendDigits  string            // pressed after the answer, before the program
	Ring        time.Duration     // ring time, from the first 18x; 0 is 60 s
	Setup       time.Duration     // time until the first 18x; 0 is 12 s. At least Ring: Ring counts from the dialling too, as Twilio's Timeout
	TimeLimit   time.Duration     // longest time after the answer; 0 is 4 h
	FirstWord   time.Duration     // silence after the answer before the first sound (rule 23)
	Headers     map[string]string // X-… told to whoever is called; not over a trunk
	SIPUser     string            // digest for a To that is a SIP URI
	SIPPassword string
	Detection   *Detection // find out who or what answers; nil: do not. Outbound calls only
	Tape        *TapeOrder // record it from the answer to the end; nil: do not
	Here        bool       // it is to be joined with others: its sound has to come here, and no upstream may take the whole call
	OwnLines    bool       // over no upstream: whoever orders tries those himself
	Alert       string     // the alert this call serves, and its call-out: loud words about the call are shown there too
	Callout     string     //
	Attempt     string     // call-out attempt this call serves, for the log and the leg's durable ID; "" is the SID

	// Stored says that the record is already durable (it was committed with the alert), so that the
	// INVITE may leave at once.
	Stored bool
	// Visit, when set, is what receives the call in this house: an application. To is only its name then.
	Visit *Visit `json:"-"`
	// Script, when set, is what is done on the call in the place of the Desk's, until other TwiML takes over.
	Script Script `json:"-"`
	// Heard, when set, is called with every event of this call, in order, on the goroutine that owns it.
	Heard func(Event) `json:"-"`
	// Keep stores what is needed to end the leg after a crash; see leg.Options. nil keeps it with the Record.
	Keep func(ctx context.Context, r leg.Remains) error `json:"-"`
}

// Event is what happens to a call, as those who ordered it hear it.
type Event struct {
	At     time.Time
	Status Status // the state the call is in from now on
	Digit  string // a key was pressed; Status is InProgress
	// AnsweredBy is what detection takes the one who answered for, in Twilio's words; Status is InProgress. With
	// Detection.Message a machine is told of twice: as machine_start, and again when its greeting has ended.
	AnsweredBy string
	Cause      leg.Cause // when Status.Over()
	SIP        int       // SIP status code behind it, 0 if none
	Trunk      string    // the trunk in use, "" for none
	ByUs       bool      // for the end: we hung up
	InBand     bool      // for a key: it was heard as a tone in the sound; for the answer: keys of this trunk are (rule 19)
	Unsure     bool      // for InProgress: the trunk answers for telephones that nobody has picked up (rule 30)
	Full       []string  // for Queued: the trunks of which it waits for a line and whose channels are all taken
	Text       string    // words for the timeline
}

// Record is a call as it is kept and shown: Twilio's Call resource and a little more.
type Record struct {
	SID         sid.Call
	Account     sid.Account
	Parent      sid.Call
	Direction   Direction
	From, To    string // as Twilio writes them: +81…, client:…, sip:…
	Status      Status
	Cause       leg.Cause
	SIPStatus   int
	Trunk       string
	Attempt     string
	AnsweredBy  string // the last word of Detection; "" is none
	Program     Program
	Callback    Callback
	CallbackSeq int // number of callbacks fired so far: the next SequenceNumber
	Created     time.Time
	Updated     time.Time
	Started     time.Time // when dialling began
	Answered    time.Time // zero: never
	Ended       time.Time // zero: not yet
	Node        string
	Price       tariff.Money // what its legs have cost; zero: not known, or nothing that a carrier carried
	Sound       leg.Sound    // how the sound of its leg has fared, once it is over; zero: there was none, or its leg cannot tell
	Remains     leg.Remains  // what ends its leg after a crash; nil when there is nothing to end, or its attempt keeps it
}

// Duration is the time from the answer to the end, whole seconds; 0 before the end or without an answer.
func (r Record) Duration() time.Duration {
	if r.Answered.IsZero() || r.Ended.IsZero() {
		return 0
	}
	return r.Ended.Sub(r.Answered).Truncate(time.Second)
}

// Post is one status callback that has to be delivered.
type Post struct {
	ID      string // unique: call SID and a number, or amd
	Account sid.Account
	Call    sid.Call
	Method  string
	URL     string
	Params  url.Values
	Due     time.Time // for the net: not before, so that the call's own attempt comes first
}

// Change is what the goroutine that owns a call writes at one moment, all or nothing.
type Change struct {
	Record Record
	Events []timeline.Event
	Posts  []Post
	// Charges are legs that have ended. One that is there already was stored by a change whose answer was lost.
	Charges []Charge
	// Soon says that nothing waits for it but who tells it: it may take some milliseconds longer, so as to share
	// the commit of another.
	Soon bool
}

// Filter selects calls for a list; zero fields do not filter. A list goes by age, newest first; one that is bounded by
// a time goes by that time.
type Filter struct {
	Account                sid.Account
	To, From               string
	Status                 Status
	Parent                 sid.Call
	StartedFrom, StartedTo time.Time // on or after, before
	EndedFrom, EndedTo     time.Time
	After                  sid.Call // continue after this call
	Limit                  int
}

// ErrNotFound is answered by a Store that has no such call.
var ErrNotFound = errors.New("no such call")

// Store keeps calls.
type Store interface {
	// Change writes it durably before it returns, and announces its events after that.
	Change(ctx context.Context, c Change) error
	// Posted marks a callback as delivered or given up, so that the net leaves it alone.
	Posted(ctx context.Context, id string) error
	Call(ctx context.Context, account sid.Account, id sid.Call) (Record, error)
	// Calls lists by age, or by the time that bounds the list, newest first; more tells that the Limit cut it.
	Calls(ctx context.Context, f Filter) (list []Record, more bool, err error)
	// DeleteCall forgets a call. A Change that comes after that keeps its charges and does not bring it back.
	DeleteCall(ctx context.Context, account sid.Account, id sid.Call) error
}

// Ask is a question to the owner's server: for TwiML, or to take note of a state.
type Ask struct {
	Account sid.Account
	Call    sid.Call
	Method  string // GET or POST
	URL     string // absolute
	Params  url.Values
}

// Reply is what the server said.
type Reply struct {
	URL         string // after redirects
	Status      int
	ContentType string
	Header      map[string][]string // all of it, for whoever looks at what went wrong; nil within the house
	Body        []byte              // at most 64 KiB and one byte
}

// Problem is what went wrong in asking, with Twilio's code: 11200, 11205, 11750 …
type Problem struct {
	Code int
	Text string
	Err  error
}

func (p *Problem) Error() string { return p.Text }
func (p *Problem) Unwrap() error { return p.Err }

// Asker asks owners' servers. webhook implements it; cmd/kaden puts kaden's own pages in front of it.
type Asker interface {
	// Ask answers with any reply that arrived, whatever its status; err is a *Problem when none did.
	Ask(ctx context.Context, a Ask) (Reply, error)
}
