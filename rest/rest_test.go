package rest_test

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/kaden-project/kaden/account"
	"github.com/kaden-project/kaden/call"
	"github.com/kaden-project/kaden/number"
	"github.com/kaden-project/kaden/rest"
	"github.com/kaden-project/kaden/rest/resttest"
	"github.com/kaden-project/kaden/sid"
)

const (
	owner sid.Account = "ACaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
	other sid.Account = "ACbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"
	token             = "0123456789abcdef0123456789abcdef"

	sato   = "+819011112222" // answers after 3 s
	suzuki = "+819033334444" // lets it ring
	tanaka = "+819055556666" // is busy
	us     = "+815012345678"
	base   = "/2010-04-01/Accounts/" + string(owner)
)

func people(to string) resttest.Phone {
	switch to {
	case sato:
		return resttest.Phone{Answers: 3 * time.Second}
	case tanaka:
		return resttest.Phone{Refuses: call.Busy}
	}
	return resttest.Phone{}
}

// house is the API with a desk and a store behind it.
type house struct {
	t     testing.TB
	store *resttest.Store
	desk  *spy
	http.Handler
}

// spy is a desk that remembers what it was told.
type spy struct {
	*resttest.Desk
	mu       sync.Mutex
	orders   []call.Order
	programs []call.Program
	fails    error
}

func (s *spy) Place(ctx context.Context, o call.Order) (call.Record, error) {
	s.mu.Lock()
	s.orders = append(s.orders, o)
	s.mu.Unlock()
	if s.fails != nil {
		return call.Record{}, s.fails
	}
	return s.Desk.Place(ctx, o)
}

func (s *spy) Redirect(ctx context.Context, id sid.Call, p call.Program) (call.Record, error) {
	s.mu.Lock()
	s.programs = append(s.programs, p)
	s.mu.Unlock()
	return s.Desk.Redirect(ctx, id, p)
}

func open(t testing.TB, change func(*rest.Config)) *house {
	t.Helper()
	born := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	store := resttest.NewStore(
		account.Account{SID: owner, Name: "night watch", AuthToken: token, Created: born, Updated: born},
		account.Account{SID: other, AuthToken: "ffffffffffffffffffffffffffffffff"},
		account.Account{SID: "ACcccccccccccccccccccccccccccccccc"}, // has no token yet
	)
	h := &house{t: t, store: store, desk: &spy{Desk: resttest.NewDesk(store, nil, people)}}
	cfg := rest.Config{Accounts: store, NotFound: resttest.ErrNoAccount, Calls: store, Desk: h.desk}
	if change != nil {
		change(&cfg)
	}
	h.Handler = rest.New(slog.New(slog.DiscardHandler), cfg)
	t.Cleanup(h.desk.Close)
	return h
}

// reply is an answer of the API.
type reply struct {
	t      testing.TB
	status int
	header http.Header
	raw    string
	body   map[string]any
}

func (h *house) send(r *http.Request) reply {
	h.t.Helper()
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	out := reply{t: h.t, status: w.Code, header: w.Header(), raw: w.Body.String()}
	if out.raw == "" {
		return out
	}
	if got := out.header.Get("Content-Type"); got != "application/json; charset=utf-8" {
		h.t.Errorf("%s %s: Content-Type %q", r.Method, r.URL, got)
	}
	if err := json.Unmarshal(w.Body.Bytes(), &out.body); err != nil {
		h.t.Fatalf("%s %s: %v in %s", r.Method, r.URL, err, out.raw)
	}
	return out
}

