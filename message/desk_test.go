package message_test

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

	"github.com/kaden-project/kaden/message"
	"github.com/kaden-project/kaden/sid"
	"github.com/kaden-project/kaden/store/memstore"
	"github.com/kaden-project/kaden/tariff"
)

const owner = sid.Account("ACaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa")

// house is a desk, its store, and a carrier that the test holds in its hands.
type house struct {
	t     *testing.T
	store *memstore.Store
	desk  *message.Desk
	stop  func()

	mu     sync.Mutex
	sent   []message.Record // what was handed over
	answer []any            // to each hand-over, a Word or an error; the last one stays
	there  []message.Word   // what Find lists
	blind  error            // what Find says instead
	look   any              // what Look answers: a Word or an error
	looks  int
	told   []string      // callbacks
	deaf   error         // what Tell answers
	turns  chan struct{} // hands out turns, where the carrier is paced
	held   int           // turns that are not over
	each   tariff.Amount // yen for each segment, by the carrier's price list; 0 is no list
}

func (h *house) Route(from, _ string) (string, error) {
	if from == "+815000000000" {
		return "", message.ErrNoCarrier
	}
	return "twilio", nil
}

// Turn waits for the test, where the carrier is paced.
func (h *house) Turn(ctx context.Context, _ message.Record) (func(), error) {
	h.mu.Lock()
	turns := h.turns
	h.mu.Unlock()
	if turns != nil {
		select {
		case <-turns:
		case <-ctx.Done():
			return nil, context.Cause(ctx)
		}
	}
	h.set(func() { h.held++ })
	return func() { h.set(func() { h.held-- }) }, nil
}

func (h *house) Send(_ context.Context, r message.Record) (message.Word, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.sent = append(h.sent, r)
	a := h.answer[min(len(h.sent), len(h.answer))-1]
	if err, ok := a.(error); ok {
		return message.Word{}, err
	}
	return a.(message.Word), nil
}

func (h *house) Find(context.Context, message.Record) ([]message.Word, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.there, h.blind
}

func (h *house) Look(context.Context, message.Record) (message.Word, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.looks++
	if err, ok := h.look.(error); ok {
		return message.Word{}, err
	}
	w, _ := h.look.(message.Word)
	return w, nil
}

func (h *house) tell(_ context.Context, p message.Post) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.deaf != nil {
		return h.deaf
	}
	text := p.Params.Get("MessageStatus")
	if c := p.Params.Get("ErrorCode"); c != "" {
		text += " " + c
	}
	h.told = append(h.told, text)
	return nil
}

// story opens a house whose carrier takes everything.
func story(t *testing.T, f func(h *house)) {
	synctest.Test(t, func(t *testing.T) {
		h := &house{t: t, store: memstore.New(), answer: []any{message.Word{There: there(1), Status: message.Queued}}, look: message.Word{}}
		h.start()
		defer func() { h.stop() }()
		f(h)
	})
}

func there(n int) string { return fmt.Sprintf("SM%032x", n) }

func (h *house) start() {
	h.desk = message.New(slog.New(slog.DiscardHandler), message.Config{Store: h.store, Carrier: h, Tell: h.tell, Price: h.price})
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	d := h.desk
	go func() { done <- d.Run(ctx) }()
	h.stop = sync.OnceFunc(func() {
		cancel()
		if err := <-done; err != nil {
			h.t.Error(err)
		}
	})
	synctest.Wait()
}

func (h *house) price(r message.Record) tariff.Money {
	if h.each == 0 {
		return tariff.Money{}
	}
	return tariff.Money{Amount: h.each * tariff.Amount(r.Segments), Currency: "JPY"}
}

// crash ends the process and begins the next life.
func (h *house) crash() {
	h.store = h.store.Reopen()
	h.stop()
	h.start()
}

func (h *house) send() sid.Message {
	h.t.Helper()
	r, err := h.desk.Send(h.t.Context(), message.Order{
		Account: owner, From: "+815087654321", To: "+819012345678", Body: "disk full on db01", Callback: message.Callback{URL: "https://example.jp/sms"},
	})
	if err != nil {
		h.t.Fatal(err)
	}
	synctest.Wait()
	return r.SID
}

func (h *house) after(d time.Duration) { time.Sleep(d); synctest.Wait() }

func (h *house) says(id sid.Message, w message.Word) {
	h.desk.Heard(id, w)
	synctest.Wait()
}

