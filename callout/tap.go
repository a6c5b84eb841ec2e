package callout

import "time"

// Rule 13: through do-not-disturb. Phones let a second call from the same number within three minutes
// through, so everybody first gets one ring and then a second one.

const (
	tapAfter  = 10 * time.Second
	tapLatest = 170 * time.Second // after the start of the first call: it has to arrive within three minutes
)

// tap plans the second call to a person whose first call of the round found nobody.
func (m *machine) tap(t *Track, a Attempt, o Outcome) {
	k := &t.Marks[a.Member]
	switch {
	case !m.step(t.Step).DoubleTap, a.Round != t.Round, a.Aside, a.Inbound, a.Keyed, k.Rejects > 0:
		return
	case o != NoAnswer && o != NotConfirmed && o != Machine:
		return
	}
	// Where an earlier way was tried before, this one is not the first call.
	if first := t.method(a.Member, 0); first < 0 || !t.People[a.Member].together(first, a.Method) || !t.once(a, &k.Tapped) {
		return
	}
	r := Redial{Member: a.Member, Method: a.Method, At: m.now.Add(tapAfter), Cause: NoAnswer, After: a.ID, Latest: a.Dialed.Add(tapLatest)}
	if !r.At.After(r.Latest) {
		m.recall(t, r)
	}
}

// tapAt is the moment of a second call. In turn, everybody gets their first ring before it, and then one
// after another their second, unless that would be too late.
func (m *machine) tapAt(t *Track, r Redial) time.Time {
	if m.tapWaits(t, r, false) {
		return later(r.At, r.Latest)
	}
	return r.At
}

// tapWaits tells whether a second call that is due waits for others.
func (m *machine) tapWaits(t *Track, r Redial, oneIsDue bool) bool {
	if !m.now.Before(r.Latest) || !m.inTurn(t.Step) || m.accompanies(t, r, nil) {
		return false
	}
	active, _ := m.busyWith(t)
	return oneIsDue || t.Cursor < len(t.People) || active > 0 || !m.turnFree(t)
}
