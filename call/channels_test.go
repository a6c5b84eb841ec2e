package call_test

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/kaden-project/kaden/call"
	"github.com/kaden-project/kaden/leg"
	"github.com/kaden-project/kaden/leg/simleg"
	"github.com/kaden-project/kaden/number"
	"github.com/kaden-project/kaden/trunk"
)

// channelbook is a call.Channels in memory, which a story may make slow or break. It is shared by all desks that have it.
type channelbook struct {
	mu     sync.Mutex
	alone  bool
	slow   time.Duration
	broken error

	rows  map[string]channelRow
	waits map[string]channelWait // by trunk and node
	told  map[int]func(string)
	asked int
}

type (
	channelRow struct {
		call.Channel
		node string
	}
	channelWait struct {
		urgent bool
		since  time.Time
	}
)

func (w channelWait) before(o channelWait) bool {
	return w.urgent && !o.urgent || w.urgent == o.urgent && w.since.Before(o.since)
}

func (b *channelbook) Alone(string) (func(), bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return func() {}, b.alone
}

func (b *channelbook) TakeChannel(ctx context.Context, node string, w call.ChannelWish) (bool, error) {
	b.mu.Lock()
	slow := b.slow
	b.mu.Unlock()
	select {
	case <-time.After(slow):
	case <-ctx.Done():
		return false, ctx.Err()
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.asked++; b.broken != nil {
		return false, b.broken
	}
	b.free(w.Freed...)
	mine := channelWait{w.Urgent, time.Now().Add(-w.Waited)}
	busy := 0
	for _, r := range b.rows {
		if r.Trunk == w.Trunk {
			busy++
		}
	}
	key := w.Trunk + " " + node
	for k, o := range b.waits {
		if strings.HasPrefix(k, w.Trunk+" ") && k != key && o.before(mine) {
			busy++
		}
	}
	if busy >= w.Limit {
		if b.waits == nil {
			b.waits = map[string]channelWait{}
		}
		if o, ok := b.waits[key]; !ok || mine.before(o) {
			b.waits[key] = mine
		}
		return false, nil
	}
	delete(b.waits, key)
	b.take(node, w.Channel)
	return true, nil
}

func (b *channelbook) take(node string, c call.Channel) {
	if b.rows == nil {
		b.rows = map[string]channelRow{}
	}
	b.rows[c.ID] = channelRow{c, node}
}

func (b *channelbook) free(ids ...string) {
	for _, id := range ids {
		r, ok := b.rows[id]
		delete(b.rows, id)
		if !ok {
			continue
		}
		for _, f := range b.told {
			go f(r.Trunk)
		}
	}
}

func (b *channelbook) KeepChannels(_ context.Context, node string, n call.ChannelNews) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.broken != nil {
		return b.broken
	}
	for _, c := range append(slices.Clone(n.Taken), n.Resumed...) {
		b.take(node, c)
	}
	b.free(n.Freed...)
	for _, over := range n.Ended {
		for id, r := range b.rows {
			if r.Call == over {
				b.free(id)
			}
		}
	}
	for _, trunk := range n.Left {
		delete(b.waits, trunk+" "+node)
	}
	return nil
}

func (b *channelbook) ChannelsFreed(f func(string)) func() {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.told == nil {
		b.told = map[int]func(string){}
	}
	me := len(b.told)
	b.told[me] = f
	return func() {
		b.mu.Lock()
		defer b.mu.Unlock()
		delete(b.told, me)
	}
}

// taken is which calls have a channel, and of which node.
func (b *channelbook) taken() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	nodes := map[string]int{}
	for _, r := range b.rows {
		nodes[r.node]++
	}
	var s []string
	for _, n := range slices.Sorted(maps.Keys(nodes)) {
		s = append(s, fmt.Sprintf("%s: %d", n, nodes[n]))
	}
	if len(b.waits) > 0 {
		s = append(s, fmt.Sprintf("%d wait", len(b.waits)))
	}
	return strings.Join(s, ", ")
}

func (b *channelbook) is(f func()) {
	b.mu.Lock()
	defer b.mu.Unlock()
	f()
}

func channels(b *channelbook) func(*call.Config) { return func(c *call.Config) { c.Channels = b } }

// three has three channels: two calls go out at once, and one is kept for people who call back.
var three = trunk.Trunk{Name: "three", Server: "three.example", Channels: 3}

// rings is the next phone, and it rings.
func rings(h *house) *simleg.Phone {
	h.Helper()
	p := h.phone()
	p.Ring()
	return p
}

// whom is the end of the number that was called.
func whom(p interface{ Info() leg.Info }) string {
	user, _, _ := strings.Cut(p.Info().To, "@")
	return user[len(user)-2:]
}

