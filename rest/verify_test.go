package rest_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/kaden-project/kaden/account"
	"github.com/kaden-project/kaden/call"
	"github.com/kaden-project/kaden/message"
	"github.com/kaden-project/kaden/number"
	"github.com/kaden-project/kaden/rest"
	"github.com/kaden-project/kaden/store/memstore"
)

// codes is a house with the Verify API: sato answers after 3 s, suzuki lets it ring, tanaka is busy.
type codes struct {
	*house
	books  *memstore.Store
	teller *rest.Teller
	check  *contract // nil: answers are not compared with Twilio's document
}

func verifyHouse(t testing.TB, change ...func(*rest.Config)) *codes {
	t.Helper()
	c := &codes{books: memstore.New()}
	c.house = open(t, func(cfg *rest.Config) {
		c.teller = rest.NewTeller(slog.New(slog.DiscardHandler), cfg.Desk, within)
		cfg.Verify, cfg.Teller = c.books, c.teller
		for _, f := range change {
			f(cfg)
		}
	})
	return c
}

func (c *codes) ask(method, path string, pairs ...string) reply {
	c.t.Helper()
	var f url.Values
	if method == "POST" {
		f = form(pairs...)
	}
	if c.check != nil {
		return c.check.exchange(c.t.(*testing.T), c.Handler, request(method, path, f))
	}
	return c.send(request(method, path, f))
}

// service makes one, and gives its path.
func (c *codes) service(pairs ...string) string {
	c.t.Helper()
	return "/v2/Services/" + c.ask("POST", "/v2/Services", append([]string{"FriendlyName", "Kaden Shop"}, pairs...)...).is(201).text("sid")
}

func (c *codes) verify(service, to string, pairs ...string) reply {
	c.t.Helper()
	return c.ask("POST", service+"/Verifications", append([]string{"To", to, "Channel", "call"}, pairs...)...)
}

func (c *codes) given(service, to, code string) reply {
	c.t.Helper()
	return c.ask("POST", service+"/VerificationCheck", "To", to, "Code", code)
}

// last is the order of the last call.
func (c *codes) last() call.Order {
	c.t.Helper()
	all := c.desk.placed()
	if len(all) == 0 {
		c.t.Fatal("nobody was called")
	}
	return all[len(all)-1]
}

// hears asks the script of a call.
func (c *codes) hears(url string) string {
	c.t.Helper()
	r, err := c.teller.Ask(c.t.Context(), call.Ask{Method: "POST", URL: url})
	if err != nil || r.Status != 200 {
		c.t.Fatalf("%s: %d %v", url, r.Status, err)
	}
	return string(r.Body)
}

var spelt = regexp.MustCompile(`interpret-as="characters">([^<]*)<`)

// code is what the last call says.
func (c *codes) code() string {
	c.t.Helper()
	said := spelt.FindAllStringSubmatch(c.hears(c.last().Program.URL), -1)
	if len(said) != 3 || said[0][1] != said[1][1] || said[1][1] != said[2][1] {
		c.t.Fatalf("the code is heard three times, not %v", said)
	}
	return said[0][1]
}

// hangsUp ends the last call, as its script would.
func (c *codes) hangsUp() {
	c.t.Helper()
	if _, err := c.desk.Complete(c.t.Context(), c.last().SID); err != nil {
		c.t.Fatal(err)
	}
	c.hears(c.last().Callback.URL)
}

func wrongOne(code string) string {
	if code == "111111" {
		return "222222"
	}
	return "111111"
}

// codeStory tells a story in a bubble.
func codeStory(t *testing.T, tell func(t *testing.T, c *codes), change ...func(*rest.Config)) {
	synctest.Test(t, func(t *testing.T) { tell(t, verifyHouse(t, change...)) })
}

