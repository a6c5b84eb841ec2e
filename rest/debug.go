package rest

import (
	"cmp"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/kaden-project/kaden/account"
	"github.com/kaden-project/kaden/sid"
)

// debugRoutes are what went wrong, and what owners' servers were asked.
var debugRoutes = routes{
	"Notifications":           {http.MethodGet: (*server).listNotifications},
	"Notifications/*":         {http.MethodGet: (*server).fetchNotification},
	"Calls/*/Notifications":   {http.MethodGet: (*server).listNotifications},
	"Calls/*/Notifications/*": {http.MethodGet: (*server).fetchNotification},
	"Calls/*/Events":          {http.MethodGet: (*server).listEvents},
}

// notificationBody is Twilio's Notification resource.
type notificationBody struct {
	AccountSID    sid.Account      `json:"account_sid"`
	APIVersion    string           `json:"api_version"`
	CallSID       *string          `json:"call_sid"`
	DateCreated   *string          `json:"date_created"`
	DateUpdated   *string          `json:"date_updated"`
	ErrorCode     *string          `json:"error_code"`
	Log           string           `json:"log"`
	MessageDate   *string          `json:"message_date"`
	MessageText   string           `json:"message_text"`
	MoreInfo      *string          `json:"more_info"`
	RequestMethod *string          `json:"request_method"`
	RequestURL    *string          `json:"request_url"`
	SID           sid.Notification `json:"sid"`
	URI           string           `json:"uri"`
}

// wholeNotificationBody is one with the request and its answer, which a list leaves out.
type wholeNotificationBody struct {
	notificationBody
	RequestVariables string `json:"request_variables"`
	ResponseBody     string `json:"response_body"`
	ResponseHeaders  string `json:"response_headers"`
}

func (s *server) notificationJSON(r *request) func(account.Notification) notificationBody {
	return func(n account.Notification) notificationBody {
		b := notificationBody{
			AccountSID: n.Account, APIVersion: apiVersion, CallSID: orNull(string(n.Call)), DateCreated: date(n.At), DateUpdated: date(n.At),
			Log: "0", MessageDate: date(n.At), MessageText: n.Text, RequestMethod: orNull(n.Exchange.Method), RequestURL: orNull(n.Exchange.URL),
			SID: n.SID, URI: accountPath(n.Account) + "/Notifications/" + string(n.SID) + ".json",
		}
		if n.Warning {
			b.Log = "1"
		}
		if n.Code != 0 {
			code := strconv.Itoa(n.Code)
			b.ErrorCode, b.MoreInfo = &code, new("https://www.twilio.com/docs/errors/"+code)
		}
		if r.rest[0] == "Calls" {
			b.URI = accountPath(n.Account) + "/Calls/" + string(n.Call) + "/Notifications/" + string(n.SID) + ".json"
		}
		return b
	}
}

// listNotifications lists the debug log of the account or of a call, newest first: GET /Notifications.
func (s *server) listNotifications(r *request) (answer, error) {
	if s.cfg.Debug == nil {
		return answer{}, notFound(r.URL.Path)
	}
	f := s.fields(r.query)
	filter := account.NotificationFilter{Account: r.account.SID, Level: f.text("Log")}
	if filter.Level != "" && filter.Level != "0" && filter.Level != "1" {
		f.refuse(20001, "Log is not valid: 0 is errors, 1 is warnings, not %q", clip(filter.Level))
	}
	filter.At.From, filter.At.Before = f.span("MessageDate")
	l, err := f.readList()
	if err != nil {
		return answer{}, err
	}
	if r.rest[0] == "Calls" {
		if filter.Call, err = sid.Parse[sid.Call](r.ids[0]); err != nil {
			return answer{}, notFound(r.URL.Path)
		}
	}
	filter.Page = l.asked()
	list, next, err := s.cfg.Debug.Notifications(r.Context(), filter)
	if err != nil {
		return answer{}, err
	}
	path := accountPath(r.account.SID) + "/" + strings.Join(r.rest, "/") + ".json"
	keep := []string{"Log", "MessageDate", "MessageDate<", "MessageDate>"}
	return listed(l, r, path, "notifications", keep, next, list, s.notificationJSON(r)), nil
}

// fetchNotification shows an entry with the whole request and its answer: GET /Notifications/NO….
func (s *server) fetchNotification(r *request) (answer, error) {
	id, err := sid.Parse[sid.Notification](r.id)
	if err != nil || s.cfg.Debug == nil {
		return answer{}, notFound(r.URL.Path)
	}
	n, err := s.cfg.Debug.Notification(r.Context(), r.account.SID, id)
	if err == nil && r.rest[0] == "Calls" && string(n.Call) != r.ids[0] {
		err = account.ErrNotFound
	}
	if err != nil {
		return answer{}, err
	}
	return answer{status: http.StatusOK, body: wholeNotificationBody{
		notificationBody: s.notificationJSON(r)(n), RequestVariables: n.Exchange.Params.Encode(),
		ResponseBody: n.Exchange.Body, ResponseHeaders: url.Values(n.Exchange.Header).Encode(),
	}}, nil
}

// eventBody is Twilio's Event resource: a request and its answer.
type eventBody struct {
	Request  eventRequest  `json:"request"`
	Response eventResponse `json:"response"`
}

type eventRequest struct {
	Method     string            `json:"method"`
	Parameters map[string]string `json:"parameters"`
	URL        string            `json:"url"`
}

type eventResponse struct {
	ContentType     *string `json:"content_type"`
	DateCreated     *string `json:"date_created"`
	RequestDuration int64   `json:"request_duration"` // milliseconds
	ResponseBody    string  `json:"response_body"`
	ResponseCode    *int    `json:"response_code"`
}

func eventJSON(e account.Exchange) eventBody {
	b := eventBody{
		Request: eventRequest{Method: cmp.Or(e.Method, http.MethodPost), Parameters: map[string]string{}, URL: e.URL},
		Response: eventResponse{
			ContentType: orNull(http.Header(e.Header).Get("Content-Type")), DateCreated: date(e.At),
			RequestDuration: int64(e.Took / time.Millisecond), ResponseBody: e.Body,
		},
	}
	for name, values := range e.Params {
		b.Request.Parameters[name] = strings.Join(values, ",")
	}
	if e.Status != 0 {
		b.Response.ResponseCode = &e.Status
	}
	return b
}

// listEvents lists what was asked of the owner's server for a call, newest first: GET /Calls/CA…/Events.
func (s *server) listEvents(r *request) (answer, error) {
	id, err := sid.Parse[sid.Call](r.ids[0])
	if err != nil || s.cfg.Debug == nil {
		return answer{}, notFound(r.URL.Path)
	}
	l, err := s.fields(r.query).readList()
	if err != nil {
		return answer{}, err
	}
	list, next, err := s.cfg.Debug.Exchanges(r.Context(), r.account.SID, id, l.asked())
	if err != nil {
		return answer{}, err
	}
	path := accountPath(r.account.SID) + "/Calls/" + string(id) + "/Events.json"
	return listed(l, r, path, "events", nil, next, list, eventJSON), nil
}
