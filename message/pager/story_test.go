package pager_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/kaden-project/kaden/leg"
	"github.com/kaden-project/kaden/leg/sipleg"
	"github.com/kaden-project/kaden/message"
	"github.com/kaden-project/kaden/message/pager"
	"github.com/kaden-project/kaden/number"
	"github.com/kaden-project/kaden/sid"
	"github.com/kaden-project/kaden/store/memstore"
	"github.com/kaden-project/kaden/trunk"
)

const owner = sid.Account("ACaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa")

// office is a desk whose messages go over SIP, as far as a carrier and phones that the test holds in its hands.
type office struct {
	t      *testing.T
	store  *memstore.Store
	client *pager.Client
	desk   *message.Desk
	stop   func()

	mu     sync.Mutex
	record       // of what was done
	answer []any // to each MESSAGE: a sipleg.Reply or an error; the last one stays
	takes  time.Duration
	stands sipleg.Standing
	under  int // MESSAGEs that wait for their answer
	phones map[string]int
	told   []string
}

// record is what an office has seen.
type record struct {
	to      []leg.Target // of each MESSAGE
	sent    []sipleg.Letter
	at      []time.Time  // when it left
	most    int          // how many waited for their answer at once
	written []leg.Target // to phones
}

// seen is what it has seen so far.
func (o *office) seen() record {
	o.mu.Lock()
	defer o.mu.Unlock()
	return record{slices.Clone(o.to), slices.Clone(o.sent), slices.Clone(o.at), o.most, slices.Clone(o.written)}
}

var accepted = sipleg.Reply{Status: 202, Reason: "Accepted"}

// roof is what chooses among carriers.
type roof struct{ *pager.Client }

func (r roof) Route(_, to string) (string, error) {
	if strings.HasPrefix(to, pager.Direct) {
		return pager.Direct, r.Client.Route(to)
	}
	return "ntt", nil
}

func story(t *testing.T, doc trunk.Trunk, f func(o *office)) {
	synctest.Test(t, func(t *testing.T) {
		o := &office{t: t, store: memstore.New(), answer: []any{accepted}, phones: map[string]int{}}
		doc.Name = "ntt"
		if doc.Server == "" {
			doc.Server = "sip.example.jp"
		}
		if doc.Messages.As == "" {
			doc.Messages.As = trunk.AsText
		}
		if doc.Messages.Window == 0 {
			doc.Messages.Window = 10
		}
		o.client = pager.New(slog.New(slog.DiscardHandler), pager.Config{SIP: o, Phones: o})
		o.client.Set([]trunk.Trunk{doc})
		o.start()
		defer func() { o.stop() }()
		f(o)
	})
}

func (o *office) start() {
	o.desk = message.New(slog.New(slog.DiscardHandler), message.Config{Store: o.store, Carrier: roof{o.client}, Tell: o.tell})
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	d := o.desk
	go func() { done <- d.Run(ctx) }()
	o.stop = sync.OnceFunc(func() {
		cancel()
		if err := <-done; err != nil {
			o.t.Error(err)
		}
	})
	synctest.Wait()
}

// crash ends the process and begins the next life.
func (o *office) crash() {
	o.store = o.store.Reopen()
	o.stop()
	o.start()
}

func (o *office) set(f func()) { o.mu.Lock(); defer o.mu.Unlock(); f() }

func (o *office) tell(_ context.Context, p message.Post) error {
	o.set(func() {
		o.told = append(o.told, strings.TrimSpace(p.Params.Get("MessageStatus")+" "+p.Params.Get("ErrorCode")))
	})
	return nil
}

func (o *office) Write(ctx context.Context, to leg.Target, m sipleg.Letter) (sipleg.Reply, error) {
	o.mu.Lock()
	o.to, o.sent, o.at = append(o.to, to), append(o.sent, m), append(o.at, time.Now())
	a, takes := o.answer[min(len(o.sent), len(o.answer))-1], o.takes
	o.under++
	o.most = max(o.most, o.under)
	o.mu.Unlock()
	defer o.set(func() { o.under-- })
	if takes > 0 {
		select {
		case <-time.After(takes):
		case <-ctx.Done():
			return sipleg.Reply{}, context.Cause(ctx)
		}
	}
	if err, is := a.(error); is {
		return sipleg.Reply{}, err
	}
	return a.(sipleg.Reply), nil
}

func (o *office) Standing(string) (sipleg.Standing, bool) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.stands, true
}

func (o *office) Deliver(_ context.Context, from leg.Target, to, _ string, _ []byte) (int, bool) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if !strings.HasSuffix(to, "@office.example.jp") {
		return 0, false
	}
	o.written = append(o.written, from)
	status, known := o.phones[to]
	if !known {
		status = 404
	}
	return status, true
}

