package smpp

import (
	"fmt"
	"time"

	"github.com/kaden-project/kaden/message"
)

// status is how a command went (SMPP 3.4, 5.1.3).
type status uint32

const (
	statusOK         status = 0
	statusCommand    status = 0x03 // we know no such command
	statusBound      status = 0x05
	statusSystem     status = 0x08
	statusSource     status = 0x0a
	statusDest       status = 0x0b
	statusBind       status = 0x0d
	statusPassword   status = 0x0e
	statusSystemID   status = 0x0f
	statusQueueFull  status = 0x14
	statusThrottled  status = 0x58
	statusLater      status = 0x64 // bring it again
	statusMalformed  status = 0x65 // do not bring it again
	statusNoBindYet  status = 0x04
	statusOptional   status = 0xc0
	statusNotAllowed status = 0xc1
)

// words are what the statuses that carriers answer with mean.
var words = map[status]string{
	0x01: "ESME_RINVMSGLEN, invalid message length", statusCommand: "ESME_RINVCMDID, unknown command", statusNoBindYet: "ESME_RINVBNDSTS, not bound for this",
	statusBound: "ESME_RALYBND, already bound", statusSystem: "ESME_RSYSERR, system error", statusSource: "ESME_RINVSRCADR, invalid sender", statusDest: "ESME_RINVDSTADR, invalid recipient",
	statusBind: "ESME_RBINDFAIL, bind failed", statusPassword: "ESME_RINVPASWD, invalid password", statusSystemID: "ESME_RINVSYSID, invalid system-id",
	statusQueueFull: "ESME_RMSGQFUL, message queue full", 0x15: "ESME_RINVSERTYP, invalid service type", 0x43: "ESME_RINVESMCLASS, invalid esm_class",
	0x45: "ESME_RSUBMITFAIL, submit failed", 0x48: "ESME_RINVSRCTON, invalid type of sender", 0x49: "ESME_RINVSRCNPI, invalid numbering plan of sender",
	0x50: "ESME_RINVDSTTON, invalid type of recipient", 0x51: "ESME_RINVDSTNPI, invalid numbering plan of recipient", 0x53: "ESME_RINVSYSTYP, invalid system-type",
	statusThrottled: "ESME_RTHROTTLED, too fast", statusLater: "ESME_RX_T_APPN, temporary error", statusMalformed: "ESME_RX_P_APPN, permanent error",
	statusOptional: "ESME_RINVOPTPARSTREAM, error in the optional part", statusNotAllowed: "ESME_ROPTPARNOTALLWD, optional parameter not allowed",
	0xc4: "ESME_RINVOPTPARAMVAL, invalid optional parameter", 0xfe: "ESME_RDELIVERYFAILURE, delivery failed", 0xff: "ESME_RUNKNOWNERR, unknown error",
}

func (s status) String() string {
	if w, ok := words[s]; ok {
		return fmt.Sprintf("%s (0x%02x)", w, uint32(s))
	}
	return fmt.Sprintf("the SMSC's own error 0x%x", uint32(s))
}

// rest is how long a link rests that was told it is too fast.
const rest = time.Second

// refusal is a submit_sm that was not taken: with Twilio's code, or to be asked again.
func (s status) refusal() *message.Refusal {
	no := &message.Refusal{Code: codeUnknown, Text: "the SMSC says: " + s.String()}
	switch s {
	case statusThrottled, statusQueueFull, statusSystem, statusNoBindYet, statusLater:
		no.Code, no.Busy, no.After = codeQueue, true, rest
	case statusDest, 0x50, 0x51:
		no.Code = 21211
	case statusSource, 0x48, 0x49:
		no.Code = 21212
	case statusOptional, statusNotAllowed:
		no.Text += "; it may take no message_payload, which texts of more than one segment need: ask the carrier"
	}
	return no
}

// remedy is what to do about a bind that was refused.
func (s status) remedy() string {
	switch s {
	case statusPassword:
		return "check password: of the document"
	case statusSystemID, 0x53:
		return "check system-id: and system-type: of the document"
	case statusBound:
		return "another program, or another kaden, is bound with this system-id; one of them has to go, or the carrier allows more binds"
	case statusThrottled, statusSystem, statusQueueFull, statusLater:
		return "the carrier's SMSC has trouble; kaden asks again by itself"
	}
	return "check system-id:, password: and system-type:, and ask the carrier whether it knows this machine's address and allows a bind as transceiver"
}

// Twilio's codes for what becomes of a message (Error and Warning Dictionary).
const (
	codeQueue    = 30001
	codeAbsent   = 30003 // the telephone was not there
	codeBlocked  = 30004
	codeNobody   = 30005 // nobody has the number
	codeFiltered = 30007
	codeUnknown  = 30008
)
