package call_test

import (
	"testing"
	"testing/synctest"

	"github.com/kaden-project/kaden/call"
)

func TestWhatEndsACallAfterACrashIsWrittenWithIt(t *testing.T) {
	story(t, func(h *house) {
		c, _ := h.place(call.Order{})
		p := h.phone()
		p.Ring()
		p.Answer()
		synctest.Wait()
		if len(c.Record().Remains) == 0 {
			h.Error("the call is answered, and nothing is known that could end it after a crash")
		}
		c.Complete()
		if r := c.Wait(); r.Remains != nil {
			h.Errorf("the call is over and still has something to end: %s", r.Remains)
		}
	})
}
