package media

import "time"

// waiter is where a shard sleeps: the one place that knows the operating system. Only wake may be called
// from other goroutines.
type waiter interface {
	start() error       // on the shard's thread, before all else
	now() time.Duration // since start, monotonic
	// wait returns when it is until (negative: never), when wake was called since the last wait, or
	// after ready was called for each socket that can be read. In a rush it lets until pass, and what comes gather, to
	// return at a time that due will allow; but not later than prompt (negative: nobody is in a hurry).
	wait(until, prompt time.Duration, ready func(fd int))
	due(now time.Duration) time.Duration // up to which slots may be called now: now, or less in a rush
	wake()
	add(fd int) bool // false: cannot be waited for
	remove(fd int)
	close()
}

// timerWaiter waits with a Go timer and cannot watch sockets.
type timerWaiter struct {
	begun time.Time
	timer *time.Timer
	woken chan struct{}
}

func newTimerWaiter() waiter { return &timerWaiter{} }

func (w *timerWaiter) start() error {
	w.begun = time.Now()
	w.woken = make(chan struct{}, 1)
	w.timer = time.NewTimer(time.Hour)
	return nil
}

func (w *timerWaiter) now() time.Duration { return time.Since(w.begun) }

func (w *timerWaiter) wait(until, _ time.Duration, _ func(int)) {
	if until < 0 {
		<-w.woken
		return
	}
	w.timer.Reset(until - w.now())
	select {
	case <-w.woken:
	case <-w.timer.C:
	}
}

func (w *timerWaiter) due(now time.Duration) time.Duration { return now }

func (w *timerWaiter) wake() {
	select {
	case w.woken <- struct{}{}:
	default:
	}
}

func (w *timerWaiter) add(int) bool { return false }
func (w *timerWaiter) remove(int)   {}
func (w *timerWaiter) close()       { w.timer.Stop() }