func request(method, path string, form url.Values) *http.Request {
	var body io.Reader
	if form != nil {
		body = strings.NewReader(form.Encode())
	}
	r := httptest.NewRequest(method, path, body)
	if form != nil {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	r.SetBasicAuth(string(owner), token)
	return r
}

func (h *house) get(path string) reply { h.t.Helper(); return h.send(request("GET", path, nil)) }

func (h *house) post(path string, form url.Values) reply {
	h.t.Helper()
	return h.send(request("POST", path, form))
}

// text is a property that has to be a string.
func (r reply) text(name string) string {
	r.t.Helper()
	s, ok := r.body[name].(string)
	if !ok {
		r.t.Fatalf("%s is %v (%T) in %s", name, r.body[name], r.body[name], r.raw)
	}
	return s
}

// is expects a success.
func (r reply) is(status int) reply {
	r.t.Helper()
	if r.status != status {
		r.t.Fatalf("status %d, want %d: %s", r.status, status, r.raw)
	}
	if r.header.Get("Location") != "" {
		r.t.Errorf("a redirect to %q, which twilio-go does not follow", r.header.Get("Location"))
	}
	return r
}

// refuses expects Twilio's error body, and nothing but that.
func (r reply) refuses(status, code int, words ...string) {
	r.t.Helper()
	if r.is(status).body["code"] != float64(code) || r.body["status"] != float64(status) {
		r.t.Errorf("code %v, status %v, want %d, %d: %s", r.body["code"], r.body["status"], code, status, r.raw)
	}
	if len(r.body) != 4 || r.text("more_info") != "https://www.twilio.com/docs/errors/"+strconv.Itoa(code) {
		r.t.Errorf("not Twilio's error body: %s", r.raw)
	}
	for _, w := range words {
		if !strings.Contains(r.text("message"), w) {
			r.t.Errorf("message %q does not say %q", r.text("message"), w)
		}
	}
}

// usual are the parameters of a call to sato, with changes: name, value, name, value. An empty value takes one out.
func usual(changes ...string) url.Values {
	v := url.Values{"To": {sato}, "From": {us}, "Url": {"https://example.com/voice"}}
	for i := 0; i < len(changes); i += 2 {
		if v.Del(changes[i]); changes[i+1] != "" {
			v.Set(changes[i], changes[i+1])
		}
	}
	return v
}

func TestACallFromOrderToEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := open(t, nil)
		created := h.post(base+"/Calls.json", usual("Url", "", "Twiml", `<Response><Pause length="60"/></Response>`)).is(201)
		id := created.text("sid")
		sub := base + "/Calls/" + id
		want := `{"account_sid":"` + string(owner) + `","answered_by":null,"api_version":"2010-04-01","caller_name":null,` +
			`"date_created":"Sat, 01 Jan 2000 00:00:00 +0000","date_updated":"Sat, 01 Jan 2000 00:00:00 +0000","direction":"outbound-api",` +
			`"duration":null,"end_time":null,"forwarded_from":null,"from":"+815012345678","from_formatted":"+815012345678","group_sid":null,` +
			`"parent_call_sid":null,"phone_number_sid":null,"price":null,"price_unit":"USD","queue_time":"0","sid":"` + id + `",` +
			`"start_time":null,"status":"queued","subresource_uris":{"events":"` + sub + `/Events.json","notifications":"` + sub + `/Notifications.json",` +
			`"payments":"` + sub + `/Payments.json","recordings":"` + sub + `/Recordings.json","siprec":"` + sub + `/Siprec.json",` +
			`"streams":"` + sub + `/Streams.json","transcriptions":"` + sub + `/Transcriptions.json",` +
			`"user_defined_message_subscriptions":"` + sub + `/UserDefinedMessageSubscriptions.json","user_defined_messages":"` + sub + `/UserDefinedMessages.json"},` +
			`"to":"+819011112222","to_formatted":"+819011112222","trunk_sid":null,"uri":"` + sub + `.json"}` + "\n"
		if created.raw != want {
			t.Errorf("created\n%s\nwant\n%s", created.raw, want)
		}

		synctest.Wait()
		if got := h.get(sub + ".json").is(200).text("status"); got != "ringing" {
			t.Errorf("sato's phone: %s, want ringing", got)
		}
		time.Sleep(4 * time.Second) // he answers after 3
		talking := h.get(sub + ".json").is(200)
		if talking.text("status") != "in-progress" || talking.text("start_time") != "Sat, 01 Jan 2000 00:00:00 +0000" || talking.body["duration"] != nil {
			t.Errorf("while he listens: %s", talking.raw)
		}
		time.Sleep(8 * time.Second)
		ended := h.post(sub+".json", url.Values{"Status": {"completed"}}).is(200)
		if ended.text("status") != "completed" || ended.text("duration") != "9" || ended.text("end_time") != "Sat, 01 Jan 2000 00:00:12 +0000" {
			t.Errorf("after the end: %s", ended.raw)
		}
		if again := h.get(sub + ".json").is(200); again.raw != ended.raw {
			t.Errorf("fetched\n%s\nwant\n%s", again.raw, ended.raw)
		}
	})
}

