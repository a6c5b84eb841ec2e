package upstream_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/kaden-project/kaden/message"
	"github.com/kaden-project/kaden/sid"
	"github.com/kaden-project/kaden/store/memstore"
	"github.com/kaden-project/kaden/trunk"
	"github.com/kaden-project/kaden/upstream"
)

// postbox is the platform's side of short messages.
type postbox struct {
	p  *platform
	mu sync.Mutex

	letters []map[string]any
	forms   []url.Values
	takes   func(n int, w http.ResponseWriter) (done bool) // n counts from 1
}

// posts gives a platform short messages.
func posts(p *platform) *postbox {
	b := &postbox{p: p}
	p.broken = b.serve
	return b
}

func (b *postbox) serve(w http.ResponseWriter, r *http.Request) bool {
	path, ok := strings.CutPrefix(r.URL.Path, "/2010-04-01/Accounts/"+acct+"/Messages")
	if user, pass, _ := r.BasicAuth(); !ok || user != acct || pass != token {
		return false
	}
	r.ParseForm()
	b.mu.Lock()
	defer b.mu.Unlock()
	switch {
	case r.Method == http.MethodPost:
		b.forms = append(b.forms, r.PostForm)
		letter := map[string]any{
			"sid": fmt.Sprintf("SM%032x", len(b.forms)), "status": "queued", "to": r.PostForm.Get("To"), "from": r.PostForm.Get("From"), "body": r.PostForm.Get("Body"),
			"direction": "outbound-api", "num_segments": "2", "error_code": nil, "error_message": nil, "price": nil, "price_unit": "USD",
			"date_created": time.Now().UTC().Format(time.RFC1123Z),
		}
		if b.takes != nil && b.takes(len(b.forms), w) {
			return true
		}
		b.letters = append(b.letters, letter)
		answer(w, 201, letter)
	case path == ".json":
		list := []any{}
		for _, l := range b.letters {
			if l["to"] == r.Form.Get("To") && l["from"] == r.Form.Get("From") {
				list = append([]any{l}, list...)
			}
		}
		answer(w, 200, map[string]any{"messages": list})
	default:
		for _, l := range b.letters {
			if path == "/"+l["sid"].(string)+".json" {
				answer(w, 200, l)
				return true
			}
		}
		refuse(w, 404, 20404, "not found")
	}
	return true
}

// change alters the n-th message there.
func (b *postbox) change(n int, name string, v any) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.letters[n-1][name] = v
}

// says sends a callback about the n-th message and returns how it was answered.
func (b *postbox) says(n int, status string, more ...string) int {
	b.p.t.Helper()
	b.mu.Lock()
	form := b.forms[n-1]
	b.mu.Unlock()
	id := fmt.Sprintf("SM%032x", n)
	v := url.Values{"MessageSid": {id}, "SmsSid": {id}, "MessageStatus": {status}, "SmsStatus": {status}, "To": {form.Get("To")}, "From": {form.Get("From")}, "AccountSid": {acct}}
	for i := 0; i+1 < len(more); i += 2 {
		v.Set(more[i], more[i+1])
	}
	return b.p.post(form.Get("StatusCallback"), v)
}

// office is a house with a desk for messages behind its upstream.
type office struct {
	*house
	box   *postbox
	desk  *message.Desk
	store *memstore.Store
	came  []upstream.In
}

func openOffice(t *testing.T, options ...option) *office {
	t.Helper()
	o := &office{store: memstore.New()}
	o.house = build(t, append(options, func(h *house) {
		h.cfg.Letters = func(id sid.Message, w message.Word) { o.desk.Heard(id, w) }
		h.cfg.Inbound = func(_ context.Context, in upstream.In) error {
			h.mu.Lock()
			defer h.mu.Unlock()
			o.came = append(o.came, in)
			if in.Body == "the disk is full" {
				return errors.New("not kept")
			}
			return nil
		}
	})...)
	o.box = posts(o.platform)
	o.desk = message.New(o.slog(), message.Config{Store: o.store, Carrier: o.Messages(), Times: message.Times{
		Pause: 20 * time.Millisecond, Trying: 2 * time.Second, Patience: 60 * time.Millisecond, Follow: time.Minute,
	}})
	ctx, stop := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() { o.desk.Run(ctx); close(done) }()
	t.Cleanup(func() { stop(); <-done })
	return o
}

