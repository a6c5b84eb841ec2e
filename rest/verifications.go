package rest

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"errors"
	"fmt"
	"hash/crc32"
	"math/big"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/kaden-project/kaden/account"
	"github.com/kaden-project/kaden/call"
	"github.com/kaden-project/kaden/message"
	"github.com/kaden-project/kaden/number"
	"github.com/kaden-project/kaden/sid"
)

// Limits of a verification (Twilio: errors 60202 and 60203; Verify, "Rate limits and timeouts").
const (
	verifyLife   = 10 * time.Minute
	mostTellings = 5
	mostChecks   = 5
	// mostToNumber is how often one number is told codes within verifyLife, whatever is canceled or made anew in between.
	mostToNumber = 10
	// tellingGap is how soon a number is told again at the earliest, and how long a call may take until it is known.
	tellingGap = 3 * time.Second
)

// customCode is a code that an app may bring, and what may be given back.
var customCode = regexp.MustCompile(`^[0-9A-Za-z]{4,10}$`)

// verificationBody is Twilio's Verification resource.
type verificationBody struct {
	SID              sid.Verification   `json:"sid"`
	ServiceSID       sid.Service        `json:"service_sid"`
	AccountSID       sid.Account        `json:"account_sid"`
	To               number.Number      `json:"to"`
	Channel          string             `json:"channel"`
	Status           account.CodeStatus `json:"status"`
	Valid            bool               `json:"valid"`
	Lookup           map[string]any     `json:"lookup"`
	Amount           *string            `json:"amount"`
	Payee            *string            `json:"payee"`
	SendCodeAttempts []map[string]any   `json:"send_code_attempts"`
	DateCreated      *string            `json:"date_created"`
	DateUpdated      *string            `json:"date_updated"`
	SNA              *string            `json:"sna"`
	URL              string             `json:"url"`
}

// checkBody is Twilio's VerificationCheck resource.
type checkBody struct {
	SID         sid.Verification   `json:"sid"`
	ServiceSID  sid.Service        `json:"service_sid"`
	AccountSID  sid.Account        `json:"account_sid"`
	To          number.Number      `json:"to"`
	Channel     string             `json:"channel"`
	Status      account.CodeStatus `json:"status"`
	Valid       bool               `json:"valid"`
	Amount      *string            `json:"amount"`
	Payee       *string            `json:"payee"`
	DateCreated *string            `json:"date_created"`
	DateUpdated *string            `json:"date_updated"`
	SNAErrors   []any              `json:"sna_attempts_error_codes"`
}

// lastChannel is how a code was told last.
func lastChannel(c account.Code) string {
	if len(c.Tellings) == 0 {
		return ""
	}
	return c.Tellings[len(c.Tellings)-1].Channel
}

func (s *server) verificationJSON(r *request, c account.Code) verificationBody {
	b := verificationBody{
		SID: c.SID, ServiceSID: c.Service, AccountSID: c.Account, To: c.To, Channel: lastChannel(c), Status: c.Status, Valid: c.Status == account.CodeApproved,
		Lookup: map[string]any{}, SendCodeAttempts: []map[string]any{}, DateCreated: iso(c.Created), DateUpdated: iso(c.Updated),
		URL: s.verifyOrigin(r) + "/Services/" + string(c.Service) + "/Verifications/" + string(c.SID),
	}
	for _, t := range c.Tellings {
		b.SendCodeAttempts = append(b.SendCodeAttempts, map[string]any{"attempt_sid": t.SID, "channel": t.Channel, "time": iso(t.At)})
	}
	return b
}

func checkJSON(c account.Code) checkBody {
	return checkBody{
		SID: c.SID, ServiceSID: c.Service, AccountSID: c.Account, To: c.To, Channel: lastChannel(c), Status: c.Status, Valid: c.Status == account.CodeApproved,
		DateCreated: iso(c.Created), DateUpdated: iso(c.Updated), SNAErrors: []any{},
	}
}

// telling is what is asked for when a code is to be told.
type telling struct {
	to      number.Address
	channel string // call or sms
	name    string // whose code it is
	speech  codePhrases
	digits  string // pressed after the answer
	own     string // the app's own code, "" for one of ours
}

