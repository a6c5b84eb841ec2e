package upstream

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"time"

	"github.com/kaden-project/kaden/call"
	"github.com/kaden-project/kaden/leg"
	"github.com/kaden-project/kaden/leg/streamleg"
	"github.com/kaden-project/kaden/sid"
	"github.com/kaden-project/kaden/tariff"
	"github.com/kaden-project/kaden/timeline"
	"github.com/kaden-project/kaden/trunk"
)

// Call is a call at an upstream, from its order to its end. None of its methods waits for the network.
type Call struct {
	client *Client
	up     trunk.Upstream
	log    *slog.Logger
	name   string // of the attempt, or the call's SID
	to     string // the number, as it was ordered
	done   chan struct{}
	wake   chan struct{} // one place: the inbox has something

	ctx  context.Context // the ordering: ends when the call is to end
	stop context.CancelFunc

	mu    sync.Mutex
	inbox []func()
	shown shown

	owned
}

// shown is what others may see of a call.
type shown struct {
	status  call.Status
	refused bool
	there   string // the platform's SID
}

// owned belongs to the call's goroutine.
type owned struct {
	leg      *streamleg.Leg // the call is a leg of one here, which keeps its own books; nil: a whole call
	order    call.Order
	rec      call.Record
	sid      string // the platform's; "" until it is known
	since    time.Time
	ticket   *call.Ticket // its place in the queue at the gate; nil: there is no gate
	seat     *call.Seat   // its place on the line; nil without one
	found    *resource    // how a call of an earlier life was found; nil: it is to be ordered
	moved    bool         // it was ordered by a kaden with another address
	ordering bool         // a create is under way or may be sent yet
	script   script

	level    int // rank of the state that was told
	rang     bool
	answered bool
	machine  string // what detection said last
	ending   *ending
	told     bool // the end was told
	over     bool

	looking bool        // a look is under way
	looks   int         // since there was news
	blind   int         // looks in vain, one after another
	next    *time.Timer // of the next look
	limit   *time.Timer // what the state waits for at most
	tried   int         // to end it
	untold  []timeline.Event
	charges []call.Charge
	heard   *time.Timer // the message was heard to its end; nil where the platform asks for what comes next
}

// ending is why we end a call.
type ending struct {
	cause leg.Cause
	at    time.Time
}

func (c *Client) newCall(u trunk.Upstream, o call.Order) *Call {
	k := &Call{client: c, up: u, name: o.Attempt, done: make(chan struct{}), wake: make(chan struct{}, 1)}
	if k.name == "" {
		k.name = string(o.SID)
	}
	k.ctx, k.stop = context.WithCancel(c.ctx)
	k.order, k.rec = o, o.Record(time.Now().UTC(), c.cfg.Node)
	k.rec.Trunk, k.to = u.Name, k.rec.To
	if k.rec.From = o.FromByTrunk[u.Name]; k.rec.From == "" {
		k.rec.From = u.From
	}
	k.shown.status = call.Queued
	k.log = c.log.With("call", o.SID, "upstream", u.Name, "attempt", k.name)
	return k
}

// Fixed tells whether what the call says went with its order: there is no public URL.
func (k *Call) Fixed() bool { return k.client.cfg.PublicURL == "" }

// SID is our own name for it.
func (k *Call) SID() sid.Call { return k.order.SID }

// Account is whose call it is.
func (k *Call) Account() sid.Account { return k.order.Account }

// Upstream is the name of the platform it is at.
func (k *Call) Upstream() string { return k.up.Name }

// Done is closed when the call is over and written down.
func (k *Call) Done() <-chan struct{} { return k.done }

// Status is the state that was told last.
func (k *Call) Status() call.Status {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.shown.status
}

// there is the platform's SID, "" while it is not known.
func (k *Call) there() string {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.shown.there
}

// Refused tells that the platform did not take the order: no telephone was tried, so that another line may be.
func (k *Call) Refused() bool {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.shown.refused
}

// Redirect lets whoever listens hear another document.
func (k *Call) Redirect(p call.Program) error {
	if s := k.Status(); s != call.InProgress {
		return fmt.Errorf("%w: it is %s", call.ErrNotInProgress, s)
	}
	k.post(func() { k.redirect(p) })
	return nil
}

// End hangs up, or gives up ringing. The end is told to the order's Heard. The first reason stays.
func (k *Call) End(c leg.Cause) { k.post(func() { k.end(c) }) }

// Tell hands in what the platform said of the call.
func (k *Call) tell(n news) { k.post(func() { k.observe(n) }) }

