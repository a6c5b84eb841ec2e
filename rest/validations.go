package rest

import (
	"cmp"
	"context"
	"crypto/rand"
	"crypto/subtle"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"math/big"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/kaden-project/kaden/account"
	"github.com/kaden-project/kaden/call"
	"github.com/kaden-project/kaden/number"
	"github.com/kaden-project/kaden/sid"
	"github.com/kaden-project/kaden/twiml"
)

// Limits of a validation.
const (
	codeDigits = 6
	codeTries  = 3
	codeLife   = time.Hour // a call that takes longer proves nothing
	codeWait   = 15 * time.Second
)

// Validations proves that whoever wants to show a number holds it: a call goes there and asks for a code that the API
// has answered with. It is an Asker for the calls' own scripts. What is under way is lost with the process, and asked
// for again. It may be used by any number of goroutines.
type Validations struct {
	log    *slog.Logger
	desk   Desk
	book   account.CallerIDs
	tell   call.Asker // the owner's server
	origin string

	mu   sync.Mutex
	open map[sid.Call]*validation
}

// validation is one that is under way. Validations.mu guards what changes.
type validation struct {
	account.CallerID
	call     sid.Call
	secret   string // in the address of the script, so that no other call gets at it
	code     string
	callback call.Callback
	expires  time.Time

	tries int
	done  account.CallerID // once the code was entered
}

// NewValidations makes a Validations whose scripts are at addresses that begin with origin, which must never leave the
// process.
func NewValidations(log *slog.Logger, desk Desk, book account.CallerIDs, tell call.Asker, origin string) *Validations {
	return &Validations{log: log, desk: desk, book: book, tell: tell, origin: origin + "/callerids/", open: map[sid.Call]*validation{}}
}

var _ call.Asker = (*Validations)(nil)

// Ours tells whether a question is for the script of a validation.
func (v *Validations) Ours(url string) bool { return strings.HasPrefix(url, v.origin) }

// begin places the call and gives its code. What the owner is told comes when it is over.
func (v *Validations) begin(ctx context.Context, c account.CallerID, to number.Address, digits string, delay time.Duration, cb call.Callback) (*validation, error) {
	n, err := rand.Int(rand.Reader, big.NewInt(1_000_000))
	if err != nil {
		return nil, err
	}
	w := &validation{
		CallerID: c, call: sid.New[sid.Call](), secret: account.NewSecret(), code: fmt.Sprintf("%0*d", codeDigits, n), callback: cb,
		expires: time.Now().Add(delay + codeLife),
	}
	v.mu.Lock()
	for id, old := range v.open {
		if time.Now().After(old.expires) {
			delete(v.open, id)
		}
	}
	v.open[w.call] = w
	v.mu.Unlock()
	o := call.Order{
		SID: w.call, Account: c.Account, To: to, Direction: call.OutboundAPI, SendDigits: digits,
		Program:  call.Program{URL: v.at(w, ""), Method: http.MethodPost},
		Callback: call.Callback{URL: v.at(w, "over"), Method: http.MethodPost, Events: []string{"completed"}},
	}
	place := func(ctx context.Context) error {
		_, err := v.desk.Place(ctx, o)
		if err != nil {
			v.mu.Lock()
			delete(v.open, w.call)
			v.mu.Unlock()
		}
		return err
	}
	if delay == 0 {
		return w, place(ctx)
	}
	time.AfterFunc(delay, func() {
		if err := place(context.WithoutCancel(ctx)); err != nil {
			v.log.Warn("validation call not placed", "call", w.call, "err", err)
		}
	})
	return w, nil
}

func (v *Validations) at(w *validation, step string) string {
	return strings.TrimSuffix(v.origin+string(w.call)+"/"+w.secret+"/"+step, "/")
}

// Ask is the script of a validation: what is said, and what becomes of the keys.
func (v *Validations) Ask(ctx context.Context, q call.Ask) (call.Reply, error) {
	rest, _ := strings.CutPrefix(q.URL, v.origin)
	parts := strings.Split(rest, "/")
	v.mu.Lock()
	w := v.open[sid.Call(parts[0])]
	v.mu.Unlock()
	if w == nil || len(parts) < 2 || subtle.ConstantTimeCompare([]byte(parts[1]), []byte(w.secret)) != 1 {
		return call.Reply{URL: q.URL, Status: http.StatusNotFound, ContentType: "text/plain", Body: []byte("no such validation\n")}, nil
	}
	doc := &twiml.Response{}
	switch strings.Join(parts[2:], "/") {
	case "":
		doc = v.ask(w, "")
	case "digits":
		doc = v.entered(ctx, w, q.Params.Get("Digits"))
	case "over":
		v.over(ctx, w, q.Params)
	}
	return call.Reply{URL: q.URL, Status: http.StatusOK, ContentType: "text/xml", Body: []byte(doc.String())}, nil
}

