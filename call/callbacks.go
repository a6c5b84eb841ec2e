package call

import (
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/kaden-project/kaden/number"
)

// callback adds what the owner's server is to be told of e to the pending change (contract 4.2).
func (c *Call) callback(e Event) {
	cb := c.rec.Callback
	if cb.URL == "" || !subscribed(cb, e.Status) {
		return
	}
	if e.Status == Canceled && c.rec.Started.IsZero() {
		return // canceled while queued: nobody is told
	}
	seq := c.rec.CallbackSeq
	c.rec.CallbackSeq++
	method := cb.Method
	if method == "" {
		method = "POST"
	}
	c.posts = append(c.posts, Post{
		ID:      fmt.Sprintf("%s-%d", c.id, seq),
		Account: c.rec.Account, Call: c.id,
		Method: method, URL: cb.URL,
		Params: callbackParams(c.rec, e.Status, e.At, seq),
		Due:    e.At.Add(netDelay),
	})
}

// netDelay keeps the net for crashes away from a callback that the call is about to send itself.
const netDelay = time.Minute

func subscribed(cb Callback, s Status) bool {
	name := "completed"
	switch s {
	case Initiated, Ringing:
		name = string(s)
	case InProgress:
		name = "answered"
	}
	if len(cb.Events) == 0 {
		return name == "completed"
	}
	return slices.Contains(cb.Events, name)
}

// poster sends a call's callbacks one after the other, without holding the call up. Its goroutine exists
// while there is something to send, and may outlive the call.
type poster struct {
	mu    sync.Mutex
	queue []Post
	busy  bool
}

func (p *poster) add(c *Call, posts []Post) {
	if len(posts) == 0 {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.queue = append(p.queue, posts...)
	if p.busy {
		return
	}
	p.busy = true
	c.desk.posting.Add(1)
	go p.send(c)
}

func (p *poster) send(c *Call) {
	d := c.desk
	defer d.posting.Done()
	for {
		p.mu.Lock()
		if len(p.queue) == 0 {
			p.busy = false
			p.mu.Unlock()
			return
		}
		next := p.queue[0]
		p.queue = p.queue[1:]
		p.mu.Unlock()

		if d.posts.Err() != nil {
			continue // the rest is the net's, after the restart
		}
		r, err := d.cfg.Asker.Ask(d.posts, Ask{Account: next.Account, Call: next.Call, Method: next.Method, URL: next.URL, Params: next.Params})
		switch {
		case d.posts.Err() != nil:
			continue
		case err != nil:
			c.log.Warn("status callback not delivered", "code", 15003, "status", next.Params.Get("CallStatus"), "err", err)
		case r.Status >= 400:
			c.log.Warn("status callback refused", "code", 15003, "status", next.Params.Get("CallStatus"), "http", r.Status)
		}
		// Twilio does not repeat a callback that failed either.
		if err := d.cfg.Store.Posted(d.posts, next.ID); err != nil {
			c.log.Error("delivered callback not ticked off; it may be sent again", "err", err)
		}
	}
}

// masked hides telephone numbers from the log.
func masked(who string) string { return number.Mask(who) }
