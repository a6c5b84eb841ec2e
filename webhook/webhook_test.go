package webhook

import (
	"bufio"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/kaden-project/kaden/call"
	"github.com/kaden-project/kaden/sid"
)

const (
	owner sid.Account = "ACaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
	night sid.Call    = "CAbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"
)

// client asks servers on this machine, as in development.
func client(t *testing.T, change func(*Config)) *Client {
	t.Helper()
	cfg := Config{AllowLoopback: true, AuthToken: func(id sid.Account) string {
		if id == owner {
			return hexToken
		}
		return ""
	}}
	if change != nil {
		change(&cfg)
	}
	c := New(slog.New(slog.DiscardHandler), cfg)
	t.Cleanup(c.Close)
	return c
}

func server(t *testing.T, h http.HandlerFunc) string {
	t.Helper()
	s := httptest.NewServer(h)
	t.Cleanup(s.Close)
	return s.URL
}

func ask(u, method string, params url.Values) call.Ask {
	return call.Ask{Account: owner, Call: night, Method: method, URL: u, Params: params}
}

// refused expects a *call.Problem with the code and all of the words in its text.
func refused(t *testing.T, err error, code int, words ...string) *call.Problem {
	t.Helper()
	p, ok := errors.AsType[*call.Problem](err)
	if !ok {
		t.Fatalf("err = %v (%T), want a *call.Problem", err, err)
	}
	if p.Code != code {
		t.Errorf("code = %d (%s), want %d", p.Code, p.Text, code)
	}
	for _, w := range words {
		if !strings.Contains(p.Text, w) {
			t.Errorf("text %q does not say %q", p.Text, w)
		}
	}
	return p
}

func TestAFormIsPostedAndSigned(t *testing.T) {
	var seen *http.Request
	var body string
	base := server(t, func(w http.ResponseWriter, r *http.Request) {
		raw, _ := io.ReadAll(r.Body)
		seen, body = r, string(raw)
		w.Header().Set("Content-Type", "text/xml")
		io.WriteString(w, "<Response/>")
	})
	params := url.Values{"CallSid": {string(night)}, "SpeechResult": {"対応します"}, "Empty": {""}}
	reply, err := client(t, nil).Ask(t.Context(), ask(base+"/voice?team=sre&CallSid=mine#rc=2", "", params))
	if err != nil {
		t.Fatal(err)
	}
	if want := (call.Reply{URL: base + "/voice?team=sre&CallSid=mine#rc=2", Status: 200, ContentType: "text/xml"}); reply.URL != want.URL || reply.Status != want.Status || reply.ContentType != want.ContentType || string(reply.Body) != "<Response/>" {
		t.Errorf("reply = %+v with body %q", reply, reply.Body)
	}
	if seen.Method != "POST" || body != params.Encode() {
		t.Errorf("server saw %s %q", seen.Method, body)
	}
	if got := seen.Header.Get("X-Twilio-Signature"); got != Sign(hexToken, base+"/voice?team=sre&CallSid=mine", params) {
		t.Errorf("signature %q is not over the URL that was asked, without its fragment", got)
	}
	for name, want := range map[string]string{
		"User-Agent": "TwilioProxy/1.1", "Accept": "*/*", "Cache-Control": "max-age=259200",
		"Content-Type": "application/x-www-form-urlencoded; charset=UTF-8", "Idempotency-Key": "",
	} {
		if got := seen.Header.Get(name); got != want {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
	}
	if seen.Header.Get("I-Twilio-Idempotency-Token") == "" {
		t.Error("no I-Twilio-Idempotency-Token")
	}
}

func TestAGetKeepsTheOwnersQueryByteForByte(t *testing.T) {
	tests := []struct{ name, path, wantURI string }{
		{"its own parameters come first", "/v?z=%7e&a='@:&CallSid=x&a=2", "/v?z=%7e&a='@:&CallSid=x&a=2&CallSid=CA1&Digits=1"},
		{"without a query", "/v", "/v?CallSid=CA1&Digits=1"},
		{"without a path", "", "/?CallSid=CA1&Digits=1"},
		{"a query that ends in &", "?a=1&", "/?a=1&CallSid=CA1&Digits=1"},
		{"a space", "/v?a=b c", "/v?a=b%20c&CallSid=CA1&Digits=1"},
		{"an encoded slash", "/a%2Fb", "/a%2Fb?CallSid=CA1&Digits=1"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			var uri, host string
			var err error
			base := server(t, func(w http.ResponseWriter, r *http.Request) {
				uri, host = r.RequestURI, r.Host
				err = Validate(hexToken, r, "http://"+host+uri)
			})
			if _, err := client(t, nil).Ask(t.Context(), ask(base+test.path, "get", url.Values{"CallSid": {"CA1"}, "Digits": {"1"}})); err != nil {
				t.Fatal(err)
			}
			if uri != test.wantURI {
				t.Errorf("server was asked for %q, want %q", uri, test.wantURI)
			}
			if err != nil {
				t.Errorf("its signature: %v", err)
			}
		})
	}
}

