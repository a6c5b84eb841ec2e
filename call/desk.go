// Package call turns legs into calls: Twilio's states and callbacks above, one phone connection below.
//
// A [Desk] places calls ([Desk.Place]) and takes those that come in ([Desk.Accept]). Each [Call] is owned
// by one goroutine, which books a line, dials, follows the leg and writes every change down before anybody
// is told of it; what is said on the call is a [Script], run on a second goroutine while somebody listens.
// Whatever happens, a call ends with one final state, its leg gone and its line free.
package call

import (
	"cmp"
	"context"
	"errors"
	"log/slog"
	"sync"
	"time"

	"github.com/kaden-project/kaden/account"
	"github.com/kaden-project/kaden/leg"
	"github.com/kaden-project/kaden/number"
	"github.com/kaden-project/kaden/sid"
	"github.com/kaden-project/kaden/timeline"
	"github.com/kaden-project/kaden/trunk"
)

// Script is what is done on a call: voice runs TwiML. It starts when an outbound call is answered, and
// when an inbound one arrives. Its ctx ends with the call or when other TwiML takes over; the call is hung
// up when it returns.
type Script func(ctx context.Context, c *Call) error

// Config is what a Desk works with.
type Config struct {
	Store   Store
	Asker   Asker                        // takes the status callbacks
	Dialers map[number.Scheme]leg.Dialer // Tel without one of its own is dialled by SIP's
	Own     leg.Dialer                   // joins calls to Numbers within the house; nil: they leave over a trunk
	Trunks  func() []trunk.Trunk         // as they are now; nil: none
	Gates   Gates                        // keeps their pace and health; nil: this process does, for as long as it lives
	// Channels keeps which of their channels are taken; nil: this process does. Others that call over the same trunks
	// need it.
	Channels Channels
	Script   Script // nil: calls are answered and nothing is said
	// Numbers is what answers an inbound call, and whose it is: that account may show it, and no other. nil: nothing does.
	Numbers func(called string) (n account.Number, _ bool)
	// Upstreams dials over those of Trunks that are upstreams; nil: nothing does.
	Upstreams leg.Dialer
	// Shows tells whether an account may show a number that is nobody's here: one that it has verified. nil: none.
	Shows func(account sid.Account, number string) bool
	// Phones is what answers a call of one of our own phones (leg.Info.Phone); nil: the number it calls does.
	Phones func(i leg.Info) (n account.Number, _ bool)
	// Transfers is what goes on with whoever is talking to one of our own phones (user@domain) that gives the call to target,
	// an address or a number, where no program decides that; nil, and false: it may not.
	Transfers func(phone, target string) (n account.Number, _ bool)
	// Screen asks a caller who has been answered for a key, and tells whether they may go on; an error ends the call. nil
	// lets everybody through.
	Screen func(ctx context.Context, c *Call) (passed bool, err error)
	// Estate finds calls that their processes have left; nil: there are none.
	Estate Estate
	// Elsewhere tells of calls that another platform carries for this process: they outlive it. nil: there are none.
	Elsewhere func(id sid.Call) bool
	// Others are lines that somebody else dials, who takes a Seat for it. They are shown among the Trunks.
	Others func() []trunk.Trunk
	// Recordings keeps what is recorded of calls and conferences; nil: it is lost, which is said in the log.
	Recordings Recordings
	Queues     Queues // keeps what is known of queues; nil: only as long as the Desk lives
	// Conferences keeps what is known of conferences; nil: nobody does.
	Conferences Conferences
	// Documents lets TwiML be heard beside a call's program, on hold and as an announcement; nil: soft notes and nothing.
	Documents Documents
	Sockets   Sockets // opens WebSockets for streams; nil: there are none
	// Down tells whether a trunk is known not to work though no call has failed on it: it could not be signed on to, or
	// does not answer. nil: that is not known of any.
	Down func(trunk string) bool
	Node string
}

// Desk places and takes calls. It may be used from any goroutine.
type Desk struct {
	log    *slog.Logger
	cfg    Config
	ctx    context.Context // the life of all calls
	stop   context.CancelCauseFunc
	posts  context.Context // the life of callbacks under way, a little longer
	quit   context.CancelFunc
	lines  lines
	rooms  rooms
	queues queues
	born   time.Time

	closing  sync.Mutex
	unclosed []Record // calls that were left and could not be closed yet

	working sync.WaitGroup // goroutines of calls
	posting sync.WaitGroup

	mu     sync.Mutex
	live   map[sid.Call]*Call
	closed bool
	idle   chan struct{} // closed when closed and nothing is live; nil until somebody waits
}