// readTelling reads the parameters of a verification. Those without a meaning here are passed over:
// docs/divergences.md names them.
func (f *fields) readTelling(v account.VerifyService) telling {
	t := telling{name: v.Name, channel: strings.ToLower(f.text("Channel")), digits: f.text("SendDigits"), own: f.text("CustomCode")}
	if name := f.spoken("CustomFriendlyName"); name != "" {
		t.name = name
	}
	t.to = f.verifyTo()
	switch {
	case t.channel == "call", t.channel == "sms":
	case slices.Contains([]string{"email", "whatsapp", "sna", "auto", "rbm"}, t.channel):
		f.refuse(60223, "Delivery channel %s is disabled: codes are told by call, or by sms where an upstream, a trunk or an SMSC carries messages", t.channel)
	default:
		f.wrong("Channel", "%q is neither call nor sms", clip(t.channel))
	}
	switch {
	case t.own == "":
	case !v.OwnCodes:
		f.unsupported("CustomCode", "it is switched on by CustomCodeEnabled of the service")
	case !customCode.MatchString(t.own):
		f.wrong("CustomCode", "it is not 4 to 10 letters and digits")
	}
	if t.digits != "" && !digits.MatchString(t.digits) {
		f.wrong("SendDigits", "%q is not 1 to 32 of 0-9 A-D # * w W", clip(t.digits))
	}
	if f.text("CustomMessage") != "" {
		f.refuse(60243, "Custom messages are not supported: CustomCode and CustomFriendlyName are")
	}
	if f.text("TemplateSid") != "" {
		f.unsupported("TemplateSid", "there are no templates here")
	}
	t.speech = f.locale(t.to.Number)
	return t
}

// verifyTo reads whose telephone it is. Numbers that are never dialled are no numbers.
func (f *fields) verifyTo() number.Address {
	s := f.address("To")
	to, err := f.parse(s)
	switch {
	case s == "":
		f.wrong("To", "it is required: a number in E.164 form")
	case err != nil:
		f.wrong("To", "%v", err)
	case to.Scheme != number.Tel:
		f.wrong("To", "%s is not a telephone number", clip(s))
	default:
		if ok, why := to.Number.Class().Dialable(); !ok {
			f.wrong("To", "%s", why)
		}
	}
	return to
}

// mayTell says why a number is told no codes, with the Verify API's own codes: 60605 is a permission, 60410 a guard
// against fraud.
func (s *server) mayTell(r *request, t telling) error {
	if t.channel == "sms" {
		return s.mayWrite(t)
	}
	err := s.mayCall(r, t.to)
	no, ok := errors.AsType[*refusal](err)
	switch {
	case !ok:
		return err
	case no.code == 21202:
		return refused(http.StatusForbidden, 60410, "Verification delivery attempt blocked: %s", no.message)
	default:
		return refused(http.StatusForbidden, 60605, "Verification delivery attempt blocked: %s", no.message)
	}
}

func (s *server) mayWrite(t telling) error {
	class := t.to.Number.Class()
	switch {
	case s.cfg.Messages == nil || s.cfg.Sender == nil || s.cfg.Sender(t.to.Number) == "":
		return invalid(60223, "Delivery channel sms is disabled: nothing here carries messages to this number; Channel=call is there")
	case class != number.Mobile && class != number.Abroad:
		return refused(http.StatusForbidden, 60205, "SMS is not supported by landline phone number: %s get no short messages; Channel=call is there", class.Words())
	}
	return nil
}

// retries is how often something is decided anew because somebody else changed the same code meanwhile.
const retries = 20

// anew decides until nobody else comes first.
func anew(decide func() error) (err error) {
	for range retries {
		if err = decide(); !errors.Is(err, account.ErrChanged) {
			return err
		}
	}
	return tooMany()
}

func tooMany() error {
	return refused(http.StatusTooManyRequests, 60212, "Too many concurrent requests for phone number")
}

// createVerification tells somebody a code: POST /v2/Services/VA…/Verifications. One that is pending is told again.
func (s *server) createVerification(r *request) (answer, error) {
	v, err := s.verifyService(r)
	if err != nil {
		return answer{}, err
	}
	f := s.fields(r.form)
	t := f.readTelling(v)
	if f.err != nil {
		return answer{}, f.err
	}
	if s.cfg.Teller == nil {
		return answer{}, notFound(r.URL.Path)
	}
	if err := s.mayTell(r, t); err != nil {
		return answer{}, err
	}
	var c account.Code
	mine := s.numbered.of(t.to.Number)
	mine.Lock()
	err = anew(func() (err error) {
		c, err = s.prepare(r.Context(), v, t, time.Now())
		return err
	})
	mine.Unlock()
	if err != nil {
		return answer{}, err
	}
	// It is kept that the code is told before it is, so that a lost answer rings nobody twice.
	if err := s.tell(r.Context(), v, t, c); err != nil {
		return answer{}, err
	}
	return answer{status: http.StatusCreated, body: s.verificationJSON(r, c)}, nil
}

// turns are for what is done for one number at a time, whoever asks for it: of two services at once one tells it a code.
type turns [32]sync.Mutex

func (t *turns) of(n number.Number) *sync.Mutex {
	return &t[crc32.ChecksumIEEE([]byte(n))%uint32(len(t))]
}

