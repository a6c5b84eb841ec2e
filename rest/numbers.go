package rest

import (
	"errors"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/kaden-project/kaden/account"
	"github.com/kaden-project/kaden/number"
	"github.com/kaden-project/kaden/sid"
)

// numberRoutes are the account's own numbers, those that nobody has, and numbers by their kind.
var numberRoutes = func() routes {
	r := routes{
		"IncomingPhoneNumbers": incoming(""),
		"IncomingPhoneNumbers/*": {
			http.MethodGet: (*server).fetchNumber, http.MethodPost: (*server).updateNumber, http.MethodDelete: (*server).releaseNumber,
		},
		"AvailablePhoneNumbers":   {http.MethodGet: (*server).listCountries},
		"AvailablePhoneNumbers/*": {http.MethodGet: (*server).fetchCountry},
	}
	for kind := range kinds {
		r["AvailablePhoneNumbers/*/"+kind] = methods{http.MethodGet: func(s *server, r *request) (answer, error) { return s.listAvailable(r, kind) }}
	}
	for _, kind := range []string{"Local", "Mobile", "TollFree"} {
		r["IncomingPhoneNumbers/"+kind] = incoming(kind)
	}
	return r
}()

// kinds are Twilio's kinds of numbers, as they are in paths, and the classes that they are here. Japan's 050 is
// National there.
var kinds = map[string][]number.Class{
	"Local": {number.Fixed, number.Abroad}, "Mobile": {number.Mobile}, "National": {number.IPPhone}, "Voip": {number.IPPhone},
	"TollFree": {number.TollFree}, "SharedCost": {number.Shared}, "MachineToMachine": {number.Pager},
}

// kindNames are the kinds in the order in which one is looked for, with the words of type and subresource_uris.
var kindNames = []struct{ kind, word string }{
	{"Local", "local"}, {"Mobile", "mobile"}, {"National", "national"}, {"Voip", "voip"}, {"TollFree", "toll_free"}, {"SharedCost", "shared_cost"},
	{"MachineToMachine", "machine_to_machine"},
}

// isOf tells whether a number is of a kind; every number is of "".
func isOf(n account.Number, kind string) bool {
	return kind == "" || slices.Contains(kinds[kind], number.Number(n.Number).Class())
}

// incoming are the account's numbers of a kind.
func incoming(kind string) methods {
	return methods{
		http.MethodGet:  func(s *server, r *request) (answer, error) { return s.listNumbers(r, kind) },
		http.MethodPost: func(s *server, r *request) (answer, error) { return s.claimNumber(r, kind) },
	}
}

// capabilities is what a number can do.
type capabilities struct {
	Fax   bool `json:"fax"`
	MMS   bool `json:"mms"`
	SMS   bool `json:"sms"`
	Voice bool `json:"voice"`
}

// numberBody is Twilio's IncomingPhoneNumber resource.
type numberBody struct {
	voiceBody
	AccountSID             sid.Account  `json:"account_sid"`
	AddressRequirements    string       `json:"address_requirements"`
	AddressSID             *string      `json:"address_sid"`
	APIVersion             string       `json:"api_version"`
	Beta                   bool         `json:"beta"`
	BundleSID              *string      `json:"bundle_sid"`
	Capabilities           capabilities `json:"capabilities"`
	DateCreated            *string      `json:"date_created"`
	DateUpdated            *string      `json:"date_updated"`
	EmergencyAddressSID    *string      `json:"emergency_address_sid"`
	EmergencyAddressStatus string       `json:"emergency_address_status"`
	EmergencyStatus        string       `json:"emergency_status"`
	FriendlyName           string       `json:"friendly_name"`
	IdentitySID            *string      `json:"identity_sid"`
	Origin                 string       `json:"origin"`
	PhoneNumber            string       `json:"phone_number"`
	SID                    sid.Number   `json:"sid"`
	SMSApplicationSID      *string      `json:"sms_application_sid"`
	Status                 string       `json:"status"`
	TrunkSID               *string      `json:"trunk_sid"`
	Type                   string       `json:"type,omitempty"` // not below a kind, which says it
	URI                    string       `json:"uri"`
	VoiceApplicationSID    *string      `json:"voice_application_sid"`
	VoiceReceiveMode       string       `json:"voice_receive_mode"`
}

// numberJSON is a number as it is shown below a kind of numbers, or "".
func (s *server) numberJSON(n account.Number, below string) numberBody {
	b := numberBody{
		voiceBody: voiceJSON(n.Voice(), n.Texts, false), AccountSID: n.Account, AddressRequirements: "none", APIVersion: apiVersion,
		Capabilities: capabilities{Voice: true, SMS: s.texting()}, DateCreated: date(n.Created), DateUpdated: date(n.Updated),
		EmergencyStatus: "Inactive", EmergencyAddressStatus: "unregistered", FriendlyName: n.Name, Origin: "hosted", PhoneNumber: n.Number,
		SID: n.SID, Status: "in-use", VoiceApplicationSID: orNull(n.Application), VoiceReceiveMode: "voice",
		URI: accountPath(n.Account) + "/IncomingPhoneNumbers/" + string(n.SID) + ".json",
	}
	for _, k := range kindNames {
		if below == "" && b.Type == "" && isOf(n, k.kind) {
			b.Type = strings.ReplaceAll(k.word, "_", "-")
		}
	}
	if below == "" && b.Type == "" {
		b.Type = "local" // what has no kind of its own
	}
	if n.Name == "" {
		b.FriendlyName = formatted(n.Number)
	}
	return b
}

