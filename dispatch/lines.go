package dispatch

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/kaden-project/kaden/call"
	"github.com/kaden-project/kaden/callout"
	"github.com/kaden-project/kaden/leg"
	"github.com/kaden-project/kaden/sid"
)

// lines is who is on the telephone. One person, one line (rule 6): over all call-outs a person has at
// most one outgoing call, or one to each of the phones that ring at the same time; further alerts ride on those that are
// under way.
type lines struct {
	perHour int

	mu       sync.Mutex
	byPerson map[string][]*line     // those that are not over, the newest last
	byRider  map[string]*line       // by attempt that rides on it
	byLead   map[string]*line       // by the attempt it was placed for, which may have left it
	calls    map[string][]time.Time // person → calls begun within the last hour, without those that no line took
}

func newLines(perHour int) *lines {
	return &lines{perHour: perHour, byPerson: map[string][]*line{}, byRider: map[string]*line{}, byLead: map[string]*line{}, calls: map[string][]time.Time{}}
}

// line is one call to one person and the attempts that ride on it.
type line struct {
	person  string
	address string
	lead    string // the attempt the call was placed for
	sid     sid.Call
	counted time.Time     // when its person was called, for the cap within the hour; zero: they have called us
	over    chan struct{} // closed when the call is over
	after   []*line       // earlier lines of the same person that are being ended

	all *lines // its mutex guards what follows

	riders   []rider
	phase    phase
	rang     time.Time
	answered time.Time
	hold     Line // nil until the call is on its way
	trunk    string
	crowded  []string // the trunks of which it waited for a line when it was last told so
	keyed    bool     // a key was pressed that is none by ear alone: a person listens
	wanted   bool     // it was asked to make room for somebody who waits
	detected string   // what detection takes the one who answered for
	inBand   bool     // its keys are heard as tones in the sound, and count when heard twice (rule 19)
	unsure   bool     // the trunk answers by itself: that proves nobody (rule 30)
	inbound  bool     // the person called us
	proven   bool     // … and entered their PIN
	talks    bool     // in a conference, for as long as that takes
	plainly  bool     // say only what was prepared at the start
	rejoined bool     // an earlier life of this process placed it
}

// rider is an attempt on a line.
type rider struct {
	attempt string
	run     *run
}

// phase is how far a line has come.
type phase int

const (
	placing phase = iota
	ringing
	answered
	closing // nobody may get on any more: the last rider left, or it was accepted
	ended
)

// seat is what an attempt gets when it asks for a line.
type seat struct {
	line   *line
	lead   bool // this attempt's call has to be placed
	capped bool // the person was called too often within the hour
	busy   bool // the person talks in a conference of ours
	told   bool // the person is told of the same alert on the line, by a sibling of this attempt
}

// refused is why there is no line, "" if there is one.
func (s seat) refused(perHour int) (callout.Outcome, string) {
	switch {
	case s.capped:
		return callout.Unreachable, fmt.Sprintf("called %d times within the hour; the next person is rung", perHour)
	case s.busy:
		return callout.Busy, "talks in the conference of another alert"
	case s.told:
		return callout.Canceled, "is told in the call that is under way"
	}
	return "", ""
}

// claim gives an attempt a line to its person: the one under way, or a new one. with are the addresses that may ring at
// the same time: a new line is begun beside theirs until the person has answered one. Asking again for the same attempt
// gives the same seat, because a transaction may run twice.
func (ls *lines) claim(person, address string, with []string, rd rider, now time.Time) seat {
	ls.mu.Lock()
	defer ls.mu.Unlock()
	if l := ls.byRider[rd.attempt]; l != nil {
		for i := range l.riders {
			if l.riders[i].attempt == rd.attempt {
				l.riders[i].run = rd.run
			}
		}
		return seat{line: l, lead: l.lead == rd.attempt}
	}
	current, after, talks := ls.current(person, address, with)
	switch {
	case current != nil && len(with) > 0 && current.carries(rd.run):
		return seat{told: true}
	case current != nil:
		current.board(rd, now)
		return seat{line: current}
	case talks:
		return seat{busy: true}
	case ls.tooOften(person, now):
		return seat{capped: true}
	}
	l := &line{
		person: person, address: address, lead: rd.attempt, sid: sid.New[sid.Call](),
		over: make(chan struct{}), after: after, all: ls, riders: []rider{rd}, counted: now,
	}
	ls.add(l)
	ls.byRider[rd.attempt] = l
	ls.calls[person] = append(ls.calls[person], now)
	return seat{line: l, lead: true}
}

