package call

import (
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/kaden-project/kaden/leg"
	"github.com/kaden-project/kaden/number"
	"github.com/kaden-project/kaden/sid"
)

// apiVersion is the version of Twilio's API that all of this is.
const apiVersion = "2010-04-01"

// rfc2822 is how Twilio writes times in callbacks, always in UTC.
const rfc2822 = "Mon, 02 Jan 2006 15:04:05 -0700"

// Params are the parameters of every request about a call: contract 1.2. status is what the request
// says of it, which for a callback may be Initiated.
func (r Record) Params(status Status) url.Values {
	v := url.Values{
		"CallSid":    {string(r.SID)},
		"AccountSid": {string(r.Account)},
		"From":       {r.From},
		"To":         {r.To},
		"Caller":     {r.From},
		"Called":     {r.To},
		"CallStatus": {string(status)},
		"ApiVersion": {apiVersion},
		"Direction":  {string(r.Direction)},
	}
	if r.Parent != "" {
		v.Set("ParentCallSid", string(r.Parent))
	}
	if r.AnsweredBy != "" {
		v.Set("AnsweredBy", r.AnsweredBy)
	}
	country(v, r.From, "FromCountry", "CallerCountry")
	country(v, r.To, "ToCountry", "CalledCountry")
	return v
}

func country(v url.Values, who string, keys ...string) {
	if !strings.HasPrefix(who, "+") {
		return
	}
	if c := number.Number(who).Country(); c != "" {
		for _, k := range keys {
			v.Set(k, c)
		}
	}
}

// addSIP adds what Twilio tells of a call that came in by SIP.
func addSIP(v url.Values, i leg.Info, domain sid.Domain) {
	rest, ok := cutScheme(i.To, "sip", "sips")
	if !i.Inbound || !ok {
		return
	}
	_, host, _ := strings.Cut(rest, "@")
	host, _, _ = strings.Cut(host, ";")
	if _, domain, ok := strings.Cut(i.Phone, "@"); ok {
		host = domain
	}
	v.Set("SipDomain", strings.TrimSuffix(host, ":5060"))
	if domain != "" {
		v.Set("SipDomainSid", string(domain))
	}
	v.Set("SipCallId", i.CallID)
	if ip, _, ok := cutLast(i.Source, ":"); ok {
		v.Set("SipSourceIp", strings.Trim(ip, "[]"))
	}
	for name, value := range i.Headers {
		if len(name) > 2 && strings.EqualFold(name[:2], "x-") {
			v.Set("SipHeader_"+name, value)
		}
	}
}

// callbackParams are those of a status callback: contract 4.3.
func callbackParams(r Record, status Status, at time.Time, seq int) url.Values {
	v := r.Params(status)
	v.Set("Timestamp", at.UTC().Format(rfc2822))
	v.Set("CallbackSource", "call-progress-events")
	v.Set("SequenceNumber", strconv.Itoa(seq))
	if status.Over() {
		seconds := int(r.Duration() / time.Second)
		v.Set("CallDuration", strconv.Itoa(seconds))
		v.Set("Duration", strconv.Itoa((seconds+59)/60)) // minutes, as they are charged
		if code := responseCode(r); code != 0 {
			v.Set("SipResponseCode", strconv.Itoa(code))
		}
	}
	return v
}

// twilio is an address as Twilio writes it: a bare number with its plus, all else with its scheme.
func twilio(a number.Address) string {
	if a.Scheme == number.Tel {
		return string(a.Number)
	}
	return a.String()
}

// party is From or To of an inbound leg in Twilio's form: a telephone number where there is one.
func party(uri string) string {
	user := userOf(uri)
	if number.Withheld(uri) {
		return "anonymous"
	}
	if n, err := number.Parse(user, number.Home); err == nil && strings.HasPrefix(string(n), "+") {
		return string(n)
	}
	return bare(uri)
}

// bare is a URI without its parameters.
func bare(uri string) string {
	uri, _, _ = strings.Cut(uri, ";")
	return uri
}

// userOf is who is meant in a URI: sato of sip:sato@192.0.2.7;transport=tcp and of sim:sato.
func userOf(uri string) string {
	rest, ok := cutScheme(uri, "sip", "sips", "tel", "sim", "client")
	if !ok {
		rest = uri
	}
	rest, _, _ = strings.Cut(rest, "@")
	rest, _, _ = strings.Cut(rest, ";")
	if u, err := url.PathUnescape(rest); err == nil {
		return u
	}
	return rest
}

func cutScheme(uri string, schemes ...string) (rest string, ok bool) {
	scheme, rest, found := strings.Cut(uri, ":")
	for _, s := range schemes {
		if found && strings.EqualFold(scheme, s) {
			return rest, true
		}
	}
	return "", false
}

func cutLast(s, sep string) (before, after string, ok bool) {
	if i := strings.LastIndex(s, sep); i >= 0 {
		return s[:i], s[i+len(sep):], true
	}
	return s, "", false
}