func TestAnyStatusIsAReply(t *testing.T) {
	for _, status := range []int{204, 304, 404, 500, 302} { // 302 without a Location leads nowhere
		base := server(t, func(w http.ResponseWriter, r *http.Request) { w.WriteHeader(status) })
		reply, err := client(t, nil).Ask(t.Context(), ask(base, "POST", nil))
		if err != nil || reply.Status != status || len(reply.Body) != 0 {
			t.Errorf("a server that says %d: %+v, %v", status, reply, err)
		}
	}
}

func TestAnAccountWithoutATokenIsNotSigned(t *testing.T) {
	var got []string
	base := server(t, func(w http.ResponseWriter, r *http.Request) { got = r.Header.Values("X-Twilio-Signature") })
	a := ask(base, "POST", nil)
	a.Account = "ACcccccccccccccccccccccccccccccccc"
	if _, err := client(t, nil).Ask(t.Context(), a); err != nil || len(got) != 0 {
		t.Errorf("signature %q, %v", got, err)
	}
	if _, err := client(t, func(c *Config) { c.AuthToken = nil }).Ask(t.Context(), ask(base, "POST", nil)); err != nil || len(got) != 0 {
		t.Errorf("without tokens: signature %q, %v", got, err)
	}
}

func TestALongReplyIsCutAfterOneByteMore(t *testing.T) {
	base := server(t, func(w http.ResponseWriter, r *http.Request) { w.Write(make([]byte, 1<<20)) })
	reply, err := client(t, nil).Ask(t.Context(), ask(base, "GET", nil))
	if err != nil || len(reply.Body) != MaxBody+1 {
		t.Errorf("%d bytes, %v; want %d", len(reply.Body), err, MaxBody+1)
	}
	if reply, err = client(t, nil).Load(t.Context(), ask(base, "GET", nil), 2<<20); err != nil || len(reply.Body) != 1<<20 {
		t.Errorf("a sound file: %d bytes, %v; want all of it", len(reply.Body), err)
	}
}

func TestRedirects(t *testing.T) {
	digits := url.Values{"Digits": {"1"}}
	for status, want := range map[int]string{301: "GET ", 302: "GET ", 303: "GET ", 307: "POST Digits=1", 308: "POST Digits=1"} {
		t.Run(fmt.Sprint(status), func(t *testing.T) {
			var got string
			var signed error
			base := server(t, func(w http.ResponseWriter, r *http.Request) {
				if r.URL.Path == "/old" {
					http.Redirect(w, r, "new?x=1", status)
					return
				}
				signed = Validate(hexToken, r, "http://"+r.Host+r.RequestURI)
				body, _ := io.ReadAll(r.Body)
				got = r.Method + " " + string(body)
			})
			reply, err := client(t, nil).Ask(t.Context(), ask(base+"/old", "POST", digits))
			if err != nil {
				t.Fatal(err)
			}
			if got != want {
				t.Errorf("the new place saw %q, want %q", got, want)
			}
			if signed != nil {
				t.Errorf("its signature: %v", signed)
			}
			if want := base + "/new?x=1"; reply.URL != want {
				t.Errorf("URL after the redirect = %q, want %q", reply.URL, want)
			}
		})
	}
}