func TestOrdersAreReadAsTwilioReadsThem(t *testing.T) {
	long := strings.Repeat("あ", 3980) + "<Response/>"
	tests := []struct {
		name string
		form url.Values
		want func(call.Order) bool
	}{
		{"the usual", usual(), func(o call.Order) bool {
			return o.To == number.Address{Scheme: number.Tel, Number: sato} && o.From == us && o.Program.URL == "https://example.com/voice" &&
				o.Account == owner && o.Direction == call.OutboundAPI && o.Ring == 0 && o.Callback.URL == "" && o.Callback.Events == nil
		}},
		{"numbers as people write them", usual("To", "090-1111-2222", "From", "０５０ (1234) 5678"), func(o call.Order) bool {
			return o.To.Number == sato && o.From == us
		}},
		{"a + that was sent as it is", usual("To", " 819011112222", "From", " 815012345678"), func(o call.Order) bool {
			return o.To.Number == sato && o.From == us
		}},
		{"a SIP phone", usual("To", "sip:Sato@192.0.2.7:5070;transport=tcp", "From", "alert-desk", "SipAuthUsername", "kaden", "SipAuthPassword", "s3cret"), func(o call.Order) bool {
			return o.To.String() == "sip:Sato@192.0.2.7:5070;transport=tcp" && o.From == "alert-desk" && o.SIPUser == "kaden" && o.SIPPassword == "s3cret"
		}},
		{"a SIP phone, from a SIP phone", usual("To", "sip:sato@192.0.2.7", "From", "sip:desk@192.0.2.1"), func(o call.Order) bool {
			return o.From == "sip:desk@192.0.2.1"
		}},
		{"a browser, with parameters", usual("To", "client:sato?alert=42", "From", "client:desk"), func(o call.Order) bool {
			return o.To.String() == "client:sato" && o.From == "client:desk"
		}},
		{"a simulated phone from a short number", usual("To", "sim:sato", "From", "1001"), func(o call.Order) bool {
			return o.To.String() == "sim:sato" && o.From == "1001"
		}},
		{"TwiML itself, as long as it may be", usual("Url", "", "Twiml", long), func(o call.Order) bool { return o.Program.TwiML == long && o.Program.URL == "" }},
		{"a Url wins over TwiML", usual("Twiml", "<Response/>"), func(o call.Order) bool { return o.Program.TwiML == "" && o.Program.URL != "" }},
		{"everything about URLs", usual("Method", "get", "FallbackUrl", "http://127.0.0.1:8080/f?a=%7e#rc=2", "FallbackMethod", "POST", "StatusCallback", "https://example.com/s", "StatusCallbackMethod", "GET"), func(o call.Order) bool {
			return o.Program == call.Program{URL: "https://example.com/voice", Method: "GET", FallbackURL: "http://127.0.0.1:8080/f?a=%7e#rc=2", FallbackMethod: "POST"} &&
				o.Callback.URL == "https://example.com/s" && o.Callback.Method == "GET"
		}},
		{"events, repeated", url.Values{"To": {sato}, "From": {us}, "Url": {"https://example.com/"}, "StatusCallbackEvent": {"completed", "initiated"}}, func(o call.Order) bool {
			return strings.Join(o.Callback.Events, " ") == "initiated completed"
		}},
		{"events in one value, and one that does not exist", usual("StatusCallbackEvent", "ringing answered busy"), func(o call.Order) bool {
			return strings.Join(o.Callback.Events, " ") == "ringing answered"
		}},
		{"times and digits", usual("Timeout", "20", "TimeLimit", "300", "SendDigits", "ww1234#"), func(o call.Order) bool {
			return o.Ring == 20*time.Second && o.TimeLimit == 5*time.Minute && o.SendDigits == "ww1234#"
		}},
		{"no detection", usual("MachineDetectionTimeout", "20", "AsyncAmd", "true"), func(o call.Order) bool { return o.Detection == nil }},
		{"detection, the program waits", usual("MachineDetection", "Enable", "AsyncAmdStatusCallback", "https://example.com/amd"), func(o call.Order) bool {
			return *o.Detection == call.Detection{Wait: true}
		}},
		{"detection of the end of a message, beside the program", usual("MachineDetection", "DetectMessageEnd", "AsyncAmd", "true", "AsyncAmdStatusCallback", "https://example.com/amd", "AsyncAmdStatusCallbackMethod", "get"), func(o call.Order) bool {
			return *o.Detection == call.Detection{Message: true, URL: "https://example.com/amd", Method: "GET"}
		}},
		{"detection as one likes it", usual("MachineDetection", "Enable", "AsyncAmd", "false", "MachineDetectionTimeout", "60", "MachineDetectionSpeechThreshold", "1000", "MachineDetectionSpeechEndThreshold", "5000", "MachineDetectionSilenceTimeout", "2000"), func(o call.Order) bool {
			return *o.Detection == call.Detection{Wait: true, Timeout: time.Minute, SpeechThreshold: time.Second, SpeechEnd: 5 * time.Second, Silence: 2 * time.Second}
		}},
		{"detection is ignored with SendDigits", usual("MachineDetection", "Enable", "SendDigits", "1"), func(o call.Order) bool { return o.Detection == nil }},
		{"what is not acted on", usual("Record", "true", "ValidityPeriod", "x", "CallerId", us), func(o call.Order) bool { return o.To.Number == sato }},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			h := open(t, nil)
			h.post(base+"/Calls.json", test.form).is(201)
			if o := h.desk.orders[0]; !test.want(o) {
				t.Errorf("order %+v", o)
			}
		})
	}
}

