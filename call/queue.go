package call

import (
	"context"
	"errors"
	"slices"
	"sync"
	"time"

	"github.com/kaden-project/kaden/sid"
)

// QueueRecord is a queue as it is kept: who waits in it is known to the process in which they wait.
type QueueRecord struct {
	SID     sid.Queue
	Account sid.Account
	Name    string // one in its account
	Most    int    // calls that may wait in it
	Created time.Time
	Updated time.Time
}

// Sizes of queues (Twilio's page on the Queue resource).
const (
	UsualQueue   = 1000
	LargestQueue = 5000
)

// Errors of queues.
var (
	ErrNoQueue     = errors.New("there is no such queue")
	ErrQueueExists = errors.New("there is a queue of that name already")
	ErrQueueFull   = errors.New("as many calls wait in the queue as may")
	ErrQueueInUse  = errors.New("somebody waits in the queue")
	ErrNotQueued   = errors.New("the call does not wait in the queue")
)

// Queues keeps what is known of queues.
type Queues interface {
	// PutQueue inserts or replaces; [ErrQueueExists] if another of the account has the name.
	PutQueue(ctx context.Context, q QueueRecord) error
	// Queue is [ErrNoQueue] if there is none.
	Queue(ctx context.Context, account sid.Account, id sid.Queue) (QueueRecord, error)
	QueueNamed(ctx context.Context, account sid.Account, name string) (QueueRecord, error)
	DeleteQueue(ctx context.Context, account sid.Account, id sid.Queue) error
}

// QueueNamed finds a queue of the call's account by its name.
func (c *Call) QueueNamed(ctx context.Context, name string) (QueueRecord, error) {
	return c.desk.cfg.Queues.QueueNamed(ctx, c.Record().Account, name)
}

// QueueFor is QueueNamed, and makes the queue if there is none.
func (c *Call) QueueFor(ctx context.Context, name string) (QueueRecord, error) {
	for {
		q, err := c.QueueNamed(ctx, name)
		if !errors.Is(err, ErrNoQueue) {
			return q, err
		}
		now := time.Now()
		q = QueueRecord{SID: sid.New[sid.Queue](), Account: c.Record().Account, Name: name, Most: UsualQueue, Created: now, Updated: now}
		if err = c.desk.cfg.Queues.PutQueue(ctx, q); !errors.Is(err, ErrQueueExists) {
			return q, err
		}
		// Another call has made it in the same moment.
	}
}

// queues are those in which somebody waits, or for which somebody waits. mu is held for moments only.
type queues struct {
	mu   sync.Mutex
	live map[sid.Queue]*queue
}

type queue struct {
	places []*Place // the one who has waited longest first
	takers []*taker
}

// taker is somebody who waits for a call out of a queue.
type taker struct {
	greet Script
	call  sid.Call
	got   chan *Pickup // one place
}

// Place is a call's place in a queue, from Enqueue to Leave.
type Place struct {
	desk  *Desk
	queue QueueRecord
	call  *Call
	since time.Time
	taken *Pickup      // nil: nobody takes it at the moment; under queues.mu
	calls chan *Pickup // one place
	out   bool
}

// Pickup is a call of a queue and somebody who takes it, before they talk. The one who waited hears Greet's script
// first and keeps its place until then.
type Pickup struct {
	place         *Place
	Greet         Script        // heard by the one who waited; nil is nothing
	By            sid.Call      // who takes it
	caller, taker Side          // of their bridge
	ready, gone   chan struct{} // closed: the one who waited can talk; will not
	released      chan struct{} // closed: the taker does not want it any more
	settled       bool          // one of the three; under queues.mu
	waited        time.Duration // until ready
}

// Enqueue puts an answered call at the end of a queue. Leave has to follow, whatever happens.
func (c *Call) Enqueue(q QueueRecord) (*Place, error) {
	d := c.desk
	d.queues.mu.Lock()
	defer d.queues.mu.Unlock()
	w := d.queues.of(q.SID)
	if len(w.places) >= q.Most {
		return nil, ErrQueueFull
	}
	p := &Place{desk: d, queue: q, call: c, since: time.Now(), calls: make(chan *Pickup, 1)}
	w.places = append(w.places, p)
	c.log.Info("waiting in a queue", "queue", q.SID, "place", len(w.places))
	w.match()
	return p, nil
}