// Two processes on one database: together they have no more calls up than the trunk has channels, and who came first goes
// first, in whichever process.
func TestTwoProcessesShareTheChannelsOfATrunk(t *testing.T) {
	b := &channelbook{slow: 2 * time.Millisecond}
	story(t, func(h *house) {
		other := h.another()
		for i := range 3 {
			by(h, h.desk, i, false)
			time.Sleep(10 * time.Millisecond)
			by(h, other, 10+i, false)
			time.Sleep(10 * time.Millisecond)
		}
		var order []string
		for range 3 {
			p, q := rings(h), rings(h)
			time.Sleep(5 * time.Second)
			synctest.Wait()
			h.want("calls beside those two", len(h.met), 0)
			order = append(order, whom(p), whom(q))
			p.Refuse(leg.Busy)
			time.Sleep(time.Second) // the one that waited goes at once
			q.Refuse(leg.Busy)
		}
		slices.Sort(order[0:2])
		h.want("called", order, "[00 10 01 11 02 12]")
		h.want("after", h.after(), 3*6*time.Second+60*time.Millisecond+2*b.slow)
		synctest.Wait()
		h.want("in the end no channel is taken and nobody waits", b.taken(), "")
		h.want("the timeline says who waited", strings.Count(h.store.said("call.queued"), "waiting for a line on three, place"), 4)
		if said := h.store.said("call.queued"); !strings.Contains(said, "place 1 in the queue; its channels are taken by other processes") {
			h.Errorf("%s", said)
		}
		end(h, other)
	}, trunks(three), channels(b))
}

// A critical call goes before all others, though it came last and they wait in another process.
func TestACriticalCallOvertakesThoseOfAnotherProcess(t *testing.T) {
	b := &channelbook{slow: 2 * time.Millisecond}
	story(t, func(h *house) {
		other := h.another()
		for i := range 4 {
			by(h, h.desk, i, false)
		}
		first, second := rings(h), rings(h)
		time.Sleep(4 * time.Second)
		by(h, other, 10, true)
		by(h, other, 11, false)
		time.Sleep(4 * time.Second)
		first.Refuse(leg.Busy)
		p := rings(h)
		h.want("the critical one", whom(p), "10")
		second.Refuse(leg.Busy)
		q := rings(h)
		h.want("and then who came first", whom(q), "02")
		p.Refuse(leg.Busy)
		q.Refuse(leg.Busy)
		p, q = rings(h), rings(h)
		last := []string{whom(p), whom(q)}
		slices.Sort(last)
		h.want("the last ones", last, "[03 11]")
		p.Refuse(leg.Busy)
		q.Refuse(leg.Busy)
		end(h, other)
	}, trunks(three), channels(b))
}

// The only process asks nobody, and does not wait until it is written down. From the moment on in which it knows of
// another one it does.
func TestAProcessThatIsAloneAsksNobody(t *testing.T) {
	b := &channelbook{alone: true, slow: time.Second}
	story(t, func(h *house) {
		for i := range 3 {
			by(h, h.desk, i, false)
		}
		p, q := rings(h), rings(h)
		h.want("they leave at once", h.after(), time.Duration(0))
		synctest.Wait()
		h.want("the store was asked", b.asked, 0)
		h.want("and knows of them", b.taken(), "a: 2")
		p.Refuse(leg.Busy)
		r := rings(h)
		h.want("so does the next one", h.after(), time.Duration(0))
		synctest.Wait()
		h.want("it has the channel of the one before", b.taken(), "a: 2")

		b.is(func() { b.alone, b.slow = false, 0 })
		other := h.another()
		by(h, other, 10, false)
		time.Sleep(5 * time.Second)
		h.want("another process has to wait", len(h.met), 0)
		q.Refuse(leg.Busy)
		s := rings(h)
		h.want("for a channel that was taken when nobody else was there", whom(s), "10")
		r.Refuse(leg.Busy)
		s.Refuse(leg.Busy)
		synctest.Wait()
		h.want("in the end", b.taken(), "")
		end(h, other)
	}, trunks(three), channels(b))
}

// The store is away, or does not answer: calls go by what this process knows of the channels, and what it did is written
// down when it is back.
func TestChannelsOfAStoreThatIsAway(t *testing.T) {
	for name, c := range map[string]struct {
		book  *channelbook
		first time.Duration
	}{
		"away":      {&channelbook{broken: errors.New("connection refused")}, 0},
		"no answer": {&channelbook{slow: time.Hour}, time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			story(t, func(h *house) {
				for i := range 3 {
					by(h, h.desk, i, false)
				}
				p, q := rings(h), rings(h)
				h.want("left after", h.after(), c.first)
				time.Sleep(time.Second)
				h.want("others at once", len(h.met), 0)
				synctest.Wait()
				if said := h.log.String(); !strings.Contains(said, "the channels of a trunk are not shared") {
					h.Errorf("the log says:\n%s", said)
				}
				p.Refuse(leg.Busy)
				r := rings(h)
				c.book.is(func() { c.book.broken, c.book.slow = nil, 0 })
				time.Sleep(8 * time.Second)
				h.want("it is written down in the end", c.book.taken(), "a: 2")
				q.Refuse(leg.Busy)
				r.Refuse(leg.Busy)
				synctest.Wait()
				h.want("and so is the end", c.book.taken(), "")
			}, trunks(three), channels(c.book))
		})
	}
}

