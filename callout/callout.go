// Package callout decides whom to ring next.
//
// A [Plan] says who may be rung, in which order, and what counts as done. [Decide] takes the [State]
// of one call-out and one [Event] and answers with the new State and the [Command]s it leads to.
// Nothing in this package dials, sleeps, stores, logs or looks at a clock: the time comes with the
// event, and the same events always give the same commands, so a whole night of calling is a file in
// testdata. The same function on a virtual clock is [Simulate], which kaden plan explain and the
// console's preview show. What the words of a plan mean at 3 a.m. is said in docs/rules.md.
package callout

import (
	"time"

	"github.com/kaden-project/kaden/timeline"
)

// Order is how the people of a step are rung.
type Order string

// The orders.
const (
	Together   Order = "together"    // 一斉
	InTurn     Order = "in-turn"     // 順次
	RoundRobin Order = "round-robin" // 輪番: in turn, but who comes first moves on from alert to alert
)

// Need is what ends the ringing.
type Need string

// The needs.
const (
	First    Need = "first"    // one person confirmed
	Everyone Need = "everyone" // each person confirmed or passed
)

// Confirm is what proves that a person took it.
type Confirm string

// The proofs.
const (
	ByKey    Confirm = "key"
	ByProof  Confirm = "proof"  // press the spoken random digit
	ByHangup Confirm = "hangup" // hang up after listening; weak, for warnings
	ByAnswer Confirm = "none"   // the answer is enough
)

// Action is what a key does.
type Action string

// The actions.
const (
	Accept       Action = "accept"
	Pass         Action = "pass"
	CallEveryone Action = "call-everyone" // pressed twice: everybody of the plan is rung now; takes nothing
	Again        Action = "repeat"        // say it again
	Snooze       Action = "snooze"        // leave me alone with it for a while, then ask
	LeaveWord    Action = "speak"         // leave ten seconds of voice for whoever comes after (申し送り)
	Close        Action = "resolve"       // it is over
)

// Machinery is what happens when detection takes the one who answered for a machine. Detection errs, so it
// never acknowledges and, unless the plan says so, never ends a call.
type Machinery string

// What a plan can want of machines.
const (
	MachineYields  Machinery = "yield"   // the default: the next person is rung at once, and a key still wins
	MachineHangUp  Machinery = "hang-up" // the call is ended at once
	MachineMessage Machinery = "message" // the message is said once after the beep, then the call is ended
)

// Purpose is why somebody is called.
type Purpose string

// The purposes.
const (
	ForAlert    Purpose = ""          // to take the alert
	ForCheck    Purpose = "check"     // are you still on it? (rule 2)
	ForHandOver Purpose = "hand-over" // somebody gives it to this person
)

// Never is a StillOnIt that is never asked.
const Never time.Duration = -1

// Forever is a number of rounds without end.
const Forever = -1

// AtOnce is a time that was said to be none, in After and Gap, where zero means "not said".
const AtOnce time.Duration = -1

// Plan is what a call-out has to do. [ParsePlan] fills in the defaults; a Plan made by a program gets
// them from [Plan.WithDefaults]. A frozen Plan is kept as JSON inside the State.
type Plan struct {
	Name      string            `json:"name"`
	From      map[string]string `json:"from,omitempty"`      // caller ID per trunk
	FromOrder []string          `json:"fromOrder,omitempty"` // trunks in order of preference
	Say       map[string]string `json:"say,omitempty"`       // language → template
	Languages []string          `json:"languages,omitempty"` // keys of Say in the order written
	Confirm   Confirm           `json:"confirm"`
	Keys      map[string]Action `json:"keys"`
	After     time.Duration     `json:"after"` // grace before the first ring; 0 is 60 s for warnings, else none; AtOnce is none
	Machine   Machinery         `json:"machine,omitempty"`
	StillOnIt time.Duration     `json:"stillOnIt"` // 0 is 15 min; Never; asked of critical alerts alone
	Steps     []Step            `json:"steps"`
	Repeat    int               `json:"repeat"` // how often the whole plan runs; 0 and 1 are once
	Deadline  time.Duration     `json:"deadline"`
	Otherwise []string          `json:"otherwise,omitempty"`

	// Hotline says that somebody has called and waits on the line: whoever confirms is joined with them, whatever
	// Join says. No document writes it.
	Hotline bool `json:"hotline,omitempty"`
}

