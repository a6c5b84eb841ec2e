package store

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"runtime/debug"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/kaden-project/kaden/alert"
	"github.com/kaden-project/kaden/call"
	"github.com/kaden-project/kaden/dispatch"
	"github.com/kaden-project/kaden/job"
	"github.com/kaden-project/kaden/timeline"
)

// sameDelivery is how long the same id means the same delivery (alert.Delivery).
const sameDelivery = 10 * time.Minute

// errOver is answered by a Tx whose function has returned.
var errOver = errors.New("this transaction is over")

// tx is one change in a batch. Events and jobs are collected and written with those of the others.
type tx struct {
	b      *batch
	err    error // of the first statement that failed: nothing more is done after it
	events []timeline.Event
	jobs   []job.Item
}

var _ dispatch.Tx = (*tx)(nil)

// run calls f. A panic is an error, since f is somebody else's code and the commit is shared; so is a
// failed statement that f did not pass on, since nobody knows what is left of the transaction.
func (t *tx) run(f func(t *tx) error) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("panic in a transaction: %v\n%s", p, debug.Stack())
		}
		if err == nil {
			err = t.err
		}
		t.err = errOver
	}()
	return f(t)
}

// Write runs f in a transaction; see dispatch.Store.
func (s *Store) Write(ctx context.Context, f func(tx dispatch.Tx) error) error {
	return s.change(ctx, func(t *tx) error { return f(t) })
}

// WriteSoon is Write that shares the next commit of another; see dispatch.Store.
func (s *Store) WriteSoon(ctx context.Context, f func(tx dispatch.Tx) error) error {
	return s.changeSoon(ctx, func(t *tx) error { return f(t) })
}

func (t *tx) exec(query string, args ...any) (int64, error) {
	if t.err != nil {
		return 0, t.err
	}
	n, err := t.b.q.exec(t.b.ctx, query, args...)
	return n, t.note(err)
}

// one reads a row; errNoRow is an answer and not a failure.
func (t *tx) one(query string, args []any, to ...any) error {
	if t.err != nil {
		return t.err
	}
	err := one(t.b.ctx, t.b.q, query, args, to...)
	if errors.Is(err, errNoRow) {
		return err
	}
	return t.note(err)
}

func (t *tx) note(err error) error {
	if err != nil {
		err = unstored(err)
		t.err = err
	}
	return err
}

func txList[T any](t *tx, tab table[T], query string, args ...any) ([]T, error) {
	if t.err != nil {
		return nil, t.err
	}
	l, err := list(t.b.ctx, t.b.q, tab, query, args...)
	return l, t.note(err)
}

// oneLine is an error whose text has line breaks: PostgreSQL's driver puts each address it tried on a line of its own.
type oneLine struct{ error }

func (e oneLine) Error() string { return strings.Join(strings.Fields(e.error.Error()), " ") }
func (e oneLine) Unwrap() error { return e.error }

func onOneLine(err error) error {
	if err == nil || !strings.Contains(err.Error(), "\n") {
		return err
	}
	return oneLine{err}
}

// unstored says what a caller of ours has to know.
func unstored(err error) error { return fmt.Errorf("not stored: %w", onOneLine(err)) }

func (t *tx) Now() time.Time {
	now, err := t.b.clock()
	t.note(err)
	return now
}

func (t *tx) SeenDelivery(d alert.Delivery) (bool, error) {
	if err := t.b.s.db.room(); err != nil {
		return false, t.note(err)
	}
	now := t.Now()
	row := delivery{Delivery: d, hash: hashOf(d.Source, d.ID), stored: now}
	n, err := t.exec(deliveries.upsert+" WHERE delivery.stored <= ?", append(deliveries.fields(&row), millis(now.Add(-sameDelivery)))...)
	return n == 0, err
}

var (
	openIncident = "SELECT " + incidents.all + " FROM incident WHERE hash = ? AND status IN ('stored', 'acknowledged', 'exhausted')"
	lastIncident = "SELECT " + incidents.all + " FROM incident WHERE hash = ? ORDER BY nr DESC LIMIT 1"
	incidentByID = "SELECT " + incidents.all + " FROM incident WHERE id = ?"
	calloutByID  = "SELECT " + callouts.all + " FROM callout WHERE id = ?"
	attemptByID  = "SELECT " + attempts.all + " FROM attempt WHERE id = ?"
)

func (t *tx) OpenIncident(source, key string) (dispatch.Incident, bool, error) {
	return t.incident(openIncident, hashOf(source, key))
}

