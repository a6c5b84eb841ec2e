package main

import (
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/kaden-project/kaden/account"
	"github.com/kaden-project/kaden/call"
	"github.com/kaden-project/kaden/dispatch"
	"github.com/kaden-project/kaden/webhook"
)

const binToken = "0123456789abcdef0123456789abcdef"

func shelf(t *testing.T, public string) *bins {
	t.Helper()
	bin, _, problems := account.ReadBin([]byte("bin: 夜勤\ntwiml: <Response><Say>{{From}} {{Name}}</Say></Response>\n"))
	if problems != nil {
		t.Fatal(problems)
	}
	return &bins{
		log: slog.New(slog.NewTextHandler(io.Discard, nil)), token: func() string { return binToken }, public: public,
		all: func() map[string]account.Bin { return map[string]account.Bin{bin.Name: bin} },
	}
}

func TestABinIsServedToWhoeverSigns(t *testing.T) {
	for _, public := range []string{"", "https://kaden.example"} {
		b := shelf(t, public)
		s := httptest.NewServer(b)
		defer s.Close()
		path := binPath + string(account.BinSID("夜勤")) + "?Name=Jane%20%26%20Joe"
		base := s.URL
		if public != "" {
			base = public // a proxy stands before us
		}
		form := url.Values{"From": {"+8190"}}
		for _, c := range []struct {
			name, method, path, signature string
			status                        int
			body                          string
		}{
			{"POST", "POST", path, webhook.Sign(binToken, base+path, form), 200, "<Response><Say>+8190 Jane &amp; Joe</Say></Response>"},
			{"GET", "GET", path, webhook.Sign(binToken, base+path, nil), 200, "<Response><Say> Jane &amp; Joe</Say></Response>"},
			{"nobody's signature", "GET", path, "", 403, "Not Authorized"},
			{"another's signature", "GET", path, webhook.Sign("x", base+path, nil), 403, "Not Authorized"},
			{"no such bin", "GET", binPath + "EH0", webhook.Sign(binToken, base+binPath+"EH0", nil), 404, "no such bin"},
			{"another method", "PUT", path, "", 405, "GET or POST"},
		} {
			var body io.Reader
			if c.method == "POST" {
				body = strings.NewReader(form.Encode())
			}
			q, err := http.NewRequest(c.method, s.URL+c.path, body)
			if err != nil {
				t.Fatal(err)
			}
			if c.method == "POST" {
				q.Header.Set("Content-Type", "application/x-www-form-urlencoded")
			}
			if c.signature != "" {
				q.Header.Set("X-Twilio-Signature", c.signature)
			}
			r, err := http.DefaultClient.Do(q)
			if err != nil {
				t.Fatal(err)
			}
			got, _ := io.ReadAll(r.Body)
			r.Body.Close()
			if r.StatusCode != c.status || !strings.Contains(string(got), c.body) {
				t.Errorf("%s: %d %s", c.name, r.StatusCode, got)
			}
			if c.status == 200 && !strings.HasPrefix(r.Header.Get("Content-Type"), "text/xml") {
				t.Errorf("%s: content type %s", c.name, r.Header.Get("Content-Type"))
			}
		}
	}
}

func TestACallAsksABinWithinTheHouse(t *testing.T) {
	b := shelf(t, "https://kaden.example")
	ask := &asker{outside: nowhere{}, bins: b}
	for _, address := range []string{
		b.url("夜勤"), dispatch.Origin + binPath + "夜勤", "https://kaden.example/bins/%E5%A4%9C%E5%8B%A4?From=query",
	} {
		r, err := ask.Ask(t.Context(), call.Ask{Account: "ACbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb", Method: "POST", URL: address, Params: url.Values{"From": {"+8190"}}}) // of any account
		if err != nil || r.Status != 200 || r.ContentType != "text/xml" || string(r.Body) != "<Response><Say>+8190 </Say></Response>" {
			t.Errorf("%s: %d %s, %v", address, r.Status, r.Body, err)
		}
	}
	if r, err := ask.Ask(t.Context(), call.Ask{URL: dispatch.Origin + binPath + "day"}); err != nil || r.Status != 404 {
		t.Errorf("no such bin: %d, %v", r.Status, err)
	}
	if _, err := ask.Ask(t.Context(), call.Ask{URL: "https://other.example/bins/night"}); err == nil {
		t.Error("another's bin was answered here")
	}
	for _, address := range []string{"https://handler.twilio.com/twiml/EH00000000000000000000000000000000", "https://handler.twilio.com/bins/x", "https://handler.twilio.com/%zz"} {
		if _, err := ask.Ask(t.Context(), call.Ask{URL: address}); err == nil {
			t.Errorf("%s, a bin that is still at Twilio, was answered here", address)
		}
	}
	if (*bins)(nil).has(dispatch.Origin + binPath) {
		t.Error("no bins have one")
	}
}