// post hands f to the call's goroutine, in order, without waiting.
func (k *Call) post(f func()) {
	k.mu.Lock()
	k.inbox = append(k.inbox, f)
	k.mu.Unlock()
	select {
	case k.wake <- struct{}{}:
	default:
	}
}

func (k *Call) posted() []func() {
	k.mu.Lock()
	defer k.mu.Unlock()
	f := k.inbox
	k.inbox = nil
	return f
}

// away runs what asks the platform on a goroutine of its own; then is done with the outcome by the call's.
func away[T any](k *Call, ask func(ctx context.Context) (T, error), then func(T, error)) {
	k.client.working.Go(func() {
		got, err := ask(k.client.ctx)
		k.post(func() { then(got, err) })
	})
}

// run is the call's goroutine.
func (k *Call) run() {
	defer close(k.done)
	defer k.client.leave(k)
	defer k.stop()
	defer func() {
		if k.seat != nil {
			k.seat.Leave()
		}
	}()
	k.next, k.limit = stopped(), stopped()
	defer k.next.Stop()
	defer k.limit.Stop()
	if k.found != nil {
		k.goOn(*k.found)
	} else {
		k.since = time.Now()
		k.keep()
		k.begin()
	}
	for !k.over {
		var heard <-chan time.Time
		if k.heard != nil {
			heard = k.heard.C
		}
		select {
		case <-k.wake:
			for _, f := range k.posted() {
				f()
			}
		case <-k.next.C:
			k.look()
		case <-k.limit.C:
			k.overdue()
		case <-heard:
			k.message()
		case <-k.client.ctx.Done():
			// What is left there is the next life's: the record stays open.
			k.announce(call.Event{Status: k.status(leg.Canceled), Cause: leg.Canceled, ByUs: true, Text: ErrShutdown.Error()})
			return
		}
	}
	k.log.Info("call ended", "there", k.sid, "status", k.rec.Status, "cause", k.rec.Cause, "sip", k.rec.SIPStatus, "rang", k.rang, "answered", k.answered)
}

func stopped() *time.Timer {
	t := time.NewTimer(time.Hour)
	t.Stop()
	return t
}

// observe follows what the platform says. Whatever comes late, twice or out of order changes nothing: a call's
// state only moves on.
func (k *Call) observe(n news) {
	if k.over {
		return
	}
	if n.sid != "" && k.sid == "" {
		k.adopt(n.sid)
	}
	if n.sid != k.sid {
		k.client.stray(k.up, n, "a second call for the same attempt")
		return
	}
	if n.answeredBy != "" && n.status == "" {
		n.status = call.InProgress // it is asked only of those who answered
	}
	level := rank(n.status)
	if level > k.level || n.answeredBy != "" && n.answeredBy != k.machine {
		k.looks = 0
		if n.by == byLook && level > k.level && k.callbacks() {
			k.client.missed(k.up)
		}
	}
	if level < 5 && k.ending == nil || n.status == call.Completed && k.ending == nil {
		k.rise(level)
	}
	if n.answeredBy != "" && k.answered && k.ending == nil {
		k.detected(n.answeredBy)
	}
	if level == 5 {
		k.ended(n)
		return
	}
	if k.ending != nil && k.sid != "" && k.tried == 0 {
		k.hang()
	}
	k.pace()
}

// rise tells every state on the way to the one that was reached and that somebody waits for.
func (k *Call) rise(level int) {
	now := time.Now()
	if level >= rank(call.Initiated) && k.level < rank(call.Initiated) {
		k.level = rank(call.Initiated)
		k.rec.Started = now
		k.mark(timeline.CallInitiated, call.Event{Status: call.Initiated})
		k.limit.Reset(setup + k.order.Ring + late)
	}
	if level >= rank(call.Ringing) {
		k.carried()
	}
	if level == rank(call.Ringing) && k.level < level {
		k.level, k.rang, k.rec.Status = level, true, call.Ringing
		k.mark(timeline.CallRinging, call.Event{Status: call.Ringing})
		k.limit.Reset(k.order.Ring + late)
	}
	if level >= rank(call.InProgress) && !k.answered {
		k.level, k.answered, k.rec.Status, k.rec.Answered = rank(call.InProgress), true, call.InProgress, now
		k.mark(timeline.CallAnswered, call.Event{Status: call.InProgress})
		k.limit.Reset(k.order.TimeLimit + late)
		if k.script.lasts > 0 {
			k.heard = time.NewTimer(k.script.lasts)
		}
	}
}

