package webleg

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/pion/webrtc/v4"

	"github.com/kaden-project/kaden/leg"
	"github.com/kaden-project/kaden/media"
)

var (
	_ leg.Leg      = (*Leg)(nil)
	_ leg.Hearer   = (*Leg)(nil)
	_ leg.Tracer   = (*Leg)(nil)
	_ leg.Measured = (*Leg)(nil)
)

// phase is where a leg is in its life.
type phase uint8

const (
	setup   phase = iota // not answered
	up                   // answered
	leaving              // the browser hung up; keys it pressed before may still be on the way
	over
)

var (
	errEnded    = errors.New("the leg has ended")
	errInbound  = errors.New("a browser that called gives no answer; it gets one")
	errOutbound = errors.New("only a browser that calls in can be answered")
	errTwice    = errors.New("the leg is answered already")
	errNoMedia  = errors.New("the call is not answered yet, so there is no connection to renew")
)

// Leg is one call of one browser. It is safe for concurrent use.
type Leg struct {
	e     *Engine
	log   *slog.Logger
	info  leg.Info
	to    Signaller
	bell  *leg.Bell
	trace trace
	sound *sound
	gone  chan struct{}

	beside *media.Seat // of the leg that this one is for; nil: anywhere

	mu     sync.Mutex
	phase  phase
	rang   bool
	offer  string      // of a browser that called
	theirs description // … and what is known of it
	conn   *conn       // nil until there is one
	begun  bool        // the sound has joined the clock
	limit  *time.Timer // for the connection to come up
	unbind func() bool // of the context
	keysBy atomic.Int32
}

// newLeg makes what calls of both directions share.
func (e *Engine) newLeg(i leg.Info, s Signaller) (*Leg, error) {
	l := &Leg{e: e, log: e.log.With("leg", i.CallID), info: i, to: s, gone: make(chan struct{})}
	l.trace.peer = i.Source
	l.bell = leg.NewBell(func() { l.fail(leg.Fault, "nobody reads the events of this leg") })
	l.sound = newSound(func(key byte) { l.pressed(string(rune(key)), byRTP) })
	return l, e.remember(l)
}

// Info is what is known from the start.
func (l *Leg) Info() leg.Info { return l.info }

// Events tells what happens.
func (l *Leg) Events() <-chan leg.Event { return l.bell.Events() }

// Trace is the signalling that came by here, oldest first: the SDPs, the keys, and how the connection fared.
func (l *Leg) Trace() []leg.Message { return l.trace.messages() }

// Play makes src what the browser hears. Nothing is read from it before there is a connection.
func (l *Leg) Play(src media.Source) { l.sound.mouth.Play(src) }

// Seat is the leg's place on the clock, nil before there is anything to hear or say.
func (l *Leg) Seat() *media.Seat {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.sound.seat
}

// Listen hands every frame from the browser to sink.
func (l *Leg) Listen(sink media.Sink) { l.sound.ear.Listen(sink) }

// FirstHeard is when the browser's sound came for the first time after the answer, zero if none did.
func (l *Leg) FirstHeard() time.Time {
	if at := l.sound.first.Load(); at != 0 {
		return time.Unix(0, at)
	}
	return time.Time{}
}

// Sound is how the sound has fared so far, or, once the leg has ended, on the whole. A page that takes the call over goes on
// with the same counts.
func (l *Leg) Sound() leg.Sound {
	l.mu.Lock()
	begun, c := l.begun, l.conn
	l.mu.Unlock()
	if !begun {
		return leg.Sound{}
	}
	all := l.sound.now()
	if all.Codec != "" && c != nil {
		c.mu.Lock()
		told := c.told
		c.mu.Unlock()
		all.Told, all.LostThere, all.FarJitter, all.RoundTrip = told.Told, told.LostThere, told.FarJitter, told.RoundTrip
	}
	return all
}

// SendDigits presses keys as RFC 4733 events, or as tones for a browser that takes none.
func (l *Leg) SendDigits(ctx context.Context, digits string) error {
	if err := media.CheckDigits(digits); err != nil {
		return err
	}
	l.mu.Lock()
	ok := l.phase == up
	l.mu.Unlock()
	if !ok {
		return errEnded
	}
	return l.sound.mouth.Press(ctx, l.sound.seat, digits, l.gone)
}

// Ring tells a browser that called that it rings here.
func (l *Leg) Ring(_ context.Context, early bool) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	switch {
	case !l.info.Inbound:
		return errOutbound
	case l.phase >= leaving:
		return errEnded
	case l.phase == up:
		return errTwice
	case !early:
		l.to.Ringing("")
		return nil
	}
	sdp, err := l.speak()
	if err != nil {
		return err
	}
	l.to.Ringing(sdp)
	return nil
}

// Answer picks up. An offer that turns out to be unusable ends the leg with leg.Failed.
func (l *Leg) Answer(context.Context) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	switch {
	case !l.info.Inbound:
		return errOutbound
	case l.phase >= leaving:
		return errEnded
	case l.phase == up:
		return errTwice
	}
	sdp, err := l.speak()
	if err != nil {
		return err
	}
	l.to.Answer(sdp)
	l.answered()
	return nil
}

// speak gives our answer to the browser's offer; the connection comes up as soon as the page has it.
func (l *Leg) speak() (string, error) {
	if l.conn != nil {
		return l.conn.said, nil
	}
	c, err := l.connect()
	if err == nil {
		l.conn = c
		l.join()
		_, err = c.answer(l.theirs, l.offer)
	}
	if err != nil {
		l.end(leg.Failed, err.Error())
		return "", err
	}
	l.trace.sent(c.said)
	return c.said, nil
}

