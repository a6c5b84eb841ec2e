package rest

import (
	"net/http"
	"strings"

	"github.com/kaden-project/kaden/account"
	"github.com/kaden-project/kaden/sid"
)

// tieKind is a way in which a domain is tied to a list: who may call, or register. Twilio has an older and a newer
// path for the same, which show it differently.
type tieKind struct {
	kind  account.SIPKind
	list  account.SIPKind
	field string // of the form
	path  string // below the domain
	key   string // of the list
	older bool
}

var (
	callsByPassword   = tieKind{account.CallsByPassword, account.SIPCredentialList, "CredentialListSid", "CredentialListMappings", "credential_list_mappings", true}
	callsByAddress    = tieKind{account.CallsByAddress, account.SIPAccessList, "IpAccessControlListSid", "IpAccessControlListMappings", "ip_access_control_list_mappings", true}
	authCalls         = tieKind{account.CallsByPassword, account.SIPCredentialList, "CredentialListSid", "Auth/Calls/CredentialListMappings", "contents", false}
	authAddresses     = tieKind{account.CallsByAddress, account.SIPAccessList, "IpAccessControlListSid", "Auth/Calls/IpAccessControlListMappings", "contents", false}
	authRegistrations = tieKind{account.Registrations, account.SIPCredentialList, "CredentialListSid", "Auth/Registrations/CredentialListMappings", "contents", false}
)

// tieBody is a mapping as the newer paths show it; its SID is the list's.
type tieBody struct {
	AccountSID   sid.Account `json:"account_sid"`
	DateCreated  *string     `json:"date_created"`
	DateUpdated  *string     `json:"date_updated"`
	FriendlyName string      `json:"friendly_name"`
	SID          string      `json:"sid"`
}

// olderTieBody is the same on the older paths.
type olderTieBody struct {
	tieBody
	DomainSID string `json:"domain_sid"`
	URI       string `json:"uri"`
}

// json shows a mapping with the name of its list.
func (k tieKind) json(l shelf) func(account.SIPResource) any {
	return func(r account.SIPResource) any {
		name := ""
		for _, one := range l {
			if one.ID == r.Name {
				name = one.Name
			}
		}
		b := tieBody{r.Account, date(r.Created), date(r.Updated), name, r.Name}
		if !k.older {
			return b
		}
		return olderTieBody{b, r.Parent, sipPath(r.Account) + "Domains/" + r.Parent + "/" + k.path + "/" + r.Name + ".json"}
	}
}

func tieID(k account.SIPKind, domain, list string) string {
	return string(k) + " " + domain + " " + list
}

// domainOf finds the domain in the path.
func (s *server) domainOf(r *request) (shelf, account.SIPResource, error) {
	l, err := s.shelf(r)
	if err != nil {
		return nil, account.SIPResource{}, err
	}
	d, err := l.find(r, account.SIPDomain, r.ids[0])
	return l, d, err
}

func (k tieKind) many() methods {
	return methods{
		http.MethodGet: func(s *server, r *request) (answer, error) {
			l, d, err := s.domainOf(r)
			if err != nil {
				return answer{}, err
			}
			return sipPage(s, r, "Domains/"+d.ID+"/"+k.path, k.key, l.of(k.kind, d.ID), k.json(l))
		},
		http.MethodPost: func(s *server, r *request) (answer, error) {
			l, d, err := s.domainOf(r)
			if err != nil {
				return answer{}, err
			}
			f := s.fields(r.form)
			list, err := l.find(r, k.list, f.text(k.field))
			if err != nil {
				return answer{}, invalid(20001, "%s is not valid: there is no such list", k.field)
			}
			tie := account.SIPResource{ID: tieID(k.kind, d.ID, list.ID), Account: r.account.SID, Kind: k.kind, Parent: d.ID, Name: list.ID}
			for _, there := range l.of(k.kind, d.ID) {
				if there.ID == tie.ID {
					return answer{}, invalid(21236, "%s %s is mapped to this domain already", k.field, list.ID)
				}
			}
			if err := s.put(r.Context(), &tie, struct{}{}); err != nil {
				return answer{}, err
			}
			return answer{status: http.StatusCreated, body: k.json(l)(tie)}, nil
		},
	}
}

func (k tieKind) one() methods {
	find := func(s *server, r *request) (shelf, account.SIPResource, error) {
		l, d, err := s.domainOf(r)
		if err != nil {
			return nil, account.SIPResource{}, err
		}
		for _, tie := range l.of(k.kind, d.ID) {
			if strings.EqualFold(tie.Name, r.id) {
				return l, tie, nil
			}
		}
		return nil, account.SIPResource{}, notFound(r.URL.Path)
	}
	return methods{
		http.MethodGet: func(s *server, r *request) (answer, error) {
			l, tie, err := find(s, r)
			if err != nil {
				return answer{}, err
			}
			return answer{status: http.StatusOK, body: k.json(l)(tie)}, nil
		},
		http.MethodDelete: func(s *server, r *request) (answer, error) {
			l, tie, err := find(s, r)
			if err != nil {
				return answer{}, err
			}
			return s.drop(r, l, tie)
		},
	}
}
