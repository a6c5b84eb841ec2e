package rest

import (
	"errors"
	"net/http"
	"time"

	"github.com/kaden-project/kaden/call"
	"github.com/kaden-project/kaden/number"
	"github.com/kaden-project/kaden/sid"
)

// callRoutes are the calls of an account.
var callRoutes = routes{
	"Calls":   {http.MethodGet: (*server).listCalls, http.MethodPost: (*server).createCall},
	"Calls/*": {http.MethodGet: (*server).fetchCall, http.MethodPost: (*server).updateCall, http.MethodDelete: (*server).deleteCall},
}

// notLive is for a call that is over, or not answered yet, where an answered one is needed.
var notLive = invalid(21220, "Invalid call state: the call is not in progress, so it cannot be redirected or ended")

// createCall places a call: POST /Calls.
func (s *server) createCall(r *request) (answer, error) {
	f := s.fields(r.form)
	o, err := f.readOrder()
	if err != nil {
		return answer{}, err
	}
	o.Account = r.account.SID
	if err := s.appointed(r, &o); err != nil {
		return answer{}, err
	}
	if err := s.mayCall(r, o.To); err != nil {
		return answer{}, err
	}
	record, err := s.cfg.Desk.Place(r.Context(), o)
	if err != nil {
		return answer{}, err
	}
	return answer{status: http.StatusCreated, body: callJSON(asCreated(record))}, nil
}

// mayCall says why the account may not call an address.
func (s *server) mayCall(r *request, to number.Address) error {
	if s.cfg.AllowTo == nil {
		return nil
	}
	switch err := s.cfg.AllowTo(r.Context(), r.account, to); {
	case err == nil, errors.Is(err, ErrNoWay):
		return err
	case errors.Is(err, ErrPremium):
		return invalid(21202, "To %s cannot be called: %v", written(to), err)
	default:
		return invalid(21215, "This account may not call %s: %v", written(to), err)
	}
}

// asCreated is the call as it was when it was created. It may be ringing by now, but programs expect a new
// call to be queued, as Twilio's always is.
func asCreated(r call.Record) call.Record {
	r.Status, r.Updated = call.Queued, r.Created
	r.Started, r.Answered, r.Ended = time.Time{}, time.Time{}, time.Time{}
	return r
}

// fetchCall shows a call: GET /Calls/CA….
func (s *server) fetchCall(r *request) (answer, error) {
	record, err := s.call(r)
	if err != nil {
		return answer{}, err
	}
	return answer{status: http.StatusOK, body: callJSON(record)}, nil
}

// call finds the call that is named in the path.
func (s *server) call(r *request) (call.Record, error) {
	id, err := sid.Parse[sid.Call](r.id)
	if err != nil {
		return call.Record{}, notFound(r.URL.Path)
	}
	return s.cfg.Calls.Call(r.Context(), r.account.SID, id)
}

// updateCall ends or redirects a call: POST /Calls/CA…. Without anything to do it is a read, which SDKs rely on.
func (s *server) updateCall(r *request) (answer, error) {
	record, err := s.call(r)
	if err != nil {
		return answer{}, err
	}
	f := s.fields(r.form)
	c, err := f.readChange()
	if err != nil {
		return answer{}, err
	}
	ctx := r.Context()
	switch decide(record, c) {
	case refuse:
		return answer{}, notLive
	case cancel:
		record, err = s.cfg.Desk.Cancel(ctx, record.SID)
	case complete:
		record, err = s.cfg.Desk.Complete(ctx, record.SID)
	case redirect:
		record, err = s.cfg.Desk.Redirect(ctx, record.SID, c.program)
	}
	if err != nil {
		return answer{}, err
	}
	return answer{status: http.StatusOK, body: callJSON(record)}, nil
}

// step is what an update comes to.
type step uint8

const (
	leave step = iota
	refuse
	cancel
	complete
	redirect
)

// decide says what an update does to a call in its state; the Calls page, "Update a Call".
func decide(r call.Record, c change) step {
	switch {
	case c.status == "" && !c.redirects():
		return leave
	case r.Status.Over():
		return refuse
	case c.status == call.Canceled && r.Status == call.InProgress:
		return leave // canceled does not touch a call in progress
	case c.status == call.Canceled:
		return cancel
	case c.status == call.Completed:
		return complete
	case r.Status == call.InProgress, r.Status == call.Ringing && r.Direction == call.Inbound:
		return redirect // an inbound call runs its program while it rings
	}
	return refuse
}

// deleteCall forgets a call that is over: DELETE /Calls/CA….
func (s *server) deleteCall(r *request) (answer, error) {
	record, err := s.call(r)
	if err != nil {
		return answer{}, err
	}
	if !record.Status.Over() {
		return answer{}, refused(http.StatusConflict, 20009, "Call %s is %s; only a call that is over can be deleted", record.SID, shown(record.Status))
	}
	if err := s.cfg.Calls.DeleteCall(r.Context(), r.account.SID, record.SID); err != nil {
		return answer{}, err
	}
	return answer{status: http.StatusNoContent}, nil
}

// callFilters are kept in the URIs of a list.
var callFilters = []string{
	"To", "From", "ParentCallSid", "Status",
	"StartTime", "StartTime<", "StartTime>", "EndTime", "EndTime<", "EndTime>",
}

// listCalls lists calls, newest first: GET /Calls.
func (s *server) listCalls(r *request) (answer, error) {
	f := s.fields(r.query)
	filter, err := f.readFilter()
	if err != nil {
		return answer{}, err
	}
	p, after, err := f.readCallPage()
	if err != nil {
		return answer{}, err
	}
	filter.Account, filter.After, filter.Limit = r.account.SID, after, p.size
	list, more, err := s.cfg.Calls.Calls(r.Context(), filter)
	if errors.Is(err, call.ErrNotFound) {
		return answer{}, invalid(21481, "PageToken is not valid: it is of no call of this account")
	}
	if err != nil {
		return answer{}, err
	}
	items := make([]any, len(list))
	last := ""
	for i, record := range list {
		items[i] = callJSON(record)
		if more {
			last = string(record.SID)
		}
	}
	path := accountPath(r.account.SID) + "/Calls.json"
	return answer{status: http.StatusOK, body: p.envelope(path, "calls", r.query, callFilters, items, last)}, nil
}

func (s *server) fields(v map[string][]string) *fields {
	return &fields{Values: v, region: s.cfg.Region}
}