func TestOrdersThatAreRefused(t *testing.T) {
	tests := []struct {
		name  string
		form  url.Values
		code  int
		words string
	}{
		{"nobody to call", usual("To", ""), 21201, "To is required"},
		{"nothing at all", url.Values{}, 21201, "To is required"},
		{"not a number", usual("To", "sato"), 21211, "not a telephone number"},
		{"too short", usual("To", "090123"), 21211, "too short"},
		{"the police", usual("To", "110"), 21211, "emergency"},
		{"the police abroad", usual("To", "+1911"), 21211, "emergency"},
		{"the time", usual("To", "117"), 21211, "special"},
		{"a carrier's prefix", usual("To", "0033010"), 21211, "special"},
		{"a scheme nobody has", usual("To", "whatsapp:+819011112222"), 21211, "scheme"},
		{"a broken SIP URI", usual("To", "sip:sato@"), 21211, "host is missing"},
		{"no caller", usual("From", ""), 21213, "From is required"},
		{"not a caller", usual("From", "desk"), 21212, "not a telephone number"},
		{"the police calls", usual("From", "110"), 21212, "emergency"},
		{"a browser calls a telephone", usual("From", "client:desk"), 21212, "from a telephone number"},
		{"a caller with a space", usual("To", "sim:sato", "From", "the desk"), 21212, "From is not valid"},
		{"nothing to do", usual("Url", ""), 21205, "Url is required"},
		{"TwiML of spaces", usual("Url", "", "Twiml", "  \n"), 21205, "Url is required"},
		{"a relative URL", usual("Url", "/voice"), 21205, "not absolute"},
		{"a file", usual("Url", "file:///etc/passwd"), 21205, "not absolute"},
		{"a host name with _", usual("Url", "https://my_host.example/"), 21205, `"_"`},
		{"not a URL", usual("Url", "https://%zz/"), 21205, "not a URL"},
		{"a very long URL", usual("Url", "https://example.com/"+strings.Repeat("x", 4000)), 21205, "longer than 4000"},
		{"a fallback that cannot be asked", usual("FallbackUrl", "fallback"), 21205, "FallbackUrl"},
		{"a callback that cannot be asked", usual("StatusCallback", "ftp://example.com/"), 21609, "StatusCallback"},
		{"a method", usual("Method", "PUT"), 21209, "Method"},
		{"a callback's method", usual("StatusCallbackMethod", "DELETE"), 21209, "StatusCallbackMethod"},
		{"an application", usual("ApplicationSid", "AP"+strings.Repeat("a", 32)), 21218, "ApplicationSid"},
		{"no ring time", usual("Timeout", "0"), 21208, "from 1 to 600"},
		{"a long ring time", usual("Timeout", "601"), 21208, "from 1 to 600"},
		{"a ring time of words", usual("Timeout", "20s"), 21208, "from 1 to 600"},
		{"a long call", usual("TimeLimit", "86401"), 20001, "TimeLimit"},
		{"keys that no telephone has", usual("SendDigits", "12x"), 21206, "SendDigits"},
		{"too many keys", usual("SendDigits", strings.Repeat("1", 33)), 21206, "SendDigits"},
		{"too much TwiML", usual("Url", "", "Twiml", strings.Repeat("あ", 4001)), 20001, "4001 characters"},
		{"a detection that does not exist", usual("MachineDetection", "true"), 20001, "neither Enable nor DetectMessageEnd"},
		{"a detection in a hurry", usual("MachineDetection", "Enable", "MachineDetectionTimeout", "2"), 20001, "seconds from 3 to 60"},
		{"a long detection", usual("MachineDetection", "Enable", "MachineDetectionTimeout", "61"), 20001, "MachineDetectionTimeout"},
		{"a speech threshold in seconds", usual("MachineDetection", "Enable", "MachineDetectionSpeechThreshold", "2.4"), 20001, "milliseconds from 1000 to 6000"},
		{"a speech end", usual("MachineDetection", "Enable", "MachineDetectionSpeechEndThreshold", "5001"), 20001, "from 500 to 5000"},
		{"a silence", usual("MachineDetection", "Enable", "MachineDetectionSilenceTimeout", "1999"), 20001, "from 2000 to 10000"},
		{"neither beside the program nor before it", usual("MachineDetection", "Enable", "AsyncAmd", "maybe"), 20001, "neither true nor false"},
		{"a callback of the detection that cannot be asked", usual("MachineDetection", "Enable", "AsyncAmdStatusCallback", "amd"), 21609, "AsyncAmdStatusCallback"},
		{"its method", usual("MachineDetection", "Enable", "AsyncAmdStatusCallbackMethod", "PUT"), 21209, "AsyncAmdStatusCallbackMethod"},
		{"a wrong detection with SendDigits", usual("MachineDetection", "yes", "SendDigits", "1"), 20001, "MachineDetection"},
		{"a password with a line end", usual("SipAuthPassword", "a\r\nb"), 20001, "SipAuthPassword"},
		{"a byte that is no text", usual("Twiml", "\xff"), 20001, "UTF-8"},
		{"a NUL", usual("Twiml", "<\x00>"), 20001, "UTF-8"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			h := open(t, nil)
			h.post(base+"/Calls.json", test.form).refuses(400, test.code, test.words)
			if len(h.desk.orders) != 0 {
				t.Errorf("a call was placed: %+v", h.desk.orders[0])
			}
		})
	}
}