const (
	movedSID = "EH0123456789abcdef0123456789abcdef"
	binKey   = "mJ3x9QdTq2VbW7ZkHs4c"
)

// movedIn is a shelf with a bin that had its identifier at Twilio, and has an address that cannot be guessed.
func movedIn(t *testing.T, public string) *bins {
	t.Helper()
	b := shelf(t, public)
	bin, _, problems := account.ReadBin([]byte("bin: moved\nsid: " + movedSID + "\nkey: " + binKey + "\ntwiml: <Response><Redirect>/bins/夜勤</Redirect></Response>\n"))
	if problems != nil {
		t.Fatal(problems)
	}
	all := b.all()
	all[bin.Name] = bin
	b.all = func() map[string]account.Bin { return all }
	return b
}

func TestABinThatHasMovedInKeepsItsAddress(t *testing.T) {
	for _, public := range []string{"", "https://kaden.example"} {
		b := movedIn(t, public)
		ask := &asker{outside: nowhere{}, bins: b}
		for _, address := range []string{"https://handler.twilio.com/twiml/" + movedSID + "?Name=x#rc=2", b.url("moved"), dispatch.Origin + "/twiml/" + movedSID} {
			r, err := ask.Ask(t.Context(), call.Ask{Method: "POST", URL: address})
			if err != nil || r.Status != 200 || !strings.Contains(string(r.Body), "<Redirect>") || r.URL != address {
				t.Errorf("%s: %d %s, %v", address, r.Status, r.Body, err)
			}
			// What is relative in it starts there, and finds its neighbours.
			base, _ := url.Parse(r.URL)
			next, _ := base.Parse("/bins/夜勤?Name=y")
			if r, err := ask.Ask(t.Context(), call.Ask{Method: "POST", URL: next.String()}); err != nil || !strings.Contains(string(r.Body), "<Say> y</Say>") {
				t.Errorf("%s: %d %s, %v", next, r.Status, r.Body, err)
			}
		}
		// A program with a hosts entry signs with Twilio's name.
		w := httptest.NewRecorder()
		q := httptest.NewRequest("GET", "https://handler.twilio.com/twiml/"+movedSID, nil)
		q.Header.Set("X-Twilio-Signature", webhook.Sign(binToken, "https://handler.twilio.com/twiml/"+movedSID, nil))
		if b.ServeHTTP(w, q); w.Code != 200 {
			t.Errorf("asked at Twilio's name: %d %s", w.Code, w.Body)
		}
	}
}

// Whoever reads two parameters of one name takes the same one, whether it was asked in the process or over HTTP.
func TestOfTwoParametersOfOneNameTheSameCounts(t *testing.T) {
	b := shelf(t, "")
	for method, want := range map[string]string{"POST": "body", "GET": "address"} {
		form, path := url.Values{"From": {"body"}}, binPath+"夜勤?From=address&From=again&Name=n"
		r, err := b.Ask(t.Context(), call.Ask{Method: method, URL: dispatch.Origin + path, Params: form})
		if err != nil {
			t.Fatal(err)
		}
		q := httptest.NewRequest("POST", path, strings.NewReader(form.Encode()))
		q.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		if method == "GET" {
			q, form = httptest.NewRequest("GET", path+"&"+form.Encode(), nil), nil
		}
		q.Header.Set("X-Twilio-Signature", webhook.Sign(binToken, "http://"+q.Host+q.URL.RequestURI(), form))
		w := httptest.NewRecorder()
		b.ServeHTTP(w, q)
		if got := w.Body.String(); got != string(r.Body) || got != "<Response><Say>"+want+" n</Say></Response>" {
			t.Errorf("%s: over HTTP %s, within %s, want %s", method, got, r.Body, want)
		}
	}
	given := url.Values{"From": {"x"}}
	if asForm(&url.URL{RawQuery: "From=y"}, call.Ask{Method: "POST", Params: given}); len(given["From"]) != 1 {
		t.Errorf("the call's own parameters became %v", given)
	}
}

