package store

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/kaden-project/kaden/call"
	"github.com/kaden-project/kaden/dispatch"
)

var _ call.Channels = (*Store)(nil)

// Several processes on one database share the channels of its trunks: a row for each that is taken. As long as a process
// is the only one alive it takes channels by itself and writes that down a moment later. It is told of others by its
// sign of life (Beat). So that nothing is missed in between, whoever comes to life waits until all others have written
// down what they have taken, and know of it (node.knows, node.epoch). See ADR 90.

const (
	// unheard is how long a process waits for others to know of it. An earlier release never does.
	unheard = 10 * time.Second
	// settling is how long a sign of life waits for what was taken before it to be written down.
	settling = 500 * time.Millisecond
)

// member is what this process knows of itself as a node.
type member struct {
	mu     sync.Mutex
	fence  int64
	epoch  int64     // of its life, or of its return to it
	since  time.Time // when it began
	alone  time.Time // until then no other process calls over the same trunks; zero: others may
	owing  int       // channels that were taken alone, and are not written down yet
	settle chan struct{}
}

// Shared tells whether other processes can work on the same database.
func (s *Store) Shared() bool { return s.db.shared() }

// member finds this process as a node, nil if it has not joined under that name.
func (s *Store) member(name string) *member {
	m, _ := s.members.Load(name)
	found, _ := m.(*member)
	return found
}