// Hangup ends the leg.
func (l *Leg) Hangup(_ context.Context, c leg.Cause) error {
	l.hangup(c, "")
	return nil
}

func (l *Leg) hangup(c leg.Cause, why string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	switch {
	case l.phase == up:
		c = leg.Completed
	case !l.info.Inbound:
		c = leg.Canceled
	case c == leg.Completed || c == "":
		c = leg.Rejected
	}
	l.end(c, why)
}

// bind hangs up when ctx ends.
func (l *Leg) bind(ctx context.Context) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.unbind = context.AfterFunc(ctx, func() { l.hangup(leg.Canceled, context.Cause(ctx).Error()) })
}

// fail ends the leg for a reason that nobody wanted.
func (l *Leg) fail(c leg.Cause, why string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.end(c, why)
}

// end tells the browser and ends the leg. l.mu is held.
func (l *Leg) end(c leg.Cause, why string) {
	if l.phase >= leaving {
		return
	}
	l.to.End(l.phase == up, c)
	l.finish(leg.Event{Kind: leg.Ended, Cause: c, Reason: why, Status: l.status(c)})
}

// connect makes a connection whose sound is the leg's.
func (l *Leg) connect() (*conn, error) {
	return l.e.newConn(l.sound.inbox.put, l.changed)
}

// join lets the sound join the clock, and hear the connection.
func (l *Leg) join() {
	if !l.begun {
		l.begun = true
		l.sound.begin(l.e.cfg.Clock, l.beside)
	}
	l.sound.inbox.open(l.conn)
}

// answered starts the call. l.mu is held.
func (l *Leg) answered() {
	l.phase = up
	at := time.Now()
	l.expect()
	// Told from where the keys are read: what was pressed before is dropped, what comes after is not.
	l.sound.answer(func() { l.bell.Ring(leg.Event{At: at, Kind: leg.Answered, Status: 200}) })
}

// expect gives the connection its time to come up. l.mu is held.
func (l *Leg) expect() {
	l.relax()
	if l.conn.up {
		return
	}
	l.limit = time.AfterFunc(l.e.cfg.timers.Connect, func() {
		l.mu.Lock()
		defer l.mu.Unlock()
		if l.phase == up && !l.conn.up {
			l.end(leg.MediaLost, fmt.Sprintf("no connection for the sound: the browser has to reach port %d over UDP or TCP "+
				"(a firewall, or the public address is missing in the settings)", l.e.at.Port()))
		}
	})
}

func (l *Leg) relax() {
	if l.limit != nil {
		l.limit.Stop()
	}
}

// changed looks how a connection fares. "Disconnected" is no news: most of the time it passes.
func (l *Leg) changed(c *conn) {
	state := c.pc.ConnectionState()
	l.mu.Lock()
	defer l.mu.Unlock()
	if c != l.conn || l.phase >= leaving {
		return
	}
	switch state {
	case webrtc.PeerConnectionStateConnected:
		if !c.up {
			c.up = true
			l.relax()
			l.sound.connect(c.track)
		}
		l.trace.received("(connected " + c.way() + ")")
	case webrtc.PeerConnectionStateFailed:
		switch {
		case c.up:
			l.end(leg.MediaLost, "the browser's network is gone: it answered no ICE check for "+
				(l.e.cfg.timers.Quiet+l.e.cfg.timers.Lost).String())
		case c.pc.ICEConnectionState() == webrtc.ICEConnectionStateConnected:
			l.end(leg.Failed, "DTLS with the browser failed")
		default:
			l.end(leg.MediaLost, "no connection for the sound")
		}
	}
}

// Ways that keys come.
const (
	byRTP int32 = iota + 1
	bySignal
)

// pressed reports keys, if they came by the way that the first one came: some pages send each twice.
func (l *Leg) pressed(key string, by int32) {
	if l.keysBy.CompareAndSwap(0, by) || l.keysBy.Load() == by {
		l.bell.Ring(leg.Event{Kind: leg.Digit, Digit: key})
	}
}

// status is the SIP status that means what ended the leg before its answer, as every kind of leg gives it.
func (l *Leg) status(c leg.Cause) int {
	if l.phase == up {
		return 0
	}
	switch c {
	case leg.Busy:
		return 486
	case leg.Rejected:
		return 603
	case leg.NoAnswer, leg.Unreachable:
		return 480
	case leg.Invalid:
		return 404
	case leg.Congested:
		return 503
	case leg.Canceled, leg.CallerLeft:
		return 487
	case leg.Fault, leg.Failed:
		return 500
	}
	return 0
}

// finish ends the leg: everything is given back, then Ended is told. l.mu is held.
func (l *Leg) finish(e leg.Event) {
	if l.phase == over {
		return
	}
	l.phase = over
	l.relax()
	if l.unbind != nil {
		l.unbind()
	}
	e.At = time.Now()
	close(l.gone)
	c, at := l.conn, l.e
	at.spawn(func() {
		l.sound.finish()
		if c != nil && !c.close() {
			l.log.Error("the connection of a browser that has left is still open")
		}
		at.forget(l)
		l.log.Debug("leg ended", "cause", string(e.Cause), "sound", l.Sound())
		l.bell.Ring(e)
	})
}
