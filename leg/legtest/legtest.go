// Package legtest says what it means to be a leg, as a list of tests.
//
// Every implementation of [leg.Leg] passes [Run]: SIP over real sockets, browsers, simulated phones.
// It brings a [House] with a far end that the tests move by hand ([Phone]), so that each story says
// who did what when, and none has to sleep. An implementation that runs in virtual time wraps each of
// [Cases] in a synctest bubble itself; Run takes them as they are, in real time.
package legtest

import (
	"runtime"
	"testing"

	"github.com/kaden-project/kaden/leg"
	"github.com/kaden-project/kaden/media"
)

// House is one implementation under test, started afresh for each story. What it listens on, it
// releases with t.Cleanup; what belongs to a leg must be gone when the leg has ended.
type House interface {
	// Dialer starts the legs that are tested.
	Dialer() leg.Dialer

	// Phone makes a far end that is free and waits to be called.
	Phone() Phone

	// Open counts what is held on behalf of legs: sockets, ports, dialogs, registrations of legs in
	// tables. Phones' own resources do not count. It is back at its first value soon after every leg
	// has ended (ports that rest before reuse count as closed).
	Open() int
}

// Answerer is a House whose phones can call in. The inbound stories are for these.
type Answerer interface {
	// Call makes p call us and returns our end as soon as it is known, before Ring and Answer.
	Call(p Phone) leg.Leg
}

// Quiet is a House whose phones have no sound before they answer; NoEarlySound says why. The story of such
// sound is not for them, and their Early is a Ring.
type Quiet interface{ NoEarlySound() string }

// Phone is the far end of one leg, moved by hand. Its methods come from the goroutine of the test and
// return when the thing is done or on the wire; they fail the test themselves when it cannot be done.
// A Phone serves one call.
//
// A SIP phone answers every INVITE with 100 by itself, acknowledges what has to be, confirms CANCEL
// (200, then 487) and BYE (200) by itself.
type Phone interface {
	// Target reaches this phone.
	Target() leg.Target

	// Called is closed when a call has arrived (the INVITE).
	Called() <-chan struct{}

	// Deaf makes the phone swallow everything: no 100, no answer to CANCEL. Before Called only.
	Deaf()

	Ring()              // 180
	Early()             // 183 with sound: what Play says is heard before the answer
	Answer()            // 200
	Refuse(c leg.Cause) // Busy 486, Rejected 603, NoAnswer 480, Invalid 404, Congested 503
	Press(keys string)  // 0-9 * #, one after the other; also before the answer, if there is a way
	HangUp()            // BYE, or CANCEL of a call of its own that is not answered yet

	Play(src media.Source)  // what the phone says; nil is silence. Only after Early or Answer
	Listen(sink media.Sink) // gets every frame that the phone hears
	Digits() string         // keys that the phone has received so far

	// Over gives the one cause for which the call is over as the phone sees it, and is closed then:
	// Canceled (it got a CANCEL), HungUp (it got a BYE), Completed (it hung up), the cause of its
	// own Refuse, and for its own calls Busy or Rejected when we refused.
	Over() <-chan leg.Cause
}

// Transferring is a Phone that can be asked to call somebody else, and can ask for it. The stories of transfers are for
// such phones alone, of legs that are a [leg.Transferer].
type Transferring interface {
	Phone
	Refer(target string, headers map[string]string) // REFER, with headers for the new call
	Told() []int                                    // what we have said of it so far: 603 alone is a refusal
	Asked() string                                  // whom we have asked it to call, "" for nobody
	Tell(status int)                                // its word on that: a first one of 300 or above refuses; then NOTIFY
}

// Case is one story.
type Case struct {
	Name string
	Tell func(t *testing.T, h House)
}

// Cases are the stories that every leg has to pass.
func Cases() []Case {
	var all []Case
	all = append(all, outbound()...)
	all = append(all, endings()...)
	all = append(all, sound()...)
	all = append(all, inbound()...)
	all = append(all, transfers()...)
	return all
}

// Run tells every story to a house of its own, one after the other, and then counts what is left.
func Run(t *testing.T, open func(t *testing.T) House) {
	for _, c := range Cases() {
		t.Run(c.Name, func(t *testing.T) { Tell(t, c, open) })
	}
}

// Tell tells one story. Goroutines that the house itself started count as its own; those that
// appeared during the story must be gone after it.
func Tell(t *testing.T, c Case, open func(t *testing.T) House) {
	h := open(t)
	count := func() left { return left{h.Open(), runtime.NumGoroutine()} }
	before := count()
	c.Tell(t, h)
	if t.Failed() || t.Skipped() {
		return
	}
	before.awaits(t, count)
}