func TestServicesThatVerify(t *testing.T) {
	check := readVerifyContract(t)
	codeStory(t, func(t *testing.T, c *codes) {
		c.check = &check
		one := c.ask("POST", "/v2/Services", "FriendlyName", "店", "CodeLength", "4", "CustomCodeEnabled", "true", "DtmfInputRequired", "TRUE", "LookupEnabled", "true",
			"SkipSmsToLandlines", "true", "DoNotShareWarningEnabled", "true", "TtsName", "x", "Psd2Enabled", "false").is(201)
		if one.body["code_length"] != 4.0 || one.body["custom_code_enabled"] != true || one.body["dtmf_input_required"] != true || one.text("tts_name") != "x" ||
			one.text("account_sid") != string(owner) || one.text("url") != "http://example.com/v2/Services/"+one.text("sid") {
			t.Errorf("made %s", one.raw)
		}
		path := "/v2/Services/" + one.text("sid")
		if got := c.ask("POST", path, "CodeLength", "10", "DtmfInputRequired", "false").is(200); got.text("friendly_name") != "店" || got.body["code_length"] != 10.0 || got.body["custom_code_enabled"] != true {
			t.Errorf("changed %s", got.raw)
		}
		other := c.ask("POST", "/v2/Services", "FriendlyName", "Kaden").is(201)
		if other.body["code_length"] != 6.0 || other.body["dtmf_input_required"] != false {
			t.Errorf("as usual: %s", other.raw)
		}
		page := c.ask("GET", "/v2/Services?PageSize=1").is(200)
		meta := page.body["meta"].(map[string]any)
		if names := page.names("services", "friendly_name"); len(names) != 1 || names[0] != "Kaden" || meta["key"] != "services" || meta["page_size"] != 1.0 || meta["previous_page_url"] != nil {
			t.Errorf("the first page: %s", page.raw)
		}
		next := c.ask("GET", strings.TrimPrefix(meta["next_page_url"].(string), "http://example.com")).is(200)
		if names := next.names("services", "friendly_name"); len(names) != 1 || names[0] != "店" || next.body["meta"].(map[string]any)["next_page_url"] != nil {
			t.Errorf("the second page: %s", next.raw)
		}
		c.ask("GET", path).is(200)
		c.ask("DELETE", path).is(204)
		c.check = nil
		c.ask("GET", path).refuses(404, 20404)
		c.ask("DELETE", path).refuses(404, 20404)

		r := request("GET", "/v2/Services", nil) // a program with the name built in goes on with it
		r.Host = "verify.twilio.com"
		if got := c.send(r).is(200).body["meta"].(map[string]any)["url"]; got != "https://verify.twilio.com/v2/Services?PageSize=50&Page=0" {
			t.Errorf("at %v", got)
		}
	})
}

func TestServicesThatCannotBe(t *testing.T) {
	c := verifyHouse(t)
	for _, bad := range []struct {
		pairs        []string
		status, code int
		word         string
	}{
		{nil, 400, 60200, "FriendlyName"}, {[]string{"FriendlyName", strings.Repeat("店", 31)}, 400, 60200, "FriendlyName"},
		{[]string{"FriendlyName", "x", "CodeLength", "3"}, 400, 60200, "CodeLength"}, {[]string{"FriendlyName", "x", "CodeLength", "11"}, 400, 60200, "CodeLength"},
		{[]string{"FriendlyName", "x", "CodeLength", "six"}, 400, 60200, "CodeLength"}, {[]string{"FriendlyName", "x", "LookupEnabled", "1"}, 400, 60200, "LookupEnabled"},
		{[]string{"FriendlyName", "x", "Psd2Enabled", "true"}, 403, 60204, "Psd2Enabled"}, {[]string{"FriendlyName", "x", "DefaultTemplateSid", "HJ1"}, 403, 60204, "DefaultTemplateSid"},
	} {
		c.ask("POST", "/v2/Services", bad.pairs...).refuses(bad.status, bad.code, bad.word)
	}
	for _, path := range []string{"/v2", "/v2/", "/v2/Services/", "/v2/Services/VA1", "/v2/Services.json", "/v2/Services/VA" + strings.Repeat("0", 32) + "/", "/v2/services", "/v2/Services//Verifications",
		"/v2/Services/VA" + strings.Repeat("0", 32) + "/RateLimits", "/v2/Attempts"} {
		c.ask("GET", path).refuses(404, 20404)
	}
	c.ask("DELETE", "/v2/Services").refuses(405, 20004)
	c.send(func() *http.Request {
		r := request("GET", "/v2/Services", nil)
		r.SetBasicAuth(string(owner), "wrong")
		return r
	}()).refuses(401, 20003)
	c.house = open(t, nil)
	c.ask("GET", "/v2/Services").refuses(404, 20404)
	c.ask("POST", "/v2/Services", "FriendlyName", "x").refuses(404, 20404)
}

