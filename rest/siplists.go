package rest

import (
	"net/http"

	"github.com/kaden-project/kaden/account"
	"github.com/kaden-project/kaden/sid"
)

// listKind is a kind of list that holds nothing but a name: what is in it are resources of their own.
type listKind struct {
	kind account.SIPKind
	path string // below /SIP
	key  string // of the list
	part string // what is in it, below it
	sub  string // its key in subresource_uris
	make func() string
}

var (
	credentialLists = listKind{
		account.SIPCredentialList, "CredentialLists", "credential_lists", "Credentials", "credentials",
		func() string { return string(sid.New[sid.CredentialList]()) },
	}
	accessLists = listKind{
		account.SIPAccessList, "IpAccessControlLists", "ip_access_control_lists", "IpAddresses", "ip_addresses",
		func() string { return string(sid.New[sid.AccessList]()) },
	}
)

// sipListBody is Twilio's CredentialList and IpAccessControlList.
type sipListBody struct {
	AccountSID      sid.Account       `json:"account_sid"`
	DateCreated     *string           `json:"date_created"`
	DateUpdated     *string           `json:"date_updated"`
	FriendlyName    string            `json:"friendly_name"`
	SID             string            `json:"sid"`
	SubresourceURIs map[string]string `json:"subresource_uris"`
	URI             string            `json:"uri"`
}

func (k listKind) json(r account.SIPResource) sipListBody {
	base := sipPath(r.Account) + k.path + "/" + r.ID
	return sipListBody{
		AccountSID: r.Account, DateCreated: date(r.Created), DateUpdated: date(r.Updated), FriendlyName: r.Name, SID: r.ID,
		SubresourceURIs: subresources(base, map[string]string{k.sub: k.part}), URI: base + ".json",
	}
}

func (k listKind) many() methods {
	return methods{
		http.MethodGet: func(s *server, r *request) (answer, error) {
			l, err := s.shelf(r)
			if err != nil {
				return answer{}, err
			}
			return sipPage(s, r, k.path, k.key, l.of(k.kind, ""), k.json)
		},
		http.MethodPost: func(s *server, r *request) (answer, error) {
			if _, err := s.shelf(r); err != nil {
				return answer{}, err
			}
			return k.save(s, r, account.SIPResource{ID: k.make(), Account: r.account.SID, Kind: k.kind}, http.StatusCreated)
		},
	}
}

func (k listKind) one() methods {
	on := func(do func(s *server, r *request, l shelf, one account.SIPResource) (answer, error)) act {
		return func(s *server, r *request) (answer, error) {
			l, err := s.shelf(r)
			if err != nil {
				return answer{}, err
			}
			one, err := l.find(r, k.kind, r.id)
			if err != nil {
				return answer{}, err
			}
			return do(s, r, l, one)
		}
	}
	return methods{
		http.MethodGet: on(func(_ *server, _ *request, _ shelf, one account.SIPResource) (answer, error) {
			return answer{status: http.StatusOK, body: k.json(one)}, nil
		}),
		http.MethodPost: on(func(s *server, r *request, _ shelf, one account.SIPResource) (answer, error) {
			return k.save(s, r, one, http.StatusOK)
		}),
		http.MethodDelete: on(func(s *server, r *request, l shelf, one account.SIPResource) (answer, error) {
			return s.drop(r, l, one)
		}),
	}
}

func (k listKind) save(s *server, r *request, one account.SIPResource, status int) (answer, error) {
	f := s.fields(r.form)
	one.Name = f.name("FriendlyName")
	if one.Name == "" {
		f.refuse(20001, "FriendlyName is required")
	}
	if f.err != nil {
		return answer{}, f.err
	}
	if err := s.put(r.Context(), &one, struct{}{}); err != nil {
		return answer{}, err
	}
	return answer{status: status, body: k.json(one)}, nil
}
