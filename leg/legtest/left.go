package legtest

import (
	"os"
	"runtime"
	"sync"
	"testing"
	"time"
)

// LeavesNothing makes the end of a test look whether it has left a goroutine, or a descriptor (a socket, a file), behind.
// It is called before the test opens anything; after that, in the same test, it does nothing. The look comes after all
// that the test cleans up. Tests that run beside others cannot be looked at so.
func LeavesNothing(t testing.TB) {
	t.Helper()
	if _, already := looking.LoadOrStore(t, true); already {
		return
	}
	before := countLeft()
	t.Cleanup(func() {
		looking.Delete(t)
		if !t.Failed() && !t.Skipped() {
			before.awaits(t, countLeft)
		}
	})
}

var looking sync.Map // tests

// left is what there is: of a house, or of the whole process.
type left struct{ open, goroutines int }

// countLeft counts the process's goroutines and descriptors; where the system does not tell of those they are 0.
func countLeft() left {
	all, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		all = nil
	}
	return left{len(all), runtime.NumGoroutine()}
}

// patience is how long a story waits for anything that has to come.
const patience = 8 * time.Second

// awaits waits until no more is there than before.
func (l left) awaits(t testing.TB, count func() left) {
	t.Helper()
	more := func() bool {
		now := count()
		return now.open > l.open || now.goroutines > l.goroutines
	}
	for deadline := time.Now().Add(patience); more(); time.Sleep(10 * time.Millisecond) {
		if !time.Now().After(deadline) {
			continue
		}
		// In a bubble all that waiting took no time, and a goroutine that has returned is counted until
		// its thread, which a busy machine may have put aside, has said so. A collection takes real time.
		for range 100 {
			runtime.GC()
			if !more() {
				return
			}
		}
		now := count()
		buf := make([]byte, 64<<10)
		buf = buf[:runtime.Stack(buf, true)]
		t.Fatalf("left behind: %d things open, %d goroutines more than before\n%s", now.open-l.open, now.goroutines-l.goroutines, buf)
	}
}
