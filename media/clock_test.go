package media

import (
	"context"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

// tickFunc is a Member made of a function.
type tickFunc func(late time.Duration)

func (f tickFunc) Tick(late time.Duration) { f(late) }

// fakeWaiter has a time of its own. Each wait goes to the deadline, and oversleeps as oversleep says.
type fakeWaiter struct {
	t         time.Duration
	oversleep func(until time.Duration) time.Duration
	end       time.Duration
	stop      context.CancelFunc
	waits     int
	grid      time.Duration // there is a rush on it; 0: there is none
	letter    func() bool   // tells whether one came while it waits, if set
}

func (w *fakeWaiter) start() error       { return nil }
func (w *fakeWaiter) now() time.Duration { return w.t }
func (w *fakeWaiter) wake()              {}
func (w *fakeWaiter) add(int) bool       { return false }
func (w *fakeWaiter) remove(int)         {}
func (w *fakeWaiter) close()             {}

func (w *fakeWaiter) due(now time.Duration) time.Duration {
	if w.grid > 0 {
		return now / w.grid * w.grid
	}
	return now
}

func (w *fakeWaiter) wait(until, prompt time.Duration, _ func(int)) {
	w.waits++
	if w.grid > 0 && until > w.due(w.t) {
		until = w.due(w.t) + w.grid
		if prompt >= 0 {
			until = min(until, prompt)
		}
	}
	if w.letter != nil && w.letter() {
		return
	}
	if until < 0 || until > w.end {
		w.stop()
		return
	}
	w.t = max(w.t, until)
	if w.oversleep != nil {
		w.t += w.oversleep(until)
	}
}

// runFake runs one shard on a fakeWaiter from its beginning to end.
func runFake(t *testing.T, w *fakeWaiter, prepare func(c *Clock)) *Clock {
	t.Helper()
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	w.stop = stop
	c := newClock(1, func() waiter { return w })
	prepare(c)
	if err := c.Run(ctx); err != context.Canceled {
		t.Fatalf("Run: %v", err)
	}
	return c
}

func TestAMemberIsTickedEvery20MillisecondsWithoutDrift(t *testing.T) {
	w := &fakeWaiter{end: 10 * time.Second}
	w.oversleep = func(time.Duration) time.Duration { return 300 * time.Microsecond }
	var at, lates []time.Duration
	runFake(t, w, func(c *Clock) {
		c.Join(tickFunc(func(late time.Duration) { at, lates = append(at, w.t), append(lates, late) }))
	})
	if len(at) != 500 {
		t.Fatalf("%d ticks in 10 s, want 500", len(at))
	}
	for i, d := range at {
		if want := at[0] + time.Duration(i)*Period; d != want {
			t.Fatalf("tick %d at %v, want %v", i, d, want)
		}
		if lates[i] != 300*time.Microsecond {
			t.Fatalf("tick %d was told %v, want 300µs", i, lates[i])
		}
	}
	if at[0] > 2*time.Millisecond {
		t.Errorf("first tick at %v, want within the next slot", at[0])
	}
	if w.waits > 510 {
		t.Errorf("%d waits for 500 ticks: the shard wakes for nobody", w.waits)
	}
}

func TestAMemberThatHasSomethingToSayDoesNotWaitForItsSlot(t *testing.T) {
	w := &fakeWaiter{end: 200 * time.Millisecond}
	var at []time.Duration
	var seat *Seat
	runFake(t, w, func(c *Clock) {
		seat = c.Join(tickFunc(func(time.Duration) { at = append(at, w.t) }))
		ticks := 0
		c.JoinBeside(tickFunc(func(time.Duration) {
			if ticks++; ticks == 3 {
				w.t += 7 * time.Millisecond // the middle of the other's period
				seat.Soon()
			}
		}), seat)
	})
	for i := 1; i < len(at); i++ {
		gap := at[i] - at[i-1]
		if i != 3 && gap != Period {
			t.Errorf("tick %d came %v after the one before, want %v", i, gap, Period)
		}
		if i == 3 && gap > 10*time.Millisecond {
			t.Errorf("the tick after Soon came %v after the one before, want within the next slot", gap)
		}
	}
	if len(at) < 9 {
		t.Errorf("%d ticks", len(at))
	}
}

// A call that is answered in a rush is heard at once, and the spacing of everybody else's packets does not suffer for it.
func TestInARushOnlyWhoIsJustAnsweredDoesNotWaitForTheGrid(t *testing.T) {
	w := &fakeWaiter{end: time.Second, grid: gather}
	var others [slots][]time.Duration
	var answered []time.Duration
	var moved time.Duration
	runFake(t, w, func(c *Clock) {
		seat := c.Join(tickFunc(func(time.Duration) { answered = append(answered, w.t) }))
		for i := range others {
			c.JoinBeside(tickFunc(func(time.Duration) { others[i] = append(others[i], w.t) }), seat)
		}
		w.letter = func() bool {
			if w.t < 500*time.Millisecond || moved > 0 {
				return false
			}
			w.t += 2500 * time.Microsecond // between two points of the grid
			moved = w.t
			seat.Soon()
			return true
		}
	})
	for i, at := range others {
		for n := 1; n < len(at); n++ {
			if at[n]-at[n-1] != Period {
				t.Fatalf("tick %d of member %d came %v after the one before", n, i, at[n]-at[n-1])
			}
		}
	}
	n := slices.IndexFunc(answered, func(at time.Duration) bool { return at >= moved })
	if n < 0 || answered[n] > moved+slotLength {
		t.Fatalf("moved up at %v, called at %v", moved, answered)
	}
	for i := n + 1; i < len(answered); i++ {
		gap := answered[i] - answered[i-1]
		if i == n+1 && (gap < Period || gap >= Period+gather) || i > n+1 && gap != Period {
			t.Errorf("tick %d after it came %v after the one before", i-n, gap)
		}
	}
}

// talker says something 20 ms at a time: after its ticks, or when it is pushed.
type talker struct {
	w    *fakeWaiter
	seat *Seat
	said []time.Duration
}

func (p *talker) Speak() { p.said = append(p.said, p.w.t) }

func (p *talker) Tick(time.Duration) {}

// A leg that another has a frame for says it in the same moment; its own ticks go on when nobody pushes it any more.
func TestWhoIsPushedDoesNotWaitForItsTick(t *testing.T) {
	w := &fakeWaiter{end: 3 * time.Second}
	pushed := &talker{w: w}
	var written []time.Duration
	runFake(t, w, func(c *Clock) {
		pushed.seat = c.Join(pushed)
		ticks := 0
		c.JoinBeside(tickFunc(func(time.Duration) {
			if ticks++; ticks > 50 && ticks <= 100 {
				written = append(written, w.t)
				if !pushed.seat.Push() {
					t.Error("a leg on the same shard was not pushed")
				}
			}
		}), pushed.seat)
	})
	if n := len(pushed.said); n < 149 || n > 151 {
		t.Errorf("it spoke %d times in 3 s, want 150 whoever paces it", n)
	}
	for _, at := range written {
		if !slices.Contains(pushed.said, at) {
			t.Fatalf("what was written at %v waited", at)
		}
	}
	for i := 1; i < len(pushed.said); i++ {
		if gap := pushed.said[i] - pushed.said[i-1]; gap > 2*Period {
			t.Errorf("silent for %v", gap)
		}
	}
	if at := pushed.said[len(pushed.said)-1]; at < w.end-Period {
		t.Errorf("the last was said at %v: nobody pushes it any more", at)
	}
}

func TestNobodyIsPushedFromElsewhereOrTooFarAhead(t *testing.T) {
	w := &fakeWaiter{end: 50 * time.Millisecond}
	pushed := &talker{w: w}
	var times []bool
	runFake(t, w, func(c *Clock) {
		pushed.seat = c.Join(pushed)
		once := false
		c.JoinBeside(tickFunc(func(time.Duration) {
			for ; !once && len(times) < 4; once = len(times) == 4 {
				times = append(times, pushed.seat.Push())
			}
		}), pushed.seat)
	})
	if !slices.Equal(times, []bool{true, true, true, false}) {
		t.Errorf("pushed four times in one moment: %v", times)
	}
	if pushed.seat.Push() {
		t.Error("pushed by somebody who is not its shard")
	}
}

func TestALateShardCatchesUpAtMostThreeFramesAndCountsTheRest(t *testing.T) {
	for _, tt := range []struct {
		name    string
		stall   time.Duration
		burst   int // ticks at the moment of waking
		skipped uint64
	}{
		{"15 ms: late, nothing missed", 15 * time.Millisecond, 1, 0},
		{"45 ms: two more in a row", 45 * time.Millisecond, 3, 0},
		{"59 ms: still three", 59 * time.Millisecond, 3, 0},
		{"5 s: three, and 248 are gone", 5 * time.Second, 3, 248},
	} {
		t.Run(tt.name, func(t *testing.T) {
			w := &fakeWaiter{end: 10 * time.Second}
			stalled := false
			w.oversleep = func(until time.Duration) time.Duration {
				if until >= time.Second && !stalled {
					stalled = true
					return tt.stall
				}
				return 0
			}
			counts := map[time.Duration]int{}
			var all int
			c := runFake(t, w, func(c *Clock) {
				c.Join(tickFunc(func(time.Duration) { counts[w.t]++; all++ }))
			})
			most := 0
			for _, n := range counts {
				most = max(most, n)
			}
			late := c.Lateness()
			if most != tt.burst || late.Skipped != tt.skipped {
				t.Errorf("burst of %d and %d skipped, want %d and %d", most, late.Skipped, tt.burst, tt.skipped)
			}
			if all+int(late.Skipped) != 500 || late.Ticks != uint64(all) {
				t.Errorf("%d ticks (%d counted) + %d skipped, want 500 in all", all, late.Ticks, late.Skipped)
			}
		})
	}
}

func TestACrowdThatJoinsAtOnceIsSpreadOverFiveSlots(t *testing.T) {
	w := wheel{busy: -1}
	for range 1000 {
		w.add(&Seat{}, w.choose(7))
	}
	for i, n := range w.live {
		if want := 200; i >= 7 && i < 12 && n != want {
			t.Errorf("slot %d has %d, want %d", i, n, want)
		}
	}
	one := wheel{busy: -1}
	if got := one.choose(43); got != 3 {
		t.Errorf("alone: slot %d, want the next one, 3", got)
	}
}

func TestWheelKeepsItsOrderWhenSomebodyLeaves(t *testing.T) {
	w := wheel{busy: -1}
	seats := make([]*Seat, 5)
	for i := range seats {
		seats[i] = &Seat{}
		w.add(seats[i], 4)
	}
	w.remove(seats[1])
	w.remove(seats[3])
	if got, want := w.seats[4], []*Seat{seats[0], seats[2], seats[4]}; !slices.Equal(got, want) {
		t.Fatalf("left: %v", got)
	}
	if n, ok := w.nextBusy(5); !ok || n != 24 {
		t.Errorf("next busy slot %d %v, want 24", n, ok)
	}
	if got := w.ticksBetween(0, 45); got != 9 {
		t.Errorf("ticks from 0 to 45: %d, want 3 members in slots 4, 24 and 44", got)
	}
}

func TestMembersMayLeaveFromTheirOwnTickAndTakeOthersAlong(t *testing.T) {
	w := &fakeWaiter{end: time.Second}
	var seats [3]*Seat
	var ticks [3]int
	c := runFake(t, w, func(c *Clock) {
		for i := range seats {
			seats[i] = c.Join(tickFunc(func(time.Duration) {
				ticks[i]++
				if i == 1 && ticks[1] == 3 {
					seats[1].Leave()
					seats[0].Leave()
					seats[1].Leave()
				}
			}))
		}
	})
	if ticks[0] != 3 || ticks[1] != 3 || ticks[2] != 50 {
		t.Errorf("ticks %v, want 3 3 50", ticks)
	}
	if c.Members() != 1 {
		t.Errorf("%d members left, want 1", c.Members())
	}
}

func TestAfterLeaveReturnedNoTickRuns(t *testing.T) {
	clock := NewClock(2)
	ctx, stop := context.WithCancel(t.Context())
	var running sync.WaitGroup
	running.Go(func() { _ = clock.Run(ctx) })
	var leaving sync.WaitGroup
	for range 200 {
		leaving.Go(func() {
			var left atomic.Bool
			first := make(chan struct{}, 1)
			seat := clock.Join(tickFunc(func(time.Duration) {
				if left.Load() {
					t.Error("a tick after Leave")
				}
				select {
				case first <- struct{}{}:
				default:
				}
			}))
			<-first
			seat.Leave()
			left.Store(true)
		})
	}
	leaving.Wait()
	late := clock.Join(tickFunc(func(time.Duration) {}))
	stop()
	running.Wait()
	late.Leave() // returns although nobody runs
	if late.Do(func() { t.Error("called after the end") }) {
		t.Error("Do of a clock that ended says yes")
	}
	if n := clock.Members(); n != 0 {
		t.Errorf("%d members left", n)
	}
}

func TestJoiningWhileTheClockStarts(t *testing.T) {
	for range 100 {
		clock := NewClock(1)
		ctx, stop := context.WithCancel(t.Context())
		var running sync.WaitGroup
		running.Go(func() { _ = clock.Run(ctx) })
		ticked := make(chan struct{})
		var once sync.Once
		seat := clock.Join(tickFunc(func(time.Duration) { once.Do(func() { close(ticked) }) }))
		<-ticked
		stop()
		seat.Leave() // while it stops
		running.Wait()
	}
}

func TestAClockThatNeverRunsLetsEverybodyLeave(t *testing.T) {
	c := NewClock(1)
	seat := c.Join(tickFunc(func(time.Duration) {}))
	seat.Watch(0, func() {})
	seat.Unwatch(0)
	seat.Leave()
	if c.Members() != 0 {
		t.Error("still a member")
	}
}

func TestDoRunsOnTheShardInOrder(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := NewTimerClock(1)
		ctx, stop := context.WithCancel(t.Context())
		go func() { _ = c.Run(ctx) }()
		ticks := 0 // no lock: Tick and Do share the shard
		start := time.Now()
		seat := c.Join(tickFunc(func(time.Duration) { ticks++ }))
		beside := c.JoinBeside(tickFunc(func(time.Duration) { ticks += 1000 }), seat)
		time.Sleep(10*Period + Period/2)
		var order []int
		done := make(chan struct{})
		for i := range 3 {
			seat.Do(func() { order = append(order, i) })
		}
		seat.Do(func() {
			beside.Leave() // on the shard itself
			close(done)
		})
		<-done
		if !slices.Equal(order, []int{0, 1, 2}) || ticks != 11*1001 {
			t.Errorf("order %v, ticks %d; want 0 1 2 and eleven of each", order, ticks)
		}
		if d := time.Since(start); d != 10*Period+Period/2 {
			t.Errorf("Do took until %v", d)
		}
		stop()
		synctest.Wait()
	})
}