// writes sends a message and gives its name.
func (o *office) writes(from, to, body string) sid.Message {
	o.t.Helper()
	r, err := o.desk.Send(o.t.Context(), message.Order{Account: owner, From: from, To: to, Body: body, Callback: message.Callback{URL: "https://example.jp/sms"}})
	if err != nil {
		o.t.Fatal(err)
	}
	synctest.Wait()
	return r.SID
}

func (o *office) write() sid.Message {
	return o.writes("+815012345678", "+819012345678", "disk full on db01")
}

// is checks how a message stands.
func (o *office) is(id sid.Message, want message.Status, code int) message.Record {
	o.t.Helper()
	synctest.Wait()
	r, err := o.store.Message(o.t.Context(), owner, id)
	if err != nil {
		o.t.Fatal(err)
	}
	if r.Status != want || r.ErrorCode != code {
		o.t.Errorf("the message is %s (%d, %s), want %s (%d)", r.Status, r.ErrorCode, r.ErrorText, want, code)
	}
	return r
}

func (o *office) left(n int) {
	o.t.Helper()
	synctest.Wait()
	o.mu.Lock()
	defer o.mu.Unlock()
	if len(o.sent) != n {
		o.t.Errorf("%d messages have left, want %d", len(o.sent), n)
	}
}

func (o *office) tells(want ...string) {
	o.t.Helper()
	synctest.Wait()
	o.mu.Lock()
	defer o.mu.Unlock()
	if !slices.Equal(o.told, want) {
		o.t.Errorf("the owner was told %q, want %q", o.told, want)
	}
}

// after lets time pass.
func after(d time.Duration) { time.Sleep(d); synctest.Wait() }

func TestAMessageGoesOverATrunk(t *testing.T) {
	doc := trunk.Trunk{Server: "sip:sip.example.jp:5061;transport=tls", User: "0501234", Password: "himitsu", From: "+815012345678", Spelling: number.National, Prefix: "184"}
	story(t, doc, func(o *office) {
		id := o.writes("+815087654321", "+819012345678", "ディスクが一杯です")
		o.is(id, message.Sent, 0)
		o.tells("sent")
		want := leg.Target{URI: "sip:09012345678@sip.example.jp:5061;transport=tls", From: "+815087654321", FromHost: "sip.example.jp", Username: "0501234", Password: "himitsu", Line: "ntt"}
		if got := o.seen().to[0]; fmt.Sprintf("%+v", got) != fmt.Sprintf("%+v", want) {
			t.Errorf("to\n%+v, want\n%+v", got, want)
		}
		if m := o.seen().sent[0]; m.ID != string(id) || m.Kind != "text/plain;charset=UTF-8" || m.Body != "ディスクが一杯です" {
			t.Errorf("sent: %+v", m)
		}
		o.writes("Kaden 24", "12345", "who am I?")
		if got := o.seen().to[1]; got.From != "+815012345678" || got.DisplayName != "Kaden 24" || got.URI != "sip:12345@sip.example.jp:5061;transport=tls" {
			t.Errorf("a word writes as %+v", got)
		}
	})
}