// prepare keeps the code that is to be told, with this telling.
func (s *server) prepare(ctx context.Context, v account.VerifyService, t telling, now time.Time) (account.Code, error) {
	c, err := s.open(ctx, v.SID, t.to.Number, now)
	// Asked after the code was read: whoever comes between is seen here, and whoever comes later is in PutCode's way.
	if err := s.calm(ctx, v.Account, t.to.Number, now); err != nil {
		return account.Code{}, err
	}
	switch {
	case errors.Is(err, account.ErrNotFound):
		c = account.Code{SID: sid.New[sid.Verification](), Service: v.SID, Account: v.Account, To: t.to.Number, Status: account.CodePending, Created: now}
		if c.Code, err = newCode(v.CodeLength); err != nil {
			return c, err
		}
	case err != nil:
		return c, err
	case c.Status == account.CodeUsedUp:
		return c, usedUp()
	case len(c.Tellings) >= mostTellings:
		return c, refused(http.StatusTooManyRequests, 60203, "Max send attempts reached: %d; it begins anew ten minutes after the first", mostTellings)
	}
	if t.own != "" {
		c.Code = t.own
	}
	told := account.Telling{SID: sid.New[sid.Attempt](), Channel: t.channel, At: now}
	if t.channel == "call" {
		told.Call = sid.New[sid.Call]()
	}
	c.Tellings, c.Updated = append(slices.Clone(c.Tellings), told), now
	if err := s.cfg.Verify.PutCode(ctx, c); err != nil {
		return c, err
	}
	c.Version++
	return c, nil
}

// calm tells that a number may be told a code now: no telephone rings twice for it, and nobody's rings all day.
func (s *server) calm(ctx context.Context, owner sid.Account, to number.Number, now time.Time) error {
	list, err := s.cfg.Verify.CodesTo(ctx, owner, to, now.Add(-verifyLife))
	if err != nil {
		return err
	}
	n := 0
	for _, c := range list {
		for _, t := range c.Tellings {
			if now.Sub(t.At) >= verifyLife {
				continue
			}
			n++
			busy := now.Sub(t.At) < tellingGap
			if !busy && t.Call != "" {
				record, err := s.cfg.Calls.Call(ctx, c.Account, t.Call)
				if err != nil && !errors.Is(err, call.ErrNotFound) {
					return err
				}
				busy = err == nil && !record.Status.Over()
			}
			if busy {
				return refused(http.StatusTooManyRequests, 60212, "Too many concurrent requests for phone number: it is being told a code at this moment")
			}
		}
	}
	if n >= mostToNumber {
		return refused(http.StatusTooManyRequests, 60212, "Too many concurrent requests for phone number: it was told %d codes within ten minutes", n)
	}
	return nil
}

// open finds the open code of a service and number, unless it has expired.
func (s *server) open(ctx context.Context, service sid.Service, to number.Number, now time.Time) (account.Code, error) {
	c, err := s.cfg.Verify.OpenCode(ctx, service, to)
	if err == nil {
		err = s.alive(ctx, c, now)
	}
	return c, err
}

// alive is account.ErrNotFound for a code that can be given back no more. One whose time has just passed is marked so.
func (s *server) alive(ctx context.Context, c account.Code, now time.Time) error {
	switch {
	case !c.Open():
		return account.ErrNotFound
	case now.Sub(c.Created) < verifyLife:
		return nil
	}
	c.Status, c.Updated = account.CodeExpired, now
	if err := s.cfg.Verify.PutCode(ctx, c); err != nil {
		return err
	}
	return account.ErrNotFound
}

func newCode(length int) (string, error) {
	n, err := rand.Int(rand.Reader, new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(length)), nil))
	if err != nil {
		return "", err
	}
	return fmt.Sprintf("%0*d", length, n), nil
}

// tell calls or writes.
func (s *server) tell(ctx context.Context, v account.VerifyService, t telling, c account.Code) error {
	last := c.Tellings[len(c.Tellings)-1]
	if t.channel == "call" {
		return s.cfg.Teller.call(ctx, c.Account, last.Call, t, c.Code, v.KeyFirst)
	}
	body := fmt.Sprintf(t.speech.written, t.name, c.Code)
	if v.Warning {
		body += " " + t.speech.warning
	}
	_, err := s.cfg.Messages.Send(ctx, message.Order{Account: c.Account, From: s.cfg.Sender(c.To), To: string(c.To), Body: body})
	no, refusal := errors.AsType[*message.Refusal](err)
	switch {
	case errors.Is(err, message.ErrNoCarrier):
		return invalid(60223, "Delivery channel sms is disabled: %v", err)
	case refusal:
		return refused(http.StatusForbidden, 60605, "Verification delivery attempt blocked: %s", no.Text)
	case errors.Is(err, message.ErrShutdown):
		return refused(http.StatusServiceUnavailable, 20503, "Service unavailable: %v", err)
	}
	return err
}

