// Package simleg is a simulated phone in this process: legs without a network.
//
// A [Dialer] asks who is at the address that is dialled. A [Behaviour] then plays its part by itself (the
// demo, the preview of a plan), or a [Phone] is moved by hand (tests). The far end hears words: the
// captions of what is played to it, each with the moment it began and whether it was cut short.
// Each leg has one goroutine, which waits for the next thing due, so that a night in a synctest bubble
// takes microseconds and the demo runs in real time with the same code. No sockets, no busy waiting.
package simleg

import (
	"context"
	"fmt"
	"sync/atomic"
	"time"

	"github.com/kaden-project/kaden/leg"
)

// Dialer starts legs to simulated phones. The zero Dialer reaches phones that ring and are never answered.
type Dialer struct {
	// Take is asked first, on the goroutine that dials. It returns true to move the phone by hand.
	Take func(p *Phone) bool
	// Phones says how the phone at uri behaves in this call.
	Phones func(uri string) Behaviour
}

var _ leg.Dialer = (*Dialer)(nil)

// Dial calls the phone at to.URI. Cancelling ctx hangs up.
func (d *Dialer) Dial(ctx context.Context, to leg.Target, o leg.Options) (leg.Leg, error) {
	if err := context.Cause(ctx); err != nil {
		return nil, err
	}
	n := newLine(leg.Info{From: to.From, To: to.URI, CallID: o.ID, Phone: to.Phone, Headers: to.Headers})
	n.keep, n.inBand = o.Keep, to.InBandDTMF
	if d.Take == nil || !d.Take(&Phone{n}) {
		b := Behaviour{AnswerAfter: Never}
		if d.Phones != nil {
			b = d.Phones(to.URI)
		}
		if b.Error != nil {
			return nil, fmt.Errorf("dial %s: %w", to.URI, b.Error)
		}
		b.begin(n)
	}
	go n.run(ctx)
	return &Leg{n}, nil
}

// Incoming is a call from a simulated phone to us.
type Incoming struct {
	From, To string
	Phone    string // as leg.Info's, and Line
	Line     string
	InBand   bool // its keys are heard as tones
	Headers  map[string]string
	Actions  []Action      // after we have answered
	GivesUp  time.Duration // hangs up if it is not answered by then; 0 never does
}

// Call makes a simulated phone call in. It gives both ends: ours, to be accepted, and the caller's.
// Cancelling ctx hangs up.
func Call(ctx context.Context, in Incoming) (*Leg, *Phone) {
	n := newLine(leg.Info{Inbound: true, From: in.From, To: in.To, Phone: in.Phone, Line: in.Line, Headers: in.Headers})
	n.script, n.inBand = in.Actions, in.InBand
	if in.GivesUp > 0 {
		n.after(in.GivesUp, func() {
			if !n.answered() {
				n.farHangUp()
			}
		})
	}
	go n.run(ctx)
	return &Leg{n}, &Phone{n}
}

// lines numbers the calls that came without an ID.
var lines atomic.Int64

func newLine(i leg.Info) *line {
	if i.CallID == "" {
		i.CallID = fmt.Sprintf("sim-%d", lines.Add(1))
	}
	n := &line{
		info: i,
		wake: make(chan struct{}, 1),
		gone: make(chan struct{}),
		born: time.Now(),
	}
	n.bell = leg.NewBell(func() {
		n.post(func() { n.end(leg.Event{Cause: leg.Fault, Reason: "nobody reads the events of this leg"}, leg.HungUp) })
	})
	n.view.changed = make(chan struct{})
	n.view.state.Called = n.born
	n.toFar.hears = n.hears
	return n
}
