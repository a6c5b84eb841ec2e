package clientsdk

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/kaden-project/kaden/leg"
	"github.com/kaden-project/kaden/media"
	"github.com/kaden-project/kaden/number"
	"github.com/kaden-project/kaden/sid"
)

var _ leg.Dialer = (*Server)(nil)

// Dial rings every tab of an identity, client:sato, also those that come on duty while it rings. It is one leg: the
// first tab to answer is who is talked to, and a no in any of them is the person's no. Nothing of a browser outlives
// the process, so Options.Keep is not called.
func (s *Server) Dial(ctx context.Context, to leg.Target, o leg.Options) (leg.Leg, error) {
	if err := context.Cause(ctx); err != nil {
		return nil, err
	}
	a, err := number.ParseAddress(to.URI)
	if err != nil {
		return nil, err
	}
	if a.Scheme != number.Client {
		return nil, fmt.Errorf("%s: addresses are not browsers", a.Scheme)
	}
	l := &Leg{
		s: s, who: who{sid.Account(to.Account), a.Text}, call: to.Call, beside: o.Beside,
		info: leg.Info{From: to.From, To: to.URI, CallID: o.ID, Headers: to.Headers},
		gone: make(chan struct{}), wake: make(chan struct{}, 1),
		tabs: map[*socket]*dialog{},
	}
	l.bell = leg.NewBell(func() { _ = l.Hangup(context.Background(), leg.Fault) }) // nobody reads the events of this leg
	if l.who.account == "" {
		l.who.account = s.cfg.Account
	}
	if l.call == "" {
		l.call = string(sid.New[sid.Call]())
	}
	if l.info.CallID == "" {
		l.info.CallID = l.call
	}
	l.parameters = map[string]string{"From": cmp.Or(to.From, nobodyInParticular), "To": to.URI, "CallSid": l.call, "AccountSid": string(l.who.account)}
	if p := writeParams(to.Headers); p != "" {
		l.parameters["Params"] = p
	}
	s.mu.Lock()
	if s.closed {
		s.mu.Unlock()
		return nil, errClosed
	}
	s.ringing[l.who] = append(s.ringing[l.who], l)
	on := slices.Clone(s.duty[l.who])
	s.work.Add(1)
	s.mu.Unlock()
	for _, k := range on {
		l.offer(k)
	}
	l.post(l.lonely)
	go l.run(ctx)
	return l, nil
}

// nobodyInParticular is who calls when the call does not say: a page shows something, and apps read From without a look.
const nobodyInParticular = "client:kaden"

// Leg is a call to an identity, over all its tabs.
type Leg struct {
	s          *Server
	who        who
	call       string      // CA…
	beside     *media.Seat // of the leg that this one is for, or nil
	parameters map[string]string
	info       leg.Info
	bell       *leg.Bell
	gone       chan struct{}

	mu    sync.Mutex
	inbox []func()
	wake  chan struct{} // one place: the inbox has something

	seat atomic.Pointer[media.Seat] // of the tab that has won

	// Of the goroutine that runs it.
	tabs  map[*socket]*dialog // that ring, or are being made to
	lines int                 // of the engine, that have not ended yet
	won   *dialog
	rang  bool
	end   *leg.Event // decided; said when every line has ended
	alone *time.Timer
	src   media.Source
	sink  media.Sink
	keys  sync.Mutex // one SendDigits at a time
}

var (
	_ leg.Leg      = (*Leg)(nil)
	_ leg.Hearer   = (*Leg)(nil)
	_ leg.Measured = (*Leg)(nil)
)

var (
	errOver     = errors.New("this leg has ended")
	errOutbound = errors.New("only a leg that called us can be answered")
	errSilence  = errors.New("this leg is not answered yet")
)

// Info is what was known at the start.
func (l *Leg) Info() leg.Info { return l.info }

// Events are closed after Ended.
func (l *Leg) Events() <-chan leg.Event { return l.bell.Events() }

// Ring is for legs that called us.
func (l *Leg) Ring(context.Context, bool) error { return errOutbound }

// Answer is for legs that called us.
func (l *Leg) Answer(context.Context) error { return errOutbound }

// Hangup makes every tab fall silent, or hangs up.
func (l *Leg) Hangup(_ context.Context, c leg.Cause) error {
	l.post(func() { l.hangUp(c, "hung up: "+string(c)) })
	return nil
}

// Seat is that of the tab that has answered, nil before.
func (l *Leg) Seat() *media.Seat { return l.seat.Load() }

// Play makes src what the page hears, once one has answered.
func (l *Leg) Play(src media.Source) {
	l.post(func() {
		l.src = src
		if l.won != nil {
			l.won.line.Play(src)
		}
	})
}

