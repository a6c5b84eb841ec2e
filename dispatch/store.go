package dispatch

import (
	"context"
	"encoding/json"
	"errors"
	"time"

	"github.com/kaden-project/kaden/alert"
	"github.com/kaden-project/kaden/call"
	"github.com/kaden-project/kaden/job"
	"github.com/kaden-project/kaden/leg"
	"github.com/kaden-project/kaden/sid"
	"github.com/kaden-project/kaden/tariff"
	"github.com/kaden-project/kaden/timeline"
)

// Incident is an alert as kaden keeps it: opened by a trigger, closed by a resolve.
type Incident struct {
	ID         string
	Alert      alert.Alert // the latest word of the source
	Status     Status
	Repeats    int // triggers after the first
	Callout    string
	By         string // who acknowledged it
	Word       string // what the one who took it said for those who come after: the ID of a sound; "" none
	WordBy     string // who said it
	Drill      bool   // a rehearsal
	Opened     time.Time
	Updated    time.Time
	Resolved   time.Time // zero: still open
	DeliveryID string    // of the delivery that opened it
}

// Status is how an incident stands.
type Status string

// The states of an incident.
const (
	Stored       Status = "stored"
	Acknowledged Status = "acknowledged"
	Exhausted    Status = "exhausted"
	Resolved     Status = "resolved"
	Ignored      Status = "ignored" // information, or a resolve of something unknown
)

// Callout is a plan at work, as a row. State is the callout.State as JSON.
type Callout struct {
	ID      string
	Alert   string // Incident.ID
	Plan    string // name of the plan it was frozen from
	State   json.RawMessage
	Active  bool      // has something to wait for or somebody on a line
	Due     time.Time // zero: nothing to wait for
	Version int64     // counts changes; PutCallout writes Version over Version-1
	Owner   string    // node that drives it
	Fence   int64     // number of its ownership
	Created time.Time
	Updated time.Time
}

// Attempt is one call to one person as a row: what the console shows and what ends a ghost.
type Attempt struct {
	ID      string
	Callout string
	Alert   string
	Person  string
	Address string
	Line    string // the attempt whose call this one rides on (bundling); its own ID if it has a call
	Call    sid.Call
	Trunk   string
	Status  string // a callout.Outcome
	Cause   string
	Digit   string
	Purpose string // a callout.Purpose
	Inbound bool   // the person called us
	// AnsweredBy is what machine detection took the one who answered for, in Twilio's words; "" is not asked.
	AnsweredBy string
	Price      tariff.Money // what its call has cost, written with the end of the call; zero: not known yet, or it rides on another's
	Sound      leg.Sound    // how its call has sounded, written with the end of the call; see call.Record
	Node       string
	Fence      int64
	Target     json.RawMessage // the call.Order it was placed with, for ending a ghost; see Order
	Remains    leg.Remains
	Dialed     time.Time
	Rang       time.Time
	Answered   time.Time
	Ended      time.Time // zero: under way
}

// Hold is the kill switch (rule 33): while it is on, nobody is rung. The zero Hold is off.
type Hold struct {
	Since, Until time.Time
	By, Why      string
}

// Verification says that a person proved to be at an address: the last time, for each address of theirs.
type Verification struct {
	Person, Address string
	At              time.Time
	By              string // who asked for the proof
	Tap             int    // 1: the first call was answered; 2: it took the second one, through do-not-disturb
	DND             bool   // the person had do-not-disturb on
}

// ErrNotMine says that a call-out was changed by somebody else: its version, owner or fence is another.
var ErrNotMine = errors.New("this call-out belongs to another node")

// ErrAway says that nothing can be kept at present: the database is away, or its disk is full. Whoever keeps the records says so in the log, once for
// everybody.
var ErrAway = errors.New("nothing can be kept at present")

// ErrUnsure says that a commit was asked for, and that its answer never came: what was written may be there or
// not, and may yet come to be there within a moment.
var ErrUnsure = errors.New("not known whether it is stored")

// ErrNotFound is answered for rows that do not exist.
var ErrNotFound = errors.New("not found")

// Tx is one transaction. It is used on the goroutine it is given to, and not after that.
// Any error from a method must be returned from the function that got the Tx.
type Tx interface {
	// Now is the database's clock, the same for the whole transaction.
	Now() time.Time

	// SeenDelivery stores a delivery's id and body; true when the same id was stored within the last ten minutes.
	SeenDelivery(d alert.Delivery) (bool, error)
	// OpenIncident finds the incident of a source that is not resolved (Stored, Acknowledged or Exhausted).
	OpenIncident(source, key string) (Incident, bool, error)
	// LastIncident finds the newest incident of a source and key, whatever its state.
	LastIncident(source, key string) (Incident, bool, error)
	// Understood tells whether anything that a source sent before a moment was read: whether there is an incident of it
	// from then that is not of kaden's own making. It looks through all incidents, so it is for what is rare.
	Understood(source string, before time.Time) (bool, error)
	Incident(id string) (Incident, error)
	PutIncident(i Incident) error

	Callout(id string) (Callout, error)
	// AddCallout writes a new row; Version is 1.
	AddCallout(c Callout) error
	// PutCallout writes c where the row has c.Version-1, c.Owner and c.Fence; else ErrNotMine.
	PutCallout(c Callout) error

	PutAttempts(a ...Attempt) error // inserts or replaces by ID; leaves Remains as they are unless given
	Attempt(id string) (Attempt, error)

	PutCall(r call.Record) error
	Append(e ...timeline.Event) error
	// Enqueue adds a job that runs not before at (zero: at once).
	Enqueue(a job.Args, at time.Time) error

	// Place and SetPlace remember whose turn is first in a round robin.
	Place(plan string, step int) (int, error)
	SetPlace(plan string, step, place int) error

	// Hold is the kill switch as it was put last, whether or not its time has passed.
	Hold() (Hold, error)
	// PutHold puts the kill switch; the zero Hold lifts it.
	PutHold(h Hold) error

	// Spent is what all legs have cost that ended from from to before to, and all messages that were sent then, in one
	// currency, and how many of them cost nobody knows what ("").
	Spent(currency string, from, to time.Time) (sum tariff.Amount, unknown int64, err error)
	// BudgetSaid notes that a budget has reached so many percent in a month; true only the first time.
	BudgetSaid(budget, month string, percent int) (first bool, err error)
}

