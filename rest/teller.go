package rest

import (
	"context"
	"crypto/subtle"
	"fmt"
	"log/slog"
	"net/http"
	"regexp"
	"strings"
	"sync"
	"time"

	"github.com/kaden-project/kaden/account"
	"github.com/kaden-project/kaden/call"
	"github.com/kaden-project/kaden/number"
	"github.com/kaden-project/kaden/sid"
	"github.com/kaden-project/kaden/twiml"
)

// Teller calls people and tells them a code. It is an Asker for the calls' own scripts. What is under way is lost with
// the process, as its calls are. It may be used by any number of goroutines.
type Teller struct {
	log    *slog.Logger
	desk   Desk
	origin string

	mu   sync.Mutex
	open map[sid.Call]tellingCall
}

// tellingCall is a call that tells a code.
type tellingCall struct {
	secret   string // in the address of the script, so that no other call gets at it
	code     string
	name     string
	speech   codePhrases
	keyFirst bool
	expires  time.Time
}

// NewTeller makes a Teller whose scripts are at addresses that begin with origin, which must never leave the process.
func NewTeller(log *slog.Logger, desk Desk, origin string) *Teller {
	return &Teller{log: log, desk: desk, origin: origin + "/verify/", open: map[sid.Call]tellingCall{}}
}

var _ call.Asker = (*Teller)(nil)

// Ours tells whether a question is for the script of a call that tells a code.
func (t *Teller) Ours(url string) bool { return strings.HasPrefix(url, t.origin) }

// tellingLimit is how long such a call may take after the answer.
const tellingLimit = 2 * time.Minute

// call places the call with the identifier.
func (t *Teller) call(ctx context.Context, owner sid.Account, id sid.Call, what telling, code string, keyFirst bool) error {
	c := tellingCall{secret: account.NewSecret(), code: code, name: what.name, speech: what.speech, keyFirst: keyFirst, expires: time.Now().Add(verifyLife)}
	t.mu.Lock()
	for old, c := range t.open {
		if time.Now().After(c.expires) {
			delete(t.open, old)
		}
	}
	t.open[id] = c
	t.mu.Unlock()
	_, err := t.desk.Place(ctx, call.Order{
		SID: id, Account: owner, To: what.to, Direction: call.OutboundAPI, SendDigits: what.digits, TimeLimit: tellingLimit,
		Program:  call.Program{URL: t.at(id, c, ""), Method: http.MethodPost},
		Callback: call.Callback{URL: t.at(id, c, "/over"), Method: http.MethodPost, Events: []string{"completed"}},
	})
	if err != nil {
		t.forget(id)
		return err
	}
	t.log.Info("a code is told", "call", id, "to", number.Mask(string(what.to.Number)))
	return nil
}

func (t *Teller) forget(id sid.Call) {
	t.mu.Lock()
	defer t.mu.Unlock()
	delete(t.open, id)
}

func (t *Teller) at(id sid.Call, c tellingCall, step string) string {
	return t.origin + string(id) + "/" + c.secret + step
}

// Ask is the script of a call that tells a code.
func (t *Teller) Ask(_ context.Context, q call.Ask) (call.Reply, error) {
	rest, _ := strings.CutPrefix(q.URL, t.origin)
	parts := strings.Split(rest, "/")
	id := sid.Call(parts[0])
	t.mu.Lock()
	c, ok := t.open[id]
	t.mu.Unlock()
	if !ok || len(parts) < 2 || subtle.ConstantTimeCompare([]byte(parts[1]), []byte(c.secret)) != 1 {
		return call.Reply{URL: q.URL, Status: http.StatusNotFound, ContentType: "text/plain", Body: []byte("no such verification\n")}, nil
	}
	doc := &twiml.Response{}
	switch step := strings.Join(parts[2:], "/"); {
	case step == "over":
		t.forget(id)
	case step == "" && c.keyFirst:
		ask := func() twiml.Verb {
			return twiml.NewGather(t.at(id, c, "/key"), 1, twiml.NewSay(c.speech.language, fmt.Sprintf(c.speech.key, c.name)))
		}
		doc = twiml.New(ask(), ask(), &twiml.Hangup{})
	case step == "", step == "key":
		doc = c.document()
	}
	return call.Reply{URL: q.URL, Status: http.StatusOK, ContentType: "text/xml", Body: []byte(doc.String())}, nil
}

// document says the code three times, one character after the other.
func (c tellingCall) document() *twiml.Response {
	p := c.speech
	code := func(before string) *twiml.Say {
		s := twiml.NewSay(p.language, before)
		s.Spans = append(s.Spans, twiml.Span{Text: c.code, As: "characters"}, twiml.Span{Text: p.after})
		return s
	}
	pause := &twiml.Pause{Length: time.Second}
	return twiml.New(code(fmt.Sprintf(p.code, c.name)), pause, code(p.again), pause, code(p.again), twiml.NewSay(p.language, p.bye), &twiml.Hangup{})
}

// codePhrases are what is said, and written, with a code. %s is whose code it is; in written, the code comes after it.
type codePhrases struct{ language, code, again, after, bye, key, written, warning string }

var (
	codeJapanese = codePhrases{
		"ja-JP", "%sの確認コードをお知らせします。コードは、", "もう一度お知らせします。コードは、", "です。", "失礼します。",
		"%sからのお電話です。確認コードをお聞きになるには、1を押してください。", "%sの確認コード: %s", "このコードは誰にも教えないでください。",
	}
	codeEnglish = codePhrases{
		"en-US", "Hello. Your %s verification code is: ", "Once more. Your code is: ", ".", "Goodbye.",
		"Hello. This is a call from %s. To hear your verification code, press 1.", "Your %s verification code is: %s", "Don't share this code with anyone.",
	}
)

// localeWord is the form of a language, such as ja, en-GB or zh-Hant-TW.
var localeWord = regexp.MustCompile(`^[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8}){0,2}$`)

// locale reads the language that a code is told in: Japanese or English, and English for all others, as Twilio falls
// back to it. Without one it is that of the number.
func (f *fields) locale(to number.Number) codePhrases {
	s := f.text("Locale")
	switch language, _, _ := strings.Cut(strings.ToLower(s), "-"); {
	case s == "" && to != "" && to.Country() == "JP", language == "ja":
		return codeJapanese
	case s != "" && !localeWord.MatchString(s):
		f.wrong("Locale", "%q is no language, such as ja or en", clip(s))
	}
	return codeEnglish
}
