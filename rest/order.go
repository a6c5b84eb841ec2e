package rest

import (
	"net/url"
	"regexp"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/kaden-project/kaden/call"
	"github.com/kaden-project/kaden/number"
)

// Limits of the Calls resource.
const (
	longestTwiML = 4000 // characters
	longestRing  = 600  // seconds
	longestCall  = 24 * 60 * 60
)

var (
	digits    = regexp.MustCompile(`^[0-9A-Da-d#*wW]{1,32}$`)
	extension = regexp.MustCompile(`^[0-9#*wW]{1,32}$`)
	userName  = regexp.MustCompile(`^[A-Za-z0-9_.+-]{1,64}$`) // as From of a call to a SIP URI or a browser
)

// readOrder makes an order of the parameters of a create. Those that kaden does not act on are let through unread:
// docs/divergences.md names them.
func (f *fields) readOrder() (call.Order, error) {
	o := call.Order{
		Direction: call.OutboundAPI,
		To:        f.to(),
	}
	o.From, o.Headers = f.from(o.To.Scheme), f.pageParameters()
	o.Program = f.program()
	if o.Program.URL != "" {
		o.Program.TwiML = "" // the Calls page: Twiml is not looked at when there is a Url
	}
	if o.Program.URL == "" && o.Program.TwiML == "" && f.text("ApplicationSid") == "" {
		f.refuse(21205, "Url is required, or Twiml, or ApplicationSid: what is the call to do when it is answered?")
	}
	o.Callback = f.callback()
	o.Ring = f.seconds("Timeout", 21208, longestRing)
	o.TimeLimit = f.seconds("TimeLimit", 20001, longestCall)
	if o.SendDigits = f.text("SendDigits"); o.SendDigits != "" && !digits.MatchString(o.SendDigits) {
		f.refuse(21206, "SendDigits is not valid: %q is not 1 to 32 of 0-9 A-D # * w W", clip(o.SendDigits))
	}
	if o.Detection = f.detection(); o.SendDigits != "" {
		o.Detection = nil // the Calls page: with SendDigits it is ignored
	}
	o.SIPUser, o.SIPPassword = f.secret("SipAuthUsername"), f.secret("SipAuthPassword")
	o.Tape = f.tape()
	return o, f.err
}

// to reads whom to call.
func (f *fields) to() number.Address {
	s := f.address("To")
	if s == "" {
		f.refuse(21201, "To is required: a number in E.164 form, a sip: URI or a client: name")
		return number.Address{}
	}
	if name, _, ok := strings.Cut(s, "?"); ok && strings.HasPrefix(s, "client:") {
		s = name // what follows is for the browser's page; see pageParameters
	}
	a, err := f.parse(s)
	if err != nil {
		f.refuse(21211, "To is not valid: %v", err)
		return number.Address{}
	}
	if a.Scheme == number.Tel {
		if ok, why := a.Number.Class().Dialable(); !ok {
			f.refuse(21211, "To %s is not a number that can be called: %s", a.Number, why)
		}
	}
	return a
}

// pageParameters are what To=client:sato?subject=disk brings to the page; nil for all other addresses.
func (f *fields) pageParameters() map[string]string {
	s := f.address("To")
	_, query, ok := strings.Cut(s, "?")
	if !ok || !strings.HasPrefix(s, "client:") {
		return nil
	}
	values, err := url.ParseQuery(query)
	if err != nil {
		f.refuse(21211, "To is not valid: the parameters behind the ? cannot be read")
		return nil
	}
	out := map[string]string{}
	for name := range values {
		out[name] = values.Get(name)
	}
	return out
}

// from reads the caller ID for a call over a line of the scheme.
func (f *fields) from(to number.Scheme) string {
	s := f.address("From")
	if s == "" {
		f.refuse(21213, "From is required: the number, or the name, that the called one sees")
		return ""
	}
	a, err := f.parse(s)
	if err != nil && to != number.Tel && userName.MatchString(s) {
		return s
	}
	switch {
	case err != nil:
		f.refuse(21212, "From is not valid: %v", err)
	case a.Scheme == number.Tel:
		if ok, why := a.Number.Class().Dialable(); !ok && to == number.Tel {
			f.refuse(21212, "From %s is not a number that can be shown: %s", a.Number, why)
		}
	case to == number.Tel:
		f.refuse(21212, "From is not valid: a telephone number is called from a telephone number, not from %s", clip(s))
	}
	return written(a)
}

// program reads where a call's TwiML comes from.
func (f *fields) program() call.Program {
	p := call.Program{
		URL: f.link("Url", 21205), Method: f.method("Method"), TwiML: f.text("Twiml"),
		FallbackURL: f.link("FallbackUrl", 21205), FallbackMethod: f.method("FallbackMethod"),
	}
	if n := utf8.RuneCountInString(p.TwiML); n > longestTwiML {
		f.refuse(20001, "Twiml has %d characters; %d are allowed: put the document behind a Url", n, longestTwiML)
	}
	return p
}

// events are those of a call that can be subscribed to, in the order in which they come.
var events = []string{"initiated", "ringing", "answered", "completed"}

// callback reads who is to be told of the call. Events that do not exist are passed over, as Twilio does
// with a warning (21626).
func (f *fields) callback() call.Callback {
	c := call.Callback{URL: f.link("StatusCallback", 21609), Method: f.method("StatusCallbackMethod")}
	wanted := f.words("StatusCallbackEvent")
	for _, e := range events {
		if slices.Contains(wanted, e) {
			c.Events = append(c.Events, e)
		}
	}
	return c
}

