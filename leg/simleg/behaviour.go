package simleg

import (
	"time"

	"github.com/kaden-project/kaden/leg"
	"github.com/kaden-project/kaden/media"
)

// Never stands for a moment that does not come.
const Never time.Duration = -1

// Behaviour is what a phone and whoever is near it do with one call. The zero value rings at once, is
// picked up at once, and listens until we hang up.
type Behaviour struct {
	RingAfter   time.Duration     // from the dialling to the 180; Never: it does not ring
	AnswerAfter time.Duration     // from the ring (or the dialling, if it does not ring) to the answer; Never: nobody comes
	Refuse      leg.Cause         // refuse the call with this instead of answering: Busy, Rejected, Congested …
	EarlyMedia  media.Source      // heard from the ring on: an announcement of the network
	Actions     []Action          // after the answer
	Transfer    []int             // what it says of a transfer that we ask for, as with Phone.Tell; nil: that it knows none (405)
	Replies     map[string]string // X-… headers of its answer, or its refusal
	Error       error             // nothing is dialled at all: Dial itself fails
}

// Action is one thing done after the answer. Digits are pressed 0.2 s apart.
type Action struct {
	At     time.Duration // from the answer
	Say    media.Source
	Digits string
	Refer  *Referral // it asks us to call somebody in its place
	HangUp bool      // after the others
}

// keyEvery is the time from one key of an Action to the next.
const keyEvery = 200 * time.Millisecond

// Voicemail is a mailbox that picks up after a while, says greeting, records what it hears for length and
// hangs up. greeting may be nil.
func Voicemail(after time.Duration, greeting media.Source, length time.Duration) Behaviour {
	return Behaviour{AnswerAfter: after, Actions: []Action{
		{At: 500 * time.Millisecond, Say: greeting},
		{At: length, HangUp: true},
	}}
}

// begin puts on the line's calendar what happens before the answer.
func (b Behaviour) begin(n *line) {
	n.script, n.transfer, n.replies = b.Actions, b.Transfer, b.Replies
	if n.transfer == nil {
		n.transfer = []int{405}
	}
	answer := b.AnswerAfter
	if b.RingAfter != Never {
		answer += b.RingAfter
		n.after(b.RingAfter, func() {
			n.ring()
			if b.EarlyMedia != nil {
				n.early()
				n.fromFar.play(b.EarlyMedia, time.Now())
			}
		})
	}
	switch {
	case b.AnswerAfter == Never:
	case b.Refuse != "":
		n.after(answer, func() { n.refuse(b.Refuse) })
	default:
		n.after(answer, n.farAnswer)
	}
}

// act puts the script's actions on the calendar at the moment of the answer.
func (n *line) act() {
	for _, a := range n.script {
		n.after(a.At, func() {
			if a.Say != nil {
				n.fromFar.play(a.Say, time.Now())
			}
		})
		if a.Refer != nil {
			n.after(a.At, func() { n.refer(*a.Refer) })
		}
		last := a.At
		for i, key := range a.Digits {
			last = a.At + time.Duration(i)*keyEvery
			n.after(last, func() { n.farKey(string(key)) })
		}
		if a.HangUp {
			n.after(last, n.farHangUp)
		}
	}
	n.script = nil
}
