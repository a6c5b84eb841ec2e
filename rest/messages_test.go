package rest_test

import (
	"context"
	"fmt"
	"log/slog"
	"net/url"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/kaden-project/kaden/message"
	"github.com/kaden-project/kaden/rest"
	"github.com/kaden-project/kaden/sid"
	"github.com/kaden-project/kaden/store/memstore"
	"github.com/kaden-project/kaden/tariff"
)

// postOffice is the short messages of a test: everything is delivered at once, but numbers that end in 0 are refused,
// and from other numbers than ours nobody writes.
type postOffice struct {
	*memstore.Store
	*message.Desk
	mu   sync.Mutex
	sent int
}

func (o *postOffice) Route(from, to string) (string, error) {
	switch {
	case from == "+815099999999":
		return "", message.ErrNoCarrier
	case strings.HasPrefix(to, "+1"):
		return "", &message.Refusal{Code: 21408, Text: "numbers abroad are not allowed"}
	}
	return "far", nil
}

func (o *postOffice) Send(_ context.Context, r message.Record) (message.Word, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if strings.HasSuffix(r.To, "0") {
		return message.Word{}, &message.Refusal{Code: 21610, Text: "the recipient has unsubscribed"}
	}
	o.sent++
	return message.Word{There: fmt.Sprintf("SM%032x", o.sent), Status: message.Delivered, Price: tariff.Money{Amount: 7_900, Currency: "USD"}}, nil
}

func (o *postOffice) Find(context.Context, message.Record) ([]message.Word, error) { return nil, nil }
func (o *postOffice) Look(context.Context, message.Record) (message.Word, error) {
	return message.Word{}, nil
}

// letters joins the store's memory and the desk's hands.
type letters struct{ *postOffice }

func (l letters) Send(ctx context.Context, o message.Order) (message.Record, error) {
	return l.Desk.Send(ctx, o)
}
func (l letters) Message(ctx context.Context, a sid.Account, id sid.Message) (message.Record, error) {
	return l.Store.Message(ctx, a, id)
}

// postman gives a house short messages. The stop it returns ends them.
func postman(cfg *rest.Config) (stop func()) {
	o := &postOffice{Store: memstore.New()}
	o.Desk = message.New(slog.New(slog.DiscardHandler), message.Config{Store: o.Store, Carrier: o})
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() { o.Desk.Run(ctx); close(done) }()
	cfg.Messages = letters{o}
	return func() { cancel(); <-done }
}

// mailed tells a story about messages.
func mailed(t *testing.T, f func(t *testing.T, h *house)) {
	synctest.Test(t, func(t *testing.T) {
		var stop func()
		h := open(t, func(c *rest.Config) { stop = postman(c) })
		defer func() { stop() }()
		synctest.Wait()
		f(t, h)
	})
}

func words(changes ...string) url.Values {
	v := url.Values{"To": {sato}, "From": {us}, "Body": {"ディスクが一杯です"}}
	for i := 0; i < len(changes); i += 2 {
		if v.Del(changes[i]); changes[i+1] != "" {
			v.Set(changes[i], changes[i+1])
		}
	}
	return v
}

func TestAMessageIsSentShownAndForgotten(t *testing.T) {
	mailed(t, func(t *testing.T, h *house) {
		made := h.post(base+"/Messages.json", words("StatusCallback", "https://example.com/sms", "ValidityPeriod", "60")).is(201)
		if made.text("status") != "queued" || made.text("num_segments") != "1" || made.body["price"] != nil || made.text("direction") != "outbound-api" {
			t.Errorf("made: %s", made.raw)
		}
		synctest.Wait()
		uri := made.text("uri")
		got := h.get(uri).is(200)
		if got.text("status") != "delivered" || got.text("price") != "-0.00790" || got.text("price_unit") != "USD" || got.text("body") != "ディスクが一杯です" {
			t.Errorf("shown: %s", got.raw)
		}
		h.get(strings.TrimSuffix(uri, ".json") + "/Media.json").is(200)
		h.post(uri, url.Values{"Status": {"canceled"}}).refuses(400, 30409)
		h.post(uri, url.Values{"Body": {"other words"}}).refuses(400, 20001)
		if redacted := h.post(uri, url.Values{"Body": {""}}).is(200); redacted.text("body") != "" {
			t.Errorf("redacted: %s", redacted.raw)
		}
		h.send(request("DELETE", uri, nil)).is(204)
		h.get(uri).refuses(404, 20404)
	})
}

func TestMessagesThatFail(t *testing.T) {
	mailed(t, func(t *testing.T, h *house) {
		uri := h.post(base+"/Messages.json", words("To", "+819011112220")).is(201).text("uri")
		synctest.Wait()
		got := h.get(uri).is(200)
		if got.text("status") != "failed" || got.body["error_code"] != 21610.0 || got.text("error_message") == "" {
			t.Errorf("shown: %s", got.raw)
		}
	})
}