// texting tells whether numbers can take short messages.
func (s *server) texting() bool { return s.cfg.Texting != nil && s.cfg.Texting() }

// numbers are the telephone numbers of an account, "" for nobody's; SIP users are none.
func (s *server) numbers(of sid.Account) []account.Number {
	return slices.DeleteFunc(slices.Clone(s.cfg.Numbers.Numbers()), func(n account.Number) bool {
		return n.Account != of || !strings.HasPrefix(n.Number, "+")
	})
}

// listNumbers lists the account's numbers, in their order: GET /IncomingPhoneNumbers.
func (s *server) listNumbers(r *request, kind string) (answer, error) {
	if s.cfg.Numbers == nil {
		return answer{}, notFound(r.URL.Path)
	}
	f := s.fields(r.query)
	l, err := f.readList()
	if err != nil {
		return answer{}, err
	}
	wanted := pattern(f.address("PhoneNumber"))
	list := slices.DeleteFunc(s.numbers(r.account.SID), func(n account.Number) bool {
		name := f.text("FriendlyName")
		return !isOf(n, kind) || !wanted(n.Number) || name != "" && s.numberJSON(n, kind).FriendlyName != name ||
			f.text("Beta") == "true" || f.text("Origin") == "twilio"
	})
	path := accountPath(r.account.SID) + "/" + strings.TrimSuffix("IncomingPhoneNumbers/"+kind, "/") + ".json"
	list, next := piece(l, list)
	return listed(l, r, path, "incoming_phone_numbers", []string{"FriendlyName", "PhoneNumber", "Beta", "Origin"}, next, list, func(n account.Number) numberBody {
		return s.numberJSON(n, kind)
	}), nil
}

// pattern is a test for part of a number, in which * is any digit. "" is every number.
func pattern(s string) func(number string) bool {
	s = strings.TrimPrefix(s, "+")
	return func(number string) bool {
		number = strings.TrimPrefix(number, "+")
		for i := 0; i+len(s) <= len(number); i++ {
			if matches(s, number[i:]) {
				return true
			}
		}
		return false
	}
}

func matches(pattern, number string) bool {
	for i := range len(pattern) {
		if pattern[i] != '*' && pattern[i] != number[i] {
			return false
		}
	}
	return true
}

// number finds the account's number that is named in the path.
func (s *server) number(r *request) (account.Number, error) {
	id, err := sid.Parse[sid.Number](r.id)
	if err != nil || s.cfg.Numbers == nil {
		return account.Number{}, notFound(r.URL.Path)
	}
	list := s.numbers(r.account.SID)
	i := slices.IndexFunc(list, func(n account.Number) bool { return n.SID == id })
	if i < 0 {
		return account.Number{}, notFound(r.URL.Path)
	}
	return list[i], nil
}

// fetchNumber shows a number: GET /IncomingPhoneNumbers/PN….
func (s *server) fetchNumber(r *request) (answer, error) {
	n, err := s.number(r)
	return answer{status: http.StatusOK, body: s.numberJSON(n, "")}, err
}

// claimNumber takes one of the numbers that nobody has: POST /IncomingPhoneNumbers. Of two who want the same one, one gets
// it, and the other hears that it is not available.
func (s *server) claimNumber(r *request, kind string) (answer, error) {
	if s.cfg.Numbers == nil {
		return answer{}, notFound(r.URL.Path)
	}
	return s.changeNumber(func() (answer, error) { return s.claimFree(r, kind) })
}

// changeNumber decides about a number until nobody else comes first.
func (s *server) changeNumber(decide func() (answer, error)) (a answer, err error) {
	for range retries {
		if a, err = decide(); !errors.Is(err, account.ErrChanged) {
			break
		}
	}
	return a, err
}

