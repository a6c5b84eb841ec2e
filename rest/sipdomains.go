package rest

import (
	"cmp"
	"net/http"
	"strings"

	"github.com/kaden-project/kaden/account"
	"github.com/kaden-project/kaden/number"
	"github.com/kaden-project/kaden/sid"
)

// domainBody is Twilio's SIP Domain resource.
type domainBody struct {
	AccountSID          sid.Account       `json:"account_sid"`
	APIVersion          string            `json:"api_version"`
	AuthType            string            `json:"auth_type"`
	ByocTrunkSID        *string           `json:"byoc_trunk_sid"`
	DateCreated         *string           `json:"date_created"`
	DateUpdated         *string           `json:"date_updated"`
	DomainName          string            `json:"domain_name"`
	EmergencyCallerSID  *string           `json:"emergency_caller_sid"`
	EmergencyCalling    bool              `json:"emergency_calling_enabled"`
	FriendlyName        string            `json:"friendly_name"`
	Secure              bool              `json:"secure"`
	SID                 string            `json:"sid"`
	SIPRegistration     bool              `json:"sip_registration"`
	SubresourceURIs     map[string]string `json:"subresource_uris"`
	URI                 string            `json:"uri"`
	VoiceFallbackMethod string            `json:"voice_fallback_method"`
	VoiceFallbackURL    *string           `json:"voice_fallback_url"`
	VoiceMethod         string            `json:"voice_method"`
	VoiceCallbackMethod string            `json:"voice_status_callback_method"`
	VoiceCallbackURL    *string           `json:"voice_status_callback_url"`
	VoiceURL            *string           `json:"voice_url"`
}

func (l shelf) domain(r account.SIPResource) domainBody {
	var d account.Domain
	_ = r.Read(&d) // it was written here
	var auth []string
	if len(l.of(account.CallsByAddress, r.ID)) > 0 {
		auth = append(auth, "IP_ACL")
	}
	if len(l.of(account.CallsByPassword, r.ID)) > 0 {
		auth = append(auth, "CREDENTIAL_LIST")
	}
	base := sipPath(r.Account) + "Domains/" + r.ID
	post := func(m string) string { return cmp.Or(m, http.MethodPost) }
	return domainBody{
		AccountSID: r.Account, APIVersion: apiVersion, AuthType: strings.Join(auth, ","), DateCreated: date(r.Created), DateUpdated: date(r.Updated),
		DomainName: r.Name, FriendlyName: d.Title, SID: r.ID, SIPRegistration: d.Register, URI: base + ".json",
		SubresourceURIs: subresources(base, map[string]string{
			"credential_list_mappings": "CredentialListMappings", "ip_access_control_list_mappings": "IpAccessControlListMappings",
		}),
		VoiceURL: orNull(d.URL), VoiceMethod: post(d.Method), VoiceFallbackURL: orNull(d.FallbackURL), VoiceFallbackMethod: post(d.FallbackMethod),
		VoiceCallbackURL: orNull(d.StatusCallback), VoiceCallbackMethod: post(d.StatusMethod),
	}
}

// readDomain changes a domain as the form says.
func (f *fields) readDomain(name *string, d *account.Domain) error {
	if f.Has("DomainName") {
		*name = strings.ToLower(f.text("DomainName"))
		if _, err := number.ParseAddress("sip:a@" + *name); err != nil || *name == "" || strings.ContainsAny(*name, ":;?[]") {
			f.refuse(21231, "DomainName is not valid: %q is no host name", clip(*name))
		}
	}
	for field, v := range map[string]*string{"VoiceUrl": &d.URL, "VoiceFallbackUrl": &d.FallbackURL, "VoiceStatusCallbackUrl": &d.StatusCallback} {
		if f.Has(field) {
			*v = f.link(field, 21205)
		}
	}
	for field, v := range map[string]*string{"VoiceMethod": &d.Method, "VoiceFallbackMethod": &d.FallbackMethod, "VoiceStatusCallbackMethod": &d.StatusMethod} {
		if f.Has(field) {
			*v = f.method(field)
		}
	}
	if f.Has("FriendlyName") {
		d.Title = f.name("FriendlyName")
	}
	if f.Has("SipRegistration") {
		d.Register = f.yes("SipRegistration")
	}
	if f.yes("EmergencyCallingEnabled") {
		f.refuse(20001, "EmergencyCallingEnabled: no emergency number is ever called from here")
	}
	if f.yes("Secure") {
		f.refuse(20001, "Secure: domains that refuse calls without TLS and SRTP do not exist here yet")
	}
	return f.err
}