// is checks how a message stands.
func (h *house) is(id sid.Message, want message.Status, code int) message.Record {
	h.t.Helper()
	synctest.Wait()
	r, err := h.store.Message(h.t.Context(), owner, id)
	if err != nil {
		h.t.Fatal(err)
	}
	if r.Status != want || r.ErrorCode != code {
		h.t.Errorf("the message is %s (%d, %s), want %s (%d)", r.Status, r.ErrorCode, r.ErrorText, want, code)
	}
	return r
}

func (h *house) tells(want ...string) {
	h.t.Helper()
	synctest.Wait()
	h.mu.Lock()
	defer h.mu.Unlock()
	if !slices.Equal(h.told, want) {
		h.t.Errorf("the owner was told %q, want %q", h.told, want)
	}
}

func (h *house) handedOver(n int) {
	h.t.Helper()
	synctest.Wait()
	h.mu.Lock()
	defer h.mu.Unlock()
	if len(h.sent) != n {
		h.t.Errorf("handed over %d times, want %d", len(h.sent), n)
	}
}

func (h *house) set(f func()) {
	h.mu.Lock()
	defer h.mu.Unlock()
	f()
}

func TestAMessageFromItsOrderToItsDelivery(t *testing.T) {
	story(t, func(h *house) {
		id := h.send()
		h.is(id, message.Sending, 0)
		h.says(id, message.Word{There: there(1), Status: message.Sent, Segments: 1})
		h.says(id, message.Word{There: there(1), Status: message.Sent})      // twice
		h.says(id, message.Word{There: there(1), Status: message.Delivered}) // and the end
		r := h.is(id, message.Delivered, 0)
		if r.There != there(1) || r.Sent.IsZero() || r.Segments != 1 {
			t.Errorf("kept: %+v", r)
		}
		h.tells("sent", "delivered")
		h.handedOver(1)
		h.after(10 * time.Minute) // its price was asked for
		if n := h.desk.Live(); n != 0 {
			t.Errorf("%d messages are still followed", n)
		}
	})
}

// Callbacks come late, in disorder, of another message, with words that nobody knows: the state only moves on.
func TestCallbacksInDisorder(t *testing.T) {
	story(t, func(h *house) {
		id := h.send()
		for _, w := range []message.Word{
			{There: there(2), Status: message.Delivered}, {There: there(1), Status: "musing"}, {There: there(1), Status: message.Undelivered, Code: 30003},
			{There: there(1), Status: message.Delivered}, {There: there(1), Status: message.Sent}, {There: there(1), Status: message.Queued},
		} {
			h.says(id, w)
		}
		h.is(id, message.Undelivered, 30003)
		h.tells("undelivered 30003")
	})
}

// No callback comes: the carrier is asked, more and more seldom, and says what it cost as well.
func TestCallbacksThatDoNotArrive(t *testing.T) {
	story(t, func(h *house) {
		id := h.send()
		h.after(11 * time.Second)
		h.set(func() {
			if h.looks != 1 {
				t.Errorf("asked %d times within 11 s", h.looks)
			}
			h.look = message.Word{There: there(1), Status: message.Sent, Price: tariff.Money{Amount: 7_900, Currency: "USD"}}
		})
		h.after(time.Minute)
		h.is(id, message.Sent, 0)
		// A carrier that changes its currency does not change what was asked first.
		h.set(func() {
			h.look = message.Word{There: there(1), Status: message.Delivered, Price: tariff.Money{Amount: 1_000_000, Currency: "JPY"}}
		})
		h.after(10 * time.Minute)
		if r := h.is(id, message.Delivered, 0); r.Price.String() != "0.0079 USD" {
			t.Errorf("it cost %v", r.Price)
		}
		h.set(func() {
			if h.looks > 12 {
				t.Errorf("asked %d times", h.looks)
			}
		})
		h.tells("sent", "delivered")
	})
}

func TestAMessageThatIsNeverDelivered(t *testing.T) {
	story(t, func(h *house) {
		id := h.send()
		h.says(id, message.Word{There: there(1), Status: message.Sent})
		h.after(5 * time.Hour)
		h.is(id, message.Sent, 0)
		if n := h.desk.Live(); n != 0 {
			t.Errorf("%d messages are still followed", n)
		}
	})
}

