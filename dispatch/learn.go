package dispatch

import (
	"fmt"
	"strings"
	"time"

	"github.com/kaden-project/kaden/number"
)

// What a drill teaches about ring times (rule 12): carriers' voicemail answers after 15 to 25 s, and a contact whose
// phone rings a little shorter than that keeps the alert out of it.

const (
	beforeVoicemail = 3 * time.Second // that a phone stops ringing before its voicemail would answer
	leastRing       = 8 * time.Second // shorter, nobody gets to their phone
)

// advice is what the person's document could say, from one attempt that a machine has answered; "" is nothing. Nothing is
// changed by itself: detection errs, and where there is no ring time that helps, that is said.
func advice(a Attempt) string {
	if !strings.HasPrefix(a.AnsweredBy, "machine_") || a.Rang.IsZero() || a.Answered.IsZero() || a.Inbound {
		return ""
	}
	after := a.Answered.Sub(a.Rang).Truncate(time.Second)
	who, late := number.Mask(a.Address), int(after.Seconds())
	ring := after - beforeVoicemail
	if ring < leastRing {
		return fmt.Sprintf("the voicemail of %s answered after %d s: no ring time is short enough; the phone is off, or the voicemail should answer later", who, late)
	}
	return fmt.Sprintf("the voicemail of %s answered after %d s: ring: %ds", who, late, int(ring.Seconds()))
}
