package main

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/kaden-project/kaden/account"
	"github.com/kaden-project/kaden/call"
	"github.com/kaden-project/kaden/message"
	"github.com/kaden-project/kaden/message/pager"
	"github.com/kaden-project/kaden/notice"
	"github.com/kaden-project/kaden/number"
	"github.com/kaden-project/kaden/rest"
	"github.com/kaden-project/kaden/sid"
	"github.com/kaden-project/kaden/store"
	"github.com/kaden-project/kaden/tariff"
	"github.com/kaden-project/kaden/twiml"
	"github.com/kaden-project/kaden/voice"
)

// letters are the short messages of this house: the desk that sends them, and the store that keeps them.
type letters struct {
	*store.Store
	desk  *message.Desk
	rooms *rooms
}

var (
	_ rest.Messages = letters{}
	_ voice.Texter  = texter{}
)

// openLetters makes the way for short messages. The upstreams, the SMSCs and the SIP server must be open.
func (r *rooms) openLetters() {
	r.letters = letters{Store: r.store, rooms: r, desk: message.New(r.log, message.Config{
		Store: r.store, Carrier: carriers{r.upstreams.Messages(), r.smscs, r.pager, r.house.Load}, Tell: func(ctx context.Context, p message.Post) error {
			_, err := r.journal.Ask(ctx, call.Ask{Account: p.Account, Method: p.Method, URL: p.URL, Params: p.Params})
			return err
		},
		Price: r.messagePrice,
	})}
}

// messagePrice is what a message costs by the price list of the upstream, trunk or SMSC that carries it.
func (r *rooms) messagePrice(m message.Record) tariff.Money {
	for _, t := range writers(r.house.Load()) {
		if t.Name == m.Carrier {
			return t.Prices.Message(number.Number(m.To), m.Segments)
		}
	}
	return tariff.Money{}
}

// Send sends a message, unless the budget for it is used up, or a SIP address in it is another account's.
func (l letters) Send(ctx context.Context, o message.Order) (message.Record, error) {
	if err := l.rooms.mayWrite(o); err != nil {
		return message.Record{}, err
	}
	if strings.HasPrefix(o.To, pager.Direct) { // it costs nothing
		return l.desk.Send(ctx, o)
	}
	if err := l.rooms.affordable(ctx, account.Account{}, number.Address{Scheme: number.Tel}); err != nil {
		return message.Record{}, &message.Refusal{Code: 21215, Text: err.Error()}
	}
	return l.desk.Send(ctx, o)
}

// DeleteMessage forgets a message, and follows it no longer.
func (l letters) DeleteMessage(ctx context.Context, owner sid.Account, id sid.Message) error {
	if err := l.desk.Forget(ctx, id); err != nil {
		return err
	}
	return l.Store.DeleteMessage(ctx, owner, id)
}

// texter sends what an <Sms> says. The house's letters are opened after its voice.
type texter struct{ *rooms }

// Text sends a short message. Its numbers are spelled as the house spells them.
func (x texter) Text(ctx context.Context, t voice.Text) (voice.Texted, error) {
	if address, err := number.ParseAddress(t.To); err == nil && address.Scheme == number.SIP {
		t.To = address.String()
	} else {
		to, err := number.Parse(t.To, x.settings.Region)
		if err != nil {
			return voice.Texted{}, fmt.Errorf("to: %w", err)
		}
		if class := to.Class(); class != number.Mobile && class != number.Abroad {
			return voice.Texted{}, fmt.Errorf("to: %s numbers get no short messages", class)
		}
		t.To = string(to)
	}
	if from, err := number.Parse(t.From, x.settings.Region); err == nil {
		t.From = string(from)
	}
	r, err := x.letters.Send(ctx, message.Order{
		Account: t.Account, Call: t.Call, From: t.From, To: t.To, Body: t.Body, Direction: message.OutboundCall, Callback: message.Callback{URL: t.StatusCallback},
	})
	return voice.Texted{SID: r.SID, Status: string(r.Status)}, err
}

// textNotice sends a notice as a short message, once for each id. No budget stops it: what it says must not stay within
// kaden.
func (r *rooms) textNotice(ctx context.Context, id, from string, to number.Number, body string) error {
	sum := sha256.Sum256([]byte("kaden notice " + id))
	_, err := r.letters.desk.Send(ctx, message.Order{
		SID: sid.Message("SM" + hex.EncodeToString(sum[:16])), Account: r.account.SID, From: from, To: string(to), Body: body,
	})
	var no *message.Refusal
	if errors.Is(err, message.ErrNoCarrier) || errors.As(err, &no) {
		return fmt.Errorf("%w: %w", notice.ErrRefused, err)
	}
	return err
}

