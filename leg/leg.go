// Package leg is the contract of one phone connection: a SIP call, a browser, a simulated phone.
//
// A [Dialer] starts legs, a [Leg] reports what happens to it on a channel and is told what to do by
// methods. Every leg ends with exactly one [Ended] event, after which its channel is closed and its
// sockets, ports and goroutines are gone. leg/legtest checks all of this for each implementation.
package leg

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/kaden-project/kaden/media"
)

// EventKind says what happened to a leg.
type EventKind uint8

// Events of a leg, in the order in which they can come. Ringing and EarlyMedia may come many times or never.
const (
	Ringing       EventKind = iota + 1 // 180, or any other 18x
	EarlyMedia                         // 183 (or 180) with sound before the answer
	Answered                           // somebody, or something, picked up
	Digit                              // a key, after it was released; never before Answered
	Held                               // the far end put us on hold, or took us back (Event.On)
	Ended                              // over, for the reason in Cause; always last
	Trying                             // 100: whoever carries the call has it, and nobody's phone rings yet; once, or never
	Referred                           // the far end wants somebody called in its place (REFER): Event.Target, Headers, Replaces; see Transferer
	ReferProgress                      // how a transfer goes that we have asked for: Event.Status and Reason, the last one 200 or above
)

// Cause is why a leg ended, in the telephone's own words. The zero value is unknown.
type Cause string

// Causes. Which of Twilio's statuses each one means is said in call.
const (
	HungUp      Cause = "hung-up"        // the far end ended an answered leg
	Completed   Cause = "completed"      // we ended an answered leg
	Canceled    Cause = "canceled"       // we gave up before the answer
	CallerLeft  Cause = "caller-left"    // an inbound caller gave up before our answer
	Busy        Cause = "busy"           // 486, 600
	Rejected    Cause = "rejected"       // 603, 607, or Q.850 cause 21: a person's decision
	NoAnswer    Cause = "no-answer"      // 408, 480, 487: rang, nobody came
	Unreachable Cause = "unreachable"    // 480 without ringing, Q.850 18/20/27, not registered
	Invalid     Cause = "invalid-number" // 404, 484, 604, Q.850 1/28
	Congested   Cause = "congested"      // 503 and its like, Q.850 34/38/42: the network is full
	Fault       Cause = "fault"          // our own: wrong password, no route, no socket, trunk silent
	Failed      Cause = "failed"         // any other refusal
	MediaLost   Cause = "media-lost"     // answered, then nothing was heard for too long
)

// Event is one thing that happened to a leg.
type Event struct {
	At     time.Time
	Kind   EventKind
	Digit  string // 0-9 * # A-D, for Digit
	InBand bool   // for Digit: it was heard as a tone in the sound, which a voice can make, too
	On     bool   // for Held
	Cause  Cause  // for Ended
	Status int    // the SIP status behind it, 0 if none: 180, 200, 486
	Reason string // the far end's or our own words, for the log
	Retry  bool   // for Ended: refused before any 18x, so another trunk may be tried

	// RetryAfter, for Ended, is how long the far end wants to be left alone (the header of that name); 0: it said nothing.
	RetryAfter time.Duration

	// For Ringing, Target is where the far end says that the call was forwarded (181, History-Info); for Ended where it says
	// that who was called is now (3xx). Both are a sip:, sips: or tel: address of a stranger's; "" is nowhere.
	//
	// For Referred. Target is whom to call: a sip:, sips: or tel: address without headers, or a number as it was written.
	// Headers are for the new call: those in the address (RFC 3261 section 19.1.1), but none that speak of the dialog,
	// and Referred-By (RFC 3892) where there is one; they are a stranger's words. For Answered and Ended, Headers are the
	// X-… ones of a SIP phone's final answer, nil where nobody says any. Replaces is an attended transfer: the
	// CallID (Info) of a leg of ours whose far end is to be connected instead of calling Target; "" is a blind one.
	Target   string
	Headers  map[string]string
	Replaces string
}

