package webhook

import (
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/kaden-project/kaden/call"
	"github.com/kaden-project/kaden/sid"
)

// came is a request as the owner's server saw it.
type came struct {
	*http.Request
	body   string
	signed error // nil: Twilio's validators accept it
}

// told is what a server is to answer: status, headers in pairs, and a body.
type told struct {
	status  int
	headers []string
	body    string
}

// The lines of Twilio's contract that a single question or two can show: what the server sees, and what comes back.
// How an answer is read is told by the stories in voice/testdata: document-html, document-text, document-sound,
// application-error (12300), document-empty (11770), document-too-long (11750), fallback, action-fails. Signatures of
// Twilio's own libraries are in sign_test.go, callbacks that fail (15003) in journal_test.go, private addresses,
// certificates and how long anybody is waited for (TestPatienceEnds) in webhook_test.go.
func TestTheContract(t *testing.T) {
	digits := url.Values{"CallSid": {string(night)}, "Digits": {"1"}}
	xml := told{200, []string{"Content-Type", "text/xml"}, "<Response/>"}
	always := func(r told) func(int) told { return func(int) told { return r } }
	for _, c := range []struct {
		line     string
		url      string // after the server's address
		method   string
		params   url.Values
		answer   func(n int) told // to the nth request, from 1; nil is TwiML
		asks     int              // questions of the same call; 0 is one
		code     int              // the problem's
		requests int
		last     func(r came) bool // what is true of the last request
		reply    func(r call.Reply) bool
	}{
		{line: "POST is a form in UTF-8", params: digits, requests: 1, last: func(r came) bool {
			return r.Method == "POST" && r.body == digits.Encode() && r.Header.Get("Content-Type") == "application/x-www-form-urlencoded; charset=UTF-8"
		}},
		{line: "GET has the owner's parameters first, as they are, and a name may come twice", url: "/v?b=%7e&CallSid=mine", method: "GET", params: digits, requests: 1, last: func(r came) bool {
			return r.RequestURI == "/v?b=%7e&CallSid=mine&CallSid="+string(night)+"&Digits=1" && r.body == ""
		}},
		{line: "POST keeps the query of its URL", url: "/v?b=2&a=1", params: digits, requests: 1, last: func(r came) bool { return r.RequestURI == "/v?b=2&a=1" }},
		{line: "user agent, Accept, Cache-Control", requests: 1, last: func(r came) bool {
			return r.UserAgent() == "TwilioProxy/1.1" && r.Header.Get("Accept") == "*/*" && r.Header.Get("Cache-Control") == "max-age=259200"
		}},
		{line: "signature and idempotency token", requests: 1, last: func(r came) bool { return r.signed == nil && r.Header.Get("I-Twilio-Idempotency-Token") != "" }},
		{line: "the token is stable over retries", url: "/#rc=2&rp=5xx", answer: func(n int) told { return told{status: 500} }, requests: 3, reply: func(r call.Reply) bool { return r.Status == 500 }},
		{line: "ten redirects are followed", answer: func(n int) told {
			if n <= 10 {
				return told{302, []string{"Location", "/on"}, ""}
			}
			return xml
		}, requests: 11, reply: func(r call.Reply) bool { return r.Status == 200 && strings.HasSuffix(r.URL, "/on") }},
		{line: "eleven are not: 11215", answer: always(told{302, []string{"Location", "/on"}, ""}), code: 11215, requests: 11},
		{line: "a redirected POST loses its Digits", params: digits, answer: func(n int) told {
			if n == 1 {
				return told{302, []string{"Location", "/on?kept=1"}, ""}
			}
			return xml
		}, requests: 2, last: func(r came) bool {
			return r.Method == "GET" && r.RequestURI == "/on?kept=1" && r.body == "" && r.signed == nil
		}},
		{line: "cookies come back within the call", asks: 2, answer: always(told{200, []string{"Set-Cookie", "session=sato"}, ""}), requests: 2, last: func(r came) bool { return r.Header.Get("Cookie") == "session=sato" }},
		{line: "GET is kept by Cache-Control", method: "GET", asks: 3, answer: always(told{200, []string{"Cache-Control", "max-age=60", "Content-Type", "text/xml"}, "<Response/>"}), requests: 1, reply: func(r call.Reply) bool { return string(r.Body) == "<Response/>" }},
		{line: "GET is asked for news by ETag", method: "GET", asks: 2, answer: func(n int) told {
			if n == 2 {
				return told{status: 304}
			}
			return told{200, []string{"ETag", `"1"`, "Content-Type", "text/xml"}, "<Response/>"}
		}, requests: 2, last: func(r came) bool { return r.Header.Get("If-None-Match") == `"1"` }, reply: func(r call.Reply) bool { return r.Status == 200 && string(r.Body) == "<Response/>" }},
		{line: "GET is asked for news by Last-Modified", method: "GET", asks: 2, answer: func(n int) told {
			if n == 2 {
				return told{status: 304}
			}
			return told{200, []string{"Last-Modified", "Thu, 01 Jan 2026 00:00:00 GMT"}, "x"}
		}, requests: 2, last: func(r came) bool { return r.Header.Get("If-Modified-Since") != "" }, reply: func(r call.Reply) bool { return string(r.Body) == "x" }},
		{line: "POST is never kept", asks: 2, answer: always(told{200, []string{"Cache-Control", "max-age=60"}, ""}), requests: 2},
		{line: "the fragment is neither sent nor signed", url: "/v#ct=2000&rt=3000&tt=4000&rc=2&rp=5xx,ct&e=dublin&sni=y", requests: 1, last: func(r came) bool { return r.RequestURI == "/v" && r.signed == nil }},
		{line: "4xx are asked again where the policy says so", url: "/#rc=1&rp=4xx", answer: always(told{status: 404}), requests: 2},
		{line: "rc counts up to five", url: "/#rc=9&rp=all", answer: always(told{status: 503}), requests: 6},
		{line: "without a policy only connections are tried again", answer: always(told{status: 503}), requests: 1},
		{line: "TwiML of any type and sound come back as they are", answer: always(told{200, []string{"Content-Type", "audio/mpeg"}, "ID3"}), requests: 1, reply: func(r call.Reply) bool { return r.ContentType == "audio/mpeg" }},
		{line: "64 KiB, and a byte to tell that there is more", answer: always(told{200, nil, strings.Repeat("x", 1<<17)}), requests: 1, reply: func(r call.Reply) bool { return len(r.Body) == MaxBody+1 }},
		{line: "an empty answer, as GoAlert's 204, is an answer", answer: always(told{status: 204}), requests: 1, reply: func(r call.Reply) bool { return r.Status == 204 && len(r.Body) == 0 }},
		{line: "name and password of the URL are sent, and signed", url: "@/v", requests: 1, last: func(r came) bool {
			user, password, ok := r.BasicAuth()
			return ok && user == "sato" && password == "s3cret"
		}},
		{line: "a password is signed as it is written", url: "!'(*)@/v", requests: 1, last: func(r came) bool {
			user, password, ok := r.BasicAuth()
			return ok && user == "sato" && password == "s3cret!'(*)" && r.signed == nil
		}},
		{line: "' @ : in the parameters of a GET are signed as they are sent", method: "GET", params: url.Values{"From": {"sip:o'neill@example.jp:5060"}}, requests: 1, last: func(r came) bool {
			return r.signed == nil && strings.Contains(r.RequestURI, "o%27neill%40example.jp%3A5060")
		}},
		{line: "' @ : in the owner's query stay", url: "/v?who='@:", requests: 1, last: func(r came) bool { return r.RequestURI == "/v?who='@:" && r.signed == nil }},
	} {
		t.Run(c.line, func(t *testing.T) {
			var seen []came
			base := server(t, func(w http.ResponseWriter, r *http.Request) {
				text, _ := io.ReadAll(r.Body)
				r.Body = io.NopCloser(strings.NewReader(string(text)))
				address := "http://" + r.Host + r.RequestURI
				if user, password, ok := r.BasicAuth(); ok {
					address = "http://" + user + ":" + password + "@" + r.Host + r.RequestURI
				}
				seen = append(seen, came{r, string(text), Validate(hexToken, r, address)})
				say := xml
				if c.answer != nil {
					say = c.answer(len(seen))
				}
				for i := 0; i < len(say.headers); i += 2 {
					w.Header().Set(say.headers[i], say.headers[i+1])
				}
				w.WriteHeader(say.status)
				io.WriteString(w, say.body)
			})
			address := base + c.url
			if password, path, ok := strings.Cut(c.url, "@"); ok && !strings.HasPrefix(c.url, "/") {
				address = strings.Replace(base, "http://", "http://sato:s3cret"+password+"@", 1) + path
			}
			asker := client(t, nil)
			var reply call.Reply
			var err error
			for range max(1, c.asks) {
				reply, err = asker.Ask(t.Context(), ask(address, c.method, c.params))
			}
			if c.code != 0 {
				refused(t, err, c.code)
			} else if err != nil {
				t.Fatal(err)
			}
			if len(seen) != c.requests {
				t.Fatalf("%d requests, want %d", len(seen), c.requests)
			}
			tokens := map[string]bool{}
			for _, r := range seen {
				if r.signed != nil {
					t.Errorf("%s %s: %v", r.Method, r.RequestURI, r.signed)
				}
				tokens[r.Header.Get("I-Twilio-Idempotency-Token")] = true
			}
			if c.asks == 0 && len(tokens) != 1 {
				t.Errorf("%d idempotency tokens for one question", len(tokens))
			}
			last := seen[len(seen)-1]
			if c.last != nil && !c.last(last) {
				t.Errorf("the last request: %s %s %q %v", last.Method, last.RequestURI, last.body, last.Header)
			}
			if c.reply != nil && !c.reply(reply) {
				t.Errorf("the answer: %d %s %d bytes from %s", reply.Status, reply.ContentType, len(reply.Body), reply.URL)
			}
		})
	}
}

// Each account's requests are signed with its own token, a sub-account's among them.
func TestASubaccountSignsWithItsOwnToken(t *testing.T) {
	var signature string
	base := server(t, func(_ http.ResponseWriter, r *http.Request) { signature = r.Header.Get("X-Twilio-Signature") })
	c := client(t, func(cfg *Config) { cfg.AuthToken = func(id sid.Account) string { return "token of " + string(id) } })
	for _, id := range []sid.Account{owner, "ACcccccccccccccccccccccccccccccccc"} {
		a := ask(base+"/", "POST", nil)
		a.Account = id
		if _, err := c.Ask(t.Context(), a); err != nil {
			t.Fatal(err)
		}
		if want := Sign("token of "+string(id), base+"/", nil); signature != want {
			t.Errorf("%s: %s, want %s", id, signature, want)
		}
	}
}