// The carrier says no: the message has failed with its code, and nobody asks again.
func TestAMessageThatIsRefused(t *testing.T) {
	story(t, func(h *house) {
		h.answer = []any{&message.Refusal{Code: 21610, Text: "the recipient has unsubscribed"}}
		id := h.send()
		if r := h.is(id, message.Failed, 21610); !strings.Contains(r.ErrorText, "unsubscribed") {
			t.Errorf("it says %q", r.ErrorText)
		}
		h.tells("failed 21610")
		h.handedOver(1)
	})
}

// The carrier is full for a moment, and then for good.
func TestACarrierThatTakesNothing(t *testing.T) {
	story(t, func(h *house) {
		full := &message.Refusal{Code: 20429, Text: "too many requests", Busy: true, After: 20 * time.Second}
		h.answer = []any{full, full, message.Word{There: there(1), Status: message.Queued}}
		id := h.send()
		h.after(19 * time.Second)
		h.handedOver(1)
		h.after(2 * time.Minute)
		h.handedOver(3)
		h.is(id, message.Sending, 0)
	})
	story(t, func(h *house) {
		h.answer = []any{&message.Refusal{Text: "the platform cannot be reached", Busy: true}}
		id := h.send()
		h.after(20 * time.Minute)
		h.is(id, message.Failed, 30001)
		h.tells("failed 30001")
	})
}

// The answer is lost. The message is there: it is not handed over again.
func TestTheAnswerIsLostAndTheMessageExists(t *testing.T) {
	story(t, func(h *house) {
		h.answer, h.there = []any{errors.New("cut off")}, []message.Word{{There: there(1), Status: message.Sent}}
		id := h.send()
		h.after(10 * time.Second)
		h.is(id, message.Sent, 0)
		h.handedOver(1)
	})
	story(t, func(h *house) { // its callback is quicker than the search
		h.answer, h.blind = []any{errors.New("cut off")}, errors.New("the list is broken")
		id := h.send()
		h.says(id, message.Word{There: there(1), Status: message.Sent})
		h.is(id, message.Sent, 0)
		h.handedOver(1)
	})
}

// The answer is lost, and twice there is no such message: it is handed over again, but not a third time.
func TestTheAnswerIsLostAndThereIsNoMessage(t *testing.T) {
	story(t, func(h *house) {
		h.answer = []any{errors.New("cut off"), message.Word{There: there(1), Status: message.Queued}}
		id := h.send()
		h.after(30 * time.Second)
		h.is(id, message.Sending, 0)
		h.handedOver(2)
	})
	story(t, func(h *house) {
		h.answer = []any{errors.New("cut off")}
		id := h.send()
		h.after(time.Minute)
		h.is(id, message.Failed, 30008)
		h.handedOver(2)
	})
}

// A carrier that cannot tell whether it has a message says so, and that is the end of it: it is not sent again.
func TestACarrierThatCanNeverTell(t *testing.T) {
	story(t, func(h *house) {
		h.answer, h.blind = []any{errors.New("cut off")}, &message.Refusal{Text: "it cannot be asked"}
		id := h.send()
		h.after(2 * time.Second)
		if r := h.is(id, message.Failed, 30008); !strings.Contains(r.ErrorText, "not known") || !strings.Contains(r.ErrorText, "cannot be asked") {
			t.Errorf("it says %q", r.ErrorText)
		}
		h.handedOver(1)
		h.tells("failed 30008")
	})
}

// A message that waits for its turn has not left: a crash does not make that a question, and the next life sends it, once.
func TestAMessageThatWaitsForItsTurn(t *testing.T) {
	story(t, func(h *house) {
		h.blind = &message.Refusal{Text: "it cannot be asked"}
		h.set(func() { h.turns = make(chan struct{}) })
		id := h.send()
		h.is(id, message.Queued, 0)
		h.crash()
		h.is(id, message.Queued, 0)
		h.handedOver(0)
		h.turns <- struct{}{}
		h.is(id, message.Sending, 0)
		h.handedOver(1)
		h.set(func() {
			if h.held != 0 {
				t.Errorf("%d turns are not over", h.held)
			}
		})
	})
	story(t, func(h *house) { // what it has waited is not held against it
		h.set(func() { h.turns = make(chan struct{}) })
		h.answer = []any{&message.Refusal{Code: 30001, Text: "full", Busy: true}, message.Word{There: there(1), Status: message.Sent}}
		id := h.send()
		h.after(time.Hour)
		close(h.turns)
		h.after(2 * time.Second)
		h.is(id, message.Sent, 0)
	})
	story(t, func(h *house) { // its turn never comes
		h.set(func() { h.turns = make(chan struct{}) })
		id := h.send()
		h.after(5 * time.Hour)
		if r := h.is(id, message.Failed, 30001); !strings.Contains(r.ErrorText, "turn") {
			t.Errorf("it says %q", r.ErrorText)
		}
		h.handedOver(0)
	})
}