func TestRedirectsThatLeadNowhere(t *testing.T) {
	tests := []struct {
		name, location string
		code           int
		words          string
	}{
		{"in a circle", "/again", 11215, "more than 10 times"},
		{"to a file", "file:///etc/passwd", 11100, "http"},
		{"to nonsense", "http://%zz/", 11100, "not a URL"},
		{"into the house", "http://10.0.0.1/", 11200, "private network"},
		{"to the cloud's metadata", "http://169.254.169.254/latest/", 11200, "never a public server"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			n := 0
			base := server(t, func(w http.ResponseWriter, r *http.Request) {
				n++
				w.Header().Set("Location", test.location)
				w.WriteHeader(302)
			})
			_, err := client(t, nil).Ask(t.Context(), ask(base, "POST", nil))
			refused(t, err, test.code, test.words)
			if test.code == 11215 && n != 11 {
				t.Errorf("%d requests, want the first and 10 redirects", n)
			}
		})
	}
}

func TestURLsThatCannotBeAsked(t *testing.T) {
	for u, words := range map[string]string{
		"":                                 "http://",
		"/relative":                        "http://",
		"ftp://example.com/":               "http://",
		"http:///path":                     "names no host",
		"http:opaque":                      "names no host",
		"http://my_host.example/?secret=1": `no "_"`,
		"http://%zz/":                      "not a URL",
		"http://example.com/\x00":          "not a URL",
		"http://example.com/" + strings.Repeat("x", maxURL): "longer than",
	} {
		_, err := client(t, nil).Ask(t.Context(), ask(u, "POST", nil))
		if p := refused(t, err, 11100, words); strings.Contains(p.Text, "secret") {
			t.Errorf("the problem of %q shows its query: %s", u, p.Text)
		}
	}
	_, err := client(t, nil).Ask(t.Context(), ask("http://example.com/", "DELETE", nil))
	refused(t, err, 11100, "neither GET nor POST")
}

func TestAddressesInsideAreRefusedWhenDialled(t *testing.T) {
	asked := false
	base := server(t, func(http.ResponseWriter, *http.Request) { asked = true })
	port := base[strings.LastIndexByte(base, ':'):]
	strict := client(t, func(c *Config) { c.AllowLoopback = false })
	for _, host := range []string{"127.0.0.1", "localhost", "[::ffff:127.0.0.1]", "[::1]", "0.0.0.0"} {
		_, err := strict.Ask(t.Context(), ask("http://"+host+port+"/", "GET", nil))
		if p := refused(t, err, 11200, "allow"); !errors.Is(p, ErrForbidden) {
			t.Errorf("%s: %v is not ErrForbidden", host, p)
		}
	}
	if asked {
		t.Error("the server inside was asked")
	}
	named := client(t, func(c *Config) {
		c.AllowLoopback, c.Allow = false, []netip.Prefix{netip.MustParsePrefix("127.0.0.1/32")}
	})
	if _, err := named.Ask(t.Context(), ask(base, "GET", nil)); err != nil || !asked {
		t.Errorf("a network allowed by name was not asked: %v", err)
	}
}

func TestCookiesLiveAsLongAsTheCall(t *testing.T) {
	var got string
	base := server(t, func(w http.ResponseWriter, r *http.Request) {
		got = r.Header.Get("Cookie")
		http.SetCookie(w, &http.Cookie{Name: "session", Value: "sato"})
	})
	c := client(t, nil)
	say := func(id sid.Call) string {
		t.Helper()
		a := ask(base, "POST", nil)
		a.Call = id
		if _, err := c.Ask(t.Context(), a); err != nil {
			t.Fatal(err)
		}
		return got
	}
	if got := say(night); got != "" {
		t.Errorf("first question carries %q", got)
	}
	if got := say(night); got != "session=sato" {
		t.Errorf("second question of the call carries %q", got)
	}
	if got := say("CAcccccccccccccccccccccccccccccccc"); got != "" {
		t.Errorf("another call carries %q", got)
	}
	if say(""); say("") != "" {
		t.Error("questions outside a call share cookies")
	}
}

