package call

import (
	"sync"
	"sync/atomic"

	"github.com/kaden-project/kaden/leg"
	"github.com/kaden-project/kaden/media"
)

// ears are all who listen to one call. A leg has one listener: this, and only while there is anybody, because
// a leg that nobody listens to decodes nothing.
type ears struct {
	all atomic.Pointer[[]*ear] // never changed, only replaced: the goroutine that paces the leg does not wait

	mu  sync.Mutex
	leg leg.Leg // nil: not dialled yet
}

type ear struct{ sink media.Sink }

var _ media.CaptionSink = (*ears)(nil)

// Write hands f to everybody in the order in which they came.
func (e *ears) Write(f *media.Frame) { e.WriteCaptioned(f, "") }

// WriteCaptioned is Write with words, for those who can use them.
func (e *ears) WriteCaptioned(f *media.Frame, words string) {
	all := e.all.Load()
	if all == nil {
		return
	}
	for _, one := range *all {
		media.Write(one.sink, f, words)
	}
}

// at says which leg it is now: another trunk is another leg.
func (e *ears) at(l leg.Leg) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.leg = l
	if all := e.all.Load(); all != nil && len(*all) > 0 {
		l.Listen(e)
	}
}

func (e *ears) change(f func(all []*ear) []*ear) {
	e.mu.Lock()
	defer e.mu.Unlock()
	var before []*ear
	if all := e.all.Load(); all != nil {
		before = *all
	}
	after := f(before)
	e.all.Store(&after)
	switch {
	case e.leg == nil:
	case len(after) == 0 && len(before) > 0:
		e.leg.Listen(nil)
	case len(after) > 0 && len(before) == 0:
		e.leg.Listen(e)
	}
}

// Listen hands every frame that is heard on the call to sink, beside whoever listens already, until remove is
// called; before the answer that is early media. It may be called at any time and from any goroutine. sink
// is written on the goroutine that paces the leg: it must not block or change the frame, nor keep it. A frame
// that is under way may still come right after remove. Nobody else sets the leg's Listen.
func (c *Call) Listen(sink media.Sink) (remove func()) {
	one := &ear{sink}
	c.ears.change(func(all []*ear) []*ear {
		return append(all[:len(all):len(all)], one)
	})
	return func() {
		c.ears.change(func(all []*ear) []*ear {
			var rest []*ear
			for _, e := range all {
				if e != one {
					rest = append(rest, e)
				}
			}
			return rest
		})
	}
}
