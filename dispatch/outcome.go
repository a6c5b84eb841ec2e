package dispatch

import (
	"fmt"

	"github.com/kaden-project/kaden/call"
	"github.com/kaden-project/kaden/callout"
	"github.com/kaden-project/kaden/leg"
)

// outcomeOf says what a call's end means for the attempt it was made for. trunk tells that it left over one, and that no phone
// has rung.
func outcomeOf(e call.Event, answered, trunk bool) callout.Outcome {
	lied := e.Cause == leg.Busy || e.Cause == leg.Unreachable // what answered was no telephone, by ear
	if answered && !lied {
		return callout.NotConfirmed // the machine knows whether a key was pressed before
	}
	switch e.Cause {
	case leg.Busy:
		return callout.Busy
	case leg.Rejected:
		return callout.Rejected
	case leg.NoAnswer:
		return callout.NoAnswer
	case leg.Invalid:
		return callout.Invalid
	case leg.Canceled:
		return callout.Canceled
	case leg.Fault, leg.Congested:
		// Rule 7: no trunk, a wrong password, the trunk's 503 are no fault of the person's.
		return callout.Fault
	case leg.Failed:
		// A carrier that does not let us in (403), or takes nothing that we say, refuses whomever we call: if that burned
		// turns, nobody would be left to ring within a second.
		if trunk {
			return callout.Fault
		}
	}
	return callout.Unreachable
}

// words is the end of a call for the timeline.
func words(e call.Event) string {
	switch {
	case e.Text != "" && e.SIP != 0:
		return fmt.Sprintf("%s (SIP %d)", e.Text, e.SIP)
	case e.Text != "":
		return e.Text
	case e.SIP != 0:
		return fmt.Sprintf("SIP %d", e.SIP)
	}
	return string(e.Cause)
}
