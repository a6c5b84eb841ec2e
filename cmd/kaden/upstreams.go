package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/kaden-project/kaden/account"
	"github.com/kaden-project/kaden/call"
	"github.com/kaden-project/kaden/dispatch"
	"github.com/kaden-project/kaden/leg"
	"github.com/kaden-project/kaden/manifest"
	"github.com/kaden-project/kaden/message"
	"github.com/kaden-project/kaden/number"
	"github.com/kaden-project/kaden/sid"
	"github.com/kaden-project/kaden/trunk"
	"github.com/kaden-project/kaden/twiml"
	"github.com/kaden-project/kaden/upstream"
	"github.com/kaden-project/kaden/voice"
)

// caller is dispatch.Caller: the voice prepares, and the desk places, or an upstream takes the whole call.
type caller struct {
	log       *slog.Logger
	voice     *voice.Runner
	desk      *call.Desk
	upstreams *upstream.Client
	house     func() *manifest.Set
}

func (c caller) Prepare(ctx context.Context, doc *twiml.Response) error {
	return c.voice.Prepare(ctx, doc)
}

// Call sends an order on its first way, and on the next one when that one did not take it.
func (c caller) Call(ctx context.Context, o call.Order) (dispatch.Line, error) {
	j := &journey{caller: c, ctx: ctx, order: o, ways: waysOf(c.house(), o)}
	j.mu.Lock()
	defer j.mu.Unlock()
	if err := j.start(); err != nil {
		return nil, err
	}
	// A call to a person ends with the call-out that asked for it.
	j.forget = context.AfterFunc(ctx, func() { j.End(leg.Canceled) })
	return j, nil
}

// ourLines is the way over the trunks and phones of this house.
const ourLines = ""

// waysOf are the ways an order may take, the best first: trunks before upstreams unless the plan names an
// upstream first. The desk chooses among trunks by itself.
func waysOf(set *manifest.Set, o call.Order) (ways []string) {
	own := slices.ContainsFunc(set.Numbers, func(n account.Number) bool { return n.Number == string(o.To.Number) })
	if o.To.Scheme != number.Tel || o.Here || own || len(set.Upstreams) == 0 {
		return []string{ourLines}
	}
	candidates, _ := trunk.Choose(set.Lines(), o.To.Number, o.Prefer)
	for _, t := range candidates {
		way := ourLines
		if isUpstream(set, t.Name) {
			way = t.Name
		}
		if !slices.Contains(ways, way) {
			ways = append(ways, way)
		}
	}
	if len(ways) == 0 {
		ways = []string{ourLines} // where it is said why
	}
	return ways
}

func isUpstream(set *manifest.Set, name string) bool {
	return slices.ContainsFunc(set.Upstreams, func(u trunk.Upstream) bool { return u.Name == name })
}

// journey is a call that may go from one way to the next, as long as nothing has rung. It is a dispatch.Line.
type journey struct {
	caller
	ctx    context.Context
	order  call.Order
	forget func() bool

	away  atomic.Bool // it is on another platform, or on its way there
	fixed atomic.Bool // its script went with the order
	mu    sync.Mutex
	ways  []string
	line  dispatch.Line
	rang  bool
	ended bool // by us
}

// start takes the next way that can be taken. mu is held: what happens to the call is heard after that.
func (j *journey) start() error {
	var errs []error
	for len(j.ways) > 0 {
		way := j.ways[0]
		j.ways = j.ways[1:]
		line, err := j.by(way)
		if err == nil {
			j.line = line
			return nil
		}
		if way != ourLines {
			err = fmt.Errorf("%s: %w", way, err)
		}
		errs = append(errs, err)
	}
	return errors.Join(errs...)
}

func (j *journey) by(way string) (dispatch.Line, error) {
	o := j.order
	o.Heard = j.heard
	j.away.Store(way != ourLines)
	j.fixed.Store(false)
	if way != ourLines {
		k, err := j.upstreams.Place(j.ctx, way, o)
		if err != nil {
			return nil, err
		}
		j.fixed.Store(k.Fixed())
		return k, nil
	}
	if o.OwnLines = !o.Here; o.OwnLines { // the upstreams are ways of their own
		o.Prefer = slices.DeleteFunc(slices.Clone(o.Prefer), func(name string) bool { return isUpstream(j.house(), name) })
	}
	c, err := j.desk.Place(j.ctx, o)
	if err != nil {
		return nil, err
	}
	return c, nil
}

// heard passes on what happened, unless the call can go another way.
func (j *journey) heard(e call.Event) {
	j.mu.Lock()
	if e.Status == call.Ringing || e.Status == call.InProgress {
		j.rang = true
	}
	moves := e.Status.Over() && !e.ByUs && !j.rang && !j.ended && len(j.ways) > 0 && j.elsewhere(e)
	j.mu.Unlock()
	if !moves {
		j.pass(e)
		return
	}
	go func() {
		j.log.Warn("call goes another way", "attempt", j.order.Attempt, "refused", e.Trunk, "cause", e.Cause, "err", e.Text)
		j.mu.Lock()
		err := errors.New("it was given up")
		if !j.ended {
			err = j.start()
		}
		j.mu.Unlock()
		if err != nil {
			j.pass(e)
		}
	}()
}

// elsewhere tells whether another way may do better: the network refused, not a person (rule 27).
func (j *journey) elsewhere(e call.Event) bool {
	switch e.Cause {
	case leg.Fault, leg.Congested, leg.Failed:
		return true
	}
	r, ok := j.line.(interface{ Refused() bool })
	return ok && r.Refused()
}

