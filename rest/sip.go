package rest

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/kaden-project/kaden/account"
	"github.com/kaden-project/kaden/sid"
)

// SIP domains, credential lists and IP access lists are few, small and read as a whole by whoever answers phones. So
// they are kept in one table (account.SIPStore), and each request here reads it all.

// SIP keeps SIP resources. A domain whose name is another's already is [account.ErrTaken].
type SIP = account.SIPStore

// sipRoutes are the resources below /SIP.
var sipRoutes = routes{
	"SIP/Domains":   {http.MethodGet: (*server).listDomains, http.MethodPost: (*server).createDomain},
	"SIP/Domains/*": {http.MethodGet: (*server).fetchDomain, http.MethodPost: (*server).updateDomain, http.MethodDelete: (*server).deleteDomain},

	"SIP/CredentialLists":                 credentialLists.many(),
	"SIP/CredentialLists/*":               credentialLists.one(),
	"SIP/CredentialLists/*/Credentials":   {http.MethodGet: (*server).listCredentials, http.MethodPost: (*server).createCredential},
	"SIP/CredentialLists/*/Credentials/*": {http.MethodGet: (*server).fetchCredential, http.MethodPost: (*server).updateCredential, http.MethodDelete: (*server).deleteCredential},

	"SIP/IpAccessControlLists":                 accessLists.many(),
	"SIP/IpAccessControlLists/*":               accessLists.one(),
	"SIP/IpAccessControlLists/*/IpAddresses":   {http.MethodGet: (*server).listAddresses, http.MethodPost: (*server).createAddress},
	"SIP/IpAccessControlLists/*/IpAddresses/*": {http.MethodGet: (*server).fetchAddress, http.MethodPost: (*server).updateAddress, http.MethodDelete: (*server).deleteAddress},

	"SIP/Domains/*/CredentialListMappings":                      callsByPassword.many(),
	"SIP/Domains/*/CredentialListMappings/*":                    callsByPassword.one(),
	"SIP/Domains/*/IpAccessControlListMappings":                 callsByAddress.many(),
	"SIP/Domains/*/IpAccessControlListMappings/*":               callsByAddress.one(),
	"SIP/Domains/*/Auth/Calls/CredentialListMappings":           authCalls.many(),
	"SIP/Domains/*/Auth/Calls/CredentialListMappings/*":         authCalls.one(),
	"SIP/Domains/*/Auth/Calls/IpAccessControlListMappings":      authAddresses.many(),
	"SIP/Domains/*/Auth/Calls/IpAccessControlListMappings/*":    authAddresses.one(),
	"SIP/Domains/*/Auth/Registrations/CredentialListMappings":   authRegistrations.many(),
	"SIP/Domains/*/Auth/Registrations/CredentialListMappings/*": authRegistrations.one(),
}

// shelf is the SIP resources of one account, oldest first.
type shelf []account.SIPResource

// sipChanges is held from looking to writing, so that nobody is made twice.
var sipChanges sync.Mutex

// shelf reads what the account has.
func (s *server) shelf(r *request) (shelf, error) {
	if s.cfg.SIP == nil {
		return nil, notFound(r.URL.Path)
	}
	all, err := s.cfg.SIP.SIPResources(r.Context())
	if err != nil {
		return nil, err
	}
	mine := slices.DeleteFunc(all, func(one account.SIPResource) bool { return one.Account != r.account.SID })
	slices.SortStableFunc(mine, func(a, b account.SIPResource) int {
		return strings.Compare(sipPlace(a), sipPlace(b))
	})
	return mine, nil
}

// sipPlace is where a resource stands in a list.
func sipPlace(r account.SIPResource) string {
	return fmt.Sprintf("%016x%s", r.Created.UnixMilli(), r.ID)
}

// of are those of a kind below a parent.
func (l shelf) of(kind account.SIPKind, parent string) (list []account.SIPResource) {
	for _, r := range l {
		if r.Kind == kind && r.Parent == parent {
			list = append(list, r)
		}
	}
	return list
}

// find is the resource of a kind with an identifier; 404 if there is none.
func (l shelf) find(r *request, kind account.SIPKind, id string) (account.SIPResource, error) {
	for _, one := range l {
		if one.Kind == kind && strings.EqualFold(one.ID, id) {
			return one, nil
		}
	}
	return account.SIPResource{}, notFound(r.URL.Path)
}

// below is find for something that stands in a list.
func (l shelf) below(r *request, list, kind account.SIPKind, parent, id string) (account.SIPResource, error) {
	if _, err := l.find(r, list, parent); err != nil {
		return account.SIPResource{}, err
	}
	one, err := l.find(r, kind, id)
	if err == nil && !strings.EqualFold(one.Parent, parent) {
		err = notFound(r.URL.Path)
	}
	return one, err
}

// put keeps a resource with its body.
func (s *server) put(ctx context.Context, r *account.SIPResource, body any) error {
	b, err := json.Marshal(body)
	if err != nil {
		return err
	}
	r.Body, r.Updated = b, time.Now()
	if r.Created.IsZero() {
		r.Created = r.Updated
	}
	err = s.cfg.SIP.PutSIPResource(ctx, *r)
	if errors.Is(err, account.ErrTaken) {
		return invalid(21232, "DomainName %s is in use already", clip(r.Name))
	}
	return err
}

// drop removes a resource and everything that hangs on it: what is in a list, and what ties a domain or a list.
func (s *server) drop(r *request, l shelf, one account.SIPResource) (answer, error) {
	ids := []string{one.ID}
	for _, other := range l {
		if other.Parent == one.ID || other.Name == one.ID {
			ids = append(ids, other.ID)
		}
	}
	if err := s.cfg.SIP.DropSIPResources(r.Context(), ids); err != nil {
		return answer{}, err
	}
	return answer{status: http.StatusNoContent}, nil
}

// sipPage is the answer with a page of a list. What was deleted meanwhile does not end it: the token is a moment.
func sipPage[B any](s *server, r *request, path, key string, list []account.SIPResource, show func(account.SIPResource) B) (answer, error) {
	p, err := s.fields(r.query).readPage()
	if err != nil {
		return answer{}, err
	}
	list = slices.DeleteFunc(slices.Clone(list), func(one account.SIPResource) bool { return sipPlace(one) <= p.token })
	last := ""
	if len(list) > p.size {
		list = list[:p.size]
		last = sipPlace(list[p.size-1])
	}
	items := make([]any, len(list))
	for i, one := range list {
		items[i] = show(one)
	}
	return answer{status: http.StatusOK, body: p.envelope(sipPath(r.account.SID)+path+".json", key, r.query, nil, items, last)}, nil
}

func sipPath(a sid.Account) string { return accountPath(a) + "/SIP/" }
