package message

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"strconv"
	"time"

	"github.com/kaden-project/kaden/tariff"
)

// letter is a message under way; it belongs to its goroutine.
type letter struct {
	desk  *Desk
	rec   Record
	words chan heard    // from callbacks
	queue time.Duration // how long it has waited for its turns
	stop  context.CancelFunc
	over  chan struct{} // closed when its goroutine has ended
}

// heard is a carrier's word that nobody asked for.
type heard struct {
	Word
	kept chan<- struct{} // closed when it is written down; nil: nobody waits for that
}

// hear takes a word that came in.
func (l *letter) hear(ctx context.Context, w heard) {
	l.note(ctx, w.Word)
	if w.kept != nil && ctx.Err() == nil {
		close(w.kept)
	}
}

// Codes of a message's end (Twilio: Error and Warning Dictionary).
const (
	unknownError = 30008
	queueFull    = 30001
)

// run hands the message over, if that has not been done, and follows it.
func (l *letter) run(ctx context.Context) {
	if l.rec.There == "" && !l.handOver(ctx) {
		l.bill(ctx)
		return
	}
	l.follow(ctx)
	l.bill(ctx)
}

// handOver gives the message to its carrier, once. Where the answer was lost the message is looked for; it is given
// a second time when the carrier has said twice that it has none. False: it is over, or the process is.
func (l *letter) handOver(ctx context.Context) bool {
	d := l.desk
	log := d.log.With("message", l.rec.SID, "carrier", l.rec.Carrier)
	lost, missing, given := l.rec.Status == Sending, 0, 0 // an earlier life may have given it
	for pause := d.times.Pause; ; pause = min(2*pause, longestPause) {
		wait := pause
		var why error
		switch {
		case lost:
			var w Word
			var found bool
			if w, found, why = l.find(ctx); why == nil && found {
				l.note(ctx, w)
				return !l.rec.Status.Final()
			} else if why == nil { // a list may lag behind: twice, a moment apart
				missing++
				lost, wait = missing < 2, min(pause, d.times.Pause)
			}
		case given == 2:
			l.fail(ctx, unknownError, "the carrier took it twice and has none")
			return false
		default:
			err := l.give(ctx)
			var no *Refusal
			switch {
			case err == nil:
				return !l.rec.Status.Final()
			case errors.As(err, &no) && no.Busy:
				wait, why = max(wait, no.After), err
			case errors.As(err, &no):
				log.Warn("message refused", "code", no.Code, "err", no.Text)
				l.fail(ctx, no.Code, no.Text)
				return false
			case errors.Is(err, ErrMoved):
				log.Info("another process sends this message")
				return false
			case ctx.Err() != nil: // it is as it was written; the next life sees
				return false
			default:
				log.Warn("the answer to a message was lost; looking for it there", "err", err)
				lost, missing, why = true, 0, err
				given++
			}
		}
		if ctx.Err() != nil {
			return false
		}
		if no := new(Refusal); lost && errors.As(why, &no) && !no.Busy {
			l.fail(ctx, unknownError, "whether it was sent is not known, and it is not sent again: "+no.Text)
			return false
		}
		if time.Since(l.rec.Created)-l.queue > d.times.Trying {
			code, text := queueFull, fmt.Sprintf("not taken within %v: %v", d.times.Trying, why)
			if lost {
				code, text = unknownError, fmt.Sprintf("whether it was sent is not known: %v", why)
			}
			l.fail(ctx, code, text)
			return false
		}
		t := time.NewTimer(wait)
		select {
		case w := <-l.words: // a callback was quicker than the answer
			t.Stop()
			if w.There != "" {
				l.hear(ctx, w)
				return !l.rec.Status.Final()
			}
		case <-t.C:
		case <-ctx.Done():
			t.Stop()
			return false
		}
	}
}