func (o *office) write() sid.Message {
	o.Helper()
	r, err := o.desk.Send(o.Context(), message.Order{Account: acct, From: "+815087654321", To: "+819012345678", Body: "disk full"})
	if err != nil {
		o.Fatal(err)
	}
	return r.SID
}

// until waits for a message to be in a state.
func (o *office) until(id sid.Message, want message.Status) (r message.Record) {
	o.Helper()
	eventually(o, "the message is "+string(want), func() bool {
		r, _ = o.store.Message(o.Context(), acct, id)
		return r.Status == want
	})
	return r
}

func (o *office) orders() int {
	o.box.mu.Lock()
	defer o.box.mu.Unlock()
	return len(o.box.forms)
}

func TestAMessageOverAnUpstream(t *testing.T) {
	o := openOffice(t)
	id := o.write()
	eventually(t, "it is there", func() bool { return o.orders() == 1 })
	o.until(id, message.Sending)
	o.want("taken note of", o.box.says(1, "sent"), http.StatusNoContent)
	o.until(id, message.Sent)
	o.box.says(1, "undelivered", "ErrorCode", "30003", "ErrorMessage", "switched off")
	r := o.until(id, message.Undelivered)
	o.want("kept", []any{r.ErrorCode, r.Segments, r.There, r.Carrier}, []any{30003, 2, "SM00000000000000000000000000000001", "twilio"})
	form := o.box.forms[0]
	o.want("the form", []string{form.Get("To"), form.Get("From"), form.Get("Body")}, []string{"+819012345678", "+815087654321", "disk full"})
}

// Nothing can reach us: the platform is asked, and what it cost is read there, in whatever currency it says so.
func TestAMessageWithoutCallbacks(t *testing.T) {
	o := openOffice(t, deaf)
	id := o.write()
	eventually(t, "it is there", func() bool { return o.orders() == 1 })
	o.box.change(1, "price", "-0.0079")
	o.box.change(1, "price_unit", "usd")
	o.box.change(1, "status", "sent")
	o.until(id, message.Sent)
	o.box.change(1, "price_unit", "JPY") // it changes its mind, and its currency
	o.box.change(1, "price", "nonsense")
	o.box.change(1, "status", "delivered")
	r := o.until(id, message.Delivered)
	o.want("price", r.Price, "0.0079 USD")
	o.want("a callback is asked for", o.box.forms[0].Has("StatusCallback"), false)
}

func TestTheAnswerToAMessageIsLost(t *testing.T) {
	for _, exists := range []bool{true, false} {
		o := openOffice(t)
		o.box.takes = func(n int, w http.ResponseWriter) bool {
			if n > 1 {
				return false
			}
			if exists {
				f := o.box.forms[0]
				o.box.letters = append(o.box.letters, map[string]any{"sid": "SM00000000000000000000000000000001", "status": "sent", "to": f.Get("To"), "from": f.Get("From"),
					"body": f.Get("Body"), "direction": "outbound-api", "date_created": time.Now().UTC().Format(time.RFC1123Z)})
			}
			refuse(w, 500, 20500, "An internal error")
			return true
		}
		id := o.write()
		if exists {
			o.until(id, message.Sent)
			o.want("orders", o.orders(), 1)
			continue
		}
		eventually(t, "it is ordered again", func() bool { return o.orders() == 2 })
		o.until(id, message.Sending)
	}
}

