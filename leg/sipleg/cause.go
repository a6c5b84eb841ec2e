package sipleg

import (
	"strconv"
	"strings"
	"time"

	"github.com/kaden-project/kaden/leg"
)

// verdict is what a refusal means, before and after somebody's phone has rung.
type verdict struct{ silent, rang leg.Cause }

func both(c leg.Cause) verdict { return verdict{c, c} }

// statuses is what SIP statuses mean. What is not here is leg.Failed.
var statuses = map[int]verdict{
	401: both(leg.Fault), // asked again after our answer: the password
	404: both(leg.Invalid),
	407: both(leg.Fault),
	408: {leg.Unreachable, leg.NoAnswer},
	410: both(leg.Invalid),
	480: {leg.Unreachable, leg.NoAnswer},
	484: both(leg.Invalid),
	485: both(leg.Invalid), // ambiguous
	486: both(leg.Busy),
	487: both(leg.NoAnswer), // nobody here cancelled it: the far end's own ring time
	500: both(leg.Congested),
	502: both(leg.Congested),
	503: both(leg.Congested),
	504: both(leg.Congested),
	600: both(leg.Busy),
	603: both(leg.Rejected),
	604: both(leg.Invalid),
	607: both(leg.Rejected), // RFC 8197: unwanted
}

// q850 is what the causes of the telephone network mean (ITU-T Q.850), which say more than the SIP status
// that a gateway makes of them. Causes that say nothing (16, 31) are left to the status.
var q850 = map[int]leg.Cause{
	1:  leg.Invalid,     // unallocated number
	17: leg.Busy,        // user busy
	18: leg.Unreachable, // no user responding
	19: leg.NoAnswer,    // user alerted, no answer
	20: leg.Unreachable, // subscriber absent: power off, outside the area
	21: leg.Rejected,    // call rejected
	22: leg.Invalid,     // number changed
	27: leg.Unreachable, // destination out of order
	28: leg.Invalid,     // invalid number format
	34: leg.Congested,   // no circuit available
	38: leg.Congested,   // network out of order
	41: leg.Congested,   // temporary failure
	42: leg.Congested,   // switching equipment congestion
	44: leg.Congested,   // requested circuit not available
	47: leg.Congested,   // resource unavailable
}

// judge tells the cause of a refused call and whether another trunk may be tried: only if nobody's phone
// has rung, and only where the trunk, not the person, was the reason (callout-rules.md 27).
func judge(status, q int, rang bool) (c leg.Cause, retry bool) {
	v, known := statuses[status]
	switch {
	case q850[q] != "":
		c = q850[q]
	case !known:
		c = leg.Failed
	case rang:
		c = v.rang
	default:
		c = v.silent
	}
	return c, !rang && (c == leg.Congested || c == leg.Fault || c == leg.Failed)
}

// reasonQ850 reads the Reason headers of a message (RFC 3326): the Q.850 cause, 0 if there is none.
func reasonQ850(lines []string) (cause int, text string) {
	for _, line := range lines {
		for value := range strings.SplitSeq(line, ",") {
			parts := strings.Split(value, ";")
			if !strings.EqualFold(strings.TrimSpace(parts[0]), "Q.850") {
				continue
			}
			for _, p := range parts[1:] {
				name, v, _ := strings.Cut(strings.TrimSpace(p), "=")
				switch strings.ToLower(name) {
				case "cause":
					if n, err := strconv.Atoi(strings.TrimSpace(v)); err == nil && n > 0 && n < 128 {
						cause = n
					}
				case "text":
					text = strings.Trim(v, `"`)
				}
			}
		}
	}
	return cause, text
}

// longestRetryAfter is as much of a Retry-After as is believed: it is written by hand more often than not.
const longestRetryAfter = time.Hour

// retryAfter reads the Retry-After header (RFC 3261 20.33): 18 (in a meeting);duration=3600. What is no number of
// seconds is nothing.
func retryAfter(lines []string) time.Duration {
	if len(lines) == 0 {
		return 0
	}
	digits := strings.TrimSpace(lines[0])
	if i := strings.IndexAny(digits, "(; \t"); i >= 0 {
		digits = digits[:i]
	}
	if digits == "" || strings.Trim(digits, "0123456789") != "" {
		return 0
	}
	seconds, err := strconv.Atoi(digits)
	if err != nil || seconds > int(longestRetryAfter/time.Second) {
		return longestRetryAfter
	}
	return time.Duration(seconds) * time.Second
}

// refusals are our own answers to a caller, by the cause that Hangup was given before the answer.
var refusals = map[leg.Cause]int{
	leg.Busy:      486,
	leg.Rejected:  603,
	leg.Invalid:   404,
	leg.Congested: 503,
	leg.Fault:     500,
}
