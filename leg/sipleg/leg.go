package sipleg

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/netip"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/kaden-project/kaden/leg"
	"github.com/kaden-project/kaden/media"
)

var (
	_ leg.Leg      = (*Leg)(nil)
	_ leg.Tracer   = (*Leg)(nil)
	_ leg.Measured = (*Leg)(nil)
)

// phase is where a leg is in its life.
type phase uint8

const (
	setup   phase = iota // the INVITE is under way
	up                   // answered
	leaving              // we hung up and the far end has not confirmed yet
	over
)

var (
	errEnded    = errors.New("the leg has ended")
	errOutbound = errors.New("only somebody who calls in can be answered")
	errTwice    = errors.New("the leg is answered already")
	errOnHold   = errors.New("the far end has put us on hold, and hears no keys")
)

// Leg is one SIP call. It is safe for concurrent use.
type Leg struct {
	srv   *Server
	log   *slog.Logger
	info  leg.Info
	bell  *leg.Bell
	trace *trace
	key   string // in the server's table
	line  Line   // that it goes over; the zero Line is none
	gone  chan struct{}

	sock  *socket
	sound *sound

	mu       sync.Mutex
	phase    phase
	dialog   dialog
	ours     ours
	theirs   *description // nil until the far end has said where it wants sound
	held     bool
	pressing context.CancelCauseFunc // ends the keys that we press; nil while none were pressed
	own      map[string]string       // X-… of the answer to our INVITE
	running  bool                    // the sound has joined the clock
	beside   *media.Seat             // … there; nil: anywhere
	limit    *time.Timer
	unbind   func() bool  // of the context
	why      string       // our words for hanging up
	pending  leg.Cause    // the cause with which Ended will come, while leaving
	parting  func()       // sends our BYE, which waits for the ACK of our answer; nil: none waits
	keysBy   atomic.Int32 // the way that keys come: some far ends send each twice
	reinvite *serverTx    // answered and not yet acknowledged; nil else
	offered  bool         // … with our offer, whose answer comes in the ACK
	inviting bool         // a re-INVITE of ours is under way
	session  session
	updates  bool   // the far end takes UPDATE
	said     string // our last description, to be said again

	refer transfers
	hold  hold

	uac
	uas
}

// newLeg makes what calls of both directions share.
func (s *Server) newLeg(info leg.Info, sock *socket) *Leg {
	l := &Leg{
		srv: s, info: info, trace: &trace{}, gone: make(chan struct{}), sock: sock, sound: newSound(sock),
		log: s.log.With("leg", info.CallID),
	}
	if sock.control != nil {
		l.sound.control = sock.control
	}
	l.bell = leg.NewBell(func() { l.fail(leg.Fault, "nobody reads the events of this leg") })
	l.sound.lost = int(s.cfg.MediaLost / media.Period)
	l.sound.digit = l.rtpDigit
	l.sound.quiet = func() { go l.fail(leg.MediaLost, "nothing was heard for "+s.cfg.MediaLost.String()) }
	return l
}

// Info is what is known from the start.
func (l *Leg) Info() leg.Info { return l.info }

// Events tells what happens.
func (l *Leg) Events() <-chan leg.Event { return l.bell.Events() }

// Trace is the signalling so far, oldest first.
func (l *Leg) Trace() []leg.Message { return l.trace.messages() }

// Play makes src what the far end hears. Before the answer nothing is read from it, unless the sound is open early.
func (l *Leg) Play(src media.Source) { l.sound.mouth.Play(src) }

// Listen hands every frame from the far end to sink.
func (l *Leg) Listen(sink media.Sink) { l.sound.ear.Listen(sink) }

// Seat is the leg's place on the clock, nil before there is anything to hear or say.
func (l *Leg) Seat() *media.Seat {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.sound.seat
}

// FirstHeard is when the far end's sound came for the first time after the answer, zero if none did.
func (l *Leg) FirstHeard() time.Time {
	if at := l.sound.first.Load(); at != 0 {
		return time.Unix(0, at)
	}
	return time.Time{}
}

