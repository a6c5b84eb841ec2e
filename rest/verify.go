package rest

import (
	"net/http"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/kaden-project/kaden/account"
	"github.com/kaden-project/kaden/sid"
)

// verifyRoutes are Twilio's Verify API as far as it is here: codes that are told by a call, or written.
var verifyRoutes = routes{
	"Services":                   {http.MethodGet: (*server).listVerifyServices, http.MethodPost: (*server).createVerifyService},
	"Services/*":                 {http.MethodGet: (*server).fetchVerifyService, http.MethodPost: (*server).updateVerifyService, http.MethodDelete: (*server).deleteVerifyService},
	"Services/*/Verifications":   {http.MethodPost: (*server).createVerification},
	"Services/*/Verifications/*": {http.MethodGet: (*server).fetchVerification, http.MethodPost: (*server).updateVerification},
	"Services/*/VerificationCheck": {
		http.MethodPost: (*server).checkVerification,
	},
}

// Limits of a service.
const (
	usualCode, shortestCode, longestCode = 6, 4, 10
	longestService                       = 30 // characters of its name; error 60200 says so
)

// serviceBody is Twilio's Verify Service resource.
type serviceBody struct {
	SID                            sid.Service       `json:"sid"`
	AccountSID                     sid.Account       `json:"account_sid"`
	FriendlyName                   string            `json:"friendly_name"`
	CodeLength                     int               `json:"code_length"`
	LookupEnabled                  bool              `json:"lookup_enabled"`
	PSD2Enabled                    bool              `json:"psd2_enabled"`
	SkipSMSToLandlines             bool              `json:"skip_sms_to_landlines"`
	DTMFInputRequired              bool              `json:"dtmf_input_required"`
	TTSName                        *string           `json:"tts_name"`
	DoNotShareWarningEnabled       bool              `json:"do_not_share_warning_enabled"`
	CustomCodeEnabled              bool              `json:"custom_code_enabled"`
	Push                           map[string]any    `json:"push"`
	TOTP                           map[string]any    `json:"totp"`
	DefaultTemplateSID             *string           `json:"default_template_sid"`
	WhatsApp                       map[string]any    `json:"whatsapp"`
	Passkeys                       map[string]any    `json:"passkeys"`
	VerifyEventSubscriptionEnabled bool              `json:"verify_event_subscription_enabled"`
	DateCreated                    *string           `json:"date_created"`
	DateUpdated                    *string           `json:"date_updated"`
	URL                            string            `json:"url"`
	Links                          map[string]string `json:"links"`
}

// serviceParts are the resources below a service, by their key in links.
var serviceParts = map[string]string{
	"verification_checks": "VerificationCheck", "verifications": "Verifications", "rate_limits": "RateLimits", "messaging_configurations": "MessagingConfigurations",
	"entities": "Entities", "webhooks": "Webhooks", "access_tokens": "AccessTokens",
}

// iso is a time as the Verify API writes it; null for the zero time.
func iso(t time.Time) *string {
	if t.IsZero() {
		return nil
	}
	return new(t.UTC().Format("2006-01-02T15:04:05Z"))
}

// verifyOrigin is where whoever asks finds the Verify API. Programs with verify.twilio.com built in go on with that name.
func (s *server) verifyOrigin(r *request) string {
	if strings.HasSuffix(r.Host, ".twilio.com") {
		return "https://" + r.Host + "/v2"
	}
	return s.origin(r) + "/v2"
}

func (s *server) serviceJSON(r *request) func(account.VerifyService) serviceBody {
	return func(v account.VerifyService) serviceBody {
		b := serviceBody{
			SID: v.SID, AccountSID: v.Account, FriendlyName: v.Name, CodeLength: v.CodeLength, LookupEnabled: v.Lookup, SkipSMSToLandlines: v.SkipLandlines,
			DTMFInputRequired: v.KeyFirst, TTSName: orNull(v.TTSName), DoNotShareWarningEnabled: v.Warning, CustomCodeEnabled: v.OwnCodes,
			Push: map[string]any{"include_date": false, "apn_credential_sid": nil, "fcm_credential_sid": nil},
			TOTP: map[string]any{"issuer": nil, "time_step": nil, "code_length": nil, "skew": nil}, WhatsApp: map[string]any{"msg_service_sid": nil, "from": nil},
			Passkeys: map[string]any{
				"relying_party":            map[string]any{"id": nil, "name": nil, "origins": nil},
				"authenticator_attachment": nil, "discoverable_credentials": nil, "user_verification": nil,
			},
			DateCreated: iso(v.Created), DateUpdated: iso(v.Updated), URL: s.verifyOrigin(r) + "/Services/" + string(v.SID), Links: map[string]string{},
		}
		for key, name := range serviceParts {
			b.Links[key] = b.URL + "/" + name
		}
		return b
	}
}

// wrong refuses a parameter as the Verify API does.
func (f *fields) wrong(name, format string, args ...any) {
	f.refuse(60200, "Invalid parameter: "+name+" ("+format+")", args...)
}

// told reads true or false; otherwise if it is not given.
func (f *fields) told(name string, otherwise bool) bool {
	switch s := strings.ToLower(f.text(name)); s {
	case "":
		return otherwise
	case "true", "false":
		return s == "true"
	default:
		f.wrong(name, "%q is neither true nor false", clip(s))
		return otherwise
	}
}

