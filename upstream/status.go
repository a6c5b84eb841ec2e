package upstream

import (
	"errors"
	"fmt"
	"net/http"

	"github.com/kaden-project/kaden/call"
	"github.com/kaden-project/kaden/leg"
)

// canceled is why we give up a call before it is answered.
const canceled = leg.Canceled

// rank orders the states of a call: it only moves to a higher one. 0 is a word that is no state.
func rank(s call.Status) int {
	switch s {
	case call.Queued:
		return 1
	case call.Initiated:
		return 2
	case call.Ringing:
		return 3
	case call.InProgress:
		return 4
	}
	if s.Over() {
		return 5
	}
	return 0
}

// news is what the platform said of a call, by a callback, a request for its script or an answer to a look.
type news struct {
	sid        string
	status     call.Status // "" if it says nothing of it
	answeredBy string
	sip        int    // SipResponseCode
	code       int    // ErrorCode: Twilio's
	text       string // ErrorMessage
	by         door
}

// door is how news came.
type door int

const (
	byCallback door = iota // or by a request for the script
	byAnswer               // to something that we did
	byLook                 // we had to ask
)

// told is what a resource says.
func (r resource) told(by door) news {
	return news{sid: r.SID, status: r.Status, answeredBy: r.AnsweredBy, by: by}
}

// causeOf is why a call is over, in the telephone's words. rang: it was heard of as ringing.
func causeOf(n news, rang bool) leg.Cause {
	if c, ok := codes[n.code]; ok && n.status == call.Failed {
		return c
	}
	switch n.status {
	case call.Completed:
		return leg.HungUp
	case call.Canceled:
		return leg.Canceled
	case call.Busy:
		if n.sip == 603 || n.sip == 607 {
			return leg.Rejected
		}
		return leg.Busy
	case call.NoAnswer:
		if n.sip == 480 && !rang {
			return leg.Unreachable
		}
		return leg.NoAnswer
	}
	switch {
	case n.sip == 404 || n.sip == 484 || n.sip == 604:
		return leg.Invalid
	case n.sip == 480 || n.sip == 408: // Twilio says failed for these at times
		return leg.Unreachable
	case n.sip == 603 || n.sip == 607:
		return leg.Rejected
	case n.sip == 503 && !rang:
		return leg.Congested
	case n.sip >= 500 && n.sip < 600 && !rang, n.sip == 403 || n.sip == 401 || n.sip == 407, n.sip == 0 && n.code == 0 && rang:
		return leg.Fault // the platform's own line failed or was refused, or the platform itself failed
	}
	return leg.Failed
}

// codes are Twilio's codes that say more than the state or the HTTP status: whose fault it is. (Twilio: "Error
// and Warning Dictionary".) Fault and Congested burn nobody's turn.
var codes = map[int]leg.Cause{
	20003: leg.Fault, 20005: leg.Fault, 20006: leg.Fault, 20403: leg.Fault, // who we are
	10001: leg.Fault, 10002: leg.Fault, 10005: leg.Fault, 21216: leg.Fault,
	21210: leg.Fault, 21212: leg.Fault, 21213: leg.Fault, // the caller ID
	20429: leg.Congested, 10004: leg.Congested, 15001: leg.Congested, 15002: leg.Congested,
	20500: leg.Congested, 20503: leg.Congested, 15000: leg.Congested,

	21201: leg.Invalid, 21211: leg.Invalid, 21217: leg.Invalid, 21401: leg.Invalid,
	13223: leg.Invalid, 13224: leg.Invalid,

	21202: leg.Unreachable, 21203: leg.Unreachable, 21214: leg.Unreachable, 21215: leg.Unreachable,
	21219: leg.Unreachable, 21408: leg.Unreachable, 13225: leg.Unreachable, 13227: leg.Unreachable, 32205: leg.Unreachable,
}

// remedies say what to do about codes that a person can mend.
var remedies = map[int]string{
	20003: "check account and token of the upstream: the token is the account's auth token, no API key",
	20005: "the account is not active; the platform's console says why",
	10001: "the account is not active; the platform's console says why",
	10002: "a trial account does not allow this; upgrade it",
	21203: "allow calls abroad in the platform's console: Voice, Geographic permissions",
	21210: "buy the number of from: there, or verify it as a caller ID",
	21212: "from: must be a number of the account or a verified caller ID",
	21215: "allow the country in the platform's console: Voice, Geographic permissions",
	21219: "a trial account calls verified numbers only; verify this one, or upgrade",
	21408: "allow the country in the platform's console: Voice, Geographic permissions",
	13227: "allow the country in the platform's console: Voice, Geographic permissions",
}

// cause is whose fault a refusal is. What we cannot place is our own: the order was made out wrong.
func (r *refusal) cause() leg.Cause {
	if c, ok := codes[r.code]; ok {
		return c
	}
	if r.status == http.StatusTooManyRequests || r.status == 0 {
		return leg.Congested
	}
	return leg.Fault
}

// busy tells that the platform takes no request now and did nothing: the same may be asked again.
func (r *refusal) busy() bool { return r.status == http.StatusTooManyRequests || r.code == 20429 }

// words are the refusal with its remedy.
func words(err error) string {
	var no *refusal
	if !errors.As(err, &no) {
		return err.Error()
	}
	if r := remedies[no.code]; r != "" {
		return fmt.Sprintf("%s: %s", no, r)
	}
	if no.status == http.StatusUnauthorized {
		return fmt.Sprintf("%s: %s", no, remedies[20003])
	}
	return no.Error()
}
