package media

import (
	"context"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

// shard is one goroutine of a Clock. Everything below mail belongs to that goroutine.
type shard struct {
	open    func() waiter
	members atomic.Int64
	late    latenessRing

	mu     sync.Mutex
	mail   []op
	idle   bool // the goroutine does not run: not yet, or no more
	ended  bool // … no more
	waiter waiter
	thread atomic.Int64 // of the goroutine, while it runs; else 0
	asleep atomic.Bool
	over   chan struct{} // closed when the goroutine has ended

	spare   []op // the mailbox's other slice
	wheel   wheel
	next    int64    // the slot to do next, in ms since the waiter's beginning
	soon    []*Seat  // those who were moved up and did not have their tick yet
	watched []*watch // by descriptor, which are small numbers
	polls   int      // watches that are polled
}

// op is a letter to a shard: a seat to join, leave, watch or unwatch, or a function to call.
type op struct {
	seat    *Seat
	call    func()
	watch   *watch
	fd      int
	join    bool
	leave   bool
	unwatch bool
	done    chan<- struct{}
}

func newShard(wait func() waiter) *shard {
	return &shard{open: wait, idle: true, over: make(chan struct{}), wheel: wheel{busy: -1}}
}

func (s *shard) join(m Member) *Seat {
	seat := &Seat{shard: s, member: m, called: -1}
	seat.speaker, _ = m.(Speaker)
	s.members.Add(1)
	s.post(op{seat: seat, join: true})
	return seat
}

func (s *shard) leave(seat *Seat) { s.await(op{seat: seat, leave: true}) }

func (s *shard) watch(w *watch) {
	if s.here() {
		s.startWatch(w) // so that an Unwatch that follows finds it
		return
	}
	s.post(op{seat: w.seat, watch: w})
}

// here tells whether the caller is the shard's own goroutine.
func (s *shard) here() bool { return s.thread.Load() == int64(threadID()) }

// post puts o into the mailbox; false when nobody will read it any more.
func (s *shard) post(o op) bool {
	s.mu.Lock()
	if s.ended {
		s.mu.Unlock()
		return false
	}
	s.mail = append(s.mail, o)
	s.mu.Unlock()
	if s.asleep.Load() && s.asleep.CompareAndSwap(true, false) {
		s.mu.Lock()
		w := s.waiter // not sooner: the shard may have begun to run since the letter was put in
		s.mu.Unlock()
		if w != nil {
			w.wake()
		}
	}
	return true
}

// await has o done before it returns: at once where nobody can be in the way, else by the mailbox.
func (s *shard) await(o op) {
	if s.here() {
		s.apply(o)
		return
	}
	if s.applyIdle(o) {
		return
	}
	done := make(chan struct{})
	o.done = done
	if s.post(o) {
		<-done
		return
	}
	<-s.over
	o.done = nil
	s.applyIdle(o)
}

// applyIdle does o while the goroutine does not run; run takes mu before it begins.
func (s *shard) applyIdle(o op) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.idle {
		return false
	}
	if o.unwatch {
		s.mail = slices.DeleteFunc(s.mail, func(m op) bool {
			return m.watch != nil && m.watch.seat == o.seat && m.watch.fd == o.fd
		})
	}
	s.apply(o)
	return true
}

// run paces until ctx ends.
func (s *shard) run(ctx context.Context) error {
	runtime.LockOSThread() // never unlocked: the thread goes with the goroutine, and its timer slack with it
	w := s.open()
	if err := w.start(); err != nil {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.ended = true
		s.finish()
		return err
	}
	s.mu.Lock()
	s.waiter, s.idle = w, false
	s.thread.Store(int64(threadID()))
	s.mu.Unlock()
	stop := context.AfterFunc(ctx, w.wake)
	defer stop()

	for ctx.Err() == nil {
		s.readMail()
		now := w.now()
		prompt := s.runSoon(now)
		s.runDue(w.due(now))
		s.asleep.Store(true)
		if s.hasMail() {
			s.asleep.Store(false)
			continue
		}
		w.wait(s.deadline(), prompt, s.readable)
		s.asleep.Store(false)
	}

	s.mu.Lock()
	s.ended = true
	s.mu.Unlock()
	s.readMail() // the last: nothing can be posted any more
	s.mu.Lock()
	defer s.mu.Unlock()
	s.finish()
	w.close()
	return nil
}

// finish marks the shard as one that does not run; mu is held.
func (s *shard) finish() {
	for _, o := range s.mail {
		if o.call == nil { // there is no shard to call it on
			s.apply(o)
		}
	}
	s.mail, s.idle, s.waiter = nil, true, nil
	s.thread.Store(0)
	close(s.over)
}

func (s *shard) hasMail() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.mail) > 0
}

func (s *shard) readMail() {
	s.mu.Lock()
	letters := s.mail
	s.mail, s.spare = s.spare[:0], nil
	s.mu.Unlock()
	for _, o := range letters {
		s.apply(o)
	}
	clear(letters)
	s.spare = letters[:0]
}

func (s *shard) apply(o op) {
	switch {
	case o.call != nil:
		o.call()
	case o.join:
		s.seat(o.seat)
	case o.watch != nil:
		s.startWatch(o.watch)
	case o.unwatch:
		for _, w := range o.seat.watches {
			if w.fd == o.fd {
				s.stopWatch(w)
				break
			}
		}
	case o.leave:
		s.unseat(o.seat)
	}
	if o.done != nil {
		close(o.done)
	}
}

