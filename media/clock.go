package media

import (
	"context"
	"runtime"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"
)

// Member is somebody who is paced by a [Clock]: a leg, a mixer. Tick is called every 20 ms on the
// goroutine of the Member's shard with how late it is. It must not block; whatever Members share on one
// shard needs no lock.
type Member interface {
	Tick(late time.Duration)
}

// Speaker is a Member whose next 20 ms can be said sooner than at its Tick. Speak is called after each Tick, or before it, in
// its place, by [Seat.Push].
type Speaker interface {
	Member
	Speak()
}

// Clock paces sound. It has a few shards, each a goroutine on an OS thread of its own that waits in one
// place for the next deadline or for a socket to become readable. A Member has a 1 ms slot of its shard's
// 20 ms, kept on absolute deadlines: no drift, no matter how long it plays. A shard that is late calls
// each Member up to three times in a row to catch up; what is older is skipped and counted.
//
// Where the processors are busy with other work, GOMAXPROCS should leave the shards one each of their own.
type Clock struct {
	shards []*shard
	ran    atomic.Bool
}

// NewClock makes a Clock with so many shards; 0 means one for each processor. Nothing runs before Run.
func NewClock(shards int) *Clock { return newClock(shards, newSystemWaiter) }

// NewTimerClock makes a Clock that waits on Go's timers alone and looks at watched sockets once in each
// tick. It is for tests on synctest's clock and for systems without epoll.
func NewTimerClock(shards int) *Clock { return newClock(shards, newTimerWaiter) }

func newClock(shards int, wait func() waiter) *Clock {
	if shards <= 0 {
		shards = runtime.GOMAXPROCS(0)
	}
	c := &Clock{}
	for range shards {
		c.shards = append(c.shards, newShard(wait))
	}
	return c
}

// Run paces until ctx ends; then no Tick runs any more and everybody's Leave returns. It may be called once.
func (c *Clock) Run(ctx context.Context) error {
	if !c.ran.CompareAndSwap(false, true) {
		panic("media: a Clock runs once")
	}
	var g errgroup.Group
	for _, s := range c.shards {
		g.Go(func() error { return s.run(ctx) })
	}
	if err := g.Wait(); err != nil {
		return err
	}
	return context.Cause(ctx)
}

// Join gives m a seat on the emptiest shard. Its first Tick comes in the next 1 ms slot (up to 5 ms later
// when so many joined at the same moment that the slot is crowded), on the shard's goroutine.
func (c *Clock) Join(m Member) *Seat {
	best := c.shards[0]
	for _, s := range c.shards[1:] {
		if s.members.Load() < best.members.Load() {
			best = s
		}
	}
	return best.join(m)
}

// JoinBeside gives m a seat on the shard of another: the two may then touch each other's state in Tick and Do, and [Seat.Push]
// each other. Beside nobody, nil, it is Join.
func (c *Clock) JoinBeside(m Member, other *Seat) *Seat {
	if other == nil {
		return c.Join(m)
	}
	return other.shard.join(m)
}

// Members is how many seats are taken.
func (c *Clock) Members() int {
	n := int64(0)
	for _, s := range c.shards {
		n += s.members.Load()
	}
	return int(n)
}

// Lateness says how punctual the shards were: quantiles over the last five to ten seconds, sums since the start.
func (c *Clock) Lateness() Lateness {
	var sum latenessSum
	for _, s := range c.shards {
		s.late.addTo(&sum)
	}
	return sum.lateness()
}

// Seat is a Member's place on a Clock. Its methods may be called from any goroutine.
type Seat struct {
	shard   *shard
	member  Member
	speaker Speaker // member again, or nil

	// Owned by the shard.
	slot, index int
	seated      bool
	gone        bool
	first       int64 // the number of the slot that Soon has moved it to
	called      int64 // … in which it was called before the others; -1 for none
	ahead       int   // Pushes that were not made up for by a Tick yet
	watches     []*watch
}

// mostAhead is how often a seat is pushed before its own ticks: a shard that was late makes up for three.
const mostAhead = 3

// Push lets a [Speaker] speak now instead of after its next Tick, and tells whether it did: it does where the caller is the
// Member's own shard, else the Tick comes soon enough. Whoever has a frame for a leg beside its own pushes it, and the
// frame does not wait.
func (s *Seat) Push() bool {
	if s.speaker == nil || !s.shard.here() || s.gone || s.ahead == mostAhead {
		return false
	}
	s.ahead++
	s.speaker.Speak()
	return true
}

// tick is the Member's 20 ms. It may leave in it.
func (s *Seat) tick(late time.Duration) {
	s.member.Tick(late)
	switch {
	case s.speaker == nil, s.gone:
	case s.ahead > 0:
		s.ahead--
	default:
		s.speaker.Speak()
	}
}

// Leave gives the seat back. When it has returned no Tick and no ready function of it runs any more, and
// its sockets are not watched: they may be closed. It waits for the shard, at most for the tick under way,
// and may be called from the shard itself and more than once.
func (s *Seat) Leave() { s.shard.leave(s) }

// Soon moves the seat to the next 1 ms slot, as if its Member had just joined: for one that had nothing to
// say until now. It may only be called where the Member's shard calls: in Tick, in ready, in the f of Do.
func (s *Seat) Soon() { s.shard.reseat(s) }

// Do calls f on the shard's goroutine soon, in the order of the calls. It answers false, and f is never
// called, when the Clock has ended. f runs even if the seat was given back.
func (s *Seat) Do(f func()) bool { return s.shard.post(op{call: f}) }

// Watch calls ready on the shard's goroutine when fd can be read, again and again for as long as it can:
// ready has to read it, to its end or a part of it, and must not block. An error that waits on the socket
// counts as readable. Where the system cannot wait for fd, ready is called at each Tick instead.
// The descriptor must stay open until Leave or Unwatch returned. A descriptor that the Go runtime does
// not know (golang.org/x/sys/unix.Socket) spares its poller a wakeup for each packet.
func (s *Seat) Watch(fd int, ready func()) {
	s.shard.watch(&watch{fd: fd, ready: ready, seat: s})
}

// Unwatch ends Watch for fd. When it has returned ready does not run any more.
func (s *Seat) Unwatch(fd int) { s.shard.await(op{seat: s, unwatch: true, fd: fd}) }

// watch is one socket that a seat reads.
type watch struct {
	fd     int
	ready  func()
	seat   *Seat
	polled bool // the system cannot wait for it
}