// Twilio's help has a bin asked with the owner's AccountSid in its address.
func TestABinIsAskedAsTwiliosHelpHasIt(t *testing.T) {
	b := movedIn(t, "")
	address := "https://handler.twilio.com/twiml/" + movedSID + "?AccountSid=ACaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
	for signature, status := range map[string]int{webhook.Sign(binToken, address, nil): 200, webhook.Sign(binToken, address+"&Name=x", nil): 403} {
		q := httptest.NewRequest("GET", address, nil)
		q.Header.Set("X-Twilio-Signature", signature)
		w := httptest.NewRecorder()
		if b.ServeHTTP(w, q); w.Code != status || status == 403 && !strings.Contains(w.Body.String(), "Not Authorized") {
			t.Errorf("%d %s, want %d", w.Code, w.Body, status)
		}
	}
}

// Without a public URL a bin is shown at the address that this server listens on: a call that is given it asks nobody.
func TestABinIsAtHomeAtTheAddressThatIsShown(t *testing.T) {
	b := shelf(t, "")
	b.shown = func() string { return "http://127.0.0.1:8080" }
	ask := &asker{outside: nowhere{}, bins: b}
	for address, here := range map[string]bool{
		"http://127.0.0.1:8080/bins/" + string(account.BinSID("夜勤")): true, "http://127.0.0.1:8080/twiml/" + string(account.BinSID("夜勤")): true,
		"http://127.0.0.1:80801/bins/x": false, "http://127.0.0.1:8080/api/bins": false, "http://127.0.0.1:8080.example/bins/x": false,
		"http://handler.twilio.com/twiml/" + string(account.BinSID("夜勤")): true, "http://handler.twilio.com.example/twiml/" + string(account.BinSID("夜勤")): false,
	} {
		if r, err := ask.Ask(t.Context(), call.Ask{Method: "POST", URL: address}); here != (err == nil && r.Status == 200) {
			t.Errorf("%s: %d, %v", address, r.Status, err)
		}
	}
}

// Whoever knows the address may send what they like.
func TestWhatStrangersSendToABin(t *testing.T) {
	b := movedIn(t, "")
	wide, _, _ := account.ReadBin([]byte("bin: wide\nkey: " + strings.Repeat("k", 20) + "\ntwiml: <Response>" + strings.Repeat("{{x}}", 5000) + "</Response>\n"))
	b.all()[wide.Name] = wide
	for _, c := range []struct {
		name, path, body string
		status           int
		says             string
	}{
		{"a form that is wrong in one place", binPath + wide.Key + "?x=1&y=100%", "z=%zz", 200, "<Response>11"},
		{"a form that is far too long", binPath + wide.Key, "x=" + strings.Repeat("a", 2<<20), 413, "longer than 1048576 bytes"},
		{"what makes the bin too long", binPath + wide.Key, "x=" + strings.Repeat("a", 20), 413, "longer than 65536 bytes"},
		{"a control character", binPath + wide.Key, "x=%00", 200, "<Response>\uFFFD"},
		{"JSON", binPath + wide.Key + "?x=2", `{"x":3}`, 200, "<Response>22"},
	} {
		q := httptest.NewRequest("POST", c.path, strings.NewReader(c.body))
		if q.Header.Set("Content-Type", "application/x-www-form-urlencoded"); c.name == "JSON" {
			q.Header.Set("Content-Type", "application/json")
		}
		w := httptest.NewRecorder()
		if b.ServeHTTP(w, q); w.Code != c.status || !strings.Contains(w.Body.String(), c.says) {
			t.Errorf("%s: %d %.80s", c.name, w.Code, w.Body)
		}
	}
	// The same within the house: the caller hears that something is wrong, with 11750 in the log.
	r, err := b.Ask(t.Context(), call.Ask{Method: "POST", URL: dispatch.Origin + binPath + "wide", Params: url.Values{"x": {strings.Repeat("a", 1<<20)}}})
	if err != nil || len(r.Body) != account.Longest+1 {
		t.Errorf("%d bytes, %v", len(r.Body), err)
	}
}

func TestWhoeverHasABinsKeyNeedsNoSignature(t *testing.T) {
	b := movedIn(t, "")
	for path, status := range map[string]int{
		binPath + binKey: 200, binPath + binKey + "x": 403, binPath + "moved": 403, binPath + movedSID: 403, twilioPath + movedSID: 403, binPath: 403,
	} {
		w := httptest.NewRecorder()
		if b.ServeHTTP(w, httptest.NewRequest("GET", path, nil)); w.Code != status {
			t.Errorf("%s: %d %s", path, w.Code, w.Body)
		}
	}
}