// What the carrier says decides: what it has not taken is given again, what it refuses has failed, and where nobody knows
// nothing is sent twice.
func TestWhatACarrierSays(t *testing.T) {
	busy := sipleg.Reply{Status: 503, Reason: "Service Unavailable", RetryAfter: 20 * time.Second}
	for _, tt := range []struct {
		name   string
		answer []any
		status message.Status
		code   int
		left   int
		text   string
	}{
		{"accepted", []any{accepted}, message.Sent, 0, 1, ""},
		{"answered", []any{sipleg.Reply{Status: 200}}, message.Sent, 0, 1, ""},
		{"busy, then accepted", []any{busy, accepted}, message.Sent, 0, 2, ""},
		{"an error of its own, then accepted", []any{sipleg.Reply{Status: 500}, accepted}, message.Sent, 0, 2, ""},
		{"never reached, then accepted", []any{&sipleg.Unsent{Err: errors.New("connection refused")}, accepted}, message.Sent, 0, 2, ""},
		{"nobody has the number", []any{sipleg.Reply{Status: 404, Reason: "Not Found"}}, message.Failed, 30005, 1, "404 Not Found"},
		{"nobody is there", []any{sipleg.Reply{Status: 480}}, message.Failed, 30003, 1, ""},
		{"declined", []any{sipleg.Reply{Status: 603}}, message.Failed, 30004, 1, ""},
		{"filtered", []any{sipleg.Reply{Status: 403, Reason: "Forbidden"}}, message.Failed, 30007, 1, ""},
		{"no messages", []any{sipleg.Reply{Status: 405}}, message.Failed, 30006, 1, "take messages: out"},
		{"too large there", []any{sipleg.Reply{Status: 513}}, message.Failed, 30019, 1, ""},
		{"a wrong password", []any{sipleg.Reply{Status: 401, Reason: "wrong user or password"}}, message.Failed, 30008, 1, "wrong user or password"},
		{"too large for UDP", []any{&sipleg.Unsent{Err: &sipleg.TooLarge{Bytes: 1700, Why: errors.New("connection refused")}, Ever: true}}, message.Failed, 30019, 1, "1700 bytes"},
		{"an address that is none", []any{&sipleg.Unsent{Err: errors.New("sip:+819012345678 is no address"), Ever: true}}, message.Failed, 21211, 1, "sip:+8190****5678 is no address"},
		{"nothing answers", []any{errors.New("nothing answered"), accepted}, message.Failed, 30008, 1, "not sent again"},
		{"nothing answers its proxy", []any{sipleg.Reply{Status: 504}, accepted}, message.Failed, 30008, 1, "not sent again"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			story(t, trunk.Trunk{}, func(o *office) {
				o.set(func() { o.answer = tt.answer })
				id := o.write()
				after(time.Minute)
				if r := o.is(id, tt.status, tt.code); !strings.Contains(r.ErrorText, tt.text) {
					t.Errorf("it says %q, want %q", r.ErrorText, tt.text)
				}
				o.left(tt.left)
				if at := o.seen().at; len(at) == 2 && tt.answer[0] == any(busy) && at[1].Sub(at[0]) < 20*time.Second {
					t.Errorf("it was given again after %v", at[1].Sub(at[0]))
				}
			})
		})
	}
}

// Nothing says what became of a message that was on its way when the process died. One that waited goes out.
func TestACrashWithMessagesOnTheirWay(t *testing.T) {
	story(t, trunk.Trunk{Messages: trunk.Messages{Window: 1}}, func(o *office) {
		o.set(func() { o.takes = time.Hour })
		open := o.write()
		waiting := o.writes("+815012345678", "+819033334444", "second")
		o.is(open, message.Sending, 0)
		o.is(waiting, message.Queued, 0)
		o.set(func() { o.takes = 0 })
		o.crash()
		after(10 * time.Second)
		if r := o.is(open, message.Failed, 30008); !strings.Contains(r.ErrorText, "not known") {
			t.Errorf("it says %q", r.ErrorText)
		}
		o.is(waiting, message.Sent, 0)
		o.left(2)
	})
}

func TestMessagesArePaced(t *testing.T) {
	story(t, trunk.Trunk{Messages: trunk.Messages{Rate: 2, Window: 3}}, func(o *office) {
		o.set(func() { o.takes = 10 * time.Second })
		for i := range 6 {
			o.writes("+815012345678", fmt.Sprintf("+81901111000%d", i), "hello")
		}
		after(2 * time.Second)
		o.left(3) // no more than the window, half a second apart
		for i, at := range o.seen().at[:2] {
			if d := o.seen().at[i+1].Sub(at); d != 500*time.Millisecond {
				t.Errorf("message %d left %v after the one before", i+2, d)
			}
		}
		after(time.Minute)
		o.left(6)
		if most := o.seen().most; most != 3 {
			t.Errorf("%d waited for their answer at once", most)
		}
	})
}

// Words to one person arrive in the order in which they were written.
func TestOneMessageAtATimeGoesToAPerson(t *testing.T) {
	story(t, trunk.Trunk{}, func(o *office) {
		o.set(func() { o.takes = time.Second })
		for i := range 3 {
			o.writes("+815012345678", "+819012345678", fmt.Sprint(i))
		}
		o.left(1)
		after(10 * time.Second)
		o.left(3)
		if got := o.seen(); got.most != 1 || got.sent[1].Body != "1" || got.sent[2].Body != "2" {
			t.Errorf("%d at once: %+v", got.most, got.sent)
		}
	})
}

