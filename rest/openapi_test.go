package rest_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/mail"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"
	"github.com/getkin/kin-openapi/routers"
	"github.com/getkin/kin-openapi/routers/gorillamux"

	"github.com/kaden-project/kaden/call"
	"github.com/kaden-project/kaden/rest"
)

// contract is Twilio's own description of the API.
type contract struct{ routers.Router }

func readContract(t *testing.T) contract {
	t.Helper()
	dir := os.Getenv("KADEN_TEST_DATA")
	if dir == "" {
		dir = filepath.Join("..", "..", "shared", "data")
	}
	raw, err := os.ReadFile(filepath.Join(dir, "twilio_api_v2010.json"))
	if os.IsNotExist(err) {
		t.Skip("skipped: no data: twilio_api_v2010.json is not there; KADEN_TEST_DATA names its folder")
	}
	if err != nil {
		t.Fatal(err)
	}
	doc, err := openapi3.NewLoader().LoadFromData(raw)
	if err != nil {
		t.Fatal(err)
	}
	// Prices of usage are numbers in its schemas and strings in its examples; its libraries read both.
	for name, s := range doc.Components.Schemas {
		if price := s.Value.Properties["price"]; strings.Contains(name, ".usage_record") && price != nil {
			price.Value.Type = &openapi3.Types{"string"}
		}
	}
	// "When a conference is in progress, will be null", says its description.
	reason := doc.Components.Schemas["conference_enum_reason_conference_ended"].Value
	reason.Nullable, reason.Enum = true, append(reason.Enum, nil)
	return routed(t, doc)
}

// readVerifyContract is the same of the Verify API, as far as it is here.
func readVerifyContract(t *testing.T) contract {
	t.Helper()
	doc, err := openapi3.NewLoader().LoadFromFile(filepath.Join("testdata", "verify_v2.json"))
	if err != nil {
		t.Fatal(err)
	}
	return routed(t, doc)
}

func routed(t *testing.T, doc *openapi3.T) contract {
	t.Helper()
	openapi3.DefineStringFormatValidator("date-time-rfc-2822", openapi3.NewCallbackValidator(func(s string) error {
		_, err := mail.ParseDate(s)
		return err
	}))
	doc.Servers = openapi3.Servers{{URL: "http://kaden.test"}}
	for _, item := range doc.Paths.Map() {
		item.Servers = nil // each path carries https://api.twilio.com
	}
	// 31 of Twilio's examples contradict their own schemas.
	if err := doc.Validate(t.Context(), openapi3.DisableExamplesValidation()); err != nil {
		t.Fatal(err)
	}
	router, err := gorillamux.NewRouter(doc)
	if err != nil {
		t.Fatal(err)
	}
	return contract{router}
}

// exchange sends a request, checks that the contract knows it, and that the answer is what the contract says.
func (c contract) exchange(t *testing.T, h http.Handler, r *http.Request) reply {
	t.Helper()
	body := []byte{}
	if r.Body != nil {
		body, _ = io.ReadAll(r.Body)
	}
	r.URL.Scheme, r.URL.Host = "http", "kaden.test"
	r.Body = io.NopCloser(bytes.NewReader(body))
	found, params, err := c.FindRoute(r)
	if err != nil {
		t.Fatalf("%s %s is not in the contract: %v", r.Method, r.URL.Path, err)
	}
	rest.Checked.Store(r.Method+" "+found.Path, true)
	if err := openapi3filter.ValidateRequest(t.Context(), &openapi3filter.RequestValidationInput{
		Request: r, PathParams: params, Route: found,
		Options: &openapi3filter.Options{AuthenticationFunc: openapi3filter.NoopAuthenticationFunc},
	}); err != nil {
		t.Fatalf("%s %s is not a request by the contract: %v", r.Method, r.URL, err)
	}
	r.Body = io.NopCloser(bytes.NewReader(body))
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	declared := found.Operation.Responses.Status(w.Code)
	if declared == nil {
		t.Fatalf("%s %s: status %d is not in the contract: %s", r.Method, r.URL, w.Code, w.Body)
	}
	out := reply{t: t, status: w.Code, raw: w.Body.String()}
	media := declared.Value.Content.Get("application/json")
	if media == nil {
		if w.Body.Len() != 0 {
			t.Errorf("%s %s: a body where the contract has none: %s", r.Method, r.URL, w.Body)
		}
		return out
	}
	if err := json.Unmarshal(w.Body.Bytes(), &out.body); err != nil {
		t.Fatal(err)
	}
	for _, wrong := range conform(media.Schema.Value, out.body, "") {
		t.Errorf("%s %s: %s", r.Method, r.URL, wrong)
	}
	if err := media.Schema.Value.VisitJSON(map[string]any(out.body)); err != nil {
		t.Errorf("%s %s: %v", r.Method, r.URL, err)
	}
	return out
}

// conform finds what a validator lets pass: the contract declares no property as required, and forbids none.
func conform(s *openapi3.Schema, v any, at string) (wrong []string) {
	switch v := v.(type) {
	case map[string]any:
		if len(s.Properties) == 0 {
			return nil // a map, subresource_uris for instance
		}
		for name, p := range s.Properties {
			if _, ok := v[name]; !ok {
				wrong = append(wrong, at+name+" is missing")
				continue
			}
			wrong = append(wrong, conform(p.Value, v[name], at+name+".")...)
		}
		for name := range v {
			if _, ok := s.Properties[name]; !ok {
				wrong = append(wrong, at+name+" is not in the contract")
			}
		}
	case []any:
		for i, item := range v {
			wrong = append(wrong, conform(s.Items.Value, item, fmt.Sprintf("%s%d.", at, i))...)
		}
	}
	slices.Sort(wrong)
	return wrong
}