// Errors that callers tell apart.
var (
	// ErrShutdown is the answer to orders during the end, and the cause of calls that it cuts off.
	ErrShutdown = errors.New("kaden is shutting down")
	// ErrNotInProgress is answered when a call that is not answered, or is over, is to be redirected.
	ErrNotInProgress = errors.New("the call is not in progress")
	// ErrRedirected is the cause of a script's context when other TwiML takes over.
	ErrRedirected = errors.New("other TwiML takes over")
)

// New makes a Desk. It starts nothing.
func New(log *slog.Logger, cfg Config) *Desk {
	if cfg.Queues == nil {
		cfg.Queues = &QueueBook{}
	}
	d := &Desk{log: log, cfg: cfg, live: map[sid.Call]*Call{}, born: time.Now(), lines: lines{log: log, keep: cfg.Gates}}
	if cfg.Channels != nil {
		d.lines.share = newSharing(cfg.Channels, cfg.Node)
		d.lines.share.stop = cfg.Channels.ChannelsFreed(d.lines.freed)
	}
	d.ctx, d.stop = context.WithCancelCause(context.Background())
	d.posts, d.quit = context.WithCancel(context.Background())
	return d
}

// Place takes an order. It returns when the call is durably queued, at once if it was Stored already; the
// call itself goes on by itself. ctx bounds the storing, not the call. After an error there is no call.
func (d *Desk) Place(ctx context.Context, o Order) (*Call, error) {
	o = o.complete()
	r := o.Record(time.Now(), d.cfg.Node)
	c := d.newCall(r, o)
	if parent, ok := d.Live(o.Parent); ok {
		c.nested = parent.nested
	}
	if !d.admit(c) {
		c.stop(nil)
		return nil, ErrShutdown
	}
	if !o.Stored {
		if err := d.cfg.Store.Change(ctx, Change{Record: r, Events: []timeline.Event{c.event(timeline.CallQueued, "")}}); err != nil {
			c.stop(nil)
			d.leave(c)
			d.unplaced(r)
			d.working.Done()
			return nil, err
		}
	}
	b, err := c.reserve()
	go c.run(func() { c.begin(b, err) })
	return c, nil
}

// complete fills in what an order leaves open.
func (o Order) complete() Order {
	if o.SID == "" {
		o.SID = sid.New[sid.Call]()
	}
	o.Direction = cmp.Or(o.Direction, OutboundAPI)
	o.Ring = cmp.Or(o.Ring, 60*time.Second)
	o.Setup = cmp.Or(o.Setup, 12*time.Second)
	o.TimeLimit = cmp.Or(o.TimeLimit, 4*time.Hour)
	return o
}

// Record is the queued call that an order makes. Whoever stores it along with something else (Stored)
// writes this. The order needs its SID.
func (o Order) Record(now time.Time, node string) Record {
	return Record{
		SID: o.SID, Account: o.Account, Parent: o.Parent,
		Direction: cmp.Or(o.Direction, OutboundAPI),
		From:      o.From, To: twilio(o.To),
		Status: Queued, Attempt: o.Attempt,
		Program: o.Program, Callback: o.Callback,
		Created: now, Updated: now, Node: node,
	}
}

// Live finds a call that is not over.
func (d *Desk) Live(id sid.Call) (*Call, bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	c, ok := d.live[id]
	return c, ok
}

// Calls is the number of calls that are not over.
func (d *Desk) Calls() int {
	d.mu.Lock()
	defer d.mu.Unlock()
	return len(d.live)
}

// admit enters a call and counts its goroutine, unless the end has begun.
func (d *Desk) admit(c *Call) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.closed {
		return false
	}
	d.live[c.id] = c
	d.working.Add(1)
	return true
}

func (d *Desk) leave(c *Call) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.live[c.id] != c {
		return
	}
	delete(d.live, c.id)
	if len(d.live) == 0 && d.idle != nil {
		close(d.idle)
		d.idle = nil
	}
}

// patience is how long a leg may take to end after it was told to, and the store to take the last word.
const patience = 5 * time.Second

// Shutdown takes no more calls, lets those under way end until ctx does, and then hangs up. It returns
// when every call is over and the callbacks under way had their chance, at most some seconds after ctx.
// Callbacks that were not delivered stay in the store.
func (d *Desk) Shutdown(ctx context.Context) error {
	d.mu.Lock()
	d.closed = true
	idle := make(chan struct{})
	if len(d.live) == 0 {
		close(idle)
	} else {
		d.idle = idle
	}
	d.mu.Unlock()

	var err error
	select {
	case <-idle:
	case <-ctx.Done():
		if d.Calls() > 0 {
			err = context.Cause(ctx)
		}
	}
	d.stop(ErrShutdown)
	d.working.Wait()
	grace := time.AfterFunc(patience, d.quit)
	d.posting.Wait()
	grace.Stop()
	d.quit()
	d.lines.close()
	return err
}
