package rest

import (
	"context"
	"errors"
	"net/http"
	"time"

	"github.com/kaden-project/kaden/account"
	"github.com/kaden-project/kaden/call"
	"github.com/kaden-project/kaden/sid"
)

// Conferences is the memory of conferences, those too that are over.
type Conferences interface {
	// Conference is account.ErrNotFound if there is none.
	Conference(ctx context.Context, owner sid.Account, id sid.Conference) (call.ConferenceRecord, error)
	// Conferences lists newest first; next is the place to go on after, 0 at the end.
	Conferences(ctx context.Context, f call.ConferenceFilter) (list []call.ConferenceRecord, next int64, err error)
}

// conferenceRoutes are an account's conferences and who is in each.
var conferenceRoutes = routes{
	"Conferences":                {http.MethodGet: (*server).listConferences},
	"Conferences/*":              {http.MethodGet: (*server).fetchConference, http.MethodPost: (*server).updateConference},
	"Conferences/*/Participants": {http.MethodGet: (*server).listParticipants, http.MethodPost: (*server).createParticipant},
	"Conferences/*/Participants/*": {
		http.MethodGet: (*server).fetchParticipant, http.MethodPost: (*server).updateParticipant, http.MethodDelete: (*server).removeParticipant,
	},
}

// conferenceBody is Twilio's Conference resource.
type conferenceBody struct {
	AccountSID              sid.Account       `json:"account_sid"`
	APIVersion              string            `json:"api_version"`
	CallSIDEndingConference *string           `json:"call_sid_ending_conference"`
	DateCreated             *string           `json:"date_created"`
	DateUpdated             *string           `json:"date_updated"`
	FriendlyName            string            `json:"friendly_name"`
	ReasonConferenceEnded   *string           `json:"reason_conference_ended"`
	Region                  *string           `json:"region"`
	SID                     sid.Conference    `json:"sid"`
	Status                  string            `json:"status"`
	SubresourceURIs         map[string]string `json:"subresource_uris"`
	URI                     string            `json:"uri"`
}

var conferenceParts = map[string]string{"participants": "Participants", "recordings": "Recordings"}

func conferenceJSON(c call.ConferenceRecord) conferenceBody {
	base := accountPath(c.Account) + "/Conferences/" + string(c.SID)
	return conferenceBody{
		AccountSID: c.Account, APIVersion: apiVersion, CallSIDEndingConference: orNull(string(c.EndedBy)),
		DateCreated: date(c.Created), DateUpdated: date(c.Updated), FriendlyName: c.Name, ReasonConferenceEnded: orNull(c.Reason),
		SID: c.SID, Status: c.Status, SubresourceURIs: subresources(base, conferenceParts), URI: base + ".json",
	}
}

// conference finds the one that is named first in the path; live is nil for one that is over.
func (s *server) conference(r *request) (c call.ConferenceRecord, live *call.Conference, err error) {
	if s.cfg.Conferences == nil || s.cfg.Live == nil {
		return c, nil, notFound(r.URL.Path)
	}
	id, err := sid.Parse[sid.Conference](r.ids[0])
	if err != nil {
		return c, nil, notFound(r.URL.Path)
	}
	c, err = s.cfg.Conferences.Conference(r.Context(), r.account.SID, id)
	if err != nil && !errors.Is(err, account.ErrNotFound) {
		return c, nil, err
	}
	if live, ok := s.cfg.Live.ConferenceOf(r.account.SID, id); ok { // newer than what is written
		i, now := live.Info()
		if !now || i.SID != id { // it has ended in this moment
			return c, nil, missing(r, err)
		}
		c.SID, c.Account, c.Name, c.Created, c.Status = i.SID, i.Account, i.Name, i.Began, "init"
		if c.Updated.IsZero() {
			c.Updated = i.Began
		}
		if !i.Started.IsZero() {
			c.Status = "in-progress"
		}
		return c, live, nil
	}
	return c, nil, missing(r, err)
}

// missing is what is told of something that the books do not have.
func missing(r *request, err error) error {
	if errors.Is(err, account.ErrNotFound) {
		return notFound(r.URL.Path)
	}
	return err
}

// conferenceFilters are kept in the URIs of a list.
var conferenceFilters = []string{
	"FriendlyName", "Status", "DateCreated", "DateCreated<", "DateCreated>", "DateUpdated", "DateUpdated<", "DateUpdated>",
}

// listConferences lists conferences, newest first: GET /Conferences.
func (s *server) listConferences(r *request) (answer, error) {
	if s.cfg.Conferences == nil || s.cfg.Live == nil {
		return answer{}, notFound(r.URL.Path)
	}
	f := s.fields(r.query)
	filter := call.ConferenceFilter{Account: r.account.SID, Name: f.text("FriendlyName"), Status: f.text("Status")}
	switch filter.Status {
	case "", "init", "in-progress", "completed":
	default:
		f.refuse(20001, "Status is not valid: no conference is ever %q", clip(filter.Status))
	}
	filter.Created.From, filter.Created.Before = f.span("DateCreated")
	filter.Updated.From, filter.Updated.Before = f.span("DateUpdated")
	l, err := f.readList()
	if err != nil {
		return answer{}, err
	}
	filter.Page = l.asked()
	list, next, err := s.cfg.Conferences.Conferences(r.Context(), filter)
	if err != nil {
		return answer{}, err
	}
	return listed(l, r, accountPath(r.account.SID)+"/Conferences.json", "conferences", conferenceFilters, next, list, conferenceJSON), nil
}

// fetchConference shows a conference: GET /Conferences/CF….
func (s *server) fetchConference(r *request) (answer, error) {
	c, _, err := s.conference(r)
	if err != nil {
		return answer{}, err
	}
	return answer{status: http.StatusOK, body: conferenceJSON(c)}, nil
}

// updateConference ends a conference, or lets everybody in it hear something: POST /Conferences/CF….
func (s *server) updateConference(r *request) (answer, error) {
	c, live, err := s.conference(r)
	if err != nil {
		return answer{}, err
	}
	f := s.fields(r.form)
	status := f.text("Status")
	announce := call.Program{URL: f.link("AnnounceUrl", 21205), Method: f.method("AnnounceMethod")}
	if status != "" && status != "completed" {
		f.refuse(20001, "Status is not valid: a conference can be made completed, not %q", clip(status))
	}
	if f.err == nil && live == nil && (status != "" || announce.URL != "") {
		f.refuse(21220, "Invalid conference state: the conference is over")
	}
	if f.err != nil {
		return answer{}, f.err
	}
	switch {
	case live == nil:
	case status != "":
		if i, _ := live.Info(); len(i.Members) > 0 {
			c.EndedBy = i.Members[len(i.Members)-1].Call
		}
		if !live.End() { // it has ended in this moment
			return answer{}, invalid(21220, "Invalid conference state: the conference is over")
		}
		c.Status, c.Reason, c.Updated = "completed", "conference-ended-via-api", time.Now()
	case announce.URL != "":
		if !live.AnnounceDocument(announce) {
			return answer{}, invalid(21220, "Invalid conference state: nobody is in the conference")
		}
	}
	return answer{status: http.StatusOK, body: conferenceJSON(c)}, nil
}
