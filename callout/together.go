package callout

import (
	"math/bits"
	"slices"
	"strings"
)

// Rule 15: several ways to reach one person. Those that the person's document puts together ring at the same time, the
// others one after another within the turn. Calls that ring together are siblings: each is an attempt with an outcome of
// its own, and the turn goes on to the next ways when none of them is under way any more. Whatever else calls a person
// waits until no line to them is up (one person, one line).

// ways are methods of a person, a bit for each.
type ways uint8

func (w ways) has(method int) bool { return w>>method&1 != 0 }

func (w ways) count() int { return bits.OnesCount8(uint8(w)) }

// set are the methods that ring at the same time as one, from the first to before the last; it alone, if none does.
func (p *Person) set(method int) (from, to int) {
	from, to = method, method+1
	together := p.Methods[method].Together
	if together == 0 {
		return from, to
	}
	for from > 0 && p.Methods[from-1].Together == together {
		from--
	}
	for to < min(len(p.Methods), maxMethods) && p.Methods[to].Together == together {
		to++
	}
	return from, to
}

// alone tells that no other way rings at the same time.
func (p *Person) alone(method int) bool {
	from, to := p.set(method)
	return to-from == 1
}

// together tells whether two ways ring at the same time.
func (p *Person) together(a, b int) bool {
	from, to := p.set(a)
	return from <= b && b < to
}

// bits are the methods of a set.
func (p *Person) bits(method int) (w ways) {
	from, to := p.set(method)
	for i := from; i < to; i++ {
		w |= 1 << i
	}
	return w
}

// with are the addresses that ring at the same time as a method's.
func (p *Person) with(method int) (addresses []string) {
	from, to := p.set(method)
	for i := from; i < to; i++ {
		if i != method {
			addresses = append(addresses, p.Methods[i].Address)
		}
	}
	return addresses
}

// nextWays are those of the first set at or after a method in which one can be used, and where it ends.
func (t *Track) nextWays(member, from int) (w ways, end int) {
	first := t.method(member, from)
	if first < 0 {
		return 0, from
	}
	_, end = t.People[member].set(first)
	for i := first; i >= 0 && i < end; i = t.method(member, i+1) {
		w |= 1 << i
	}
	return w, end
}

// ring calls a member on several ways at once; end is the end of their set. Whether a call was made.
func (m *machine) ring(t *Track, member int, w ways, end int) (rung bool) {
	if k := &t.Marks[member]; w != 0 {
		k.Begun = max(k.Begun, uint8(end))
	}
	for method := 0; w != 0; method, w = method+1, w>>1 {
		if w.has(0) && m.dial(t, member, method, false) {
			rung = true
		}
	}
	return rung
}

// goOn rings a person on what comes after a way that led to nothing: those that fell silent for it, and else the next ones.
func (m *machine) goOn(t *Track, a Attempt) {
	k := &t.Marks[a.Member]
	_, end := t.People[a.Member].set(a.Method)
	if a.Aside && int(k.Begun) != end { // a second try; what comes after its set had its turn
		return
	}
	if x := m.sibling(t, a.Member, a.Method); x != nil {
		x.Aside = x.Aside && a.Aside // the turn is its now
		return
	}
	if k.Faults < repeatedMethods && t.owes(a.Member, a.Method) {
		return
	}
	if w := k.Cut; w != 0 {
		k.Cut = 0
		m.ring(t, a.Member, w, end)
		return
	}
	w, end := t.nextWays(a.Member, end)
	m.ring(t, a.Member, w, end)
}

// sibling is a call under way on a way that rings together with this one, nil if there is none.
func (m *machine) sibling(t *Track, member, method int) *Attempt {
	p := &t.People[member]
	if p.alone(method) {
		return nil
	}
	for i := range m.Attempts {
		if a := &m.Attempts[i]; a.of(t) && a.Member == member && !a.Outcome.Final() && p.together(method, a.Method) {
			return a
		}
	}
	return nil
}