// taken tells whether another domain has the name. Those of other accounts, and of documents, are the store's to
// refuse.
func (l shelf) taken(name, id string) bool {
	for _, r := range l {
		if r.Kind == account.SIPDomain && r.Name == name && r.ID != id {
			return true
		}
	}
	return false
}

// saveDomain keeps a new or changed domain.
func (s *server) saveDomain(r *request, l shelf, one account.SIPResource, status int) (answer, error) {
	f := s.fields(r.form)
	var d account.Domain
	if one.Body != nil {
		if err := one.Read(&d); err != nil {
			return answer{}, err
		}
	}
	if err := f.readDomain(&one.Name, &d); err != nil {
		return answer{}, err
	}
	if one.Name == "" {
		return answer{}, invalid(21231, "DomainName is required: the host of the domain's addresses, as in sip:sato@office.example.jp")
	}
	if l.taken(one.Name, one.ID) {
		return answer{}, invalid(21232, "DomainName %s is in use already", clip(one.Name))
	}
	if err := s.put(r.Context(), &one, d); err != nil {
		return answer{}, err
	}
	return answer{status: status, body: l.domain(one)}, nil
}

// createDomain makes a domain: POST /SIP/Domains.
func (s *server) createDomain(r *request) (answer, error) {
	sipChanges.Lock()
	defer sipChanges.Unlock()
	l, err := s.shelf(r)
	if err != nil {
		return answer{}, err
	}
	return s.saveDomain(r, l, account.SIPResource{ID: string(sid.New[sid.Domain]()), Account: r.account.SID, Kind: account.SIPDomain}, http.StatusCreated)
}

// updateDomain changes a domain: POST /SIP/Domains/SD….
func (s *server) updateDomain(r *request) (answer, error) {
	sipChanges.Lock()
	defer sipChanges.Unlock()
	l, err := s.shelf(r)
	if err != nil {
		return answer{}, err
	}
	one, err := l.find(r, account.SIPDomain, r.id)
	if err != nil {
		return answer{}, err
	}
	return s.saveDomain(r, l, one, http.StatusOK)
}

// fetchDomain shows a domain: GET /SIP/Domains/SD….
func (s *server) fetchDomain(r *request) (answer, error) {
	l, err := s.shelf(r)
	if err != nil {
		return answer{}, err
	}
	one, err := l.find(r, account.SIPDomain, r.id)
	if err != nil {
		return answer{}, err
	}
	return answer{status: http.StatusOK, body: l.domain(one)}, nil
}

// listDomains lists domains, oldest first: GET /SIP/Domains.
func (s *server) listDomains(r *request) (answer, error) {
	l, err := s.shelf(r)
	if err != nil {
		return answer{}, err
	}
	return sipPage(s, r, "Domains", "domains", l.of(account.SIPDomain, ""), l.domain)
}

// deleteDomain removes a domain; its lists stay: DELETE /SIP/Domains/SD….
func (s *server) deleteDomain(r *request) (answer, error) {
	sipChanges.Lock()
	defer sipChanges.Unlock()
	l, err := s.shelf(r)
	if err != nil {
		return answer{}, err
	}
	one, err := l.find(r, account.SIPDomain, r.id)
	if err != nil {
		return answer{}, err
	}
	return s.drop(r, l, one)
}
