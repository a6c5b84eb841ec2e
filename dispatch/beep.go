package dispatch

import (
	"fmt"
	"strings"

	"github.com/kaden-project/kaden/number"
	"github.com/kaden-project/kaden/twiml"
)

// onMachine is what a mailbox records after its beep: the message, twice at most, and whom to call back.
func (d *Dispatcher) onMachine(lead string) *twiml.Response {
	l := d.lines.led(lead)
	if l == nil {
		return &twiml.Response{Verbs: []twiml.Verb{&twiml.Hangup{}}}
	}
	t := d.telling(l, l.aboard(), l.plain())
	if t == nil {
		return &twiml.Response{Verbs: []twiml.Verb{&twiml.Hangup{}}}
	}
	t.again = true // a mailbox need not hear what somebody left for a person
	end := t.p.machine
	if n := d.callBackNumber(); n != "" {
		end += " " + fmt.Sprintf(t.p.machineBack, digits(n))
	}
	said := append(t.words(), t.p.say(end))
	said = append(said, t.words()...)
	if t.first.State.Drill {
		said = append(said, t.p.say(t.p.drilled))
	}
	l.close()
	return &twiml.Response{Verbs: append(said, &twiml.Hangup{})}
}

// callBackNumber is a number of ours that takes calls back, as one dials it at home; "" if there is none.
func (d *Dispatcher) callBackNumber() string {
	for _, n := range d.cfg.House().Numbers {
		if n.CallBack && strings.HasPrefix(n.Number, "+") {
			return number.Number(n.Number).National()
		}
	}
	return ""
}

// digits are spoken one by one.
func digits(s string) string {
	var out []string
	for _, c := range s {
		if c >= '0' && c <= '9' {
			out = append(out, string(c))
		}
	}
	return strings.Join(out, " ")
}