// of is the queue while it lasts. mu is held.
func (q *queues) of(id sid.Queue) *queue {
	if q.live == nil {
		q.live = map[sid.Queue]*queue{}
	}
	if q.live[id] == nil {
		q.live[id] = &queue{}
	}
	return q.live[id]
}

// forget drops a queue in which and for which nobody waits. mu is held.
func (q *queues) forget(id sid.Queue) {
	if w := q.live[id]; w != nil && len(w.places) == 0 && len(w.takers) == 0 {
		delete(q.live, id)
	}
}

// match brings those who take and those who wait together, in the order in which they came.
func (w *queue) match() {
	for len(w.takers) > 0 {
		i := slices.IndexFunc(w.places, func(p *Place) bool { return p.taken == nil })
		if i < 0 {
			return
		}
		p, t := w.places[i], w.takers[0]
		w.takers = w.takers[1:]
		u := &Pickup{place: p, Greet: t.greet, By: t.call, ready: make(chan struct{}), gone: make(chan struct{}), released: make(chan struct{})}
		_, u.caller, u.taker = NewBridge()
		p.taken = u
		select { // one that was released and not seen yet makes room
		case <-p.calls:
		default:
		}
		p.calls <- u
		t.got <- u
	}
}

// Called gives who takes the call, each time somebody does.
func (p *Place) Called() <-chan *Pickup { return p.calls }

// Leave takes the call out of the queue. It may be called again.
func (p *Place) Leave() {
	d := p.desk
	d.queues.mu.Lock()
	defer d.queues.mu.Unlock()
	p.quit()
}

// quit is Leave; mu is held.
func (p *Place) quit() {
	p.leave()
	if u := p.taken; u != nil && !u.settled {
		u.settled = true
		close(u.gone)
	}
}

func (p *Place) leave() {
	if p.out {
		return
	}
	p.out = true
	w := p.desk.queues.of(p.queue.SID)
	w.places = slices.DeleteFunc(w.places, func(o *Place) bool { return o == p })
	p.desk.queues.forget(p.queue.SID)
	p.call.log.Info("out of a queue", "queue", p.queue.SID, "waited", time.Since(p.since).Round(time.Second).Seconds())
}

// Waited is for how long the call has been in the queue.
func (p *Place) Waited() time.Duration { return time.Since(p.since) }

// Take waits for the one who has waited longest in the queue, or for the first who comes, and until that one has
// heard greet. ctx ends the waiting, with its cause. The one who comes is held for c's [Pickup.Side].
func (c *Call) Take(ctx context.Context, id sid.Queue, greet Script) (*Pickup, error) {
	d := c.desk
	for {
		t := &taker{greet: greet, call: c.id, got: make(chan *Pickup, 1)}
		d.queues.mu.Lock()
		w := d.queues.of(id)
		w.takers = append(w.takers, t)
		w.match()
		d.queues.mu.Unlock()
		var u *Pickup
		select {
		case u = <-t.got:
		case <-ctx.Done():
			d.queues.mu.Lock()
			w.takers = slices.DeleteFunc(w.takers, func(o *taker) bool { return o == t })
			d.queues.forget(id)
			d.queues.mu.Unlock()
			select {
			case u = <-t.got: // in the same moment
				u.Release()
			default:
			}
			return nil, context.Cause(ctx)
		}
		select {
		case <-u.ready:
			return u, nil
		case <-u.gone: // it left, or hung up: the next one
		case <-ctx.Done():
			u.Release()
			return nil, context.Cause(ctx)
		}
	}
}

// Release gives the call back to the queue, in which it has kept its place.
func (u *Pickup) Release() {
	d := u.place.desk
	d.queues.mu.Lock()
	defer d.queues.mu.Unlock()
	if u.settled {
		return
	}
	u.settled = true
	close(u.released)
	u.place.taken = nil
	select { // not seen yet
	case <-u.place.calls:
	default:
	}
	d.queues.of(u.place.queue.SID).match()
}

// Released is closed when nobody wants the call any more.
func (u *Pickup) Released() <-chan struct{} { return u.released }