// Step is a wait (Wait > 0, Call empty) or a group of people to be rung.
type Step struct {
	Wait      time.Duration `json:"wait,omitempty"`
	Call      []string      `json:"call,omitempty"` // sato, @db-team, on-call:primary
	Order     Order         `json:"order,omitempty"`
	Need      Need          `json:"need,omitempty"`
	Join      bool          `json:"join,omitempty"`
	Ring      time.Duration `json:"ring,omitempty"`
	Listen    time.Duration `json:"listen,omitempty"`
	Rounds    int           `json:"rounds,omitempty"` // n or Forever
	Gap       time.Duration `json:"gap,omitempty"`    // rest between rounds; 0 is 30 s, AtOnce is none; Everyone grows it
	For       time.Duration `json:"for,omitempty"`    // 0 is without limit
	DoubleTap bool          `json:"doubleTap,omitempty"`
}

// Person is somebody a step may ring, as resolved at the moment a round begins.
type Person struct {
	ID      string   `json:"id"`
	Methods []Method `json:"methods"`           // in order of preference; those that ring together stand side by side
	Refused string   `json:"refused,omitempty"` // why there is no method that can be used
}

// Method is one way to reach a person.
type Method struct {
	Address string        `json:"address"`        // tel:+81…, sip:…, client:…, sim:…
	Ring    time.Duration `json:"ring,omitempty"` // 0 is the step's

	// Together is the same number for methods side by side that ring at the same time; 0 rings alone.
	Together int `json:"together,omitempty"`
}

// Outcome is how an attempt stands or ended.
type Outcome string

// The outcomes. Dialing, RingingNow and Listening are under way, the rest are final.
const (
	Dialing      Outcome = "dialing"
	RingingNow   Outcome = "ringing"
	Listening    Outcome = "answered"
	Confirmed    Outcome = "confirmed"
	Passed       Outcome = "passed"
	Busy         Outcome = "busy"
	NoAnswer     Outcome = "no-answer"
	Rejected     Outcome = "rejected"
	Unreachable  Outcome = "unreachable"
	Invalid      Outcome = "invalid"
	Machine      Outcome = "machine"
	NotConfirmed Outcome = "not-confirmed" // answered, but nobody proved to be a person
	Canceled     Outcome = "canceled"      // we stopped it: taken, resolved, deadline
	Lost         Outcome = "lost"          // our process died within the call
	Fault        Outcome = "fault"         // our own fault: counts as no attempt (rule 7)
)

// EventKind says what happened.
type EventKind string

// What can happen to a call-out.
const (
	Begin      EventKind = "begin"    // the alert is stored
	Tick       EventKind = "tick"     // State.Due has come
	Mustered   EventKind = "mustered" // the answer to a Muster command: People
	Placed     EventKind = "placed"   // Attempt: it left the queue of its trunk, the INVITE is sent; need not be told
	Rang       EventKind = "ringing"  // Attempt: the first 18x
	AnsweredBy EventKind = "answered" // Attempt
	Pressed    EventKind = "pressed"  // Attempt, Digit
	Told       EventKind = "told"     // Attempt: the whole message was heard once (for ByHangup)
	Ended      EventKind = "ended"    // Attempt, Outcome (Busy … Fault; NotConfirmed for a hang-up after the answer)
	Resolved   EventKind = "resolved" // its source says it is over
	Refired    EventKind = "refired"  // the same key fires again after Resolved, within 15 min
	Taken      EventKind = "taken"    // acknowledged elsewhere, By: console, API, call back
	Released   EventKind = "released" // un-accepted, By, or its severity went up: the plan goes on
	Stopped    EventKind = "stopped"  // a person stopped the call-out, By

	Detected   EventKind = "detected"    // Attempt: Text is Twilio's AnsweredBy: human, machine_start, machine_end_beep …, fax, unknown
	Wanted     EventKind = "wanted"      // Attempt: the call of somebody else waits for a line, and this one's would do
	Alive      EventKind = "alive"       // a sign of life of the one who took it: console, API, By
	Snoozed    EventKind = "snoozed"     // By: it stays taken for For, then By is asked
	HandedOver EventKind = "handed-over" // By gives it to People[0], who is rung first; the plan goes on if they do not take it
	Summoned   EventKind = "summoned"    // By wants everybody who has not answered rung now (call-everyone, or out of the conference)
	CalledBack EventKind = "called-back" // By calls us, from the address in Text: a turn of theirs; answered by Seat
	Halted     EventKind = "halted"      // the kill switch: nobody is rung before Until, By; may come before Begin
	Unhalted   EventKind = "unhalted"    // the kill switch was let go before its time, By
)

