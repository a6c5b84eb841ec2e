package rest

import (
	"context"
	"errors"
	"net/http"
	"regexp"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/kaden-project/kaden/message"
	"github.com/kaden-project/kaden/number"
	"github.com/kaden-project/kaden/sid"
)

// Messages sends short messages and remembers them. What it does not have is message.ErrNotFound.
type Messages interface {
	// Send returns when the message is kept; it leaves after that. The error is message.ErrNoCarrier, a
	// *message.Refusal, or ours.
	Send(ctx context.Context, o message.Order) (message.Record, error)
	Message(ctx context.Context, account sid.Account, id sid.Message) (message.Record, error)
	Messages(ctx context.Context, f message.Filter) (list []message.Record, next int64, err error)
	ChangeMessage(ctx context.Context, c message.Change) error
	DeleteMessage(ctx context.Context, account sid.Account, id sid.Message) error
}

// messageRoutes are the short messages of an account. Pictures do not exist here: Media is an empty list.
var messageRoutes = routes{
	"Messages":         {http.MethodGet: (*server).listMessages, http.MethodPost: (*server).createMessage},
	"Messages/*":       {http.MethodGet: (*server).fetchMessage, http.MethodPost: (*server).updateMessage, http.MethodDelete: (*server).deleteMessage},
	"Messages/*/Media": {http.MethodGet: (*server).listMedia},
}

// messageBody is Twilio's Message resource.
type messageBody struct {
	AccountSID          sid.Account       `json:"account_sid"`
	APIVersion          string            `json:"api_version"`
	Body                string            `json:"body"`
	DateCreated         *string           `json:"date_created"`
	DateSent            *string           `json:"date_sent"`
	DateUpdated         *string           `json:"date_updated"`
	Direction           message.Direction `json:"direction"`
	ErrorCode           *int              `json:"error_code"`
	ErrorMessage        *string           `json:"error_message"`
	From                string            `json:"from"`
	MessagingServiceSID *string           `json:"messaging_service_sid"`
	NumMedia            string            `json:"num_media"`
	NumSegments         string            `json:"num_segments"`
	Price               *string           `json:"price"`
	PriceUnit           *string           `json:"price_unit"`
	SID                 sid.Message       `json:"sid"`
	Status              message.Status    `json:"status"`
	SubresourceURIs     map[string]string `json:"subresource_uris"`
	To                  string            `json:"to"`
	URI                 string            `json:"uri"`
}

func messageJSON(r message.Record) messageBody {
	base := accountPath(r.Account) + "/Messages/" + string(r.SID)
	b := messageBody{
		AccountSID: r.Account, APIVersion: apiVersion, Body: r.Body, DateCreated: date(r.Created), DateSent: date(r.Sent), DateUpdated: date(r.Updated),
		Direction: r.Direction, ErrorMessage: orNull(r.ErrorText), From: r.From, NumMedia: "0", NumSegments: strconv.Itoa(r.Segments),
		PriceUnit: orNull(r.Price.Currency), SID: r.SID, Status: r.Status, SubresourceURIs: map[string]string{"media": base + "/Media.json"}, To: r.To, URI: base + ".json",
	}
	if r.ErrorCode != 0 {
		b.ErrorCode = &r.ErrorCode
	}
	if r.Price.Known() {
		b.Price = new(negative(r.Price.Amount))
	}
	return b
}

// senderName is what a carrier may show in place of a number: eleven letters, digits and spaces, one letter at least.
var senderName = regexp.MustCompile(`^[A-Za-z0-9 ]{0,10}[A-Za-z][A-Za-z0-9 ]{0,10}$`)