// give hands the message to its carrier, when that is ready for it. What the carrier has certainly not taken is queued
// again, so that a next life does not wonder.
func (l *letter) give(ctx context.Context) error {
	done := func() {}
	if p, ok := l.desk.cfg.Carrier.(Pacer); ok {
		turn, stop := context.WithDeadline(ctx, l.rec.Created.Add(l.desk.times.Follow))
		defer stop()
		asked := time.Now()
		var err error
		switch done, err = p.Turn(turn, l.rec); {
		case ctx.Err() != nil:
			if err == nil {
				done()
			}
			return context.Cause(ctx)
		case turn.Err() != nil && err != nil:
			return &Refusal{Code: queueFull, Text: fmt.Sprintf("its turn did not come within %v", l.desk.times.Follow)}
		case err != nil:
			return err
		}
		l.queue += time.Since(asked)
	}
	defer func() { done() }()
	from := l.rec.Status
	l.rec.Status = Sending
	switch err := l.keep(ctx, Change{From: from}); { // nothing leaves that is not kept, and nothing twice
	case errors.Is(err, ErrMoved):
		return err
	case err != nil:
		return context.Cause(ctx)
	}
	w, err := l.desk.cfg.Carrier.Send(ctx, l.rec)
	var no *Refusal
	switch {
	case err == nil:
		l.claim(ctx, w.There)
		l.note(ctx, w)
	case errors.As(err, &no) && no.Busy:
		l.rec.Status = Queued
		l.write(ctx, nil)
	}
	return err
}

// claim takes the carrier's name for the message away from an older one: there are SMSCs that count from the beginning
// again. What becomes of the older one is not heard any more.
func (l *letter) claim(ctx context.Context, there string) {
	if there == "" {
		return
	}
	d, last := l.desk, context.WithoutCancel(ctx)
	old, err := d.cfg.Store.MessageThere(last, l.rec.Carrier, there)
	if err != nil || old.SID == l.rec.SID || d.Forget(ctx, old.SID) != nil {
		return
	}
	if old, err = d.cfg.Store.MessageThere(last, l.rec.Carrier, there); err == nil {
		d.log.Warn("the carrier gives two messages one name", "message", l.rec.SID, "before", old.SID, "there", there)
		old.There += " until " + string(l.rec.SID)
		err = d.cfg.Store.ChangeMessage(last, Change{Record: old})
	}
	if err != nil {
		d.log.Error("an older message keeps its name", "message", old.SID, "err", err)
	}
}

// find looks for the message there; one that belongs to another record is not it.
func (l *letter) find(ctx context.Context) (w Word, found bool, err error) {
	all, err := l.desk.cfg.Carrier.Find(ctx, l.rec)
	if err != nil {
		return Word{}, false, err
	}
	for _, w := range all {
		switch _, err := l.desk.cfg.Store.MessageThere(ctx, l.rec.Carrier, w.There); {
		case errors.Is(err, ErrNotFound):
			return w, true, nil
		case err != nil:
			return Word{}, false, err
		}
	}
	return Word{}, false, nil
}

// follow takes what the carrier says, and asks it where it says nothing.
func (l *letter) follow(ctx context.Context) {
	d := l.desk
	until := l.rec.Created.Add(d.times.Follow)
	for pause := d.times.Patience; !l.rec.Status.Final() && (len(l.words) > 0 || time.Now().Before(until)); pause = min(pause*3/2, longestPause) {
		t := time.NewTimer(pause)
		select {
		case w := <-l.words:
			t.Stop()
			l.hear(ctx, w)
			pause = d.times.Patience
		case <-t.C:
			w, err := d.cfg.Carrier.Look(ctx, l.rec)
			var no *Refusal
			switch {
			case err == nil:
				l.note(ctx, w)
			case errors.As(err, &no) && !no.Busy:
				d.log.Warn("the carrier does not know a message any more", "message", l.rec.SID, "err", no.Text)
				return
			}
		case <-ctx.Done():
			t.Stop()
			return
		}
	}
}

// note takes a carrier's word. What comes late, twice or out of order changes nothing; nor does a word about another
// message.
func (l *letter) note(ctx context.Context, w Word) {
	if w.There != "" && l.rec.There != "" && w.There != l.rec.There {
		l.desk.log.Warn("a second message for the same order", "message", l.rec.SID, "there", w.There)
		return
	}
	before := l.rec
	if w.There != "" {
		l.rec.There = w.There
	}
	if w.Segments > 0 {
		l.rec.Segments = w.Segments
	}
	moved := w.Status.rank() > l.rec.Status.rank()
	if moved {
		l.rec.Status, l.rec.ErrorCode, l.rec.ErrorText = w.Status, w.Code, w.Text
		if l.rec.Sent.IsZero() && (w.Status == Sent || w.Status == Delivered || w.Status == Undelivered) {
			l.rec.Sent = time.Now().UTC().Truncate(time.Millisecond)
		}
	}
	if !l.rec.Price.Known() {
		l.rec.Price = l.price(w)
	}
	if l.rec != before {
		l.tell(ctx, moved)
	}
}