func TestSomebodyIsToldACodeAndGivesItBack(t *testing.T) {
	check := readVerifyContract(t)
	codeStory(t, func(t *testing.T, c *codes) {
		c.check = &check
		service := c.service()
		made := c.verify(service, "+81 90-1111-2222").is(201)
		if made.text("status") != "pending" || made.body["valid"] != false || made.text("to") != sato || made.text("channel") != "call" || len(made.body["send_code_attempts"].([]any)) != 1 {
			t.Errorf("made %s", made.raw)
		}
		o := c.last()
		if string(o.To.Number) != sato || o.Account != owner || !c.teller.Ours(o.Program.URL) || o.TimeLimit != 2*time.Minute || strings.Contains(made.raw, o.Program.URL) {
			t.Errorf("ordered %+v", o)
		}
		code := c.code()
		said := c.hears(o.Program.URL)
		if !regexp.MustCompile(`^\d{6}$`).MatchString(code) || !strings.Contains(said, "Kaden Shopの確認コード") || !strings.Contains(said, `language="ja-JP"`) || strings.Contains(made.raw, code) {
			t.Errorf("heard %s", said)
		}
		uri := strings.TrimPrefix(made.text("url"), "http://example.com")
		c.ask("GET", uri).is(200)
		time.Sleep(time.Minute)
		if wrong := c.given(service, sato, wrongOne(code)).is(200); wrong.text("status") != "pending" || wrong.body["valid"] != false {
			t.Errorf("a wrong code: %s", wrong.raw)
		}
		right := c.given(service, sato, code).is(200)
		if right.text("status") != "approved" || right.body["valid"] != true || right.text("sid") != made.text("sid") {
			t.Errorf("the code: %s", right.raw)
		}
		c.check = nil
		c.given(service, sato, code).refuses(404, 20404) // it is good once
		c.ask("GET", uri).refuses(404, 20404)
		c.hangsUp()
		if r, err := c.teller.Ask(t.Context(), call.Ask{URL: o.Program.URL}); err != nil || r.Status != 404 {
			t.Errorf("after the call its script answers %d, %v", r.Status, err)
		}
		next := c.verify(service, sato).is(201)
		if next.text("sid") == made.text("sid") || c.code() == "" {
			t.Errorf("the next one: %s", next.raw)
		}
	})
}

func TestACodeIsToldInTheLanguageOfWhoHearsIt(t *testing.T) {
	for _, tt := range []struct {
		to    string
		pairs []string
		words []string
	}{
		{sato, nil, []string{`language="ja-JP"`, "Kaden Shopの確認コードをお知らせします", "もう一度", "失礼します"}},
		{sato, []string{"Locale", "en"}, []string{`language="en-US"`, "Your Kaden Shop verification code is", "Once more", "Goodbye"}},
		{"+14158675309", nil, []string{`language="en-US"`}},
		{"+14158675309", []string{"Locale", "ja", "CustomFriendlyName", "電話屋"}, []string{`language="ja-JP"`, "電話屋の確認コード"}},
		{sato, []string{"Locale", "pt-BR"}, []string{`language="en-US"`}},
		{sato, []string{"SendDigits", "ww12#", "DeviceIp", "192.0.2.1", "Tags", "{}", "RateLimits", "{}"}, []string{`language="ja-JP"`}},
	} {
		codeStory(t, func(t *testing.T, c *codes) {
			c.verify(c.service(), tt.to, tt.pairs...).is(201)
			heard := c.hears(c.last().Program.URL)
			for _, w := range tt.words {
				if !strings.Contains(heard, w) {
					t.Errorf("%s %v: %q is not heard in %s", tt.to, tt.pairs, w, heard)
				}
			}
			if len(tt.pairs) > 0 && tt.pairs[0] == "SendDigits" && c.last().SendDigits != "ww12#" {
				t.Errorf("pressed %q", c.last().SendDigits)
			}
		})
	}
}

