package rest

import (
	"net/http"
	"net/netip"
	"regexp"
	"strconv"
	"strings"
	"unicode"

	"github.com/kaden-project/kaden/account"
	"github.com/kaden-project/kaden/sid"
)

// credentialBody is Twilio's Credential. The password is never shown.
type credentialBody struct {
	AccountSID  sid.Account `json:"account_sid"`
	ListSID     string      `json:"credential_list_sid"`
	DateCreated *string     `json:"date_created"`
	DateUpdated *string     `json:"date_updated"`
	SID         string      `json:"sid"`
	URI         string      `json:"uri"`
	Username    string      `json:"username"`
}

func credentialJSON(r account.SIPResource) credentialBody {
	return credentialBody{
		AccountSID: r.Account, ListSID: r.Parent, DateCreated: date(r.Created), DateUpdated: date(r.Updated), SID: r.ID,
		URI: sipPath(r.Account) + "CredentialLists/" + r.Parent + "/Credentials/" + r.ID + ".json", Username: r.Name,
	}
}

var sipUser = regexp.MustCompile(`^[A-Za-z0-9_.+-]{1,32}$`)

// sipPassword reads a password as Twilio wants one: at least 12 characters, a capital letter, a small one and a digit.
func (f *fields) sipPassword() string {
	s := f.secret("Password")
	has := func(is func(rune) bool) bool { return strings.ContainsFunc(s, is) }
	if len(s) < 12 || !has(unicode.IsUpper) || !has(unicode.IsLower) || !has(unicode.IsDigit) {
		f.refuse(21233, "Password is not valid: it needs 12 characters or more, with a capital letter, a small one and a digit among them")
	}
	return s
}

// createCredential adds a user: POST /SIP/CredentialLists/CL…/Credentials.
func (s *server) createCredential(r *request) (answer, error) {
	sipChanges.Lock()
	defer sipChanges.Unlock()
	l, err := s.shelf(r)
	if err != nil {
		return answer{}, err
	}
	list, err := l.find(r, account.SIPCredentialList, r.ids[0])
	if err != nil {
		return answer{}, err
	}
	f := s.fields(r.form)
	one := account.SIPResource{ID: string(sid.New[sid.Credential]()), Account: r.account.SID, Kind: account.SIPCredential, Parent: list.ID, Name: f.text("Username")}
	if !sipUser.MatchString(one.Name) {
		f.refuse(21234, "Username is not valid: %q is not 1 to 32 letters, digits, _ . + or -", clip(one.Name))
	}
	password := f.sipPassword()
	for _, other := range l.of(account.SIPCredential, list.ID) {
		if other.Name == one.Name {
			f.refuse(21235, "Username %s is in this list already", clip(one.Name))
		}
	}
	if f.err != nil {
		return answer{}, f.err
	}
	if err := s.put(r.Context(), &one, account.Secret{Password: password}); err != nil {
		return answer{}, err
	}
	return answer{status: http.StatusCreated, body: credentialJSON(one)}, nil
}

func (s *server) credential(r *request) (shelf, account.SIPResource, error) {
	l, err := s.shelf(r)
	if err != nil {
		return nil, account.SIPResource{}, err
	}
	one, err := l.below(r, account.SIPCredentialList, account.SIPCredential, r.ids[0], r.id)
	return l, one, err
}

// fetchCredential shows a user: GET …/Credentials/CR….
func (s *server) fetchCredential(r *request) (answer, error) {
	_, one, err := s.credential(r)
	return answer{status: http.StatusOK, body: credentialJSON(one)}, err
}

// updateCredential changes a password: POST …/Credentials/CR….
func (s *server) updateCredential(r *request) (answer, error) {
	_, one, err := s.credential(r)
	if err != nil {
		return answer{}, err
	}
	f := s.fields(r.form)
	if !f.Has("Password") {
		return answer{status: http.StatusOK, body: credentialJSON(one)}, nil
	}
	password := f.sipPassword()
	if f.err != nil {
		return answer{}, f.err
	}
	if err := s.put(r.Context(), &one, account.Secret{Password: password}); err != nil {
		return answer{}, err
	}
	return answer{status: http.StatusOK, body: credentialJSON(one)}, nil
}

// deleteCredential removes a user: DELETE …/Credentials/CR….
func (s *server) deleteCredential(r *request) (answer, error) {
	l, one, err := s.credential(r)
	if err != nil {
		return answer{}, err
	}
	return s.drop(r, l, one)
}

// listCredentials lists users: GET …/Credentials.
func (s *server) listCredentials(r *request) (answer, error) {
	l, err := s.shelf(r)
	if err != nil {
		return answer{}, err
	}
	list, err := l.find(r, account.SIPCredentialList, r.id)
	if err != nil {
		return answer{}, err
	}
	return sipPage(s, r, "CredentialLists/"+list.ID+"/Credentials", "credentials", l.of(account.SIPCredential, list.ID), credentialJSON)
}