// Event is one thing that happened to a call-out.
type Event struct {
	At      time.Time `json:"at"`
	Kind    EventKind `json:"kind"`
	Attempt string    `json:"attempt,omitempty"`
	Digit   string    `json:"digit,omitempty"`
	Outcome Outcome   `json:"outcome,omitempty"`
	By      string    `json:"by,omitempty"`
	Text    string    `json:"text,omitempty"` // the reason, for the timeline
	Step    int       `json:"step,omitempty"`
	Round   int       `json:"round,omitempty"`
	People  []Person  `json:"people,omitempty"`
	Place   int       `json:"place,omitempty"` // for Mustered: the remembered place of a round robin

	Proof  bool          `json:"proof,omitempty"`  // for Pressed: Digit is the one that was spoken in this call (ByProof)
	InBand bool          `json:"inBand,omitempty"` // for Pressed: it was heard as a tone in the sound, which a voice can make
	Unsure bool          `json:"unsure,omitempty"` // for AnsweredBy: the line answers by itself, so that only a key proves somebody
	For    time.Duration `json:"for,omitempty"`    // for Snoozed; 0 is 30 min
	Until  time.Time     `json:"until,omitzero"`   // for Halted

	Severity string `json:"severity,omitempty"` // for Released and Refired: the alert's, if it is another one now
}

// CommandKind says what is to be done.
type CommandKind string

// What a call-out can ask for.
const (
	Muster      CommandKind = "muster"      // resolve Refs for Step, Round into people now; answered by Mustered in the same transaction
	Dial        CommandKind = "dial"        // Attempt to Person at Address, Ring
	Cancel      CommandKind = "cancel"      // Attempt: it has not been answered; stop it, Why
	Tell        CommandKind = "tell"        // Attempt: it listens; finish the word, say Why and By, hang up
	HangUp      CommandKind = "hang-up"     // Attempt: end it now, Why (listening time over, a machine, calls back)
	Acknowledge CommandKind = "acknowledge" // the alert is taken, By
	Exhaust     CommandKind = "exhaust"     // everybody was rung
	Notify      CommandKind = "notify"      // Refs: what the plan says for the case that nobody took it
	Advance     CommandKind = "advance"     // round robin: the place moves to Round in Step's list, to be remembered
	Note        CommandKind = "note"        // put Event on the timeline
	Reopen      CommandKind = "reopen"      // the alert is nobody's any more: it lapsed, was handed over or un-accepted
	CloseAlert  CommandKind = "resolve"     // a person said on the phone that the alert is over, By
	Seat        CommandKind = "seat"        // Attempt of Person is the call that came in from Address (answers CalledBack)
	AfterBeep   CommandKind = "after-beep"  // Attempt is a machine: say the message once and hang up
)

// Steps that no plan writes: Command.Step and Event.Step of their musters, and Attempt.Step.
const (
	StepCheck = -1 // the one who took it is asked whether they are still on it, or a hand-over
	StepLast  = -2 // rule 3: everybody of the default contacts, slowly, after a critical alert is exhausted
	StepAll   = -3 // everybody of the plan at once, because somebody wants them (Summoned)
)

// DefaultContacts is the Ref of a Muster for those who are called when there is no plan to go by.
const DefaultContacts = "default-contacts:"

// Why an attempt is stopped.
const (
	WhyTaken    = "taken"
	WhyResolved = "resolved"
	WhyListen   = "listened"
	WhyDeadline = "deadline"
	WhyStopped  = "stopped"
	WhyRingTime = "ring-time" // the ring time is over
	WhyHalted   = "halted"    // the kill switch
	WhyMachine  = "machine"   // hang-up: a machine has answered
	WhyCallBack = "call-back" // the person is calling us

	WhyElsewhere = "elsewhere" // the person is on another of their phones that rang at the same time, or has decided there
)

