package call

import (
	"context"
	"fmt"
	"log/slog"
	"net/url"
	"sync"
	"sync/atomic"
	"time"

	"github.com/kaden-project/kaden/account"
	"github.com/kaden-project/kaden/leg"
	"github.com/kaden-project/kaden/media"
	"github.com/kaden-project/kaden/sid"
	"github.com/kaden-project/kaden/timeline"
	"github.com/kaden-project/kaden/trunk"
)

// Call is one call from its order to its end. Its exported methods may be called from any goroutine,
// Order.Heard included, and none of them waits for the network; those for scripts say so.
type Call struct {
	desk   *Desk
	id     sid.Call
	log    *slog.Logger
	ctx    context.Context // the life of the call; its cause says why it ended
	stop   context.CancelCauseFunc
	wake   chan struct{} // one place: the inbox has something
	keys   chan string   // pressed and not yet read by the script
	holds  holds         // what its far end has said of holding, for whoever it is joined to
	onHold bool          // its far end was told so; the script's
	done   chan struct{}
	shown  atomic.Pointer[Record] // the last one that was written

	picked    chan struct{} // closed when the answer is written
	pickedAt  time.Time     // valid once picked is closed
	firstWord time.Duration
	nested    int        // how many calls of ours it is inside of; see own.go
	told      url.Values // what the caller brought; see visit.go
	door      account.Door
	tones     atomic.Bool                // its keys are heard as tones in the sound; see InBand
	name      atomic.Pointer[media.Clip] // as the caller has said it

	ears    ears
	lips    lips
	tapes   tapes
	streams streams
	took    atomic.Int64 // ns from the answer to AnsweredBy; 0 is none yet

	transfers transfers
	reply     atomic.Pointer[reply]      // nil: none yet
	host      *Call                      // the call that has dialled this application; nil on every other call
	returned  atomic.Pointer[url.Values] // what the application has returned that was dialled

	mail    mailbox
	queued  atomic.Pointer[booking] // as booking, for others to ask about
	remains remains

	late sync.Mutex // who writes the record once the call is over has it

	mu    sync.Mutex
	inbox []func()

	owned
	script
}

// owned belongs to the call's goroutine.
type owned struct {
	order     Order
	rec       Record
	leg       leg.Leg     // the last one; set before a script starts and not changed after that
	now       *try        // the try that is the call, or may become it; see tries.go
	other     *try        // one that is silent, while another trunk has joined; nil for none
	dialled   int         // tries so far
	silent    *time.Timer // when a trunk has been silent for too long
	refused   *leg.Event  // what a trunk said before the one that is waited for
	booking   *booking    // nil: not waiting for a line
	tried     []string    // trunks that were tried
	own       bool        // to a number of our own: no trunk
	over      trunk.Trunk // of a call that came in: who asks for it; the zero Trunk is nobody
	rang      bool
	ending    *Ending     // we are hanging up
	pushed    bool        // and have said so twice
	due       *time.Timer // what the state waits for at most
	running   chan error  // the script's end; nil: none runs
	halt      context.CancelCauseFunc
	restart   bool             // the script that ends is followed by another
	untold    []timeline.Event // not written yet
	posts     []Post           // not written yet
	poster    poster
	rangAt    time.Time
	keyCount  int
	unpriced  bool       // one of them cost nobody knows what
	charges   []Charge   // not written yet
	ear       *detecting // nil: nobody listens for who has answered
	byEar     *listening // nil: what the line plays is not listened to; see early.go
	lied      leg.Cause  // what answered was no telephone, as one could hear; "" is not known
	moves     int        // how often a carrier has sent the call elsewhere; see moved.go
	elsewhere string     // where to, "" for nowhere
	sentOn    bool       // it was said that another telephone rings
}

// script belongs to the script's goroutine.
type script struct {
	ourVoice  media.Sink // hears what is played, nil for nobody; set before the script starts
	quiet     time.Time  // when the last sound has been heard
	dialledOn bool       // Order.SendDigits were pressed
}