func TestMessagesThatAPlatformRefuses(t *testing.T) {
	for _, tt := range []struct {
		name         string
		status, code int
		want         int
		busy         bool
	}{
		{"unsubscribed", 400, 21610, 21610, false},
		{"a wrong token", 401, 20003, 20003, false},
		{"a country that is not allowed", 400, 21408, 21408, false},
		{"not our number", 400, 21606, 21606, false},
		{"too many", 429, 20429, 30001, true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			o := openOffice(t)
			o.box.takes = func(_ int, w http.ResponseWriter) bool {
				refuse(w, tt.status, tt.code, "no, +819012345678")
				return true
			}
			r := o.until(o.write(), message.Failed)
			o.want("code", r.ErrorCode, tt.want)
			if strings.Contains(r.ErrorText, "9012345678") {
				t.Errorf("a number stands in %q", r.ErrorText)
			}
			if n := o.orders(); tt.busy && n < 2 || !tt.busy && n != 1 {
				t.Errorf("%d orders", n)
			}
		})
	}
}

// Whoever is not our upstream says nothing of our messages, and brings none.
func TestSomebodyElseWritesOfOurMessages(t *testing.T) {
	o := openOffice(t)
	id := o.write()
	eventually(t, "it is there", func() bool { return o.orders() == 1 })
	o.platform.signs = "ffffffffffffffffffffffffffffffff"
	o.want("a wrong signature", o.box.says(1, "delivered"), http.StatusForbidden)
	inbound := o.door.URL + "/upstream/twilio/inbound"
	in := url.Values{"MessageSid": {"SM00000000000000000000000000000007"}, "From": {"+819012345678"}, "To": {"+815087654321"}, "Body": {"ok"}}
	o.want("a message that nobody signed", o.platform.post(inbound, in), http.StatusForbidden)
	o.platform.signs = token
	where := o.box.forms[0].Get("StatusCallback")
	o.want("a guessed token", o.platform.post(where[:len(where)-4]+"0000", url.Values{"MessageSid": {"SM00000000000000000000000000000001"}}), http.StatusNotFound)
	o.want("no message", o.platform.post(where, url.Values{"MessageStatus": {"delivered"}}), http.StatusBadRequest)
	if r, _ := o.store.Message(t.Context(), acct, id); r.Status == message.Delivered {
		t.Error("it was believed")
	}
	o.want("a message that is none", o.platform.post(inbound, url.Values{"From": {"+819012345678"}}), http.StatusBadRequest)
	o.want("an upstream that is none", o.platform.post(o.door.URL+"/upstream/other/inbound", in), http.StatusNotFound)
	o.want("a message that came in", o.platform.post(inbound, in), http.StatusOK)
	in.Set("Body", "the disk is full")
	o.want("a message that is not kept", o.platform.post(inbound, in), http.StatusServiceUnavailable)
	o.want("brought", []any{len(o.came), o.came[0].Body, o.came[0].Upstream}, []any{2, "ok", "twilio"})
}

func TestWhichUpstreamWrites(t *testing.T) {
	ups := []trunk.Upstream{
		{Trunk: trunk.Trunk{Name: "one", From: "+815011111111"}},
		{Trunk: trunk.Trunk{Name: "two", From: "+815022222222"}},
	}
	h := build(t, func(h *house) { h.cfg.Upstreams = func() []trunk.Upstream { return ups } })
	for from, want := range map[string]string{"+815022222222": "two", "+815011111111": "one", "KADEN": "one"} {
		if got, err := h.Messages().Route(from, "+819012345678"); got != want || err != nil {
			t.Errorf("from %s: %s %v, want %s", from, got, err, want)
		}
	}
	var no *message.Refusal
	if _, err := h.Messages().Route("KADEN", "+14158675309"); !errors.As(err, &no) || no.Code != 21408 {
		t.Errorf("abroad: %v", err)
	}
	ups = nil
	if _, err := h.Messages().Route("KADEN", "+819012345678"); !errors.Is(err, message.ErrNoCarrier) {
		t.Errorf("without an upstream: %v", err)
	}
}