const (
	late   = 10 * time.Second // that a platform may take longer than its own limits before we end a call
	setup  = 12 * time.Second // until something rings
	queued = 30 * time.Second // that a platform may take longer to begin than it says
)

// detected passes on what the platform takes the one who answered for.
func (k *Call) detected(by string) {
	if by == k.machine {
		return
	}
	d := k.order.Detection
	if d != nil && d.Message && k.machine == "" && strings.HasPrefix(by, "machine_end") {
		k.machine = "machine_start" // whoever waits for the end has heard of the beginning
		k.announce(call.Event{Status: call.InProgress, AnsweredBy: k.machine})
	}
	k.machine, k.rec.AnsweredBy = by, by
	ev := k.event(timeline.CallDetected, "")
	ev.Cause = by
	k.untold = append(k.untold, ev)
	k.write()
	k.announce(call.Event{Status: call.InProgress, AnsweredBy: by})
}

// adopt takes a call there for ours.
func (k *Call) adopt(id string) {
	k.sid = id
	k.client.account(id)
	k.mu.Lock()
	k.shown.there = id
	k.mu.Unlock()
	k.log.Debug("call at the upstream", "there", id)
	k.keep()
}

// end gives the call up.
func (k *Call) end(c leg.Cause) {
	if k.ending != nil || k.over {
		return
	}
	k.ending = &ending{cause: c, at: time.Now()}
	k.stop()
	k.limit.Reset(k.client.limits.Ending)
	if k.sid != "" {
		k.hang()
	}
	// Else the ordering comes to its end, and that to ours.
}

// hang asks the platform to end the call, in whatever state it is by now: completed holds for all of them, where
// canceled would leave a call alone that was answered a moment ago.
func (k *Call) hang() {
	k.tried++
	status := call.Completed
	if !k.answered && k.tried == 1 {
		status = call.Canceled
	}
	id := k.sid
	away(k, func(ctx context.Context) (resource, error) { return k.client.hangUp(ctx, k.up, id, status) }, func(r resource, err error) {
		var no *refusal
		switch {
		case k.over:
		case err == nil && r.Status.Over():
			k.observe(r.told(byAnswer))
		case err == nil && status == call.Canceled && r.Status == call.InProgress:
			k.hang() // the answer has crossed it
		case errors.As(err, &no) && no.code == 20404:
			k.ended(news{status: call.Canceled})
		default:
			if err != nil {
				k.log.Warn("call at the upstream not ended; trying again", "there", id, "err", words(err))
			}
			k.next.Reset(min(time.Duration(k.tried)*k.client.limits.Look/2, time.Minute))
		}
	})
}

// overdue is a state that lasted too long.
func (k *Call) overdue() {
	switch {
	case k.ending != nil && !k.told:
		// Nobody waits longer for the platform's word; the call there is pursued all the same.
		k.log.Error("the upstream has not confirmed the end of the call; it is pursued", "there", k.sid)
		k.announce(k.lastWord(news{status: call.Canceled}))
		k.told = true
		k.limit.Reset(k.client.limits.Reaping)
	case k.ending != nil:
		k.log.Error("giving up: this call may still be up at the upstream", "there", k.sid)
		k.ended(news{status: call.Canceled, text: "the upstream never confirmed it"})
	case k.answered:
		k.end(leg.Completed)
	case k.level < rank(call.Initiated):
		k.log.Error("the upstream took the call and does not begin to dial; it is taken back", "there", k.sid)
		k.end(leg.Fault)
	default:
		k.end(leg.NoAnswer)
	}
}

// ended is the end of the call there.
func (k *Call) ended(n news) {
	if k.over {
		return
	}
	k.over = true
	if k.sid != "" {
		k.client.isOverNow(k.sid)
	}
	if k.heard != nil {
		k.heard.Stop()
	}
	e := k.lastWord(n)
	k.judge(e.Cause, e.Text, 0)
	k.rec.Status, k.rec.Cause, k.rec.SIPStatus, k.rec.Ended = e.Status, e.Cause, e.SIP, time.Now()
	k.charge()
	k.mark(timeline.CallEnded, e)
	for wait := 50 * time.Millisecond; len(k.untold) > 0 && wait < 2*time.Second; wait *= 2 {
		time.Sleep(wait)
		k.write()
	}
}

// carried notes that the upstream works: it rings, or somebody has answered.
func (k *Call) carried() {
	if k.seat != nil && k.seat.Worked() {
		k.notice("trunk-back", fmt.Sprintf("upstream %s works again", k.up.Name))
	}
}