// Ending is why we end a call: the cause of its context. Reason is for people and SIP's Reason header.
type Ending struct {
	Cause  leg.Cause // Canceled, NoAnswer, Completed …; what it becomes depends on whether anybody answered
	Reason string
}

func (e *Ending) Error() string { return e.Reason }

// keyRoom is how many keys wait for a script that does not read them.
const keyRoom = 32

func (d *Desk) newCall(r Record, o Order) *Call {
	c := &Call{
		desk: d, id: r.SID,
		log:       d.log.With("call", r.SID),
		wake:      make(chan struct{}, 1),
		keys:      make(chan string, keyRoom),
		holds:     newHolds(),
		done:      make(chan struct{}),
		picked:    make(chan struct{}),
		firstWord: o.FirstWord,
	}
	if o.Attempt != "" {
		c.log = c.log.With("attempt", o.Attempt)
	}
	c.order, c.rec = o, r
	c.remains.call = c
	c.shown.Store(&r)
	c.ctx, c.stop = context.WithCancelCause(d.ctx)
	return c
}

// SID is the call's identifier.
func (c *Call) SID() sid.Call { return c.id }

// Record is the call as it was last written.
func (c *Call) Record() Record { return *c.shown.Load() }

// Params are the parameters of a request about the call as it is now (contract 1.2).
func (c *Call) Params() url.Values {
	r := c.Record()
	v := r.Params(r.Status)
	if took := time.Duration(c.took.Load()); took > 0 {
		v.Set("MachineDetectionDuration", milliseconds(took))
	}
	if r.Direction == Inbound {
		addSIP(v, c.leg.Info(), c.order.Domain)
		return v
	}
	if _, sip := cutScheme(r.To, "sip", "sips"); sip { // the url of a <Sip>, and what follows
		id, headers := c.Reply()
		if id != "" {
			v.Set("SipCallId", id)
		}
		for name, value := range headers {
			v.Set("SipHeader_"+name, value)
		}
	}
	return v
}

// Redirect puts other TwiML in the place of what runs: on a call that is answered, or on an inbound one,
// whose TwiML runs while it rings. It takes effect a moment later.
func (c *Call) Redirect(p Program) error {
	if r := c.Record(); !r.performs() || c.ctx.Err() != nil {
		return fmt.Errorf("%w: it is %s", ErrNotInProgress, r.Status)
	}
	c.post(func() { c.redirect(p) })
	return nil
}

// performs tells whether TwiML runs on the call.
func (r Record) performs() bool {
	return r.Status == InProgress || r.Status == Ringing && r.Direction == Inbound
}

// Cancel ends the call unless it has been answered: Twilio's Status=canceled.
func (c *Call) Cancel() {
	c.post(func() {
		if c.rec.Answered.IsZero() {
			c.stop(&Ending{leg.Canceled, "canceled by request"})
		}
	})
}

// Complete ends the call in whatever state it is: Twilio's Status=completed.
func (c *Call) Complete() { c.stop(&Ending{leg.Completed, "ended by request"}) }

// End hangs up. The cause is what an unanswered call ends with: NoAnswer for a ring time that is over,
// Canceled (and anything else that makes no sense then) for all the rest. The first reason to end stays.
func (c *Call) End(cause leg.Cause) { c.stop(&Ending{cause, "we ended it: " + string(cause)}) }

// Done is closed when the call is over, written down, and everything of it is gone.
func (c *Call) Done() <-chan struct{} { return c.done }

// Wait waits for Done and gives the final record.
func (c *Call) Wait() Record {
	<-c.done
	return c.Record()
}

// post hands f to the call's goroutine, in order, without waiting.
func (c *Call) post(f func()) {
	c.mu.Lock()
	c.inbox = append(c.inbox, f)
	c.mu.Unlock()
	select {
	case c.wake <- struct{}{}:
	default:
	}
}

func (c *Call) posted() []func() {
	c.mu.Lock()
	defer c.mu.Unlock()
	f := c.inbox
	c.inbox = nil
	return f
}