// Ready takes the one who waited out of the queue, to talk. It answers false if nobody wants the call any more.
func (u *Pickup) Ready() bool {
	d := u.place.desk
	d.queues.mu.Lock()
	defer d.queues.mu.Unlock()
	if u.settled {
		return false
	}
	u.settled, u.waited = true, u.place.Waited()
	u.place.leave()
	close(u.ready)
	return true
}

// Side is the one for whoever takes the call; Caller's is for the one who waited.
func (u *Pickup) Side() Side { return u.taker }

// CallerSide is the end of the bridge for the one who waited.
func (u *Pickup) CallerSide() Side { return u.caller }

// Call is the one who waited.
func (u *Pickup) Call() *Call { return u.place.call }

// Waited is for how long that one was in the queue.
func (u *Pickup) Waited() time.Duration { return u.waited }

// QueueInfo is who waits in a queue at the moment.
type QueueInfo struct {
	Members []QueueMember // the one who has waited longest first
	Average time.Duration // of their waiting
}

// QueueMember is a call in a queue.
type QueueMember struct {
	Call     sid.Call
	Since    time.Time
	Waited   time.Duration
	Position int // from 1
}

// QueueInfo tells who waits in a queue.
func (d *Desk) QueueInfo(id sid.Queue) (i QueueInfo) {
	d.queues.mu.Lock()
	defer d.queues.mu.Unlock()
	w := d.queues.live[id]
	if w == nil {
		return i
	}
	var sum time.Duration
	for n := range w.places {
		m := w.member(n)
		sum += m.Waited
		i.Members = append(i.Members, m)
	}
	if n := len(i.Members); n > 0 {
		i.Average = sum / time.Duration(n)
	}
	return i
}

// member is who waits at a place. mu is held.
func (w *queue) member(n int) QueueMember {
	p := w.places[n]
	return QueueMember{Call: p.call.id, Since: p.since, Waited: p.Waited(), Position: n + 1}
}

// Info is the queue as p sees it.
func (p *Place) Info() (position int, i QueueInfo) {
	i = p.desk.QueueInfo(p.queue.SID)
	for _, m := range i.Members {
		if m.Call == p.call.id {
			position = m.Position
		}
	}
	return position, i
}

// Dequeue takes a call out of a queue and lets it go on with p; "" is the one who has waited longest. It answers
// with the call as it waited. One that is not there is [ErrNotQueued]: of two who take the same call, one gets it.
func (d *Desk) Dequeue(id sid.Queue, which sid.Call, p Program) (QueueMember, error) {
	for {
		m, c, ok := d.takeOff(id, which)
		if !ok {
			return m, ErrNotQueued
		}
		err := c.Redirect(p)
		if err != nil && which == "" { // it has hung up in this moment
			continue
		}
		return m, err
	}
}

// takeOff takes a call out of a queue in the moment in which it is found there.
func (d *Desk) takeOff(id sid.Queue, which sid.Call) (m QueueMember, c *Call, ok bool) {
	d.queues.mu.Lock()
	defer d.queues.mu.Unlock()
	w := d.queues.live[id]
	if w == nil {
		return m, nil, false
	}
	i := slices.IndexFunc(w.places, func(p *Place) bool { return which == "" || p.call.id == which })
	if i < 0 {
		return m, nil, false
	}
	m, c = w.member(i), w.places[i].call
	w.places[i].quit()
	return m, c, true
}

// MakeQueue makes a queue; [ErrQueueExists] if there is one of that name.
func (d *Desk) MakeQueue(ctx context.Context, q QueueRecord) (QueueRecord, error) {
	q.SID, q.Created = sid.New[sid.Queue](), time.Now()
	q.Updated = q.Created
	return q, d.cfg.Queues.PutQueue(ctx, q)
}

// DropQueue deletes a queue in which nobody waits.
func (d *Desk) DropQueue(ctx context.Context, account sid.Account, id sid.Queue) error {
	if len(d.QueueInfo(id).Members) > 0 {
		return ErrQueueInUse
	}
	return d.cfg.Queues.DeleteQueue(ctx, account, id)
}

// QueueInfo tells who waits in a queue.
func (c *Call) QueueInfo(id sid.Queue) QueueInfo { return c.desk.QueueInfo(id) }