// readMessage makes an order of the parameters of a create (Twilio: Messages, "Create a Message").
func (f *fields) readMessage() (message.Order, error) {
	o := message.Order{
		To: f.writeTo(), Body: f.Get("Body"),
		Callback: message.Callback{URL: f.link("StatusCallback", 21609)},
	}
	o.From = f.writeFrom(strings.HasPrefix(o.To, "sip:"))
	switch {
	case len(f.Values["MediaUrl"]) > 0:
		f.refuse(12300, "MediaUrl is not valid: kaden sends text, and no pictures; put the link into Body")
	case f.text("ContentSid") != "":
		f.refuse(20001, "ContentSid is not valid: there are no content templates here; give Body")
	case f.text("SendAt") != "" || f.text("ScheduleType") != "":
		f.refuse(35111, "SendAt is not valid: kaden sends at once; ask again when it is time")
	case o.Body == "":
		f.refuse(21602, "Body is required: what is to be written?")
	}
	if n := utf8.RuneCountInString(o.Body); n > message.MaxBody {
		f.refuse(21617, "Body has %d characters; %d are allowed", n, message.MaxBody)
	}
	return o, f.err
}

// writeTo reads whom to write to: a number, or a SIP address, which Twilio does not write to.
func (f *fields) writeTo() string {
	s := f.address("To")
	if s == "" {
		f.refuse(21604, "To is required: a mobile number in E.164 form, or a sip: address")
		return ""
	}
	a, err := f.parse(s)
	switch {
	case err != nil:
		f.refuse(21211, "To is not valid: %v", err)
	case a.Scheme == number.SIP:
		return a.String()
	case a.Scheme != number.Tel:
		f.refuse(21211, "To is not valid: a short message goes to a telephone number or a sip: address, not to %s", clip(s))
	default:
		class := a.Number.Class()
		if ok, why := class.Dialable(); !ok {
			f.refuse(21211, "To %s is not a number that can be written to: %s", a.Number, why)
		} else if class != number.Mobile && class != number.Abroad {
			f.refuse(21614, "To %s is not a mobile number: %s numbers get no short messages", a.Number, class)
		}
	}
	return string(a.Number)
}

// writeFrom reads who writes: a number of ours, or a name; to a SIP address (sip) also such an address.
func (f *fields) writeFrom(sip bool) string {
	s := f.address("From")
	switch {
	case f.text("MessagingServiceSid") != "":
		f.refuse(21701, "MessagingServiceSid %q does not exist: there are no messaging services here; give From", clip(f.text("MessagingServiceSid")))
		return ""
	case s == "":
		f.refuse(21603, "From is required: the number that writes")
		return ""
	}
	if senderName.MatchString(s) && len(s) <= 11 {
		return s
	}
	a, err := f.parse(s)
	switch {
	case err != nil:
		f.refuse(21212, "From is not valid: %v", err)
	case a.Scheme == number.SIP && sip:
		return a.String()
	case a.Scheme != number.Tel:
		f.refuse(21606, "From is not valid: a short message comes from a telephone number, not from %s", clip(s))
	}
	return string(a.Number)
}

// createMessage sends a message: POST /Messages.
func (s *server) createMessage(r *request) (answer, error) {
	if s.cfg.Messages == nil {
		return answer{}, notFound(r.URL.Path)
	}
	o, err := s.fields(r.form).readMessage()
	if err != nil {
		return answer{}, err
	}
	o.Account = r.account.SID
	record, err := s.cfg.Messages.Send(r.Context(), o)
	var no *message.Refusal
	switch {
	case errors.Is(err, message.ErrNoCarrier):
		return answer{}, invalid(21606, "From %s cannot send short messages: %v", o.From, err)
	case errors.As(err, &no):
		return answer{}, invalid(no.Code, "The message cannot be sent to %s: %s", o.To, no.Text)
	case errors.Is(err, message.ErrShutdown):
		return answer{}, refused(http.StatusServiceUnavailable, 20503, "Service unavailable: %v", err)
	case err != nil:
		return answer{}, err
	}
	return answer{status: http.StatusCreated, body: messageJSON(record)}, nil
}

