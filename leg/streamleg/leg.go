package streamleg

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/kaden-project/kaden/leg"
	"github.com/kaden-project/kaden/media"
)

var (
	_ leg.Leg    = (*Leg)(nil)
	_ leg.Hearer = (*Leg)(nil)
	_ leg.Seated = (*Leg)(nil)
)

// Config is what a Leg works with.
type Config struct {
	Log   *slog.Logger
	Clock *media.Clock
	Info  leg.Info
	// Beside is the place of the leg that this one is for (leg.Options); nil: anywhere.
	Beside *media.Seat
	// End asks the platform to end the call, in whatever state it is there. It is called once at most, and does not wait.
	End func(c leg.Cause)
	// Started is told the platform's name of the call when its stream begins. An error refuses the stream.
	Started func(call string) error
	Limits  Limits
}

// Limits are times; zero fields are the usual ones.
type Limits struct {
	Stream   time.Duration // from the platform's word that somebody has answered until the stream is there; 10 s
	Parting  time.Duration // that the stream's last words may come after the word that the call is over; 1 s
	Teardown time.Duration // until a leg that was hung up is over, whatever the platform says; 4 s
	Send     time.Duration // for one message; 5 s
	Lag      time.Duration // that the far end may be behind before it is told to leave out what waits there; 400 ms
}

func (l Limits) complete() Limits {
	for d, usual := range map[*time.Duration]time.Duration{
		&l.Stream: 10 * time.Second, &l.Parting: time.Second, &l.Teardown: 4 * time.Second, &l.Send: 5 * time.Second, &l.Lag: 400 * time.Millisecond,
	} {
		if *d == 0 {
			*d = usual
		}
	}
	return l
}

// phase is where a leg is in its life.
type phase uint8

const (
	calling phase = iota // not answered
	up                   // answered: its stream runs, or has run
	over
)

var (
	errOver     = errors.New("the leg has ended")
	errOutbound = errors.New("only a leg that called us can be answered")
	errTwice    = errors.New("the leg has its stream already")
)

// Leg is one call at a platform. It is safe for concurrent use.
type Leg struct {
	cfg   Config
	log   *slog.Logger
	bell  *leg.Bell
	sound *sound
	first atomic.Int64 // when sound came first, in nanoseconds since 1970; 0 is never
	gone  chan struct{}

	mu     sync.Mutex
	phase  phase
	tried  bool // the platform has the call
	rang   bool
	asked  bool       // the platform was asked to end the call
	last   *leg.Event // how the leg ends, once what it waits for has come
	socket Socket     // nil: none, or no longer
	limit  *time.Timer
	unbind func() bool // of the context
}

// New makes a leg whose call is being ordered. It lives until Ended.
func New(cfg Config) *Leg {
	cfg.Limits = cfg.Limits.complete()
	l := &Leg{cfg: cfg, log: cfg.Log.With("leg", cfg.Info.CallID), gone: make(chan struct{})}
	l.sound = newSound(cfg.Limits.Lag)
	l.bell = leg.NewBell(func() { l.hangup(leg.Fault, "nobody reads the events of this leg") })
	return l
}

// Bind hangs up when ctx ends; its cause is the reason.
func (l *Leg) Bind(ctx context.Context) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.phase != over {
		l.unbind = context.AfterFunc(ctx, func() { l.hangup(leg.Canceled, context.Cause(ctx).Error()) })
	}
}

// Info is what is known from the start.
func (l *Leg) Info() leg.Info { return l.cfg.Info }

// Events tells what happens.
func (l *Leg) Events() <-chan leg.Event { return l.bell.Events() }

// Play makes src what the far end hears. Nothing is read from it before somebody has answered.
func (l *Leg) Play(src media.Source) { l.sound.mouth.Play(src) }

// Listen hands every frame from the far end to sink.
func (l *Leg) Listen(sink media.Sink) { l.sound.ear.Listen(sink) }

// Seat is the leg's place on the clock, nil before somebody has answered.
func (l *Leg) Seat() *media.Seat {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.sound.seat
}

// FirstHeard is when the platform sent sound for the first time, zero if it never did.
func (l *Leg) FirstHeard() time.Time {
	if at := l.first.Load(); at != 0 {
		return time.Unix(0, at)
	}
	return time.Time{}
}

