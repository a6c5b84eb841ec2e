package dispatch

import "github.com/kaden-project/kaden/callout"

// DecideWith puts another machine in the place of callout.DecideAll, before Run; it is asked event by event.
func (d *Dispatcher) DecideWith(f func(callout.State, callout.Event) (callout.State, []callout.Command)) {
	d.decide = func(s callout.State, events ...callout.Event) (callout.State, []callout.Command) {
		var all []callout.Command
		for _, e := range events {
			var commands []callout.Command
			s, commands = f(s, e)
			all = append(all, commands...)
		}
		return s, all
	}
}