func (j *journey) pass(e call.Event) {
	if e.Status.Over() {
		j.mu.Lock()
		forget := j.forget
		j.mu.Unlock()
		if forget != nil {
			forget()
		}
	}
	if j.order.Heard != nil {
		j.order.Heard(e)
	}
}

// Redirect lets whoever listens hear another document.
func (j *journey) Redirect(p call.Program) error { return j.now().Redirect(p) }

// End hangs up, on whatever way the call is.
func (j *journey) End(c leg.Cause) {
	j.mu.Lock()
	j.ended = true
	line := j.line
	j.mu.Unlock()
	line.End(c)
}

// Away tells whether the call is on another platform. It does not wait: a script asks it while its call is placed.
func (j *journey) Away() bool { return j.away.Load() }

// Crowded names the trunks of which the call waits for a channel. It does not wait, and knows none while the way changes.
func (j *journey) Crowded() []string {
	if !j.mu.TryLock() {
		return nil
	}
	defer j.mu.Unlock()
	if c, ok := j.line.(interface{ Crowded() []string }); ok {
		return c.Crowded()
	}
	return nil
}

// Fixed tells whether what is said went with the order, so that nothing else can be told in this call.
func (j *journey) Fixed() bool { return j.fixed.Load() }

func (j *journey) now() dispatch.Line {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.line
}

// openUpstreams makes the way to other platforms.
func (r *rooms) openUpstreams(secret []byte) {
	r.upstreams = upstream.New(r.log, upstream.Config{
		Upstreams: func() []trunk.Upstream { return r.house.Load().Upstreams },
		Store:     r.store, Scripts: r.asker, Origin: dispatch.Origin, PublicURL: r.settings.PublicURL,
		Secret: secret, Node: r.settings.Node, Gate: r.desk, Clock: r.clock,
		Letters: func(id sid.Message, w message.Word) { r.letters.desk.Heard(id, w) },
		Inbound: func(ctx context.Context, in upstream.In) error {
			return r.letters.take(ctx, message.Record{From: in.From, To: in.To, Body: in.Body, Segments: in.Segments, Carrier: in.Upstream, There: in.There}, in.Media)
		},
	})
}

// upstreamLines are the upstreams as lines of this house.
func (r *rooms) upstreamLines() (lines []trunk.Trunk) {
	for _, u := range r.house.Load().Upstreams {
		lines = append(lines, u.Line())
	}
	return lines
}

// lines are those that carry single legs: the trunks, and after them the upstreams, where those reach us.
func (r *rooms) lines() []trunk.Trunk {
	set := r.house.Load()
	if r.settings.PublicURL == "" || len(set.Upstreams) == 0 {
		return set.Trunks
	}
	return append(slices.Clone(set.Trunks), r.upstreamLines()...)
}

// otherLines carry nothing but whole calls.
func (r *rooms) otherLines() []trunk.Trunk {
	if r.settings.PublicURL != "" {
		return nil
	}
	return r.upstreamLines()
}

// legsAway dials over upstreams; those are opened after the desk, whose gate they go through.
type legsAway struct{ r *rooms }

func (l legsAway) Dial(ctx context.Context, to leg.Target, o leg.Options) (leg.Leg, error) {
	return l.r.upstreams.Dial(ctx, to, o)
}

func (l legsAway) End(ctx context.Context, to leg.Target, o leg.Options, r leg.Remains) error {
	return l.r.upstreams.End(ctx, to, o, r)
}

// calls is how many are not over, here and at upstreams.
func (r *rooms) calls() int { return r.desk.Calls() + r.upstreams.Calls() }

// scripts serves people's scripts to those who carry their calls elsewhere. A call at an upstream has to be
// asked for by that upstream.
func (r *rooms) scripts(w http.ResponseWriter, q *http.Request) {
	q.Body = http.MaxBytesReader(w, q.Body, 64<<10)
	if part := strings.Split(q.URL.EscapedPath(), "/"); len(part) > 2 {
		attempt, err := url.PathUnescape(part[2])
		var k *upstream.Call
		if err == nil {
			if !r.here(attempt, w, q) {
				return
			}
			k, err = r.upstreams.Admit(attempt, q)
		}
		if err != nil {
			http.Error(w, "the signature does not match", http.StatusForbidden)
			return
		}
		if k != nil {
			r.bringHome(k, q)
		}
	}
	r.dispatch.ServeHTTP(w, q)
}

// endGhost ends what the last run, or a dead node, left of an attempt at a carrier or an upstream. Which way it was on when the
// process died is known for an upstream alone: a trunk is told as well, where it may have gone there after that.
func (r *rooms) endGhost(ctx context.Context, a dispatch.Attempt) error {
	o, err := a.Order()
	if err != nil {
		return nil // it never came to a call
	}
	defer r.desk.GhostGone(a.Call)
	r.log.Info("ending a call that was left", "callout", a.Callout, "call", a.Call, "to", o.To)
	o.OwnLines = !o.Here
	if !upstream.Mine(a.Remains) {
		return r.desk.EndGhost(ctx, o, a.Trunk, a.Remains)
	}
	there := make(chan error, 1)
	go func() { there <- r.upstreams.EndGhost(ctx, a.Remains) }()
	if slices.Contains(waysOf(r.house.Load(), o), ourLines) {
		err = r.desk.EndGhost(ctx, o, "", nil)
	}
	return joinErrors(<-there, err)
}