// ask asks for the code, after what there is to say first.
func (v *Validations) ask(w *validation, first string) *twiml.Response {
	p := phrasesFor(w.Number)
	v.mu.Lock()
	w.tries++
	last := w.tries > codeTries
	v.mu.Unlock()
	if last {
		return twiml.New(twiml.NewSay(p.language, p.failed), &twiml.Hangup{})
	}
	say := p.enter
	if first != "" {
		say = first + " " + say
	}
	gather := twiml.NewGather(v.at(w, "digits"), codeDigits, twiml.NewSay(p.language, say))
	gather.Timeout = codeWait
	return twiml.New(gather, &twiml.Redirect{URL: v.at(w, ""), Method: http.MethodPost})
}

// entered keeps the number if the code is the right one.
func (v *Validations) entered(ctx context.Context, w *validation, digits string) *twiml.Response {
	p := phrasesFor(w.Number)
	if subtle.ConstantTimeCompare([]byte(digits), []byte(w.code)) != 1 || time.Now().After(w.expires) {
		return v.ask(w, p.wrong)
	}
	now := time.Now()
	c := w.CallerID
	c.SID, c.Created, c.Updated = sid.New[sid.Number](), now, now
	err := v.book.PutCallerID(ctx, c)
	if err == nil {
		var kept account.CallerID
		if kept, err = v.verified(ctx, w.Account, w.Number); err == nil {
			v.mu.Lock()
			w.done = kept
			v.mu.Unlock()
			v.log.Info("number verified", "account", w.Account, "number", number.Mask(string(w.Number)))
			return twiml.New(twiml.NewSay(p.language, p.verified), &twiml.Hangup{})
		}
	}
	v.log.Error("a verified number is not kept", "account", w.Account, "err", err)
	return twiml.New(twiml.NewSay(p.language, p.failed), &twiml.Hangup{})
}

// verified is the account's verified number, or account.ErrNotFound.
func (v *Validations) verified(ctx context.Context, owner sid.Account, n number.Number) (account.CallerID, error) {
	list, _, err := v.book.CallerIDs(ctx, account.CallerIDFilter{Account: owner, Number: n})
	if err == nil && len(list) == 0 {
		err = account.ErrNotFound
	}
	if err != nil {
		return account.CallerID{}, err
	}
	return list[0], nil
}

// over tells the owner what came of it, once the call has ended.
func (v *Validations) over(ctx context.Context, w *validation, params url.Values) {
	v.mu.Lock()
	done := w.done
	delete(v.open, w.call)
	v.mu.Unlock()
	if w.callback.URL == "" {
		return
	}
	params = maps.Clone(params)
	params.Set("VerificationStatus", "failed")
	if done.SID != "" {
		params.Set("VerificationStatus", "success")
		params.Set("OutgoingCallerIdSid", string(done.SID))
	}
	_, err := v.tell.Ask(ctx, call.Ask{Account: w.Account, Call: w.call, Method: cmp.Or(w.callback.Method, http.MethodPost), URL: w.callback.URL, Params: params})
	if err != nil && !errors.Is(err, context.Canceled) {
		v.log.Warn("what came of a validation is not told", "call", w.call, "err", err)
	}
}

// phrases are what a validation says.
type phrases struct{ language, enter, wrong, verified, failed string }

var (
	japanese = phrases{
		"ja-JP", "番号の確認です。画面に表示された6桁のコードを、押してください。", "コードが違います。",
		"ありがとうございます。番号を確認しました。", "番号を確認できませんでした。失礼します。",
	}
	english = phrases{
		"en-US", "This call verifies your number. Please enter the six digits of the code that you were shown.", "That is not the code.",
		"Thank you. Your number is verified.", "The number was not verified. Goodbye.",
	}
)

// phrasesFor speaks to whoever answers at a number.
func phrasesFor(n number.Number) phrases {
	if n.Country() == "JP" {
		return japanese
	}
	return english
}
