package memstore

import (
	"context"
	"fmt"
	"time"

	"github.com/kaden-project/kaden/call"
	"github.com/kaden-project/kaden/dispatch"
)

var _ call.Channels = (*Store)(nil)

// channel is one that is taken.
type channel struct {
	call.Channel
	node  string
	fence int64
}

// channelWait is a node that waits for a channel of a trunk, and wait how.
type (
	channelWait struct{ trunk, node string }
	wait        struct {
		fence  int64
		urgent bool
		since  time.Time
	}
)

// before tells who comes first.
func (w wait) before(o wait) bool {
	if w.urgent != o.urgent {
		return w.urgent
	}
	return w.since.Before(o.since)
}

// Alone is true: all of this store's processes are one.
func (s *Store) Alone(string) (written func(), ok bool) { return func() {}, true }

// ChannelsFreed calls nobody.
func (s *Store) ChannelsFreed(func(trunk string)) (stop func()) { return func() {} }

// TakeChannel takes a channel of a trunk, or waits for one; see call.Channels.
func (s *Store) TakeChannel(ctx context.Context, node string, w call.ChannelWish) (taken bool, err error) {
	err = s.change(ctx, func(t *tx) error {
		me, known := s.nodes[node]
		if taken = false; !known { // nobody knows of it yet
			return nil
		}
		for _, id := range w.Freed {
			remove(t, s.channels, id)
		}
		mine := wait{me.fence, w.Urgent, milli(t.now.Add(-max(0, w.Waited)))}
		busy := 0
		for id, c := range s.channels {
			if c.Trunk == w.Trunk && id != w.ID {
				busy++
			}
		}
		for k, o := range s.waits {
			if k.trunk == w.Trunk && k.node != node && t.alive(k.node) && s.nodes[k.node].fence == o.fence && o.before(mine) {
				busy++
			}
		}
		k := channelWait{w.Trunk, node}
		if taken = t.alive(node) && busy < w.Limit; !taken {
			if o, waits := s.waits[k]; waits && o.fence == me.fence && o.before(mine) {
				mine = o
			}
			put(t, s.waits, k, mine)
			return nil
		}
		remove(t, s.waits, k)
		t.putChannel(w.Channel, node, me.fence)
		return nil
	})
	return taken && err == nil, err
}

// putChannel inserts a channel, or gives one that is there to another call.
func (t *tx) putChannel(c call.Channel, node string, fence int64) {
	row := channel{c, node, fence}
	if old, there := t.s.channels[c.ID]; there {
		row = old
		row.Call = c.Call
	}
	put(t, t.s.channels, c.ID, row)
}

// KeepChannels writes down what became of channels; see call.Channels.
func (s *Store) KeepChannels(ctx context.Context, node string, n call.ChannelNews) error {
	return s.change(ctx, func(t *tx) error {
		me, known := s.nodes[node]
		if !known {
			return fmt.Errorf("node %q has not joined: %w", node, dispatch.ErrNotMine)
		}
		for _, r := range n.Resumed {
			for id, c := range s.channels {
				if c.Trunk == r.Trunk && c.Call == r.Call && id != r.ID {
					remove(t, s.channels, id)
				}
			}
			t.putChannel(r, node, me.fence)
		}
		for _, c := range n.Taken {
			t.putChannel(c, node, me.fence)
		}
		for _, id := range n.Freed {
			remove(t, s.channels, id)
		}
		for _, over := range n.Ended {
			for id, c := range s.channels {
				if c.Call == over && c.node == node {
					remove(t, s.channels, id)
				}
			}
		}
		for _, trunk := range n.Left {
			remove(t, s.waits, channelWait{trunk, node})
		}
		return nil
	})
}

// sweepChannels frees what dead processes had taken for calls that are over.
func (t *tx) sweepChannels(name string, fence int64) {
	for id, c := range t.s.channels {
		if t.orphaned(c.node, c.fence, name, fence) && !t.s.callOpen(c.Call) {
			remove(t, t.s.channels, id)
		}
	}
}