// SendDigits presses keys, as tones.
func (l *Leg) SendDigits(ctx context.Context, digits string) error {
	if err := media.CheckDigits(digits); err != nil {
		return err
	}
	l.mu.Lock()
	seat := l.sound.seat
	ok := l.phase == up
	l.mu.Unlock()
	if !ok {
		return errOver
	}
	return l.sound.mouth.Press(ctx, seat, digits, l.gone)
}

// Ring is for legs that called us; these never do.
func (l *Leg) Ring(context.Context, bool) error { return errOutbound }

// Answer is for legs that called us; these never do.
func (l *Leg) Answer(context.Context) error { return errOutbound }

// Hangup ends the leg.
func (l *Leg) Hangup(_ context.Context, c leg.Cause) error {
	l.hangup(c, "hung up: "+string(c))
	return nil
}

// hangup asks the platform for the end, and waits for its word, but not for ever.
func (l *Leg) hangup(c leg.Cause, why string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.phase == over || l.last != nil {
		return
	}
	e := leg.Event{Kind: leg.Ended, Cause: leg.Canceled, Status: 487, Reason: why, Retry: !l.rang && !l.tried}
	if l.phase == up {
		e = leg.Event{Kind: leg.Ended, Cause: leg.Completed, Reason: why}
	}
	if c == leg.Fault {
		e.Cause = c
	}
	l.await(e, l.cfg.Limits.Teardown)
	l.ask(c)
	if s := l.socket; s != nil { // closing it takes the far end's goodbye
		go s.Close("the call is over")
	}
}

// ask tells the platform to end the call. l.mu is held.
func (l *Leg) ask(c leg.Cause) {
	if !l.asked {
		l.asked = true
		l.cfg.End(c)
	}
}

// Tries says that the platform has the call, and dials.
func (l *Leg) Tries() {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.phase == calling && !l.tried {
		l.tried = true
		l.bell.Ring(leg.Event{Kind: leg.Trying, Status: 100})
	}
}

// Rings says that the telephone rings.
func (l *Leg) Rings() {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.phase == calling {
		l.rang = true
		l.bell.Ring(leg.Event{Kind: leg.Ringing, Status: 180})
	}
}

// Answers says that somebody has picked up. The leg is answered when they can be heard: the stream has to follow.
func (l *Leg) Answers() {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.phase != calling || l.last != nil || l.limit != nil {
		return
	}
	l.rang = true
	l.limit = time.AfterFunc(l.cfg.Limits.Stream, l.unheard)
}

const noSound = "somebody has answered, and the sound of the call did not come: check that the platform can open a WebSocket to the public URL"

// unheard ends a leg whose sound did not come.
func (l *Leg) unheard() {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.phase != calling || l.last != nil {
		return
	}
	l.ask(leg.Completed)
	l.finish(leg.Event{Kind: leg.Ended, Cause: leg.Fault, Status: 500, Reason: noSound})
}

// Ends says that the call is over at the platform: e has Cause, Status and Reason.
func (l *Leg) Ends(e leg.Event) {
	l.mu.Lock()
	defer l.mu.Unlock()
	e.Kind, e.Retry = leg.Ended, !l.rang && l.phase == calling
	if l.phase == calling && (e.Cause == leg.HungUp || e.Cause == leg.Completed) { // it was answered, and went on without us
		e.Cause, e.Status, e.Reason = leg.Fault, 500, noSound
	}
	switch {
	case l.phase == over:
	case l.last != nil:
		l.finish(*l.last)
	case l.socket != nil: // keys that were pressed before may still be on their way
		l.await(e, l.cfg.Limits.Parting)
	default:
		l.finish(e)
	}
}

// await ends the leg as e when what it waits for has come, or after a while. l.mu is held.
func (l *Leg) await(e leg.Event, most time.Duration) {
	l.last = &e
	if l.limit != nil {
		l.limit.Stop()
	}
	l.limit = time.AfterFunc(most, func() {
		l.mu.Lock()
		defer l.mu.Unlock()
		l.finish(e)
	})
}

