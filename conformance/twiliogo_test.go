// Package conformance lets Twilio's own Go client work against a running kaden: see README.md.
package conformance

import (
	"cmp"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/twilio/twilio-go/client"
	openapi "github.com/twilio/twilio-go/rest/api/v2010"
)

const held = `<Response><Pause length="60"/></Response>`

// setting is an environment variable, or else.
func setting(name, otherwise string) string {
	if v := os.Getenv(name); v != "" {
		return v
	}
	return otherwise
}

type server struct{ url, sid, token, answers, rings, from, user string }

func running(t *testing.T) server {
	t.Helper()
	s := server{
		url: os.Getenv("KADEN_TEST_URL"), sid: os.Getenv("KADEN_TEST_SID"), token: os.Getenv("KADEN_TEST_TOKEN"),
		answers: setting("KADEN_TEST_ANSWERS", "+819011112222"), rings: setting("KADEN_TEST_RINGS", "+819033334444"),
		from: setting("KADEN_TEST_FROM", "+815012345678"),
	}
	if s.url == "" || s.sid == "" || s.token == "" {
		t.Skip("skipped: no server: set KADEN_TEST_URL, KADEN_TEST_SID and KADEN_TEST_TOKEN")
	}
	return s
}

// rewrite sends what is meant for api.twilio.com to the server.
type rewrite struct{ base *url.URL }

func (r rewrite) RoundTrip(q *http.Request) (*http.Response, error) {
	q = q.Clone(q.Context())
	q.URL.Scheme, q.URL.Host, q.Host = r.base.Scheme, r.base.Host, r.base.Host
	return http.DefaultTransport.RoundTrip(q)
}

func (s server) api(t *testing.T, token string) *openapi.ApiService {
	t.Helper()
	base, err := url.Parse(s.url)
	if err != nil {
		t.Fatal(err)
	}
	hc := &client.Client{Credentials: client.NewCredentials(cmp.Or(s.user, s.sid), token), HTTPClient: &http.Client{Transport: rewrite{base}, Timeout: 10 * time.Second}}
	hc.SetAccountSid(s.sid)
	return openapi.NewApiServiceWithClient(hc)
}

// owner is the HTTP server of whoever ordered the call. It checks signatures with Twilio's validator.
type owner struct {
	*httptest.Server
	mu    sync.Mutex
	asked map[string][]url.Values // by path, in order
	wrong []string
}

func listen(t *testing.T, token string) *owner {
	o := &owner{asked: map[string][]url.Values{}}
	validator := client.NewRequestValidator(token)
	o.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		r.ParseForm()
		params := map[string]string{}
		for k, v := range r.PostForm {
			params[k] = v[0]
		}
		o.mu.Lock()
		if !validator.Validate("http://"+r.Host+r.RequestURI, params, r.Header.Get("X-Twilio-Signature")) {
			o.wrong = append(o.wrong, fmt.Sprintf("%s %s is not signed by the account", r.Method, r.RequestURI))
		}
		o.asked[r.URL.Path] = append(o.asked[r.URL.Path], r.Form)
		o.mu.Unlock()
		if r.URL.Path == "/status" {
			w.WriteHeader(http.StatusNoContent)
			return
		}
		w.Header().Set("Content-Type", "text/xml")
		fmt.Fprint(w, held)
	}))
	t.Cleanup(o.Close)
	return o
}

func (o *owner) heard(path string) []url.Values {
	o.mu.Lock()
	defer o.mu.Unlock()
	return slices.Clone(o.asked[path])
}

// eventually waits for something that the server does by itself.
func eventually(t *testing.T, what string, ok func() bool) {
	t.Helper()
	for end := time.Now().Add(20 * time.Second); time.Now().Before(end); time.Sleep(50 * time.Millisecond) {
		if ok() {
			return
		}
	}
	t.Fatalf("20 s went by, and still not: %s", what)
}

// refused expects Twilio's error, decoded by Twilio's client.
func refused(t *testing.T, err error, status, code int) {
	t.Helper()
	var e *client.TwilioRestError
	if !errors.As(err, &e) {
		t.Fatalf("err = %v (%T), want a TwilioRestError", err, err)
	}
	if e.Status != status || e.Code != code || e.Message == "" || !strings.HasSuffix(e.MoreInfo, strconv.Itoa(code)) {
		t.Errorf("refused with %d %d %q %q, want %d %d", e.Status, e.Code, e.Message, e.MoreInfo, status, code)
	}
}