// message finds the message that is named in the path. SM and MM are the same here.
func (s *server) message(r *request) (message.Record, error) {
	id, err := sid.Parse[sid.Message](r.id)
	if err != nil || s.cfg.Messages == nil {
		return message.Record{}, notFound(r.URL.Path)
	}
	record, err := s.cfg.Messages.Message(r.Context(), r.account.SID, id)
	if errors.Is(err, message.ErrNotFound) {
		err = notFound(r.URL.Path)
	}
	return record, err
}

// fetchMessage shows a message: GET /Messages/SM….
func (s *server) fetchMessage(r *request) (answer, error) {
	record, err := s.message(r)
	if err != nil {
		return answer{}, err
	}
	return answer{status: http.StatusOK, body: messageJSON(record)}, nil
}

// updateMessage takes the words of a message away (Body="") : POST /Messages/SM…. It cannot be called back:
// it leaves at once.
func (s *server) updateMessage(r *request) (answer, error) {
	record, err := s.message(r)
	if err != nil {
		return answer{}, err
	}
	body, redact := r.form["Body"]
	switch {
	case r.form.Get("Status") != "" && r.form.Get("Status") != string(message.Canceled):
		return answer{}, invalid(20001, "Status is not valid: a message can be canceled, and nothing else")
	case r.form.Get("Status") != "":
		return answer{}, refused(http.StatusBadRequest, 30409, "Message %s cannot be canceled: it is %s, and kaden sends at once", record.SID, record.Status)
	case redact && body[0] != "":
		return answer{}, invalid(20001, "Body can be emptied, and not changed: what was sent was sent")
	case redact && !record.Status.Final():
		return answer{}, notComplete(record)
	case redact:
		record.Body = ""
		if err := s.cfg.Messages.ChangeMessage(r.Context(), message.Change{Record: record}); err != nil {
			return answer{}, err
		}
	}
	return answer{status: http.StatusOK, body: messageJSON(record)}, nil
}

func notComplete(r message.Record) error {
	return refused(http.StatusConflict, 20009, "Message %s is %s; only one that is over can be changed or deleted", r.SID, r.Status)
}

// deleteMessage forgets a message that is over: DELETE /Messages/SM….
func (s *server) deleteMessage(r *request) (answer, error) {
	record, err := s.message(r)
	if err != nil {
		return answer{}, err
	}
	if !record.Status.Final() && record.Status != message.Sent {
		return answer{}, notComplete(record)
	}
	if err := s.cfg.Messages.DeleteMessage(r.Context(), r.account.SID, record.SID); err != nil {
		return answer{}, err
	}
	return answer{status: http.StatusNoContent}, nil
}

var messageFilters = []string{"To", "From", "DateSent", "DateSent<", "DateSent>"}

// listMessages lists messages, newest first: GET /Messages.
func (s *server) listMessages(r *request) (answer, error) {
	if s.cfg.Messages == nil {
		return answer{}, notFound(r.URL.Path)
	}
	f := s.fields(r.query)
	filter := message.Filter{Account: r.account.SID, To: f.party("To"), From: f.party("From")}
	filter.SentFrom, filter.SentTo = f.span("DateSent")
	l, err := f.readList()
	if err != nil {
		return answer{}, err
	}
	filter.After, filter.Limit = l.after, l.size
	list, next, err := s.cfg.Messages.Messages(r.Context(), filter)
	if err != nil {
		return answer{}, err
	}
	return listed(l, r, accountPath(r.account.SID)+"/Messages.json", "messages", messageFilters, next, list, messageJSON), nil
}

// listMedia is the empty list of what came with a message: GET /Messages/SM…/Media.
func (s *server) listMedia(r *request) (answer, error) {
	record, err := s.message(r)
	if err != nil {
		return answer{}, err
	}
	l, err := s.fields(r.query).readList()
	if err != nil {
		return answer{}, err
	}
	return listed(l, r, accountPath(r.account.SID)+"/Messages/"+string(record.SID)+"/Media.json", "media_list", nil, 0, []message.Record(nil), messageJSON), nil
}
