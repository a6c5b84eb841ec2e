package message

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/kaden-project/kaden/sid"
	"github.com/kaden-project/kaden/tariff"
)

// Config is what a Desk works with.
type Config struct {
	Store   Store
	Carrier Carrier
	// Tell delivers a callback once; an error leaves it to the net. nil: owners are told nothing.
	Tell func(ctx context.Context, p Post) error
	// Price is what a carrier asks for a message that was sent, by its price list; zero: it has no row for it, and its
	// own word counts. nil: there are no lists.
	Price func(r Record) tariff.Money

	Times Times
}

// Times are how long things are waited for; zero fields are the usual ones.
type Times struct {
	Pause    time.Duration // before a carrier that took nothing, or did not answer, is asked again; then twice as long; 1 s
	Trying   time.Duration // until a message that cannot be handed over has failed; 10 min
	Patience time.Duration // that a callback may be late before the carrier is asked; then half as long again; 10 s
	Follow   time.Duration // until a message is left in the state it is in; 4 h
	Bill     time.Duration // after its end, until a carrier is asked for its price for the first time; 10 s
}

func (t Times) complete() Times {
	t.Pause = cmp.Or(t.Pause, time.Second)
	t.Trying = cmp.Or(t.Trying, 10*time.Minute)
	t.Patience = cmp.Or(t.Patience, 10*time.Second)
	t.Follow = cmp.Or(t.Follow, 4*time.Hour)
	t.Bill = cmp.Or(t.Bill, 10*time.Second)
	return t
}

// longestPause is between two questions at most.
const longestPause = 5 * time.Minute

// ErrShutdown is the answer to orders during the end.
var ErrShutdown = errors.New("kaden is shutting down")

// Desk sends messages and follows them. Its methods may be called from any goroutine.
type Desk struct {
	log   *slog.Logger
	cfg   Config
	times Times

	ctx     context.Context // the life of all messages under way
	end     context.CancelFunc
	working sync.WaitGroup

	mu     sync.Mutex
	live   map[sid.Message]*letter
	closed bool
}

// New makes a Desk. It starts nothing.
func New(log *slog.Logger, cfg Config) *Desk {
	d := &Desk{log: log, cfg: cfg, times: cfg.Times.complete(), live: map[sid.Message]*letter{}}
	d.ctx, d.end = context.WithCancel(context.Background())
	return d
}

// Run takes up the messages that an earlier life has left open, and works until ctx ends. What is open then is the
// next life's.
func (d *Desk) Run(ctx context.Context) error {
	defer func() {
		d.mu.Lock()
		d.closed = true
		d.mu.Unlock()
		d.end()
		d.working.Wait()
	}()
	for pause := d.times.Pause; ; pause = min(2*pause, longestPause) {
		open, err := d.cfg.Store.OpenMessages(ctx, time.Now().Add(-d.times.Follow))
		if err == nil {
			for _, r := range open {
				_ = d.enter(&letter{desk: d, rec: r})
			}
			break
		}
		if ctx.Err() == nil {
			d.log.Error("messages of the last run not known; trying again", "err", err)
		}
		if !sleep(ctx, pause) {
			return nil
		}
	}
	<-ctx.Done()
	return nil
}

// Send takes an order. It returns when the message is kept; it leaves after that. The error is ErrNoCarrier or a
// *Refusal if nobody carries it, and ErrShutdown during the end. After an error there is no message.
func (d *Desk) Send(ctx context.Context, o Order) (Record, error) {
	if o.SID != "" {
		r, err := d.cfg.Store.Message(ctx, o.Account, o.SID)
		if err == nil || !errors.Is(err, ErrNotFound) {
			return r, err
		}
	}
	name, err := d.cfg.Carrier.Route(o.From, o.To)
	if err != nil {
		return Record{}, err
	}
	if d.ending() { // nothing is kept that the next life would send, and whoever asks is told to ask again
		return Record{}, ErrShutdown
	}
	now := time.Now().UTC().Truncate(time.Millisecond)
	r := Record{
		SID: cmp.Or(o.SID, sid.New[sid.Message]()), Account: o.Account, Direction: cmp.Or(o.Direction, OutboundAPI), From: o.From, To: o.To, Body: o.Body,
		Segments: Segments(o.Body), Status: Queued, Call: o.Call, Callback: o.Callback, Carrier: name, Created: now, Updated: now,
	}
	if err := d.cfg.Store.ChangeMessage(ctx, Change{Record: r}); err != nil {
		return Record{}, fmt.Errorf("message not kept: %w", err)
	}
	_ = d.enter(&letter{desk: d, rec: r}) // where the end has begun meanwhile, the next life sends it: it is kept
	return r, nil
}

