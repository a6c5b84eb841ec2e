package rest

import (
	"net/http"

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

// accountJSON is an account as Twilio shows it. The token is shown to whoever has just proved to know it.
func accountJSON(a account.Account) accountBody {
	base := accountPath(a.SID)
	return accountBody{
		AuthToken: a.AuthToken, DateCreated: date(a.Created), DateUpdated: date(a.Updated), FriendlyName: a.Name,
		OwnerAccountSID: a.SID, SID: a.SID, Status: "active", SubresourceURIs: subresources(base, accountParts),
		Type: "Full", URI: base + ".json",
	}
}

// fetchAccount shows the account: GET /Accounts/AC….
func (s *server) fetchAccount(r *request) (answer, error) {
	return answer{http.StatusOK, accountJSON(r.account)}, nil
}

// listAccounts lists the one account that asks: GET /Accounts.
func (s *server) listAccounts(r *request) (answer, error) {
	f := s.fields(r.query)
	p, err := f.readPage()
	if err != nil {
		return answer{}, err
	}
	a := accountJSON(r.account)
	items := []any{}
	if name := f.text("FriendlyName"); p.after == "" && (name == "" || name == a.FriendlyName) && (f.text("Status") == "" || f.text("Status") == a.Status) {
		items = append(items, a)
	}
	return answer{http.StatusOK, p.envelope("/"+apiVersion+"/Accounts.json", "accounts", r.query, []string{"FriendlyName", "Status"}, items, "")}, nil
}
