package main_test

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/kaden-project/kaden/webhook"
)

// texter is a platform of which only short messages are asked.
type texter struct {
	t       *testing.T
	srv     *httptest.Server
	account string
	token   string

	mu      sync.Mutex
	letters []map[string]string
	forms   []url.Values
}

func newTexter(t *testing.T) *texter {
	p := &texter{t: t, account: "AC" + strings.Repeat("b", 32), token: strings.Repeat("5", 32)}
	p.srv = httptest.NewServer(p)
	t.Cleanup(p.srv.Close)
	return p
}

func (p *texter) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	path, ok := strings.CutPrefix(r.URL.Path, "/2010-04-01/Accounts/"+p.account+"/Messages")
	if user, pass, _ := r.BasicAuth(); !ok || user != p.account || pass != p.token {
		w.WriteHeader(http.StatusUnauthorized)
		return
	}
	r.ParseForm()
	p.mu.Lock()
	defer p.mu.Unlock()
	if r.Method == http.MethodPost {
		l := map[string]string{"sid": fmt.Sprintf("SM%032x", len(p.letters)+1), "status": "queued", "to": r.PostForm.Get("To"), "from": r.PostForm.Get("From"), "body": r.PostForm.Get("Body")}
		p.letters, p.forms = append(p.letters, l), append(p.forms, r.PostForm)
		w.WriteHeader(http.StatusCreated)
		json.NewEncoder(w).Encode(l)
		return
	}
	for _, l := range p.letters {
		if path == "/"+l["sid"]+".json" {
			json.NewEncoder(w).Encode(l)
			return
		}
	}
	json.NewEncoder(w).Encode(map[string]any{"messages": p.letters})
}

// sent waits for the n-th message, counted from 1.
func (p *texter) sent(n int) (form url.Values) {
	p.t.Helper()
	eventually(p.t, patience, fmt.Sprintf("message %d at the platform", n), func() bool {
		p.mu.Lock()
		defer p.mu.Unlock()
		if len(p.forms) >= n {
			form = p.forms[n-1]
		}
		return form != nil
	})
	return form
}

func (p *texter) is(n int, status string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.letters[n-1]["status"] = status
}

// post sends a signed form and returns the status and the answer.
func (p *texter) post(where string, v url.Values) (int, string) {
	p.t.Helper()
	q, err := http.NewRequestWithContext(p.t.Context(), http.MethodPost, where, strings.NewReader(v.Encode()))
	if err != nil {
		p.t.Fatal(err)
	}
	q.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	q.Header.Set("X-Twilio-Signature", webhook.Sign(p.token, where, v))
	resp, err := http.DefaultClient.Do(q)
	if err != nil {
		p.t.Fatal(err)
	}
	defer resp.Body.Close()
	body, _ := io.ReadAll(resp.Body)
	return resp.StatusCode, string(body)
}

// owner is the server of whoever sends messages: it is told of states, and asked about messages that come in.
type owner struct {
	srv   *httptest.Server
	token string

	mu    sync.Mutex
	heard []string
}

func newOwner(t *testing.T) *owner {
	o := &owner{}
	o.srv = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		o.mu.Lock()
		defer o.mu.Unlock()
		if err := webhook.Validate(o.token, r, o.srv.URL+r.URL.RequestURI()); err != nil {
			o.heard = append(o.heard, "unsigned: "+err.Error())
		}
		r.ParseForm()
		if r.URL.Path == "/sms" {
			o.heard = append(o.heard, "in: "+r.Form.Get("From")+" "+r.Form.Get("Body"))
			w.Header().Set("Content-Type", "text/xml")
			io.WriteString(w, `<Response><Message>understood</Message></Response>`)
			return
		}
		o.heard = append(o.heard, r.Form.Get("MessageStatus"))
	}))
	t.Cleanup(o.srv.Close)
	return o
}

func (o *owner) has(text string) bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	return strings.Contains(strings.Join(o.heard, "\n"), text)
}