// detection reads whether, and how, machines are to be told from people; nil is not at all. What is given is
// checked even then.
func (f *fields) detection() *call.Detection {
	d := &call.Detection{
		Timeout:         f.number("MachineDetectionTimeout", 20001, time.Second, 3, 60),
		SpeechThreshold: f.number("MachineDetectionSpeechThreshold", 20001, time.Millisecond, 1000, 6000),
		SpeechEnd:       f.number("MachineDetectionSpeechEndThreshold", 20001, time.Millisecond, 500, 5000),
		Silence:         f.number("MachineDetectionSilenceTimeout", 20001, time.Millisecond, 2000, 10000),
		URL:             f.link("AsyncAmdStatusCallback", 21609),
		Method:          f.method("AsyncAmdStatusCallbackMethod"),
	}
	switch async := f.text("AsyncAmd"); strings.ToLower(async) {
	case "", "false":
		d.Wait, d.URL = true, "" // the program is told instead
	case "true":
	default:
		f.refuse(20001, "AsyncAmd is not valid: %q is neither true nor false", clip(async))
	}
	switch mode := f.text("MachineDetection"); strings.ToLower(mode) {
	case "":
		return nil
	case "enable":
	case "detectmessageend":
		d.Message = true
	default:
		f.refuse(20001, "MachineDetection is not valid: %q is neither Enable nor DetectMessageEnd", clip(mode))
	}
	return d
}

// secret reads half of a digest's credentials.
func (f *fields) secret(name string) string {
	s := f.Get(name)
	if len(s) > 256 || strings.ContainsFunc(s, func(r rune) bool { return r < ' ' || r == 0x7f }) {
		f.refuse(20001, "%s is not valid: at most 256 characters, none of them a control", name)
		return ""
	}
	return s
}

// change is what an update asks for; the zero change is a read.
type change struct {
	status  call.Status // Canceled, Completed or ""
	program call.Program
}

// redirects tells whether the call is to go on with another program.
func (c change) redirects() bool { return c.program.URL != "" || c.program.TwiML != "" }

// readChange makes a change of the parameters of an update.
func (f *fields) readChange() (change, error) {
	var c change
	switch status := call.Status(f.text("Status")); status {
	case "", call.Canceled, call.Completed:
		c.status = status
	default:
		f.refuse(20001, "Status is not valid: a call can be made %s or %s, not %q", call.Canceled, call.Completed, clip(string(status)))
	}
	c.program = f.program()
	if c.program.URL != "" && c.program.TwiML != "" {
		f.refuse(20001, "Url and Twiml exclude each other")
	}
	f.callback()
	f.seconds("TimeLimit", 20001, longestCall)
	return c, f.err
}

// readFilter makes a filter of the query of a list.
func (f *fields) readFilter() (call.Filter, error) {
	c := call.Filter{To: f.party("To"), From: f.party("From")}
	if s := f.text("ParentCallSid"); s != "" {
		c.Parent = f.sid("ParentCallSid", s)
	}
	switch c.Status = call.Status(f.text("Status")); c.Status {
	case "", call.Queued, call.Ringing, call.InProgress, call.Completed, call.Busy, call.Failed, call.NoAnswer, call.Canceled:
	default:
		f.refuse(20001, "Status is not valid: no call is ever %q", clip(string(c.Status)))
	}
	c.StartedFrom, c.StartedTo = f.span("StartTime")
	c.EndedFrom, c.EndedTo = f.span("EndTime")
	return c, f.err
}

// party is To or From of a filter, spelled as it is kept; what is no address is compared as it is.
func (f *fields) party(name string) string {
	s := f.address(name)
	if a, err := f.parse(s); err == nil {
		return written(a)
	}
	return s
}

// span reads the three names of a time: StartTime on that day or second, "StartTime>" on or after, "StartTime<"
// before. The sign is part of the name. Hand-written StartTime>=2026-01-02 comes to the same.
func (f *fields) span(name string) (from, before time.Time) {
	if at, unit := f.moment(name); unit != 0 {
		from, before = at, at.Add(unit)
	}
	if at, unit := f.moment(name + ">"); unit != 0 && at.After(from) {
		from = at
	}
	if at, unit := f.moment(name + "<"); unit != 0 && (before.IsZero() || at.Before(before)) {
		before = at
	}
	return from, before
}

// moment reads a date or a time; unit says which: a day, a second, or 0 for none. twilio-java sends no zone.
func (f *fields) moment(name string) (at time.Time, unit time.Duration) {
	s := f.text(name)
	if s == "" {
		return time.Time{}, 0
	}
	if at, err := time.Parse(time.DateOnly, s); err == nil {
		return at, 24 * time.Hour
	}
	if i := len(s) - len("+09:00"); i > 0 && s[i] == ' ' { // a + that was not encoded
		s = s[:i] + "+" + s[i+1:]
	}
	for _, layout := range []string{time.RFC3339, "2006-01-02T15:04:05"} {
		if at, err := time.Parse(layout, s); err == nil {
			return at.UTC().Truncate(time.Second), time.Second
		}
	}
	f.refuse(20001, "%s is not valid: %q is neither a date (2026-01-31) nor a time (2026-01-31T15:04:05Z)", name, clip(s))
	return time.Time{}, 0
}
