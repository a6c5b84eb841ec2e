package call_test

import (
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/kaden-project/kaden/call"
	"github.com/kaden-project/kaden/media"
)

// listener counts the frames that are not silent.
type listener struct {
	mu          sync.Mutex
	all, sounds int
}

func (l *listener) Write(f *media.Frame) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.all++
	if *f != (media.Frame{}) {
		l.sounds++
	}
}

func (l *listener) counts() (all, sounds int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.all, l.sounds
}

func TestManyListenToOneCall(t *testing.T) {
	story(t, func(h *house) {
		c, _ := h.place(call.Order{})
		var first, second listener
		removeFirst := c.Listen(&first) // it has not been dialled yet
		p := h.phone()
		p.Ring()
		time.Sleep(time.Second)
		if all, _ := first.counts(); all != 0 {
			t.Errorf("%d frames before there was a path", all)
		}
		p.Answer()
		p.Say(media.Tone(0, -12, 440))
		synctest.Wait()
		removeSecond := c.Listen(&second)
		time.Sleep(time.Second)
		removeFirst()
		removeFirst() // a second time does no harm to the others
		synctest.Wait()
		_, heard := first.counts()
		if _, both := second.counts(); heard < 48 || both < 48 {
			t.Errorf("heard %d and %d frames of a second, want about 50 each", heard, both)
		}
		time.Sleep(time.Second)
		removeSecond()
		synctest.Wait()
		if _, still := first.counts(); still != heard {
			t.Errorf("the first heard %d frames after it was removed", still-heard)
		}
		all, _ := second.counts()
		if all < 98 {
			t.Errorf("the second heard %d frames of two seconds", all)
		}
		time.Sleep(time.Second)
		if after, _ := second.counts(); after != all {
			t.Errorf("the second heard %d frames after it was removed", after-all)
		}
		p.HangUp()
		c.Wait()
		c.Listen(&first)() // a call that is over has nothing to hear, and takes it
	})
}
