package simleg

import (
	"time"

	"github.com/kaden-project/kaden/leg"
)

var _ leg.Holder = (*Leg)(nil)

// Hold tells the phone whether it is heard. See [State].OnHold.
func (l *Leg) Hold(on bool) error {
	if l.n.over() {
		return errOver
	}
	l.n.post(func() { l.n.show(func(v *view) { v.state.OnHold = on }) })
	return nil
}

func (n *line) over() bool {
	n.mu.Lock()
	defer n.mu.Unlock()
	return !n.view.state.Ended.IsZero()
}

// Hold puts us on hold, or takes us back, in an answered call. What the phone says is not changed by it.
func (p *Phone) Hold(on bool) {
	p.n.post(func() {
		if p.n.state == talking {
			p.n.bell.Ring(leg.Event{At: time.Now(), Kind: leg.Held, On: on})
		}
	})
}
