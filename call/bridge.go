package call

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"

	"github.com/kaden-project/kaden/leg"
	"github.com/kaden-project/kaden/media"
)

// Child orders a call that belongs to this one: <Dial>'s. It is of the same account, and neither queued
// behind other orders nor ended by the end of this call: whoever dials sees to both.
func (c *Call) Child(ctx context.Context, o Order) (*Call, error) {
	o.Account, o.Parent, o.Direction = c.Record().Account, c.id, OutboundDial
	o.beside = leg.SeatOf(c.leg)
	return c.desk.Place(ctx, o)
}

// Part ends the call for why.
func (c *Call) Part(why Ending) { c.stop(&why) }

// Bridge is two calls that hear each other. What one says is handed to the other's leg as it comes, through a
// [media.Pipe]: a leg that is paced beside the one reads it at once, any other with its next tick. Where the leg's far
// end is in this process there is no pipe. Each side talks from its own script ([Call.Talk]), so that nobody moves
// another's sound or keys.
type Bridge struct {
	a, b side
	over chan struct{} // closed when the first has left
	once sync.Once
	why  error // of who left first; valid once over is closed
}

// Side is one end of a Bridge.
type Side struct {
	bridge      *Bridge
	mine, other *side
}

// side is what reaches one of the two.
type side struct {
	mouth mouth       // what it hears
	keys  chan string // what the other has pressed
	holds holds       // whether the other holds
}

// NewBridge makes one, for one call each.
func NewBridge() (b *Bridge, one, two Side) {
	b = &Bridge{over: make(chan struct{})}
	b.a.keys, b.b.keys = make(chan string, keyRoom), make(chan string, keyRoom)
	b.a.holds, b.b.holds = newHolds(), newHolds()
	return b, Side{b, &b.a, &b.b}, Side{b, &b.b, &b.a}
}

// Why is what the first side to leave left for: its Talk's error. nil while nobody has.
func (b *Bridge) Why() error {
	select {
	case <-b.over:
		return b.why
	default:
		return nil
	}
}

func (b *Bridge) leave(why error) {
	b.once.Do(func() {
		b.why = why
		close(b.over)
	})
}

// Leave is for a side that does not come to talk: the other one's Talk ends with [ErrOtherLeft]. It may be called from any
// goroutine, and after the bridge is over, when it does nothing.
func (s Side) Leave() { s.bridge.leave(errStayedAway) }

var errStayedAway = errors.New("this side has not come")

// Reasons to leave a bridge.
var (
	// ErrOtherLeft is Talk's answer when the other side has left.
	ErrOtherLeft = errors.New("the other side has left")
	// ErrStar is Talk's answer when * was pressed and that ends it.
	ErrStar = errors.New("* was pressed")
)

// Talk joins the call to the other side until ctx ends, the other side leaves, or, with star, * is pressed.
// Keys go through to the other side. It is silent when Talk returns. For scripts.
func (c *Call) Talk(ctx context.Context, s Side, star bool) (err error) {
	deaf := c.Listen(&s.other.mouth)
	s.mine.mouth.open(c)
	defer func() {
		s.bridge.leave(err)
		s.mine.mouth.close()
		c.hold(false)
		deaf()
		c.utter(nil)
	}()
	for {
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-s.bridge.over:
			return ErrOtherLeft
		case key := <-c.keys:
			if star && key == "*" {
				return ErrStar
			}
			select {
			case s.other.keys <- key:
			default: // nobody takes them: pressing on is of no use
			}
		case on := <-c.holds:
			s.other.holds.say(on)
		case on := <-s.mine.holds:
			c.hold(on)
		case key := <-s.mine.keys:
			if err := c.leg.SendDigits(ctx, key); err != nil && ctx.Err() == nil {
				c.log.Warn("key not passed on", "err", err)
			}
		}
	}
}

// mouth is the way into a leg: through a pipe that the leg reads, or straight to its far end.
type mouth struct {
	pipe media.Pipe
	feed atomic.Pointer[media.Sink]
	seat atomic.Pointer[media.Seat] // of the leg that reads the pipe; nil: it has none
}

var _ media.CaptionSink = (*mouth)(nil)

func (m *mouth) open(c *Call) {
	if t, ok := c.leg.(leg.Through); ok {
		var sink media.Sink = &feed{&c.lips, t.Feed()}
		m.feed.Store(&sink)
		return
	}
	m.seat.Store(leg.SeatOf(c.leg))
	c.utter(&m.pipe)
}

// close stops what comes in: it waits in the pipe, where nobody reads it.
func (m *mouth) close() {
	m.feed.Store(nil)
	m.seat.Store(nil)
}

func (m *mouth) Write(f *media.Frame) { m.WriteCaptioned(f, "") }

func (m *mouth) WriteCaptioned(f *media.Frame, caption string) {
	if sink := m.feed.Load(); sink != nil {
		media.Write(*sink, f, caption)
		return
	}
	m.pipe.WriteCaptioned(f, caption)
	if seat := m.seat.Load(); seat != nil {
		seat.Push()
	}
}
