package rest

import (
	"encoding/json"
	"errors"
	"net/http"
	"strings"
	"time"

	"github.com/kaden-project/kaden/sid"
)

// pageRoutes are the messages between an app's server and the page of a browser that is on a call.
var pageRoutes = routes{
	"Calls/*/UserDefinedMessages":               {http.MethodPost: (*server).sendToPage},
	"Calls/*/UserDefinedMessageSubscriptions":   {http.MethodPost: (*server).subscribeToPage},
	"Calls/*/UserDefinedMessageSubscriptions/*": {http.MethodDelete: (*server).unsubscribeFromPage},
}

// Pages are the browsers on calls.
type Pages interface {
	// Send says something (JSON) to the page of a call. [ErrNoPage] says that none is connected.
	Send(call sid.Call, content string) (sid.UserMessage, error)
	// Subscribe lets a server be told what the page of a call says, until the call ends.
	Subscribe(account sid.Account, call sid.Call, callback, method string) sid.Subscription
	// Unsubscribe ends that; it tells whether there was such a subscription.
	Unsubscribe(account sid.Account, call sid.Call, id sid.Subscription) bool
}

// ErrNoPage is answered by Pages for a call without a browser, or one that is not connected at the moment.
var ErrNoPage = errors.New("no page is on this call at the moment")

// mostContent is how long a message to a page may be, in bytes.
const mostContent = 10 << 10

// pageMessageBody is Twilio's UserDefinedMessage resource, and with a URI a UserDefinedMessageSubscription.
type pageMessageBody struct {
	AccountSID  sid.Account `json:"account_sid"`
	CallSID     sid.Call    `json:"call_sid"`
	DateCreated *string     `json:"date_created"`
	SID         string      `json:"sid"`
	URI         string      `json:"uri,omitempty"`
}

// sendToPage says something to a browser: POST /Calls/CA…/UserDefinedMessages.
func (s *server) sendToPage(r *request) (answer, error) {
	if s.cfg.Pages == nil {
		return answer{}, notFound(r.URL.Path)
	}
	c, err := s.liveCall(r)
	if err != nil {
		return answer{}, err
	}
	f := s.fields(r.form)
	content := f.text("Content")
	switch {
	case content == "":
		f.refuse(20001, "Content is required")
	case len(content) > mostContent:
		f.refuse(20001, "Content is longer than %d bytes", mostContent)
	case !json.Valid([]byte(content)):
		f.refuse(20001, "Content is not JSON")
	}
	if f.err != nil {
		return answer{}, f.err
	}
	id, err := s.cfg.Pages.Send(c.SID(), content)
	if errors.Is(err, ErrNoPage) {
		return answer{}, invalid(21220, "Invalid call state: %s", ErrNoPage)
	}
	if err != nil {
		return answer{}, err
	}
	return answer{status: http.StatusCreated, body: pageMessageBody{
		AccountSID: r.account.SID, CallSID: c.SID(), DateCreated: date(time.Now()), SID: string(id),
	}}, nil
}

// subscribeToPage has a server told what a browser says: POST /Calls/CA…/UserDefinedMessageSubscriptions.
func (s *server) subscribeToPage(r *request) (answer, error) {
	if s.cfg.Pages == nil {
		return answer{}, notFound(r.URL.Path)
	}
	c, err := s.liveCall(r)
	if err != nil {
		return answer{}, err
	}
	f := s.fields(r.form)
	callback, method := f.link("Callback", 21205), f.method("Method")
	if callback == "" {
		f.refuse(21205, "Callback is required")
	}
	if f.err != nil {
		return answer{}, f.err
	}
	id := s.cfg.Pages.Subscribe(r.account.SID, c.SID(), callback, method)
	return answer{status: http.StatusCreated, body: pageMessageBody{
		AccountSID: r.account.SID, CallSID: c.SID(), DateCreated: date(time.Now()), SID: string(id),
		URI: strings.TrimSuffix(r.URL.Path, ".json") + "/" + string(id) + ".json",
	}}, nil
}

// unsubscribeFromPage ends that: DELETE /Calls/CA…/UserDefinedMessageSubscriptions/ZY….
func (s *server) unsubscribeFromPage(r *request) (answer, error) {
	call, err := sid.Parse[sid.Call](r.ids[0])
	id, bad := sid.Parse[sid.Subscription](r.ids[1])
	if err != nil || bad != nil || s.cfg.Pages == nil || !s.cfg.Pages.Unsubscribe(r.account.SID, call, id) {
		return answer{}, notFound(r.URL.Path)
	}
	return answer{status: http.StatusNoContent}, nil
}