func TestAnotherCountryIsAtHomeElsewhere(t *testing.T) {
	h := open(t, func(c *rest.Config) { c.Region = "US" })
	created := h.post(base+"/Calls.json", usual("To", "(415) 867-5309", "From", "415 867 5308")).is(201)
	if created.text("to") != "+14158675309" || created.text("to_formatted") != "(415) 867-5309" || created.text("from_formatted") != "(415) 867-5308" {
		t.Errorf("created %s", created.raw)
	}
}

func TestWhoMayBeCalledIsForTheOperatorToSay(t *testing.T) {
	abroad := errors.New("calls abroad are switched off")
	h := open(t, func(c *rest.Config) {
		c.AllowTo = func(_ context.Context, a account.Account, to number.Address) error {
			switch {
			case a.SID == owner && to.Number.Class() == number.Abroad:
				return abroad
			case to.Number.Class() == number.TollFree:
				return rest.ErrNoWay
			}
			return nil
		}
	})
	h.post(base+"/Calls.json", usual("To", "+14158675309")).refuses(400, 21215, "switched off", "+14158675309")
	h.post(base+"/Calls.json", usual("To", "0120-444-444")).refuses(400, 21214, "no line leads there")
	h.post(base+"/Calls.json", usual()).is(201)
}

func TestWhatTheDeskSaysIsToldInTwiliosWords(t *testing.T) {
	h := open(t, nil)
	for _, test := range []struct {
		name         string
		err          error
		status, code int
		words        string
	}{
		{"no line", rest.ErrNoWay, 400, 21214, "no line leads there"},
		{"too late", context.DeadlineExceeded, 503, 20503, "RQ"},
		{"something else", errors.New("disk full: /var/lib/kaden"), 500, 20500, "RQ"},
	} {
		t.Run(test.name, func(t *testing.T) {
			h.desk.fails = test.err
			r := h.post(base+"/Calls.json", usual())
			r.refuses(test.status, test.code, test.words)
			if strings.Contains(r.raw, "disk") {
				t.Errorf("our own trouble is told to a stranger: %s", r.raw)
			}
			if id := r.header.Get("Twilio-Request-Id"); test.status >= 500 && !strings.Contains(r.raw, id) {
				t.Errorf("request id %q is not in %s", id, r.raw)
			}
		})
	}
	h.store.Break(errors.New("connection refused"))
	h.get(base+"/Calls.json").refuses(500, 20500)
	h.store.Break(nil)
}

