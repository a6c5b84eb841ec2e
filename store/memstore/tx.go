package memstore

import (
	"context"
	"errors"
	"strings"
	"time"

	"github.com/kaden-project/kaden/alert"
	"github.com/kaden-project/kaden/call"
	"github.com/kaden-project/kaden/dispatch"
	"github.com/kaden-project/kaden/job"
	"github.com/kaden-project/kaden/timeline"
)

// sameDelivery is how long the same id means the same delivery (alert.Delivery).
const sameDelivery = 10 * time.Minute

// tx is a transaction in progress: it works on the tables and knows how to take everything back.
type tx struct {
	s      *Store
	now    time.Time
	undo   []func()
	events []timeline.Event
	over   bool // its function has returned
}

// errOver is answered by a Tx whose function has returned.
var errOver = errors.New("this transaction is over")

var _ dispatch.Tx = (*tx)(nil)

func (t *tx) rollback() {
	for i := len(t.undo) - 1; i >= 0; i-- {
		t.undo[i]()
	}
}

// Write runs f in a transaction.
func (s *Store) Write(ctx context.Context, f func(tx dispatch.Tx) error) error {
	return s.change(ctx, func(t *tx) error { return f(t) })
}

// WriteSoon is Write: a commit costs nothing here.
func (s *Store) WriteSoon(ctx context.Context, f func(tx dispatch.Tx) error) error {
	return s.Write(ctx, f)
}

func (t *tx) Now() time.Time { return t.now }

func (t *tx) SeenDelivery(d alert.Delivery) (bool, error) {
	if t.over {
		return false, errOver
	}
	k := deliveryKey{d.Source, d.ID}
	if old, ok := t.s.deliveries[k]; ok && t.now.Sub(old.keep.stored) < sameDelivery {
		return true, nil
	}
	putRow(t, t.s.deliveries, k, delivery{cloneDelivery(d), t.now})
	return false, nil
}

func (t *tx) OpenIncident(source, key string) (dispatch.Incident, bool, error) {
	return t.newest(func(i dispatch.Incident) bool {
		return i.Alert.Source == source && i.Alert.Key == key && open(i.Status)
	})
}

func (t *tx) LastIncident(source, key string) (dispatch.Incident, bool, error) {
	return t.newest(func(i dispatch.Incident) bool { return i.Alert.Source == source && i.Alert.Key == key })
}

func (t *tx) Understood(source string, before time.Time) (bool, error) {
	_, found, err := t.newest(func(i dispatch.Incident) bool {
		return i.Alert.Source == source && !i.Opened.After(before) && !strings.HasPrefix(i.Alert.Key, "kaden:")
	})
	return found, err
}

func (t *tx) newest(match func(dispatch.Incident) bool) (dispatch.Incident, bool, error) {
	if t.over {
		return dispatch.Incident{}, false, errOver
	}
	list := sorted(t.s.incidents, match)
	if len(list) == 0 {
		return dispatch.Incident{}, false, nil
	}
	return cloneIncident(list[len(list)-1]), true, nil
}

func open(s dispatch.Status) bool {
	return s == dispatch.Stored || s == dispatch.Acknowledged || s == dispatch.Exhausted
}

func (t *tx) Incident(id string) (dispatch.Incident, error) {
	if t.over {
		return dispatch.Incident{}, errOver
	}
	r, ok := t.s.incidents[id]
	if !ok {
		return dispatch.Incident{}, dispatch.ErrNotFound
	}
	return cloneIncident(r.keep), nil
}

func (t *tx) PutIncident(i dispatch.Incident) error {
	if t.over {
		return errOver
	}
	if open(i.Status) {
		other, found, _ := t.OpenIncident(i.Alert.Source, i.Alert.Key)
		if found && other.ID != i.ID {
			return errTwoOpen(i, other.ID)
		}
	}
	putRow(t, t.s.incidents, i.ID, cloneIncident(i))
	return nil
}

func (t *tx) Callout(id string) (dispatch.Callout, error) {
	if t.over {
		return dispatch.Callout{}, errOver
	}
	r, ok := t.s.callouts[id]
	if !ok {
		return dispatch.Callout{}, dispatch.ErrNotFound
	}
	return cloneCallout(r.keep), nil
}

func (t *tx) AddCallout(c dispatch.Callout) error {
	if t.over {
		return errOver
	}
	if _, ok := t.s.callouts[c.ID]; ok {
		return errExists("call-out", c.ID)
	}
	c.Version = 1
	putRow(t, t.s.callouts, c.ID, cloneCallout(c))
	return nil
}

func (t *tx) PutCallout(c dispatch.Callout) error {
	if t.over {
		return errOver
	}
	old, ok := t.s.callouts[c.ID]
	if !ok || old.keep.Version != c.Version-1 || old.keep.Owner != c.Owner || old.keep.Fence != c.Fence {
		return dispatch.ErrNotMine
	}
	putRow(t, t.s.callouts, c.ID, cloneCallout(c))
	return nil
}

func (t *tx) PutAttempts(list ...dispatch.Attempt) error {
	if t.over {
		return errOver
	}
	for _, a := range list {
		if old, ok := t.s.attempts[a.ID]; ok {
			if len(a.Remains) == 0 {
				a.Remains = old.keep.Remains
			}
			if len(a.Target) == 0 {
				a.Target = old.keep.Target
			}
			a.Price, a.Sound = old.keep.Price, old.keep.Sound
		}
		putRow(t, t.s.attempts, a.ID, cloneAttempt(a))
	}
	return nil
}

func (t *tx) Attempt(id string) (dispatch.Attempt, error) {
	if t.over {
		return dispatch.Attempt{}, errOver
	}
	r, ok := t.s.attempts[id]
	if !ok {
		return dispatch.Attempt{}, dispatch.ErrNotFound
	}
	return cloneAttempt(r.keep), nil
}

func (t *tx) PutCall(r call.Record) error {
	if t.over {
		return errOver
	}
	if old, ok := t.s.calls[r.SID]; ok && old.keep.deleted {
		return nil
	}
	putRow(t, t.s.calls, r.SID, callRow{Record: cloneCall(r)})
	return nil
}

func (t *tx) Append(list ...timeline.Event) error {
	if t.over {
		return errOver
	}
	n := len(t.s.events)
	t.undo = append(t.undo, func() { t.s.events = t.s.events[:n:n] })
	for _, e := range list {
		e.Seq = int64(len(t.s.events)) + 1
		if e.At = milli(e.At); e.At.IsZero() {
			e.At = t.now
		}
		t.s.events = append(t.s.events, e)
		t.events = append(t.events, e)
	}
	return nil
}

func (t *tx) Enqueue(a job.Args, at time.Time) error {
	if t.over {
		return errOver
	}
	n := len(t.s.jobs)
	t.undo = append(t.undo, func() { t.s.jobs = t.s.jobs[:n:n] })
	t.s.jobs = append(t.s.jobs, Job{Args: a, At: milli(at)})
	return nil
}

func (t *tx) Place(plan string, step int) (int, error) { return t.s.places[place{plan, step}], nil }

func (t *tx) SetPlace(plan string, step, to int) error {
	if t.over {
		return errOver
	}
	put(t, t.s.places, place{plan, step}, to)
	return nil
}