func TestMessagesThatAreNotTaken(t *testing.T) {
	mailed(t, func(t *testing.T, h *house) {
		for _, tt := range []struct {
			name string
			form url.Values
			code int
			says string
		}{
			{"no To", words("To", ""), 21604, "To"},
			{"no number", words("To", "nobody"), 21211, "not valid"},
			{"a browser", words("To", "client:sato"), 21211, "telephone number"},
			{"a SIP address that is none", words("To", "sip:"), 21211, "not valid"},
			{"from a SIP address to a number", words("From", "sip:sato@office.example.jp"), 21606, "telephone number"},
			{"an emergency number", words("To", "119"), 21211, "119"},
			{"a fixed line", words("To", "0312345678"), 21614, "fixed"},
			{"no From", words("From", ""), 21603, "From"},
			{"a service", words("MessagingServiceSid", "MG"+strings.Repeat("0", 32)), 21701, "messaging services"},
			{"a sender that is none", words("From", "+"), 21212, "From"},
			{"no words", words("Body", ""), 21602, "Body"},
			{"too many words", words("Body", strings.Repeat("架", 1601)), 21617, "1600"},
			{"a picture", words("MediaUrl", "https://example.com/graph.png"), 12300, "pictures"},
			{"later", words("SendAt", "2026-01-02T03:04:05Z"), 35111, "at once"},
			{"a callback that is none", words("StatusCallback", "example.com"), 21609, "StatusCallback"},
			{"abroad", words("To", "+14158675309"), 21408, "abroad"},
			{"nobody carries it", words("From", "+815099999999"), 21606, "apply an upstream"},
		} {
			h.post(base+"/Messages.json", tt.form).refuses(400, tt.code, tt.says)
		}
		h.post(base+"/Messages.json", words("From", "KADEN")).is(201) // a name may be shown
		made := h.post(base+"/Messages.json", words("To", "sip:sato@Office.example.jp", "From", "sip:desk@office.example.jp")).is(201)
		if made.text("to") != "sip:sato@office.example.jp" || made.text("from") != "sip:desk@office.example.jp" {
			t.Errorf("to a phone: %s", made.raw)
		}
		if got := h.get(base+"/Messages.json?To=sip:sato@office.example.jp").names("messages", "to"); len(got) != 1 {
			t.Errorf("listed: %v", got)
		}
	})
	h := open(t, nil)
	h.post(base+"/Messages.json", words()).refuses(404, 20404)
	h.get(base+"/Messages.json").refuses(404, 20404)
}

func TestMessagesAreListed(t *testing.T) {
	mailed(t, func(t *testing.T, h *house) {
		for _, to := range []string{sato, suzuki, sato} {
			h.post(base+"/Messages.json", words("To", to)).is(201)
			time.Sleep(24 * time.Hour)
		}
		if got := h.get(base+"/Messages.json?To="+url.QueryEscape(sato)).names("messages", "to"); len(got) != 2 {
			t.Errorf("listed: %v", got)
		}
		first := h.get(base + "/Messages.json?PageSize=2").is(200)
		if got := h.get(first.text("next_page_uri")).names("messages", "to"); len(got) != 1 {
			t.Errorf("second page: %v", got)
		}
		if got := h.get(base+"/Messages.json?DateSent="+time.Now().Add(-24*time.Hour).UTC().Format(time.DateOnly)).names("messages", "to"); len(got) != 1 {
			t.Errorf("of one day: %v", got)
		}
	})
}

func TestMessagesMatchTwiliosOpenAPIDocument(t *testing.T) {
	c := readContract(t)
	mailed(t, func(t *testing.T, h *house) {
		one := c.exchange(t, h, request("POST", base+"/Messages.json", words("StatusCallback", "https://example.com/sms"))).is(201).text("uri")
		two := c.exchange(t, h, request("POST", base+"/Messages.json", words("To", "+819011112220"))).is(201).text("uri")
		synctest.Wait()
		c.exchange(t, h, request("GET", one, nil)).is(200)
		c.exchange(t, h, request("GET", two, nil)).is(200)
		c.exchange(t, h, request("POST", one, url.Values{"Body": {""}})).is(200)
		c.exchange(t, h, request("GET", base+"/Messages.json?PageSize=1&DateSent%3E=2000-01-01T00%3A00%3A00Z", nil)).is(200)
		c.exchange(t, h, request("GET", strings.TrimSuffix(one, ".json")+"/Media.json", nil)).is(200)
		c.exchange(t, h, request("DELETE", one, nil)).is(204)
	})
}
