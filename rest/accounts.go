package rest

import (
	"cmp"
	"net/http"
	"time"

	"github.com/kaden-project/kaden/account"
	"github.com/kaden-project/kaden/sid"
)

// accountBody is Twilio's Account resource.
type accountBody struct {
	AuthToken       string            `json:"auth_token"`
	DateCreated     *string           `json:"date_created"`
	DateUpdated     *string           `json:"date_updated"`
	FriendlyName    string            `json:"friendly_name"`
	OwnerAccountSID sid.Account       `json:"owner_account_sid"`
	SID             sid.Account       `json:"sid"`
	Status          string            `json:"status"`
	SubresourceURIs map[string]string `json:"subresource_uris"`
	Type            string            `json:"type"`
	URI             string            `json:"uri"`
}

// accountParts are the resources below an account, by their key in subresource_uris.
var accountParts = map[string]string{
	"addresses": "Addresses", "applications": "Applications", "authorized_connect_apps": "AuthorizedConnectApps",
	"available_phone_numbers": "AvailablePhoneNumbers", "balance": "Balance", "calls": "Calls",
	"conferences": "Conferences", "connect_apps": "ConnectApps", "incoming_phone_numbers": "IncomingPhoneNumbers",
	"keys": "Keys", "messages": "Messages", "notifications": "Notifications", "outgoing_caller_ids": "OutgoingCallerIds",
	"queues": "Queues", "recordings": "Recordings", "short_codes": "SMS/ShortCodes", "signing_keys": "SigningKeys",
	"sip": "SIP", "transcriptions": "Transcriptions", "usage": "Usage",
}

// accountJSON is an account as Twilio shows it to r. The token is shown to whoever has just proved to know it, or
// the main account's; an API key does not see it.
func accountJSON(r *request, a account.Account) accountBody {
	base := accountPath(a.SID)
	b := accountBody{
		AuthToken: a.AuthToken, DateCreated: date(a.Created), DateUpdated: date(a.Updated), FriendlyName: a.Name,
		OwnerAccountSID: cmp.Or(a.Owner, a.SID), SID: a.SID, Status: string(cmp.Or(a.Status, account.Active)),
		SubresourceURIs: subresources(base, accountParts), Type: "Full", URI: base + ".json",
	}
	if r.key != "" {
		b.AuthToken = ""
	}
	return b
}

// fetchAccount shows the account: GET /Accounts/AC….
func (s *server) fetchAccount(r *request) (answer, error) {
	return answer{status: http.StatusOK, body: accountJSON(r, r.account)}, nil
}

// accountFilters are kept in the URIs of the list.
var accountFilters = []string{"FriendlyName", "Status"}

// listAccounts lists the account that asks and those below it: GET /Accounts.
func (s *server) listAccounts(r *request) (answer, error) {
	f := s.fields(r.query)
	status := f.accountStatus()
	l, err := f.readList()
	if err != nil {
		return answer{}, err
	}
	list, next, err := s.cfg.Accounts.ListAccounts(r.Context(), account.Filter{
		Of: r.account.SID, Name: f.text("FriendlyName"), Status: status, Page: l.asked(),
	})
	if err != nil {
		return answer{}, err
	}
	show := func(a account.Account) accountBody { return accountJSON(r, a) }
	return listed(l, r, "/"+apiVersion+"/Accounts.json", "accounts", accountFilters, next, list, show), nil
}

// accountStatus reads Status; "" if it is not given.
func (f *fields) accountStatus() account.Status {
	switch s := account.Status(f.text("Status")); s {
	case "", account.Active, account.Suspended, account.Closed:
		return s
	}
	f.refuse(20001, "Status is not valid: an account is active, suspended or closed, not %q", clip(f.text("Status")))
	return ""
}

// createAccount makes a sub-account: POST /Accounts.
func (s *server) createAccount(r *request) (answer, error) {
	if err := manages(r); err != nil {
		return answer{}, err
	}
	if r.account.Owner != "" {
		return answer{}, refused(http.StatusForbidden, 20006, "Account %s is a sub-account itself; those have none", r.account.SID)
	}
	f := s.fields(r.form)
	name := f.name("FriendlyName")
	if f.err != nil {
		return answer{}, f.err
	}
	now := time.Now()
	a := account.New(cmp.Or(name, now.UTC().Format("SubAccount Created at 2006-01-02 03:04 pm")), now)
	a.Owner = r.account.SID
	if err := s.cfg.Accounts.PutAccount(r.Context(), a); err != nil {
		return answer{}, err
	}
	s.log.Info("sub-account made", "account", a.SID)
	return answer{status: http.StatusCreated, body: accountJSON(r, a)}, nil
}

// updateAccount renames an account, or lets a sub-account do nothing for a while or for ever: POST /Accounts/AC….
func (s *server) updateAccount(r *request) (answer, error) {
	if err := manages(r); err != nil {
		return answer{}, err
	}
	f := s.fields(r.form)
	s.managing.Lock() // of a new name and a suspension at once both hold
	defer s.managing.Unlock()
	a, known, err := s.lookUp(r.Request, r.account.SID)
	if err != nil || !known {
		return answer{}, cmp.Or(err, notFound(r.URL.Path))
	}
	if f.Has("FriendlyName") {
		a.Name = f.name("FriendlyName")
	}
	status := f.accountStatus()
	if f.err != nil {
		return answer{}, f.err
	}
	switch now := cmp.Or(a.Status, account.Active); {
	case status == "" || status == now:
	case a.Owner == "" || a.Owner != r.caller:
		return answer{}, refused(http.StatusForbidden, 20006, "Only the main account may make a sub-account active, suspended or closed; itself it stays active")
	case now == account.Closed:
		return answer{}, invalid(20001, "Account %s is closed, and stays so", a.SID)
	default:
		a.Status = status
		s.log.Info("sub-account is "+string(status), "account", a.SID)
	}
	a.Updated = time.Now()
	if err := s.cfg.Accounts.PutAccount(r.Context(), a); err != nil {
		return answer{}, err
	}
	shown := answer{status: http.StatusOK, body: accountJSON(r, a)}
	if a.Status != account.Closed || s.cfg.Numbers == nil {
		return shown, nil
	}
	return s.changeNumber(func() (answer, error) {
		for _, n := range s.numbers(a.SID) { // for others to take
			if err := s.release(r, n); err != nil {
				return answer{}, err
			}
		}
		return shown, nil
	})
}