// message asks for one, or for all.
func (s *server) message(method, path string, form url.Values) (status int, body map[string]any) {
	s.t.Helper()
	var in io.Reader
	if form != nil {
		in = strings.NewReader(form.Encode())
	}
	q, err := http.NewRequestWithContext(s.t.Context(), method, s.url("/2010-04-01/Accounts/"+s.account()+path), in)
	if err != nil {
		s.t.Fatal(err)
	}
	q.SetBasicAuth(s.account(), s.token())
	q.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	resp, err := http.DefaultClient.Do(q)
	if err != nil {
		s.t.Fatal(err)
	}
	defer resp.Body.Close()
	json.NewDecoder(resp.Body).Decode(&body)
	return resp.StatusCode, body
}

// A message goes out over an upstream, its owner hears what becomes of it, also after kaden was killed; the answer
// comes in, and the number's program writes back.
func TestMessagesGoOutAndComeInOverAnUpstream(t *testing.T) {
	t.Parallel()
	p, o := newTexter(t), newOwner(t)
	s := newServer(t)
	s.env = append(s.env, "KADEN_PUBLIC_URL="+s.url(""), "TEXTER_TOKEN="+p.token)
	s.start()
	s.ready()
	o.token = s.token()
	write := url.Values{"To": {satoNumber}, "From": {"+815087654321"}, "Body": {"disk full on db01"}, "StatusCallback": {o.srv.URL + "/status"}}
	if status, body := s.message("POST", "/Messages.json", write); status != 400 || body["code"] != 21606.0 || !strings.Contains(fmt.Sprint(body["message"]), "upstream:") {
		t.Errorf("without an upstream: %d %v", status, body)
	}
	s.apply("upstream: texter\nurl: "+p.srv.URL+"\naccount: "+p.account+"\ntoken: env:TEXTER_TOKEN\nfrom: \"+815087654321\"",
		"number: \"+815087654321\"\ntwiml: <Response/>\nsms-url: "+o.srv.URL+"/sms")

	status, body := s.message("POST", "/Messages.json", write)
	if status != 201 || body["status"] != "queued" {
		t.Fatalf("a message was not taken: %d %v", status, body)
	}
	uri := strings.TrimPrefix(body["uri"].(string), "/2010-04-01/Accounts/"+s.account())
	form := p.sent(1)
	if form.Get("Body") != "disk full on db01" || form.Get("To") != satoNumber {
		t.Errorf("sent: %v", form)
	}
	back := form.Get("StatusCallback")
	if status, _ := p.post(back, url.Values{"MessageSid": {fmt.Sprintf("SM%032x", 1)}, "MessageStatus": {"sent"}}); status != 204 {
		t.Errorf("a callback was answered %d", status)
	}
	eventually(t, patience, "the owner is told that it was sent", func() bool { return o.has("sent") })
	s.kill()
	p.is(1, "delivered") // and its callback finds nobody
	s.start()
	s.ready()
	eventually(t, patience, "the owner is told that it was delivered", func() bool { return o.has("delivered") })
	if _, body := s.message("GET", uri, nil); body["status"] != "delivered" {
		t.Errorf("the message is %v", body)
	}

	in := url.Values{"MessageSid": {fmt.Sprintf("SM%032x", 77)}, "From": {satoNumber}, "To": {"+815087654321"}, "Body": {"on my way"}, "NumMedia": {"0"}}
	for range 2 { // platforms tell twice
		if status, answer := p.post(s.url("/upstream/texter/inbound"), in); status != 200 || !strings.Contains(answer, "<Response/>") {
			t.Errorf("a message that came in was answered %d %s", status, answer)
		}
	}
	if reply := p.sent(2); reply.Get("Body") != "understood" || reply.Get("To") != satoNumber || reply.Get("From") != "+815087654321" {
		t.Errorf("the answer was %v", reply)
	}
	if happens(t, time.Second, func() bool { p.mu.Lock(); defer p.mu.Unlock(); return len(p.forms) > 2 }) {
		t.Error("it was answered twice")
	}
	if o.has("unsigned") || !o.has("in: "+satoNumber+" on my way") {
		t.Errorf("the owner heard %v", o.heard)
	}
	_, list := s.message("GET", "/Messages.json?PageSize=2", nil)
	if all := list["messages"].([]any); len(all) != 2 || all[0].(map[string]any)["direction"] != "outbound-reply" || all[1].(map[string]any)["direction"] != "inbound" {
		t.Errorf("listed: %v", list)
	}
	if log := tail(s.log.Name(), 1<<22); strings.Contains(log, "9011111111") || strings.Contains(log, p.token) {
		t.Error("the log says a number, or the token")
	}
}
