package main

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"time"

	"github.com/kaden-project/kaden/account"
	"github.com/kaden-project/kaden/api"
	"github.com/kaden-project/kaden/call"
	"github.com/kaden-project/kaden/clientsdk"
	"github.com/kaden-project/kaden/leg"
	"github.com/kaden-project/kaden/leg/webleg"
	"github.com/kaden-project/kaden/media"
	"github.com/kaden-project/kaden/number"
	"github.com/kaden-project/kaden/rest"
	"github.com/kaden-project/kaden/sid"
)

// browsers are the phones in browsers: their signalling and their sound.
type browsers struct {
	signal *clientsdk.Server
	sound  *webleg.Engine
	words  *pageMessages
}

// off is the word for no browsers at all.
const off = "off"

// openBrowsers opens the port for the browsers' sound.
func (r *rooms) openBrowsers(ctx context.Context) error {
	if r.settings.Browsers.Listen == off {
		return nil
	}
	public, err := webleg.Addresses(ctx, r.settings.Browsers.Public...)
	if err != nil {
		return fmt.Errorf("browsers.public: %w", err)
	}
	sound, err := webleg.New(r.log, webleg.Config{Listen: r.settings.Browsers.Listen, Public: public, Clock: r.clock})
	if err != nil {
		return fmt.Errorf("browsers.listen: %w; --browsers names another address, --browsers off goes without", err)
	}
	words := &pageMessages{r: r, subs: map[sid.Call][]subscription{}}
	r.browsers = &browsers{sound: sound, words: words, signal: clientsdk.New(r.log, clientsdk.Config{
		Engine: engine{sound}, Keys: r.signedBy, Account: r.account.SID, Receive: r.fromBrowser, Message: words.tells,
	})}
	return nil
}

// close ends what is left of the browsers. The clock has to run until then.
func (b *browsers) close() error {
	if b == nil {
		return nil
	}
	b.signal.Close()
	return b.sound.Close()
}

// pages are what programs say to browsers; nil without browsers.
func (r *rooms) pages() rest.Pages {
	if r.browsers == nil {
		return nil
	}
	return r.browsers.words
}

// dialers adds what dials browsers.
func (b *browsers) dialers(d map[number.Scheme]leg.Dialer) map[number.Scheme]leg.Dialer {
	if b != nil {
		d[number.Client] = b.signal
	}
	return d
}

// schemes are what can be dialled in this house.
func (r *rooms) schemes() []number.Scheme {
	s := []number.Scheme{number.Tel, number.SIP, number.Sim}
	if r.browsers != nil {
		s = append(s, number.Client)
	}
	return s
}

// engine shows webleg's engine to the signalling.
type engine struct{ e *webleg.Engine }

func (e engine) Offer(ctx context.Context, i leg.Info, beside *media.Seat, s clientsdk.Signaller) (clientsdk.Line, string, error) {
	l, sdp, err := e.e.Offer(ctx, i, beside, s)
	if err != nil {
		return nil, "", err
	}
	return l, sdp, nil
}

func (e engine) Answer(ctx context.Context, i leg.Info, offer string, s clientsdk.Signaller) (clientsdk.Line, error) {
	l, err := e.e.Answer(ctx, i, offer, s)
	if err != nil {
		return nil, err
	}
	return l, nil
}

// ownKey is what the console's own tokens are signed with. It is made of the data directory's key, as all machines
// of one house share it.
func (r *rooms) ownKey() (sid.Key, []byte) {
	mac := hmac.New(sha256.New, r.secret)
	mac.Write([]byte("tokens of the console's phone"))
	sum := mac.Sum(nil)
	name := sha256.Sum256([]byte("kaden console " + string(r.account.SID)))
	return sid.Key("SK" + hex.EncodeToString(name[:16])), sum
}

// signedBy finds what a token is signed with.
func (r *rooms) signedBy(ctx context.Context, issuer string) (sid.Account, []byte, error) {
	if own, secret := r.ownKey(); issuer == string(own) {
		return r.account.SID, secret, nil
	}
	var owner sid.Account
	var secret string
	if id, err := sid.Parse[sid.Key](issuer); err == nil {
		k, err := r.store.Key(ctx, id)
		if err != nil {
			return "", nil, unknownIssuer(err)
		}
		owner, secret = k.Account, k.Secret
	} else if owner, err = sid.Parse[sid.Account](issuer); err != nil {
		return "", nil, clientsdk.ErrUnknownIssuer
	}
	a, err := r.store.Account(ctx, owner)
	switch {
	case err != nil:
		return "", nil, unknownIssuer(err)
	case !a.Active():
		return "", nil, clientsdk.ErrUnknownIssuer
	case secret == "":
		secret = a.AuthToken // a capability token
	}
	return owner, []byte(secret), nil
}

