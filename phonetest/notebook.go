package phonetest

import (
	"context"
	"slices"
	"sync"

	"github.com/kaden-project/kaden/call"
	"github.com/kaden-project/kaden/sid"
	"github.com/kaden-project/kaden/timeline"
)

// Notebook is a call.Store in memory. The zero Notebook is empty.
type Notebook struct {
	mu     sync.Mutex
	calls  []call.Record // in the order in which they began
	events []timeline.Event
	posted []string
}

// Change writes down.
func (n *Notebook) Change(ctx context.Context, c call.Change) error {
	n.mu.Lock()
	defer n.mu.Unlock()
	if i := n.find(c.Record.SID); i >= 0 {
		n.calls[i] = c.Record
	} else {
		n.calls = append(n.calls, c.Record)
	}
	n.events = append(n.events, c.Events...)
	return ctx.Err()
}

func (n *Notebook) find(id sid.Call) int {
	return slices.IndexFunc(n.calls, func(r call.Record) bool { return r.SID == id })
}

// Posted ticks a callback off.
func (n *Notebook) Posted(_ context.Context, id string) error {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.posted = append(n.posted, id)
	return nil
}

// Call finds one.
func (n *Notebook) Call(_ context.Context, _ sid.Account, id sid.Call) (call.Record, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if i := n.find(id); i >= 0 {
		return n.calls[i], nil
	}
	return call.Record{}, call.ErrNotFound
}

// Calls lists all of them that have the filter's status, newest first; it heeds nothing else of the filter.
func (n *Notebook) Calls(_ context.Context, f call.Filter) (list []call.Record, more bool, err error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	for _, r := range slices.Backward(n.calls) {
		if f.Status == "" || f.Status == r.Status {
			list = append(list, r)
		}
	}
	return list, false, nil
}

// DeleteCall forgets one.
func (n *Notebook) DeleteCall(_ context.Context, _ sid.Account, id sid.Call) error {
	n.mu.Lock()
	defer n.mu.Unlock()
	i := n.find(id)
	if i < 0 {
		return call.ErrNotFound
	}
	n.calls = slices.Delete(n.calls, i, i+1)
	return nil
}

// Events are the timeline so far.
func (n *Notebook) Events() []timeline.Event {
	n.mu.Lock()
	defer n.mu.Unlock()
	return slices.Clone(n.events)
}
