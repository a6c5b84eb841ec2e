package rest

import (
	"cmp"
	"errors"
	"net/http"
	"time"

	"github.com/kaden-project/kaden/account"
	"github.com/kaden-project/kaden/call"
	"github.com/kaden-project/kaden/sid"
)

// applicationRoutes are the TwiML Apps of an account.
var applicationRoutes = routes{
	"Applications":   {http.MethodGet: (*server).listApplications, http.MethodPost: (*server).createApplication},
	"Applications/*": {http.MethodGet: (*server).fetchApplication, http.MethodPost: (*server).updateApplication, http.MethodDelete: (*server).deleteApplication},
}

// voiceBody are the settings that applications and numbers have in common. What is not set is null.
type voiceBody struct {
	SMSFallbackMethod    string  `json:"sms_fallback_method"`
	SMSFallbackURL       *string `json:"sms_fallback_url"`
	SMSMethod            string  `json:"sms_method"`
	SMSURL               *string `json:"sms_url"`
	StatusCallback       *string `json:"status_callback"`
	StatusCallbackMethod string  `json:"status_callback_method"`
	VoiceCallerLookup    bool    `json:"voice_caller_id_lookup"`
	VoiceFallbackMethod  string  `json:"voice_fallback_method"`
	VoiceFallbackURL     *string `json:"voice_fallback_url"`
	VoiceMethod          string  `json:"voice_method"`
	VoiceURL             *string `json:"voice_url"`
}

func voiceJSON(v account.Voice, t account.Texts, lookup bool) voiceBody {
	method := func(m string) string { return cmp.Or(m, http.MethodPost) }
	return voiceBody{
		SMSFallbackMethod: method(t.FallbackMethod), SMSFallbackURL: orNull(t.FallbackURL), SMSMethod: method(t.Method), SMSURL: orNull(t.URL),
		StatusCallback: orNull(v.StatusCallback), StatusCallbackMethod: method(v.StatusCallbackMethod), VoiceCallerLookup: lookup,
		VoiceFallbackMethod: method(v.FallbackMethod), VoiceFallbackURL: orNull(v.FallbackURL), VoiceMethod: method(v.Method), VoiceURL: orNull(v.URL),
	}
}

// readVoice changes what is given; an empty value takes a setting away.
func (f *fields) readVoice(v *account.Voice, t *account.Texts) {
	for _, at := range []struct {
		name string
		url  *string
	}{
		{"VoiceUrl", &v.URL}, {"VoiceFallbackUrl", &v.FallbackURL}, {"StatusCallback", &v.StatusCallback},
		{"SmsUrl", &t.URL}, {"SmsFallbackUrl", &t.FallbackURL}, {"SmsStatusCallback", &t.StatusCallback}, {"MessageStatusCallback", &t.StatusCallback},
	} {
		if !f.Has(at.name) {
			continue
		}
		if *at.url = f.link(at.name, 21402); at.url == &v.URL {
			v.TwiML, v.Bin = "", "" // it answers now, or nothing does
		}
	}
	for _, how := range []struct {
		name   string
		method *string
	}{
		{"VoiceMethod", &v.Method}, {"VoiceFallbackMethod", &v.FallbackMethod}, {"StatusCallbackMethod", &v.StatusCallbackMethod},
		{"SmsMethod", &t.Method}, {"SmsFallbackMethod", &t.FallbackMethod},
	} {
		if f.Has(how.name) {
			*how.method = f.methodAs(how.name, 21403)
		}
	}
}

// applicationBody is Twilio's Application resource.
type applicationBody struct {
	voiceBody
	AccountSID            sid.Account     `json:"account_sid"`
	APIVersion            string          `json:"api_version"`
	DateCreated           *string         `json:"date_created"`
	DateUpdated           *string         `json:"date_updated"`
	FriendlyName          string          `json:"friendly_name"`
	MessageStatusCallback *string         `json:"message_status_callback"`
	Public                bool            `json:"public_application_connect_enabled"`
	SID                   sid.Application `json:"sid"`
	SMSStatusCallback     *string         `json:"sms_status_callback"`
	URI                   string          `json:"uri"`
}

func applicationJSON(a account.Application) applicationBody {
	return applicationBody{
		voiceBody: voiceJSON(a.Voice, a.Texts, a.CallerLookup), AccountSID: a.Account, APIVersion: apiVersion,
		DateCreated: date(a.Created), DateUpdated: date(a.Updated), FriendlyName: a.Name, Public: a.Public, SID: a.SID,
		MessageStatusCallback: orNull(a.Texts.StatusCallback), SMSStatusCallback: orNull(a.Texts.StatusCallback),
		URI: accountPath(a.Account) + "/Applications/" + string(a.SID) + ".json",
	}
}

