// Package resttest is a desk with simulated phones behind it, for whoever tests a client of Twilio's API.
//
// A [Desk] takes orders and its calls advance by themselves: queued, ringing, in progress, over. Its
// [Phone]s answer, ring on or refuse. TwiML is asked for and status callbacks are told in order through a
// call.Asker, as kaden does it; of TwiML it knows only whether the call is held (a Pause) or hung up.
// [Desk.Close] ends every call and waits for it.
package resttest

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"net/url"
	"slices"
	"strconv"
	"sync"
	"time"

	"github.com/kaden-project/kaden/call"
	"github.com/kaden-project/kaden/rest"
	"github.com/kaden-project/kaden/sid"
)

// ErrNoAccount is answered for an account that the store does not have.
var ErrNoAccount = errors.New("no such account")

// Phone is what somebody does when it rings. The zero Phone lets it ring.
type Phone struct {
	Answers time.Duration // after ringing so long; 0 never
	Refuses call.Status   // Busy or Failed: there is no ringing
}

// Desk is a rest.Desk.
type Desk struct {
	store  *Store
	asker  call.Asker
	phones func(to string) Phone

	mu    sync.Mutex
	calls map[sid.Call]*live
	wg    sync.WaitGroup
}

var _ rest.Desk = (*Desk)(nil)

// live is a call under way. Its goroutine owns what is not behind mu.
type live struct {
	desk     *Desk
	order    call.Order
	commands chan func() // run on the call's goroutine
	end      chan struct{}
	over     chan struct{}

	mu     sync.Mutex
	record call.Record
}

// NewDesk makes a desk. phones says what the phone at an address does; asker may be nil.
func NewDesk(s *Store, asker call.Asker, phones func(to string) Phone) *Desk {
	return &Desk{store: s, asker: asker, phones: phones, calls: map[sid.Call]*live{}}
}

// Close ends every call and waits until it is over.
func (d *Desk) Close() {
	d.mu.Lock()
	for _, l := range d.calls {
		l.finish()
	}
	d.mu.Unlock()
	d.wg.Wait()
}

// Place starts a call.
func (d *Desk) Place(_ context.Context, o call.Order) (call.Record, error) {
	now := time.Now()
	r := call.Record{
		SID: cmp.Or(o.SID, sid.New[sid.Call]()), Account: o.Account, Direction: o.Direction, From: o.From, To: o.To.String(),
		Status: call.Queued, Program: o.Program, Callback: o.Callback, Created: now, Updated: now,
	}
	if o.To.Number != "" {
		r.To = string(o.To.Number)
	}
	l := &live{desk: d, order: o, commands: make(chan func(), 8), end: make(chan struct{}, 1), over: make(chan struct{}), record: r}
	d.store.Put(r)
	d.mu.Lock()
	d.calls[r.SID] = l
	d.mu.Unlock()
	d.wg.Go(l.run)
	return r, nil
}

func (d *Desk) live(id sid.Call) (*live, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	l, ok := d.calls[id]
	if !ok {
		return nil, rest.ErrNotLive
	}
	return l, nil
}

// Redirect lets the call go on with another program.
func (d *Desk) Redirect(_ context.Context, id sid.Call, p call.Program) (call.Record, error) {
	l, err := d.live(id)
	if err != nil {
		return call.Record{}, err
	}
	select {
	case l.commands <- func() { l.runProgram(p) }:
	case <-l.over:
		return call.Record{}, rest.ErrNotLive
	}
	return l.Record(), nil
}

// Cancel ends an unanswered call.
func (d *Desk) Cancel(_ context.Context, id sid.Call) (call.Record, error) {
	l, err := d.live(id)
	if err != nil {
		return call.Record{}, err
	}
	if l.Record().Answered.IsZero() {
		l.finish()
		<-l.over
	}
	return l.Record(), nil
}

// Complete ends a call.
func (d *Desk) Complete(_ context.Context, id sid.Call) (call.Record, error) {
	l, err := d.live(id)
	if err != nil {
		return call.Record{}, err
	}
	l.finish()
	<-l.over
	return l.Record(), nil
}

// Record is the call as it is now.
func (l *live) Record() call.Record {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.record
}

func (l *live) finish() {
	select {
	case l.end <- struct{}{}:
	default: // it is ending
	}
}