func ok[T any](t *testing.T) func(T, error) T {
	return func(v T, err error) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

func TestTwilioGo(t *testing.T) {
	s := running(t)
	api := s.api(t, s.token)
	o := listen(t, s.token)
	one, page := ok[*openapi.ApiV2010Call](t), ok[[]openapi.ApiV2010Call](t)

	if a := ok[*openapi.ApiV2010Account](t)(api.FetchAccount(s.sid)); *a.Sid != s.sid || *a.Status != "active" {
		t.Errorf("account %s is %s", *a.Sid, *a.Status)
	}
	status := func(id string) string { return *one(api.FetchCall(id, nil)).Status }

	// What has to be refused.
	bad := &openapi.CreateCallParams{}
	bad.SetTo("12").SetFrom(s.from).SetUrl(o.URL + "/voice")
	_, err := api.CreateCall(bad)
	refused(t, err, 400, 21211)
	bad = &openapi.CreateCallParams{}
	bad.SetTo(s.answers).SetFrom(s.from)
	_, err = api.CreateCall(bad)
	refused(t, err, 400, 21205)
	_, err = api.FetchCall("CA00000000000000000000000000000000", nil)
	refused(t, err, 404, 20404)
	_, err = s.api(t, "wrong").FetchAccount(s.sid)
	refused(t, err, 401, 20003)

	// A call that is answered, redirected and completed.
	p := &openapi.CreateCallParams{}
	p.SetTo(s.answers).SetFrom(s.from).SetUrl(o.URL + "/voice?team=sre").SetStatusCallback(o.URL + "/status").SetTimeout(20)
	p.SetStatusCallbackEvent([]string{"initiated", "ringing", "answered", "completed"})
	made := one(api.CreateCall(p))
	id := *made.Sid
	if *made.Status != "queued" || *made.Direction != "outbound-api" || *made.To != s.answers || *made.AccountSid != s.sid || made.Duration != nil {
		t.Errorf("created %s %s to %s", *made.Status, *made.Direction, *made.To)
	}
	eventually(t, "the call is answered", func() bool { return status(id) == "in-progress" })
	eventually(t, "its TwiML is asked for", func() bool { return len(o.heard("/voice")) == 1 })
	for name, want := range map[string]string{
		"CallSid": id, "AccountSid": s.sid, "From": s.from, "To": s.answers, "Caller": s.from, "Called": s.answers,
		"CallStatus": "in-progress", "Direction": "outbound-api", "ApiVersion": "2010-04-01", "team": "sre",
	} {
		if got := o.heard("/voice")[0].Get(name); got != want {
			t.Errorf("asked for TwiML with %s=%q, want %q", name, got, want)
		}
	}
	next := &openapi.UpdateCallParams{}
	next.SetUrl(o.URL + "/again?a='@:%7e&b=2").SetMethod("GET")
	one(api.UpdateCall(id, next))
	eventually(t, "the call goes on elsewhere", func() bool { return len(o.heard("/again")) == 1 })
	if got := o.heard("/again")[0]; got.Get("CallSid") != id || got.Get("a") != "'@:~" {
		t.Errorf("asked again with %v", got)
	}
	if got := *one(api.UpdateCall(id, &openapi.UpdateCallParams{})).Status; got != "in-progress" {
		t.Errorf("an empty update shows %s", got)
	}
	done := &openapi.UpdateCallParams{}
	done.SetStatus("completed")
	one(api.UpdateCall(id, done))
	eventually(t, "the call is completed", func() bool { return status(id) == "completed" })
	over := one(api.FetchCall(id, nil))
	if _, err := strconv.Atoi(*over.Duration); err != nil || over.StartTime == nil || over.EndTime == nil {
		t.Errorf("over: duration %q, from %v to %v", *over.Duration, over.StartTime, over.EndTime)
	}
	_, err = api.UpdateCall(id, next)
	refused(t, err, 400, 21220)
	eventually(t, "the last state is told", func() bool {
		list := o.heard("/status")
		return len(list) > 0 && list[len(list)-1].Get("CallStatus") == "completed"
	})
	var states []string
	for i, v := range o.heard("/status") {
		states = append(states, v.Get("CallStatus"))
		if v.Get("SequenceNumber") != strconv.Itoa(i) || v.Get("CallbackSource") != "call-progress-events" || v.Get("CallSid") != id {
			t.Errorf("callback %d: %v", i, v)
		}
		if _, err := time.Parse("Mon, 02 Jan 2006 15:04:05 -0700", v.Get("Timestamp")); err != nil {
			t.Errorf("callback %d: %v", i, err)
		}
	}
	// A network may leave ringing out.
	if got := strings.Join(slices.DeleteFunc(states, func(s string) bool { return s == "ringing" }), " "); got != "initiated in-progress completed" {
		t.Errorf("states told: %s", got)
	}

	// A call that is cancelled while it rings.
	p = &openapi.CreateCallParams{}
	p.SetTo(s.rings).SetFrom(s.from).SetTwiml(held)
	ringing := *one(api.CreateCall(p)).Sid
	eventually(t, "the phone rings", func() bool { return status(ringing) == "ringing" })
	stop := &openapi.UpdateCallParams{}
	stop.SetStatus("canceled")
	one(api.UpdateCall(ringing, stop))
	eventually(t, "it stops ringing", func() bool { return status(ringing) == "canceled" })

	// Lists.
	l := &openapi.ListCallParams{}
	l.SetPageSize(1).SetLimit(3).SetStartTimeAfter(time.Now().Add(-time.Hour))
	seen := map[string]bool{}
	for _, c := range page(api.ListCall(l)) {
		if seen[*c.Sid] {
			t.Errorf("%s is listed twice", *c.Sid)
		}
		seen[*c.Sid] = true
	}
	if !seen[id] || !seen[ringing] {
		t.Errorf("listed by pages of one: %v, want %s and %s among them", seen, id, ringing)
	}
	l = &openapi.ListCallParams{}
	l.SetStatus("completed").SetTo(s.answers).SetLimit(10)
	if list := page(api.ListCall(l)); len(list) == 0 || *list[0].Sid != id {
		t.Errorf("completed calls to %s do not begin with %s", s.answers, id)
	}
	l = &openapi.ListCallParams{}
	l.SetPageSize(1001)
	_, err = api.PageCall(l, "", "")
	refused(t, err, 400, 20007)

	// What is over can be forgotten.
	if err := api.DeleteCall(id, nil); err != nil {
		t.Error(err)
	}
	_, err = api.FetchCall(id, nil)
	refused(t, err, 404, 20404)

	o.mu.Lock()
	defer o.mu.Unlock()
	for _, w := range o.wrong {
		t.Error(w)
	}
}

// Short messages are created, read, listed and deleted with the real structs. They need something that carries them.
func TestMessages(t *testing.T) {
	s := running(t)
	if os.Getenv("KADEN_TEST_MESSAGES") == "" {
		t.Skip("skipped: set KADEN_TEST_MESSAGES where an upstream carries short messages")
	}
	api := s.api(t, s.token)
	p := &openapi.CreateMessageParams{}
	p.SetTo(s.answers)
	p.SetFrom(s.from)
	p.SetBody("disk full on db01: 残り 3%")
	made, err := api.CreateMessage(p)
	if err != nil {
		t.Fatal(err)
	}
	if *made.Status != "queued" || *made.Direction != "outbound-api" || *made.NumSegments != "1" || made.ErrorCode != nil {
		t.Errorf("made: %+v", made)
	}
	var got *openapi.ApiV2010Message
	for end := time.Now().Add(10 * time.Second); time.Now().Before(end); time.Sleep(50 * time.Millisecond) {
		if got, err = api.FetchMessage(*made.Sid, nil); err != nil || *got.Status != "queued" && *got.Status != "sending" {
			break
		}
	}
	if err != nil || *got.Body != "disk full on db01: 残り 3%" {
		t.Fatalf("fetched: %+v %v", got, err)
	}
	list := &openapi.ListMessageParams{}
	list.SetTo(s.answers)
	list.SetPageSize(1)
	all, err := api.ListMessage(list)
	if err != nil || !slices.ContainsFunc(all, func(m openapi.ApiV2010Message) bool { return *m.Sid == *made.Sid }) {
		t.Errorf("listed: %v %v", all, err)
	}
	if media, err := api.ListMedia(*made.Sid, nil); err != nil || len(media) != 0 {
		t.Errorf("pictures: %v %v", media, err)
	}
	if err := api.DeleteMessage(*made.Sid, nil); err != nil {
		t.Error(err)
	}
	p.SetBody("")
	var refused *client.TwilioRestError
	if _, err := api.CreateMessage(p); !errors.As(err, &refused) || refused.Code != 21602 {
		t.Errorf("without words: %v", err)
	}
}