// Two processes on one database wait with the same message: one of them sends it.
func TestTwoProcessesAndOneMessage(t *testing.T) {
	story(t, func(h *house) {
		h.set(func() { h.turns = make(chan struct{}) })
		id := h.send()
		second := message.New(slog.New(slog.DiscardHandler), message.Config{Store: h.store, Carrier: h})
		ctx, stop := context.WithCancel(context.Background())
		done := make(chan error, 1)
		go func() { done <- second.Run(ctx) }()
		synctest.Wait()
		if h.desk.Live() != 1 || second.Live() != 1 {
			t.Fatalf("%d and %d wait", h.desk.Live(), second.Live())
		}
		close(h.turns)
		h.handedOver(1)
		h.is(id, message.Sending, 0)
		stop()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
}

// A carrier that is full has not taken it: it is queued again, and no next life wonders whether it left.
func TestACrashWhileTheCarrierIsFull(t *testing.T) {
	story(t, func(h *house) {
		h.blind = &message.Refusal{Text: "it cannot be asked"}
		h.answer = []any{&message.Refusal{Code: 30001, Text: "full", Busy: true, After: time.Minute}, message.Word{There: there(1), Status: message.Sent}}
		id := h.send()
		h.is(id, message.Queued, 0)
		h.crash()
		h.is(id, message.Sent, 0)
		h.handedOver(2)
	})
}

// A carrier may tell what has become of a message hours later, when nobody follows it any more; it is kept before the
// carrier may forget it.
func TestAWordThatComesLate(t *testing.T) {
	story(t, func(h *house) {
		h.answer = []any{message.Word{There: there(1), Status: message.Sent}}
		id := h.send()
		told := func(to string, w message.Word) error {
			return h.desk.Told(context.Background(), "twilio", "", to, w)
		}
		h.after(20 * time.Hour)
		if n := h.desk.Live(); n != 0 {
			t.Fatalf("%d messages are still followed", n)
		}
		if err := told("+819000000000", message.Word{There: there(1), Status: message.Delivered}); !errors.Is(err, message.ErrNotFound) {
			t.Errorf("somebody else's message: %v", err)
		}
		if err := told("+819012345678", message.Word{There: there(2), Status: message.Delivered}); !errors.Is(err, message.ErrNotFound) {
			t.Errorf("a message that nobody knows: %v", err)
		}
		for range 2 {
			if err := told("+819012345678", message.Word{There: there(1), Status: message.Undelivered, Code: 30003}); err != nil {
				t.Fatal(err)
			}
		}
		h.is(id, message.Undelivered, 30003)
		h.tells("sent", "undelivered 30003")
	})
	story(t, func(h *house) { // while it is followed, under the name of this house
		id := h.send()
		if err := h.desk.Told(context.Background(), "twilio", id, "+819012345678", message.Word{There: there(1), Status: message.Delivered}); err != nil {
			t.Fatal(err)
		}
		h.is(id, message.Delivered, 0)
	})
	story(t, func(h *house) { // at the end: the carrier is to tell again
		id := h.send()
		h.stop()
		if err := h.desk.Told(context.Background(), "twilio", id, "+819012345678", message.Word{There: there(1), Status: message.Delivered}); !errors.Is(err, message.ErrShutdown) {
			t.Errorf("it said %v", err)
		}
	})
}

// A carrier that counts from the beginning again: the name means the younger message.
func TestACarrierThatGivesANameTwice(t *testing.T) {
	story(t, func(h *house) {
		h.answer = []any{message.Word{There: "1", Status: message.Sent}}
		older := h.send()
		younger := h.send()
		if err := h.desk.Told(context.Background(), "twilio", "", "+819012345678", message.Word{There: "1", Status: message.Delivered}); err != nil {
			t.Fatal(err)
		}
		h.is(older, message.Sent, 0)
		h.is(younger, message.Delivered, 0)
	})
}

// The same words to the same person, twice, on purpose: what the one order made is not taken for the other's.
func TestTwoEqualMessages(t *testing.T) {
	story(t, func(h *house) {
		h.send()
		h.set(func() {
			h.answer = []any{errors.New("cut off"), errors.New("cut off"), message.Word{There: there(2), Status: message.Queued}}
			h.there = []message.Word{{There: there(1), Status: message.Queued}} // the first one's
		})
		second := h.send()
		h.after(30 * time.Second)
		if r := h.is(second, message.Sending, 0); r.There != there(2) {
			t.Errorf("it was taken for %s", r.There)
		}
	})
}

// Nobody can say whether it left: it has failed in the end, and says why.
func TestWhetherItLeftIsNotKnown(t *testing.T) {
	story(t, func(h *house) {
		h.answer, h.blind = []any{errors.New("cut off")}, errors.New("the platform is away")
		id := h.send()
		h.after(20 * time.Minute)
		if r := h.is(id, message.Failed, 30008); !strings.Contains(r.ErrorText, "not known") {
			t.Errorf("it says %q", r.ErrorText)
		}
		h.handedOver(1)
	})
}

// After a crash messages go on: one that is there is followed, one that may have left is looked for first.
func TestMessagesAfterACrash(t *testing.T) {
	story(t, func(h *house) {
		id := h.send()
		h.crash()
		h.says(id, message.Word{There: there(1), Status: message.Delivered})
		h.is(id, message.Delivered, 0)
		h.handedOver(1)
	})
	story(t, func(h *house) {
		h.answer, h.blind = []any{errors.New("cut off")}, errors.New("the platform is away")
		id := h.send()
		h.crash()
		h.set(func() { h.blind, h.there = nil, []message.Word{{There: there(1), Status: message.Sent}} })
		h.after(10 * time.Second)
		h.is(id, message.Sent, 0)
		h.handedOver(1)
	})
}

// The owner's server is away: the callback is left to the net, under a name of its own.
func TestACallbackThatIsNotDelivered(t *testing.T) {
	story(t, func(h *house) {
		h.deaf = errors.New("their server is away")
		id := h.send()
		h.says(id, message.Word{There: there(1), Status: message.Delivered})
		h.is(id, message.Delivered, 0)
		h.tells()
		if left := h.store.Posts(); len(left) != 1 || left[0].ID != string(id)+"-delivered" {
			t.Errorf("left to the net: %v", left)
		}
	})
}

// A store that fails holds a message back: nothing leaves that is not kept.
func TestAStoreThatFails(t *testing.T) {
	story(t, func(h *house) {
		h.store.Break(errors.New("the disk is full"))
		if _, err := h.desk.Send(t.Context(), message.Order{Account: owner, From: "+815087654321", To: "+819012345678", Body: "x"}); err == nil {
			t.Error("a message was taken that is not kept")
		}
		h.handedOver(0)
		h.store.Break(nil)
	})
}

// An order that names its message is sent once, however often it comes.
func TestTheSameOrderAgain(t *testing.T) {
	story(t, func(h *house) {
		for range 3 {
			o := message.Order{SID: "SM00000000000000000000000000000042", Account: owner, From: "+815087654321", To: "+819012345678", Body: "nobody took it"}
			if r, err := h.desk.Send(t.Context(), o); err != nil || r.SID != o.SID {
				t.Fatalf("%+v %v", r, err)
			}
			synctest.Wait()
		}
		h.handedOver(1)
	})
}

// What is refused during the end is not kept: whoever asks again would send it twice.
func TestNothingIsTakenDuringTheEnd(t *testing.T) {
	story(t, func(h *house) {
		h.stop()
		if _, err := h.desk.Send(t.Context(), message.Order{Account: owner, From: "+815087654321", To: "+819012345678", Body: "x"}); !errors.Is(err, message.ErrShutdown) {
			t.Errorf("it said %v", err)
		}
		if kept, _, err := h.store.Messages(t.Context(), message.Filter{Account: owner}); err != nil || len(kept) != 0 {
			t.Errorf("kept all the same: %v, %v", kept, err)
		}
	})
}

func TestNobodyCarriesIt(t *testing.T) {
	story(t, func(h *house) {
		if _, err := h.desk.Send(t.Context(), message.Order{From: "+815000000000"}); !errors.Is(err, message.ErrNoCarrier) {
			t.Errorf("it said %v", err)
		}
	})
}

// A message that comes in is taken once, however often it is brought.
func TestAMessageThatComesIn(t *testing.T) {
	story(t, func(h *house) {
		in := message.Record{Account: owner, From: "+819012345678", To: "+815087654321", Body: "了解", Carrier: "twilio", There: there(7)}
		kept, fresh, err := h.desk.Take(t.Context(), in)
		if err != nil || !fresh || kept.Direction != message.Inbound || kept.Status != message.Received {
			t.Fatalf("taken: %+v %v %v", kept, fresh, err)
		}
		again, fresh, err := h.desk.Take(t.Context(), in)
		if err != nil || fresh || again.SID != kept.SID {
			t.Errorf("taken a second time: %+v %v %v", again, fresh, err)
		}
	})
}

func TestSegments(t *testing.T) {
	for _, tt := range []struct {
		text string
		want int
	}{
		{"", 1}, {strings.Repeat("a", 160), 1}, {strings.Repeat("a", 161), 2}, {strings.Repeat("a", 306), 2}, {strings.Repeat("a", 307), 3},
		{strings.Repeat("€", 80), 1}, {strings.Repeat("€", 81), 2},
		{strings.Repeat("架", 70), 1}, {strings.Repeat("架", 71), 2}, {strings.Repeat("架", 135), 3}, {strings.Repeat("🚨", 35), 1}, {strings.Repeat("🚨", 36), 2},
	} {
		if got := message.Segments(tt.text); got != tt.want {
			t.Errorf("%d characters of %.3q are %d segments, want %d", len([]rune(tt.text)), tt.text, got, tt.want)
		}
	}
}

// What a message costs is what the carrier's list says, from the moment at which the network has it.
func TestAMessageCostsWhatTheListSays(t *testing.T) {
	story(t, func(h *house) {
		h.each = 9_000_000
		id := h.send()
		if r := h.is(id, message.Sending, 0); r.Price.Known() {
			t.Errorf("before it is sent it costs %v", r.Price)
		}
		h.says(id, message.Word{There: there(1), Status: message.Sent, Segments: 2, Price: tariff.Money{Amount: 7_900, Currency: "USD"}})
		h.says(id, message.Word{There: there(1), Status: message.Delivered})
		if r := h.is(id, message.Delivered, 0); r.Price.String() != "18 JPY" {
			t.Errorf("it costs %v", r.Price)
		}
		h.after(time.Hour)
		h.set(func() {
			if h.looks != 0 {
				t.Errorf("the carrier was asked for the price %d times", h.looks)
			}
		})
	})
}

// The owner of a message takes its words away when it is over. A price that comes later does not bring them back.
func TestWordsThatWereTakenAwayStayAway(t *testing.T) {
	story(t, func(h *house) {
		id := h.send()
		h.says(id, message.Word{There: there(1), Status: message.Delivered})
		r := h.is(id, message.Delivered, 0)
		r.Body = ""
		if err := h.store.ChangeMessage(t.Context(), message.Change{Record: r}); err != nil {
			t.Fatal(err)
		}
		h.set(func() {
			h.look = message.Word{There: there(1), Status: message.Delivered, Price: tariff.Money{Amount: 7_900, Currency: "USD"}}
		})
		h.after(time.Hour)
		if r := h.is(id, message.Delivered, 0); r.Body != "" || r.Price.String() != "0.0079 USD" {
			t.Errorf("it says %q and costs %v", r.Body, r.Price)
		}
	})
}

// Without a list the carrier is asked for the price when the message is over, a few times; one that did not leave costs
// nothing.
func TestACarrierIsAskedForThePrice(t *testing.T) {
	story(t, func(h *house) {
		id := h.send()
		h.says(id, message.Word{There: there(1), Status: message.Delivered})
		h.set(func() { h.look = message.Word{There: there(1), Status: message.Delivered} })
		h.after(30 * time.Second)
		h.set(func() {
			h.look = message.Word{There: there(1), Status: message.Delivered, Price: tariff.Money{Amount: 7_900, Currency: "USD"}}
		})
		h.after(time.Hour)
		if r := h.is(id, message.Delivered, 0); r.Price.String() != "0.0079 USD" {
			t.Errorf("it costs %v", r.Price)
		}
		h.set(func() {
			if h.looks != 2 || h.desk.Live() != 0 {
				t.Errorf("the carrier was asked %d times, and %d messages are followed", h.looks, h.desk.Live())
			}
		})
	})
	story(t, func(h *house) {
		id := h.send()
		h.says(id, message.Word{There: there(1), Status: message.Failed, Code: 30003})
		h.after(time.Hour)
		if r := h.is(id, message.Failed, 30003); r.Price.Known() || h.looks != 0 {
			t.Errorf("it costs %v, and the carrier was asked %d times", r.Price, h.looks)
		}
	})
}