// Who gives up waiting is in nobody's way, and a channel that came too late for it goes to whoever waits.
func TestWhoGivesUpWaitingForAnotherProcessesChannel(t *testing.T) {
	b := &channelbook{slow: 2 * time.Millisecond}
	story(t, func(h *house) {
		other := h.another()
		by(h, other, 10, false)
		p := rings(h)
		gone := by(h, h.desk, 0, false)
		time.Sleep(5 * time.Second)
		next := by(h, other, 11, false)
		time.Sleep(time.Second)
		h.want("both wait", b.taken(), "b: 1, 2 wait")
		h.want("its place", gone.Place(), 1)
		h.want("and in the other process", next.Place(), 1)
		gone.Cancel()
		gone.Wait()
		synctest.Wait()
		h.want("one of them has left", b.taken(), "b: 1, 1 wait")
		p.Refuse(leg.Busy)
		q := rings(h)
		h.want("next", whom(q), "11")
		q.Refuse(leg.Busy)

		// The answer comes when nobody wants it any more.
		late := by(h, h.desk, 1, false)
		late.Cancel()
		late.Wait()
		synctest.Wait()
		time.Sleep(time.Second)
		h.want("it was given back", b.taken(), "")
		end(h, other)
	}, trunks(trunk.Trunk{Name: "one", Server: "one.example", Channels: 1}), channels(b))
}

// A trunk whose channels other processes have is passed over for another one that is free, and only then waited for.
func TestAnotherTrunkWhenOtherProcessesHaveTheChannels(t *testing.T) {
	b := &channelbook{slow: 2 * time.Millisecond}
	b.take("b", call.Channel{ID: "theirs", Trunk: "one", Call: "CA-b"})
	story(t, func(h *house) {
		by(h, h.desk, 0, false)
		p := rings(h)
		h.want("dialled", p.Info().To, "sip:"+numbered(0)+"@wide.example")
		h.want("as soon as the store has said so", h.after(), 2*time.Millisecond)
		p.Refuse(leg.Busy)
		synctest.Wait()
		h.want("and does not wait for the other", b.taken(), "b: 1")
	}, trunks(trunk.Trunk{Name: "one", Server: "one.example", Channels: 1}, trunk.Trunk{Name: "wide", Server: "wide.example"}), channels(b))
}

// A trunk that has a pace as well: the channel is taken first, and the call leaves at its second.
func TestChannelsAndAPaceOfTwoProcesses(t *testing.T) {
	b, g := &channelbook{slow: 2 * time.Millisecond}, &gatebook{slow: 2 * time.Millisecond}
	both := three
	both.Interval = time.Second
	story(t, func(h *house) {
		other := h.another()
		for i := range 3 {
			by(h, h.desk, i, false)
			by(h, other, 10+i, false)
		}
		const talks = 1500 * time.Millisecond
		var at []time.Duration
		for i := range 6 {
			p := rings(h)
			at = append(at, h.after())
			if i > 0 && at[i]-at[i-1] < 998*time.Millisecond {
				h.Errorf("%s was dialled %v after the one before", whom(p), at[i]-at[i-1])
			}
			if i > 1 && at[i]-at[i-2] < talks {
				h.Errorf("%s was the third call at once", whom(p))
			}
			time.AfterFunc(talks, func() { p.Refuse(leg.Busy) })
		}
		if last := at[5]; last > 6*time.Second {
			h.Errorf("six calls took %v", last)
		}
		time.Sleep(10 * time.Second)
		synctest.Wait()
		h.want("in the end", b.taken(), "")
		end(h, other)
	}, trunks(both), channels(b), gates(g))
}

// What a dead process has left at the carrier occupies its channel until it is ended there.
func TestAGhostOccupiesAChannelUntilItIsEnded(t *testing.T) {
	x := &exorcist{wait: make(chan struct{})}
	b := &channelbook{}
	b.take("a", call.Channel{ID: "old", Trunk: "one", Call: "CA1"}) // taken over with the ghost
	for _, book := range []*channelbook{nil, b} {
		one := trunk.Trunk{Name: "one", Server: "one.example", Channels: 1}
		with := []func(*call.Config){trunks(one), func(c *call.Config) { x.Dialer = c.Dialers[number.SIP]; c.Dialers[number.SIP] = x }}
		if book != nil {
			with = append(with, channels(book))
		}
		story(t, func(h *house) {
			x.wait = make(chan struct{})
			ended := make(chan error, 1)
			go func() {
				err := h.desk.EndGhost(h.Context(), call.Order{SID: "CA1", Attempt: "c1-1", To: tel("+819011112222")}, "one", nil)
				h.desk.GhostGone("CA1")
				ended <- err
			}()
			synctest.Wait()
			c := by(h, h.desk, 0, true)
			time.Sleep(3 * time.Second)
			h.want("it waits", fmt.Sprint(c.Place(), len(h.met)), "1 0")
			close(x.wait)
			if err := <-ended; err != nil {
				h.Error(err)
			}
			h.phone().Refuse(leg.Busy)
			h.want("it left after", h.after(), 3*time.Second)
			c.Wait()
		}, with...)
	}
}