// Listen hands what is heard from the page to sink.
func (l *Leg) Listen(sink media.Sink) {
	l.post(func() {
		l.sink = sink
		if l.won != nil {
			l.won.line.Listen(sink)
		}
	})
}

// SendDigits presses keys at the page, where nobody hears them but an app that asks for them.
func (l *Leg) SendDigits(ctx context.Context, digits string) error {
	l.keys.Lock()
	defer l.keys.Unlock()
	to := make(chan Line, 1)
	l.post(func() {
		if l.won != nil && l.end == nil {
			to <- l.won.line
		}
		close(to)
	})
	select {
	case line := <-to:
		if line == nil {
			return errSilence
		}
		return line.SendDigits(ctx, digits)
	case <-l.gone:
		return errOver
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// FirstHeard is when the page that answered was heard first.
func (l *Leg) FirstHeard() (at time.Time) {
	got := make(chan time.Time, 1)
	l.post(func() { got <- l.heard() })
	select {
	case at = <-got:
	case <-l.gone:
		at = l.heard()
	}
	return at
}

// heard is for the goroutine that runs the leg, or when it has ended.
func (l *Leg) heard() (at time.Time) {
	if l.won == nil {
		return at
	}
	if h, ok := l.won.line.(leg.Hearer); ok {
		at = h.FirstHeard()
	}
	return at
}

// Sound is that of the page that answered.
func (l *Leg) Sound() (s leg.Sound) {
	got := make(chan leg.Sound, 1)
	l.post(func() { got <- l.fared() })
	select {
	case s = <-got:
	case <-l.gone:
		s = l.fared()
	}
	return s
}

// fared is for the goroutine that runs the leg, or when it has ended.
func (l *Leg) fared() (s leg.Sound) {
	if l.won == nil {
		return s
	}
	if m, ok := l.won.line.(leg.Measured); ok {
		s = m.Sound()
	}
	return s
}

// post hands f to the leg's goroutine, in order, without waiting.
func (l *Leg) post(f func()) {
	l.mu.Lock()
	l.inbox = append(l.inbox, f)
	l.mu.Unlock()
	select {
	case l.wake <- struct{}{}:
	default:
	}
}

// run is the leg's goroutine.
func (l *Leg) run(ctx context.Context) {
	defer l.s.work.Done()
	defer close(l.gone)
	l.alone = time.NewTimer(time.Hour)
	defer l.alone.Stop()
	cancelled := ctx.Done()
	for l.end == nil || l.lines > 0 {
		select {
		case <-l.wake:
			l.mu.Lock()
			todo := l.inbox
			l.inbox = nil
			l.mu.Unlock()
			for _, f := range todo {
				f()
			}
		case <-l.alone.C:
			l.nobody()
		case <-cancelled:
			cancelled = nil
			l.hangUp(leg.Canceled, fmt.Sprint(context.Cause(ctx)))
		}
	}
	l.s.ends(l)
	l.bell.Ring(*l.end)
}

// offer rings one tab. It does not wait.
func (l *Leg) offer(k *socket) {
	l.post(func() {
		if l.end != nil || l.won != nil || l.tabs[k] != nil {
			return
		}
		d := &dialog{s: l.s, who: l.who, call: l.call, rings: l}
		l.tabs[k] = d
		l.lines++
		go func() {
			line, sdp, err := l.s.cfg.Engine.Offer(context.Background(), l.info, l.beside, d) // it ends with the leg, not with a context
			l.post(func() { l.offered(k, d, line, sdp, err) })
		}()
	})
}

// offered sends the invitation that was made.
func (l *Leg) offered(k *socket, d *dialog, line Line, sdp string, err error) {
	if err != nil {
		l.lines--
		l.s.log.Error("no offer for a browser", "call", l.call, "err", err)
		l.without(k, d, leg.Event{Cause: leg.Fault, Reason: err.Error()})
		return
	}
	d.line = line
	go func() {
		for e := range line.Events() {
			l.post(func() { l.happened(k, d, e) })
		}
		l.post(func() { l.lines-- })
	}()
	l.s.mu.Lock()
	d.local = sdp
	token := l.s.renew(d)
	l.s.mu.Unlock()
	if l.end != nil || l.won != nil || !l.s.bind(d, k) {
		l.s.forget(d)
		line.Left(leg.Canceled)
		l.without(k, d, leg.Event{})
		return
	}
	k.sendMarked(payload{CallSID: l.call, SDP: sdp, Reconnect: token, Parameters: l.parameters}.frame("invite"), func() {
		l.post(l.seen)
	})
}

// seen is the echo behind an invitation: the page's script has it, and rings unless it is busy with another call.
func (l *Leg) seen() {
	if l.end == nil && l.won == nil && !l.rang {
		l.rang = true
		l.bell.Ring(leg.Event{Kind: leg.Ringing, Status: 180})
	}
}

// taken is the answer of a tab.
func (l *Leg) taken(d *dialog, k *socket, sdp string) {
	if l.end != nil || l.won != nil {
		l.s.mu.Lock()
		told := d.over || d.ended
		l.s.mu.Unlock()
		if !told { // two people took it in the same moment, and this one is the later
			d.tell("hangup", payload{})
		}
		l.s.forget(d)
		d.line.Left(leg.Canceled)
		return
	}
	if err := d.line.Accept(sdp); err != nil {
		l.s.log.Warn("a browser's answer was of no use", "call", l.call, "err", err)
		k.send(payload{CallSID: l.call, Error: &Error{codeBadRequest, err.Error()}}.frame("hangup"))
		l.s.forget(d)
		d.line.Left(leg.Failed)
		l.without(k, d, leg.Event{Cause: leg.Failed, Reason: err.Error()})
		return
	}
	l.won = d
	l.seat.Store(leg.SeatOf(d.line))
	l.alone.Stop()
	l.s.ends(l)
	d.line.Play(l.src)
	d.line.Listen(l.sink)
	for _, other := range l.tabs {
		if other != d && other.line != nil {
			_ = other.line.Hangup(context.Background(), leg.Canceled)
		}
	}
}

// refused is a reject, or a hangup.
func (l *Leg) refused(d *dialog, c leg.Cause, message string) {
	switch {
	case d == l.won:
		d.line.Left(leg.HungUp)
	case c == leg.Rejected:
		d.line.Left(c)
		l.over(leg.Event{Cause: c, Status: 603, Reason: "rejected in the browser"})
	default: // accepted, and then there was no microphone
		d.line.Left(leg.Failed)
		for k, other := range l.tabs {
			if other == d {
				l.without(k, d, leg.Event{Cause: leg.Failed, Status: 500, Reason: "hung up by the browser before the answer: " + message})
			}
		}
	}
}

// vanished is a tab whose socket is gone; it may come back, or others may.
func (l *Leg) vanished(d *dialog, k *socket) {
	d.line.Left(leg.Unreachable)
	l.without(k, d, leg.Event{})
}

// happened is an event of a line.
func (l *Leg) happened(k *socket, d *dialog, e leg.Event) {
	if e.Kind == leg.Ended {
		l.s.forget(d)
	}
	switch {
	case l.end != nil:
	case d != l.won:
		if e.Kind == leg.Ended {
			l.without(k, d, e)
		}
	case e.Kind == leg.Ended:
		l.over(e)
	case e.Kind == leg.Answered && e.Status == 0:
		e.Status = 200
		l.bell.Ring(e)
	default:
		l.bell.Ring(e)
	}
}

// without goes on without a tab. e, if it has a cause, is the end if that was the last one.
func (l *Leg) without(k *socket, d *dialog, e leg.Event) {
	if l.tabs[k] != d {
		return
	}
	delete(l.tabs, k)
	if l.end != nil || l.won != nil || len(l.tabs) > 0 {
		return
	}
	if e.Cause != "" {
		l.over(e)
		return
	}
	l.lonely()
}

// lonely waits a moment for an identity that is on duty nowhere.
func (l *Leg) lonely() {
	if l.end != nil || l.won != nil || len(l.tabs) > 0 {
		return
	}
	l.s.mu.Lock()
	wait := l.s.mayReturn(l.who, time.Now())
	l.s.mu.Unlock()
	l.alone.Reset(wait)
}

// nobody is the end of that moment.
func (l *Leg) nobody() {
	if l.end == nil && l.won == nil && len(l.tabs) == 0 {
		l.over(leg.Event{Cause: leg.Unreachable, Status: 480, Reason: l.who.identity + " is on duty in no browser"})
	}
}

// hangUp is our own end.
func (l *Leg) hangUp(c leg.Cause, reason string) {
	switch {
	case l.end != nil:
	case l.won != nil:
		_ = l.won.line.Hangup(context.Background(), c)
	default:
		l.over(leg.Event{Cause: leg.Canceled, Status: 487, Reason: reason})
	}
}

// over decides how the leg ends, and makes the tabs that still ring fall silent.
func (l *Leg) over(e leg.Event) {
	e.Kind = leg.Ended
	l.end = &e
	l.s.ends(l)
	for _, d := range l.tabs {
		if d != l.won && d.line != nil {
			_ = d.line.Hangup(context.Background(), leg.Canceled)
		}
	}
}