// Store keeps incidents, call-outs and attempts.
type Store interface {
	// Write runs f in a transaction and returns when it is durable. f may run twice; it must have no
	// effects but those on Tx. Writes of many goroutines share a commit. An error that is ErrUnsure leaves
	// open whether it is.
	Write(ctx context.Context, f func(tx Tx) error) error
	// WriteSoon is Write for what no telephone waits for: it may take some milliseconds longer, so as to share the
	// commit of another.
	WriteSoon(ctx context.Context, f func(tx Tx) error) error

	// KeepRemains stores what ends an attempt's leg (durable when it returns).
	KeepRemains(ctx context.Context, attempt string, target json.RawMessage, r leg.Remains) error

	// Join makes this process a node and returns its number of ownership (fence). It fails if a node of
	// the same name is alive.
	Join(ctx context.Context, name, address string) (fence int64, err error)
	// Beat prolongs the node's lease by ttl on the database's clock.
	Beat(ctx context.Context, name string, fence int64, ttl time.Duration) error
	// Leave ends the lease at once.
	Leave(ctx context.Context, name string, fence int64) error
	// Adopt takes over up to limit active call-outs whose owner has no living lease, or is an earlier
	// life of name, and returns them as they now are.
	Adopt(ctx context.Context, name string, fence int64, limit int) ([]Callout, error)
	// Claim is Adopt for one call-out that waits for nothing, whoever had it: who wakes it drives it. One that is active is
	// left as it is. It returns the row as it now is.
	Claim(ctx context.Context, callout, name string, fence int64) (Callout, error)
	// Overdue lists the node's own active call-outs whose Due has passed by more than late.
	Overdue(ctx context.Context, name string, late time.Duration) ([]Callout, error)
	// Ghosts takes over attempts that belong to an earlier fence of this node or to a dead node, and whose call
	// may still be up: the attempt is under way, or it is decided and its call's record is not over. Those of a call-out
	// that is active and not this node's are left to who drives it. It returns them as they now are, oldest first.
	Ghosts(ctx context.Context, name string, fence int64) ([]Attempt, error)

	// Hold is the kill switch as it was put last, whether or not its time has passed.
	Hold(ctx context.Context) (Hold, error)

	// PutSound keeps a piece of sound, durable when it returns; kind is SoundWord or SoundRecording. The same
	// ID again replaces it. A minute is about 1 MB, and nothing else is committed while it is written.
	PutSound(ctx context.Context, id, kind string, wav []byte) error
	// Sound finds a piece of sound; ErrNotFound if there is none.
	Sound(ctx context.Context, id string) (wav []byte, err error)

	// PutVerification keeps v, unless one of the same person and address is there that is later.
	PutVerification(ctx context.Context, v Verification) error
	// Verifications lists the latest of each person and address, by person, then address.
	Verifications(ctx context.Context) ([]Verification, error)

	// Usage is what was spent, by quarter of an hour, plan, person, trunk and currency, on legs that ended from from
	// to before to, and apart from those on messages that were sent then; of one account, or of all (""). Oldest first.
	Usage(ctx context.Context, account sid.Account, from, to time.Time) ([]tariff.Spent, error)

	// The reading side, for the console and the API.
	IncidentByID(ctx context.Context, id string) (Incident, error)
	Incidents(ctx context.Context, q Query) ([]Incident, error) // newest first
	CalloutByID(ctx context.Context, id string) (Callout, error)
	AttemptsOf(ctx context.Context, callout string) ([]Attempt, error) // oldest first
	// Called is when each person was called since a moment, oldest first: calls of their own, whoever placed them, but none
	// that no line took (a fault before anything rang). It reads no more than the attempts since then.
	Called(ctx context.Context, since time.Time) (map[string][]time.Time, error)
	// Calls lists calls; see call.Store.
	Calls(ctx context.Context, f call.Filter) (list []call.Record, more bool, err error)
	// Events lists events after seq, oldest first, of one alert or of all ("").
	Events(ctx context.Context, alert string, after int64, limit int) ([]timeline.Event, error)
	// Announce calls f with the events of each commit, after it, in order of Seq. f must not block. stop ends it.
	Announce(f func([]timeline.Event)) (stop func())
}

// The kinds of sound that are kept.
const (
	SoundWord      = "word"      // what the one who took an alert left for the others (rule 25)
	SoundRecording = "recording" // of a call
)

// Query selects incidents.
type Query struct {
	Status []Status // nil is all
	Before string   // continue with those older than this incident
	Limit  int
}
