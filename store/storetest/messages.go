package storetest

import (
	"errors"
	"net/url"
	"testing"
	"time"

	"github.com/kaden-project/kaden/message"
	"github.com/kaden-project/kaden/sid"
	"github.com/kaden-project/kaden/tariff"
)

// Message makes a message with all its fields filled.
func Message(id sid.Message, there string) message.Record {
	return message.Record{
		SID: id, Account: "AC00000000000000000000000000000001", Direction: message.OutboundCall, From: "+815087654321", To: "+819011112222",
		Body: "ディスクが一杯です", Segments: 1, Status: message.Sent, ErrorCode: 30003, ErrorText: "switched off",
		Call: "CA00000000000000000000000000000001", Callback: message.Callback{URL: "https://example.jp/sms", Method: "GET"},
		Carrier: "twilio", There: there, Created: Base, Updated: Base.Add(time.Second), Sent: Base.Add(2 * time.Second),
		Price: tariff.Money{Amount: 7_900, Currency: "USD"},
	}
}

func messagesKept(t *testing.T, s Store, reopen func() Store) {
	ctx := t.Context()
	const one, two, three = sid.Message("SM00000000000000000000000000000001"), sid.Message("SM00000000000000000000000000000002"), sid.Message("SM00000000000000000000000000000003")
	put := func(r message.Record, posts ...message.Post) {
		t.Helper()
		ok(t, s.ChangeMessage(ctx, message.Change{Record: r, Posts: posts}))
	}
	first := Message(one, "SM0000000000000000000000000000000a")
	put(first, message.Post{ID: "p1", Account: first.Account, Method: "POST", URL: "https://example.jp/sms", Params: url.Values{"MessageStatus": {"sent"}}, Due: Base})
	second := Message(two, "")
	second.Status, second.Sent, second.To = message.Queued, time.Time{}, "+819033334444"
	put(second)
	put(Message(three, "")) // two without a name there are no contradiction
	s = reopen()

	got, err := s.Message(ctx, first.Account, one)
	ok(t, err)
	same(t, "the message", got, first)
	got, err = s.MessageThere(ctx, "twilio", first.There)
	ok(t, err)
	same(t, "the message by its name there", got.SID, one)
	for _, e := range []error{
		func() error { _, err := s.Message(ctx, "AC00000000000000000000000000000002", one); return err }(),
		func() error { _, err := s.MessageThere(ctx, "twilio", ""); return err }(),
		func() error { _, err := s.MessageThere(ctx, "other", first.There); return err }(),
		s.DeleteMessage(ctx, "AC00000000000000000000000000000002", one),
	} {
		if !errors.Is(e, message.ErrNotFound) {
			t.Errorf("%v, want ErrNotFound", e)
		}
	}
	if err := s.ChangeMessage(ctx, message.Change{Record: Message("SM00000000000000000000000000000004", first.There)}); err == nil {
		t.Error("two messages have one name there")
	}
	second.Status = message.Sending
	ok(t, s.ChangeMessage(ctx, message.Change{Record: second, From: message.Queued}))
	for _, r := range []message.Record{second, Message("SM00000000000000000000000000000005", "")} {
		if err := s.ChangeMessage(ctx, message.Change{Record: r, From: message.Queued}); !errors.Is(err, message.ErrMoved) {
			t.Errorf("%s is changed from a state that it is not in: %v", r.SID, err)
		}
	}
	second.Status = message.Queued
	ok(t, s.ChangeMessage(ctx, message.Change{Record: second, From: message.Sending}))
	ids := func(f message.Filter) (out []sid.Message, next int64) {
		t.Helper()
		f.Account = first.Account
		list, next, err := s.Messages(ctx, f)
		ok(t, err)
		for _, r := range list {
			out = append(out, r.SID)
		}
		return out, next
	}
	page, next := ids(message.Filter{Limit: 2})
	same(t, "the first page", page, []sid.Message{three, two})
	page, next = ids(message.Filter{Limit: 2, After: next})
	same(t, "the second page", page, []sid.Message{one})
	same(t, "the end", next, int64(0))
	page, _ = ids(message.Filter{To: "+819033334444"})
	same(t, "by To", page, []sid.Message{two})
	page, _ = ids(message.Filter{SentTo: Base.Add(2 * time.Second)})
	same(t, "sent before", len(page), 0)
	page, _ = ids(message.Filter{SentFrom: Base.Add(2 * time.Second), SentTo: Base.Add(3 * time.Second)})
	same(t, "sent within", page, []sid.Message{three, one})

	first.Status = message.Delivered
	put(first)
	open, err := s.OpenMessages(ctx, Base)
	ok(t, err)
	same(t, "open", []sid.Message{open[0].SID, open[1].SID}, []sid.Message{two, three})
	open, err = s.OpenMessages(ctx, Base.Add(time.Minute))
	ok(t, err)
	same(t, "open and not too old", len(open), 0)
	ok(t, s.DeleteMessage(ctx, first.Account, one))
	ok(t, s.Posted(ctx, "p1"))
	page, _ = ids(message.Filter{})
	same(t, "after one was deleted", page, []sid.Message{three, two})
}