// owes tells whether a call on a way that rings together with this one is still to be made, because our own fault spoilt it.
func (t *Track) owes(member, method int) bool {
	p := &t.People[member]
	return !p.alone(method) && slices.ContainsFunc(t.Again, func(r Redial) bool {
		return r.Member == member && r.Cause == Fault && p.together(method, r.Method)
	})
}

// accompanies tells whether a call that is to be made again belongs to a turn that is under way: a sibling rings, or is
// about to. It need not wait for that turn.
func (m *machine) accompanies(t *Track, r Redial, due []Redial) bool {
	p := &t.People[r.Member]
	if p.alone(r.Method) {
		return false
	}
	return slices.ContainsFunc(due, func(d Redial) bool { return d.Member == r.Member && p.together(r.Method, d.Method) }) ||
		m.sibling(t, r.Member, r.Method) != nil
}

// inTheWay is a line to a person that is up and keeps a call on a method from being made, nil if there is none: any line
// but those of siblings that ring, or that a machine has answered.
func (m *machine) inTheWay(t *Track, member, method int) (line *Attempt) {
	p := &t.People[member]
	if m.linesTo(p.ID) == 0 {
		return nil
	}
	for i := range m.Attempts {
		a := &m.Attempts[i]
		switch {
		case a.Person != p.ID || !a.Ended.IsZero():
		case a.hangingUp():
			line = a
		case !a.Outcome.Final() && a.of(t) && a.Member == member && a.Method != method && p.together(method, a.Method) && (a.Outcome != Listening || a.Device):
		default:
			return a
		}
	}
	return line
}

// hangingUp tells that a line is decided and will be down in a moment.
func (a *Attempt) hangingUp() bool { return a.Outcome.Final() && !a.Limit.IsZero() }

// here lets the other phones of a person fall silent, because the person is on this one. Should it come to nothing they
// ring again. What was answered, too, is most probably a machine and goes on.
func (m *machine) here(a *Attempt) {
	m.siblings(a, func(x *Attempt) {
		if x.Outcome == Listening {
			return
		}
		m.callOff(x, Cancel, WhyElsewhere, "", onElsewhere)
		if t := m.track(x.Step); t != nil && x.Member >= 0 {
			t.Marks[x.Member].Cut |= 1 << x.Method
		}
	})
}

// decided ends all other calls to a person who has decided in one: one person, one vote.
func (m *machine) decided(a *Attempt) {
	m.siblings(a, func(x *Attempt) {
		kind := Cancel
		if x.Outcome == Listening { // a machine
			kind = HangUp
		}
		m.callOff(x, kind, WhyElsewhere, "", decidedElsewhere)
	})
}

// What is said of the other phones.
const (
	onElsewhere      = "is on another phone"
	decidedElsewhere = "has decided on another phone"
)

// siblings are the other calls to the same person that are under way.
func (m *machine) siblings(a *Attempt, do func(x *Attempt)) {
	if !a.Shared {
		return
	}
	for i := range m.Attempts {
		if x := &m.Attempts[i]; x.No != a.No && x.Person == a.Person && !x.Outcome.Final() {
			do(x)
		}
	}
}

// onAnother tells whether a person has answered another phone, and no machine has.
func (m *machine) onAnother(a *Attempt) (yes bool) {
	m.siblings(a, func(x *Attempt) { yes = yes || x.Outcome == Listening && !x.Device })
	return yes
}

// surely tells that whatever has answered is a person.
func (a *Attempt) surely() bool { return byHand(a.Address) && !a.Unsure }

// byHand tells of an address that only a person can answer: a browser has no voicemail.
func byHand(address string) bool { return strings.HasPrefix(address, "client:") }

// once tells whether a way may be called again in this round, and notes that it is. done is the person's mark for the
// reason: a person is called again once for each. Of ways that ring together each is called again once.
func (t *Track) once(a Attempt, done *bool) bool {
	k, p := &t.Marks[a.Member], &t.People[a.Member]
	set := p.bits(a.Method)
	if *done && (p.alone(a.Method) || k.Twice&set == 0) || k.Twice.has(a.Method) {
		return false
	}
	*done = true
	if !p.alone(a.Method) {
		k.Twice |= 1 << a.Method
	}
	return true
}