// spoken reads a name that is heard or read by whoever is told a code.
func (f *fields) spoken(name string) string {
	s := f.text(name)
	if n := utf8.RuneCountInString(s); n > longestService {
		f.wrong(name, "it has %d characters, %d are allowed", n, longestService)
	}
	return s
}

// readService reads what is said about a service into v; what is not given stays as it is.
func (f *fields) readService(v *account.VerifyService) error {
	if f.Has("FriendlyName") {
		v.Name = f.spoken("FriendlyName")
	}
	if v.Name == "" {
		f.wrong("FriendlyName", "it is required: whose code is it?")
	}
	if s := f.text("CodeLength"); s != "" {
		n, err := strconv.Atoi(s)
		if err != nil || n < shortestCode || n > longestCode {
			f.wrong("CodeLength", "%q is not a number from %d to %d", clip(s), shortestCode, longestCode)
		}
		v.CodeLength = n
	}
	v.KeyFirst, v.OwnCodes = f.told("DtmfInputRequired", v.KeyFirst), f.told("CustomCodeEnabled", v.OwnCodes)
	v.Warning, v.Lookup = f.told("DoNotShareWarningEnabled", v.Warning), f.told("LookupEnabled", v.Lookup)
	v.SkipLandlines = f.told("SkipSmsToLandlines", v.SkipLandlines)
	if f.Has("TtsName") {
		v.TTSName = clip(f.text("TtsName"))
	}
	if f.told("Psd2Enabled", false) {
		f.unsupported("Psd2Enabled", "there are no payments here")
	}
	if f.text("DefaultTemplateSid") != "" {
		f.unsupported("DefaultTemplateSid", "there are no templates here")
	}
	return f.err
}

// unsupported refuses what a service cannot do here.
func (f *fields) unsupported(name, why string) {
	if f.err == nil {
		f.err = refused(http.StatusForbidden, 60204, "Service does not support this feature: %s (%s)", name, why)
	}
}

// verifyService finds the service that is named first in the path.
func (s *server) verifyService(r *request) (account.VerifyService, error) {
	id, err := sid.Parse[sid.Service](r.ids[0])
	if err != nil || s.cfg.Verify == nil {
		return account.VerifyService{}, notFound(r.URL.Path)
	}
	return s.cfg.Verify.VerifyService(r.Context(), r.account.SID, id)
}

// createVerifyService makes a service: POST /v2/Services.
func (s *server) createVerifyService(r *request) (answer, error) {
	if s.cfg.Verify == nil {
		return answer{}, notFound(r.URL.Path)
	}
	now := time.Now()
	v := account.VerifyService{SID: sid.New[sid.Service](), Account: r.account.SID, Created: now, Updated: now}
	v.CodeLength = usualCode
	return s.keepVerifyService(r, http.StatusCreated, v)
}

// keepVerifyService keeps a service with what the form says about it.
func (s *server) keepVerifyService(r *request, status int, v account.VerifyService) (answer, error) {
	if err := s.fields(r.form).readService(&v); err != nil {
		return answer{}, err
	}
	err := s.cfg.Verify.PutVerifyService(r.Context(), v)
	return answer{status: status, body: s.serviceJSON(r)(v)}, err
}

// fetchVerifyService shows a service: GET /v2/Services/VA….
func (s *server) fetchVerifyService(r *request) (answer, error) {
	v, err := s.verifyService(r)
	return answer{status: http.StatusOK, body: s.serviceJSON(r)(v)}, err
}

// updateVerifyService changes a service: POST /v2/Services/VA…. Codes that are under way stay as they are.
func (s *server) updateVerifyService(r *request) (answer, error) {
	v, err := s.verifyService(r)
	if err != nil {
		return answer{}, err
	}
	v.Updated = time.Now()
	return s.keepVerifyService(r, http.StatusOK, v)
}

// deleteVerifyService forgets a service, and nobody can give back its codes any more: DELETE /v2/Services/VA….
func (s *server) deleteVerifyService(r *request) (answer, error) {
	v, err := s.verifyService(r)
	if err == nil {
		err = s.cfg.Verify.DeleteVerifyService(r.Context(), r.account.SID, v.SID)
	}
	return answer{status: http.StatusNoContent}, err
}

// listVerifyServices lists services, newest first: GET /v2/Services.
func (s *server) listVerifyServices(r *request) (answer, error) {
	if s.cfg.Verify == nil {
		return answer{}, notFound(r.URL.Path)
	}
	l, err := s.fields(r.query).readList()
	if err != nil {
		return answer{}, err
	}
	list, next, err := s.cfg.Verify.VerifyServices(r.Context(), r.account.SID, l.asked())
	if err != nil {
		return answer{}, err
	}
	a := listed(l, r, s.verifyOrigin(r)+"/Services", "services", nil, next, list, s.serviceJSON(r))
	a.body = newer(a.body.(map[string]any), "services")
	return a, nil
}

// newer is a list as Twilio's newer APIs send it: what is said about the page stands apart, with whole URLs.
func newer(old map[string]any, key string) map[string]any {
	return map[string]any{key: old[key], "meta": map[string]any{
		"key": key, "page": old["page"], "page_size": old["page_size"], "url": old["uri"], "first_page_url": old["first_page_uri"],
		"next_page_url": old["next_page_uri"], "previous_page_url": old["previous_page_uri"],
	}}
}