func TestAVoicemailHearsNoCodeWhereAKeyIsAskedFor(t *testing.T) {
	codeStory(t, func(t *testing.T, c *codes) {
		c.verify(c.service("DtmfInputRequired", "true", "CodeLength", "8"), sato).is(201)
		o := c.last()
		asked := c.hears(o.Program.URL)
		if spelt.MatchString(asked) || strings.Count(asked, "<Gather") != 2 || !strings.Contains(asked, "1を押してください") || !strings.Contains(asked, "<Hangup") {
			t.Errorf("before a key: %s", asked)
		}
		told := spelt.FindStringSubmatch(c.hears(o.Program.URL + "/key"))
		if told == nil || len(told[1]) != 8 {
			t.Errorf("after it: %v", told)
		}
	})
}

func TestFiveTriesAndFiveCalls(t *testing.T) {
	codeStory(t, func(t *testing.T, c *codes) {
		service := c.service()
		made := c.verify(service, sato).is(201)
		code := c.code()
		time.Sleep(time.Minute)
		c.hangsUp()
		for range 5 {
			if got := c.given(service, sato, wrongOne(code)).is(200).text("status"); got != "pending" {
				t.Errorf("a wrong code: %s", got)
			}
		}
		c.given(service, sato, code).refuses(429, 60202, "5")
		if got := c.ask("GET", service+"/Verifications/"+made.text("sid")).is(200).text("status"); got != "max_attempts_reached" {
			t.Errorf("it is %s", got)
		}
		time.Sleep(time.Minute)
		c.verify(service, sato).refuses(429, 60202)
		time.Sleep(8*time.Minute + time.Second)
		c.given(service, sato, code).refuses(404, 20404)
		c.verify(service, sato).is(201)
		time.Sleep(time.Minute)

		one := c.verify(service, tanaka).is(201) // is busy, five times
		code = c.code()
		for range 4 {
			time.Sleep(10 * time.Second)
			if again := c.verify(service, tanaka).is(201); again.text("sid") != one.text("sid") || c.code() != code {
				t.Errorf("told again: %s, %s after %s", again.raw, c.code(), code)
			}
		}
		time.Sleep(10 * time.Second)
		c.verify(service, tanaka).refuses(429, 60203)
		if got := c.given(service, tanaka, code).is(200).text("status"); got != "approved" {
			t.Errorf("it is %s", got)
		}
	})
}

func TestNoTelephoneRingsTwiceOrAllDay(t *testing.T) {
	codeStory(t, func(t *testing.T, c *codes) {
		service, other := c.service(), c.service()
		c.verify(service, suzuki).is(201)
		time.Sleep(20 * time.Second)
		c.verify(service, suzuki).refuses(429, 60212, "at this moment") // it rings still
		c.verify(other, suzuki).refuses(429, 60212)
		c.verify(service, sato).is(201) // another one may be called
		time.Sleep(2 * time.Minute)
		if n := len(c.desk.placed()); n != 2 {
			t.Errorf("%d calls", n)
		}
		// Whoever cancels and begins anew does not get around the limit.
		rang := 0
		for range 20 {
			r := c.verify(service, tanaka)
			if r.status == 429 {
				r.refuses(429, 60212, "10 codes")
				break
			}
			rang++
			c.ask("POST", service+"/Verifications/"+r.is(201).text("sid"), "Status", "canceled").is(200)
			time.Sleep(10 * time.Second)
		}
		if rang != 10 {
			t.Errorf("it rang %d times", rang)
		}
		time.Sleep(10 * time.Minute)
		c.verify(service, tanaka).is(201)
	})
}

func TestOfManyRequestsAtOnceOneCalls(t *testing.T) {
	codeStory(t, func(t *testing.T, c *codes) {
		service := c.service()
		var all sync.WaitGroup
		var mu sync.Mutex
		got := map[int]int{}
		for range 20 {
			all.Go(func() {
				r := c.verify(service, suzuki)
				mu.Lock()
				defer mu.Unlock()
				got[r.status]++
			})
		}
		all.Wait()
		if n := len(c.desk.placed()); n != 1 || got[201] != 1 || got[429] != 19 {
			t.Fatalf("%d calls; answers %v", n, got)
		}
		// And who guesses with twenty hands has five tries.
		code := c.code()
		got = map[int]int{}
		for range 20 {
			all.Go(func() {
				r := c.given(service, suzuki, wrongOne(code))
				mu.Lock()
				defer mu.Unlock()
				got[r.status]++
			})
		}
		all.Wait()
		if got[200] != 5 || got[429] != 15 {
			t.Errorf("answers %v", got)
		}
	})
}

