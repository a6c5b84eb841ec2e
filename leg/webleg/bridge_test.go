package webleg

import (
	"sync/atomic"
	"testing"
	"time"

	"github.com/kaden-project/kaden/leg"
	"github.com/kaden-project/kaden/media"
)

// pushing is a bridge's way to a leg: what is written wakes the reader. It counts.
type pushing struct {
	media.Pipe
	to          *media.Seat
	all, pushed atomic.Int64
}

func (p *pushing) Write(f *media.Frame) {
	p.Pipe.Write(f)
	p.all.Add(1)
	if p.to.Push() {
		p.pushed.Add(1)
	}
}

type bystander struct{}

func (bystander) Tick(time.Duration) {}

// A page that is called is paced beside its caller, however full that shard is: what the one says leaves for the other in the
// same moment, both ways.
func TestAPageThatIsCalledWaitsForNoTickOfItsCaller(t *testing.T) {
	h := open(t, func(c *Config) { c.Clock = media.NewClock(2) })
	caller, from := called(t, h)
	for range 10 {
		defer h.clock.JoinBeside(bystander{}, caller.Seat()).Leave()
	}
	to := h.page()
	l, err := h.Dialer().Dial(t.Context(), to.Target(), leg.Options{Beside: caller.Seat()})
	if err != nil {
		t.Fatal(err)
	}
	to.Answer()
	page := l.(*Leg)
	next(t, page, leg.Answered)
	there, back := &pushing{to: page.Seat()}, &pushing{to: caller.Seat()}
	page.Play(there)
	caller.Listen(there)
	caller.Play(back)
	page.Listen(back)
	var heard [2]ear
	from.Play(beep(440))
	from.Listen(&heard[0])
	to.Play(beep(880))
	to.Listen(&heard[1])
	until(t, "two seconds of talk", func() bool { return heard[0].loud.Load() > 100 && heard[1].loud.Load() > 100 })
	for way, p := range map[string]*pushing{"to the page": there, "back": back} {
		if pushed, all := p.pushed.Load(), p.all.Load(); pushed < all*9/10 {
			t.Errorf("%s: %d of %d frames left in the moment they came", way, pushed, all)
		}
	}
	for _, p := range []*phone{to, from} {
		p.HangUp()
		next(t, p.leg, leg.Ended)
		<-p.Over()
	}
}
