package call

import (
	"context"
	"encoding/json"
	"slices"
	"sync"
	"time"

	"github.com/kaden-project/kaden/leg"
)

// remains is what ends the call's legs after a crash. A call with one leg keeps what that wrote, as it is; one
// that was tried over several trunks, or over an upstream, keeps a list.
type remains struct {
	call *Call

	storing sync.Mutex // what is kept last is what was last
	mu      sync.Mutex
	legs    []remain
	gone    []int // tries that are over; a late word of theirs is not kept
}

// remain is one leg that may be up.
type remain struct {
	Try   int         `json:"try"`
	Trunk string      `json:"trunk"`
	Rest  leg.Remains `json:"rest,omitempty"`
	To    string      `json:"to,omitempty"` // whom it calls, if not whom the order says

	upstream bool // what it wrote is of no use to another line's dialer
}

// list is what is kept, now.
func (r *remains) list() leg.Remains {
	r.mu.Lock()
	defer r.mu.Unlock()
	if !slices.ContainsFunc(r.legs, func(l remain) bool { return l.Try > 0 || l.upstream }) {
		for _, l := range r.legs {
			return l.Rest
		}
		return nil
	}
	b, err := json.Marshal(r.legs)
	if err != nil {
		panic("call: " + err.Error()) // the legs write JSON
	}
	return b
}

func (r *remains) note(t *try, rest leg.Remains) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if slices.Contains(r.gone, t.n) {
		return
	}
	i := slices.IndexFunc(r.legs, func(l remain) bool { return l.Try == t.n })
	if i < 0 {
		r.legs = append(r.legs, remain{t.n, t.line.Name, rest, t.to, t.line.Upstream})
		return
	}
	r.legs[i].Rest = rest
}

func (r *remains) forget(t *try) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.gone = append(r.gone, t.n)
	r.legs = slices.DeleteFunc(r.legs, func(l remain) bool { return l.Try == t.n })
}

// keep writes down what ends a leg. The leg waits for it: no commit, no ACK.
func (r *remains) keep(ctx context.Context, t *try, rest leg.Remains) error {
	r.note(t, rest)
	if r.call.order.Keep == nil {
		return r.call.keep(ctx)
	}
	r.storing.Lock()
	defer r.storing.Unlock()
	return r.call.order.Keep(ctx, r.list())
}

// foresee writes down that a leg is about to be: what ends it follows from its name. A store that is away does not
// hold up the call.
func (c *Call) foresee(t *try) {
	if c.now.alive() {
		c.remains.note(c.now, c.remains.of(c.now))
	}
	c.remains.note(t, nil)
	var err error
	if c.order.Keep != nil {
		ctx, stop := context.WithTimeout(c.ctx, foresight)
		c.remains.storing.Lock()
		err = c.order.Keep(ctx, c.remains.list())
		c.remains.storing.Unlock()
		stop()
	} else {
		c.rec.Remains = c.remains.list()
		err = c.write()
	}
	if err != nil {
		c.log.Error("what is left of the leg was not kept; a crash now could leave a call behind", "err", err)
	}
}

// foresight is how long that may take.
const foresight = 300 * time.Millisecond

func (r *remains) of(t *try) leg.Remains {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, l := range r.legs {
		if l.Try == t.n {
			return l.Rest
		}
	}
	return nil
}

// legsOf reads a list of legs; ok is false for what one leg wrote by itself.
func legsOf(r leg.Remains) (legs []remain, ok bool) {
	if len(r) == 0 || r[0] != '[' {
		return nil, false
	}
	return legs, json.Unmarshal(r, &legs) == nil
}