// current is the line of a person on which one more alert is told, nil if a new one is wanted; that comes after those
// that are being ended. talks: the person talks in a conference. ls.mu is held.
func (ls *lines) current(person, address string, with []string) (current *line, after []*line, talks bool) {
	for _, l := range ls.byPerson[person] {
		talks = talks || l.talks
		switch {
		case l.phase < closing && l.address != address && !l.personal() && slices.Contains(with, l.address): // rings beside
		case l.phase >= closing || fixed(l.hold):
			after = append(after, l)
		case current == nil || current.address != address:
			current = l
		}
	}
	return current, after, talks
}

// personal tells that a line was answered, and by no machine as far as is known. ls.mu is held.
func (l *line) personal() bool { return l.phase == answered && !l.robotic() }

// robotic tells that detection takes the one who answered for a machine. ls.mu is held.
func (l *line) robotic() bool {
	return strings.HasPrefix(l.detected, "machine_") || l.detected == "fax"
}

// carries tells whether an attempt of a call-out rides on the line. ls.mu is held.
func (l *line) carries(r *run) bool {
	return slices.ContainsFunc(l.riders, func(rd rider) bool { return rd.run.id() == r.id() })
}

// add keeps a line of a person. ls.mu is held.
func (ls *lines) add(l *line) {
	ls.byPerson[l.person] = append(ls.byPerson[l.person], l)
	ls.byLead[l.lead] = l
}

// board puts an attempt on the line and tells it how far the call is. The lines' mutex is held.
func (l *line) board(rd rider, now time.Time) {
	l.riders = append(l.riders, rd)
	l.all.byRider[rd.attempt] = l
	switch l.phase {
	case ringing:
		rd.run.send(callout.Event{At: now, Kind: callout.Rang, Attempt: rd.attempt})
	case answered:
		rd.run.send(callout.Event{At: now, Kind: callout.Rang, Attempt: rd.attempt})
		rd.run.send(callout.Event{At: now, Kind: callout.AnsweredBy, Attempt: rd.attempt, Unsure: l.unsure})
		if l.detected != "" {
			rd.run.send(callout.Event{At: now, Kind: callout.Detected, Attempt: rd.attempt, Text: l.detected})
		}
	}
}

// callIn makes the call that a person has made to us their line: what comes now is told in it. The one we
// had to them is on its way to its end.
func (ls *lines) callIn(person, address string, id sid.Call, hold Line, proven bool) *line {
	ls.mu.Lock()
	defer ls.mu.Unlock()
	l := &line{
		person: person, address: address, lead: "in-" + string(id), sid: id, over: make(chan struct{}), after: slices.Clone(ls.byPerson[person]),
		all: ls, phase: answered, answered: now(), hold: hold, inbound: true, proven: proven,
	}
	ls.add(l)
	return l
}

// seat puts an attempt on the call that its person has made to us; nil if that is over. Asking again for the
// same attempt gives the same line.
func (ls *lines) seat(person string, rd rider) *line {
	ls.mu.Lock()
	defer ls.mu.Unlock()
	if l := ls.byRider[rd.attempt]; l != nil {
		return l
	}
	for _, l := range slices.Backward(ls.byPerson[person]) {
		if l.inbound && l.phase <= answered {
			l.riders = append(l.riders, rd)
			ls.byRider[rd.attempt] = l
			return l
		}
	}
	return nil
}

// alone gives a line that nothing rides on, for a call about the person and not about an alert. nil: they are
// on the telephone; capped: they were called too often.
func (ls *lines) alone(person, address, name string, now time.Time) (l *line, capped bool) {
	ls.mu.Lock()
	defer ls.mu.Unlock()
	switch {
	case len(ls.byPerson[person]) > 0:
		return nil, false
	case ls.tooOften(person, now):
		return nil, true
	}
	l = &line{person: person, address: address, lead: name, sid: sid.New[sid.Call](), over: make(chan struct{}), all: ls, phase: closing, counted: now}
	ls.add(l)
	ls.calls[person] = append(ls.calls[person], now)
	return l, false
}

