package main

import (
	"cmp"
	"context"
	"log/slog"
	"slices"
	"sync"
	"time"

	"github.com/kaden-project/kaden/leg/sipleg"
	"github.com/kaden-project/kaden/trunk"
)

// registrations shares the registrations of trunks with other processes on the same database: of those that register, each is
// signed on by one process for all (ADR 94). nil is a process that shares with nobody. Its methods may be called from any goroutine.
type registrations struct {
	log    *slog.Logger
	node   string
	book   trunk.Registrations
	lines  turnTaker
	wanted func() []string // trunks that register
	again  chan struct{}   // one place: look before it is time

	mu     sync.Mutex // held while the store is asked
	seen   bool       // the store has answered
	silent bool       // … and does not any more, which was said
	left   bool       // all are given back, for good
	others int
	mine   []trunk.Registration
	passed map[string]pass // trunks that were left to others, because this node could not sign on
}

// pass is a trunk that was left to others: how often in a row, and until when they come first.
type pass struct {
	times int
	until time.Time
}

// turnTaker signs on and off; sipleg.Server is one.
type turnTaker interface {
	SetTurn(line string, t sipleg.Turn)
	Standing(line string) (sipleg.Standing, bool)
	Signed(line string) (contact string, routes []string)
	Resign(ctx context.Context, line string) (off bool)
}

const (
	// turnsEvery is how often it is looked whose turn it is.
	turnsEvery = time.Second
	// turnsSoon is the same until this process is a node.
	turnsSoon = 100 * time.Millisecond
	// othersFirst is how long others have for a trunk that was left to them.
	othersFirst = 10 * time.Second
	// resigning is how long carriers may take to sign us off.
	resigning = 3 * time.Second
)

// tries is how long a node tries to sign on before it leaves a trunk to another: its own way to the carrier may be cut, or its own
// environment lack the password. Where nobody can, each tries for longer and longer: carriers lock accounts.
var tries = []time.Duration{30 * time.Second, 5 * time.Minute, 15 * time.Minute}

func newRegistrations(log *slog.Logger, node string, book trunk.Registrations, lines turnTaker, wanted func() []string) *registrations {
	return &registrations{log: log, node: node, book: book, lines: lines, wanted: wanted, again: make(chan struct{}, 1), passed: map[string]pass{}}
}

// soon looks whose turn it is before it is time: the trunks have changed, or somebody has given one back.
func (g *registrations) soon() {
	if g == nil {
		return
	}
	select {
	case g.again <- struct{}{}:
	default:
	}
}

// run looks whose turn it is until ctx ends.
func (g *registrations) run(ctx context.Context) {
	if g == nil {
		return
	}
	for {
		next := time.NewTimer(g.look(ctx))
		select {
		case <-next.C:
		case <-g.again:
			next.Stop()
		case <-ctx.Done():
			next.Stop()
			return
		}
	}
}

// look takes what is no living node's, passes on whose turn it is, and writes down how ours stand. Where the store does not
// answer all stays as it is, and what is ours is no longer sure after a while (sipleg.Turn).
func (g *registrations) look(ctx context.Context) (again time.Duration) {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.lookNow(ctx)
}

// lookNow is look; mu is held.
func (g *registrations) lookNow(ctx context.Context) (again time.Duration) {
	wanted := g.wanted()
	if len(wanted)+len(g.mine) == 0 {
		return turnsEvery
	}
	if g.left {
		wanted = nil // and those of others are still looked at
	}
	roll, err := g.book.TakeRegistrations(ctx, g.node, slices.DeleteFunc(slices.Clone(wanted), g.spares))
	switch {
	case err != nil && !g.seen:
		return turnsSoon // not a node yet
	case err != nil:
		if !g.silent && ctx.Err() == nil {
			g.log.Warn("not known whose turn it is to sign on; what is signed on stays so as long as nobody else is there", "err", err)
		}
		g.silent = true
		return turnsEvery
	}
	g.seen, g.silent, g.others, g.mine = true, false, roll.Others, nil
	for _, r := range roll.All {
		switch {
		case r.Node == g.node && g.left:
		case r.Node == g.node && !slices.Contains(wanted, r.Trunk):
			g.give(ctx, r, true) // it is signed off like any line that is gone
		case r.Node == g.node && g.inVain(r.Trunk):
			g.pass(ctx, r)
		case r.Node == g.node:
			g.mine = append(g.mine, r)
			g.hold(ctx, r, roll.Sure)
		default:
			g.lines.SetTurn(r.Trunk, thereIs(r))
		}
	}
	return turnsEvery
}