func TestLatenessQuantilesAreUpperBounds(t *testing.T) {
	var r latenessRing
	now := time.Second
	r.add(now, 100*time.Microsecond, 990)
	r.add(now, 8*time.Millisecond, 10)
	var sum latenessSum
	r.addTo(&sum)
	l := sum.lateness()
	if l.P50 < 100*time.Microsecond || l.P50 > 130*time.Microsecond {
		t.Errorf("p50 %v for 100µs", l.P50)
	}
	if l.P99 > 130*time.Microsecond || l.Max != 8*time.Millisecond || l.Late != 10 || l.Ticks != 1000 {
		t.Errorf("%+v", l)
	}
	for _, d := range []time.Duration{0, time.Microsecond, 3 * time.Microsecond, 5 * time.Microsecond, 77 * time.Microsecond, time.Millisecond, 123 * time.Millisecond} {
		b := latenessBucket(d)
		if latenessBound(b) < d || (b > 0 && latenessBound(b-1) > d) {
			t.Errorf("%v falls into bucket %d, up to %v", d, b, latenessBound(b))
		}
	}
	r.add(now+3*latenessWindow, 0, 1) // an hour later all that is forgotten
	sum = latenessSum{}
	r.addTo(&sum)
	if l := sum.lateness(); l.P99 > time.Microsecond || l.Ticks != 1001 {
		t.Errorf("after three windows: %+v", l)
	}
}

func BenchmarkShardTick2000Members(b *testing.B) {
	w := &fakeWaiter{}
	s := newShard(func() waiter { return w })
	s.waiter = w
	c := NewClip(make([]int16, 80_000), "")
	for range 2000 {
		src := Repeat(0, c.Source).(Encoded)
		s.seat(&Seat{shard: s, member: tickFunc(func(time.Duration) { src.ReadEncoded(PCMU) })})
	}
	b.ReportAllocs()
	for b.Loop() {
		w.t += Period
		s.runDue(w.t)
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/2000, "ns/member")
}