// verification finds the open code that is named in the path.
func (s *server) verification(r *request, now time.Time) (account.Code, error) {
	v, err := s.verifyService(r)
	if err != nil {
		return account.Code{}, err
	}
	id, err := sid.Parse[sid.Verification](r.id)
	if err != nil {
		return account.Code{}, notFound(r.URL.Path)
	}
	c, err := s.cfg.Verify.Code(r.Context(), v.SID, id)
	if err == nil {
		err = s.alive(r.Context(), c, now)
	}
	return c, err
}

// fetchVerification shows a verification: GET /v2/Services/VA…/Verifications/VE…. One that is approved, canceled or
// expired is not there any more.
func (s *server) fetchVerification(r *request) (answer, error) {
	var c account.Code
	err := anew(func() (err error) {
		c, err = s.verification(r, time.Now())
		return err
	})
	return answer{status: http.StatusOK, body: s.verificationJSON(r, c)}, err
}

// updateVerification approves or cancels a verification: POST /v2/Services/VA…/Verifications/VE….
func (s *server) updateVerification(r *request) (answer, error) {
	var c account.Code
	err := anew(func() (err error) {
		now := time.Now()
		if c, err = s.verification(r, now); err != nil {
			return err
		}
		switch status := account.CodeStatus(r.form.Get("Status")); status {
		case account.CodeApproved, account.CodeCanceled:
			c.Status, c.Updated = status, now
		default:
			return invalid(60200, "Invalid parameter: Status (a verification can be made %s or %s)", account.CodeCanceled, account.CodeApproved)
		}
		return s.cfg.Verify.PutCode(r.Context(), c)
	})
	if err != nil {
		return answer{}, err
	}
	s.hush(r.Context(), c)
	return answer{status: http.StatusOK, body: s.verificationJSON(r, c)}, nil
}

// hush lets no telephone ring on for a code that is not needed any more.
func (s *server) hush(ctx context.Context, c account.Code) {
	for _, t := range c.Tellings {
		if t.Call == "" {
			continue
		}
		if _, err := s.cfg.Desk.Cancel(ctx, t.Call); err != nil && !errors.Is(err, ErrNotLive) {
			s.log.Warn("a telephone rings on for a code that is not needed any more", "call", t.Call, "err", err)
		}
	}
}

func usedUp() error {
	return refused(http.StatusTooManyRequests, 60202, "Max check attempts reached: %d; it begins anew ten minutes after the code was made", mostChecks)
}

// checkVerification compares a code with what somebody gave back: POST /v2/Services/VA…/VerificationCheck.
func (s *server) checkVerification(r *request) (answer, error) {
	v, err := s.verifyService(r)
	if err != nil {
		return answer{}, err
	}
	f := s.fields(r.form)
	given := f.text("Code")
	if !customCode.MatchString(given) {
		f.wrong("Code", "it is not 4 to 10 letters and digits")
	}
	find := s.findCheck(r.Context(), f, v)
	if f.err != nil {
		return answer{}, f.err
	}
	var c account.Code
	err = anew(func() (err error) {
		now := time.Now()
		if c, err = find(now); err != nil {
			return err
		}
		if c.Status == account.CodeUsedUp {
			return usedUp()
		}
		c.Checks, c.Updated = c.Checks+1, now
		kept := c
		switch {
		case subtle.ConstantTimeCompare([]byte(given), []byte(c.Code)) == 1:
			c.Status, kept.Status = account.CodeApproved, account.CodeApproved
		case c.Checks >= mostChecks:
			kept.Status = account.CodeUsedUp // the next one is told so
		}
		return s.cfg.Verify.PutCode(r.Context(), kept)
	})
	if err != nil {
		return answer{}, err
	}
	if c.Status == account.CodeApproved {
		s.hush(r.Context(), c)
	}
	return answer{status: http.StatusOK, body: checkJSON(c)}, nil
}

// findCheck reads which verification is meant, and gives who finds it.
func (s *server) findCheck(ctx context.Context, f *fields, v account.VerifyService) func(now time.Time) (account.Code, error) {
	if id := f.text("VerificationSid"); id != "" {
		code, err := sid.Parse[sid.Verification](id)
		if err != nil {
			f.wrong("VerificationSid", "%v", err)
		}
		return func(now time.Time) (account.Code, error) {
			c, err := s.cfg.Verify.Code(ctx, v.SID, code)
			if err == nil {
				err = s.alive(ctx, c, now)
			}
			return c, err
		}
	}
	to := f.verifyTo().Number
	return func(now time.Time) (account.Code, error) { return s.open(ctx, v.SID, to, now) }
}