// run is the life of a call.
func (l *live) run() {
	tell := l.callbacks()
	defer tell.close()
	defer func() {
		l.desk.mu.Lock()
		delete(l.desk.calls, l.record.SID)
		l.desk.mu.Unlock()
		close(l.over)
	}()
	phone := l.desk.phones(l.record.To)
	l.change(tell, call.Initiated, func(r *call.Record) { r.Started = time.Now() })
	if phone.Refuses != "" {
		l.hangUp(tell, phone.Refuses)
		return
	}
	l.change(tell, call.Ringing, nil)
	ring := l.order.Ring
	if ring == 0 {
		ring = time.Minute
	}
	patience := time.NewTimer(ring)
	defer patience.Stop()
	var picksUp <-chan time.Time
	if phone.Answers > 0 {
		t := time.NewTimer(phone.Answers)
		defer t.Stop()
		picksUp = t.C
	}
	select {
	case <-picksUp:
	case <-patience.C:
		l.hangUp(tell, call.NoAnswer)
		return
	case <-l.end:
		l.hangUp(tell, call.Canceled)
		return
	}
	l.change(tell, call.InProgress, func(r *call.Record) { r.Answered = time.Now() })
	l.runProgram(l.record.Program)
	for {
		select {
		case <-l.end:
			l.hangUp(tell, call.Completed)
			return
		case do := <-l.commands:
			do()
		}
	}
}

// runProgram holds the call when its TwiML says so, else ends it.
func (l *live) runProgram(p call.Program) {
	doc := []byte(p.TwiML)
	if p.URL != "" {
		if l.desk.asker == nil {
			return // held: nobody can be asked
		}
		r := l.Record()
		reply, err := l.desk.asker.Ask(context.Background(), call.Ask{Account: r.Account, Call: r.SID, Method: p.Method, URL: p.URL, Params: r.Params(r.Status)})
		if err != nil || reply.Status != 200 {
			l.finish()
			return
		}
		doc = reply.Body
	}
	if !bytes.Contains(doc, []byte("<Pause")) {
		l.finish()
	}
}

func (l *live) hangUp(tell *callbacks, s call.Status) {
	l.change(tell, s, func(r *call.Record) { r.Ended = time.Now() })
}

// change writes the next state and tells of it.
func (l *live) change(tell *callbacks, s call.Status, also func(*call.Record)) {
	l.mu.Lock()
	r := l.record
	r.Status, r.Updated = s, time.Now()
	if s == call.Initiated {
		r.Status = call.Queued // Initiated is for callbacks alone
	}
	if also != nil {
		also(&r)
	}
	event := string(s)
	switch {
	case s == call.InProgress:
		event = "answered"
	case s.Over():
		event = "completed"
	}
	wanted := r.Callback.URL != "" && (slices.Contains(r.Callback.Events, event) || len(r.Callback.Events) == 0 && s.Over())
	seq := r.CallbackSeq
	if wanted {
		r.CallbackSeq++
	}
	l.record = r
	l.mu.Unlock()
	l.desk.store.Put(r)
	if wanted && l.desk.asker != nil {
		tell.posts <- call.Ask{Account: r.Account, Call: r.SID, Method: r.Callback.Method, URL: r.Callback.URL, Params: callback(r, s, seq)}
	}
}

func callback(r call.Record, s call.Status, seq int) url.Values {
	v := r.Params(s)
	v.Set("Timestamp", r.Updated.UTC().Format(time.RFC1123Z))
	v.Set("CallbackSource", "call-progress-events")
	v.Set("SequenceNumber", strconv.Itoa(seq))
	if s.Over() {
		v.Set("CallDuration", strconv.Itoa(int(r.Duration()/time.Second)))
	}
	return v
}

// callbacks tells of one call's states, in order, without keeping the call.
type callbacks struct {
	posts chan call.Ask
	close func()
}

func (l *live) callbacks() *callbacks {
	c := &callbacks{posts: make(chan call.Ask, 8)}
	l.desk.wg.Go(func() {
		for a := range c.posts {
			l.desk.asker.Ask(context.Background(), a) // an owner who does not hear it is none of a desk's worries
		}
	})
	c.close = func() { close(c.posts) }
	return c
}