func TestAVerificationIsEndedByItsApp(t *testing.T) {
	check := readVerifyContract(t)
	codeStory(t, func(t *testing.T, c *codes) {
		service := c.service()
		for _, status := range []string{"canceled", "approved"} {
			c.check = &check
			made := c.verify(service, suzuki).is(201)
			time.Sleep(5 * time.Second)
			path := service + "/Verifications/" + made.text("sid")
			if got := c.ask("POST", path, "Status", status).is(200); got.text("status") != status || got.body["valid"] != (status == "approved") {
				t.Errorf("ended: %s", got.raw)
			}
			c.check = nil
			if r, err := c.store.Call(t.Context(), owner, c.last().SID); err != nil || !r.Status.Over() {
				t.Errorf("the telephone rings on: %s, %v", r.Status, err)
			}
			c.ask("POST", path, "Status", status).refuses(404, 20404)
			c.given(service, suzuki, "123456").refuses(404, 20404)
			time.Sleep(time.Minute)
		}
		made := c.verify(service, suzuki).is(201)
		path := service + "/Verifications/" + made.text("sid")
		c.ask("POST", path, "Status", "pending").refuses(400, 60200, "Status")
		c.ask("POST", path).refuses(400, 60200, "Status")
		if got := c.ask("POST", service+"/VerificationCheck", "VerificationSid", made.text("sid"), "Code", c.code()).is(200).text("status"); got != "approved" {
			t.Errorf("by its identifier: %s", got)
		}
	})
}

func TestTenMinutesAreThePatienceOfACode(t *testing.T) {
	codeStory(t, func(t *testing.T, c *codes) {
		service := c.service()
		made := c.verify(service, sato).is(201)
		code := c.code()
		time.Sleep(9*time.Minute + 59*time.Second)
		c.ask("GET", service+"/Verifications/"+made.text("sid")).is(200)
		time.Sleep(time.Second)
		c.ask("POST", service+"/VerificationCheck", "VerificationSid", made.text("sid"), "Code", code).refuses(404, 20404)
		c.ask("GET", service+"/Verifications/"+made.text("sid")).refuses(404, 20404)
	})
}

func TestAnAppBringsItsOwnCode(t *testing.T) {
	codeStory(t, func(t *testing.T, c *codes) {
		c.verify(c.service(), sato, "CustomCode", "4711").refuses(403, 60204, "CustomCodeEnabled")
		service := c.service("CustomCodeEnabled", "true")
		c.verify(service, sato, "CustomCode", "AB12cd").is(201)
		if c.code() != "AB12cd" {
			t.Errorf("heard %s", c.code())
		}
		for _, bad := range []string{"123", "12345678901", "12 34", "12-34", "あいうえ"} {
			c.verify(service, sato, "CustomCode", bad).refuses(400, 60200, "CustomCode")
		}
		if got := c.given(service, sato, "AB12cd").is(200).text("status"); got != "approved" {
			t.Errorf("it is %s", got)
		}
	})
}

