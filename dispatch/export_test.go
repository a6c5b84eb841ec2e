package dispatch

import "github.com/kaden-project/kaden/callout"

// DecideWith puts another machine in the place of callout.Decide, before Run.
func (d *Dispatcher) DecideWith(f func(callout.State, callout.Event) (callout.State, []callout.Command)) {
	d.decide = f
}