// judge notes how the upstream has fared with a call that is over: its own trouble, or somebody's no. What we gave up
// tells nothing.
func (k *Call) judge(c leg.Cause, why string, asked time.Duration) {
	switch {
	case k.seat == nil || k.ending != nil && c != leg.Fault:
	case c != leg.Fault && c != leg.Congested:
		k.carried()
	case !k.rang && !k.answered:
		if down := k.seat.Failed(why, asked); down != "" {
			k.notice("trunk-down", fmt.Sprintf("upstream %s is down: %s", k.up.Name, down))
		}
	}
}

// notice says something loud about the upstream, once for all calls.
func (k *Call) notice(cause, text string) {
	k.log.Error("notice raised", "cause", cause, "text", text)
	e := k.event(timeline.NoticeRaised, text)
	e.Cause, e.Alert, e.Callout = cause, k.order.Alert, k.order.Callout
	k.untold = append(k.untold, e)
}

// chargedAs is the number of the leg there: the desk counts its own from 0.
const chargedAs = 50

// charge notes what the call has cost by the upstream's price table, as the desk does for a trunk.
func (k *Call) charge() {
	if k.sid == "" || k.leg != nil {
		return
	}
	l := tariff.Leg{To: k.order.To.Number}
	if k.answered {
		l.Answered, l.Talked = true, k.rec.Ended.Truncate(time.Millisecond).Sub(k.rec.Answered.Truncate(time.Millisecond))
	}
	cost, words := k.up.Prices.Cost(l)
	k.rec.Price = cost
	k.charges = append(k.charges, call.Charge{
		Call: k.order.SID, Leg: chargedAs, Account: k.rec.Account, Attempt: k.order.Attempt, Trunk: k.up.Name, At: k.rec.Ended, Talked: l.Talked, Cost: cost,
	})
	if k.up.Prices.Currency != "" {
		ev := k.event(timeline.CallCharged, cost.String()+" over "+k.up.Name+": "+words)
		ev.At, ev.Alert, ev.Callout = k.rec.Ended.UTC(), k.order.Alert, k.order.Callout
		k.untold = append(k.untold, ev)
	}
}

// lastWord is how the end is told.
func (k *Call) lastWord(n news) call.Event {
	cause := causeOf(n, k.rang)
	byUs := false
	if k.ending != nil {
		byUs = cause == leg.Canceled || cause == leg.HungUp || cause == leg.NoAnswer && !k.answered
		switch {
		case byUs && k.answered:
			cause = leg.Completed
		case byUs:
			cause = canceled
			if k.ending.cause == leg.NoAnswer || k.ending.cause == leg.Fault {
				cause = k.ending.cause
			}
			byUs = cause != leg.Fault // that was the platform's
		}
	}
	text := n.text
	if hint := remedies[n.code]; hint != "" {
		text = fmt.Sprintf("%s (code %d): %s", text, n.code, hint)
	}
	return call.Event{Status: k.status(cause), Cause: cause, SIP: n.sip, ByUs: byUs, Text: text}
}

func (k *Call) status(c leg.Cause) call.Status { return call.StatusOf(call.OutboundAPI, c, k.answered) }

// event is a timeline event of this call.
func (k *Call) event(kind timeline.Kind, text string) timeline.Event {
	return timeline.Event{At: time.Now().UTC(), Kind: kind, Call: string(k.order.SID), Attempt: k.order.Attempt, Text: text}
}

// mark is a change of state: written down and then told.
func (k *Call) mark(kind timeline.Kind, e call.Event) {
	ev := k.event(kind, e.Text)
	ev.Cause = string(e.Cause)
	k.untold = append(k.untold, ev)
	k.write()
	k.announce(e)
}

// announce tells whoever ordered the call.
func (k *Call) announce(e call.Event) {
	e.At, e.Trunk = time.Now(), k.up.Name
	k.mu.Lock()
	k.shown.status = e.Status
	k.mu.Unlock()
	if k.order.Heard != nil && !k.told {
		k.order.Heard(e)
	}
}

// write puts the record in the store. What fails stays pending and goes with the next change.
func (k *Call) write() {
	if k.leg != nil {
		k.untold, k.charges = nil, nil
		return
	}
	k.rec.Updated = time.Now().UTC()
	ctx, stop := context.WithTimeout(context.WithoutCancel(k.client.ctx), 5*time.Second)
	defer stop()
	if err := k.client.cfg.Store.Change(ctx, call.Change{Record: k.rec, Events: k.untold, Charges: k.charges}); err != nil {
		k.log.Error("change of the call not written", "status", k.rec.Status, "err", err)
		return
	}
	k.untold, k.charges = nil, nil
}
