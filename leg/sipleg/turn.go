package sipleg

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/emiago/sipgo/sip"
)

// Several processes may have the same lines. Of those that register one is signed on for all: with two contacts a call would
// ring in two houses, or, where a carrier keeps one, each would throw the other's away. Whose turn it is, is decided outside.

// Turn says whose a line's registration is. The zero Turn is nobody's: the carrier is not asked.
type Turn struct {
	Ours bool
	// Sure, of one that is ours: until then it is nobody else's. After that the registrar is asked who is there before it is
	// told anything, because whoever decides may be away, or have given the turn to somebody else.
	Sure time.Time
	Left string // of one that is ours: a dead process's contact, <sip:…>, which is taken away first; "" is none

	There  Standing // of one that is another's (There.Holder): how it stands there
	Routes []string // … and the way that the carrier wants calls to take (Service-Route): ours take it as well
}

func (t Turn) same(o Turn) bool {
	return t.Ours == o.Ours && (t.Ours || t.There == o.There && slices.Equal(t.Routes, o.Routes))
}

// errDisplaced says that a registrar has a contact of another process of ours, and none of this one.
var errDisplaced = errors.New("another node has signed on meanwhile")

// SetTurn says whose the registration of a line is now (Config.Shared). It does not wait. What was ours and is another's is not
// signed off: whoever has it sees to that.
func (s *Server) SetTurn(line string, t Turn) {
	a := s.lines.find(line)
	if a == nil {
		return
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	was := a.turn
	a.turn = t
	if was.same(t) {
		return
	}
	if was.Ours != t.Ours && a.cut != nil {
		a.cut()
	}
	select {
	case a.flips <- struct{}{}:
	default:
	}
}

// Resign signs off a line that is ours, so that another process can sign on; it is nobody's then. It waits for the carrier, as
// long as ctx lasts; false: the carrier may still call us.
func (s *Server) Resign(ctx context.Context, line string) (off bool) {
	a := s.lines.find(line)
	if a == nil {
		return true
	}
	defer s.SetTurn(line, Turn{})
	done := make(chan bool, 1)
	select {
	case a.leave <- done:
	case <-ctx.Done():
		return false
	}
	select {
	case off = <-done:
	case <-ctx.Done():
	}
	return off
}

// Signed is what a line of ours has at its carrier: where calls come to, and the way that ours are to take; "" and nil where it
// is not signed on.
func (s *Server) Signed(line string) (contact string, routes []string) {
	if a := s.lines.find(line); a != nil {
		routes, contact = a.way()
	}
	return contact, routes
}

// shared tells whether the line has to wait for its turn.
func (a *attendant) shared() bool { return a.srv.cfg.Shared && a.line.Register }

// inTurn is whose turn it is, and a context that ends with it.
func (a *attendant) inTurn(ctx context.Context) (context.Context, Turn, func()) {
	ctx, cut := context.WithCancel(ctx)
	a.mu.Lock()
	defer a.mu.Unlock()
	select {
	case <-a.flips: // that is known now
	default:
	}
	a.cut = cut
	return ctx, a.turn, func() {
		a.mu.Lock()
		defer a.mu.Unlock()
		a.cut = nil
		cut()
	}
}

// sure tells whether nobody else can be signed on.
func (a *attendant) sure() bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	return !a.shared() || a.turn.Ours && time.Now().Before(a.turn.Sure)
}

// another tells whether another process is signed on.
func (a *attendant) another() bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.standing.Holder != ""
}

// resigned makes a line nobody's.
func (a *attendant) resigned() {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.turn = Turn{}
}

// standBy is a line whose registration is another process's. Calls may still come and go over it: where the carrier is, and
// where it sees us, is found out all the same.
func (a *attendant) standBy(ctx context.Context, t Turn) (again time.Duration) {
	a.mu.Lock()
	a.granted, a.contact, a.routes = time.Time{}, "", t.Routes
	a.mu.Unlock()
	if t.There.Condition == "" {
		t.There.Condition = Waiting
	}
	a.note(t.There)
	again = a.locate(ctx)
	if t.There.Holder == "" {
		return again
	}
	h, err := a.line.hop()
	if err != nil {
		return again
	}
	all, err := a.srv.places(ctx, h)
	if err != nil {
		return again
	}
	for _, p := range all {
		f, err := a.srv.reach(ctx, p)
		if err != nil {
			continue
		}
		a.goesTo(p.addr.Addr())
		if r, err := a.srv.options(ctx, a.line, p, f, h.route); err == nil {
			a.flow, a.at = f, p
			a.look(r)
			a.follow(a.contactHost(f))
			break
		}
	}
	if ctx.Err() != nil { // the turn has changed meanwhile
		return 0
	}
	return again
}

// clear makes the way free before we sign on: the contact of a dead process is taken away, and where another may have the turn
// by now the registrar is asked whether it is there. What it returns, if anything, is the end of the try.
func (a *attendant) clear(ctx context.Context, f flow, host string) (*response, error) {
	a.mu.Lock()
	t := a.turn
	a.mu.Unlock()
	switch {
	case !a.shared():
	case !a.sure():
		r, err := a.srv.inquire(ctx, f, &a.q) // without a Contact it changes nothing (RFC 3261 section 10.2.3)
		if err != nil || r.StatusCode >= 300 {
			return r, err
		}
		if a.isDisplaced(r, host, t.Left) {
			return r, errDisplaced
		}
	case t.Left != "" && t.Left != a.cleared && t.Left != a.contactFor(f, host):
		r, err := a.srv.inquire(ctx, f, &a.q, header{"Contact", t.Left + ";expires=0"})
		if err != nil {
			return r, err
		}
		a.cleared = t.Left // whatever the answer was: some refuse to forget what they do not know
		if r.StatusCode < 300 {
			a.log.Info("the contact of the node that was signed on before is taken away")
			a.mu.Lock()
			a.standing.Removed++
			a.mu.Unlock()
		}
	}
	return nil, nil
}

// isDisplaced tells whether a registrar has a contact of another process, and none at our host. left is one of the dead. A
// registrar that lists nothing has nobody.
func (a *attendant) isDisplaced(r *response, host, left string) (other bool) {
	dead := ""
	var u sip.Uri
	if uri, _, ok := nameAddr(left); ok && sip.ParseUri(uri, &u) == nil {
		dead = hostPort(&u)
	}
	for _, b := range a.bindings(r) {
		if b.here || b.at == host {
			return false
		}
		other = other || b.at != dead
	}
	return other
}

// displaced waits until it is known again whose turn it is.
func (a *attendant) displaced() (again time.Duration) {
	a.mu.Lock()
	a.granted = time.Time{}
	a.mu.Unlock()
	a.note(Standing{Condition: Waiting, Why: errDisplaced.Error()})
	a.plan(a.srv.t.Again)
	return a.srv.t.Again
}

// checkElsewhere says how a line stands with the process that signs on for all.
func (a *attendant) checkElsewhere(s Standing) Finding {
	switch s.Condition {
	case Registered:
		return right("registration", "registered by node %s, as %s at %s for %v", s.Holder, a.line.User, a.line.domain(), time.Until(s.Until).Round(time.Second))
	case Refused, Silent:
		return wrong("registration", s.Remedy, "node %s, which signs on for all: %s", s.Holder, s.Why)
	}
	return unsaid("registration", "node %s is about to sign on for all", s.Holder)
}
