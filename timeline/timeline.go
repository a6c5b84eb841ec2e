// Package timeline is the vocabulary of a night: the kinds of things that happen, and their JSON.
//
// Call-outs, calls, the demo, kaden plan explain and the live event stream all speak in [Event]s,
// so that what was planned can be laid beside what took place. Events are facts in the past tense;
// they are appended and never changed. Nothing here acts on them.
package timeline

import "time"

// Kind names what happened.
type Kind string

// An alert, from the monitoring system to its end.
const (
	AlertStored       Kind = "alert.stored"       // durably taken in
	AlertRepeated     Kind = "alert.repeated"     // the same again; nobody rung for it
	AlertRaised       Kind = "alert.raised"       // its severity went up
	AlertIgnored      Kind = "alert.ignored"      // stored, but nothing to ring for; Text says why
	AlertAcknowledged Kind = "alert.acknowledged" // its need is met; Person took it
	AlertExhausted    Kind = "alert.exhausted"    // everybody was rung, nobody took it
	AlertResolved     Kind = "alert.resolved"     // its source says it is over
)

// A call-out: the plan at work for one alert.
const (
	CalloutStarted   Kind = "callout.started"   // Text is the plan's name
	CalloutWaiting   Kind = "callout.waiting"   // grace, rest or wait; Text says until when and why
	CalloutStep      Kind = "callout.step"      // a step or a new round began
	CalloutResumed   Kind = "callout.resumed"   // after a restart, a lapse or an un-accept
	CalloutStalled   Kind = "callout.stalled"   // our own fault holds it up: no trunk, no speech, no database
	CalloutUnreached Kind = "callout.unreached" // a person of the plan has no way to be reached; Text says why
	CalloutOtherwise Kind = "callout.otherwise" // nobody took it: what the plan says for that case
	CalloutChecking  Kind = "callout.checking"  // the one who took it is asked whether they are still on it
	CalloutLapsed    Kind = "callout.lapsed"    // who took it did not answer that: the plan goes on
	CalloutSnoozed   Kind = "callout.snoozed"   // Person wants to be left alone with it until …
	CalloutHandOver  Kind = "callout.hand-over" // Person gives it to somebody else
	CalloutSummoned  Kind = "callout.summoned"  // Person wants everybody who has not answered called now
	CalloutHalted    Kind = "callout.halted"    // the kill switch: nobody is rung for a while
	CalloutSpoke     Kind = "callout.spoke"     // Person left a spoken message for whoever comes after
	CalloutAlive     Kind = "callout.alive"     // Person gave a sign of life
)

// An attempt: one call to one person.
const (
	AttemptDialing      Kind = "attempt.dialing"
	AttemptRinging      Kind = "attempt.ringing"
	AttemptAnswered     Kind = "attempt.answered"
	AttemptDigit        Kind = "attempt.digit"
	AttemptConfirmed    Kind = "attempt.confirmed"
	AttemptPassed       Kind = "attempt.passed"
	AttemptBusy         Kind = "attempt.busy"
	AttemptNoAnswer     Kind = "attempt.no-answer"
	AttemptRejected     Kind = "attempt.rejected"
	AttemptUnreachable  Kind = "attempt.unreachable"
	AttemptInvalid      Kind = "attempt.invalid"
	AttemptMachine      Kind = "attempt.machine"
	AttemptNotConfirmed Kind = "attempt.not-confirmed"
	AttemptCanceled     Kind = "attempt.canceled"    // another took it, or it was resolved
	AttemptLost         Kind = "attempt.lost"        // this kaden died within the call
	AttemptFault        Kind = "attempt.fault"       // our own fault; does not count as a turn
	AttemptBundled      Kind = "attempt.bundled"     // rides on a call that is under way to the same person
	AttemptDetected     Kind = "attempt.detected"    // Cause is what detection takes it for: human, machine_start …; a hint
	AttemptCallBack     Kind = "attempt.called-back" // the person called us
	AttemptJoined       Kind = "attempt.joined"      // entered the conference
	AttemptLeft         Kind = "attempt.left"        // left the conference
)

// A hotline: somebody has called a number of ours to have people called. Call is their call.
const (
	CallerWaiting Kind = "caller.waiting" // waits on the line
	CallerJoined  Kind = "caller.joined"  // talks with whoever took it
	CallerLeft    Kind = "caller.left"    // is not on the line any more; Text says why, and how to call back
)

// A call of the platform, by Twilio's words for its states.
const (
	CallQueued     Kind = "call.queued"
	CallInitiated  Kind = "call.initiated"
	CallRinging    Kind = "call.ringing"
	CallAnswered   Kind = "call.in-progress"
	CallDoubleRing Kind = "call.double-ring" // the phone may have rung twice: a trunk that was silent woke up
	CallForwarded  Kind = "call.forwarded"   // the carrier says that the number is elsewhere; Cause is forwarded, moved or not-followed
	CallPlayed     Kind = "call.played"      // Cause is what the line plays in the place of an answer: busy, announcement …; a hint
	CallDigit      Kind = "call.digit"
	CallDetected   Kind = "call.detected" // Cause is what detection takes the one who answered for; a hint
	CallHeard      Kind = "call.heard"    // the first sound of the far end, or that there was none; told at the end
	CallEnded      Kind = "call.ended"    // Cause says how
	CallCharged    Kind = "call.charged"  // a leg of it has ended; Text says what it cost, or that this is not known
)

// NoticeRaised is a loud message for the operator: something is wrong with kaden itself.
const NoticeRaised Kind = "notice.raised"

// Event is one thing that happened. Empty fields do not apply.
type Event struct {
	Seq     int64     `json:"seq"` // order of commits; 0 until stored
	At      time.Time `json:"at"`  // UTC, milliseconds
	Kind    Kind      `json:"kind"`
	Alert   string    `json:"alert,omitempty"`
	Callout string    `json:"callout,omitempty"`
	Person  string    `json:"person,omitempty"`
	Attempt string    `json:"attempt,omitempty"`
	Call    string    `json:"call,omitempty"`
	Cause   string    `json:"cause,omitempty"`
	Digit   string    `json:"digit,omitempty"`
	Text    string    `json:"text,omitempty"` // for people; never needed to understand the rest
}