// SendDigits presses keys as RFC 4733 events.
func (l *Leg) SendDigits(ctx context.Context, digits string) error {
	if err := media.CheckDigits(digits); err != nil {
		return err
	}
	l.mu.Lock()
	ok, held := l.phase == up && l.running, l.held
	if !ok || held {
		l.mu.Unlock()
		if held {
			return errOnHold
		}
		return errEnded
	}
	ctx, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	l.pressing = stop
	l.mu.Unlock()
	return l.sound.mouth.Press(ctx, l.sound.seat, digits, l.gone)
}

// Ring tells a caller that it rings here.
func (l *Leg) Ring(_ context.Context, early bool) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.ringBack(early)
}

// Answer picks up. Repeating the answer until the caller acknowledges it goes on by itself.
func (l *Leg) Answer(context.Context) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.pickUp()
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
	case l.phase >= leaving:
	case l.phase == up:
		l.leave(leg.Completed, why)
	case l.info.Inbound:
		l.refuse(c, why)
	default:
		l.giveUp(leg.Canceled, why)
	}
}

// fail ends the leg for a reason of our own.
func (l *Leg) fail(c leg.Cause, why string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	switch {
	case l.phase >= leaving:
	case l.phase == up:
		l.leave(c, why)
	case l.info.Inbound:
		l.refuse(c, why)
	default:
		l.giveUp(c, why)
	}
}

// describe prepares what we say of our sound.
func (l *Leg) describe(ip netip.Addr, port uint16) {
	l.ours = ours{
		id: uint64(time.Now().Unix()), version: 1, ip: ip, port: port, codecs: l.line.codecs(), length: l.line.Packet, dtmf: l.line.DTMF,
	}
	if l.line.Secret {
		l.ours.lock = newLock(1, offeredSuite)
	}
	l.sound.dtmfIn = l.ours.keys()
}

// bind hangs up when ctx ends.
func (l *Leg) bind(ctx context.Context) {
	l.unbind = context.AfterFunc(ctx, func() { l.hangup(leg.Canceled, context.Cause(ctx).Error()) })
}

// leave sends BYE. The far end's confirmation, or Bye without one, ends the leg. A caller gets no BYE before he has acknowledged
// our answer (RFC 3261 section 15), if he does that in time: it might arrive before the answer, be refused as one of
// no call, and the answer would then begin one.
func (l *Leg) leave(c leg.Cause, why string) {
	l.notifyLast()
	l.phase, l.why, l.pending = leaving, why, c
	l.acknowledge() // a BYE needs no commit before it
	l.applySound()
	l.after(l.srv.t.Bye, func() { l.finish(leg.Event{Kind: leg.Ended, Cause: c, Reason: why}) })
	l.parting = func() {
		d := l.dialog
		l.srv.bye(&d, l.user.keys(), why, func(error) {
			l.mu.Lock()
			defer l.mu.Unlock()
			l.finish(leg.Event{Kind: leg.Ended, Cause: c, Reason: why})
		})
	}
	if l.reinvite == nil || l.reinvite != l.first {
		l.part()
	}
}

// part sends the BYE that waits, if one does; l.mu is held.
func (l *Leg) part() {
	if bye := l.parting; bye != nil {
		l.parting = nil
		bye()
	}
}

// after sets the one alarm of the leg; l.mu is held when f is called.
func (l *Leg) after(d time.Duration, f func()) {
	if l.limit != nil {
		l.limit.Stop()
	}
	var t *time.Timer
	t = time.AfterFunc(d, func() {
		l.mu.Lock()
		defer l.mu.Unlock()
		if l.limit == t && l.phase != over {
			f()
		}
	})
	l.limit = t
}

// answered starts the sound of an answered call and says so.
func (l *Leg) answered(at time.Time, status int) {
	l.phase = up
	if l.limit != nil {
		l.limit.Stop()
		l.limit = nil // it may have gone off, and wait for the lock
	}
	l.held = l.onHold()
	held, own := l.held, l.own
	// Told from where the keys are read: what was pressed before is dropped, what comes after is not.
	l.tell(func() {
		l.bell.Ring(leg.Event{At: at, Kind: leg.Answered, Status: status, Headers: own})
		if held {
			l.bell.Ring(leg.Event{At: at, Kind: leg.Held, On: true})
		}
	})
}

// applySound gives the sound what was agreed. It joins the clock as soon as there is anything to hear or say.
func (l *Leg) applySound() { l.tell(nil) }