func (d *Desk) ending() bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.closed
}

// enter sets a message going, unless it is under way already. first is what it hears first.
func (d *Desk) enter(l *letter, first ...heard) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.closed {
		return ErrShutdown
	}
	if d.live[l.rec.SID] != nil {
		return nil
	}
	l.words, l.over = make(chan heard, 8), make(chan struct{})
	for _, w := range first {
		l.words <- w
	}
	ctx, stop := context.WithCancel(d.ctx)
	l.stop = stop
	id := l.rec.SID
	d.live[id] = l
	d.working.Go(func() {
		defer close(l.over)
		defer stop()
		l.run(ctx)
		d.mu.Lock()
		defer d.mu.Unlock()
		delete(d.live, id)
	})
	return nil
}

// Forget follows a message no longer: it is to be deleted. It returns when nothing more is written about it.
func (d *Desk) Forget(ctx context.Context, id sid.Message) error {
	d.mu.Lock()
	l := d.live[id]
	d.mu.Unlock()
	if l == nil {
		return nil
	}
	l.stop()
	select {
	case <-l.over:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// Heard takes a carrier's callback. A message that is not followed any more, or is not known, is passed over.
func (d *Desk) Heard(id sid.Message, w Word) {
	d.mu.Lock()
	l := d.live[id]
	d.mu.Unlock()
	if l == nil {
		d.log.Debug("a word about a message that is over", "message", id, "status", w.Status)
		return
	}
	select {
	case l.words <- heard{Word: w}:
	default: // the carrier will be asked
	}
}

// Told takes a carrier's word about the message that it calls w.There, however long ago that was, and returns when it is
// kept: then the carrier may forget it. id is its own name where the carrier still has that, else "". to is whom it was
// written to: another message of that name is not it. The error is ErrNotFound if there is none.
func (d *Desk) Told(ctx context.Context, carrier string, id sid.Message, to string, w Word) error {
	for {
		kept := make(chan struct{})
		d.mu.Lock()
		l := d.live[id]
		d.mu.Unlock()
		if l != nil {
			select {
			case l.words <- heard{w, kept}:
			case <-l.over:
			case <-ctx.Done():
				return context.Cause(ctx)
			}
		} else {
			r, err := d.cfg.Store.MessageThere(ctx, carrier, w.There)
			switch {
			case err != nil:
				return err
			case r.To != to || r.Direction == Inbound:
				return ErrNotFound
			case r.Status.Final():
				return nil
			}
			id, l = r.SID, &letter{desk: d, rec: r}
			if err := d.enter(l, heard{w, kept}); err != nil {
				return err
			}
			if l.over == nil {
				continue // somebody else was quicker
			}
		}
		select {
		case <-kept:
			return nil
		case <-l.over: // it may not have listened any more
			select {
			case <-kept:
				return nil
			default:
			}
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}

// Take keeps a message that has come in. fresh is false if it was taken before: carriers tell twice.
func (d *Desk) Take(ctx context.Context, r Record) (kept Record, fresh bool, err error) {
	kept, err = d.cfg.Store.MessageThere(ctx, r.Carrier, r.There)
	if err == nil || !errors.Is(err, ErrNotFound) {
		return kept, false, err
	}
	r.SID, r.Direction, r.Status, r.Segments = sid.New[sid.Message](), Inbound, Received, max(r.Segments, Segments(r.Body))
	r.Created = time.Now().UTC().Truncate(time.Millisecond)
	r.Updated, r.Sent = r.Created, r.Created
	return r, true, d.cfg.Store.ChangeMessage(ctx, Change{Record: r})
}

// Live is how many messages are followed.
func (d *Desk) Live() int {
	d.mu.Lock()
	defer d.mu.Unlock()
	return len(d.live)
}

// sleep waits; false means that ctx is over.
func sleep(ctx context.Context, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-ctx.Done():
		return false
	}
}