// readApplication changes what is given.
func (f *fields) readApplication(a *account.Application) error {
	if f.Has("FriendlyName") {
		a.Name = f.name("FriendlyName")
	}
	f.readVoice(&a.Voice, &a.Texts)
	if f.Has("VoiceCallerIdLookup") {
		a.CallerLookup = f.yes("VoiceCallerIdLookup")
	}
	if f.Has("PublicApplicationConnectEnabled") {
		a.Public = f.yes("PublicApplicationConnectEnabled")
	}
	return f.err
}

// createApplication makes an application: POST /Applications.
func (s *server) createApplication(r *request) (answer, error) {
	if s.cfg.Applications == nil {
		return answer{}, notFound(r.URL.Path)
	}
	now := time.Now()
	a := account.Application{SID: sid.New[sid.Application](), Account: r.account.SID, Created: now, Updated: now}
	if err := s.fields(r.form).readApplication(&a); err != nil {
		return answer{}, err
	}
	if err := s.cfg.Applications.PutApplication(r.Context(), a); err != nil {
		return answer{}, err
	}
	return answer{status: http.StatusCreated, body: applicationJSON(a)}, nil
}

// application finds the application that is named in the path.
func (s *server) application(r *request) (account.Application, error) {
	id, err := sid.Parse[sid.Application](r.id)
	if err != nil || s.cfg.Applications == nil {
		return account.Application{}, notFound(r.URL.Path)
	}
	return s.cfg.Applications.Application(r.Context(), r.account.SID, id)
}

// fetchApplication shows an application: GET /Applications/AP….
func (s *server) fetchApplication(r *request) (answer, error) {
	a, err := s.application(r)
	return answer{status: http.StatusOK, body: applicationJSON(a)}, err
}

// updateApplication changes an application: POST /Applications/AP….
func (s *server) updateApplication(r *request) (answer, error) {
	a, err := s.application(r)
	if err != nil {
		return answer{}, err
	}
	if err := s.fields(r.form).readApplication(&a); err != nil {
		return answer{}, err
	}
	a.Updated = time.Now()
	if err := s.cfg.Applications.PutApplication(r.Context(), a); err != nil {
		return answer{}, err
	}
	return answer{status: http.StatusOK, body: applicationJSON(a)}, nil
}

// deleteApplication forgets an application: DELETE /Applications/AP….
func (s *server) deleteApplication(r *request) (answer, error) {
	a, err := s.application(r)
	if err != nil {
		return answer{}, err
	}
	if err := s.cfg.Applications.DeleteApplication(r.Context(), r.account.SID, a.SID); err != nil {
		return answer{}, err
	}
	return answer{status: http.StatusNoContent}, nil
}

// listApplications lists applications, newest first: GET /Applications.
func (s *server) listApplications(r *request) (answer, error) {
	if s.cfg.Applications == nil {
		return answer{}, notFound(r.URL.Path)
	}
	f := s.fields(r.query)
	l, err := f.readList()
	if err != nil {
		return answer{}, err
	}
	list, next, err := s.cfg.Applications.Applications(r.Context(), r.account.SID, f.text("FriendlyName"), l.asked())
	if err != nil {
		return answer{}, err
	}
	return listed(l, r, accountPath(r.account.SID)+"/Applications.json", "applications", []string{"FriendlyName"}, next, list, applicationJSON), nil
}

// appointed lets an application say what the call does and who is told of it: its settings take the place of all
// that was given beside it, as the Calls page has it.
func (s *server) appointed(r *request, o *call.Order) error {
	name := s.fields(r.form).text("ApplicationSid")
	if name == "" {
		return nil
	}
	unknown := invalid(21218, "ApplicationSid is not valid: %q is not an application of this account", clip(name))
	id, err := sid.Parse[sid.Application](name)
	if err != nil || s.cfg.Applications == nil {
		return unknown
	}
	a, err := s.cfg.Applications.Application(r.Context(), r.account.SID, id)
	if errors.Is(err, account.ErrNotFound) {
		return unknown
	}
	if err != nil {
		return err
	}
	v := a.Voice
	if v.URL == "" && v.TwiML == "" {
		return invalid(21218, "Application %s has no VoiceUrl: nothing says what the call is to do", a.SID)
	}
	o.Program = call.Program{URL: v.URL, Method: v.Method, FallbackURL: v.FallbackURL, FallbackMethod: v.FallbackMethod}
	if v.URL == "" {
		o.Program.TwiML = v.TwiML
	}
	o.Callback = call.Callback{URL: v.StatusCallback, Method: v.StatusCallbackMethod}
	return nil
}