func (s *shard) seat(seat *Seat) {
	if seat.gone {
		return
	}
	s.wheel.add(seat, s.wheel.choose(s.upcoming()))
}

// upcoming is the slot for whoever comes now: the one that is just due. Those before it were slept through
// because nobody was in them; a seat there would have its first tick late and its second too soon.
func (s *shard) upcoming() int64 {
	if s.waiter == nil {
		return s.next
	}
	now := slotAt(s.waiter.now())
	if s.wheel.members == 0 {
		s.next = now + 1
	}
	return max(s.next, now)
}

func (s *shard) reseat(seat *Seat) {
	if !seat.seated {
		return
	}
	s.wheel.remove(seat)
	next := s.upcoming()
	slot := s.wheel.choose(next)
	s.wheel.add(seat, slot)
	seat.first = next + (int64(slot)-next%slots+slots)%slots
	s.soon = append(s.soon, seat)
}

func (s *shard) unseat(seat *Seat) {
	if seat.gone {
		return
	}
	seat.gone = true
	s.members.Add(-1)
	for len(seat.watches) > 0 {
		s.stopWatch(seat.watches[0])
	}
	if seat.seated {
		s.wheel.remove(seat)
	}
}

func (s *shard) startWatch(w *watch) {
	if w.seat.gone {
		return
	}
	if old := s.watcher(w.fd); old != nil {
		s.stopWatch(old)
	}
	w.seat.watches = append(w.seat.watches, w)
	if more := w.fd + 1 - len(s.watched); more > 0 {
		s.watched = append(s.watched, make([]*watch, more)...)
	}
	s.watched[w.fd] = w
	if s.waiter == nil || !s.waiter.add(w.fd) {
		w.polled = true
		s.polls++
	}
}

func (s *shard) stopWatch(w *watch) {
	if w.polled {
		s.polls--
	} else if s.waiter != nil {
		s.waiter.remove(w.fd)
	}
	s.watched[w.fd] = nil
	for i, other := range w.seat.watches {
		if other == w {
			last := len(w.seat.watches) - 1
			w.seat.watches[i] = w.seat.watches[last]
			w.seat.watches[last] = nil
			w.seat.watches = w.seat.watches[:last]
			break
		}
	}
}

// readable is called by the waiter for each socket that can be read. One that was given back a moment
// ago, while the same batch was worked off, is not there any more.
func (s *shard) readable(fd int) {
	if w := s.watcher(fd); w != nil {
		w.ready()
	}
}

// watcher is who reads fd; nil for nobody.
func (s *shard) watcher(fd int) *watch {
	if fd < len(s.watched) {
		return s.watched[fd]
	}
	return nil
}

// deadline is when the next slot with somebody in it is due; negative when there is none.
func (s *shard) deadline() time.Duration {
	n, ok := s.wheel.nextBusy(s.next)
	if !ok {
		return -1
	}
	return slotTime(n)
}

// runSoon calls those who were moved up and whose slot has come, even if others wait for the grid of a rush, and says
// when the next of them is due; negative when there is none.
func (s *shard) runSoon(now time.Duration) time.Duration {
	next := time.Duration(-1)
	moved := s.soon
	s.soon = nil
	for _, seat := range moved {
		due := slotTime(seat.first)
		switch {
		case seat.gone, seat.first < s.next, seat.called == seat.first: // it had its tick
		case due <= now:
			seat.called = seat.first
			seat.tick(now - due)
		default:
			s.soon = append(s.soon, seat)
			if next < 0 || due < next {
				next = due
			}
		}
	}
	return next
}

// runDue calls everybody whose slot has come.
func (s *shard) runDue(now time.Duration) {
	due := slotAt(now)
	if s.wheel.members == 0 || due < s.next {
		return
	}
	if from := catchUpFrom(s.next, due); from > s.next {
		s.late.skip(now, s.wheel.ticksBetween(s.next, from))
		s.next = from
	}
	for s.next <= due {
		n := s.next
		s.next++
		s.runSlot(n)
	}
}

// runSlot ticks the members of one slot. The clock is read again for every few of them, so that the
// lateness they are told, and that is counted, includes the work of those before.
func (s *shard) runSlot(n int64) {
	const stride = 16
	slot := int(n % slots)
	s.wheel.busy = slot
	var late time.Duration
	// The length is taken anew: whoever leaves is replaced by nil until the slot is done.
	for i := 0; i < len(s.wheel.seats[slot]); i++ {
		if i%stride == 0 {
			now := s.waiter.now()
			late = max(0, now-slotTime(n))
			s.late.add(now, late, min(stride, len(s.wheel.seats[slot])-i))
		}
		seat := s.wheel.seats[slot][i]
		if seat == nil {
			continue
		}
		if s.polls > 0 {
			s.poll(seat)
		}
		if !seat.gone && seat.called != n {
			seat.tick(late)
		}
	}
	s.wheel.busy = -1
	s.wheel.compact(slot)
}

func (s *shard) poll(seat *Seat) {
	for i := 0; i < len(seat.watches); i++ {
		if w := seat.watches[i]; w.polled {
			w.ready()
		}
	}
}