func (s *server) claimFree(r *request, kind string) (answer, error) {
	f := s.fields(r.form)
	given, area := f.address("PhoneNumber"), f.text("AreaCode")
	free := slices.DeleteFunc(s.numbers(""), func(n account.Number) bool { return !isOf(n, kind) })
	var n account.Number
	switch {
	case given == "" && area == "":
		return answer{}, invalid(21451, "PhoneNumber is required, or AreaCode: which number is wanted?")
	case given != "":
		a, err := f.parse(given)
		if err != nil {
			return answer{}, invalid(21421, "PhoneNumber is not valid: %v", err)
		}
		i := slices.IndexFunc(free, func(n account.Number) bool { return n.Number == string(a.Number) })
		if i < 0 {
			return answer{}, invalid(21422, "PhoneNumber %s is not available: AvailablePhoneNumbers lists those that are, and a document (number:) adds one", clip(given))
		}
		n = free[i]
	default:
		i := slices.IndexFunc(free, func(n account.Number) bool { return strings.HasPrefix(national(n.Number), area) })
		if i < 0 {
			return answer{}, invalid(21452, "No number with area code %s is available", clip(area))
		}
		n = free[i]
	}
	n.Account, n.Name, n.Created = r.account.SID, "", time.Time{}
	n = n.Answering(account.Voice{}) // what the last owner had set is gone
	n.Application, n.Texts = "", account.Texts{}
	return s.keepNumber(r, n, kind, http.StatusCreated)
}

// national are a number's digits without its country code, and without the 0 that is dialled at home.
func national(n string) string {
	digits := strings.Map(func(r rune) rune {
		if r < '0' || r > '9' {
			return -1
		}
		return r
	}, number.Number(n).National())
	return strings.TrimPrefix(digits, "0")
}

// updateNumber changes how a number answers: POST /IncomingPhoneNumbers/PN….
func (s *server) updateNumber(r *request) (answer, error) {
	return s.changeNumber(func() (answer, error) {
		n, err := s.number(r)
		if err != nil {
			return answer{}, err
		}
		return s.keepNumber(r, n, "", http.StatusOK)
	})
}

// keepNumber reads what is to be changed about a number, which is shown below a kind of numbers, and keeps it.
func (s *server) keepNumber(r *request, n account.Number, kind string, status int) (answer, error) {
	if n.Scripted() {
		return answer{}, scripted(n)
	}
	f := s.fields(r.form)
	if f.Has("FriendlyName") {
		n.Name = f.name("FriendlyName")
	}
	v := n.Voice()
	f.readVoice(&v, &n.Texts)
	n = n.Answering(v)
	if f.Has("VoiceApplicationSid") {
		if n.Application = f.text("VoiceApplicationSid"); n.Application != "" {
			if err := s.hasApplication(r, n.Application); err != nil {
				return answer{}, err
			}
		}
	}
	if to := f.text("AccountSid"); to != "" && sid.Account(to) != n.Account {
		if err := s.mayGive(r, to); err != nil {
			return answer{}, err
		}
		n.Account = sid.Account(to)
	}
	if f.err != nil {
		return answer{}, f.err
	}
	now := time.Now()
	c := n.Claimed(now)
	if err := s.cfg.Numbers.Claim(r.Context(), c); err != nil {
		return answer{}, err
	}
	n.Created, n.Updated = c.Created, c.Updated
	return answer{status: status, body: s.numberJSON(n, kind)}, nil
}

// scripted is for a number that must go on answering those who call back about alerts, or to have somebody called.
func scripted(n account.Number) error {
	if n.Hotline != nil {
		return refused(http.StatusForbidden, 20006, "People call %s to have somebody called: its document says plan: %s, and only that changes it", n.Number, n.Hotline.Plan)
	}
	return refused(http.StatusForbidden, 20006, "People call %s back about alerts: its document says call-back: true, and only that changes it", n.Number)
}

// hasApplication tells whether the account has an application.
func (s *server) hasApplication(r *request, name string) error {
	id, err := sid.Parse[sid.Application](name)
	if err == nil && s.cfg.Applications != nil {
		_, err = s.cfg.Applications.Application(r.Context(), r.account.SID, id)
		if err == nil {
			return nil
		}
	}
	return invalid(21218, "VoiceApplicationSid is not valid: %q is not an application of this account", clip(name))
}

// mayGive tells whether a number may be handed over: from the main account to one below it, or back.
func (s *server) mayGive(r *request, to string) error {
	id, err := sid.Parse[sid.Account](to)
	if err == nil {
		a, known, err := s.lookUp(r.Request, id)
		if err != nil {
			return err
		}
		if known && (a.SID == r.caller || a.Owner == r.caller) && a.Active() {
			return nil
		}
	}
	return invalid(20001, "AccountSid is not valid: %q is neither this account nor one below it that is active", clip(to))
}

// releaseNumber gives a number back: calls to it are refused until somebody takes it again: DELETE
// /IncomingPhoneNumbers/PN….
func (s *server) releaseNumber(r *request) (answer, error) {
	return s.changeNumber(func() (answer, error) {
		n, err := s.number(r)
		if err != nil {
			return answer{}, err
		}
		if n.Scripted() {
			return answer{}, scripted(n)
		}
		return answer{status: http.StatusNoContent}, s.release(r, n)
	})
}

// release makes a number nobody's.
func (s *server) release(r *request, n account.Number) error {
	n = n.Answering(account.Voice{})
	n.Account, n.Name, n.Application, n.Texts = "", "", "", account.Texts{}
	return s.cfg.Numbers.Claim(r.Context(), n.Claimed(time.Now()))
}
