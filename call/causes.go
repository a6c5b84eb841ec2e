package call

import (
	"strings"

	"github.com/kaden-project/kaden/leg"
)

// How a telephone's reasons read in Twilio's words. The table is the whole of it: contract 4.1.
//
// A refusal may be followed by another trunk only where the network refused, never where a phone or a
// person did (rule 27); leg.Event.Retry says whether anything has rung.
var causes = map[leg.Cause]struct {
	status Status // of a call that was not answered
	sip    int    // SipResponseCode where the leg gave none
	other  bool   // another trunk may do better
	ours   bool   // nobody out there is to blame: the attempt burns no turn (rule 7)
}{
	leg.HungUp:      {status: Completed, sip: 200},
	leg.Completed:   {status: Completed, sip: 200},
	leg.MediaLost:   {status: Completed, sip: 200},
	leg.Canceled:    {status: Canceled, sip: 487},
	leg.CallerLeft:  {status: NoAnswer, sip: 487},
	leg.Busy:        {status: Busy, sip: 486},
	leg.Rejected:    {status: Busy, sip: 603}, // Twilio has no word for it; the cause keeps it apart
	leg.NoAnswer:    {status: NoAnswer, sip: 487},
	leg.Unreachable: {status: NoAnswer, sip: 480},
	leg.Invalid:     {status: Failed, sip: 404},
	leg.Congested:   {status: Failed, sip: 503, other: true, ours: true},
	leg.Fault:       {status: Failed, other: true, ours: true},
	leg.Failed:      {status: Failed, other: true},
}

// StatusOf is the final status of a call that ended for c.
func StatusOf(d Direction, c leg.Cause, answered bool) Status {
	switch {
	case answered:
		return Completed
	case d == Inbound && c == leg.Rejected: // contract 1.3, Reject: nobody was busy
		return NoAnswer
	}
	if s := causes[c].status; s != "" && s != Completed {
		return s
	}
	return Failed
}

// Ours tells whether a call ended for a reason on our side: no dialler, wrong password, a full trunk.
// It says nothing about the person who was called, and counts as no attempt.
func Ours(c leg.Cause) bool { return causes[c].ours }

// SIPResponse is the SIP status in which a call that is over ended, as SipResponseCode tells it; 0 is none.
func (r Record) SIPResponse() int { return responseCode(r) }

// responseCode is SipResponseCode of the last callback, 0 if there is nothing to say.
func responseCode(r Record) int {
	switch {
	case r.Status == Completed:
		return 200
	case r.SIPStatus != 0:
		return r.SIPStatus
	}
	return causes[r.Cause].sip
}

// remedied is why a trunk has failed a call, with what its operator can do about it, unless the reason says so itself.
func remedied(e leg.Event) string {
	remedy := " (ask the carrier what it means)"
	switch {
	case strings.Contains(e.Reason, "check "):
		return e.Reason
	case e.Cause == leg.Congested:
		remedy = " (it is full, or restricts calls: a second trunk would carry them)"
	case e.Status == 401 || e.Status == 403 || e.Status == 407:
		remedy = " (check user:, password: and from: of the trunk)"
	case e.Cause == leg.Canceled:
		remedy = " (check its address and the firewall)"
	}
	return e.Reason + remedy
}