// spares tells whether a trunk was left to others a moment ago.
func (g *registrations) spares(name string) bool { return time.Now().Before(g.passed[name].until) }

// inVain tells whether this node has tried for long enough to sign on to a trunk that is its.
func (g *registrations) inVain(name string) bool {
	s, ok := g.lines.Standing(name)
	if ok && s.Condition == sipleg.Registered && s.Holder == "" {
		delete(g.passed, name)
	}
	return ok && s.Down() && g.others > 0 && time.Since(s.Since) >= tries[min(g.passed[name].times, len(tries)-1)]
}

// pass leaves a trunk to others.
func (g *registrations) pass(ctx context.Context, r trunk.Registration) {
	g.log.Warn("this node cannot sign on; another one is to try", "line", r.Trunk)
	g.passed[r.Trunk] = pass{g.passed[r.Trunk].times + 1, time.Now().Add(othersFirst)}
	g.lines.SetTurn(r.Trunk, sipleg.Turn{})
	g.give(ctx, r, false)
}

// give gives one back. off tells whether the carrier knows.
func (g *registrations) give(ctx context.Context, r trunk.Registration, off bool) {
	if off {
		r.Contact = ""
	}
	if err := g.book.GiveRegistration(ctx, r); err != nil && ctx.Err() == nil {
		g.log.Warn("a registration is not given back; another node takes it when our lease is over", "trunk", r.Trunk, "err", err)
	}
}

// hold signs on to a trunk, or goes on with it, and writes down how that stands. A contact that is not ours is a dead process's.
func (g *registrations) hold(ctx context.Context, r trunk.Registration, sure time.Time) {
	now := r
	contact, routes := g.lines.Signed(r.Trunk)
	t := sipleg.Turn{Ours: true, Sure: sure}
	if contact != r.Contact {
		t.Left = r.Contact
	}
	g.lines.SetTurn(r.Trunk, t)
	s, ok := g.lines.Standing(r.Trunk)
	if !ok || s.Holder != "" || s.Condition == sipleg.Waiting {
		return // not asked yet
	}
	now.Contact = cmp.Or(contact, r.Contact)
	if contact != "" {
		now.Routes = routes
	}
	now.State, now.Why, now.Remedy = string(s.Condition), s.Why, s.Remedy
	now.Since, now.Until = s.Since.Truncate(time.Millisecond), s.Until.Truncate(time.Millisecond)
	if sameRegistration(now, r) {
		return
	}
	if err := g.book.KeepRegistration(ctx, now); err != nil && ctx.Err() == nil {
		g.log.Debug("how a trunk's registration stands is not written down", "trunk", r.Trunk, "err", err) // the next look says why
	}
}

func sameRegistration(a, b trunk.Registration) bool {
	return a.Contact == b.Contact && slices.Equal(a.Routes, b.Routes) && a.State == b.State && a.Why == b.Why && a.Remedy == b.Remedy &&
		a.Since.Equal(b.Since) && a.Until.Equal(b.Until)
}

// thereIs is a trunk whose registration is another node's.
func thereIs(r trunk.Registration) sipleg.Turn {
	return sipleg.Turn{Routes: r.Routes, There: sipleg.Standing{
		Holder: r.Node, Condition: sipleg.Condition(r.State), Since: r.Since, Until: r.Until, Why: r.Why, Remedy: r.Remedy,
	}}
}

// leave signs off what is ours and gives it back, so that another node takes it at once; after that nothing is taken any more. With
// company, only where another node is alive: who is alone stays reachable for as long as calls may end.
func (g *registrations) leave(company bool) {
	if g == nil {
		return
	}
	done := make(chan struct{})
	ctx, stop := context.WithTimeout(context.Background(), resigning)
	defer stop()
	go func() { // the store may be away, which is no reason not to end
		defer close(done)
		g.mu.Lock()
		defer g.mu.Unlock()
		if company {
			g.lookNow(ctx) // somebody may have come to life a moment ago
		}
		if g.left || company && g.others == 0 {
			return
		}
		g.left = true
		var all sync.WaitGroup
		for _, r := range g.mine {
			all.Go(func() {
				if contact, _ := g.lines.Signed(r.Trunk); contact != "" {
					r.Contact = contact
				}
				g.give(context.WithoutCancel(ctx), r, g.lines.Resign(ctx, r.Trunk))
			})
		}
		all.Wait()
	}()
	select {
	case <-done:
	case <-ctx.Done():
	}
}
