package rest

import (
	"errors"
	"net/http"
	"time"

	"github.com/kaden-project/kaden/account"
	"github.com/kaden-project/kaden/number"
	"github.com/kaden-project/kaden/sid"
)

// callerIDRoutes are numbers of others that the account may show.
var callerIDRoutes = routes{
	"OutgoingCallerIds":   {http.MethodGet: (*server).listCallerIDs, http.MethodPost: (*server).createValidation},
	"OutgoingCallerIds/*": {http.MethodGet: (*server).fetchCallerID, http.MethodPost: (*server).updateCallerID, http.MethodDelete: (*server).deleteCallerID},
}

// callerIDBody is Twilio's OutgoingCallerId resource.
type callerIDBody struct {
	AccountSID   sid.Account   `json:"account_sid"`
	DateCreated  *string       `json:"date_created"`
	DateUpdated  *string       `json:"date_updated"`
	FriendlyName string        `json:"friendly_name"`
	PhoneNumber  number.Number `json:"phone_number"`
	SID          sid.Number    `json:"sid"`
	URI          string        `json:"uri"`
}

func callerIDJSON(c account.CallerID) callerIDBody {
	b := callerIDBody{
		AccountSID: c.Account, DateCreated: date(c.Created), DateUpdated: date(c.Updated), FriendlyName: c.Name, PhoneNumber: c.Number, SID: c.SID,
		URI: accountPath(c.Account) + "/OutgoingCallerIds/" + string(c.SID) + ".json",
	}
	if c.Name == "" {
		b.FriendlyName = formatted(string(c.Number))
	}
	return b
}

// validationBody is Twilio's ValidationRequest resource.
type validationBody struct {
	AccountSID     sid.Account   `json:"account_sid"`
	CallSID        sid.Call      `json:"call_sid"`
	FriendlyName   string        `json:"friendly_name"`
	PhoneNumber    number.Number `json:"phone_number"`
	ValidationCode string        `json:"validation_code"`
}

// longestDelay is how long a validation call may be put off, in seconds.
const longestDelay = 60

// createValidation calls a number and asks there for the code that it answers with: POST /OutgoingCallerIds.
func (s *server) createValidation(r *request) (answer, error) {
	v := s.cfg.Validations
	if v == nil {
		return answer{}, notFound(r.URL.Path)
	}
	f := s.fields(r.form)
	if f.address("PhoneNumber") == "" {
		return answer{}, invalid(21201, "PhoneNumber is required: the number that is to be shown")
	}
	to, err := f.parse(f.address("PhoneNumber"))
	if err != nil || to.Scheme != number.Tel {
		return answer{}, invalid(21401, "PhoneNumber is not valid: %q is not a telephone number", clip(f.address("PhoneNumber")))
	}
	if ok, why := to.Number.Class().Dialable(); !ok {
		return answer{}, invalid(21401, "PhoneNumber %s is not a number that can be called: %s", to.Number, why)
	}
	c := account.CallerID{Account: r.account.SID, Number: to.Number, Name: f.name("FriendlyName")}
	digits := f.text("Extension")
	if digits != "" && !extension.MatchString(digits) {
		f.refuse(21457, "Extension is not valid: %q is not 1 to 32 of 0-9 * # w W", clip(digits))
	}
	delay := f.number("CallDelay", 21458, time.Second, 0, longestDelay)
	callback := f.callback()
	if f.err != nil {
		return answer{}, f.err
	}
	switch _, err := v.verified(r.Context(), c.Account, c.Number); {
	case err == nil:
		return answer{}, invalid(21450, "PhoneNumber %s is verified already", c.Number)
	case !errors.Is(err, account.ErrNotFound):
		return answer{}, err
	}
	if err := s.mayCall(r, to); err != nil {
		return answer{}, err
	}
	w, err := v.begin(r.Context(), c, to, digits, delay, callback)
	if err != nil {
		return answer{}, err
	}
	return answer{status: http.StatusOK, body: validationBody{c.Account, w.call, callerIDJSON(c).FriendlyName, c.Number, w.code}}, nil
}

// callerID finds the verified number that is named in the path.
func (s *server) callerID(r *request) (account.CallerID, error) {
	id, err := sid.Parse[sid.Number](r.id)
	if err != nil || s.cfg.CallerIDs == nil {
		return account.CallerID{}, notFound(r.URL.Path)
	}
	return s.cfg.CallerIDs.CallerID(r.Context(), r.account.SID, id)
}

// fetchCallerID shows a verified number: GET /OutgoingCallerIds/PN….
func (s *server) fetchCallerID(r *request) (answer, error) {
	c, err := s.callerID(r)
	return answer{status: http.StatusOK, body: callerIDJSON(c)}, err
}

// updateCallerID gives a verified number another name: POST /OutgoingCallerIds/PN….
func (s *server) updateCallerID(r *request) (answer, error) {
	c, err := s.callerID(r)
	if err != nil {
		return answer{}, err
	}
	f := s.fields(r.form)
	if !f.Has("FriendlyName") {
		return answer{status: http.StatusOK, body: callerIDJSON(c)}, nil
	}
	c.Name, c.Updated = f.name("FriendlyName"), time.Now()
	if f.err != nil {
		return answer{}, f.err
	}
	err = s.cfg.CallerIDs.RenameCallerID(r.Context(), c.Account, c.SID, c.Name, c.Updated)
	return answer{status: http.StatusOK, body: callerIDJSON(c)}, err
}

// deleteCallerID forgets that a number is verified: DELETE /OutgoingCallerIds/PN….
func (s *server) deleteCallerID(r *request) (answer, error) {
	c, err := s.callerID(r)
	if err != nil {
		return answer{}, err
	}
	if err := s.cfg.CallerIDs.DeleteCallerID(r.Context(), r.account.SID, c.SID); err != nil {
		return answer{}, err
	}
	return answer{status: http.StatusNoContent}, nil
}

// listCallerIDs lists verified numbers, newest first: GET /OutgoingCallerIds.
func (s *server) listCallerIDs(r *request) (answer, error) {
	if s.cfg.CallerIDs == nil {
		return answer{}, notFound(r.URL.Path)
	}
	f := s.fields(r.query)
	l, err := f.readList()
	if err != nil {
		return answer{}, err
	}
	list, next, err := s.cfg.CallerIDs.CallerIDs(r.Context(), account.CallerIDFilter{
		Account: r.account.SID, Number: number.Number(f.party("PhoneNumber")), Name: f.text("FriendlyName"), Page: l.asked(),
	})
	if err != nil {
		return answer{}, err
	}
	path := accountPath(r.account.SID) + "/OutgoingCallerIds.json"
	return listed(l, r, path, "outgoing_caller_ids", []string{"PhoneNumber", "FriendlyName"}, next, list, callerIDJSON), nil
}
