package clientsdk

import (
	"fmt"

	"github.com/kaden-project/kaden/leg"
)

// Error is what a page is told when something fails: a number that the SDK turns into an error of its own.
type Error struct {
	Code    int    `json:"code"`
	Message string `json:"message"`
}

func (e *Error) Error() string { return fmt.Sprintf("%d: %s", e.Code, e.Message) }

// Codes of the signalling. What the SDK makes of each stands behind it; all others reach the app as 53000 or 31005
// unless it asks for precision (enableImprovedSignalingErrorPrecision).
const (
	codeConnection   = 31005 // hangup: the connection failed
	codeMalformed    = 31100 // the same number
	codeUnauthorised = 31201 // 20151 AuthenticationFailed
	codeBadToken     = 31204 // 20101 AccessTokenInvalid
	codeExpired      = 31205 // 20104 AccessTokenExpired; the page stops registering by itself
	codeTooMuch      = 31206 // the same number
	codeNoReconnect  = 31209 // the same number
	codeMessageType  = 31210 // the same number
	codeMessageSize  = 31212 // the same number
	codeBadRequest   = 31400 // the same number
	codeNotFound     = 31404
	codeUnavailable  = 31480
	codeBusy         = 31486
	codeDeclined     = 31603
)

// why is what a page whose call was refused, or broke off, is told; nil is an ordinary end.
func why(c leg.Cause, answered bool) *Error {
	switch c {
	case leg.Completed, leg.HungUp, leg.Canceled, leg.CallerLeft:
		return nil
	case leg.MediaLost:
		return &Error{codeConnection, "no sound came for too long"}
	}
	if answered {
		return nil
	}
	switch c {
	case leg.Busy:
		return &Error{codeBusy, "busy"}
	case leg.Rejected:
		return &Error{codeDeclined, "declined"}
	case leg.NoAnswer:
		return &Error{codeUnavailable, "no answer"}
	case leg.Unreachable:
		return &Error{codeUnavailable, "not reachable"}
	case leg.Invalid:
		return &Error{codeNotFound, "no such number"}
	}
	return &Error{codeConnection, "the call could not be made: " + string(c)}
}