func TestWhoIsToldNoCode(t *testing.T) {
	allow := func(c *rest.Config) {
		c.AllowTo = func(_ context.Context, _ account.Account, to number.Address) error {
			switch {
			case strings.HasPrefix(string(to.Number), "+1"):
				return errors.New("numbers abroad are not allowed (reach: [abroad])")
			case strings.HasPrefix(string(to.Number), "+81990"):
				return fmt.Errorf("%w: premium", rest.ErrPremium)
			case strings.HasPrefix(string(to.Number), "+81120"):
				return fmt.Errorf("%w: toll-free numbers", rest.ErrNoWay)
			}
			return nil
		}
	}
	codeStory(t, func(t *testing.T, c *codes) {
		service := c.service()
		for _, bad := range []struct {
			to           string
			pairs        []string
			status, code int
			word         string
		}{
			{"", nil, 400, 60200, "Invalid parameter: To"}, {"x", nil, 400, 60200, "Invalid parameter: To"}, {"sip:sato@example.jp", nil, 400, 60200, "Invalid parameter: To"},
			{"sato@example.jp", nil, 400, 60200, "Invalid parameter: To"}, {"110", nil, 400, 60200, "emergency"}, {"119", nil, 400, 60200, "emergency"}, {"118", nil, 400, 60200, "never"},
			{"+81110", nil, 400, 60200, "Invalid parameter: To"}, {"184", nil, 400, 60200, "Invalid parameter: To"},
			{"+14158675309", nil, 403, 60605, "abroad"}, {"0990-123456", nil, 403, 60410, "premium"}, {"0120-123456", nil, 400, 21214, "toll-free"},
			{sato, []string{"Channel", ""}, 400, 60200, "Invalid parameter: Channel"}, {sato, []string{"Channel", "pigeon"}, 400, 60200, "Invalid parameter: Channel"},
			{sato, []string{"Channel", "email"}, 400, 60223, "email"}, {sato, []string{"Channel", "auto"}, 400, 60223, "call"}, {sato, []string{"Channel", "sms"}, 400, 60223, "Channel=call"},
			{sato, []string{"CustomMessage", "x"}, 400, 60243, "CustomCode"}, {sato, []string{"TemplateSid", "HJ1"}, 403, 60204, "TemplateSid"},
			{sato, []string{"Locale", "日本語"}, 400, 60200, "Locale"}, {sato, []string{"SendDigits", "abc!"}, 400, 60200, "SendDigits"},
			{sato, []string{"CustomFriendlyName", strings.Repeat("x", 31)}, 400, 60200, "CustomFriendlyName"},
		} {
			f := form(append([]string{"To", bad.to, "Channel", "call"}, bad.pairs...)...)
			for i := 0; i < len(bad.pairs); i += 2 {
				f.Set(bad.pairs[i], bad.pairs[i+1])
			}
			c.send(request("POST", service+"/Verifications", f)).refuses(bad.status, bad.code, bad.word)
		}
		if n := len(c.desk.placed()); n != 0 {
			t.Errorf("%d of them were called", n)
		}
		for _, bad := range [][]string{{"To", sato}, {"To", sato, "Code", "123"}, {"To", sato, "Code", "12345678901"}, {"To", sato, "Code", "12 456"}, {"Code", "123456"}, {"Code", "123456", "To", "x"}, {"Code", "123456", "VerificationSid", "x"}} {
			c.ask("POST", service+"/VerificationCheck", bad...).refuses(400, 60200, "Invalid parameter")
		}
		c.ask("POST", service+"/VerificationCheck", "To", sato, "Code", "123456").refuses(404, 20404)
		c.ask("GET", service+"/Verifications/x").refuses(404, 20404)
		c.ask("GET", service+"/Verifications/VE"+strings.Repeat("0", 32)).refuses(404, 20404)
		c.desk.fails = call.ErrShutdown
		c.verify(service, sato).refuses(503, 20503)
	}, allow)
}

func TestACodeIsWrittenWhereMessagesAreCarried(t *testing.T) {
	var office *postOffice
	var stop func()
	mailing := func(c *rest.Config) {
		stop = postman(c)
		office = c.Messages.(letters).postOffice
		c.Sender = func(to number.Number) string {
			if strings.HasPrefix(string(to), "+81") {
				return us
			}
			return ""
		}
	}
	codeStory(t, func(t *testing.T, c *codes) {
		defer func() { stop() }()
		synctest.Wait()
		service := c.service("DoNotShareWarningEnabled", "true")
		made := c.verify(service, "+819011112227").is(201) // Channel is call …
		time.Sleep(2 * time.Minute)
		again := c.ask("POST", service+"/Verifications", "To", "+819011112227", "Channel", "sms").is(201) // … and then sms
		if again.text("sid") != made.text("sid") || again.text("channel") != "sms" || len(again.body["send_code_attempts"].([]any)) != 2 {
			t.Errorf("written %s", again.raw)
		}
		list, _, err := office.Store.Messages(t.Context(), message.Filter{Account: owner})
		if err != nil || len(list) != 1 || list[0].From != us || list[0].To != "+819011112227" || !strings.HasPrefix(list[0].Body, "Kaden Shopの確認コード: ") || !strings.HasSuffix(list[0].Body, "誰にも教えないでください。") {
			t.Fatalf("written: %+v, %v", list, err)
		}
		code := regexp.MustCompile(`\d{6}`).FindString(list[0].Body)
		if got := c.given(service, "+819011112227", code).is(200).text("status"); got != "approved" {
			t.Errorf("it is %s", got)
		}
		c.ask("POST", service+"/Verifications", "To", "0312345678", "Channel", "sms").refuses(403, 60205, "fixed lines")
		c.ask("POST", service+"/Verifications", "To", "+14158675309", "Channel", "sms").refuses(400, 60223, "Channel=call")
		c.ask("POST", service+"/Verifications", "To", "110", "Channel", "sms").refuses(400, 60200, "emergency")
	}, mailing)
}

