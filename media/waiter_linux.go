package media

import (
	"fmt"
	"sync"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

// epollWaiter waits for a deadline and for sockets in one call. The deadline is given to the kernel in
// nanoseconds (epoll_pwait2, Linux 5.11); an older kernel rounds it up to the next millisecond.
type epollWaiter struct {
	begun  time.Time
	epoll  int
	bell   int           // eventfd
	coarse bool          // no epoll_pwait2
	limit  unix.Timespec // here, so that it need not be allocated
	events [256]unix.EpollEvent
	rush   rush
	doze   [1]unix.PollFd // the bell, here so that it need not be allocated

	mu     sync.Mutex // closed: a wake may come after the end
	closed bool
}

func newSystemWaiter() waiter { return &epollWaiter{} }

func (w *epollWaiter) start() error {
	w.begun = time.Now()
	var err error
	if w.epoll, err = unix.EpollCreate1(unix.EPOLL_CLOEXEC); err != nil {
		return fmt.Errorf("epoll for the media clock: %w (raise the limit of open files)", err)
	}
	if w.bell, err = unix.Eventfd(0, unix.EFD_CLOEXEC|unix.EFD_NONBLOCK); err != nil {
		_ = unix.Close(w.epoll)
		return fmt.Errorf("eventfd for the media clock: %w (raise the limit of open files)", err)
	}
	if !w.add(w.bell) {
		_ = unix.Close(w.bell)
		_ = unix.Close(w.epoll)
		return fmt.Errorf("the media clock's epoll does not take an eventfd")
	}
	// The kernel may be 50 µs late by default, to save power. A refusal costs just that.
	_ = unix.Prctl(unix.PR_SET_TIMERSLACK, 1000, 0, 0, 0)
	return nil
}

func (w *epollWaiter) now() time.Duration { return time.Since(w.begun) }

func (w *epollWaiter) wait(until, prompt time.Duration, ready func(fd int)) {
	now := w.now()
	left := time.Duration(-1)
	if until >= 0 {
		left = max(0, until-now)
	}
	if w.rush.on() && (until < 0 || until > w.due(now)) {
		d := gathered(now) - now
		if prompt >= 0 {
			d = max(0, min(d, prompt-now))
		}
		if w.nap(d) {
			return
		}
		left = 0
	}
	packets := 0
	for i := range w.sleep(left) {
		fd := int(w.events[i].Fd)
		if fd == w.bell {
			w.hush()
			continue
		}
		packets++
		ready(fd)
	}
	w.rush.woken(w.now(), packets)
}

func (w *epollWaiter) due(now time.Duration) time.Duration {
	if w.rush.on() {
		return now / gather * gather
	}
	return now
}

// nap waits for the bell alone, for d, and says whether it rang.
func (w *epollWaiter) nap(d time.Duration) (rang bool) {
	w.limit = unix.NsecToTimespec(int64(d))
	w.doze[0] = unix.PollFd{Fd: int32(w.bell), Events: unix.POLLIN}
	if n, _ := unix.Ppoll(w.doze[:], &w.limit, nil); n <= 0 {
		return false
	}
	w.hush()
	return true
}

// hush silences the bell.
func (w *epollWaiter) hush() {
	var count [8]byte
	_, _ = unix.Read(w.bell, count[:])
}

// sleep is how many events came. An interrupted wait is one without events: the shard looks and waits again.
func (w *epollWaiter) sleep(left time.Duration) int {
	if w.coarse {
		ms := -1
		if left >= 0 {
			ms = int((left + time.Millisecond - 1) / time.Millisecond)
		}
		n, _ := unix.EpollWait(w.epoll, w.events[:], ms)
		return max(0, n)
	}
	var limit *unix.Timespec
	if left >= 0 {
		w.limit = unix.NsecToTimespec(int64(left))
		limit = &w.limit
	}
	n, _, errno := unix.Syscall6(unix.SYS_EPOLL_PWAIT2, uintptr(w.epoll), uintptr(unsafe.Pointer(&w.events[0])),
		uintptr(len(w.events)), uintptr(unsafe.Pointer(limit)), 0, 0)
	switch errno {
	case 0:
		return int(n)
	case unix.ENOSYS, unix.EPERM: // too old, or a sandbox that does not know it
		w.coarse = true
	}
	return 0
}

// wake rings the bell. It is called by others, even when the shard has ended.
func (w *epollWaiter) wake() {
	w.mu.Lock()
	defer w.mu.Unlock()
	if !w.closed {
		one := [8]byte{1} // a number in the machine's order; any but 0 rings
		_, _ = unix.Write(w.bell, one[:])
	}
}

func (w *epollWaiter) add(fd int) bool {
	return unix.EpollCtl(w.epoll, unix.EPOLL_CTL_ADD, fd, &unix.EpollEvent{Events: unix.EPOLLIN, Fd: int32(fd)}) == nil
}

func (w *epollWaiter) remove(fd int) {
	_ = unix.EpollCtl(w.epoll, unix.EPOLL_CTL_DEL, fd, nil) // it may be closed already
}

func (w *epollWaiter) close() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.closed = true
	_ = unix.Close(w.bell)
	_ = unix.Close(w.epoll)
}

// threadID tells whether a caller is the shard itself: a shard never leaves its thread and nobody else runs on it.
func threadID() int { return unix.Gettid() }