// Alone tells whether node is the only one at work; see call.Channels.
func (s *Store) Alone(node string) (written func(), ok bool) {
	if !s.db.shared() {
		return func() {}, true
	}
	m := s.member(node)
	if m == nil {
		return nil, false
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if !time.Now().Before(m.alone) {
		return nil, false
	}
	m.owing++
	return sync.OnceFunc(m.paid), true
}

// number is that of its ownership.
func (m *member) number() int64 {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.fence
}

func (m *member) paid() {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.owing--; m.owing == 0 && m.settle != nil {
		close(m.settle)
		m.settle = nil
	}
}

// company ends being alone, and tells whether all that was taken alone is written down.
func (m *member) company() (settled bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.alone = time.Time{}
	return m.owing == 0
}

// settled waits until all that was taken alone is written down; false: it takes too long.
func (m *member) settled(ctx context.Context) bool {
	m.mu.Lock()
	if m.owing == 0 {
		m.mu.Unlock()
		return true
	}
	if m.settle == nil {
		m.settle = make(chan struct{})
	}
	settle := m.settle
	m.mu.Unlock()
	select {
	case <-settle:
		return true
	case <-time.After(settling):
	case <-ctx.Done():
	}
	return false
}

// around is what a sign of life finds out about others.
type around struct {
	alive     int64
	newest    int64 // the epoch of who came to life last
	strangers int64 // channels that others have taken, the dead too
}

const lookAround = `SELECT
	(SELECT count(*) FROM node WHERE name <> ? AND lease_until > ?),
	(SELECT COALESCE(max(epoch), 0) FROM node WHERE name <> ? AND lease_until > ?),
	(SELECT count(*) FROM channel WHERE node <> ? OR fence <> ?)`

// beatAmongOthers is Beat where other processes can be at work.
func (s *Store) beatAmongOthers(ctx context.Context, m *member, name string, fence int64, ttl time.Duration) error {
	sent := time.Now()
	var a around
	var settled, back bool
	var epoch int64
	err := s.change(ctx, func(t *tx) error {
		now := t.Now()
		var lease time.Time
		if err := t.one("SELECT lease_until, epoch FROM node WHERE name = ? AND fence = ?", []any{name, fence}, moment{&lease}, &epoch); err != nil {
			return t.notMine(err, name, fence)
		}
		if back = !lease.After(now); back { // others may have believed that it is dead
			if err := t.one(nextFence, nil, &epoch); err != nil {
				return err
			}
		}
		at := millis(now)
		if err := t.one(lookAround, []any{name, at, name, at, name, fence}, &a.alive, &a.newest, &a.strangers); err != nil {
			return err
		}
		settled = true
		if back || a.alive > 0 || a.strangers > 0 {
			settled = m.company() // before anybody can know of it
		}
		if _, err := t.exec("UPDATE node SET epoch = ? WHERE name = ? AND fence = ?", epoch, name, fence); err != nil {
			return err
		}
		if settled {
			if err := t.know(name, fence, a.newest); err != nil {
				return err
			}
		}
		return t.lease(name, fence, now.Add(ttl))
	})
	if err != nil {
		return err
	}
	m.mu.Lock()
	if m.epoch != epoch {
		m.epoch, m.since = epoch, time.Now()
	}
	if !back && a.alive == 0 && a.strangers == 0 {
		m.alone = sent.Add(ttl - time.Second)
	}
	m.mu.Unlock()
	if !settled && m.settled(ctx) { // else the next sign of life says so
		return s.change(ctx, func(t *tx) error { return t.know(name, fence, a.newest) })
	}
	return nil
}

// know says that this node knows of another: all that it has taken is written down, and from now on it asks.
func (t *tx) know(name string, fence, newest int64) error {
	_, err := t.exec("UPDATE node SET knows = ? WHERE name = ? AND fence = ? AND knows < ?", newest, name, fence, newest)
	return err
}

// Where a channel of a trunk is wanted: whether the node is alive, how many others do not know of it yet, how many
// channels are taken, how many of the living come first, and whether it waits itself.
const channelsNow = `SELECT
	(SELECT count(*) FROM node WHERE name = ? AND fence = ? AND lease_until > ?),
	(SELECT count(*) FROM node WHERE name <> ? AND lease_until > ? AND knows < ?),
	(SELECT count(*) FROM channel WHERE trunk = ? AND id <> ?),
	(SELECT count(*) FROM channel_wait w JOIN node n ON n.name = w.node AND n.fence = w.fence AND n.lease_until > ?
		WHERE w.trunk = ? AND w.node <> ? AND (w.urgent > ? OR w.urgent = ? AND w.since < ?)),
	(SELECT count(*) FROM channel_wait WHERE trunk = ? AND node = ?)`

// waitForChannel keeps the most urgent wish of a life, and of those the longest.
const waitForChannel = `INSERT INTO channel_wait (trunk, node, fence, urgent, since) VALUES (?, ?, ?, ?, ?) ON CONFLICT (trunk, node) DO UPDATE SET
	since = CASE
		WHEN channel_wait.fence = excluded.fence AND channel_wait.urgent > excluded.urgent THEN channel_wait.since
		WHEN channel_wait.fence = excluded.fence AND channel_wait.urgent = excluded.urgent AND channel_wait.since < excluded.since THEN channel_wait.since
		ELSE excluded.since END,
	urgent = CASE WHEN channel_wait.fence = excluded.fence AND channel_wait.urgent > excluded.urgent THEN channel_wait.urgent ELSE excluded.urgent END,
	fence = excluded.fence`

const (
	lockChannels = "INSERT INTO channel_lock (trunk, touched) VALUES (?, ?) ON CONFLICT (trunk) DO UPDATE SET touched = excluded.touched"
	putChannel   = "INSERT INTO channel (id, trunk, node, fence, call, taken) VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT (id) DO UPDATE SET call = excluded.call"
	waitsNoMore  = "DELETE FROM channel_wait WHERE trunk = ? AND node = ?"
)

// TakeChannel takes a channel of a trunk, or waits for one; see call.Channels.
func (s *Store) TakeChannel(ctx context.Context, node string, w call.ChannelWish) (taken bool, err error) {
	m := s.member(node)
	if m == nil { // nobody knows of it yet
		return false, nil
	}
	m.mu.Lock()
	fence, epoch, since := m.fence, m.epoch, m.since
	m.mu.Unlock()
	if !s.db.shared() || time.Since(since) > unheard {
		epoch = 0
	}
	urgent := int64(0)
	if w.Urgent {
		urgent = 1
	}
	err = s.change(ctx, func(t *tx) error {
		now := t.Now()
		at, came := millis(now), millis(now.Add(-max(0, w.Waited)))
		if _, err := t.exec(lockChannels, w.Trunk, at); err != nil { // of two processes the second sees what the first has taken
			return err
		}
		if err := t.freeChannels(w.Freed); err != nil {
			return err
		}
		var alive, unaware, busy, before, waits int64
		err := t.one(channelsNow, []any{
			node, fence, at, node, at, epoch, w.Trunk, w.ID,
			at, w.Trunk, node, urgent, urgent, came, w.Trunk, node,
		}, &alive, &unaware, &busy, &before, &waits)
		if err != nil {
			return err
		}
		if taken = alive > 0 && unaware == 0 && busy+before < int64(w.Limit); !taken {
			_, err := t.exec(waitForChannel, w.Trunk, node, fence, urgent, came)
			return err
		}
		if waits > 0 {
			if _, err := t.exec(waitsNoMore, w.Trunk, node); err != nil {
				return err
			}
		}
		_, err = t.exec(putChannel, w.ID, w.Trunk, node, fence, w.Call, at)
		return err
	})
	return taken && err == nil, err
}

// KeepChannels writes down what became of channels; see call.Channels.
func (s *Store) KeepChannels(ctx context.Context, node string, n call.ChannelNews) error {
	m := s.member(node)
	if m == nil {
		return fmt.Errorf("node %q has not joined: %w", node, dispatch.ErrNotMine)
	}
	fence := m.number()
	return s.changeSoon(ctx, func(t *tx) error {
		at := millis(t.Now())
		for _, c := range n.Resumed {
			if _, err := t.exec("DELETE FROM channel WHERE trunk = ? AND call = ? AND id <> ?", c.Trunk, c.Call, c.ID); err != nil {
				return err
			}
		}
		for _, c := range append(n.Taken[:len(n.Taken):len(n.Taken)], n.Resumed...) {
			if _, err := t.exec(putChannel, c.ID, c.Trunk, node, fence, c.Call, at); err != nil {
				return err
			}
		}
		if err := t.freeChannels(n.Freed); err != nil {
			return err
		}
		for _, id := range n.Ended {
			if err := t.freed("DELETE FROM channel WHERE call = ? AND node = ?", id, node); err != nil {
				return err
			}
		}
		for _, trunk := range n.Left {
			if err := t.freed("DELETE FROM channel_wait WHERE trunk = ? AND node = ?", trunk, node); err != nil {
				return err
			}
		}
		return nil
	})
}

func (t *tx) freeChannels(ids []string) error {
	for _, id := range ids {
		if err := t.freed("DELETE FROM channel WHERE id = ?", id); err != nil {
			return err
		}
	}
	return nil
}

// freed deletes what stood in others' way, and tells those who wait.
func (t *tx) freed(query string, args ...any) error {
	gone, err := txList(t, trunkNames, query+" RETURNING trunk", args...)
	for _, trunk := range gone {
		t.b.freed = append(t.b.freed, string(trunk))
	}
	return err
}

type trunkName string

var trunkNames = newTable("channel", "trunk", func(n *trunkName) []any { return []any{n} })

// tellFreed tells the processes that wait for channels of these trunks, as part of the commit.
func (b *batch) tellFreed() error {
	told := map[string]bool{}
	for _, trunk := range b.freed {
		if told[trunk] {
			continue
		}
		told[trunk] = true
		var waiting int64
		if err := one(b.ctx, b.q, "SELECT count(*) FROM channel_wait WHERE trunk = ?", []any{trunk}, &waiting); err != nil {
			return err
		}
		if waiting > 0 {
			if err := b.q.tellFreed(b.ctx, trunk); err != nil {
				return err
			}
		}
	}
	return nil
}

// sweepChannels frees what dead processes had taken for calls that are over.
const sweepChannels = "DELETE FROM channel WHERE NOT EXISTS (SELECT 1 FROM call WHERE call.sid = channel.call AND call.ended = 0) AND "

// inheritChannels makes the channels of a dead process's calls this one's, until those are ended.
func (t *tx) inheritChannels(name string, fence int64, call any) error {
	_, err := t.exec("UPDATE channel SET node = ?, fence = ? WHERE call = ?", name, fence, call)
	return err
}

// ChannelsFreed calls f when a channel of a trunk may be free; see call.Channels.
func (s *Store) ChannelsFreed(f func(trunk string)) (stop func()) {
	s.hears.mu.Lock()
	defer s.hears.mu.Unlock()
	if s.hears.all == nil {
		s.hears.all = map[int]func(string){}
	}
	s.hears.last++
	me := s.hears.last
	s.hears.all[me] = f
	return func() {
		s.hears.mu.Lock()
		defer s.hears.mu.Unlock()
		delete(s.hears.all, me)
	}
}

// hearing is who is told of channels that are free.
type hearing struct {
	mu   sync.Mutex
	all  map[int]func(trunk string)
	last int
}

func (h *hearing) tell(trunk string) {
	h.mu.Lock()
	var all []func(string)
	for _, f := range h.all {
		all = append(all, f)
	}
	h.mu.Unlock()
	for _, f := range all {
		f(trunk)
	}
}