func TestAnswersMatchTwiliosOpenAPIDocument(t *testing.T) {
	c := readContract(t)
	synctest.Test(t, func(t *testing.T) {
		h := open(t, nil)
		c.exchange(t, h, request("GET", "/2010-04-01/Accounts.json", nil)).is(200)
		c.exchange(t, h, request("GET", base+".json", nil)).is(200)
		c.exchange(t, h, request("GET", base+"/Calls.json", nil)).is(200)

		form := usual("Url", "", "Twiml", `<Response><Pause length="60"/></Response>`, "StatusCallback", "https://example.com/s",
			"MachineDetection", "DetectMessageEnd", "MachineDetectionTimeout", "20", "MachineDetectionSpeechThreshold", "2000",
			"MachineDetectionSpeechEndThreshold", "900", "MachineDetectionSilenceTimeout", "4000",
			"AsyncAmd", "true", "AsyncAmdStatusCallback", "https://example.com/amd", "AsyncAmdStatusCallbackMethod", "POST")
		form["StatusCallbackEvent"] = []string{"initiated", "completed"}
		one := c.exchange(t, h, request("POST", base+"/Calls.json", form)).is(201).text("uri")
		look := func(status string) {
			t.Helper()
			if got := c.exchange(t, h, request("GET", one, nil)).is(200).text("status"); got != status {
				t.Errorf("status %s, want %s", got, status)
			}
		}
		synctest.Wait()
		look("ringing")
		time.Sleep(5 * time.Second)
		look("in-progress")
		c.exchange(t, h, request("POST", one, url.Values{"Url": {"https://example.com/next"}, "Method": {"GET"}})).is(200)
		c.exchange(t, h, request("POST", one, url.Values{"Status": {"completed"}})).is(200)
		look("completed")

		two := c.exchange(t, h, request("POST", base+"/Calls.json", usual("To", suzuki))).is(201).text("uri")
		c.exchange(t, h, request("POST", two, url.Values{"Status": {"canceled"}})).is(200)
		c.exchange(t, h, request("POST", base+"/Calls.json", usual("To", tanaka))).is(201)
		child := call.Record{
			SID: callID(7), Account: owner, Parent: callID(6), Direction: call.OutboundDial, From: "client:sato", To: "+14158675309",
			Status: call.Initiated, AnsweredBy: "machine_start", Created: time.Now(), Updated: time.Now(),
		}
		h.store.Put(child)
		c.exchange(t, h, request("GET", base+"/Calls/"+string(child.SID)+".json", nil)).is(200)
		synctest.Wait()
		page := c.exchange(t, h, request("GET", base+"/Calls.json?PageSize=2&To=%2B819011112222&StartTime%3E=1999-12-31T00%3A00%3A00Z", nil)).is(200)
		if len(page.body["calls"].([]any)) != 1 {
			t.Errorf("listed %s", page.raw)
		}
		first := c.exchange(t, h, request("GET", base+"/Calls.json?PageSize=2", nil)).is(200)
		last := c.exchange(t, h, request("GET", first.text("next_page_uri"), nil)).is(200)
		if first.body["end"] != 1.0 || last.body["end"] != 3.0 {
			t.Errorf("pages end at %v and %v", first.body["end"], last.body["end"])
		}
		c.exchange(t, h, request("DELETE", one, nil)).is(204)
	})
}

// The checks above would be worth nothing if they let everything pass.
func TestTheContractNoticesWhatIsWrong(t *testing.T) {
	c := readContract(t)
	h := open(t, nil)
	r := request("POST", base+"/Calls.json", usual())
	found, _, err := c.FindRoute(func() *http.Request { r.URL.Scheme, r.URL.Host = "http", "kaden.test"; return r }())
	if err != nil {
		t.Fatal(err)
	}
	schema := found.Operation.Responses.Status(201).Value.Content.Get("application/json").Schema.Value
	good := h.post(base+"/Calls.json", usual()).is(201)
	for _, test := range []struct {
		name  string
		spoil func(map[string]any)
		words string
	}{
		{"a property too few", func(b map[string]any) { delete(b, "price") }, "price is missing"},
		{"a property too many", func(b map[string]any) { b["annotation"] = nil }, "annotation is not in the contract"},
		{"a number", func(b map[string]any) { b["duration"] = 3.0 }, "duration"},
		{"initiated", func(b map[string]any) { b["status"] = "initiated" }, "status"},
		{"another kind of SID", func(b map[string]any) { b["sid"] = "RE" + strings.Repeat("0", 32) }, "sid"},
		{"a date of another form", func(b map[string]any) { b["start_time"] = "2026-01-02T03:04:05Z" }, "start_time"},
	} {
		t.Run(test.name, func(t *testing.T) {
			var body map[string]any
			if err := json.Unmarshal([]byte(good.raw), &body); err != nil {
				t.Fatal(err)
			}
			test.spoil(body)
			found := strings.Join(conform(schema, body, ""), "; ")
			if err := schema.VisitJSON(body); err != nil {
				found += err.Error()
			}
			if !strings.Contains(found, test.words) {
				t.Errorf("found %q, want %q noticed", found, test.words)
			}
		})
	}
}