func unknownIssuer(err error) error {
	if errors.Is(err, account.ErrNotFound) {
		return clientsdk.ErrUnknownIssuer
	}
	return err
}

// fromBrowser takes a call that a page has made: the application that its token names answers it.
func (r *rooms) fromBrowser(ctx context.Context, v clientsdk.Visit) error {
	if v.Application == r.ownApplication() && v.Account == r.account.SID {
		visit, err := r.fromConsole(ctx, v)
		if err != nil {
			return err
		}
		return r.desk.Receive(v.Leg, visit)
	}
	a, err := r.catalog.Application(ctx, v.Account, v.Application)
	switch {
	case errors.Is(err, account.ErrNotFound):
		return &clientsdk.Error{Code: 31404, Message: "there is no application " + string(v.Application)}
	case err != nil:
		return err
	}
	p := call.Program{URL: a.Voice.URL, Method: a.Voice.Method, TwiML: a.Voice.TwiML, FallbackURL: a.Voice.FallbackURL, FallbackMethod: a.Voice.FallbackMethod}
	if p.URL == "" && p.TwiML == "" {
		return &clientsdk.Error{Code: 31404, Message: "the application has no voice URL: nothing answers"}
	}
	told := v.Params
	told.Set("ApplicationSid", string(v.Application))
	return r.desk.Receive(v.Leg, call.Visit{
		SID: v.Call, Account: v.Account, From: "client:" + v.Identity, To: told.Get("To"),
		Program: p, Callback: call.Callback{URL: a.Voice.StatusCallback, Method: a.Voice.StatusCallbackMethod},
		Told: told,
	})
}

// phoneToken is what the console's browser phone signs in with, as a person.
func (r *rooms) phoneToken(person string) (api.PhoneToken, error) {
	if r.browsers == nil {
		return api.PhoneToken{}, errors.New("this kaden has no browser phones: browsers.listen is off")
	}
	p, ok := r.house.Load().People[person]
	if !ok {
		return api.PhoneToken{}, fmt.Errorf("there is no person %q", person)
	}
	t := api.PhoneToken{Identity: p.ID, Expires: time.Now().Add(time.Hour).Truncate(time.Second)}
	for _, c := range p.Contacts {
		if c.Address.Scheme == number.Client {
			t.Identity, t.Listed = c.Address.Text, true
			break
		}
	}
	key, secret := r.ownKey()
	var err error
	t.Token, err = clientsdk.Mint(key, secret, clientsdk.Claims{
		Account: r.account.SID, Identity: t.Identity, Incoming: true, Application: r.ownApplication(), Expires: t.Expires,
	}, time.Now())
	return t, err
}

// phoneSounds are the sounds of the console's phone, so that nothing is fetched from elsewhere: 0.wav … 9.wav, s.wav, h.wav,
// ring.wav and none.wav.
func phoneSounds(log *slog.Logger) http.Handler {
	files := map[string][]byte{
		"ring": wav(media.RingTone(""), 3*time.Second),
		"none": wav(media.Silence(100*time.Millisecond), 100*time.Millisecond),
	}
	for name, key := range map[string]string{"s": "*", "h": "#"} {
		files[name] = keyTone(log, key)
	}
	for _, key := range "0123456789" {
		files[string(key)] = keyTone(log, string(key))
	}
	return http.HandlerFunc(func(w http.ResponseWriter, q *http.Request) {
		file, ok := files[strings.TrimSuffix(strings.TrimPrefix(q.URL.Path, phoneSoundPath), ".wav")]
		if !ok {
			http.NotFound(w, q)
			return
		}
		w.Header().Set("Content-Type", "audio/wav")
		w.Header().Set("Cache-Control", "public, max-age=86400")
		w.Write(file)
	})
}

const phoneSoundPath = "/phone/sounds/"

func keyTone(log *slog.Logger, key string) []byte {
	src, err := media.DigitTones(key)
	if err != nil {
		log.Error("no tone for a key", "key", key, "err", err)
		src = media.Silence(100 * time.Millisecond)
	}
	return wav(src, 100*time.Millisecond)
}

// wav is so much of a sound as a file.
func wav(src media.Source, d time.Duration) []byte {
	var all []int16
	var f media.Frame
	for range int(d / media.Period) {
		clear(f[:])
		more := src.Read(&f)
		all = append(all, f[:]...)
		if !more {
			break
		}
	}
	return media.AppendWAV(nil, all)
}