// tell applies what was agreed and then tells the owner of the leg.
func (l *Leg) tell(then func()) {
	d := l.theirs
	if d == nil {
		if then != nil {
			then() // a call without SDP: the answer to our offer is still to come
		}
		return
	}
	if !l.running {
		l.running = true
		l.sound.begin(l.srv.cfg.Clock, l.beside)
	}
	if d.dtmf == 0 && l.info.Phone != "" { // a phone of ours that knows no other way to send keys, unless INFO comes
		told := then
		then = func() {
			l.listenForTones()
			if told != nil {
				told()
			}
		}
	}
	speaks := l.phase == up || l.phase == setup && l.early
	l.sound.use.Store(l.phase == up && d.dir == sendrecv) // whoever holds us may send nothing
	var safe *locks
	if d.lock != (lock{}) {
		safe = &locks{l.ours.lock, d.lock}
	}
	l.sound.apply(terms{
		locks:  safe,
		remote: d.addr, codec: d.codecs[0], dtmf: d.dtmf, control: d.control, mux: d.mux && l.ours.mux,
		wide: slices.Contains(d.codecs, media.G722), length: l.ours.packet(d),
		live: l.phase == up || l.phase == leaving,
		send: speaks && d.dir.receives() && !d.addr.Addr().IsUnspecified(),
	}, then)
}

// onHold tells whether the far end does not want to hear us.
func (l *Leg) onHold() bool { return l.theirs != nil && !l.theirs.dir.receives() }

// renewed takes a new offer or answer during the call.
func (l *Leg) renewed(at time.Time) {
	if l.phase != up || l.onHold() == l.held {
		l.applySound()
		return
	}
	l.held = !l.held
	on := l.held
	if on && l.pressing != nil {
		l.pressing(errOnHold) // nothing is sent any more, and whoever presses would wait
	}
	l.tell(func() { l.bell.Ring(leg.Event{At: at, Kind: leg.Held, On: on}) })
}

// rtpDigit is called by the sound.
func (l *Leg) rtpDigit(key byte) {
	l.pressed(leg.Event{Kind: leg.Digit, Digit: string(rune(key))}, byRTP)
}

// Ways that keys come.
const (
	byRTP int32 = iota + 1
	byINFO
	byTone
)

// listenForTones finds keys in the sound, for a far end that sends them in no other way.
func (l *Leg) listenForTones() {
	if l.sound.ear.InBand != nil {
		return
	}
	l.sound.ear.InBand = media.NewDTMF(func(key byte) {
		if l.sound.terms.live {
			l.pressed(leg.Event{Kind: leg.Digit, Digit: string(rune(key)), InBand: true}, byTone)
		}
	})
}

// pressed reports a key, if it came by the way that the first one came.
func (l *Leg) pressed(e leg.Event, by int32) {
	if l.keysBy.CompareAndSwap(0, by) || l.keysBy.Load() == by {
		l.bell.Ring(e)
	}
}

// finish ends the leg: everything is given back, then Ended is told. l.mu is held.
func (l *Leg) finish(e leg.Event) {
	if l.phase == over {
		return
	}
	l.phase = over
	l.sure()
	l.part()
	if l.limit != nil {
		l.limit.Stop()
	}
	if l.unbind != nil {
		l.unbind()
	}
	l.stopSession()
	l.stopTransfers()
	l.stopHold()
	l.reliable.stop()
	if e.At.IsZero() {
		e.At = time.Now()
	}
	if l.inv != nil && l.inv.tx != nil { // it has none if we were closed before it could be sent
		if l.inv.tx.release() {
			l.inv.log = nil
		}
		l.srv.abandon(l.inv, l.why, nil) // a late 18x, or another branch's 200
	}
	for _, tx := range []*serverTx{l.first, l.reinvite} {
		if tx != nil {
			tx.release()
		}
	}
	close(l.gone)
	l.srv.spawn(func() {
		l.sound.finish()
		l.srv.ports.give(l.sock)
		l.log.Debug("leg ended", "cause", string(e.Cause), "status", e.Status, "sound", l.Sound())
		l.bell.Ring(e)
	})
	l.srv.forget(l)
}

// phrase puts a status and its words together for people.
func phrase(code int, words string) string { return fmt.Sprintf("%d %s", code, words) }
