package dispatch

import (
	"cmp"
	"context"
	"slices"
	"sync"
	"time"

	"github.com/kaden-project/kaden/callout"
	"github.com/kaden-project/kaden/leg"
	"github.com/kaden-project/kaden/timeline"
)

// A call that another platform carries does not die with its process: its telephone rings on, and whoever
// listens goes on listening. The next life, or another node, takes it up, so that nobody is called a second time and the
// key that is pressed counts. Where that is not possible, the call is a ghost like all others and is ended.

// rejoinWait is how long the start waits for a platform to say whether a call is still under way: longer, and
// others wait too long for their alerts.
const rejoinWait = 3 * time.Second

// rejoin takes up what goes on elsewhere of the ghosts, and returns the lines and the ghosts that are left.
func (d *Dispatcher) rejoin(ctx context.Context, ghosts []Attempt) (back []*line, left []Attempt) {
	if d.cfg.Rejoin == nil {
		return nil, ghosts
	}
	ctx, stop := context.WithTimeout(ctx, rejoinWait)
	defer stop()
	lines := make([]*line, len(ghosts))
	var all sync.WaitGroup
	for i, g := range ghosts {
		if worthRejoining(g) {
			all.Go(func() { lines[i] = d.rejoinOne(ctx, g) })
		}
	}
	all.Wait()
	for i, l := range lines {
		if l == nil {
			left = append(left, ghosts[i])
			continue
		}
		back = append(back, l)
	}
	return back, left
}

// worthRejoining tells whether an attempt's own call is still wanted: it is undecided, or the person who decided it
// is being told so.
func worthRejoining(g Attempt) bool {
	o := callout.Outcome(g.Status)
	return len(g.Remains) > 0 && (g.Line == "" || g.Line == g.ID) && !g.Inbound && (!o.Final() || o == callout.Confirmed || o == callout.Passed)
}

// rejoinOne takes up one call; nil if there is nothing to be taken up.
func (d *Dispatcher) rejoinOne(ctx context.Context, g Attempt) *line {
	o, err := g.Order()
	if err != nil {
		return nil
	}
	l := d.lines.again(g, now())
	if l == nil {
		return nil // the person has a line already: one of the two is too many
	}
	o.Heard = l.heard
	o.Keep = func(ctx context.Context, rest leg.Remains) error {
		return d.store.KeepRemains(ctx, g.ID, g.Target, rest)
	}
	h, err := d.cfg.Rejoin(ctx, g, o)
	if err != nil {
		d.log.Info("call of the last run is not taken up", "alert", g.Alert, "callout", g.Callout, "call", g.Call, "why", err)
		l.finish(now(), callout.Lost, "")
		return nil
	}
	l.take(h)
	d.log.Info("call of the last run goes on", "alert", g.Alert, "callout", g.Callout, "call", g.Call)
	return l
}

// again gives back the line of an attempt whose call may have outlived the process; nil if the person has one, but for
// those of the same call-out that rang at the same time.
func (ls *lines) again(g Attempt, now time.Time) *line {
	ls.mu.Lock()
	defer ls.mu.Unlock()
	if slices.ContainsFunc(ls.byPerson[g.Person], func(l *line) bool { return !l.rejoined || calloutOf(l.lead) != calloutOf(g.ID) }) {
		return nil
	}
	l := &line{person: g.Person, address: g.Address, lead: g.ID, sid: g.Call, over: make(chan struct{}), all: ls, trunk: g.Trunk, detected: g.AnsweredBy, rejoined: true}
	ls.add(l)
	if !slices.ContainsFunc(ls.calls[g.Person], g.Dialed.Equal) { // else it was remembered at the start
		ls.calls[g.Person] = append(ls.calls[g.Person], now)
	}
	return l
}

// goesOn puts an attempt back on the call that it was on, if that was taken up. Whoever decided it is only told so
// to the end: nobody else gets on that call.
func (r *run) goesOn(a callout.Attempt, at time.Time) bool {
	l := r.d.lines.led(cmp.Or(r.attempts[a.ID].Line, a.ID))
	if l == nil {
		return false
	}
	l.all.mu.Lock()
	defer l.all.mu.Unlock()
	if !l.rejoined || l.phase == ended || l.hold == nil || l.person != a.Person || l.all.byRider[a.ID] != nil {
		return false
	}
	l.board(rider{a.ID, r}, at)
	if a.Outcome.Final() && l.lead == a.ID {
		l.phase = closing
	}
	return true
}

// resumed says on the timeline that a call goes on.
func (r *run) resumed(a callout.Attempt) {
	r.ask(item{change: func(t *turn) {
		t.note(now(), timeline.Event{
			Kind: timeline.CalloutResumed, Person: a.Person, Attempt: a.ID, Text: "kaden was restarted; the call that is under way goes on",
		})
	}})
}

// endDeserted hangs up calls that were taken up and on which nobody rides: their call-out is another node's, or over.
func (d *Dispatcher) endDeserted(back []*line) {
	for _, l := range back {
		if len(l.aboard()) > 0 {
			continue
		}
		if h := l.holder(); h != nil {
			d.log.Warn("a call of the last run that nobody waits for is ended", "call", l.sid)
			h.End(leg.Canceled)
		}
	}
}

// onItsOwn keeps the ghosts whose call is their own, not another's that they rode on.
func onItsOwn(ghosts []Attempt) []Attempt {
	return slices.DeleteFunc(ghosts, func(g Attempt) bool { return g.Line != "" && g.Line != g.ID })
}
