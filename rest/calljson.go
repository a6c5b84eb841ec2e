package rest

import (
	"strconv"
	"strings"
	"time"

	"github.com/kaden-project/kaden/call"
	"github.com/kaden-project/kaden/sid"
	"github.com/kaden-project/kaden/tariff"
)

// callBody is Twilio's Call resource. Every property is always there; numbers are strings; what is not known is null.
type callBody struct {
	AccountSID      sid.Account       `json:"account_sid"`
	AnsweredBy      *string           `json:"answered_by"`
	APIVersion      string            `json:"api_version"`
	CallerName      *string           `json:"caller_name"`
	DateCreated     *string           `json:"date_created"`
	DateUpdated     *string           `json:"date_updated"`
	Direction       call.Direction    `json:"direction"`
	Duration        *string           `json:"duration"`
	EndTime         *string           `json:"end_time"`
	ForwardedFrom   *string           `json:"forwarded_from"`
	From            string            `json:"from"`
	FromFormatted   string            `json:"from_formatted"`
	GroupSID        *string           `json:"group_sid"`
	ParentCallSID   *string           `json:"parent_call_sid"`
	PhoneNumberSID  *string           `json:"phone_number_sid"`
	Price           *string           `json:"price"`
	PriceUnit       string            `json:"price_unit"`
	QueueTime       string            `json:"queue_time"`
	SID             sid.Call          `json:"sid"`
	StartTime       *string           `json:"start_time"`
	Status          call.Status       `json:"status"`
	SubresourceURIs map[string]string `json:"subresource_uris"`
	To              string            `json:"to"`
	ToFormatted     string            `json:"to_formatted"`
	TrunkSID        *string           `json:"trunk_sid"`
	URI             string            `json:"uri"`
}

// callParts are the resources below a call, by their key in subresource_uris.
var callParts = map[string]string{
	"events": "Events", "notifications": "Notifications", "payments": "Payments", "recordings": "Recordings",
	"siprec": "Siprec", "streams": "Streams", "transcriptions": "Transcriptions",
	"user_defined_message_subscriptions": "UserDefinedMessageSubscriptions", "user_defined_messages": "UserDefinedMessages",
}

// callJSON is a call as Twilio shows it.
func callJSON(r call.Record) callBody {
	base := accountPath(r.Account) + "/Calls/" + string(r.SID)
	b := callBody{
		AccountSID: r.Account, AnsweredBy: orNull(r.AnsweredBy), APIVersion: apiVersion,
		DateCreated: date(r.Created), DateUpdated: date(r.Updated), Direction: r.Direction,
		EndTime: date(r.Ended), StartTime: date(r.Started),
		From: r.From, FromFormatted: formatted(r.From), To: r.To, ToFormatted: formatted(r.To),
		ParentCallSID: orNull(string(r.Parent)), PriceUnit: "USD", QueueTime: "0",
		SID: r.SID, Status: shown(r.Status), SubresourceURIs: subresources(base, callParts), URI: base + ".json",
	}
	if r.Status.Over() {
		b.Duration = orNull(strconv.FormatInt(int64(r.Duration()/time.Second), 10))
	}
	if r.Price.Known() {
		b.Price, b.PriceUnit = new(negative(r.Price.Amount)), r.Price.Currency
	}
	return b
}

// negative is a charge as Twilio writes it.
func negative(a tariff.Amount) string {
	if a == 0 {
		return a.Fixed()
	}
	return "-" + a.Fixed()
}

// shown is a status as the REST API knows it: initiated exists in callbacks alone.
func shown(s call.Status) call.Status {
	if s == call.Initiated {
		return call.Queued
	}
	return s
}

const apiVersion = "2010-04-01"

// rfc2822 is how Twilio writes times, always in UTC.
const rfc2822 = "Mon, 02 Jan 2006 15:04:05 -0700"

func date(t time.Time) *string {
	if t.IsZero() {
		return nil
	}
	return new(t.UTC().Format(rfc2822))
}

func orNull(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}

// formatted is a number as people of North America write it; every other one stays as it is.
func formatted(s string) string {
	national, ok := strings.CutPrefix(s, "+1")
	if !ok || len(national) != 10 {
		return s
	}
	return "(" + national[:3] + ") " + national[3:6] + "-" + national[6:]
}

func subresources(base string, parts map[string]string) map[string]string {
	out := make(map[string]string, len(parts))
	for key, name := range parts {
		out[key] = base + "/" + name + ".json"
	}
	return out
}

func accountPath(id sid.Account) string { return "/" + apiVersion + "/Accounts/" + string(id) }
