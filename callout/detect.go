package callout

import (
	"strings"

	"github.com/kaden-project/kaden/timeline"
)

// Detection takes the one who answered for a person or a machine. It errs, so it is a hint: a machine
// never acknowledges, and a person who was taken for one still wins with a key.

// aPerson is what detection says of a person.
const aPerson = "human"

func (m *machine) detected(a *Attempt, e Event) {
	text := ""
	machine := strings.HasPrefix(e.Text, "machine_") || e.Text == "fax"
	done := strings.HasPrefix(e.Text, "machine_end_") || e.Text == "fax"
	if a.Outcome != Listening || !machine {
		m.noteOf(a, timeline.AttemptDetected, e.Text, text)
		if a.Outcome == Listening && e.Text == aPerson && !a.Unsure {
			m.here(a)
		}
		return
	}
	first := !a.Device
	a.Device, a.Yields = true, true
	switch {
	case m.Plan.Machine == MachineHangUp, e.Text == "fax" && m.Plan.Machine == MachineMessage:
		m.noteOf(a, timeline.AttemptDetected, e.Text, "the call is ended")
		m.do(Command{Kind: HangUp, Attempt: a.ID, Person: a.Person, Why: WhyMachine})
		m.decide(a, Machine, WhyMachine, e.Text)
	case m.Plan.Machine == MachineMessage && done:
		m.noteOf(a, timeline.AttemptDetected, e.Text, "hears the message after the beep")
		m.do(Command{Kind: AfterBeep, Attempt: a.ID, Person: a.Person, Why: WhyMachine})
		m.decide(a, Machine, WhyMachine, e.Text)
	default:
		if first {
			text = "the next person is rung as well"
			m.why = a.Person + " has a machine answering"
		}
		m.noteOf(a, timeline.AttemptDetected, e.Text, text)
	}
}

// wanted gives up the line of a machine, because somebody's phone cannot ring without it (rule 32). Detection errs, most
// often over people who answer formally, so there is time to hear what it is about and to press a key. Whoever does is a
// person, and a message that is being left after the beep is left.
func (m *machine) wanted(a *Attempt) {
	if a.Outcome != Listening || !a.Device || a.Keyed || a.Wanted {
		return
	}
	a.Wanted = true
	a.Limit = sooner(a.Limit, later(m.now, a.Answered.Add(firstWord+quietListening)))
}
