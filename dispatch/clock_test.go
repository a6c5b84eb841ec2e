package dispatch_test

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/kaden-project/kaden/dispatch"
)

// The database is another machine, whose clock goes wrong or is put right in the middle of the night: nobody is
// called twice, the waits are as long as the plan says, and the node does not lose its call-outs.
func TestTheDatabasesClockIsWrong(t *testing.T) {
	const plan = `
plan: default
steps:
  - call: [sato]
    rounds: 1
  - wait: 2m
  - call: [suzuki]
    rounds: 1
`
	for _, skew := range []time.Duration{time.Hour, -time.Hour} {
		t.Run(fmt.Sprint("wrong by ", skew), func(t *testing.T) {
			story(t, plan, func(h *house) {
				h.store.Skew(skew)
				h.after(2 * time.Second) // a sign of life, on the new clock
				got := h.alert("k", "disk full")
				h.rings("sato").ring().noAnswer()
				h.after(110 * time.Second)
				h.quiet()
				h.after(20 * time.Second)
				h.rings("suzuki").ring().answer().press("1")
				h.is(got.Alerts[0], dispatch.Acknowledged, "suzuki")
			})
		})
		t.Run(fmt.Sprint("jumps by ", skew), func(t *testing.T) {
			story(t, plan, func(h *house) {
				got := h.alert("k", "disk full")
				sato := h.rings("sato").ring().answer()
				h.store.Skew(skew)
				h.after(3 * time.Second)
				h.quiet()
				sato.press("1").hears("Recorded")
				h.is(got.Alerts[0], dispatch.Acknowledged, "sato")
				h.after(10 * time.Minute)
				h.quiet()
			})
		})
	}
}

// The words took their time, and meanwhile the database went away: the call does not leave, because it may be
// another node's by now, but nobody has lost their turn.
func TestTheDatabaseIsAwayBetweenTheCommitAndTheCall(t *testing.T) {
	story(t, "", func(h *house) {
		h.speaksFor(2500 * time.Millisecond)
		got := h.alert("k", "disk full")
		h.store.Break(errors.New("the database is away"))
		h.after(20 * time.Second)
		h.quiet()
		h.store.Break(nil)
		h.speaksFor(0)
		h.after(4 * time.Second)
		h.rings("sato").ring().answer().press("1").hears("Recorded")
		h.is(got.Alerts[0], dispatch.Acknowledged, "sato")
	})
}