// remember counts calls that were made before this start.
func (ls *lines) remember(calls map[string][]time.Time) {
	ls.mu.Lock()
	defer ls.mu.Unlock()
	maps.Copy(ls.calls, calls)
}

// tooOften forgets calls older than an hour and tells whether the rest fill the cap.
func (ls *lines) tooOften(person string, now time.Time) bool {
	recent := ls.calls[person]
	for len(recent) > 0 && now.Sub(recent[0]) >= time.Hour {
		recent = recent[1:]
	}
	ls.calls[person] = recent
	return len(recent) >= ls.perHour
}

// uncount forgets a call that no line took: our own fault costs nobody their turn (rule 7). ls.mu is held.
func (ls *lines) uncount(l *line) {
	calls := ls.calls[l.person]
	if i := slices.IndexFunc(calls, l.counted.Equal); i >= 0 {
		ls.calls[l.person] = slices.Delete(calls, i, i+1)
	}
}

// abandon takes back the seats of attempts whose commit did not come about. Whoever had got on a line
// that will now not be placed is told that it was our fault.
func (ls *lines) abandon(attempts []string) {
	for _, a := range attempts {
		l := ls.of(a)
		if l == nil {
			continue
		}
		l.leave(a)
		if l.lead == a {
			l.finish(now(), callout.Fault, "the call could not be recorded")
		}
	}
}

// of finds the line an attempt rides on, nil if it rides on none.
func (ls *lines) of(attempt string) *line {
	ls.mu.Lock()
	defer ls.mu.Unlock()
	return ls.byRider[attempt]
}

// led finds the line whose call was placed for an attempt, nil if that call is over.
func (ls *lines) led(attempt string) *line {
	ls.mu.Lock()
	defer ls.mu.Unlock()
	return ls.byLead[attempt]
}

// aboard lists the riders in the order in which they got on.
func (l *line) aboard() []rider {
	l.all.mu.Lock()
	defer l.all.mu.Unlock()
	return append([]rider(nil), l.riders...)
}

// leave takes an attempt off its line and tells whether others are still on it. The last one to leave closes it.
func (l *line) leave(attempt string) (others bool) {
	l.all.mu.Lock()
	defer l.all.mu.Unlock()
	for i, rd := range l.riders {
		if rd.attempt == attempt {
			l.riders = append(l.riders[:i:i], l.riders[i+1:]...)
			delete(l.all.byRider, attempt)
			break
		}
	}
	if len(l.riders) == 0 && l.phase < closing {
		l.phase = closing
	}
	return len(l.riders) > 0
}

// close lets nobody get on any more: the person has taken what was told.
func (l *line) close() {
	l.all.mu.Lock()
	defer l.all.mu.Unlock()
	if l.phase < closing {
		l.phase = closing
	}
}

// joined is close for somebody who goes into a conference: nobody else's alert waits for the end of that.
func (l *line) joined() {
	l.close()
	l.all.mu.Lock()
	defer l.all.mu.Unlock()
	l.talks = true
}

// prove notes that the caller has entered their PIN.
func (l *line) prove() {
	l.all.mu.Lock()
	defer l.all.mu.Unlock()
	l.proven = true
}

// take sets the call that is on its way; false means that everybody has left meanwhile and it is to be ended.
func (l *line) take(h Line) bool {
	l.all.mu.Lock()
	defer l.all.mu.Unlock()
	l.hold = h
	return len(l.riders) > 0
}

// holder is the call under way, nil before it is placed and when it is over.
func (l *line) holder() Line {
	l.all.mu.Lock()
	defer l.all.mu.Unlock()
	if l.phase == ended {
		return nil
	}
	return l.hold
}

// away tells that the call is on another platform, where our conferences are not.
func (l *line) away() bool {
	a, ok := l.holder().(interface{ Away() bool })
	return ok && a.Away()
}

// fixed tells that what is said on a call went with its order: nothing else can be told in it.
func fixed(h Line) bool {
	f, ok := h.(interface{ Fixed() bool })
	return ok && f.Fixed()
}