// Info is what is known about a leg from its start. It does not change.
type Info struct {
	Inbound  bool
	From, To string // addresses as they appear: sip:…, tel:…, sim:…
	CallID   string // SIP Call-ID or the like
	Source   string // network address of the far end, "" if there is none
	Phone    string // which of our own phones it is, as user@domain: it has proved so; "" for everybody else
	Line     string // the line that an inbound call came over, "" if it is not one of ours (see Target.Line)
	Headers  map[string]string
}

// Leg is one phone connection. Its methods may be called from any goroutine; sound set by Play and
// Listen is read and written on the goroutine that paces the leg.
type Leg interface {
	Info() Info

	// Events is read by one owner. It is never blocked for long by a slow reader (64 events of room),
	// and closed after Ended.
	Events() <-chan Event

	// Ring tells an inbound caller that it rings here; early opens the sound before the answer.
	Ring(ctx context.Context, early bool) error
	// Answer picks an inbound leg up.
	Answer(ctx context.Context) error
	// Hangup ends the leg in whatever way its state asks for: refusal, CANCEL or BYE. It may be called
	// again, and does not wait: Ended follows. Before an inbound answer, Busy and Rejected choose the refusal.
	Hangup(ctx context.Context, c Cause) error

	// Play makes src what the far end hears from now on, in place of what it heard; nil is silence.
	// A Source that finishes is followed by silence.
	Play(src media.Source)
	// Listen hands every frame from the far end to sink; nil stops it.
	Listen(sink media.Sink)
	// SendDigits presses keys: 0-9 * # A-D, w is a pause of 0.5 s and W of 1 s. It returns when they are sent.
	SendDigits(ctx context.Context, digits string) error
}

// Target says whom to dial and how.
type Target struct {
	URI         string // what to call: sip:sato@192.0.2.7, sip:+819012345678@trunk.example, sim:me
	Via         string // host:port or sip: URI of the next hop where it is not in URI (trunk, outbound proxy)
	From        string // caller ID: a number with +, or a user name
	FromHost    string // host of the From header, "" for our own
	DisplayName string
	Username    string // digest; "" for none
	Password    string
	Headers     map[string]string // extra headers, X-…
	InBandDTMF  bool
	Unreliable  bool // the trunk says with tones and announcements what others say in SIP (rules 29, 30)
	Encrypt     Encryption
	Phone       string // which of our own phones it is, as Info's; "" for everybody else
	Symmetric   bool   // requests of the dialog go back the way its messages come: a phone behind a NAT

	// Line names the line that the call goes over, where the dialer knows lines of its own (sipleg.Line): what it
	// knows of the carrier is then used. "" is none.
	Line string

	// Whose call it is, and its name, for far ends that are told (browsers): AC…, CA…; "" where nobody knows.
	Account, Call string
}

// Encryption says whether the sound of a call is encrypted (SRTP, with its key in the signalling). The zero value is
// as the line says, and in the clear where that says nothing.
type Encryption string

// Encryptions. Offered is tried first, and the call made in the clear where the far end refuses it; with Required there
// is no call in the clear, with Clear none that is encrypted.
const (
	Clear    Encryption = "off"
	Offered  Encryption = "offered"
	Required Encryption = "required"
)

// Options belong to one attempt.
type Options struct {
	// ID names the attempt and is durable before Dial is called. Everything a later life of this
	// process needs to cancel an INVITE of which it has no other record (Call-ID, tag, branch) is
	// derived from it. "" means: make one up.
	ID string
	// Keep, when set, is called with what is needed to end the leg after a crash, each time that
	// changes, and must have stored it when it returns. The answer of the far end is acknowledged (ACK)
	// only after Keep: no commit, no ACK. It is given 500 ms. An error is logged and does not end the call.
	Keep func(ctx context.Context, r Remains) error
	// Beside, when set, is the place of the leg that this one is for. A leg that is paced by a clock takes its own on the same
	// goroutine, so that what the one says need not wait for the other.
	Beside *media.Seat
}

// Remains is what is left of a leg when its process is gone: enough to CANCEL or BYE it.
// Only the implementation that wrote it can read it.
type Remains json.RawMessage