// price is what the message costs once it was sent, as far as it is known.
func (l *letter) price(w Word) tariff.Money {
	if l.desk.cfg.Price != nil && !l.rec.Sent.IsZero() {
		if p := l.desk.cfg.Price(l.rec); p.Known() {
			return p
		}
	}
	return w.Price
}

// bills is how often a carrier is asked for the price of a message that is over: many know it a little later.
const bills = 3

// bill asks for the price of a message that was sent, where nobody has said it.
func (l *letter) bill(ctx context.Context) {
	pause := l.desk.times.Bill
	for range bills {
		if l.rec.Sent.IsZero() || l.rec.There == "" || l.rec.Price.Known() || !sleep(ctx, pause) {
			return
		}
		if w, err := l.desk.cfg.Carrier.Look(ctx, l.rec); err == nil {
			if kept, err := l.desk.cfg.Store.Message(ctx, l.rec.Account, l.rec.SID); err == nil {
				l.rec.Body = kept.Body // its owner may have taken the words away meanwhile
			}
			l.note(ctx, w)
		}
		pause *= 6
	}
}

// fail ends a message that has not left.
func (l *letter) fail(ctx context.Context, code int, text string) {
	l.rec.Status, l.rec.ErrorCode, l.rec.ErrorText = Failed, code, text
	l.tell(ctx, true)
}

// tell writes the message down, and then tells its owner, if it has moved to a state that is told.
func (l *letter) tell(ctx context.Context, moved bool) {
	var posts []Post
	if moved && l.rec.Callback.URL != "" && l.rec.Status != Sending {
		posts = append(posts, l.post())
	}
	if !l.write(ctx, posts) || l.desk.cfg.Tell == nil {
		return
	}
	for _, p := range posts {
		if err := l.desk.cfg.Tell(ctx, p); err != nil {
			l.desk.log.Warn("the owner was not told of a message; trying again later", "message", l.rec.SID, "status", l.rec.Status, "err", err)
			continue
		}
		if err := l.desk.cfg.Store.Posted(ctx, p.ID); err != nil {
			l.desk.log.Warn("a callback will be delivered twice", "message", l.rec.SID, "err", err)
		}
	}
}

// net is how long after its own try a callback is left to the net.
const net = 30 * time.Second

// post is the callback for the state it is in (contract 3.5).
func (l *letter) post() Post {
	r := l.rec
	p := url.Values{
		"MessageSid": {string(r.SID)}, "SmsSid": {string(r.SID)}, "MessageStatus": {string(r.Status)}, "SmsStatus": {string(r.Status)},
		"To": {r.To}, "From": {r.From}, "AccountSid": {string(r.Account)}, "ApiVersion": {"2010-04-01"},
	}
	if r.ErrorCode != 0 {
		p.Set("ErrorCode", strconv.Itoa(r.ErrorCode))
	}
	method := r.Callback.Method
	if method == "" {
		method = "POST"
	}
	return Post{ID: string(r.SID) + "-" + string(r.Status), Account: r.Account, Method: method, URL: r.Callback.URL, Params: p, Due: time.Now().Add(net)}
}

// write keeps the record; false is that it is not kept.
func (l *letter) write(ctx context.Context, posts []Post) bool {
	return l.keep(ctx, Change{Posts: posts}) == nil
}

// keep writes a change of the record. It tries until that is done, and at the end of the process once more. The error is
// ErrMoved, or that of the last try.
func (l *letter) keep(ctx context.Context, c Change) error {
	l.rec.Updated = time.Now().UTC().Truncate(time.Millisecond)
	c.Record = l.rec
	for pause := l.desk.times.Pause; ; pause = min(2*pause, longestPause) {
		err := l.desk.cfg.Store.ChangeMessage(context.WithoutCancel(ctx), c)
		if err == nil || errors.Is(err, ErrMoved) {
			return err
		}
		if ctx.Err() == nil {
			l.desk.log.Error("message not kept; trying again", "message", l.rec.SID, "status", l.rec.Status, "err", err)
		}
		if !sleep(ctx, pause) {
			return err
		}
	}
}