func TestUpdates(t *testing.T) {
	held := usual("Url", "", "Twiml", `<Response><Pause length="600"/></Response>`)
	rings := usual("Url", "", "Twiml", "<Response/>", "To", suzuki)
	do := func(kv ...string) url.Values {
		v := url.Values{}
		for i := 0; i < len(kv); i += 2 {
			v.Set(kv[i], kv[i+1])
		}
		return v
	}
	next := call.Program{URL: "https://example.com/next", Method: "GET", FallbackURL: "https://example.com/f"}
	tests := []struct {
		name   string
		order  url.Values
		update url.Values
		status string // after it
		code   int    // or what it is refused with
		want   *call.Program
	}{
		{"an empty update is a read", rings, nil, "ringing", 0, nil},
		{"unknown parameters are no update", rings, do("ValidityPeriod", "10"), "ringing", 0, nil},
		{"cancel while it rings", rings, do("Status", "canceled"), "canceled", 0, nil},
		{"complete while it rings", rings, do("Status", "completed"), "canceled", 0, nil},
		{"cancel does not touch a call in progress", held, do("Status", "canceled"), "in-progress", 0, nil},
		{"complete a call in progress", held, do("Status", "completed"), "completed", 0, nil},
		{"complete wins over a redirect", held, do("Status", "completed", "Url", "https://example.com/next"), "completed", 0, nil},
		{"redirect by URL", held, do("Url", next.URL, "Method", "GET", "FallbackUrl", next.FallbackURL), "in-progress", 0, &next},
		{"redirect by TwiML", held, do("Twiml", "<Response><Pause/></Response>"), "in-progress", 0, &call.Program{TwiML: "<Response><Pause/></Response>"}},
		{"redirect while it rings", rings, do("Url", next.URL), "ringing", 21220, nil},
		{"both programs", held, do("Url", next.URL, "Twiml", "<Response/>"), "in-progress", 20001, nil},
		{"a state that cannot be wished for", held, do("Status", "busy"), "in-progress", 20001, nil},
		{"a bad URL", held, do("Url", "next"), "in-progress", 21205, nil},
		{"cancel a call that is over", usual("To", tanaka), do("Status", "canceled"), "busy", 21220, nil},
		{"complete a call that is over", usual("To", tanaka), do("Status", "completed"), "busy", 21220, nil},
		{"redirect a call that is over", usual("To", tanaka), do("Url", next.URL), "busy", 21220, nil},
		{"read a call that is over", usual("To", tanaka), nil, "busy", 0, nil},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				h := open(t, nil)
				path := base + "/Calls/" + h.post(base+"/Calls.json", test.order).is(201).text("sid") + ".json"
				time.Sleep(5 * time.Second)
				r := h.post(path, test.update)
				if test.code != 0 {
					r.refuses(400, test.code)
				} else {
					r.is(200)
				}
				synctest.Wait()
				if got := h.get(path).is(200).text("status"); got != test.status {
					t.Errorf("then it is %s, want %s", got, test.status)
				}
				if test.want == nil && len(h.desk.programs) != 0 || test.want != nil && (len(h.desk.programs) != 1 || h.desk.programs[0] != *test.want) {
					t.Errorf("redirected to %+v, want %+v", h.desk.programs, test.want)
				}
			})
		})
	}
}

