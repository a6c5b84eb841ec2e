// Package dispatch carries an alert to its outcome: it accepts what monitoring sends, finds and freezes
// the plan, runs the call-out, writes each person's script and serves its answers, and records the night.
//
// [Dispatcher.Accept] makes a delivery durable together with the call-out and its first attempts, in one
// commit; phones ring after that and never before. One goroutine drives each call-out: it hands every
// event to the pure machine of package callout, commits the outcome under the row's version, owner and
// fence, and only then acts on it. What a crash leaves behind is ended and taken up by [Dispatcher.Run].
//
// A call to one person is a line (lines.go, ADR 2 and 97), whoever called whom; what a person hears on it is ordinary
// TwiML that is asked for here while they listen (script.go and the files named after what is said). What people
// decide elsewhere comes in through the same queue as what the telephone says (decide.go), so that the order of
// what happened is one.
package dispatch

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/kaden-project/kaden/call"
	"github.com/kaden-project/kaden/callout"
	"github.com/kaden-project/kaden/leg"
	"github.com/kaden-project/kaden/manifest"
	"github.com/kaden-project/kaden/number"
	"github.com/kaden-project/kaden/sid"
	"github.com/kaden-project/kaden/twiml"
)

// Caller places calls for people's scripts.
type Caller interface {
	// Prepare makes ready what the document needs before anybody's phone rings: its speech.
	Prepare(ctx context.Context, doc *twiml.Response) error
	// Call starts the call and returns when it is on its way; what happens to it is told to o.Heard.
	// On an error nothing was dialled and Heard is not called.
	Call(ctx context.Context, o call.Order) (Line, error)
}

// Line is a call under way.
type Line interface {
	// Redirect lets whoever listens hear another document, from its next word.
	Redirect(p call.Program) error
	// End hangs up, or gives up ringing. It does not wait; the end is told to the order's Heard.
	End(c leg.Cause)
}

// Config is what a Dispatcher cannot live without, and what it may be told.
type Config struct {
	Store  Store
	Caller Caller
	House  func() *manifest.Set // the installation as it is now
	Secret []byte               // signs the addresses of people's scripts

	// EndGhost ends what an earlier life of this process left at a carrier. nil: nothing can be left.
	EndGhost func(ctx context.Context, a Attempt) error
	// Rejoin takes up a call that an earlier life ordered and that goes on without this process: at an upstream. o is
	// its order; what comes of it from now on is told to o.Heard. An error: there is none, or nobody can say; it is
	// EndGhost's. nil: all calls die with the process.
	Rejoin func(ctx context.Context, a Attempt, o call.Order) (Line, error)
	// Inherit takes over what else dead nodes have left, once a second and after the calls of their call-outs. nil: nothing.
	Inherit func(ctx context.Context)
	// HungUp is closed at the end, when no call of this process is left: other nodes take over after that, and what could
	// not be ended once the lease is over. nil: they may at once.
	HungUp <-chan struct{}
	// Inbound finds a call that somebody has made to us and that is under way. nil: nobody can call back.
	Inbound func(id sid.Call) (Line, bool)
	// Music is what callers of a hotline hear while they wait, some 20 s as a WAV; nil is silence.
	Music []byte
	// Announce lets everybody in a conference, which bears a call-out's name, hear a sentence. nil: they hear the beep.
	Announce func(ctx context.Context, room string, say *twiml.Say) error
	// Schemes are the kinds of addresses that can be dialled here; nil is all but client:.
	Schemes []number.Scheme

	PublicURL   string        // how an upstream reaches this kaden, without a slash at the end; "" is not at all
	Node        string        // stable name of this node; "" is "kaden"
	Address     string        // where other nodes reach it
	Account     sid.Account   // whose calls these are
	DefaultPlan string        // for sources that name none; "" is "default"
	Region      string        // of numbers without a country; "" is JP
	PerHour     int           // calls to one person in an hour, over all plans; 0 is UsualPerHour
	Lease       time.Duration // how long the node is believed to live without a sign; 0 is 6 s
}

// UsualPerHour is how often a person is called in an hour at most, over all plans, where Config does not say (rule 6).
const UsualPerHour = 12