func TestOldCookiesAreForgotten(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCookies()
		u := &url.URL{Scheme: "http", Host: "example.com", Path: "/"}
		set := func(id sid.Call) { c.of(id).SetCookies(u, []*http.Cookie{{Name: "a", Value: "b"}}) }
		set("CA1")
		time.Sleep(3 * time.Hour)
		set("CA2")
		time.Sleep(2 * time.Hour)
		set("CA3")
		if len(c.of("CA1").Cookies(u)) != 0 || len(c.of("CA2").Cookies(u)) != 1 {
			t.Error("want the call of five hours ago forgotten, that of two hours ago kept")
		}
		for i := range cookieCalls + 10 {
			set(sid.Call(fmt.Sprint("more", i)))
		}
		if len(c.calls) > cookieCalls {
			t.Errorf("%d calls have cookies, want at most %d", len(c.calls), cookieCalls)
		}
	})
}

func TestMakingRoomForCookiesIsSeldom(t *testing.T) {
	c := newCookies()
	for i := range cookieCalls + 1 {
		c.of(sid.Call(fmt.Sprint(i))).SetCookies(&url.URL{Scheme: "http", Host: "example.com"}, []*http.Cookie{{Name: "a", Value: "b"}})
	}
	if got, want := len(c.calls), cookieCalls-cookieCalls/8+1; got != want {
		t.Errorf("after one call too many %d have cookies, want %d: each one after that would look through all of them", got, want)
	}
}

func TestTheSameCallbackHasTheSameToken(t *testing.T) {
	status := ask("https://example.com/", "POST", url.Values{"SequenceNumber": {"1"}, "CallStatus": {"ringing"}})
	next := ask("https://example.com/", "POST", url.Values{"SequenceNumber": {"2"}, "CallStatus": {"in-progress"}})
	gather := ask("https://example.com/", "POST", url.Values{"Digits": {"9"}})
	letter := func(id, status string) call.Ask {
		return ask("https://example.com/", "POST", url.Values{"MessageSid": {id}, "MessageStatus": {status}})
	}
	room := func(id, seq string) call.Ask { // of a call that goes from one conference into another
		return ask("https://example.com/", "POST", url.Values{"ConferenceSid": {id}, "StatusCallbackEvent": {"participant-join"}, "SequenceNumber": {seq}})
	}
	tokens := map[string]bool{}
	for _, a := range []call.Ask{room("CF1", "0"), room("CF1", "1"), room("CF2", "0"), letter("SM1", "sent"), letter("SM1", "delivered"), letter("SM2", "sent")} {
		one, again := idempotency(a), idempotency(a)
		if one != again {
			t.Errorf("%v: what is delivered again has another token", a.Params)
		}
		tokens[one] = true
	}
	if len(tokens) != 6 {
		t.Errorf("six callbacks have %d tokens", len(tokens))
	}
	first, second := idempotency(status), idempotency(status)
	if first != second {
		t.Error("a callback that is delivered again has another token")
	}
	if idempotency(status) == idempotency(next) {
		t.Error("two callbacks have the same token")
	}
	first, second = idempotency(gather), idempotency(gather)
	if first == second {
		t.Error("the same key pressed twice has the same token: the server would take it for one")
	}
}

// failing answers with status until the server had n requests, then 200.
func failing(n int32, status int, tokens map[string]bool) (http.HandlerFunc, *atomic.Int32) {
	count := new(atomic.Int32)
	return func(w http.ResponseWriter, r *http.Request) {
		tokens[r.Header.Get("I-Twilio-Idempotency-Token")] = true
		if count.Add(1) < n {
			w.WriteHeader(status)
		}
	}, count
}

