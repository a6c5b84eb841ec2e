package pager

import (
	"context"
	"fmt"
	"time"

	"github.com/kaden-project/kaden/leg/sipleg"
	"github.com/kaden-project/kaden/message"
)

// How long a message waits for a line that is down: as long as it is young, and a moment in any case, so that one that a
// restart finds old is not given up before the line had time to be signed on.
const (
	young  = 10 * time.Minute
	moment = 30 * time.Second
)

// gone is the answer where a document has been taken away, or carries no messages any more.
func gone(name string) error {
	return &message.Refusal{Code: codeUnknown, Text: fmt.Sprintf("there is no trunk: %s that carries messages any more", name)}
}

// Turn waits until the message may leave: until those that were written to the same recipient before it are answered, its
// line is up, the window has a place, and the rate allows it.
func (c *Client) Turn(ctx context.Context, r message.Record) (done func(), err error) {
	next, err := c.queue(ctx, r.To)
	if err != nil || r.Carrier == Direct {
		return next, err
	}
	free, err := c.lineTurn(ctx, r)
	if err != nil {
		next()
		return nil, err
	}
	return func() { free(); next() }, nil
}

// queue waits until no other message is on its way to a recipient.
func (c *Client) queue(ctx context.Context, to string) (next func(), err error) {
	c.mu.Lock()
	q := c.queues[to]
	if q == nil {
		q = &recipient{turn: make(chan struct{}, 1)}
		c.queues[to] = q
	}
	q.users++
	c.mu.Unlock()
	leave := func() {
		c.mu.Lock()
		defer c.mu.Unlock()
		if q.users--; q.users == 0 {
			delete(c.queues, to)
		}
	}
	select {
	case q.turn <- struct{}{}:
		return func() { <-q.turn; leave() }, nil
	case <-ctx.Done():
		leave()
		return nil, context.Cause(ctx)
	}
}

// lineTurn waits for the line.
func (c *Client) lineTurn(ctx context.Context, r message.Record) (free func(), err error) {
	for {
		l, err := c.up(ctx, r)
		if err != nil {
			return nil, err
		}
		select {
		case l.window <- struct{}{}:
		case <-ctx.Done():
			return nil, context.Cause(ctx)
		}
		if err := l.pace(ctx); err != nil {
			<-l.window
			return nil, err
		}
		if now, _ := c.find(r.Carrier); now == l {
			return func() { <-l.window }, nil
		}
		<-l.window // its document has changed meanwhile
	}
}

// up waits for a line that is not known to be down.
func (c *Client) up(ctx context.Context, r message.Record) (*line, error) {
	t := time.NewTimer(max(time.Until(r.Created.Add(young)), moment))
	defer t.Stop()
	for {
		l, changed := c.find(r.Carrier)
		if l == nil {
			return nil, gone(r.Carrier)
		}
		at, known := c.cfg.SIP.Standing(r.Carrier)
		if known && usable(at) {
			return l, nil
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return nil, context.Cause(ctx)
		case <-t.C:
			return nil, &message.Refusal{Code: codeQueue, Text: fmt.Sprintf("trunk %s is down: %s", r.Carrier, at.Why), Busy: true}
		}
	}
}

// usable tells whether a line can be written over: also one of which nothing is known because nothing is asked of it, and
// one to which another process is signed on.
func usable(s sipleg.Standing) bool {
	return s.Holder != "" || s.Condition != sipleg.Waiting && !s.Down()
}

// pace waits for the rate.
func (l *line) pace(ctx context.Context) error {
	select {
	case l.gate <- struct{}{}:
		defer func() { <-l.gate }()
	case <-ctx.Done():
		return context.Cause(ctx)
	}
	for {
		l.mu.Lock()
		now := time.Now()
		wait := l.next.Sub(now)
		if rate := l.doc.Messages.Rate; wait <= 0 && rate > 0 {
			l.next = now.Add(time.Second / time.Duration(rate))
		}
		l.mu.Unlock()
		if wait <= 0 {
			return nil
		}
		t := time.NewTimer(wait)
		select {
		case <-t.C:
		case <-ctx.Done():
			t.Stop()
			return context.Cause(ctx)
		}
	}
}

// rests lets nothing leave for a while.
func (l *line) rests(d time.Duration) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if at := time.Now().Add(d); at.After(l.next) {
		l.next = at
	}
}