// parted is the end of the stream; said tells whether the platform has said so, and did not just go away.
func (l *Leg) parted(said bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.socket = nil
	switch {
	case l.phase != up:
	case l.last == nil: // there is nothing after the stream: the call there is over, or soon will be
		l.ask(leg.Completed)
		e := leg.Event{Kind: leg.Ended, Cause: leg.HungUp}
		if !said {
			e.Cause, e.Reason = leg.MediaLost, "the stream broke off"
		}
		l.finish(e)
	case l.last.Cause != leg.Completed: // it was over before
		l.finish(*l.last)
	}
}

// finish ends the leg: everything is given back, then Ended is told. l.mu is held.
func (l *Leg) finish(e leg.Event) {
	if l.phase == over {
		return
	}
	l.phase = over
	if l.limit != nil {
		l.limit.Stop()
	}
	if l.unbind != nil {
		l.unbind()
	}
	e.At = time.Now()
	close(l.gone)
	s := l.socket
	l.socket = nil
	go func() {
		l.sound.finish()
		l.log.Debug("leg ended", "cause", string(e.Cause), "cleared", l.sound.out.cleared.Load())
		l.bell.Ring(e)
		if s != nil {
			s.Close("the call is over")
		}
	}()
}

// Carry takes the platform's WebSocket, and returns when it is over. The leg is answered as soon as the stream begins.
// An error says that it was not taken: a second one, one of another call, or one whose leg has ended.
func (l *Leg) Carry(s Socket) error {
	err := l.begin(s)
	if err != nil {
		s.Close(err.Error())
		return err
	}
	sent := make(chan struct{})
	go func() {
		defer close(sent)
		if err := l.sound.out.send(s, l.gone, l.cfg.Limits.Send); err != nil {
			l.log.Debug("the platform takes our sound no more", "err", err)
			s.Close("nothing is taken any more")
		}
	}()
	said := l.receive(s)
	l.parted(said)
	s.Close("the stream is over")
	l.sound.out.stop()
	<-sent
	return nil
}

// begin waits for the stream's beginning: the leg is answered.
func (l *Leg) begin(s Socket) error {
	l.mu.Lock()
	err := l.free()
	l.mu.Unlock()
	if err != nil {
		return err
	}
	ctx, stop := context.WithTimeout(context.Background(), l.cfg.Limits.Stream)
	defer stop()
	var m message
	for m.Event != "start" { // "connected" comes before it
		text, err := s.Receive(ctx)
		if err != nil {
			return fmt.Errorf("the stream did not begin: %w", err)
		}
		if m, err = readMessage(text); err != nil {
			return err
		}
	}
	if err := m.Start.usable(); err != nil {
		return err
	}
	if err := l.cfg.Started(m.Start.Call); err != nil {
		return err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if err := l.free(); err != nil {
		return err
	}
	if l.limit != nil { // that waited for it
		l.limit.Stop()
	}
	l.phase, l.rang, l.socket = up, true, s
	l.sound.begin(l.cfg.Clock, l.cfg.Beside, m.Stream)
	l.bell.Ring(leg.Event{Kind: leg.Answered, Status: 200})
	return nil
}

// free tells whether the leg still waits for its stream. l.mu is held.
func (l *Leg) free() error {
	switch {
	case l.phase == over || l.last != nil:
		return errOver
	case l.phase == up:
		return errTwice
	}
	return nil
}

// receive takes what the platform sends, until the end; said tells whether it came in so many words.
func (l *Leg) receive(s Socket) (said bool) {
	ctx, stop := context.WithCancel(context.Background())
	defer stop()
	for {
		text, err := s.Receive(ctx)
		if err != nil {
			return false
		}
		m, err := readMessage(text)
		switch {
		case err != nil:
			l.log.Warn("message of a stream passed over", "err", err)
		case m.Event == "media":
			if l.first.Load() == 0 {
				l.first.Store(time.Now().UnixNano())
			}
			l.sound.in.put(m.sound)
		case m.Event == "dtmf":
			l.bell.Ring(leg.Event{Kind: leg.Digit, Digit: m.DTMF.Digit})
		case m.Event == "mark":
			l.sound.out.marked(m.Mark.Name, time.Now())
		case m.Event == "stop":
			return true
		}
	}
}