func TestRetriesAreThoseOfTheFragment(t *testing.T) {
	tests := []struct {
		name, fragment string
		status         int
		requests       int32
	}{
		{"a 500 is not asked again by default", "", 500, 1},
		{"a 500 is asked again when the URL says so", "#rc=3&rp=5xx", 200, 3},
		{"but not for ever", "#rc=1&rp=5xx", 500, 2},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			tokens := map[string]bool{}
			h, count := failing(3, 500, tokens)
			reply, err := client(t, nil).Ask(t.Context(), ask(server(t, h)+test.fragment, "POST", nil))
			if err != nil || reply.Status != test.status || count.Load() != test.requests {
				t.Errorf("status %d after %d requests, %v; want %d after %d", reply.Status, count.Load(), err, test.status, test.requests)
			}
			if len(tokens) != 1 {
				t.Errorf("%d idempotency tokens, want one for all tries", len(tokens))
			}
		})
	}
}

func TestServersThatCannotBeReached(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	closed := l.Addr().String()
	l.Close()
	_, err = client(t, nil).Ask(t.Context(), ask("http://"+closed+"/?token=secret", "POST", nil))
	if p := refused(t, err, 11205, closed, "refused"); strings.Contains(p.Text, "secret") {
		t.Errorf("the problem shows the query: %s", p.Text)
	}

	for _, dns := range []*net.DNSError{{Name: "kaden.invalid", Err: "no such host", IsNotFound: true}, {Name: "kaden.invalid", Err: "server misbehaving"}} {
		c := client(t, nil)
		c.transport.DialContext = func(context.Context, string, string) (net.Conn, error) {
			return nil, &net.OpError{Op: "dial", Net: "tcp", Err: dns}
		}
		_, err = c.Ask(t.Context(), ask("http://kaden.invalid/", "POST", nil))
		refused(t, err, 11210, "kaden.invalid")
	}
}

// talking is a server that says these bytes to whoever connects, and hangs up.
func talking(t *testing.T, bytes string) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	t.Cleanup(func() { l.Close(); <-done })
	go func() {
		defer close(done)
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			conn.SetDeadline(time.Now().Add(5 * time.Second))
			conn.Read(make([]byte, 4096))
			io.WriteString(conn, bytes)
			conn.Close()
		}
	}()
	return l.Addr().String()
}

func TestServersThatDoNotSpeakProperly(t *testing.T) {
	tests := []struct {
		name, scheme, says string
		code               int
		words              string
	}{
		{"not HTTP", "http", "SSH-2.0-OpenSSH_9.2\r\n", 11206, "does not speak HTTP"},
		{"nothing", "http", "", 11200, "broke off"},
		{"half a reply", "http", "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n<Resp", 11200, "broke off"},
		{"plain HTTP behind https", "https", "HTTP/1.1 400 Bad Request\r\n\r\n", 11220, "not https"},
		{"noise behind https", "https", "SSH-2.0-OpenSSH_9.2\r\n", 11220, "no TLS"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			_, err := client(t, nil).Ask(t.Context(), ask(test.scheme+"://"+talking(t, test.says)+"/#rc=0", "POST", nil))
			refused(t, err, test.code, test.words)
		})
	}
}

func TestCertificates(t *testing.T) {
	s := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {}))
	s.Config.ErrorLog = slog.NewLogLogger(slog.DiscardHandler, slog.LevelError)
	t.Cleanup(s.Close)
	_, err := client(t, nil).Ask(t.Context(), ask(s.URL, "POST", nil))
	refused(t, err, 11237, "SSL_CERT_FILE")

	pool := x509.NewCertPool()
	pool.AddCert(s.Certificate())
	trusting := client(t, func(c *Config) { c.RootCAs = pool })
	if reply, err := trusting.Ask(t.Context(), ask(s.URL, "POST", nil)); err != nil || reply.Status != 200 {
		t.Errorf("with its authority trusted: %+v, %v", reply, err)
	}
	_, err = trusting.Ask(t.Context(), ask(strings.Replace(s.URL, "127.0.0.1", "localhost", 1), "POST", nil))
	refused(t, err, 11235)

	for _, test := range []struct {
		err  error
		code int
	}{
		{x509.CertificateInvalidError{Reason: x509.Expired}, 11236},
		{&tls.CertificateVerificationError{Err: x509.CertificateInvalidError{Reason: x509.NotAuthorizedToSign}}, 11220},
	} {
		refused(t, explain("example.com", test.err), test.code, "certificate of example.com")
	}
}