// addressBody is Twilio's IpAddress.
type addressBody struct {
	AccountSID   sid.Account `json:"account_sid"`
	Bits         int         `json:"cidr_prefix_length"`
	DateCreated  *string     `json:"date_created"`
	DateUpdated  *string     `json:"date_updated"`
	FriendlyName string      `json:"friendly_name"`
	ListSID      string      `json:"ip_access_control_list_sid"`
	Address      string      `json:"ip_address"`
	SID          string      `json:"sid"`
	URI          string      `json:"uri"`
}

func addressJSON(r account.SIPResource) addressBody {
	var n account.Network
	_ = r.Read(&n) // it was written here
	return addressBody{
		AccountSID: r.Account, Bits: n.Bits, DateCreated: date(r.Created), DateUpdated: date(r.Updated), FriendlyName: r.Name, ListSID: r.Parent,
		Address: n.Address.String(), SID: r.ID, URI: sipPath(r.Account) + "IpAccessControlLists/" + r.Parent + "/IpAddresses/" + r.ID + ".json",
	}
}

// saveAddress keeps a new or changed network.
func (s *server) saveAddress(r *request, one account.SIPResource, status int) (answer, error) {
	f := s.fields(r.form)
	var n account.Network
	if one.Body != nil {
		if err := one.Read(&n); err != nil {
			return answer{}, err
		}
	}
	if f.Has("FriendlyName") || one.Body == nil {
		if one.Name = f.name("FriendlyName"); one.Name == "" {
			f.refuse(20001, "FriendlyName is required")
		}
	}
	if f.Has("IpAddress") || one.Body == nil {
		a, err := netip.ParseAddr(f.text("IpAddress"))
		if err != nil || a.Zone() != "" {
			f.refuse(20001, "IpAddress is not valid: %q is no address", clip(f.text("IpAddress")))
		}
		if n.Address = a.Unmap(); one.Body == nil {
			n.Bits = n.Address.BitLen()
		}
	}
	if text := f.text("CidrPrefixLength"); text != "" {
		bits, err := strconv.Atoi(text)
		if err != nil || bits < 8 || bits > n.Address.BitLen() {
			f.refuse(20001, "CidrPrefixLength is not valid: %q is not from 8 to %d", clip(text), n.Address.BitLen())
		}
		n.Bits = bits
	}
	if f.err != nil {
		return answer{}, f.err
	}
	n.Bits = min(n.Bits, n.Address.BitLen())
	if err := s.put(r.Context(), &one, n); err != nil {
		return answer{}, err
	}
	return answer{status: status, body: addressJSON(one)}, nil
}

// createAddress adds a network: POST /SIP/IpAccessControlLists/AL…/IpAddresses.
func (s *server) createAddress(r *request) (answer, error) {
	l, err := s.shelf(r)
	if err != nil {
		return answer{}, err
	}
	list, err := l.find(r, account.SIPAccessList, r.id)
	if err != nil {
		return answer{}, err
	}
	one := account.SIPResource{ID: string(sid.New[sid.AccessAddress]()), Account: r.account.SID, Kind: account.SIPAccessAddress, Parent: list.ID}
	return s.saveAddress(r, one, http.StatusCreated)
}

func (s *server) address(r *request) (shelf, account.SIPResource, error) {
	l, err := s.shelf(r)
	if err != nil {
		return nil, account.SIPResource{}, err
	}
	one, err := l.below(r, account.SIPAccessList, account.SIPAccessAddress, r.ids[0], r.id)
	return l, one, err
}

// fetchAddress shows a network: GET …/IpAddresses/IP….
func (s *server) fetchAddress(r *request) (answer, error) {
	_, one, err := s.address(r)
	return answer{status: http.StatusOK, body: addressJSON(one)}, err
}

// updateAddress changes a network: POST …/IpAddresses/IP….
func (s *server) updateAddress(r *request) (answer, error) {
	_, one, err := s.address(r)
	if err != nil {
		return answer{}, err
	}
	return s.saveAddress(r, one, http.StatusOK)
}

// deleteAddress removes a network: DELETE …/IpAddresses/IP….
func (s *server) deleteAddress(r *request) (answer, error) {
	l, one, err := s.address(r)
	if err != nil {
		return answer{}, err
	}
	return s.drop(r, l, one)
}

// listAddresses lists networks: GET …/IpAddresses.
func (s *server) listAddresses(r *request) (answer, error) {
	l, err := s.shelf(r)
	if err != nil {
		return answer{}, err
	}
	list, err := l.find(r, account.SIPAccessList, r.id)
	if err != nil {
		return answer{}, err
	}
	return sipPage(s, r, "IpAccessControlLists/"+list.ID+"/IpAddresses", "ip_addresses", l.of(account.SIPAccessAddress, list.ID), addressJSON)
}