// Command is one thing to be done, in order.
type Command struct {
	Kind    CommandKind    `json:"kind"`
	Attempt string         `json:"attempt,omitempty"`
	Person  string         `json:"person,omitempty"`
	Address string         `json:"address,omitempty"`
	Ring    time.Duration  `json:"ring,omitempty"`
	Why     string         `json:"why,omitempty"`
	By      string         `json:"by,omitempty"`
	Step    int            `json:"step,omitempty"`
	Round   int            `json:"round,omitempty"`
	Refs    []string       `json:"refs,omitempty"`
	Event   timeline.Event `json:"event,omitzero"`

	Purpose Purpose `json:"purpose,omitempty"` // for Dial
	After   string  `json:"after,omitempty"`   // for Dial: the attempt that this one repeats over the same trunk (double tap)

	// With is for Dial: the other addresses of the person that may ring at the same time as this one.
	With []string `json:"with,omitempty"`
}

// Status is how a call-out stands.
type Status string

// The states of a call-out.
const (
	Waiting      Status = "waiting" // in its grace time
	Running      Status = "running"
	Acknowledged Status = "acknowledged"
	Exhausted    Status = "exhausted"
	ResolvedNow  Status = "resolved"
	StoppedNow   Status = "stopped"
)

// State is one call-out at a moment. It is kept as JSON; fields are only ever added. Its fields belong
// to this package: others read the ones with a comment and change none.
type State struct {
	ID       string        `json:"id"`                 // of the call-out; attempts are named ID-1, ID-2 …
	Plan     Plan          `json:"plan"`               // frozen
	Severity string        `json:"severity,omitempty"` // of the alert: critical …
	Status   Status        `json:"status"`
	Due      time.Time     `json:"due,omitzero"`    // when Decide wants a Tick; zero: nothing to wait for
	By       string        `json:"by,omitempty"`    // who took it
	Drill    bool          `json:"drill,omitempty"` // a rehearsal: moves no round robin, is not the last resort's business, is never asked about again
	Begun    time.Time     `json:"begun,omitzero"`
	Patience time.Duration `json:"patience,omitempty"` // least grace while the alert is a warning; 0 is the plan's
	Attempts []Attempt     `json:"attempts,omitempty"` // lines that are up, and those that ended with the last event; in order of number
	// the rest is added by the machine's own files
	Progress
}

// Attempt is one call to one person. Its Outcome may be final while the line is still up: a person who
// confirmed hears that it is recorded, one who was cut off hears who took it. The line is free at Ended.
type Attempt struct {
	ID       string    `json:"id"`
	Person   string    `json:"person"`
	Address  string    `json:"address"`
	Method   int       `json:"method"`
	Step     int       `json:"step"`
	Round    int       `json:"round"`
	Outcome  Outcome   `json:"outcome"`
	Dialed   time.Time `json:"dialed,omitzero"`
	Rang     time.Time `json:"rang,omitzero"`
	Answered time.Time `json:"answered,omitzero"`
	Ended    time.Time `json:"ended,omitzero"` // the line is free; forgotten with the next event
	Purpose  Purpose   `json:"purpose,omitempty"`
	Inbound  bool      `json:"inbound,omitempty"` // the person called us

	// the rest is the machine's own
	No     int           `json:"no"`               // the number in ID
	Member int           `json:"member"`           // index in the track's People, -1 if no longer among them
	Ring   time.Duration `json:"ring"`             // as given to Dial
	Limit  time.Time     `json:"limit,omitzero"`   // when the machine stops waiting for the line
	Quiet  time.Time     `json:"quiet,omitzero"`   // since when the listener has pressed nothing
	Told   time.Time     `json:"told,omitzero"`    // the whole message was heard
	Aside  bool          `json:"aside,omitempty"`  // a second try that holds nobody up
	Yields bool          `json:"yields,omitempty"` // listens so long that the next phone rings as well
	Keyed  bool          `json:"keyed,omitempty"`  // a key was pressed: there is a person
	Device bool          `json:"device,omitempty"` // detection takes it for a machine
	Unsure bool          `json:"unsure,omitempty"` // the line answers by itself: only a key proves somebody
	Wanted bool          `json:"wanted,omitempty"` // a machine's, whose line somebody else waits for: Limit is near
	Armed  string        `json:"armed,omitempty"`  // the call-everyone key that was pressed once
	Tone   string        `json:"tone,omitempty"`   // the key that was heard once in the sound
	Toned  time.Time     `json:"toned,omitzero"`   // when
	Shared bool          `json:"shared,omitempty"` // other phones of the person may ring at the same time
}

// Final tells whether an attempt with this outcome is decided.
func (o Outcome) Final() bool {
	switch o {
	case Dialing, RingingNow, Listening, "":
		return false
	}
	return true
}