// pipes makes c dial with net.Pipe, so that a story with time limits runs on synctest's clock. A nil serve is a
// network that swallows everything.
func pipes(c *Client, serve func(net.Conn)) *atomic.Int32 {
	dials := new(atomic.Int32)
	c.transport.DialContext = func(ctx context.Context, _, _ string) (net.Conn, error) {
		dials.Add(1)
		if serve == nil {
			<-ctx.Done()
			return nil, ctx.Err()
		}
		ours, theirs := net.Pipe()
		go serve(theirs)
		return ours, nil
	}
	c.transport.DisableKeepAlives = true
	return dials
}

func TestPatienceEnds(t *testing.T) {
	silent := func(conn net.Conn) { io.Copy(io.Discard, conn) }
	// A reply that comes in drops, one every four seconds, for ever.
	dripping := func(conn net.Conn) {
		defer conn.Close()
		if _, err := http.ReadRequest(bufio.NewReader(conn)); err != nil {
			return
		}
		io.WriteString(conn, "HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n")
		for {
			time.Sleep(4 * time.Second)
			if _, err := io.WriteString(conn, "x"); err != nil {
				return
			}
		}
	}
	tests := []struct {
		name     string
		fragment string
		serve    func(net.Conn)
		code     int
		after    time.Duration
		dials    int32
		words    string
	}{
		{"nobody picks up: two tries of 5 s", "", nil, 11205, 10 * time.Second, 2, "did not accept a connection within 5s"},
		{"nobody picks up, one short try", "#ct=2000&rc=0", nil, 11205, 2 * time.Second, 1, "within 2s"},
		{"nobody picks up, six tries within the total", "#ct=3000&rc=5&tt=8000", nil, 11200, 8 * time.Second, 3, "within 8s"},
		{"no answer", "", silent, 11200, 15 * time.Second, 1, "did not answer within 15s"},
		{"no answer, less patience", "#rt=3000", silent, 11200, 3 * time.Second, 1, "within 3s"},
		{"no answer, tried again", "#rt=3000&rc=2&rp=rt", silent, 11200, 9 * time.Second, 3, "within 3s"},
		{"no more than the total", "#tt=5000", silent, 11200, 5 * time.Second, 1, "within 5s"},
		{"an answer in drops", "", dripping, 11200, 15 * time.Second, 1, "within 15s"},
		{"an answer in slower drops than allowed", "#rt=3500", dripping, 11200, 3500 * time.Millisecond, 1, "within 3.5s"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				c := client(t, nil)
				dials := pipes(c, test.serve)
				began := time.Now()
				_, err := c.Ask(t.Context(), ask("http://example.com/"+test.fragment, "POST", nil))
				p := refused(t, err, test.code, test.words)
				if !errors.Is(p, context.DeadlineExceeded) {
					t.Errorf("%v is not a passed deadline", p.Err)
				}
				took := time.Since(began)
				time.Sleep(5 * time.Second) // the dripping server notices that we left
				if took != test.after || dials.Load() != test.dials {
					t.Errorf("gave up after %v and %d connections, want %v and %d", took, dials.Load(), test.after, test.dials)
				}
			})
		})
	}
}

var errTaken = errors.New("suzuki took the alert")

func TestAHangUpDropsTheQuestion(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := client(t, nil)
		pipes(c, func(conn net.Conn) { io.Copy(io.Discard, conn) })
		ctx, hangUp := context.WithCancelCause(t.Context())
		time.AfterFunc(time.Second, func() { hangUp(errTaken) })
		began := time.Now()
		_, err := c.Ask(ctx, ask("http://example.com/", "POST", nil))
		p := refused(t, err, 11200, "dropped", "suzuki took the alert")
		if !errors.Is(p, context.Canceled) || !errors.Is(p, errTaken) || time.Since(began) != time.Second {
			t.Errorf("%v after %v", p.Err, time.Since(began))
		}
	})
}