func TestOneAppNeverSeesTheCodesOfAnother(t *testing.T) {
	codeStory(t, func(t *testing.T, c *codes) {
		service, other_ := c.service(), c.service()
		made := c.verify(service, suzuki).is(201)
		c.ask("GET", other_+"/Verifications/"+made.text("sid")).refuses(404, 20404)
		c.given(other_, suzuki, c.code()).refuses(404, 20404)
		c.ask("POST", other_+"/VerificationCheck", "VerificationSid", made.text("sid"), "Code", c.code()).refuses(404, 20404)
		for _, path := range []string{service, service + "/Verifications/" + made.text("sid")} {
			for _, method := range []string{"GET", "POST", "DELETE"} {
				r := c.as(string(other), strings.Repeat("f", 32), method, path, form("FriendlyName", "taken", "Status", "approved"))
				if r.status != 404 && r.status != 405 {
					t.Errorf("%s %s: %d %s", method, path, r.status, r.raw)
				}
			}
		}
		c.as(string(other), strings.Repeat("f", 32), "POST", service+"/VerificationCheck", form("To", suzuki, "Code", c.code())).refuses(404, 20404)
		c.as(string(other), strings.Repeat("f", 32), "POST", service+"/Verifications", form("To", sato, "Channel", "call")).refuses(404, 20404)
		if got := c.as(string(other), strings.Repeat("f", 32), "GET", "/v2/Services", nil).names("services", "sid"); len(got) != 0 {
			t.Errorf("another account sees %v", got)
		}
		o := c.last()
		for _, gone := range []string{o.Program.URL + "x", within + "/verify/" + string(o.SID), within + "/verify/", within + "/verify/" + string(callID(1)) + "/x"} {
			if r, err := c.teller.Ask(t.Context(), call.Ask{URL: gone}); err != nil || r.Status != 404 {
				t.Errorf("%s: %d %v", gone, r.Status, err)
			}
		}
		if got := c.given(service, suzuki, c.code()).is(200).text("status"); got != "approved" {
			t.Errorf("after all that: %s", got)
		}
	})
}

// FuzzVerify sends anything to any place of the Verify API: the answer is never our own fault.
func FuzzVerify(f *testing.F) {
	c := verifyHouse(f)
	service := strings.TrimPrefix(c.service("CustomCodeEnabled", "true"), "/v2/")
	for _, seed := range [][4]string{
		{"POST", "Services", "", "FriendlyName=x&CodeLength=4"}, {"POST", service + "/VerificationCheck", "", "To=+819011112222&Code=123456"},
		{"POST", service + "/Verifications/VE00000000000000000000000000000001", "", "Status=approved"}, {"GET", service + "/Verifications/VE1", "", ""},
		{"GET", "Services", "PageSize=1&PageToken=PA1", ""}, {"POST", service, "", "TtsName=%00"},
	} {
		f.Add(seed[0], seed[1], seed[2], seed[3])
	}
	f.Fuzz(func(t *testing.T, method, path, query, form string) {
		if method == http.MethodPost && strings.HasSuffix(path, "Verifications") {
			return // whoever is called has a goroutine
		}
		fuzzed(t, c.Handler, method, &url.URL{Path: "/v2/" + path, RawQuery: query}, form)
	})
}