// heard passes on what happened to the call, to every attempt that rides on it.
func (l *line) heard(e call.Event) {
	if e.Status.Over() {
		l.finish(e.At, outcomeOf(e, l.wasAnswered(), l.isTrunks()), words(e))
		return
	}
	var kind callout.EventKind
	l.all.mu.Lock()
	if e.Trunk != "" {
		l.trunk = e.Trunk
	}
	switch {
	case e.Digit != "":
		l.inBand, l.keyed = e.InBand, l.keyed || !e.InBand
	case e.Status == call.Queued:
		l.crowded = e.Full
	case e.AnsweredBy != "":
		kind, l.detected = callout.Detected, e.AnsweredBy
	case e.Status == call.Initiated:
		kind, l.crowded = callout.Placed, nil // it has left the trunk's queue: its time runs from now
	case e.Status == call.Ringing && l.phase == placing:
		kind, l.phase, l.rang = callout.Rang, ringing, e.At
	case e.Status == call.InProgress && l.phase < answered:
		kind, l.phase, l.answered, l.unsure, l.inBand = callout.AnsweredBy, answered, e.At, e.Unsure, e.InBand
	}
	riders := append([]rider(nil), l.riders...)
	l.all.mu.Unlock()
	if e.Status == call.Queued || kind == callout.Placed || kind == callout.Detected {
		defer l.all.relieve()
	}
	if kind == "" {
		return // keys come through the script, where their answer is spoken
	}
	for _, rd := range riders {
		rd.run.send(callout.Event{At: e.At, Kind: kind, Attempt: rd.attempt, Text: e.AnsweredBy, Unsure: kind == callout.AnsweredBy && e.Unsure})
	}
}

// isUnsure tells that an answer on this line proves nobody, so that a key is asked for.
func (l *line) isUnsure() bool {
	l.all.mu.Lock()
	defer l.all.mu.Unlock()
	return l.unsure
}

// hearsKeys tells that this line's keys are heard as tones in the sound. Of a call to us nobody tells: it is asked.
func (l *line) hearsKeys() bool {
	l.all.mu.Lock()
	defer l.all.mu.Unlock()
	if l.inbound {
		return byTones(l.hold)
	}
	return l.inBand
}

func byTones(h Line) bool {
	t, ok := h.(interface{ InBand() bool })
	return ok && t.InBand()
}

func (l *line) wasAnswered() bool {
	l.all.mu.Lock()
	defer l.all.mu.Unlock()
	return !l.answered.IsZero()
}

// isTrunks tells that the call is a trunk's, over which no phone has rung.
func (l *line) isTrunks() bool {
	l.all.mu.Lock()
	defer l.all.mu.Unlock()
	return l.trunk != "" && l.rang.IsZero()
}

// finish ends the line and tells its riders how; "" is a call that was never placed.
func (l *line) finish(at time.Time, o callout.Outcome, text string) {
	l.all.mu.Lock()
	if l.phase == ended {
		l.all.mu.Unlock()
		return
	}
	l.phase = ended
	riders := l.riders
	l.riders = nil
	for _, rd := range riders {
		delete(l.all.byRider, rd.attempt)
	}
	delete(l.all.byLead, l.lead)
	if left := slices.DeleteFunc(l.all.byPerson[l.person], func(o *line) bool { return o == l }); len(left) > 0 {
		l.all.byPerson[l.person] = left
	} else {
		delete(l.all.byPerson, l.person)
	}
	if l.rang.IsZero() && l.answered.IsZero() && (o == callout.Fault || o == "") {
		l.all.uncount(l)
	}
	l.all.mu.Unlock()
	close(l.over)
	for _, rd := range riders {
		rd.run.send(callout.Event{At: at, Kind: callout.Ended, Attempt: rd.attempt, Outcome: o, Text: text})
	}
}

// carrier is the trunk that the call is on, "" if that is not known.
func (l *line) carrier() string {
	l.all.mu.Lock()
	defer l.all.mu.Unlock()
	return l.trunk
}

// stop takes an attempt off its line; if it was the last, the call is ended or, if somebody listens and
// there is something to tell, redirected to it.
func (l *line) stop(attempt string, c leg.Cause, tell *call.Program) (others bool) {
	if others = l.leave(attempt); others {
		return true
	}
	h := l.holder()
	if h == nil {
		return false // place sees that nobody is on it and ends it
	}
	if tell != nil && l.wasAnswered() {
		if h.Redirect(*tell) == nil {
			return false
		}
	}
	h.End(c)
	return false
}

// now is the wall clock, to the millisecond that the store keeps.
func now() time.Time { return time.Now().UTC().Truncate(time.Millisecond) }