func (t *tx) LastIncident(source, key string) (dispatch.Incident, bool, error) {
	return t.incident(lastIncident, hashOf(source, key))
}

// understood finds incidents of a source by how their alert is written: its source comes first, and what is kaden's own is
// known by its key.
const understood = `SELECT 1 FROM incident WHERE substr(alert, 1, ?) = ? AND opened <= ? AND alert NOT LIKE '%,"key":"kaden:%' LIMIT 1`

func (t *tx) Understood(source string, before time.Time) (bool, error) {
	name, err := json.Marshal(source)
	if err != nil {
		return false, err
	}
	begins := `{"source":` + string(name) + `,`
	var one int
	err = t.one(understood, []any{utf8.RuneCountInString(begins), begins, millis(before)}, &one)
	if errors.Is(err, errNoRow) {
		return false, nil
	}
	return err == nil, err
}

func (t *tx) incident(query, arg string) (dispatch.Incident, bool, error) {
	var i incident
	err := t.one(query, []any{arg}, incidents.fields(&i)...)
	if errors.Is(err, errNoRow) {
		return dispatch.Incident{}, false, nil
	}
	return i.Incident, err == nil, err
}

func (t *tx) Incident(id string) (dispatch.Incident, error) {
	i, found, err := t.incident(incidentByID, id)
	if err == nil && !found {
		err = dispatch.ErrNotFound
	}
	return i, err
}

func (t *tx) PutIncident(i dispatch.Incident) error {
	row := incident{Incident: i, hash: hashOf(i.Alert.Source, i.Alert.Key)}
	_, err := t.exec(incidents.upsert, incidents.fields(&row)...)
	return err
}

func (t *tx) Callout(id string) (c dispatch.Callout, err error) {
	return c, found(t.one(calloutByID, []any{id}, callouts.fields(&c)...))
}

// found turns errNoRow into what the rooms know.
func found(err error) error {
	if errors.Is(err, errNoRow) {
		return dispatch.ErrNotFound
	}
	return err
}

func (t *tx) AddCallout(c dispatch.Callout) error {
	c.Version = 1
	_, err := t.exec(callouts.insert, callouts.fields(&c)...)
	return err
}

const putCallout = `UPDATE callout SET plan = ?, state = ?, active = ?, due = ?, version = ?, updated = ?
	WHERE id = ? AND version = ? AND owner = ? AND fence = ?`

func (t *tx) PutCallout(c dispatch.Callout) error {
	n, err := t.exec(putCallout, c.Plan, string(c.State), c.Active, millis(c.Due), c.Version, millis(c.Updated),
		c.ID, c.Version-1, c.Owner, c.Fence)
	if err == nil && n == 0 {
		err = dispatch.ErrNotMine
	}
	return err
}

func (t *tx) PutAttempts(list ...dispatch.Attempt) error {
	for _, a := range list {
		if _, err := t.exec(putAttempt, attempts.fields(&a)...); err != nil {
			return err
		}
	}
	return nil
}

func (t *tx) Attempt(id string) (a dispatch.Attempt, err error) {
	return a, found(t.one(attemptByID, []any{id}, attempts.fields(&a)...))
}

func (t *tx) PutCall(r call.Record) error {
	_, err := t.exec(putCall, calls.fields(&callRow{Record: r})...)
	return err
}

func (t *tx) Append(list ...timeline.Event) error {
	for _, e := range list {
		if e.At = milli(e.At); e.At.IsZero() {
			e.At = t.Now()
		}
		t.events = append(t.events, e)
	}
	return t.err
}

func (t *tx) Enqueue(a job.Args, at time.Time) error {
	item, err := job.Pack(a, at)
	if err != nil {
		return t.note(err)
	}
	t.jobs = append(t.jobs, item)
	return t.err
}

func (t *tx) Place(plan string, step int) (place int, err error) {
	err = t.one("SELECT place FROM place WHERE plan = ? AND step = ?", []any{plan, step}, &place)
	if errors.Is(err, errNoRow) {
		return 0, nil
	}
	return place, err
}

func (t *tx) SetPlace(plan string, step, place int) error {
	_, err := t.exec("INSERT INTO place (plan, step, place) VALUES (?, ?, ?) ON CONFLICT (plan, step) DO UPDATE SET place = excluded.place",
		plan, step, place)
	return err
}

// milli is a time as it is kept: whole milliseconds, UTC.
func milli(t time.Time) time.Time {
	if t.IsZero() {
		return time.Time{}
	}
	return time.UnixMilli(t.UnixMilli()).UTC()
}
