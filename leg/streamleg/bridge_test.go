package streamleg

import (
	"testing"
	"time"

	"github.com/kaden-project/kaden/leg"
	"github.com/kaden-project/kaden/media"
)

// mill is somebody on the clock whose frames go to a leg: each is written and the leg pushed, as a bridge does it.
type mill struct {
	pipe        media.Pipe
	to          *media.Seat
	all, pushed int
	over        chan struct{}
}

func (m *mill) Tick(time.Duration) {
	if m.to == nil {
		return
	}
	m.pipe.Write(&media.Frame{1000})
	m.all++
	if m.to.Push() {
		m.pushed++
	}
	if m.all == 50 {
		close(m.over)
		m.to = nil
	}
}

type bystander struct{}

func (bystander) Tick(time.Duration) {}

// A call at a platform is paced beside the leg that it is for, however full that shard is: what the one says leaves for
// the other in the same moment.
func TestACallAtAPlatformWaitsForNoTickOfItsCaller(t *testing.T) {
	h := newHouseWith(t, media.NewClock(2))
	m := &mill{over: make(chan struct{})}
	caller := h.clock.Join(m)
	defer caller.Leave()
	for range 10 {
		defer h.clock.JoinBeside(bystander{}, caller).Leave()
	}
	p := h.Phone().(*phone)
	l, err := h.Dialer().Dial(t.Context(), p.Target(), leg.Options{Beside: caller})
	if err != nil {
		t.Fatal(err)
	}
	if leg.SeatOf(l) != nil {
		t.Error("it has a place before it has sound")
	}
	p.Answer()
	for e := range l.Events() {
		if e.Kind == leg.Answered {
			break
		}
	}
	l.Play(&m.pipe)
	caller.Do(func() { m.to = leg.SeatOf(l) })
	<-m.over
	done := make(chan struct{})
	caller.Do(func() { close(done) })
	<-done
	if m.pushed < m.all*9/10 {
		t.Errorf("%d of %d frames left in the moment they came", m.pushed, m.all)
	}
	p.HangUp()
	for range l.Events() {
	}
}