// take keeps a message that a carrier has brought, and asks the program of its number what to answer. media is how many
// pictures came with it, which are not taken.
func (l letters) take(ctx context.Context, in message.Record, media int) error {
	owner, texts := l.program(in.To)
	in.Account = owner
	r, fresh, err := l.desk.Take(ctx, in)
	if err != nil || !fresh {
		return err
	}
	l.rooms.log.Info("message came in", "message", r.SID, "from", number.Mask(r.From), "to", number.Mask(r.To), "media", media)
	if texts.URL != "" {
		go l.reply(r, texts)
	}
	return nil
}

// program is whose number it is, and who is asked about messages to it.
func (l letters) program(called string) (sid.Account, account.Texts) {
	for _, n := range *l.rooms.catalog.numbers.Load() {
		if n.Number != called || n.Account == "" {
			continue
		}
		if n.Application == "" {
			return n.Account, n.Texts
		}
		a, err := l.rooms.catalog.Application(context.Background(), n.Account, sid.Application(n.Application))
		if err != nil {
			l.rooms.log.Error("the application of a number is not known", "number", called, "err", err)
		}
		return n.Account, a.Texts
	}
	return l.rooms.account.SID, account.Texts{}
}

// replyTime is how long a program may take with its answer, its fallback included.
const replyTime = 30 * time.Second

// reply asks the owner's program about a message that came in (contract 3.5), and sends what it answers.
func (l letters) reply(r message.Record, texts account.Texts) {
	log := l.rooms.log.With("message", r.SID)
	ctx, stop := context.WithTimeout(context.Background(), replyTime)
	defer stop()
	params := url.Values{
		"MessageSid": {string(r.SID)}, "SmsSid": {string(r.SID)}, "SmsMessageSid": {string(r.SID)}, "AccountSid": {string(r.Account)},
		"From": {r.From}, "To": {r.To}, "Body": {r.Body}, "NumMedia": {"0"}, "NumSegments": {strconv.Itoa(r.Segments)},
		"SmsStatus": {string(r.Status)}, "ApiVersion": {"2010-04-01"},
	}
	where := texts.URL
	doc, err := l.answer(ctx, r, texts.Method, where, params)
	if err != nil && texts.FallbackURL != "" {
		log.Warn("the program of the number did not answer a message; asking its fallback", "err", err)
		params.Set("ErrorUrl", where)
		where = texts.FallbackURL
		doc, err = l.answer(ctx, r, texts.FallbackMethod, where, params)
	}
	if err != nil {
		log.Error("a message that came in was told to nobody", "err", err)
		return
	}
	for _, v := range doc.Verbs {
		sms, ok := v.(*twiml.Sms)
		if !ok {
			log.Warn("an answer to a message can write, and nothing else", "verb", v.Name())
			continue
		}
		o := message.Order{Account: r.Account, From: sms.From, To: sms.To, Body: sms.Body, Direction: message.OutboundReply, Callback: message.Callback{URL: absolute(where, sms.StatusCallback)}}
		if o.From == "" {
			o.From = r.To
		}
		if o.To == "" {
			o.To = r.From
		}
		if _, err := l.Send(ctx, o); err != nil {
			log.Error("the answer to a message was not sent", "err", err)
		}
	}
}

// answer asks a program for TwiML; an empty answer is an empty document.
func (l letters) answer(ctx context.Context, r message.Record, method, where string, params url.Values) (*twiml.Response, error) {
	if method == "" {
		method = http.MethodPost
	}
	reply, err := l.rooms.journal.Ask(ctx, call.Ask{Account: r.Account, Method: method, URL: where, Params: params})
	switch {
	case err != nil:
		return nil, err
	case reply.Status/100 != 2:
		return nil, fmt.Errorf("it answered with HTTP %d", reply.Status)
	}
	doc, problems := twiml.Parse(reply.Body)
	if doc == nil {
		return nil, problems.Err()
	}
	return doc, nil
}

// absolute is a URL of a document, "" if there is none.
func absolute(base, ref string) string {
	if ref == "" {
		return ""
	}
	b, err := url.Parse(base)
	if err != nil {
		return ""
	}
	u, err := b.Parse(ref)
	if err != nil {
		return ""
	}
	return u.String()
}