func TestACallThatIsOnlyInTheBooksCannotBeChanged(t *testing.T) {
	h := open(t, nil)
	lost := call.Record{SID: sid.New[sid.Call](), Account: owner, Status: call.InProgress}
	h.store.Put(lost)
	path := base + "/Calls/" + string(lost.SID) + ".json"
	h.post(path, url.Values{"Status": {"completed"}}).refuses(400, 21220, "not in progress")
	inbound := call.Record{SID: sid.New[sid.Call](), Account: owner, Status: call.Ringing, Direction: call.Inbound}
	h.store.Put(inbound)
	h.post(base+"/Calls/"+string(inbound.SID)+".json", url.Values{"Url": {"https://example.com/"}}).refuses(400, 21220)
	if len(h.desk.programs) != 1 {
		t.Errorf("the desk was told %d times to redirect, want once: an inbound call runs its program while it rings", len(h.desk.programs))
	}
}

func TestDelete(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := open(t, nil)
		over := base + "/Calls/" + h.post(base+"/Calls.json", usual("To", tanaka)).is(201).text("sid") + ".json"
		rings := base + "/Calls/" + h.post(base+"/Calls.json", usual("To", suzuki)).is(201).text("sid")
		synctest.Wait()
		h.send(request("DELETE", rings, nil)).refuses(409, 20009, "ringing")
		if r := h.send(request("DELETE", over, nil)).is(204); r.raw != "" {
			t.Errorf("204 with a body: %q", r.raw)
		}
		h.get(over).refuses(404, 20404, over)
		h.send(request("DELETE", over, nil)).refuses(404, 20404)
		if list := h.get(base + "/Calls.json").is(200); len(list.body["calls"].([]any)) != 1 {
			t.Errorf("deleted, and still listed: %s", list.raw)
		}
		h.store.Break(errors.New("gone"))
		h.send(request("DELETE", rings, nil)).refuses(500, 20500)
		h.store.Break(nil)
	})
}