// Dispatcher runs call-outs. Its methods may be called from any goroutine once Run has booted.
type Dispatcher struct {
	log    *slog.Logger
	cfg    Config
	store  Store
	lines  *lines
	decide func(callout.State, ...callout.Event) (callout.State, []callout.Command) // callout.DecideAll
	fence  int64
	booted chan struct{}
	warmed chan struct{}
	cried  time.Time // when it was last said that the kill switch holds; belongs to Run
	astray bool      // an adoption whose outcome is not known; belongs to Run

	taking  atomic.Bool // it is being looked for what others have left …
	burying atomic.Bool // … and there was something, whose calls are being ended

	// life ends when Run returns; every call-out's goroutine hangs below it.
	life context.Context
	end  context.CancelFunc

	mu      sync.Mutex
	news    chan struct{}   // closed when something was taken over
	runs    map[string]*run // by call-out
	rooms   rooms
	callers map[sid.Call]*caller // who calls us
	guests  map[sid.Call]*guest  // who calls a hotline
	codes   map[string]*code     // verifications under way
	pins    pins
	hold    Hold // the kill switch
	budgets []BudgetState
	wg      sync.WaitGroup
}

// New makes a Dispatcher; it does nothing before Run.
func New(log *slog.Logger, cfg Config) *Dispatcher {
	if cfg.Node == "" {
		cfg.Node = "kaden"
	}
	if cfg.DefaultPlan == "" {
		cfg.DefaultPlan = "default"
	}
	if cfg.Region == "" {
		cfg.Region = "JP"
	}
	if cfg.PerHour == 0 {
		cfg.PerHour = UsualPerHour
	}
	if cfg.Lease == 0 {
		cfg.Lease = 6 * time.Second
	}
	if cfg.Schemes == nil {
		cfg.Schemes = []number.Scheme{number.Tel, number.SIP, number.Sim}
	}
	life, end := context.WithCancel(context.Background())
	return &Dispatcher{
		log: log, cfg: cfg, store: cfg.Store, lines: newLines(cfg.PerHour), decide: callout.DecideAll,
		booted: make(chan struct{}), warmed: make(chan struct{}), news: make(chan struct{}), life: life, end: end, runs: map[string]*run{},
		rooms: rooms{}, callers: map[sid.Call]*caller{}, guests: map[sid.Call]*guest{}, codes: map[string]*code{}, pins: pins{},
	}
}

// newID makes a name for an alert (al), a call-out (co): short enough to be read aloud by an operator.
func newID(kind string) string {
	var b [8]byte
	rand.Read(b[:]) // never fails (crypto/rand, Go 1.24)
	return kind + "-" + hex.EncodeToString(b[:])
}

// started makes r known and sets its goroutine going, unless another drives the call-out already; it
// answers with the one that does. It is called after the commit that made the row.
func (d *Dispatcher) started(r *run) *run {
	d.mu.Lock()
	defer d.mu.Unlock()
	if other := d.runs[r.id()]; other != nil {
		return other
	}
	if d.life.Err() != nil {
		return r // the row stays; the next life adopts it
	}
	d.runs[r.id()] = r
	d.wg.Go(func() {
		r.drive(d.life)
		d.mu.Lock()
		defer d.mu.Unlock()
		if d.runs[r.id()] == r {
			delete(d.runs, r.id())
		}
	})
	return r
}

// spawn runs f unless the Dispatcher is at its end; Run waits for it.
func (d *Dispatcher) spawn(f func()) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.life.Err() == nil {
		d.wg.Go(f)
	}
}

// finish ends life: nothing is started after it.
func (d *Dispatcher) finish() {
	d.mu.Lock()
	d.end()
	d.mu.Unlock()
	d.wg.Wait()
}

// live finds the goroutine of a call-out, nil if none runs here.
func (d *Dispatcher) live(callout string) *run {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.runs[callout]
}

// wake finds or starts the goroutine of a call-out that may have come to rest.
func (d *Dispatcher) wake(ctx context.Context, callout string) (*run, error) {
	if r := d.live(callout); r != nil {
		return r, nil
	}
	row, err := d.store.CalloutByID(ctx, callout)
	if err != nil {
		return nil, fmt.Errorf("call-out %s: %w", callout, err)
	}
	if !row.Active && (row.Owner != d.cfg.Node || row.Fence != d.fence) { // else its next calls were an earlier life's, and ghosts
		if row, err = d.store.Claim(ctx, callout, d.cfg.Node, d.fence); err != nil {
			return nil, fmt.Errorf("call-out %s: %w", callout, err)
		}
	}
	inc, err := d.store.IncidentByID(ctx, row.Alert)
	if err != nil {
		return nil, fmt.Errorf("alert %s: %w", row.Alert, err)
	}
	r, err := d.newRun(row, inc)
	if err != nil {
		return nil, err
	}
	if other := d.started(r); other != r {
		return other, nil
	}
	d.halts(r)
	return r, nil
}