// A message waits for its line: until that is signed on, or for ten minutes.
func TestMessagesWaitForTheirLine(t *testing.T) {
	story(t, trunk.Trunk{}, func(o *office) {
		o.set(func() { o.stands = sipleg.Standing{Condition: sipleg.Waiting} })
		first := o.write()
		after(5 * time.Second)
		o.left(0)
		o.is(first, message.Queued, 0)
		o.set(func() { o.stands.Condition = sipleg.Registered })
		o.client.Changed()
		o.is(first, message.Sent, 0)

		o.set(func() { o.stands = sipleg.Standing{Condition: sipleg.Refused, Why: "403 Forbidden"} })
		second := o.write()
		o.set(func() { o.stands.Holder = "another node" }) // which is signed on for all
		o.client.Changed()
		o.is(second, message.Sent, 0)

		o.set(func() { o.stands = sipleg.Standing{Condition: sipleg.Silent, Why: "sip.example.jp does not answer"} })
		third := o.write()
		after(30 * time.Minute)
		if r := o.is(third, message.Failed, 30001); !strings.Contains(r.ErrorText, "sip.example.jp does not answer") {
			t.Errorf("it says %q", r.ErrorText)
		}
		fourth := o.write()
		o.client.Set(nil) // its document is taken away
		o.is(fourth, message.Failed, 30008)
		o.left(2)
	})
}

// A delivery report says that it was delivered, whenever that comes, also in the next life.
func TestAReportMakesAMessageDelivered(t *testing.T) {
	story(t, trunk.Trunk{Messages: trunk.Messages{As: trunk.AsCPIM}}, func(o *office) {
		id := o.write()
		o.is(id, message.Sent, 0)
		m := o.seen().sent[0]
		for _, want := range []string{"\r\nimdn.Message-ID: " + string(id) + "\r\n", "NS: imdn <urn:ietf:params:imdn>\r\n",
			"imdn.Disposition-Notification: positive-delivery, negative-delivery\r\n\r\nContent-Type: text/plain;charset=UTF-8\r\n\r\ndisk full on db01"} {
			if m.Kind != "message/cpim" || !strings.Contains(m.Body, want) {
				t.Errorf("%s without %q:\n%s", m.Kind, want, m.Body)
			}
		}
		o.crash()
		_, about, status := pager.Read("message/cpim", []byte("From: <sip:+819012345678@sip.example.jp>\r\nTo: <sip:+815012345678@sip.example.jp>\r\n\r\nContent-Type: message/imdn+xml\r\nContent-Disposition: notification\r\n\r\n"+
			`<?xml version="1.0"?><imdn xmlns="urn:ietf:params:xml:ns:imdn"><message-id>`+string(id)+`</message-id><datetime>2026-11-26T03:00:00Z</datetime><delivery-notification><status><delivered/></status></delivery-notification></imdn>`))
		if status != 0 || about == nil {
			t.Fatalf("the report cannot be read: %d", status)
		}
		if err := o.desk.Told(o.t.Context(), "ntt", sid.Message(about.Name), "+819012345678", about.Word); err != nil {
			t.Fatal(err)
		}
		o.is(id, message.Delivered, 0)
		o.tells("sent", "delivered")
	})
}

func TestPhonesOfOurOwn(t *testing.T) {
	story(t, trunk.Trunk{}, func(o *office) {
		phones := map[string]int{"sip:sato@office.example.jp": 200, "sip:pbx@office.example.jp": 202, "sip:suzuki@office.example.jp": 480, "sip:tanaka@office.example.jp": 603}
		o.set(func() { o.phones = phones })
		for _, tt := range []struct {
			to     string
			status message.Status
			code   int
		}{
			{"sip:sato@office.example.jp", message.Delivered, 0}, {"sip:pbx@office.example.jp", message.Sent, 0}, {"sip:suzuki@office.example.jp", message.Undelivered, 30003},
			{"sip:tanaka@office.example.jp", message.Undelivered, 30004}, {"sip:nobody@office.example.jp", message.Undelivered, 30005},
		} {
			o.is(o.writes("+815012345678", tt.to, "hello"), tt.status, tt.code)
		}
		o.left(0)
		o.writes("sip:desk@office.example.jp", "sip:sato@office.example.jp", "hello")
		o.writes("Kaden", "sip:sato@office.example.jp", "hello")
		written := o.seen().written
		if number, address, word := written[0], written[5], written[6]; number.From != "+815012345678" || address.From != "desk" || address.FromHost != "office.example.jp" || word.DisplayName != "Kaden" || word.From != "" {
			t.Errorf("written by %+v", written)
		}
		abroad := o.writes("+815012345678", "sip:alice@example.com", "hello")
		o.is(abroad, message.Sent, 0)
		o.left(1)
		if to := o.seen().to[0]; to.URI != "sip:alice@example.com" || to.Line != "" || to.Username != "" {
			t.Errorf("to %+v", to)
		}
		var no *message.Refusal
		if _, err := o.desk.Send(o.t.Context(), message.Order{Account: owner, To: "sip:example.com", Body: "hello"}); !errors.As(err, &no) || no.Code != 21211 {
			t.Errorf("to nobody: %v", err)
		}
	})
}