// ErrGone is the error of a Dial to a phone of ours that held a connection and has closed it, and to which none can be opened: it
// cannot be called before it registers again.
var ErrGone = errors.New("the phone has closed its connection")

// Dialer starts legs to one kind of address. Dial returns when the attempt is on its way (the INVITE
// is sent) or cannot be made at all; all else comes as events. Cancelling ctx hangs up.
type Dialer interface {
	Dial(ctx context.Context, to Target, o Options) (Leg, error)
}

// Ender is a Dialer whose legs can outlive the process as ghosts at a carrier.
// End sends whatever ends the attempt: to and o are those of the Dial, r the last Remains kept (nil: none).
// It returns when the far end has confirmed or 4 s have passed.
type Ender interface {
	End(ctx context.Context, to Target, o Options, r Remains) error
}

// Message is one signalling message of a leg, secrets taken out.
type Message struct {
	At   time.Time
	Sent bool   // by us
	Peer string // the other side's address
	Text string
}

// Hearer is a Leg that knows when it heard the far end for the first time after the answer; zero is never.
// A call on which nothing was ever heard is not a conversation, whatever the signalling says.
type Hearer interface{ FirstHeard() time.Time }

// Tracer is a Leg that remembers its signalling, for the ladder and the pcap.
type Tracer interface{ Trace() []Message }

// Holder is a Leg whose far end can be told that it is not heard for a while, so that its phone shows it and its sound
// need not be sent. What is played to it goes on. Hold does not wait for the far end; an error means that the leg is not up.
type Holder interface{ Hold(on bool) error }

// Through is a Leg whose far end is in this process. What is written to its Feed is heard there in the
// same moment, on the goroutine that writes, with no clock between: that is how a bridge passes any number
// of such legs without delay. Play ends the feeding; so does Play(nil).
type Through interface {
	Leg
	Feed() media.Sink
}

// Seated is a Leg that is paced by a [media.Clock]. Seat is its place there, nil while it has no sound. What is written for it
// on the goroutine of its own shard need not wait for its tick: see [media.Seat.Push].
type Seated interface {
	Leg
	Seat() *media.Seat
}

// SeatOf is l's seat, nil if it has none.
func SeatOf(l Leg) *media.Seat {
	if s, ok := l.(Seated); ok {
		return s.Seat()
	}
	return nil
}

// Transferer is a Leg whose far end can be asked to call somebody else (REFER, RFC 3515), and can ask for that itself.
type Transferer interface {
	Leg

	// Transfer asks the far end of an answered leg to call target, an address or a number; headers are for the new call.
	// It returns when the far end has accepted (202), has refused (TransferRefused), or ctx ends; ReferProgress follows,
	// ten minutes at most. Nobody is hung up by it. There is one transfer at a time.
	Transfer(ctx context.Context, target string, headers map[string]string) error

	// Progress tells the far end that has asked (Referred) how its transfer goes: 100, 180, 200, 486 … The first one
	// accepts (202); one of 300 or above before any other refuses with that status. A status of 200 or above is the last.
	// Whoever says nothing for 10 s after Referred has declined (603). It does not wait for the far end; it is an error
	// where nobody asks, or not any more.
	Progress(ctx context.Context, status int) error
}

// Named tells whether l is the leg with a CallID, as [Event].Replaces says it. A leg that is made of several, such as a
// call to every phone of a user, has the names of all.
func Named(l Leg, callID string) bool {
	if several, ok := l.(interface{ Named(callID string) bool }); ok {
		return several.Named(callID)
	}
	return callID != "" && l.Info().CallID == callID
}

// TransferRefused is the error of a transfer that the far end does not make. Status is its answer: 603, 405 from a phone
// that knows no transfers, 408 where nothing was heard.
type TransferRefused struct {
	Status int
	Reason string // the far end's words
}

func (e TransferRefused) Error() string {
	return fmt.Sprintf("the far end does not transfer the call: %d %s", e.Status, e.Reason)
}
