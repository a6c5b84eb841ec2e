package voice

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/kaden-project/kaden/call"
	"github.com/kaden-project/kaden/leg"
	"github.com/kaden-project/kaden/problem"
	"github.com/kaden-project/kaden/twiml"
)

// Why a group stops ringing, beside the caller's end.
var (
	errJoined = errors.New("somebody is joined")
	errNobody = errors.New("nobody came")
)

// group is calls that ring together, of which one wins. The calls' own goroutines report to it.
type group struct {
	ring context.Context // the life of the ring tone; its cause says why it stops
	stop context.CancelCauseFunc

	// Set by who wins, before the ring tone stops.
	bridge         *call.Bridge
	caller, called call.Side

	mu    sync.Mutex
	calls []*call.Call // by party; nil: it could not be placed
	ends  []call.Event // by party; the zero Event: not over
	won   *call.Call   // once; nobody after that
	taken bool         // other TwiML has taken who won away: that call goes on
	shut  bool         // nobody can win any more
	moved *move        // a transfer under way; nil: none
}

func newGroup(ctx context.Context, n int) *group {
	g := &group{calls: make([]*call.Call, n), ends: make([]call.Event, n)}
	g.ring, g.stop = context.WithCancelCause(ctx)
	return g
}

// call places the call to one party.
func (g *group) call(ctx context.Context, t *run, i int, p party, ring time.Duration) {
	if g.winner() != nil {
		return // somebody answered while the others were being placed
	}
	o := p.order
	o.Ring, o.Setup = ring, ring // both from the dialling: Twilio's timeout
	o.Heard = func(e call.Event) {
		if e.Status.Over() {
			g.ended(i, e)
		}
	}
	o.Script = func(ctx context.Context, c *call.Call) error { return g.answered(ctx, t, c, p) }
	c, err := t.call.Child(ctx, o)
	if err != nil {
		g.ended(i, call.Event{At: time.Now(), Status: call.Failed, Cause: leg.Fault, Text: err.Error()})
		return
	}
	g.mu.Lock()
	g.calls[i] = c
	late := g.won != nil && g.won != c
	g.mu.Unlock()
	if late { // somebody answered while this one was being placed
		c.Part(call.Ending{Cause: leg.Canceled, Reason: answeredElsewhere})
	}
}

const answeredElsewhere = "answered by another"

// answered is the script of a call that was picked up: the name that the caller has said, the whisper, then the
// conversation.
func (g *group) answered(ctx context.Context, t *run, c *call.Call, p party) error {
	if name := t.call.Introduction(); name != nil {
		if err := c.Play(ctx, name.Source()); err != nil {
			return err
		}
	}
	if p.whisper != nil {
		w := &run{
			Runner: t.Runner, call: c, log: t.Runner.log.With("call", c.SID()), whisper: true,
			program: call.Program{URL: p.whisper.url, Method: p.whisper.method},
		}
		if end, err := w.perform(ctx, p.whisper); end != finished || err != nil {
			return err
		}
		c.ForgetKeys() // they were pressed at the whisper
	}
	mine, won := g.claim(c)
	if !won {
		return nil
	}
	var m *move
	for side := &mine; ; {
		err := c.Talk(ctx, *side, false)
		if !errors.Is(err, call.ErrOtherLeft) {
			return err
		}
		m = g.moving(m)
		if side, err = g.goOn(ctx, t.Runner, c, m); side == nil {
			return err
		}
	}
}

// claim makes c the one who is joined, unless somebody is already, and sends the others away. It gives c's side.
func (g *group) claim(c *call.Call) (mine call.Side, won bool) {
	g.mu.Lock()
	if g.won != nil || g.shut || g.ring.Err() != nil {
		g.mu.Unlock()
		return mine, false
	}
	g.won = c
	g.bridge, g.caller, g.called = call.NewBridge()
	mine = g.called
	g.mu.Unlock()
	g.stop(errJoined)
	g.sendAway(call.Ending{Cause: leg.Canceled, Reason: answeredElsewhere}, c)
	return mine, true
}

// sendAway ends every call but one, which may be nil.
func (g *group) sendAway(why call.Ending, but *call.Call) {
	g.mu.Lock()
	defer g.mu.Unlock()
	for _, c := range g.calls {
		if c != nil && c != but {
			c.Part(why)
		}
	}
}

// dismiss is the end of the group: whatever happened, no call is left ringing or talking to nobody.
func (g *group) dismiss() {
	g.mu.Lock()
	g.shut = true
	var but *call.Call
	if g.taken {
		but = g.won
	}
	g.mu.Unlock()
	g.stop(nil)
	g.sendAway(call.Ending{Cause: leg.Canceled, Reason: "the <Dial> is over"}, but)
}

// ended notes how one call ended. When the last has, the caller need not wait any longer.
func (g *group) ended(i int, e call.Event) {
	g.mu.Lock()
	g.ends[i] = e
	left := 0
	for _, e := range g.ends {
		if e.Status == "" {
			left++
		}
	}
	g.mu.Unlock()
	if left == 0 {
		g.stop(errNobody)
	}
}

// unlined gives up on calls that have waited for a line nearly as long as a phone may ring.
func (g *group) unlined() {
	g.mu.Lock()
	defer g.mu.Unlock()
	for _, c := range g.calls {
		if c != nil && c.Record().Started.IsZero() {
			c.Part(call.Ending{Cause: leg.Fault, Reason: "no line was free within the timeout of the <Dial>"})
		}
	}
}

func (g *group) winner() *call.Call {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.won
}

// last is the last one that was called, nil for none.
func (g *group) last() (c *call.Call) {
	g.mu.Lock()
	defer g.mu.Unlock()
	for _, placed := range g.calls {
		if placed != nil {
			c = placed
		}
	}
	return c
}

// report is how the calls ended that have, with a notice for those that failed for reasons of our own.
func (g *group) report(t *run, v *twiml.Dial, parties []party) (statuses []call.Status) {
	g.mu.Lock()
	ends := append([]call.Event(nil), g.ends...)
	g.mu.Unlock()
	for i, e := range ends {
		if e.Status == "" {
			continue
		}
		statuses = append(statuses, e.Status)
		if e.Status == call.Failed && call.Ours(e.Cause) {
			at := parties[i].noun.Position()
			t.notify(problem.Problem{
				Line: at.Line, Column: at.Column, Level: problem.Error, Verb: parties[i].noun.Name(),
				Text: fmt.Sprintf("not called: %s", e.Text),
			})
		}
	}
	return statuses
}
